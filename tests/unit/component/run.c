/* run.c - calls of exports and of imports, guest to guest, resources with destructors, start sections, stores. */
#include "check.h"

#include "base/alloc.h"
#include "run_fixture.h"

static int call(struct fixture *fx, const char *name, const struct component_value *args, uint32_t n, struct component_value *result)
{
    return component_call_wait(fx->store, fixture_export(fx, name), args, n, result);
}

static int call_run(struct fixture *fx)
{
    return call(fx, "run", NULL, 0, NULL);
}

static int import0(struct fake_guest *guest, union engine_val *vals)
{
    return fake_import(guest, 0, vals);
}

/* ---- exports ---- */

static int add_run(struct fake_guest *guest, union engine_val *vals)
{
    (void)guest;
    vals[0].u64 = vals[0].u32 + vals[1].u32;
    return 0;
}

static void flat_arguments_and_results_pass(void **state)
{
    struct fixture fx;
    struct component_value result = {.u64 = 0}, args[2] = {{.u64 = 40}, {.u64 = 2}};
    (void)state;
    fixture_init(&fx, 1);
    (void)fixture_lift(&fx, 0, "run", "func(a: u32, b: u32) -> u32", COMPONENT_UTF8);
    fx.guests[0].run = add_run;
    fixture_bind(&fx);
    fixture_open(&fx);
    CHECK_INT(call(&fx, "run", args, 2, &result), 0);
    CHECK_INT(result.u64, 42);
    CHECK(!fixture_export(&fx, "walk"));
    CHECK_INT(call(&fx, "run", args, 1, &result), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&fx), "takes 2 arguments, 1 were given");
    fixture_deinit(&fx);
}

static int spilled_run(struct fake_guest *guest, union engine_val *vals)
{
    CHECK_INT(vals[0].u32 % 8, 0);
    for (uint32_t i = 0; i < 16; i++)
        CHECK_INT(guest->memory.base[vals[0].u32 + i], i);
    CHECK_INT(guest->memory.base[vals[0].u32 + 16], 16);
    return 0;
}

static void more_than_sixteen_flat_arguments_go_through_memory(void **state)
{
    struct fixture fx;
    struct component_value args[17];
    (void)state;
    fixture_init(&fx, 1);
    (void)fixture_lift(&fx, 0, "run",
                       "func(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8, l: u8, m: u8, n: u8, o: u8, "
                       "p: u8, q: u64)",
                       COMPONENT_UTF8);
    fx.guests[0].run = spilled_run;
    fixture_bind(&fx);
    fixture_open(&fx);
    for (uint32_t i = 0; i < 17; i++)
        args[i] = (struct component_value){.u64 = i};
    CHECK_INT(call(&fx, "run", args, 17, NULL), 0);
    CHECK_STR(sw_str_of(fx.guests[0].log), "0,0,8,24;");
    fixture_deinit(&fx);
}

static uint32_t result_at;

static int text_run(struct fake_guest *guest, union engine_val *vals)
{
    if (result_at + 8 <= 65536) {
        component_store_u32(guest->memory.base + result_at, 0x300);
        component_store_u32(guest->memory.base + result_at + 4, 5);
    }
    memcpy(guest->memory.base + 0x300, "hello", 5);
    vals[0].u64 = result_at;
    return 0;
}

static int text_post(struct fake_guest *guest, union engine_val *vals)
{
    CHECK_INT(vals[0].u32, result_at);
    memset(guest->memory.base + 0x300, 'x', 5); /* freed: the caller's copy must not change */
    return 0;
}

static void a_result_in_memory_is_copied_before_post_return(void **state)
{
    static const struct {
        uint32_t at;
        const char *trap;
    } rows[] = {{0x200, NULL}, {0x202, "unaligned pointer"}, {65532, "out of bounds"}, {65528, NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture fx;
        struct component_value result = {.u64 = 0};
        fixture_init(&fx, 1);
        fixture_post_return(&fx, fixture_lift(&fx, 0, "run", "func() -> string", COMPONENT_UTF8));
        fx.guests[0].run = text_run;
        fx.guests[0].post = text_post;
        fixture_bind(&fx);
        fixture_open(&fx);
        result_at = rows[i].at;
        CHECK_INT(call(&fx, "run", NULL, 0, &result), rows[i].trap ? -SW_EGUEST : 0);
        CHECK_INT(fx.guests[0].posts, rows[i].trap ? 0 : 1);
        if (rows[i].trap)
            CHECK_HAS(fixture_failure(&fx), rows[i].trap);
        else
            CHECK_STR(result.text, "hello");
        fixture_deinit(&fx);
    }
}

static int host_nothing(struct component_call *call, union engine_val *vals)
{
    (void)call;
    (void)vals;
    return 0;
}

static int host_reenters(struct component_call *call, union engine_val *vals)
{
    (void)vals;
    struct fixture *fx = component_call_owner(call);
    return call_run(fx);
}

static void post_return_cannot_leave(void **state)
{
    static const struct component_host_func host = {"nothing", "func()", host_nothing};
    struct fixture fx;
    (void)state;
    fixture_init(&fx, 1);
    (void)fixture_import_host(&fx, 0, &host, "func()", COMPONENT_UTF8);
    fixture_post_return(&fx, fixture_lift(&fx, 0, "run", "func()", COMPONENT_UTF8));
    fx.guests[0].run = import0;
    fx.guests[0].post = import0;
    fixture_bind(&fx);
    fixture_open(&fx);
    CHECK_INT(call_run(&fx), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&fx), "cannot leave component instance");
    fixture_close(&fx);
    fx.guests[0].post = NULL;
    fixture_open(&fx);
    CHECK_INT(call_run(&fx), 0);
    CHECK_INT(call_run(&fx), 0);
    CHECK_INT(fx.guests[0].posts, 2);
    fixture_deinit(&fx);
}

static void a_host_function_cannot_call_back_into_its_caller(void **state)
{
    static const struct component_host_func host = {"again", "func()", host_reenters};
    struct fixture fx;
    (void)state;
    fixture_init(&fx, 1);
    (void)fixture_import_host(&fx, 0, &host, "func()", COMPONENT_UTF8);
    (void)fixture_lift(&fx, 0, "run", "func()", COMPONENT_UTF8);
    fx.guests[0].run = import0;
    fixture_bind(&fx);
    fixture_open(&fx);
    CHECK_INT(call_run(&fx), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&fx), "cannot enter component instance");
    fixture_deinit(&fx);
}

/* ---- guest to guest ---- */

static void guests_cannot_enter_one_that_runs(void **state)
{
    struct fixture fx;
    (void)state;
    fixture_init(&fx, 2); /* 0.run -> 1.run2 -> 0.run */
    uint32_t run = fixture_lift(&fx, 0, "run", "func()", COMPONENT_UTF8);
    uint32_t run2 = fixture_lift(&fx, 1, "run2", "func()", COMPONENT_UTF8);
    (void)fixture_import_lift(&fx, 0, run2, COMPONENT_UTF8);
    (void)fixture_import_lift(&fx, 1, run, COMPONENT_UTF8);
    fx.guests[0].run = import0;
    fixture_bind(&fx);
    fixture_open(&fx);
    CHECK_INT(call_run(&fx), 0);
    CHECK_INT(call(&fx, "run2", NULL, 0, NULL), 0);
    fx.guests[1].run2 = import0;
    CHECK_INT(call_run(&fx), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&fx), "cannot enter component instance 1");
    fixture_deinit(&fx);
}

static void a_component_and_its_part_cannot_call_each_other(void **state)
{
    for (uint32_t outer = 0; outer < 2; outer++) {
        struct fixture fx;
        (void)state;
        fixture_init(&fx, 2);
        (void)fixture_import_lift(&fx, 0, fixture_lift(&fx, 1, "run2", "func()", COMPONENT_UTF8), COMPONENT_UTF8);
        (void)fixture_lift(&fx, 0, "run", "func()", COMPONENT_UTF8);
        fx.guests[0].run = import0;
        fx.parents[2 - outer] = 1 + outer; /* guest `outer` contains the other */
        fixture_bind(&fx);
        fixture_open(&fx);
        CHECK_INT(call_run(&fx), -SW_EGUEST);
        CHECK_HAS(fixture_failure(&fx), "cannot enter component instance");
        fixture_deinit(&fx);
    }
}

/* 0.run(args in memory) -> 1.run2 concatenates two strings and sums a list. */
static int concat_run2(struct fake_guest *guest, union engine_val *vals)
{
    uint8_t *m = guest->memory.base; /* UTF-16 here: a, b, list<u32> */
    uint32_t units = vals[1].u32 + vals[3].u32, at = 0x800, sum = 0;
    memcpy(m + at, m + vals[0].u32, 2 * vals[1].u32);
    memcpy(m + at + 2 * vals[1].u32, m + vals[2].u32, 2 * vals[3].u32);
    for (uint32_t i = 0; i < vals[5].u32; i++)
        sum += component_load_u32(m + vals[4].u32 + 4 * i);
    component_store_u32(m + 0x700, at);
    component_store_u32(m + 0x704, units);
    component_store_u32(m + 0x708, sum);
    vals[0].u64 = 0x700;
    return 0;
}

static int concat_run(struct fake_guest *guest, union engine_val *vals)
{
    uint8_t *m = guest->memory.base;
    static const uint32_t numbers[] = {1, 20, 300};
    memcpy(m + 0x100, "a\xc3\xa4", 3);
    memcpy(m + 0x110, "xyz", 3);
    memcpy(m + 0x120, numbers, sizeof numbers);
    union engine_val args[7] = {{.u64 = 0x100}, {.u64 = 3}, {.u64 = 0x110}, {.u64 = 3}, {.u64 = 0x120}, {.u64 = 3}, {.u64 = 0x200}};
    (void)vals;
    int rc = fake_import(guest, 0, args);
    if (rc < 0)
        return rc;
    CHECK_INT(component_load_u32(m + 0x204), 6);
    CHECK_INT(memcmp(m + component_load_u32(m + 0x200), "a\xc3\xa4xyz", 6), 0);
    CHECK_INT(component_load_u32(m + 0x208), 321);
    return 0;
}

static void strings_and_lists_pass_between_guests(void **state)
{
    struct fixture fx;
    (void)state;
    fixture_init(&fx, 2);
    uint32_t concat = fixture_lift(&fx, 1, "run2", "func(a: string, b: string, c: list<u32>) -> tuple<string, u32>", COMPONENT_UTF16);
    fixture_post_return(&fx, concat);
    (void)fixture_import_lift(&fx, 0, concat, COMPONENT_UTF8);
    (void)fixture_lift(&fx, 0, "run", "func()", COMPONENT_UTF8);
    fx.guests[0].run = concat_run;
    fx.guests[1].run2 = concat_run2;
    fixture_bind(&fx);
    fixture_open(&fx);
    CHECK_INT(call_run(&fx), 0);
    CHECK_INT(fx.guests[1].posts, 1);
    CHECK_STR(sw_str_of(fx.guests[1].log), "0,0,2,6;64,6,2,4;0,0,2,6;0,0,4,12;");
    CHECK_STR(sw_str_of(fx.guests[0].log), "0,0,1,5;64,5,1,15;69,15,1,6;");
    fixture_deinit(&fx);
}

static int spill_run(struct fake_guest *guest, union engine_val *vals)
{
    uint8_t *m = guest->memory.base;
    (void)vals;
    for (uint32_t i = 0; i < 17; i++)
        component_store_u32(m + 0x100 + 4 * i, i);
    union engine_val args[2] = {{.u64 = 0x100}, {.u64 = 0x400}};
    int rc = fake_import(guest, 0, args);
    if (rc == 0)
        CHECK_INT(component_load_u64(m + 0x400) + component_load_u64(m + 0x408), 136);
    return rc;
}

static int spill_run2(struct fake_guest *guest, union engine_val *vals)
{
    uint64_t even = 0, odd = 0;
    for (uint32_t i = 0; i < 17; i++)
        *(i % 2 ? &odd : &even) += component_load_u32(guest->memory.base + vals[0].u32 + 4 * i);
    component_store_u64(guest->memory.base + 0x20, even);
    component_store_u64(guest->memory.base + 0x28, odd);
    vals[0].u64 = 0x20;
    return 0;
}

static void spilled_arguments_and_results_pass_between_guests(void **state)
{
    struct fixture fx;
    (void)state;
    fixture_init(&fx, 2);
    uint32_t sum = fixture_lift(&fx, 1, "run2", "func(a: list<u32, 17>) -> tuple<u64, u64>", COMPONENT_UTF8);
    (void)fixture_import_lift(&fx, 0, sum, COMPONENT_UTF8);
    (void)fixture_lift(&fx, 0, "run", "func()", COMPONENT_UTF8);
    fx.guests[0].run = spill_run;
    fx.guests[1].run2 = spill_run2;
    fixture_bind(&fx);
    fixture_open(&fx);
    CHECK_INT(call_run(&fx), 0);
    CHECK_STR(sw_str_of(fx.guests[1].log), "0,0,4,68;");
    CHECK_STR(sw_str_of(fx.guests[0].log), "");
    fixture_deinit(&fx);
}

static void nesting_has_a_cap(void **state)
{
    struct fixture fx;
    (void)state;
    fixture_init(&fx, 1);
    (void)fixture_lift(&fx, 0, "run", "func()", COMPONENT_UTF8);
    fixture_bind(&fx);
    fixture_open(&fx);
    fx.store->depth = COMPONENT_CALL_DEPTH_MAX;
    CHECK_INT(call_run(&fx), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&fx), "nest deeper");
    fixture_deinit(&fx);
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
    fixture_close(&fx); /* runs no guest code */
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
    } rows[] = {{1, 0, "unknown handle index 0"}, {1, 2, "unknown handle index 2"}, {1, UINT32_MAX, "unknown handle index 4294967295"}};
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
        CHECK_STR(sw_str_of(fx.events), drops ? "drop b;drop a;" : "got 1;drop b;drop a;"); /* dropping a borrow drops no object */
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
    fixture_close(&fx);
    CHECK_STR(sw_str_of(fx.events), "drop b;drop a;");
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
    CHECK_OK(component_store_new(fx->component, &(struct engine_limits){0, 0, 0}, fx, &fx->store, &err), &err);
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
    static const struct component_host_func host = {"nothing", "func()", host_nothing};
    struct fixture fx;
    (void)state;
    fixture_init(&fx, 2);
    (void)fixture_resource_guest(&fx, 0, false);
    (void)fixture_import_host(&fx, 0, &host, "func()", COMPONENT_UTF8);
    (void)fixture_import_builtin(&fx, 0, COMPONENT_RESOURCE_DROP, 0);
    fx.guests[0].args[2] = (struct component_arg){.func = {COMPONENT_CORE_EXPORT, 1, SW_LIT("run")}, .late = true};
    fx.instances[0].arg_count = fx.modules[0].import_count = 3;
    fx.guests[1].args[0] = (struct component_arg){.func = {COMPONENT_CORE_EXPORT, 0, SW_LIT("run")}};
    fx.guests[1].args[1] = (struct component_arg){.kind = COMPONENT_ARG_EXPORT, .instance = 0, .name = SW_LIT("mem")};
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

static void exports_are_found_by_version_track(void **state)
{
    static const struct {
        const char *version, *track;
        bool found;
    } rows[] = {{"0.2.3", "0.2", true},  {"0.2", "0.2", true},     {"0.20.1", "0.2", false},
                {"0.2.3", "", false},    {"", "", true},           {"0.3.0-rc-1", "0.3.0", true},
                {"1.2.3", "1", true},    {"", "0.2", false},       {"0.2.3", "0.2.3", true}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture fx;
        fixture_init(&fx, 1);
        (void)fixture_lift(&fx, 0, "run", "func()", COMPONENT_UTF8);
        fx.exports[0].interface = SW_LIT("a:b/c");
        fx.exports[0].version = sw_str_of(rows[i].version);
        fixture_bind(&fx);
        CHECK_INT(component_export_find(fx.component, SW_LIT("a:b/c"), sw_str_of(rows[i].track), SW_LIT("run")) != NULL, rows[i].found);
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
        rc = component_store_new(fx->component, &(struct engine_limits){0, 0, 0}, fx, &fx->store, &err);
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
    (void)fixture_import_lift(&fx, 0, fixture_lift(&fx, 1, "run2", "func(x: own<#0>)", COMPONENT_UTF8), COMPONENT_UTF8);
    (void)fixture_lift(&fx, 0, "run", "func(x: own<#0>, y: own<#0>)", COMPONENT_UTF8);
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
    CHECK(!"still failing after 1000 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flat_arguments_and_results_pass),
        cmocka_unit_test(more_than_sixteen_flat_arguments_go_through_memory),
        cmocka_unit_test(a_result_in_memory_is_copied_before_post_return),
        cmocka_unit_test(post_return_cannot_leave),
        cmocka_unit_test(a_host_function_cannot_call_back_into_its_caller),
        cmocka_unit_test(guests_cannot_enter_one_that_runs),
        cmocka_unit_test(a_component_and_its_part_cannot_call_each_other),
        cmocka_unit_test(strings_and_lists_pass_between_guests),
        cmocka_unit_test(spilled_arguments_and_results_pass_between_guests),
        cmocka_unit_test(nesting_has_a_cap),
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
        cmocka_unit_test(start_sections_run_before_the_next_module_is_made),
        cmocka_unit_test(a_start_that_traps_or_a_cancel_ends_it_before_main),
        cmocka_unit_test(a_cancelled_store_never_says_done),
        cmocka_unit_test(a_module_of_host_imports_only_gets_the_fast_links),
        cmocka_unit_test(exports_are_found_by_version_track),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
