/* run_resources.c - resources with destructors, and the host's objects on their way between guests. */
#include "check.h"

#include "run_fixture.h"

static int call(struct fixture *fx, const char *name, const struct component_value *args, uint32_t n,
                struct component_value *result)
{
    return component_call_wait(fx->store, fixture_export(fx, name), args, n, result);
}

/* ---- guest resources: guest 1 defines resource 0, guest 0 uses it ---- */

enum { NEW0, REP0, DROP1 }; /* guest 1's imports */

static int dtor_noted(struct fake_guest *guest, union engine_val *vals)
{
    fixture_note(fixture_of(guest)->fixture, "dtor %u;", vals[0].u32);
    return 0;
}

static int make_run2(struct fake_guest *guest, union engine_val *vals) /* 1.run2: func(rep) -> own */
{
    return fake_import(guest, NEW0, vals);
}

static void resource_setup(struct fixture *fx, const char *use_type, bool has_dtor)
{
    fixture_init(fx, 2);
    (void)fixture_resource_guest(fx, 1, has_dtor);
    (void)fixture_import_builtin(fx, 1, COMPONENT_RESOURCE_NEW, 0);
    (void)fixture_import_builtin(fx, 1, COMPONENT_RESOURCE_REP, 0);
    (void)fixture_import_builtin(fx, 1, COMPONENT_RESOURCE_DROP, 0);
    uint32_t make = fixture_lift(fx, 1, "run2", "func(rep: u32) -> own<#0>", COMPONENT_UTF8);
    (void)fixture_import_lift(fx, 0, make, COMPONENT_UTF8);
    (void)fixture_import_builtin(fx, 0, COMPONENT_RESOURCE_DROP, 0);
    (void)fixture_import_lift(fx, 0, fixture_lift(fx, 1, "run", use_type, COMPONENT_UTF8), COMPONENT_UTF8);
    fx->guests[1].run2 = make_run2;
    fx->guests[1].dtor = dtor_noted;
    fixture_bind(fx);
    fixture_open(fx);
}

static int import1(struct fixture *fx, uint32_t guest, uint32_t import, uint32_t value, uint32_t *ret)
{
    union engine_val vals[1] = {{.u64 = value}};
    int rc = fake_import(fixture_guest(fx, guest), import, vals);
    if (ret)
        *ret = vals[0].u32;
    return rc;
}

static void dropping_calls_the_destructor_in_the_definer(void **state)
{
    struct fixture fx;
    uint32_t handle;
    (void)state;
    resource_setup(&fx, "func(x: borrow<#0>)", true);
    CHECK_INT(import1(&fx, 0, 0, 11, &handle), 0);
    CHECK_INT(handle, 1);
    CHECK_INT(import1(&fx, 0, 0, 22, &handle), 0);
    CHECK_INT(handle, 2);
    CHECK_INT(import1(&fx, 1, NEW0, 33, &handle), 0); /* the definer's own table */
    CHECK_INT(handle, 1);
    CHECK_INT(import1(&fx, 1, REP0, 1, &handle), 0);
    CHECK_INT(handle, 33);
    CHECK_INT(import1(&fx, 0, 1, 1, NULL), 0);
    CHECK_INT(import1(&fx, 1, DROP1, 1, NULL), 0);
    CHECK_INT(import1(&fx, 0, 0, 44, &handle), 0);
    CHECK_INT(handle, 1); /* used again */
    fixture_close(&fx);   /* runs no guest code */
    CHECK_STR(sw_str_of(fx.events), "dtor 11;dtor 33;");
    fixture_deinit(&fx);
}

static void a_drop_enters_the_definer_even_without_a_destructor(void **state)
{
    for (int has_dtor = 0; has_dtor < 2; has_dtor++) {
        struct fixture fx;
        (void)state;
        resource_setup(&fx, "func(x: borrow<#0>)", has_dtor != 0);
        CHECK_INT(import1(&fx, 0, 0, 11, NULL), 0);
        CHECK_INT(component__enter(fx.store, 2, COMPONENT_NONE), 0); /* as if the definer were running */
        CHECK_INT(import1(&fx, 0, 1, 1, NULL), -SW_EGUEST);
        CHECK_HAS(fixture_failure(&fx), "cannot enter");
        CHECK_STR(sw_str_of(fx.events), "");
        fixture_deinit(&fx);
    }
}

static void bad_handles_trap(void **state)
{
    static const struct {
        uint32_t import, handle;
        const char *trap;
    } rows[] = {{1, 0, "unknown handle index 0"},
                {1, 2, "unknown handle index 2"},
                {1, UINT32_MAX, "unknown handle index 4294967295"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture fx;
        resource_setup(&fx, "func(x: own<#0>)", true);
        CHECK_INT(import1(&fx, 0, 0, 11, NULL), 0);
        CHECK_INT(import1(&fx, 0, rows[i].import, rows[i].handle, NULL), -SW_EGUEST);
        CHECK_HAS(fixture_failure(&fx), rows[i].trap);
        fixture_deinit(&fx);
    }
}

static int borrow_is_rep(struct fake_guest *guest, union engine_val *vals)
{
    fixture_note(fixture_of(guest)->fixture, "rep %u;", vals[0].u32);
    return 0;
}

static void the_definer_of_a_borrow_gets_the_representation(void **state)
{
    struct fixture fx;
    (void)state;
    resource_setup(&fx, "func(x: borrow<#0>)", true);
    fx.guests[1].run = borrow_is_rep;
    CHECK_INT(import1(&fx, 0, 0, 11, NULL), 0);
    CHECK_INT(import1(&fx, 0, 2, 1, NULL), 0);
    CHECK_INT(import1(&fx, 0, 1, 1, NULL), 0); /* not lent any more */
    CHECK_STR(sw_str_of(fx.events), "rep 11;dtor 11;");
    fixture_deinit(&fx);
}

static int own_is_handle(struct fake_guest *guest, union engine_val *vals)
{
    fixture_note(fixture_of(guest)->fixture, "own %u;", vals[0].u32);
    return 0;
}

static void an_owned_handle_moves_between_tables(void **state)
{
    struct fixture fx;
    (void)state;
    resource_setup(&fx, "func(x: own<#0>)", true);
    fx.guests[1].run = own_is_handle;
    CHECK_INT(import1(&fx, 0, 0, 11, NULL), 0);
    CHECK_INT(import1(&fx, 0, 2, 1, NULL), 0);
    CHECK_STR(sw_str_of(fx.events), "own 1;");
    CHECK_INT(import1(&fx, 0, 2, 1, NULL), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&fx), "unknown handle index 1");
    fixture_deinit(&fx);
}

static void a_handle_cannot_be_lent_and_given_in_one_call(void **state)
{
    struct fixture fx;
    (void)state;
    resource_setup(&fx, "func(x: borrow<#0>, y: own<#0>)", true);
    CHECK_INT(import1(&fx, 0, 0, 11, NULL), 0);
    union engine_val vals[2] = {{.u64 = 1}, {.u64 = 1}};
    CHECK_INT(fake_import(fixture_guest(&fx, 0), 2, vals), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&fx), "cannot remove owned resource while borrowed");
    fixture_deinit(&fx);
}

/* ---- host resources between guests ---- */

static void drop_noted(void *owner, void *object)
{
    fixture_note(owner, "drop %s;", (const char *)object);
}
static const struct component_host_resource file_type = {"file", 3, drop_noted};

static int keep_run2(struct fake_guest *guest, union engine_val *vals) /* keeps what it was given */
{
    fixture_note(fixture_of(guest)->fixture, "got %u;", vals[0].u32);
    return 0;
}

static int drop_run2(struct fake_guest *guest, union engine_val *vals)
{
    return fake_import(guest, 0, vals);
}

static void host_setup(struct fixture *fx, const char *type)
{
    fixture_init(fx, 2);
    (void)fixture_resource_host(fx, &file_type);
    (void)fixture_import_lift(fx, 0, fixture_lift(fx, 1, "run2", type, COMPONENT_UTF8), COMPONENT_UTF8);
    (void)fixture_import_builtin(fx, 1, COMPONENT_RESOURCE_DROP, 0);
    (void)fixture_lift(fx, 0, "run", "func(x: own<#0>, y: own<#0>)", COMPONENT_UTF8);
    fixture_bind(fx);
    fixture_open(fx);
}

static char object_a[] = "a", object_b[] = "b";

static int give_run(struct fake_guest *guest, union engine_val *vals) /* passes its first handle on */
{
    return fake_import(guest, 0, vals);
}

static void host_objects_move_and_are_dropped_in_reverse_order(void **state)
{
    struct fixture fx;
    struct component_value args[2] = {{.object = object_a}, {.object = object_b}};
    (void)state;
    host_setup(&fx, "func(x: own<#0>)");
    fx.guests[0].run = give_run;
    fx.guests[1].run2 = keep_run2;
    CHECK_INT(call(&fx, "run", args, 2, NULL), 0);
    fixture_close(&fx);
    CHECK_STR(sw_str_of(fx.events), "got 1;drop b;drop a;"); /* a was made first, wherever it went */
    fixture_open(&fx);
    fx.guests[1].run2 = drop_run2;
    CHECK_INT(call(&fx, "run", args, 2, NULL), 0);
    fixture_close(&fx);
    CHECK_STR(sw_str_of(fx.events), "got 1;drop b;drop a;drop a;drop b;");
    fixture_deinit(&fx);
}

static void a_borrow_must_be_dropped_before_the_call_returns(void **state)
{
    struct component_value args[2] = {{.object = object_a}, {.object = object_b}};
    (void)state;
    for (int drops = 0; drops < 2; drops++) {
        struct fixture fx;
        host_setup(&fx, "func(x: borrow<#0>)");
        fx.guests[0].run = give_run;
        fx.guests[1].run2 = drops ? drop_run2 : keep_run2;
        CHECK_INT(call(&fx, "run", args, 2, NULL), drops ? 0 : -SW_EGUEST);
        if (!drops)
            CHECK_HAS(fixture_failure(&fx), "borrow handles still remain at the end of the call: 1");
        fixture_close(&fx);
        CHECK_STR(sw_str_of(fx.events),
                  drops ? "drop b;drop a;" : "got 1;drop b;drop a;"); /* dropping a borrow drops no object */
        fixture_deinit(&fx);
    }
}

static int trap_realloc(struct fake_guest *guest, union engine_val *vals)
{
    (void)guest;
    (void)vals;
    return -1;
}

static int give_with_text_run(struct fake_guest *guest, union engine_val *vals)
{
    union engine_val args[3] = {{.u64 = vals[0].u32}, {.u64 = 0}, {.u64 = 0}};
    return fake_import(guest, 0, args);
}

static void objects_between_two_tables_are_not_lost(void **state)
{
    struct fixture fx;
    struct component_value args[2] = {{.object = object_a}, {.object = object_b}};
    (void)state;
    host_setup(&fx, "func(x: own<#0>, y: string)");
    fx.guests[0].run = give_with_text_run;
    fx.guests[1].realloc = trap_realloc; /* when the handle was made, before the callee got it */
    CHECK_INT(call(&fx, "run", args, 2, NULL), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&fx), "the guest trapped");
    fixture_close(&fx);
    CHECK_STR(sw_str_of(fx.events), "drop b;drop a;");
    fixture_deinit(&fx);
}

static void arguments_of_a_call_that_fails_are_the_stores(void **state)
{
    struct component_value args[2] = {{.object = object_a}, {.object = object_b}};
    struct fixture fx;
    (void)state;
    host_setup(&fx, "func(x: own<#0>)");
    fx.store->handles_budget = 0;
    CHECK_INT(call(&fx, "run", args, 2, NULL), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&fx), "handle table is full");
    CHECK_INT(call(&fx, "run", args, 2, NULL), -SW_EGUEST); /* the store had failed before */
    fixture_close(&fx);
    CHECK_STR(sw_str_of(fx.events), "drop b;drop a;drop b;drop a;");
    fixture_deinit(&fx);
}

static uint32_t give_back_trap;

static int give_back_run(struct fake_guest *guest, union engine_val *vals)
{
    (void)guest; /* the handle it was given is the flat result already */
    (void)vals;
    return 0;
}

static int give_back_post(struct fake_guest *guest, union engine_val *vals)
{
    (void)guest;
    (void)vals;
    return give_back_trap ? -1 : 0;
}

static void an_object_in_a_result_is_the_callers_once_the_call_is_over(void **state)
{
    struct component_value args[1] = {{.object = object_a}}, result = {.u64 = 0};
    (void)state;
    for (give_back_trap = 0; give_back_trap < 2; give_back_trap++) {
        struct fixture fx;
        fixture_init(&fx, 1);
        (void)fixture_resource_host(&fx, &file_type);
        fixture_post_return(&fx, fixture_lift(&fx, 0, "run", "func(x: own<#0>) -> own<#0>", COMPONENT_UTF8));
        fx.guests[0].run = give_back_run;
        fx.guests[0].post = give_back_post;
        fixture_bind(&fx);
        fixture_open(&fx);
        CHECK_INT(call(&fx, "run", args, 1, &result), give_back_trap ? -SW_EGUEST : 0);
        if (!give_back_trap)
            CHECK(result.object == object_a);
        fixture_close(&fx);
        CHECK_STR(sw_str_of(fx.events), give_back_trap ? "drop a;" : "");
        fixture_deinit(&fx);
    }
}

/* ---- which built-ins may leave, and what a borrowed handle is good for ---- */

static uint32_t post_import;

static int builtin_post(struct fake_guest *guest, union engine_val *vals)
{
    vals[0].u64 = 1; /* the handle that was made before */
    return fake_import(guest, post_import, vals);
}

static void new_and_drop_leave_and_rep_stays(void **state)
{
    static const char *const traps[] = {[NEW0] = "cannot leave component instance",
                                        [REP0] = NULL,
                                        [DROP1] = "cannot leave component instance"};
    (void)state;
    for (post_import = NEW0; post_import <= DROP1; post_import++) {
        struct fixture fx;
        fixture_init(&fx, 1);
        (void)fixture_resource_guest(&fx, 0, true);
        (void)fixture_import_builtin(&fx, 0, COMPONENT_RESOURCE_NEW, 0);
        (void)fixture_import_builtin(&fx, 0, COMPONENT_RESOURCE_REP, 0);
        (void)fixture_import_builtin(&fx, 0, COMPONENT_RESOURCE_DROP, 0);
        fixture_post_return(&fx, fixture_lift(&fx, 0, "run", "func()", COMPONENT_UTF8));
        fx.guests[0].post = builtin_post;
        fixture_bind(&fx);
        fixture_open(&fx);
        CHECK_INT(import1(&fx, 0, NEW0, 7, NULL), 0);
        CHECK_INT(call(&fx, "run", NULL, 0, NULL), traps[post_import] ? -SW_EGUEST : 0);
        if (traps[post_import])
            CHECK_HAS(fixture_failure(&fx), traps[post_import]);
        fixture_deinit(&fx);
    }
}

static int pass_borrow_run2(struct fake_guest *guest, union engine_val *vals) /* gives on what it borrowed */
{
    return fake_import(guest, 0, vals);
}

/* 0.run(own, own) lends its first to 1.run2, which passes it to 2.run2 as `type`. */
static int pass_on(struct fixture *fx, const char *type, bool drops)
{
    struct component_value args[2] = {{.object = object_a}, {.object = object_b}};
    fixture_init(fx, 3);
    (void)fixture_resource_host(fx, &file_type);
    uint32_t last = fixture_lift(fx, 2, "run2", type, COMPONENT_UTF8);
    uint32_t middle = fixture_lift(fx, 1, "run2", "func(x: borrow<#0>)", COMPONENT_UTF8);
    (void)fixture_import_lift(fx, 0, middle, COMPONENT_UTF8);
    (void)fixture_import_lift(fx, 1, last, COMPONENT_UTF8);
    (void)fixture_import_builtin(fx, 2, COMPONENT_RESOURCE_DROP, 0);
    (void)fixture_lift(fx, 0, "run", "func(x: own<#0>, y: own<#0>)", COMPONENT_UTF8);
    fx->guests[0].run = give_run;
    fx->guests[1].run2 = pass_borrow_run2;
    fx->guests[2].run2 = drops ? drop_run2 : keep_run2;
    fixture_bind(fx);
    fixture_open(fx);
    return call(fx, "run", args, 2, NULL);
}

static void a_borrowed_handle_can_be_lent_on_and_not_given_away(void **state)
{
    static const struct {
        const char *type;
        bool drops;
        const char *trap;
    } rows[] = {
        {"func(x: own<#0>)", true, "cannot transfer a borrowed resource: handle index 1"},
        /* the second lender's own borrow is what remains: lending on does not drop it */
        {"func(x: borrow<#0>)", true, "borrow handles still remain at the end of the call: 1"},
        {"func(x: borrow<#0>)", false, "borrow handles still remain at the end of the call: 1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture fx;
        CHECK_INT(pass_on(&fx, rows[i].type, rows[i].drops), -SW_EGUEST);
        CHECK_HAS(fixture_failure(&fx), rows[i].trap);
        fixture_deinit(&fx);
    }
}

static void a_handle_of_another_resource_is_refused_between_guests(void **state)
{
    struct fixture fx;
    struct component_value args[2] = {{.object = object_a}, {.object = object_b}};
    (void)state;
    fixture_init(&fx, 2);
    (void)fixture_resource_host(&fx, &file_type);
    (void)fixture_resource_guest(&fx, 1, false);
    (void)fixture_import_lift(&fx, 0, fixture_lift(&fx, 1, "run2", "func(x: own<#1>)", COMPONENT_UTF8),
                              COMPONENT_UTF8);
    (void)fixture_lift(&fx, 0, "run", "func(x: own<#0>, y: own<#0>)", COMPONENT_UTF8);
    fx.guests[0].run = give_run;
    fixture_bind(&fx);
    fixture_open(&fx);
    CHECK_INT(call(&fx, "run", args, 2, NULL), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&fx),
              "handle index 1 used with the wrong type, expected guest-defined resource");
    fixture_deinit(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropping_calls_the_destructor_in_the_definer),
        cmocka_unit_test(a_drop_enters_the_definer_even_without_a_destructor),
        cmocka_unit_test(bad_handles_trap),
        cmocka_unit_test(the_definer_of_a_borrow_gets_the_representation),
        cmocka_unit_test(an_owned_handle_moves_between_tables),
        cmocka_unit_test(a_handle_cannot_be_lent_and_given_in_one_call),
        cmocka_unit_test(host_objects_move_and_are_dropped_in_reverse_order),
        cmocka_unit_test(a_borrow_must_be_dropped_before_the_call_returns),
        cmocka_unit_test(objects_between_two_tables_are_not_lost),
        cmocka_unit_test(arguments_of_a_call_that_fails_are_the_stores),
        cmocka_unit_test(an_object_in_a_result_is_the_callers_once_the_call_is_over),
        cmocka_unit_test(new_and_drop_leave_and_rep_stays),
        cmocka_unit_test(a_borrowed_handle_can_be_lent_on_and_not_given_away),
        cmocka_unit_test(a_handle_of_another_resource_is_refused_between_guests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
