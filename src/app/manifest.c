/* manifest.c - spin.toml, version 2: the application and its components.  Room: app.
 *
 * Pure: text in, struct app out; load.c does the files. Keys of later versions of Swell are in the field tables below, so that they are
 * refused by name and never ignored.
 * source: spin.md 1.1-1.7 */
#include <stdio.h>

#include "app/app_internal.h"
#include "app/fields.h"
#include "app/limits.h"
#include "app/manifest_internal.h"

/* ---- [application] ---- */

#define APP_STRING(k, member, req, text)                                                                     \
    {                                                                                                        \
        .key = k, .kind = APP__STRING, .required = (req), .offset = offsetof(struct app, member),            \
        .help = (text)                                                                                       \
    }

static const struct app__field application_fields[] = {
    APP_STRING("name", name, true, "name of the application"),
    APP_STRING("version", version, false, "version of the application"),
    APP_STRING("description", description, false, "description of the application"),
    {.key = "authors", .kind = APP__STRINGS, .help = "list of the application's authors"},
    {.key = "trigger",
     .kind = APP__DECODE,
     .decode = app__read_trigger_settings,
     .help = "settings per trigger type"},
    {.key = "tool",
     .kind = APP__DECODE,
     .offset = offsetof(struct app, limits),
     .decode = app__read_tool,
     .help = "tables of other tools"},
    {.key = "targets", .kind = APP__LATER_UNLESS_EMPTY, .help = "target environments"},
    {0},
};

static int read_application(struct app__reader *r, const struct codec_toml *value, void *target)
{
    return app__table(r, "[application]", value, application_fields, target);
}

/* ---- [component.ID] ---- */

static int read_source(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_component *component = target;
    struct sw_str source = {NULL, 0};
    if (value->kind == CODEC_TOML_TABLE)
        return app__fail_later(r, value->at, value->key, "components from a URL or a registry",
                               "download it and write source = \"PATH\"");
    int rc = app__string(r, value, "path of the component's .wasm", &source);
    if (rc < 0)
        return rc;
    if (source.n == 0)
        return app__fail_kind(r, value, "the path of a .wasm", NULL);
    bool absolute = source.p[0] == '/';
    const char *path =
        absolute ? sw_arena_printf(&r->app->arena, SW_FMT, SW_ARG(source))
                 : sw_arena_printf(&r->app->arena, SW_FMT "/" SW_FMT, SW_ARG(r->dir), SW_ARG(source));
    if (!path)
        return sw_arena_fail(&r->app->arena, source.n, r->err);
    component->source = sw_str_of(path);
    return 0;
}

static int check_env_name(struct app__reader *r, const struct codec_toml *entry)
{
    if (entry->key.n == 0 || sw_str_find(entry->key, '=') != SW_NPOS ||
        sw_str_find(entry->key, '\0') != SW_NPOS)
        return app__fail(r, entry->key_at, SW_EINPUT,
                         "environment: expected the name of a variable, without '=', got '%s'",
                         app__show(entry->key).text);
    return 0;
}

static int read_environment(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_component *component = target;
    int rc =
        app__want(r, value, CODEC_TOML_TABLE, "it is a table of strings: environment = { NAME = \"value\" }");
    if (rc < 0)
        return rc;
    if (value->count > APP_ENV_MAX)
        return app__fail(r, value->at, SW_ELIMIT, "environment: expected at most %d variables, got %u",
                         APP_ENV_MAX, value->count);
    struct app_env *env = SW_ARENA_ARRAY(&r->app->arena, value->count, struct app_env);
    if (!env)
        return sw_arena_fail(&r->app->arena, value->count * sizeof *env, r->err);
    for (uint32_t i = 0; i < value->count; i++) {
        env[i].name = value->children[i].key;
        rc = check_env_name(r, &value->children[i]);
        if (rc == 0)
            rc = app__string(r, &value->children[i], "value of an environment variable", &env[i].value);
        if (rc < 0)
            return rc;
    }
    component->env = env;
    component->env_count = value->count;
    return 0;
}

static int read_build_command(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_component *component = target;
    if (value->kind != CODEC_TOML_ARRAY)
        return app__string(r, value, "command that builds the component, or a list of them",
                           &component->build_command);
    int rc = app__strings(r, value, "command that builds the component");
    if (rc == 0 && value->count > 0)
        component->build_command = value->children[0].string;
    return rc;
}

static const struct app__field build_fields[] = {
    {.key = "command",
     .kind = APP__DECODE,
     .required = true,
     .decode = read_build_command,
     .help = "command that builds the component"},
    {.key = "workdir", .kind = APP__TEXT, .help = "folder in which the command runs"},
    {.key = "watch", .kind = APP__STRINGS, .help = "list of patterns of source files"},
    {0},
};

static int read_build(struct app__reader *r, const struct codec_toml *value, void *target)
{
    return app__table(r, "[component.*.build]", value, build_fields, target);
}

#define COMPONENT_LATER(k, text)                                                                             \
    {                                                                                                        \
        .key = k, .kind = APP__LATER_UNLESS_EMPTY, .help = (text)                                            \
    }

static const struct app__field component_fields[] = {
    {.key = "source",
     .kind = APP__DECODE,
     .required = true,
     .decode = read_source,
     .help = "path of the component's .wasm"},
    {.key = "description",
     .kind = APP__STRING,
     .offset = offsetof(struct app_component, description),
     .help = "description of the component"},
    {.key = "environment",
     .kind = APP__DECODE,
     .decode = read_environment,
     .help = "table of environment variables"},
    {.key = "build",
     .kind = APP__DECODE,
     .decode = read_build,
     .help = "table that says how to build the component"},
    {.key = "tool",
     .kind = APP__DECODE,
     .offset = offsetof(struct app_component, limits),
     .decode = app__read_tool,
     .help = "tables of other tools"},
    COMPONENT_LATER("variables", "variables"),
    COMPONENT_LATER("files", "files"),
    COMPONENT_LATER("exclude_files", "files"),
    COMPONENT_LATER("allowed_outbound_hosts", "outbound connections"),
    COMPONENT_LATER("allowed_http_hosts", "outbound connections"),
    COMPONENT_LATER("key_value_stores", "key-value stores"),
    COMPONENT_LATER("sqlite_databases", "SQLite databases"),
    COMPONENT_LATER("ai_models", "AI models"),
    COMPONENT_LATER("targets", "target environments"),
    COMPONENT_LATER("dependencies", "component dependencies"),
    COMPONENT_LATER("dependencies_inherit_configuration", "component dependencies"),
    COMPONENT_LATER("profile", "build profiles"),
    {0},
};

static int read_component(struct app__reader *r, const struct codec_toml *value,
                          struct app_component *component, struct codec_toml_place *source_at)
{
    const char *offence = app__id_offence(value->key);
    if (offence)
        return app__fail(r, value->key_at, SW_EINPUT, "%s: expected a component id: %s",
                         app__show(value->key).text, offence);
    char name[96];
    (void)snprintf(name, sizeof name, "[component.%s]",
                   app__show(value->key).text); /* fits: shown texts are short */
    int rc = app__table(r, name, value, component_fields, component);
    if (rc < 0)
        return rc;
    component->id = value->key;
    *source_at = codec_toml_get(value, SW_LIT("source"))->at;
    return 0;
}

static int read_components(struct app__reader *r, const struct codec_toml *value, struct app__places *places)
{
    int rc = app__want(r, value, CODEC_TOML_TABLE,
                       "write [component.ID]; [[component]] belongs to manifest version 1");
    if (rc < 0)
        return rc;
    if (value->count > APP_COMPONENTS_MAX)
        return app__fail(r, value->at, SW_ELIMIT, "component: expected at most %d components, got %u",
                         APP_COMPONENTS_MAX, value->count);
    struct app_component *components = SW_ARENA_ARRAY(&r->app->arena, value->count, struct app_component);
    struct codec_toml_place *source_at =
        SW_ARENA_ARRAY(&r->app->arena, value->count, struct codec_toml_place);
    if (!components || !source_at)
        return sw_arena_fail(&r->app->arena, value->count * sizeof *components, r->err);
    for (uint32_t i = 0; i < value->count; i++) {
        rc = read_component(r, &value->children[i], &components[i], &source_at[i]);
        if (rc < 0)
            return rc;
        app__limits_inherit(&components[i].limits, &r->app->limits);
    }
    r->app->components = components;
    r->app->component_count = value->count;
    places->source = source_at;
    return 0;
}

/* ---- the whole ---- */

static int check_version(struct app__reader *r, const struct codec_toml *root)
{
    const struct codec_toml *version = codec_toml_get(root, SW_LIT("spin_manifest_version"));
    const struct codec_toml *alias = codec_toml_get(root, SW_LIT("spin_version"));
    if (version && alias)
        return app__fail(r, alias->key_at, SW_EINPUT,
                         "spin_version: the same as 'spin_manifest_version', expected only one");
    if (!version)
        version = alias;
    if (!version)
        return app__fail(r, root->at, SW_EINPUT,
                         "the key 'spin_manifest_version' is missing\nhint: begin the file with "
                         "spin_manifest_version = 2");
    if (version->kind == CODEC_TOML_STRING && sw_str_eq(version->string, SW_LIT("1")))
        return app__fail(r, version->at, SW_EINPUT,
                         "%s: this version of Swell does not support manifest version 1 yet\n"
                         "hint: 'spin doctor' rewrites the manifest as version 2",
                         version->key.p);
    if (version->kind != CODEC_TOML_INTEGER || version->integer != 2)
        return app__fail_kind(r, version, "2", "write spin_manifest_version = 2");
    return 0;
}

static int read_nothing(struct app__reader *r, const struct codec_toml *value, void *target)
{
    (void)r;
    (void)value;
    (void)target;
    return 0; /* check_version and app_manifest_parse read it, in their order */
}

static const struct app__field manifest_fields[] = {
    {.key = "spin_manifest_version", .kind = APP__DECODE, .decode = read_nothing, .help = "number 2"},
    {.key = "spin_version", .kind = APP__DECODE, .decode = read_nothing, .help = "number 2"},
    {.key = "application",
     .kind = APP__DECODE,
     .required = true,
     .decode = read_application,
     .help = "table that names the application"},
    {.key = "trigger",
     .kind = APP__DECODE,
     .required = true,
     .decode = read_nothing,
     .help = "table of what starts components: [[trigger.http]]"},
    {.key = "component", .kind = APP__DECODE, .decode = read_nothing, .help = "table of components"},
    {.key = "variables", .kind = APP__LATER_UNLESS_EMPTY, .help = "application variables"},
    {0},
};

int app_manifest_parse(struct sw_str text, struct sw_str file, struct sw_str dir, struct app *app,
                       struct app__places *ret_places, struct sw_err *err)
{
    struct app__reader r = {app, file, dir, err};
    const struct codec_toml *root = NULL;
    struct app__places places = {NULL};
    int rc = codec_toml_parse(&app->arena, text, file, &root, err);
    if (rc == 0)
        rc = check_version(&r, root);
    if (rc == 0)
        rc = app__table(&r, "the manifest", root, manifest_fields, app);
    const struct codec_toml *component = rc == 0 ? codec_toml_get(root, SW_LIT("component")) : NULL;
    if (component)
        rc = read_components(&r, component, &places);
    if (rc == 0)
        rc = app__read_triggers(&r, codec_toml_get(root, SW_LIT("trigger")));
    if (rc == 0)
        *ret_places = places;
    return rc;
}
