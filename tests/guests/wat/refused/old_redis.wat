;; a module of the first SDKs that wants what this host does not have
(module
  (import "outbound-redis" "get" (func (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "canonical_abi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "handle-http-request") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable))
