/* manifest_trigger.c - spin.toml, version 2: triggers.  Room: app.
 *
 * source: spin.md 1.6, 1.13, 2.1 */
#include <stdio.h>

#include "app/app_internal.h"
#include "app/fields.h"
#include "app/limits.h"
#include "app/manifest_internal.h"
#include "codec/nearest.h"

static const char *const later_types[] = {"redis", "cron", "mqtt", "sqs", "command"};

static bool is_later_type(struct sw_str type)
{
    for (size_t i = 0; i < sizeof later_types / sizeof later_types[0]; i++)
        if (sw_str_eq(type, sw_str_of(later_types[i])))
            return true;
    return false;
}

/* ---- [[trigger.http]] ---- */

struct http_entry {
    struct app_http_trigger *trigger;
    const struct codec_toml *component; /* the value; resolved when all keys are read */
};

static int read_id(struct app__reader *r, const struct codec_toml *value, void *target)
{
    return app__string(r, value, "id of the trigger", &((struct http_entry *)target)->trigger->id);
}

static int read_route(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct http_entry *entry = target;
    if (value->kind == CODEC_TOML_TABLE) {
        const struct codec_toml *is_private = codec_toml_get(value, SW_LIT("private"));
        if (value->count == 1 && is_private && is_private->kind == CODEC_TOML_BOOL && is_private->boolean)
            return app__fail_later(r, value->at, value->key, "private routes",
                                   "write route = \"/...\", which anybody can call, or remove the trigger");
    }
    if (value->kind != CODEC_TOML_STRING)
        return app__fail_kind(r, value, "a string pattern or '{ private = true }'",
                              "route = \"/hello/...\" serves /hello and everything below it");
    if (value->string.n > APP_ROUTE_BYTES_MAX)
        return app__fail(r, value->at, SW_ELIMIT, "route: expected at most %d bytes, got %zu",
                         APP_ROUTE_BYTES_MAX, value->string.n);
    return app__string(r, value, "path pattern", &entry->trigger->route);
}

static int read_component_ref(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct sw_str unused;
    if (value->kind == CODEC_TOML_TABLE)
        return app__fail_later(r, value->at, value->key, "components defined inside a trigger",
                               "move it to a table [component.ID] and write component = \"ID\"");
    ((struct http_entry *)target)->component = value;
    return app__string(r, value, "id of a [component.ID] table", &unused);
}

static int read_executor(struct app__reader *r, const struct codec_toml *value, void *target)
{
    (void)target;
    static const struct app__field fields[] = {
        {.key = "type",
         .kind = APP__TEXT,
         .required = true,
         .help = "name of the executor: \"http\" or \"wagi\""},
        {.key = "argv", .kind = APP__LATER, .help = "the executor 'wagi'"},
        {.key = "entrypoint", .kind = APP__LATER, .help = "the executor 'wagi'"},
        {0},
    };
    int rc = app__want(r, value, CODEC_TOML_TABLE, "write executor = { type = \"http\" }, or leave it out");
    if (rc < 0)
        return rc;
    const struct codec_toml *type = codec_toml_get(value, SW_LIT("type"));
    if (type && type->kind == CODEC_TOML_STRING && sw_str_eq(type->string, SW_LIT("wagi")))
        return app__fail_later(r, type->at, value->key, "the executor 'wagi'",
                               "remove 'executor' if the component exports wasi:http/incoming-handler");
    rc = app__table(r, "'executor'", value, fields, NULL);
    if (rc == 0 && !sw_str_eq(type->string, SW_LIT("http")) && !sw_str_eq(type->string, SW_LIT("spin")))
        rc = app__fail_kind(r, type, "\"http\"", "leave 'executor' out");
    return rc;
}

static int read_dependencies(struct app__reader *r, const struct codec_toml *value, void *target)
{
    (void)target;
    if (value->kind == CODEC_TOML_TABLE && value->count == 0)
        return 0;
    return app__fail_later(r, value->key_at, value->key, "HTTP middleware", NULL);
}

static const struct app__field http_fields[] = {
    {.key = "id", .kind = APP__DECODE, .decode = read_id, .help = "id of the trigger"},
    {.key = "route", .kind = APP__DECODE, .required = true, .decode = read_route, .help = "path pattern"},
    {.key = "component",
     .kind = APP__DECODE,
     .decode = read_component_ref,
     .help = "id of a [component.ID] table"},
    {.key = "executor", .kind = APP__DECODE, .decode = read_executor, .help = "executor"},
    {.key = "static_response", .kind = APP__LATER, .help = "static responses"},
    {.key = "components", .kind = APP__LATER_UNLESS_EMPTY, .help = "several components per trigger"},
    {.key = "dependencies", .kind = APP__DECODE, .decode = read_dependencies, .help = "middleware"},
    {0},
};

static int resolve_component(struct app__reader *r, const struct codec_toml *value, uint32_t *ret_index)
{
    const struct app *app = r->app;
    struct codec_nearest nearest = codec_nearest(value->string);
    for (uint32_t i = 0; i < app->component_count; i++) {
        if (sw_str_eq(app->components[i].id, value->string)) {
            *ret_index = i;
            return 0;
        }
        codec_nearest_offer(&nearest, app->components[i].id);
    }
    if (nearest.best.n)
        return app__fail(
            r, value->at, SW_EINPUT,
            "component: expected the id of a [component.ID] table, got '%s'\nhint: did you mean '" SW_FMT
            "'?",
            app__show(value->string).text, SW_ARG(nearest.best));
    return app__fail(
        r, value->at, SW_EINPUT,
        "component: expected the id of a [component.ID] table, got '%s'\nhint: add a table [component.%s]",
        app__show(value->string).text, app__show(value->string).text);
}

/* The same address space as the host's own answers; spin.md 2.1. */
static int warn_reserved(struct app__reader *r, const struct app_http_trigger *trigger)
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

static int read_http(struct app__reader *r, const struct codec_toml *value, struct app_http_trigger *trigger)
{
    struct http_entry entry = {.trigger = trigger};
    int rc = app__table(r, "[[trigger.http]]", value, http_fields, &entry);
    if (rc < 0)
        return rc;
    if (!entry.component)
        return app__fail(r, value->at, SW_EINPUT,
                         "Triggers must specify either component or static_response - '%s' has neither\n"
                         "hint: write component = \"ID\" with the id of a [component.ID] table",
                         app__show(trigger->id.n ? trigger->id : trigger->route).text);
    rc = resolve_component(r, entry.component, &trigger->component);
    return rc < 0 ? rc : warn_reserved(r, trigger);
}

/* ---- ids of triggers that have none: "<component>-http-trigger", or "http-triggerN" when that is taken; spin.md 1.6 ---- */

static bool id_taken(const struct app_http_trigger *triggers, uint32_t count, struct sw_str id)
{
    for (uint32_t i = 0; i < count; i++)
        if (sw_str_eq(triggers[i].id, id))
            return true;
    return false;
}

static int name_triggers(struct app__reader *r, struct app_http_trigger *triggers, uint32_t count)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (triggers[i].id.n)
            continue;
        struct sw_str component = r->app->components[triggers[i].component].id;
        const char *id = sw_arena_printf(&r->app->arena, SW_FMT "-http-trigger", SW_ARG(component));
        while (id && id_taken(triggers, count, sw_str_of(id)))
            id = sw_arena_printf(&r->app->arena, "http-trigger%u", ++number);
        if (!id)
            return sw_arena_fail(&r->app->arena, component.n, r->err);
        triggers[i].id = sw_str_of(id);
    }
    return 0;
}

static int read_https(struct app__reader *r, const struct codec_toml *value)
{
    int rc = app__want(r, value, CODEC_TOML_ARRAY, "write [[trigger.http]], with two brackets");
    if (rc < 0)
        return rc;
    if (value->count > APP_TRIGGERS_MAX)
        return app__fail(r, value->at, SW_ELIMIT, "http: expected at most %d triggers, got %u",
                         APP_TRIGGERS_MAX, value->count);
    struct app_http_trigger *triggers = SW_ARENA_ARRAY(&r->app->arena, value->count, struct app_http_trigger);
    if (!triggers)
        return sw_arena_fail(&r->app->arena, value->count * sizeof *triggers, r->err);
    for (uint32_t i = 0; rc == 0 && i < value->count; i++)
        rc = read_http(r, &value->children[i], &triggers[i]);
    if (rc == 0)
        rc = name_triggers(r, triggers, value->count);
    if (rc < 0)
        return rc;
    r->app->http = triggers;
    r->app->http_count = value->count;
    return 0;
}

int app__read_triggers(struct app__reader *r, const struct codec_toml *trigger)
{
    int rc = app__want(r, trigger, CODEC_TOML_TABLE, "write [[trigger.http]]");
    for (uint32_t i = 0; rc == 0 && i < trigger->count; i++) {
        const struct codec_toml *value = &trigger->children[i];
        char what[112];
        (void)snprintf(what, sizeof what, "the trigger type '%s'",
                       app__show(value->key).text); /* fits: shown texts are short */
        if (sw_str_eq(value->key, SW_LIT("http")))
            rc = read_https(r, value);
        else if (value->kind == CODEC_TOML_ARRAY && value->count == 0)
            continue;
        else if (is_later_type(value->key))
            rc = app__fail_later(r, value->key_at, value->key, what,
                                 "remove the trigger to run the application without");
        else
            rc = app__fail(r, value->key_at, SW_EINPUT,
                           "%s: unknown trigger type\nhint: this version of Swell has 'http'",
                           app__show(value->key).text);
    }
    if (rc == 0 && r->app->http_count == 0)
        rc = app__fail(r, trigger->at, SW_EINPUT,
                       "trigger: expected at least one trigger, got none\nhint: add [[trigger.http]] with a "
                       "route and a component");
    return rc;
}

/* ---- [application.trigger.TYPE] ---- */

static int read_base(struct app__reader *r, const struct codec_toml *value, void *target)
{
    (void)target;
    struct sw_str base = {NULL, 0};
    int rc = app__string(r, value, "base path, which Spin has removed", &base);
    if (rc < 0)
        return rc;
    if (!sw_str_eq(base, SW_LIT("/")))
        return app__fail_kind(r, value, "nothing but \"/\"", "put the base path in front of each route");
    return app__warn(r->app, r->err, "[application.trigger.http] base = \"/\" is ignored");
}

int app__read_trigger_settings(struct app__reader *r, const struct codec_toml *value, void *target)
{
    static const struct app__field fields[] = {
        {.key = "base", .kind = APP__DECODE, .decode = read_base, .help = "base path"},
        {0},
    };
    int rc = app__want(r, value, CODEC_TOML_TABLE, NULL);
    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        const struct codec_toml *type = &value->children[i];
        rc = app__want(r, type, CODEC_TOML_TABLE, NULL);
        if (rc < 0 || type->count == 0)
            continue;
        char what[128];
        (void)snprintf(what, sizeof what, "settings of the trigger type '%s'", app__show(type->key).text);
        rc = sw_str_eq(type->key, SW_LIT("http"))
                 ? app__table(r, "[application.trigger.http]", type, fields, target)
                 : app__fail_later(r, type->key_at, type->key, what, NULL);
    }
    return rc;
}
