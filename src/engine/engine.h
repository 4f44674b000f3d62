/* engine.h - core modules, stores, instances and calls on fibers, over Wasmtime's C API.  Room: engine.
 *
 * The only room that includes wasmtime.h; nothing of Wasmtime shows here. One engine per process, used on one thread.
 *
 * A request is: engine_store_new -> engine_store_instantiate for each core module (loop side) -> engine_call_start -> the fiber runs
 * `fn`, which calls guest functions with engine_func_call and may park -> `done` on the loop side -> engine_store_free, which resets
 * the memory slots. Sources: architecture.md 4.1, 4.2; wasmtime.md 11, 14.
 *
 * Invariants
 *  1. A store is freed after its calls are done or cancelled.
 *  2. Guest code runs on a fiber only (a call), never inside engine_store_instantiate: start sections were made exports at compile time.
 *  3. After a failure the store is poisoned: engine_func_call refuses; only engine_store_free is left.
 *  4. Every nested guest entry is preceded by a stack check. */
#ifndef SW_ENGINE_ENGINE_H
#define SW_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "engine/core.h"

struct loop;
struct engine;
struct engine_module; /* a compiled core module with its memory image and its slots */
struct engine_bound;  /* a module with its imports decided: what instantiation needs */
struct engine_store;  /* one tree of core instances */
struct engine_call;   /* one fiber in a store */

/* A raw value of a core function: as wide as a v128. Integers and floats are little-endian in the low bytes. */
union engine_val {
    int32_t i32;
    uint32_t u32;
    int64_t i64;
    uint64_t u64;
    float f32;
    double f64;
    void *ref;
    uint8_t v128[16];
};

/* ---- engine ---- */

enum engine_reset {
    ENGINE_RESET_AUTO,
    ENGINE_RESET_SCAN,
    ENGINE_RESET_PAGEMAP
}; /* AUTO: PAGEMAP_SCAN when the kernel has it */

struct engine_config {
    enum engine_reset reset;
    uint32_t tick_ms;    /* 0: ENGINE_TICK_MS; a guest that computes yields to the loop at each tick */
    uint32_t stacks_max; /* 0: ENGINE_STACKS_MAX; fibers alive at once */
    uint32_t slots_max;  /* 0: ENGINE_SLOTS_MAX; memories alive at once, all modules together */
    uint64_t
        memory_bytes_max; /* 0: no limit; what all guests hold together (memory.c says how it is counted) */
};

int engine_new(const struct engine_config *config, struct loop *loop, struct engine **ret,
               struct sw_err *err) SW_MUST_CHECK;
void engine_free(struct engine *engine); /* modules and stores must be gone */
/* From now on *tag is engine_limits.tag of the guest that runs, 0 while none does, and *calls counts the calls begun: for whoever has to
 * say what ran when this process died. They must outlive the engine's calls. */
void engine_show_running(struct engine *engine, _Atomic uint32_t *tag, _Atomic uint64_t *calls);
/* For whoever looks into this process or its core: "swell component running: " or "swell component ran last: ", and the name of the guest
 * with tag N, names[N - 1], cut to what fits. There is one per process. */
#define ENGINE_RUNNING_BYTES 192
extern char swell_running_component[ENGINE_RUNNING_BYTES];
void engine_name_running(struct engine *engine, const struct sw_str *names,
                         uint32_t count); /* names outlive the engine's calls */

/* Names the libwasmtime that this process has loaded: hex digits of its build id, or "" when it has none. Two processes that name different
 * ones must not share code. */
#define ENGINE_LIBRARY_ID_MAX 129
void engine_library_id(char ret[ENGINE_LIBRARY_ID_MAX]);

/* ---- compiling: in a process of its own, no engine_new needed ---- */

/* Names the product of compiling `core`: 64 hex digits over (module bytes, engine version and build, engine settings, CPU features). */
void engine_artifact_key(const struct engine_core *core, char ret_key[65]);
void engine_artifact_key_of(struct sw_str module,
                            char ret_key[65]); /* the same from the module's bytes; any bytes will do */
/* Compiles the prepared form of core (data stripped, start made an export; see engine_core_prepare). image may be empty. */
int engine_compile(const struct engine_core *core, struct sw_buf *ret_cwasm, struct sw_buf *ret_image,
                   struct sw_err *err) SW_MUST_CHECK;

/* ---- modules ---- */

/* Loads what engine_compile made. Both descriptors stay the caller's and may be closed afterwards; the files must never change.
 * `core` must outlive the module. */
int engine_module_open(struct engine *engine, const struct engine_core *core, int cwasm_fd, int image_fd,
                       struct engine_module **ret, struct sw_err *err) SW_MUST_CHECK;
void engine_module_free(struct engine_module *module); /* bounds first; NULL is fine */

/* A host function. vals holds the arguments, and the results on return. On a fiber only. Returns 0, or < 0: the guest traps; say why
 * with engine_store_fail first (else ENGINE_TRAP_HOST is recorded). */
typedef int engine_host_fn(void *env, struct engine_store *store, union engine_val *vals);

enum engine_link_kind {
    ENGINE_LINK_HOST,   /* a host function */
    ENGINE_LINK_EXPORT, /* an export (any kind) of a core instance made earlier in the same store */
    ENGINE_LINK_LATE /* a function export of a core instance that may be made later: looked up at the first call */
};
struct engine_link {
    enum engine_link_kind kind;
    engine_host_fn *fn; /* HOST */
    void *env;          /* HOST; must outlive the bound module */
    uint32_t instance;  /* EXPORT, LATE: number of the core instance in its store */
    struct sw_str name; /* EXPORT, LATE: export name; copied */
};
/* links[i] satisfies core->imports[i]; count must be equal. All HOST or LATE: the fast path (an instance_pre). Types are checked here
 * for HOST/LATE (LATE: again at first call), at instantiation for EXPORT. */
int engine_module_bind(struct engine_module *module, const struct engine_link *links, size_t count,
                       struct engine_bound **ret, struct sw_err *err) SW_MUST_CHECK;
void engine_bound_free(struct engine_bound *bound);

/* ---- stores ---- */

struct engine_limits {
    uint64_t memory_bytes_max;   /* of all memories of the store together; 0: ENGINE_MEMORY_BYTES_MAX */
    uint64_t cpu_ms_max;         /* guest CPU time of all calls together; 0: none */
    uint32_t table_elements_max; /* per table; 0: ENGINE_TABLE_ELEMENTS_MAX */
    uint32_t tag;                /* what engine_show_running shows while a call of the store runs */
    /* Bytes that the host holds for the store beside its memories; owner: of the store. Asked when a slice ends and before a call parks:
     * beyond ENGINE_HOST_BYTES_FREE they count as memory of all guests together. NULL: they do not. */
    uint64_t (*held)(const void *owner);
};

int engine_store_new(struct engine *engine, const struct engine_limits *limits, void *owner,
                     struct engine_store **ret, struct sw_err *err) SW_MUST_CHECK;
void engine_store_free(struct engine_store *store); /* resets its slots; NULL is fine */
void *engine_store_owner(const struct engine_store *store);

/* Makes the core instance after the last (0, 1, ... in order of calls). Loop side, or inside engine_loop_side_wait.
 * Fails with SW_ELIMIT (no slot or memory over the limit: admission), SW_EGUEST (a trap: out-of-bounds segment). */
int engine_store_instantiate(struct engine_store *store, struct engine_bound *bound, uint32_t *ret_instance,
                             struct sw_err *err) SW_MUST_CHECK;
/* The same with a number of the caller's choice that is not taken. Numbers may be left out and made later: until then such an instance
 * has no exports. */
int engine_store_instantiate_at(struct engine_store *store, struct engine_bound *bound, uint32_t instance,
                                struct sw_err *err) SW_MUST_CHECK;

/* A function or memory of a store. Small values, copied freely, dead with the store. */
struct engine_func {
    uint64_t opaque[3];
};
struct engine_memory {
    struct engine_slot *slot;
};
/* Each returns 0, or SW_ABSENT when the instance has no such export of that kind. The start section, where the module had one, is the
 * function export ENGINE_START_EXPORT. */
int engine_instance_func(struct engine_store *store, uint32_t instance, struct sw_str name,
                         struct engine_func *ret) SW_MUST_CHECK;
int engine_instance_memory(struct engine_store *store, uint32_t instance, struct sw_str name,
                           struct engine_memory *ret) SW_MUST_CHECK;
/* The function in a table's element, of type (param i32) or (param i64). Fails with -SW_EGUEST, recorded: outside of the table, null, or
 * of another type. Fiber side. */
int engine_instance_table_func(struct engine_store *store, uint32_t instance, struct sw_str name,
                               uint32_t index, bool is_64, struct engine_func *ret) SW_MUST_CHECK;
/* Base and current length in bytes. The base is constant; the length changes only while guest code runs. */
uint8_t *engine_memory_view(struct engine_memory memory, uint64_t *ret_len);

/* ---- failures ---- */

enum engine_trap {
    ENGINE_TRAP_NONE,
    ENGINE_TRAP_STACK_OVERFLOW,
    ENGINE_TRAP_MEMORY_OUT_OF_BOUNDS,
    ENGINE_TRAP_TABLE_OUT_OF_BOUNDS,
    ENGINE_TRAP_INDIRECT_CALL_NULL,
    ENGINE_TRAP_BAD_SIGNATURE,
    ENGINE_TRAP_INTEGER_OVERFLOW,
    ENGINE_TRAP_DIVISION_BY_ZERO,
    ENGINE_TRAP_BAD_CONVERSION,
    ENGINE_TRAP_UNREACHABLE,
    ENGINE_TRAP_UNCAUGHT_EXCEPTION,
    ENGINE_TRAP_OTHER,        /* a wasm trap of another kind; the text says which */
    ENGINE_TRAP_CPU_LIMIT,    /* cpu_ms_max used up */
    ENGINE_TRAP_MEMORY_LIMIT, /* engine_config.memory_bytes_max used up by initial memory that was written to */
    ENGINE_TRAP_CANCELLED,    /* engine_call_cancel */
    ENGINE_TRAP_HOST,         /* a host function refused; the text says why */
    ENGINE_TRAP_EXIT,         /* the guest asked to exit (set by host/wasi/cli through engine_store_fail) */
    ENGINE_TRAP_COMPONENT     /* the canonical ABI refused; the text names the rule */
};
struct engine_failure {
    enum engine_trap kind;
    char text[256];   /* one sentence */
    char frames[768]; /* "  0: name\n ..." of the wasm frames, when known */
};
/* The first failure wins; later ones are ignored. Returns -SW_EGUEST for the caller to return. */
int engine_store_fail(struct engine_store *store, enum engine_trap kind, const char *fmt, ...)
    SW_PRINTF(3, 4);
const struct engine_failure *engine_store_failure(const struct engine_store *store); /* kind NONE: none */
/* What the store has used so far. */
struct engine_usage {
    uint64_t cpu_ns;       /* 0 without a CPU limit */
    uint64_t memory_bytes; /* what counts against memory_bytes_max; the memories never shrink */
    uint64_t
        memory_refused; /* what it would have been after the latest growth that the limit refused; 0: none was */
    uint64_t memory_counted; /* what counts against engine_config.memory_bytes_max */
    uint64_t worker_refused; /* as memory_refused, of all stores and their common limit */
};
void engine_store_usage(const struct engine_store *store, struct engine_usage *ret);
const char *engine_trap_name(enum engine_trap kind); /* "unreachable", "stack overflow", ... for logs */

/* ---- calls ---- */

typedef int engine_call_fn(void *arg, struct engine_store *store); /* fiber side; returns 0 or < 0 */
typedef void engine_call_done_fn(void *arg, int rc); /* loop side, once; never inside engine_call_start */

/* Queues a fiber that runs fn(arg). It first runs in this turn's deferred work. `done` may free the store. */
int engine_call_start(struct engine_store *store, engine_call_fn *fn, engine_call_done_fn *done, void *arg,
                      struct engine_call **ret, struct sw_err *err) SW_MUST_CHECK;
/* Ends a call that is not running: its C frames leave by failure returns inside this function, then the call is gone; `done` does NOT
 * run. Never from its own fiber. With guest code on its stack the store fails as ENGINE_TRAP_CANCELLED (its guest is torn); a call that
 * waited in C only leaves its store usable. */
void engine_call_cancel(struct engine_call *call);
/* Makes a parked call run again (loop side or the fiber of another call). Waking one that runs or is ready already is remembered:
 * its next park returns at once. */
void engine_call_wake(struct engine_call *call);

/* Fiber side: when the running call parks or ends next, `call` runs at once, without another turn of the loop, unless guests have used
 * enough of this turn. call: of the same store, parked or not begun yet; the latest one named counts. For stores with several calls of
 * which one runs at a time. */
void engine_call_next(struct engine_call *call);

/* Fiber side. */
struct engine_call *
engine_store_call(struct engine_store *store); /* the running one; NULL on the loop side */
/* Suspends the fiber until engine_call_wake. Returns 0, or -SW_ECANCELLED: leave at once, run no guest code, never park again. */
int engine_park_wait(struct engine_store *store, struct sw_err *err) SW_MUST_CHECK;
/* Suspends the fiber until the loop has had a turn. Returns as engine_park_wait. */
int engine_yield_wait(struct engine_store *store, struct sw_err *err) SW_MUST_CHECK;
/* Suspends the fiber, runs fn(arg) on the loop side, resumes; returns fn's result, or -SW_ECANCELLED. For instantiation. */
int engine_loop_side_wait(struct engine_store *store, engine_call_fn *fn, void *arg,
                          struct sw_err *err) SW_MUST_CHECK;
/* Calls a guest function; vals: arguments in, results out, max(params, results) long, 16-byte slots. Checks the stack first.
 * Returns 0 or -SW_EGUEST (recorded in the store). */
int engine_func_call(struct engine_store *store, struct engine_func func, union engine_val *vals,
                     size_t count) SW_MUST_CHECK;

/* ---- numbers for admission, logs and tests ---- */

struct engine_stats {
    uint64_t stores_now, calls_now, slots_now, slots_busy;
    uint64_t instances, traps, parks, yields, resets, pages_reset;
    /* What the memories of stores hold, and free slots; the limit for both; how often it refused something. */
    uint64_t memory_busy, memory_free, memory_max, memory_refusals;
    /* How long calls that started or were woken waited, in whole slices that others used up meanwhile: none, 1, 2, more; the most. Of
     * components that themselves computed lately nothing is counted: they go after the others (queue.c). */
    uint64_t waited[4], waited_max;
};
void engine_stats_read(const struct engine *engine, struct engine_stats *ret);

#endif
