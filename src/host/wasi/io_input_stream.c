/* io_input_stream.c - wasi:io/streams input-stream over a host_source.  Room: host.
 *
 * What is read is copied once, into the host's scratch: lowering it enters the guest, which may give the loop a turn, and a source's view
 * does not last that long. */
#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/wasi/io.h"

struct host_io_streams_input_stream *
host_input_stream_new(struct component_call *call, struct host_source *source, enum host_error_origin origin)
{
    struct host_io_streams_input_stream *stream = HOST_NEW(call, struct host_io_streams_input_stream);
    if (!stream)
        return NULL;
    stream->host = host_of(call);
    stream->source = source;
    stream->refs = 1;
    stream->origin = origin;
    return stream;
}

static void stream_unref(struct host_io_streams_input_stream *stream)
{
    if (--stream->refs == 0)
        HOST_FREE(stream->host, stream);
}

void host_io_streams_input_stream_drop(void *owner, void *object)
{
    struct host_io_streams_input_stream *stream = object;
    (void)owner;
    host_source_close(stream->source);
    stream->source = NULL;
    stream_unref(stream);
}

int host_input_stream_peek(struct component_call *call, struct host_io_streams_input_stream *stream,
                           struct sw_str *ret, struct host_io_streams_stream_error *ret_error)
{
    struct sw_err err;
    if (stream->dead)
        return host_stream_closed(ret_error);
    int rc = host_source_peek(stream->source, ret, &err);
    if (rc == 0 || rc == SW_WAIT)
        return rc;
    stream->dead = true;
    if (rc == SW_END)
        return host_stream_closed(ret_error);
    return host_stream_failed(call, stream->origin, &err, 0, ret_error);
}

/* As host_input_stream_peek, but waits instead of SW_WAIT. */
static int peek_wait(struct component_call *call, struct host_io_streams_input_stream *stream,
                     struct sw_str *ret, struct host_io_streams_stream_error *ret_error)
{
    int rc;
    while ((rc = host_input_stream_peek(call, stream, ret, ret_error)) == SW_WAIT) {
        struct sw_err err;
        rc = host_event_wait(&stream->source->ready, component_call_engine(call), &err);
        if (rc < 0)
            return rc;
    }
    return rc;
}

static size_t at_most(uint64_t len, size_t max)
{
    return len < max ? (size_t)len : max;
}

static int take(struct component_call *call, struct host_io_streams_input_stream *stream, struct sw_str bytes,
                uint64_t len, struct sw_str *ret)
{
    size_t n = at_most(len, at_most(bytes.n, HOST_READ_BYTES_MAX));
    char *copy = host_scratch(call, n, 1);
    if (!copy)
        return -SW_EGUEST;
    if (n) {
        memcpy(copy, bytes.p, n);
        host_source_consume(stream->source, n);
    }
    *ret = sw_str(copy, n);
    return 0;
}

int host_io_streams_input_stream_read(struct component_call *call, struct host_io_streams_input_stream *self,
                                      uint64_t len, struct sw_str *ret,
                                      struct host_io_streams_stream_error *ret_error)
{
    struct sw_str bytes = {NULL, 0};
    int rc = host_input_stream_peek(call, self, &bytes, ret_error);
    if (rc == SW_WAIT) {
        *ret = sw_str(NULL, 0);
        return 0;
    }
    return rc == 0 ? take(call, self, bytes, len, ret) : rc;
}

int host_io_streams_input_stream_blocking_read_wait(struct component_call *call,
                                                    struct host_io_streams_input_stream *self, uint64_t len,
                                                    struct sw_str *ret,
                                                    struct host_io_streams_stream_error *ret_error)
{
    struct sw_str bytes = {NULL, 0};
    int rc = peek_wait(call, self, &bytes, ret_error);
    return rc == 0 ? take(call, self, bytes, len, ret) : rc;
}

static uint64_t drop_bytes(struct host_io_streams_input_stream *stream, struct sw_str bytes, uint64_t len)
{
    size_t n = at_most(len, bytes.n);
    if (n)
        host_source_consume(stream->source, n);
    return n;
}

int host_io_streams_input_stream_skip(struct component_call *call, struct host_io_streams_input_stream *self,
                                      uint64_t len, uint64_t *ret,
                                      struct host_io_streams_stream_error *ret_error)
{
    struct sw_str bytes = {NULL, 0};
    int rc = host_input_stream_peek(call, self, &bytes, ret_error);
    if (rc == 0)
        *ret = drop_bytes(self, bytes, len);
    if (rc == SW_WAIT)
        *ret = 0;
    return rc == SW_WAIT ? 0 : rc;
}

int host_io_streams_input_stream_blocking_skip_wait(struct component_call *call,
                                                    struct host_io_streams_input_stream *self, uint64_t len,
                                                    uint64_t *ret,
                                                    struct host_io_streams_stream_error *ret_error)
{
    struct sw_str bytes = {NULL, 0};
    int rc = peek_wait(call, self, &bytes, ret_error);
    if (rc == 0)
        *ret = drop_bytes(self, bytes, len);
    return rc;
}

/* ---- readiness ---- */

static bool source_ready(struct host_io_poll_pollable *pollable)
{
    const struct host_io_streams_input_stream *stream = pollable->target;
    struct sw_str bytes = {NULL, 0};
    struct sw_err err;
    return !stream->source || stream->dead || host_source_peek(stream->source, &bytes, &err) != SW_WAIT;
}

static struct host_event *source_watch(struct host_io_poll_pollable *pollable, struct component_call *call)
{
    struct host_io_streams_input_stream *stream = pollable->target;
    (void)call;
    return &stream->source->ready; /* not ready: so it has a source */
}

static void source_unwatch(struct host_io_poll_pollable *pollable)
{
    (void)pollable;
}

static void source_release(struct host_io_poll_pollable *pollable)
{
    stream_unref(pollable->target);
}

static const struct host_pollable_ops source_pollable = {source_ready, source_watch, source_unwatch,
                                                         source_release};

int host_io_streams_input_stream_subscribe(struct component_call *call,
                                           struct host_io_streams_input_stream *self,
                                           struct host_io_poll_pollable **ret)
{
    *ret = host_pollable_new(call, &source_pollable, self);
    if (!*ret)
        return -SW_EGUEST;
    self->refs++;
    return 0;
}
