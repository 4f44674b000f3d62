/* stream_handle.c - ends of streams and futures in handle tables, and readable ends as values.  Room: component.
 *
 * A value of type stream<T> is the readable end: lifting takes it out of a table, lowering puts it into one. In between it is MOVING.
 * Source: CanonicalABI.md lift_stream, lift_future, lower_stream, lower_future. */
#include <assert.h>

#include "component/stream_internal.h"

static const char *type_noun(enum component_handle_kind kind)
{
    return kind == COMPONENT_HANDLE_STREAM_READ    ? "the readable end of a stream"
           : kind == COMPONENT_HANDLE_STREAM_WRITE ? "the writable end of a stream"
           : kind == COMPONENT_HANDLE_FUTURE_READ  ? "the readable end of a future"
                                                   : "the writable end of a future";
}

int component__end_of(struct component_call *call, uint32_t handle, const struct component_end_want *want,
                      struct component_end **ret)
{
    const struct component_type *type = want->type;
    enum component_handle_kind kind =
        (type->kind == COMPONENT_FUTURE ? COMPONENT_HANDLE_FUTURE_READ : COMPONENT_HANDLE_STREAM_READ) +
        want->writable;
    const struct component_handle *entry = component_handles_get(&call->instance->handles, handle);
    if (!entry)
        return component_trap(call, "unknown handle index %u", handle);
    if (entry->kind != kind)
        return component_trap(call, "handle index %u used with the wrong type, expected %s", handle,
                              type_noun(kind));
    struct component_end *end = (struct component_end *)entry->waitable;
    if (component__end_stream(end)->elem != type->elem)
        return component_trap(call,
                              "handle index %u used with the wrong type, its %s is one of other elements",
                              handle, component__end_noun(end));
    *ret = end;
    return 0;
}

int component__end_add(struct component_call *call, struct component_end *end, uint32_t *ret_handle)
{
    int rc = component__waitable_add(call->store, call->instance, &end->waitable);
    if (rc < 0)
        return rc;
    end->place = COMPONENT_END_GUEST;
    end->instance = call->instance;
    *ret_handle = end->waitable.index;
    return 0;
}

static int check_movable(struct component_call *call, struct component_end *end)
{
    const char *noun = component__end_noun(end);
    if (end->state == COMPONENT_END_DONE)
        return component_trap(call,
                              component__end_stream(end)->is_future
                                  ? "cannot lift future after previous read succeeded"
                                  : "cannot lift stream after being notified that the writable end dropped");
    if (!component__end_rows[end->state].may_move)
        return component_trap(call, "cannot remove busy %s", noun);
    if (end->waitable.set)
        return component_trap(call, "cannot lift %s while it's in a waitable set", noun);
    return 0;
}

int component__stream_lift(struct component_call *call, const struct component_type *type, uint32_t handle,
                           struct component_stream **ret)
{
    struct component_end *end;
    int rc = component__end_of(call, handle, &(struct component_end_want){type, false}, &end);
    if (rc == 0)
        rc = check_movable(call, end);
    if (rc < 0)
        return rc;
    component_handles_remove(&call->instance->handles, handle);
    end->waitable.index = 0;
    end->instance = NULL;
    end->place = COMPONENT_END_MOVING;
    *ret = component__end_stream(end);
    return 0;
}

int component__stream_lower(struct component_call *call, struct component_stream *stream,
                            uint32_t *ret_handle)
{
    assert(stream->ends[0].place == COMPONENT_END_MOVING);
    return component__end_add(call, &stream->ends[0], ret_handle);
}
