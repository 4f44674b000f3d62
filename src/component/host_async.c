/* host_async.c - the host's functions of async types: called, waited for, polled, cancelled.  Room: component.
 *
 * A function that is done at once gets what a synchronous lowering would give it, whatever the guest's is: no subtask, no fiber. One that
 * waits has a subtask and an operation; when the operation is woken, the store's own thread (the poller) polls it on a fiber, where its
 * result can be lowered through realloc. Source: CanonicalABI.md "canon lower"; host.h says what the host does.
 *
 *   start ──► done ─────────────────────────────► RETURNED
 *     └─ SW_WAIT ──► STARTED ── wake ──► poll ──► RETURNED
 *                       │         ▲────── SW_WAIT ─┘
 *                       └── subtask.cancel: cancel() ──► CANCELLED_BEFORE_RETURNED (also: the store ends) */
#include <assert.h>

#include "base/alloc.h"
#include "component/async_internal.h"

struct component_operation {
    struct sw_link link;  /* in scheduler->operations */
    struct sw_link woken; /* in scheduler->woken, while it is to be polled */
    struct component_store *store;
    struct component_subtask *subtask;
    const struct component_host_func *func;
    max_align_t state[]; /* of the host */
};

void *component_operation_state(struct component_operation *operation)
{
    return operation->state;
}

void *component_operation_owner(const struct component_operation *operation)
{
    return operation->store->owner;
}

/* ---- between the two forms of flat values ---- */

/* vals: as the guest gave them; sync: as a synchronous lowering has them. */
static int to_sync(struct component_call *call, const struct component_func_type *type,
                   const union engine_val *vals, union engine_val *sync)
{
    const struct component_types *types = call->store->component->plan->types;
    bool spilled = type->flat_param_count > COMPONENT_ASYNC_FLAT_MAX;
    bool unspill = spilled && type->flat_param_count <= COMPONENT_FLAT_MAX;
    uint32_t given = spilled ? 1 : type->flat_param_count;
    uint32_t count = unspill ? type->flat_param_count : given;
    if (unspill) {
        uint8_t *p;
        int rc = component_mem_range(call, vals[0].u32, type->params_size, type->params_align, &p);
        if (rc < 0)
            return rc;
        for (uint32_t i = 0, n = 0; i < type->param_count; i++) {
            component__flat_load(types, type->params[i].type, p + type->params[i].offset, sync + n);
            n += component_type_of(types, type->params[i].type)->flat_count;
        }
    } else {
        memcpy(sync, vals, count * sizeof *vals);
    }
    if (type->flat_result_count > 1)
        sync[count] = vals[given]; /* where the result goes, in both forms */
    return 0;
}

/* A result of one flat value, which an async lowering has in memory. */
static int result_out(struct component_call *call, const struct component_func_type *type, uint32_t at,
                      const union engine_val *vals)
{
    const struct component_types *types = call->store->component->plan->types;
    if (type->flat_result_count != 1)
        return 0;
    const struct component_type *result = component_type_of(types, type->result);
    uint8_t *p;
    int rc = component__memory_refresh(call);
    if (rc == 0)
        rc = component_mem_range(call, at, result->size, result->align, &p);
    if (rc == 0)
        component__flat_store(types, type->result, vals, p);
    return rc;
}

static uint32_t result_place(const struct component_func_type *type, const union engine_val *vals)
{
    uint32_t given = type->flat_param_count > COMPONENT_ASYNC_FLAT_MAX ? 1 : type->flat_param_count;
    return type->flat_result_count ? vals[given].u32 : 0;
}

/* ---- functions that are done at once ---- */

static int at_once(const struct component_bound_lowering *lowering, struct component_store *store,
                   union engine_val *vals)
{
    const struct component_func_type *type = lowering->canon.plan.callee.type;
    union engine_val sync[COMPONENT_SUBTASK_VALS];
    struct component_call call;
    uint32_t at = result_place(type, vals);
    int rc = component__level_begin(store);
    if (rc == 0)
        rc = component__call_begin(&call, store, &lowering->canon);
    if (rc == 0)
        rc = to_sync(&call, type, vals, sync);
    if (rc == 0)
        rc = lowering->host(&call, sync);
    if (rc == 0)
        rc = result_out(&call, type, at, sync);
    if (rc != 0)
        return rc;
    component__call_end(&call);
    component__level_end(store);
    vals[0].u64 = COMPONENT_SUBTASK_RETURNED;
    return 0;
}

/* ---- functions that may wait ---- */

static struct component_operation *operation_new(struct component_store *store,
                                                 struct component_subtask *subtask)
{
    const struct component_host_func *func = subtask->lowering->canon.plan.callee.host;
    struct component_operation *operation = sw_try_alloc(sizeof *operation + func->waits->bytes);
    if (!operation) {
        (void)component__fail(store, "no memory for a call of %s", func->name);
        return NULL;
    }
    operation->store = store;
    operation->subtask = subtask;
    operation->func = func;
    sw_list_init(&operation->woken);
    sw_list_add_tail(&store->scheduler->operations, &operation->link);
    subtask->operation = operation;
    return operation;
}

static void operation_free(struct component_operation *operation)
{
    sw_list_remove(&operation->link);
    sw_list_remove(&operation->woken);
    operation->subtask->operation = NULL;
    sw_free(operation);
}

/* `rc` is what start or poll said. Returns 0: done, SW_WAIT, or < 0. */
static int settle(struct component_operation *operation, int rc)
{
    struct component_subtask *subtask = operation->subtask;
    const struct component_bound_lowering *lowering = subtask->lowering;
    if (rc == SW_WAIT)
        return rc;
    operation_free(operation);
    if (rc == 0 && lowering->canon.plan.options.is_async)
        rc = result_out(&subtask->cx.call, lowering->canon.plan.callee.type, subtask->result_at,
                        subtask->vals);
    if (rc == 0)
        component__subtask_progress(subtask->cx.call.store, subtask, COMPONENT_SUBTASK_ON_RETURN);
    return rc;
}

static int begin(struct component_store *store, struct component_subtask *subtask,
                 const union engine_val *vals)
{
    const struct component_canon *canon = &subtask->lowering->canon;
    const struct component_func_type *type = canon->plan.callee.type;
    int rc = component__level_begin(store);
    if (rc < 0)
        return rc;
    if (canon->plan.options.is_async) {
        subtask->result_at = result_place(type, vals);
        rc = to_sync(&subtask->cx.call, type, vals, subtask->vals);
    } else {
        uint32_t count = type->flat_param_count <= COMPONENT_FLAT_MAX ? type->flat_param_count : 1;
        memcpy(subtask->vals, vals, (count + (type->flat_result_count > 1)) * sizeof *vals);
    }
    struct component_operation *operation = rc == 0 ? operation_new(store, subtask) : NULL;
    if (!operation)
        return -SW_EGUEST;
    component__subtask_progress(store, subtask, COMPONENT_SUBTASK_ON_START);
    rc = settle(operation, operation->func->waits->start(&subtask->cx.call, operation, subtask->vals));
    component__level_end(store);
    if (rc == SW_WAIT)
        component__pending_begin(store);
    return rc < 0 ? rc : 0;
}

int component__lowered_host_async_wait(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_lowering *lowering = env;
    struct component_store *store = engine_store_owner(engine_store);
    const struct component_host_func *func = lowering->canon.plan.callee.host;
    if (!func->waits && !lowering->canon.plan.options.is_async)
        return component__lowered_host(env, engine_store, vals);
    int rc = component__may_leave(store, lowering->canon.plan.instance);
    if (rc < 0)
        return rc;
    if (!func->waits)
        return at_once(lowering, store, vals);
    struct component_subtask *subtask = component__subtask_new(store, lowering);
    if (!subtask)
        return -SW_EGUEST;
    rc = begin(store, subtask, vals);
    return rc < 0 ? rc : component__subtask_finish_wait(store, subtask, vals);
}

/* ---- waking and polling ---- */

static bool has_work(const struct component_thread *thread, void *arg)
{
    const struct component_scheduler *scheduler = arg;
    (void)thread;
    return !sw_list_empty(&scheduler->woken) || !sw_list_empty(&scheduler->cancels);
}

static int poll(struct component_store *store, struct component_operation *operation)
{
    struct component_call *call = &operation->subtask->cx.call;
    int rc = component__level_begin(store);
    if (rc == 0)
        rc = component__memory_refresh(call);
    if (rc == 0)
        rc = settle(operation, operation->func->waits->poll(call, operation, operation->subtask->vals));
    if (rc < 0)
        return rc;
    component__level_end(store);
    if (rc == 0)
        component__pending_end(store);
    return 0;
}

static int poller_body_wait(struct component_store *store, struct component_thread *thread)
{
    struct component_scheduler *scheduler = store->scheduler;
    int rc = 0;
    while (rc == 0 && has_work(thread, scheduler)) {
        struct sw_link *link = sw_list_take_head(&scheduler->woken);
        rc = link ? poll(store, SW_CONTAINER(link, struct component_operation, woken))
                  : component__cancel_next_wait(store);
    }
    if (rc < 0)
        return rc;
    component__wait_later(store, has_work, scheduler);
    return COMPONENT_BODY_LATER;
}

int component__poller_need(struct component_store *store)
{
    struct component_scheduler *scheduler = store->scheduler;
    if (scheduler->poller)
        return 0;
    int rc = component__thread_new(store, NULL, poller_body_wait, &scheduler->poller);
    if (rc == 0)
        component__wait_on(store, scheduler->poller, has_work, scheduler);
    return rc;
}

void component_operation_wake(struct component_operation *operation)
{
    struct component_store *store = operation->store;
    if (!sw_list_empty(&operation->woken))
        return;
    sw_list_add_tail(&store->scheduler->woken, &operation->woken);
    if (component__poller_need(store) < 0)
        component__wake_waiters(store);
    else
        component__stir(store);
}

/* ---- ending ---- */

int component__operation_cancel(struct component_store *store, struct component_subtask *subtask)
{
    struct component_operation *operation = subtask->operation;
    if (!operation->func->waits->cancel)
        return 0; /* it comes to its end by itself */
    operation->func->waits->cancel(operation);
    operation_free(operation);
    component__subtask_progress(store, subtask, COMPONENT_SUBTASK_ON_CANCEL);
    component__pending_end(store);
    return 0;
}

void component__operations_end(struct component_store *store)
{
    struct sw_link *list = &store->scheduler->operations;
    while (!sw_list_empty(list)) {
        struct component_operation *operation = SW_CONTAINER(list->next, struct component_operation, link);
        if (operation->func->waits->cancel)
            operation->func->waits->cancel(operation);
        operation_free(operation);
    }
}
