/* thread_builtin.c - built-ins about threads: context.*, thread.*.  Room: component.
 *
 * Source: CanonicalABI.md "canon context.get" .. "canon context.set", "canon thread.index" .. "canon thread.yield-then-promote". */
#include "component/async_internal.h"

void component__context_swap(struct component_store *store, uint64_t kept[2], bool begins)
{
    struct component_thread *thread = component__thread(store);
    if (begins) {
        memcpy(kept, thread->storage, sizeof thread->storage);
        memset(thread->storage, 0, sizeof thread->storage);
    } else {
        memcpy(thread->storage, kept, sizeof thread->storage);
    }
}

int component__context_get(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    const struct component_thread *thread = component__thread(engine_store_owner(engine_store));
    vals[0].u64 = thread->storage[builtin->plan->number]; /* validated: 0 or 1, of one type in a component */
    return 0;
}

int component__context_set(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_thread *thread = component__thread(engine_store_owner(engine_store));
    thread->storage[builtin->plan->number] = builtin->plan->is_64 ? vals[0].u64 : vals[0].u32;
    return 0;
}

int component__thread_index(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    int rc = component__may_leave(store, builtin->instance);
    if (rc == 0)
        vals[0].u64 = component__thread(store)->index;
    return rc;
}

static int thread_body_wait(struct component_store *store, struct component_thread *thread)
{
    union engine_val vals[1];
    struct component_task *task = thread->task;
    vals[0].u64 = thread->arg;
    int rc = component__level_begin(store);
    if (rc == 0)
        rc = engine_func_call(store->engine, thread->func, vals, 1);
    if (rc < 0)
        return rc;
    component__level_end(store);
    rc = component__thread_unregister(thread);
    if (rc == 0)
        component__task_thread_ended(task);
    return rc;
}

int component__thread_new_indirect(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_thread *thread = NULL;
    struct engine_func func;
    int rc = component__may_leave(store, builtin->instance);
    if (rc == 0)
        rc = engine_instance_table_func(engine_store, builtin->plan->table_instance,
                                        builtin->plan->table_name, vals[0].u32, builtin->plan->is_64, &func);
    if (rc == 0)
        rc = component__thread_new(store, component__thread(store)->task, thread_body_wait, &thread);
    if (rc < 0)
        return rc;
    thread->func = func;
    thread->arg = builtin->plan->is_64 ? vals[1].u64 : vals[1].u32;
    rc = component__thread_register(thread);
    if (rc == 0)
        vals[0].u64 = thread->index;
    return rc;
}

static int get(struct component_store *store, const struct component_bound_builtin *builtin, uint32_t index,
               struct component_thread **ret)
{
    int rc = component__may_leave(store, builtin->instance);
    if (rc < 0)
        return rc;
    const struct component_handle *entry =
        component_handles_get(&store->instances[builtin->instance].threads, index);
    if (!entry)
        return component__fail(store, "unknown thread index %u", index);
    *ret = entry->thread;
    return 0;
}

static int get_suspended(struct component_store *store, const struct component_bound_builtin *builtin,
                         uint32_t index, struct component_thread **ret)
{
    int rc = get(store, builtin, index, ret);
    if (rc == 0 && (*ret)->state != COMPONENT_THREAD_SUSPENDED)
        return component__fail(store, "cannot resume thread which is not suspended: index %u", index);
    return rc;
}

int component__thread_resume_later(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    struct component_store *store = engine_store_owner(engine_store);
    struct component_thread *other = NULL;
    int rc = get_suspended(store, env, vals[0].u32, &other);
    if (rc == 0)
        component__resume_later(store, other);
    return rc;
}

int component__thread_suspend_wait(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    bool cancelled = false;
    int rc = component__may_leave(store, builtin->instance);
    if (rc == 0)
        rc = component__suspend_wait(store, builtin->plan->flag, &cancelled);
    vals[0].u64 = cancelled;
    return rc;
}

int component__thread_yield_wait(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    bool cancelled = false;
    int rc = component__may_leave(store, builtin->instance);
    if (rc == 0)
        rc = component__yield_wait(store, builtin->plan->flag, &cancelled);
    vals[0].u64 = cancelled;
    return rc;
}

static int then_resume_wait(const struct component_bound_builtin *builtin, struct engine_store *engine_store,
                            union engine_val *vals, bool yield)
{
    struct component_store *store = engine_store_owner(engine_store);
    struct component_thread *other = NULL;
    bool cancelled = false;
    int rc = get_suspended(store, builtin, vals[0].u32, &other);
    if (rc == 0)
        rc = component__switch_wait(store, other, yield, builtin->plan->flag, &cancelled);
    vals[0].u64 = cancelled;
    return rc;
}

int component__thread_suspend_then_resume_wait(void *env, struct engine_store *engine_store,
                                               union engine_val *vals)
{
    return then_resume_wait(env, engine_store, vals, false);
}

int component__thread_yield_then_resume_wait(void *env, struct engine_store *engine_store,
                                             union engine_val *vals)
{
    return then_resume_wait(env, engine_store, vals, true);
}

/* Switches to a thread that waits and is ready; else as if it had not been named. */
static int then_promote_wait(const struct component_bound_builtin *builtin, struct engine_store *engine_store,
                             union engine_val *vals, bool yield)
{
    struct component_store *store = engine_store_owner(engine_store);
    struct component_thread *other = NULL;
    bool cancelled = false, cancellable = builtin->plan->flag;
    int rc = get(store, builtin, vals[0].u32, &other);
    if (rc < 0)
        return rc;
    if (other->state == COMPONENT_THREAD_WAITING && other->ready(other, other->ready_arg))
        rc = component__switch_wait(store, other, yield, cancellable, &cancelled);
    else if (yield)
        rc = component__yield_wait(store, cancellable, &cancelled);
    else
        rc = component__suspend_wait(store, cancellable, &cancelled);
    vals[0].u64 = cancelled;
    return rc;
}

int component__thread_suspend_then_promote_wait(void *env, struct engine_store *engine_store,
                                                union engine_val *vals)
{
    return then_promote_wait(env, engine_store, vals, false);
}

int component__thread_yield_then_promote_wait(void *env, struct engine_store *engine_store,
                                              union engine_val *vals)
{
    return then_promote_wait(env, engine_store, vals, true);
}
