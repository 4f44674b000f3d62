/* error.c - failing, wrapping, and the tables behind codes. */
#include "check.h"

#include <errno.h>

static void a_failure_keeps_code_text_and_origin(void **state)
{
    (void)state;
    struct sw_err err;
    CHECK_INT(sw_fail(&err, SW_EINPUT, "expected %d, got %s", 7, "x"), -SW_EINPUT);
    CHECK_INT(err.code, SW_EINPUT);
    CHECK_STR(sw_str_of(err.text), "expected 7, got x");
    CHECK_HAS(err.where, "error.c:");
}

static void wrapping_puts_context_in_front_and_keeps_the_code(void **state)
{
    (void)state;
    struct sw_err err;
    int rc = sw_fail_errno(&err, SW_EIO, ENOENT, "open '%s'", "a.wasm");
    CHECK_INT(rc, -SW_EIO);
    CHECK_INT(sw_wrap(&err, "load component '%s'", "shop"), -SW_EIO);
    CHECK_STR(sw_str_of(err.text), "load component 'shop': open 'a.wasm': No such file or directory");
}

static void a_long_text_is_cut_with_dots(void **state)
{
    (void)state;
    struct sw_err err;
    char big[SW_ERR_TEXT_MAX * 2];
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    CHECK_INT(sw_fail(&err, SW_ELIMIT, "%s", big), -SW_ELIMIT);
    CHECK_INT(strlen(err.text), SW_ERR_TEXT_MAX - 1);
    CHECK(sw_str_ends(sw_str_of(err.text), SW_LIT("...")));
    CHECK_INT(sw_wrap(&err, "outer"), -SW_ELIMIT);
    CHECK(sw_str_starts(sw_str_of(err.text), SW_LIT("outer: aaa")));
    CHECK(sw_str_ends(sw_str_of(err.text), SW_LIT("...")));
}

static void an_error_value_may_be_left_out(void **state)
{
    (void)state;
    CHECK_INT(sw_fail(NULL, SW_EDENIED, "no"), -SW_EDENIED);
    CHECK_INT(sw_fail_errno(NULL, SW_EIO, EPIPE, "no"), -SW_EIO);
}

static void every_code_has_a_name_an_exit_status_and_an_http_status(void **state)
{
    (void)state;
    for (enum sw_code code = SW_OK; code < SW_CODE_COUNT; code++) {
        CHECK(sw_code_name(code) != NULL);
        CHECK((sw_code_exit_status(code) == 0) == (code == SW_OK));
        CHECK(sw_code_http_status(code) >= 200 && sw_code_http_status(code) < 600);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_keeps_code_text_and_origin),
        cmocka_unit_test(wrapping_puts_context_in_front_and_keeps_the_code),
        cmocka_unit_test(a_long_text_is_cut_with_dots),
        cmocka_unit_test(an_error_value_may_be_left_out),
        cmocka_unit_test(every_code_has_a_name_an_exit_status_and_an_http_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
