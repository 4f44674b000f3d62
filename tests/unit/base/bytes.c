/* bytes.c - views, UTF-8, and buffers with a ceiling. */
#include "check.h"

#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"

static void utf8_is_checked_by_the_table_of_well_formed_sequences(void **state)
{
    (void)state;
    static const struct {
        struct sw_str text;
        bool valid;
    } rows[] = {
        {SW_LIT_INIT(""), true},
        {SW_LIT_INIT("plain ascii, longer than eight"), true},
        {SW_LIT_INIT("\xc2\x80"), true},
        {SW_LIT_INIT("\xdf\xbf"), true},
        {SW_LIT_INIT("\xe0\xa0\x80"), true},
        {SW_LIT_INIT("\xed\x9f\xbf"), true},
        {SW_LIT_INIT("\xee\x80\x80"), true},
        {SW_LIT_INIT("\xf0\x90\x80\x80"), true},
        {SW_LIT_INIT("\xf4\x8f\xbf\xbf"), true},
        {SW_LIT_INIT("\x80"), false},     /* continuation alone */
        {SW_LIT_INIT("\xc0\xaf"), false}, /* overlong '/' */
        {SW_LIT_INIT("\xc1\xbf"), false},
        {SW_LIT_INIT("\xe0\x9f\xbf"), false},     /* overlong */
        {SW_LIT_INIT("\xed\xa0\x80"), false},     /* surrogate */
        {SW_LIT_INIT("\xf0\x8f\xbf\xbf"), false}, /* overlong */
        {SW_LIT_INIT("\xf4\x90\x80\x80"), false}, /* past U+10FFFF */
        {SW_LIT_INIT("\xf5\x80\x80\x80"), false},
        {SW_LIT_INIT("\xc2"), false}, /* cut */
        {SW_LIT_INIT("\xe2\x82"), false},
        {SW_LIT_INIT("\xf0\x9f\x92"), false},
        {SW_LIT_INIT("seven..\xff"), false}, /* in the word-wise part's last byte */
        {SW_LIT_INIT("eight...\xe2\x82("), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT(sw_utf8_valid(rows[i].text), rows[i].valid);
}

static void numbers_are_digits_within_a_maximum(void **state)
{
    (void)state;
    uint64_t n = 99;
    CHECK(sw_str_to_u64(SW_LIT("0"), 10, &n) && n == 0);
    CHECK(sw_str_to_u64(SW_LIT("65535"), 65535, &n) && n == 65535);
    CHECK(sw_str_to_u64(SW_LIT("18446744073709551615"), UINT64_MAX, &n) && n == UINT64_MAX);
    static const char *const bad[] = {
        "", "65536", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!sw_str_to_u64(sw_str_of(bad[i]), 65535, &n));
    CHECK(!sw_str_to_u64(SW_LIT("18446744073709551616"), UINT64_MAX, &n));
    CHECK(!sw_str_to_u64(SW_LIT("9"), 5, &n));
}

static void views_compare_search_and_cut(void **state)
{
    (void)state;
    struct sw_str s = SW_LIT("Content-Type");
    CHECK(sw_str_eq_nocase(s, SW_LIT("content-TYPE")));
    CHECK(!sw_str_eq_nocase(s, SW_LIT("content-typ")));
    CHECK(!sw_str_eq_nocase(SW_LIT("@"), SW_LIT("`"))); /* differ by 0x20, are no letters */
    CHECK_INT(sw_str_find(s, '-'), 7);
    CHECK_INT(sw_str_rfind(s, 't'), 6);
    CHECK(sw_str_find(s, 'z') == SW_NPOS);
    CHECK_STR(sw_str_from(s, 8), "Type");
    CHECK_INT(sw_str_from(s, 99).n, 0);
    CHECK(sw_str_cmp(SW_LIT("a"), SW_LIT("ab")) < 0 && sw_str_cmp(SW_LIT("b"), SW_LIT("ab")) > 0);
    CHECK(sw_str_eq(sw_str(NULL, 0), SW_LIT("")));
}

static void views_are_trimmed_of_the_bytes_that_are_named(void **state)
{
    (void)state;
    CHECK_STR(sw_str_trim(SW_LIT(" \t a b\t "), SW_LIT(" \t")), "a b");
    CHECK_STR(sw_str_trim(SW_LIT("//a/b//"), SW_LIT("/")), "a/b");
    CHECK_STR(sw_str_trim(SW_LIT("a\n"), SW_LIT(" \t")), "a\n");
    CHECK_INT(sw_str_trim(SW_LIT("\0a\0"), SW_LIT(" \t\r\n")).n, 3); /* a NUL is no end of the set */
    CHECK_INT(sw_str_trim(SW_LIT("   "), SW_LIT(" ")).n, 0);
    CHECK_INT(sw_str_trim(sw_str(NULL, 0), SW_LIT(" ")).n, 0);
}

static void a_hexadecimal_digit_has_a_value_and_other_bytes_none(void **state)
{
    (void)state;
    static const char digits[] = "0123456789abcdefABCDEF";
    for (int c = 0; c < 256; c++) {
        const char *at = c ? strchr(digits, c) : NULL;
        int want = !at ? -1 : at - digits < 16 ? (int)(at - digits) : (int)(at - digits) - 6;
        CHECK_INT(sw_hex_digit((char)c), want);
    }
}

static void a_buffer_refuses_to_pass_its_ceiling_and_stays_as_it_was(void **state)
{
    (void)state;
    struct sw_err err;
    sw_auto_buf buf = SW_BUF(10);
    CHECK_OK(sw_buf_add(&buf, SW_LIT("12345678"), &err), &err);
    CHECK_INT(sw_buf_add(&buf, SW_LIT("901"), &err), -SW_ELIMIT);
    CHECK_HAS(err.text, "limit of 10");
    CHECK_INT(sw_buf_printf(&buf, &err, "%d", 901), -SW_ELIMIT);
    CHECK_STR(sw_buf_str(&buf), "12345678");
    CHECK_OK(sw_buf_printf(&buf, &err, "%d", 90), &err);
    CHECK_STR(sw_buf_str(&buf), "1234567890");
    sw_buf_drop_front(&buf, 4);
    CHECK_STR(sw_buf_str(&buf), "567890");
    CHECK_OK(sw_buf_add_byte(&buf, '!', &err), &err);
    CHECK_STR(sw_buf_str(&buf), "567890!");
}

static void a_descriptor_is_read_whole_or_refused(void **state)
{
    (void)state;
    struct sw_err err;
    int ends[2];
    CHECK_INT(pipe(ends), 0);
    CHECK_INT(write(ends[1], "0123456789", 10), 10);
    CHECK_INT(close(ends[1]), 0);
    sw_auto_buf exact = SW_BUF(10);
    CHECK_OK(sw_buf_read_fd(&exact, ends[0], &err), &err);
    CHECK_STR(sw_buf_str(&exact), "0123456789");
    CHECK_INT(close(ends[0]), 0);
    CHECK_INT(pipe(ends), 0);
    CHECK_INT(write(ends[1], "0123456789", 10), 10);
    CHECK_INT(close(ends[1]), 0);
    sw_auto_buf small = SW_BUF(9);
    CHECK_INT(sw_buf_read_fd(&small, ends[0], &err), -SW_ELIMIT);
    CHECK_INT(close(ends[0]), 0);
    sw_auto_buf empty = SW_BUF(9);
    CHECK_INT(sw_buf_read_fd(&empty, -1, &err), -SW_EIO);
}

static void the_ceiling_holds_behind_a_formatted_text(void **state)
{
    (void)state;
    struct sw_err err;
    int ends[2];
    sw_auto_buf buf = SW_BUF(4);
    CHECK_OK(sw_buf_printf(&buf, &err, "%d", 1234), &err);
    CHECK_INT(pipe(ends), 0);
    CHECK_INT(write(ends[1], "56789", 5), 5);
    CHECK_INT(close(ends[1]), 0);
    CHECK_INT(sw_buf_read_fd(&buf, ends[0], &err), -SW_ELIMIT);
    CHECK_STR(sw_buf_str(&buf), "1234");
    CHECK_INT(sw_buf_add(&buf, SW_LIT("5"), &err), -SW_ELIMIT);
    CHECK_INT(close(ends[0]), 0);
}

static void every_allocation_of_a_buffer_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 100; n++) {
        struct sw_err err;
        sw_auto_buf buf = SW_BUF(1 << 20);
        sw_mem_fail_after(n);
        int rc = 0;
        for (int i = 0; i < 200 && rc == 0; i++)
            rc = sw_buf_add(&buf, SW_LIT("sixteen bytes it"), &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            CHECK(n > 3);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
        CHECK_INT(buf.n % 16, 0);
        CHECK_OK(sw_buf_add(&buf, SW_LIT("usable"), &err), &err);
    }
    CHECK_NEVER("still failing");
}

static int precision(int n, const char *text)
{
    (void)text;
    return n;
}

static void a_view_longer_than_an_int_is_printed_up_to_it(void **state)
{
    (void)state;
    CHECK_INT(precision(SW_ARG(sw_str("abc", (size_t)INT_MAX + 1))), INT_MAX);
    CHECK_INT(precision(SW_ARG(sw_str("abc", (size_t)UINT_MAX + 1))), INT_MAX);
    CHECK_INT(precision(SW_ARG(sw_str("abc", 3))), 3);
    CHECK_INT(precision(SW_ARG(sw_str(NULL, 0))), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_checked_by_the_table_of_well_formed_sequences),
        cmocka_unit_test(numbers_are_digits_within_a_maximum),
        cmocka_unit_test(views_compare_search_and_cut),
        cmocka_unit_test(views_are_trimmed_of_the_bytes_that_are_named),
        cmocka_unit_test(a_hexadecimal_digit_has_a_value_and_other_bytes_none),
        cmocka_unit_test(a_view_longer_than_an_int_is_printed_up_to_it),
        cmocka_unit_test(a_buffer_refuses_to_pass_its_ceiling_and_stays_as_it_was),
        cmocka_unit_test(a_descriptor_is_read_whole_or_refused),
        cmocka_unit_test(the_ceiling_holds_behind_a_formatted_text),
        cmocka_unit_test(every_allocation_of_a_buffer_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
