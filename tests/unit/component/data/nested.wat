;; Components in components: each instantiation makes a fresh resource; functions, instances, components and modules are passed along.
(component $outer
  (import "hello" (func $hello (param "a" u32) (result u32)))
  (core module $add
    (import "h" "hello" (func (param i32) (result i32)))
    (func (export "add") (param i32) (result i32) local.get 0))
  (type $pair (record (field "a" u32) (field "b" u32)))
  (component $inner
    (alias outer $outer $pair (type $pair))
    (import "f" (func $f (param "a" u32) (result u32)))
    (import "m" (core module $m (import "h" "hello" (func (param i32) (result i32))) (export "add" (func (param i32) (result i32)))))
    (type $r (resource (rep i32)))
    (core func $f' (canon lower (func $f)))
    (core func $drop (canon resource.drop $r))
    (core instance $i (instantiate $m (with "h" (instance (export "hello" (func $f'))))))
    (func $add (param "a" u32) (result u32) (canon lift (core func $i "add")))
    (export $r' "r" (type $r))
    (export "add" (func $add)))
  (instance $one (instantiate $inner (with "f" (func $hello)) (with "m" (core module $add))))
  (component $user
    (import "c" (component $c
      (import "f" (func (param "a" u32) (result u32)))
      (import "m" (core module (import "h" "hello" (func (param i32) (result i32))) (export "add" (func (param i32) (result i32)))))
      (export "add" (func (param "a" u32) (result u32)))))
    (import "one" (instance $one (export "r" (type (sub resource))) (export "add" (func (param "a" u32) (result u32)))))
    (alias outer $outer $add (core module $m))
    (instance $two (instantiate $c (with "f" (func $one "add")) (with "m" (core module $m))))
    (export "add" (func $two "add"))
    (export "one" (instance $one)))
  (instance $user (instantiate $user (with "c" (component $inner)) (with "one" (instance $one))))
  (alias export $user "one" (instance $again))
  (export "test:g/api" (instance $user))
  (export "again" (func $again "add")))
