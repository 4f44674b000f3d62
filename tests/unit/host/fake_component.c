/* fake_component.c - component_* and engine_* for unit tests of the host: one call, no guest.  Tests: host. */
#include <stdio.h>

#include "base/alloc.h"
#include "check.h"
#include "component/stream.h"
#include "fake.h"
#include "loop/loop.h"

static struct fake *of_store(const struct engine_store *store)
{
    return (struct fake *)(uintptr_t)store;
}

static struct fake *of_call(const struct component_call *call)
{
    return (struct fake *)(uintptr_t)call->store;
}

void *component_call_owner(const struct component_call *call)
{
    return of_call(call)->host;
}

uint32_t component_call_principal(const struct component_call *call)
{
    return ((const struct fake *)call->store)->principal;
}

struct sw_arena *component_call_arena(const struct component_call *call)
{
    return &of_call(call)->arena;
}

struct engine_store *component_call_engine(const struct component_call *call)
{
    return (struct engine_store *)of_call(call);
}

int engine_store_fail(struct engine_store *store, enum engine_trap kind, const char *fmt, ...)
{
    struct engine_failure *failure = &of_store(store)->failure;
    if (failure->kind == ENGINE_TRAP_NONE) {
        va_list args;
        va_start(args, fmt);
        failure->kind = kind;
        (void)vsnprintf(failure->text, sizeof failure->text, fmt, args);
        va_end(args);
    }
    return -SW_EGUEST;
}

struct engine_call *engine_store_call(struct engine_store *store)
{
    return (struct engine_call *)store;
}

void engine_call_wake(struct engine_call *call)
{
    struct fake *fake = (struct fake *)call;
    fake->woken = true;
    if (fake->loop)
        loop_stop(fake->loop);
}

int engine_park_wait(struct engine_store *store, struct sw_err *err)
{
    struct fake *fake = of_store(store);
    fake->parks++;
    CHECK(fake->parks < 10000); /* a wait that nobody ends */
    if (fake->park)
        fake->park(fake);
    else
        CHECK_OK(loop_run(fake->loop, err), err);
    if (fake->cancelled)
        return sw_fail(err, SW_ECANCELLED, "cancelled");
    CHECK(fake->woken);
    fake->woken = false;
    return 0;
}

static void output(void *arg, bool is_stderr, struct sw_str line)
{
    struct fake *fake = arg;
    struct sw_err err;
    CHECK_OK(sw_buf_printf(&fake->output, &err, "%d:" SW_FMT "\n", is_stderr ? 2 : 1, SW_ARG(line)), &err);
}

void fake_init(struct fake *fake)
{
    struct sw_err err;
    *fake = (struct fake){.arena = SW_ARENA(1u << 20), .output = SW_BUF(1u << 20)};
    fake->call.store = (struct component_store *)fake;
    fake->grants = (struct host_grants){.output = output, .output_arg = fake};
    CHECK_OK(loop_new(&fake->loop, &err), &err);
    CHECK_OK(host_new(fake->loop, &fake->grants, &fake->host, &err), &err);
}

void fake_deinit(struct fake *fake)
{
    if (fake->failure.kind != ENGINE_TRAP_NONE)
        print_error("an unexpected trap: %s\n", fake->failure.text);
    CHECK_INT(fake->failure.kind, ENGINE_TRAP_NONE);
    CHECK_INT(fake->host->objects.live, 0);
    CHECK_INT(fake->host->body_bytes, 0);
    host_free(fake->host);
    loop_free(fake->loop);
    sw_arena_deinit(&fake->arena);
    sw_buf_deinit(&fake->output);
    host_spare_free();
}

void fake_trapped(struct fake *fake, int rc, const char *part)
{
    CHECK_INT(rc, -SW_EGUEST);
    CHECK_HAS(fake->failure.text, part);
    fake->failure = (struct engine_failure){0};
}

struct fake_request fake_begin(struct fake *fake, struct http_exchange *exchange)
{
    struct fake_request ret;
    struct sw_err err;
    void *request, *outparam;
    const struct host_http_request http = {.exchange = exchange};
    CHECK_OK(host_http_begin(fake->host, &http, &request, &outparam, &err), &err);
    ret.request = request;
    ret.outparam = outparam;
    return ret;
}

enum host_http_outcome fake_end(struct fake *fake)
{
    uint16_t status;
    return host_http_end(fake->host, &status);
}

/* ---- streams: no test here has any; WASI 0.3 is tested with guests ---- */

static int no_streams(void)
{
    fail_msg("a test without streams asked for one");
    return -SW_EBUG;
}

uint32_t component_call_param_type(const struct component_call *call, uint32_t i)
{
    (void)call, (void)i;
    return (uint32_t)no_streams();
}

uint32_t component_call_result_type(const struct component_call *call)
{
    (void)call;
    return (uint32_t)no_streams();
}

uint32_t component_call_part_type(const struct component_call *call, uint32_t type, uint32_t i)
{
    (void)call, (void)type, (void)i;
    return (uint32_t)no_streams();
}

int component_stream_new(struct component_call *call, uint32_t type, const struct component_stream_ops *ops,
                         void *arg, uint32_t *ret_handle, struct component_end **ret)
{
    (void)call, (void)type, (void)ops, (void)arg, (void)ret_handle, (void)ret;
    return no_streams();
}

int component_stream_take(struct component_call *call, uint32_t handle, uint32_t type,
                          const struct component_stream_ops *ops, void *arg, struct component_end **ret)
{
    (void)call, (void)handle, (void)type, (void)ops, (void)arg, (void)ret;
    return no_streams();
}

int component_stream_origin(struct component_call *call, uint32_t handle, uint32_t type,
                            const struct component_stream_ops *ops, void **ret_arg)
{
    (void)call, (void)handle, (void)type, (void)ops, (void)ret_arg;
    return no_streams();
}

void component_stream_wake(struct component_end *end)
{
    (void)end;
    (void)no_streams();
}

int component_stream_store(struct component_call *call, struct component_end *end, uint32_t at,
                           const struct component_value *value)
{
    (void)call, (void)end, (void)at, (void)value;
    return no_streams();
}

int component_stream_load(struct component_call *call, struct component_end *end, uint32_t at,
                          struct component_value *ret)
{
    (void)call, (void)end, (void)at, (void)ret;
    return no_streams();
}

/* ---- operations: likewise ---- */

void *component_operation_state(struct component_operation *operation)
{
    (void)operation;
    (void)no_streams();
    return NULL;
}

void *component_operation_owner(const struct component_operation *operation)
{
    (void)operation;
    (void)no_streams();
    return NULL;
}

void component_operation_wake(struct component_operation *operation)
{
    (void)operation;
    (void)no_streams();
}
