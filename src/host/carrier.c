/* carrier.c - events and those who wait for them.  Room: host.
 *
 * Invariants
 *  1. A waiter is in at most one list, and leaves it by host_waiter_stop only.
 *  2. host_event_fire may meet waiters that come and go while it runs: its own mark keeps the place, and marks (wake NULL) are skipped.
 *     Who waits again while it is woken has to wait for the next turn. */
#include "host/carrier.h"

#include "engine/engine.h"

void host_event_init(struct host_event *event)
{
    sw_list_init(&event->waiters);
    event->turn = 0;
}

void host_event_fire(struct host_event *event)
{
    struct host_waiter mark = {.wake = NULL};
    uint64_t turn = ++event->turn;
    sw_list_init(&mark.link);
    sw_list_add_head(&event->waiters, &mark.link);
    while (mark.link.next != &event->waiters) {
        struct host_waiter *waiter = SW_CONTAINER(mark.link.next, struct host_waiter, link);
        sw_list_remove(&mark.link);
        sw_list_add_head(&waiter->link, &mark.link);
        if (waiter->wake && waiter->since < turn)
            waiter->wake(waiter->arg);
    }
    sw_list_remove(&mark.link);
}

void host_waiter_start(struct host_waiter *waiter, struct host_event *event, void (*wake)(void *arg),
                       void *arg)
{
    waiter->wake = wake;
    waiter->since = event->turn;
    waiter->arg = arg;
    sw_list_init(&waiter->link);
    sw_list_add_tail(&event->waiters, &waiter->link);
}

void host_waiter_stop(struct host_waiter *waiter)
{
    if (waiter->link.next)
        sw_list_remove(&waiter->link);
}

void host_parking_init(struct host_parking *parking, struct engine_store *store)
{
    parking->call = engine_store_call(store);
    parking->woken = false;
}

void host_parking_wake(void *parking)
{
    struct host_parking *self = parking;
    self->woken = true;
    engine_call_wake(self->call);
}

int host_parking_wait(struct host_parking *parking, struct engine_store *store, struct sw_err *err)
{
    int rc = 0;
    while (rc == 0 && !parking->woken)
        rc = engine_park_wait(store, err);
    return rc;
}

int host_event_wait(struct host_event *event, struct engine_store *store, struct sw_err *err)
{
    struct host_parking parking;
    struct host_waiter waiter = {0};
    host_parking_init(&parking, store);
    host_waiter_start(&waiter, event, host_parking_wake, &parking);
    int rc = host_parking_wait(&parking, store, err);
    host_waiter_stop(&waiter);
    return rc;
}
