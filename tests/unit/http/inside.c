/* inside.c - tests of requests over a connection that their owner gives: what goes, and what may come back over it. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "check.h"
#include "http/client.h"
#include "http/client_internal.h"
#include "http/server.h"
#include "loop/loop.h"

#define TEXT_MAX 400000

static struct sw_err err;

struct world {
    struct loop *loop;
    struct http_client *client;
    struct loop_timer *timer;
    int peer; /* the other end; -1: closed */
    bool refuses;
    struct http_client_request *request;
    struct sw_buf got;
    bool leaves; /* the body lies */
    const char *body;
    size_t body_at;
    bool body_waits;
    uint64_t body_length;
    char sent[TEXT_MAX + 1]; /* what the peer was sent */
    size_t sent_n;
};

static int connect_to(void *arg)
{
    struct world *world = arg;
    int pair[2];
    if (world->refuses)
        return -1;
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    world->peer = pair[1];
    return pair[0];
}

static void look(struct world *world)
{
    struct sw_str bytes;
    while (!world->leaves && http_client_peek(world->request, &bytes) == 0) {
        CHECK_OK(sw_buf_add(&world->got, bytes, &err), &err);
        http_client_consume(world->request, bytes.n);
    }
}

static void on_changed(void *arg)
{
    struct world *world = arg;
    look(world);
    if (http_client_over(world->request))
        loop_stop(world->loop);
}

static void on_timer(void *arg)
{
    loop_stop(((struct world *)arg)->loop);
}

static void open_world(struct world *world)
{
    const struct http_client_config config = {.ca_file = NULL};
    *world = (struct world){.got = SW_BUF(1u << 20), .peer = -1, .body_length = UINT64_MAX};
    CHECK_OK(loop_new(&world->loop, &err), &err);
    CHECK_OK(loop_timer_new(world->loop, on_timer, world, &world->timer, &err), &err);
    CHECK_OK(http_client_new(world->loop, &config, &world->client, &err), &err);
}

static void hang_up(struct world *world)
{
    if (world->peer >= 0)
        (void)close(world->peer);
    world->peer = -1;
}

static void turns(struct world *world)
{
    for (int i = 0; i < 4; i++) {
        loop_timer_start(world->timer, 0);
        CHECK_OK(loop_run(world->loop, &err), &err);
    }
}

static void close_world(struct world *world)
{
    if (world->request)
        http_client_drop(world->request);
    turns(world);
    http_client_free(world->client);
    hang_up(world);
    loop_timer_free(world->timer);
    loop_free(world->loop);
    sw_buf_deinit(&world->got);
}

/* Takes what has come to the peer. */
static void take(struct world *world)
{
    ssize_t n = 0;
    turns(world);
    while (world->sent_n < TEXT_MAX &&
           (n = read(world->peer, world->sent + world->sent_n, TEXT_MAX - world->sent_n)) > 0) {
        world->sent_n += (size_t)n;
        turns(world);
    }
    world->sent[world->sent_n] = '\0';
}

/* Sends it in pieces of so many bytes, with turns in between, until the request is over or all has gone. */
static void give(struct world *world, struct sw_str bytes, size_t piece)
{
    while (bytes.n && !http_client_over(world->request)) {
        ssize_t n = send(world->peer, bytes.p, bytes.n < piece ? bytes.n : piece, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return;
        turns(world);
        if (n > 0)
            bytes = sw_str_from(bytes, (size_t)n);
        else
            return;
    }
}

/* ---- the request's body ---- */

static int body_read(void *arg, char *p, size_t n, size_t *ret_n)
{
    struct world *world = arg;
    size_t left = strlen(world->body) - world->body_at;
    if (world->body_waits)
        return SW_WAIT;
    if (left == 0)
        return SW_END;
    *ret_n = left < n ? left : n;
    memcpy(p, world->body + world->body_at, *ret_n);
    world->body_at += *ret_n;
    return 0;
}

static uint64_t body_length(void *arg)
{
    return ((struct world *)arg)->body_length;
}

static bool body_trailer(void *arg, uint32_t i, struct http_field *ret)
{
    (void)arg;
    *ret = (struct http_field){SW_LIT("X-Sum"), SW_LIT("1")};
    return i == 0;
}

static const struct http_client_body the_body = {body_read, body_trailer, body_length};
static const struct http_field the_field = {SW_LIT_INIT("X-A"), SW_LIT_INIT("b")};

static struct http_client_start start_of(struct world *world, const char *method)
{
    return (struct http_client_start){.method = sw_str_of(method),
                                      .authority = SW_LIT("other.spin.internal"),
                                      .target = SW_LIT("/a?b"),
                                      .fields = &the_field,
                                      .field_count = 1,
                                      .connect = connect_to,
                                      .body = world->body ? &the_body : NULL,
                                      .changed = on_changed,
                                      .arg = world};
}

static void begin(struct world *world, const char *method)
{
    const struct http_client_start start = start_of(world, method);
    CHECK_OK(http_client_begin(world->client, &start, &world->request, &err), &err);
}

/* ---- tests ---- */

#define HEAD_LINES " /a?b HTTP/1.1\r\nHost: other.spin.internal\r\nX-A: b\r\n"

static void what_is_sent_is_framed_as_its_length_is_known(void **state)
{
    static const struct {
        const char *method, *body;
        uint64_t length;
        const char *want;
    } rows[] = {
        {"GET", NULL, 0, "GET" HEAD_LINES "\r\n"},
        {"POST", NULL, 0, "POST" HEAD_LINES "Content-Length: 0\r\n\r\n"},
        {"POST", "", 0, "POST" HEAD_LINES "Content-Length: 0\r\n\r\n"},
        {"PUT", "hello", 5, "PUT" HEAD_LINES "Content-Length: 5\r\n\r\nhello"},
        {"GET", "hello", 5, "GET" HEAD_LINES "Content-Length: 5\r\n\r\nhello"},
        {"HEAD", "hello", 5, "HEAD" HEAD_LINES "\r\n"},
        {"POST", "hello", UINT64_MAX,
         "POST" HEAD_LINES "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"},
        {"POST", "", UINT64_MAX, "POST" HEAD_LINES "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n"},
    };
    static struct world world;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_world(&world);
        world.body = rows[i].body;
        world.body_length = rows[i].length;
        begin(&world, rows[i].method);
        take(&world);
        CHECK_STR(sw_str_of(world.sent), rows[i].want);
        close_world(&world);
    }
}

static void a_body_of_another_length_than_announced_fails(void **state)
{
    static const uint64_t lengths[] = {4, 6};
    static struct world world;
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        open_world(&world);
        world.body = "hello";
        world.body_length = lengths[i];
        begin(&world, "POST");
        take(&world);
        CHECK(http_client_over(world.request));
        CHECK_INT(http_client_failed(world.request), HTTP_CLIENT_BODY);
        close_world(&world);
    }
}

static void a_body_that_waits_goes_on_when_it_is_told(void **state)
{
    static struct world world;
    (void)state;
    open_world(&world);
    world.body = "hello";
    world.body_length = 5;
    world.body_waits = true;
    begin(&world, "POST");
    take(&world);
    CHECK(!strstr(world.sent, "hello"));
    world.body_waits = false;
    http_client_more(world.request);
    take(&world);
    CHECK_HAS(world.sent, "\r\n\r\nhello");
    close_world(&world);
}

struct answer {
    const char *text;
    int failure;
    uint16_t status; /* 0: no head */
    const char *body;
    const char *trailer; /* value of the first; NULL: none */
    const char *method;
};

#define OK_LINE "HTTP/1.1 200 OK\r\n"

static const struct answer answers[] = {
    {OK_LINE "Content-Length: 2\r\n\r\nok", HTTP_CLIENT_OK, 200, "ok", NULL, NULL},
    {"HTTP/1.1 200\nContent-Length: 2\n\nok", HTTP_CLIENT_OK, 200, "ok", NULL, NULL},
    {OK_LINE "Content-Length: 0\r\n\r\n", HTTP_CLIENT_OK, 200, "", NULL, NULL},
    {OK_LINE "Content-Length: 2\r\n\r\nok and more", HTTP_CLIENT_OK, 200, "ok", NULL, NULL},
    {OK_LINE "\r\nuntil the end", HTTP_CLIENT_OK, 200, "until the end", NULL, NULL},
    {"HTTP/1.1 204 None\r\n\r\n", HTTP_CLIENT_OK, 204, "", NULL, NULL},
    {"HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", HTTP_CLIENT_OK, 304, "", NULL, NULL},
    {OK_LINE "Content-Length: 9\r\n\r\n", HTTP_CLIENT_OK, 200, "", NULL, "HEAD"},
    {OK_LINE "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", HTTP_CLIENT_OK, 200,
     "abcde", NULL, NULL},
    {OK_LINE "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 42\r\nX-Two: 2\r\n\r\n", HTTP_CLIENT_OK,
     200, "a", "42", NULL},
    {"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 103 Early\r\n\r\n" OK_LINE "Content-Length: 1\r\n\r\n1",
     HTTP_CLIENT_OK, 200, "1", NULL, NULL},
    {"", HTTP_CLIENT_TERMINATED, 0, "", NULL, NULL},
    {"HTTP/1.1 20", HTTP_CLIENT_TERMINATED, 0, "", NULL, NULL},
    {OK_LINE "X: y\r\n", HTTP_CLIENT_TERMINATED, 0, "", NULL, NULL},
    {OK_LINE "Content-Length: 3\r\n\r\nok", HTTP_CLIENT_PROTOCOL, 200, "ok", NULL, NULL},
    {OK_LINE "Transfer-Encoding: chunked\r\n\r\n3\r\nab", HTTP_CLIENT_PROTOCOL, 200, "ab", NULL, NULL},
    {OK_LINE "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n", HTTP_CLIENT_PROTOCOL, 200, "a",
     NULL, NULL},
    {OK_LINE "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", HTTP_CLIENT_PROTOCOL, 200, "", NULL, NULL},
    {OK_LINE "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", HTTP_CLIENT_PROTOCOL, 200, "", NULL,
     NULL},
    {OK_LINE "Content-Length: -1\r\n\r\n", HTTP_CLIENT_PROTOCOL, 0, "", NULL, NULL},
    {OK_LINE "Content-Length: 99999999999999999999\r\n\r\n", HTTP_CLIENT_PROTOCOL, 0, "", NULL, NULL},
    {OK_LINE "no colon\r\n\r\n", HTTP_CLIENT_PROTOCOL, 0, "", NULL, NULL},
    {OK_LINE " folded: x\r\n\r\n", HTTP_CLIENT_PROTOCOL, 0, "", NULL, NULL},
    {OK_LINE "X: a\001b\r\n\r\n", HTTP_CLIENT_PROTOCOL, 0, "", NULL, NULL},
    {"HTTP/1.0 200 OK\r\n\r\n", HTTP_CLIENT_PROTOCOL, 0, "", NULL, NULL},
    {"HTTP/1.1 2000 OK\r\n\r\n", HTTP_CLIENT_PROTOCOL, 0, "", NULL, NULL},
    {"HTTP/1.1 099 OK\r\n\r\n", HTTP_CLIENT_PROTOCOL, 0, "", NULL, NULL},
    {"HTTP/1.1 -20 OK\r\n\r\n", HTTP_CLIENT_PROTOCOL, 0, "", NULL, NULL},
    {"garbage\r\n\r\n", HTTP_CLIENT_PROTOCOL, 0, "", NULL, NULL},
    {"\r\n\r\n", HTTP_CLIENT_PROTOCOL, 0, "", NULL, NULL},
};

static void check_answer(struct world *world, const struct answer *row)
{
    uint16_t status = 0;
    struct http_field field;
    CHECK(http_client_over(world->request));
    if ((int)http_client_failed(world->request) != row->failure)
        print_error("of: %s\n", row->text);
    CHECK_INT(http_client_failed(world->request), row->failure);
    CHECK_INT(http_client_head(world->request, &status), row->status ? 0 : -SW_EIO);
    CHECK_INT(status, row->status);
    look(world);
    CHECK_STR(sw_buf_str(&world->got), row->body);
    CHECK_INT(http_client_field(world->request, true, 0, &field), row->trailer != NULL);
    if (row->trailer)
        CHECK_STR(field.value, row->trailer);
}

static void every_answer_has_its_outcome_however_it_is_cut(void **state)
{
    static const size_t pieces[] = {SIZE_MAX, 1, 7};
    static struct world world;
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
            open_world(&world);
            begin(&world, answers[i].method ? answers[i].method : "GET");
            take(&world);
            give(&world, sw_str_of(answers[i].text), pieces[k]);
            hang_up(&world);
            turns(&world);
            check_answer(&world, &answers[i]);
            close_world(&world);
        }
}

static void a_head_without_end_is_refused(void **state)
{
    static const char *const heads[] = {"HTTP/1.1 200 ", OK_LINE "X: "};
    static char text[TEXT_MAX];
    static struct world world;
    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        open_world(&world);
        begin(&world, "GET");
        take(&world);
        give(&world, sw_str_of(heads[i]), SIZE_MAX);
        give(&world, sw_str(text, sizeof text), 60000);
        CHECK(http_client_over(world.request));
        CHECK_INT(http_client_failed(world.request), HTTP_CLIENT_HEAD_SIZE);
        close_world(&world);
    }
}

static void fields_without_end_are_refused(void **state)
{
    static const char *const starts[] = {OK_LINE,
                                         OK_LINE "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"};
    static char text[TEXT_MAX];
    static struct world world;
    (void)state;
    for (size_t n = 0; n + 6 <= sizeof text; n += 6)
        memcpy(text + n, "X: y\r\n", 6);
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        open_world(&world);
        begin(&world, "GET");
        take(&world);
        give(&world, sw_str_of(starts[i]), SIZE_MAX);
        give(&world, sw_str(text, sizeof text / 6 * 6), 60000);
        CHECK(http_client_over(world.request));
        CHECK(http_client_failed(world.request) == HTTP_CLIENT_HEAD_SIZE ||
              http_client_failed(world.request) == HTTP_CLIENT_PROTOCOL);
        close_world(&world);
    }
}

/* The peer can send no more than the window and the socket hold until somebody reads. */
static void a_body_that_is_not_read_stays_with_the_peer(void **state)
{
    static char text[TEXT_MAX];
    static struct world world;
    (void)state;
    memset(text, 'x', sizeof text);
    open_world(&world);
    world.leaves = true;
    begin(&world, "GET");
    take(&world);
    give(&world, SW_LIT(OK_LINE "Content-Length: 4000000\r\n\r\n"), SIZE_MAX);
    size_t given = 0;
    ssize_t n = 0;
    while (given < 4000000 && (n = send(world.peer, text, sizeof text, MSG_NOSIGNAL)) > 0) {
        given += (size_t)n;
        turns(&world);
    }
    CHECK(given < 4000000);
    CHECK(world.request->window.n <= HTTP_CLIENT_WINDOW_BYTES);
    world.leaves = false;
    look(&world);
    turns(&world);
    CHECK(sw_buf_str(&world.got).n > HTTP_CLIENT_WINDOW_BYTES);
    close_world(&world);
}

static void an_answer_before_the_body_was_sent_counts(void **state)
{
    static struct world world;
    (void)state;
    open_world(&world);
    world.body = "never";
    world.body_waits = true;
    begin(&world, "POST");
    take(&world);
    give(&world, SW_LIT("HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno"), SIZE_MAX);
    hang_up(&world);
    turns(&world);
    check_answer(&world, &(struct answer){"413", HTTP_CLIENT_OK, 413, "no", NULL, NULL});
    close_world(&world);
}

static void no_connection_is_refused(void **state)
{
    static struct world world;
    (void)state;
    open_world(&world);
    world.refuses = true;
    begin(&world, "GET");
    turns(&world);
    CHECK_INT(http_client_failed(world.request), HTTP_CLIENT_REFUSED);
    close_world(&world);
}

static void a_drop_ends_the_connection(void **state)
{
    static struct world world;
    char byte;
    (void)state;
    open_world(&world);
    world.body = "hello";
    world.body_waits = true;
    begin(&world, "POST");
    take(&world);
    http_client_drop(world.request);
    world.request = NULL;
    turns(&world);
    CHECK_INT(read(world.peer, &byte, 1), 0);
    close_world(&world);
}

static void every_allocation_may_fail(void **state)
{
    static struct world world;
    bool done = false;
    (void)state;
    for (long n = 0; n < 400 && !done; n++) {
        open_world(&world);
        world.body = "hello";
        CHECK_OK(sw_buf_reserve(&world.got, 16, &err), &err);
        const struct http_client_start start = start_of(&world, "POST");
        sw_mem_fail_after(n);
        int rc = http_client_begin(world.client, &start, &world.request, &err);
        if (rc == 0)
            turns(&world);
        if (rc == 0 && world.peer >= 0) {
            give(&world,
                 SW_LIT(OK_LINE "X: y\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nT: u\r\n\r\n"), 20);
            hang_up(&world);
            turns(&world);
        }
        sw_mem_fail_after(-1);
        if (rc < 0) {
            CHECK_INT(rc, -SW_ENOMEM);
            world.request = NULL;
        } else {
            enum http_client_failure failure = http_client_failed(world.request);
            CHECK(http_client_over(world.request));
            CHECK(failure == HTTP_CLIENT_OK || failure == HTTP_CLIENT_INTERNAL ||
                  failure == HTTP_CLIENT_REFUSED);
            done = failure == HTTP_CLIENT_OK;
        }
        close_world(&world);
    }
    CHECK(done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_is_framed_as_its_length_is_known),
        cmocka_unit_test(a_body_of_another_length_than_announced_fails),
        cmocka_unit_test(a_body_that_waits_goes_on_when_it_is_told),
        cmocka_unit_test(every_answer_has_its_outcome_however_it_is_cut),
        cmocka_unit_test(a_head_without_end_is_refused),
        cmocka_unit_test(fields_without_end_are_refused),
        cmocka_unit_test(a_body_that_is_not_read_stays_with_the_peer),
        cmocka_unit_test(an_answer_before_the_body_was_sent_counts),
        cmocka_unit_test(no_connection_is_refused),
        cmocka_unit_test(a_drop_ends_the_connection),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
