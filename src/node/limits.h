/* limits.h - every ceiling of the node room, with its reason.  Room: node. */
#ifndef SW_NODE_LIMITS_H
#define SW_NODE_LIMITS_H

/* Compile processes at once: each uses every core by itself while it optimises; the second one hides the first one's serial parts. */
#define NODE_COMPILERS_MAX 2
/* One component: a 40 MB Python component takes about a minute on two slow cores. */
#define NODE_COMPILE_MS_MAX 300000
#define NODE_PROGRESS_MS 1000
/* What a compile process may print: a key per core module, and a message. The rest is cut. */
#define NODE_COMPILE_OUTPUT_BYTES_MAX (256u << 10)
#define NODE_COMPILE_MESSAGE_BYTES_MAX (16u << 10)
/* Core modules of one component, nested ones included: componentize-py makes about ten. */
#define NODE_ARTIFACTS_MAX 512
/* Of one application: two descriptors each, in packets of 64, must fit a socket's default buffer (208 KiB) before the worker reads. */
#define NODE_ARTIFACTS_TOTAL_MAX 2048
/* The locked application and the table of keys, as the worker reads them. */
#define NODE_SERVING_BYTES_MAX (16u << 20)

#define NODE_WORKERS_MAX 256
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

/* Temporary files that a killed compiler left in the cache are taken away when they are this old. */
#define NODE_CACHE_STALE_S 3600

#endif
