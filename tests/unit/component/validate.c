/* validate.c - validation of the components in data/, changed or not, and of names. What is refused and why: tests/conformance. */
#include "component/validate.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "check.h"
#include "component/decode.h"
#include "seeds.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const valid[] = {"basic.wasm",    "resources.wasm", "nested.wasm", "imports.wasm",
                                    "shim_yes.wasm", "chain.wasm",     "guest.wasm",  "adapted.wasm"};

static int validate_copy(struct sw_str bytes,
                         struct sw_err *err) /* on the heap, so that a sanitizer sees a read past the end */
{
    struct component_binary *binary = NULL;
    sw_auto_free char *copy = sw_alloc(bytes.n ? bytes.n : 1);
    if (bytes.n)
        memcpy(copy, bytes.p, bytes.n);
    int rc = component_decode(sw_str(copy, bytes.n), &binary, err);
    component_binary_free(binary);
    return rc;
}

static void what_tools_make_is_valid(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(valid); i++) {
        struct sw_err err = {0};
        sw_auto_buf wasm = SW_BUF(0);
        seed_read(valid[i], &wasm);
        CHECK_OK(validate_copy(sw_buf_str(&wasm), &err), &err);
    }
}

static void a_type_without_a_name_outside_is_refused(void **state)
{
    (void)state;
    struct sw_err err = {0};
    sw_auto_buf wasm = SW_BUF(0);
    seed_read("kinds.wasm", &wasm); /* imports a function with a flags type that it does not import */
    CHECK_INT(validate_copy(sw_buf_str(&wasm), &err), -SW_EINPUT);
    CHECK_STR(sw_str_of(err.text), "func not valid to be used as import at byte 0x73");
}

/* Each rule on its own; wasm-tools gives the same verdict on all of them (tests/differential). */
static void what_is_refused_says_why(void **state)
{
    (void)state;
    sw_auto_buf cases = SW_BUF(0);
    seed_read("validate.bin", &cases);
    struct sw_str rest = sw_buf_str(&cases), text, component;
    bool bad = false;
    for (size_t row = 0; seed_next(&rest, &text, &component); row++) {
        struct sw_err err = {0};
        int rc = validate_copy(component, &err);
        bool as_told =
            text.n ? rc == -SW_EINPUT && memmem(err.text, strlen(err.text), text.p, text.n) : rc == 0;
        if (!as_told)
            print_error("row %zu, '" SW_FMT "': %d %s\n", row, SW_ARG(text), rc, rc ? err.text : "accepted");
        bad |= !as_told;
    }
    CHECK(!bad);
}

static void no_changed_byte_does_harm(void **state)
{
    (void)state;
    static const uint8_t changes[] = {0x01, 0x03, 0x80, 0xff};
    for (size_t i = 0; i < 6; i++) { /* the larger ones say nothing new */
        sw_auto_buf wasm = SW_BUF(0);
        seed_read(valid[i], &wasm);
        for (size_t n = 8; n < wasm.n; n++)
            for (size_t k = 0; k < COUNT(changes); k++) {
                struct sw_err err = {0};
                wasm.p[n] = (char)(wasm.p[n] ^ (char)changes[k]);
                int rc = validate_copy(sw_buf_str(&wasm), &err);
                wasm.p[n] = (char)(wasm.p[n] ^ (char)changes[k]);
                CHECK(rc == 0 || ((rc == -SW_EINPUT || rc == -SW_ELIMIT) && err.text[0]));
            }
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(valid); i++) {
        struct component_binary *binary = NULL;
        struct sw_err err = {0};
        sw_auto_buf wasm = SW_BUF(0);
        seed_read(valid[i], &wasm);
        CHECK_OK(component__decode(sw_buf_str(&wasm), &binary, &err), &err);
        long n = 0;
        for (int rc = -SW_ENOMEM; rc < 0; n++) {
            sw_mem_fail_after(n);
            rc = component__validate(binary, &err);
            sw_mem_fail_after(-1);
            CHECK(rc == 0 || rc == -SW_ENOMEM);
            CHECK(n < 1000);
        }
        CHECK(n > 1);
        component_binary_free(binary);
    }
}

/* Small inputs that describe a lot: 2^n parts of a type, or instances. */
static void a_lot_of_work_is_refused_soon(void **state)
{
    (void)state;
    uint64_t before = sw_clock_thread_cpu_ns();
    sw_auto_buf cases = SW_BUF(0);
    seed_read("hostile.bin", &cases);
    struct sw_str rest = sw_buf_str(&cases), text, component;
    while (seed_next(&rest, &text, &component)) {
        struct sw_err err = {0};
        int rc = validate_copy(component, &err);
        CHECK(rc == 0 || rc == -SW_EINPUT || rc == -SW_ELIMIT); /* what is valid is refused by the linker */
    }
    CHECK(sw_clock_thread_cpu_ns() - before < UINT64_C(5000000000));
}

static void labels_are_in_kebab_case(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        bool valid;
    } rows[] = {
        {"a", true},      {"a-b", true},   {"A-b", true},       {"HTTP-get", true}, {"a1-2b", true},
        {"a-1", true},    {"a-1B", true},  {"", false},         {"1", false},       {"-a", false},
        {"a-", false},    {"a--b", false}, {"aB", false},       {"Ab", false},      {"a_b", false},
        {"a.b", false},   {"a b", false},  {"\xc3\xa4", false}, {"1-a", false},     {"a-bC", false},
        {"a-1bC", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (component_label_valid(sw_str_of(rows[i].label)) != rows[i].valid)
            print_error("row %zu\n", i);
        CHECK(component_label_valid(sw_str_of(rows[i].label)) == rows[i].valid);
    }
}

static void versions_are_semver(void **state)
{
    (void)state;
    static const struct {
        const char *version, *why; /* NULL: valid */
    } rows[] = {
        {"0.0.0", NULL},
        {"1.2.3", NULL},
        {"1.2.3-rc.1", NULL},
        {"1.2.3+build.01", NULL},
        {"1.2.3-a-b.c+d.e", NULL},
        {"1.0.0--", NULL},
        {"1.0.0-0a", NULL},
        {"", "empty string"},
        {"1", "unexpected end of input"},
        {"1.2", "unexpected end of input"},
        {"1.2.", "unexpected end of input"},
        {"1.2.x", "unexpected character"},
        {"a.2.3", "unexpected character"},
        {"1.2.3.4", "unexpected character"},
        {"01.2.3", "a number with a leading zero"},
        {"1.2.3-01", "invalid leading zero"},
        {"1.2.3-", "empty identifier segment"},
        {"1.2.3+", "empty identifier segment"},
        {"1.2.3-a..b", "empty identifier segment"},
        {"1.2.3-a_b", "unexpected character"},
        {"18446744073709551616.0.0", "too large"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *why = "";
        bool fine = component_semver_valid(sw_str_of(rows[i].version), &why);
        if (fine != !rows[i].why)
            print_error("row %zu: %s\n", i, why);
        CHECK(fine == !rows[i].why);
        CHECK_HAS(why, rows[i].why ? rows[i].why : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_tools_make_is_valid),
        cmocka_unit_test(a_type_without_a_name_outside_is_refused),
        cmocka_unit_test(what_is_refused_says_why),
        cmocka_unit_test(no_changed_byte_does_harm),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_lot_of_work_is_refused_soon),
        cmocka_unit_test(labels_are_in_kebab_case),
        cmocka_unit_test(versions_are_semver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
