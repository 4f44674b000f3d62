/* locked_read.c - locked app JSON to an application.  Room: app.
 *
 * Strict: an unknown member, another shape or a feature that this version does not have is refused with its path, because a worker that
 * ignored it would serve something else than what was locked.
 * source: spin.md 1.17 */
#include <inttypes.h>
#include <stdio.h>

#include "app/app_internal.h"
#include "app/fields.h"
#include "app/limits.h"
#include "base/alloc.h"
#include "codec/json.h"

struct reader {
    struct app *app;
    struct sw_err *err;
};

typedef int member_fn(struct reader *r, const char *path, const struct codec_json *value, void *target);

struct shape { /* of one member */
    const char *key;
    enum codec_json_kind kind;
    bool required;
    member_fn *read; /* NULL: its kind is all that matters */
};

static int fail_kind(struct reader *r, const char *path, const char *expected, const struct codec_json *got)
{
    return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected %s, got %s", path, expected,
                   codec_json_kind_name(codec_json_kind(got)));
}

static const struct shape *shape_find(const struct shape *shapes, struct sw_str key)
{
    for (const struct shape *s = shapes; s->key; s++)
        if (sw_str_eq(sw_str_of(s->key), key))
            return s;
    return NULL;
}

static int read_member(struct reader *r, const char *path, const struct shape *shapes,
                       struct codec_json_member m, void *target)
{
    char below[160];
    (void)snprintf(below, sizeof below, "%s%s%s", path, path[0] ? "." : "",
                   app__show(m.key).text); /* cut: a message's part */
    const struct shape *shape = shape_find(shapes, m.key);
    if (!shape)
        return sw_fail(r->err, SW_EINPUT, "locked application: %s: this version of Swell does not know it",
                       below);
    if (codec_json_kind(m.value) != shape->kind)
        return fail_kind(r, below, codec_json_kind_name(shape->kind), m.value);
    return shape->read ? shape->read(r, below, m.value, target) : 0;
}

static int read_object(struct reader *r, const char *path, const struct codec_json *object,
                       const struct shape *shapes, void *target)
{
    if (codec_json_kind(object) != CODEC_JSON_OBJECT)
        return fail_kind(r, path, "an object", object);
    for (struct codec_json_member m = codec_json_first(object); m.value; m = codec_json_next(object, m)) {
        int rc = read_member(r, path, shapes, m, target);
        if (rc < 0)
            return rc;
    }
    for (const struct shape *s = shapes; s->key; s++)
        if (s->required && !codec_json_get(object, s->key))
            return sw_fail(r->err, SW_EINPUT, "locked application: %s%s'%s' is missing", path,
                           path[0] ? ": " : "", s->key);
    return 0;
}

static int copy(struct reader *r, const struct codec_json *value, struct sw_str *ret)
{
    return sw_arena_copy(&r->app->arena, codec_json_string(value), ret, r->err);
}

/* ---- file URLs ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes in place; false on a bad escape or a NUL byte. */
static bool percent_decode(char *text, size_t *n)
{
    size_t out = 0;
    for (size_t i = 0; i < *n; i++) {
        int c = (unsigned char)text[i];
        if (c == '%') {
            int high = *n - i > 2 ? hex_digit(text[i + 1]) : -1;
            int low = *n - i > 2 ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = high * 16 + low;
            i += 2;
        }
        if (c == 0)
            return false;
        text[out++] = (char)c;
    }
    text[out] = '\0';
    *n = out;
    return true;
}

static int read_file_url(struct reader *r, const char *path, const struct codec_json *value,
                         struct sw_str *ret)
{
    struct sw_str url = codec_json_string(value);
    struct sw_str file = sw_str_from(url, sizeof "file://" - 1);
    if (!sw_str_starts(url, SW_LIT("file:///")))
        return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected a URL file:///..., got '%s'",
                       path, app__show(url).text);
    char *text = sw_arena_try(&r->app->arena, file.n + 1, 1);
    if (!text)
        return sw_arena_fail(&r->app->arena, file.n, r->err);
    memcpy(text, file.p, file.n);
    size_t n = file.n;
    if (!percent_decode(text, &n))
        return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected an escaped path, got '%s'", path,
                       app__show(url).text);
    *ret = sw_str(text, n);
    return 0;
}

/* ---- the application's own members ---- */

static int read_lock_version(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    (void)target;
    int64_t version = codec_json_integer(value);
    if (version != 0 && version != 1)
        return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected 0 or 1, got %" PRId64, path,
                       version);
    return 0;
}

static int read_nothing_more(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    (void)target;
    if (codec_json_count(value))
        return sw_fail(r->err, SW_EINPUT,
                       "locked application: %s: this version of Swell does not support what it asks for yet",
                       path);
    return 0;
}

static int read_name(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    (void)path;
    return copy(r, value, &((struct app *)target)->name);
}

static int read_version(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    (void)path;
    return copy(r, value, &((struct app *)target)->version);
}

static int read_description(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    (void)path;
    return copy(r, value, &((struct app *)target)->description);
}

static int read_origin(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    return read_file_url(r, path, value, &((struct app *)target)->origin);
}

static int read_metadata(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    static const struct shape shapes[] = {
        {"name", CODEC_JSON_STRING, true, read_name},
        {"version", CODEC_JSON_STRING, false, read_version},
        {"description", CODEC_JSON_STRING, false, read_description},
        {"origin", CODEC_JSON_STRING, true, read_origin},
        {"authors", CODEC_JSON_ARRAY, false, NULL},
        {"triggers", CODEC_JSON_OBJECT, false, NULL},
        {"trigger", CODEC_JSON_OBJECT, false, NULL},
        {0},
    };
    return read_object(r, path, value, shapes, target);
}

/* ---- components ---- */

static int read_component_id(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    struct app_component *component = target;
    const char *offence = app__id_offence(codec_json_string(value));
    if (offence)
        return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected a component id: %s", path,
                       offence);
    return copy(r, value, &component->id);
}

static int read_component_description(struct reader *r, const char *path, const struct codec_json *value,
                                      void *target)
{
    (void)path;
    return copy(r, value, &((struct app_component *)target)->description);
}

static int read_build_command(struct reader *r, const char *path, const struct codec_json *value,
                              void *target)
{
    (void)path;
    return copy(r, value, &((struct app_component *)target)->build_command);
}

static int read_build(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    static const struct shape shapes[] = {{"command", CODEC_JSON_STRING, true, read_build_command}, {0}};
    return read_object(r, path, value, shapes, target);
}

/* Our own member: what locked.c writes, in the ranges that the manifest's reader and the options keep to. */
static int read_swell(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    struct app_limits *limits = &((struct app_component *)target)->limits;
    uint64_t concurrency = 0;
    uint64_t queue = 0;
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
        {"concurrency", APP_CONCURRENCY_MAX, &concurrency},
        {"queue", APP_QUEUE_MAX, &queue},
    };
    for (struct codec_json_member m = codec_json_first(value); m.value; m = codec_json_next(value, m)) {
        size_t at = 0;
        while (at < sizeof known / sizeof known[0] && !sw_str_eq(sw_str_of(known[at].key), m.key))
            at++;
        if (at == sizeof known / sizeof known[0])
            return sw_fail(r->err, SW_EINPUT,
                           "locked application: %s: '%s': this version of Swell does not know it", path,
                           app__show(m.key).text);
        int64_t number = codec_json_integer(m.value); /* 0 unless an integer */
        if (number <= 0 || (uint64_t)number > known[at].max)
            return sw_fail(r->err, SW_EINPUT,
                           "locked application: %s: %s: expected an integer from 1 to %" PRIu64, path,
                           known[at].key, known[at].max);
        *known[at].to = (uint64_t)number;
    }
    limits->concurrency = (uint32_t)concurrency;
    limits->queue = (uint32_t)queue;
    return 0;
}

static int read_component_metadata(struct reader *r, const char *path, const struct codec_json *value,
                                   void *target)
{
    static const struct shape shapes[] = {
        {"description", CODEC_JSON_STRING, false, read_component_description},
        {"build", CODEC_JSON_OBJECT, false, read_build},
        {"swell", CODEC_JSON_OBJECT, false, read_swell},
        {0},
    };
    return read_object(r, path, value, shapes, target);
}

static int read_content_type(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    (void)target;
    if (!sw_str_eq(codec_json_string(value), SW_LIT("application/wasm")))
        return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected 'application/wasm', got '%s'",
                       path, app__show(codec_json_string(value)).text);
    return 0;
}

static int read_source_url(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    return read_file_url(r, path, value, &((struct app_component *)target)->source);
}

static int read_source(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    static const struct shape shapes[] = {
        {"content_type", CODEC_JSON_STRING, true, read_content_type},
        {"source", CODEC_JSON_STRING, true, read_source_url},
        {0},
    };
    return read_object(r, path, value, shapes, target);
}

static int read_env(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    struct app_component *component = target;
    size_t count = codec_json_count(value);
    if (count > APP_ENV_MAX)
        return sw_fail(r->err, SW_ELIMIT, "locked application: %s: expected at most %d variables, got %zu",
                       path, APP_ENV_MAX, count);
    struct app_env *env = SW_ARENA_ARRAY(&r->app->arena, count, struct app_env);
    if (!env)
        return sw_arena_fail(&r->app->arena, count * sizeof *env, r->err);
    size_t at = 0;
    for (struct codec_json_member m = codec_json_first(value); m.value && at < count;
         m = codec_json_next(value, m), at++) {
        if (codec_json_kind(m.value) != CODEC_JSON_STRING)
            return fail_kind(r, path, "strings", m.value);
        if (m.key.n == 0 || sw_str_find(m.key, '=') != SW_NPOS)
            return sw_fail(r->err, SW_EINPUT,
                           "locked application: %s: expected the name of a variable, got '%s'", path,
                           app__show(m.key).text);
        int rc = sw_arena_copy(&r->app->arena, m.key, &env[at].name, r->err);
        if (rc == 0)
            rc = copy(r, m.value, &env[at].value);
        if (rc < 0)
            return rc;
    }
    component->env = env;
    component->env_count = (uint32_t)at;
    return 0;
}

static int read_components(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    static const struct shape shapes[] = {
        {"id", CODEC_JSON_STRING, true, read_component_id},
        {"metadata", CODEC_JSON_OBJECT, false, read_component_metadata},
        {"source", CODEC_JSON_OBJECT, true, read_source},
        {"env", CODEC_JSON_OBJECT, false, read_env},
        {"files", CODEC_JSON_ARRAY, false, read_nothing_more},
        {"config", CODEC_JSON_OBJECT, false, read_nothing_more},
        {"dependencies", CODEC_JSON_OBJECT, false, read_nothing_more},
        {"host_requirements", CODEC_JSON_OBJECT, false, read_nothing_more},
        {0},
    };
    struct app *app = target;
    size_t count = codec_json_count(value);
    if (count > APP_COMPONENTS_MAX)
        return sw_fail(r->err, SW_ELIMIT, "locked application: %s: expected at most %d, got %zu", path,
                       APP_COMPONENTS_MAX, count);
    struct app_component *components = SW_ARENA_ARRAY(&app->arena, count, struct app_component);
    if (!components)
        return sw_arena_fail(&app->arena, count * sizeof *components, r->err);
    for (size_t i = 0; i < count; i++) {
        char below[64];
        (void)snprintf(below, sizeof below, "components[%zu]", i);
        int rc = read_object(r, below, codec_json_item(value, i), shapes, &components[i]);
        if (rc < 0)
            return rc;
    }
    app->components = components;
    app->component_count = (uint32_t)count;
    return 0;
}

/* ---- triggers, when the components are there ---- */

static int read_trigger_id(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    (void)path;
    return copy(r, value, &((struct app_http_trigger *)target)->id);
}

static int read_trigger_type(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    (void)target;
    if (!sw_str_eq(codec_json_string(value), SW_LIT("http")))
        return sw_fail(r->err, SW_EINPUT,
                       "locked application: %s: this version of Swell does not support '%s' yet", path,
                       app__show(codec_json_string(value)).text);
    return 0;
}

static int read_route(struct reader *r, const char *path, const struct codec_json *value, void *target)
{
    (void)path;
    return copy(r, value, &((struct app_http_trigger *)target)->route);
}

static int read_trigger_component(struct reader *r, const char *path, const struct codec_json *value,
                                  void *target)
{
    struct sw_str id = codec_json_string(value);
    for (uint32_t i = 0; i < r->app->component_count; i++)
        if (sw_str_eq(r->app->components[i].id, id)) {
            ((struct app_http_trigger *)target)->component = i;
            return 0;
        }
    return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected a component's id, got '%s'", path,
                   app__show(id).text);
}

static int read_trigger_config(struct reader *r, const char *path, const struct codec_json *value,
                               void *target)
{
    static const struct shape shapes[] = {
        {"component", CODEC_JSON_STRING, true, read_trigger_component},
        {"route", CODEC_JSON_STRING, true, read_route},
        {0},
    };
    return read_object(r, path, value, shapes, target);
}

static int read_triggers(struct reader *r, const struct codec_json *value)
{
    static const struct shape shapes[] = {
        {"id", CODEC_JSON_STRING, true, read_trigger_id},
        {"trigger_type", CODEC_JSON_STRING, true, read_trigger_type},
        {"trigger_config", CODEC_JSON_OBJECT, true, read_trigger_config},
        {0},
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
        int rc = read_object(r, below, codec_json_item(value, i), shapes, &triggers[i]);
        if (rc < 0)
            return rc;
    }
    app->http = triggers;
    app->http_count = (uint32_t)count;
    return 0;
}

static int read_app(struct reader *r, const struct codec_json *root)
{
    static const struct shape shapes[] = {
        {"spin_lock_version", CODEC_JSON_INTEGER, true, read_lock_version},
        {"must_understand", CODEC_JSON_ARRAY, false, read_nothing_more},
        {"metadata", CODEC_JSON_OBJECT, true, read_metadata},
        {"host_requirements", CODEC_JSON_OBJECT, false, read_nothing_more},
        {"variables", CODEC_JSON_OBJECT, false, read_nothing_more},
        {"triggers", CODEC_JSON_ARRAY, true, NULL},
        {"components", CODEC_JSON_ARRAY, true, read_components},
        {0},
    };
    int rc = read_object(r, "", root, shapes, r->app);
    return rc < 0 ? rc : read_triggers(r, codec_json_get(root, "triggers"));
}

int app_from_json(struct sw_str json, struct app **ret, struct sw_err *err)
{
    struct codec_json *root = NULL;
    struct app *app = NULL;
    int rc = codec_json_parse(json, &root, err);
    if (rc < 0)
        return sw_wrap(err, "locked application");
    rc = app__new(&app, err);
    if (rc == 0) {
        struct reader r = {app, err};
        rc = read_app(&r, root);
    }
    codec_json_free(root);
    if (rc < 0) {
        app_free(app);
        return rc;
    }
    *ret = app;
    return 0;
}
