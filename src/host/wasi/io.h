/* io.h - the objects of wasi:io: errors, pollables and the two streams as faces of carriers.  Room: host. */
#ifndef SW_HOST_WASI_IO_H
#define SW_HOST_WASI_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "host/bindings/io_error.h"
#include "host/bindings/io_poll.h"
#include "host/bindings/io_streams.h"
#include "host/carrier.h"

struct component_call;
struct host;

/* ---- errors ---- */

#define HOST_ERROR_TEXT_MAX 168 /* fits, with the rest of the object, a piece of 256 bytes */

enum host_error_origin { /* what went wrong, for http-error-code */
                         HOST_ERROR_PLAIN,
                         HOST_ERROR_FILE,          /* its errno is in `bytes` */
                         HOST_ERROR_HTTP_INCOMING, /* reading the request's body */
                         HOST_ERROR_HTTP_RESPONSE, /* writing the response's */
                         HOST_ERROR_HTTP_REQUEST   /* writing an outgoing request's */
};

struct host_io_error_error {
    enum sw_code code;
    enum host_error_origin origin;
    uint64_t bytes; /* SW_EINPUT of a written body: its size when it went wrong */
    size_t text_n;
    char text[HOST_ERROR_TEXT_MAX];
};

/* ---- pollables ---- */

struct host_pollable_ops {
    bool (*ready)(struct host_io_poll_pollable *pollable);
    /* What fires when ready may have changed; called before a wait, may arm a timer. NULL after recording a trap. */
    struct host_event *(*watch)(struct host_io_poll_pollable *pollable, struct component_call *call);
    void (*unwatch)(struct host_io_poll_pollable *pollable); /* after a wait */
    void (*release)(struct host_io_poll_pollable *pollable); /* the target's reference goes */
};
struct host_io_poll_pollable {
    const struct host_pollable_ops *ops;
    struct host *host;
    void *target;              /* a stream, a future; NULL for a clock */
    struct host_waiter waiter; /* linked while a poll waits for it */
    /* clocks */
    struct host_event event;
    struct sw_link timer; /* in host.timers while watched */
    uint64_t deadline_ns; /* of datagram streams: their generation */
};
/* A pollable over target, whose reference it takes over (released by ops->release). NULL after recording a trap. */
struct host_io_poll_pollable *host_pollable_new(struct component_call *call,
                                                const struct host_pollable_ops *ops,
                                                void *target) SW_MUST_CHECK;

/* ---- streams ---- */

/* Invariants: the carrier is closed exactly once, when the guest drops the stream; pollables keep the struct, not the carrier, alive. */
struct host_io_streams_input_stream {
    struct host *host;
    struct host_source *source; /* NULL once dropped */
    uint32_t refs;              /* the handle and its pollables */
    bool dead;                  /* ended or failed: only closed comes from now on */
    enum host_error_origin origin;
};
struct host_io_streams_output_stream {
    struct host *host;
    struct host_sink *sink;
    uint32_t refs;
    bool dead;
    bool flushing; /* flush was asked for and is not done: check-write gives 0 */
    enum host_error_origin origin;
    uint64_t permit; /* what check-write gave, minus what was written since */
    uint64_t written;
};

/* A stream over a carrier, which the stream closes. NULL after recording a trap; the carrier is then still the caller's. */
struct host_io_streams_input_stream *host_input_stream_new(struct component_call *call,
                                                           struct host_source *source,
                                                           enum host_error_origin origin) SW_MUST_CHECK;
struct host_io_streams_output_stream *host_output_stream_new(struct component_call *call,
                                                             struct host_sink *sink,
                                                             enum host_error_origin origin) SW_MUST_CHECK;

/* The next bytes of a stream that the guest reads. Returns 0; SW_WAIT; HOST_WIT_ERROR with *ret_error filled; or < 0 (a trap). */
int host_input_stream_peek(struct component_call *call, struct host_io_streams_input_stream *stream,
                           struct sw_str *ret, struct host_io_streams_stream_error *ret_error) SW_MUST_CHECK;
/* Each fills *ret and returns HOST_WIT_ERROR; failed: or < 0 (no memory for the error object). */
int host_stream_closed(struct host_io_streams_stream_error *ret) SW_MUST_CHECK;
int host_stream_failed(struct component_call *call, enum host_error_origin origin, const struct sw_err *err,
                       uint64_t bytes, struct host_io_streams_stream_error *ret) SW_MUST_CHECK;

#endif
