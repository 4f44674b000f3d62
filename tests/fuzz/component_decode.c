/* component_decode.c - any bytes are decoded, validated and linked against a small host: no crash, no leak, no time without end.
 *
 * What validation refuses is linked all the same: neither relies on the other. */
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "component/component.h"
#include "component/decode.h"
#include "component/plan_print.h"
#include "component/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int nothing(struct component_call *call, union engine_val *vals)
{
    (void)call;
    (void)vals;
    return 0;
}

static const struct component_host_func funcs[] = {
    {"put", "func(text: string) -> result<u32, string>", nothing, NULL},
    {"now", "func() -> u64", nothing, NULL},
    {"[constructor]bucket", "func(name: string) -> own<test:host/store/bucket>", nothing, NULL},
    {"[method]bucket.get", "func(self: borrow<test:host/store/bucket>, key: string) -> option<list<u8>>",
     nothing, NULL},
    {"hello", "func(a: u32) -> u32", nothing, NULL},
};
static const struct component_host_resource resources[] = {{"bucket", 7, NULL}};
static const struct component_host_interface interfaces[] = {
    {"test:host/log", "1.4.2", funcs, 5, NULL, 0},
    {"test:host/store", "0.2.5", funcs, 5, resources, 1},
    {"", "", funcs, 5, resources, 1},
};
static const struct component_host_interface *const pointers[] = {&interfaces[0], &interfaces[1],
                                                                  &interfaces[2]};
static const struct component_host host = {.interfaces = pointers, .interface_count = 3};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_err err = {0};
    struct component_binary *binary = NULL;
    struct component_plan *plan = NULL;
    sw_auto_buf text = SW_BUF(1u << 22);
    if (component__decode(sw_str((const char *)data, size), &binary, &err) < 0)
        return 0;
    (void)!component__validate(binary, &err); /* either way */
    if (component_link(binary, &host, &plan, &err) == 0)
        (void)!component_plan_print(plan, &text, &err); /* it may be too long */
    component_plan_free(plan);
    component_binary_free(binary);
    return 0;
}
