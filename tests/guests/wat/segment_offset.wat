;; An active segment at an offset that is only known when it runs, outside the memory.
(module
  (memory (export "memory") 1)
  (global $at i32 (i32.const 65530))
  (data (offset (i32.add (global.get $at) (i32.const 4))) "outside")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param i32 i32)))
