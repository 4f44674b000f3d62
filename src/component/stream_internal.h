/* stream_internal.h - streams and futures: two ends that meet, and nothing stored in between.  Room: component (internal to it).
 *
 * One end waits with a buffer (`pending`); when the other comes with its own, elements go straight from one to the other. What became of a
 * copy is the event of the end, a waitable: it is worked out when it is delivered, and only then does the end's state change, as guests see.
 *
 *                    begin                    cancel
 *        IDLE ---------------> COPYING ---------------> CANCELLING
 *         ^                       |                         |
 *         +--- took COMPLETED (a stream), took CANCELLED ---+
 *                                 |                         |
 *        DONE <-- took DROPPED, took COMPLETED (a future) --+        DONE: only drop is left
 *
 * Invariants
 *  1. stream->pending is an end that is COPYING, or NULL; a host's end is never pending.
 *  2. An event that keeps the buffer (`keeps`) is of the pending end: until it is taken the other side may go on copying.
 *  3. A copying end has an event or is pending.
 *  4. Every stream is on store->streams until both ends are gone; then its memory is used again.
 * Source: CanonicalABI.md "Stream State", "Future State", "canon {stream,future}.{read,write}". */
#ifndef SW_COMPONENT_STREAM_INTERNAL_H
#define SW_COMPONENT_STREAM_INTERNAL_H

#include "component/async_internal.h"
#include "component/stream.h"

/* CanonicalABI.md "Buffer State": MAX_LENGTH. Part of the specification: the count must fit a result's upper 28 bits. */
#define COMPONENT_BUFFER_LENGTH_MAX ((1u << 28) - 1)

enum component_copy_result { COMPONENT_COPY_COMPLETED, COMPONENT_COPY_DROPPED, COMPONENT_COPY_CANCELLED };

enum component_end_state {
    COMPONENT_END_IDLE,
    COMPONENT_END_COPYING,
    COMPONENT_END_CANCELLING,
    COMPONENT_END_DONE
};
/* The table of the diagram. `took`: state after an event was taken, by result. */
struct component_end_row {
    const char *name;
    bool may_begin, may_cancel, may_drop, may_move;
    uint8_t took_of_stream[3], took_of_future[3];
};
extern const struct component_end_row component__end_rows[];

enum component_end_place {
    COMPONENT_END_GONE,
    COMPONENT_END_MOVING, /* lifted and not lowered yet; readable ends only */
    COMPONENT_END_GUEST,  /* in a handle table */
    COMPONENT_END_HOST
};

struct component_buffer { /* of a guest */
    const struct component_canon *canon;
    uint32_t ptr; /* of the next element */
    uint32_t length, progress;
};

struct component_end {
    struct component_waitable waitable; /* first */
    uint8_t place, state;
    bool writable;
    bool keeps;     /* of its event: the buffer stays pending until it is taken */
    uint8_t result; /* of its event: enum component_copy_result */
    /* COMPONENT_END_GUEST */
    struct component_instance *instance;
    struct component_buffer buffer;
    /* COMPONENT_END_HOST */
    const struct component_stream_ops *ops;
    void *arg;
};

struct component_stream {
    struct sw_link link; /* component_store.streams */
    struct component_store *store;
    struct component_stream *next; /* free */
    uint32_t elem;                 /* type or COMPONENT_NO_TYPE */
    bool is_future;
    bool dropped;        /* one end is gone */
    bool waits_for_host; /* the pending end: counted in what the store waits for */
    struct component_end *pending;
    struct component_end ends[2]; /* readable, writable */
};

static inline struct component_stream *component__end_stream(struct component_end *end)
{
    struct component_end *first = end->writable ? end - 1 : end;
    return SW_CONTAINER(first, struct component_stream, ends);
}
static inline uint32_t component__buffer_left(const struct component_buffer *buffer)
{
    return buffer->length - buffer->progress;
}
const char *component__end_noun(struct component_end *end); /* "stream", "future" */

/* ---- stream.c: the rendezvous ---- */

/* NULL: no memory. Both ends are GONE until they are given a place. type: stream<T> or future<T>. */
struct component_stream *component__stream_new(struct component_store *store, uint32_t type);
/* The end, which is IDLE, has a buffer: it is read or written. Afterwards it has an event or is pending. Fails with a trap. */
int component__end_begin(struct component_end *end) SW_MUST_CHECK;
void component__end_tell(struct component_end *end, enum component_copy_result result, bool keeps);
void component__end_cancel(struct component_end *end); /* COPYING. Afterwards it has an event */
/* What an event of this result does to the end, and the packed result: the end of its waitable's take. */
uint32_t component__end_settle(struct component_end *end);
void component__end_drop(struct component_end *end); /* not copying; its handle is removed already */
void component__end_gone(struct component_end *end); /* a stream without ends is no more */
/* `end` waits for the host; meanwhile a store in which nothing else goes on is not deadlocked. */
void component__end_wait_for_host(struct component_end *end);
/* Who is pending is no more, and is told; by `late` when it is not NULL, else of the result. */
void component__end_release(struct component_stream *stream, enum component_copy_result result,
                            component_take_fn *late);
void component__streams_clear(
    struct component_store *store); /* the store ends: the host's ends are dropped, newest stream first */

/* ---- stream_copy.c: between two memories ---- */

/* n elements from one guest's buffer to the other's; both are then n elements further. */
int component__buffers_copy(struct component_stream *stream, struct component_buffer *from,
                            struct component_buffer *to, uint32_t n) SW_MUST_CHECK;
/* A context for a buffer's memory, as a builtin with its options has it. */
int component__buffer_cx(struct component_store *store, const struct component_canon *canon,
                         struct component_cx *ret) SW_MUST_CHECK;
/* Checks what a guest gave, and makes a buffer of it. */
int component__buffer_init(struct component_call *call, uint32_t elem, uint32_t ptr, uint32_t length,
                           struct component_buffer *ret) SW_MUST_CHECK;

/* ---- stream_handle.c: ends in handle tables ---- */

struct component_end_want {            /* what a builtin or a value is about */
    const struct component_type *type; /* stream<T> or future<T> */
    bool writable;
};
/* The end behind a handle, or a trap. */
int component__end_of(struct component_call *call, uint32_t handle, const struct component_end_want *want,
                      struct component_end **ret) SW_MUST_CHECK;
int component__end_add(struct component_call *call, struct component_end *end,
                       uint32_t *ret_handle) SW_MUST_CHECK;
/* A readable end as a value: out of a table; into one. */
int component__stream_lift(struct component_call *call, const struct component_type *type, uint32_t handle,
                           struct component_stream **ret) SW_MUST_CHECK;
int component__stream_lower(struct component_call *call, struct component_stream *stream,
                            uint32_t *ret_handle) SW_MUST_CHECK;

/* ---- stream_builtin.c: engine_host_fn ---- */

int component__stream_new_builtin(void *env, struct engine_store *engine_store, union engine_val *vals);
int component__stream_copy_wait(void *env, struct engine_store *engine_store, union engine_val *vals);
int component__stream_cancel_wait(void *env, struct engine_store *engine_store, union engine_val *vals);
int component__stream_drop_builtin(void *env, struct engine_store *engine_store, union engine_val *vals);

/* ---- stream_host.c ---- */

/* The other end is the host's: lets it move elements now. 0, SW_WAIT, SW_END or a trap. */
int component__host_copy(struct component_end *end) SW_MUST_CHECK;
void component__host_dropped(struct component_end *host); /* the end is gone: tells the host */

#endif
