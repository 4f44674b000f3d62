/* revision.c - one state of the application, from its components to the last of its workers.  Room: node.
 *
 *   COMPILING --on_compiled--> STARTING --every slot ready--> READY --node__revision_accept--> LIVE
 *       |  a component fails      |  a worker cannot serve      |                               |
 *       v                         v                             v                               v
 *     GONE <--every slot gone-- ENDING <------------------ drain, kill ------------------------+
 *
 * Invariants
 *  1. Workers are started from descriptors that are open already; nothing is looked up by name after COMPILING.
 *  2. A worker that is ready takes connections only once its revision is LIVE.
 *  3. Before READY a worker's failure can end the revision; after it a worker is started again for as long as it takes. But the first
 *     revision, behind which there is nothing, ends when its workers keep dying as soon as they accept: somebody should know.
 *  4. `failed` and `gone` are called once each; nothing here is touched after `gone`. */
#include "base/alloc.h"
#include "base/list.h"
#include "base/log.h"
#include "node/limits.h"
#include "node/node_internal.h"

enum state { COMPILING, STARTING, READY, LIVE, ENDING, GONE };

struct node__revision {
    struct sw_link link;
    struct node__revision_config config;
    struct node_config node; /* with this revision's application */
    enum state state;
    struct node__compile *compile;
    struct node__serving *serving;
    struct loop_timer *drain_limit;
    struct node__slot **slots;
    uint32_t slot_count; /* those made */
    uint32_t ready_count;
    bool *was_ready;   /* parallel to slots */
    bool *was_stopped; /* the same */
};

/* ---- ending ---- */

static bool all_gone(const struct node__revision *revision)
{
    for (uint32_t i = 0; i < revision->slot_count; i++)
        if (!node__slot_is_gone(revision->slots[i]))
            return false;
    return true;
}

static void end_when_gone(struct node__revision *revision)
{
    if (revision->state != ENDING || !all_gone(revision))
        return;
    revision->state = GONE;
    loop_timer_stop(revision->drain_limit);
    revision->config.events->gone(revision->config.arg, revision);
}

static void kill_slots(struct node__revision *revision)
{
    for (uint32_t i = 0; i < revision->slot_count; i++)
        node__slot_kill(revision->slots[i]);
}

static void on_drain_limit(void *arg)
{
    sw_log_warn("node", "drain.limit", "requests are cut: workers did not end in time");
    kill_slots(arg);
}

void node__revision_kill(struct node__revision *revision)
{
    if (revision->state == GONE)
        return;
    if (revision->state == COMPILING) {
        node__compile_cancel(revision->compile); /* on_compiled comes */
        return;
    }
    revision->state = ENDING;
    kill_slots(revision);
    end_when_gone(revision);
}

void node__revision_drain(struct node__revision *revision)
{
    if (revision->state == COMPILING || revision->state == ENDING || revision->state == GONE) {
        if (revision->state == COMPILING)
            node__compile_cancel(revision->compile); /* on_compiled comes */
        return;
    }
    revision->state = ENDING;
    loop_timer_start(revision->drain_limit, revision->config.timing->drain_ms_max);
    for (uint32_t i = 0; i < revision->slot_count; i++)
        node__slot_drain(revision->slots[i]);
    end_when_gone(revision);
}

static void fail(struct node__revision *revision, int rc, const struct sw_err *err)
{
    struct sw_err kept = *err; /* may belong to what is ended */
    revision->state = ENDING;
    revision->config.events->failed(revision->config.arg, revision, rc, &kept);
    kill_slots(revision);
    end_when_gone(revision);
}

/* ---- workers ---- */

static uint32_t index_of(const struct node__revision *revision, const struct node__slot *slot)
{
    uint32_t i = 0;
    while (i < revision->slot_count && revision->slots[i] != slot)
        i++;
    return i;
}

static void on_ready(void *arg, struct node__slot *slot)
{
    struct node__revision *revision = arg;
    uint32_t i = index_of(revision, slot);
    if (revision->state == LIVE)
        node__slot_accept(slot); /* one that was started again */
    if (i == revision->slot_count || revision->was_ready[i])
        return;
    revision->was_ready[i] = true;
    revision->ready_count++;
    if (revision->state == STARTING && revision->ready_count == revision->node.workers) {
        revision->state = READY;
        revision->config.events->ready(revision->config.arg, revision);
    }
}

static bool has_stopped(const struct node__revision *revision)
{
    for (uint32_t i = 0; i < revision->slot_count; i++)
        if (!revision->was_stopped[i] && !node__slot_is_gone(revision->slots[i]))
            return false;
    return true;
}

static void on_stopped(void *arg, struct node__slot *slot)
{
    struct node__revision *revision = arg;
    uint32_t i = index_of(revision, slot);
    if (i < revision->slot_count)
        revision->was_stopped[i] = true;
    if (revision->state == ENDING && has_stopped(revision))
        revision->config.events->stopped(revision->config.arg, revision);
}

/* Nobody was ever served by it, and nothing is behind it. */
static bool is_unproven(const struct node__revision *revision)
{
    for (uint32_t i = 0; i < revision->slot_count; i++)
        if (node__slot_has_accepted(revision->slots[i]))
            return false;
    return revision->config.app == NULL;
}

static bool on_ended(void *arg, struct node__slot *slot, const struct sw_err *err)
{
    struct node__revision *revision = arg;
    if (revision->state == ENDING || revision->state == GONE)
        return false;
    if (revision->state != STARTING && !is_unproven(revision))
        return true;
    /* What a worker says against the application counts at once: the next one would say the same. */
    bool hopeless = node__slot_crashes(slot) >= revision->config.timing->crashes_max ||
                    (revision->state == STARTING && err->code == SW_EINPUT);
    if (!hopeless)
        return true;
    revision->state = ENDING;
    revision->config.events->failed(revision->config.arg, revision, -(int)err->code, err);
    kill_slots(revision); /* this one's `gone` comes after this call */
    return false;
}

static void on_gone(void *arg, struct node__slot *slot)
{
    struct node__revision *revision = arg;
    (void)slot;
    if (revision->state == ENDING && has_stopped(revision) && !all_gone(revision))
        revision->config.events->stopped(revision->config.arg, revision);
    end_when_gone(revision);
}

static int start_workers(struct node__revision *revision, struct sw_err *err)
{
    static const struct node__slot_events events = {on_ready, on_stopped, on_ended, on_gone};
    struct node__slot_config slot = {.loop = revision->config.loop,
                                     .program = revision->node.program,
                                     .program_file = node__program_file(&revision->node),
                                     .serving = revision->serving,
                                     .app = revision->node.app,
                                     .timing = revision->config.timing,
                                     .events = &events,
                                     .arg = revision};
    for (; slot.index < revision->node.workers; slot.index++) {
        int rc = node__slot_new(&slot, &revision->slots[revision->slot_count], err);
        if (rc < 0)
            return rc;
        revision->slot_count++;
    }
    return 0;
}

static void on_compiled(void *arg, int rc, const struct sw_err *compile_err)
{
    struct node__revision *revision = arg;
    struct sw_err err = *compile_err;
    if (rc == 0)
        rc = node__serving_new(&revision->node, revision->compile, &revision->serving, &err);
    revision->state = STARTING;
    if (rc == 0)
        rc = start_workers(revision, &err);
    if (rc < 0)
        fail(revision, rc, &err);
}

/* ---- the whole ---- */

static int set_up(struct node__revision *revision, struct sw_err *err)
{
    const struct node__revision_config *config = &revision->config;
    uint32_t workers = revision->node.workers;
    revision->slots = sw_try_alloc_array(workers, sizeof(struct node__slot *));
    revision->was_ready = sw_try_alloc_array(workers, sizeof(bool));
    revision->was_stopped = sw_try_alloc_array(workers, sizeof(bool));
    if (!revision->slots || !revision->was_ready || !revision->was_stopped)
        return sw_fail(err, SW_ENOMEM, "no memory for %u workers", workers);
    int rc = loop_timer_new(config->loop, on_drain_limit, revision, &revision->drain_limit, err);
    const struct node__compile_request request = {.loop = config->loop,
                                                  .config = &revision->node,
                                                  .timing = config->timing,
                                                  .done = on_compiled,
                                                  .arg = revision};
    return rc == 0 ? node__compile_new(&request, &revision->compile, err) : rc;
}

int node__revision_new(const struct node__revision_config *config, struct node__revision **ret,
                       struct sw_err *err)
{
    struct node__revision *revision = sw_alloc(sizeof *revision);
    *revision = (struct node__revision){.config = *config, .node = *config->node, .state = GONE};
    sw_list_add_tail(config->list, &revision->link);
    if (config->app)
        revision->node.app = config->app;
    int rc = set_up(revision, err);
    if (rc < 0) {
        revision->config.app = NULL; /* still the caller's */
        node__revision_free(revision);
        return rc;
    }
    revision->state = COMPILING;
    *ret = revision;
    return 0;
}

void node__revision_accept(struct node__revision *revision)
{
    if (revision->state != READY)
        return;
    revision->state = LIVE;
    for (uint32_t i = 0; i < revision->slot_count; i++)
        node__slot_accept(revision->slots[i]);
}

bool node__revision_is_gone(const struct node__revision *revision)
{
    return revision->state == GONE;
}

bool node__revision_is_stopped(const struct node__revision *revision)
{
    return revision->state == GONE || (revision->state == ENDING && has_stopped(revision));
}

const struct app *node__revision_app(const struct node__revision *revision)
{
    return revision->node.app;
}

struct node__revision *node__revision_of(struct sw_link *link)
{
    return SW_CONTAINER(link, struct node__revision, link);
}

void node__revision_free(struct node__revision *revision)
{
    if (!revision)
        return;
    for (uint32_t i = 0; i < revision->slot_count; i++)
        node__slot_free(revision->slots[i]);
    node__serving_free(revision->serving);
    node__compile_free(revision->compile);
    loop_timer_free(revision->drain_limit);
    sw_list_remove(&revision->link);
    sw_free(revision->slots);
    sw_free(revision->was_ready);
    sw_free(revision->was_stopped);
    app_free(revision->config.app);
    sw_free(revision);
}
