;; memory.init beyond the segment, after data.drop.
(module
  (memory (export "memory") 1)
  (data $d "abc")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param i32 i32)
    data.drop $d
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 3))))
