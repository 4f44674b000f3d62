/* types_layout.c - size, alignment, flat form and rules of each type.  Room: component.
 *
 * Source: CanonicalABI.md, "Despecialization", "Type Predicates", "Alignment", "Element Size", "Flattening". */
#include <assert.h>

#include "component/limits.h"
#include "component/types_internal.h"
#include "engine/core.h"

static const struct {
    uint8_t size;
    uint8_t flat; /* core type */
} primitives[COMPONENT_KIND_PRIMITIVES] = {
    [COMPONENT_BOOL] = {1, ENGINE_I32}, [COMPONENT_S8] = {1, ENGINE_I32},
    [COMPONENT_U8] = {1, ENGINE_I32},   [COMPONENT_S16] = {2, ENGINE_I32},
    [COMPONENT_U16] = {2, ENGINE_I32},  [COMPONENT_S32] = {4, ENGINE_I32},
    [COMPONENT_U32] = {4, ENGINE_I32},  [COMPONENT_S64] = {8, ENGINE_I64},
    [COMPONENT_U64] = {8, ENGINE_I64},  [COMPONENT_F32] = {4, ENGINE_F32},
    [COMPONENT_F64] = {8, ENGINE_F64},  [COMPONENT_CHAR] = {4, ENGINE_I32},
    [COMPONENT_STRING] = {0, 0},        [COMPONENT_ERROR_CONTEXT] = {4, ENGINE_I32},
};

static uint64_t align_to(uint64_t value, uint32_t align)
{
    return (value + align - 1) & ~(uint64_t)(align - 1);
}

static void flat_add(struct component_type *type, uint8_t core)
{
    if (type->flat_count < COMPONENT_FLAT_MAX)
        type->flat[type->flat_count++] = core;
    else
        type->flat_count = COMPONENT_FLAT_MAX + 1;
}

static void flat_append(struct component_type *type, const struct component_type *part)
{
    if (part->flat_count > COMPONENT_FLAT_MAX) {
        type->flat_count = COMPONENT_FLAT_MAX + 1;
        return;
    }
    for (uint32_t i = 0; i < part->flat_count && type->flat_count <= COMPONENT_FLAT_MAX; i++)
        flat_add(type, part->flat[i]);
}

static uint8_t flat_join(uint8_t a, uint8_t b)
{
    if (a == b)
        return a;
    if ((a == ENGINE_I32 && b == ENGINE_F32) || (a == ENGINE_F32 && b == ENGINE_I32))
        return ENGINE_I32;
    return ENGINE_I64;
}

static void inherit(struct component_type *type, const struct component_type *part)
{
    type->has_pointer |= part->has_pointer;
    type->has_handle |= part->has_handle;
    type->has_borrow |= part->has_borrow;
}

static void pair_layout(struct component_type *type,
                        struct component_type_extra *extra) /* pointer and length */
{
    extra->size = 8;
    type->align = 4;
    extra->size64 = 16;
    extra->align64 = 8;
    type->has_pointer = true;
    flat_add(type, ENGINE_I32);
    flat_add(type, ENGINE_I32);
}

static void word_layout(struct component_type *type, struct component_type_extra *extra,
                        uint32_t size) /* held in an i32 */
{
    extra->size = extra->size64 = size;
    type->align = extra->align64 = size;
    flat_add(type, ENGINE_I32);
}

static void record_layout(const struct component_types *types, struct component_type *type,
                          struct component_type_extra *extra)
{
    struct component_case *cases = type->case_count ? component__type_cases(type) : NULL;
    type->align = extra->align64 = 1;
    for (uint32_t i = 0; i < type->case_count; i++) {
        const struct component_type *field = types->items[cases[i].type];
        const struct component_type_extra *field_extra = &types->extras[cases[i].type];
        extra->size = align_to(extra->size, field->align);
        cases[i].offset = (uint32_t)extra->size;
        extra->size += field->size;
        extra->size64 = align_to(extra->size64, field_extra->align64) + field_extra->size64;
        if (field->align > type->align)
            type->align = field->align;
        if (field_extra->align64 > extra->align64)
            extra->align64 = field_extra->align64;
        flat_append(type, field);
        inherit(type, field);
    }
    extra->size = align_to(extra->size, type->align);
    extra->size64 = align_to(extra->size64, extra->align64);
}

static uint8_t discriminant_size(uint32_t case_count)
{
    return case_count <= 256 ? 1 : case_count <= 65536 ? 2 : 4;
}

static void variant_flat(struct component_type *type, const struct component_type *payload)
{
    if (payload->flat_count >= COMPONENT_FLAT_MAX) { /* the discriminant makes it too many */
        type->flat_count = COMPONENT_FLAT_MAX + 1;
        return;
    }
    if (type->flat_count > COMPONENT_FLAT_MAX)
        return;
    for (uint32_t i = 0; i < payload->flat_count; i++) {
        if (i + 1 < type->flat_count)
            type->flat[i + 1] = flat_join(type->flat[i + 1], payload->flat[i]);
        else
            flat_add(type, payload->flat[i]);
    }
}

static void variant_layout(const struct component_types *types, struct component_type *type,
                           struct component_type_extra *extra)
{
    type->discriminant_size = discriminant_size(type->case_count);
    uint64_t payload_size = 0, payload_size64 = 0;
    uint32_t payload_align = 1, payload_align64 = 1;
    flat_add(type, ENGINE_I32);
    for (uint32_t i = 0; i < type->case_count; i++) {
        if (type->cases[i].type == COMPONENT_NO_TYPE)
            continue;
        const struct component_type *payload = types->items[type->cases[i].type];
        const struct component_type_extra *payload_extra = &types->extras[type->cases[i].type];
        payload_size = payload->size > payload_size ? payload->size : payload_size;
        payload_align = payload->align > payload_align ? payload->align : payload_align;
        payload_size64 = payload_extra->size64 > payload_size64 ? payload_extra->size64 : payload_size64;
        payload_align64 = payload_extra->align64 > payload_align64 ? payload_extra->align64 : payload_align64;
        variant_flat(type, payload);
        inherit(type, payload);
    }
    type->payload_offset = (uint32_t)align_to(type->discriminant_size, payload_align);
    type->align = payload_align > type->discriminant_size ? payload_align : type->discriminant_size;
    extra->align64 = payload_align64 > type->discriminant_size ? payload_align64 : type->discriminant_size;
    extra->size = align_to(type->payload_offset + payload_size, type->align);
    extra->size64 =
        align_to(align_to(type->discriminant_size, payload_align64) + payload_size64, extra->align64);
}

static void fixed_list_layout(const struct component_types *types, struct component_type *type,
                              struct component_type_extra *extra)
{
    const struct component_type *elem = types->items[type->elem];
    extra->size = (uint64_t)elem->size * type->length; /* 28 + 32 bits at most */
    extra->size64 = types->extras[type->elem].size64 * type->length;
    type->align = elem->align;
    extra->align64 = types->extras[type->elem].align64;
    for (uint32_t i = 0; i < type->length && elem->flat_count && type->flat_count <= COMPONENT_FLAT_MAX; i++)
        flat_append(type, elem);
    inherit(type, elem);
}

void component__type_layout(const struct component_types *types, struct component_type *type,
                            struct component_type_extra *extra)
{
    switch (type->kind) {
    case COMPONENT_LIST:
        pair_layout(type, extra);
        inherit(type, types->items[type->elem]);
        break;
    case COMPONENT_FIXED_LIST:
        fixed_list_layout(types, type, extra);
        break;
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
        record_layout(types, type, extra);
        break;
    case COMPONENT_VARIANT:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
    case COMPONENT_ENUM:
        variant_layout(types, type, extra);
        break;
    case COMPONENT_FLAGS:
        word_layout(type, extra, type->case_count <= 8 ? 1 : type->case_count <= 16 ? 2 : 4);
        break;
    case COMPONENT_OWN:
    case COMPONENT_BORROW:
    case COMPONENT_STREAM:
    case COMPONENT_FUTURE:
        word_layout(type, extra, 4);
        type->has_handle = true;
        type->has_borrow = type->kind == COMPONENT_BORROW;
        break;
    case COMPONENT_STRING:
        pair_layout(type, extra);
        break;
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
    case COMPONENT_ERROR_CONTEXT:
        extra->size = extra->size64 = primitives[type->kind].size;
        type->align = extra->align64 = primitives[type->kind].size;
        type->has_handle = type->kind == COMPONENT_ERROR_CONTEXT;
        flat_add(type, primitives[type->kind].flat);
        break;
    }
    if (extra->size <=
        3 * (uint64_t)COMPONENT_TYPE_SIZE_MAX) /* larger is refused; an entry of a map is below that */
        type->size = (uint32_t)extra->size;
}

int component_func_type_complete(const struct component_types *types, struct component_func_type *func,
                                 struct sw_err *err)
{
    if (func->param_count > COMPONENT_PARAMS_MAX)
        return sw_fail(err, SW_ELIMIT, "a function has more than %d parameters", COMPONENT_PARAMS_MAX);
    struct component_case *params = SW_ARENA_ARRAY(types->arena, func->param_count, struct component_case);
    if (!params)
        return sw_arena_fail(types->arena, func->param_count * sizeof *params, err);
    uint64_t size = 0;
    func->params_align = 1;
    func->flat_param_count = 0;
    for (uint32_t i = 0; i < func->param_count; i++) {
        params[i] = func->params[i];
        const struct component_type *type = component_type_of(types, params[i].type);
        size = align_to(size, type->align);
        if (size + type->size >= COMPONENT_TYPE_SIZE_MAX)
            return sw_fail(err, SW_ELIMIT, "the parameters of a function are %u bytes or larger",
                           COMPONENT_TYPE_SIZE_MAX);
        params[i].offset = (uint32_t)size;
        size += type->size;
        if (type->align > func->params_align)
            func->params_align = type->align;
        func->flat_param_count += type->flat_count; /* at most 17 * COMPONENT_PARAMS_MAX */
    }
    func->params = params;
    func->params_size = (uint32_t)align_to(size, func->params_align);
    func->flat_result_count = 0;
    if (func->result != COMPONENT_NO_TYPE) {
        const struct component_type *result = component_type_of(types, func->result);
        if (result->has_borrow)
            return sw_fail(err, SW_EINPUT, "the result of a function contains a borrow");
        func->flat_result_count = result->flat_count;
    }
    return 0;
}
