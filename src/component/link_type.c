/* link_type.c - type definitions made into interned types, and things matched against the types they are imported at.
 * Room: component.  Source: Explainer.md, "Type Checking"; Binary.md, "Type Definitions". */
#include "component/limits.h"
#include "component/link.h"

static const char *type_kind_name(enum link_type_kind kind)
{
    switch (kind) {
    case LINK_TYPE_VALUE:
        return "a value type";
    case LINK_TYPE_FUNC:
        return "a function type";
    case LINK_TYPE_RESOURCE:
        return "a resource type";
    case LINK_TYPE_INSTANCE:
        return "an instance type";
    case LINK_TYPE_COMPONENT:
        return "a component type";
    }
    return "a type";
}

int component__link_type_at(struct link *link, const struct link_env *env, uint32_t index,
                            enum link_type_kind kind, uint32_t at, const struct link_type **ret)
{
    const struct link_type *type = component__link_get(env, COMPONENT_SORT_TYPE, index)->type;
    if (type->kind != kind)
        return component__link_bad(link, at, "type %u is %s, expected %s", index, type_kind_name(type->kind),
                                   type_kind_name(kind));
    *ret = type;
    return 0;
}

static int define_type(struct link *link, struct link_env *env, struct link_type type)
{
    struct link_type *kept = component__link_scratch(link, 1, sizeof *kept);
    if (!kept)
        return link->rc;
    *kept = type;
    component__link_define(env, (struct link_value){.sort = COMPONENT_SORT_TYPE, .type = kept});
    return 0;
}

/* ---- value types ---- */

int component__link_ref(struct link *link, const struct link_env *env, struct component_ref ref, uint32_t at,
                        uint32_t *ret)
{
    const struct link_type *type = NULL;
    switch (ref.form) {
    case COMPONENT_REF_NONE:
        *ret = COMPONENT_NO_TYPE;
        return 0;
    case COMPONENT_REF_PRIMITIVE:
        *ret = ref.value;
        return 0;
    case COMPONENT_REF_INDEX:
        break;
    }
    int rc = component__link_type_at(link, env, ref.value, LINK_TYPE_VALUE, at, &type);
    if (rc == 0)
        *ret = type->number;
    return rc;
}

static int fields_of(struct link *link, const struct link_env *env, const struct component_def *def,
                     struct component_case **ret_cases)
{
    const struct component_ast *ast = def->type;
    struct component_case *cases = component__link_scratch(link, ast->field_count, sizeof *cases);
    if (!cases)
        return link->rc;
    int rc = component__link_steps(link, ast->field_count);
    for (uint32_t i = 0; rc == 0 && i < ast->field_count; i++) {
        cases[i].name = ast->fields[i].name;
        rc = component__link_ref(link, env, ast->fields[i].type, def->at, &cases[i].type);
    }
    *ret_cases = cases;
    return rc;
}

static int shape_of(struct link *link, const struct link_env *env, const struct component_def *def,
                    struct component_type *shape, struct component_case pair[2])
{
    const struct component_ast *ast = def->type;
    const struct link_type *resource = NULL;
    struct component_case *cases = NULL;
    int rc = 0;
    *shape = (struct component_type){.kind = ast->kind, .elem = COMPONENT_NO_TYPE, .length = ast->length};
    if (ast->kind == COMPONENT_OWN || ast->kind == COMPONENT_BORROW) {
        rc = component__link_type_at(link, env, ast->elem.value, LINK_TYPE_RESOURCE, def->at, &resource);
        if (rc == 0)
            shape->elem = resource->number;
        return rc;
    }
    if (ast->kind == COMPONENT_OPTION || ast->kind == COMPONENT_RESULT) {
        bool option = ast->kind == COMPONENT_OPTION;
        pair[0] = (struct component_case){option ? SW_LIT("none") : SW_LIT("ok"), COMPONENT_NO_TYPE, 0};
        pair[1] = (struct component_case){option ? SW_LIT("some") : SW_LIT("error"), COMPONENT_NO_TYPE, 0};
        rc = component__link_ref(link, env, ast->elem, def->at, &pair[option ? 1 : 0].type);
        if (rc == 0 && !option)
            rc = component__link_ref(link, env, ast->error, def->at, &pair[1].type);
        shape->cases = pair;
        shape->case_count = 2;
        return rc;
    }
    if (ast->field_count) {
        rc = fields_of(link, env, def, &cases);
        shape->cases = cases;
        shape->case_count = ast->field_count;
        return rc;
    }
    return component__link_ref(link, env, ast->elem, def->at, &shape->elem);
}

static int value_type(struct link *link, struct link_env *env, const struct component_def *def)
{
    struct component_type shape;
    struct component_case pair[2];
    uint32_t number = 0;
    int rc = shape_of(link, env, def, &shape, pair);
    if (rc < 0)
        return rc;
    rc = component_types_intern(link->plan->types, &shape, &number, link->err);
    if (rc < 0)
        return sw_wrap(link->err, "type at byte 0x%x", def->at);
    return define_type(link, env, (struct link_type){.kind = LINK_TYPE_VALUE, .number = number});
}

/* map<K, V> is list<tuple<K, V>> in all but name. */
static int map_type(struct link *link, struct link_env *env, const struct component_def *def)
{
    struct component_case pair[2] = {{.type = COMPONENT_NO_TYPE}, {.type = COMPONENT_NO_TYPE}};
    struct component_type entry = {.kind = COMPONENT_TUPLE,
                                   .elem = COMPONENT_NO_TYPE,
                                   .length = COMPONENT_MAP,
                                   .cases = pair,
                                   .case_count = 2};
    struct component_type map = {.kind = COMPONENT_LIST, .length = COMPONENT_MAP};
    uint32_t number = 0;
    int rc = component__link_ref(link, env, def->type->elem, def->at, &pair[0].type);
    if (rc == 0)
        rc = component__link_ref(link, env, def->type->error, def->at, &pair[1].type);
    if (rc == 0)
        rc = component_types_intern(link->plan->types, &entry, &map.elem, link->err);
    if (rc == 0)
        rc = component_types_intern(link->plan->types, &map, &number, link->err);
    if (rc < 0)
        return sw_wrap(link->err, "type at byte 0x%x", def->at);
    return define_type(link, env, (struct link_type){.kind = LINK_TYPE_VALUE, .number = number});
}

static int func_type(struct link *link, struct link_env *env, const struct component_def *def)
{
    struct component_func_type *func = SW_ARENA_NEW(&link->plan->arena, struct component_func_type);
    if (!func)
        return sw_arena_fail(&link->plan->arena, sizeof *func, link->err);
    struct component_case *params = NULL;
    int rc = fields_of(link, env, def, &params);
    if (rc == 0)
        rc = component__link_ref(link, env, def->type->elem, def->at, &func->result);
    if (rc < 0)
        return rc;
    func->params = params;
    func->param_count = def->type->field_count;
    func->is_async = def->type->is_async;
    rc = component_func_type_complete(link->plan->types, func, link->err);
    if (rc < 0)
        return sw_wrap(link->err, "type at byte 0x%x", def->at);
    return define_type(link, env, (struct link_type){.kind = LINK_TYPE_FUNC, .func = func});
}

/* ---- resources ---- */

int component__link_resource_add(struct link *link, struct component_resource resource, uint32_t *ret)
{
    struct component_plan *plan = link->plan;
    struct component_resource *items =
        component__link_room(link, plan->resources, plan->resource_count, &link->resource_cap, sizeof *items);
    if (!items)
        return link->rc;
    plan->resources = items;
    items[plan->resource_count] = resource;
    *ret = plan->resource_count++;
    return 0;
}

static int resource_type(struct link *link, struct link_env *env, const struct component_def *def)
{
    static const struct link_flat dtor_type = {.params = {ENGINE_I32}, .param_count = 1};
    struct component_resource resource = {.instance = env->instance, .has_dtor = def->type->has_dtor};
    if (def->type->rep != ENGINE_I32)
        return component__link_bad(link, def->at,
                                   "uses a resource represented by i64, which comes with a later version");
    if (resource.has_dtor) {
        const struct link_core_extern *dtor =
            component__link_get(env, COMPONENT_SORT_CORE_FUNC, def->type->dtor)->core;
        int rc = component__flat_check(link, def->at, "a destructor", dtor->func_type, &dtor_type);
        if (rc < 0)
            return rc;
        resource.dtor = dtor->func;
    }
    uint32_t number = 0;
    int rc = component__link_resource_add(link, resource, &number);
    if (rc < 0)
        return rc;
    return define_type(link, env, (struct link_type){.kind = LINK_TYPE_RESOURCE, .number = number});
}

int component__link_type_def(struct link *link, struct link_env *env, const struct component_def *def)
{
    switch (def->type->form) {
    case COMPONENT_AST_VALUE:
        return value_type(link, env, def);
    case COMPONENT_AST_FUNC:
        return func_type(link, env, def);
    case COMPONENT_AST_RESOURCE:
        return resource_type(link, env, def);
    case COMPONENT_AST_COMPONENT:
        return define_type(
            link, env,
            (struct link_type){.kind = LINK_TYPE_COMPONENT, .scope = def->type->scope, .env = env});
    case COMPONENT_AST_INSTANCE:
        return define_type(
            link, env, (struct link_type){.kind = LINK_TYPE_INSTANCE, .scope = def->type->scope, .env = env});
    case COMPONENT_AST_MAP:
        return map_type(link, env, def);
    }
    return sw_fail(link->err, SW_EBUG, "unknown form of type");
}

/* ---- matching ---- */

static struct sw_str resource_name(void *arg, uint32_t resource)
{
    const struct link *link = arg;
    const struct component_resource *item = &link->plan->resources[resource];
    return item->is_host ? item->name : SW_LIT(""); /* empty: printed as its number */
}

int component__link_func_text(struct link *link, const struct component_func_type *func, struct sw_buf *out)
{
    return component_func_type_print(link->plan->types, func, resource_name, link, out, link->err);
}

static bool func_type_eq(const struct component_func_type *a, const struct component_func_type *b)
{
    if (a == b)
        return true;
    if (a->param_count != b->param_count || a->result != b->result || a->is_async != b->is_async)
        return false;
    for (uint32_t i = 0; i < a->param_count; i++)
        if (a->params[i].type != b->params[i].type || !sw_str_eq(a->params[i].name, b->params[i].name))
            return false;
    return true;
}

static int func_differs(struct link *link, const struct link_match *match,
                        const struct component_func_type *want, const struct component_func_type *got)
{
    sw_auto_buf want_text = SW_BUF(COMPONENT_TYPE_TEXT_MAX);
    sw_auto_buf got_text = SW_BUF(COMPONENT_TYPE_TEXT_MAX);
    int rc = component__link_func_text(link, want, &want_text);
    if (rc == 0)
        rc = component__link_func_text(link, got, &got_text);
    if (rc < 0)
        return rc;
    return component__link_bad(
        link, match->at, "'" SW_FMT "' is wanted as " SW_FMT ", but is given as " SW_FMT, SW_ARG(match->name),
        SW_ARG(sw_buf_str(&want_text)), SW_ARG(sw_buf_str(&got_text)));
}

static int match_func(struct link *link, const struct link_match *match, struct link_value *ret)
{
    const struct link_type *type = NULL;
    int rc = component__link_type_at(link, match->env, match->type->index, LINK_TYPE_FUNC, match->at, &type);
    if (rc < 0)
        return rc;
    if (!match->source.value)
        return component__host_func(link, match, type->func, ret);
    rc = component__link_steps(link, type->func->param_count);
    if (rc < 0)
        return rc;
    if (!func_type_eq(type->func, match->source.value->func->type))
        return func_differs(link, match, type->func, match->source.value->func->type);
    *ret = *match->source.value;
    return 0;
}

static bool type_eq(const struct link_type *a, const struct link_type *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case LINK_TYPE_VALUE:
    case LINK_TYPE_RESOURCE:
        return a->number == b->number;
    case LINK_TYPE_FUNC:
        return func_type_eq(a->func, b->func);
    case LINK_TYPE_INSTANCE:
    case LINK_TYPE_COMPONENT:
        return true; /* nothing is taken from them: what is made of them is checked then */
    }
    return false;
}

static int match_resource(struct link *link, const struct link_match *match, struct link_value *ret)
{
    const struct link_value *given = match->source.value;
    if (given) {
        if (given->type->kind != LINK_TYPE_RESOURCE)
            return component__link_bad(link, match->at,
                                       "'" SW_FMT "' is wanted as a resource type, but is given as %s",
                                       SW_ARG(match->name), type_kind_name(given->type->kind));
        *ret = *given;
        return 0;
    }
    struct link_type *type = component__link_scratch(link, 1, sizeof *type);
    if (!type)
        return link->rc;
    type->kind = LINK_TYPE_RESOURCE;
    int rc = component__host_resource(link, match, &type->number);
    *ret = (struct link_value){.sort = COMPONENT_SORT_TYPE, .type = type};
    return rc;
}

static int match_type(struct link *link, const struct link_match *match, struct link_value *ret)
{
    if (match->type->is_resource)
        return match_resource(link, match, ret);
    const struct link_value *want = component__link_get(match->env, COMPONENT_SORT_TYPE, match->type->index);
    if (match->source.value && !type_eq(want->type, match->source.value->type))
        return component__link_bad(link, match->at,
                                   "type '" SW_FMT "' is not the type that it is said to equal",
                                   SW_ARG(match->name));
    *ret = *want;
    return 0;
}

static int match_instance(struct link *link, const struct link_match *match, struct link_value *ret)
{
    const struct link_type *type = NULL;
    int rc =
        component__link_type_at(link, match->env, match->type->index, LINK_TYPE_INSTANCE, match->at, &type);
    if (rc < 0)
        return rc;
    struct link_env *env = NULL;
    struct link_instance *instance = component__link_scratch(link, 1, sizeof *instance);
    if (!instance)
        return link->rc;
    rc = component__link_enter(link, match->at);
    if (rc == 0)
        rc = component__link_env(link, type->scope, type->env, &env);
    if (rc != 0)
        return rc;
    env->source = match->source;
    rc = component__link_run(link, env);
    link->depth--;
    if (rc < 0)
        return rc;
    instance->exports = env->exports;
    instance->count = env->export_count;
    rc = component__names_init(link, &instance->names, instance->exports, sizeof *instance->exports,
                               instance->count);
    *ret = (struct link_value){.sort = COMPONENT_SORT_INSTANCE, .instance = instance};
    return rc;
}

int component__link_match(struct link *link, const struct link_match *match, struct link_value *ret)
{
    const struct link_value *given = match->source.value;
    enum component_sort sort = match->type->sort;
    if (given && given->sort != sort)
        return component__link_bad(link, match->at, "'" SW_FMT "' is wanted as a %s, but is given as a %s",
                                   SW_ARG(match->name), component_sort_name(sort),
                                   component_sort_name(given->sort));
    if (sort == COMPONENT_SORT_FUNC)
        return match_func(link, match, ret);
    if (sort == COMPONENT_SORT_TYPE)
        return match_type(link, match, ret);
    if (sort == COMPONENT_SORT_INSTANCE)
        return match_instance(link, match, ret);
    if (!given)
        return sw_fail(link->err, SW_EINPUT,
                       "imports the %s '" SW_FMT "': hosts provide functions and resources only",
                       component_sort_name(sort), SW_ARG(match->name));
    *ret =
        *given; /* a module or component: its real imports and exports are checked when it is instantiated */
    return 0;
}
