;; Interfaces that the host does not have and links all the same (component_host.absent): functions, a resource, and another one's resource.
(component
  (import "gone:store/keys@1.0.0" (instance $keys
    (export "bucket" (type $b (sub resource)))
    (export "[static]bucket.open" (func (param "name" string) (result (own $b))))))
  (alias export $keys "bucket" (type $bucket))
  (import "gone:store/all@1.0.0" (instance $all
    (alias outer 1 $bucket (type $b'))
    (export "bucket" (type $b (eq $b')))
    (export "count" (func (param "in" (borrow $b)) (result u64)))))
  (import "test:host/log@1.0.0" (instance $log (export "now" (func (result u64)))))
  (core module $m
    (import "i" "count" (func $count (param i32) (result i64)))
    (import "i" "now" (func $now (result i64)))
    (import "i" "drop" (func $drop (param i32))))
  (core func $count (canon lower (func $all "count")))
  (core func $now (canon lower (func $log "now")))
  (core func $drop (canon resource.drop $bucket))
  (core instance (instantiate $m (with "i" (instance
    (export "count" (func $count)) (export "now" (func $now)) (export "drop" (func $drop)))))))
