/* response.h - the writer of response heads; pure.  Room: http.  Source: RFC 9112 4, 6; RFC 9110 6.6.1. */
#ifndef SW_HTTP_RESPONSE_H
#define SW_HTTP_RESPONSE_H

#include "base/buf.h"
#include "http/server.h"

#define HTTP_DATE_LINE_BYTES 37 /* "Date: Sun, 06 Nov 1994 08:49:37 GMT" and CRLF */

struct http_date {     /* formatted once a second */
    uint64_t until_ms; /* loop time */
    char line[HTTP_DATE_LINE_BYTES + 1];
};
/* wall_ns: since 1970; the year is at most 9999. */
void http_date_format(uint64_t wall_ns, char *line);
/* The line for now; the clock is asked only when a new second began. */
struct sw_str http_date_line(struct http_date *date, uint64_t now_ms);

enum http_framing { HTTP_FRAME_NONE, HTTP_FRAME_LENGTH, HTTP_FRAME_CHUNKED, HTTP_FRAME_UNTIL_CLOSE };

struct http_response {
    uint16_t status; /* 200..999 */
    enum http_framing framing;
    uint64_t content_length;
    const struct http_field *fields;
    uint32_t field_count;
    bool close;              /* says "Connection: close" */
    bool keep_alive;         /* says "Connection: keep-alive", for HTTP/1.0 */
    struct sw_str date_line; /* added when no field is called Date */
    struct sw_str server;    /* added when not empty and no field is called Server */
};
/* Appends the head. Fails with SW_EINPUT (status, a name, a value, a field that is the server's business), SW_ELIMIT, SW_ENOMEM; out is then
 * unchanged. */
int http_response_write(const struct http_response *response, struct sw_buf *out,
                        struct sw_err *err) SW_MUST_CHECK;
/* Appends the end of a chunked body: last chunk, trailers, empty line. Fails as above. */
int http_trailers_write(const struct http_field *trailers, uint32_t count, struct sw_buf *out,
                        struct sw_err *err) SW_MUST_CHECK;
/* "1f4" CRLF; returns the bytes written, at most 18. */
size_t http_chunk_head_write(uint64_t size, char *text);

#endif
