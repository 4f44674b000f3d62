/* nearest.c - tests of "did you mean". */
#include "codec/nearest.h"

#include "check.h"

static void the_word_that_was_meant_is_found(void **state)
{
    (void)state;
    static const char *const words[] = {"source", "description", "environment", "build", "up"};
    static const struct {
        const char *wanted, *best;
    } rows[] = {
        {"sorce", "source"},
        {"soucre", "source"},
        {"Source", "source"},
        {"enviroment", "environment"},
        {"desc", ""},
        {"pu", "up"},
        {"u", "up"},
        {"xyz", ""},
        {"", ""},
        {"biuld", "build"},
        {"a-word-that-is-far-longer-than-anything-that-is-ever-compared-with-another", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct codec_nearest nearest = codec_nearest(sw_str_of(rows[i].wanted));
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
            codec_nearest_offer(&nearest, sw_str_of(words[w]));
        CHECK_STR(nearest.best, rows[i].best);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_word_that_was_meant_is_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
