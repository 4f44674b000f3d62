(component
  (core module $m (memory 1) (data (i32.const 65530) "outside the memory"))
  (core instance (instantiate $m)))
