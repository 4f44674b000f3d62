/* admission.c - tests of who may run, who waits and who is refused.  Room: tests. */
#include "trigger/admission.h"

#include "base/alloc.h"
#include "check.h"
#include "trigger/limits.h"

#define TICKETS 64

static struct trigger_admission adm;
static struct trigger_ticket tickets[TICKETS];

static const struct trigger_resources plenty = {1000, 1000, 100000, 100, 0};

/* Lanes with `most` running and `queue` waiting; a request of lane i has i + 1 memories. */
static void open_lanes(uint32_t count, uint32_t most, uint32_t queue, const struct trigger_resources *max)
{
    struct sw_err err = {0};
    CHECK_OK(trigger_admission_init(&adm, count, &err), &err);
    for (uint32_t i = 0; i < count; i++) {
        struct trigger_lane *lane = &adm.lanes[i];
        lane->running_max = most;
        lane->waiting_max = queue;
        lane->slots = i + 1;
        lane->mappings = 2 + 3 * lane->slots;
        lane->time_ms = 1000 * (i + 1);
        lane->wait_ms = 500;
    }
    trigger_admission_open(&adm, max);
    memset(tickets, 0, sizeof tickets);
}

static void close_lanes(void)
{
    CHECK(sw_list_empty(&adm.line));
    CHECK_INT(adm.running_count + adm.waiting_count + adm.slots + adm.mappings + adm.memory_bytes, 0);
    trigger_admission_deinit(&adm);
    trigger_admission_deinit(&adm); /* twice is fine */
}

static enum trigger_verdict come(uint32_t lane, int ticket, uint64_t now_ms)
{
    enum trigger_verdict verdict = trigger_admission_ask(&adm, &adm.lanes[lane]);
    if (verdict != TRIGGER_REFUSE)
        trigger_admission_enter(&adm, &adm.lanes[lane], &tickets[ticket], verdict, now_ms);
    return verdict;
}

static void leave(int ticket)
{
    trigger_admission_leave(&adm, &tickets[ticket]);
}

static int next(void) /* the number of the ticket, or -1 */
{
    struct trigger_ticket *ticket = trigger_admission_next(&adm);
    return ticket ? (int)(ticket - tickets) : -1;
}

static void a_lane_runs_some_keeps_some_waiting_and_refuses_the_rest(void **state)
{
    (void)state;
    open_lanes(1, 2, 3, &plenty);
    static const enum trigger_verdict want[] = {TRIGGER_RUN,  TRIGGER_RUN,  TRIGGER_WAIT,
                                                TRIGGER_WAIT, TRIGGER_WAIT, TRIGGER_REFUSE};
    for (int i = 0; i < 6; i++)
        CHECK_INT(come(0, i, 0), want[i]);
    CHECK_INT(next(), -1); /* nobody left */
    leave(1);
    CHECK_INT(come(0, 5, 0), TRIGGER_REFUSE); /* nobody passes those who wait */
    CHECK_INT(next(), 2);                     /* first come, first served */
    CHECK_INT(next(), -1);
    CHECK_INT(come(0, 5, 0), TRIGGER_WAIT);
    leave(0);
    leave(2);
    CHECK_INT(next(), 3);
    CHECK_INT(next(), 4);
    leave(3);
    leave(4);
    CHECK_INT(next(), 5);
    leave(5);
    CHECK_INT(come(0, 0, 0), TRIGGER_RUN);
    leave(0);
    close_lanes();
}

static void who_leaves_the_queue_makes_room_in_it(void **state)
{
    (void)state;
    open_lanes(1, 1, 2, &plenty);
    CHECK_INT(come(0, 0, 0), TRIGGER_RUN);
    CHECK_INT(come(0, 1, 0), TRIGGER_WAIT);
    CHECK_INT(come(0, 2, 0), TRIGGER_WAIT);
    leave(1); /* its client is gone */
    CHECK_INT(come(0, 3, 0), TRIGGER_WAIT);
    leave(0);
    CHECK_INT(next(), 2);
    leave(3);
    leave(2);
    CHECK_INT(next(), -1);
    close_lanes();
}

static void components_are_served_by_turns_whatever_their_queues_hold(void **state)
{
    (void)state;
    const struct trigger_resources two = {2, 1000, 100000, 100, 0};
    open_lanes(3, 10, 20, &two);
    CHECK_INT(come(0, 0, 0), TRIGGER_RUN);
    CHECK_INT(come(0, 1, 0), TRIGGER_RUN);
    for (int i = 2; i < 12; i++) /* ten of lane 0, then two of lane 1, one of lane 2 */
        CHECK_INT(come(0, i, 0), TRIGGER_WAIT);
    CHECK_INT(come(1, 12, 0), TRIGGER_WAIT);
    CHECK_INT(come(1, 13, 0), TRIGGER_WAIT);
    CHECK_INT(come(2, 14, 0), TRIGGER_WAIT);
    static const int order[] = {2, 12, 14, 3, 13, 4, 5};
    int running = 0;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        leave(running);
        CHECK_INT(next(), order[i]);
        CHECK_INT(next(), -1);
        running = order[i];
    }
    leave(1);
    leave(5);
    for (int i = 6; i < 12; i++) {
        CHECK_INT(next(), i);
        leave(i);
    }
    close_lanes();
}

static void a_full_component_does_not_hold_up_its_neighbour(void **state)
{
    (void)state;
    open_lanes(2, 1, 5, &plenty);
    CHECK_INT(come(0, 0, 0), TRIGGER_RUN);
    CHECK_INT(come(0, 1, 0), TRIGGER_WAIT);
    CHECK_INT(come(1, 2, 0), TRIGGER_RUN); /* lane 0 has had its share: its queue is its own */
    CHECK_INT(come(1, 3, 0), TRIGGER_WAIT);
    leave(2);
    CHECK_INT(next(), 3);
    CHECK_INT(next(), -1);
    leave(0);
    CHECK_INT(next(), 1);
    leave(1);
    leave(3);
    close_lanes();
}

static void every_resource_is_a_limit(void **state)
{
    (void)state;
    static const struct {
        struct trigger_resources max;
        uint32_t lane, run; /* requests of the lane that run at once */
    } rows[] = {
        {{3, 1000, 100000, 9, 0}, 0, 3}, {{1000, 4, 100000, 9, 0}, 0, 4},     {{1000, 4, 100000, 9, 0}, 1, 2},
        {{1000, 1000, 16, 9, 0}, 1, 2},  {{1000, 1000, 15, 9, 0}, 1, 1},      {{1000, 1000, 15, 9, 0}, 0, 3},
        {{1000, 1, 100000, 9, 0}, 1, 1}, /* even if one is too much already: the kernel may refuse it */
        {{1000, 1000, 1, 9, 0}, 1, 1},   {{1000, 1000, 100000, 9, 0}, 1, 10},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_lanes(2, 10, 50, &rows[i].max);
        uint32_t run = 0;
        for (int k = 0; k < 20; k++)
            run += come(rows[i].lane, k, 0) == TRIGGER_RUN;
        CHECK_INT(run, rows[i].run);
        CHECK_INT(trigger_admission_most(&adm, &adm.lanes[rows[i].lane]), rows[i].run);
        for (int k = 0; k < 20; k++) {
            leave(k);
            while (next() >= 0)
                continue;
        }
        close_lanes();
    }
}

static void who_needs_much_is_not_passed_for_ever(void **state)
{
    (void)state;
    const struct trigger_resources three = {1000, 3, 100000, 9, 0};
    open_lanes(3, 10, 50, &three);
    CHECK_INT(come(0, 0, 0), TRIGGER_RUN);
    CHECK_INT(come(0, 1, 0), TRIGGER_RUN);
    CHECK_INT(come(2, 2, 0), TRIGGER_WAIT); /* needs all three */
    CHECK_INT(come(0, 3, 0), TRIGGER_WAIT); /* would fit, but comes later */
    leave(0);
    CHECK_INT(next(), -1);
    leave(1);
    CHECK_INT(next(), 2);
    CHECK_INT(next(), -1);
    leave(2);
    CHECK_INT(next(), 3);
    leave(3);
    close_lanes();
}

static void memory_is_set_aside_as_learnt_and_counted_as_held(void **state)
{
    (void)state;
    const struct trigger_resources hundred = {1000, 1000, 100000, 100, 100};
    open_lanes(2, 50, 50, &hundred);
    trigger_lane_learn(&adm.lanes[0], 30);
    CHECK_INT(adm.lanes[0].memory_bytes, 30);
    CHECK_INT(come(0, 0, 0), TRIGGER_RUN); /* none holds anything yet, but each is expected to */
    CHECK_INT(come(0, 1, 0), TRIGGER_RUN);
    CHECK_INT(come(0, 2, 0), TRIGGER_RUN);
    CHECK_INT(come(0, 3, 0), TRIGGER_WAIT);
    leave(0);
    CHECK_INT(next(), 3);
    trigger_lane_learn(&adm.lanes[0], 30 + 8 * TRIGGER_MEMORY_SMOOTH); /* what runs has its share already */
    CHECK_INT(adm.lanes[0].memory_bytes, 30 - 30 / TRIGGER_MEMORY_SMOOTH + 3 + 8);
    trigger_admission_memory(&adm, 101); /* they hold more than was set aside */
    CHECK_INT(come(1, 4, 0), TRIGGER_WAIT);
    CHECK_INT(next(), -1);
    trigger_admission_memory(&adm, 100);
    CHECK_INT(next(), 4); /* nothing is known of this one: it is let in */
    trigger_admission_memory(&adm, 0);
    adm.lanes[1].memory_bytes =
        5; /* with the 90 of the others more than what the engine gives to those that hold much */
    CHECK_INT(come(1, 7, 0), TRIGGER_WAIT);
    CHECK_INT(next(), -1);
    adm.lanes[1].memory_bytes = 4;
    CHECK_INT(next(), 7);
    leave(7);
    for (int i = 1; i <= 4; i++)
        leave(i);
    adm.lanes[1].memory_bytes = 500;
    CHECK_INT(come(1, 5, 0), TRIGGER_RUN); /* alone, it may try */
    CHECK_INT(come(1, 6, 0), TRIGGER_WAIT);
    leave(5);
    CHECK_INT(next(), 6);
    leave(6);
    close_lanes();
}

static void deadlines_are_found_over_lanes_with_different_limits(void **state)
{
    (void)state;
    open_lanes(3, 1, 5, &plenty); /* 1, 2, 3 s; 500 ms in the queue */
    CHECK(trigger_admission_deadline(&adm) == UINT64_MAX);
    CHECK(trigger_admission_overdue(&adm, UINT64_MAX - 1) == NULL);
    (void)come(2, 0, 100);
    CHECK_INT(trigger_admission_deadline(&adm), 3100);
    (void)come(0, 1, 900);
    CHECK_INT(trigger_admission_deadline(&adm), 1900);
    (void)come(1, 2, 950);
    (void)come(2, 3, 1000); /* waits until 1500 */
    CHECK_INT(trigger_admission_deadline(&adm), 1500);
    CHECK(trigger_admission_overdue(&adm, 1499) == NULL);
    CHECK(trigger_admission_overdue(&adm, 1500) == &tickets[3]);
    leave(3);
    CHECK(trigger_admission_overdue(&adm, 1899) == NULL);
    static const int order[] = {1, 2, 0};
    for (int i = 0; i < 3; i++) {
        struct trigger_ticket *ticket = trigger_admission_overdue(&adm, 5000);
        CHECK(ticket == &tickets[order[i]]);
        trigger_admission_leave(&adm, ticket);
    }
    close_lanes();
}

static void the_time_in_the_queue_counts(void **state)
{
    (void)state;
    open_lanes(1, 1, 5, &plenty);
    (void)come(0, 0, 0);
    (void)come(0, 1, 100);
    leave(0);
    CHECK_INT(next(), 1);
    CHECK_INT(trigger_ticket_deadline(&tickets[1]), 1100); /* a second after it came, not after it began */
    leave(1);
    close_lanes();
}

static void a_full_queue_has_eased_when_a_quarter_is_free(void **state)
{
    (void)state;
    open_lanes(2, 1, 8, &plenty);
    CHECK(!trigger_lane_is_full(&adm.lanes[0]) && trigger_lane_has_eased(&adm.lanes[0]));
    for (int i = 0; i < 9; i++)
        (void)come(0, i, 0);
    CHECK(trigger_lane_is_full(&adm.lanes[0]) && !trigger_lane_has_eased(&adm.lanes[0]));
    CHECK(!trigger_lane_is_full(&adm.lanes[1]));
    leave(8);
    CHECK(!trigger_lane_is_full(&adm.lanes[0]) && !trigger_lane_has_eased(&adm.lanes[0]));
    leave(7);
    CHECK(trigger_lane_has_eased(&adm.lanes[0]));
    for (int i = 0; i < 7; i++)
        leave(i);
    close_lanes();
}

/* Any order of coming, leaving and being served keeps the counts and the order. */
static void counts_hold_in_any_order(void **state)
{
    (void)state;
    const struct trigger_resources few = {6, 9, 40, 9, 0};
    uint64_t random = 88172645463325252u;
    bool in[TICKETS] = {false};
    open_lanes(3, 3, 8, &few);
    for (int step = 0; step < 200000; step++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        int i = (int)(random % TICKETS);
        uint32_t lane = (uint32_t)(random >> 20) % 3;
        if (in[i])
            leave(i);
        in[i] = !in[i] && come(lane, i, (uint64_t)step) != TRIGGER_REFUSE;
        while (next() >= 0)
            continue;
        uint64_t slots = 0;
        uint32_t waiting = 0;
        for (uint32_t k = 0; k < 3; k++) {
            const struct trigger_lane *l = &adm.lanes[k];
            CHECK(l->running_count <= 3 && l->waiting_count <= 8);
            CHECK(!sw_list_empty(&l->line) == (l->waiting_count && l->running_count < 3));
            slots += (uint64_t)l->running_count * l->slots;
            waiting += l->waiting_count;
        }
        CHECK(slots == adm.slots && slots <= 9 && waiting == adm.waiting_count);
        CHECK(adm.running_count <= 6 && adm.mappings <= 40);
    }
    for (int i = 0; i < TICKETS; i++)
        if (in[i])
            leave(i);
    close_lanes();
}

static void without_memory_there_is_no_admission(void **state)
{
    (void)state;
    struct sw_err err = {0};
    sw_mem_fail_after(0);
    int rc = trigger_admission_init(&adm, 7, &err);
    sw_mem_fail_after(-1);
    CHECK_INT(rc, -SW_ENOMEM);
    CHECK_STR(sw_str_of(err.text), "no memory for the queues of 7 components");
    trigger_admission_deinit(&adm);
    CHECK_OK(trigger_admission_init(&adm, 7, &err), &err);
    trigger_admission_deinit(&adm);
}

static void what_the_kernel_gives_becomes_limits(void **state)
{
    (void)state;
    struct trigger_resources resources;
    CHECK_INT(trigger_mappings_left(65530, 300), 65530 - 300 - TRIGGER_MAPPINGS_RESERVE);
    CHECK_INT(trigger_mappings_left(1000, 300), TRIGGER_MAPPINGS_MIN);
    CHECK_INT(trigger_mappings_left(UINT64_MAX, 300), UINT32_MAX);
    CHECK_INT(trigger_connections_left(1024, 20), 1024 - 20 - TRIGGER_DESCRIPTORS_RESERVE);
    CHECK_INT(trigger_connections_left(30, 20), TRIGGER_CONNECTIONS_MIN);
    CHECK_INT(trigger_connections_left(UINT64_MAX, 20), TRIGGER_CONNECTIONS_MAX);
    trigger_resources_read(&resources);
    CHECK(resources.mappings >= TRIGGER_MAPPINGS_MIN && resources.connections >= TRIGGER_CONNECTIONS_MIN);
    CHECK_INT(resources.stacks, TRIGGER_REQUESTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lane_runs_some_keeps_some_waiting_and_refuses_the_rest),
        cmocka_unit_test(who_leaves_the_queue_makes_room_in_it),
        cmocka_unit_test(components_are_served_by_turns_whatever_their_queues_hold),
        cmocka_unit_test(a_full_component_does_not_hold_up_its_neighbour),
        cmocka_unit_test(every_resource_is_a_limit),
        cmocka_unit_test(who_needs_much_is_not_passed_for_ever),
        cmocka_unit_test(memory_is_set_aside_as_learnt_and_counted_as_held),
        cmocka_unit_test(deadlines_are_found_over_lanes_with_different_limits),
        cmocka_unit_test(the_time_in_the_queue_counts),
        cmocka_unit_test(a_full_queue_has_eased_when_a_quarter_is_free),
        cmocka_unit_test(counts_hold_in_any_order),
        cmocka_unit_test(without_memory_there_is_no_admission),
        cmocka_unit_test(what_the_kernel_gives_becomes_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
