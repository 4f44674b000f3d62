/* validate_match.c - whether a thing of one type can stand where another is wanted.  Room: component.
 *
 * Source: Explainer.md, "Type Checking". Messages grow outwards: each level puts its place in front. */
#include "component/validate.h"

static int match_func(struct v *v, const struct vt *got, const struct vt *want)
{
    if (got->is_async != want->is_async)
        return component__v_bad(v, "expected %s function, found %s function",
                                want->is_async ? "async" : "sync", got->is_async ? "async" : "sync");
    if (got->field_count != want->field_count)
        return component__v_bad(v, "expected %u parameters, found %u", want->field_count, got->field_count);
    for (uint32_t i = 0; i < got->field_count; i++) {
        const struct vt_field *a = &got->fields[i], *b = &want->fields[i];
        if (!sw_str_eq(a->name, b->name))
            return component__v_bad(v, "expected parameter named `" SW_FMT "`, found `" SW_FMT "`",
                                    SW_ARG(b->name), SW_ARG(a->name));
        int rc = component__v_match_value(v, a->type, b->type);
        if (rc < 0)
            return sw_wrap(v->err, "type mismatch in function parameter `" SW_FMT "`", SW_ARG(a->name));
    }
    if (!got->elem != !want->elem)
        return component__v_bad(v, "expected %s result, found %s", want->elem ? "a" : "no",
                                got->elem ? "one" : "none");
    int rc = got->elem ? component__v_match_value(v, got->elem, want->elem) : 0;
    return rc < 0 ? sw_wrap(v->err, "type mismatch with result type") : rc;
}

static int find(struct v *v, const struct vt_items *items, struct sw_str name, const struct vt_item **ret)
{
    const void *found = NULL;
    int rc = component__v_find(v, &items->names, component__v_name(name), &found);
    *ret = rc == 0 ? found : NULL;
    return rc;
}

static int match_instance(struct v *v, const struct vt *got, const struct vt *want)
{
    for (uint32_t i = 0; i < want->exports.count; i++) {
        const struct vt_item *wanted = &want->exports.p[i], *given = NULL;
        int rc = find(v, &got->exports, wanted->name, &given);
        if (rc == SW_ABSENT)
            return component__v_bad(v, "missing expected export `" SW_FMT "`", SW_ARG(wanted->name));
        if (rc == 0 && (rc = component__v_match(v, &given->what, &wanted->what)) < 0)
            return sw_wrap(v->err, "type mismatch in instance export `" SW_FMT "`", SW_ARG(wanted->name));
        if (rc < 0)
            return rc;
    }
    return 0;
}

int component__v_supply(struct v *v, struct v_subst *subst, const struct vt_items *wanted,
                        const struct vt_items *got, const char *what)
{
    for (uint32_t i = 0; i < wanted->count; i++) {
        const struct vt_item *want = &wanted->p[i], *given = NULL;
        int rc = find(v, got, want->name, &given);
        if (rc == SW_ABSENT)
            return component__v_bad(v, "missing %s named `" SW_FMT "`", what, SW_ARG(want->name));
        if (rc == 0)
            rc = component__v_adopt(v, subst, &want->what, &given->what);
        if (rc < 0)
            return rc;
    }
    for (uint32_t i = 0; i < wanted->count; i++) {
        const struct vt_item *want = &wanted->p[i], *given = NULL;
        struct vt_extern renamed;
        struct v_subst fresh = {.first = subst->first, .end = subst->end, .resources = subst->resources};
        int rc = find(v, got, want->name, &given);
        if (rc == 0)
            rc = component__v_subst(v, &fresh, &want->what, &renamed);
        if (rc == 0 && (rc = component__v_match(v, &given->what, &renamed)) < 0)
            return sw_wrap(v->err, "type mismatch for %s `" SW_FMT "`", what, SW_ARG(want->name));
        if (rc == 0)
            rc = component__v_identify(v, subst, &want->what, &given->what);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A component for a component: what is wanted gives it its imports, and gets its exports. */
static int match_component(struct v *v, const struct vt *got, const struct vt *want)
{
    struct v_subst in = {.first = got->first, .end = got->end},
                   out = {.first = want->first, .end = want->end};
    int rc = component__v_supply(v, &in, &got->imports, &want->imports, "import");
    for (uint32_t i = 0; rc == 0 && i < got->exports.count; i++)
        rc = component__v_freshen(v, &in, &got->exports.p[i].what);
    if (rc < 0)
        return rc;
    struct vt exporting = {.kind = VT_INSTANCE, .refers = got->refers, .exports = got->exports};
    struct vt_extern before = {.sort = COMPONENT_SORT_INSTANCE, .type = &exporting}, after;
    rc = component__v_subst(v, &in, &before, &after);
    return rc < 0 ? rc : component__v_supply(v, &out, &want->exports, &after.type->exports, "export");
}

static int match_any_type(struct v *v, const struct vt *got, const struct vt *want)
{
    if (got->kind != want->kind)
        return component__v_bad(v, "expected %s, found %s",
                                want->kind == VT_VALUE ? "defined type" : component__v_kind_name(want),
                                got->kind == VT_VALUE ? "defined type" : component__v_kind_name(got));
    switch (got->kind) {
    case VT_VALUE:
        return component__v_match_value(v, got, want);
    case VT_FUNC:
        return match_func(v, got, want);
    case VT_INSTANCE:
        return match_instance(v, got, want);
    case VT_COMPONENT:
        return match_component(v, got, want);
    case VT_RESOURCE:
        break;
    }
    if (got->resource != want->resource)
        return component__v_bad(v, "resource types are not the same");
    return 0;
}

static int match_same_sort(struct v *v, const struct vt_extern *got, const struct vt_extern *want)
{
    if (want->sort == COMPONENT_SORT_CORE_MODULE)
        return component__v_match_module(v, got->module, want->module);
    if (want->sort == COMPONENT_SORT_TYPE)
        return match_any_type(v, got->referenced, want->referenced);
    return match_any_type(v, got->type, want->type);
}

int component__v_match(struct v *v, const struct vt_extern *got, const struct vt_extern *want)
{
    int rc = component__v_steps(v, 1);
    if (rc < 0)
        return rc;
    if (got->sort != want->sort)
        return component__v_bad(v, "expected %s, found %s", component__v_extern_name(want),
                                component__v_extern_name(got));
    return match_same_sort(v, got, want);
}
