/* describe.h - what a component says of itself: its world as WIT, its imports and exports, its functions.  Room: component.
 *
 * Made of the validator's types, so it needs no host, no engine and no plan. Names are views of the binary. */
#ifndef SW_COMPONENT_DESCRIBE_H
#define SW_COMPONENT_DESCRIBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct component;
struct component_binary;
struct component_export;
struct component_func_type;
struct component_host;
struct component_types;
struct component_world;

enum component_side { COMPONENT_IMPORTS, COMPONENT_EXPORTS };

/* Fails as component_decode does, which has said already that the component is valid: SW_ELIMIT, SW_ENOMEM. binary must outlive it. */
int component_world_new(const struct component_binary *binary, struct component_world **ret,
                        struct sw_err *err) SW_MUST_CHECK;
void component_world_free(struct component_world *world); /* NULL is fine */

/* Goes into what a "component-type" section of a core module holds: a component that exports one component type, which exports the
 * world as another. ret_name: "swell:guest/http@1.0.0". Returns 0, or SW_ABSENT when it is not that; world is then unchanged. */
int component_world_enter(struct component_world *world, struct sw_str *ret_name) SW_MUST_CHECK;

struct component_world_port {
    struct sw_str name;  /* "wasi:http/types@0.2.3" */
    const char *kind;    /* "instance", "func", "type", "component", "module" */
    uint32_t func_count; /* of an instance */
};
uint32_t component_world_count(const struct component_world *world, enum component_side side);
struct component_world_port component_world_port(const struct component_world *world,
                                                 enum component_side side, uint32_t index);

/* Calls fn for each import that `host` does not have: func is empty when the whole interface, or what is not in one, is missing. Types
 * are not compared: that is component_link's. */
typedef void component_missing_fn(void *arg, struct sw_str import, struct sw_str func);
void component_world_missing(const struct component_world *world, const struct component_host *host,
                             component_missing_fn *fn, void *arg);

/* Appends the world as WIT: `world root` of the package root:component, then the packages of its interfaces. What WIT has no words for
 * (components and modules as imports, URLs) becomes a comment. */
int component_world_print(struct component_world *world, struct sw_buf *out,
                          struct sw_err *err) SW_MUST_CHECK;

/* ---- the functions of a component that was bound (component.h) ---- */

struct component_export_info {
    struct sw_str interface; /* without version; empty for a plain function */
    struct sw_str version;
    struct sw_str name;
    const struct component_func_type *type;
    const struct component_types *types;
};
uint32_t component_export_count(const struct component *component);
const struct component_export *component_export_at(const struct component *component, uint32_t index,
                                                   struct component_export_info *ret);
bool component_resource_is_host(const struct component *component,
                                uint32_t resource); /* number of the plan, as in types */
/* The function's type as component_func_type_print writes it, resources by name. */
int component_export_print(const struct component *component, const struct component_func_type *type,
                           struct sw_buf *out, struct sw_err *err) SW_MUST_CHECK;

#endif
