;; main.wat - makes a command of CRuby for WASI, which is packaged as a library: starts it with the arguments of the command, the script's
;; path first, and loads that script. Merged with it by wasm-merge, under these names: ruby, host, handles, main.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "ruby" "memory" (memory 0))
  (import "ruby" "_initialize" (func $initialize))
  (import "ruby" "cabi_realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
  (import "ruby" "ruby-init: func(args: list<string>) -> ()" (func $ruby_init (param i32 i32)))
  (import "ruby" "rb-eval-string-protect: func(str: string) -> tuple<handle<rb-abi-value>, s32>" (func $eval (param i32 i32) (result i32)))

  (func $length (param $text i32) (result i32)
    (local $at i32)
    (local.set $at (local.get $text))
    (block $end
      (loop $next
        (br_if $end (i32.eqz (i32.load8_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (i32.sub (local.get $at) (local.get $text)))

  ;; A copy, with the zero after it: Ruby frees what it is given.
  (func $copy (param $text i32) (param $n i32) (result i32)
    (local $new i32)
    (local.set $new (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.add (local.get $n) (i32.const 1))))
    (memory.copy (local.get $new) (local.get $text) (local.get $n))
    (i32.store8 (i32.add (local.get $new) (local.get $n)) (i32.const 0))
    (local.get $new))

  ;; The arguments as list<string>: its address; the count is at $sizes.
  (func $arguments (param $sizes i32) (result i32)
    (local $count i32) (local $texts i32) (local $list i32) (local $i i32) (local $text i32) (local $n i32)
    (drop (call $args_sizes_get (local.get $sizes) (i32.add (local.get $sizes) (i32.const 4))))
    (local.set $count (i32.load (local.get $sizes)))
    (local.set $texts (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.shl (local.get $count) (i32.const 2))))
    (local.set $list (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.shl (local.get $count) (i32.const 3))))
    (drop (call $args_get (local.get $texts)
      (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.load offset=4 (local.get $sizes)))))
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $i) (local.get $count)))
        (local.set $text (i32.load (i32.add (local.get $texts) (i32.shl (local.get $i) (i32.const 2)))))
        (local.set $n (call $length (local.get $text)))
        (i32.store (i32.add (local.get $list) (i32.shl (local.get $i) (i32.const 3))) (call $copy (local.get $text) (local.get $n)))
        (i32.store offset=4 (i32.add (local.get $list) (i32.shl (local.get $i) (i32.const 3))) (local.get $n))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $list))

  ;; Without a data segment, which would lie over Ruby's own data. An error makes the state that comes back other than 0.
  (func (export "_start")
    (local $sizes i32) (local $code i32)
    (call $initialize)
    (local.set $sizes (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 8)))
    (call $ruby_init (call $arguments (local.get $sizes)) (i32.load (local.get $sizes)))
    (local.set $code (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 24)))
    (i64.store (local.get $code) (i64.const 0x3b302420_64616f6c)) ;; "load $0;", little-endian
    (i64.store offset=8 (local.get $code) (i64.const 0x6873756c_662e3e24)) ;; "$>.flush"
    (i64.store offset=16 (local.get $code) (i64.const 0))
    (if (i32.load offset=4 (call $eval (local.get $code) (i32.const 16)))
      (then (call $proc_exit (i32.const 1))))))
