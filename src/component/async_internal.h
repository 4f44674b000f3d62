/* async_internal.h - tasks, threads, waitables and the scheduler of a store.  Room: component (private).
 *
 * A *task* is one call of a lifted function; it has an implicit thread and those it makes. A *thread* runs on a fiber (an engine_call) or,
 * between the callbacks of a callback lift, on none. A store runs one thread at a time: scheduler->current. A thread gives control away by
 * blocking or ending: to whoever resumed it (a call, a cancellation), else to the oldest waiting thread that is ready.
 *
 *   caller ── lower ──► subtask (a waitable of the caller) ···· task ── threads (callee)
 *   waitable ── at most one pending event ──► waitable set ──► a thread that waits for it
 *
 * Functions of async types have fibers of their own. Functions of other types run on their caller's, also in components that are async:
 * a built-in that would block in such a task runs ready threads of the same component instance meanwhile, or traps when there is none.
 *
 * Components without anything async (component.is_async false) never come here: store->scheduler is NULL in them.
 * Source: CanonicalABI.md "Stack Switching", "Threads", "Tasks", "Embedding API", "Waitable State", "Subtask State".
 *
 * Invariants
 *  1. scheduler->current is the thread that runs; every other fiber of the store is parked. NULL: none runs, and none that waits is ready.
 *  2. A thread is on scheduler->waiting exactly while THREAD_WAITING.
 *  3. A waitable with a pending event is on its set's `pending`, else on its set's `idle`, or in no set.
 *  4. may_enter of an instance is touched where a thread is resumed and where it gives control back (schedule.c, task.c), nowhere else.
 *  5. After a failure of the store nothing is repaired; component_store_free ends every fiber and forgets the rest. */
#ifndef SW_COMPONENT_ASYNC_INTERNAL_H
#define SW_COMPONENT_ASYNC_INTERNAL_H

#include "component/run_internal.h"

struct component_thread;
struct component_task;
struct component_subtask;

/* ---- events and waitables (waitable.c). CanonicalABI.md "Waitable State" ---- */

enum component_event_code {
    COMPONENT_EVENT_NONE,
    COMPONENT_EVENT_SUBTASK,
    COMPONENT_EVENT_STREAM_READ,
    COMPONENT_EVENT_STREAM_WRITE,
    COMPONENT_EVENT_FUTURE_READ,
    COMPONENT_EVENT_FUTURE_WRITE,
    COMPONENT_EVENT_TASK_CANCELLED
};
struct component_event {
    uint32_t code, index, payload;
};
#define COMPONENT_BLOCKED UINT32_MAX /* what an async built-in returns whose event comes later */

/* Works a pending event out at the moment it is delivered (the specification's closure): states change here, not when it is set.
 * On the fiber of the thread that gets it, which may be one of any task of the instance; guest code may run (realloc).
 * Returns 0 or < 0 after recording a trap. */
typedef int component_take_fn(struct component_store *store, struct component_waitable *waitable,
                              struct component_event *ret);

/* First member of a subtask, and of a stream's or future's end. Its owner allocates it. */
struct component_waitable {
    uint8_t kind; /* enum component_handle_kind: SUBTASK .. FUTURE_WRITE; what the handle's entry has too */
    bool
        has_sync_waiter; /* a thread waits for it by itself: it cannot be joined, nor read or cancelled meanwhile */
    uint32_t index;                     /* in its instance's table; 0: in none */
    component_take_fn *take;            /* the pending event; NULL: none */
    struct component_waitable_set *set; /* or NULL */
    struct sw_link member;              /* in set->idle or set->pending */
};
struct component_waitable_set {
    struct sw_link idle,
        pending; /* component_waitable.member; an event is handed to the one that waits longest */
    uint32_t members;
    uint32_t waiting; /* threads that wait for it: it cannot be dropped */
};

void component__waitable_init(struct component_waitable *waitable, enum component_handle_kind kind);
static inline bool component__waitable_has_event(const struct component_waitable *waitable)
{
    return waitable->take != NULL;
}
/* Sets the pending event; replaces one that was not taken yet. Any side: when no thread of the store runs, one that became ready is
 * resumed from the loop. Before component__waitable_drop. */
void component__waitable_set_event(struct component_store *store, struct component_waitable *waitable,
                                   component_take_fn *take);
/* There is one. Clears it first, then works it out. */
int component__waitable_take_event(struct component_store *store, struct component_waitable *waitable,
                                   struct component_event *ret) SW_MUST_CHECK;
/* The running thread waits until there is one, not cancellable, and takes it: what a synchronous built-in ends with. The waitable is in
 * no set and has no other sync waiter (the caller has trapped otherwise: component__waitable_sync). */
int component__waitable_wait(struct component_store *store, struct component_waitable *waitable,
                             struct component_event *ret) SW_MUST_CHECK;
/* Traps when it is in a waitable set: "waitable cannot be used synchronously while added to a waitable set". */
int component__waitable_sync(struct component_store *store,
                             const struct component_waitable *waitable) SW_MUST_CHECK;
void component__waitable_join(struct component_waitable *waitable,
                              struct component_waitable_set *set); /* set NULL: leaves its set */
/* Leaves its set; there is no pending event and no sync waiter. The caller removes its handle and frees it. */
void component__waitable_drop(struct component_waitable *waitable);

/* The handle of a waitable: adds it to the instance's table (index is set), or finds one of those kinds, or a trap. */
int component__waitable_add(struct component_store *store, struct component_instance *instance,
                            struct component_waitable *waitable) SW_MUST_CHECK;
int component__waitable_get(struct component_store *store, struct component_instance *instance,
                            uint32_t index, enum component_handle_kind first, enum component_handle_kind last,
                            struct component_waitable **ret) SW_MUST_CHECK;

int component__set_get(struct component_store *store, struct component_instance *instance, uint32_t index,
                       struct component_waitable_set **ret) SW_MUST_CHECK;
int component__set_take(struct component_store *store, struct component_waitable_set *set,
                        struct component_event *ret) SW_MUST_CHECK; /* of a waitable that has one */
engine_host_fn component__set_new, component__set_wait, component__set_poll, component__set_drop,
    component__join;

/* ---- threads and the scheduler (schedule.c). CanonicalABI.md "Threads" ----
 *
 *                 resume, tick                    suspend
 *   (new) SUSPENDED ──────────► RUNNING ─────────────────────► SUSPENDED
 *              │                 ▲   │ wait_until, yield            │ resume-later: ready at once
 *              └─ resume-later ──┤   ▼                              ▼
 *                                └─ WAITING ◄───────────────────────┘   RUNNING ──► (ended)
 */
enum component_thread_state {
    COMPONENT_THREAD_SUSPENDED,
    COMPONENT_THREAD_WAITING,
    COMPONENT_THREAD_RUNNING
};

/* Whether a waiting thread may go on. Called often, without side effects. */
typedef bool component_ready_fn(const struct component_thread *thread, void *arg);
/* A thread's code, on a fresh fiber. Returns 0: it has ended; COMPONENT_BODY_LATER: it waits (component__wait_later), and goes on later
 * with what thread->body is then, on another fiber; < 0 after recording a trap. */
#define COMPONENT_BODY_LATER SW_WAIT
typedef int component_body_fn(struct component_store *store, struct component_thread *thread);

struct component_thread {
    struct sw_link waiting;        /* in scheduler->waiting; while SUSPENDED or RUNNING: in none */
    struct component_store *store; /* not first: stays in a freed one */
    struct sw_link of_task;        /* in task->threads, while it is registered */
    struct sw_link all; /* in scheduler->threads: all that have, or may get, a fiber of their own */
    struct component_task *task;
    struct component_instance *instance; /* the task's; NULL: the store's own thread, which enters nothing */
    enum component_thread_state state;
    bool cancellable;          /* a cancellation may end this block */
    bool cancelled;            /* ... and has: the block's result */
    bool granted;              /* control was given to it: its park is over */
    bool nested;               /* a call on its caller's fiber, of a function whose type is not async */
    bool started;              /* its fiber has begun */
    uint32_t index;            /* in instance->threads; 0: not registered */
    uint64_t storage[2];       /* context.get, context.set */
    component_ready_fn *ready; /* WAITING */
    void *ready_arg;
    struct component_thread *resumer; /* gets control when this one blocks or ends; NULL: the scheduler */
    struct component_thread *outer;   /* nested: the caller's thread below it */
    component_body_fn *body;          /* runs when it is resumed without a fiber */
    void *body_arg;
    struct engine_call *call; /* the fiber it is on; NULL: none yet, or none for now */
    struct engine_func func;  /* thread.new-indirect: its function, and what that is called with */
    uint64_t arg;
};

/* One host's fiber that waits for a task; on its stack. */
struct component_waiter {
    struct sw_link link; /* in scheduler->waiters */
    struct engine_call *call;
    const bool *done; /* what it waits for; NULL: its turn */
};

struct component_scheduler {          /* of a store */
    struct component_thread *current; /* the one that runs */
    struct sw_link waiting;           /* component_thread.waiting, the one that waits longest first */
    struct sw_link threads;           /* component_thread.all */
    struct sw_link waiters;           /* component_waiter.link */
    struct sw_link operations;        /* component_operation.link: that run */
    struct sw_link woken;             /* component_operation.woken: to be polled */
    struct sw_link cancels;           /* component_host_call.cancel: to be asked to end */
    uint32_t thread_count, fiber_count, subtask_count, set_count;
    uint32_t pending; /* component__pending_begin */
    bool open;        /* more calls may come: nothing is a deadlock */
    uint32_t tasks;
    bool quiet;           /* there was a moment without tasks: component_tasks_wait */
    struct sw_link calls; /* component_async_call.link: of the host */
    struct component_thread
        *poller; /* polls operations and asks calls of the host to end; NULL: not needed yet */
    void *free_threads, *free_tasks, *free_subtasks, *free_sets, *free_calls;
    struct sw_err err; /* here because it is too big for a fiber's stack */
};

/* The running thread; never NULL inside a built-in of an async component. Its task and instance: */
struct component_thread *component__thread(const struct component_store *store);
struct component_instance *component__current_instance(const struct component_store *store);

/* The running thread waits until ready(thread, arg). cancellable: a cancellation of its task ends the wait, *ret_cancelled.
 * Fails (a trap): "cannot block a synchronous task before returning"; or the store is ending.
 * Everything the caller holds of guest memory is stale afterwards; handles and waitables may be gone unless something keeps them. */
int component__until_wait(struct component_store *store, component_ready_fn *ready, void *arg,
                          bool cancellable, bool *ret_cancelled) SW_MUST_CHECK;
/* The same, but lets others that are ready go first. */
int component__turn_wait(struct component_store *store, component_ready_fn *ready, void *arg,
                         bool cancellable, bool *ret_cancelled) SW_MUST_CHECK;
/* Always ready: lets others run. */
int component__yield_wait(struct component_store *store, bool cancellable, bool *ret_cancelled) SW_MUST_CHECK;
/* Until somebody resumes it. */
int component__suspend_wait(struct component_store *store, bool cancellable,
                            bool *ret_cancelled) SW_MUST_CHECK;
/* Runs `thread` (SUSPENDED or WAITING) until it blocks or ends, then goes on. cancelled: its block ends by cancellation. */
int component__resume_wait(struct component_store *store, struct component_thread *thread,
                           bool cancelled) SW_MUST_CHECK;

/* deliver_pending_cancel: the running thread's task was asked to end, and this thread tells it now. */
bool component__pending_cancel(struct component_store *store, bool cancellable);
/* For a thread at the end of its body: it waits from now on, without a fiber. */
void component__wait_later(struct component_store *store, component_ready_fn *ready, void *arg);
/* The running thread gives control to `other` (SUSPENDED or, taken off the waiting ones, RUNNING) in its own place. Itself it is suspended,
 * or waits, always ready (yield). */
int component__switch_wait(struct component_store *store, struct component_thread *other, bool yield,
                           bool cancellable, bool *ret_cancelled) SW_MUST_CHECK;
void component__wait_on(struct component_store *store, struct component_thread *thread,
                        component_ready_fn *ready,
                        void *arg); /* a thread that is suspended waits from now on */
void component__stop_waiting(struct component_store *store, struct component_thread *thread);
void component__resume_later(struct component_store *store, struct component_thread *thread);

/* A thread of a task, suspended; of a fiber of its own when it is first resumed. */
int component__thread_new(struct component_store *store, struct component_task *task, component_body_fn *body,
                          struct component_thread **ret) SW_MUST_CHECK;
void component__thread_free(struct component_thread *thread); /* ended, or never run */
/* Its number in its instance's table; in its task's list. */
int component__thread_register(struct component_thread *thread) SW_MUST_CHECK;
/* Traps when it is the task's last and the task has not returned. */
int component__thread_unregister(struct component_thread *thread) SW_MUST_CHECK;

/* The host's fiber waits until *done, or the store has failed. */
int component__host_wait(struct component_store *store, const bool *done) SW_MUST_CHECK;
/* The host's waiting fibers look again: one of their calls is over, or the store has failed. */
void component__wake_waiters(struct component_store *store);

/* For store.c. */
int component__scheduler_new(struct component_store *store) SW_MUST_CHECK;
void component__scheduler_cancel(struct component_store *store); /* ends every fiber */
void component__scheduler_reset(struct component_store *store);

/* Something that threads wait for has changed, from the loop side or another fiber: when no thread of the store runs, resumes one that is
 * ready. component__waitable_set_event calls it. Harmless at any time. */
void component__stir(struct component_store *store);

/* Operations of the host that may still set events (a running async import, a host's end of a stream): while there are any, a store in
 * which nothing is ready is waiting, not deadlocked. */
void component__pending_begin(struct component_store *store);
void component__pending_end(struct component_store *store);

/* ---- tasks (task.c). CanonicalABI.md "Tasks" ----
 *
 *   INITIAL ── start ──► STARTED ── request_cancellation, a cancellable thread ──► CANCEL_DELIVERED ──► RESOLVED
 *      │                    │ └──── request_cancellation, none ──► PENDING_CANCEL ──┘ (at its next cancellable block)
 *      │                    └── task.return ──► RESOLVED (also from PENDING_CANCEL and CANCEL_DELIVERED)
 *      └── request_cancellation while it waits to enter ──► CANCEL_DELIVERED ──► RESOLVED
 */
enum component_task_state {
    COMPONENT_TASK_INITIAL,
    COMPONENT_TASK_STARTED,
    COMPONENT_TASK_PENDING_CANCEL,
    COMPONENT_TASK_CANCEL_DELIVERED,
    COMPONENT_TASK_RESOLVED,
    COMPONENT_TASK_STATES
};
enum component_task_event {
    COMPONENT_TASK_ON_START,     /* its core function is about to be called */
    COMPONENT_TASK_ON_RETURN,    /* task.return, or the end of a synchronous lift */
    COMPONENT_TASK_ON_ASK,       /* request_cancellation, and a thread can be told at once */
    COMPONENT_TASK_ON_ASK_LATER, /* ... and none can */
    COMPONENT_TASK_ON_DELIVER,   /* a cancellable block of it: the request is told */
    COMPONENT_TASK_ON_CANCEL,    /* task.cancel, or cancelled before it began */
    COMPONENT_TASK_EVENTS
};
#define COMPONENT_NO_STATE                                                                                   \
    (-1) /* the event is refused in that state: by a trap, where a guest can cause it */
/* The state after an event, or COMPONENT_NO_STATE. */
int component__task_next(enum component_task_state state, enum component_task_event event);
const char *component__task_event_name(enum component_task_event event);

/* Who made a task: a guest's lowered import, or the host. On the task's fiber.
 * start   : lowers the arguments to the task's flat ones (vals has COMPONENT_FLAT_MAX), *ret_used of them
 * resolve : vals: the flat result, as parameters when `returned` is by task.return, else as results; NULL: cancelled
 * exited  : the last thread has ended, or it was cancelled before it began; the task is freed afterwards. May be NULL */
struct component_caller {
    int (*start)(struct component_task *task, union engine_val *vals, uint32_t *ret_used);
    int (*resolve)(struct component_task *task, const union engine_val *vals);
    void (*exited)(struct component_task *task);
};

struct component_task {
    struct component_borrows borrows;
    struct component_store *store;
    enum component_task_state state;
    struct component_instance *instance;
    const struct component_bound_lift
        *lift; /* NULL: a start function, destructor or realloc, always synchronous */
    const struct component_caller *caller;
    void *caller_arg;
    struct component_thread *implicit;
    struct sw_link threads;             /* component_thread.of_task, in order of creation */
    struct component_cx cx;             /* of the callee; its options are the lift's */
    struct component_waitable_set *set; /* what its callback waits for; or NULL */
};

int component__task_return(struct component_task *task, const union engine_val *vals) SW_MUST_CHECK;
int component__task_cancel(struct component_task *task) SW_MUST_CHECK;
/* request_cancellation. stop: as of component__enter, COMPONENT_NONE for the host. The task is not resolved, and may be gone afterwards.
 * By a running thread. */
int component__task_ask_cancel_wait(struct component_store *store, struct component_task *task,
                                    uint32_t stop) SW_MUST_CHECK;
/* A task that begins when its implicit thread is resumed. */
int component__task_new(struct component_store *store, const struct component_bound_lift *lift,
                        const struct component_caller *caller, void *arg,
                        struct component_task **ret) SW_MUST_CHECK;
void component__task_thread_ended(struct component_task *task); /* after component__thread_unregister */
/* Whether only one such task may be in its instance's code at a time: of a lift that is synchronous or has a callback. */
bool component__needs_exclusive(const struct component_task *task);
const char *component__task_state_name(enum component_task_state state);
engine_host_fn component__task_return_builtin, component__task_cancel_builtin, component__backpressure_inc,
    component__backpressure_dec;

/* A call of a function whose type is not async, on the caller's fiber, which may be the host's. On the caller's stack. */
struct component_nested {
    struct component_task task;
    struct component_thread thread;
};
/* by_host: by a fiber that runs no thread of the store: waits until none does. The call itself enters the instance, and leaves it. */
int component__nested_begin_wait(struct component_store *store, struct component_nested *nested,
                                 uint32_t instance, bool by_host) SW_MUST_CHECK;
int component__nested_end(struct component_store *store, struct component_nested *nested,
                          bool by_host) SW_MUST_CHECK;

/* ---- subtasks (subtask.c). CanonicalABI.md "Subtask State" ----
 *
 *   STARTING ──► STARTED ──► RETURNED
 *      └──► CANCELLED_BEFORE_STARTED  └──► CANCELLED_BEFORE_RETURNED       each of the three: `delivered` when the caller has been told
 */
enum component_subtask_state { /* guests see the numbers */
                               COMPONENT_SUBTASK_STARTING,
                               COMPONENT_SUBTASK_STARTED,
                               COMPONENT_SUBTASK_RETURNED,
                               COMPONENT_SUBTASK_CANCELLED_BEFORE_STARTED,
                               COMPONENT_SUBTASK_CANCELLED_BEFORE_RETURNED,
                               COMPONENT_SUBTASK_STATES
};
enum component_subtask_event {
    COMPONENT_SUBTASK_ON_START,
    COMPONENT_SUBTASK_ON_RETURN,
    COMPONENT_SUBTASK_ON_CANCEL,
    COMPONENT_SUBTASK_EVENTS
};
int component__subtask_next(enum component_subtask_state state, enum component_subtask_event event);
const char *component__subtask_event_name(enum component_subtask_event event);
#define COMPONENT_SUBTASK_VALS                                                                               \
    (COMPONENT_FLAT_MAX + 1) /* flat arguments of a lowered import, and where its result goes */

struct component_subtask {
    struct component_waitable waitable; /* first */
    enum component_subtask_state state;
    bool cancel_requested;
    bool delivered;         /* the lent handles are back */
    struct component_cx cx; /* of the caller: its options; its call has the lent handles */
    const struct component_bound_lowering *lowering;
    struct component_task *task;           /* a guest's, until it is resolved */
    struct component_operation *operation; /* a host's, until it is over */
    uint32_t result_at;                    /* where a result goes that does not go into vals */
    union engine_val
        vals[COMPONENT_SUBTASK_VALS]; /* arguments; then the flat result of a synchronous lower */
};
static inline bool component__subtask_resolved(const struct component_subtask *subtask)
{
    return subtask->state >= COMPONENT_SUBTASK_RETURNED;
}

const char *component__subtask_state_name(enum component_subtask_state state);
struct component_subtask *
component__subtask_new(struct component_store *store,
                       const struct component_bound_lowering *lowering); /* or NULL, recorded */
void component__subtask_free(struct component_store *store, struct component_subtask *subtask);
/* The event changes its state; when its caller has its handle, the subtask gets a pending event. */
void component__subtask_progress(struct component_store *store, struct component_subtask *subtask,
                                 enum component_subtask_event event);
/* What a lowered import ends with: waits (a synchronous lower), or makes a handle; vals[0] is what the guest gets. */
int component__subtask_finish_wait(struct component_store *store, struct component_subtask *subtask,
                                   union engine_val *vals) SW_MUST_CHECK;
engine_host_fn component__subtask_cancel_wait, component__subtask_drop;

/* ---- lowered imports of async components (call_async.c, host_async.c) ---- */

int component__lowered_nested_wait(void *env, struct engine_store *engine_store,
                                   union engine_val *vals); /* a guest's, of a type that is not async */
int component__lowered_async_wait(void *env, struct engine_store *engine_store,
                                  union engine_val *vals); /* a guest's, of an async type */
int component__lowered_host_async_wait(void *env, struct engine_store *engine_store,
                                       union engine_val *vals); /* the host's, of an async type */
int component__operation_cancel(struct component_store *store,
                                struct component_subtask *subtask) SW_MUST_CHECK;
void component__operations_end(struct component_store *store); /* all that are left */
int component__poller_need(struct component_store *store) SW_MUST_CHECK;

/* ---- calls by the host (call_start.c) ---- */

int component__call_async_wait(struct component_store *store, const struct component_bound_lift *lift,
                               const struct component_value *args, struct component_object *pending,
                               struct component_value *ret_result) SW_MUST_CHECK;
int component__cancel_next_wait(struct component_store *store) SW_MUST_CHECK; /* scheduler->cancels has one */
void component__calls_failed(
    struct component_store *store); /* tells them that the store has failed; loop side */
/* call.c: whether it can be called with so many arguments, and what of them becomes the store's even when not. */
int component__call_check(struct component_store *store, const struct component_export *func,
                          const struct component_value *args, uint32_t arg_count,
                          struct component_object **ret_pending) SW_MUST_CHECK;

/* ---- flat.c: flat values in memory, with no meaning looked at. p: component_type.size bytes ---- */

void component__flat_load(const struct component_types *types, uint32_t type, const uint8_t *p,
                          union engine_val *vals);
void component__flat_store(const struct component_types *types, uint32_t type, const union engine_val *vals,
                           uint8_t *p);

/* ---- threads' built-ins (thread_builtin.c) ---- */

engine_host_fn component__context_get, component__context_set, component__thread_index,
    component__thread_new_indirect, component__thread_resume_later, component__thread_suspend_wait,
    component__thread_yield_wait, component__thread_suspend_then_resume_wait,
    component__thread_yield_then_resume_wait, component__thread_suspend_then_promote_wait,
    component__thread_yield_then_promote_wait;

/* ---- memory ---- */

/* Memory of `size` bytes, zeroed, in the store's arena, which is emptied when the store ends; recycled through a free list, whose link is
 * in the first bytes. NULL after recording a trap: no memory, or the arena's ceiling. */
void *component__pool_take(struct component_store *store, void **free_list, size_t size) SW_MUST_CHECK;
void component__pool_give(void **free_list, void *item);

#endif
