/* http_outgoing.h - requests to others: what they are made of.  Room: host. */
#ifndef SW_HOST_WASI_HTTP_OUTGOING_H
#define SW_HOST_WASI_HTTP_OUTGOING_H

#include "host/wasi/http.h"

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

#endif
