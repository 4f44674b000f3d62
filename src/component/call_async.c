/* call_async.c - lowered imports of async components whose callee is another guest's export.  Room: component.
 *
 * Source: CanonicalABI.md "canon lower", "canon lift". A callee of an async type gets a fiber; its arguments are lifted and lowered there
 * when it starts, its result when it returns. The caller's side is the subtask's, the callee's the task's.
 *
 * | flat values at most | arguments | result |
 * | --- | --- | --- |
 * | synchronous lower | 16, else through memory | 1, else to where the last argument says |
 * | async lower       | 4, else through memory  | none: always to where the last argument says |
 * | synchronous lift  | 16, else through memory | 1, else through memory |
 * | async lift        | 16, else through memory | by task.return: 16, else through memory | */
#include <assert.h>

#include "component/async_internal.h"
#include "component/copy.h"

static bool is_async(const struct component_canon *canon)
{
    return canon->plan.options.is_async;
}

/* Both sides as they are now: memories may have grown, scratch memory is another. */
static int sides(struct component_task *task, struct component_cx **ret_caller,
                 struct component_cx **ret_callee)
{
    struct component_subtask *subtask = task->caller_arg;
    int rc = component__level_begin(task->store);
    if (rc == 0)
        rc = component__memory_refresh(&subtask->cx.call);
    if (rc == 0)
        rc = component__memory_refresh(&task->cx.call);
    component__cx_begin(&subtask->cx, true);
    component__cx_begin(&task->cx, true);
    *ret_caller = &subtask->cx;
    *ret_callee = &task->cx;
    return rc;
}

/* An async lower gives more than four flat arguments through memory; the callee takes up to sixteen. */
static int load_spilled(struct component_cx *caller, const struct component_func_type *type,
                        union engine_val *vals)
{
    uint8_t *p;
    int rc = component_mem_range(&caller->call, vals[0].u32, type->params_size, type->params_align, &p);
    for (uint32_t i = 0; rc == 0 && i < type->param_count; i++) {
        component__flat_load(caller->types, type->params[i].type, p + type->params[i].offset, vals);
        vals += component_type_of(caller->types, type->params[i].type)->flat_count;
    }
    return rc;
}

static int start(struct component_task *task, union engine_val *vals, uint32_t *ret_used)
{
    struct component_subtask *subtask = task->caller_arg;
    const struct component_func_type *type = task->lift->type;
    struct component_cx *caller, *callee;
    struct component_copy copy;
    uint32_t used;
    component__subtask_progress(task->store, subtask, COMPONENT_SUBTASK_ON_START);
    int rc = sides(task, &caller, &callee);
    callee->borrows = &task->borrows;
    if (rc == 0 && is_async(&subtask->lowering->canon) && type->flat_param_count > COMPONENT_ASYNC_FLAT_MAX &&
        type->flat_param_count <= COMPONENT_FLAT_MAX)
        rc = load_spilled(caller, type, subtask->vals);
    component__copy_begin(&copy, caller, callee);
    if (rc == 0)
        rc = component__copy_check_params(&copy, type, subtask->vals, &used);
    if (rc == 0)
        rc = component__copy_store_params(&copy, type, subtask->vals, vals);
    if (rc < 0)
        return rc;
    *ret_used = used;
    component__level_end(task->store);
    return 0;
}

/* A result that is flat on the callee's side and goes to the caller's memory. */
static int flat_to_memory(struct component_copy *copy, uint32_t type, const union engine_val *vals,
                          uint32_t at)
{
    union engine_val flat[COMPONENT_FLAT_MAX];
    const struct component_type *result = component_type_of(copy->to->types, type);
    uint8_t *p;
    int rc = component_mem_range(&copy->to->call, at, result->size, result->align, &p);
    if (rc == 0)
        rc = component__copy_store_flat(copy, type, vals, flat);
    if (rc == 0)
        component__flat_store(copy->to->types, type, flat,
                              copy->to->call.mem + at); /* memory never shrinks */
    return rc;
}

static int pass_result(struct component_copy *copy, struct component_subtask *subtask,
                       const struct component_bound_lift *lift, const union engine_val *vals)
{
    const struct component_func_type *type = lift->type;
    uint32_t flat_max = is_async(&lift->canon) ? COMPONENT_FLAT_MAX : 1;
    if (type->result == COMPONENT_NO_TYPE)
        return 0;
    if (type->flat_result_count > flat_max) { /* through memory on both sides */
        int rc = component__copy_check_result(copy, type, vals);
        return rc < 0 ? rc : component__copy_store_result(copy, type, vals, subtask->result_at, NULL);
    }
    int rc = component__copy_check_flat(copy, type->result, vals);
    if (rc < 0)
        return rc;
    if (type->flat_result_count <= 1 && !is_async(&subtask->lowering->canon))
        return component__copy_store_flat(copy, type->result, vals, subtask->vals);
    return flat_to_memory(copy, type->result, vals, subtask->result_at);
}

static int resolve(struct component_task *task, const union engine_val *vals)
{
    struct component_subtask *subtask = task->caller_arg;
    struct component_cx *caller, *callee;
    struct component_copy copy;
    subtask->task = NULL;
    if (!vals) {
        assert(subtask->cancel_requested);
        component__subtask_progress(task->store, subtask, COMPONENT_SUBTASK_ON_CANCEL);
        return 0;
    }
    int rc = sides(task, &caller, &callee);
    component__copy_begin(&copy, callee, caller);
    if (rc == 0)
        rc = pass_result(&copy, subtask, task->lift, vals);
    if (rc < 0)
        return rc;
    component__level_end(task->store);
    component__subtask_progress(task->store, subtask, COMPONENT_SUBTASK_ON_RETURN);
    return 0;
}

/* Copies the flat arguments: their place on the stack is gone when the callee starts late. */
static void keep_args(struct component_subtask *subtask, const struct component_func_type *type,
                      const union engine_val *vals)
{
    bool async = is_async(&subtask->lowering->canon);
    uint32_t flat_max = async ? COMPONENT_ASYNC_FLAT_MAX : COMPONENT_FLAT_MAX;
    uint32_t count = type->flat_param_count <= flat_max ? type->flat_param_count : 1;
    memcpy(subtask->vals, vals, count * sizeof *vals);
    if (type->flat_result_count > (async ? 0 : 1))
        subtask->result_at = vals[count].u32;
}

static int refuse_forbidden(struct component_store *store, const struct component_bound_lowering *lowering)
{
    int rc = component__may_leave(store, lowering->canon.plan.instance);
    if (rc == 0 && lowering->forbidden)
        rc = component__fail(
            store,
            "cannot enter component instance %u: calls between a component and one it contains are refused",
            lowering->lift->canon.plan.instance);
    return rc;
}

int component__lowered_async_wait(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    static const struct component_caller guest = {start, resolve, NULL};
    const struct component_bound_lowering *lowering = env;
    const struct component_bound_lift *lift = lowering->lift;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_task *task = NULL;
    int rc = refuse_forbidden(store, lowering);
    if (rc == 0)
        rc = component__enter(store, lift->canon.plan.instance, lowering->stop);
    struct component_subtask *subtask = rc == 0 ? component__subtask_new(store, lowering) : NULL;
    if (!subtask)
        return -SW_EGUEST;
    rc = component__task_new(store, lift, &guest, subtask, &task);
    if (rc < 0)
        return rc;
    keep_args(subtask, lift->type, vals);
    subtask->task = task;
    rc = component__resume_wait(store, task->implicit, false);
    if (rc < 0)
        return rc;
    component__leave(store, lift->canon.plan.instance, lowering->stop);
    return component__subtask_finish_wait(store, subtask, vals);
}

int component__lowered_nested_wait(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_lowering *lowering = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_nested nested;
    int rc = component__nested_begin_wait(store, &nested, lowering->lift->canon.plan.instance, false);
    if (rc == 0)
        rc = component__lowered_guest_wait(env, engine_store, vals);
    return rc < 0 ? rc : component__nested_end(store, &nested, false);
}
