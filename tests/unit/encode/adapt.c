/* adapt.c - worlds that come with a module, adapters, and what the linker makes of the result.  Tests of room: encode.
 *
 * data/main.wat and data/adapter.wat with their worlds are data/main.wasm and data/adapter.wasm (data/make.sh). */
#include "component/encode/encode.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "check.h"
#include "component/component.h"
#include "component/describe.h"
#include "component/seeds.h"
#include "engine/core.h"

#define BYTES_MAX (1u << 20)
#define ARENA_MAX (64u << 20)

static void read_file(const char *name, struct sw_buf *ret)
{
    char path[1024];
    struct sw_err err;
    (void)snprintf(path, sizeof path, "%s/tests/unit/%s", getenv("SW_SOURCE_DIR"), name);
    FILE *file = fopen(path, "rb");
    CHECK(file);
    CHECK_OK(sw_buf_read_fd(ret, fileno(file), &err), &err);
    (void)fclose(file);
}

struct given {
    struct sw_buf core, adapter;
};

static void given_read(struct given *given)
{
    given->core = SW_BUF(BYTES_MAX);
    given->adapter = SW_BUF(BYTES_MAX);
    read_file("encode/data/main.wasm", &given->core);
    read_file("encode/data/adapter.wasm", &given->adapter);
}

static void given_deinit(struct given *given)
{
    sw_buf_deinit(&given->core);
    sw_buf_deinit(&given->adapter);
}

static int encode(struct sw_str core, struct sw_str adapter, struct sw_buf *out, struct sw_err *err)
{
    sw_auto_arena arena = SW_ARENA(ARENA_MAX);
    struct encode_adapter adapters[] = {{SW_LIT_INIT("old"), {adapter.p, adapter.n}}};
    struct encode_input in = {
        .core = core, .adapters = adapters, .adapter_count = adapter.n ? 1 : 0, .version = "1.2.3"};
    return encode_component(&arena, &in, out, err);
}

static void decode(const struct sw_buf *out, struct component_binary **ret)
{
    struct sw_err err;
    CHECK_OK(component_decode(sw_buf_str(out), ret, &err), &err);
}

static void a_module_and_an_adapter_are_a_component_of_both_worlds(void **state)
{
    (void)state;
    static const char *const SAID[] = {"import t:adapter/files;",
                                       "import t:main/log@1.3.0;",
                                       "export greet: func(who: string) -> string;",
                                       "export t:main/api@1.2.0;",
                                       "export run: func() -> u32;",
                                       "use t:main/log@1.3.0.{sink};"};
    struct given given;
    struct component_binary *binary = NULL;
    struct component_world *world = NULL;
    struct sw_err err = {0};
    sw_auto_buf out = SW_BUF(BYTES_MAX), text = SW_BUF(BYTES_MAX);
    given_read(&given);
    CHECK_OK(encode(sw_buf_str(&given.core), sw_buf_str(&given.adapter), &out, &err), &err);
    decode(&out, &binary);
    CHECK_OK(component_world_new(binary, &world, &err), &err);
    CHECK_OK(component_world_print(world, &text, &err), &err);
    CHECK_OK(sw_buf_add_byte(&text, 0, &err), &err);
    for (size_t i = 0; i < sizeof SAID / sizeof *SAID; i++)
        CHECK_HAS(text.p, SAID[i]);
    CHECK(!strstr(text.p, "never") && !strstr(text.p, "close")); /* what nobody uses is not imported */
    component_world_free(world);
    component_binary_free(binary);
    given_deinit(&given);
}

static bool has_import(const struct engine_core *core, const char *name)
{
    for (uint32_t i = 0; i < core->import_count; i++)
        if (sw_str_eq(core->imports[i].name, sw_str_of(name)))
            return true;
    return false;
}

/* Of the adapter stays: read, run, the allocator, what they call, and what gives it a stack. */
static void an_adapter_is_cut_down_and_given_a_stack(void **state)
{
    (void)state;
    struct given given;
    struct component_binary *binary = NULL;
    struct sw_err err = {0};
    sw_auto_buf out = SW_BUF(BYTES_MAX);
    given_read(&given);
    CHECK_OK(encode(sw_buf_str(&given.core), sw_buf_str(&given.adapter), &out, &err), &err);
    decode(&out, &binary);
    CHECK_INT(component_binary_core_count(binary), 4);
    const struct engine_core *adapter = component_binary_core(binary, 1);
    CHECK(has_import(adapter, "[method]file.read") && has_import(adapter, "cabi_realloc") &&
          has_import(adapter, "memory") && !has_import(adapter, "never"));
    CHECK_INT(adapter->func_count - adapter->func_import_count, 5); /* one allocates the stack */
    CHECK(!engine_core_export_find(adapter, SW_LIT("write")));
    CHECK(engine_core_export_find(adapter, SW_LIT("cabi_import_realloc")));
    CHECK(!adapter->has_start); /* it is done at the first call */
    for (uint32_t i = 0; i < component_binary_core(binary, 0)->custom_count; i++)
        CHECK(!sw_str_starts(component_binary_core(binary, 0)->customs[i].name, SW_LIT("component-type")));
    component_binary_free(binary);
    given_deinit(&given);
}

/* A byte of the module, at the first place where `text` stands, `more` bytes on. */
static void change(struct sw_buf *bytes, const char *text, size_t more, char to)
{
    size_t n = strlen(text);
    for (size_t i = 0; i + n + more < bytes->n; i++)
        if (memcmp(bytes->p + i, text, n) == 0) {
            bytes->p[i + more] = to;
            return;
        }
    CHECK_NEVER("the text is not there");
}

static void says_what_does_not_fit(void **state)
{
    (void)state;
    static const struct {
        bool adapter; /* which of the two is changed */
        const char *text;
        size_t more;
        char to;
        const char *said;
    } ROWS[] = {
        {false, "wit-component-encoding", 22, 9,
         "section 'component-type': expected version 4 of its encoding, got 9"},
        {false, "wit-component-encoding", 23, 7, "an encoding of strings from 0 to 2, got 7"},
        {false, "wit-component-encoding", 0, 'W', "expected a custom section 'wit-component-encoding'"},
        {false, "\3old\4read", 5, 'R',
         "import 'old' 'Read', which adapter 'old' does not export\nhint: the nearest that it has is 'read'"},
        {false, "\5greet\0", 1, 'G',
         "does not export the function 'greet', expected with core type (i32, i32) -> (i32)"},
        {false, "cabi_realloc", 0, 'C',
         "does not export the function 'cabi_realloc', expected with core type (i32, i32, i32, i32) -> "
         "(i32)"},
        {true, "\5never", 1, 'N', NULL},
        {true, "[method]file.read", 13, 'R', "imports 't:adapter/files' '[method]file.Read'"},
        {true, "\6memory\2", 9, 3,
         "adapter 'old' takes a memory of 3 or more pages, the core module's has 1 or more"},
        {true, "\3run", 1, 'R', "adapter 'old' does not export the function 'run'"},
        {true, "_initialize", 1, 'I',
         "import '__main_module__' '_Initialize', which the core module does not export"},
        {true, "wit-component-encoding", 22, 3,
         "section 'component-type' of adapter 'old': expected version 4"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct given given;
        struct sw_err err = {0};
        sw_auto_buf out = SW_BUF(BYTES_MAX);
        given_read(&given);
        change(ROWS[i].adapter ? &given.adapter : &given.core, ROWS[i].text, ROWS[i].more, ROWS[i].to);
        int rc = encode(sw_buf_str(&given.core), sw_buf_str(&given.adapter), &out, &err);
        CHECK_INT(rc, ROWS[i].said ? -SW_EINPUT : 0);
        if (ROWS[i].said)
            CHECK_HAS(err.text, ROWS[i].said);
        given_deinit(&given);
    }
}

static void every_cut_and_every_changed_byte_is_refused_or_encoded(void **state)
{
    (void)state;
    struct given given;
    given_read(&given);
    for (size_t i = 8; i < given.core.n + given.adapter.n; i++) {
        struct sw_buf *bytes = i < given.core.n ? &given.core : &given.adapter;
        size_t at = i < given.core.n ? i : i - given.core.n;
        struct sw_err err = {0};
        sw_auto_buf out = SW_BUF(BYTES_MAX);
        char *byte = &bytes->p[at], old = *byte;
        *byte = (char)(old ^ (1 << (i % 8)));
        int rc = encode(sw_buf_str(&given.core), sw_buf_str(&given.adapter), &out, &err);
        CHECK(rc == 0 || (rc == -SW_EINPUT && err.text[0]) || rc == -SW_ELIMIT);
        *byte = old;
    }
    given_deinit(&given);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct given given;
    given_read(&given);
    for (long n = 0; n < 20000; n++) {
        struct sw_err err = {0};
        sw_auto_buf out = SW_BUF(BYTES_MAX);
        sw_mem_fail_after(n);
        int rc = encode(sw_buf_str(&given.core), sw_buf_str(&given.adapter), &out, &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            given_deinit(&given);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
    }
    CHECK_NEVER("still failing after 20000 allocations");
}

/* The core module of a component that another encoder made, once more by this one. */
static void encode_again(const char *component, struct sw_buf *out)
{
    sw_auto_arena arena = SW_ARENA(ARENA_MAX);
    sw_auto_buf bytes = SW_BUF(BYTES_MAX), text = SW_BUF(BYTES_MAX);
    struct component_binary *binary = NULL;
    struct wit_file *file = NULL;
    struct encode_input in = {.version = "1.2.3"};
    struct sw_err err = {0};
    seed_read(component, &bytes);
    seed_read("guest.wit", &text);
    decode(&bytes, &binary);
    in.core = component_binary_core(binary, 0)->bytes;
    CHECK_OK(wit_parse(&arena, SW_LIT("guest.wit"), sw_buf_str(&text), &file, &err), &err);
    CHECK_OK(wit_resolve(&arena, &file, 1, NULL, &in.set, &err), &err);
    in.world = in.set->packages[0]->worlds[0];
    CHECK_OK(encode_component(&arena, &in, out, &err), &err);
    component_binary_free(binary);
}

static void the_linker_takes_shim_and_fixup_out(void **state)
{
    (void)state;
    struct seed seed = {0};
    struct sw_err err = {0};
    sw_auto_buf out = SW_BUF(BYTES_MAX);
    encode_again("guest.wasm", &out);
    CHECK_OK(seed_link(sw_buf_str(&out), &seed, &err), &err);
    CHECK_INT(component_plan_core_count(seed.plan), 3);
    CHECK(component_plan_uses_core(seed.plan, 0));
    CHECK(!component_plan_uses_core(seed.plan, 1));
    CHECK(!component_plan_uses_core(seed.plan, 2));
    seed_free(&seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_module_and_an_adapter_are_a_component_of_both_worlds),
        cmocka_unit_test(an_adapter_is_cut_down_and_given_a_stack),
        cmocka_unit_test(says_what_does_not_fit),
        cmocka_unit_test(every_cut_and_every_changed_byte_is_refused_or_encoded),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(the_linker_takes_shim_and_fixup_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
