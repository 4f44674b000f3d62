(component
  (core module $m (func (export "f") (param i32)))
  (core instance $i (instantiate $m))
  (func $f (param "x" u32) (canon lift (core func $i "f")))
  (instance $h (export "handle" (func $f)))
  (export "wasi:http/incoming-handler@0.2.0" (instance $h)))
