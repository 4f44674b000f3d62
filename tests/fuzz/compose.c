/* compose.c - any two components are linked, one as the dependency of the other: no crash, no leak, no time without end.
 *
 * Input: u32 length of the component, the component, u8 length of the key, the key, the dependency. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "component/component.h"
#include "component/decode.h"
#include "component/plan_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int nothing(struct component_call *call, union engine_val *vals)
{
    (void)call;
    (void)vals;
    return 0;
}

static const struct component_host_func funcs[] = {
    {"note", "func(n: u32)", nothing, NULL},
    {"who", "func() -> u32", nothing, NULL},
    {"[constructor]thing", "func(name: string) -> own<test:host/api/thing>", nothing, NULL},
    {"[method]thing.name", "func(self: borrow<test:host/api/thing>) -> string", nothing, NULL},
};
static const struct component_host_resource resources[] = {{"thing", 7, NULL}};
static const struct component_host_interface interface = {"test:host/api", "1.0.0", funcs, 4, resources, 1};
static const struct component_host_interface *const pointers[] = {&interface};
static const struct component_host host = {.interfaces = pointers, .interface_count = 1};

/* Unvalidated: linking has to be safe by itself. */
static int decode_part(const uint8_t *data, size_t size, struct component_binary **ret)
{
    struct sw_err err = {0};
    return component__decode(sw_str((const char *)data, size), ret, &err);
}

static void link_both(struct component_binary *binary, const struct component_dependency *dependency)
{
    struct sw_err err = {0};
    struct component_plan *plan = NULL;
    sw_auto_buf text = SW_BUF(1u << 22);
    /* Twice the same is always a conflict or no match. */
    const struct component_dependency twice[] = {*dependency, *dependency};
    if (component_link_composed(binary, (struct component_dependencies){twice, 2}, &host, &plan, &err) >= 0)
        __builtin_trap();
    if (component_link_composed(binary, (struct component_dependencies){dependency, 1}, &host, &plan, &err) ==
        0)
        (void)!component_plan_print(plan, &text, &err); /* it may be too long */
    component_plan_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t n = 0;
    if (size < sizeof n + 1)
        return 0;
    memcpy(&n, data, sizeof n);
    data += sizeof n;
    size -= sizeof n;
    if (n >= size || data[n] > size - n - 1)
        return 0;
    struct component_binary *binary = NULL, *other = NULL;
    struct sw_str key = sw_str((const char *)data + n + 1, data[n]);
    const uint8_t *rest = data + n + 1 + key.n;
    if (decode_part(data, n, &binary) == 0 && decode_part(rest, size - (size_t)(rest - data), &other) == 0) {
        const struct component_dependency dependency = {.name = key, .binary = other};
        link_both(binary, &dependency);
    }
    component_binary_free(binary);
    component_binary_free(other);
    return 0;
}
