/* limits.c - tests of the server's limits, time-outs, draining, and of failing allocations.  Room: tests. */
#include "check.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "client.h"
#include "http/limits.h"

#define T "Content-Type: text/plain\r\n"
#define OK5 "HTTP/1.1 200 OK\r\n" T "Content-Length: 5\r\n\r\nhello"
#define OK5_CLOSE "HTTP/1.1 200 OK\r\n" T "Content-Length: 5\r\nConnection: close\r\n\r\nhello"
#define H "Host: a\r\n"
#define GET_HELLO "GET /hello HTTP/1.1\r\n" H "\r\n"

static struct site site;

static void check_status(const char *status)
{
    char want[64];
    (void)snprintf(want, sizeof want, "HTTP/1.1 %s ", status);
    if (!sw_str_starts(site.text, sw_str_of(want)) || !site.eof || site.reset) {
        print_error("got '" SW_FMT "'%s%s, expected %s and the end\n", SW_ARG(site.text),
                    site.eof ? " end" : "", site.reset ? " reset" : "", status);
        fail();
    }
}

static void what_is_too_large_is_refused_and_the_answer_arrives(void **state)
{
    static char in[2000000];
    (void)state;
    site_begin(&site,
               (struct http_server_config){.head_bytes_max = 8000, .body_bytes_max = 100, .fields_max = 10});
    memset(in, 'a', sizeof in);
    static const struct {
        const char *head;
        const char *status;
        size_t n;
    } rows[] = {
        {"GET /", "414", 8001},
        {"GET / HTTP/1.1\r\n" H "A: ", "431", 8001},
        {"GET / HTTP/1.1\r\n" H "A: ", "431", 100000}, /* much is on its way when the answer leaves */
        {"POST /hold HTTP/1.1\r\n" H "Content-Length: 101\r\n\r\n", "413", 2000},
        {"POST /hold HTTP/1.1\r\n" H "Content-Length: 900000\r\n\r\n", "413", 900000},
        {"POST /read HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n65\r\n", "413", 200000},
        {"GET / HTTP/1.1\r\n" H "1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n8:\r\n9:\r\nA:\r\n", "431", 1000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = client_open(&site);
        memset(in, 'a', 1000);
        memcpy(in, rows[i].head, strlen(rows[i].head));
        client_send(&site, fd, sw_str(in, rows[i].n));
        (void)shutdown(fd, SHUT_WR);
        client_read(&site, fd, SITE_TEXT_MAX, NULL, 500);
        check_status(rows[i].status);
        (void)close(fd);
    }
    int fd = client_open(&site);
    client_ask(&site, fd,
               "POST /read HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    CHECK_ANSWER(&site, "HTTP/1.1 200 OK\r\n" T "Content-Length: 1\r\n\r\n3", false);
    (void)close(fd);
    site_end(&site);
}

static void a_large_head_within_its_limit_is_taken(void **state)
{
    static char in[16000];
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    memset(in, 'a', sizeof in);
    memcpy(in, "GET /hello HTTP/1.1\r\n" H "A: ", 33);
    memcpy(in + sizeof in - 4, "\r\n\r\n", 4);
    int fd = client_open(&site);
    for (int i = 0; i < 3; i++) {
        client_send(&site, fd, sw_str(in, 5000)); /* the buffer grows while the head is incomplete */
        site_turns(&site);
        client_send(&site, fd, sw_str(in + 5000, sizeof in - 5000));
        client_ask(&site, fd, GET_HELLO);
        CHECK_ANSWER(&site, OK5 OK5, false);
    }
    (void)close(fd);
    site_end(&site);
}

static void at_the_connection_limit_others_wait(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){.connections_max = 2});
    int a = client_open(&site);
    int b = client_open(&site);
    site_run(&site, 10);
    int c = client_open(&site);
    client_ask(&site, c, GET_HELLO);
    CHECK_ANSWER(&site, "", false);
    client_ask(&site, a, GET_HELLO);
    CHECK_ANSWER(&site, OK5, false);
    (void)close(b);
    client_read(&site, c, SITE_TEXT_MAX, "hello", 1000);
    CHECK_ANSWER(&site, OK5, false);
    (void)close(a);
    (void)close(c);
    site_end(&site);
}

static void a_body_too_large_to_discard_ends_the_connection(void **state)
{
    static char block[HTTP_DISCARD_BYTES_MAX + 100000];
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    int fd = client_open(&site);
    client_send(&site, fd, SW_LIT("POST /ignore HTTP/1.1\r\n" H "Content-Length: 200000\r\n\r\n"));
    client_send(&site, fd, sw_str(block, 200000));
    client_ask(&site, fd, GET_HELLO);
    CHECK_ANSWER(&site, OK5 OK5, false);
    client_send(&site, fd, SW_LIT("POST /ignore HTTP/1.1\r\n" H "Content-Length: 300000\r\n\r\n"));
    client_send(&site, fd, sw_str(block, 300000));
    client_ask(&site, fd, GET_HELLO);
    CHECK_ANSWER(&site, OK5, true);
    (void)close(fd);
    site_end(&site);
}

static void slow_clients_run_out_of_time(void **state)
{
    static const struct {
        const char *sent;
        const char *status; /* "": the connection ends without a word */
        uint64_t least_ms;
    } rows[] = {
        {"", "", 90},
        {GET_HELLO, OK5, 90},
        {"G", "408", 50},
        {"GET / HTTP/1.1\r\nHost: a\r\n", "408", 50},
        {"POST /read HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhel", "408", 70},
        {"POST /read HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5\r\n", "408", 70},
        {"POST /ignore HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhel", OK5, 70},
    };
    (void)state;
    site_begin(&site, (struct http_server_config){
                          .head_timeout_ms = 50, .idle_timeout_ms = 90, .body_timeout_ms = 70});
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = client_open(&site);
        site_turns(&site);
        uint64_t began = loop_now_ms(site.loop);
        client_send(&site, fd, sw_str_of(rows[i].sent));
        client_read(&site, fd, SITE_TEXT_MAX, NULL, 400);
        uint64_t took = loop_now_ms(site.loop) - began;
        if (strlen(rows[i].status) == 3)
            check_status(rows[i].status);
        else
            CHECK_ANSWER(&site, rows[i].status, true);
        CHECK(took + 2 >= rows[i].least_ms && took < 350);
        (void)close(fd);
    }
    site_end(&site);
}

static void a_head_that_comes_byte_by_byte_has_one_deadline(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){.head_timeout_ms = 60});
    int fd = client_open(&site);
    static const char head[] = GET_HELLO;
    for (size_t i = 0; i < 12; i++) { /* each byte in time, all of them not */
        client_send(&site, fd, sw_str(head + i, 1));
        site_run(&site, 10);
    }
    client_read(&site, fd, SITE_TEXT_MAX, NULL, 100);
    check_status("408");
    (void)close(fd);
    site_end(&site);
}

static void a_client_that_takes_nothing_is_cut_off(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){.write_timeout_ms = 60});
    site.big = 50 * 1000 * 1000;
    int fd = client_open(&site);
    client_send(&site, fd, SW_LIT("GET /big HTTP/1.1\r\n" H "\r\n"));
    site_run(&site, 40);
    CHECK(site_task(&site, 0)->exchange);
    site_run(&site, 120);
    CHECK(!site_task(&site, 0)->exchange);
    CHECK_INT(site_task(&site, 0)->write_rc, -SW_EIO);
    (void)close(fd);
    site_end(&site);
}

static void on_drained(void *arg)
{
    struct site *drained = arg;
    drained->drained++;
}

static void draining_finishes_what_runs_and_closes_the_rest(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    int idle = client_open(&site);
    int busy = client_open(&site);
    int fresh = client_open(&site);
    client_ask(&site, idle, GET_HELLO);
    client_ask(&site, busy, "GET /hold HTTP/1.1\r\n" H "\r\n");
    http_server_drain(site.server, on_drained, &site);
    CHECK_INT(site.drained, 0);
    client_read(&site, idle, SITE_TEXT_MAX, NULL, 100);
    CHECK(site.eof || site.text.n == 0);
    client_ask(&site, fresh, GET_HELLO); /* it was accepted, so it is answered */
    CHECK_ANSWER(&site, OK5_CLOSE, true);
    http_exchange_answer(site_task(&site, 1)->exchange, 200, SW_LIT("text/plain"), SW_LIT("hello"));
    client_read(&site, busy, SITE_TEXT_MAX, NULL, 100);
    CHECK_ANSWER(&site, OK5_CLOSE, true);
    (void)close(idle);
    (void)close(busy);
    (void)close(fresh);
    site_run(&site, 50);
    CHECK_INT(site.drained, 1);
    int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(connect(late, (struct sockaddr *)&site.address, sizeof site.address),
              0); /* for another process of the group */
    client_ask(&site, late, GET_HELLO);
    CHECK_ANSWER(&site, "", false);
    (void)close(late);
    site_end(&site);
    CHECK_INT(site.drained, 1);
}

static void a_request_on_its_way_when_draining_begins_is_answered(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    int fd = client_open(&site);
    client_ask(&site, fd, GET_HELLO);
    CHECK_INT(send(fd, GET_HELLO, sizeof GET_HELLO - 1, 0), sizeof GET_HELLO - 1);
    http_server_drain(site.server, on_drained, &site);
    client_read(&site, fd, SITE_TEXT_MAX, NULL, 100);
    CHECK_ANSWER(&site, OK5_CLOSE, true);
    (void)close(fd);
    site_run(&site, 50);
    CHECK_INT(site.drained, 1);
    site_end(&site);
}

static void draining_waits_a_moment_for_the_next_request_of_a_connection(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    int idle = client_open(&site);
    int silent = client_open(&site);
    int told = client_open(&site); /* its answer has said already that the connection is kept */
    client_ask(&site, idle, GET_HELLO);
    client_ask(&site, silent, GET_HELLO);
    client_ask(&site, told, "GET /hold HTTP/1.1\r\n" H "\r\n");
    struct http_exchange *held = site_task(&site, 2)->exchange;
    struct sw_err err;
    CHECK_OK(http_exchange_respond(held, 204, NULL, 0, 0, &err), &err);
    http_server_drain(site.server, on_drained, &site);
    site_run(&site, 100);
    CHECK_OK(http_exchange_finish(held, NULL, 0, &err), &err);
    http_exchange_end(held);
    client_read(&site, told, SITE_TEXT_MAX, "\r\n\r\n", 100);
    CHECK_ANSWER(&site, "HTTP/1.1 204 No Content\r\n\r\n", false);
    client_ask(&site, told, GET_HELLO);
    CHECK_ANSWER(&site, OK5_CLOSE, true);
    client_ask(&site, idle, GET_HELLO);
    CHECK_ANSWER(&site, OK5_CLOSE, true);
    client_read(&site, silent, SITE_TEXT_MAX, NULL, HTTP_DRAIN_IDLE_MS + 100);
    CHECK_ANSWER(&site, "", true);
    (void)close(idle);
    (void)close(silent);
    (void)close(told);
    site_run(&site, 50);
    CHECK_INT(site.drained, 1);
    site_end(&site);
}

static void an_empty_server_is_drained_at_once_but_not_inside_the_call(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    http_server_drain(site.server, on_drained, &site);
    CHECK_INT(site.drained, 0);
    site_turns(&site);
    CHECK_INT(site.drained, 1);
    site_end(&site);
}

static bool ask_for(struct sw_str first, struct sw_str then, const char *ends)
{
    int fd = client_open(&site);
    client_send(&site, fd, first);
    site_turns(&site);
    client_send(&site, fd, then);
    client_read(&site, fd, SITE_TEXT_MAX, ends, 20);
    (void)close(fd);
    site_turns(&site);
    return sw_str_starts(site.text, SW_LIT("HTTP/1.1 200 OK")) && sw_str_ends(site.text, sw_str_of(ends));
}

/* One of everything that allocates: a head that needs a larger buffer, a body that needs a window, large answers. */
static bool use_everything(struct sw_str head)
{
    static char body[30000];
    bool all = ask_for(head, sw_str(NULL, 0), "hello");
    all = ask_for(SW_LIT("POST /read HTTP/1.1\r\n" H "Content-Length: 30000\r\n\r\n"),
                  sw_str(body, sizeof body), "30000") &&
          all;
    return ask_for(SW_LIT("GET /chunks HTTP/1.1\r\n" H "\r\nGET /trail HTTP/1.1\r\n" H "\r\n"),
                   sw_str(NULL, 0), "42\r\n\r\n") &&
           all;
}

static void every_allocation_may_fail_and_the_server_goes_on(void **state)
{
    static char head[8000];
    (void)state;
    memset(head, 'a', sizeof head);
    memcpy(head, "GET /hello HTTP/1.1\r\n" H "A: ", 33);
    memcpy(head + sizeof head - 4, "\r\n\r\n", 4);
    int before = descriptors();
    bool all = false;
    long n = 0;
    for (; n < 100 && !all; n++) {
        site_begin(&site, (struct http_server_config){0});
        site.big = 600000;
        site.no_watch = true;
        site_turns(&site);
        sw_mem_fail_after(n);
        all = use_everything(sw_str(head, sizeof head));
        sw_mem_fail_after(-1);
        CHECK(ask_for(SW_LIT(GET_HELLO), sw_str(NULL, 0), OK5)); /* with memory again, all is well */
        site_end(&site);
    }
    CHECK(all);
    CHECK(n > 5);
    CHECK_INT(descriptors(), before);
}

static void without_memory_for_a_body_nobody_reads_there_is_one_answer(void **state)
{
    static char body[20000];
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    site.no_watch = true;
    int fd = client_open(&site);
    client_send(&site, fd, SW_LIT("POST /ignore HTTP/1.1\r\n" H "Content-Length: 20000\r\n\r\n"));
    client_read(&site, fd, SITE_TEXT_MAX, "hello", 1000);
    CHECK_ANSWER(&site, OK5, false);
    sw_mem_fail_after(0);
    client_send(&site, fd, sw_str(body, sizeof body));
    site_turns(&site);
    sw_mem_fail_after(-1);
    client_read(&site, fd, SITE_TEXT_MAX, NULL, 1000);
    CHECK_ANSWER(&site, "", true);
    (void)close(fd);
    site_end(&site);
}

static void making_a_server_may_fail(void **state)
{
    struct loop *loop = NULL;
    struct http_server *server = NULL;
    struct sw_err err;
    (void)state;
    CHECK_OK(loop_new(&loop, &err), &err);
    struct http_server_config config = {0};
    CHECK_INT(http_server_new(loop, &config, &server, &err), -SW_EBUG);
    site_begin(&site, config);
    sw_mem_fail_after(0);
    config.request = (http_request_fn *)1; /* never called */
    int rc = http_server_new(loop, &config, &server, &err);
    int listen_rc = http_server_listen(site.server, site.fd, &err);
    sw_mem_fail_after(-1);
    CHECK_INT(rc, -SW_ENOMEM);
    CHECK_INT(listen_rc, -SW_ENOMEM);
    config.head_bytes_max = HTTP_HEAD_BYTES_CEILING + 1;
    CHECK_INT(http_server_new(loop, &config, &server, &err), -SW_EINPUT);
    config.head_bytes_max = 0;
    config.fields_max = HTTP_FIELDS_CEILING + 1;
    CHECK_INT(http_server_new(loop, &config, &server, &err), -SW_EINPUT);
    config.fields_max = 0;
    config.server_name = "a\r\nb";
    CHECK_INT(http_server_new(loop, &config, &server, &err), -SW_EINPUT);
    site_end(&site);
    loop_free(loop);
}

static void the_number_of_descriptors_stays_flat(void **state)
{
    (void)state;
    int before = descriptors();
    site_begin(&site, (struct http_server_config){0});
    site_turns(&site);
    int with_server = descriptors();
    for (int i = 0; i < 200; i++) {
        int fd = client_open(&site);
        if (i % 4)
            client_send(&site, fd, SW_LIT(GET_HELLO));
        site_turns(&site);
        if (i % 3)
            client_reset(fd);
        else
            (void)close(fd);
        site_turns(&site);
    }
    site_run(&site, 50);
    CHECK_INT(descriptors(), with_server);
    site_end(&site);
    CHECK_INT(descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_too_large_is_refused_and_the_answer_arrives),
        cmocka_unit_test(a_large_head_within_its_limit_is_taken),
        cmocka_unit_test(at_the_connection_limit_others_wait),
        cmocka_unit_test(a_body_too_large_to_discard_ends_the_connection),
        cmocka_unit_test(slow_clients_run_out_of_time),
        cmocka_unit_test(a_head_that_comes_byte_by_byte_has_one_deadline),
        cmocka_unit_test(a_client_that_takes_nothing_is_cut_off),
        cmocka_unit_test(draining_finishes_what_runs_and_closes_the_rest),
        cmocka_unit_test(a_request_on_its_way_when_draining_begins_is_answered),
        cmocka_unit_test(draining_waits_a_moment_for_the_next_request_of_a_connection),
        cmocka_unit_test(an_empty_server_is_drained_at_once_but_not_inside_the_call),
        cmocka_unit_test(every_allocation_may_fail_and_the_server_goes_on),
        cmocka_unit_test(without_memory_for_a_body_nobody_reads_there_is_one_answer),
        cmocka_unit_test(making_a_server_may_fail),
        cmocka_unit_test(the_number_of_descriptors_stays_flat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
