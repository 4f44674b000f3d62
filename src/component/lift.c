/* lift.c - the generic lifter: from flat core values or memory to component values.  Room: component.
 *
 * No guest code runs while values are lifted, so pointers into memory stay good. Recursion is bounded by the depth of types, which the
 * interner limits (COMPONENT_TYPE_DEPTH_MAX). Source: CanonicalABI.md "Loading", "Flat Lifting". */
#include <assert.h>

#include "component/error_context.h"
#include "component/stream_internal.h"

#define NAN32 0x7fc00000u
#define NAN64 UINT64_C(0x7ff8000000000000)

bool component__is_scalar(enum component_kind kind)
{
    return kind <= COMPONENT_CHAR;
}

static void set_f32(uint32_t bits, struct component_value *ret)
{
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        bits = NAN32;
    ret->u64 = 0;
    memcpy(&ret->f32, &bits, sizeof bits);
}

static void set_f64(uint64_t bits, struct component_value *ret)
{
    if ((bits & ~(UINT64_C(1) << 63)) > UINT64_C(0x7ff0000000000000))
        bits = NAN64;
    memcpy(&ret->f64, &bits, sizeof bits);
}

/* A scalar out of its low bits, which is all that counts of a flat value (lift_flat_unsigned, _signed). */
static int scalar(struct component_cx *cx, enum component_kind kind, uint64_t bits,
                  struct component_value *ret)
{
    uint32_t low = (uint32_t)bits;
    switch ((int)kind) {
    case COMPONENT_BOOL:
        ret->u64 = low != 0;
        return 0;
    case COMPONENT_S8:
        ret->s64 = (int64_t)((low & 0xff) ^ 0x80) - 0x80; /* sign-extended */
        return 0;
    case COMPONENT_U8:
        ret->u64 = (uint8_t)low;
        return 0;
    case COMPONENT_S16:
        ret->s64 = (int16_t)low;
        return 0;
    case COMPONENT_U16:
        ret->u64 = (uint16_t)low;
        return 0;
    case COMPONENT_S32:
        ret->s64 = (int32_t)low;
        return 0;
    case COMPONENT_U32:
        ret->u64 = low;
        return 0;
    case COMPONENT_S64:
    case COMPONENT_U64:
        ret->u64 = bits;
        return 0;
    case COMPONENT_F32:
        set_f32(low, ret);
        return 0;
    case COMPONENT_F64:
        set_f64(bits, ret);
        return 0;
    default:
        assert(kind == COMPONENT_CHAR);
        break;
    }
    uint32_t point = 0;
    int rc = component_lift_char(&cx->call, low, &point);
    if (rc == 0)
        ret->u64 = point;
    return rc;
}

static uint64_t load_bits(const uint8_t *p, uint32_t size)
{
    switch (size) {
    case 1:
        return p[0];
    case 2:
        return component_load_u16(p);
    case 4:
        return component_load_u32(p);
    default:
        assert(size == 8);
        return component_load_u64(p);
    }
}

static int string(struct component_cx *cx, uint32_t ptr, uint32_t units, struct component_value *ret)
{
    struct component_text text;
    int rc = component__lift_text(&cx->call, ptr, units, &text);
    if (rc < 0)
        return rc;
    size_t cap = text.units;
    if (text.encoding != COMPONENT_TEXT_UTF8)
        cap *= text.encoding == COMPONENT_TEXT_UTF16 ? 3 : 2;
    uint8_t *out = sw_arena_try(cx->arena, cap, 1);
    if (!out)
        return component__no_memory(&cx->call, cap);
    size_t n = cap;
    if (text.encoding != COMPONENT_TEXT_UTF8)
        n = component_text_to_utf8(&text, 0, out, cap);
    else if (n)
        memcpy(out, text.p, n);
    ret->text = sw_str((const char *)out, n);
    return 0;
}

static int items(struct component_cx *cx, uint64_t count, struct component_value **ret)
{
    *ret = count > SIZE_MAX ? NULL : SW_ARENA_ARRAY(cx->arena, (size_t)count, struct component_value);
    if (!*ret)
        return component__no_memory(&cx->call, (size_t)count * sizeof **ret);
    return 0;
}

/* Elements that lie in a range already checked. */
static int elements(struct component_cx *cx, uint32_t elem, const uint8_t *p, uint32_t count,
                    struct component_value *ret)
{
    struct component_value *values;
    uint32_t size = component_type_of(cx->types, elem)->size;
    int rc = items(cx, count, &values);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = component__load(cx, elem, p + (size_t)i * size, &values[i]);
    ret->list.items = values;
    ret->list.count = count;
    return rc;
}

static int list(struct component_cx *cx, uint32_t elem_type, uint32_t ptr, uint32_t count,
                struct component_value *ret)
{
    const struct component_type *elem = component_type_of(cx->types, elem_type);
    uint8_t *p;
    int rc = component_lift_list(&cx->call, ptr, count, elem->size, elem->align, &p);
    if (rc < 0)
        return rc;
    if (elem->kind != COMPONENT_U8)
        return elements(cx, elem_type, p, count, ret);
    char *copy = sw_arena_try(cx->arena, count, 1);
    if (!copy)
        return component__no_memory(&cx->call, count);
    if (count)
        memcpy(copy, p, count);
    ret->text = sw_str(copy, count);
    return 0;
}

static int own(struct component_cx *cx, uint32_t resource, uint32_t handle, struct component_value *ret)
{
    struct component_handle *entry;
    int rc = component__handle_of(&cx->call, handle, resource, &entry);
    if (rc == 0)
        rc = component__handle_removable(&cx->call, handle, entry, true);
    if (rc < 0)
        return rc;
    if (!entry->is_host) {
        ret->u64 = entry->rep;
    } else if (cx->between_guests) {
        ret->object = entry->node;
    } else { /* the store's until the whole result is there */
        ret->object = entry->object;
        entry->node->next = NULL;
        *cx->pending_end = entry->node;
        cx->pending_end = &entry->node->next;
    }
    component_handles_remove(&cx->call.instance->handles, handle);
    return 0;
}

static int borrow(struct component_cx *cx, uint32_t resource, uint32_t handle, struct component_value *ret)
{
    struct component_handle *entry;
    int rc = component__handle_of(&cx->call, handle, resource, &entry);
    if (rc == 0)
        rc = component__lend(&cx->call, handle, entry);
    if (rc < 0)
        return rc;
    if (entry->is_host)
        ret->object = entry->object;
    else
        ret->u64 = entry->rep;
    return 0;
}

static int error_context(struct component_cx *cx, uint32_t handle, struct component_value *ret)
{
    struct component_error_context *context;
    int rc = component__error_context_lift(&cx->call, handle, &context);
    if (rc < 0)
        return rc;
    if (cx->between_guests)
        ret->object = context;
    else
        ret->text = component__error_context_text(context); /* TEXT */
    return 0;
}

static int readable_end(struct component_cx *cx, const struct component_type *type, uint32_t handle,
                        struct component_value *ret)
{
    struct component_stream *stream;
    int rc = component__stream_lift(&cx->call, type, handle, &stream);
    if (rc == 0)
        ret->object = stream;
    return rc;
}

int component__lift_handle(struct component_cx *cx, const struct component_type *type, uint32_t handle,
                           struct component_value *ret)
{
    if (type->kind == COMPONENT_OWN)
        return own(cx, type->elem, handle, ret);
    if (type->kind == COMPONENT_BORROW)
        return borrow(cx, type->elem, handle, ret);
    if (type->kind == COMPONENT_ERROR_CONTEXT)
        return error_context(cx, handle, ret);
    return readable_end(cx, type, handle, ret);
}

/* Kinds whose flat form is one i32 and whose form in memory is that of an unsigned integer of their size. */
static int one_word(struct component_cx *cx, const struct component_type *type, uint32_t bits,
                    struct component_value *ret)
{
    if (type->kind != COMPONENT_FLAGS)
        return component__lift_handle(cx, type, bits, ret);
    ret->u64 = type->case_count < 32 ? bits & ((1u << type->case_count) - 1) : bits;
    return 0;
}

static int payload_slot(struct component_cx *cx, const struct component_type *type, uint32_t index,
                        struct component_value *ret, struct component_value **ret_payload)
{
    int rc = component_lift_discriminant(&cx->call, index, type->case_count);
    if (rc < 0)
        return rc;
    struct component_value *payload = NULL;
    if (type->kind != COMPONENT_ENUM && type->cases[index].type != COMPONENT_NO_TYPE)
        rc = items(cx, 1, &payload);
    ret->variant.index = index;
    ret->variant.payload = payload;
    *ret_payload = payload;
    return rc;
}

static int load_record(struct component_cx *cx, const struct component_type *type, const uint8_t *p,
                       struct component_value *ret)
{
    struct component_value *fields;
    int rc = items(cx, type->case_count, &fields);
    for (uint32_t i = 0; rc == 0 && i < type->case_count; i++)
        rc = component__load(cx, type->cases[i].type, p + type->cases[i].offset, &fields[i]);
    ret->list.items = fields;
    ret->list.count = type->case_count;
    return rc;
}

static int load_variant(struct component_cx *cx, const struct component_type *type, const uint8_t *p,
                        struct component_value *ret)
{
    struct component_value *payload;
    int rc = payload_slot(cx, type, (uint32_t)load_bits(p, type->discriminant_size), ret, &payload);
    if (rc < 0 || !payload)
        return rc;
    return component__load(cx, type->cases[ret->variant.index].type, p + type->payload_offset, payload);
}

int component__load(struct component_cx *cx, uint32_t type_number, const uint8_t *p,
                    struct component_value *ret)
{
    const struct component_type *type = component_type_of(cx->types, type_number);
    if (component__is_scalar(type->kind))
        return scalar(cx, type->kind, load_bits(p, type->size), ret);
    switch ((int)type->kind) {
    case COMPONENT_STRING:
        return string(cx, component_load_u32(p), component_load_u32(p + 4), ret);
    case COMPONENT_LIST:
        return list(cx, type->elem, component_load_u32(p), component_load_u32(p + 4), ret);
    case COMPONENT_FIXED_LIST:
        return elements(cx, type->elem, p, type->length, ret);
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
        return load_record(cx, type, p, ret);
    case COMPONENT_VARIANT:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
    case COMPONENT_ENUM:
        return load_variant(cx, type, p, ret);
    default:
        return one_word(cx, type, (uint32_t)load_bits(p, type->size), ret);
    }
}

static int flat_fields(struct component_cx *cx, const struct component_type *type,
                       const union engine_val *vals, struct component_value *ret)
{
    bool fixed = type->kind == COMPONENT_FIXED_LIST;
    uint32_t count = fixed ? type->length : type->case_count;
    struct component_value *fields;
    int rc = items(cx, count, &fields);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        uint32_t field = fixed ? type->elem : type->cases[i].type;
        rc = component__lift_flat(cx, field, vals, &fields[i]);
        vals += component_type_of(cx->types, field)->flat_count;
    }
    ret->list.items = fields;
    ret->list.count = count;
    return rc;
}

int component__lift_flat(struct component_cx *cx, uint32_t type_number, const union engine_val *vals,
                         struct component_value *ret)
{
    const struct component_type *type = component_type_of(cx->types, type_number);
    struct component_value *payload;
    int rc;
    if (component__is_scalar(type->kind))
        return scalar(cx, type->kind, vals[0].u64, ret);
    switch ((int)type->kind) {
    case COMPONENT_STRING:
        return string(cx, vals[0].u32, vals[1].u32, ret);
    case COMPONENT_LIST:
        return list(cx, type->elem, vals[0].u32, vals[1].u32, ret);
    case COMPONENT_FIXED_LIST:
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
        return flat_fields(cx, type, vals, ret);
    case COMPONENT_VARIANT:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
    case COMPONENT_ENUM:
        rc = payload_slot(cx, type, vals[0].u32, ret, &payload);
        if (rc < 0 || !payload)
            return rc;
        return component__lift_flat(cx, type->cases[ret->variant.index].type, vals + 1, payload);
    default:
        return one_word(cx, type, vals[0].u32, ret);
    }
}

int component__lift_params(struct component_cx *cx, const struct component_func_type *type,
                           const union engine_val *vals, struct component_value *ret_values,
                           uint32_t *ret_used)
{
    int rc = 0;
    if (type->flat_param_count <= COMPONENT_FLAT_MAX) {
        for (uint32_t i = 0; rc == 0 && i < type->param_count; i++) {
            rc = component__lift_flat(cx, type->params[i].type, vals, &ret_values[i]);
            vals += component_type_of(cx->types, type->params[i].type)->flat_count;
        }
        *ret_used = type->flat_param_count;
        return rc;
    }
    uint8_t *p;
    rc = component_mem_range(&cx->call, vals[0].u32, type->params_size, type->params_align, &p);
    for (uint32_t i = 0; rc == 0 && i < type->param_count; i++)
        rc = component__load(cx, type->params[i].type, p + type->params[i].offset, &ret_values[i]);
    *ret_used = 1;
    return rc;
}
