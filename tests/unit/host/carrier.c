/* carrier.c - events, waiters, and the memory of objects.  Tests: host. */
#include "host/carrier.h"

#include "base/alloc.h"
#include "check.h"
#include "fake.h"
#include "host/limits.h"

struct seen {
    struct host_waiter waiter;
    struct host_waiter *stops; /* stopped by this one's wake */
    unsigned wakes;
};

static void saw(void *arg)
{
    struct seen *seen = arg;
    seen->wakes++;
    if (seen->stops)
        host_waiter_stop(seen->stops);
}

static void a_fired_event_wakes_everyone_once(void **state)
{
    (void)state;
    struct host_event event;
    struct seen seen[3] = {0};
    host_event_init(&event);
    host_event_fire(&event); /* nobody */
    for (int i = 0; i < 3; i++)
        host_waiter_start(&seen[i].waiter, &event, saw, &seen[i]);
    host_event_fire(&event);
    host_event_fire(&event);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(seen[i].wakes, 2);
        host_waiter_stop(&seen[i].waiter);
        host_waiter_stop(&seen[i].waiter);
    }
    host_event_fire(&event);
    CHECK_INT(seen[0].wakes, 2);
    CHECK(sw_list_empty(&event.waiters));
}

struct again {
    struct host_waiter waiter;
    struct host_event *event;
    unsigned wakes;
};

static void waits_again(void *arg)
{
    struct again *again = arg;
    CHECK_INT(++again->wakes <= 2, true); /* else the event never ends */
    host_waiter_stop(&again->waiter);
    host_waiter_start(&again->waiter, again->event, waits_again, again);
}

static void who_waits_again_when_woken_waits_for_the_next_turn(void **state)
{
    (void)state;
    struct host_event event;
    struct again again[2] = {{.event = &event}, {.event = &event}};
    host_event_init(&event);
    for (int i = 0; i < 2; i++)
        host_waiter_start(&again[i].waiter, &event, waits_again, &again[i]);
    for (unsigned turn = 1; turn <= 2; turn++) {
        host_event_fire(&event);
        CHECK_INT(again[0].wakes, turn);
        CHECK_INT(again[1].wakes, turn);
    }
    for (int i = 0; i < 2; i++)
        host_waiter_stop(&again[i].waiter);
}

static void a_wake_may_stop_itself_or_its_neighbours(void **state)
{
    (void)state;
    struct host_event event;
    for (int target = 0; target < 3; target++) {
        struct seen seen[3] = {0};
        host_event_init(&event);
        for (int i = 0; i < 3; i++)
            host_waiter_start(&seen[i].waiter, &event, saw, &seen[i]);
        seen[1].stops = &seen[target].waiter;
        host_event_fire(&event);
        CHECK_INT(seen[0].wakes, 1);
        CHECK_INT(seen[1].wakes, 1);
        CHECK_INT(seen[2].wakes, target == 2 ? 0 : 1);
        for (int i = 0; i < 3; i++)
            host_waiter_stop(&seen[i].waiter);
    }
    struct host_waiter never = {0};
    host_waiter_stop(&never); /* never started */
}

static struct host_event wanted;

static void park_fires_late(struct fake *fake)
{
    if (fake->parks == 3)
        host_event_fire(&wanted);
    else
        fake->woken = true; /* a wake that means something else */
}

static void park_cancels(struct fake *fake)
{
    fake->cancelled = true;
}

static void a_fiber_waits_until_its_event_fires(void **state)
{
    (void)state;
    struct fake fake;
    struct sw_err err;
    fake_init(&fake);
    host_event_init(&wanted);
    fake.park = park_fires_late;
    CHECK_OK(host_event_wait(&wanted, component_call_engine(&fake.call), &err), &err);
    CHECK_INT(fake.parks, 3);
    CHECK(sw_list_empty(&wanted.waiters));
    fake.park = park_cancels;
    CHECK_INT(host_event_wait(&wanted, component_call_engine(&fake.call), &err), -SW_ECANCELLED);
    CHECK(sw_list_empty(&wanted.waiters));
    fake_deinit(&fake);
}

static void objects_are_reused_and_zeroed(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 63, 64, 65, 128, 200, 256, 500, 512, 513, 9000};
    struct host_objects objects;
    host_objects_init(&objects);
    for (int round = 0; round < 3; round++) {
        char *made[sizeof sizes / sizeof *sizes];
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            made[i] = host_object_new(&objects, sizes[i]);
            CHECK(made[i]);
            for (size_t k = 0; k < sizes[i]; k++)
                CHECK_INT(made[i][k], 0);
            memset(made[i], 0xff, sizes[i]);
        }
        size_t bytes = objects.bytes;
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            host_object_free(&objects, made[i], sizes[i]);
        CHECK_INT(objects.live, 0);
        CHECK(bytes >= objects.bytes);
    }
    host_object_free(&objects, NULL, 8);
    CHECK(host_object_new(&objects, 5000)); /* left behind: reset and deinit take it */
    host_objects_reset(&objects);
    CHECK_INT(objects.bytes, HOST_OBJECT_BLOCK_FIRST);
    CHECK(host_object_new(&objects, 5000));
    CHECK(host_object_new(&objects, 50));
    host_objects_deinit(&objects);
}

static void objects_have_a_ceiling(void **state)
{
    (void)state;
    struct host_objects objects;
    host_objects_init(&objects);
    size_t made = 0;
    while (host_object_new(&objects, 512))
        made++;
    CHECK(made * 512 > HOST_OBJECT_BYTES_MAX / 2 && made * 512 <= HOST_OBJECT_BYTES_MAX);
    CHECK(!host_object_new(&objects, HOST_OBJECT_BYTES_MAX));
    CHECK(!host_object_new(&objects, SIZE_MAX));
    host_objects_deinit(&objects);
}

static void objects_survive_a_lack_of_memory(void **state)
{
    (void)state;
    struct host_objects objects;
    host_objects_init(&objects);
    sw_mem_fail_after(0);
    CHECK(!host_object_new(&objects, 64));
    CHECK(!host_object_new(&objects, 6400));
    sw_mem_fail_after(-1);
    CHECK(host_object_new(&objects, 64));
    host_objects_deinit(&objects);
}

static void a_spare_host_is_taken_again(void **state)
{
    (void)state;
    struct sw_err err;
    struct host_grants grants = {0};
    struct host *first, *again;
    host_free(NULL);
    CHECK_OK(host_new(NULL, &grants, &first, &err), &err);
    CHECK(host_grants(first) == &grants);
    host_free(first);
    sw_mem_fail_after(0);
    CHECK_OK(host_new(NULL, &grants, &again, &err), &err);
    CHECK(again == first);
    struct host *more;
    CHECK_INT(host_new(NULL, &grants, &more, &err), -SW_ENOMEM);
    sw_mem_fail_after(-1);
    host_free(again);
    struct host *many[HOST_SPARE_MAX + 5];
    for (int i = 0; i < HOST_SPARE_MAX + 5; i++)
        CHECK_OK(host_new(NULL, &grants, &many[i], &err), &err);
    for (int i = 0; i < HOST_SPARE_MAX + 5; i++)
        host_free(many[i]);
    host_spare_free();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fired_event_wakes_everyone_once),
        cmocka_unit_test(who_waits_again_when_woken_waits_for_the_next_turn),
        cmocka_unit_test(a_wake_may_stop_itself_or_its_neighbours),
        cmocka_unit_test(a_fiber_waits_until_its_event_fires),
        cmocka_unit_test(objects_are_reused_and_zeroed),
        cmocka_unit_test(objects_have_a_ceiling),
        cmocka_unit_test(objects_survive_a_lack_of_memory),
        cmocka_unit_test(a_spare_host_is_taken_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
