/* fake_http.c - an exchange whose client is the test.  Tests: host. */
#include "check.h"
#include "fake.h"

void fake_exchange_init(struct http_exchange *exchange, const char *method, const char *target)
{
    struct sw_err err;
    struct sw_str text = sw_str_of(target);
    size_t query = sw_str_find(text, '?');
    *exchange = (struct http_exchange){.room = SIZE_MAX,
                                       .fields = SW_BUF(1u << 20),
                                       .out = SW_BUF(16u << 20),
                                       .out_trailers = SW_BUF(1u << 20)};
    /* so that failing allocations are the host's */
    CHECK_OK(sw_buf_reserve(&exchange->fields, 4096, &err), &err);
    CHECK_OK(sw_buf_reserve(&exchange->out, 4096, &err), &err);
    CHECK_OK(sw_buf_reserve(&exchange->out_trailers, 4096, &err), &err);
    exchange->request.method = sw_str_of(method);
    exchange->request.target = text;
    exchange->request.path = sw_str_head(text, query);
    exchange->request.has_query = query != SW_NPOS;
    if (query != SW_NPOS)
        exchange->request.query = (struct sw_str){text.p + query + 1, text.n - query - 1};
    exchange->request.authority = SW_LIT("example.com:3000");
}

void fake_exchange_deinit(struct http_exchange *exchange)
{
    sw_buf_deinit(&exchange->fields);
    sw_buf_deinit(&exchange->out);
    sw_buf_deinit(&exchange->out_trailers);
}

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
    return &exchange->request;
}

int http_exchange_body_peek(struct http_exchange *exchange, struct sw_str *ret_bytes, struct sw_err *err)
{
    if (exchange->gone)
        return sw_fail(err, SW_EIO, "the client left");
    if (exchange->body_at < exchange->body.n) {
        *ret_bytes = sw_str_from(exchange->body, exchange->body_at);
        return 0;
    }
    if (exchange->body_failure)
        return sw_fail(err, (enum sw_code) - exchange->body_failure, "the body went wrong");
    return exchange->body_ended ? SW_END : SW_WAIT;
}

void http_exchange_body_consume(struct http_exchange *exchange, size_t n)
{
    CHECK(n <= exchange->body.n - exchange->body_at);
    exchange->body_at += n;
}

void http_exchange_body_trailers(const struct http_exchange *exchange, const struct http_field **ret,
                                 uint32_t *ret_count)
{
    *ret = exchange->trailers;
    *ret_count = exchange->trailer_count;
}

static void fields_print(struct sw_buf *to, const struct http_field *fields, uint32_t count)
{
    struct sw_err err;
    for (uint32_t i = 0; i < count; i++)
        CHECK_OK(
            sw_buf_printf(to, &err, SW_FMT ": " SW_FMT "\n", SW_ARG(fields[i].name), SW_ARG(fields[i].value)),
            &err);
}

int http_exchange_respond(struct http_exchange *exchange, uint16_t status, const struct http_field *fields,
                          uint32_t field_count, uint64_t content_length, struct sw_err *err)
{
    CHECK_INT(exchange->responds, 0);
    if (exchange->gone)
        return sw_fail(err, SW_EIO, "the client left");
    if (exchange->refuse)
        return sw_fail(err, SW_EINPUT, "refused");
    exchange->responds++;
    exchange->status = status;
    exchange->content_length = content_length;
    fields_print(&exchange->fields, fields, field_count);
    return 0;
}

int http_exchange_write(struct http_exchange *exchange, struct sw_str bytes, size_t *ret_n,
                        struct sw_err *err)
{
    CHECK_INT(exchange->responds, 1);
    CHECK_INT(exchange->finishes, 0);
    CHECK(bytes.n > 0);
    if (exchange->gone)
        return sw_fail(err, SW_EIO, "the client left");
    if (exchange->room == 0) {
        exchange->wants_writable = true;
        return SW_WAIT;
    }
    bytes = sw_str_head(bytes, exchange->room);
    if (exchange->room != SIZE_MAX)
        exchange->room -= bytes.n;
    CHECK_OK(sw_buf_add(&exchange->out, bytes, err), err);
    *ret_n = bytes.n;
    return 0;
}

int http_exchange_finish(struct http_exchange *exchange, const struct http_field *trailers,
                         uint32_t trailer_count, struct sw_err *err)
{
    CHECK_INT(exchange->responds, 1);
    CHECK_INT(exchange->finishes, 0);
    if (exchange->gone)
        return sw_fail(err, SW_EIO, "the client left");
    if (exchange->content_length != UINT64_MAX && exchange->out.n < exchange->content_length &&
        !sw_str_eq(exchange->request.method, SW_LIT("HEAD")))
        return sw_fail(err, SW_EINPUT, "too short");
    exchange->finishes++;
    fields_print(&exchange->out_trailers, trailers, trailer_count);
    return 0;
}
