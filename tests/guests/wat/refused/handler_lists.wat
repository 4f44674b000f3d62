;; Pretends that the handles it is given are texts, to see what the host's memory holds.
(component
  (core module $m
    (memory (export "m") 1)
    (func (export "r") (param i32 i32 i32 i32) (result i32) i32.const 8)
    (func (export "f") (param i32 i32 i32 i32)))
  (core instance $i (instantiate $m))
  (func $f (param "request" string) (param "response-out" string)
    (canon lift (core func $i "f") (memory (core memory $i "m")) (realloc (core func $i "r"))))
  (instance $h (export "handle" (func $f)))
  (export "wasi:http/incoming-handler@0.2.0" (instance $h)))
