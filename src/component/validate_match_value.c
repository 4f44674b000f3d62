/* validate_match_value.c - value types against each other: they have to be the same.  Room: component. */
#include "component/validate.h"

static int match_record(struct v *v, const struct vt *got, const struct vt *want)
{
    if (got->field_count != want->field_count)
        return component__v_bad(v, "expected %u fields, found %u", want->field_count, got->field_count);
    for (uint32_t i = 0; i < got->field_count; i++) {
        const struct vt_field *a = &got->fields[i], *b = &want->fields[i];
        if (!sw_str_eq(a->name, b->name))
            return component__v_bad(v, "expected field name `" SW_FMT "`, found `" SW_FMT "`",
                                    SW_ARG(b->name), SW_ARG(a->name));
        int rc = component__v_match_value(v, a->type, b->type);
        if (rc < 0)
            return sw_wrap(v->err, "type mismatch in record field `" SW_FMT "`", SW_ARG(a->name));
    }
    return 0;
}

static int match_variant(struct v *v, const struct vt *got, const struct vt *want)
{
    if (got->field_count != want->field_count)
        return component__v_bad(v, "expected %u cases, found %u", want->field_count, got->field_count);
    for (uint32_t i = 0; i < got->field_count; i++) {
        const struct vt_field *a = &got->fields[i], *b = &want->fields[i];
        if (!sw_str_eq(a->name, b->name))
            return component__v_bad(v, "expected case named `" SW_FMT "`, found `" SW_FMT "`",
                                    SW_ARG(b->name), SW_ARG(a->name));
        if (!a->type && b->type)
            return component__v_bad(v, "expected case `" SW_FMT "` to have a type, found none",
                                    SW_ARG(a->name));
        if (a->type && !b->type)
            return component__v_bad(v, "expected case `" SW_FMT "` to have no type", SW_ARG(a->name));
        int rc = a->type ? component__v_match_value(v, a->type, b->type) : 0;
        if (rc < 0)
            return sw_wrap(v->err, "type mismatch in variant case `" SW_FMT "`", SW_ARG(a->name));
    }
    return 0;
}

static int match_tuple(struct v *v, const struct vt *got, const struct vt *want)
{
    if (got->field_count != want->field_count)
        return component__v_bad(v, "expected %u types, found %u", want->field_count, got->field_count);
    for (uint32_t i = 0; i < got->field_count; i++) {
        int rc = component__v_match_value(v, got->fields[i].type, want->fields[i].type);
        if (rc < 0)
            return sw_wrap(v->err, "type mismatch in tuple field %u", i);
    }
    return 0;
}

static int match_labels(struct v *v, const struct vt *got, const struct vt *want)
{
    bool same = got->field_count == want->field_count;
    for (uint32_t i = 0; same && i < got->field_count; i++)
        same = sw_str_eq(got->fields[i].name, want->fields[i].name);
    return same ? 0 : component__v_bad(v, "mismatch in %s elements", component__v_kind_name(want));
}

/* A part that may be absent on both sides. */
static int match_part(struct v *v, const struct vt *got, const struct vt *want, const char *name,
                      const char *place)
{
    if (!got && want)
        return component__v_bad(v, "expected %s type, but found none", name);
    if (got && !want)
        return component__v_bad(v, "expected %s type to not be present", name);
    int rc = got ? component__v_match_value(v, got, want) : 0;
    return rc < 0 ? sw_wrap(v->err, "type mismatch in %s", place) : rc;
}

static int match_map(struct v *v, const struct vt *got, const struct vt *want)
{
    int rc = component__v_match_value(v, got->elem->fields[0].type, want->elem->fields[0].type);
    if (rc < 0)
        return sw_wrap(v->err, "type mismatch in map key");
    rc = component__v_match_value(v, got->elem->fields[1].type, want->elem->fields[1].type);
    return rc < 0 ? sw_wrap(v->err, "type mismatch in map value") : rc;
}

static int match_same_kind(struct v *v, const struct vt *got, const struct vt *want)
{
    switch (got->value) {
    case COMPONENT_RECORD:
        return match_record(v, got, want);
    case COMPONENT_VARIANT:
        return match_variant(v, got, want);
    case COMPONENT_TUPLE:
        return match_tuple(v, got, want);
    case COMPONENT_ENUM:
    case COMPONENT_FLAGS:
        return match_labels(v, got, want);
    case COMPONENT_OPTION:
        return component__v_match_value(v, got->elem, want->elem);
    case COMPONENT_LIST:
        return got->is_map ? match_map(v, got, want) : component__v_match_value(v, got->elem, want->elem);
    case COMPONENT_FIXED_LIST:
        if (got->length != want->length)
            return component__v_bad(v, "expected fixed-length %u, found size %u", want->length, got->length);
        return component__v_match_value(v, got->elem, want->elem);
    case COMPONENT_STREAM:
        return match_part(v, got->elem, want->elem, "stream", "stream");
    case COMPONENT_FUTURE:
        return match_part(v, got->elem, want->elem, "future", "future");
    case COMPONENT_OWN:
    case COMPONENT_BORROW:
        return got->elem->resource == want->elem->resource
                   ? 0
                   : component__v_bad(v, "resource types are not the same");
    case COMPONENT_RESULT: {
        int rc = match_part(v, got->elem, want->elem, "ok", "ok variant");
        return rc < 0 ? rc : match_part(v, got->error, want->error, "err", "err variant");
    }
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
        break;
    }
    return 0;
}

int component__v_match_value(struct v *v, const struct vt *got, const struct vt *want)
{
    int rc = component__v_steps(v, (uint64_t)got->field_count + 1);
    if (rc < 0 || got == want || got->number == want->number)
        return rc;
    bool primitives = got->value < COMPONENT_KIND_PRIMITIVES && want->value < COMPONENT_KIND_PRIMITIVES;
    if (primitives && got->value != want->value)
        return component__v_bad(v, "expected primitive `%s` found primitive `%s`",
                                component__v_kind_name(want), component__v_kind_name(got));
    if (got->value != want->value || got->is_map != want->is_map)
        return component__v_bad(v, "expected %s, found %s", component__v_kind_name(want),
                                component__v_kind_name(got));
    return match_same_kind(v, got, want);
}
