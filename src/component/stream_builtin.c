/* stream_builtin.c - canonical built-ins of streams and futures.  Room: component.
 *
 * Each is an engine_host_fn whose env is the bound built-in. The order of checks is the specification's.
 * Source: CanonicalABI.md "canon {stream,future}.new", ".{read,write}", ".cancel-{read,write}", ".drop-{readable,writable}". */
#include "component/stream_internal.h"

static bool is_of_future(enum component_builtin_kind kind)
{
    return kind >= COMPONENT_FUTURE_NEW;
}

static bool is_of_writable(enum component_builtin_kind kind)
{
    switch ((int)kind) {
    case COMPONENT_STREAM_WRITE:
    case COMPONENT_STREAM_CANCEL_WRITE:
    case COMPONENT_STREAM_DROP_WRITABLE:
    case COMPONENT_FUTURE_WRITE:
    case COMPONENT_FUTURE_CANCEL_WRITE:
    case COMPONENT_FUTURE_DROP_WRITABLE:
        return true;
    default:
        return false;
    }
}

/* may_leave, then the call's context. */
static int begin(struct component_store *store, const struct component_bound_builtin *builtin,
                 struct component_call *ret)
{
    int rc = component__may_leave(store, builtin->instance);
    return rc < 0 ? rc : component__call_begin(ret, store, &builtin->canon);
}

/* ... and the end that it is about. */
static int begin_with_end(struct component_store *store, const struct component_bound_builtin *builtin,
                          uint32_t handle, struct component_call *ret_call, struct component_end **ret_end)
{
    const struct component_end_want want = {
        component_type_of(builtin->component->plan->types, builtin->plan->type),
        is_of_writable(builtin->kind)};
    int rc = begin(store, builtin, ret_call);
    return rc < 0 ? rc : component__end_of(ret_call, handle, &want, ret_end);
}

int component__stream_new_builtin(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_call call;
    uint32_t readable, writable;
    int rc = begin(store, builtin, &call);
    if (rc < 0)
        return rc;
    struct component_stream *stream = component__stream_new(store, builtin->plan->type);
    if (!stream)
        return component__no_memory(&call, sizeof *stream);
    rc = component__end_add(&call, &stream->ends[0], &readable);
    if (rc == 0)
        rc = component__end_add(&call, &stream->ends[1], &writable);
    if (rc == 0)
        vals[0].u64 = readable | (uint64_t)writable << 32;
    return rc;
}

/* ---- read and write ---- */

static int check_idle(struct component_call *call, struct component_end *end)
{
    static const char *const done[2][2] = {
        {"cannot read from stream after being notified that the writable end dropped",
         "cannot write to stream after being notified that the readable end dropped"},
        {"cannot read from future after previous read succeeded",
         "cannot write to future after previous write succeeded or readable end dropped"}};
    if (end->state == COMPONENT_END_DONE)
        return component_trap(call, "%s", done[component__end_stream(end)->is_future][end->writable]);
    if (!component__end_rows[end->state].may_begin)
        return component_trap(call, "cannot have concurrent operations active on a future/stream");
    return 0;
}

/* The end of a copy or a cancellation: the event when there is one, else it is waited for, or BLOCKED. */
static int finish_wait(struct component_store *store, struct component_end *end, bool is_async,
                       union engine_val *vals)
{
    struct component_event event = {.payload = COMPONENT_BLOCKED};
    int rc = 0;
    if (component__waitable_has_event(&end->waitable))
        rc = component__waitable_take_event(store, &end->waitable, &event);
    else if (!is_async)
        rc = component__waitable_wait(store, &end->waitable, &event);
    if (rc == 0)
        vals[0].u64 = event.payload;
    return rc;
}

/* vals: handle, pointer, and of a stream the count. */
int component__stream_copy_wait(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    bool is_async = builtin->canon.plan.options.is_async;
    struct component_call call;
    struct component_end *end = NULL;
    int rc = begin_with_end(store, builtin, vals[0].u32, &call, &end);
    if (rc == 0)
        rc = check_idle(&call, end);
    if (rc == 0 && !is_async)
        rc = component__waitable_sync(store, &end->waitable);
    if (rc == 0)
        rc = component__buffer_init(&call, component__end_stream(end)->elem, vals[1].u32,
                                    is_of_future(builtin->kind) ? 1 : vals[2].u32, &end->buffer);
    if (rc == 0)
        rc = component__end_begin(end);
    return rc < 0 ? rc : finish_wait(store, end, is_async, vals);
}

int component__stream_cancel_wait(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    bool is_async = builtin->plan->flag;
    struct component_call call;
    struct component_end *end = NULL;
    int rc = begin_with_end(store, builtin, vals[0].u32, &call, &end);
    if (rc < 0)
        return rc;
    if (!component__end_rows[end->state].may_cancel || end->waitable.has_sync_waiter)
        return component_trap(&call, "cannot cancel a %s of a %s that is not in progress",
                              end->writable ? "write" : "read", component__end_noun(end));
    if (!is_async)
        rc = component__waitable_sync(store, &end->waitable);
    if (rc < 0)
        return rc;
    component__end_cancel(end);
    return finish_wait(store, end, is_async, vals);
}

int component__stream_drop_builtin(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_call call;
    struct component_end *end = NULL;
    int rc = begin_with_end(store, builtin, vals[0].u32, &call, &end);
    if (rc < 0)
        return rc;
    bool is_future = is_of_future(builtin->kind);
    if (is_future && end->writable && end->state != COMPONENT_END_DONE)
        return component_trap(&call, "cannot drop future write end without first writing a value");
    if (!component__end_rows[end->state].may_drop)
        return component_trap(&call, "cannot %s busy %s", end->writable ? "drop" : "remove",
                              component__end_noun(end));
    component_handles_remove(&call.instance->handles, vals[0].u32);
    component__end_drop(end);
    return 0;
}
