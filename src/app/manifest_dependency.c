/* manifest_dependency.c - spin.toml: dependencies of components, and the components that they bring.  Room: app.
 *
 * A dependency by path or URL becomes a component of the application, a library; one by `component` is one already.
 * source: spin.md 1.10 */
#include <inttypes.h>
#include <stdio.h>

#include "app/app_internal.h"
#include "app/limits.h"
#include "app/manifest_internal.h"

/* ---- keys: "plain-name" or "namespace:package[/interface][@version]" ---- */

struct name {
    struct sw_str whole;
    struct sw_str package; /* "namespace:package"; empty: a plain name */
    struct sw_str interface;
    struct sw_str version;
};

static bool name_parse(struct sw_str text, struct name *ret)
{
    *ret = (struct name){.whole = text};
    if (sw_str_find(text, ':') == SW_NPOS)
        return !app__id_offence(text);
    size_t at = sw_str_find(text, '@');
    if (at != SW_NPOS) {
        ret->version = sw_str_from(text, at + 1);
        if (!app__is_version(ret->version))
            return false;
        text = sw_str_head(text, at);
    }
    size_t slash = sw_str_find(text, '/');
    ret->package = sw_str_head(text, slash);
    if (slash != SW_NPOS) {
        ret->interface = sw_str_from(text, slash + 1);
        if (app__id_offence(ret->interface))
            return false;
    }
    return app__is_package(ret->package);
}

/* The part of a version that must be equal for two to be compatible: "1" of 1.2.3, "0.2" of 0.2.1, all of a pre-release. */
static struct sw_str version_track(struct sw_str version)
{
    version = sw_str_head(version, sw_str_find(version, '+'));
    if (sw_str_find(version, '-') != SW_NPOS)
        return version;
    size_t end = 0;
    for (int part = 0; part < 3; part++) {
        size_t begin = end + (part > 0);
        end = begin;
        while (end < version.n && version.p[end] != '.')
            end++;
        if (!(end - begin == 1 && version.p[begin] == '0'))
            break;
    }
    return sw_str_head(version, end);
}

static bool conflict(const struct name *a, const struct name *b)
{
    if (a->package.n == 0 || !sw_str_eq(a->package, b->package))
        return false;
    if (a->interface.n && b->interface.n && !sw_str_eq(a->interface, b->interface))
        return false;
    return a->version.n == 0 || b->version.n == 0 ||
           sw_str_eq(version_track(a->version), version_track(b->version));
}

/* ---- values ---- */

struct form { /* a dependency as it is written */
    struct name name;
    const struct codec_toml *value;
    const struct codec_toml *component; /* the value that names one; or */
    struct app__source source;          /* by path or URL, or from a registry */
    struct sw_str export;
    uint32_t inherit;
    bool says_inherit;
    bool is_registry;
};

static int read_inherit(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct form *form = target;
    form->says_inherit = true;
    form->inherit = 0;
    if (value->kind == CODEC_TOML_BOOL) {
        form->inherit = value->boolean ? APP_INHERIT_ALL : 0;
        return 0;
    }
    if (value->kind != CODEC_TOML_ARRAY)
        return app__fail_kind(r, value, "true, false or a list of what is inherited",
                              "as in inherit_configuration = [\"allowed_outbound_hosts\"]");
    int rc = app__strings(r, value, "name of what is inherited");
    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        const struct codec_toml *item = &value->children[i];
        uint32_t bit = app__inherit_bit(item->string);
        form->inherit |= bit;
        if (!bit)
            rc = app__warn(r->app, r->err,
                           SW_FMT ":%u:%u: inherit_configuration: '%s' is nothing that can be inherited",
                           SW_ARG(r->file), item->at.line, item->at.column, app__show(item->string).text);
    }
    return rc;
}

static int read_component_ref(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct sw_str unused;
    ((struct form *)target)->component = value;
    return app__string(r, value, "id of a [component.ID] table", &unused);
}

static int read_dependency_path(struct app__reader *r, const struct codec_toml *value, void *target)
{
    return app__read_path(r, value, "path of the dependency's .wasm", &((struct form *)target)->source.path);
}

#define MEMBER(k, fn, req, text)                                                                             \
    {                                                                                                        \
        .key = k, .kind = APP__DECODE, .required = (req), .decode = (fn), .help = (text)                     \
    }
#define INHERIT MEMBER("inherit_configuration", read_inherit, false, "what the dependency shares")
#define EXPORT                                                                                               \
    {                                                                                                        \
        .key = "export", .kind = APP__STRING, .offset = offsetof(struct form, export),                       \
        .help = "name of the dependency's export"                                                            \
    }

static const struct app__field registry_fields[] = {
    {.key = "version",
     .kind = APP__DECODE,
     .required = true,
     .offset = offsetof(struct form, source.version),
     .decode = app__read_requirement,
     .help = "versions that will do"},
    {.key = "package",
     .kind = APP__DECODE,
     .offset = offsetof(struct form, source.package),
     .decode = app__read_package,
     .help = "name of a package"},
    {.key = "registry",
     .kind = APP__STRING,
     .offset = offsetof(struct form, source.registry),
     .help = "name of the registry"},
    EXPORT,
    INHERIT,
    {0},
};
static const struct app__field path_fields[] = {
    MEMBER("path", read_dependency_path, true, "path of the dependency's .wasm"),
    EXPORT,
    INHERIT,
    {0},
};
static const struct app__field url_fields[] = {
    {.key = "url",
     .kind = APP__DECODE,
     .required = true,
     .offset = offsetof(struct form, source.url),
     .decode = app__read_url,
     .help = "address of the dependency's .wasm"},
    {.key = "digest",
     .kind = APP__DECODE,
     .required = true,
     .offset = offsetof(struct form, source.digest),
     .decode = app__read_digest,
     .help = "digest of the dependency's .wasm, as \"sha256:<hex>\""},
    EXPORT,
    INHERIT,
    {0},
};
static const struct app__field component_fields[] = {
    MEMBER("component", read_component_ref, true, "id of a [component.ID] table"),
    EXPORT,
    INHERIT,
    {0},
};

/* Which form a table is; NULL: none. */
static const struct app__field *form_of(const struct codec_toml *value)
{
    static const struct {
        const char *key;
        const struct app__field *fields;
    } forms[] = {
        {"path", path_fields},        {"url", url_fields},          {"component", component_fields},
        {"version", registry_fields}, {"package", registry_fields},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (codec_toml_get(value, sw_str_of(forms[i].key)))
            return forms[i].fields;
    return NULL;
}

static int read_value(struct app__reader *r, const struct codec_toml *value, struct form *form)
{
    form->value = value;
    form->source.at = value->at;
    if (value->kind == CODEC_TOML_STRING) {
        form->is_registry = true;
        return app__read_requirement(r, value, &form->source.version);
    }
    const struct app__field *fields = value->kind == CODEC_TOML_TABLE ? form_of(value) : NULL;
    if (!fields)
        return app__fail_kind(
            r, value, "a version, or a table with 'path', 'url' and 'digest', 'component', or 'version'",
            NULL);
    form->is_registry = fields == registry_fields;
    return app__table(r, "the dependency", value, fields, form);
}

static int check_form(struct app__reader *r, const struct form *form)
{
    const struct codec_toml *value = form->value;
    bool is_plain = form->name.package.n == 0;
    if (is_plain && form->is_registry && !codec_toml_get(value, SW_LIT("package")))
        return app__fail(r, value->at, SW_EINPUT,
                         "dependency \"%s\" must specify a package name\n"
                         "hint: write { version = \"...\", package = \"namespace:name\" }",
                         app__show(form->name.whole).text);
    if (!is_plain && form->name.interface.n == 0 && form->export.n &&
        (form->is_registry || form->source.path.n))
        return app__fail(
            r, codec_toml_get(value, SW_LIT("export"))->at, SW_EINPUT,
            "using an export to satisfy the package dependency \"%s\" is not currently permitted\n"
            "hint: name one interface in the key, as \"namespace:package/interface\"",
            app__show(form->name.whole).text);
    return 0;
}

static int read_form(struct app__reader *r, const struct codec_toml *value, struct form *form)
{
    *form = (struct form){.value = value};
    if (!name_parse(value->key, &form->name))
        return app__fail(
            r, value->key_at, SW_EINPUT,
            "%s: expected the name of a dependency\n"
            "hint: it is plain-name, or \"namespace:package/interface@1.2.3\" where the last two "
            "may be left out",
            app__show(value->key).text);
    int rc = read_value(r, value, form);
    if (form->is_registry && form->source.package.n == 0)
        form->source.package = form->name.package;
    return rc < 0 ? rc : check_form(r, form);
}

/* ---- all of a component ---- */

struct forms {
    struct form *items;
    uint32_t count;
};

/* A later one of the same key replaces: a profile's. */
static int read_forms(struct app__reader *r, const struct codec_toml *table, struct forms *forms)
{
    int rc = app__want(r, table, CODEC_TOML_TABLE, "write [component.ID.dependencies]");
    for (uint32_t i = 0; rc == 0 && i < table->count; i++) {
        uint32_t at = 0;
        while (at < forms->count && !sw_str_eq(forms->items[at].name.whole, table->children[i].key))
            at++;
        rc = read_form(r, &table->children[i], &forms->items[at]);
        forms->count += at == forms->count;
    }
    return rc;
}

static int check_conflicts(struct app__reader *r, const struct forms *forms)
{
    for (uint32_t i = 0; i < forms->count; i++)
        for (uint32_t k = i + 1; k < forms->count; k++)
            if (conflict(&forms->items[i].name, &forms->items[k].name))
                return app__fail(r, forms->items[k].value->key_at, SW_EINPUT,
                                 "\"%s\" dependency conflicts with \"%s\"\n"
                                 "hint: name different interfaces, or versions that are not compatible",
                                 app__show(forms->items[i].name.whole).text,
                                 app__show(forms->items[k].name.whole).text);
    return 0;
}

/* dependencies_inherit_configuration and inherit_configuration exclude each other. */
static int apply_inherit_all(struct app__reader *r, uint32_t index, struct forms *forms)
{
    const struct codec_toml *table = r->components->extra[index].table;
    const struct codec_toml *all = codec_toml_get(table, SW_LIT("dependencies_inherit_configuration"));
    if (!all)
        return 0;
    if (all->kind != CODEC_TOML_BOOL)
        return app__fail_kind(r, all, "true or false", NULL);
    for (uint32_t i = 0; i < forms->count; i++) {
        if (forms->items[i].says_inherit)
            return app__fail(r, all->key_at, SW_EINPUT,
                             "Component `" SW_FMT "` specifies both `dependencies_inherit_configuration` and "
                             "per-dependency `inherit_configuration`\nhint: keep one of them",
                             SW_ARG(r->components->items[index].id));
        forms->items[i].inherit = all->boolean ? APP_INHERIT_ALL : 0;
    }
    return 0;
}

/* ---- what they name and bring ---- */

static int check_powerless(struct app__reader *r, const struct form *form, uint32_t library)
{
    static const char *const powers[] = {"ai_models",        "allowed_http_hosts", "allowed_outbound_hosts",
                                         "dependencies",     "environment",        "files",
                                         "key_value_stores", "sqlite_databases",   "variables"};
    const struct codec_toml *table = r->components->extra[library].table;
    char found[256] = "";
    size_t used = 0;
    for (size_t i = 0; table && i < sizeof powers / sizeof powers[0]; i++) {
        const struct codec_toml *power = codec_toml_get(table, sw_str_of(powers[i]));
        if (power && !app__says_nothing(power) && used < sizeof found)
            used += (size_t)snprintf(found + used, sizeof found - used, "%s%s", used ? ", " : "", powers[i]);
    }
    if (!used)
        return 0;
    return app__fail(r, form->component->at, SW_EINPUT,
                     "Dependencies may not have their own resources or permissions. Component " SW_FMT
                     " cannot be used as a dependency because it specifies: %s\n"
                     "hint: grant them to the component that uses it, which can share them with "
                     "inherit_configuration",
                     SW_ARG(r->components->items[library].id), found);
}

/* "main-ns-pkg-iface": the component's id and the dependency's name without version, numbered when it is taken. */
static int library_id(struct app__reader *r, uint32_t index, const struct form *form, struct sw_str *ret)
{
    struct sw_str owner = r->components->items[index].id;
    struct sw_str name = sw_str_head(form->name.whole, sw_str_find(form->name.whole, '@'));
    char *base = sw_arena_try(&r->app->arena, owner.n + name.n + 2, 1);
    if (!base)
        return sw_arena_fail(&r->app->arena, owner.n + name.n, r->err);
    memcpy(base, owner.p, owner.n);
    base[owner.n] = '-';
    for (size_t i = 0; i < name.n; i++)
        base[owner.n + 1 + i] = name.p[i] == ':' || name.p[i] == '/' ? '-' : name.p[i];
    const char *id = base;
    uint32_t unused;
    for (uint32_t n = 2; id && app__component_find(r, sw_str_of(id), &unused) == 0; n++)
        id = sw_arena_printf(&r->app->arena, "%s-n%" PRIu32, base, n);
    if (!id)
        return sw_arena_fail(&r->app->arena, owner.n + name.n, r->err);
    *ret = sw_str_of(id);
    return 0;
}

static int bring(struct app__reader *r, uint32_t index, const struct form *form, uint32_t *ret)
{
    struct app_component library = {.source = form->source.path,
                                    .source_url = form->source.url,
                                    .source_digest = form->source.digest,
                                    .source_package = form->source.package,
                                    .source_version = form->source.version,
                                    .source_registry = form->source.registry,
                                    .is_library = true};
    const struct app__extra extra = {.source_at = form->source.at};
    int rc = library_id(r, index, form, &library.id);
    if (rc == 0)
        rc = app__component_add(r, form->value->at, &library, &extra);
    if (rc == 0)
        *ret = r->components->count - 1;
    return rc;
}

static int resolve(struct app__reader *r, uint32_t index, const struct form *form,
                   struct app_dependency *dependency)
{
    *dependency =
        (struct app_dependency){.name = form->name.whole, .export = form->export, .inherit = form->inherit};
    if (!form->component)
        return bring(r, index, form, &dependency->component);
    int rc = app__component_resolve(r, form->component, "component", &dependency->component);
    return rc < 0 ? rc : check_powerless(r, form, dependency->component);
}

/* Those of profiles that are not chosen: right, although nothing comes of them. */
static int check_profiles(struct app__reader *r, const struct codec_toml *table)
{
    const struct codec_toml *profiles = codec_toml_get(table, SW_LIT("profile"));
    int rc = 0;
    for (uint32_t i = 0; profiles && rc == 0 && i < profiles->count; i++) {
        const struct codec_toml *value = codec_toml_get(&profiles->children[i], SW_LIT("dependencies"));
        for (uint32_t k = 0; value && rc == 0 && k < value->count; k++) {
            struct form unused;
            rc = read_form(r, &value->children[k], &unused);
        }
        if (value && rc == 0)
            rc = app__want(r, value, CODEC_TOML_TABLE, "write [component.ID.profile.NAME.dependencies]");
    }
    return rc;
}

static int read_one(struct app__reader *r, uint32_t index)
{
    const struct app__extra extra = r->components->extra[index]; /* the list grows */
    size_t most = (extra.dependencies ? extra.dependencies->count : 0) +
                  (size_t)(extra.profile_dependencies ? extra.profile_dependencies->count : 0);
    if (most > APP_DEPENDENCIES_MAX)
        return app__fail(r, extra.table->at, SW_ELIMIT, "dependencies: expected at most %d, got %zu",
                         APP_DEPENDENCIES_MAX, most);
    struct forms forms = {SW_ARENA_ARRAY(&r->app->arena, most, struct form), 0};
    struct app_dependency *dependencies = SW_ARENA_ARRAY(&r->app->arena, most, struct app_dependency);
    if (!forms.items || !dependencies)
        return sw_arena_fail(&r->app->arena, most * sizeof *forms.items, r->err);
    int rc = check_profiles(r, extra.table);
    if (rc == 0 && extra.dependencies)
        rc = read_forms(r, extra.dependencies, &forms);
    if (rc == 0 && extra.profile_dependencies)
        rc = read_forms(r, extra.profile_dependencies, &forms);
    if (rc == 0)
        rc = check_conflicts(r, &forms);
    if (rc == 0)
        rc = apply_inherit_all(r, index, &forms);
    for (uint32_t i = 0; rc == 0 && i < forms.count; i++)
        rc = resolve(r, index, &forms.items[i], &dependencies[i]);
    r->components->items[index].dependencies = dependencies;
    r->components->items[index].dependency_count = forms.count;
    return rc;
}

int app__read_dependencies(struct app__reader *r)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < r->components->count; i++) /* those that are brought have none */
        if (r->components->extra[i].table)
            rc = read_one(r, i);
    return rc;
}

/* ---- of triggers ---- */

int app__check_trigger_dependency(struct app__reader *r, const struct codec_toml *value)
{
    struct form form = {.value = value};
    uint32_t unused;
    if (value->kind != CODEC_TOML_TABLE || !form_of(value))
        return app__fail_kind(r, value, "a table with 'path', 'url' and 'digest', 'component', or 'version'",
                              NULL);
    int rc = read_value(r, value, &form);
    if (rc == 0 && form.is_registry && !codec_toml_get(value, SW_LIT("package")))
        rc = app__fail(r, value->at, SW_EINPUT,
                       "the dependency: the key 'package' is missing\n"
                       "hint: it is the name of a package, as \"namespace:name\"");
    if (rc == 0 && form.export.n)
        rc = app__fail(r, codec_toml_get(value, SW_LIT("export"))->key_at, SW_EINPUT,
                       "export: a trigger's dependency has no such key");
    return rc == 0 && form.component ? app__component_resolve(r, form.component, "component", &unused) : rc;
}
