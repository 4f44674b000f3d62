/* run_real.c - whole components on the real engine and loop: decoded, linked, compiled, bound, called.
 *
 * The sources are data/run_*.wat. Compiling happens in this process, into memory files. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "real_world.h"

static uint64_t wait_ms = 1;

static void wake(void *arg)
{
    engine_call_wake(arg);
}

static int greet(struct component_call *call, union engine_val *vals) /* (ptr, len, where to) */
{
    struct sw_str name;
    uint8_t *to;
    uint32_t ptr, len;
    int rc = component_lift_string(call, vals[0].u32, vals[1].u32, &name);
    if (rc < 0)
        return rc;
    const char *text = sw_arena_printf(component_call_scratch(call), "hello " SW_FMT, SW_ARG(name));
    CHECK(text);
    uint32_t at = vals[2].u32;
    if ((rc = component_mem_range(call, at, 8, 4, &to)) < 0 ||
        (rc = component_lower_string(call, sw_str_of(text), &ptr, &len)) < 0 ||
        (rc = component_mem_range(call, at, 8, 4, &to)) < 0)
        return rc;
    component_store_u32(to, ptr);
    component_store_u32(to + 4, len);
    return 0;
}

static int wait_a_moment(struct component_call *call, union engine_val *vals)
{
    struct world *world = component_call_owner(call);
    struct engine_store *store = component_call_engine(call);
    struct loop_timer *timer = NULL;
    struct sw_err err;
    (void)vals;
    CHECK_OK(loop_timer_new(world->loop, wake, engine_store_call(store), &timer, &err), &err);
    loop_timer_start(timer, wait_ms);
    int rc = engine_park_wait(store, &err);
    loop_timer_free(timer);
    note(world, rc < 0 ? "wait cancelled;" : "waited;");
    return rc;
}

static int note_number(struct component_call *call, union engine_val *vals)
{
    note(component_call_owner(call), "note %u;", vals[0].u32);
    return 0;
}

enum { KIND_THING = 1 };

static void thing_drop(void *owner, void *object)
{
    note(owner, "drop %s;", (const char *)object);
    free(object);
}

static int thing_new(struct component_call *call, union engine_val *vals)
{
    struct sw_str name;
    uint32_t handle;
    int rc = component_lift_string(call, vals[0].u32, vals[1].u32, &name);
    if (rc < 0)
        return rc;
    char *object = strndup(name.p, name.n);
    rc = component_handle_new(call, KIND_THING, object, &handle);
    if (rc < 0)
        free(object);
    else
        vals[0].u64 = handle;
    return rc;
}

static int thing_name(struct component_call *call, union engine_val *vals)
{
    void *object;
    uint8_t *to;
    uint32_t ptr, len, at = vals[1].u32;
    int rc = component_handle_get(call, vals[0].u32, KIND_THING, &object);
    if (rc < 0 || (rc = component_lower_string(call, sw_str_of(object), &ptr, &len)) < 0 ||
        (rc = component_mem_range(call, at, 8, 4, &to)) < 0)
        return rc;
    component_store_u32(to, ptr);
    component_store_u32(to + 4, len);
    return 0;
}

static const struct component_host_func funcs[] = {
    {"greet", "func(name: string) -> string", greet, NULL},
    {"wait", "func()", wait_a_moment, NULL},
    {"note", "func(n: u32)", note_number, NULL},
    {"[constructor]thing", "func(name: string) -> own<test:host/api/thing>", thing_new, NULL},
    {"[method]thing.name", "func(self: borrow<test:host/api/thing>) -> string", thing_name, NULL},
};
static const struct component_host_resource resources[] = {{"thing", KIND_THING, thing_drop}};
static const struct component_host_interface api = {
    "test:host/api", "1.0.0", funcs, sizeof funcs / sizeof *funcs, resources, 1};
static const struct component_host_interface *const interfaces[] = {&api};
static const struct component_host host = {.interfaces = interfaces, .interface_count = 1};

/* ---- strings, waiting, traps ---- */

static int hello_body(struct world *world)
{
    struct component_value who = {.text = SW_LIT("w\xc3\xb6rld \xf0\x9f\x98\x80")}, result = {.u64 = 0};
    int rc = call(world, "hello", &who, 1, &result);
    if (rc == 0)
        note(world, SW_FMT ";", SW_ARG(result.text));
    if (rc == 0)
        rc = call(world, "posts", NULL, 0, &result);
    if (rc == 0)
        note(world, "posts %u;", (unsigned)result.u64);
    return rc;
}

static void strings_pass_in_both_directions_and_a_host_call_may_wait(void **state)
{
    struct world world;
    (void)state;
    world_open(&world, "run_strings.wasm", &host);
    for (int i = 0; i < 3; i++) { /* the same each time: stores start anew */
        world.events_n = 0;
        int rc = run(&world, hello_body);
        if (rc < 0)
            print_error("%s\n", failure(&world));
        CHECK_INT(rc, 0);
        CHECK_STR(sw_str_of(world.events), "waited;hello w\xc3\xb6rld \xf0\x9f\x98\x80;posts 1;");
        end(&world);
    }
    world_close(&world);
}

static int boom_body(struct world *world)
{
    int rc = call(world, "boom", NULL, 0, NULL);
    struct component_value result;
    CHECK_INT(call(world, "posts", NULL, 0, &result), -SW_EGUEST); /* poisoned */
    return rc;
}

static void a_trap_ends_the_store_only(void **state)
{
    struct world world;
    (void)state;
    world_open(&world, "run_strings.wasm", &host);
    CHECK_INT(run(&world, boom_body), -SW_EGUEST);
    CHECK_INT(engine_store_failure(component_store_engine(world.store))->kind, ENGINE_TRAP_UNREACHABLE);
    end(&world);
    CHECK_INT(run(&world, hello_body), 0);
    end(&world);
    world_close(&world);
}

static void stop(void *arg)
{
    loop_stop(arg);
}

static void a_cancelled_call_leaves_at_its_wait(void **state)
{
    struct world world;
    struct sw_err err;
    struct engine_stats stats;
    struct loop_timer *timer = NULL;
    (void)state;
    world_open(&world, "run_strings.wasm", &host);
    CHECK_OK(loop_timer_new(world.loop, stop, world.loop, &timer, &err), &err);
    wait_ms = 60000;
    start(&world, hello_body);
    do { /* until it is parked */
        loop_timer_start(timer, 1);
        CHECK_OK(loop_run(world.loop, &err), &err);
        engine_stats_read(world.engine, &stats);
    } while (!stats.parks);
    wait_ms = 1;
    component_store_cancel(world.store);
    CHECK(!world.done);
    CHECK_STR(sw_str_of(world.events), "wait cancelled;");
    end(&world);
    loop_timer_free(timer);
    world_close(&world);
}

static bool keep_thing;

static int thing_body(struct world *world)
{
    struct component_value keep = {.u64 = keep_thing}, result = {.u64 = 0};
    int rc = call(world, "thing", &keep, 1, &result);
    if (rc == 0)
        note(world, SW_FMT ";", SW_ARG(result.text));
    return rc;
}

static void host_objects_are_dropped_by_the_guest_or_with_the_store(void **state)
{
    struct world world;
    (void)state;
    world_open(&world, "run_strings.wasm", &host);
    keep_thing = false;
    CHECK_INT(run(&world, thing_body), 0);
    end(&world);
    CHECK_STR(sw_str_of(world.events), "drop box;box;");
    keep_thing = true;
    CHECK_INT(run(&world, thing_body), 0);
    end(&world);
    CHECK_STR(sw_str_of(world.events), "drop box;box;box;drop box;");
    world_close(&world);
}

/* ---- start sections ---- */

static int ask_body(struct world *world)
{
    struct component_value result = {.u64 = 0};
    int rc = call(world, "ask", NULL, 0, &result);
    note(world, "%u;", (unsigned)result.u64);
    return rc;
}

static void start_sections_run_in_the_order_of_instantiation(void **state)
{
    struct world world;
    (void)state;
    world_open(&world, "run_startorder.wasm", &host);
    CHECK_INT(run(&world, ask_body), 0);
    CHECK_STR(sw_str_of(world.events), "note 10;note 20;2;");
    end(&world);
    world_close(&world);
}

static void a_fixups_start_runs_although_it_is_elided(void **state)
{
    struct world world;
    (void)state;
    world_open(&world, "run_fixup.wasm", &host);
    CHECK_INT(world.plan->instance_count, 2); /* main and the adapter */
    CHECK_INT(run(&world, ask_body), 0);
    CHECK_STR(sw_str_of(world.events), "note 7;84;");
    end(&world);
    world_close(&world);
}

/* ---- an adapter that is made when it is called ---- */

static int plain_body(struct world *world)
{
    struct component_value result = {.u64 = 0};
    int rc = call(world, "plain", NULL, 0, &result);
    note(world, "%u;", (unsigned)result.u64);
    return rc;
}

static int plain_then_ask_body(struct world *world)
{
    int rc = plain_body(world);
    return rc < 0 ? rc : ask_body(world);
}

static int say_body(struct world *world)
{
    struct component_value result = {.u64 = 0};
    int rc = call(world, "say", NULL, 0, &result);
    note(world, "length %u;", (unsigned)result.u64);
    return rc;
}

static int crash_body(struct world *world)
{
    return call(world, "crash", NULL, 0, NULL);
}

static void an_adapter_is_made_once_and_only_when_it_is_called(void **state)
{
    static const struct {
        int (*body)(struct world *world);
        uint32_t made;
        int rc;
        const char *events;
    } rows[] = {
        {plain_body, 1, 0, "1;"},
        {plain_then_ask_body, 2, 0, "1;note 1;note 2;20;"},
        {say_body, 2, 0, "waited;length 7;"},
        {crash_body, 2, -SW_EGUEST, ""},
        {plain_body, 1, 0, "1;"},
    };
    struct world world;
    struct engine_stats before, after;
    (void)state;
    world_open(&world, "run_lazy.wasm", &host);
    CHECK_INT(world.plan->instance_count, 2);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world.events[0] = '\0';
        world.events_n = 0;
        engine_stats_read(world.engine, &before);
        int rc = run(&world, rows[i].body);
        if (rc < 0 && rows[i].rc == 0)
            print_error("%s\n", failure(&world));
        CHECK_INT(rc, rows[i].rc);
        engine_stats_read(world.engine, &after);
        CHECK_STR(sw_str_of(world.events), rows[i].events);
        CHECK_INT(after.instances - before.instances, rows[i].made);
        if (rc < 0)
            CHECK_INT(engine_store_failure(component_store_engine(world.store))->kind,
                      ENGINE_TRAP_UNREACHABLE);
        end(&world);
    }
    world_close(&world);
}

static void a_call_cancelled_in_a_lazy_adapter_leaves_at_its_wait(void **state)
{
    struct world world;
    struct sw_err err;
    struct engine_stats stats;
    struct loop_timer *timer = NULL;
    (void)state;
    world_open(&world, "run_lazy.wasm", &host);
    CHECK_OK(loop_timer_new(world.loop, stop, world.loop, &timer, &err), &err);
    wait_ms = 60000;
    start(&world, say_body);
    do { /* until it is parked */
        loop_timer_start(timer, 1);
        CHECK_OK(loop_run(world.loop, &err), &err);
        engine_stats_read(world.engine, &stats);
    } while (!stats.parks);
    wait_ms = 1;
    CHECK_INT(stats.instances, 2);
    component_store_cancel(world.store);
    CHECK(!world.done);
    CHECK_STR(sw_str_of(world.events), "wait cancelled;length 0;");
    end(&world);
    loop_timer_free(timer);
    world_close(&world);
}

/* ---- nested components ---- */

static int nested_body(struct world *world)
{
    const struct component_value numbers[3] = {{.u64 = 1}, {.u64 = 20}, {.u64 = 300}};
    struct component_value list = {.list = {numbers, 3}}, result = {.u64 = 0};
    int rc = call(world, "quadruple", &list, 1, &result);
    if (rc < 0)
        return rc;
    for (uint64_t i = 0; i < result.list.count; i++)
        note(world, "%u;", (unsigned)result.list.items[i].u64);
    rc = call(world, "count", NULL, 0, &result);
    note(world, "count %u;", (unsigned)result.u64);
    return rc;
}

static int twice_body(struct world *world)
{
    struct component_value n = {.u64 = 0};
    return call(world, "twice", &n, 1, NULL);
}

static void nested_components_pass_lists_and_resources(void **state)
{
    struct world world;
    (void)state;
    world_open(&world, "run_nested.wasm", &host);
    int rc = run(&world, nested_body);
    if (rc < 0)
        print_error("%s\n", failure(&world));
    CHECK_INT(rc, 0);
    end(&world); /* the second counter: no guest code runs */
    CHECK_STR(sw_str_of(world.events), "4;80;1200;note 5;count 12;");
    CHECK_INT(run(&world, twice_body), -SW_EGUEST);
    CHECK_HAS(failure(&world), "unknown handle index 1");
    end(&world);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_pass_in_both_directions_and_a_host_call_may_wait),
        cmocka_unit_test(a_trap_ends_the_store_only),
        cmocka_unit_test(a_cancelled_call_leaves_at_its_wait),
        cmocka_unit_test(host_objects_are_dropped_by_the_guest_or_with_the_store),
        cmocka_unit_test(start_sections_run_in_the_order_of_instantiation),
        cmocka_unit_test(a_fixups_start_runs_although_it_is_elided),
        cmocka_unit_test(an_adapter_is_made_once_and_only_when_it_is_called),
        cmocka_unit_test(a_call_cancelled_in_a_lazy_adapter_leaves_at_its_wait),
        cmocka_unit_test(nested_components_pass_lists_and_resources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
