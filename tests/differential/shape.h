/* shape.h - random function types, as ours, as WAT and as WIT.  Room: component (its tests). */
#ifndef SW_DIFFERENTIAL_SHAPE_H
#define SW_DIFFERENTIAL_SHAPE_H

#include "base/buf.h"
#include "component/plan.h"
#include "component/types.h"
#include "differential/random.h"

struct shape_func {
    struct component_func_type type;
    char name[16];    /* "do17" */
    const char *text; /* canonical, of types.h */
    enum component_encoding encoding;
};
struct shape { /* the functions of one interface, and the types that have a name in it */
    struct sw_arena arena;
    struct component_types *types;
    struct shape_func *funcs;
    uint32_t count;
    uint32_t *named; /* types n0, n1, ... */
    uint32_t named_count;
    struct random random;
    uint32_t budget; /* parts that the function being made may still have */
    bool bindings; /* only what bindings carry, every function with a result gives its first parameter back */
};

void shape_make(struct shape *shape, uint64_t seed, uint32_t count, bool bindings);
void shape_free(struct shape *shape);
const char *shape_print(const struct shape *shape,
                        struct component_func_type const *func); /* canonical text, in shape->arena */
void shape_wat(const struct shape *shape,
               struct sw_buf *out); /* a whole component around the interface: see guest.c */
void shape_wat_interface(const struct shape *shape, struct sw_buf *out);
void shape_wat_signature(const struct shape *shape, const struct component_func_type *func,
                         struct sw_buf *out);
void shape_wit(const struct shape *shape, struct sw_buf *out);
void put(struct sw_buf *out, const char *fmt, ...) SW_PRINTF(2, 3); /* appends, or ends the program */

#endif
