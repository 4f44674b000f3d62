/* limits.c - what a store and the engine may use, and what they give back. */
#include <stdio.h>
#include <sys/mman.h>

#include "check.h"
#include "engine/limits.h"
#include "guest.h"

static void memories_are_limited_together(void **state)
{
    (void)state;
    struct world world;
    struct guest guest;
    struct sw_err err = {0};
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&guest, world.engine,
               "(module (memory (export \"a\") 1)(memory (export \"b\") 2)(func (export \"ga\") (param i32) "
               "(result i32) (memory.grow 0 (local.get 0)))"
               "(func (export \"gb\") (param i32) (result i32) (memory.grow 1 (local.get 0))))");
    struct engine_bound *bound = guest_bind(&guest, NULL);
    struct engine_store *store =
        world_store(&world, &(struct engine_limits){.memory_bytes_max = 8 * 65536}, NULL);
    uint32_t instance = world_instantiate(store, bound);
    int32_t result = 0;
    CHECK_INT(world_call(&world, store, instance, "ga", 3, &result), 0);
    CHECK_INT(result, 1);
    CHECK_INT(world_call(&world, store, instance, "gb", 3, &result), 0); /* 4 + 2 + 3 > 8 */
    CHECK_INT(result, -1);
    CHECK_INT(world_call(&world, store, instance, "gb", 2, &result), 0);
    CHECK_INT(result, 2);
    CHECK_INT(world_call(&world, store, instance, "ga", 1, &result), 0);
    CHECK_INT(result, -1);
    CHECK_INT(world_call(&world, store, instance, "ga", 65536, &result), 0);
    CHECK_INT(result, -1);
    CHECK_INT(engine_store_instantiate(store, bound, &instance, &err),
              -SW_ELIMIT); /* no room for another instance's minimum */
    CHECK_HAS(err.text, "passes the limit of 524288 for all memories together");
    engine_store_free(store);
    store = world_store(&world, &(struct engine_limits){.memory_bytes_max = 8 * 65536},
                        NULL); /* nothing is still counted */
    instance = world_instantiate(store, bound);
    struct engine_memory memory;
    uint64_t n = 0;
    CHECK_INT(engine_instance_memory(store, instance, SW_LIT("a"), &memory), 0);
    (void)engine_memory_view(memory, &n);
    CHECK_INT(n, 65536);
    engine_store_free(store);
    engine_bound_free(bound);
    guest_close(&guest);
    world_close(&world);
}

static void tables_and_slots_are_limited(void **state)
{
    (void)state;
    struct world world = {.loop = fake_loop_new()};
    struct guest guest;
    struct guest other;
    struct sw_err err = {0};
    CHECK_OK(engine_new(&(struct engine_config){.slots_max = 2}, world.loop, &world.engine, &err), &err);
    guest_open(&guest, world.engine,
               "(module (memory 1)(table 10 funcref)(func (export \"tg\") (param i32) (result i32) "
               "(table.grow (ref.null func) (local.get 0))))");
    guest_open(&other, world.engine, "(module (memory 1))");
    struct engine_bound *bound = guest_bind(&guest, NULL);
    struct engine_bound *other_bound = guest_bind(&other, NULL);
    const struct engine_limits limits = {.table_elements_max = 20};
    struct engine_store *store = world_store(&world, &limits, NULL);
    uint32_t instance = world_instantiate(store, bound);
    int32_t result = 0;
    CHECK_INT(world_call(&world, store, instance, "tg", 10, &result), 0);
    CHECK_INT(result, 10);
    CHECK_INT(world_call(&world, store, instance, "tg", 1, &result), 0);
    CHECK_INT(result, -1);
    struct engine_store *second = world_store(&world, &(struct engine_limits){.table_elements_max = 9}, NULL);
    CHECK_INT(engine_store_instantiate(second, bound, &instance, &err), -SW_ELIMIT);
    CHECK_HAS(err.text, "a table of 10 elements passes the limit of 9");
    (void)world_instantiate(second, other_bound);
    struct engine_store *third = world_store(&world, NULL, NULL);
    CHECK_INT(engine_store_instantiate(third, other_bound, &instance, &err), -SW_ELIMIT);
    CHECK_HAS(err.text, "all 2 memory slots are in use");
    engine_store_free(store); /* its free slot is of another module: it gives way */
    (void)world_instantiate(third, other_bound);
    struct engine_stats stats;
    engine_stats_read(world.engine, &stats);
    CHECK(stats.slots_now == 2 && stats.slots_busy == 2);
    engine_store_free(third);
    engine_store_free(second);
    engine_bound_free(other_bound);
    engine_bound_free(bound);
    guest_close(&other);
    guest_close(&guest);
    world_close(&world);
}

static void cold_slots_and_stacks_are_given_back(void **state)
{
    (void)state;
    struct world world;
    struct guest guest;
    struct engine_store *stores[4];
    struct engine_stats stats;
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&guest, world.engine, "(module (memory 1))");
    struct engine_bound *bound = guest_bind(&guest, NULL);
    for (int i = 0; i < 4; i++) {
        stores[i] = world_store(&world, NULL, NULL);
        (void)world_instantiate(stores[i], bound);
    }
    for (int i = 0; i < 4; i++)
        engine_store_free(stores[i]);
    engine_stats_read(world.engine, &stats);
    CHECK_INT(stats.slots_now, 4);
    for (int i = 0; i < 8; i++) {
        fake_loop_advance(world.loop, ENGINE_IDLE_MS / 4);
        struct engine_store *store = world_store(&world, NULL, NULL);
        (void)world_instantiate(store, bound);
        engine_store_free(store);
    }
    engine_stats_read(world.engine, &stats);
    CHECK_INT(stats.slots_now, 1); /* the one in use every time */
    engine_bound_free(bound);
    guest_close(&guest);
    world_close(&world);
}

static void huge_instances_count_as_memory(void **state)
{
    (void)state;
    struct world world;
    struct guest guest;
    struct sw_err err = {0};
    char *wat = test_malloc(1u << 20);
    size_t n = (size_t)snprintf(wat, 64, "(module ");
    for (int i = 0; i < 20000; i++)
        n += (size_t)snprintf(wat + n, 64, "(global (mut i64) (i64.const 0))");
    (void)snprintf(wat + n, 8, ")");
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&guest, world.engine, wat);
    test_free(wat);
    struct engine_bound *bound = guest_bind(&guest, NULL);
    struct engine_store *store =
        world_store(&world, &(struct engine_limits){.memory_bytes_max = 1u << 20}, NULL);
    uint32_t made = 0;
    while (engine_store_instantiate(store, bound, &made, &err) == 0)
        CHECK(made < 10);
    CHECK_INT(made, 3); /* 320,000 bytes each, 65,536 of them free */
    CHECK_INT(err.code, SW_ELIMIT);
    CHECK_HAS(err.text, "20000 globals passes the limit of 1048576");
    engine_store_free(store);
    engine_bound_free(bound);
    guest_close(&guest);
    world_close(&world);
}

static void many_instances_fit_in_a_store(void **state)
{
    (void)state;
    struct world world;
    struct guest guest;
    struct sw_err err = {0};
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&guest, world.engine,
               "(module (func (export \"id\") (param i32) (result i32) (local.get 0)))");
    struct engine_bound *bound = guest_bind(&guest, NULL);
    struct engine_store *store = world_store(&world, NULL, NULL);
    for (uint32_t i = 0; i < ENGINE_STORE_INSTANCES_MAX; i++)
        CHECK_INT(world_instantiate(store, bound), i);
    uint32_t instance = 0;
    CHECK_INT(engine_store_instantiate(store, bound, &instance, &err), -SW_ELIMIT);
    int32_t result = 0;
    CHECK_INT(world_call(&world, store, 999, "id", 12, &result), 0);
    CHECK_INT(result, 12);
    engine_store_free(store);
    engine_bound_free(bound);
    guest_close(&guest);
    world_close(&world);
}

/* What growth opened before the system refused the rest must be closed again: bounds checks rely on it, and a reset looks only at what
 * belongs to the memory. A hole in the reservation makes the system refuse. */
static void growth_that_fails_half_way_opens_nothing(void **state)
{
    (void)state;
    struct world world;
    struct guest guest;
    world_open(&world, ENGINE_RESET_AUTO);
    guest_open(&guest, world.engine,
               "(module (memory (export \"m\") 1)(func (export \"grow\") (param i32) (result i32) "
               "(memory.grow (local.get 0)))"
               "(func (export \"load\") (param i32) (result i32) (i32.load (local.get 0))))");
    struct engine_bound *bound = guest_bind(&guest, NULL);
    struct engine_store *store = world_store(&world, NULL, NULL);
    uint32_t instance = world_instantiate(store, bound);
    struct engine_memory memory;
    uint64_t n = 0;
    CHECK_INT(engine_instance_memory(store, instance, SW_LIT("m"), &memory), 0);
    uint8_t *hole = engine_memory_view(memory, &n) + 3 * 65536;
    CHECK_INT(munmap(hole, 65536), 0);
    int32_t result = 0;
    CHECK_INT(world_call(&world, store, instance, "grow", 8, &result), 0);
    CHECK(mmap(hole, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) ==
          hole);
    CHECK_INT(result, -1);
    CHECK_INT(world_call(&world, store, instance, "load", 65536, &result), -SW_EGUEST);
    CHECK_INT(engine_store_failure(store)->kind, ENGINE_TRAP_MEMORY_OUT_OF_BOUNDS);
    engine_store_free(store);
    engine_bound_free(bound);
    guest_close(&guest);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memories_are_limited_together),
        cmocka_unit_test(growth_that_fails_half_way_opens_nothing),
        cmocka_unit_test(tables_and_slots_are_limited),
        cmocka_unit_test(cold_slots_and_stacks_are_given_back),
        cmocka_unit_test(huge_instances_count_as_memory),
        cmocka_unit_test(many_instances_fit_in_a_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
