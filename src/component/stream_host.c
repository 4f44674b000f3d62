/* stream_host.c - the host's ends of streams and futures.  Room: component.
 *
 * The host's end is never pending: it is asked. A guest's end that comes asks it at once; one that waits is asked again after
 * component_stream_wake. Numbers are moved inside that call, on whatever side it is made. Others need a fiber: for them the event is set
 * without a copy, which is made when the guest takes the event (take_late).
 * Source: CanonicalABI.md "Stream State" (ReadableStream, WritableStream are what a host may implement in its own way). */
#include <assert.h>

#include "component/stream_internal.h"

static struct component_end *guest_of(struct component_end *host)
{
    return host->writable ? host - 1 : host + 1;
}

static struct component_end *host_of(struct component_end *guest)
{
    return guest->writable ? guest - 1 : guest + 1;
}

/* ---- moving elements ---- */

static int ask(struct component_end *guest, struct component_call *call, uint32_t *ret_n)
{
    struct component_end *host = host_of(guest);
    struct component_buffer *buffer = &guest->buffer;
    uint32_t left = component__buffer_left(buffer), done = 0;
    int rc = host->ops->copy(host->arg, call, buffer->ptr, left, &done);
    if (rc != 0)
        return rc;
    assert(done <= left && (done > 0 || left == 0));
    *ret_n = done;
    return 0;
}

int component__host_copy(struct component_end *guest)
{
    struct component_stream *stream = component__end_stream(guest);
    struct component_store *store = stream->store;
    struct component_cx cx;
    uint32_t n = 0;
    int rc = component__level_begin(store);
    if (rc == 0)
        rc = component__buffer_cx(store, guest->buffer.canon, &cx);
    if (rc == 0)
        rc = ask(guest, &cx.call, &n);
    if (rc < 0)
        return rc;
    if (cx.call.lent_count)
        component__call_end(&cx.call);
    component__level_end(store);
    if (rc == SW_END) {
        assert(!stream->is_future || guest->writable); /* a future's reader gets a value */
        stream->dropped = true;
        component__host_dropped(host_of(guest));
        return SW_END;
    }
    if (rc == 0) {
        uint32_t size =
            stream->elem == COMPONENT_NO_TYPE ? 0 : component_type_of(cx.types, stream->elem)->size;
        guest->buffer.progress += n;
        guest->buffer.ptr += n * size;
    }
    return rc;
}

void component__host_dropped(struct component_end *host)
{
    const struct component_stream_ops *ops = host->ops;
    void *arg = host->arg;
    component__end_gone(host);
    ops->drop(arg);
}

/* ---- waking ---- */

/* component_take_fn: the copy is made by the fiber that takes the event. */
static int take_late(struct component_store *store, struct component_waitable *waitable,
                     struct component_event *ret)
{
    struct component_end *guest = (struct component_end *)waitable;
    struct component_stream *stream = component__end_stream(guest);
    int rc = stream->dropped ? SW_END : component__host_copy(guest);
    if (rc < 0)
        return rc;
    if (stream->is_future && (rc == SW_WAIT || (rc == SW_END && !guest->writable)))
        return component__fail(store, "the host's future was said to be there and is not");
    /* SW_WAIT of a stream: the read is over without elements, and the guest reads again */
    component__end_tell(guest, rc == SW_END ? COMPONENT_COPY_DROPPED : COMPONENT_COPY_COMPLETED, false);
    return component__waitable_take_event(store, waitable, ret);
}

/* Other elements need the guest's realloc, or may be refused, which must not happen where no fiber runs. */
static bool needs_fiber(const struct component_stream *stream)
{
    return stream->elem != COMPONENT_NO_TYPE &&
           (!component__is_scalar(stream->elem) || stream->elem == COMPONENT_CHAR);
}

void component_stream_wake(struct component_end *host)
{
    struct component_stream *stream = component__end_stream(host);
    struct component_end *guest = stream->pending;
    assert(host->place == COMPONENT_END_HOST);
    if (!guest || engine_store_failure(stream->store->engine)->kind != ENGINE_TRAP_NONE)
        return;
    assert(guest == guest_of(host));
    if (needs_fiber(stream)) {
        component__end_release(stream, COMPONENT_COPY_COMPLETED, take_late);
        return;
    }
    int rc = component__host_copy(guest);
    if (rc < 0)
        component__wake_waiters(stream->store); /* everything of it ends */
    else if (rc != SW_WAIT)
        component__end_release(stream, rc == SW_END ? COMPONENT_COPY_DROPPED : COMPONENT_COPY_COMPLETED,
                               NULL);
}

void component_stream_close(struct component_end *host)
{
    if (!host)
        return;
    struct component_stream *stream = component__end_stream(host);
    assert(host->place == COMPONENT_END_HOST);
    if (stream->is_future && host->writable && guest_of(host)->state != COMPONENT_END_DONE &&
        !component__waitable_has_event(&guest_of(host)->waitable))
        (void)component__fail(stream->store, "the host gave up a future before it had written a value");
    stream->dropped = true;
    if (stream->pending)
        component__end_release(stream, COMPONENT_COPY_DROPPED, NULL);
    component__end_gone(host);
}

/* ---- making and taking ---- */

static const struct component_type *type_of(const struct component_call *call, uint32_t type)
{
    return component_type_of(call->store->component->plan->types, type);
}

static void give_to_host(struct component_end *end, const struct component_stream_ops *ops, void *arg)
{
    end->place = COMPONENT_END_HOST;
    end->ops = ops;
    end->arg = arg;
}

int component_stream_new(struct component_call *call, uint32_t type, const struct component_stream_ops *ops,
                         void *arg, uint32_t *ret_handle, struct component_end **ret)
{
    struct component_stream *stream = component__stream_new(call->store, type);
    if (!stream)
        return component__no_memory(call, sizeof *stream);
    int rc = component__end_add(call, &stream->ends[0], ret_handle);
    if (rc < 0)
        return rc; /* the stream goes with the store, whose list it is on */
    give_to_host(&stream->ends[1], ops, arg);
    *ret = &stream->ends[1];
    return 0;
}

int component_stream_take(struct component_call *call, uint32_t handle, uint32_t type,
                          const struct component_stream_ops *ops, void *arg, struct component_end **ret)
{
    struct component_stream *stream;
    int rc = component__stream_lift(call, type_of(call, type), handle, &stream);
    if (rc < 0)
        return rc;
    return component_stream_attach(stream, ops, arg, ret);
}

int component_stream_attach(struct component_stream *stream, const struct component_stream_ops *ops,
                            void *arg, struct component_end **ret)
{
    struct component_end *reader = &stream->ends[0];
    assert(reader->place == COMPONENT_END_MOVING);
    if (stream->ends[1].place == COMPONENT_END_HOST)
        return component__fail(stream->store, "a %s of the host came back to it for another purpose",
                               component__end_noun(reader));
    if (stream->dropped) {
        component__end_gone(reader);
        return SW_END;
    }
    give_to_host(reader, ops, arg);
    if (stream->pending)
        component__end_wait_for_host(stream->pending);
    *ret = reader;
    return 0;
}

int component_stream_origin(struct component_call *call, uint32_t handle, uint32_t type,
                            const struct component_stream_ops *ops, void **ret_arg)
{
    struct component_end *end;
    int rc = component__end_of(call, handle, &(struct component_end_want){type_of(call, type), false}, &end);
    if (rc < 0)
        return rc;
    struct component_stream *stream = component__end_stream(end);
    struct component_end *writer = &stream->ends[1];
    if (writer->place != COMPONENT_END_HOST || writer->ops != ops)
        return SW_ABSENT;
    rc = component__stream_lift(call, type_of(call, type), handle, &stream);
    if (rc < 0)
        return rc;
    *ret_arg = writer->arg;
    component__end_gone(&stream->ends[0]);
    component__end_gone(writer);
    return 0;
}

/* ---- streams as values of the host ---- */

uint32_t component_export_param_type(const struct component_export *func, uint32_t i)
{
    const struct component_func_type *type = func->plan->func.type;
    assert(i < type->param_count);
    return type->params[i].type;
}

int component_stream_value(struct component_store *store, uint32_t type,
                           const struct component_stream_ops *ops, void *arg,
                           struct component_value *ret_value, struct component_end **ret)
{
    struct component_stream *stream = component__stream_new(store, type);
    if (!stream)
        return component__fail(store, "no memory for a stream or future of the host");
    stream->ends[0].place = COMPONENT_END_MOVING;
    give_to_host(&stream->ends[1], ops, arg);
    ret_value->object = stream;
    *ret = &stream->ends[1];
    return 0;
}

void component_stream_discard(struct component_stream *stream)
{
    assert(stream->ends[0].place == COMPONENT_END_MOVING);
    component__end_drop(&stream->ends[0]);
}

/* ---- elements ---- */

static void element_cx(struct component_call *call, struct component_cx *ret)
{
    *ret = (struct component_cx){
        .call = *call, .types = call->store->component->plan->types, .arena = component_call_scratch(call)};
    ret->pending_end = &ret->pending;
}

int component_stream_store(struct component_call *call, struct component_end *end, uint32_t at,
                           const struct component_value *value)
{
    struct component_cx cx;
    uint32_t elem = component__end_stream(end)->elem;
    element_cx(call, &cx);
    component__adopt(&cx, elem, value);
    if (engine_store_failure(call->store->engine)->kind != ENGINE_TRAP_NONE)
        return -SW_EGUEST;
    int rc = component__store(&cx, elem, value, at);
    *call = cx.call;
    return rc;
}

int component_stream_load(struct component_call *call, struct component_end *end, uint32_t at,
                          struct component_value *ret)
{
    struct component_cx cx;
    struct component_object *next;
    element_cx(call, &cx);
    int rc = component__load(&cx, component__end_stream(end)->elem, call->mem + at, ret);
    *call = cx.call;
    for (struct component_object *node = cx.pending; rc == 0 && node; node = next) { /* the host's now */
        next = node->next;
        component__object_free(call->store, node);
    }
    return rc;
}

/* ---- types of a call ---- */

uint32_t component_call_param_type(const struct component_call *call, uint32_t i)
{
    const struct component_func_type *type = call->lowering->callee.type;
    assert(type && i < type->param_count);
    return type->params[i].type;
}

uint32_t component_call_result_type(const struct component_call *call)
{
    const struct component_func_type *type = call->lowering->callee.type;
    assert(type);
    return type->result;
}

uint32_t component_call_part_type(const struct component_call *call, uint32_t number, uint32_t i)
{
    const struct component_type *type = type_of(call, number);
    if (!type->cases)
        return type->elem;
    assert(i < type->case_count);
    return type->cases[i].type;
}
