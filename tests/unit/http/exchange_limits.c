/* exchange_limits.c - tests of an exchange's own limits and of holding off new connections.  Room: tests. */
#include "check.h"

#include <unistd.h>

#include "client.h"

#define T "Content-Type: text/plain\r\n"
#define H "Host: a\r\n"
#define GET_HELLO "GET /hello HTTP/1.1\r\n" H "\r\n"
#define OK5 "HTTP/1.1 200 OK\r\n" T "Content-Length: 5\r\n\r\nhello"
#define CHUNKED "POST /read HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"

static struct site site;

static void a_request_body_over_the_exchanges_limit_is_refused_at_it(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    site.request_max = 10;
    static const struct {
        const char *request, *answer;
    } rows[] = {
        {CHUNKED "a\r\n0123456789\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\n" T "Content-Length: 2\r\n\r\n10"},
        {CHUNKED "5\r\n01234\r\n5\r\n56789\r\n1\r\n", "HTTP/1.1 413 "},
        {CHUNKED "b\r\n0123456789a\r\n0\r\n\r\n", "HTTP/1.1 413 "},
        {"POST /read HTTP/1.1\r\n" H "Content-Length: 11\r\n\r\n0123456789a", "HTTP/1.1 413 "},
        {"POST /read HTTP/1.1\r\n" H "Content-Length: 10\r\n\r\n0123456789",
         "HTTP/1.1 200 OK\r\n" T "Content-Length: 2\r\n\r\n10"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = client_open(&site);
        client_ask(&site, fd, rows[i].request);
        CHECK(sw_str_starts(site.text, sw_str_of(rows[i].answer)));
        (void)close(fd);
    }
    site_end(&site);
}

static void a_response_over_the_exchanges_limit_is_refused_or_cut(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    site.response_max = 100000;
    site.big = 100000;
    int fd = client_open(&site);
    client_ask(&site, fd, "GET /big HTTP/1.1\r\n" H "\r\n"); /* as much as it may */
    CHECK(sw_str_starts(site.text, SW_LIT("HTTP/1.1 200 ")) && !site.eof);
    site.big = 100001;
    client_ask(&site, fd, "HEAD /big HTTP/1.1\r\n" H "\r\n"); /* has no body */
    CHECK(sw_str_starts(site.text, SW_LIT("HTTP/1.1 200 ")));
    (void)close(fd);
    fd = client_open(&site);
    client_ask(&site, fd, "GET /big HTTP/1.1\r\n" H "\r\n"); /* announced: there is still time to say so */
    CHECK(sw_str_starts(site.text, SW_LIT("HTTP/1.1 500 ")));
    (void)close(fd);
    fd = client_open(&site);
    client_ask(&site, fd, "GET /chunks HTTP/1.1\r\n" H "\r\n"); /* not announced: no last chunk */
    CHECK(!sw_str_ends(site.text, SW_LIT("\r\n0\r\n\r\n")));
    CHECK(site.eof || site.reset);
    (void)close(fd);
    site.response_max = 0;
    fd = client_open(&site);
    client_ask(&site, fd, "GET /chunks HTTP/1.1\r\n" H "\r\n");
    CHECK(sw_str_ends(site.text, SW_LIT("\r\n0\r\n\r\n")));
    (void)close(fd);
    site_end(&site);
}

static void the_usage_is_told(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    int fd = client_open(&site);
    client_ask(&site, fd, "POST /hold HTTP/1.1\r\n" H "Content-Length: 42\r\n\r\n");
    struct task *task = site_task(&site, 0);
    struct http_exchange_usage usage;
    http_exchange_limit(task->exchange, 100, 5);
    http_exchange_usage(task->exchange, &usage);
    CHECK(usage.request_bytes == 42 && usage.response_bytes == 0 && !usage.request_over &&
          !usage.response_over);
    struct sw_err err = {0};
    size_t n = 0;
    CHECK_OK(http_exchange_respond(task->exchange, 200, NULL, 0, UINT64_MAX, &err), &err);
    CHECK_OK(http_exchange_write(task->exchange, SW_LIT("12345"), &n, &err), &err);
    CHECK_INT(http_exchange_write(task->exchange, SW_LIT("6"), &n, &err), -SW_ELIMIT);
    CHECK_HAS(err.text, "the response body is over the limit of 5 bytes");
    http_exchange_usage(task->exchange, &usage);
    CHECK(usage.response_bytes == 6 && usage.response_over && !usage.request_over);
    client_read(&site, fd, SITE_TEXT_MAX, NULL,
                200); /* what was within the limit arrives, the end does not */
    CHECK(sw_str_ends(site.text, SW_LIT("\r\n5\r\n12345\r\n")) || site.reset);
    CHECK_INT(task->gone, 1);
    (void)close(fd);
    site_end(&site);
}

static void a_whole_answer_does_not_count(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    int fd = client_open(&site);
    client_ask(&site, fd, "GET /hold HTTP/1.1\r\n" H "\r\n");
    struct task *task = site_task(&site, 0);
    const struct http_field fields[] = {{SW_LIT("A"), SW_LIT("1")}, {SW_LIT("B"), SW_LIT("2")}};
    struct sw_err err = {0};
    http_exchange_limit(task->exchange, 1, 1);
    CHECK_OK(http_exchange_reply(task->exchange, 503, fields, 2, SW_LIT("busy\n"), &err), &err);
    CHECK_INT(http_exchange_reply(task->exchange, 503, fields, 2, SW_LIT("busy\n"), &err), -SW_EBUG);
    http_exchange_end(task->exchange);
    task->exchange = NULL;
    client_ask(&site, fd, GET_HELLO);
    CHECK_ANSWER(&site,
                 "HTTP/1.1 503 Service Unavailable\r\nA: 1\r\nB: 2\r\nContent-Length: 5\r\n\r\nbusy\n" OK5,
                 false);
    (void)close(fd);
    site_end(&site);
}

static void new_connections_can_be_left_to_others(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){.connections_max = 2});
    int a = client_open(&site);
    site_run(&site, 10);
    http_server_pause(site.server, true);
    int b = client_open(&site);
    client_ask(&site, b, GET_HELLO);
    CHECK_ANSWER(&site, "", false);
    client_ask(&site, a, GET_HELLO); /* an open one goes on */
    CHECK_ANSWER(&site, OK5, false);
    http_server_pause(site.server, false);
    client_read(&site, b, SITE_TEXT_MAX, "hello", 1000);
    CHECK_ANSWER(&site, OK5, false);
    int c = client_open(&site); /* the limit on connections holds it off, whatever the other says */
    http_server_pause(site.server, true);
    http_server_pause(site.server, false);
    client_ask(&site, c, GET_HELLO);
    CHECK_ANSWER(&site, "", false);
    (void)close(a);
    client_read(&site, c, SITE_TEXT_MAX, "hello", 1000);
    CHECK_ANSWER(&site, OK5, false);
    (void)close(b);
    (void)close(c);
    site_end(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_body_over_the_exchanges_limit_is_refused_at_it),
        cmocka_unit_test(a_response_over_the_exchanges_limit_is_refused_or_cut),
        cmocka_unit_test(the_usage_is_told),
        cmocka_unit_test(a_whole_answer_does_not_count),
        cmocka_unit_test(new_connections_can_be_left_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
