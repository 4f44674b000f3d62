/* worker.c - tests of the worker's end of the channel: what it answers, and what it does not take. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "check.h"
#include "loop/loop.h"
#include "node/node.h"

struct seen {
    struct loop *loop;
    struct loop_timer *timer;
    int served, accepted, drained, lost;
};

static void serve(void *arg, struct node_serving *serving)
{
    ((struct seen *)arg)->served++;
    node_serving_free(serving);
}

static void accept_(void *arg)
{
    ((struct seen *)arg)->accepted++;
}

static void drain(void *arg)
{
    ((struct seen *)arg)->drained++;
}

static void lost(void *arg)
{
    ((struct seen *)arg)->lost++;
}

static void stop(void *arg)
{
    loop_stop(((struct seen *)arg)->loop);
}

/* Sends one packet with `fds` descriptors to a new worker; answer is what it says. */
static void tell(const char *json, uint32_t fds, struct seen *seen, char answer[1024])
{
    static const struct node_worker_events events = {serve, accept_, drain, lost};
    struct node_worker *worker = NULL;
    struct sw_err err;
    struct node_message message = {.json = sw_str_of(json), .fd_count = fds};
    struct node_message got;
    int pair[2];
    CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    for (uint32_t i = 0; i < fds; i++)
        message.fds[i] = pair[0];
    *seen = (struct seen){0};
    CHECK_OK(loop_new(&seen->loop, &err), &err);
    CHECK_OK(loop_timer_new(seen->loop, stop, seen, &seen->timer, &err), &err);
    CHECK_OK(node_worker_new(seen->loop, pair[1], &events, seen, &worker, &err), &err);
    CHECK_OK(node_channel_send(pair[0], &message, &err), &err);
    loop_timer_start(seen->timer, 20);
    CHECK_OK(loop_run(seen->loop, &err), &err);
    int rc = node_channel_receive(pair[0], answer, 1023, &got, &err);
    answer[rc == 0 ? got.json.n : 0] = '\0';
    node_worker_free(worker);
    loop_timer_free(seen->timer);
    loop_free(seen->loop);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void each_packet_is_answered_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        uint32_t fds;
        int lost;
        int drained;
        const char *answer;
    } rows[] = {
        {"{\"type\":\"ping\"}", 0, 0, 0, "{\"type\":\"pong\"}"},
        {"{\"type\":\"ping\"}", 3, 0, 0, "{\"type\":\"pong\"}"},
        {"{\"type\":\"drain\"}", 0, 0, 1, ""},
        {"{\"type\":\"accept\"}", 0, 1, 0, "an 'accept' that was not expected"},
        {"{\"type\":\"serve\",\"descriptors\":1}", 3, 1, 0, "a 'serve' that was not expected"},
        {"{\"type\":\"serve\",\"descriptors\":-1}", 4, 1, 0, "a 'serve' that was not expected"},
        {"{\"type\":\"serve\",\"descriptors\":1,\"worker\":0}", 4, 1, 0, "map a worker's status"},
        {"{\"type\":\"descriptors\"}", 2, 1, 0, "2 descriptors that were not expected"},
        {"{\"type\":\"pong\"}", 0, 1, 0, "a message of unknown type 'pong'"},
        {"{\"type\":1}", 0, 1, 0, "a message of unknown type ''"},
        {"{}", 0, 1, 0, "a message of unknown type ''"},
        {"{", 0, 1, 0, "failed"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct seen seen;
        char answer[1024];
        tell(rows[i].json, rows[i].fds, &seen, answer);
        CHECK_INT(seen.lost, rows[i].lost);
        CHECK_INT(seen.drained, rows[i].drained);
        CHECK_INT(seen.served + seen.accepted, 0);
        CHECK_HAS(answer, rows[i].answer);
    }
}

static void no_allocation_failure_is_taken_for_something_else(void **state)
{
    (void)state;
    struct seen seen = {0};
    char answer[1024] = "";
    for (long n = 0; n < 100; n++) {
        static const struct node_worker_events events = {serve, accept_, drain, lost};
        struct node_worker *worker = NULL;
        const struct node_message message = {.json = SW_LIT("{\"type\":\"ping\"}")};
        struct node_message got;
        struct sw_err err;
        int pair[2];
        CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
        seen = (struct seen){0};
        CHECK_OK(loop_new(&seen.loop, &err), &err);
        CHECK_OK(loop_timer_new(seen.loop, stop, &seen, &seen.timer, &err), &err);
        CHECK_OK(node_channel_send(pair[0], &message, &err), &err);
        loop_timer_start(seen.timer, 5);
        sw_mem_fail_after(n);
        int rc = node_worker_new(seen.loop, pair[1], &events, &seen, &worker, &err);
        if (rc == 0)
            rc = loop_run(seen.loop, &err);
        sw_mem_fail_after(-1);
        int received = node_channel_receive(pair[0], answer, sizeof answer - 1, &got, &err);
        bool ponged = received == 0 && sw_str_eq(got.json, SW_LIT("{\"type\":\"pong\"}"));
        CHECK(rc < 0 || seen.lost == 1 || ponged);
        node_worker_free(rc < 0 ? NULL : worker);
        loop_timer_free(seen.timer);
        loop_free(seen.loop);
        (void)close(pair[0]);
        (void)close(pair[1]);
        if (ponged)
            return;
    }
    CHECK_NEVER("still failing after 100 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_packet_is_answered_or_refused),
        cmocka_unit_test(no_allocation_failure_is_taken_for_something_else),
    };
    sw_log_setup(-1, SW_LOG_ERROR, "test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
