/* io.c - wasi:io over carriers of the test's own, polling, and clocks.  Tests: host. */
#include "host/wasi/io.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "check.h"
#include "fake.h"
#include "host/bindings/clocks_monotonic_clock.h"
#include "host/bindings/clocks_wall_clock.h"
#include "host/limits.h"
#include "loop/loop.h"

#define CLOSED HOST_IO_STREAMS_STREAM_ERROR_CLOSED
#define FAILED HOST_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED

/* ---- carriers ---- */

struct script_source {
    struct host_source source;
    struct sw_str bytes;
    int then; /* SW_WAIT, SW_END or < 0, when there are no bytes */
    unsigned closes;
};

static int source_peek(struct host_source *base, struct sw_str *ret, struct sw_err *err)
{
    struct script_source *source = SW_CONTAINER(base, struct script_source, source);
    *ret = source->bytes;
    if (source->bytes.n)
        return 0;
    return source->then < 0 ? sw_fail(err, (enum sw_code) - source->then, "the source broke") : source->then;
}

static void source_consume(struct host_source *base, size_t n)
{
    struct script_source *source = SW_CONTAINER(base, struct script_source, source);
    CHECK(n <= source->bytes.n);
    source->bytes = sw_str_from(source->bytes, n);
}

static void source_close(struct host_source *base)
{
    SW_CONTAINER(base, struct script_source, source)->closes++;
}

static const struct host_source_ops source_ops = {source_peek, source_consume, source_close};

struct script_sink {
    struct host_sink sink;
    struct sw_buf got;
    size_t room;
    int flush; /* what flush gives */
    int fail;  /* < 0: what write gives */
    unsigned closes;
};

static size_t sink_room(struct host_sink *base)
{
    return SW_CONTAINER(base, struct script_sink, sink)->room;
}

static int sink_write(struct host_sink *base, struct sw_str bytes, size_t *ret_n, struct sw_err *err)
{
    struct script_sink *sink = SW_CONTAINER(base, struct script_sink, sink);
    if (sink->fail)
        return sw_fail(err, (enum sw_code) - sink->fail, "the sink broke \xe2\x82\xac");
    if (sink->room == 0)
        return SW_WAIT;
    bytes = sw_str_head(bytes, sink->room);
    sink->room -= bytes.n;
    *ret_n = bytes.n;
    return sw_buf_add(&sink->got, bytes, err);
}

static int sink_flush(struct host_sink *base, struct sw_err *err)
{
    struct script_sink *sink = SW_CONTAINER(base, struct script_sink, sink);
    return sink->flush < 0 ? sw_fail(err, (enum sw_code) - sink->flush, "the flush broke") : sink->flush;
}

static void sink_close(struct host_sink *base)
{
    SW_CONTAINER(base, struct script_sink, sink)->closes++;
}

static const struct host_sink_ops sink_ops = {sink_room, sink_write, sink_flush, sink_close};

struct setup {
    struct fake fake;
    struct script_source source;
    struct script_sink sink;
    struct host_io_streams_input_stream *in;
    struct host_io_streams_output_stream *out;
};

static void begin(struct setup *s)
{
    memset(s, 0, sizeof *s);
    fake_init(&s->fake);
    s->source.source.ops = &source_ops;
    s->source.then = SW_WAIT;
    host_event_init(&s->source.source.ready);
    s->sink.sink.ops = &sink_ops;
    s->sink.got = SW_BUF(1u << 20);
    s->sink.room = 1u << 20;
    host_event_init(&s->sink.sink.ready);
    s->in = host_input_stream_new(&s->fake.call, &s->source.source, HOST_ERROR_PLAIN);
    s->out = host_output_stream_new(&s->fake.call, &s->sink.sink, HOST_ERROR_PLAIN);
    CHECK(s->in && s->out);
}

static void end(struct setup *s)
{
    host_io_streams_input_stream_drop(s->fake.host, s->in);
    host_io_streams_output_stream_drop(s->fake.host, s->out);
    CHECK_INT(s->source.closes, 1);
    CHECK_INT(s->sink.closes, 1);
    sw_buf_deinit(&s->sink.got);
    fake_deinit(&s->fake);
}

static void check_error(struct setup *s, int rc, const struct host_io_streams_stream_error *error, int want)
{
    CHECK_INT(rc, HOST_WIT_ERROR);
    CHECK_INT(error->tag, want);
    if (error->tag == FAILED) {
        struct host_option_http_types_error_code code;
        CHECK_INT(host_http_types_http_error_code(&s->fake.call, error->last_operation_failed, &code), 0);
        CHECK(!code.has);
        host_io_error_error_drop(s->fake.host, error->last_operation_failed);
    }
}

/* ---- input ---- */

static void reads_are_bounded_and_end_for_good(void **state)
{
    (void)state;
    static char big[HOST_READ_BYTES_MAX + 10];
    struct setup s;
    struct host_io_streams_stream_error error;
    struct sw_str bytes;
    uint64_t n;
    begin(&s);
    s.source.bytes = sw_str(big, sizeof big);
    CHECK_INT(host_io_streams_input_stream_read(&s.fake.call, s.in, UINT64_MAX, &bytes, &error), 0);
    CHECK_INT(bytes.n, HOST_READ_BYTES_MAX);
    CHECK_INT(host_io_streams_input_stream_skip(&s.fake.call, s.in, UINT64_MAX, &n, &error), 0);
    CHECK_INT(n, 10);
    CHECK_INT(host_io_streams_input_stream_skip(&s.fake.call, s.in, 1, &n, &error), 0);
    CHECK_INT(n, 0);
    s.source.then = -SW_ETIMEOUT;
    check_error(&s, host_io_streams_input_stream_skip(&s.fake.call, s.in, 1, &n, &error), &error, FAILED);
    s.source.bytes = SW_LIT("too late");
    check_error(&s, host_io_streams_input_stream_read(&s.fake.call, s.in, 1, &bytes, &error), &error, CLOSED);
    check_error(&s, host_io_streams_input_stream_blocking_read_wait(&s.fake.call, s.in, 1, &bytes, &error),
                &error, CLOSED);
    check_error(&s, host_io_streams_input_stream_blocking_skip_wait(&s.fake.call, s.in, 1, &n, &error),
                &error, CLOSED);
    end(&s);
}

static void a_cancelled_wait_leads_straight_out(void **state)
{
    (void)state;
    struct setup s;
    struct host_io_streams_stream_error error;
    struct host_io_poll_pollable *pollable;
    struct sw_str bytes;
    uint64_t n;
    begin(&s);
    s.fake.cancelled = true;
    s.sink.room = 0;
    CHECK_INT(host_io_streams_input_stream_subscribe(&s.fake.call, s.in, &pollable), 0);
    CHECK_INT(host_io_streams_input_stream_blocking_read_wait(&s.fake.call, s.in, 1, &bytes, &error),
              -SW_ECANCELLED);
    CHECK_INT(host_io_streams_input_stream_blocking_skip_wait(&s.fake.call, s.in, 1, &n, &error),
              -SW_ECANCELLED);
    CHECK_INT(
        host_io_streams_output_stream_blocking_write_and_flush_wait(&s.fake.call, s.out, SW_LIT("x"), &error),
        -SW_ECANCELLED);
    CHECK_INT(
        host_io_streams_output_stream_blocking_write_zeroes_and_flush_wait(&s.fake.call, s.out, 1, &error),
        -SW_ECANCELLED);
    CHECK_INT(host_io_streams_output_stream_blocking_splice_wait(&s.fake.call, s.out, s.in, 1, &n, &error),
              -SW_ECANCELLED);
    s.sink.room = 5;
    CHECK_INT(host_io_streams_output_stream_blocking_splice_wait(&s.fake.call, s.out, s.in, 1, &n, &error),
              -SW_ECANCELLED);
    s.sink.flush = SW_WAIT;
    CHECK_INT(host_io_streams_output_stream_blocking_flush_wait(&s.fake.call, s.out, &error), -SW_ECANCELLED);
    CHECK_INT(host_io_poll_pollable_block_wait(&s.fake.call, pollable), -SW_ECANCELLED);
    CHECK(sw_list_empty(&s.source.source.ready.waiters));
    CHECK(sw_list_empty(&s.sink.sink.ready.waiters));
    host_io_poll_pollable_drop(s.fake.host, pollable);
    end(&s);
}

/* ---- output ---- */

static void writes_are_permitted_first(void **state)
{
    (void)state;
    struct setup s;
    struct host_io_streams_stream_error error;
    uint64_t n;
    begin(&s);
    s.sink.room = 10;
    CHECK_INT(host_io_streams_output_stream_check_write(&s.fake.call, s.out, &n, &error), 0);
    CHECK_INT(n, 10);
    CHECK_INT(host_io_streams_output_stream_write(&s.fake.call, s.out, SW_LIT("hello"), &error), 0);
    CHECK_INT(host_io_streams_output_stream_write(&s.fake.call, s.out, sw_str(NULL, 0), &error), 0);
    CHECK_INT(host_io_streams_output_stream_write_zeroes(&s.fake.call, s.out, 3, &error), 0);
    fake_trapped(&s.fake, host_io_streams_output_stream_write(&s.fake.call, s.out, SW_LIT("abc"), &error),
                 "3 bytes are more than check-write permitted");
    fake_trapped(&s.fake, host_io_streams_output_stream_write_zeroes(&s.fake.call, s.out, UINT64_MAX, &error),
                 "are more than");
    CHECK_INT(s.sink.got.n, 8);
    CHECK_INT(memcmp(s.sink.got.p, "hello\0\0\0", 8), 0);
    s.sink.room = 100000;
    CHECK_INT(host_io_streams_output_stream_write_zeroes(&s.fake.call, s.out, 100000, &error), 0);
    CHECK_INT(s.sink.got.n, 100008);
    fake_trapped(
        &s.fake,
        host_io_streams_output_stream_blocking_write_zeroes_and_flush_wait(&s.fake.call, s.out, 4097, &error),
        "4097 bytes are over 4096");
    end(&s);
}

static void a_flush_holds_further_writes(void **state)
{
    (void)state;
    struct setup s;
    struct host_io_streams_stream_error error;
    struct host_io_poll_pollable *pollable;
    uint64_t n;
    bool ready;
    begin(&s);
    CHECK_INT(host_io_streams_output_stream_subscribe(&s.fake.call, s.out, &pollable), 0);
    s.sink.flush = SW_WAIT;
    CHECK_INT(host_io_poll_pollable_ready(&s.fake.call, pollable, &ready), 0);
    CHECK(ready); /* nobody asked for a flush */
    CHECK_INT(host_io_streams_output_stream_flush(&s.fake.call, s.out, &error), 0);
    CHECK_INT(host_io_poll_pollable_ready(&s.fake.call, pollable, &ready), 0);
    CHECK(!ready);
    CHECK_INT(host_io_streams_output_stream_check_write(&s.fake.call, s.out, &n, &error), 0);
    CHECK_INT(n, 0);
    s.sink.flush = 0;
    CHECK_INT(host_io_poll_pollable_ready(&s.fake.call, pollable, &ready), 0);
    CHECK(ready);
    CHECK_INT(host_io_streams_output_stream_check_write(&s.fake.call, s.out, &n, &error), 0);
    CHECK_INT(n, 1u << 20);
    host_io_poll_pollable_drop(s.fake.host, pollable);
    end(&s);
}

static void a_broken_sink_fails_once_then_is_closed(void **state)
{
    (void)state;
    static const struct {
        enum sw_code code;
        int want;
    } rows[] = {{SW_EIO, CLOSED}, {SW_ENOMEM, FAILED}, {SW_EINPUT, FAILED}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int way = 0; way < 6; way++) {
            struct setup s;
            struct host_io_streams_stream_error error;
            uint64_t n;
            int rc = 0;
            begin(&s);
            s.source.bytes = SW_LIT("abc");
            if (way < 3)
                s.sink.fail = -(int)rows[i].code;
            else
                s.sink.flush = -(int)rows[i].code;
            if (way == 0)
                rc = host_io_streams_output_stream_write(&s.fake.call, s.out, SW_LIT("x"), &error);
            else if (way == 1)
                rc = host_io_streams_output_stream_blocking_write_and_flush_wait(&s.fake.call, s.out,
                                                                                 SW_LIT("x"), &error);
            else if (way == 2)
                rc = host_io_streams_output_stream_splice(&s.fake.call, s.out, s.in, 2, &n, &error);
            else if (way == 3)
                rc = host_io_streams_output_stream_check_write(&s.fake.call, s.out, &n, &error);
            else if (way == 4)
                rc = host_io_streams_output_stream_flush(&s.fake.call, s.out, &error);
            else
                rc = host_io_streams_output_stream_blocking_flush_wait(&s.fake.call, s.out, &error);
            check_error(&s, rc, &error, rows[i].want);
            s.sink.fail = s.sink.flush = 0;
            check_error(&s, host_io_streams_output_stream_check_write(&s.fake.call, s.out, &n, &error),
                        &error, CLOSED);
            check_error(&s, host_io_streams_output_stream_write(&s.fake.call, s.out, SW_LIT("x"), &error),
                        &error, CLOSED);
            check_error(&s, host_io_streams_output_stream_flush(&s.fake.call, s.out, &error), &error, CLOSED);
            check_error(&s, host_io_streams_output_stream_blocking_flush_wait(&s.fake.call, s.out, &error),
                        &error, CLOSED);
            check_error(&s, host_io_streams_output_stream_splice(&s.fake.call, s.out, s.in, 2, &n, &error),
                        &error, CLOSED);
            CHECK_INT(s.source.bytes.n, 3); /* nothing of the source was lost */
            end(&s);
        }
    }
}

static struct setup *parked;

static void park_turns(struct fake *fake)
{
    if (parked->source.bytes.n == 0)
        parked->source.bytes = SW_LIT("0123456789");
    parked->sink.room += 4;
    parked->sink.flush = 0;
    host_event_fire(&parked->source.source.ready);
    host_event_fire(&parked->sink.sink.ready);
    CHECK(fake->woken);
}

static void splice_moves_what_both_sides_can(void **state)
{
    (void)state;
    struct setup s;
    struct host_io_streams_stream_error error;
    uint64_t n;
    begin(&s);
    parked = &s;
    s.fake.park = park_turns;
    CHECK_INT(host_io_streams_output_stream_splice(&s.fake.call, s.out, s.in, 9, &n, &error), 0);
    CHECK_INT(n, 0);
    s.source.bytes = SW_LIT("abcdef");
    s.sink.room = 4;
    CHECK_INT(host_io_streams_output_stream_splice(&s.fake.call, s.out, s.in, 0, &n, &error), 0);
    CHECK_INT(n, 0);
    CHECK_INT(host_io_streams_output_stream_splice(&s.fake.call, s.out, s.in, 3, &n, &error), 0);
    CHECK_INT(n, 3);
    CHECK_INT(host_io_streams_output_stream_splice(&s.fake.call, s.out, s.in, 9, &n, &error), 0);
    CHECK_INT(n, 1);
    CHECK_INT(host_io_streams_output_stream_splice(&s.fake.call, s.out, s.in, 9, &n, &error), 0);
    CHECK_INT(n, 0); /* no room */
    CHECK_INT(host_io_streams_output_stream_blocking_splice_wait(&s.fake.call, s.out, s.in, 9, &n, &error),
              0);
    CHECK_INT(n, 2);
    CHECK_INT(s.fake.parks, 1);
    CHECK_INT(host_io_streams_output_stream_blocking_splice_wait(&s.fake.call, s.out, s.in, 9, &n, &error),
              0);
    CHECK_INT(n, 6);
    CHECK_STR(sw_buf_str(&s.sink.got), "abcdef012345");
    s.source.bytes = sw_str(NULL, 0);
    s.source.then = SW_END;
    s.sink.room = 5;
    check_error(&s, host_io_streams_output_stream_splice(&s.fake.call, s.out, s.in, 9, &n, &error), &error,
                CLOSED);
    CHECK_INT(host_io_streams_output_stream_check_write(&s.fake.call, s.out, &n, &error),
              0); /* only the source ended */
    end(&s);
}

static void blocking_writes_wait_for_room_and_flush(void **state)
{
    (void)state;
    struct setup s;
    struct host_io_streams_stream_error error;
    begin(&s);
    parked = &s;
    s.fake.park = park_turns;
    s.sink.room = 2;
    s.sink.flush = SW_WAIT;
    CHECK_INT(host_io_streams_output_stream_blocking_write_and_flush_wait(&s.fake.call, s.out,
                                                                          SW_LIT("hello world"), &error),
              0);
    CHECK_STR(sw_buf_str(&s.sink.got), "hello world");
    CHECK_INT(s.fake.parks, 3);
    CHECK_INT(
        host_io_streams_output_stream_blocking_write_zeroes_and_flush_wait(&s.fake.call, s.out, 6, &error),
        0);
    CHECK_INT(s.sink.got.n, 17);
    s.sink.flush = SW_WAIT;
    CHECK_INT(host_io_streams_output_stream_blocking_write_and_flush_wait(&s.fake.call, s.out,
                                                                          sw_str(NULL, 0), &error),
              0);
    CHECK_INT(s.sink.flush, 0);
    end(&s);
}

static void a_stream_may_go_before_its_pollable(void **state)
{
    (void)state;
    struct setup s;
    struct host_io_poll_pollable *in, *out;
    bool ready;
    begin(&s);
    s.sink.room = 0;
    CHECK_INT(host_io_streams_input_stream_subscribe(&s.fake.call, s.in, &in), 0);
    CHECK_INT(host_io_streams_output_stream_subscribe(&s.fake.call, s.out, &out), 0);
    CHECK_INT(host_io_poll_pollable_ready(&s.fake.call, in, &ready), 0);
    CHECK(!ready);
    host_io_streams_input_stream_drop(s.fake.host, s.in);
    host_io_streams_output_stream_drop(s.fake.host, s.out);
    CHECK_INT(s.source.closes, 1);
    CHECK_INT(host_io_poll_pollable_block_wait(&s.fake.call, in), 0);
    CHECK_INT(host_io_poll_pollable_block_wait(&s.fake.call, out), 0);
    host_io_poll_pollable_drop(s.fake.host, in);
    host_io_poll_pollable_drop(s.fake.host, out);
    sw_buf_deinit(&s.sink.got);
    fake_deinit(&s.fake);
}

/* ---- poll ---- */

static void park_source_only(struct fake *fake)
{
    host_event_fire(&parked->source.source.ready); /* for nothing, the first time */
    if (fake->parks == 2)
        parked->source.bytes = SW_LIT("x");
}

static void poll_gives_the_indices_that_are_ready(void **state)
{
    (void)state;
    struct setup s;
    struct host_io_poll_pollable *in, *out, *list[5];
    struct host_list_u32 ready;
    begin(&s);
    parked = &s;
    s.sink.room = 0;
    s.fake.park = park_source_only;
    CHECK_INT(host_io_streams_input_stream_subscribe(&s.fake.call, s.in, &in), 0);
    CHECK_INT(host_io_streams_output_stream_subscribe(&s.fake.call, s.out, &out), 0);
    list[0] = list[3] = out;
    list[1] = list[2] = list[4] = in; /* the same one several times */
    CHECK_INT(host_io_poll_poll_wait(&s.fake.call, (struct host_list_io_poll_pollable){list, 5}, &ready), 0);
    CHECK_INT(s.fake.parks, 2);
    CHECK_INT(ready.n, 3);
    CHECK(ready.items[0] == 1 && ready.items[1] == 2 && ready.items[2] == 4);
    s.sink.room = 1;
    CHECK_INT(host_io_poll_poll_wait(&s.fake.call, (struct host_list_io_poll_pollable){list, 5}, &ready), 0);
    CHECK_INT(s.fake.parks, 2);
    CHECK_INT(ready.n, 5);
    fake_trapped(&s.fake,
                 host_io_poll_poll_wait(&s.fake.call, (struct host_list_io_poll_pollable){list, 0}, &ready),
                 "the list is empty");
    fake_trapped(&s.fake,
                 host_io_poll_poll_wait(&s.fake.call,
                                        (struct host_list_io_poll_pollable){list, HOST_POLL_MAX + 1}, &ready),
                 "4097 pollables are over the limit of 4096");
    host_io_poll_pollable_drop(s.fake.host, in);
    host_io_poll_pollable_drop(s.fake.host, out);
    end(&s);
}

/* ---- clocks ---- */

static void clocks_run(void **state)
{
    (void)state;
    struct fake fake;
    struct host_clocks_wall_clock_datetime wall;
    uint64_t before, after;
    fake_init(&fake);
    CHECK_INT(host_clocks_monotonic_clock_now(&fake.call, &before), 0);
    CHECK_INT(host_clocks_monotonic_clock_now(&fake.call, &after), 0);
    CHECK(after >= before);
    CHECK(before >= HOST_CLOCK_START_NS &&
          after < HOST_CLOCK_START_NS + 60 * UINT64_C(1000000000)); /* no uptime */
    CHECK_INT(host_clocks_monotonic_clock_resolution(&fake.call, &after), 0);
    CHECK(after > 0);
    CHECK_INT(host_clocks_wall_clock_now(&fake.call, &wall), 0);
    CHECK(wall.seconds > 1700000000 && wall.nanoseconds < 1000000000);
    CHECK_INT(host_clocks_wall_clock_resolution(&fake.call, &wall), 0);
    CHECK(wall.seconds == 0 && wall.nanoseconds > 0);
    fake_deinit(&fake);
}

static void a_clock_wakes_a_poll_in_order(void **state)
{
    (void)state;
    struct fake fake;
    struct host_io_poll_pollable *list[4];
    struct host_list_u32 ready;
    uint64_t start = sw_clock_mono_ns();
    fake_init(&fake);
    CHECK_INT(host_clocks_monotonic_clock_subscribe_duration(&fake.call, UINT64_MAX, &list[0]), 0);
    CHECK_INT(host_clocks_monotonic_clock_subscribe_duration(&fake.call, 30000000, &list[1]), 0);
    uint64_t now;
    CHECK_INT(host_clocks_monotonic_clock_now(&fake.call, &now), 0);
    CHECK_INT(host_clocks_monotonic_clock_subscribe_instant(&fake.call, now + 5500000, &list[2]), 0);
    CHECK_INT(host_clocks_monotonic_clock_subscribe_duration(&fake.call, 60000000000, &list[3]), 0);
    CHECK_INT(host_io_poll_poll_wait(&fake.call, (struct host_list_io_poll_pollable){list, 4}, &ready), 0);
    CHECK(sw_clock_mono_ns() - start >= 5500000);
    CHECK(ready.n >= 1);
    CHECK_INT(ready.items[ready.n - 1], 2);
    CHECK_INT(host_io_poll_pollable_block_wait(&fake.call, list[1]), 0);
    CHECK(sw_clock_mono_ns() - start >= 30000000);
    CHECK(sw_list_empty(&fake.host->timers));
    for (int i = 0; i < 4; i++)
        host_io_poll_pollable_drop(fake.host, list[i]);
    fake_deinit(&fake);
}

static void a_past_instant_is_ready_without_a_timer(void **state)
{
    (void)state;
    struct fake fake;
    struct host_io_poll_pollable *pollable;
    bool ready;
    fake_init(&fake);
    CHECK_INT(host_clocks_monotonic_clock_subscribe_instant(&fake.call, 0, &pollable), 0);
    CHECK_INT(host_io_poll_pollable_ready(&fake.call, pollable, &ready), 0);
    CHECK(ready);
    CHECK_INT(host_io_poll_pollable_block_wait(&fake.call, pollable), 0);
    CHECK(!fake.host->timer);
    host_io_poll_pollable_drop(fake.host, pollable);
    fake_deinit(&fake);
}

static uint64_t poll_cost_ns(struct fake *fake, bool descending)
{
    static struct host_io_poll_pollable *list[HOST_POLL_MAX];
    const size_t n = HOST_POLL_MAX;
    struct host_list_u32 ready;
    uint64_t best = UINT64_MAX;
    for (size_t i = 0; i < n; i++) {
        uint64_t rank = descending ? n - i : i + 1;
        CHECK_INT(host_clocks_monotonic_clock_subscribe_duration(&fake->call, 3600000000000 + rank * 1000000,
                                                                 &list[i]),
                  0);
    }
    for (int run = 0; run < 5; run++) {
        struct host_io_poll_pollable *soon;
        CHECK_INT(host_clocks_monotonic_clock_subscribe_duration(&fake->call, 1000000, &soon), 0);
        struct host_io_poll_pollable *last = list[n - 1];
        list[n - 1] = soon;
        uint64_t start = sw_clock_thread_cpu_ns();
        CHECK_INT(host_io_poll_poll_wait(&fake->call, (struct host_list_io_poll_pollable){list, n}, &ready),
                  0);
        uint64_t took = sw_clock_thread_cpu_ns() - start;
        best = took < best ? took : best;
        CHECK(ready.n == 1 && ready.items[0] == n - 1);
        list[n - 1] = last;
        host_io_poll_pollable_drop(fake->host, soon);
    }
    for (size_t i = 0; i < n; i++)
        host_io_poll_pollable_drop(fake->host, list[i]);
    return best;
}

static void the_order_of_deadlines_does_not_matter(void **state)
{
    (void)state;
    struct fake fake;
    fake_init(&fake);
    uint64_t ascending = poll_cost_ns(&fake, false);
    uint64_t descending = poll_cost_ns(&fake, true);
    print_message("4096 deadlines: %llu us ascending, %llu us descending\n",
                  (unsigned long long)ascending / 1000, (unsigned long long)descending / 1000);
    CHECK(descending < 5 * ascending + 1000000); /* in order it would be 8 million steps */
    fake_deinit(&fake);
}

static int many_allocations(struct fake *fake)
{
    struct host_io_poll_pollable *list[70];
    struct host_list_u32 ready;
    size_t n = 0;
    int rc = 0;
    while (rc == 0 && n < 70) {
        rc =
            host_clocks_monotonic_clock_subscribe_duration(&fake->call, n == 0 ? 1000 : 1000000000, &list[n]);
        n += rc == 0;
    }
    if (rc == 0)
        rc = host_io_poll_poll_wait(&fake->call, (struct host_list_io_poll_pollable){list, n}, &ready);
    while (n--)
        host_io_poll_pollable_drop(fake->host, list[n]);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 100; n++) {
        struct fake fake;
        fake_init(&fake);
        sw_mem_fail_after(n);
        int rc = many_allocations(&fake);
        sw_mem_fail_after(-1);
        if (rc < 0)
            fake_trapped(&fake, rc, "no ");
        fake_deinit(&fake);
        if (rc == 0)
            return;
    }
    fail_msg("still failing after 100 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_are_bounded_and_end_for_good),
        cmocka_unit_test(a_cancelled_wait_leads_straight_out),
        cmocka_unit_test(writes_are_permitted_first),
        cmocka_unit_test(a_flush_holds_further_writes),
        cmocka_unit_test(a_broken_sink_fails_once_then_is_closed),
        cmocka_unit_test(splice_moves_what_both_sides_can),
        cmocka_unit_test(blocking_writes_wait_for_room_and_flush),
        cmocka_unit_test(a_stream_may_go_before_its_pollable),
        cmocka_unit_test(poll_gives_the_indices_that_are_ready),
        cmocka_unit_test(clocks_run),
        cmocka_unit_test(a_clock_wakes_a_poll_in_order),
        cmocka_unit_test(the_order_of_deadlines_does_not_matter),
        cmocka_unit_test(a_past_instant_is_ready_without_a_timer),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
