/* sockets_tcp.c - wasi:sockets/tcp: functions on sockets that cannot exist (sockets.c says why).  Room: host. */
#include "host/bindings/sockets_tcp.h"
#include "host/wasi/sockets.h"

int host_sockets_tcp_tcp_socket_start_bind(struct component_call *call,
                                           struct host_sockets_tcp_tcp_socket *self,
                                           struct host_sockets_network_network *network,
                                           struct host_sockets_network_ip_socket_address local_address,
                                           enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)network, (void)local_address;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_finish_bind(struct component_call *call,
                                            struct host_sockets_tcp_tcp_socket *self,
                                            enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_start_connect(struct component_call *call,
                                              struct host_sockets_tcp_tcp_socket *self,
                                              struct host_sockets_network_network *network,
                                              struct host_sockets_network_ip_socket_address remote_address,
                                              enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)network, (void)remote_address;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_finish_connect(
    struct component_call *call, struct host_sockets_tcp_tcp_socket *self,
    struct host_tuple_io_streams_input_stream_io_streams_output_stream *ret,
    enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_start_listen(struct component_call *call,
                                             struct host_sockets_tcp_tcp_socket *self,
                                             enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_finish_listen(struct component_call *call,
                                              struct host_sockets_tcp_tcp_socket *self,
                                              enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_accept(
    struct component_call *call, struct host_sockets_tcp_tcp_socket *self,
    struct host_tuple_sockets_tcp_tcp_socket_io_streams_input_stream_io_streams_output_stream *ret,
    enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_local_address(struct component_call *call,
                                              struct host_sockets_tcp_tcp_socket *self,
                                              struct host_sockets_network_ip_socket_address *ret,
                                              enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_remote_address(struct component_call *call,
                                               struct host_sockets_tcp_tcp_socket *self,
                                               struct host_sockets_network_ip_socket_address *ret,
                                               enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_is_listening(struct component_call *call,
                                             struct host_sockets_tcp_tcp_socket *self, bool *ret)
{
    (void)self, (void)ret;
    return host_sockets_no_such_object(call);
}

int host_sockets_tcp_tcp_socket_address_family(struct component_call *call,
                                               struct host_sockets_tcp_tcp_socket *self,
                                               enum host_sockets_network_ip_address_family *ret)
{
    (void)self, (void)ret;
    return host_sockets_no_such_object(call);
}

int host_sockets_tcp_tcp_socket_set_listen_backlog_size(struct component_call *call,
                                                        struct host_sockets_tcp_tcp_socket *self,
                                                        uint64_t value,
                                                        enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)value;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_keep_alive_enabled(struct component_call *call,
                                                   struct host_sockets_tcp_tcp_socket *self, bool *ret,
                                                   enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_set_keep_alive_enabled(struct component_call *call,
                                                       struct host_sockets_tcp_tcp_socket *self, bool value,
                                                       enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)value;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_keep_alive_idle_time(struct component_call *call,
                                                     struct host_sockets_tcp_tcp_socket *self, uint64_t *ret,
                                                     enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_set_keep_alive_idle_time(struct component_call *call,
                                                         struct host_sockets_tcp_tcp_socket *self,
                                                         uint64_t value,
                                                         enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)value;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_keep_alive_interval(struct component_call *call,
                                                    struct host_sockets_tcp_tcp_socket *self, uint64_t *ret,
                                                    enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_set_keep_alive_interval(struct component_call *call,
                                                        struct host_sockets_tcp_tcp_socket *self,
                                                        uint64_t value,
                                                        enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)value;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_keep_alive_count(struct component_call *call,
                                                 struct host_sockets_tcp_tcp_socket *self, uint32_t *ret,
                                                 enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_set_keep_alive_count(struct component_call *call,
                                                     struct host_sockets_tcp_tcp_socket *self, uint32_t value,
                                                     enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)value;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_hop_limit(struct component_call *call,
                                          struct host_sockets_tcp_tcp_socket *self, uint8_t *ret,
                                          enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_set_hop_limit(struct component_call *call,
                                              struct host_sockets_tcp_tcp_socket *self, uint8_t value,
                                              enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)value;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_receive_buffer_size(struct component_call *call,
                                                    struct host_sockets_tcp_tcp_socket *self, uint64_t *ret,
                                                    enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_set_receive_buffer_size(struct component_call *call,
                                                        struct host_sockets_tcp_tcp_socket *self,
                                                        uint64_t value,
                                                        enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)value;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_send_buffer_size(struct component_call *call,
                                                 struct host_sockets_tcp_tcp_socket *self, uint64_t *ret,
                                                 enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_set_send_buffer_size(struct component_call *call,
                                                     struct host_sockets_tcp_tcp_socket *self, uint64_t value,
                                                     enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)value;
    return host_sockets_refuse(ret_error);
}

int host_sockets_tcp_tcp_socket_subscribe(struct component_call *call,
                                          struct host_sockets_tcp_tcp_socket *self,
                                          struct host_io_poll_pollable **ret)
{
    (void)self, (void)ret;
    return host_sockets_no_such_object(call);
}

int host_sockets_tcp_tcp_socket_shutdown(struct component_call *call,
                                         struct host_sockets_tcp_tcp_socket *self,
                                         enum host_sockets_tcp_shutdown_type shutdown_type,
                                         enum host_sockets_network_error_code *ret_error)
{
    (void)call, (void)self, (void)shutdown_type;
    return host_sockets_refuse(ret_error);
}

void host_sockets_tcp_tcp_socket_drop(void *owner, void *object)
{
    (void)owner, (void)object;
}
