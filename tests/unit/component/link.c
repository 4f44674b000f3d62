/* link.c - plans of the components in data/, and what linking refuses. */
#include "component/component.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "check.h"
#include "component/link.h"
#include "component/plan_print.h"
#include "seeds.h"

#define PLAN_TEXT_MAX (1u << 20)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const plans[] = {"basic", "resources", "nested",  "imports", "kinds", "shim_yes",
                                    "chain", "guest",     "adapted", "absent",  "older"};

static void print_plan(const struct seed *seed, struct sw_buf *out)
{
    struct sw_err err = {0};
    *out = SW_BUF(PLAN_TEXT_MAX);
    CHECK_OK(component_plan_print(seed->plan, out, &err), &err);
}

static void plan_text_of(struct sw_str bytes, struct sw_buf *out)
{
    struct sw_err err = {0};
    struct seed seed;
    CHECK_OK(seed_link(bytes, &seed, &err), &err);
    print_plan(&seed, out);
    seed_free(&seed);
}

/* data/<name>.plan is what is expected; a plan that differs is printed whole. */
static void plans_are_as_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(plans); i++) {
        char name[64];
        sw_auto_buf wasm = SW_BUF(0), want = SW_BUF(0), got = SW_BUF(0);
        (void)snprintf(name, sizeof name, "%s.wasm", plans[i]); /* fits */
        seed_read(name, &wasm);
        (void)snprintf(name, sizeof name, "%s.plan", plans[i]); /* fits */
        seed_read(name, &want);
        plan_text_of(sw_buf_str(&wasm), &got);
        if (!sw_str_eq(sw_buf_str(&got), sw_buf_str(&want)))
            print_error("%s: the plan is now\n" SW_FMT, plans[i], SW_ARG(sw_buf_str(&got)));
        CHECK(sw_str_eq(sw_buf_str(&got), sw_buf_str(&want)));
    }
}

static void refuse_all(const char *file)
{
    sw_auto_buf cases = SW_BUF(0);
    seed_read(file, &cases);
    struct sw_str rest = sw_buf_str(&cases), text, component;
    while (seed_next(&rest, &text, &component)) {
        struct sw_err err = {0};
        struct seed seed;
        char want[512];
        (void)snprintf(want, sizeof want, SW_FMT, SW_ARG(text)); /* fits, or the check below says so */
        int rc = seed_link(component, &seed, &err);
        if (rc >= 0)
            print_error("linked, expected: %s\n", want);
        CHECK(rc == -SW_EINPUT || rc == -SW_ELIMIT);
        CHECK_HAS(err.text, want);
    }
}

static void refusals_name_what_and_where(void **state)
{
    (void)state;
    refuse_all("link_errors.bin");
}

static void a_lot_of_work_is_refused_soon(void **state)
{
    (void)state;
    uint64_t before = sw_clock_thread_cpu_ns();
    refuse_all("hostile.bin");
    CHECK(sw_clock_thread_cpu_ns() - before <
          20000000000u); /* half a second; sanitizers and slow machines take more */
}

static void an_impure_shim_stays(void **state)
{
    (void)state;
    sw_auto_buf cases = SW_BUF(0);
    seed_read("shim_no.bin", &cases);
    struct sw_str rest = sw_buf_str(&cases), text, component;
    uint32_t count = 0;
    for (; seed_next(&rest, &text, &component); count++) {
        struct sw_err err = {0};
        struct seed seed;
        CHECK_OK(seed_link(component, &seed, &err), &err);
        uint32_t cores = component_binary_core_count(seed.binary);
        if (seed.plan->instance_count != cores)
            print_error("elided although " SW_FMT "\n", SW_ARG(text));
        CHECK_INT(seed.plan->instance_count, cores);
        for (uint32_t i = 0; i < cores; i++)
            CHECK(component_plan_uses_core(seed.plan, i));
        CHECK(!component_plan_uses_core(seed.plan, cores));
        seed_free(&seed);
    }
    CHECK(count >= 15);
}

static void an_adapter_that_can_be_told_from_one_made_later_is_not_lazy(void **state)
{
    (void)state;
    sw_auto_buf cases = SW_BUF(0);
    seed_read("lazy_no.bin", &cases);
    struct sw_str rest = sw_buf_str(&cases), text, component;
    uint32_t count = 0;
    for (; seed_next(&rest, &text, &component); count++) {
        struct sw_err err = {0};
        struct seed seed;
        CHECK_OK(seed_link(component, &seed, &err), &err);
        uint32_t lazy = 0;
        for (uint32_t i = 0; i < seed.plan->instance_count; i++)
            lazy += seed.plan->instances[i].lazy;
        if (lazy || component_plan_uses_core(seed.plan, 0))
            print_error("lazy or not elided although " SW_FMT "\n", SW_ARG(text));
        CHECK_INT(lazy, 0);
        CHECK(!component_plan_uses_core(seed.plan, 0)); /* the shim: the change did not stop that */
        seed_free(&seed);
    }
    CHECK_INT(count, 12);
}

static void an_elided_shim_needs_no_module(void **state)
{
    (void)state;
    struct sw_err err = {0};
    struct seed seed;
    sw_auto_buf wasm = SW_BUF(0);
    seed_read("shim_yes.wasm", &wasm);
    CHECK_OK(seed_link(sw_buf_str(&wasm), &seed, &err), &err);
    static const bool used[] = {false, true, true, false}; /* shim, main, adapter, fixup */
    for (uint32_t i = 0; i < COUNT(used); i++)
        CHECK_INT(component_plan_uses_core(seed.plan, i), used[i]);
    seed_free(&seed);
}

static void versions_have_tracks(void **state)
{
    (void)state;
    static const struct {
        const char *host, *wanted;
        bool serves;
    } rows[] = {
        {"0.2.12", "0.2.0", true},
        {"0.2.0", "0.2.12", true},
        {"0.2.0", "0.3.0", false},
        {"1.4.2", "1.9.0", true},
        {"1.4.2", "2.0.0", false},
        {"0.0.1", "0.0.1", true},
        {"0.0.1", "0.0.2", false},
        {"0.3.0-rc-1", "0.3.0-rc-1", true},
        {"0.3.0-rc-1", "0.3.0", false},
        {"0.3.0", "0.3.0-rc-1", false},
        {"", "", true},
        {"1.0.0", "", false},
        {"", "1.0.0", false},
        {"0.2.1+build", "0.2.0", true},
        {"0.2.5", "0.2", true},
        {"1.4.2", "1", true},
        {"1.4.2", "0.1", false},
        {"0.0.0", "0.0.0", true},
        {"1.x.0", "1.x.0", true},
        {"1.x.0", "1.0.0", false},
        {"1.2.3.4", "1.2.3", false},
        {"01.2.3", "1.2.3", false},
        {"10.0.0", "1.0.0", false},
        {"0.20.0", "0.2.0", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool serves = component__version_serves(sw_str_of(rows[i].host), sw_str_of(rows[i].wanted));
        if (serves != rows[i].serves)
            print_error("host '%s', wanted '%s'\n", rows[i].host, rows[i].wanted);
        CHECK_INT(serves, rows[i].serves);
    }
}

static void names_are_split_at_the_version(void **state)
{
    (void)state;
    struct sw_str package, version;
    component__name_split(SW_LIT("wasi:http/types@0.2.3"), &package, &version);
    CHECK_STR(package, "wasi:http/types");
    CHECK_STR(version, "0.2.3");
    component__name_split(SW_LIT("run"), &package, &version);
    CHECK_STR(package, "run");
    CHECK_STR(version, "");
}

static void linking_twice_gives_the_same(void **state)
{
    (void)state;
    sw_auto_buf wasm = SW_BUF(0), first = SW_BUF(0), second = SW_BUF(0);
    struct sw_err err = {0};
    struct seed seed;
    struct component_plan *again = NULL;
    seed_read("adapted.wasm", &wasm);
    CHECK_OK(seed_link(sw_buf_str(&wasm), &seed, &err), &err);
    print_plan(&seed, &first);
    CHECK_OK(component_link(seed.binary, &seed_host, &again, &err), &err);
    component_plan_free(seed.plan);
    seed.plan = again;
    print_plan(&seed, &second);
    CHECK(sw_str_eq(sw_buf_str(&first), sw_buf_str(&second)));
    seed_free(&seed);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(plans); i++) {
        char name[64];
        sw_auto_buf wasm = SW_BUF(0);
        (void)snprintf(name, sizeof name, "%s.wasm", plans[i]); /* fits */
        seed_read(name, &wasm);
        long n = 0;
        for (int rc = -SW_ENOMEM; rc < 0; n++) {
            struct sw_err err = {0};
            struct seed seed;
            sw_mem_fail_after(n);
            rc = seed_link(sw_buf_str(&wasm), &seed, &err);
            sw_mem_fail_after(-1);
            CHECK(rc == 0 || rc == -SW_ENOMEM);
            seed_free(&seed);
            CHECK(n < 1000);
        }
        CHECK(n > 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_are_as_expected),
        cmocka_unit_test(refusals_name_what_and_where),
        cmocka_unit_test(a_lot_of_work_is_refused_soon),
        cmocka_unit_test(an_impure_shim_stays),
        cmocka_unit_test(an_adapter_that_can_be_told_from_one_made_later_is_not_lazy),
        cmocka_unit_test(an_elided_shim_needs_no_module),
        cmocka_unit_test(versions_have_tracks),
        cmocka_unit_test(names_are_split_at_the_version),
        cmocka_unit_test(linking_twice_gives_the_same),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
