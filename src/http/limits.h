/* limits.h - the named limits of the http room, each with its reason.  Room: http. */
#ifndef SW_HTTP_LIMITS_H
#define SW_HTTP_LIMITS_H

/* ---- requests ---- */
#define HTTP_HEAD_BYTES_MAX 16384 /* whole head; larger than any header set we saw; 431 (RFC 6585 5) */
#define HTTP_HEAD_BYTES_CEILING                                                                              \
    1048576                        /* what a configuration may ask for: it is memory a client can claim */
#define HTTP_TARGET_BYTES_MAX 8192 /* RFC 9112 3 wants at least 8000 for the request line; 414 */
#define HTTP_TARGET_BYTES_CEILING                                                                            \
    65536 /* with heads of more than 16 KiB it may be half of them, up to this: what a request's texts take */
#define HTTP_METHOD_BYTES_MAX 32  /* the longest registered method has 17 (UPDATEREDIRECTREF); 501 */
#define HTTP_EMPTY_LINES_MAX 1    /* before the request line; RFC 9112 2.2 wants at least one */
#define HTTP_FIELDS_MAX 100       /* browsers send about 25; 431 */
#define HTTP_FIELDS_CEILING 10000 /* what a configuration may ask for: 32 bytes each, per connection */
#define HTTP_CONTENT_LENGTH_MAX INT64_MAX /* leaves no sum that could overflow; 413 */

/* ---- chunked bodies ---- */
#define HTTP_CHUNK_SIZE_DIGITS_MAX 15  /* hexadecimal; 2^60 - 1 bytes; leading zeros count */
#define HTTP_CHUNK_LINE_BYTES_MAX 1024 /* size line with its extensions, which we ignore */
#define HTTP_CHUNK_EXTENSIONS_BYTES_MAX                                                                      \
    16384 /* in one body: one-byte chunks must not carry a flood of them (CVE-2023-39326) */
#define HTTP_TRAILER_BYTES_MAX 8192

/* ---- buffers ---- */
#define HTTP_IN_BYTES 4096 /* of a connection, from its birth: an ordinary head; grows to head_bytes_max */
#define HTTP_WINDOW_BYTES 65536 /* for a body that does not fit behind its head; one recv's worth */
#define HTTP_OUT_BYTES_MAX                                                                                   \
    262144 /* queued output: a response head at its limit, a chunk at its limit and the answers before them */
#define HTTP_OUT_PAUSE_BYTES 16384 /* no further pipelined request is begun while so much output is queued */
#define HTTP_OUT_KEEP_BYTES 16384  /* an idle connection gives back a larger output buffer */
#define HTTP_COPY_BYTES_MAX                                                                                  \
    4096 /* smaller writes are copied behind the head and leave with it; larger ones go out from where they are */
#define HTTP_CHUNK_OUT_BYTES_MAX 65536 /* one chunk: what the socket does not take of it is copied */
#define HTTP_RESPONSE_HEAD_BYTES_MAX 65536
#define HTTP_RESPONSE_FIELDS_MAX 1000

/* ---- time ---- */
#define HTTP_HEAD_TIMEOUT_MS 10000
#define HTTP_IDLE_TIMEOUT_MS 60000
#define HTTP_BODY_TIMEOUT_MS 30000
#define HTTP_WRITE_TIMEOUT_MS 30000
#define HTTP_HALF_CLOSED_MS                                                                                  \
    1000 /* the client sent its last byte and FIN: is it gone, or only done sending? it gets so long for its answer */
#define HTTP_LINGER_MS                                                                                       \
    2000 /* reading on after an answer that ends the connection, so that no reset destroys it on its way */
#define HTTP_DRAIN_IDLE_MS                                                                                   \
    500 /* draining: an idle connection may have a request on its way, which a close would lose */

/* ---- counts ---- */
#define HTTP_CONNECTIONS_MAX 10000
#define HTTP_LISTENERS_MAX 16
#define HTTP_CONN_SPARE_MAX 64        /* closed connections whose memory is kept */
#define HTTP_WINDOW_SPARE_MAX 16      /* windows kept for the next large bodies: 1 MiB */
#define HTTP_DISCARD_BYTES_MAX 262144 /* of a body nobody read, to keep the connection */
#define HTTP_LINGER_BYTES_MAX 1048576

/* ---- requests to others ---- */
#define HTTP_CLIENT_REQUESTS_MAX 1024 /* of one process at once: each has a descriptor and about 100 KiB */
#define HTTP_CLIENT_TIMEOUT_MS 600000 /* connect, first byte, between bytes; spin.md 4.7 */
#define HTTP_CLIENT_ATTEMPT_MS                                                                               \
    5000 /* connecting to an address that does not answer, while there are others */
#define HTTP_CLIENT_LINGER_MS                                                                                \
    1000 /* a request's body whose response is complete, without progress: the peer wants no more */
#define HTTP_CLIENT_WINDOW_BYTES 65536 /* of a response's body that nobody reads; then the peer waits */
#define HTTP_CLIENT_HEAD_BYTES_MAX                                                                           \
    131072 /* fields of a response, and its trailers again: what a guest may have in one fields object */
#define HTTP_CLIENT_START_BYTES_MAX                                                                          \
    1048576 /* what a request is begun with, and again as lines: fields of 128 KiB, a URI of 32 KiB */
#define HTTP_CLIENT_UPLOAD_BYTES 16384   /* one read of a request's body */
#define HTTP_CLIENT_IDLE_MAX 64          /* connections kept for the next request */
#define HTTP_CLIENT_IDLE_S 60            /* how long: servers give up at 60 to 75 seconds */
#define HTTP_CLIENT_CONNECTIONS_MAX 1024 /* open at once; as many as requests */

#endif
