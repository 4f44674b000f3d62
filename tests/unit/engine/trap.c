/* trap.c - what stops a guest is recorded by kind, with a sentence and the frames. */
#include "check.h"
#include "guest.h"

static int refuse(void *env, struct engine_store *store, union engine_val *vals)
{
    (void)env;
    (void)vals;
    return engine_store_fail(store, ENGINE_TRAP_EXIT, "exit code %d", 3);
}

static int refuse_silently(void *env, struct engine_store *store, union engine_val *vals)
{
    (void)env;
    (void)store;
    (void)vals;
    return -SW_EDENIED;
}

#define I32(name, body) "(func (export \"" name "\") (param i32) (result i32) " body ")"
#define TRAPS                                                                                                \
    "(module (import \"h\" \"exit\" (func $e (param i32) (result i32)))(import \"h\" \"deny\" (func $d "     \
    "(param i32) (result i32)))"                                                                             \
    "(type $v (func))(type $s (struct (field i32)))(tag $t)(memory (export \"m\") 1)(table $tb 3 "           \
    "funcref)(elem (i32.const 1) $f)"                                                                        \
    "(func $f (param i64))(func $deep (export \"deep\") (param i32) (result i32) (i32.add (i32.const 1) "    \
    "(call $deep (local.get 0))))" I32("unreachable", "unreachable")                                         \
        I32("load", "(i32.load (i32.const 65536))")                                                          \
            I32("loadfar", "(i32.load offset=4294967295 (i32.const -1))")                                    \
                I32("fill", "(memory.fill (i32.const 65530) (i32.const 0) (i32.const 7)) (i32.const 0)")     \
                    I32("table", "(drop (table.get $tb (i32.const 3))) (i32.const 0)")                       \
                        I32("null", "(call_indirect (type $v) (i32.const 0)) (i32.const 0)")                 \
                            I32("sig", "(call_indirect (type $v) (i32.const 1)) (i32.const 0)")              \
                                I32("outside", "(call_indirect (type $v) (i32.const 9)) (i32.const 0)")      \
                                    I32("div", "(i32.div_s (i32.const 1) (i32.const 0))")                    \
                                        I32("overflow", "(i32.div_s (i32.const 0x80000000) (i32.const -1))") \
                                            I32("trunc", "(i32.trunc_f32_s (f32.const nan))")                \
                                                I32("throw", "(throw $t)")                                   \
                                                    I32("nullref", "(struct.get $s 0 (ref.null $s))")        \
                                                        I32("exit", "(call $e (i32.const 0))")               \
                                                            I32("deny", "(call $d (i32.const 0))")           \
                                                                I32("fine", "(i32.const 1)") ")"

static const struct {
    const char *export;
    enum engine_trap kind;
    const char *text;
    const char *frames;
} traps[] = {
    {"unreachable", ENGINE_TRAP_UNREACHABLE, "'unreachable'", "  0: function 4\n"},
    {"deep", ENGINE_TRAP_STACK_OVERFLOW, "stack is exhausted", "  0: deep\n  1: deep\n"},
    {"load", ENGINE_TRAP_MEMORY_OUT_OF_BOUNDS, "out of bounds", "  0: "},
    {"loadfar", ENGINE_TRAP_MEMORY_OUT_OF_BOUNDS, "out of bounds", "  0: "},
    {"fill", ENGINE_TRAP_MEMORY_OUT_OF_BOUNDS, "out of bounds", "  0: "},
    {"table", ENGINE_TRAP_TABLE_OUT_OF_BOUNDS, "out of bounds", "  0: "},
    {"outside", ENGINE_TRAP_TABLE_OUT_OF_BOUNDS, "out of bounds", "  0: "},
    {"null", ENGINE_TRAP_INDIRECT_CALL_NULL, "empty table entry", "  0: "},
    {"sig", ENGINE_TRAP_BAD_SIGNATURE, "another type", "  0: "},
    {"div", ENGINE_TRAP_DIVISION_BY_ZERO, "division by zero", "  0: "},
    {"overflow", ENGINE_TRAP_INTEGER_OVERFLOW, "overflow", "  0: "},
    {"trunc", ENGINE_TRAP_BAD_CONVERSION, "invalid", "  0: "},
    {"throw", ENGINE_TRAP_UNCAUGHT_EXCEPTION, "nobody caught", "  0: "},
    {"nullref", ENGINE_TRAP_OTHER, "null reference", "  0: "},
    {"exit", ENGINE_TRAP_EXIT, "exit code 3", "  0: "},
    {"deny", ENGINE_TRAP_HOST, "a host function refused", "  0: "},
};

static void each_trap_has_its_kind(void **state)
{
    (void)state;
    struct world world;
    struct guest guest;
    const struct guest_host hosts[] = {
        {"exit", refuse, NULL}, {"deny", refuse_silently, NULL}, {NULL, NULL, NULL}};
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&guest, world.engine, TRAPS);
    struct engine_bound *bound = guest_bind(&guest, hosts);
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) {
        struct engine_store *store = world_store(&world, NULL, NULL);
        int32_t result = 0;
        uint32_t instance = world_instantiate(store, bound);
        CHECK_INT(engine_store_failure(store)->kind, ENGINE_TRAP_NONE);
        int rc = world_call(&world, store, instance, traps[i].export, 0, &result);
        const struct engine_failure *failure = engine_store_failure(store);
        if (rc != -SW_EGUEST || failure->kind != traps[i].kind)
            print_error("%s: rc %d kind %s: %s\n%s", traps[i].export, rc, engine_trap_name(failure->kind),
                        failure->text, failure->frames);
        CHECK_INT(rc, -SW_EGUEST);
        CHECK_INT(failure->kind, traps[i].kind);
        CHECK_HAS(failure->text, traps[i].text);
        CHECK_HAS(failure->frames, traps[i].frames);
        CHECK(engine_trap_name(failure->kind)[0]);
        (void)engine_store_fail(store, ENGINE_TRAP_COMPONENT, "later"); /* the first failure wins */
        CHECK_INT(failure->kind, traps[i].kind);
        engine_store_free(store);
    }
    struct engine_store *store = world_store(&world, NULL, NULL); /* nothing of the failures is left */
    int32_t result = 0;
    CHECK_INT(world_call(&world, store, world_instantiate(store, bound), "fine", 0, &result), 0);
    CHECK_INT(result, 1);
    struct engine_stats stats;
    engine_stats_read(world.engine, &stats);
    CHECK_INT(stats.traps, sizeof traps / sizeof *traps);
    engine_store_free(store);
    engine_bound_free(bound);
    guest_close(&guest);
    world_close(&world);
}

static int throws(void *env, struct engine_store *store, union engine_val *vals)
{
    (void)env;
    return guest_call(store, 0, "throw", 0, &vals[0].i32);
}

static void an_exception_does_not_pass_through_the_host(void **state)
{
    (void)state;
    struct world world;
    struct guest guest;
    const struct guest_host hosts[] = {{"t", throws, NULL}, {NULL, NULL, NULL}};
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&guest, world.engine,
               "(module (import \"h\" \"t\" (func $t (param i32) (result i32)))(tag $e)(func (export "
               "\"throw\") (param i32) (result i32) (throw $e))"
               "(func (export \"go\") (param i32) (result i32) (block $c (try_table (catch_all $c) (drop "
               "(call $t (i32.const 0))))) (i32.const 1)))");
    struct engine_bound *bound = guest_bind(&guest, hosts);
    struct engine_store *store = world_store(&world, NULL, NULL);
    int32_t result = 0;
    CHECK_INT(world_call(&world, store, world_instantiate(store, bound), "go", 0, &result), -SW_EGUEST);
    CHECK_INT(engine_store_failure(store)->kind, ENGINE_TRAP_UNCAUGHT_EXCEPTION);
    engine_store_free(store);
    engine_bound_free(bound);
    guest_close(&guest);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_trap_has_its_kind),
        cmocka_unit_test(an_exception_does_not_pass_through_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
