/* limits.h - every ceiling of the trigger room, with its reason.  Room: trigger. */
#ifndef SW_TRIGGER_LIMITS_H
#define SW_TRIGGER_LIMITS_H

/* A component binary: componentize-py makes 40 MB, large applications several times that. */
#define TRIGGER_WASM_BYTES_MAX (512u << 20)
/* What describes one core module while it is compiled: as much as the check had for all of them (component/limits.h). */
#define TRIGGER_CORE_BYTES_MAX (256u << 20)
/* Fibers and guest memories of one worker at once: 16,384 reservations of a little more than 4 GiB are half of a process's 128 TiB. The
 * kernel's limit on mappings ends earlier by default: vm.max_map_count (65,530) at about 10,500 requests. */
#define TRIGGER_REQUESTS_MAX 16384u
#define TRIGGER_SLOTS_MAX 16384u
/* Mappings of a request: guard and stack; and for each memory the guard in front, its image, its pages, what is closed of it. 10,000 parked
 * requests were measured to have 5.5 each, because some of these merge with their neighbours (wasmtime.md 14.12 says five). */
#define TRIGGER_STACK_MAPPINGS 2u
#define TRIGGER_SLOT_MAPPINGS 4u
/* Kept for heaps, libraries and memories that grow in parts; and what is used in any case; and the kernel's default where /proc does not say. */
#define TRIGGER_MAPPINGS_RESERVE 2048u
#define TRIGGER_MAPPINGS_MIN 64u
#define TRIGGER_MAPPINGS_GUESS 65530u
/* Descriptors: kept for what is no connection; the least and the most connections; the usual limit where the kernel does not say. */
#define TRIGGER_DESCRIPTORS_RESERVE 64u
#define TRIGGER_DESCRIPTORS_GUESS 1024u
#define TRIGGER_CONNECTIONS_MIN 16u
#define TRIGGER_CONNECTIONS_MAX 20000u

/* ---- one component, where manifest and options say nothing ---- */

/* Requests at once, in one worker. Beyond it they wait. */
#define TRIGGER_CONCURRENCY_MAX 4096u
/* Requests that wait, in one worker: a second or two of work for a guest of a millisecond. Beyond it: 503 with Retry-After. */
#define TRIGGER_QUEUE_MAX 1024u
/* How long one waits at most: clients that are told early can still go elsewhere. */
#define TRIGGER_QUEUE_MS_MAX 10000u
/* A full queue: the process leaves new connections to others until a quarter of its places is free, or this time is over. Others need
 * microseconds to take one; if none does, the client is to hear 503 soon, and those of other components are not to wait for long. */
#define TRIGGER_PAUSE_MS 20u
/* Refusals are logged at most this often for each component. */
#define TRIGGER_REFUSALS_LOG_MS 1000u
/* Wall-clock time of one request, and CPU time of its guest: generous for real work, short enough to end a loop. */
#define TRIGGER_WALL_MS_MAX 60000
#define TRIGGER_CPU_MS_MAX 10000
/* Memory of one instance tree, as Spin's pool allows by default on small machines. */
#define TRIGGER_MEMORY_BYTES_MAX (1ull << 30)
/* One request changes what is expected of the next by this part: a few large ones are remembered, one is not for long. */
#define TRIGGER_MEMORY_SMOOTH 8u
/* Texts made per request: the full URL (a head's worth) and small change. */
#define TRIGGER_REQUEST_TEXT_BYTES_MAX (128u << 10)
/* Seconds a refused client is asked to wait. */
#define TRIGGER_RETRY_AFTER "1"
/* Requests kept for reuse when they are over, so that a request allocates nothing of ours. */
#define TRIGGER_SPARE_REQUESTS_MAX 128
/* Between SIGTERM and the end of a worker: requests in flight may finish. */
#define TRIGGER_DRAIN_MS_MAX 30000

/* ---- what guests print ---- */

/* Lines of all guests of one worker that wait for stderr's reader: half is written while the other fills. Beyond it lines are dropped. */
#define TRIGGER_OUTPUT_BYTES_MAX (256u << 10)
/* One write: what a pipe takes in one piece (PIPE_BUF), so that the lines of several processes do not mix. A line and its end fit. */
#define TRIGGER_OUTPUT_WRITE_MAX 4096u
#define TRIGGER_OUTPUT_LINE_MAX (TRIGGER_OUTPUT_WRITE_MAX - 1)
/* How long files may be behind: with a wake-up and a write for each line, an access log cost 9.6 us of CPU time a request, so 2.5. */
#define TRIGGER_OUTPUT_GATHER_MS 20u
/* Failures to write are told at most this often: a disk stays full for minutes. */
#define TRIGGER_OUTPUT_FAILURE_MS 60000u
/* How long the end of a worker waits for a reader of stderr. */
#define TRIGGER_OUTPUT_FLUSH_MS 2000u
/* What an access log's line has of a request's target and of each other text, escaped: the rest of the line needs 300 bytes of 4095. */
#define TRIGGER_ACCESS_TARGET_BYTES_MAX 1600u
#define TRIGGER_ACCESS_TEXT_BYTES_MAX 600u
#define TRIGGER_ACCESS_LINE_BYTES_MAX 16384u
/* The operator's settings as a worker reads them: paths, and ids of followed components. */
#define TRIGGER_SETTINGS_BYTES_MAX (1u << 20)

/* ---- commands on their own ---- */

/* Memory of a command that was given no limit: what one 32-bit memory can have. */
#define TRIGGER_RUN_MEMORY_BYTES_MAX (4ull << 30)
/* One read of stdin: what a pipe holds by default. */
#define TRIGGER_STDIO_READ_BYTES (64u << 10)
/* One write to stdout or stderr; what the kernel did not take of it is kept, up to what check-write promises. */
#define TRIGGER_STDIO_WRITE_BYTES (64u << 10)
#define TRIGGER_STDIO_REST_BYTES_MAX (64u << 10)

/* ---- Wagi ---- */

/* Output that is kept before the response begins, so that a command that fails late is still answered with 500: a large page. Beyond it the
 * output is streamed, and kept this far ahead of a slow client at most. */
#define TRIGGER_WAGI_HELD_BYTES_MAX (256u << 10)
/* Header lines of an output; browsers and servers refuse more than about a hundred. */
#define TRIGGER_WAGI_FIELDS_MAX 128u
/* Arguments of a command: path and query with some text around, each given a few times at most. */
#define TRIGGER_WAGI_ARGS_BYTES_MAX (256u << 10)
/* Environment, arguments and the output's header of one request. */
#define TRIGGER_WAGI_TEXT_BYTES_MAX (1u << 20)

/* ---- static files ---- */

/* What is read of a file and handed to the connection at once: as much as bodies move. */
#define TRIGGER_STATIC_PIECE_BYTES (64u << 10)
/* Where a folder without its last slash is redirected: path and query of a request's head. */
#define TRIGGER_STATIC_LOCATION_BYTES (16u << 10)

#endif
