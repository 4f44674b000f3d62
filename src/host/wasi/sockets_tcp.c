/* sockets_tcp.c - wasi:sockets/tcp 0.2 over host/sockets.h.  Room: host.
 *
 * The streams of a connection are wasi:io streams over its two carriers. A socket may be dropped before them: they keep the connection. */
#include "host/bindings/sockets_tcp.h"
#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/wasi/io.h"
#include "host/wasi/sockets.h"

#define SECOND UINT64_C(1000000000) /* of a duration, which is nanoseconds */

void host_sockets_tcp_tcp_socket_drop(void *owner, void *object)
{
    struct host_sockets_tcp_tcp_socket *face = object;
    host_socket_unref(&face->tcp->socket);
    HOST_FREE((struct host *)owner, face);
}

/* ---- binding, connecting, listening ---- */

int host_sockets_tcp_tcp_socket_start_bind(struct component_call *call,
                                           struct host_sockets_tcp_tcp_socket *self,
                                           struct host_sockets_network_network *network,
                                           struct host_sockets_network_ip_socket_address local_address,
                                           enum host_sockets_network_error_code *ret_error)
{
    struct loop_endpoint local;
    (void)network;
    host_sockets_endpoint_from(&local_address, &local);
    return host_sockets_result(host_tcp_start_bind(self->tcp, host_grants_of(call), &local), ret_error);
}

int host_sockets_tcp_tcp_socket_finish_bind(struct component_call *call,
                                            struct host_sockets_tcp_tcp_socket *self,
                                            enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_result(host_tcp_finish_bind(self->tcp), ret_error);
}

int host_sockets_tcp_tcp_socket_start_connect(struct component_call *call,
                                              struct host_sockets_tcp_tcp_socket *self,
                                              struct host_sockets_network_network *network,
                                              struct host_sockets_network_ip_socket_address remote_address,
                                              enum host_sockets_network_error_code *ret_error)
{
    struct loop_endpoint remote;
    (void)network;
    host_sockets_endpoint_from(&remote_address, &remote);
    return host_sockets_result(host_tcp_start_connect(self->tcp, host_grants_of(call), &remote), ret_error);
}

/* Both streams of a connection. */
static int streams_new(struct component_call *call, struct host_tcp *tcp,
                       struct host_io_streams_input_stream **ret_in,
                       struct host_io_streams_output_stream **ret_out)
{
    struct host_source *source = host_tcp_source(tcp);
    struct host_io_streams_input_stream *in = host_input_stream_new(call, source, HOST_ERROR_PLAIN);
    if (!in) {
        host_source_close(source);
        return -SW_EGUEST;
    }
    struct host_sink *sink = host_tcp_sink(tcp);
    struct host_io_streams_output_stream *out = host_output_stream_new(call, sink, HOST_ERROR_PLAIN);
    if (!out) {
        host_sink_close(sink);
        host_io_streams_input_stream_drop(host_of(call), in);
        return -SW_EGUEST;
    }
    *ret_in = in;
    *ret_out = out;
    return 0;
}

int host_sockets_tcp_tcp_socket_finish_connect(
    struct component_call *call, struct host_sockets_tcp_tcp_socket *self,
    struct host_tuple_io_streams_input_stream_io_streams_output_stream *ret,
    enum host_sockets_network_error_code *ret_error)
{
    int error = host_tcp_finish_connect(self->tcp);
    return error ? host_sockets_result(error, ret_error) : streams_new(call, self->tcp, &ret->f0, &ret->f1);
}

int host_sockets_tcp_tcp_socket_start_listen(struct component_call *call,
                                             struct host_sockets_tcp_tcp_socket *self,
                                             enum host_sockets_network_error_code *ret_error)
{
    return host_sockets_result(host_tcp_start_listen(self->tcp, host_grants_of(call)), ret_error);
}

int host_sockets_tcp_tcp_socket_finish_listen(struct component_call *call,
                                              struct host_sockets_tcp_tcp_socket *self,
                                              enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_result(host_tcp_finish_listen(self->tcp), ret_error);
}

int host_sockets_tcp_tcp_socket_accept(
    struct component_call *call, struct host_sockets_tcp_tcp_socket *self,
    struct host_tuple_sockets_tcp_tcp_socket_io_streams_input_stream_io_streams_output_stream *ret,
    enum host_sockets_network_error_code *ret_error)
{
    struct host *host = host_of(call);
    struct host_sockets_tcp_tcp_socket *face = HOST_NEW(call, struct host_sockets_tcp_tcp_socket);
    if (!face)
        return -SW_EGUEST;
    int error = host_tcp_accept(self->tcp, &face->tcp);
    if (error) {
        HOST_FREE(host, face);
        return host_sockets_result(error, ret_error);
    }
    if (streams_new(call, face->tcp, &ret->f1, &ret->f2) < 0) {
        host_sockets_tcp_tcp_socket_drop(host, face);
        return -SW_EGUEST;
    }
    ret->f0 = face;
    return 0;
}

int host_sockets_tcp_tcp_socket_shutdown(struct component_call *call,
                                         struct host_sockets_tcp_tcp_socket *self,
                                         enum host_sockets_tcp_shutdown_type shutdown_type,
                                         enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    bool reading = shutdown_type != HOST_SOCKETS_TCP_SHUTDOWN_TYPE_SEND;
    bool writing = shutdown_type != HOST_SOCKETS_TCP_SHUTDOWN_TYPE_RECEIVE;
    return host_sockets_result(host_tcp_shutdown(self->tcp, reading, writing), ret_error);
}

/* ---- what it is ---- */

int host_sockets_tcp_tcp_socket_local_address(struct component_call *call,
                                              struct host_sockets_tcp_tcp_socket *self,
                                              struct host_sockets_network_ip_socket_address *ret,
                                              enum host_sockets_network_error_code *ret_error)
{
    struct loop_endpoint local;
    (void)call;
    return host_sockets_address_result(host_socket_local(&self->tcp->socket, &local), &local, ret, ret_error);
}

int host_sockets_tcp_tcp_socket_remote_address(struct component_call *call,
                                               struct host_sockets_tcp_tcp_socket *self,
                                               struct host_sockets_network_ip_socket_address *ret,
                                               enum host_sockets_network_error_code *ret_error)
{
    struct loop_endpoint remote;
    (void)call;
    return host_sockets_address_result(host_tcp_remote(self->tcp, &remote), &remote, ret, ret_error);
}

int host_sockets_tcp_tcp_socket_is_listening(struct component_call *call,
                                             struct host_sockets_tcp_tcp_socket *self, bool *ret)
{
    (void)call;
    *ret = self->tcp->socket.state == HOST_SOCKET_LISTENING;
    return 0;
}

int host_sockets_tcp_tcp_socket_address_family(struct component_call *call,
                                               struct host_sockets_tcp_tcp_socket *self,
                                               enum host_sockets_network_ip_address_family *ret)
{
    (void)call;
    *ret = self->tcp->socket.is_v6 ? HOST_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV6
                                   : HOST_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV4;
    return 0;
}

/* ---- options ---- */

static uint64_t seconds_of(uint64_t duration) /* a part of one is one: only 0 is none */
{
    return duration / SECOND + (duration % SECOND != 0);
}

int host_sockets_tcp_tcp_socket_set_listen_backlog_size(struct component_call *call,
                                                        struct host_sockets_tcp_tcp_socket *self,
                                                        uint64_t value,
                                                        enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_result(host_tcp_backlog(self->tcp, value), ret_error);
}

int host_sockets_tcp_tcp_socket_keep_alive_enabled(struct component_call *call,
                                                   struct host_sockets_tcp_tcp_socket *self, bool *ret,
                                                   enum host_sockets_network_error_code *ret_error)
{
    uint64_t value = 0;
    (void)call;
    int rc = host_sockets_option_u64(&self->tcp->socket, LOOP_SOCKET_KEEP_ALIVE, &value, ret_error);
    if (rc == 0)
        *ret = value != 0;
    return rc;
}

int host_sockets_tcp_tcp_socket_set_keep_alive_enabled(struct component_call *call,
                                                       struct host_sockets_tcp_tcp_socket *self, bool value,
                                                       enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_option_set(&self->tcp->socket, LOOP_SOCKET_KEEP_ALIVE, value, ret_error);
}

int host_sockets_tcp_tcp_socket_keep_alive_idle_time(struct component_call *call,
                                                     struct host_sockets_tcp_tcp_socket *self, uint64_t *ret,
                                                     enum host_sockets_network_error_code *ret_error)
{
    uint64_t value = 0;
    (void)call;
    int rc = host_sockets_option_u64(&self->tcp->socket, LOOP_SOCKET_KEEP_ALIVE_IDLE, &value, ret_error);
    if (rc == 0)
        *ret = value * SECOND;
    return rc;
}

int host_sockets_tcp_tcp_socket_set_keep_alive_idle_time(struct component_call *call,
                                                         struct host_sockets_tcp_tcp_socket *self,
                                                         uint64_t value,
                                                         enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_option_set(&self->tcp->socket, LOOP_SOCKET_KEEP_ALIVE_IDLE, seconds_of(value),
                                   ret_error);
}

int host_sockets_tcp_tcp_socket_keep_alive_interval(struct component_call *call,
                                                    struct host_sockets_tcp_tcp_socket *self, uint64_t *ret,
                                                    enum host_sockets_network_error_code *ret_error)
{
    uint64_t value = 0;
    (void)call;
    int rc = host_sockets_option_u64(&self->tcp->socket, LOOP_SOCKET_KEEP_ALIVE_INTERVAL, &value, ret_error);
    if (rc == 0)
        *ret = value * SECOND;
    return rc;
}

int host_sockets_tcp_tcp_socket_set_keep_alive_interval(struct component_call *call,
                                                        struct host_sockets_tcp_tcp_socket *self,
                                                        uint64_t value,
                                                        enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_option_set(&self->tcp->socket, LOOP_SOCKET_KEEP_ALIVE_INTERVAL, seconds_of(value),
                                   ret_error);
}

int host_sockets_tcp_tcp_socket_keep_alive_count(struct component_call *call,
                                                 struct host_sockets_tcp_tcp_socket *self, uint32_t *ret,
                                                 enum host_sockets_network_error_code *ret_error)
{
    uint64_t value = 0;
    (void)call;
    int rc = host_sockets_option_u64(&self->tcp->socket, LOOP_SOCKET_KEEP_ALIVE_COUNT, &value, ret_error);
    if (rc == 0)
        *ret = (uint32_t)value;
    return rc;
}

int host_sockets_tcp_tcp_socket_set_keep_alive_count(struct component_call *call,
                                                     struct host_sockets_tcp_tcp_socket *self, uint32_t value,
                                                     enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_option_set(&self->tcp->socket, LOOP_SOCKET_KEEP_ALIVE_COUNT, value, ret_error);
}

int host_sockets_tcp_tcp_socket_hop_limit(struct component_call *call,
                                          struct host_sockets_tcp_tcp_socket *self, uint8_t *ret,
                                          enum host_sockets_network_error_code *ret_error)
{
    uint64_t value = 0;
    (void)call;
    int rc = host_sockets_option_u64(&self->tcp->socket, LOOP_SOCKET_HOP_LIMIT, &value, ret_error);
    if (rc == 0)
        *ret = (uint8_t)value;
    return rc;
}

int host_sockets_tcp_tcp_socket_set_hop_limit(struct component_call *call,
                                              struct host_sockets_tcp_tcp_socket *self, uint8_t value,
                                              enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_option_set(&self->tcp->socket, LOOP_SOCKET_HOP_LIMIT, value, ret_error);
}

int host_sockets_tcp_tcp_socket_receive_buffer_size(struct component_call *call,
                                                    struct host_sockets_tcp_tcp_socket *self, uint64_t *ret,
                                                    enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_option_u64(&self->tcp->socket, LOOP_SOCKET_RECEIVE_BUFFER, ret, ret_error);
}

int host_sockets_tcp_tcp_socket_set_receive_buffer_size(struct component_call *call,
                                                        struct host_sockets_tcp_tcp_socket *self,
                                                        uint64_t value,
                                                        enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_option_set(&self->tcp->socket, LOOP_SOCKET_RECEIVE_BUFFER, value, ret_error);
}

int host_sockets_tcp_tcp_socket_send_buffer_size(struct component_call *call,
                                                 struct host_sockets_tcp_tcp_socket *self, uint64_t *ret,
                                                 enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_option_u64(&self->tcp->socket, LOOP_SOCKET_SEND_BUFFER, ret, ret_error);
}

int host_sockets_tcp_tcp_socket_set_send_buffer_size(struct component_call *call,
                                                     struct host_sockets_tcp_tcp_socket *self, uint64_t value,
                                                     enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_option_set(&self->tcp->socket, LOOP_SOCKET_SEND_BUFFER, value, ret_error);
}

/* ---- readiness ---- */

static bool socket_ready(struct host_io_poll_pollable *pollable)
{
    return host_tcp_ready(pollable->target);
}

static struct host_event *socket_watch(struct host_io_poll_pollable *pollable, struct component_call *call)
{
    (void)call;
    return host_tcp_watch(pollable->target);
}

static void socket_unwatch(struct host_io_poll_pollable *pollable)
{
    (void)pollable;
}

static void socket_release(struct host_io_poll_pollable *pollable)
{
    struct host_tcp *tcp = pollable->target;
    host_socket_unref(&tcp->socket);
}

int host_sockets_tcp_tcp_socket_subscribe(struct component_call *call,
                                          struct host_sockets_tcp_tcp_socket *self,
                                          struct host_io_poll_pollable **ret)
{
    static const struct host_pollable_ops ops = {socket_ready, socket_watch, socket_unwatch, socket_release};
    *ret = host_pollable_new(call, &ops, self->tcp);
    if (!*ret)
        return -SW_EGUEST;
    host_socket_ref(&self->tcp->socket);
    return 0;
}
