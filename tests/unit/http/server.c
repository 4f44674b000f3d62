/* server.c - tests of the server over real sockets: messages, order, back-pressure, clients that leave.  Room: tests. */
#include "check.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "client.h"

#define T "Content-Type: text/plain\r\n"
#define OK5 "HTTP/1.1 200 OK\r\n" T "Content-Length: 5\r\n\r\nhello"
#define OK5_CLOSE "HTTP/1.1 200 OK\r\n" T "Content-Length: 5\r\nConnection: close\r\n\r\nhello"
#define H "Host: a\r\n"

static struct site site;
static struct sw_err err;

struct row {
    const char *request;
    const char *answer;
    bool ended;
};

static const struct row answers[] = {
    {"GET /hello HTTP/1.1\r\n" H "\r\n", OK5, false},
    {"GET /hello HTTP/1.1\r\n" H "Connection: close\r\n\r\n", OK5_CLOSE, true},
    {"GET /hello HTTP/1.0\r\n\r\n", OK5_CLOSE, true},
    {"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
     "HTTP/1.1 200 OK\r\n" T "Content-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", false},
    {"GET http://b/hello HTTP/1.1\r\n" H "\r\n", OK5, false},
    {"OPTIONS * HTTP/1.1\r\n" H "\r\n", OK5, false},
    {"\r\nGET /hello HTTP/1.1\r\n" H "\r\n", OK5, false},
    /* without a body */
    {"HEAD /hello HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 200 OK\r\n" T "Content-Length: 5\r\n\r\n", false},
    {"GET /code/204 HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 204 No Content\r\n\r\n", false},
    {"GET /code/304 HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n", false},
    {"GET /code/299 HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 299 \r\nContent-Length: 5\r\n\r\nhello", false},
    {"HEAD /trail HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 200 OK\r\n\r\n", false},
    /* chunked, trailers, until the end of the connection */
    {"GET /trail HTTP/1.1\r\n" H "\r\n",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX-Sum: "
     "42\r\n\r\n",
     false},
    {"GET /trail HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc0123456789abcdef", true},
    /* bodies */
    {"POST /read HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello",
     "HTTP/1.1 200 OK\r\n" T "Content-Length: 1\r\n\r\n5", false},
    {"POST /read HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n",
     "HTTP/1.1 200 OK\r\n" T "Content-Length: 1\r\n\r\n0", false},
    {"POST /read HTTP/1.1\r\n" H
     "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x\r\n!\r\n0\r\nA: b\r\n\r\n",
     "HTTP/1.1 200 OK\r\n" T "Content-Length: 5\r\n\r\n6 A=b", false},
    {"POST /echo HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", false},
    {"POST /ignore HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhelloGET /hello HTTP/1.1\r\n" H "\r\n", OK5 OK5,
     false},
    {"POST /ignore HTTP/1.1\r\n" H
     "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\nGET /hello HTTP/1.1\r\n" H "\r\n",
     OK5 OK5, false},
    /* expectations */
    {"POST /read HTTP/1.1\r\n" H "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
     "HTTP/1.1 100 Continue\r\n\r\n", false},
    {"POST /read HTTP/1.1\r\n" H "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
     "HTTP/1.1 200 OK\r\n" T "Content-Length: 1\r\n\r\n5", false},
    {"POST /ignore HTTP/1.1\r\n" H "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", OK5_CLOSE, true},
    {"GET /hello HTTP/1.1\r\n" H "Expect: 100-continue\r\n\r\n", OK5, false},
    {"GET /hello HTTP/1.1\r\n" H "Expect: more\r\n\r\n",
     "HTTP/1.1 417 Expectation Failed\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
     "55\r\nConnection: close\r\n\r\n"
     "the only expectation that can be met is '100-continue'\n",
     true},
    /* handlers that fail */
    {"GET /nothing HTTP/1.1\r\n" H "\r\n",
     "HTTP/1.1 500 Internal Server Error\r\n" T "Content-Length: 26\r\n\r\n500 Internal Server Error\n",
     false},
    {"GET /short HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", true},
    /* bad chunks: 400 when nothing was answered */
    {"POST /read HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nx\r\n",
     "HTTP/1.1 400 Bad Request\r\n" T "Content-Length: 16\r\nConnection: close\r\n\r\n400 Bad Request\n",
     true},
    {"POST /ignore HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nx\r\n", OK5, true},
    {"POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", true},
};

static void each_request_has_its_answer(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        int fd = client_open(&site);
        client_ask(&site, fd, answers[i].request);
        if (!sw_str_eq(site.text, sw_str_of(answers[i].answer)) || site.eof != answers[i].ended ||
            site.reset) {
            print_error("%s\ngave '" SW_FMT "'%s%s, expected '%s'%s\n", answers[i].request, SW_ARG(site.text),
                        site.eof ? " end" : "", site.reset ? " reset" : "", answers[i].answer,
                        answers[i].ended ? " end" : "");
            fail();
        }
        (void)close(fd);
    }
    site_end(&site);
}

static void the_server_says_its_name_and_the_peer_is_known(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){.server_name = "swell"});
    int fd = client_open(&site);
    client_ask(&site, fd, "GET /hello HTTP/1.1\r\n" H "\r\n");
    CHECK_ANSWER(&site, "HTTP/1.1 200 OK\r\n" T "Content-Length: 5\r\nServer: swell\r\n\r\nhello", false);
    client_ask(&site, fd, "GET /hold?x HTTP/1.1\r\n" H "A: b\r\n\r\n");
    struct task *task = site_task(&site, 1);
    const struct http_request *request = http_exchange_request(task->exchange);
    CHECK_STR(request->target, "/hold?x");
    CHECK_STR(request->query, "x");
    CHECK_STR(request->authority, "a");
    CHECK_INT(request->field_count, 2);
    CHECK_STR(request->fields[1].name, "A");
    char want[64];
    struct sockaddr_in me;
    socklen_t n = sizeof me;
    CHECK_INT(getsockname(fd, (struct sockaddr *)&me, &n), 0);
    (void)snprintf(want, sizeof want, "127.0.0.1:%u", (unsigned)ntohs(me.sin_port));
    CHECK_STR(http_exchange_peer(task->exchange), want);
    (void)close(fd);
    site_end(&site);
}

static void smuggling_is_refused_and_nothing_behind_it_is_answered(void **state)
{
    static const char *const rows[] = {
        "POST /hello HTTP/1.1\r\n" H "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
        "POST /hello HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG",
        "POST /hello HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "POST /hello HTTP/1.1\r\n" H "Content-Length: 5,6\r\n\r\nhello",
        "POST /hello HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\nhello",
        "POST /hello HTTP/1.1\r\n" H "Content-Length : 5\r\n\r\nhello",
        "POST /hello HTTP/1.1\r\n" H "Content-Length:\n5\r\n\r\nhello",
        "POST /hello HTTP/1.1\r\n" H "Content-\r\n Length: 5\r\n\r\nhello",
        "POST /hello HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /hello HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /hello HTTP/1.1\r\n" H "Transfer-Encoding:\x0b"
        "chunked\r\n\r\n0\r\n\r\n",
        "POST /hello HTTP/1.1\r\n" H "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /hello HTTP/1.1\r\n" H
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
        "POST /hello HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /hello HTTP/1.1\r\n" H "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /hello HTTP/1.1\r\n" H H "\r\n",
        "GET /hello HTTP/1.1\n" H "\n",
        "GET /hello HTTP/1.1 HTTP/1.1\r\n" H "\r\n",
    };
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = client_open(&site);
        client_send(&site, fd, sw_str_of(rows[i]));
        client_ask(&site, fd, "GET /hello HTTP/1.1\r\n" H "\r\n");
        CHECK(sw_str_starts(site.text, SW_LIT("HTTP/1.1 400 Bad Request\r\n")));
        CHECK(!memmem(site.text.p, site.text.n, "200 OK", 6));
        CHECK(site.eof);
        (void)close(fd);
    }
    CHECK_INT(site.requests, 0);
    site_end(&site);
}

static void a_connection_is_kept_for_many_requests(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    int fd = client_open(&site);
    for (int i = 0; i < 50; i++) {
        client_send(&site, fd, SW_LIT("GET /hello HTTP/1.1\r\n" H "\r\n"));
        client_read(&site, fd, sizeof OK5 - 1, NULL, 1000);
        CHECK_ANSWER(&site, OK5, false);
    }
    (void)close(fd);
    site_end(&site);
}

static void a_hundred_pipelined_requests_are_answered_in_order(void **state)
{
    static char requests[100 * 64];
    static char want[100 * 128];
    size_t n = 0;
    size_t m = 0;
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    for (int i = 0; i < 100; i++) {
        n += (size_t)snprintf(requests + n, sizeof requests - n, "GET /code/%d HTTP/1.1\r\n" H "\r\n",
                              600 + i);
        m += (size_t)snprintf(want + m, sizeof want - m, "HTTP/1.1 %d \r\nContent-Length: 5\r\n\r\nhello",
                              600 + i);
    }
    int fd = client_open(&site);
    client_send(&site, fd, sw_str(requests, n));
    client_read(&site, fd, m, NULL, 1000);
    CHECK_ANSWER(&site, want, false);
    (void)close(fd);
    site_end(&site);
}

static void pipelined_requests_wait_for_one_that_takes_long(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    int fd = client_open(&site);
    client_ask(&site, fd,
               "GET /hold HTTP/1.1\r\n" H "\r\nGET /code/601 HTTP/1.1\r\n" H "\r\nGET /hold HTTP/1.1\r\n" H
               "\r\n");
    CHECK_ANSWER(&site, "", false);
    CHECK_INT(site.requests, 1);
    http_exchange_answer(site_task(&site, 0)->exchange, 200, SW_LIT("text/plain"), SW_LIT("hello"));
    CHECK_INT(site.requests, 1); /* never inside another exchange's function */
    client_read(&site, fd, SITE_TEXT_MAX, NULL, 30);
    CHECK_ANSWER(&site, OK5 "HTTP/1.1 601 \r\nContent-Length: 5\r\n\r\nhello", false);
    CHECK_INT(site.requests, 3);
    http_exchange_end(site_task(&site, 2)->exchange);
    (void)close(fd);
    site_end(&site);
}

static void split_at_every_byte_a_request_is_the_same(void **state)
{
    static const char request[] =
        "POST /read?q HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nX-Y:  z \r\n\r\n"
        "5;e=f\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\nC: d\r\n\r\n";
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    for (size_t cut = 1; cut < sizeof request - 1; cut++) { /* in two */
        int fd = client_open(&site);
        client_send(&site, fd, sw_str(request, cut));
        site_turns(&site);
        client_send(&site, fd, sw_str(request + cut, sizeof request - 1 - cut));
        client_read(&site, fd, SITE_TEXT_MAX, "11 A=b C=d", 1000);
        CHECK_ANSWER(&site, "HTTP/1.1 200 OK\r\n" T "Content-Length: 10\r\n\r\n11 A=b C=d", false);
        (void)close(fd);
    }
    int fd = client_open(&site); /* and in all, twice on one connection */
    for (int i = 0; i < 2; i++) {
        for (size_t at = 0; at < sizeof request - 1; at++) {
            client_send(&site, fd, sw_str(request + at, 1));
            site_turns(&site);
        }
        client_read(&site, fd, SITE_TEXT_MAX, "11 A=b C=d", 1000);
        CHECK_ANSWER(&site, "HTTP/1.1 200 OK\r\n" T "Content-Length: 10\r\n\r\n11 A=b C=d", false);
    }
    (void)close(fd);
    site_end(&site);
}

/* Reads a whole answer of site.big bytes, decoding chunks, and checks every byte. */
static uint64_t read_big(int fd, bool chunked)
{
    enum { HEAD, SIZE, DATA, END } part = HEAD;
    uint64_t body = 0;
    uint64_t left = chunked ? 0 : UINT64_MAX;
    unsigned seen = 0;
    for (;;) {
        client_read(&site, fd, 1, NULL, 500);
        if (site.text.n == 0)
            return body;
        for (size_t i = 0; i < site.text.n; i++) {
            char c = site.text.p[i];
            if (part == HEAD) {
                seen = c == "\r\n\r\n"[seen] ? seen + 1 : c == '\r';
                if (seen == 4)
                    part = chunked ? SIZE : DATA;
            } else if (part == SIZE) {
                if (c == '\n') {
                    part = DATA;
                    if (left == 0)
                        return body;
                } else if (c != '\r') {
                    left = left << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
                }
            } else if (part == DATA) {
                CHECK(c == (char)('a' + body % 26));
                body++;
                if (--left == 0)
                    part = END;
            } else if (c == '\n') {
                part = SIZE;
                left = 0;
            }
        }
        if (!chunked && body == site.big)
            return body;
    }
}

static void a_client_that_reads_slowly_slows_the_handler(void **state)
{
    static const char *const paths[] = {"GET /big HTTP/1.1\r\n" H "\r\n",
                                        "GET /chunks HTTP/1.1\r\n" H "\r\n"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        site_begin(&site, (struct http_server_config){0});
        site.big = 20 * 1000 * 1000;
        int fd = client_open(&site);
        client_send(&site, fd, sw_str_of(paths[i]));
        site_run(&site, 50);
        struct task *task = site_task(&site, 0);
        uint64_t sent = task->sent;
        CHECK(sent > 0 && sent < 10 * 1000 * 1000);
        CHECK_INT(task->write_rc, SW_WAIT);
        site_run(&site, 30);
        CHECK_INT(task->sent, sent);
        CHECK_INT(read_big(fd, i == 1), site.big);
        CHECK(task->writable > 0);
        CHECK(!task->exchange);
        client_ask(&site, fd, "GET /hello HTTP/1.1\r\n" H "\r\n"); /* the connection is still good */
        CHECK_ANSWER(&site, OK5, false);
        (void)close(fd);
        site_end(&site);
    }
}

static void a_body_nobody_reads_stops_the_client(void **state)
{
    static char block[65536];
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    int fd = client_open(&site);
    client_send(&site, fd, SW_LIT("POST /hold HTTP/1.1\r\n" H "Content-Length: 100000000\r\n\r\n"));
    size_t sent = 0;
    for (int quiet = 0; quiet < 20;) {
        ssize_t n = send(fd, block, sizeof block, MSG_NOSIGNAL);
        quiet = n < 0 ? quiet + 1 : 0;
        sent += n > 0 ? (size_t)n : 0;
        site_run(&site, n < 0);
    }
    CHECK(sent < 20 * 1000 * 1000); /* the kernel's buffers */
    struct task *task = site_task(&site, 0);
    struct sw_str bytes;
    CHECK_OK(http_exchange_body_peek(task->exchange, &bytes, &err), &err);
    CHECK(bytes.n > 0 && bytes.n <= 65536);
    http_exchange_body_consume(task->exchange, bytes.n);
    CHECK_INT(http_exchange_body_peek(task->exchange, &bytes, &err), SW_WAIT); /* and now it flows again */
    site_run(&site, 20);
    CHECK(task->readable > 0);
    CHECK_OK(http_exchange_body_peek(task->exchange, &bytes, &err), &err);
    (void)close(fd);
    site_end(&site);
}

static void large_bodies_go_through_in_both_directions(void **state)
{
    static char block[100000];
    static const char *const heads[] = {"POST /read HTTP/1.1\r\n" H "Content-Length: 3000000\r\n\r\n",
                                        "POST /read HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"};
    (void)state;
    memset(block, 'x', sizeof block);
    site_begin(&site, (struct http_server_config){0});
    int fd = client_open(&site);
    for (int i = 0; i < 2; i++) {
        client_send(&site, fd, sw_str_of(heads[i]));
        for (int j = 0; j < 30; j++) {
            if (i)
                client_send(&site, fd, SW_LIT("186a0\r\n"));
            client_send(&site, fd, sw_str(block, sizeof block));
            if (i)
                client_send(&site, fd, SW_LIT("\r\n"));
        }
        client_send(&site, fd,
                    i ? SW_LIT("0\r\nA: b\r\n\r\nGET /hello HTTP/1.1\r\n" H "\r\n")
                      : SW_LIT("GET /hello HTTP/1.1\r\n" H "\r\n"));
        client_read(&site, fd, SITE_TEXT_MAX, "hello", 1000);
        CHECK_ANSWER(&site,
                     i ? "HTTP/1.1 200 OK\r\n" T "Content-Length: 11\r\n\r\n3000000 A=b" OK5
                       : "HTTP/1.1 200 OK\r\n" T "Content-Length: 7\r\n\r\n3000000" OK5,
                     false);
    }
    (void)close(fd);
    site_end(&site);
}

static void a_client_that_leaves_inside_its_body_is_told(void **state)
{
    (void)state;
    for (int hard = 0; hard < 2; hard++) {
        for (int chunked = 0; chunked < 2; chunked++) {
            site_begin(&site, (struct http_server_config){0});
            int fd = client_open(&site);
            client_send(&site, fd,
                        chunked
                            ? SW_LIT("POST /read HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5\r\nhel")
                            : SW_LIT("POST /read HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhel"));
            site_run(&site, 10);
            if (hard)
                client_reset(fd);
            else
                (void)close(fd);
            site_run(&site, 50);
            struct task *task = site_task(&site, 0);
            CHECK_INT(task->body_rc, -SW_EIO);
            CHECK_INT(task->body_n, 3);
            CHECK(!task->exchange);
            site_end(&site);
        }
    }
}

static void a_client_that_leaves_before_its_answer_is_told_once(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    int fd = client_open(&site);
    client_ask(&site, fd, "GET /hold HTTP/1.1\r\n" H "\r\n");
    client_reset(fd);
    site_run(&site, 50);
    CHECK_INT(site_task(&site, 0)->gone, 1);

    fd = client_open(&site); /* FIN may only mean that the client has nothing more to say */
    client_ask(&site, fd, "GET /hold HTTP/1.1\r\n" H "\r\n");
    CHECK_INT(shutdown(fd, SHUT_WR), 0);
    site_run(&site, 50);
    CHECK_INT(site_task(&site, 1)->gone, 0);
    http_exchange_answer(site_task(&site, 1)->exchange, 200, SW_LIT("text/plain"), SW_LIT("hello"));
    client_read(&site, fd, SITE_TEXT_MAX, NULL, 100);
    CHECK_ANSWER(&site, OK5, true);
    (void)close(fd);

    fd = client_open(&site); /* but not for ever */
    client_ask(&site, fd, "GET /hold HTTP/1.1\r\n" H "\r\n");
    (void)close(fd);
    site_run(&site, 1300);
    CHECK_INT(site_task(&site, 2)->gone, 1);
    site_end(&site);
}

static void a_client_that_leaves_inside_its_answer_is_told(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    site.big = 50 * 1000 * 1000;
    int fd = client_open(&site);
    client_send(&site, fd, SW_LIT("GET /big HTTP/1.1\r\n" H "\r\n"));
    client_read(&site, fd, 1000, NULL, 100);
    client_reset(fd);
    site_run(&site, 50);
    struct task *task = site_task(&site, 0);
    CHECK_INT(task->write_rc, -SW_EIO);
    CHECK(!task->exchange);
    site_end(&site);
}

static void a_half_closed_client_gets_all_answers_it_asked_for(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    int fd = client_open(&site);
    client_send(&site, fd,
                SW_LIT("GET /hello HTTP/1.1\r\n" H "\r\nGET /hold HTTP/1.1\r\n" H
                       "\r\nGET /hello HTTP/1.1\r\n" H "\r\n"));
    CHECK_INT(shutdown(fd, SHUT_WR), 0);
    site_run(&site, 20);
    http_exchange_answer(site_task(&site, 1)->exchange, 200, SW_LIT("text/plain"), SW_LIT("hello"));
    client_read(&site, fd, SITE_TEXT_MAX, NULL, 100);
    CHECK_ANSWER(&site, OK5 OK5 OK5, true);
    (void)close(fd);
    site_end(&site);
}

static void wrong_use_of_an_exchange_is_refused(void **state)
{
    static const struct http_field bad = {SW_LIT_INIT("Connection"), SW_LIT_INIT("x")};
    size_t n = 0;
    struct sw_str bytes;
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    int fd = client_open(&site);
    client_ask(&site, fd, "GET /hold HTTP/1.1\r\n" H "\r\n");
    struct http_exchange *exchange = site_task(&site, 0)->exchange;
    CHECK_INT(http_exchange_write(exchange, SW_LIT("x"), &n, &err), -SW_EBUG);
    CHECK_HAS(err.text, "before the response was started");
    CHECK_INT(http_exchange_finish(exchange, NULL, 0, &err), -SW_EBUG);
    CHECK_INT(http_exchange_respond(exchange, 200, &bad, 1, 5, &err), -SW_EINPUT);
    CHECK(!http_exchange_responded(exchange));
    CHECK_INT(http_exchange_body_peek(exchange, &bytes, &err), SW_END);
    CHECK_OK(http_exchange_respond(exchange, 200, NULL, 0, 5, &err), &err);
    CHECK(http_exchange_responded(exchange));
    CHECK(!http_exchange_flushed(exchange));
    http_exchange_flush(exchange);
    CHECK(http_exchange_flushed(exchange));
    CHECK_INT(http_exchange_respond(exchange, 200, NULL, 0, 5, &err), -SW_EBUG);
    CHECK_HAS(err.text, "started already");
    CHECK_INT(http_exchange_write(exchange, SW_LIT("hello!"), &n, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "1 bytes more than the announced content length");
    CHECK_OK(http_exchange_write(exchange, SW_LIT("hello"), &n, &err), &err);
    CHECK_OK(http_exchange_finish(exchange, NULL, 0, &err), &err);
    CHECK_INT(http_exchange_write(exchange, SW_LIT(""), &n, &err), -SW_EBUG);
    CHECK_HAS(err.text, "finished already");
    CHECK_INT(http_exchange_finish(exchange, NULL, 0, &err), -SW_EBUG);
    http_exchange_end(exchange);
    client_read(&site, fd, SITE_TEXT_MAX, NULL, 30);
    CHECK_ANSWER(&site, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false);
    (void)close(fd);
    site_end(&site);
}

static void a_head_without_a_body_yet_leaves_at_the_end_of_the_turn(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    int fd = client_open(&site);
    client_ask(&site, fd, "GET /hold HTTP/1.1\r\n" H "\r\n");
    CHECK_OK(http_exchange_respond(site_task(&site, 0)->exchange, 200, NULL, 0, UINT64_MAX, &err), &err);
    client_read(&site, fd, SITE_TEXT_MAX, NULL, 30);
    CHECK_ANSWER(&site, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false);
    http_exchange_end(site_task(&site, 0)->exchange); /* cut: the client sees no last chunk */
    client_read(&site, fd, SITE_TEXT_MAX, NULL, 30);
    CHECK_ANSWER(&site, "", true);
    (void)close(fd);
    site_end(&site);
}

static void freeing_the_server_tells_its_exchanges(void **state)
{
    (void)state;
    site_begin(&site, (struct http_server_config){0});
    int a = client_open(&site);
    int b = client_open(&site);
    client_ask(&site, a, "GET /hold HTTP/1.1\r\n" H "\r\n");
    client_ask(&site, b, "POST /read HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n");
    site_end(&site);
    CHECK_INT(site_task(&site, 0)->gone, 1);
    CHECK_INT(site_task(&site, 1)->readable, 1);
    CHECK_INT(site_task(&site, 1)->body_rc, -SW_EIO);
    CHECK(!site_task(&site, 0)->exchange && !site_task(&site, 1)->exchange);
    (void)close(a);
    (void)close(b);
    http_server_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_has_its_answer),
        cmocka_unit_test(the_server_says_its_name_and_the_peer_is_known),
        cmocka_unit_test(smuggling_is_refused_and_nothing_behind_it_is_answered),
        cmocka_unit_test(a_connection_is_kept_for_many_requests),
        cmocka_unit_test(a_hundred_pipelined_requests_are_answered_in_order),
        cmocka_unit_test(pipelined_requests_wait_for_one_that_takes_long),
        cmocka_unit_test(split_at_every_byte_a_request_is_the_same),
        cmocka_unit_test(a_client_that_reads_slowly_slows_the_handler),
        cmocka_unit_test(a_body_nobody_reads_stops_the_client),
        cmocka_unit_test(large_bodies_go_through_in_both_directions),
        cmocka_unit_test(a_client_that_leaves_inside_its_body_is_told),
        cmocka_unit_test(a_client_that_leaves_before_its_answer_is_told_once),
        cmocka_unit_test(a_client_that_leaves_inside_its_answer_is_told),
        cmocka_unit_test(a_half_closed_client_gets_all_answers_it_asked_for),
        cmocka_unit_test(wrong_use_of_an_exchange_is_refused),
        cmocka_unit_test(a_head_without_a_body_yet_leaves_at_the_end_of_the_turn),
        cmocka_unit_test(freeing_the_server_tells_its_exchanges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
