/* random.c - wasi:random: the kernel's generator behind all three interfaces.  Room: host.
 *
 * The insecure ones give the same bytes as the secure one: a generator of our own would save one short system call in guests that rarely ask,
 * and its state would have to be kept apart between requests. */
#include <errno.h>
#include <sys/random.h>

#include "engine/engine.h"
#include "host/bindings/random_insecure.h"
#include "host/bindings/random_insecure_seed.h"
#include "host/bindings/random_random.h"
#include "host/host_internal.h"
#include "host/limits.h"

static int fill(struct component_call *call, void *bytes, size_t n)
{
    char *at = bytes;
    while (n) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return host_trap(call, "the system has no random bytes: %s", strerror(errno));
        at += got;
        n -= (size_t)got;
    }
    return 0;
}

static int bytes_get(struct component_call *call, uint64_t len, struct sw_str *ret)
{
    if (len > HOST_RANDOM_BYTES_MAX)
        return host_trap(call, "%llu random bytes at once are over the limit of %u", (unsigned long long)len,
                         HOST_RANDOM_BYTES_MAX);
    char *bytes = host_scratch(call, (size_t)len, 1);
    if (!bytes)
        return -SW_EGUEST;
    *ret = sw_str(bytes, (size_t)len);
    return fill(call, bytes, (size_t)len);
}

int host_random_random_get_random_bytes(struct component_call *call, uint64_t len, struct sw_str *ret)
{
    return bytes_get(call, len, ret);
}

int host_random_random_get_random_u64(struct component_call *call, uint64_t *ret)
{
    return fill(call, ret, sizeof *ret);
}

int host_random_insecure_get_insecure_random_bytes(struct component_call *call, uint64_t len,
                                                   struct sw_str *ret)
{
    return bytes_get(call, len, ret);
}

int host_random_insecure_get_insecure_random_u64(struct component_call *call, uint64_t *ret)
{
    return fill(call, ret, sizeof *ret);
}

int host_random_insecure_seed_insecure_seed(struct component_call *call, struct host_tuple_u64_u64 *ret)
{
    struct host *host = host_of(call);
    int rc = host->has_seed ? 0 : fill(call, host->seed, sizeof host->seed);
    host->has_seed = rc == 0;
    *ret = (struct host_tuple_u64_u64){host->seed[0], host->seed[1]};
    return rc;
}
