/* fault.c - tests of the fault points.  Room: base. */
#include "base/fault.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/log.h"
#include "check.h"

static int setup(const char *process, const char *text, struct sw_err *err)
{
    *err = (struct sw_err){0};
    return sw_fault_setup(process, text, err);
}

static void fails_once_at_the_time_that_was_named(void **state)
{
    (void)state;
    struct sw_err err;
    CHECK_INT(setup("worker", "loop.read:3", &err), 0);
    CHECK(sw_fault_armed);
    CHECK(!sw_fault(SW_FAULT_LOOP_WRITE));
    CHECK(!sw_fault(SW_FAULT_LOOP_READ));
    CHECK(!sw_fault(SW_FAULT_LOOP_READ));
    errno = 0;
    CHECK(sw_fault_errno(SW_FAULT_LOOP_READ, ECONNRESET));
    CHECK_INT(errno, ECONNRESET);
    CHECK(!sw_fault_armed);
    CHECK(!sw_fault(SW_FAULT_LOOP_READ));
}

static void memory_fails(void **state)
{
    (void)state;
    struct sw_err err;
    CHECK_INT(setup("worker", "alloc:2", &err), 0);
    void *first = sw_try_alloc(8), *second = sw_try_alloc(8), *third = sw_try_alloc(8);
    CHECK(first && !second && third);
    sw_free(first);
    sw_free(third);
}

static void each_process_has_its_own(void **state)
{
    (void)state;
    struct sw_err err;
    static const struct {
        const char *process;
        const char *text;
        bool armed;
    } rows[] = {
        {"worker", "alloc:1", true},
        {"supervisor", "alloc:1", false},
        {"worker", "worker:alloc:1", true},
        {"worker", "supervisor:alloc:1", false},
        {"supervisor", "supervisor:alloc:1", true},
        {"compiler", "compiler:alloc:1", true},
        {"worker", "", false},
        {"worker", NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_INT(setup(rows[i].process, rows[i].text, &err), 0);
        CHECK(sw_fault_armed == rows[i].armed);
    }
    CHECK_INT(setup("worker", NULL, &err), 0);
}

static void what_is_wrong_is_explained(void **state)
{
    (void)state;
    static const char *const rows[] = {"alloc",     "alloc:",   "alloc:0",         "alloc:x",
                                       "alloc:1:2", "alloc:-1", "nobody:alloc:1",  "loop:1",
                                       ":",         "worker:",  "alloc:1000000001"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_err err;
        CHECK_INT(setup("worker", rows[i], &err), -SW_EINPUT);
        CHECK(strncmp(err.text, "SWELL_FAULT: ", 13) == 0);
        CHECK(!sw_fault_armed);
    }
}

static void every_point_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < SW_FAULT_COUNT; i++)
        CHECK(strlen(sw_fault_name((enum sw_fault)i)) > 0);
    CHECK(strlen(sw_fault_name(SW_FAULT_COUNT)) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fails_once_at_the_time_that_was_named),
        cmocka_unit_test(memory_fails),
        cmocka_unit_test(each_process_has_its_own),
        cmocka_unit_test(what_is_wrong_is_explained),
        cmocka_unit_test(every_point_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
