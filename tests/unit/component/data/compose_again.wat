;; A dependency that exports a function of the host as it is: whoever calls it, it is the dependency that imported it.
(component
  (import "test:host/api@1.0.0" (instance $api (export "who" (func (result u32)))))
  (alias export $api "who" (func $who))
  (export "again" (func $who)))
