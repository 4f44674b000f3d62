;; Every kind of type, printed in the plan.
(component
  (import "kinds" (func $kinds
    (param "bits" (flags "a" "b" "c")) (param "list" (list (list string))) (param "four" (list f32 4))
    (param "choice" (option (tuple char s64))) (param "done" (result)) (param "half" (result (error u16)))
    (param "chars" (future string)) (param "bytes" (stream u8)) (param "none" (stream)) (param "x" error-context)
    (result bool)))
  (core module $m (memory (export "m") 1)
    (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $m (instantiate $m))
  (core func (canon lower (func $kinds) (memory $m "m"))))
