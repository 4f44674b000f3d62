/* sockets_tcp.c - TCP as a guest calls it: which call is right in which state, connections as carriers.  Room: host.
 *
 *   UNBOUND --start_bind--> BINDING --finish_bind--> BOUND --start_listen--> LISTEN_STARTED --finish_listen--> LISTENING
 *      |                                               |                                                         | accept
 *      `--------------start_connect-------> CONNECTING <'--finish_connect--> CONNECTED <------a new socket-------'
 *                                                |  the peer says no, or nobody does: CLOSED
 *
 * Invariants
 *  1. `rules` is asked first; only what it lets through touches the descriptor.
 *  2. What a guest has written is sent before the end (FIN) that a shutdown or a dropped output-stream asks for.
 * source: wasi:sockets@0.2.12 tcp.wit; TcpSocketOperationalSemantics.md of WebAssembly/WASI */
#include <errno.h>

#include "host/host_internal.h"
#include "host/limits.h"
#include "host/sockets.h"

enum step {
    START_BIND,
    FINISH_BIND,
    START_CONNECT,
    FINISH_CONNECT,
    START_LISTEN,
    FINISH_LISTEN,
    ACCEPT,
    REMOTE,
    SHUTDOWN,
    BACKLOG,
    STEPS
};

/* clang-format off */
#define OK HOST_SOCKET_OK
#define CC HOST_SOCKET_CONCURRENCY_CONFLICT
#define NP HOST_SOCKET_NOT_IN_PROGRESS
#define IS HOST_SOCKET_INVALID_STATE
static const uint8_t rules[HOST_SOCKET_STATES][STEPS] = {
    /*                              bind    connect listen  accept remote shutdown backlog */
    [HOST_SOCKET_UNBOUND] =        {OK, NP, OK, NP, IS, NP, IS,    IS,    IS,      OK},
    [HOST_SOCKET_BINDING] =        {CC, OK, CC, NP, CC, NP, IS,    IS,    IS,      OK},
    [HOST_SOCKET_BOUND] =          {IS, NP, OK, NP, OK, NP, IS,    IS,    IS,      OK},
    [HOST_SOCKET_CONNECTING] =     {CC, NP, CC, OK, CC, NP, IS,    IS,    IS,      IS},
    [HOST_SOCKET_CONNECTED] =      {IS, NP, IS, NP, IS, NP, IS,    OK,    OK,      IS},
    [HOST_SOCKET_LISTEN_STARTED] = {CC, NP, CC, NP, CC, OK, IS,    IS,    IS,      OK},
    [HOST_SOCKET_LISTENING] =      {IS, NP, IS, NP, IS, NP, OK,    IS,    IS,      OK},
    [HOST_SOCKET_CLOSED] =         {IS, NP, IS, NP, IS, NP, IS,    IS,    IS,      IS},
};
#undef OK
#undef CC
#undef NP
#undef IS
/* clang-format on */

static int may(const struct host_tcp *tcp, enum step step)
{
    return tcp->socket.os ? rules[tcp->socket.state][step] : HOST_SOCKET_INVALID_STATE;
}

/* ---- the loop's events ---- */

/* Sends what waits, as far as the kernel takes it. */
static void pump(struct host_tcp *tcp)
{
    struct loop_socket *os = tcp->socket.os;
    while (tcp->pending.n && !tcp->failed) {
        size_t n = 0;
        int rc = loop_socket_send(os, sw_buf_str(&tcp->pending), NULL, &n);
        if (rc == EAGAIN) {
            loop_socket_arm(os, LOOP_WRITABLE);
            return;
        }
        tcp->failed = rc;
        sw_buf_drop_front(&tcp->pending, rc ? tcp->pending.n : n);
    }
    if (tcp->write_over && !tcp->failed)
        loop_socket_shutdown(os, false, true);
}

static void on_ready(void *arg, unsigned events)
{
    struct host_tcp *tcp = arg;
    if (tcp->socket.state == HOST_SOCKET_CONNECTED && (events & LOOP_WRITABLE))
        pump(tcp);
    host_event_fire(&tcp->socket.changed);
    if (events & LOOP_READABLE)
        host_event_fire(&tcp->source.ready);
    if (events & LOOP_WRITABLE)
        host_event_fire(&tcp->sink.ready);
}

/* ---- life ---- */

/* With room for one more; without its descriptor. */
static int tcp_new(struct host *host, struct host_tcp **ret)
{
    if (host->socket_count >= HOST_SOCKETS_MAX)
        return HOST_SOCKET_LIMIT;
    struct host_tcp *tcp = host_object_new(&host->objects, sizeof *tcp);
    if (!tcp)
        return HOST_SOCKET_OUT_OF_MEMORY;
    tcp->socket.host = host;
    tcp->socket.refs = 1;
    tcp->backlog = HOST_SOCKET_BACKLOG;
    tcp->pending = SW_BUF(HOST_SOCKET_WRITE_BYTES_MAX);
    host_event_init(&tcp->socket.changed);
    host_event_init(&tcp->source.ready);
    host_event_init(&tcp->sink.ready);
    sw_list_init(&tcp->socket.link);
    *ret = tcp;
    return HOST_SOCKET_OK;
}

static void tcp_begin(struct host_tcp *tcp, bool is_v6)
{
    struct host *host = tcp->socket.host;
    tcp->socket.is_v6 = is_v6;
    sw_list_add_tail(&host->sockets, &tcp->socket.link);
    host->socket_count++;
}

int host_tcp_new(struct host *host, const struct host_grants *grants, bool is_v6, struct host_tcp **ret)
{
    struct host_tcp *tcp = NULL;
    if (!host->grants->outside || (!grants->may_listen && !host_network_granted(grants, SW_LIT("tcp"))))
        return HOST_SOCKET_DENIED;
    int rc = tcp_new(host, &tcp);
    if (rc)
        return rc;
    rc = host_socket_error_of(loop_socket_new(host->loop, is_v6, false, on_ready, tcp, &tcp->socket.os));
    if (rc) {
        HOST_FREE(host, tcp);
        return rc;
    }
    tcp_begin(tcp, is_v6);
    *ret = tcp;
    return HOST_SOCKET_OK;
}

void host_tcp_close(struct host_tcp *tcp)
{
    if (tcp->pending.n && !tcp->failed)
        loop_socket_finish(tcp->socket.os, &tcp->pending);
    else
        loop_socket_free(tcp->socket.os);
    sw_buf_deinit(&tcp->pending);
    host_object_free(&tcp->socket.host->objects, tcp->buffer, HOST_SOCKET_READ_BYTES);
    tcp->buffer = NULL;
}

/* ---- binding and listening ---- */

int host_tcp_start_bind(struct host_tcp *tcp, const struct host_grants *grants,
                        const struct loop_endpoint *local)
{
    int rc = may(tcp, START_BIND);
    if (rc == 0)
        rc = host_socket_check_family(&tcp->socket, local);
    if (rc == 0 && !host_address_is_unicast(&local->address))
        rc = HOST_SOCKET_INVALID_ARGUMENT;
    if (rc == 0 && !grants->may_listen) /* whatever hosts it may connect to (spin.md 4.7) */
        rc = HOST_SOCKET_DENIED;
    if (rc == 0)
        rc = host_socket_error_of(loop_socket_bind(tcp->socket.os, local));
    if (rc == 0)
        tcp->socket.state = HOST_SOCKET_BINDING;
    return rc;
}

int host_tcp_finish_bind(struct host_tcp *tcp)
{
    int rc = may(tcp, FINISH_BIND);
    if (rc == 0)
        tcp->socket.state = HOST_SOCKET_BOUND;
    return rc;
}

int host_tcp_start_listen(struct host_tcp *tcp, const struct host_grants *grants)
{
    int rc = may(tcp, START_LISTEN);
    if (rc == 0 && !grants->may_listen)
        rc = HOST_SOCKET_DENIED;
    if (rc == 0)
        rc = host_socket_error_of(loop_socket_listen(tcp->socket.os, tcp->backlog));
    if (rc == 0)
        tcp->socket.state = HOST_SOCKET_LISTEN_STARTED;
    return rc;
}

int host_tcp_finish_listen(struct host_tcp *tcp)
{
    int rc = may(tcp, FINISH_LISTEN);
    if (rc == 0)
        tcp->socket.state = HOST_SOCKET_LISTENING;
    return rc;
}

int host_tcp_backlog(struct host_tcp *tcp, uint64_t size)
{
    int rc = may(tcp, BACKLOG);
    if (rc == 0 && size == 0)
        rc = HOST_SOCKET_INVALID_ARGUMENT;
    if (rc)
        return rc;
    tcp->backlog = size < HOST_SOCKET_BACKLOG_MAX ? (int)size : HOST_SOCKET_BACKLOG_MAX;
    bool listens =
        tcp->socket.state == HOST_SOCKET_LISTENING || tcp->socket.state == HOST_SOCKET_LISTEN_STARTED;
    return listens ? host_socket_error_of(loop_socket_listen(tcp->socket.os, tcp->backlog)) : HOST_SOCKET_OK;
}

/* Linux tells what became of a connection that waited as failures of accept (accept(2)). */
static int accept_error(int number)
{
    switch (number) {
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ECONNRESET:
    case ENETRESET:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return HOST_SOCKET_ABORTED;
    default:
        return host_socket_error_of(number);
    }
}

int host_tcp_accept(struct host_tcp *tcp, struct host_tcp **ret)
{
    struct host_tcp *accepted = NULL;
    int rc = may(tcp, ACCEPT);
    if (rc == 0)
        rc = tcp_new(tcp->socket.host, &accepted);
    if (rc)
        return rc;
    rc = accept_error(loop_socket_accept(tcp->socket.os, on_ready, accepted, &accepted->socket.os));
    if (rc) {
        HOST_FREE(tcp->socket.host, accepted);
        return rc;
    }
    tcp_begin(accepted, tcp->socket.is_v6);
    accepted->socket.state = HOST_SOCKET_CONNECTED;
    *ret = accepted;
    return HOST_SOCKET_OK;
}

/* ---- connecting ---- */

static int connect_error(int number)
{
    if (number == EADDRNOTAVAIL || number == EAGAIN) /* no port is left (connect(2)) */
        return HOST_SOCKET_ADDRESS_IN_USE;
    return host_socket_error_of(number);
}

int host_tcp_start_connect(struct host_tcp *tcp, const struct host_grants *grants,
                           const struct loop_endpoint *remote)
{
    int rc = may(tcp, START_CONNECT);
    if (rc == 0)
        rc = host_socket_check_remote(&tcp->socket, remote);
    if (rc == 0 && !host_address_is_unicast(&remote->address))
        rc = HOST_SOCKET_INVALID_ARGUMENT;
    if (rc == 0)
        rc = host_network_permit(tcp->socket.host, grants, SW_LIT("tcp"), remote);
    if (rc)
        return rc;
    int number = loop_socket_connect(tcp->socket.os, remote);
    bool goes_on = number == 0 || number == EINPROGRESS;
    tcp->socket.state = goes_on ? HOST_SOCKET_CONNECTING : HOST_SOCKET_CLOSED;
    return goes_on ? HOST_SOCKET_OK : connect_error(number);
}

int host_tcp_finish_connect(struct host_tcp *tcp)
{
    int rc = may(tcp, FINISH_CONNECT);
    if (rc)
        return rc;
    int number = loop_socket_connected(tcp->socket.os);
    if (number == EAGAIN)
        return HOST_SOCKET_WOULD_BLOCK;
    tcp->socket.state = number ? HOST_SOCKET_CLOSED : HOST_SOCKET_CONNECTED;
    return connect_error(number);
}

int host_tcp_remote(const struct host_tcp *tcp, struct loop_endpoint *ret)
{
    int rc = may(tcp, REMOTE);
    return rc ? rc : host_socket_error_of(loop_socket_remote(tcp->socket.os, ret));
}

/* What a pollable of the socket waits for; 0: nothing. */
static unsigned awaited(const struct host_tcp *tcp)
{
    if (tcp->socket.state == HOST_SOCKET_CONNECTING)
        return LOOP_WRITABLE;
    return tcp->socket.state == HOST_SOCKET_LISTENING ? LOOP_READABLE : 0;
}

bool host_tcp_ready(const struct host_tcp *tcp)
{
    unsigned events = awaited(tcp);
    return !events || host_socket_ready(&tcp->socket, events);
}

struct host_event *host_tcp_watch(struct host_tcp *tcp)
{
    return host_socket_watch(&tcp->socket, awaited(tcp));
}

/* ---- what a connection carries ---- */

static int source_peek(struct host_source *source, struct sw_str *ret, struct sw_err *err)
{
    struct host_tcp *tcp = SW_CONTAINER(source, struct host_tcp, source);
    if (tcp->read_over || !tcp->socket.os)
        return SW_END;
    if (!tcp->buffer)
        tcp->buffer = host_object_new(&tcp->socket.host->objects, HOST_SOCKET_READ_BYTES);
    if (!tcp->buffer)
        return sw_fail(err, SW_ENOMEM, "no memory to read %u bytes of a connection", HOST_SOCKET_READ_BYTES);
    if (tcp->at == tcp->n) {
        size_t n = 0;
        int rc = loop_socket_receive(tcp->socket.os, tcp->buffer, HOST_SOCKET_READ_BYTES, &n, NULL);
        if (rc == EAGAIN) {
            loop_socket_arm(tcp->socket.os, LOOP_READABLE);
            return SW_WAIT;
        }
        tcp->read_over = rc || n == 0;
        if (tcp->read_over)
            return rc ? sw_fail_errno(err, SW_EIO, rc, "read from a connection") : SW_END;
        tcp->at = 0;
        tcp->n = n;
    }
    *ret = sw_str(tcp->buffer + tcp->at, tcp->n - tcp->at);
    return 0;
}

static void source_consume(struct host_source *source, size_t n)
{
    SW_CONTAINER(source, struct host_tcp, source)->at += n;
}

static void end_reading(struct host_tcp *tcp)
{
    tcp->read_over = true;
    if (tcp->socket.os)
        loop_socket_shutdown(tcp->socket.os, true, false);
    host_event_fire(&tcp->source.ready);
}

static void source_close(struct host_source *source)
{
    struct host_tcp *tcp = SW_CONTAINER(source, struct host_tcp, source);
    end_reading(tcp);
    host_socket_unref(&tcp->socket);
}

static int write_failure(const struct host_tcp *tcp, struct sw_err *err)
{
    return tcp->failed ? sw_fail_errno(err, SW_EIO, tcp->failed, "write to a connection")
                       : sw_fail(err, SW_EIO, "the connection was shut down for writing");
}

static bool takes_writes(const struct host_tcp *tcp)
{
    return tcp->socket.os && !tcp->write_over && !tcp->failed;
}

static size_t sink_room(struct host_sink *sink)
{
    const struct host_tcp *tcp = SW_CONTAINER(sink, struct host_tcp, sink);
    return HOST_SOCKET_WRITE_BYTES_MAX - tcp->pending.n;
}

static int sink_write(struct host_sink *sink, struct sw_str bytes, size_t *ret_n, struct sw_err *err)
{
    struct host_tcp *tcp = SW_CONTAINER(sink, struct host_tcp, sink);
    size_t sent = 0;
    if (!takes_writes(tcp))
        return write_failure(tcp, err);
    int rc = tcp->pending.n ? EAGAIN : loop_socket_send(tcp->socket.os, bytes, NULL, &sent);
    if (rc && rc != EAGAIN) {
        tcp->failed = rc;
        return write_failure(tcp, err);
    }
    struct sw_str rest = sw_str_head(sw_str_from(bytes, sent), sink_room(sink));
    if (rest.n) {
        rc = sw_buf_add(&tcp->pending, rest, err);
        if (rc < 0)
            return rc;
    }
    if (tcp->pending.n)
        loop_socket_arm(tcp->socket.os, LOOP_WRITABLE);
    *ret_n = sent + rest.n;
    return *ret_n || !bytes.n ? 0 : SW_WAIT;
}

static int sink_flush(struct host_sink *sink, struct sw_err *err)
{
    struct host_tcp *tcp = SW_CONTAINER(sink, struct host_tcp, sink);
    if (takes_writes(tcp))
        pump(tcp);
    if (!takes_writes(tcp))
        return write_failure(tcp, err);
    return tcp->pending.n ? SW_WAIT : 0;
}

static void end_writing(struct host_tcp *tcp)
{
    tcp->write_over = true;
    if (tcp->socket.os)
        pump(tcp);
    host_event_fire(&tcp->sink.ready);
}

static void sink_close(struct host_sink *sink)
{
    struct host_tcp *tcp = SW_CONTAINER(sink, struct host_tcp, sink);
    end_writing(tcp);
    host_socket_unref(&tcp->socket);
}

struct host_source *host_tcp_source(struct host_tcp *tcp)
{
    static const struct host_source_ops ops = {source_peek, source_consume, source_close};
    tcp->source.ops = &ops;
    host_socket_ref(&tcp->socket);
    return &tcp->source;
}

struct host_sink *host_tcp_sink(struct host_tcp *tcp)
{
    static const struct host_sink_ops ops = {sink_room, sink_write, sink_flush, sink_close};
    tcp->sink.ops = &ops;
    host_socket_ref(&tcp->socket);
    return &tcp->sink;
}

int host_tcp_shutdown(struct host_tcp *tcp, bool reading, bool writing)
{
    int rc = may(tcp, SHUTDOWN);
    if (rc)
        return rc;
    if (reading)
        end_reading(tcp);
    if (writing)
        end_writing(tcp);
    return HOST_SOCKET_OK;
}
