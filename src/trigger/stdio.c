/* stdio.c - this process's own descriptors as the standard streams of a command.  Room: trigger.
 *
 * Pipes and terminals are shared with the shell and with other programs, and so is their non-blocking flag. They are opened anew through
 * /proc, which gives this process flags of its own. What cannot be opened anew (sockets; a terminal of another user) is made non-blocking
 * while the guest runs. Regular files, /dev/null and the like have no readiness: a call on them ends soon. */
#include "trigger/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "loop/loop.h"
#include "trigger/limits.h"

/* ---- descriptors ---- */

static int reopen(int fd, bool writes)
{
    char name[40];
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd); /* fits */
    return open(name, (writes ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

static void fd_init(struct trigger_stdio_fd *self, int fd, bool writes)
{
    struct stat st;
    *self = (struct trigger_stdio_fd){.fd = fd};
    if (fstat(fd, &st) < 0) {
        self->is_closed = true;
        return;
    }
    self->is_terminal = isatty(fd) == 1;
    self->is_file = S_ISREG(st.st_mode);
    self->is_always = self->is_file || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode);
    if (!S_ISFIFO(st.st_mode) && !self->is_terminal)
        return;
    int own = reopen(fd, writes);
    if (own < 0)
        return;
    self->fd = own;
    self->is_own = true;
}

/* uv_poll makes it non-blocking. A descriptor without readiness is refused with EPERM. */
static int fd_watch(struct trigger_stdio_fd *self, struct loop *loop, loop_ready_fn *fn, void *arg,
                    struct loop_ready **ret, struct sw_err *err)
{
    int flags = self->is_closed || self->is_always ? 0 : fcntl(self->fd, F_GETFL);
    if (self->is_closed || self->is_always)
        return 0;
    int rc = loop_ready_new(loop, self->fd, fn, arg, ret, err);
    if (rc < 0) {
        self->is_always = true;
        return 0;
    }
    self->was_set = !self->is_own && flags >= 0 && !(flags & O_NONBLOCK);
    return 0;
}

static void fd_deinit(struct trigger_stdio_fd *self)
{
    int off = 0;
    if (self->was_set)
        (void)ioctl(self->fd, FIONBIO, &off); /* nothing more can be done for those who share it */
    if (self->is_own)
        (void)close(self->fd); /* everything was written */
    *self = (struct trigger_stdio_fd){.fd = -1, .is_closed = true};
}

/* ---- stdin ---- */

static void in_ready(void *arg, unsigned events)
{
    struct trigger_stdio_in *in = arg;
    (void)events;
    loop_ready_set(in->ready, 0);
    host_event_fire(&in->source.ready);
}

static int in_fill(struct trigger_stdio_in *in, struct sw_err *err)
{
    sw_buf_clear(&in->bytes);
    in->at = 0;
    int rc = sw_buf_reserve(&in->bytes, TRIGGER_STDIO_READ_BYTES, err);
    if (rc < 0)
        return rc;
    ssize_t n;
    do
        n = read(in->fd.fd, in->bytes.p, TRIGGER_STDIO_READ_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN && in->ready) {
        loop_ready_set(in->ready, LOOP_READABLE);
        return SW_WAIT;
    }
    if (n < 0)
        return sw_fail_errno(err, SW_EIO, errno, "read stdin");
    in->bytes.n = (size_t)n;
    in->ended = n == 0;
    return 0;
}

static int in_peek(struct host_source *source, struct sw_str *ret, struct sw_err *err)
{
    struct trigger_stdio_in *in = SW_CONTAINER(source, struct trigger_stdio_in, source);
    int rc = 0;
    if (in->at == in->bytes.n && !in->ended)
        rc = in->fd.is_closed ? SW_END : in_fill(in, err);
    if (rc)
        return rc;
    if (in->ended)
        return SW_END; /* also of a terminal: one Ctrl-D is the end */
    *ret = sw_str_from(sw_buf_str(&in->bytes), in->at);
    return 0;
}

static void in_consume(struct host_source *source, size_t n)
{
    SW_CONTAINER(source, struct trigger_stdio_in, source)->at += n;
}

static void in_close(struct host_source *source)
{
    (void)source; /* the guest may open it again */
}

static const struct host_source_ops in_ops = {in_peek, in_consume, in_close};

/* A file's position is shared: the next program of a script goes on where the guest stopped. */
static void in_give_back(struct trigger_stdio_in *in)
{
    if (in->fd.is_file && in->at < in->bytes.n)
        (void)lseek(in->fd.fd, -(off_t)(in->bytes.n - in->at), SEEK_CUR); /* a favour */
}

/* ---- stdout and stderr ---- */

/* 0 with *ret_n > 0; SW_WAIT; < 0. */
static int write_some(struct trigger_stdio_out *out, struct sw_str bytes, size_t *ret_n, struct sw_err *err)
{
    ssize_t n;
    if (out->failed || out->fd.is_closed)
        return sw_fail_errno(err, SW_EIO, out->failed ? out->failed : EBADF, "write the output");
    do
        n = write(out->fd.fd, bytes.p,
                  bytes.n < TRIGGER_STDIO_WRITE_BYTES ? bytes.n : TRIGGER_STDIO_WRITE_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN && out->ready) {
        loop_ready_set(out->ready, LOOP_WRITABLE);
        return SW_WAIT;
    }
    if (n < 0) {
        out->failed = errno;
        sw_buf_clear(&out->rest);
        return sw_fail_errno(err, SW_EIO, out->failed, "write the output");
    }
    *ret_n = (size_t)n;
    return 0;
}

/* 0: nothing is left; SW_WAIT; < 0. */
static int pump(struct trigger_stdio_out *out, struct sw_err *err)
{
    size_t done = 0;
    int rc = 0;
    while (rc == 0 && done < out->rest.n) {
        size_t n = 0;
        rc = write_some(out, sw_str_from(sw_buf_str(&out->rest), done), &n, err);
        done += rc == 0 ? n : 0;
    }
    if (rc >= 0)
        sw_buf_drop_front(&out->rest, done);
    return rc;
}

static size_t out_room(struct host_sink *sink)
{
    struct trigger_stdio_out *out = SW_CONTAINER(sink, struct trigger_stdio_out, sink);
    if (out->failed || out->fd.is_closed)
        return 1; /* the write will say it */
    return out->rest.n ? 0 : TRIGGER_STDIO_REST_BYTES_MAX;
}

static int out_write(struct host_sink *sink, struct sw_str bytes, size_t *ret_n, struct sw_err *err)
{
    struct trigger_stdio_out *out = SW_CONTAINER(sink, struct trigger_stdio_out, sink);
    size_t put = 0;
    if (out->rest.n)
        return SW_WAIT; /* `ready` comes when it has left */
    int rc = write_some(out, bytes, &put, err);
    if (rc < 0)
        return rc;
    struct sw_str rest = sw_str_head(sw_str_from(bytes, put), TRIGGER_STDIO_REST_BYTES_MAX);
    if (rest.n) { /* what was promised is taken whole */
        if ((rc = sw_buf_add(&out->rest, rest, err)) < 0)
            return rc;
        if (out->fd.is_always)
            rc = pump(out, err);
        else if (out->ready)
            loop_ready_set(out->ready, LOOP_WRITABLE);
    }
    *ret_n = put + rest.n;
    return rc < 0 ? rc : 0;
}

static int out_flush(struct host_sink *sink, struct sw_err *err)
{
    struct trigger_stdio_out *out = SW_CONTAINER(sink, struct trigger_stdio_out, sink);
    if (out->failed || out->fd.is_closed)
        return sw_fail_errno(err, SW_EIO, out->failed ? out->failed : EBADF, "write the output");
    return pump(out, err);
}

static void out_close(struct host_sink *sink)
{
    (void)sink; /* the guest may open it again */
}

static const struct host_sink_ops out_ops = {out_room, out_write, out_flush, out_close};

static void out_ready(struct trigger_stdio *stdio, struct trigger_stdio_out *out)
{
    struct sw_err err;
    loop_ready_set(out->ready, 0);
    if (pump(out, &err) == SW_WAIT)
        return;
    host_event_fire(&out->sink.ready);
    if (stdio->drained && trigger_stdio_flush(stdio, stdio->drained, stdio->drained_arg) == 0)
        stdio->drained(stdio->drained_arg);
}

static void stdout_ready(void *arg, unsigned events)
{
    struct trigger_stdio *stdio = arg;
    (void)events;
    out_ready(stdio, &stdio->out[0]);
}

static void stderr_ready(void *arg, unsigned events)
{
    struct trigger_stdio *stdio = arg;
    (void)events;
    out_ready(stdio, &stdio->out[1]);
}

/* ---- all three ---- */

void trigger_stdio_init(struct trigger_stdio *stdio, const int fds[3])
{
    *stdio = (struct trigger_stdio){.in.bytes = SW_BUF(TRIGGER_STDIO_READ_BYTES)};
    stdio->in.source.ops = &in_ops;
    host_event_init(&stdio->in.source.ready);
    fd_init(&stdio->in.fd, fds[0], false);
    for (int i = 0; i < 2; i++) {
        stdio->out[i].rest = SW_BUF(TRIGGER_STDIO_REST_BYTES_MAX);
        stdio->out[i].sink.ops = &out_ops;
        host_event_init(&stdio->out[i].sink.ready);
        fd_init(&stdio->out[i].fd, fds[i + 1], true);
    }
}

int trigger_stdio_start(struct trigger_stdio *stdio, struct loop *loop, struct sw_err *err)
{
    int rc = fd_watch(&stdio->in.fd, loop, in_ready, &stdio->in, &stdio->in.ready, err);
    if (rc == 0)
        rc = fd_watch(&stdio->out[0].fd, loop, stdout_ready, stdio, &stdio->out[0].ready, err);
    if (rc == 0)
        rc = fd_watch(&stdio->out[1].fd, loop, stderr_ready, stdio, &stdio->out[1].ready, err);
    return rc;
}

int trigger_stdio_flush(struct trigger_stdio *stdio, void (*drained)(void *arg), void *arg)
{
    struct sw_err err;
    bool waits = false;
    for (int i = 0; i < 2; i++)
        waits |= pump(&stdio->out[i], &err) == SW_WAIT; /* a failure: it never will */
    stdio->drained = waits ? drained : NULL;
    stdio->drained_arg = arg;
    return waits ? SW_WAIT : 0;
}

void trigger_stdio_deinit(struct trigger_stdio *stdio)
{
    loop_ready_free(stdio->in.ready);
    stdio->in.ready = NULL;
    in_give_back(&stdio->in);
    fd_deinit(&stdio->in.fd);
    sw_buf_deinit(&stdio->in.bytes);
    for (int i = 0; i < 2; i++) {
        loop_ready_free(stdio->out[i].ready);
        stdio->out[i].ready = NULL;
        fd_deinit(&stdio->out[i].fd);
        sw_buf_deinit(&stdio->out[i].rest);
    }
}
