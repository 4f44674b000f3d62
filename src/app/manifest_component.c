/* manifest_component.c - spin.toml: components, wherever they stand, and their profiles.  Room: app.
 *
 * source: spin.md 1.7 */
#include <stdio.h>

#include "app/app_internal.h"
#include "app/limits.h"
#include "app/manifest_internal.h"
#include "codec/nearest.h"

/* ---- the list of components ---- */

static int grow(struct app__reader *r)
{
    struct app__components *all = r->components;
    uint32_t cap = all->cap ? 2 * all->cap : 8;
    struct app_component *items = SW_ARENA_ARRAY(&r->app->arena, cap, struct app_component);
    struct app__extra *extra = SW_ARENA_ARRAY(&r->app->arena, cap, struct app__extra);
    if (!items || !extra)
        return sw_arena_fail(&r->app->arena, cap * sizeof *items, r->err);
    for (uint32_t i = 0; i < all->count; i++) {
        items[i] = all->items[i];
        extra[i] = all->extra[i];
    }
    *all = (struct app__components){items, extra, all->count, cap};
    return 0;
}

int app__component_add(struct app__reader *r, struct codec_toml_place at,
                       const struct app_component *component, const struct app__extra *extra)
{
    struct app__components *all = r->components;
    if (all->count >= APP_COMPONENTS_MAX)
        return app__fail(r, at, SW_ELIMIT, "component: expected at most %d components, got more",
                         APP_COMPONENTS_MAX);
    int rc = all->count < all->cap ? 0 : grow(r);
    if (rc < 0)
        return rc;
    all->items[all->count] = *component;
    all->extra[all->count++] = *extra;
    return 0;
}

int app__component_find(const struct app__reader *r, struct sw_str id, uint32_t *ret)
{
    for (uint32_t i = 0; i < r->components->count; i++)
        if (sw_str_eq(r->components->items[i].id, id)) {
            *ret = i;
            return 0;
        }
    return SW_ABSENT;
}

int app__component_resolve(struct app__reader *r, const struct codec_toml *value, const char *key,
                           uint32_t *ret)
{
    struct sw_str id = {NULL, 0};
    int rc = app__string(r, value, "id of a [component.ID] table", &id);
    if (rc < 0 || app__component_find(r, id, ret) == 0)
        return rc;
    struct codec_nearest nearest = codec_nearest(id);
    for (uint32_t i = 0; i < r->components->count; i++)
        codec_nearest_offer(&nearest, r->components->items[i].id);
    const char *add = sw_arena_printf(&r->app->arena, "add a table [component.%s]", app__show(id).text);
    return app__fail(r, value->at, SW_EINPUT,
                     "%s: expected the id of a [component.ID] table, got '%s'\nhint: %s", key,
                     app__show(id).text, app__hint_nearest(r, nearest.best, add ? add : "add it"));
}

/* ---- environment ---- */

static int check_env_name(struct app__reader *r, const struct codec_toml *entry)
{
    if (entry->key.n == 0 || sw_str_find(entry->key, '=') != SW_NPOS ||
        sw_str_find(entry->key, '\0') != SW_NPOS)
        return app__fail(r, entry->key_at, SW_EINPUT,
                         "environment: expected the name of a variable, without '=', got '%s'",
                         app__show(entry->key).text);
    return 0;
}

int app__read_environment(struct app__reader *r, const struct codec_toml *value, void *target)
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

/* ---- build ---- */

int app__read_build_command(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_component *component = target;
    struct app_build *build = &component->build;
    if (value->kind == CODEC_TOML_ARRAY) {
        int rc =
            app__list(r, value, "command that builds the component", &build->commands, &build->command_count);
        component->build_command = rc == 0 && build->command_count ? build->commands[0] : sw_str("", 0);
        return rc;
    }
    int rc = app__string(r, value, "command that builds the component, or a list of them",
                         &component->build_command);
    if (rc < 0)
        return rc;
    build->commands = &value->string; /* the tree is in the app's arena */
    build->command_count = 1;
    return 0;
}

static const struct app__field build_fields[] = {
    {.key = "command",
     .kind = APP__DECODE,
     .required = true,
     .decode = app__read_build_command,
     .help = "command that builds the component"},
    {.key = "workdir",
     .kind = APP__STRING,
     .offset = offsetof(struct app_component, build.workdir),
     .help = "folder in which the command runs"},
    {.key = "watch",
     .kind = APP__LIST,
     .offset = offsetof(struct app_component, build.watch),
     .count_offset = offsetof(struct app_component, build.watch_count),
     .help = "list of patterns of source files"},
    {0},
};

int app__read_build(struct app__reader *r, const struct codec_toml *value, void *target)
{
    return app__table(r, "[component.*.build]", value, build_fields, target);
}

/* ---- profiles: what one may say over its component ---- */

struct profile {
    struct app_component component; /* env and build of it; first: what the members' readers take */
    struct app__source source;
};

static int read_profile_build(struct app__reader *r, const struct codec_toml *value, void *target)
{
    static const struct app__field fields[] = {
        {.key = "command",
         .kind = APP__DECODE,
         .required = true,
         .decode = app__read_build_command,
         .help = "command that builds the component"},
        {0},
    };
    return app__table(r, "a profile's 'build'", value, fields, target);
}

static const struct app__field profile_fields[] = {
    {.key = "source",
     .kind = APP__DECODE,
     .offset = offsetof(struct profile, source),
     .decode = app__read_source,
     .help = "path of the component's .wasm"},
    {.key = "environment",
     .kind = APP__DECODE,
     .decode = app__read_environment,
     .help = "table of environment variables"},
    {.key = "build", .kind = APP__DECODE, .decode = read_profile_build, .help = "table with a build command"},
    {.key = "dependencies", .kind = APP__IGNORED, .help = "table of dependencies"},
    {0},
};

static int read_profiles(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app__later before = r->later;
    (void)target;
    int rc = app__want(r, value, CODEC_TOML_TABLE, "write [component.ID.profile.NAME]");
    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        struct profile unused = {.source = {.path = {NULL, 0}}};
        rc = app__table(r, "[component.*.profile.*]", &value->children[i], profile_fields, &unused);
    }
    r->later = before; /* only the chosen one has to run */
    return rc;
}

static const struct codec_toml *profile_of(const struct app__reader *r, const struct codec_toml *table)
{
    const struct codec_toml *all = table ? codec_toml_get(table, SW_LIT("profile")) : NULL;
    return all && r->profile.n ? codec_toml_get(all, r->profile) : NULL;
}

int app__check_profile(struct app__reader *r)
{
    struct codec_nearest nearest = codec_nearest(r->profile);
    if (r->profile.n == 0)
        return 0;
    for (uint32_t i = 0; i < r->components->count; i++) {
        const struct codec_toml *table = r->components->extra[i].table;
        const struct codec_toml *all = table ? codec_toml_get(table, SW_LIT("profile")) : NULL;
        if (profile_of(r, table))
            return 0;
        for (uint32_t k = 0; all && k < all->count; k++)
            codec_nearest_offer(&nearest, all->children[k].key);
    }
    return sw_fail(r->err, SW_EINPUT, SW_FMT ": Profile %s is not defined in this application\nhint: %s",
                   SW_ARG(r->file), app__show(r->profile).text,
                   app__hint_nearest(r, nearest.best, "profiles are tables [component.ID.profile.NAME]"));
}

/* ---- [component.ID] ---- */

struct reading {
    struct app_component component; /* first: what the members' readers take */
    struct app__source source;
};

#define FIELD(k, fn, text)                                                                                   \
    {                                                                                                        \
        .key = k, .kind = APP__DECODE, .decode = (fn), .help = (text)                                        \
    }

static const struct app__field component_fields[] = {
    {.key = "source",
     .kind = APP__DECODE,
     .required = true,
     .offset = offsetof(struct reading, source),
     .decode = app__read_source,
     .help = "path of the component's .wasm"},
    {.key = "description",
     .kind = APP__STRING,
     .offset = offsetof(struct app_component, description),
     .help = "description of the component"},
    FIELD("variables", app__read_templates, "table of the component's variables"),
    FIELD("environment", app__read_environment, "table of environment variables"),
    FIELD("files", app__read_files, "list of files that the component sees"),
    FIELD("exclude_files", app__read_exclude_files, "list of patterns of files that it does not see"),
    {.key = "allowed_outbound_hosts", .kind = APP__IGNORED, .help = "list of hosts"},
    {.key = "allowed_http_hosts", .kind = APP__IGNORED, .help = "list of hosts"},
    FIELD("key_value_stores", app__read_stores, "list of labels of key-value stores"),
    FIELD("sqlite_databases", app__read_databases, "list of labels of SQLite databases"),
    FIELD("ai_models", app__read_models, "list of AI models"),
    FIELD("targets", app__read_targets, "list of target environments"),
    FIELD("build", app__read_build, "table that says how to build the component"),
    {.key = "tool",
     .kind = APP__DECODE,
     .offset = offsetof(struct app_component, limits),
     .decode = app__read_tool,
     .help = "tables of other tools"},
    {.key = "dependencies", .kind = APP__IGNORED, .help = "table of dependencies"},
    {.key = "dependencies_inherit_configuration", .kind = APP__IGNORED, .help = "true or false"},
    FIELD("profile", read_profiles, "tables of profiles"),
    {0},
};

static int apply_profile(struct app__reader *r, const struct codec_toml *table, struct reading *reading)
{
    struct profile profile = {.source = {.path = {NULL, 0}}};
    struct app_component *component = &reading->component;
    int rc = app__table(r, "[component.*.profile.*]", table, profile_fields, &profile);
    if (rc < 0)
        return rc;
    if (codec_toml_get(table, SW_LIT("source")))
        reading->source = profile.source;
    if (profile.component.build.command_count) {
        component->build.commands = profile.component.build.commands;
        component->build.command_count = profile.component.build.command_count;
        component->build_command = profile.component.build_command;
    }
    return app__env_merge(r->app, component, profile.component.env, profile.component.env_count, r->err);
}

int app__read_component(struct app__reader *r, const char *name, const struct codec_toml *table,
                        struct sw_str id)
{
    struct reading reading = {.component = {.id = id}};
    struct app_component *component = &reading.component;
    int rc = app__table(r, name, table, component_fields, &reading);
    if (rc == 0)
        rc = app__read_hosts(r, codec_toml_get(table, SW_LIT("allowed_outbound_hosts")),
                             codec_toml_get(table, SW_LIT("allowed_http_hosts")), false, component);
    const struct codec_toml *profile = rc == 0 ? profile_of(r, table) : NULL;
    if (profile)
        rc = apply_profile(r, profile, &reading);
    if (rc < 0)
        return rc;
    component->source = reading.source.path;
    component->source_url = reading.source.url;
    component->source_digest = reading.source.digest;
    component->source_package = reading.source.package;
    component->source_version = reading.source.version;
    component->source_registry = reading.source.registry;
    app__limits_inherit(&component->limits, &r->app->limits);
    const struct app__extra extra = {
        .source_at = reading.source.at,
        .table = table,
        .dependencies = codec_toml_get(table, SW_LIT("dependencies")),
        .profile_dependencies = profile ? codec_toml_get(profile, SW_LIT("dependencies")) : NULL,
    };
    return app__component_add(r, table->at, component, &extra);
}

int app__read_components(struct app__reader *r, const struct codec_toml *value)
{
    int rc = app__want(r, value, CODEC_TOML_TABLE,
                       "write [component.ID]; [[component]] belongs to manifest version 1");
    if (rc < 0)
        return rc;
    if (value->count > APP_COMPONENTS_MAX)
        return app__fail(r, value->at, SW_ELIMIT, "component: expected at most %d components, got %u",
                         APP_COMPONENTS_MAX, value->count);
    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        const struct codec_toml *table = &value->children[i];
        const char *offence = app__id_offence(table->key);
        char name[96];
        (void)snprintf(name, sizeof name, "[component.%s]",
                       app__show(table->key).text); /* fits: shown texts are short */
        rc = offence ? app__fail(r, table->key_at, SW_EINPUT, "%s: expected a component id: %s",
                                 app__show(table->key).text, offence)
                     : app__read_component(r, name, table, table->key);
    }
    return rc;
}
