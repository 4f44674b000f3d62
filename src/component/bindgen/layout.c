/* layout.c - sizes, alignments, offsets and flat counts of types.  Room: bindgen.
 *
 * Source: CanonicalABI.md "Despecialization", "Alignment", "Element Size", "Flattening". Pointers are 32 bits wide. Which core types
 * a flat variant joins to is not needed here: reading the low bytes of a slot as the wanted type undoes every join. */
#include "component/bindgen/bindgen.h"

static const enum shape BUILT_IN[] = {
    [WIT_BOOL] = SHAPE_BOOL,
    [WIT_S8] = SHAPE_S8,
    [WIT_U8] = SHAPE_U8,
    [WIT_S16] = SHAPE_S16,
    [WIT_U16] = SHAPE_U16,
    [WIT_S32] = SHAPE_S32,
    [WIT_U32] = SHAPE_U32,
    [WIT_S64] = SHAPE_S64,
    [WIT_U64] = SHAPE_U64,
    [WIT_F32] = SHAPE_F32,
    [WIT_F64] = SHAPE_F64,
    [WIT_CHAR] = SHAPE_CHAR,
    [WIT_STRING] = SHAPE_STRING,
    [WIT_ERROR_CONTEXT] = SHAPE_NONE,
    [WIT_LIST] = SHAPE_LIST,
    [WIT_FIXED_LIST] = SHAPE_FIXED_LIST,
    [WIT_TUPLE] = SHAPE_TUPLE,
    [WIT_OPTION] = SHAPE_OPTION,
    [WIT_RESULT] = SHAPE_RESULT,
    [WIT_MAP] = SHAPE_NONE,
    [WIT_STREAM] = SHAPE_U32,
    [WIT_FUTURE] = SHAPE_U32, /* the handle: component/stream.h makes and takes ends */
    [WIT_OWN] = SHAPE_OWN,
    [WIT_BORROW] = SHAPE_BORROW,
};

enum shape shape_of(const struct wit_type *type)
{
    type = wit_type_strip(type);
    if (type->kind == WIT_LIST && wit_type_strip(type->elem)->kind == WIT_U8)
        return SHAPE_BYTES;
    if (type->kind != WIT_NAME)
        return BUILT_IN[type->kind];
    switch (type->def->kind) {
    case WIT_DEF_RECORD:
        return SHAPE_RECORD;
    case WIT_DEF_VARIANT:
        return SHAPE_VARIANT;
    case WIT_DEF_ENUM:
        return SHAPE_ENUM;
    case WIT_DEF_FLAGS:
        return SHAPE_FLAGS;
    case WIT_DEF_ALIAS:
    case WIT_DEF_RESOURCE:
    case WIT_DEF_USE:
        break; /* stripped, an own, or resolved */
    }
    return SHAPE_NONE;
}

uint32_t part_count(const struct wit_type *type)
{
    type = wit_type_strip(type);
    if (type->kind == WIT_OPTION || type->kind == WIT_RESULT)
        return 2;
    return type->kind == WIT_TUPLE ? type->item_count : type->def->field_count;
}

const struct wit_type *part_type(const struct wit_type *type, uint32_t i)
{
    type = wit_type_strip(type);
    if (type->kind == WIT_OPTION)
        return i == 0 ? NULL : type->elem;
    if (type->kind == WIT_RESULT)
        return i == 0 ? type->elem : type->other;
    return type->kind == WIT_TUPLE ? type->items[i] : type->def->fields[i].type;
}

static uint32_t cap(uint64_t size)
{
    return size > BINDGEN_VALUE_BYTES_MAX ? BINDGEN_VALUE_BYTES_MAX : (uint32_t)size;
}

static uint32_t cap_flat(uint64_t flat)
{
    return flat > BINDGEN_FLAT_PARAMS_MAX ? BINDGEN_FLAT_PARAMS_MAX + 1 : (uint32_t)flat;
}

static uint32_t align_to(uint32_t offset, uint32_t align)
{
    return cap(((uint64_t)offset + align - 1) / align * align);
}

static void add_part(struct layout *whole, struct layout part)
{
    whole->size = cap((uint64_t)align_to(whole->size, part.align) + part.size);
    whole->align = part.align > whole->align ? part.align : whole->align;
    whole->flat = cap_flat((uint64_t)whole->flat + part.flat);
}

static struct layout record_layout(const struct wit_type *type)
{
    struct layout whole = {0, 1, 0};
    for (uint32_t i = 0; i < part_count(type); i++)
        add_part(&whole, layout_of(part_type(type, i)));
    whole.size = align_to(whole.size, whole.align);
    return whole;
}

uint32_t part_offset(const struct wit_type *type, uint32_t i)
{
    struct layout before = {0, 1, 0};
    for (uint32_t k = 0; k < i; k++)
        add_part(&before, layout_of(part_type(type, k)));
    return align_to(before.size, layout_of(part_type(type, i)).align);
}

uint32_t discriminant_size(const struct wit_type *type)
{
    uint32_t cases = part_count(type);
    return cases <= 1u << 8 ? 1 : cases <= 1u << 16 ? 2 : 4;
}

static struct layout largest_case(const struct wit_type *type)
{
    struct layout most = {0, 1, 0};
    for (uint32_t i = 0; i < part_count(type); i++) {
        const struct wit_type *payload = part_type(type, i);
        struct layout l = payload ? layout_of(payload) : (struct layout){0, 1, 0};
        most.size = l.size > most.size ? l.size : most.size;
        most.align = l.align > most.align ? l.align : most.align;
        most.flat = l.flat > most.flat ? l.flat : most.flat;
    }
    return most;
}

uint32_t payload_offset(const struct wit_type *type)
{
    return align_to(discriminant_size(type), largest_case(type).align);
}

static struct layout variant_layout(const struct wit_type *type)
{
    uint32_t tag = discriminant_size(type);
    struct layout most = largest_case(type), whole;
    whole.align = most.align > tag ? most.align : tag;
    whole.size = align_to(cap((uint64_t)align_to(tag, most.align) + most.size), whole.align);
    whole.flat = cap_flat((uint64_t)most.flat + 1);
    return whole;
}

static struct layout compute(const struct wit_type *type)
{
    static const uint8_t SIZES[] = {[SHAPE_BOOL] = 1, [SHAPE_S8] = 1,  [SHAPE_U8] = 1,  [SHAPE_S16] = 2,
                                    [SHAPE_U16] = 2,  [SHAPE_S32] = 4, [SHAPE_U32] = 4, [SHAPE_S64] = 8,
                                    [SHAPE_U64] = 8,  [SHAPE_F32] = 4, [SHAPE_F64] = 8, [SHAPE_CHAR] = 4};
    enum shape shape = shape_of(type);
    uint32_t n;
    switch (shape) {
    case SHAPE_STRING:
    case SHAPE_BYTES:
    case SHAPE_LIST:
        return (struct layout){8, 4, 2};
    case SHAPE_FIXED_LIST: {
        struct layout elem = layout_of(type->elem);
        return (struct layout){cap((uint64_t)elem.size * type->length), elem.align,
                               cap_flat((uint64_t)elem.flat * type->length)};
    }
    case SHAPE_RECORD:
    case SHAPE_TUPLE:
        return record_layout(type);
    case SHAPE_VARIANT:
    case SHAPE_OPTION:
    case SHAPE_RESULT:
        return variant_layout(type);
    case SHAPE_ENUM:
        n = discriminant_size(type);
        return (struct layout){n, n, 1};
    case SHAPE_FLAGS:
        n = part_count(type) <= 8 ? 1 : part_count(type) <= 16 ? 2 : 4;
        return (struct layout){n, n, 1};
    case SHAPE_OWN:
    case SHAPE_BORROW:
    case SHAPE_NONE: /* handles too, though no binding carries them */
        return (struct layout){4, 4, 1};
    case SHAPE_BOOL:
    case SHAPE_S8:
    case SHAPE_U8:
    case SHAPE_S16:
    case SHAPE_U16:
    case SHAPE_S32:
    case SHAPE_U32:
    case SHAPE_S64:
    case SHAPE_U64:
    case SHAPE_F32:
    case SHAPE_F64:
    case SHAPE_CHAR:
        break;
    }
    return (struct layout){SIZES[shape], SIZES[shape], 1};
}

struct layout layout_of(const struct wit_type *type)
{
    return compute(wit_type_strip(type));
}

bool has_own(const struct wit_type *type)
{
    type = wit_type_strip(type);
    enum shape shape = shape_of(type);
    if (shape == SHAPE_OWN)
        return true;
    if (shape == SHAPE_LIST || shape == SHAPE_FIXED_LIST)
        return has_own(type->elem);
    if (shape != SHAPE_RECORD && shape != SHAPE_TUPLE && shape != SHAPE_VARIANT && shape != SHAPE_OPTION &&
        shape != SHAPE_RESULT)
        return false;
    for (uint32_t i = 0; i < part_count(type); i++)
        if (part_type(type, i) && has_own(part_type(type, i)))
            return true;
    return false;
}

const struct wit_type *first_unsupported(const struct wit_type *type)
{
    const struct wit_type *bare = wit_type_strip(type);
    enum shape shape = shape_of(bare);
    if (shape == SHAPE_NONE)
        return type;
    if (shape == SHAPE_LIST || shape == SHAPE_FIXED_LIST)
        return first_unsupported(bare->elem);
    if (shape != SHAPE_RECORD && shape != SHAPE_TUPLE && shape != SHAPE_VARIANT && shape != SHAPE_OPTION &&
        shape != SHAPE_RESULT)
        return NULL;
    for (uint32_t i = 0; i < part_count(bare); i++) {
        const struct wit_type *bad = part_type(bare, i) ? first_unsupported(part_type(bare, i)) : NULL;
        if (bad)
            return bad;
    }
    return NULL;
}

struct layout params_layout(const struct wit_func *func)
{
    struct layout whole = {0, 1, 0};
    for (uint32_t i = 0; i < func->param_count; i++)
        add_part(&whole, layout_of(func->params[i].type));
    whole.size = align_to(whole.size, whole.align);
    return whole;
}

uint32_t param_offset(const struct wit_func *func, uint32_t i)
{
    struct layout before = {0, 1, 0};
    for (uint32_t k = 0; k < i; k++)
        add_part(&before, layout_of(func->params[k].type));
    return align_to(before.size, layout_of(func->params[i].type).align);
}
