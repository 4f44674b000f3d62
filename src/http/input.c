/* input.c - where a connection's input lies: the head buffer, the window of a large body, and making room in them.  Room: http.
 *
 *   head_buf: | answered | head | body so far | next requests |          in_base: end of the head     window: body only, in_base 0
 * While an exchange is alive nothing below in_base moves or is written to: the handler has views of it. Between requests all may move. */
#include "base/alloc.h"
#include "http/conn.h"

static void to_front(struct http_conn *conn, size_t front)
{
    size_t n = conn->in_end - conn->in_start;
    if (n)
        memmove(conn->in + front, conn->in + conn->in_start, n);
    conn->in_start = front;
    conn->in_end = front + n;
}

/* Between requests: the parser's views move with the buffer. */
static int head_room(struct http_conn *conn, struct sw_err *err)
{
    if (conn->in_end < conn->in_cap)
        return 0;
    if (conn->in_start > 0) {
        to_front(conn, 0);
        return 0;
    }
    size_t cap = conn->in_cap * 2;
    if (cap > conn->server->config.head_bytes_max)
        cap = conn->server->config.head_bytes_max;
    if (cap <= conn->in_cap)
        return SW_WAIT; /* pipelined requests fill it; a single head would have been refused */
    char *larger = sw_try_alloc(cap);
    if (!larger)
        return sw_fail(err, SW_ENOMEM, "no memory for a request head of %zu bytes", cap);
    memcpy(larger, conn->in, conn->in_end);
    if (conn->head_buf != conn->first_buf)
        sw_free(conn->head_buf);
    conn->head_buf = larger;
    conn->head_cap = cap;
    conn->in = larger;
    conn->in_cap = cap;
    return 0;
}

static char *window_take(struct http_server *server)
{
    if (server->window_count)
        return server->windows[--server->window_count];
    return sw_try_alloc(HTTP_WINDOW_BYTES);
}

static void window_give(struct http_server *server, char *window)
{
    if (window && server->window_count < HTTP_WINDOW_SPARE_MAX && !server->freed)
        server->windows[server->window_count++] = window;
    else
        sw_free(window);
}

/* From now on body bytes go to a buffer of their own. */
static int open_window(struct http_conn *conn, struct sw_err *err)
{
    if (!conn->window)
        conn->window = window_take(conn->server);
    if (!conn->window)
        return sw_fail(err, SW_ENOMEM, "no memory for a request body");
    size_t n = conn->in_end - conn->in_start; /* at most a head buffer's size; checked */
    if (n > HTTP_WINDOW_BYTES)
        return SW_WAIT;
    memcpy(conn->window, conn->in + conn->in_start, n);
    conn->in = conn->window;
    conn->in_cap = HTTP_WINDOW_BYTES;
    conn->in_base = 0;
    conn->in_start = 0;
    conn->in_end = n;
    return 0;
}

/* Bytes of a body that is being read. Returns 0 when there is room, SW_WAIT when the reader must consume first. */
static int body_room(struct http_conn *conn, struct sw_err *err)
{
    struct http_exchange *exchange = &conn->exchange;
    bool asked = exchange->want_readable || conn->state == HTTP_CONN_DISCARD;
    if (conn->in_start == conn->in_end) {
        conn->in_start = conn->in_base;
        conn->in_end = conn->in_base;
    }
    if (conn->in != conn->window && asked) {
        bool fits =
            exchange->body == HTTP_BODY_LENGTH && exchange->body_left <= conn->in_cap - conn->in_start;
        bool roomy = exchange->body == HTTP_BODY_CHUNKED && exchange->chunked.total <= HTTP_IN_BYTES &&
                     conn->in_cap - conn->in_end >= HTTP_IN_BYTES / 4;
        if (!fits && !roomy)
            return open_window(conn, err);
    }
    if (conn->in_end < conn->in_cap)
        return 0;
    size_t gone = conn->in_start - conn->in_base;
    if (gone == 0 || gone < (conn->in_cap - conn->in_base) / 2)
        return SW_WAIT; /* making less room than that each time would cost too much */
    to_front(conn, conn->in_base);
    return 0;
}

/* Makes room behind in_end. Returns 0, SW_WAIT (not now: stop reading), or < 0 without memory. */
int http__in_room(struct http_conn *conn, struct sw_err *err)
{
    switch (conn->state) {
    case HTTP_CONN_IDLE:
    case HTTP_CONN_HEAD:
        return head_room(conn, err);
    case HTTP_CONN_EXCHANGE:
    case HTTP_CONN_DISCARD:
        if (!http__exchange_body_over(&conn->exchange))
            return body_room(conn, err);
        return conn->in_end < conn->in_cap ? 0 : SW_WAIT; /* the next request, ahead of time */
    case HTTP_CONN_LINGER:
        conn->in_start = 0;
        conn->in_end = 0;
        return 0;
    case HTTP_CONN_ENDING:
    case HTTP_CONN_CLOSED:
        break;
    }
    return SW_WAIT;
}

/* Gives back what only large requests and answers need. The input is empty. */
void http__in_shrink(struct http_conn *conn)
{
    window_give(conn->server, conn->window);
    conn->window = NULL;
    if (conn->head_buf != conn->first_buf)
        sw_free(conn->head_buf);
    conn->head_buf = conn->first_buf;
    conn->head_cap = HTTP_IN_BYTES;
    conn->in = conn->first_buf;
    conn->in_cap = HTTP_IN_BYTES;
    if (!http__conn_pending(conn) && conn->out.cap > HTTP_OUT_KEEP_BYTES) {
        sw_buf_deinit(&conn->out);
        conn->out_sent = 0;
    }
}

/* Unread bytes go back to where heads are parsed. */
void http__in_leave_window(struct http_conn *conn)
{
    size_t n = conn->in_end - conn->in_start;
    if (n <= conn->head_cap) {
        memcpy(conn->head_buf, conn->in + conn->in_start, n);
    } else { /* much was sent ahead: the window becomes the head buffer */
        to_front(conn, 0);
        if (conn->head_buf != conn->first_buf)
            sw_free(conn->head_buf);
        conn->head_buf = conn->window;
        conn->head_cap = HTTP_WINDOW_BYTES;
        conn->window = NULL;
    }
    conn->in = conn->head_buf;
    conn->in_cap = conn->head_cap;
    conn->in_start = 0;
    conn->in_end = n;
}
