/* body.h - the decoder of chunked bodies; pure.  Room: http.  Source: RFC 9112 7.1. */
#ifndef SW_HTTP_BODY_H
#define SW_HTTP_BODY_H

#include "http/server.h"

enum http_chunked_state {
    HTTP_CHUNK_SIZE,
    HTTP_CHUNK_DATA,
    HTTP_CHUNK_DATA_END,
    HTTP_CHUNK_TRAILERS,
    HTTP_CHUNK_END
};

struct http_chunked {
    enum http_chunked_state state;
    uint64_t left;  /* of the chunk's data */
    uint64_t total; /* announced by all chunk sizes so far */
    uint64_t total_max;
    size_t scan;         /* bytes at the front of the input without a line feed */
    size_t line;         /* trailers: offset of the line not parsed yet */
    uint32_t extensions; /* bytes of extensions so far */
    struct http_field *trailers;
    const char *base; /* trailers: where the input was at the last call */
    uint32_t trailer_count;
    uint32_t trailers_max;
};

void http_chunked_init(struct http_chunked *chunked, uint64_t total_max, struct http_field *trailers,
                       uint32_t trailers_max);
/* Looks at the input's front. *ret_used bytes of it are framing that is over: the caller drops them before it calls again.
 * returns : 0 (*ret_data follows the used bytes, not empty; the caller drops what it consumes and says so), SW_WAIT (more input is needed
 *           behind what is left of this), SW_END (trailers view the input, which stays where it is as long as they are needed)
 * fails   : SW_EINPUT, SW_ELIMIT (400 and 413) */
int http_chunked_next(struct http_chunked *chunked, struct sw_str in, size_t *ret_used,
                      struct sw_str *ret_data, struct sw_err *err) SW_MUST_CHECK;
void http_chunked_consume(struct http_chunked *chunked, size_t n); /* of the data; at most what next gave */

#endif
