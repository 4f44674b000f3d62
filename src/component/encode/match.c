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
    size_t at = sw_str_rfind(name, '@');
    for (uint32_t i = 0; i < count; i++)
        if (sw_str_eq(sw_str_of(items[i].name), name))
            return &items[i];
    for (uint32_t i = 0; at != SW_NPOS && i < count; i++) { /* bindings of another, compatible version */
        struct sw_str other = sw_str_of(items[i].name);
        size_t other_at = sw_str_rfind(other, '@');
        if (other_at != SW_NPOS && sw_str_eq(sw_str_head(other, other_at), sw_str_head(name, at)) &&
            enc_version_compatible(sw_str_from(other, other_at + 1), sw_str_from(name, at + 1)))
            return &items[i];
    }
    return NULL;
}

/* "[resource-drop]r" without its front; empty: it does not start so. */
static struct sw_str behind(struct sw_str name, struct sw_str front)
{
    return sw_str_starts(name, front) ? sw_str_from(name, front.n) : SW_LIT("");
}

static struct sw_str import_name(const void *arg, uint32_t index)
{
    return sw_str_of(((const struct enc *)arg)->imports[index].name);
}

static struct sw_str func_name(const void *arg, uint32_t index)
{
    return ((const struct wit_interface *)arg)->funcs[index]->full_name;
}

static struct sw_str export_name(const void *arg, uint32_t index)
{
    return ((const struct engine_core *)arg)->exports[index].name;
}

static const char *hint_for(struct enc *e, const struct engine_core_import *import)
{
    const struct enc_interface *in = by_name(e->imports, e->import_count, import->module);
    const char *near = in ? enc_nearest(e, import->name, func_name, in->wit, in->wit->func_count)
                          : enc_nearest(e, import->module, import_name, e, e->import_count);
    if (sw_str_starts(import->module, SW_LIT("wasi_snapshot_preview1")) ||
        sw_str_eq(import->module, SW_LIT("wasi_unstable")))
        return enc_text(e, "hint: it is built for WASI 0.1; give the adapter with --adapt " SW_FMT "=FILE",
                        SW_ARG(import->module));
    if (sw_str_eq(import->module, SW_LIT("env")))
        return "hint: a function was declared but not defined; link with what defines it";
    if (near)
        return enc_text(e, "hint: the nearest that it has is '%s'", near);
    return "hint: the world has no such import";
}

static void unknown(struct enc *e, const struct enc_module *module, const struct engine_core_import *import)
{
    bool main = !module->name.n;
    (void)enc_fail(e, SW_EINPUT,
                   "%s" SW_FMT "%s imports '" SW_FMT "' '" SW_FMT "', which world '" SW_FMT
                   "' does not have\n%s",
                   main ? "the core module" : "adapter '", SW_ARG(module->name), main ? "" : "'",
                   SW_ARG(import->module), SW_ARG(import->name), SW_ARG(e->world->name), hint_for(e, import));
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

/* A resource of the world itself: its functions, and its drop. */
static bool find_root_resource(struct enc *e, struct enc_use *use)
{
    const struct wit_home *home = &e->world->home;
    struct sw_str dropped = behind(use->import->name, SW_LIT("[resource-drop]"));
    uint32_t at = 0;
    for (uint32_t i = 0; enc_step(e) && !use->func && i < home->def_count; i++) {
        if (wit_def_strip(home->defs[i])->kind != WIT_DEF_RESOURCE)
            continue;
        if (dropped.n && sw_str_eq(home->defs[i]->name, dropped)) {
            use->kind = ENC_DROP;
            use->def = home->defs[i];
            return true;
        }
        if (home->defs[i]->kind == WIT_DEF_RESOURCE)
            use->func = find_func(home->defs[i]->funcs, home->defs[i]->func_count, use->import->name, &at);
    }
    return use->func != NULL;
}

static bool find_root(struct enc *e, struct enc_use *use)
{
    for (uint32_t i = 0; i < e->world->item_count; i++) {
        const struct wit_item *item = e->world->items[i];
        if (!item->is_export && item->kind == WIT_ITEM_FUNC && sw_str_eq(item->name, use->import->name))
            use->func = item->func;
    }
    return use->func || find_root_resource(e, use);
}

static void check_type(struct enc *e, const struct engine_core *core, uint32_t func,
                       const struct enc_flat *want, const char *what)
{
    const struct engine_functype *got = engine_core_func_type(core, func);
    if (e->rc == 0 && !enc_flat_eq(got, want))
        (void)enc_fail(e, SW_EINPUT, "%s: expected core type %s, got %s", what, enc_flat_text(e, want),
                       enc_functype_text(e, got));
}

static uint32_t new_slot(struct enc *e, const struct enc_flat *flat)
{
    e->slots[e->slot_count] = *flat;
    return e->slot_count++;
}

static const char *what_import(struct enc *e, const struct engine_core_import *import)
{
    return enc_text(e, "import '" SW_FMT "' '" SW_FMT "'", SW_ARG(import->module), SW_ARG(import->name));
}

/* A component's core modules import each name once, other ones (stock Go's) may do it twice: the second becomes "name [v2]". */
static void name_import(struct enc *e, struct enc_use *use)
{
    const struct engine_core_import *import = use->import;
    uint32_t number = 1;
    use->name = import->name;
    for (const struct enc_use *u = &e->uses[use->module->first_use]; enc_step(e) && u < use; u++) {
        if (!sw_str_eq(u->import->module, import->module) || !sw_str_eq(u->import->name, import->name))
            continue;
        number++;
        if (!use->again)
            use->again = u;
    }
    if (!use->again || e->rc < 0)
        return;
    if (use->module->name.n) {
        (void)enc_fail(e, SW_EINPUT, "adapter '" SW_FMT "' has %s twice", SW_ARG(use->module->name),
                       what_import(e, import));
        return;
    }
    use->name = sw_str_of(enc_text(e, SW_FMT " [v%u]", SW_ARG(import->name), number));
    for (uint32_t i = 0; enc_step(e) && i < use->module->core->import_count; i++) {
        const struct engine_core_import *other = &use->module->core->imports[i];
        if (sw_str_eq(other->module, import->module) && sw_str_eq(other->name, use->name))
            (void)enc_fail(e, SW_EINPUT,
                           "the core module has %s twice, and '" SW_FMT "' that would take its place",
                           what_import(e, import), SW_ARG(use->name));
    }
}

/* The function of another core module: of an adapter for the main one, of the main one for an adapter. */
static void match_core(struct enc *e, struct enc_use *use, const struct enc_module *from)
{
    const struct engine_core_import *import = use->import;
    const struct engine_functype *want = engine_core_func_type(use->module->core, import->index), *got;
    const struct engine_core_export *found = engine_core_export_find(from->core, import->name);
    bool main = !from->name.n;
    if (!found || found->kind != ENGINE_CORE_FUNC) {
        const char *near = enc_nearest(e, import->name, export_name, from->core, from->core->export_count);
        (void)enc_fail(e, SW_EINPUT, "%s, which %s" SW_FMT "%s does not export%s%s%s", what_import(e, import),
                       main ? "the core module" : "adapter '", SW_ARG(from->name), main ? "" : "'",
                       near ? "\nhint: the nearest that it has is '" : "", near ? near : "", near ? "'" : "");
        return;
    }
    got = engine_core_func_type(from->core, found->index);
    bool fits = want->param_count <= ENCODE_FLAT_PARAMS_MAX && want->result_count <= 1;
    for (uint32_t i = 0; fits && i < want->param_count; i++)
        use->sig.flat.params[i] = want->params[i].code;
    for (uint32_t i = 0; fits && i < want->result_count; i++)
        use->sig.flat.results[i] = want->results[i].code;
    use->sig.flat.param_count = want->param_count;
    use->sig.flat.result_count = want->result_count;
    if (!fits || !enc_flat_eq(got, &use->sig.flat))
        (void)enc_fail(e, SW_EINPUT, "%s: expected core type %s, got %s", what_import(e, import),
                       enc_functype_text(e, got), enc_functype_text(e, want));
}

static struct enc_module *adapter_of(struct enc *e, const struct enc_use *use)
{
    for (uint32_t i = 1; use->module == &e->modules[0] && i < e->module_count; i++)
        if (sw_str_eq(e->modules[i].name, use->import->module))
            return &e->modules[i];
    return NULL;
}

static bool is_memory(const struct enc_use *use)
{
    return use->module->name.n && use->import->kind == ENGINE_CORE_MEMORY &&
           sw_str_eq(use->import->module, SW_LIT("env")) && sw_str_eq(use->import->name, SW_LIT("memory"));
}

static const char *pages(struct enc *e, const struct engine_limits_type *limits)
{
    if (limits->max == UINT64_MAX)
        return enc_text(e, "%llu or more", (unsigned long long)limits->min);
    return enc_text(e, "%llu to %llu", (unsigned long long)limits->min, (unsigned long long)limits->max);
}

/* An adapter's memory has pages of 64 KiB and 32 bits (trim.c); so must the one that it is given. */
static void check_pages(struct enc *e, const struct enc_module *module)
{
    const struct engine_core *main = e->modules[0].core;
    const struct engine_core_export *memory = engine_core_export_find(main, SW_LIT("memory"));
    if (!memory || memory->kind != ENGINE_CORE_MEMORY)
        return; /* match_support says so */
    const struct engine_limits_type *limits = &main->memories[memory->index];
    if (limits->is_64 || limits->shared || limits->page_log2 != 16)
        (void)enc_fail(e, SW_EINPUT,
                       "the core module's memory is of another kind than adapter '" SW_FMT
                       "' takes: 32-bit, not shared, pages of 65536 bytes",
                       SW_ARG(module->name));
    const struct engine_limits_type *wanted = &module->core->memories[0];
    if (e->rc == 0 && (limits->min < wanted->min || limits->max > wanted->max))
        (void)enc_fail(e, SW_EINPUT,
                       "adapter '" SW_FMT "' takes a memory of %s pages, the core module's has %s",
                       SW_ARG(module->name), pages(e, wanted), pages(e, limits));
}

static bool match_other(struct enc *e, struct enc_use *use) /* what is not of the world */
{
    use->adapter = use->import->kind == ENGINE_CORE_FUNC ? adapter_of(e, use) : NULL;
    if (is_memory(use)) {
        use->kind = ENC_MEMORY;
        e->memory = true;
        check_pages(e, use->module);
    } else if (use->adapter) {
        use->kind = ENC_ADAPTED;
        match_core(e, use, use->adapter);
        if (!use->again && e->rc == 0)
            use->slot = new_slot(e, &use->sig.flat);
    } else if (use->import->kind == ENGINE_CORE_FUNC && use->module->name.n &&
               sw_str_eq(use->import->module, SW_LIT("__main_module__"))) {
        use->kind = ENC_MAIN;
        match_core(e, use, &e->modules[0]);
    } else {
        return false;
    }
    return true;
}

static struct enc_sig lowered_sig(struct enc *e, const struct enc_use *use)
{
    struct enc_sig sig = enc_sig_of(e, use->func, true);
    sig.memory |= use->interface && sw_str_eq(sw_str_of(use->interface->name), e->input->raw);
    return sig;
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
    name_import(e, use);
    if (e->rc < 0 || match_other(e, use) || e->rc < 0)
        return;
    if (import->kind == ENGINE_CORE_FUNC)
        known = exported.n                                   ? find_exported(e, use, exported)
                : sw_str_eq(import->module, SW_LIT("$root")) ? find_root(e, use)
                                                             : find_imported(e, use);
    if (!known) {
        unknown(e, use->module, import);
        return;
    }
    if (use->kind == ENC_LOWER)
        use->sig = lowered_sig(e, use);
    else
        use->sig.flat = use->kind == ENC_DROP ? TAKES : MAPS;
    check_type(e, use->module->core, import->index, &use->sig.flat, what_import(e, import));
    if (use->again || e->rc < 0)
        return;
    e->memory |= use->sig.memory;
    use->module->lowers_realloc |= use->sig.realloc;
    if (use->sig.memory || use->sig.realloc)
        use->slot = new_slot(e, &use->sig.flat);
}

static void match_imports(struct enc *e, struct enc_module *module)
{
    module->first_use = e->use_count;
    module->use_count = module->core->import_count;
    for (uint32_t i = 0; e->rc == 0 && i < module->use_count; i++) {
        struct enc_use *use = &e->uses[e->use_count++];
        use->import = &module->core->imports[i];
        use->module = module;
        match_import(e, use);
    }
}

/* Module by module in order of their first appearance: as other encoders do, so that their components and ours declare the same. */
static void live_imports(struct enc *e)
{
    for (uint32_t i = 0; e->rc == 0 && i < e->use_count; i++) {
        struct sw_str module = e->uses[i].import->module;
        for (uint32_t k = i; enc_step(e) && k < e->use_count; k++) {
            struct enc_use *use = &e->uses[k];
            if (use->seen || use->module != e->uses[i].module || !sw_str_eq(use->import->module, module))
                continue;
            use->seen = true;
            if (use->func)
                enc_live_func(e, enc_home(e, use->interface), use->func);
            else if (use->def && !sw_str_starts(module, SW_LIT("[export]")))
                enc_live_def(e, use->def);
        }
    }
}

/* ---- exports ---- */

/* The core function; ENC_NONE and nothing said when it is absent. */
static uint32_t core_func(const struct enc_module *module, const char *name)
{
    const struct engine_core_export *export = engine_core_export_find(module->core, sw_str_of(name));
    return export && export->kind == ENGINE_CORE_FUNC ? export->index : ENC_NONE;
}

static const char *func_export(struct enc *e, const struct enc_interface *in, const struct wit_func *func)
{
    return enc_text(e, "%s%s" SW_FMT, in ? in->name : "", in ? "#" : "", SW_ARG(func->full_name));
}

static const char *dtor_export(struct enc *e, const struct enc_interface *in, const struct wit_def *def)
{
    return enc_text(e, "%s#[dtor]" SW_FMT, in->name, SW_ARG(def->name));
}

static void missing_export(struct enc *e, const struct enc_module *module, const char *name,
                           const struct enc_flat *flat)
{
    const char *near = enc_nearest(e, sw_str_of(name), export_name, module->core, module->core->export_count);
    bool main = !module->name.n;
    (void)enc_fail(e, SW_EINPUT,
                   "%s" SW_FMT "%s does not export the function '%s', expected with core type %s%s%s%s",
                   main ? "the core module" : "adapter '", SW_ARG(module->name), main ? "" : "'", name,
                   enc_flat_text(e, flat), near ? "\nhint: the nearest that it has is '" : "",
                   near ? near : "", near ? "'" : "");
}

static void match_export(struct enc *e, const struct enc_item *item, const struct wit_func *func)
{
    struct enc_module *module = item->module;
    const char *name = func_export(e, item->interface, func);
    const char *post = enc_text(e, "cabi_post_%s", name);
    struct enc_sig sig = enc_sig_of(e, func, false);
    struct enc_flat after = {.param_count = sig.flat.result_count};
    memcpy(after.params, sig.flat.results, sizeof sig.flat.results);
    uint32_t found = core_func(module, name), found_post = core_func(module, post);
    if (found == ENC_NONE) {
        missing_export(e, module, name, &sig.flat);
        return;
    }
    check_type(e, module->core, found, &sig.flat, enc_text(e, "export '%s'", name));
    if (found_post != ENC_NONE)
        check_type(e, module->core, found_post, &after, enc_text(e, "export '%s'", post));
    e->memory |= sig.memory;
    module->lifts_realloc |= sig.realloc;
}

static void match_dtor(struct enc *e, const struct enc_item *item, const struct wit_def *def)
{
    static const struct enc_flat TAKES = {.params = {ENGINE_I32}, .param_count = 1};
    const char *name = dtor_export(e, item->interface, def);
    uint32_t found = core_func(item->module, name);
    struct enc_dtor *dtor = &e->dtors[e->dtor_count++];
    *dtor = (struct enc_dtor){.def = def, .module = item->module, .slot = ENC_NONE};
    if (found == ENC_NONE)
        return;
    check_type(e, item->module->core, found, &TAKES, enc_text(e, "export '%s'", name));
    dtor->export = name;
    dtor->slot = new_slot(e, &TAKES);
}

static void match_exports(struct enc *e)
{
    for (uint32_t i = 0; e->rc == 0 && i < e->item_count; i++) {
        const struct enc_item *item = &e->items[i];
        const struct enc_interface *in = item->interface;
        if (item->func)
            match_export(e, item, item->func);
        for (uint32_t k = 0; in && e->rc == 0 && k < in->wit->func_count; k++)
            match_export(e, item, in->wit->funcs[k]);
        for (uint32_t k = 0; in && e->rc == 0 && k < in->wit->home.def_count; k++)
            if (in->wit->home.defs[k]->kind == WIT_DEF_RESOURCE)
                match_dtor(e, item, in->wit->home.defs[k]);
    }
}

/* ---- what core modules have to have for the canonical ABI ---- */

static const char *first_func(const struct enc_module *module, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (core_func(module, names[i]) != ENC_NONE)
            return names[i];
    return NULL;
}

static void check_realloc(struct enc *e, const struct enc_module *module, const char *name)
{
    static const struct enc_flat REALLOC = {.params = {ENGINE_I32, ENGINE_I32, ENGINE_I32, ENGINE_I32},
                                            .results = {ENGINE_I32},
                                            .param_count = 4,
                                            .result_count = 1};
    if (e->rc == 0 && !name)
        missing_export(e, module, "cabi_realloc", &REALLOC);
    else if (e->rc == 0)
        check_type(e, module->core, core_func(module, name), &REALLOC, enc_text(e, "export '%s'", name));
}

static void match_reallocs(struct enc *e, struct enc_module *module)
{
    static const char *const IMPORT[] = {"cabi_import_realloc", "cabi_realloc", "canonical_abi_realloc"};
    static const char *const EXPORT[] = {"cabi_export_realloc", "cabi_realloc", "canonical_abi_realloc"};
    module->import_realloc = first_func(module, IMPORT, sizeof IMPORT / sizeof *IMPORT);
    module->export_realloc = first_func(module, EXPORT, sizeof EXPORT / sizeof *EXPORT);
    if (module->lowers_realloc)
        check_realloc(e, module, module->import_realloc);
    if (module->lifts_realloc)
        check_realloc(e, module, module->export_realloc);
}

static void match_support(struct enc *e)
{
    static const struct enc_flat NOTHING = {.param_count = 0};
    struct enc_module *main = &e->modules[0];
    const struct engine_core_export *memory = engine_core_export_find(main->core, SW_LIT("memory"));
    uint32_t initialize = core_func(main, "_initialize");
    if (e->memory && (!memory || memory->kind != ENGINE_CORE_MEMORY))
        (void)enc_fail(
            e, SW_EINPUT,
            "the core module does not export the memory 'memory', which strings and larger values need");
    else if (e->memory && main->core->memories[memory->index].is_64)
        (void)enc_fail(e, SW_EINPUT, "the core module's memory has 64-bit addresses, expected 32-bit ones");
    for (uint32_t i = 0; e->rc == 0 && i < e->module_count; i++)
        if (e->modules[i].present)
            match_reallocs(e, &e->modules[i]);
    if (initialize != ENC_NONE)
        check_type(e, main->core, initialize, &NOTHING, "export '_initialize'");
}

/* ---- adapters ---- */

static void want(struct enc *e, struct enc_wanted **list, const char *name)
{
    struct enc_wanted *wanted = enc_new(e, 1, sizeof *wanted);
    if (!wanted)
        return;
    *wanted = (struct enc_wanted){.name = sw_str_of(name), .next = *list};
    *list = wanted;
}

static void want_export(struct enc *e, struct enc_wanted **list, const struct enc_interface *in,
                        const struct wit_func *func)
{
    const char *name = func_export(e, in, func);
    want(e, list, name);
    want(e, list, enc_text(e, "cabi_post_%s", name));
}

static struct enc_wanted *wanted_of(struct enc *e, const struct enc_module *module)
{
    struct enc_wanted *list = NULL;
    for (uint32_t i = 0; enc_step(e) && i < e->use_count; i++)
        if (e->uses[i].adapter == module)
            want(e, &list, enc_text(e, SW_FMT, SW_ARG(e->uses[i].import->name)));
    for (uint32_t i = 0; e->rc == 0 && i < e->item_count; i++) {
        const struct enc_interface *in = e->items[i].interface;
        if (e->items[i].module != module)
            continue;
        if (e->items[i].func)
            want_export(e, &list, NULL, e->items[i].func);
        for (uint32_t k = 0; in && e->rc == 0 && k < in->wit->func_count; k++)
            want_export(e, &list, in, in->wit->funcs[k]);
        for (uint32_t k = 0; in && list && e->rc == 0 && k < in->wit->home.def_count; k++)
            want(e, &list, dtor_export(e, in, in->wit->home.defs[k]));
    }
    return list;
}

static void match_adapter(struct enc *e, struct enc_module *module)
{
    static const char *const MAIN[] = {"cabi_realloc_adapter", "cabi_realloc", "canonical_abi_realloc"};
    static const char *const OWN[] = {"cabi_import_realloc", "cabi_export_realloc", "cabi_realloc",
                                      "canonical_abi_realloc"};
    struct enc_wanted *wanted = wanted_of(e, module);
    module->present = wanted != NULL;
    if (e->rc < 0 || !wanted)
        return; /* nothing of it is used */
    for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++)
        want(e, &wanted, OWN[i]);
    enc_trim(e, module, wanted, first_func(&e->modules[0], MAIN, sizeof MAIN / sizeof *MAIN));
    if (e->rc == 0)
        match_imports(e, module);
}

void enc_match(struct enc *e)
{
    size_t resources = 0, uses = 0;
    for (uint32_t i = 0; i < e->export_count; i++)
        resources += e->exports[i].wit->home.def_count;
    for (uint32_t i = 0; i < e->module_count; i++)
        uses += (size_t)e->modules[i].core->import_count + 1; /* an allocator may be added */
    e->uses = enc_new(e, uses + 1, sizeof *e->uses);
    e->dtors = enc_new(e, resources + 1, sizeof *e->dtors);
    e->slots = enc_new(e, uses + resources + 1, sizeof *e->slots);
    if (e->rc == 0)
        match_imports(e, &e->modules[0]);
    for (uint32_t i = 1; e->rc == 0 && i < e->module_count; i++)
        match_adapter(e, &e->modules[i]);
    match_exports(e);
    if (e->rc == 0)
        match_support(e);
    live_imports(e);
    enc_live_exports(e);
}
