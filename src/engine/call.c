/* call.c - calls: fibers, parking and waking, host functions, slices of time.  Room: engine.
 *
 *                 start                     deferred phase of the turn
 *   (new) ──────────────────► READY ───────────────────────────────────► RUNNING ──► done, GONE
 *                               ▲                                        │  │  │
 *                               ├─ its epoch came, engine_yield_wait ────┘  │  │ engine_loop_side_wait
 *                               │                      engine_park_wait     │  ▼
 *                               └──────── engine_call_wake ──── PARKED ◄────┘ LOOP_SIDE ─► fn on the loop side, at once RUNNING
 *
 * Invariants
 *  1. engine.running is the call whose fiber executes; NULL on the loop side. store.running is the same, seen from its store.
 *  2. A call is in one of the lists of queue.c exactly while READY.
 *  3. Only park and the epoch suspend a fiber, and both only on the running call's fiber.
 *  4. After `cancelled` or a failure of the store a fiber runs C frames only, outwards.
 *  5. `future` is polled on the loop side, never after it said true, and deleted before the store. */
#include <assert.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "engine/engine_internal.h"
#include "engine/limits.h"

static struct engine_call *take_struct(struct engine *engine)
{
    struct sw_link *link = sw_list_take_head(&engine->free_calls);
    if (!link)
        return sw_try_alloc(sizeof(struct engine_call));
    struct engine_call *call = SW_CONTAINER(link, struct engine_call, link);
    memset(call, 0, sizeof *call);
    return call;
}

int engine_call_start(struct engine_store *store, engine_call_fn *fn, engine_call_done_fn *done, void *arg,
                      struct engine_call **ret, struct sw_err *err)
{
    struct engine *engine = store->engine;
    if (engine__poisoned(store))
        return sw_fail(err, SW_EGUEST, "the store has failed: %s", store->failure.text);
    if (engine->stats.calls_now >= engine->stacks_max)
        return sw_fail(err, SW_ELIMIT, "all %u fibers are in use", engine->stacks_max);
    struct engine_call *call = take_struct(engine);
    if (!call)
        return sw_fail(err, SW_ENOMEM, "no memory for a call");
    if (!store->has_entry) {
        wasmtime_extern_t item;
        bool found = wasmtime_linker_get(engine->boot, store->context, "s", 1, "entry", 5, &item);
        assert(found && item.kind == WASMTIME_EXTERN_FUNC);
        store->entry = item.of.func;
        store->has_entry = true;
    }
    sw_list_init(&call->link);
    call->store = store;
    call->fn = fn;
    call->done = done;
    call->arg = arg;
    store->calls_now++;
    engine->stats.calls_now++;
    engine__queue_ready(call);
    *ret = call;
    return 0;
}

void engine_call_wake(struct engine_call *call)
{
    assert(call->state != CALL_GONE); /* memory of the pool: whoever wakes it kept a pointer for too long */
    if (call->state == CALL_PARKED)
        engine__queue_ready(call);
    else
        call->woken = true;
}

void engine_call_next(struct engine_call *call)
{
    struct engine *engine = call->store->engine;
    assert(engine->running && engine->running->store == call->store && engine->running != call);
    assert(call->state == CALL_READY || call->state == CALL_PARKED);
    engine->next = call;
}

/* ---- running a fiber ---- */

/* CPU time of the slice so far. The wall clock is cheap to read and right for short slices; a long one may have been preempted, so it
 * is held against the thread's CPU clock, which is read only then and once a millisecond (refresh_mark). */
static uint64_t slice_cpu_ns(const struct engine *engine, const struct engine_call *call)
{
    uint64_t wall = sw_clock_mono_ns() - call->slice_ns;
    if (wall <= (uint64_t)engine->ticker.tick_ms * 1000000)
        return wall;
    uint64_t cpu = sw_clock_thread_cpu_ns() - engine->cpu_mark_ns;
    return cpu < wall ? cpu : wall;
}

void engine__refresh_mark(struct engine *engine)
{
    uint64_t now_ms = loop_now_ms(engine->loop);
    if (now_ms == engine->cpu_mark_ms)
        return;
    engine->cpu_mark_ms = now_ms;
    engine->cpu_mark_ns = sw_clock_thread_cpu_ns();
}

static void account(struct engine_store *store, struct engine_call *call)
{
    if (!call->slice_ns)
        return;
    uint64_t used = slice_cpu_ns(store->engine, call);
    store->cpu_ns += used;
    engine__queue_charge(store->engine, store->limits.tag, used);
    call->slice_ns = 0;
}

void engine_show_running(struct engine *engine, _Atomic uint32_t *tag, _Atomic uint64_t *calls)
{
    engine->show_tag = tag;
    engine->show_calls = calls;
}

/* A core of a stripped program has no names of variables: the text can be found by its beginning. */
#define SHOWN_TITLE "swell component "
#define SHOWN_STATE (sizeof SHOWN_TITLE - 1)
#define SHOWN_RUNNING "running: "
#define SHOWN_RAN "ran last:"
#define SHOWN_NAME (SHOWN_STATE + sizeof SHOWN_RAN)
char swell_running_component[ENGINE_RUNNING_BYTES] = SHOWN_TITLE SHOWN_RAN " (none)";

void engine_name_running(struct engine *engine, const struct sw_str *names, uint32_t count)
{
    engine->show_names = names;
    engine->show_name_count = count;
    engine->shown = 0;
}

static void show_name(struct engine *engine, uint32_t tag)
{
    struct sw_str name = sw_str_head(engine->show_names[tag - 1], ENGINE_RUNNING_BYTES - SHOWN_NAME - 1);
    char *at = swell_running_component + SHOWN_NAME;
    if (name.n)
        memcpy(at, name.p, name.n);
    at[name.n] = '\0';
    engine->shown = tag;
}

/* Many times a request: a few stores, and a copy only when another component's turn comes. */
static void show(struct engine *engine, uint32_t tag)
{
    if (engine->show_tag)
        atomic_store_explicit(engine->show_tag, tag, memory_order_relaxed);
    if (tag && tag != engine->shown && tag <= engine->show_name_count)
        show_name(engine, tag);
    memcpy(swell_running_component + SHOWN_STATE, tag ? SHOWN_RUNNING : SHOWN_RAN, sizeof SHOWN_RAN - 1);
}

/* Runs the fiber until it ends or suspends. Returns true when it ended. */
static bool resume(struct engine_call *call)
{
    struct engine_store *store = call->store;
    struct engine *engine = store->engine;
    assert(!engine->running && !call->cancelled);
    engine->running = call;
    store->running = call;
    call->state = CALL_RUNNING;
    call->resume = true;
    if (!call->future && engine->show_calls) /* only we write to it */
        atomic_store_explicit(engine->show_calls,
                              atomic_load_explicit(engine->show_calls, memory_order_relaxed) + 1,
                              memory_order_relaxed);
    if (!call->future)
        call->future = wasmtime_func_call_async(store->context, &store->entry, NULL, 0, NULL, 0, &call->trap,
                                                &call->error);
    wasmtime_context_set_epoch_deadline(store->context, 1);
    engine__ticker_arm(&engine->ticker);
    if (store->limits.cpu_ms_max || store->limits.tag)
        call->slice_ns = sw_clock_mono_ns();
    show(engine, store->limits.tag);
    bool ended = wasmtime_call_future_poll(call->future);
    show(engine, 0);
    account(store, call);
    store->running = NULL;
    engine->running = NULL;
    return ended;
}

/* Takes the call out of the world; its memory goes to the pool, so nothing may use it afterwards. */
static void forget(struct engine_call *call)
{
    struct engine_store *store = call->store;
    struct engine *engine = store->engine;
    if (call->future)
        wasmtime_call_future_delete(call->future);
    if (call->trap)
        wasm_trap_delete(call->trap);
    if (call->error)
        wasmtime_error_delete(call->error);
    call->state = CALL_GONE;
    if (engine->next == call)
        engine->next = NULL;
    sw_list_remove(&call->link);
    store->calls_now--;
    engine->stats.calls_now--;
    sw_list_add_head(&engine->free_calls, &call->link);
}

static void finish(struct engine_call *call)
{
    struct engine_store *store = call->store;
    engine_call_done_fn *done = call->done;
    void *arg = call->arg;
    if (!call->entered) { /* Wasmtime could not make the fiber: no stack */
        call->rc = -SW_ELIMIT;
        (void)engine_store_fail(store, ENGINE_TRAP_HOST, "no stack for another fiber");
    } else if (call->trap || call->error) { /* `entry` itself never traps */
        call->rc = engine__record(store, call->error, call->trap);
        call->error = NULL;
        call->trap = NULL;
    }
    int rc = call->rc;
    forget(call);
    done(arg, rc); /* may free the store */
}

/* The call that is to run at once; NULL: none, or it has to wait, since calls that handed over have used a slice's time together. */
static struct engine_call *take_next(struct engine *engine, unsigned began)
{
    struct engine_call *call = engine->next;
    if (!call)
        return NULL;
    engine->next = NULL;
    sw_list_remove(&call->link); /* READY: it may have been woken as well */
    if (atomic_load_explicit(&engine->ticker.ticks, memory_order_relaxed) == began)
        return call;
    engine__queue_ready(call);
    return NULL;
}

bool engine__poll(struct engine_call *call)
{
    struct engine *engine = call->store->engine;
    unsigned began = atomic_load_explicit(&engine->ticker.ticks, memory_order_relaxed);
    while (call) {
        if (resume(call)) {
            finish(call);
        } else if (call->state == CALL_LOOP_SIDE) {
            call->loop_rc = call->loop_fn(call->loop_arg, call->store);
            continue;
        } else if (call->state == CALL_READY) {
            engine__queue_ready(call);
        } else if (call->state != CALL_PARKED) {
            engine__queue_spent(call);
            return true;
        }
        call = take_next(engine, began);
    }
    return false;
}

/* ---- cancelling ---- */

static void kill_call(struct engine_call *call)
{
    struct engine_store *store = call->store;
    struct engine *engine = store->engine;
    struct engine_call *store_ran =
        store->running; /* when a fiber that is itself being cancelled cancels another */
    struct engine_call *engine_ran = engine->running;
    call->cancelled = true;
    sw_list_remove(&call->link);
    if (call->depth) /* guest code stops in the middle: its state is torn */
        (void)engine_store_fail(store, ENGINE_TRAP_CANCELLED,
                                "a call was cancelled while its guest code waited");
    if (call->future) {
        engine->running = call;
        store->running = call;
        wasmtime_call_future_delete(call->future); /* resumes the fiber; its frames leave */
        call->future = NULL;
        engine->running = engine_ran;
        store->running = store_ran;
    }
    forget(call);
}

static int kill_on_loop_side(void *arg, struct engine_store *store)
{
    (void)store;
    kill_call(arg);
    return 0;
}

void engine_call_cancel(struct engine_call *call)
{
    struct engine_call *running = call->store->engine->running;
    assert(call->state == CALL_READY || call->state == CALL_PARKED);
    assert(call != running && !call->cancelled);
    /* From another fiber: better off that one's stack. It may not suspend any more when it is ending itself.
     * lint: allow(waits): the fiber that asks is resumed in the same turn, before anything else runs */
    if (!running || engine_loop_side_wait(running->store, kill_on_loop_side, call, NULL) < 0)
        kill_call(call);
}

/* ---- suspending, on the fiber ---- */

static bool may_go_on(void *env)
{
    const struct engine_call *call = env;
    return call->resume;
}

/* The async host function `park`. Wasmtime asks may_go_on at once, and again whenever the call is polled.
 * lint: allow(size): Wasmtime's signature */
void engine__park(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs,
                  wasmtime_val_t *results, size_t nresults, wasm_trap_t **trap,
                  wasmtime_async_continuation_t *continuation)
{
    (void)env;
    (void)args;
    (void)nargs;
    (void)results;
    (void)nresults;
    (void)trap;
    struct engine_store *store = wasmtime_context_get_data(wasmtime_caller_context(caller));
    continuation->callback = may_go_on;
    continuation->env = store->running;
    continuation->finalizer = NULL;
}

/* Leaves the fiber until it is polled again. Returns 0, or -SW_ECANCELLED. */
static int suspend(struct engine_call *call, enum call_state state)
{
    struct engine_store *store = call->store;
    if (!store->has_park) {
        wasmtime_extern_t item;
        bool found = wasmtime_linker_get(store->engine->boot, store->context, "s", 1, "park", 4, &item);
        assert(found && item.kind == WASMTIME_EXTERN_FUNC);
        store->park = item.of.func;
        store->has_park = true;
    }
    wasmtime_val_raw_t none;
    wasm_trap_t *trap = NULL;
    call->resume = false;
    call->state = state;
    wasmtime_error_t *error = wasmtime_func_call_unchecked(store->context, &store->park, &none, 0, &trap);
    if (!error && !trap)
        return 0;
    assert(call->cancelled); /* the future was deleted: nothing else makes park fail */
    if (error)
        wasmtime_error_delete(error);
    if (trap)
        wasm_trap_delete(trap);
    return -SW_ECANCELLED;
}

static bool over_budget(struct engine_store *store, const struct engine_call *call)
{
    uint64_t most = store->limits.cpu_ms_max;
    if (!most || !call->slice_ns)
        return false;
    if (store->cpu_ns + slice_cpu_ns(store->engine, call) <= most * 1000000)
        return false;
    (void)engine_store_fail(store, ENGINE_TRAP_CPU_LIMIT, "the guest used up its %llu ms of CPU time",
                            (unsigned long long)most);
    return true;
}

/* The running call, if it may suspend; else NULL and *err. */
static struct engine_call *may_suspend(struct engine_store *store, struct sw_err *err)
{
    struct engine_call *call = store->running;
    assert(call && call == store->engine->running);
    if (call->cancelled || engine__poisoned(store) || over_budget(store, call)) {
        (void)sw_fail(err, SW_ECANCELLED, "the call is ending");
        return NULL;
    }
    return call;
}

int engine_park_wait(struct engine_store *store, struct sw_err *err)
{
    struct engine_call *call = may_suspend(store, err);
    if (!call)
        return -SW_ECANCELLED;
    if (call->woken) {
        call->woken = false;
        return 0;
    }
    if (engine__memory_look(store) < 0)
        return sw_fail(err, SW_ECANCELLED, "the call is ending");
    store->engine->stats.parks++;
    if (suspend(call, CALL_PARKED) < 0 || engine__poisoned(store))
        return sw_fail(err, SW_ECANCELLED, "the call was cancelled while it waited");
    return 0;
}

int engine_yield_wait(struct engine_store *store, struct sw_err *err)
{
    struct engine_call *call = may_suspend(store, err);
    if (!call)
        return -SW_ECANCELLED;
    if (suspend(call, CALL_READY) < 0 || engine__poisoned(store))
        return sw_fail(err, SW_ECANCELLED, "the call was cancelled while it waited");
    return 0;
}

int engine_loop_side_wait(struct engine_store *store, engine_call_fn *fn, void *arg, struct sw_err *err)
{
    struct engine_call *call = may_suspend(store, err);
    if (!call)
        return -SW_ECANCELLED;
    call->loop_fn = fn;
    call->loop_arg = arg;
    if (suspend(call, CALL_LOOP_SIDE) < 0)
        return sw_fail(err, SW_ECANCELLED, "the call was cancelled while it waited");
    return call->loop_rc;
}

struct engine_call *engine_store_call(struct engine_store *store)
{
    return store->running;
}

/* ---- between guest and host ---- */

wasm_trap_t *engine__entry(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *vals, size_t n)
{
    (void)env;
    (void)vals;
    (void)n;
    struct engine_store *store = wasmtime_context_get_data(wasmtime_caller_context(caller));
    struct engine_call *call = store->running;
    uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
    call->sp_min = sp - (ENGINE_STACK_BYTES - ENGINE_STACK_TOP_BYTES) + ENGINE_WASM_STACK_BYTES +
                   ENGINE_STACK_HOST_BYTES;
    call->entered = true;
    call->rc = call->fn(call->arg, store);
    return NULL;
}

static int refuse_depth(struct engine_store *store, const struct engine_call *call)
{
    if (call->depth >= ENGINE_NESTING_MAX)
        return engine_store_fail(store, ENGINE_TRAP_STACK_OVERFLOW,
                                 "more than %d calls between guest and host are nested", ENGINE_NESTING_MAX);
    return engine_store_fail(store, ENGINE_TRAP_STACK_OVERFLOW,
                             "calls between guest and host have exhausted the stack");
}

int engine_func_call(struct engine_store *store, struct engine_func func, union engine_val *vals,
                     size_t count)
{
    struct engine_call *call = store->running;
    assert(call && call == store->engine->running);
    assert(func.opaque[0] == store->entry.store_id && count >= func.opaque[2]);
    if (engine__poisoned(store) || call->cancelled)
        return -SW_EGUEST;
    /* Wasmtime gives each nested entry a whole wasm stack below the stack pointer, whether it is there or not (wasmtime.md 14.5) */
    if (call->depth >= ENGINE_NESTING_MAX || (uintptr_t)__builtin_frame_address(0) < call->sp_min)
        return refuse_depth(store, call);
    wasmtime_func_t target = {.store_id = func.opaque[0], .__private = (void *)(uintptr_t)func.opaque[1]};
    wasm_trap_t *trap = NULL;
    wasmtime_val_raw_t none; /* Wasmtime wants a pointer even to no values */
    wasmtime_val_raw_t *raw = vals ? (wasmtime_val_raw_t *)(void *)vals : &none;
    store->entered = true;
    call->depth++;
    wasmtime_error_t *error = wasmtime_func_call_unchecked(store->context, &target, raw, count, &trap);
    call->depth--;
    if (__builtin_expect(!error && !trap, 1))
        return 0;
    if (call->cancelled) { /* what Wasmtime says of a dropped future is not news */
        if (error)
            wasmtime_error_delete(error);
        if (trap)
            wasm_trap_delete(trap);
        return -SW_EGUEST;
    }
    return engine__record(store, error, trap);
}

/* Every host function the guest sees: of the linkers that engine_module_bind makes. */
wasm_trap_t *engine__host(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *vals, size_t n)
{
    const struct bound_link *link = env;
    struct engine_store *store = wasmtime_context_get_data(wasmtime_caller_context(caller));
    struct engine_call *call = store->running;
    if (!call || engine__poisoned(store) || call->cancelled)
        return engine__trap_cheap();
    union engine_val *values = (union engine_val *)(void *)vals;
    int rc = link->kind == ENGINE_LINK_LATE ? engine__late_call(link, store, values, n)
                                            : link->fn(link->env, store, values);
    if (__builtin_expect(rc == 0 && !call->cancelled && !engine__poisoned(store), 1))
        return NULL;
    if (!call->cancelled)
        (void)engine_store_fail(store, ENGINE_TRAP_HOST, "a host function refused");
    return engine__trap_cheap();
}

/* Whether the running call has had its slice. It may have begun just before a tick: one that got less than half of the time goes on to
 * the next tick. So most short calls are never interrupted, and one that was interrupted has computed. */
static bool slice_used(const struct engine *engine, const struct engine_call *call)
{
    return !call->slice_ns ||
           sw_clock_mono_ns() - call->slice_ns >= (uint64_t)engine->ticker.tick_ms * (1000000 / 2);
}

/* A guest has come to the end of its slice. Wasmtime calls this on the guest's stack; no guest code may run in it. */
wasmtime_error_t *engine__epoch(const wasmtime_context_t *context, void *data, uint64_t *delta,
                                wasmtime_update_deadline_kind_t *kind)
{
    (void)context;
    struct engine_store *store = data;
    struct engine_call *call = store->running;
    *delta = 1;
    *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
    if (!call) /* segments at instantiation: not on a fiber */
        return NULL;
    if (call->cancelled || engine__poisoned(store) || over_budget(store, call) ||
        engine__memory_look(store) < 0)
        return wasmtime_error_new("stopped");
    if (!slice_used(store->engine, call))
        return NULL;
    *kind = WASMTIME_UPDATE_DEADLINE_YIELD;
    return NULL;
}
