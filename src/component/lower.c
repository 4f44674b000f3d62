/* lower.c - the generic lowerer: from component values to flat core values or memory.  Room: component.
 *
 * Memory of the guest is addressed by offset, as realloc may run in between. A value's shape must match its type: values come from the
 * lifter or from our own code, so that is asserted. Source: CanonicalABI.md "Storing", "Flat Lowering". */
#include <assert.h>

#include "component/error_context.h"
#include "component/stream_internal.h"

static void store_bits(uint8_t *p, uint32_t size, uint64_t bits)
{
    switch (size) {
    case 1:
        p[0] = (uint8_t)bits;
        return;
    case 2:
        component_store_u16(p, (uint16_t)bits);
        return;
    case 4:
        component_store_u32(p, (uint32_t)bits);
        return;
    default:
        assert(size == 8);
        component_store_u64(p, bits);
    }
}

/* The core value of a scalar, zero-extended (run_internal.h). NaNs become the canonical one. */
static uint64_t scalar_bits(const struct component_type *type, const struct component_value *value)
{
    uint32_t bits;
    uint64_t wide;
    switch ((int)type->kind) {
    case COMPONENT_S64:
    case COMPONENT_U64:
        return value->u64;
    case COMPONENT_F32:
        memcpy(&bits, &value->f32, sizeof bits);
        return (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc00000u : bits;
    case COMPONENT_F64:
        memcpy(&wide, &value->f64, sizeof wide);
        return (wide & ~(UINT64_C(1) << 63)) > UINT64_C(0x7ff0000000000000) ? UINT64_C(0x7ff8000000000000)
                                                                            : wide;
    case COMPONENT_BOOL:
        return value->u64 != 0;
    case COMPONENT_U8:
        return (uint8_t)value->u64;
    case COMPONENT_U16:
        return (uint16_t)value->u64;
    default: /* signed ones keep their sign in the 32 bits of a flat value; memory takes the low bytes */
        return (uint32_t)value->u64;
    }
}

static int list(struct component_cx *cx, uint32_t elem_type, const struct component_value *value,
                uint32_t *ret_ptr, uint32_t *ret_count)
{
    const struct component_type *elem = component_type_of(cx->types, elem_type);
    bool bulk = elem->kind == COMPONENT_U8;
    uint64_t count = bulk ? value->text.n : value->list.count;
    if (count > COMPONENT_LIST_BYTES_MAX / elem->size)
        return component_trap(&cx->call, "list of %llu elements is over the limit of %u bytes",
                              (unsigned long long)count, COMPONENT_LIST_BYTES_MAX);
    uint32_t ptr;
    int rc = component_lower_alloc(&cx->call, count * elem->size, elem->align, &ptr);
    if (rc < 0)
        return rc;
    if (bulk && count)
        memcpy(cx->call.mem + ptr, value->text.p, count);
    for (uint64_t i = 0; rc == 0 && !bulk && i < count; i++)
        rc = component__store(cx, elem_type, &value->list.items[i], ptr + (uint32_t)i * elem->size);
    *ret_ptr = ptr;
    *ret_count = (uint32_t)count;
    return rc;
}

static struct component_object *adopted(struct component_cx *cx, const struct component_value *value)
{
    if (cx->between_guests)
        return value->object;
    struct component_object *node = cx->pending;
    assert(node && node->object == value->object); /* component__adopt went the same way */
    cx->pending = node->next;
    return node;
}

static int resource_handle(struct component_cx *cx, const struct component_type *type,
                           const struct component_value *value, uint32_t *ret)
{
    uint32_t number = type->elem;
    const struct component_bound_resource *resource = &cx->call.store->component->resources[number];
    struct component_handle entry = {.kind = COMPONENT_HANDLE_RESOURCE,
                                     .own = type->kind == COMPONENT_OWN,
                                     .is_host = resource->host,
                                     .resource = number};
    if (!entry.own && !entry.is_host && resource->instance == cx->call.instance->index) {
        *ret = (uint32_t)value->u64; /* its definer gets the representation */
        return 0;
    }
    if (!entry.own) {
        if (!cx->borrows)
            return component_trap(&cx->call, "a borrow cannot be returned");
        entry.borrows = cx->borrows;
        cx->borrows->count++;
    } else if (entry.is_host) {
        entry.node = adopted(cx, value);
    }
    if (!entry.is_host) {
        entry.rep = (uint32_t)value->u64;
    } else {
        entry.rep = resource->host->kind;
        entry.object = entry.own ? entry.node->object : value->object;
    }
    return component__handle_add(&cx->call, &entry, ret);
}

int component__lower_handle(struct component_cx *cx, const struct component_type *type,
                            const struct component_value *value, uint32_t *ret)
{
    if (type->kind == COMPONENT_OWN || type->kind == COMPONENT_BORROW)
        return resource_handle(cx, type, value, ret);
    if (type->kind != COMPONENT_ERROR_CONTEXT)
        return component__stream_lower(&cx->call, value->object, ret);
    if (cx->between_guests)
        return component__error_context_lower(&cx->call, value->object, ret);
    return component__error_context_make(&cx->call, value->text, ret);
}

/* Kinds whose flat form is one i32 (one_word in lift.c). */
static int one_word(struct component_cx *cx, const struct component_type *type,
                    const struct component_value *value, uint32_t *ret)
{
    if (type->kind != COMPONENT_FLAGS)
        return component__lower_handle(cx, type, value, ret);
    uint32_t bits = (uint32_t)value->u64;
    *ret = type->case_count < 32 ? bits & ((1u << type->case_count) - 1) : bits;
    return 0;
}

/* The payload's type, COMPONENT_NO_TYPE when the case has none. */
static uint32_t payload_type(const struct component_type *type, const struct component_value *value)
{
    uint32_t index = value->variant.index;
    assert(index < type->case_count);
    return type->kind == COMPONENT_ENUM ? COMPONENT_NO_TYPE : type->cases[index].type;
}

static int store_parts(struct component_cx *cx, const struct component_type *type,
                       const struct component_value *value, uint32_t at)
{
    bool fixed = type->kind == COMPONENT_FIXED_LIST;
    uint32_t count = fixed ? type->length : type->case_count;
    uint32_t size = fixed ? component_type_of(cx->types, type->elem)->size : 0;
    int rc = 0;
    assert(value->list.count == count);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = component__store(cx, fixed ? type->elem : type->cases[i].type, &value->list.items[i],
                              at + (fixed ? i * size : type->cases[i].offset));
    return rc;
}

int component__store(struct component_cx *cx, uint32_t type_number, const struct component_value *value,
                     uint32_t at)
{
    const struct component_type *type = component_type_of(cx->types, type_number);
    uint32_t a = 0, b = 0, payload;
    int rc;
    if (component__is_scalar(type->kind)) {
        store_bits(cx->call.mem + at, type->size, scalar_bits(type, value));
        return 0;
    }
    switch ((int)type->kind) {
    case COMPONENT_STRING:
    case COMPONENT_LIST:
        rc = type->kind == COMPONENT_STRING ? component_lower_string(&cx->call, value->text, &a, &b)
                                            : list(cx, type->elem, value, &a, &b);
        if (rc < 0)
            return rc;
        component_store_u32(cx->call.mem + at, a);
        component_store_u32(cx->call.mem + at + 4, b);
        return 0;
    case COMPONENT_FIXED_LIST:
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
        return store_parts(cx, type, value, at);
    case COMPONENT_VARIANT:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
    case COMPONENT_ENUM:
        payload = payload_type(type, value);
        store_bits(cx->call.mem + at, type->discriminant_size, value->variant.index);
        return payload == COMPONENT_NO_TYPE
                   ? 0
                   : component__store(cx, payload, value->variant.payload, at + type->payload_offset);
    default:
        rc = one_word(cx, type, value, &a);
        if (rc == 0)
            store_bits(cx->call.mem + at, type->size, a);
        return rc;
    }
}

static int flat_fields(struct component_cx *cx, const struct component_type *type,
                       const struct component_value *value, union engine_val *vals)
{
    bool fixed = type->kind == COMPONENT_FIXED_LIST;
    uint32_t count = fixed ? type->length : type->case_count;
    int rc = 0;
    assert(value->list.count == count);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        uint32_t field = fixed ? type->elem : type->cases[i].type;
        rc = component__lower_flat(cx, field, &value->list.items[i], vals);
        vals += component_type_of(cx->types, field)->flat_count;
    }
    return rc;
}

static int flat_variant(struct component_cx *cx, const struct component_type *type,
                        const struct component_value *value, union engine_val *vals)
{
    uint32_t payload = payload_type(type, value), used = 1;
    int rc = 0;
    vals[0].u64 = value->variant.index;
    if (payload != COMPONENT_NO_TYPE) {
        rc = component__lower_flat(cx, payload, value->variant.payload, vals + 1);
        used += component_type_of(cx->types, payload)->flat_count;
    }
    for (; used < type->flat_count; used++)
        vals[used].u64 = 0;
    return rc;
}

int component__lower_flat(struct component_cx *cx, uint32_t type_number, const struct component_value *value,
                          union engine_val *vals)
{
    const struct component_type *type = component_type_of(cx->types, type_number);
    uint32_t a = 0, b = 0;
    int rc;
    if (component__is_scalar(type->kind)) {
        vals[0].u64 = scalar_bits(type, value);
        return 0;
    }
    switch ((int)type->kind) {
    case COMPONENT_STRING:
    case COMPONENT_LIST:
        rc = type->kind == COMPONENT_STRING ? component_lower_string(&cx->call, value->text, &a, &b)
                                            : list(cx, type->elem, value, &a, &b);
        vals[0].u64 = a;
        vals[1].u64 = b;
        return rc;
    case COMPONENT_FIXED_LIST:
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
        return flat_fields(cx, type, value, vals);
    case COMPONENT_VARIANT:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
    case COMPONENT_ENUM:
        return flat_variant(cx, type, value, vals);
    default:
        rc = one_word(cx, type, value, &a);
        vals[0].u64 = a;
        return rc;
    }
}

int component__lower_params(struct component_cx *cx, const struct component_func_type *type,
                            const struct component_value *values, union engine_val *vals, uint32_t *ret_used)
{
    int rc = 0;
    if (type->flat_param_count <= COMPONENT_FLAT_MAX) {
        for (uint32_t i = 0; rc == 0 && i < type->param_count; i++) {
            rc = component__lower_flat(cx, type->params[i].type, &values[i], vals);
            vals += component_type_of(cx->types, type->params[i].type)->flat_count;
        }
        *ret_used = type->flat_param_count;
        return rc;
    }
    uint32_t at;
    rc = component_lower_alloc(&cx->call, type->params_size, type->params_align, &at);
    for (uint32_t i = 0; rc == 0 && i < type->param_count; i++)
        rc = component__store(cx, type->params[i].type, &values[i], at + type->params[i].offset);
    if (rc == 0)
        vals[0].u64 = at;
    *ret_used = 1;
    return rc;
}

void component__adopt(struct component_cx *cx, uint32_t type_number, const struct component_value *value)
{
    const struct component_type *type = component_type_of(cx->types, type_number);
    if (!type->has_handle)
        return;
    if (type->kind == COMPONENT_OWN) {
        struct component_store *store = cx->call.store;
        const struct component_host_resource *host = store->component->resources[type->elem].host;
        if (!host)
            return;
        struct component_object *node = component__object_new(store, host, value->object);
        if (node) {
            *cx->pending_end = node;
            cx->pending_end = &node->next;
            return;
        }
        if (host->drop)
            host->drop(store->owner, value->object);
        (void)component__no_memory(
            &cx->call, sizeof *node); /* recorded: the caller looks for a failure before it lowers */
        return;
    }
    if (type->kind == COMPONENT_VARIANT || type->kind == COMPONENT_OPTION || type->kind == COMPONENT_RESULT) {
        uint32_t payload = payload_type(type, value);
        if (payload != COMPONENT_NO_TYPE)
            component__adopt(cx, payload, value->variant.payload);
        return;
    }
    bool uniform = type->kind == COMPONENT_LIST || type->kind == COMPONENT_FIXED_LIST;
    if (uniform || type->kind == COMPONENT_RECORD || type->kind == COMPONENT_TUPLE)
        for (uint32_t i = 0; i < value->list.count; i++)
            component__adopt(cx, uniform ? type->elem : type->cases[i].type, &value->list.items[i]);
}
