/* wast_value.c - component values of scripts: made, compared, printed.  Tests: conformance.  Recursion is as deep as types are. */
#include <stdio.h>
#include <stdlib.h>

#include "component/types.h"
#include "wast.h"

static int wrong(const struct codec_json *json, const char *wanted, struct sw_err *err)
{
    struct sw_str type = codec_json_string(codec_json_get(json, "type"));
    return sw_fail(err, SW_EINPUT, "the script has a value of type '" SW_FMT "' for a %s", SW_ARG(type),
                   wanted);
}

static void *room(struct sw_arena *arena, size_t count, size_t size)
{
    void *items = sw_arena_try_array(arena, count, size, alignof(max_align_t));
    if (!items)
        abort(); /* values of scripts are small */
    return items;
}

static int number(const struct component_type *type, struct sw_str text, struct component_value *ret,
                  struct sw_err *err)
{
    bool negative = text.n && text.p[0] == '-';
    uint64_t bits = 0;
    if (!sw_str_to_u64(negative ? sw_str_from(text, 1) : text, UINT64_MAX, &bits))
        return sw_fail(err, SW_EINPUT, "'" SW_FMT "' is not a number", SW_ARG(text));
    ret->u64 = negative ? 0 - bits : bits;
    if (type->kind == COMPONENT_F32) {
        uint32_t low = (uint32_t)bits;
        memcpy(&ret->f32, &low, sizeof low);
    } else if (type->kind == COMPONENT_F64) {
        memcpy(&ret->f64, &bits, sizeof bits);
    }
    return 0;
}

static uint32_t code_point(struct sw_str text) /* of UTF-8 that was checked */
{
    const unsigned char *p = (const unsigned char *)text.p;
    if (text.n == 1)
        return p[0];
    if (text.n == 2)
        return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    if (text.n == 3)
        return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    if (text.n == 4)
        return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
    return UINT32_MAX;
}

struct reader {
    const struct component_types *types;
    struct sw_arena *arena;
    struct sw_err *err;
};

static int read_value(const struct reader *r, uint32_t type, const struct codec_json *json,
                      struct component_value *ret);

static int read_list(const struct reader *r, const struct component_type *type,
                     const struct codec_json *items, struct component_value *ret)
{
    size_t count = codec_json_count(items);
    struct component_value *values = room(r->arena, count, sizeof *values);
    for (size_t i = 0; i < count; i++) {
        int rc = read_value(r, type->elem, codec_json_item(items, i), &values[i]);
        if (rc < 0)
            return rc;
    }
    if (type->kind == COMPONENT_FIXED_LIST && count != type->length)
        return sw_fail(r->err, SW_EINPUT, "the script gives %zu elements, the list has %u", count,
                       type->length);
    if (type->kind == COMPONENT_LIST && type->elem == COMPONENT_U8) {
        char *bytes = room(r->arena, count, 1);
        for (size_t i = 0; i < count; i++)
            bytes[i] = (char)values[i].u64;
        ret->text = sw_str(bytes, count);
        return 0;
    }
    ret->list.items = values;
    ret->list.count = count;
    return 0;
}

/* Records are lists of [name, value], tuples of values. */
static int read_fields(const struct reader *r, const struct component_type *type,
                       const struct codec_json *items, struct component_value *ret)
{
    size_t count = codec_json_count(items);
    if (count != type->case_count)
        return sw_fail(r->err, SW_EINPUT, "the script gives %zu fields, the type has %u", count,
                       type->case_count);
    struct component_value *values = room(r->arena, count, sizeof *values);
    for (size_t i = 0; i < count; i++) {
        const struct codec_json *item = codec_json_item(items, i);
        if (type->kind == COMPONENT_RECORD) {
            struct sw_str name = codec_json_string(codec_json_item(item, 0));
            if (!sw_str_eq(name, type->cases[i].name))
                return sw_fail(r->err, SW_EINPUT,
                               "the script has the field '" SW_FMT "', the type '" SW_FMT "'", SW_ARG(name),
                               SW_ARG(type->cases[i].name));
            item = codec_json_item(item, 1);
        }
        int rc = read_value(r, type->cases[i].type, item, &values[i]);
        if (rc < 0)
            return rc;
    }
    ret->list.items = values;
    ret->list.count = count;
    return 0;
}

static int case_index(const struct reader *r, const struct component_type *type, struct sw_str name,
                      uint32_t *ret)
{
    for (uint32_t i = 0; i < type->case_count; i++)
        if (sw_str_eq(type->cases[i].name, name)) {
            *ret = i;
            return 0;
        }
    return sw_fail(r->err, SW_EINPUT, "the type has no case '" SW_FMT "'", SW_ARG(name));
}

static int read_case(const struct reader *r, const struct component_type *type, uint32_t index,
                     const struct codec_json *payload, struct component_value *ret)
{
    bool given = payload && codec_json_kind(payload) != CODEC_JSON_NULL;
    ret->variant.index = index;
    ret->variant.payload = NULL;
    if (given != (type->cases[index].type != COMPONENT_NO_TYPE))
        return sw_fail(r->err, SW_EINPUT, "a case has a payload in one of script and type only");
    if (!given)
        return 0;
    struct component_value *value = room(r->arena, 1, sizeof *value);
    ret->variant.payload = value;
    return read_value(r, type->cases[index].type, payload, value);
}

static int read_variant(const struct reader *r, const struct component_type *type,
                        const struct codec_json *value, struct component_value *ret)
{
    uint32_t index = 0;
    int rc = 0;
    const struct codec_json *error = codec_json_get(value, "Err");
    if (type->kind == COMPONENT_OPTION)
        return codec_json_kind(value) == CODEC_JSON_NULL ? read_case(r, type, 0, NULL, ret)
                                                         : read_case(r, type, 1, value, ret);
    if (type->kind == COMPONENT_RESULT)
        return error ? read_case(r, type, 1, error, ret)
                     : read_case(r, type, 0, codec_json_get(value, "Ok"), ret);
    if (type->kind == COMPONENT_ENUM) {
        rc = case_index(r, type, codec_json_string(value), &index);
        return rc < 0 ? rc : read_case(r, type, index, NULL, ret);
    }
    rc = case_index(r, type, codec_json_string(codec_json_get(value, "case")), &index);
    return rc < 0 ? rc : read_case(r, type, index, codec_json_get(value, "payload"), ret);
}

static int read_flags(const struct reader *r, const struct component_type *type,
                      const struct codec_json *names, struct component_value *ret)
{
    ret->u64 = 0;
    for (size_t i = 0; i < codec_json_count(names); i++) {
        uint32_t index = 0;
        int rc = case_index(r, type, codec_json_string(codec_json_item(names, i)), &index);
        if (rc < 0)
            return rc;
        ret->u64 |= UINT64_C(1) << index;
    }
    return 0;
}

static const struct {
    const char *name;
    enum component_kind kind;
} kinds[] = {
    {"bool", COMPONENT_BOOL},     {"s8", COMPONENT_S8},       {"u8", COMPONENT_U8},
    {"s16", COMPONENT_S16},       {"u16", COMPONENT_U16},     {"s32", COMPONENT_S32},
    {"u32", COMPONENT_U32},       {"s64", COMPONENT_S64},     {"u64", COMPONENT_U64},
    {"f32", COMPONENT_F32},       {"f64", COMPONENT_F64},     {"char", COMPONENT_CHAR},
    {"string", COMPONENT_STRING}, {"list", COMPONENT_LIST},   {"list", COMPONENT_FIXED_LIST},
    {"record", COMPONENT_RECORD}, {"tuple", COMPONENT_TUPLE}, {"variant", COMPONENT_VARIANT},
    {"enum", COMPONENT_ENUM},     {"flags", COMPONENT_FLAGS}, {"option", COMPONENT_OPTION},
    {"result", COMPONENT_RESULT},
};

static const char *name_of(enum component_kind kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].kind == kind)
            return kinds[i].name;
    return "handle"; /* scripts have no literals of these */
}

static int read_value(const struct reader *r, uint32_t number_of_type, const struct codec_json *json,
                      struct component_value *ret)
{
    const struct component_type *type = component_type_of(r->types, number_of_type);
    const struct codec_json *value = codec_json_get(json, "value");
    if (!sw_str_eq(codec_json_string(codec_json_get(json, "type")), sw_str_of(name_of(type->kind))))
        return wrong(json, name_of(type->kind), r->err);
    memset(ret, 0, sizeof *ret);
    if (type->kind == COMPONENT_BOOL) {
        ret->u64 = codec_json_bool(value);
        return 0;
    }
    if (type->kind == COMPONENT_CHAR) {
        ret->u64 = code_point(codec_json_string(value));
        return 0;
    }
    if (type->kind == COMPONENT_STRING) {
        ret->text = codec_json_string(value);
        return 0;
    }
    if (type->kind < COMPONENT_CHAR)
        return number(type, codec_json_string(value), ret, r->err);
    if (type->kind == COMPONENT_LIST || type->kind == COMPONENT_FIXED_LIST)
        return read_list(r, type, value, ret);
    if (type->kind == COMPONENT_RECORD || type->kind == COMPONENT_TUPLE)
        return read_fields(r, type, value, ret);
    if (type->kind == COMPONENT_FLAGS)
        return read_flags(r, type, value, ret);
    return read_variant(r, type, value, ret);
}

int wast_value(const struct component_types *types, uint32_t type, const struct codec_json *json,
               struct sw_arena *arena, struct component_value *ret, struct sw_err *err)
{
    return read_value(&(struct reader){types, arena, err}, type, json, ret);
}

/* ---- comparing and printing ---- */

static bool is_bytes(const struct component_type *type)
{
    return type->kind == COMPONENT_STRING || (type->kind == COMPONENT_LIST && type->elem == COMPONENT_U8);
}

static bool items_eq(const struct component_types *types, const struct component_type *type,
                     const struct component_value *a, const struct component_value *b)
{
    bool list = type->kind == COMPONENT_LIST || type->kind == COMPONENT_FIXED_LIST;
    if (a->list.count != b->list.count)
        return false;
    for (uint64_t i = 0; i < a->list.count; i++)
        if (!wast_value_eq(types, list ? type->elem : type->cases[i].type, &a->list.items[i],
                           &b->list.items[i]))
            return false;
    return true;
}

bool wast_value_eq(const struct component_types *types, uint32_t number_of_type,
                   const struct component_value *a, const struct component_value *b)
{
    const struct component_type *type = component_type_of(types, number_of_type);
    if (is_bytes(type))
        return sw_str_eq(a->text, b->text);
    if (type->kind == COMPONENT_F32)
        return memcmp(&a->f32, &b->f32, sizeof a->f32) == 0;
    if (type->kind == COMPONENT_F64)
        return memcmp(&a->f64, &b->f64, sizeof a->f64) == 0;
    if (type->kind < COMPONENT_STRING || type->kind == COMPONENT_FLAGS)
        return a->u64 == b->u64;
    if (type->kind == COMPONENT_LIST || type->kind == COMPONENT_FIXED_LIST ||
        type->kind == COMPONENT_RECORD || type->kind == COMPONENT_TUPLE)
        return items_eq(types, type, a, b);
    if (type->discriminant_size == 0)
        return false; /* a handle */
    uint32_t index = a->variant.index;
    if (index != b->variant.index)
        return false;
    return type->cases[index].type == COMPONENT_NO_TYPE ||
           wast_value_eq(types, type->cases[index].type, a->variant.payload, b->variant.payload);
}

static int print_items(const struct component_types *types, const struct component_type *type,
                       const struct component_value *value, struct sw_buf *out, struct sw_err *err)
{
    bool list = type->kind == COMPONENT_LIST || type->kind == COMPONENT_FIXED_LIST;
    int rc = sw_buf_printf(out, err, "(");
    for (uint64_t i = 0; rc == 0 && i < value->list.count; i++) {
        if (i)
            rc = sw_buf_printf(out, err, ", ");
        if (rc == 0)
            rc = wast_value_print(types, list ? type->elem : type->cases[i].type, &value->list.items[i], out,
                                  err);
    }
    return rc < 0 ? rc : sw_buf_printf(out, err, ")");
}

int wast_value_print(const struct component_types *types, uint32_t number_of_type,
                     const struct component_value *value, struct sw_buf *out, struct sw_err *err)
{
    const struct component_type *type = component_type_of(types, number_of_type);
    if (is_bytes(type))
        return sw_buf_printf(out, err, "'" SW_FMT "'", SW_ARG(value->text));
    if (type->kind == COMPONENT_F32 || type->kind == COMPONENT_F64)
        return sw_buf_printf(out, err, "%.17g",
                             type->kind == COMPONENT_F32 ? (double)value->f32 : value->f64);
    if (type->kind < COMPONENT_STRING || type->kind == COMPONENT_FLAGS)
        return sw_buf_printf(out, err, "%lld", (long long)value->s64);
    if (type->kind == COMPONENT_LIST || type->kind == COMPONENT_FIXED_LIST ||
        type->kind == COMPONENT_RECORD || type->kind == COMPONENT_TUPLE)
        return print_items(types, type, value, out, err);
    if (type->discriminant_size == 0)
        return sw_buf_printf(out, err, "handle");
    const struct component_case *one = &type->cases[value->variant.index];
    int rc = sw_buf_printf(out, err, SW_FMT "(", SW_ARG(one->name));
    if (rc == 0 && one->type != COMPONENT_NO_TYPE)
        rc = wast_value_print(types, one->type, value->variant.payload, out, err);
    return rc < 0 ? rc : sw_buf_printf(out, err, ")");
}
