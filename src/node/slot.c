/* slot.c - one worker's place: started, watched, started again, drained.  Room: node.
 *
 *                 node__slot_new
 *                       v
 *   +------------> STARTING --"ready": on_message--> SERVING --pings_max without answer: ask--> (SIGABRT, then SIGKILL)
 *   | on_timer      |   | "failed", time limit,         |                                           |
 *   |               |   v exit: on_exit_                | exit: on_exit_ <--------------------------+
 *   +---------- PAUSED <--------------------------------+
 *                   | drain or kill: on_timer
 *   STARTING, SERVING --drain: exit--> GONE <-----------+ the supervisor says no more
 *
 * Invariants
 *  1. `process` is set exactly in STARTING, SERVING and DRAINING; channel_fd and watch may be gone earlier, never later.
 *  2. `gone` is called once, from an exit or from the timer.
 *  3. `crashes` counts quick ends in a row; serving for steady_ms sets it back.
 *  4. `status` is the present or the last process's; it is replaced when the next one starts. What is in it is a hint. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/outbound.h"
#include "base/alloc.h"
#include "base/log.h"
#include "codec/json.h"
#include "node/limits.h"
#include "node/node_internal.h"
#include "node/sandbox_internal.h"

enum state { STARTING, SERVING, PAUSED, DRAINING, GONE };

struct node__slot {
    struct node__slot_config config;
    enum state state;
    struct loop_process *process;
    int channel_fd;
    struct loop_watch *watch;
    struct loop_timer *
        timer; /* STARTING: its time limit; SERVING: the next ping, or SIGKILL; PAUSED: when to start again, or at once to be gone */
    struct node__names *names; /* looks up what the worker asks for; while there is a channel */
    struct node_status *status;
    uint32_t pings; /* not answered, in a row */
    int pid;        /* of the present or the last process */
    bool hung;
    uint64_t ready_at_ms;
    uint32_t crashes;
    bool leaving;  /* drained or killed while PAUSED */
    bool told;     /* this process was told to accept */
    bool accepted; /* one of its processes gave a sign of life after that */
    bool timed_out;
    char failure[SW_ERR_TEXT_MAX]; /* what the worker said, until its exit */
};

static void channel_close(struct node__slot *slot)
{
    node__names_free(slot->names);
    slot->names = NULL;
    loop_watch_free(slot->watch);
    slot->watch = NULL;
    if (slot->channel_fd >= 0)
        (void)close(slot->channel_fd); /* the worker sees the end */
    slot->channel_fd = -1;
}

static void be_gone(struct node__slot *slot)
{
    slot->state = GONE;
    loop_timer_stop(slot->timer);
    slot->config.events->gone(slot->config.arg, slot);
}

/* ---- messages from the worker ---- */

static void on_failed(struct node__slot *slot, const struct codec_json *root)
{
    const struct codec_json *text = codec_json_get(root, "text");
    (void)snprintf(
        slot->failure, sizeof slot->failure, SW_FMT,
        SW_ARG(text ? codec_json_string(text) : SW_LIT("no reason given"))); /* cut as every error text */
    if (slot->process)
        loop_process_kill(slot->process, SIGKILL); /* its exit comes */
}

static void on_nonsense(struct node__slot *slot, struct sw_str json)
{
    sw_log_error("node", "worker.message", "worker=%u it is ended for a message that is not known: " SW_FMT,
                 slot->config.index, SW_ARG(sw_str_head(json, 100)));
    if (slot->process)
        loop_process_kill(slot->process, SIGKILL);
    channel_close(slot); /* it is heard no more */
}

static void on_message(struct node__slot *slot, struct sw_str json)
{
    struct codec_json *root = NULL;
    struct sw_err err;
    int rc = codec_json_parse(json, &root, &err);
    if (rc ==
        -SW_ENOMEM) { /* our own want is no fault of the worker's; what was lost shows by a time limit */
        sw_log_error("node", "worker.message", "worker=%u %s", slot->config.index, err.text);
        return;
    }
    const struct codec_json *type = rc == 0 ? codec_json_get(root, "type") : NULL;
    struct sw_str word = type ? codec_json_string(type) : SW_LIT("");
    if (sw_str_eq(word, SW_LIT("ready"))) {
        if (slot->state == STARTING && slot->process) { /* not one that is gone by now */
            slot->state = SERVING;
            slot->ready_at_ms = loop_now_ms(slot->config.loop);
            slot->pings = 0;
            loop_timer_start(slot->timer, slot->config.timing->ping_ms);
            slot->config.events->ready(slot->config.arg, slot);
        }
    } else if (sw_str_eq(word, SW_LIT("pong"))) {
        slot->pings = 0;
        slot->accepted |= slot->told;
    } else if (sw_str_eq(word, SW_LIT("stopped"))) {
        if (slot->state == DRAINING)
            slot->config.events->stopped(slot->config.arg, slot);
    } else if (sw_str_eq(word, SW_LIT("resolve"))) {
        if (slot->names)
            node__names_ask(slot->names, root);
    } else if (sw_str_eq(word, SW_LIT("failed"))) {
        on_failed(slot, root);
    } else {
        on_nonsense(slot, json);
    }
    codec_json_free(root);
}

static void on_readable(void *arg)
{
    struct node__slot *slot = arg;
    char buffer[4096]; /* a worker's messages are one sentence */
    struct node_message message;
    struct sw_err err;
    int rc = node_channel_receive(slot->channel_fd, buffer, sizeof buffer, &message, &err);
    if (rc == SW_WAIT)
        return;
    if (rc == SW_END) {
        channel_close(slot); /* its exit comes */
        return;
    }
    if (rc < 0) {
        sw_log_error("node", "worker.channel", "worker=%u %s", slot->config.index, err.text);
        if (slot->process)
            loop_process_kill(slot->process, SIGKILL);
        channel_close(slot);
        return;
    }
    for (uint32_t i = 0; i < message.fd_count; i++)
        (void)close(message.fds[i]); /* workers have nothing to give */
    on_message(slot, message.json);
}

/* ---- the end of a process ---- */

/* " while it ran component 'x' (call 5)", or nothing. */
static void describe_guest(const struct node__slot *slot, char *text, size_t bytes)
{
    uint32_t running = slot->status ? atomic_load_explicit(&slot->status->running, memory_order_relaxed) : 0;
    text[0] = '\0';
    if (running == 0 || running > slot->config.app->component_count)
        return;
    uint64_t calls = atomic_load_explicit(&slot->status->calls, memory_order_relaxed);
    (void)snprintf(text, bytes, " while running component '" SW_FMT "' (call %llu)",
                   SW_ARG(slot->config.app->components[running - 1].id),
                   (unsigned long long)calls); /* an id is short, else cut */
}

static void describe_end(const struct node__slot *slot, int exit_status, int term_signal, struct sw_err *err)
{
    const struct node__timing *timing = slot->config.timing;
    unsigned index = slot->config.index;
    char guest[256];
    describe_guest(slot, guest, sizeof guest);
    if (slot->failure[0])
        (void)sw_fail(err, SW_EINPUT, "%s", slot->failure); /* the caller wants the value, here and below */
    else if (slot->timed_out)
        (void)sw_fail(err, SW_ETIMEOUT, "worker %u was not ready within %llu s", index,
                      (unsigned long long)(timing->start_ms_max / 1000));
    else if (slot->hung)
        (void)sw_fail(err, SW_ETIMEOUT,
                      "worker %u (pid %d) hung: no sign of life for %llu ms%s; it was ended", index,
                      slot->pid, (unsigned long long)(timing->ping_ms * timing->pings_max), guest);
    else if (term_signal)
        (void)sw_fail(err, SW_EIO, "worker %u (pid %d) was ended by signal %d (%s)%s", index, slot->pid,
                      term_signal, node__signal_text(term_signal), guest);
    else
        (void)sw_fail(err, SW_EIO, "worker %u (pid %d) ended with status %d%s", index, slot->pid, exit_status,
                      guest);
}

static uint64_t pause_ms(const struct node__slot *slot)
{
    const struct node__timing *timing = slot->config.timing;
    uint64_t ms = timing->backoff_ms_min;
    for (uint32_t i = 1; i < slot->crashes && ms < timing->backoff_ms_max; i++)
        ms *= 2;
    return ms < timing->backoff_ms_max ? ms : timing->backoff_ms_max;
}

/* The slot has no process: asks whether to go on. */
static void ended(struct node__slot *slot, bool was_steady, const struct sw_err *err)
{
    slot->crashes = was_steady ? 1 : slot->crashes + 1;
    slot->state = PAUSED;
    if (!slot->config.events->ended(slot->config.arg, slot, err)) {
        be_gone(slot);
        return;
    }
    uint64_t ms = pause_ms(slot);
    sw_log_error("node", "worker.ended", "%s; it is started again in %llu ms%s", err->text,
                 (unsigned long long)ms, slot->crashes > 1 ? " as it did not serve for long" : "");
    loop_timer_start(slot->timer, ms);
}

static void on_exit_(void *arg, int exit_status, int term_signal)
{
    struct node__slot *slot = arg;
    slot->process = NULL;
    if (slot->watch && slot->state == STARTING)
        on_readable(slot); /* a "failed" that came just before the end */
    channel_close(slot);
    loop_timer_stop(slot->timer);
    if (slot->state == DRAINING) {
        be_gone(slot);
        return;
    }
    struct sw_err err;
    describe_end(slot, exit_status, term_signal, &err);
    bool steady = slot->state == SERVING &&
                  loop_now_ms(slot->config.loop) - slot->ready_at_ms >= slot->config.timing->steady_ms;
    ended(slot, steady, &err);
}

/* ---- starting ---- */

static int spawn(struct node__slot *slot, int child_fd, struct sw_err *err)
{
    union { /* libuv does not write to them */
        const char *in[3];
        char *out[3];
    } argv = {{slot->config.program, "internal-worker", NULL}};
    const int fds[] = {-1, STDOUT_FILENO, STDERR_FILENO, child_fd};
    _Static_assert(NODE_CHANNEL_FD == 3, "the place in fds");
    const struct loop_spawn child = {.file = slot->config.program_file,
                                     .argv = argv.out,
                                     .fds = fds,
                                     .fd_count = 4,
                                     .exited = on_exit_,
                                     .arg = slot};
    return loop_process_spawn(slot->config.loop, &child, &slot->process, err);
}

static int start(struct node__slot *slot, struct sw_err *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "make a channel to a worker");
    sw_auto_close int child_fd = pair[1];
    sw_auto_close int status_fd = -1;
    slot->channel_fd = pair[0];
    slot->names = node__names_new(slot->config.loop, slot->channel_fd, app_reaches_out(slot->config.app));
    slot->timed_out = slot->hung = slot->told = false;
    slot->failure[0] = '\0';
    node__status_unmap(slot->status);
    slot->status = NULL;
    int rc = node__status_file(&status_fd, err);
    if (rc == 0)
        rc = node__status_map(status_fd, &slot->status, err);
    if (rc == 0) /* waits in the socket */
        rc = node__serving_send(slot->config.serving, slot->config.index, status_fd, slot->channel_fd, err);
    if (rc == 0)
        rc = loop_watch_new(slot->config.loop, slot->channel_fd, on_readable, slot, &slot->watch, err);
    if (rc == 0)
        rc = spawn(slot, child_fd, err);
    if (rc < 0) {
        channel_close(slot);
        return rc;
    }
    slot->pid = loop_process_pid(slot->process);
    slot->state = STARTING;
    loop_timer_start(slot->timer, slot->config.timing->start_ms_max);
    return 0;
}

/* Sends a word to the worker; a full socket or a worker that is gone shows in other ways. */
static int tell(const struct node__slot *slot, struct sw_str json)
{
    const struct node_message message = {.json = json};
    struct sw_err err;
    return slot->channel_fd < 0 ? -SW_EIO : node_channel_send(slot->channel_fd, &message, &err);
}

/* Are you alive? */
static void ask(struct node__slot *slot)
{
    const struct node__timing *timing = slot->config.timing;
    if (slot->hung) { /* SIGABRT did not do, as in a process that is stopped */
        loop_process_kill(slot->process, SIGKILL);
        return;
    }
    if (slot->pings >= timing->pings_max) {
        slot->hung = true;
        loop_process_kill(slot->process, SIGABRT); /* a core, where permitted, shows where it hung */
        loop_timer_start(slot->timer, timing->abort_ms_max);
        return;
    }
    slot->pings++;
    sw_ignore(tell(slot, SW_LIT("{\"type\":\"ping\"}"))); /* not sent is not answered */
    loop_timer_start(slot->timer, timing->ping_ms);
}

static void on_timer(void *arg)
{
    struct node__slot *slot = arg;
    if (slot->leaving) {
        be_gone(slot);
        return;
    }
    if (slot->state == STARTING) {
        slot->timed_out = true;
        loop_process_kill(slot->process, SIGKILL);
        return;
    }
    if (slot->state == SERVING) {
        ask(slot);
        return;
    }
    struct sw_err err;
    if (slot->state == PAUSED && start(slot, &err) < 0)
        ended(slot, false, &err);
}

int node__slot_new(const struct node__slot_config *config, struct node__slot **ret, struct sw_err *err)
{
    struct node__slot *slot = sw_alloc(sizeof *slot);
    *slot = (struct node__slot){.config = *config, .channel_fd = -1, .state = GONE};
    int rc = loop_timer_new(config->loop, on_timer, slot, &slot->timer, err);
    if (rc == 0)
        rc = start(slot, err);
    if (rc < 0) {
        node__slot_free(slot);
        return rc;
    }
    *ret = slot;
    return 0;
}

/* ---- ending ---- */

static void leave_paused(struct node__slot *slot)
{
    slot->leaving = true;
    loop_timer_start(slot->timer, 0);
}

/* A question follows at once: its answer shows that accepting did not end the worker. */
void node__slot_accept(struct node__slot *slot)
{
    if (slot->state != SERVING || !slot->process)
        return;
    slot->told = true;
    if (tell(slot, SW_LIT("{\"type\":\"accept\"}")) < 0 || tell(slot, SW_LIT("{\"type\":\"ping\"}")) < 0)
        loop_process_kill(slot->process, SIGKILL); /* it cannot hear us, or is gone already */
}

void node__slot_drain(struct node__slot *slot)
{
    if (slot->state == PAUSED)
        leave_paused(slot);
    if (slot->state != STARTING && slot->state != SERVING)
        return;
    loop_timer_stop(slot->timer);
    slot->state = DRAINING;
    if (tell(slot, SW_LIT("{\"type\":\"drain\"}")) < 0 && slot->process)
        loop_process_kill(slot->process, SIGKILL); /* it cannot hear us, or is gone already */
}

void node__slot_kill(struct node__slot *slot)
{
    if (slot->state == PAUSED)
        leave_paused(slot);
    if (!slot->process)
        return;
    slot->state = DRAINING;
    loop_timer_stop(slot->timer);
    loop_process_kill(slot->process, SIGKILL);
}

bool node__slot_has_accepted(const struct node__slot *slot)
{
    return slot->accepted;
}

bool node__slot_is_gone(const struct node__slot *slot)
{
    return slot->state == GONE;
}

uint32_t node__slot_crashes(const struct node__slot *slot)
{
    return slot->crashes;
}

void node__slot_free(struct node__slot *slot)
{
    if (!slot)
        return;
    channel_close(slot);
    node__status_unmap(slot->status);
    loop_timer_free(slot->timer);
    sw_free(slot);
}
