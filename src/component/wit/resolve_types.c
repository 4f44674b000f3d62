/* resolve_types.c - the names in types, definitions and functions.  Room: wit.
 *
 * Depth first: a definition is done when everything below it is, so meeting one that is still being resolved is a cycle. */
#include "component/wit/wit_internal.h"

struct facts { /* of a type: what has to be known before the whole is */
    uint32_t depth;
    bool has_borrow;
};

static int resolve_def(struct wit_resolver *r, struct wit_def *def);

const struct wit_def *wit_def_strip(const struct wit_def *def)
{
    while (def->kind == WIT_DEF_USE && def->target)
        def = def->target;
    return def;
}

const struct wit_type *wit_type_strip(const struct wit_type *type)
{
    while (type->kind == WIT_NAME && type->def->kind == WIT_DEF_ALIAS)
        type = type->def->type;
    return type;
}

static struct wit_def *find_def(const struct wit_home *home, struct sw_str name)
{
    for (uint32_t i = 0; i < home->def_count; i++)
        if (sw_str_eq(home->defs[i]->name, name))
            return home->defs[i];
    return NULL;
}

static struct wit_def *strip(struct wit_def *def)
{
    while (def->kind == WIT_DEF_USE && def->target)
        def = def->target;
    return def;
}

/* The resource that a definition means through aliases, or NULL. */
static struct wit_def *as_resource(struct wit_def *def)
{
    def = strip(def);
    while (def->kind == WIT_DEF_ALIAS && (def->type->kind == WIT_NAME || def->type->is_bare))
        def = def->type->def;
    return def->kind == WIT_DEF_RESOURCE ? def : NULL;
}

static int resolve_named(struct wit_resolver *r, const struct wit_home *home, struct wit_type *type,
                         struct facts *facts)
{
    struct wit_def *def = find_def(home, type->name);
    if (!def)
        return wit__fail(type->pos, SW_EINPUT, r->err,
                         "type '" SW_FMT "' is not defined\nhint: define it here, or bring it in with "
                         "'use an-interface.{" SW_FMT "};'",
                         SW_ARG(type->name), SW_ARG(type->name));
    int rc = resolve_def(r, def);
    if (rc < 0)
        return rc;
    struct wit_def *resource = as_resource(def);
    if (type->kind != WIT_NAME && !resource)
        return wit__fail(type->pos, SW_EINPUT, r->err, "'" SW_FMT "' is not a resource", SW_ARG(type->name));
    if (type->kind == WIT_NAME && resource) {
        type->kind = WIT_OWN;
        type->is_bare = true;
    }
    type->def = resource ? resource : strip(def);
    facts->depth = facts->depth > def->depth ? facts->depth : def->depth;
    facts->has_borrow = facts->has_borrow || def->has_borrow || type->kind == WIT_BORROW;
    return 0;
}

static int resolve_type(struct wit_resolver *r, const struct wit_home *home, struct wit_type *type,
                        struct facts *facts)
{
    if (type->kind == WIT_NAME || type->kind == WIT_OWN || type->kind == WIT_BORROW)
        return resolve_named(r, home, type, facts);
    struct facts inner = {0, false}; /* of this type alone: those before it may have borrows */
    int rc = type->elem ? resolve_type(r, home, type->elem, &inner) : 0;
    if (rc == 0 && type->other)
        rc = resolve_type(r, home, type->other, &inner);
    for (uint32_t i = 0; rc == 0 && i < type->item_count; i++)
        rc = resolve_type(r, home, type->items[i], &inner);
    if (rc == 0 && inner.has_borrow && (type->kind == WIT_STREAM || type->kind == WIT_FUTURE))
        return wit__fail(type->pos, SW_EINPUT, r->err, "a stream or future cannot carry a borrow");
    facts->depth = facts->depth > inner.depth ? facts->depth : inner.depth;
    facts->has_borrow = facts->has_borrow || inner.has_borrow;
    return rc;
}

static int field_names(struct wit_resolver *r, const struct wit_field *fields, uint32_t count,
                       const char *what)
{
    wit__auto_names names = {0};
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = wit__name_add(r, &names, fields[i].name, fields[i].pos, what);
    return rc;
}

static int resolve_use(struct wit_resolver *r, struct wit_def *def, struct facts *facts)
{
    struct wit_interface *from;
    int rc = wit__find_interface(r, def->home, def->from, &from);
    if (rc == 0)
        rc = wit__resolve_interface(r, from);
    if (rc < 0)
        return rc;
    def->target = find_def(&from->home, def->from_name);
    if (!def->target)
        return wit__fail(def->pos, SW_EINPUT, r->err, "interface '" SW_FMT "' has no type '" SW_FMT "'",
                         SW_ARG(from->full_name), SW_ARG(def->from_name));
    *facts = (struct facts){def->target->depth, def->target->has_borrow};
    return 0;
}

static int resolve_inner(struct wit_resolver *r, struct wit_def *def, struct facts *facts)
{
    static const char *const WHAT[] = {"", "field", "case", "case", "label"};
    if (def->kind == WIT_DEF_USE)
        return resolve_use(r, def, facts);
    if (def->kind == WIT_DEF_ALIAS)
        return resolve_type(r, def->home, def->type, facts);
    if (def->kind == WIT_DEF_RESOURCE)
        return 0;
    int rc = field_names(r, def->fields, def->field_count, WHAT[def->kind]);
    for (uint32_t i = 0; rc == 0 && i < def->field_count; i++)
        rc = def->fields[i].type ? resolve_type(r, def->home, def->fields[i].type, facts) : 0;
    return rc;
}

static int resolve_def(struct wit_resolver *r, struct wit_def *def)
{
    if (def->state == WIT_DONE)
        return 0;
    if (def->state == WIT_BUSY)
        return wit__fail(def->pos, SW_EINPUT, r->err,
                         "type '" SW_FMT
                         "' contains itself\nhint: break the cycle with a resource or an index",
                         SW_ARG(def->name));
    if (r->depth >= WIT_DEF_DEPTH_MAX)
        return wit__fail(def->pos, SW_ELIMIT, r->err, "definitions are nested deeper than %d",
                         WIT_DEF_DEPTH_MAX);
    struct facts facts = {0};
    def->state = WIT_BUSY;
    r->depth++;
    int rc = resolve_inner(r, def, &facts);
    r->depth--;
    if (rc == 0 && facts.depth >= WIT_DEF_DEPTH_MAX)
        return wit__fail(def->pos, SW_ELIMIT, r->err, "definitions are nested deeper than %d",
                         WIT_DEF_DEPTH_MAX);
    def->depth = facts.depth + 1;
    def->has_borrow = facts.has_borrow;
    def->state = WIT_DONE;
    return rc;
}

/* Drops gated definitions, then resolves the rest. */
int wit__resolve_defs(struct wit_resolver *r, struct wit_home *home)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < home->def_count; i++) {
        int rc = wit__gate_check(r, home->package, &home->defs[i]->gate);
        if (rc < 0)
            return rc;
        if (rc == 0)
            home->defs[kept++] = home->defs[i];
    }
    home->def_count = kept;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < home->def_count; i++)
        rc = resolve_def(r, home->defs[i]);
    return rc;
}

/* result<r, ...> of the constructor's own resource, or the resource itself. */
static bool constructs(const struct wit_func *func)
{
    const struct wit_type *type = wit_type_strip(func->result);
    if (type->kind == WIT_RESULT)
        type = type->elem ? wit_type_strip(type->elem) : NULL;
    return type && type->kind == WIT_OWN && type->def == func->resource;
}

int wit__resolve_func(struct wit_resolver *r, const struct wit_home *home, struct wit_func *func)
{
    struct facts facts = {0};
    int rc = field_names(r, func->params, func->param_count, "parameter");
    for (uint32_t i = 0; rc == 0 && i < func->param_count; i++)
        rc = resolve_type(r, home, func->params[i].type, &facts);
    if (rc < 0 || !func->result)
        return rc;
    facts = (struct facts){0};
    rc = resolve_type(r, home, func->result, &facts);
    if (rc == 0 && facts.has_borrow)
        return wit__fail(func->result->pos, SW_EINPUT, r->err,
                         "a result cannot hold a borrow\nhint: return the resource itself");
    if (rc == 0 && func->kind == WIT_FUNC_CONSTRUCTOR && !constructs(func))
        return wit__fail(func->result->pos, SW_EINPUT, r->err,
                         "the constructor of '" SW_FMT "' gives '" SW_FMT "' or 'result<" SW_FMT ", ...>'",
                         SW_ARG(func->name), SW_ARG(func->name), SW_ARG(func->name));
    return rc;
}

static bool is_kept(const struct wit_home *home, const struct wit_def *resource)
{
    for (uint32_t i = 0; i < home->def_count; i++)
        if (home->defs[i] == resource)
            return true;
    return false;
}

static int interface_funcs(struct wit_resolver *r, struct wit_interface *interface)
{
    uint32_t kept = 0;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < interface->func_count; i++) {
        struct wit_func *func = interface->funcs[i];
        if (func->resource && !is_kept(&interface->home, func->resource))
            continue;
        rc = wit__gate_check(r, interface->home.package, &func->gate);
        if (rc == SW_ABSENT) {
            rc = 0;
            continue;
        }
        if (rc == 0)
            rc = wit__resolve_func(r, &interface->home, func);
        interface->funcs[kept++] = func;
    }
    interface->func_count = kept;
    return rc;
}

/* Types and free functions share one space; each resource's functions have their own. */
static int interface_names(struct wit_resolver *r, const struct wit_interface *interface)
{
    wit__auto_names names = {0};
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < interface->home.def_count; i++)
        rc = wit__name_add(r, &names, interface->home.defs[i]->name, interface->home.defs[i]->pos, "type");
    for (uint32_t i = 0; rc == 0 && i < interface->func_count; i++) {
        const struct wit_func *func = interface->funcs[i];
        const char *key = func->resource && func->kind != WIT_FUNC_CONSTRUCTOR
                              ? sw_arena_printf(r->arena, SW_FMT "." SW_FMT, SW_ARG(func->resource->name),
                                                SW_ARG(func->name))
                              : func->full_name.p;
        if (!key)
            return wit__no_memory(r->arena, func->full_name.n, r->err);
        struct sw_str text = key == func->full_name.p ? func->full_name : sw_str_of(key);
        rc = wit__name_add(r, &names, text, func->pos, "function");
    }
    return rc;
}

int wit__resolve_interface(struct wit_resolver *r, struct wit_interface *interface)
{
    if (interface->state == WIT_DONE)
        return 0;
    if (interface->state == WIT_BUSY)
        return wit__fail(interface->pos, SW_EINPUT, r->err,
                         "interface '" SW_FMT "' uses itself\nhint: move what both sides need into a "
                         "third interface",
                         SW_ARG(interface->name));
    interface->state = WIT_BUSY;
    int rc = wit__resolve_defs(r, &interface->home);
    if (rc == 0)
        rc = interface_funcs(r, interface);
    if (rc == 0)
        rc = interface_names(r, interface);
    interface->state = WIT_DONE;
    return rc;
}
