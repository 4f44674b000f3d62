;; Elision on the real engine: main calls the host and a later adapter through a shim, and the fixup's start section is main's _initialize.
(component
  (import "test:host/api@1.0.0" (instance $api (export "note" (func (param "n" u32)))))
  (core func $note (canon lower (func $api "note")))
  (core module $shim
    (type $note (func (param i32)))
    (type $double (func (param i32) (result i32)))
    (table (export "$imports") 2 2 funcref)
    (func (export "0") (type $note) local.get 0 i32.const 0 call_indirect (type $note))
    (func (export "1") (type $double) local.get 0 i32.const 1 call_indirect (type $double)))
  (core instance $shim (instantiate $shim))
  (core module $main
    (import "shim" "0" (func $note (param i32)))
    (import "shim" "1" (func $double (param i32) (result i32)))
    (memory (export "memory") 1)
    (global $ready (mut i32) (i32.const 0))
    (func (export "_initialize") (call $note (i32.const 7)) (global.set $ready (call $double (i32.const 21))))
    (func (export "ask") (result i32) (call $double (global.get $ready))))
  (core instance $main (instantiate $main (with "shim" (instance $shim))))
  (core module $adapter
    (import "main" "memory" (memory 0))
    (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))
  (core instance $adapter (instantiate $adapter (with "main" (instance $main))))
  (core module $fixup
    (import "" "$imports" (table 2 2 funcref))
    (import "" "0" (func $0 (param i32)))
    (import "" "1" (func $1 (param i32) (result i32)))
    (import "" "init" (func $init))
    (elem (i32.const 0) func $0 $1)
    (start $init))
  (core instance (instantiate $fixup (with "" (instance
    (export "$imports" (table $shim "$imports")) (export "0" (func $note)) (export "1" (func $adapter "double"))
    (export "init" (func $main "_initialize"))))))
  (func (export "ask") (result u32) (canon lift (core func $main "ask"))))
