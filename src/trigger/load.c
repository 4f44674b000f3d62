/* load.c - from a component's file to something that serves.  Room: trigger. */
#include "trigger/load.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "component/component.h"
#include "engine/core.h"
#include "engine/engine.h"
#include "host/adapt.h"
#include "node/node.h"
#include "trigger/limits.h"

/* What the HTTP trigger calls; spin.md 2.4. */
#define HANDLER_INTERFACE SW_LIT("wasi:http/incoming-handler")
#define HANDLER_TRACK SW_LIT("0.2")
#define HANDLER_FUNC SW_LIT("handle")
#define HANDLER_TYPE                                                                                         \
    "func(request: own<wasi:http/types/incoming-request>, "                                                  \
    "response-out: own<wasi:http/types/response-outparam>)"
#define ASYNC_INTERFACE SW_LIT("wasi:http/handler")
#define ASYNC_TRACK SW_LIT("0.3")
#define RUN_ASYNC_TYPE "async func() -> result"
#define INBOUND_INTERFACE SW_LIT("fermyon:spin/inbound-http") /* of the first SDKs, without a version */
#define INBOUND_FUNC SW_LIT("handle-request")
#define INBOUND_TYPE                                                                                         \
    "func(req: record{method: enum{get, post, put, delete, patch, head, options}, uri: string, "             \
    "headers: list<tuple<string, string>>, params: list<tuple<string, string>>, body: option<list<u8>>}) "   \
    "-> record{status: u16, headers: option<list<tuple<string, string>>>, body: option<list<u8>>}"
#define RUN_INTERFACE SW_LIT("wasi:cli/run")
#define RUN_FUNC SW_LIT("run")
#define RUN_TYPE "func() -> result"
#define HANDLERS "`wasi:http/incoming-handler@0.2.x`, `wasi:http/handler@0.3.x`, `fermyon:spin/inbound-http`"
#define START SW_LIT("_start") /* of a core module */

/* A core module that is for a component becomes one: the bytes are then the component's. */
static int decode(struct trigger_component *component, struct sw_err *err)
{
    sw_auto_buf adapted = SW_BUF(TRIGGER_WASM_BYTES_MAX);
    struct sw_str bytes = sw_buf_str(&component->bytes);
    if (component_is_component(bytes))
        return component_decode(bytes, &component->binary, err);
    int rc = host_adapt(bytes, &adapted, err);
    if (rc < 0)
        return rc;
    if (rc == SW_ABSENT)
        return component_decode_module(bytes, &component->binary, err);
    sw_buf_deinit(&component->bytes);
    component->bytes = adapted;
    adapted = SW_BUF(0); /* taken */
    return component_decode(sw_buf_str(&component->bytes), &component->binary, err);
}

int trigger_component_decode(int wasm_fd, const char *name, struct trigger_component *ret, struct sw_err *err)
{
    *ret = (struct trigger_component){.bytes = SW_BUF(TRIGGER_WASM_BYTES_MAX)};
    int rc = lseek(wasm_fd, 0, SEEK_SET) < 0 ? sw_fail_errno(err, SW_EIO, errno, "seek")
                                             : sw_buf_read_fd(&ret->bytes, wasm_fd, err);
    struct sw_str bytes = sw_buf_str(&ret->bytes);
    if (rc == 0 && !sw_str_starts(bytes, SW_LIT("\0asm")))
        rc =
            sw_fail(err, SW_EINPUT, "expected a WebAssembly component or module, got a file of another kind");
    if (rc == 0)
        rc = decode(ret, err);
    if (rc == 0)
        return 0;
    trigger_component_deinit(ret);
    return sw_wrap(err, "'%s'", name);
}

int trigger_component_read(int wasm_fd, const char *name, struct trigger_component *ret, struct sw_err *err)
{
    int rc = trigger_component_decode(wasm_fd, name, ret, err);
    if (rc < 0)
        return rc;
    rc = component_link(ret->binary, host_interfaces(), &ret->plan, err);
    if (rc == 0)
        return 0;
    trigger_component_deinit(ret);
    return sw_wrap(err, "'%s'", name);
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

/* All of a binary's modules are checked, those that a plan uses are opened: the plan's modules from `first` on. */
static int open_modules(struct trigger_component *owner, const struct component_plan *plan, uint32_t first,
                        struct engine *engine, struct sw_err *err)
{
    const struct node_served_component *served = owner->served;
    uint32_t count = component_binary_core_count(owner->binary);
    if (count != served->artifact_count)
        return sw_fail(err, SW_EIO, "%u core modules were compiled, the file has %u\nhint: start again",
                       served->artifact_count, count);
    if (!owner->modules)
        owner->modules = sw_try_alloc_array(count, sizeof(struct engine_module *));
    if (!owner->modules)
        return sw_fail(err, SW_ENOMEM, "no memory for %u core modules", count);
    for (uint32_t i = 0; i < count; i++) {
        const struct engine_core *core = component_binary_core(owner->binary, i);
        const struct node_artifact *artifact = &served->artifacts[i];
        int rc = check_key(core, artifact, err);
        if (rc == 0 && !owner->modules[i] && component_plan_uses_core(plan, first + i))
            rc = engine_module_open(engine, core, artifact->cwasm_fd, artifact->image_fd, &owner->modules[i],
                                    err);
        if (rc < 0)
            return sw_wrap(err, "core module %u", i);
    }
    return 0;
}

/* The plan's modules, those of its dependencies included, in its order. */
static int bind_modules(struct trigger_component *component, struct engine *engine, struct sw_err *err)
{
    const struct component_plan *plan = component->plan;
    uint32_t dependency_count = component->dependencies ? component->meta->dependency_count : 0, at = 0;
    sw_auto_free struct engine_module **modules =
        sw_try_alloc_array(component_plan_core_count(plan), sizeof(struct engine_module *));
    if (!modules)
        return sw_fail(err, SW_ENOMEM, "no memory for %u core modules", component_plan_core_count(plan));
    for (uint32_t i = 0; i <= dependency_count; i++) {
        struct trigger_component *owner = i ? component->dependencies[i - 1] : component;
        int rc = open_modules(owner, plan, at, engine, err);
        if (rc < 0 && i)
            return sw_wrap(err, "dependency '" SW_FMT "'", SW_ARG(component->meta->dependencies[i - 1].name));
        if (rc < 0)
            return rc;
        for (uint32_t k = 0; k < component_binary_core_count(owner->binary); k++)
            modules[at++] = owner->modules[k];
    }
    return component_bind(plan, engine, modules, &component->component, err);
}

int trigger_component_bind(struct trigger_component *component, struct engine *engine, struct sw_err *err)
{
    int rc = bind_modules(component, engine, err);
    if (rc < 0)
        return rc;
    struct component *bound = component->component;
    component->handle = component_export_find(bound, HANDLER_INTERFACE, HANDLER_TRACK, HANDLER_FUNC);
    component->inbound = component_export_find(bound, INBOUND_INTERFACE, SW_LIT(""), INBOUND_FUNC);
    component->handle_async = component_export_find(bound, ASYNC_INTERFACE, ASYNC_TRACK, HANDLER_FUNC);
    component->run = component_export_find(bound, RUN_INTERFACE, ASYNC_TRACK,
                                           RUN_FUNC); /* first: libraries may add 0.2's */
    const char *run_type = component->run ? RUN_ASYNC_TYPE : RUN_TYPE;
    if (!component->run)
        component->run = component_export_find(bound, RUN_INTERFACE, HANDLER_TRACK, RUN_FUNC);
    component->run_gives_result = component->run != NULL;
    if (!component->run)
        component->run = component_export_find(bound, SW_LIT(""), SW_LIT(""), START);
    if (component->handle)
        rc = component_export_check(bound, component->handle, HANDLER_TYPE, err);
    if (rc == 0 && component->inbound)
        rc = component_export_check(bound, component->inbound, INBOUND_TYPE, err);
    if (rc == 0 && component->run_gives_result)
        rc = component_export_check(bound, component->run, run_type, err);
    if (rc == 0 && component->handle_async)
        rc = component_export_check(bound, component->handle_async, host_p3_http_handler_type(), err);
    return rc;
}

int trigger_component_expect(const struct trigger_component *component, enum app_executor executor,
                             struct sw_err *err)
{
    int handlers = !!component->handle + !!component->handle_async + !!component->inbound;
    if (executor != APP_EXECUTOR_WAGI && handlers > 1)
        return sw_fail(err, SW_EINPUT,
                       "Expected component to export one of " HANDLERS " but it exported %s of them",
                       handlers == 2 ? "two" : "all");
    if (executor == APP_EXECUTOR_WAGI ? component->run != NULL : handlers == 1)
        return 0;
    if (executor == APP_EXECUTOR_WAGI)
        return sw_fail(
            err, SW_EINPUT,
            "the wagi executor needs a command: expected an export `wasi:cli/run@0.2.x` or `@0.3.x`, or "
            "`_start` of a core module, but it exported none of them");
    return sw_fail(
        err, SW_EINPUT, "Expected component to export one of " HANDLERS " but it exported none of those%s",
        component->run ? "\nhint: it is a command: set executor = { type = \"wagi\" } in its trigger" : "");
}

void trigger_component_unbind(struct trigger_component *component)
{
    component_free(component->component);
    component_plan_free(component->plan);
    component->component = NULL;
    component->plan = NULL;
}

void trigger_component_deinit(struct trigger_component *component)
{
    trigger_component_unbind(component);
    if (component->modules)
        for (uint32_t i = 0; i < component_binary_core_count(component->binary); i++)
            engine_module_free(component->modules[i]);
    sw_free(component->modules);
    sw_free(component->dependencies);
    sw_free(component->dependency_grants);
    component_binary_free(component->binary);
    sw_buf_deinit(&component->bytes);
    *component = (struct trigger_component){0};
}
