/* encode.h - a core module and a world become a component.  Room: encode.
 *
 * Pure: bytes and a resolved WIT world in, bytes out. Source: Binary.md, CanonicalABI.md "Flattening"; README.md has the shape. */
#ifndef SW_COMPONENT_ENCODE_ENCODE_H
#define SW_COMPONENT_ENCODE_ENCODE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "component/wit/wit.h"

struct engine_core;

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
    struct sw_str
        raw; /* "space:package/name": an import whose functions look into the module's memory whatever their types say; or empty */
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

/* What a bindings generator says of itself in the sections that name a module's worlds.
 * ret_version : of the first that is called wit-bindgen, wit-bindgen-rust, ...; empty: none is. A view of core
 * returns     : 0, or SW_ABSENT: the module names no world */
int encode_bindgen(const struct engine_core *core, struct sw_str *ret_version) SW_MUST_CHECK;

/* Gives a function another name; *module is NULL for an export. */
typedef void encode_rename_fn(void *arg, struct sw_str *module, struct sw_str *name);
/* The module with other names for its functions.
 * out   : emptied, then filled; unspecified on failure
 * fails : SW_EINPUT (an import that is no function), SW_ELIMIT, SW_ENOMEM */
int encode_renamed(const struct engine_core *core, encode_rename_fn *rename, void *arg, struct sw_buf *out,
                   struct sw_err *err) SW_MUST_CHECK;

#endif
