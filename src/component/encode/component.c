/* component.c - the component: its imports; core.c and export.c have the rest.  Room: encode. */
#include "component/encode/encode_internal.h"

static void import_item(struct enc *e, struct sw_str name, unsigned sort, uint32_t type)
{
    sw_auto_buf item = SW_BUF(ENCODE_BYTES_MAX);
    enc_byte(e, &item, 0);
    enc_name(e, &item, name);
    enc_byte(e, &item, sort);
    enc_u32(e, &item, type);
    enc_put(e, &e->root, ENC_PUT_IMPORT, sw_buf_str(&item));
}

static void declare_func(struct enc *e, struct enc_scope *scope, const struct wit_func *func)
{
    sw_auto_buf item = SW_BUF(ENCODE_BYTES_MAX);
    uint32_t type = enc_func_type(e, scope, func);
    enc_byte(e, &item, 0);
    enc_name(e, &item, func->full_name);
    enc_byte(e, &item, 1);
    enc_u32(e, &item, type);
    enc_put(e, scope->sink, ENC_PUT_EXPORT, sw_buf_str(&item));
}

static void import_interface(struct enc *e, struct enc_interface *in)
{
    struct enc_sink sink = {.bytes = SW_BUF(ENCODE_BYTES_MAX), .is_type = true};
    sw_auto_buf type = SW_BUF(ENCODE_BYTES_MAX);
    struct enc_scope scope = {.kind = ENC_SCOPE_INSTANCE, .sink = &sink, .home = &in->wit->home};
    for (uint32_t i = 0; e->rc == 0 && i < in->live_count; i++)
        (void)enc_def(e, &scope, in->live[i]); /* its index is in the scope */
    for (uint32_t i = 0; e->rc == 0 && i < in->wit->func_count; i++)
        if (in->used[i])
            declare_func(e, &scope, in->wit->funcs[i]);
    if (sink.decls) {
        enc_byte(e, &type, 0x42);
        enc_u32(e, &type, sink.decls);
        enc_raw(e, &type, sw_buf_str(&sink.bytes));
        import_item(e, sw_str_of(in->name), 5, enc_put_type(e, &e->root, sw_buf_str(&type)));
        in->instance = e->instances++;
    }
    sw_buf_deinit(&sink.bytes);
}

static void import_func(struct enc *e, const struct wit_func *func, struct sw_str name)
{
    bool used = false;
    for (uint32_t i = 0; i < e->use_count; i++)
        if (e->uses[i].func == func && sw_str_eq(e->uses[i].import->name, name)) {
            e->uses[i].root_func = e->root.funcs;
            used = true;
        }
    if (!used)
        return;
    import_item(e, name, 1, enc_func_type(e, &e->world_scope, func));
    e->root.funcs++;
}

static void import_root(struct enc *e)
{
    const struct wit_world *world = e->world;
    for (uint32_t i = 0; e->rc == 0 && i < world->home.def_count; i++)
        (void)enc_def(e, &e->world_scope, world->home.defs[i]); /* its index is in the scope */
    for (uint32_t i = 0; e->rc == 0 && i < world->home.def_count; i++)
        for (uint32_t k = 0; e->rc == 0 && k < world->home.defs[i]->func_count; k++)
            import_func(e, world->home.defs[i]->funcs[k], world->home.defs[i]->funcs[k]->full_name);
    for (uint32_t i = 0; e->rc == 0 && i < world->item_count; i++)
        if (!world->items[i]->is_export && world->items[i]->kind == WIT_ITEM_FUNC)
            import_func(e, world->items[i]->func, world->items[i]->name);
}

uint32_t enc_lowered_func(struct enc *e, const struct enc_use *use)
{
    return use->interface ? enc_alias_export(e, 1, use->interface->instance, use->func->full_name)
                          : use->root_func;
}

void enc_component(struct enc *e)
{
    enc_raw(e, &e->root.bytes, sw_str("\0asm\x0d\0\1\0", 8));
    for (uint32_t i = 0; e->rc == 0 && i < e->import_count; i++)
        import_interface(e, &e->imports[i]);
    import_root(e);
    enc_core(e);
    enc_exports(e);
    enc_customs(e);
}
