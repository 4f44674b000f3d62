/* standard.c - core modules whose names are the standard ones, "cm32p2...".  Room: encode.
 *
 * They are the same functions under other names, so the module gets the names that everything else here knows (match.c):
 *   imports  "cm32p2" "f", "cm32p2|IFACE" "f" "r_drop", "cm32p2|_ex_IFACE" "r_drop" "r_new" "r_rep"
 *   exports  "cm32p2||f", "cm32p2|IFACE|f", either with "_post"; "cm32p2|IFACE|r_dtor"; "cm32p2_memory", "cm32p2_realloc", "cm32p2_initialize"
 * IFACE has the track of its version only: "a:b/c@0.2" for 0.2.3. A '_' is in no name of WIT, so the endings are unmistakable.
 * Source: BuildTargets.md. */
#include "component/encode/encode_internal.h"

#define STANDARD SW_LIT("cm32p2")

static bool uses_standard_names(const struct engine_core *core)
{
    for (uint32_t i = 0; i < core->import_count; i++)
        if (sw_str_starts(core->imports[i].module, STANDARD))
            return true;
    for (uint32_t i = 0; i < core->export_count; i++)
        if (sw_str_starts(core->exports[i].name, STANDARD))
            return true;
    return false;
}

/* The interface whose name is that, with the rest of its version behind; as it is when there is none, which matching then says. */
static struct sw_str whole_name(struct enc *e, const struct enc_interface *items, uint32_t count,
                                struct sw_str name)
{
    for (uint32_t i = 0; enc_step(e) && i < count; i++) {
        struct sw_str whole = sw_str_of(items[i].name);
        bool versioned = sw_str_find(name, '@') != SW_NPOS;
        if (sw_str_eq(whole, name) || (versioned && sw_str_starts(whole, name) && whole.p[name.n] == '.'))
            return whole;
    }
    return name;
}

/* "r_drop" by its ending; false: it has another one. */
static bool without(struct sw_str name, struct sw_str ending, struct sw_str *ret)
{
    if (!sw_str_ends(name, ending))
        return false;
    *ret = sw_str_head(name, name.n - ending.n);
    return true;
}

static void rename_import(struct enc *e, struct sw_str *module, struct sw_str *name)
{
    static const struct {
        struct sw_str ending;
        const char *front;
    } BUILTINS[] = {{SW_LIT_INIT("_drop"), "[resource-drop]"},
                    {SW_LIT_INIT("_new"), "[resource-new]"},
                    {SW_LIT_INIT("_rep"), "[resource-rep]"}};
    struct sw_str rest = sw_str_from(*module, STANDARD.n), in = sw_str_from(rest, 1), resource;
    if (rest.n && rest.p[0] != '|')
        return;
    if (rest.n == 0)
        *module = SW_LIT("$root");
    else if (sw_str_starts(in, SW_LIT("_ex_")))
        *module = sw_str_of(
            enc_text(e, "[export]" SW_FMT,
                     SW_ARG(whole_name(e, e->exports, e->export_count, sw_str_from(in, sizeof "_ex_" - 1)))));
    else
        *module = whole_name(e, e->imports, e->import_count, in);
    for (size_t i = 0; i < sizeof BUILTINS / sizeof BUILTINS[0]; i++)
        if (without(*name, BUILTINS[i].ending, &resource)) {
            *name = sw_str_of(enc_text(e, "%s" SW_FMT, BUILTINS[i].front, SW_ARG(resource)));
            return;
        }
}

static void rename_export(struct enc *e, struct sw_str *name)
{
    struct sw_str rest = sw_str_from(*name, STANDARD.n), func = rest;
    if (sw_str_eq(rest, SW_LIT("_memory")))
        *name = SW_LIT("memory");
    else if (sw_str_eq(rest, SW_LIT("_realloc")))
        *name = SW_LIT("cabi_realloc");
    else if (sw_str_eq(rest, SW_LIT("_initialize")))
        *name = SW_LIT("_initialize");
    if (!rest.n || rest.p[0] != '|')
        return;
    rest = sw_str_from(rest, 1);
    size_t bar = sw_str_find(rest, '|');
    if (bar == SW_NPOS)
        return;
    struct sw_str in = whole_name(e, e->exports, e->export_count, sw_str_head(rest, bar));
    rest = sw_str_from(rest, bar + 1);
    bool is_post = without(rest, SW_LIT("_post"), &func);
    bool is_dtor = !is_post && without(rest, SW_LIT("_dtor"), &func);
    if (!is_post && !is_dtor)
        func = rest;
    *name = sw_str_of(enc_text(e, "%s" SW_FMT "%s%s" SW_FMT, is_post ? "cabi_post_" : "", SW_ARG(in),
                               in.n ? "#" : "", is_dtor ? "[dtor]" : "", SW_ARG(func)));
}

static void rename_one(void *arg, struct sw_str *module, struct sw_str *name)
{
    struct enc *e = arg;
    if (module && sw_str_starts(*module, STANDARD))
        rename_import(e, module, name);
    else if (!module && sw_str_starts(*name, STANDARD))
        rename_export(e, name);
}

void enc_standard_names(struct enc *e)
{
    struct enc_module *main = &e->modules[0];
    sw_auto_buf out = SW_BUF(ENCODE_BYTES_MAX);
    struct sw_str copy = SW_LIT("");
    if (!uses_standard_names(main->core))
        return;
    int rc = encode_renamed(main->core, rename_one, e, &out, e->err);
    if (e->rc == 0)
        e->rc = rc;
    if (e->rc == 0)
        e->rc = sw_arena_copy(e->arena, sw_buf_str(&out), &copy, e->err);
    if (e->rc == 0)
        e->rc = engine_core_parse(e->arena, copy, &main->core, e->err);
    if (e->rc < 0)
        e->rc = sw_wrap(e->err, "core module");
}
