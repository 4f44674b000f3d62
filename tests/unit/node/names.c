/* names.c - tests of look-ups for a worker: the supervisor's end against the worker's, over a channel. */
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "codec/json.h"
#include "loop/resolve.h"
#include "node/limits.h"
#include "node/node_internal.h"

static struct sw_err err;

struct world {
    struct loop *loop;
    int pair[2]; /* the supervisor's end, the worker's */
    struct node__names *names;
    struct node__asker *asker;
    struct loop_watch *watches[2];
    int heard;
    int rc;
    uint32_t count;
    char text[200];
};

static bool receive(int fd, char *buffer, size_t n, struct codec_json **ret)
{
    struct node_message message;
    if (node_channel_receive(fd, buffer, n, &message, &err) != 0)
        return false;
    CHECK_OK(codec_json_parse(message.json, ret, &err), &err);
    return true;
}

static void on_question(void *arg)
{
    struct world *world = arg;
    char buffer[4096];
    struct codec_json *json = NULL;
    while (receive(world->pair[0], buffer, sizeof buffer, &json)) {
        node__names_ask(world->names, json);
        codec_json_free(json);
    }
}

static void on_answer(void *arg)
{
    struct world *world = arg;
    char buffer[4096];
    struct codec_json *json = NULL;
    while (receive(world->pair[1], buffer, sizeof buffer, &json)) {
        node__asker_answer(world->asker, json);
        codec_json_free(json);
    }
}

static void on_resolved(void *arg, int rc, const struct loop_address *addresses, uint32_t count,
                        const struct sw_err *why)
{
    struct world *world = arg;
    (void)addresses;
    world->heard++;
    world->rc = rc;
    world->count = count;
    if (rc < 0)
        (void)snprintf(world->text, sizeof world->text, "%.150s", why->text);
    loop_stop(world->loop);
}

static void open_world(struct world *world, bool granted)
{
    *world = (struct world){0};
    CHECK_OK(loop_new(&world->loop, &err), &err);
    CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, world->pair), 0);
    world->names = node__names_new(world->loop, world->pair[0], granted);
    world->asker = node__asker_new(world->pair[1]);
    CHECK_OK(loop_watch_new(world->loop, world->pair[0], on_question, world, &world->watches[0], &err), &err);
    CHECK_OK(loop_watch_new(world->loop, world->pair[1], on_answer, world, &world->watches[1], &err), &err);
}

static void close_world(struct world *world)
{
    loop_watch_free(world->watches[0]);
    loop_watch_free(world->watches[1]);
    node__names_free(world->names);
    node__asker_free(world->asker);
    (void)close(world->pair[0]);
    (void)close(world->pair[1]);
    CHECK_OK(loop_run(world->loop, &err), &err); /* until the look-ups that were dropped are over, too */
    loop_free(world->loop);
}

static int ask(struct world *world, struct loop_lookup *lookup, const char *name)
{
    return loop_lookup_start(node__asker_face(world->asker), lookup, sw_str_of(name), on_resolved, world,
                             &err);
}

static void a_name_is_looked_up_for_the_worker(void **state)
{
    struct world world;
    struct loop_lookup lookup;
    (void)state;
    open_world(&world, true);
    CHECK_OK(ask(&world, &lookup, "localhost"), &err);
    CHECK_OK(loop_run(world.loop, &err), &err);
    CHECK_INT(world.rc, 0);
    CHECK(world.count > 0);
    CHECK_OK(ask(&world, &lookup, "no.such.invalid"), &err);
    CHECK_OK(loop_run(world.loop, &err), &err);
    CHECK_INT(world.rc, -SW_EIO);
    CHECK_INT(world.heard, 2);
    close_world(&world);
}

static void without_a_grant_nothing_is_looked_up(void **state)
{
    struct world world;
    struct loop_lookup lookup;
    (void)state;
    open_world(&world, false);
    CHECK_OK(ask(&world, &lookup, "localhost"), &err);
    CHECK_OK(loop_run(world.loop, &err), &err);
    CHECK_INT(world.rc, -SW_EIO);
    CHECK_HAS(world.text, "may not connect to any host");
    close_world(&world);
}

static void a_dropped_look_up_hears_nothing(void **state)
{
    struct world world;
    struct loop_lookup lookups[2];
    (void)state;
    open_world(&world, true);
    CHECK_OK(ask(&world, &lookups[0], "localhost"), &err);
    CHECK_OK(ask(&world, &lookups[1], "localhost"), &err);
    loop_lookup_drop(node__asker_face(world.asker), &lookups[0]);
    CHECK_OK(loop_run(world.loop, &err), &err);
    CHECK_INT(world.heard, 1);
    close_world(&world);
}

static void a_worker_may_ask_for_so_many_names_at_once(void **state)
{
    static struct loop_lookup lookups[NODE_NAMES_MAX + 1];
    struct world world;
    (void)state;
    open_world(&world, true);
    for (int i = 0; i < NODE_NAMES_MAX; i++) {
        CHECK_OK(ask(&world, &lookups[i], "localhost"), &err);
        on_question(&world); /* so that the socket does not fill */
    }
    CHECK_INT(ask(&world, &lookups[NODE_NAMES_MAX], "localhost"), -SW_ELIMIT);
    while (world.heard < NODE_NAMES_MAX)
        CHECK_OK(loop_run(world.loop, &err), &err);
    CHECK_INT(world.rc, 0);
    close_world(&world);
}

/* What a broken worker says: each is answered with an error or not at all, and nothing else happens. */
static void strange_questions_are_harmless(void **state)
{
    static const char *const questions[] = {
        "{\"type\":\"resolve\"}", "{\"id\":1,\"name\":\"\"}",           "{\"id\":1,\"name\":\"a b\"}",
        "{\"id\":1,\"name\":7}",  "{\"id\":\"x\",\"name\":\"a/../b\"}", "{\"id\":-1,\"name\":\"a\\u0001\"}"};
    struct world world;
    char buffer[4096];
    (void)state;
    open_world(&world, true);
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        struct codec_json *json = NULL;
        CHECK_OK(codec_json_parse(sw_str_of(questions[i]), &json, &err), &err);
        node__names_ask(world.names, json);
        codec_json_free(json);
        CHECK(receive(world.pair[1], buffer, sizeof buffer, &json));
        CHECK_STR(codec_json_string(codec_json_get(json, "error")), "no host name");
        node__asker_answer(world.asker, json); /* of a look-up that it does not know */
        codec_json_free(json);
    }
    CHECK_INT(world.heard, 0);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_looked_up_for_the_worker),
        cmocka_unit_test(without_a_grant_nothing_is_looked_up),
        cmocka_unit_test(a_dropped_look_up_hears_nothing),
        cmocka_unit_test(a_worker_may_ask_for_so_many_names_at_once),
        cmocka_unit_test(strange_questions_are_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
