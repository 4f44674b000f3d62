/* run_stores.c - start sections, links, exports by version, allocations that fail. */
#include "check.h"

#include "base/alloc.h"
#include "run_fixture.h"

static int call(struct fixture *fx, const char *name, const struct component_value *args, uint32_t n,
                struct component_value *result)
{
    return component_call_wait(fx->store, fixture_export(fx, name), args, n, result);
}

static void drop_noted(void *owner, void *object)
{
    fixture_note(owner, "drop %s;", (const char *)object);
}
static const struct component_host_resource file_type = {"file", 3, drop_noted};

static char object_a[] = "a", object_b[] = "b";

static int give_run(struct fake_guest *guest, union engine_val *vals) /* passes its first handle on */
{
    return fake_import(guest, 0, vals);
}

static int host_nothing(struct component_call *call, union engine_val *vals)
{
    (void)call;
    (void)vals;
    return 0;
}

/* ---- start sections, stores ---- */

static int start_noted(struct fake_guest *guest, union engine_val *vals)
{
    struct fixture *fx = fixture_of(guest)->fixture;
    (void)vals;
    fixture_note(fx, "start %u of %u;", guest->number, fx->store->made);
    return 0;
}

static int main_noted(void *arg, struct component_store *store)
{
    fixture_note(arg, "main of %u;", store->made);
    return 0;
}

static void done_noted(void *arg, int rc)
{
    fixture_note(arg, "done %d;", rc);
}

static void start(struct fixture *fx)
{
    struct sw_err err;
    CHECK_OK(component_store_new(fx->component, &(struct engine_limits){0}, fx, &fx->store, &err), &err);
    CHECK_OK(component_store_start(fx->store, main_noted, done_noted, fx, &err), &err);
}

static void start_sections_run_before_the_next_module_is_made(void **state)
{
    static const struct {
        bool has_start[3];
        uint32_t made_at_once;
        const char *events;
    } rows[] = {
        {{false, false, false}, 3, "main of 3;done 0;"},
        {{true, false, true}, 1, "start 0 of 1;start 2 of 3;main of 3;done 0;"},
        {{false, true, false}, 2, "start 1 of 2;main of 3;done 0;"},
        {{true, true, true}, 1, "start 0 of 1;start 1 of 2;start 2 of 3;main of 3;done 0;"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture fx;
        fixture_init(&fx, 3);
        for (uint32_t j = 0; j < 3; j++) {
            fx.instances[j].has_start = rows[i].has_start[j];
            fx.guests[j].start = start_noted;
        }
        fixture_bind(&fx);
        start(&fx);
        CHECK_INT(fx.store->made, rows[i].made_at_once);
        fake_engine_run(fx.engine);
        CHECK_STR(sw_str_of(fx.events), rows[i].events);
        fixture_deinit(&fx);
    }
}

static int start_trap(struct fake_guest *guest, union engine_val *vals)
{
    (void)guest;
    (void)vals;
    return -1;
}

static int park_cancelled(void *arg)
{
    (void)arg;
    return -1;
}

static void a_start_that_traps_or_a_cancel_ends_it_before_main(void **state)
{
    (void)state;
    for (int cancel = 0; cancel < 2; cancel++) {
        struct fixture fx;
        fixture_init(&fx, 2);
        fx.instances[0].has_start = true;
        fx.guests[0].start = cancel ? start_noted : start_trap;
        fixture_bind(&fx);
        if (cancel)
            fake_engine_on_park(fx.engine, park_cancelled, NULL);
        start(&fx);
        fake_engine_run(fx.engine);
        CHECK_STR(sw_str_of(fx.events), cancel ? "start 0 of 1;done -6;" : "done -8;");
        fixture_deinit(&fx);
    }
}

static void a_cancelled_store_never_says_done(void **state)
{
    struct fixture fx;
    (void)state;
    fixture_init(&fx, 1);
    fixture_bind(&fx);
    start(&fx);
    component_store_cancel(fx.store);
    component_store_cancel(fx.store);
    fake_engine_run(fx.engine);
    CHECK_STR(sw_str_of(fx.events), "");
    fixture_deinit(&fx);
}

static void a_module_of_host_imports_only_gets_the_fast_links(void **state)
{
    static const struct component_host_func host = {"nothing", "func()", host_nothing, NULL};
    struct fixture fx;
    (void)state;
    fixture_init(&fx, 2);
    (void)fixture_resource_guest(&fx, 0, false);
    (void)fixture_import_host(&fx, 0, &host, "func()", COMPONENT_UTF8);
    (void)fixture_import_builtin(&fx, 0, COMPONENT_RESOURCE_DROP, 0);
    fx.guests[0].args[2] =
        (struct component_arg){.func = {COMPONENT_CORE_EXPORT, 1, SW_LIT("run")}, .late = true};
    fx.instances[0].arg_count = fx.modules[0].import_count = 3;
    fx.guests[1].args[0] = (struct component_arg){.func = {COMPONENT_CORE_EXPORT, 0, SW_LIT("run")}};
    fx.guests[1].args[1] =
        (struct component_arg){.kind = COMPONENT_ARG_EXPORT, .instance = 0, .name = SW_LIT("mem")};
    fx.instances[1].arg_count = fx.modules[1].import_count = 2;
    fixture_bind(&fx);
    const struct engine_link *links = fx.component->bounds[0]->links;
    CHECK_INT(links[0].kind, ENGINE_LINK_HOST);
    CHECK_INT(links[1].kind, ENGINE_LINK_HOST);
    CHECK_INT(links[2].kind, ENGINE_LINK_LATE);
    CHECK_INT(links[2].instance, 1);
    links = fx.component->bounds[1]->links;
    CHECK_INT(links[0].kind, ENGINE_LINK_EXPORT);
    CHECK_INT(links[1].kind, ENGINE_LINK_EXPORT);
    CHECK_STR(links[1].name, "mem");
    fixture_deinit(&fx);
}

/* ---- lazy core instances ---- */

static int lazy_run(struct fake_guest *guest, union engine_val *vals)
{
    struct fixture *fx = fixture_of(guest)->fixture;
    fixture_note(fx, "guest %u;", guest->number);
    vals[0].u64 = vals[0].u32 + 1;
    return 0;
}

static int call_lazy(struct fake_guest *guest,
                     union engine_val *vals) /* twice, through two imports of the same function */
{
    int rc = fake_import(guest, 0, vals);
    return rc < 0 ? rc : fake_import(guest, 1, vals);
}

static int start_calls_lazy(struct fake_guest *guest, union engine_val *vals)
{
    fixture_note(fixture_of(guest)->fixture, "start %u;", guest->number);
    return fake_import(guest, 0, vals);
}

/* Guest 0 calls guest 1, which is lazy; guest 2 is made at once. Exports: run (guest 0 to 1), run2 (guest 1 itself). */
static void lazy_init(struct fixture *fx)
{
    fixture_init(fx, 3);
    for (uint32_t i = 0; i < 2; i++)
        fx->guests[0].args[i] = (struct component_arg){
            .func = {COMPONENT_CORE_EXPORT, 1, SW_LIT("run")}, .late = true, .late_vals = 1};
    fx->instances[0].arg_count = fx->modules[0].import_count = 2;
    fx->instances[1].lazy = true;
    fx->guests[0].run = call_lazy;
    fx->guests[1].run = lazy_run;
    fx->guests[1].run2 = lazy_run;
    (void)fixture_lift(fx, 0, "run", "func(x: u32) -> u32", COMPONENT_UTF8);
    fx->lifts[fixture_lift(fx, 1, "run2", "func(x: u32) -> u32", COMPONENT_UTF8)].options.has_memory = false;
}

static void a_lazy_instance_is_made_at_the_first_call(void **state)
{
    static const char *const names[] = {"run", "run2", "run"};
    struct component_value x = {.u64 = 5}, result = {.u64 = 0};
    struct fixture fx;
    (void)state;
    lazy_init(&fx);
    fixture_bind(&fx);
    CHECK_INT(fx.component->bounds[0]->links[0].kind, ENGINE_LINK_HOST);
    CHECK_INT(fx.component->func_cell_count,
              5); /* run and realloc of 0, the same of 1 and run2: both imports have one cell */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fx.events_n = 0;
        fixture_open(&fx);
        CHECK_INT(fx.store->made, 3);
        CHECK(fixture_guest(&fx, 0) && !fixture_guest(&fx, 1) && fixture_guest(&fx, 2));
        for (int twice = 0; twice < 2; twice++) /* the fake engine asserts that it is made once */
            CHECK_INT(call(&fx, names[i], &x, 1, &result), 0);
        CHECK_INT(result.u64, i == 1 ? 6 : 7);
        CHECK(fixture_guest(&fx, 1));
        CHECK_STR(sw_str_of(fx.events), i == 1 ? "guest 1;guest 1;" : "guest 1;guest 1;guest 1;guest 1;");
        fixture_close(&fx);
    }
    fixture_deinit(&fx);
}

static void a_start_may_call_a_lazy_instance_that_comes_before_it(void **state)
{
    (void)state;
    for (uint32_t starter = 0; starter < 3; starter += 2) {
        struct fixture fx;
        lazy_init(&fx);
        fx.instances[starter].has_start = true;
        fx.guests[starter].start = start_calls_lazy;
        fx.guests[2].args[0] = fx.guests[0].args[0];
        fx.instances[2].arg_count = fx.modules[2].import_count = 1;
        fixture_bind(&fx);
        start(&fx);
        fake_engine_run(fx.engine);
        if (starter) {
            CHECK_STR(sw_str_of(fx.events), "start 2;guest 1;main of 3;done 0;");
        } else { /* as if it were made in its turn */
            CHECK_STR(sw_str_of(fx.events), "start 0;done -8;");
            CHECK_HAS(fixture_failure(&fx), "'run' is used before its core instance 1 exists");
        }
        fixture_deinit(&fx);
    }
}

static void a_lazy_instance_that_cannot_be_made_fails_the_call(void **state)
{
    (void)state;
    for (int cancel = 0; cancel < 2; cancel++) {
        struct component_value x = {.u64 = 5}, result = {.u64 = 0};
        struct fixture fx;
        lazy_init(&fx);
        fixture_bind(&fx);
        fixture_open(&fx);
        if (cancel)
            fake_engine_on_park(fx.engine, park_cancelled, NULL);
        else
            sw_mem_fail_after(0);
        int rc = call(&fx, "run", &x, 1, &result);
        sw_mem_fail_after(-1);
        CHECK(rc < 0);
        CHECK(!fixture_guest(&fx, 1));
        CHECK_STR(sw_str_of(fixture_failure(&fx)), cancel ? "the guest trapped" : "no slot is free");
        fixture_deinit(&fx);
    }
}

/* ---- exports by version ---- */

static void exports_are_found_by_version_track(void **state)
{
    static const struct {
        const char *version, *track;
        bool found;
    } rows[] = {{"0.2.3", "0.2", true}, {"0.2", "0.2", true}, {"0.20.1", "0.2", false},
                {"0.2.3", "", false},   {"", "", true},       {"0.3.0-rc-1", "0.3.0", true},
                {"1.2.3", "1", true},   {"", "0.2", false},   {"0.2.3", "0.2.3", true}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture fx;
        fixture_init(&fx, 1);
        (void)fixture_lift(&fx, 0, "run", "func()", COMPONENT_UTF8);
        fx.exports[0].interface = SW_LIT("a:b/c");
        fx.exports[0].version = sw_str_of(rows[i].version);
        fixture_bind(&fx);
        CHECK_INT(component_export_find(fx.component, SW_LIT("a:b/c"), sw_str_of(rows[i].track),
                                        SW_LIT("run")) != NULL,
                  rows[i].found);
        CHECK(!component_export_find(fx.component, SW_LIT("a:b/d"), sw_str_of(rows[i].track), SW_LIT("run")));
        fixture_deinit(&fx);
    }
}

/* ---- allocations ---- */

static int whole_run(struct fixture *fx)
{
    struct engine_module *modules[FIXTURE_GUESTS_MAX] = {&fx->modules[0], &fx->modules[1], &fx->modules[2]};
    struct component_value args[2] = {{.object = object_a}, {.object = object_b}};
    struct sw_err err;
    int rc = component_bind(&fx->plan, fx->engine, modules, &fx->component, &err);
    if (rc == 0)
        rc = component_store_new(fx->component, &(struct engine_limits){0}, fx, &fx->store, &err);
    if (rc == 0)
        rc = component_store_start(fx->store, main_noted, done_noted, fx, &err);
    if (rc == 0) {
        fake_engine_run(fx->engine);
        rc = call(fx, "run", args, 2, NULL);
    } else {
        CHECK(err.text[0]);
    }
    component_store_free(fx->store);
    fx->store = NULL;
    component_free(fx->component);
    fx->component = NULL;
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    struct fixture fx;
    (void)state;
    fixture_init(&fx, 2);
    (void)fixture_resource_host(&fx, &file_type);
    (void)fixture_import_lift(&fx, 0, fixture_lift(&fx, 1, "run2", "func(x: own<#0>)", COMPONENT_UTF8),
                              COMPONENT_UTF8);
    (void)fixture_lift(&fx, 0, "run", "func(x: own<#0>, y: own<#0>)", COMPONENT_UTF8);
    fx.instances[1].lazy = true;
    fx.lifts[0].options.has_memory = false; /* else it could not be lazy */
    fx.guests[0].run = give_run;
    for (long n = 0; n < 1000; n++) {
        fx.events_n = 0;
        sw_mem_fail_after(n);
        int rc = whole_run(&fx);
        sw_mem_fail_after(-1);
        bool dropped = strstr(fx.events, "drop a") && strstr(fx.events, "drop b");
        bool called = strstr(fx.events, "main") != NULL;
        CHECK(!called || dropped); /* once the call began, the objects are never lost */
        if (rc == 0) {
            fixture_deinit(&fx);
            return;
        }
        CHECK(rc == -SW_ENOMEM || rc == -SW_ELIMIT || rc == -SW_EGUEST);
    }
    CHECK_NEVER("still failing after 1000 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_sections_run_before_the_next_module_is_made),
        cmocka_unit_test(a_start_that_traps_or_a_cancel_ends_it_before_main),
        cmocka_unit_test(a_cancelled_store_never_says_done),
        cmocka_unit_test(a_module_of_host_imports_only_gets_the_fast_links),
        cmocka_unit_test(a_lazy_instance_is_made_at_the_first_call),
        cmocka_unit_test(a_start_may_call_a_lazy_instance_that_comes_before_it),
        cmocka_unit_test(a_lazy_instance_that_cannot_be_made_fails_the_call),
        cmocka_unit_test(exports_are_found_by_version_track),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
