/* supervisor.c - which revision of the application serves, and the process's life.  Room: node.
 *
 *   START --first revision ready--> SERVE --SIGTERM, SIGINT--> DRAIN --every revision gone--> (end, 0)
 *     | it fails                      |  ^                       | time limit or a second signal: SIGKILL
 *     v                               |  |
 *   KILL --every revision gone--> (end, its error)               a reload, in SERVE:
 *                                     |  |
 *                    SIGHUP, control: reload --next fails: on_failed--> the live one serves on
 *                                     |  +--next ready: on_ready--> the live one drains; when it accepts no more, or after
 *                                     |                             NODE_SWAP_MS_MAX: swap: next accepts and is the live one
 *
 * Invariants
 *  1. `rc` is the result of node_supervise; once it is below 0 nothing changes it.
 *  2. `config->ready` is called once, when every worker of the first revision has loaded it, before any of them accepts.
 *  3. At most one revision is in the making (`next`); `live` is set in SERVE. Both are in `revisions`, as are the old ones.
 *  4. Revisions are freed from `sweep`, never inside their own callbacks. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/list.h"
#include "base/log.h"
#include "node/limits.h"
#include "node/node_internal.h"
#include "node/sandbox.h"

const struct node__timing node__timing_default = {
    .compile_ms_max = NODE_COMPILE_MS_MAX,
    .progress_ms = NODE_PROGRESS_MS,
    .start_ms_max = NODE_START_MS_MAX,
    .drain_ms_max = NODE_DRAIN_MS_MAX,
    .backoff_ms_min = NODE_BACKOFF_MS_MIN,
    .backoff_ms_max = NODE_BACKOFF_MS_MAX,
    .steady_ms = NODE_STEADY_MS,
    .crashes_max = NODE_CRASHES_MAX,
    .ping_ms = NODE_PING_MS,
    .pings_max = NODE_PINGS_MAX,
    .abort_ms_max = NODE_ABORT_MS_MAX,
};

enum phase { START, SERVE, DRAIN, KILL };
enum { SIGNALS = 3 };

struct supervisor {
    const struct node_config *config;
    const struct node__timing *timing;
    enum phase phase;
    struct loop *loop;
    struct loop_signal *signals[SIGNALS];
    struct node__control *control;
    struct loop_defer sweep;
    struct sw_link revisions;
    struct node__revision *live;
    struct node__revision *next;
    struct loop_timer *swap_limit; /* runs from on_ready of `next` to swap */
    bool swapping;
    uint32_t ticket; /* who asked for `next`; 0: a signal */
    bool again;      /* SIGHUP came while a reload was under way */
    bool deaf;       /* the listener is shut down */
    bool had_terminal;
    int rc;
    struct sw_err err;
};

/* ---- ending ---- */

static void each(struct supervisor *sv, void (*fn)(struct node__revision *revision))
{
    for (struct sw_link *link = sv->revisions.next, *next = link->next; link != &sv->revisions;
         link = next, next = link->next)
        fn(node__revision_of(link));
}

static void stop_when_gone(struct supervisor *sv)
{
    for (struct sw_link *link = sv->revisions.next; link != &sv->revisions; link = link->next)
        if (!node__revision_is_gone(node__revision_of(link)))
            return;
    if (sv->phase == DRAIN || sv->phase == KILL)
        loop_stop(sv->loop);
}

/* When no worker accepts any more, clients are to be refused rather than left waiting for nobody. */
static void be_deaf_when_stopped(struct supervisor *sv)
{
    for (struct sw_link *link = sv->revisions.next; link != &sv->revisions; link = link->next)
        if (!node__revision_is_stopped(node__revision_of(link)))
            return;
    if (sv->phase != DRAIN || sv->deaf)
        return;
    sv->deaf = true;
    (void)shutdown(sv->config->listen_fd,
                   SHUT_RDWR); /* of every process's descriptor; one that does not listen is as good */
}

static void give_up(struct supervisor *sv, int rc, const struct sw_err *err)
{
    if (sv->rc == 0) {
        sv->rc = rc;
        sv->err = *err;
    }
    sv->phase = KILL;
    each(sv, node__revision_kill);
    stop_when_gone(sv);
}

static void drain(struct supervisor *sv)
{
    sv->phase = DRAIN;
    sw_log_info("node", "drain", "workers=%u", sv->config->workers);
    each(sv, node__revision_drain);
    be_deaf_when_stopped(sv);
    stop_when_gone(sv);
}

/* ---- reload ---- */

static void reload_over(struct supervisor *sv, int rc, const struct sw_err *err)
{
    if (rc < 0)
        sw_log_error("node", "reload.failed", "the revision before it serves on: %s", err->text);
    if (sv->ticket)
        node__control_answer(sv->control, sv->ticket, rc, err);
    sv->ticket = 0;
    sv->next = NULL;
    if (sv->again)
        loop_defer_add(sv->loop, &sv->sweep); /* goes on from there */
}

static uint32_t count_old(const struct supervisor *sv)
{
    uint32_t count = 0;
    for (const struct sw_link *link = sv->revisions.next; link != &sv->revisions; link = link->next)
        count++;
    return count - (sv->live != NULL) - (sv->next != NULL);
}

static int check_reload(const struct supervisor *sv, struct sw_err *err)
{
    if (!sv->config->load)
        return sw_fail(err, SW_EINPUT, "this program cannot reload");
    if (sv->phase == START)
        return sw_fail(err, SW_EIO, "it does not serve yet\nhint: try again in a moment");
    if (sv->phase != SERVE)
        return sw_fail(err, SW_EIO, "it is ending");
    if (sv->next)
        return sw_fail(err, SW_EIO, "another reload is under way\nhint: try again in a moment");
    if (count_old(sv) >= NODE_REVISIONS_OLD_MAX)
        return sw_fail(
            err, SW_ELIMIT,
            "%u revisions still finish their requests, at most %d are kept\nhint: try again in a moment",
            count_old(sv), NODE_REVISIONS_OLD_MAX);
    return 0;
}

static int revision_start(struct supervisor *sv, struct app *app, struct sw_err *err);

/* It may download for minutes, and nobody looks at the loop meanwhile: a signal to end waits, and ends the download (app/web.h). */
static int load(struct supervisor *sv, struct app **ret, struct sw_err *err)
{
    sigset_t ends, before;
    (void)sigemptyset(&ends); /* these do not fail for signals that there are, here and below */
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &ends, &before);
    int rc = sv->config->load(sv->config->ready_arg, ret, err);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL); /* what waited comes now */
    return rc;
}

static int reload(struct supervisor *sv, struct sw_err *err)
{
    struct app *app = NULL;
    int rc = check_reload(sv, err);
    if (rc == 0)
        rc = load(sv, &app, err);
    if (rc == 0) {
        rc = revision_start(sv, app, err);
        if (rc < 0)
            app_free(app);
    }
    return rc;
}

static void on_control(void *arg, uint32_t ticket)
{
    struct supervisor *sv = arg;
    struct sw_err err = {0};
    int rc = reload(sv, &err);
    if (rc < 0) {
        sw_log_error("node", "reload.failed", "the revision before it serves on: %s", err.text);
        node__control_answer(sv->control, ticket, rc, &err);
        return;
    }
    sv->ticket = ticket;
}

static void on_hangup(struct supervisor *sv)
{
    struct sw_err err = {0};
    if (sv->phase == SERVE && sv->next) {
        sv->again = true; /* the manifest may have changed since */
        return;
    }
    sv->again = false;
    if (reload(sv, &err) < 0)
        sw_log_error("node", "reload.failed", "what served before serves on: %s", err.text);
}

/* Deferred: frees what is gone. */
static void on_sweep(void *arg)
{
    struct supervisor *sv = arg;
    for (struct sw_link *link = sv->revisions.next, *next = link->next; link != &sv->revisions;
         link = next, next = link->next) {
        struct node__revision *revision = node__revision_of(link);
        if (node__revision_is_gone(revision) && revision != sv->live && revision != sv->next)
            node__revision_free(revision);
    }
    if (sv->again && !sv->next && sv->phase == SERVE)
        on_hangup(sv);
}

/* ---- revisions ---- */

/* The one moment from which new connections are the next revision's. */
static void swap(struct supervisor *sv)
{
    const struct node_config *config = sv->config;
    const struct sw_err none = {0};
    if (!sv->swapping || sv->phase != SERVE)
        return;
    sv->swapping = false;
    loop_timer_stop(sv->swap_limit);
    sv->live = sv->next;
    node__revision_accept(sv->live);
    if (config->reloaded)
        config->reloaded(config->ready_arg, node__revision_app(sv->live));
    reload_over(sv, 0, &none);
}

static void swap_when_stopped(struct supervisor *sv)
{
    if (sv->swapping && node__revision_is_stopped(sv->live))
        swap(sv);
}

static void on_swap_limit(void *arg)
{
    swap(arg);
}

static void on_ready(void *arg, struct node__revision *revision)
{
    struct supervisor *sv = arg;
    if (sv->phase == START) {
        sv->live = revision;
        sv->next = NULL;
        sv->phase = SERVE;
        if (sv->config->ready) /* before anything is accepted */
            sv->config->ready(sv->config->ready_arg);
        node__revision_accept(revision);
    } else if (sv->phase == SERVE) {
        sv->swapping = true;
        loop_timer_start(sv->swap_limit, NODE_SWAP_MS_MAX);
        node__revision_drain(sv->live);
        swap_when_stopped(sv);
    }
}

static void on_failed(void *arg, struct node__revision *revision, int rc, const struct sw_err *err)
{
    struct supervisor *sv = arg;
    if (sv->phase == START || (sv->phase == SERVE && revision == sv->live))
        give_up(sv, rc, err);
    else if (sv->phase == SERVE)
        reload_over(sv, rc, err);
    /* else it ends with everything else */
}

static void on_stopped(void *arg, struct node__revision *revision)
{
    (void)revision;
    swap_when_stopped(arg);
    be_deaf_when_stopped(arg);
}

static void on_gone(void *arg, struct node__revision *revision)
{
    struct supervisor *sv = arg;
    (void)revision;
    swap_when_stopped(sv);
    be_deaf_when_stopped(sv);
    stop_when_gone(sv);
    loop_defer_add(sv->loop, &sv->sweep);
}

/* app: NULL: the first revision's; else taken when it returns 0. */
static int revision_start(struct supervisor *sv, struct app *app, struct sw_err *err)
{
    static const struct node__revision_events events = {on_ready, on_failed, on_stopped, on_gone};
    const struct node__revision_config config = {.loop = sv->loop,
                                                 .node = sv->config,
                                                 .timing = sv->timing,
                                                 .app = app,
                                                 .events = &events,
                                                 .arg = sv,
                                                 .list = &sv->revisions};
    return node__revision_new(&config, &sv->next, err);
}

/* ---- the whole ---- */

static bool has_terminal(void)
{
    sw_auto_close int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    return fd >= 0;
}

static void on_signal(void *arg, int number)
{
    struct supervisor *sv = arg;
    bool left = number == SIGHUP && sv->had_terminal &&
                !has_terminal(); /* its window was closed: no wish to reload */
    if (number == SIGHUP && !left)
        on_hangup(sv);
    else if (sv->phase == START || sv->phase == SERVE)
        drain(sv);
    else
        each(sv, node__revision_kill); /* asked twice */
}

/* Each worker's channel, components and artifacts take descriptors, and connections do in workers, which inherit the limit. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return; /* what there is must do */
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* the same */
}

/* Without it an application still serves, and SIGHUP still reloads it. */
static void open_control(struct supervisor *sv)
{
    struct sw_err err;
    if (sv->config->run_dir && sv->config->load &&
        node__control_new(sv->loop, sv->config, on_control, sv, &sv->control, &err) < 0)
        sw_log_warn("node", "control", "'swell reload' will not find this process: %s", err.text);
}

static int set_up(struct supervisor *sv, struct sw_err *err)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    const struct node_config *config = sv->config;
    if (config->workers == 0 || config->workers > NODE_WORKERS_MAX)
        return sw_fail(err, SW_EINPUT, "workers: expected a number from 1 to %d, got %u", NODE_WORKERS_MAX,
                       config->workers);
    raise_descriptor_limit();
    sv->had_terminal = has_terminal();
    int rc = node_sandbox_check(err);
    if (rc == 0)
        rc = node__cache_prepare(config->cache_dir, err);
    if (rc == 0)
        rc = loop_new(&sv->loop, err);
    for (int i = 0; rc == 0 && i < SIGNALS; i++)
        if (numbers[i] != SIGHUP ||
            config->load) /* else a terminal that goes takes the program along, as ever */
            rc = loop_signal_new(sv->loop, numbers[i], on_signal, sv, &sv->signals[i], err);
    if (rc == 0)
        rc = loop_timer_new(sv->loop, on_swap_limit, sv, &sv->swap_limit, err);
    if (rc < 0)
        return rc;
    open_control(sv);
    return revision_start(sv, NULL, err);
}

static void tear_down(struct supervisor *sv)
{
    if (sv->loop)
        loop_defer_cancel(&sv->sweep);
    while (!sw_list_empty(&sv->revisions))
        node__revision_free(node__revision_of(sv->revisions.next));
    node__control_free(sv->control);
    loop_timer_free(sv->swap_limit);
    for (int i = 0; i < SIGNALS; i++)
        loop_signal_free(sv->signals[i]);
    loop_free(sv->loop);
}

int node__supervise(const struct node_config *config, const struct node__timing *timing, struct sw_err *err)
{
    struct supervisor *sv = sw_alloc(sizeof *sv); /* holds an error text: not for the stack */
    sv->config = config;
    sv->timing = timing;
    sw_list_init(&sv->revisions);
    loop_defer_init(&sv->sweep, on_sweep, sv);
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
