/* load.c - from a component's file to something that serves.  Room: trigger. */
#include "trigger/load.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "component/component.h"
#include "engine/core.h"
#include "engine/engine.h"
#include "node/node.h"
#include "trigger/limits.h"

/* What the HTTP trigger calls; spin.md 2.4. */
#define HANDLER_INTERFACE SW_LIT("wasi:http/incoming-handler")
#define HANDLER_TRACK SW_LIT("0.2")
#define HANDLER_FUNC SW_LIT("handle")
#define HANDLER_TYPE                                                                                         \
    "func(request: own<wasi:http/types/incoming-request>, "                                                  \
    "response-out: own<wasi:http/types/response-outparam>)"
#define RUN_INTERFACE SW_LIT("wasi:cli/run")
#define RUN_TYPE "func() -> result"
#define START SW_LIT("_start") /* of a core module */

static int read_and_link(int wasm_fd, const char *name, struct trigger_component *component,
                         struct sw_err *err)
{
    component->bytes = SW_BUF(TRIGGER_WASM_BYTES_MAX);
    if (lseek(wasm_fd, 0, SEEK_SET) < 0)
        return sw_fail_errno(err, SW_EIO, errno, "'%s': seek", name);
    int rc = sw_buf_read_fd(&component->bytes, wasm_fd, err);
    if (rc < 0)
        return sw_wrap(err, "'%s'", name);
    struct sw_str bytes = sw_buf_str(&component->bytes);
    if (!sw_str_starts(bytes, SW_LIT("\0asm")))
        return sw_fail(err, SW_EINPUT,
                       "'%s': expected a WebAssembly component or module, got a file of another kind", name);
    rc = component_is_component(bytes) ? component_decode(bytes, &component->binary, err)
                                       : component_decode_module(bytes, &component->binary, err);
    if (rc == 0)
        rc = component_link(component->binary, host_interfaces(), &component->plan, err);
    return rc < 0 ? sw_wrap(err, "'%s'", name) : 0;
}

int trigger_component_read(int wasm_fd, const char *name, struct trigger_component *ret, struct sw_err *err)
{
    *ret = (struct trigger_component){0};
    int rc = read_and_link(wasm_fd, name, ret, err);
    if (rc < 0)
        trigger_component_deinit(ret);
    return rc;
}

/* The file may have been rebuilt between compiling and now: code and binary must belong together. */
static int check_key(const struct engine_core *core, const struct node_artifact *artifact, struct sw_err *err)
{
    char key[65];
    engine_artifact_key(core, key);
    if (strcmp(key, artifact->key) != 0)
        return sw_fail(err, SW_EIO, "the file changed after it was compiled\nhint: start again");
    return 0;
}

static int open_modules(struct trigger_component *component, struct engine *engine,
                        const struct node_served_component *served, struct sw_err *err)
{
    uint32_t count = component_binary_core_count(component->binary);
    if (count != served->artifact_count)
        return sw_fail(err, SW_EIO, "%u core modules were compiled, the file has %u\nhint: start again",
                       served->artifact_count, count);
    component->modules = sw_try_alloc_array(count, sizeof(struct engine_module *));
    if (!component->modules)
        return sw_fail(err, SW_ENOMEM, "no memory for %u core modules", count);
    for (uint32_t i = 0; i < count; i++) {
        const struct engine_core *core = component_binary_core(component->binary, i);
        const struct node_artifact *artifact = &served->artifacts[i];
        int rc = check_key(core, artifact, err);
        if (rc == 0 && component_plan_uses_core(component->plan, i))
            rc = engine_module_open(engine, core, artifact->cwasm_fd, artifact->image_fd,
                                    &component->modules[i], err);
        if (rc < 0)
            return sw_wrap(err, "core module %u", i);
    }
    return 0;
}

int trigger_component_bind(struct trigger_component *component, struct engine *engine,
                           const struct node_served_component *served, struct sw_err *err)
{
    int rc = open_modules(component, engine, served, err);
    if (rc == 0)
        rc = component_bind(component->plan, engine, component->modules, &component->component, err);
    if (rc < 0)
        return rc;
    component->handle =
        component_export_find(component->component, HANDLER_INTERFACE, HANDLER_TRACK, HANDLER_FUNC);
    component->run = component_export_find(component->component, RUN_INTERFACE, HANDLER_TRACK, SW_LIT("run"));
    component->run_gives_result = component->run != NULL;
    if (!component->run)
        component->run = component_export_find(component->component, SW_LIT(""), SW_LIT(""), START);
    if (component->handle)
        rc = component_export_check(component->component, component->handle, HANDLER_TYPE, err);
    if (rc == 0 && component->run_gives_result)
        rc = component_export_check(component->component, component->run, RUN_TYPE, err);
    return rc;
}

int trigger_component_expect(const struct trigger_component *component, enum app_executor executor,
                             struct sw_err *err)
{
    if (executor == APP_EXECUTOR_WAGI ? component->run != NULL : component->handle != NULL)
        return 0;
    if (executor == APP_EXECUTOR_WAGI)
        return sw_fail(
            err, SW_EINPUT,
            "the wagi executor needs a command: expected an export `wasi:cli/run@0.2.x`, or `_start` "
            "of a core module, but it exported neither");
    return sw_fail(
        err, SW_EINPUT,
        "Expected component to export one of `wasi:http/incoming-handler@0.2.x` but it exported "
        "none of those%s",
        component->run ? "\nhint: it is a command: set executor = { type = \"wagi\" } in its trigger" : "");
}

void trigger_component_deinit(struct trigger_component *component)
{
    component_free(component->component);
    if (component->modules)
        for (uint32_t i = 0; i < component_binary_core_count(component->binary); i++)
            engine_module_free(component->modules[i]);
    sw_free(component->modules);
    component_plan_free(component->plan);
    component_binary_free(component->binary);
    sw_buf_deinit(&component->bytes);
    *component = (struct trigger_component){0};
}
