/* canary.c - the guest of the canary test: leaves a secret behind in every way a request can end, or looks for it everywhere.
 *
 *   /hunt/N          grows by N pages and looks for the secret, and for anything that a fresh instance would not have
 *   /leave/END/N     grows by N pages, writes the secret over memory, stack, globals and a table, then ends as END says:
 *                    end    answers                     trap exit deep   fails, each in its own way
 *                    spin   computes for ever           park             waits for a clock for ever
 *                    read   waits for the request's body, then answers   flood   grows as far as it may first, then answers
 *                    half-trap half-spin half-park      answers a part of the body before
 *
 * /brief/... is the same: the route of another component with this guest.
 *
 * The secret is never one value in the memory of who hunts: only its two halves are. */
#include "swell_http.h"

SWELL_IMPORT("wasi:cli/exit@0.2.0", "exit") void cli_exit(int32_t is_err);
SWELL_IMPORT("wasi:clocks/monotonic-clock@0.2.0", "subscribe-duration")
handle clock_subscribe_duration(int64_t ns);

#define PAGE_BYTES 65536u
#define FLOOD_PAGES 16 /* how much it grows at once */
#define TABLE_MORE 4   /* as in table_grow */

static volatile uint32_t sink;
static volatile uint64_t key_a = 0x5bd1e995a7c3f00dull;
static volatile uint64_t key_b = 0x1f83d9abfb41bd6bull;

/* ---- what C has no word for: globals of each type, a table ---- */

__asm__(".globaltype __canary_i32, i32\n"
        ".globl __canary_i32\n"
        "__canary_i32:\n"
        ".globaltype __canary_i64, i64\n"
        ".globl __canary_i64\n"
        "__canary_i64:\n"
        ".globaltype __canary_f64, f64\n"
        ".globl __canary_f64\n"
        "__canary_f64:\n"
        ".tabletype __canary_table, funcref\n"
        ".globl __canary_table\n"
        "__canary_table:\n");

static void set_globals(uint64_t value)
{
    __asm__ volatile("local.get %0\n global.set __canary_i32" : : "r"((int32_t)value));
    __asm__ volatile("local.get %0\n global.set __canary_i64" : : "r"(value));
    __asm__ volatile("local.get %0\n global.set __canary_f64" : : "r"((double)value));
}

static bool globals_are_fresh(void)
{
    int32_t small;
    uint64_t large;
    double number;
    __asm__ volatile("global.get __canary_i32\n local.set %0" : "=r"(small));
    __asm__ volatile("global.get __canary_i64\n local.set %0" : "=r"(large));
    __asm__ volatile("global.get __canary_f64\n local.set %0" : "=r"(number));
    return small == 0 && large == 0 && number == 0;
}

static int32_t table_grow(void)
{
    int32_t had;
    __asm__ volatile("ref.null_func\n i32.const 4\n table.grow __canary_table\n local.set %0" : "=r"(had));
    return had;
}

static void nothing(void)
{
    sink++;
}
static void (*volatile some_function)(void) = nothing; /* has its place in the module's own table */

static void fill_table(void)
{
    table_grow();
    for (int32_t i = 0; i < TABLE_MORE; i++)
        __asm__ volatile("local.get %0\n local.get %1\n table.get __indirect_function_table\n"
                         " table.set __canary_table"
                         :
                         : "r"(i), "r"((int32_t)some_function));
}

/* ---- leaving it ---- */

static void put_on_stack(void)
{
    volatile uint64_t frame[512];
    for (uint32_t i = 0; i < 512; i++)
        frame[i] = key_a ^ key_b;
    sink += (uint32_t)frame[sink & 511];
}

static void put_everywhere(uint32_t pages)
{
    uint64_t secret = key_a ^ key_b;
    put_on_stack();
    set_globals(secret);
    fill_table();
    uint64_t *to = heap_alloc(64, 8);
    swell_expect(__builtin_wasm_memory_grow(0, pages) != SIZE_MAX);
    uint64_t *end = (uint64_t *)(__builtin_wasm_memory_size(0) << 16);
    while (to < end)
        *to++ = secret;
}

__attribute__((noinline)) static uint32_t deep(uint32_t n)
{
    volatile uint32_t frame[2] = {n, n + 1};
    return n == UINT32_MAX ? 1 : deep(n + 1) + frame[0] + frame[1];
}

static void spin(void)
{
    for (;;)
        sink++;
}

static void park(void)
{
    pollable_block(clock_subscribe_duration(INT64_MAX));
}

static void half(handle outparam)
{
    struct response response = response_start(outparam, 200, fields_new());
    struct ret_stream flushed;
    response_write(&response, "written\n", 8);
    output_stream_blocking_flush(response.stream, &flushed);
}

static void read_body(handle request)
{
    struct ret_handle body, stream;
    struct ret_list part = {0};
    request_consume(request, &body);
    incoming_body_stream(body.ok, &stream);
    while (!part.is_err)
        input_stream_blocking_read(stream.ok, PAGE_BYTES, &part);
    swell_expect(part.err.closed);
}

static void flood(void)
{
    uint32_t pages = 0;
    while (__builtin_wasm_memory_grow(0, FLOOD_PAGES) != SIZE_MAX)
        pages += FLOOD_PAGES;
    uint64_t *end = (uint64_t *)(__builtin_wasm_memory_size(0) << 16);
    for (uint64_t *to = end - pages * (PAGE_BYTES / 8); to < end; to++)
        *to = key_a ^ key_b;
}

static void leave(struct text how, handle request, handle outparam)
{
    uint32_t at = 0;
    while (at < how.n && how.p[at] != '/')
        at++;
    const struct text end = {how.p, at};
    const struct text pages = at < how.n ? (struct text){how.p + at + 1, how.n - at - 1} : TEXT("0");
    struct text rest;
    char name[16]; /* what lies in the heap is about to be written over */
    struct text kept = {name, end.n < sizeof name ? end.n : 0};
    uint32_t grow = (uint32_t)text_number(pages);
    __builtin_memcpy(name, end.p, kept.n);
    put_everywhere(grow);
    if (text_starts(kept, TEXT("half-"), &rest)) {
        half(outparam);
        kept = rest;
    }
    if (text_is(kept, TEXT("trap")))
        __builtin_trap();
    else if (text_is(kept, TEXT("exit")))
        cli_exit(1);
    else if (text_is(kept, TEXT("deep")))
        sink = deep(0);
    else if (text_is(kept, TEXT("spin")))
        spin();
    else if (text_is(kept, TEXT("park")))
        park();
    else if (text_is(kept, TEXT("read")))
        read_body(request);
    else if (text_is(kept, TEXT("flood")))
        flood();
    respond_text(outparam, 200, TEXT("written\n"));
}

/* ---- looking for it ---- */

static uint32_t count_secret(void)
{
    uint64_t a = key_a, b = key_b;
    uint32_t found = 0;
    const volatile uint64_t *end = (const volatile uint64_t *)(__builtin_wasm_memory_size(0) << 16);
    for (const volatile uint64_t *at = 0; at < end; at++)
        found += (*at ^ a) == b;
    return found;
}

static uint32_t count_written(uintptr_t from)
{
    uint32_t found = 0;
    const volatile uint64_t *end = (const volatile uint64_t *)(__builtin_wasm_memory_size(0) << 16);
    for (const volatile uint64_t *at = (const volatile uint64_t *)((from + 7) & ~(uintptr_t)7); at < end;
         at++)
        found += *at != 0;
    return found;
}

static void hunt(uint32_t pages, handle outparam)
{
    uintptr_t fresh = heap_mark(); /* above it a fresh instance has zeros only */
    bool larger = __builtin_wasm_memory_size(0) << 16 >= (uintptr_t)&__heap_base + PAGE_BYTES;
    bool grown = __builtin_wasm_memory_grow(0, pages) != SIZE_MAX;
    if (count_secret())
        respond_text(outparam, 500, TEXT("found the secret in memory\n"));
    else if (count_written(fresh))
        respond_text(outparam, 500, TEXT("found memory that is not zero\n"));
    else if (larger)
        respond_text(outparam, 500, TEXT("found a memory that had grown already\n"));
    else if (!grown)
        respond_text(outparam, 500, TEXT("found that what others had grown is not free again\n"));
    else if (!globals_are_fresh())
        respond_text(outparam, 500, TEXT("found a global that was written\n"));
    else if (table_grow() != 0)
        respond_text(outparam, 500, TEXT("found a table that was written\n"));
    else
        respond_text(outparam, 200, TEXT("clean\n"));
}

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    struct text path = request_path(request), rest;
    if (text_starts(path, TEXT("/brief"), &rest))
        path = rest;
    if (text_starts(path, TEXT("/hunt/"), &rest))
        hunt((uint32_t)text_number(rest), outparam);
    else if (text_starts(path, TEXT("/leave/"), &rest))
        leave(rest, request, outparam);
    else
        respond_text(outparam, 404, TEXT("nothing here\n"));
}
