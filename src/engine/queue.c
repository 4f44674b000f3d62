/* queue.c - which call runs next.  Room: engine.
 *
 *   started, woken ──► ready ─┬─► (runs) ──► spent ─► one of them in each turn
 *                        │    └─► heavy: its component turned out to compute
 *                        └ of a heavy component: to heavy at once
 *
 * One turn of the loop, between two looks at I/O: the ready calls, then the heavy ones, until one uses a slice up or the guests have had
 * ENGINE_TURN_TICKS; then one spent call has a slice. A component is heavy for a while (ENGINE_HEAVY_TICKS) once one of its calls has used a
 * slice up, or once its calls together have used a slice's time in one turn.
 *
 * Why a call of a component that is not heavy waits for at most two slices: of those before it in `ready`, the first that uses a slice up
 * ends the turn and makes its component heavy, so all others of that component step aside; the spent call's slice is the second. In the
 * next turn nothing is left before it but calls of components that are not heavy, which together use less than a slice each. Each further
 * component that begins to compute at just this moment may add two slices, once; the number of calls adds nothing.
 *
 * Why everybody goes on: a spent call has a slice in each turn, or, while the ready ones fill whole turns, in every other; the heavy ones
 * have the one between.
 *
 * Invariants
 *  1. A READY call is in ready, heavy, spent, batch or spent_batch; batch and spent_batch are empty outside of engine__run_ready.
 *  2. Within a list calls keep the order in which they came. */
#include <assert.h>

#include "engine/engine_internal.h"
#include "engine/limits.h"

void engine__queue_init(struct engine *engine)
{
    sw_list_init(&engine->ready);
    sw_list_init(&engine->heavy);
    sw_list_init(&engine->spent);
    sw_list_init(&engine->batch);
    sw_list_init(&engine->spent_batch);
    loop_defer_init(&engine->defer, engine__run_ready, engine);
}

/* ---- who computes ---- */

static unsigned ticks(struct engine *engine)
{
    return atomic_load_explicit(&engine->ticker.ticks, memory_order_relaxed);
}

static struct engine_share *share_of(struct engine *engine, uint32_t tag)
{
    return tag ? &engine->shares[tag % ENGINE_SHARES] : NULL; /* without a tag nobody is told apart */
}

static bool is_heavy(struct engine *engine, const struct engine_call *call)
{
    struct engine_share *share = share_of(engine, call->store->limits.tag);
    if (!share || !share->heavy)
        return false;
    share->heavy = ticks(engine) - share->tick < ENGINE_HEAVY_TICKS; /* the counter may wrap */
    return share->heavy;
}

static void make_heavy(struct engine *engine, struct engine_share *share)
{
    share->heavy = true;
    share->tick = ticks(engine);
}

void engine__queue_charge(struct engine *engine, uint32_t tag, uint64_t ns)
{
    struct engine_share *share = share_of(engine, tag);
    if (!share)
        return;
    if (share->turn != engine->turn)
        share->used_ns = 0;
    share->turn = engine->turn;
    share->used_ns += ns;
    if (share->used_ns >= (uint64_t)engine->ticker.tick_ms * 1000000)
        make_heavy(engine, share);
}

/* ---- in ---- */

void engine__queue_ready(struct engine_call *call)
{
    struct engine *engine = call->store->engine;
    call->state = CALL_READY;
    call->ready_yields = engine->stats.yields;
    sw_list_add_tail(is_heavy(engine, call) ? &engine->heavy : &engine->ready, &call->link);
    loop_defer_add(engine->loop, &engine->defer);
}

void engine__queue_spent(struct engine_call *call)
{
    struct engine *engine = call->store->engine;
    struct engine_share *share = share_of(engine, call->store->limits.tag);
    call->state = CALL_READY;
    engine->stats.yields++;
    if (share)
        make_heavy(engine, share);
    sw_list_add_tail(&engine->spent, &call->link);
    loop_defer_add(engine->loop, &engine->defer);
}

/* ---- out ---- */

/* Those of heavy components wait for each other: nothing is promised to them. */
static void count_delay(struct engine *engine, const struct engine_call *call)
{
    struct engine_stats *stats = &engine->stats;
    uint64_t slices = stats->yields - call->ready_yields;
    if (is_heavy(engine, call))
        return;
    stats->waited[slices < 3 ? slices : 3]++;
    if (slices > stats->waited_max)
        stats->waited_max = slices;
}

/* Runs what is in `from` now; what becomes ready meanwhile runs in the next turn. So does the rest when `most` ticks have
 * passed since `begin` or a slice is used up, so that I/O is never kept waiting for the whole queue. Returns whether that was so. */
static bool run_list(struct engine *engine, struct sw_link *from, unsigned begin, unsigned most)
{
    sw_list_splice_head(&engine->batch, from); /* in one step: thousands may be ready */
    struct sw_link *link = NULL;
    bool enough = false;
    while (!enough && (link = sw_list_take_head(&engine->batch))) {
        struct engine_call *call = SW_CONTAINER(link, struct engine_call, link);
        if (from == &engine->ready && is_heavy(engine, call)) {
            sw_list_add_tail(&engine->heavy, link);
            continue;
        }
        count_delay(engine, call);
        enough = engine__poll(call) || ticks(engine) - begin >= most;
    }
    sw_list_splice_head(from, &engine->batch); /* those left go before the ones that become ready later */
    return enough;
}

/* Deferred work of a turn. The spent call is chosen first: one that is spent in this turn has to wait for the next. */
void engine__run_ready(void *arg)
{
    struct engine *engine = arg;
    assert(sw_list_empty(&engine->batch) && sw_list_empty(&engine->spent_batch));
    engine__refresh_mark(engine);
    engine->turn++;
    struct sw_link *link = sw_list_take_head(&engine->spent);
    if (link)
        sw_list_add_tail(&engine->spent_batch, link);
    unsigned begin = ticks(engine);
    bool full = run_list(engine, &engine->ready, begin, ENGINE_TURN_TICKS);
    if (!full)
        (void)run_list(engine, &engine->heavy, begin, ENGINE_TURN_TICKS);
    bool heavy_waits = full && !sw_list_empty(&engine->heavy);
    link = sw_list_take_head(&engine->spent_batch); /* NULL, too, when another call cancelled it */
    if (heavy_waits && (engine->heavy_next || !link)) {
        if (link)
            sw_list_add_head(&engine->spent, link);
        (void)run_list(engine, &engine->heavy, ticks(engine), 1);
        heavy_waits = false;
    } else if (link) {
        (void)engine__poll(SW_CONTAINER(link, struct engine_call, link)); /* its turn is over in any case */
    }
    engine->heavy_next = heavy_waits;
    if (!sw_list_empty(&engine->ready) || !sw_list_empty(&engine->heavy) || !sw_list_empty(&engine->spent))
        loop_defer_add(engine->loop, &engine->defer);
}
