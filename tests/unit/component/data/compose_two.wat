;; Two imports by plain names.
(component
  (import "first" (func $first (result u32)))
  (import "second" (func $second (result u32)))
  (core func $first_low (canon lower (func $first)))
  (core func $second_low (canon lower (func $second)))
  (core module $m
    (import "" "first" (func $first (result i32)))
    (import "" "second" (func $second (result i32)))
    (func (export "both") (result i32)
      (i32.add (i32.mul (call $first) (i32.const 10)) (call $second))))
  (core instance $i (instantiate $m (with "" (instance
    (export "first" (func $first_low)) (export "second" (func $second_low))))))
  (func (export "both") (result u32) (canon lift (core func $i "both"))))
