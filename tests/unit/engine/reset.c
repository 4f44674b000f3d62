/* reset.c - the canary: every request sees the memory of a fresh instance, byte for byte, whatever the ones before did. */
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "engine/limits.h"
#include "guest.h"

#define MIN_PAGES 6
#define MIN_BYTES (MIN_PAGES * 65536)
#define GROW_PAGES_MAX 8
#define REQUESTS 20000
#define ALIVE 3 /* stores at once: several slots take part */

/* An image that ends inside a page, with zero pages in it; nothing from 150 KiB on. */
#define WAT                                                                                                  \
    "(module (memory (export \"m\") 6 64)(data (i32.const 16) \"image\")(data (i32.const 70000) \"more of "  \
    "it\")"                                                                                                  \
    "(data (i32.const 153601) \"end\")"                                                                      \
    "(func (export \"st\") (param i32) (result i32) (i32.store8 (local.get 0) (i32.or (i32.const 1) "        \
    "(local.get 0))) (i32.const 0))"                                                                         \
    "(func (export \"ld\") (param i32) (result i32) (i32.load8_u (local.get 0)))"                            \
    "(func (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0)))"                          \
    "(func (export \"fill\") (param i32) (result i32) (memory.fill (i32.const 0) (i32.const 165) (i32.mul "  \
    "(memory.size) (i32.const 65536))) (i32.const 0)))"

static uint64_t seed = 88172645463325252u;

static uint32_t rnd(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 11) % below;
}

struct canary {
    struct world world;
    struct guest guest;
    struct engine_bound *bound;
    struct engine_store *stores[ALIVE];
    uint8_t *pristine; /* MIN_BYTES, then zeros */
    int noise;         /* reading it gives bytes that are not zero */
};

static void must_be_fresh(const struct canary *canary, const uint8_t *base, uint64_t from, uint64_t to)
{
    if (memcmp(base + from, canary->pristine + from, to - from) == 0)
        return;
    for (uint64_t i = from; i < to; i++)
        if (base[i] != canary->pristine[i])
            fail_msg("stale byte %d at %llu", base[i], (unsigned long long)i);
}

static int request_fn(void *arg, struct engine_store *store)
{
    struct canary *canary = arg;
    struct engine_memory memory;
    uint64_t n = 0;
    int32_t before = 0;
    CHECK_INT(engine_instance_memory(store, 0, SW_LIT("m"), &memory), 0);
    uint8_t *base = engine_memory_view(memory, &n);
    CHECK_INT(n, MIN_BYTES);
    must_be_fresh(canary, base, 0, n);
    if (rnd(4) == 0) {
        uint32_t pages = 1 + rnd(GROW_PAGES_MAX);
        CHECK_INT(guest_call(store, 0, "grow", (int32_t)pages, &before), 0);
        CHECK_INT(before, MIN_PAGES);
        CHECK(engine_memory_view(memory, &n) == base);
        CHECK_INT(n, MIN_BYTES + pages * 65536);
        must_be_fresh(canary, base, MIN_BYTES, n);
    }
    for (uint32_t i = rnd(24); i; i--)
        CHECK_INT(guest_call(store, 0, "st", (int32_t)rnd((uint32_t)n), NULL), 0);
    for (uint32_t i = rnd(24); i; i--) /* reading makes zero pages present, not dirty */
        CHECK_INT(guest_call(store, 0, "ld", (int32_t)rnd((uint32_t)n), NULL), 0);
    if (rnd(16) == 0) /* the kernel writes */
        CHECK_INT(pread(canary->noise, base + rnd((uint32_t)n - 9000), 9000, 0), 9000);
    if (rnd(16) == 0) /* the host writes */
        memset(base + rnd((uint32_t)n - 5000), 0x5a, 5000);
    if (rnd(200) == 0)
        CHECK_INT(guest_call(store, 0, "fill", 0, NULL), 0);
    if (rnd(20) == 0) { /* past the end there is nothing, even where a request before had grown to */
        CHECK_INT(guest_call(store, 0, "ld", (int32_t)(n + rnd(GROW_PAGES_MAX * 65536)), NULL), -SW_EGUEST);
        CHECK_INT(engine_store_failure(store)->kind, ENGINE_TRAP_MEMORY_OUT_OF_BOUNDS);
    }
    return 0;
}

static void open_canary(struct canary *canary, enum engine_reset reset)
{
    *canary = (struct canary){.noise = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
    CHECK(canary->noise >= 0);
    world_open(&canary->world, reset);
    guest_open(&canary->guest, canary->world.engine, WAT);
    canary->bound = guest_bind(&canary->guest, NULL);
    size_t all = MIN_BYTES + GROW_PAGES_MAX * 65536;
    canary->pristine = test_calloc(1, all);
    memcpy(canary->pristine + 16, "image", 5);
    memcpy(canary->pristine + 70000, "more of it", 10);
    memcpy(canary->pristine + 153601, "end", 3);
}

static void close_canary(struct canary *canary)
{
    for (int i = 0; i < ALIVE; i++)
        engine_store_free(canary->stores[i]);
    engine_bound_free(canary->bound);
    guest_close(&canary->guest);
    world_close(&canary->world);
    test_free(canary->pristine);
    close(canary->noise);
}

static void sing(enum engine_reset reset)
{
    struct canary canary;
    open_canary(&canary, reset);
    uint64_t began = sw_clock_thread_cpu_ns();
    for (int i = 0; i < REQUESTS; i++) {
        struct engine_store **place = &canary.stores[rnd(ALIVE)];
        engine_store_free(*place);
        *place = world_store(&canary.world, NULL, NULL);
        (void)world_instantiate(*place, canary.bound);
        if (rnd(10) != 0) /* one in ten is never entered: its reset may be left out */
            CHECK_INT(world_run(&canary.world, *place, request_fn, &canary), 0);
    }
    struct engine_stats stats;
    engine_stats_read(canary.world.engine, &stats);
    print_message("%llu resets, %.1f pages each, %.1f us a request with its full comparison\n",
                  (unsigned long long)stats.resets, (double)stats.pages_reset / (double)stats.resets,
                  (double)(sw_clock_thread_cpu_ns() - began) / 1e3 / REQUESTS);
    CHECK(stats.resets > REQUESTS / 2);
    CHECK(stats.slots_now <= ALIVE);
    close_canary(&canary);
}

static bool has_scan(void) /* not before Linux 6.7 */
{
    struct loop *loop = fake_loop_new();
    struct engine *engine = NULL;
    struct sw_err err = {0};
    int rc = engine_new(&(struct engine_config){.reset = ENGINE_RESET_SCAN}, loop, &engine, &err);
    engine_free(engine);
    fake_loop_free(loop);
    if (rc < 0)
        CHECK_HAS(err.text, "PAGEMAP_SCAN");
    return rc == 0;
}

static void every_request_is_fresh_with_pagemap_scan(void **state)
{
    (void)state;
    if (!has_scan())
        skip();
    sing(ENGINE_RESET_SCAN);
}

static void every_request_is_fresh_with_pagemap(void **state)
{
    (void)state;
    sing(ENGINE_RESET_PAGEMAP);
}

/* What a guest dirtied once must not be copied for ever. */
static int dirty_fn(void *arg, struct engine_store *store)
{
    uint32_t pages = *(uint32_t *)arg;
    for (uint32_t i = 0; i < pages; i++)
        CHECK_INT(guest_call(store, 0, "st", (int32_t)(i * ENGINE_PAGE_BYTES), NULL), 0);
    return 0;
}

static uint64_t pages_of_one(struct canary *canary, uint32_t pages)
{
    struct engine_stats before;
    struct engine_stats after;
    engine_stats_read(canary->world.engine, &before);
    struct engine_store *store = world_store(&canary->world, NULL, NULL);
    (void)world_instantiate(store, canary->bound);
    CHECK_INT(world_run(&canary->world, store, dirty_fn, &pages), 0);
    engine_store_free(store);
    engine_stats_read(canary->world.engine, &after);
    return after.pages_reset - before.pages_reset;
}

static void a_slot_that_carries_too_many_pages_starts_anew(void **state)
{
    (void)state;
    const enum engine_reset ways[] = {has_scan() ? ENGINE_RESET_SCAN : ENGINE_RESET_PAGEMAP,
                                      ENGINE_RESET_PAGEMAP};
    for (int i = 0; i < 2; i++) {
        struct canary canary;
        open_canary(&canary, ways[i]);
        CHECK_INT(pages_of_one(&canary, 4), 4);
        CHECK_INT(pages_of_one(&canary, 2),
                  ways[i] == ENGINE_RESET_PAGEMAP ? 2 : 4); /* the scan copies what was ever dirty */
        CHECK_INT(pages_of_one(&canary, 60), 60);
        CHECK_INT(pages_of_one(&canary, 2), ways[i] == ENGINE_RESET_PAGEMAP ? 2 : 60);
        CHECK(pages_of_one(&canary, 96) >
              4 * ENGINE_DIRTY_PAGES_FACTOR + ENGINE_DIRTY_PAGES_BASE); /* trimmed */
        CHECK_INT(pages_of_one(&canary, 2), 2);
        close_canary(&canary);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_is_fresh_with_pagemap_scan),
        cmocka_unit_test(every_request_is_fresh_with_pagemap),
        cmocka_unit_test(a_slot_that_carries_too_many_pages_starts_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
