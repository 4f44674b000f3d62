/* sockets.h - how operations on sockets are refused.  Room: host. */
#ifndef SW_HOST_WASI_SOCKETS_H
#define SW_HOST_WASI_SOCKETS_H

#include "base/error.h"
#include "host/bindings/sockets_network.h"

struct component_call;

int host_sockets_refuse(enum host_sockets_network_error_code *ret_error)
    SW_MUST_CHECK; /* access-denied; HOST_WIT_ERROR */
int host_sockets_no_such_object(struct component_call *call) SW_MUST_CHECK; /* traps */

#endif
