/* zoo.c - a guest that can do wrong in some hundred ways: /zoo/NAME says which. Traps, loops and growth are here.  Tests: guests. */
#include "zoo_answers.h"
#include "zoo_handles.h"
#include "zoo_streams.h"
#include "zoo_values.h"

static volatile uint32_t zero, far = 100000, minus_one = UINT32_MAX, int_min = 0x80000000u;

static void unreachable(handle request, handle outparam)
{
    (void)request, (void)outparam;
    __builtin_trap();
}

static void load_outside(handle request, handle outparam)
{
    (void)request, (void)outparam;
    zoo_sink = *(volatile uint32_t *)(uintptr_t)(int_min + 64);
}

static void store_outside(handle request, handle outparam)
{
    (void)request, (void)outparam;
    *(volatile uint32_t *)(uintptr_t)(int_min + 64) = 1;
}

static void load_at_the_top(handle request, handle outparam)
{
    (void)request, (void)outparam;
    zoo_sink = (uint32_t) * (volatile uint64_t *)(uintptr_t)(minus_one - 3);
}

static void fill_outside(handle request, handle outparam)
{
    (void)request, (void)outparam;
    __builtin_memset((void *)(uintptr_t)(int_min + zero), 7, far);
}

static void copy_outside(handle request, handle outparam)
{
    (void)request, (void)outparam;
    __builtin_memcpy((void *)(uintptr_t)(1024 + zero), (const void *)(uintptr_t)(int_min + zero), far);
}

static void table_outside(handle request, handle outparam)
{
    (void)request, (void)outparam;
    ((void (*)(void))(uintptr_t)far)();
}

static void call_null(handle request, handle outparam)
{
    (void)request, (void)outparam;
    ((void (*)(void))(uintptr_t)zero)();
}

static void call_wrong_type(handle request, handle outparam)
{
    (void)request, (void)outparam;
    void (*volatile real)(handle, handle) = unreachable;
    ((double (*)(double, double))(uintptr_t)real)(1, 2);
}

static void divide_by_zero(handle request, handle outparam)
{
    (void)request, (void)outparam;
    zoo_sink = far / zero;
}

static void remainder_of_zero(handle request, handle outparam)
{
    (void)request, (void)outparam;
    zoo_sink = far % zero;
}

static void divide_overflow(handle request, handle outparam)
{
    (void)request, (void)outparam;
    zoo_sink = (uint32_t)((int32_t)int_min / (int32_t)minus_one);
}

static void convert_nan(handle request, handle outparam)
{
    (void)request, (void)outparam;
    volatile float nan = __builtin_nanf("");
    zoo_sink = (uint32_t)__builtin_wasm_trunc_s_i32_f32(nan);
}

static void convert_large(handle request, handle outparam)
{
    (void)request, (void)outparam;
    volatile double large = 1e30;
    zoo_sink = (uint32_t)__builtin_wasm_trunc_s_i32_f64(large);
}

__attribute__((noinline)) static uint32_t deep(uint32_t n)
{
    return n == UINT32_MAX ? 1 : deep(n + 1) * 3 + zoo_sink;
}

static void recurse(handle request, handle outparam)
{
    (void)request, (void)outparam;
    zoo_sink = deep(0);
}

/* Deep first, then into the host, which has its own need of stack. */
__attribute__((noinline)) static uint32_t deep_host(uint32_t n, handle fields)
{
    fields_drop(fields_clone(fields));
    return n == UINT32_MAX ? 1 : deep_host(n + 1, fields) * 3 + zoo_sink;
}

static void recurse_with_host(handle request, handle outparam)
{
    (void)request, (void)outparam;
    zoo_sink = deep_host(0, fields_new());
}

static void loop_before(handle request, handle outparam)
{
    (void)request, (void)outparam;
    spin();
}

static void loop_after_head(handle request, handle outparam)
{
    (void)request;
    struct response response = started(outparam);
    struct ret_stream flushed;
    response_write(&response, "half", 4);
    output_stream_blocking_flush(response.stream, &flushed);
    spin();
}

static void loop_after_answer(handle request, handle outparam)
{
    (void)request;
    respond_text(outparam, 200, TEXT("whole\n"));
    spin();
}

/* Every turn goes through the loop, so no slice is ever used up. */
static void loop_by_waiting(handle request, handle outparam)
{
    (void)request, (void)outparam;
    for (;;) {
        handle tick = clock_subscribe_duration(0);
        pollable_block(tick);
        pollable_drop(tick);
    }
}

static void loop_in_host(handle request, handle outparam)
{
    (void)request, (void)outparam;
    for (;;)
        fields_drop(fields_new());
}

static void trap_after_head(handle request, handle outparam)
{
    (void)request;
    struct response response = started(outparam);
    struct ret_stream flushed;
    response_write(&response, "half", 4);
    output_stream_blocking_flush(response.stream, &flushed);
    __builtin_trap();
}

static void trap_after_answer(handle request, handle outparam)
{
    (void)request;
    respond_text(outparam, 200, TEXT("whole\n"));
    __builtin_trap();
}

static void sleep_for_ever(handle request, handle outparam)
{
    (void)request, (void)outparam;
    pollable_block(clock_subscribe_duration(-1));
}

static void sleep_after_head(handle request, handle outparam)
{
    (void)request;
    struct response response = started(outparam);
    response_write(&response, "half", 4);
    pollable_block(clock_subscribe_duration(INT64_MAX));
}

static void exit_ok(handle request, handle outparam)
{
    (void)request, (void)outparam;
    cli_exit(0);
}

static void exit_error(handle request, handle outparam)
{
    (void)request, (void)outparam;
    cli_exit(1);
}

static void exit_strangely(handle request, handle outparam)
{
    (void)request, (void)outparam;
    cli_exit(2);
}

static void exit_after_answer(handle request, handle outparam)
{
    (void)request;
    respond_text(outparam, 200, TEXT("whole\n"));
    cli_exit(1);
}

static void grow_at_once(handle request, handle outparam)
{
    (void)request;
    verdict(outparam, __builtin_wasm_memory_grow(0, 65535) == SIZE_MAX);
}

static void grow_by_pages(handle request, handle outparam)
{
    (void)request;
    uint32_t pages = 0;
    while (pages < 65536 && __builtin_wasm_memory_grow(0, 1) != SIZE_MAX)
        pages++;
    verdict(outparam, pages > 0 && pages < 65535);
}

static const struct act zoo_traps[] = {
    ACT(unreachable),       ACT(load_outside),    ACT(store_outside),     ACT(load_at_the_top),
    ACT(fill_outside),      ACT(copy_outside),    ACT(table_outside),     ACT(call_null),
    ACT(call_wrong_type),   ACT(divide_by_zero),  ACT(remainder_of_zero), ACT(divide_overflow),
    ACT(convert_nan),       ACT(convert_large),   ACT(recurse),           ACT(recurse_with_host),
    ACT(loop_before),       ACT(loop_after_head), ACT(loop_after_answer), ACT(loop_by_waiting),
    ACT(loop_in_host),      ACT(trap_after_head), ACT(trap_after_answer), ACT(sleep_for_ever),
    ACT(sleep_after_head),  ACT(exit_ok),         ACT(exit_error),        ACT(exit_strangely),
    ACT(exit_after_answer), ACT(grow_at_once),    ACT(grow_by_pages),     ACT_END};

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    static const struct act *const lists[] = {zoo_traps, zoo_handles, zoo_values, zoo_streams, zoo_answers};
    struct text path = request_path(request), name;
    if (!text_starts(path, TEXT("/zoo/"), &name)) {
        respond_text(outparam, 404, TEXT("nothing here\n"));
        return;
    }
    if (name.n == 0) {
        respond_text(outparam, 200, TEXT("well behaved\n"));
        return;
    }
    for (uint32_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (const struct act *act = lists[i]; act->name.n; act++) {
            if (text_is(act->name, name)) {
                act->run(request, outparam);
                return;
            }
        }
    }
    respond_text(outparam, 404, TEXT("no such animal\n"));
}
