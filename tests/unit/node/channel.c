/* channel.c - tests of packets with descriptors. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "check.h"
#include "loop/loop.h"
#include "node/node.h"

static int count_fds(void)
{
    DIR *fds = opendir("/proc/self/fd");
    int count = 0;
    CHECK(fds != NULL);
    while (readdir(fds))
        count++;
    (void)closedir(fds);
    return count;
}

static void make_pair(int pair[2])
{
    CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
}

static void close_pair(const int pair[2])
{
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void packets_and_descriptors_arrive(void **state)
{
    (void)state;
    int before = count_fds();
    int pair[2];
    struct sw_err err;
    make_pair(pair);
    struct node_message out = {.json = SW_LIT("{\"a\":1}"), .fd_count = NODE_MESSAGE_FDS_MAX};
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (uint32_t i = 0; i < out.fd_count; i++)
        out.fds[i] = file;
    CHECK_OK(node_channel_send(pair[0], &out, &err), &err);
    out.fd_count = 0;
    CHECK_OK(node_channel_send(pair[0], &out, &err), &err);
    char buffer[64];
    struct node_message in;
    CHECK_OK(node_channel_receive(pair[1], buffer, sizeof buffer, &in, &err), &err);
    CHECK_STR(in.json, "{\"a\":1}");
    CHECK_INT(in.fd_count, NODE_MESSAGE_FDS_MAX);
    for (uint32_t i = 0; i < in.fd_count; i++) {
        CHECK_INT(fcntl(in.fds[i], F_GETFD), FD_CLOEXEC);
        (void)close(in.fds[i]);
    }
    CHECK_OK(node_channel_receive(pair[1], buffer, sizeof buffer, &in, &err), &err);
    CHECK_INT(in.fd_count, 0);
    CHECK_INT(node_channel_receive(pair[1], buffer, sizeof buffer, &in, &err), SW_WAIT);
    (void)close(pair[0]);
    CHECK_INT(node_channel_receive(pair[1], buffer, sizeof buffer, &in, &err), SW_END);
    (void)close(pair[1]);
    (void)close(file);
    CHECK_INT(count_fds(), before);
}

static void two_hundred_descriptors_wait_in_the_channel(void **state)
{
    (void)state;
    int pair[2];
    int pipe_fds[200];
    struct sw_err err;
    make_pair(pair);
    for (int i = 0; i < 200; i++)
        CHECK((pipe_fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0);
    for (uint32_t at = 0; at < 200; at += 50) {
        struct node_message out = {.json = SW_LIT("{}"), .fd_count = 50};
        memcpy(out.fds, pipe_fds + at, sizeof(int) * 50);
        CHECK_OK(node_channel_send(pair[0], &out, &err), &err);
    }
    uint32_t got = 0;
    char buffer[64];
    struct node_message in;
    while (node_channel_receive(pair[1], buffer, sizeof buffer, &in, &err) == 0)
        for (uint32_t i = 0; i < in.fd_count; i++, got++)
            (void)close(in.fds[i]);
    CHECK_INT(got, 200);
    for (int i = 0; i < 200; i++)
        (void)close(pipe_fds[i]);
    close_pair(pair);
}

static void what_is_too_large_is_refused_and_leaks_nothing(void **state)
{
    (void)state;
    int before = count_fds();
    int pair[2];
    struct sw_err err = {0};
    make_pair(pair);
    sw_auto_free char *large = sw_alloc(NODE_MESSAGE_BYTES_MAX + 1);
    struct node_message out = {.json = {large, NODE_MESSAGE_BYTES_MAX + 1}};
    CHECK_INT(node_channel_send(pair[0], &out, &err), -SW_ELIMIT);
    CHECK_STR(sw_str_of(err.text),
              "a packet of 65537 bytes and 0 descriptors, at most 65536 and 64 are allowed");
    out.json.n = 1;
    out.fd_count = NODE_MESSAGE_FDS_MAX + 1;
    CHECK_INT(node_channel_send(pair[0], &out, &err), -SW_ELIMIT);
    out.json.n = 0;
    out.fd_count = 0;
    CHECK_INT(node_channel_send(pair[0], &out, &err), -SW_ELIMIT);
    out = (struct node_message){.json = SW_LIT("0123456789"), .fds = {pair[0]}, .fd_count = 1};
    CHECK_OK(node_channel_send(pair[0], &out, &err), &err);
    char buffer[4];
    struct node_message in = {.fd_count = 77};
    CHECK_INT(node_channel_receive(pair[1], buffer, sizeof buffer, &in, &err), -SW_ELIMIT);
    CHECK_INT(in.fd_count, 77);
    close_pair(pair);
    CHECK_INT(count_fds(), before);
}

static void sending_to_nobody_is_an_error_not_a_signal(void **state)
{
    (void)state;
    int pair[2];
    struct sw_err err = {0};
    make_pair(pair);
    (void)close(pair[1]);
    const struct node_message out = {.json = SW_LIT("{}")};
    CHECK_INT(node_channel_send(pair[0], &out, &err), -SW_EIO);
    CHECK_STR(sw_str_of(err.text), "send a packet: Broken pipe");
    (void)close(pair[0]);
}

struct listener { /* hears a channel to its end */
    struct loop *loop;
    struct loop_watch *watch;
    int fd;
    int packets;
    int end; /* what the last receive gave */
};

static void on_readable(void *arg)
{
    struct listener *listener = arg;
    char buffer[64];
    struct node_message in;
    struct sw_err err;
    listener->end = node_channel_receive(listener->fd, buffer, sizeof buffer, &in, &err);
    if (listener->end == 0) {
        listener->packets++;
        return;
    }
    loop_watch_free(listener->watch);
    loop_stop(listener->loop);
}

static void on_late(void *arg)
{
    loop_stop(((struct listener *)arg)->loop);
}

static void who_ends_without_listening_is_heard_to_the_last_packet(void **state)
{
    (void)state;
    int pair[2];
    struct sw_err err;
    struct listener listener = {0};
    struct loop_timer *late = NULL;
    make_pair(pair);
    listener.fd = pair[0];
    const struct node_message out = {.json = SW_LIT("{}")};
    CHECK_OK(node_channel_send(pair[0], &out, &err), &err); /* never received: closing is a reset */
    CHECK_OK(node_channel_send(pair[1], &out, &err), &err);
    CHECK_OK(node_channel_send(pair[1], &out, &err), &err);
    (void)close(pair[1]);
    CHECK_OK(loop_new(&listener.loop, &err), &err);
    CHECK_OK(loop_timer_new(listener.loop, on_late, &listener, &late, &err), &err);
    CHECK_OK(loop_watch_new(listener.loop, pair[0], on_readable, &listener, &listener.watch, &err), &err);
    loop_timer_start(late, 5000);
    CHECK_OK(loop_run(listener.loop, &err), &err);
    CHECK_INT(listener.packets, 2);
    CHECK_INT(listener.end, SW_END);
    loop_timer_free(late);
    loop_free(listener.loop);
    (void)close(pair[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_and_descriptors_arrive),
        cmocka_unit_test(two_hundred_descriptors_wait_in_the_channel),
        cmocka_unit_test(what_is_too_large_is_refused_and_leaks_nothing),
        cmocka_unit_test(sending_to_nobody_is_an_error_not_a_signal),
        cmocka_unit_test(who_ends_without_listening_is_heard_to_the_last_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
