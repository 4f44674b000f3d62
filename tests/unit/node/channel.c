/* channel.c - tests of packets with descriptors. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "check.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_and_descriptors_arrive),
        cmocka_unit_test(two_hundred_descriptors_wait_in_the_channel),
        cmocka_unit_test(what_is_too_large_is_refused_and_leaks_nothing),
        cmocka_unit_test(sending_to_nobody_is_an_error_not_a_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
