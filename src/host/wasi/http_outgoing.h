/* http_outgoing.h - requests to others: what they are made of, where they go, what comes back.  Room: host. */
#ifndef SW_HOST_WASI_HTTP_OUTGOING_H
#define SW_HOST_WASI_HTTP_OUTGOING_H

#include "host/wasi/http.h"
#include "http/client.h"

struct host_http_types_outgoing_request {
    struct host_http_types_method method; /* OTHER: method_text */
    struct sw_str method_text;            /* texts are owned; p NULL: none */
    struct sw_str path;
    struct sw_str authority;
    struct sw_str scheme_text;
    enum host_http_types_scheme_tag scheme;
    bool has_scheme;
    struct host_http_types_fields *headers;
    struct host_http_types_outgoing_body *body; /* NULL until asked for */
};
struct host_http_types_request_options { /* nanoseconds */
    struct host_option_u64 connect;
    struct host_option_u64 first_byte;
    struct host_option_u64 between_bytes;
};

/* One request to others, from handle until the last of its handles is gone. */
struct host_http_call {
    struct sw_link link; /* host.http.calls */
    uint32_t refs;       /* the future, the response, its body, their streams and pollables */
    struct host *host;
    struct http_client_request *request;        /* NULL: stopped */
    struct host_http_types_outgoing_body *body; /* counted; NULL: none */
    struct host_event changed;                  /* head or failure */
    uint32_t chain_target;                      /* of a request within the process */
    bool taken;                                 /* the future gave its result */
    bool consumed;
    struct host_http_types_fields *headers; /* of the response; made by the future */
    struct host_http_types_incoming_body incoming;
    struct host_http_types_future_trailers trailers;
};
struct host_http_types_future_incoming_response { /* a face of the call, as the next one */
    struct host_http_call *call;
};
struct host_http_types_incoming_response {
    struct host_http_call *call;
};

/* ---- http_outgoing_target.c: where a request goes, and whether it may ---- */

struct host_http_target {
    struct sw_str scheme;
    struct sw_str host; /* without brackets */
    struct sw_str authority;
    struct sw_str path;
    uint16_t port;
    bool is_self;  /* to the application itself */
    bool is_chain; /* to a component of it, within this process */
    uint32_t chain_target;
};
/* Views of the request, of the host's arena or of grants. Returns 0 or HOST_WIT_ERROR with *ret_error. */
int host_http_target_find(struct component_call *call, const struct host_http_types_outgoing_request *request,
                          struct host_http_target *ret,
                          struct host_http_types_error_code *ret_error) SW_MUST_CHECK;

#define HOST_TRACE_FIELDS 2 /* traceparent, tracestate: W3C Trace Context */
/* Passes the trace on that the request being answered belongs to, unless the guest says otherwise. fields has room for so many more. */
void host_http_add_trace(const struct host *host, struct http_field *fields, uint32_t *count);

/* Sends it: what is refused before anything leaves is the result, all else the future's. The request stays the caller's, without its body. */
int host_http_send(struct component_call *caller, struct host_http_types_outgoing_request *request,
                   const struct host_http_types_request_options *options,
                   struct host_http_types_future_incoming_response **ret,
                   struct host_http_types_error_code *ret_error) SW_MUST_CHECK;

struct sw_str host_http_method_text(const struct host_http_types_method *method);

#endif
