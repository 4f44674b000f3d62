/* copy.h - copy programs, and the two passes that run them from guest to guest.  Room: component (internal to it). */
#ifndef SW_COMPONENT_COPY_H
#define SW_COMPONENT_COPY_H

#include "component/run_internal.h"

/* ---- programs (copy_program.c): one per type that passes between guests. Layouts are the same on both sides. ---- */

enum component_op_kind {
    COMPONENT_OP_BYTES, /* n bytes that mean the same on both sides; never padding, which is nobody's to see */
    COMPONENT_OP_BOOL,  /* 0 or 1 afterwards */
    COMPONENT_OP_CHAR,  /* checked */
    COMPONENT_OP_BITS,  /* flags: `size` bytes of which n is the mask */
    COMPONENT_OP_STRING, /* pointer and length */
    COMPONENT_OP_LIST,   /* pointer and length of `program` */
    COMPONENT_OP_REPEAT, /* n times `program`: a list of fixed length, or (n 1) a large part */
    COMPONENT_OP_SWITCH, /* discriminant of `size` bytes, below n; `cases` at `payload` behind it */
    COMPONENT_OP_HANDLE  /* of type n: own, borrow, stream, future, error-context */
};
struct component_op {
    enum component_op_kind kind;
    uint32_t offset; /* in the value */
    uint32_t n;
    uint32_t size;
    uint32_t payload; /* from the discriminant on */
    const struct component_program *program;
    const struct component_program *const
        *cases; /* NULL: no case has a payload; an item: that one has none */
};
struct component_program {
    const struct component_op *ops;
    uint32_t count;
    uint32_t size, align;
    bool checked; /* pass one has something to do */
    bool bulk;    /* the whole value is one run of bytes */
};

/* Writes the programs of a type and its parts into component->programs; COMPONENT_NO_TYPE: nothing. */
int component__program_make(struct component *component, uint32_t type, struct sw_err *err) SW_MUST_CHECK;
/* Those for every type of a function between guests. */
int component__programs_make(struct component *component, const struct component_func_type *func,
                             struct sw_err *err) SW_MUST_CHECK;
uint32_t component__flags_mask(const struct component_type *type);

/* ---- one direction of one call ---- */

struct component_copy {
    struct component_cx *from, *to;
    struct component_value *moved; /* handles that pass one took, in order; in scratch memory */
    uint32_t moved_count, moved_cap;
    uint32_t taken; /* by pass two */
};

void component__copy_begin(struct component_copy *copy, struct component_cx *from, struct component_cx *to);
/* Pass one, then pass two. vals are the source's flat values, ret the target's. */
int component__copy_check_params(struct component_copy *copy, const struct component_func_type *type,
                                 const union engine_val *vals, uint32_t *ret_used) SW_MUST_CHECK;
int component__copy_store_params(struct component_copy *copy, const struct component_func_type *type,
                                 const union engine_val *vals, union engine_val *ret) SW_MUST_CHECK;
int component__copy_check_result(struct component_copy *copy, const struct component_func_type *type,
                                 const union engine_val *vals) SW_MUST_CHECK;
/* to: where the caller wants a result that is not flat. */
int component__copy_store_result(struct component_copy *copy, const struct component_func_type *type,
                                 const union engine_val *vals, uint32_t to,
                                 union engine_val *ret) SW_MUST_CHECK;

/* One value in flat form on both sides, of at most COMPONENT_FLAT_MAX values. */
int component__copy_check_flat(struct component_copy *copy, uint32_t type,
                               const union engine_val *vals) SW_MUST_CHECK;
int component__copy_store_flat(struct component_copy *copy, uint32_t type, const union engine_val *vals,
                               union engine_val *ret) SW_MUST_CHECK;

/* For programs: memory at p, which is in range, to offset `at` of the target's memory, which is too. */
int component__copy_check(struct component_copy *copy, const struct component_program *program,
                          const uint8_t *p) SW_MUST_CHECK;
int component__copy_store(struct component_copy *copy, const struct component_program *program,
                          const uint8_t *p, uint32_t at) SW_MUST_CHECK;

#endif
