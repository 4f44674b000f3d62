/* engine_internal.h - what the files of the engine share.  Room: engine (private).
 *
 *   engine ──┬─ pools of stores, calls, stacks
 *            ├─ run queue (ready, heavy and spent calls, one loop_defer)
 *            ├─ ticker (a thread that raises the epoch)
 *            └─ module ── pool of slots per memory ── slot (4 GiB reservation)
 *                 └─ bound (imports decided)
 *   store ── instances (bound + Wasmtime's handle), busy slots, calls
 *   call  ── one fiber: READY -> RUNNING -> PARKED | LOOP_SIDE | READY ... -> done */
#ifndef SW_ENGINE_INTERNAL_H
#define SW_ENGINE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include <wasmtime.h>

#include "base/list.h"
#include "base/map.h"
#include "engine/engine.h"
#include "engine/limits.h"
#include "loop/loop.h"

/* ---- slot.c, reset.c, memory.c ---- */

/* The slots of one memory of one module, or the engine's anonymous ones (heaps that Wasmtime makes for itself). */
struct engine_pool {
    struct engine *engine;
    uint64_t min_bytes;
    int image_fd;            /* -1: no image; owned by the module */
    const uint8_t *pristine; /* the image, read-only; NULL without one */
    size_t image_bytes;      /* rounded up to pages */
    struct sw_link free;     /* engine_slot.link; the most recently used first */
    uint64_t typical_pages;  /* dirtied by one use of a fresh slot, smoothed */
};

struct engine_slot {
    struct sw_link link; /* in the store while busy, in the pool while free */
    struct sw_link age;  /* in engine.free_slots while free */
    uint8_t *base;
    uint64_t bytes; /* current length of the memory */
    struct engine_pool *pool;
    struct engine_store *store; /* while busy */
    uint64_t freed_ms;
    uint64_t counted; /* in stats.memory_busy or .memory_free */
    uint64_t held;    /* while busy: bytes of the initial part that count */
    uint64_t
        kept_initial;    /* bytes of private pages after the latest reset, at most, of the initial part ... */
    uint64_t kept_grown; /* ... and beyond it */
    uint64_t high;       /* the memory's greatest length since there was no private page */
    bool touched;        /* the host took a view: it may have written */
    bool fresh;          /* no private page yet when this use began */
};

void engine__pool_init(struct engine_pool *pool, struct engine *engine, uint64_t min_bytes);
void engine__pool_drain(struct engine_pool *pool); /* unmaps its free slots; none may be busy */
wasmtime_error_t *engine__memory_new(void *env, const wasm_memorytype_t *type, size_t min, size_t max,
                                     size_t reserved, size_t guard, wasmtime_linear_memory_t *ret);
void engine__slots_trim(
    struct engine *engine); /* unmaps one slot that has been cold for long, if there is one */

bool engine__scan_works(int pagemap_fd); /* the kernel has PAGEMAP_SCAN */
/* Makes the slot's memory a fresh instance's. Returns 0, or -1: the slot must be unmapped. */
int engine__slot_reset(struct engine *engine, struct engine_slot *slot) SW_MUST_CHECK;
/* Bytes of private pages in the initial part of a busy slot; all of it when the kernel does not say. */
uint64_t engine__slot_held(const struct engine *engine, const struct engine_slot *slot);
/* Unmaps the free slot that nobody used for longest. Returns false when none is free. */
bool engine__slot_evict(struct engine *engine);

/* Counts a slot that the store is to get. Returns false when the worker's limit refuses. */
bool engine__memory_take(struct engine_slot *slot, struct engine_store *store) SW_MUST_CHECK;
bool engine__memory_may_grow(struct engine_slot *slot, uint64_t more) SW_MUST_CHECK;
void engine__memory_recount(struct engine_slot *slot); /* busy; after it grew */
void engine__memory_release(struct engine_slot *slot,
                            struct engine *engine);   /* no longer busy, before its reset */
void engine__memory_freed(struct engine_slot *slot);  /* it is free now */
void engine__memory_unfree(struct engine_slot *slot); /* it is no longer free */
uint64_t engine__memory_of_store(const struct engine_store *store);
void engine__memory_forget_host(struct engine_store *store); /* it goes */
/* At the end of a slice that is not the store's last. Returns 0, or < 0: the store has failed. */
int engine__memory_look(struct engine_store *store) SW_MUST_CHECK;

/* ---- stack.c ---- */

struct engine_stack {
    struct sw_link link; /* in engine.free_stacks; the most recently used first */
    struct engine *engine;
    uint8_t *map; /* guard, then the stack */
    uint64_t freed_ms;
    uint32_t uses;
};
wasmtime_error_t *engine__stack_new(void *env, size_t size, bool zeroed, wasmtime_stack_memory_t *ret);
void engine__stacks_trim(struct engine *engine);
void engine__stacks_drain(struct engine *engine);

/* ---- ticker.c ---- */

struct engine_ticker {
    wasm_engine_t *wasm;
    uint32_t tick_ms;
    atomic_uint ticks;
    atomic_bool active; /* a guest ran since the last tick */
    atomic_bool asleep;
    atomic_bool stopping;
    bool started;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t woken;
};
int engine__ticker_start(struct engine_ticker *ticker, wasm_engine_t *wasm, uint32_t tick_ms,
                         struct sw_err *err) SW_MUST_CHECK;
void engine__ticker_stop(struct engine_ticker *ticker);
void engine__ticker_wake(struct engine_ticker *ticker);

/* Called before each slice. One atomic exchange; a system call only when the ticker sleeps. */
static inline void engine__ticker_arm(struct engine_ticker *ticker)
{
    atomic_store(&ticker->active, true); /* sequentially consistent: ordered before the look at asleep */
    if (atomic_load(&ticker->asleep))
        engine__ticker_wake(ticker);
}

/* ---- engine.c ---- */

struct engine_share { /* what the calls of a component used lately */
    uint64_t turn;    /* in which */
    uint64_t used_ns; /* it used so much */
    unsigned tick;    /* and when it was last seen to compute */
    bool heavy;       /* it was, and that is not long ago */
};

struct engine {
    wasm_engine_t *wasm;
    wasmtime_linker_t *boot; /* `entry` and `park` */
    struct loop *loop;
    struct engine_ticker ticker;
    int pagemap_fd;
    bool use_scan;
    bool skips_resets; /* a test made it so: SW_FAULT_ENGINE_SKIP */
    uint32_t stacks_max;
    uint32_t slots_max;

    struct loop_defer defer;
    struct sw_link ready; /* calls that started or were woken, in order */
    struct sw_link heavy; /* the same, of components that computed lately: after the others */
    struct sw_link spent; /* calls that used their slice up, in order: one of them has a slice in each turn */
    struct sw_link batch; /* the ready ones of this turn */
    struct sw_link spent_batch;                /* the spent one of this turn */
    struct engine_share shares[ENGINE_SHARES]; /* by tag */
    uint64_t turn;
    bool heavy_next;             /* a slice of the heavy ones is due, the last turn had none */
    struct engine_call *running; /* NULL on the loop side */
    struct engine_call *next;    /* engine_call_next */
    _Atomic uint32_t *show_tag;  /* engine_show_running; NULL: nobody looks */
    _Atomic uint64_t *show_calls;
    const struct sw_str *show_names; /* engine_name_running; by tag, the first is 1 */
    uint32_t show_name_count;
    uint32_t shown;       /* the tag whose name is shown */
    uint64_t cpu_mark_ns; /* the thread's CPU time at cpu_mark_ms */
    uint64_t cpu_mark_ms;

    struct engine_store *pending; /* store that is instantiating */
    struct engine_bound *pending_bound;
    bool keeping;              /* a keeper makes a stand-in for a memory (keeper.c) */
    size_t keeping_bytes;      /* of it */
    uint32_t pending_memory;   /* next defined memory that Wasmtime will ask for */
    struct sw_err pending_err; /* why the creator refused; code 0: it did not */

    struct engine_pool anonymous;
    struct sw_link free_slots; /* all pools, the most recently used first */
    struct sw_link free_stacks;
    uint64_t stacks_now;
    uint64_t memory_max;  /* ENGINE_MEMORY_UNLIMITED: none */
    uint64_t faults_seen; /* of this thread, at the latest look */
    struct sw_link free_stores;
    struct sw_link free_calls;
    uint64_t modules_now;
    struct engine_stats stats;
};

wasm_config_t *engine__config(void); /* what compiling and running share */
const char *engine__settings_text(void);

/* ---- module.c ---- */

struct engine_module {
    struct engine *engine;
    const struct engine_core *core;
    wasmtime_module_t *wasm;
    struct engine_pool *pools; /* one per defined memory */
    uint32_t pool_count;
    struct sw_map exports; /* name -> const struct engine_core_export */
    bool quiet;            /* instantiating writes no memory: every active segment was stripped */
    uint32_t bounds_now;
};

struct bound_link { /* what a trampoline is given */
    struct engine_bound *bound;
    enum engine_link_kind kind;
    engine_host_fn *fn;
    void *env;
    uint32_t import; /* its number in the core module */
    uint32_t late;   /* LATE: its number among the late ones */
    uint32_t instance;
    struct sw_str name; /* owned */
};

struct engine_bound {
    struct engine_module *module;
    wasmtime_instance_pre_t *pre; /* the fast path */
    wasmtime_linker_t *linker;    /* else: host functions by number, for wasmtime_linker_get */
    wasmtime_store_t *keeper;     /* keeps what `raws` points at (keeper.c) */
    void **raws; /* per import: a host function in a form for every store. NULL: by `linker` for each store */
    struct bound_link *links;
    size_t count;
    uint32_t late_count;
    uint64_t instances_now;
};

#define ENGINE_LINK_NAME_MAX 12 /* digits of 6 bits */
/* The name of import `number` in engine_bound.linker; returns its length. Cheaper than printing: once per import and instance. */
size_t engine__link_name(size_t number, char ret[ENGINE_LINK_NAME_MAX]);
int engine__export_func(struct engine_store *store, uint32_t instance, struct sw_str name,
                        struct engine_func *ret, const struct engine_functype **ret_type) SW_MUST_CHECK;

/* ---- keeper.c ---- */

/* Fills `raws` when every import has a stand-in; else leaves it NULL. */
int engine__keep(struct engine_bound *bound, struct sw_err *err) SW_MUST_CHECK;
void engine__keeper_free(struct engine_bound *bound);
void engine__keeper_memory(struct engine *engine, size_t min, wasmtime_linear_memory_t *ret);

/* ---- store.c ---- */

struct store_instance {
    wasmtime_instance_t wasm;
    struct engine_bound *bound; /* NULL: not made */
};

struct late_set { /* what the late links of one bound module have become in this store */
    struct late_set *next;
    struct engine_bound *bound;
    struct engine_func funcs[]; /* opaque[1] 0: not looked up yet */
};

#define STORE_INSTANCES_INLINE 4 /* main, adapter and two small ones: most components need no more */

struct engine_store {
    struct sw_link link; /* in engine.free_stores */
    struct engine *engine;
    wasmtime_store_t *wasm;
    wasmtime_context_t *context;
    void *owner;
    struct engine_call *running;
    uint64_t calls_now;
    struct store_instance *instances;
    uint32_t instance_count; /* one more than the highest number made */
    uint32_t instance_cap;
    struct store_instance inline_instances[STORE_INSTANCES_INLINE];
    struct late_set *late_sets; /* the most recently used first */
    struct sw_link slots;
    bool entered; /* guest code ran, or instantiation wrote memory */
    bool has_entry;
    bool has_park;
    wasmtime_func_t entry;
    wasmtime_func_t park;
    uint64_t memory_bytes;
    uint64_t memory_refused; /* engine_usage */
    uint64_t worker_refused; /* engine_usage */
    uint64_t host_counted;   /* what the host holds for it, as it is in stats.memory_busy */
    struct engine_limits limits;
    uint64_t cpu_ns;
    struct engine_failure failure;
};

int engine__late_call(const struct bound_link *link, struct engine_store *store, union engine_val *vals,
                      size_t n) SW_MUST_CHECK;

/* ---- call.c ---- */

enum call_state { CALL_READY, CALL_RUNNING, CALL_PARKED, CALL_LOOP_SIDE, CALL_GONE };

struct engine_call {
    struct sw_link link; /* in a list of queue.c while READY, else in engine.free_calls or nowhere */
    struct engine_store *store;
    engine_call_fn *fn;
    engine_call_done_fn *done;
    void *arg;
    int rc;
    enum call_state state;
    bool entered;          /* fn has begun */
    bool woken;            /* the next park returns at once */
    bool resume;           /* tells the continuation of `park` to go on */
    bool cancelled;        /* no guest code, no park any more */
    uint32_t depth;        /* guest entries nested */
    uintptr_t sp_min;      /* a guest may be entered while the stack pointer is above */
    uint64_t ready_yields; /* engine.stats.yields when it became ready */
    uint64_t slice_ns;     /* when this slice began; 0: the store has neither a CPU limit nor a tag */
    engine_call_fn *loop_fn;
    void *loop_arg;
    int loop_rc;
    wasmtime_call_future_t *future; /* NULL until first polled */
    wasm_trap_t *trap;
    wasmtime_error_t *error;
};

void engine__refresh_mark(struct engine *engine); /* of the thread's CPU clock; once a turn */
bool engine__poll(struct engine_call *call);      /* a slice of it; true when it used that up */
wasm_trap_t *engine__entry(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *vals, size_t n);
void engine__park(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t nargs,
                  wasmtime_val_t *results, size_t nresults, wasm_trap_t **trap,
                  wasmtime_async_continuation_t *continuation);
wasm_trap_t *engine__host(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *vals, size_t n);
wasmtime_error_t *engine__epoch(const wasmtime_context_t *context, void *data, uint64_t *delta,
                                wasmtime_update_deadline_kind_t *kind);

/* ---- queue.c ---- */

void engine__queue_ready(struct engine_call *call); /* it started or was woken */
void engine__queue_spent(struct engine_call *call); /* it used a slice up */
void engine__queue_charge(struct engine *engine, uint32_t tag, uint64_t ns);
void engine__queue_init(struct engine *engine);
void engine__run_ready(void *arg);

/* ---- compile.c ---- */

int engine__core_supported(const struct engine_core *core, struct sw_err *err) SW_MUST_CHECK;

/* ---- trap.c ---- */

/* Records what stopped a guest, frees both and returns -SW_EGUEST. One of them is NULL. */
int engine__record(struct engine_store *store, wasmtime_error_t *error, wasm_trap_t *trap);
/* The error's first line into *err with the code; frees it. */
int engine__error_take(wasmtime_error_t *error, enum sw_code code, struct sw_err *err);
wasm_trap_t *engine__trap_cheap(void); /* for a guest whose store knows why already */

static inline bool engine__poisoned(const struct engine_store *store)
{
    return __builtin_expect(store->failure.kind != ENGINE_TRAP_NONE, 0);
}

#endif
