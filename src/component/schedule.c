/* schedule.c - threads of a store: who runs, who waits, and how fibers are left.  Room: component.
 *
 * Source: CanonicalABI.md "Threads", "Embedding API" (tick), "canon lift" (the loop of synchronous types). See async_internal.h.
 *
 * Control goes from fiber to fiber: hand_over() names the next thread, the engine runs its fiber when this one parks or ends. A fiber that
 * is left takes the store's level of calls and its scratch memory with it. */
#include <assert.h>

#include "base/alloc.h"
#include "component/async_internal.h"

struct component_thread *component__thread(const struct component_store *store)
{
    return store->scheduler->current;
}

struct component_instance *component__current_instance(const struct component_store *store)
{
    return store->scheduler->current->task->instance;
}

static bool failed(const struct component_store *store)
{
    return engine_store_failure(store->engine)->kind != ENGINE_TRAP_NONE;
}

static bool always(const struct component_thread *thread, void *arg)
{
    (void)thread;
    (void)arg;
    return true;
}

/* ---- the store's level of calls belongs to the fiber ---- */

struct levels {
    uint32_t depth;
    struct sw_arena *scratch; /* of levels 1 .. depth */
};

static int levels_save(struct component_store *store, struct levels *ret)
{
    ret->depth = store->depth;
    ret->scratch = NULL;
    if (!store->depth)
        return 0;
    ret->scratch = sw_try_alloc_array(store->depth, sizeof *ret->scratch);
    if (!ret->scratch)
        return component__fail(store, "no memory to leave a call");
    memcpy(ret->scratch, &store->scratch[1], store->depth * sizeof *ret->scratch);
    for (uint32_t i = 1; i <= store->depth; i++)
        store->scratch[i] = SW_ARENA(COMPONENT_SCRATCH_BYTES_MAX);
    store->depth = 0;
    return 0;
}

static void levels_restore(struct component_store *store, struct levels *levels)
{
    for (uint32_t i = 1; i <= levels->depth; i++) {
        sw_arena_deinit(&store->scratch[i]);
        store->scratch[i] = levels->scratch[i - 1];
    }
    store->depth = levels->depth;
    sw_free(levels->scratch);
}

/* ---- waiting threads ---- */

void component__wait_on(struct component_store *store, struct component_thread *thread,
                        component_ready_fn *ready, void *arg)
{
    thread->state = COMPONENT_THREAD_WAITING;
    thread->ready = ready;
    thread->ready_arg = arg;
    sw_list_add_tail(&store->scheduler->waiting, &thread->waiting);
}

void component__stop_waiting(struct component_store *store, struct component_thread *thread)
{
    (void)store;
    if (thread->state == COMPONENT_THREAD_WAITING)
        sw_list_remove(&thread->waiting);
    thread->state = COMPONENT_THREAD_RUNNING;
}

void component__resume_later(struct component_store *store, struct component_thread *thread)
{
    component__wait_on(store, thread, always, NULL);
}

void component__wait_later(struct component_store *store, component_ready_fn *ready, void *arg)
{
    component__wait_on(store, store->scheduler->current, ready, arg);
}

/* Whether it can run while a call of a type that is not async blocks: not when it uses the instance's one stack in linear memory, whether
 * it holds the lock or waits for its callback (the definitions only say the former, the specification's tests mean both). */
static bool may_interleave(const struct component_thread *thread)
{
    const struct component_task *task = thread->task;
    return !task->lift || !task->lift->type->is_async || thread != task->implicit ||
           !component__needs_exclusive(task);
}

/* The oldest that is ready; of one instance, for a call of a type that is not async. */
static struct component_thread *pick(struct component_store *store, const struct component_instance *of)
{
    struct sw_link *list = &store->scheduler->waiting;
    for (struct sw_link *link = list->next; link != list; link = link->next) {
        struct component_thread *thread = SW_CONTAINER(link, struct component_thread, waiting);
        if (of && (thread->instance != of || !may_interleave(thread)))
            continue;
        if (!thread->ready(thread, thread->ready_arg))
            continue;
        component__stop_waiting(store, thread);
        return thread;
    }
    return NULL;
}

/* ---- fibers ---- */

static int hand_over(struct component_store *store, struct component_thread *to);

static int fiber_main_wait(void *arg, struct engine_store *engine_store)
{
    struct component_thread *thread = arg;
    struct component_store *store = thread->store;
    (void)engine_store; /* store->engine */
    thread->granted = false;
    thread->started = true;
    int rc = thread->body(store, thread);
    thread->call = NULL;
    thread->started = false;
    if (rc < 0) {
        store->scheduler->current = NULL;
        return rc;
    }
    return hand_over(store, NULL); /* a thread that has ended is freed there */
}

static void fiber_done(void *arg, int rc)
{
    struct component_thread *thread = arg; /* maybe in the pool; `store` stays */
    thread->store->scheduler->fiber_count--;
    if (rc < 0) {
        thread->call = NULL; /* there was no stack for it: nothing of it ran */
        thread->store->scheduler->current = NULL;
        component__wake_waiters(thread->store);
        component__calls_failed(thread->store); /* may free the store */
    }
}

static int need_fiber(struct component_store *store, struct component_thread *thread)
{
    struct component_scheduler *scheduler = store->scheduler;
    if (thread->call)
        return 0;
    if (scheduler->fiber_count >= COMPONENT_FIBERS_MAX)
        return component__fail(store, "more than %u threads of one store are in the middle of a call",
                               COMPONENT_FIBERS_MAX);
    if (engine_call_start(store->engine, fiber_main_wait, fiber_done, thread, &thread->call,
                          &scheduler->err) < 0)
        return component__fail(store, "no stack for another thread: %s", scheduler->err.text);
    scheduler->fiber_count++;
    return 0;
}

/* A fiber of the host waits for something that is not there yet. */
static bool host_waits(const struct component_scheduler *scheduler)
{
    const struct sw_link *list = &scheduler->waiters;
    for (struct sw_link *link = list->next; link != list; link = link->next) {
        const struct component_waiter *waiter = SW_CONTAINER(link, struct component_waiter, link);
        if (waiter->done && !*waiter->done)
            return true;
    }
    return false;
}

/* No thread of the store runs any more. */
static void idle(struct component_store *store)
{
    const struct component_scheduler *scheduler = store->scheduler;
    if (!scheduler->pending && !scheduler->open && host_waits(scheduler) && !failed(store))
        (void)component__fail(store, "deadlock detected: event loop cannot make further progress");
    if (failed(store))
        component__wake_waiters(store);
}

/* `to` is RUNNING, or blocked and resumed something that now gives control back. */
static int give(struct component_store *store, struct component_thread *to)
{
    store->scheduler->current = to;
    if (!to) {
        idle(store);
        return 0;
    }
    if (need_fiber(store, to) < 0)
        return -SW_EGUEST;
    to->granted = true;
    if (to->call != engine_store_call(store->engine))
        engine_call_next(to->call);
    return 0;
}

static struct component_thread *tick(struct component_store *store)
{
    struct component_thread *thread = failed(store) ? NULL : pick(store, NULL);
    if (thread && thread->instance && component__enter(store, thread->instance->index, COMPONENT_NONE) < 0)
        return NULL; /* recorded; nothing is entered while no thread runs */
    return thread;
}

/* The running thread blocks or has ended. to: what it switches to, else NULL. */
static int hand_over(struct component_store *store, struct component_thread *to)
{
    struct component_thread *self = store->scheduler->current;
    struct component_thread *resumer = self->resumer;
    const struct component_instance *instance = self->instance;
    bool ended = self->state == COMPONENT_THREAD_RUNNING;
    self->resumer = NULL;
    if (to) {
        to->resumer = to == resumer ? NULL : resumer;
    } else if (resumer) {
        to = resumer;
    } else {
        if (instance)
            component__leave(store, instance->index, COMPONENT_NONE);
        to = tick(store);
    }
    if (ended)
        component__thread_free(self);
    return give(store, to);
}

/* Leaves the fiber until its thread has control again. */
static int park_wait(struct component_store *store, struct component_thread *self)
{
    struct levels levels;
    self->call = engine_store_call(store->engine);
    int rc = levels_save(store, &levels);
    if (rc < 0)
        return rc;
    while (rc == 0 && !self->granted)
        rc = engine_park_wait(store->engine, &store->scheduler->err);
    self->granted = false;
    levels_restore(store, &levels);
    return rc;
}

int component__resume_wait(struct component_store *store, struct component_thread *thread, bool cancelled)
{
    struct component_thread *self = store->scheduler->current;
    component__stop_waiting(store, thread);
    thread->cancelled = cancelled;
    thread->resumer = self;
    self->call = engine_store_call(store->engine);
    int rc = give(store, thread);
    return rc < 0 ? rc : park_wait(store, self);
}

/* A call of a type that is not async keeps its caller waiting: only threads of the same instance may run meanwhile. */
static int block_nested_wait(struct component_store *store, struct component_thread *self,
                             struct component_thread *to)
{
    int rc = 0;
    while (rc == 0 && self->state != COMPONENT_THREAD_RUNNING) {
        struct component_thread *next = to ? to : pick(store, self->instance);
        to = NULL;
        if (!next)
            return component__fail(store, "cannot block a synchronous task before returning");
        if (next != self)
            rc = component__resume_wait(store, next, false);
    }
    return rc;
}

static int block_wait(struct component_store *store, struct component_thread *to, bool cancellable,
                      bool *ret_cancelled)
{
    struct component_thread *self = store->scheduler->current;
    self->cancellable = cancellable;
    self->cancelled = false;
    int rc;
    if (self->nested) {
        rc = block_nested_wait(store, self, to);
    } else {
        self->call = engine_store_call(store->engine);
        rc = hand_over(store, to);
        if (rc == 0)
            rc = park_wait(store, self);
    }
    self->cancellable = false;
    *ret_cancelled = self->cancelled;
    return rc;
}

/* ---- what built-ins use ---- */

bool component__pending_cancel(struct component_store *store, bool cancellable)
{
    struct component_thread *thread = store->scheduler->current;
    int next = cancellable ? component__task_next(thread->task->state, COMPONENT_TASK_ON_DELIVER)
                           : COMPONENT_NO_STATE;
    if (next == COMPONENT_NO_STATE)
        return false;
    thread->task->state = (enum component_task_state)next;
    return true;
}

int component__until_wait(struct component_store *store, component_ready_fn *ready, void *arg,
                          bool cancellable, bool *ret_cancelled)
{
    struct component_thread *self = store->scheduler->current;
    *ret_cancelled = component__pending_cancel(store, cancellable);
    if (*ret_cancelled || ready(self, arg))
        return 0;
    component__wait_on(store, self, ready, arg);
    return block_wait(store, NULL, cancellable, ret_cancelled);
}

int component__turn_wait(struct component_store *store, component_ready_fn *ready, void *arg,
                         bool cancellable, bool *ret_cancelled)
{
    component__wait_on(store, store->scheduler->current, ready, arg);
    return block_wait(store, NULL, cancellable, ret_cancelled);
}

int component__yield_wait(struct component_store *store, bool cancellable, bool *ret_cancelled)
{
    struct component_thread *self = store->scheduler->current;
    *ret_cancelled = component__pending_cancel(store, cancellable);
    if (*ret_cancelled)
        return 0;
    /* Lets what the loop has to tell arrive, when there may be something. */
    if (store->scheduler->pending && engine_yield_wait(store->engine, &store->scheduler->err) < 0)
        return -SW_EGUEST;
    component__wait_on(store, self, always, NULL);
    return block_wait(store, NULL, cancellable, ret_cancelled);
}

int component__suspend_wait(struct component_store *store, bool cancellable, bool *ret_cancelled)
{
    struct component_thread *self = store->scheduler->current;
    *ret_cancelled = component__pending_cancel(store, cancellable);
    if (*ret_cancelled)
        return 0;
    self->state = COMPONENT_THREAD_SUSPENDED;
    return block_wait(store, NULL, cancellable, ret_cancelled);
}

int component__switch_wait(struct component_store *store, struct component_thread *other, bool yield,
                           bool cancellable, bool *ret_cancelled)
{
    struct component_thread *self = store->scheduler->current;
    *ret_cancelled = component__pending_cancel(store, cancellable);
    if (*ret_cancelled)
        return 0;
    component__stop_waiting(store, other);
    if (yield)
        component__wait_on(store, self, always, NULL);
    else
        self->state = COMPONENT_THREAD_SUSPENDED;
    return block_wait(store, other, cancellable, ret_cancelled);
}

void component__stir(struct component_store *store)
{
    struct component_scheduler *scheduler = store->scheduler;
    if (scheduler->current || failed(store))
        return;
    struct component_thread *thread = tick(store);
    scheduler->current = thread;
    if (!thread) {
        idle(store);
        return;
    }
    if (need_fiber(store, thread) < 0) {
        component__wake_waiters(store);
        return;
    }
    thread->granted = true;
    if (thread->started || thread->nested)
        engine_call_wake(thread->call);
}

void component__pending_begin(struct component_store *store)
{
    store->scheduler->pending++; /* bounded by what the host has open */
}

void component__pending_end(struct component_store *store)
{
    assert(store->scheduler->pending > 0);
    store->scheduler->pending--;
    component__stir(store);
}

/* ---- the host's fibers. While they run no thread of the store, its level of calls is another's ---- */

int component__host_wait(struct component_store *store, const bool *done)
{
    struct component_waiter waiter = {.call = engine_store_call(store->engine), .done = done};
    int rc = 0;
    sw_list_add_tail(&store->scheduler->waiters, &waiter.link);
    component__stir(store);
    while (rc == 0 && !*done)
        rc = engine_park_wait(store->engine, &store->scheduler->err);
    sw_list_remove(&waiter.link);
    return rc;
}

void component__wake_waiters(struct component_store *store)
{
    struct sw_link *list = &store->scheduler->waiters;
    for (struct sw_link *link = list->next; link != list; link = link->next)
        engine_call_wake(SW_CONTAINER(link, struct component_waiter, link)->call);
    if (store->call && failed(store)) /* it may wait for a thread that it called */
        engine_call_wake(store->call);
}

/* The host's fiber becomes the store's running thread: at once when none runs, else in its turn. */
static int acquire_wait(struct component_store *store, struct component_thread *thread)
{
    if (!store->scheduler->current) {
        store->scheduler->current = thread;
        return 0;
    }
    struct component_waiter waiter = {.call = engine_store_call(store->engine)};
    thread->call = waiter.call;
    component__wait_on(store, thread, always, NULL);
    sw_list_add_tail(&store->scheduler->waiters, &waiter.link);
    int rc = 0;
    while (rc == 0 && !thread->granted)
        rc = engine_park_wait(store->engine, &store->scheduler->err);
    thread->granted = false;
    sw_list_remove(&waiter.link);
    if (rc == 0) /* the call itself enters */
        component__leave(store, thread->instance->index, COMPONENT_NONE);
    return rc;
}

int component__nested_begin_wait(struct component_store *store, struct component_nested *nested,
                                 uint32_t instance, bool by_host)
{
    struct component_task *task = &nested->task;
    struct component_thread *thread = &nested->thread;
    memset(nested, 0, sizeof *nested);
    task->store = store;
    task->state = COMPONENT_TASK_STARTED;
    task->instance = &store->instances[instance];
    task->implicit = thread;
    sw_list_init(&task->threads);
    thread->store = store;
    thread->task = task;
    thread->instance = task->instance;
    thread->nested = true;
    thread->state = COMPONENT_THREAD_RUNNING;
    sw_list_init(&thread->waiting);
    sw_list_init(&thread->of_task);
    sw_list_init(&thread->all);
    if (by_host) {
        int rc = acquire_wait(store, thread);
        if (rc < 0)
            return rc;
    } else {
        thread->outer = store->scheduler->current;
        store->scheduler->current = thread;
    }
    return component__thread_register(thread);
}

int component__nested_end(struct component_store *store, struct component_nested *nested, bool by_host)
{
    nested->task.state = COMPONENT_TASK_RESOLVED;
    int rc = component__thread_unregister(&nested->thread);
    if (rc < 0)
        return rc;
    store->scheduler->current = nested->thread.outer;
    if (by_host)
        component__stir(store);
    return 0;
}

/* ---- making and freeing ---- */

void *component__pool_take(struct component_store *store, void **free_list, size_t size)
{
    void *item = *free_list;
    if (item) {
        memcpy(free_list, item, sizeof *free_list);
        memset(item, 0, size);
        return item;
    }
    item = sw_arena_try(&store->arena, size, alignof(max_align_t));
    if (!item)
        (void)component__fail(store, "no memory for another task, thread or waitable of the store");
    return item;
}

void component__pool_give(void **free_list, void *item)
{
    memcpy(item, free_list, sizeof *free_list);
    *free_list = item;
}

int component__thread_new(struct component_store *store, struct component_task *task, component_body_fn *body,
                          struct component_thread **ret)
{
    struct component_scheduler *scheduler = store->scheduler;
    if (scheduler->thread_count >= COMPONENT_THREADS_MAX)
        return component__fail(store, "more than %u threads in one store", COMPONENT_THREADS_MAX);
    struct component_thread *thread = component__pool_take(store, &scheduler->free_threads, sizeof *thread);
    if (!thread)
        return -SW_EGUEST;
    scheduler->thread_count++;
    thread->store = store;
    thread->task = task;
    thread->instance = task ? task->instance : NULL;
    thread->body = body;
    sw_list_init(&thread->waiting);
    sw_list_init(&thread->of_task);
    sw_list_add_tail(&scheduler->threads, &thread->all);
    *ret = thread;
    return 0;
}

void component__thread_free(struct component_thread *thread)
{
    struct component_scheduler *scheduler = thread->store->scheduler;
    sw_list_remove(&thread->all);
    scheduler->thread_count--;
    thread->task = NULL;
    component__pool_give(&scheduler->free_threads, thread);
}

int component__thread_register(struct component_thread *thread)
{
    struct component_store *store = thread->store;
    struct component_handle entry = {.kind = COMPONENT_HANDLE_THREAD, .thread = thread};
    sw_list_add_tail(&thread->task->threads, &thread->of_task);
    if (component_handles_add(&thread->task->instance->threads, &store->handles_budget, &entry,
                              &thread->index) < 0)
        return component__fail(store, "table of threads is full, or no memory for it");
    return 0;
}

int component__thread_unregister(struct component_thread *thread)
{
    struct component_task *task = thread->task;
    sw_list_remove(&thread->of_task);
    if (sw_list_empty(&task->threads) && task->state != COMPONENT_TASK_RESOLVED)
        return component__fail(thread->store, "a task ended without a result: neither task.return nor "
                                              "task.cancel was called");
    component_handles_remove(&task->instance->threads, thread->index);
    thread->index = 0;
    return 0;
}

/* ---- for store.c ---- */

static void init(struct component_scheduler *scheduler)
{
    memset(scheduler, 0, sizeof *scheduler);
    sw_list_init(&scheduler->waiting);
    sw_list_init(&scheduler->threads);
    sw_list_init(&scheduler->waiters);
    sw_list_init(&scheduler->operations);
    sw_list_init(&scheduler->woken);
    sw_list_init(&scheduler->cancels);
    sw_list_init(&scheduler->calls);
}

int component__scheduler_new(struct component_store *store)
{
    store->scheduler = sw_try_alloc(sizeof *store->scheduler);
    if (!store->scheduler)
        return -SW_ENOMEM;
    init(store->scheduler);
    return 0;
}

void component__scheduler_cancel(struct component_store *store)
{
    struct sw_link *list = &store->scheduler->threads;
    for (struct sw_link *link = list->next; link != list; link = link->next) {
        struct component_thread *thread = SW_CONTAINER(link, struct component_thread, all);
        struct engine_call *call = thread->call;
        thread->call = NULL;
        if (call)
            engine_call_cancel(call);
    }
    component__operations_end(store);
}

void component__scheduler_reset(struct component_store *store)
{
    init(store->scheduler);
    for (uint32_t i = 0; i < store->component->plan->component_instance_count; i++) {
        struct component_instance *instance = &store->instances[i];
        component_handles_clear(&instance->threads);
        store->handles_budget -= instance->threads.cap;
        instance->backpressure = 0;
        instance->waiting_to_enter = 0;
        instance->tasks = 0;
        instance->exclusive = NULL;
    }
}
