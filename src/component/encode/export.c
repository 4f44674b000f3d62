/* export.c - lifted functions, and the instances that are exported.  Room: encode.
 *
 * An exported interface is an instance of a small component that imports the lifted functions and exports them under their names, with its
 * types: only an instance made so can give names to types. */
#include "component/encode/encode_internal.h"

static uint32_t lift(struct enc *e, struct enc_scope *scope, const struct enc_item *of,
                     const struct wit_func *func)
{
    const struct enc_interface *in = of->interface;
    const struct enc_module *module = of->module;
    sw_auto_buf item = SW_BUF(64);
    const char *name = enc_text(e, "%s%s" SW_FMT, in ? in->name : "", in ? "#" : "", SW_ARG(func->full_name));
    const char *post = enc_text(e, "cabi_post_%s", name);
    struct enc_sig sig = enc_sig_of(e, func, false);
    uint32_t type = enc_func_type(e, scope, func),
             callee = enc_alias_core_func(e, module->instance, sw_str_of(name));
    bool has_post = enc_has_func(module->core, post);
    enc_raw(e, &item, sw_str("\0\0", 2));
    enc_u32(e, &item, callee);
    enc_u32(e, &item, (uint32_t)sig.memory + sig.realloc + sig.text + has_post);
    if (sig.text)
        enc_byte(e, &item, module->encoding);
    if (sig.memory)
        enc_raw(e, &item, sw_str("\3\0", 2));
    if (sig.realloc) {
        enc_byte(e, &item, 4);
        enc_u32(e, &item, module->export_realloc_index);
    }
    if (has_post) {
        enc_byte(e, &item, 5);
        enc_u32(e, &item, enc_alias_core_func(e, module->instance, sw_str_of(post)));
    }
    enc_u32(e, &item, type);
    enc_one(e, &e->root.bytes, 8, sw_buf_str(&item));
    return e->root.funcs++;
}

static void export_item(struct enc *e, struct sw_str name, unsigned sort, uint32_t index)
{
    sw_auto_buf item = SW_BUF(ENCODE_BYTES_MAX);
    enc_byte(e, &item, 0);
    enc_name(e, &item, name);
    enc_byte(e, &item, sort);
    enc_u32(e, &item, index);
    enc_byte(e, &item, 0); /* its own type */
    enc_put(e, &e->root, ENC_PUT_EXPORT, sw_buf_str(&item));
}

static void import_lifted(struct enc *e, struct enc_scope *inner, const struct wit_func *func,
                          uint32_t lifted, uint32_t number)
{
    sw_auto_buf item = SW_BUF(ENCODE_BYTES_MAX);
    struct sw_str name = sw_str_of(enc_text(e, "import-func-f%u", number));
    uint32_t type = enc_func_type(e, inner, func);
    enc_byte(e, &item, 0);
    enc_name(e, &item, name);
    enc_byte(e, &item, 1);
    enc_u32(e, &item, type);
    enc_put(e, inner->sink, ENC_PUT_IMPORT, sw_buf_str(&item));
    inner->sink->funcs++;
    enc_name(e, &inner->args, name);
    enc_byte(e, &inner->args, 1);
    enc_u32(e, &inner->args, lifted);
    inner->arg_count++;
}

static void export_named(struct enc *e, struct enc_scope *outer, const struct wit_func *func, uint32_t number)
{
    sw_auto_buf item = SW_BUF(ENCODE_BYTES_MAX);
    uint32_t type = enc_func_type(e, outer, func);
    enc_byte(e, &item, 0);
    enc_name(e, &item, func->full_name);
    enc_byte(e, &item, 1);
    enc_u32(e, &item, number);
    enc_raw(e, &item, SW_LIT("\1\1")); /* ascribed: a function of ... */
    enc_u32(e, &item, type);
    enc_put(e, outer->sink, ENC_PUT_EXPORT, sw_buf_str(&item));
}

static void instantiate(struct enc *e, struct enc_interface *in, const struct enc_scope *inner)
{
    sw_auto_buf item = SW_BUF(ENCODE_BYTES_MAX);
    enc_section(e, &e->root.bytes, 4, sw_buf_str(&inner->sink->bytes));
    enc_byte(e, &item, 0);
    enc_u32(e, &item, e->components++);
    enc_u32(e, &item, inner->arg_count);
    enc_raw(e, &item, sw_buf_str(&inner->args));
    enc_one(e, &e->root.bytes, 5, sw_buf_str(&item));
    export_item(e, sw_str_of(in->name), 5, e->instances++);
    in->instance = e->instances++; /* an export is an index of its own */
}

static void export_interface(struct enc *e, const struct enc_item *of)
{
    struct enc_interface *in = of->interface;
    const struct wit_interface *wit = in->wit;
    struct enc_sink sink = {.bytes = SW_BUF(ENCODE_BYTES_MAX)};
    struct enc_scope inner = {.kind = ENC_SCOPE_INNER, .sink = &sink, .home = &wit->home, .below = &in->lift};
    struct enc_scope outer = {.kind = ENC_SCOPE_OUTER, .sink = &sink, .home = &wit->home, .below = &inner};
    inner.args = SW_BUF(ENCODE_BYTES_MAX);
    enc_raw(e, &sink.bytes, sw_str("\0asm\x0d\0\1\0", 8));
    for (uint32_t i = 0; e->rc == 0 && i < wit->func_count; i++)
        import_lifted(e, &inner, wit->funcs[i], lift(e, &in->lift, of, wit->funcs[i]), i);
    for (uint32_t i = 0; e->rc == 0 && i < wit->home.def_count; i++)
        (void)enc_def(e, &outer, wit->home.defs[i]); /* its index is in the scope */
    /* Each export is a function of its own index behind the imported ones; these are 0 to func_count. */
    for (uint32_t i = 0; e->rc == 0 && i < wit->func_count; i++)
        export_named(e, &outer, wit->funcs[i], i);
    instantiate(e, in, &inner);
    sw_buf_deinit(&sink.bytes);
    sw_buf_deinit(&inner.args);
}

void enc_exports(struct enc *e)
{
    for (uint32_t i = 0; e->rc == 0 && i < e->item_count; i++) {
        const struct wit_func *func = e->items[i].func;
        if (!func) {
            export_interface(e, &e->items[i]);
            continue;
        }
        export_item(e, func->full_name, 1, lift(e, &e->world_scope, &e->items[i], func));
        e->root.funcs++; /* as for an instance */
    }
}
