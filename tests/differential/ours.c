/* ours.c - a component on our own component layer and engine.  Room: component (its tests).
 *
 * Calls happen on one fiber per store, which parks between them: a call from outside wakes it and runs the loop until it parks again. */
#include "differential/ours.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "component/run_internal.h"
#include "differential/guest.h"
#include "loop/loop.h"

enum { CORES_MAX = 8 };
enum op { OP_EXPORT, OP_IMPORT, OP_QUIT };

struct ours {
    struct loop *loop;
    struct engine *engine;
    const struct shape *shape;
    struct component_host_func *funcs;
    struct component_host_interface interface;
    const struct component_host_interface
        *bound; /* generated bindings; NULL: the generic lifter and lowerer */
    uint8_t snapshot[GUEST_END];
    const struct component_host_interface *interfaces[1];
    struct component_host host;
    oracle_import_fn *fn;
    void *arg;
    struct component_binary *binary;
    struct component_plan *plan;
    struct engine_module *modules[CORES_MAX];
    struct component *component;
    struct component_store *store;
    struct engine_call *call; /* the fiber's; NULL when it has ended */
    enum op op;
    uint32_t number;
    const struct component_value *args;
    struct component_value *result;
    int rc;
};

static void must(int rc, const struct sw_err *err, const char *what)
{
    if (rc == 0)
        return;
    (void)fprintf(stderr, "ours: %s: %s\n", what, err->text);
    abort();
}

/* ---- the host: the generic lifter and lowerer in the place of generated callbacks ---- */

static int lower_result(struct component_cx *cx, const struct component_func_type *type,
                        const struct component_value *value, union engine_val *vals, uint32_t used)
{
    if (type->flat_result_count <= 1)
        return component__lower_flat(cx, type->result, value, vals);
    const struct component_type *result = component_type_of(cx->types, type->result);
    uint8_t *p;
    int rc = component_mem_range(&cx->call, vals[used].u32, result->size, result->align, &p);
    return rc < 0 ? rc : component__store(cx, type->result, value, vals[used].u32);
}

static int imported(struct component_call *call, union engine_val *vals)
{
    struct ours *ours = component_call_owner(call);
    const struct component_func_type *type = call->lowering->callee.type;
    struct component_cx cx = {
        .call = *call, .types = ours->plan->types, .arena = component_call_scratch(call)};
    struct component_value *args = SW_ARENA_ARRAY(cx.arena, type->param_count, struct component_value),
                           result = {.u64 = 0};
    uint32_t used = 0;
    cx.pending_end = &cx.pending;
    assert(args);
    int rc = component__lift_params(&cx, type, vals, args, &used);
    if (rc < 0)
        return rc;
    ours->fn(ours->arg, (uint32_t)(call->lowering->callee.host - ours->funcs), args, &result);
    return type->result == COMPONENT_NO_TYPE ? 0 : lower_result(&cx, type, &result, vals, used);
}

/* Or the generated callbacks. Their functions give back what they were given, which must not lie in memory that lowering writes to: so
 * arguments are lifted from a snapshot. */
static int bound(struct component_call *call, union engine_val *vals)
{
    struct ours *ours = component_call_owner(call);
    assert(call->mem && call->mem_len == GUEST_END);
    memcpy(ours->snapshot, call->mem, GUEST_END);
    call->mem = ours->snapshot;
    return ours->bound->funcs[call->lowering->callee.host - ours->funcs].fn(call, vals);
}

void ours_lifted(struct component_call *call)
{
    call->mem = ours_memory(component_call_owner(call));
}

/* ---- components ---- */

struct ours *ours_new(void)
{
    struct ours *ours = calloc(1, sizeof *ours);
    struct sw_err err;
    assert(ours);
    must(loop_new(&ours->loop, &err), &err, "make a loop");
    must(engine_new(&(struct engine_config){.reset = ENGINE_RESET_AUTO}, ours->loop, &ours->engine, &err),
         &err, "make an engine");
    return ours;
}

void ours_free(struct ours *ours)
{
    engine_free(ours->engine);
    loop_free(ours->loop);
    free(ours);
}

static int to_file(const struct sw_buf *bytes)
{
    int fd = memfd_create("artifact", MFD_CLOEXEC);
    if (fd < 0 || (bytes->n && write(fd, bytes->p, bytes->n) != (ssize_t)bytes->n))
        abort();
    return fd;
}

static void open_module(struct ours *ours, uint32_t index)
{
    const struct engine_core *core = component_binary_core(ours->binary, index);
    sw_auto_buf cwasm = SW_BUF(256u << 20), image = SW_BUF(16u << 20);
    struct sw_err err;
    must(engine_compile(core, &cwasm, &image, &err), &err, "compile");
    int cwasm_fd = to_file(&cwasm), image_fd = to_file(&image);
    must(engine_module_open(ours->engine, core, cwasm_fd, image_fd, &ours->modules[index], &err), &err,
         "open a module");
    (void)close(cwasm_fd);
    (void)close(image_fd);
}

void ours_open(struct ours *ours, const struct shape *shape, const struct sw_buf *wasm,
               const struct component_host_interface *interface, oracle_import_fn *fn, void *arg)
{
    struct sw_err err = {0};
    ours->shape = shape;
    ours->fn = fn;
    ours->arg = arg;
    ours->funcs = calloc(shape->count, sizeof *ours->funcs);
    assert(ours->funcs);
    ours->bound = interface;
    assert(!interface || interface->func_count == shape->count);
    for (uint32_t i = 0; i < shape->count; i++) {
        ours->funcs[i] =
            (struct component_host_func){shape->funcs[i].name, shape->funcs[i].text, imported, NULL};
        if (interface) {
            ours->funcs[i] = interface->funcs[i];
            ours->funcs[i].fn = bound;
        }
    }
    ours->interface = (struct component_host_interface){
        .name = "t:d/i", .version = "", .funcs = ours->funcs, .func_count = shape->count};
    ours->interfaces[0] = &ours->interface;
    ours->host = (struct component_host){.interfaces = ours->interfaces, .interface_count = 1};
    must(component_decode(sw_buf_str(wasm), &ours->binary, &err), &err, "decode");
    must(component_link(ours->binary, &ours->host, &ours->plan, &err), &err, "link");
    assert(component_binary_core_count(ours->binary) <= CORES_MAX);
    for (uint32_t i = 0; i < component_binary_core_count(ours->binary); i++)
        if (component_plan_uses_core(ours->plan, i))
            open_module(ours, i);
    must(component_bind(ours->plan, ours->engine, ours->modules, &ours->component, &err), &err, "bind");
}

void ours_close(struct ours *ours)
{
    component_free(ours->component);
    for (uint32_t i = 0; i < CORES_MAX; i++) {
        engine_module_free(ours->modules[i]);
        ours->modules[i] = NULL;
    }
    component_plan_free(ours->plan);
    component_binary_free(ours->binary);
    free(ours->funcs);
}

/* ---- calls ---- */

static int run_wait(struct ours *ours, struct component_store *store)
{
    char name[16];
    (void)snprintf(name, sizeof name, "%c%u", ours->op == OP_EXPORT ? 'e' : 'c', ours->number);
    const struct component_export *export =
        component_export_find(ours->component, SW_LIT(""), SW_LIT(""), sw_str_of(name));
    assert(export);
    uint32_t count = ours->op == OP_EXPORT ? ours->shape->funcs[ours->number].type.param_count : 0;
    return component_call_wait(store, export, ours->args, count, ours->result);
}

static int main_wait(void *arg, struct component_store *store)
{
    struct ours *ours = arg;
    struct engine_store *engine = component_store_engine(store);
    struct sw_err err;
    ours->call = engine_store_call(engine);
    ours->rc = 0;
    while (ours->rc == 0) {
        loop_stop(ours->loop);
        if (engine_park_wait(engine, &err) < 0 || ours->op == OP_QUIT)
            break;
        ours->rc = run_wait(ours, store);
    }
    return ours->rc;
}

static void done(void *arg, int rc)
{
    struct ours *ours = arg;
    (void)rc;
    ours->call = NULL;
    loop_stop(ours->loop);
}

void ours_begin(struct ours *ours)
{
    struct sw_err err = {0};
    must(component_store_new(ours->component, &(struct engine_limits){0}, ours, &ours->store, &err), &err,
         "make a store");
    must(component_store_start(ours->store, main_wait, done, ours, &err), &err, "start a store");
    must(loop_run(ours->loop, &err), &err, "run the loop");
    assert(ours->call);
}

static int command(struct ours *ours, enum op op, uint32_t number)
{
    struct sw_err err;
    assert(ours->call);
    ours->op = op;
    ours->number = number;
    engine_call_wake(ours->call);
    must(loop_run(ours->loop, &err), &err, "run the loop");
    return ours->rc < 0 ? -1 : 0;
}

void ours_end(struct ours *ours)
{
    if (ours->call)
        (void)command(ours, OP_QUIT, 0);
    component_store_free(ours->store);
    ours->store = NULL;
}

int ours_export(struct ours *ours, uint32_t number, const struct component_value *args,
                struct component_value *ret_result)
{
    ours->args = args;
    ours->result = ret_result;
    return command(ours, OP_EXPORT, number);
}

int ours_import(struct ours *ours, uint32_t number)
{
    ours->args = NULL;
    ours->result = NULL;
    return command(ours, OP_IMPORT, number);
}

uint8_t *ours_memory(struct ours *ours)
{
    struct engine_memory memory;
    uint64_t len;
    if (engine_instance_memory(component_store_engine(ours->store), 0, SW_LIT("m"), &memory) != 0)
        abort();
    uint8_t *view = engine_memory_view(memory, &len);
    assert(len == GUEST_END);
    return view;
}

const char *ours_why(const struct ours *ours)
{
    return engine_store_failure(component_store_engine(ours->store))->text;
}
