/* alloc.h - memory, and making it fail on purpose.  Room: base.
 *
 * sw_alloc is for small memory of our own and ends the process when there is none; sw_try_alloc is for every size that
 * a guest, a peer or a file can influence. Both give zeroed memory. */
#ifndef SW_BASE_ALLOC_H
#define SW_BASE_ALLOC_H

#include <stddef.h>

#include "base/error.h"

void *sw_alloc(size_t n) __attribute__((malloc, returns_nonnull, alloc_size(1)));
void *sw_try_alloc(size_t n)
    __attribute__((malloc, alloc_size(1))) SW_MUST_CHECK; /* NULL when there is none */
void *sw_try_alloc_array(size_t count, size_t size)
    __attribute__((malloc)) SW_MUST_CHECK; /* NULL on overflow too */
void *sw_try_realloc(void *p, size_t n)
    SW_MUST_CHECK;     /* new bytes are NOT zeroed; p stays valid when NULL comes back */
void sw_free(void *p); /* NULL is fine */

/* Tests: the next n calls of the sw_try_* family work, later ones fail; negative: never fail. */
void sw_mem_fail_after(long n);

static inline void sw_auto_free_(void *p)
{
    sw_free(*(void **)p);
}
#define sw_auto_free __attribute__((cleanup(sw_auto_free_)))

static inline void sw_auto_close_(int *fd);
#define sw_auto_close __attribute__((cleanup(sw_auto_close_)))

#include <unistd.h>
static inline void sw_auto_close_(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* nothing a cleanup could do about a failure */
}

#endif
