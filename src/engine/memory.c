/* memory.c - how much memory all guests of a worker hold together, against the worker's limit.  Room: engine.
 *
 * What a memory has grown is counted in full at the moment it grows. Its initial part is virtual until somebody writes to it - a guest may
 * declare a hundred times what it uses - so of that the pages are counted which it holds: as many as uses of its module were seen to dirty,
 * and when a slice ends in which pages were faulted in, as many as the kernel then names. A slot that is free counts the pages it keeps.
 * What the host holds for a store (objects behind handles, tables, texts) counts, too: it is the guest's doing.
 *
 * Invariants
 *  1. stats.memory_busy is the sum of `counted` of all busy slots and of `host_counted` of all stores, stats.memory_free that of all free ones.
 *  2. A memory grows, and a store begins, only while both together stay within memory_max; free slots give way first.
 *  3. The last part of memory_max is for stores that hold little: a few large ones do not keep everybody else from beginning. */
#include <sys/resource.h>

#include "engine/engine_internal.h"
#include "engine/limits.h"

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Both parts overlap by what the slot kept of earlier growth: the larger one is never too little. */
static uint64_t cost(const struct engine_slot *slot)
{
    uint64_t used = slot->held + (slot->bytes - slot->pool->min_bytes);
    uint64_t kept = slot->kept_initial + slot->kept_grown;
    return used > kept ? used : kept;
}

uint64_t engine__memory_of_store(const struct engine_store *store)
{
    uint64_t sum = store->host_counted;
    for (struct sw_link *link = store->slots.next; link != &store->slots; link = link->next)
        sum += SW_CONTAINER(link, struct engine_slot, link)->counted;
    return sum;
}

/* Whether the store may hold `more` than now. Unmaps free slots for it, but none in vain. */
static bool has_room(struct engine_store *store, uint64_t more)
{
    struct engine *engine = store->engine;
    struct engine_stats *stats = &engine->stats;
    uint64_t max = engine->memory_max;
    if (stats->memory_busy + stats->memory_free + more <= max - max / ENGINE_MEMORY_RESERVE)
        return true; /* nearly always */
    if (engine__memory_of_store(store) + more > max / ENGINE_MEMORY_LITTLE)
        max -= max / ENGINE_MEMORY_RESERVE;
    if (stats->memory_busy + more > max)
        return false;
    while (stats->memory_busy + stats->memory_free + more > max)
        if (!engine__slot_evict(engine))
            break; /* never: without free slots memory_free is 0 */
    return true;
}

static void refuse(struct engine_store *store, uint64_t more)
{
    store->engine->stats.memory_refusals++;
    store->worker_refused = store->engine->stats.memory_busy + more;
}

bool engine__memory_take(struct engine_slot *slot, struct engine_store *store)
{
    uint64_t learnt = slot->pool->typical_pages * ENGINE_PAGE_BYTES;
    slot->held = slot->fresh ? smaller(learnt, slot->pool->min_bytes) : slot->kept_initial;
    uint64_t bytes = cost(slot);
    if (!has_room(store, bytes)) {
        refuse(store, bytes);
        return false;
    }
    slot->counted = bytes;
    store->engine->stats.memory_busy += bytes;
    return true;
}

bool engine__memory_may_grow(struct engine_slot *slot, uint64_t more)
{
    if (has_room(slot->store, more))
        return true;
    refuse(slot->store, more);
    return false;
}

void engine__memory_recount(struct engine_slot *slot)
{
    uint64_t *busy = &slot->store->engine->stats.memory_busy;
    *busy -= slot->counted;
    slot->counted = cost(slot);
    *busy += slot->counted;
}

void engine__memory_release(struct engine_slot *slot, struct engine *engine)
{
    engine->stats.memory_busy -= slot->counted;
    slot->counted = 0;
}

void engine__memory_freed(struct engine_slot *slot)
{
    slot->counted = slot->kept_initial + slot->kept_grown;
    slot->pool->engine->stats.memory_free += slot->counted;
}

void engine__memory_unfree(struct engine_slot *slot)
{
    slot->pool->engine->stats.memory_free -= slot->counted;
    slot->counted = 0;
}

/* ---- initial memory that is written to ---- */

/* Whether so many pages came into this thread since the last look that a look is worth its while. */
static bool many_faults(struct engine_store *store)
{
    struct engine *engine = store->engine;
    struct rusage usage;
    if (getrusage(RUSAGE_THREAD, &usage) != 0)
        return true;
    uint64_t faults = (uint64_t)usage.ru_minflt;
    uint64_t pages = engine__memory_of_store(store) / ENGINE_PAGE_BYTES;
    if (faults - engine->faults_seen < ENGINE_MEMORY_LOOK_FAULTS + pages / ENGINE_MEMORY_LOOK_PART)
        return false;
    engine->faults_seen = faults;
    return true;
}

/* Returns what was added. */
static uint64_t look_at_slots(struct engine_store *store)
{
    struct engine *engine = store->engine;
    uint64_t more = 0;
    for (struct sw_link *link = store->slots.next; link != &store->slots; link = link->next) {
        struct engine_slot *slot = SW_CONTAINER(link, struct engine_slot, link);
        uint64_t before = slot->counted;
        if (slot->held >= slot->pool->min_bytes)
            continue; /* all of it is counted */
        uint64_t held = engine__slot_held(engine, slot);
        if (held <= slot->held)
            continue;
        slot->held = held;
        engine__memory_recount(slot);
        more += slot->counted - before;
    }
    return more;
}

static uint64_t look_at_host(struct engine_store *store)
{
    uint64_t before = store->host_counted;
    uint64_t held = store->limits.held ? store->limits.held(store->owner) : 0;
    store->host_counted = held > ENGINE_HOST_BYTES_FREE ? held - ENGINE_HOST_BYTES_FREE : 0;
    store->engine->stats.memory_busy += store->host_counted - before; /* or less: unsigned sums are right */
    return store->host_counted > before ? store->host_counted - before : 0;
}

void engine__memory_forget_host(struct engine_store *store)
{
    store->engine->stats.memory_busy -= store->host_counted;
    store->host_counted = 0;
}

int engine__memory_look(struct engine_store *store)
{
    struct engine *engine = store->engine;
    if (engine->memory_max == ENGINE_MEMORY_UNLIMITED)
        return 0;
    uint64_t more = look_at_host(store);
    if (many_faults(store))
        more += look_at_slots(store);
    if (!more || has_room(store, 0))
        return 0;
    refuse(store, 0);
    return engine_store_fail(
        store, ENGINE_TRAP_MEMORY_LIMIT, "the worker's guests hold %llu bytes of memory, its limit is %llu",
        (unsigned long long)engine->stats.memory_busy, (unsigned long long)engine->memory_max);
}
