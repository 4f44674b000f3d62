/* main.c - the guest of the tests of limits: uses as much of one thing as the path says. The first segment is the route's and ignored.
 *
 *   /x/             answers at once                /x/work/N      computes N rounds (about a microsecond each), answers
 *   /x/spin         computes for ever              /x/sleep/N     sleeps N ms, answers
 *   /x/eat/N        grows by N pages, says whether it could
 *   /x/hog/N        grows by 1 MiB and writes to all of it until that is refused, keeps it for N ms, says how many MiB it got
 *   /x/fill/N       writes to all of HALL_BYTES of the memory that it began with, keeps it for N ms
 *   /x/objects/N    makes the host keep 7 MB of fields for it, keeps them for N ms
 *   /x/read         reads the body, says its size; traps when reading fails
 *   /x/caught       the same, but says "caught" with 400 when reading fails
 *   /x/bytes/N      N bytes, length unknown        /x/announced/N the same with a content-length
 *   /x/kept/N       N bytes, set when they are all written: up to 1 MiB */
#include "swell_http.h"

SWELL_IMPORT("wasi:clocks/monotonic-clock@0.2.0", "subscribe-duration")
handle clock_subscribe_duration(int64_t ns);

#ifndef HALL_BYTES
#define HALL_BYTES 1
#endif

static volatile uint32_t sink;
static volatile char hall[HALL_BYTES];
static volatile char ballast[100000] = {1}; /* so that it begins with more than a page of memory */

static void work(uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds; i++)
        for (uint32_t k = 0; k < 256; k++)
            sink += k;
}

static struct text number_text(uint64_t n)
{
    static char digits[20];
    uint32_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    return (struct text){digits + at, (uint32_t)sizeof digits - at};
}

/* In a little memory of its own. */
static void objects(void)
{
    static char value[100000];
    for (uint32_t i = 0; i < sizeof value; i++)
        value[i] = 'x';
    for (uint32_t i = 0; i < 70; i++)
        field_add(fields_new(), TEXT("a"), (struct text){value, sizeof value});
}

static uint64_t hog(void)
{
    uint64_t got = 0;
    for (;;) {
        uintptr_t page = __builtin_wasm_memory_grow(0, 16);
        if (page == SIZE_MAX)
            return got;
        volatile char *new_memory = (volatile char *)(page * 65536);
        for (uint32_t i = 0; i < 1u << 20; i += 4096)
            new_memory[i] = 1;
        got++;
    }
}

static void read_body(handle request, handle outparam, bool catches)
{
    struct ret_handle body, stream;
    struct ret_list part;
    uint64_t size = 0;
    request_consume(request, &body);
    swell_expect(!body.is_err);
    incoming_body_stream(body.ok, &stream);
    swell_expect(!stream.is_err);
    uintptr_t mark = heap_mark();
    for (;;) {
        input_stream_blocking_read(stream.ok, 65536, &part);
        if (part.is_err)
            break;
        size += part.ok.n;
        heap_release(mark);
    }
    if (part.err.closed) {
        respond_text(outparam, 200, number_text(size));
        return;
    }
    swell_expect(catches);
    respond_text(outparam, 400, TEXT("caught"));
}

static void send_bytes(uint64_t count, handle outparam, bool announced)
{
    handle headers = fields_new();
    if (announced)
        field_add(headers, TEXT("content-length"), number_text(count));
    struct response response = response_start(outparam, 200, headers);
    char *part = heap_alloc(4096, 1);
    for (uint32_t i = 0; i < 4096; i++)
        part[i] = 'a';
    while (count) {
        uint32_t n = count < 4096 ? (uint32_t)count : 4096;
        if (!response_write(&response, part, n))
            return;
        count -= n;
    }
    response_end(&response);
}

/* Everything is written before the response is set, so its length is known by then. */
static void send_kept(uint64_t count, handle outparam)
{
    handle response = response_new(fields_new());
    struct ret_handle body, stream;
    struct ret_code finished;
    response_body(response, &body);
    outgoing_body_write(body.ok, &stream);
    char *part = heap_alloc(4096, 1);
    while (count) {
        struct ret_u64 room;
        struct ret_stream wrote;
        uint32_t n = count < 4096 ? (uint32_t)count : 4096;
        output_stream_check_write(stream.ok, &room);
        swell_expect(!room.is_err && room.ok >= n);
        output_stream_write(stream.ok, part, n, &wrote);
        swell_expect(!wrote.is_err);
        count -= n;
    }
    output_stream_drop(stream.ok);
    outgoing_body_finish(body.ok, 0, 0, &finished);
    response_outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
}

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    struct text path = request_path(request), rest;
    uint32_t at = ballast[0];
    while (at < path.n && path.p[at] != '/')
        at++;
    path = (struct text){path.p + at, path.n - at};
    if (text_starts(path, TEXT("/work/"), &rest)) {
        work(text_number(rest));
        respond_text(outparam, 200, TEXT("worked\n"));
    } else if (text_is(path, TEXT("/spin"))) {
        for (;;)
            sink++;
    } else if (text_starts(path, TEXT("/sleep/"), &rest)) {
        pollable_block(clock_subscribe_duration((int64_t)text_number(rest) * 1000000));
        respond_text(outparam, 200, TEXT("slept\n"));
    } else if (text_starts(path, TEXT("/eat/"), &rest)) {
        bool could = __builtin_wasm_memory_grow(0, (uintptr_t)text_number(rest)) != SIZE_MAX;
        respond_text(outparam, 200, could ? TEXT("could\n") : TEXT("could not\n"));
    } else if (text_starts(path, TEXT("/hog/"), &rest)) {
        uint64_t got = hog();
        pollable_block(clock_subscribe_duration((int64_t)text_number(rest) * 1000000));
        respond_text(outparam, 200, number_text(got));
    } else if (text_starts(path, TEXT("/fill/"), &rest)) {
        for (uint32_t i = 0; i < HALL_BYTES; i += 4096)
            hall[i] = 1;
        pollable_block(clock_subscribe_duration((int64_t)text_number(rest) * 1000000));
        respond_text(outparam, 200, TEXT("filled\n"));
    } else if (text_starts(path, TEXT("/objects/"), &rest)) {
        objects();
        pollable_block(clock_subscribe_duration((int64_t)text_number(rest) * 1000000));
        respond_text(outparam, 200, TEXT("kept\n"));
    } else if (text_is(path, TEXT("/read")))
        read_body(request, outparam, false);
    else if (text_is(path, TEXT("/caught")))
        read_body(request, outparam, true);
    else if (text_starts(path, TEXT("/bytes/"), &rest))
        send_bytes(text_number(rest), outparam, false);
    else if (text_starts(path, TEXT("/announced/"), &rest))
        send_bytes(text_number(rest), outparam, true);
    else if (text_starts(path, TEXT("/kept/"), &rest))
        send_kept(text_number(rest), outparam);
    else
        respond_text(outparam, 200, TEXT("here\n"));
}
