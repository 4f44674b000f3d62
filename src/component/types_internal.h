/* types_internal.h - what the files of the type interner share.  Room: component. */
#ifndef SW_COMPONENT_TYPES_INTERNAL_H
#define SW_COMPONENT_TYPES_INTERNAL_H

#include "component/types.h"

struct component_type_extra { /* beside each type: what only the interner needs */
    uint64_t hash;
    uint64_t size;   /* as component_type.size, before it is known to fit */
    uint64_t size64; /* with 64-bit pointers: what the specification's ceiling is about */
    uint32_t align64;
    uint32_t depth; /* 1: no elements */
};

struct component_types {
    struct sw_arena *arena;
    const struct component_type **items;
    struct component_type_extra *extras;
    uint32_t *index;
    uint32_t count, cap;
};

/* The rules of each kind; every element must be a number of `types`. */
int component__type_check_shape(const struct component_types *types, const struct component_type *shape,
                                struct sw_err *err) SW_MUST_CHECK;
/* The cases of a type that is being made: the interner's own copy. */
struct component_case *component__type_cases(struct component_type *type);
const char *component__kind_name(enum component_kind kind); /* "u8", "record", ... */
/* Fills size, alignment, flat form and flags of `type`, and extra's sizes. Elements are complete. */
void component__type_layout(const struct component_types *types, struct component_type *type,
                            struct component_type_extra *extra);

#endif
