/* node.h - one machine's processes: a supervisor, short-lived compilers, workers; and the channel between them.  Room: node.
 *
 * Source: architecture.md 3. The supervisor opens the listener, has every component compiled into the AOT cache by a child process, starts
 * workers by spawn, sends each one the serving table with descriptors over its channel, restarts those that die, drains on SIGTERM.
 * It runs no guest and knows no component: what the processes do is the business of the program that it starts (cli). */
#ifndef SW_NODE_NODE_H
#define SW_NODE_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

#define NODE_LIBRARY_BYTES_MAX 129

/* ---- supervisor ---- */

struct node_config {
    const struct app *app;
    const char *
        program; /* absolute path of this executable, started as "<program> internal-worker", "internal-check", "internal-compile" */
    const char
        *program_file; /* what is executed, when its name may stand for another file by then; NULL: program */
    const char *cache_dir; /* AOT cache; made with mode 0700 when missing */
    const char *
        library; /* names the engine's code that this process has loaded; workers and compilers must have the same. NULL: any will do */
    void (*artifact_key)(
        struct sw_str module,
        char ret_key[65]); /* 64 hex digits: what a core module's product is called in the cache */
    int listen_fd;
    uint32_t workers;         /* 1.. */
    uint64_t memory_bytes;    /* what the guests of one worker may hold together; 0: no limit */
    const char *settings;     /* UTF-8 that workers get as node_serving.settings; NULL: empty */
    void (*ready)(void *arg); /* every worker serves: print the start-up output */
    void *ready_arg;
    void (*progress)(void *arg, struct sw_str component, uint64_t elapsed_ms,
                     bool done); /* compiling takes over a second */
    /* Reload (SIGHUP, or over the control socket). load: the application again; *ret is then the supervisor's. NULL: not supported.
     * reloaded: new requests go to it from now on. Both get ready_arg. */
    int (*load)(void *arg, struct app **ret, struct sw_err *err);
    void (*reloaded)(void *arg, const struct app *app);
    bool takes_input;    /* node_run_once: the process gets this one's standard input, too */
    const char *run_dir; /* folder of the control socket, made with mode 0700 when missing; NULL: no socket */
    const char *address; /* names the socket: where listen_fd listens */
};
/* Runs until SIGTERM or SIGINT has drained every worker; 0 then. listen_fd is shut down when draining begins. */
int node_supervise(const struct node_config *config, struct sw_err *err) SW_MUST_CHECK;
/* node_config.memory_bytes where nobody says otherwise: a worker's share of what the machine or this process's control group has; 0 when the
 * kernel tells neither. */
uint64_t node_memory_default(uint32_t workers);
/* Compiles config->app and starts one process of this program for it, with argv and the standard output and error of this one: a serving
 * table waits on NODE_CHANNEL_FD, as for a worker, with nothing to listen at. Blocks until that process has ended by itself; its exit
 * status is *ret_status. Of config it needs app, program, cache_dir, artifact_key.
 * fails: as node_supervise when something cannot be compiled; SW_EIO when a signal ended the process */
int node_run_once(const struct node_config *config, const char *const *argv, int *ret_status,
                  struct sw_err *err) SW_MUST_CHECK;

/* ---- control: from another process of the same user ---- */

struct node_control_target { /* which supervisor; neither address nor pid: the only one that runs */
    const char *run_dir;
    const char *address; /* or NULL */
    uint32_t pid;        /* or 0 */
};
/* Blocks until the supervisor has reloaded its application. Fails with its words when it has not: the old revision then serves on. */
int node_control_reload(const struct node_control_target *target, struct sw_err *err) SW_MUST_CHECK;

/* ---- channel: packets of JSON with descriptors, both directions ---- */

#define NODE_CHANNEL_FD 3 /* in the child */
#define NODE_MESSAGE_BYTES_MAX (64u << 10)
#define NODE_MESSAGE_FDS_MAX 64
struct node_message {
    struct sw_str json;
    int fds[NODE_MESSAGE_FDS_MAX];
    uint32_t fd_count;
};
int node_channel_send(int channel_fd, const struct node_message *message, struct sw_err *err) SW_MUST_CHECK;
/* buffer backs message->json. Returns 0, SW_WAIT, or SW_END (the other side is gone). The descriptors are the caller's. */
int node_channel_receive(int channel_fd, char *buffer, size_t buffer_bytes, struct node_message *ret,
                         struct sw_err *err) SW_MUST_CHECK;

/* ---- compile cache ---- */

/* Paths inside cache_dir: "<key>.cwasm", "<key>.img". */
int node_cache_open(const char *cache_dir, const char *key, int *ret_cwasm_fd, int *ret_image_fd,
                    struct sw_err *err) SW_MUST_CHECK; /* or SW_ABSENT */

/* ---- compiling: two kinds of child, neither of which sees the cache ----
 *
 * "<program> internal-check --component NAME [--unlinked] [--dependency NAME=EXPORT]..." reads a component and links it with its dependencies, whose
 * binaries follow from NODE_CHECK_DEPENDENCIES_FD on (--unlinked: it is a dependency, others link it), writes its core modules one behind the other, and prints "core <index> <bytes>" for each. "<program> internal-compile --offset N --bytes N
 * [--library ID]" reads one of these modules and writes its code and its image. Both get
 * "--parent PID", too, and end when that is not their parent. Both print to stderr why they cannot. */
#define NODE_CHECK_COMPONENT_FD 3 /* for reading */
#define NODE_CHECK_MODULES_FD 4   /* a memory file of a fixed size */
#define NODE_CHECK_DEPENDENCIES_FD 5
#define NODE_COMPILE_MODULES_FD 3 /* the same file, for reading */
#define NODE_COMPILE_CODE_FD 4
#define NODE_COMPILE_IMAGE_FD 5

/* ---- worker side: the serving table as received ---- */

struct node_artifact {
    int cwasm_fd;
    int image_fd;
    char key[65];
};
struct node_served_component {
    int wasm_fd;                     /* the component binary */
    struct node_artifact *artifacts; /* by core module, in the order of component_binary_core */
    uint32_t artifact_count;
};
struct node_serving {
    struct app *app;
    int listen_fd;
    uint64_t memory_bytes;                    /* node_config.memory_bytes */
    char library[NODE_LIBRARY_BYTES_MAX];     /* node_config.library; empty: any will do */
    struct node_served_component *components; /* parallel to app->components */
    struct sw_buf settings;                   /* node_config.settings */
};
/* What a worker shows of itself in memory that it shares with the supervisor, so that its death can be told: plain stores, no call.
 * The supervisor takes it for a hint: a worker may write anything. */
struct node_status {
    _Atomic uint32_t running; /* component index + 1 of the guest that runs now; 0: none does */
    _Atomic uint64_t calls;   /* guest calls begun */
};
struct
    node_worker; /* the worker's end of the channel; answers the supervisor's questions for a sign of life */
struct node_worker_events {
    void (*serve)(
        void *arg,
        struct node_serving *serving); /* once; now the callee's: load it, say ready, accept nothing yet */
    void (*accept)(void *arg);         /* once, after ready: listen */
    void (*drain)(void *arg);          /* stop accepting, say stopped, end when nothing is in flight */
    void (*lost)(void *arg);           /* the supervisor is gone: end */
};
struct loop;
struct loop_resolver;
int node_worker_new(struct loop *loop, int channel_fd, const struct node_worker_events *events, void *arg,
                    struct node_worker **ret, struct sw_err *err) SW_MUST_CHECK;
int node_worker_ready(struct node_worker *worker,
                      struct sw_err *err) SW_MUST_CHECK; /* tells the supervisor that it serves */
int node_worker_stopped(struct node_worker *worker,
                        struct sw_err *err) SW_MUST_CHECK; /* it accepts no more */
struct node_status *
node_worker_status(struct node_worker *worker); /* from serve on, until node_worker_free */
struct loop_resolver *
node_worker_resolver(struct node_worker *worker); /* asks the supervisor; until node_worker_free */
int node_worker_failed(struct node_worker *worker, const char *text,
                       struct sw_err *err) SW_MUST_CHECK; /* cannot serve: start-up ends with text */
void node_worker_free(struct node_worker *worker);
void node_serving_free(struct node_serving *serving);

#endif
