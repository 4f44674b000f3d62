/* io_poll.c - wasi:io/poll: waiting for any of several things.  Room: host.
 *
 * Invariant: a pollable's waiter is linked only while the fiber that polls it is parked; a store's guest runs on one fiber, so no pollable is in
 * two polls at a time. One that stands twice in the list is linked once. */
#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/wasi/io.h"

struct host_io_poll_pollable *host_pollable_new(struct component_call *call,
                                                const struct host_pollable_ops *ops, void *target)
{
    struct host_io_poll_pollable *pollable = HOST_NEW(call, struct host_io_poll_pollable);
    if (!pollable)
        return NULL;
    pollable->ops = ops;
    pollable->host = host_of(call);
    pollable->target = target;
    host_event_init(&pollable->event);
    sw_list_init(&pollable->timer);
    sw_list_init(&pollable->waiter.link);
    return pollable;
}

void host_io_poll_pollable_drop(void *owner, void *object)
{
    struct host_io_poll_pollable *pollable = object;
    pollable->ops->release(pollable);
    HOST_FREE((struct host *)owner, pollable);
}

static bool is_linked(const struct host_io_poll_pollable *pollable)
{
    return !sw_list_empty(&pollable->waiter.link);
}

static int link_all(struct component_call *call, struct host_io_poll_pollable *const *items, size_t n,
                    struct host_parking *parking)
{
    for (size_t i = 0; i < n; i++) {
        if (is_linked(items[i]))
            continue;
        struct host_event *event = items[i]->ops->watch(items[i], call);
        if (!event)
            return -SW_EGUEST;
        host_waiter_start(&items[i]->waiter, event, host_parking_wake, parking);
    }
    return 0;
}

static void unlink_all(struct host_io_poll_pollable *const *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_linked(items[i]))
            continue;
        host_waiter_stop(&items[i]->waiter);
        items[i]->ops->unwatch(items[i]);
    }
}

/* Parks until one of them says that it may be ready. */
static int any_wait(struct component_call *call, struct host_io_poll_pollable *const *items, size_t n)
{
    struct engine_store *store = component_call_engine(call);
    struct host_parking parking;
    struct sw_err err;
    host_parking_init(&parking, store);
    int rc = link_all(call, items, n, &parking);
    if (rc == 0)
        rc = host_parking_wait(&parking, store, &err);
    unlink_all(items, n);
    return rc;
}

static bool any_ready(struct host_io_poll_pollable *const *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (items[i]->ops->ready(items[i]))
            return true;
    return false;
}

int host_io_poll_pollable_ready(struct component_call *call, struct host_io_poll_pollable *self, bool *ret)
{
    (void)call;
    *ret = self->ops->ready(self);
    return 0;
}

int host_io_poll_pollable_block_wait(struct component_call *call, struct host_io_poll_pollable *self)
{
    int rc = 0;
    while (rc == 0 && !self->ops->ready(self))
        rc = any_wait(call, &self, 1);
    return rc;
}

int host_io_poll_poll_wait(struct component_call *call, struct host_list_io_poll_pollable in,
                           struct host_list_u32 *ret)
{
    if (in.n == 0)
        return host_trap(call, "poll: the list is empty");
    if (in.n > HOST_POLL_MAX)
        return host_trap(call, "poll: %zu pollables are over the limit of %d", in.n, HOST_POLL_MAX);
    int rc = 0;
    while (rc == 0 && !any_ready(in.items, in.n))
        rc = any_wait(call, in.items, in.n);
    if (rc < 0)
        return rc;
    uint32_t *ready = host_scratch(call, in.n, sizeof *ready);
    if (!ready)
        return -SW_EGUEST;
    size_t count = 0;
    for (size_t i = 0; i < in.n; i++)
        if (in.items[i]->ops->ready(in.items[i]))
            ready[count++] = (uint32_t)i;
    *ret = (struct host_list_u32){ready, count};
    return 0;
}
