/* socket.c - TCP and UDP sockets, call by call.  Room: loop.
 *
 * Invariants
 *  1. libuv watches for `wanted`, nothing else; what was told is wanted no more, so that an event nobody takes does not turn the loop.
 *  2. The descriptor is closed by loop_socket_free; the memory goes with libuv's close callback. */
#include "loop/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "loop/loop_internal.h"

struct loop_socket {
    uv_poll_t uv;
    struct loop *loop;
    loop_socket_fn *ready;
    void *arg;
    int fd;
    bool is_v6, is_datagram;
    struct loop_endpoint bound; /* of a datagram socket; port 0: to nothing */
    unsigned wanted;
};

bool loop_endpoint_equal(const struct loop_endpoint *a, const struct loop_endpoint *b)
{
    return a->port == b->port && a->address.is_v6 == b->address.is_v6 &&
           memcmp(a->address.bytes, b->address.bytes, a->address.is_v6 ? 16 : 4) == 0;
}

/* ---- addresses of the system ---- */

union sockaddr_any {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t to_system(const struct loop_endpoint *endpoint, union sockaddr_any *ret)
{
    memset(ret, 0, sizeof *ret);
    if (endpoint->address.is_v6) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons(endpoint->port);
        ret->v6.sin6_flowinfo = htonl(endpoint->flow_info);
        ret->v6.sin6_scope_id = endpoint->scope_id;
        memcpy(&ret->v6.sin6_addr, endpoint->address.bytes, 16);
        return sizeof ret->v6;
    }
    ret->v4.sin_family = AF_INET;
    ret->v4.sin_port = htons(endpoint->port);
    memcpy(&ret->v4.sin_addr, endpoint->address.bytes, 4);
    return sizeof ret->v4;
}

static int from_system(const union sockaddr_any *from, struct loop_endpoint *ret)
{
    struct loop_endpoint endpoint = {.port = 0};
    if (!loop_address_from(&from->any, &endpoint.address, &endpoint.port))
        return ENOTCONN; /* a disconnected socket has no family */
    if (endpoint.address.is_v6) {
        endpoint.flow_info = ntohl(from->v6.sin6_flowinfo);
        endpoint.scope_id = from->v6.sin6_scope_id;
    }
    *ret = endpoint;
    return 0;
}

/* ---- readiness ---- */

static void on_poll(uv_poll_t *uv, int status, int events);

static int events_of(unsigned wanted)
{
    return ((wanted & LOOP_READABLE) ? UV_READABLE : 0) | ((wanted & LOOP_WRITABLE) ? UV_WRITABLE : 0);
}

static void watch(struct loop_socket *socket, unsigned wanted)
{
    socket->wanted = wanted;
    if (wanted)
        (void)uv_poll_start(&socket->uv, events_of(wanted), on_poll); /* fails only on a closing handle */
    else
        (void)uv_poll_stop(&socket->uv); /* cannot fail */
}

static void on_poll(uv_poll_t *uv, int status, int events)
{
    struct loop_socket *socket = uv->data;
    unsigned told =
        ((events & UV_READABLE) ? LOOP_READABLE : 0) | ((events & UV_WRITABLE) ? LOOP_WRITABLE : 0);
    if (status < 0)
        told = LOOP_READABLE | LOOP_WRITABLE;
    watch(socket, socket->wanted & ~told);
    socket->ready(socket->arg, told); /* may free it */
}

void loop_socket_arm(struct loop_socket *socket, unsigned events)
{
    if (events & ~socket->wanted)
        watch(socket, socket->wanted | events);
}

unsigned loop_socket_ready(const struct loop_socket *socket, unsigned events)
{
    struct pollfd one = {.fd = socket->fd,
                         .events = (short)(((events & LOOP_READABLE) ? POLLIN : 0) |
                                           ((events & LOOP_WRITABLE) ? POLLOUT : 0))};
    if (poll(&one, 1, 0) <= 0)
        return 0;
    if (one.revents & (POLLERR | POLLHUP | POLLNVAL))
        return events;
    return ((one.revents & POLLIN) ? LOOP_READABLE : 0) | ((one.revents & POLLOUT) ? LOOP_WRITABLE : 0);
}

/* ---- life ---- */

static int set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : errno;
}

/* fd is then the socket's, or closed. */
static int wrap(struct loop *loop, int fd, loop_socket_fn *ready, void *arg, struct loop_socket **ret)
{
    struct loop_socket *socket = sw_try_alloc(sizeof *socket);
    if (!socket || uv_poll_init(&loop->uv, &socket->uv, fd) < 0) {
        (void)close(fd); /* nothing was done with it */
        sw_free(socket);
        return ENOMEM;
    }
    socket->uv.data = socket;
    socket->loop = loop;
    socket->ready = ready;
    socket->arg = arg;
    socket->fd = fd;
    *ret = socket;
    return 0;
}

int loop_socket_new(struct loop *loop, bool is_v6, bool is_datagram, loop_socket_fn *ready, void *arg,
                    struct loop_socket **ret)
{
    int type = (is_datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int fd = socket(is_v6 ? AF_INET6 : AF_INET, type, is_datagram ? IPPROTO_UDP : IPPROTO_TCP);
    if (fd < 0)
        return errno;
    int rc = is_v6 ? set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) : 0;
    if (rc) {
        (void)close(fd);
        return rc;
    }
    rc = wrap(loop, fd, ready, arg, ret);
    if (rc == 0) {
        (*ret)->is_v6 = is_v6;
        (*ret)->is_datagram = is_datagram;
    }
    return rc;
}

static void on_closed(uv_handle_t *handle)
{
    sw_free(handle->data);
}

void loop_socket_free(struct loop_socket *socket)
{
    if (!socket)
        return;
    uv_close((uv_handle_t *)&socket->uv, on_closed); /* takes the descriptor out of the poll set first */
    (void)close(socket->fd);                         /* nothing could be done about a failure */
}

/* ---- one that its user has left ---- */

struct finish {
    struct sw_link link; /* in loop.finishing */
    struct loop *loop;
    struct loop_socket *socket;
    struct loop_timer *timer;
    struct sw_buf rest;
};

static void finish_end(struct finish *finish)
{
    sw_list_remove(&finish->link);
    finish->loop->finishing_count--;
    loop_timer_free(finish->timer);
    loop_socket_free(finish->socket);
    sw_buf_deinit(&finish->rest);
    sw_free(finish);
}

static void finish_late(void *arg)
{
    finish_end(arg);
}

static void finish_send(void *arg, unsigned events)
{
    struct finish *finish = arg;
    int rc = 0;
    (void)events;
    while (rc == 0 && finish->rest.n) {
        size_t n = 0;
        rc = loop_socket_send(finish->socket, sw_buf_str(&finish->rest), NULL, &n);
        sw_buf_drop_front(&finish->rest, n);
    }
    if (rc == EAGAIN)
        loop_socket_arm(finish->socket, LOOP_WRITABLE);
    else
        finish_end(finish);
}

void loop_socket_finish(struct loop_socket *socket, struct sw_buf *rest)
{
    struct loop *loop = socket->loop;
    struct finish *finish =
        loop->finishing_count < LOOP_SOCKETS_FINISHING_MAX ? sw_try_alloc(sizeof *finish) : NULL;
    struct sw_err err;
    if (!finish || loop_timer_new(loop, finish_late, finish, &finish->timer, &err) < 0) {
        sw_free(finish);
        loop_socket_free(socket);
        sw_buf_deinit(rest);
        return;
    }
    finish->loop = loop;
    finish->socket = socket;
    finish->rest = *rest;
    *rest = SW_BUF(rest->max); /* taken */
    sw_list_init(&finish->link);
    sw_list_add_tail(&loop->finishing, &finish->link);
    loop->finishing_count++;
    socket->ready = finish_send;
    socket->arg = finish;
    watch(socket, LOOP_WRITABLE);
    loop_timer_start(finish->timer, LOOP_SOCKET_FINISH_MS);
}

void loop__sockets_end(struct loop *loop)
{
    while (!sw_list_empty(&loop->finishing))
        finish_end(SW_CONTAINER(loop->finishing.next, struct finish, link));
}

/* ---- calls ---- */

int loop_socket_bind(struct loop_socket *socket, const struct loop_endpoint *local)
{
    union sockaddr_any address;
    socklen_t n = to_system(local, &address);
    /* What a closed connection left behind must not be in the way (WASI); of UDP it would let two have one port. */
    int rc = socket->is_datagram ? 0 : set(socket->fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (rc == 0 && bind(socket->fd, &address.any, n) != 0)
        rc = errno;
    return rc || !socket->is_datagram ? rc : loop_socket_local(socket, &socket->bound);
}

static int connect_once(const struct loop_socket *socket, const struct loop_endpoint *remote)
{
    union sockaddr_any address;
    socklen_t n = to_system(remote, &address);
    return connect(socket->fd, &address.any, n) == 0 ? 0 : errno; /* never waits: never interrupted */
}

int loop_socket_connect(struct loop_socket *socket, const struct loop_endpoint *remote)
{
    int rc = connect_once(socket, remote);
    if (rc != EINVAL || !socket->is_datagram)
        return rc;
    /* Linux keeps the local address of the first peer, which may not reach the next one. */
    rc = loop_socket_disconnect(socket);
    return rc ? rc : connect_once(socket, remote);
}

int loop_socket_connected(struct loop_socket *socket)
{
    int number = 0;
    socklen_t n = sizeof number;
    if (!loop_socket_ready(socket, LOOP_WRITABLE))
        return EAGAIN;
    return getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &number, &n) == 0 ? number : errno;
}

int loop_socket_disconnect(struct loop_socket *socket)
{
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    struct loop_endpoint now = {.port = 0};
    int rc = connect(socket->fd, &nobody, sizeof nobody) == 0 ? 0 : errno;
    if (rc == 0)
        rc = loop_socket_local(socket, &now);
    /* Linux gives a port up that it had chosen itself. */
    return rc == 0 && now.port == 0 && socket->bound.port ? loop_socket_bind(socket, &socket->bound) : rc;
}

int loop_socket_listen(struct loop_socket *socket, int backlog)
{
    return listen(socket->fd, backlog) == 0 ? 0 : errno;
}

int loop_socket_accept(struct loop_socket *socket, loop_socket_fn *ready, void *arg, struct loop_socket **ret)
{
    int fd;
    do
        fd = accept4(socket->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return errno;
    int rc = wrap(socket->loop, fd, ready, arg, ret);
    if (rc == 0)
        (*ret)->is_v6 = socket->is_v6;
    return rc;
}

int loop_socket_local(const struct loop_socket *socket, struct loop_endpoint *ret)
{
    union sockaddr_any address = {.any.sa_family = AF_UNSPEC};
    socklen_t n = sizeof address;
    return getsockname(socket->fd, &address.any, &n) == 0 ? from_system(&address, ret) : errno;
}

int loop_socket_remote(const struct loop_socket *socket, struct loop_endpoint *ret)
{
    union sockaddr_any address = {.any.sa_family = AF_UNSPEC};
    socklen_t n = sizeof address;
    return getpeername(socket->fd, &address.any, &n) == 0 ? from_system(&address, ret) : errno;
}

void loop_socket_shutdown(struct loop_socket *socket, bool reading, bool writing)
{
    int how = reading && writing ? SHUT_RDWR : reading ? SHUT_RD : SHUT_WR;
    (void)shutdown(socket->fd, how); /* ENOTCONN: see the header */
}

int loop_socket_send(struct loop_socket *socket, struct sw_str bytes, const struct loop_endpoint *remote,
                     size_t *ret_n)
{
    union sockaddr_any address;
    socklen_t n = remote ? to_system(remote, &address) : 0;
    ssize_t sent;
    do
        sent = sendto(socket->fd, bytes.p, bytes.n, MSG_NOSIGNAL, remote ? &address.any : NULL, n);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return errno;
    *ret_n = (size_t)sent;
    return 0;
}

int loop_socket_receive(struct loop_socket *socket, void *bytes, size_t n, size_t *ret_n,
                        struct loop_endpoint *ret_remote)
{
    union sockaddr_any address = {.any.sa_family = AF_UNSPEC};
    socklen_t address_n = sizeof address;
    ssize_t got;
    do
        got = recvfrom(socket->fd, bytes, n, 0, ret_remote ? &address.any : NULL,
                       ret_remote ? &address_n : NULL);
    while (got < 0 && errno == EINTR);
    int rc = got < 0 ? errno : ret_remote ? from_system(&address, ret_remote) : 0;
    if (rc == 0)
        *ret_n = (size_t)got;
    return rc;
}

/* ---- options ---- */

struct place {
    int level, name;
};

static struct place place_of(const struct loop_socket *socket, enum loop_socket_option option)
{
    static const struct place places[] = {
        [LOOP_SOCKET_KEEP_ALIVE] = {SOL_SOCKET, SO_KEEPALIVE},
        [LOOP_SOCKET_KEEP_ALIVE_IDLE] = {IPPROTO_TCP, TCP_KEEPIDLE},
        [LOOP_SOCKET_KEEP_ALIVE_INTERVAL] = {IPPROTO_TCP, TCP_KEEPINTVL},
        [LOOP_SOCKET_KEEP_ALIVE_COUNT] = {IPPROTO_TCP, TCP_KEEPCNT},
        [LOOP_SOCKET_HOP_LIMIT] = {IPPROTO_IP, IP_TTL},
        [LOOP_SOCKET_RECEIVE_BUFFER] = {SOL_SOCKET, SO_RCVBUF},
        [LOOP_SOCKET_SEND_BUFFER] = {SOL_SOCKET, SO_SNDBUF},
    };
    if (option == LOOP_SOCKET_HOP_LIMIT && socket->is_v6)
        return (struct place){IPPROTO_IPV6, IPV6_UNICAST_HOPS};
    return places[option];
}

static bool is_buffer(enum loop_socket_option option)
{
    return option == LOOP_SOCKET_RECEIVE_BUFFER || option == LOOP_SOCKET_SEND_BUFFER;
}

int loop_socket_option(const struct loop_socket *socket, enum loop_socket_option option, int *ret)
{
    struct place place = place_of(socket, option);
    int value = 0;
    socklen_t n = sizeof value;
    if (getsockopt(socket->fd, place.level, place.name, &value, &n) != 0)
        return errno;
    *ret = is_buffer(option) ? value / 2 : value; /* Linux doubles what it was told */
    return 0;
}

int loop_socket_option_set(struct loop_socket *socket, enum loop_socket_option option, int value)
{
    struct place place = place_of(socket, option);
    return set(socket->fd, place.level, place.name, value);
}
