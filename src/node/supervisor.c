/* supervisor.c - from an application to serving workers, and back to nothing.  Room: node.
 *
 *   COMPILE --on_compiled--> SERVE --on_signal--> DRAIN --every slot gone--> (end, 0)
 *      | a component fails     | no worker stays up: give_up     | time limit or a second signal: SIGKILL
 *      v                       v
 *    (end, its error)        KILL --every slot gone--> (end, its error)
 *
 * Invariants
 *  1. Workers are started from descriptors that are open already; nothing is looked up by name after COMPILE.
 *  2. `rc` is the result of node_supervise; once it is below 0 nothing changes it.
 *  3. `config->ready` is called once, when every worker has served at least once. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/log.h"
#include "node/limits.h"
#include "node/node_internal.h"

const struct node__timing node__timing_default = {
    .compile_ms_max = NODE_COMPILE_MS_MAX,
    .progress_ms = NODE_PROGRESS_MS,
    .start_ms_max = NODE_START_MS_MAX,
    .drain_ms_max = NODE_DRAIN_MS_MAX,
    .backoff_ms_min = NODE_BACKOFF_MS_MIN,
    .backoff_ms_max = NODE_BACKOFF_MS_MAX,
    .steady_ms = NODE_STEADY_MS,
    .crashes_max = NODE_CRASHES_MAX,
};

enum phase { COMPILE, SERVE, DRAIN, KILL };

struct supervisor {
    const struct node_config *config;
    const struct node__timing *timing;
    enum phase phase;
    struct loop *loop;
    struct loop_signal *signals[2];
    struct loop_timer *drain_limit;
    struct node__compile *compile;
    struct node__serving *serving;
    struct node__slot **slots;
    uint32_t slot_count; /* those made */
    uint32_t ready_count;
    bool *was_ready; /* parallel to slots */
    int rc;
    struct sw_err err;
};

/* ---- ending ---- */

static void stop_when_gone(struct supervisor *sv)
{
    for (uint32_t i = 0; i < sv->slot_count; i++)
        if (!node__slot_is_gone(sv->slots[i]))
            return;
    loop_stop(sv->loop);
}

static void kill_all(void *arg)
{
    struct supervisor *sv = arg;
    for (uint32_t i = 0; i < sv->slot_count; i++)
        node__slot_kill(sv->slots[i]);
}

static void on_drain_limit(void *arg)
{
    sw_log_warn("node", "drain.limit", "requests are cut: workers did not end in time");
    kill_all(arg);
}

static void give_up(struct supervisor *sv, int rc, const struct sw_err *err)
{
    if (sv->rc == 0) {
        sv->rc = rc;
        sv->err = *err;
    }
    sv->phase = KILL;
    kill_all(sv);
    stop_when_gone(sv);
}

static void drain(struct supervisor *sv)
{
    sv->phase = DRAIN;
    sw_log_info("node", "drain", "workers=%u", sv->slot_count);
    loop_timer_start(sv->drain_limit, sv->timing->drain_ms_max);
    for (uint32_t i = 0; i < sv->slot_count; i++)
        node__slot_drain(sv->slots[i]);
    stop_when_gone(sv);
}

static void on_signal(void *arg, int number)
{
    struct supervisor *sv = arg;
    (void)number; /* both mean the same */
    switch (sv->phase) {
    case COMPILE:
        node__compile_cancel(sv->compile);
        return;
    case SERVE:
        drain(sv);
        return;
    case DRAIN:
    case KILL:
    default:
        kill_all(sv); /* asked twice */
        return;
    }
}

/* ---- workers ---- */

static void on_ready(void *arg, struct node__slot *slot)
{
    struct supervisor *sv = arg;
    for (uint32_t i = 0; i < sv->slot_count; i++)
        if (sv->slots[i] == slot && !sv->was_ready[i]) {
            sv->was_ready[i] = true;
            sv->ready_count++;
            if (sv->ready_count == sv->config->workers && sv->config->ready)
                sv->config->ready(sv->config->ready_arg);
        }
}

static bool none_serves(const struct supervisor *sv)
{
    for (uint32_t i = 0; i < sv->slot_count; i++)
        if (node__slot_is_serving(sv->slots[i]))
            return false;
    return true;
}

static bool on_ended(void *arg, struct node__slot *slot, const struct sw_err *err)
{
    struct supervisor *sv = arg;
    bool all_were_ready = sv->ready_count == sv->config->workers;
    if (sv->phase != SERVE)
        return false;
    /* While starting, what a worker says against the application counts at once: the next one would say the same. */
    bool hopeless =
        node__slot_crashes(slot) >= sv->timing->crashes_max && (!all_were_ready || none_serves(sv));
    if (hopeless || (!all_were_ready && err->code == SW_EINPUT)) {
        give_up(sv, -(int)err->code, err);
        return false;
    }
    sw_log_error("node", "worker.ended", "%s; it is started again", err->text);
    return true;
}

static void on_gone(void *arg, struct node__slot *slot)
{
    (void)slot;
    stop_when_gone(arg);
}

static int start_workers(struct supervisor *sv, struct sw_err *err)
{
    static const struct node__slot_events events = {on_ready, on_ended, on_gone};
    struct node__slot_config slot = {.loop = sv->loop,
                                     .program = sv->config->program,
                                     .serving = sv->serving,
                                     .timing = sv->timing,
                                     .events = &events,
                                     .arg = sv};
    for (; slot.index < sv->config->workers; slot.index++) {
        int rc = node__slot_new(&slot, &sv->slots[sv->slot_count], err);
        if (rc < 0)
            return rc;
        sv->slot_count++;
    }
    return 0;
}

static void on_compiled(void *arg, int rc, const struct sw_err *compile_err)
{
    struct supervisor *sv = arg;
    struct sw_err err = *compile_err;
    if (rc == 0)
        rc = node__serving_new(sv->config, sv->compile, &sv->serving, &err);
    sv->phase = SERVE;
    if (rc == 0)
        rc = start_workers(sv, &err);
    if (rc < 0)
        give_up(sv, rc, &err);
}

/* ---- the whole ---- */

/* Each worker's channel, components and artifacts take descriptors, and connections do in workers, which inherit the limit. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return; /* what there is must do */
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* the same */
}

static int set_up(struct supervisor *sv, struct sw_err *err)
{
    const struct node_config *config = sv->config;
    if (config->workers == 0 || config->workers > NODE_WORKERS_MAX)
        return sw_fail(err, SW_EINPUT, "workers: expected a number from 1 to %d, got %u", NODE_WORKERS_MAX,
                       config->workers);
    sv->slots = sw_alloc(config->workers * sizeof(struct node__slot *));
    sv->was_ready = sw_alloc(config->workers * sizeof(bool));
    raise_descriptor_limit();
    int rc = node__cache_prepare(config->cache_dir, err);
    if (rc == 0)
        rc = loop_new(&sv->loop, err);
    if (rc == 0)
        rc = loop_signal_new(sv->loop, SIGTERM, on_signal, sv, &sv->signals[0], err);
    if (rc == 0)
        rc = loop_signal_new(sv->loop, SIGINT, on_signal, sv, &sv->signals[1], err);
    if (rc == 0)
        rc = loop_timer_new(sv->loop, on_drain_limit, sv, &sv->drain_limit, err);
    if (rc == 0)
        rc = node__compile_new(sv->loop, config, sv->timing, on_compiled, sv, &sv->compile, err);
    return rc;
}

static void tear_down(struct supervisor *sv)
{
    for (uint32_t i = 0; i < sv->slot_count; i++)
        node__slot_free(sv->slots[i]);
    node__serving_free(sv->serving);
    node__compile_free(sv->compile);
    loop_timer_free(sv->drain_limit);
    loop_signal_free(sv->signals[0]);
    loop_signal_free(sv->signals[1]);
    loop_free(sv->loop);
    sw_free(sv->was_ready);
    sw_free(sv->slots);
}

int node__supervise(const struct node_config *config, const struct node__timing *timing, struct sw_err *err)
{
    struct supervisor *sv = sw_alloc(sizeof *sv); /* holds an error text: not for the stack */
    sv->config = config;
    sv->timing = timing;
    int rc = set_up(sv, err);
    if (rc == 0)
        rc = loop_run(sv->loop, err);
    if (rc == 0 && sv->rc < 0 &&
        sv->rc != -SW_ECANCELLED) { /* cancelled: a signal while compiling, which is what was asked */
        rc = sv->rc;
        *err = sv->err;
    }
    tear_down(sv);
    sw_free(sv);
    return rc;
}

int node_supervise(const struct node_config *config, struct sw_err *err)
{
    return node__supervise(config, &node__timing_default, err);
}
