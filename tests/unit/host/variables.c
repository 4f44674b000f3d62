/* variables.c - a component's variables by each interface, and who may read them.  Tests: host. */
#include "app/app.h"
#include "base/alloc.h"
#include "check.h"
#include "fake.h"
#include "host/bindings/config_store.h"
#include "host/bindings/spin_config.h"
#include "host/bindings/spin_variables.h"

static const struct app_variable values[] = {
    {.name = SW_LIT_INIT("token"), .value = SW_LIT_INIT("t0p"), .has_value = true, .is_secret = true},
    {.name = SW_LIT_INIT("host"), .default_value = SW_LIT_INIT("h"), .has_default = true},
    {.name = SW_LIT_INIT("unset")},
};
static const struct app application = {.variables = values, .variable_count = 3};
static const struct app_template templates[] = {
    {SW_LIT_INIT("url"), SW_LIT_INIT("https://{{ host }}/{{token}}")},
    {SW_LIT_INIT("empty"), SW_LIT_INIT("")},
    {SW_LIT_INIT("bad"), SW_LIT_INIT("{{ host")},
    {SW_LIT_INIT("lost"), SW_LIT_INIT("{{ unset }}")},
};
static const struct app_component component = {
    .id = SW_LIT_INIT("main"), .variables = templates, .variable_count = 4};
static const struct app_component whole = {
    .id = SW_LIT_INIT("main"), .variables = templates, .variable_count = 2};
static const struct host_grants dependencies[] = {
    {.component = SW_LIT_INIT("main")},
    {.component = SW_LIT_INIT("main"), .application = &application, .variables_of = &component},
};

static void begin(struct fake *fake, const struct app_component *variables_of)
{
    fake_init(fake);
    fake->grants.component = SW_LIT("main");
    fake->grants.application = &application;
    fake->grants.variables_of = variables_of;
    fake->grants.dependencies = dependencies;
    fake->grants.dependency_count = 2;
}

static const struct row {
    const char *name;
    uint32_t principal;
    int variables; /* the error's case, or -1 */
    int config;
    bool store_has;
    const char *text;
} rows[] = {
    {"url", 0, -1, -1, true, "https://h/t0p"},
    {"empty", 0, -1, -1, true, ""},
    {"token", 0, HOST_SPIN_VARIABLES_ERROR_UNDEFINED, HOST_SPIN_CONFIG_ERROR_PROVIDER, false,
     "no variable for \"main\".\"token\""},
    {"", 0, HOST_SPIN_VARIABLES_ERROR_INVALID_NAME, HOST_SPIN_CONFIG_ERROR_INVALID_KEY, false,
     "\"\": must not be empty"},
    {"a-b", 0, HOST_SPIN_VARIABLES_ERROR_INVALID_NAME, HOST_SPIN_CONFIG_ERROR_INVALID_KEY, false,
     "\"a-b\": invalid character '-'. Variable names may contain only lower-case letters, numbers, and "
     "underscores."},
    {"lost", 0, HOST_SPIN_VARIABLES_ERROR_UNDEFINED, HOST_SPIN_CONFIG_ERROR_PROVIDER, false,
     "undefined variable: unset"},
    {"bad", 0, HOST_SPIN_VARIABLES_ERROR_OTHER, HOST_SPIN_CONFIG_ERROR_OTHER, false,
     "expected '}}' behind '{{', got the end of the text"},
    {"url", 1, HOST_SPIN_VARIABLES_ERROR_UNDEFINED, HOST_SPIN_CONFIG_ERROR_PROVIDER, false,
     "no variable for \"main\".\"url\""}, /* a dependency that inherits nothing */
    {"url", 2, -1, -1, true, "https://h/t0p"},
    {"url", 3, HOST_SPIN_VARIABLES_ERROR_UNDEFINED, HOST_SPIN_CONFIG_ERROR_PROVIDER, false,
     "no variable for \"\".\"url\""}, /* nobody knows who asks */
};

static void check_row(struct fake *fake, const struct row *row)
{
    struct sw_str value;
    struct host_spin_variables_error error;
    struct host_spin_config_error old_error;
    struct host_config_store_error store_error;
    struct host_option_str option;
    struct sw_str name = sw_str_of(row->name);
    int rc = host_spin_variables_get(&fake->call, name, &value, &error);
    CHECK_INT(rc == 0 ? -1 : (int)error.tag, row->variables);
    CHECK_STR(rc == 0 ? value : error.other, row->text); /* each case holds a text at the same place */
    rc = host_spin_config_get_config(&fake->call, name, &value, &old_error);
    CHECK_INT(rc == 0 ? -1 : (int)old_error.tag, row->config);
    CHECK_STR(rc == 0 ? value : old_error.other, row->text);
    rc = host_config_store_get(&fake->call, name, &option, &store_error);
    if (row->variables == HOST_SPIN_VARIABLES_ERROR_OTHER) {
        CHECK_INT(rc, HOST_WIT_ERROR);
        CHECK_INT(store_error.tag, HOST_CONFIG_STORE_ERROR_UPSTREAM);
        CHECK_STR(store_error.upstream, row->text);
        return;
    }
    CHECK_INT(rc, 0);
    CHECK_INT(option.has, row->store_has);
    if (option.has)
        CHECK_STR(option.value, row->text);
}

static void each_interface_has_its_words_for_each_outcome(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake fake;
        begin(&fake, &component);
        fake.principal = rows[i].principal;
        check_row(&fake, &rows[i]);
        fake_deinit(&fake);
    }
}

static void all_variables_come_at_once(void **state)
{
    (void)state;
    struct fake fake;
    struct host_list_tuple_str_str list;
    struct host_config_store_error error;
    begin(&fake, &whole);
    CHECK_INT(host_config_store_get_all(&fake.call, &list, &error), 0);
    CHECK_INT(list.n, 2);
    CHECK_STR(list.items[0].f0, "url");
    CHECK_STR(list.items[0].f1, "https://h/t0p");
    CHECK_STR(list.items[1].f0, "empty");
    CHECK_STR(list.items[1].f1, "");
    fake.principal = 1;
    CHECK_INT(host_config_store_get_all(&fake.call, &list, &error), 0);
    CHECK_INT(list.n, 0);
    fake.principal = 2;
    CHECK_INT(host_config_store_get_all(&fake.call, &list, &error), HOST_WIT_ERROR);
    CHECK_INT(error.tag, HOST_CONFIG_STORE_ERROR_UPSTREAM);
    CHECK_STR(error.upstream, "expected '}}' behind '{{', got the end of the text");
    fake_deinit(&fake);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++)
        for (long n = 0;; n++) {
            struct fake fake;
            struct sw_str value;
            struct host_list_tuple_str_str list;
            struct host_spin_variables_error error;
            struct host_config_store_error store_error;
            CHECK(n < 100);
            begin(&fake, &whole);
            sw_mem_fail_after(n);
            int rc = which ? host_spin_variables_get(&fake.call, SW_LIT("url"), &value, &error)
                           : host_config_store_get_all(&fake.call, &list, &store_error);
            sw_mem_fail_after(-1);
            if (rc == 0) {
                CHECK(n > 1);
                fake_deinit(&fake);
                break;
            }
            fake_trapped(&fake, rc, "no memory");
            fake_deinit(&fake);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_interface_has_its_words_for_each_outcome),
        cmocka_unit_test(all_variables_come_at_once),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
