/* client_inside.c - requests over a connection that their owner gives: to a server of this process.  Room: http.
 *
 *   http__inside_begin: connect() --> head, body --> the socket --> response: status line, fields, body, trailers --> http__request_done
 *
 * libcurl 7.88 connects every socket that it is given, connected or not, so these requests do without it. The peer is our own server: HTTP/1.1, one
 * request, no folded lines. What comes is checked all the same, line by line and length by length.
 * source: RFC 9112 2.1, 4, 6, 7.1 */
#include <sys/uio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "http/body.h"
#include "http/client_internal.h"
#include "http/response.h"

enum inside_state {
    INSIDE_STATUS,
    INSIDE_FIELDS,
    INSIDE_LENGTH,
    INSIDE_CHUNKED,
    INSIDE_UNTIL_CLOSE,
    INSIDE_END
};

struct http__inside {
    struct http_client_request *request; /* NULL: ended, the stream closes */
    struct loop_stream *stream;
    struct sw_buf out; /* the head, or a piece of the body with its framing */
    size_t out_sent;
    uint64_t out_left; /* of the announced body; UINT64_MAX: it goes in chunks */
    bool out_over;
    struct sw_buf in;
    size_t in_used;
    enum inside_state state;
    uint64_t in_left; /* of the announced body */
    struct http_chunked chunked;
    struct http_field trailers[HTTP_FIELDS_MAX];
};

/* ---- what goes ---- */

static int write_head(struct http__inside *inside, struct sw_err *err)
{
    const struct http_client_request *request = inside->request;
    const struct http_client_start *start = &request->start;
    struct sw_buf *out = &inside->out;
    bool is_head = sw_str_eq(start->method, SW_LIT("HEAD"));
    uint64_t length = request->body.read && !is_head ? request->body.length(start->arg) : 0;
    int rc = sw_buf_printf(out, err, SW_FMT " " SW_FMT " HTTP/1.1\r\nHost: " SW_FMT "\r\n",
                           SW_ARG(start->method), SW_ARG(start->target), SW_ARG(start->authority));
    for (uint32_t i = 0; rc == 0 && i < start->field_count; i++)
        rc = sw_buf_printf(out, err, SW_FMT ": " SW_FMT "\r\n", SW_ARG(start->fields[i].name),
                           SW_ARG(start->fields[i].value));
    if (rc == 0 && length == UINT64_MAX)
        rc = sw_buf_add(out, SW_LIT("Transfer-Encoding: chunked\r\n"), err);
    else if (rc == 0 && (length || http__method_has_length(start->method)))
        rc = sw_buf_printf(out, err, "Content-Length: %llu\r\n", (unsigned long long)length);
    inside->out_left = length;
    inside->out_over = length == 0;
    return rc < 0 ? rc : sw_buf_add(out, SW_LIT("\r\n"), err);
}

static int add_trailers(struct http__inside *inside, struct sw_err *err)
{
    const struct http_client_request *request = inside->request;
    struct http_field field;
    int rc = sw_buf_add(&inside->out, SW_LIT("0\r\n"), err);
    for (uint32_t i = 0;
         rc == 0 && request->body.trailer && request->body.trailer(request->start.arg, i, &field); i++)
        rc = sw_buf_printf(&inside->out, err, SW_FMT ": " SW_FMT "\r\n", SW_ARG(field.name),
                           SW_ARG(field.value));
    return rc < 0 ? rc : sw_buf_add(&inside->out, SW_LIT("\r\n"), err);
}

static int add_piece(struct http__inside *inside, struct sw_str piece, struct sw_err *err)
{
    char head[20];
    if (inside->out_left != UINT64_MAX) {
        if (piece.n > inside->out_left)
            return sw_fail(err, SW_EINPUT, "more bytes than were announced");
        inside->out_left -= piece.n;
        return sw_buf_add(&inside->out, piece, err);
    }
    int rc = sw_buf_add(&inside->out, sw_str(head, http_chunk_head_write(piece.n, head)), err);
    if (rc == 0)
        rc = sw_buf_add(&inside->out, piece, err);
    return rc < 0 ? rc : sw_buf_add(&inside->out, SW_LIT("\r\n"), err);
}

/* The body's next piece to `out`. Returns 0, SW_WAIT, SW_END (nothing follows), or < 0. */
static int next_piece(struct http__inside *inside, struct sw_err *err)
{
    struct http_client_request *request = inside->request;
    char bytes[HTTP_CLIENT_UPLOAD_BYTES];
    size_t n = 0;
    if (inside->out_over)
        return SW_END;
    int rc = request->body.read(request->start.arg, bytes, sizeof bytes, &n);
    http__request_sends(request, rc == SW_WAIT);
    if (rc == SW_WAIT)
        request->out_paused = true;
    if (rc == 0)
        return add_piece(inside, sw_str(bytes, n), err);
    if (rc != SW_END)
        return rc < 0 ? sw_fail(err, SW_EIO, "the request's body failed") : rc;
    inside->out_over = true;
    if (inside->out_left == UINT64_MAX)
        return add_trailers(inside, err);
    return inside->out_left ? sw_fail(err, SW_EINPUT, "fewer bytes than were announced") : SW_END;
}

/* Sends until the socket takes no more or nothing is there. */
static void pump_out(struct http__inside *inside)
{
    struct sw_err err;
    int rc = 0;
    while (rc == 0) {
        size_t n = 0;
        if (inside->out_sent == inside->out.n) {
            sw_buf_clear(&inside->out);
            inside->out_sent = 0;
            rc = next_piece(inside, &err);
            if (rc < 0) {
                http__request_fail(inside->request,
                                   rc == -SW_ENOMEM ? HTTP_CLIENT_INTERNAL : HTTP_CLIENT_BODY);
                return;
            }
            continue;
        }
        const struct iovec part = {inside->out.p + inside->out_sent, inside->out.n - inside->out_sent};
        rc = loop_stream_writev(inside->stream, &part, 1, &n, &err);
        inside->out_sent += n;
    }
    if (rc < 0) /* the peer wants no more: its answer may be there */
        inside->out_over = true;
}

/* ---- what comes ---- */

static int has_status(struct http__inside *inside, struct sw_str line)
{
    uint64_t status;
    if (!sw_str_starts(line, SW_LIT("HTTP/1.1 ")) || line.n < 12 || (line.n > 12 && line.p[12] != ' ') ||
        !sw_str_to_u64(sw_str(line.p + 9, 3), 999, &status) || status < 100)
        return -SW_EINPUT;
    inside->request->status = (uint16_t)status;
    inside->state = INSIDE_FIELDS;
    return 0;
}

/* How the body ends (RFC 9112 6.3). */
static int choose_framing(struct http__inside *inside)
{
    struct http_client_request *request = inside->request;
    struct http_field field;
    uint64_t length = UINT64_MAX;
    bool chunked = false;
    for (uint32_t i = 0; http__section_field(&request->head, i, &field); i++) {
        chunked |= sw_str_eq_nocase(field.name, SW_LIT("transfer-encoding"));
        if (sw_str_eq_nocase(field.name, SW_LIT("content-length")) &&
            !sw_str_to_u64(field.value, HTTP_CONTENT_LENGTH_MAX, &length))
            return -SW_EINPUT;
    }
    bool bodiless =
        request->status == 204 || request->status == 304 || sw_str_eq(request->start.method, SW_LIT("HEAD"));
    if (bodiless || (!chunked && length == 0)) {
        inside->state = INSIDE_END;
    } else if (chunked) {
        inside->state = INSIDE_CHUNKED;
        http_chunked_init(&inside->chunked, HTTP_CONTENT_LENGTH_MAX, inside->trailers, HTTP_FIELDS_MAX);
    } else {
        inside->state = length == UINT64_MAX ? INSIDE_UNTIL_CLOSE : INSIDE_LENGTH;
        inside->in_left = length;
    }
    request->has_head = true;
    http__request_phase(request, HTTP__READING);
    http__request_news(request);
    return 0;
}

static int has_field_line(struct http__inside *inside, struct sw_str line)
{
    struct http_client_request *request = inside->request;
    struct sw_err err;
    if (line.n)
        return http__section_line(&request->head, line, &err);
    if (request->status >= 200)
        return choose_framing(inside);
    http__section_clear(&request->head); /* "100 Continue" */
    inside->state = INSIDE_STATUS;
    return 0;
}

/* Returns 0, SW_WAIT, or < 0. */
static int next_line(struct http__inside *inside, struct sw_str in)
{
    size_t end = sw_str_find(in, '\n');
    if (end == SW_NPOS)
        return in.n >= HTTP_RESPONSE_HEAD_BYTES_MAX ? -SW_ELIMIT : SW_WAIT;
    struct sw_str line = sw_str(in.p, end > 0 && in.p[end - 1] == '\r' ? end - 1 : end);
    inside->in_used += end + 1;
    return inside->state == INSIDE_STATUS ? has_status(inside, line) : has_field_line(inside, line);
}

/* Bytes of the body for its reader. Returns 0, or SW_WAIT: there is no room. */
static int deliver(struct http__inside *inside, struct sw_str bytes, size_t *ret_n)
{
    struct http_client_request *request = inside->request;
    struct sw_err err;
    sw_buf_drop_front(&request->window, request->window_at);
    request->window_at = 0;
    size_t room =
        request->window.n < HTTP_CLIENT_WINDOW_BYTES ? HTTP_CLIENT_WINDOW_BYTES - request->window.n : 0;
    *ret_n = bytes.n < room ? bytes.n : room;
    if (room == 0) {
        request->in_paused = true;
        http__request_phase(request, HTTP__READING);
        loop_stream_reading(inside->stream, false);
        return SW_WAIT;
    }
    int rc = sw_buf_add(&request->window, sw_str(bytes.p, *ret_n), &err);
    if (rc < 0)
        return rc;
    request->received += *ret_n;
    http__request_phase(request, HTTP__READING);
    http__request_news(request);
    return 0;
}

static int keep_trailers(struct http__inside *inside)
{
    struct sw_err err;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < inside->chunked.trailer_count; i++)
        rc = http__section_add(&inside->request->trailers, &inside->trailers[i], &err);
    inside->state = INSIDE_END;
    return rc;
}

static int next_chunk(struct http__inside *inside, struct sw_str in)
{
    struct sw_str data = sw_str("", 0);
    struct sw_err err;
    size_t used = 0, n = 0;
    int rc = http_chunked_next(&inside->chunked, in, &used, &data, &err);
    if (rc == SW_END)
        rc = keep_trailers(inside);
    else if (rc == 0)
        rc = deliver(inside, data, &n);
    if (n)
        http_chunked_consume(&inside->chunked, n);
    inside->in_used += used + n;
    return rc;
}

static int next_bytes(struct http__inside *inside, struct sw_str in)
{
    size_t n = 0;
    if (in.n == 0)
        return SW_WAIT;
    if (inside->state == INSIDE_LENGTH)
        in = sw_str_head(in, inside->in_left < in.n ? (size_t)inside->in_left : in.n);
    int rc = deliver(inside, in, &n);
    inside->in_used += n;
    inside->in_left -= inside->state == INSIDE_LENGTH ? n : 0;
    if (inside->state == INSIDE_LENGTH && inside->in_left == 0)
        inside->state = INSIDE_END;
    return rc;
}

/* Everything that can be read of what is here. Returns SW_WAIT, SW_END (the response is complete), or < 0. */
static int parse(struct http__inside *inside)
{
    int rc = 0;
    while (rc == 0 && inside->state != INSIDE_END) {
        struct sw_str in = sw_str_from(sw_buf_str(&inside->in), inside->in_used);
        rc = inside->state <= INSIDE_FIELDS    ? next_line(inside, in)
             : inside->state == INSIDE_CHUNKED ? next_chunk(inside, in)
                                               : next_bytes(inside, in);
    }
    sw_buf_drop_front(&inside->in, inside->in_used);
    inside->in_used = 0;
    return rc == 0 ? SW_END : rc;
}

static enum http_client_failure failure_of(int rc)
{
    return rc == -SW_ELIMIT   ? HTTP_CLIENT_HEAD_SIZE
           : rc == -SW_ENOMEM ? HTTP_CLIENT_INTERNAL
                              : HTTP_CLIENT_PROTOCOL;
}

/* The end of the connection, or a reset, where the response is not known to be complete. */
static void on_end(struct http__inside *inside, int rc)
{
    struct http_client_request *request = inside->request;
    if (rc == SW_END && inside->state == INSIDE_UNTIL_CLOSE)
        http__request_done(request, CURLE_OK);
    else
        http__request_fail(request,
                           rc == SW_END && request->has_head ? HTTP_CLIENT_PROTOCOL : HTTP_CLIENT_TERMINATED);
}

/* Reads and parses in turns: what is not parsed is bounded. */
static void pump_in(struct http__inside *inside)
{
    struct http_client_request *request = inside->request;
    struct sw_err err;
    int rc = parse(inside);
    while (rc == SW_WAIT && !request->in_paused) {
        size_t n = 0;
        rc = sw_buf_reserve(&inside->in, HTTP_CLIENT_UPLOAD_BYTES, &err);
        if (rc < 0)
            break;
        rc =
            loop_stream_read(inside->stream, inside->in.p + inside->in.n, HTTP_CLIENT_UPLOAD_BYTES, &n, &err);
        if (rc == SW_WAIT)
            return;
        if (rc != 0) {
            on_end(inside, rc);
            return;
        }
        inside->in.n += n;
        rc = parse(inside);
    }
    if (rc == SW_END)
        http__request_done(request, CURLE_OK);
    else if (rc < 0)
        http__request_fail(request, failure_of(rc));
}

/* ---- the connection ---- */

static void on_readable(void *arg)
{
    struct http__inside *inside = arg;
    if (inside->request)
        pump_in(inside);
}

static void on_writable(void *arg)
{
    struct http__inside *inside = arg;
    if (inside->request && !inside->request->dropped) /* whose body nobody has any more */
        pump_out(inside);
}

static void on_closed(void *arg)
{
    struct http__inside *inside = arg;
    sw_buf_deinit(&inside->out);
    sw_buf_deinit(&inside->in);
    sw_free(inside);
}

static int open_stream(struct http_client_request *request, struct http__inside *inside, struct sw_err *err)
{
    static const struct loop_stream_events events = {on_readable, on_writable, on_closed};
    int fd = request->start.connect(request->start.arg);
    if (fd < 0)
        return -SW_EIO;
    int rc = loop_stream_open(request->client->loop, fd, &events, inside, &inside->stream, err);
    if (rc < 0)
        (void)close(fd);
    return rc;
}

enum http_client_failure http__inside_begin(struct http_client_request *request)
{
    struct http__inside *inside = sw_try_alloc(sizeof *inside);
    struct sw_err err;
    if (!inside)
        return HTTP_CLIENT_INTERNAL;
    inside->request = request;
    inside->out = SW_BUF(HTTP_CLIENT_START_BYTES_MAX);
    inside->in = SW_BUF(HTTP_RESPONSE_HEAD_BYTES_MAX + HTTP_CLIENT_UPLOAD_BYTES);
    int rc = write_head(inside, &err);
    enum http_client_failure failure = rc < 0 ? HTTP_CLIENT_INTERNAL : HTTP_CLIENT_OK;
    if (rc == 0 && open_stream(request, inside, &err) < 0)
        failure = HTTP_CLIENT_REFUSED;
    if (failure != HTTP_CLIENT_OK) {
        on_closed(inside);
        return failure;
    }
    request->inside = inside;
    http__request_phase(request, HTTP__WAITING);
    loop_stream_reading(inside->stream, true);
    pump_out(inside);
    return HTTP_CLIENT_OK;
}

void http__inside_end(struct http_client_request *request)
{
    struct http__inside *inside = request->inside;
    request->inside = NULL;
    inside->request = NULL;
    loop_stream_close(inside->stream);
}

void http__inside_go_on(struct http_client_request *request)
{
    struct http__inside *inside = request->inside;
    bool in = request->in_wanted, out = request->out_wanted;
    request->in_wanted = request->out_wanted = false;
    if (out) {
        request->out_paused = false;
        pump_out(inside);
    }
    if (in && request->inside) { /* sending may have failed */
        request->in_paused = false;
        loop_stream_reading(inside->stream, true);
        pump_in(inside);
    }
}
