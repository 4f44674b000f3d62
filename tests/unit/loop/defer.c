/* defer.c - tests of deferred work, timers, watches and signals.  Room: tests. */
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/alloc.h"
#include "loop/descriptors.h"
#include "loop/loop.h"

struct world {
    struct loop *loop;
    struct loop_defer a;
    struct loop_defer b;
    struct loop_timer *timer;
    struct loop_watch *watch;
    struct loop_signal *signal;
    char trace[256];
    int pipe[2];
    int runs;
};

static struct sw_err err;

static void note(struct world *world, const char *word)
{
    size_t n = strlen(world->trace);
    (void)snprintf(world->trace + n, sizeof world->trace - n, "%s ", word);
}

static void note_a(void *arg)
{
    note(arg, "a");
}

static void note_b(void *arg)
{
    note(arg, "b");
}

static void add_again(void *arg) /* a computing guest that yields three times */
{
    struct world *world = arg;
    note(world, "work");
    if (++world->runs < 4)
        loop_defer_add(world->loop, &world->a);
    else
        loop_stop(world->loop);
}

static void on_pipe(void *arg)
{
    struct world *world = arg;
    char c = 0;
    CHECK_INT(read(world->pipe[0], &c, 1), 1);
    note(world, "io");
}

static void run_now(struct world *world)
{
    CHECK_OK(loop_run(world->loop, &err), &err);
}

static void deferred_work_runs_once_in_order_and_never_inside_add(void **state)
{
    struct world world = {0};
    (void)state;
    CHECK_OK(loop_new(&world.loop, &err), &err);
    loop_defer_init(&world.a, note_a, &world);
    loop_defer_init(&world.b, note_b, &world);
    loop_defer_add(world.loop, &world.a);
    loop_defer_add(world.loop, &world.b);
    loop_defer_add(world.loop, &world.a);
    CHECK_STR(sw_str_of(world.trace), "");
    run_now(&world);
    CHECK_STR(sw_str_of(world.trace), "a b ");
    loop_free(world.loop);
}

static void cancelled_work_does_not_run(void **state)
{
    struct world world = {0};
    (void)state;
    CHECK_OK(loop_new(&world.loop, &err), &err);
    loop_defer_init(&world.a, note_a, &world);
    loop_defer_init(&world.b, note_b, &world);
    loop_defer_add(world.loop, &world.a);
    loop_defer_add(world.loop, &world.b);
    loop_defer_cancel(&world.a);
    loop_defer_cancel(&world.a);
    run_now(&world);
    CHECK_STR(sw_str_of(world.trace), "b ");
    loop_defer_add(world.loop, &world.a); /* dropped with the loop */
    loop_free(world.loop);
}

static void a_loop_whose_only_work_was_cancelled_sleeps_again(void **state)
{
    struct world world = {0};
    (void)state;
    CHECK_OK(loop_new(&world.loop, &err), &err);
    loop_defer_init(&world.a, note_a, &world);
    loop_defer_add(world.loop, &world.a);
    loop_defer_cancel(&world.a);
    run_now(&world); /* with nothing to wait for it returns; a loop that stays awake turns for ever */
    CHECK_STR(sw_str_of(world.trace), "");
    loop_free(world.loop);
}

static void cancel_b(void *arg)
{
    struct world *world = arg;
    note(world, "cancel");
    loop_defer_cancel(&world->b);
}

static void work_cancelled_by_work_before_it_in_the_same_batch_does_not_run(void **state)
{
    struct world world = {0};
    (void)state;
    CHECK_OK(loop_new(&world.loop, &err), &err);
    loop_defer_init(&world.a, cancel_b, &world);
    loop_defer_init(&world.b, note_b, &world);
    loop_defer_add(world.loop, &world.a);
    loop_defer_add(world.loop, &world.b);
    run_now(&world);
    CHECK_STR(sw_str_of(world.trace), "cancel ");
    loop_free(world.loop);
}

static void work_that_adds_itself_again_lets_io_run_in_between(void **state)
{
    struct world world = {0};
    (void)state;
    CHECK_OK(loop_new(&world.loop, &err), &err);
    CHECK_INT(pipe(world.pipe), 0);
    CHECK_OK(loop_watch_new(world.loop, world.pipe[0], on_pipe, &world, &world.watch, &err), &err);
    CHECK_INT(write(world.pipe[1], "xy", 2), 2); /* two readinesses */
    loop_defer_init(&world.a, add_again, &world);
    loop_defer_add(world.loop, &world.a);
    run_now(&world);
    CHECK_STR(sw_str_of(world.trace), "io work io work work work ");
    loop_watch_free(world.watch);
    loop_free(world.loop);
    (void)close(world.pipe[0]);
    (void)close(world.pipe[1]);
}

static void on_timer(void *arg)
{
    struct world *world = arg;
    note(world, "timer");
    world->runs++;
}

static void a_timer_fires_once_and_starting_it_again_moves_it(void **state)
{
    struct world world = {0};
    (void)state;
    CHECK_OK(loop_new(&world.loop, &err), &err);
    CHECK_OK(loop_timer_new(world.loop, on_timer, &world, &world.timer, &err), &err);
    uint64_t began = loop_now_ms(world.loop);
    loop_timer_start(world.timer, 5);
    loop_timer_start(world.timer, 30);
    run_now(&world); /* ends when nothing is left to wait for */
    CHECK_STR(sw_str_of(world.trace), "timer ");
    CHECK(loop_now_ms(world.loop) - began >= 30);
    loop_timer_start(world.timer, 5);
    loop_timer_stop(world.timer);
    run_now(&world);
    CHECK_STR(sw_str_of(world.trace), "timer ");
    loop_timer_start(world.timer, 1);
    loop_timer_free(world.timer); /* no callback after this */
    run_now(&world);
    CHECK_STR(sw_str_of(world.trace), "timer ");
    loop_timer_free(NULL);
    loop_free(world.loop);
}

static void free_own_timer(void *arg)
{
    struct world *world = arg;
    loop_timer_free(world->timer);
}

static void a_timer_may_be_freed_in_its_own_callback(void **state)
{
    struct world world = {0};
    (void)state;
    CHECK_OK(loop_new(&world.loop, &err), &err);
    CHECK_OK(loop_timer_new(world.loop, free_own_timer, &world, &world.timer, &err), &err);
    loop_timer_start(world.timer, 0);
    run_now(&world);
    loop_free(world.loop);
}

static void timers_run_before_io_and_io_before_deferred_work(void **state)
{
    struct world world = {0};
    (void)state;
    CHECK_OK(loop_new(&world.loop, &err), &err);
    CHECK_INT(pipe(world.pipe), 0);
    CHECK_OK(loop_watch_new(world.loop, world.pipe[0], on_pipe, &world, &world.watch, &err), &err);
    CHECK_OK(loop_timer_new(world.loop, on_timer, &world, &world.timer, &err), &err);
    CHECK_INT(write(world.pipe[1], "x", 1), 1);
    world.runs = 3;
    loop_defer_init(&world.a, add_again, &world); /* stops the loop at its first run */
    loop_defer_add(world.loop, &world.a);
    loop_timer_start(world.timer, 0);
    run_now(&world);
    CHECK_STR(sw_str_of(world.trace), "timer io work ");
    loop_timer_free(world.timer);
    loop_watch_free(world.watch);
    loop_free(world.loop);
    (void)close(world.pipe[0]);
    (void)close(world.pipe[1]);
}

static void on_signal(void *arg, int number)
{
    struct world *world = arg;
    CHECK_INT(number, SIGUSR1);
    note(world, "signal");
    loop_stop(world->loop);
}

static void raise_it(void *arg)
{
    (void)arg;
    (void)kill(getpid(), SIGUSR1);
}

static void a_signal_is_delivered_as_a_callback(void **state)
{
    struct world world = {0};
    (void)state;
    CHECK_OK(loop_new(&world.loop, &err), &err);
    CHECK_OK(loop_signal_new(world.loop, SIGUSR1, on_signal, &world, &world.signal, &err), &err);
    CHECK_OK(loop_timer_new(world.loop, on_timer, &world, &world.timer, &err), &err);
    loop_timer_start(world.timer, 5000); /* keeps the loop running; a signal alone does not */
    loop_defer_init(&world.a, raise_it, NULL);
    loop_defer_add(world.loop, &world.a);
    run_now(&world);
    CHECK_STR(sw_str_of(world.trace), "signal ");
    loop_signal_free(world.signal);
    loop_timer_free(world.timer);
    loop_free(world.loop);
}

static void errors_name_what_could_not_be_watched(void **state)
{
    struct world world = {0};
    (void)state;
    CHECK_OK(loop_new(&world.loop, &err), &err);
    CHECK_INT(loop_watch_new(world.loop, 999, on_pipe, &world, &world.watch, &err), -SW_EIO);
    CHECK_HAS(err.text, "watch descriptor 999: ");
    CHECK_INT(loop_signal_new(world.loop, SIGKILL, on_signal, &world, &world.signal, &err), -SW_EIO);
    CHECK_HAS(err.text, "watch signal 9: ");
    loop_free(world.loop);
    loop_free(NULL);
}

/* Makes one of everything. */
static int make_all(struct world *world)
{
    int rc = loop_new(&world->loop, &err);
    if (rc == 0)
        rc = loop_timer_new(world->loop, on_timer, world, &world->timer, &err);
    if (rc == 0)
        rc = loop_watch_new(world->loop, world->pipe[0], on_pipe, world, &world->watch, &err);
    if (rc == 0)
        rc = loop_signal_new(world->loop, SIGUSR1, on_signal, world, &world->signal, &err);
    return rc;
}

static void every_allocation_may_fail_and_nothing_leaks(void **state)
{
    (void)state;
    int rc = -1;
    int pipe_fds[2];
    CHECK_INT(pipe(pipe_fds), 0);
    int before = -1;
    long n = 0;
    for (; rc != 0 && n < 100; n++) {
        struct world world = {.pipe = {pipe_fds[0], pipe_fds[1]}};
        sw_mem_fail_after(n);
        rc = make_all(&world);
        sw_mem_fail_after(-1);
        if (rc != 0) {
            CHECK_INT(rc, -SW_ENOMEM);
            CHECK_HAS(err.text, "no memory for a");
        }
        loop_timer_free(world.timer);
        loop_watch_free(world.watch);
        loop_signal_free(world.signal);
        loop_free(world.loop);
        if (n == 2) /* libuv's own signal pipe is there from the first loop on */
            before = descriptors();
    }
    CHECK_INT(rc, 0);
    CHECK_INT(n, 5);
    CHECK_INT(descriptors(), before);
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deferred_work_runs_once_in_order_and_never_inside_add),
        cmocka_unit_test(cancelled_work_does_not_run),
        cmocka_unit_test(a_loop_whose_only_work_was_cancelled_sleeps_again),
        cmocka_unit_test(work_cancelled_by_work_before_it_in_the_same_batch_does_not_run),
        cmocka_unit_test(work_that_adds_itself_again_lets_io_run_in_between),
        cmocka_unit_test(a_timer_fires_once_and_starting_it_again_moves_it),
        cmocka_unit_test(a_timer_may_be_freed_in_its_own_callback),
        cmocka_unit_test(timers_run_before_io_and_io_before_deferred_work),
        cmocka_unit_test(a_signal_is_delivered_as_a_callback),
        cmocka_unit_test(errors_name_what_could_not_be_watched),
        cmocka_unit_test(every_allocation_may_fail_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
