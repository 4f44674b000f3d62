/* link_flat.c - core function types of lifted and lowered functions.  Room: component.  Source: CanonicalABI.md, "Flattening". */
#include <stdio.h>

#include "component/link.h"

void component__flat_of(const struct component_types *types, const struct component_func_type *func,
                        bool lower, struct link_flat *ret)
{
    *ret = (struct link_flat){.param_count = 0};
    if (func->flat_param_count > COMPONENT_FLAT_MAX) {
        ret->params[ret->param_count++] = ENGINE_I32; /* a pointer to all of them */
    } else {
        for (uint32_t i = 0; i < func->param_count; i++) {
            const struct component_type *type = component_type_of(types, func->params[i].type);
            memcpy(ret->params + ret->param_count, type->flat, type->flat_count);
            ret->param_count += type->flat_count;
        }
    }
    if (func->flat_result_count == 1)
        ret->results[ret->result_count++] = component_type_of(types, func->result)->flat[0];
    else if (func->flat_result_count > 1 && lower)
        ret->params[ret->param_count++] = ENGINE_I32; /* where they go */
    else if (func->flat_result_count > 1)
        ret->results[ret->result_count++] = ENGINE_I32; /* where they are */
}

void component__flat_lift_async(bool has_callback, struct link_flat *flat)
{
    flat->result_count = has_callback ? 1 : 0; /* the result leaves by task.return */
    flat->results[0] = ENGINE_I32;
}

void component__flat_lower_async(const struct component_func_type *func, uint8_t pointer,
                                 struct link_flat *flat)
{
    if (func->flat_param_count > COMPONENT_ASYNC_FLAT_MAX) {
        flat->param_count = 1;
        flat->params[0] = pointer;
    } else if (func->flat_result_count > 1) {
        flat->param_count--; /* put there for a synchronous result */
    }
    if (func->flat_result_count > 0)
        flat->params[flat->param_count++] = pointer;
    flat->result_count = 1;
    flat->results[0] = ENGINE_I32;
}

static const char *valtype_name(uint8_t code)
{
    switch (code) {
    case ENGINE_I32:
        return "i32";
    case ENGINE_I64:
        return "i64";
    case ENGINE_F32:
        return "f32";
    case ENGINE_F64:
        return "f64";
    case ENGINE_V128:
        return "v128";
    case ENGINE_FUNCREF:
        return "funcref";
    case ENGINE_EXTERNREF:
        return "externref";
    default:
        return "ref";
    }
}

struct text { /* fixed: a type of at most LINK_FLAT_MAX names fits; longer ones are cut */
    char p[256];
    size_t n;
};

static void text_add(struct text *text, const char *part)
{
    int n = snprintf(text->p + text->n, sizeof text->p - text->n, "%s", part);
    text->n += n < 0 ? 0 : (size_t)n;
    if (text->n >= sizeof text->p)
        text->n = sizeof text->p - 1;
}

static void text_one(struct text *text, uint32_t i, uint8_t code)
{
    text_add(text, i ? ", " : "");
    text_add(text, valtype_name(code));
}

static void text_valtypes(struct text *text, const struct engine_valtype *types, uint32_t count)
{
    text_add(text, "(");
    for (uint32_t i = 0; i < count; i++)
        text_one(text, i, types[i].code);
    text_add(text, ")");
}

static void text_codes(struct text *text, const uint8_t *codes, uint32_t count)
{
    text_add(text, "(");
    for (uint32_t i = 0; i < count; i++)
        text_one(text, i, codes[i]);
    text_add(text, ")");
}

static bool same(const struct engine_valtype *types, const uint8_t *codes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (types[i].code != codes[i])
            return false;
    return true;
}

int component__flat_check(struct link *link, uint32_t at, const char *what, const struct engine_functype *got,
                          const struct link_flat *want)
{
    if (got->param_count == want->param_count && got->result_count == want->result_count &&
        same(got->params, want->params, want->param_count) &&
        same(got->results, want->results, want->result_count))
        return 0;
    struct text got_text = {.n = 0}, want_text = {.n = 0};
    text_valtypes(&got_text, got->params, got->param_count);
    text_add(&got_text, " -> ");
    text_valtypes(&got_text, got->results, got->result_count);
    text_codes(&want_text, want->params, want->param_count);
    text_add(&want_text, " -> ");
    text_codes(&want_text, want->results, want->result_count);
    return component__link_bad(link, at, "%s has core type %s, expected %s", what, got_text.p, want_text.p);
}

static struct engine_valtype *valtypes_of(struct link *link, const uint8_t *codes, uint32_t count)
{
    struct engine_valtype *types = component__link_scratch(link, count, sizeof *types);
    for (uint32_t i = 0; types && i < count; i++)
        types[i].code = codes[i];
    return types;
}

int component__flat_functype(struct link *link, const struct link_flat *flat,
                             const struct engine_functype **ret)
{
    struct engine_functype *type = component__link_scratch(link, 1, sizeof *type);
    if (!type)
        return link->rc;
    type->is_func = true;
    type->param_count = flat->param_count;
    type->result_count = flat->result_count;
    type->params = valtypes_of(link, flat->params, flat->param_count);
    type->results = type->params ? valtypes_of(link, flat->results, flat->result_count) : NULL;
    if (!type->params || !type->results)
        return link->rc;
    *ret = type;
    return 0;
}
