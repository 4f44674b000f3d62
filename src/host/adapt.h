/* adapt.h - core modules that older SDKs made, as components.  Room: host. */
#ifndef SW_HOST_ADAPT_H
#define SW_HOST_ADAPT_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/* Makes a component of a core module that is for one: its imports are functions of interfaces, and of WASI 0.1, which becomes the interface
 * swell:wasi01/preview1, served by the same functions. No adapter is added.
 * out     : emptied, then filled
 * returns : 0, or SW_ABSENT: the module is not for a component; it may be a command of WASI 0.1 (component_decode_module)
 * fails   : SW_EINPUT (bindings of a version that nobody can adapt, an interface that this host does not have, names and types as
 *           encode_component says them), SW_ELIMIT, SW_ENOMEM
 * source  : spin.md 4.8, 3.4 */
int host_adapt(struct sw_str core, struct sw_buf *out, struct sw_err *err) SW_MUST_CHECK;

#endif
