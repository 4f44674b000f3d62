/* outgoing.c - tests of the client: against a server of this room on the same loop, with memory that fails, and its fields. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "check.h"
#include "http/client.h"
#include "http/client_internal.h"
#include "http/server.h"
#include "loop/loop.h"

static struct sw_err err;

struct world {
    struct loop *loop;
    struct http_server *server;
    struct http_client *client;
    struct loop_timer *timer;
    int listen_fd;
    uint16_t port;
    uint64_t answer_bytes;
    int asked;
    struct http_client_request *request;
    int changes;
    struct sw_buf got;
    bool consumes;
    size_t body_at;
    size_t body_bytes;
    bool body_fails;
    int peer_fd;              /* 0: the server's */
    struct loop_timer *drops; /* begins with the body; NULL: nobody drops */
    bool dropped;             /* nobody may be asked for the body any more */
    size_t received;
};

/* ---- the server: counts what it gets, answers answer_bytes bytes ---- */

static void server_more(void *arg);
static const struct http_exchange_events server_events = {server_more, server_more, NULL};
static struct world *the_world;

struct served {
    struct http_exchange *exchange;
    uint64_t left;
    bool begun;
};
static struct served served;

static void server_more(void *arg)
{
    struct sw_str bytes;
    (void)arg;
    int rc = 0;
    while (!served.begun && (rc = http_exchange_body_peek(served.exchange, &bytes, &err)) == 0) {
        the_world->received += bytes.n;
        http_exchange_body_consume(served.exchange, bytes.n);
    }
    if (rc == SW_WAIT)
        return;
    if (!served.begun && rc < 0) {
        http_exchange_end(served.exchange);
        return;
    }
    if (!served.begun)
        CHECK_OK(http_exchange_respond(served.exchange, 200, NULL, 0, UINT64_MAX, &err), &err);
    served.begun = true;
    rc = 0;
    static const char block[16384] = {'x'};
    while (served.left) {
        size_t n = served.left < sizeof block ? (size_t)served.left : sizeof block, wrote = 0;
        rc = http_exchange_write(served.exchange, sw_str(block, n), &wrote, &err);
        if (rc == SW_WAIT)
            return;
        if (rc < 0)
            break;
        served.left -= wrote;
    }
    if (rc == 0)
        CHECK_OK(http_exchange_finish(served.exchange, NULL, 0, &err), &err);
    http_exchange_end(served.exchange);
}

static void on_request(void *arg, struct http_exchange *exchange)
{
    struct world *world = arg;
    world->asked++;
    served = (struct served){.exchange = exchange, .left = world->answer_bytes};
    http_exchange_handle(exchange, &server_events, NULL);
    server_more(NULL);
}

/* ---- the client ---- */

static void look(struct world *world)
{
    struct sw_str bytes;
    uint16_t status;
    if (http_client_head(world->request, &status) != 0)
        return;
    while (world->consumes && http_client_peek(world->request, &bytes) == 0) {
        CHECK_OK(sw_buf_add(&world->got, bytes, &err), &err);
        http_client_consume(world->request, bytes.n);
    }
}

static void on_changed(void *arg)
{
    struct world *world = arg;
    world->changes++;
    look(world);
    if (http_client_over(world->request))
        loop_stop(world->loop);
}

static int body_read(void *arg, char *p, size_t n, size_t *ret_n)
{
    struct world *world = arg;
    size_t left = world->body_bytes - world->body_at;
    CHECK(!world->dropped);
    if (world->drops && world->body_at == 0)
        loop_timer_start(world->drops, 5);
    if (world->body_fails && world->body_at)
        return -SW_EIO;
    if (left == 0)
        return SW_END;
    *ret_n = left < n ? left : n;
    memset(p, 'b', *ret_n);
    world->body_at += *ret_n;
    return 0;
}

static uint64_t body_length(void *arg)
{
    (void)arg;
    return UINT64_MAX;
}

static void give_up(void *arg)
{
    loop_stop(((struct world *)arg)->loop);
}

static void open_world(struct world *world)
{
    const struct http_server_config server = {.request = on_request, .arg = world};
    const struct http_client_config client = {.ca_file = NULL};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    *world = (struct world){.got = SW_BUF(16u << 20), .consumes = true};
    the_world = world;
    world->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(world->listen_fd >= 0 && bind(world->listen_fd, (struct sockaddr *)&at, n) == 0);
    CHECK(listen(world->listen_fd, 16) == 0 &&
          getsockname(world->listen_fd, (struct sockaddr *)&at, &n) == 0);
    world->port = ntohs(at.sin_port);
    CHECK_OK(loop_new(&world->loop, &err), &err);
    CHECK_OK(loop_timer_new(world->loop, give_up, world, &world->timer, &err), &err);
    CHECK_OK(http_server_new(world->loop, &server, &world->server, &err), &err);
    CHECK_OK(http_server_listen(world->server, world->listen_fd, &err), &err);
    CHECK_OK(http_client_new(world->loop, &client, &world->client, &err), &err);
}

static void close_world(struct world *world)
{
    if (world->request)
        http_client_drop(world->request);
    http_client_free(world->client);
    http_server_free(world->server);
    loop_timer_free(world->timer);
    loop_free(world->loop);
    (void)close(world->listen_fd);
    if (world->peer_fd)
        (void)close(world->peer_fd);
    sw_buf_deinit(&world->got);
}

static struct http_client_start start_of(struct world *world)
{
    return (struct http_client_start){.method = SW_LIT("GET"),
                                      .host = SW_LIT("127.0.0.1"),
                                      .port = world->port,
                                      .authority = SW_LIT("example.com"),
                                      .target = SW_LIT("/x"),
                                      .changed = on_changed,
                                      .arg = world};
}

static void run(struct world *world)
{
    loop_timer_start(world->timer, 20000);
    CHECK_OK(loop_run(world->loop, &err), &err);
}

/* ---- tests ---- */

static void a_request_is_answered(void **state)
{
    struct world world;
    uint16_t status = 0;
    (void)state;
    open_world(&world);
    world.answer_bytes = 1000000;
    const struct http_client_start start = start_of(&world);
    CHECK_OK(http_client_begin(world.client, &start, &world.request, &err), &err);
    CHECK_INT(world.changes, 0);
    CHECK_INT(http_client_head(world.request, &status), SW_WAIT);
    run(&world);
    CHECK_INT(http_client_failed(world.request), HTTP_CLIENT_OK);
    CHECK_OK(http_client_head(world.request, &status), &err);
    CHECK_INT(status, 200);
    CHECK_INT(world.got.n, 1000000);
    struct sw_str bytes;
    CHECK_INT(http_client_peek(world.request, &bytes), SW_END);
    close_world(&world);
}

static void a_body_that_is_not_read_stays_with_the_peer(void **state)
{
    struct world world;
    (void)state;
    open_world(&world);
    world.answer_bytes = 12u << 20;
    world.consumes = false;
    const struct http_client_start start = start_of(&world);
    CHECK_OK(http_client_begin(world.client, &start, &world.request, &err), &err);
    loop_timer_start(world.timer, 300);
    CHECK_OK(loop_run(world.loop, &err), &err);
    CHECK(!http_client_over(world.request));
    CHECK(served.left > 0);
    CHECK(world.request->window.n <= HTTP_CLIENT_WINDOW_BYTES + CURL_MAX_WRITE_SIZE);
    world.consumes = true;
    look(&world);
    run(&world);
    CHECK_INT(http_client_failed(world.request), HTTP_CLIENT_OK);
    CHECK_INT(world.got.n, 12u << 20);
    close_world(&world);
}

static void a_body_is_sent_and_its_failure_ends_the_request(void **state)
{
    const struct http_client_body body = {.read = body_read, .length = body_length};
    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        struct world world;
        open_world(&world);
        world.body_bytes = 300000;
        world.body_fails = fails;
        struct http_client_start start = start_of(&world);
        start.method = SW_LIT("POST");
        start.body = &body;
        CHECK_OK(http_client_begin(world.client, &start, &world.request, &err), &err);
        run(&world);
        CHECK_INT(http_client_failed(world.request), fails ? HTTP_CLIENT_BODY : HTTP_CLIENT_OK);
        if (!fails)
            CHECK_INT(world.received, 300000);
        close_world(&world);
    }
}

static void a_dropped_request_is_silent(void **state)
{
    struct world world;
    struct http_client_request *dropped;
    (void)state;
    open_world(&world);
    world.answer_bytes = 100;
    const struct http_client_start start = start_of(&world);
    CHECK_OK(http_client_begin(world.client, &start, &dropped, &err), &err);
    http_client_drop(dropped);
    CHECK_OK(http_client_begin(world.client, &start, &world.request, &err), &err);
    run(&world);
    CHECK_INT(world.asked, 1);
    CHECK_INT(world.got.n, 100);
    close_world(&world);
}

/* A timer runs in the turn in which the socket is ready, too: between the drop and the end of the request libcurl has its turn. */
static void drop_it(void *arg)
{
    struct world *world = arg;
    static char taken[65536]; /* what the peer takes makes room for more */
    while (world->peer_fd && read(world->peer_fd, taken, sizeof taken) > 0)
        ;
    http_client_drop(world->request);
    world->request = NULL;
    world->dropped = true;
    loop_timer_start(world->timer, 50);
}

static int connect_inside(void *arg)
{
    struct world *world = arg;
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    world->peer_fd = pair[1];
    return pair[0];
}

static void a_dropped_request_asks_for_no_more_of_its_body(void **state)
{
    const struct http_client_body body = {.read = body_read, .length = body_length};
    (void)state;
    for (int inside = 0; inside < 2; inside++) {
        struct world world;
        open_world(&world);
        world.body_bytes = SIZE_MAX;
        struct http_client_start start = start_of(&world);
        start.method = SW_LIT("POST");
        start.body = &body;
        start.connect = inside ? connect_inside : NULL;
        CHECK_OK(http_client_begin(world.client, &start, &world.request, &err), &err);
        CHECK_OK(loop_timer_new(world.loop, drop_it, &world, &world.drops, &err), &err);
        run(&world);
        CHECK(world.dropped);
        CHECK(world.body_at > 0);
        loop_timer_free(world.drops);
        close_world(&world);
    }
}

static bool permit_none(void *arg, const struct loop_address *address)
{
    (void)address;
    ++*(int *)arg;
    return false;
}

static void an_address_that_is_not_permitted_is_not_dialled(void **state)
{
    struct world world;
    int asked = 0;
    (void)state;
    open_world(&world);
    world.client->config.permit = permit_none;
    world.client->config.permit_arg = &asked;
    const struct http_client_start start = start_of(&world);
    CHECK_OK(http_client_begin(world.client, &start, &world.request, &err), &err);
    run(&world);
    CHECK_INT(http_client_failed(world.request), HTTP_CLIENT_PROHIBITED);
    CHECK_INT(asked, 1);
    CHECK_INT(world.asked, 0);
    close_world(&world);
}

struct two { /* a resolver that gives an address nobody listens at, then the right one */
    struct loop_resolver face;
    struct loop *loop;
    struct loop_lookup *lookup;
    struct loop_defer defer;
    int times;
};

static void two_answer(void *arg)
{
    static const struct loop_address addresses[] = {{.bytes = {127, 0, 0, 9}}, {.bytes = {127, 0, 0, 1}}};
    struct two *two = arg;
    two->lookup->backend = NULL;
    two->lookup->fn(two->lookup->arg, 0, addresses, 2, NULL);
}

static int two_start(struct loop_resolver *resolver, struct loop_lookup *lookup, struct sw_str name,
                     struct sw_err *why)
{
    struct two *two = SW_CONTAINER(resolver, struct two, face);
    (void)name, (void)why;
    two->times++;
    two->lookup = lookup;
    lookup->backend = two;
    loop_defer_add(two->loop, &two->defer);
    return 0;
}

static void two_drop(struct loop_resolver *resolver, struct loop_lookup *lookup)
{
    struct two *two = SW_CONTAINER(resolver, struct two, face);
    loop_defer_cancel(&two->defer);
    lookup->backend = NULL;
}

static void the_next_address_is_tried_and_the_name_asked_for_once(void **state)
{
    static const struct loop_resolver_ops ops = {two_start, two_drop};
    struct world world;
    (void)state;
    open_world(&world);
    struct two two = {.face.ops = &ops, .loop = world.loop};
    loop_defer_init(&two.defer, two_answer, &two);
    world.client->config.resolver = &two.face;
    struct http_client_start start = start_of(&world);
    start.host = SW_LIT("two.example");
    CHECK_OK(http_client_begin(world.client, &start, &world.request, &err), &err);
    run(&world);
    CHECK_INT(http_client_failed(world.request), HTTP_CLIENT_OK);
    CHECK_INT(world.asked, 1);
    CHECK_INT(two.times, 1);
    close_world(&world);
}

static void so_many_requests_at_once_and_no_more(void **state)
{
    struct world world;
    struct http_client_request *second;
    (void)state;
    open_world(&world);
    world.client->config.requests_max = 1;
    const struct http_client_start start = start_of(&world);
    CHECK_OK(http_client_begin(world.client, &start, &world.request, &err), &err);
    CHECK_INT(http_client_begin(world.client, &start, &second, &err), -SW_ELIMIT);
    CHECK_HAS(err.text, "1 outgoing requests at once are the limit");
    close_world(&world);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    bool done = false;
    for (long n = 0; n < 200 && !done; n++) {
        struct world world;
        open_world(&world);
        world.answer_bytes = 10;
        const struct http_client_start start = start_of(&world);
        sw_mem_fail_after(n);
        int rc = http_client_begin(world.client, &start, &world.request, &err);
        sw_mem_fail_after(-1);
        if (rc < 0) {
            CHECK_INT(rc, -SW_ENOMEM);
            world.request = NULL;
        } else {
            run(&world);
            CHECK_INT(http_client_failed(world.request), HTTP_CLIENT_OK);
            done = true;
        }
        close_world(&world);
    }
    CHECK(done);
}

static void fields_are_read_line_by_line(void **state)
{
    static const struct {
        const char *line;
        int rc;
    } lines[] = {{"A: b\r\n", 0},
                 {" c\r\n", 0},
                 {"Empty:\r\n", 0},
                 {"x:  y \t\r\n", 0},
                 {"no colon\r\n", -SW_EINPUT},
                 {": v\r\n", -SW_EINPUT},
                 {"a b: c\r\n", -SW_EINPUT},
                 {"a: \1\r\n", -SW_EINPUT}};
    struct http__section section = {.text = SW_BUF(0)};
    struct http_field field;
    (void)state;
    CHECK_INT(http__section_line(&section, SW_LIT(" fold\r\n"), &err), -SW_EINPUT);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        CHECK_INT(http__section_line(&section, sw_str_of(lines[i].line), &err), lines[i].rc);
    CHECK(http__section_field(&section, 0, &field));
    CHECK_STR(field.name, "A");
    CHECK_STR(field.value, "b c");
    CHECK(http__section_field(&section, 1, &field));
    CHECK_STR(field.value, "");
    CHECK(http__section_field(&section, 2, &field));
    CHECK_STR(field.value, "y");
    CHECK(!http__section_field(&section, 3, &field));
    http__section_deinit(&section);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered),
        cmocka_unit_test(a_body_that_is_not_read_stays_with_the_peer),
        cmocka_unit_test(a_body_is_sent_and_its_failure_ends_the_request),
        cmocka_unit_test(a_dropped_request_is_silent),
        cmocka_unit_test(a_dropped_request_asks_for_no_more_of_its_body),
        cmocka_unit_test(an_address_that_is_not_permitted_is_not_dialled),
        cmocka_unit_test(the_next_address_is_tried_and_the_name_asked_for_once),
        cmocka_unit_test(so_many_requests_at_once_and_no_more),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(fields_are_read_line_by_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
