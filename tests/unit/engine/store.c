/* store.c - modules, links between instances, start sections in order, kinds of memory. */
#include "check.h"
#include "guest.h"

static int seven(void *env, struct engine_store *store, union engine_val *vals)
{
    CHECK(engine_store_owner(store) == NULL);
    vals[0].i32 += *(int *)env;
    return 0;
}

/* ---- binding ---- */

static void links_are_checked_when_bound(void **state)
{
    (void)state;
    static const struct {
        const char *wat;
        enum engine_link_kind kind;
        bool no_fn;
        int rc;
        const char *text;
    } rows[] = {
        {"(module (import \"a\" \"f\" (func (param i32 i64 f32 f64 v128))))", ENGINE_LINK_HOST, false, 0, ""},
        {"(module (import \"a\" \"f\" (func)))", ENGINE_LINK_HOST, true, -SW_EBUG, "bound to no function"},
        {"(module (import \"a\" \"m\" (memory 1)))", ENGINE_LINK_HOST, false, -SW_EINPUT,
         "import 'a' 'm' is not a function"},
        {"(module (import \"a\" \"t\" (table 1 funcref)))", ENGINE_LINK_LATE, false, -SW_EINPUT,
         "is not a function"},
        {"(module (import \"a\" \"f\" (func (param funcref))))", ENGINE_LINK_HOST, false, -SW_EINPUT,
         "references"},
        {"(module (import \"a\" \"f\" (func (result externref))))", ENGINE_LINK_LATE, false, -SW_EINPUT,
         "references"},
        {"(module (rec (type $t (func)) (type (struct)))(import \"a\" \"f\" (func (type $t))))",
         ENGINE_LINK_HOST, false, -SW_EINPUT, "references"},
    };
    struct world world;
    world_open(&world, ENGINE_RESET_AUTO);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct guest guest;
        struct sw_err err = {0};
        struct engine_bound *bound = NULL;
        guest_open(&guest, world.engine, rows[i].wat);
        const struct engine_link link = {
            .kind = rows[i].kind, .fn = rows[i].no_fn ? NULL : seven, .name = SW_LIT("x")};
        CHECK_INT(engine_module_bind(guest.module, &link, 1, &bound, &err), rows[i].rc);
        CHECK_HAS(err.text, rows[i].text);
        engine_bound_free(bound);
        bound = NULL;
        CHECK_INT(engine_module_bind(guest.module, NULL, 0, &bound, &err), -SW_EBUG);
        guest_close(&guest);
    }
    world_close(&world);
}

static void two_imports_of_one_name_get_their_own_functions(void **state)
{
    (void)state;
    struct world world;
    struct guest guest;
    struct sw_err err = {0};
    struct engine_bound *bound = NULL;
    int one = 1;
    int ten = 10;
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&guest, world.engine,
               "(module (import \"a\" \"f\" (func $a (param i32) (result i32)))(import \"a\" \"f\" (func $b "
               "(param i32) (result i32)))"
               "(func (export \"go\") (param i32) (result i32) (i32.mul (call $a (local.get 0)) (call $b "
               "(local.get 0)))))");
    const struct engine_link links[] = {{.kind = ENGINE_LINK_HOST, .fn = seven, .env = &one},
                                        {.kind = ENGINE_LINK_HOST, .fn = seven, .env = &ten}};
    CHECK_OK(engine_module_bind(guest.module, links, 2, &bound, &err), &err);
    struct engine_store *store = world_store(&world, NULL, NULL);
    int32_t result = 0;
    CHECK_INT(world_call(&world, store, world_instantiate(store, bound), "go", 1, &result), 0);
    CHECK_INT(result, 2 * 11);
    engine_store_free(store);
    engine_bound_free(bound);
    guest_close(&guest);
    world_close(&world);
}

/* ---- links between instances ---- */

static void exports_of_every_kind_link(void **state)
{
    (void)state;
    struct world world;
    struct guest main_guest;
    struct guest side;
    struct sw_err err = {0};
    struct engine_bound *main_bound = NULL;
    struct engine_bound *side_bound = NULL;
    int ten = 10;
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&main_guest, world.engine,
               "(module (memory (export \"mem\") 1)(table (export \"tab\") 2 funcref)(global (export \"g\") "
               "(mut i32) (i32.const 5))"
               "(tag (export \"tag\"))(func (export \"f\") (param i32) (result i32) (i32.load (local.get "
               "0)))(data (i32.const 8) \"\\2a\"))");
    guest_open(&side, world.engine,
               "(module (import \"x\" \"mem\" (memory 1))(import \"x\" \"tab\" (table 2 funcref))(import "
               "\"x\" \"g\" (global $g (mut i32)))"
               "(import \"x\" \"tag\" (tag))(import \"x\" \"f\" (func $f (param i32) (result i32)))(import "
               "\"h\" \"h\" (func $h (param i32) (result i32)))"
               "(data (i32.const 16) \"\\63\")(export \"again\" (memory 0))"
               "(func (export \"go\") (param i32) (result i32) (global.set $g (i32.const 6)) (i32.store "
               "(i32.const 20) (i32.const 77))"
               "  (i32.add (call $f (i32.const 8)) (call $h (call $f (i32.const 16))))))");
    CHECK_OK(engine_module_bind(main_guest.module, NULL, 0, &main_bound, &err), &err);
    struct engine_link links[6] = {{0}};
    for (int i = 0; i < 5; i++)
        links[i] = (struct engine_link){
            .kind = ENGINE_LINK_EXPORT, .instance = 0, .name = side.core->imports[i].name};
    links[5] = (struct engine_link){.kind = ENGINE_LINK_HOST, .fn = seven, .env = &ten};
    CHECK_OK(engine_module_bind(side.module, links, 6, &side_bound, &err), &err);
    for (int round = 0; round < 3; round++) {
        struct engine_store *store = world_store(&world, NULL, NULL);
        struct engine_memory memory[2];
        uint64_t n = 0;
        int32_t result = 0;
        uint32_t a = world_instantiate(store, main_bound);
        uint32_t b = world_instantiate(store, side_bound);
        CHECK_INT(engine_instance_memory(store, a, SW_LIT("mem"), &memory[0]), 0);
        CHECK_INT(engine_instance_memory(store, b, SW_LIT("again"), &memory[1]), 0);
        CHECK(memory[0].slot == memory[1].slot);
        CHECK_INT(engine_memory_view(memory[0], &n)[20], 0); /* what the last round stored is gone */
        CHECK_INT(n, 65536);
        CHECK_INT(world_call(&world, store, b, "go", 0, &result), 0);
        CHECK_INT(result, 0x2a + 0x63 + 10);
        CHECK_INT(engine_memory_view(memory[0], &n)[20], 77);
        CHECK_INT(engine_instance_memory(store, a, SW_LIT("tab"), &memory[0]), SW_ABSENT);
        CHECK_INT(engine_instance_memory(store, 7, SW_LIT("mem"), &memory[0]), SW_ABSENT);
        engine_store_free(store);
    }
    struct engine_store *store = world_store(&world, NULL, NULL); /* in the wrong order */
    uint32_t instance = 0;
    CHECK_INT(engine_store_instantiate(store, side_bound, &instance, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "import 'x' 'mem': core instance 0 has no export 'mem'");
    engine_store_free(store);
    engine_bound_free(side_bound);
    engine_bound_free(main_bound);
    guest_close(&side);
    guest_close(&main_guest);
    world_close(&world);
}

static void an_export_of_the_wrong_type_is_refused(void **state)
{
    (void)state;
    struct world world;
    struct guest a;
    struct guest b;
    struct sw_err err = {0};
    struct engine_bound *bound = NULL;
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&a, world.engine, "(module (func (export \"f\") (param i64)))");
    guest_open(&b, world.engine, "(module (import \"x\" \"f\" (func (param i32))))");
    struct engine_bound *first = guest_bind(&a, NULL);
    const struct engine_link link = {.kind = ENGINE_LINK_EXPORT, .instance = 0, .name = SW_LIT("f")};
    CHECK_OK(engine_module_bind(b.module, &link, 1, &bound, &err), &err);
    struct engine_store *store = world_store(&world, NULL, NULL);
    uint32_t instance = world_instantiate(store, first);
    CHECK_INT(engine_store_instantiate(store, bound, &instance, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "incompatible import type");
    engine_store_free(store);
    engine_bound_free(bound);
    engine_bound_free(first);
    guest_close(&b);
    guest_close(&a);
    world_close(&world);
}

static void late_links_are_found_at_the_first_call(void **state)
{
    (void)state;
    struct world world;
    struct guest main_guest;
    struct guest adapter;
    struct guest wrong;
    struct sw_err err = {0};
    struct engine_bound *bound = NULL;
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&main_guest, world.engine,
               "(module (import \"x\" \"late\" (func $l (param i32) (result i32)))(import \"x\" \"other\" "
               "(func $o (param i32) (result i32)))"
               "(func (export \"go\") (param i32) (result i32) (i32.add (call $l (local.get 0)) (call $o "
               "(call $l (local.get 0))))))");
    guest_open(&adapter, world.engine,
               "(module (global $n (mut i32) (i32.const 0))(func (export \"late\") (param i32) (result i32) "
               "(global.set $n (i32.add (global.get $n)"
               " (i32.const 1))) (i32.add (local.get 0) (global.get $n)))(func (export \"other\") (param "
               "i32) (result i32) (i32.mul (local.get 0) (i32.const 100))))");
    guest_open(&wrong, world.engine, "(module (func (export \"late\") (param i64)))");
    const struct engine_link links[] = {{.kind = ENGINE_LINK_LATE, .instance = 1, .name = SW_LIT("late")},
                                        {.kind = ENGINE_LINK_LATE, .instance = 1, .name = SW_LIT("other")}};
    CHECK_OK(engine_module_bind(main_guest.module, links, 2, &bound, &err), &err);
    struct engine_bound *adapter_bound = guest_bind(&adapter, NULL);
    struct engine_bound *wrong_bound = guest_bind(&wrong, NULL);
    int32_t result = 0;
    for (int round = 0; round < 2; round++) { /* each store looks up for itself */
        struct engine_store *store = world_store(&world, NULL, NULL);
        uint32_t a = world_instantiate(store, bound);
        (void)world_instantiate(store, adapter_bound);
        CHECK_INT(world_call(&world, store, a, "go", 1, &result), 0);
        CHECK_INT(result, (1 + 1) + (1 + 2) * 100);
        engine_store_free(store);
    }
    struct engine_store *store = world_store(&world, NULL, NULL);
    CHECK_INT(world_call(&world, store, world_instantiate(store, bound), "go", 1, &result), -SW_EGUEST);
    CHECK_HAS(engine_store_failure(store)->text,
              "import 'x' 'late' was called before core instance 1 had an export 'late'");
    engine_store_free(store);
    store = world_store(&world, NULL, NULL);
    uint32_t a = world_instantiate(store, bound);
    (void)world_instantiate(store, wrong_bound);
    CHECK_INT(world_call(&world, store, a, "go", 1, &result), -SW_EGUEST);
    CHECK_HAS(engine_store_failure(store)->text, "has another type than export 'late' of core instance 1");
    engine_store_free(store);
    engine_bound_free(wrong_bound);
    engine_bound_free(adapter_bound);
    engine_bound_free(bound);
    guest_close(&wrong);
    guest_close(&adapter);
    guest_close(&main_guest);
    world_close(&world);
}

/* ---- numbers left out ---- */

struct later {
    struct engine_bound *bound;
    uint32_t number;
    uint32_t count;
    struct sw_err err;
};

static int make_later(void *arg, struct engine_store *store)
{
    struct later *later = arg;
    later->count++;
    return engine_store_instantiate_at(store, later->bound, later->number, &later->err);
}

static int host_make(void *env, struct engine_store *store, union engine_val *vals)
{
    struct later *later = env;
    struct engine_func func;
    (void)vals;
    CHECK_INT(engine_instance_func(store, later->number, SW_LIT("peek"), &func), SW_ABSENT);
    return engine_loop_side_wait(store, make_later, later, &later->err);
}

/* The guest's frames are on the fiber while the loop side makes an instance that imports the guest's memory. */
static void a_number_left_out_is_made_while_guest_code_waits(void **state)
{
    (void)state;
    struct world world;
    struct guest main_guest;
    struct guest adapter;
    struct engine_bound *bound = NULL;
    struct later later = {.number = 1};
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&main_guest, world.engine,
               "(module (import \"x\" \"make\" (func $m))(import \"x\" \"peek\" (func $p (param i32) (result "
               "i32)))(memory (export \"m\") 1)"
               "(func (export \"go\") (param i32) (result i32) (i32.store (i32.const 8) (local.get 0))(drop "
               "(memory.grow (i32.const 1)))(call $m)"
               "(i32.store (i32.const 65536) (i32.const 1))(i32.add (call $p (i32.const 8)) (call $p "
               "(i32.const 65536)))))");
    guest_open(&adapter, world.engine,
               "(module (import \"e\" \"m\" (memory 1))(func (export \"peek\") (param i32) (result i32) "
               "(i32.load (local.get 0))))");
    const struct engine_link links[] = {{.kind = ENGINE_LINK_HOST, .fn = host_make, .env = &later},
                                        {.kind = ENGINE_LINK_LATE, .instance = 1, .name = SW_LIT("peek")}};
    const struct engine_link memory = {.kind = ENGINE_LINK_EXPORT, .instance = 0, .name = SW_LIT("m")};
    CHECK_OK(engine_module_bind(main_guest.module, links, 2, &bound, &later.err), &later.err);
    CHECK_OK(engine_module_bind(adapter.module, &memory, 1, &later.bound, &later.err), &later.err);
    for (uint32_t round = 0; round < 4;
         round++) { /* in the last one it takes a number far beyond the others */
        struct engine_store *store = world_store(&world, NULL, NULL);
        int32_t result = 0;
        CHECK_INT(world_instantiate(store, bound), 0);
        CHECK_OK(engine_store_instantiate_at(store, bound, round == 3 ? 40 : 2, &later.err), &later.err);
        CHECK_INT(world_instantiate(store, bound), round == 3 ? 41 : 3);
        if (round > 0) /* a store without it is freed too */
            CHECK_INT(world_call(&world, store, round == 1 ? 2 : 0, "go", 41, &result),
                      round == 1 ? -SW_EGUEST : 0);
        if (round == 1) /* of instance 2; the adapter sees the memory of 0, which has not grown */
            CHECK_INT(engine_store_failure(store)->kind, ENGINE_TRAP_MEMORY_OUT_OF_BOUNDS);
        else
            CHECK_INT(result, round ? 42 : 0);
        engine_store_free(store);
    }
    CHECK_INT(later.count, 3);
    engine_bound_free(later.bound);
    engine_bound_free(bound);
    guest_close(&adapter);
    guest_close(&main_guest);
    world_close(&world);
}

/* ---- start sections ---- */

struct order {
    struct engine_bound *bound[2];
    uint32_t instance[2];
    unsigned next;
    struct sw_err err;
};

static int next_step(void *arg, struct engine_store *store)
{
    struct order *order = arg;
    int rc = engine_store_instantiate(store, order->bound[order->next], &order->instance[order->next],
                                      &order->err);
    order->next++;
    return rc;
}

static int order_fn(void *arg, struct engine_store *store)
{
    struct order *order = arg;
    for (int i = 0; i < 2; i++) {
        struct engine_func start;
        int rc = engine_loop_side_wait(store, next_step, order, &order->err);
        if (rc < 0)
            return rc;
        if (engine_instance_func(store, order->instance[i], ENGINE_START_EXPORT, &start) == 0)
            rc = engine_func_call(store, start, NULL, 0);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A's start writes a table entry that B's active segment then overwrites: only the right order gives 2. */
static void start_sections_run_in_the_order_of_instantiation(void **state)
{
    (void)state;
    struct world world;
    struct guest a;
    struct guest b;
    struct order order = {.next = 0};
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&a, world.engine,
               "(module (table (export \"t\") 1 funcref)(func $x (result i32) (i32.const 1))(elem declare "
               "func $x)(type $f (func (result i32)))"
               "(func $s (table.set 0 (i32.const 0) (ref.func $x)))(start $s)"
               "(func (export \"r\") (param i32) (result i32) (call_indirect (type $f) (i32.const 0))))");
    guest_open(&b, world.engine,
               "(module (import \"a\" \"t\" (table 1 funcref))(func $y (result i32) (i32.const 2))(elem "
               "(i32.const 0) func $y))");
    order.bound[0] = guest_bind(&a, NULL);
    const struct engine_link link = {.kind = ENGINE_LINK_EXPORT, .instance = 0, .name = SW_LIT("t")};
    CHECK_OK(engine_module_bind(b.module, &link, 1, &order.bound[1], &order.err), &order.err);
    struct engine_store *store = world_store(&world, NULL, NULL);
    CHECK_OK(world_run(&world, store, order_fn, &order), &order.err);
    int32_t result = 0;
    CHECK_INT(world_call(&world, store, 0, "r", 0, &result), 0);
    CHECK_INT(result, 2);
    engine_store_free(store);
    engine_bound_free(order.bound[1]);
    engine_bound_free(order.bound[0]);
    guest_close(&b);
    guest_close(&a);
    world_close(&world);
}

static void an_out_of_bounds_segment_that_could_not_be_stripped_traps(void **state)
{
    (void)state;
    struct world world;
    struct guest guest;
    struct guest globals;
    struct sw_err err = {0};
    struct engine_bound *bound = NULL;
    uint32_t instance = 0;
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&globals, world.engine, "(module (global (export \"g\") i32 (i32.const 65535)))");
    guest_open(&guest, world.engine,
               "(module (import \"e\" \"g\" (global i32))(memory 1)(data (global.get 0) \"abc\"))");
    struct engine_bound *first = guest_bind(&globals, NULL);
    const struct engine_link link = {.kind = ENGINE_LINK_EXPORT, .instance = 0, .name = SW_LIT("g")};
    CHECK_OK(engine_module_bind(guest.module, &link, 1, &bound, &err), &err);
    struct engine_store *store = world_store(&world, NULL, NULL);
    (void)world_instantiate(store, first);
    CHECK_INT(engine_store_instantiate(store, bound, &instance, &err), -SW_EGUEST);
    CHECK_HAS(err.text, "memory access out of bounds");
    CHECK_INT(engine_store_failure(store)->kind, ENGINE_TRAP_MEMORY_OUT_OF_BOUNDS);
    engine_store_free(store);
    engine_bound_free(bound);
    engine_bound_free(first);
    guest_close(&guest);
    guest_close(&globals);
    world_close(&world);
}

static void files_that_do_not_belong_are_refused(void **state)
{
    (void)state;
    struct world world;
    struct guest a;
    struct guest b;
    struct sw_err err = {0};
    struct engine_module *module = NULL;
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&a, world.engine, "(module (memory 1)(func (export \"f\"))(data (i32.const 0) \"abc\"))");
    guest_open(&b, world.engine, "(module (memory 1)(data (i32.const 0) \"abcd\"))");
    CHECK_INT(engine_module_open(world.engine, a.core, a.cwasm_fd, b.image_fd, &module, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "the memory image has 4 bytes, the module's data needs 3");
    CHECK_INT(engine_module_open(world.engine, a.core, b.cwasm_fd, a.image_fd, &module, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "does not belong to this core module");
    CHECK_INT(engine_module_open(world.engine, a.core, a.image_fd, a.image_fd, &module, &err), -SW_EINPUT);
    CHECK_INT(engine_module_open(world.engine, a.core, a.cwasm_fd, -1, &module, &err), -SW_EIO);
    guest_close(&b);
    guest_close(&a);
    world_close(&world);
}

static void heaps_of_wasmtime_live_in_slots_too(void **state)
{
    (void)state;
    struct world world;
    struct guest guest;
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&guest, world.engine,
               "(module (memory (export \"m\") 0 9)(memory (export \"n\") 1)(type $s (struct (field "
               "i32)))(table 3 externref)"
               "(func (export \"go\") (param i32) (result i32) (drop (memory.grow 0 (i32.const 1))) "
               "(i32.store (i32.const 4) (i32.const 9))"
               "  (struct.get $s 0 (struct.new $s (local.get 0)))))");
    struct engine_bound *bound = guest_bind(&guest, NULL);
    for (int round = 0; round < 3; round++) {
        struct engine_store *store = world_store(&world, NULL, NULL);
        uint32_t instance = world_instantiate(store, bound);
        struct engine_memory memory;
        uint64_t n = 0;
        int32_t result = 0;
        CHECK_INT(world_call(&world, store, instance, "go", 55, &result), 0);
        CHECK_INT(result, 55);
        CHECK_INT(engine_instance_memory(store, instance, SW_LIT("m"), &memory), 0);
        const uint8_t *base = engine_memory_view(memory, &n);
        CHECK_INT(n, 65536);
        CHECK(base[4] == 9 && base[0] == 0);
        CHECK_INT(engine_instance_memory(store, instance, SW_LIT("n"), &memory), 0);
        (void)engine_memory_view(memory, &n);
        CHECK_INT(n, 65536);
        engine_store_free(store);
    }
    engine_bound_free(bound);
    guest_close(&guest);
    world_close(&world);
}

static void memory64_works(void **state)
{
    (void)state;
    struct world world;
    struct guest guest;
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(
        &guest, world.engine,
        "(module (memory (export \"m\") i64 1)(data (i64.const 8) \"\\07\")"
        "(func (export \"get\") (param i32) (result i32) (i32.load8_u (i64.extend_i32_u (local.get 0))))"
        "(func (export \"far\") (param i32) (result i32) (i32.load8_u (i64.const 0x100000000)))"
        "(func (export \"grow\") (param i32) (result i32) (i32.wrap_i64 (memory.grow (i64.extend_i32_u "
        "(local.get 0))))))");
    struct engine_bound *bound = guest_bind(&guest, NULL);
    struct engine_store *store = world_store(&world, NULL, NULL);
    uint32_t instance = world_instantiate(store, bound);
    int32_t result = 0;
    CHECK_INT(world_call(&world, store, instance, "get", 8, &result), 0);
    CHECK_INT(result, 7);
    CHECK_INT(world_call(&world, store, instance, "grow", 2, &result), 0);
    CHECK_INT(result, 1);
    CHECK_INT(world_call(&world, store, instance, "grow", 70000, &result), 0);
    CHECK_INT(result, -1);
    CHECK_INT(world_call(&world, store, instance, "far", 0, &result), -SW_EGUEST);
    CHECK_INT(engine_store_failure(store)->kind, ENGINE_TRAP_MEMORY_OUT_OF_BOUNDS);
    engine_store_free(store);
    engine_bound_free(bound);
    guest_close(&guest);
    world_close(&world);
}

struct ender {
    struct engine_store *store;
    bool done;
};

static int ender_fn(void *arg, struct engine_store *store)
{
    (void)arg;
    (void)store;
    return 0;
}

static void ender_done(void *arg, int rc)
{
    struct ender *ender = arg;
    CHECK_INT(rc, 0);
    engine_store_free(ender->store);
    ender->done = true;
}

static void done_may_free_the_store(void **state)
{
    (void)state;
    struct world world;
    struct sw_err err = {0};
    world_open(&world, ENGINE_RESET_AUTO);
    struct ender ender[3] = {{0}};
    for (int i = 0; i < 3; i++) {
        struct engine_call *call = NULL;
        ender[i].store = world_store(&world, NULL, NULL);
        CHECK_OK(engine_call_start(ender[i].store, ender_fn, ender_done, &ender[i], &call, &err), &err);
    }
    (void)fake_loop_run(world.loop, 100);
    CHECK(ender[0].done && ender[1].done && ender[2].done);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_are_checked_when_bound),
        cmocka_unit_test(two_imports_of_one_name_get_their_own_functions),
        cmocka_unit_test(exports_of_every_kind_link),
        cmocka_unit_test(an_export_of_the_wrong_type_is_refused),
        cmocka_unit_test(late_links_are_found_at_the_first_call),
        cmocka_unit_test(a_number_left_out_is_made_while_guest_code_waits),
        cmocka_unit_test(start_sections_run_in_the_order_of_instantiation),
        cmocka_unit_test(an_out_of_bounds_segment_that_could_not_be_stripped_traps),
        cmocka_unit_test(files_that_do_not_belong_are_refused),
        cmocka_unit_test(heaps_of_wasmtime_live_in_slots_too),
        cmocka_unit_test(memory64_works),
        cmocka_unit_test(done_may_free_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
