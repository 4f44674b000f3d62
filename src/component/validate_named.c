/* validate_named.c - whether the types that an import or export mentions have names outside.  Room: component.
 *
 * Whoever uses a component has to be able to write down the type of each of its functions: records, variants, enums, flags and resources
 * in it must be imported or exported themselves, before. What is imported may be used in exports, too.
 * Source: Explainer.md, "Type Checking"; Binary.md, "Import and Export Definitions". */
#include "component/validate.h"

struct v_names { /* nodes of types that have a name, and those of the places around this one */
    const struct v_map *set;
    const struct v_names *outer;
};

/* Each returns 0 (all named), SW_ABSENT (not), or < 0. */
static int named(struct v *v, const struct v_names *set, const struct vt *type);

static int in_set(struct v *v, const struct v_names *names, const struct vt *type)
{
    const void *found = NULL;
    int rc = SW_ABSENT;
    for (; rc == SW_ABSENT && names; names = names->outer)
        rc = component__v_find(v, names->set, component__v_node(type), &found);
    return rc;
}

static int add(struct v *v, struct v_map *set, const struct vt *type)
{
    int rc = component__v_put(v, set, component__v_node(type), type);
    return rc < 0 ? rc : 0;
}

/* The parts of a type, whether or not it has a name itself. */
static int parts_named(struct v *v, const struct v_names *set, const struct vt *type)
{
    if (type->value == COMPONENT_OWN || type->value == COMPONENT_BORROW)
        return in_set(v, set, type->elem);
    int rc = component__v_steps(v, (uint64_t)type->field_count + 1);
    if (rc == 0 && type->elem)
        rc = named(v, set, type->elem);
    if (rc == 0 && type->error)
        rc = named(v, set, type->error);
    for (uint32_t i = 0; rc == 0 && i < type->field_count; i++)
        if (type->fields[i].type)
            rc = named(v, set, type->fields[i].type);
    return rc;
}

static int named(struct v *v, const struct v_names *set, const struct vt *type)
{
    switch (type->value) {
    case COMPONENT_RECORD:
    case COMPONENT_VARIANT:
    case COMPONENT_ENUM:
    case COMPONENT_FLAGS:
        return in_set(v, set, type);
    case COMPONENT_BOOL:
    case COMPONENT_S8:
    case COMPONENT_U8:
    case COMPONENT_S16:
    case COMPONENT_U16:
    case COMPONENT_S32:
    case COMPONENT_U32:
    case COMPONENT_S64:
    case COMPONENT_U64:
    case COMPONENT_F32:
    case COMPONENT_F64:
    case COMPONENT_CHAR:
    case COMPONENT_STRING:
    case COMPONENT_ERROR_CONTEXT:
        return 0;
    case COMPONENT_LIST:
    case COMPONENT_FIXED_LIST:
    case COMPONENT_TUPLE:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
    case COMPONENT_OWN:
    case COMPONENT_BORROW:
    case COMPONENT_STREAM:
    case COMPONENT_FUTURE:
        break;
    }
    return parts_named(v, set, type);
}

static int exports_named(struct v *v, const struct v_names *set, const struct vt *instance);

static int type_named(struct v *v, const struct v_names *set, const struct vt *type)
{
    switch (type->kind) {
    case VT_RESOURCE:
    case VT_COMPONENT:
        return 0; /* a resource gets its name here; components were checked when they were made */
    case VT_VALUE:
    case VT_FUNC:
        return parts_named(v, set, type);
    case VT_INSTANCE:
        return exports_named(v, set, type);
    }
    return 0;
}

/* What an instance type exports has a name inside of it. */
static int exports_named(struct v *v, const struct v_names *names, const struct vt *instance)
{
    struct v_map inner = {.cap = 0};
    const struct v_names inside = {&inner, names};
    int rc = component__v_steps(v, instance->exports.count);
    for (uint32_t i = 0; rc == 0 && i < instance->exports.count; i++) {
        const struct vt_extern *what = &instance->exports.p[i].what;
        if (what->type && what->sort != COMPONENT_SORT_COMPONENT)
            rc = type_named(v, &inside, what->type);
        if (rc == 0 && what->sort == COMPONENT_SORT_TYPE)
            rc = add(v, &inner, what->type);
    }
    return rc;
}

/* Imports come before exports: they cannot use what only an export named, nor a resource that is made inside. */
static int check_imported(struct v *v, struct v_scope *scope, const struct vt_extern *what)
{
    const void *found = NULL;
    int rc = SW_ABSENT;
    if (what->sort == COMPONENT_SORT_TYPE) {
        const struct v_key key = component__v_node(what->referenced);
        rc = component__v_find(v, &scope->exportable, key, &found);
        if (rc == 0)
            rc = component__v_find(v, &scope->importable, key, &found) == 0 ? SW_ABSENT : 0;
        if (rc == SW_ABSENT && what->type->kind == VT_RESOURCE && what->referenced == what->type) {
            rc = component__v_put(v, &scope->imported, component__v_number(what->type->resource), what->type);
            rc = rc < 0 ? rc : SW_ABSENT;
        }
    }
    const struct v_local local = {scope->first, &scope->imported};
    if (rc == SW_ABSENT && what->type)
        rc = component__v_local_resource(v, &local, what->type);
    return rc == SW_ABSENT ? 0 : rc < 0 ? rc : SW_ABSENT;
}

/* A component's type has no names but its own: a resource made here that it mentions must have gone out before. */
static int check_outside(struct v *v, struct v_scope *scope, const struct vt_extern *what)
{
    const struct v_local local = {scope->first, &scope->outside};
    if (!what->type || (what->sort != COMPONENT_SORT_TYPE && what->sort != COMPONENT_SORT_COMPONENT))
        return 0;
    int rc = 0;
    if (what->type->kind == VT_RESOURCE)
        rc = component__v_put(v, &scope->outside, component__v_number(what->type->resource), what->type);
    if (rc < 0 || what->type->kind != VT_COMPONENT)
        return rc < 0 ? rc : 0;
    rc = component__v_local_resource(v, &local, what->type);
    return rc == SW_ABSENT ? 0 : rc < 0 ? rc : SW_ABSENT;
}

static int check(struct v *v, struct v_scope *scope, enum v_direction direction, const struct vt_extern *what)
{
    const struct v_names set = {direction == V_IMPORT ? &scope->importable : &scope->exportable, NULL};
    int rc = component__v_steps(v, 1);
    if (rc == 0 && direction == V_IMPORT && what->sort != COMPONENT_SORT_INSTANCE)
        rc = check_imported(v, scope, what);
    if (rc == 0)
        rc = check_outside(v, scope, what);
    if (rc != 0)
        return rc;
    if (what->sort == COMPONENT_SORT_TYPE) {
        rc = type_named(v, &set, what->referenced);
        if (rc == 0 && direction == V_IMPORT)
            rc = add(v, &scope->importable, what->type);
        return rc != 0 ? rc : add(v, &scope->exportable, what->type);
    }
    if (what->sort == COMPONENT_SORT_FUNC)
        return parts_named(v, &set, what->type);
    for (uint32_t i = 0; rc == 0 && what->sort == COMPONENT_SORT_INSTANCE && i < what->type->exports.count;
         i++)
        rc = check(v, scope, direction, &what->type->exports.p[i].what);
    return rc;
}

/* A resource of the scope itself gives its name to constructors and methods. */
static int name_resource(struct v *v, struct v_scope *scope, enum v_direction direction, struct sw_str name,
                         const struct vt *type)
{
    bool import = direction == V_IMPORT;
    struct sw_str *kept = V_NEW(v, struct sw_str);
    if (!kept)
        return v->rc;
    *kept = name;
    int rc = component__v_put(v, import ? &scope->import_resources : &scope->export_resources,
                              component__v_node(type), kept);
    if (rc >= 0)
        rc = component__v_put(v, import ? &scope->import_resource_names : &scope->export_resource_names,
                              component__v_name(name), kept);
    return rc < 0 ? rc : 0;
}

int component__v_check_named(struct v *v, struct v_scope *scope, enum v_direction direction,
                             struct sw_str name, const struct vt_extern *what)
{
    int rc = 0;
    if (what->sort == COMPONENT_SORT_TYPE && what->type->kind == VT_RESOURCE)
        rc = name_resource(v, scope, direction, name, what->type);
    if (rc == 0 &&
        scope->ast->kind != COMPONENT_SCOPE_INSTANCE_TYPE) /* an instance type is checked where it is used */
        rc = check(v, scope, direction, what);
    if (rc == SW_ABSENT)
        return component__v_bad(v, "%s not valid to be used as %s", component__v_extern_name(what),
                                direction == V_IMPORT ? "import" : "export");
    return rc;
}
