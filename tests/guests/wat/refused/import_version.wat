(component
  (import "wasi:random/random@7.0.0" (instance (export "get-random-u64" (func (result u64))))))
