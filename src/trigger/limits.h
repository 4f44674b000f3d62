/* limits.h - every ceiling of the trigger room, with its reason.  Room: trigger. */
#ifndef SW_TRIGGER_LIMITS_H
#define SW_TRIGGER_LIMITS_H

/* A component binary: componentize-py makes 40 MB, large applications several times that. */
#define TRIGGER_WASM_BYTES_MAX (512u << 20)
/* Requests in flight in one worker: each may hold a slot, a stack and a few mappings; vm.max_map_count (65,530) ends at about 13,000
 * (wasmtime.md 14.12). Beyond it: 503 with Retry-After, before anything is made. */
#define TRIGGER_REQUESTS_MAX 4096
/* Wall-clock time of one request, and CPU time of its guest: generous for real work, short enough to end a loop. */
#define TRIGGER_WALL_MS_MAX 60000
#define TRIGGER_CPU_MS_MAX 10000
/* Memory of one instance tree, as Spin's pool allows by default on small machines. */
#define TRIGGER_MEMORY_BYTES_MAX (1ull << 30)
/* Texts made per request: the full URL (a head's worth) and small change. */
#define TRIGGER_REQUEST_TEXT_BYTES_MAX (128u << 10)
/* Seconds a refused client is asked to wait. */
#define TRIGGER_RETRY_AFTER "1"
/* Requests kept for reuse when they are over, so that a request allocates nothing of ours. */
#define TRIGGER_SPARE_REQUESTS_MAX 128
/* Between SIGTERM and the end of a worker: requests in flight may finish. */
#define TRIGGER_DRAIN_MS_MAX 30000

#endif
