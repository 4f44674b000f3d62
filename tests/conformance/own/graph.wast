;; Shapes of core graphs in components that the public scripts lack: shared-everything linking, several memories, tags, order of starts,
;; components as arguments. run.py runs them with the public ones.

;; shared-everything linking: env owns memory, table and globals; two libraries and an init module share them
(component
  (core module $env
    (memory (export "memory") 2) (table (export "__indirect_function_table") 8 funcref)
    (global (export "__stack_pointer") (mut i32) (i32.const 65536))
    (global (export "liba:memory_base") i32 (i32.const 1024)) (global (export "liba:table_base") i32 (i32.const 1))
    (global (export "libb:memory_base") i32 (i32.const 2048)) (global (export "libb:table_base") i32 (i32.const 3))
    (global (export "GOT.func.twice") (mut i32) (i32.const -1)) (global (export "GOT.mem.count") (mut i32) (i32.const -1)))
  (core instance $env (instantiate $env))
  (core module $liba
    (import "env" "memory" (memory 1)) (import "env" "__indirect_function_table" (table 8 funcref))
    (import "env" "__stack_pointer" (global $sp (mut i32))) (import "env" "__memory_base" (global $mb i32)) (import "env" "__table_base" (global $tb i32))
    (global (export "count") i32 (i32.const 4))
    (elem (global.get $tb) func $twice)
    (data (global.get $mb) "\01\00\00\00\05\00\00\00")
    (func $twice (export "twice") (param i32) (result i32)
      (i32.store offset=4 (global.get $mb) (i32.add (i32.load offset=4 (global.get $mb)) (i32.const 1)))
      (i32.mul (local.get 0) (i32.const 2)))
    (func (export "__wasm_apply_data_relocs") (i32.store (global.get $mb) (global.get $mb))))
  (core instance $liba (instantiate $liba (with "env" (instance
    (export "memory" (memory $env "memory")) (export "__indirect_function_table" (table $env "__indirect_function_table"))
    (export "__stack_pointer" (global $env "__stack_pointer"))
    (export "__memory_base" (global $env "liba:memory_base")) (export "__table_base" (global $env "liba:table_base"))))))
  (core module $libb
    (type $f (func (param i32) (result i32)))
    (import "env" "memory" (memory 1)) (import "env" "__indirect_function_table" (table 8 funcref))
    (import "env" "__stack_pointer" (global $sp (mut i32)))
    (import "GOT.func" "twice" (global $got_twice (mut i32))) (import "GOT.mem" "count" (global $got_count (mut i32)))
    (import "env" "twice" (func $twice (param i32) (result i32)))
    (func (export "run") (param i32) (result i32)
      (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
      (i32.store (global.get $sp) (call $twice (local.get 0)))
      (i32.add (i32.load (global.get $sp)) (call_indirect (type $f) (local.get 0) (global.get $got_twice))))
    (func (export "count") (result i32) (i32.load (global.get $got_count))))
  (core instance $libb (instantiate $libb (with "env" (instance
    (export "memory" (memory $env "memory")) (export "__indirect_function_table" (table $env "__indirect_function_table"))
    (export "__stack_pointer" (global $env "__stack_pointer")) (export "twice" (func $liba "twice"))))
    (with "GOT.func" (instance (export "twice" (global $env "GOT.func.twice"))))
    (with "GOT.mem" (instance (export "count" (global $env "GOT.mem.count"))))))
  (core module $init
    (import "env" "GOT.func.twice" (global $t (mut i32))) (import "env" "GOT.mem.count" (global $c (mut i32)))
    (import "liba" "count" (global $count i32)) (import "env" "liba:memory_base" (global $mb i32)) (import "env" "liba:table_base" (global $tb i32))
    (import "liba" "__wasm_apply_data_relocs" (func $relocs))
    (func $start (global.set $t (global.get $tb)) (global.set $c (i32.add (global.get $mb) (global.get $count))) (call $relocs))
    (start $start))
  (core instance (instantiate $init (with "env" (instance $env)) (with "liba" (instance $liba))))
  (func (export "run") (param "n" u32) (result u32) (canon lift (core func $libb "run")))
  (func (export "count") (result u32) (canon lift (core func $libb "count"))))
(assert_return (invoke "run" (u32.const 7)) (u32.const 28))
(assert_return (invoke "count") (u32.const 7))

;; several memories; the canonical option names one that is not memory 0; strings go to it by its own realloc
(component
  (component $c
    (core module $m
      (memory $a (export "a") 1) (memory $b (export "b") 1)
      (data (memory $b) (i32.const 8) "seven") (data (memory $a) (i32.const 8) "wrong")
      (func (export "get") (result i32) (i32.store $b (i32.const 0) (i32.const 8)) (i32.store $b (i32.const 4) (i32.const 5)) (i32.const 0))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 100))
      (func (export "sum") (param i32 i32) (result i32)
        (i32.add (i32.load8_u $b (local.get 0)) (i32.add (local.get 1) (i32.load8_u $a (local.get 0))))))
    (core instance $i (instantiate $m))
    (func (export "get") (result string) (canon lift (core func $i "get") (memory $i "b")))
    (func (export "sum") (param "s" string) (result u32) (canon lift (core func $i "sum") (memory $i "b") (realloc (func $i "realloc")))))
  (instance $one (instantiate $c)) (instance $two (instantiate $c))
  (component $user (import "c" (instance $c (export "get" (func (result string))) (export "sum" (func (param "s" string) (result u32)))))
    (core module $m (memory $x (export "x") 1) (memory $y (export "y") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 200)))
    (core instance $m (instantiate $m))
    (core func $get (canon lower (func $c "get") (memory $m "y") (realloc (func $m "realloc"))))
    (core func $sum (canon lower (func $c "sum") (memory $m "y")))
    (core module $n (import "" "y" (memory $y 1)) (import "" "x" (memory $x 1)) (import "" "get" (func $get (param i32))) (import "" "sum" (func $sum (param i32 i32) (result i32)))
      (func (export "go") (result i32) (call $get (i32.const 16)) (call $sum (i32.load $y (i32.const 16)) (i32.load $y (i32.const 20)))))
    (core instance $n (instantiate $n (with "" (instance (export "x" (memory $m "x")) (export "y" (memory $m "y")) (export "get" (func $get)) (export "sum" (func $sum))))))
    (func (export "go") (result u32) (canon lift (core func $n "go"))))
  (instance $u (instantiate $user (with "c" (instance $two))))
  (export "go" (func $u "go")) (export "get" (func $one "get")))
(assert_return (invoke "get") (str.const "seven"))
(assert_return (invoke "go") (u32.const 120))

;; a tag shared between modules of one component: thrown in one, caught in the other; uncaught it traps
(component
  (core module $tags (tag (export "e") (param i32)))
  (core instance $tags (instantiate $tags))
  (core module $thrower (import "t" "e" (tag $e (param i32))) (func (export "throw") (param i32) (throw $e (local.get 0))))
  (core instance $thrower (instantiate $thrower (with "t" (instance $tags))))
  (core module $catcher (import "t" "e" (tag $e (param i32))) (import "t" "throw" (func $throw (param i32)))
    (func (export "caught") (param i32) (result i32) (block $h (result i32) (try_table (catch $e $h) (call $throw (local.get 0))) (i32.const -1)))
    (func (export "loose") (call $throw (i32.const 1))))
  (core instance $catcher (instantiate $catcher (with "t" (instance (export "e" (tag $tags "e")) (export "throw" (func $thrower "throw"))))))
  (func (export "caught") (param "n" u32) (result u32) (canon lift (core func $catcher "caught")))
  (func (export "loose") (canon lift (core func $catcher "loose"))))
(assert_return (invoke "caught" (u32.const 41)) (u32.const 41))
(assert_trap (invoke "loose") "uncaught exception")

;; start sections of core modules run in the order of instantiation, segments of later modules are applied between them
(component
  (core module $t (table (export "t") 1 funcref) (global (export "g") (mut i32) (i32.const 0)))
  (core instance $t (instantiate $t))
  (core module $a (import "t" "t" (table 1 funcref)) (import "t" "g" (global $g (mut i32)))
    (func $s (table.set (i32.const 0) (ref.func $one)) (global.set $g (i32.add (i32.mul (global.get $g) (i32.const 10)) (i32.const 1)))) (func $one (result i32) (i32.const 1)) (elem declare func $one) (start $s))
  (core module $b (import "t" "t" (table 1 funcref)) (import "t" "g" (global $g (mut i32)))
    (func $s (global.set $g (i32.add (i32.mul (global.get $g) (i32.const 10)) (i32.const 2)))) (func $two (result i32) (i32.const 2)) (elem (i32.const 0) func $two) (start $s))
  (core instance (instantiate $a (with "t" (instance $t)))) (core instance (instantiate $b (with "t" (instance $t)))) (core instance (instantiate $a (with "t" (instance $t))))
  (core instance (instantiate $b (with "t" (instance $t))))
  (core module $r (import "t" "t" (table 1 funcref)) (import "t" "g" (global $g (mut i32))) (type $f (func (result i32)))
    (func (export "slot") (result i32) (call_indirect (type $f) (i32.const 0))) (func (export "order") (result i32) (global.get $g)))
  (core instance $r (instantiate $r (with "t" (instance $t))))
  (func (export "slot") (result u32) (canon lift (core func $r "slot")))
  (func (export "order") (result u32) (canon lift (core func $r "order"))))
(assert_return (invoke "order") (u32.const 1212))
(assert_return (invoke "slot") (u32.const 2))

;; components as arguments, instantiated twice inside another, each with its own memory and state
(component
  (component $counter (core module $m (global $n (mut i32) (i32.const 0)) (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))
    (core instance $i (instantiate $m)) (func (export "next") (result u32) (canon lift (core func $i "next"))))
  (component $pair (import "c" (component $c (export "next" (func (result u32)))))
    (instance $x (instantiate $c)) (instance $y (instantiate $c))
    (export "x" (func $x "next")) (export "y" (func $y "next")))
  (instance $p (instantiate $pair (with "c" (component $counter))))
  (instance $q (instantiate $pair (with "c" (component $counter))))
  (export "px" (func $p "x")) (export "py" (func $p "y")) (export "qx" (func $q "x")))
(assert_return (invoke "px") (u32.const 1))
(assert_return (invoke "px") (u32.const 2))
(assert_return (invoke "py") (u32.const 1))
(assert_return (invoke "qx") (u32.const 1))

;; a 64-bit memory of a module's own is no matter of the component
(component
  (core module $m (memory i64 1) (func (export "f") (param i32) (result i32)
    (i64.store (i64.const 8) (i64.extend_i32_u (local.get 0))) (i32.add (i32.load (i64.const 8)) (i32.const 1))))
  (core instance $i (instantiate $m))
  (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))
(assert_return (invoke "f" (u32.const 4)) (u32.const 5))

;; a memory may write down the usual size of its pages
(component
  (core module $m
    (memory (export "m") 2 (pagesize 65536))
    (data (i32.const 70000) "\2a")
    (func (export "f") (result i32) (i32.add (i32.load8_u (i32.const 70000)) (memory.size))))
  (core instance $i (instantiate $m))
  (func (export "f") (result u32) (canon lift (core func $i "f")))
)
(assert_return (invoke "f") (u32.const 44))
