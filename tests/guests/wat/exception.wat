;; Throws what nobody catches.
(module
  (tag $t (param i32))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param i32 i32)
    (throw $t (i32.const 7))))
