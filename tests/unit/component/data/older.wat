;; A prerelease that the host serves item by item: under the same name, under another one, and in another interface.
(component
  (import "test:host/store@0.2.0-beta" (instance $old
    (export "bucket" (type $b (sub resource)))
    (export "[constructor]bucket" (func (param "name" string) (result (own $b))))
    (export "[method]bucket.fetch" (func (param "self" (borrow $b)) (param "key" string) (result (option (list u8)))))))
  (import "test:host/store@0.2.5" (instance $new
    (export "bucket" (type $b (sub resource)))
    (export "[method]bucket.get" (func (param "self" (borrow $b)) (param "key" string) (result (option (list u8)))))))
  (import "test:host/time@0.2.0-beta" (instance $time
    (export "pail" (type (sub resource)))
    (export "now" (func (result u64)))))
  (alias export $old "bucket" (type $bucket-old))
  (alias export $new "bucket" (type $bucket))
  (alias export $time "pail" (type $pail))
  (core func (canon resource.drop $bucket))
  (core func (canon resource.drop $pail))
  (core func (canon resource.drop $bucket-old))
  (core module $m (memory (export "m") 1) (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  (core func $now (canon lower (func $time "now")))
  (core func $fetch (canon lower (func $old "[method]bucket.fetch") (memory $i "m") (realloc (func $i "r"))))
  (core module $user
    (import "h" "now" (func (result i64)))
    (import "h" "fetch" (func (param i32 i32 i32 i32))))
  (core instance (instantiate $user (with "h" (instance (export "now" (func $now)) (export "fetch" (func $fetch)))))))
