/* subtask.c - subtasks: a lowered call as its caller sees it.  Room: component.
 *
 * Source: CanonicalABI.md "Subtask State", "canon lower", "canon subtask.cancel", "canon subtask.drop". */
#include <assert.h>

#include "component/async_internal.h"

static const char *const state_names[] = {
    [COMPONENT_SUBTASK_STARTING] = "starting",
    [COMPONENT_SUBTASK_STARTED] = "started",
    [COMPONENT_SUBTASK_RETURNED] = "returned",
    [COMPONENT_SUBTASK_CANCELLED_BEFORE_STARTED] = "cancelled-before-started",
    [COMPONENT_SUBTASK_CANCELLED_BEFORE_RETURNED] = "cancelled-before-returned",
};

static const char *const event_names[] = {
    [COMPONENT_SUBTASK_ON_START] = "start",
    [COMPONENT_SUBTASK_ON_RETURN] = "return",
    [COMPONENT_SUBTASK_ON_CANCEL] = "cancel",
};

#define NO COMPONENT_NO_STATE
/* Columns: start, return, cancel. */
static const signed char moves[COMPONENT_SUBTASK_STATES][COMPONENT_SUBTASK_EVENTS] = {
    [COMPONENT_SUBTASK_STARTING] = {COMPONENT_SUBTASK_STARTED, NO,
                                    COMPONENT_SUBTASK_CANCELLED_BEFORE_STARTED},
    [COMPONENT_SUBTASK_STARTED] = {NO, COMPONENT_SUBTASK_RETURNED,
                                   COMPONENT_SUBTASK_CANCELLED_BEFORE_RETURNED},
    [COMPONENT_SUBTASK_RETURNED] = {NO, NO, NO},
    [COMPONENT_SUBTASK_CANCELLED_BEFORE_STARTED] = {NO, NO, NO},
    [COMPONENT_SUBTASK_CANCELLED_BEFORE_RETURNED] = {NO, NO, NO},
};
#undef NO

int component__subtask_next(enum component_subtask_state state, enum component_subtask_event event)
{
    return moves[state][event];
}

const char *component__subtask_event_name(enum component_subtask_event event)
{
    return event_names[event];
}

const char *component__subtask_state_name(enum component_subtask_state state)
{
    return state_names[state];
}

struct component_subtask *component__subtask_new(struct component_store *store,
                                                 const struct component_bound_lowering *lowering)
{
    struct component_scheduler *scheduler = store->scheduler;
    if (scheduler->subtask_count >= COMPONENT_SUBTASKS_MAX) {
        (void)component__fail(store, "more than %u subtasks in one store", COMPONENT_SUBTASKS_MAX);
        return NULL;
    }
    struct component_subtask *subtask =
        component__pool_take(store, &scheduler->free_subtasks, sizeof *subtask);
    if (!subtask)
        return NULL;
    scheduler->subtask_count++;
    component__waitable_init(&subtask->waitable, COMPONENT_HANDLE_SUBTASK);
    subtask->lowering = lowering;
    if (component__call_begin(&subtask->cx.call, store, &lowering->canon) < 0)
        return NULL;
    return subtask;
}

void component__subtask_free(struct component_store *store, struct component_subtask *subtask)
{
    store->scheduler->subtask_count--;
    component__pool_give(&store->scheduler->free_subtasks, subtask);
}

static void deliver(struct component_subtask *subtask)
{
    assert(!subtask->delivered && component__subtask_resolved(subtask));
    component__call_end(&subtask->cx.call);
    subtask->delivered = true;
}

static int take_event(struct component_store *store, struct component_waitable *waitable,
                      struct component_event *ret)
{
    struct component_subtask *subtask = SW_CONTAINER(waitable, struct component_subtask, waitable);
    (void)store;
    if (component__subtask_resolved(subtask))
        deliver(subtask);
    *ret = (struct component_event){COMPONENT_EVENT_SUBTASK, waitable->index, subtask->state};
    return 0;
}

void component__subtask_progress(struct component_store *store, struct component_subtask *subtask,
                                 enum component_subtask_event event)
{
    int next = moves[subtask->state][event];
    assert(next != COMPONENT_NO_STATE);
    subtask->state = (enum component_subtask_state)next;
    if (subtask->waitable.index)
        component__waitable_set_event(store, &subtask->waitable, take_event);
    else
        component__stir(store); /* its caller waits for the state */
}

static bool is_resolved(const struct component_thread *thread, void *arg)
{
    (void)thread;
    return component__subtask_resolved(arg);
}

int component__subtask_finish_wait(struct component_store *store, struct component_subtask *subtask,
                                   union engine_val *vals)
{
    bool cancelled;
    int rc = 0;
    if (!subtask->lowering->canon.plan.options.is_async) {
        if (!component__subtask_resolved(subtask))
            rc = component__until_wait(store, is_resolved, subtask, false, &cancelled);
        if (rc < 0)
            return rc;
        deliver(subtask);
        if (subtask->lowering->canon.plan.callee.type->flat_result_count ==
            1) /* else vals may have no room */
            vals[0] = subtask->vals[0];
        component__subtask_free(store, subtask);
        return 0;
    }
    if (component__subtask_resolved(subtask)) {
        deliver(subtask);
        vals[0].u64 = COMPONENT_SUBTASK_RETURNED;
        component__subtask_free(store, subtask);
        return 0;
    }
    rc = component__waitable_add(store, subtask->cx.call.instance, &subtask->waitable);
    if (rc == 0)
        vals[0].u64 = subtask->state | subtask->waitable.index << 4;
    return rc;
}

/* ---- built-ins ---- */

static int get(struct component_store *store, const struct component_bound_builtin *builtin, uint32_t index,
               struct component_subtask **ret)
{
    struct component_waitable *waitable = NULL;
    int rc = component__may_leave(store, builtin->instance);
    if (rc == 0)
        rc = component__waitable_get(store, &store->instances[builtin->instance], index,
                                     COMPONENT_HANDLE_SUBTASK, COMPONENT_HANDLE_SUBTASK, &waitable);
    if (rc == 0)
        *ret = SW_CONTAINER(waitable, struct component_subtask, waitable);
    return rc;
}

/* Until it is resolved, which a pending event that it has started does not mean. */
static int resolved_wait(struct component_store *store, struct component_subtask *subtask)
{
    bool cancelled;
    subtask->waitable.has_sync_waiter = true;
    int rc = component__until_wait(store, is_resolved, subtask, false, &cancelled);
    subtask->waitable.has_sync_waiter = false;
    return rc;
}

static int cancel_wait(struct component_store *store, struct component_subtask *subtask)
{
    subtask->cancel_requested = true;
    if (subtask->operation)
        return component__operation_cancel(store, subtask);
    return component__task_ask_cancel_wait(store, subtask->task, subtask->lowering->stop);
}

int component__subtask_cancel_wait(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_subtask *subtask = NULL;
    struct component_event event;
    int rc = get(store, builtin, vals[0].u32, &subtask);
    if (rc < 0)
        return rc;
    if (subtask->delivered)
        return component__fail(store, "`subtask.cancel` called after terminal status delivered");
    if (subtask->cancel_requested)
        return component__fail(store, "`subtask.cancel` called twice on one subtask");
    if (!builtin->plan->flag)
        rc = component__waitable_sync(store, &subtask->waitable);
    if (rc == 0 && !component__subtask_resolved(subtask))
        rc = cancel_wait(store, subtask);
    if (rc < 0)
        return rc;
    if (!component__subtask_resolved(subtask) && builtin->plan->flag) {
        vals[0].u64 = COMPONENT_BLOCKED;
        return 0;
    }
    if (!component__subtask_resolved(subtask))
        rc = resolved_wait(store, subtask);
    if (rc == 0)
        rc = component__waitable_take_event(store, &subtask->waitable, &event);
    if (rc == 0)
        vals[0].u64 = event.payload;
    return rc;
}

int component__subtask_drop(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_subtask *subtask = NULL;
    int rc = get(store, builtin, vals[0].u32, &subtask);
    if (rc < 0)
        return rc;
    if (!subtask->delivered)
        return component__fail(store, "cannot drop a subtask which has not yet resolved");
    component_handles_remove(&store->instances[builtin->instance].handles, vals[0].u32);
    component__waitable_drop(&subtask->waitable);
    component__subtask_free(store, subtask);
    return 0;
}
