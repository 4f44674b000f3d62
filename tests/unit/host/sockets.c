/* sockets.c - sockets of a guest over the loopback interface: states, streams, datagrams, grants, the end of the host.  Tests: host. */
#include "host/wasi/sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/outbound.h"
#include "base/alloc.h"
#include "check.h"
#include "fake.h"
#include "host/bindings/sockets_tcp.h"
#include "host/bindings/sockets_tcp_create_socket.h"
#include "host/bindings/sockets_udp.h"
#include "host/bindings/sockets_udp_create_socket.h"
#include "host/limits.h"

#define CODE(name) HOST_SOCKETS_NETWORK_ERROR_CODE_##name
#define V4 HOST_SOCKETS_NETWORK_IP_ADDRESS_FAMILY_IPV4

struct counter { /* a resolver that counts what it is asked for */
    struct loop_resolver face;
    struct loop_resolver *system;
    unsigned asked;
};

static int counter_start(struct loop_resolver *face, struct loop_lookup *lookup, struct sw_str name,
                         struct sw_err *err)
{
    struct counter *counter = SW_CONTAINER(face, struct counter, face);
    counter->asked++;
    return counter->system->ops->start(counter->system, lookup, name, err);
}

static void counter_drop(struct loop_resolver *face, struct loop_lookup *lookup)
{
    const struct counter *counter = SW_CONTAINER(face, struct counter, face);
    counter->system->ops->drop(counter->system, lookup);
}

struct setup {
    struct fake fake;
    struct counter names;
    struct app app;
    struct app_component component;
    struct sw_str hosts[2];
    struct app_outbound *outbound;
    struct host_outside outside;
    struct loop_address blocked; /* zero: none */
    struct sockaddr_in peer;     /* of what listens */
    int listener, datagrams;
};

static bool permit(void *arg, const struct loop_address *address)
{
    const struct setup *s = arg;
    return memcmp(s->blocked.bytes, address->bytes, 16) != 0;
}

static void grant(struct setup *s, const char *one, const char *two)
{
    struct sw_err err;
    app_outbound_free(s->outbound);
    s->hosts[0] = sw_str_of(one);
    s->hosts[1] = sw_str_of(two ? two : one);
    s->component = (struct app_component){
        .id = SW_LIT("one"), .outbound_hosts = s->hosts, .outbound_host_count = two ? 2 : 1};
    s->app = (struct app){.components = &s->component, .component_count = 1};
    CHECK_OK(app_outbound_new(&s->app, &s->component, &s->outbound, &err), &err);
    s->fake.grants.outbound = s->outbound;
}

static int bound(int type, struct sockaddr_in *ret)
{
    socklen_t n = sizeof *ret;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0);
    *ret = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK_INT(bind(fd, (struct sockaddr *)ret, sizeof *ret), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)ret, &n), 0);
    return fd;
}

static void begin(struct setup *s)
{
    struct sockaddr_in other;
    memset(s, 0, sizeof *s);
    fake_init(&s->fake);
    s->outside = (struct host_outside){.permit = permit, .permit_arg = s};
    static const struct loop_resolver_ops counting = {counter_start, counter_drop};
    s->names = (struct counter){.face.ops = &counting, .system = loop_resolver_new(s->fake.loop)};
    s->outside.resolver = &s->names.face;
    s->blocked.bytes[0] = 0xee;
    s->fake.grants.outside = &s->outside;
    s->fake.grants.component = SW_LIT("one");
    grant(s, "*://*:*", NULL);
    s->listener = bound(SOCK_STREAM, &s->peer);
    CHECK_INT(listen(s->listener, 8), 0);
    s->datagrams = bound(SOCK_DGRAM, &other);
}

static void end(struct setup *s)
{
    fake_deinit(&s->fake);
    loop_resolver_free(s->names.system);
    app_outbound_free(s->outbound);
    (void)close(s->listener);
    (void)close(s->datagrams);
}

static int descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = -1; /* the folder's own */
    CHECK(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        n += entry->d_name[0] != '.';
    (void)closedir(dir);
    return n;
}

static struct host_sockets_network_ip_socket_address at(const struct sockaddr_in *address)
{
    struct loop_endpoint endpoint = {.port = ntohs(address->sin_port)};
    struct host_sockets_network_ip_socket_address ret;
    memcpy(endpoint.address.bytes, &address->sin_addr, 4);
    host_sockets_endpoint_to(&endpoint, &ret);
    return ret;
}

static struct sockaddr_in own_port(int fd)
{
    struct sockaddr_in address;
    socklen_t n = sizeof address;
    CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    return address;
}

/* ---- TCP ---- */

struct connection {
    struct host_sockets_tcp_tcp_socket *socket;
    struct host_io_streams_input_stream *in;
    struct host_io_streams_output_stream *out;
    int peer;
};

static void block(struct setup *s, struct host_io_poll_pollable *pollable)
{
    CHECK_INT(host_io_poll_pollable_block_wait(&s->fake.call, pollable), 0);
    host_io_poll_pollable_drop(s->fake.host, pollable);
}

static struct connection connected(struct setup *s)
{
    struct connection c = {.peer = -1};
    struct host_tuple_io_streams_input_stream_io_streams_output_stream streams;
    struct host_io_poll_pollable *ready;
    enum host_sockets_network_error_code code;
    struct component_call *call = &s->fake.call;
    CHECK_INT(host_sockets_tcp_create_socket_create_tcp_socket(call, V4, &c.socket, &code), 0);
    CHECK_INT(host_sockets_tcp_tcp_socket_start_connect(call, c.socket, NULL, at(&s->peer), &code), 0);
    CHECK_INT(host_sockets_tcp_tcp_socket_subscribe(call, c.socket, &ready), 0);
    block(s, ready);
    CHECK_INT(host_sockets_tcp_tcp_socket_finish_connect(call, c.socket, &streams, &code), 0);
    c.in = streams.f0;
    c.out = streams.f1;
    c.peer = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    CHECK(c.peer >= 0);
    return c;
}

static void dropped(struct setup *s, struct connection *c)
{
    host_sockets_tcp_tcp_socket_drop(s->fake.host, c->socket); /* before its streams: they keep it */
    if (c->in)
        host_io_streams_input_stream_drop(s->fake.host, c->in);
    if (c->out)
        host_io_streams_output_stream_drop(s->fake.host, c->out);
    (void)close(c->peer);
}

static void bytes_go_both_ways_and_end(void **state)
{
    struct setup s;
    struct host_io_streams_stream_error error;
    struct sw_str got;
    char text[8];
    (void)state;
    begin(&s);
    struct connection c = connected(&s);
    CHECK_INT(host_io_streams_input_stream_read(&s.fake.call, c.in, 10, &got, &error), 0);
    CHECK_INT(got.n, 0);
    CHECK_INT(send(c.peer, "hello", 5, 0), 5);
    CHECK_INT(host_io_streams_input_stream_blocking_read_wait(&s.fake.call, c.in, 2, &got, &error), 0);
    CHECK_STR(got, "he"); /* the rest is kept */
    CHECK_INT(host_io_streams_input_stream_blocking_read_wait(&s.fake.call, c.in, 10, &got, &error), 0);
    CHECK_STR(got, "llo");
    CHECK_INT(host_io_streams_output_stream_blocking_write_and_flush_wait(&s.fake.call, c.out, SW_LIT("back"),
                                                                          &error),
              0);
    CHECK_INT(recv(c.peer, text, sizeof text, 0), 4);
    CHECK_INT(shutdown(c.peer, SHUT_WR), 0);
    CHECK_INT(host_io_streams_input_stream_blocking_read_wait(&s.fake.call, c.in, 10, &got, &error),
              HOST_WIT_ERROR);
    CHECK_INT(error.tag, HOST_IO_STREAMS_STREAM_ERROR_CLOSED);
    dropped(&s, &c);
    end(&s);
}

/* Writes until nothing is taken, and gives how much that was; UINT64_MAX: a write failed. */
static uint64_t stuffed(struct setup *s, struct host_io_streams_output_stream *out)
{
    static char bytes[HOST_SOCKET_WRITE_BYTES_MAX];
    struct host_io_streams_stream_error error = {.tag = HOST_IO_STREAMS_STREAM_ERROR_CLOSED};
    uint64_t total = 0, room = 0;
    for (int i = 0; i < 10000; i++) {
        CHECK_INT(host_io_streams_output_stream_check_write(&s->fake.call, out, &room, &error), 0);
        CHECK(room <= HOST_SOCKET_WRITE_BYTES_MAX);
        if (room == 0)
            return total;
        int rc = host_io_streams_output_stream_write(&s->fake.call, out, sw_str(bytes, (size_t)room), &error);
        if (rc == HOST_WIT_ERROR && error.tag == HOST_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED)
            host_io_error_error_drop(s->fake.host, error.last_operation_failed);
        if (rc)
            return UINT64_MAX;
        total += room;
    }
    CHECK_NEVER("check-write never says 0");
    return 0;
}

static uint64_t drained(struct loop *loop, int fd, uint64_t wanted)
{
    static char bytes[1 << 16];
    struct sw_err err;
    uint64_t total = 0;
    struct loop_timer *timer;
    CHECK_OK(loop_timer_new(loop, (loop_timer_fn *)loop_stop, loop, &timer, &err), &err);
    for (int i = 0; i < 20000 && total < wanted; i++) {
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n == 0)
            break;
        if (n > 0) {
            total += (uint64_t)n;
            continue;
        }
        loop_timer_start(timer, 1); /* gives the loop a turn */
        CHECK_OK(loop_run(loop, &err), &err);
    }
    loop_timer_free(timer);
    return total;
}

static void writer_waits_for_a_slow_reader_and_loses_nothing(void **state)
{
    struct setup s;
    struct host_io_poll_pollable *ready;
    bool is_ready = true;
    (void)state;
    begin(&s);
    struct connection c = connected(&s);
    uint64_t total = stuffed(&s, c.out);
    CHECK(total != UINT64_MAX);
    CHECK_INT(host_io_streams_output_stream_subscribe(&s.fake.call, c.out, &ready), 0);
    CHECK_INT(host_io_poll_pollable_ready(&s.fake.call, ready, &is_ready), 0);
    CHECK(!is_ready);
    CHECK(drained(s.fake.loop, c.peer, total / 2) >= total / 2);
    block(&s, ready);
    host_io_streams_output_stream_drop(s.fake.host,
                                       c.out); /* with bytes that wait: the end comes behind them */
    c.out = NULL;
    host_io_streams_input_stream_drop(s.fake.host, c.in);
    c.in = NULL;
    int peer = c.peer;
    c.peer = -1;
    dropped(&s, &c);
    (void)drained(s.fake.loop, peer, UINT64_MAX); /* ends: the descriptor is closed */
    char one;
    CHECK_INT(recv(peer, &one, 1, 0), 0);
    (void)close(peer);
    end(&s);
}

static void shutdown_ends_each_direction_once(void **state)
{
    struct setup s;
    struct host_io_streams_stream_error error;
    enum host_sockets_network_error_code code;
    struct sw_str got;
    char text[4];
    (void)state;
    begin(&s);
    struct connection c = connected(&s);
    CHECK_INT(send(c.peer, "late", 4, 0), 4);
    for (int i = 0; i < 2; i++)
        CHECK_INT(host_sockets_tcp_tcp_socket_shutdown(&s.fake.call, c.socket,
                                                       HOST_SOCKETS_TCP_SHUTDOWN_TYPE_BOTH, &code),
                  0);
    CHECK_INT(host_io_streams_input_stream_read(&s.fake.call, c.in, 10, &got, &error), HOST_WIT_ERROR);
    CHECK_INT(host_io_streams_output_stream_write(&s.fake.call, c.out, SW_LIT("x"), &error), HOST_WIT_ERROR);
    CHECK_INT(recv(c.peer, text, sizeof text, 0), 0);
    dropped(&s, &c);
    end(&s);
}

static void what_the_host_closes_can_still_be_dropped(void **state)
{
    struct setup s;
    struct host_io_streams_stream_error error;
    enum host_sockets_network_error_code code;
    struct host_sockets_network_ip_socket_address address;
    struct sw_str got;
    uint64_t n;
    (void)state;
    begin(&s);
    struct connection c = connected(&s);
    host_sockets_close(s.fake.host);
    CHECK_INT(host_io_streams_input_stream_read(&s.fake.call, c.in, 10, &got, &error), HOST_WIT_ERROR);
    CHECK_INT(host_io_streams_output_stream_check_write(&s.fake.call, c.out, &n, &error), HOST_WIT_ERROR);
    CHECK_INT(host_sockets_tcp_tcp_socket_local_address(&s.fake.call, c.socket, &address, &code),
              HOST_WIT_ERROR);
    CHECK_INT(code, CODE(INVALID_STATE));
    CHECK_INT(host_sockets_tcp_tcp_socket_keep_alive_idle_time(&s.fake.call, c.socket, &n, &code),
              HOST_WIT_ERROR);
    dropped(&s, &c);
    end(&s);
}

/* ---- UDP ---- */

static struct host_sockets_udp_udp_socket *bound_udp(struct setup *s)
{
    const struct sockaddr_in any = {.sin_family = AF_INET};
    struct host_sockets_udp_udp_socket *socket;
    enum host_sockets_network_error_code code;
    CHECK_INT(host_sockets_udp_create_socket_create_udp_socket(&s->fake.call, V4, &socket, &code), 0);
    CHECK_INT(host_sockets_udp_udp_socket_start_bind(&s->fake.call, socket, NULL, at(&any), &code), 0);
    CHECK_INT(host_sockets_udp_udp_socket_finish_bind(&s->fake.call, socket, &code), 0);
    return socket;
}

typedef struct host_tuple_sockets_udp_incoming_datagram_stream_sockets_udp_outgoing_datagram_stream
    udp_streams;

static void streams_of(struct setup *s, struct host_sockets_udp_udp_socket *socket,
                       const struct sockaddr_in *remote, udp_streams *ret)
{
    struct host_option_sockets_network_ip_socket_address to = {.has = remote != NULL};
    enum host_sockets_network_error_code code;
    if (remote)
        to.value = at(remote);
    CHECK_INT(host_sockets_udp_udp_socket_stream(&s->fake.call, socket, to, ret, &code), 0);
}

static void drop_streams(struct setup *s, udp_streams *streams)
{
    host_sockets_udp_incoming_datagram_stream_drop(s->fake.host, streams->f0);
    host_sockets_udp_outgoing_datagram_stream_drop(s->fake.host, streams->f1);
}

static struct sockaddr_in local_of(struct setup *s, struct host_sockets_udp_udp_socket *socket)
{
    struct host_sockets_network_ip_socket_address address;
    enum host_sockets_network_error_code code;
    CHECK_INT(host_sockets_udp_udp_socket_local_address(&s->fake.call, socket, &address, &code), 0);
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(address.ipv4.port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static uint64_t sent(struct setup *s, udp_streams *streams, const struct sockaddr_in *to, uint64_t count)
{
    struct host_sockets_udp_outgoing_datagram items[HOST_SOCKET_DATAGRAMS_MAX + 1] = {{.data = SW_LIT("hi")}};
    enum host_sockets_network_error_code code;
    uint64_t n = 0;
    for (uint64_t i = 0; i < count; i++) {
        items[i].data = SW_LIT("hi");
        items[i].remote_address.has = to != NULL;
        if (to)
            items[i].remote_address.value = at(to);
    }
    CHECK_INT(host_sockets_udp_outgoing_datagram_stream_check_send(&s->fake.call, streams->f1, &n, &code), 0);
    const struct host_list_sockets_udp_outgoing_datagram list = {items, count};
    return host_sockets_udp_outgoing_datagram_stream_send(&s->fake.call, streams->f1, list, &n, &code) == 0
               ? n
               : 100u + code;
}

static size_t received(struct setup *s, udp_streams *streams, uint64_t most)
{
    struct host_list_sockets_udp_incoming_datagram list;
    enum host_sockets_network_error_code code;
    CHECK_INT(
        host_sockets_udp_incoming_datagram_stream_receive(&s->fake.call, streams->f0, most, &list, &code), 0);
    return list.n;
}

static void only_who_may_be_sent_to_is_heard(void **state)
{
    char entry[64];
    struct setup s;
    struct sockaddr_in stranger_at;
    udp_streams streams;
    (void)state;
    begin(&s);
    struct sockaddr_in friend_at = own_port(s.datagrams);
    (void)snprintf(entry, sizeof entry, "udp://127.0.0.1:%u", (unsigned)ntohs(friend_at.sin_port));
    grant(&s, entry, NULL);
    int stranger = bound(SOCK_DGRAM, &stranger_at);
    struct host_sockets_udp_udp_socket *socket = bound_udp(&s);
    struct sockaddr_in own = local_of(&s, socket);
    streams_of(&s, socket, NULL, &streams);
    for (int i = 0; i < HOST_SOCKET_STRANGERS_MAX; i++)
        CHECK_INT(sendto(stranger, "evil", 4, 0, (struct sockaddr *)&own, sizeof own), 4);
    CHECK_INT(sendto(s.datagrams, "good", 4, 0, (struct sockaddr *)&own, sizeof own), 4);
    CHECK_INT(received(&s, &streams, 5), 0); /* as many as one call looks at */
    CHECK_INT(received(&s, &streams, 5), 1);
    CHECK_INT(sent(&s, &streams, &stranger_at, 1), 100 + CODE(ACCESS_DENIED));
    CHECK_INT(sent(&s, &streams, &friend_at, 1), 1);
    s.blocked = (struct loop_address){.bytes = {127, 0, 0, 1}};
    CHECK_INT(sent(&s, &streams, &friend_at, 1), 100 + CODE(ACCESS_DENIED));
    CHECK_INT(sendto(s.datagrams, "good", 4, 0, (struct sockaddr *)&own, sizeof own), 4);
    CHECK_INT(received(&s, &streams, 5), 0);
    drop_streams(&s, &streams);
    host_sockets_udp_udp_socket_drop(s.fake.host, socket);
    (void)close(stranger);
    end(&s);
}

static void the_newest_streams_work_and_the_port_stays(void **state)
{
    struct setup s;
    udp_streams first, second;
    uint64_t n;
    enum host_sockets_network_error_code code;
    (void)state;
    begin(&s);
    struct sockaddr_in peer = own_port(s.datagrams);
    struct host_sockets_udp_udp_socket *socket = bound_udp(&s);
    struct sockaddr_in before = local_of(&s, socket);
    streams_of(&s, socket, &peer, &first);
    CHECK_INT(sent(&s, &first, NULL, 1), 1);
    CHECK_INT(sent(&s, &first, &peer, HOST_SOCKET_DATAGRAMS_MAX), HOST_SOCKET_DATAGRAMS_MAX);
    streams_of(&s, socket, NULL, &second);
    CHECK_INT(local_of(&s, socket).sin_port, before.sin_port);
    CHECK_INT(sent(&s, &second, NULL, 1), 100 + CODE(INVALID_ARGUMENT));
    CHECK_INT(sent(&s, &second, &peer, 1), 1);
    CHECK_INT(host_sockets_udp_outgoing_datagram_stream_check_send(&s.fake.call, first.f1, &n, &code),
              HOST_WIT_ERROR);
    CHECK_INT(code, CODE(INVALID_STATE));
    host_sockets_udp_udp_socket_drop(s.fake.host, socket);
    CHECK_INT(sent(&s, &second, &peer, 1), 1); /* the streams keep it */
    drop_streams(&s, &first);
    drop_streams(&s, &second);
    end(&s);
}

static void more_than_permitted_traps(void **state)
{
    static struct host_sockets_udp_outgoing_datagram items[HOST_SOCKET_DATAGRAMS_MAX + 1];
    struct setup s;
    udp_streams streams;
    uint64_t n;
    enum host_sockets_network_error_code code;
    (void)state;
    begin(&s);
    struct host_sockets_udp_udp_socket *socket = bound_udp(&s);
    streams_of(&s, socket, NULL, &streams);
    struct host_list_sockets_udp_outgoing_datagram list = {items, 1};
    fake_trapped(&s.fake,
                 host_sockets_udp_outgoing_datagram_stream_send(&s.fake.call, streams.f1, list, &n, &code),
                 "1 datagrams are more than check-send permitted");
    CHECK_INT(host_sockets_udp_outgoing_datagram_stream_check_send(&s.fake.call, streams.f1, &n, &code), 0);
    CHECK_INT(n, HOST_SOCKET_DATAGRAMS_MAX);
    list.n = HOST_SOCKET_DATAGRAMS_MAX + 1;
    fake_trapped(&s.fake,
                 host_sockets_udp_outgoing_datagram_stream_send(&s.fake.call, streams.f1, list, &n, &code),
                 "17 datagrams");
    drop_streams(&s, &streams);
    host_sockets_udp_udp_socket_drop(s.fake.host, socket);
    end(&s);
}

/* ---- names ---- */

static int looked_up(struct setup *s, const char *name, struct host_lookup **ret)
{
    return host_lookup_new(s->fake.host, &s->fake.grants, sw_str_of(name), ret);
}

static void a_name_opens_what_it_was_found_to_be(void **state)
{
    struct setup s;
    struct host_lookup *lookup = NULL;
    struct loop_address address;
    char entry[64];
    bool has = true, found = false;
    struct sw_err err;
    (void)state;
    begin(&s);
    (void)snprintf(entry, sizeof entry, "tcp://localhost:%u", (unsigned)ntohs(s.peer.sin_port));
    grant(&s, entry, "http://127.0.0.1:*");
    struct loop_endpoint there = {.address.bytes = {127, 0, 0, 1}, .port = ntohs(s.peer.sin_port)};
    CHECK(!host_network_allows(s.fake.host, &s.fake.grants, SW_LIT("tcp"), &there));
    CHECK_INT(looked_up(&s, "other.example", &lookup), HOST_SOCKET_DENIED);
    CHECK_HAS(s.fake.output.p, "'tcp://other.example'");
    CHECK_INT(looked_up(&s, "one.spin.internal", &lookup), HOST_SOCKET_NAME_UNRESOLVABLE);
    CHECK_INT(looked_up(&s, "no name", &lookup), HOST_SOCKET_INVALID_ARGUMENT);
    CHECK_INT(s.names.asked, 0);
    for (int i = 0; i < HOST_NAMES_MAX + 2; i++) { /* the oldest go */
        CHECK_INT(looked_up(&s, "localhost", &lookup), HOST_SOCKET_OK);
        CHECK_INT(host_lookup_next(lookup, &has, &address), HOST_SOCKET_WOULD_BLOCK);
        while (!lookup->is_over)
            CHECK_OK(host_event_wait(&lookup->changed, component_call_engine(&s.fake.call), &err), &err);
        while (host_lookup_next(lookup, &has, &address) == 0 && has)
            found |= !address.is_v6 && address.bytes[0] == 127;
        host_lookup_unref(lookup);
    }
    CHECK(found);
    CHECK_INT(s.names.asked, HOST_NAMES_MAX + 2);
    CHECK(host_network_allows(s.fake.host, &s.fake.grants, SW_LIT("tcp"), &there));
    CHECK(!host_network_allows(s.fake.host, &s.fake.grants, SW_LIT("udp"), &there));
    CHECK_INT(s.names.asked, HOST_NAMES_MAX + 2); /* no second look-up */
    there.port++;
    CHECK(!host_network_allows(s.fake.host, &s.fake.grants, SW_LIT("tcp"), &there));
    host_sockets_close(s.fake.host); /* forgets the names; their memory is the objects' */
    s.fake.host->objects.live -= HOST_NAMES_MAX;
    end(&s);
}

static void a_look_up_that_nobody_waits_for_is_forgotten(void **state)
{
    struct setup s;
    struct host_lookup *lookups[HOST_LOOKUPS_MAX + 1];
    (void)state;
    begin(&s);
    for (int i = 0; i < HOST_LOOKUPS_MAX; i++)
        CHECK_INT(looked_up(&s, "localhost", &lookups[i]), HOST_SOCKET_OK);
    CHECK_INT(looked_up(&s, "localhost", &lookups[HOST_LOOKUPS_MAX]), HOST_SOCKET_RESOLVER_BUSY);
    for (int i = 0; i < HOST_LOOKUPS_MAX; i++)
        host_lookup_unref(lookups[i]);
    CHECK_INT(s.fake.host->lookup_count, 0);
    struct sw_err err;
    CHECK_OK(loop_run(s.fake.loop, &err), &err); /* the threads' answers come to nobody */
    end(&s);
}

/* ---- grants and limits ---- */

static void nothing_is_made_without_a_grant(void **state)
{
    struct setup s;
    struct host_sockets_tcp_tcp_socket *tcp;
    struct host_sockets_udp_udp_socket *udp;
    struct host_lookup *lookup;
    enum host_sockets_network_error_code code = CODE(UNKNOWN);
    static const char *const other[] = {"http://*:*", "udp://*:*", "tcp://*:*", NULL};
    (void)state;
    begin(&s);
    int before = descriptors();
    for (int i = 0; i < 5; i++) {
        if (i < 3)
            grant(&s, other[i], NULL);
        if (i == 3)
            s.fake.grants.outbound = NULL;
        if (i == 4)
            s.fake.grants.outside = NULL;
        CHECK_INT(host_sockets_tcp_create_socket_create_tcp_socket(&s.fake.call, V4, &tcp, &code),
                  i == 2 ? 0 : HOST_WIT_ERROR);
        if (i == 2)
            host_sockets_tcp_tcp_socket_drop(s.fake.host, tcp);
        else
            CHECK_INT(code, CODE(ACCESS_DENIED));
        CHECK_INT(host_sockets_udp_create_socket_create_udp_socket(&s.fake.call, V4, &udp, &code),
                  i == 1 ? 0 : HOST_WIT_ERROR);
        if (i == 1)
            host_sockets_udp_udp_socket_drop(s.fake.host, udp);
        if (i == 0 || i > 2)
            CHECK_INT(looked_up(&s, "127.0.0.1", &lookup), HOST_SOCKET_DENIED);
        if (i == 0 || i > 2)
            CHECK_INT(looked_up(&s, "localhost", &lookup), HOST_SOCKET_DENIED);
    }
    CHECK_INT(s.names.asked, 0);
    CHECK_INT(descriptors(), before);
    end(&s);
}

static void sockets_are_counted_and_closed_with_the_host(void **state)
{
    struct setup s;
    struct host_sockets_tcp_tcp_socket *sockets[HOST_SOCKETS_MAX + 1];
    enum host_sockets_network_error_code code;
    (void)state;
    begin(&s);
    int before = descriptors();
    for (int i = 0; i < HOST_SOCKETS_MAX; i++)
        CHECK_INT(host_sockets_tcp_create_socket_create_tcp_socket(&s.fake.call, V4, &sockets[i], &code), 0);
    CHECK_INT(
        host_sockets_tcp_create_socket_create_tcp_socket(&s.fake.call, V4, &sockets[HOST_SOCKETS_MAX], &code),
        HOST_WIT_ERROR);
    CHECK_INT(code, CODE(NEW_SOCKET_LIMIT));
    CHECK_INT(descriptors(), before + HOST_SOCKETS_MAX);
    host_sockets_close(s.fake.host);
    CHECK_INT(descriptors(), before);
    for (int i = 0; i < HOST_SOCKETS_MAX; i++)
        host_sockets_tcp_tcp_socket_drop(s.fake.host, sockets[i]);
    end(&s);
}

/* ---- every allocation may fail ---- */

/* All of it, as far as memory goes; what was made is dropped. Returns whether it came to the end. */
static bool scenario(struct setup *s)
{
    struct component_call *call = &s->fake.call;
    struct host *host = s->fake.host;
    struct host_tuple_io_streams_input_stream_io_streams_output_stream streams;
    struct host_io_poll_pollable *ready = NULL;
    struct host_sockets_tcp_tcp_socket *tcp = NULL;
    struct host_sockets_udp_udp_socket *udp = NULL;
    struct host_io_streams_stream_error error;
    struct sw_str got;
    udp_streams datagrams;
    enum host_sockets_network_error_code code;
    bool good = host_sockets_tcp_create_socket_create_tcp_socket(call, V4, &tcp, &code) == 0;
    if (!good)
        return false;
    good = host_sockets_tcp_tcp_socket_start_connect(call, tcp, NULL, at(&s->peer), &code) == 0 &&
           host_sockets_tcp_tcp_socket_subscribe(call, tcp, &ready) == 0;
    if (ready) {
        good = good && host_io_poll_pollable_block_wait(call, ready) == 0;
        host_io_poll_pollable_drop(host, ready);
    }
    good = good && host_sockets_tcp_tcp_socket_finish_connect(call, tcp, &streams, &code) == 0;
    if (good) {
        int rc = host_io_streams_input_stream_read(call, streams.f0, 10, &got, &error);
        if (rc == HOST_WIT_ERROR && error.tag == HOST_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED)
            host_io_error_error_drop(host, error.last_operation_failed);
        good = stuffed(s, streams.f1) != UINT64_MAX && rc == 0;
        host_io_streams_input_stream_drop(host, streams.f0);
        host_io_streams_output_stream_drop(host, streams.f1);
    }
    host_sockets_tcp_tcp_socket_drop(host, tcp);
    if (!good || host_sockets_udp_create_socket_create_udp_socket(call, V4, &udp, &code) != 0)
        return false;
    const struct sockaddr_in any = {.sin_family = AF_INET};
    const struct host_option_sockets_network_ip_socket_address all = {.has = false};
    good = host_sockets_udp_udp_socket_start_bind(call, udp, NULL, at(&any), &code) == 0 &&
           host_sockets_udp_udp_socket_finish_bind(call, udp, &code) == 0 &&
           host_sockets_udp_udp_socket_stream(call, udp, all, &datagrams, &code) == 0;
    if (good) {
        struct host_list_sockets_udp_incoming_datagram list;
        good = host_sockets_udp_incoming_datagram_stream_receive(call, datagrams.f0, 1, &list, &code) == 0;
        drop_streams(s, &datagrams);
    }
    host_sockets_udp_udp_socket_drop(host, udp);
    return good;
}

static void every_allocation_may_fail(void **state)
{
    bool done = false;
    (void)state;
    for (long n = 0; n < 200 && !done; n++) {
        struct setup s;
        begin(&s);
        int before = descriptors();
        sw_mem_fail_after(n);
        done = scenario(&s);
        sw_mem_fail_after(-1);
        s.fake.failure = (struct engine_failure){0}; /* trapped, maybe */
        struct sw_err err;
        int peer = accept4(s.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (peer >= 0) { /* what was written comes, or the end of what could not be kept */
            (void)drained(s.fake.loop, peer, UINT64_MAX);
            (void)close(peer);
        }
        CHECK_OK(loop_run(s.fake.loop, &err), &err);
        CHECK_INT(descriptors(), before);
        CHECK_INT(s.fake.host->socket_count, 0);
        end(&s);
    }
    CHECK(done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways_and_end),
        cmocka_unit_test(writer_waits_for_a_slow_reader_and_loses_nothing),
        cmocka_unit_test(shutdown_ends_each_direction_once),
        cmocka_unit_test(what_the_host_closes_can_still_be_dropped),
        cmocka_unit_test(only_who_may_be_sent_to_is_heard),
        cmocka_unit_test(the_newest_streams_work_and_the_port_stays),
        cmocka_unit_test(more_than_permitted_traps),
        cmocka_unit_test(a_name_opens_what_it_was_found_to_be),
        cmocka_unit_test(a_look_up_that_nobody_waits_for_is_forgotten),
        cmocka_unit_test(nothing_is_made_without_a_grant),
        cmocka_unit_test(sockets_are_counted_and_closed_with_the_host),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
