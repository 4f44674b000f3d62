/* supervisor.c - tests of the supervisor with a program that plays compiler and worker. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "check.h"
#include "supervise.h"

static int count_cache(void)
{
    DIR *files = opendir(cache);
    int count = -2; /* "." and ".." */
    while (files && readdir(files))
        count++;
    if (files)
        (void)closedir(files);
    return count;
}

static int unlink_cache(void)
{
    DIR *files = opendir(cache);
    const struct dirent *file;
    while (files && (file = readdir(files)))
        if (file->d_name[0] != '.' && unlinkat(dirfd(files), file->d_name, 0) != 0)
            return -1;
    return files ? closedir(files) : 0;
}

static void workers_serve_and_drain(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sw_err err;
    struct node__timing timing = quick;
    timing.progress_ms = 5000; /* a slow machine is no slow compiler */
    CHECK_OK(supervise(&timing, 3, &seen, &err), &err);
    CHECK_INT(seen.ready, 1);
    CHECK_INT(seen.progress, 0);
    CHECK(marked("first"));
    CHECK(marked("accepted"));
    CHECK(marked("drained"));
    struct stat st;
    CHECK_INT(stat(cache, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0700);
}

static void many_descriptors_arrive_in_order(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sw_err err;
    (void)setenv("FAKE_COMPILE", "many", 1); /* 2 components, 100 core modules each: 402 descriptors */
    CHECK_OK(supervise(&quick, 2, &seen, &err), &err);
    CHECK_INT(seen.ready, 1);
}

static void a_worker_that_dies_is_started_again(void **state)
{
    (void)state;
    struct seen seen = {.stay = true};
    struct sw_err err;
    (void)setenv("FAKE_WORKER", "crash-once", 1);
    CHECK_OK(supervise(&quick, 1, &seen, &err), &err);
    CHECK_INT(seen.ready, 1);
    CHECK(marked("second"));
    check_log(") ended with status 7; it is started again in 5 ms");
}

static void workers_that_keep_dying_end_it(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sw_err err = {0};
    (void)setenv("FAKE_WORKER", "crash", 1);
    CHECK_INT(supervise(&quick, 2, &seen, &err), -SW_EIO);
    CHECK_HAS(err.text, " ended with status 9");
    CHECK_INT(seen.ready, 0);
}

static void workers_that_die_as_soon_as_they_accept_end_it(void **state)
{
    (void)state;
    static const struct {
        const char *how;
        const char *message;
    } rows[] = {
        {"die-at-accept", " ended with status 11"},
        {"ready-and-gone", " ended with status 12"}, /* its "ready" may be read after its end */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen seen = {.stay = true};
        struct sw_err err = {0};
        (void)setenv("FAKE_WORKER", rows[i].how, 1);
        CHECK_INT(supervise(&quick, 2, &seen, &err), -SW_EIO);
        CHECK_HAS(err.text, rows[i].message);
        CHECK(i > 0 || seen.ready == 1);
    }
}

static void a_worker_that_says_why_ends_it_with_its_words(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sw_err err = {0};
    (void)setenv("FAKE_WORKER", "failed", 1);
    CHECK_INT(supervise(&quick, 2, &seen, &err), -SW_EINPUT);
    CHECK_STR(sw_str_of(err.text), "cannot serve \"this\"");
}

static void a_worker_that_is_never_ready_is_ended(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sw_err err = {0};
    struct node__timing timing = quick;
    timing.start_ms_max = 1000;
    timing.crashes_max = 1;
    (void)setenv("FAKE_WORKER", "stuck", 1);
    CHECK_INT(supervise(&timing, 1, &seen, &err), -SW_ETIMEOUT);
    CHECK_STR(sw_str_of(err.text), "worker 0 was not ready within 1 s");
}

static void a_worker_that_does_not_drain_is_ended(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sw_err err;
    struct node__timing timing = quick;
    timing.drain_ms_max = 100;
    (void)setenv("FAKE_WORKER", "stubborn", 1);
    uint64_t start_ns = sw_clock_mono_ns();
    CHECK_OK(supervise(&timing, 2, &seen, &err), &err);
    CHECK((sw_clock_mono_ns() - start_ns) / 1000000 < 4000);
    check_log("requests are cut: workers did not end in time");
}

static void a_failing_compiler_ends_it_with_its_words(void **state)
{
    (void)state;
    static const struct {
        const char *how;
        int code;
        const char *message;
    } rows[] = {
        {"fail", SW_EINPUT, "component 'one': 'x.wasm': not a component at byte 3\nhint: make one"},
        {"silent", SW_EIO, "component 'one': its compiler ended with status 3"},
        {"signal", SW_EIO, "component 'one': its compiler was ended by signal 9"},
        {"garbage", SW_EBUG, "the compiler printed 'core 1 x', expected 'core 0 <bytes>'"},
        {"empty", SW_EBUG, "the compiler printed 'core 0 0', expected 'core 0 <bytes>'"},
        {"large", SW_EBUG, "the compiler printed 'core 0 536870913', expected 'core 0 <bytes>'"},
        {"half", SW_EBUG, "the compiler printed 'core 0 xcore 0 "},
        {"flood", SW_EIO, "component 'one': all work and no play\nall work and no play\n"},
        {"core-fail", SW_EINPUT, "/x.wasm': core module 0: type mismatch"},
        {"core-signal", SW_EIO, "component 'one': core module 0: its compiler was ended by signal 9"},
        {"core-nothing", SW_EBUG, "component 'one': the compiler left 0 bytes for '000"},
        {"core-huge-image", SW_EBUG, "component 'one': the compiler left 68157440 bytes for '000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct seen seen = {0};
        struct sw_err err = {0};
        (void)setenv("FAKE_COMPILE", rows[i].how, 1);
        CHECK_INT(supervise(&quick, 1, &seen, &err), -rows[i].code);
        const char *two = strstr(err.text, "'two'"); /* either may come first */
        if (two)
            memcpy(err.text + (two - err.text), "'one'", 5);
        CHECK_HAS(err.text, rows[i].message);
        CHECK_INT(seen.ready, 0);
        CHECK_INT(count_cache(), 0); /* of the fruitless ones nothing is left */
    }
}

static void what_is_in_the_cache_is_not_compiled_again(void **state)
{
    (void)state;
    char name[PATH_MAX + 128];
    struct stat before, after;
    struct sw_err err;
    for (int i = 0; i < 2; i++) {
        struct seen seen = {0};
        CHECK_OK(supervise(&quick, 1, &seen, &err), &err);
        CHECK_INT(marked("compiled"), i == 0);
        (void)snprintf(name, sizeof name, "%s/compiled", dir);
        CHECK_INT(unlink(name), i == 0 ? 0 : -1);
        (void)snprintf(name, sizeof name, "%s/%064x.cwasm", cache, 1);
        CHECK_INT(stat(name, i == 0 ? &before : &after), 0);
    }
    CHECK(before.st_ino == after.st_ino && before.st_size == 4 && (before.st_mode & 07777) == 0444);
    CHECK_INT(count_cache(), 2);
}

static void a_slow_compiler_is_reported_and_has_a_limit(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sw_err err = {0};
    (void)setenv("FAKE_COMPILE", "slow", 1); /* 300 ms */
    CHECK_OK(supervise(&quick, 1, &seen, &err), &err);
    CHECK_INT(seen.done, 2);
    CHECK(seen.progress >= 4);
    struct node__timing timing = quick;
    timing.compile_ms_max = 1000;
    for (int i = 0; i < 2; i++) {
        (void)setenv("FAKE_COMPILE", i ? "core-hang" : "hang", 1);
        CHECK_INT(unlink_cache(), 0);
        CHECK_INT(supervise(&timing, 1, &seen, &err), -SW_ETIMEOUT);
        CHECK_HAS(err.text, ": compiling took longer than 1 s");
    }
}

static void a_signal_while_compiling_ends_it(void **state)
{
    (void)state;
    struct seen seen = {.stop_at_progress = true};
    struct sw_err err;
    (void)setenv("FAKE_COMPILE", "hang", 1);
    CHECK_OK(supervise(&quick, 1, &seen, &err), &err);
    CHECK_INT(seen.ready, 0);
}

static void workers_end_when_the_supervisor_is_gone(void **state)
{
    (void)state;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct seen seen = {.kill_self = true};
        struct sw_err err;
        _exit(supervise(&quick, 1, &seen, &err) == 0 ? 0 : 1);
    }
    int status = 0;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    for (int i = 0; i < 500 && !marked("lost"); i++)
        (void)usleep(10000);
    CHECK(marked("lost"));
}

static void a_cache_that_others_can_write_to_is_refused(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sw_err err = {0};
    char parent[PATH_MAX + 16];
    (void)snprintf(parent, sizeof parent, "%s/c", dir);
    CHECK_INT(mkdir(parent, 0700) | mkdir(cache, 0700) | chmod(cache, 0770), 0);
    CHECK_INT(supervise(&quick, 1, &seen, &err), -SW_EDENIED);
    CHECK_HAS(err.text, "others may write to it (mode 0770)");
}

static void the_number_of_workers_has_limits(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sw_err err = {0};
    CHECK_INT(supervise(&quick, 0, &seen, &err), -SW_EINPUT);
    CHECK_STR(sw_str_of(err.text), "workers: expected a number from 1 to 256, got 0");
    CHECK_INT(supervise(&quick, 257, &seen, &err), -SW_EINPUT);
}

static void every_allocation_of_the_supervisor_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 1000; n++) {
        struct seen seen = {0};
        struct sw_err err = {0};
        sw_mem_fail_after(n);
        int rc = supervise(&impatient, 1, &seen, &err);
        sw_mem_fail_after(-1);
        if (rc == 0 && seen.ready)
            return;
        CHECK(rc < 0);
        CHECK(err.text[0] != '\0');
    }
    CHECK_NEVER("still failing after 1000 allocations");
}

static void every_allocation_of_a_worker_may_fail(void **state)
{
    (void)state;
    for (int n = 0; n < 1000; n++) {
        struct seen seen = {0};
        struct sw_err err = {0};
        char text[16];
        (void)snprintf(text, sizeof text, "%d", n);
        (void)setenv("FAKE_FAIL_AFTER", text, 1);
        int rc = supervise(&impatient, 1, &seen, &err);
        if (rc == 0 && seen.ready)
            return;
        CHECK(rc < 0);
        CHECK(err.text[0] != '\0');
    }
    CHECK_NEVER("still failing after 1000 allocations");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(workers_serve_and_drain),
        TEST(many_descriptors_arrive_in_order),
        TEST(a_worker_that_dies_is_started_again),
        TEST(workers_that_keep_dying_end_it),
        TEST(workers_that_die_as_soon_as_they_accept_end_it),
        TEST(a_worker_that_says_why_ends_it_with_its_words),
        TEST(a_worker_that_is_never_ready_is_ended),
        TEST(a_worker_that_does_not_drain_is_ended),
        TEST(a_failing_compiler_ends_it_with_its_words),
        TEST(what_is_in_the_cache_is_not_compiled_again),
        TEST(a_slow_compiler_is_reported_and_has_a_limit),
        TEST(a_signal_while_compiling_ends_it),
        TEST(workers_end_when_the_supervisor_is_gone),
        TEST(a_cache_that_others_can_write_to_is_refused),
        TEST(the_number_of_workers_has_limits),
        TEST(every_allocation_of_the_supervisor_may_fail),
        TEST(every_allocation_of_a_worker_may_fail),
    };
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
