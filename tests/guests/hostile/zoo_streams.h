/* zoo_streams.h - streams used against their contract, and output without end.  Tests: guests. */
#ifndef SWELL_TESTS_ZOO_STREAMS_H
#define SWELL_TESTS_ZOO_STREAMS_H

#include "zoo.h"

static void write_unasked(handle request, handle outparam)
{
    (void)request;
    struct ret_stream wrote;
    output_stream_write(started(outparam).stream, "a", 1, &wrote);
}

static void write_more(handle request, handle outparam)
{
    (void)request;
    struct response response = started(outparam);
    struct ret_u64 room;
    struct ret_stream wrote;
    output_stream_check_write(response.stream, &room);
    output_stream_write(response.stream, heap_alloc((uint32_t)room.ok + 1, 1), (uint32_t)room.ok + 1, &wrote);
}

static void write_twice_for_one_permission(handle request, handle outparam)
{
    (void)request;
    struct response response = started(outparam);
    struct ret_u64 room;
    struct ret_stream wrote;
    output_stream_check_write(response.stream, &room);
    const char *bytes = heap_alloc((uint32_t)room.ok, 1);
    output_stream_write(response.stream, bytes, (uint32_t)room.ok, &wrote);
    output_stream_write(response.stream, bytes, (uint32_t)room.ok, &wrote);
}

static void write_zeroes_without_end(handle request, handle outparam)
{
    (void)request;
    struct ret_stream wrote;
    output_stream_write_zeroes(started(outparam).stream, -1, &wrote);
}

static void write_and_flush_5000(handle request, handle outparam)
{
    (void)request;
    struct ret_stream wrote;
    output_stream_blocking_write_and_flush(started(outparam).stream, heap_alloc(5000, 1), 5000, &wrote);
}

static void write_zeroes_and_flush_5000(handle request, handle outparam)
{
    (void)request;
    struct ret_stream wrote;
    output_stream_blocking_write_zeroes(started(outparam).stream, 5000, &wrote);
}

static void write_outside(handle request, handle outparam)
{
    (void)request;
    struct response response = started(outparam);
    struct ret_u64 room;
    struct ret_stream wrote;
    output_stream_check_write(response.stream, &room);
    output_stream_write(response.stream, OUTSIDE, 64, &wrote);
}

static void write_after_finish(handle request, handle outparam)
{
    (void)request;
    struct response response = started(outparam);
    struct ret_stream wrote;
    response_end(&response);
    output_stream_blocking_write_and_flush(response.stream, "a", 1, &wrote);
}

static void flush_again_and_again(handle request, handle outparam)
{
    (void)request;
    struct response response = started(outparam);
    struct ret_stream flushed;
    for (uint32_t i = 0; i < 1000; i++)
        output_stream_flush(response.stream, &flushed);
    response_write(&response, "flushed\n", 8);
    response_end(&response);
}

static void read_after_end(handle request, handle outparam)
{
    handle body, stream = body_stream(request, &body);
    struct ret_list got;
    do {
        input_stream_blocking_read(stream, 100, &got);
    } while (!got.is_err);
    input_stream_read(stream, 100, &got);
    verdict(outparam, got.is_err && got.err.closed);
}

static void read_everything(handle request, handle outparam)
{
    handle body, stream = body_stream(request, &body);
    struct ret_list got;
    input_stream_blocking_read(stream, -1, &got);
    verdict(outparam, got.is_err || got.ok.n <= 65536);
}

static void skip_everything(handle request, handle outparam)
{
    handle body, stream = body_stream(request, &body);
    struct ret_u64 skipped;
    input_stream_skip(stream, -1, &skipped);
    verdict(outparam, skipped.is_err || skipped.ok <= 65536);
}

static void splice_everything(handle request, handle outparam)
{
    handle body, stream = body_stream(request, &body);
    struct response response = started(outparam);
    struct ret_u64 moved;
    do {
        output_stream_blocking_splice(response.stream, stream, -1, &moved);
    } while (!moved.is_err);
    response_write(&response, "spliced\n", 8);
    response_end(&response);
}

static void consume_twice(handle request, handle outparam)
{
    struct ret_handle first, second;
    request_consume(request, &first);
    request_consume(request, &second);
    verdict(outparam, !first.is_err && second.is_err);
}

static void stream_twice(handle request, handle outparam)
{
    struct ret_handle body, first, second;
    request_consume(request, &body);
    incoming_body_stream(body.ok, &first);
    incoming_body_stream(body.ok, &second);
    verdict(outparam, !first.is_err && second.is_err);
}

static void trailers_twice(handle request, handle outparam)
{
    struct ret_handle body;
    struct ret_words first, second;
    request_consume(request, &body);
    handle trailers = incoming_body_finish(body.ok);
    pollable_block(future_trailers_subscribe(trailers));
    future_trailers_get(trailers, &first);
    future_trailers_get(trailers, &second);
    verdict(outparam, true);
}

static void read_stdin_for_ever(handle request, handle outparam)
{
    (void)request;
    struct ret_list got;
    input_stream_blocking_read(get_stdin(), 1000, &got);
    verdict(outparam, got.is_err && got.err.closed);
}

static void print(handle stream, const char *p, uint32_t n)
{
    struct ret_stream wrote;
    while (n) {
        uint32_t part = n < 4096 ? n : 4096;
        output_stream_blocking_write_and_flush(stream, p, part, &wrote);
        p += part;
        n -= part;
    }
}

static void print_without_line_end(handle request, handle outparam)
{
    (void)request;
    char *bytes = heap_alloc(1 << 20, 1);
    __builtin_memset(bytes, 'x', 1 << 20);
    print(get_stdout(), bytes, 1 << 20);
    verdict(outparam, true);
}

static void print_terminal_codes(handle request, handle outparam)
{
    (void)request;
    print(get_stderr(), "\033]0;owned\007\033[2J\rguest says hello\n", 32);
    verdict(outparam, true);
}

static void print_for_ever(handle request, handle outparam)
{
    (void)request, (void)outparam;
    handle out = get_stdout();
    for (;;)
        print(out, "\n", 1);
}

static void body_for_ever(handle request, handle outparam)
{
    (void)request;
    struct response response = started(outparam);
    char *bytes = heap_alloc(65536, 1);
    while (response_write(&response, bytes, 65536))
        ;
}

static const struct act zoo_streams[] = {ACT(write_unasked),
                                         ACT(write_more),
                                         ACT(write_twice_for_one_permission),
                                         ACT(write_zeroes_without_end),
                                         ACT(write_and_flush_5000),
                                         ACT(write_zeroes_and_flush_5000),
                                         ACT(write_outside),
                                         ACT(write_after_finish),
                                         ACT(flush_again_and_again),
                                         ACT(read_after_end),
                                         ACT(read_everything),
                                         ACT(skip_everything),
                                         ACT(splice_everything),
                                         ACT(consume_twice),
                                         ACT(stream_twice),
                                         ACT(trailers_twice),
                                         ACT(read_stdin_for_ever),
                                         ACT(print_without_line_end),
                                         ACT(print_terminal_codes),
                                         ACT(print_for_ever),
                                         ACT(body_for_ever),
                                         ACT_END};

#endif
