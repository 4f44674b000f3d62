/* fairness.c - how long a call waits beside guests that compute, counted in their slices, not in time. */
#include "base/alloc.h"
#include "check.h"
#include "guest.h"

#define SPINNERS_MAX 16
#define HELLOS 200
#define FLOOD 64

static const char *const wat =
    "(module"
    "  (func (export \"spin\") (param i32) (result i32) (loop $l (br $l)) (i32.const 0))"
    "  (func (export \"work\") (param i32) (result i32)"
    "    (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 7))"
    "  (func (export \"hello\") (param i32) (result i32) (local.get 0))"
    "  (memory (export \"memory\") 1)"
    "  (func (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0))))";

struct task {
    struct engine_store *store;
    struct engine_call *call;
    const char *export;
    uint32_t tag; /* 0: of no component that the engine can tell apart */
    int32_t arg;
    int32_t result;
    bool done;
    int rc;
};

static int task_fn(void *arg, struct engine_store *store)
{
    struct task *task = arg;
    return guest_call(store, 0, task->export, task->arg, &task->result);
}

static void task_done(void *arg, int rc)
{
    struct task *task = arg;
    task->done = true;
    task->rc = rc;
}

#define LOUD 1 /* the tags of two components */
#define QUIET 2

static void task_start(struct world *world, struct engine_bound *bound, struct task *task)
{
    struct sw_err err = {0};
    struct engine_limits limits = {.cpu_ms_max = 1000000, .tag = task->tag};
    task->store = world_store(world, &limits, NULL);
    CHECK_INT(world_instantiate(task->store, bound), 0);
    CHECK_OK(engine_call_start(task->store, task_fn, task_done, task, &task->call, &err), &err);
}

struct stage {
    struct world world;
    struct guest guest;
    struct engine_bound *bound;
};

static void stage_open(struct stage *stage)
{
    world_open(&stage->world, ENGINE_RESET_AUTO);
    guest_open(&stage->guest, stage->world.engine, wat);
    stage->bound = guest_bind(&stage->guest, NULL);
}

static void stage_close(struct stage *stage)
{
    engine_bound_free(stage->bound);
    guest_close(&stage->guest);
    world_close(&stage->world);
}

/* Hellos one after the other beside `count` guests that never end. */
static void run_beside(uint32_t count)
{
    struct stage stage;
    struct task spinners[SPINNERS_MAX] = {{0}};
    struct engine_stats before;
    struct engine_stats after;
    stage_open(&stage);
    for (uint32_t i = 0; i < count; i++) {
        spinners[i].export = "spin";
        task_start(&stage.world, stage.bound, &spinners[i]);
    }
    for (uint32_t i = 0; i < 2 * count + 2; i++) /* each of them is spent by now */
        CHECK(fake_loop_turn(stage.world.loop));
    engine_stats_read(stage.world.engine, &before);
    for (int i = 0; i < HELLOS; i++) {
        struct task hello = {.export = "hello", .arg = i};
        task_start(&stage.world, stage.bound, &hello);
        while (!hello.done)
            CHECK(fake_loop_turn(stage.world.loop));
        CHECK(hello.rc == 0 && hello.result == i);
        engine_store_free(hello.store);
    }
    engine_stats_read(stage.world.engine, &after);
    uint64_t late = after.waited[3] - before.waited[3];
    uint64_t all = after.waited[0] + after.waited[1] + after.waited[2] + after.waited[3] - before.waited[0] -
                   before.waited[1] - before.waited[2] - before.waited[3];
    CHECK_INT(all, HELLOS);
    CHECK_INT(late, 0);
    CHECK(after.yields >= before.yields + HELLOS / 2); /* and whoever computes went on */
    for (uint32_t i = 0; i < count; i++) {
        engine_call_cancel(spinners[i].call);
        engine_store_free(spinners[i].store);
    }
    stage_close(&stage);
}

static void beside_one_spinning_guest_hello_waits_at_most_two_slices(void **state)
{
    (void)state;
    run_beside(1);
}

static void beside_many_spinning_guests_hello_waits_at_most_two_slices(void **state)
{
    (void)state;
    run_beside(SPINNERS_MAX);
}

/* Newcomers go first, but not only they go. */
static void a_computing_guest_goes_on_beside_a_steady_stream_of_others(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    struct task spin = {.export = "spin"};
    task_start(&stage.world, stage.bound, &spin);
    CHECK(fake_loop_turn(stage.world.loop));
    struct engine_usage before;
    struct engine_usage after;
    engine_store_usage(spin.store, &before);
    for (int turn = 0; turn < 10; turn++) {
        struct task crowd[8] = {{0}};
        for (int i = 0; i < 8; i++) {
            crowd[i].export = "hello";
            task_start(&stage.world, stage.bound, &crowd[i]);
        }
        bool all = false;
        while (!all) {
            CHECK(fake_loop_turn(stage.world.loop));
            all = true;
            for (int i = 0; i < 8; i++)
                all = all && crowd[i].done;
        }
        for (int i = 0; i < 8; i++)
            engine_store_free(crowd[i].store);
    }
    engine_store_usage(spin.store, &after);
    CHECK(after.cpu_ns > before.cpu_ns);
    engine_call_cancel(spin.call);
    engine_store_free(spin.store);
    stage_close(&stage);
}

/* Turns until the task is done; at most `most`. */
static int turns_of(struct stage *stage, const struct task *task, int most)
{
    int turns = 0;
    for (; turns < most && !task->done; turns++)
        CHECK(fake_loop_turn(stage->world.loop));
    CHECK(task->done && task->rc == 0);
    return turns;
}

static void drop(struct task *task)
{
    if (!task->done)
        engine_call_cancel(task->call);
    engine_store_free(task->store);
}

/* All of them are new and ready before hello is: each would have a first slice before anybody knows that it computes. */
static void behind_a_burst_of_new_computing_calls_hello_waits_at_most_two_slices(void **state)
{
    (void)state;
    struct stage stage;
    struct task burst[SPINNERS_MAX] = {{0}};
    struct engine_stats stats;
    stage_open(&stage);
    for (int round = 0; round < 3; round++) { /* the first finds nothing spent, the others the burst before */
        struct task more[SPINNERS_MAX] = {{0}};
        struct task *tasks = round ? more : burst;
        for (int i = 0; i < SPINNERS_MAX; i++) {
            tasks[i].export = "spin";
            tasks[i].tag = LOUD;
            task_start(&stage.world, stage.bound, &tasks[i]);
        }
        struct task hello = {.export = "hello", .tag = QUIET, .arg = round};
        task_start(&stage.world, stage.bound, &hello);
        CHECK(turns_of(&stage, &hello, 2) <= 2);
        engine_store_free(hello.store);
        for (int i = 0; round && i < SPINNERS_MAX; i++)
            drop(&more[i]);
    }
    engine_stats_read(stage.world.engine, &stats);
    CHECK(stats.waited_max <= 2 && stats.waited[3] == 0);
    for (int turn = 0; turn < 2 * SPINNERS_MAX; turn++) /* and the burst itself goes on */
        CHECK(fake_loop_turn(stage.world.loop));
    for (int i = 0; i < SPINNERS_MAX; i++) {
        struct engine_usage usage;
        engine_store_usage(burst[i].store, &usage);
        CHECK(usage.cpu_ns > 0);
        drop(&burst[i]);
    }
    stage_close(&stage);
}

/* None of them uses a slice up, but together they would keep hello waiting for long. */
static void behind_a_flood_of_short_calls_of_another_component_hello_waits_for_two_turns(void **state)
{
    (void)state;
    struct stage stage;
    static struct task flood[FLOOD];
    stage_open(&stage);
    memset(flood, 0, sizeof flood);
    for (int i = 0; i < FLOOD; i++) {
        flood[i] = (struct task){.export = "work", .tag = LOUD, .arg = 300000};
        task_start(&stage.world, stage.bound, &flood[i]);
    }
    struct task hello = {.export = "hello", .tag = QUIET, .arg = 1};
    task_start(&stage.world, stage.bound, &hello);
    CHECK(turns_of(&stage, &hello, 2) <= 2);
    engine_store_free(hello.store);
    for (int i = 0; i < FLOOD; i++)
        (void)turns_of(&stage, &flood[i], 100 * FLOOD);
    for (int i = 0; i < FLOOD; i++)
        drop(&flood[i]);
    stage_close(&stage);
}

/* Components that do not compute fill every turn; one that does goes on all the same, its new calls and its old ones. */
static void a_heavy_component_goes_on_beside_others_that_fill_every_turn(void **state)
{
    (void)state;
    struct stage stage;
    struct engine_usage before;
    struct engine_usage after;
    stage_open(&stage);
    struct task old = {.export = "spin", .tag = LOUD};
    struct task late = {.export = "hello", .tag = LOUD, .arg = 5};
    task_start(&stage.world, stage.bound, &old);
    CHECK(fake_loop_turn(stage.world.loop)); /* its component is heavy now */
    engine_store_usage(old.store, &before);
    task_start(&stage.world, stage.bound, &late);
    for (uint32_t turn = 0; turn < 4;
         turn++) { /* each with a component that begins to compute: no turn has time for the heavy ones */
        struct task newcomer = {.export = "spin", .tag = QUIET + turn};
        task_start(&stage.world, stage.bound, &newcomer);
        CHECK(fake_loop_turn(stage.world.loop));
        drop(&newcomer);
    }
    CHECK(late.done);
    engine_store_usage(old.store, &after);
    CHECK(after.cpu_ns > before.cpu_ns);
    drop(&late);
    drop(&old);
    stage_close(&stage);
}

static void a_spent_call_can_be_cancelled_and_its_store_freed(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    struct task spin[3] = {{0}};
    for (int i = 0; i < 3; i++) {
        spin[i].export = "spin";
        task_start(&stage.world, stage.bound, &spin[i]);
    }
    for (int turn = 0; turn < 5; turn++)
        CHECK(fake_loop_turn(stage.world.loop));
    for (int i = 2; i >= 0; i--) {
        engine_call_cancel(spin[i].call);
        CHECK_INT(engine_store_failure(spin[i].store)->kind, ENGINE_TRAP_CANCELLED);
        engine_store_free(spin[i].store);
        (void)fake_loop_turn(stage.world.loop);
    }
    CHECK(!fake_loop_turn(stage.world.loop));
    stage_close(&stage);
}

static void what_a_store_used_is_told(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    struct engine_usage usage;
    struct engine_store *store =
        world_store(&stage.world, &(struct engine_limits){.memory_bytes_max = 4 * 65536}, NULL);
    CHECK_INT(world_instantiate(store, stage.bound), 0);
    int32_t before = 0;
    CHECK_INT(world_call(&stage.world, store, 0, "grow", 3, &before), 0);
    CHECK_INT(before, 1);
    engine_store_usage(store, &usage);
    CHECK_INT(usage.memory_bytes, 4 * 65536);
    CHECK_INT(usage.memory_refused, 0);
    CHECK_INT(world_call(&stage.world, store, 0, "grow", 2, &before), 0);
    CHECK_INT(before, -1);
    engine_store_usage(store, &usage);
    CHECK_INT(usage.memory_bytes, 4 * 65536);
    CHECK_INT(usage.memory_refused, 6 * 65536);
    engine_store_free(store);
    store = world_store(&stage.world, NULL, NULL); /* its memory was another store's */
    engine_store_usage(store, &usage);
    CHECK_INT(usage.memory_bytes + usage.memory_refused + usage.cpu_ns, 0);
    engine_store_free(store);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beside_one_spinning_guest_hello_waits_at_most_two_slices),
        cmocka_unit_test(beside_many_spinning_guests_hello_waits_at_most_two_slices),
        cmocka_unit_test(a_computing_guest_goes_on_beside_a_steady_stream_of_others),
        cmocka_unit_test(behind_a_burst_of_new_computing_calls_hello_waits_at_most_two_slices),
        cmocka_unit_test(behind_a_flood_of_short_calls_of_another_component_hello_waits_for_two_turns),
        cmocka_unit_test(a_heavy_component_goes_on_beside_others_that_fill_every_turn),
        cmocka_unit_test(a_spent_call_can_be_cancelled_and_its_store_freed),
        cmocka_unit_test(what_a_store_used_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
