/* describe_internal.h - what describe.c and describe_wit.c share.  Room: component (internal to it). */
#ifndef SW_COMPONENT_DESCRIBE_INTERNAL_H
#define SW_COMPONENT_DESCRIBE_INTERNAL_H

#include "component/describe.h"
#include "component/validate.h"

struct component_world {
    struct v *v;
    const struct vt *type; /* of the whole component */
    struct sw_err err;     /* v's */
};

static inline const struct vt_items *component__world_items(const struct component_world *world,
                                                            enum component_side side)
{
    return side == COMPONENT_IMPORTS ? &world->type->imports : &world->type->exports;
}

/* ---- writing WIT: a writer, and homes of types ---- */

struct wit_named {
    struct wit_home *home;
    struct sw_str name;
    const struct vt *type;
    const struct wit_named *from; /* what a `use` or an alias takes; NULL: defined here */
};

struct wit_home {
    struct sw_str
        name; /* "wasi:http/types@0.2.3"; a plain name for one that is written in the world; empty: the world */
    struct sw_str local;   /* "types" */
    struct sw_str package; /* "wasi:http" */
    struct sw_str version;
    bool is_inline;
    bool printed;
    const struct vt_items *sides[2]; /* later ones first: an export is whole, an import may be trimmed */
    struct v_map types;              /* keys of a type to struct wit_named */
    struct v_map names;              /* to struct wit_named */
    struct wit_named **implicit;
    uint32_t implicit_count, implicit_cap;
};

struct wit_writer {
    struct v *v;
    struct sw_buf *out;
    struct sw_err *err;
    int rc;
    struct wit_home *homes; /* [0]: the world */
    uint32_t home_count;
    struct v_map by_name; /* to struct wit_home */
    struct v_map types;
    struct wit_home *here;
    uint32_t indent;
};

/* ---- describe_wit.c ---- */

int component__wit_homes(struct wit_writer *w, const struct component_world *world) SW_MUST_CHECK;
bool component__wit_has_words(const struct vt_item *item);
void component__wit_say(struct wit_writer *w, struct sw_str text);
void component__wit_line(struct wit_writer *w); /* the indent of a line */
void component__wit_id(struct wit_writer *w, struct sw_str name);
void component__wit_path(struct wit_writer *w, const struct wit_home *home);
void component__wit_comment(struct wit_writer *w, const char *what, struct sw_str name);
void component__wit_type(struct wit_writer *w, const struct vt *type);
void component__wit_structure(struct wit_writer *w, const struct vt *type);

#endif
