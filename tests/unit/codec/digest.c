/* digest.c - tests of SHA-256 and hexadecimal. */
#include "codec/digest.h"

#include "check.h"

static void digests_equal_the_published_ones(void **state)
{
    (void)state;
    static const struct {
        struct sw_str parts[2];
        const char *hex;
    } rows[] = {
        {{SW_LIT_INIT(""), SW_LIT_INIT("")},
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {{SW_LIT_INIT("abc"), SW_LIT_INIT("")},
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {{SW_LIT_INIT("a"), SW_LIT_INIT("bc")},
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t digest[CODEC_SHA256_BYTES];
        char hex[CODEC_SHA256_HEX_CHARS + 1];
        struct sw_err err;
        CHECK_OK(codec_sha256(rows[i].parts, 2, digest, &err), &err);
        codec_hex(sw_str((const char *)digest, sizeof digest), hex);
        CHECK_STR(sw_str_of(hex), rows[i].hex);
        CHECK(codec_is_sha256_hex(sw_str_of(hex)));
    }
}

static void only_64_lower_case_digits_are_a_digest(void **state)
{
    (void)state;
    CHECK(!codec_is_sha256_hex(SW_LIT("")));
    CHECK(!codec_is_sha256_hex(SW_LIT("abc")));
    CHECK(!codec_is_sha256_hex(SW_LIT("E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")));
    CHECK(!codec_is_sha256_hex(SW_LIT("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8550")));
    CHECK(!codec_is_sha256_hex(SW_LIT("../c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8550")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_equal_the_published_ones),
        cmocka_unit_test(only_64_lower_case_digits_are_a_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
