;; The function that runs after the handler never returns.
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param i32 i32))
  (func (export "cabi_post_wasi:http/incoming-handler@0.2.0#handle") (loop $l br $l)))
