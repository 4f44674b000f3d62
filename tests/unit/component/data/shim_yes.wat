;; The shape of wit-component's output: a shim, the main module, an adapter, a fixup whose start is main's _initialize.
(component
  (import "test:host/log@1.0.0" (instance $log
    (export "put" (func (param "text" string) (result (result u32 (error string)))))))
  (core module $shim
    (type $put (func (param i32 i32 i32)))
    (type $exit (func (param i32)))
    (table 3 3 funcref)
    (export "$imports" (table 0))
    (func (export "0") (type $put) local.get 0 local.get 1 local.get 2 i32.const 0 call_indirect (type $put)) ;; forward
    (func (export "1") (type $exit) local.get 0 i32.const 1 call_indirect (type $exit))
    (func (export "2") (type $exit) local.get 0 i32.const 2 call_indirect (type $exit)))
  (core instance $shim (instantiate $shim))
  (type $thing (resource (rep i32) (dtor (func $shim "2"))))
  (core module $main
    (import "log" "put" (func (param i32 i32 i32)))
    (import "env" "exit" (func (param i32)))
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 64)
    (func (export "_initialize"))
    (func (export "dtor") (param i32))
    (func (export "run")))
  (core instance $main (instantiate $main
    (with "log" (instance (export "put" (func $shim "0"))))
    (with "env" (instance (export "exit" (func $shim "1"))))))
  (core module $adapter
    (import "env" "memory" (memory 0))
    (func (export "exit") (param i32)))
  (core instance $adapter (instantiate $adapter (with "env" (instance $main))))
  (core func $put (canon lower (func $log "put") (memory $main "memory") (realloc (func $main "realloc"))))
  (core module $fixup
    (import "" "0" (func (param i32 i32 i32)))
    (import "" "1" (func (param i32)))
    (import "" "2" (func (param i32)))
    (import "" "$imports" (table 3 3 funcref))
    (import "" "init" (func))
    (elem (i32.const 0) func 0 1 2)
    (start 3))
  (core instance (instantiate $fixup (with "" (instance
    (export "$imports" (table $shim "$imports"))
    (export "0" (func $put))
    (export "1" (func $adapter "exit"))
    (export "2" (func $main "dtor"))
    (export "init" (func $main "_initialize"))))))
  (func $run (canon lift (core func $main "run")))
  (export "run" (func $run)))
