/* values.c - values of every type: loaded, stored, flat, and passed from guest to guest. */
#include "check.h"

#include <stdlib.h>

#include "base/buf.h"
#include "component/copy.h"
#include "run_fixture.h"

#define AT 0x100 /* where a row's bytes are in guest 0's memory */

static void setup(struct fixture *fx)
{
    fixture_init(fx, 2);
    (void)fixture_lift(fx, 0, "run", "func()", COMPONENT_UTF8);
    (void)fixture_lift(fx, 1, "run", "func()", COMPONENT_UTF16);
    fixture_bind(fx);
    fixture_open(fx);
}

/* "01 ff 'text'" into p; returns the length. */
static size_t bytes_of(const char *text, uint8_t *p)
{
    size_t n = 0;
    while (*text) {
        if (*text == ' ') {
            text++;
        } else if (*text == '\'') {
            for (text++; *text != '\''; text++)
                p[n++] = (uint8_t)*text;
            text++;
        } else {
            char two[3] = {text[0], text[1], '\0'};
            p[n++] = (uint8_t)strtoul(two, NULL, 16);
            text += 2;
        }
    }
    return n;
}

static void check_print(struct fixture *fx, uint32_t type, const struct component_value *value,
                        const char *want)
{
    sw_auto_buf out = SW_BUF(4096);
    fixture_print(fx, type, value, &out);
    CHECK_STR(sw_buf_str(&out), want);
}

static const struct row {
    const char *type;
    const char *bytes; /* in memory at AT; pointers are absolute */
    const char *want;  /* printed */
} rows[] = {
    {"bool", "00", "false"},
    {"bool", "01", "true"},
    {"bool", "80", "true"},
    {"u8", "ff", "255"},
    {"s8", "ff", "-1"},
    {"u16", "ffff", "65535"},
    {"s16", "0080", "-32768"},
    {"u32", "ffffffff", "4294967295"},
    {"s32", "ffffffff", "-1"},
    {"u64", "ffffffffffffffff", "18446744073709551615"},
    {"s64", "0000000000000080", "-9223372036854775808"},
    {"f32", "0000c03f", "1.5"},
    {"f32", "000080ff", "-inf"},
    {"f64", "0000000000000440", "2.5"},
    {"char", "41000000", "U+0041"},
    {"char", "ffff1000", "U+10FFFF"},
    {"char", "ffd70000", "U+D7FF"},
    {"char", "00e00000", "U+E000"},
    {"string", "08010000 05000000 'hello'", "'hello'"},
    {"string", "08010000 00000000", "''"},
    {"string", "08010000 04000000 c3a4e282", NULL}, /* cut in the middle */
    {"string", "08010000 05000000 c3a4e282ac", "'\xc3\xa4\xe2\x82\xac'"},
    {"list<u8>", "08010000 03000000 0102ff", "[1, 2, 255]"},
    {"list<u8>", "00000000 00000000", "[]"},
    {"list<bool>", "08010000 03000000 010002", "[true, false, true]"},
    {"list<u16>", "08010000 02000000 0100 ffff", "[1, 65535]"},
    {"list<s8>", "08010000 02000000 01ff", "[1, -1]"},
    {"list<char>", "08010000 01000000 3d000000", "[U+003D]"},
    {"list<f64>", "08010000 01000000 000000000000f03f", "[1]"},
    {"list<string>", "08010000 02000000 18010000 01000000 19010000 02000000 'abc'", "['a', 'bc']"},
    {"list<list<u8>>", "08010000 01000000 10010000 02000000 0709", "[[7, 9]]"},
    {"list<tuple<u8, u32>>", "08010000 02000000 01000000 02000000 03000000 04000000", "[(1, 2), (3, 4)]"},
    {"list<u16, 3>", "0100 0200 0300", "[1, 2, 3]"},
    {"list<u8, 2>", "0100", "[1, 0]"},
    {"record{a: u8, b: u16, c: u8, d: u32}", "01 00 0200 03 000000 04000000", "(1, 2, 3, 4)"},
    {"tuple<u8, u64>", "01 00000000000000 0200000000000000", "(1, 2)"},
    {"tuple<string, list<u8>>", "10010000 01000000 11010000 01000000 'x' 07", "('x', [7])"},
    {"enum{a, b, c}", "02", "c"},
    {"enum{a, b, c}", "03", NULL},
    {"flags{a, b, c}", "05", "{a, c}"},
    {"flags{a, b, c}", "fd", "{a, c}"}, /* unknown bits are dropped */
    {"flags{a, b, c, d, e, f, g, h, i}", "0181", "{a, i}"},
    {"option<u8>", "00 ff", "none"},
    {"option<u8>", "01 07", "some(7)"},
    {"option<u8>", "02 07", NULL},
    {"option<u64>", "01 ffffffffffffff 0500000000000000", "some(5)"},
    {"option<option<u8>>", "01 00 00", "some(none)"},
    {"result", "00", "ok"},
    {"result", "01", "error"},
    {"result<u8>", "00 07", "ok(7)"},
    {"result<_, string>", "01 000000 0c010000 01000000 'e'", "error('e')"},
    {"result<u64, f32>", "01 00000000000000 0000003f 00000000", "error(0.5)"},
    {"variant{a, b(u32), c(string)}", "00 000000 00000000 00000000", "a"},
    {"variant{a, b(u32), c(string)}", "01 000000 07000000 00000000", "b(7)"},
    {"variant{a, b(u32), c(string)}", "02 000000 0c010000 01000000 'z'", "c('z')"},
    {"variant{a(f32), b(u64), c(f64)}", "00 00000000000000 0000c03f 00000000", "a(1.5)"},
    {"variant{a(f32), b(u64), c(f64)}", "02 00000000000000 000000000000f03f", "c(1)"},
    {"variant{a(tuple<u8, f32>), b(tuple<f64, u8>)}", "00 00000000000000 01 000000 0000c03f", "a((1, 1.5))"},
    {"variant{a(tuple<u8, f32>), b(tuple<f64, u8>)}", "01 00000000000000 000000000000f03f 09", "b((1, 9))"},
    {"string", "08010000 ffffffff", NULL},    /* over the limit */
    {"string", "ffff0000 02000000", NULL},    /* past the end */
    {"string", "00000100 00000000", "''"},    /* empty at the very end is inside */
    {"string", "01000100 00000000", NULL},    /* empty past it is not */
    {"list<u32>", "09010000 01000000", NULL}, /* unaligned */
    {"list<u32>", "08010000 00000040", NULL}, /* 2^30 x 4: wraps in 32 bits */
    {"list<u64>", "08010000 01000020", NULL}, /* 2^29 x 8 + 8 */
    {"list<u8>", "00000000 ffffff0f", NULL},  /* allowed length, but not there */
    {"char", "00d80000", NULL},
    {"char", "ffdf0000", NULL},
    {"char", "00001100", NULL},
    {"list<char>", "08010000 01000000 00d80000", NULL},
};

/* Loads the row's bytes in guest 0 in a fresh store. */
static int load(struct fixture *fx, const struct row *row, uint32_t type, struct component_cx *cx,
                struct component_value *value)
{
    fixture_close(fx);
    fixture_open(fx);
    (void)bytes_of(row->bytes, fixture_guest(fx, 0)->memory.base + AT);
    fixture_cx(fx, 0, false, cx);
    return component__load(cx, type, cx->call.mem + AT, value);
}

static void loading_gives_each_value_or_traps(void **state)
{
    struct fixture fx;
    (void)state;
    setup(&fx);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct component_cx cx;
        struct component_value value;
        uint32_t type = fixture_type(&fx, rows[i].type);
        int rc = load(&fx, &rows[i], type, &cx, &value);
        if ((rc < 0) != !rows[i].want)
            print_error("row %zu (%s): %s\n", i, rows[i].type, fixture_failure(&fx));
        CHECK_INT(rc < 0, !rows[i].want);
        if (rows[i].want)
            check_print(&fx, type, &value, rows[i].want);
        else
            CHECK(fixture_failure(&fx)[0]);
    }
    fixture_deinit(&fx);
}

static void what_is_stored_loads_again_and_so_does_its_flat_form(void **state)
{
    struct fixture fx;
    (void)state;
    setup(&fx);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct component_cx cx;
        struct component_value value, again;
        if (!rows[i].want)
            continue;
        uint32_t type = fixture_type(&fx, rows[i].type);
        CHECK_INT(load(&fx, &rows[i], type, &cx, &value), 0);
        struct component_cx other; /* guest 1, UTF-16 */
        fixture_cx(&fx, 1, false, &other);
        fixture_guest(&fx, 1)->next = 0x400;
        CHECK_INT(component__store(&other, type, &value, 0x200), 0);
        CHECK_INT(component__load(&other, type, other.call.mem + 0x200, &again), 0);
        check_print(&fx, type, &again, rows[i].want);
        union engine_val vals[COMPONENT_FLAT_MAX];
        memset(vals, 0xee, sizeof vals);
        CHECK_INT(component__lower_flat(&other, type, &value, vals), 0);
        CHECK_INT(component__lift_flat(&other, type, vals, &again), 0);
        check_print(&fx, type, &again, rows[i].want);
    }
    fixture_deinit(&fx);
}

static void values_are_copied_from_guest_to_guest(void **state)
{
    struct fixture fx;
    (void)state;
    setup(&fx);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct component_cx from, to;
        struct component_copy copy;
        struct component_value again;
        struct sw_err err;
        uint32_t type = fixture_type(&fx, rows[i].type);
        const struct component_func_type func = {.result = type};
        CHECK_OK(component__programs_make(fx.component, &func, &err), &err);
        const struct component_program *program = fx.component->programs[type];
        fixture_close(&fx);
        fixture_open(&fx);
        (void)bytes_of(rows[i].bytes, fixture_guest(&fx, 0)->memory.base + AT);
        fixture_cx(&fx, 0, true, &from);
        fixture_cx(&fx, 1, true, &to);
        component__copy_begin(&copy, &from, &to);
        int rc = component__copy_check(&copy, program, from.call.mem + AT);
        CHECK_INT(rc < 0, !rows[i].want);
        if (rc < 0)
            continue;
        fixture_guest(&fx, 1)->next = 0x400;
        CHECK_INT(component__copy_store(&copy, program, from.call.mem + AT, 0x200), 0);
        CHECK_INT(component__load(&to, type, to.call.mem + 0x200, &again), 0);
        check_print(&fx, type, &again, rows[i].want);
    }
    fixture_deinit(&fx);
}

static const struct flat_row {
    const char *type;
    uint64_t vals[6];
    const char *want;
} flat_rows[] = {
    {"bool", {0xffffffff00000000}, "false"}, /* above an i32 is garbage */
    {"bool", {2}, "true"},
    {"u8", {0x1ff}, "255"},
    {"s8", {0x180}, "-128"},
    {"u16", {0x12345}, "9029"},
    {"s16", {0x8000}, "-32768"},
    {"s32", {0xffffffff}, "-1"},
    {"u64", {UINT64_MAX}, "18446744073709551615"},
    {"f32", {0xdeadbeef3fc00000}, "1.5"},
    {"char", {0x110000}, NULL},
    {"enum{a, b}", {1}, "b"},
    {"enum{a, b}", {2}, NULL},
    {"enum{a, b}", {0x100000001}, "b"},
    {"flags{a, b}", {7}, "{a, b}"},
    {"option<f32>", {1, 0x3fc00000}, "some(1.5)"},
    {"variant{a(u32), b(f32)}", {1, 0x3fc00000}, "b(1.5)"},         /* joined to i32 */
    {"variant{a(u32), b(u64)}", {0, 0xffffffff00000005}, "a(5)"},   /* i64 wrapped to i32 */
    {"variant{a(f32), b(f64)}", {0, 0xffffffff3fc00000}, "a(1.5)"}, /* i64 to f32 */
    {"variant{a(f32), b(f64)}", {1, 0x3ff0000000000000}, "b(1)"},
    {"result<tuple<u8, u8>, u64>", {0, 1, 2}, "ok((1, 2))"},
    {"tuple<option<tuple<u8, u8>>, u8>", {0, 9, 9, 5}, "(none, 5)"}, /* the unused payload is skipped */
    {"list<u8, 3>", {1, 2, 3}, "[1, 2, 3]"},
    {"variant{a, b(u8)}", {2, 0}, NULL},
};

static void flat_values_are_taken_by_their_low_bits(void **state)
{
    struct fixture fx;
    (void)state;
    setup(&fx);
    for (size_t i = 0; i < sizeof flat_rows / sizeof *flat_rows; i++) {
        struct component_cx cx;
        struct component_value value;
        union engine_val vals[6];
        uint32_t type = fixture_type(&fx, flat_rows[i].type);
        fixture_close(&fx);
        fixture_open(&fx);
        fixture_cx(&fx, 0, false, &cx);
        for (size_t j = 0; j < 6; j++)
            vals[j].u64 = flat_rows[i].vals[j];
        int rc = component__lift_flat(&cx, type, vals, &value);
        CHECK_INT(rc < 0, !flat_rows[i].want);
        if (rc == 0)
            check_print(&fx, type, &value, flat_rows[i].want);
    }
    fixture_deinit(&fx);
}

static void flat_values_are_made_zero_extended(void **state)
{
    static const struct {
        const char *type;
        uint32_t index;
        uint64_t payload;
        uint64_t want[3];
    } cases[] = {
        {"variant{a(s32), b(u64)}", 0, UINT64_MAX, {0, 0xffffffff, 0}},
        {"variant{a(f32), b(u64)}", 0, 0x3fc00000, {0, 0x3fc00000, 0}},
        {"variant{a(s8), b(tuple<u64, u64>)}", 0, UINT64_MAX, {0, 0xffffffff, 0}},
        {"variant{a(f64), b(u32)}",
         0,
         0x7ff8000000000001,
         {0, 0x7ff8000000000000, 0}}, /* NaN made canonical */
        {"variant{a(f32), b(u32)}", 0, 0xffc00001, {0, 0x7fc00000, 0}},
    };
    struct fixture fx;
    (void)state;
    setup(&fx);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct component_cx cx;
        union engine_val vals[4];
        struct component_value payload = {.u64 = cases[i].payload};
        struct component_value value = {.variant = {cases[i].index, &payload}};
        uint32_t type = fixture_type(&fx, cases[i].type);
        memset(vals, 0xee, sizeof vals);
        fixture_cx(&fx, 0, false, &cx);
        CHECK_INT(component__lower_flat(&cx, type, &value, vals), 0);
        for (uint32_t j = 0; j < component_type_of(fx.plan.types, type)->flat_count && j < 3; j++)
            CHECK(vals[j].u64 == cases[i].want[j]);
    }
    fixture_deinit(&fx);
}

static void nans_are_lifted_as_the_canonical_one(void **state)
{
    struct fixture fx;
    struct component_cx cx;
    struct component_value value;
    (void)state;
    setup(&fx);
    fixture_cx(&fx, 0, false, &cx);
    union engine_val vals[1] = {{.u64 = 0xffffffff}};
    CHECK_INT(component__lift_flat(&cx, COMPONENT_F32, vals, &value), 0);
    CHECK(value.u64 == 0x7fc00000);
    vals[0].u64 = 0x7ff0000000000001;
    CHECK_INT(component__lift_flat(&cx, COMPONENT_F64, vals, &value), 0);
    CHECK(value.u64 == 0x7ff8000000000000);
    fixture_deinit(&fx);
}

static void lists_of_records_beyond_the_scratch_limit_trap(void **state)
{
    struct fixture fx;
    struct component_cx cx;
    struct component_value value;
    (void)state;
    setup(&fx);
    fake_guest_grow(fixture_guest(&fx, 0), FAKE_MEMORY_BYTES_MAX);
    fixture_cx(&fx, 0, false, &cx);
    struct sw_arena small = SW_ARENA(1u << 20);
    cx.arena = &small;
    union engine_val vals[2] = {{.u64 = 0}, {.u64 = 500000}};
    uint32_t type = fixture_type(&fx, "list<u16>");
    CHECK(component__lift_flat(&cx, type, vals, &value) < 0);
    CHECK_HAS(fixture_failure(&fx), "no room for");
    sw_arena_deinit(&small);
    fixture_deinit(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loading_gives_each_value_or_traps),
        cmocka_unit_test(what_is_stored_loads_again_and_so_does_its_flat_form),
        cmocka_unit_test(values_are_copied_from_guest_to_guest),
        cmocka_unit_test(flat_values_are_taken_by_their_low_bits),
        cmocka_unit_test(flat_values_are_made_zero_extended),
        cmocka_unit_test(nans_are_lifted_as_the_canonical_one),
        cmocka_unit_test(lists_of_records_beyond_the_scratch_limit_trap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
