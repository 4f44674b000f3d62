/* rename.c - a core module with other names for what it imports and exports; what its makers left in it.  Room: encode.
 *
 * Bindings from before the component model settled use names of their own for the same functions of the same core types. With the names of
 * today such a module is one like any other. Nothing else of it changes. */
#include "component/encode/encode_internal.h"

static void put_imports(struct enc *e, const struct engine_core *core, encode_rename_fn *rename, void *arg,
                        struct sw_buf *out)
{
    sw_auto_buf section = SW_BUF(ENCODE_BYTES_MAX);
    enc_u32(e, &section, core->import_count);
    for (uint32_t i = 0; e->rc == 0 && i < core->import_count; i++) {
        const struct engine_core_import *import = &core->imports[i];
        struct sw_str module = import->module, name = import->name;
        if (import->kind != ENGINE_CORE_FUNC) {
            (void)enc_fail(e, SW_EINPUT, "imports '" SW_FMT "' of '" SW_FMT "', expected a function",
                           SW_ARG(import->name), SW_ARG(import->module));
            return;
        }
        rename(arg, &module, &name);
        enc_name(e, &section, module);
        enc_name(e, &section, name);
        enc_byte(e, &section, 0);
        enc_u32(e, &section, core->func_types[import->index]);
    }
    enc_section(e, out, 2, sw_buf_str(&section));
}

static void put_exports(struct enc *e, const struct engine_core *core, encode_rename_fn *rename, void *arg,
                        struct sw_buf *out)
{
    sw_auto_buf section = SW_BUF(ENCODE_BYTES_MAX);
    enc_u32(e, &section, core->export_count);
    for (uint32_t i = 0; i < core->export_count; i++) {
        const struct engine_core_export *export = &core->exports[i];
        struct sw_str name = export->name;
        if (export->kind == ENGINE_CORE_FUNC || export->kind == ENGINE_CORE_MEMORY)
            rename(arg, NULL, &name);
        enc_name(e, &section, name);
        enc_byte(e, &section, (unsigned)export->kind);
        enc_u32(e, &section, export->index);
    }
    enc_section(e, out, 7, sw_buf_str(&section));
}

int encode_renamed(const struct engine_core *core, encode_rename_fn *rename, void *arg, struct sw_buf *out,
                   struct sw_err *err)
{
    struct enc e = {.err = err};
    struct enc_reader r = enc_sections(core->bytes);
    struct enc_raw_section section;
    sw_buf_clear(out);
    enc_raw(&e, out, sw_str_head(core->bytes, 8));
    while (e.rc == 0 && enc_read_section(&r, &section)) {
        if (section.id == 2)
            put_imports(&e, core, rename, arg, out);
        else if (section.id == 7)
            put_exports(&e, core, rename, arg, out);
        else
            enc_raw(&e, out, section.whole);
    }
    return e.rc;
}
