/* types.c - interning, layout, canonical text and the limits of types. */
#include "component/types.h"

#include "base/alloc.h"
#include "check.h"
#include "component/limits.h"
#include "engine/core.h"

#define I ENGINE_I32
#define L ENGINE_I64
#define F ENGINE_F32
#define D ENGINE_F64
#define NONE COMPONENT_NO_TYPE
#define COUNT(array) (sizeof(array) / sizeof *(array))

struct fixture {
    struct sw_arena arena;
    struct component_types *types;
};

static void open_fixture(struct fixture *f)
{
    struct sw_err err = {0};
    f->arena = SW_ARENA(1u << 24);
    CHECK_OK(component_types_new(&f->arena, &f->types, &err), &err);
}

static uint32_t make(struct fixture *f, struct component_type shape)
{
    struct sw_err err = {0};
    uint32_t type = 0;
    CHECK_OK(component_types_intern(f->types, &shape, &type, &err), &err);
    return type;
}

static uint32_t make_cases(struct fixture *f, enum component_kind kind, const struct component_case *cases,
                           uint32_t count)
{
    return make(f, (struct component_type){.kind = kind, .elem = NONE, .cases = cases, .case_count = count});
}

static uint32_t make_elem(struct fixture *f, enum component_kind kind, uint32_t elem, uint32_t length)
{
    return make(f, (struct component_type){.kind = kind, .elem = elem, .length = length});
}

static uint32_t option_of(struct fixture *f, uint32_t type)
{
    struct component_case cases[] = {{SW_LIT_INIT("none"), NONE, 0}, {SW_LIT_INIT("some"), type, 0}};
    return make_cases(f, COMPONENT_OPTION, cases, 2);
}

static uint32_t result_of(struct fixture *f, uint32_t ok, uint32_t error)
{
    struct component_case cases[] = {{SW_LIT_INIT("ok"), ok, 0}, {SW_LIT_INIT("error"), error, 0}};
    return make_cases(f, COMPONENT_RESULT, cases, 2);
}

static uint32_t labels(struct fixture *f, enum component_kind kind, uint32_t count)
{
    struct component_case cases[300];
    static char names[300][12];
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(names[i], sizeof names[i], "c%u", i); /* fits */
        cases[i] = (struct component_case){sw_str_of(names[i]), NONE, 0};
    }
    return make_cases(f, kind, cases, count);
}

static const struct component_case mixed[] = {{SW_LIT_INIT("a"), COMPONENT_U8, 0},
                                              {SW_LIT_INIT("b"), COMPONENT_U64, 0},
                                              {SW_LIT_INIT("c"), COMPONENT_STRING, 0}};
static const struct component_case joined[] = {
    {SW_LIT_INIT("x"), COMPONENT_F32, 0}, {SW_LIT_INIT("y"), COMPONENT_U64, 0}, {SW_LIT_INIT("z"), NONE, 0}};
static const struct component_case words[] = {{SW_LIT_INIT("i"), COMPONENT_U32, 0},
                                              {SW_LIT_INIT("f"), COMPONENT_F32, 0}};

static void equal_types_have_equal_numbers(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    char name[] = "a";
    struct component_case cases[] = {{sw_str_of(name), COMPONENT_U8, 0}};
    uint32_t record = make_cases(&f, COMPONENT_RECORD, cases, 1);
    name[0] = 'b'; /* the interner has copied it */
    CHECK(make_cases(&f, COMPONENT_RECORD, cases, 1) != record);
    name[0] = 'a';
    CHECK_INT(make_cases(&f, COMPONENT_RECORD, cases, 1), record);
    CHECK(make_cases(&f, COMPONENT_VARIANT, cases, 1) != record);
    CHECK_INT(make_elem(&f, COMPONENT_U32, NONE, 0), COMPONENT_U32);
    CHECK(make_elem(&f, COMPONENT_FIXED_LIST, COMPONENT_U8, 2) !=
          make_elem(&f, COMPONENT_FIXED_LIST, COMPONENT_U8, 3));
    CHECK(make_elem(&f, COMPONENT_OWN, 0, 0) != make_elem(&f, COMPONENT_OWN, 1, 0));
    sw_arena_deinit(&f.arena);
}

static void thousands_of_types_stay_apart(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    uint32_t first = make_elem(&f, COMPONENT_FIXED_LIST, COMPONENT_U8, 1);
    for (uint32_t i = 2; i < 5000; i++)
        CHECK_INT(make_elem(&f, COMPONENT_FIXED_LIST, COMPONENT_U8, i), first + i - 1);
    for (uint32_t i = 1; i < 5000; i++)
        CHECK_INT(make_elem(&f, COMPONENT_FIXED_LIST, COMPONENT_U8, i), first + i - 1);
    sw_arena_deinit(&f.arena);
}

static void layouts_are_those_of_the_canonical_abi(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    const struct {
        uint32_t type, size, align, flat_count;
        uint8_t flat[6];
        bool pointer, handle, borrow;
    } rows[] = {
        {COMPONENT_BOOL, 1, 1, 1, {I}, false, false, false},
        {COMPONENT_S16, 2, 2, 1, {I}, false, false, false},
        {COMPONENT_CHAR, 4, 4, 1, {I}, false, false, false},
        {COMPONENT_U64, 8, 8, 1, {L}, false, false, false},
        {COMPONENT_F64, 8, 8, 1, {D}, false, false, false},
        {COMPONENT_STRING, 8, 4, 2, {I, I}, true, false, false},
        {COMPONENT_ERROR_CONTEXT, 4, 4, 1, {I}, false, true, false},
        {make_elem(&f, COMPONENT_LIST, COMPONENT_U8, 0), 8, 4, 2, {I, I}, true, false, false},
        {make_elem(&f, COMPONENT_FIXED_LIST, COMPONENT_F32, 3), 12, 4, 3, {F, F, F}, false, false, false},
        {make_elem(&f, COMPONENT_FIXED_LIST, COMPONENT_U8, 17), 17, 1, 17, {0}, false, false, false},
        {make_cases(&f, COMPONENT_RECORD, mixed, 3), 24, 8, 4, {I, L, I, I}, true, false, false},
        {make_cases(&f, COMPONENT_VARIANT, joined, 3), 16, 8, 2, {I, L}, false, false, false},
        {make_cases(&f, COMPONENT_VARIANT, words, 2), 8, 4, 2, {I, I}, false, false, false},
        {labels(&f, COMPONENT_ENUM, 256), 1, 1, 1, {I}, false, false, false},
        {labels(&f, COMPONENT_ENUM, 257), 2, 2, 1, {I}, false, false, false},
        {labels(&f, COMPONENT_FLAGS, 8), 1, 1, 1, {I}, false, false, false},
        {labels(&f, COMPONENT_FLAGS, 9), 2, 2, 1, {I}, false, false, false},
        {labels(&f, COMPONENT_FLAGS, 17), 4, 4, 1, {I}, false, false, false},
        {option_of(&f, COMPONENT_U64), 16, 8, 2, {I, L}, false, false, false},
        {result_of(&f, NONE, NONE), 1, 1, 1, {I}, false, false, false},
        {result_of(&f, COMPONENT_STRING, COMPONENT_F32), 12, 4, 3, {I, I, I}, true, false, false},
        {make_elem(&f, COMPONENT_OWN, 3, 0), 4, 4, 1, {I}, false, true, false},
        {option_of(&f, make_elem(&f, COMPONENT_BORROW, 3, 0)), 8, 4, 2, {I, I}, false, true, true},
        {make_elem(&f, COMPONENT_STREAM, NONE, 0), 4, 4, 1, {I}, false, true, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct component_type *type = component_type_of(f.types, rows[i].type);
        CHECK_INT(type->size, rows[i].size);
        CHECK_INT(type->align, rows[i].align);
        CHECK_INT(type->flat_count, rows[i].flat_count);
        for (uint32_t k = 0; k < rows[i].flat_count && k < COUNT(rows[i].flat) && rows[i].flat[k]; k++)
            CHECK_INT(type->flat[k], rows[i].flat[k]);
        CHECK_INT(type->has_pointer, rows[i].pointer);
        CHECK_INT(type->has_handle, rows[i].handle);
        CHECK_INT(type->has_borrow, rows[i].borrow);
    }
    sw_arena_deinit(&f.arena);
}

static void members_have_their_places(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    const struct component_type *record =
        component_type_of(f.types, make_cases(&f, COMPONENT_RECORD, mixed, 3));
    CHECK_INT(record->cases[0].offset, 0);
    CHECK_INT(record->cases[1].offset, 8);
    CHECK_INT(record->cases[2].offset, 16);
    const struct component_type *variant =
        component_type_of(f.types, make_cases(&f, COMPONENT_VARIANT, joined, 3));
    CHECK_INT(variant->payload_offset, 8);
    CHECK_INT(variant->discriminant_size, 1);
    CHECK_INT(component_type_of(f.types, labels(&f, COMPONENT_ENUM, 257))->discriminant_size, 2);
    sw_arena_deinit(&f.arena);
}

static void a_variant_of_sixteen_values_spills(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    uint32_t fifteen = make_elem(&f, COMPONENT_FIXED_LIST, COMPONENT_U32, 15);
    uint32_t sixteen = make_elem(&f, COMPONENT_FIXED_LIST, COMPONENT_U32, 16);
    CHECK_INT(component_type_of(f.types, option_of(&f, fifteen))->flat_count, 16);
    CHECK_INT(component_type_of(f.types, option_of(&f, sixteen))->flat_count, COMPONENT_FLAT_MAX + 1);
    struct component_case cases[] = {{SW_LIT_INIT("a"), sixteen, 0}, {SW_LIT_INIT("b"), COMPONENT_U8, 0}};
    CHECK_INT(component_type_of(f.types, make_cases(&f, COMPONENT_VARIANT, cases, 2))->flat_count,
              COMPONENT_FLAT_MAX + 1);
    sw_arena_deinit(&f.arena);
}

static struct sw_str named(void *arg, uint32_t resource)
{
    (void)arg;
    return resource == 3 ? SW_LIT("wasi:http/types/fields") : SW_LIT("");
}

static void types_print_as_the_header_says(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    static const struct component_case cases[] = {{SW_LIT_INIT("a"), NONE, 0},
                                                  {SW_LIT_INIT("b"), COMPONENT_CHAR, 0}};
    static const struct component_case pair[] = {{{NULL, 0}, COMPONENT_S8, 0}, {{NULL, 0}, COMPONENT_F64, 0}};
    const struct {
        uint32_t type;
        const char *text;
    } rows[] = {
        {COMPONENT_BOOL, "bool"},
        {COMPONENT_ERROR_CONTEXT, "error-context"},
        {make_elem(&f, COMPONENT_LIST, COMPONENT_STRING, 0), "list<string>"},
        {make_elem(&f, COMPONENT_FIXED_LIST, COMPONENT_U16, 4), "list<u16, 4>"},
        {option_of(&f, COMPONENT_F32), "option<f32>"},
        {make_cases(&f, COMPONENT_TUPLE, pair, 2), "tuple<s8, f64>"},
        {result_of(&f, NONE, NONE), "result"},
        {result_of(&f, COMPONENT_S32, NONE), "result<s32>"},
        {result_of(&f, NONE, COMPONENT_S64), "result<_, s64>"},
        {result_of(&f, COMPONENT_U32, COMPONENT_STRING), "result<u32, string>"},
        {make_cases(&f, COMPONENT_RECORD, mixed, 3), "record{a: u8, b: u64, c: string}"},
        {make_cases(&f, COMPONENT_VARIANT, cases, 2), "variant{a, b(char)}"},
        {labels(&f, COMPONENT_ENUM, 2), "enum{c0, c1}"},
        {labels(&f, COMPONENT_FLAGS, 2), "flags{c0, c1}"},
        {make_elem(&f, COMPONENT_OWN, 3, 0), "own<wasi:http/types/fields>"},
        {make_elem(&f, COMPONENT_BORROW, 5, 0), "borrow<#5>"},
        {make_elem(&f, COMPONENT_STREAM, NONE, 0), "stream"},
        {make_elem(&f, COMPONENT_STREAM, COMPONENT_U8, 0), "stream<u8>"},
        {make_elem(&f, COMPONENT_FUTURE, NONE, 0), "future"},
        {make_elem(&f, COMPONENT_FUTURE, COMPONENT_S16, 0), "future<s16>"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sw_err err = {0};
        sw_auto_buf out = SW_BUF(1000);
        CHECK_OK(component_type_print(f.types, rows[i].type, named, NULL, &out, &err), &err);
        CHECK_STR(sw_buf_str(&out), rows[i].text);
    }
    sw_arena_deinit(&f.arena);
}

static void functions_are_completed_and_printed(void **state)
{
    (void)state;
    struct fixture f;
    struct sw_err err = {0};
    open_fixture(&f);
    const struct {
        struct component_func_type func;
        const char *text;
        uint32_t size, align, flat_params, flat_results;
    } rows[] = {
        {{.result = NONE}, "func()", 0, 1, 0, 0},
        {{.result = COMPONENT_STRING, .is_async = true}, "async func() -> string", 0, 1, 0, 2},
        {{.params = mixed, .param_count = 3, .result = COMPONENT_U8},
         "func(a: u8, b: u64, c: string) -> u8",
         24,
         8,
         4,
         1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct component_func_type func = rows[i].func;
        sw_auto_buf out = SW_BUF(1000);
        CHECK_OK(component_func_type_complete(f.types, &func, &err), &err);
        CHECK_OK(component_func_type_print(f.types, &func, named, NULL, &out, &err), &err);
        CHECK_STR(sw_buf_str(&out), rows[i].text);
        CHECK_INT(func.params_size, rows[i].size);
        CHECK_INT(func.params_align, rows[i].align);
        CHECK_INT(func.flat_param_count, rows[i].flat_params);
        CHECK_INT(func.flat_result_count, rows[i].flat_results);
        if (func.param_count == 3)
            CHECK_INT(func.params[2].offset, 16);
    }
    sw_arena_deinit(&f.arena);
}

static void a_broken_rule_is_named(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    uint32_t borrow = make_elem(&f, COMPONENT_BORROW, 0, 0);
    static struct component_case many[33];
    for (size_t i = 0; i < COUNT(many); i++)
        many[i].type = NONE;
    const struct {
        struct component_type shape;
        int rc;
        const char *text;
    } rows[] = {
        {{.kind = COMPONENT_RECORD, .elem = NONE}, -SW_EINPUT, "type record has no members"},
        {{.kind = COMPONENT_FLAGS, .elem = NONE, .cases = many, .case_count = 33},
         -SW_ELIMIT,
         "type flags has 33 members, at most 32"},
        {{.kind = COMPONENT_FIXED_LIST, .elem = COMPONENT_U8},
         -SW_EINPUT,
         "a list of fixed length has length 0"},
        {{.kind = COMPONENT_LIST, .elem = NONE}, -SW_EINPUT, "a type lacks its element type"},
        {{.kind = COMPONENT_LIST, .elem = 99999}, -SW_EINPUT, "type number 99999 is not defined"},
        {{.kind = COMPONENT_STREAM, .elem = borrow},
         -SW_EINPUT,
         "type stream has elements that contain a borrow"},
        {{.kind = COMPONENT_STREAM, .elem = COMPONENT_CHAR}, -SW_EINPUT, "type stream<char> is not allowed"},
        {{.kind = COMPONENT_FIXED_LIST, .elem = COMPONENT_U8, .length = COMPONENT_TYPE_SIZE_MAX},
         -SW_ELIMIT,
         "bytes or larger in memory"},
        {{.kind = COMPONENT_FIXED_LIST, .elem = COMPONENT_STRING, .length = 1u << 24},
         -SW_ELIMIT,
         "bytes or larger in memory"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sw_err err = {0};
        uint32_t type = 0;
        CHECK_INT(component_types_intern(f.types, &rows[i].shape, &type, &err), rows[i].rc);
        CHECK_HAS(err.text, rows[i].text);
    }
    struct sw_err err = {0};
    struct component_func_type func = {.result = borrow};
    CHECK_INT(component_func_type_complete(f.types, &func, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "the result of a function contains a borrow");
    sw_arena_deinit(&f.arena);
}

static void depth_is_limited(void **state)
{
    (void)state;
    struct fixture f;
    struct sw_err err = {0};
    open_fixture(&f);
    uint32_t type = COMPONENT_U8;
    for (int depth = 2; depth <= COMPONENT_TYPE_DEPTH_MAX; depth++)
        type = make_elem(&f, COMPONENT_LIST, type, 0);
    struct component_type shape = {.kind = COMPONENT_LIST, .elem = type};
    CHECK_INT(component_types_intern(f.types, &shape, &type, &err), -SW_ELIMIT);
    CHECK_HAS(err.text, "nested more than 100 deep");
    sw_arena_deinit(&f.arena);
}

static void text_has_a_ceiling(void **state)
{
    (void)state;
    struct fixture f;
    struct sw_err err = {0};
    open_fixture(&f);
    uint32_t type = COMPONENT_U8;
    for (int i = 0; i < 25; i++) { /* a text of 2^25 names from 25 types */
        struct component_case pair[] = {{{NULL, 0}, type, 0}, {{NULL, 0}, type, 0}};
        type = make_cases(&f, COMPONENT_TUPLE, pair, 2);
    }
    sw_auto_buf out = SW_BUF(COMPONENT_TYPE_TEXT_MAX);
    CHECK_INT(component_type_print(f.types, type, named, NULL, &out, &err), -SW_ELIMIT);
    sw_arena_deinit(&f.arena);
}

static int some_types(struct sw_arena *arena, struct sw_err *err)
{
    struct component_types *types = NULL;
    struct component_type shape = {.kind = COMPONENT_RECORD, .elem = NONE, .cases = mixed, .case_count = 3};
    struct component_func_type func = {.params = mixed, .param_count = 3, .result = NONE};
    uint32_t type = 0;
    int rc = component_types_new(arena, &types, err);
    for (uint32_t i = 0; rc == 0 && i < 200; i++) {
        struct component_type list = {.kind = COMPONENT_FIXED_LIST, .elem = COMPONENT_U8, .length = i + 1};
        rc = component_types_intern(types, &list, &type, err);
    }
    if (rc == 0)
        rc = component_types_intern(types, &shape, &type, err);
    return rc < 0 ? rc : component_func_type_complete(types, &func, err);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 1000; n++) {
        struct sw_err err = {0};
        struct sw_arena arena = SW_ARENA(1u << 20);
        sw_mem_fail_after(n);
        int rc = some_types(&arena, &err);
        sw_mem_fail_after(-1);
        sw_arena_deinit(&arena);
        if (rc == 0)
            return;
        CHECK_INT(rc, -SW_ENOMEM);
    }
    CHECK_NEVER("still failing after 1000 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_types_have_equal_numbers),
        cmocka_unit_test(thousands_of_types_stay_apart),
        cmocka_unit_test(layouts_are_those_of_the_canonical_abi),
        cmocka_unit_test(members_have_their_places),
        cmocka_unit_test(a_variant_of_sixteen_values_spills),
        cmocka_unit_test(types_print_as_the_header_says),
        cmocka_unit_test(functions_are_completed_and_printed),
        cmocka_unit_test(a_broken_rule_is_named),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(text_has_a_ceiling),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
