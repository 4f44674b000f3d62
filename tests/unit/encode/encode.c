/* encode.c - what the encoder accepts and what it says to the rest, against one small core module.  Tests of room: encode. */
#include "component/encode/encode.h"

#include "base/alloc.h"
#include "check.h"
#include "component/component.h"

/* (module (import "t:p/i" "f" (func (param i32))) (memory (export "memory") 1)
 *   (func (export "run") (param i32) (result i32) unreachable)
 *   (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)) */
static const char CORE[] = "\0asm\1\0\0\0"
                           "\x01\x12\x03\x60\1\x7f\0\x60\1\x7f\1\x7f\x60\4\x7f\x7f\x7f\x7f\1\x7f"
                           "\x02\x0b\x01\5t:p/i\1f\0\0"
                           "\x03\x03\x02\1\2"
                           "\x05\x03\x01\0\1"
                           "\x07\x1f\x03\6memory\2\0\3run\0\1\x0c"
                           "cabi_realloc\0\2"
                           "\x0a\x09\x02\3\0\0\x0b\3\0\0\x0b";
#define CORE_STR sw_str(CORE, sizeof CORE - 1)

static int encode(const char *text, struct sw_buf *out, struct sw_err *err)
{
    sw_auto_arena arena = SW_ARENA(16u << 20);
    struct wit_file *file = NULL;
    struct wit_set *set = NULL;
    int rc = wit_parse(&arena, SW_LIT("w.wit"), sw_str_of(text), &file, err);
    if (rc == 0)
        rc = wit_resolve(&arena, &file, 1, NULL, &set, err);
    if (rc < 0)
        return rc;
    struct encode_input in = {
        .core = CORE_STR, .set = set, .world = set->packages[0]->worlds[0], .version = "1.2.3"};
    return encode_component(&arena, &in, out, err);
}

#define F(type) "package t:p;\ninterface i { f: func(" type "); }\n"
#define WORLD(exports) "world w { import i; " exports " }"

static void takes_what_fits_and_decodes_it(void **state)
{
    (void)state;
    static const char *const WORLDS[] = {
        F("a: u32") WORLD("export run: func(a: u32) -> u32;"),
        F("a: u32") WORLD(""),
        F("a: char") WORLD("export run: func(a: bool) -> s8;"),
        "package t:p;\ninterface i { resource r; f: func(a: borrow<r>); } " WORLD(
            "use i.{r}; export run: func(a: borrow<r>) -> bool;"),
        "package t:p;\ninterface i { enum e { a, b } f: func(a: e); } " WORLD(
            "use i.{e}; export run: func(a: e) -> string;"),
    };
    for (size_t i = 0; i < sizeof WORLDS / sizeof WORLDS[0]; i++) {
        struct sw_err err = {0};
        struct component_binary *binary = NULL;
        sw_auto_buf out = SW_BUF(1u << 20);
        CHECK_OK(encode(WORLDS[i], &out, &err), &err);
        CHECK_OK(component_decode(sw_buf_str(&out), &binary, &err), &err);
        component_binary_free(binary);
    }
}

static void refuses_what_does_not_fit_by_name_with_both_types(void **state)
{
    (void)state;
    static const struct {
        const char *wit, *said;
    } ROWS[] = {
        {"package t:p;\n world w {}", "the core module imports 't:p/i' 'f', which world 'w' does not have"},
        {"package t:p;\ninterface i { g: func(); } " WORLD(""),
         "the core module imports 't:p/i' 'f', which world 'w' does not have"},
        {F("a: u64") WORLD(""), "import 't:p/i' 'f': expected core type (i64) -> (), got (i32) -> ()"},
        {F("a: string") WORLD(""),
         "import 't:p/i' 'f': expected core type (i32, i32) -> (), got (i32) -> ()"},
        {F("a: u32") WORLD("export go: func(a: f32) -> f64;"),
         "the core module does not export the function 'go', expected with core type (f32) -> (f64)"},
        {F("a: u32") WORLD("export run: func() -> u32;"),
         "export 'run': expected core type () -> (i32), got (i32) -> (i32)"},
        {F("a: u32") "interface e { go: func(a: list<u8>) -> string; }\n" WORLD("export e;"),
         "the core module does not export the function 't:p/e#go', expected with core type (i32, i32) -> "
         "(i32)"},
        {F("a: stream<u8>") WORLD(""), "streams, futures and error contexts are not supported yet"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct sw_err err = {0};
        sw_auto_buf out = SW_BUF(1u << 20);
        CHECK_INT(encode(ROWS[i].wit, &out, &err), -SW_EINPUT);
        CHECK_HAS(err.text, ROWS[i].said);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 2000; n++) {
        struct sw_err err = {0};
        sw_auto_buf out = SW_BUF(1u << 20);
        sw_mem_fail_after(n);
        int rc = encode("package t:p;\ninterface i { enum e { a, b } f: func(a: e); } " WORLD(
                            "use i.{e}; export run: func(a: e) -> string;"),
                        &out, &err);
        sw_mem_fail_after(-1);
        if (rc == 0)
            return;
        CHECK_INT(rc, -SW_ENOMEM);
    }
    CHECK_NEVER("still failing after 2000 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_fits_and_decodes_it),
        cmocka_unit_test(refuses_what_does_not_fit_by_name_with_both_types),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
