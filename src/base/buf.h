/* buf.h - an owned, growing byte buffer with a ceiling decided at birth.  Room: base.
 *
 * Invariants: n <= cap and n <= max; p[0..n) is the content; p may be NULL while cap is 0. cap is at most max, or max + 1 after
 * sw_buf_printf, which ends its text with a NUL that is not content.
 * Reading p and n is fine; only these functions change them. */
#ifndef SW_BASE_BUF_H
#define SW_BASE_BUF_H

#include "base/error.h"
#include "base/str.h"

struct sw_buf {
    char *p;
    size_t n;
    size_t cap;
    size_t max;
};

#define SW_BUF(max_bytes) ((struct sw_buf){NULL, 0, 0, (max_bytes)})

static inline struct sw_str sw_buf_str(const struct sw_buf *buf)
{
    return (struct sw_str){buf->p, buf->n};
}

/* Each fails with SW_ELIMIT past the ceiling or SW_ENOMEM; the buffer is then unchanged. */
int sw_buf_reserve(struct sw_buf *buf, size_t extra,
                   struct sw_err *err) SW_MUST_CHECK; /* room for extra bytes at p+n */
int sw_buf_add(struct sw_buf *buf, struct sw_str bytes, struct sw_err *err) SW_MUST_CHECK;
int sw_buf_add_byte(struct sw_buf *buf, unsigned char byte, struct sw_err *err) SW_MUST_CHECK;
int sw_buf_printf(struct sw_buf *buf, struct sw_err *err, const char *fmt, ...) SW_PRINTF(3, 4) SW_MUST_CHECK;
void sw_buf_drop_front(struct sw_buf *buf, size_t n); /* n <= buf->n; moves the rest to the front */
void sw_buf_clear(struct sw_buf *buf);                /* keeps the allocation */
void sw_buf_deinit(struct sw_buf *buf);               /* twice is fine */
/* Reads the whole of fd, from its current offset to the end. */
int sw_buf_read_fd(struct sw_buf *buf, int fd, struct sw_err *err) SW_MUST_CHECK;

#define sw_auto_buf __attribute__((cleanup(sw_buf_deinit))) struct sw_buf

#endif
