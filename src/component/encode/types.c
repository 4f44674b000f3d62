/* types.c - WIT types in a scope: each definition gets an index, and a name where the scope gives names.  Room: encode.
 *
 * Identity is what `use` becomes: a type of another interface is an alias of that instance's export, never a second definition. */
#include "component/encode/encode_internal.h"

static void valtype(struct enc *e, struct enc_scope *scope, const struct wit_home *home,
                    const struct wit_type *type, struct sw_buf *out);

void enc_scope_set(struct enc *e, struct enc_scope *scope, const struct wit_def *def, uint32_t index)
{
    struct enc_entry *entry = enc_new(e, 1, sizeof *entry);
    if (!entry)
        return;
    *entry = (struct enc_entry){.def = def, .index = index, .next = scope->entries};
    scope->entries = entry;
}

static uint32_t look_up(struct enc *e, const struct enc_scope *scope, const struct wit_def *def)
{
    for (const struct enc_entry *entry = scope->entries; entry && enc_step(e); entry = entry->next)
        if (entry->def == def)
            return entry->index;
    return ENC_NONE;
}

/* ---- shapes ---- */

static void optional(struct enc *e, struct enc_scope *scope, const struct wit_home *home,
                     const struct wit_type *type, struct sw_buf *out)
{
    enc_byte(e, out, type ? 1 : 0);
    if (type)
        valtype(e, scope, home, type, out);
}

/* Parts are made before the type that mentions them: `out` is written to the sink by the caller, afterwards. */
static void shape(struct enc *e, struct enc_scope *scope, const struct wit_home *home,
                  const struct wit_type *type, struct sw_buf *out)
{
    static const uint8_t CODES[] = {
        [WIT_LIST] = 0x70,   [WIT_FIXED_LIST] = 0x67, [WIT_TUPLE] = 0x6f, [WIT_OPTION] = 0x6b,
        [WIT_RESULT] = 0x6a, [WIT_MAP] = 0x63,        [WIT_OWN] = 0x69,   [WIT_BORROW] = 0x68};
    enc_byte(e, out, CODES[type->kind]);
    if (type->kind == WIT_OWN || type->kind == WIT_BORROW) {
        enc_u32(e, out, enc_def(e, scope, enc_local(e, home, type)));
    } else if (type->kind == WIT_TUPLE) {
        enc_u32(e, out, type->item_count);
        for (uint32_t i = 0; e->rc == 0 && i < type->item_count; i++)
            valtype(e, scope, home, type->items[i], out);
    } else if (type->kind == WIT_RESULT) {
        optional(e, scope, home, type->elem, out);
        optional(e, scope, home, type->other, out);
    } else {
        valtype(e, scope, home, type->elem, out);
        if (type->kind == WIT_MAP)
            valtype(e, scope, home, type->other, out);
        if (type->kind == WIT_FIXED_LIST)
            enc_u32(e, out, type->length);
    }
}

/* In wit_kind's order up to string. */
static const uint8_t PRIMITIVES[] = {0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x7a, 0x79,
                                     0x78, 0x77, 0x76, 0x75, 0x74, 0x73};

static void valtype(struct enc *e, struct enc_scope *scope, const struct wit_home *home,
                    const struct wit_type *type, struct sw_buf *out)
{
    sw_auto_buf made = SW_BUF(ENCODE_BYTES_MAX);
    if (!enc_step(e))
        return;
    if (type->kind <= WIT_STRING) {
        enc_byte(e, out, PRIMITIVES[type->kind]);
    } else if (type->kind == WIT_NAME) {
        enc_index(e, out, enc_def(e, scope, enc_local(e, home, type)));
    } else if (type->kind == WIT_STREAM || type->kind == WIT_FUTURE || type->kind == WIT_ERROR_CONTEXT) {
        (void)enc_fail(e, SW_EINPUT, "streams, futures and error contexts are not supported yet");
    } else {
        shape(e, scope, home, type, &made);
        enc_index(e, out, enc_put_type(e, scope->sink, sw_buf_str(&made)));
    }
}

static uint32_t define(struct enc *e, struct enc_scope *scope, const struct wit_def *def)
{
    static const uint8_t CODES[] = {
        [WIT_DEF_RECORD] = 0x72, [WIT_DEF_VARIANT] = 0x71, [WIT_DEF_ENUM] = 0x6d, [WIT_DEF_FLAGS] = 0x6e};
    sw_auto_buf made = SW_BUF(ENCODE_BYTES_MAX);
    if (def->kind == WIT_DEF_ALIAS) {
        if (def->type->kind == WIT_NAME)
            return enc_def(e, scope, enc_local(e, def->home, def->type));
        if (def->type->kind == WIT_OWN &&
            def->type->is_bare) /* type a = some-resource: the resource under another name */
            return enc_def(e, scope, enc_local(e, def->home, def->type));
        if (def->type->kind <= WIT_STRING)
            valtype(e, scope, def->home, def->type, &made);
        else if (def->type->kind < WIT_STREAM || def->type->kind > WIT_FUTURE)
            shape(e, scope, def->home, def->type, &made);
        return enc_put_type(e, scope->sink, sw_buf_str(&made));
    }
    enc_byte(e, &made, CODES[def->kind]);
    enc_u32(e, &made, def->field_count);
    for (uint32_t i = 0; e->rc == 0 && i < def->field_count; i++) {
        const struct wit_field *field = &def->fields[i];
        enc_name(e, &made, field->name);
        if (def->kind == WIT_DEF_RECORD)
            valtype(e, scope, def->home, field->type, &made);
        if (def->kind == WIT_DEF_VARIANT) {
            optional(e, scope, def->home, field->type, &made);
            enc_byte(e, &made, 0); /* once: what it refines */
        }
    }
    return enc_put_type(e, scope->sink, sw_buf_str(&made));
}

/* ---- types of other interfaces ---- */

static uint32_t aliased(struct enc *e, struct enc_interface *in, const struct wit_def *def)
{
    if (!in || in->instance == ENC_NONE) {
        (void)enc_fail(e, SW_EBUG, "type '" SW_FMT "' is used before its interface", SW_ARG(def->name));
        return 0;
    }
    uint32_t index = look_up(e, &in->aliases, def);
    if (index == ENC_NONE) {
        index = enc_alias_export(e, 3, in->instance, def->name);
        enc_scope_set(e, &in->aliases, def, index);
    }
    return index;
}

uint32_t enc_root_type(struct enc *e, const struct wit_def *def, bool for_export)
{
    if (!def->home->interface)
        return enc_def(e, &e->world_scope, def);
    struct enc_interface *in = for_export ? enc_export_of(e, def->home->interface) : NULL;
    return aliased(e, in ? in : enc_import_of(e, def->home->interface), def);
}

static uint32_t foreign(struct enc *e, struct enc_scope *scope, const struct wit_def *def)
{
    if (scope->kind == ENC_SCOPE_INSTANCE)
        return enc_alias_outer(e, scope->sink, enc_root_type(e, def, false));
    if (scope->kind == ENC_SCOPE_OUTER)
        return enc_def(e, scope->below, def);
    return enc_root_type(e, def, scope->kind == ENC_SCOPE_LIFT);
}

/* ---- names ---- */

static void bound(struct enc *e, struct sw_buf *item,
                  uint32_t index) /* (type (eq index)), or (type (sub resource)) */
{
    enc_byte(e, item, 3);
    enc_byte(e, item, index == ENC_NONE ? 1 : 0);
    if (index != ENC_NONE)
        enc_u32(e, item, index);
}

static uint32_t import_inner(struct enc *e, struct enc_scope *scope, const struct wit_def *def,
                             uint32_t index)
{
    sw_auto_buf item = SW_BUF(ENCODE_BYTES_MAX);
    struct enc_scope *lift = scope->below;
    bool own = def->home == lift->home;
    const char *name = enc_text(e, "import-type-" SW_FMT, SW_ARG(def->name));
    if (!own) /* of several interfaces the same name may come */
        name = enc_text(e, "import-type-" SW_FMT "-u%u", SW_ARG(def->name), scope->arg_count);
    enc_byte(e, &item, 0);
    enc_name(e, &item, sw_str_of(name));
    bound(e, &item, index);
    enc_put(e, scope->sink, ENC_PUT_IMPORT, sw_buf_str(&item));
    enc_name(e, &scope->args, sw_str_of(name));
    enc_byte(e, &scope->args, 3);
    enc_u32(e, &scope->args, own ? enc_def(e, lift, def) : enc_root_type(e, def, true));
    scope->arg_count++;
    return scope->sink->types++;
}

static uint32_t give_name(struct enc *e, struct enc_scope *scope, const struct wit_def *def, uint32_t index)
{
    sw_auto_buf item = SW_BUF(ENCODE_BYTES_MAX);
    if (scope->kind == ENC_SCOPE_LIFT)
        return index;
    if (scope->kind == ENC_SCOPE_INNER)
        return import_inner(e, scope, def, index);
    enc_byte(e, &item, 0);
    enc_name(e, &item, def->name);
    if (scope->kind == ENC_SCOPE_OUTER) {
        enc_byte(e, &item, 3);
        enc_u32(e, &item, index);
        enc_byte(e, &item, 0);
    } else {
        bound(e, &item, index);
    }
    enc_put(e, scope->sink, scope->kind == ENC_SCOPE_WORLD ? ENC_PUT_IMPORT : ENC_PUT_EXPORT,
            sw_buf_str(&item));
    return scope->sink->types++;
}

uint32_t enc_def(struct enc *e, struct enc_scope *scope, const struct wit_def *def)
{
    bool inner = scope->kind == ENC_SCOPE_INNER;
    uint32_t index = e->rc == 0 ? look_up(e, scope, def) : 0;
    if (index != ENC_NONE || e->rc < 0)
        return index;
    if (inner && def->kind == WIT_DEF_USE) {
        index = enc_def(e, scope, def->target);
        if (def->home != scope->home) /* passed on by another interface: it is that one's type */
            index = give_name(e, scope, def, index);
    } else if (!inner && def->home != scope->home &&
               !(scope->kind == ENC_SCOPE_WORLD && !def->home->interface)) {
        index = foreign(e, scope, def);
    } else {
        if (def->kind == WIT_DEF_USE)
            index = foreign(e, scope, def->target);
        else if (def->kind == WIT_DEF_RESOURCE)
            index = scope->kind == ENC_SCOPE_OUTER ? enc_def(e, scope->below, def) : ENC_NONE;
        else
            index = define(e, scope, def);
        index = give_name(e, scope, def, index);
    }
    enc_scope_set(e, scope, def, index);
    return index;
}

uint32_t enc_func_type(struct enc *e, struct enc_scope *scope, const struct wit_func *func)
{
    sw_auto_buf made = SW_BUF(ENCODE_BYTES_MAX);
    enc_byte(e, &made, 0x40);
    enc_u32(e, &made, func->param_count);
    const struct wit_home *home = scope->kind == ENC_SCOPE_INNER ? scope->below->home : scope->home;
    for (uint32_t i = 0; e->rc == 0 && i < func->param_count; i++) {
        enc_name(e, &made, func->params[i].name);
        valtype(e, scope, home, func->params[i].type, &made);
    }
    enc_byte(e, &made, func->result ? 0 : 1);
    if (func->result)
        valtype(e, scope, home, func->result, &made);
    else
        enc_byte(e, &made, 0);
    return enc_put_type(e, scope->sink, sw_buf_str(&made));
}
