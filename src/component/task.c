/* task.c - tasks: calls of functions of async types, from entering to the end of their last thread.  Room: component.
 *
 * Source: CanonicalABI.md "Tasks", "canon lift". See async_internal.h for the states.
 *
 *   body: enter (waits while there is backpressure) ─► start: arguments ─► core function ─┬─ synchronous lift: result, post-return ─► exit
 *                                                                                         ├─ stackful: it called task.return ──────► exit
 *                                                                                         └─ callback: code ┬─ EXIT ───────────────► exit
 *                                                            fiber given back ◄── YIELD, WAIT: not ready ───┤
 *                                                                   └─► event ─► callback: code ────────────┘ */
#include <assert.h>

#include "component/async_internal.h"

enum callback_code { CALLBACK_EXIT, CALLBACK_YIELD, CALLBACK_WAIT }; /* CanonicalABI.md "canon lift" */

bool component__needs_exclusive(const struct component_task *task)
{
    const struct component_options *options = &task->lift->canon.plan.options;
    return !options->is_async || options->has_callback;
}

static void task_free(struct component_task *task)
{
    struct component_scheduler *scheduler = task->store->scheduler;
    if (task->caller->exited)
        task->caller->exited(task);
    task->instance->tasks--;
    if (--scheduler->tasks == 0) {
        scheduler->quiet = true;
        component__wake_waiters(task->store);
    }
    component__pool_give(&scheduler->free_tasks, task);
}

/* ---- the states ---- */

static const char *const state_names[] = {
    [COMPONENT_TASK_INITIAL] = "initial",
    [COMPONENT_TASK_STARTED] = "started",
    [COMPONENT_TASK_PENDING_CANCEL] = "pending-cancel",
    [COMPONENT_TASK_CANCEL_DELIVERED] = "cancel-delivered",
    [COMPONENT_TASK_RESOLVED] = "resolved",
};

static const char *const event_names[] = {
    [COMPONENT_TASK_ON_START] = "start",     [COMPONENT_TASK_ON_RETURN] = "return",
    [COMPONENT_TASK_ON_ASK] = "ask",         [COMPONENT_TASK_ON_ASK_LATER] = "ask-later",
    [COMPONENT_TASK_ON_DELIVER] = "deliver", [COMPONENT_TASK_ON_CANCEL] = "cancel",
};

#define NO COMPONENT_NO_STATE
/* Columns: start, return, ask, ask-later, deliver, cancel. */
static const signed char moves[COMPONENT_TASK_STATES][COMPONENT_TASK_EVENTS] = {
    [COMPONENT_TASK_INITIAL] = {COMPONENT_TASK_STARTED, NO, COMPONENT_TASK_CANCEL_DELIVERED, NO, NO, NO},
    [COMPONENT_TASK_STARTED] = {NO, COMPONENT_TASK_RESOLVED, COMPONENT_TASK_CANCEL_DELIVERED,
                                COMPONENT_TASK_PENDING_CANCEL, NO, NO},
    [COMPONENT_TASK_PENDING_CANCEL] = {NO, COMPONENT_TASK_RESOLVED, NO, NO, COMPONENT_TASK_CANCEL_DELIVERED,
                                       NO},
    [COMPONENT_TASK_CANCEL_DELIVERED] = {NO, COMPONENT_TASK_RESOLVED, NO, NO, NO, COMPONENT_TASK_RESOLVED},
    [COMPONENT_TASK_RESOLVED] = {NO, NO, NO, NO, NO, NO},
};
#undef NO

const char *component__task_state_name(enum component_task_state state)
{
    return state_names[state];
}

const char *component__task_event_name(enum component_task_event event)
{
    return event_names[event];
}

int component__task_next(enum component_task_state state, enum component_task_event event)
{
    return moves[state][event];
}

static void move(struct component_task *task, enum component_task_event event)
{
    int next = moves[task->state][event];
    assert(next != COMPONENT_NO_STATE); /* what a guest can cause is refused by a trap before */
    task->state = (enum component_task_state)next;
}

static int no_borrows(const struct component_task *task)
{
    if (task->borrows.count)
        return component__fail(task->store, "borrow handles still remain at the end of the call: %u",
                               task->borrows.count);
    return 0;
}

int component__task_return(struct component_task *task, const union engine_val *vals)
{
    if (moves[task->state][COMPONENT_TASK_ON_RETURN] == COMPONENT_NO_STATE)
        return component__fail(task->store, "task.return: the task has returned or was cancelled already");
    int rc = no_borrows(task);
    if (rc == 0)
        rc = task->caller->resolve(task, vals);
    if (rc == 0)
        move(task, COMPONENT_TASK_ON_RETURN);
    return rc;
}

int component__task_cancel(struct component_task *task)
{
    if (moves[task->state][COMPONENT_TASK_ON_CANCEL] == COMPONENT_NO_STATE)
        return component__fail(task->store, "`task.cancel` called by task which has not been cancelled");
    int rc = no_borrows(task);
    if (rc == 0)
        rc = task->caller->resolve(task, NULL);
    if (rc == 0)
        move(task, COMPONENT_TASK_ON_CANCEL);
    return rc;
}

static struct component_thread *cancellable(struct component_task *task)
{
    const struct component_thread *other = task->instance->exclusive;
    bool not_implicit = component__needs_exclusive(task) && other && other != task->implicit;
    for (struct sw_link *link = task->threads.next; link != &task->threads; link = link->next) {
        struct component_thread *thread = SW_CONTAINER(link, struct component_thread, of_task);
        if (thread->cancellable && !(not_implicit && thread == task->implicit))
            return thread;
    }
    return NULL;
}

static bool may_enter(const struct component_instance *instance, uint32_t stop)
{
    for (; instance && instance->index != stop; instance = instance->parent)
        if (instance->entered)
            return false;
    return true;
}

int component__task_ask_cancel_wait(struct component_store *store, struct component_task *task, uint32_t stop)
{
    if (task->state == COMPONENT_TASK_INITIAL) { /* its implicit thread waits to enter */
        move(task, COMPONENT_TASK_ON_ASK);
        return component__resume_wait(store, task->implicit, true);
    }
    struct component_thread *thread = cancellable(task);
    if (!thread || !may_enter(task->instance, stop)) {
        move(task, COMPONENT_TASK_ON_ASK_LATER);
        return 0;
    }
    uint32_t instance = task->instance->index;
    move(task, COMPONENT_TASK_ON_ASK);
    int rc = component__enter(store, instance, stop);
    if (rc == 0)
        rc = component__resume_wait(store, thread, true); /* the task may be gone afterwards */
    if (rc == 0)
        component__leave(store, instance, stop);
    return rc;
}

/* ---- entering and leaving ---- */

static bool has_backpressure(const struct component_task *task)
{
    return task->instance->backpressure > 0 ||
           (component__needs_exclusive(task) && task->instance->exclusive);
}

static bool may_start(const struct component_thread *thread, void *arg)
{
    (void)thread;
    return !has_backpressure(arg);
}

/* The task that is in the instance's code may be ready to go on, and be over when it has. The definitions leave it for later; the
 * specification's sync-streams.wast has it run before a call of the same instance waits. */
static int let_go_on_wait(struct component_task *task)
{
    const struct component_instance *instance = task->instance;
    struct component_thread *other = instance->exclusive;
    if (!component__needs_exclusive(task) || !other || instance->backpressure > 0 ||
        instance->waiting_to_enter > 0 || other->state != COMPONENT_THREAD_WAITING ||
        !other->ready(other, other->ready_arg))
        return 0;
    return component__resume_wait(task->store, other, false);
}

/* Returns SW_END when it was cancelled meanwhile. */
static int enter_wait(struct component_task *task, struct component_thread *thread)
{
    struct component_instance *instance = task->instance;
    struct component_store *store = task->store;
    int rc = let_go_on_wait(task);
    if (rc < 0)
        return rc;
    if (has_backpressure(task) || instance->waiting_to_enter > 0) {
        bool cancelled;
        instance->waiting_to_enter++;
        rc = component__turn_wait(store, may_start, task, true, &cancelled);
        if (rc < 0)
            return rc;
        instance->waiting_to_enter--;
        if (cancelled) {
            rc = component__task_cancel(task);
            return rc < 0 ? rc : SW_END;
        }
    }
    if (component__needs_exclusive(task)) {
        assert(!instance->exclusive);
        instance->exclusive = thread;
    }
    return component__thread_register(thread);
}

static int exit_task(struct component_task *task)
{
    if (component__needs_exclusive(task))
        task->instance->exclusive = NULL;
    int rc = component__thread_unregister(task->implicit);
    task->implicit = NULL;
    if (rc == 0)
        component__task_thread_ended(task);
    return rc;
}

void component__task_thread_ended(struct component_task *task)
{
    if (sw_list_empty(&task->threads))
        task_free(task);
}

/* ---- running ---- */

/* Called with the arguments in vals, leaves the flat results there. */
static int core_call_wait(struct component_task *task, struct component_core_ref ref, union engine_val *vals,
                          size_t count)
{
    int rc = component__level_begin(task->store);
    if (rc == 0)
        rc = component__core_call_wait(task->store, ref, vals, count);
    if (rc == 0)
        component__level_end(task->store);
    return rc;
}

static bool alone(const struct component_thread *thread, void *arg)
{
    (void)arg;
    return !thread->task->instance->exclusive;
}

static bool alone_with_event(const struct component_thread *thread, void *arg)
{
    const struct component_waitable_set *set = arg;
    return !thread->task->instance->exclusive && !sw_list_empty(&set->pending);
}

static int callback_body_wait(struct component_store *store, struct component_thread *thread);

/* What a callback or the core function itself said. Returns 0 when the task is over, SW_ABSENT with *ret_event when the callback is to be
 * called at once, COMPONENT_BODY_LATER. */
static int follow_code(struct component_task *task, uint32_t packed, struct component_event *ret_event)
{
    struct component_store *store = task->store;
    struct component_thread *thread = task->implicit;
    uint32_t code = packed & 0xf;
    if (code > CALLBACK_WAIT)
        return component__fail(store, "unsupported callback code: %u", code);
    if (code == CALLBACK_EXIT)
        return exit_task(task);
    task->instance->exclusive = NULL;
    task->set = NULL;
    if (code == CALLBACK_WAIT) {
        int rc = component__set_get(store, task->instance, packed >> 4, &task->set);
        if (rc < 0)
            return rc;
    }
    *ret_event = (struct component_event){COMPONENT_EVENT_TASK_CANCELLED, 0, 0};
    if (component__pending_cancel(store, true))
        return SW_ABSENT;
    if (task->set && alone_with_event(thread, task->set)) {
        int rc = component__set_take(store, task->set, ret_event);
        return rc < 0 ? rc : SW_ABSENT;
    }
    if (task->set)
        task->set->waiting++;
    thread->cancellable = true;
    thread->cancelled = false;
    thread->body = callback_body_wait;
    component__wait_later(store, task->set ? alone_with_event : alone, task->set);
    return COMPONENT_BODY_LATER;
}

static int run_callbacks_wait(struct component_task *task, int rc, struct component_event event,
                              uint32_t packed)
{
    while (rc == SW_ABSENT) {
        union engine_val vals[3];
        assert(!task->instance->exclusive);
        task->instance->exclusive = task->implicit;
        vals[0].u64 = event.code;
        vals[1].u64 = event.index;
        vals[2].u64 = event.payload;
        rc = core_call_wait(task, task->lift->callback, vals, 3);
        packed = vals[0].u32;
        if (rc == 0)
            rc = follow_code(task, packed, &event);
    }
    return rc;
}

/* A callback task goes on, on another fiber. */
static int callback_body_wait(struct component_store *store, struct component_thread *thread)
{
    struct component_task *task = thread->task;
    struct component_event event = {COMPONENT_EVENT_NONE, 0, 0};
    int rc = 0;
    thread->cancellable = false;
    if (task->set)
        task->set->waiting--;
    if (thread->cancelled)
        event.code = COMPONENT_EVENT_TASK_CANCELLED;
    else if (task->set)
        rc = component__set_take(store, task->set, &event);
    return rc < 0 ? rc : run_callbacks_wait(task, SW_ABSENT, event, 0);
}

static int post_return_wait(struct component_task *task, union engine_val *vals)
{
    const struct component_bound_lift *lift = task->lift;
    if (!lift->canon.plan.options.has_post_return)
        return 0;
    int rc = component__level_begin(task->store);
    if (rc == 0)
        rc = component__call_staying(task->store, task->instance->index, lift->post_return, vals,
                                     lift->type->flat_result_count ? 1 : 0);
    if (rc == 0)
        component__level_end(task->store);
    return rc;
}

static int run_wait(struct component_task *task, union engine_val *vals)
{
    const struct component_bound_lift *lift = task->lift;
    const struct component_options *options = &lift->canon.plan.options;
    struct component_event event = {COMPONENT_EVENT_NONE, 0, 0};
    uint32_t used = 0;
    move(task, COMPONENT_TASK_ON_START);
    int rc = component__call_begin(&task->cx.call, task->store, &lift->canon);
    if (rc == 0)
        rc = task->caller->start(task, vals, &used);
    if (rc == 0)
        rc = core_call_wait(task, lift->callee, vals, used ? used : 1);
    if (rc < 0)
        return rc;
    if (options->has_callback) {
        rc = follow_code(task, vals[0].u32, &event);
        return run_callbacks_wait(task, rc, event, 0);
    }
    if (!options->is_async) {
        rc = component__task_return(task, vals);
        if (rc == 0)
            rc = post_return_wait(task, vals);
        if (rc < 0)
            return rc;
    }
    return exit_task(task);
}

static int task_body_wait(struct component_store *store, struct component_thread *thread)
{
    union engine_val vals[COMPONENT_FLAT_MAX];
    struct component_task *task = thread->task;
    (void)store; /* task->store */
    int rc = enter_wait(task, thread);
    if (rc == SW_END) {
        task_free(task);
        return 0;
    }
    return rc < 0 ? rc : run_wait(task, vals);
}

int component__task_new(struct component_store *store, const struct component_bound_lift *lift,
                        const struct component_caller *caller, void *arg, struct component_task **ret)
{
    struct component_instance *instance = &store->instances[lift->canon.plan.instance];
    if (instance->tasks >= COMPONENT_TASKS_MAX)
        return component__fail(store, "more than %u tasks in one component instance", COMPONENT_TASKS_MAX);
    struct component_task *task = component__pool_take(store, &store->scheduler->free_tasks, sizeof *task);
    if (!task)
        return -SW_EGUEST;
    instance->tasks++;
    store->scheduler->tasks++;
    task->store = store;
    task->instance = instance;
    task->lift = lift;
    task->caller = caller;
    task->caller_arg = arg;
    sw_list_init(&task->threads);
    int rc = component__thread_new(store, task, task_body_wait, &task->implicit);
    if (rc == 0)
        *ret = task;
    return rc; /* a failure is the store's end: nothing is given back */
}

/* ---- built-ins: task.return, task.cancel, backpressure.* ---- */

static int current_task(struct component_store *store, uint32_t instance, const char *name,
                        struct component_task **ret)
{
    int rc = component__may_leave(store, instance);
    if (rc < 0)
        return rc;
    struct component_task *task = component__thread(store)->task;
    if (!task->lift || !task->lift->canon.plan.options.is_async)
        return component__fail(store, "%s in a task that is not of an async lift", name);
    *ret = task;
    return 0;
}

int component__task_return_builtin(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_task *task = NULL;
    int rc = current_task(store, builtin->instance, "task.return", &task);
    if (rc < 0)
        return rc;
    const struct component_canon *own = &task->lift->canon;
    /* The definitions want the same memory in any case; the specification's own tests leave it out where the result needs none. */
    bool same_memory = !builtin->plan->options.has_memory || builtin->canon.memory == own->memory;
    if (builtin->plan->type != task->lift->type->result || !same_memory ||
        builtin->plan->options.encoding != own->plan.options.encoding)
        return component__fail(store, "invalid `task.return` signature and/or options for current task");
    return component__task_return(task, vals);
}

int component__task_cancel_builtin(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_task *task = NULL;
    (void)vals; /* none */
    int rc = current_task(engine_store_owner(engine_store), builtin->instance, "task.cancel", &task);
    return rc < 0 ? rc : component__task_cancel(task);
}

int component__backpressure_inc(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    (void)vals; /* none */
    if (++store->instances[builtin->instance].backpressure == COMPONENT_BACKPRESSURE_MAX)
        return component__fail(store, "backpressure counter overflow");
    return 0;
}

int component__backpressure_dec(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    (void)vals; /* none */
    if (store->instances[builtin->instance].backpressure == 0)
        return component__fail(store, "backpressure counter underflow");
    store->instances[builtin->instance].backpressure--;
    return 0;
}
