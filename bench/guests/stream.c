/* stream.c - the guest of bench/stream.py: bodies of any length in constant memory.
 *
 *   /in       reads the body, says its size        /out/N   answers with N bytes
 *   /echo     answers with the body that it was sent, read into its memory and written out of it
 *   /splice   the same by output-stream.blocking-splice: the bytes never enter its memory */
#include "swell_http.h"

#define PIECE 65536

static struct text number_text(uint64_t n)
{
    static char digits[20];
    uint32_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    return (struct text){digits + at, (uint32_t)sizeof digits - at};
}

static handle body_stream(handle request)
{
    struct ret_handle body, stream;
    request_consume(request, &body);
    swell_expect(!body.is_err);
    incoming_body_stream(body.ok, &stream);
    swell_expect(!stream.is_err);
    return stream.ok;
}

static void in(handle request, handle outparam)
{
    handle stream = body_stream(request);
    struct ret_list part;
    uint64_t size = 0;
    uintptr_t mark = heap_mark();
    for (;;) {
        input_stream_blocking_read(stream, PIECE, &part);
        if (part.is_err)
            break;
        size += part.ok.n;
        heap_release(mark);
    }
    swell_expect(part.err.closed);
    respond_text(outparam, 200, number_text(size));
}

static void out(handle outparam, uint64_t count)
{
    struct response response = response_start(outparam, 200, fields_new());
    char *part = heap_alloc(PIECE, 1);
    for (uint32_t i = 0; i < PIECE; i++)
        part[i] = 'a';
    for (; count; count -= count < PIECE ? count : PIECE)
        if (!response_write(&response, part, count < PIECE ? (uint32_t)count : PIECE))
            return;
    response_end(&response);
}

static void echo(handle request, handle outparam)
{
    handle stream = body_stream(request);
    struct response response = response_start(outparam, 200, fields_new());
    struct ret_list part;
    uintptr_t mark = heap_mark();
    for (;;) {
        input_stream_blocking_read(stream, PIECE, &part);
        if (part.is_err || !response_write(&response, part.ok.p, part.ok.n))
            break;
        heap_release(mark);
    }
    response_end(&response);
}

static void splice(handle request, handle outparam)
{
    handle stream = body_stream(request);
    struct response response = response_start(outparam, 200, fields_new());
    struct ret_u64 moved;
    do
        output_stream_blocking_splice(response.stream, stream, PIECE, &moved);
    while (!moved.is_err);
    response_end(&response);
}

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    struct text path = request_path(request), rest;
    if (text_is(path, TEXT("/in")))
        in(request, outparam);
    else if (text_starts(path, TEXT("/out/"), &rest))
        out(outparam, text_number(rest));
    else if (text_is(path, TEXT("/echo")))
        echo(request, outparam);
    else if (text_is(path, TEXT("/splice")))
        splice(request, outparam);
    else
        respond_text(outparam, 200, TEXT("here\n"));
}
