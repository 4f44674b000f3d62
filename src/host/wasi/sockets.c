/* sockets.c - wasi:sockets 0.2: the network, creating sockets, looking names up; words that tcp and udp share.  Room: host. */
#include "host/wasi/sockets.h"

#include <string.h>

#include "engine/engine.h"
#include "host/bindings/sockets_instance_network.h"
#include "host/bindings/sockets_ip_name_lookup.h"
#include "host/bindings/sockets_tcp_create_socket.h"
#include "host/bindings/sockets_udp_create_socket.h"
#include "host/host_internal.h"
#include "host/wasi/io.h"

struct host_sockets_network_network { /* the one network; what may be reached of it is the grants' business */
    char unused;
};
struct host_sockets_ip_name_lookup_resolve_address_stream {
    struct host_lookup *lookup;
};

/* ---- words ---- */

int host_sockets_result(int error, enum host_sockets_network_error_code *ret_error)
{
#define CODE(name) HOST_SOCKETS_NETWORK_ERROR_CODE_##name
    static const enum host_sockets_network_error_code codes[HOST_SOCKET_ERRORS] = {
        [HOST_SOCKET_UNKNOWN] = CODE(UNKNOWN),
        [HOST_SOCKET_DENIED] = CODE(ACCESS_DENIED),
        [HOST_SOCKET_NOT_SUPPORTED] = CODE(NOT_SUPPORTED),
        [HOST_SOCKET_INVALID_ARGUMENT] = CODE(INVALID_ARGUMENT),
        [HOST_SOCKET_OUT_OF_MEMORY] = CODE(OUT_OF_MEMORY),
        [HOST_SOCKET_TIMEOUT] = CODE(TIMEOUT),
        [HOST_SOCKET_CONCURRENCY_CONFLICT] = CODE(CONCURRENCY_CONFLICT),
        [HOST_SOCKET_NOT_IN_PROGRESS] = CODE(NOT_IN_PROGRESS),
        [HOST_SOCKET_WOULD_BLOCK] = CODE(WOULD_BLOCK),
        [HOST_SOCKET_INVALID_STATE] = CODE(INVALID_STATE),
        [HOST_SOCKET_LIMIT] = CODE(NEW_SOCKET_LIMIT),
        [HOST_SOCKET_ADDRESS_NOT_BINDABLE] = CODE(ADDRESS_NOT_BINDABLE),
        [HOST_SOCKET_ADDRESS_IN_USE] = CODE(ADDRESS_IN_USE),
        [HOST_SOCKET_UNREACHABLE] = CODE(REMOTE_UNREACHABLE),
        [HOST_SOCKET_REFUSED] = CODE(CONNECTION_REFUSED),
        [HOST_SOCKET_RESET] = CODE(CONNECTION_RESET),
        [HOST_SOCKET_ABORTED] = CODE(CONNECTION_ABORTED),
        [HOST_SOCKET_TOO_LARGE] = CODE(DATAGRAM_TOO_LARGE),
        [HOST_SOCKET_NAME_UNRESOLVABLE] = CODE(NAME_UNRESOLVABLE),
        [HOST_SOCKET_RESOLVER_BUSY] = CODE(TEMPORARY_RESOLVER_FAILURE),
    };
#undef CODE
    if (error == HOST_SOCKET_OK)
        return 0;
    *ret_error = codes[error];
    return HOST_WIT_ERROR;
}

static void v4_from(const struct host_tuple_u8_u8_u8_u8 *in, uint8_t bytes[16])
{
    bytes[0] = in->f0, bytes[1] = in->f1, bytes[2] = in->f2, bytes[3] = in->f3;
}

static struct host_tuple_u8_u8_u8_u8 v4_to(const uint8_t bytes[16])
{
    return (struct host_tuple_u8_u8_u8_u8){bytes[0], bytes[1], bytes[2], bytes[3]};
}

static void v6_from(const struct host_tuple_u16_u16_u16_u16_u16_u16_u16_u16 *in, uint8_t bytes[16])
{
    const uint16_t parts[] = {in->f0, in->f1, in->f2, in->f3, in->f4, in->f5, in->f6, in->f7};
    for (size_t i = 0; i < 8; i++) {
        bytes[2 * i] = (uint8_t)(parts[i] >> 8);
        bytes[2 * i + 1] = (uint8_t)parts[i];
    }
}

static struct host_tuple_u16_u16_u16_u16_u16_u16_u16_u16 v6_to(const uint8_t bytes[16])
{
    uint16_t parts[8];
    for (size_t i = 0; i < 8; i++)
        parts[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
    return (struct host_tuple_u16_u16_u16_u16_u16_u16_u16_u16){parts[0], parts[1], parts[2], parts[3],
                                                               parts[4], parts[5], parts[6], parts[7]};
}

void host_sockets_endpoint_from(const struct host_sockets_network_ip_socket_address *address,
                                struct loop_endpoint *ret)
{
    *ret = (struct loop_endpoint){.port = 0};
    ret->address.is_v6 = address->tag == HOST_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV6;
    if (!ret->address.is_v6) {
        ret->port = address->ipv4.port;
        v4_from(&address->ipv4.address, ret->address.bytes);
        return;
    }
    ret->port = address->ipv6.port;
    ret->flow_info = address->ipv6.flow_info;
    ret->scope_id = address->ipv6.scope_id;
    v6_from(&address->ipv6.address, ret->address.bytes);
}

void host_sockets_endpoint_to(const struct loop_endpoint *endpoint,
                              struct host_sockets_network_ip_socket_address *ret)
{
    if (endpoint->address.is_v6) {
        ret->tag = HOST_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV6;
        ret->ipv6 = (struct host_sockets_network_ipv6_socket_address){
            .port = endpoint->port, .flow_info = endpoint->flow_info, .scope_id = endpoint->scope_id};
        ret->ipv6.address = v6_to(endpoint->address.bytes);
        return;
    }
    ret->tag = HOST_SOCKETS_NETWORK_IP_SOCKET_ADDRESS_IPV4;
    ret->ipv4 = (struct host_sockets_network_ipv4_socket_address){.port = endpoint->port};
    ret->ipv4.address = v4_to(endpoint->address.bytes);
}

int host_sockets_address_result(int error, const struct loop_endpoint *endpoint,
                                struct host_sockets_network_ip_socket_address *ret,
                                enum host_sockets_network_error_code *ret_error)
{
    if (error == HOST_SOCKET_OK)
        host_sockets_endpoint_to(endpoint, ret);
    return host_sockets_result(error, ret_error);
}

int host_sockets_option_u64(const struct host_socket *socket, enum loop_socket_option option, uint64_t *ret,
                            enum host_sockets_network_error_code *ret_error)
{
    int value = 0;
    int error = host_socket_option(socket, option, &value);
    if (error == HOST_SOCKET_OK)
        *ret = value > 0 ? (uint64_t)value : 0;
    return host_sockets_result(error, ret_error);
}

int host_sockets_option_set(struct host_socket *socket, enum loop_socket_option option, uint64_t value,
                            enum host_sockets_network_error_code *ret_error)
{
    return host_sockets_result(host_socket_option_set(socket, option, value), ret_error);
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

/* ---- tcp-create-socket, udp-create-socket ---- */

int host_sockets_tcp_create_socket_create_tcp_socket(
    struct component_call *call, enum host_sockets_network_ip_address_family address_family,
    struct host_sockets_tcp_tcp_socket **ret, enum host_sockets_network_error_code *ret_error)
{
    struct host *host = host_of(call);
    struct host_sockets_tcp_tcp_socket *face = HOST_NEW(call, struct host_sockets_tcp_tcp_socket);
    if (!face)
        return -SW_EGUEST;
    int error = host_tcp_new(host, host_grants_of(call),
                             address_family == HOST_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV6, &face->tcp);
    if (error)
        HOST_FREE(host, face);
    else
        *ret = face;
    return host_sockets_result(error, ret_error);
}

int host_sockets_udp_create_socket_create_udp_socket(
    struct component_call *call, enum host_sockets_network_ip_address_family address_family,
    struct host_sockets_udp_udp_socket **ret, enum host_sockets_network_error_code *ret_error)
{
    struct host *host = host_of(call);
    struct host_sockets_udp_udp_socket *face = HOST_NEW(call, struct host_sockets_udp_udp_socket);
    if (!face)
        return -SW_EGUEST;
    int error = host_udp_new(host, host_grants_of(call),
                             address_family == HOST_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV6, &face->udp);
    if (error)
        HOST_FREE(host, face);
    else
        *ret = face;
    return host_sockets_result(error, ret_error);
}

/* ---- ip-name-lookup ---- */

int host_sockets_ip_name_lookup_resolve_addresses(
    struct component_call *call, struct host_sockets_network_network *network, struct sw_str name,
    struct host_sockets_ip_name_lookup_resolve_address_stream **ret,
    enum host_sockets_network_error_code *ret_error)
{
    struct host *host = host_of(call);
    struct host_sockets_ip_name_lookup_resolve_address_stream *face =
        HOST_NEW(call, struct host_sockets_ip_name_lookup_resolve_address_stream);
    (void)network;
    if (!face)
        return -SW_EGUEST;
    int error = host_lookup_new(host, host_grants_of(call), name, &face->lookup);
    if (error)
        HOST_FREE(host, face);
    else
        *ret = face;
    return host_sockets_result(error, ret_error);
}

int host_sockets_ip_name_lookup_resolve_address_stream_resolve_next_address(
    struct component_call *call, struct host_sockets_ip_name_lookup_resolve_address_stream *self,
    struct host_option_sockets_network_ip_address *ret, enum host_sockets_network_error_code *ret_error)
{
    struct loop_address address;
    bool has = false;
    (void)call;
    int error = host_lookup_next(self->lookup, &has, &address);
    if (error)
        return host_sockets_result(error, ret_error);
    *ret = (struct host_option_sockets_network_ip_address){.has = has};
    if (has && address.is_v6) {
        ret->value.tag = HOST_SOCKETS_NETWORK_IP_ADDRESS_IPV6;
        ret->value.ipv6 = v6_to(address.bytes);
    } else if (has) {
        ret->value.tag = HOST_SOCKETS_NETWORK_IP_ADDRESS_IPV4;
        ret->value.ipv4 = v4_to(address.bytes);
    }
    return 0;
}

static bool lookup_ready(struct host_io_poll_pollable *pollable)
{
    return ((struct host_lookup *)pollable->target)->is_over;
}

static struct host_event *lookup_watch(struct host_io_poll_pollable *pollable, struct component_call *call)
{
    (void)call;
    return &((struct host_lookup *)pollable->target)->changed;
}

static void lookup_unwatch(struct host_io_poll_pollable *pollable)
{
    (void)pollable;
}

static void lookup_release(struct host_io_poll_pollable *pollable)
{
    host_lookup_unref(pollable->target);
}

int host_sockets_ip_name_lookup_resolve_address_stream_subscribe(
    struct component_call *call, struct host_sockets_ip_name_lookup_resolve_address_stream *self,
    struct host_io_poll_pollable **ret)
{
    static const struct host_pollable_ops ops = {lookup_ready, lookup_watch, lookup_unwatch, lookup_release};
    *ret = host_pollable_new(call, &ops, self->lookup);
    if (!*ret)
        return -SW_EGUEST;
    host_lookup_ref(self->lookup);
    return 0;
}

void host_sockets_ip_name_lookup_resolve_address_stream_drop(void *owner, void *object)
{
    struct host_sockets_ip_name_lookup_resolve_address_stream *face = object;
    host_lookup_unref(face->lookup);
    HOST_FREE((struct host *)owner, face);
}
