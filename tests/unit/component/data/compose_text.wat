;; An export of another type than compose_plain.wat imports.
(component
  (core module $m (func (export "text") (result i64) (i64.const 1)))
  (core instance $i (instantiate $m))
  (func (export "text") (result u64) (canon lift (core func $i "text"))))
