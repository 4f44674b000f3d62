/* strings.c - strings in three encodings: validation, every transcoding, and the realloc calls a guest sees. */
#include "check.h"

#include "component/copy.h"
#include "run_fixture.h"

/* Guest 0 has the source's encoding, guest 1 the destination's. */
static void setup(struct fixture *fx, enum component_encoding from, enum component_encoding to)
{
    fixture_init(fx, 2);
    (void)fixture_lift(fx, 0, "run", "func()", from);
    (void)fixture_lift(fx, 1, "run", "func()", to);
    fixture_bind(fx);
    fixture_open(fx);
}

#define U8 COMPONENT_UTF8
#define U16 COMPONENT_UTF16
#define L16 COMPONENT_LATIN1_UTF16
#define TAG COMPONENT_TEXT_UTF16_TAG

static const struct lift_row {
    enum component_encoding encoding;
    const char *bytes;
    uint32_t n; /* of bytes */
    uint32_t units;
    const char *want; /* UTF-8, or NULL: a trap that says `trap` */
    const char *trap;
} lift_rows[] = {
    {U8, "abc", 3, 3, "abc", NULL},
    {U8, "\xf0\x9f\x98\x80", 4, 4, "\xf0\x9f\x98\x80", NULL},
    {U8, "\xc0\x80", 2, 2, NULL, "invalid utf-8"},
    {U8, "\xed\xa0\x80", 3, 3, NULL, "invalid utf-8"}, /* a surrogate */
    {U8, "\xf4\x90\x80\x80", 4, 4, NULL, "invalid utf-8"},
    {U8, "\xe2\x82", 2, 2, NULL, "invalid utf-8"},
    {U8, "\x80", 1, 1, NULL, "invalid utf-8"},
    {U8, "\xe0\x80\x80", 3, 3, NULL, "invalid utf-8"},
    {U16, "a\0b\0", 4, 2, "ab", NULL},
    {U16, "\xac\x20", 2, 1, "\xe2\x82\xac", NULL},
    {U16, "\x3d\xd8\x00\xde", 4, 2, "\xf0\x9f\x98\x80", NULL},
    {U16, "\x3d\xd8", 2, 1, NULL, "invalid utf-16"},
    {U16,
     "\x3d\xd8"
     "a\0",
     4, 2, NULL, "invalid utf-16"},
    {U16, "\x00\xde", 2, 1, NULL, "invalid utf-16"},
    {U16, "\x00\xde\x3d\xd8", 4, 2, NULL, "invalid utf-16"},
    {U16, "\x3d\xd8\x3d\xd8", 4, 2, NULL, "invalid utf-16"},
    {L16, "a\xe4\xff", 3, 3, "a\xc3\xa4\xc3\xbf", NULL},
    {L16,
     "\xac\x20"
     "a\0",
     4, 2 | TAG,
     "\xe2\x82\xac"
     "a",
     NULL},
    {L16, "\x3d\xd8", 2, 1 | TAG, NULL, "invalid utf-16"},
    {U8, "", 0, 0x10000000, NULL, "over the limit"},
    {U16, "", 0, 0x08000000, NULL, "over the limit"},
    {L16, "", 0, 0x08000000 | TAG, NULL, "over the limit"},
    {U8, "", 0, 0x0fffffff, NULL, "out of bounds"},
    {U16, "", 0, 0x07ffffff, NULL, "out of bounds"},
};

static void lifting_gives_utf8_or_traps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lift_rows / sizeof *lift_rows; i++) {
        const struct lift_row *row = &lift_rows[i];
        struct fixture fx;
        struct component_cx cx;
        struct sw_str text;
        setup(&fx, row->encoding, U8);
        fixture_cx(&fx, 0, false, &cx);
        memcpy(cx.call.mem + 0x100, row->bytes, row->n);
        int rc = component_lift_string(&cx.call, 0x100, row->units, &text);
        CHECK_INT(rc, row->want ? 0 : -SW_EGUEST);
        if (row->want)
            CHECK_STR(text, row->want);
        else
            CHECK_HAS(fixture_failure(&fx), row->trap);
        fixture_deinit(&fx);
    }
}

static void only_two_byte_encodings_need_alignment(void **state)
{
    static const struct {
        enum component_encoding encoding;
        int rc;
    } rows[] = {{U8, 0}, {U16, -SW_EGUEST}, {L16, -SW_EGUEST}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct fixture fx;
        struct component_cx cx;
        struct sw_str text;
        setup(&fx, rows[i].encoding, U8);
        fixture_cx(&fx, 0, false, &cx);
        CHECK_INT(component_lift_string(&cx.call, 0x101, 1, &text), rows[i].rc);
        if (rows[i].rc)
            CHECK_HAS(fixture_failure(&fx), "unaligned pointer");
        fixture_deinit(&fx);
    }
}

static const struct pass_row {
    enum component_encoding from;
    const char *bytes;
    uint32_t n, units;
    enum component_encoding to;
    const char *want; /* bytes */
    uint32_t want_n, want_units;
    const char *log; /* realloc calls; the fake allocates upwards from 64 */
} pass_rows[] = {
    {U8, "hello", 5, 5, U8, "hello", 5, 5, "0,0,1,5;"},
    {U8, "", 0, 0, U8, "", 0, 0, "0,0,1,0;"},
    {U8, "ab", 2, 2, U16, "a\0b\0", 4, 2, "0,0,2,4;"},
    {U8,
     "\xc3\xa4"
     "b",
     3, 3, U16, "\xe4\0b\0", 4, 2, "0,0,2,6;64,6,2,4;"},
    {U8, "\xf0\x9f\x98\x80", 4, 4, U16, "\x3d\xd8\x00\xde", 4, 2, "0,0,2,8;64,8,2,4;"},
    {U8, "ab", 2, 2, L16, "ab", 2, 2, "0,0,2,2;"},
    {U8, "a\xc3\xa4", 3, 3, L16, "a\xe4", 2, 2, "0,0,2,3;64,3,2,2;"},
    {U8, "\xc3\xa4\xe2\x82\xac", 5, 5, L16, "\xe4\0\xac\x20", 4, 2 | TAG, "0,0,2,5;64,5,2,10;70,10,2,4;"},
    {U16, "a\0b\0", 4, 2, U16, "a\0b\0", 4, 2, "0,0,2,4;"},
    {U16, "a\0b\0", 4, 2, U8, "ab", 2, 2, "0,0,1,2;"},
    {U16, "a\0\xe4\0", 4, 2, U8, "a\xc3\xa4", 3, 3, "0,0,1,2;64,2,1,6;66,6,1,3;"},
    {U16, "\xac\x20", 2, 1, U8, "\xe2\x82\xac", 3, 3,
     "0,0,1,1;64,1,1,3;"}, /* the worst case: no third call */
    {U16, "a\0\xff\0", 4, 2, L16, "a\xff", 2, 2, "0,0,2,2;"},
    {U16, "a\0\xac\x20", 4, 2, L16, "a\0\xac\x20", 4, 2 | TAG, "0,0,2,2;64,2,2,4;"},
    {L16, "a\xe4", 2, 2, L16, "a\xe4", 2, 2, "0,0,2,2;"},
    {L16, "a\xe4", 2, 2, U8, "a\xc3\xa4", 3, 3, "0,0,1,2;64,2,1,4;66,4,1,3;"},
    {L16, "\xe4\xe5", 2, 2, U8, "\xc3\xa4\xc3\xa5", 4, 4, "0,0,1,2;64,2,1,4;"},
    {L16, "a\xe4", 2, 2, U16, "a\0\xe4\0", 4, 2, "0,0,2,4;"},
    {L16, "a\0\xac\x20", 4, 2 | TAG, L16, "a\0\xac\x20", 4, 2 | TAG, "0,0,2,4;"},
    {L16, "a\0\xe4\0", 4, 2 | TAG, L16, "a\xe4", 2, 2, "0,0,2,4;64,4,1,2;"}, /* it did not need two bytes */
    {L16, "a\0\xac\x20", 4, 2 | TAG, U8, "a\xe2\x82\xac", 4, 4, "0,0,1,2;64,2,1,6;66,6,1,4;"},
    {L16, "\x3d\xd8\x00\xde", 4, 2 | TAG, U16, "\x3d\xd8\x00\xde", 4, 2, "0,0,2,4;"},
};

/* A string of guest 0, by its flat values, into guest 1. */
static int pass(struct component_cx *from, struct component_cx *to, union engine_val *vals)
{
    const struct component_case param = {.name = SW_LIT("p"), .type = COMPONENT_STRING};
    const struct component_func_type func = {.params = &param, .param_count = 1, .flat_param_count = 2};
    struct component_copy copy;
    union engine_val given[2] = {vals[0], vals[1]};
    uint32_t used;
    component__copy_begin(&copy, from, to);
    CHECK_INT(component__copy_check_params(&copy, &func, given, &used), 0);
    CHECK_INT(used, 2);
    return component__copy_store_params(&copy, &func, given, vals);
}

static void passing_transcodes_with_the_specified_realloc_calls(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pass_rows / sizeof *pass_rows; i++) {
        const struct pass_row *row = &pass_rows[i];
        struct fixture fx;
        struct component_cx from, to;
        setup(&fx, row->from, row->to);
        fixture_cx(&fx, 0, true, &from);
        fixture_cx(&fx, 1, true, &to);
        memcpy(from.call.mem + 0x100, row->bytes, row->n);
        union engine_val vals[2] = {{.u64 = 0x100}, {.u64 = row->units}};
        CHECK_INT(pass(&from, &to, vals), 0);
        if (strcmp(fx.guests[1].log, row->log) != 0)
            print_error("row %zu: %s, expected %s\n", i, fx.guests[1].log, row->log);
        CHECK_STR(sw_str_of(fx.guests[1].log), row->log);
        CHECK_INT(vals[1].u32, row->want_units);
        CHECK_INT(memcmp(to.call.mem + vals[0].u32, row->want, row->want_n), 0);
        fixture_deinit(&fx);
    }
}

static void the_hosts_strings_are_checked_and_lowered(void **state)
{
    struct fixture fx;
    struct component_cx cx;
    uint32_t ptr, n;
    (void)state;
    setup(&fx, U16, U8);
    fixture_cx(&fx, 0, false, &cx);
    CHECK_INT(component_lower_string(&cx.call, SW_LIT("\xc3\xa4"), &ptr, &n), 0);
    CHECK_INT(n, 1);
    CHECK_INT(memcmp(cx.call.mem + ptr, "\xe4\0", 2), 0);
    CHECK_INT(component_lower_string(&cx.call, (struct sw_str){NULL, 0}, &ptr, &n), 0);
    CHECK_INT(n, 0);
    CHECK_INT(component_lower_string(&cx.call, SW_LIT("\xff"), &ptr, &n), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&fx), "not UTF-8");
    fixture_deinit(&fx);
}

/* The second realloc of a transcoding misbehaves. */
static uint32_t bad_at, bad_result;
static int bad_realloc(struct fake_guest *guest, union engine_val *vals)
{
    vals[0].u64 = --bad_at == 0 ? bad_result : fake_guest_alloc(guest, vals[3].u32, vals[2].u32);
    return 0;
}

static void every_realloc_result_of_a_transcoding_is_checked(void **state)
{
    static const struct {
        size_t row; /* of pass_rows */
        uint32_t calls;
    } rows[] = {{3, 2}, {6, 2}, {7, 3}, {10, 3}, {13, 2}, {15, 3}, {19, 2}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct pass_row *row = &pass_rows[rows[i].row];
        for (uint32_t call = 1; call <= rows[i].calls; call++) {
            struct fixture fx;
            struct component_cx from, to;
            setup(&fx, row->from, row->to);
            fx.guests[1].realloc = bad_realloc;
            bad_at = call;
            bad_result = 65535 + (row->to != U8); /* room for one byte, or none */
            fixture_cx(&fx, 0, true, &from);
            fixture_cx(&fx, 1, true, &to);
            memcpy(from.call.mem + 0x100, row->bytes, row->n);
            union engine_val vals[2] = {{.u64 = 0x100}, {.u64 = row->units}};
            CHECK_INT(pass(&from, &to, vals), -SW_EGUEST);
            CHECK_HAS(fixture_failure(&fx), "realloc return: beyond end of memory");
            fixture_deinit(&fx);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lifting_gives_utf8_or_traps),
        cmocka_unit_test(only_two_byte_encodings_need_alignment),
        cmocka_unit_test(passing_transcodes_with_the_specified_realloc_calls),
        cmocka_unit_test(the_hosts_strings_are_checked_and_lowered),
        cmocka_unit_test(every_realloc_result_of_a_transcoding_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
