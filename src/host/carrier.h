/* carrier.h - host_source and host_sink: the only carriers of bytes between guests, sockets, files and pipes.  Room: host.
 *
 * WASI 0.1 descriptors, 0.2 input-stream and output-stream, 0.3 stream<u8> and HTTP bodies are thin faces on them, so back-pressure, limits
 * and cancellation are written once. Pull-based; one reader, one writer; nothing blocks: SW_WAIT, and the waiter is woken later.
 * Source: component.md 7. */
#ifndef SW_HOST_CARRIER_H
#define SW_HOST_CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "base/str.h"

struct engine_call;
struct engine_store;

/* Someone waiting for an event of the host: embedded in a frame of the waiting fiber or in an object. wake runs on the loop side, once per
 * host_wake; the waiter stays linked until host_waiter_stop. */
struct host_waiter {
    struct sw_link link;
    void (*wake)(void *arg);
    void *arg;
    uint64_t since; /* the event's turn when the wait began */
};
struct host_event { /* what can be waited for; embedded in carriers, futures, timers */
    struct sw_link waiters;
    uint64_t turn; /* how often it was fired */
};
void host_event_init(struct host_event *event);
void host_event_fire(struct host_event *event); /* wakes everyone linked before */
void host_waiter_start(struct host_waiter *waiter, struct host_event *event, void (*wake)(void *arg),
                       void *arg);
void host_waiter_stop(struct host_waiter *waiter); /* twice is fine */
/* A fiber that waits for the first of several wakes: host_parking_wake is its waiters' wake, the parking their arg. */
struct host_parking {
    struct engine_call *call;
    bool woken; /* a park may also end for another reason */
};
void host_parking_init(struct host_parking *parking, struct engine_store *store); /* on the fiber */
void host_parking_wake(void *parking);
int host_parking_wait(struct host_parking *parking, struct engine_store *store,
                      struct sw_err *err) SW_MUST_CHECK;
/* Parks the running fiber until the event fires once. The caller tests its condition in a loop. Returns 0 or -SW_ECANCELLED. */
int host_event_wait(struct host_event *event, struct engine_store *store, struct sw_err *err) SW_MUST_CHECK;

struct host_source;
struct host_source_ops {
    /* 0 with *ret non-empty (valid until consume or a wait); SW_WAIT (ready will fire); SW_END; < 0 */
    int (*peek)(struct host_source *source, struct sw_str *ret, struct sw_err *err);
    void (*consume)(struct host_source *source, size_t n);
    void (*close)(struct host_source *source); /* the reader goes away; frees what it owns */
};
struct host_source { /* first member of the concrete source */
    const struct host_source_ops *ops;
    struct host_event ready;
};

struct host_sink;
struct host_sink_ops {
    /* how many bytes write would take now: 0 means SW_WAIT (ready will fire) */
    size_t (*room)(struct host_sink *sink);
    /* 0 with *ret_n in 1..bytes.n; SW_WAIT; < 0 (the other side is gone, or over its ceiling) */
    int (*write)(struct host_sink *sink, struct sw_str bytes, size_t *ret_n, struct sw_err *err);
    /* 0 when everything written has left; SW_WAIT; < 0 */
    int (*flush)(struct host_sink *sink, struct sw_err *err);
    void (*close)(struct host_sink *sink);
};
struct host_sink { /* first member of the concrete sink */
    const struct host_sink_ops *ops;
    struct host_event ready;
};

static inline int host_source_peek(struct host_source *source, struct sw_str *ret, struct sw_err *err)
{
    return source->ops->peek(source, ret, err);
}
static inline void host_source_consume(struct host_source *source, size_t n)
{
    source->ops->consume(source, n);
}
static inline void host_source_close(struct host_source *source)
{
    source->ops->close(source);
}
static inline size_t host_sink_room(struct host_sink *sink)
{
    return sink->ops->room(sink);
}
static inline int host_sink_write(struct host_sink *sink, struct sw_str bytes, size_t *ret_n,
                                  struct sw_err *err)
{
    return sink->ops->write(sink, bytes, ret_n, err);
}
static inline int host_sink_flush(struct host_sink *sink, struct sw_err *err)
{
    return sink->ops->flush(sink, err);
}
static inline void host_sink_close(struct host_sink *sink)
{
    sink->ops->close(sink);
}

#endif
