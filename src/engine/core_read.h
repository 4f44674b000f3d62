/* core_read.h - reading the primitives of the core binary format.  Room: engine (private to core*.c and prepare.c). */
#ifndef SW_ENGINE_CORE_READ_H
#define SW_ENGINE_CORE_READ_H

#include "engine/core.h"

struct core_reader {
    const uint8_t *start; /* of the module: positions in messages count from here */
    const uint8_t *p;
    const uint8_t *end;
    uint32_t type_limit; /* a type index must be below */
    int64_t heap_max;    /* the largest type index seen in a reference type; -1: none */
    struct sw_err *err;
};

/* Each returns 0, or < 0 with "<what> at byte N" in the reader's error. */
SW_MUST_CHECK int(core_fail)(const struct core_reader *r, const char *what);
int core_read_byte(struct core_reader *r, uint8_t *ret) SW_MUST_CHECK;
int core_read_u32(struct core_reader *r, uint32_t *ret) SW_MUST_CHECK;
int core_read_u64(struct core_reader *r, uint64_t *ret) SW_MUST_CHECK;
int core_read_signed(struct core_reader *r, unsigned bits,
                     int64_t *ret) SW_MUST_CHECK; /* bits: 32, 33 or 64 */
int core_read_bytes(struct core_reader *r, size_t n, struct sw_str *ret) SW_MUST_CHECK;
int core_read_name(struct core_reader *r, struct sw_str *ret) SW_MUST_CHECK; /* UTF-8 */
/* A vector's length: at most max, and at most what the bytes left can hold at item_min bytes each. */
int core_read_count(struct core_reader *r, uint32_t max, size_t item_min, const char *what,
                    uint32_t *ret) SW_MUST_CHECK;
int core_read_valtype(struct core_reader *r, struct engine_valtype *ret) SW_MUST_CHECK;
int core_read_reftype(struct core_reader *r, struct engine_valtype *ret) SW_MUST_CHECK;
int core_read_limits(struct core_reader *r, bool memory, struct engine_limits_type *ret) SW_MUST_CHECK;
/* Skips a constant expression, end included, checking the indices in it. */
int core_read_const_expr(struct core_reader *r, uint32_t func_count, uint32_t global_count,
                         struct sw_str *ret) SW_MUST_CHECK;

static inline size_t core_left(const struct core_reader *r)
{
    return (size_t)(r->end - r->p);
}

/* State of one parse, shared by core.c and core_types.c. */
struct core_parser {
    struct core_reader r;
    struct sw_arena *arena;
    struct engine_core *core;
    struct engine_functype *types; /* the tables of *core, writable */
    uint8_t
        *type_is_func; /* a function type of any form (engine_functype.is_func leaves out recursive ones) */
    uint32_t type_cap;
    bool counting; /* the first pass over the imports only counts them */
    uint32_t *func_types;
    struct engine_limits_type *tables;
    struct engine_limits_type *memories;
    struct engine_global_type *globals;
    uint32_t *tag_types;
    uint32_t data_declared;
};

int core_new_table(struct core_parser *p, size_t count, size_t size, size_t align, void **ret) SW_MUST_CHECK;
#define CORE_TABLE(p, count, type, ret)                                                                      \
    core_new_table((p), (count), sizeof(type), alignof(type), (void **)(ret))
int core_read_types(struct core_parser *p) SW_MUST_CHECK;
int core_read_func_type_index(struct core_parser *p, uint32_t *ret) SW_MUST_CHECK;

/* What engine_core_prepare does with the data segments. */
struct engine_strip {
    uint32_t end; /* active segments below this index are stripped */
    uint32_t segments_stripped;
    uint32_t segments_kept; /* active ones that Wasmtime applies at instantiation */
    uint64_t image_bytes;
};
int engine__strip_plan(const struct engine_core *core, struct engine_strip *ret,
                       struct sw_err *err) SW_MUST_CHECK;

#endif
