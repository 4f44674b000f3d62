/* match.c - core imports and exports against the world.  Room: encode.
 *
 * Core names: "wasi:io/poll@0.2.12" "poll"; "$root" "func" for the world's own functions; "[export]IFACE" "[resource-new]r" for what the
 * component defines. Exports: "IFACE#func", "func", "cabi_post_" before either, "IFACE#[dtor]r". Source: BuildTargets.md. */
#include "component/encode/encode_internal.h"

const struct wit_home *enc_home(const struct enc *e, const struct enc_interface *in)
{
    return in ? &in->wit->home : &e->world->home;
}

static const struct wit_func *find_func(struct wit_func *const *funcs, uint32_t count, struct sw_str name,
                                        uint32_t *ret_at)
{
    for (uint32_t i = 0; i < count; i++)
        if (sw_str_eq(funcs[i]->full_name, name)) {
            *ret_at = i;
            return funcs[i];
        }
    return NULL;
}

static const struct wit_def *find_resource(const struct wit_interface *in, struct sw_str name)
{
    for (uint32_t i = 0; i < in->home.def_count; i++)
        if (sw_str_eq(in->home.defs[i]->name, name) &&
            wit_def_strip(in->home.defs[i])->kind == WIT_DEF_RESOURCE)
            return in->home.defs[i];
    return NULL;
}

static struct enc_interface *by_name(struct enc_interface *items, uint32_t count, struct sw_str name)
{
    for (uint32_t i = 0; i < count; i++)
        if (sw_str_eq(sw_str_of(items[i].name), name))
            return &items[i];
    return NULL;
}

/* "[resource-drop]r" without its front; empty: it does not start so. */
static struct sw_str behind(struct sw_str name, struct sw_str front)
{
    return sw_str_starts(name, front) ? sw_str_from(name, front.n) : SW_LIT("");
}

static void unknown(struct enc *e, const struct engine_core_import *import)
{
    const char *hint = "hint: the world has no such import";
    if (sw_str_starts(import->module, SW_LIT("wasi_snapshot_preview1")) ||
        sw_str_eq(import->module, SW_LIT("wasi_unstable")))
        hint = "hint: WASI 0.1 imports are not supported; build for WASI 0.2 or without the libc functions "
               "that need them";
    else if (sw_str_eq(import->module, SW_LIT("env")))
        hint = "hint: a function was declared but not defined; link with what defines it";
    (void)enc_fail(e, SW_EINPUT,
                   "the core module imports '" SW_FMT "' '" SW_FMT "', which world '" SW_FMT
                   "' does not have\n%s",
                   SW_ARG(import->module), SW_ARG(import->name), SW_ARG(e->world->name), hint);
}

static bool find_exported(struct enc *e, struct enc_use *use, struct sw_str module)
{
    static const struct {
        struct sw_str front;
        enum enc_use_kind kind;
    } BUILTINS[] = {{SW_LIT_INIT("[resource-new]"), ENC_NEW},
                    {SW_LIT_INIT("[resource-rep]"), ENC_REP},
                    {SW_LIT_INIT("[resource-drop]"), ENC_DROP}};
    use->interface = by_name(e->exports, e->export_count, module);
    for (size_t i = 0; use->interface && i < sizeof BUILTINS / sizeof BUILTINS[0]; i++) {
        struct sw_str resource = behind(use->import->name, BUILTINS[i].front);
        use->kind = BUILTINS[i].kind;
        use->def = resource.n ? find_resource(use->interface->wit, resource) : NULL;
        if (use->def && use->def->kind == WIT_DEF_RESOURCE)
            return true;
    }
    return false;
}

static bool find_imported(struct enc *e, struct enc_use *use)
{
    struct sw_str resource = behind(use->import->name, SW_LIT("[resource-drop]"));
    uint32_t at = 0;
    use->interface = by_name(e->imports, e->import_count, use->import->module);
    if (!use->interface)
        return false;
    const struct wit_interface *wit = use->interface->wit;
    if (resource.n) {
        use->kind = ENC_DROP;
        use->def = find_resource(wit, resource);
        return use->def != NULL;
    }
    use->func = find_func(wit->funcs, wit->func_count, use->import->name, &at);
    if (use->func)
        use->interface->used[at] = true;
    return use->func != NULL;
}

static bool find_root(struct enc *e, struct enc_use *use)
{
    for (uint32_t i = 0; i < e->world->item_count; i++) {
        const struct wit_item *item = e->world->items[i];
        if (!item->is_export && item->kind == WIT_ITEM_FUNC && sw_str_eq(item->name, use->import->name))
            use->func = item->func;
    }
    return use->func != NULL;
}

static void check_type(struct enc *e, uint32_t func, const struct enc_flat *want, const char *what)
{
    const struct engine_functype *got = engine_core_func_type(e->core, func);
    if (e->rc == 0 && !enc_flat_eq(got, want))
        (void)enc_fail(e, SW_EINPUT, "%s: expected core type %s, got %s", what, enc_flat_text(e, want),
                       enc_functype_text(e, got));
}

static uint32_t new_slot(struct enc *e, const struct enc_flat *flat)
{
    e->slots[e->slot_count] = *flat;
    return e->slot_count++;
}

static bool is_again(struct enc *e, const struct enc_use *use)
{
    for (const struct enc_use *u = e->uses; enc_step(e) && u < use; u++)
        if (sw_str_eq(u->import->module, use->import->module) &&
            sw_str_eq(u->import->name, use->import->name))
            return true;
    return false;
}

static void match_import(struct enc *e, struct enc_use *use)
{
    static const struct enc_flat TAKES = {.params = {ENGINE_I32}, .param_count = 1};
    static const struct enc_flat MAPS = {
        .params = {ENGINE_I32}, .results = {ENGINE_I32}, .param_count = 1, .result_count = 1};
    const struct engine_core_import *import = use->import;
    struct sw_str exported = behind(import->module, SW_LIT("[export]"));
    bool known = false;
    use->slot = ENC_NONE;
    if (import->kind == ENGINE_CORE_FUNC)
        known = exported.n                                   ? find_exported(e, use, exported)
                : sw_str_eq(import->module, SW_LIT("$root")) ? find_root(e, use)
                                                             : find_imported(e, use);
    if (!known) {
        unknown(e, import);
        return;
    }
    use->again = is_again(e, use);
    if (use->kind == ENC_LOWER)
        use->sig = enc_sig_of(e, use->func, true);
    else
        use->sig.flat = use->kind == ENC_DROP ? TAKES : MAPS;
    check_type(e, import->index, &use->sig.flat,
               enc_text(e, "import '" SW_FMT "' '" SW_FMT "'", SW_ARG(import->module), SW_ARG(import->name)));
    if (use->again || e->rc < 0)
        return;
    e->memory |= use->sig.memory;
    e->realloc |= use->sig.realloc;
    if (use->sig.memory || use->sig.realloc)
        use->slot = new_slot(e, &use->sig.flat);
}

/* Module by module in order of their first appearance: as other encoders do, so that their components and ours declare the same. */
static void live_imports(struct enc *e)
{
    for (uint32_t i = 0; e->rc == 0 && i < e->use_count; i++) {
        struct sw_str module = e->uses[i].import->module;
        for (uint32_t k = i; enc_step(e) && k < e->use_count; k++) {
            struct enc_use *use = &e->uses[k];
            if (use->seen || !sw_str_eq(use->import->module, module))
                continue;
            use->seen = true;
            if (use->func)
                enc_live_func(e, enc_home(e, use->interface), use->func);
            else if (!sw_str_starts(module, SW_LIT("[export]")))
                enc_live_def(e, use->def);
        }
    }
}

/* ---- exports ---- */

/* The core function; ENC_NONE and nothing said when it is absent. */
static uint32_t core_func(const struct enc *e, const char *name)
{
    const struct engine_core_export *export = engine_core_export_find(e->core, sw_str_of(name));
    return export && export->kind == ENGINE_CORE_FUNC ? export->index : ENC_NONE;
}

static void match_export(struct enc *e, const struct enc_interface *in, const struct wit_func *func)
{
    const char *name = enc_text(e, "%s%s" SW_FMT, in ? in->name : "", in ? "#" : "", SW_ARG(func->full_name));
    const char *post = enc_text(e, "cabi_post_%s", name);
    struct enc_sig sig = enc_sig_of(e, func, false);
    struct enc_flat after = {.param_count = sig.flat.result_count};
    memcpy(after.params, sig.flat.results, sizeof sig.flat.results);
    uint32_t found = core_func(e, name), found_post = core_func(e, post);
    if (found == ENC_NONE) {
        (void)enc_fail(e, SW_EINPUT,
                       "the core module does not export the function '%s', expected with core type %s", name,
                       enc_flat_text(e, &sig.flat));
        return;
    }
    check_type(e, found, &sig.flat, enc_text(e, "export '%s'", name));
    if (found_post != ENC_NONE)
        check_type(e, found_post, &after, enc_text(e, "export '%s'", post));
    e->memory |= sig.memory;
    e->realloc |= sig.realloc;
}

static void match_dtor(struct enc *e, const struct enc_interface *in, const struct wit_def *def)
{
    static const struct enc_flat TAKES = {.params = {ENGINE_I32}, .param_count = 1};
    const char *name = enc_text(e, "%s#[dtor]" SW_FMT, in->name, SW_ARG(def->name));
    uint32_t found = core_func(e, name);
    struct enc_dtor *dtor = &e->dtors[e->dtor_count++];
    *dtor = (struct enc_dtor){.def = def, .slot = ENC_NONE};
    if (found == ENC_NONE)
        return;
    check_type(e, found, &TAKES, enc_text(e, "export '%s'", name));
    dtor->export = name;
    dtor->slot = new_slot(e, &TAKES);
}

static void match_support(struct enc *e)
{
    static const struct enc_flat REALLOC = {.params = {ENGINE_I32, ENGINE_I32, ENGINE_I32, ENGINE_I32},
                                            .results = {ENGINE_I32},
                                            .param_count = 4,
                                            .result_count = 1};
    static const struct enc_flat NOTHING = {.param_count = 0};
    const struct engine_core_export *memory = engine_core_export_find(e->core, SW_LIT("memory"));
    uint32_t realloc = core_func(e, "cabi_realloc"), initialize = core_func(e, "_initialize");
    if (e->memory && (!memory || memory->kind != ENGINE_CORE_MEMORY))
        (void)enc_fail(
            e, SW_EINPUT,
            "the core module does not export the memory 'memory', which strings and larger values need");
    if (e->realloc && realloc == ENC_NONE)
        (void)enc_fail(
            e, SW_EINPUT,
            "the core module does not export the function 'cabi_realloc', expected with core type %s",
            enc_flat_text(e, &REALLOC));
    if (e->realloc && e->rc == 0)
        check_type(e, realloc, &REALLOC, "export 'cabi_realloc'");
    if (initialize != ENC_NONE)
        check_type(e, initialize, &NOTHING, "export '_initialize'");
}

void enc_match(struct enc *e)
{
    size_t resources = 0;
    for (uint32_t i = 0; i < e->export_count; i++)
        resources += e->exports[i].wit->home.def_count;
    e->use_count = e->core->import_count;
    e->uses = enc_new(e, (size_t)e->use_count + 1, sizeof *e->uses);
    e->dtors = enc_new(e, resources + 1, sizeof *e->dtors);
    e->slots = enc_new(e, (size_t)e->use_count + resources + 1, sizeof *e->slots);
    for (uint32_t i = 0; e->rc == 0 && i < e->use_count; i++) {
        e->uses[i].import = &e->core->imports[i];
        match_import(e, &e->uses[i]);
    }
    for (uint32_t i = 0; e->rc == 0 && i < e->item_count; i++) {
        const struct enc_interface *in = e->items[i].interface;
        if (e->items[i].func)
            match_export(e, NULL, e->items[i].func);
        for (uint32_t k = 0; in && e->rc == 0 && k < in->wit->func_count; k++)
            match_export(e, in, in->wit->funcs[k]);
        for (uint32_t k = 0; in && e->rc == 0 && k < in->wit->home.def_count; k++)
            if (in->wit->home.defs[k]->kind == WIT_DEF_RESOURCE)
                match_dtor(e, in, in->wit->home.defs[k]);
    }
    if (e->rc == 0)
        match_support(e);
    live_imports(e);
    enc_live_exports(e);
}
