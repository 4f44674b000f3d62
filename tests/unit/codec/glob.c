/* glob.c - which paths a pattern means: spin.md 1.9. */
#include "codec/glob.h"

#include "check.h"

struct row {
    const char *pattern, *path;
    bool plain, crossing;
};

static const struct row rows[] = {
    {"a", "a", true, true},
    {"a", "b", false, false},
    {"a/b", "a/b", true, true},
    {"*", "a", true, true},
    {"*", ".hidden", true, true},
    {"*", "a/b", false, true},
    {"*.txt", "x.txt", true, true},
    {"*.txt", "dir/x.txt", false, true},
    {"*.txt", "x.txt.bak", false, false},
    {"dir/*.txt", "dir/x.txt", true, true},
    {"dir/*.txt", "dir/sub/x.txt", false, true},
    {"dir/*", "dir/", true, true},
    {"?", "a", true, true},
    {"?", "/", false, true},
    {"?", "", false, false},
    {"a?c", "abc", true, true},
    {"[a-c]", "b", true, true},
    {"[a-c]", "d", false, false},
    {"[!a-c]", "d", true, true},
    {"[]]", "]", true, true},
    {"[abc", "[abc", true, true},
    {"x[0-9].js", "x7.js", true, true},
    {"**/*", "a", true, false},
    {"**/*", "a/b/c", true, true},
    {"dir/**/*", "dir/a", true, false},
    {"dir/**/*", "dir/a/b/c", true, true},
    {"dir/**/*", "other/a", false, false},
    {"dir/**/*.html", "dir/a/b/index.html", true, true},
    {"dir/**/x/**/y", "dir/a/x/b/c/y", true, true},
    {"dir/**/x/**/y", "dir/a/b/c/y", false, false},
    {"**", "a/b", true, true},
    {"a/**", "a", true, false},
    {"**/b", "b", true, false},
    {"a**b", "axxb", true, true},
    {"", "", true, true},
    {"", "a", false, false},
    {"a*b*c", "a-b-c", true, true},
    {"a*b*c", "a-b-d", false, false},
};

static void patterns_match_as_documented(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_str pattern = sw_str_of(rows[i].pattern), path = sw_str_of(rows[i].path);
        bool plain = codec_glob_match(pattern, path, false), crossing = codec_glob_match(pattern, path, true);
        if (plain != rows[i].plain || crossing != rows[i].crossing)
            print_error("'%s' '%s': %d %d\n", rows[i].pattern, rows[i].path, plain, crossing);
        CHECK(plain == rows[i].plain && crossing == rows[i].crossing);
    }
}

static void hostile_patterns_take_no_time(void **state)
{
    (void)state;
    static char pattern[4000], path[4000];
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = i % 2 ? 'a' : '*';
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = 'b';
    CHECK(!codec_glob_match(sw_str(pattern, sizeof pattern), sw_str(path, sizeof path), false));
    for (size_t i = 0; i + 3 < sizeof pattern; i += 4)
        memcpy(pattern + i, i % 8 ? "a/a/" : "**/a", 4);
    CHECK(!codec_glob_match(sw_str(pattern, sizeof pattern), sw_str(path, sizeof path), false));
}

static void the_base_is_what_stands_before_the_first_special(void **state)
{
    (void)state;
    CHECK_STR(codec_glob_base(SW_LIT("a/b/c*")), "a/b");
    CHECK_STR(codec_glob_base(SW_LIT("a/b*/c")), "a");
    CHECK_STR(codec_glob_base(SW_LIT("*")), "");
    CHECK_STR(codec_glob_base(SW_LIT("**/x")), "");
    CHECK(codec_glob_is_pattern(SW_LIT("a[b")));
    CHECK(!codec_glob_is_pattern(SW_LIT("a/b.c")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_as_documented),
        cmocka_unit_test(hostile_patterns_take_no_time),
        cmocka_unit_test(the_base_is_what_stands_before_the_first_special),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
