;; A lifted function and a lowered import with every synchronous option.
(component
  (import "test:host/log@1.0.0" (instance $log
    (type $r (result u32 (error string)))
    (export "put" (func (param "text" string) (result $r)))
    (export "now" (func (result u64)))))
  (core module $libc
    (memory (export "mem") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 64))
  (core instance $libc (instantiate $libc))
  (core func $put (canon lower (func $log "put") (memory $libc "mem") (realloc (func $libc "realloc")) string-encoding=utf16))
  (core func $now (canon lower (func $log "now")))
  (core module $main
    (import "log" "put" (func (param i32 i32 i32)))
    (import "log" "now" (func (result i64)))
    (import "libc" "mem" (memory 1))
    (func (export "run") (param i32 i32 i32 i32) (result i32) i32.const 0)
    (func (export "run-post") (param i32))
    (func $start)
    (start $start))
  (core instance $imports (export "put" (func $put)) (export "now" (func $now)))
  (core instance $main (instantiate $main (with "log" (instance $imports)) (with "libc" (instance $libc))))
  (func $run (param "input" string) (param "mode" (option u8)) (result string)
    (canon lift (core func $main "run") (memory $libc "mem") (realloc (func $libc "realloc"))
      (post-return (func $main "run-post")) string-encoding=latin1+utf16))
  (export "run" (func $run)))
