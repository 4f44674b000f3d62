(component
  (core module $m (import "a" "b" (func)))
  (core instance (instantiate $m)))
