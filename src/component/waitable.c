/* waitable.c - waitables, their pending events, and sets of them.  Room: component.
 *
 * Source: CanonicalABI.md "Waitable State". A set keeps its members in two lists, with and without an event, so that nobody looks for one. */
#include <assert.h>

#include "component/async_internal.h"

void component__waitable_init(struct component_waitable *waitable, enum component_handle_kind kind)
{
    *waitable = (struct component_waitable){.kind = (uint8_t)kind};
    sw_list_init(&waitable->member);
}

/* Into the list of its set that it belongs to now. */
static void file(struct component_waitable *waitable)
{
    struct component_waitable_set *set = waitable->set;
    sw_list_remove(&waitable->member);
    if (set)
        sw_list_add_tail(waitable->take ? &set->pending : &set->idle, &waitable->member);
}

void component__waitable_set_event(struct component_store *store, struct component_waitable *waitable,
                                   component_take_fn *take)
{
    bool had = waitable->take != NULL;
    waitable->take = take;
    if (!had)
        file(waitable);
    component__stir(store);
}

int component__waitable_take_event(struct component_store *store, struct component_waitable *waitable,
                                   struct component_event *ret)
{
    component_take_fn *take = waitable->take;
    assert(take);
    waitable->take = NULL;
    file(waitable);
    return take(store, waitable, ret);
}

static bool has_event(const struct component_thread *thread, void *arg)
{
    (void)thread;
    return component__waitable_has_event(arg);
}

int component__waitable_wait(struct component_store *store, struct component_waitable *waitable,
                             struct component_event *ret)
{
    bool cancelled;
    assert(!waitable->set && !waitable->has_sync_waiter);
    waitable->has_sync_waiter = true;
    int rc = component__until_wait(store, has_event, waitable, false, &cancelled);
    waitable->has_sync_waiter = false;
    return rc < 0 ? rc : component__waitable_take_event(store, waitable, ret);
}

int component__waitable_sync(struct component_store *store, const struct component_waitable *waitable)
{
    if (waitable->set)
        return component__fail(store, "waitable cannot be used synchronously while added to a waitable set");
    return 0;
}

void component__waitable_join(struct component_waitable *waitable, struct component_waitable_set *set)
{
    assert(!waitable->has_sync_waiter);
    if (waitable->set)
        waitable->set->members--;
    waitable->set = set;
    if (set)
        set->members++;
    file(waitable);
}

void component__waitable_drop(struct component_waitable *waitable)
{
    assert(!waitable->take && !waitable->has_sync_waiter);
    component__waitable_join(waitable, NULL);
}

/* ---- in handle tables ---- */

static int handle_add(struct component_store *store, struct component_instance *instance,
                      const struct component_handle *entry, uint32_t *ret)
{
    int rc = component_handles_add(&instance->handles, &store->handles_budget, entry, ret);
    if (rc < 0)
        return component__fail(store,
                               rc == -SW_ELIMIT ? "handle table is full" : "no memory for the handle table");
    return 0;
}

int component__waitable_add(struct component_store *store, struct component_instance *instance,
                            struct component_waitable *waitable)
{
    struct component_handle entry = {.kind = waitable->kind, .waitable = waitable};
    return handle_add(store, instance, &entry, &waitable->index);
}

int component__waitable_get(struct component_store *store, struct component_instance *instance,
                            uint32_t index, enum component_handle_kind first, enum component_handle_kind last,
                            struct component_waitable **ret)
{
    const struct component_handle *entry = component_handles_get(&instance->handles, index);
    if (!entry)
        return component__fail(store, "unknown handle index %u", index);
    if (entry->kind < first || entry->kind > last)
        return component__fail(store, "handle index %u used with the wrong type", index);
    *ret = entry->waitable;
    return 0;
}

int component__set_get(struct component_store *store, struct component_instance *instance, uint32_t index,
                       struct component_waitable_set **ret)
{
    const struct component_handle *entry = component_handles_get(&instance->handles, index);
    if (!entry)
        return component__fail(store, "unknown handle index %u", index);
    if (entry->kind != COMPONENT_HANDLE_WAITABLE_SET)
        return component__fail(store, "handle index %u is not a waitable set", index);
    *ret = entry->waitable_set;
    return 0;
}

int component__set_take(struct component_store *store, struct component_waitable_set *set,
                        struct component_event *ret)
{
    assert(!sw_list_empty(&set->pending));
    return component__waitable_take_event(
        store, SW_CONTAINER(set->pending.next, struct component_waitable, member), ret);
}

/* ---- built-ins: waitable-set.*, waitable.join ---- */

int component__set_new(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_scheduler *scheduler = store->scheduler;
    int rc = component__may_leave(store, builtin->instance);
    if (rc < 0)
        return rc;
    if (scheduler->set_count >= COMPONENT_SETS_MAX)
        return component__fail(store, "more than %u waitable sets in one store", COMPONENT_SETS_MAX);
    struct component_waitable_set *set = component__pool_take(store, &scheduler->free_sets, sizeof *set);
    if (!set)
        return -SW_EGUEST;
    scheduler->set_count++;
    sw_list_init(&set->idle);
    sw_list_init(&set->pending);
    struct component_handle entry = {.kind = COMPONENT_HANDLE_WAITABLE_SET, .waitable_set = set};
    uint32_t index;
    rc = handle_add(store, &store->instances[builtin->instance], &entry, &index);
    if (rc == 0)
        vals[0].u64 = index;
    return rc;
}

/* The memory operand is looked at before anything is taken: a trap must not depend on the event. The specification stores after the
 * event is gone, which nobody can tell. */
static int event_out(struct component_store *store, const struct component_bound_builtin *builtin,
                     uint32_t at, const struct component_event *event)
{
    struct component_call call;
    uint8_t *p;
    int rc = component__call_begin(&call, store, &builtin->canon);
    if (rc == 0)
        rc = component_mem_range(&call, at, 8, 4, &p);
    if (rc < 0)
        return rc;
    component_store_u32(p, event->index);
    component_store_u32(p + 4, event->payload);
    return 0;
}

static bool set_has_event(const struct component_thread *thread, void *arg)
{
    (void)thread;
    return !sw_list_empty(&((const struct component_waitable_set *)arg)->pending);
}

int component__set_wait(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_waitable_set *set = NULL;
    struct component_event event = {COMPONENT_EVENT_TASK_CANCELLED, 0, 0};
    bool cancelled;
    uint32_t at = vals[1].u32;
    int rc = component__may_leave(store, builtin->instance);
    if (rc == 0)
        rc = component__set_get(store, &store->instances[builtin->instance], vals[0].u32, &set);
    if (rc < 0)
        return rc;
    set->waiting++;
    rc = component__until_wait(store, set_has_event, set, builtin->plan->flag, &cancelled);
    if (rc == 0 && !cancelled)
        rc = component__set_take(store, set, &event);
    if (rc < 0)
        return rc;
    set->waiting--;
    vals[0].u64 = event.code;
    return event_out(store, builtin, at, &event);
}

int component__set_poll(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_waitable_set *set = NULL;
    struct component_event event = {COMPONENT_EVENT_NONE, 0, 0};
    uint32_t at = vals[1].u32;
    int rc = component__may_leave(store, builtin->instance);
    if (rc == 0)
        rc = component__set_get(store, &store->instances[builtin->instance], vals[0].u32, &set);
    if (rc < 0)
        return rc;
    if (component__pending_cancel(store, builtin->plan->flag))
        event.code = COMPONENT_EVENT_TASK_CANCELLED;
    else if (!sw_list_empty(&set->pending))
        rc = component__set_take(store, set, &event);
    vals[0].u64 = event.code;
    return rc < 0 ? rc : event_out(store, builtin, at, &event);
}

int component__set_drop(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_instance *instance = &store->instances[builtin->instance];
    struct component_waitable_set *set = NULL;
    int rc = component__may_leave(store, builtin->instance);
    if (rc == 0)
        rc = component__set_get(store, instance, vals[0].u32, &set);
    if (rc < 0)
        return rc;
    if (set->members)
        return component__fail(store, "cannot drop waitable set with waitables in it: it has %u",
                               set->members);
    if (set->waiting)
        return component__fail(store, "cannot drop waitable set with waiters");
    component_handles_remove(&instance->handles, vals[0].u32);
    store->scheduler->set_count--;
    component__pool_give(&store->scheduler->free_sets, set);
    return 0;
}

int component__join(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_instance *instance = &store->instances[builtin->instance];
    struct component_waitable *waitable = NULL;
    struct component_waitable_set *set = NULL;
    int rc = component__may_leave(store, builtin->instance);
    if (rc == 0)
        rc = component__waitable_get(store, instance, vals[0].u32, COMPONENT_HANDLE_SUBTASK,
                                     COMPONENT_HANDLE_FUTURE_WRITE, &waitable);
    if (rc < 0)
        return rc;
    if (waitable->has_sync_waiter)
        return component__fail(store, "cannot join a waitable that a thread waits for synchronously");
    if (vals[1].u32)
        rc = component__set_get(store, instance, vals[1].u32, &set);
    if (rc == 0)
        component__waitable_join(waitable, set);
    return rc;
}
