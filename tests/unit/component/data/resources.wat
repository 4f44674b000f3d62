;; A resource of the component itself, exported the way wit-component does it: through a component that only renames.
(component
  (core module $dtor (func (export "dtor") (param i32)))
  (core instance $dtor (instantiate $dtor))
  (type $thing' (resource (rep i32) (dtor (func $dtor "dtor"))))
  (core func $new (canon resource.new $thing'))
  (core func $drop (canon resource.drop $thing'))
  (core func $rep (canon resource.rep $thing'))
  (core module $main
    (import "thing" "new" (func (param i32) (result i32)))
    (import "thing" "drop" (func (param i32)))
    (import "thing" "rep" (func (param i32) (result i32)))
    (func (export "make") (param i32) (result i32) local.get 0)
    (func (export "value") (param i32) (result i32) local.get 0))
  (core instance $main (instantiate $main (with "thing" (instance
    (export "new" (func $new)) (export "drop" (func $drop)) (export "rep" (func $rep))))))
  (func $make (param "v" u32) (result (own $thing')) (canon lift (core func $main "make")))
  (func $value (param "self" (borrow $thing')) (result u32) (canon lift (core func $main "value")))
  (component $renames
    (import "import-type-thing" (type $t (sub resource)))
    (import "import-constructor-thing" (func $make (param "v" u32) (result (own $t))))
    (import "import-method-thing-value" (func $value (param "self" (borrow $t)) (result u32)))
    (export $thing "thing" (type $t))
    (export "[constructor]thing" (func $make) (func (param "v" u32) (result (own $thing))))
    (export "[method]thing.value" (func $value) (func (param "self" (borrow $thing)) (result u32))))
  (instance $api (instantiate $renames
    (with "import-type-thing" (type $thing'))
    (with "import-constructor-thing" (func $make))
    (with "import-method-thing-value" (func $value))))
  (export "test:g/api@1.2.3" (instance $api)))
