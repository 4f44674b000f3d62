/* core.c - core modules and instances: what the main module is given, and the fixup.  Room: encode. */
#include "component/encode/encode_internal.h"

static void put_module(struct enc *e, void (*make)(struct enc *, struct sw_buf *))
{
    sw_auto_buf module = SW_BUF(ENCODE_BYTES_MAX);
    make(e, &module);
    enc_section(e, &e->root.bytes, 1, sw_buf_str(&module));
    e->core_modules++;
}

bool enc_has_func(const struct engine_core *core, const char *name)
{
    const struct engine_core_export *found = engine_core_export_find(core, sw_str_of(name));
    return found && found->kind == ENGINE_CORE_FUNC;
}

static bool has_initialize(const struct enc *e)
{
    return enc_has_func(e->modules[0].core, "_initialize");
}

static void make_fixup(struct enc *e, struct sw_buf *out)
{
    enc_fixup_module(e, out, has_initialize(e));
}

static uint32_t put_core_instance(struct enc *e, struct sw_str item)
{
    enc_one(e, &e->root.bytes, 2, item);
    return e->core_instances++;
}

static uint32_t put_canon(struct enc *e, struct sw_str item)
{
    enc_one(e, &e->root.bytes, 8, item);
    return e->core_funcs++;
}

static void put_export(struct enc *e, struct sw_buf *out, struct sw_str name, unsigned sort, uint32_t index)
{
    enc_name(e, out, name);
    enc_byte(e, out, sort);
    enc_u32(e, out, index);
}

static void alias_core(struct enc *e, unsigned sort, uint32_t instance, struct sw_str name)
{
    sw_auto_buf item = SW_BUF(64);
    enc_byte(e, &item, 0);
    enc_byte(e, &item, sort);
    enc_byte(e, &item, 1);
    enc_u32(e, &item, instance);
    enc_name(e, &item, name);
    enc_put(e, &e->root, ENC_PUT_ALIAS, sw_buf_str(&item));
}

static uint32_t shim_func(struct enc *e, uint32_t slot)
{
    return enc_alias_core_func(e, e->shim, sw_str_of(enc_text(e, "%u", slot)));
}

static void define_resource(struct enc *e, const struct enc_dtor *dtor)
{
    sw_auto_buf type = SW_BUF(64);
    enc_raw(e, &type, SW_LIT("\x3f\x7f")); /* resource, held as an i32 */
    enc_byte(e, &type, dtor->export ? 1 : 0);
    if (dtor->export)
        enc_u32(e, &type, shim_func(e, dtor->slot));
    struct enc_interface *in = enc_export_of(e, dtor->def->home->interface);
    enc_scope_set(e, &in->lift, dtor->def, enc_put_type(e, &e->root, sw_buf_str(&type)));
}

static uint32_t lower(struct enc *e, const struct enc_use *use)
{
    sw_auto_buf item = SW_BUF(64);
    uint32_t func = enc_lowered_func(e, use);
    enc_raw(e, &item, sw_str("\1\0", 2));
    enc_u32(e, &item, func);
    enc_u32(e, &item, (uint32_t)use->sig.memory + use->sig.realloc + use->sig.text);
    if (use->sig.text)
        enc_byte(e, &item, use->module->encoding);
    if (use->sig.memory)
        enc_raw(e, &item, sw_str("\3\0", 2));
    if (use->sig.realloc) {
        enc_byte(e, &item, 4);
        enc_u32(e, &item, use->module->import_realloc_index);
    }
    return put_canon(e, sw_buf_str(&item));
}

static uint32_t builtin(struct enc *e, const struct enc_use *use)
{
    static const uint8_t CODES[] = {[ENC_NEW] = 2, [ENC_DROP] = 3, [ENC_REP] = 4};
    sw_auto_buf item = SW_BUF(64);
    bool exported = sw_str_starts(use->import->module, SW_LIT("[export]"));
    uint32_t type =
        exported ? enc_def(e, &use->interface->lift, use->def) : enc_root_type(e, use->def, false);
    enc_byte(e, &item, CODES[use->kind]);
    enc_u32(e, &item, type);
    return put_canon(e, sw_buf_str(&item));
}

/* What one use is given as. */
static void give(struct enc *e, struct sw_buf *out, const struct enc_use *use)
{
    if (use->kind == ENC_MEMORY)
        put_export(e, out, use->name, 2, 0); /* the component has one core memory */
    else
        put_export(e, out, use->name, 0, use->core_func);
}

/* One instance per module name, and the module with all of them. */
static void make_instance(struct enc *e, struct enc_module *module, uint32_t number)
{
    sw_auto_buf args = SW_BUF(ENCODE_BYTES_MAX), item = SW_BUF(ENCODE_BYTES_MAX),
                list = SW_BUF(ENCODE_BYTES_MAX);
    bool *done = enc_new(e, (size_t)module->use_count + 1, sizeof *done);
    const struct enc_use *uses = &e->uses[module->first_use];
    uint32_t arg_count = 0;
    for (uint32_t i = 0; e->rc == 0 && i < module->use_count; i++) {
        struct sw_str name = uses[i].import->module;
        uint32_t count = 0;
        if (done[i])
            continue;
        sw_buf_clear(&list);
        for (uint32_t k = i; enc_step(e) && k < module->use_count; k++) {
            if (done[k] || !sw_str_eq(uses[k].import->module, name))
                continue;
            done[k] = true;
            give(e, &list, &uses[k]);
            count++;
        }
        sw_buf_clear(&item);
        enc_byte(e, &item, 1);
        enc_u32(e, &item, count);
        enc_raw(e, &item, sw_buf_str(&list));
        put_export(e, &args, name, 0x12, put_core_instance(e, sw_buf_str(&item)));
        arg_count++;
    }
    sw_buf_clear(&item);
    enc_byte(e, &item, 0);
    enc_u32(e, &item, number);
    enc_u32(e, &item, arg_count);
    enc_raw(e, &item, sw_buf_str(&args));
    module->instance = put_core_instance(e, sw_buf_str(&item));
}

/* What fills a slot of the shim. */
static uint32_t real_func(struct enc *e, const struct enc_use *use)
{
    return use->kind == ENC_ADAPTED ? enc_alias_core_func(e, use->adapter->instance, use->import->name)
                                    : lower(e, use);
}

static void make_fixup_instance(struct enc *e, uint32_t module, bool initialize)
{
    sw_auto_buf item = SW_BUF(ENCODE_BYTES_MAX), args = SW_BUF(ENCODE_BYTES_MAX);
    for (uint32_t i = 0; e->rc == 0 && i < e->use_count; i++)
        if (!e->uses[i].again && e->uses[i].slot != ENC_NONE)
            put_export(e, &args, sw_str_of(enc_text(e, "%u", e->uses[i].slot)), 0, real_func(e, &e->uses[i]));
    for (uint32_t i = 0; e->rc == 0 && i < e->dtor_count; i++)
        if (e->dtors[i].export)
            put_export(e, &args, sw_str_of(enc_text(e, "%u", e->dtors[i].slot)), 0,
                       enc_alias_core_func(e, e->dtors[i].module->instance, sw_str_of(e->dtors[i].export)));
    if (e->slot_count) {
        alias_core(e, 1, e->shim, SW_LIT("$imports"));
        put_export(e, &args, SW_LIT("$imports"), 1, 0);
    }
    if (initialize)
        put_export(e, &args, SW_LIT("_initialize"), 0,
                   enc_alias_core_func(e, e->modules[0].instance, SW_LIT("_initialize")));
    enc_byte(e, &item, 1);
    enc_u32(e, &item, e->slot_count + (e->slot_count ? 1 : 0) + (initialize ? 1 : 0));
    enc_raw(e, &item, sw_buf_str(&args));
    uint32_t given = put_core_instance(e, sw_buf_str(&item));
    sw_buf_clear(&item);
    enc_byte(e, &item, 0);
    enc_u32(e, &item, module);
    enc_byte(e, &item, 1);
    put_export(e, &item, SW_LIT(""), 0x12, given);
    (void)put_core_instance(e, sw_buf_str(&item)); /* nobody uses it */
}

static void give_funcs(struct enc *e, const struct enc_module *module)
{
    for (uint32_t i = 0; e->rc == 0 && i < module->use_count; i++) {
        struct enc_use *use = &e->uses[module->first_use + i];
        if (use->kind == ENC_MEMORY)
            continue;
        use->core_func = use->again               ? use->again->core_func
                         : use->slot != ENC_NONE  ? shim_func(e, use->slot)
                         : use->kind == ENC_LOWER ? lower(e, use)
                         : use->kind == ENC_MAIN
                             ? enc_alias_core_func(e, e->modules[0].instance, use->import->name)
                             : builtin(e, use);
    }
}

static void alias_reallocs(struct enc *e, struct enc_module *module)
{
    bool one = module->import_realloc && module->export_realloc &&
               strcmp(module->import_realloc, module->export_realloc) == 0;
    if (module->lowers_realloc || (one && module->lifts_realloc))
        module->import_realloc_index =
            enc_alias_core_func(e, module->instance, sw_str_of(module->import_realloc));
    if (one)
        module->export_realloc_index = module->import_realloc_index;
    else if (module->lifts_realloc)
        module->export_realloc_index =
            enc_alias_core_func(e, module->instance, sw_str_of(module->export_realloc));
}

static void put_modules(struct enc *e)
{
    sw_auto_buf main = SW_BUF(ENCODE_BYTES_MAX);
    enc_stripped(e, &e->modules[0], &main);
    enc_section(e, &e->root.bytes, 1, sw_buf_str(&main));
    e->core_modules++;
    for (uint32_t i = 1; e->rc == 0 && i < e->module_count; i++)
        if (e->modules[i].present) {
            enc_section(e, &e->root.bytes, 1, e->modules[i].core->bytes);
            e->core_modules++;
        }
}

static void put_shim(struct enc *e)
{
    sw_auto_buf item = SW_BUF(64);
    enc_byte(e, &item, 0);
    enc_u32(e, &item, e->core_modules);
    enc_byte(e, &item, 0); /* no arguments */
    put_module(e, enc_shim_module);
    e->shim = put_core_instance(e, sw_buf_str(&item));
}

void enc_core(struct enc *e)
{
    bool initialize = has_initialize(e);
    uint32_t number = 0;
    put_modules(e);
    if (e->slot_count)
        put_shim(e);
    if (e->slot_count || initialize)
        put_module(e, make_fixup);
    for (uint32_t i = 0; e->rc == 0 && i < e->dtor_count; i++)
        define_resource(e, &e->dtors[i]);
    for (uint32_t i = 0; e->rc == 0 && i < e->module_count; i++) {
        struct enc_module *module = &e->modules[i];
        if (!module->present)
            continue;
        give_funcs(e, module);
        make_instance(e, module, number++);
        alias_reallocs(e, module);
        if (i == 0 && e->memory)
            alias_core(e, 2, module->instance, SW_LIT("memory"));
    }
    if (e->slot_count || initialize)
        make_fixup_instance(e, e->core_modules - 1, initialize);
}
