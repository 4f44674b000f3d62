/* types_rules.c - what a type must look like to be one.  Room: component.  Source: Binary.md, "Type Definitions". */
#include <assert.h>

#include "component/limits.h"
#include "component/types_internal.h"

static const char *const kind_names[] = {
    [COMPONENT_BOOL] = "bool",       [COMPONENT_S8] = "s8",
    [COMPONENT_U8] = "u8",           [COMPONENT_S16] = "s16",
    [COMPONENT_U16] = "u16",         [COMPONENT_S32] = "s32",
    [COMPONENT_U32] = "u32",         [COMPONENT_S64] = "s64",
    [COMPONENT_U64] = "u64",         [COMPONENT_F32] = "f32",
    [COMPONENT_F64] = "f64",         [COMPONENT_CHAR] = "char",
    [COMPONENT_STRING] = "string",   [COMPONENT_ERROR_CONTEXT] = "error-context",
    [COMPONENT_LIST] = "list",       [COMPONENT_FIXED_LIST] = "list",
    [COMPONENT_RECORD] = "record",   [COMPONENT_TUPLE] = "tuple",
    [COMPONENT_VARIANT] = "variant", [COMPONENT_ENUM] = "enum",
    [COMPONENT_FLAGS] = "flags",     [COMPONENT_OPTION] = "option",
    [COMPONENT_RESULT] = "result",   [COMPONENT_OWN] = "own",
    [COMPONENT_BORROW] = "borrow",   [COMPONENT_STREAM] = "stream",
    [COMPONENT_FUTURE] = "future",
};

const char *component__kind_name(enum component_kind kind)
{
    assert(kind <= COMPONENT_FUTURE);
    return kind_names[kind];
}

struct component_case *component__type_cases(struct component_type *type)
{
    union {
        const struct component_case *borrowed;
        struct component_case *own;
    } cases = {.borrowed = type->cases}; /* the interner's own copy, not finished yet */
    return cases.own;
}

static int check_payload(const struct component_types *types, uint32_t type, bool may_be_absent,
                         struct sw_err *err)
{
    if (type == COMPONENT_NO_TYPE)
        return may_be_absent ? 0 : sw_fail(err, SW_EINPUT, "a type lacks its element type");
    if (type >= types->count)
        return sw_fail(err, SW_EINPUT, "type number %u is not defined", type);
    return 0;
}

static int check_cases(const struct component_types *types, const struct component_type *shape,
                       struct sw_err *err)
{
    bool labels_only = shape->kind == COMPONENT_ENUM || shape->kind == COMPONENT_FLAGS;
    bool product = shape->kind == COMPONENT_RECORD || shape->kind == COMPONENT_TUPLE;
    if (shape->case_count == 0)
        return sw_fail(err, SW_EINPUT, "type %s has no members, it needs at least one",
                       component__kind_name(shape->kind));
    uint32_t max = shape->kind == COMPONENT_FLAGS ? COMPONENT_FLAGS_MAX : COMPONENT_FIELDS_MAX;
    if (shape->case_count > max)
        return sw_fail(err, SW_ELIMIT, "type %s has %u members, at most %u are allowed",
                       component__kind_name(shape->kind), shape->case_count, max);
    for (uint32_t i = 0; i < shape->case_count; i++) {
        if (labels_only && shape->cases[i].type != COMPONENT_NO_TYPE)
            return sw_fail(err, SW_EINPUT, "type %s has a member with a type",
                           component__kind_name(shape->kind));
        int rc = check_payload(types, shape->cases[i].type, !product, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* option and result are given with their cases filled in (types.h). */
static int check_special(const struct component_type *shape, struct sw_err *err)
{
    if (shape->case_count != 2)
        return sw_fail(err, SW_EBUG, "type %s needs two cases", component__kind_name(shape->kind));
    if (shape->kind == COMPONENT_OPTION &&
        (shape->cases[0].type != COMPONENT_NO_TYPE || shape->cases[1].type == COMPONENT_NO_TYPE))
        return sw_fail(err, SW_EBUG, "type option needs the cases none and some(T)");
    return 0;
}

static int check_stream(const struct component_types *types, const struct component_type *shape,
                        struct sw_err *err)
{
    int rc = check_payload(types, shape->elem, true, err);
    if (rc < 0 || shape->elem == COMPONENT_NO_TYPE)
        return rc;
    if (types->items[shape->elem]->has_borrow)
        return sw_fail(err, SW_EINPUT, "type %s has elements that contain a borrow",
                       component__kind_name(shape->kind));
    if (shape->kind == COMPONENT_STREAM && shape->elem == COMPONENT_CHAR)
        return sw_fail(err, SW_EINPUT, "type stream<char> is not allowed");
    return 0;
}

int component__type_check_shape(const struct component_types *types, const struct component_type *shape,
                                struct sw_err *err)
{
    int rc = 0;
    switch (shape->kind) {
    case COMPONENT_LIST:
        return check_payload(types, shape->elem, false, err);
    case COMPONENT_FIXED_LIST:
        if (shape->length == 0)
            return sw_fail(err, SW_EINPUT, "a list of fixed length has length 0");
        return check_payload(types, shape->elem, false, err);
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
        rc = check_special(shape, err);
        return rc < 0 ? rc : check_cases(types, shape, err);
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
    case COMPONENT_VARIANT:
    case COMPONENT_ENUM:
    case COMPONENT_FLAGS:
        return check_cases(types, shape, err);
    case COMPONENT_STREAM:
    case COMPONENT_FUTURE:
        return check_stream(types, shape, err);
    case COMPONENT_OWN:
    case COMPONENT_BORROW:
    case COMPONENT_BOOL:
    case COMPONENT_S8:
    case COMPONENT_U8:
    case COMPONENT_S16:
    case COMPONENT_U16:
    case COMPONENT_S32:
    case COMPONENT_U32:
    case COMPONENT_S64:
    case COMPONENT_U64:
    case COMPONENT_F32:
    case COMPONENT_F64:
    case COMPONENT_CHAR:
    case COMPONENT_STRING:
    case COMPONENT_ERROR_CONTEXT:
        return 0;
    }
    return sw_fail(err, SW_EBUG, "no such kind of type: %d", (int)shape->kind);
}
