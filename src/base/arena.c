/* arena.c - block-wise memory for a request or a load.  Room: base. */
#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"

#define ARENA_BLOCK_BYTES                                                                                    \
    4096 /* fits a small request's needs; doubles with each further block, up to 1 MiB */
#define ARENA_BLOCK_BYTES_MAX (1u << 20)

struct sw_arena_block {
    struct sw_arena_block *older;
    size_t cap;
    alignas(16) char bytes[];
};

static int grow(struct sw_arena *arena, size_t n)
{
    size_t cap = arena->block ? arena->block->cap * 2 : ARENA_BLOCK_BYTES;
    if (cap > ARENA_BLOCK_BYTES_MAX)
        cap = ARENA_BLOCK_BYTES_MAX;
    if (cap > arena->max - arena->total)
        cap = arena->max - arena->total;
    if (cap < n)
        cap = n;
    if (cap > arena->max - arena->total || cap > SIZE_MAX - sizeof(struct sw_arena_block))
        return -1;
    struct sw_arena_block *block = sw_try_alloc(sizeof *block + cap);
    if (!block)
        return -1;
    block->cap = cap;
    block->older = arena->block;
    arena->block = block;
    arena->used = 0;
    arena->total += cap;
    return 0;
}

void *sw_arena_try(struct sw_arena *arena, size_t n, size_t align)
{
    assert(align > 0 && align <= 16 && (align & (align - 1)) == 0);
    if (n == 0)
        n = 1; /* a valid, unique address */
    size_t at = (arena->used + align - 1) & ~(align - 1);
    if (!arena->block || at > arena->block->cap || n > arena->block->cap - at) {
        if (grow(arena, n) != 0)
            return NULL;
        at = 0;
    }
    arena->used = at + n;
    return memset(arena->block->bytes + at, 0, n); /* again: a cleared arena's block holds old bytes */
}

void *sw_arena_try_array(struct sw_arena *arena, size_t count, size_t size, size_t align)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return sw_arena_try(arena, count * size, align);
}

int(sw_arena_fail)(const struct sw_arena *arena, size_t n, struct sw_err *err)
{
    if (n > arena->max - arena->total)
        return sw_fail(err, SW_ELIMIT, "%zu bytes more do not fit in the limit of %zu", n, arena->max);
    return sw_fail(err, SW_ENOMEM, "no memory for %zu bytes", n);
}

int sw_arena_copy(struct sw_arena *arena, struct sw_str in, struct sw_str *ret, struct sw_err *err)
{
    char *p = in.n == SIZE_MAX ? NULL : sw_arena_try(arena, in.n + 1, 1);
    if (!p)
        return sw_arena_fail(arena, in.n, err);
    if (in.n)
        memcpy(p, in.p, in.n);
    p[in.n] = '\0';
    *ret = sw_str(p, in.n);
    return 0;
}

const char *sw_arena_printf(struct sw_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *p = n < 0 ? NULL : sw_arena_try(arena, (size_t)n + 1, 1);
    if (p)
        (void)vsnprintf(p, (size_t)n + 1, fmt, again); /* measured above */
    va_end(again);
    return p;
}

void sw_arena_clear(struct sw_arena *arena)
{
    struct sw_arena_block *block = arena->block;
    while (block && block->older) {
        struct sw_arena_block *older = block->older;
        arena->total -= block->cap;
        sw_free(block);
        block = older;
    }
    arena->block = block;
    arena->used = 0;
}

void sw_arena_deinit(struct sw_arena *arena)
{
    sw_arena_clear(arena);
    sw_free(arena->block);
    arena->block = NULL;
    arena->total = 0;
}
