/* adapt.c - any bytes as a core module of an older SDK: no crash, and what it becomes is a valid component that the linker takes or refuses. */
#include "host/adapt.h"

#include <assert.h>

#include "component/component.h"
#include "host/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX (8u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sw_auto_buf out = SW_BUF(OUT_MAX);
    struct sw_err err;
    struct component_binary *binary = NULL;
    struct component_plan *plan = NULL;
    int rc = host_adapt(sw_str((const char *)data, size), &out, &err);
    if (rc != 0) {
        assert(rc > 0 || err.code == SW_EINPUT || err.code == SW_ELIMIT);
        return 0;
    }
    rc = component_decode(sw_buf_str(&out), &binary, &err);
    assert(rc == 0 || err.code == SW_ELIMIT);
    if (rc == 0)
        rc = component_link(binary, host_interfaces(), &plan, &err);
    assert(rc == 0 || err.code == SW_EINPUT || err.code == SW_ELIMIT);
    component_plan_free(plan);
    component_binary_free(binary);
    return 0;
}
