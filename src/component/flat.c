/* flat.c - flat values read from and written to memory, bit by bit.  Room: component.
 *
 * A lowered call with the option async has other limits on flat values than a synchronous one; these two make one form of the other, before
 * or after what the values mean is looked at. Source: CanonicalABI.md "Flattening", "Flat Lifting". Recursion is as deep as types are. */
#include <assert.h>

#include "component/async_internal.h"

static uint64_t load_bytes(const uint8_t *p, uint32_t size)
{
    uint64_t value = 0;
    memcpy(&value, p, size); /* little-endian, as all we run on */
    return value;
}

static uint64_t load_scalar(const struct component_type *type, const uint8_t *p)
{
    int32_t extended = 0;
    switch ((int)type->kind) {
    case COMPONENT_S8: /* narrow integers are i32, signed ones sign-extended */
        extended = (int8_t)*p;
        return (uint32_t)extended;
    case COMPONENT_S16:
        extended = (int16_t)component_load_u16(p);
        return (uint32_t)extended;
    default:
        return load_bytes(p, type->size);
    }
}

static bool is_switch(const struct component_type *type)
{
    return type->kind == COMPONENT_VARIANT || type->kind == COMPONENT_OPTION ||
           type->kind == COMPONENT_RESULT || type->kind == COMPONENT_ENUM;
}

static void load_switch(const struct component_types *types, const struct component_type *type,
                        const uint8_t *p, union engine_val *vals)
{
    uint64_t index = load_bytes(p, type->discriminant_size);
    uint32_t used = 1;
    vals[0].u64 = index;
    if (index < type->case_count && type->cases[index].type != COMPONENT_NO_TYPE) { /* else: refused later */
        uint32_t payload = type->cases[index].type;
        component__flat_load(types, payload, p + type->payload_offset, vals + 1);
        used += component_type_of(types, payload)->flat_count;
    }
    for (; used < type->flat_count; used++)
        vals[used].u64 = 0;
}

void component__flat_load(const struct component_types *types, uint32_t number, const uint8_t *p,
                          union engine_val *vals)
{
    const struct component_type *type = component_type_of(types, number);
    if (is_switch(type)) {
        load_switch(types, type, p, vals);
    } else if (type->kind == COMPONENT_STRING || type->kind == COMPONENT_LIST) {
        vals[0].u64 = component_load_u32(p);
        vals[1].u64 = component_load_u32(p + 4);
    } else if (type->kind == COMPONENT_FIXED_LIST) {
        const struct component_type *elem = component_type_of(types, type->elem);
        for (uint32_t i = 0; i < type->length; i++)
            component__flat_load(types, type->elem, p + (size_t)i * elem->size,
                                 vals + (size_t)i * elem->flat_count);
    } else if (type->kind == COMPONENT_RECORD || type->kind == COMPONENT_TUPLE) {
        for (uint32_t i = 0; i < type->case_count; i++) {
            component__flat_load(types, type->cases[i].type, p + type->cases[i].offset, vals);
            vals += component_type_of(types, type->cases[i].type)->flat_count;
        }
    } else {
        vals[0].u64 = load_scalar(type, p);
    }
}

static void store_switch(const struct component_types *types, const struct component_type *type,
                         const union engine_val *vals, uint8_t *p)
{
    uint32_t index = vals[0].u32;
    assert(index < type->case_count); /* lowered by us */
    memcpy(p, &vals[0].u64, type->discriminant_size);
    if (type->cases[index].type != COMPONENT_NO_TYPE)
        component__flat_store(types, type->cases[index].type, vals + 1, p + type->payload_offset);
}

void component__flat_store(const struct component_types *types, uint32_t number, const union engine_val *vals,
                           uint8_t *p)
{
    const struct component_type *type = component_type_of(types, number);
    if (is_switch(type)) {
        store_switch(types, type, vals, p);
    } else if (type->kind == COMPONENT_STRING || type->kind == COMPONENT_LIST) {
        component_store_u32(p, vals[0].u32);
        component_store_u32(p + 4, vals[1].u32);
    } else if (type->kind == COMPONENT_FIXED_LIST) {
        const struct component_type *elem = component_type_of(types, type->elem);
        for (uint32_t i = 0; i < type->length; i++)
            component__flat_store(types, type->elem, vals + (size_t)i * elem->flat_count,
                                  p + (size_t)i * elem->size);
    } else if (type->kind == COMPONENT_RECORD || type->kind == COMPONENT_TUPLE) {
        for (uint32_t i = 0; i < type->case_count; i++) {
            component__flat_store(types, type->cases[i].type, vals, p + type->cases[i].offset);
            vals += component_type_of(types, type->cases[i].type)->flat_count;
        }
    } else {
        memcpy(p, &vals[0].u64, type->size);
    }
}
