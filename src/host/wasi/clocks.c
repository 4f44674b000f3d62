/* clocks.c - wasi:clocks: reading clocks, and pollables for a point in time.  Room: host.
 *
 * A host has at most one loop timer, made when a guest first waits for a clock; it is set to the soonest of the pollables that are being
 * waited for (host.timers, in order). A pollable that nobody waits for costs nothing: ready just looks at the clock. */
#include "host/wasi/clocks.h"

#include "base/clock.h"
#include "engine/engine.h"
#include "host/bindings/clocks_monotonic_clock.h"
#include "host/bindings/clocks_wall_clock.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/wasi/io.h"
#include "loop/loop.h"

#define NS_PER_MS 1000000u
#define NS_PER_S 1000000000u

static struct host_io_poll_pollable *soonest(struct host *host)
{
    return sw_list_empty(&host->timers)
               ? NULL
               : SW_CONTAINER(host->timers.next, struct host_io_poll_pollable, timer);
}

static void timer_set(struct host *host)
{
    const struct host_io_poll_pollable *first = soonest(host);
    if (!first) {
        if (host->timer)
            loop_timer_stop(host->timer);
        return;
    }
    uint64_t now = sw_clock_mono_ns();
    uint64_t left = first->deadline_ns > now ? first->deadline_ns - now : 0;
    uint64_t ms = left / NS_PER_MS + (left % NS_PER_MS != 0);
    loop_timer_start(host->timer, ms < HOST_TIMER_MS_MAX ? ms : HOST_TIMER_MS_MAX);
}

/* The loop's time is that of the start of its turn, so a timer may come a little early: it is set again then. */
static void timer_fired(void *arg)
{
    struct host *host = arg;
    uint64_t now = sw_clock_mono_ns();
    struct host_io_poll_pollable *first;
    while ((first = soonest(host)) && first->deadline_ns <= now) {
        sw_list_remove(&first->timer);
        host_event_fire(&first->event);
    }
    timer_set(host);
}

void host_clock_deinit(struct host *host)
{
    loop_timer_free(host->timer);
    host->timer = NULL;
    sw_list_init(&host->timers);
}

static bool clock_ready(struct host_io_poll_pollable *pollable)
{
    return sw_clock_mono_ns() >= pollable->deadline_ns;
}

static struct host_event *clock_watch(struct host_io_poll_pollable *pollable, struct component_call *call)
{
    struct host *host = pollable->host;
    struct sw_err err;
    if (!host->timer && loop_timer_new(host->loop, timer_fired, host, &host->timer, &err) < 0) {
        (void)host_trap(call, "no timer: %s", err.text);
        return NULL;
    }
    struct sw_link *at = host->timers.prev; /* from the end: later deadlines tend to come later */
    while (at != &host->timers &&
           SW_CONTAINER(at, struct host_io_poll_pollable, timer)->deadline_ns > pollable->deadline_ns)
        at = at->prev;
    sw_list_add_head(at, &pollable->timer);
    timer_set(host);
    return &pollable->event;
}

static void clock_unwatch(struct host_io_poll_pollable *pollable)
{
    bool was_first = soonest(pollable->host) == pollable;
    sw_list_remove(&pollable->timer);
    if (was_first)
        timer_set(pollable->host);
}

static void clock_release(struct host_io_poll_pollable *pollable)
{
    sw_list_remove(&pollable->timer);
}

static const struct host_pollable_ops clock_pollable = {clock_ready, clock_watch, clock_unwatch,
                                                        clock_release};

/* ---- monotonic-clock ---- */

int host_clocks_monotonic_clock_now(struct component_call *call, uint64_t *ret)
{
    (void)call;
    *ret = sw_clock_mono_ns();
    return 0;
}

int host_clocks_monotonic_clock_resolution(struct component_call *call, uint64_t *ret)
{
    (void)call;
    *ret = 1;
    return 0;
}

int host_clocks_monotonic_clock_subscribe_instant(struct component_call *call, uint64_t when,
                                                  struct host_io_poll_pollable **ret)
{
    struct host_io_poll_pollable *pollable = host_pollable_new(call, &clock_pollable, NULL);
    if (!pollable)
        return -SW_EGUEST;
    pollable->deadline_ns = when;
    *ret = pollable;
    return 0;
}

int host_clocks_monotonic_clock_subscribe_duration(struct component_call *call, uint64_t when,
                                                   struct host_io_poll_pollable **ret)
{
    uint64_t now = sw_clock_mono_ns();
    return host_clocks_monotonic_clock_subscribe_instant(
        call, when < UINT64_MAX - now ? now + when : UINT64_MAX, ret);
}

/* ---- wall-clock ---- */

int host_clocks_wall_clock_now(struct component_call *call, struct host_clocks_wall_clock_datetime *ret)
{
    (void)call;
    uint64_t now = sw_clock_wall_ns();
    ret->seconds = now / NS_PER_S;
    ret->nanoseconds = (uint32_t)(now % NS_PER_S);
    return 0;
}

int host_clocks_wall_clock_resolution(struct component_call *call,
                                      struct host_clocks_wall_clock_datetime *ret)
{
    (void)call;
    *ret = (struct host_clocks_wall_clock_datetime){.seconds = 0, .nanoseconds = 1};
    return 0;
}
