/* node_internal.h - what the files of this room share.  Room: node. */
#ifndef SW_NODE_NODE_INTERNAL_H
#define SW_NODE_NODE_INTERNAL_H

#include "base/buf.h"
#include "loop/loop.h"
#include "node/node.h"

struct node__timing { /* limits.h, or shorter ones in tests */
    uint64_t compile_ms_max;
    uint64_t progress_ms;
    uint64_t start_ms_max;
    uint64_t drain_ms_max;
    uint64_t backoff_ms_min;
    uint64_t backoff_ms_max;
    uint64_t steady_ms;
    uint32_t crashes_max;
    uint64_t ping_ms;
    uint32_t pings_max;
    uint64_t abort_ms_max;
};
extern const struct node__timing node__timing_default;

int node__supervise(const struct node_config *config, const struct node__timing *timing,
                    struct sw_err *err) SW_MUST_CHECK;

static inline const char *node__program_file(const struct node_config *config)
{
    return config->program_file ? config->program_file : config->program;
}

/* ---- compile.c ---- */

struct node__keys { /* of one component's core modules */
    char (*keys)[65];
    uint32_t count;
};

/* Once, never inside node__compile_new, when every component is compiled, or when the first one failed and all processes are gone. */
typedef void node__compiled_fn(void *arg, int rc, const struct sw_err *err);
struct node__compile;
struct node__compile_request { /* what it points to outlives the compile */
    struct loop *loop;
    const struct node_config *config;
    const struct node__timing *timing;
    node__compiled_fn *done;
    void *arg;
};
int node__compile_new(const struct node__compile_request *request, struct node__compile **ret,
                      struct sw_err *err) SW_MUST_CHECK;
void node__compile_cancel(struct node__compile *compile); /* done comes with -SW_ECANCELLED */
const struct node__keys *node__compile_keys(const struct node__compile *compile, uint32_t component);
void node__compile_free(struct node__compile *compile); /* after done; NULL is fine */

/* ---- memory.c: its parts, for tests ---- */

/* The smallest limit that the groups of /proc/self/cgroup have in the tree below root, or UINT64_MAX. */
uint64_t node__group_memory(const char *root, struct sw_str groups);
uint64_t node__memory_share(uint64_t machine, uint64_t group, uint32_t workers);

/* ---- serving.c: the serving table, from the supervisor's side ---- */

struct node__serving;
/* Opens every component and artifact, and writes the locked application and the keys into sealed memory files. */
int node__serving_new(const struct node_config *config, const struct node__compile *compile,
                      struct node__serving **ret, struct sw_err *err) SW_MUST_CHECK;
/* Sends all of it to worker number `index`; each worker gets descriptors with offsets of its own. */
int node__serving_send(const struct node__serving *serving, uint32_t index, int status_fd, int channel_fd,
                       struct sw_err *err) SW_MUST_CHECK;
void node__serving_free(struct node__serving *serving); /* NULL is fine */

/* ---- slot.c: one worker's place ---- */

struct node__slot;
struct node__slot_events {
    void (*ready)(void *arg, struct node__slot *slot); /* node__slot_accept is due, now or later */
    void (*stopped)(void *arg,
                    struct node__slot *slot); /* draining, it accepts no more; comes before `gone` */
    /* It ended; the slot has an error text. Returns whether it is to be started again. */
    bool (*ended)(void *arg, struct node__slot *slot, const struct sw_err *err);
    void (*gone)(void *arg, struct node__slot *slot); /* after a drain, a kill, or `ended` said no */
};
struct node__slot_config {
    struct loop *loop;
    const char *program;      /* its name */
    const char *program_file; /* what is executed */
    const struct node__serving *serving;
    const struct app *app; /* names what ran when a worker died */
    const struct node__timing *timing;
    const struct node__slot_events *events;
    void *arg;
    uint32_t index;
};
int node__slot_new(const struct node__slot_config *config, struct node__slot **ret,
                   struct sw_err *err) SW_MUST_CHECK;
void node__slot_accept(struct node__slot *slot); /* a worker that is ready may take connections */
void node__slot_drain(struct node__slot *slot);  /* `gone` comes, never inside this call */
void node__slot_kill(struct node__slot *slot);   /* as drain, at once */
bool node__slot_has_accepted(
    const struct node__slot *slot); /* a worker of it lived on after node__slot_accept */
uint32_t node__slot_crashes(const struct node__slot *slot); /* quick ends in a row */
bool node__slot_is_gone(const struct node__slot *slot);
void node__slot_free(struct node__slot *slot); /* gone, or never started; NULL is fine */

/* ---- revision.c: one state of the application with its workers ---- */

struct node__revision;
struct node__revision_events {
    void (*ready)(void *arg,
                  struct node__revision *revision); /* once: every worker has loaded it; none accepts yet */
    /* Before `ready`: it will not be; also after it, for the first revision, when no worker lives to accept. What was started is ended,
     * then `gone` comes. */
    void (*failed)(void *arg, struct node__revision *revision, int rc, const struct sw_err *err);
    void (*stopped)(void *arg,
                    struct node__revision *revision); /* draining, and no worker accepts any more */
    void (*gone)(void *arg,
                 struct node__revision *revision); /* no process is left; free it, but not inside this call */
};
struct node__revision_config {
    struct loop *loop;
    const struct node_config *node;
    const struct node__timing *timing;
    struct app *app; /* NULL: node->app; else the revision's, when it could be made */
    const struct node__revision_events *events;
    void *arg;
    struct sw_link *list; /* where it is put in */
};
/* Compiles, then starts workers. */
int node__revision_new(const struct node__revision_config *config, struct node__revision **ret,
                       struct sw_err *err) SW_MUST_CHECK;
void node__revision_accept(struct node__revision *revision); /* when ready: go live */
void node__revision_drain(struct node__revision *revision);  /* `gone` comes, maybe inside this call */
void node__revision_kill(struct node__revision *revision);   /* the same */
bool node__revision_is_gone(const struct node__revision *revision);
bool node__revision_is_stopped(const struct node__revision *revision);
const struct app *node__revision_app(const struct node__revision *revision);
struct node__revision *node__revision_of(struct sw_link *link);
void node__revision_free(
    struct node__revision *revision); /* gone, or never made; takes it out of the list; NULL is fine */

/* ---- control.c: the supervisor's end of the control socket ---- */

struct node__control;
/* Somebody asks for a reload; node__control_answer(ticket) is due. */
typedef void node__control_fn(void *arg, uint32_t ticket);
int node__control_new(struct loop *loop, const struct node_config *config, node__control_fn *reload,
                      void *arg, struct node__control **ret, struct sw_err *err) SW_MUST_CHECK;
void node__control_answer(struct node__control *control, uint32_t ticket, int rc, const struct sw_err *err);
void node__control_free(struct node__control *control); /* takes the socket away; NULL is fine */
/* The folder of sockets, ours alone; SW_ABSENT when it is missing and `make` is false. */
int node__control_dir(const char *run_dir, bool make, int *ret_fd, struct sw_err *err) SW_MUST_CHECK;

/* ---- names.c, names_worker.c: look-ups for a worker ---- */

struct codec_json;
struct node__names; /* in the supervisor, for one worker process */
struct node__names *node__names_new(struct loop *loop, int channel_fd, bool granted);
void node__names_ask(struct node__names *names, const struct codec_json *question);
void node__names_free(struct node__names *names); /* forgets what runs; NULL is fine */
struct node__asker;                               /* in the worker */
struct loop_resolver;
struct node__asker *node__asker_new(int channel_fd);
struct loop_resolver *node__asker_face(struct node__asker *asker);
void node__asker_answer(struct node__asker *asker, const struct codec_json *message);
void node__asker_free(struct node__asker *asker); /* every look-up over or dropped; NULL is fine */

/* ---- status.c: the page a worker shares with the supervisor ---- */

/* A memory file of one page, zeroed, that nobody can resize. */
int node__status_file(int *ret_fd, struct sw_err *err) SW_MUST_CHECK;
int node__status_map(int fd, struct node_status **ret, struct sw_err *err) SW_MUST_CHECK;
void node__status_unmap(struct node_status *status); /* NULL is fine */

/* ---- small helpers: files.c ---- */

/* Makes the folder and its parents, each with mode 0700. what: "cache folder". */
int node__make_dirs(const char *what, const char *path, struct sw_err *err) SW_MUST_CHECK;

/* A memory file with this content that nobody can change. */
int node__memory_file(const char *name, struct sw_str content, int *ret_fd, struct sw_err *err) SW_MUST_CHECK;
/* Reads all of fd from offset 0 without moving its offset. */
int node__read_whole(int fd, struct sw_buf *out, struct sw_err *err) SW_MUST_CHECK;
/* A second descriptor of the same file with an offset of its own, read-only. */
int node__reopen(int fd, int *ret_fd, struct sw_err *err) SW_MUST_CHECK;

/* ---- cache.c ---- */

/* Makes the folder with mode 0700 when it is missing, parents too; takes away stale temporary files.
 * Fails with SW_EDENIED when others could write to it. */
int node__cache_prepare(const char *cache_dir, struct sw_err *err) SW_MUST_CHECK;

/* Two files that are not in the cache yet, for a compiler to write to. */
enum { NODE__STAGED_IMAGE, NODE__STAGED_CODE, NODE__STAGED_FILES };
#define NODE__TEMPORARY_MAX 32
struct node__staged {
    int dir_fd;
    int fds[NODE__STAGED_FILES]; /* for reading and writing */
    char temporary[NODE__STAGED_FILES][NODE__TEMPORARY_MAX];
    char key[65];
};
#define NODE__STAGED_NONE                                                                                    \
    (struct node__staged)                                                                                    \
    {                                                                                                        \
        .dir_fd = -1, .fds = { -1, -1 }                                                                      \
    }
int node__cache_stage(const char *cache_dir, const char *key, struct node__staged *ret,
                      struct sw_err *err) SW_MUST_CHECK;
/* When the writer has ended: checks sizes, syncs, makes read-only, gives both their names. What is in the cache already stays as it is.
 * *staged is then over, also when it fails. */
int node__cache_commit(struct node__staged *staged, struct sw_err *err) SW_MUST_CHECK;
void node__cache_discard(struct node__staged *staged); /* twice is fine */

#endif
