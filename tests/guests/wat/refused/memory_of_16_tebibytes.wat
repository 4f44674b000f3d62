(component
  (core module $m (memory (export "m") i64 0x10000000))
  (core instance (instantiate $m)))
