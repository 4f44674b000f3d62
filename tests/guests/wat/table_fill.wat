;; table.fill, table.copy and table.init outside the table.
(module
  (table $t 4 funcref)
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param i32 i32)
    (table.fill $t (i32.const 2) (ref.null func) (i32.const 3))))
