/* sockets_udp.c - wasi:sockets/udp: functions on sockets that cannot exist (sockets.c says why).  Room: host. */
#include "host/bindings/sockets_udp.h"
#include "host/wasi/sockets.h"

int host_sockets_udp_udp_socket_start_bind(struct component_call *call,
                                           struct host_sockets_udp_udp_socket *self,
                                           struct host_sockets_network_network *network,
                                           struct host_sockets_network_ip_socket_address local_address,
                                           enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)network, (void)local_address;
    return host_sockets_refuse(ret_error);
}

int host_sockets_udp_udp_socket_finish_bind(struct component_call *call,
                                            struct host_sockets_udp_udp_socket *self,
                                            enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self;
    return host_sockets_refuse(ret_error);
}

int host_sockets_udp_udp_socket_stream(
    struct component_call *call, struct host_sockets_udp_udp_socket *self,
    struct host_option_sockets_network_ip_socket_address remote_address,
    struct host_tuple_sockets_udp_incoming_datagram_stream_sockets_udp_outgoing_datagram_stream *ret,
    enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)remote_address, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_udp_udp_socket_local_address(struct component_call *call,
                                              struct host_sockets_udp_udp_socket *self,
                                              struct host_sockets_network_ip_socket_address *ret,
                                              enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_udp_udp_socket_remote_address(struct component_call *call,
                                               struct host_sockets_udp_udp_socket *self,
                                               struct host_sockets_network_ip_socket_address *ret,
                                               enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_udp_udp_socket_address_family(struct component_call *call,
                                               struct host_sockets_udp_udp_socket *self,
                                               enum host_sockets_network_ip_address_family *ret)
{
    (void)self, (void)ret;
    return host_sockets_no_such_object(call);
}

int host_sockets_udp_udp_socket_unicast_hop_limit(struct component_call *call,
                                                  struct host_sockets_udp_udp_socket *self, uint8_t *ret,
                                                  enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_udp_udp_socket_set_unicast_hop_limit(struct component_call *call,
                                                      struct host_sockets_udp_udp_socket *self, uint8_t value,
                                                      enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)value;
    return host_sockets_refuse(ret_error);
}

int host_sockets_udp_udp_socket_receive_buffer_size(struct component_call *call,
                                                    struct host_sockets_udp_udp_socket *self, uint64_t *ret,
                                                    enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_udp_udp_socket_set_receive_buffer_size(struct component_call *call,
                                                        struct host_sockets_udp_udp_socket *self,
                                                        uint64_t value,
                                                        enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)value;
    return host_sockets_refuse(ret_error);
}

int host_sockets_udp_udp_socket_send_buffer_size(struct component_call *call,
                                                 struct host_sockets_udp_udp_socket *self, uint64_t *ret,
                                                 enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_udp_udp_socket_set_send_buffer_size(struct component_call *call,
                                                     struct host_sockets_udp_udp_socket *self, uint64_t value,
                                                     enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)value;
    return host_sockets_refuse(ret_error);
}

int host_sockets_udp_udp_socket_subscribe(struct component_call *call,
                                          struct host_sockets_udp_udp_socket *self,
                                          struct host_io_poll_pollable **ret)
{
    (void)self, (void)ret;
    return host_sockets_no_such_object(call);
}

int host_sockets_udp_incoming_datagram_stream_receive(struct component_call *call,
                                                      struct host_sockets_udp_incoming_datagram_stream *self,
                                                      uint64_t max_results,
                                                      struct host_list_sockets_udp_incoming_datagram *ret,
                                                      enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)max_results, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_udp_incoming_datagram_stream_subscribe(
    struct component_call *call, struct host_sockets_udp_incoming_datagram_stream *self,
    struct host_io_poll_pollable **ret)
{
    (void)self, (void)ret;
    return host_sockets_no_such_object(call);
}

int host_sockets_udp_outgoing_datagram_stream_check_send(
    struct component_call *call, struct host_sockets_udp_outgoing_datagram_stream *self, uint64_t *ret,
    enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_udp_outgoing_datagram_stream_send(struct component_call *call,
                                                   struct host_sockets_udp_outgoing_datagram_stream *self,
                                                   struct host_list_sockets_udp_outgoing_datagram datagrams,
                                                   uint64_t *ret,
                                                   enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)datagrams, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_udp_outgoing_datagram_stream_subscribe(
    struct component_call *call, struct host_sockets_udp_outgoing_datagram_stream *self,
    struct host_io_poll_pollable **ret)
{
    (void)self, (void)ret;
    return host_sockets_no_such_object(call);
}

void host_sockets_udp_udp_socket_drop(void *owner, void *object)
{
    (void)owner, (void)object;
}

void host_sockets_udp_incoming_datagram_stream_drop(void *owner, void *object)
{
    (void)owner, (void)object;
}

void host_sockets_udp_outgoing_datagram_stream_drop(void *owner, void *object)
{
    (void)owner, (void)object;
}
