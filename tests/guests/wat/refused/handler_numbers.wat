;; Pretends that the handles it is given are numbers, to see what the host's pointers are.
(component
  (core module $m (func (export "f") (param i32 i32)))
  (core instance $i (instantiate $m))
  (func $f (param "request" u32) (param "response-out" u32) (canon lift (core func $i "f")))
  (instance $h (export "handle" (func $f)))
  (export "wasi:http/incoming-handler@0.2.0" (instance $h)))
