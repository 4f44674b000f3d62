/* http_request.c - incoming-request, its body and its trailers; outgoing requests.  Tests: host. */
#include "base/alloc.h"
#include "check.h"
#include "fake.h"
#include "host/bindings/http_outgoing_handler.h"
#include "host/limits.h"
#include "host/wasi/http_outgoing.h"
#include "host/wasi/io.h"

struct setup {
    struct fake fake;
    struct http_exchange exchange;
    struct fake_request http;
};

static void begin(struct setup *s, const char *method, const char *target)
{
    fake_init(&s->fake);
    fake_exchange_init(&s->exchange, method, target);
    s->http = fake_begin(&s->fake, &s->exchange);
}

static void end(struct setup *s, enum host_http_outcome want)
{
    CHECK_INT(fake_end(&s->fake), want);
    host_http_types_incoming_request_drop(s->fake.host, s->http.request);
    host_http_types_response_outparam_drop(s->fake.host, s->http.outparam);
    fake_deinit(&s->fake);
    fake_exchange_deinit(&s->exchange);
}

static void methods_and_paths_are_mapped(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target;
        enum host_http_types_method_tag tag;
        const char *path;
    } rows[] = {
        {"GET", "/", HOST_HTTP_TYPES_METHOD_GET, "/"},
        {"HEAD", "/a?b=c", HOST_HTTP_TYPES_METHOD_HEAD, "/a?b=c"},
        {"POST", "/a?", HOST_HTTP_TYPES_METHOD_POST, "/a?"},
        {"PUT", "/%20", HOST_HTTP_TYPES_METHOD_PUT, "/%20"},
        {"DELETE", "/", HOST_HTTP_TYPES_METHOD_DELETE, "/"},
        {"CONNECT", "/", HOST_HTTP_TYPES_METHOD_CONNECT, "/"},
        {"OPTIONS", "*", HOST_HTTP_TYPES_METHOD_OPTIONS, "*"},
        {"TRACE", "/", HOST_HTTP_TYPES_METHOD_TRACE, "/"},
        {"PATCH", "/", HOST_HTTP_TYPES_METHOD_PATCH, "/"},
        {"PURGE", "/", HOST_HTTP_TYPES_METHOD_OTHER, "/"},
        {"get", "/", HOST_HTTP_TYPES_METHOD_OTHER, "/"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setup s;
        struct host_http_types_method method;
        struct host_option_str text;
        struct host_option_http_types_scheme scheme;
        begin(&s, rows[i].method, rows[i].target);
        CHECK_INT(host_http_types_incoming_request_method(&s.fake.call, s.http.request, &method), 0);
        CHECK_INT(method.tag, rows[i].tag);
        if (method.tag == HOST_HTTP_TYPES_METHOD_OTHER)
            CHECK_STR(method.other, rows[i].method);
        CHECK_INT(host_http_types_incoming_request_path_with_query(&s.fake.call, s.http.request, &text), 0);
        CHECK(text.has);
        CHECK_STR(text.value, rows[i].path);
        s.exchange.request.query = s.exchange.request.has_query ? sw_str_of("elsewhere") : sw_str(NULL, 0);
        CHECK_INT(host_http_types_incoming_request_path_with_query(&s.fake.call, s.http.request, &text), 0);
        if (s.exchange.request.has_query)
            CHECK(sw_str_ends(text.value, SW_LIT("?elsewhere")));
        CHECK_INT(host_http_types_incoming_request_authority(&s.fake.call, s.http.request, &text), 0);
        CHECK(text.has);
        CHECK_STR(text.value, "example.com:3000");
        CHECK_INT(host_http_types_incoming_request_scheme(&s.fake.call, s.http.request, &scheme), 0);
        CHECK(scheme.has && scheme.value.tag == HOST_HTTP_TYPES_SCHEME_HTTP);
        s.fake.host->http.is_https = true;
        CHECK_INT(host_http_types_incoming_request_scheme(&s.fake.call, s.http.request, &scheme), 0);
        CHECK(scheme.has && scheme.value.tag == HOST_HTTP_TYPES_SCHEME_HTTPS);
        s.exchange.request.authority = sw_str(NULL, 0);
        CHECK_INT(host_http_types_incoming_request_authority(&s.fake.call, s.http.request, &text), 0);
        CHECK(!text.has);
        end(&s, HOST_HTTP_NONE);
    }
}

static void a_clients_fields_are_filtered_and_ours_appended(void **state)
{
    (void)state;
    static const struct http_field fields[] = {
        {SW_LIT_INIT("Host"), SW_LIT_INIT("example.com")},
        {SW_LIT_INIT("X-A"), SW_LIT_INIT("1")},
        {SW_LIT_INIT("Spin-Client-Addr"), SW_LIT_INIT("forged")},
        {SW_LIT_INIT("Connection"), SW_LIT_INIT("close")},
        {SW_LIT_INIT("spin-"), SW_LIT_INIT("x")},
        {SW_LIT_INIT("spinning"), SW_LIT_INIT("yes")},
        {SW_LIT_INIT("x-a"), SW_LIT_INIT("2")},
        {SW_LIT_INIT("Transfer-Encoding"), SW_LIT_INIT("chunked")},
    };
    static const struct host_http_extra extra[] = {
        {SW_LIT_INIT("spin-client-addr"), SW_LIT_INIT("1.2.3.4:5")}};
    struct setup s;
    struct host_http_types_fields *headers, *again, *copy;
    struct host_http_types_header_error error;
    struct host_list_tuple_str_str list;
    begin(&s, "GET", "/");
    s.exchange.request.fields = fields;
    s.exchange.request.field_count = sizeof fields / sizeof *fields;
    s.fake.host->http.extra = extra;
    s.fake.host->http.extra_count = 1;
    CHECK_INT(host_http_types_incoming_request_headers(&s.fake.call, s.http.request, &headers), 0);
    CHECK_INT(host_http_types_incoming_request_headers(&s.fake.call, s.http.request, &again), 0);
    CHECK_INT(host_http_types_fields_entries(&s.fake.call, headers, &list), 0);
    static const char *const want[] = {"x-a", "1", "spinning",         "yes",
                                       "x-a", "2", "spin-client-addr", "1.2.3.4:5"};
    CHECK_INT(list.n, 4);
    for (size_t i = 0; i < list.n; i++) {
        CHECK_STR(list.items[i].f0, want[2 * i]);
        CHECK_STR(list.items[i].f1, want[2 * i + 1]);
    }
    CHECK_INT(host_http_types_fields_append(&s.fake.call, headers, SW_LIT("a"), SW_LIT("1"), &error),
              HOST_WIT_ERROR);
    CHECK_INT(error.tag, HOST_HTTP_TYPES_HEADER_ERROR_IMMUTABLE);
    CHECK_INT(host_http_types_fields_clone(&s.fake.call, again, &copy), 0);
    host_http_types_fields_drop(s.fake.host, again);
    host_http_types_incoming_request_drop(s.fake.host,
                                          s.http.request); /* before its child: the child stays valid */
    CHECK_INT(host_http_types_fields_entries(&s.fake.call, headers, &list), 0);
    CHECK_INT(list.n, 4);
    host_http_types_fields_drop(s.fake.host, headers);
    CHECK_INT(host_http_types_fields_append(&s.fake.call, copy, SW_LIT("a"), SW_LIT("1"), &error), 0);
    host_http_types_fields_drop(s.fake.host, copy);
    end(&s, HOST_HTTP_NONE);
}

static struct host_io_streams_input_stream *body_stream(struct setup *s,
                                                        struct host_http_types_incoming_body **ret_body)
{
    struct host_io_streams_input_stream *stream, *second;
    CHECK_INT(host_http_types_incoming_request_consume(&s->fake.call, s->http.request, ret_body), 0);
    CHECK_INT(host_http_types_incoming_body_stream(&s->fake.call, *ret_body, &stream), 0);
    CHECK_INT(host_http_types_incoming_body_stream(&s->fake.call, *ret_body, &second), HOST_WIT_ERROR);
    return stream;
}

static void a_body_is_read_once_through_one_stream(void **state)
{
    (void)state;
    struct setup s;
    struct host_http_types_incoming_body *body, *second;
    struct host_http_types_future_trailers *future;
    struct host_io_streams_stream_error error;
    struct host_option_result_result_option_http_types_fields_http_types_error_code_void got;
    struct sw_str bytes;
    uint64_t skipped;
    begin(&s, "POST", "/");
    struct host_io_streams_input_stream *stream = body_stream(&s, &body);
    CHECK_INT(host_http_types_incoming_request_consume(&s.fake.call, s.http.request, &second),
              HOST_WIT_ERROR);
    CHECK_INT(host_io_streams_input_stream_read(&s.fake.call, stream, 10, &bytes, &error), 0);
    CHECK_INT(bytes.n, 0);
    s.exchange.body = SW_LIT("hello world");
    CHECK_INT(host_io_streams_input_stream_read(&s.fake.call, stream, 5, &bytes, &error), 0);
    CHECK_STR(bytes, "hello");
    CHECK_INT(host_io_streams_input_stream_skip(&s.fake.call, stream, 1, &skipped, &error), 0);
    CHECK_INT(skipped, 1);
    CHECK_INT(host_io_streams_input_stream_read(&s.fake.call, stream, 0, &bytes, &error), 0);
    CHECK_INT(bytes.n, 0);
    CHECK_INT(host_io_streams_input_stream_read(&s.fake.call, stream, UINT64_MAX, &bytes, &error), 0);
    CHECK_STR(bytes, "world");
    s.exchange.body_ended = true;
    for (int i = 0; i < 2; i++) {
        CHECK_INT(host_io_streams_input_stream_read(&s.fake.call, stream, 1, &bytes, &error), HOST_WIT_ERROR);
        CHECK_INT(error.tag, HOST_IO_STREAMS_STREAM_ERROR_CLOSED);
    }
    fake_trapped(&s.fake, host_http_types_incoming_body_finish(&s.fake.call, body, &future),
                 "its input-stream is still alive");
    host_io_streams_input_stream_drop(s.fake.host, stream);
    CHECK_INT(host_http_types_incoming_body_finish(&s.fake.call, body, &future), 0);
    CHECK_INT(host_http_types_future_trailers_get(&s.fake.call, future, &got), 0);
    CHECK(got.has && !got.value.is_err && !got.value.ok.is_err && !got.value.ok.ok.has);
    CHECK_INT(host_http_types_future_trailers_get(&s.fake.call, future, &got), 0);
    CHECK(got.has && got.value.is_err);
    host_http_types_future_trailers_drop(s.fake.host, future);
    end(&s, HOST_HTTP_NONE);
}

static struct setup *parked;

static void park_gives_bytes(struct fake *fake)
{
    if (fake->parks == 1) {
        host_http_readable(fake->host); /* for nothing */
        return;
    }
    parked->exchange.body = SW_LIT("late");
    host_http_readable(fake->host);
}

static void park_ends_body(struct fake *fake)
{
    parked->exchange.body_ended = true;
    host_http_readable(fake->host);
}

static void park_loses_client(struct fake *fake)
{
    parked->exchange.gone = true;
    host_http_gone(fake->host);
}

static void blocking_reads_wait_for_bytes_end_and_loss(void **state)
{
    (void)state;
    struct setup s;
    struct host_http_types_incoming_body *body;
    struct host_io_streams_stream_error error;
    struct host_option_http_types_error_code code;
    struct sw_str bytes;
    uint64_t skipped;
    for (int way = 0; way < 2; way++) {
        begin(&s, "POST", "/");
        parked = &s;
        struct host_io_streams_input_stream *stream = body_stream(&s, &body);
        s.fake.park = park_gives_bytes;
        CHECK_INT(host_io_streams_input_stream_blocking_read_wait(&s.fake.call, stream, 2, &bytes, &error),
                  0);
        CHECK_STR(bytes, "la");
        CHECK_INT(s.fake.parks, 2);
        CHECK_INT(host_io_streams_input_stream_blocking_skip_wait(&s.fake.call, stream, 9, &skipped, &error),
                  0);
        CHECK_INT(skipped, 2);
        s.fake.park = way ? park_loses_client : park_ends_body;
        CHECK_INT(host_io_streams_input_stream_blocking_read_wait(&s.fake.call, stream, 2, &bytes, &error),
                  HOST_WIT_ERROR);
        if (way == 0) {
            CHECK_INT(error.tag, HOST_IO_STREAMS_STREAM_ERROR_CLOSED);
        } else {
            CHECK_INT(error.tag, HOST_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED);
            CHECK_INT(host_http_types_http_error_code(&s.fake.call, error.last_operation_failed, &code), 0);
            CHECK(code.has);
            CHECK_INT(code.value.tag, HOST_HTTP_TYPES_ERROR_CODE_CONNECTION_TERMINATED);
            CHECK_INT(host_io_error_error_to_debug_string(&s.fake.call, error.last_operation_failed, &bytes),
                      0);
            CHECK_STR(bytes, "the client left");
            host_io_error_error_drop(s.fake.host, error.last_operation_failed);
        }
        host_http_types_incoming_body_drop(s.fake.host, body); /* before its stream */
        CHECK_INT(host_io_streams_input_stream_read(&s.fake.call, stream, 1, &bytes, &error), HOST_WIT_ERROR);
        CHECK_INT(error.tag, HOST_IO_STREAMS_STREAM_ERROR_CLOSED);
        host_io_streams_input_stream_drop(s.fake.host, stream);
        end(&s, HOST_HTTP_NONE);
    }
}

static void a_limit_names_the_body_that_is_over_it(void **state)
{
    (void)state;
    static const struct {
        enum host_error_origin origin;
        enum host_http_types_error_code_tag want;
    } rows[] = {
        {HOST_ERROR_HTTP_INCOMING, HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_BODY_SIZE},
        {HOST_ERROR_HTTP_RESPONSE, HOST_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_BODY_SIZE},
        {HOST_ERROR_HTTP_REQUEST, HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_BODY_SIZE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct host_http_types_error_code code;
        host_http_error_code(rows[i].origin, SW_ELIMIT, 5, &code);
        CHECK_INT(code.tag, rows[i].want);
    }
}

static void body_failures_have_error_codes(void **state)
{
    (void)state;
    static const struct {
        enum sw_code code;
        enum host_http_types_error_code_tag want;
    } rows[] = {
        {SW_EINPUT, HOST_HTTP_TYPES_ERROR_CODE_HTTP_PROTOCOL_ERROR},
        {SW_ELIMIT, HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_BODY_SIZE},
        {SW_EIO, HOST_HTTP_TYPES_ERROR_CODE_CONNECTION_TERMINATED},
        {SW_ETIMEOUT, HOST_HTTP_TYPES_ERROR_CODE_CONNECTION_READ_TIMEOUT},
        {SW_ENOMEM, HOST_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setup s;
        struct host_http_types_incoming_body *body;
        struct host_http_types_future_trailers *future;
        struct host_option_result_result_option_http_types_fields_http_types_error_code_void got;
        struct host_option_http_types_error_code code;
        struct host_io_streams_stream_error error;
        struct sw_str bytes;
        begin(&s, "POST", "/");
        struct host_io_streams_input_stream *stream = body_stream(&s, &body);
        s.exchange.body_failure = -(int)rows[i].code;
        CHECK_INT(host_io_streams_input_stream_read(&s.fake.call, stream, 1, &bytes, &error), HOST_WIT_ERROR);
        CHECK_INT(error.tag, HOST_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED);
        CHECK_INT(host_http_types_http_error_code(&s.fake.call, error.last_operation_failed, &code), 0);
        CHECK(code.has);
        CHECK_INT(code.value.tag, rows[i].want);
        host_io_error_error_drop(s.fake.host, error.last_operation_failed);
        host_io_streams_input_stream_drop(s.fake.host, stream);
        CHECK_INT(host_http_types_incoming_body_finish(&s.fake.call, body, &future), 0);
        CHECK_INT(host_http_types_future_trailers_get(&s.fake.call, future, &got), 0);
        CHECK(got.has && !got.value.is_err && got.value.ok.is_err);
        CHECK_INT(got.value.ok.err.tag, rows[i].want);
        end(&s, HOST_HTTP_NONE);
    }
}

static void trailers_come_after_the_unread_rest(void **state)
{
    (void)state;
    struct http_field trailers[] = {{SW_LIT_INIT("X-Sum"), SW_LIT_INIT("42")}};
    struct setup s;
    struct host_http_types_incoming_body *body;
    struct host_http_types_future_trailers *future;
    struct host_io_poll_pollable *pollable;
    struct host_option_result_result_option_http_types_fields_http_types_error_code_void got;
    bool ready;
    begin(&s, "POST", "/");
    parked = &s;
    s.exchange.body = SW_LIT("never read");
    CHECK_INT(host_http_types_incoming_request_consume(&s.fake.call, s.http.request, &body), 0);
    CHECK_INT(host_http_types_incoming_body_finish(&s.fake.call, body, &future), 0);
    CHECK_INT(host_http_types_future_trailers_get(&s.fake.call, future, &got), 0);
    CHECK(!got.has);
    CHECK_INT(host_http_types_future_trailers_subscribe(&s.fake.call, future, &pollable), 0);
    CHECK_INT(host_io_poll_pollable_ready(&s.fake.call, pollable, &ready), 0);
    CHECK(!ready);
    s.exchange.trailers = trailers;
    s.exchange.trailer_count = 1;
    s.fake.park = park_ends_body;
    CHECK_INT(host_io_poll_pollable_block_wait(&s.fake.call, pollable), 0);
    CHECK_INT(host_http_types_future_trailers_get(&s.fake.call, future, &got), 0);
    CHECK(got.has && !got.value.is_err && !got.value.ok.is_err && got.value.ok.ok.has);
    trailers[0].value = SW_LIT("gone");
    struct host_list_str values;
    CHECK_INT(host_http_types_fields_get(&s.fake.call, got.value.ok.ok.value, SW_LIT("x-sum"), &values), 0);
    CHECK_INT(values.n, 1);
    CHECK_STR(values.items[0], "42");
    host_http_types_fields_drop(s.fake.host, got.value.ok.ok.value);
    host_http_types_future_trailers_drop(s.fake.host, future);
    host_io_poll_pollable_drop(s.fake.host, pollable);
    end(&s, HOST_HTTP_NONE);
}

/* ---- outgoing requests ---- */

static struct host_option_str some(const char *text)
{
    return (struct host_option_str){.has = text != NULL, .value = sw_str_of(text)};
}

enum what { PATH, AUTHORITY, SCHEME, METHOD };

/* Sets it, and gives what can be read afterwards (nothing for a method that was refused). */
static int set_and_get(struct fake *fake, struct host_http_types_outgoing_request *request, enum what what,
                       struct host_option_str given, struct host_option_str *got)
{
    struct host_option_http_types_scheme scheme = {.has = true,
                                                   .value = {.tag = HOST_HTTP_TYPES_SCHEME_OTHER}};
    struct host_http_types_method method = {.tag = HOST_HTTP_TYPES_METHOD_OTHER};
    int rc = 0;
    switch (what) {
    case PATH:
        rc = host_http_types_outgoing_request_set_path_with_query(&fake->call, request, given);
        CHECK_INT(host_http_types_outgoing_request_path_with_query(&fake->call, request, got), 0);
        break;
    case AUTHORITY:
        rc = host_http_types_outgoing_request_set_authority(&fake->call, request, given);
        CHECK_INT(host_http_types_outgoing_request_authority(&fake->call, request, got), 0);
        break;
    case SCHEME:
        scheme.value.other = given.value;
        rc = host_http_types_outgoing_request_set_scheme(&fake->call, request, scheme);
        CHECK_INT(host_http_types_outgoing_request_scheme(&fake->call, request, &scheme), 0);
        *got = (struct host_option_str){scheme.has, scheme.has ? scheme.value.other : sw_str(NULL, 0)};
        break;
    case METHOD:
        method.other = given.value;
        rc = host_http_types_outgoing_request_set_method(&fake->call, request, method);
        CHECK_INT(host_http_types_outgoing_request_method(&fake->call, request, &method), 0);
        *got = (struct host_option_str){rc == 0, rc == 0 ? method.other : sw_str(NULL, 0)};
        break;
    }
    return rc;
}

static void outgoing_requests_check_what_they_are_given(void **state)
{
    (void)state;
    static const struct {
        enum what what;
        const char *text;
        bool ok;
    } rows[] = {
        {PATH, "/a?b=c", true},
        {PATH, "", true},
        {PATH, "*", true},
        {PATH, NULL, true},
        {PATH, "/a b", false},
        {PATH, "/a\r\nb", false},
        {PATH, "/a#b", false},
        {PATH, "/\x7f", false},
        {AUTHORITY, "a.b", true},
        {AUTHORITY, "a:80", true},
        {AUTHORITY, "[::1]:8", true},
        {AUTHORITY, "u@h:1", true},
        {AUTHORITY, "[::1]", true},
        {AUTHORITY, NULL, true},
        {AUTHORITY, "", false},
        {AUTHORITY, "a:", false},
        {AUTHORITY, "a:x", false},
        {AUTHORITY, "a:65536", false},
        {AUTHORITY, ":80", false},
        {AUTHORITY, "a/b", false},
        {AUTHORITY, "::1", false},
        {AUTHORITY, "u@", false},
        {AUTHORITY, "a b", false},
        {AUTHORITY, "[]", false},
        {SCHEME, "ftp", true},
        {SCHEME, "a+b-c.1", true},
        {SCHEME, "", false},
        {SCHEME, "1a", false},
        {SCHEME, "a b", false},
        {METHOD, "PURGE", true},
        {METHOD, "", false},
        {METHOD, "A B", false},
    };
    struct fake fake;
    fake_init(&fake);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct host_http_types_fields *headers;
        struct host_http_types_outgoing_request *request;
        struct host_option_str got, given = some(rows[i].text);
        CHECK_INT(host_http_types_fields_new(&fake.call, &headers), 0);
        CHECK_INT(host_http_types_outgoing_request_new(&fake.call, headers, &request), 0);
        for (int twice = 0; twice < 2; twice++) {
            CHECK_INT(set_and_get(&fake, request, rows[i].what, given, &got),
                      rows[i].ok ? 0 : HOST_WIT_ERROR);
            CHECK_INT(got.has, rows[i].ok && rows[i].text);
            if (got.has)
                CHECK_STR(got.value, rows[i].text);
        }
        host_http_types_outgoing_request_drop(fake.host, request);
    }
    fake_deinit(&fake);
}

static void outgoing_requests_are_denied(void **state)
{
    (void)state;
    struct fake fake;
    struct host_http_types_fields *headers, *view;
    struct host_http_types_outgoing_request *request;
    struct host_http_types_request_options *options;
    struct host_http_types_outgoing_body *body, *second;
    struct host_http_types_future_incoming_response *future;
    struct host_http_types_error_code error;
    struct host_io_streams_output_stream *stream;
    struct host_io_streams_stream_error stream_error;
    struct host_option_u64 time = {true, 5}, got;
    uint64_t n;
    fake_init(&fake);
    CHECK_INT(host_http_types_fields_new(&fake.call, &headers), 0);
    CHECK_INT(host_http_types_outgoing_request_new(&fake.call, headers, &request), 0);
    CHECK_INT(host_http_types_outgoing_request_headers(&fake.call, request, &view), 0);
    CHECK_INT(host_http_types_outgoing_request_body(&fake.call, request, &body), 0);
    CHECK_INT(host_http_types_outgoing_request_body(&fake.call, request, &second), HOST_WIT_ERROR);
    CHECK_INT(host_http_types_outgoing_body_write(&fake.call, body, &stream), 0);
    CHECK_INT(host_io_streams_output_stream_blocking_write_and_flush_wait(&fake.call, stream, SW_LIT("x"),
                                                                          &stream_error),
              0);
    CHECK_INT(host_http_types_request_options_new(&fake.call, &options), 0);
    CHECK_INT(host_http_types_request_options_connect_timeout(&fake.call, options, &got), 0);
    CHECK(!got.has);
    CHECK_INT(host_http_types_request_options_set_connect_timeout(&fake.call, options, time), 0);
    CHECK_INT(host_http_types_request_options_set_first_byte_timeout(&fake.call, options, time), 0);
    CHECK_INT(host_http_types_request_options_set_between_bytes_timeout(&fake.call, options, time), 0);
    CHECK_INT(host_http_types_request_options_connect_timeout(&fake.call, options, &got), 0);
    CHECK(got.has && got.value == 5);
    CHECK_INT(host_http_types_request_options_first_byte_timeout(&fake.call, options, &got), 0);
    CHECK(got.has && got.value == 5);
    CHECK_INT(host_http_types_request_options_between_bytes_timeout(&fake.call, options, &got), 0);
    CHECK(got.has && got.value == 5);
    struct host_option_http_types_request_options some_options = {true, options};
    CHECK_INT(host_http_outgoing_handler_handle(&fake.call, request, some_options, &future, &error),
              HOST_WIT_ERROR);
    CHECK_INT(error.tag, HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_DENIED);
    CHECK_INT(host_io_streams_output_stream_check_write(&fake.call, stream, &n, &stream_error),
              HOST_WIT_ERROR);
    CHECK_INT(stream_error.tag, HOST_IO_STREAMS_STREAM_ERROR_CLOSED);
    host_io_streams_output_stream_drop(fake.host, stream);
    struct host_option_http_types_fields none = {false, NULL};
    CHECK_INT(host_http_types_outgoing_body_finish_wait(&fake.call, body, none, &error), 0);
    host_http_types_fields_drop(fake.host, view);
    fake_deinit(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_and_paths_are_mapped),
        cmocka_unit_test(a_clients_fields_are_filtered_and_ours_appended),
        cmocka_unit_test(a_body_is_read_once_through_one_stream),
        cmocka_unit_test(blocking_reads_wait_for_bytes_end_and_loss),
        cmocka_unit_test(a_limit_names_the_body_that_is_over_it),
        cmocka_unit_test(body_failures_have_error_codes),
        cmocka_unit_test(trailers_come_after_the_unread_rest),
        cmocka_unit_test(outgoing_requests_check_what_they_are_given),
        cmocka_unit_test(outgoing_requests_are_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
