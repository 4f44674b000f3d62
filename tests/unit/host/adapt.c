/* adapt.c - which core modules become components, what they become, and what is said of the others.  Tests: host. */
#include "host/adapt.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "check.h"
#include "component/component.h"
#include "component/plan.h"
#include "host/host.h"

#define SEED_BYTES_MAX (64u << 10)
#define OUT_BYTES_MAX (1u << 20)

/* The seeds of the fuzz target: old.wasm has the names of wit-bindgen 0.2, typed.wasm names its world itself. */
static void read_seed(const char *name, struct sw_buf *ret)
{
    struct sw_err err = {0};
    char path[512];
    const char *root = getenv("SW_SOURCE_DIR");
    (void)snprintf(path, sizeof path, "%s/tests/fuzz/corpus/adapt/%s", root ? root : ".",
                   name); /* or no file */
    sw_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    *ret = SW_BUF(SEED_BYTES_MAX);
    CHECK_OK(sw_buf_read_fd(ret, fd, &err), &err);
}

/* ---- what becomes of them ---- */

static const struct row {
    const char *seed;
    uint32_t lowerings;
    const char *imports[4]; /* names of the host's functions */
} rows[] = {
    {"old.wasm", 4, {"get-config", "send-request", "fd-write", "clock-time-get"}},
    {"typed.wasm", 2, {"environ-get", "get-config"}},
};

static void check_lowering(const struct component_plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->lowering_count; i++) {
        const struct component_lowering *lowering = &plan->lowerings[i];
        if (strcmp(lowering->callee.host->name, name) != 0)
            continue;
        bool is_wasi = strcmp(lowering->callee.host_interface, "swell:wasi01/preview1") == 0;
        CHECK(lowering->options.has_memory);
        CHECK_INT(lowering->anytime, is_wasi && strcmp(name, "fd-write") != 0); /* that one may wait */
        return;
    }
    fail_msg("'%s' is not imported", name);
}

static void a_module_of_an_older_sdk_becomes_a_component_that_links(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_err err = {0};
        sw_auto_buf core = SW_BUF(0), out = SW_BUF(OUT_BYTES_MAX);
        struct component_binary *binary = NULL;
        struct component_plan *plan = NULL;
        read_seed(rows[i].seed, &core);
        CHECK_OK(host_adapt(sw_buf_str(&core), &out, &err), &err);
        CHECK_OK(component_decode(sw_buf_str(&out), &binary, &err), &err);
        CHECK_OK(component_link(binary, host_interfaces(), &plan, &err), &err);
        CHECK_INT(plan->lowering_count, rows[i].lowerings);
        for (uint32_t k = 0; k < rows[i].lowerings; k++)
            check_lowering(plan, rows[i].imports[k]);
        CHECK_INT(plan->export_count, 1);
        CHECK_STR(plan->exports[0].interface, "fermyon:spin/inbound-http");
        CHECK_STR(plan->exports[0].name, "handle-request");
        component_plan_free(plan);
        component_binary_free(binary);
    }
}

/* ---- what is none ---- */

static void what_is_for_no_component_is_left_alone(void **state)
{
    (void)state;
    /* (module), and (module (func (export "_start"))) */
    static const char EMPTY[] = "\0asm\1\0\0\0";
    static const char COMMAND[] = "\0asm\1\0\0\0"
                                  "\x01\x04\x01\x60\0\0"
                                  "\x03\x02\x01\0"
                                  "\x07\x0a\x01\6_start\0\0"
                                  "\x0a\x04\x01\2\0\x0b";
    struct sw_err err = {0};
    sw_auto_buf out = SW_BUF(OUT_BYTES_MAX);
    CHECK_INT(host_adapt(sw_str(EMPTY, sizeof EMPTY - 1), &out, &err), SW_ABSENT);
    CHECK_INT(host_adapt(sw_str(COMMAND, sizeof COMMAND - 1), &out, &err), SW_ABSENT);
    CHECK_INT(host_adapt(SW_LIT("nonsense"), &out, &err), -SW_EINPUT);
}

/* A module whose section component-type says that it was made by wit-bindgen-c of that version, and nothing else. */
static void with_version(const char *version, struct sw_buf *ret)
{
    struct sw_err err = {0};
    size_t n = strlen(version);
    char text[256];
    static const char FIELD[] = "\1\x0cprocessed-by\1\x0dwit-bindgen-c";
    *ret = SW_BUF(SEED_BYTES_MAX);
    size_t producers = 10 + sizeof FIELD - 1 + 1 + n; /* its name, the field, the version */
    size_t content = 15 + 8 + 2 + producers;          /* the outer name, a preamble, the inner section */
    CHECK(content < 0x80 && n < 0x40);
    int used = snprintf(text, sizeof text, "%c%c%ccomponent-type", 0, (char)content, 14);
    CHECK_OK(sw_buf_add(ret, sw_str("\0asm\1\0\0\0", 8), &err), &err);
    CHECK_OK(sw_buf_add(ret, sw_str(text, (size_t)used), &err), &err);
    CHECK_OK(sw_buf_add(ret, sw_str("\0asm\x0d\0\1\0", 8), &err), &err);
    used =
        snprintf(text, sizeof text, "%c%c%cproducers%s%c%s", 0, (char)producers, 9, FIELD, (char)n, version);
    CHECK_OK(sw_buf_add(ret, sw_str(text, (size_t)used), &err), &err);
}

static void bindings_are_told_by_their_version(void **state)
{
    (void)state;
    static const struct {
        const char *version;
        bool taken;
    } VERSIONS[] = {
        {"0.5.0", true},  {"0.8.1", true},      {"0.20.0", true}, {"0.16.0-beta", true}, {"0.5", true},
        {"0.4.0", false}, {"0.2.0", false},     {"1.0.0", false}, {"0", false},          {"0.", false},
        {"new", false},   {"0.x", false},       {".5", false},    {"-1.5.0", false},     {"0.999", false},
        {"256.5", false}, {"0.5 (abc)", false}, {"1", false},
    };
    for (size_t i = 0; i < sizeof VERSIONS / sizeof *VERSIONS; i++) {
        struct sw_err err = {0};
        sw_auto_buf core = SW_BUF(0), out = SW_BUF(OUT_BYTES_MAX);
        with_version(VERSIONS[i].version, &core);
        if (host_adapt(sw_buf_str(&core), &out, &err) >= 0)
            print_error("version %s\n", VERSIONS[i].version);
        CHECK_INT(err.code, SW_EINPUT);
        if (!strstr(err.text, VERSIONS[i].taken ? "wit-component-encoding" : "cannot adapt modules created"))
            print_error("version %s: %s\n", VERSIONS[i].version, err.text);
        CHECK_HAS(err.text, VERSIONS[i].taken ? "wit-component-encoding" : "cannot adapt modules created");
    }
}

static void every_changed_byte_is_taken_or_refused(void **state)
{
    (void)state;
    sw_auto_buf core = SW_BUF(0);
    read_seed("old.wasm", &core);
    for (size_t i = 8; i < core.n; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct sw_err err = {0};
            struct component_binary *binary = NULL;
            sw_auto_buf out = SW_BUF(OUT_BYTES_MAX);
            core.p[i] = (char)(core.p[i] ^ (char)(1u << bit));
            int rc = host_adapt(sw_buf_str(&core), &out, &err);
            CHECK(rc == 0 || rc == SW_ABSENT || rc == -SW_EINPUT || rc == -SW_ELIMIT);
            if (rc == 0)
                CHECK_OK(component_decode(sw_buf_str(&out), &binary, &err), &err);
            component_binary_free(binary);
            core.p[i] = (char)(core.p[i] ^ (char)(1u << bit));
        }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (long n = 0;; n++) {
            struct sw_err err = {0};
            sw_auto_buf core = SW_BUF(0), out = SW_BUF(OUT_BYTES_MAX);
            CHECK(n < 5000);
            read_seed(rows[i].seed, &core);
            sw_mem_fail_after(n);
            int rc = host_adapt(sw_buf_str(&core), &out, &err);
            sw_mem_fail_after(-1);
            if (rc == 0) {
                CHECK(n > 5);
                break;
            }
            CHECK_INT(rc, -SW_ENOMEM);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_module_of_an_older_sdk_becomes_a_component_that_links),
        cmocka_unit_test(what_is_for_no_component_is_left_alone),
        cmocka_unit_test(bindings_are_told_by_their_version),
        cmocka_unit_test(every_changed_byte_is_taken_or_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
