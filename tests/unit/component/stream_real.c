/* stream_real.c - streams and futures between a guest and a host that makes it wait, on the real engine and loop.
 *
 * The component is data/streams.wat. */
#include "check.h"

#include "component/async_internal.h"
#include "component/stream.h"
#include "real_world.h"

/* ---- the host: everything comes in pieces, by a timer ---- */

struct flow {
    struct world *world;
    struct component_end *end;
    struct loop_timer *timer;
    uint32_t ready, left; /* elements: now; later, `step` at each tick */
    uint32_t step;
    uint64_t seen; /* sum of what the guest gave */
    bool stops;    /* SW_END when nothing is left; else there is just nothing more */
};
static struct flow flow;

static void tick(void *arg)
{
    struct flow *f = arg;
    uint32_t n = f->left < f->step ? f->left : f->step;
    f->ready += n;
    f->left -= n;
    loop_timer_start(f->timer, 1);
    if (f->end)
        component_stream_wake(f->end);
}

static int nothing_now(const struct flow *f)
{
    return f->left == 0 && f->stops ? SW_END : SW_WAIT;
}

static uint32_t portion(struct flow *f, uint32_t n)
{
    n = n < f->ready ? n : f->ready;
    f->ready -= n;
    return n;
}

static int give_bytes(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    if (flow.ready == 0)
        return nothing_now(arg);
    *ret_n = portion(arg, n);
    memset(call->mem + at, 3, *ret_n);
    return 0;
}

static int give_names(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    struct component_value name = {.text = SW_LIT("a name")};
    if (flow.ready == 0)
        return nothing_now(arg);
    *ret_n = portion(arg, n);
    return component_stream_store(call, flow.end, at, &name); /* n is 1 */
}

static int take_bytes(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    if (flow.ready == 0)
        return nothing_now(arg);
    *ret_n = portion(arg, n);
    for (uint32_t i = 0; i < *ret_n; i++)
        flow.seen += call->mem[at + i];
    return 0;
}

static void gone(void *arg)
{
    struct flow *f = arg;
    note(f->world, "gone;");
    loop_timer_free(f->timer);
    f->timer = NULL;
}

static const struct component_stream_ops bytes_ops = {give_bytes, gone}, names_ops = {give_names, gone},
                                         eat_ops = {take_bytes, gone};

static int begin(struct component_call *call)
{
    struct sw_err err;
    flow.world = component_call_owner(call);
    if (loop_timer_new(flow.world->loop, tick, &flow, &flow.timer, &err) < 0)
        return component_trap(call, "no timer");
    loop_timer_start(flow.timer, 1);
    return 0;
}

static int give(struct component_call *call, const struct component_stream_ops *ops, union engine_val *vals)
{
    uint32_t handle = 0;
    int rc = begin(call);
    if (rc == 0)
        rc = component_stream_new(call, component_call_result_type(call), ops, &flow, &handle, &flow.end);
    vals[0].u64 = handle;
    return rc;
}

static int host_bytes(struct component_call *call, union engine_val *vals)
{
    return give(call, &bytes_ops, vals);
}

static int host_names(struct component_call *call, union engine_val *vals)
{
    return give(call, &names_ops, vals);
}

static int host_eat(struct component_call *call, union engine_val *vals)
{
    int rc = begin(call);
    if (rc == 0)
        rc = component_stream_take(call, vals[0].u32, component_call_param_type(call, 0), &eat_ops, &flow,
                                   &flow.end);
    return rc;
}

static const struct component_host_func funcs[] = {
    {"bytes", "func() -> stream<u8>", host_bytes, NULL},
    {"names", "func() -> stream<string>", host_names, NULL},
    {"answer", "func() -> future<string>", host_names, NULL},
    {"eat", "func(s: stream<u8>)", host_eat, NULL},
};
static const struct component_host_interface interface = {.name = "test:host/streams",
                                                          .version = "1.0.0",
                                                          .funcs = funcs,
                                                          .func_count = sizeof funcs / sizeof *funcs};
static const struct component_host_interface *const interfaces[] = {&interface};
static const struct component_host host = {.interfaces = interfaces, .interface_count = 1};

static struct world world;

/* ---- tests ---- */

static const char *called;
static uint32_t argument;
static struct component_value result;

static int body(struct world *w)
{
    struct component_value args[1] = {{.u64 = argument}};
    return call(w, called, args, strcmp(called, "feed") == 0 ? 1 : 0, &result);
}

static void check_run(const char *name, uint32_t want)
{
    called = name;
    int rc = run(&world, body);
    if (rc < 0)
        print_error("%s: %s\n", name, failure(&world));
    CHECK_INT(rc, 0);
    CHECK_INT(result.u64, want);
}

static void a_guest_waits_for_the_bytes_of_the_host(void **state)
{
    (void)state;
    world_open(&world, "streams.wasm", &host);
    flow = (struct flow){.ready = 20, .left = 100, .step = 7, .stops = true};
    check_run("sum", 3 * 120);
    CHECK_STR(sw_str_of(world.events), "gone;"); /* by the host's end of the stream */
    CHECK_INT(world.store->scheduler->pending, 0);
    end(&world);
    CHECK_STR(sw_str_of(world.events), "gone;");
    world_close(&world);
}

static void a_guest_waits_for_strings_of_the_host(void **state)
{
    (void)state;
    world_open(&world, "streams.wasm", &host);
    flow = (struct flow){.ready = 1, .left = 5, .step = 2, .stops = true};
    check_run("letters", 6 * 6);
    CHECK_STR(sw_str_of(world.events), "gone;");
    end(&world);
    world.events_n = 0;
    flow = (struct flow){.left = 1, .step = 1};
    check_run("ask", 6);
    CHECK_STR(sw_str_of(world.events), "gone;"); /* by the guest's drop */
    end(&world);
    world_close(&world);
}

static void a_host_takes_bytes_as_it_can(void **state)
{
    (void)state;
    world_open(&world, "streams.wasm", &host);
    argument = 50;
    flow = (struct flow){.left = 1000, .step = 20};
    check_run("feed", 3);
    CHECK_INT(flow.seen, 7 * 50);
    CHECK_STR(sw_str_of(world.events), "gone;");
    end(&world);
    world.events_n = 0;
    flow = (struct flow){.ready = 30, .stops = true}; /* ends before all is written */
    check_run("feed", 2);
    CHECK_INT(flow.seen, 7 * 30);
    CHECK_STR(sw_str_of(world.events), "gone;");
    end(&world);
    world_close(&world);
}

/* ---- streams as values of calls that the host makes ---- */

static int drain_body(struct world *w)
{
    struct component_value args[1];
    int rc = component_stream_value(w->store, component_export_param_type(export_of(w, "drain"), 0),
                                    &bytes_ops, &flow, &args[0], &flow.end);
    return rc < 0 ? rc : call(w, "drain", args, 1, &result);
}

static int source_body(struct world *w)
{
    int rc = call(w, "source", NULL, 0, &result); /* returns while the task goes on */
    if (rc == 0)
        rc = component_stream_attach(result.object, &eat_ops, &flow, &flow.end);
    return rc < 0 ? rc : component_tasks_wait(w->store);
}

static int discard_body(struct world *w)
{
    int rc = call(w, "source", NULL, 0, &result);
    if (rc == 0)
        component_stream_discard(result.object);
    return rc < 0 ? rc : component_tasks_wait(w->store);
}

static void start_timer(void)
{
    struct sw_err err;
    flow.world = &world;
    CHECK_OK(loop_timer_new(world.loop, tick, &flow, &flow.timer, &err), &err);
    loop_timer_start(flow.timer, 1);
}

static void a_call_of_the_host_gives_and_gets_streams(void **state)
{
    (void)state;
    world_open(&world, "streams.wasm", &host);
    flow = (struct flow){.left = 30, .step = 20, .stops = true};
    start_timer();
    CHECK_INT(run(&world, drain_body), 0);
    CHECK_INT(result.u64, 90);
    CHECK_STR(sw_str_of(world.events), "gone;");
    end(&world);
    flow = (struct flow){.left = 40, .step = 40};
    start_timer();
    CHECK_INT(run(&world, source_body), 0);
    CHECK_INT(flow.seen, 9 * 40);
    CHECK_STR(sw_str_of(world.events), "gone;gone;");
    end(&world);
    CHECK_INT(run(&world, discard_body), -SW_EGUEST); /* the guest insists on having written all */
    CHECK_HAS(failure(&world), "unreachable");
    end(&world);
    world_close(&world);
}

static void stop(void *arg)
{
    loop_stop(arg);
}

static const struct component_call_events no_events = {NULL, NULL};

static int begin_body(struct world *w)
{
    return component_call_async(w->store, export_of(w, "sum"), NULL, 0,
                                &(struct component_async_call_request){&no_events, NULL, NULL});
}

static void a_store_may_end_while_a_guest_waits_for_the_host(void **state)
{
    struct loop_timer *timer;
    struct sw_err err;
    (void)state;
    world_open(&world, "streams.wasm", &host);
    flow = (struct flow){.ready = 5};
    CHECK_INT(run(&world, begin_body), 0);
    CHECK_OK(loop_timer_new(world.loop, stop, world.loop, &timer, &err), &err);
    loop_timer_start(timer, 20);
    CHECK_OK(loop_run(world.loop, &err), &err);
    CHECK_STR(sw_str_of(failure(&world)), ""); /* it waits */
    CHECK_INT(world.store->scheduler->pending, 1);
    end(&world);
    CHECK_STR(sw_str_of(world.events), "gone;");
    loop_timer_free(timer);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_waits_for_the_bytes_of_the_host),
        cmocka_unit_test(a_guest_waits_for_strings_of_the_host),
        cmocka_unit_test(a_host_takes_bytes_as_it_can),
        cmocka_unit_test(a_call_of_the_host_gives_and_gets_streams),
        cmocka_unit_test(a_store_may_end_while_a_guest_waits_for_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
