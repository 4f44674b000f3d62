;; Wants a table of 32 GB from its birth.
(module
  (memory (export "memory") 1)
  (table 4000000000 funcref)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param i32 i32)))
