/* manifest_http.c - spin.toml: the members of an HTTP trigger.  Room: app.
 *
 * source: spin.md 1.13, 2.1, 2.7 */
#include "app/app_internal.h"
#include "app/limits.h"
#include "app/manifest_internal.h"

/* ---- routes ---- */

int app__read_route(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_http_trigger *trigger = target;
    if (value->kind == CODEC_TOML_TABLE) {
        const struct codec_toml *is_private = codec_toml_get(value, SW_LIT("private"));
        if (value->count == 1 && is_private && is_private->kind == CODEC_TOML_BOOL && is_private->boolean) {
            trigger->is_private = true;
            return 0;
        }
    }
    if (value->kind != CODEC_TOML_STRING)
        return app__fail(r, value->at, SW_EINPUT,
                         "route must be a string pattern or '{ private = true }', got %s\n"
                         "hint: route = \"/hello/...\" serves /hello and everything below it",
                         app__describe(value).text);
    if (value->string.n > APP_ROUTE_BYTES_MAX)
        return app__fail(r, value->at, SW_ELIMIT, "route: expected at most %d bytes, got %zu",
                         APP_ROUTE_BYTES_MAX, value->string.n);
    return app__string(r, value, "path pattern", &trigger->route);
}

/* The same address space as the host's own answers; spin.md 2.1. */
int app__warn_reserved(struct app__reader *r, const struct app_http_trigger *trigger)
{
    struct sw_str route = trigger->route;
    while (route.n && route.p[0] == '/')
        route = sw_str_from(route, 1);
    if (!sw_str_starts(route, SW_LIT(".well-known/spin/")))
        return 0;
    return app__warn(r->app, r->err,
                     "route '%s' is never reached: paths below /.well-known/spin/ are the host's own",
                     app__show(trigger->route).text);
}

/* ---- executors ---- */

#define WAGI_ARGV "${SCRIPT_NAME} ${ARGS}"
#define WAGI_ENTRYPOINT "_start"

struct executor {
    struct sw_str type, argv, entrypoint;
};

static int read_wagi(struct app__reader *r, const struct codec_toml *value, struct app_http_trigger *trigger)
{
    static const struct app__field fields[] = {
        {.key = "type", .kind = APP__IGNORED, .help = "name of the executor"},
        {.key = "argv",
         .kind = APP__STRING,
         .offset = offsetof(struct executor, argv),
         .help = "arguments of the command, as \"" WAGI_ARGV "\""},
        {.key = "entrypoint",
         .kind = APP__STRING,
         .offset = offsetof(struct executor, entrypoint),
         .help = "name of the function that is called"},
        {0},
    };
    struct executor executor = {.argv = SW_LIT(WAGI_ARGV), .entrypoint = SW_LIT(WAGI_ENTRYPOINT)};
    int rc = app__table(r, "'executor'", value, fields, &executor);
    if (rc < 0)
        return rc;
    if (!sw_str_eq(executor.entrypoint, SW_LIT(WAGI_ENTRYPOINT)))
        return app__fail(r, codec_toml_get(value, SW_LIT("entrypoint"))->at, SW_EINPUT,
                         "cannot use deprecated 'entrypoint' field: expected \"" WAGI_ENTRYPOINT
                         "\", got '%s'\nhint: leave it out",
                         app__show(executor.entrypoint).text);
    trigger->executor = APP_EXECUTOR_WAGI;
    trigger->wagi_argv = executor.argv;
    return 0;
}

int app__read_executor(struct app__reader *r, const struct codec_toml *value, void *target)
{
    static const struct app__field fields[] = {
        {.key = "type",
         .kind = APP__STRING,
         .required = true,
         .offset = offsetof(struct executor, type),
         .help = "name of the executor: \"http\" or \"wagi\""},
        {0},
    };
    struct executor executor = {.argv = {NULL, 0}};
    int rc = app__want(r, value, CODEC_TOML_TABLE, "write executor = { type = \"http\" }, or leave it out");
    if (rc < 0)
        return rc;
    const struct codec_toml *type = codec_toml_get(value, SW_LIT("type"));
    if (type && type->kind == CODEC_TOML_STRING && sw_str_eq(type->string, SW_LIT("wagi")))
        return read_wagi(r, value, target);
    rc = app__table(r, "'executor'", value, fields, &executor);
    if (rc == 0 && !sw_str_eq(executor.type, SW_LIT("http")) && !sw_str_eq(executor.type, SW_LIT("spin")))
        rc = app__fail_kind(r, type, "\"http\" or \"wagi\"", "leave 'executor' out");
    return rc;
}

/* ---- static responses ---- */

static int read_status(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_static_response *response = target;
    if (value->kind != CODEC_TOML_INTEGER || !app__status_is_valid(value->integer))
        return app__fail_kind(r, value, "a status from 200 to 599", NULL);
    response->status = (uint16_t)value->integer;
    return 0;
}

static int read_headers(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_static_response *response = target;
    int rc =
        app__want(r, value, CODEC_TOML_TABLE, "it is a table: headers = { content-type = \"text/plain\" }");
    if (rc < 0)
        return rc;
    if (value->count > APP_LIST_MAX)
        return app__fail(r, value->at, SW_ELIMIT, "headers: expected at most %d, got %u", APP_LIST_MAX,
                         value->count);
    struct app_env *headers = SW_ARENA_ARRAY(&r->app->arena, value->count, struct app_env);
    if (!headers)
        return sw_arena_fail(&r->app->arena, value->count * sizeof *headers, r->err);
    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        const struct codec_toml *item = &value->children[i];
        headers[i].name = item->key;
        rc = app__string(r, item, "value of a header field", &headers[i].value);
        const char *offence = rc < 0 ? NULL : app__header_offence(item->key, headers[i].value);
        if (offence)
            rc = app__fail(r, item->key_at, SW_EINPUT, "headers: '%s': %s", app__show(item->key).text,
                           offence);
    }
    response->headers = headers;
    response->header_count = value->count;
    return rc;
}

int app__read_static_response(struct app__reader *r, const struct codec_toml *value, void *target)
{
    static const struct app__field fields[] = {
        {.key = "status_code", .kind = APP__DECODE, .decode = read_status, .help = "status of the response"},
        {.key = "headers", .kind = APP__DECODE, .decode = read_headers, .help = "table of header fields"},
        {.key = "body",
         .kind = APP__STRING,
         .offset = offsetof(struct app_static_response, body),
         .help = "text of the response"},
        {0},
    };
    struct app_static_response *response = SW_ARENA_NEW(&r->app->arena, struct app_static_response);
    if (!response)
        return sw_arena_fail(&r->app->arena, sizeof *response, r->err);
    *response = (struct app_static_response){.status = 200};
    ((struct app_http_trigger *)target)->static_response = response;
    return app__table(r, "'static_response'", value, fields, response);
}
