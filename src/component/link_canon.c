/* link_canon.c - canonical definitions: lifts and lowerings, and the options of all.  Room: component.
 *
 * Source: CanonicalABI.md, "canonopt Validation", "canon lift", "canon lower". */
#include "component/limits.h"
#include "component/link.h"

static const struct link_flat realloc_type = {.params = {ENGINE_I32, ENGINE_I32, ENGINE_I32, ENGINE_I32},
                                              .results = {ENGINE_I32},
                                              .param_count = 4,
                                              .result_count = 1};

int component__link_memory(struct link *link, const struct link_canon *canon, uint32_t index,
                           struct component_options *ret)
{
    const struct link_core_extern *memory =
        component__link_get(canon->env, COMPONENT_SORT_CORE_MEMORY, index)->core;
    if (memory->limits->is_64)
        return component__link_bad(link, canon->def->at,
                                   "uses a 64-bit memory for canon %s, which comes with a later version",
                                   canon->def->canon->name);
    if (memory->limits->shared)
        return component__link_bad(link, canon->def->at,
                                   "uses a shared memory for canon %s, which is not allowed",
                                   canon->def->canon->name);
    ret->has_memory = true;
    ret->memory_instance = memory->instance;
    ret->memory_name = memory->name;
    return 0;
}

static int callback_option(struct link *link, const struct link_canon *canon, struct component_options *ret)
{
    static const struct link_flat callback_type = {.params = {ENGINE_I32, ENGINE_I32, ENGINE_I32},
                                                   .results = {ENGINE_I32},
                                                   .param_count = 3,
                                                   .result_count = 1};
    const struct component_canon *def = canon->def->canon;
    if (def->form != COMPONENT_CANON_LIFT || !def->options.is_async)
        return component__link_bad(link, canon->def->at, "canon %s has the option callback", def->name);
    const struct link_core_extern *callback =
        component__link_get(canon->env, COMPONENT_SORT_CORE_FUNC, def->options.callback)->core;
    ret->callback = callback->func;
    return component__flat_check(link, canon->def->at, "the option callback", callback->func_type,
                                 &callback_type);
}

int component__link_options(struct link *link, const struct link_canon *canon, struct component_options *ret)
{
    const struct component_canon *def = canon->def->canon;
    const struct component_canon_options *given = &def->options;
    *ret = (struct component_options){.encoding = given->encoding,
                                      .has_memory = given->has_memory,
                                      .has_realloc = given->has_realloc,
                                      .has_post_return = given->has_post_return,
                                      .has_callback = given->has_callback,
                                      .is_async = given->is_async};
    if (given->has_post_return && def->form != COMPONENT_CANON_LIFT)
        return component__link_bad(link, canon->def->at, "canon %s has the option post-return", def->name);
    if (given->has_realloc && !given->has_memory)
        return component__link_bad(link, canon->def->at, "canon %s has the option realloc without memory",
                                   def->name);
    int rc = 0;
    if (given->has_memory)
        rc = component__link_memory(link, canon, given->memory, ret);
    if (rc == 0 && given->has_realloc) {
        const struct link_core_extern *realloc =
            component__link_get(canon->env, COMPONENT_SORT_CORE_FUNC, given->realloc)->core;
        ret->realloc = realloc->func;
        rc = component__flat_check(link, canon->def->at, "the option realloc", realloc->func_type,
                                   &realloc_type);
    }
    return rc < 0 || !given->has_callback ? rc : callback_option(link, canon, ret);
}

static bool params_have_pointer(const struct component_types *types, const struct component_func_type *func)
{
    for (uint32_t i = 0; i < func->param_count; i++)
        if (component_type_of(types, func->params[i].type)->has_pointer)
            return true;
    return false;
}

/* What crosses through memory needs the options for it: what goes into this component's memory needs realloc too. */
static int check_needs(struct link *link, const struct link_canon *canon,
                       const struct component_func_type *func, const struct component_options *options)
{
    bool lift = canon->def->canon->form == COMPONENT_CANON_LIFT;
    uint32_t flat_max = !lift && options->is_async ? COMPONENT_ASYNC_FLAT_MAX : COMPONENT_FLAT_MAX;
    bool params = params_have_pointer(link->plan->types, func) || func->flat_param_count > flat_max;
    bool result_pointer =
        func->result != COMPONENT_NO_TYPE && component_type_of(link->plan->types, func->result)->has_pointer;
    bool needs_realloc = lift ? params : result_pointer;
    uint32_t result_max = !options->is_async ? 1 : lift ? COMPONENT_FLAT_MAX : 0;
    bool needs_memory = params || result_pointer || func->flat_result_count > result_max;
    if (needs_memory && !options->has_memory)
        return component__link_bad(link, canon->def->at,
                                   "canon %s needs the option memory for its parameters or result",
                                   canon->def->canon->name);
    if (needs_realloc && !options->has_realloc)
        return component__link_bad(link, canon->def->at, "canon %s needs the option realloc for its %s",
                                   canon->def->canon->name, lift ? "parameters" : "result");
    return 0;
}

static int check_post_return(struct link *link, const struct link_canon *canon,
                             const struct link_flat *lifted, struct component_options *options)
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

static int lift(struct link *link, const struct link_canon *canon)
{
    struct component_plan *plan = link->plan;
    const struct component_def *def = canon->def;
    const struct link_type *type = NULL;
    struct component_lift made = {.instance = canon->env->instance};
    struct link_flat flat;
    int rc = component__link_type_at(link, canon->env, def->canon->type, LINK_TYPE_FUNC, def->at, &type);
    if (rc == 0)
        rc = component__link_options(link, canon, &made.options);
    if (rc == 0)
        rc = check_needs(link, canon, type->func, &made.options);
    if (rc < 0)
        return rc;
    const struct link_core_extern *callee =
        component__link_get(canon->env, COMPONENT_SORT_CORE_FUNC, def->canon->func)->core;
    component__flat_of(plan->types, type->func, false, &flat);
    if (made.options.is_async)
        component__flat_lift_async(made.options.has_callback, &flat);
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

int component__link_core_func(struct link *link, struct link_env *env, struct component_core_func func,
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

static bool is_anytime(const struct component_host *host, const struct component_host_func *func)
{
    for (uint32_t i = 0; func && i < host->anytime_count; i++)
        if (host->anytime[i] == func->fn)
            return true;
    return false;
}

static int lower(struct link *link, const struct link_canon *canon)
{
    struct component_plan *plan = link->plan;
    const struct component_func *func =
        component__link_get(canon->env, COMPONENT_SORT_FUNC, canon->def->canon->func)->func;
    struct component_lowering made = {.instance = canon->env->instance, .callee = *func};
    struct link_flat flat;
    int rc = component__link_options(link, canon, &made.options);
    if (rc == 0)
        rc = check_needs(link, canon, func->type, &made.options);
    if (rc < 0)
        return rc;
    struct component_lowering *items =
        component__link_room(link, plan->lowerings, plan->lowering_count, &link->lowering_cap, sizeof *items);
    if (!items)
        return link->rc;
    plan->lowerings = items;
    made.anytime = func->kind == COMPONENT_FUNC_HOST && is_anytime(link->host, func->host);
    items[plan->lowering_count] = made;
    component__flat_of(plan->types, func->type, true, &flat);
    if (made.options.is_async)
        component__flat_lower_async(func->type, ENGINE_I32, &flat);
    return component__link_core_func(
        link, canon->env,
        (struct component_core_func){COMPONENT_CORE_LOWERING, plan->lowering_count++, SW_LIT("")}, &flat);
}

int component__link_canon(struct link *link, struct link_env *env, const struct component_def *def)
{
    const struct link_canon canon = {env, def};
    switch (def->canon->form) {
    case COMPONENT_CANON_LIFT:
        return lift(link, &canon);
    case COMPONENT_CANON_LOWER:
        return lower(link, &canon);
    case COMPONENT_CANON_RESOURCE_NEW:
    case COMPONENT_CANON_RESOURCE_DROP:
    case COMPONENT_CANON_RESOURCE_REP:
    case COMPONENT_CANON_ASYNC:
        break;
    }
    return component__link_builtin(link, &canon);
}
