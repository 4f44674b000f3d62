/* wave.c - WAVE: what is read and printed, what is refused in which words, and that values come back. */
#include "check.h"

#include <stdio.h>

#include "base/alloc.h"
#include "component/limits.h"
#include "component/wave.h"

/* ---- types ---- */

struct zoo {
    struct sw_arena arena;
    struct component_types *types;
    uint32_t bytes, list, pair, pet, shape, way, can, maybe, deep, outcome, plain, four, map;
};

static uint32_t intern(struct zoo *zoo, const struct component_type *shape)
{
    struct sw_err err;
    uint32_t type = 0;
    CHECK_OK(component_types_intern(zoo->types, shape, &type, &err), &err);
    return type;
}

#define CASES(...) ((const struct component_case[]){__VA_ARGS__})
#define COUNT(...) (sizeof CASES(__VA_ARGS__) / sizeof(struct component_case))
#define NAMED(zoo, k, ...)                                                                                   \
    intern((zoo), &(struct component_type){.kind = (k),                                                      \
                                           .elem = COMPONENT_NO_TYPE,                                        \
                                           .cases = CASES(__VA_ARGS__),                                      \
                                           .case_count = COUNT(__VA_ARGS__)})
#define CASE(text, t)                                                                                        \
    {                                                                                                        \
        SW_LIT_INIT(text), (t), 0                                                                            \
    }
#define NONE COMPONENT_NO_TYPE

static uint32_t list_of(struct zoo *zoo, enum component_kind kind, uint32_t elem, uint32_t length)
{
    return intern(zoo, &(struct component_type){.kind = kind, .elem = elem, .length = length});
}

static void zoo_init(struct zoo *zoo)
{
    struct sw_err err;
    zoo->arena = SW_ARENA(64u << 20);
    CHECK_OK(component_types_new(&zoo->arena, &zoo->types, &err), &err);
    zoo->bytes = list_of(zoo, COMPONENT_LIST, COMPONENT_U8, 0);
    zoo->list = list_of(zoo, COMPONENT_LIST, COMPONENT_STRING, 0);
    zoo->four = list_of(zoo, COMPONENT_FIXED_LIST, COMPONENT_S16, 4);
    zoo->pair = NAMED(zoo, COMPONENT_TUPLE, CASE("", COMPONENT_U32), CASE("", COMPONENT_CHAR));
    zoo->maybe = NAMED(zoo, COMPONENT_OPTION, CASE("none", NONE), CASE("some", COMPONENT_U32));
    zoo->deep = NAMED(zoo, COMPONENT_OPTION, CASE("none", NONE), CASE("some", zoo->maybe));
    zoo->outcome = NAMED(zoo, COMPONENT_RESULT, CASE("ok", COMPONENT_STRING), CASE("error", COMPONENT_S8));
    zoo->plain = NAMED(zoo, COMPONENT_RESULT, CASE("ok", NONE), CASE("error", NONE));
    zoo->pet = NAMED(zoo, COMPONENT_RECORD, CASE("name", COMPONENT_STRING), CASE("age", zoo->maybe),
                     CASE("big", COMPONENT_BOOL));
    zoo->shape = NAMED(zoo, COMPONENT_VARIANT, CASE("dot", NONE), CASE("circle", COMPONENT_F64),
                       CASE("some", COMPONENT_F32));
    zoo->way = NAMED(zoo, COMPONENT_ENUM, CASE("north", NONE), CASE("ok", NONE));
    zoo->can = NAMED(zoo, COMPONENT_FLAGS, CASE("read", NONE), CASE("write", NONE));
    uint32_t entry = intern(
        zoo, &(struct component_type){.kind = COMPONENT_TUPLE,
                                      .elem = COMPONENT_NO_TYPE,
                                      .length = COMPONENT_MAP,
                                      .cases = CASES(CASE("", COMPONENT_STRING), CASE("", COMPONENT_U8)),
                                      .case_count = 2});
    zoo->map = list_of(zoo, COMPONENT_LIST, entry, COMPONENT_MAP);
}

static void read_and_print(struct zoo *zoo, uint32_t type, const char *text, const char *want)
{
    struct sw_err err;
    struct component_value value;
    sw_auto_arena arena = SW_ARENA(COMPONENT_WAVE_ARENA_MAX);
    sw_auto_buf out = SW_BUF(COMPONENT_WAVE_TEXT_MAX);
    CHECK_OK(component_wave_parse(zoo->types, type, sw_str_of(text), &arena, &value, &err), &err);
    CHECK_OK(component_wave_print(zoo->types, type, &value, &out, &err), &err);
    CHECK_STR(sw_buf_str(&out), want);
}

static void values_are_read_and_printed(void **state)
{
    (void)state;
    struct zoo z;
    zoo_init(&z);
    const struct {
        uint32_t type;
        const char *text, *want;
    } rows[] = {
        {COMPONENT_BOOL, " true // yes\n", "true"},
        {COMPONENT_BOOL, "false", "false"},
        {COMPONENT_S8, "-128", "-128"},
        {COMPONENT_U64, "18446744073709551615", "18446744073709551615"},
        {COMPONENT_S64, "-9223372036854775808", "-9223372036854775808"},
        {COMPONENT_S32, "-0", "0"},
        {COMPONENT_F32, "0.1", "0.1"},
        {COMPONENT_F64, "1e+05", "1e+5"},
        {COMPONENT_F64, "-0", "-0"},
        {COMPONENT_F64, "nan", "nan"},
        {COMPONENT_F32, "-inf", "-inf"},
        {COMPONENT_F64, "1.7976931348623157e308", "1.7976931348623157e+308"},
        {COMPONENT_CHAR, "'\\''", "'\\''"},
        {COMPONENT_CHAR, "'\\u{1F600}'", "'\xf0\x9f\x98\x80'"},
        {COMPONENT_STRING, "\"a'\\\"\\\\\\t\\n\\u{0}\"", "\"a'\\\"\\\\\\t\\n\\u{0}\""},
        {COMPONENT_STRING, "\"\"", "\"\""},
        {COMPONENT_STRING, "\"\"\"\n  a\n   \"b\"\n  \"\"\"", "\"a\\n \\\"b\\\"\""},
        {COMPONENT_STRING, "\"\"\"\n\"\"\"", "\"\""},
        {z.bytes, "[1, 255,]", "[1, 255]"},
        {z.bytes, "[]", "[]"},
        {z.list, "[\"a\", \"b\"]", "[\"a\", \"b\"]"},
        {z.four, "[1,-2,3,4]", "[1, -2, 3, 4]"},
        {z.map, "{\"a\": 1, \"b\": 2}", "{\"a\": 1, \"b\": 2}"},
        {z.map, "{:}", "{}"},
        {z.pair, "( 1 , 'x' , )", "(1, 'x')"},
        {z.pet, "{big: true, name: \"Rex\"}", "{name: \"Rex\", age: none, big: true}"},
        {z.pet, "{name: \"\", age: 3, %big: false,}", "{name: \"\", age: some(3), big: false}"},
        {z.shape, "circle(2)", "circle(2)"},
        {z.shape, "%some(0.5)", "%some(0.5)"},
        {z.shape, "dot", "dot"},
        {z.way, "%ok", "%ok"},
        {z.can, "{}", "{}"},
        {z.can, "{write, read}", "{read, write}"},
        {z.maybe, "7", "some(7)"},
        {z.deep, "some(none)", "some(none)"},
        {z.deep, "some(1)", "some(some(1))"},
        {z.outcome, "\"fine\"", "ok(\"fine\")"},
        {z.outcome, "err(-1)", "err(-1)"},
        {z.plain, "ok", "ok"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        read_and_print(&z, rows[i].type, rows[i].text, rows[i].want);
    sw_arena_deinit(&z.arena);
}

static void wrong_text_is_refused_with_its_place(void **state)
{
    (void)state;
    struct zoo z;
    zoo_init(&z);
    const struct {
        uint32_t type;
        const char *text, *want;
    } rows[] = {
        {COMPONENT_BOOL, "yes", "1:1: expected true or false, got 'yes'"},
        {COMPONENT_BOOL, "true x", "1:6: expected the end, got 'x'"},
        {COMPONENT_U8, "256", "1:1: expected a u8 (0 to 255), got '256'"},
        {COMPONENT_U8, "-1", "1:1: expected a u8 (0 to 255), got '-1'"},
        {COMPONENT_U8, "01", "1:1: expected a u8 (0 to 255), got '01'"},
        {COMPONENT_U8, "1.0", "1:1: expected a u8 (0 to 255), got '1.0'"},
        {COMPONENT_S8, "-129", "1:1: expected an s8 (-128 to 127), got '-129'"},
        {COMPONENT_U64, "18446744073709551616",
         "1:1: expected a u64 (0 to 18446744073709551615), got '18446744073709551616'"},
        {COMPONENT_F32, "1e39", "1:1: expected an f32 (larger ones are written inf), got '1e39'"},
        {COMPONENT_F64, "1.", "1:1: expected an f64, got '1.'"},
        {COMPONENT_F64, "-nan", "1:1: expected an f64, got '-nan'"},
        {COMPONENT_CHAR, "''", "1:1: expected one character between the quotes"},
        {COMPONENT_CHAR, "'ab'", "1:1: expected one character between the quotes"},
        {COMPONENT_CHAR, "'\\u{d800}'",
         "1:2: expected a Unicode scalar value (0 to d7ff, e000 to 10ffff) in '\\u{...}'"},
        {COMPONENT_STRING, "\"a", "1:3: a quote is missing at the end"},
        {COMPONENT_STRING, "\"a\n\"", "1:3: a quote is missing at the end of the line"},
        {COMPONENT_STRING, "\"\\x\"", "1:2: expected an escape (\\' \\\" \\\\ \\t \\n \\r \\u{...})"},
        {COMPONENT_STRING, "\"\"\"\na\n  \"\"\"",
         "2:1: expected at least the 2 spaces that stand before the closing \"\"\""},
        {COMPONENT_STRING, "\"\"\"\na", "1:1: the closing \"\"\" is missing: it stands on a line of its own"},
        {COMPONENT_STRING, "", "1:1: expected a string, got the end"},
        {z.bytes, "[1 2]", "1:4: expected ',' or ']', got '2'"},
        {z.bytes, "[1, \xc3\xa9]", "1:5: expected a u8 (0 to 255), got '\xc3\xa9'"},
        {z.four, "[1, 2]", "1:1: expected a list of 4 items, got 2"},
        {z.pair, "(1)", "1:1: expected a tuple of 2 values, got fewer"},
        {z.pair, "(1, 'x', 2)", "1:1: expected a tuple of 2 values, got more"},
        {z.pet, "{name: \"\"}", "1:1: the field 'big' is missing"},
        {z.pet, "{nam: \"\"}", "1:2: expected a field (name, age, big), got 'nam'"},
        {z.pet, "{big: true,\n big: true}", "2:2: the field 'big' is there twice"},
        {z.shape, "square", "1:1: expected a case (dot, circle, some), got 'square'"},
        {z.shape, "dot(1)", "1:4: the case has no payload"},
        {z.shape, "circle", "1:7: expected '(', got the end"},
        {z.way, "ok", "1:1: 'ok' is a word of WAVE: write it as '%ok'"},
        {z.can, "{read, read}", "1:8: the flag 'read' is there twice"},
        {z.deep, "1", "1:1: expected option<option<u32>>, got '1'"},
        {z.plain, "1", "1:1: expected result, got '1'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_err err;
        struct component_value value;
        sw_auto_arena arena = SW_ARENA(COMPONENT_WAVE_ARENA_MAX);
        CHECK_INT(component_wave_parse(z.types, rows[i].type, sw_str_of(rows[i].text), &arena, &value, &err),
                  -SW_EINPUT);
        CHECK_STR(sw_str_of(err.text), rows[i].want);
    }
    sw_arena_deinit(&z.arena);
}

/* ---- random values of random types ---- */

struct dice {
    uint64_t state;
};

static uint64_t roll(struct dice *dice, uint64_t sides)
{
    dice->state = dice->state * 6364136223846793005u + 1442695040888963407u;
    return (dice->state >> 33) % sides;
}

static uint32_t random_type(struct zoo *z, struct dice *dice, int depth)
{
    if (depth == 0)
        return (uint32_t)roll(dice, COMPONENT_ERROR_CONTEXT);
    uint32_t a = random_type(z, dice, depth - 1), b = random_type(z, dice, depth - 1);
    switch (roll(dice, 7)) {
    case 0:
        return list_of(z, COMPONENT_LIST, a, 0);
    case 1:
        return NAMED(z, COMPONENT_TUPLE, CASE("", a), CASE("", b));
    case 2:
        return NAMED(z, COMPONENT_RECORD, CASE("a", a), CASE("none", b));
    case 3:
        return NAMED(z, COMPONENT_VARIANT, CASE("err", a), CASE("b", b), CASE("c", NONE));
    case 4:
        return NAMED(z, COMPONENT_OPTION, CASE("none", NONE), CASE("some", a));
    case 5:
        return NAMED(z, COMPONENT_RESULT, CASE("ok", a), CASE("error", b));
    default:
        return NAMED(z, COMPONENT_FLAGS, CASE("x", NONE), CASE("y", NONE));
    }
}

static void random_value(struct zoo *z, struct dice *dice, uint32_t number, struct component_value *ret);

static void random_items(struct zoo *z, struct dice *dice, const struct component_type *type,
                         struct component_value *ret)
{
    bool list = type->kind == COMPONENT_LIST;
    uint32_t count = list ? (uint32_t)roll(dice, 4) : type->case_count;
    if (list && component_type_of(z->types, type->elem)->kind == COMPONENT_U8) {
        ret->text = sw_str_from(SW_LIT("\x00\xff\x80"), 3 - (count < 4 ? count : 3));
        return;
    }
    struct component_value *items = SW_ARENA_ARRAY(&z->arena, count, struct component_value);
    CHECK(items);
    for (uint32_t i = 0; i < count; i++)
        random_value(z, dice, list ? type->elem : type->cases[i].type, &items[i]);
    ret->list.items = items;
    ret->list.count = count;
}

static void random_primitive(struct dice *dice, enum component_kind kind, struct component_value *ret)
{
    static const char *const texts[] = {"", "a \"quote\"", "\t\n\\", "\xe2\x98\x83", "\"\"\"\n"};
    static const double floats[] = {
        0, -0.0, 1.5, 0.1, 1e300, -2.2250738585072014e-308, 3.4028234663852886e38};
    uint64_t bits = roll(dice, 1u << 31) << 33 ^ roll(dice, 1u << 31) << 8 ^ roll(dice, 256);
    ret->u64 = bits;
    if (kind == COMPONENT_BOOL)
        ret->u64 = bits & 1;
    else if (kind == COMPONENT_S8)
        ret->s64 = (int8_t)bits;
    else if (kind == COMPONENT_U8)
        ret->u64 = (uint8_t)bits;
    else if (kind == COMPONENT_S16)
        ret->s64 = (int16_t)bits;
    else if (kind == COMPONENT_U16)
        ret->u64 = (uint16_t)bits;
    else if (kind == COMPONENT_S32)
        ret->s64 = (int32_t)bits;
    else if (kind == COMPONENT_U32)
        ret->u64 = (uint32_t)bits;
    else if (kind == COMPONENT_F32)
        ret->f32 = (float)bits * 0x1p-40f;
    else if (kind == COMPONENT_F64)
        ret->f64 = floats[bits % 7];
    else if (kind == COMPONENT_CHAR)
        ret->u64 = bits % 0xd800;
    else if (kind == COMPONENT_STRING)
        ret->text = sw_str_of(texts[bits % 5]);
}

static void random_value(struct zoo *z, struct dice *dice, uint32_t number, struct component_value *ret)
{
    const struct component_type *type = component_type_of(z->types, number);
    if (type->kind < COMPONENT_ERROR_CONTEXT) {
        random_primitive(dice, type->kind, ret);
    } else if (type->kind == COMPONENT_FLAGS) {
        ret->u64 = roll(dice, 4);
    } else if (type->kind == COMPONENT_LIST || type->kind == COMPONENT_RECORD ||
               type->kind == COMPONENT_TUPLE) {
        random_items(z, dice, type, ret);
    } else {
        uint32_t index = (uint32_t)roll(dice, type->case_count);
        struct component_value *payload = SW_ARENA_NEW(&z->arena, struct component_value);
        CHECK(payload);
        ret->variant.index = index;
        ret->variant.payload = NULL;
        if (type->cases[index].type == COMPONENT_NO_TYPE)
            return;
        random_value(z, dice, type->cases[index].type, payload);
        ret->variant.payload = payload;
    }
}

static void printed_values_come_back(void **state)
{
    (void)state;
    struct dice dice = {7};
    for (int round = 0; round < 300; round++) {
        struct zoo z;
        struct sw_err err;
        struct component_value value = {.u64 = 0}, again = {.u64 = 0};
        sw_auto_buf first = SW_BUF(1u << 20);
        sw_auto_buf second = SW_BUF(1u << 20);
        zoo_init(&z);
        uint32_t type = random_type(&z, &dice, (int)roll(&dice, 5));
        random_value(&z, &dice, type, &value);
        CHECK_OK(component_wave_print(z.types, type, &value, &first, &err), &err);
        CHECK_OK(component_wave_parse(z.types, type, sw_buf_str(&first), &z.arena, &again, &err), &err);
        CHECK_OK(component_wave_print(z.types, type, &again, &second, &err), &err);
        CHECK(sw_str_eq(sw_buf_str(&first), sw_buf_str(&second)));
        sw_arena_deinit(&z.arena);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct zoo z;
    zoo_init(&z);
    for (long n = 0; n < 1000; n++) {
        struct sw_err err;
        struct component_value value;
        sw_auto_arena arena = SW_ARENA(COMPONENT_WAVE_ARENA_MAX);
        sw_mem_fail_after(n);
        int rc = component_wave_parse(z.types, z.list, SW_LIT("[\"a\", \"b\"]"), &arena, &value, &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            sw_arena_deinit(&z.arena);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
    }
    CHECK_NEVER("still failing after 1000 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_and_printed),
        cmocka_unit_test(wrong_text_is_refused_with_its_place),
        cmocka_unit_test(printed_values_come_back),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
