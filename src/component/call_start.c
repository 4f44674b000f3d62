/* call_start.c - exports of async types called by the host, which may be told the result while the task goes on.  Room: component.
 *
 * Source: CanonicalABI.md "Embedding API" (invoke), "canon lift". The host is a caller like any other (struct component_caller); what it
 * waits with is a flag and its parked fiber, or nothing at all. */
#include <assert.h>

#include "component/async_internal.h"

struct component_async_call {
    struct sw_link link;         /* in scheduler->calls */
    struct sw_link cancel;       /* in scheduler->cancels, while it is to be asked to end */
    struct component_task *task; /* until it is resolved */
    const struct component_value *args;
    struct component_object *pending; /* host objects of the arguments, adopted */
    const struct component_call_events *events;
    void *arg;
    bool keeps; /* the result's memory is the store's */
};

static int start(struct component_task *task, union engine_val *vals, uint32_t *ret_used)
{
    struct component_async_call *call = task->caller_arg;
    struct component_cx *cx = &task->cx;
    int rc = component__level_begin(task->store);
    if (rc < 0)
        return rc;
    component__cx_begin(cx, false);
    cx->borrows = &task->borrows;
    cx->pending = call->pending;
    rc = component__lower_params(cx, task->lift->type, call->args, vals, ret_used);
    assert(rc < 0 || !cx->pending);
    if (rc < 0)
        return rc;
    component__level_end(task->store);
    return 0;
}

static int lift_result(struct component_task *task, const union engine_val *vals, struct component_value *ret)
{
    const struct component_bound_lift *lift = task->lift;
    const struct component_func_type *type = lift->type;
    struct component_cx *cx = &task->cx;
    uint32_t flat_max = lift->canon.plan.options.is_async ? COMPONENT_FLAT_MAX : 1;
    if (type->flat_result_count <= flat_max)
        return component__lift_flat(cx, type->result, vals, ret);
    const struct component_type *result = component_type_of(cx->types, type->result);
    uint8_t *p;
    int rc = component_mem_range(&cx->call, vals[0].u32, result->size, result->align, &p);
    return rc < 0 ? rc : component__load(cx, type->result, p, ret);
}

static int resolve(struct component_task *task, const union engine_val *vals)
{
    struct component_async_call *call = task->caller_arg;
    struct component_store *store = task->store;
    struct component_value result = {.u64 = 0};
    struct component_object *lifted = NULL;
    bool has_result = vals && task->lift->type->result != COMPONENT_NO_TYPE;
    int rc = component__level_begin(store);
    if (rc == 0)
        rc = component__memory_refresh(&task->cx.call);
    if (rc < 0)
        return rc;
    if (has_result) {
        component__cx_begin(&task->cx, false);
        if (call->keeps)
            task->cx.arena = &store->arena;
        task->cx.pending_end = &lifted;
        rc = lift_result(task, vals, &result);
    }
    if (rc < 0)
        return rc;
    while (lifted) { /* the host's now */
        struct component_object *next = lifted->next;
        component__object_free(store, lifted);
        lifted = next;
    }
    call->task = NULL;
    sw_list_remove(&call->cancel);
    if (call->events->returned)
        call->events->returned(call->arg, vals ? COMPONENT_CALL_RETURNED : COMPONENT_CALL_CANCELLED, &result);
    component__level_end(store);
    return 0;
}

static void ended(struct component_async_call *call, struct component_scheduler *scheduler, int rc)
{
    const struct component_call_events *events = call->events;
    void *arg = call->arg;
    sw_list_remove(&call->link);
    sw_list_remove(&call->cancel);
    component__pool_give(&scheduler->free_calls, call);
    if (events->ended)
        events->ended(arg, rc);
}

static void exited(struct component_task *task)
{
    ended(task->caller_arg, task->store->scheduler, 0);
}

void component__calls_failed(struct component_store *store)
{
    struct component_scheduler *scheduler = store->scheduler;
    while (!sw_list_empty(&scheduler->calls))
        ended(SW_CONTAINER(scheduler->calls.next, struct component_async_call, link), scheduler, -SW_EGUEST);
}

static const struct component_caller host = {start, resolve, exited};

static int call_begin(struct component_store *store, const struct component_bound_lift *lift,
                      const struct component_value *args, struct component_object *pending,
                      struct component_async_call **ret)
{
    struct component_scheduler *scheduler = store->scheduler;
    struct component_async_call *call = component__pool_take(store, &scheduler->free_calls, sizeof *call);
    if (!call)
        return -SW_EGUEST;
    sw_list_init(&call->cancel);
    call->args = args;
    call->pending = pending;
    int rc = component__task_new(store, lift, &host, call, &call->task);
    if (rc < 0)
        return rc;
    sw_list_add_tail(&scheduler->calls, &call->link);
    *ret = call;
    return 0;
}

int component_call_async(struct component_store *store, const struct component_export *func,
                         const struct component_value *args, uint32_t arg_count,
                         const struct component_async_call_request *request)
{
    struct component_async_call *call = NULL;
    struct component_object *pending = NULL;
    int rc = component__call_check(store, func, args, arg_count, &pending);
    if (rc == 0 && !func->lift->type->is_async)
        rc = component__fail(store, "'" SW_FMT "' is not an async function", SW_ARG(func->plan->name));
    if (rc == 0)
        rc = call_begin(store, func->lift, args, pending, &call);
    if (rc < 0)
        return rc;
    call->events = request->events;
    call->arg = request->arg;
    if (request->ret_call)
        *request->ret_call = call;
    component__resume_later(store, call->task->implicit);
    component__stir(store);
    return 0;
}

/* ---- the host's fiber waits ---- */

struct waiting {
    struct component_store *store;
    struct component_value *ret_result;
    bool resolved;
    enum component_call_outcome outcome;
};

static void wait_returned(void *arg, enum component_call_outcome outcome,
                          const struct component_value *result)
{
    struct waiting *waiting = arg;
    waiting->resolved = true;
    waiting->outcome = outcome;
    *waiting->ret_result = *result;
    component__wake_waiters(waiting->store);
}

int component__call_async_wait(struct component_store *store, const struct component_bound_lift *lift,
                               const struct component_value *args, struct component_object *pending,
                               struct component_value *ret_result)
{
    static const struct component_call_events events = {wait_returned, NULL};
    struct component_value result = {.u64 = 0};
    struct component_async_call *call = NULL;
    struct waiting waiting = {.store = store, .ret_result = &result};
    int rc = call_begin(store, lift, args, pending, &call);
    if (rc < 0)
        return rc;
    call->keeps = true;
    call->events = &events;
    call->arg = &waiting;
    component__resume_later(store, call->task->implicit);
    rc = component__host_wait(store, &waiting.resolved);
    if (rc < 0)
        return -SW_EGUEST;
    if (lift->type->result != COMPONENT_NO_TYPE)
        *ret_result = result;
    return 0;
}

/* ---- ending ---- */

void component_async_call_cancel(struct component_store *store, struct component_async_call *call)
{
    struct component_scheduler *scheduler = store->scheduler;
    if (!call->task || !sw_list_empty(&call->cancel))
        return;
    sw_list_add_tail(&scheduler->cancels, &call->cancel);
    if (component__poller_need(store) < 0)
        component__wake_waiters(store);
    else
        component__stir(store);
}

int component__cancel_next_wait(struct component_store *store)
{
    struct sw_link *link = sw_list_take_head(&store->scheduler->cancels);
    struct component_async_call *call = SW_CONTAINER(link, struct component_async_call, cancel);
    if (component__task_next(call->task->state, COMPONENT_TASK_ON_ASK) == COMPONENT_NO_STATE)
        return 0; /* asked already */
    return component__task_ask_cancel_wait(store, call->task, COMPONENT_NONE);
}

int component_tasks_wait(struct component_store *store)
{
    if (!store->scheduler || store->scheduler->tasks == 0)
        return 0;
    store->scheduler->quiet = false;
    return component__host_wait(store, &store->scheduler->quiet) < 0 ? -SW_EGUEST : 0;
}

void component_expect_calls(struct component_store *store, bool expected)
{
    if (store->scheduler)
        store->scheduler->open = expected;
}
