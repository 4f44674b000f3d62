/* decode.c - what the decoder takes, and how it refuses the rest. */
#include "component/component.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "check.h"
#include "component/binary.h"
#include "component/limits.h"
#include "engine/core.h"
#include "seeds.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PREAMBLE "\0asm\x0d\0\1\0"
#define BYTES(s)                                                                                             \
    {                                                                                                        \
        "" s "", sizeof(s) - 1                                                                               \
    }

static const char *const seeds[] = {"basic",    "resources", "nested", "imports", "kinds",
                                    "shim_yes", "chain",     "guest",  "adapted"};

static void seed_wasm(const char *seed, struct sw_buf *ret)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s.wasm", seed); /* fits */
    seed_read(name, ret);
}

static void components_are_told_from_modules(void **state)
{
    (void)state;
    CHECK(component_is_component(SW_LIT(PREAMBLE)));
    CHECK(component_is_component(SW_LIT("\0asm\x0c\0\1\0"))); /* another version is still a component */
    CHECK(!component_is_component(SW_LIT("\0asm\1\0\0\0")));
    CHECK(!component_is_component(SW_LIT("\0asm\x0d\0\1")));
    CHECK(!component_is_component(SW_LIT("")));
    CHECK(!component_is_component(SW_LIT("(component)")));
}

static void the_empty_component_is_one(void **state)
{
    (void)state;
    struct sw_err err = {0};
    struct component_binary *binary = NULL;
    CHECK_OK(component_decode(SW_LIT(PREAMBLE), &binary, &err), &err);
    CHECK_INT(component_binary_core_count(binary), 0);
    CHECK(component_binary_core(binary, 0) == NULL);
    component_binary_free(binary);
    component_binary_free(NULL);
}

static void core_modules_are_listed_in_order(void **state)
{
    (void)state;
    struct sw_err err = {0};
    struct component_binary *binary = NULL;
    sw_auto_buf wasm = SW_BUF(0);
    seed_wasm("shim_yes", &wasm);
    CHECK_OK(component_decode(sw_buf_str(&wasm), &binary, &err), &err);
    CHECK_INT(component_binary_core_count(binary), 4);
    CHECK_INT(component_binary_core(binary, 0)->func_count, 3);   /* shim */
    CHECK_INT(component_binary_core(binary, 1)->memory_count, 1); /* main */
    CHECK_INT(component_binary_core(binary, 3)->has_start, true); /* fixup */
    component_binary_free(binary);
}

/* Each row is refused with a text that has `text` in it. */
static const struct row {
    struct sw_str bytes;
    const char *text;
} rows[] = {
    {BYTES(""), "unexpected end: 8 bytes wanted, 0 left at byte 0x0"},
    {BYTES("\0asX\x0d\0\1\0"), "not a WebAssembly binary: the magic number is missing at byte 0x0"},
    {BYTES("\0asm\1\0\0\0"), "a core module, not a component at byte 0x0"},
    {BYTES("\0asm\x0e\0\1\0"), "component format version 0x0e, expected 0x0d at byte 0x0"},
    /* sections */
    {BYTES(PREAMBLE "\x0d\0"), "unknown section 13 at byte 0x8"},
    {BYTES(PREAMBLE "\7"), "unexpected end at byte 0x9"},
    {BYTES(PREAMBLE "\7\5\0"), "section 7 has 5 bytes, 1 are left at byte 0x8"},
    {BYTES(PREAMBLE "\7\2\0\0"), "section 7 has 1 bytes too many at byte 0xb"},
    {BYTES(PREAMBLE "\7\xff\xff\xff\xff\xff\1"), "an integer is longer than 5 bytes at byte 0x9"},
    {BYTES(PREAMBLE "\7\xff\xff\xff\xff\x7f"), "an integer is over 32 bits at byte 0x9"},
    {BYTES(PREAMBLE "\7\2\x05\x7f"),
     "unexpected end: 5 definitions in a section announced, 1 bytes left at byte 0xa"},
    {BYTES(PREAMBLE "\7\4\xc1\x84\x3d\0"),
     "1000001 definitions in a section, at most 1000000 are allowed at byte 0xa"},
    {BYTES(PREAMBLE "\0\2\x05\0"), "unexpected end: 5 bytes wanted, 1 left at byte 0xb"},
    {BYTES(PREAMBLE "\0\3\2\xc3\x28"), "a name is not UTF-8 at byte 0xa"},
    {BYTES(PREAMBLE "\x09\1\0"), "component start functions are not supported at byte 0xa"},
    {BYTES(PREAMBLE "\x0c\1\0"), "component values are not supported at byte 0xa"},
    {BYTES(PREAMBLE "\1\1\0"), "core module 0 at byte 0xa: "},
    {BYTES(PREAMBLE "\4\1\0"), "unexpected end: 8 bytes wanted, 1 left at byte 0xa"},
    {BYTES(PREAMBLE "\4\x08\0asm\1\0\0\0"), "a core module, not a component at byte 0xa"},
    /* core instances */
    {BYTES(PREAMBLE "\2\3\1\2\0"), "unknown form of instance 0x02 at byte 0xb"},
    {BYTES(PREAMBLE "\2\4\1\0\0\0"), "core module 0 is not defined: there are 0 so far at byte 0xc"},
    {BYTES(PREAMBLE "\2\6\1\1\1\0\x05\0"), "unknown core sort 0x05 at byte 0xe"},
    {BYTES(PREAMBLE "\2\6\1\1\1\0\x11\0"), "a core instance cannot export a core module at byte 0xe"},
    {BYTES(PREAMBLE "\2\6\1\1\1\0\0\0"), "core function 0 is not defined: there are 0 so far at byte 0xf"},
    {BYTES(PREAMBLE "\1\x08\0asm\1\0\0\0\2\7\1\0\0\1\0\0\0"),
     "a core module is instantiated with a core function, only core instances are allowed"},
    {BYTES(PREAMBLE "\1\x08\0asm\1\0\0\0\2\5\2\1\0\1\0\2\x0a\1\0\0\2\0\x12\0\0\x12\1"),
     "instantiation argument '' is there twice"},
    /* instances and exports */
    {BYTES(PREAMBLE "\x05\4\1\0\0\0"), "component 0 is not defined: there are 0 so far at byte 0xc"},
    {BYTES(PREAMBLE "\x05\7\1\1\1\3\1a\0"), "unknown form of name 0x03 at byte 0xd"},
    {BYTES(PREAMBLE "\x05\x09\1\1\1\0\1a\0\0\0"), "a core function cannot leave or enter a component"},
    {BYTES(PREAMBLE "\x05\x08\1\1\1\0\1a\6\0"), "unknown sort 0x06 at byte 0x10"},
    {BYTES(PREAMBLE "\x05\x08\1\1\1\0\1a\2\0"), "component values are not supported at byte 0x10"},
    {BYTES(PREAMBLE "\x0b\x07\1\0\1a\1\0\0"), "function 0 is not defined: there are 0 so far at byte 0xf"},
    {BYTES(PREAMBLE "\7\2\1\x7f\x0b\x07\1\0\1a\3\0\2"),
     "presence of an export's type: expected 0 or 1, got 0x02"},
    {BYTES(PREAMBLE "\7\5\2\x7f\x40\0\1\0\x0b"), "unexpected end"},
    {BYTES(PREAMBLE "\7\2\1\x7f\x0b\x09\1\0\1a\3\0\1\1\0"),
     "export 'a' is a type, its type is that of a function"},
    {BYTES(PREAMBLE "\7\2\1\x7f\x0b\x0d\2\0\1a\3\0\0\0\1a\3\0\0"), "export 'a' is there twice"},
    /* imports */
    {BYTES(PREAMBLE "\x0a\6\1\0\1a\6\0"), "unknown kind of extern 0x06 at byte 0xe"},
    {BYTES(PREAMBLE "\x0a\6\1\0\1a\1\0"), "type 0 is not defined: there are 0 so far at byte 0xf"},
    {BYTES(PREAMBLE "\x0a\7\1\0\1a\0\x10\0"), "only modules can be core externs of a component at byte 0xe"},
    {BYTES(PREAMBLE "\x0a\7\1\0\1a\2\1\x7f"), "component values are not supported at byte 0xe"},
    {BYTES(PREAMBLE "\x0a\6\1\0\1a\3\2"), "bound of a type: expected 0 or 1, got 0x02 at byte 0xf"},
    {BYTES(PREAMBLE "\x0a\x0b\2\0\1a\3\1\0\1a\3\1"), "import 'a' is there twice"},
    {BYTES(PREAMBLE "\x0a\x09\1\2\1a\1\3\0\3\1"), "unknown name attribute 0x03 at byte 0xf"},
    {BYTES(PREAMBLE "\x0a\x0b\1\2\1a\2\1\0\1\0\3\1"), "name attribute 0x01 is there twice at byte 0x11"},
    /* aliases */
    {BYTES(PREAMBLE "\6\5\1\3\3\0\0"), "unknown form of alias 0x03 at byte 0xb"},
    {BYTES(PREAMBLE "\6\5\1\3\0\0\0"), "instance 0 is not defined: there are 0 so far"},
    {BYTES(PREAMBLE "\6\6\1\0\0\1\0\0"), "core instance 0 is not defined: there are 0 so far"},
    {BYTES(PREAMBLE "\6\6\1\0\0\0\0\0"), "an instance cannot export a core function at byte 0xb"},
    {BYTES(PREAMBLE "\6\5\1\3\1\0\0"), "a core instance cannot export a type at byte 0xb"},
    {BYTES(PREAMBLE "\6\5\1\3\2\1\0"), "an alias goes 1 scopes out, there are not so many at byte 0xd"},
    {BYTES(PREAMBLE "\6\5\1\3\2\0\0"), "type 0 is not defined: there are 0 so far at byte 0xe"},
    {BYTES(PREAMBLE "\x0a\6\1\0\1a\3\1\7\2\1\x7f\6\5\1\1\2\0\0"),
     "a function cannot be aliased from an outer scope"},
    /* types */
    {BYTES(PREAMBLE "\7\2\1\x62"), "unknown type 0x62 at byte 0xb"},
    {BYTES(PREAMBLE "\7\3\1\x70\x62"), "unknown value type 0x62 at byte 0xc"},
    {BYTES(PREAMBLE "\7\3\1\x70\0"), "type 0 is not defined: there are 0 so far at byte 0xc"},
    {BYTES(PREAMBLE "\7\3\1\x66\2"), "presence of a type: expected 0 or 1, got 0x02 at byte 0xc"},
    {BYTES(PREAMBLE "\7\6\1\x71\1\1a\0\1"), "unexpected end"},
    {BYTES(PREAMBLE "\7\7\1\x71\1\1a\0\1"), "a case of a variant does not end in 0 at byte 0x10"},
    {BYTES(PREAMBLE "\7\3\1\x6e\x21"
                    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
     "33 members of a type, at most 32 are allowed at byte 0xc"},
    {BYTES(PREAMBLE "\7\5\1\x40\0\1\1"),
     "unknown form of results 0x01 0x01: named results are not allowed at byte 0xd"},
    {BYTES(PREAMBLE "\7\4\1\x3f\x7d\0"), "resources can only be represented by `i32` or `i64` at byte 0xb"},
    {BYTES(PREAMBLE "\7\5\1\x3f\x7f\1\0"), "core function 0 is not defined"},
    {BYTES(PREAMBLE "\7\7\1\x42\1\1\x3f\x7f\0"), "a resource type is defined inside a type at byte 0xe"},
    {BYTES(PREAMBLE "\7\4\1\x42\1\5"), "unknown declaration 0x05 in a type at byte 0xd"},
    {BYTES(PREAMBLE "\7\x09\1\x42\1\3\0\1a\3\1"), "unknown declaration 0x03 in a type at byte 0xd"},
    {BYTES(PREAMBLE "\7\x0b\1\x42\1\2\0\0\1\0\0"
                    "aa"),
     "a core function cannot be aliased in a type"},
    {BYTES(PREAMBLE "\3\2\1\x5d"), "invalid leading byte (0x5d) for core type at byte 0xb"},
    {BYTES(PREAMBLE "\3\4\1\x60\1\x40"), "unknown core value type 0x40 at byte 0xd"},
    {BYTES(PREAMBLE "\3\4\1\x50\1\4"), "invalid leading byte (0x4) for type definition at byte 0xd"},
    {BYTES(PREAMBLE "\3\x08\1\x50\1\0\0\0\0\0"), "core type 0 is not defined: there are 0 so far"},
    /* canonical definitions */
    {BYTES(PREAMBLE "\x08\2\1\x43"), "unknown canonical definition 0x43 at byte 0xb"},
    {BYTES(PREAMBLE "\x08\6\1\0\1\0\0\0"), "canon lift of something that is not a function at byte 0xc"},
    {BYTES(PREAMBLE "\x08\6\1\0\0\0\0\0"), "core function 0 is not defined"},
    {BYTES(PREAMBLE "\x08\3\1\2\0"), "type 0 is not defined"},
    {BYTES(PREAMBLE "\x08\5\1\x1c\1\x08\0"), "unknown canonical option 0x08 at byte 0xd"},
    {BYTES(PREAMBLE "\x08\5\1\x1c\2\0\1"), "canonical option 'string-encoding' is there twice at byte 0xe"},
    {BYTES(PREAMBLE "\x08\5\1\x1c\2\6\6"), "canonical option 'async' is there twice at byte 0xe"},
    {BYTES(PREAMBLE "\x08\5\1\x1c\1\3\0"), "core memory 0 is not defined"},
    {BYTES(PREAMBLE "\x08\3\1\x06\2"),
     "flag of a canonical definition: expected 0 or 1, got 0x02 at byte 0xc"},
};

static void refusals_name_what_and_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sw_err err = {0};
        struct component_binary *binary = NULL;
        int rc = component_decode(rows[i].bytes, &binary, &err);
        if (rc >= 0)
            print_error("row %zu was taken, expected: %s\n", i, rows[i].text);
        CHECK(rc == -SW_EINPUT || rc == -SW_ELIMIT);
        CHECK_HAS(err.text, rows[i].text);
        CHECK(binary == NULL);
    }
}

/* `levels` components inside each other, written from the inside. */
static size_t nest(char *out, size_t size, int levels)
{
    char *p = out + size;
    for (int i = 0; i < levels; i++) {
        size_t inner = (size_t)(out + size - p);
        if (i > 0) {
            *--p = (char)(inner >> 14 & 0x7f);
            *--p = (char)((inner >> 7 & 0x7f) | 0x80);
            *--p = (char)((inner & 0x7f) | 0x80);
            *--p = 4;
        }
        p -= 8;
        memcpy(p, PREAMBLE, 8);
    }
    return (size_t)(p - out);
}

static void nesting_is_limited(void **state)
{
    (void)state;
    static char bytes[4096];
    struct sw_err err = {0};
    struct component_binary *binary = NULL;
    size_t at = nest(bytes, sizeof bytes, COMPONENT_NESTING_MAX + 1);
    CHECK_OK(component_decode(sw_str(bytes + at, sizeof bytes - at), &binary, &err), &err);
    component_binary_free(binary);
    at = nest(bytes, sizeof bytes, COMPONENT_NESTING_MAX + 2);
    CHECK_INT(component_decode(sw_str(bytes + at, sizeof bytes - at), &binary, &err), -SW_ELIMIT);
    CHECK_HAS(err.text, "components and types are nested more than 100 deep");
}

/* A copy on the heap of exactly n bytes, so that a sanitizer sees a read past the end. */
static int decode_copy(struct sw_str bytes, struct sw_err *err)
{
    struct seed seed;
    sw_auto_free char *copy = sw_alloc(bytes.n ? bytes.n : 1);
    if (bytes.n)
        memcpy(copy, bytes.p, bytes.n);
    int rc = seed_link(sw_str(copy, bytes.n), &seed, err);
    seed_free(&seed);
    return rc;
}

static void every_prefix_fails_cleanly_or_is_a_component(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(seeds); i++) {
        sw_auto_buf wasm = SW_BUF(0);
        seed_wasm(seeds[i], &wasm);
        for (size_t n = 0; n < wasm.n; n++) {
            struct sw_err err = {0};
            int rc = decode_copy(sw_str(wasm.p, n), &err); /* cut between two sections it can be complete */
            CHECK(rc == 0 || rc == -SW_EINPUT);
            CHECK(rc == 0 || err.text[0]);
        }
    }
}

static void no_changed_byte_does_harm(void **state)
{
    (void)state;
    static const uint8_t changes[] = {0x01, 0x80, 0xff, 0x40, 0x7f};
    for (size_t i = 0; i < COUNT(seeds); i++) {
        sw_auto_buf wasm = SW_BUF(0);
        seed_wasm(seeds[i], &wasm);
        for (size_t n = 0; n < wasm.n; n++)
            for (size_t k = 0; k < COUNT(changes); k++) {
                struct sw_err err = {0};
                wasm.p[n] = (char)(wasm.p[n] ^ (char)changes[k]);
                int rc = decode_copy(sw_buf_str(&wasm), &err);
                wasm.p[n] = (char)(wasm.p[n] ^ (char)changes[k]);
                CHECK(rc == 0 || rc == -SW_EINPUT || rc == -SW_ELIMIT);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(components_are_told_from_modules),
        cmocka_unit_test(the_empty_component_is_one),
        cmocka_unit_test(core_modules_are_listed_in_order),
        cmocka_unit_test(refusals_name_what_and_where),
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(every_prefix_fails_cleanly_or_is_a_component),
        cmocka_unit_test(no_changed_byte_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
