/* manifest_v1.c - spin.toml, version 1, to the same structs as version 2.  Room: app.
 *
 * source: spin.md 1.14 */
#include <stdio.h>

#include "app/app_internal.h"
#include "app/limits.h"
#include "app/manifest_internal.h"

/* ---- trigger = { type = "http" } ---- */

static int read_trigger(struct app__reader *r, const struct codec_toml *value, void *target)
{
    static const struct app__field http_fields[] = {
        {.key = "type", .kind = APP__IGNORED, .help = "type of the application's triggers"},
        {.key = "base", .kind = APP__DECODE, .decode = app__read_base, .help = "base path"},
        {0},
    };
    struct sw_str type = {NULL, 0};
    (void)target;
    int rc = app__want(r, value, CODEC_TOML_TABLE, "write trigger = { type = \"http\" }");
    const struct codec_toml *name = rc == 0 ? codec_toml_get(value, SW_LIT("type")) : NULL;
    if (rc == 0 && !name)
        rc = app__fail(r, value->at, SW_EINPUT,
                       "trigger: the key 'type' is missing\nhint: write trigger = { type = \"http\" }");
    if (rc == 0)
        rc = app__string(r, name, "type of the application's triggers", &type);
    if (rc != 0)
        return rc;
    if (sw_str_eq(type, SW_LIT("http")))
        return app__table(r, "'trigger'", value, http_fields, NULL);
    if (!app__is_later_trigger(type))
        return app__fail(r, name->at, SW_EINPUT,
                         "type: unknown trigger type '%s'\nhint: this version of Swell has 'http'",
                         app__show(type).text);
    app__later(r, name->at, name->key, "triggers other than 'http'", "there is nothing to run without it");
    return 0;
}

/* ---- [[component]] ---- */

struct reading {
    struct app_component component; /* first: what the members' readers take */
    struct app__source source;
    struct app_http_trigger trigger;
};

static int read_id(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_component *component = target;
    struct sw_str id = {NULL, 0};
    uint32_t unused;
    int rc = app__string(r, value, "id of the component", &id);
    if (rc < 0)
        return rc;
    char *text = sw_arena_try(&r->app->arena, id.n + 1, 1);
    if (!text)
        return sw_arena_fail(&r->app->arena, id.n, r->err);
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        text[i] = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    component->id = sw_str(text, id.n);
    const char *offence = app__id_offence(component->id);
    if (offence)
        return app__fail(r, value->at, SW_EINPUT, "id: expected a component id, got '%s': %s",
                         app__show(id).text, offence);
    if (app__component_find(r, component->id, &unused) == 0)
        return app__fail(r, value->at, SW_EINPUT, "id: '%s' is the id of two components", app__show(id).text);
    return 0;
}

/* Of another type than http: the application was refused by name already, so it is not read. */
static int read_component_trigger(struct app__reader *r, const struct codec_toml *value, void *target)
{
    static const struct app__field fields[] = {
        {.key = "route",
         .kind = APP__DECODE,
         .required = true,
         .decode = app__read_route,
         .help = "path pattern"},
        {.key = "executor", .kind = APP__DECODE, .decode = app__read_executor, .help = "executor"},
        {0},
    };
    if (r->later.what && sw_str_eq(r->later.key, SW_LIT("type")))
        return app__want(r, value, CODEC_TOML_TABLE, NULL);
    return app__table(r, "[component.trigger]", value, fields, target);
}

#define FIELD(k, fn, text)                                                                                   \
    {                                                                                                        \
        .key = k, .kind = APP__DECODE, .decode = (fn), .help = (text)                                        \
    }

static const struct app__field component_fields[] = {
    {.key = "id", .kind = APP__DECODE, .required = true, .decode = read_id, .help = "id of the component"},
    {.key = "source",
     .kind = APP__DECODE,
     .required = true,
     .offset = offsetof(struct reading, source),
     .decode = app__read_source,
     .help = "path of the component's .wasm"},
    {.key = "trigger",
     .kind = APP__DECODE,
     .required = true,
     .offset = offsetof(struct reading, trigger),
     .decode = read_component_trigger,
     .help = "table of what starts the component"},
    {.key = "description",
     .kind = APP__STRING,
     .offset = offsetof(struct app_component, description),
     .help = "description of the component"},
    FIELD("config", app__read_templates, "table of the component's variables"),
    FIELD("environment", app__read_environment, "table of environment variables"),
    FIELD("files", app__read_files, "list of files that the component sees"),
    FIELD("exclude_files", app__read_exclude_files, "list of patterns of files that it does not see"),
    {.key = "allowed_http_hosts", .kind = APP__IGNORED, .help = "list of hosts"},
    {.key = "allowed_outbound_hosts", .kind = APP__IGNORED, .help = "list of hosts"},
    FIELD("key_value_stores", app__read_stores, "list of labels of key-value stores"),
    FIELD("sqlite_databases", app__read_databases, "list of labels of SQLite databases"),
    FIELD("ai_models", app__read_models, "list of AI models"),
    FIELD("build", app__read_build, "table that says how to build the component"),
    {0},
};

static int read_component(struct app__reader *r, const struct codec_toml *table, struct app_http_trigger *ret)
{
    struct reading reading = {.component = {.id = {NULL, 0}}};
    struct app_component *component = &reading.component;
    int rc = app__table(r, "[[component]]", table, component_fields, &reading);
    if (rc == 0)
        rc = app__read_hosts(r, codec_toml_get(table, SW_LIT("allowed_outbound_hosts")),
                             codec_toml_get(table, SW_LIT("allowed_http_hosts")), true, component);
    if (rc < 0)
        return rc;
    component->source = reading.source.path;
    component->source_url = reading.source.url;
    component->source_digest = reading.source.digest;
    component->source_package = reading.source.package;
    component->source_version = reading.source.version;
    component->source_registry = reading.source.registry;
    const char *id = sw_arena_printf(&r->app->arena, "trigger-" SW_FMT, SW_ARG(component->id));
    if (!id)
        return sw_arena_fail(&r->app->arena, component->id.n, r->err);
    *ret = reading.trigger;
    ret->id = sw_str_of(id);
    ret->component = r->components->count;
    rc = app__component_add(r, table->at, component, &(struct app__extra){.source_at = reading.source.at});
    return rc < 0 ? rc : app__warn_reserved(r, ret);
}

static int read_components(struct app__reader *r, const struct codec_toml *value)
{
    int rc = app__want(r, value, CODEC_TOML_ARRAY,
                       "write [[component]]; [component.ID] belongs to manifest version 2");
    if (rc < 0)
        return rc;
    if (value->count > APP_COMPONENTS_MAX)
        return app__fail(r, value->at, SW_ELIMIT, "component: expected at most %d components, got %u",
                         APP_COMPONENTS_MAX, value->count);
    struct app_http_trigger *triggers = SW_ARENA_ARRAY(&r->app->arena, value->count, struct app_http_trigger);
    if (!triggers)
        return sw_arena_fail(&r->app->arena, value->count * sizeof *triggers, r->err);
    for (uint32_t i = 0; rc == 0 && i < value->count; i++)
        rc = read_component(r, &value->children[i], &triggers[i]);
    r->app->http = triggers;
    r->app->http_count = value->count;
    return rc;
}

/* ---- the whole ---- */

#define APP_STRING(k, member, req, text)                                                                     \
    {                                                                                                        \
        .key = k, .kind = APP__STRING, .required = (req), .offset = offsetof(struct app, member),            \
        .help = (text)                                                                                       \
    }

static const struct app__field manifest_fields[] = {
    {.key = "spin_manifest_version", .kind = APP__IGNORED, .help = "string \"1\""},
    {.key = "spin_version", .kind = APP__IGNORED, .help = "string \"1\""},
    APP_STRING("name", name, true, "name of the application"),
    APP_STRING("version", version, false, "version of the application"),
    APP_STRING("description", description, false, "description of the application"),
    {.key = "authors",
     .kind = APP__LIST,
     .offset = offsetof(struct app, authors),
     .count_offset = offsetof(struct app, author_count),
     .help = "list of the application's authors"},
    {.key = "trigger",
     .kind = APP__DECODE,
     .required = true,
     .decode = read_trigger,
     .help = "table that names the type of trigger"},
    {.key = "variables",
     .kind = APP__DECODE,
     .decode = app__read_variables,
     .help = "table of application variables"},
    {.key = "component", .kind = APP__IGNORED, .required = true, .help = "list of components"},
    {0},
};

int app__read_v1(struct app__reader *r, const struct codec_toml *root)
{
    int rc = app__table(r, "the manifest (version 1)", root, manifest_fields, r->app);
    if (rc == 0)
        rc = read_components(r, codec_toml_get(root, SW_LIT("component")));
    if (rc == 0 && r->app->http_count == 0)
        rc = app__fail(r, root->at, SW_EINPUT, "component: expected at least one component, got none");
    return rc < 0 ? rc : app__check_profile(r);
}
