/* module.c - a core module on its own, as a command of WASI 0.1 is: a binary of one module and a plan of one instance.  Room: component.
 *
 * Such a module has no types to lift or lower: its imports are functions of the host's core modules (component_host_module), which get flat
 * values and the module's own exported memory. What it exports as `() -> ()` can be called: `_start` for a command, `_initialize` for a
 * reactor, which runs before anything else. So everything behind the linker (binding, stores, calls, limits) is one and the same.
 * Source: WASI 0.1, "design/application-abi": command and reactor modules. */
#include <string.h>

#include "base/alloc.h"
#include "codec/nearest.h"
#include "component/component.h"
#include "component/decode.h"
#include "component/limits.h"
#include "component/link.h"

#define MEMORY SW_LIT("memory")

int component_decode_module(struct sw_str bytes, struct component_binary **ret, struct sw_err *err)
{
    struct component_binary *binary = sw_try_alloc(sizeof *binary);
    if (!binary)
        return sw_fail(err, SW_ENOMEM, "no memory for a core module");
    binary->arena = SW_ARENA(COMPONENT_BINARY_ARENA_MAX);
    binary->bytes = bytes;
    binary->is_module = true;
    struct component_scope *root = SW_ARENA_ARRAY(&binary->arena, 1, struct component_scope);
    binary->cores = SW_ARENA_ARRAY(&binary->arena, 1, struct engine_core *);
    binary->root = root;
    int rc = root && binary->cores ? engine_core_parse(&binary->arena, bytes, &binary->cores[0], err)
                                   : sw_arena_fail(&binary->arena, sizeof *root, err);
    if (rc < 0) {
        component_binary_free(binary);
        return rc;
    }
    binary->core_count = binary->core_cap = 1;
    *ret = binary;
    return 0;
}

/* ---- imports ---- */

struct module_link {
    const struct engine_core *core;
    const struct component_host *host;
    struct component_plan *plan;
    struct sw_err *err;
    struct component_options options; /* of every lowering: the module's memory */
};

static const struct component_host_module *find_module(const struct component_host *host, struct sw_str name)
{
    for (uint32_t i = 0; i < host->module_count; i++)
        if (sw_str_eq(sw_str_of(host->modules[i]->name), name))
            return host->modules[i];
    return NULL;
}

static const struct component_host_core_func *find_func(const struct component_host_module *module,
                                                        struct sw_str name)
{
    for (uint32_t i = 0; i < module->func_count; i++)
        if (sw_str_eq(sw_str_of(module->funcs[i].name), name))
            return &module->funcs[i];
    return NULL;
}

static char letter(struct engine_valtype type)
{
    switch (type.code) {
    case ENGINE_I32:
        return 'i';
    case ENGINE_I64:
        return 'I';
    case ENGINE_F32:
        return 'f';
    case ENGINE_F64:
        return 'F';
    default:
        return '?';
    }
}

/* "iiI:i"; longer than any of the host's: cut, so that it equals none. */
static void type_text(const struct engine_functype *type, char ret[COMPONENT_CORE_TYPE_TEXT_MAX])
{
    size_t n = 0;
    for (uint32_t i = 0; i < type->param_count && n < COMPONENT_CORE_TYPE_TEXT_MAX - 2; i++)
        ret[n++] = letter(type->params[i]);
    if (n < COMPONENT_CORE_TYPE_TEXT_MAX - 1)
        ret[n++] = ':';
    for (uint32_t i = 0; i < type->result_count && n < COMPONENT_CORE_TYPE_TEXT_MAX - 1; i++)
        ret[n++] = letter(type->results[i]);
    ret[n] = '\0';
}

static void say_unknown(const struct module_link *link, const struct component_host_module *module,
                        const struct engine_core_import *import)
{
    struct codec_nearest nearest = codec_nearest(import->name);
    for (uint32_t i = 0; i < module->func_count; i++)
        codec_nearest_offer(&nearest, sw_str_of(module->funcs[i].name));
    (void)sw_fail(link->err, SW_EINPUT,
                  "imports the function '" SW_FMT "' of '%s', which this host does not have%s" SW_FMT "%s",
                  SW_ARG(import->name), module->name, nearest.best.n ? "\nhint: the nearest is '" : "",
                  SW_ARG(nearest.best), nearest.best.n ? "'" : "");
}

static int find_import(const struct module_link *link, const struct engine_core_import *import,
                       const struct component_host_core_func **ret)
{
    char got[COMPONENT_CORE_TYPE_TEXT_MAX];
    const struct component_host_module *module = find_module(link->host, import->module);
    if (!module)
        return sw_fail(link->err, SW_EINPUT,
                       "imports '" SW_FMT "' of '" SW_FMT "', which this host does not have",
                       SW_ARG(import->name), SW_ARG(import->module));
    if (import->kind != ENGINE_CORE_FUNC)
        return sw_fail(link->err, SW_EINPUT, "imports '" SW_FMT "' of '%s', expected a function",
                       SW_ARG(import->name), module->name);
    const struct component_host_core_func *func = find_func(module, import->name);
    if (!func) {
        say_unknown(link, module, import);
        return -SW_EINPUT;
    }
    type_text(engine_core_func_type(link->core, import->index), got);
    if (strcmp(got, func->type) != 0)
        return sw_fail(link->err, SW_EINPUT,
                       "imports '%s' of '%s' as another type of function: expected %s, got %s "
                       "(i, I, f, F: i32, i64, f32, f64; results after the colon)",
                       func->name, module->name, func->type, got);
    *ret = func;
    return 0;
}

static int link_import(struct module_link *link, uint32_t index, struct component_arg *arg)
{
    const struct engine_core_import *import = &link->core->imports[index];
    const struct component_host_core_func *found = NULL;
    struct component_plan *plan = link->plan;
    int rc = find_import(link, import, &found);
    if (rc != 0)
        return rc;
    struct component_host_func *func = SW_ARENA_ARRAY(&plan->arena, 1, struct component_host_func);
    if (!func)
        return sw_arena_fail(&plan->arena, sizeof *func, link->err);
    *func = (struct component_host_func){.name = found->name, .type = found->type, .fn = found->fn};
    plan->lowerings[plan->lowering_count] = (struct component_lowering){
        .callee = {.kind = COMPONENT_FUNC_HOST, .host = func}, .options = link->options};
    *arg = (struct component_arg){.kind = COMPONENT_ARG_FUNC,
                                  .func = {COMPONENT_CORE_LOWERING, plan->lowering_count++, import->name}};
    return 0;
}

/* ---- exports ---- */

static bool is_plain_func(const struct engine_core *core, struct sw_str name)
{
    const struct engine_core_export *export = engine_core_export_find(core, name);
    if (!export || export->kind != ENGINE_CORE_FUNC)
        return false;
    const struct engine_functype *type = engine_core_func_type(core, export->index);
    return type->is_func && type->param_count == 0 && type->result_count == 0;
}

static int link_export(struct module_link *link, struct sw_str name)
{
    struct component_plan *plan = link->plan;
    struct component_func_type *type = SW_ARENA_ARRAY(&plan->arena, 1, struct component_func_type);
    plan->lifts = SW_ARENA_ARRAY(&plan->arena, 1, struct component_lift);
    plan->exports = SW_ARENA_ARRAY(&plan->arena, 1, struct component_plan_export);
    if (!type || !plan->lifts || !plan->exports)
        return sw_arena_fail(&plan->arena, sizeof *type, link->err);
    type->result = COMPONENT_NO_TYPE;
    int rc = component_func_type_complete(plan->types, type, link->err);
    if (rc < 0)
        return rc;
    plan->lifts[0] = (struct component_lift){
        .callee = {COMPONENT_CORE_EXPORT, 0, name}, .options = link->options, .type = type, .name = name};
    plan->exports[0] =
        (struct component_plan_export){.name = name, .func = {.kind = COMPONENT_FUNC_LIFT, .type = type}};
    plan->lift_count = plan->export_count = 1;
    return 0;
}

static int link_all(struct module_link *link)
{
    const struct engine_core *core = link->core;
    struct component_plan *plan = link->plan;
    struct component_arg *args = SW_ARENA_ARRAY(&plan->arena, core->import_count, struct component_arg);
    plan->instances = SW_ARENA_ARRAY(&plan->arena, 1, struct component_core_instance);
    plan->lowerings = SW_ARENA_ARRAY(&plan->arena, core->import_count, struct component_lowering);
    plan->core_used = SW_ARENA_ARRAY(&plan->arena, 1, bool);
    if (!args || !plan->instances || !plan->lowerings || !plan->core_used)
        return sw_arena_fail(&plan->arena, core->import_count * sizeof *args, link->err);
    const struct engine_core_export *memory = engine_core_export_find(core, MEMORY);
    link->options.has_memory =
        memory && memory->kind == ENGINE_CORE_MEMORY && !core->memories[memory->index].is_64;
    link->options.memory_name = MEMORY;
    int rc = component_types_new(&plan->arena, &plan->types, link->err);
    for (uint32_t i = 0; rc == 0 && i < core->import_count; i++)
        rc = link_import(link, i, &args[i]);
    if (rc < 0)
        return rc;
    plan->instances[0] = (struct component_core_instance){
        .args = args, .arg_count = core->import_count, .has_start = core->has_start};
    plan->instance_count = plan->component_instance_count = plan->core_count = 1;
    plan->core_used[0] = true;
    if (is_plain_func(core, SW_LIT("_start")))
        return link_export(link, SW_LIT("_start"));
    if (is_plain_func(core, SW_LIT("_initialize"))) {
        plan->instances[0].has_start_call = true;
        plan->instances[0].start_call =
            (struct component_core_func){COMPONENT_CORE_EXPORT, 0, SW_LIT("_initialize")};
    }
    return 0;
}

int component__link_module(const struct component_binary *binary, const struct component_host *host,
                           struct component_plan **ret, struct sw_err *err)
{
    struct sw_err ignored = {.code = SW_OK};
    struct component_plan *plan = sw_try_alloc(sizeof *plan);
    if (!plan)
        return sw_fail(err, SW_ENOMEM, "no memory for a plan");
    plan->arena = SW_ARENA(COMPONENT_PLAN_ARENA_MAX);
    plan->binary = binary;
    plan->cores = (const struct engine_core *const *)binary->cores;
    struct module_link link = {
        .core = binary->cores[0], .host = host, .plan = plan, .err = err ? err : &ignored};
    int rc = link_all(&link);
    if (rc < 0) {
        component_plan_free(plan);
        return rc;
    }
    *ret = plan;
    return 0;
}
