/* http_response.c - the life of a response, in every order a guest may choose.  Tests: host. */
#include "base/alloc.h"
#include "check.h"
#include "fake.h"
#include "host/limits.h"
#include "host/wasi/io.h"
#include "loop/loop.h"

struct setup {
    struct fake fake;
    struct http_exchange exchange;
    struct fake_request http;
    struct host_http_types_outgoing_response *response;
    struct host_http_types_outgoing_body *body;
    struct host_io_streams_output_stream *stream;
    bool outparam_gone;
    int finish_rc;
    struct host_http_types_error_code finish_error;
};

static void begin(struct setup *s, const char *method)
{
    memset(s, 0, sizeof *s);
    fake_init(&s->fake);
    fake_exchange_init(&s->exchange, method, "/");
    s->http = fake_begin(&s->fake, &s->exchange);
}

static int response_make(struct setup *s, const char *length)
{
    struct host_http_types_fields *headers;
    struct host_http_types_header_error error;
    int rc = host_http_types_fields_new(&s->fake.call, &headers);
    if (rc < 0)
        return rc;
    rc = host_http_types_fields_append(&s->fake.call, headers, SW_LIT("Content-Type"), SW_LIT(" text/plain "),
                                       &error);
    if (rc == 0 && length)
        rc = host_http_types_fields_append(&s->fake.call, headers, SW_LIT("Content-Length"),
                                           sw_str_of(length), &error);
    if (rc < 0) {
        host_http_types_fields_drop(s->fake.host, headers);
        return rc;
    }
    return host_http_types_outgoing_response_new(&s->fake.call, headers, &s->response);
}

static struct host_result_http_types_outgoing_response_http_types_error_code
ok(struct host_http_types_outgoing_response *response)
{
    return (struct host_result_http_types_outgoing_response_http_types_error_code){.is_err = false,
                                                                                   .ok = response};
}

static int finish(struct setup *s, const char *trailer)
{
    struct host_option_http_types_fields trailers = {0};
    struct host_http_types_header_error error;
    if (trailer) {
        trailers.has = true;
        CHECK_INT(host_http_types_fields_new(&s->fake.call, &trailers.value), 0);
        CHECK_INT(host_http_types_fields_append(&s->fake.call, trailers.value, SW_LIT("x-sum"),
                                                sw_str_of(trailer), &error),
                  0);
    }
    struct host_http_types_outgoing_body *body = s->body;
    s->body = NULL;
    s->finish_rc = host_http_types_outgoing_body_finish_wait(&s->fake.call, body, trailers, &s->finish_error);
    return s->finish_rc;
}

/* One letter is one call; see the rows below. Returns < 0 when it trapped. */
static int step(struct setup *s, char what)
{
    struct host_io_streams_stream_error error;
    struct host_result_http_types_outgoing_response_http_types_error_code failure = {.is_err = true};
    struct host_http_types_outgoing_response *response = s->response;
    int rc;
    switch (what) {
    case 'b': /* outgoing-response.body */
        return host_http_types_outgoing_response_body(&s->fake.call, s->response, &s->body);
    case 'w': /* outgoing-body.write */
        return host_http_types_outgoing_body_write(&s->fake.call, s->body, &s->stream);
    case 'x': /* five bytes */
        rc = host_io_streams_output_stream_blocking_write_and_flush_wait(&s->fake.call, s->stream,
                                                                         SW_LIT("hello"), &error);
        if (rc == HOST_WIT_ERROR && error.tag == HOST_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED)
            host_io_error_error_drop(s->fake.host, error.last_operation_failed);
        return rc;
    case 'd': /* drop the stream */
        host_io_streams_output_stream_drop(s->fake.host, s->stream);
        s->stream = NULL;
        return 0;
    case 'f': /* outgoing-body.finish */
        return finish(s, NULL);
    case 't': /* the same, with a trailer */
        return finish(s, "7");
    case 'D': /* drop the body */
        host_http_types_outgoing_body_drop(s->fake.host, s->body);
        s->body = NULL;
        return 0;
    case 'R': /* drop the response */
        host_http_types_outgoing_response_drop(s->fake.host, s->response);
        s->response = NULL;
        return 0;
    case 'S': /* response-outparam.set(ok) */
        s->outparam_gone = true;
        s->response = NULL;
        return host_http_types_response_outparam_set_wait(&s->fake.call, s->http.outparam, ok(response));
    case 'E': /* response-outparam.set(error) */
        s->outparam_gone = true;
        return host_http_types_response_outparam_set_wait(&s->fake.call, s->http.outparam, failure);
    case 'g': /* the client leaves */
        s->exchange.gone = true;
        host_http_gone(s->fake.host);
        return 0;
    default:
        fail_msg("a letter");
        return 0;
    }
}

/* What the end of a store does: drops every handle that is left, after host_http_end. */
static void drop_rest(struct setup *s)
{
    if (s->stream)
        host_io_streams_output_stream_drop(s->fake.host, s->stream);
    if (s->body)
        host_http_types_outgoing_body_drop(s->fake.host, s->body);
    if (s->response)
        host_http_types_outgoing_response_drop(s->fake.host, s->response);
    if (!s->outparam_gone)
        host_http_types_response_outparam_drop(s->fake.host, s->http.outparam);
    host_http_types_incoming_request_drop(s->fake.host, s->http.request);
}

static void end(struct setup *s)
{
    drop_rest(s);
    fake_deinit(&s->fake);
    fake_exchange_deinit(&s->exchange);
}

static const struct {
    const char *steps, *length; /* length: content-length given by the guest */
    enum host_http_outcome want;
    uint64_t announced;
    const char *out;
} orders[] = {
    {"", NULL, HOST_HTTP_NONE, 0, ""},
    {"R", NULL, HOST_HTTP_NONE, 0, ""},
    {"bR", NULL, HOST_HTTP_NONE, 0, ""},
    {"bwxR", NULL, HOST_HTTP_NONE, 0, ""},
    {"E", NULL, HOST_HTTP_ERROR, 0, ""},
    {"S", NULL, HOST_HTTP_FINISHED, 0, ""},
    {"S", "5", HOST_HTTP_STARTED, 5, ""}, /* nobody can write it */
    {"S", "x", HOST_HTTP_ERROR, 0, ""},
    {"bS", NULL, HOST_HTTP_STARTED, UINT64_MAX, ""},
    {"bSD", NULL, HOST_HTTP_STARTED, UINT64_MAX, ""},
    {"bSf", NULL, HOST_HTTP_FINISHED, UINT64_MAX, ""},
    {"bwxdSf", NULL, HOST_HTTP_FINISHED, UINT64_MAX, "hello"},
    {"bSwxdf", NULL, HOST_HTTP_FINISHED, UINT64_MAX, "hello"},
    {"bSwxxdf", NULL, HOST_HTTP_FINISHED, UINT64_MAX, "hellohello"},
    {"bwxSxdf", NULL, HOST_HTTP_FINISHED, UINT64_MAX, "hellohello"},
    {"bwxdfS", NULL, HOST_HTTP_FINISHED, 5, "hello"},          /* complete: its length is known */
    {"bwxdtS", NULL, HOST_HTTP_FINISHED, UINT64_MAX, "hello"}, /* trailers need chunks */
    {"bSwxdt", NULL, HOST_HTTP_FINISHED, UINT64_MAX, "hello"},
    {"bfS", NULL, HOST_HTTP_FINISHED, 0, ""},
    {"bDS", NULL, HOST_HTTP_STARTED, UINT64_MAX, ""},
    {"bwxdDS", NULL, HOST_HTTP_STARTED, UINT64_MAX, "hello"},
    {"bSwxdD", NULL, HOST_HTTP_STARTED, UINT64_MAX, "hello"},
    {"bSwxd", NULL, HOST_HTTP_STARTED, UINT64_MAX, "hello"},
    {"bSwx", NULL, HOST_HTTP_STARTED, UINT64_MAX, "hello"},
    {"bSwDxd", NULL, HOST_HTTP_STARTED, UINT64_MAX, "hello"}, /* the body before its stream */
    {"bSwxdf", "5", HOST_HTTP_FINISHED, 5, "hello"},
    {"bwxdfS", "5", HOST_HTTP_FINISHED, 5, "hello"},
    {"bSwxdf", "6", HOST_HTTP_STARTED, 6, "hello"}, /* too short */
    {"bwxdfS", "6", HOST_HTTP_STARTED, 6, "hello"},
    {"bSwxxdf", "9", HOST_HTTP_STARTED, 9, "hello"}, /* too long */
    {"bwxxdfS", "9", HOST_HTTP_STARTED, 9, ""},
    {"g", NULL, HOST_HTTP_NONE, 0, ""},
    {"gbSwxdf", NULL, HOST_HTTP_GONE, 0, ""},
    {"bSgwxdf", NULL, HOST_HTTP_STARTED, UINT64_MAX, ""},
    {"bSwxgxdf", NULL, HOST_HTTP_STARTED, UINT64_MAX, "hello"},
    {"bSwxdfg", NULL, HOST_HTTP_FINISHED, UINT64_MAX, "hello"},
    {"bwxgSdf", NULL, HOST_HTTP_GONE, 0, ""},
};

static void every_order_has_its_outcome(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct setup s;
        begin(&s, "GET");
        CHECK_INT(response_make(&s, orders[i].length), 0);
        for (const char *at = orders[i].steps; *at; at++)
            CHECK(step(&s, *at) >= 0);
        enum host_http_outcome got = fake_end(&s.fake);
        if (got != orders[i].want)
            print_error("row %zu: %s, content-length %s\n", i, orders[i].steps,
                        orders[i].length ? orders[i].length : "none");
        CHECK_INT(got, orders[i].want);
        CHECK_STR(sw_buf_str(&s.exchange.out), orders[i].out);
        CHECK_INT(s.exchange.content_length, orders[i].announced);
        CHECK_INT(s.exchange.finishes, got == HOST_HTTP_FINISHED);
        if (s.exchange.responds)
            CHECK_STR(sw_buf_str(&s.exchange.fields), "Content-Type: text/plain\n");
        if (strchr(orders[i].steps, 't'))
            CHECK_STR(sw_buf_str(&s.exchange.out_trailers), "x-sum: 7\n");
        end(&s);
    }
}

static void finish_tells_a_wrong_length(void **state)
{
    (void)state;
    static const struct {
        const char *method, *steps, *length;
        int rc;
        uint64_t bytes;
    } rows[] = {
        {"GET", "bwxdf", "5", 0, 0},
        {"GET", "bwxdf", "6", HOST_WIT_ERROR, 5},
        {"GET", "bf", "6", HOST_WIT_ERROR, 0},
        {"GET", "bwxxdf", "9", HOST_WIT_ERROR, 10},
        {"HEAD", "bf", "6", 0, 0}, /* the length of what GET would give */
        {"HEAD", "bwxdf", "6", HOST_WIT_ERROR, 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setup s;
        begin(&s, rows[i].method);
        CHECK_INT(response_make(&s, rows[i].length), 0);
        for (const char *at = rows[i].steps; *at; at++)
            CHECK(step(&s, *at) >= 0);
        CHECK_INT(s.finish_rc, rows[i].rc);
        if (rows[i].rc) {
            CHECK_INT(s.finish_error.tag, HOST_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_BODY_SIZE);
            CHECK(s.finish_error.http_response_body_size.has);
            CHECK_INT(s.finish_error.http_response_body_size.value, rows[i].bytes);
        }
        (void)fake_end(&s.fake);
        end(&s);
    }
}

static void writing_too_much_is_an_error_with_its_code(void **state)
{
    (void)state;
    struct setup s;
    struct host_io_streams_stream_error error;
    struct host_option_http_types_error_code code;
    begin(&s, "GET");
    CHECK_INT(response_make(&s, "4"), 0);
    for (const char *at = "bSw"; *at; at++)
        CHECK_INT(step(&s, *at), 0);
    CHECK_INT(host_io_streams_output_stream_write(&s.fake.call, s.stream, SW_LIT("hello"), &error),
              HOST_WIT_ERROR);
    CHECK_INT(error.tag, HOST_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED);
    CHECK_INT(host_http_types_http_error_code(&s.fake.call, error.last_operation_failed, &code), 0);
    CHECK(code.has && code.value.tag == HOST_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_BODY_SIZE);
    CHECK(code.value.http_response_body_size.has && code.value.http_response_body_size.value == 5);
    host_io_error_error_drop(s.fake.host, error.last_operation_failed);
    CHECK_INT(host_io_streams_output_stream_write(&s.fake.call, s.stream, SW_LIT("h"), &error),
              HOST_WIT_ERROR);
    CHECK_INT(error.tag, HOST_IO_STREAMS_STREAM_ERROR_CLOSED);
    CHECK_INT(fake_end(&s.fake), HOST_HTTP_STARTED);
    end(&s);
}

static void things_may_be_had_once(void **state)
{
    (void)state;
    struct setup s;
    struct host_http_types_outgoing_body *body;
    struct host_io_streams_output_stream *stream;
    struct host_option_http_types_fields none = {0};
    struct host_http_types_error_code error;
    begin(&s, "GET");
    CHECK_INT(response_make(&s, NULL), 0);
    CHECK_INT(step(&s, 'b'), 0);
    CHECK_INT(host_http_types_outgoing_response_body(&s.fake.call, s.response, &body), HOST_WIT_ERROR);
    CHECK_INT(step(&s, 'w'), 0);
    CHECK_INT(host_http_types_outgoing_body_write(&s.fake.call, s.body, &stream), HOST_WIT_ERROR);
    fake_trapped(&s.fake, host_http_types_outgoing_body_finish_wait(&s.fake.call, s.body, none, &error),
                 "its output-stream is still alive");
    s.body = NULL; /* taken by finish */
    CHECK_INT(fake_end(&s.fake), HOST_HTTP_NONE);
    end(&s);
}

static void status_and_headers_can_be_read_back(void **state)
{
    (void)state;
    struct setup s;
    struct host_http_types_fields *headers;
    struct host_http_types_header_error error;
    uint16_t status;
    begin(&s, "GET");
    CHECK_INT(response_make(&s, NULL), 0);
    CHECK_INT(host_http_types_outgoing_response_status_code(&s.fake.call, s.response, &status), 0);
    CHECK_INT(status, 200);
    CHECK_INT(host_http_types_outgoing_response_set_status_code(&s.fake.call, s.response, 99),
              HOST_WIT_ERROR);
    CHECK_INT(host_http_types_outgoing_response_set_status_code(&s.fake.call, s.response, 1000),
              HOST_WIT_ERROR);
    CHECK_INT(host_http_types_outgoing_response_set_status_code(&s.fake.call, s.response, 404), 0);
    CHECK_INT(host_http_types_outgoing_response_headers(&s.fake.call, s.response, &headers), 0);
    CHECK_INT(host_http_types_fields_append(&s.fake.call, headers, SW_LIT("a"), SW_LIT("b"), &error),
              HOST_WIT_ERROR);
    CHECK_INT(error.tag, HOST_HTTP_TYPES_HEADER_ERROR_IMMUTABLE);
    CHECK_INT(step(&s, 'S'), 0);
    CHECK_INT(s.exchange.status, 404);
    bool has;
    CHECK_INT(host_http_types_fields_has(&s.fake.call, headers, SW_LIT("content-type"), &has),
              0); /* outlives the response */
    CHECK(has);
    host_http_types_fields_drop(s.fake.host, headers);
    CHECK_INT(fake_end(&s.fake), HOST_HTTP_FINISHED);
    end(&s);
}

static void what_cannot_be_sent_is_an_error(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        struct setup s;
        uint16_t status = 0;
        begin(&s, "GET");
        CHECK_INT(response_make(&s, NULL), 0);
        if (way == 0)
            CHECK_INT(host_http_types_outgoing_response_set_status_code(&s.fake.call, s.response, 101), 0);
        else
            s.exchange.refuse = true;
        for (const char *at = "bSwxdf"; *at; at++)
            CHECK(step(&s, *at) >= 0);
        CHECK_INT(host_http_end(s.fake.host, &status), HOST_HTTP_ERROR);
        CHECK_INT(status, 500);
        CHECK_INT(s.exchange.responds, 0);
        end(&s);
    }
}

static void lengths_are_not_claimed_for_answers_without_body(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        uint16_t status;
        const char *length;
        uint64_t want;
    } rows[] = {
        {"GET", 200, NULL, 0},          {"HEAD", 200, NULL, UINT64_MAX}, {"GET", 204, NULL, UINT64_MAX},
        {"GET", 304, NULL, UINT64_MAX}, {"HEAD", 200, "12", 12},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setup s;
        begin(&s, rows[i].method);
        CHECK_INT(response_make(&s, rows[i].length), 0);
        CHECK_INT(host_http_types_outgoing_response_set_status_code(&s.fake.call, s.response, rows[i].status),
                  0);
        CHECK_INT(step(&s, 'S'), 0);
        CHECK_INT(s.exchange.content_length, rows[i].want);
        CHECK_INT(fake_end(&s.fake), HOST_HTTP_FINISHED);
        end(&s);
    }
}

/* ---- back-pressure ---- */

static struct setup *parked;

static void park_makes_room(struct fake *fake)
{
    CHECK(parked->exchange.wants_writable);
    parked->exchange.wants_writable = false;
    parked->exchange.room = 3000;
    host_http_writable(fake->host);
    fake->woken = true;
}

static void park_leaves(struct fake *fake)
{
    (void)fake;
    CHECK_INT(step(parked, 'g'), 0);
}

static void park_cancels(struct fake *fake)
{
    fake->cancelled = true;
}

static void fill(char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)('a' + i % 23);
}

/* Writes n bytes through check-write and write only, never waiting; returns what was taken. */
static size_t write_what_fits(struct setup *s, const char *bytes, size_t n)
{
    struct host_io_streams_stream_error error;
    size_t done = 0;
    for (;;) {
        uint64_t room;
        CHECK_INT(host_io_streams_output_stream_check_write(&s->fake.call, s->stream, &room, &error), 0);
        if (room > n - done)
            room = n - done;
        if (room == 0)
            return done;
        CHECK_INT(host_io_streams_output_stream_write(&s->fake.call, s->stream,
                                                      sw_str(bytes + done, (size_t)room), &error),
                  0);
        done += (size_t)room;
    }
}

static void a_slow_client_holds_the_writer_and_loses_nothing(void **state)
{
    (void)state;
    static char bytes[500000];
    fill(bytes, sizeof bytes);
    for (int before = 0; before < 2; before++) { /* set after or before the first bytes */
        struct setup s;
        struct host_io_streams_stream_error error;
        begin(&s, "GET");
        parked = &s;
        s.exchange.room = 1000;
        s.fake.park = park_makes_room;
        CHECK_INT(response_make(&s, NULL), 0);
        CHECK_INT(step(&s, 'b'), 0);
        CHECK_INT(step(&s, 'w'), 0);
        if (before)
            CHECK_INT(step(&s, 'S'), 0);
        size_t done = write_what_fits(&s, bytes, before ? sizeof bytes : 100000);
        CHECK(done >= 60000 && done <= (before ? 1000 + HOST_BODY_BYTES_MAX : HOST_BODY_UNSENT_BYTES_MAX));
        if (!before)
            CHECK_INT(step(&s, 'S'), 0);
        uint64_t room;
        CHECK_INT(host_io_streams_output_stream_check_write(&s.fake.call, s.stream, &room, &error), 0);
        CHECK_INT(room, 0);
        struct host_io_poll_pollable *pollable;
        CHECK_INT(host_io_streams_output_stream_subscribe(&s.fake.call, s.stream, &pollable), 0);
        while (done < sizeof bytes) {
            size_t n = sizeof bytes - done < 4096 ? sizeof bytes - done : 4096;
            if (done % 3 == 0) {
                CHECK_INT(host_io_poll_pollable_block_wait(&s.fake.call, pollable), 0);
                done += write_what_fits(&s, bytes + done, n);
            } else {
                CHECK_INT(host_io_streams_output_stream_blocking_write_and_flush_wait(
                              &s.fake.call, s.stream, sw_str(bytes + done, n), &error),
                          0);
                done += n;
            }
        }
        host_io_poll_pollable_drop(s.fake.host, pollable);
        CHECK_INT(step(&s, 'd'), 0);
        CHECK_INT(step(&s, 'f'), 0);
        CHECK_INT(s.exchange.out.n, sizeof bytes);
        CHECK_INT(memcmp(s.exchange.out.p, bytes, sizeof bytes), 0);
        CHECK_INT(fake_end(&s.fake), HOST_HTTP_FINISHED);
        end(&s);
    }
}

/* Fills the body of a response that is never set, through check-write. Returns 0, or HOST_WIT_ERROR when the host takes no more. */
static int fill_unsent(struct setup *s, struct host_io_streams_stream_error *error)
{
    static char bytes[HOST_BODY_BYTES_MAX];
    uint64_t room = 0;
    int rc = response_make(s, NULL);
    if (rc == 0)
        rc = step(s, 'b');
    if (rc == 0)
        rc = step(s, 'w');
    while (rc == 0 &&
           (rc = host_io_streams_output_stream_check_write(&s->fake.call, s->stream, &room, error)) == 0 &&
           room)
        rc =
            host_io_streams_output_stream_write(&s->fake.call, s->stream, sw_str(bytes, (size_t)room), error);
    return rc;
}

static void bodies_that_nobody_reads_have_a_limit_together(void **state)
{
    enum { MANY = 64 };
    struct setup s;
    struct host_io_streams_stream_error error = {0};
    struct setup kept[MANY];
    (void)state;
    begin(&s, "GET");
    for (int round = 0; round < 2; round++) { /* what was dropped is free again */
        int n = 0;
        int rc = 0;
        while (rc == 0 && n < MANY) {
            rc = fill_unsent(&s, &error);
            kept[n++] = s;
        }
        CHECK_INT(rc, HOST_WIT_ERROR);
        CHECK(n > 4 && n < 12);
        CHECK_INT(error.tag, HOST_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED);
        CHECK_HAS(error.last_operation_failed->text,
                  "bodies that nobody reads yet are over 4194304 bytes together");
        host_io_error_error_drop(s.fake.host, error.last_operation_failed);
        CHECK(s.fake.host->body_bytes <= HOST_BODIES_BYTES_MAX);
        while (n-- > 0) {
            host_io_streams_output_stream_drop(s.fake.host, kept[n].stream);
            host_http_types_outgoing_body_drop(s.fake.host, kept[n].body);
            host_http_types_outgoing_response_drop(s.fake.host, kept[n].response);
        }
        s.stream = NULL;
        s.body = NULL;
        s.response = NULL;
        CHECK_INT(s.fake.host->body_bytes, 0);
    }
    end(&s);
}

static void a_finished_response_waits_for_its_last_byte(void **state)
{
    (void)state;
    static char bytes[50000];
    static const struct {
        const char *first, *last; /* around the writing */
        void (*park)(struct fake *fake);
        int rc;
        enum host_http_outcome want;
    } rows[] = {
        {"bwS", "df", park_makes_room, 0, HOST_HTTP_FINISHED},
        {"bw", "dfS", park_makes_room, 0, HOST_HTTP_FINISHED},
        {"bw", "dtS", park_makes_room, 0, HOST_HTTP_FINISHED},
        {"bwS", "df", park_leaves, 0, HOST_HTTP_STARTED},
        {"bw", "dfS", park_leaves, 0, HOST_HTTP_STARTED},
        {"bwS", "df", park_cancels, -SW_ECANCELLED, HOST_HTTP_STARTED},
        {"bw", "dfS", park_cancels, -SW_ECANCELLED, HOST_HTTP_STARTED},
    };
    fill(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setup s;
        int rc = 0;
        begin(&s, "GET");
        parked = &s;
        s.exchange.room = 1000;
        s.fake.park = rows[i].park;
        CHECK_INT(response_make(&s, NULL), 0);
        for (const char *at = rows[i].first; *at; at++)
            CHECK_INT(step(&s, *at), 0);
        CHECK_INT(write_what_fits(&s, bytes, sizeof bytes), sizeof bytes);
        for (const char *at = rows[i].last; *at; at++)
            rc = step(&s, *at);
        CHECK_INT(rc, rows[i].rc);
        CHECK_INT(fake_end(&s.fake), rows[i].want);
        CHECK_INT(s.exchange.out.n == sizeof bytes, rows[i].want == HOST_HTTP_FINISHED);
        end(&s);
    }
}

static void writing_more_than_permitted_traps(void **state)
{
    (void)state;
    struct setup s;
    struct host_io_streams_stream_error error;
    static char bytes[HOST_BODY_BYTES_MAX + 1];
    begin(&s, "GET");
    parked = &s;
    s.exchange.room = 0;
    CHECK_INT(response_make(&s, NULL), 0);
    for (const char *at = "bSw"; *at; at++)
        CHECK_INT(step(&s, *at), 0);
    fake_trapped(
        &s.fake,
        host_io_streams_output_stream_write(&s.fake.call, s.stream, sw_str(bytes, sizeof bytes), &error),
        "65537 bytes are more than check-write permitted");
    CHECK_INT(write_what_fits(&s, bytes, 40000), 40000);
    fake_trapped(&s.fake, host_io_streams_output_stream_write_zeroes(&s.fake.call, s.stream, 1, &error),
                 "1 bytes are more");
    fake_trapped(&s.fake,
                 host_io_streams_output_stream_blocking_write_and_flush_wait(&s.fake.call, s.stream,
                                                                             sw_str(bytes, 4097), &error),
                 "4097 bytes are over 4096");
    s.fake.park = park_leaves; /* a blocked writer hears that the client left */
    CHECK_INT(host_io_streams_output_stream_blocking_write_and_flush_wait(&s.fake.call, s.stream, SW_LIT("x"),
                                                                          &error),
              HOST_WIT_ERROR);
    CHECK_INT(error.tag, HOST_IO_STREAMS_STREAM_ERROR_CLOSED);
    CHECK_INT(fake_end(&s.fake), HOST_HTTP_STARTED);
    end(&s);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 100; n++) {
        struct setup s;
        begin(&s, "GET");
        sw_mem_fail_after(n);
        int rc = response_make(&s, NULL);
        for (const char *at = "bwxSxdf"; rc == 0 && *at; at++)
            rc = step(&s, *at);
        sw_mem_fail_after(-1);
        if (rc < 0)
            fake_trapped(&s.fake, rc, "no memory");
        enum host_http_outcome got = fake_end(&s.fake);
        end(&s);
        if (got == HOST_HTTP_FINISHED)
            return;
    }
    fail_msg("still failing after 100 allocations");
}

static void a_warm_host_answers_without_allocating(void **state)
{
    (void)state;
    static const struct http_field field = {SW_LIT_INIT("accept"), SW_LIT_INIT("*/*")};
    for (int warm = 0; warm < 2; warm++) {
        struct setup s;
        struct sw_err err;
        struct host_http_types_fields *headers;
        struct host_list_tuple_str_str list;
        begin(&s, "GET");
        if (warm) { /* the host of a request before this one */
            host_free(s.fake.host);
            sw_mem_fail_after(0);
            CHECK_OK(host_new(s.fake.loop, &s.fake.grants, &s.fake.host, &err), &err);
            s.http = fake_begin(&s.fake, &s.exchange);
        }
        s.exchange.request.fields = &field;
        s.exchange.request.field_count = 1;
        CHECK_INT(host_http_types_incoming_request_headers(&s.fake.call, s.http.request, &headers), 0);
        CHECK_INT(host_http_types_fields_entries(&s.fake.call, headers, &list), 0);
        host_http_types_fields_drop(s.fake.host, headers);
        CHECK_INT(response_make(&s, NULL), 0);
        for (const char *at = "bSwxdf"; *at; at++)
            CHECK_INT(step(&s, *at), 0);
        CHECK_INT(fake_end(&s.fake), HOST_HTTP_FINISHED);
        drop_rest(&s);
        sw_mem_fail_after(-1);
        if (warm) {
            fake_deinit(&s.fake);
        } else {
            host_free(s.fake.host); /* stays spare for the next round */
            loop_free(s.fake.loop);
            sw_arena_deinit(&s.fake.arena);
            sw_buf_deinit(&s.fake.output);
        }
        fake_exchange_deinit(&s.exchange);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_has_its_outcome),
        cmocka_unit_test(finish_tells_a_wrong_length),
        cmocka_unit_test(writing_too_much_is_an_error_with_its_code),
        cmocka_unit_test(things_may_be_had_once),
        cmocka_unit_test(status_and_headers_can_be_read_back),
        cmocka_unit_test(what_cannot_be_sent_is_an_error),
        cmocka_unit_test(lengths_are_not_claimed_for_answers_without_body),
        cmocka_unit_test(a_slow_client_holds_the_writer_and_loses_nothing),
        cmocka_unit_test(bodies_that_nobody_reads_have_a_limit_together),
        cmocka_unit_test(a_finished_response_waits_for_its_last_byte),
        cmocka_unit_test(writing_more_than_permitted_traps),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_warm_host_answers_without_allocating),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
