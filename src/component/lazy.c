/* lazy.c - finds core instances that need not be made before they are called.  Room: component.
 *
 * An adapter stands behind a main module that was linked to it through a shim, and most requests never call it. A core instance is
 * lazy, made at the first call of one of its functions, when nobody can tell (component.md, "Lazy core instances"):
 * 1. making it runs and writes nothing and cannot trap: no start section, no segments, no memory or table of its own, globals that are
 *    numbers;
 * 2. the modules made before it may call it: a late argument does; else there is nothing to gain;
 * 3. nothing takes more from it than functions to be called later: no module is instantiated with an export of it, and no memory of
 *    canonical options and no start_call is its own.
 * What it is instantiated with itself is then of instances made at once, by 3. */
#include "component/component.h"
#include "component/link.h"

static bool makes_only_functions(const struct engine_core *core)
{
    if (core->has_start || core->data_count || core->elem_section.n ||
        core->memory_count != core->memory_import_count || core->table_count != core->table_import_count)
        return false;
    for (uint32_t i = core->global_import_count; i < core->global_count; i++)
        if (core->globals[i].type.code < ENGINE_V128)
            return false; /* a constant expression that allocates might trap */
    return true;
}

struct uses { /* of a core instance */
    bool late, early;
};

static void use_memory(struct uses *uses, const struct component_options *options)
{
    if (options->has_memory)
        uses[options->memory_instance].early = true;
}

static void find_uses(const struct component_plan *plan, struct uses *uses)
{
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        const struct component_core_instance *instance = &plan->instances[i];
        for (uint32_t k = 0; k < instance->arg_count; k++) {
            const struct component_arg *arg = &instance->args[k];
            if (arg->kind == COMPONENT_ARG_EXPORT)
                uses[arg->instance].early = true;
            else if (arg->func.kind == COMPONENT_CORE_EXPORT && arg->late)
                uses[arg->func.index].late = true;
            else if (arg->func.kind == COMPONENT_CORE_EXPORT)
                uses[arg->func.index].early = true;
        }
        if (instance->has_start_call)
            uses[instance->start_call.index].early = true;
    }
    for (uint32_t i = 0; i < plan->lift_count; i++)
        use_memory(uses, &plan->lifts[i].options);
    for (uint32_t i = 0; i < plan->lowering_count; i++)
        use_memory(uses, &plan->lowerings[i].options);
    for (uint32_t i = 0; i < plan->builtin_count; i++) {
        use_memory(uses, &plan->builtins[i].options);
        if (plan->builtins[i].kind == COMPONENT_THREAD_NEW_INDIRECT)
            uses[plan->builtins[i].table_instance].early = true;
    }
}

/* The component calls a lazy instance on behalf of the module, so it has to know how much room the values need. */
static int measure(struct component_plan *plan, struct component_core_instance *instance, struct sw_err *err)
{
    const struct engine_core *core = plan->cores[instance->core];
    struct component_arg *args = NULL;
    for (uint32_t k = 0; k < instance->arg_count; k++) {
        if (!instance->args[k].late || !plan->instances[instance->args[k].func.index].lazy)
            continue;
        int rc = args ? 0 : component__own_args(plan, instance, &args, err);
        if (rc < 0)
            return rc;
        const struct engine_functype *type = engine_core_func_type(core, core->imports[k].index);
        args[k].late_vals = type->param_count > type->result_count ? type->param_count : type->result_count;
    }
    return 0;
}

int component__mark_lazy(struct component_plan *plan, struct sw_arena *scratch, struct sw_err *err)
{
    struct uses *uses = SW_ARENA_ARRAY(scratch, plan->instance_count, struct uses);
    if (!uses)
        return sw_arena_fail(scratch, plan->instance_count * sizeof *uses, err);
    find_uses(plan, uses);
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        struct component_core_instance *instance = &plan->instances[i];
        instance->lazy = uses[i].late && !uses[i].early && makes_only_functions(plan->cores[instance->core]);
    }
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < plan->instance_count; i++)
        rc = measure(plan, &plan->instances[i], err);
    return rc;
}
