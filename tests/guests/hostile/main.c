/* main.c - the hostile guest of the tests: each path misbehaves in its own way, or tries to see what another request left behind.
 *
 *   /               behaves                       /trap /exit/0 /exit/1 /loop /deep /hog /sleep    what the words say
 *   /silent         never answers                 /half /half-loop    answers, writes a part of the body, then traps, then loops
 *   /forged         a handle it never got         /twice              sets the response twice
 *   /stale          a handle it gave away         /orphan             drops a parent before its child
 *   /amplify        a list of strings that all name the same bytes      /bodies  bodies without end that nobody reads
 *   /timers         polls as many clocks as it may, latest first, again and again
 *   /overrun        writes more than check-write allowed               /wild   hands the host a span outside its memory
 *   /write          writes a secret over memory, stack and a global   /hunt   looks for that secret everywhere */
#include "swell_http.h"

SWELL_IMPORT("wasi:cli/exit@0.2.0", "exit") void cli_exit(int32_t is_err);
SWELL_IMPORT("wasi:clocks/monotonic-clock@0.2.0", "subscribe-duration")
handle clock_subscribe_duration(int64_t ns);

SWELL_IMPORT(WASI_HTTP, "[static]fields.from-list")
void fields_from_list(const struct field *p, uint32_t n, struct ret_handle *ret);
SWELL_IMPORT(WASI_POLL, "poll") void poll_any(const handle *p, uint32_t n, struct ret_fields *ret);

static volatile uint32_t sink;

__attribute__((noinline)) static uint32_t deep(uint32_t n)
{
    volatile uint32_t frame[2] = {n, n + 1};
    return n == UINT32_MAX ? 1 : deep(n + 1) + frame[0] + frame[1];
}

/* Recursion without the shadow stack: only the host's stack grows. */
__attribute__((noinline)) static uint32_t deep_calls(uint32_t n)
{
    return n == UINT32_MAX ? 1 : deep_calls(n + 1) * 3 + sink;
}

static void spin(void)
{
    for (;;)
        sink++;
}

static void hog(handle outparam)
{
    uint32_t pages = 0;
    while (pages < 65536 && __builtin_wasm_memory_grow(0, 16) != SIZE_MAX) {
        uint32_t size = (uint32_t)__builtin_wasm_memory_size(0);
        for (uint32_t page = size - 16; page < size; page++)
            *(volatile char *)((uintptr_t)page << 16) = 1;
        pages += 16;
    }
    respond_text(outparam, 200, pages ? TEXT("refused after some growth\n") : TEXT("refused at once\n"));
}

static struct response half(handle outparam)
{
    struct response response = response_start(outparam, 200, fields_new());
    response_write(&response, "half a body", 11);
    struct ret_stream flushed;
    output_stream_blocking_flush(response.stream, &flushed);
    return response;
}

/* ---- canary: the secret is never stored as one value except by /write ---- */

static volatile uint64_t key_a = 0x5bd1e995a7c3f00dull;
static volatile uint64_t key_b = 0x1f83d9abfb41bd6bull;

static void put_secret_on_stack(void)
{
    volatile uint64_t frame[512];
    for (uint32_t i = 0; i < 512; i++)
        frame[i] = key_a ^ key_b;
    sink += (uint32_t)frame[sink & 511];
}

static int32_t get_global(void)
{
    int32_t value;
    __asm__("global.get __swell_secret\n local.set %0" : "=r"(value));
    return value;
}

static void set_global(int32_t value)
{
    __asm__ volatile("local.get %0\n global.set __swell_secret" : : "r"(value));
}

__asm__(".globaltype __swell_secret, i32\n"
        ".globl __swell_secret\n"
        "__swell_secret:\n");

static void write_secret(handle outparam)
{
    uint64_t secret = key_a ^ key_b;
    put_secret_on_stack();
    set_global((int32_t)secret);
    uint64_t *to = heap_alloc(64, 8);
    __builtin_wasm_memory_grow(0, 2);
    uint64_t *end = (uint64_t *)(__builtin_wasm_memory_size(0) << 16);
    while (to < end)
        *to++ = secret;
    respond_text(outparam, 200, TEXT("written\n"));
}

static void hunt(handle outparam)
{
    uint64_t a = key_a, b = key_b;
    uint32_t found = 0, dirty = 0;
    for (const volatile uint64_t *at = 0; (uintptr_t)at < __builtin_wasm_memory_size(0) << 16; at++)
        found += (*at ^ a) == b;
    size_t grown = __builtin_wasm_memory_grow(0, 4);
    if (grown != SIZE_MAX) {
        for (const volatile uint64_t *at = (uint64_t *)(grown << 16); (uintptr_t)at < (grown + 4) << 16; at++)
            dirty += *at != 0;
    }
    if (found)
        respond_text(outparam, 500, TEXT("found the secret in memory\n"));
    else if (dirty)
        respond_text(outparam, 500, TEXT("found a grown page that is not zero\n"));
    else if (get_global())
        respond_text(outparam, 500, TEXT("found a global that was written\n"));
    else if (grown == SIZE_MAX)
        respond_text(outparam, 500, TEXT("memory that earlier requests grew is not free again\n"));
    else
        respond_text(outparam, 200, TEXT("clean\n"));
}

/* ---- what the canonical ABI forbids ---- */

static void twice(handle outparam)
{
    respond_text(outparam, 200, TEXT("once\n"));
    respond_text(outparam, 200, TEXT("twice\n"));
}

static void stale(handle outparam)
{
    handle headers = fields_new();
    response_start(outparam, 200, headers);
    struct ret_header added;
    fields_append(headers, "a", 1, "b", 1, &added);
}

static void orphan(handle request)
{
    struct ret_handle body, stream;
    request_consume(request, &body);
    incoming_body_stream(body.ok, &stream);
    incoming_body_drop(body.ok);
}

static void overrun(handle outparam)
{
    struct response response = response_start(outparam, 200, fields_new());
    struct ret_u64 room;
    output_stream_check_write(response.stream, &room);
    uint32_t n = (uint32_t)room.ok + 1;
    struct ret_stream wrote;
    output_stream_write(response.stream, heap_alloc(n, 1), n, &wrote);
}

static void wild(handle outparam)
{
    struct response response = response_start(outparam, 200, fields_new());
    struct ret_u64 room;
    output_stream_check_write(response.stream, &room);
    struct ret_stream wrote;
    output_stream_write(response.stream, (const char *)(uintptr_t)0xfffffff0, 64, &wrote);
}

/* ---- what costs the host much and the guest little ---- */

/* 65,536 names of 32 MiB: 2 TiB to check. */
static void amplify(void)
{
    enum { BYTES = 32 << 20, COUNT = 65536 };
    char *bytes = heap_alloc(BYTES, 1);
    struct field *list = heap_alloc(COUNT * sizeof *list, 4);
    struct ret_handle ret;
    __builtin_memset(bytes, 'a', BYTES);
    for (uint32_t i = 0; i < COUNT; i++)
        list[i] = (struct field){.name = {bytes, BYTES}};
    fields_from_list(list, COUNT, &ret);
}

static void bodies(handle outparam)
{
    char *bytes = heap_alloc(65536, 1);
    for (uint32_t n = 0; n < 10000; n++) {
        struct ret_handle body, stream;
        response_body(response_new(fields_new()), &body);
        outgoing_body_write(body.ok, &stream);
        for (struct ret_u64 room = {.ok = 1}; room.ok;) {
            output_stream_check_write(stream.ok, &room);
            struct ret_stream wrote = {0};
            output_stream_write(stream.ok, bytes, room.ok < 65536 ? (uint32_t)room.ok : 65536, &wrote);
            if (wrote.is_err) {
                respond_text(outparam, 200, n < 16 ? TEXT("refused\n") : TEXT("refused late\n"));
                return;
            }
        }
    }
    respond_text(outparam, 200, TEXT("never refused\n"));
}

static void timers(void)
{
    static handle list[4096];
    for (int32_t i = 0; i < 4095; i++)
        list[i] = clock_subscribe_duration(((int64_t)10000 - i) * 1000000000);
    for (;;) {
        uintptr_t mark = heap_mark();
        struct ret_fields ready;
        list[4095] = clock_subscribe_duration(100000);
        poll_any(list, 4096, &ready);
        pollable_drop(list[4095]);
        heap_release(mark);
    }
}

static void misbehave(struct text path, handle request, handle outparam)
{
    if (text_is(path, TEXT("/trap")))
        __builtin_trap();
    else if (text_is(path, TEXT("/exit/0")) || text_is(path, TEXT("/exit/1")))
        cli_exit(path.p[6] == '1');
    else if (text_is(path, TEXT("/loop")))
        spin();
    else if (text_is(path, TEXT("/deep")))
        sink = deep(0);
    else if (text_is(path, TEXT("/deep-calls")))
        sink = deep_calls(0);
    else if (text_is(path, TEXT("/hog")))
        hog(outparam);
    else if (text_is(path, TEXT("/sleep")))
        pollable_block(clock_subscribe_duration(INT64_MAX));
    else if (text_is(path, TEXT("/half"))) {
        half(outparam);
        __builtin_trap();
    } else if (text_is(path, TEXT("/half-loop"))) {
        half(outparam);
        spin();
    } else if (text_is(path, TEXT("/forged")))
        request_drop(request + 1000);
    else if (text_is(path, TEXT("/twice")))
        twice(outparam);
    else if (text_is(path, TEXT("/stale")))
        stale(outparam);
    else if (text_is(path, TEXT("/orphan")))
        orphan(request);
    else if (text_is(path, TEXT("/overrun")))
        overrun(outparam);
    else if (text_is(path, TEXT("/wild")))
        wild(outparam);
    else if (text_is(path, TEXT("/amplify")))
        amplify();
    else if (text_is(path, TEXT("/bodies")))
        bodies(outparam);
    else if (text_is(path, TEXT("/timers")))
        timers();
    else if (!text_is(path, TEXT("/silent")))
        respond_text(outparam, 404, TEXT("nothing here\n"));
}

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    struct text path = request_path(request);
    if (text_is(path, TEXT("/")))
        respond_text(outparam, 200, TEXT("well behaved\n"));
    else if (text_is(path, TEXT("/write")))
        write_secret(outparam);
    else if (text_is(path, TEXT("/hunt")))
        hunt(outparam);
    else
        misbehave(path, request, outparam);
}
