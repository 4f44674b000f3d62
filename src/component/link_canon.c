/* link_canon.c - canonical definitions: lifts, lowerings, resource built-ins.  Room: component.
 *
 * Source: CanonicalABI.md, "canonopt Validation", "canon lift", "canon lower", "canon resource.new/drop/rep". */
#include "component/limits.h"
#include "component/link.h"

static const struct link_flat realloc_type = {.params = {ENGINE_I32, ENGINE_I32, ENGINE_I32, ENGINE_I32},
                                              .results = {ENGINE_I32},
                                              .param_count = 4,
                                              .result_count = 1};

struct canon { /* a definition being linked */
    struct link_env *env;
    const struct component_def *def;
};

static int memory_option(struct link *link, const struct canon *canon, struct component_options *ret)
{
    const struct component_canon_options *given = &canon->def->canon->options;
    const struct link_core_extern *memory =
        component__link_get(canon->env, COMPONENT_SORT_CORE_MEMORY, given->memory)->core;
    if (memory->limits->is_64)
        return component__link_bad(link, canon->def->at,
                                   "uses a 64-bit memory for canon %s, which comes with a later version",
                                   canon->def->canon->name);
    if (memory->limits->shared)
        return component__link_bad(link, canon->def->at,
                                   "uses a shared memory for canon %s, which is not allowed",
                                   canon->def->canon->name);
    ret->memory_instance = memory->instance;
    ret->memory_name = memory->name;
    return 0;
}

static int options_of(struct link *link, const struct canon *canon, struct component_options *ret)
{
    const struct component_canon *def = canon->def->canon;
    const struct component_canon_options *given = &def->options;
    *ret = (struct component_options){.encoding = given->encoding,
                                      .has_memory = given->has_memory,
                                      .has_realloc = given->has_realloc,
                                      .has_post_return = given->has_post_return};
    if (given->is_async || given->has_callback)
        return component__link_bad(link, canon->def->at,
                                   "uses the canonical option '%s' of %s, which comes with a later version",
                                   given->is_async ? "async" : "callback", def->name);
    if (given->has_post_return && def->form != COMPONENT_CANON_LIFT)
        return component__link_bad(link, canon->def->at, "canon %s has the option post-return", def->name);
    if (given->has_realloc && !given->has_memory)
        return component__link_bad(link, canon->def->at, "canon %s has the option realloc without memory",
                                   def->name);
    int rc = 0;
    if (given->has_memory)
        rc = memory_option(link, canon, ret);
    if (rc == 0 && given->has_realloc) {
        const struct link_core_extern *realloc =
            component__link_get(canon->env, COMPONENT_SORT_CORE_FUNC, given->realloc)->core;
        ret->realloc = realloc->func;
        rc = component__flat_check(link, canon->def->at, "the option realloc", realloc->func_type,
                                   &realloc_type);
    }
    return rc;
}

static bool params_have_pointer(const struct component_types *types, const struct component_func_type *func)
{
    for (uint32_t i = 0; i < func->param_count; i++)
        if (component_type_of(types, func->params[i].type)->has_pointer)
            return true;
    return false;
}

/* What crosses through memory needs the options for it: what goes into this component's memory needs realloc too. */
static int check_needs(struct link *link, const struct canon *canon, const struct component_func_type *func,
                       const struct component_options *options)
{
    bool lift = canon->def->canon->form == COMPONENT_CANON_LIFT;
    bool params = params_have_pointer(link->plan->types, func) || func->flat_param_count > COMPONENT_FLAT_MAX;
    bool result_pointer =
        func->result != COMPONENT_NO_TYPE && component_type_of(link->plan->types, func->result)->has_pointer;
    bool needs_realloc = lift ? params : result_pointer;
    bool needs_memory = params || result_pointer || func->flat_result_count > 1;
    if (needs_memory && !options->has_memory)
        return component__link_bad(link, canon->def->at,
                                   "canon %s needs the option memory for its parameters or result",
                                   canon->def->canon->name);
    if (needs_realloc && !options->has_realloc)
        return component__link_bad(link, canon->def->at, "canon %s needs the option realloc for its %s",
                                   canon->def->canon->name, lift ? "parameters" : "result");
    return 0;
}

static int check_post_return(struct link *link, const struct canon *canon, const struct link_flat *lifted,
                             struct component_options *options)
{
    if (!options->has_post_return)
        return 0;
    struct link_flat want = {.param_count = lifted->result_count};
    memcpy(want.params, lifted->results, lifted->result_count);
    const struct link_core_extern *post_return =
        component__link_get(canon->env, COMPONENT_SORT_CORE_FUNC, canon->def->canon->options.post_return)
            ->core;
    options->post_return = post_return->func;
    return component__flat_check(link, canon->def->at, "the option post-return", post_return->func_type,
                                 &want);
}

static int define_func(struct link *link, struct link_env *env, struct component_func func)
{
    struct component_func *kept = component__link_scratch(link, 1, sizeof *kept);
    if (!kept)
        return link->rc;
    *kept = func;
    component__link_define(env, (struct link_value){.sort = COMPONENT_SORT_FUNC, .func = kept});
    return 0;
}

static int lift(struct link *link, const struct canon *canon)
{
    struct component_plan *plan = link->plan;
    const struct component_def *def = canon->def;
    const struct link_type *type = NULL;
    struct component_lift made = {.instance = canon->env->instance};
    struct link_flat flat;
    int rc = component__link_type_at(link, canon->env, def->canon->type, LINK_TYPE_FUNC, def->at, &type);
    if (rc == 0)
        rc = options_of(link, canon, &made.options);
    if (rc == 0)
        rc = check_needs(link, canon, type->func, &made.options);
    if (rc < 0)
        return rc;
    const struct link_core_extern *callee =
        component__link_get(canon->env, COMPONENT_SORT_CORE_FUNC, def->canon->func)->core;
    component__flat_of(plan->types, type->func, false, &flat);
    rc = component__flat_check(link, def->at, "a lifted function", callee->func_type, &flat);
    if (rc == 0)
        rc = check_post_return(link, canon, &flat, &made.options);
    if (rc < 0)
        return rc;
    made.callee = callee->func;
    made.type = type->func;
    struct component_lift *items =
        component__link_room(link, plan->lifts, plan->lift_count, &link->lift_cap, sizeof *items);
    if (!items)
        return link->rc;
    plan->lifts = items;
    items[plan->lift_count] = made;
    return define_func(
        link, canon->env,
        (struct component_func){.kind = COMPONENT_FUNC_LIFT, .lift = plan->lift_count++, .type = type->func});
}

static int define_core_func(struct link *link, struct link_env *env, struct component_core_func func,
                            const struct link_flat *flat)
{
    struct link_core_extern *kept = component__link_scratch(link, 1, sizeof *kept);
    if (!kept)
        return link->rc;
    kept->kind = ENGINE_CORE_FUNC;
    kept->func = func;
    int rc = component__flat_functype(link, flat, &kept->func_type);
    if (rc == 0)
        component__link_define(env, (struct link_value){.sort = COMPONENT_SORT_CORE_FUNC, .core = kept});
    return rc;
}

static int lower(struct link *link, const struct canon *canon)
{
    struct component_plan *plan = link->plan;
    const struct component_func *func =
        component__link_get(canon->env, COMPONENT_SORT_FUNC, canon->def->canon->func)->func;
    struct component_lowering made = {.instance = canon->env->instance, .callee = *func};
    struct link_flat flat;
    int rc = options_of(link, canon, &made.options);
    if (rc == 0)
        rc = check_needs(link, canon, func->type, &made.options);
    if (rc < 0)
        return rc;
    struct component_lowering *items =
        component__link_room(link, plan->lowerings, plan->lowering_count, &link->lowering_cap, sizeof *items);
    if (!items)
        return link->rc;
    plan->lowerings = items;
    items[plan->lowering_count] = made;
    component__flat_of(plan->types, func->type, true, &flat);
    return define_core_func(
        link, canon->env,
        (struct component_core_func){COMPONENT_CORE_LOWERING, plan->lowering_count++, SW_LIT("")}, &flat);
}

static int resource_builtin(struct link *link, const struct canon *canon, enum component_builtin_kind kind)
{
    static const struct link_flat flats[] = {
        [COMPONENT_RESOURCE_NEW] = {.params = {ENGINE_I32},
                                    .results = {ENGINE_I32},
                                    .param_count = 1,
                                    .result_count = 1},
        [COMPONENT_RESOURCE_DROP] = {.params = {ENGINE_I32}, .param_count = 1},
        [COMPONENT_RESOURCE_REP] = {.params = {ENGINE_I32},
                                    .results = {ENGINE_I32},
                                    .param_count = 1,
                                    .result_count = 1},
    };
    struct component_plan *plan = link->plan;
    const struct component_def *def = canon->def;
    const struct link_type *type = NULL;
    int rc = component__link_type_at(link, canon->env, def->canon->type, LINK_TYPE_RESOURCE, def->at, &type);
    if (rc < 0)
        return rc;
    const struct component_resource *resource = &plan->resources[type->number];
    if (kind != COMPONENT_RESOURCE_DROP && (resource->is_host || resource->instance != canon->env->instance))
        return component__link_bad(
            link, def->at, "canon %s of a resource that this component does not define", def->canon->name);
    struct component_builtin *items =
        component__link_room(link, plan->builtins, plan->builtin_count, &link->builtin_cap, sizeof *items);
    if (!items)
        return link->rc;
    plan->builtins = items;
    items[plan->builtin_count] = (struct component_builtin){kind, canon->env->instance, type->number};
    return define_core_func(
        link, canon->env,
        (struct component_core_func){COMPONENT_CORE_BUILTIN, plan->builtin_count++, SW_LIT("")},
        &flats[kind]);
}

int component__link_canon(struct link *link, struct link_env *env, const struct component_def *def)
{
    struct canon canon = {env, def};
    switch (def->canon->form) {
    case COMPONENT_CANON_LIFT:
        return lift(link, &canon);
    case COMPONENT_CANON_LOWER:
        return lower(link, &canon);
    case COMPONENT_CANON_RESOURCE_NEW:
        return resource_builtin(link, &canon, COMPONENT_RESOURCE_NEW);
    case COMPONENT_CANON_RESOURCE_DROP:
        return resource_builtin(link, &canon, COMPONENT_RESOURCE_DROP);
    case COMPONENT_CANON_RESOURCE_REP:
        return resource_builtin(link, &canon, COMPONENT_RESOURCE_REP);
    case COMPONENT_CANON_ASYNC:
        break;
    }
    return component__link_bad(link, def->at, "uses the async built-in %s, which comes with a later version",
                               def->canon->name);
}
