/* sockets.h - TCP and UDP sockets and look-ups of names, as a guest may use them: what wasi:sockets stands on, whatever its version.  Room: host.
 *
 * Functions return HOST_SOCKET_OK (0) or another word of host_socket_error; each face has a table to its own words. `grants` are those of
 * whoever calls (host_grants_of): where a socket may go is asked again with every address. docs/internals/sockets.md has the rules.
 *
 * Invariants
 *  1. A socket lives as long as one of its handles, streams or pollables; its descriptor as long, or as its host.
 *  2. An event of the loop is waited for only while somebody waits, or while bytes wait to be sent; it then comes once.
 *  3. No address is dialled, bound or sent to before host_network_allows said so. No name is looked up that was not granted. */
#ifndef SW_HOST_SOCKETS_H
#define SW_HOST_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "host/carrier.h"
#include "loop/resolve.h"
#include "loop/socket.h"

struct host;
struct host_grants;

enum host_socket_error {
    HOST_SOCKET_OK,
    HOST_SOCKET_UNKNOWN,
    HOST_SOCKET_DENIED,
    HOST_SOCKET_NOT_SUPPORTED,
    HOST_SOCKET_INVALID_ARGUMENT,
    HOST_SOCKET_OUT_OF_MEMORY,
    HOST_SOCKET_TIMEOUT,
    HOST_SOCKET_CONCURRENCY_CONFLICT,
    HOST_SOCKET_NOT_IN_PROGRESS,
    HOST_SOCKET_WOULD_BLOCK,
    HOST_SOCKET_INVALID_STATE,
    HOST_SOCKET_LIMIT,
    HOST_SOCKET_ADDRESS_NOT_BINDABLE,
    HOST_SOCKET_ADDRESS_IN_USE,
    HOST_SOCKET_UNREACHABLE,
    HOST_SOCKET_REFUSED,
    HOST_SOCKET_RESET,
    HOST_SOCKET_ABORTED,
    HOST_SOCKET_TOO_LARGE,
    HOST_SOCKET_NAME_UNRESOLVABLE,
    HOST_SOCKET_RESOLVER_BUSY,
    HOST_SOCKET_ERRORS
};

enum host_socket_state {
    HOST_SOCKET_UNBOUND,
    HOST_SOCKET_BINDING, /* start-bind bound it; finish-bind is to come. The same for listening */
    HOST_SOCKET_BOUND,
    HOST_SOCKET_CONNECTING,
    HOST_SOCKET_CONNECTED,
    HOST_SOCKET_LISTEN_STARTED,
    HOST_SOCKET_LISTENING,
    HOST_SOCKET_CLOSED, /* a connection failed: nothing can be done but dropping it */
    HOST_SOCKET_STATES
};

struct host_socket {     /* first member of both kinds */
    struct sw_link link; /* in host.sockets */
    struct host *host;
    struct loop_socket *os; /* NULL: the host closed it */
    uint32_t refs;
    bool is_v6, is_datagram;
    enum host_socket_state state;
    struct host_event changed; /* of the descriptor, in either direction */
};
struct host_tcp {
    struct host_socket socket;
    int backlog;
    struct host_source source;
    struct host_sink sink;
    char *buffer; /* HOST_SOCKET_READ_BYTES, from the first byte on */
    size_t at, n; /* what the guest has not taken */
    bool read_over;
    bool write_over; /* no more is taken; what waits is still sent, then the end */
    int failed;      /* errno of writing */
    struct sw_buf pending;
};
struct host_udp {
    struct host_socket socket;
    bool is_filtered; /* bound without a grant for that address: hears nobody that it may not send to */
    bool has_remote;
    struct loop_endpoint remote;
    uint32_t generation; /* of the streams that work */
};

/* ---- all sockets ---- */

void host_socket_ref(struct host_socket *socket);
void host_socket_unref(struct host_socket *socket);
void host_sockets_close(struct host *host); /* all that are left, and what is looked up; for host_free */

int host_socket_local(const struct host_socket *socket, struct loop_endpoint *ret) SW_MUST_CHECK;
int host_socket_option(const struct host_socket *socket, enum loop_socket_option option,
                       int *ret) SW_MUST_CHECK;
/* value: 0 is refused, more than the kernel takes is cut. */
int host_socket_option_set(struct host_socket *socket, enum loop_socket_option option,
                           uint64_t value) SW_MUST_CHECK;
/* What is ready now; and what fires when that changes. */
unsigned host_socket_ready(const struct host_socket *socket, unsigned events);
struct host_event *host_socket_watch(struct host_socket *socket, unsigned events);

/* ---- TCP ---- */

int host_tcp_new(struct host *host, const struct host_grants *grants, bool is_v6,
                 struct host_tcp **ret) SW_MUST_CHECK;
int host_tcp_start_bind(struct host_tcp *tcp, const struct host_grants *grants,
                        const struct loop_endpoint *local) SW_MUST_CHECK;
int host_tcp_finish_bind(struct host_tcp *tcp) SW_MUST_CHECK;
int host_tcp_start_connect(struct host_tcp *tcp, const struct host_grants *grants,
                           const struct loop_endpoint *remote) SW_MUST_CHECK;
int host_tcp_finish_connect(struct host_tcp *tcp) SW_MUST_CHECK;
int host_tcp_start_listen(struct host_tcp *tcp, const struct host_grants *grants) SW_MUST_CHECK;
int host_tcp_finish_listen(struct host_tcp *tcp) SW_MUST_CHECK;
int host_tcp_accept(struct host_tcp *tcp, struct host_tcp **ret) SW_MUST_CHECK; /* one reference */
int host_tcp_remote(const struct host_tcp *tcp, struct loop_endpoint *ret) SW_MUST_CHECK;
int host_tcp_shutdown(struct host_tcp *tcp, bool reading, bool writing) SW_MUST_CHECK;
int host_tcp_backlog(struct host_tcp *tcp, uint64_t size) SW_MUST_CHECK;
bool host_tcp_ready(const struct host_tcp *tcp); /* finish-connect or accept would not give would-block */
struct host_event *host_tcp_watch(struct host_tcp *tcp);
/* The two directions of one that is connected; each takes a reference, and its close ends that direction. */
struct host_source *host_tcp_source(struct host_tcp *tcp);
struct host_sink *host_tcp_sink(struct host_tcp *tcp);

/* ---- UDP ---- */

int host_udp_new(struct host *host, const struct host_grants *grants, bool is_v6,
                 struct host_udp **ret) SW_MUST_CHECK;
int host_udp_start_bind(struct host_udp *udp, const struct host_grants *grants,
                        const struct loop_endpoint *local) SW_MUST_CHECK;
int host_udp_finish_bind(struct host_udp *udp) SW_MUST_CHECK;
/* remote NULL: everybody. Streams made before work no more. */
int host_udp_stream(struct host_udp *udp, const struct host_grants *grants,
                    const struct loop_endpoint *remote) SW_MUST_CHECK;
int host_udp_remote(const struct host_udp *udp, struct loop_endpoint *ret) SW_MUST_CHECK;
int host_udp_send(struct host_udp *udp, const struct host_grants *grants, struct sw_str bytes,
                  const struct loop_endpoint *remote) SW_MUST_CHECK; /* NULL: the stream's */
int host_udp_receive(struct host_udp *udp, const struct host_grants *grants, char *bytes, size_t *ret_n,
                     struct loop_endpoint *ret_remote) SW_MUST_CHECK; /* HOST_SOCKET_DATAGRAM_BYTES_MAX */

/* ---- names ---- */

struct host_lookup {
    struct sw_link link; /* in host.lookups */
    struct host *host;
    uint32_t refs; /* its handle and pollables */
    bool is_over;
    int rc; /* of what is over */
    struct host_event changed;
    struct loop_lookup op;
    struct loop_address addresses[LOOP_ADDRESSES_MAX];
    uint32_t count, at;
    struct sw_str name; /* in text */
    char text[LOOP_NAME_BYTES_MAX];
};
int host_lookup_new(struct host *host, const struct host_grants *grants, struct sw_str name,
                    struct host_lookup **ret) SW_MUST_CHECK;
/* *ret_has false: there are no more. */
int host_lookup_next(struct host_lookup *lookup, bool *ret_has, struct loop_address *ret) SW_MUST_CHECK;
void host_lookup_ref(struct host_lookup *lookup);
void host_lookup_unref(struct host_lookup *lookup);

/* ---- for the files of this part ---- */

struct host_name { /* a name that was granted and looked up: its addresses may be dialled where it may */
    struct sw_link link; /* in host.names, the oldest first */
    struct loop_address addresses[LOOP_ADDRESSES_MAX];
    uint32_t count;
    struct sw_str name; /* in text */
    char text[LOOP_NAME_BYTES_MAX];
};
bool host_network_allows(struct host *host, const struct host_grants *grants, struct sw_str scheme,
                         const struct loop_endpoint *endpoint);
/* As it, and says on the host's side what would allow it. */
int host_network_permit(struct host *host, const struct host_grants *grants, struct sw_str scheme,
                        const struct loop_endpoint *endpoint) SW_MUST_CHECK;
/* Something of that kind was granted, to somewhere. */
bool host_network_granted(const struct host_grants *grants, struct sw_str scheme);
int host_socket_check_family(const struct host_socket *socket,
                             const struct loop_endpoint *endpoint) SW_MUST_CHECK;
int host_socket_check_remote(const struct host_socket *socket,
                             const struct loop_endpoint *endpoint) SW_MUST_CHECK;
bool host_address_is_unspecified(const struct loop_address *address);
bool host_address_is_unicast(const struct loop_address *address);
int host_socket_error_of(int number); /* an errno's word */
void host_tcp_close(
    struct host_tcp *tcp); /* its descriptor and memory; what waits to be sent is the loop's from then on */

#endif
