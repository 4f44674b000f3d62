/* call.c - fibers: parking, waking, cancelling, many in one store, slices, budgets, stacks. */
#include "check.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/limits.h"
#include "guest.h"

/* block parks once and adds 1; nest doubles its argument, calls `inner`, adds 1000; recur calls `again` of its own module. */
#define WAT                                                                                                  \
    "(module (import \"h\" \"block\" (func $b (param i32) (result i32)))(import \"h\" \"nest\" (func $n "    \
    "(param i32) (result i32)))"                                                                             \
    "(import \"h\" \"recur\" (func $r (param i32) (result i32)))(memory (export \"m\") 1)(global $g (mut "   \
    "i32) (i32.const 0))"                                                                                    \
    "(func (export \"outer\") (param i32) (result i32) (i32.add (i32.const 7) (call $n (i32.add (local.get " \
    "0) (i32.const 1)))))"                                                                                   \
    "(func (export \"inner\") (param i32) (result i32) (i32.add (i32.const 3) (call $b (call $b (local.get " \
    "0)))))"                                                                                                 \
    "(func (export \"id\") (param i32) (result i32) (local.get 0))"                                          \
    "(func (export \"spin\") (param i32) (result i32) (loop $l (global.set $g (i32.add (global.get $g) "     \
    "(i32.const 1))) (br $l)) unreachable)"                                                                  \
    "(func (export \"count\") (param i32) (result i32) (local i32) (loop $l (local.set 1 (i32.add "          \
    "(local.get 1) (i32.const 1)))"                                                                          \
    "  (br_if $l (i32.lt_u (local.get 1) (local.get 0)))) (local.get 1))"                                    \
    "(func (export \"blocks\") (param i32) (result i32) (local i32) (loop $l (local.set 1 (call $b "         \
    "(local.get 1)))"                                                                                        \
    "  (br_if $l (i32.lt_u (local.get 1) (local.get 0)))) (local.get 1))"                                    \
    "(func $deep (export \"deep\") (param i32) (result i32) (i32.add (i32.const 1) (call $deep (i32.add "    \
    "(local.get 0) (i32.const 1)))))"                                                                        \
    "(func (export \"again\") (param i32) (result i32) (i32.add (i32.const 1) (call $r (local.get 0))))"     \
    "(func $far (export \"far\") (param i32) (result i32) (if (result i32) (i32.gt_u (local.get 0) "         \
    "(i32.const 3000))"                                                                                      \
    "  (then (call $r (i32.const -1))) (else (i32.add (i32.const 1) (call $far (i32.add (local.get 0) "      \
    "(i32.const 1))))))))"

struct task {
    struct engine_call *call;
    const char *export;
    int32_t arg;
    int32_t result;
    int rc;
    bool done;
    int frees; /* C frames of this task that have left */
};

struct tree { /* the owner of a store: its tasks find themselves through the running call */
    struct world world;
    struct guest guest;
    struct engine_bound *bound;
    struct engine_store *store;
    uint32_t instance;
    struct task tasks[64];
    unsigned task_count;
    unsigned parked;
    struct sw_err err;
};

static struct task *task_of(struct tree *tree)
{
    struct engine_call *call = engine_store_call(tree->store);
    for (unsigned i = 0; i < tree->task_count; i++)
        if (tree->tasks[i].call == call)
            return &tree->tasks[i];
    fail_msg("no task for the running call");
    return NULL;
}

static int block(void *env, struct engine_store *store, union engine_val *vals)
{
    (void)env;
    struct tree *tree = engine_store_owner(store);
    struct sw_err err = {0};
    tree->parked++;
    int rc = engine_park_wait(store, &err);
    tree->parked--;
    task_of(tree)->frees++;
    if (rc < 0)
        CHECK_INT(rc, -SW_ECANCELLED);
    vals[0].i32 += 1;
    return rc;
}

static int nest(void *env, struct engine_store *store, union engine_val *vals)
{
    (void)env;
    struct tree *tree = engine_store_owner(store);
    int32_t out = 0;
    int rc = guest_call(store, tree->instance, "inner", vals[0].i32 * 2, &out);
    task_of(tree)->frees++;
    vals[0].i32 = out + 1000;
    return rc;
}

static int recur(void *env, struct engine_store *store, union engine_val *vals)
{
    (void)env;
    struct tree *tree = engine_store_owner(store);
    bool far = vals[0].i32 < 0;
    return guest_call(store, tree->instance, far ? "far" : "again", far ? 0 : vals[0].i32 + 1, &vals[0].i32);
}

static const struct guest_host hosts[] = {
    {"block", block, NULL}, {"nest", nest, NULL}, {"recur", recur, NULL}, {NULL, NULL, NULL}};

static void open_tree(struct tree *tree, const struct engine_limits *limits)
{
    memset(tree, 0, sizeof *tree);
    world_open(&tree->world, ENGINE_RESET_AUTO);
    guest_open(&tree->guest, tree->world.engine, WAT);
    tree->bound = guest_bind(&tree->guest, hosts);
    tree->store = world_store(&tree->world, limits, tree);
    tree->instance = world_instantiate(tree->store, tree->bound);
}

static void close_tree(struct tree *tree)
{
    engine_store_free(tree->store);
    engine_bound_free(tree->bound);
    guest_close(&tree->guest);
    struct engine_stats stats;
    engine_stats_read(tree->world.engine, &stats);
    CHECK(stats.stores_now == 0 && stats.calls_now == 0 && stats.slots_busy == 0);
    world_close(&tree->world);
}

static int task_fn(void *arg, struct engine_store *store)
{
    struct task *task = arg;
    struct tree *tree = engine_store_owner(store);
    int rc = guest_call(store, tree->instance, task->export, task->arg, &task->result);
    task->frees++;
    return rc;
}

static void task_done(void *arg, int rc)
{
    struct task *task = arg;
    CHECK(!task->done);
    task->rc = rc;
    task->done = true;
}

static struct task *start(struct tree *tree, const char *export, int32_t arg)
{
    struct task *task = &tree->tasks[tree->task_count++];
    *task = (struct task){.export = export, .arg = arg};
    CHECK_OK(engine_call_start(tree->store, task_fn, task_done, task, &task->call, &tree->err), &tree->err);
    return task;
}

static void settle(struct tree *tree) /* until all wait or are done */
{
    (void)fake_loop_run(tree->world.loop, 100000);
}

static const struct engine_failure *failure(struct tree *tree)
{
    return engine_store_failure(tree->store);
}

/* ---- one call ---- */

static void a_call_runs_in_deferred_work_and_not_before(void **state)
{
    (void)state;
    struct tree tree;
    open_tree(&tree, NULL);
    struct task *task = start(&tree, "id", 42);
    CHECK(!task->done);
    settle(&tree); /* one turn, or a few when a tick falls into it */
    CHECK(task->done && task->rc == 0 && task->result == 42);
    CHECK(!fake_loop_turn(tree.world.loop));
    close_tree(&tree);
}

static void parks_nest_and_wake(void **state)
{
    (void)state;
    struct tree tree;
    open_tree(&tree, NULL);
    struct task *task = start(&tree, "outer", 10);
    for (int i = 0; i < 2; i++) {
        settle(&tree);
        CHECK(!task->done && tree.parked == 1);
        CHECK(!fake_loop_turn(tree.world.loop)); /* parked: no busy waiting */
        engine_call_wake(task->call);
    }
    settle(&tree);
    CHECK(task->done && task->rc == 0);
    CHECK_INT(task->result, 7 + 1000 + 3 + (10 + 1) * 2 + 2);
    CHECK_INT(task->frees, 4);
    struct engine_stats stats;
    engine_stats_read(tree.world.engine, &stats);
    CHECK_INT(stats.parks, 2);
    close_tree(&tree);
}

static void waking_twice_is_once_and_a_wake_before_a_park_is_kept(void **state)
{
    (void)state;
    struct tree tree;
    open_tree(&tree, NULL);
    struct task *task = start(&tree, "inner", 1);
    engine_call_wake(task->call); /* ready: remembered, so the first park does not wait */
    settle(&tree);
    CHECK(!task->done && tree.parked == 1);
    engine_call_wake(task->call);
    engine_call_wake(task->call);
    settle(&tree);
    CHECK(task->done);
    CHECK_INT(task->result, 1 + 2 + 3);
    close_tree(&tree);
}

#ifndef NDEBUG
static void waking_a_call_that_is_gone_is_caught(void **state)
{
    (void)state;
    struct tree tree;
    open_tree(&tree, NULL);
    struct task *task = start(&tree, "id", 1);
    settle(&tree);
    CHECK(task->done);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)signal(SIGABRT, SIG_DFL);
        (void)close(STDERR_FILENO); /* the assert's message is expected */
        engine_call_wake(task->call);
        _exit(0);
    }
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    close_tree(&tree);
}
#endif

static int on_loop_side(void *arg, struct engine_store *store)
{
    struct tree *tree = arg;
    CHECK(!engine_store_call(store)); /* the loop side */
    uint32_t instance = 0;
    CHECK_OK(engine_store_instantiate(store, tree->bound, &instance, &tree->err), &tree->err);
    return (int)instance + 100;
}

static int loop_side_fn(void *arg, struct engine_store *store)
{
    struct tree *tree = arg;
    int rc = engine_loop_side_wait(store, on_loop_side, tree, &tree->err);
    CHECK_INT(rc, 101);
    CHECK(engine_store_call(store));
    CHECK_OK(guest_call(store, 1, "id", 5, &tree->tasks[0].result), NULL);
    return rc;
}

static void a_fiber_instantiates_by_way_of_the_loop_side(void **state)
{
    (void)state;
    struct tree tree;
    open_tree(&tree, NULL);
    CHECK_INT(world_run(&tree.world, tree.store, loop_side_fn, &tree), 101);
    CHECK_INT(tree.tasks[0].result, 5);
    close_tree(&tree);
}

static int nothing_fn(void *arg, struct engine_store *store)
{
    (void)store;
    return *(int *)arg;
}

static void what_fn_returns_is_what_done_gets(void **state)
{
    (void)state;
    struct tree tree;
    int rc = -SW_EDENIED;
    open_tree(&tree, NULL);
    CHECK_INT(world_run(&tree.world, tree.store, nothing_fn, &rc), -SW_EDENIED);
    CHECK_INT(failure(&tree)->kind, ENGINE_TRAP_NONE); /* C's own failure is not the guest's */
    close_tree(&tree);
}

/* ---- many ---- */

static void thirty_two_calls_resume_in_any_order(void **state)
{
    (void)state;
    struct tree tree;
    open_tree(&tree, NULL);
    for (int i = 0; i < 32; i++)
        (void)start(&tree, "outer", i);
    settle(&tree);
    CHECK_INT(tree.parked, 32);
    uint32_t random = 12345;
    for (int left = 32; left;) {
        random = random * 1103515245u + 12345u;
        struct task *task = &tree.tasks[(random >> 16) % 32];
        if (task->done)
            continue;
        engine_call_wake(task->call);
        settle(&tree);
        left -= task->done;
    }
    for (int i = 0; i < 32; i++) {
        CHECK_INT(tree.tasks[i].rc, 0);
        CHECK_INT(tree.tasks[i].result, 7 + 1000 + 3 + (i + 1) * 2 + 2);
    }
    close_tree(&tree);
}

/* ---- cancelling ---- */

static void a_call_cancelled_before_it_ran_never_runs(void **state)
{
    (void)state;
    struct tree tree;
    open_tree(&tree, NULL);
    struct task *task = start(&tree, "id", 1);
    struct task *other = start(&tree, "id", 2);
    engine_call_cancel(task->call);
    settle(&tree);
    CHECK(!task->done && task->frees == 0);
    CHECK(other->done && other->rc == 0); /* no guest code was torn: the store lives on */
    close_tree(&tree);
}

static void a_parked_call_that_is_cancelled_leaves_its_frames_and_poisons_the_store(void **state)
{
    (void)state;
    struct tree tree;
    open_tree(&tree, NULL);
    struct task *task = start(&tree, "outer", 1);
    struct task *other = start(&tree, "outer", 2);
    settle(&tree);
    engine_call_cancel(task->call);
    CHECK_INT(task->frees, 3);
    CHECK(!task->done);
    CHECK_INT(tree.parked, 1);
    CHECK_INT(failure(&tree)->kind, ENGINE_TRAP_CANCELLED);
    engine_call_wake(other->call);
    settle(&tree);
    CHECK(other->done && other->rc < 0 && other->frees == 3);
    struct engine_call *call = NULL;
    CHECK_INT(engine_call_start(tree.store, task_fn, task_done, task, &call, &tree.err), -SW_EGUEST);
    CHECK_HAS(tree.err.text, "cancelled while its guest code waited");
    uint32_t instance = 0;
    CHECK_INT(engine_store_instantiate(tree.store, tree.bound, &instance, &tree.err), -SW_EGUEST);
    close_tree(&tree);
}

static int park_fn(void *arg, struct engine_store *store)
{
    struct task *task = arg;
    struct sw_err err = {0};
    int rc = engine_park_wait(store, &err);
    task->frees++;
    if (rc < 0) { /* once cancelled: nothing waits, nothing enters the guest */
        CHECK_INT(rc, -SW_ECANCELLED);
        CHECK_INT(engine_park_wait(store, &err), -SW_ECANCELLED);
        CHECK_INT(engine_loop_side_wait(store, nothing_fn, NULL, &err), -SW_ECANCELLED);
        CHECK_INT(guest_call(store, 0, "id", 1, NULL), -SW_EGUEST);
    }
    return rc;
}

static void a_call_without_guest_frames_is_cancelled_without_harm(void **state)
{
    (void)state;
    struct tree tree;
    struct task task = {0};
    open_tree(&tree, NULL);
    CHECK_OK(engine_call_start(tree.store, park_fn, task_done, &task, &task.call, &tree.err), &tree.err);
    settle(&tree);
    engine_call_cancel(task.call);
    CHECK(task.frees == 1 && !task.done);
    CHECK_INT(failure(&tree)->kind, ENGINE_TRAP_NONE);
    struct task *other = start(&tree, "id", 3);
    settle(&tree);
    CHECK(other->done && other->rc == 0);
    close_tree(&tree);
}

struct killer {
    struct task own; /* first: fn gets the killer, done the task */
    struct task *victim;
    bool when_cancelled; /* cancels its victim while it is cancelled itself */
};

static int killer_fn(void *arg, struct engine_store *store)
{
    struct killer *killer = arg;
    struct sw_err err = {0};
    if (killer->when_cancelled)
        CHECK_INT(engine_park_wait(store, &err), -SW_ECANCELLED);
    struct engine_call *self = engine_store_call(store);
    engine_call_cancel(killer->victim->call);
    CHECK_INT(killer->victim->frees, killer->victim->export ? 3 : 1);
    CHECK(engine_store_call(store) == self);
    return 0;
}

static void a_fiber_cancels_another_even_while_it_is_cancelled_itself(void **state)
{
    (void)state;
    for (int guest = 0; guest < 2; guest++)
        for (int nested = 0; nested < 2; nested++) {
            struct tree tree;
            struct task plain = {0};
            open_tree(&tree, NULL);
            struct killer killer = {.when_cancelled = nested};
            if (guest) {
                killer.victim = start(&tree, "outer", 1);
            } else {
                killer.victim = &plain;
                CHECK_OK(engine_call_start(tree.store, park_fn, task_done, &plain, &plain.call, &tree.err),
                         &tree.err);
            }
            settle(&tree);
            CHECK_OK(
                engine_call_start(tree.store, killer_fn, task_done, &killer.own, &killer.own.call, &tree.err),
                &tree.err);
            settle(&tree);
            if (nested)
                engine_call_cancel(killer.own.call);
            else
                CHECK(killer.own.done && killer.own.rc == 0);
            if (!guest) {
                struct task *other = start(&tree, "outer", 1);
                settle(&tree);
                engine_call_wake(other->call);
                settle(&tree);
                engine_call_wake(other->call);
                settle(&tree);
                CHECK(other->done && other->rc == 0 && other->result == 7 + 1000 + 3 + 4 + 2);
            }
            close_tree(&tree);
        }
}

/* ---- failures beside others ---- */

/* ---- handing over ---- */

struct pair { /* two calls of one store that hand over to each other */
    struct tree *tree;
    struct engine_call *calls[2];
    char log[64];
    size_t log_n;
    int done;
};
struct partner {
    struct pair *pair;
    int me;
};

static int partner_fn(void *arg, struct engine_store *store)
{
    const struct partner *partner = arg;
    struct pair *pair = partner->pair;
    struct sw_err err;
    int rc = 0;
    for (int round = 0; rc == 0 && round < 3; round++) {
        pair->log[pair->log_n++] = (char)('a' + partner->me);
        if (pair->calls[!partner->me])
            engine_call_next(pair->calls[!partner->me]);
        rc = round < 2 ? engine_park_wait(store, &err) : 0;
    }
    pair->calls[partner->me] = NULL;
    return rc;
}

static void partner_done(void *arg, int rc)
{
    struct partner *partner = arg;
    CHECK_INT(rc, 0);
    partner->pair->done++;
}

static void a_call_hands_over_within_the_turn(void **state)
{
    (void)state;
    struct tree tree;
    open_tree(&tree, NULL);
    struct pair pair = {.tree = &tree};
    struct partner partners[2] = {{&pair, 0}, {&pair, 1}};
    struct engine_stats before, after;
    engine_stats_read(tree.world.engine, &before);
    for (int i = 0; i < 2; i++)
        CHECK_OK(
            engine_call_start(tree.store, partner_fn, partner_done, &partners[i], &pair.calls[i], &tree.err),
            &tree.err);
    settle(&tree);
    CHECK_STR(sw_str(pair.log, pair.log_n), "ababab");
    CHECK_INT(pair.done, 2);
    engine_stats_read(tree.world.engine, &after);
    CHECK_INT(after.parks - before.parks, 4);
    close_tree(&tree);
}

static void one_overflows_while_others_wait(void **state)
{
    (void)state;
    struct tree tree;
    open_tree(&tree, NULL);
    struct task *first = start(&tree, "outer", 1);
    struct task *last = start(&tree, "outer", 2);
    settle(&tree);
    struct task *deep = start(&tree, "deep", 0);
    settle(&tree);
    CHECK(deep->done && deep->rc == -SW_EGUEST);
    CHECK_INT(failure(&tree)->kind, ENGINE_TRAP_STACK_OVERFLOW);
    CHECK_HAS(failure(&tree)->frames, "0: deep\n");
    engine_call_wake(first->call);
    settle(&tree);
    CHECK(first->done && first->rc < 0); /* the store is poisoned: it leaves */
    engine_call_cancel(last->call);      /* or is cancelled */
    CHECK_INT(last->frees, 3);
    close_tree(&tree);
}

static void nested_entries_end_in_a_trap_not_in_an_abort(void **state)
{
    (void)state;
    static const char *const exports[] = {"again", "far"};
    for (int i = 0; i < 2; i++) {
        struct tree tree;
        open_tree(&tree, NULL);
        struct task *task = start(&tree, exports[i], 0);
        settle(&tree);
        CHECK(task->done && task->rc == -SW_EGUEST);
        CHECK_INT(failure(&tree)->kind, ENGINE_TRAP_STACK_OVERFLOW);
        CHECK_HAS(failure(&tree)->text, i ? "exhausted the stack" : "more than 64 calls");
        close_tree(&tree);
    }
}

static void a_runaway_loop_yields_and_is_ended_by_its_budget(void **state)
{
    (void)state;
    struct tree tree;
    open_tree(&tree, &(struct engine_limits){.cpu_ms_max = 60});
    struct engine_store *other = world_store(&tree.world, NULL, &tree);
    struct task *spin = start(&tree, "spin", 0);
    struct task beside = {.export = "id", .arg = 9};
    uint32_t instance = world_instantiate(other, tree.bound);
    CHECK_INT(instance, 0);
    int turns = 0;
    while (!spin->done) {
        CHECK(fake_loop_turn(tree.world.loop));
        turns++;
        if (turns == 1) /* a newcomer is served while the other computes */
            CHECK_OK(engine_call_start(other, task_fn, task_done, &beside, &beside.call, &tree.err),
                     &tree.err);
        CHECK(turns < 1000);
    }
    CHECK(beside.done && beside.rc == 0 && beside.result == 9);
    CHECK_INT(spin->rc, -SW_EGUEST);
    CHECK_INT(failure(&tree)->kind, ENGINE_TRAP_CPU_LIMIT);
    CHECK_HAS(failure(&tree)->text, "60 ms of CPU time");
    CHECK_HAS(failure(&tree)->frames, "function");
    CHECK(turns >= 4);
    struct engine_stats stats;
    engine_stats_read(tree.world.engine, &stats);
    CHECK(stats.yields >= 3);
    engine_store_free(other);
    close_tree(&tree);
}

static void many_parks_do_not_escape_the_budget(void **state)
{
    (void)state;
    struct tree tree;
    open_tree(&tree, &(struct engine_limits){.cpu_ms_max = 5});
    struct task *task = start(&tree, "blocks", 2000000000);
    int rounds = 0;
    while (!task->done && rounds++ < 10000000) {
        (void)fake_loop_turn(tree.world.loop);
        if (!task->done)
            engine_call_wake(task->call);
    }
    CHECK(task->done && task->rc < 0);
    CHECK_INT(failure(&tree)->kind, ENGINE_TRAP_CPU_LIMIT);
    close_tree(&tree);
}

static void two_computing_guests_share_evenly(void **state)
{
    (void)state;
    struct tree tree;
    open_tree(&tree, NULL);
    struct task *a = start(&tree, "count", 100000000);
    struct task *b = start(&tree, "count", 100000000);
    struct task *c = start(&tree, "id", 1);
    int turns = 0;
    while (!(a->done && b->done)) {
        CHECK(fake_loop_turn(tree.world.loop));
        turns++;
    }
    CHECK(c->done && c->rc == 0);
    CHECK(a->rc == 0 && b->rc == 0 && a->result == 100000000 && b->result == 100000000);
    close_tree(&tree);
}

static void a_yielded_call_can_be_cancelled(void **state)
{
    (void)state;
    struct tree tree;
    open_tree(&tree, NULL);
    struct task *spin = start(&tree, "spin", 0);
    CHECK(fake_loop_turn(tree.world.loop));
    CHECK(!spin->done);
    engine_call_cancel(spin->call);
    CHECK_INT(spin->frees, 1);
    CHECK_INT(failure(&tree)->kind, ENGINE_TRAP_CANCELLED);
    close_tree(&tree);
}

static void the_number_of_fibers_is_limited(void **state)
{
    (void)state;
    struct world world = {.loop = fake_loop_new()};
    struct guest guest;
    struct sw_err err = {0};
    struct task tasks[3] = {{0}};
    CHECK_OK(engine_new(&(struct engine_config){.stacks_max = 2}, world.loop, &world.engine, &err), &err);
    guest_open(&guest, world.engine, "(module)");
    struct engine_store *store = world_store(&world, NULL, NULL);
    for (int i = 0; i < 2; i++)
        CHECK_OK(engine_call_start(store, park_fn, task_done, &tasks[i], &tasks[i].call, &err), &err);
    CHECK_INT(engine_call_start(store, park_fn, task_done, &tasks[2], &tasks[2].call, &err), -SW_ELIMIT);
    CHECK_HAS(err.text, "all 2 fibers are in use");
    (void)fake_loop_run(world.loop, 10);
    for (int i = 0; i < 2; i++)
        engine_call_wake(tasks[i].call);
    (void)fake_loop_run(world.loop, 10);
    CHECK(tasks[0].done && tasks[1].done && tasks[1].rc == 0);
    engine_store_free(store);
    guest_close(&guest);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_runs_in_deferred_work_and_not_before),
        cmocka_unit_test(parks_nest_and_wake),
        cmocka_unit_test(waking_twice_is_once_and_a_wake_before_a_park_is_kept),
#ifndef NDEBUG
        cmocka_unit_test(waking_a_call_that_is_gone_is_caught),
#endif
        cmocka_unit_test(a_fiber_instantiates_by_way_of_the_loop_side),
        cmocka_unit_test(what_fn_returns_is_what_done_gets),
        cmocka_unit_test(thirty_two_calls_resume_in_any_order),
        cmocka_unit_test(a_call_cancelled_before_it_ran_never_runs),
        cmocka_unit_test(a_parked_call_that_is_cancelled_leaves_its_frames_and_poisons_the_store),
        cmocka_unit_test(a_call_without_guest_frames_is_cancelled_without_harm),
        cmocka_unit_test(a_fiber_cancels_another_even_while_it_is_cancelled_itself),
        cmocka_unit_test(a_call_hands_over_within_the_turn),
        cmocka_unit_test(one_overflows_while_others_wait),
        cmocka_unit_test(nested_entries_end_in_a_trap_not_in_an_abort),
        cmocka_unit_test(a_runaway_loop_yields_and_is_ended_by_its_budget),
        cmocka_unit_test(many_parks_do_not_escape_the_budget),
        cmocka_unit_test(two_computing_guests_share_evenly),
        cmocka_unit_test(a_yielded_call_can_be_cancelled),
        cmocka_unit_test(the_number_of_fibers_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
