/* fake_call.c - the primitives of component/host.h over plain memory.  Room: wit (tests). */
#include "fake_call.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

struct fake fake;

void fake_reset(void)
{
    fake_end();
    memset(&fake, 0, sizeof fake);
    fake.memory = calloc(1, FAKE_MEM);
    assert(fake.memory);
    fake.call.mem = fake.memory;
    fake.call.mem_len = FAKE_MEM;
    fake.heap = FAKE_HEAP;
    fake.scratch = SW_ARENA(1 << 16);
    fake.allocs_left = -1;
}

void fake_end(void)
{
    free(fake.memory);
    fake.memory = NULL;
    sw_arena_deinit(&fake.scratch);
}

uint32_t fake_handle(uint32_t kind, void *object)
{
    for (uint32_t i = 1; i < FAKE_HANDLES; i++) {
        if (fake.handles[i].kind)
            continue;
        fake.handles[i] = (struct fake_handle){kind, object};
        return i;
    }
    assert(false && "a free handle");
    return 0;
}

uint32_t fake_handle_count(void)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < FAKE_HANDLES; i++)
        n += fake.handles[i].kind != 0;
    return n;
}

void fake_put(uint32_t at, const void *bytes, size_t n)
{
    assert(at + n <= FAKE_MEM);
    memcpy(fake.memory + at, bytes, n);
}

int fake_run(const struct component_host_interface *interface, const char *name, union engine_val *vals)
{
    fake.trap[0] = '\0';
    for (uint32_t i = 0; i < interface->func_count; i++)
        if (strcmp(interface->funcs[i].name, name) == 0)
            return interface->funcs[i].fn(&fake.call, vals);
    assert(false && "a function of that name");
    return -SW_EBUG;
}

/* ---- what generated code calls ---- */

void *component_call_owner(const struct component_call *call)
{
    (void)call;
    return &fake;
}

struct sw_arena *component_call_arena(const struct component_call *call)
{
    (void)call;
    return &fake.scratch;
}

struct sw_arena *component_call_scratch(const struct component_call *call)
{
    (void)call;
    return &fake.scratch;
}

int component_trap(struct component_call *call, const char *fmt, ...)
{
    (void)call;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(fake.trap, sizeof fake.trap, fmt, args); /* cut when longer */
    va_end(args);
    return -SW_EGUEST;
}

int component_mem_range(struct component_call *call, uint32_t ptr, uint64_t len, uint32_t align,
                        uint8_t **ret)
{
    if (ptr % align || ptr > call->mem_len || len > call->mem_len - ptr)
        return component_trap(call, "range %u+%llu align %u", ptr, (unsigned long long)len, align);
    *ret = call->mem + ptr;
    return 0;
}

int component_lift_string(struct component_call *call, uint32_t ptr, uint32_t tagged_len, struct sw_str *ret)
{
    uint8_t *p = NULL;
    int rc = component_mem_range(call, ptr, tagged_len, 1, &p);
    if (rc < 0)
        return rc;
    *ret = sw_str((const char *)p, tagged_len);
    return sw_utf8_valid(*ret) ? 0 : component_trap(call, "not UTF-8");
}

int component_lift_list(struct component_call *call, uint32_t ptr, uint32_t count, uint32_t elem_size,
                        uint32_t align, uint8_t **ret)
{
    return component_mem_range(call, ptr, (uint64_t)count * elem_size, align, ret);
}

int component_lift_char(struct component_call *call, uint32_t value, uint32_t *ret)
{
    if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return component_trap(call, "char %u", value);
    *ret = value;
    return 0;
}

int component_lift_discriminant(struct component_call *call, uint32_t value, uint32_t case_count)
{
    return value < case_count ? 0 : component_trap(call, "case %u of %u", value, case_count);
}

int component_lower_alloc(struct component_call *call, uint64_t size, uint32_t align, uint32_t *ret_ptr)
{
    if (fake.allocs_left == 0)
        return component_trap(call, "realloc");
    fake.allocs_left -= fake.allocs_left > 0;
    uint32_t at = (fake.heap + align - 1) / align * align;
    if (at + size > FAKE_MEM)
        return component_trap(call, "heap");
    fake.heap = at + (uint32_t)size;
    *ret_ptr = at;
    if (size == 0)
        return 0;
    uint8_t *moved = malloc(FAKE_MEM);
    assert(moved);
    memcpy(moved, fake.memory, FAKE_MEM);
    free(fake.memory);
    fake.memory = moved;
    call->mem = moved;
    return 0;
}

int component_lower_bytes(struct component_call *call, struct sw_str bytes, uint32_t *ret_ptr,
                          uint32_t *ret_count)
{
    int rc = component_lower_alloc(call, bytes.n, 1, ret_ptr);
    if (rc < 0)
        return rc;
    if (bytes.n)
        memcpy(call->mem + *ret_ptr, bytes.p, bytes.n);
    *ret_count = (uint32_t)bytes.n;
    return 0;
}

int component_lower_string(struct component_call *call, struct sw_str text, uint32_t *ret_ptr,
                           uint32_t *ret_len)
{
    return component_lower_bytes(call, text, ret_ptr, ret_len);
}

int component_handle_new(struct component_call *call, uint32_t kind, void *object, uint32_t *ret_handle)
{
    if (!object)
        return component_trap(call, "no object");
    *ret_handle = fake_handle(kind, object);
    return 0;
}

int component_handle_get(struct component_call *call, uint32_t handle, uint32_t kind, void **ret_object)
{
    if (handle >= FAKE_HANDLES || !kind || fake.handles[handle].kind != kind)
        return component_trap(call, "handle %u", handle);
    *ret_object = fake.handles[handle].object;
    return 0;
}

int component_handle_take(struct component_call *call, uint32_t handle, uint32_t kind, void **ret_object)
{
    int rc = component_handle_get(call, handle, kind, ret_object);
    if (rc == 0)
        fake.handles[handle].kind = 0;
    return rc;
}
