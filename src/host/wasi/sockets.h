/* sockets.h - the words of wasi:sockets 0.2 for what host/sockets.h does.  Room: host. */
#ifndef SW_HOST_WASI_SOCKETS_H
#define SW_HOST_WASI_SOCKETS_H

#include "base/error.h"
#include "host/bindings/sockets_network.h"
#include "host/sockets.h"

struct component_call;

struct host_sockets_tcp_tcp_socket { /* a face of the socket, which streams and pollables share */
    struct host_tcp *tcp;
};
struct host_sockets_udp_udp_socket {
    struct host_udp *udp;
};

/* Of a host_socket_error: 0, or HOST_WIT_ERROR with the WIT's word for it. */
int host_sockets_result(int error, enum host_sockets_network_error_code *ret_error) SW_MUST_CHECK;

void host_sockets_endpoint_from(const struct host_sockets_network_ip_socket_address *address,
                                struct loop_endpoint *ret);
void host_sockets_endpoint_to(const struct loop_endpoint *endpoint,
                              struct host_sockets_network_ip_socket_address *ret);

/* Options that both kinds have. */
int host_sockets_option_u64(const struct host_socket *socket, enum loop_socket_option option, uint64_t *ret,
                            enum host_sockets_network_error_code *ret_error) SW_MUST_CHECK;
int host_sockets_option_set(struct host_socket *socket, enum loop_socket_option option, uint64_t value,
                            enum host_sockets_network_error_code *ret_error) SW_MUST_CHECK;
/* What a local-address or remote-address gave. */
int host_sockets_address_result(int error, const struct loop_endpoint *endpoint,
                                struct host_sockets_network_ip_socket_address *ret,
                                enum host_sockets_network_error_code *ret_error) SW_MUST_CHECK;

#endif
