/* wave.c - any bytes as WAVE of a type that the first byte picks: no crash, and what was read prints, reads again and prints the same. */
#include <assert.h>

#include "component/types.h"
#include "component/wave.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA_MAX (16u << 20)

static uint32_t add(struct component_types *types, enum component_kind kind, uint32_t elem,
                    const struct component_case *cases, uint32_t count)
{
    struct sw_err err;
    uint32_t type = 0;
    const struct component_type shape = {.kind = kind, .elem = elem, .cases = cases, .case_count = count};
    int rc = component_types_intern(types, &shape, &type, &err);
    assert(rc == 0);
    return type;
}

/* Nested so that every kind is in one of them. */
static uint32_t pick(struct component_types *types, uint8_t which)
{
    if (which < COMPONENT_ERROR_CONTEXT)
        return which;
    const struct component_case option[] = {{SW_LIT("none"), COMPONENT_NO_TYPE, 0},
                                            {SW_LIT("some"), COMPONENT_U16, 0}};
    uint32_t maybe = add(types, COMPONENT_OPTION, COMPONENT_NO_TYPE, option, 2);
    const struct component_case flags[] = {{SW_LIT("read"), COMPONENT_NO_TYPE, 0},
                                           {SW_LIT("write"), COMPONENT_NO_TYPE, 0}};
    uint32_t bytes = add(types, COMPONENT_LIST, COMPONENT_U8, NULL, 0);
    const struct component_case pair[] = {
        {SW_LIT(""), add(types, COMPONENT_FLAGS, COMPONENT_NO_TYPE, flags, 2), 0}, {SW_LIT(""), bytes, 0}};
    const struct component_case fields[] = {
        {SW_LIT("name"), COMPONENT_STRING, 0},
        {SW_LIT("age"), maybe, 0},
        {SW_LIT("both"), add(types, COMPONENT_TUPLE, COMPONENT_NO_TYPE, pair, 2), 0}};
    uint32_t record = add(types, COMPONENT_RECORD, COMPONENT_NO_TYPE, fields, 3);
    const struct component_case result[] = {{SW_LIT("ok"), record, 0}, {SW_LIT("error"), COMPONENT_CHAR, 0}};
    const struct component_case variant[] = {
        {SW_LIT("ok"), COMPONENT_F32, 0},
        {SW_LIT("a"), add(types, COMPONENT_RESULT, COMPONENT_NO_TYPE, result, 2), 0},
        {SW_LIT("b"), COMPONENT_NO_TYPE, 0}};
    uint32_t shape = add(types, COMPONENT_VARIANT, COMPONENT_NO_TYPE, variant, 3);
    return which & 1 ? add(types, COMPONENT_LIST, shape, NULL, 0) : record;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sw_auto_arena arena = SW_ARENA(ARENA_MAX);
    sw_auto_buf first = SW_BUF(1u << 20);
    sw_auto_buf second = SW_BUF(1u << 20);
    struct component_types *types;
    struct component_value value, again;
    struct sw_err err;
    if (size == 0 || component_types_new(&arena, &types, &err) < 0)
        return 0;
    uint32_t type = pick(types, data[0]);
    if (component_wave_parse(types, type, sw_str((const char *)data + 1, size - 1), &arena, &value, &err) < 0)
        return 0;
    int rc = component_wave_print(types, type, &value, &first, &err);
    if (rc == -SW_ELIMIT)
        return 0;
    assert(rc == 0);
    rc = component_wave_parse(types, type, sw_buf_str(&first), &arena, &again, &err);
    if (rc == -SW_ELIMIT)
        return 0; /* both values are in one arena */
    assert(rc == 0);
    rc = component_wave_print(types, type, &again, &second, &err);
    assert(rc == 0 && sw_str_eq(sw_buf_str(&first), sw_buf_str(&second)));
    return 0;
}
