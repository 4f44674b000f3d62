/* sockets_udp.c - UDP as a guest calls it: who is heard, who is sent to.  Room: host.
 *
 *   UNBOUND --start_bind--> BINDING --finish_bind--> BOUND --stream, again and again--> (streams of one peer, or of all)
 *
 * A guest that may send to one address has to bind first, and the address to bind to is no place it was granted: any free port of all addresses
 * is therefore its own as soon as something of udp:// is granted. Such a socket is filtered: it hears whom it may send to.
 * source: wasi:sockets@0.2.12 udp.wit; UdpSocketOperationalSemantics.md of WebAssembly/WASI; spin.md 4.7 */
#include <errno.h>

#include "host/host_internal.h"
#include "host/limits.h"
#include "host/sockets.h"

enum step { START_BIND, FINISH_BIND, STREAM, STEPS };

/* clang-format off */
static const uint8_t rules[HOST_SOCKET_BOUND + 1][STEPS] = {
    [HOST_SOCKET_UNBOUND] = {HOST_SOCKET_OK, HOST_SOCKET_NOT_IN_PROGRESS, HOST_SOCKET_INVALID_STATE},
    [HOST_SOCKET_BINDING] = {HOST_SOCKET_CONCURRENCY_CONFLICT, HOST_SOCKET_OK, HOST_SOCKET_INVALID_STATE},
    [HOST_SOCKET_BOUND] = {HOST_SOCKET_INVALID_STATE, HOST_SOCKET_NOT_IN_PROGRESS, HOST_SOCKET_OK},
};
/* clang-format on */

static int may(const struct host_udp *udp, enum step step)
{
    return udp->socket.os ? rules[udp->socket.state][step] : HOST_SOCKET_INVALID_STATE;
}

static void on_ready(void *arg, unsigned events)
{
    struct host_udp *udp = arg;
    (void)events;
    host_event_fire(&udp->socket.changed);
}

int host_udp_new(struct host *host, const struct host_grants *grants, bool is_v6, struct host_udp **ret)
{
    if (!host->grants->outside || !host_network_granted(grants, SW_LIT("udp")))
        return HOST_SOCKET_DENIED;
    if (host->socket_count >= HOST_SOCKETS_MAX)
        return HOST_SOCKET_LIMIT;
    struct host_udp *udp = host_object_new(&host->objects, sizeof *udp);
    if (!udp)
        return HOST_SOCKET_OUT_OF_MEMORY;
    int rc = host_socket_error_of(loop_socket_new(host->loop, is_v6, true, on_ready, udp, &udp->socket.os));
    if (rc) {
        HOST_FREE(host, udp);
        return rc;
    }
    udp->socket.host = host;
    udp->socket.refs = 1;
    udp->socket.is_v6 = is_v6;
    udp->socket.is_datagram = true;
    host_event_init(&udp->socket.changed);
    sw_list_init(&udp->socket.link);
    sw_list_add_tail(&host->sockets, &udp->socket.link);
    host->socket_count++;
    *ret = udp;
    return HOST_SOCKET_OK;
}

/* ---- binding ---- */

static int permit_bind(struct host_udp *udp, const struct host_grants *grants,
                       const struct loop_endpoint *local)
{
    struct host *host = udp->socket.host;
    udp->is_filtered = false;
    if (host_network_allows(host, grants, SW_LIT("udp"), local))
        return HOST_SOCKET_OK;
    udp->is_filtered = true;
    if (local->port == 0 && host_address_is_unspecified(&local->address) &&
        host_network_granted(grants, SW_LIT("udp")))
        return HOST_SOCKET_OK;
    return host_network_permit(host, grants, SW_LIT("udp"), local);
}

int host_udp_start_bind(struct host_udp *udp, const struct host_grants *grants,
                        const struct loop_endpoint *local)
{
    int rc = may(udp, START_BIND);
    if (rc == 0)
        rc = host_socket_check_family(&udp->socket, local);
    if (rc == 0)
        rc = permit_bind(udp, grants, local);
    if (rc == 0)
        rc = host_socket_error_of(loop_socket_bind(udp->socket.os, local));
    if (rc == 0)
        udp->socket.state = HOST_SOCKET_BINDING;
    return rc;
}

int host_udp_finish_bind(struct host_udp *udp)
{
    int rc = may(udp, FINISH_BIND);
    if (rc == 0)
        udp->socket.state = HOST_SOCKET_BOUND;
    return rc;
}

/* ---- peers ---- */

static int datagram_error(int number)
{
    if (number == ECONNRESET)
        return HOST_SOCKET_UNREACHABLE;
    return number == EADDRNOTAVAIL ? HOST_SOCKET_ADDRESS_IN_USE : host_socket_error_of(number);
}

int host_udp_stream(struct host_udp *udp, const struct host_grants *grants,
                    const struct loop_endpoint *remote)
{
    int rc = may(udp, STREAM);
    if (rc == 0 && remote)
        rc = host_socket_check_remote(&udp->socket, remote);
    if (rc == 0 && remote)
        rc = host_network_permit(udp->socket.host, grants, SW_LIT("udp"), remote);
    if (rc)
        return rc;
    int number = 0;
    if (remote)
        number = loop_socket_connect(udp->socket.os, remote);
    else if (udp->has_remote)
        number = loop_socket_disconnect(udp->socket.os);
    if (number)
        return datagram_error(number);
    udp->has_remote = remote != NULL;
    if (remote)
        udp->remote = *remote;
    udp->generation++;
    return HOST_SOCKET_OK;
}

int host_udp_remote(const struct host_udp *udp, struct loop_endpoint *ret)
{
    if (!udp->socket.os || !udp->has_remote)
        return HOST_SOCKET_INVALID_STATE;
    *ret = udp->remote;
    return HOST_SOCKET_OK;
}

/* ---- datagrams ---- */

int host_udp_send(struct host_udp *udp, const struct host_grants *grants, struct sw_str bytes,
                  const struct loop_endpoint *remote)
{
    size_t n;
    if (!udp->socket.os)
        return HOST_SOCKET_INVALID_STATE;
    if (!remote && !udp->has_remote)
        return HOST_SOCKET_INVALID_ARGUMENT;
    int rc = remote ? host_socket_check_remote(&udp->socket, remote) : HOST_SOCKET_OK;
    if (rc == 0 && remote && udp->has_remote && !loop_endpoint_equal(remote, &udp->remote))
        rc = HOST_SOCKET_INVALID_ARGUMENT;
    if (rc == 0)
        rc = host_network_permit(udp->socket.host, grants, SW_LIT("udp"), remote ? remote : &udp->remote);
    if (rc)
        return rc;
    return datagram_error(loop_socket_send(udp->socket.os, bytes, udp->has_remote ? NULL : remote, &n));
}

/* The kernel filters when a datagram comes: one may be left from before the socket had this peer. */
static bool is_heard(struct host_udp *udp, const struct host_grants *grants, const struct loop_endpoint *from)
{
    const struct host_outside *outside = udp->socket.host->grants->outside;
    if (udp->has_remote && !loop_endpoint_equal(from, &udp->remote))
        return false;
    if (udp->is_filtered)
        return host_network_allows(udp->socket.host, grants, SW_LIT("udp"), from);
    return !outside->permit || outside->permit(outside->permit_arg, &from->address);
}

int host_udp_receive(struct host_udp *udp, const struct host_grants *grants, char *bytes, size_t *ret_n,
                     struct loop_endpoint *ret_remote)
{
    if (!udp->socket.os)
        return HOST_SOCKET_INVALID_STATE;
    for (int i = 0; i < HOST_SOCKET_STRANGERS_MAX; i++) {
        int number =
            loop_socket_receive(udp->socket.os, bytes, HOST_SOCKET_DATAGRAM_BYTES_MAX, ret_n, ret_remote);
        if (number)
            return datagram_error(number);
        if (is_heard(udp, grants, ret_remote))
            return HOST_SOCKET_OK;
    }
    return HOST_SOCKET_WOULD_BLOCK;
}
