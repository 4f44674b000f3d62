;; The start function takes all memory it can get, then the handler never answers.
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
  (func $start (loop $l (br_if $l (i32.ne (memory.grow (i32.const 64)) (i32.const -1)))))
  (start $start)
  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param i32 i32)))
