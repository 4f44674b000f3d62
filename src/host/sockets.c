/* sockets.c - what TCP and UDP sockets share: where they may go, their words for failures, their life.  Room: host.
 *
 * source: spin.md 1.11, 4.7; wasi:sockets@0.2.12 network.wit; RFC 4291 2.5.5 */
#include "host/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/outbound.h"
#include "host/host_internal.h"
#include "host/limits.h"

/* ---- failures ---- */

int host_socket_error_of(int number)
{
    static const struct {
        int number;
        enum host_socket_error error;
    } rows[] = {
        {0, HOST_SOCKET_OK},
        {EACCES, HOST_SOCKET_DENIED},
        {EPERM, HOST_SOCKET_DENIED},
        {EOPNOTSUPP, HOST_SOCKET_NOT_SUPPORTED},
        {EAFNOSUPPORT, HOST_SOCKET_NOT_SUPPORTED},
        {EPROTONOSUPPORT, HOST_SOCKET_NOT_SUPPORTED},
        {EINVAL, HOST_SOCKET_INVALID_ARGUMENT},
        {EDESTADDRREQ, HOST_SOCKET_INVALID_ARGUMENT},
        {ENOMEM, HOST_SOCKET_OUT_OF_MEMORY},
        {ENOBUFS, HOST_SOCKET_OUT_OF_MEMORY},
        {ETIMEDOUT, HOST_SOCKET_TIMEOUT},
        {EALREADY, HOST_SOCKET_CONCURRENCY_CONFLICT},
        {EAGAIN, HOST_SOCKET_WOULD_BLOCK},
        {EISCONN, HOST_SOCKET_INVALID_STATE},
        {ENOTCONN, HOST_SOCKET_INVALID_STATE},
        {EMFILE, HOST_SOCKET_LIMIT},
        {ENFILE, HOST_SOCKET_LIMIT},
        {EADDRNOTAVAIL, HOST_SOCKET_ADDRESS_NOT_BINDABLE},
        {EADDRINUSE, HOST_SOCKET_ADDRESS_IN_USE},
        {EHOSTUNREACH, HOST_SOCKET_UNREACHABLE},
        {EHOSTDOWN, HOST_SOCKET_UNREACHABLE},
        {ENETUNREACH, HOST_SOCKET_UNREACHABLE},
        {ENETDOWN, HOST_SOCKET_UNREACHABLE},
        {ENETRESET, HOST_SOCKET_UNREACHABLE},
        {ENONET, HOST_SOCKET_UNREACHABLE},
        {ECONNREFUSED, HOST_SOCKET_REFUSED},
        {ECONNRESET, HOST_SOCKET_RESET},
        {ECONNABORTED, HOST_SOCKET_ABORTED},
        {EMSGSIZE, HOST_SOCKET_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].number == number)
            return (int)rows[i].error;
    return HOST_SOCKET_UNKNOWN;
}

/* ---- addresses ---- */

bool host_address_is_unspecified(const struct loop_address *address)
{
    static const uint8_t zero[16];
    return memcmp(address->bytes, zero, address->is_v6 ? 16 : 4) == 0;
}

bool host_address_is_unicast(const struct loop_address *address)
{
    static const uint8_t broadcast[4] = {255, 255, 255, 255};
    if (address->is_v6)
        return address->bytes[0] != 0xff;
    return (address->bytes[0] & 0xf0) != 0xe0 && memcmp(address->bytes, broadcast, 4) != 0;
}

/* "::ffff:1.2.3.4", and "::1.2.3.4", which nobody uses any more: they would be other words for an address of IPv4. */
static bool is_v4_inside(const struct loop_address *address)
{
    static const uint8_t zero[10];
    const uint8_t *b = address->bytes;
    if (!address->is_v6 || memcmp(b, zero, sizeof zero) != 0)
        return false;
    if (b[10] == 0xff && b[11] == 0xff)
        return true;
    bool is_small = !b[12] && !b[13] && !b[14] && b[15] <= 1; /* "::", "::1" */
    return !b[10] && !b[11] && !is_small;
}

int host_socket_check_family(const struct host_socket *socket, const struct loop_endpoint *endpoint)
{
    return socket->is_v6 == endpoint->address.is_v6 && !is_v4_inside(&endpoint->address)
               ? HOST_SOCKET_OK
               : HOST_SOCKET_INVALID_ARGUMENT;
}

int host_socket_check_remote(const struct host_socket *socket, const struct loop_endpoint *endpoint)
{
    if (endpoint->port == 0 || host_address_is_unspecified(&endpoint->address))
        return HOST_SOCKET_INVALID_ARGUMENT;
    return host_socket_check_family(socket, endpoint);
}

/* ---- what was granted ---- */

static bool is_address_of(const struct host_name *name, const struct loop_address *address)
{
    for (uint32_t i = 0; i < name->count; i++)
        if (name->addresses[i].is_v6 == address->is_v6 &&
            memcmp(name->addresses[i].bytes, address->bytes, address->is_v6 ? 16 : 4) == 0)
            return true;
    return false;
}

/* By its number, or as what a name was found to be that may be connected to. */
static bool is_listed(const struct host *host, const struct host_grants *grants, struct sw_str scheme,
                      const struct loop_endpoint *endpoint)
{
    char text[LOOP_ADDRESS_TEXT_MAX];
    loop_address_print(&endpoint->address, text);
    if (app_outbound_allows(grants->outbound, scheme, sw_str_of(text), endpoint->port))
        return true;
    for (struct sw_link *link = host->names.next; link != &host->names; link = link->next) {
        const struct host_name *name = SW_CONTAINER(link, struct host_name, link);
        if (is_address_of(name, &endpoint->address) &&
            app_outbound_allows(grants->outbound, scheme, name->name, endpoint->port))
            return true;
    }
    return false;
}

bool host_network_allows(struct host *host, const struct host_grants *grants, struct sw_str scheme,
                         const struct loop_endpoint *endpoint)
{
    const struct host_outside *outside = host->grants->outside;
    return outside && is_listed(host, grants, scheme, endpoint) &&
           (!outside->permit || outside->permit(outside->permit_arg, &endpoint->address));
}

bool host_network_granted(const struct host_grants *grants, struct sw_str scheme)
{
    return app_outbound_allows_some_port(grants->outbound, scheme, SW_LIT(""));
}

int host_network_permit(struct host *host, const struct host_grants *grants, struct sw_str scheme,
                        const struct loop_endpoint *endpoint)
{
    char address[LOOP_ADDRESS_TEXT_MAX], text[LOOP_ADDRESS_TEXT_MAX + 10];
    if (host_network_allows(host, grants, scheme, endpoint))
        return HOST_SOCKET_OK;
    loop_address_print(&endpoint->address, address);
    int n = snprintf(text, sizeof text, endpoint->address.is_v6 ? "[%s]:%u" : "%s:%u", address,
                     (unsigned)endpoint->port);
    host_say_denied(host, "tried to use an address of the network", scheme,
                    sw_str(text, n > 0 ? (size_t)n : 0));
    return HOST_SOCKET_DENIED;
}

/* ---- life ---- */

void host_socket_ref(struct host_socket *socket)
{
    socket->refs++;
}

static void close_os(struct host_socket *socket)
{
    if (socket->is_datagram)
        loop_socket_free(socket->os);
    else
        host_tcp_close((struct host_tcp *)socket);
    socket->os = NULL;
    sw_list_remove(&socket->link);
    socket->host->socket_count--;
}

void host_socket_unref(struct host_socket *socket)
{
    if (--socket->refs)
        return;
    if (socket->os)
        close_os(socket);
    if (socket->is_datagram)
        HOST_FREE(socket->host, (struct host_udp *)socket);
    else
        HOST_FREE(socket->host, (struct host_tcp *)socket);
}

void host_sockets_close(struct host *host)
{
    while (!sw_list_empty(&host->sockets))
        close_os(SW_CONTAINER(host->sockets.next, struct host_socket, link));
    while (!sw_list_empty(&host->lookups)) {
        struct host_lookup *lookup = SW_CONTAINER(host->lookups.next, struct host_lookup, link);
        loop_lookup_drop(host->grants->outside->resolver, &lookup->op);
        sw_list_remove(&lookup->link);
    }
    host->lookup_count = 0;
    sw_list_init(&host->names); /* objects, which go with the host's others */
    host->name_count = 0;
}

/* ---- what every socket can tell ---- */

unsigned host_socket_ready(const struct host_socket *socket, unsigned events)
{
    return socket->os ? loop_socket_ready(socket->os, events) : events;
}

struct host_event *host_socket_watch(struct host_socket *socket, unsigned events)
{
    if (socket->os)
        loop_socket_arm(socket->os, events);
    return &socket->changed;
}

int host_socket_local(const struct host_socket *socket, struct loop_endpoint *ret)
{
    bool has = socket->os && socket->state != HOST_SOCKET_UNBOUND && socket->state != HOST_SOCKET_BINDING &&
               socket->state != HOST_SOCKET_CLOSED;
    return has ? host_socket_error_of(loop_socket_local(socket->os, ret)) : HOST_SOCKET_INVALID_STATE;
}

int host_socket_option(const struct host_socket *socket, enum loop_socket_option option, int *ret)
{
    if (!socket->os || socket->state == HOST_SOCKET_CLOSED)
        return HOST_SOCKET_INVALID_STATE;
    return host_socket_error_of(loop_socket_option(socket->os, option, ret));
}

int host_socket_option_set(struct host_socket *socket, enum loop_socket_option option, uint64_t value)
{
    static const int most[] = {
        [LOOP_SOCKET_KEEP_ALIVE] = 1,
        [LOOP_SOCKET_KEEP_ALIVE_IDLE] = INT16_MAX, /* tcp(7) */
        [LOOP_SOCKET_KEEP_ALIVE_INTERVAL] = INT16_MAX,
        [LOOP_SOCKET_KEEP_ALIVE_COUNT] = INT8_MAX,
        [LOOP_SOCKET_HOP_LIMIT] = UINT8_MAX,
        [LOOP_SOCKET_RECEIVE_BUFFER] = INT32_MAX / 2, /* the kernel doubles it, then cuts it */
        [LOOP_SOCKET_SEND_BUFFER] = INT32_MAX / 2,
    };
    if (!socket->os || socket->state == HOST_SOCKET_CLOSED)
        return HOST_SOCKET_INVALID_STATE;
    if (value == 0 && option != LOOP_SOCKET_KEEP_ALIVE)
        return HOST_SOCKET_INVALID_ARGUMENT;
    int cut = value < (uint64_t)most[option] ? (int)value : most[option];
    return host_socket_error_of(loop_socket_option_set(socket->os, option, cut));
}
