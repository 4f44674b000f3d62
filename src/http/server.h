/* server.h - the HTTP/1.1 server side: connections on the loop, one exchange (request and response) at a time on each.  Room: http.
 *
 * listener -> connection -> parsed head -> config.request(exchange) -> the handler reads the body when it likes and writes the response
 * when it likes; pipelined requests wait in the connection's buffer until the exchange before them is over.
 * Back-pressure: an unread body stops reading from the socket; a slow client makes http_exchange_write give SW_WAIT.
 * Sources: RFC 9110, RFC 9112; limits.h. */
#ifndef SW_HTTP_SERVER_H
#define SW_HTTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

struct loop;
struct http_server;
struct http_exchange;

struct http_field { /* views */
    struct sw_str name;
    struct sw_str value;
};

/* A parsed request head; views into the connection's buffer, valid for the life of the exchange. */
struct http_request {
    struct sw_str method;
    struct sw_str target; /* as sent */
    struct sw_str path;   /* starts with '/', not decoded; "*" for OPTIONS * */
    struct sw_str query;  /* without '?'; has_query tells empty from absent */
    bool has_query;
    struct sw_str authority;         /* from an absolute target or the Host header */
    const struct http_field *fields; /* in order, as sent; Transfer-Encoding and Connection included */
    uint32_t field_count;
    uint8_t minor;           /* HTTP/1.minor: 0 or 1 */
    bool has_body;           /* Content-Length > 0 or chunked */
    uint64_t content_length; /* UINT64_MAX when chunked */
};

typedef void http_request_fn(void *arg, struct http_exchange *exchange);

struct http_ended {                     /* a request that is over; views, for the time of the call */
    const struct http_request *request; /* NULL: none could be read */
    struct sw_str peer;                 /* as http_exchange_peer */
    struct sw_str label;                /* http_exchange_label */
    uint16_t status;                    /* HTTP_STATUS_GONE: the client left before it was told any */
    uint64_t bytes;                     /* of the response's body, as it was handed over */
    uint64_t ns;                        /* from the complete head to the end of the exchange; 0: no request */
};
typedef void http_ended_fn(void *arg, const struct http_ended *ended);
#define HTTP_STATUS_GONE 499 /* what other servers write into their logs; never sent */

struct http_server_config {
    http_request_fn *request; /* never called inside another exchange's functions */
    void *arg;
    http_ended_fn *ended; /* of each request, and of what was refused as none; NULL: nobody asks */
    void *ended_arg;
    const char *server_name;  /* NULL: no Server header */
    uint32_t head_bytes_max;  /* 0: HTTP_HEAD_BYTES_MAX; 431 beyond */
    uint64_t body_bytes_max;  /* 0: no limit; 413 beyond */
    uint32_t fields_max;      /* 0: HTTP_FIELDS_MAX; 431 beyond */
    uint32_t head_timeout_ms; /* 0: HTTP_HEAD_TIMEOUT_MS; from the first byte; 408 */
    uint32_t idle_timeout_ms; /* 0: HTTP_IDLE_TIMEOUT_MS; between requests; closed silently */
    uint32_t
        body_timeout_ms; /* 0: HTTP_BODY_TIMEOUT_MS; without progress while the handler waits for the body */
    uint32_t write_timeout_ms; /* 0: HTTP_WRITE_TIMEOUT_MS; without progress while output is queued */
    uint32_t connections_max;  /* 0: HTTP_CONNECTIONS_MAX; accepting pauses at it */
};

int http_server_new(struct loop *loop, const struct http_server_config *config, struct http_server **ret,
                    struct sw_err *err) SW_MUST_CHECK;
int http_server_listen(struct http_server *server, int listen_fd,
                       struct sw_err *err) SW_MUST_CHECK; /* fd stays the caller's */
/* A connection that this process made to itself: one end of a pair of sockets, for one request. */
struct http_inside {
    uint32_t target; /* who answers: the handler's number */
    uint32_t depth;  /* requests inside requests so far, this one included; at least 1 */
};
/* Serves the peer of fd, also while the server drains. On success fd is the connection's, on failure the caller's. */
int http_server_adopt(struct http_server *server, int fd, const struct http_inside *inside,
                      struct sw_err *err) SW_MUST_CHECK;
/* Leaves new connections to other processes that share the listener, or takes them again; open ones go on. */
void http_server_pause(struct http_server *server, bool paused);
/* Accepts what waits, then nothing more; lets exchanges finish with "Connection: close"; idle connections get the same for a request that
 * comes within HTTP_DRAIN_IDLE_MS, and are closed then; runs drained(arg) once at the end. */
void http_server_drain(struct http_server *server, void (*drained)(void *arg), void *arg);
void http_server_free(struct http_server *server); /* closes what is left at once; their gone callbacks run */

/* ---- the exchange: alive from config.request until http_exchange_end ---- */

const struct http_request *http_exchange_request(const struct http_exchange *exchange);
struct sw_str
http_exchange_peer(const struct http_exchange *exchange); /* "127.0.0.1:52114"; "0.0.0.0:0" from inside */
/* NULL: the request came over a listener. */
const struct http_inside *http_exchange_inside(const struct http_exchange *exchange);
/* What the handler wants to hear of; each runs from the loop, never inside another function of the exchange. NULL: nothing.
 *   readable: body bytes, the end or an error are there after http_exchange_body_peek gave SW_WAIT
 *   writable: after http_exchange_write gave SW_WAIT
 *   gone: the client left (reset or closed, or timed out); reads and writes fail from now on, http_exchange_end is still due */
struct http_exchange_events {
    void (*readable)(void *arg);
    void (*writable)(void *arg);
    void (*gone)(void *arg);
};
void http_exchange_handle(struct http_exchange *exchange, const struct http_exchange_events *events,
                          void *arg);
/* A word for http_ended: who answers. It outlives the exchange. */
void http_exchange_label(struct http_exchange *exchange, struct sw_str label);

/* From config.request: ceilings of this exchange's bodies, 0: none beyond the server's. A request body that is announced larger: respond with
 * 413; else reading fails with SW_ELIMIT at the limit. A response announced larger is refused with SW_ELIMIT; one that becomes larger is cut. */
void http_exchange_limit(struct http_exchange *exchange, uint64_t request_bytes_max,
                         uint64_t response_bytes_max);
struct http_exchange_usage {
    uint64_t request_bytes;  /* announced, or in the chunks before the one that was too much */
    uint64_t response_bytes; /* handed over; what was refused counts */
    bool request_over;       /* the limit was hit */
    bool response_over;
};
void http_exchange_usage(const struct http_exchange *exchange, struct http_exchange_usage *ret);

/* The next decoded body bytes, without copying. Returns 0 (*ret_bytes non-empty, valid until consume or the next turn), SW_WAIT,
 * SW_END (all read; trailers are available), or < 0: SW_EINPUT (bad chunking), SW_ELIMIT (over body_bytes_max), SW_EIO (client gone),
 * SW_ETIMEOUT. Sends "100 Continue" first where the client expects it. */
int http_exchange_body_peek(struct http_exchange *exchange, struct sw_str *ret_bytes,
                            struct sw_err *err) SW_MUST_CHECK;
void http_exchange_body_consume(struct http_exchange *exchange, size_t n);
void http_exchange_body_trailers(const struct http_exchange *exchange, const struct http_field **ret,
                                 uint32_t *ret_count);

/* Starts the response. content_length UINT64_MAX: unknown, so chunked (or close-delimited to HTTP/1.0). Fields named Connection,
 * Transfer-Encoding, Content-Length, Keep-Alive, Upgrade are the server's business and refused with SW_EINPUT, as are bad names and
 * values. Date is added when missing. The head is buffered: it leaves with the first body bytes, at the end, or at the end of the turn. */
int http_exchange_respond(struct http_exchange *exchange, uint16_t status, const struct http_field *fields,
                          uint32_t field_count, uint64_t content_length, struct sw_err *err) SW_MUST_CHECK;
bool http_exchange_responded(const struct http_exchange *exchange);
/* Body bytes. Returns 0 with *ret_n in 1..bytes.n taken, SW_WAIT (none), or < 0: SW_EIO (client gone), SW_EINPUT (more than the
 * announced content_length). Bytes are dropped, and counted as taken, for HEAD, 204 and 304. */
int http_exchange_write(struct http_exchange *exchange, struct sw_str bytes, size_t *ret_n,
                        struct sw_err *err) SW_MUST_CHECK;
void http_exchange_flush(
    struct http_exchange *exchange); /* what is buffered leaves now, as far as the socket takes it */
bool http_exchange_flushed(const struct http_exchange *exchange); /* nothing is buffered */
/* Ends the response with optional trailers (sent only when chunked). Fails with SW_EINPUT when fewer bytes than content_length were
 * written: the connection then closes. */
int http_exchange_finish(struct http_exchange *exchange, const struct http_field *trailers,
                         uint32_t trailer_count, struct sw_err *err) SW_MUST_CHECK;
/* A whole short answer: respond, body, finish. The exchange's own limits do not count. */
int http_exchange_reply(struct http_exchange *exchange, uint16_t status, const struct http_field *fields,
                        uint32_t field_count, struct sw_str body, struct sw_err *err) SW_MUST_CHECK;
/* The handler is done with the exchange; the pointer is dead. Without a complete response: 500 when nothing was sent yet, else the
 * connection is cut so that the client sees the truncation. Unread body bytes are drained (bounded) or the connection is closed. */
void http_exchange_end(struct http_exchange *exchange);
/* respond + write + finish + end with a short text body (may be empty); for error answers. */
void http_exchange_answer(struct http_exchange *exchange, uint16_t status, struct sw_str content_type,
                          struct sw_str body);

/* RFC 9110 5.6.2 token; 5.5 field value (no CR, LF, NUL; no leading or trailing white space). */
bool http_is_token(struct sw_str s);
bool http_is_field_value(struct sw_str s);
const char *http_reason(uint16_t status); /* "Not Found"; "" when unknown */

#endif
