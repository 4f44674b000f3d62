/* buf.c - the growing byte buffer.  Room: base. */
#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"

#define BUF_CAP_MIN 64 /* first allocation; small enough for a header value */

int sw_buf_reserve(struct sw_buf *buf, size_t extra, struct sw_err *err)
{
    assert(buf->max > 0);
    if (extra > buf->max - buf->n)
        return sw_fail(err, SW_ELIMIT, "%zu bytes more than the limit of %zu", extra - (buf->max - buf->n),
                       buf->max);
    size_t need = buf->n + extra;
    if (need <= buf->cap)
        return 0;
    size_t cap = buf->cap ? buf->cap : BUF_CAP_MIN;
    while (cap < need)
        cap = cap > buf->max / 2 ? buf->max : cap * 2;
    if (cap > buf->max)
        cap = buf->max;
    char *p = sw_try_realloc(buf->p, cap);
    if (!p)
        return sw_fail(err, SW_ENOMEM, "no memory for a buffer of %zu bytes", cap);
    buf->p = p;
    buf->cap = cap;
    return 0;
}

int sw_buf_add(struct sw_buf *buf, struct sw_str bytes, struct sw_err *err)
{
    int rc = sw_buf_reserve(buf, bytes.n, err);
    if (rc < 0)
        return rc;
    if (bytes.n)
        memcpy(buf->p + buf->n, bytes.p, bytes.n);
    buf->n += bytes.n;
    return 0;
}

int sw_buf_add_byte(struct sw_buf *buf, unsigned char byte, struct sw_err *err)
{
    char c = (char)byte;
    return sw_buf_add(buf, sw_str(&c, 1), err);
}

int sw_buf_printf(struct sw_buf *buf, struct sw_err *err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    int rc = n < 0 ? sw_fail(err, SW_EBUG, "bad format '%s'", fmt) : 0;
    if (rc == 0 && (size_t)n > buf->max - buf->n)
        rc = sw_fail(err, SW_ELIMIT, "text of %d bytes passes the limit of %zu", n, buf->max);
    if (rc == 0 && (size_t)n + 1 > buf->cap - buf->n) {
        /* the terminating NUL needs a byte past the content, which may lie past the ceiling */
        char *p = sw_try_realloc(buf->p, buf->n + (size_t)n + 1);
        if (p) {
            buf->p = p;
            buf->cap = buf->n + (size_t)n + 1;
        } else {
            rc = sw_fail(err, SW_ENOMEM, "no memory for a text of %d bytes", n);
        }
    }
    if (rc == 0) {
        (void)vsnprintf(buf->p + buf->n, (size_t)n + 1, fmt, again); /* measured above */
        buf->n += (size_t)n;
    }
    va_end(again);
    return rc;
}

void sw_buf_drop_front(struct sw_buf *buf, size_t n)
{
    assert(n <= buf->n);
    buf->n -= n;
    if (buf->n)
        memmove(buf->p, buf->p + n, buf->n);
}

void sw_buf_clear(struct sw_buf *buf)
{
    buf->n = 0;
}

void sw_buf_deinit(struct sw_buf *buf)
{
    sw_free(buf->p);
    buf->p = NULL;
    buf->n = 0;
    buf->cap = 0;
}

int sw_buf_read_fd(struct sw_buf *buf, int fd, struct sw_err *err)
{
    for (;;) {
        size_t left = buf->max - buf->n;
        size_t room = buf->cap - buf->n < left ? buf->cap - buf->n
                                               : left; /* the NUL of sw_buf_printf may lie past the ceiling */
        if (room == 0) {
            size_t want = buf->cap ? buf->cap : 65536;
            char probe;
            if (left == 0) { /* exactly full: is there more? */
                ssize_t more = read(fd, &probe, 1);
                if (more == 0)
                    return 0;
                if (more < 0 && errno == EINTR)
                    continue;
                return more < 0 ? sw_fail_errno(err, SW_EIO, errno, "read")
                                : sw_fail(err, SW_ELIMIT, "larger than the limit of %zu bytes", buf->max);
            }
            int rc = sw_buf_reserve(buf, want < left ? want : left, err);
            if (rc < 0)
                return rc;
            room = buf->cap - buf->n;
        }
        ssize_t got = read(fd, buf->p + buf->n, room);
        if (got == 0)
            return 0;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return sw_fail_errno(err, SW_EIO, errno, "read");
        buf->n += (size_t)got;
    }
}
