(component
  (core module $m
    (memory (export "m") 1)
    (func (export "r") (param i32) (result i32) i32.const 0)
    (func (export "f") (param i32 i32)))
  (core instance $i (instantiate $m))
  (func $f (param "s" string) (canon lift (core func $i "f") (memory (core memory $i "m")) (realloc (core func $i "r")))))
