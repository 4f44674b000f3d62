/* keeper.c - host functions that modules with imported memories share among stores. */
#include "check.h"

#include "guest.h"

#define STORES 50

struct owner {
    struct engine_store *store;
    int32_t calls;
};

/* Adds its environment, and knows which store called it. */
static int add(void *env, struct engine_store *store, union engine_val *vals)
{
    struct owner *owner = engine_store_owner(store);
    CHECK(owner->store == store);
    owner->calls++;
    vals[0].u64 = (uint32_t)(vals[0].i32 + *(const int *)env);
    return 0;
}

static int refuse(void *env, struct engine_store *store, union engine_val *vals)
{
    (void)env;
    (void)vals;
    return engine_store_fail(store, ENGINE_TRAP_HOST, "refused");
}

/* Calls its host functions directly, through its own table, and through an export of them. */
static const char adapter_wat[] =
    "(module (import \"m\" \"mem\" (memory 1)) (import \"h\" \"one\" (func $one (param i32) (result i32)))"
    " (import \"h\" \"ten\" (func $ten (param i32) (result i32))) (import \"h\" \"no\" (func $no (param i32) "
    "(result i32)))"
    " (import \"m\" \"twice\" (func $twice (param i32) (result i32)))"
    " (type $t (func (param i32) (result i32))) (table 2 funcref) (elem (i32.const 0) func $one $ten)"
    " (export \"again\" (func $ten)) (export \"no\" (func $no))"
    " (func (export \"go\") (param i32) (result i32)"
    "  (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (call $one (local.get 0))))"
    "  (call $twice (i32.add (i32.load (i32.const 0)) (call_indirect (type $t) (local.get 0) (i32.const "
    "1))))))";

static void open_adapter(struct world *world, struct guest *main_guest, struct guest *adapter,
                         struct engine_bound **ret_main, struct engine_bound **ret_adapter)
{
    static int one = 1, ten = 10;
    struct sw_err err = {0};
    guest_open(main_guest, world->engine,
               "(module (memory (export \"mem\") 1) (func (export \"twice\") (param i32) (result i32)"
               " (i32.mul (local.get 0) (i32.const 2))))");
    guest_open(adapter, world->engine, adapter_wat);
    const struct engine_link links[] = {{.kind = ENGINE_LINK_EXPORT, .name = SW_LIT("mem")},
                                        {.kind = ENGINE_LINK_HOST, .fn = add, .env = &one},
                                        {.kind = ENGINE_LINK_HOST, .fn = add, .env = &ten},
                                        {.kind = ENGINE_LINK_HOST, .fn = refuse},
                                        {.kind = ENGINE_LINK_EXPORT, .name = SW_LIT("twice")}};
    CHECK_OK(engine_module_bind(main_guest->module, NULL, 0, ret_main, &err), &err);
    CHECK_OK(engine_module_bind(adapter->module, links, 5, ret_adapter, &err), &err);
}

static void each_store_calls_its_own_host_functions(void **state)
{
    (void)state;
    struct world world;
    struct guest main_guest, adapter;
    struct engine_bound *bounds[2] = {NULL, NULL};
    struct owner owners[STORES] = {{.calls = 0}};
    world_open(&world, ENGINE_RESET_AUTO);
    open_adapter(&world, &main_guest, &adapter, &bounds[0], &bounds[1]);
    for (int i = 0; i < STORES; i++) { /* all alive at once, the first ended first */
        owners[i].store = world_store(&world, NULL, &owners[i]);
        CHECK_INT(world_instantiate(owners[i].store, bounds[0]), 0);
        CHECK_INT(world_instantiate(owners[i].store, bounds[1]), 1);
    }
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < STORES; i++) {
            int32_t result = 0;
            CHECK_INT(world_call(&world, owners[i].store, 1, "go", i, &result), 0);
            CHECK_INT(result, 2 * ((round + 1) * (i + 1) + i + 10));
            CHECK_INT(world_call(&world, owners[i].store, 1, "again", i, &result), 0);
            CHECK_INT(result, i + 10);
            CHECK_INT(owners[i].calls, 3 * (round + 1));
        }
    }
    for (int i = 0; i < STORES; i++) {
        int32_t result = 0;
        CHECK_INT(world_call(&world, owners[i].store, 1, "no", 0, &result), -SW_EGUEST);
        CHECK_STR(sw_str_of(engine_store_failure(owners[i].store)->text), "refused");
        engine_store_free(owners[i].store);
    }
    engine_bound_free(bounds[1]);
    engine_bound_free(bounds[0]);
    guest_close(&adapter);
    guest_close(&main_guest);
    world_close(&world);
}

static void binding_again_and_again_leaves_no_slot_behind(void **state)
{
    (void)state;
    struct world world;
    struct engine_stats stats;
    world_open(&world, ENGINE_RESET_AUTO);
    for (int i = 0; i < 3; i++) {
        struct guest main_guest, adapter;
        struct engine_bound *bounds[2] = {NULL, NULL};
        open_adapter(&world, &main_guest, &adapter, &bounds[0], &bounds[1]);
        engine_stats_read(world.engine, &stats);
        CHECK_INT(stats.slots_now, 0);
        CHECK_INT(stats.instances, 0);
        engine_bound_free(bounds[1]);
        engine_bound_free(bounds[0]);
        guest_close(&adapter);
        guest_close(&main_guest);
    }
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_store_calls_its_own_host_functions),
        cmocka_unit_test(binding_again_and_again_leaves_no_slot_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
