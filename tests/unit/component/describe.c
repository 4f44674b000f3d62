/* describe.c - the world of a component as WIT, and what a host lacks of it. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "component/component.h"
#include "component/describe.h"
#include "component/wit/wit.h"

static void world_of(const char *name, struct sw_buf *bytes, struct component_binary **ret_binary,
                     struct component_world **ret)
{
    char path[1024];
    struct sw_err err;
    (void)snprintf(path, sizeof path, "%s/tests/unit/component/data/%s", getenv("SW_SOURCE_DIR"), name);
    FILE *file = fopen(path, "rb");
    CHECK(file);
    CHECK_OK(sw_buf_read_fd(bytes, fileno(file), &err), &err);
    (void)fclose(file);
    CHECK_OK(component_decode(sw_buf_str(bytes), ret_binary, &err), &err);
    CHECK_OK(component_world_new(*ret_binary, ret, &err), &err);
}

static void a_world_is_wit_that_resolves(void **state)
{
    static const char *const names[] = {"adapted.wasm",     "basic.wasm",          "chain.wasm",
                                        "guest.wasm",       "imports.wasm",        "resources.wasm",
                                        "invoke.wasm",      "run_nested.wasm",     "run_fixup.wasm",
                                        "run_strings.wasm", "run_startorder.wasm", "shim_yes.wasm"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sw_auto_buf bytes = SW_BUF(4u << 20);
        sw_auto_buf text = SW_BUF(4u << 20);
        sw_auto_arena arena = SW_ARENA(16u << 20);
        struct component_binary *binary = NULL;
        struct component_world *world = NULL;
        struct wit_file *file = NULL;
        struct wit_set *set = NULL;
        struct sw_err err;
        world_of(names[i], &bytes, &binary, &world);
        CHECK_OK(component_world_print(world, &text, &err), &err);
        CHECK_OK(wit_parse(&arena, sw_str_of(names[i]), sw_buf_str(&text), &file, &err), &err);
        CHECK_OK(wit_resolve(&arena, &file, 1, NULL, &set, &err), &err);
        component_world_free(world);
        component_binary_free(binary);
    }
}

static void a_world_reads_like_its_source(void **state)
{
    (void)state;
    sw_auto_buf bytes = SW_BUF(4u << 20);
    sw_auto_buf text = SW_BUF(4u << 20);
    struct component_binary *binary = NULL;
    struct component_world *world = NULL;
    struct sw_err err;
    world_of("run_nested.wasm", &bytes, &binary, &world);
    CHECK_OK(component_world_print(world, &text, &err), &err);
    CHECK_STR(sw_buf_str(&text),
              "package root:component;\n\nworld root {\n  import test:host/api@1.0.0;\n  export count: "
              "func() -> u32;\n"
              "  export twice: func(n: u32);\n  export quadruple: func(l: list<u32>) -> list<u32>;\n}\n\n"
              "package test:host@1.0.0 {\n  interface api {\n    note: func(n: u32);\n  }\n}\n");
    component_world_free(world);
    component_binary_free(binary);
}

static void note_missing(void *arg, struct sw_str import, struct sw_str func)
{
    CHECK_INT(func.n, 0);
    CHECK_STR(import, "test:host/api@1.0.0");
    ++*(int *)arg;
}

static void what_a_host_lacks_is_named(void **state)
{
    (void)state;
    const struct component_host nothing = {.interface_count = 0};
    sw_auto_buf bytes = SW_BUF(4u << 20);
    struct component_binary *binary = NULL;
    struct component_world *world = NULL;
    int count = 0;
    world_of("run_nested.wasm", &bytes, &binary, &world);
    component_world_missing(world, &nothing, note_missing, &count);
    CHECK_INT(count, 1);
    component_world_free(world);
    component_binary_free(binary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_world_is_wit_that_resolves),
        cmocka_unit_test(a_world_reads_like_its_source),
        cmocka_unit_test(what_a_host_lacks_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
