/* versions.c - the order of versions, and which ones a requirement takes. */
#include "check.h"

#include "app/versions.h"

static void versions_are_in_the_order_of_the_specification(void **state)
{
    /* Each below the next; Semantic Versioning 2.0.0, 11. */
    static const char *const rows[] = {
        "0.0.0",        "0.0.1-0",       "0.0.1",         "0.1.0",
        "1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.b", "1.0.0-beta",
        "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",    "1.0.0",
        "1.2.0",        "1.10.0",        "2.0.0",         "18446744073709551615.0.0"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            int order = app__version_cmp(sw_str_of(rows[i]), sw_str_of(rows[k]));
            CHECK_INT((order > 0) - (order < 0), (i > k) - (i < k));
        }
    CHECK_INT(app__version_cmp(SW_LIT("1.0.0+a"), SW_LIT("1.0.0+b")), 0);
}

static void requirements_take_what_cargos_do(void **state)
{
    static const struct {
        const char *requirement, *takes, *refuses; /* versions, by ' ' */
    } rows[] = {
        {"1.2.3", "1.2.3 1.2.4 1.9.0 1.2.3+x", "1.2.2 2.0.0 1.3.0-a 2.0.0-a"},
        {"^1.2", "1.2.0 1.9.9", "1.1.9 2.0.0"},
        {"1", "1.0.0 1.9.9", "0.9.9 2.0.0"},
        {"0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0 1.0.0"},
        {"0.0.3", "0.0.3", "0.0.2 0.0.4 0.1.0"},
        {"^0.0", "0.0.0 0.0.9", "0.1.0"},
        {"0", "0.0.1 0.9.9", "1.0.0"},
        {"~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0"},
        {"~1.2", "1.2.0 1.2.9", "1.3.0"},
        {"~1", "1.0.0 1.9.0", "2.0.0"},
        {"=1.2.3", "1.2.3 1.2.3+b", "1.2.4 1.2.3-a"},
        {"=1.2", "1.2.0 1.2.9", "1.3.0 1.1.0"},
        {">1.2", "1.3.0 2.0.0", "1.2.9 1.2.0"},
        {">1.2.3", "1.2.4", "1.2.3"},
        {">=1.2", "1.2.0 9.0.0", "1.1.9"},
        {"<1.2", "1.1.9 0.0.1", "1.2.0"},
        {"<=1.2", "1.2.9 1.0.0", "1.3.0"},
        {">= 1.0, < 2", "1.0.0 1.9.9", "0.9.0 2.0.0"},
        {"*", "0.0.0 9.9.9", "1.0.0-a"},
        {"1.*", "1.0.0 1.9.0", "2.0.0 0.9.0"},
        {"0.*", "0.0.1 0.9.0", "1.0.0"},
        {"1.2.*", "1.2.0 1.2.9", "1.3.0"},
        {"1.0.0-rc.2", "1.0.0-rc.2 1.0.0-rc.10 1.0.0 1.5.0", "1.0.0-rc.1 1.1.0-rc.3"},
        {">=1.0.0-a, <1.0.0", "1.0.0-a 1.0.0-b", "1.0.0 0.9.0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int right = 0; right < 2; right++) {
            struct sw_str list = sw_str_of(right ? rows[i].takes : rows[i].refuses);
            while (list.n) {
                size_t end = sw_str_find(list, ' ');
                struct sw_str version = sw_str_head(list, end);
                if (app__version_fits(sw_str_of(rows[i].requirement), version) != (right != 0))
                    print_error("%s, " SW_FMT "\n", rows[i].requirement, SW_ARG(version));
                CHECK_INT(app__version_fits(sw_str_of(rows[i].requirement), version), right != 0);
                list = end == SW_NPOS ? sw_str("", 0) : sw_str_from(list, end + 1);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_in_the_order_of_the_specification),
        cmocka_unit_test(requirements_take_what_cargos_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
