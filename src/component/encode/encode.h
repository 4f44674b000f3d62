/* encode.h - a core module and a world become a component.  Room: encode.
 *
 * Pure: bytes and a resolved WIT world in, bytes out. Source: Binary.md, CanonicalABI.md "Flattening"; README.md has the shape. */
#ifndef SW_COMPONENT_ENCODE_ENCODE_H
#define SW_COMPONENT_ENCODE_ENCODE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "component/wit/wit.h"

struct encode_adapter {
    struct sw_str name;  /* the module name that it stands for: "wasi_snapshot_preview1" */
    struct sw_str bytes; /* a core module with a world of its own */
};

struct encode_input {
    struct sw_str core;  /* the module, as a linker made it */
    struct wit_set *set; /* where `world` is; changed. NULL: the module's own worlds are all there is */
    struct wit_world *world;
    const struct encode_adapter *adapters;
    uint32_t adapter_count;
    const char *version; /* for the producers section */
};

/* arena : scratch
 * input : borrowed
 * out   : emptied, then filled; unspecified on failure
 * fails : SW_EINPUT (an import nobody knows, an export that is missing, a core type that differs; each by name), SW_ELIMIT, SW_ENOMEM */
int encode_component(struct sw_arena *arena, const struct encode_input *input, struct sw_buf *out,
                     struct sw_err *err) SW_MUST_CHECK;

/* Whether the module imports functions of a module of that name: what an adapter would have to be given for. Fails as a module does that
 * cannot be read.
 * returns: 0, or SW_ABSENT */
int encode_imports_module(struct sw_arena *arena, struct sw_str core, struct sw_str module,
                          struct sw_err *err) SW_MUST_CHECK;
/* As above for a function that it exports. */
int encode_exports_func(struct sw_arena *arena, struct sw_str core, struct sw_str name,
                        struct sw_err *err) SW_MUST_CHECK;

#endif
