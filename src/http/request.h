/* request.h - the parser of request heads; pure.  Room: http.  Source: RFC 9112 2..6, RFC 9110 7.2, 10.1.1. */
#ifndef SW_HTTP_REQUEST_H
#define SW_HTTP_REQUEST_H

#include "http/server.h"

struct http_head_limits {
    uint32_t head_bytes_max;
    uint32_t fields_max;
    uint32_t target_bytes_max; /* 0: HTTP_TARGET_BYTES_MAX */
};

struct http_head {
    struct http_request request; /* valid when complete */
    struct http_field *fields;   /* the caller's; room for fields_max */
    const char *base;            /* where `in` was at the last call: views move with it */
    size_t line;                 /* offset of the line not parsed yet */
    size_t scan;                 /* no line feed in [line, scan) */
    size_t bytes;                /* length of the head, when complete */
    uint32_t field_count;
    uint16_t status; /* what to answer after a failure: 400, 413, 414, 417, 431, 501, 505 */
    uint8_t empty_lines;
    bool have_request_line;
    bool have_host;
    bool have_length;
    bool have_coding;
    bool close;      /* the last two of Connection */
    bool keep_alive; /* until complete: asked for; then: the connection may be kept */
    bool expect_continue;
    bool chunked;
};

void http_head_init(struct http_head *head, struct http_field *fields);
/* Parses what has come so far; called again with the same bytes and more behind them, which may have moved. Each byte is looked at a
 * bounded number of times, however the input is cut.
 * returns : 0 (complete: head->bytes of `in` are the head), SW_WAIT (more is needed)
 * fails   : SW_EINPUT, SW_ELIMIT; head->status says what to answer; the connection cannot be used any further */
int http_head_parse(struct http_head *head, const struct http_head_limits *limits, struct sw_str in,
                    struct sw_err *err) SW_MUST_CHECK;

#endif
