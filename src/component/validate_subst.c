/* validate_subst.c - renaming resources in types: opening, instantiating.  Room: component.
 *
 * A substitution maps numbers of resources to nodes. Nodes that mention no resource are kept as they are, and a node that was done once
 * is not done again, so that what was shared stays shared. Recursion is as deep as types are. */
#include "component/validate.h"

static int subst_type(struct v *v, struct v_subst *subst, const struct vt *type, const struct vt **ret);

static int subst_optional(struct v *v, struct v_subst *subst, const struct vt *type, const struct vt **ret)
{
    *ret = NULL;
    return type ? subst_type(v, subst, type, ret) : 0;
}

static int subst_fields(struct v *v, struct v_subst *subst, const struct vt *type, struct vt *made)
{
    struct vt_field *fields = V_ARRAY(v, type->field_count, struct vt_field);
    if (!fields)
        return v->rc;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < type->field_count; i++) {
        fields[i].name = type->fields[i].name;
        rc = subst_optional(v, subst, type->fields[i].type, &fields[i].type);
    }
    made->fields = fields;
    return rc;
}

static int subst_items(struct v *v, struct v_subst *subst, const struct vt_items *items,
                       struct vt_items *made)
{
    *made = (struct vt_items){.count = items->count};
    made->p = V_ARRAY(v, items->count, struct vt_item);
    if (!made->p)
        return v->rc;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < items->count; i++) {
        made->p[i].name = items->p[i].name;
        rc = component__v_subst(v, subst, &items->p[i].what, &made->p[i].what);
        if (rc == 0)
            rc = component__v_put(v, &made->names, component__v_name(items->p[i].name), &made->p[i]);
    }
    return rc < 0 ? rc : 0;
}

static bool fields_same(const struct vt *a, const struct vt *b)
{
    for (uint32_t i = 0; i < a->field_count; i++)
        if (a->fields[i].type != b->fields[i].type)
            return false;
    return true;
}

static bool items_same(const struct vt_items *a, const struct vt_items *b)
{
    for (uint32_t i = 0; i < a->count; i++)
        if (a->p[i].what.type != b->p[i].what.type || a->p[i].what.referenced != b->p[i].what.referenced)
            return false;
    return true;
}

/* A node whose parts stay as they are stays itself: its address is its identity. */
static int rebuild(struct v *v, struct v_subst *subst, const struct vt *type, const struct vt **ret)
{
    struct vt *made = V_NEW(v, struct vt);
    if (!made)
        return v->rc;
    *made = *type;
    int rc = subst_optional(v, subst, type->elem, &made->elem);
    if (rc == 0)
        rc = subst_optional(v, subst, type->error, &made->error);
    if (rc == 0 && type->field_count)
        rc = subst_fields(v, subst, type, made);
    if (rc == 0 && type->imports.count)
        rc = subst_items(v, subst, &type->imports, &made->imports);
    if (rc == 0 && type->exports.count)
        rc = subst_items(v, subst, &type->exports, &made->exports);
    if (rc < 0)
        return rc;
    if (made->elem == type->elem && made->error == type->error && fields_same(made, type) &&
        items_same(&made->imports, &type->imports) && items_same(&made->exports, &type->exports)) {
        *ret = type;
        return 0;
    }
    *ret = made;
    rc = component__v_complete(v, made);
    made->refers |= type->refers;
    return rc;
}

static int subst_type(struct v *v, struct v_subst *subst, const struct vt *type, const struct vt **ret)
{
    const void *found = NULL;
    int rc = component__v_find(v, &subst->done, component__v_node(type), &found);
    if (rc <= 0) {
        *ret = found;
        return rc;
    }
    if (type->kind == VT_RESOURCE) {
        rc = component__v_find(v, &subst->resources, component__v_number(type->resource), &found);
        /* Each name of a resource stays a name of its own: what an instance was given is not named by what it exports. */
        *ret = type;
        if (rc == 0)
            rc = component__v_alias(v, found, ret);
        if (rc < 0)
            return rc;
    } else if (!type->refers) {
        *ret = type;
        return 0;
    } else {
        rc = rebuild(v, subst, type, ret);
        if (rc < 0)
            return rc;
    }
    rc = component__v_put(v, &subst->done, component__v_node(type), *ret);
    return rc < 0 ? rc : 0;
}

int component__v_subst(struct v *v, struct v_subst *subst, const struct vt_extern *in, struct vt_extern *ret)
{
    *ret = *in;
    if (!in->type)
        return 0;
    int rc = subst_type(v, subst, in->type, &ret->type);
    if (rc == 0 && in->sort == COMPONENT_SORT_TYPE)
        rc = subst_type(v, subst, in->referenced, &ret->referenced);
    return rc;
}

/* ---- finding the bound resources ---- */

static bool bound(const struct v_subst *subst, const struct vt_extern *what)
{
    return what->sort == COMPONENT_SORT_TYPE && what->type->kind == VT_RESOURCE &&
           what->type->resource >= subst->first && what->type->resource < subst->end;
}

int component__v_freshen(struct v *v, struct v_subst *subst, const struct vt_extern *what)
{
    const struct vt *fresh = NULL;
    const void *found = NULL;
    int rc = component__v_steps(v, 1);
    if (rc < 0 || !what->type || !what->type->refers)
        return rc;
    if (bound(subst, what)) {
        struct v_key key = component__v_number(what->type->resource);
        rc = component__v_find(v, &subst->resources, key, &found);
        if (rc <= 0)
            return rc;
        rc = component__v_resource(v, &fresh);
        return rc < 0 ? rc : component__v_put(v, &subst->resources, key, fresh);
    }
    if (what->sort != COMPONENT_SORT_INSTANCE)
        return 0;
    for (uint32_t i = 0; rc == 0 && i < what->type->exports.count; i++)
        rc = component__v_freshen(v, subst, &what->type->exports.p[i].what);
    return rc;
}

static int find_item(struct v *v, const struct vt_items *items, struct sw_str name,
                     const struct vt_item **ret)
{
    const void *found = NULL;
    int rc = component__v_find(v, &items->names, component__v_name(name), &found);
    *ret = rc == 0 ? found : NULL;
    return rc;
}

int component__v_adopt(struct v *v, struct v_subst *subst, const struct vt_extern *want,
                       const struct vt_extern *got)
{
    if (want->sort != got->sort || !want->type || !want->type->refers)
        return 0;
    if (bound(subst, want)) {
        if (got->type->kind != VT_RESOURCE)
            return 0; /* said by matching */
        int rc = component__v_put(v, &subst->resources, component__v_number(want->type->resource), got->type);
        return rc < 0 ? rc : 0;
    }
    int rc = 0;
    for (uint32_t i = 0; rc >= 0 && want->sort == COMPONENT_SORT_INSTANCE && i < want->type->exports.count;
         i++) {
        const struct vt_item *given = NULL;
        rc = find_item(v, &got->type->exports, want->type->exports.p[i].name, &given);
        if (rc == 0)
            rc = component__v_adopt(v, subst, &want->type->exports.p[i].what, &given->what);
    }
    return rc < 0 ? rc : 0;
}

int component__v_identify(struct v *v, struct v_subst *subst, const struct vt_extern *want,
                          const struct vt_extern *got)
{
    int rc = 0;
    if (want->sort == COMPONENT_SORT_TYPE) {
        rc = component__v_put(v, &subst->done, component__v_node(want->type), got->type);
        return rc < 0 ? rc : 0;
    }
    for (uint32_t i = 0; rc >= 0 && want->sort == COMPONENT_SORT_INSTANCE && i < want->type->exports.count;
         i++) {
        const struct vt_item *given = NULL;
        rc = find_item(v, &got->type->exports, want->type->exports.p[i].name, &given);
        if (rc == 0)
            rc = component__v_identify(v, subst, &want->type->exports.p[i].what, &given->what);
    }
    return rc < 0 ? rc : 0;
}

int component__v_open(struct v *v, struct vt_extern *what)
{
    if (what->sort != COMPONENT_SORT_INSTANCE || what->type->first == what->type->end)
        return 0;
    struct v_subst subst = {.first = what->type->first, .end = what->type->end};
    struct vt_extern opened;
    int rc = component__v_freshen(v, &subst, what);
    if (rc == 0)
        rc = component__v_subst(v, &subst, what, &opened);
    if (rc != 0)
        return rc;
    struct vt *type = V_NEW(v, struct vt);
    if (!type)
        return v->rc;
    *type = *opened.type;
    type->first = type->end = 0;
    what->type = type;
    return 0;
}

/* ---- free resources ---- */

struct bound_range {
    uint32_t first, end;
    const struct bound_range *outer;
    const struct v_local *local; /* of the outermost: which count; NULL: all */
};

/* Returns 0 when the resource is one that is looked for, SW_ABSENT, or < 0. */
static int is_free(struct v *v, const struct bound_range *range, uint32_t resource)
{
    const struct v_local *local = range->local;
    const void *found = NULL;
    for (; range; range = range->outer) {
        if (resource >= range->first && resource < range->end)
            return SW_ABSENT;
        local = range->local;
    }
    if (!local)
        return 0;
    if (resource < local->first)
        return SW_ABSENT;
    int rc = component__v_find(v, local->known, component__v_number(resource), &found);
    return rc == 0 ? SW_ABSENT : rc == SW_ABSENT ? 0 : rc;
}

static int free_in(struct v *v, const struct vt *type, const struct bound_range *outer);

static int free_in_items(struct v *v, const struct vt_items *items, const struct bound_range *range)
{
    int rc = SW_ABSENT;
    for (uint32_t i = 0; rc == SW_ABSENT && i < items->count; i++)
        if (items->p[i].what.type)
            rc = free_in(v, items->p[i].what.type, range);
    return rc;
}

static int free_in(struct v *v, const struct vt *type, const struct bound_range *outer)
{
    int rc = component__v_steps(v, 1);
    if (rc < 0)
        return rc;
    if (type->kind == VT_RESOURCE)
        return is_free(v, outer, type->resource);
    if (!type->refers)
        return SW_ABSENT;
    const struct bound_range range = {type->first, type->end, outer, NULL};
    rc = type->elem ? free_in(v, type->elem, &range) : SW_ABSENT;
    if (rc == SW_ABSENT && type->error)
        rc = free_in(v, type->error, &range);
    for (uint32_t i = 0; rc == SW_ABSENT && i < type->field_count; i++)
        if (type->fields[i].type)
            rc = free_in(v, type->fields[i].type, &range);
    if (rc == SW_ABSENT)
        rc = free_in_items(v, &type->imports, &range);
    return rc == SW_ABSENT ? free_in_items(v, &type->exports, &range) : rc;
}

int component__v_local_resource(struct v *v, const struct v_local *local, const struct vt *type)
{
    const struct bound_range none = {.local = local};
    return free_in(v, type, &none);
}

int component__v_free_resource(struct v *v, const struct vt *type)
{
    return component__v_local_resource(v, NULL, type);
}
