/* variables.c - names, templates and values of variables.  Room: app. */
#include "app/variables.h"

#include "base/alloc.h"
#include "check.h"

static const struct app_variable variables[] = {
    {.name = SW_LIT_INIT("host"), .default_value = SW_LIT_INIT("example.com"), .has_default = true},
    {.name = SW_LIT_INIT("token"), .value = SW_LIT_INIT("t0p"), .has_value = true, .is_secret = true},
    {.name = SW_LIT_INIT("both"),
     .default_value = SW_LIT_INIT("default"),
     .has_default = true,
     .value = SW_LIT_INIT("given"),
     .has_value = true},
    {.name = SW_LIT_INIT("wanted")},
    {.name = SW_LIT_INIT("empty"), .has_default = true},
};
static const struct app_template templates[] = {
    {SW_LIT_INIT("url"), SW_LIT_INIT("https://{{ host }}/{{token}}")},
    {SW_LIT_INIT("nothing"), SW_LIT_INIT("")},
    {SW_LIT_INIT("lost"), SW_LIT_INIT("{{ wanted }}")},
};
static const struct app_component component = {
    .id = SW_LIT_INIT("main"), .variables = templates, .variable_count = 3};
static const struct app app = {.variables = variables, .variable_count = 5};

static void a_name_is_checked_with_the_words_that_guests_see(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text; /* NULL: it is fine */
    } rows[] = {
        {"a", NULL},
        {"api_key2", NULL},
        {"", "\"\": must not be empty"},
        {"Api",
         "\"Api\": invalid character 'A'. Variable names may contain only lower-case letters, numbers, and "
         "underscores."},
        {"a-b",
         "\"a-b\": invalid character '-'. Variable names may contain only lower-case letters, numbers, and "
         "underscores."},
        {"a\xc3\xa4",
         "\"a\xc3\xa4\": invalid character '\xc3\xa4'. Variable names may contain only lower-case letters, "
         "numbers, and underscores."},
        {"_a", "\"_a\": must start with a lowercase ASCII letter"},
        {"1a", "\"1a\": must start with a lowercase ASCII letter"},
        {"a_", "\"a_\": must end with a lowercase ASCII letter or digit"},
        {"a__b", "\"a__b\": must not contain multiple consecutive underscores"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sw_err err = {0};
        CHECK_INT(app_variable_name_check(sw_str_of(rows[i].name), &err), rows[i].text ? -SW_EINPUT : 0);
        CHECK_STR(sw_str_of(err.text), rows[i].text ? rows[i].text : "");
    }
}

static void a_template_is_filled_with_values(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
        int rc;
    } rows[] = {
        {"plain", "plain", 0},
        {"{{ host }}:{{token}}", "example.com:t0p", 0},
        {"{{ both }}", "given", 0},
        {"[{{ empty }}]", "[]", 0},
        {"{{ wanted }}", "undefined variable: wanted", SW_ABSENT},
        {"x{{ other }}", "undefined variable: other", SW_ABSENT},
        {"{{ host", "expected '}}' behind '{{', got the end of the text", -SW_EINPUT},
        {"{{}}", "invalid variable name: \"\": must not be empty", -SW_EINPUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sw_auto_buf out = SW_BUF(100);
        struct sw_err err = {0};
        CHECK_OK(sw_buf_add(&out, SW_LIT("> "), &err), &err);
        CHECK_INT(app_variables_expand(&app, sw_str_of(rows[i].text), &out, &err), rows[i].rc);
        if (rows[i].rc == 0)
            CHECK_STR(sw_str_from(sw_buf_str(&out), 2), rows[i].want);
        else
            CHECK_STR(sw_str_of(err.text), rows[i].want);
        if (rows[i].rc != 0)
            CHECK_STR(sw_buf_str(&out), "> ");
    }
    sw_auto_buf small = SW_BUF(5);
    struct sw_err err = {0};
    CHECK_INT(app_variables_expand(&app, SW_LIT("{{ host }}"), &small, &err), -SW_ELIMIT);
    CHECK_INT(small.n, 0);
}

static void a_component_has_its_own_variables_only(void **state)
{
    (void)state;
    static const struct {
        const char *name, *want;
        int rc;
    } rows[] = {
        {"url", "https://example.com/t0p", 0},
        {"nothing", "", 0},
        {"host", "no variable for \"main\".\"host\"", SW_ABSENT},
        {"lost", "undefined variable: wanted", SW_ABSENT},
        {"Url",
         "\"Url\": invalid character 'U'. Variable names may contain only lower-case letters, numbers, and "
         "underscores.",
         -SW_EINPUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sw_auto_buf out = SW_BUF(100);
        struct sw_err err = {0};
        CHECK_INT(app_component_variable(&app, &component, sw_str_of(rows[i].name), &out, &err), rows[i].rc);
        CHECK_STR(rows[i].rc == 0 ? sw_buf_str(&out) : sw_str_of(err.text), rows[i].want);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 1000; n++) {
        sw_auto_buf out = SW_BUF(100);
        struct sw_err err = {0};
        sw_mem_fail_after(n);
        int rc = app_component_variable(&app, &component, SW_LIT("url"), &out, &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            CHECK(n > 0);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
        CHECK_INT(out.n, 0);
    }
    CHECK_NEVER("still failing after 1000 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_checked_with_the_words_that_guests_see),
        cmocka_unit_test(a_template_is_filled_with_values),
        cmocka_unit_test(a_component_has_its_own_variables_only),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
