/* clocks.c - wasi:clocks: reading clocks, and pollables for a point in time.  Room: host.
 *
 * A host has at most one loop timer, made when a guest first waits for a clock; it is set to the soonest of the pollables that are being
 * waited for (host.timers), or earlier: after one of them has gone it may fire for nothing. They are in no order, since a guest would
 * choose the one that costs most; all are looked at once per fire. A pollable that nobody waits for costs nothing: ready just looks at
 * the clock.
 * Each host's monotonic clock begins at HOST_CLOCK_START_NS: since when this machine runs is no guest's business. Deadlines are kept in
 * this machine's time. */
#include <time.h>

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

static void timer_set(struct host *host, uint64_t at_ns)
{
    uint64_t now = sw_clock_mono_ns();
    uint64_t left = at_ns > now ? at_ns - now : 0;
    uint64_t ms = left / NS_PER_MS + (left % NS_PER_MS != 0);
    loop_timer_start(host->timer, ms < HOST_TIMER_MS_MAX ? ms : HOST_TIMER_MS_MAX);
    host->timer_at_ns = at_ns;
}

static void timer_unset(struct host *host)
{
    loop_timer_stop(host->timer);
    host->timer_at_ns = UINT64_MAX;
}

/* The loop's time is that of the start of its turn, so a timer may come a little early: it is set again then. A wake makes a fiber
 * ready, which runs later, so the list changes only here. */
static void timer_fired(void *arg)
{
    struct host *host = arg;
    uint64_t now = sw_clock_mono_ns();
    uint64_t soonest = UINT64_MAX;
    host->timer_at_ns = UINT64_MAX;
    for (struct sw_link *link = host->timers.next, *next; link != &host->timers; link = next) {
        struct host_io_poll_pollable *pollable = SW_CONTAINER(link, struct host_io_poll_pollable, timer);
        next = link->next;
        if (pollable->deadline_ns <= now) {
            sw_list_remove(&pollable->timer);
            host_event_fire(&pollable->event);
        } else if (pollable->deadline_ns < soonest) {
            soonest = pollable->deadline_ns;
        }
    }
    if (!sw_list_empty(&host->timers))
        timer_set(host, soonest);
}

void host_clock_init(struct host *host)
{
    sw_list_init(&host->timers);
    host->timer = NULL;
    host->timer_at_ns = UINT64_MAX;
    host->clock_zero_ns = sw_clock_mono_ns();
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
    sw_list_add_tail(&host->timers, &pollable->timer);
    if (pollable->deadline_ns < host->timer_at_ns)
        timer_set(host, pollable->deadline_ns);
    return &pollable->event;
}

static void clock_unwatch(struct host_io_poll_pollable *pollable)
{
    sw_list_remove(&pollable->timer);
    if (sw_list_empty(&pollable->host->timers))
        timer_unset(pollable->host);
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
    *ret = HOST_CLOCK_START_NS + (sw_clock_mono_ns() - host_of(call)->clock_zero_ns);
    return 0;
}

static uint64_t resolution_ns(clockid_t clock)
{
    struct timespec tick;
    if (clock_getres(clock, &tick) != 0)
        return NS_PER_S; /* it never fails for these; better too much than too little */
    return (uint64_t)tick.tv_sec * NS_PER_S + (uint64_t)tick.tv_nsec;
}

int host_clocks_monotonic_clock_resolution(struct component_call *call, uint64_t *ret)
{
    (void)call;
    *ret = resolution_ns(CLOCK_MONOTONIC);
    return 0;
}

static uint64_t later(uint64_t base, uint64_t by)
{
    return by < UINT64_MAX - base ? base + by : UINT64_MAX;
}

uint64_t host_clock_deadline_at(const struct host *host, uint64_t instant)
{
    uint64_t zero = host->clock_zero_ns;
    return instant > HOST_CLOCK_START_NS ? later(zero, instant - HOST_CLOCK_START_NS) : zero;
}

uint64_t host_clock_deadline_after(uint64_t ns)
{
    return later(sw_clock_mono_ns(), ns);
}

static int subscribe(struct component_call *call, uint64_t deadline_ns, struct host_io_poll_pollable **ret)
{
    struct host_io_poll_pollable *pollable = host_pollable_new(call, &clock_pollable, NULL);
    if (!pollable)
        return -SW_EGUEST;
    pollable->deadline_ns = deadline_ns;
    *ret = pollable;
    return 0;
}

int host_clocks_monotonic_clock_subscribe_instant(struct component_call *call, uint64_t when,
                                                  struct host_io_poll_pollable **ret)
{
    return subscribe(call, host_clock_deadline_at(host_of(call), when), ret);
}

int host_clocks_monotonic_clock_subscribe_duration(struct component_call *call, uint64_t when,
                                                   struct host_io_poll_pollable **ret)
{
    return subscribe(call, host_clock_deadline_after(when), ret);
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
    uint64_t tick = resolution_ns(CLOCK_REALTIME);
    ret->seconds = tick / NS_PER_S;
    ret->nanoseconds = (uint32_t)(tick % NS_PER_S);
    return 0;
}
