/* compose.c - components linked with their dependencies: what matches what, who calls, and what flows between them on the real engine.
 *
 * data/compose_main.c has data/compose_calc.c as a dependency; the .wat files are pairs that need less. */
#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "component/component.h"
#include "component/plan_print.h"
#include "component/run_internal.h"
#include "loop/loop.h"

#define CORES_MAX 16
#define PARTS_MAX 4
#define KIND_THING 7u

/* ---- a host that tells who calls ---- */

struct world {
    struct loop *loop;
    struct engine *engine;
    struct sw_buf bytes[PARTS_MAX];
    struct component_binary *binaries[PARTS_MAX]; /* the component, its dependencies */
    struct component_dependency given[PARTS_MAX];
    uint32_t given_count;
    struct component_plan *plan;
    struct engine_module *modules[CORES_MAX];
    struct component *component;
    struct component_store *store;
    const char *export;
    bool has_result;
    struct component_value result;
    char events[128]; /* "note 1;" */
    size_t events_n;
    int rc;
};

static void event(struct world *world, const char *what, unsigned n)
{
    int used =
        snprintf(world->events + world->events_n, sizeof world->events - world->events_n, "%s %u;", what, n);
    CHECK(used > 0 && (size_t)used < sizeof world->events - world->events_n);
    world->events_n += (size_t)used;
}

static int note(struct component_call *call, union engine_val *vals)
{
    event(component_call_owner(call), "note", vals[0].u32);
    return 0;
}

static int who(struct component_call *call, union engine_val *vals)
{
    vals[0].u64 = component_call_principal(call) + 1;
    return 0;
}

static void thing_drop(void *owner, void *object)
{
    event(owner, "drop", (unsigned)strlen(object));
    free(object);
}

static int thing_new(struct component_call *call, union engine_val *vals)
{
    struct sw_str name;
    uint32_t handle = 0;
    int rc = component_lift_string(call, vals[0].u32, vals[1].u32, &name);
    if (rc < 0)
        return rc;
    char *object = strndup(name.p, name.n);
    rc = component_handle_new(call, KIND_THING, object, &handle);
    if (rc < 0)
        free(object);
    vals[0].u64 = handle;
    return rc;
}

static int thing_name(struct component_call *call, union engine_val *vals)
{
    void *object;
    uint8_t *to;
    uint32_t ptr, len, at = vals[1].u32;
    int rc = component_handle_get(call, vals[0].u32, KIND_THING, &object);
    if (rc < 0 || (rc = component_lower_string(call, sw_str_of(object), &ptr, &len)) < 0 ||
        (rc = component_mem_range(call, at, 8, 4, &to)) < 0)
        return rc;
    component_store_u32(to, ptr);
    component_store_u32(to + 4, len);
    return 0;
}

static const struct component_host_func funcs[] = {
    {"note", "func(n: u32)", note, NULL},
    {"who", "func() -> u32", who, NULL},
    {"[constructor]thing", "func(name: string) -> own<test:host/api/thing>", thing_new, NULL},
    {"[method]thing.name", "func(self: borrow<test:host/api/thing>) -> string", thing_name, NULL},
};
static const struct component_host_resource resources[] = {{"thing", KIND_THING, thing_drop}};
static const struct component_host_interface api = {
    "test:host/api", "1.0.0", funcs, sizeof funcs / sizeof *funcs, resources, 1};
static const struct component_host_interface *const interfaces[] = {&api};
static const struct component_host host = {.interfaces = interfaces, .interface_count = 1};

/* ---- decoding and linking ---- */

struct part {
    const char *file, *name, *export;
};

static void read_data(const char *name, struct sw_buf *ret)
{
    char path[1024];
    struct sw_err err;
    (void)snprintf(path, sizeof path, "%s/tests/unit/component/data/%s", getenv("SW_SOURCE_DIR"), name);
    *ret = SW_BUF(1u << 20);
    FILE *file = fopen(path, "rb");
    if (!file)
        print_error("%s is not there\n", path);
    CHECK(file);
    CHECK_OK(sw_buf_read_fd(ret, fileno(file), &err), &err);
    (void)fclose(file);
}

/* parts[0] is the component; the others, up to one without a file, are its dependencies. */
static int world_link(struct world *world, const struct part *parts, struct sw_err *err)
{
    memset(world, 0, sizeof *world);
    for (uint32_t i = 0; i < PARTS_MAX && parts[i].file; i++) {
        read_data(parts[i].file, &world->bytes[i]);
        CHECK_OK(component_decode(sw_buf_str(&world->bytes[i]), &world->binaries[i], err), err);
        if (i == 0)
            continue;
        world->given[world->given_count++] =
            (struct component_dependency){.name = sw_str_of(parts[i].name),
                                          .export = parts[i].export ? sw_str_of(parts[i].export) : SW_LIT(""),
                                          .binary = world->binaries[i]};
    }
    return component_link_composed(world->binaries[0],
                                   (struct component_dependencies){world->given, world->given_count}, &host,
                                   &world->plan, err);
}

static void world_unlink(struct world *world)
{
    component_plan_free(world->plan);
    for (uint32_t i = 0; i < PARTS_MAX; i++) {
        component_binary_free(world->binaries[i]);
        sw_buf_deinit(&world->bytes[i]);
    }
}

#define USER                                                                                                 \
    {                                                                                                        \
        "compose_main.wasm", NULL, NULL                                                                      \
    }
static const struct part calculator[] = {
    USER, {"compose_calc.wasm", "test:calc/ops@1.2.0", NULL}, {NULL, NULL, NULL}};

static void keys_match_by_package_interface_and_version(void **state)
{
    (void)state;
    static const struct {
        const char *key, *export, *text; /* text: the refusal; NULL: it links */
    } rows[] = {
        {"test:calc/ops@1.2.0", NULL, NULL},
        {"test:calc/ops", NULL, NULL},
        {"test:calc", NULL, NULL},
        {"test:calc@1.2.0", NULL, NULL},
        {"test:calc/ops", "test:calc/ops@1.2.0", NULL},
        {"test:calc/ops", "test:calc/ops@1.2.9", NULL}, /* of the same track */
        {"test:calc/ops", "test:calc/ops", NULL},       /* any */
        {"test:calc@1.2.1", NULL, "dependency 'test:calc@1.2.1' doesn't match any imports of the component"},
        {"test:calc/ops@1", NULL, "doesn't match any imports of the component\nhint: it imports\n"},
        {"test:cal", NULL, "\n  test:calc/ops@1.2.0"},
        {"test:calc/op", NULL, "doesn't match"},
        {"ops", NULL, "doesn't match"},
        {"", NULL, "doesn't match"},
        {"test:calc", "test:calc/ops@2.0.0",
         "doesn't export 'test:calc/ops@2.0.0' to satisfy import 'test:calc/ops@1.2.0'\nhint: it exports\n  "
         "test:calc/ops@1.2.0"},
        {"test:calc", "other", "dependency 'test:calc' doesn't export 'other'"},
        {"test:host", NULL, "dependency 'test:host' doesn't export 'test:host/api@1.0.0'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world world;
        struct sw_err err;
        const struct part parts[] = {
            calculator[0], {calculator[1].file, rows[i].key, rows[i].export}, {NULL, NULL, NULL}};
        int rc = world_link(&world, parts, &err);
        if (rows[i].text && rc < 0)
            CHECK_HAS(err.text, rows[i].text);
        if (rc != (rows[i].text ? -SW_EINPUT : 0))
            print_error("'%s' '%s': %d %s\n", rows[i].key, rows[i].export, rc, rc < 0 ? err.text : "");
        CHECK_INT(rc, rows[i].text ? -SW_EINPUT : 0);
        world_unlink(&world);
    }
}

static void what_cannot_be_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        struct part parts[PARTS_MAX];
        const char *text;
    } rows[] = {
        {{{"compose_main.wasm", NULL, NULL}, {NULL, NULL, NULL}},
         "imports 'test:calc/ops@1.2.0', which this host does not have"},
        {{USER, {"compose_calc.wasm", "test:calc", NULL}, {"compose_calc.wasm", "test:calc/ops", NULL}},
         "import 'test:calc/ops@1.2.0' is satisfied by two dependencies: 'test:calc' and 'test:calc/ops'"},
        {{USER, {"compose_again.wasm", "test:calc", "again"}},
         "what dependency 'test:calc' exports is not compatible with import 'test:calc/ops@1.2.0': "
         "'test:calc/ops@1.2.0' is wanted as a instance, but is given as a function"},
        {{{"compose_plain.wasm", NULL, NULL}, {"compose_main.wasm", "given", "who"}},
         "dependency 'given': imports 'test:calc/ops@1.2.0', which this host does not have"},
        {{{"compose_plain.wasm", NULL, NULL}, {"compose_text.wasm", "given", "text"}},
         "what dependency 'given' exports is not compatible with import 'given': 'given' is wanted as func() "
         "-> u32, "
         "but is given as func() -> u64"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world world;
        struct sw_err err;
        CHECK_INT(world_link(&world, rows[i].parts, &err), -SW_EINPUT);
        CHECK_HAS(err.text, rows[i].text);
        world_unlink(&world);
    }
}

static void linking_survives_each_failing_allocation(void **state)
{
    (void)state;
    struct world world;
    struct sw_err err;
    CHECK_OK(world_link(&world, calculator, &err), &err);
    struct component_dependencies given = {world.given, world.given_count};
    for (long n = 0; n < 100000; n++) {
        struct component_plan *plan = NULL;
        sw_mem_fail_after(n);
        int rc = component_link_composed(world.binaries[0], given, &host, &plan, &err);
        sw_mem_fail_after(-1);
        component_plan_free(plan);
        if (rc == 0) {
            CHECK(n > 3);
            world_unlink(&world);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
    }
    CHECK(false); /* it never linked */
}

/* ---- running ---- */

static int to_file(const struct sw_buf *bytes)
{
    int fd = memfd_create("artifact", MFD_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, bytes->n ? bytes->p : "", bytes->n), bytes->n);
    return fd;
}

static void open_module(struct world *world, uint32_t index)
{
    const struct engine_core *core = component_plan_core(world->plan, index);
    sw_auto_buf cwasm = SW_BUF(16u << 20);
    sw_auto_buf image = SW_BUF(16u << 20);
    struct sw_err err;
    CHECK_OK(engine_compile(core, &cwasm, &image, &err), &err);
    int cwasm_fd = to_file(&cwasm), image_fd = to_file(&image);
    CHECK_OK(engine_module_open(world->engine, core, cwasm_fd, image_fd, &world->modules[index], &err), &err);
    (void)close(cwasm_fd);
    (void)close(image_fd);
}

/* cmocka puts its own signal handlers in place for each test; Wasmtime needs those it installed with the first engine. */
static void keep_trap_handlers(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    static struct sigaction first[4];
    static bool saved;
    for (int i = 0; i < 4; i++)
        CHECK_INT(saved ? sigaction(numbers[i], &first[i], NULL) : sigaction(numbers[i], NULL, &first[i]), 0);
    saved = true;
}

static void world_open(struct world *world, const struct part *parts)
{
    struct sw_err err;
    CHECK_OK(world_link(world, parts, &err), &err);
    CHECK_OK(loop_new(&world->loop, &err), &err);
    CHECK_OK(
        engine_new(&(struct engine_config){.reset = ENGINE_RESET_AUTO}, world->loop, &world->engine, &err),
        &err);
    keep_trap_handlers();
    CHECK(component_plan_core_count(world->plan) <= CORES_MAX);
    for (uint32_t i = 0; i < component_plan_core_count(world->plan); i++)
        if (component_plan_uses_core(world->plan, i))
            open_module(world, i);
    CHECK_OK(component_bind(world->plan, world->engine, world->modules, &world->component, &err), &err);
}

static void world_close(struct world *world)
{
    component_free(world->component);
    for (uint32_t i = 0; i < CORES_MAX; i++)
        engine_module_free(world->modules[i]);
    engine_free(world->engine);
    loop_free(world->loop);
    world_unlink(world);
}

static int main_wait(void *arg, struct component_store *store)
{
    struct world *world = arg;
    const struct component_export *export =
        component_export_find(world->component, SW_LIT(""), SW_LIT(""), sw_str_of(world->export));
    CHECK(export);
    return component_call_wait(store, export, NULL, 0, &world->result);
}

static void done(void *arg, int rc)
{
    struct world *world = arg;
    world->rc = rc;
    loop_stop(world->loop);
}

/* Calls an export in a store of its own; the store stays. */
static int run(struct world *world, const char *export)
{
    struct sw_err err;
    world->export = export;
    world->events_n = 0;
    world->events[0] = '\0';
    CHECK_OK(component_store_new(world->component, &(struct engine_limits){0}, world, &world->store, &err),
             &err);
    CHECK_OK(component_store_start(world->store, main_wait, done, world, &err), &err);
    CHECK_OK(loop_run(world->loop, &err), &err);
    if (world->rc < 0)
        print_message("%s: %s\n", export, engine_store_failure(component_store_engine(world->store))->text);
    return world->rc;
}

static void end(struct world *world)
{
    component_store_free(world->store);
    world->store = NULL;
}

static void strings_lists_records_and_resources_cross_over(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, calculator);
    CHECK_INT(run(&world, "join"), 0);
    CHECK_STR(world.result.text, "one, zw\xc3\xb6lf");
    end(&world);
    CHECK_INT(run(&world, "points"), 0);
    CHECK_STR(world.result.text, "ab");
    end(&world);
    CHECK_INT(run(&world, "count"), 0);
    CHECK_INT(world.result.u64, 11 + 102 + 14);
    CHECK_STR(sw_str_of(world.events), "note 1002;note 1001;"); /* destructors run in the dependency */
    end(&world);
    CHECK_INT(run(&world, "keep"), 0);
    CHECK_INT(world.result.u64, 7);
    end(&world); /* no guest code then */
    CHECK_STR(sw_str_of(world.events), "");
    CHECK_INT(run(&world, "name"), 0); /* a handle of the host's is lent */
    CHECK_STR(world.result.text, "ding");
    CHECK_STR(sw_str_of(world.events), "drop 4;");
    end(&world);
    world_close(&world);
}

static void a_host_function_runs_for_who_imported_it(void **state)
{
    (void)state;
    static const struct part passed_on[] = {
        {"compose_plain.wasm", NULL, NULL}, {"compose_again.wasm", "given", "again"}, {NULL, NULL, NULL}};
    struct world world;
    world_open(&world, calculator);
    CHECK_INT(run(&world, "who"), 0);
    CHECK_INT(world.result.u64, 21); /* the dependency: principal 1, the component itself: 0 */
    end(&world);
    world_close(&world);
    world_open(&world, passed_on);
    CHECK_INT(run(&world, "both"), 0);
    CHECK_INT(world.result.u64,
              21); /* the same when the component calls what the dependency exports of the host */
    end(&world);
    world_close(&world);
}

static void a_trap_in_a_dependency_ends_its_store_only(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, calculator);
    CHECK_INT(run(&world, "fail"), -SW_EGUEST);
    CHECK_INT(engine_store_failure(component_store_engine(world.store))->kind, ENGINE_TRAP_UNREACHABLE);
    end(&world);
    CHECK_INT(run(&world, "who"), 0);
    end(&world);
    world_close(&world);
}

static void a_dependency_finds_nothing_of_the_component(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, calculator);
    for (int i = 0; i < 20; i++) { /* pooled memories, too */
        CHECK_INT(run(&world, "hunt"), 0);
        CHECK_INT(world.result.u64, 0);
        end(&world);
    }
    world_close(&world);
}

/* Two keys, two instances of one binary, each with a principal of its own. */
static void one_binary_may_be_several_dependencies(void **state)
{
    (void)state;
    static const struct part twice[] = {{"compose_two.wasm", NULL, NULL},
                                        {"compose_again.wasm", "first", "again"},
                                        {"compose_again.wasm", "second", "again"},
                                        {NULL, NULL, NULL}};
    struct world world;
    world_open(&world, twice);
    CHECK_INT(run(&world, "both"), 0);
    CHECK_INT(world.result.u64, 23);
    end(&world);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_match_by_package_interface_and_version),
        cmocka_unit_test(what_cannot_be_is_refused_by_name),
        cmocka_unit_test(linking_survives_each_failing_allocation),
        cmocka_unit_test(strings_lists_records_and_resources_cross_over),
        cmocka_unit_test(a_host_function_runs_for_who_imported_it),
        cmocka_unit_test(a_trap_in_a_dependency_ends_its_store_only),
        cmocka_unit_test(a_dependency_finds_nothing_of_the_component),
        cmocka_unit_test(one_binary_may_be_several_dependencies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
