/* stream_hosts.c - the host's ends of streams and futures; failures of memory. */
#include "check.h"

#include "base/alloc.h"
#include "stream_setup.h"

/* ---- the host's ends ---- */

struct pipe { /* a source or sink of bytes */
    char bytes[64];
    uint32_t n;
    bool ended;
    uint32_t drops;
    int rc; /* < 0: copy traps */
};

static int pipe_write(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    struct pipe *pipe = arg;
    if (pipe->rc < 0)
        return component_trap(call, "the pipe burst");
    if (pipe->n == 0)
        return pipe->ended ? SW_END : SW_WAIT;
    *ret_n = n < pipe->n ? n : pipe->n;
    memcpy(call->mem + at, pipe->bytes, *ret_n);
    pipe->n -= *ret_n;
    memmove(pipe->bytes, pipe->bytes + *ret_n, pipe->n);
    return 0;
}

static int pipe_read(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    struct pipe *pipe = arg;
    uint32_t room = (uint32_t)sizeof pipe->bytes - pipe->n;
    if (room == 0)
        return pipe->ended ? SW_END : SW_WAIT;
    *ret_n = n < room ? n : room;
    memcpy(pipe->bytes + pipe->n, call->mem + at, *ret_n);
    pipe->n += *ret_n;
    return 0;
}

static void pipe_drop(void *arg)
{
    ((struct pipe *)arg)->drops++;
}
static const struct component_stream_ops source_ops = {pipe_write, pipe_drop},
                                         sink_ops = {pipe_read, pipe_drop};

static struct component_end *source(struct setup *s, struct pipe *pipe, uint32_t *ret_handle)
{
    struct component_call call;
    struct component_end *end = NULL;
    setup_context(s, 0, &call);
    CHECK_INT(component_stream_new(&call, s->types[0], &source_ops, pipe, ret_handle, &end), 0);
    return end;
}

static void a_guest_reads_from_the_host_without_a_copy_between(void **state)
{
    struct setup s;
    struct pipe pipe = {.bytes = "hello", .n = 5};
    uint32_t handle;
    (void)state;
    setup_init(&s, "u8", NULL);
    struct component_end *end = source(&s, &pipe, &handle);
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_READ, handle, 64, 3), 3 << 4);
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_READ, handle, 67, 9), 2 << 4);
    CHECK(memcmp(setup_memory(&s, 0) + 64, "hello", 5) == 0);
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_READ, handle, 64, 9), BLOCKED);
    CHECK_INT(s.fx.store->scheduler->pending, 1);
    component_stream_wake(end); /* for nothing */
    CHECK_INT(s.fx.store->scheduler->pending, 1);
    memcpy(pipe.bytes, "again", 5);
    pipe.n = 5;
    component_stream_wake(end);
    CHECK_INT(s.fx.store->scheduler->pending, 0);
    component_stream_wake(end); /* nobody waits */
    CHECK_INT(setup_event(&s, 0, handle), 5 << 4);
    CHECK(memcmp(setup_memory(&s, 0) + 64, "again", 5) == 0);
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_READ, handle, 64, 0), BLOCKED); /* is there something? */
    pipe.ended = true;
    component_stream_wake(end);
    CHECK_INT(setup_event(&s, 0, handle), COMPONENT_COPY_DROPPED);
    CHECK_INT(pipe.drops, 1);
    CHECK_INT(s.fx.store->scheduler->pending, 0);
    (void)OK(&s, 0, COMPONENT_STREAM_DROP_READABLE, handle);
    CHECK(sw_list_empty(&s.fx.store->streams));
    setup_deinit(&s);
    CHECK_INT(pipe.drops, 1);
}

static void a_host_that_takes_a_stream_gets_what_waits_in_it(void **state)
{
    struct setup s;
    struct pipe pipe = {.n = 0};
    struct component_call call;
    struct component_end *end = NULL;
    uint32_t readable, writable;
    (void)state;
    setup_init(&s, "u8", NULL);
    setup_make(&s, 0, false, &readable, &writable);
    memcpy(setup_memory(&s, 0) + 64, "hello", 5);
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_WRITE, writable, 64, 5), BLOCKED);
    setup_context(&s, 0, &call);
    CHECK_INT(component_stream_take(&call, readable, s.types[0], &sink_ops, &pipe, &end), 0);
    component_stream_wake(end);
    CHECK_INT(setup_event(&s, 0, writable), 5 << 4);
    CHECK_STR(sw_str(pipe.bytes, pipe.n), "hello");
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_WRITE, writable, 64, 5), 5 << 4);
    component_stream_close(end);
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_WRITE, writable, 64, 5), COMPONENT_COPY_DROPPED);
    CHECK_INT(pipe.drops, 0); /* it closed itself */
    setup_make(&s, 0, false, &readable, &writable);
    (void)OK(&s, 0, COMPONENT_STREAM_DROP_WRITABLE, writable);
    CHECK_INT(component_stream_take(&call, readable, s.types[0], &sink_ops, &pipe, &end), SW_END);
    setup_deinit(&s);
    CHECK_INT(pipe.drops, 0);
}

static void the_host_knows_its_own_stream(void **state)
{
    struct setup s;
    struct pipe pipe = {.n = 0};
    struct component_call call;
    uint32_t handle, readable, writable;
    void *arg = NULL;
    (void)state;
    setup_init(&s, "u8", NULL);
    (void)source(&s, &pipe, &handle);
    setup_make(&s, 0, false, &readable, &writable);
    setup_context(&s, 0, &call);
    CHECK_INT(component_stream_origin(&call, handle, s.types[0], &sink_ops, &arg), SW_ABSENT);
    CHECK_INT(component_stream_origin(&call, readable, s.types[0], &source_ops, &arg), SW_ABSENT);
    CHECK_INT(component_stream_origin(&call, handle, s.types[0], &source_ops, &arg), 0);
    CHECK(arg == &pipe);
    CHECK(component_handles_get(&s.fx.store->instances[1].handles, handle) == NULL);
    setup_deinit(&s);
    CHECK_INT(pipe.drops, 0);
}

static void a_copy_of_the_host_may_trap(void **state)
{
    struct setup s;
    struct pipe pipe = {.rc = -1};
    uint32_t handle, ret;
    (void)state;
    setup_init(&s, "u8", NULL);
    (void)source(&s, &pipe, &handle);
    CHECK_INT(CALL(&s, 0, COMPONENT_STREAM_READ, &ret, handle, 64, 3), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&s.fx), "the pipe burst");
    setup_deinit(&s);
    CHECK_INT(pipe.drops, 1);
}

static int say(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    struct component_value value = {.text = SW_LIT("w\xc3\xb6rter")};
    struct pipe *pipe = arg;
    if (!pipe->ended)
        return SW_WAIT;
    *ret_n = n;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t ptr, len;
        int rc = component_lower_string(call, value.text, &ptr, &len);
        if (rc < 0)
            return rc;
        component_store_u32(call->mem + at + 8 * i, ptr);
        component_store_u32(call->mem + at + 8 * i + 4, len);
    }
    return 0;
}
static const struct component_stream_ops say_ops = {say, pipe_drop};

static void strings_of_the_host_are_stored_when_the_event_is_taken(void **state)
{
    struct setup s;
    struct pipe pipe = {.n = 0};
    struct component_call call;
    struct component_end *end = NULL;
    uint32_t handle;
    (void)state;
    setup_init(&s, "string", NULL);
    setup_context(&s, 0, &call);
    CHECK_INT(component_stream_new(&call, s.types[1], &say_ops, &pipe, &handle, &end), 0);
    CHECK_INT(OK(&s, 0, COMPONENT_FUTURE_READ, handle, 512), BLOCKED);
    pipe.ended = true;
    component_stream_wake(end);
    CHECK_STR(sw_str_of(s.fx.guests[0].log), ""); /* no guest code on this side */
    CHECK_INT(setup_event(&s, 0, handle), COMPONENT_COPY_COMPLETED);
    CHECK_HAS(s.fx.guests[0].log, "0,0,1,7;");
    CHECK_STR(sw_str((const char *)setup_memory(&s, 0) + component_load_u32(setup_memory(&s, 0) + 512), 7),
              "w\xc3\xb6rter");
    (void)OK(&s, 0, COMPONENT_FUTURE_DROP_READABLE, handle);
    CHECK_INT(pipe.drops, 1);
    setup_deinit(&s);
}

static void a_future_that_the_host_gives_up_is_a_failure(void **state)
{
    struct setup s;
    struct pipe pipe = {.n = 0};
    struct component_call call;
    struct component_end *end = NULL;
    uint32_t handle;
    (void)state;
    setup_init(&s, "string", NULL);
    setup_context(&s, 0, &call);
    CHECK_INT(component_stream_new(&call, s.types[1], &say_ops, &pipe, &handle, &end), 0);
    component_stream_close(end);
    CHECK_HAS(fixture_failure(&s.fx), "gave up a future");
    setup_deinit(&s);
}

/* ---- failures ---- */

static int much(struct setup *s, struct pipe *pipe)
{
    struct component_call call;
    struct component_end *end;
    union engine_val vals[3];
    uint32_t handle;
    int rc = 0;
    setup_context(s, 0, &call);
    for (uint32_t i = 0; rc == 0 && i < 40; i++)
        rc = setup_builtin(s, 0, i % 2 ? COMPONENT_FUTURE_NEW : COMPONENT_STREAM_NEW, vals);
    if (rc == 0) {
        rc = component_stream_new(&call, s->types[0], &source_ops, pipe, &handle, &end);
        pipe->n += rc == 0; /* the host's end is there */
    }
    vals[0].u64 = 16;
    vals[1].u64 = 4;
    return rc < 0 ? rc : setup_builtin(s, 0, COMPONENT_ERROR_CONTEXT_NEW, vals);
}

static void every_allocation_may_fail(void **state)
{
    struct setup s;
    (void)state;
    setup_init(&s, "u8", NULL);
    setup_close(&s);
    for (long n = 0; n < 1000; n++) {
        struct pipe pipe = {.n = 0};
        for (uint32_t i = 0; i < s.fx.plan.component_instance_count; i++)
            component_handles_deinit(&s.fx.component->idle->instances[i].handles);
        setup_open(&s);
        sw_mem_fail_after(n);
        int rc = much(&s, &pipe);
        sw_mem_fail_after(-1);
        if (rc < 0)
            CHECK_HAS(fixture_failure(&s.fx), "memory");
        setup_close(&s);
        CHECK_INT(pipe.drops, pipe.n);
        if (rc == 0) {
            CHECK(n > 2);
            setup_deinit(&s);
            return;
        }
    }
    CHECK_NEVER("still failing after 1000 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_reads_from_the_host_without_a_copy_between),
        cmocka_unit_test(a_host_that_takes_a_stream_gets_what_waits_in_it),
        cmocka_unit_test(the_host_knows_its_own_stream),
        cmocka_unit_test(a_copy_of_the_host_may_trap),
        cmocka_unit_test(strings_of_the_host_are_stored_when_the_event_is_taken),
        cmocka_unit_test(a_future_that_the_host_gives_up_is_a_failure),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
