;; Imports by a plain name, and the host's function of the same type.
(component
  (import "given" (func $given (result u32)))
  (import "test:host/api@1.0.0" (instance $api (export "who" (func (result u32)))))
  (alias export $api "who" (func $who))
  (core func $given_low (canon lower (func $given)))
  (core func $who_low (canon lower (func $who)))
  (core module $m
    (import "" "given" (func $given (result i32)))
    (import "" "who" (func $who (result i32)))
    (func (export "both") (result i32)
      (i32.add (i32.mul (call $given) (i32.const 10)) (call $who))))
  (core instance $i (instantiate $m (with "" (instance
    (export "given" (func $given_low)) (export "who" (func $who_low))))))
  (func (export "both") (result u32) (canon lift (core func $i "both"))))
