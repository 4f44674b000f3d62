/* conn.c - one connection: input, output, time.  Room: http.
 *
 *   IDLE --bytes--> HEAD --complete--> EXCHANGE --http_exchange_end--> next
 *     ^ \--complete head at once----------^  |                          |
 *     |                                      |           keep, body over: --> IDLE
 *     |--body over-- DISCARD <---------------+-----------keep, body left: --> DISCARD
 *                      |                     |           else:            --> ENDING
 *                      \--too much-----------+--> ENDING --all sent--> LINGER --FIN, time, bytes--> CLOSED
 *     bad head, 408 --> ENDING               \--reset--> CLOSED            \--client's last--> CLOSED
 *
 * 1. At most one exchange; what the client sends ahead waits in the buffer, then in the kernel.
 * 2. Views handed out lie in head_buf, which neither moves nor is written to below in_base while an exchange is alive.
 * 3. An ordinary request changes neither timer nor poll set: the timer runs at or before the deadline and looks when it fires.
 * 4. config.request is called from conn_run only, conn_run from the loop only. */
#include "http/conn.h"

#include <assert.h>

#include "base/alloc.h"

static void conn_run(struct http_conn *conn);

/* ---- time ---- */

static void timer_update(struct http_conn *conn)
{
    uint64_t at = conn->in_deadline_ms;
    if (conn->out_deadline_ms && (!at || conn->out_deadline_ms < at))
        at = conn->out_deadline_ms;
    if (!at || (conn->timer_at_ms && conn->timer_at_ms <= at))
        return; /* fires early enough, looks again then */
    uint64_t now = loop_now_ms(conn->server->loop);
    conn->timer_at_ms = at;
    loop_timer_start(conn->timer, at > now ? at - now : 0);
}

void http__conn_in_deadline(struct http_conn *conn, uint64_t after_ms)
{
    conn->in_deadline_ms = loop_now_ms(conn->server->loop) + after_ms;
    timer_update(conn);
}

static void out_deadline(struct http_conn *conn)
{
    conn->out_deadline_ms = loop_now_ms(conn->server->loop) + conn->server->config.write_timeout_ms;
    timer_update(conn);
}

static void in_time_is_up(struct http_conn *conn)
{
    struct http_exchange *exchange = &conn->exchange;
    conn->in_deadline_ms = 0;
    switch (conn->state) {
    case HTTP_CONN_HEAD:
        http__conn_refuse(conn, 408, "the request head did not come in time");
        break;
    case HTTP_CONN_EXCHANGE:
        if (conn->eof) { /* closed by its client, as far as can be known */
            http__conn_close(conn);
        } else if (exchange->want_readable) {
            http__exchange_body_fail(exchange, SW_ETIMEOUT, "the request body did not come in time");
            http__exchange_tell_readable(exchange);
        }
        break;
    case HTTP_CONN_DISCARD:
        http__conn_end(conn);
        break;
    case HTTP_CONN_IDLE:
        if (conn->server->draining) {
            http__conn_wake(conn, HTTP_WAKE_DRAINED); /* after this turn's input, which may hold a request */
            break;
        }
        http__conn_close(conn);
        break;
    case HTTP_CONN_LINGER:
        http__conn_close(conn);
        break;
    case HTTP_CONN_ENDING: /* has the output's deadline */
    case HTTP_CONN_CLOSED:
        break;
    }
}

static void on_timer(void *arg)
{
    struct http_conn *conn = arg;
    conn->timer_at_ms = 0;
    if (conn->state == HTTP_CONN_CLOSED)
        return;
    uint64_t now = loop_now_ms(conn->server->loop);
    if (conn->out_deadline_ms && now >= conn->out_deadline_ms) {
        http__conn_close(conn); /* the client takes nothing: no answer could reach it */
        return;
    }
    if (conn->in_deadline_ms && now >= conn->in_deadline_ms)
        in_time_is_up(conn);
    if (conn->state != HTTP_CONN_CLOSED)
        timer_update(conn);
}

/* ---- output ---- */

int http__conn_send(struct http_conn *conn, const struct iovec *parts, int count, size_t *ret_n)
{
    struct sw_err err;
    if (conn->broken || conn->state == HTTP_CONN_CLOSED)
        return -SW_EIO;
    int rc = loop_stream_writev(conn->stream, parts, count, ret_n, &err);
    if (rc == SW_WAIT) {
        conn->blocked = true;
        if (!conn->out_deadline_ms)
            out_deadline(conn);
    } else if (rc == 0 && conn->out_deadline_ms) {
        out_deadline(conn); /* progress */
    } else if (rc < 0) {
        conn->broken = true;
        http__conn_wake(conn, HTTP_WAKE_GONE);
    }
    return rc;
}

void http__conn_flush(struct http_conn *conn)
{
    while (conn->out_sent < conn->out.n && !conn->blocked && !conn->broken) {
        struct iovec part = {conn->out.p + conn->out_sent, http__conn_pending(conn)};
        size_t n = 0;
        if (http__conn_send(conn, &part, 1, &n) != 0)
            break;
        conn->out_sent += n;
    }
    if (conn->broken || conn->out_sent == conn->out.n) {
        sw_buf_clear(&conn->out);
        conn->out_sent = 0;
        if (!conn->blocked)
            conn->out_deadline_ms = 0;
    }
}

/* Everything has left, or nothing can any more. */
static void ending_step(struct http_conn *conn)
{
    if (conn->state != HTTP_CONN_ENDING || (http__conn_pending(conn) && !conn->broken))
        return;
    bool clean =
        conn->client_last && conn->in_start == conn->in_end && http__exchange_body_over(&conn->exchange);
    if (conn->broken || conn->eof || clean) {
        http__conn_close(conn);
        return;
    }
    conn->state = HTTP_CONN_LINGER; /* RFC 9112 9.6: closing now could destroy the answer while it travels */
    conn->dropped = 0;
    conn->in_start = 0;
    conn->in_end = 0;
    loop_stream_shutdown(conn->stream);
    http__conn_in_deadline(conn, HTTP_LINGER_MS);
    conn->in_full = true; /* or not: reading goes on in any case */
    http__conn_reading(conn);
}

void http__conn_end(struct http_conn *conn)
{
    conn->state = HTTP_CONN_ENDING;
    conn->in_deadline_ms = 0;
    http__conn_flush(conn);
    ending_step(conn);
}

static void on_writable(void *arg)
{
    struct http_conn *conn = arg;
    if (conn->state == HTTP_CONN_CLOSED)
        return;
    conn->blocked = false;
    http__conn_flush(conn);
    if (conn->blocked)
        return;
    conn->out_deadline_ms = 0;
    ending_step(conn);
    if (conn->state == HTTP_CONN_EXCHANGE)
        http__exchange_tell_writable(&conn->exchange);
    else if (conn->state == HTTP_CONN_IDLE || conn->state == HTTP_CONN_HEAD)
        conn_run(conn);
}

/* ---- input ---- */

void http__conn_reading(struct http_conn *conn)
{
    if (!conn->in_full || conn->state == HTTP_CONN_CLOSED)
        return;
    conn->in_full = false;
    loop_stream_reading(conn->stream, true);
}

static void discard(struct http_conn *conn)
{
    struct sw_str bytes;
    int rc = http__exchange_look(&conn->exchange, &bytes, NULL);
    while (rc == 0 && conn->dropped <= HTTP_DISCARD_BYTES_MAX) {
        conn->dropped += bytes.n;
        http__exchange_drop(&conn->exchange, bytes.n);
        rc = http__exchange_look(&conn->exchange, &bytes, NULL);
    }
    if (rc == SW_END) {
        http__conn_next(conn);
    } else if (rc != SW_WAIT || conn->eof) {
        http__conn_end(conn); /* bad chunks, or too much */
    }
}

static void took_bytes(struct http_conn *conn, size_t n)
{
    conn->in_end += n;
    switch (conn->state) {
    case HTTP_CONN_IDLE:
    case HTTP_CONN_HEAD:
        conn_run(conn);
        break;
    case HTTP_CONN_EXCHANGE:
        if (conn->exchange.want_readable) {
            http__conn_in_deadline(conn, conn->server->config.body_timeout_ms);
            http__exchange_tell_readable(&conn->exchange);
        }
        break;
    case HTTP_CONN_DISCARD:
        http__conn_in_deadline(conn, conn->server->config.body_timeout_ms);
        discard(conn);
        break;
    case HTTP_CONN_LINGER:
        conn->dropped += n;
        if (conn->dropped > HTTP_LINGER_BYTES_MAX)
            http__conn_close(conn);
        break;
    case HTTP_CONN_ENDING:
    case HTTP_CONN_CLOSED:
        break;
    }
}

/* The client sent FIN. It may still wait for its answer. */
static void took_eof(struct http_conn *conn)
{
    struct http_exchange *exchange = &conn->exchange;
    struct sw_str bytes;
    conn->eof = true;
    switch (conn->state) {
    case HTTP_CONN_EXCHANGE:
        if (exchange->body == HTTP_BODY_LENGTH && conn->in_end - conn->in_start < exchange->body_left) {
            http__conn_close(conn); /* a request cut short */
        } else if (exchange->want_readable && http__exchange_look(exchange, &bytes, NULL) == SW_WAIT) {
            http__conn_close(conn);
        } else {
            http__conn_in_deadline(conn, HTTP_HALF_CLOSED_MS);
        }
        break;
    case HTTP_CONN_ENDING: /* closes when all is sent */
        break;
    case HTTP_CONN_IDLE:
    case HTTP_CONN_HEAD: /* complete requests may wait; what is left after them ends the connection */
        conn_run(conn);
        break;
    case HTTP_CONN_DISCARD:
        http__conn_end(conn);
        break;
    case HTTP_CONN_LINGER:
    case HTTP_CONN_CLOSED:
        http__conn_close(conn);
        break;
    }
}

static void on_readable(void *arg)
{
    struct http_conn *conn = arg;
    if (conn->state == HTTP_CONN_CLOSED)
        return;
    struct sw_err err;
    int rc = http__in_room(conn, &err);
    if (rc == SW_WAIT) {
        if (conn->in_full) { /* we were called although reading is off: the connection failed */
            http__conn_close(conn);
            return;
        }
        conn->in_full = true;
        loop_stream_reading(conn->stream, false);
        return;
    }
    if (rc < 0) {
        if (conn->state == HTTP_CONN_EXCHANGE) {
            http__exchange_body_fail(&conn->exchange, SW_ENOMEM, err.text);
            conn->in_full = true;
            loop_stream_reading(conn->stream, false);
            http__exchange_tell_readable(&conn->exchange);
        } else if (conn->state == HTTP_CONN_DISCARD) {
            http__conn_end(conn); /* it is answered: another answer would be taken for the next request's */
        } else {
            http__conn_refuse(conn, 503, "no memory for the request");
        }
        return;
    }
    size_t n = 0;
    rc = loop_stream_read(conn->stream, conn->in + conn->in_end, conn->in_cap - conn->in_end, &n, &err);
    if (rc == 0)
        took_bytes(conn, n);
    else if (rc == SW_END)
        took_eof(conn);
    else if (rc < 0)
        http__conn_close(conn);
}

/* ---- requests ---- */

static void head_complete(struct http_conn *conn)
{
    struct http_request *request = &conn->head.request;
    conn->in_start += conn->head.bytes;
    conn->in_base = conn->in_start;
    conn->in_deadline_ms = 0;
    conn->keep_alive = conn->head.keep_alive;
    conn->client_last = !conn->head.keep_alive;
    http__exchange_begin(conn);
    if (request->has_body && request->content_length != UINT64_MAX &&
        request->content_length > conn->server->config.body_bytes_max) {
        http__conn_refuse(conn, 413, "the request body is larger than is accepted here");
        return;
    }
    conn->state = HTTP_CONN_EXCHANGE;
    conn->exchange.alive = true;
    if (conn->eof)
        http__conn_in_deadline(conn, HTTP_HALF_CLOSED_MS);
    conn->server->config.request(conn->server->config.arg, &conn->exchange);
}

/* Takes as many requests out of the buffer as their handlers finish at once. */
static void conn_run(struct http_conn *conn)
{
    assert(!conn->running);
    conn->running = true;
    while (conn->state == HTTP_CONN_IDLE || conn->state == HTTP_CONN_HEAD) {
        if (http__conn_pending(conn) >= HTTP_OUT_PAUSE_BYTES)
            http__conn_flush(conn);
        if (conn->blocked || conn->broken || conn->in_start == conn->in_end)
            break;
        struct sw_err err;
        struct sw_str in = {conn->in + conn->in_start, conn->in_end - conn->in_start};
        int rc = http_head_parse(&conn->head, &conn->server->head_limits, in, &err);
        if (rc < 0) {
            http__conn_refuse(conn, conn->head.status, err.text);
        } else if (rc == 0) {
            head_complete(conn);
        } else {
            if (conn->state == HTTP_CONN_IDLE)
                http__conn_in_deadline(conn, conn->server->config.head_timeout_ms);
            conn->state = HTTP_CONN_HEAD;
            break;
        }
    }
    conn->running = false;
    if (conn->state == HTTP_CONN_CLOSED)
        return;
    http__conn_flush(conn);
    if (conn->eof && !conn->blocked && (conn->state == HTTP_CONN_IDLE || conn->state == HTTP_CONN_HEAD))
        conn->state = HTTP_CONN_ENDING; /* nothing more can come */
    ending_step(conn);
}

/* Ready for the next request; bytes of it may be there. */
static void conn_idle(struct http_conn *conn)
{
    conn->state = HTTP_CONN_IDLE;
    if (conn->window && conn->in == conn->window)
        http__in_leave_window(conn);
    if (conn->in_start == conn->in_end) {
        conn->in_start = 0;
        conn->in_end = 0;
        if (conn->window || conn->head_buf != conn->first_buf || conn->out.cap > HTTP_OUT_KEEP_BYTES)
            http__in_shrink(conn);
    }
    conn->in_base = 0;
    http_head_init(&conn->head, conn->fields);
    http__conn_in_deadline(conn, conn->server->draining ? HTTP_DRAIN_IDLE_MS
                                                        : conn->server->config.idle_timeout_ms);
    http__conn_reading(conn);
}

void http__conn_next(struct http_conn *conn)
{
    if (conn->state == HTTP_CONN_CLOSED) {
        http__conn_release(conn);
        return;
    }
    if (conn->broken) {
        http__conn_close(conn);
        return;
    }
    struct http_exchange *exchange = &conn->exchange;
    bool over = http__exchange_body_over(exchange);
    if (!over && conn->keep_alive && conn->state == HTTP_CONN_EXCHANGE) {
        conn->dropped = 0;
        bool bounded = exchange->body != HTTP_BODY_LENGTH || exchange->body_left <= HTTP_DISCARD_BYTES_MAX;
        if (!bounded || exchange->body_error || exchange->expect) {
            http__conn_end(conn);
            return;
        }
        conn->state = HTTP_CONN_DISCARD;
        http__conn_in_deadline(conn, conn->server->config.body_timeout_ms);
        if (!conn->running)
            http__conn_flush(conn);
        discard(conn); /* comes back here, when all of it is there */
        http__conn_reading(conn);
        return;
    }
    if (!over || !conn->keep_alive || (conn->eof && conn->in_start == conn->in_end)) {
        http__conn_end(conn);
        return;
    }
    conn_idle(conn);
    if (conn->running)
        return; /* conn_run goes on */
    http__conn_flush(conn);
    if (conn->in_start != conn->in_end)
        http__conn_wake(conn, HTTP_WAKE_RUN);
}

/* ---- life ---- */

void http__conn_wake(struct http_conn *conn, unsigned what)
{
    conn->wake_for |= what;
    loop_defer_add(conn->server->loop, &conn->wake);
}

static void on_wake(void *arg)
{
    struct http_conn *conn = arg;
    unsigned what = conn->wake_for;
    conn->wake_for = 0;
    if (what & HTTP_WAKE_GONE) {
        http__conn_close(conn);
        http__exchange_tell_gone(&conn->exchange);
        return;
    }
    if (conn->state == HTTP_CONN_CLOSED)
        return;
    if (what & HTTP_WAKE_FLUSH)
        http__conn_flush(conn);
    if ((what & HTTP_WAKE_RUN) && (conn->state == HTTP_CONN_IDLE || conn->state == HTTP_CONN_HEAD))
        conn_run(conn);
    if ((what & HTTP_WAKE_DRAIN) && conn->state == HTTP_CONN_IDLE) {
        on_readable(conn); /* a request that came just now is still answered */
        if (conn->state == HTTP_CONN_IDLE)
            http__conn_in_deadline(conn, HTTP_DRAIN_IDLE_MS);
    }
    if ((what & HTTP_WAKE_DRAINED) && conn->state == HTTP_CONN_IDLE)
        http__conn_end(conn);
}

static void on_closed(void *arg)
{
    struct http_conn *conn = arg;
    conn->stream = NULL;
    http__conn_release(conn);
}

void http__conn_close(struct http_conn *conn)
{
    if (conn->state == HTTP_CONN_CLOSED)
        return;
    conn->state = HTTP_CONN_CLOSED;
    conn->broken = true;
    conn->in_deadline_ms = 0;
    conn->out_deadline_ms = 0;
    loop_timer_stop(conn->timer);
    loop_stream_close(conn->stream);
    if (conn->exchange.alive) {
        conn->exchange.gone = true;
        http__conn_wake(conn, HTTP_WAKE_GONE);
    }
}

static const struct loop_stream_events stream_events = {on_readable, on_writable, on_closed};

static int conn_new(struct http_server *server, struct http_conn **ret, struct sw_err *err)
{
    struct sw_link *spare = sw_list_take_head(&server->spares);
    if (spare) {
        server->spare_count--;
        *ret = SW_CONTAINER(spare, struct http_conn, link);
        return 0;
    }
    struct http_conn *conn = sw_try_alloc(sizeof *conn);
    if (!conn)
        return sw_fail(err, SW_ENOMEM, "no memory for a connection");
    conn->fields = sw_try_alloc_array(server->config.fields_max, sizeof *conn->fields);
    if (!conn->fields) {
        sw_free(conn);
        return sw_fail(err, SW_ENOMEM, "no memory for a connection");
    }
    if (loop_timer_new(server->loop, on_timer, conn, &conn->timer, err) < 0) {
        http__conn_free_memory(conn);
        return -SW_ENOMEM;
    }
    sw_list_init(&conn->link);
    conn->server = server;
    conn->head_buf = conn->first_buf;
    conn->head_cap = HTTP_IN_BYTES;
    conn->out = SW_BUF(HTTP_OUT_BYTES_MAX);
    loop_defer_init(&conn->wake, on_wake, conn);
    *ret = conn;
    return 0;
}

/* The memory may have served another connection. */
static void conn_reset(struct http_conn *conn)
{
    conn->in_start = 0;
    conn->in_end = 0;
    sw_buf_clear(&conn->out);
    conn->out_sent = 0;
    http__in_shrink(conn);
    conn->wake_for = 0;
    conn->running = false;
    conn->held = false;
    conn->keep_alive = false;
    conn->client_last = false;
    conn->blocked = false;
    conn->in_full = true; /* reading is off at birth */
    conn->eof = false;
    conn->broken = false;
    conn->in_deadline_ms = 0;
    conn->out_deadline_ms = 0;
    conn->timer_at_ms = 0;
    conn->dropped = 0;
    conn->peer_n = 0;
    conn->inside = (struct http_inside){0};
    memset(&conn->exchange, 0, sizeof conn->exchange);
    conn->exchange.conn = conn;
}

static void conn_is_inside(struct http_conn *conn, const struct http_inside *inside)
{
    static const struct sw_str peer = SW_LIT_INIT("0.0.0.0:0"); /* spin.md 2.8 */
    conn->inside = *inside;
    memcpy(conn->peer, peer.p, peer.n);
    conn->peer_n = peer.n;
}

int http__conn_open(struct http_server *server, int fd, const struct http_inside *inside, struct sw_err *err)
{
    struct http_conn *conn = NULL;
    int rc = conn_new(server, &conn, err);
    if (rc < 0)
        return rc;
    rc = loop_stream_open(server->loop, fd, &stream_events, conn, &conn->stream, err);
    if (rc < 0) {
        http__conn_free_memory(conn);
        return rc;
    }
    conn_reset(conn);
    if (inside)
        conn_is_inside(conn, inside);
    sw_list_add_tail(&server->conns, &conn->link);
    server->conn_count++;
    conn_idle(conn);
    return 0;
}

void http__conn_free_memory(struct http_conn *conn)
{
    if (conn->head_buf != conn->first_buf)
        sw_free(conn->head_buf);
    sw_free(conn->window);
    sw_buf_deinit(&conn->out);
    loop_timer_free(conn->timer);
    sw_free(conn->fields);
    sw_free(conn);
}

void http__conn_release(struct http_conn *conn)
{
    if (conn->stream || conn->exchange.alive || conn->held)
        return;
    loop_defer_cancel(&conn->wake);
    loop_timer_stop(conn->timer);
    sw_list_remove(&conn->link);
    http__server_conn_gone(conn->server, conn);
}
