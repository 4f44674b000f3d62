/* seeds.c - reading data/, and a host of a few interfaces. */
#include "seeds.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "check.h"
#include "component/decode.h"

#define SEED_BYTES_MAX (1u << 20)

static int nothing(struct component_call *call, union engine_val *vals)
{
    (void)call;
    (void)vals;
    return 0;
}

static const struct component_host_func log_funcs[] = {
    {"put", "func(text: string) -> result<u32, string>", nothing, NULL},
    {"now", "func() -> u64", nothing, NULL},
};
static const struct component_host_func store_funcs[] = {
    {"[constructor]bucket", "func(name: string) -> own<test:host/store/bucket>", nothing, NULL},
    {"[method]bucket.get", "func(self: borrow<test:host/store/bucket>, key: string) -> option<list<u8>>",
     nothing, NULL},
};
static const struct component_host_func move_funcs[] = {
    {"move", "func(b: own<test:host/store/bucket>) -> tuple<own<test:host/store/bucket>, u8>", nothing, NULL},
};
static const struct component_host_func plain_funcs[] = {{"f", "func()", nothing, NULL}};
static const struct component_host_func world_funcs[] = {
    {"hello", "func(a: u32) -> u32", nothing, NULL},
    {"kinds",
     "func(bits: flags{a, b, c}, list: list<list<string>>, four: list<f32, 4>, choice: "
     "option<tuple<char, "
     "s64>>, done: result, "
     "half: result<_, u16>, chars: future<string>, bytes: stream<u8>, none: stream, x: error-context) -> "
     "bool",
     nothing, NULL},
};
static const struct component_host_resource store_resources[] = {{"bucket", 7, NULL}};

static const struct component_host_interface interfaces[] = {
    {"test:host/log", "1.4.2", log_funcs, 2, NULL, 0},
    {"test:host/store", "0.2.5", store_funcs, 2, store_resources, 1},
    {"test:host/move", "1.0.0", move_funcs, 1, NULL, 0},
    {"test:host/pre", "2.0.0-rc.1", plain_funcs, 1, NULL, 0},
    {"test:host/tiny", "0.0.1", plain_funcs, 1, NULL, 0},
    {"test:host/bare", "", plain_funcs, 1, NULL, 0},
    {"", "", world_funcs, 2, NULL, 0},
};
#define INTERFACE_COUNT (sizeof interfaces / sizeof *interfaces)
static const struct component_host_interface *const pointers[INTERFACE_COUNT] = {
    &interfaces[0], &interfaces[1], &interfaces[2], &interfaces[3],
    &interfaces[4], &interfaces[5], &interfaces[6],
};
static const char *const absent[] = {"gone:"};
/* At 0.2.0-beta of test:host, the store's `get` was called otherwise, `bucket` and `now` were elsewhere. */
static const struct component_host_moved moved[] = {
    {"test:host/store", "[method]bucket.fetch", &interfaces[1], "[method]bucket.get"},
    {"test:host/time", "pail", &interfaces[1], "bucket"},
    {"test:host/time", "now", &interfaces[0], "now"},
};
static const struct component_host_older older[] = {
    {"0.2.0-beta", moved, sizeof moved / sizeof *moved, NULL}};
const struct component_host seed_host = {.interfaces = pointers,
                                         .interface_count = INTERFACE_COUNT,
                                         .absent = absent,
                                         .absent_count = 1,
                                         .older = older,
                                         .older_count = 1};

void seed_read(const char *name, struct sw_buf *ret)
{
    struct sw_err err = {0};
    char path[512];
    const char *root = getenv("SW_SOURCE_DIR");
    (void)snprintf(path, sizeof path, "%s/tests/unit/component/data/%s", root ? root : ".",
                   name); /* a cut path is not found */
    sw_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        print_error("cannot open '%s'\n", path);
    CHECK(fd >= 0);
    *ret = SW_BUF(SEED_BYTES_MAX);
    CHECK_OK(sw_buf_read_fd(ret, fd, &err), &err);
}

int seed_link(struct sw_str bytes, struct seed *ret, struct sw_err *err)
{
    *ret = (struct seed){NULL, NULL};
    int rc = component__decode(bytes, &ret->binary, err); /* unvalidated: linking has to be safe by itself */
    if (rc == 0)
        rc = component_link(ret->binary, &seed_host, &ret->plan, err);
    if (rc < 0)
        seed_free(ret);
    return rc;
}

void seed_free(struct seed *seed)
{
    component_plan_free(seed->plan);
    component_binary_free(seed->binary);
    *seed = (struct seed){NULL, NULL};
}

static struct sw_str take_part(struct sw_str *rest)
{
    uint32_t n = 0;
    CHECK(rest->n >= sizeof n);
    memcpy(&n, rest->p, sizeof n);
    CHECK(rest->n - sizeof n >= n);
    struct sw_str part = sw_str(rest->p + sizeof n, n);
    *rest = sw_str_from(*rest, sizeof n + n);
    return part;
}

bool seed_next(struct sw_str *rest, struct sw_str *ret_text, struct sw_str *ret_component)
{
    if (!rest->n)
        return false;
    *ret_text = take_part(rest);
    *ret_component = take_part(rest);
    return true;
}
