/* real_world.c - see real_world.h.  Tests: component. */
#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "real_world.h"

void note(struct world *world, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(world->events + world->events_n, sizeof world->events - world->events_n, fmt, args);
    va_end(args);
    CHECK(n >= 0 && (size_t)n < sizeof world->events - world->events_n);
    world->events_n += (size_t)n;
}

static int to_file(const struct sw_buf *bytes)
{
    int fd = memfd_create("artifact", MFD_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, bytes->n ? bytes->p : "", bytes->n), bytes->n);
    return fd;
}

static void read_data(const char *name, struct sw_buf *ret)
{
    char path[1024];
    struct sw_err err;
    (void)snprintf(path, sizeof path, "%s/tests/unit/component/data/%s", getenv("SW_SOURCE_DIR"), name);
    FILE *file = fopen(path, "rb");
    if (!file)
        print_error("%s is not there\n", path);
    CHECK(file);
    CHECK_OK(sw_buf_read_fd(ret, fileno(file), &err), &err);
    (void)fclose(file);
}

static void open_module(struct world *world, uint32_t index)
{
    const struct engine_core *core = component_binary_core(world->binary, index);
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

void world_open(struct world *world, const char *name, const struct component_host *host)
{
    struct sw_err err;
    memset(world, 0, sizeof *world);
    world->bytes = SW_BUF(1u << 20);
    read_data(name, &world->bytes);
    CHECK_OK(loop_new(&world->loop, &err), &err);
    CHECK_OK(
        engine_new(&(struct engine_config){.reset = ENGINE_RESET_AUTO}, world->loop, &world->engine, &err),
        &err);
    keep_trap_handlers();
    CHECK_OK(component_decode(sw_buf_str(&world->bytes), &world->binary, &err), &err);
    CHECK_OK(component_link(world->binary, host, &world->plan, &err), &err);
    CHECK(component_binary_core_count(world->binary) <= WORLD_CORES_MAX);
    for (uint32_t i = 0; i < component_binary_core_count(world->binary); i++)
        if (component_plan_uses_core(world->plan, i))
            open_module(world, i);
    CHECK_OK(component_bind(world->plan, world->engine, world->modules, &world->component, &err), &err);
}

void world_close(struct world *world)
{
    component_free(world->component);
    for (uint32_t i = 0; i < WORLD_CORES_MAX; i++)
        engine_module_free(world->modules[i]);
    component_plan_free(world->plan);
    component_binary_free(world->binary);
    engine_free(world->engine);
    loop_free(world->loop);
    sw_buf_deinit(&world->bytes);
}

static int main_wait(void *arg, struct component_store *store)
{
    struct world *world = arg;
    (void)store;
    return world->body(world);
}

static void done(void *arg, int rc)
{
    struct world *world = arg;
    world->done = true;
    world->rc = rc;
    loop_stop(world->loop);
}

void start(struct world *world, int (*body)(struct world *world))
{
    struct sw_err err;
    world->body = body;
    world->done = false;
    CHECK_OK(component_store_new(world->component, &(struct engine_limits){0}, world, &world->store, &err),
             &err);
    CHECK_OK(component_store_start(world->store, main_wait, done, world, &err), &err);
    CHECK(!world->done);
}

int run(struct world *world, int (*body)(struct world *world))
{
    struct sw_err err;
    start(world, body);
    CHECK_OK(loop_run(world->loop, &err), &err);
    CHECK(world->done);
    return world->rc;
}

void end(struct world *world)
{
    component_store_free(world->store);
    world->store = NULL;
}

const char *failure(const struct world *world)
{
    return engine_store_failure(component_store_engine(world->store))->text;
}

const struct component_export *export_of(const struct world *world, const char *name)
{
    const struct component_export *export =
        component_export_find(world->component, SW_LIT(""), SW_LIT(""), sw_str_of(name));
    if (!export)
        print_error("no export %s\n", name);
    CHECK(export);
    return export;
}

int call(struct world *world, const char *name, const struct component_value *args, uint32_t n,
         struct component_value *result)
{
    return component_call_wait(world->store, export_of(world, name), args, n, result);
}
