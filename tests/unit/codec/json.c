/* json.c - tests of JSON in and out. */
#include "codec/json.h"

#include "base/alloc.h"
#include "check.h"
#include "codec/limits.h"

static void values_are_read_in_order(void **state)
{
    (void)state;
    struct codec_json *root = NULL;
    struct sw_err err;
    struct sw_str text = SW_LIT("{\"b\":[1,-2,1.5,true,false,null],\"a\":\"x\\n\\u00e9\",\"c\":{}}");
    CHECK_OK(codec_json_parse(text, &root, &err), &err);
    CHECK_INT(codec_json_kind(root), CODEC_JSON_OBJECT);
    CHECK_INT(codec_json_count(root), 3);
    struct codec_json_member m = codec_json_first(root);
    CHECK_STR(m.key, "b");
    CHECK_INT(codec_json_count(m.value), 6);
    CHECK_INT(codec_json_integer(codec_json_item(m.value, 1)), -2);
    CHECK_INT(codec_json_integer(codec_json_item(m.value, 2)), 0);
    CHECK_INT(codec_json_kind(codec_json_item(m.value, 2)), CODEC_JSON_REAL);
    CHECK(codec_json_bool(codec_json_item(m.value, 3)));
    CHECK(!codec_json_bool(codec_json_item(m.value, 4)));
    CHECK_INT(codec_json_kind(codec_json_item(m.value, 4)), CODEC_JSON_BOOL);
    CHECK_INT(codec_json_kind(codec_json_item(m.value, 5)), CODEC_JSON_NULL);
    CHECK(codec_json_item(m.value, 6) == NULL);
    m = codec_json_next(root, m);
    CHECK_STR(m.key, "a");
    CHECK_STR(codec_json_string(m.value), "x\n\xc3\xa9");
    m = codec_json_next(root, m);
    CHECK_STR(m.key, "c");
    CHECK(codec_json_first(m.value).value == NULL);
    CHECK(codec_json_next(root, m).value == NULL);
    CHECK(codec_json_get(root, "d") == NULL);
    CHECK_STR(codec_json_string(root), "");
    codec_json_free(root);
}

static void what_is_not_json_is_refused_with_a_position(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "1:0: not valid JSON: "},
        {"{\"a\":1,\n}", "2:1: not valid JSON: "},
        {"{} x", "1:4: not valid JSON: "},
        {"{\"a\":1,\"a\":2}", "not valid JSON: duplicate object key"},
        {"[\"\\u0000\"]", "not valid JSON"},
        {"[\"\xff\"]", "not valid JSON: unable to decode byte 0xff"},
        {"1", "not valid JSON"},
        {"[1e999]", "not valid JSON"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct codec_json *root = NULL;
        struct sw_err err = {0};
        CHECK_INT(codec_json_parse(sw_str_of(rows[i].text), &root, &err), -SW_EINPUT);
        CHECK_HAS(err.text, rows[i].message);
        CHECK(root == NULL);
    }
}

static void depth_and_size_have_limits(void **state)
{
    (void)state;
    struct codec_json *root = NULL;
    struct sw_err err = {0};
    sw_auto_free char *deep = sw_alloc(CODEC_JSON_BYTES_MAX + 2);
    memset(deep, '[', CODEC_JSON_BYTES_MAX + 1);
    CHECK_INT(codec_json_parse(sw_str(deep, 100000), &root, &err), -SW_ELIMIT);
    CHECK_HAS(err.text, "maximum parsing depth reached");
    CHECK_INT(codec_json_parse(sw_str(deep, CODEC_JSON_BYTES_MAX + 1), &root, &err), -SW_ELIMIT);
    CHECK_STR(sw_str_of(err.text), "expected at most 16777216 bytes of JSON, got 16777217");
}

static void written_strings_read_back(void **state)
{
    (void)state;
    struct sw_err err;
    sw_auto_buf out = SW_BUF(4096);
    struct sw_str text = sw_str("a\"\\/\n\r\t\x01\x1f\x7f\xe2\x80\xa8", 13);
    CHECK_OK(sw_buf_add(&out, SW_LIT("["), &err), &err);
    CHECK_OK(codec_json_add_string(&out, text, &err), &err);
    CHECK_OK(sw_buf_add(&out, SW_LIT("]"), &err), &err);
    CHECK_STR(sw_buf_str(&out), "[\"a\\\"\\\\/\\n\\r\\t\\u0001\\u001f\\u007f\xe2\x80\xa8\"]");
    struct codec_json *root = NULL;
    CHECK_OK(codec_json_parse(sw_buf_str(&out), &root, &err), &err);
    CHECK(sw_str_eq(codec_json_string(codec_json_item(root, 0)), text));
    codec_json_free(root);
    CHECK_INT(codec_json_add_string(&out, SW_LIT("\xc3"), &err), -SW_EINPUT);
    sw_auto_buf small = SW_BUF(3);
    CHECK_INT(codec_json_add_string(&small, SW_LIT("abc"), &err), -SW_ELIMIT);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 1000; n++) {
        struct codec_json *root = NULL;
        struct sw_err err = {0};
        sw_mem_fail_after(n);
        int rc = codec_json_parse(SW_LIT("{\"a\":[1,\"x\",{}],\"b\":null}"), &root, &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            codec_json_free(root);
            CHECK(n > 3);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
        CHECK(root == NULL);
    }
    CHECK_NEVER("still failing after 1000 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_in_order),
        cmocka_unit_test(what_is_not_json_is_refused_with_a_position),
        cmocka_unit_test(depth_and_size_have_limits),
        cmocka_unit_test(written_strings_read_back),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
