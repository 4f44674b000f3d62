/* module.c - core modules on their own: what is refused, what runs and in which order, on the real engine. */
#include "check.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "component/component.h"
#include "loop/loop.h"

/* ---- a module: `see` is imported; functions 1, 2 and 3 call it with their number ---- */

struct shape {
    const char *module, *name; /* of the import */
    uint8_t type;              /* of it: 0 is () -> (), 1 is (i32) -> (i32) */
    bool imports_memory;       /* instead */
    bool has_memory, has_start, has_initialize, has_command;
};

static void add(struct sw_buf *buf, const void *bytes, size_t n)
{
    struct sw_err err;
    CHECK_OK(sw_buf_add(buf, sw_str(bytes, n), &err), &err);
}

static void add_byte(struct sw_buf *buf, unsigned byte)
{
    uint8_t one = (uint8_t)byte;
    add(buf, &one, 1);
}

static void add_name(struct sw_buf *buf, const char *name)
{
    add_byte(buf, (unsigned)strlen(name));
    add(buf, name, strlen(name));
}

static void add_section(struct sw_buf *out, unsigned id, struct sw_buf *body)
{
    CHECK(body->n < 128);
    add_byte(out, id);
    add_byte(out, (unsigned)body->n);
    add(out, body->p, body->n);
    sw_buf_clear(body);
}

static void add_exports(const struct shape *shape, struct sw_buf *body)
{
    add_byte(body, (unsigned)shape->has_memory + shape->has_initialize + shape->has_command);
    if (shape->has_memory) {
        add_name(body, "memory");
        add(body, "\2\0", 2);
    }
    if (shape->has_initialize) {
        add_name(body, "_initialize");
        add(body, "\0\2", 2);
    }
    if (shape->has_command) {
        add_name(body, "_start");
        add(body, "\0\3", 2);
    }
}

static void make(const struct shape *shape, struct sw_buf *out)
{
    sw_auto_buf body = SW_BUF(1000);
    add(out, "\0asm\1\0\0\0", 8);
    add(&body, "\2\x60\0\0\x60\1\x7f\1\x7f", 9);
    add_section(out, 1, &body);
    add_byte(&body, 1);
    add_name(&body, shape->module);
    add_name(&body, shape->name);
    add_byte(&body, shape->imports_memory ? 2 : 0);
    add_byte(&body, shape->imports_memory ? 0 : shape->type);
    if (shape->imports_memory)
        add_byte(&body, 1);
    add_section(out, 2, &body);
    if (shape->imports_memory)
        return;
    add(&body, "\3\0\0\0", 4);
    add_section(out, 3, &body);
    if (shape->has_memory) {
        add(&body, "\1\0\1", 3);
        add_section(out, 5, &body);
    }
    add_exports(shape, &body);
    add_section(out, 7, &body);
    if (shape->has_start) {
        add_byte(&body, 1);
        add_section(out, 8, &body);
    }
    add_byte(&body, 3);
    for (unsigned i = 1; i <= 3; i++) {
        add(&body, "\7\0\x41", 3);
        add_byte(&body, i);
        add(&body, "\x10\0\x1a\x0b", 4);
    }
    add_section(out, 10, &body);
}

/* ---- the host ---- */

static char seen[64];

static int see(struct component_call *call, union engine_val *vals)
{
    uint8_t *p;
    size_t n = strlen(seen);
    (void)snprintf(seen + n, sizeof seen - n, "%u", vals[0].u32);
    return component_mem_range(call, 0, 4, 4, &p);
}

static const struct component_host_core_func funcs[] = {{"see", "i:i", see}};
static const struct component_host_module test_module = {"test", funcs, 1};
static const struct component_host_module *const modules[] = {&test_module};
static const struct component_host host = {.modules = modules, .module_count = 1};

static int link_shape(const struct shape *shape, struct sw_buf *bytes, struct component_binary **ret_binary,
                      struct component_plan **ret_plan, struct sw_err *err)
{
    make(shape, bytes);
    CHECK_OK(component_decode_module(sw_buf_str(bytes), ret_binary, err), err);
    return component_link(*ret_binary, &host, ret_plan, err);
}

static void what_the_host_lacks_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct shape shape;
        const char *text;
    } rows[] = {
        {{.module = "env", .name = "see", .type = 1},
         "imports 'see' of 'env', which this host does not have"},
        {{.module = "test", .name = "sea", .type = 1},
         "imports the function 'sea' of 'test', which this host does not have\nhint: the nearest is 'see'"},
        {{.module = "test", .name = "see"}, "another type of function: expected i:i, got :"},
        {{.module = "test", .name = "see", .imports_memory = true},
         "imports 'see' of 'test', expected a function"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sw_auto_buf bytes = SW_BUF(1000);
        struct component_binary *binary = NULL;
        struct component_plan *plan = NULL;
        struct sw_err err;
        CHECK_INT(link_shape(&rows[i].shape, &bytes, &binary, &plan, &err), -SW_EINPUT);
        CHECK_HAS(err.text, rows[i].text);
        component_binary_free(binary);
    }
}

static void linking_survives_each_failing_allocation(void **state)
{
    (void)state;
    static const struct shape shape = {
        .module = "test", .name = "see", .type = 1, .has_memory = true, .has_command = true};
    sw_auto_buf bytes = SW_BUF(1000);
    make(&shape, &bytes);
    for (long n = 0; n < 1000; n++) {
        struct component_binary *binary = NULL;
        struct component_plan *plan = NULL;
        struct sw_err err;
        sw_mem_fail_after(n);
        int rc = component_decode_module(sw_buf_str(&bytes), &binary, &err);
        if (rc == 0)
            rc = component_link(binary, &host, &plan, &err);
        sw_mem_fail_after(-1);
        component_plan_free(plan);
        component_binary_free(binary);
        if (rc == 0) {
            CHECK(n > 1);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
    }
    CHECK(false); /* it never linked */
}

/* ---- running ---- */

struct world {
    struct loop *loop;
    struct component *component;
    int rc;
};

static int to_file(const struct sw_buf *bytes)
{
    int fd = memfd_create("artifact", MFD_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, bytes->n ? bytes->p : "", bytes->n), bytes->n);
    return fd;
}

static int main_wait(void *arg, struct component_store *store)
{
    struct world *world = arg;
    const struct component_export *export =
        component_export_find(world->component, SW_LIT(""), SW_LIT(""), SW_LIT("_start"));
    struct component_value result;
    return export ? component_call_wait(store, export, NULL, 0, &result) : 0;
}

static void done(void *arg, int rc)
{
    struct world *world = arg;
    world->rc = rc;
    loop_stop(world->loop);
}

/* What `see` saw; rc: of the call. */
static void run_shape(struct engine *engine, struct loop *loop, const struct shape *shape, const char *want,
                      int rc)
{
    sw_auto_buf bytes = SW_BUF(1000), cwasm = SW_BUF(16u << 20), image = SW_BUF(16u << 20);
    struct world world = {.loop = loop, .rc = 1};
    const struct engine_limits limits = {.tag = 0};
    struct component_binary *binary = NULL;
    struct component_plan *plan = NULL;
    struct component_store *store = NULL;
    struct engine_module *module = NULL;
    struct sw_err err;
    seen[0] = '\0';
    CHECK_OK(link_shape(shape, &bytes, &binary, &plan, &err), &err);
    const struct engine_core *core = component_plan_core(plan, 0);
    CHECK_OK(engine_compile(core, &cwasm, &image, &err), &err);
    int cwasm_fd = to_file(&cwasm), image_fd = to_file(&image);
    CHECK_OK(engine_module_open(engine, core, cwasm_fd, image_fd, &module, &err), &err);
    CHECK_OK(component_bind(plan, engine, &module, &world.component, &err), &err);
    CHECK_OK(component_store_new(world.component, &limits, NULL, &store, &err), &err);
    CHECK_OK(component_store_start(store, main_wait, done, &world, &err), &err);
    CHECK_OK(loop_run(loop, &err), &err);
    CHECK_INT(world.rc, rc);
    CHECK(strcmp(seen, want) == 0);
    component_store_free(store);
    component_free(world.component);
    engine_module_free(module);
    component_plan_free(plan);
    component_binary_free(binary);
    (void)close(cwasm_fd);
    (void)close(image_fd);
}

static void start_sections_and_exports_run_in_order(void **state)
{
    (void)state;
    static const struct {
        struct shape shape;
        const char *seen;
        int rc;
    } rows[] = {
        {{.has_memory = true, .has_command = true}, "3", 0},
        {{.has_memory = true, .has_command = true, .has_start = true}, "13", 0},
        {{.has_memory = true, .has_initialize = true}, "2", 0},
        {{.has_memory = true, .has_initialize = true, .has_start = true}, "12", 0},
        {{.has_memory = true, .has_initialize = true, .has_command = true},
         "3",
         0},                                      /* a command is no reactor */
        {{.has_command = true}, "3", -SW_EGUEST}, /* without a memory nothing can be read: a trap */
    };
    struct loop *loop = NULL;
    struct engine *engine = NULL;
    struct sw_err err;
    CHECK_OK(loop_new(&loop, &err), &err);
    CHECK_OK(engine_new(&(struct engine_config){.reset = ENGINE_RESET_AUTO}, loop, &engine, &err), &err);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct shape shape = rows[i].shape;
        shape.module = "test";
        shape.name = "see";
        shape.type = 1;
        run_shape(engine, loop, &shape, rows[i].seen, rows[i].rc);
    }
    engine_free(engine);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_host_lacks_is_refused),
        cmocka_unit_test(linking_survives_each_failing_allocation),
        cmocka_unit_test(start_sections_and_exports_run_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
