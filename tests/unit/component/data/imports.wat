;; What the host must have: functions and resources that are imported, nothing else; two versions of one track are one resource.
(component
  (import "test:host/store@0.2.0" (instance $old
    (export "bucket" (type $b (sub resource)))
    (export "[constructor]bucket" (func (param "name" string) (result (own $b))))))
  (import "test:host/store@0.2.9" (instance $new
    (export "bucket" (type $b (sub resource)))
    (export "[method]bucket.get" (func (param "self" (borrow $b)) (param "key" string) (result (option (list u8)))))))
  (import "nobody:has/this@3.0.0" (instance $types
    (type $l (enum "low" "high"))
    (export "level" (type (eq $l)))))
  (alias export $new "bucket" (type $bucket))
  (import "test:host/move@1.0.0" (instance
    (alias outer 1 $bucket (type $b'))
    (export "bucket" (type $b (eq $b')))
    (export "move" (func (param "b" (own $b)) (result (tuple (own $b) u8))))))
  (import "mine" (implements "test:host/log@1.4.2") (instance (export "now" (func (result u64)))))
  (alias export $old "bucket" (type $bucket-old))
  (core func (canon resource.drop $bucket))
  (core func (canon resource.drop $bucket-old)))
