/* limits.h - every ceiling of the node room, with its reason.  Room: node. */
#ifndef SW_NODE_LIMITS_H
#define SW_NODE_LIMITS_H

/* Compile processes at once: each uses every core by itself while it optimises; the second one hides the first one's serial parts. */
#define NODE_COMPILERS_MAX 2
/* One component: a 40 MB Python component takes about a minute on two slow cores. */
#define NODE_COMPILE_MS_MAX 300000
#define NODE_PROGRESS_MS 1000
/* What a compile process may print: a line per core module, or a message. The rest is cut. */
#define NODE_COMPILE_OUTPUT_BYTES_MAX (256u << 10)
#define NODE_COMPILE_MESSAGE_BYTES_MAX (16u << 10)
/* The sandbox's own limits, should the supervisor be gone. CPU: four processors busy for the whole time limit. A file: twice the native
 * code of the largest component (512 MiB, four times that as code). Descriptors: it holds about six. */
#define NODE_COMPILE_CPU_S_MAX (4 * (NODE_COMPILE_MS_MAX / 1000))
#define NODE_COMPILE_FILE_BYTES_MAX (4ull << 30)
#define NODE_COMPILE_FDS_MAX 64
/* Dependencies that are linked with a component before anything is compiled: each is one of the descriptors above. With more, its worker is
 * the first to link it. */
#define NODE_CHECK_DEPENDENCIES_MAX 32
/* All core modules of a component, as the check hands them over: as much as a component may have (trigger/limits.h). */
#define NODE_MODULES_BYTES_MAX (512u << 20)
/* A memory image is what data segments make: no larger than the engine's limit (engine/limits.h). */
#define NODE_IMAGE_BYTES_MAX (64u << 20)
/* Core modules of one component, nested ones included: componentize-py makes about ten. */
#define NODE_ARTIFACTS_MAX 512
/* Of one application: two descriptors each, in packets of 64, must fit a socket's default buffer (208 KiB) before the worker reads. */
#define NODE_ARTIFACTS_TOTAL_MAX 2048
/* The locked application and the table of keys, as the worker reads them. */
#define NODE_SERVING_BYTES_MAX (16u << 20)

#define NODE_WORKERS_MAX 256
/* Of the machine's or the control group's memory, for the guests of all workers, where no option says otherwise. The rest is for the workers
 * themselves (code, connections, stacks), the supervisor, compilers, and the system. The least is enough for a few requests at once. */
#define NODE_MEMORY_PERCENT 75
#define NODE_MEMORY_BYTES_MIN (16ull << 20)
/* From its start to its "ready": it maps code that is compiled already. */
#define NODE_START_MS_MAX 60000
/* From the drain message to SIGKILL; longer than a worker gives its requests (trigger/limits.h). */
#define NODE_DRAIN_MS_MAX 35000
/* Pauses before a worker is started again: doubled with each quick end. */
#define NODE_BACKOFF_MS_MIN 100
#define NODE_BACKOFF_MS_MAX 5000
/* A worker that served this long has shown that it can. */
#define NODE_STEADY_MS 10000
/* Quick ends in a row, with no worker serving, before the supervisor gives up. */
#define NODE_CRASHES_MAX 5

/* A worker is asked for a sign of life this often; its loop answers between guests, which yield at every tick. */
#define NODE_PING_MS 1000
/* So many unanswered questions in a row: it hangs. Ten seconds are far more than a slow machine needs. Counted in questions, not in
 * time, so that a machine that slept, or a supervisor that was stopped with its workers, blames nobody. */
#define NODE_PINGS_MAX 10
/* A worker that hangs gets SIGABRT, for a core where the sandbox permits one (SWELL_SANDBOX=inspect), and so long for it before SIGKILL. */
#define NODE_ABORT_MS_MAX 2000

/* A reload: how long new workers wait for the old ones to stop accepting, so that there is one moment before and after which a new
 * connection is the old's and the new's. A turn of the old ones' loops is enough, unless one hangs. */
#define NODE_SWAP_MS_MAX 1000
/* Revisions that were replaced and still finish requests; each has a full set of workers. */
#define NODE_REVISIONS_OLD_MAX 8

/* Control socket: clients at once (a person or a script, one answer each), and how long one may take to say what it wants. */
#define NODE_CONTROL_CLIENTS_MAX 8
#define NODE_CONTROL_ASK_MS_MAX 5000
/* How long it looks for no client when there is no descriptor or memory for one. */
#define NODE_CONTROL_REST_MS 500
/* What a client waits for its answer: every component may compile, every worker may start; and something for what lies between. */
#define NODE_CONTROL_ANSWER_MS_MAX (NODE_COMPILE_MS_MAX * 2 + NODE_START_MS_MAX)
#define NODE_CONTROL_MESSAGE_BYTES_MAX 8192
/* Sockets looked at when no address is given: as many applications as one person runs, with room for leftovers. */
#define NODE_CONTROL_SCAN_MAX 256
/* Address of a listener as the name of a socket: with "/proc/self/fd/N/" in front it must fit the 108 bytes of unix(7). */
#define NODE_CONTROL_NAME_BYTES_MAX 80

/* Names that one worker wants to know at once; so many of them are looked up at a time, of 16 that libuv's threads do for all. */
#define NODE_NAMES_MAX 256
#define NODE_NAMES_RUNNING_MAX 4
/* A question or an answer: a name, or 16 addresses. A worker's question must fit what slot.c reads. */
#define NODE_NAMES_MESSAGE_BYTES_MAX 2048

/* Temporary files that a killed compiler left in the cache are taken away when they are this old. */
#define NODE_CACHE_STALE_S 3600

#endif
