/* sockets_udp.c - wasi:sockets/udp 0.2 over host/sockets.h.  Room: host.
 *
 * Only the newest pair of streams works; older ones say invalid-state and are always ready. */
#include "host/bindings/sockets_udp.h"
#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/wasi/io.h"
#include "host/wasi/sockets.h"

struct host_sockets_udp_incoming_datagram_stream {
    struct host_udp *udp; /* counted */
    uint32_t generation;
};
struct host_sockets_udp_outgoing_datagram_stream {
    struct host_udp *udp; /* counted */
    uint32_t generation;
    uint64_t permit; /* what check-send gave, until send */
};

void host_sockets_udp_udp_socket_drop(void *owner, void *object)
{
    struct host_sockets_udp_udp_socket *face = object;
    host_socket_unref(&face->udp->socket);
    HOST_FREE((struct host *)owner, face);
}

void host_sockets_udp_incoming_datagram_stream_drop(void *owner, void *object)
{
    struct host_sockets_udp_incoming_datagram_stream *stream = object;
    host_socket_unref(&stream->udp->socket);
    HOST_FREE((struct host *)owner, stream);
}

void host_sockets_udp_outgoing_datagram_stream_drop(void *owner, void *object)
{
    struct host_sockets_udp_outgoing_datagram_stream *stream = object;
    host_socket_unref(&stream->udp->socket);
    HOST_FREE((struct host *)owner, stream);
}

/* ---- the socket ---- */

int host_sockets_udp_udp_socket_start_bind(struct component_call *call,
                                           struct host_sockets_udp_udp_socket *self,
                                           struct host_sockets_network_network *network,
                                           struct host_sockets_network_ip_socket_address local_address,
                                           enum host_sockets_network_error_code *ret_error)
{
    struct loop_endpoint local;
    (void)network;
    host_sockets_endpoint_from(&local_address, &local);
    return host_sockets_result(host_udp_start_bind(self->udp, host_grants_of(call), &local), ret_error);
}

int host_sockets_udp_udp_socket_finish_bind(struct component_call *call,
                                            struct host_sockets_udp_udp_socket *self,
                                            enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_result(host_udp_finish_bind(self->udp), ret_error);
}

int host_sockets_udp_udp_socket_stream(
    struct component_call *call, struct host_sockets_udp_udp_socket *self,
    struct host_option_sockets_network_ip_socket_address remote_address,
    struct host_tuple_sockets_udp_incoming_datagram_stream_sockets_udp_outgoing_datagram_stream *ret,
    enum host_sockets_network_error_code *ret_error)
{
    struct host *host = host_of(call);
    struct host_udp *udp = self->udp;
    struct loop_endpoint remote;
    if (remote_address.has)
        host_sockets_endpoint_from(&remote_address.value, &remote);
    int error = host_udp_stream(udp, host_grants_of(call), remote_address.has ? &remote : NULL);
    if (error)
        return host_sockets_result(error, ret_error);
    ret->f0 = HOST_NEW(call, struct host_sockets_udp_incoming_datagram_stream);
    ret->f1 = ret->f0 ? HOST_NEW(call, struct host_sockets_udp_outgoing_datagram_stream) : NULL;
    if (!ret->f1) {
        HOST_FREE(host, ret->f0);
        return -SW_EGUEST;
    }
    ret->f0->udp = ret->f1->udp = udp;
    ret->f0->generation = ret->f1->generation = udp->generation;
    host_socket_ref(&udp->socket);
    host_socket_ref(&udp->socket);
    return 0;
}

int host_sockets_udp_udp_socket_local_address(struct component_call *call,
                                              struct host_sockets_udp_udp_socket *self,
                                              struct host_sockets_network_ip_socket_address *ret,
                                              enum host_sockets_network_error_code *ret_error)
{
    struct loop_endpoint local;
    (void)call;
    return host_sockets_address_result(host_socket_local(&self->udp->socket, &local), &local, ret, ret_error);
}

int host_sockets_udp_udp_socket_remote_address(struct component_call *call,
                                               struct host_sockets_udp_udp_socket *self,
                                               struct host_sockets_network_ip_socket_address *ret,
                                               enum host_sockets_network_error_code *ret_error)
{
    struct loop_endpoint remote;
    (void)call;
    return host_sockets_address_result(host_udp_remote(self->udp, &remote), &remote, ret, ret_error);
}

int host_sockets_udp_udp_socket_address_family(struct component_call *call,
                                               struct host_sockets_udp_udp_socket *self,
                                               enum host_sockets_network_ip_address_family *ret)
{
    (void)call;
    *ret = self->udp->socket.is_v6 ? HOST_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV6
                                   : HOST_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV4;
    return 0;
}

int host_sockets_udp_udp_socket_unicast_hop_limit(struct component_call *call,
                                                  struct host_sockets_udp_udp_socket *self, uint8_t *ret,
                                                  enum host_sockets_network_error_code *ret_error)
{
    uint64_t value = 0;
    (void)call;
    int rc = host_sockets_option_u64(&self->udp->socket, LOOP_SOCKET_HOP_LIMIT, &value, ret_error);
    if (rc == 0)
        *ret = (uint8_t)value;
    return rc;
}

int host_sockets_udp_udp_socket_set_unicast_hop_limit(struct component_call *call,
                                                      struct host_sockets_udp_udp_socket *self, uint8_t value,
                                                      enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_option_set(&self->udp->socket, LOOP_SOCKET_HOP_LIMIT, value, ret_error);
}

int host_sockets_udp_udp_socket_receive_buffer_size(struct component_call *call,
                                                    struct host_sockets_udp_udp_socket *self, uint64_t *ret,
                                                    enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_option_u64(&self->udp->socket, LOOP_SOCKET_RECEIVE_BUFFER, ret, ret_error);
}

int host_sockets_udp_udp_socket_set_receive_buffer_size(struct component_call *call,
                                                        struct host_sockets_udp_udp_socket *self,
                                                        uint64_t value,
                                                        enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_option_set(&self->udp->socket, LOOP_SOCKET_RECEIVE_BUFFER, value, ret_error);
}

int host_sockets_udp_udp_socket_send_buffer_size(struct component_call *call,
                                                 struct host_sockets_udp_udp_socket *self, uint64_t *ret,
                                                 enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_option_u64(&self->udp->socket, LOOP_SOCKET_SEND_BUFFER, ret, ret_error);
}

int host_sockets_udp_udp_socket_set_send_buffer_size(struct component_call *call,
                                                     struct host_sockets_udp_udp_socket *self, uint64_t value,
                                                     enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    return host_sockets_option_set(&self->udp->socket, LOOP_SOCKET_SEND_BUFFER, value, ret_error);
}

/* ---- datagrams ---- */

static bool works(const struct host_udp *udp, uint32_t generation)
{
    return udp->socket.os && udp->generation == generation;
}

int host_sockets_udp_incoming_datagram_stream_receive(struct component_call *call,
                                                      struct host_sockets_udp_incoming_datagram_stream *self,
                                                      uint64_t max_results,
                                                      struct host_list_sockets_udp_incoming_datagram *ret,
                                                      enum host_sockets_network_error_code *ret_error)
{
    const struct host_grants *grants = host_grants_of(call);
    size_t most = max_results < HOST_SOCKET_DATAGRAMS_MAX ? (size_t)max_results : HOST_SOCKET_DATAGRAMS_MAX;
    size_t count = 0, used = 0;
    int error = works(self->udp, self->generation) ? HOST_SOCKET_OK : HOST_SOCKET_INVALID_STATE;
    struct host_sockets_udp_incoming_datagram *items =
        host_scratch(call, 1, HOST_SOCKET_DATAGRAMS_MAX * sizeof *items + HOST_SOCKET_RECEIVE_BYTES_MAX);
    if (!items)
        return -SW_EGUEST;
    char *bytes = (char *)(items + HOST_SOCKET_DATAGRAMS_MAX);
    while (!error && count < most && used <= HOST_SOCKET_RECEIVE_BYTES_MAX - HOST_SOCKET_DATAGRAM_BYTES_MAX) {
        struct loop_endpoint remote;
        size_t n = 0;
        error = host_udp_receive(self->udp, grants, bytes + used, &n, &remote);
        if (error)
            break;
        items[count].data = sw_str(bytes + used, n);
        host_sockets_endpoint_to(&remote, &items[count++].remote_address);
        used += n;
    }
    *ret = (struct host_list_sockets_udp_incoming_datagram){items, count};
    return count || error == HOST_SOCKET_WOULD_BLOCK ? 0 : host_sockets_result(error, ret_error);
}

int host_sockets_udp_outgoing_datagram_stream_check_send(
    struct component_call *call, struct host_sockets_udp_outgoing_datagram_stream *self, uint64_t *ret,
    enum host_sockets_network_error_code *ret_error)
{
    (void)call;
    if (!works(self->udp, self->generation))
        return host_sockets_result(HOST_SOCKET_INVALID_STATE, ret_error);
    bool ready = host_socket_ready(&self->udp->socket, LOOP_WRITABLE);
    *ret = self->permit = ready ? HOST_SOCKET_DATAGRAMS_MAX : 0;
    return 0;
}

int host_sockets_udp_outgoing_datagram_stream_send(struct component_call *call,
                                                   struct host_sockets_udp_outgoing_datagram_stream *self,
                                                   struct host_list_sockets_udp_outgoing_datagram datagrams,
                                                   uint64_t *ret,
                                                   enum host_sockets_network_error_code *ret_error)
{
    const struct host_grants *grants = host_grants_of(call);
    int error = works(self->udp, self->generation) ? HOST_SOCKET_OK : HOST_SOCKET_INVALID_STATE;
    uint64_t sent = 0;
    if (datagrams.n > self->permit)
        return host_trap(call,
                         "outgoing-datagram-stream.send: %zu datagrams are more than check-send permitted",
                         datagrams.n);
    if (datagrams.n)
        self->permit = 0;
    for (size_t i = 0; !error && i < datagrams.n; i++) {
        const struct host_sockets_udp_outgoing_datagram *datagram = &datagrams.items[i];
        struct loop_endpoint remote;
        if (datagram->remote_address.has)
            host_sockets_endpoint_from(&datagram->remote_address.value, &remote);
        error =
            host_udp_send(self->udp, grants, datagram->data, datagram->remote_address.has ? &remote : NULL);
        sent += error == HOST_SOCKET_OK;
    }
    *ret = sent;
    return sent || error == HOST_SOCKET_WOULD_BLOCK ? 0 : host_sockets_result(error, ret_error);
}

/* ---- readiness: one table for each direction, since a pollable knows no more than its target ---- */

static bool always_ready(struct host_io_poll_pollable *pollable) /* nothing of the socket itself waits */
{
    (void)pollable;
    return true;
}

static bool incoming_ready(struct host_io_poll_pollable *pollable)
{
    const struct host_udp *udp = pollable->target;
    return !works(udp, (uint32_t)pollable->deadline_ns) || host_socket_ready(&udp->socket, LOOP_READABLE);
}

static bool outgoing_ready(struct host_io_poll_pollable *pollable)
{
    const struct host_udp *udp = pollable->target;
    return !works(udp, (uint32_t)pollable->deadline_ns) || host_socket_ready(&udp->socket, LOOP_WRITABLE);
}

static struct host_event *incoming_watch(struct host_io_poll_pollable *pollable, struct component_call *call)
{
    struct host_udp *udp = pollable->target;
    (void)call;
    return host_socket_watch(&udp->socket, LOOP_READABLE);
}

static struct host_event *outgoing_watch(struct host_io_poll_pollable *pollable, struct component_call *call)
{
    struct host_udp *udp = pollable->target;
    (void)call;
    return host_socket_watch(&udp->socket, LOOP_WRITABLE);
}

static void datagram_unwatch(struct host_io_poll_pollable *pollable)
{
    (void)pollable;
}

static void datagram_release(struct host_io_poll_pollable *pollable)
{
    struct host_udp *udp = pollable->target;
    host_socket_unref(&udp->socket);
}

static int subscribe(struct component_call *call, const struct host_pollable_ops *ops, struct host_udp *udp,
                     uint32_t generation, struct host_io_poll_pollable **ret)
{
    *ret = host_pollable_new(call, ops, udp);
    if (!*ret)
        return -SW_EGUEST;
    (*ret)->deadline_ns = generation;
    host_socket_ref(&udp->socket);
    return 0;
}

int host_sockets_udp_udp_socket_subscribe(struct component_call *call,
                                          struct host_sockets_udp_udp_socket *self,
                                          struct host_io_poll_pollable **ret)
{
    static const struct host_pollable_ops ops = {always_ready, incoming_watch, datagram_unwatch,
                                                 datagram_release};
    return subscribe(call, &ops, self->udp, 0, ret);
}

int host_sockets_udp_incoming_datagram_stream_subscribe(
    struct component_call *call, struct host_sockets_udp_incoming_datagram_stream *self,
    struct host_io_poll_pollable **ret)
{
    static const struct host_pollable_ops ops = {incoming_ready, incoming_watch, datagram_unwatch,
                                                 datagram_release};
    return subscribe(call, &ops, self->udp, self->generation, ret);
}

int host_sockets_udp_outgoing_datagram_stream_subscribe(
    struct component_call *call, struct host_sockets_udp_outgoing_datagram_stream *self,
    struct host_io_poll_pollable **ret)
{
    static const struct host_pollable_ops ops = {outgoing_ready, outgoing_watch, datagram_unwatch,
                                                 datagram_release};
    return subscribe(call, &ops, self->udp, self->generation, ret);
}
