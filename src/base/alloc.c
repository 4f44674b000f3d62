/* alloc.c - the process's allocator.  Room: base. */
#include "base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"

static long fail_after = -1; /* the allocator's one switch; see alloc.h */

static int refused(void)
{
    if (fail_after < 0)
        return sw_fault(SW_FAULT_ALLOC);
    if (fail_after == 0)
        return 1;
    fail_after--;
    return 0;
}

void sw_mem_fail_after(long n)
{
    fail_after = n;
}

void *sw_alloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);
    if (!p) {
        (void)fprintf(stderr, "swell: out of memory (%zu bytes)\n", n); /* about to end */
        abort();
    }
    return p;
}

void *sw_try_alloc(size_t n)
{
    return refused() ? NULL : calloc(1, n ? n : 1);
}

void *sw_try_alloc_array(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return sw_try_alloc(count * size);
}

void *sw_try_realloc(void *p, size_t n)
{
    return refused() ? NULL : realloc(p, n ? n : 1);
}

void sw_free(void *p)
{
    free(p);
}
