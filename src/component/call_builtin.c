/* call_builtin.c - canonical builtins: resource.new, resource.rep, resource.drop.  Room: component.
 *
 * Source: CanonicalABI.md "canon resource.new", "canon resource.drop", "canon resource.rep". */
#include "component/error_context.h"
#include "component/stream_internal.h"

static const struct component_canon no_options = {.memory = COMPONENT_NONE};

/* A call without memory, for the primitives that need one. */
static void begin(struct component_call *call, struct component_store *store, uint32_t instance)
{
    *call = (struct component_call){
        .store = store, .instance = &store->instances[instance], .lowering = &no_options.plan};
}

int component__resource_new(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_call call;
    uint32_t index;
    int rc = component__may_leave(store, builtin->instance);
    if (rc < 0)
        return rc;
    begin(&call, store, builtin->instance);
    struct component_handle handle = {
        .kind = COMPONENT_HANDLE_RESOURCE, .own = true, .resource = builtin->resource, .rep = vals[0].u32};
    rc = component__handle_add(&call, &handle, &index);
    if (rc == 0)
        vals[0].u64 = index;
    return rc;
}

int component__resource_rep(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_call call;
    struct component_handle *entry;
    begin(&call, engine_store_owner(engine_store), builtin->instance);
    int rc = component__handle_of(&call, vals[0].u32, builtin->resource, &entry);
    if (rc == 0)
        vals[0].u64 = entry->rep;
    return rc;
}

static int dtor_wait(struct component_store *store, const struct component_bound_resource *resource,
                     uint32_t rep)
{
    union engine_val vals[1];
    vals[0].u64 = rep;
    int rc = component__level_begin(store);
    if (rc == 0)
        rc = component__core_call_wait(store, resource->dtor, vals, 1);
    if (rc < 0)
        return rc;
    component__level_end(store);
    return 0;
}

static int dtor_thread_wait(struct component_store *store, const struct component_bound_resource *resource,
                            uint32_t rep)
{
    struct component_nested nested;
    int rc = component__nested_begin_wait(store, &nested, resource->instance, false);
    if (rc == 0)
        rc = dtor_wait(store, resource, rep);
    return rc < 0 ? rc : component__nested_end(store, &nested, false);
}

/* The definer is entered even when there is no destructor to call: a trap must not depend on that. */
static int destroy_wait(struct component_store *store, const struct component_bound_builtin *builtin,
                        uint32_t rep)
{
    const struct component_bound_resource *resource = &store->component->resources[builtin->resource];
    int rc = component__enter(store, resource->instance, builtin->stop);
    if (rc == 0 && resource->has_dtor)
        rc = store->scheduler ? dtor_thread_wait(store, resource, rep) : dtor_wait(store, resource, rep);
    if (rc < 0)
        return rc;
    component__leave(store, resource->instance, builtin->stop);
    return 0;
}

int component__resource_drop_wait(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_call call;
    struct component_handle *entry;
    uint32_t index = vals[0].u32;
    int rc = component__may_leave(store, builtin->instance);
    if (rc < 0)
        return rc;
    begin(&call, store, builtin->instance);
    rc = component__handle_of(&call, index, builtin->resource, &entry);
    if (rc == 0)
        rc = component__handle_removable(&call, index, entry, false);
    if (rc < 0)
        return rc;
    struct component_handle handle = *entry;
    component_handles_remove(&call.instance->handles, index);
    if (!handle.own) {
        handle.borrows->count--;
        return 0;
    }
    if (!handle.is_host)
        return destroy_wait(store, builtin, handle.rep);
    const struct component_host_resource *host = handle.node->host;
    component__object_free(store, handle.node);
    if (host->drop)
        host->drop(store->owner, handle.object);
    return 0;
}

/* A kind without a function is refused when a component that uses it is linked. */
static engine_host_fn *const functions[COMPONENT_BUILTIN_KINDS] = {
    [COMPONENT_RESOURCE_NEW] = component__resource_new,
    [COMPONENT_RESOURCE_REP] = component__resource_rep,
    [COMPONENT_RESOURCE_DROP] = component__resource_drop_wait,
    [COMPONENT_TASK_RETURN] = component__task_return_builtin,
    [COMPONENT_TASK_CANCEL] = component__task_cancel_builtin,
    [COMPONENT_SUBTASK_CANCEL] = component__subtask_cancel_wait,
    [COMPONENT_SUBTASK_DROP] = component__subtask_drop,
    [COMPONENT_CONTEXT_GET] = component__context_get,
    [COMPONENT_CONTEXT_SET] = component__context_set,
    [COMPONENT_BACKPRESSURE_INC] = component__backpressure_inc,
    [COMPONENT_BACKPRESSURE_DEC] = component__backpressure_dec,
    [COMPONENT_WAITABLE_SET_NEW] = component__set_new,
    [COMPONENT_WAITABLE_SET_WAIT] = component__set_wait,
    [COMPONENT_WAITABLE_SET_POLL] = component__set_poll,
    [COMPONENT_WAITABLE_SET_DROP] = component__set_drop,
    [COMPONENT_WAITABLE_JOIN] = component__join,
    [COMPONENT_THREAD_INDEX] = component__thread_index,
    [COMPONENT_THREAD_NEW_INDIRECT] = component__thread_new_indirect,
    [COMPONENT_THREAD_RESUME_LATER] = component__thread_resume_later,
    [COMPONENT_THREAD_SUSPEND] = component__thread_suspend_wait,
    [COMPONENT_THREAD_YIELD] = component__thread_yield_wait,
    [COMPONENT_THREAD_SUSPEND_THEN_RESUME] = component__thread_suspend_then_resume_wait,
    [COMPONENT_THREAD_YIELD_THEN_RESUME] = component__thread_yield_then_resume_wait,
    [COMPONENT_THREAD_SUSPEND_THEN_PROMOTE] = component__thread_suspend_then_promote_wait,
    [COMPONENT_THREAD_YIELD_THEN_PROMOTE] = component__thread_yield_then_promote_wait,
    [COMPONENT_STREAM_NEW] = component__stream_new_builtin,
    [COMPONENT_STREAM_READ] = component__stream_copy_wait,
    [COMPONENT_STREAM_WRITE] = component__stream_copy_wait,
    [COMPONENT_STREAM_CANCEL_READ] = component__stream_cancel_wait,
    [COMPONENT_STREAM_CANCEL_WRITE] = component__stream_cancel_wait,
    [COMPONENT_STREAM_DROP_READABLE] = component__stream_drop_builtin,
    [COMPONENT_STREAM_DROP_WRITABLE] = component__stream_drop_builtin,
    [COMPONENT_FUTURE_NEW] = component__stream_new_builtin,
    [COMPONENT_FUTURE_READ] = component__stream_copy_wait,
    [COMPONENT_FUTURE_WRITE] = component__stream_copy_wait,
    [COMPONENT_FUTURE_CANCEL_READ] = component__stream_cancel_wait,
    [COMPONENT_FUTURE_CANCEL_WRITE] = component__stream_cancel_wait,
    [COMPONENT_FUTURE_DROP_READABLE] = component__stream_drop_builtin,
    [COMPONENT_FUTURE_DROP_WRITABLE] = component__stream_drop_builtin,
    [COMPONENT_ERROR_CONTEXT_NEW] = component__error_context_new_builtin,
    [COMPONENT_ERROR_CONTEXT_DEBUG_MESSAGE] = component__error_context_message_builtin,
    [COMPONENT_ERROR_CONTEXT_DROP] = component__error_context_drop_builtin,
};

bool component__builtin_known(enum component_builtin_kind kind)
{
    return functions[kind] != NULL;
}

engine_host_fn *component__builtin_fn(enum component_builtin_kind kind)
{
    return functions[kind];
}
