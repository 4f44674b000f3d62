/* link_plan.c - from the outermost instance to the plan.  Room: component. */
#include "base/alloc.h"
#include "component/component.h"
#include "component/limits.h"
#include "component/link.h"

static int export_func(struct link *link, struct sw_str instance, struct sw_str name,
                       const struct component_func *func)
{
    struct component_plan *plan = link->plan;
    struct component_plan_export *items =
        component__link_room(link, plan->exports, plan->export_count, &link->export_cap, sizeof *items);
    if (!items)
        return link->rc;
    plan->exports = items;
    struct component_plan_export *item = &items[plan->export_count++];
    *item = (struct component_plan_export){.name = name, .func = *func};
    component__name_split(instance, &item->interface, &item->version);
    if (func->kind != COMPONENT_FUNC_LIFT || plan->lifts[func->lift].name.n)
        return 0;
    const char *text = sw_arena_printf(&plan->arena, SW_FMT "%s" SW_FMT, SW_ARG(instance),
                                       instance.n ? "#" : "", SW_ARG(name));
    if (!text)
        return sw_arena_fail(&plan->arena, instance.n + name.n + 2, link->err);
    plan->lifts[func->lift].name = sw_str_of(text);
    return 0;
}

static int export_instance(struct link *link, const struct link_export *export)
{
    const struct link_instance *instance = export->value.instance;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < instance->count; i++)
        if (instance->exports[i].value.sort == COMPONENT_SORT_FUNC)
            rc = export_func(link, export->name, instance->exports[i].name, instance->exports[i].value.func);
    return rc;
}

static int export_all(struct link *link, const struct link_instance *outermost)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < outermost->count; i++) {
        const struct link_export *export = &outermost->exports[i];
        if (export->value.sort == COMPONENT_SORT_FUNC)
            rc = export_func(link, SW_LIT(""), export->name, export->value.func);
        else if (export->value.sort == COMPONENT_SORT_INSTANCE)
            rc = export_instance(link, export);
    }
    return rc;
}

static int link_run(struct link *link, const struct component_dependency *given, uint32_t given_count)
{
    struct component_plan *plan = link->plan;
    const struct link_instance *outermost = NULL;
    int rc = component_types_new(&plan->arena, &plan->types, link->err);
    if (rc == 0)
        rc = component__compose_begin(link, given, given_count);
    if (rc < 0)
        return rc;
    plan->core_used = SW_ARENA_ARRAY(&plan->arena, plan->core_count, bool);
    if (!plan->core_used)
        return sw_arena_fail(&plan->arena, plan->core_count, link->err);
    link->core_names = component__link_scratch(link, plan->core_count, sizeof *link->core_names);
    if (!link->core_names)
        return link->rc;
    struct link_value root = {.sort = COMPONENT_SORT_COMPONENT, .component = {.scope = link->binary->root}};
    rc = component__link_instantiate(link, &root, &(struct link_instantiation){.parent = UINT32_MAX},
                                     &outermost);
    if (rc == 0)
        rc = export_all(link, outermost);
    if (rc == 0)
        rc = component__elide(plan, &link->scratch, link->err);
    if (rc == 0)
        rc = component__mark_lazy(plan, &link->scratch, link->err);
    for (uint32_t i = 0; rc == 0 && i < plan->instance_count; i++)
        plan->core_used[plan->instances[i].core] = true;
    return rc;
}

int component_link(const struct component_binary *binary, const struct component_host *host,
                   struct component_plan **ret, struct sw_err *err)
{
    return component_link_composed(binary, (struct component_dependencies){NULL, 0}, host, ret, err);
}

int component_link_composed(const struct component_binary *binary, struct component_dependencies dependencies,
                            const struct component_host *host, struct component_plan **ret,
                            struct sw_err *err)
{
    struct sw_err ignored = {.code = SW_OK};
    if (binary->is_module && dependencies.count)
        return sw_fail(err, SW_EINPUT, "a core module has no imports that dependencies could satisfy");
    if (binary->is_module)
        return component__link_module(binary, host, ret, err);
    struct component_plan *plan = sw_try_alloc(sizeof *plan);
    if (!plan)
        return sw_fail(err, SW_ENOMEM, "no memory for a plan");
    plan->arena = SW_ARENA(COMPONENT_PLAN_ARENA_MAX);
    plan->binary = binary;
    struct link link = {.binary = binary, .host = host, .plan = plan, .err = err ? err : &ignored};
    link.scratch = SW_ARENA(COMPONENT_LINK_ARENA_MAX);
    int rc = link_run(&link, dependencies.items, dependencies.count);
    sw_arena_deinit(&link.scratch);
    if (rc < 0) {
        component_plan_free(plan);
        return rc;
    }
    *ret = plan;
    return 0;
}

void component_plan_free(struct component_plan *plan)
{
    if (!plan)
        return;
    sw_arena_deinit(&plan->arena);
    sw_free(plan);
}

uint32_t component_plan_core_count(const struct component_plan *plan)
{
    return plan->core_count;
}

const struct engine_core *component_plan_core(const struct component_plan *plan, uint32_t index)
{
    return plan->cores[index];
}

bool component_plan_uses_core(const struct component_plan *plan, uint32_t index)
{
    return index < plan->core_count && plan->core_used[index];
}
