/* manifest_static.c - [[application.tool.swell.static]]: folders that the host answers from.  Room: app.
 *
 * Each becomes an HTTP trigger without a component, so that routes are one table. Spin ignores the table. */
#include "app/limits.h"
#include "app/manifest_internal.h"

#define TEXT(k, member, must, text)                                                                          \
    {                                                                                                        \
        .key = k, .kind = APP__STRING, .required = (must), .offset = offsetof(struct entry, member),         \
        .help = (text)                                                                                       \
    }

struct entry {
    struct sw_str route;
    struct app_static_folder folder;
};

static const struct app__field fields[] = {
    TEXT("route", route, true, "route that ends in '/...'"),
    TEXT("folder", folder.folder, true, "folder below the manifest's"),
    TEXT("index", folder.index, false, "name of a folder's page"),
    TEXT("fallback", folder.fallback, false, "file that answers for what is not there"),
    TEXT("cache_control", folder.cache_control, false, "value of Cache-Control"),
    {.key = "hidden",
     .kind = APP__BOOL,
     .offset = offsetof(struct entry, folder.hidden),
     .help = "true or false"},
    {0},
};

static bool leaves(struct sw_str path)
{
    bool up = false;
    if (path.n == 0 || path.p[0] == '/')
        return true;
    while (path.n) {
        size_t slash = sw_str_find(path, '/');
        up |= sw_str_eq(slash == SW_NPOS ? path : sw_str_head(path, slash), SW_LIT(".."));
        path = slash == SW_NPOS ? SW_LIT("") : sw_str_from(path, slash + 1);
    }
    return up;
}

static bool is_plain_name(struct sw_str name)
{
    return sw_str_find(name, '/') == SW_NPOS && !sw_str_eq(name, SW_LIT("..")) &&
           !sw_str_eq(name, SW_LIT("."));
}

static bool is_field_value(struct sw_str value)
{
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.p[i] < 0x20 || (unsigned char)value.p[i] > 0x7e)
            return false;
    return true;
}

static int check(struct app__reader *r, const struct codec_toml *value, const struct entry *entry)
{
    if (!sw_str_ends(entry->route, SW_LIT("/...")))
        return app__fail_kind(r, codec_toml_get(value, SW_LIT("route")), "a route that ends in '/...'",
                              "as in \"/static/...\"");
    if (leaves(entry->folder.folder))
        return app__fail_kind(r, codec_toml_get(value, SW_LIT("folder")), "a folder below the manifest's",
                              NULL);
    if (!is_plain_name(entry->folder.index))
        return app__fail_kind(r, codec_toml_get(value, SW_LIT("index")), "the name of a file",
                              "\"\" for none");
    if (entry->folder.fallback.n && leaves(entry->folder.fallback))
        return app__fail_kind(r, codec_toml_get(value, SW_LIT("fallback")), "a file below the folder", NULL);
    if (!is_field_value(entry->folder.cache_control))
        return app__fail_kind(r, codec_toml_get(value, SW_LIT("cache_control")), "the value of a header",
                              NULL);
    return 0;
}

static int read_one(struct app__reader *r, const struct codec_toml *value, uint32_t number,
                    struct app_http_trigger *ret)
{
    struct entry entry = {.folder = {.index = SW_LIT("index.html"), .cache_control = SW_LIT("no-cache")}};
    struct app_static_folder *folder = SW_ARENA_NEW(&r->app->arena, struct app_static_folder);
    if (!folder)
        return sw_arena_fail(&r->app->arena, sizeof *folder, r->err);
    int rc = app__want(r, value, CODEC_TOML_TABLE, "write [[application.tool.swell.static]]");
    if (rc == 0)
        rc = app__table(r, "[[application.tool.swell.static]]", value, fields, &entry);
    if (rc == 0)
        rc = check(r, value, &entry);
    if (rc < 0)
        return rc;
    const char *path =
        sw_arena_printf(&r->app->arena, SW_FMT "/" SW_FMT, SW_ARG(r->dir), SW_ARG(entry.folder.folder));
    const char *id = sw_arena_printf(&r->app->arena, "static-%u", number);
    if (!path || !id)
        return sw_arena_fail(&r->app->arena, r->dir.n + entry.folder.folder.n, r->err);
    *folder = entry.folder;
    folder->folder = sw_str_of(path);
    *ret = (struct app_http_trigger){.id = sw_str_of(id), .route = entry.route, .static_folder = folder};
    return 0;
}

int app__read_static(struct app__reader *r, const struct codec_toml *value, void *target)
{
    (void)target;
    r->statics = value; /* read when the triggers are known */
    return app__want(r, value, CODEC_TOML_ARRAY, "write [[application.tool.swell.static]]");
}

int app__add_statics(struct app__reader *r)
{
    struct app *app = r->app;
    uint32_t count = r->statics ? r->statics->count : 0;
    if (count == 0)
        return 0;
    if (count > APP_TRIGGERS_MAX - app->http_count)
        return app__fail(r, r->statics->at, SW_ELIMIT,
                         "static: expected at most %d triggers and static folders together",
                         APP_TRIGGERS_MAX);
    struct app_http_trigger *all =
        SW_ARENA_ARRAY(&app->arena, app->http_count + count, struct app_http_trigger);
    if (!all)
        return sw_arena_fail(&app->arena, (app->http_count + count) * sizeof *all, r->err);
    int rc = 0;
    for (uint32_t i = 0; i < app->http_count; i++)
        all[i] = app->http[i];
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = read_one(r, &r->statics->children[i], i + 1, &all[app->http_count + i]);
    app->http = all;
    app->http_count += rc == 0 ? count : 0;
    return rc;
}
