/* stream.c - byte streams over non-blocking descriptors.  Room: loop.
 *
 * A request on a kept-alive connection costs one wake-up, one recv and one send: nothing is changed in the kernel's interest set unless
 * it must be. So `loop_stream_reading(off)` only takes effect when bytes arrive that nobody wants.
 * 1. polled is what libuv watches for. Wanted is: readable if reading and not eof; writable if blocked; else "prioritised", which reports
 *    nothing but failures, so that a reset is noticed while nobody reads.
 * 2. After failed is set nothing is watched any more, reads give what the kernel still has, then SW_EIO. Until a read has told the
 *    failure, `readable` runs again in deferred work: while reads bring something, and when reading is turned on.
 * 3. After close the callbacks are silent but for `closed`, once, from libuv's close callback. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "loop/limits.h"
#include "loop/loop_internal.h"

struct loop_stream {
    uv_poll_t uv;
    struct loop *loop;
    const struct loop_stream_events *events;
    void *arg;
    int fd;
    int polled;             /* UV_READABLE | UV_WRITABLE | UV_PRIORITIZED, or 0: stopped */
    int failed;             /* errno of the connection, or 0 */
    struct loop_defer rest; /* runs `readable` after a failure that no read has told yet */
    bool told;              /* a read gave the failure */
    bool progress;          /* a read gave bytes since `readable` was called */
    bool reading;
    bool blocked; /* a write gave SW_WAIT: `writable` is owed */
    bool eof;
    bool quiet; /* no longer watched for failures alone */
    bool closing;
    bool not_socket;
};

static void on_poll(uv_poll_t *uv, int status, int events);

static void poll_update(struct loop_stream *stream)
{
    if (stream->closing)
        return;
    int wanted = (stream->reading && !stream->eof ? UV_READABLE : 0) | (stream->blocked ? UV_WRITABLE : 0);
    if (!wanted && !stream->quiet)
        wanted = UV_PRIORITIZED;
    if (stream->failed)
        wanted = 0;
    if (wanted == stream->polled)
        return;
    stream->polled = wanted;
    int rc = wanted ? uv_poll_start(&stream->uv, wanted, on_poll) : uv_poll_stop(&stream->uv);
    assert(rc == 0); /* fails only on a closing handle */
    (void)rc;
}

static void fail(struct loop_stream *stream, int number)
{
    stream->failed = number;
    poll_update(stream);
}

static void tell_failure(void *arg)
{
    struct loop_stream *stream = arg;
    stream->progress = false;
    stream->events->readable(stream->arg);
    if (!stream->closing && !stream->told && stream->reading && stream->progress)
        loop_defer_add(stream->loop, &stream->rest); /* what the kernel still has comes first */
}

static int pending_error(const struct loop_stream *stream)
{
    int number = 0;
    socklen_t n = sizeof number;
    return getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &number, &n) < 0 ? 0 : number; /* pipes have none */
}

static void on_poll(uv_poll_t *uv, int status, int events)
{
    struct loop_stream *stream = uv->data;
    if (status < 0 || (events & UV_PRIORITIZED)) {
        int number = pending_error(stream);
        if (status < 0) {
            stream->polled = 0;               /* libuv stopped it by itself */
            number = number ? number : EPIPE; /* the other end of a pipe is gone */
        }
        stream->quiet = true; /* else an end of both directions, or urgent data, would be reported for ever */
        if (number) {
            fail(stream, number);
            tell_failure(stream);
            return;
        }
    }
    if (events & UV_WRITABLE) {
        stream->blocked = false;
        stream->events->writable(stream->arg);
    }
    if ((events & UV_READABLE) && !stream->closing && stream->reading && !stream->eof)
        stream->events->readable(stream->arg);
    poll_update(stream);
}

int loop_stream_open(struct loop *loop, int fd, const struct loop_stream_events *events, void *arg,
                     struct loop_stream **ret, struct sw_err *err)
{
    struct loop_stream *stream = sw_try_alloc(sizeof *stream);
    if (!stream)
        return sw_fail(err, SW_ENOMEM, "no memory for a stream");
    int rc = sw_fault(SW_FAULT_LOOP_STREAM) ? UV_ENOMEM : uv_poll_init(&loop->uv, &stream->uv, fd);
    if (rc < 0) {
        sw_free(stream);
        return loop__uv_fail(err, rc, "watch descriptor %d", fd);
    }
    stream->uv.data = stream;
    stream->events = events;
    stream->arg = arg;
    stream->fd = fd;
    stream->loop = loop;
    loop_defer_init(&stream->rest, tell_failure, stream);
    poll_update(stream);
    *ret = stream;
    return 0;
}

void loop_stream_reading(struct loop_stream *stream, bool on)
{
    stream->reading = on;
    if (on)
        poll_update(stream); /* off: when bytes come that nobody wants */
    if (on && stream->failed && !stream->told && !stream->closing)
        loop_defer_add(stream->loop, &stream->rest);
}

static ssize_t read_some(struct loop_stream *stream, void *bytes, size_t n)
{
    if (sw_fault_errno(SW_FAULT_LOOP_READ, ECONNRESET))
        return -1;
    return stream->not_socket ? read(stream->fd, bytes, n) : recv(stream->fd, bytes, n, 0);
}

int loop_stream_read(struct loop_stream *stream, void *bytes, size_t n, size_t *ret_n, struct sw_err *err)
{
    if (stream->closing)
        return sw_fail(err, SW_EIO, "the stream is closed");
    for (;;) {
        ssize_t got = read_some(stream, bytes, n);
        if (got > 0) {
            stream->progress = true;
            *ret_n = (size_t)got;
            return 0;
        }
        int number = errno;
        if (got < 0 && number == EINTR)
            continue;
        if (got < 0 && number == ENOTSOCK && !stream->not_socket) {
            stream->not_socket = true;
            continue;
        }
        if (got < 0 && number == EAGAIN && !stream->failed)
            return SW_WAIT;
        if (got == 0 && n == 0)
            return sw_fail(err, SW_EBUG, "read into an empty buffer");
        if (got == 0 && !stream->failed) {
            stream->eof = true;
            poll_update(stream);
            return SW_END;
        }
        if (!stream->failed)
            fail(stream, number);
        stream->told = true;
        return sw_fail_errno(err, SW_EIO, stream->failed, "read from the peer");
    }
}

static ssize_t write_parts(struct loop_stream *stream, const struct iovec *parts, int count)
{
    if (sw_fault_errno(SW_FAULT_LOOP_WRITE, EPIPE))
        return -1;
    if (stream->not_socket)
        return writev(stream->fd, parts, count);
    if (count == 1)
        return send(stream->fd, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
    struct msghdr message = {0};
    union { /* the kernel only reads them; the struct lacks a const */
        const struct iovec *in;
        struct iovec *out;
    } iov = {parts};
    message.msg_iov = iov.out;
    message.msg_iovlen = (size_t)count;
    return sendmsg(stream->fd, &message, MSG_NOSIGNAL);
}

int loop_stream_writev(struct loop_stream *stream, const struct iovec *parts, int count, size_t *ret_n,
                       struct sw_err *err)
{
    assert(count > 0 && count <= LOOP_WRITE_PARTS_MAX);
    if (stream->closing)
        return sw_fail(err, SW_EIO, "the stream is closed");
    if (stream->failed)
        return sw_fail_errno(err, SW_EIO, stream->failed, "write to the peer");
    for (;;) {
        ssize_t sent = write_parts(stream, parts, count);
        if (sent >= 0) {
            *ret_n = (size_t)sent;
            return 0;
        }
        int number = errno;
        if (number == EINTR)
            continue;
        if (number == ENOTSOCK && !stream->not_socket) {
            stream->not_socket = true;
            continue;
        }
        if (number == EAGAIN) {
            stream->blocked = true;
            poll_update(stream);
            return SW_WAIT;
        }
        fail(stream, number); /* the kernel reports it once */
        return sw_fail_errno(err, SW_EIO, number, "write to the peer");
    }
}

void loop_stream_shutdown(struct loop_stream *stream)
{
    if (!stream->closing)
        (void)shutdown(stream->fd, SHUT_WR); /* a connection that is gone shows on the next read */
}

static void on_closed(uv_handle_t *handle)
{
    struct loop_stream *stream = handle->data;
    if (stream->events->closed)
        stream->events->closed(stream->arg);
    sw_free(stream);
}

void loop_stream_close(struct loop_stream *stream)
{
    if (stream->closing)
        return;
    stream->closing = true;
    loop_defer_cancel(&stream->rest);
    uv_close((uv_handle_t *)&stream->uv, on_closed); /* takes the descriptor out of the poll set first */
    (void)close(stream->fd);                         /* nothing could be done about a failure */
    stream->fd = -1;
}

int loop_stream_peer(const struct loop_stream *stream, char *text, size_t n)
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof peer;
    char address[INET6_ADDRSTRLEN];
    if (stream->closing || getpeername(stream->fd, (struct sockaddr *)&peer, &length) < 0)
        return SW_ABSENT;
    int used = 0;
    if (peer.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&peer;
        if (!inet_ntop(AF_INET, &in->sin_addr, address, sizeof address))
            return SW_ABSENT;
        used = snprintf(text, n, "%s:%u", address, (unsigned)ntohs(in->sin_port));
    } else if (peer.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)&peer;
        if (!inet_ntop(AF_INET6, &in6->sin6_addr, address, sizeof address))
            return SW_ABSENT;
        used = snprintf(text, n, "[%s]:%u", address, (unsigned)ntohs(in6->sin6_port));
    } else {
        return SW_ABSENT;
    }
    return used > 0 && (size_t)used < n ? 0 : SW_ABSENT;
}
