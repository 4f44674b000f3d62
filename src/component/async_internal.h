/* async_internal.h - tasks, threads, waitables and the scheduler of a store.  Room: component (private).
 *
 * A *task* is one call of a lifted function; it has an implicit thread and those it makes. A *thread* runs on a fiber (an engine_call) or,
 * between the callbacks of a callback lift, on none. A store runs one thread at a time: store->current. A thread gives control away by
 * blocking or ending: to whoever resumed it (a call, a cancellation), else to the oldest waiting thread that is ready.
 *
 *   caller ── lower ──► subtask (a waitable of the caller) ···· task ── threads (callee)
 *   waitable ── at most one pending event ──► waitable set ──► a thread that waits for it
 *
 * Functions of async types have fibers of their own. Functions of other types run on their caller's, also in components that are async:
 * a built-in that would block in such a task runs ready threads of the same component instance meanwhile, or traps when there is none.
 *
 * Components without anything async (component.is_async false) never come here: store->current is NULL in them.
 * Source: CanonicalABI.md "Stack Switching", "Threads", "Tasks", "Embedding API", "Waitable State", "Subtask State".
 *
 * Invariants
 *  1. store->current is the thread that runs; every other fiber of the store is parked. NULL: none runs, and none that waits is ready.
 *  2. A thread is on store->waiting exactly while THREAD_WAITING.
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
    struct component_waitable_set *next_free;
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
/* A thread's code, on a fresh fiber. To go on later without one it sets thread->body and says so (component__park_bodiless). */
typedef int component_body_fn(struct component_store *store, struct component_thread *thread);

struct component_thread {
    struct sw_link waiting; /* in store->waiting; while SUSPENDED or RUNNING: in none */
    struct sw_link of_task; /* in task->threads, while it is registered */
    struct sw_link all;     /* in store->threads: all that have, or may get, a fiber of their own */
    struct component_task *task;
    enum component_thread_state state;
    bool cancellable;          /* a cancellation may end this block */
    bool cancelled;            /* ... and has: the block's result */
    bool granted;              /* control was given to it: its park is over */
    bool nested;               /* a synchronous call on its caller's fiber */
    uint32_t index;            /* in instance->threads; 0: not registered */
    uint64_t storage[2];       /* context.get, context.set */
    component_ready_fn *ready; /* WAITING */
    void *ready_arg;
    struct component_thread *resumer; /* gets control when this one blocks or ends; NULL: the scheduler */
    struct component_thread *outer;   /* nested: the caller's thread below it */
    component_body_fn *body;          /* runs when it is resumed without a fiber */
    void *body_arg;
    struct engine_call *call; /* the fiber it is on; NULL: none yet, or none for now */
    uint64_t arg;             /* thread.new-indirect: what its function is called with */
    struct component_thread *next_free;
};

/* The running thread; never NULL inside a built-in of an async component. Its task and instance: */
struct component_thread *component__thread(const struct component_store *store);
struct component_instance *component__instance(const struct component_store *store);

/* The running thread waits until ready(thread, arg). cancellable: a cancellation of its task ends the wait, *ret_cancelled.
 * Fails (a trap): "cannot block a synchronous task before returning"; or the store is ending.
 * Everything the caller holds of guest memory is stale afterwards; handles and waitables may be gone unless something keeps them. */
int component__wait_until(struct component_store *store, component_ready_fn *ready, void *arg,
                          bool cancellable, bool *ret_cancelled) SW_MUST_CHECK;
/* Always ready: lets others run. */
int component__yield(struct component_store *store, bool cancellable, bool *ret_cancelled) SW_MUST_CHECK;
/* Until somebody resumes it. */
int component__suspend(struct component_store *store, bool cancellable, bool *ret_cancelled) SW_MUST_CHECK;
/* Runs `thread` (SUSPENDED or WAITING) until it blocks or ends, then goes on. cancelled: its block ends by cancellation. */
int component__resume(struct component_store *store, struct component_thread *thread,
                      bool cancelled) SW_MUST_CHECK;

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
    COMPONENT_TASK_RESOLVED
};

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
    struct component_borrows borrows; /* first */
    enum component_task_state state;
    struct component_instance *instance;
    const struct component_bound_lift
        *lift; /* NULL: a start function, destructor or realloc, always synchronous */
    const struct component_caller *caller;
    void *caller_arg;
    struct component_thread *implicit;
    struct sw_link threads; /* component_thread.of_task, in order of creation */
    struct component_cx cx; /* of the callee; its options are the lift's */
    struct component_task *next_free;
};

int component__task_return(struct component_task *task, const union engine_val *vals) SW_MUST_CHECK;
int component__task_cancel(struct component_task *task) SW_MUST_CHECK;
/* request_cancellation. caller: the instance that asks, NULL: the host. The task is not resolved. On a fiber. */
int component__task_request_cancel(struct component_store *store, struct component_task *task,
                                   const struct component_instance *caller) SW_MUST_CHECK;

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
                               COMPONENT_SUBTASK_CANCELLED_BEFORE_RETURNED
};
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
    union engine_val
        vals[COMPONENT_SUBTASK_VALS]; /* arguments; then the flat result of a synchronous lower */
    struct component_subtask *next_free;
};
static inline bool component__subtask_resolved(const struct component_subtask *subtask)
{
    return subtask->state >= COMPONENT_SUBTASK_RETURNED;
}

/* ---- memory ---- */

/* Zeroed, in the store's arena, which a store empties when it ends: these structs are recycled, never freed one by one. NULL when the
 * arena's ceiling or a limit of run_limits.h is met. */
void *component__store_take(struct component_store *store, void **free_list, size_t next_offset, size_t size);

#endif
