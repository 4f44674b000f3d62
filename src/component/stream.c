/* stream.c - the rendezvous of a stream's or future's two ends.  Room: component.
 *
 * Who comes second does the copying, whichever side it is; who waits keeps its buffer until it asks what became of it, so that several
 * reads may take from one write and the other way round. A future is a stream of one element that ends after it.
 * The functions are the specification's: begin is SharedStreamImpl.read and .write (SharedFutureImpl's), take is stream_event (future_event).
 * Source: CanonicalABI.md "Stream State", "Future State". */
#include <assert.h>

#include "component/stream_internal.h"

#define KEEP_IDLE                                                                                            \
    {                                                                                                        \
        COMPONENT_END_IDLE, COMPONENT_END_IDLE, COMPONENT_END_IDLE                                           \
    }
#define KEEP_DONE                                                                                            \
    {                                                                                                        \
        COMPONENT_END_DONE, COMPONENT_END_DONE, COMPONENT_END_DONE                                           \
    }
#define TOOK_STREAM                                                                                          \
    {                                                                                                        \
        COMPONENT_END_IDLE, COMPONENT_END_DONE, COMPONENT_END_IDLE                                           \
    }
#define TOOK_FUTURE                                                                                          \
    {                                                                                                        \
        COMPONENT_END_DONE, COMPONENT_END_DONE, COMPONENT_END_IDLE                                           \
    }

const struct component_end_row component__end_rows[] = {
    [COMPONENT_END_IDLE] = {"idle", true, false, true, true, KEEP_IDLE, KEEP_IDLE},
    [COMPONENT_END_COPYING] = {"copying", false, true, false, false, TOOK_STREAM, TOOK_FUTURE},
    [COMPONENT_END_CANCELLING] = {"cancelling", false, false, false, false, TOOK_STREAM, TOOK_FUTURE},
    [COMPONENT_END_DONE] = {"done", false, false, true, false, KEEP_DONE, KEEP_DONE},
};

const char *component__end_noun(struct component_end *end)
{
    return component__end_stream(end)->is_future ? "future" : "stream";
}

static struct component_end *other(struct component_end *end)
{
    return end->writable ? end - 1 : end + 1;
}

static bool is_number_or_none(uint32_t elem)
{
    return elem == COMPONENT_NO_TYPE || (elem >= COMPONENT_S8 && elem <= COMPONENT_F64);
}

struct component_stream *component__stream_new(struct component_store *store, uint32_t type)
{
    const struct component_type *shape = component_type_of(store->component->plan->types, type);
    struct component_stream *stream = store->free_streams;
    if (stream)
        store->free_streams = stream->next;
    else
        stream = SW_ARENA_NEW(&store->arena, struct component_stream);
    if (!stream)
        return NULL;
    *stream = (struct component_stream){
        .store = store, .elem = shape->elem, .is_future = shape->kind == COMPONENT_FUTURE};
    stream->ends[1].writable = true;
    component__waitable_init(&stream->ends[0].waitable,
                             stream->is_future ? COMPONENT_HANDLE_FUTURE_READ : COMPONENT_HANDLE_STREAM_READ);
    component__waitable_init(&stream->ends[1].waitable, stream->is_future ? COMPONENT_HANDLE_FUTURE_WRITE
                                                                          : COMPONENT_HANDLE_STREAM_WRITE);
    sw_list_add_tail(&store->streams, &stream->link);
    return stream;
}

/* component_take_fn. The kinds of ends and the codes of their events have one order. */
static int take(struct component_store *store, struct component_waitable *waitable,
                struct component_event *ret)
{
    struct component_end *end = (struct component_end *)waitable;
    (void)store; /* nothing of it is needed: elements have moved already */
    uint32_t payload = component__end_settle(end);
    *ret =
        (struct component_event){COMPONENT_EVENT_STREAM_READ + waitable->kind - COMPONENT_HANDLE_STREAM_READ,
                                 waitable->index, payload};
    return 0;
}

/* An event replaces the one before it: nobody has seen that. */
void component__end_tell(struct component_end *end, enum component_copy_result result, bool keeps)
{
    end->keeps = keeps;
    end->result = (uint8_t)result;
    component__waitable_set_event(component__end_stream(end)->store, &end->waitable, take);
}

void component__end_wait_for_host(struct component_end *end)
{
    struct component_stream *stream = component__end_stream(end);
    stream->pending = end;
    stream->waits_for_host = true;
    component__pending_begin(stream->store);
}

void component__end_release(struct component_stream *stream, enum component_copy_result result,
                            component_take_fn *late)
{
    struct component_end *end = stream->pending;
    stream->pending = NULL;
    if (late)
        component__waitable_set_event(stream->store, &end->waitable, late);
    else
        component__end_tell(end, result, false);
    if (!stream->waits_for_host)
        return;
    stream->waits_for_host = false;
    component__pending_end(
        stream->store); /* after the event: who waits for the host alone is not deadlocked */
}

static void release_pending(struct component_stream *stream, enum component_copy_result result)
{
    component__end_release(stream, result, NULL);
}

static int meet_host(struct component_end *end)
{
    int rc = component__host_copy(end);
    if (rc < 0)
        return rc;
    if (rc == SW_WAIT)
        component__end_wait_for_host(end);
    else
        component__end_tell(end, rc == SW_END ? COMPONENT_COPY_DROPPED : COMPONENT_COPY_COMPLETED, false);
    return 0;
}

/* Both have room or elements. */
static int meet(struct component_end *end, struct component_end *waiting)
{
    struct component_stream *stream = component__end_stream(end);
    uint32_t n = component__buffer_left(&end->buffer), there = component__buffer_left(&waiting->buffer);
    if (n == 0)
        return 0;
    struct component_end *from = end->writable ? end : waiting;
    int rc = component__buffers_copy(stream, &from->buffer, &other(from)->buffer, n < there ? n : there);
    if (rc < 0)
        return rc;
    if (stream->is_future)
        release_pending(stream, COMPONENT_COPY_COMPLETED);
    else
        component__end_tell(waiting, COMPONENT_COPY_COMPLETED, true);
    return 0;
}

int component__end_begin(struct component_end *end)
{
    struct component_stream *stream = component__end_stream(end);
    struct component_end *waiting = stream->pending;
    assert(component__end_rows[end->state].may_begin && waiting != end);
    end->state = COMPONENT_END_COPYING;
    if (stream->dropped) {
        component__end_tell(end, COMPONENT_COPY_DROPPED, false);
        return 0;
    }
    if (other(end)->place == COMPONENT_END_HOST)
        return meet_host(end);
    if (!waiting) {
        stream->pending = end;
        return 0;
    }
    if (waiting->instance == end->instance && !is_number_or_none(stream->elem))
        return component__fail(stream->store,
                               "cannot read from and write to intra-component %s with elements that are not "
                               "numbers",
                               component__end_noun(end));
    if (component__buffer_left(&waiting->buffer) > 0) {
        int rc = meet(end, waiting);
        if (rc == 0)
            component__end_tell(end, COMPONENT_COPY_COMPLETED, false);
        return rc;
    }
    if (end->writable && end->buffer.length == 0 && waiting->buffer.length == 0) {
        component__end_tell(end, COMPONENT_COPY_COMPLETED,
                            false); /* both ask whether the other is there: the writer has its answer */
        return 0;
    }
    release_pending(stream, COMPONENT_COPY_COMPLETED);
    stream->pending = end;
    return 0;
}

void component__end_cancel(struct component_end *end)
{
    assert(component__end_rows[end->state].may_cancel);
    end->state = COMPONENT_END_CANCELLING;
    if (!component__waitable_has_event(&end->waitable))
        release_pending(component__end_stream(end), COMPONENT_COPY_CANCELLED);
}

uint32_t component__end_settle(struct component_end *end)
{
    struct component_stream *stream = component__end_stream(end);
    const struct component_end_row *row = &component__end_rows[end->state];
    if (end->keeps) {
        assert(stream->pending == end);
        stream->pending = NULL;
    }
    end->keeps = false;
    /* The definitions say COMPLETED here; the specification's own tests and Wasmtime say this (test/async/cancel-stream.wast). */
    if (end->state == COMPONENT_END_CANCELLING && !stream->is_future &&
        end->result == COMPONENT_COPY_COMPLETED)
        end->result = COMPONENT_COPY_CANCELLED;
    end->state = (stream->is_future ? row->took_of_future : row->took_of_stream)[end->result];
    return stream->is_future ? end->result : end->result | end->buffer.progress << 4;
}

void component__end_gone(struct component_end *end)
{
    struct component_stream *stream = component__end_stream(end);
    end->place = COMPONENT_END_GONE;
    if (stream->ends[0].place != COMPONENT_END_GONE || stream->ends[1].place != COMPONENT_END_GONE)
        return;
    struct component_store *store = stream->store;
    sw_list_remove(&stream->link);
    stream->next = store->free_streams;
    store->free_streams = stream;
}

void component__end_drop(struct component_end *end)
{
    struct component_stream *stream = component__end_stream(end);
    struct component_end *left = other(end);
    assert(component__end_rows[end->state].may_drop && stream->pending != end);
    component__waitable_drop(&end->waitable);
    if (!stream->dropped) {
        stream->dropped = true;
        if (stream->pending)
            release_pending(stream, COMPONENT_COPY_DROPPED);
    }
    component__end_gone(end);
    if (left->place == COMPONENT_END_HOST)
        component__host_dropped(left);
}

void component__streams_clear(struct component_store *store)
{
    while (!sw_list_empty(&store->streams)) {
        struct component_stream *stream = SW_CONTAINER(store->streams.prev, struct component_stream, link);
        sw_list_remove(&stream->link);
        for (int i = 0; i < 2; i++)
            if (stream->ends[i].place == COMPONENT_END_HOST)
                component__host_dropped(&stream->ends[i]);
    }
    store->free_streams = NULL;
}
