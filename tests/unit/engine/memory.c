/* memory.c - what all guests hold together: counted exactly, limited, given back. */
#include "check.h"
#include "engine/limits.h"
#include "guest.h"

#define PAGE UINT64_C(65536)
#define MIB (UINT64_C(1) << 20)

/* From 16 MiB on a memory that begins with 32 MiB; "touch" writes to the first byte of each of the machine's pages. */
#define WAT                                                                                                  \
    "(module (import \"h\" \"park\" (func $park (param i32) (result i32)))"                                  \
    " (memory (export \"m\") 512 1024)(data (i32.const 16) \"image\")"                                       \
    " (func (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0)))"                         \
    " (func $touch (export \"touch\") (param $n i32) (result i32) (local $i i32)"                            \
    "  (loop $on (if (i32.lt_u (local.get $i) (local.get $n)) (then"                                         \
    "   (i32.store8 (i32.mul (local.get $i) (i32.const 4096)) (i32.const 7))"                                \
    "   (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $on)))) (local.get $n))"                   \
    " (func (export \"touch_end\") (param $n i32) (result i32) (local $i i32)"                               \
    "  (loop $on (if (i32.lt_u (local.get $i) (local.get $n)) (then"                                         \
    "   (i32.store8 (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.add (i32.const 1)"               \
    "    (i32.mul (local.get $i) (i32.const 4096)))) (i32.const 7))"                                         \
    "   (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $on)))) (local.get $n))"                   \
    " (func (export \"touch_spin\") (param i32) (result i32) (drop (call $touch (local.get 0)))"             \
    "  (loop $on (br $on)) (i32.const 0))"                                                                   \
    " (func (export \"touch_park\") (param i32) (result i32) (drop (call $touch (local.get 0)))"             \
    "  (call $park (i32.const 0)))"                                                                          \
    " (func (export \"trap\") (param i32) (result i32) (drop (call $touch (local.get 0))) (unreachable)))"

struct place {
    struct world world;
    struct guest guest;
    struct engine_bound *bound;
};

static int park(void *env, struct engine_store *store, union engine_val *vals)
{
    struct sw_err err;
    (void)env;
    vals[0].i32 = 0;
    return engine_park_wait(store, &err);
}

static void place_open(struct place *place, enum engine_reset reset, uint64_t memory_bytes_max)
{
    const struct engine_config config = {.reset = reset, .memory_bytes_max = memory_bytes_max};
    static const struct guest_host hosts[] = {{"park", park, NULL}, {NULL, NULL, NULL}};
    world_open_with(&place->world, &config);
    guest_open(&place->guest, place->world.engine, WAT);
    place->bound = guest_bind(&place->guest, hosts);
}

static struct engine_stats stats_of(const struct place *place)
{
    struct engine_stats stats;
    engine_stats_read(place->world.engine, &stats);
    return stats;
}

static void place_close(struct place *place)
{
    CHECK_INT(stats_of(place).memory_busy, 0);
    engine_bound_free(place->bound);
    guest_close(&place->guest);
    CHECK_INT(stats_of(place).memory_free, 0); /* its slots are unmapped */
    world_close(&place->world);
}

static struct engine_store *begin(struct place *place)
{
    struct engine_store *store =
        world_store(&place->world, &(struct engine_limits){.cpu_ms_max = 20000}, NULL);
    CHECK_INT(world_instantiate(store, place->bound), 0);
    return store;
}

static int32_t call(struct place *place, struct engine_store *store, const char *name, uint32_t arg)
{
    int32_t result = 0;
    CHECK_INT(world_call(&place->world, store, 0, name, (int32_t)arg, &result), 0);
    return result;
}

static void growth_is_limited_for_all_stores_together(void **state)
{
    (void)state;
    struct place place;
    struct engine_usage usage;
    place_open(&place, ENGINE_RESET_AUTO, 16 * MIB);
    struct engine_store *a = begin(&place);
    struct engine_store *b = begin(&place);
    struct engine_store *c = begin(&place);
    CHECK_INT(stats_of(&place).memory_busy, 0); /* 96 MiB are declared, and nothing is held */
    CHECK_INT(call(&place, a, "grow", 128), 512);
    CHECK_INT(call(&place, b, "grow", 128), -1);
    engine_store_usage(b, &usage);
    CHECK_INT(usage.worker_refused, 16 * MIB);
    CHECK_INT(usage.memory_refused, 0);
    CHECK_INT(call(&place, b, "grow", 112),
              512); /* 15 MiB: the last sixteenth is not for those that hold much */
    CHECK_INT(call(&place, b, "grow", 1), -1);
    CHECK_INT(call(&place, c, "grow", 2), -1);
    CHECK_INT(call(&place, c, "grow", 1), 512); /* a 256th: little */
    CHECK_INT(stats_of(&place).memory_busy, 15 * MIB + PAGE);
    CHECK_INT(stats_of(&place).memory_refusals, 3);
    engine_store_free(a);
    CHECK_INT(stats_of(&place).memory_busy, 7 * MIB + PAGE);
    CHECK_INT(call(&place, b, "grow", 120), 624);
    engine_store_free(b);
    engine_store_free(c);
    a = begin(&place);
    CHECK_INT(call(&place, a, "grow", 240), 512); /* all is free again */
    engine_store_free(a);
    place_close(&place);
}

static void even_little_ends_at_the_limit(void **state)
{
    (void)state;
    struct place place;
    struct engine_store *stores[20];
    struct sw_err err = {0};
    uint32_t instance;
    place_open(&place, ENGINE_RESET_AUTO, 16 * MIB);
    stores[0] = begin(&place);
    CHECK_INT(call(&place, stores[0], "grow", 240), 512);
    for (int i = 1; i < 20; i++) {
        stores[i] = begin(&place);
        CHECK_INT(call(&place, stores[i], "grow", 1), i <= 16 ? 512 : -1);
    }
    for (int i = 1; i < 20; i++)
        engine_store_free(stores[i]);
    CHECK_INT(call(&place, stores[0], "grow", 1), -1);
    for (int i = 1; i <= 8; i++) { /* uses are seen to write to 1 MiB, so the next ones are expected to */
        stores[i] = begin(&place);
        CHECK_INT(call(&place, stores[i], "touch", 8), 8);
    }
    CHECK_INT(call(&place, stores[8], "touch", 256), 256);
    for (int i = 1; i <= 8; i++)
        engine_store_free(stores[i]);
    struct engine_store *one = begin(&place); /* in the slot that keeps 1 MiB: nothing else is left for it */
    struct engine_store *two = world_store(&place.world, NULL, NULL);
    for (int i = 1; i <= 8; i++)
        if (engine_store_instantiate(two, place.bound, &instance, &err) < 0)
            break;
    CHECK_HAS(err.text, "the worker's guests hold ");
    CHECK_HAS(err.text, " bytes of memory, its limit is 16777216");
    engine_store_free(one);
    engine_store_free(two);
    engine_store_free(stores[0]);
    place_close(&place);
}

static void what_free_slots_keep_is_counted_and_gives_way(void **state)
{
    (void)state;
    struct place place;
    place_open(&place, ENGINE_RESET_AUTO, 16 * MIB);
    struct engine_store *store = begin(&place);
    CHECK_INT(call(&place, store, "touch", 10), 10);
    CHECK_INT(call(&place, store, "grow", 2), 512);
    CHECK_INT(call(&place, store, "touch_end", 3), 3);
    engine_store_free(store);
    CHECK_INT(stats_of(&place).memory_free, 13 * ENGINE_PAGE_BYTES);
    store = begin(&place);
    CHECK_INT(stats_of(&place).memory_busy, 13 * ENGINE_PAGE_BYTES);
    CHECK_INT(call(&place, store, "touch", 2), 2);
    engine_store_free(store);
    CHECK_INT(stats_of(&place).memory_free, 13 * ENGINE_PAGE_BYTES); /* what was ever written to stays */
    store = begin(&place);
    CHECK_INT(call(&place, store, "grow", 1), 512);
    CHECK_INT(call(&place, store, "touch_end", 16), 16); /* all of it: three of them, or none, were there */
    engine_store_free(store);
    CHECK(stats_of(&place).memory_free >= 26 * ENGINE_PAGE_BYTES);
    CHECK(stats_of(&place).memory_free <= 29 * ENGINE_PAGE_BYTES);

    struct engine_store *first = begin(&place);
    store = begin(&place);
    CHECK_INT(call(&place, store, "touch", 1000), 1000);
    engine_store_free(store);
    CHECK_INT(stats_of(&place).slots_now, 2);
    CHECK(stats_of(&place).memory_free >= 1000 * ENGINE_PAGE_BYTES);
    CHECK_INT(call(&place, first, "grow", 232), 512);
    CHECK_INT(stats_of(&place).memory_free, 0);
    CHECK_INT(stats_of(&place).slots_now, 1);
    engine_store_free(first);
    place_close(&place);
}

static void initial_memory_counts_when_it_is_written_to(void **state)
{
    (void)state;
    static const enum engine_reset ways[] = {ENGINE_RESET_AUTO, ENGINE_RESET_PAGEMAP};
    static const char *const exports[] = {"touch_spin", "touch_park"};
    for (int i = 0; i < 4; i++) {
        struct place place;
        struct engine_usage usage;
        int32_t result = 0;
        place_open(&place, ways[i / 2], 16 * MIB);
        struct engine_store *other = begin(&place);
        CHECK_INT(call(&place, other, "grow", 16), 512);
        struct engine_store *store = begin(&place);
        CHECK_INT(world_call(&place.world, store, 0, exports[i % 2], 6000, &result), -SW_EGUEST);
        CHECK_INT(engine_store_failure(store)->kind, ENGINE_TRAP_MEMORY_LIMIT);
        CHECK_HAS(engine_store_failure(store)->text, "its limit is 16777216");
        engine_store_usage(store, &usage);
        CHECK(usage.worker_refused > 15 * MIB && usage.memory_counted > 14 * MIB);
        CHECK_INT(call(&place, other, "touch", 5), 5); /* the other one goes on */
        engine_store_free(store);
        CHECK(stats_of(&place).memory_busy <= 2 * MIB);
        engine_store_free(other);
        place_close(&place);
    }
}

static void without_a_limit_nothing_is_refused(void **state)
{
    (void)state;
    struct place place;
    place_open(&place, ENGINE_RESET_AUTO, 0);
    struct engine_store *store = begin(&place);
    CHECK_INT(call(&place, store, "touch", 8000), 8000);
    CHECK_INT(call(&place, store, "grow", 512), 512);
    CHECK_INT(stats_of(&place).memory_busy, 32 * MIB); /* counted all the same */
    CHECK_INT(stats_of(&place).memory_refusals, 0);
    engine_store_free(store);
    place_close(&place);
}

/* ---- whatever becomes of requests ---- */

static uint64_t seed = 88172645463325252u;

static uint32_t rnd(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 11) % below;
}

static int park_fn(void *arg, struct engine_store *store)
{
    (void)arg;
    return guest_call(store, 0, "touch_park", (int32_t)rnd(300), NULL);
}

/* A store, or NULL when the limit refuses it. */
static struct engine_store *try_begin(struct place *place)
{
    struct engine_store *store =
        world_store(&place->world, &(struct engine_limits){.cpu_ms_max = 20000}, NULL);
    struct sw_err err = {0};
    uint32_t instance;
    if (engine_store_instantiate(store, place->bound, &instance, &err) == 0)
        return store;
    CHECK_INT(err.code, SW_ELIMIT);
    engine_store_free(store);
    return NULL;
}

/* Ends well, by the trap that is expected, or by the limit. */
static void try_call(struct place *place, struct engine_store *store, const char *name, uint32_t arg,
                     enum engine_trap may)
{
    int32_t result = 0;
    if (world_call(&place->world, store, 0, name, (int32_t)arg, &result) == 0)
        return;
    enum engine_trap kind = engine_store_failure(store)->kind;
    CHECK(kind == may || kind == ENGINE_TRAP_MEMORY_LIMIT);
}

static void ended(void *arg, int rc)
{
    CHECK_INT(rc, -SW_EGUEST); /* by the limit: else it parks until it is cancelled */
    *(bool *)arg = true;
}

static void cancel_one(struct place *place, struct engine_store *store)
{
    struct engine_call *parked = NULL;
    struct sw_err err = {0};
    bool gone = false;
    CHECK_OK(engine_call_start(store, park_fn, ended, &gone, &parked, &err), &err);
    (void)fake_loop_run(place->world.loop, rnd(3)); /* in the middle, parked, or not begun */
    if (!gone)
        engine_call_cancel(parked);
}

static void one_request(struct place *place, struct engine_store *store)
{
    try_call(place, store, "grow", rnd(300), ENGINE_TRAP_NONE); /* refused or not */
    switch (rnd(5)) {
    case 0:
        try_call(place, store, "trap", rnd(500), ENGINE_TRAP_UNREACHABLE);
        break;
    case 1:
        cancel_one(place, store);
        break;
    case 2:
        try_call(place, store, "touch", rnd(2000), ENGINE_TRAP_NONE);
        break;
    case 3:
        try_call(place, store, "touch_end", rnd(64), ENGINE_TRAP_NONE);
        break;
    default:
        break;
    }
}

static void the_count_comes_back_to_nothing_whatever_becomes_of_requests(void **state)
{
    (void)state;
    struct place place;
    struct engine_store *alive[4] = {NULL};
    unsigned began = 0;
    place_open(&place, ENGINE_RESET_AUTO, 64 * MIB);
    for (int i = 0; i < 1000; i++) {
        struct engine_store **slot = &alive[rnd(4)];
        engine_store_free(*slot);
        *slot = try_begin(&place);
        if (*slot) {
            began++;
            one_request(&place, *slot);
        }
        struct engine_stats stats = stats_of(&place);
        CHECK(stats.memory_busy <= 64 * MIB + 2000 * ENGINE_PAGE_BYTES);
    }
    CHECK(began > 500);
    CHECK(stats_of(&place).memory_refusals > 0);
    for (int i = 0; i < 4; i++)
        engine_store_free(alive[i]);
    place_close(&place); /* where both counts are 0 */
}

/* ---- what the host holds for a store ---- */

static uint64_t told(const void *owner)
{
    return *(const uint64_t *)owner;
}

static struct engine_store *begin_held(struct place *place, uint64_t *bytes)
{
    struct engine_store *store =
        world_store(&place->world, &(struct engine_limits){.cpu_ms_max = 20000, .held = told}, bytes);
    CHECK_INT(world_instantiate(store, place->bound), 0);
    return store;
}

static int nothing(void *arg, struct engine_store *store)
{
    struct sw_err err;
    (void)arg;
    return engine_park_wait(store, &err);
}

static void nothing_done(void *arg, int rc)
{
    *(int *)arg = rc;
}

/* Runs until the call parks, or until its end. */
static struct engine_call *park_now(struct place *place, struct engine_store *store, int *rc)
{
    struct sw_err err;
    struct engine_call *call = NULL;
    *rc = 1;
    CHECK_OK(engine_call_start(store, nothing, nothing_done, rc, &call, &err), &err);
    CHECK(fake_loop_turn(place->world.loop));
    return call;
}

static void what_the_host_holds_for_stores_is_limited_with_their_memory(void **state)
{
    (void)state;
    struct place place;
    uint64_t bytes[3] = {ENGINE_HOST_BYTES_FREE, 8 * MIB + ENGINE_HOST_BYTES_FREE, 8 * MIB};
    int rc[3];
    place_open(&place, ENGINE_RESET_AUTO, 16 * MIB);
    struct engine_store *little = begin_held(&place, &bytes[0]);
    struct engine_store *large = begin_held(&place, &bytes[1]);
    struct engine_store *late = begin_held(&place, &bytes[2]);
    struct engine_call *first = park_now(&place, little, &rc[0]);
    CHECK_INT(stats_of(&place).memory_busy, 0); /* what an ordinary request needs is free */
    struct engine_call *second = park_now(&place, large, &rc[1]);
    CHECK_INT(stats_of(&place).memory_busy, 8 * MIB);
    struct engine_usage usage;
    engine_store_usage(large, &usage);
    CHECK_INT(usage.memory_counted, 8 * MIB);
    (void)park_now(&place, late, &rc[2]); /* both are over the limit: this one is ended, alone */
    CHECK(rc[0] == 1 && rc[1] == 1 && rc[2] < 0);
    CHECK_INT(engine_store_failure(late)->kind, ENGINE_TRAP_MEMORY_LIMIT);
    engine_store_free(late);
    CHECK_INT(stats_of(&place).memory_busy, 8 * MIB);
    bytes[1] = 0; /* it gave all back, and has not run since */
    engine_call_cancel(second);
    engine_store_free(large);
    CHECK_INT(stats_of(&place).memory_busy, 0);
    engine_call_cancel(first);
    engine_store_free(little);
    place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growth_is_limited_for_all_stores_together),
        cmocka_unit_test(even_little_ends_at_the_limit),
        cmocka_unit_test(what_free_slots_keep_is_counted_and_gives_way),
        cmocka_unit_test(initial_memory_counts_when_it_is_written_to),
        cmocka_unit_test(without_a_limit_nothing_is_refused),
        cmocka_unit_test(what_the_host_holds_for_stores_is_limited_with_their_memory),
        cmocka_unit_test(the_count_comes_back_to_nothing_whatever_becomes_of_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
