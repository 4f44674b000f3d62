/* p3_random.c - wasi:random@0.3: the same functions by other names.  Room: host. */
#include "host/bindings/random_insecure.h"
#include "host/bindings/random_insecure_seed.h"
#include "host/bindings/random_random.h"
#include "host/bindings3/p3_random_insecure.h"
#include "host/bindings3/p3_random_insecure_seed.h"
#include "host/bindings3/p3_random_random.h"

int host_p3_random_random_get_random_bytes(struct component_call *call, uint64_t max_len, struct sw_str *ret)
{
    return host_random_random_get_random_bytes(call, max_len, ret);
}

int host_p3_random_random_get_random_u64(struct component_call *call, uint64_t *ret)
{
    return host_random_random_get_random_u64(call, ret);
}

int host_p3_random_insecure_get_insecure_random_bytes(struct component_call *call, uint64_t max_len,
                                                      struct sw_str *ret)
{
    return host_random_insecure_get_insecure_random_bytes(call, max_len, ret);
}

int host_p3_random_insecure_get_insecure_random_u64(struct component_call *call, uint64_t *ret)
{
    return host_random_insecure_get_insecure_random_u64(call, ret);
}

int host_p3_random_insecure_seed_get_insecure_seed(struct component_call *call,
                                                   struct host_tuple_u64_u64 *ret)
{
    return host_random_insecure_seed_insecure_seed(call, ret);
}
