/* carrier.c - events and those who wait for them.  Room: host.
 *
 * Invariants
 *  1. A waiter is in at most one list, and leaves it by host_waiter_stop only.
 *  2. host_event_fire may meet waiters that come and go while it runs: its own mark keeps the place, and marks (wake NULL) are skipped. */
#include "host/carrier.h"

#include <stdbool.h>

#include "engine/engine.h"

void host_event_init(struct host_event *event)
{
    sw_list_init(&event->waiters);
}

void host_event_fire(struct host_event *event)
{
    struct host_waiter mark = {.wake = NULL};
    sw_list_init(&mark.link);
    sw_list_add_head(&event->waiters, &mark.link);
    while (mark.link.next != &event->waiters) {
        struct host_waiter *waiter = SW_CONTAINER(mark.link.next, struct host_waiter, link);
        sw_list_remove(&mark.link);
        sw_list_add_head(&waiter->link, &mark.link);
        if (waiter->wake)
            waiter->wake(waiter->arg);
    }
    sw_list_remove(&mark.link);
}

void host_waiter_start(struct host_waiter *waiter, struct host_event *event, void (*wake)(void *arg),
                       void *arg)
{
    waiter->wake = wake;
    waiter->arg = arg;
    sw_list_init(&waiter->link);
    sw_list_add_tail(&event->waiters, &waiter->link);
}

void host_waiter_stop(struct host_waiter *waiter)
{
    if (waiter->link.next)
        sw_list_remove(&waiter->link);
}

/* What wakes a fiber: a flag, since a park may also end for another reason. */
struct fiber_wait {
    struct engine_call *call;
    bool fired;
};

static void fiber_wake(void *arg)
{
    struct fiber_wait *wait = arg;
    wait->fired = true;
    engine_call_wake(wait->call);
}

int host_event_wait(struct host_event *event, struct engine_store *store, struct sw_err *err)
{
    struct fiber_wait wait = {.call = engine_store_call(store)};
    struct host_waiter waiter = {0};
    int rc = 0;
    host_waiter_start(&waiter, event, fiber_wake, &wait);
    while (rc == 0 && !wait.fired)
        rc = engine_park_wait(store, err);
    host_waiter_stop(&waiter);
    return rc;
}
