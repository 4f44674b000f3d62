/* slot.c - memory slots: where guests' memories live.  Room: engine.
 *
 *     guard 32 MiB          4 GiB reservation                                   guard 32 MiB
 *   ┌─────────────┬───────────────┬──────────────┬──────────────────────────────┬───────────┐
 *   │  PROT_NONE  │ image (private│ zero pages   │ PROT_NONE: opened by growth, │ PROT_NONE │
 *   │             │ file mapping) │ to min_bytes │ closed by reset              │           │
 *   └─────────────┴───────────────┴──────────────┴──────────────────────────────┴───────────┘
 *                 ▲ base                         ▲ pool.min_bytes
 *
 * Invariants
 *  1. A slot is busy (in its store's list) or free (in its pool's list and the engine's, most recently used first), never both.
 *  2. A free slot's memory is that of a fresh instance. What cannot be reset is unmapped.
 *  3. Only [base, base + bytes) is accessible.
 *  4. Wasmtime asks for a module's memories in the order of their indices, but may ask for a heap of its own (minimum 0) at any time;
 *     a memory with minimum 0 has no image, so taking one for the other does no harm. Exports are told apart by their base. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "engine/engine_internal.h"
#include "engine/limits.h"

#define RESERVED_BYTES (ENGINE_SLOT_GUARD_BYTES + ENGINE_SLOT_BYTES + ENGINE_SLOT_GUARD_BYTES)

void engine__pool_init(struct engine_pool *pool, struct engine *engine, uint64_t min_bytes)
{
    *pool = (struct engine_pool){.engine = engine, .min_bytes = min_bytes, .image_fd = -1};
    sw_list_init(&pool->free);
}

/* ---- life of a slot ---- */

static void slot_free(struct engine_slot *slot)
{
    struct engine *engine = slot->pool->engine;
    engine__memory_unfree(slot);
    sw_list_remove(&slot->link);
    sw_list_remove(&slot->age);
    (void)munmap(slot->base - ENGINE_SLOT_GUARD_BYTES, RESERVED_BYTES); /* fails for bad arguments only */
    engine->stats.slots_now--;
    sw_free(slot);
}

static int map_slot(const struct engine_pool *pool, uint8_t **ret_base)
{
    uint8_t *map = MAP_FAILED;
    if (!sw_fault_errno(SW_FAULT_ENGINE_SLOT, ENOMEM))
        map = mmap(NULL, RESERVED_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED)
        return -1;
    uint8_t *base = map + ENGINE_SLOT_GUARD_BYTES;
    (void)madvise(map, RESERVED_BYTES,
                  MADV_NOHUGEPAGE); /* a huge page would make 2 MiB the unit of reset; else harmless */
    bool ok = pool->min_bytes == 0 || mprotect(base, pool->min_bytes, PROT_READ | PROT_WRITE) == 0;
    if (ok && pool->image_bytes)
        ok = mmap(base, pool->image_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, pool->image_fd,
                  0) != MAP_FAILED;
    if (!ok) {
        (void)munmap(map, RESERVED_BYTES);
        return -1;
    }
    *ret_base = base;
    return 0;
}

bool engine__slot_evict(struct engine *engine)
{
    if (sw_list_empty(&engine->free_slots))
        return false;
    slot_free(SW_CONTAINER(engine->free_slots.prev, struct engine_slot, age));
    return true;
}

static int slot_new(struct engine_pool *pool, struct engine_slot **ret, struct sw_err *err)
{
    struct engine *engine = pool->engine;
    if (engine->stats.slots_now >= engine->slots_max && !engine__slot_evict(engine))
        return sw_fail(err, SW_ELIMIT, "all %u memory slots are in use", engine->slots_max);
    struct engine_slot *slot = sw_try_alloc(sizeof *slot);
    if (!slot)
        return sw_fail(err, SW_ENOMEM, "no memory for a memory slot");
    /* Out of mappings (vm.max_map_count) or address space: a free slot's may serve. */
    while (map_slot(pool, &slot->base) < 0)
        if (!engine__slot_evict(engine)) {
            sw_free(slot);
            return sw_fail(err, SW_ELIMIT,
                           "the system gives no more address space or mappings for a guest memory (see "
                           "vm.max_map_count)");
        }
    slot->pool = pool;
    slot->fresh = true;
    slot->bytes = slot->high = pool->min_bytes;
    sw_list_init(&slot->link);
    sw_list_init(&slot->age);
    engine->stats.slots_now++;
    *ret = slot;
    return 0;
}

static void make_free(struct engine_slot *slot)
{
    slot->freed_ms = loop_now_ms(slot->pool->engine->loop);
    sw_list_add_head(&slot->pool->free, &slot->link);
    sw_list_add_head(&slot->pool->engine->free_slots, &slot->age);
    engine__memory_freed(slot);
}

static int slot_take(struct engine_pool *pool, struct engine_store *store, struct engine_slot **ret,
                     struct sw_err *err)
{
    struct engine_slot *slot = NULL;
    if (pool->min_bytes > store->limits.memory_bytes_max - store->memory_bytes) {
        store->memory_refused = store->memory_bytes + pool->min_bytes;
        return sw_fail(
            err, SW_ELIMIT, "a memory of %llu bytes passes the limit of %llu for all memories together",
            (unsigned long long)pool->min_bytes, (unsigned long long)store->limits.memory_bytes_max);
    }
    struct sw_link *link = sw_list_take_head(&pool->free);
    if (link) {
        slot = SW_CONTAINER(link, struct engine_slot, link);
        sw_list_remove(&slot->age);
        engine__memory_unfree(slot);
    } else {
        int rc = slot_new(pool, &slot, err);
        if (rc < 0)
            return rc;
    }
    if (!engine__memory_take(slot, store)) {
        make_free(slot);
        return sw_fail(err, SW_ELIMIT, "the worker's guests hold %llu bytes of memory, its limit is %llu",
                       (unsigned long long)pool->engine->stats.memory_busy,
                       (unsigned long long)pool->engine->memory_max);
    }
    slot->store = store;
    slot->touched = false;
    store->memory_bytes += slot->bytes;
    sw_list_add_tail(&store->slots, &slot->link);
    pool->engine->stats.slots_busy++;
    *ret = slot;
    return 0;
}

/* Wasmtime is done with the memory, because its store is going. */
static void slot_release(void *env)
{
    struct engine_slot *slot = env;
    struct engine *engine = slot->pool->engine;
    struct engine_store *store = slot->store;
    bool may_differ = slot->touched || store->entered || slot->bytes != slot->pool->min_bytes;
    store->memory_bytes -= slot->bytes;
    slot->store = NULL;
    sw_list_remove(&slot->link);
    engine->stats.slots_busy--;
    engine__memory_release(slot, engine);
    if (may_differ && engine__slot_reset(engine, slot) < 0) {
        slot_free(slot);
        return;
    }
    make_free(slot);
}

void engine__slots_trim(struct engine *engine)
{
    if (sw_list_empty(&engine->free_slots))
        return;
    struct engine_slot *coldest = SW_CONTAINER(engine->free_slots.prev, struct engine_slot, age);
    if (loop_now_ms(engine->loop) - coldest->freed_ms > ENGINE_IDLE_MS)
        slot_free(coldest);
}

void engine__pool_drain(struct engine_pool *pool)
{
    while (!sw_list_empty(&pool->free))
        slot_free(SW_CONTAINER(pool->free.next, struct engine_slot, link));
}

/* ---- what Wasmtime calls ---- */

static uint8_t *memory_get(void *env, size_t *bytes, size_t *capacity)
{
    const struct engine_slot *slot = env;
    *bytes = slot->bytes;
    *capacity = ENGINE_SLOT_BYTES; /* growth never moves a memory */
    return slot->base;
}

/* Growth failed, but the system may have opened a part: what is not the memory's must trap, and no reset would look at it. */
static void close_again(uint8_t *p, uint64_t n)
{
    if (mmap(p, n, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
        abort();                          /* going on would let a guest see what another one leaves there */
    (void)madvise(p, n, MADV_NOHUGEPAGE); /* as in map_slot */
}

static wasmtime_error_t *memory_grow(void *env, size_t bytes)
{
    struct engine_slot *slot = env;
    struct engine_store *store = slot->store;
    if (bytes <= slot->bytes)
        return NULL;
    uint64_t more = bytes - slot->bytes;
    if (bytes > ENGINE_SLOT_BYTES || more > store->limits.memory_bytes_max - store->memory_bytes) {
        store->memory_refused = store->memory_bytes + more;
        return wasmtime_error_new("memory limit");
    }
    if (!engine__memory_may_grow(slot, more))
        return wasmtime_error_new("memory limit of the worker");
    if (sw_fault_errno(SW_FAULT_ENGINE_GROW, ENOMEM) ||
        mprotect(slot->base + slot->bytes, more, PROT_READ | PROT_WRITE) != 0) {
        close_again(slot->base + slot->bytes, more);
        return wasmtime_error_new("no memory");
    }
    slot->bytes = bytes;
    if (bytes > slot->high)
        slot->high = bytes;
    store->memory_bytes += more;
    engine__memory_recount(slot);
    return NULL;
}

/* Which pool the next memory comes from: see invariant 4. NULL: Wasmtime asks for what no module here declares. */
static struct engine_pool *pool_for(struct engine *engine, size_t min)
{
    if (engine->pending_bound) {
        struct engine_module *module = engine->pending_bound->module;
        if (engine->pending_memory < module->pool_count &&
            module->pools[engine->pending_memory].min_bytes == min)
            return &module->pools[engine->pending_memory++];
    }
    return min == 0 ? &engine->anonymous : NULL;
}

/* lint: allow(size): Wasmtime's signature */
wasmtime_error_t *engine__memory_new(void *env, const wasm_memorytype_t *type, size_t min, size_t max,
                                     size_t reserved, size_t guard, wasmtime_linear_memory_t *ret)
{
    (void)type;
    (void)max; /* Wasmtime itself keeps growth below it */
    struct engine *engine = env;
    if (engine->keeping) {
        engine__keeper_memory(engine, min, ret);
        return NULL;
    }
    struct engine_store *store = engine->pending   ? engine->pending
                                 : engine->running ? engine->running->store
                                                   : NULL;
    struct engine_pool *pool = pool_for(engine, min);
    struct engine_slot *slot = NULL;
    if (!store || !pool || reserved > ENGINE_SLOT_BYTES || guard > ENGINE_SLOT_GUARD_BYTES) {
        (void)sw_fail(&engine->pending_err, SW_EBUG, "unexpected request for a memory of %zu bytes", min);
        return wasmtime_error_new("unexpected memory");
    }
    if (slot_take(pool, store, &slot, &engine->pending_err) < 0)
        return wasmtime_error_new("no memory slot");
    *ret = (wasmtime_linear_memory_t){
        .env = slot, .get_memory = memory_get, .grow_memory = memory_grow, .finalizer = slot_release};
    return NULL;
}

uint8_t *engine_memory_view(struct engine_memory memory, uint64_t *ret_len)
{
    struct engine_slot *slot = memory.slot;
    assert(slot->store);
    slot->touched = true; /* whoever has a view may write through it until the store ends */
    *ret_len = slot->bytes;
    return slot->base;
}
