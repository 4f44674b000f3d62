/* socket.c - tests of sockets call by call, over the loopback interface. */
#include "loop/socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "check.h"
#include "descriptors.h"
#include "loop/limits.h"

static struct sw_err err;

struct seen {
    struct loop *loop;
    unsigned events;
    int count;
};

static void on_ready(void *arg, unsigned events)
{
    struct seen *seen = arg;
    seen->events |= events;
    seen->count++;
    loop_stop(seen->loop);
}

static const struct loop_endpoint loopback = {.address.bytes = {127, 0, 0, 1}};

static struct loop_socket *made(struct seen *seen, bool is_datagram)
{
    struct loop_socket *socket = NULL;
    CHECK_INT(loop_socket_new(seen->loop, false, is_datagram, on_ready, seen, &socket), 0);
    return socket;
}

/* Two ends of one connection. */
static void connect_pair(struct seen *seen, struct loop_socket **ret_a, struct loop_socket **ret_b)
{
    struct loop_socket *listener = made(seen, false), *a = made(seen, false);
    struct loop_endpoint there, peer, local;
    CHECK_INT(loop_socket_bind(listener, &loopback), 0);
    CHECK_INT(loop_socket_listen(listener, 4), 0);
    CHECK_INT(loop_socket_local(listener, &there), 0);
    CHECK_INT(loop_socket_accept(listener, on_ready, seen, ret_b), EAGAIN);
    int rc = loop_socket_connect(a, &there);
    CHECK(rc == 0 || rc == EINPROGRESS);
    loop_socket_arm(a, LOOP_WRITABLE);
    CHECK_OK(loop_run(seen->loop, &err), &err);
    CHECK_INT(seen->events, LOOP_WRITABLE);
    CHECK_INT(loop_socket_connected(a), 0);
    CHECK_INT(loop_socket_ready(listener, LOOP_READABLE), LOOP_READABLE);
    CHECK_INT(loop_socket_accept(listener, on_ready, seen, ret_b), 0);
    CHECK_INT(loop_socket_remote(*ret_b, &peer), 0);
    CHECK_INT(loop_socket_local(a, &local), 0);
    CHECK(loop_endpoint_equal(&peer, &local));
    CHECK(!loop_endpoint_equal(&peer, &there));
    loop_socket_free(listener);
    *ret_a = a;
}

static void readiness_is_told_once_for_each_wait(void **state)
{
    struct seen seen = {0};
    struct loop_socket *a, *b;
    size_t n;
    (void)state;
    int before = descriptors();
    CHECK_OK(loop_new(&seen.loop, &err), &err);
    connect_pair(&seen, &a, &b);
    CHECK_INT(loop_socket_ready(b, LOOP_READABLE | LOOP_WRITABLE), LOOP_WRITABLE);
    CHECK_INT(loop_socket_send(a, SW_LIT("hello"), NULL, &n), 0);
    seen = (struct seen){.loop = seen.loop};
    loop_socket_arm(b, LOOP_READABLE);
    loop_socket_arm(b, LOOP_READABLE);
    CHECK_OK(loop_run(seen.loop, &err), &err);
    CHECK_INT(seen.events, LOOP_READABLE);
    CHECK_OK(loop_run(seen.loop, &err),
             &err); /* nobody waits: nothing is left to run for, though bytes are there */
    CHECK_INT(seen.count, 1);
    loop_socket_arm(b, LOOP_READABLE);
    CHECK_OK(loop_run(seen.loop, &err), &err);
    CHECK_INT(seen.count, 2);
    loop_socket_free(a);
    loop_socket_free(b);
    loop_socket_free(NULL);
    loop_free(seen.loop);
    CHECK_INT(descriptors(), before);
}

static void connection_that_is_refused_says_so(void **state)
{
    struct seen seen = {0};
    struct loop_endpoint there;
    (void)state;
    CHECK_OK(loop_new(&seen.loop, &err), &err);
    struct loop_socket *a = made(&seen, false), *nobody = made(&seen, false);
    CHECK_INT(loop_socket_bind(nobody, &loopback), 0); /* and does not listen */
    CHECK_INT(loop_socket_local(nobody, &there), 0);
    int rc = loop_socket_connect(a, &there);
    CHECK(rc == EINPROGRESS || rc == ECONNREFUSED);
    if (rc == EINPROGRESS) {
        loop_socket_arm(a, LOOP_WRITABLE);
        CHECK_OK(loop_run(seen.loop, &err), &err);
        CHECK_INT(loop_socket_connected(a), ECONNREFUSED);
    }
    CHECK_INT(loop_socket_remote(nobody, &there), ENOTCONN);
    loop_socket_free(a);
    loop_socket_free(nobody);
    loop_free(seen.loop);
}

static void disconnected_datagram_socket_keeps_its_port(void **state)
{
    struct seen seen = {0};
    struct loop_endpoint one, two, now;
    const struct loop_endpoint any = {.port = 0};
    char bytes[8];
    size_t n;
    (void)state;
    CHECK_OK(loop_new(&seen.loop, &err), &err);
    struct loop_socket *a = made(&seen, true), *b = made(&seen, true), *c = made(&seen, true);
    CHECK_INT(loop_socket_bind(a, &any), 0);
    CHECK_INT(loop_socket_bind(b, &loopback), 0);
    CHECK_INT(loop_socket_local(a, &one), 0);
    CHECK_INT(loop_socket_local(b, &two), 0);
    CHECK_INT(loop_socket_bind(c, &two), EADDRINUSE);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(loop_socket_connect(a, &two), 0);
        CHECK_INT(loop_socket_send(a, SW_LIT("hi"), NULL, &n), 0);
        CHECK_INT(loop_socket_receive(b, bytes, sizeof bytes, &n, &now), 0);
        CHECK_INT(n, 2);
        CHECK_INT(now.port, one.port);
        CHECK_INT(loop_socket_disconnect(a), 0);
        CHECK_INT(loop_socket_local(a, &now), 0);
        CHECK(loop_endpoint_equal(&now, &one));
    }
    CHECK_INT(loop_socket_receive(b, bytes, sizeof bytes, &n, &now), EAGAIN);
    CHECK_INT(loop_socket_send(a, SW_LIT("hi"), NULL, &n), EDESTADDRREQ);
    CHECK_INT(loop_socket_send(a, SW_LIT("hi"), &two, &n), 0);
    loop_socket_free(a);
    loop_socket_free(b);
    loop_socket_free(c);
    loop_free(seen.loop);
}

static void options_are_what_they_were_set_to(void **state)
{
    static const struct {
        enum loop_socket_option option;
        int value;
    } rows[] = {{LOOP_SOCKET_KEEP_ALIVE, 1},          {LOOP_SOCKET_KEEP_ALIVE_IDLE, 7},
                {LOOP_SOCKET_KEEP_ALIVE_INTERVAL, 8}, {LOOP_SOCKET_KEEP_ALIVE_COUNT, 9},
                {LOOP_SOCKET_HOP_LIMIT, 33},          {LOOP_SOCKET_RECEIVE_BUFFER, 20000},
                {LOOP_SOCKET_SEND_BUFFER, 20000}};
    struct seen seen = {0};
    (void)state;
    CHECK_OK(loop_new(&seen.loop, &err), &err);
    for (int is_v6 = 0; is_v6 < 2; is_v6++) {
        struct loop_socket *socket;
        if (loop_socket_new(seen.loop, is_v6, false, on_ready, &seen, &socket) == EAFNOSUPPORT)
            continue; /* a machine without IPv6 */
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            int value = 0;
            CHECK_INT(loop_socket_option_set(socket, rows[i].option, rows[i].value), 0);
            CHECK_INT(loop_socket_option(socket, rows[i].option, &value), 0);
            CHECK_INT(value, rows[i].value);
        }
        loop_socket_free(socket);
    }
    loop_free(seen.loop);
}

static struct sw_buf much(size_t n)
{
    struct sw_buf rest = SW_BUF(n);
    CHECK_OK(sw_buf_reserve(&rest, n, &err), &err);
    memset(rest.p, 'x', n);
    rest.n = n;
    return rest;
}

static void stuff(struct loop_socket *a)
{
    static const char bytes[1 << 16];
    size_t n;
    while (loop_socket_send(a, sw_str(bytes, sizeof bytes), NULL, &n) == 0) {
    }
}

static void what_is_left_is_sent_before_the_end(void **state)
{
    static char bytes[1 << 16];
    struct seen seen = {0};
    struct loop_socket *a, *b;
    size_t n = 1, total = 0;
    (void)state;
    CHECK_OK(loop_new(&seen.loop, &err), &err);
    connect_pair(&seen, &a, &b);
    stuff(a);
    struct sw_buf rest = much(100000);
    loop_socket_finish(a, &rest);
    CHECK_INT(rest.n, 0); /* taken */
    for (int i = 0; i < 100000 && n; i++) {
        int rc = loop_socket_receive(b, bytes, sizeof bytes, &n, NULL);
        CHECK(rc == 0 || rc == EAGAIN);
        total += rc == 0 ? n : 0;
        if (rc == EAGAIN) {
            loop_socket_arm(b, LOOP_READABLE);
            CHECK_OK(loop_run(seen.loop, &err), &err);
        }
    }
    CHECK_INT(n, 0); /* the end */
    CHECK(total > 100000);
    loop_socket_free(b);
    loop_free(seen.loop);
}

static void what_nobody_takes_ends_with_the_loop(void **state)
{
    struct seen seen = {0};
    struct loop_socket *a, *b;
    (void)state;
    int before = descriptors();
    CHECK_OK(loop_new(&seen.loop, &err), &err);
    for (int failing = 0; failing < 2; failing++) {
        connect_pair(&seen, &a, &b);
        seen.events = 0;
        stuff(a);
        struct sw_buf rest = much(100000);
        if (failing)
            sw_mem_fail_after(0);
        loop_socket_finish(a, &rest);
        sw_mem_fail_after(-1);
        CHECK_INT(rest.n, 0);
        loop_socket_free(b);
    }
    loop_free(seen.loop);
    CHECK_INT(descriptors(), before);
}

static void every_allocation_may_fail(void **state)
{
    struct seen seen = {0};
    bool done = false;
    (void)state;
    CHECK_OK(loop_new(&seen.loop, &err), &err);
    int before = descriptors();
    for (long n = 0; n < 20 && !done; n++) {
        struct loop_socket *socket;
        sw_mem_fail_after(n);
        int rc = loop_socket_new(seen.loop, false, false, on_ready, &seen, &socket);
        sw_mem_fail_after(-1);
        done = rc == 0;
        if (done)
            loop_socket_free(socket);
        else
            CHECK_INT(rc, ENOMEM);
        CHECK_INT(descriptors(), before);
    }
    CHECK(done);
    loop_free(seen.loop);
}

int main(void)
{
    struct loop *first = NULL; /* libuv opens two descriptors for the process, for good */
    if (loop_new(&first, &err) < 0)
        return 1;
    loop_free(first);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readiness_is_told_once_for_each_wait),
        cmocka_unit_test(connection_that_is_refused_says_so),
        cmocka_unit_test(disconnected_datagram_socket_keeps_its_port),
        cmocka_unit_test(options_are_what_they_were_set_to),
        cmocka_unit_test(what_is_left_is_sent_before_the_end),
        cmocka_unit_test(what_nobody_takes_ends_with_the_loop),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
