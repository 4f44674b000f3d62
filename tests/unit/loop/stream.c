/* stream.c - tests of byte streams.  Room: tests. */
#include "check.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "loop/descriptors.h"
#include "loop/loop.h"

struct world {
    struct loop *loop;
    struct loop_stream *stream;
    struct loop_timer *timer;
    int peer; /* the other end */
    char got[65536];
    size_t got_n;
    int readable, writable, closed;
    int end;    /* what ended reading: SW_END or < 0 */
    bool leave; /* close the stream in the callback */
    bool sips;  /* read once per callback, eight bytes at most, as a parser that waits for more does */
};

static struct sw_err err;

static void on_readable(void *arg)
{
    struct world *world = arg;
    world->readable++;
    if (world->leave) {
        loop_stream_close(world->stream);
        return;
    }
    for (;;) {
        size_t n = 0;
        size_t max = world->sips ? 8 : 4096;
        int rc = loop_stream_read(world->stream, world->got + world->got_n % 4096, max, &n, &err);
        if (rc == SW_WAIT)
            return;
        if (rc != 0) {
            world->end = rc;
            loop_stop(world->loop);
            return;
        }
        world->got_n += n;
        if (world->sips)
            return;
    }
}

static void on_writable(void *arg)
{
    struct world *world = arg;
    world->writable++;
    loop_stop(world->loop);
}

static void on_closed(void *arg)
{
    struct world *world = arg;
    world->closed++;
}

static const struct loop_stream_events events = {on_readable, on_writable, on_closed};

static void on_timer(void *arg)
{
    struct world *world = arg;
    loop_stop(world->loop);
}

static void run_for(struct world *world, uint64_t ms)
{
    loop_timer_start(world->timer, ms);
    CHECK_OK(loop_run(world->loop, &err), &err);
    loop_timer_stop(world->timer);
}

static void begin(struct world *world, int mine, int peer)
{
    memset(world, 0, sizeof *world);
    world->peer = peer;
    CHECK_OK(loop_new(&world->loop, &err), &err);
    CHECK_OK(loop_timer_new(world->loop, on_timer, world, &world->timer, &err), &err);
    CHECK_OK(loop_stream_open(world->loop, mine, &events, world, &world->stream, &err), &err);
}

static void finish(struct world *world)
{
    loop_stream_close(world->stream);
    CHECK_INT(world->closed, 0); /* never inside the function that asks for it */
    loop_timer_free(world->timer);
    loop_free(world->loop);
    CHECK_INT(world->closed, 1);
    if (world->peer >= 0)
        (void)close(world->peer);
}

static void pair(int fds[2]) /* two connected TCP sockets */
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_INT(listen(listener, 1), 0);
    CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &n), 0);
    fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(connect(fds[1], (struct sockaddr *)&address, n), 0);
    fds[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    CHECK(fds[0] >= 0);
    (void)close(listener);
}

static void bytes_come_when_reading_is_on_and_stay_when_it_is_off(void **state)
{
    static struct world world;
    int fds[2];
    (void)state;
    pair(fds);
    begin(&world, fds[0], fds[1]);
    CHECK_INT(write(world.peer, "hello", 5), 5);
    run_for(&world, 20);
    CHECK_INT(world.readable, 0);
    loop_stream_reading(world.stream, true);
    run_for(&world, 20);
    CHECK_STR(sw_str(world.got, world.got_n), "hello");
    int calls = world.readable;
    loop_stream_reading(world.stream, false);
    CHECK_INT(write(world.peer, "more", 4), 4);
    run_for(&world, 20);
    CHECK_INT(world.readable, calls);
    loop_stream_reading(world.stream, true); /* what came meanwhile is reported */
    run_for(&world, 20);
    CHECK_INT(world.got_n, 9);
    finish(&world);
}

static void the_end_of_the_peer_is_told_once_and_writing_goes_on(void **state)
{
    static struct world world;
    int fds[2];
    char back[8];
    (void)state;
    pair(fds);
    begin(&world, fds[0], fds[1]);
    loop_stream_reading(world.stream, true);
    CHECK_INT(write(world.peer, "last", 4), 4);
    CHECK_INT(shutdown(world.peer, SHUT_WR), 0);
    run_for(&world, 100);
    CHECK_INT(world.end, SW_END);
    CHECK_INT(world.got_n, 4);
    int calls = world.readable;
    run_for(&world, 20); /* the kernel would report the end for ever */
    CHECK_INT(world.readable, calls);
    size_t n = 0;
    struct iovec parts[2] = {{(char[]){"ab"}, 2}, {(char[]){"cd"}, 2}};
    CHECK_OK(loop_stream_writev(world.stream, parts, 2, &n, &err), &err);
    CHECK_INT(n, 4);
    CHECK_INT(read(world.peer, back, sizeof back), 4);
    loop_stream_shutdown(world.stream);
    CHECK_INT(read(world.peer, back, sizeof back), 0);
    run_for(&world, 20); /* both directions ended: quiet */
    CHECK_INT(world.readable, calls);
    finish(&world);
}

static void reset(int fd)
{
    struct linger hard = {1, 0};
    CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    (void)close(fd);
}

static void a_reset_that_comes_with_bytes_is_told_after_them(void **state)
{
    static struct world world;
    (void)state;
    for (int paused = 0; paused < 2; paused++) {
        int fds[2];
        pair(fds);
        CHECK_INT(write(fds[1], "twenty bytes, three s", 20), 20);
        reset(fds[1]);
        begin(&world, fds[0], -1);
        world.sips = true;
        loop_stream_reading(world.stream, true);
        if (paused) { /* one sip, then back-pressure for a while */
            run_for(&world, 0);
            loop_stream_reading(world.stream, false);
            run_for(&world, 20);
            CHECK_INT(world.end, 0);
            loop_stream_reading(world.stream, true);
        }
        run_for(&world, 200);
        CHECK_INT(world.got_n, 20);
        CHECK_INT(world.end, -SW_EIO);
        CHECK_HAS(err.text, "read from the peer: Connection reset by peer");
        int calls = world.readable;
        run_for(&world, 20);
        CHECK_INT(world.readable, calls); /* once told, it is over */
        finish(&world);
    }
}

static void a_reset_is_an_error_whether_reading_is_on_or_off(void **state)
{
    static struct world world;
    (void)state;
    for (int reading = 0; reading < 2; reading++) {
        int fds[2];
        pair(fds);
        begin(&world, fds[0], fds[1]);
        loop_stream_reading(world.stream, true);
        run_for(&world, 5);
        loop_stream_reading(world.stream, reading);
        if (!reading) { /* bytes nobody wants make it stop watching for them */
            CHECK_INT(write(world.peer, "x", 1), 1);
            run_for(&world, 20);
            CHECK_INT(world.readable, 0);
        }
        reset(world.peer);
        world.peer = -1;
        run_for(&world, 200);
        CHECK_INT(world.readable, 1);
        CHECK_INT(world.end, -SW_EIO);
        CHECK_HAS(err.text, "read from the peer: Connection reset by peer");
        struct iovec part = {(char[]){"x"}, 1};
        size_t n = 0;
        CHECK_INT(loop_stream_writev(world.stream, &part, 1, &n, &err), -SW_EIO);
        CHECK_HAS(err.text, "write to the peer: ");
        run_for(&world, 20);
        CHECK_INT(world.readable, 1);
        finish(&world);
    }
}

/* Fills the socket. */
static size_t fill(struct world *world)
{
    static char block[65536];
    struct iovec part = {block, sizeof block};
    size_t total = 0;
    for (;;) {
        size_t n = 0;
        int rc = loop_stream_writev(world->stream, &part, 1, &n, &err);
        if (rc == SW_WAIT)
            return total;
        CHECK_OK(rc, &err);
        total += n;
        CHECK(total < 64u * 1024 * 1024);
    }
}

static void a_full_socket_gives_wait_and_writable_comes_when_the_peer_reads(void **state)
{
    static struct world world;
    static char drop[1 << 20];
    int fds[2];
    (void)state;
    pair(fds);
    begin(&world, fds[0], fds[1]);
    size_t total = fill(&world);
    run_for(&world, 20);
    CHECK_INT(world.writable, 0);
    size_t back = 0;
    while (back < total) {
        ssize_t n = read(world.peer, drop, sizeof drop);
        CHECK(n > 0);
        back += (size_t)n;
    }
    run_for(&world, 1000);
    CHECK_INT(world.writable, 1);
    run_for(&world, 20); /* once per SW_WAIT */
    CHECK_INT(world.writable, 1);
    finish(&world);
}

static void urgent_data_does_not_keep_the_loop_busy(void **state)
{
    static struct world world;
    int fds[2];
    (void)state;
    pair(fds);
    begin(&world, fds[0], fds[1]);
    CHECK_INT(send(world.peer, "!", 1, MSG_OOB), 1);
    struct timespec before;
    struct timespec after;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    run_for(&world, 100);
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    long long ns = (after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec - before.tv_nsec;
    CHECK(ns < 50 * 1000 * 1000);
    CHECK_INT(world.readable, 0);
    finish(&world);
}

static void a_stream_may_be_closed_in_its_callback_and_closes_exactly_once(void **state)
{
    static struct world world;
    int fds[2];
    (void)state;
    pair(fds);
    begin(&world, fds[0], fds[1]);
    world.leave = true;
    loop_stream_reading(world.stream, true);
    CHECK_INT(write(world.peer, "x", 1), 1);
    loop_timer_start(world.timer, 20);
    CHECK_OK(loop_run(world.loop, &err), &err);
    CHECK_INT(world.readable, 1);
    CHECK_INT(world.closed, 1);
    char c;
    CHECK(read(world.peer, &c, 1) <= 0); /* our end is closed */
    (void)close(world.peer);
    loop_timer_free(world.timer);
    loop_free(world.loop);
    CHECK_INT(world.closed, 1);
}

static void a_closed_stream_refuses_reads_and_writes(void **state)
{
    static struct world world;
    int fds[2];
    (void)state;
    pair(fds);
    begin(&world, fds[0], fds[1]);
    char text[64];
    CHECK_INT(loop_stream_peer(world.stream, text, sizeof text), 0);
    CHECK_INT(strncmp(text, "127.0.0.1:", 10), 0);
    CHECK_INT(loop_stream_peer(world.stream, text, 5), SW_ABSENT);
    loop_stream_close(world.stream);
    loop_stream_close(world.stream);
    size_t n = 0;
    char byte = 0;
    struct iovec part = {&byte, 1};
    CHECK_INT(loop_stream_read(world.stream, &byte, 1, &n, &err), -SW_EIO);
    CHECK_INT(loop_stream_writev(world.stream, &part, 1, &n, &err), -SW_EIO);
    CHECK_INT(loop_stream_peer(world.stream, text, sizeof text), SW_ABSENT);
    finish(&world);
}

static void pipes_are_streams_too_and_a_lost_reader_is_an_error(void **state)
{
    static struct world world;
    int fds[2];
    size_t n = 0;
    (void)state;
    CHECK_INT(pipe(fds), 0);
    begin(&world, fds[0], fds[1]);
    loop_stream_reading(world.stream, true);
    CHECK_INT(write(world.peer, "abc", 3), 3);
    (void)close(world.peer);
    world.peer = -1;
    run_for(&world, 100);
    CHECK_INT(world.end, SW_END);
    CHECK_STR(sw_str(world.got, world.got_n), "abc");
    finish(&world);

    CHECK_INT(pipe(fds), 0);
    begin(&world, fds[1], fds[0]);
    struct iovec parts[2] = {{(char[]){"ab"}, 2}, {(char[]){"cd"}, 2}};
    CHECK_OK(loop_stream_writev(world.stream, parts, 2, &n, &err), &err);
    CHECK_INT(n, 4);
    (void)close(world.peer);
    world.peer = -1;
    CHECK_INT(loop_stream_writev(world.stream, parts, 2, &n, &err), -SW_EIO);
    CHECK_HAS(err.text, "Broken pipe");
    finish(&world);
}

static void without_memory_the_descriptor_stays_the_callers(void **state)
{
    int fds[2];
    struct loop *loop = NULL;
    struct loop_stream *stream = NULL;
    (void)state;
    pair(fds);
    CHECK_OK(loop_new(&loop, &err), &err);
    sw_mem_fail_after(0);
    int rc = loop_stream_open(loop, fds[0], &events, NULL, &stream, &err);
    sw_mem_fail_after(-1);
    CHECK_INT(rc, -SW_ENOMEM);
    CHECK(!stream);
    CHECK_INT(close(fds[0]), 0);
    CHECK_INT(loop_stream_open(loop, fds[0], &events, NULL, &stream, &err), -SW_EIO);
    (void)close(fds[1]);
    loop_free(loop);
}

static void no_descriptor_is_left(void **state)
{
    (void)state;
    int before = descriptors();
    for (int i = 0; i < 50; i++)
        the_end_of_the_peer_is_told_once_and_writing_goes_on(NULL);
    CHECK_INT(descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_when_reading_is_on_and_stay_when_it_is_off),
        cmocka_unit_test(the_end_of_the_peer_is_told_once_and_writing_goes_on),
        cmocka_unit_test(a_reset_that_comes_with_bytes_is_told_after_them),
        cmocka_unit_test(a_reset_is_an_error_whether_reading_is_on_or_off),
        cmocka_unit_test(a_full_socket_gives_wait_and_writable_comes_when_the_peer_reads),
        cmocka_unit_test(urgent_data_does_not_keep_the_loop_busy),
        cmocka_unit_test(a_stream_may_be_closed_in_its_callback_and_closes_exactly_once),
        cmocka_unit_test(a_closed_stream_refuses_reads_and_writes),
        cmocka_unit_test(pipes_are_streams_too_and_a_lost_reader_is_an_error),
        cmocka_unit_test(without_memory_the_descriptor_stays_the_callers),
        cmocka_unit_test(no_descriptor_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
