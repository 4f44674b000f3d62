/* stream_values.c - elements of streams made of numbers. */
#include "stream_values.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "component/error_context.h"

const struct stream_kind stream_kinds[STREAM_KINDS] = {
    {NULL, MODEL_PLAIN, true},           {"u8", MODEL_PLAIN, true},
    {"u32", MODEL_PLAIN, true},          {"string", MODEL_PLAIN, false},
    {"list<u16>", MODEL_PLAIN, false},   {"tuple<bool, string, u8>", MODEL_PLAIN, false},
    {"own<#0>", MODEL_OWN, false},       {"error-context", MODEL_CONTEXT, false},
    {"stream<u8>", MODEL_STREAM, false},
};
enum { NONE, U8, U32, STRING, LIST, TUPLE, OWN, CONTEXT, NESTED };

uint64_t stream_value_id(int kind, uint64_t id)
{
    return kind == NONE ? 0 : kind == U8 ? id & 0xff : kind == LIST ? id & 0x7fff : id & 0xffffff;
}

static uint32_t text_of(uint64_t id, char ret[16])
{
    return (uint32_t)snprintf(ret, 16, "v%u", (uint32_t)id);
}

static void put_text(struct fake_guest *guest, enum component_encoding encoding, uint32_t at, uint64_t id)
{
    char text[16];
    uint32_t n = text_of(id, text), unit = encoding == COMPONENT_UTF16 ? 2 : 1;
    uint32_t ptr = fake_guest_alloc(guest, n * unit, 2);
    for (uint32_t i = 0; i < n; i++) {
        guest->memory.base[ptr + i * unit] = (uint8_t)text[i];
        if (unit == 2)
            guest->memory.base[ptr + i * unit + 1] = 0;
    }
    component_store_u32(guest->memory.base + at, ptr);
    component_store_u32(guest->memory.base + at + 4, n);
}

static void check_text(const struct fake_guest *guest, enum component_encoding encoding, uint32_t at,
                       uint64_t id)
{
    char text[16];
    uint32_t n = text_of(id, text), unit = encoding == COMPONENT_UTF16 ? 2 : 1;
    uint32_t ptr = component_load_u32(guest->memory.base + at);
    CHECK_INT(component_load_u32(guest->memory.base + at + 4), n);
    CHECK(ptr + n * unit <= guest->memory.len);
    for (uint32_t i = 0; i < n; i++)
        CHECK_INT(guest->memory.base[ptr + i * unit], text[i]);
}

static void put_list(struct fake_guest *guest, uint32_t at, uint64_t id)
{
    uint32_t n = 1 + (uint32_t)id % 4, ptr = fake_guest_alloc(guest, n * 2, 2);
    for (uint32_t i = 0; i < n; i++)
        component_store_u16(guest->memory.base + ptr + 2 * i, (uint16_t)(id + i));
    component_store_u32(guest->memory.base + at, ptr);
    component_store_u32(guest->memory.base + at + 4, n);
}

static void check_list(const struct fake_guest *guest, uint32_t at, uint64_t id)
{
    uint32_t n = 1 + (uint32_t)id % 4, ptr = component_load_u32(guest->memory.base + at);
    CHECK_INT(component_load_u32(guest->memory.base + at + 4), n);
    CHECK(ptr + 2 * n <= guest->memory.len);
    for (uint32_t i = 0; i < n; i++)
        CHECK_INT(component_load_u16(guest->memory.base + ptr + 2 * i), (uint16_t)(id + i));
}

void stream_value_put(struct fake_guest *guest, enum component_encoding encoding, int kind, uint32_t at,
                      const struct model_value *value)
{
    uint8_t *p = guest->memory.base + at;
    switch (kind) {
    case NONE:
        return;
    case U8:
        *p = (uint8_t)value->id;
        return;
    case U32:
        component_store_u32(p, (uint32_t)value->id);
        return;
    case STRING:
        put_text(guest, encoding, at, value->id);
        return;
    case LIST:
        put_list(guest, at, value->id);
        return;
    case TUPLE:
        p[0] = (uint8_t)(value->id & 2); /* a bool that is not 1 */
        p[12] = (uint8_t)value->id;
        put_text(guest, encoding, at + 4, value->id);
        return;
    default:
        component_store_u32(p, value->handle);
    }
}

void stream_value_check(struct component_store *store, struct fake_guest *guest,
                        enum component_encoding encoding, const struct model_copy *copy, uint32_t at)
{
    const uint8_t *p = guest->memory.base + at;
    struct component_handles *table = &store->instances[copy->instance + 1].handles;
    char text[16];
    switch (copy->kind) {
    case NONE:
        return;
    case U8:
        CHECK_INT(*p, copy->id);
        return;
    case U32:
        CHECK_INT(component_load_u32(p), copy->id);
        return;
    case STRING:
        check_text(guest, encoding, at, copy->id);
        return;
    case LIST:
        check_list(guest, at, copy->id);
        return;
    case TUPLE:
        CHECK_INT(p[0], (copy->id & 2) != 0);
        CHECK_INT(p[12], copy->id & 0xff);
        check_text(guest, encoding, at + 4, copy->id);
        return;
    default:
        break;
    }
    const struct component_handle *handle = component_handles_get(table, component_load_u32(p));
    CHECK_INT(component_load_u32(p), copy->handle);
    CHECK(handle != NULL);
    if (copy->kind == OWN)
        CHECK_INT((uintptr_t)handle->object, copy->id);
    if (copy->kind == CONTEXT) {
        (void)text_of(copy->id, text);
        CHECK_STR(component__error_context_text(handle->error_context), text);
    }
}

void stream_value_make(int kind, uint64_t id, struct component_value *ret)
{
    static char text[16];
    static uint64_t object;
    static struct component_value items[5];
    ret->u64 = stream_value_id(kind, id);
    if (kind == STRING || kind == CONTEXT)
        ret->text = sw_str(text, text_of(id, text));
    if (kind == LIST) {
        for (uint32_t i = 0; i < 1 + id % 4; i++)
            items[i].u64 = (uint16_t)(id + i);
        ret->list.items = items;
        ret->list.count = 1 + id % 4;
    }
    if (kind == TUPLE) {
        items[0].u64 = (id & 2) != 0;
        items[1].text = sw_str(text, text_of(id, text));
        items[2].u64 = id & 0xff;
        ret->list.items = items;
        ret->list.count = 3;
    }
    if (kind == OWN) {
        object = id;
        ret->object = (void *)(uintptr_t)object;
    }
}

static uint64_t number_of(struct sw_str text)
{
    char copy[16] = "";
    CHECK(text.n > 1 && text.n < sizeof copy && text.p[0] == 'v');
    memcpy(copy, text.p + 1, text.n - 1);
    return strtoull(copy, NULL, 10);
}

uint64_t stream_value_read(int kind, const struct component_value *value)
{
    switch (kind) {
    case NONE:
        return 0;
    case STRING:
    case CONTEXT:
        return number_of(value->text);
    case LIST:
        return value->list.items[0].u64;
    case TUPLE:
        CHECK_INT(value->list.items[2].u64, number_of(value->list.items[1].text) & 0xff);
        return number_of(value->list.items[1].text);
    case OWN:
        return (uintptr_t)value->object;
    default:
        return value->u64;
    }
}
