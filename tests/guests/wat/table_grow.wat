;; Grows a table for ever, then uses what is outside.
(module
  (table $t 1 funcref)
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param i32 i32)
    (loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 65536)) (i32.const -1))))
    (drop (table.get $t (i32.const -1)))))
