/* limits.h - the engine's numbers, each with its reason.  Room: engine. */
#ifndef SW_ENGINE_LIMITS_H
#define SW_ENGINE_LIMITS_H

#include <stdint.h>

/* ---- time ---- */
#define ENGINE_TICK_MS                                                                                       \
    2 /* a computing guest yields this often: keeps I/O latency of a loaded loop in milliseconds */
#define ENGINE_TICKER_IDLE_TICKS                                                                             \
    50 /* ticks without a guest before the ticker sleeps: 100 ms; arming costs a system call only then */
#define ENGINE_TURN_TICKS 2 /* ticks of guest time in one turn of the loop before I/O gets its turn again */
#define ENGINE_HEAVY_TICKS                                                                                   \
    50 /* a component that computed goes after others for so long: 100 ms; much less than a burst of requests lasts */
#define ENGINE_SHARES                                                                                        \
    256 /* components told apart by what they use; more share an entry: order is all it costs */
#define ENGINE_IDLE_MS 30000 /* a free slot or stack unused this long is unmapped */

/* ---- stacks (wasmtime.md 14.5: 512 KiB in 2 MiB is one of the proven pairs) ---- */
#define ENGINE_WASM_STACK_BYTES                                                                              \
    (512u << 10) /* wasm frames of one entry; Wasmtime's own default, which guests are tuned to */
#define ENGINE_STACK_BYTES (2u << 20)       /* a fiber: three full entries plus host frames */
#define ENGINE_STACK_HOST_BYTES (64u << 10) /* left for host frames below a nested entry */
#define ENGINE_STACK_TOP_BYTES (16u << 10)  /* Wasmtime's frames above `entry`, never more than this */
#define ENGINE_STACK_GUARD_BYTES                                                                             \
    (64u << 10) /* PROT_NONE below each stack; code probes each page, so one page would do */
#define ENGINE_STACK_KEEP_BYTES                                                                              \
    (32u << 10) /* what a pooled stack keeps resident at its top: an ordinary request uses 8 KiB of it */
#define ENGINE_STACK_TRIM_USES 256 /* every so many uses the rest of a stack is given back */
#define ENGINE_STACKS_MAX                                                                                    \
    8192 /* 13,000 parked requests exhaust the default vm.max_map_count (wasmtime.md 14.12) */
#define ENGINE_NESTING_MAX 64 /* guest entries nested on one fiber; a chain of components needs two each */

/* ---- memories ---- */
#define ENGINE_PAGE_BYTES 4096                /* of the machine; a dirty page is the unit of reset */
#define ENGINE_SLOT_BYTES (UINT64_C(4) << 30) /* reservation: bounds checks of 32-bit memories are elided */
#define ENGINE_SLOT_GUARD_BYTES                                                                              \
    (UINT64_C(32) << 20)      /* before and after; compiled code relies on the one after */
#define ENGINE_SLOTS_MAX 8192 /* as ENGINE_STACKS_MAX: a slot is three mappings */
#define ENGINE_MEMORY_BYTES_MAX (UINT64_C(256) << 20) /* default for all memories of a store */
#define ENGINE_IMAGE_BYTES_MAX                                                                               \
    (UINT64_C(64) << 20) /* segments that end above stay segments: an image is as long as its highest byte */
#define ENGINE_DIRTY_PAGES_BASE 64 /* a slot may carry 4 x typical + this many private pages ... */
#define ENGINE_DIRTY_PAGES_FACTOR 4
#define ENGINE_DIRTY_PAGES_MAX 8192 /* ... and never more than 32 MiB */

/* ---- memory of all stores together (memory.c) ---- */
#define ENGINE_MEMORY_UNLIMITED (UINT64_C(1) << 62) /* stands for no limit; sums with it do not overflow */
#define ENGINE_MEMORY_RESERVE                                                                                \
    16 /* this part of the limit is kept for stores that hold little: thousands of ordinary requests */
#define ENGINE_MEMORY_LITTLE                                                                                 \
    256 /* little: this part of the limit; 1 MiB of 256 MiB is more than most requests hold */
#define ENGINE_MEMORY_LOOK_FAULTS                                                                            \
    64 /* pages that come in before it is looked whose they are: 256 KiB, a look costs less than they did */
#define ENGINE_MEMORY_LOOK_PART 16 /* and this part of what the store holds: a look costs as much */

#define ENGINE_HOST_BYTES_FREE                                                                               \
    (64u << 10) /* of the host's own for a store, not counted: more than an ordinary request needs */

/* ---- stores ---- */
#define ENGINE_TABLE_ELEMENTS_MAX 100000u /* per table; the largest seen in a real guest is 8,000 */
#define ENGINE_STORE_INSTANCES_MAX 1000 /* core instances of one store; linked Python guests have about 30 */
#define ENGINE_STORE_TABLES_MAX 100     /* with the above: 80 MB of the host's memory at most */
#define ENGINE_INSTANCE_BYTES_FREE                                                                           \
    65536u /* what Wasmtime keeps for an instance beyond this counts as memory of its store */
#define ENGINE_STORE_MEMORIES_MAX 100
#define ENGINE_FRAMES_MAX 16 /* wasm frames named in a failure */

/* ---- core modules: the limits of the WebAssembly JavaScript API (section 9), which every browser holds to ---- */
#define ENGINE_CORE_BYTES_MAX (UINT64_C(1) << 30)
#define ENGINE_CORE_TYPES_MAX 1000000u
#define ENGINE_CORE_IMPORTS_MAX 1000000u
#define ENGINE_CORE_FUNCS_MAX 1000000u
#define ENGINE_CORE_TABLES_MAX 100000u
#define ENGINE_CORE_MEMORIES_MAX 100u
#define ENGINE_CORE_GLOBALS_MAX 1000000u
#define ENGINE_CORE_TAGS_MAX 1000000u
#define ENGINE_CORE_EXPORTS_MAX 1000000u
#define ENGINE_CORE_DATA_MAX 100000u
#define ENGINE_CORE_PARAMS_MAX 1000u
#define ENGINE_CORE_RESULTS_MAX 1000u
#define ENGINE_CORE_FIELDS_MAX 10000u
#define ENGINE_CORE_CUSTOMS_MAX 100000u /* ours: each costs memory here but may be two bytes long */

#endif
