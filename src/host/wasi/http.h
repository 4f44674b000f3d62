/* http.h - the objects of wasi:http/types, and the one exchange that a host may be answering.  Room: host.
 *
 *   incoming-request --consume--> incoming-body --stream--> input-stream over `incoming` (a host_source on the exchange)
 *                                      `--finish--> future-trailers
 *   outgoing-response --body--> outgoing-body (a host_sink) --write--> output-stream
 *         `--response-outparam.set--> head to the exchange, the body is attached: its bytes go there too
 *
 * Invariants
 *  1. What exists once per request (request, incoming body, trailers future) is part of struct host_http: no allocation, no dangling.
 *  2. Everything else counts references: its handle, and each object made from it.
 *  3. http.exchange is NULL before host_http_begin and after host_http_end: dropping objects later touches no exchange.
 *  4. At most one body is attached. Its pending bytes are in front of everything that is written later. */
#ifndef SW_HOST_WASI_HTTP_H
#define SW_HOST_WASI_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "host/bindings/http_types.h"
#include "host/carrier.h"
#include "host/host.h"
#include "host/wasi/io.h"
#include "http/server.h"

struct component_call;

/* ---- fields ---- */

struct host_field {
    struct host_field *next;
    struct sw_str name;
    struct sw_str value;
    char text[]; /* both, when the field owns them */
};
struct host_http_types_fields {
    uint32_t refs; /* handles and owners; more than one only when immutable */
    bool immutable;
    bool views; /* the list is the arena's and lasts as long as the host: never freed */
    uint32_t count;
    size_t bytes; /* as limits.h counts */
    struct host_field *first;
    struct host_field *last;
};

struct host_http_types_fields *host_fields_ref(struct host_http_types_fields *fields);
void host_fields_unref(struct host *host, struct host_http_types_fields *fields); /* NULL is fine */
/* An immutable object over entries[0..count), linked here, that last as long as the host. NULL after recording a trap. */
struct host_http_types_fields *host_fields_view(struct component_call *call, struct host_field *entries,
                                                uint32_t count) SW_MUST_CHECK;
bool host_fields_forbidden(struct sw_str name);
/* Returns 0; SW_ABSENT; or SW_END: there is one that is no number, or there are several that differ. */
int host_fields_content_length(const struct host_http_types_fields *fields, uint64_t *ret) SW_MUST_CHECK;
/* For the exchange, content-length left out: views in the host's scratch. NULL after recording a trap. */
struct http_field *host_fields_array(struct component_call *call, const struct host_http_types_fields *fields,
                                     uint32_t *ret_count) SW_MUST_CHECK;
/* The same, with room for so many more. */
struct http_field *host_fields_array_room(struct component_call *call,
                                          const struct host_http_types_fields *fields, uint32_t room,
                                          uint32_t *ret_count) SW_MUST_CHECK;
/* The same in the host's arena, without a call that could trap. */
int host_fields_list(struct host *host, const struct host_http_types_fields *fields, struct http_field **ret,
                     uint32_t *ret_count, struct sw_err *err) SW_MUST_CHECK;
/* An immutable object with copies of what `next` gives until it gives false; names in lower case, those that are the connection's business left
 * out. SW_ABSENT: they are over HOST_FIELDS_BYTES_MAX. < 0 after recording a trap. */
int host_fields_collect(struct component_call *call,
                        bool (*next)(void *arg, uint32_t i, struct http_field *ret), void *arg,
                        struct host_http_types_fields **ret) SW_MUST_CHECK;

/* ---- bodies ---- */

enum host_incoming_state { HOST_INCOMING_OPEN, HOST_INCOMING_ENDED, HOST_INCOMING_FAILED };

struct host_http_call;
struct host_p3_contents;
struct
    host_http_types_incoming_body { /* of the request that is answered, or of a response to one that was sent */
    struct host_source source;      /* first: the carrier */
    struct host *host;
    struct host_http_call *call; /* the response's, which it is part of; NULL: the exchange's */
    enum host_incoming_state state;
    enum sw_code failure; /* FAILED: why */
    bool stream_taken;
    bool stream_open;
};
void host_incoming_body_init(struct host_http_types_incoming_body *body, struct host *host,
                             struct host_http_call *call);
/* The trailers of the request that is answered, whose body has ended: a new object, or NULL when there are none. */
int host_http_trailers(struct component_call *call, struct host_http_types_fields **ret) SW_MUST_CHECK;
struct host_http_types_future_trailers {
    struct host *host;
    struct host_http_types_incoming_body *body;
    bool taken; /* get gave its result */
};

enum host_outgoing_state {
    HOST_OUTGOING_UNSENT,   /* nothing takes the bytes yet: they wait in pending */
    HOST_OUTGOING_ATTACHED, /* they go to the exchange, or are fetched by the request that was sent */
    HOST_OUTGOING_BROKEN /* nobody will ever read them: the client left, or what the body belongs to is gone */
};
struct host_http_types_outgoing_body {
    struct host_sink sink; /* first: the carrier */
    struct host *host;
    uint32_t
        refs; /* its handle, its stream, the response or request it belongs to or the host it is attached to */
    enum host_outgoing_state state;
    bool is_request;
    bool stream_taken;
    bool stream_open;
    bool finished;   /* by outgoing-body.finish: complete */
    bool aborted;    /* dropped without it, or not as long as promised: the client must see the truncation */
    uint64_t length; /* content-length, or UINT64_MAX */
    uint64_t written;
    struct sw_buf pending;
    size_t pending_at; /* bytes of it that the exchange took */
    struct host_http_types_fields *trailers;
    struct http_client_request *request; /* is_request and ATTACHED: who reads it */
};

struct host_http_types_outgoing_body *
host_outgoing_body_new(struct component_call *call, bool is_request,
                       uint64_t length) SW_MUST_CHECK;                     /* refs 2: handle and owner */
void host_outgoing_body_unref(struct host_http_types_outgoing_body *body); /* NULL is fine */
void host_outgoing_body_break(
    struct host_http_types_outgoing_body *body); /* its owner is gone; wakes writers */
void host_outgoing_body_pump(struct host_http_types_outgoing_body *body); /* pending bytes to the exchange */
/* Attached and finished: waits until the exchange has the last byte, then ends the response. Returns 0 or < 0 (trap or cancelled). */
int host_outgoing_body_complete_wait(struct component_call *call,
                                     struct host_http_types_outgoing_body *body) SW_MUST_CHECK;

/* The same without waiting: SW_WAIT: sink.ready will fire. Attached to the exchange, finished. < 0: the client left. */
int host_outgoing_body_complete(struct host_http_types_outgoing_body *body) SW_MUST_CHECK;

/* An outgoing request's: what its client fetches (http/client.h), on the loop. */
int host_outgoing_body_read(struct host_http_types_outgoing_body *body, char *p, size_t n, size_t *ret_n);
bool host_outgoing_body_trailer(const struct host_http_types_outgoing_body *body, uint32_t i,
                                struct http_field *ret);
uint64_t host_outgoing_body_length(const struct host_http_types_outgoing_body *body);

/* ---- messages ---- */

struct host_http_types_incoming_request {
    struct host *host;
    struct host_http_types_fields *headers; /* made when first asked for */
    bool consumed;
};
struct host_http_types_response_outparam {
    struct host *host;
};
struct host_http_types_outgoing_response {
    uint16_t status;
    struct host_http_types_fields *headers;
    struct host_http_types_outgoing_body *body; /* NULL until asked for */
};

struct host_http {
    struct host *host;
    struct http_exchange *exchange;
    bool is_https;
    bool gone; /* the client left */
    bool is_head;
    const struct host_http_extra *extra;
    uint32_t extra_count;
    enum host_http_outcome outcome;
    uint16_t error_status;
    struct host_http_types_incoming_request request;
    struct host_http_types_response_outparam outparam;
    struct host_http_types_incoming_body incoming;
    struct host_http_types_future_trailers trailers;
    struct host_http_types_outgoing_body *attached; /* counted */
    struct sw_link contents;                        /* host_p3_contents.link */
    struct host_p3_contents *sending;               /* of the response by wasi:http/handler@0.3 */
    void (*settled)(void *arg);
    void *settled_arg;
    struct sw_link calls; /* host_http_call.link: requests to others */
    uint32_t call_count;
};

void host_http_init(struct host_http *http, struct host *host);
void host_http_deinit(struct host_http *http);
void host_p3_contents_stop(struct host_http *http); /* those on their way are forgotten */
void host_http_calls_stop(struct host_http *http); /* requests to others end, whatever still refers to them */
void host_http_call_ref(struct host_http_call *call);
void host_http_call_unref(struct host_http_call *call);
/* The body of its response, as host_source: see http_incoming_body.c. */
int host_http_call_peek(struct host_http_call *call, struct sw_str *ret, struct sw_err *err) SW_MUST_CHECK;
struct host_http_types_future_trailers *host_http_call_future(struct host_http_call *call);
void host_http_call_consume(struct host_http_call *call, size_t n);
int host_http_call_trailers(struct component_call *caller, struct host_http_call *call,
                            struct host_http_types_fields **ret) SW_MUST_CHECK; /* *ret NULL: none */

/* ---- words ---- */

/* The fields of the request being answered as guests see them: the client's in order, names in lower case, then the injected ones. Entries are
 * the arena's, texts views. */
int host_http_request_fields(struct host *host, struct host_field **ret, uint32_t *ret_count,
                             struct sw_err *err) SW_MUST_CHECK;

void host_http_method_from(struct sw_str text,
                           struct host_http_types_method *ret); /* other: a view of text */

/* What wasi:http calls a failure of a body; bytes: its size so far. */
void host_http_error_code(enum host_error_origin origin, enum sw_code code, uint64_t bytes,
                          struct host_http_types_error_code *ret);

#endif
