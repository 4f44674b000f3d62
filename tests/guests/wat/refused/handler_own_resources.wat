;; Takes resources of its own, whose representation the host's pointers would become.
(component
  (core module $m (func (export "f") (param i32 i32)))
  (core instance $i (instantiate $m))
  (type $r (resource (rep i32)))
  (export $er "incoming-request" (type $r))
  (func $f (param "request" (own $er)) (param "response-out" (own $er)) (canon lift (core func $i "f")))
  (instance $h (export "handle" (func $f)))
  (export "wasi:http/incoming-handler@0.2.0" (instance $h)))
