/* guest.c - see guest.h. */
#include "guest.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <wasmtime.h>

#include "check.h"

#define ARENA_MAX (64u << 20)

struct sw_str guest_wat(struct sw_arena *arena, const char *wat)
{
    wasm_byte_vec_t bytes;
    struct sw_str out = {0};
    struct sw_err err = {0};
    wasmtime_error_t *error = wasmtime_wat2wasm(wat, strlen(wat), &bytes);
    if (error) {
        wasmtime_error_message(error, &bytes);
        print_error("wat: %.*s\n%s\n", (int)bytes.size, bytes.data, wat);
        fail();
    }
    CHECK_OK(sw_arena_copy(arena, sw_str(bytes.data, bytes.size), &out, &err), &err);
    wasm_byte_vec_delete(&bytes);
    return out;
}

static int to_file(const char *name, struct sw_str bytes)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, bytes.n ? bytes.p : "", bytes.n), bytes.n);
    return fd;
}

int guest_compile(struct guest *guest, const char *wat, struct sw_err *err)
{
    *guest = (struct guest){.arena = SW_ARENA(ARENA_MAX), .cwasm_fd = -1, .image_fd = -1};
    sw_auto_buf cwasm = SW_BUF(ARENA_MAX);
    sw_auto_buf image = SW_BUF(ARENA_MAX);
    CHECK_OK(engine_core_parse(&guest->arena, guest_wat(&guest->arena, wat), &guest->core, err), err);
    int rc = engine_compile(guest->core, &cwasm, &image, err);
    if (rc < 0)
        return rc;
    guest->cwasm_fd = to_file("cwasm", sw_buf_str(&cwasm));
    guest->image_fd = to_file("image", sw_buf_str(&image));
    return 0;
}

void guest_open(struct guest *guest, struct engine *engine, const char *wat)
{
    struct sw_err err = {0};
    CHECK_OK(guest_compile(guest, wat, &err), &err);
    CHECK_OK(engine_module_open(engine, guest->core, guest->cwasm_fd, guest->image_fd, &guest->module, &err),
             &err);
}

void guest_close(struct guest *guest)
{
    engine_module_free(guest->module);
    if (guest->cwasm_fd >= 0)
        close(guest->cwasm_fd);
    if (guest->image_fd >= 0)
        close(guest->image_fd);
    sw_arena_deinit(&guest->arena);
}

/* cmocka sets its own handlers around each test, over Wasmtime's, which are installed once a process: put them back. */
static void restore_trap_handlers(void)
{
    static const int signals[] = {SIGSEGV, SIGILL, SIGFPE, SIGBUS};
    static struct sigaction wasmtime[4];
    static bool known;
    for (size_t i = 0; i < 4; i++) {
        int rc =
            known ? sigaction(signals[i], &wasmtime[i], NULL) : sigaction(signals[i], NULL, &wasmtime[i]);
        CHECK_INT(rc, 0);
    }
    known = true;
}

void world_open_with(struct world *world, const struct engine_config *config)
{
    struct sw_err err = {0};
    world->loop = fake_loop_new();
    CHECK_OK(engine_new(config, world->loop, &world->engine, &err), &err);
    restore_trap_handlers();
}

void world_open(struct world *world, enum engine_reset reset)
{
    world_open_with(world, &(struct engine_config){.reset = reset});
}

void world_close(struct world *world)
{
    engine_free(world->engine);
    fake_loop_free(world->loop);
}

struct run {
    int rc;
    bool done;
};

static void run_done(void *arg, int rc)
{
    struct run *run = arg;
    run->rc = rc;
    run->done = true;
}

struct start { /* engine_call_start has one argument for fn and done: this keeps both */
    struct run run;
    engine_call_fn *fn;
    void *arg;
};

static int run_fn(void *arg, struct engine_store *store)
{
    struct start *start = arg;
    return start->fn(start->arg, store);
}

int world_run(struct world *world, struct engine_store *store, engine_call_fn *fn, void *arg)
{
    struct start start = {.fn = fn, .arg = arg};
    struct engine_call *call = NULL;
    struct sw_err err = {0};
    CHECK_OK(engine_call_start(store, run_fn, run_done, &start, &call, &err), &err);
    CHECK(!start.run.done);
    while (!start.run.done)
        CHECK(fake_loop_turn(world->loop));
    return start.run.rc;
}

struct engine_store *world_store(struct world *world, const struct engine_limits *limits, void *owner)
{
    struct sw_err err = {0};
    struct engine_store *store = NULL;
    static const struct engine_limits none;
    CHECK_OK(engine_store_new(world->engine, limits ? limits : &none, owner, &store, &err), &err);
    return store;
}

uint32_t world_instantiate(struct engine_store *store, struct engine_bound *bound)
{
    struct sw_err err = {0};
    uint32_t instance = 0;
    CHECK_OK(engine_store_instantiate(store, bound, &instance, &err), &err);
    return instance;
}

#define LINKS_MAX 32

struct engine_bound *guest_bind(struct guest *guest, const struct guest_host *table)
{
    struct engine_link links[LINKS_MAX] = {{0}};
    struct sw_err err = {0};
    struct engine_bound *bound = NULL;
    CHECK(guest->core->import_count <= LINKS_MAX);
    for (uint32_t i = 0; i < guest->core->import_count; i++)
        for (const struct guest_host *host = table; host && host->name; host++)
            if (sw_str_eq(guest->core->imports[i].name, sw_str_of(host->name)))
                links[i] = (struct engine_link){.kind = ENGINE_LINK_HOST, .fn = host->fn, .env = host->env};
    CHECK_OK(engine_module_bind(guest->module, links, guest->core->import_count, &bound, &err), &err);
    return bound;
}

int guest_call(struct engine_store *store, uint32_t instance, const char *name, int32_t arg, int32_t *ret)
{
    struct engine_func func;
    union engine_val vals[2] = {{.i32 = arg}};
    if (engine_instance_func(store, instance, sw_str_of(name), &func) != 0)
        return engine_store_fail(store, ENGINE_TRAP_HOST, "no export %s", name);
    int rc = engine_func_call(store, func, vals, 2);
    if (rc == 0 && ret)
        *ret = vals[0].i32;
    return rc;
}

struct one {
    uint32_t instance;
    const char *export;
    int32_t arg;
    int32_t result;
};

static int one_fn(void *arg, struct engine_store *store)
{
    struct one *one = arg;
    return guest_call(store, one->instance, one->export, one->arg, &one->result);
}

int world_call(struct world *world, struct engine_store *store, uint32_t instance, const char *export,
               int32_t arg, int32_t *ret)
{
    struct one one = {instance, export, arg, 0};
    int rc = world_run(world, store, one_fn, &one);
    *ret = one.result;
    return rc;
}
