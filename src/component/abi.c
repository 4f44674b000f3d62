/* abi.c - the checked primitives of host.h: memory, strings, lists.  Room: component.
 *
 * The order of checks is the specification's (CanonicalABI.md "Loading", "Storing"): size limit, alignment, range, content. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "component/run_internal.h"

static const struct component_canon *canon_of(const struct component_call *call)
{
    return (const struct component_canon *)(const void *)call->lowering; /* `plan` is its first member */
}

int component__call_begin(struct component_call *call, struct component_store *store,
                          const struct component_canon *canon)
{
    call->store = store;
    call->instance = &store->instances[canon->plan.instance];
    call->lowering = &canon->plan;
    call->mem = NULL;
    call->mem_len = 0;
    call->lifted = 0;
    call->lent_count = 0;
    call->lent_more = NULL;
    return canon->memory == COMPONENT_NONE ? 0 : component__memory_refresh(call);
}

int component__memory_refresh(struct component_call *call)
{
    const struct component_canon *canon = canon_of(call);
    struct engine_memory memory;
    if (canon->memory == COMPONENT_NONE)
        return 0;
    int rc = component__memory(call->store, canon->memory, &memory);
    if (rc < 0)
        return rc;
    call->mem = engine_memory_view(memory, &call->mem_len);
    return 0;
}

/* ---- context ---- */

void *component_call_owner(const struct component_call *call)
{
    return call->store->owner;
}

uint32_t component_call_principal(const struct component_call *call)
{
    return call->lowering->callee.principal;
}

struct sw_arena *component_call_arena(const struct component_call *call)
{
    return &call->store->arena;
}

struct sw_arena *component_call_scratch(const struct component_call *call)
{
    return &call->store->scratch[call->store->depth];
}

struct engine_store *component_call_engine(const struct component_call *call)
{
    return call->store->engine;
}

/* In parentheses: tools/tidy.h. */
int(component_trap)(struct component_call *call, const char *fmt, ...)
{
    char text[200];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n < 0)
        text[0] = '\0';
    const struct component_func *callee = &call->lowering->callee;
    if (callee->kind == COMPONENT_FUNC_HOST && callee->host)
        return component__fail(call->store, "%s (in a call of %s %s)", text,
                               callee->host_interface ? callee->host_interface : "", callee->host->name);
    return component__fail(call->store, "%s", text);
}

int component__no_memory(struct component_call *call, size_t bytes)
{
    return component_trap(
        call, "no room for %zu bytes of values: out of memory or over the limit of one call", bytes);
}

/* ---- memory ---- */

int component_mem_range(struct component_call *call, uint32_t ptr, uint64_t len, uint32_t align,
                        uint8_t **ret)
{
    if (ptr & (align - 1))
        return component_trap(call, "unaligned pointer 0x%x, not a multiple of %u", ptr, align);
    if (ptr > call->mem_len || len > call->mem_len - ptr)
        return component_trap(call, "0x%x + %llu is out of bounds of memory of %llu bytes", ptr,
                              (unsigned long long)len, (unsigned long long)call->mem_len);
    *ret = call->mem ? call->mem + ptr : NULL;
    return 0;
}

/* Guest memory that is about to be read, out of what one call may give. bytes: checked, so small. */
static int charge(struct component_call *call, uint64_t bytes)
{
    call->lifted += bytes;
    if (call->lifted > COMPONENT_LIFT_BYTES_MAX)
        return component_trap(call, "strings and lists of one call are over the limit of %u bytes together",
                              COMPONENT_LIFT_BYTES_MAX);
    return 0;
}

int component_lift_list(struct component_call *call, uint32_t ptr, uint32_t count, uint32_t elem_size,
                        uint32_t align, uint8_t **ret)
{
    uint64_t bytes = (uint64_t)count * elem_size; /* 32 x 32 bits: no overflow */
    if (bytes > COMPONENT_LIST_BYTES_MAX)
        return component_trap(call, "list of %llu bytes is over the limit of %u", (unsigned long long)bytes,
                              COMPONENT_LIST_BYTES_MAX);
    if (ptr & (align - 1))
        return component_trap(call, "unaligned pointer 0x%x of a list, not a multiple of %u", ptr, align);
    if (ptr > call->mem_len || bytes > call->mem_len - ptr)
        return component_trap(call, "list content out-of-bounds: 0x%x + %llu in memory of %llu bytes", ptr,
                              (unsigned long long)bytes, (unsigned long long)call->mem_len);
    *ret = call->mem ? call->mem + ptr : NULL;
    return charge(call, bytes);
}

int component__lift_text(struct component_call *call, uint32_t ptr, uint32_t tagged_units,
                         struct component_text *ret)
{
    enum component_encoding option = call->lowering->options.encoding;
    struct component_text text = component_text_of(option, tagged_units);
    uint64_t bytes = component_text_bytes(&text);
    if (bytes > COMPONENT_STRING_BYTES_MAX)
        return component_trap(call, "string of %llu bytes is over the limit of %u", (unsigned long long)bytes,
                              COMPONENT_STRING_BYTES_MAX);
    if (option != COMPONENT_UTF8 && (ptr & 1))
        return component_trap(call, "unaligned pointer 0x%x of a string, not a multiple of 2", ptr);
    if (ptr > call->mem_len || bytes > call->mem_len - ptr)
        return component_trap(
            call, "string content out-of-bounds: string pointer/length out of bounds of memory, 0x%x + %llu",
            ptr, (unsigned long long)bytes);
    text.p = call->mem ? call->mem + ptr : NULL;
    int rc = charge(call, bytes);
    if (rc < 0)
        return rc;
    if (!component_text_valid(&text))
        return component_trap(call, text.encoding == COMPONENT_TEXT_UTF8 ? "string is invalid utf-8"
                                                                         : "string is invalid utf-16");
    *ret = text;
    return 0;
}

int component_lift_string(struct component_call *call, uint32_t ptr, uint32_t tagged_len, struct sw_str *ret)
{
    struct component_text text;
    int rc = component__lift_text(call, ptr, tagged_len, &text);
    if (rc < 0)
        return rc;
    if (text.encoding == COMPONENT_TEXT_UTF8) {
        *ret = sw_str((const char *)text.p, text.units);
        return 0;
    }
    size_t cap = (size_t)text.units * (text.encoding == COMPONENT_TEXT_UTF16 ? 3 : 2);
    uint8_t *out = sw_arena_try(component_call_scratch(call), cap, 1);
    if (!out)
        return component__no_memory(call, cap);
    *ret = sw_str((const char *)out, component_text_to_utf8(&text, 0, out, cap));
    return 0;
}

int component_lift_char(struct component_call *call, uint32_t value, uint32_t *ret)
{
    if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return component_trap(call, "invalid `char` bit pattern 0x%x", value);
    *ret = value;
    return 0;
}

int component_lift_discriminant(struct component_call *call, uint32_t value, uint32_t case_count)
{
    if (value >= case_count)
        return component_trap(call, "invalid variant discriminant %u, there are %u cases", value, case_count);
    return 0;
}

int component__realloc(struct component_call *call, const uint32_t old[2], uint64_t size, uint32_t align,
                       uint32_t *ret_ptr)
{
    const struct component_canon *canon = canon_of(call);
    if (!canon->has_realloc)
        return component_trap(call, "memory is needed but there is no realloc option");
    if (size > UINT32_MAX)
        return component_trap(call, "%llu bytes are too many for realloc", (unsigned long long)size);
    assert(call->instance->may_leave);
    union engine_val vals[4];
    vals[0].u64 = old[0];
    vals[1].u64 = old[1];
    vals[2].u64 = align;
    vals[3].u64 = size;
    struct component_store *store = call->store;
    uint64_t kept[2];
    if (store->scheduler)
        component__context_swap(store, kept, true);
    int rc = component__call_staying(store, call->instance->index, canon->realloc, vals, 4);
    if (rc == 0 && store->scheduler)
        component__context_swap(store, kept, false);
    if (rc == 0)
        rc = component__memory_refresh(call);
    if (rc < 0)
        return rc;
    uint32_t ptr = vals[0].u32;
    if (ptr & (align - 1))
        return component_trap(
            call, "realloc return: result not aligned, unaligned pointer 0x%x is not a multiple of %u", ptr,
            align);
    if (ptr > call->mem_len || size > call->mem_len - ptr)
        return component_trap(call, "realloc return: beyond end of memory, 0x%x + %llu", ptr,
                              (unsigned long long)size);
    *ret_ptr = ptr;
    return 0;
}

int component_lower_alloc(struct component_call *call, uint64_t size, uint32_t align, uint32_t *ret_ptr)
{
    return component__realloc(call, (const uint32_t[2]){0, 0}, size, align, ret_ptr);
}

int component_lower_bytes(struct component_call *call, struct sw_str bytes, uint32_t *ret_ptr,
                          uint32_t *ret_count)
{
    uint32_t ptr;
    if (bytes.n > COMPONENT_LIST_BYTES_MAX)
        return component_trap(call, "list of %zu bytes is over the limit of %u", bytes.n,
                              COMPONENT_LIST_BYTES_MAX);
    int rc = component_lower_alloc(call, bytes.n, 1, &ptr);
    if (rc < 0)
        return rc;
    if (bytes.n)
        memcpy(call->mem + ptr, bytes.p, bytes.n);
    *ret_ptr = ptr;
    *ret_count = (uint32_t)bytes.n;
    return 0;
}

int component_lower_string(struct component_call *call, struct sw_str text, uint32_t *ret_ptr,
                           uint32_t *ret_len)
{
    if (text.n > COMPONENT_STRING_BYTES_MAX)
        return component_trap(call, "string of %zu bytes is over the limit of %u", text.n,
                              COMPONENT_STRING_BYTES_MAX);
    if (!sw_utf8_valid(text))
        return component_trap(call, "the host gave a string that is not UTF-8");
    struct component_text source = {(const uint8_t *)text.p, (uint32_t)text.n, COMPONENT_TEXT_UTF8, false};
    return component__lower_text(call, &source, ret_ptr, ret_len);
}
