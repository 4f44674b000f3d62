;; Two shims: the start of the first fixup is the second shim, which therefore stays.
(component
  (core module $s (type $f (func)) (table (export "$imports") 1 1 funcref) (func (export "0") (type $f) i32.const 0 call_indirect (type $f)))
  (core module $m (import "s" "0" (func)) (func (export "init")))
  (core module $n (func (export "real")))
  (core module $fx (import "" "t" (table 1 1 funcref)) (import "" "0" (func)) (import "" "i" (func)) (elem (i32.const 0) func 0) (start 1))
  (core module $fy (import "" "t" (table 1 1 funcref)) (import "" "0" (func)) (elem (i32.const 0) func 0))
  (core instance $s2 (instantiate $s))
  (core instance $n (instantiate $n))
  (core instance $s1 (instantiate $s))
  (core instance $m (instantiate $m (with "s" (instance $s1))))
  (core instance (instantiate $fx (with "" (instance (export "t" (table $s1 "$imports")) (export "0" (func $n "real")) (export "i" (func $s2 "0"))))))
  (core instance (instantiate $fy (with "" (instance (export "t" (table $s2 "$imports")) (export "0" (func $n "real")))))))
