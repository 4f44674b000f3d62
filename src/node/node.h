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
#include "base/error.h"
#include "base/str.h"

/* ---- supervisor ---- */

struct node_config {
    const struct app *app;
    const char *program;     /* absolute path of this executable, started as "<program> internal-worker" and "internal-compile" */
    const char *cache_dir;   /* AOT cache; made with mode 0700 when missing */
    int listen_fd;
    uint32_t workers;        /* 1.. */
    void (*ready)(void *arg); /* every worker serves: print the start-up output */
    void *ready_arg;
    void (*progress)(void *arg, struct sw_str component, uint64_t elapsed_ms, bool done); /* compiling takes over a second */
};
/* Runs until SIGTERM or SIGINT has drained every worker; 0 then. */
int node_supervise(const struct node_config *config, struct sw_err *err) SW_MUST_CHECK;

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
int node_channel_receive(int channel_fd, char *buffer, size_t buffer_bytes, struct node_message *ret, struct sw_err *err) SW_MUST_CHECK;

/* ---- compile cache ---- */

/* Paths inside cache_dir: "<key>.cwasm", "<key>.img". */
int node_cache_open(const char *cache_dir, const char *key, int *ret_cwasm_fd, int *ret_image_fd, struct sw_err *err) SW_MUST_CHECK; /* or SW_ABSENT */
/* Temporary name, fsync, rename, mode 0444; used by the compiler process. */
int node_cache_put(const char *cache_dir, const char *key, struct sw_str cwasm, struct sw_str image, struct sw_err *err) SW_MUST_CHECK;

/* ---- worker side: the serving table as received ---- */

struct node_artifact {
    int cwasm_fd;
    int image_fd;
    char key[65];
};
struct node_served_component {
    int wasm_fd; /* the component binary */
    struct node_artifact *artifacts; /* by core module, in the order of component_binary_core */
    uint32_t artifact_count;
};
struct node_serving {
    struct app *app;
    int listen_fd;
    struct node_served_component *components; /* parallel to app->components */
};
struct node_worker; /* the worker's end of the channel */
struct node_worker_events {
    void (*serve)(void *arg, struct node_serving *serving); /* once; now the callee's */
    void (*drain)(void *arg);
    void (*lost)(void *arg); /* the supervisor is gone: end */
};
struct loop;
int node_worker_new(struct loop *loop, int channel_fd, const struct node_worker_events *events, void *arg,
                    struct node_worker **ret, struct sw_err *err) SW_MUST_CHECK;
int node_worker_ready(struct node_worker *worker, struct sw_err *err) SW_MUST_CHECK; /* tells the supervisor that it serves */
int node_worker_failed(struct node_worker *worker, const char *text, struct sw_err *err) SW_MUST_CHECK; /* cannot serve: start-up ends with text */
void node_worker_free(struct node_worker *worker);
void node_serving_free(struct node_serving *serving);

#endif
