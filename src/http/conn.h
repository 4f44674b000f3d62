/* conn.h - what conn.c, exchange.c and server.c share.  Room: http; no other room includes it. */
#ifndef SW_HTTP_CONN_H
#define SW_HTTP_CONN_H

#include "base/buf.h"
#include "base/list.h"
#include "http/body.h"
#include "http/limits.h"
#include "http/request.h"
#include "http/response.h"
#include "http/server.h"
#include "loop/loop.h"

struct http_server {
    struct loop *loop;
    struct http_server_config config; /* zeros replaced by the defaults */
    struct http_head_limits head_limits;
    struct sw_str server_name;
    struct http_date date;
    struct loop_listener *listeners[HTTP_LISTENERS_MAX];
    uint32_t listener_count;
    struct sw_link conns; /* open, or with an exchange that has not ended */
    struct sw_link spares;
    uint32_t conn_count;
    uint32_t spare_count;
    uint32_t window_count;
    char *windows[HTTP_WINDOW_SPARE_MAX]; /* of HTTP_WINDOW_BYTES, in no use */
    bool paused;
    bool held_off; /* http_server_pause */
    bool draining;
    bool freed; /* http_server_free was called: the last connection frees the memory */
    void (*drained)(void *arg);
    void *drained_arg;
    struct loop_defer drained_defer;
};

enum http_conn_state {
    HTTP_CONN_IDLE,     /* nothing of a request has come */
    HTTP_CONN_HEAD,     /* a part of a head has */
    HTTP_CONN_EXCHANGE, /* the handler has the exchange */
    HTTP_CONN_DISCARD,  /* the answer is written; the rest of the request's body is read and dropped */
    HTTP_CONN_ENDING,   /* the last answer is on its way */
    HTTP_CONN_LINGER,   /* it left, FIN too; what the client still sends is dropped */
    HTTP_CONN_CLOSED    /* the descriptor is closed; the memory waits for the stream and the handler */
};

enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED };

struct http_exchange {
    struct http_conn *conn;
    struct http_exchange_events events;
    void *arg;
    bool alive; /* from config.request until http_exchange_end */
    /* request body */
    enum http_body_kind body;
    enum sw_code body_error; /* SW_OK: none so far */
    uint64_t body_left;      /* of a body with a length */
    size_t peeked;           /* bytes that may be consumed */
    struct http_chunked chunked;
    char body_text[120]; /* why body_error */
    bool expect;         /* "100 Continue" is owed before the body is waited for */
    bool want_readable;
    bool want_writable;
    bool gone; /* the client is */
    bool gone_told;
    /* response */
    bool responded;
    bool finished;
    bool bodiless; /* HEAD, 204, 304: body bytes are dropped */
    enum http_framing framing;
    uint64_t out_left; /* of the announced length */
    uint64_t out_bytes;
    uint64_t out_max; /* UINT64_MAX: none */
    bool out_over;
    /* for config.ended */
    struct sw_str label;
    uint16_t status;
    uint64_t begun_ns; /* 0: nobody asks */
};

enum {
    HTTP_WAKE_RUN = 1,
    HTTP_WAKE_FLUSH = 2,
    HTTP_WAKE_GONE = 4,
    HTTP_WAKE_DRAIN = 8,
    HTTP_WAKE_DRAINED = 16
};

struct http_conn {
    struct sw_link link;
    struct http_server *server;
    struct loop_stream *stream; /* NULL once closed */
    struct loop_timer *timer;
    struct loop_defer wake;
    unsigned wake_for; /* HTTP_WAKE_* */
    enum http_conn_state state;
    bool running; /* conn_run is on the stack: it parses on and flushes by itself */
    bool held;    /* an event is being told: the memory stays */
    bool keep_alive;
    bool client_last; /* the client said that this request is its last */
    bool blocked;     /* the socket takes no more output for now */
    bool in_full;     /* reading was stopped for want of room */
    bool eof;
    bool broken; /* output failed */
    /* input: in[in_start, in_end) is unread; views of the request lie in head_buf, body bytes there or in window */
    char *in; /* head_buf or window */
    size_t in_cap;
    size_t in_base; /* where body bytes may begin */
    size_t in_start;
    size_t in_end;
    char *head_buf; /* first_buf, or larger */
    size_t head_cap;
    char *window; /* HTTP_WINDOW_BYTES, or NULL */
    struct http_head head;
    /* output: out.p[out_sent, out.n) waits to be sent */
    struct sw_buf out;
    size_t out_sent;
    uint64_t in_deadline_ms; /* loop time; 0: none; meaning by state */
    uint64_t out_deadline_ms;
    uint64_t timer_at_ms; /* when the timer fires; at or before both, or 0 */
    uint64_t dropped;     /* bytes read in DISCARD or LINGER */
    struct http_exchange exchange;
    char peer[72];
    size_t peer_n;
    struct http_inside inside; /* depth 0: of a listener */
    struct http_field *fields;
    char first_buf[HTTP_IN_BYTES];
};

static inline size_t http__conn_pending(const struct http_conn *conn) /* bytes of output that wait */
{
    return conn->out.n - conn->out_sent;
}

/* ---- conn.c ---- */
/* On failure fd is the caller's. inside: NULL for one that was accepted. */
int http__conn_open(struct http_server *server, int fd, const struct http_inside *inside,
                    struct sw_err *err) SW_MUST_CHECK;
void http__conn_close(struct http_conn *conn); /* at once; a live exchange is told `gone` from the loop */
void http__conn_free_memory(struct http_conn *conn); /* not in any list any more */
void http__conn_wake(struct http_conn *conn, unsigned what);
void http__conn_flush(struct http_conn *conn);
void http__conn_next(struct http_conn *conn); /* the exchange is over */
void http__conn_end(
    struct http_conn *conn); /* no further request: sends what is queued, then lingers or closes */
void http__conn_in_deadline(struct http_conn *conn, uint64_t after_ms);
void http__conn_reading(struct http_conn *conn); /* there may be room for input again */
void http__conn_release(struct http_conn *conn); /* if nothing holds it any more; the pointer is then dead */
/* Writes iov to the socket. Returns as loop_stream_writev; a failure breaks the connection. */
int http__conn_send(struct http_conn *conn, const struct iovec *parts, int count,
                    size_t *ret_n) SW_MUST_CHECK;

/* ---- input.c ---- */
/* Makes room behind in_end. Returns 0, SW_WAIT (not now: stop reading), or < 0 without memory. */
int http__in_room(struct http_conn *conn, struct sw_err *err) SW_MUST_CHECK;
void http__in_leave_window(
    struct http_conn *conn); /* the request is over: unread bytes go back to where heads are parsed */
void http__in_shrink(
    struct http_conn *conn); /* gives back what only large requests and answers need; the input is empty */

/* ---- exchange.c ---- */
void http__exchange_begin(struct http_conn *conn); /* from the parsed head */
/* The body's next bytes, as http_exchange_body_peek but without starting to wait. */
int http__exchange_look(struct http_exchange *exchange, struct sw_str *ret_bytes,
                        struct sw_err *err) SW_MUST_CHECK;
void http__exchange_drop(struct http_exchange *exchange, size_t n); /* consumes */
bool http__exchange_body_over(const struct http_exchange *exchange);
void http__exchange_body_fail(struct http_exchange *exchange, enum sw_code code,
                              const char *text); /* the first stays */
/* Events, from the loop only. */
void http__exchange_tell_readable(struct http_exchange *exchange);
void http__exchange_tell_writable(struct http_exchange *exchange);
void http__exchange_tell_gone(struct http_exchange *exchange);
/* An answer of the server itself, which ends the connection; no exchange is alive. */
void http__conn_refuse(struct http_conn *conn, uint16_t status, const char *text);

/* ---- ended.c: for config.ended ---- */
void http__ended_begin(struct http_exchange *exchange);
void http__ended_tell(struct http_exchange *exchange);
/* An answer of the server itself, of so many bytes. */
void http__ended_refused(struct http_conn *conn, uint16_t status, size_t bytes);

/* ---- server.c ---- */
void http__server_conn_gone(struct http_server *server, struct http_conn *conn); /* takes the memory */

#endif
