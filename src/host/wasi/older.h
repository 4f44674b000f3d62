/* older.h - the two release candidates of WASI 0.2 that components were built with.  Room: host. */
#ifndef SW_HOST_WASI_OLDER_H
#define SW_HOST_WASI_OLDER_H

#include "component/host.h"

#define HOST_OLDER_COUNT 3
extern const struct component_host_older host_older[HOST_OLDER_COUNT]; /* for interfaces.c */

#endif
