/* async.c - async exports and imports on the real engine: tasks that take turns, functions of the host that wait, early results, ends.
 *
 * The component is data/async.wat. The specification's own scripts (tests/conformance) test what guests do to each other. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "component/async_internal.h"
#include "real_world.h"

/* ---- the host ---- */

struct later {
    struct component_operation *operation;
    struct loop_timer *timer;
    uint32_t n, polls;
    char text[32];
};

static uint64_t delay_ms = 1;
static uint64_t parks_at_note; /* of the engine, at the latest note */

static int host_note(struct component_call *call, union engine_val *vals)
{
    struct world *world = component_call_owner(call);
    struct engine_stats stats;
    engine_stats_read(world->engine, &stats);
    note(world, "note %u after %u parks;", vals[0].u32, (unsigned)(stats.parks - parks_at_note));
    parks_at_note = stats.parks;
    return 0;
}

static int host_now(struct component_call *call, union engine_val *vals)
{
    note(component_call_owner(call), "now %u %u %.0f %d %u;", vals[0].u32, (unsigned)vals[1].u64,
         (double)vals[2].f32, vals[3].i32, vals[4].u32);
    vals[0].u64 = vals[0].u32 * 100;
    return 0;
}

static void timer_wake(void *arg)
{
    struct later *later = arg;
    component_operation_wake(later->operation);
    component_operation_wake(later->operation); /* once is enough, twice does no harm */
}

static int later_wait(struct component_call *call, struct component_operation *operation)
{
    struct world *world = component_call_owner(call);
    struct later *later = component_operation_state(operation);
    struct sw_err err;
    later->operation = operation;
    if (loop_timer_new(world->loop, timer_wake, later, &later->timer, &err) < 0)
        return component_trap(call, "no timer");
    loop_timer_start(later->timer, delay_ms);
    return SW_WAIT;
}

static int later_start(struct component_call *call, struct component_operation *operation,
                       union engine_val *vals)
{
    ((struct later *)component_operation_state(operation))->n = vals[0].u32;
    return vals[0].u32 ? later_wait(call, operation) : 0; /* 0 is done at once */
}

static int later_poll(struct component_call *call, struct component_operation *operation,
                      union engine_val *vals)
{
    struct later *later = component_operation_state(operation);
    (void)call;
    if (later->polls++ == 0) { /* woken for nothing */
        loop_timer_start(later->timer, delay_ms);
        return SW_WAIT;
    }
    loop_timer_free(later->timer);
    vals[0].u64 = 2 * later->n;
    return 0;
}

static void later_cancel(struct component_operation *operation)
{
    struct later *later = component_operation_state(operation);
    note(component_operation_owner(operation), "cancel %u;", later->n);
    loop_timer_free(later->timer);
}

static int text_start(struct component_call *call, struct component_operation *operation,
                      union engine_val *vals)
{
    struct later *later = component_operation_state(operation);
    struct sw_str text;
    int rc = component_lift_string(call, vals[0].u32, vals[1].u32, &text);
    if (rc < 0)
        return rc;
    (void)snprintf(later->text, sizeof later->text, SW_FMT " there", SW_ARG(text));
    return later_wait(call, operation);
}

static int text_poll(struct component_call *call, struct component_operation *operation,
                     union engine_val *vals)
{
    struct later *later = component_operation_state(operation);
    uint32_t ptr, len;
    uint8_t *to;
    loop_timer_free(later->timer);
    int rc = component_lower_string(call, sw_str_of(later->text), &ptr, &len);
    if (rc == 0)
        rc = component_mem_range(call, vals[2].u32, 8, 4, &to);
    if (rc < 0)
        return rc;
    component_store_u32(to, ptr);
    component_store_u32(to + 4, len);
    return 0;
}

static const struct component_host_waits later_waits = {sizeof(struct later), later_start, later_poll,
                                                        later_cancel};
static const struct component_host_waits text_waits = {sizeof(struct later), text_start, text_poll,
                                                       later_cancel};
static const struct component_host_func funcs[] = {
    {"now", "async func(a: u32, b: u64, c: f32, d: s8, e: u32) -> u32", host_now, NULL},
    {"later", "async func(n: u32) -> u32", NULL, &later_waits},
    {"text", "async func(s: string) -> string", NULL, &text_waits},
    {"note", "func(n: u32)", host_note, NULL},
};
static const struct component_host_interface later = {
    "test:host/later", "1.0.0", funcs, sizeof funcs / sizeof *funcs, NULL, 0};
static const struct component_host_interface *const interfaces[] = {&later};
static const struct component_host host = {.interfaces = interfaces, .interface_count = 1};

static void run_body(int (*body)(struct world *world), int want, const char *events)
{
    struct world world;
    world_open(&world, "async.wasm", &host);
    for (int i = 0; i < 2; i++) { /* the same each time: stores start anew */
        struct engine_stats stats;
        engine_stats_read(world.engine, &stats);
        parks_at_note = stats.parks;
        world.events_n = 0;
        world.events[0] = '\0';
        int rc = run(&world, body);
        if (rc != want)
            print_error("%s\n", failure(&world));
        CHECK_INT(rc, want);
        end(&world);
        CHECK_STR(sw_str_of(world.events), events);
    }
    world_close(&world);
}

static int call_number(struct world *world, const char *name, uint32_t n)
{
    struct component_value arg = {.u64 = n}, result = {.u64 = 0};
    int rc = call(world, name, &arg, 1, &result);
    if (rc == 0)
        note(world, "%s %u;", name, (unsigned)result.u64);
    return rc;
}

/* ---- functions of the host ---- */

static int at_once_body(struct world *world)
{
    return call_number(world, "at-once", 7);
}

static void a_function_that_is_done_at_once_leaves_no_fiber(void **state)
{
    (void)state;
    /* one park: the fiber that called the export waits for its result */
    run_body(at_once_body, 0, "note 1 after 1 parks;now 7 2 3 -4 5;note 2 after 0 parks;at-once 700;");
}

static int say_body(struct world *world)
{
    struct component_value result = {.u64 = 0};
    int rc = call(world, "say", NULL, 0, &result);
    if (rc == 0)
        note(world, SW_FMT ";", SW_ARG(result.text));
    return rc;
}

static void a_late_result_is_lowered_by_realloc(void **state)
{
    (void)state;
    run_body(say_body, 0, "hi there;");
}

static int give_up_body(struct world *world)
{
    return call_number(world, "give-up", 3);
}

static void a_call_of_the_host_can_be_given_up(void **state)
{
    (void)state;
    run_body(give_up_body, 0, "cancel 3;give-up 4;"); /* CANCELLED_BEFORE_RETURNED */
}

static int unfinished_body(struct world *world)
{
    delay_ms = 1000;
    int rc = call_number(world, "early", 5);
    delay_ms = 1;
    return rc;
}

static void what_waits_when_the_store_ends_is_cancelled_once(void **state)
{
    (void)state;
    run_body(unfinished_body, 0, "early 6;cancel 5;");
}

/* ---- early results, several tasks ---- */

static int early_body(struct world *world)
{
    int rc = call_number(world, "early", 5);
    if (rc == 0)
        rc = component_tasks_wait(world->store);
    return rc;
}

static void strip_parks(struct world *world) /* how often something parked depends on the timer */
{
    char *to = world->events;
    for (const char *from = world->events; *from;) {
        if (strncmp(from, " after ", 7) == 0)
            from = strchr(from, ';');
        *to++ = *from++;
    }
    *to = '\0';
    world->events_n = (size_t)(to - world->events);
}

static void a_task_returns_early_and_goes_on(void **state)
{
    struct world world;
    (void)state;
    world_open(&world, "async.wasm", &host);
    CHECK_INT(run(&world, early_body), 0);
    strip_parks(&world);
    CHECK_STR(sw_str_of(world.events), "early 6;note 10;");
    end(&world);
    world_close(&world);
}

struct started {
    struct world *world;
    struct component_async_call *call;
    const char *name;
    struct component_value arg;
    unsigned *left;
};

static void on_returned(void *arg, enum component_call_outcome outcome, const struct component_value *result)
{
    struct started *started = arg;
    note(started->world, "%s %s %u;", started->name,
         outcome == COMPONENT_CALL_RETURNED ? "returned" : "cancelled", (unsigned)result->u64);
}

static void on_ended(void *arg, int rc)
{
    struct started *started = arg;
    note(started->world, "%s ended%s;", started->name, rc < 0 ? " badly" : "");
}

static const struct component_call_events events = {on_returned, on_ended};

static int begin(struct world *world, struct started *started, const char *func)
{
    const struct component_export *export = export_of(world, func);
    started->world = world;
    return component_call_async(world->store, export, &started->arg, export->lift->type->param_count,
                                &(struct component_async_call_request){&events, started, &started->call});
}

static int two_sums_body(struct world *world)
{
    static struct started a, b;
    a = (struct started){.name = "a", .arg = {.u64 = 1}};
    b = (struct started){.name = "b", .arg = {.u64 = 10}};
    int rc = begin(world, &a, "sum");
    if (rc == 0)
        rc = begin(world, &b, "sum");
    if (rc == 0)
        rc = component_tasks_wait(world->store);
    strip_parks(world);
    return rc;
}

static void tasks_of_one_instance_take_turns(void **state)
{
    (void)state;
    run_body(two_sums_body, 0, "note 1;note 10;note 2;note 20;a returned 6;a ended;b returned 60;b ended;");
}

static int sync_between_body(struct world *world)
{
    static struct started a;
    a = (struct started){.name = "a", .arg = {.u64 = 1}};
    int rc = begin(world, &a, "sum");
    if (rc == 0)
        rc = call_number(world, "plain", 41); /* of a type that is not async, while the other waits */
    if (rc == 0)
        rc = component_tasks_wait(world->store);
    strip_parks(world);
    return rc;
}

static void a_synchronous_call_goes_between(void **state)
{
    (void)state;
    run_body(sync_between_body, 0, "note 1;plain 42;note 2;a returned 6;a ended;");
}

static int patient_body(struct world *world)
{
    static struct started a;
    struct sw_err err;
    a = (struct started){.name = "a"};
    component_expect_calls(world->store, true); /* else its waiting would be a deadlock */
    int rc = begin(world, &a, "patient");
    if (rc == 0)
        rc = engine_yield_wait(component_store_engine(world->store), &err);
    if (rc == 0)
        component_async_call_cancel(world->store, a.call);
    return rc < 0 ? rc : component_tasks_wait(world->store);
}

static void the_host_asks_a_task_to_end(void **state)
{
    (void)state;
    run_body(patient_body, 0, "a cancelled 0;a ended;");
}

static int deadlock_body(struct world *world)
{
    struct component_value result;
    return call(world, "patient", NULL, 0, &result);
}

static void a_store_that_nothing_can_wake_has_failed(void **state)
{
    struct world world;
    (void)state;
    world_open(&world, "async.wasm", &host);
    CHECK_INT(run(&world, deadlock_body), -SW_EGUEST);
    CHECK_STR(sw_str_of(failure(&world)), "deadlock detected: event loop cannot make further progress");
    end(&world);
    world_close(&world);
}

/* ---- threads, limits ---- */

static int threads_body(struct world *world)
{
    static struct started a;
    a = (struct started){.name = "a", .arg = {.u64 = 3}};
    int rc = begin(world, &a, "threads");
    if (rc == 0)
        rc = component_tasks_wait(world->store);
    strip_parks(world);
    return rc;
}

static void threads_outlive_their_tasks_result(void **state)
{
    (void)state;
    run_body(threads_body, 0, "a returned 3;note 1;note 2;note 3;a ended;");
}

static int too_many_body(struct world *world)
{
    return call_number(world, "threads", COMPONENT_THREADS_MAX);
}

static int tasks_body(struct world *world)
{
    static struct started items[COMPONENT_TASKS_MAX + 1];
    int rc = 0;
    component_expect_calls(world->store, true);
    for (uint32_t i = 0; rc == 0 && i <= COMPONENT_TASKS_MAX; i++) {
        items[i] = (struct started){.name = "x"};
        rc = begin(world, &items[i], "patient");
    }
    world->events_n = 0; /* each is told that the store has failed */
    return rc;
}

static int sums_body(struct world *world)
{
    static struct started items[COMPONENT_FIBERS_MAX + 1];
    struct sw_err err;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i <= COMPONENT_FIBERS_MAX; i++) {
        items[i] = (struct started){.name = "x", .arg = {.u64 = 1}};
        rc = begin(world, &items[i], "sum");
        world->events_n = 0;
        if (rc == 0) /* so that it comes to its wait */
            rc = engine_yield_wait(component_store_engine(world->store), &err);
        world->events_n = 0;
    }
    return rc < 0 ? -SW_EGUEST : rc;
}

static int no_result_body(struct world *world)
{
    struct component_value result;
    return call(world, "no-result", NULL, 0, &result);
}

static void refused(int (*body)(struct world *world), const char *text)
{
    struct world world;
    world_open(&world, "async.wasm", &host);
    CHECK_INT(run(&world, body), -SW_EGUEST);
    CHECK_STR(sw_str_of(failure(&world)), text);
    end(&world);
    world_close(&world);
}

static void limits_are_named(void **state)
{
    (void)state;
    refused(too_many_body, "more than 4096 threads in one store");
    refused(tasks_body, "more than 1024 tasks in one component instance");
    delay_ms = 10000;
    refused(sums_body, "more than 256 threads of one store are in the middle of a call");
    delay_ms = 1;
    refused(no_result_body, "a task ended without a result: neither task.return nor task.cancel was called");
}

/* ---- states ---- */

static void put_arrow(struct sw_buf *text, const char *from, const char *event, const char *to)
{
    struct sw_err err;
    CHECK_OK(sw_buf_printf(text, &err, "%s %s %s\n", from, event, to), &err);
}

static void tables_of_states(void **state)
{
    sw_auto_buf text = SW_BUF(4096);
    (void)state;
    for (int from = 0; from < COMPONENT_TASK_STATES; from++)
        for (int event = 0; event < COMPONENT_TASK_EVENTS; event++) {
            int to = component__task_next((enum component_task_state)from, (enum component_task_event)event);
            if (to != COMPONENT_NO_STATE)
                put_arrow(&text, component__task_state_name((enum component_task_state)from),
                          component__task_event_name((enum component_task_event)event),
                          component__task_state_name((enum component_task_state)to));
        }
    for (int from = 0; from < COMPONENT_SUBTASK_STATES; from++)
        for (int event = 0; event < COMPONENT_SUBTASK_EVENTS; event++) {
            int to = component__subtask_next((enum component_subtask_state)from,
                                             (enum component_subtask_event)event);
            if (to != COMPONENT_NO_STATE)
                put_arrow(&text, component__subtask_state_name((enum component_subtask_state)from),
                          component__subtask_event_name((enum component_subtask_event)event),
                          component__subtask_state_name((enum component_subtask_state)to));
        }
    /* The diagrams of async_internal.h, arrow by arrow. */
    CHECK_STR(sw_buf_str(&text), "initial start started\n"
                                 "initial ask cancel-delivered\n"
                                 "started return resolved\n"
                                 "started ask cancel-delivered\n"
                                 "started ask-later pending-cancel\n"
                                 "pending-cancel return resolved\n"
                                 "pending-cancel deliver cancel-delivered\n"
                                 "cancel-delivered return resolved\n"
                                 "cancel-delivered cancel resolved\n"
                                 "starting start started\n"
                                 "starting cancel cancelled-before-started\n"
                                 "started return returned\n"
                                 "started cancel cancelled-before-returned\n");
}

/* ---- failing allocations ---- */

static long fail_after;

static int failing_body(struct world *world)
{
    sw_mem_fail_after(fail_after);
    int rc = two_sums_body(world);
    if (rc == 0)
        rc = say_body(world);
    sw_mem_fail_after(-1);
    return rc;
}

static void each_allocation_may_fail(void **state)
{
    struct world world;
    int rc = -1;
    (void)state;
    world_open(&world, "async.wasm", &host);
    for (fail_after = 0; rc < 0 && fail_after < 300; fail_after++) {
        struct sw_err err = {.code = SW_OK};
        world.events_n = 0;
        world.body = failing_body;
        world.done = false;
        start(&world, failing_body);
        CHECK_OK(loop_run(world.loop, &err), &err);
        sw_mem_fail_after(-1);
        CHECK(world.done);
        rc = world.rc;
        if (rc < 0)
            CHECK(*failure(&world));
        end(&world);
    }
    CHECK_INT(rc, 0);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_that_is_done_at_once_leaves_no_fiber),
        cmocka_unit_test(a_late_result_is_lowered_by_realloc),
        cmocka_unit_test(a_call_of_the_host_can_be_given_up),
        cmocka_unit_test(what_waits_when_the_store_ends_is_cancelled_once),
        cmocka_unit_test(a_task_returns_early_and_goes_on),
        cmocka_unit_test(tasks_of_one_instance_take_turns),
        cmocka_unit_test(a_synchronous_call_goes_between),
        cmocka_unit_test(the_host_asks_a_task_to_end),
        cmocka_unit_test(a_store_that_nothing_can_wake_has_failed),
        cmocka_unit_test(threads_outlive_their_tasks_result),
        cmocka_unit_test(limits_are_named),
        cmocka_unit_test(tables_of_states),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
