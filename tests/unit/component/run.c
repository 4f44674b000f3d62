/* run.c - calls of exports and of imports, guest to guest. */
#include "check.h"

#include "run_fixture.h"

static int call(struct fixture *fx, const char *name, const struct component_value *args, uint32_t n,
                struct component_value *result)
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
                       "func(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8, l: "
                       "u8, m: u8, n: u8, o: u8, "
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
    static const struct component_host_func host = {"nothing", "func()", host_nothing, NULL};
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
    static const struct component_host_func host = {"again", "func()", host_reenters, NULL};
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
        (void)fixture_import_lift(&fx, 0, fixture_lift(&fx, 1, "run2", "func()", COMPONENT_UTF8),
                                  COMPONENT_UTF8);
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
    union engine_val args[7] = {{.u64 = 0x100}, {.u64 = 3}, {.u64 = 0x110}, {.u64 = 3},
                                {.u64 = 0x120}, {.u64 = 3}, {.u64 = 0x200}};
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
    uint32_t concat = fixture_lift(
        &fx, 1, "run2", "func(a: string, b: string, c: list<u32>) -> tuple<string, u32>", COMPONENT_UTF16);
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

static uint64_t in_at, out_at;

static int spill_anywhere_run(struct fake_guest *guest, union engine_val *vals)
{
    union engine_val args[2] = {{.u64 = in_at}, {.u64 = out_at}};
    (void)vals;
    return fake_import(guest, 0, args);
}

static void where_spilled_values_are_is_checked(void **state)
{
    static const struct {
        uint64_t in, out;
        const char *trap;
        bool calls; /* the result's place is looked at when there is a result */
    } rows[] = {
        {65536 - 68, 65536 - 16, NULL, true},         {65536 - 64, 0, "out of bounds", false},
        {0x102, 0, "unaligned pointer 0x102", false}, {0xfffffffc, 0, "out of bounds", false},
        {0x100, 65536 - 8, "out of bounds", true},    {0x100, 0x404, "unaligned pointer 0x404", true},
        {0x100, 0xfffffff8, "out of bounds", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture fx;
        fixture_init(&fx, 2);
        uint32_t sum =
            fixture_lift(&fx, 1, "run2", "func(a: list<u32, 17>) -> tuple<u64, u64>", COMPONENT_UTF8);
        (void)fixture_import_lift(&fx, 0, sum, COMPONENT_UTF8);
        (void)fixture_lift(&fx, 0, "run", "func()", COMPONENT_UTF8);
        fx.guests[0].run = spill_anywhere_run;
        fx.guests[1].run2 = spill_run2;
        fixture_bind(&fx);
        fixture_open(&fx);
        in_at = rows[i].in;
        out_at = rows[i].out;
        CHECK_INT(call_run(&fx), rows[i].trap ? -SW_EGUEST : 0);
        if (rows[i].trap)
            CHECK_HAS(fixture_failure(&fx), rows[i].trap);
        CHECK_STR(sw_str_of(fx.guests[1].log), rows[i].calls ? "0,0,4,68;" : "");
        fixture_deinit(&fx);
    }
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
        cmocka_unit_test(where_spilled_values_are_is_checked),
        cmocka_unit_test(nesting_has_a_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
