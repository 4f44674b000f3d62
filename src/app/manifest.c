/* manifest.c - spin.toml: its version, the application, and the order in which the rest is read.  Room: app.
 *
 * Pure: text in, struct app out; load.c does the files. What a later version of Swell will run is read and checked as everything else,
 * then refused by name: nothing is ignored.
 * source: spin.md 1.1-1.4 */
#include <stdio.h>

#include "app/app_internal.h"
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
    {.key = "authors",
     .kind = APP__LIST,
     .offset = offsetof(struct app, authors),
     .count_offset = offsetof(struct app, author_count),
     .help = "list of the application's authors"},
    {.key = "targets",
     .kind = APP__DECODE,
     .decode = app__read_targets,
     .help = "list of target environments"},
    {.key = "trigger",
     .kind = APP__DECODE,
     .decode = app__read_trigger_settings,
     .help = "settings per trigger type"},
    {.key = "tool",
     .kind = APP__DECODE,
     .offset = offsetof(struct app, limits),
     .decode = app__read_application_tool,
     .help = "tables of other tools"},
    {0},
};

static int read_application(struct app__reader *r, const struct codec_toml *value, void *target)
{
    return app__table(r, "[application]", value, application_fields, target);
}

/* ---- version 2 ---- */

static const struct app__field manifest_fields[] = {
    {.key = "spin_manifest_version", .kind = APP__IGNORED, .help = "number 2"},
    {.key = "spin_version", .kind = APP__IGNORED, .help = "number 2"},
    {.key = "application",
     .kind = APP__DECODE,
     .required = true,
     .decode = read_application,
     .help = "table that names the application"},
    {.key = "variables",
     .kind = APP__DECODE,
     .decode = app__read_variables,
     .help = "table of application variables"},
    {.key = "trigger",
     .kind = APP__IGNORED, /* read when everything that it can name is there */
     .required = true,
     .help = "table of what starts components: [[trigger.http]]"},
    {.key = "component", .kind = APP__IGNORED, .help = "table of components"},
    {0},
};

static int read_v2(struct app__reader *r, const struct codec_toml *root)
{
    int rc = app__table(r, "the manifest", root, manifest_fields, r->app);
    const struct codec_toml *component = rc == 0 ? codec_toml_get(root, SW_LIT("component")) : NULL;
    if (component)
        rc = app__read_components(r, component);
    if (rc == 0)
        rc = app__read_triggers(r, codec_toml_get(root, SW_LIT("trigger")));
    if (rc == 0)
        rc = app__check_profile(r);
    return rc < 0 ? rc : app__read_dependencies(r);
}

/* ---- the whole ---- */

static int find_version(struct app__reader *r, const struct codec_toml *root, bool *ret_is_v1)
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
                         "missing field `spin_manifest_version`\nhint: begin the file with "
                         "spin_manifest_version = 2");
    *ret_is_v1 = version->kind == CODEC_TOML_STRING && sw_str_eq(version->string, SW_LIT("1"));
    if (*ret_is_v1 || (version->kind == CODEC_TOML_INTEGER && version->integer == 2))
        return 0;
    return app__fail(r, version->at, SW_EINPUT,
                     "%s: invalid manifest version: expected 2, or the string \"1\", got %s\n"
                     "hint: write spin_manifest_version = 2",
                     version->key.p, app__describe(version).text);
}

/* Who is used by others only is a library; the reader's list becomes the application's. */
static int finish(struct app__reader *r, struct app__places *ret_places)
{
    struct app__components *all = r->components;
    struct codec_toml_place *source_at = SW_ARENA_ARRAY(&r->app->arena, all->count, struct codec_toml_place);
    if (!source_at)
        return sw_arena_fail(&r->app->arena, all->count * sizeof *source_at, r->err);
    for (uint32_t i = 0; i < all->count; i++) {
        source_at[i] = all->extra[i].source_at;
        for (uint32_t k = 0; k < all->items[i].dependency_count; k++)
            all->items[all->items[i].dependencies[k].component].is_library = true;
    }
    for (uint32_t i = 0; i < r->app->http_count; i++)
        if (app_http_has_component(&r->app->http[i]))
            all->items[r->app->http[i].component].is_library = false;
    r->app->components = all->items;
    r->app->component_count = all->count;
    ret_places->source = source_at;
    return 0;
}

int app_manifest_parse(const struct app__manifest *manifest, struct app *app, struct app__places *ret_places,
                       struct sw_err *err)
{
    struct app__components components = {0};
    struct app__reader r = {.app = app,
                            .file = manifest->file,
                            .dir = manifest->dir,
                            .err = err,
                            .profile = manifest->profile,
                            .components = &components};
    const struct codec_toml *root = NULL;
    bool is_v1 = false;
    int rc = codec_toml_parse(&app->arena, manifest->text, manifest->file, &root, err);
    if (rc == 0)
        rc = find_version(&r, root, &is_v1);
    if (rc == 0)
        rc = is_v1 ? app__read_v1(&r, root) : read_v2(&r, root);
    if (rc == 0)
        rc = app__add_statics(&r);
    if (rc == 0)
        rc = finish(&r, ret_places);
    if (rc == 0 && r.later.what)
        rc = app__fail_later(&r);
    if (rc == 0)
        rc = sw_arena_copy(&app->arena, manifest->file, &app->manifest, err);
    if (rc == 0)
        rc = sw_arena_copy(&app->arena, manifest->profile, &app->profile, err);
    return rc;
}
