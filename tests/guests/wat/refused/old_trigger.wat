;; a module of the first SDKs for another trigger
(module
  (memory (export "memory") 1)
  (func (export "canonical_abi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "handle-redis-message") (param i32 i32) (result i32) unreachable))
