/* manifest_trigger.c - spin.toml, version 2: triggers.  Room: app.
 *
 * Order: the tables are read, ids are given, components are found and those inside triggers become components of the application.
 * source: spin.md 1.6, 1.13, 3.1 */
#include <inttypes.h>
#include <stdio.h>

#include "app/app_internal.h"
#include "app/limits.h"
#include "app/manifest_internal.h"

/* ---- components of a trigger: ids, or tables in place ---- */

static const char *inline_id(struct app__reader *r, struct sw_str trigger_id)
{
    uint32_t unused;
    const char *id = sw_arena_printf(&r->app->arena, SW_FMT "-component", SW_ARG(trigger_id));
    if (id && !app__id_offence(sw_str_of(id)) && app__component_find(r, sw_str_of(id), &unused) == SW_ABSENT)
        return id;
    for (uint32_t n = 1; id; n++) {
        id = sw_arena_printf(&r->app->arena, "inline-component%" PRIu32, n);
        if (id && app__component_find(r, sw_str_of(id), &unused) == SW_ABSENT)
            break;
    }
    return id;
}

static int resolve(struct app__reader *r, const struct codec_toml *value, struct sw_str trigger_id,
                   uint32_t *ret_index)
{
    if (value->kind != CODEC_TOML_TABLE)
        return app__component_resolve(r, value, "component", ret_index);
    const char *id = inline_id(r, trigger_id);
    if (!id)
        return sw_arena_fail(&r->app->arena, trigger_id.n, r->err);
    int rc = app__read_component(r, "the trigger's component", value, sw_str_of(id));
    if (rc == 0)
        *ret_index = r->components->count - 1;
    return rc;
}

/* `components`: names, each with one or many; they exist, and nothing more comes of them. */
static int resolve_more(struct app__reader *r, const struct codec_toml *value, struct sw_str trigger_id)
{
    uint32_t unused;
    int rc =
        value ? app__want(r, value, CODEC_TOML_TABLE, "it is a table: components = { name = \"ID\" }") : 0;
    for (uint32_t i = 0; value && rc == 0 && i < value->count; i++) {
        const struct codec_toml *item = &value->children[i];
        if (item->kind != CODEC_TOML_ARRAY)
            rc = resolve(r, item, trigger_id, &unused);
        for (uint32_t k = 0; item->kind == CODEC_TOML_ARRAY && rc == 0 && k < item->count; k++)
            rc = resolve(r, &item->children[k], trigger_id, &unused);
    }
    return rc;
}

/* ---- dependencies of a trigger ---- */

static int check_dependencies(struct app__reader *r, const struct codec_toml *value, bool is_http)
{
    int rc = value
                 ? app__want(r, value, CODEC_TOML_TABLE, "it is a table: dependencies = { middleware = [] }")
                 : 0;
    for (uint32_t i = 0; value && rc == 0 && i < value->count; i++) {
        const struct codec_toml *role = &value->children[i];
        if (!is_http || !sw_str_eq(role->key, SW_LIT("middleware")))
            return app__fail(r, role->key_at, SW_EINPUT,
                             "%s: this trigger's dependencies have no such role\nhint: HTTP triggers have "
                             "'middleware'",
                             app__show(role->key).text);
        rc = app__want(r, role, CODEC_TOML_ARRAY, "it is a list, the outermost first");
        for (uint32_t k = 0; rc == 0 && k < role->count; k++)
            rc = app__check_trigger_dependency(r, &role->children[k]);
        if (rc == 0 && role->count)
            app__later(r, role->key_at, role->key, "HTTP middleware", NULL);
    }
    return rc;
}

/* ---- [[trigger.http]] ---- */

static const struct app__field http_fields[] = {
    {.key = "id",
     .kind = APP__STRING,
     .offset = offsetof(struct app_http_trigger, id),
     .help = "id of the trigger"},
    {.key = "route",
     .kind = APP__DECODE,
     .required = true,
     .decode = app__read_route,
     .help = "path pattern"},
    {.key = "component", .kind = APP__IGNORED, .help = "id of a [component.ID] table"},
    {.key = "executor", .kind = APP__DECODE, .decode = app__read_executor, .help = "executor"},
    {.key = "static_response",
     .kind = APP__DECODE,
     .decode = app__read_static_response,
     .help = "response that needs no component"},
    {.key = "components", .kind = APP__IGNORED, .help = "table of further components"},
    {.key = "dependencies", .kind = APP__IGNORED, .help = "table of middleware"},
    {0},
};

/* Ids of triggers that have none: "<component>-http-trigger", or "http-triggerN" when that is taken; spin.md 1.6. */

static bool id_taken(const struct app_http_trigger *triggers, uint32_t count, struct sw_str id)
{
    for (uint32_t i = 0; i < count; i++)
        if (sw_str_eq(triggers[i].id, id))
            return true;
    return false;
}

static int name_triggers(struct app__reader *r, const struct codec_toml *value,
                         struct app_http_trigger *triggers)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < value->count; i++) {
        if (triggers[i].id.n)
            continue;
        const struct codec_toml *component = codec_toml_get(&value->children[i], SW_LIT("component"));
        bool natural = component && component->kind == CODEC_TOML_STRING;
        const char *id =
            natural ? sw_arena_printf(&r->app->arena, SW_FMT "-http-trigger", SW_ARG(component->string)) : "";
        while (id && (!id[0] || id_taken(triggers, value->count, sw_str_of(id))))
            id = sw_arena_printf(&r->app->arena, "http-trigger%" PRIu32, ++number);
        if (!id)
            return sw_arena_fail(&r->app->arena, component ? component->string.n : 0, r->err);
        triggers[i].id = sw_str_of(id);
    }
    return 0;
}

static int resolve_http(struct app__reader *r, const struct codec_toml *value,
                        struct app_http_trigger *trigger)
{
    const struct codec_toml *component = codec_toml_get(value, SW_LIT("component"));
    bool both = component && trigger->static_response;
    if (both || (!component && !trigger->static_response))
        return app__fail(r, both ? component->key_at : value->at, SW_EINPUT,
                         "Triggers must specify either component or static_response - %s has %s\n"
                         "hint: write component = \"ID\" with the id of a [component.ID] table",
                         app__show(trigger->id).text, both ? "both" : "neither");
    int rc = component ? resolve(r, component, trigger->id, &trigger->component) : 0;
    if (rc == 0)
        rc = resolve_more(r, codec_toml_get(value, SW_LIT("components")), trigger->id);
    if (rc == 0)
        rc = check_dependencies(r, codec_toml_get(value, SW_LIT("dependencies")), true);
    return rc < 0 ? rc : app__warn_reserved(r, trigger);
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
        rc = app__table(r, "[[trigger.http]]", &value->children[i], http_fields, &triggers[i]);
    if (rc == 0)
        rc = name_triggers(r, value, triggers);
    for (uint32_t i = 0; rc == 0 && i < value->count; i++)
        rc = resolve_http(r, &value->children[i], &triggers[i]);
    r->app->http = triggers;
    r->app->http_count = value->count;
    return rc;
}

/* ---- triggers of later versions: checked, noted ---- */

#define TEXT(k, req, text)                                                                                   \
    {                                                                                                        \
        .key = k, .kind = APP__TEXT, .required = (req), .help = (text)                                       \
    }
#define COMMON                                                                                               \
    TEXT("id", false, "id of the trigger"), {.key = "component", .kind = APP__IGNORED},                      \
        {.key = "components", .kind = APP__IGNORED},                                                         \
    {                                                                                                        \
        .key = "dependencies", .kind = APP__IGNORED                                                          \
    }

static int read_integer(struct app__reader *r, const struct codec_toml *value, void *target)
{
    (void)target;
    return app__want(r, value, CODEC_TOML_INTEGER, NULL);
}

static const struct app__field redis_fields[] = {
    COMMON,
    TEXT("channel", true, "channel that is listened to"),
    TEXT("address", false, "address of the server"),
    {0},
};
static const struct app__field cron_fields[] = {
    COMMON,
    TEXT("cron_expression", true, "times at which the component runs"),
    {0},
};
static const struct app__field mqtt_fields[] = {
    COMMON,
    TEXT("topic", true, "topic that is listened to"),
    TEXT("qos", true, "quality of service, \"0\", \"1\" or \"2\""),
    {0},
};
static const struct app__field sqs_fields[] = {
    COMMON,
    TEXT("queue_url", true, "address of the queue"),
    {.key = "max_messages", .kind = APP__DECODE, .decode = read_integer, .help = "number of messages"},
    {.key = "idle_wait_seconds", .kind = APP__DECODE, .decode = read_integer, .help = "number of seconds"},
    {.key = "system_attributes", .kind = APP__STRINGS, .help = "list of attributes"},
    {.key = "message_attributes", .kind = APP__STRINGS, .help = "list of attributes"},
    {0},
};
static const struct app__field command_fields[] = {COMMON, {0}};

static const struct later_type {
    const char *name;
    const struct app__field *fields;
} later_types[] = {
    {"redis", redis_fields}, {"cron", cron_fields},       {"mqtt", mqtt_fields},
    {"sqs", sqs_fields},     {"command", command_fields}, {NULL, NULL},
};

static const struct later_type *later_find(struct sw_str type)
{
    for (const struct later_type *t = later_types; t->name; t++)
        if (sw_str_eq(type, sw_str_of(t->name)))
            return t;
    return NULL;
}

bool app__is_later_trigger(struct sw_str type)
{
    return later_find(type) != NULL;
}

static int read_later(struct app__reader *r, const struct codec_toml *value, const struct later_type *type)
{
    const char *what = sw_arena_printf(&r->app->arena, "the trigger type '%s'", type->name);
    char name[64];
    (void)snprintf(name, sizeof name, "[[trigger.%s]]", type->name); /* fits */
    if (!what)
        return sw_arena_fail(&r->app->arena, sizeof name, r->err);
    int rc = app__want(r, value, CODEC_TOML_ARRAY, "write [[trigger.TYPE]], with two brackets");
    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        const struct codec_toml *entry = &value->children[i];
        uint32_t unused;
        rc = app__table(r, name, entry, type->fields, NULL);
        const struct codec_toml *component = codec_toml_get(entry, SW_LIT("component"));
        if (rc == 0 && !component)
            rc = app__fail(r, entry->at, SW_EINPUT,
                           "%s: the key 'component' is missing\nhint: it is the id of a [component.ID] table",
                           name);
        if (rc == 0)
            rc = resolve(r, component, sw_str_of(type->name), &unused);
        if (rc == 0)
            rc = resolve_more(r, codec_toml_get(entry, SW_LIT("components")), sw_str_of(type->name));
        if (rc == 0)
            rc = check_dependencies(r, codec_toml_get(entry, SW_LIT("dependencies")), false);
    }
    if (rc == 0 && value->count)
        app__later(r, value->key_at, value->key, what, "remove the trigger to run the application without");
    return rc;
}

int app__read_triggers(struct app__reader *r, const struct codec_toml *trigger)
{
    int rc = app__want(r, trigger, CODEC_TOML_TABLE, "write [[trigger.http]]");
    for (uint32_t i = 0; rc == 0 && i < trigger->count; i++) {
        const struct codec_toml *value = &trigger->children[i];
        const struct later_type *later = later_find(value->key);
        if (sw_str_eq(value->key, SW_LIT("http")))
            rc = read_https(r, value);
        else if (later)
            rc = read_later(r, value, later);
        else
            rc = app__fail(r, value->key_at, SW_EINPUT,
                           "%s: unknown trigger type\nhint: this version of Swell has 'http'",
                           app__show(value->key).text);
    }
    if (rc == 0 && r->app->http_count == 0 && !r->later.what && !r->statics)
        rc = app__fail(r, trigger->at, SW_EINPUT,
                       "trigger: expected at least one trigger, got none\nhint: add [[trigger.http]] with a "
                       "route and a component");
    return rc;
}

/* ---- [application.trigger.TYPE] ---- */

int app__read_base(struct app__reader *r, const struct codec_toml *value, void *target)
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

static const struct app__field http_settings[] = {
    {.key = "base", .kind = APP__DECODE, .decode = app__read_base, .help = "base path"},
    {0},
};
static const struct app__field redis_settings[] = {TEXT("address", false, "address of the server"), {0}};
static const struct app__field mqtt_settings[] = {
    TEXT("address", false, "address of the server"),
    TEXT("username", false, "name at the server"),
    TEXT("password", false, "password at the server"),
    TEXT("keep_alive_interval", false, "number of seconds, as a string"),
    {0},
};
static const struct app__field no_settings[] = {{0}};

static const struct app__field *settings_of(struct sw_str type)
{
    if (sw_str_eq(type, SW_LIT("http")))
        return http_settings;
    if (sw_str_eq(type, SW_LIT("redis")))
        return redis_settings;
    if (sw_str_eq(type, SW_LIT("mqtt")))
        return mqtt_settings;
    return later_find(type) ? no_settings : NULL;
}

/* Settings of a type that no trigger has change nothing; where one has it, the trigger is what is refused. */
int app__read_trigger_settings(struct app__reader *r, const struct codec_toml *value, void *target)
{
    int rc = app__want(r, value, CODEC_TOML_TABLE, NULL);
    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        const struct codec_toml *type = &value->children[i];
        const struct app__field *fields = settings_of(type->key);
        char name[112];
        (void)snprintf(name, sizeof name, "[application.trigger.%s]",
                       app__show(type->key).text); /* fits: shown texts are short */
        rc = fields ? app__table(r, name, type, fields, target) : app__want(r, type, CODEC_TOML_TABLE, NULL);
    }
    return rc;
}
