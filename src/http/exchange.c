/* exchange.c - one request and its response, as the handler sees them.  Room: http.
 *
 * Body in:  peek gives views of the connection's buffer, consume drops them; an error stays and is given again.
 * Body out: small writes are copied behind the head and leave with it in one send; large ones go out from where they are, and what the
 *           socket does not take of an announced chunk is copied, so that framing is never left incomplete.
 * 1. Nothing here calls a handler's event; those come from the loop (tell_*), once per SW_WAIT.
 * 2. After `gone` every function fails or does nothing; the exchange lives until http_exchange_end all the same. */
#include <assert.h>
#include <stdio.h>

#include "http/conn.h"
#include "http/fields.h"

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
    return &exchange->conn->head.request;
}

const struct http_inside *http_exchange_inside(const struct http_exchange *exchange)
{
    return exchange->conn->inside.depth ? &exchange->conn->inside : NULL;
}

struct sw_str http_exchange_peer(const struct http_exchange *exchange)
{
    struct http_conn *conn = exchange->conn;
    if (!conn->peer_n && conn->state != HTTP_CONN_CLOSED &&
        loop_stream_peer(conn->stream, conn->peer, sizeof conn->peer) == 0)
        conn->peer_n = strlen(conn->peer);
    return sw_str(conn->peer, conn->peer_n);
}

void http_exchange_handle(struct http_exchange *exchange, const struct http_exchange_events *events,
                          void *arg)
{
    exchange->events = events ? *events : (struct http_exchange_events){0};
    exchange->arg = arg;
}

void http__exchange_begin(struct http_conn *conn)
{
    struct http_exchange *exchange = &conn->exchange;
    const struct http_request *request = &conn->head.request;
    exchange->events = (struct http_exchange_events){0};
    exchange->arg = NULL;
    exchange->body = HTTP_BODY_NONE;
    exchange->body_error = SW_OK;
    exchange->body_left = 0;
    exchange->peeked = 0;
    exchange->expect = conn->head.expect_continue;
    exchange->want_readable = false;
    exchange->want_writable = false;
    exchange->gone = false;
    exchange->gone_told = false;
    exchange->responded = false;
    exchange->finished = false;
    exchange->bodiless = false;
    exchange->framing = HTTP_FRAME_NONE;
    exchange->out_left = 0;
    exchange->out_bytes = 0;
    exchange->out_max = UINT64_MAX;
    exchange->out_over = false;
    exchange->chunked.trailer_count = 0;
    exchange->chunked.total = 0;
    http__ended_begin(exchange);
    if (request->has_body && request->content_length == UINT64_MAX) {
        exchange->body = HTTP_BODY_CHUNKED;
        http_chunked_init(&exchange->chunked, conn->server->config.body_bytes_max,
                          conn->fields + request->field_count,
                          conn->server->config.fields_max - request->field_count);
    } else if (request->has_body) {
        exchange->body = HTTP_BODY_LENGTH;
        exchange->body_left = request->content_length;
    }
}

void http_exchange_limit(struct http_exchange *exchange, uint64_t request_bytes_max,
                         uint64_t response_bytes_max)
{
    if (response_bytes_max)
        exchange->out_max = response_bytes_max;
    if (request_bytes_max && exchange->body == HTTP_BODY_CHUNKED &&
        request_bytes_max < exchange->chunked.total_max)
        exchange->chunked.total_max = request_bytes_max;
    if (request_bytes_max && exchange->body == HTTP_BODY_LENGTH && exchange->body_left > request_bytes_max)
        http__exchange_body_fail(exchange, SW_ELIMIT, "the request body is larger than is accepted here");
}

void http_exchange_usage(const struct http_exchange *exchange, struct http_exchange_usage *ret)
{
    const struct http_request *request = &exchange->conn->head.request;
    bool chunked = exchange->body == HTTP_BODY_CHUNKED;
    *ret = (struct http_exchange_usage){
        .request_bytes = chunked             ? exchange->chunked.total
                         : request->has_body ? request->content_length
                                             : 0,
        .response_bytes = exchange->out_bytes,
        .request_over = exchange->body_error == SW_ELIMIT,
        .response_over = exchange->out_over,
    };
}

/* ---- request body ---- */

bool http__exchange_body_over(const struct http_exchange *exchange)
{
    switch (exchange->body) {
    case HTTP_BODY_LENGTH:
        return exchange->body_left == 0;
    case HTTP_BODY_CHUNKED:
        return exchange->chunked.state == HTTP_CHUNK_END;
    case HTTP_BODY_NONE:
        break;
    }
    return true;
}

void http__exchange_body_fail(struct http_exchange *exchange, enum sw_code code, const char *text)
{
    if (exchange->body_error)
        return;
    exchange->body_error = code;
    (void)snprintf(exchange->body_text, sizeof exchange->body_text, "%s", text); /* may be cut */
}

int http__exchange_look(struct http_exchange *exchange, struct sw_str *ret_bytes, struct sw_err *err)
{
    struct http_conn *conn = exchange->conn;
    if (exchange->body_error)
        return sw_fail(err, exchange->body_error, "%s", exchange->body_text);
    if (http__exchange_body_over(exchange))
        return SW_END;
    struct sw_str in = {conn->in + conn->in_start, conn->in_end - conn->in_start};
    if (in.n)
        exchange->expect = false; /* the client does not wait for "100 Continue" */
    if (exchange->body == HTTP_BODY_LENGTH) {
        if (in.n == 0)
            return SW_WAIT;
        *ret_bytes = in.n <= exchange->body_left ? in : sw_str_head(in, (size_t)exchange->body_left);
        exchange->peeked = ret_bytes->n;
        return 0;
    }
    struct sw_err local;
    size_t used = 0;
    int rc = http_chunked_next(&exchange->chunked, in, &used, ret_bytes, &local);
    if (rc < 0) {
        http__exchange_body_fail(exchange, local.code, local.text);
        return sw_fail(err, local.code, "%s", local.text);
    }
    conn->in_start += used;
    if (rc == 0)
        exchange->peeked = ret_bytes->n;
    return rc;
}

void http__exchange_drop(struct http_exchange *exchange, size_t n)
{
    assert(n <= exchange->peeked);
    exchange->peeked -= n;
    exchange->conn->in_start += n;
    if (exchange->body == HTTP_BODY_LENGTH)
        exchange->body_left -= n;
    else if (n)
        http_chunked_consume(&exchange->chunked, n);
}

static void send_continue(struct http_exchange *exchange)
{
    struct http_conn *conn = exchange->conn;
    exchange->expect = false;
    if (sw_buf_add(&conn->out, SW_LIT("HTTP/1.1 100 Continue\r\n\r\n"), NULL) ==
        0) /* else it sends the body after a while */
        http__conn_flush(conn);
}

int http_exchange_body_peek(struct http_exchange *exchange, struct sw_str *ret_bytes, struct sw_err *err)
{
    struct http_conn *conn = exchange->conn;
    if (exchange->gone || conn->state == HTTP_CONN_CLOSED)
        return exchange->body_error ? sw_fail(err, exchange->body_error, "%s", exchange->body_text)
                                    : sw_fail(err, SW_EIO, "the client is gone");
    int rc = http__exchange_look(exchange, ret_bytes, err);
    if (rc != SW_WAIT)
        return rc;
    if (conn->eof) {
        http__exchange_body_fail(exchange, SW_EIO,
                                 "the client closed the connection inside the request body");
        return sw_fail(err, SW_EIO, "%s", exchange->body_text);
    }
    if (exchange->expect && !exchange->responded)
        send_continue(exchange);
    exchange->want_readable = true;
    http__conn_in_deadline(conn, conn->server->config.body_timeout_ms);
    http__conn_reading(conn);
    return SW_WAIT;
}

void http_exchange_body_consume(struct http_exchange *exchange, size_t n)
{
    http__exchange_drop(exchange, n);
    http__conn_reading(exchange->conn);
}

void http_exchange_body_trailers(const struct http_exchange *exchange, const struct http_field **ret,
                                 uint32_t *ret_count)
{
    bool there = exchange->body == HTTP_BODY_CHUNKED && exchange->chunked.state == HTTP_CHUNK_END;
    *ret = there ? exchange->chunked.trailers : NULL;
    *ret_count = there ? exchange->chunked.trailer_count : 0;
}

/* ---- events ---- */

void http__exchange_tell_readable(struct http_exchange *exchange)
{
    struct sw_str bytes;
    if (!exchange->alive || !exchange->want_readable ||
        http__exchange_look(exchange, &bytes, NULL) == SW_WAIT)
        return;
    exchange->want_readable = false;
    exchange->conn->in_deadline_ms = 0;
    if (exchange->events.readable)
        exchange->events.readable(exchange->arg);
}

void http__exchange_tell_writable(struct http_exchange *exchange)
{
    if (!exchange->alive || !exchange->want_writable)
        return;
    exchange->want_writable = false;
    if (exchange->events.writable)
        exchange->events.writable(exchange->arg);
}

void http__exchange_tell_gone(struct http_exchange *exchange)
{
    struct http_conn *conn = exchange->conn;
    if (!exchange->alive || exchange->gone_told)
        return;
    conn->held =
        true; /* the stream may be closed already: ending the exchange would take the memory from under us */
    exchange->gone = true;
    exchange->gone_told = true;
    http__exchange_body_fail(exchange, SW_EIO, "the client is gone");
    http__exchange_tell_readable(exchange); /* who waits hears of it in the way it waits for */
    http__exchange_tell_writable(exchange);
    if (exchange->alive && exchange->events.gone)
        exchange->events.gone(exchange->arg);
    conn->held = false;
    http__conn_release(conn);
}

/* ---- response ---- */

/* Output was added: it leaves when conn_run is done, or at the end of the turn. */
static void flush_later(struct http_conn *conn)
{
    if (!conn->running)
        http__conn_wake(conn, HTTP_WAKE_FLUSH);
}

static int check_open(const struct http_exchange *exchange, struct sw_err *err)
{
    if (exchange->gone || exchange->conn->broken)
        return sw_fail(err, SW_EIO, "the client is gone");
    if (!exchange->responded)
        return sw_fail(err, SW_EBUG, "body bytes or an end before the response was started");
    if (exchange->finished)
        return sw_fail(err, SW_EBUG, "the response is finished already");
    return 0;
}

static enum http_framing choose_framing(const struct http_request *request, uint16_t status,
                                        uint64_t content_length)
{
    if (status == 204 || status == 304)
        return HTTP_FRAME_NONE; /* RFC 9110 8.6: none in 204; what a 304 would say belongs to the 200 */
    if (content_length != UINT64_MAX)
        return HTTP_FRAME_LENGTH;
    if (sw_str_eq(request->method, SW_LIT("HEAD")))
        return HTTP_FRAME_NONE;
    return request->minor >= 1 ? HTTP_FRAME_CHUNKED : HTTP_FRAME_UNTIL_CLOSE;
}

int http_exchange_respond(struct http_exchange *exchange, uint16_t status, const struct http_field *fields,
                          uint32_t field_count, uint64_t content_length, struct sw_err *err)
{
    struct http_conn *conn = exchange->conn;
    struct http_server *server = conn->server;
    const struct http_request *request = &conn->head.request;
    if (exchange->gone || conn->broken)
        return sw_fail(err, SW_EIO, "the client is gone");
    if (exchange->responded)
        return sw_fail(err, SW_EBUG, "the response was started already");
    bool bodiless = status == 204 || status == 304 || sw_str_eq(request->method, SW_LIT("HEAD"));
    if (content_length != UINT64_MAX && content_length > exchange->out_max && !bodiless) {
        exchange->out_bytes = content_length;
        exchange->out_over = true;
        return sw_fail(err, SW_ELIMIT, "a response body of %llu bytes is over the limit of %llu",
                       (unsigned long long)content_length, (unsigned long long)exchange->out_max);
    }
    enum http_framing framing = choose_framing(request, status, content_length);
    bool unasked_body =
        exchange->expect && conn->in_start == conn->in_end; /* the client may or may not send it now */
    bool keep = conn->keep_alive && !server->draining && framing != HTTP_FRAME_UNTIL_CLOSE && !unasked_body &&
                !exchange->body_error;
    struct http_response response = {
        .status = status,
        .framing = framing,
        .content_length = content_length,
        .fields = fields,
        .field_count = field_count,
        .close = !keep,
        .keep_alive = keep && request->minor == 0,
        .date_line = http_date_line(&server->date, loop_now_ms(server->loop)),
        .server = server->server_name,
    };
    int rc = http_response_write(&response, &conn->out, err);
    if (rc < 0)
        return rc;
    conn->keep_alive = keep;
    exchange->responded = true;
    exchange->status = status;
    exchange->framing = framing;
    exchange->bodiless = bodiless;
    exchange->out_left = framing == HTTP_FRAME_LENGTH ? content_length : 0;
    flush_later(conn);
    return 0;
}

bool http_exchange_responded(const struct http_exchange *exchange)
{
    return exchange->responded;
}

/* Copies into the output buffer. */
static int write_small(struct http_exchange *exchange, struct sw_str bytes, struct sw_err *err)
{
    struct sw_buf *out = &exchange->conn->out;
    bool chunked = exchange->framing == HTTP_FRAME_CHUNKED;
    int rc = sw_buf_reserve(out, bytes.n + 20, err);
    if (rc < 0)
        return rc;
    if (chunked)
        out->n += http_chunk_head_write(bytes.n, out->p + out->n);
    memcpy(out->p + out->n, bytes.p, bytes.n);
    out->n += bytes.n;
    if (chunked) {
        memcpy(out->p + out->n, "\r\n", 2);
        out->n += 2;
    }
    flush_later(exchange->conn);
    return 0;
}

/* Keeps what the socket did not take of a chunk: parts without their first `skip` bytes. */
static int keep_rest(struct http_conn *conn, const struct iovec *parts, int count, size_t skip,
                     struct sw_err *err)
{
    for (int i = 0; i < count; i++) {
        size_t passed = skip < parts[i].iov_len ? skip : parts[i].iov_len;
        skip -= passed;
        int rc = sw_buf_add(&conn->out,
                            sw_str((const char *)parts[i].iov_base + passed, parts[i].iov_len - passed), err);
        if (rc < 0) {
            conn->broken = true; /* an announced chunk cannot be completed */
            http__conn_wake(conn, HTTP_WAKE_GONE);
            return rc;
        }
    }
    return 0;
}

/* Sends what is queued and `bytes` behind it, from where they are. */
static int write_large(struct http_exchange *exchange, struct sw_str bytes, size_t *ret_n, struct sw_err *err)
{
    struct http_conn *conn = exchange->conn;
    bool chunked = exchange->framing == HTTP_FRAME_CHUNKED;
    union { /* sendmsg only reads it; struct iovec lacks a const */
        const char *in;
        void *out;
    } data = {bytes.p};
    char head[20];
    char tail[2] = {'\r', '\n'};
    struct iovec parts[4];
    for (;;) {
        size_t pending = http__conn_pending(conn);
        size_t take = chunked && bytes.n > HTTP_CHUNK_OUT_BYTES_MAX ? HTTP_CHUNK_OUT_BYTES_MAX : bytes.n;
        int count = 0;
        if (pending)
            parts[count++] = (struct iovec){conn->out.p + conn->out_sent, pending};
        int first = count;
        if (chunked)
            parts[count++] = (struct iovec){head, http_chunk_head_write(take, head)};
        parts[count++] = (struct iovec){data.out, take};
        if (chunked)
            parts[count++] = (struct iovec){tail, sizeof tail};
        size_t sent = 0;
        int rc = http__conn_send(conn, parts, count, &sent);
        if (rc == SW_WAIT) {
            exchange->want_writable = true;
            return SW_WAIT;
        }
        if (rc < 0)
            return sw_fail(err, SW_EIO, "the client is gone");
        conn->out_sent += sent < pending ? sent : pending;
        if (sent <= pending)
            continue; /* nothing of these bytes yet: the next call says SW_WAIT, or takes some */
        sw_buf_clear(&conn->out);
        conn->out_sent = 0;
        if (!chunked) {
            *ret_n = sent - pending;
            return 0;
        }
        rc = keep_rest(conn, parts + first, count - first, sent - pending, err);
        if (rc < 0)
            return rc;
        *ret_n = take;
        return 0;
    }
}

/* What came before the limit leaves, as far as the socket takes it; then the client sees that the rest is missing. */
static int cut_over_limit(struct http_exchange *exchange, size_t n, struct sw_err *err)
{
    struct http_conn *conn = exchange->conn;
    exchange->out_over = true;
    exchange->out_bytes += n;
    http__conn_flush(conn);
    conn->broken = true;
    http__conn_wake(conn, HTTP_WAKE_GONE);
    return sw_fail(err, SW_ELIMIT, "the response body is over the limit of %llu bytes",
                   (unsigned long long)exchange->out_max);
}

int http_exchange_write(struct http_exchange *exchange, struct sw_str bytes, size_t *ret_n,
                        struct sw_err *err)
{
    struct http_conn *conn = exchange->conn;
    int rc = check_open(exchange, err);
    if (rc < 0)
        return rc;
    if (exchange->framing == HTTP_FRAME_LENGTH && !exchange->bodiless && bytes.n > exchange->out_left)
        return sw_fail(err, SW_EINPUT, "%zu bytes more than the announced content length",
                       bytes.n - (size_t)exchange->out_left);
    size_t n = bytes.n;
    if (exchange->bodiless || bytes.n == 0) {
        *ret_n = n;
        return 0;
    }
    if (bytes.n > exchange->out_max - exchange->out_bytes)
        return cut_over_limit(exchange, bytes.n, err);
    if (conn->blocked) {
        exchange->want_writable = true;
        return SW_WAIT;
    }
    if (bytes.n <= HTTP_COPY_BYTES_MAX && http__conn_pending(conn) + bytes.n <= HTTP_OUT_PAUSE_BYTES)
        rc = write_small(exchange, bytes, err);
    else
        rc = write_large(exchange, bytes, &n, err);
    if (rc != 0)
        return rc;
    exchange->out_bytes += n;
    if (exchange->framing == HTTP_FRAME_LENGTH)
        exchange->out_left -= n;
    if (http__conn_pending(conn))
        flush_later(conn);
    *ret_n = n;
    return 0;
}

void http_exchange_flush(struct http_exchange *exchange)
{
    http__conn_flush(exchange->conn);
}

bool http_exchange_flushed(const struct http_exchange *exchange)
{
    return http__conn_pending(exchange->conn) == 0;
}

int http_exchange_finish(struct http_exchange *exchange, const struct http_field *trailers,
                         uint32_t trailer_count, struct sw_err *err)
{
    struct http_conn *conn = exchange->conn;
    int rc = check_open(exchange, err);
    if (rc < 0)
        return rc;
    if (exchange->out_left && !exchange->bodiless) {
        conn->keep_alive = false;
        return sw_fail(err, SW_EINPUT, "%llu bytes less than the announced content length",
                       (unsigned long long)exchange->out_left);
    }
    if (exchange->framing == HTTP_FRAME_CHUNKED && !exchange->bodiless) {
        rc = http_trailers_write(trailers, trailer_count, &conn->out, err);
        if (rc < 0) {
            conn->keep_alive = false;
            return rc;
        }
    }
    exchange->finished = true;
    if (!conn->running)
        http__conn_flush(conn);
    return 0;
}

/* What to say when the handler ended without an answer. */
static uint16_t failure_status(const struct http_exchange *exchange)
{
    switch (exchange->body_error) {
    case SW_EINPUT:
        return 400;
    case SW_ELIMIT:
        return 413;
    case SW_ETIMEOUT:
        return 408;
    case SW_ENOMEM:
        return 503;
    case SW_OK:
    case SW_EIO:
    case SW_ECANCELLED:
    case SW_EDENIED:
    case SW_EGUEST:
    case SW_EBUG:
    case SW_CODE_COUNT:
        break;
    }
    return 500;
}

int http_exchange_reply(struct http_exchange *exchange, uint16_t status, const struct http_field *fields,
                        uint32_t field_count, struct sw_str body, struct sw_err *err)
{
    struct http_conn *conn = exchange->conn;
    exchange->out_max = UINT64_MAX; /* the limit is the handler's, not the host's */
    int rc = http_exchange_respond(exchange, status, fields, field_count, body.n, err);
    if (rc == 0 && !exchange->bodiless && body.n) {
        rc = sw_buf_add(&conn->out, body, err); /* queued whatever the socket takes: it is short */
        exchange->out_left = 0;
        exchange->out_bytes += body.n;
    }
    return rc == 0 ? http_exchange_finish(exchange, NULL, 0, err) : rc;
}

static int answer(struct http_exchange *exchange, uint16_t status, struct sw_str content_type,
                  struct sw_str body)
{
    struct http_field type = {SW_LIT("Content-Type"), content_type};
    return http_exchange_reply(exchange, status, &type, content_type.n > 0, body, NULL);
}

void http_exchange_end(struct http_exchange *exchange)
{
    struct http_conn *conn = exchange->conn;
    assert(exchange->alive);
    if (!exchange->responded && !exchange->gone && !conn->broken) {
        uint16_t status = failure_status(exchange);
        const char *reason = http_reason(status);
        char text[64];
        int n = snprintf(text, sizeof text, "%u %s\n", (unsigned)status, reason);
        (void)answer(exchange, status, SW_LIT("text/plain"),
                     sw_str(text, n > 0 ? (size_t)n : 0)); /* else it is cut below */
    }
    if (!exchange->finished)
        conn->keep_alive = false; /* the client sees that the answer is incomplete */
    http__ended_tell(exchange);
    exchange->alive = false;
    exchange->want_readable = false;
    exchange->want_writable = false;
    http__conn_next(conn);
}

void http_exchange_answer(struct http_exchange *exchange, uint16_t status, struct sw_str content_type,
                          struct sw_str body)
{
    if (!exchange->responded)
        (void)answer(exchange, status, content_type, body); /* a failure ends the connection below */
    http_exchange_end(exchange);
}

void http__conn_refuse(struct http_conn *conn, uint16_t status, const char *text)
{
    char body[256];
    int n = snprintf(body, sizeof body, "%s\n", text); /* may be cut */
    size_t body_n = n < 0 ? 0 : (size_t)n < sizeof body ? (size_t)n : sizeof body - 1;
    struct http_field type = {SW_LIT("Content-Type"), SW_LIT("text/plain; charset=utf-8")};
    struct http_response response = {
        .status = status,
        .framing = HTTP_FRAME_LENGTH,
        .content_length = body_n,
        .fields = &type,
        .field_count = 1,
        .close = true,
        .date_line = http_date_line(&conn->server->date, loop_now_ms(conn->server->loop)),
        .server = conn->server->server_name,
    };
    bool head_only = sw_str_eq(conn->head.request.method, SW_LIT("HEAD"));
    if (http_response_write(&response, &conn->out, NULL) < 0 ||
        (!head_only && sw_buf_add(&conn->out, sw_str(body, body_n), NULL) < 0)) {
        sw_buf_clear(&conn->out); /* without memory the connection just ends */
        conn->out_sent = 0;
    }
    http__ended_refused(conn, status, head_only ? 0 : body_n);
    conn->keep_alive = false;
    conn->client_last = false;
    http__conn_end(conn);
}
