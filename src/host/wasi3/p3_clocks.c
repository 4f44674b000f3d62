/* p3_clocks.c - wasi:clocks@0.3: reading clocks, and waiting for a point in time.  Room: host.
 *
 * source: wit/0.3/wasi-clocks-0.3.0.wit */
#include "base/clock.h"
#include "host/bindings/clocks_monotonic_clock.h"
#include "host/bindings/clocks_wall_clock.h"
#include "host/bindings3/p3_clocks_monotonic_clock.h"
#include "host/bindings3/p3_clocks_system_clock.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/wasi/clocks.h"
#include "loop/loop.h"

#define NS_PER_MS 1000000u
#define NS_PER_S 1000000000u

int host_p3_clocks_system_clock_now(struct component_call *call,
                                    struct host_p3_clocks_system_clock_instant *ret)
{
    struct host_clocks_wall_clock_datetime now;
    int rc = host_clocks_wall_clock_now(call, &now);
    *ret = (struct host_p3_clocks_system_clock_instant){(int64_t)now.seconds, now.nanoseconds};
    return rc;
}

int host_p3_clocks_system_clock_get_resolution(struct component_call *call, uint64_t *ret)
{
    struct host_clocks_wall_clock_datetime tick;
    int rc = host_clocks_wall_clock_resolution(call, &tick);
    *ret = tick.seconds * NS_PER_S + tick.nanoseconds;
    return rc;
}

/* ---- monotonic-clock ---- */

int host_p3_clocks_monotonic_clock_now(struct component_call *call, uint64_t *ret)
{
    return host_clocks_monotonic_clock_now(call, ret);
}

int host_p3_clocks_monotonic_clock_get_resolution(struct component_call *call, uint64_t *ret)
{
    return host_clocks_monotonic_clock_resolution(call, ret);
}

struct sleep { /* state of the operation */
    struct loop_timer *timer;
    uint64_t deadline_ns; /* of this machine's clock */
};
_Static_assert(sizeof(struct sleep) <= HOST_OPERATION_BYTES, "the state of a wait");

static void time_is_up(void *arg)
{
    component_operation_wake(arg);
}

static int go_on(struct component_operation *operation)
{
    struct sleep *sleep = component_operation_state(operation);
    uint64_t now = sw_clock_mono_ns();
    if (now >= sleep->deadline_ns) {
        loop_timer_free(sleep->timer);
        return 0;
    }
    uint64_t left = sleep->deadline_ns - now;
    uint64_t ms = left / NS_PER_MS + (left % NS_PER_MS != 0);
    loop_timer_start(sleep->timer, ms < HOST_TIMER_MS_MAX ? ms : HOST_TIMER_MS_MAX);
    return HOST_NOT_YET;
}

static int begin(struct component_call *call, struct component_operation *operation, uint64_t deadline_ns)
{
    struct sleep *sleep = component_operation_state(operation);
    struct sw_err err;
    if (sw_clock_mono_ns() >= deadline_ns)
        return 0;
    sleep->deadline_ns = deadline_ns;
    if (loop_timer_new(host_of(call)->loop, time_is_up, operation, &sleep->timer, &err) < 0)
        return host_trap(call, "no timer: %s", err.text);
    return go_on(operation);
}

static void forget(struct component_operation *operation)
{
    struct sleep *sleep = component_operation_state(operation);
    loop_timer_free(sleep->timer);
}

int host_p3_clocks_monotonic_clock_wait_until_start(struct component_call *call,
                                                    struct component_operation *operation, uint64_t when)
{
    return begin(call, operation, host_clock_deadline_at(host_of(call), when));
}

int host_p3_clocks_monotonic_clock_wait_until_poll(struct component_call *call,
                                                   struct component_operation *operation)
{
    (void)call;
    return go_on(operation);
}

void host_p3_clocks_monotonic_clock_wait_until_cancel(struct component_operation *operation)
{
    forget(operation);
}

int host_p3_clocks_monotonic_clock_wait_for_start(struct component_call *call,
                                                  struct component_operation *operation, uint64_t how_long)
{
    return begin(call, operation, host_clock_deadline_after(how_long));
}

int host_p3_clocks_monotonic_clock_wait_for_poll(struct component_call *call,
                                                 struct component_operation *operation)
{
    (void)call;
    return go_on(operation);
}

void host_p3_clocks_monotonic_clock_wait_for_cancel(struct component_operation *operation)
{
    forget(operation);
}
