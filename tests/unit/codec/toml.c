/* toml.c - tests of TOML: values, positions, limits. */
#include "codec/toml.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "check.h"
#include "codec/limits.h"

#define ARENA_BYTES (8u << 20)

static const struct codec_toml *at(const struct codec_toml *table, const char *key)
{
    const struct codec_toml *value = codec_toml_get(table, sw_str_of(key));
    if (!value)
        print_error("no key '%s'\n", key);
    CHECK(value != NULL);
    return value;
}

static void values_have_kinds_and_places(void **state)
{
    (void)state;
    sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
    const struct codec_toml *root = NULL;
    struct sw_err err;
    struct sw_str text = SW_LIT("zebra = \"x\"\n"
                                "[b.c]\n"
                                "  i = -7\n"
                                "  f = 1.5\n"
                                "\"\xc3\xa9\" = true\n"
                                "  d = 2026-01-02\n"
                                "[a]\n"
                                "list = [1, { k = 'v' }]\n"
                                "[[t]]\n"
                                "n = 1\n"
                                "[[t]]\n");
    CHECK_OK(codec_toml_parse(&arena, text, SW_LIT("f"), &root, &err), &err);
    CHECK_INT(root->count, 4);
    CHECK_STR(root->children[0].key, "zebra");
    CHECK_STR(root->children[1].key, "b");
    CHECK_STR(root->children[2].key, "a");
    CHECK_STR(root->children[3].key, "t");
    CHECK_STR(root->children[0].string, "x");
    const struct codec_toml *c = at(at(root, "b"), "c");
    CHECK_INT(at(c, "i")->integer, -7);
    CHECK_INT(at(c, "i")->at.line, 3);
    CHECK_INT(at(c, "i")->at.column, 7);
    CHECK_INT(at(c, "i")->key_at.column, 3);
    CHECK(at(c, "f")->number > 1.49 && at(c, "f")->number < 1.51);
    CHECK(at(c, "\xc3\xa9")->boolean);
    CHECK_INT(at(c, "\xc3\xa9")->at.column, 7); /* characters, not bytes */
    CHECK_INT(at(c, "d")->kind, CODEC_TOML_DATE);
    const struct codec_toml *list = at(at(root, "a"), "list");
    CHECK_INT(list->count, 2);
    CHECK_STR(at(&list->children[1], "k")->string, "v");
    CHECK_INT(list->children[1].at.line, 8);
    CHECK_INT(list->children[1].at.column, 12);
    CHECK_INT(at(root, "t")->count, 2);
    CHECK_INT(at(root, "t")->children[1].at.line, 11);
    CHECK(codec_toml_get(list, SW_LIT("k")) == NULL);
    CHECK_STR(sw_str_of(codec_toml_kind_name(CODEC_TOML_ARRAY)), "an array");
}

static void text_beyond_ascii_goes_on_behind_a_line_end(void **state)
{
    (void)state;
    sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
    const struct codec_toml *root = NULL;
    struct sw_err err;
    struct sw_str text = SW_LIT("\xef\xbb\xbfx = \"\"\"\\\n  \xc3\xa9\xcd\x9e\"\"\" # \xd1\x9e\n");
    CHECK_OK(codec_toml_parse(&arena, text, SW_LIT("f"), &root, &err), &err);
    CHECK_STR(at(root, "x")->string, "\xc3\xa9\xcd\x9e");
}

static void what_is_not_toml_is_refused_with_a_position(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"a = ", "f:1:5: not valid TOML: "},
        {"a = 1\na = 2\n",
         "f:2:5: not valid TOML: error while parsing key-value pair: cannot redefine existing integer 'a'"},
        {"[a]\n[a]\n",
         "f:2:1: not valid TOML: error while parsing table header: cannot redefine existing table 'a'"},
        {"a = \"x\n", "f:1:7: not valid TOML: "},
        {"a = \xff", "f:1:4: not valid TOML: encountered invalid utf-8 sequence"},
        {"= 1", "f:1:1: not valid TOML: "},
        {"a = 1\n [ \xc3\xa9]\n", "f:2:4: not valid TOML: expected a key behind '['"},
        {"[[=]]\n", "f:1:3: not valid TOML: expected a key behind '['"},
        {"[]\n", "f:1:2: not valid TOML: "},
        {"[a.=]\n", "f:1:4: not valid TOML: "},
        {"a\xc3\xa9 = 1",
         "f:1:2: not valid TOML: error while parsing key-value pair: expected '=', saw '\xc3\xa9'"},
        {"[", "f:1:2: not valid TOML: "},
        {"a = [\n[=]\n]\n", "f:2:2: not valid TOML: "},
        {"a = 99999999999999999999", "not valid TOML: "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
        const struct codec_toml *root = NULL;
        struct sw_err err = {0};
        CHECK_INT(codec_toml_parse(&arena, sw_str_of(rows[i].text), SW_LIT("f"), &root, &err), -SW_EINPUT);
        CHECK_HAS(err.text, rows[i].message);
        CHECK(root == NULL);
    }
}

/* `head`, then `piece` `count` times, then `tail`. */
static int parse_repeated(const char *head, const char *piece, size_t count, const char *tail,
                          struct sw_err *err)
{
    sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
    sw_auto_buf text = SW_BUF(CODEC_TOML_BYTES_MAX + 1);
    const struct codec_toml *root = NULL;
    struct sw_err e;
    CHECK_OK(sw_buf_add(&text, sw_str_of(head), &e), &e);
    for (size_t i = 0; i < count; i++)
        CHECK_OK(sw_buf_add(&text, sw_str_of(piece), &e), &e);
    CHECK_OK(sw_buf_add(&text, sw_str_of(tail), &e), &e);
    return codec_toml_parse(&arena, sw_buf_str(&text), SW_LIT("f"), &root, err);
}

static void depth_and_size_have_limits(void **state)
{
    (void)state;
    static const struct {
        const char *head, *piece;
        size_t count;
        const char *tail;
        int rc;
        const char *message;
    } rows[] = {
        {"a", ".a", 30, " = 1", 0, ""},
        {"a", ".a", 400000, " = 1", -SW_ELIMIT, "f:1:64: parts of a dotted key: expected at most 32"},
        {"[a", ".a", 400000, "]", -SW_ELIMIT, "parts of a dotted key"},
        {"x = '''.'''''\na", ".a", 400000, " = 1", -SW_ELIMIT, "parts of a dotted key"},
        {"x = { y = \"\"\"\\\"\"\"\"\"\", a", ".a", 400000, " = 1}", -SW_ELIMIT, "parts of a dotted key"},
        {"# ", ".", 400000, "\n", 0, ""},
        {"x = \"", ".", 400000, "\"\n", 0, ""},
        {"x = '", ".", 400000, "'\n", 0, ""},
        {"x = \"\"\"\n", ".\n", 400000, "\"\"\"\n", 0, ""},
        {"x = ", "[", 32, "", -SW_EINPUT, "not valid TOML"},
        {"x = ", "[", 500000, "", -SW_ELIMIT, "f:1:37: brackets inside each other: expected at most 32"},
        {"x = ", "{a=", 300000, "", -SW_ELIMIT, "brackets inside each other"},
        {"x = ", "[\"[\",", 31, "", -SW_EINPUT, "not valid TOML"},
        {"x = ", "{a.b.c.d.e=", 31, "1}", -SW_EINPUT, "not valid TOML"},
        {"", " ", CODEC_TOML_BYTES_MAX + 1, "", -SW_ELIMIT, "f: expected at most 1048576 bytes, got 1048577"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sw_err err = {0};
        CHECK_INT(parse_repeated(rows[i].head, rows[i].piece, rows[i].count, rows[i].tail, &err), rows[i].rc);
        CHECK_HAS(err.text, rows[i].message);
    }
}

static void the_tree_has_a_limit_of_levels(void **state)
{
    (void)state;
    struct sw_err err = {0};
    sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
    const struct codec_toml *root = NULL;
    sw_auto_buf text = SW_BUF(4096);
    struct sw_err e;
    for (int i = 0; i < 20; i++)
        CHECK_OK(sw_buf_add(&text, i ? SW_LIT("{a.b.c.d=") : SW_LIT("x = {a.b.c.d="), &e), &e);
    CHECK_OK(sw_buf_add(&text, SW_LIT("1"), &e), &e);
    for (int i = 0; i < 20; i++)
        CHECK_OK(sw_buf_add(&text, SW_LIT("}"), &e), &e);
    CHECK_INT(codec_toml_parse(&arena, sw_buf_str(&text), SW_LIT("f"), &root, &err), -SW_ELIMIT);
    CHECK_HAS(err.text, "levels inside each other: expected at most 64");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 1000; n++) {
        sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
        const struct codec_toml *root = NULL;
        struct sw_err err = {0};
        sw_mem_fail_after(n);
        int rc = codec_toml_parse(&arena, SW_LIT("a = [1, 'x']\n[b]\nc = {}"), SW_LIT("f"), &root, &err);
        sw_mem_fail_after(-1);
        if (rc == 0)
            return;
        CHECK_INT(rc, -SW_ENOMEM);
        CHECK(root == NULL);
    }
    CHECK_NEVER("still failing after 1000 allocations");
}

static void a_full_arena_is_a_limit(void **state)
{
    (void)state;
    sw_auto_arena arena = SW_ARENA(100);
    const struct codec_toml *root = NULL;
    struct sw_err err = {0};
    CHECK_INT(codec_toml_parse(&arena, SW_LIT("a = 1"), SW_LIT("f"), &root, &err), -SW_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_kinds_and_places),
        cmocka_unit_test(text_beyond_ascii_goes_on_behind_a_line_end),
        cmocka_unit_test(what_is_not_toml_is_refused_with_a_position),
        cmocka_unit_test(depth_and_size_have_limits),
        cmocka_unit_test(the_tree_has_a_limit_of_levels),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_full_arena_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
