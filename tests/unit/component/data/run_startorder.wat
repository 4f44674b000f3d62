;; A's start section writes slot 0 of a table, B's active element segment overwrites it: in instantiation order the answer is 2.
(component
  (import "test:host/api@1.0.0" (instance $api (export "note" (func (param "n" u32)))))
  (core func $note (canon lower (func $api "note")))
  (core module $t (table (export "t") 1 funcref))
  (core instance $t (instantiate $t))
  (core module $a
    (import "t" "t" (table 1 funcref))
    (import "host" "note" (func $note (param i32)))
    (func $one (result i32) (i32.const 1))
    (elem declare func $one)
    (func $start (table.set (i32.const 0) (ref.func $one)) (call $note (i32.const 10)))
    (start $start))
  (core instance $a (instantiate $a (with "t" (instance $t)) (with "host" (instance (export "note" (func $note))))))
  (core module $b
    (import "t" "t" (table $t 1 funcref))
    (import "host" "note" (func $note (param i32)))
    (func $two (result i32) (i32.const 2))
    (elem (table $t) (i32.const 0) func $two)
    (func $start (call $note (i32.const 20)))
    (start $start)
    (func (export "ask") (result i32) (call_indirect $t (result i32) (i32.const 0))))
  (core instance $b (instantiate $b (with "t" (instance $t)) (with "host" (instance (export "note" (func $note))))))
  (func (export "ask") (result u32) (canon lift (core func $b "ask"))))
