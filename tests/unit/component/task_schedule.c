/* task_schedule.c - random schedules of tasks with streams between them, on the real engine, against the model.
 *
 * Tasks of two instances (data/tasks.wat) ask the host what to do next. It answers with a random operation and does the same to the model:
 * streams are made, passed on, read, written, cancelled and dropped, tasks wait for events or in synchronous operations, yield, and call
 * tasks of the other instance. Which task runs is the scheduler's; what each operation gives must be what the model says at that point.
 * When no task can go on, a new one frees one that waits.
 *
 *     test_component_task_schedule [STEPS [SEED]] */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "component/async_internal.h"
#include "real_world.h"
#include "stream_model.h"

enum { STEPS = 20000, WORLD_STEPS = 400, TASKS = 48, FIRST_TASKS = 5, ROOT_INSTANCES = 4 };
enum { A, B, INSTANCES };

/* The numbers of data/tasks.wat. */
enum op {
    END,
    NEW,
    READ,
    WRITE,
    READ_SYNC,
    WRITE_SYNC,
    CANCEL_READ,
    CANCEL_WRITE,
    DROP_READABLE,
    DROP_WRITABLE,
    SET_NEW,
    JOIN,
    SET_WAIT,
    SET_POLL,
    YIELD,
    CALL,
    CALL_WITH,
    SUBTASK_DROP
};

struct task {
    bool used, ended;
    bool orphan; /* its caller has ended */
    int instance;
    bool waits; /* in SET_WAIT, or in a synchronous operation */
    enum op op;
    struct model_end *end; /* that it is about */
    uint32_t result;       /* expected, unless it waits */
    uint32_t set;          /* its own, or 0 */
    uint32_t subtask;      /* handle: called, not dropped yet */
    uint32_t callee;       /* task of `subtask`, or of the call that is being made */
    bool joined;           /* the subtask is in the set */
    enum op forced;        /* what it was made for: this once, then it ends */
    struct model_end *forced_end;
};
static struct {
    struct world real;
    struct model model;
    struct task tasks[TASKS];
    uint32_t owners[2 * MODEL_STREAMS]; /* per end: 1 + the task whose set it is in */
    uint8_t *memory[INSTANCES];
    uint32_t steps;
    uint32_t alive;
    struct loop_timer *timer;
} w;
static uint64_t seed = 1, steps_done, rescues, waits;

static uint32_t roll(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(seed >> 33) % n;
}

/* ---- ends ---- */

static bool is_writer(struct model_end *end)
{
    return end == &model_stream_of(end)->ends[1];
}

static uint32_t number(struct model_end *end)
{
    return 2 * (uint32_t)(model_stream_of(end) - w.model.streams) + is_writer(end);
}

static uint32_t buffer(struct model_end *end)
{
    return 1024 + 16 * number(end);
}

static bool waited_for(struct model_end *end)
{
    for (uint32_t i = 0; i < TASKS; i++) {
        struct task *task = &w.tasks[i];
        if (task->used && !task->ended && task->waits &&
            (task->op == SET_WAIT ? w.owners[number(end)] == i + 1 : task->end == end))
            return true;
    }
    return false;
}

/* A random end in the instance in that state, which no task waits for. */
static struct model_end *pick(int instance, enum model_state state)
{
    for (uint32_t i = 0, from = roll(2 * MODEL_STREAMS); i < 2 * MODEL_STREAMS; i++) {
        uint32_t at = (from + i) % (2 * MODEL_STREAMS);
        struct model_stream *stream = &w.model.streams[at / 2];
        struct model_end *end = &stream->ends[at % 2];
        if (stream->used && end->place == instance && end->state == state && !waited_for(end))
            return end;
    }
    return NULL;
}

static struct model_end *end_of_handle(int instance, uint32_t handle)
{
    for (uint32_t i = 0; i < 2 * MODEL_STREAMS; i++) {
        struct model_end *end = &w.model.streams[i / 2].ends[i % 2];
        if (w.model.streams[i / 2].used && end->place == instance && end->handle == handle)
            return end;
    }
    return NULL;
}

static void check_copies(void)
{
    for (uint32_t i = 0; i < w.model.copy_count; i++) {
        const struct model_copy *copy = &w.model.copies[i];
        CHECK_INT(w.memory[copy->instance][copy->at + copy->index], copy->id);
    }
    w.model.copy_count = 0;
}

/* ---- orders ---- */

static uint64_t order(struct task *task, enum op op, uint32_t a, uint32_t b, uint32_t c)
{
    task->op = op;
    return op | (uint64_t)a << 8 | (uint64_t)b << 24 | (uint64_t)c << 40;
}

static struct task *task_new(int instance)
{
    for (uint32_t i = 0; i < TASKS; i++) {
        if (w.tasks[i].used && !(w.tasks[i].ended && w.tasks[i].orphan))
            continue;
        for (uint32_t k = 0; k < 2 * MODEL_STREAMS; k++)
            if (w.owners[k] == i + 1)
                w.owners[k] = UINT32_MAX; /* of a set that nobody looks at any more */
        w.tasks[i] = (struct task){.used = true, .instance = instance};
        w.alive++;
        return &w.tasks[i];
    }
    return NULL;
}

static uint64_t order_new(struct task *task)
{
    struct model_stream *stream = model_new(&w.model);
    if (!stream)
        return order(task, YIELD, 0, 0, 0);
    stream->number = true;
    model_place(&w.model, &stream->ends[0], task->instance);
    model_place(&w.model, &stream->ends[1], task->instance);
    w.owners[number(&stream->ends[0])] = w.owners[number(&stream->ends[1])] = 0;
    task->result = stream->ends[0].handle | stream->ends[1].handle << 16;
    return order(task, NEW, 0, 0, 0);
}

static uint64_t order_copy(struct task *task, struct model_end *end)
{
    uint32_t n = roll(8) ? 1 + roll(MODEL_BUFFER) : 0;
    bool sync = !end->in_set && roll(3) == 0, writes = is_writer(end);
    end->at = buffer(end);
    end->length = n;
    for (uint32_t i = 0; writes && i < n; i++) {
        end->values[i] = (struct model_value){.id = roll(256)};
        w.memory[task->instance][end->at + i] = (uint8_t)end->values[i].id;
    }
    CHECK(!model_begin(&w.model, end));
    task->end = end;
    task->waits = sync && !end->has_event;
    waits += task->waits;
    task->result = end->has_event ? model_take(&w.model, end) : MODEL_BLOCKED;
    return order(task,
                 sync     ? (writes ? WRITE_SYNC : READ_SYNC)
                 : writes ? WRITE
                          : READ,
                 end->handle, end->at, n);
}

static uint64_t order_cancel(struct task *task, struct model_end *end)
{
    CHECK(!model_cancel(end));
    task->result = model_take(&w.model, end);
    return order(task, is_writer(end) ? CANCEL_WRITE : CANCEL_READ, end->handle, 0, 0);
}

static uint64_t order_drop(struct task *task, struct model_end *end)
{
    uint32_t handle = end->handle;
    bool writes = is_writer(end);
    CHECK(!model_drop(&w.model, end));
    task->result = 0;
    return order(task, writes ? DROP_WRITABLE : DROP_READABLE, handle, 0, 0);
}

/* The end or the subtask goes into the task's own set, which is made first. */
static uint64_t order_join(struct task *task, struct model_end *end)
{
    if (!task->set) {
        task->set = task->result = model_handle_add(&w.model, task->instance);
        return order(task, SET_NEW, 0, 0, 0);
    }
    task->result = 0;
    if (task->subtask && !task->joined) {
        task->joined = true;
        return order(task, JOIN, task->subtask, task->set, 0);
    }
    if (!end || end->in_set)
        return order(task, YIELD, 0, 0, 0);
    end->in_set = true;
    w.owners[number(end)] = (uint32_t)(task - w.tasks) + 1;
    return order(task, JOIN, end->handle, task->set, 0);
}

static bool set_has(const struct task *task, bool event)
{
    uint32_t owner = (uint32_t)(task - w.tasks) + 1;
    if (task->subtask && task->joined && (!event || w.tasks[task->callee].ended))
        return true;
    for (uint32_t i = 0; i < 2 * MODEL_STREAMS; i++) {
        const struct model_end *end = &w.model.streams[i / 2].ends[i % 2];
        if (w.model.streams[i / 2].used && end->place == task->instance && w.owners[i] == owner &&
            end->in_set && (event ? end->has_event : end->state == MODEL_COPYING))
            return true;
    }
    return false;
}

static uint64_t order_set(struct task *task)
{
    uint32_t at = 256 + 8 * (uint32_t)(task - w.tasks);
    if (!task->set || !set_has(task, false) || roll(2)) {
        task->result = 0;
        return task->set ? order(task, SET_POLL, task->set, at, 0) : order(task, YIELD, 0, 0, 0);
    }
    task->waits = !set_has(task, true);
    waits += task->waits;
    return order(task, SET_WAIT, task->set, at, 0);
}

static uint64_t order_call(struct task *task)
{
    struct model_end *end = roll(2) ? pick(A, MODEL_IDLE) : NULL;
    if (task->instance != A || task->subtask)
        return order(task, YIELD, 0, 0, 0);
    struct task *callee = task_new(B);
    if (!callee)
        return order(task, YIELD, 0, 0, 0);
    task->callee = (uint32_t)(callee - w.tasks);
    if (!end || is_writer(end) || end->in_set)
        return order(task, CALL, task->callee, 0, 0);
    uint32_t handle = end->handle;
    model_handle_remove(&w.model, A, handle);
    model_place(&w.model, end, B);
    callee->op = CALL_WITH; /* its first result is the handle */
    callee->result = end->handle;
    return order(task, CALL_WITH, task->callee, handle, 0);
}

static uint64_t forced(struct task *task)
{
    struct model_end *end = task->forced_end;
    enum op op = task->forced;
    task->forced = END;
    task->forced_end = NULL;
    if (op == END || end->place != task->instance || !model_stream_of(end)->used) {
        task->ended = true;
        return END;
    }
    if (end->state == MODEL_COPYING)
        return order_cancel(task, end);
    if (end->state == MODEL_IDLE || end->state == MODEL_DONE)
        return order_drop(task, end);
    task->ended = true;
    return END;
}

static uint64_t choose(struct task *task)
{
    struct model_end *end;
    uint32_t what = roll(100);
    task->waits = false;
    if (task->forced_end)
        return forced(task);
    if (w.steps >= WORLD_STEPS || roll(200) == 0) {
        task->ended = true;
        return END;
    }
    w.steps++;
    task->result = 0;
    if (task->subtask && !task->joined)
        return order_join(task, NULL);
    if (what < 12)
        return order_new(task);
    if (what < 18)
        return order_call(task);
    if (what < 26)
        return order_join(task,
                          roll(2) ? pick(task->instance, MODEL_COPYING) : pick(task->instance, MODEL_IDLE));
    if (what < 44)
        return order_set(task);
    if (what < 50)
        return order(task, YIELD, 0, 0, 0);
    end = pick(task->instance, what < 85   ? MODEL_IDLE
                               : what < 92 ? MODEL_COPYING
                               : roll(2)   ? MODEL_DONE
                                           : MODEL_IDLE);
    if (!end)
        return order(task, YIELD, 0, 0, 0);
    return what < 85 ? order_copy(task, end) : what < 92 ? order_cancel(task, end) : order_drop(task, end);
}

/* ---- what an operation gave ---- */

static void check_event(struct task *task, uint32_t code)
{
    const uint8_t *at = w.memory[task->instance] + 256 + 8 * (task - w.tasks);
    uint32_t index = component_load_u32(at), payload = component_load_u32(at + 4);
    if (code == COMPONENT_EVENT_NONE) {
        CHECK_INT(task->op, SET_POLL);
        CHECK(!set_has(task, true));
        return;
    }
    if (code == COMPONENT_EVENT_SUBTASK) {
        CHECK_INT(index, task->subtask);
        CHECK(w.tasks[task->callee].ended);
        CHECK_INT(payload, COMPONENT_SUBTASK_RETURNED);
        task->forced = SUBTASK_DROP;
        return;
    }
    struct model_end *end = end_of_handle(task->instance, index);
    CHECK(end && end->has_event && end->in_set && w.owners[number(end)] == (uint32_t)(task - w.tasks) + 1);
    CHECK_INT(code, is_writer(end) ? COMPONENT_EVENT_STREAM_WRITE : COMPONENT_EVENT_STREAM_READ);
    CHECK_INT(payload, model_take(&w.model, end));
}

static void check_call(struct task *task, uint32_t result)
{
    struct task *callee = &w.tasks[task->callee];
    if (callee->ended) {
        CHECK_INT(result, COMPONENT_SUBTASK_RETURNED);
        callee->used = false;
        return;
    }
    task->subtask = model_handle_add(&w.model, task->instance);
    task->joined = false;
    CHECK_INT(result, COMPONENT_SUBTASK_STARTED | task->subtask << 4);
}

static void check_result(struct task *task, uint32_t result)
{
    switch ((int)task->op) {
    case READ_SYNC:
    case WRITE_SYNC:
        if (task->waits) {
            CHECK(task->end->has_event);
            task->result = model_take(&w.model, task->end);
        }
        CHECK_INT(result, task->result);
        return;
    case SET_WAIT:
    case SET_POLL:
        check_event(task, result);
        return;
    case CALL:
    case CALL_WITH:
        if (task->instance == A) {
            check_call(task, result);
            return;
        }
        break; /* how a task of the other instance begins */
    case SUBTASK_DROP:
        model_handle_remove(&w.model, task->instance, task->subtask);
        w.tasks[task->callee].used = false;
        task->subtask = 0;
        return;
    default:
        break;
    }
    CHECK_INT(result, task->result);
}

static int host_next(struct component_call *call, union engine_val *vals)
{
    struct task *task = &w.tasks[vals[0].u32];
    CHECK(vals[0].u32 < TASKS && task->used && !task->ended);
    CHECK_INT(call->instance->index, task->instance == A ? 3 : 2);
    w.memory[task->instance] = call->mem;
    check_copies();
    check_result(task, vals[1].u32);
    if (task->forced == SUBTASK_DROP) {
        task->forced = END;
        vals[0].u64 = order(task, SUBTASK_DROP, task->subtask, 0, 0);
        return 0;
    }
    vals[0].u64 = choose(task);
    if (task->ended) {
        task->waits = false;
        w.alive--;
        if (task->subtask)
            w.tasks[task->callee].orphan = true;
    }
    return 0;
}

static const struct component_host_func funcs[] = {
    {"next", "func(task: u32, result: u32) -> u64", host_next, NULL}};
static const struct component_host_interface interface = {
    .name = "test:host/orders", .version = "1.0.0", .funcs = funcs, .func_count = 1};
static const struct component_host_interface *const interfaces[] = {&interface};
static const struct component_host host = {.interfaces = interfaces, .interface_count = 1};

/* ---- the host's part ---- */

static void ended(void *arg, int rc)
{
    struct task *task = arg;
    CHECK_INT(rc, 0);
    CHECK(task->ended);
    task->used = false;
}
static const struct component_call_events events = {.returned = NULL, .ended = ended};

static int start_task(struct task *task)
{
    static struct component_value args[TASKS]; /* each until its task has begun */
    struct component_value *arg = &args[task - w.tasks];
    arg->u64 = (uint64_t)(task - w.tasks);
    return component_call_async(w.real.store, export_of(&w.real, task->instance == A ? "a" : "b"), arg, 1,
                                &(struct component_async_call_request){&events, task, NULL});
}

/* The other side of what a waiting task waits for. */
static struct model_end *to_free(const struct task *task)
{
    if (task->op != SET_WAIT)
        return model_other(task->end);
    for (uint32_t i = 0; i < 2 * MODEL_STREAMS; i++) {
        struct model_end *end = &w.model.streams[i / 2].ends[i % 2];
        if (w.model.streams[i / 2].used && w.owners[i] == (uint32_t)(task - w.tasks) + 1 && end->in_set &&
            end->place == task->instance && end->state == MODEL_COPYING)
            return model_other(end);
    }
    return NULL; /* for a subtask, which another rescue frees */
}

static void rescue(void)
{
    for (uint32_t i = 0, from = roll(TASKS); i < TASKS; i++) {
        struct task *task = &w.tasks[(from + i) % TASKS];
        struct model_end *end = task->used && !task->ended && task->waits ? to_free(task) : NULL;
        if (!end || end->place >= INSTANCES)
            continue;
        struct task *helper = task_new(end->place);
        CHECK(helper != NULL);
        helper->forced = DROP_READABLE;
        helper->forced_end = end;
        rescues++;
        CHECK_INT(start_task(helper), 0);
        return;
    }
    CHECK_NEVER("no task can go on, and none waits for a stream");
}

/* Every task waits, for what has not happened. */
static bool is_stuck(void)
{
    for (uint32_t i = 0; i < TASKS; i++) {
        const struct task *task = &w.tasks[i];
        if (task->used && !task->ended &&
            (!task->waits || (task->op == SET_WAIT ? set_has(task, true) : task->end->has_event)))
            return false;
    }
    return w.alive > 0;
}

static void tick(void *arg)
{
    (void)arg;
    if (is_stuck())
        rescue();
    loop_timer_start(w.timer, 1);
}

static int body(struct world *real)
{
    int rc = 0;
    component_expect_calls(real->store, true);
    for (uint32_t i = 0; rc == 0 && i < FIRST_TASKS; i++)
        rc = start_task(task_new(i < 3 ? A : B));
    return rc < 0 ? rc : component_tasks_wait(real->store);
}

static uint64_t steps_wanted = STEPS;

static void tasks_go_as_the_model_says(void **state)
{
    struct sw_err err;
    (void)state;
    world_open(&w.real, "tasks.wasm", &host);
    CHECK_OK(loop_timer_new(w.real.loop, tick, NULL, &w.timer, &err), &err);
    while (steps_done < steps_wanted) {
        model_init(&w.model);
        memset(w.tasks, 0, sizeof w.tasks);
        memset(w.owners, 0, sizeof w.owners);
        w.steps = w.alive = 0;
        loop_timer_start(w.timer, 1);
        int rc = run(&w.real, body);
        if (rc < 0)
            print_error("%s\n", failure(&w.real));
        CHECK_INT(rc, 0);
        CHECK_INT(w.alive, 0);
        loop_timer_stop(w.timer);
        end(&w.real);
        steps_done += w.steps;
    }
    CHECK(waits > 0 && rescues > 0);
    loop_timer_free(w.timer);
    world_close(&w.real);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tasks_go_as_the_model_says)};
    if (argc > 1)
        steps_wanted = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    print_message("%llu steps, %llu waits, %llu rescues\n", (unsigned long long)steps_done,
                  (unsigned long long)waits, (unsigned long long)rescues);
    return rc;
}
