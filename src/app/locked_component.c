/* locked_component.c - components of a locked application.  Room: app.
 *
 * source: spin.md 1.17 */
#include <inttypes.h>
#include <stdio.h>

#include "app/app_internal.h"
#include "app/fields.h"
#include "app/limits.h"
#include "app/locked_internal.h"

/* ---- metadata ---- */

static int read_id(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    struct app_component *component = target;
    const char *offence = app__id_offence(codec_json_string(value));
    if (offence)
        return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected a component id: %s", path,
                       offence);
    return app__locked_copy(r, value, &component->id);
}

static int read_build(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED_TEXT("command", struct app_component, build_command, true),
        APP__LOCKED_END,
    };
    return app__locked_object(r, path, value, shapes, target);
}

static int read_library(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    (void)r;
    (void)path;
    ((struct app_component *)target)->is_library = codec_json_bool(value);
    return 0;
}

static int read_folder(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    return app__locked_file_url(r, path, value, &((struct app_mount *)target)->folder);
}

static int read_writable(struct app__locked *r, const char *path, const struct codec_json *value,
                         void *target)
{
    (void)r;
    (void)path;
    ((struct app_mount *)target)->is_writable = codec_json_bool(value);
    return 0;
}

static int read_mounts(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED("folder", CODEC_JSON_STRING, true, read_folder),
        APP__LOCKED_TEXT("guest", struct app_mount, guest, true),
        APP__LOCKED("writable", CODEC_JSON_BOOL, false, read_writable),
        APP__LOCKED_END,
    };
    struct app_component *component = target;
    size_t count = codec_json_count(value);
    if (count > APP_LIST_MAX)
        return sw_fail(r->err, SW_ELIMIT, "locked application: %s: expected at most %d, got %zu", path,
                       APP_LIST_MAX, count);
    struct app_mount *mounts = SW_ARENA_ARRAY(&r->app->arena, count, struct app_mount);
    if (!mounts)
        return sw_arena_fail(&r->app->arena, count * sizeof *mounts, r->err);
    for (size_t i = 0; i < count; i++) {
        int rc = app__locked_object(r, path, codec_json_item(value, i), shapes, &mounts[i]);
        if (rc < 0)
            return rc;
    }
    component->mounts = mounts;
    component->mount_count = (uint32_t)count;
    return 0;
}

/* 1 if `m` is a limit that was read, 0 if it is something else; the ranges are those of the manifest's reader and the options. */
static int read_limit(struct app__locked *r, const char *path, struct codec_json_member m,
                      struct app_limits *limits)
{
    uint64_t count = 0;
    uint32_t *small = sw_str_eq(m.key, SW_LIT("concurrency")) ? &limits->concurrency
                      : sw_str_eq(m.key, SW_LIT("queue"))     ? &limits->queue
                                                              : NULL;
    const struct {
        const char *key;
        uint64_t max;
        uint64_t *to;
    } known[] = {
        {"time_ms", APP_TIME_MS_MAX, &limits->time_ms},
        {"cpu_time_ms", APP_TIME_MS_MAX, &limits->cpu_time_ms},
        {"memory_bytes", APP_MEMORY_BYTES_MAX, &limits->memory_bytes},
        {"request_body_bytes", APP_BODY_BYTES_MAX, &limits->request_body_bytes},
        {"response_body_bytes", APP_BODY_BYTES_MAX, &limits->response_body_bytes},
        {"concurrency", APP_CONCURRENCY_MAX, &count},
        {"queue", APP_QUEUE_MAX, &count},
    };
    for (size_t at = 0; at < sizeof known / sizeof known[0]; at++) {
        if (!sw_str_eq(sw_str_of(known[at].key), m.key))
            continue;
        int64_t number = codec_json_integer(m.value); /* 0 unless an integer */
        if (number <= 0 || (uint64_t)number > known[at].max)
            return sw_fail(r->err, SW_EINPUT,
                           "locked application: %s: %s: expected an integer from 1 to %" PRIu64, path,
                           known[at].key, known[at].max);
        *known[at].to = (uint64_t)number;
        if (small)
            *small = (uint32_t)count;
        return 1;
    }
    return 0;
}

/* Our own member: what locked.c writes. */
static int read_swell(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    struct app_component *component = target;
    for (struct codec_json_member m = codec_json_first(value); m.value; m = codec_json_next(value, m)) {
        int rc = 0;
        if (sw_str_eq(m.key, SW_LIT("library")) && codec_json_kind(m.value) == CODEC_JSON_BOOL)
            rc = read_library(r, path, m.value, component);
        else if (sw_str_eq(m.key, SW_LIT("listen")) && codec_json_kind(m.value) == CODEC_JSON_BOOL)
            component->may_listen = codec_json_bool(m.value);
        else if (sw_str_eq(m.key, SW_LIT("mounts")) && codec_json_kind(m.value) == CODEC_JSON_ARRAY)
            rc = read_mounts(r, path, m.value, component);
        else if ((rc = read_limit(r, path, m, &component->limits)) == 0)
            rc = sw_fail(r->err, SW_EINPUT,
                         "locked application: %s: '%s': this version of Swell does not know it", path,
                         app__show(m.key).text);
        if (rc < 0)
            return rc;
    }
    return 0;
}

#define LIST(fn, list, count)                                                                                \
    static int fn(struct app__locked *r, const char *path, const struct codec_json *value, void *target)     \
    {                                                                                                        \
        struct app_component *component = target;                                                            \
        return app__locked_list(r, path, value, &component->list, &component->count);                        \
    }
LIST(read_hosts, outbound_hosts, outbound_host_count)
LIST(read_stores, key_value_stores, key_value_store_count)
LIST(read_databases, sqlite_databases, sqlite_database_count)
LIST(read_models, ai_models, ai_model_count)

static int read_metadata(struct app__locked *r, const char *path, const struct codec_json *value,
                         void *target)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED_TEXT("description", struct app_component, description, false),
        APP__LOCKED("build", CODEC_JSON_OBJECT, false, read_build),
        APP__LOCKED("allowed_outbound_hosts", CODEC_JSON_ARRAY, false, read_hosts),
        APP__LOCKED("key_value_stores", CODEC_JSON_ARRAY, false, read_stores),
        APP__LOCKED("databases", CODEC_JSON_ARRAY, false, read_databases),
        APP__LOCKED("ai_models", CODEC_JSON_ARRAY, false, read_models),
        APP__LOCKED("swell", CODEC_JSON_OBJECT, false, read_swell),
        APP__LOCKED_END,
    };
    return app__locked_object(r, path, value, shapes, target);
}

/* ---- source, environment, variables ---- */

static int read_content_type(struct app__locked *r, const char *path, const struct codec_json *value,
                             void *target)
{
    (void)target;
    if (!sw_str_eq(codec_json_string(value), SW_LIT("application/wasm")))
        return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected 'application/wasm', got '%s'",
                       path, app__show(codec_json_string(value)).text);
    return 0;
}

static int read_source_url(struct app__locked *r, const char *path, const struct codec_json *value,
                           void *target)
{
    return app__locked_file_url(r, path, value, &((struct app_component *)target)->source);
}

static int read_source(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED("content_type", CODEC_JSON_STRING, true, read_content_type),
        APP__LOCKED("source", CODEC_JSON_STRING, true, read_source_url),
        APP__LOCKED_END,
    };
    return app__locked_object(r, path, value, shapes, target);
}

static int read_env(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    struct app_component *component = target;
    struct app_env *env = NULL;
    uint32_t count = 0;
    int rc = app__locked_strings(r, path, value, &env, &count);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        if (env[i].name.n == 0 || sw_str_find(env[i].name, '=') != SW_NPOS)
            rc = sw_fail(r->err, SW_EINPUT,
                         "locked application: %s: expected the name of a variable, got '%s'", path,
                         app__show(env[i].name).text);
    if (rc < 0)
        return rc;
    component->env = env;
    component->env_count = count;
    return 0;
}

static int read_config(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    struct app_component *component = target;
    struct app_env *texts = NULL;
    uint32_t count = 0;
    int rc = app__locked_strings(r, path, value, &texts, &count);
    struct app_template *variables =
        rc < 0 ? NULL : SW_ARENA_ARRAY(&r->app->arena, count, struct app_template);
    if (!variables)
        return rc < 0 ? rc : sw_arena_fail(&r->app->arena, count * sizeof *variables, r->err);
    for (uint32_t i = 0; i < count; i++)
        variables[i] = (struct app_template){texts[i].name, texts[i].value};
    component->variables = variables;
    component->variable_count = count;
    return 0;
}

/* ---- dependencies, when every component has its id ---- */

struct reading {                    /* of one component */
    struct app_component component; /* first: what the other members' readers take */
    const struct codec_json *dependencies;
};

static int keep_dependencies(struct app__locked *r, const char *path, const struct codec_json *value,
                             void *target)
{
    (void)r;
    (void)path;
    ((struct reading *)target)->dependencies = value;
    return 0;
}

static int read_dependency_component(struct app__locked *r, const char *path, const struct codec_json *value,
                                     void *target)
{
    struct sw_str id = codec_json_string(value);
    if (app__locked_component(r->app, id, &((struct app_dependency *)target)->component) == 0)
        return 0;
    return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected a component's id, got '%s'", path,
                   app__show(id).text);
}

static int read_inherit(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    struct app_dependency *dependency = target;
    const struct sw_str *names = NULL;
    uint32_t count = 0;
    if (sw_str_eq(codec_json_string(value), SW_LIT("All"))) {
        dependency->inherit = APP_INHERIT_ALL;
        return 0;
    }
    const struct codec_json *some = codec_json_get(value, "Some");
    if (!some || codec_json_count(value) != 1)
        return app__locked_fail_kind(r, path, "\"All\" or {\"Some\":[...]}", value);
    int rc = app__locked_list(r, path, some, &names, &count);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        uint32_t bit = app__inherit_bit(names[i]);
        dependency->inherit |= bit;
        if (!bit)
            rc =
                sw_fail(r->err, SW_EINPUT, "locked application: %s: this version of Swell does not know '%s'",
                        path, app__show(names[i]).text);
    }
    return rc;
}

static int read_dependencies(struct app__locked *r, const char *path, const struct codec_json *value,
                             struct app_component *component)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED("component", CODEC_JSON_STRING, true, read_dependency_component),
        APP__LOCKED_TEXT("export", struct app_dependency, export, false),
        APP__LOCKED("inherit", CODEC_JSON_NULL, true, read_inherit),
        APP__LOCKED_END,
    };
    size_t count = codec_json_count(value);
    if (count > APP_DEPENDENCIES_MAX)
        return sw_fail(r->err, SW_ELIMIT, "locked application: %s: expected at most %d, got %zu", path,
                       APP_DEPENDENCIES_MAX, count);
    struct app_dependency *dependencies = SW_ARENA_ARRAY(&r->app->arena, count, struct app_dependency);
    if (!dependencies)
        return sw_arena_fail(&r->app->arena, count * sizeof *dependencies, r->err);
    size_t at = 0;
    for (struct codec_json_member m = codec_json_first(value); m.value && at < count;
         m = codec_json_next(value, m), at++) {
        int rc = sw_arena_copy(&r->app->arena, m.key, &dependencies[at].name, r->err);
        if (rc == 0)
            rc = app__locked_object(r, path, m.value, shapes, &dependencies[at]);
        if (rc < 0)
            return rc;
    }
    component->dependencies = dependencies;
    component->dependency_count = (uint32_t)at;
    return 0;
}

/* ---- the whole ---- */

int app__locked_component(const struct app *app, struct sw_str id, uint32_t *ret)
{
    for (uint32_t i = 0; i < app->component_count; i++)
        if (sw_str_eq(app->components[i].id, id)) {
            *ret = i;
            return 0;
        }
    return SW_ABSENT;
}

static int read_component(struct app__locked *r, const char *path, const struct codec_json *value,
                          struct reading *reading)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED("id", CODEC_JSON_STRING, true, read_id),
        APP__LOCKED("metadata", CODEC_JSON_OBJECT, false, read_metadata),
        APP__LOCKED("source", CODEC_JSON_OBJECT, true, read_source),
        APP__LOCKED("env", CODEC_JSON_OBJECT, false, read_env),
        APP__LOCKED("files", CODEC_JSON_ARRAY, false, app__locked_nothing),
        APP__LOCKED("config", CODEC_JSON_OBJECT, false, read_config),
        APP__LOCKED("dependencies", CODEC_JSON_OBJECT, false, keep_dependencies),
        APP__LOCKED("host_requirements", CODEC_JSON_OBJECT, false, app__locked_nothing),
        APP__LOCKED_END,
    };
    return app__locked_object(r, path, value, shapes, reading);
}

int app__locked_components(struct app__locked *r, const struct codec_json *value)
{
    struct app *app = r->app;
    size_t count = codec_json_count(value);
    if (count > APP_COMPONENTS_MAX)
        return sw_fail(r->err, SW_ELIMIT, "locked application: components: expected at most %d, got %zu",
                       APP_COMPONENTS_MAX, count);
    struct app_component *components = SW_ARENA_ARRAY(&app->arena, count, struct app_component);
    const struct codec_json **dependencies = SW_ARENA_ARRAY(&app->arena, count, const struct codec_json *);
    if (!components || !dependencies)
        return sw_arena_fail(&app->arena, count * sizeof *components, r->err);
    char path[64];
    for (size_t i = 0; i < count; i++) {
        struct reading reading = {.dependencies = NULL};
        (void)snprintf(path, sizeof path, "components[%zu]", i);
        int rc = read_component(r, path, codec_json_item(value, i), &reading);
        if (rc < 0)
            return rc;
        components[i] = reading.component;
        dependencies[i] = reading.dependencies;
    }
    app->components = components;
    app->component_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "components[%zu].dependencies", i);
        int rc = dependencies[i] ? read_dependencies(r, path, dependencies[i], &components[i]) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}
