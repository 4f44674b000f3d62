/* wast_engine.c - components compiled in this process, and instances that wait for the next action.  Tests: conformance. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "component/binary.h"
#include "component/component.h"
#include "loop/loop.h"
#include "wast.h"

#define FILE_BYTES_MAX (64u << 20)
#define CALL_CPU_MS_MAX 20000 /* a test that computes longer hangs */

struct wast_artifact { /* the same core module stands in many scripts */
    struct wast_artifact *next;
    char key[65];
    int rc; /* compiling failed: err says why */
    struct sw_err err;
    struct sw_buf cwasm, image;
};

int wast_engine_open(struct wast_engine *engine, struct sw_err *err)
{
    int rc = loop_new(&engine->loop, err);
    if (rc == 0)
        rc = engine_new(&(struct engine_config){.reset = ENGINE_RESET_AUTO}, engine->loop, &engine->engine,
                        err);
    return rc;
}

void wast_engine_close(struct wast_engine *engine)
{
    while (engine->artifacts) {
        struct wast_artifact *next = engine->artifacts->next;
        sw_buf_deinit(&engine->artifacts->cwasm);
        sw_buf_deinit(&engine->artifacts->image);
        sw_free(engine->artifacts);
        engine->artifacts = next;
    }
    if (engine->engine)
        engine_free(engine->engine);
    loop_free(engine->loop);
}

/* ---- core modules ---- */

static const struct wast_artifact *compiled(struct wast_engine *engine, const struct engine_core *core)
{
    char key[65];
    engine_artifact_key(core, key);
    for (struct wast_artifact *have = engine->artifacts; have; have = have->next)
        if (memcmp(have->key, key, sizeof key) == 0) {
            engine->reused++;
            return have;
        }
    struct wast_artifact *made = sw_alloc(sizeof *made);
    memcpy(made->key, key, sizeof key);
    made->cwasm = SW_BUF(FILE_BYTES_MAX);
    made->image = SW_BUF(FILE_BYTES_MAX);
    made->rc = engine_compile(core, &made->cwasm, &made->image, &made->err);
    made->next = engine->artifacts;
    engine->artifacts = made;
    engine->compiled++;
    return made;
}

static int to_file(const struct sw_buf *bytes, struct sw_err *err)
{
    int fd = memfd_create("artifact", MFD_CLOEXEC);
    if (fd < 0 || (bytes->n && write(fd, bytes->p, bytes->n) != (ssize_t)bytes->n)) {
        if (fd >= 0)
            (void)close(fd); /* it is of no use */
        return sw_fail(err, SW_EIO, "cannot keep %zu compiled bytes in memory", bytes->n);
    }
    return fd;
}

static int open_module(struct wast_engine *engine, struct wast_component *component, uint32_t index,
                       struct sw_err *err)
{
    const struct engine_core *core = component_binary_core(component->binary, index);
    const struct wast_artifact *artifact = compiled(engine, core);
    int cwasm = to_file(&artifact->cwasm, err);
    if (cwasm < 0)
        return cwasm;
    int image = to_file(&artifact->image, err);
    int rc = image;
    if (image >= 0)
        rc = engine_module_open(engine->engine, core, cwasm, image, &component->modules[index], err);
    (void)close(cwasm); /* both are the module's own by now */
    if (image >= 0)
        (void)close(image);
    return rc;
}

/* ---- components ---- */

static int read_file(const char *path, struct sw_buf *ret, struct sw_err *err)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return sw_fail(err, SW_EIO, "cannot open '%s'", path);
    int rc = sw_buf_read_fd(ret, fileno(file), err);
    (void)fclose(file); /* only read */
    return rc;
}

static int load(struct wast_engine *engine, const char *path, struct wast_component *component,
                struct sw_err *err)
{
    component->bytes = SW_BUF(FILE_BYTES_MAX);
    int rc = read_file(path, &component->bytes, err);
    struct sw_str bytes = sw_buf_str(&component->bytes);
    if (rc == 0)
        rc = component_is_component(bytes) ? component_decode(bytes, &component->binary, err)
                                           : component_decode_module(bytes, &component->binary, err);
    if (rc < 0)
        return rc;
    const struct component_scope *root = component->binary->root;
    for (uint32_t i = 0; i < root->def_count; i++)
        component->has_imports |= root->defs[i].kind == COMPONENT_DEF_IMPORT;
    for (uint32_t i = 0; i < component_binary_core_count(component->binary); i++) {
        const struct wast_artifact *artifact = compiled(engine, component_binary_core(component->binary, i));
        if (artifact->rc < 0)
            return sw_fail(err, SW_EINPUT, "core module %u: %s", i, artifact->err.text);
    }
    return 0;
}

int wast_component_load(struct wast_engine *engine, const char *path, struct wast_component **ret,
                        struct sw_err *err)
{
    struct wast_component *component = sw_alloc(sizeof *component);
    int rc = load(engine, path, component, err);
    if (rc < 0) {
        wast_component_free(component);
        return rc;
    }
    *ret = component;
    return 0;
}

void wast_component_free(struct wast_component *component)
{
    if (!component)
        return;
    uint32_t count = component->binary ? component_binary_core_count(component->binary) : 0;
    component_free(component->component);
    for (uint32_t i = 0; component->modules && i < count; i++)
        engine_module_free(component->modules[i]);
    sw_free(component->modules);
    component_plan_free(component->plan);
    component_binary_free(component->binary);
    sw_buf_deinit(&component->bytes);
    sw_free(component);
}

static int bind(struct wast_engine *engine, struct wast_component *component, struct sw_err *err)
{
    static const struct component_host nothing = {.interface_count = 0}; /* no script needs a host */
    uint32_t count = component_binary_core_count(component->binary);
    if (component->component)
        return 0;
    int rc = component->plan ? 0 : component_link(component->binary, &nothing, &component->plan, err);
    if (!component->modules)
        component->modules = sw_alloc((count + 1) * sizeof *component->modules);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        if (component_plan_uses_core(component->plan, i) && !component->modules[i])
            rc = open_module(engine, component, i, err);
    if (rc == 0)
        rc = component_bind(component->plan, engine->engine, component->modules, &component->component, err);
    return rc;
}

/* ---- instances ---- */

static void note_trap(struct wast_instance *instance, const char *otherwise)
{
    const struct engine_failure *failure = engine_store_failure(component_store_engine(instance->store));
    if (failure->kind == ENGINE_TRAP_NONE)
        (void)snprintf(instance->trap, sizeof instance->trap, "%s", otherwise);
    else if (failure->kind == ENGINE_TRAP_COMPONENT)
        (void)snprintf(instance->trap, sizeof instance->trap, "%s", failure->text);
    else
        (void)snprintf(instance->trap, sizeof instance->trap, "%s: %s", engine_trap_name(failure->kind),
                       failure->text);
}

/* The fiber: runs one action after the other until one traps. */
static int main_wait(void *arg, struct component_store *store)
{
    struct wast_engine *engine = component_store_owner(store);
    struct wast_instance *instance = arg;
    struct sw_err err;
    instance->call = engine_store_call(component_store_engine(store));
    instance->ready = true;
    loop_stop(engine->loop);
    for (;;) {
        int rc = engine_park_wait(component_store_engine(store), &err);
        if (rc < 0)
            return rc;
        if (!instance->busy)
            continue;
        instance->rc = component_call_wait(store, instance->func, instance->args, instance->arg_count,
                                           &instance->result);
        instance->busy = false;
        if (instance->rc < 0)
            return instance->rc;
        loop_stop(engine->loop);
    }
}

static void done(void *arg, int rc)
{
    struct wast_instance *instance = arg;
    struct wast_engine *engine = component_store_owner(instance->store);
    instance->ended = true;
    instance->rc = rc;
    note_trap(instance, "the instance ended");
    loop_stop(engine->loop);
}

int wast_instance_new(struct wast_engine *engine, struct wast_component *component,
                      struct wast_instance **ret, struct sw_err *err)
{
    int rc = bind(engine, component, err);
    if (rc < 0)
        return rc;
    struct wast_instance *instance = sw_alloc(sizeof *instance);
    const struct engine_limits limits = {.cpu_ms_max = CALL_CPU_MS_MAX};
    instance->of = component;
    rc = component_store_new(component->component, &limits, engine, &instance->store, err);
    if (rc == 0) {
        rc = component_store_start(instance->store, main_wait, done, instance, err);
        if (rc == -SW_EGUEST) { /* a trap before any code ran: a segment out of bounds */
            instance->ended = true;
            note_trap(instance, err->text);
            rc = 0;
        }
    }
    if (rc == 0 && !instance->ended)
        rc = loop_run(engine->loop, err);
    if (rc == 0 && !instance->ready && !instance->ended)
        rc = sw_fail(err, SW_EBUG, "instantiation waits for something that never comes");
    if (rc < 0) {
        wast_instance_free(instance);
        return rc;
    }
    *ret = instance;
    return 0;
}

void wast_instance_free(struct wast_instance *instance)
{
    if (!instance)
        return;
    component_store_free(instance->store);
    sw_free(instance);
}

int wast_instance_call(struct wast_engine *engine, struct wast_instance *instance, struct sw_err *err)
{
    if (instance->ended) { /* what Wasmtime says of an instance that trapped */
        (void)snprintf(instance->trap, sizeof instance->trap,
                       "cannot enter component instance: it trapped before");
        return sw_fail(err, SW_EGUEST, "%s", instance->trap);
    }
    instance->busy = true;
    engine_call_wake(instance->call);
    int rc = loop_run(engine->loop, err);
    if (rc < 0)
        return rc;
    if (instance->busy && !instance->ended)
        return sw_fail(err, SW_EBUG, "the call waits for something that never comes");
    return instance->rc < 0 ? sw_fail(err, SW_EGUEST, "%s", instance->trap) : 0;
}
