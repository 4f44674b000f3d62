/* validate.c - the pass over a component: scopes, aliases, instances, imports, exports.  Room: component.  See validate.h. */
#include "component/validate.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "component/limits.h"

/* ---- failures, memory, work ---- */

int(component__v_bad)(struct v *v, const char *fmt, ...)
{
    char text[SW_ERR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args); /* cut when it does not fit: names are the input's */
    va_end(args);
    return sw_fail(v->err, SW_EINPUT, "%s at byte 0x%x", text, v->at);
}

int component__v_steps(struct v *v, uint64_t n)
{
    v->steps += n;
    if (v->steps > COMPONENT_VALIDATE_STEPS_MAX)
        return sw_fail(v->err, SW_ELIMIT, "validating takes more than %d steps",
                       COMPONENT_VALIDATE_STEPS_MAX);
    return 0;
}

void *component__v_take(struct v *v, size_t count, size_t size)
{
    void *items = sw_arena_try_array(&v->arena, count, size, alignof(max_align_t));
    if (!items) {
        v->rc = sw_arena_fail(&v->arena, count * size, v->err);
        v->rc = sw_wrap(v->err, "validate a component");
    }
    return items;
}

/* ---- index spaces ---- */

const void *component__v_get(const struct v_scope *scope, enum component_sort sort, uint32_t index)
{
    assert(index < scope->counts[sort]); /* the decoder has seen to it */
    return scope->spaces[sort][index];
}

const struct vt *component__v_type(const struct v_scope *scope, uint32_t index)
{
    return component__v_get(scope, COMPONENT_SORT_TYPE, index);
}

void component__v_define(struct v_scope *scope, enum component_sort sort, const void *entry)
{
    assert(scope->counts[sort] < scope->ast->counts[sort] && entry);
    scope->spaces[sort][scope->counts[sort]++] = entry;
}

static const void *entry_of(const struct vt_extern *what)
{
    return what->sort == COMPONENT_SORT_CORE_MODULE ? (const void *)what->module : (const void *)what->type;
}

static struct vt_extern extern_at(const struct v_scope *scope, struct component_sort_index at)
{
    struct vt_extern what = {.sort = at.sort};
    if (at.sort == COMPONENT_SORT_CORE_MODULE)
        what.module = component__v_get(scope, at.sort, at.index);
    else
        what.type = component__v_get(scope, at.sort, at.index);
    what.referenced = what.type; /* of a type */
    return what;
}

static int add_item(struct v *v, struct vt_items *items, struct sw_str name, const struct vt_extern *what)
{
    struct vt_item *item = &items->p[items->count++];
    *item = (struct vt_item){name, *what};
    int rc = component__v_put(v, &items->names, component__v_name(name), item);
    return rc == SW_END ? component__v_bad(v, "name `" SW_FMT "` conflicts with previous name", SW_ARG(name))
                        : rc;
}

/* ---- aliases ---- */

static int export_alias(struct v *v, struct v_scope *scope, const struct component_alias *alias,
                        enum component_sort sort)
{
    const void *found = NULL;
    const struct vt *instance = component__v_get(scope, COMPONENT_SORT_INSTANCE, alias->instance);
    int rc = component__v_find(v, &instance->exports.names, component__v_name(alias->name), &found);
    if (rc == SW_ABSENT)
        return component__v_bad(v, "instance %u has no export named `" SW_FMT "`", alias->instance,
                                SW_ARG(alias->name));
    if (rc < 0)
        return rc;
    const struct vt_item *item = found;
    const struct vt_extern wanted = {.sort = sort};
    if (item->what.sort != sort)
        return component__v_bad(v, "export `" SW_FMT "` for instance %u is not a %s", SW_ARG(alias->name),
                                alias->instance, component__v_extern_name(&wanted));
    component__v_define(scope, sort, entry_of(&item->what));
    return 0;
}

static int outer_alias(struct v *v, struct v_scope *scope, const struct component_alias *alias,
                       enum component_sort sort)
{
    struct v_scope *target = scope, *inside = NULL;
    for (uint32_t i = 0; i < alias->outer; i++) {
        inside = target;
        target = target->parent;
    }
    const void *entry = component__v_get(target, sort, alias->index);
    if (sort == COMPONENT_SORT_TYPE && inside && inside->ast->kind == COMPONENT_SCOPE_COMPONENT) {
        int rc = component__v_free_resource(v, entry);
        if (rc == 0)
            return component__v_bad(
                v,
                "cannot alias outer type which transitively refers to resources not defined in the current "
                "component");
        if (rc < 0)
            return rc;
    }
    component__v_define(scope, sort, entry);
    return 0;
}

static int run_alias(struct v *v, struct v_scope *scope, const struct component_def *def)
{
    switch (def->alias->form) {
    case COMPONENT_ALIAS_EXPORT:
        return export_alias(v, scope, def->alias, def->sort);
    case COMPONENT_ALIAS_CORE_EXPORT:
        return component__v_core_alias(v, scope, def->alias, def->sort);
    case COMPONENT_ALIAS_OUTER:
        break;
    }
    return outer_alias(v, scope, def->alias, def->sort);
}

/* ---- instances ---- */

static int written_out(struct v *v, struct v_scope *scope, const struct component_instantiate *ast,
                       struct vt *instance)
{
    static const struct v_map nothing = {.cap = 0}; /* names of resources are those of a scope */
    struct v_map keys = {.cap = 0};
    int rc = 0;
    instance->exports.p = V_ARRAY(v, ast->item_count, struct vt_item);
    if (!instance->exports.p)
        return v->rc;
    for (uint32_t i = 0; rc == 0 && i < ast->item_count; i++) {
        const struct component_named *item = &ast->items[i];
        const struct component_extern_name plain = {.name = item->name};
        struct vt_extern what = extern_at(scope, item->what);
        const struct v_extern_name name = {.name = item->attributes ? item->attributes : &plain,
                                           .direction = V_EXPORT,
                                           .what = &what,
                                           .keys = &keys,
                                           .resources = &nothing,
                                           .resource_names = &nothing};
        rc = component__v_extern_name_check(v, &name);
        if (rc == 0)
            rc = add_item(v, &instance->exports, item->name, &what);
    }
    return rc;
}

static int arguments(struct v *v, const struct v_scope *scope, const struct component_instantiate *ast,
                     struct vt_items *ret)
{
    *ret = (struct vt_items){.p = V_ARRAY(v, ast->item_count, struct vt_item)};
    if (!ret->p)
        return v->rc;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < ast->item_count; i++) {
        struct vt_extern what = extern_at(scope, ast->items[i].what);
        rc = add_item(v, ret, ast->items[i].name, &what);
    }
    return rc;
}

/* The type of an instance: the component's exports, with the arguments' resources and types for its imports and fresh resources for
 * those that it defines. */
static int instantiate(struct v *v, const struct v_scope *scope, const struct component_instantiate *ast,
                       struct vt *instance)
{
    const struct vt *component = component__v_get(scope, COMPONENT_SORT_COMPONENT, ast->target);
    struct v_subst subst = {.first = component->first, .end = component->end};
    struct vt_items args;
    int rc = arguments(v, scope, ast, &args);
    if (rc == 0)
        rc = component__v_supply(v, &subst, &component->imports, &args, "import");
    for (uint32_t i = 0; rc == 0 && i < component->exports.count; i++)
        rc = component__v_freshen(v, &subst, &component->exports.p[i].what);
    if (rc < 0)
        return rc;
    instance->exports.p = V_ARRAY(v, component->exports.count, struct vt_item);
    if (!instance->exports.p)
        return v->rc;
    for (uint32_t i = 0; rc == 0 && i < component->exports.count; i++) {
        struct vt_extern what;
        rc = component__v_subst(v, &subst, &component->exports.p[i].what, &what);
        if (rc == 0)
            rc = add_item(v, &instance->exports, component->exports.p[i].name, &what);
    }
    return rc;
}

static int run_instance(struct v *v, struct v_scope *scope, const struct component_def *def)
{
    struct vt *instance = V_NEW(v, struct vt);
    if (!instance)
        return v->rc;
    instance->kind = VT_INSTANCE;
    int rc = def->instance->is_inline ? written_out(v, scope, def->instance, instance)
                                      : instantiate(v, scope, def->instance, instance);
    if (rc == 0)
        rc = component__v_complete(v, instance);
    if (rc == 0)
        component__v_define(scope, COMPONENT_SORT_INSTANCE, instance);
    return rc;
}

/* ---- imports and exports ---- */

static int export_type(struct v *v, struct v_scope *scope, const struct component_port *port,
                       struct vt_extern *ret)
{
    if (scope->ast->kind != COMPONENT_SCOPE_COMPONENT)
        return component__v_externtype(v, scope, &port->type, ret);
    struct vt_extern actual = extern_at(scope, port->what);
    int rc = 0;
    if (port->what.sort == COMPONENT_SORT_TYPE)
        rc = component__v_alias(v, actual.referenced, &actual.type);
    *ret = actual;
    if (rc < 0 || !port->has_type)
        return rc;
    rc = component__v_externtype(v, scope, &port->type, ret);
    if (rc < 0)
        return rc;
    struct v_subst subst = {.first = 0};
    struct vt_extern wanted = *ret;
    if (port->type.sort == COMPONENT_SORT_INSTANCE) {
        subst.first = ret->type->first;
        subst.end = ret->type->end;
    } else if (port->type.sort == COMPONENT_SORT_TYPE && port->type.is_resource) {
        subst.first = ret->type->resource;
        subst.end = subst.first + 1;
    }
    rc = component__v_adopt(v, &subst, ret, &actual);
    if (rc == 0)
        rc = component__v_subst(v, &subst, ret, &wanted);
    if (rc == 0 && (rc = component__v_match(v, &actual, &wanted)) < 0)
        return sw_wrap(v->err, "ascribed type of export is not compatible with item's type");
    return rc;
}

static int run_port(struct v *v, struct v_scope *scope, const struct component_def *def)
{
    const struct component_port *port = def->port;
    bool import = def->kind == COMPONENT_DEF_IMPORT;
    enum v_direction direction = import ? V_IMPORT : V_EXPORT;
    struct vt_extern what;
    int rc =
        import ? component__v_externtype(v, scope, &port->type, &what) : export_type(v, scope, port, &what);
    if (rc == 0)
        rc = component__v_open(v, &what);
    if (rc < 0)
        return rc;
    component__v_define(scope, what.sort, entry_of(&what));
    rc = component__v_check_named(v, scope, direction, port->name.name, &what);
    if (rc < 0)
        return rc;
    const struct v_extern_name name = {
        .name = &port->name,
        .direction = direction,
        .what = &what,
        .keys = import ? &scope->import_keys : &scope->export_keys,
        .resources = import ? &scope->import_resources : &scope->export_resources,
        .resource_names = import ? &scope->import_resource_names : &scope->export_resource_names};
    rc = component__v_extern_name_check(v, &name);
    if (rc == 0)
        rc = component__v_parts(v, &scope->parts, &what);
    return rc < 0 ? rc : add_item(v, import ? &scope->imports : &scope->exports, port->name.name, &what);
}

/* ---- definitions ---- */

static int run_core_module(struct v *v, struct v_scope *scope, uint32_t index)
{
    const struct vc_module *module = NULL;
    int rc = component__v_core_module(v, index, &module);
    if (rc == 0)
        component__v_define(scope, COMPONENT_SORT_CORE_MODULE, module);
    return rc;
}

static int run_type(struct v *v, struct v_scope *scope, const struct component_def *def)
{
    const struct vt *type = NULL;
    int rc = component__v_type_def(v, scope, def->type, &type);
    if (rc == 0)
        component__v_define(scope, COMPONENT_SORT_TYPE, type);
    return rc;
}

static int run_component(struct v *v, struct v_scope *scope, const struct component_def *def)
{
    const struct vt *type = NULL;
    int rc = component__v_scope(v, def->component, scope, &type);
    if (rc == 0)
        component__v_define(scope, COMPONENT_SORT_COMPONENT, type);
    return rc;
}

static int run_def(struct v *v, struct v_scope *scope, const struct component_def *def)
{
    switch (def->kind) {
    case COMPONENT_DEF_CORE_MODULE:
        return run_core_module(v, scope, def->core);
    case COMPONENT_DEF_CORE_INSTANCE:
        return component__v_core_instance(v, scope, def->instance);
    case COMPONENT_DEF_CORE_TYPE:
        return component__v_core_type(v, scope, def->core_type);
    case COMPONENT_DEF_COMPONENT:
        return run_component(v, scope, def);
    case COMPONENT_DEF_INSTANCE:
        return run_instance(v, scope, def);
    case COMPONENT_DEF_ALIAS:
        return run_alias(v, scope, def);
    case COMPONENT_DEF_TYPE:
        return run_type(v, scope, def);
    case COMPONENT_DEF_CANON:
        return component__v_canon(v, scope, def->canon);
    case COMPONENT_DEF_IMPORT:
    case COMPONENT_DEF_EXPORT:
        return run_port(v, scope, def);
    }
    return sw_fail(v->err, SW_EBUG, "unknown definition");
}

static int scope_init(struct v *v, struct v_scope *scope)
{
    const struct component_scope *ast = scope->ast;
    uint32_t imports = 0, exports = 0;
    for (int sort = 0; sort < COMPONENT_SORT_COUNT; sort++) {
        scope->spaces[sort] = V_ARRAY(v, ast->counts[sort], const void *);
        if (!scope->spaces[sort])
            return v->rc;
    }
    for (uint32_t i = 0; i < ast->def_count; i++) {
        imports += ast->defs[i].kind == COMPONENT_DEF_IMPORT;
        exports += ast->defs[i].kind == COMPONENT_DEF_EXPORT;
    }
    scope->imports.p = V_ARRAY(v, imports, struct vt_item);
    scope->exports.p = V_ARRAY(v, exports, struct vt_item);
    scope->first = v->next_resource;
    return scope->imports.p && scope->exports.p ? component__v_steps(v, ast->def_count) : v->rc;
}

int component__v_scope(struct v *v, const struct component_scope *ast, struct v_scope *parent,
                       const struct vt **ret)
{
    struct v_scope *scope = V_NEW(v, struct v_scope);
    struct vt *type = V_NEW(v, struct vt);
    if (!scope || !type)
        return v->rc;
    uint32_t at = v->at;
    scope->ast = ast;
    scope->parent = parent;
    int rc = scope_init(v, scope);
    for (uint32_t i = 0; rc == 0 && i < ast->def_count;
         i++) { /* nested scopes: COMPONENT_NESTING_MAX at most, says the decoder */
        v->at = ast->defs[i].at;
        rc = run_def(v, scope, &ast->defs[i]);
    }
    if (rc < 0)
        return rc;
    v->at = at;
    *type = (struct vt){.kind = ast->kind == COMPONENT_SCOPE_INSTANCE_TYPE ? VT_INSTANCE : VT_COMPONENT,
                        .imports = scope->imports,
                        .exports = scope->exports,
                        .first = scope->first,
                        .end = v->next_resource};
    *ret = type;
    return component__v_complete(v, type);
}

static int make_primitives(struct v *v)
{
    for (uint32_t kind = 0; kind < COMPONENT_KIND_PRIMITIVES; kind++) {
        struct vt *type = V_NEW(v, struct vt);
        if (!type)
            return v->rc;
        *type = (struct vt){
            .kind = VT_VALUE, .parts = 1, .depth = 1, .value = (enum component_kind)kind, .number = kind};
        v->primitives[kind] = type;
    }
    return 0;
}

int component__v_root(const struct component_binary *binary, struct v **ret, const struct vt **ret_type,
                      struct sw_err *err)
{
    struct v *v = sw_try_alloc(sizeof *v);
    if (!v)
        return sw_fail(err, SW_ENOMEM, "no memory to validate a component");
    *v = (struct v){.binary = binary, .arena = SW_ARENA(COMPONENT_VALIDATE_ARENA_MAX), .err = err};
    int rc = component_types_new(&v->arena, &v->types, v->err);
    if (rc == 0)
        rc = make_primitives(v);
    if (rc == 0)
        rc = component__v_scope(v, binary->root, NULL, ret_type);
    if (rc < 0) {
        component__v_free(v);
        return rc;
    }
    *ret = v;
    return 0;
}

void component__v_free(struct v *v)
{
    if (!v)
        return;
    sw_arena_deinit(&v->arena);
    sw_free(v);
}

int component__validate(const struct component_binary *binary, struct sw_err *err)
{
    struct sw_err ignored = {.code = SW_OK};
    const struct vt *type = NULL;
    struct v *v = NULL;
    int rc = component__v_root(binary, &v, &type, err ? err : &ignored);
    component__v_free(v);
    return rc;
}
