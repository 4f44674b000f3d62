/* encode.h - a core module and a world become a component.  Room: encode.
 *
 * Pure: bytes and a resolved WIT world in, bytes out. Source: Binary.md, CanonicalABI.md "Flattening"; README.md has the shape. */
#ifndef SW_COMPONENT_ENCODE_ENCODE_H
#define SW_COMPONENT_ENCODE_ENCODE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "component/wit/wit.h"

/* arena : scratch
 * core  : the module, as a linker made it; borrowed
 * world : of a resolved set
 * out   : emptied, then filled; unspecified on failure
 * fails : SW_EINPUT (an import nobody knows, an export that is missing, a core type that differs; each by name), SW_ELIMIT, SW_ENOMEM */
int encode_component(struct sw_arena *arena, struct sw_str core, const struct wit_world *world,
                     struct sw_buf *out, struct sw_err *err) SW_MUST_CHECK;

#endif
