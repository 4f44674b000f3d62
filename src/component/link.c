/* link.c - symbolic instantiation: a decoded component and a host become a plan.  Room: component.  See link.h. */
#include "component/link.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "component/component.h"
#include "component/limits.h"

/* ---- failures, memory, work ---- */

int(component__link_bad)(struct link *link, uint32_t at, const char *fmt, ...)
{
    char text[SW_ERR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args); /* cut when it does not fit: names are the input's */
    va_end(args);
    return sw_fail(link->err, SW_EINPUT, "%s at byte 0x%x", text, at);
}

int component__link_steps(struct link *link, uint64_t n)
{
    link->steps += n;
    if (link->steps > COMPONENT_LINK_STEPS_MAX)
        return sw_fail(link->err, SW_ELIMIT, "linking takes more than %d steps", COMPONENT_LINK_STEPS_MAX);
    return 0;
}

void *component__link_scratch(struct link *link, uint32_t count, size_t size)
{
    void *items = sw_arena_try_array(&link->scratch, count, size, alignof(max_align_t));
    if (!items) {
        link->rc = sw_arena_fail(&link->scratch, count * size, link->err);
        link->rc = sw_wrap(link->err, "link a component");
    }
    return items;
}

void *component__link_room(struct link *link, void *items, uint32_t count, uint32_t *cap, size_t size)
{
    if (count < *cap)
        return items;
    uint32_t wanted = *cap ? *cap * 2 : 8;
    void *grown = sw_arena_try_array(&link->plan->arena, wanted, size, alignof(max_align_t));
    if (!grown) {
        link->rc = sw_arena_fail(&link->plan->arena, wanted * size, link->err);
        link->rc = sw_wrap(link->err, "link a component");
        return NULL;
    }
    if (count)
        memcpy(grown, items, count * size);
    *cap = wanted;
    return grown;
}

int component__link_enter(struct link *link, uint32_t at)
{
    if (link->depth >= COMPONENT_INSTANTIATION_DEPTH_MAX)
        return sw_fail(link->err, SW_ELIMIT,
                       "instances are made inside each other more than %d deep at byte 0x%x",
                       COMPONENT_INSTANTIATION_DEPTH_MAX, at);
    link->depth++;
    return 0;
}

/* ---- environments ---- */

int component__link_env(struct link *link, const struct component_scope *scope, struct link_env *parent,
                        struct link_env **ret)
{
    struct link_env *env = component__link_scratch(link, 1, sizeof *env);
    uint32_t total = 0, exports = 0;
    for (int sort = 0; sort < COMPONENT_SORT_COUNT; sort++)
        total += scope->counts[sort]; /* at most 12 times COMPONENT_INDEX_SPACE_MAX */
    for (uint32_t i = 0; i < scope->def_count; i++)
        exports += scope->defs[i].kind == COMPONENT_DEF_EXPORT;
    struct link_value *values = component__link_scratch(link, total, sizeof *values);
    if (!env || !values)
        return link->rc;
    env->exports = component__link_scratch(link, exports, sizeof *env->exports);
    if (!env->exports)
        return link->rc;
    for (int sort = 0; sort < COMPONENT_SORT_COUNT; sort++) {
        env->spaces[sort] = values;
        values += scope->counts[sort];
    }
    env->scope = scope;
    env->parent = parent;
    env->instance = parent ? parent->instance : 0;
    env->core_base = parent ? parent->core_base : 0;
    env->principal = parent ? parent->principal : 0;
    *ret = env;
    return component__link_steps(link, (uint64_t)total + scope->def_count + 1);
}

void component__link_define(struct link_env *env, struct link_value value)
{
    assert(env->counts[value.sort] < env->scope->counts[value.sort]);
    env->spaces[value.sort][env->counts[value.sort]++] = value;
}

const struct link_value *component__link_get(const struct link_env *env, enum component_sort sort,
                                             uint32_t index)
{
    assert(index < env->counts[sort]); /* the decoder has seen to it */
    return &env->spaces[sort][index];
}

/* ---- definitions ---- */

static int instance_alias(struct link *link, struct link_env *env, const struct component_def *def)
{
    const struct component_alias *alias = def->alias;
    const struct link_value *found = NULL;
    const struct link_instance *instance =
        component__link_get(env, COMPONENT_SORT_INSTANCE, alias->instance)->instance;
    int rc = component__instance_find(link, instance, alias->name, &found);
    if (rc < 0)
        return rc;
    if (rc == SW_ABSENT)
        return component__link_bad(link, def->at, "instance %u has no export '" SW_FMT "'", alias->instance,
                                   SW_ARG(alias->name));
    if (found->sort != def->sort)
        return component__link_bad(link, def->at, "export '" SW_FMT "' of instance %u is a %s, expected a %s",
                                   SW_ARG(alias->name), alias->instance, component_sort_name(found->sort),
                                   component_sort_name(def->sort));
    component__link_define(env, *found);
    return 0;
}

static int run_alias(struct link *link, struct link_env *env, const struct component_def *def)
{
    const struct link_env *target = env;
    switch (def->alias->form) {
    case COMPONENT_ALIAS_EXPORT:
        return instance_alias(link, env, def);
    case COMPONENT_ALIAS_CORE_EXPORT:
        return component__link_core_alias(link, env, def);
    case COMPONENT_ALIAS_OUTER:
        break;
    }
    for (uint32_t i = 0; i < def->alias->outer; i++) {
        assert(target->parent); /* validated: so deep it is nested */
        target = target->parent;
    }
    component__link_define(env, *component__link_get(target, def->sort, def->alias->index));
    return 0;
}

static int written_out(struct link *link, const struct link_env *env, const struct component_def *def,
                       const struct link_instance **ret)
{
    uint32_t count = def->instance->item_count;
    struct link_instance *instance = component__link_scratch(link, 1, sizeof *instance);
    struct link_export *exports = component__link_scratch(link, count, sizeof *exports);
    if (!instance || !exports)
        return link->rc;
    for (uint32_t i = 0; i < count; i++) {
        const struct component_named *item = &def->instance->items[i];
        exports[i] =
            (struct link_export){item->name, *component__link_get(env, item->what.sort, item->what.index)};
    }
    instance->exports = exports;
    instance->count = count;
    *ret = instance;
    int rc = component__link_steps(link, count);
    return rc < 0 ? rc : component__names_init(link, &instance->names, exports, sizeof *exports, count);
}

static int run_instance(struct link *link, struct link_env *env, const struct component_def *def)
{
    const struct link_instance *items = NULL, *instance = NULL;
    int rc = written_out(link, env, def, &items); /* the exports, or the arguments */
    if (rc < 0)
        return rc;
    if (!def->instance->is_inline) {
        rc = component__link_enter(link, def->at);
        if (rc < 0)
            return rc;
        struct link_instantiation by = {.parent = env->instance, .args = items};
        rc = component__link_instantiate(
            link, component__link_get(env, COMPONENT_SORT_COMPONENT, def->instance->target), &by, &instance);
        link->depth--;
        if (rc < 0)
            return rc;
    }
    component__link_define(
        env, (struct link_value){.sort = COMPONENT_SORT_INSTANCE, .instance = instance ? instance : items});
    return 0;
}

static int run_import(struct link *link, struct link_env *env, const struct component_def *def)
{
    const struct component_port *port = def->port;
    struct link_host_import import;
    struct link_match match = {.env = env, .type = &port->type, .name = port->name.name, .at = def->at};
    struct link_value value;
    int rc = component__compose_import(link, &match, def, &value);
    if (rc == 0)
        component__link_define(env, value);
    if (rc != SW_ABSENT)
        return rc;
    if (env->args) {
        rc = component__instance_find(link, env->args, port->name.name, &match.source.value);
        if (rc == SW_ABSENT)
            return component__link_bad(
                link, def->at, "a nested component imports '" SW_FMT "', which is not among its arguments",
                SW_ARG(port->name.name));
    } else {
        rc = component__host_import(link, port, &import);
        match.source.host = &import;
    }
    if (rc == 0)
        rc = component__link_match(link, &match, &value);
    if (rc < 0)
        return rc;
    component__link_define(env, value);
    return 0;
}

static int export_as(struct link_env *env, struct sw_str name, struct link_value value)
{
    component__link_define(env, value); /* an export has an index of its own */
    env->exports[env->export_count++] = (struct link_export){name, value};
    return 0;
}

/* An export of an instance type: what the source gives at that name, at the type it is declared with. */
static int run_declared(struct link *link, struct link_env *env, const struct component_def *def)
{
    const struct component_port *port = def->port;
    struct link_match match = {
        .env = env, .type = &port->type, .source = env->source, .name = port->name.name, .at = def->at};
    struct link_value value;
    int rc = 0;
    if (env->source.value) {
        rc =
            component__instance_find(link, env->source.value->instance, port->name.name, &match.source.value);
        if (rc == SW_ABSENT)
            return component__link_bad(link, def->at,
                                       "an instance lacks the export '" SW_FMT "' that its type has",
                                       SW_ARG(port->name.name));
    } else if (port->type.sort == COMPONENT_SORT_INSTANCE) {
        return sw_fail(link->err, SW_EINPUT,
                       "imports '" SW_FMT "' with an instance '" SW_FMT "' in it, which no host provides",
                       SW_ARG(env->source.host->name), SW_ARG(port->name.name));
    }
    if (rc == 0)
        rc = component__link_match(link, &match, &value);
    return rc < 0 ? rc : export_as(env, port->name.name, value);
}

static int run_export(struct link *link, struct link_env *env, const struct component_def *def)
{
    const struct component_port *port = def->port;
    if (env->scope->kind != COMPONENT_SCOPE_COMPONENT)
        return run_declared(link, env, def);
    const struct link_value *value = component__link_get(env, port->what.sort, port->what.index);
    struct link_value narrowed = *value;
    if (port->has_type) {
        struct link_match match = {.env = env,
                                   .type = &port->type,
                                   .source = {.value = value},
                                   .name = port->name.name,
                                   .at = def->at};
        int rc = component__link_match(link, &match, &narrowed);
        if (rc < 0)
            return rc;
    }
    return export_as(env, port->name.name, narrowed);
}

static int run_def(struct link *link, struct link_env *env, const struct component_def *def)
{
    switch (def->kind) {
    case COMPONENT_DEF_CORE_MODULE:
        component__link_define(env, (struct link_value){.sort = COMPONENT_SORT_CORE_MODULE,
                                                        .module = env->core_base + def->core});
        return 0;
    case COMPONENT_DEF_COMPONENT:
        component__link_define(env, (struct link_value){.sort = COMPONENT_SORT_COMPONENT,
                                                        .component = {.scope = def->component, .env = env}});
        return 0;
    case COMPONENT_DEF_CORE_TYPE:
        component__link_define(
            env, (struct link_value){.sort = COMPONENT_SORT_CORE_TYPE, .core_type = def->core_type});
        return 0;
    case COMPONENT_DEF_CORE_INSTANCE:
        return component__link_core_instance(link, env, def);
    case COMPONENT_DEF_INSTANCE:
        return run_instance(link, env, def);
    case COMPONENT_DEF_ALIAS:
        return run_alias(link, env, def);
    case COMPONENT_DEF_TYPE:
        return component__link_type_def(link, env, def);
    case COMPONENT_DEF_CANON:
        return component__link_canon(link, env, def);
    case COMPONENT_DEF_IMPORT:
        return run_import(link, env, def);
    case COMPONENT_DEF_EXPORT:
        return run_export(link, env, def);
    }
    return sw_fail(link->err, SW_EBUG, "unknown definition");
}

int component__link_run(struct link *link, struct link_env *env)
{
    for (uint32_t i = 0; i < env->scope->def_count; i++) {
        int rc = run_def(link, env, &env->scope->defs[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int number_instance(struct link *link, uint32_t parent, uint32_t *ret)
{
    struct component_plan *plan = link->plan;
    if (plan->component_instance_count >= COMPONENT_INSTANCES_MAX)
        return sw_fail(link->err, SW_ELIMIT, "more than %d component instances", COMPONENT_INSTANCES_MAX);
    uint32_t *parents = component__link_room(link, link->parents, plan->component_instance_count,
                                             &link->parent_cap, sizeof *parents);
    if (!parents)
        return link->rc;
    link->parents = parents;
    plan->instance_parents = parents;
    parents[plan->component_instance_count] = parent;
    *ret = plan->component_instance_count++;
    return 0;
}

int component__link_instantiate(struct link *link, const struct link_value *component,
                                const struct link_instantiation *by, const struct link_instance **ret)
{
    struct link_env *env = NULL;
    struct link_instance *instance = component__link_scratch(link, 1, sizeof *instance);
    if (!instance)
        return link->rc;
    int rc = component__link_env(link, component->component.scope, component->component.env, &env);
    if (rc == 0)
        rc = number_instance(link, by->parent, &env->instance);
    if (rc < 0)
        return rc;
    env->args = by->args;
    if (!env->parent) {
        env->core_base = by->core_base;
        env->principal = by->principal;
    }
    rc = component__link_run(link, env);
    if (rc < 0)
        return rc;
    instance->exports = env->exports;
    instance->count = env->export_count;
    *ret = instance;
    return component__names_init(link, &instance->names, instance->exports, sizeof *instance->exports,
                                 instance->count);
}
