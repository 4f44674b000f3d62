/* manifest_lists.c - spin.toml: files, stores, models and target environments of a component.  Room: app.
 *
 * source: spin.md 1.2, 1.4, 1.7, 1.9 */
#include "app/app_internal.h"
#include "app/limits.h"
#include "app/manifest_internal.h"

/* ---- files ---- */

/* NULL, or what is wrong with the end of a path or pattern. */
static const char *end_offence(struct sw_str path)
{
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    size_t slash = sw_str_rfind(path, '/');
    struct sw_str last = slash == SW_NPOS ? path : sw_str_from(path, slash + 1);
    if (sw_str_eq(last, SW_LIT("..")))
        return "A file pattern can't end in a parent directory path (..)";
    if (sw_str_eq(last, SW_LIT(".")))
        return "A file pattern can't end in a current directory path (.)";
    return NULL;
}

static int read_pattern(struct app__reader *r, const struct codec_toml *value, struct sw_str *ret)
{
    int rc = app__string(r, value, "file, folder or pattern", ret);
    if (rc < 0)
        return rc;
    if (ret->n == 0)
        return app__fail_kind(r, value, "a file, a folder or a pattern", NULL);
    const char *offence = end_offence(*ret);
    if (offence)
        return app__fail(
            r, value->at, SW_EINPUT,
            "'%s': %s\nhint: name a folder below the manifest's, or a pattern such as \"dir/**/*\"",
            app__show(*ret).text, offence);
    return 0;
}

static int read_placed(struct app__reader *r, const struct codec_toml *value, struct app_file *file)
{
    static const struct app__field fields[] = {
        {.key = "source",
         .kind = APP__STRING,
         .required = true,
         .offset = offsetof(struct app_file, source),
         .help = "file or folder below the manifest's"},
        {.key = "destination",
         .kind = APP__STRING,
         .required = true,
         .offset = offsetof(struct app_file, destination),
         .help = "path that the component sees"},
        {0},
    };
    int rc = app__table(r, "an entry of 'files'", value, fields, file);
    if (rc < 0)
        return rc;
    if (file->source.n == 0)
        return app__fail_kind(r, codec_toml_get(value, SW_LIT("source")), "a file or folder", NULL);
    if (file->destination.n == 0)
        return app__fail_kind(r, codec_toml_get(value, SW_LIT("destination")),
                              "the path that the component sees", "destination = \"/\" is its root");
    return 0;
}

static int read_file(struct app__reader *r, const struct codec_toml *value, struct app_file *file)
{
    file->place = (struct app_place){value->at.line, value->at.column};
    if (value->kind == CODEC_TOML_TABLE)
        return read_placed(r, value, file);
    if (value->kind != CODEC_TOML_STRING)
        return app__fail_kind(r, value, "a string or { source = \"...\", destination = \"...\" }", NULL);
    file->is_pattern = true;
    int rc = read_pattern(r, value, &file->source);
    if (rc < 0)
        return rc;
    if (!sw_str_eq(file->source, SW_LIT("*")) && !sw_str_eq(file->source, SW_LIT("**/*")))
        return 0;
    return app__warn(r->app, r->err,
                     SW_FMT ":%u:%u: files: '" SW_FMT
                            "' takes everything beside the manifest, this file included",
                     SW_ARG(r->file), value->at.line, value->at.column, SW_ARG(file->source));
}

int app__read_files(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_component *component = target;
    int rc = app__want(r, value, CODEC_TOML_ARRAY, "it is a list: files = [\"static/*\"]");
    if (rc < 0)
        return rc;
    if (value->count > APP_LIST_MAX)
        return app__fail(r, value->at, SW_ELIMIT, "files: expected at most %d entries, got %u", APP_LIST_MAX,
                         value->count);
    struct app_file *files = SW_ARENA_ARRAY(&r->app->arena, value->count, struct app_file);
    if (!files)
        return sw_arena_fail(&r->app->arena, value->count * sizeof *files, r->err);
    for (uint32_t i = 0; rc == 0 && i < value->count; i++)
        rc = read_file(r, &value->children[i], &files[i]);
    if (rc < 0)
        return rc;
    component->files = files;
    component->file_count = value->count;
    return 0;
}

int app__read_exclude_files(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_component *component = target;
    struct sw_str unused;
    int rc =
        app__list(r, value, "pattern of files", &component->exclude_files, &component->exclude_file_count);
    for (uint32_t i = 0; rc == 0 && i < value->count; i++)
        rc = read_pattern(r, &value->children[i], &unused);
    return rc;
}

/* ---- labels ---- */

static int check_each(struct app__reader *r, const struct codec_toml *value, const char *what,
                      const char *(*offence_of)(struct sw_str))
{
    for (uint32_t i = 0; i < value->count; i++) {
        const char *offence = offence_of(value->children[i].string);
        if (offence)
            return app__fail(r, value->children[i].at, SW_EINPUT, "%s: expected %s, got '%s': %s",
                             app__show(value->key).text, what, app__show(value->children[i].string).text,
                             offence);
    }
    return 0;
}

int app__read_stores(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_component *component = target;
    int rc = app__list(r, value, "label of a key-value store", &component->key_value_stores,
                       &component->key_value_store_count);
    if (rc == 0)
        rc = check_each(r, value, "the label of a store", app__label_offence);
    if (rc == 0 && value->count)
        app__later(r, value->key_at, value->key, "key-value stores", NULL);
    return rc;
}

int app__read_databases(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_component *component = target;
    int rc = app__list(r, value, "label of a SQLite database", &component->sqlite_databases,
                       &component->sqlite_database_count);
    if (rc == 0)
        rc = check_each(r, value, "the label of a database", app__label_offence);
    if (rc == 0 && value->count)
        app__later(r, value->key_at, value->key, "SQLite databases", NULL);
    return rc;
}

int app__read_models(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_component *component = target;
    int rc = app__list(r, value, "name of an AI model", &component->ai_models, &component->ai_model_count);
    if (rc == 0)
        rc = check_each(r, value, "the name of a model", app__id_offence);
    if (rc == 0 && value->count)
        app__later(r, value->key_at, value->key, "AI models", NULL);
    return rc;
}

/* ---- target environments: used by builds, checked here ---- */

static int read_target_table(struct app__reader *r, const struct codec_toml *value)
{
    static const struct app__field url_fields[] = {
        {.key = "url", .kind = APP__TEXT, .required = true, .help = "address of an environment's definition"},
        {0},
    };
    static const struct app__field path_fields[] = {
        {.key = "path", .kind = APP__TEXT, .required = true, .help = "file of an environment's definition"},
        {0},
    };
    bool is_path = codec_toml_get(value, SW_LIT("path")) != NULL;
    return app__table(r, "an entry of 'targets'", value, is_path ? path_fields : url_fields, NULL);
}

int app__read_targets(struct app__reader *r, const struct codec_toml *value, void *target)
{
    (void)target;
    int rc = app__want(r, value, CODEC_TOML_ARRAY, "it is a list: targets = [\"spin-up:3.2\"]");
    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        const struct codec_toml *item = &value->children[i];
        struct sw_str name = item->string;
        if (item->kind == CODEC_TOML_TABLE) {
            rc = read_target_table(r, item);
            continue;
        }
        size_t colon = item->kind == CODEC_TOML_STRING ? sw_str_find(name, ':') : 0;
        if (colon == 0 || name.n == 0 || colon + 1 == name.n)
            rc = app__fail_kind(r, item,
                                "\"name\", \"name:version\", { url = \"...\" } or { path = \"...\" }", NULL);
    }
    return rc;
}
