/* arena.h - memory that lives as long as one request or one load.  Room: base.
 *
 * Nothing in an arena is freed alone; sw_arena_clear empties it and keeps the first block. Every arena has a ceiling. */
#ifndef SW_BASE_ARENA_H
#define SW_BASE_ARENA_H

#include <stdalign.h>

#include "base/error.h"
#include "base/str.h"

struct sw_arena_block;

struct sw_arena {
    struct sw_arena_block *block; /* the newest; blocks are linked */
    size_t used;                  /* bytes handed out of `block` */
    size_t total;                 /* bytes of all blocks */
    size_t max;                   /* ceiling on total */
};

#define SW_ARENA(max_bytes) ((struct sw_arena){NULL, 0, 0, (max_bytes)})

/* Zeroed, aligned to align (a power of two, at most 16). NULL past the ceiling or without memory. */
void *sw_arena_try(struct sw_arena *arena, size_t n, size_t align) SW_MUST_CHECK;
/* As above for count items; NULL also when count * size overflows. count 0 gives a valid pointer. */
void *sw_arena_try_array(struct sw_arena *arena, size_t count, size_t size, size_t align) SW_MUST_CHECK;
#define SW_ARENA_NEW(arena, type) ((type *)sw_arena_try((arena), sizeof(type), alignof(type)))
#define SW_ARENA_ARRAY(arena, count, type)                                                                   \
    ((type *)sw_arena_try_array((arena), (count), sizeof(type), alignof(type)))
/* A NUL-terminated copy; *ret views it. Fails with SW_ENOMEM or SW_ELIMIT. */
int sw_arena_copy(struct sw_arena *arena, struct sw_str in, struct sw_str *ret,
                  struct sw_err *err) SW_MUST_CHECK;
/* A formatted, NUL-terminated text; NULL when it does not fit. */
const char *sw_arena_printf(struct sw_arena *arena, const char *fmt, ...) SW_PRINTF(2, 3) SW_MUST_CHECK;
/* The failure to report when one of the above gave NULL: SW_ELIMIT if the ceiling was met, else SW_ENOMEM. */
int sw_arena_fail(const struct sw_arena *arena, size_t n, struct sw_err *err) SW_MUST_CHECK;
void sw_arena_clear(struct sw_arena *arena);
void sw_arena_deinit(struct sw_arena *arena); /* twice is fine */

#define sw_auto_arena __attribute__((cleanup(sw_arena_deinit))) struct sw_arena

#endif
