;; Handlers of both generations, which nobody could choose from.
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param i32 i32))
  (func (export "[async-lift]wasi:http/handler@0.3.0#handle") (param i32) (result i32) unreachable)
  (func (export "[callback][async-lift]wasi:http/handler@0.3.0#handle") (param i32 i32 i32) (result i32) unreachable))
