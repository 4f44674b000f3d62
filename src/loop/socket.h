/* socket.h - TCP and UDP sockets as somebody sees them who calls them one by one: a guest.  Room: loop.
 *
 * Nothing blocks and nothing is buffered here: every function is the system call of its name, and what cannot be done yet is EAGAIN. Readiness
 * is told once per loop_socket_arm. Functions return 0 or an errno (> 0): each face above has its own words for them.
 * IPv6 sockets carry no IPv4 (IPV6_V6ONLY). Source: ip(7), ipv6(7), tcp(7), udp(7). */
#ifndef SW_LOOP_SOCKET_H
#define SW_LOOP_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "loop/loop.h"
#include "loop/resolve.h"

struct loop_endpoint {
    struct loop_address address;
    uint16_t port;
    uint32_t flow_info, scope_id; /* of IPv6 */
};
bool loop_endpoint_equal(const struct loop_endpoint *a, const struct loop_endpoint *b); /* address and port */

struct loop_socket;
/* On the loop. events: LOOP_READABLE, LOOP_WRITABLE; a failure is told as both. It may free the socket. */
typedef void loop_socket_fn(void *arg, unsigned events);

/* ENOMEM, or what the system says */
int loop_socket_new(struct loop *loop, bool is_v6, bool is_datagram, loop_socket_fn *ready, void *arg,
                    struct loop_socket **ret) SW_MUST_CHECK;
void loop_socket_free(struct loop_socket *socket); /* closes it; no callback after this; NULL is fine */
/* The same for a connection, after it has sent `rest`, which it takes, or LOOP_SOCKET_FINISH_MS later. Without memory, or with too many: at once. */
void loop_socket_finish(struct loop_socket *socket, struct sw_buf *rest);

/* The next time that it is ready for one of the events, `ready` runs; more events may be added to a wait. */
void loop_socket_arm(struct loop_socket *socket, unsigned events);
unsigned loop_socket_ready(const struct loop_socket *socket, unsigned events); /* now, those of them */

int loop_socket_bind(struct loop_socket *socket, const struct loop_endpoint *local) SW_MUST_CHECK;
/* Of TCP: EINPROGRESS, then loop_socket_connected. Of UDP: whom it sends to and hears from. */
int loop_socket_connect(struct loop_socket *socket, const struct loop_endpoint *remote) SW_MUST_CHECK;
int loop_socket_connected(struct loop_socket *socket) SW_MUST_CHECK; /* 0, EAGAIN, or why it failed */
/* Of UDP: undoes connect; the port stays its own. */
int loop_socket_disconnect(struct loop_socket *socket) SW_MUST_CHECK;
int loop_socket_listen(struct loop_socket *socket, int backlog) SW_MUST_CHECK;
int loop_socket_accept(struct loop_socket *socket, loop_socket_fn *ready, void *arg,
                       struct loop_socket **ret) SW_MUST_CHECK;
int loop_socket_local(const struct loop_socket *socket, struct loop_endpoint *ret) SW_MUST_CHECK;
int loop_socket_remote(const struct loop_socket *socket, struct loop_endpoint *ret) SW_MUST_CHECK;
/* A connection that is gone has ended already; twice is fine. */
void loop_socket_shutdown(struct loop_socket *socket, bool reading, bool writing);

/* remote NULL: the one it is connected to. */
int loop_socket_send(struct loop_socket *socket, struct sw_str bytes, const struct loop_endpoint *remote,
                     size_t *ret_n) SW_MUST_CHECK;
/* *ret_n 0: of TCP the end, of UDP an empty datagram. ret_remote NULL: not asked for. */
int loop_socket_receive(struct loop_socket *socket, void *bytes, size_t n, size_t *ret_n,
                        struct loop_endpoint *ret_remote) SW_MUST_CHECK;

enum loop_socket_option {
    LOOP_SOCKET_KEEP_ALIVE,          /* 0, 1 */
    LOOP_SOCKET_KEEP_ALIVE_IDLE,     /* seconds, 1..32767 */
    LOOP_SOCKET_KEEP_ALIVE_INTERVAL, /* seconds, 1..32767 */
    LOOP_SOCKET_KEEP_ALIVE_COUNT,    /* 1..127 */
    LOOP_SOCKET_HOP_LIMIT,           /* 1..255 */
    LOOP_SOCKET_RECEIVE_BUFFER,      /* bytes; the kernel has its own idea */
    LOOP_SOCKET_SEND_BUFFER
};
int loop_socket_option(const struct loop_socket *socket, enum loop_socket_option option,
                       int *ret) SW_MUST_CHECK;
int loop_socket_option_set(struct loop_socket *socket, enum loop_socket_option option,
                           int value) SW_MUST_CHECK;

#endif
