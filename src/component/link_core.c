/* link_core.c - core instances and what is taken from them.  Room: component.
 *
 * A module's imports are compared with what they get as core instantiation would do it, so that linking says what is wrong and the
 * engine has nothing left to refuse. Source: core specification 4.5 (external typing), Binary.md, "Instance Definitions". */
#include "component/component.h"
#include "component/limits.h"
#include "component/link.h"

static const char *const kind_names[] = {
    [ENGINE_CORE_FUNC] = "function", [ENGINE_CORE_TABLE] = "table", [ENGINE_CORE_MEMORY] = "memory",
    [ENGINE_CORE_GLOBAL] = "global", [ENGINE_CORE_TAG] = "tag",
};

static void extern_of_export(const struct engine_core *core, uint32_t number,
                             const struct engine_core_export *export, struct link_core_extern *ret)
{
    *ret = (struct link_core_extern){.kind = export->kind, .instance = number, .name = export->name};
    switch (export->kind) {
    case ENGINE_CORE_FUNC:
        ret->func = (struct component_core_func){COMPONENT_CORE_EXPORT, number, export->name};
        ret->func_type = engine_core_func_type(core, export->index);
        return;
    case ENGINE_CORE_TABLE:
        ret->limits = &core->tables[export->index];
        return;
    case ENGINE_CORE_MEMORY:
        ret->limits = &core->memories[export->index];
        return;
    case ENGINE_CORE_GLOBAL:
        ret->global = &core->globals[export->index];
        return;
    case ENGINE_CORE_TAG:
        ret->func_type = &core->types[core->tag_types[export->index]];
        return;
    }
}

/* Export `name` of a core instance: 0, or SW_ABSENT. */
static int core_export(struct link *link, const struct link_core_instance *instance, struct sw_str name,
                       const struct link_core_extern **ret)
{
    uint32_t found = 0;
    const struct engine_core *core = NULL;
    const struct link_names *names = &instance->names;
    if (!instance->is_inline) {
        core = link->plan->cores[instance->core];
        struct link_names *cached = &link->core_names[instance->core];
        if (!cached->first && core->export_count) {
            int rc =
                component__names_init(link, cached, core->exports, sizeof *core->exports, core->export_count);
            if (rc < 0)
                return rc;
        }
        names = cached;
    }
    int rc = component__names_find(link, names, name, &found);
    if (rc != 0)
        return rc;
    if (instance->is_inline) {
        *ret = instance->exports[found].value;
        return 0;
    }
    struct link_core_extern *made = component__link_scratch(link, 1, sizeof *made);
    if (!made)
        return link->rc < 0 ? link->rc : -SW_ENOMEM;
    extern_of_export(core, instance->number, &core->exports[found], made);
    *ret = made;
    return 0;
}

int component__link_core_alias(struct link *link, struct link_env *env, const struct component_def *def)
{
    const struct component_alias *alias = def->alias;
    const struct link_core_extern *found = NULL;
    const struct link_core_instance *instance =
        component__link_get(env, COMPONENT_SORT_CORE_INSTANCE, alias->instance)->core_instance;
    int rc = core_export(link, instance, alias->name, &found);
    if (rc < 0)
        return rc;
    if (rc == SW_ABSENT)
        return component__link_bad(link, def->at, "core instance %u has no export '" SW_FMT "'",
                                   alias->instance, SW_ARG(alias->name));
    if ((uint32_t)found->kind != (uint32_t)def->sort)
        return component__link_bad(
            link, def->at, "export '" SW_FMT "' of core instance %u is a %s, expected a %s",
            SW_ARG(alias->name), alias->instance, kind_names[found->kind], component_sort_name(def->sort));
    component__link_define(env, (struct link_value){.sort = def->sort, .core = found});
    return 0;
}

/* ---- types of imports ---- */

static bool valtype_eq(struct engine_valtype a, struct engine_valtype b)
{
    bool is_ref = a.code == ENGINE_REF || a.code == ENGINE_REF_NULL;
    return a.code == b.code && (!is_ref || a.heap == b.heap);
}

static bool limits_fit(const struct engine_limits_type *got, const struct engine_limits_type *want)
{
    return got->is_64 == want->is_64 && got->shared == want->shared && got->page_log2 == want->page_log2 &&
           got->min >= want->min && got->max <= want->max; /* no maximum is the largest number */
}

static bool extern_fits(const struct engine_core *core, const struct engine_core_import *import,
                        const struct link_core_extern *got)
{
    const struct engine_global_type *global = NULL;
    switch (import->kind) {
    case ENGINE_CORE_FUNC:
        return engine_functype_eq(engine_core_func_type(core, import->index), got->func_type);
    case ENGINE_CORE_TABLE:
        return limits_fit(got->limits, &core->tables[import->index]) &&
               valtype_eq(got->limits->elem, core->tables[import->index].elem);
    case ENGINE_CORE_MEMORY:
        return limits_fit(got->limits, &core->memories[import->index]);
    case ENGINE_CORE_GLOBAL:
        global = &core->globals[import->index];
        return got->global->is_mutable == global->is_mutable && valtype_eq(got->global->type, global->type);
    case ENGINE_CORE_TAG:
        return engine_functype_eq(&core->types[core->tag_types[import->index]], got->func_type);
    }
    return false;
}

/* ---- instantiation ---- */

struct instantiation {
    struct link_env *env;
    const struct component_def *def;
    struct link_names names; /* of the arguments */
    const struct engine_core *core;
};

static int argument_of(struct link *link, const struct instantiation *made,
                       const struct engine_core_import *import, struct component_arg *ret)
{
    const struct component_instantiate *instance = made->def->instance;
    const struct link_core_extern *got = NULL;
    uint32_t found = 0;
    int rc = component__names_find(link, &made->names, import->module, &found);
    if (rc < 0)
        return rc;
    if (rc == SW_ABSENT)
        return component__link_bad(
            link, made->def->at, "a core module imports from '" SW_FMT "', which is not among its arguments",
            SW_ARG(import->module));
    rc = core_export(
        link,
        component__link_get(made->env, COMPONENT_SORT_CORE_INSTANCE, instance->items[found].what.index)
            ->core_instance,
        import->name, &got);
    if (rc == SW_ABSENT)
        return component__link_bad(
            link, made->def->at, "a core module imports '" SW_FMT "' '" SW_FMT "', which its argument lacks",
            SW_ARG(import->module), SW_ARG(import->name));
    if (rc != 0)
        return rc;
    if (got->kind != import->kind)
        return component__link_bad(
            link, made->def->at, "a core module imports '" SW_FMT "' '" SW_FMT "' as a %s, it gets a %s",
            SW_ARG(import->module), SW_ARG(import->name), kind_names[import->kind], kind_names[got->kind]);
    if (!extern_fits(made->core, import, got))
        return component__link_bad(link, made->def->at,
                                   "a core module imports '" SW_FMT "' '" SW_FMT
                                   "' as another type of %s than it gets",
                                   SW_ARG(import->module), SW_ARG(import->name), kind_names[import->kind]);
    if (got->kind == ENGINE_CORE_FUNC)
        *ret = (struct component_arg){.kind = COMPONENT_ARG_FUNC, .func = got->func};
    else
        *ret = (struct component_arg){
            .kind = COMPONENT_ARG_EXPORT, .instance = got->instance, .name = got->name};
    return 0;
}

static int plan_instance(struct link *link, const struct instantiation *made, uint32_t core,
                         const struct component_arg *args, uint32_t *ret)
{
    struct component_plan *plan = link->plan;
    if (plan->instance_count >= COMPONENT_CORE_INSTANCES_MAX)
        return sw_fail(link->err, SW_ELIMIT, "more than %d core instances", COMPONENT_CORE_INSTANCES_MAX);
    struct component_core_instance *items =
        component__link_room(link, plan->instances, plan->instance_count, &link->instance_cap, sizeof *items);
    if (!items)
        return link->rc;
    plan->instances = items;
    items[plan->instance_count] = (struct component_core_instance){.core = core,
                                                                   .args = args,
                                                                   .arg_count = made->core->import_count,
                                                                   .has_start = made->core->has_start,
                                                                   .instance = made->env->instance};
    *ret = plan->instance_count++;
    return 0;
}

static int instantiate(struct link *link, struct link_env *env, const struct component_def *def,
                       struct link_core_instance *instance)
{
    uint32_t module = component__link_get(env, COMPONENT_SORT_CORE_MODULE, def->instance->target)->module;
    struct instantiation made = {.env = env, .def = def, .core = link->plan->cores[module]};
    struct component_plan *plan = link->plan;
    int rc = component__names_init(link, &made.names, def->instance->items, sizeof *def->instance->items,
                                   def->instance->item_count);
    if (rc < 0)
        return rc;
    struct component_arg *args = SW_ARENA_ARRAY(&plan->arena, made.core->import_count, struct component_arg);
    if (!args)
        return sw_arena_fail(&plan->arena, made.core->import_count * sizeof *args, link->err);
    for (uint32_t i = 0; i < made.core->import_count; i++) {
        rc = argument_of(link, &made, &made.core->imports[i], &args[i]);
        if (rc < 0)
            return rc;
    }
    instance->core = module;
    return plan_instance(link, &made, module, args, &instance->number);
}

static int written_out(struct link *link, const struct link_env *env, const struct component_def *def,
                       struct link_core_instance *instance)
{
    uint32_t count = def->instance->item_count;
    struct link_core_export *exports = component__link_scratch(link, count, sizeof *exports);
    if (!exports)
        return link->rc;
    for (uint32_t i = 0; i < count; i++) {
        const struct component_named *item = &def->instance->items[i];
        exports[i].name = item->name;
        exports[i].value = component__link_get(env, item->what.sort, item->what.index)->core;
    }
    instance->is_inline = true;
    instance->exports = exports;
    return component__names_init(link, &instance->names, exports, sizeof *exports, count);
}

int component__link_core_instance(struct link *link, struct link_env *env, const struct component_def *def)
{
    struct link_core_instance *instance = component__link_scratch(link, 1, sizeof *instance);
    if (!instance)
        return link->rc;
    int rc = component__link_steps(link, def->instance->item_count);
    if (rc == 0)
        rc = def->instance->is_inline ? written_out(link, env, def, instance)
                                      : instantiate(link, env, def, instance);
    if (rc < 0)
        return rc;
    component__link_define(
        env, (struct link_value){.sort = COMPONENT_SORT_CORE_INSTANCE, .core_instance = instance});
    return 0;
}
