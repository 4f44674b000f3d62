/* flat.c - core types of lifted and lowered functions.  Room: encode.  Source: CanonicalABI.md, "Flattening". */
#include "component/encode/encode_internal.h"

struct facts {
    uint8_t flat[ENCODE_FLAT_PARAMS_MAX];
    uint32_t count; /* one more than fit: too many */
    bool pointer, text;
};

static struct facts facts_of(struct enc *e, const struct wit_type *type);

static void add(struct facts *facts, uint8_t code)
{
    if (facts->count < ENCODE_FLAT_PARAMS_MAX)
        facts->flat[facts->count++] = code;
    else
        facts->count = ENCODE_FLAT_PARAMS_MAX + 1;
}

static void append(struct facts *facts, const struct facts *part)
{
    for (uint32_t i = 0; i < part->count && i < ENCODE_FLAT_PARAMS_MAX; i++)
        add(facts, part->flat[i]);
    if (part->count > ENCODE_FLAT_PARAMS_MAX)
        facts->count = ENCODE_FLAT_PARAMS_MAX + 1;
    facts->pointer |= part->pointer;
    facts->text |= part->text;
}

static uint8_t join(uint8_t a, uint8_t b)
{
    if (a == b)
        return a;
    bool narrow = (a == ENGINE_I32 || a == ENGINE_F32) && (b == ENGINE_I32 || b == ENGINE_F32);
    return narrow ? ENGINE_I32 : ENGINE_I64;
}

static void add_case(struct enc *e, struct facts *facts, const struct wit_type *payload)
{
    if (!payload)
        return;
    struct facts part = facts_of(e, payload);
    facts->pointer |= part.pointer;
    facts->text |= part.text;
    if (part.count >= ENCODE_FLAT_PARAMS_MAX || facts->count > ENCODE_FLAT_PARAMS_MAX) {
        facts->count = ENCODE_FLAT_PARAMS_MAX + 1; /* the discriminant makes it too many */
        return;
    }
    for (uint32_t i = 0; i < part.count; i++) {
        if (i + 1 < facts->count)
            facts->flat[i + 1] = join(facts->flat[i + 1], part.flat[i]);
        else
            add(facts, part.flat[i]);
    }
}

static struct facts facts_of_def(struct enc *e, const struct wit_def *def)
{
    struct facts facts = {.count = 0};
    if (def->kind == WIT_DEF_VARIANT || def->kind == WIT_DEF_ENUM || def->kind == WIT_DEF_FLAGS)
        add(&facts, ENGINE_I32);
    for (uint32_t i = 0; enc_step(e) && i < def->field_count; i++) {
        if (def->kind == WIT_DEF_VARIANT) {
            add_case(e, &facts, def->fields[i].type);
        } else if (def->kind == WIT_DEF_RECORD) {
            struct facts part = facts_of(e, def->fields[i].type);
            append(&facts, &part);
        }
    }
    return facts;
}

static struct facts facts_of_parts(struct enc *e, const struct wit_type *type)
{
    struct facts facts = {.count = 0}, part;
    if (type->kind == WIT_TUPLE) {
        for (uint32_t i = 0; enc_step(e) && i < type->item_count; i++) {
            part = facts_of(e, type->items[i]);
            append(&facts, &part);
        }
    } else if (type->kind == WIT_FIXED_LIST) {
        part = facts_of(e, type->elem);
        for (uint32_t i = 0; enc_step(e) && i < type->length; i++)
            append(&facts, &part);
    } else { /* option, result */
        add(&facts, ENGINE_I32);
        add_case(e, &facts, type->elem);
        add_case(e, &facts, type->other);
    }
    return facts;
}

static struct facts facts_of_list(struct enc *e, const struct wit_type *type)
{
    struct facts facts = {.flat = {ENGINE_I32, ENGINE_I32}, .count = 2, .pointer = true};
    facts.text = type->kind == WIT_STRING || (type->elem && facts_of(e, type->elem).text) ||
                 (type->other && facts_of(e, type->other).text);
    return facts;
}

static struct facts facts_of(struct enc *e, const struct wit_type *type)
{
    struct facts facts = {.count = 0};
    if (!enc_step(e))
        return facts;
    type = wit_type_strip(type);
    switch (type->kind) {
    case WIT_NAME:
        return facts_of_def(e, type->def);
    case WIT_TUPLE:
    case WIT_FIXED_LIST:
    case WIT_OPTION:
    case WIT_RESULT:
        return facts_of_parts(e, type);
    case WIT_STRING:
    case WIT_LIST:
    case WIT_MAP:
        return facts_of_list(e, type);
    case WIT_S64:
    case WIT_U64:
        add(&facts, ENGINE_I64);
        break;
    case WIT_F32:
        add(&facts, ENGINE_F32);
        break;
    case WIT_F64:
        add(&facts, ENGINE_F64);
        break;
    case WIT_BOOL:
    case WIT_S8:
    case WIT_U8:
    case WIT_S16:
    case WIT_U16:
    case WIT_S32:
    case WIT_U32:
    case WIT_CHAR:
    case WIT_OWN:
    case WIT_BORROW:
        add(&facts, ENGINE_I32);
        break;
    case WIT_ERROR_CONTEXT:
    case WIT_STREAM:
    case WIT_FUTURE:
        (void)enc_fail(e, SW_EINPUT, "streams, futures and error contexts are not supported yet");
        break;
    }
    return facts;
}

struct enc_sig enc_sig_of(struct enc *e, const struct wit_func *func, bool lower)
{
    struct enc_sig sig = {.memory = false};
    struct facts params = {.count = 0}, result = {.count = 0};
    if (func->is_async)
        (void)enc_fail(e, SW_EINPUT, "function '" SW_FMT "' is async, which is not supported yet",
                       SW_ARG(func->full_name));
    for (uint32_t i = 0; e->rc == 0 && i < func->param_count; i++) {
        struct facts part = facts_of(e, func->params[i].type);
        append(&params, &part);
    }
    if (func->result)
        result = facts_of(e, func->result);
    bool spilled = params.count > ENCODE_FLAT_PARAMS_MAX, pointed = result.count > 1;
    sig.memory = params.pointer || spilled || result.pointer || pointed;
    sig.realloc = lower ? result.pointer : params.pointer || spilled;
    sig.text = params.text || result.text;
    struct enc_flat *flat = &sig.flat;
    if (spilled)
        flat->params[flat->param_count++] = ENGINE_I32;
    else
        for (uint32_t i = 0; i < params.count; i++)
            flat->params[flat->param_count++] = params.flat[i];
    if (pointed && lower)
        flat->params[flat->param_count++] = ENGINE_I32; /* where the results go */
    else if (result.count)
        flat->results[flat->result_count++] = pointed ? (uint8_t)ENGINE_I32 : result.flat[0];
    return sig;
}

bool enc_flat_eq(const struct engine_functype *got, const struct enc_flat *want)
{
    if (!got->is_func || got->param_count != want->param_count || got->result_count != want->result_count)
        return false;
    for (uint32_t i = 0; i < want->param_count; i++)
        if (got->params[i].code != want->params[i])
            return false;
    for (uint32_t i = 0; i < want->result_count; i++)
        if (got->results[i].code != want->results[i])
            return false;
    return true;
}

static const char *code_name(uint8_t code)
{
    return code == ENGINE_I32   ? "i32"
           : code == ENGINE_I64 ? "i64"
           : code == ENGINE_F32 ? "f32"
           : code == ENGINE_F64 ? "f64"
                                : "another type";
}

const char *enc_flat_text(struct enc *e, const struct enc_flat *flat)
{
    const char *text = "(";
    for (uint32_t i = 0; i < flat->param_count; i++)
        text = enc_text(e, "%s%s%s", text, i ? ", " : "", code_name(flat->params[i]));
    text = enc_text(e, "%s) -> (", text);
    for (uint32_t i = 0; i < flat->result_count; i++)
        text = enc_text(e, "%s%s", text, code_name(flat->results[i]));
    return enc_text(e, "%s)", text);
}

#define SHOWN_MAX 20 /* more parameters than a flat type has: the rest would help nobody */

const char *enc_functype_text(struct enc *e, const struct engine_functype *type)
{
    const char *text = "(";
    for (uint32_t i = 0; i < type->param_count && i < SHOWN_MAX; i++)
        text = enc_text(e, "%s%s%s", text, i ? ", " : "", code_name(type->params[i].code));
    text = enc_text(e, "%s%s) -> (", text, type->param_count > SHOWN_MAX ? ", ..." : "");
    for (uint32_t i = 0; i < type->result_count && i < SHOWN_MAX; i++)
        text = enc_text(e, "%s%s%s", text, i ? ", " : "", code_name(type->results[i].code));
    return enc_text(e, "%s)", text);
}
