/* p3_http.h - wasi:http@0.3: messages whose bodies are streams with a future of trailers.  Room: host.
 *
 *   request of the client ──consume-body──► stream<u8> and trailers, straight from the connection (p3_http_in.c)
 *   response.new(headers, contents, trailers) ──returned by handle──► head and contents to the exchange (p3_http_out.c)
 *
 * fields are 0.2's objects by another name; so is what a guest wants to ask of others (outgoing-request).
 * source: wit/0.3/wasi-http-0.3.0.wit */
#ifndef SW_HOST_WASI3_P3_HTTP_H
#define SW_HOST_WASI3_P3_HTTP_H

#include "component/value.h"
#include "host/bindings3/p3_http_types.h"
#include "host/wasi/http_outgoing.h"
#include "loop/loop.h"

struct component_end;
struct host_p3_incoming; /* what is left of a body that came */

/* What a guest gives as the contents of a message; lives until the message and all three ends are gone. */
struct host_p3_contents {
    struct sw_link link; /* host.http.contents: on its way */
    struct host *host;
    struct host_http_types_outgoing_body *out; /* takes the bytes: counted */
    struct component_end *bytes;               /* the reader of the stream; NULL: over, or there is none */
    struct component_end *trailers;            /* the reader of their future */
    struct host_p3_incoming *from;             /* instead of bytes: the body that is passed on */
    struct host_p3_incoming *trailers_from;    /* instead of trailers: whose end is the end of these, too */
    struct component_end *sent;                /* the writer of the future that says how it went */
    struct host_waiter waiter;                 /* for out to take more */
    struct loop_defer work;
    uint32_t has_message; /* the message refers to it, and whoever is at work on it */
    bool has_bytes;       /* there was a stream */
    bool bytes_over;      /* the guest has written all of them */
    bool trailers_known;  /* their future had its value */
    bool awaits;          /* a request without a body: whether it got there is known when its answer is */
    bool is_over;
    bool failed;
    uint32_t error; /* case of error-code */
};
/* Takes the handles. contents: of option<stream<u8>>. On failure everything taken goes with the store. */
int host_p3_contents_new(struct component_call *call, const struct host_option_u32 *contents,
                         uint32_t trailers, bool is_request, uint64_t length, struct host_p3_contents **ret,
                         uint32_t *ret_sent) SW_MUST_CHECK;
void host_p3_contents_leave(struct host_p3_contents *contents); /* the message is gone */
/* `out` takes bytes from now on. */
void host_p3_contents_go(struct host_p3_contents *contents);
/* Of a request: its answer came or it failed, with a case of error-code. Undoes host_p3_contents_hold. */
void host_p3_contents_answered(struct host_p3_contents *contents, bool failed, uint32_t error);
void host_p3_contents_hold(struct host_p3_contents *contents);

struct host_p3_http_types_request_options {     /* nanoseconds */
    struct host_http_types_request_options old; /* first */
    bool immutable;
};
struct host_p3_http_types_request {
    struct host_http_types_outgoing_request *made; /* NULL: the client's */
    struct host_p3_contents *contents;             /* of a made one */
    struct host_p3_http_types_request_options *options;
};
struct host_p3_http_types_response {
    uint16_t status;
    struct host_http_types_fields *headers;
    struct host_p3_contents *contents;              /* of one that the guest made; else NULL */
    struct host_http_types_incoming_response *came; /* what others answered; else NULL */
};
/* For a response that came; takes it over. NULL after recording a trap. */
struct host_p3_http_types_response *
host_p3_response_of(struct component_call *call,
                    struct host_http_types_incoming_response *came) SW_MUST_CHECK;

/* The stream and the trailers of the request that is answered, or of a response that came. */
int host_p3_incoming(struct component_call *call, struct host_http_types_incoming_body *body,
                     struct host_tuple_u32_u32 *ret) SW_MUST_CHECK;
/* When the handle is the stream, or the future, of a body that came: takes it out of the guest's table. 0; SW_ABSENT: it is not; or a trap. */
int host_p3_incoming_pass_bytes(struct component_call *call, uint32_t handle, uint32_t type,
                                struct host_p3_incoming **ret) SW_MUST_CHECK;
int host_p3_incoming_pass_trailers(struct component_call *call, uint32_t handle, uint32_t type,
                                   struct host_p3_incoming **ret) SW_MUST_CHECK;
struct host_source *host_p3_incoming_source(struct host_p3_incoming *in);
/* Of passed trailers: SW_END when the body came whole (what nobody reads any more is forgotten), SW_WAIT (source.ready), or < 0. */
int host_p3_incoming_end(struct host_p3_incoming *in) SW_MUST_CHECK;
void host_p3_incoming_leave_bytes(struct host_p3_incoming *in);
void host_p3_incoming_leave_trailers(struct host_p3_incoming *in);
/* A future<result<_, error-code>> that the host reads and forgets: what a guest says of a body that it consumed. */
int host_p3_ignore(struct component_call *call, uint32_t future, uint32_t param) SW_MUST_CHECK;

/* An error-code as a value: 0.2's cases, in the same order. The payload's parts that nobody knows are none. `room` is where it points to. */
struct host_p3_error_room {
    struct component_value values[2];
    struct component_value parts[2];
};
void host_p3_error_value(const struct host_http_types_error_code *code, struct host_p3_error_room *room,
                         struct component_value *ret);

#endif
