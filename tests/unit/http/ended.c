/* ended.c - tests of what is told of requests that are over, for the access log.  Room: tests. */
#include "check.h"

#include <stdio.h>
#include <unistd.h>

#include "client.h"

#define H "Host: a\r\n"

static struct site site;
static char told[4096];
static unsigned told_count;

static void note(void *arg, const struct http_ended *ended)
{
    static const struct http_request none = {.method = SW_LIT_INIT("-"), .target = SW_LIT_INIT("-")};
    const struct http_request *request = ended->request ? ended->request : &none;
    size_t at = strlen(told);
    CHECK(arg == &told_count);
    CHECK(sw_str_starts(ended->peer, SW_LIT("127.0.0.1:")));
    CHECK(ended->ns < UINT64_C(600000000000));
    (void)snprintf(told + at, sizeof told - at, SW_FMT " " SW_FMT " %u %llu\n", SW_ARG(request->method),
                   SW_ARG(request->target), ended->status, (unsigned long long)ended->bytes);
    told_count++;
}

static void begin(void)
{
    told[0] = '\0';
    told_count = 0;
    site_begin(&site,
               (struct http_server_config){.ended = note, .ended_arg = &told_count, .body_bytes_max = 100});
}

static void each_request_is_told_once_with_its_status_and_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *request, *told;
    } rows[] = {
        {"GET /hello HTTP/1.1\r\n" H "\r\n", "GET /hello 200 5\n"},
        {"HEAD /hello HTTP/1.1\r\n" H "\r\n", "HEAD /hello 200 0\n"},
        {"GET /code/204 HTTP/1.1\r\n" H "\r\n", "GET /code/204 204 0\n"},
        {"GET /trail HTTP/1.1\r\n" H "\r\n", "GET /trail 200 19\n"},
        {"POST /echo HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", "POST /echo 200 3\n"},
        {"GET /nothing HTTP/1.1\r\n" H "\r\n", "GET /nothing 500 26\n"},
        {"GET /short HTTP/1.1\r\n" H "\r\n", "GET /short 200 5\n"},
        {"GET /hello HTTP/1.1\r\n" H "\r\nGET /hello?b HTTP/1.1\r\n" H "\r\n",
         "GET /hello 200 5\nGET /hello?b 200 5\n"},
        /* what is no request */
        {"nonsense\r\n\r\n", "- - 400 58\n"},
        {"GET /hello HTTP/1.1\r\n\r\n", "GET /hello 400 14\n"},
        {"POST /read HTTP/1.1\r\n" H "Content-Length: 101\r\n\r\n", "POST /read 413 49\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin();
        int fd = client_open(&site);
        client_ask(&site, fd, rows[i].request);
        CHECK_STR(sw_str_of(told), rows[i].told);
        (void)close(fd);
        site_end(&site);
        CHECK_STR(sw_str_of(told), rows[i].told); /* not again */
    }
}

static void a_client_that_left_has_no_status(void **state)
{
    (void)state;
    begin();
    int fd = client_open(&site);
    client_ask(&site, fd, "GET /hold HTTP/1.1\r\n" H "\r\n");
    struct task *task = site_task(&site, 0);
    http_exchange_label(task->exchange, SW_LIT("component"));
    client_reset(fd);
    site_run(&site, 20);
    CHECK_INT(task->gone, 1);
    CHECK_INT(told_count, 1);
    site_end(&site);
    CHECK_STR(sw_str_of(told), "GET /hold 499 0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_is_told_once_with_its_status_and_bytes),
        cmocka_unit_test(a_client_that_left_has_no_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
