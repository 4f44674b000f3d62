/* once.c - an application given to one process of fake_node that ends by itself. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "check.h"
#include "supervise.h"

static void artifact_key(struct sw_str module, char ret_key[65])
{
    CHECK_INT(module.n, 1);
    (void)snprintf(ret_key, 65, "%064x", (unsigned char)module.p[0]);
}

static int run_once(int *ret_status, struct sw_err *err)
{
    const struct app_component components[] = {{.id = SW_LIT("one"), .source = sw_str_of(wasm)},
                                               {.id = SW_LIT("two"), .source = sw_str_of(wasm)}};
    const struct app app = {
        .name = SW_LIT("sample"), .origin = sw_str_of(wasm), .components = components, .component_count = 2};
    const struct node_config config = {
        .app = &app, .program = FAKE_PROGRAM, .cache_dir = cache, .artifact_key = artifact_key};
    const char *const argv[] = {"fake", "internal-once", NULL};
    int rc = node_run_once(&config, argv, ret_status, err);
    CHECK(waitpid(-1, NULL, WNOHANG) <= 0); /* no child is left */
    return rc;
}

static void the_process_gets_the_table_and_its_status_comes_back(void **state)
{
    (void)state;
    int status = -1;
    struct sw_err err;
    CHECK_OK(run_once(&status, &err), &err);
    CHECK_INT(status, 0);
    CHECK(marked("served-once"));
    (void)setenv("FAKE_WORKER", "failed", 1);
    CHECK_OK(run_once(&status, &err), &err);
    CHECK_INT(status, 7);
}

static void a_process_that_a_signal_ends_is_a_failure(void **state)
{
    (void)state;
    int status = -1;
    struct sw_err err;
    (void)setenv("FAKE_WORKER", "segv", 1);
    CHECK_INT(run_once(&status, &err), -SW_EIO);
    CHECK_HAS(err.text, "its process was ended by signal 9");
}

static void what_cannot_be_compiled_is_not_started(void **state)
{
    (void)state;
    int status = -1;
    struct sw_err err;
    (void)setenv("FAKE_COMPILE", "fail", 1);
    CHECK_INT(run_once(&status, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "component '"); /* whichever of the two fails first */
    CHECK(!marked("served-once"));
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 1000; n++) {
        int status = -1;
        struct sw_err err = {0};
        sw_mem_fail_after(n);
        int rc = run_once(&status, &err);
        sw_mem_fail_after(-1);
        if (rc == 0 && status == 0)
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
        TEST(the_process_gets_the_table_and_its_status_comes_back),
        TEST(a_process_that_a_signal_ends_is_a_failure),
        TEST(what_cannot_be_compiled_is_not_started),
        TEST(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
