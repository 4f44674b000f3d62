/* sockets.c - wasi:sockets, for a guest that was granted no address: creating sockets and looking up names.  Room: host.
 *
 * The network object exists, so that programs which link sockets start; every socket is refused with access-denied, as is every look-up of a name
 * (spin.md 4.7: always). No socket and no address stream is ever made, so the functions on them (sockets_tcp.c, sockets_udp.c) are never
 * entered: a forged handle traps in the component room. */
#include "host/wasi/sockets.h"

#include "engine/engine.h"
#include "host/bindings/sockets_instance_network.h"
#include "host/bindings/sockets_ip_name_lookup.h"
#include "host/bindings/sockets_tcp_create_socket.h"
#include "host/bindings/sockets_udp_create_socket.h"
#include "host/host_internal.h"

struct host_sockets_network_network { /* the one network; a grant's address list will stand here */
    char unused;
};

int host_sockets_refuse(enum host_sockets_network_error_code *ret_error)
{
    *ret_error = HOST_SOCKETS_NETWORK_ERROR_CODE_ACCESS_DENIED;
    return HOST_WIT_ERROR;
}

int host_sockets_no_such_object(struct component_call *call)
{
    return host_trap(call, "there are no sockets: none is ever created");
}

/* ---- instance-network ---- */

int host_sockets_instance_network_instance_network(struct component_call *call,
                                                   struct host_sockets_network_network **ret)
{
    *ret = HOST_NEW(call, struct host_sockets_network_network);
    return *ret ? 0 : -SW_EGUEST;
}

void host_sockets_network_network_drop(void *owner, void *object)
{
    struct host_sockets_network_network *network = object;
    HOST_FREE((struct host *)owner, network);
}

/* ---- tcp-create-socket ---- */

int host_sockets_tcp_create_socket_create_tcp_socket(
    struct component_call *call, enum host_sockets_network_ip_address_family address_family,
    struct host_sockets_tcp_tcp_socket **ret, enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)address_family, (void)ret;
    return host_sockets_refuse(ret_error);
}

/* ---- udp-create-socket ---- */

int host_sockets_udp_create_socket_create_udp_socket(
    struct component_call *call, enum host_sockets_network_ip_address_family address_family,
    struct host_sockets_udp_udp_socket **ret, enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)address_family, (void)ret;
    return host_sockets_refuse(ret_error);
}

/* ---- ip-name-lookup ---- */

int host_sockets_ip_name_lookup_resolve_addresses(
    struct component_call *call, struct host_sockets_network_network *network, struct sw_str name,
    struct host_sockets_ip_name_lookup_resolve_address_stream **ret,
    enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)network, (void)name, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_ip_name_lookup_resolve_address_stream_resolve_next_address(
    struct component_call *call, struct host_sockets_ip_name_lookup_resolve_address_stream *self,
    struct host_option_sockets_network_ip_address *ret, enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_ip_name_lookup_resolve_address_stream_subscribe(
    struct component_call *call, struct host_sockets_ip_name_lookup_resolve_address_stream *self,
    struct host_io_poll_pollable **ret)
{
    (void)self, (void)ret;
    return host_sockets_no_such_object(call);
}

void host_sockets_ip_name_lookup_resolve_address_stream_drop(void *owner, void *object)
{
    (void)owner, (void)object;
}
