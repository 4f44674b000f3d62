;; Imports what Swell does not have, as the SDK for Python does: answers nothing, and calls it when the path of the request is longer than one byte.
(component
  (import "wasi:http/types@0.2.0" (instance $types
    (export "incoming-request" (type $request (sub resource)))
    (export "response-outparam" (type (sub resource)))
    (export "[method]incoming-request.path-with-query" (func (param "self" (borrow $request)) (result (option string))))))
  (alias export $types "incoming-request" (type $request))
  (alias export $types "response-outparam" (type $out))
  (import "spin:nowhere/keys@1.0.0" (instance $keys
    (export "bucket" (type $b (sub resource)))
    (export "[static]bucket.open" (func (param "name" string) (result (own $b))))))
  (core module $memory
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (core func $path (canon lower (func $types "[method]incoming-request.path-with-query")
    (memory $mem) (realloc (core func $memory "realloc"))))
  (core func $open (canon lower (func $keys "[static]bucket.open") (memory $mem)))
  (core module $main
    (import "i" "memory" (memory 1))
    (import "i" "path" (func $path (param i32 i32)))
    (import "i" "open" (func $open (param i32 i32) (result i32)))
    (func (export "handle") (param i32 i32)
      (call $path (local.get 0) (i32.const 16))
      (if (i32.gt_u (i32.load (i32.const 24)) (i32.const 1))
        (then (drop (call $open (i32.const 1024) (i32.const 1)))))))
  (core instance $main (instantiate $main (with "i" (instance
    (export "memory" (memory $mem)) (export "path" (func $path)) (export "open" (func $open))))))
  (func $handle (param "request" (own $request)) (param "response-out" (own $out)) (canon lift (core func $main "handle")))
  (instance $handler (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))
