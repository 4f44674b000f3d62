/* locked_trigger.c - triggers of a locked application, when its components are read.  Room: app.
 *
 * source: spin.md 1.13, 1.17 */
#include <stdio.h>

#include "app/app_internal.h"
#include "app/fields.h"
#include "app/limits.h"
#include "app/locked_internal.h"

static int read_type(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    (void)target;
    if (!sw_str_eq(codec_json_string(value), SW_LIT("http")))
        return sw_fail(r->err, SW_EINPUT,
                       "locked application: %s: this version of Swell does not support '%s' yet", path,
                       app__show(codec_json_string(value)).text);
    return 0;
}

static int read_route(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    struct app_http_trigger *trigger = target;
    if (codec_json_kind(value) == CODEC_JSON_STRING)
        return app__locked_copy(r, value, &trigger->route);
    if (codec_json_count(value) != 1 || !codec_json_bool(codec_json_get(value, "private")))
        return app__locked_fail_kind(r, path, "a string or {\"private\":true}", value);
    trigger->is_private = true;
    return 0;
}

static int read_component(struct app__locked *r, const char *path, const struct codec_json *value,
                          void *target)
{
    struct sw_str id = codec_json_string(value);
    if (app__locked_component(r->app, id, &((struct app_http_trigger *)target)->component) == 0)
        return 0;
    return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected a component's id, got '%s'", path,
                   app__show(id).text);
}

/* ---- executor ---- */

static int read_executor_type(struct app__locked *r, const char *path, const struct codec_json *value,
                              void *target)
{
    struct sw_str type = codec_json_string(value);
    struct app_http_trigger *trigger = target;
    if (sw_str_eq(type, SW_LIT("wagi")))
        trigger->executor = APP_EXECUTOR_WAGI;
    else if (!sw_str_eq(type, SW_LIT("http")) && !sw_str_eq(type, SW_LIT("spin")))
        return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected 'http' or 'wagi', got '%s'", path,
                       app__show(type).text);
    return 0;
}

static int read_executor(struct app__locked *r, const char *path, const struct codec_json *value,
                         void *target)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED("type", CODEC_JSON_STRING, true, read_executor_type),
        APP__LOCKED_TEXT("argv", struct app_http_trigger, wagi_argv, false),
        APP__LOCKED_END,
    };
    return app__locked_object(r, path, value, shapes, target);
}

/* ---- static responses ---- */

static int read_status(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    int64_t status = codec_json_integer(value);
    if (!app__status_is_valid(status))
        return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected a status from 200 to 599", path);
    ((struct app_static_response *)target)->status = (uint16_t)status;
    return 0;
}

static int read_headers(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    struct app_static_response *response = target;
    struct app_env *headers = NULL;
    uint32_t count = 0;
    int rc = app__locked_strings(r, path, value, &headers, &count);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        if (app__header_offence(headers[i].name, headers[i].value))
            rc = sw_fail(r->err, SW_EINPUT, "locked application: %s: '%s': %s", path,
                         app__show(headers[i].name).text,
                         app__header_offence(headers[i].name, headers[i].value));
    if (rc < 0)
        return rc;
    response->headers = headers;
    response->header_count = count;
    return 0;
}

static int read_static_response(struct app__locked *r, const char *path, const struct codec_json *value,
                                void *target)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED("status_code", CODEC_JSON_INTEGER, true, read_status),
        APP__LOCKED("headers", CODEC_JSON_OBJECT, false, read_headers),
        APP__LOCKED_TEXT("body", struct app_static_response, body, false),
        APP__LOCKED_END,
    };
    struct app_static_response *response = SW_ARENA_NEW(&r->app->arena, struct app_static_response);
    if (!response)
        return sw_arena_fail(&r->app->arena, sizeof *response, r->err);
    ((struct app_http_trigger *)target)->static_response = response;
    return app__locked_object(r, path, value, shapes, response);
}

static int read_hidden(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    (void)r, (void)path;
    ((struct app_static_folder *)target)->hidden = codec_json_bool(value);
    return 0;
}

static int read_static_folder(struct app__locked *r, const char *path, const struct codec_json *value,
                              void *target)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED_TEXT("folder", struct app_static_folder, folder, true),
        APP__LOCKED_TEXT("index", struct app_static_folder, index, false),
        APP__LOCKED_TEXT("fallback", struct app_static_folder, fallback, false),
        APP__LOCKED_TEXT("cache_control", struct app_static_folder, cache_control, false),
        APP__LOCKED("hidden", CODEC_JSON_BOOL, false, read_hidden),
        APP__LOCKED_END,
    };
    struct app_static_folder *folder = SW_ARENA_NEW(&r->app->arena, struct app_static_folder);
    if (!folder)
        return sw_arena_fail(&r->app->arena, sizeof *folder, r->err);
    ((struct app_http_trigger *)target)->static_folder = folder;
    return app__locked_object(r, path, value, shapes, folder);
}

/* ---- the whole ---- */

static int read_config(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED("component", CODEC_JSON_STRING, false, read_component),
        APP__LOCKED("static_response", CODEC_JSON_OBJECT, false, read_static_response),
        APP__LOCKED("static_folder", CODEC_JSON_OBJECT, false, read_static_folder),
        APP__LOCKED("route", CODEC_JSON_NULL, true, read_route),
        APP__LOCKED("executor", CODEC_JSON_OBJECT, false, read_executor),
        APP__LOCKED_END,
    };
    int rc = app__locked_object(r, path, value, shapes, target);
    int given = !!codec_json_get(value, "component") + !!codec_json_get(value, "static_response") +
                !!codec_json_get(value, "static_folder");
    if (rc == 0 && given != 1)
        rc = sw_fail(
            r->err, SW_EINPUT,
            "locked application: %s: expected one of 'component', 'static_response', 'static_folder'", path);
    return rc;
}

int app__locked_triggers(struct app__locked *r, const struct codec_json *value)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED_TEXT("id", struct app_http_trigger, id, true),
        APP__LOCKED("trigger_type", CODEC_JSON_STRING, true, read_type),
        APP__LOCKED("trigger_config", CODEC_JSON_OBJECT, true, read_config),
        APP__LOCKED_END,
    };
    struct app *app = r->app;
    size_t count = codec_json_count(value);
    if (count > APP_TRIGGERS_MAX)
        return sw_fail(r->err, SW_ELIMIT, "locked application: triggers: expected at most %d, got %zu",
                       APP_TRIGGERS_MAX, count);
    struct app_http_trigger *triggers = SW_ARENA_ARRAY(&app->arena, count, struct app_http_trigger);
    if (!triggers)
        return sw_arena_fail(&app->arena, count * sizeof *triggers, r->err);
    for (size_t i = 0; i < count; i++) {
        char below[64];
        (void)snprintf(below, sizeof below, "triggers[%zu]", i);
        int rc = app__locked_object(r, below, codec_json_item(value, i), shapes, &triggers[i]);
        if (rc < 0)
            return rc;
    }
    app->http = triggers;
    app->http_count = (uint32_t)count;
    return 0;
}
