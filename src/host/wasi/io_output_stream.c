/* io_output_stream.c - wasi:io/streams output-stream over a host_sink.  Room: host.
 *
 * Every loop here writes what the sink takes, waits for its event when it takes nothing, and ends at the first failure. */
#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/wasi/io.h"

struct host_io_streams_output_stream *
host_output_stream_new(struct component_call *call, struct host_sink *sink, enum host_error_origin origin)
{
    struct host_io_streams_output_stream *stream = HOST_NEW(call, struct host_io_streams_output_stream);
    if (!stream)
        return NULL;
    stream->host = host_of(call);
    stream->sink = sink;
    stream->refs = 1;
    stream->origin = origin;
    return stream;
}

static void stream_unref(struct host_io_streams_output_stream *stream)
{
    if (--stream->refs == 0)
        HOST_FREE(stream->host, stream);
}

void host_io_streams_output_stream_drop(void *owner, void *object)
{
    struct host_io_streams_output_stream *stream = object;
    (void)owner;
    host_sink_close(stream->sink);
    stream->sink = NULL;
    stream_unref(stream);
}

/* ---- errors ---- */

int host_stream_closed(struct host_io_streams_stream_error *ret)
{
    *ret = (struct host_io_streams_stream_error){.tag = HOST_IO_STREAMS_STREAM_ERROR_CLOSED};
    return HOST_WIT_ERROR;
}

int host_stream_failed(struct component_call *call, enum host_error_origin origin, const struct sw_err *err,
                       uint64_t bytes, struct host_io_streams_stream_error *ret)
{
    struct host_io_error_error *error = HOST_NEW(call, struct host_io_error_error);
    if (!error)
        return -SW_EGUEST;
    struct sw_str text = sw_str_head(sw_str_of(err->text), sizeof error->text);
    while (text.n && !sw_utf8_valid(text))
        text.n--; /* cut inside a character */
    memcpy(error->text, text.p, text.n);
    error->text_n = text.n;
    error->code = err->code;
    error->origin = origin;
    error->bytes = origin == HOST_ERROR_FILE ? (uint64_t)host_of(call)->file_errno : bytes;
    *ret = (struct host_io_streams_stream_error){.tag = HOST_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED};
    ret->last_operation_failed = error;
    return HOST_WIT_ERROR;
}

static int died(struct component_call *call, struct host_io_streams_output_stream *stream,
                const struct sw_err *err, struct host_io_streams_stream_error *ret_error)
{
    stream->dead = true;
    if (err->code == SW_EIO && stream->origin != HOST_ERROR_FILE) /* the reader went away */
        return host_stream_closed(ret_error);
    return host_stream_failed(call, stream->origin, err, stream->written, ret_error);
}

/* ---- the three primitives: how much, write, flush ---- */

/* Bytes that write may bring: 0 when it has to wait. */
static int permit(struct component_call *call, struct host_io_streams_output_stream *stream, size_t *ret,
                  struct host_io_streams_stream_error *ret_error)
{
    struct sw_err err;
    if (stream->dead)
        return host_stream_closed(ret_error);
    int rc =
        host_sink_flush(stream->sink, &err); /* tells a sink whose reader is gone; also moves what waits */
    if (rc < 0)
        return died(call, stream, &err, ret_error);
    stream->flushing = stream->flushing && rc == SW_WAIT;
    *ret = stream->flushing ? 0 : host_sink_room(stream->sink);
    return 0;
}

static int write_some(struct component_call *call, struct host_io_streams_output_stream *stream,
                      struct sw_str bytes, size_t *ret_n, struct host_io_streams_stream_error *ret_error)
{
    struct sw_err err;
    int rc = host_sink_write(stream->sink, bytes, ret_n, &err);
    if (rc < 0) {
        stream->written += bytes.n; /* what the writer meant to have written: the size that is too large */
        return died(call, stream, &err, ret_error);
    }
    if (rc == 0)
        stream->written += *ret_n;
    return rc;
}

static int ready_wait(struct component_call *call, struct host_io_streams_output_stream *stream)
{
    struct sw_err err;
    return host_event_wait(&stream->sink->ready, component_call_engine(call), &err);
}

static int permit_wait(struct component_call *call, struct host_io_streams_output_stream *stream, size_t *ret,
                       struct host_io_streams_stream_error *ret_error)
{
    int rc;
    *ret = 0;
    while ((rc = permit(call, stream, ret, ret_error)) == 0 && *ret == 0) {
        rc = ready_wait(call, stream);
        if (rc < 0)
            return rc;
    }
    return rc;
}

static int flush_wait(struct component_call *call, struct host_io_streams_output_stream *stream,
                      struct host_io_streams_stream_error *ret_error)
{
    struct sw_err err;
    int rc;
    if (stream->dead)
        return host_stream_closed(ret_error);
    while ((rc = host_sink_flush(stream->sink, &err)) == SW_WAIT) {
        rc = ready_wait(call, stream);
        if (rc < 0)
            return rc;
    }
    stream->flushing = false;
    return rc < 0 ? died(call, stream, &err, ret_error) : 0;
}

/* ---- the interface ---- */

int host_io_streams_output_stream_check_write(struct component_call *call,
                                              struct host_io_streams_output_stream *self, uint64_t *ret,
                                              struct host_io_streams_stream_error *ret_error)
{
    size_t n = 0;
    int rc = permit(call, self, &n, ret_error);
    if (rc == 0)
        *ret = self->permit = n;
    return rc;
}

/* All of it, which check-write promised to take. */
static int write_permitted(struct component_call *call, struct host_io_streams_output_stream *stream,
                           struct sw_str bytes, struct host_io_streams_stream_error *ret_error)
{
    while (bytes.n) {
        size_t n = 0;
        int rc = write_some(call, stream, bytes, &n, ret_error);
        if (rc == SW_WAIT)
            return host_trap(call, "output-stream.write: more bytes than check-write permitted");
        if (rc != 0)
            return rc;
        bytes = sw_str_from(bytes, n);
    }
    return 0;
}

static int permit_take(struct component_call *call, struct host_io_streams_output_stream *stream, uint64_t n,
                       struct host_io_streams_stream_error *ret_error)
{
    if (stream->dead)
        return host_stream_closed(ret_error);
    if (n > stream->permit && n > host_sink_room(stream->sink))
        return host_trap(call, "output-stream.write: %llu bytes are more than check-write permitted",
                         (unsigned long long)n);
    stream->permit -= n < stream->permit ? n : stream->permit;
    return 0;
}

int host_io_streams_output_stream_write(struct component_call *call,
                                        struct host_io_streams_output_stream *self, struct sw_str contents,
                                        struct host_io_streams_stream_error *ret_error)
{
    int rc = permit_take(call, self, contents.n, ret_error);
    return rc == 0 ? write_permitted(call, self, contents, ret_error) : rc;
}

static const char zeroes[HOST_BLOCKING_WRITE_MAX];

int host_io_streams_output_stream_write_zeroes(struct component_call *call,
                                               struct host_io_streams_output_stream *self, uint64_t len,
                                               struct host_io_streams_stream_error *ret_error)
{
    int rc = permit_take(call, self, len, ret_error);
    while (rc == 0 && len) {
        size_t n = len < sizeof zeroes ? (size_t)len : sizeof zeroes;
        rc = write_permitted(call, self, sw_str(zeroes, n), ret_error);
        len -= n;
    }
    return rc;
}

static int write_all_wait(struct component_call *call, struct host_io_streams_output_stream *stream,
                          struct sw_str bytes, struct host_io_streams_stream_error *ret_error)
{
    while (bytes.n) {
        size_t n = 0;
        int rc = permit_wait(call, stream, &n, ret_error);
        if (rc == 0)
            rc = write_some(call, stream, sw_str_head(bytes, n), &n, ret_error);
        if (rc != 0 && rc != SW_WAIT)
            return rc;
        if (rc == 0)
            bytes = sw_str_from(bytes, n);
    }
    return flush_wait(call, stream, ret_error);
}

/* Writes what is taken at once from the guest's memory; the rest, which has to wait, from a copy. */
int host_io_streams_output_stream_blocking_write_and_flush_wait(
    struct component_call *call, struct host_io_streams_output_stream *self, struct sw_str contents,
    struct host_io_streams_stream_error *ret_error)
{
    size_t n = 0;
    if (contents.n > HOST_BLOCKING_WRITE_MAX)
        return host_trap(call, "blocking-write-and-flush: %zu bytes are over 4096", contents.n);
    int rc = permit(call, self, &n, ret_error);
    if (rc == 0 && n > 0 && contents.n > 0) {
        rc = write_some(call, self, sw_str_head(contents, n), &n, ret_error);
        if (rc == 0)
            contents = sw_str_from(contents, n);
    }
    if (rc != 0 && rc != SW_WAIT)
        return rc;
    if (contents.n == 0)
        return flush_wait(call, self, ret_error);
    struct sw_err err;
    sw_auto_buf copy = SW_BUF(HOST_BLOCKING_WRITE_MAX);
    if (sw_buf_add(&copy, contents, &err) < 0)
        return host_trap(call, "no memory to keep %zu bytes while waiting", contents.n);
    return write_all_wait(call, self, sw_buf_str(&copy), ret_error);
}

int host_io_streams_output_stream_blocking_write_zeroes_and_flush_wait(
    struct component_call *call, struct host_io_streams_output_stream *self, uint64_t len,
    struct host_io_streams_stream_error *ret_error)
{
    if (len > HOST_BLOCKING_WRITE_MAX)
        return host_trap(call, "blocking-write-zeroes-and-flush: %llu bytes are over 4096",
                         (unsigned long long)len);
    return write_all_wait(call, self, sw_str(zeroes, (size_t)len), ret_error);
}

int host_io_streams_output_stream_flush(struct component_call *call,
                                        struct host_io_streams_output_stream *self,
                                        struct host_io_streams_stream_error *ret_error)
{
    struct sw_err err;
    if (self->dead)
        return host_stream_closed(ret_error);
    int rc = host_sink_flush(self->sink, &err);
    if (rc < 0)
        return died(call, self, &err, ret_error);
    self->flushing = rc == SW_WAIT;
    return 0;
}

int host_io_streams_output_stream_blocking_flush_wait(struct component_call *call,
                                                      struct host_io_streams_output_stream *self,
                                                      struct host_io_streams_stream_error *ret_error)
{
    return flush_wait(call, self, ret_error);
}

/* ---- splice: from source to sink without the guest ---- */

static int splice(struct component_call *call, struct host_io_streams_output_stream *to,
                  struct host_io_streams_input_stream *from, uint64_t len, uint64_t *ret,
                  struct host_io_streams_stream_error *ret_error)
{
    struct sw_str bytes;
    size_t n = 0;
    *ret = 0;
    int rc = permit(call, to, &n, ret_error);
    if (rc != 0 || n == 0 || len == 0)
        return rc;
    rc = host_input_stream_peek(call, from, &bytes, ret_error);
    if (rc != 0)
        return rc == SW_WAIT ? 0 : rc;
    if (n > len)
        n = (size_t)len;
    rc = write_some(call, to, sw_str_head(bytes, n), &n, ret_error);
    if (rc == 0) {
        host_source_consume(from->source, n);
        *ret = n;
    }
    return rc == SW_WAIT ? 0 : rc;
}

int host_io_streams_output_stream_splice(struct component_call *call,
                                         struct host_io_streams_output_stream *self,
                                         struct host_io_streams_input_stream *src, uint64_t len,
                                         uint64_t *ret, struct host_io_streams_stream_error *ret_error)
{
    return splice(call, self, src, len, ret, ret_error);
}

int host_io_streams_output_stream_blocking_splice_wait(struct component_call *call,
                                                       struct host_io_streams_output_stream *self,
                                                       struct host_io_streams_input_stream *src, uint64_t len,
                                                       uint64_t *ret,
                                                       struct host_io_streams_stream_error *ret_error)
{
    struct sw_str bytes;
    size_t n;
    int rc = permit_wait(call, self, &n, ret_error);
    while (rc == 0 && (rc = host_input_stream_peek(call, src, &bytes, ret_error)) == SW_WAIT) {
        struct sw_err err;
        rc = host_event_wait(&src->source->ready, component_call_engine(call), &err);
    }
    return rc == 0 ? splice(call, self, src, len, ret, ret_error) : rc;
}

/* ---- readiness ---- */

static bool sink_ready(struct host_io_poll_pollable *pollable)
{
    struct host_io_streams_output_stream *stream = pollable->target;
    struct sw_err err;
    if (!stream->sink || stream->dead)
        return true;
    int rc = host_sink_flush(stream->sink, &err);
    if (rc < 0)
        return true;
    stream->flushing = stream->flushing && rc == SW_WAIT;
    return !stream->flushing && host_sink_room(stream->sink) > 0;
}

static struct host_event *sink_watch(struct host_io_poll_pollable *pollable, struct component_call *call)
{
    struct host_io_streams_output_stream *stream = pollable->target;
    (void)call;
    return &stream->sink->ready; /* not ready: so it has a sink */
}

static void sink_unwatch(struct host_io_poll_pollable *pollable)
{
    (void)pollable;
}

static void sink_release(struct host_io_poll_pollable *pollable)
{
    stream_unref(pollable->target);
}

static const struct host_pollable_ops sink_pollable = {sink_ready, sink_watch, sink_unwatch, sink_release};

int host_io_streams_output_stream_subscribe(struct component_call *call,
                                            struct host_io_streams_output_stream *self,
                                            struct host_io_poll_pollable **ret)
{
    *ret = host_pollable_new(call, &sink_pollable, self);
    if (!*ret)
        return -SW_EGUEST;
    self->refs++;
    return 0;
}
