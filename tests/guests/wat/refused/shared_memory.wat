(component
  (core module $m (memory (export "m") 1 2 shared))
  (core instance (instantiate $m)))
