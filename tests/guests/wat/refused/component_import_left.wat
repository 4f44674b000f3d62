(component
  (import "whatever" (func $f (param "x" string))))
