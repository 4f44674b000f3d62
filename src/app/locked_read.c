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
#include "app/locked_internal.h"
#include "app/outbound.h"
#include "app/variables.h"
#include "base/alloc.h"
#include "codec/json.h"

int app__locked_fail_kind(struct app__locked *r, const char *path, const char *expected,
                          const struct codec_json *got)
{
    return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected %s, got %s", path, expected,
                   codec_json_kind_name(codec_json_kind(got)));
}

static const struct app__shape *shape_find(const struct app__shape *shapes, struct sw_str key)
{
    for (const struct app__shape *s = shapes; s->key; s++)
        if (sw_str_eq(sw_str_of(s->key), key))
            return s;
    return NULL;
}

static int read_member(struct app__locked *r, const char *path, const struct app__shape *shapes,
                       struct codec_json_member m, void *target)
{
    char below[160];
    (void)snprintf(below, sizeof below, "%s%s%s", path, path[0] ? "." : "",
                   app__show(m.key).text); /* cut: a message's part */
    const struct app__shape *shape = shape_find(shapes, m.key);
    if (!shape)
        return sw_fail(r->err, SW_EINPUT, "locked application: %s: this version of Swell does not know it",
                       below);
    if (shape->kind != CODEC_JSON_NULL && codec_json_kind(m.value) != shape->kind)
        return app__locked_fail_kind(r, below, codec_json_kind_name(shape->kind), m.value);
    if (shape->is_text)
        return app__locked_copy(r, m.value, (struct sw_str *)(void *)((char *)target + shape->offset));
    return shape->read ? shape->read(r, below, m.value, target) : 0;
}

int app__locked_object(struct app__locked *r, const char *path, const struct codec_json *object,
                       const struct app__shape *shapes, void *target)
{
    if (codec_json_kind(object) != CODEC_JSON_OBJECT)
        return app__locked_fail_kind(r, path, "an object", object);
    for (struct codec_json_member m = codec_json_first(object); m.value; m = codec_json_next(object, m)) {
        int rc = read_member(r, path, shapes, m, target);
        if (rc < 0)
            return rc;
    }
    for (const struct app__shape *s = shapes; s->key; s++)
        if (s->required && !codec_json_get(object, s->key))
            return sw_fail(r->err, SW_EINPUT, "locked application: %s%s'%s' is missing", path,
                           path[0] ? ": " : "", s->key);
    return 0;
}

int app__locked_copy(struct app__locked *r, const struct codec_json *value, struct sw_str *ret)
{
    return sw_arena_copy(&r->app->arena, codec_json_string(value), ret, r->err);
}

int app__locked_list(struct app__locked *r, const char *path, const struct codec_json *value,
                     const struct sw_str **ret, uint32_t *ret_count)
{
    size_t count = codec_json_count(value);
    if (codec_json_kind(value) != CODEC_JSON_ARRAY)
        return app__locked_fail_kind(r, path, "an array", value);
    if (count > APP_LIST_MAX)
        return sw_fail(r->err, SW_ELIMIT, "locked application: %s: expected at most %d items, got %zu", path,
                       APP_LIST_MAX, count);
    struct sw_str *items = SW_ARENA_ARRAY(&r->app->arena, count, struct sw_str);
    if (!items)
        return sw_arena_fail(&r->app->arena, count * sizeof *items, r->err);
    for (size_t i = 0; i < count; i++) {
        const struct codec_json *item = codec_json_item(value, i);
        if (codec_json_kind(item) != CODEC_JSON_STRING)
            return app__locked_fail_kind(r, path, "strings", item);
        int rc = app__locked_copy(r, item, &items[i]);
        if (rc < 0)
            return rc;
    }
    *ret = items;
    *ret_count = (uint32_t)count;
    return 0;
}

int app__locked_strings(struct app__locked *r, const char *path, const struct codec_json *value,
                        struct app_env **ret, uint32_t *ret_count)
{
    size_t count = codec_json_count(value);
    if (count > APP_ENV_MAX)
        return sw_fail(r->err, SW_ELIMIT, "locked application: %s: expected at most %d variables, got %zu",
                       path, APP_ENV_MAX, count);
    struct app_env *items = SW_ARENA_ARRAY(&r->app->arena, count, struct app_env);
    if (!items)
        return sw_arena_fail(&r->app->arena, count * sizeof *items, r->err);
    size_t at = 0;
    for (struct codec_json_member m = codec_json_first(value); m.value && at < count;
         m = codec_json_next(value, m), at++) {
        if (codec_json_kind(m.value) != CODEC_JSON_STRING)
            return app__locked_fail_kind(r, path, "strings", m.value);
        int rc = sw_arena_copy(&r->app->arena, m.key, &items[at].name, r->err);
        if (rc == 0)
            rc = app__locked_copy(r, m.value, &items[at].value);
        if (rc < 0)
            return rc;
    }
    *ret = items;
    *ret_count = (uint32_t)at;
    return 0;
}

/* ---- file URLs ---- */

/* Decodes in place; false on a bad escape or a NUL byte. */
static bool percent_decode(char *text, size_t *n)
{
    size_t out = 0;
    for (size_t i = 0; i < *n; i++) {
        int c = (unsigned char)text[i];
        if (c == '%') {
            int high = *n - i > 2 ? sw_hex_digit(text[i + 1]) : -1;
            int low = *n - i > 2 ? sw_hex_digit(text[i + 2]) : -1;
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

int app__locked_file_url(struct app__locked *r, const char *path, const struct codec_json *value,
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

static int read_lock_version(struct app__locked *r, const char *path, const struct codec_json *value,
                             void *target)
{
    (void)target;
    int64_t version = codec_json_integer(value);
    if (version != 0 && version != 1)
        return sw_fail(r->err, SW_EINPUT, "locked application: %s: expected 0 or 1, got %" PRId64, path,
                       version);
    return 0;
}

int app__locked_nothing(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    (void)target;
    if (codec_json_count(value))
        return sw_fail(r->err, SW_EINPUT,
                       "locked application: %s: this version of Swell does not support what it asks for yet",
                       path);
    return 0;
}

static int read_origin(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    return app__locked_file_url(r, path, value, &((struct app *)target)->origin);
}

static int read_authors(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    struct app *app = target;
    return app__locked_list(r, path, value, &app->authors, &app->author_count);
}

static int read_blocked(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    struct app *app = target;
    struct app_network network;
    int rc = app__locked_list(r, path, value, &app->blocked_networks, &app->blocked_network_count);
    for (uint32_t i = 0; rc == 0 && i < app->blocked_network_count; i++)
        if (!app_network_blocks(app->blocked_networks[i], &network))
            rc = sw_fail(r->err, SW_EINPUT, "locked application: %s: '%s': expected \"private\" or a network",
                         path, app__show(app->blocked_networks[i]).text);
    return rc;
}

static int read_app_swell(struct app__locked *r, const char *path, const struct codec_json *value,
                          void *target)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED("block_networks", CODEC_JSON_ARRAY, false, read_blocked),
        APP__LOCKED_END,
    };
    return app__locked_object(r, path, value, shapes, target);
}

static int read_metadata(struct app__locked *r, const char *path, const struct codec_json *value,
                         void *target)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED_TEXT("name", struct app, name, true),
        APP__LOCKED_TEXT("version", struct app, version, false),
        APP__LOCKED_TEXT("description", struct app, description, false),
        APP__LOCKED_TEXT("profile", struct app, profile, false),
        APP__LOCKED("origin", CODEC_JSON_STRING, true, read_origin),
        APP__LOCKED("authors", CODEC_JSON_ARRAY, false, read_authors),
        APP__LOCKED("swell", CODEC_JSON_OBJECT, false, read_app_swell),
        APP__LOCKED("triggers", CODEC_JSON_OBJECT, false, NULL),
        APP__LOCKED("trigger", CODEC_JSON_OBJECT, false, NULL),
        APP__LOCKED_END,
    };
    return app__locked_object(r, path, value, shapes, target);
}

/* ---- variables ---- */

static int read_default(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    struct app_variable *variable = target;
    (void)path;
    variable->has_default = true;
    return app__locked_copy(r, value, &variable->default_value);
}

static int read_secret(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    (void)r;
    (void)path;
    ((struct app_variable *)target)->is_secret = codec_json_bool(value);
    return 0;
}

static int read_value(struct app__locked *r, const char *path, const struct codec_json *value, void *target)
{
    struct app_variable *variable = target;
    (void)path;
    variable->has_value = true;
    return app__locked_copy(r, value, &variable->value);
}

static int read_variable_swell(struct app__locked *r, const char *path, const struct codec_json *value,
                               void *target)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED("value", CODEC_JSON_STRING, true, read_value),
        APP__LOCKED_END,
    };
    return app__locked_object(r, path, value, shapes, target);
}

static int read_variables(struct app__locked *r, const char *path, const struct codec_json *value,
                          void *target)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED("default", CODEC_JSON_STRING, false, read_default),
        APP__LOCKED("secret", CODEC_JSON_BOOL, false, read_secret),
        APP__LOCKED_TEXT("description", struct app_variable, description, false),
        APP__LOCKED("swell", CODEC_JSON_OBJECT, false, read_variable_swell),
        APP__LOCKED_END,
    };
    struct app *app = target;
    size_t count = codec_json_count(value);
    if (count > APP_VARIABLES_MAX)
        return sw_fail(r->err, SW_ELIMIT, "locked application: %s: expected at most %d, got %zu", path,
                       APP_VARIABLES_MAX, count);
    struct app_variable *variables = SW_ARENA_ARRAY(&app->arena, count, struct app_variable);
    if (!variables)
        return sw_arena_fail(&app->arena, count * sizeof *variables, r->err);
    size_t at = 0;
    for (struct codec_json_member m = codec_json_first(value); m.value && at < count;
         m = codec_json_next(value, m), at++) {
        char below[160];
        (void)snprintf(below, sizeof below, "%s.%s", path, app__show(m.key).text);
        int rc = app_variable_name_check(m.key, r->err);
        if (rc < 0)
            return sw_wrap(r->err, "locked application: %s", path);
        rc = sw_arena_copy(&app->arena, m.key, &variables[at].name, r->err);
        if (rc == 0)
            rc = app__locked_object(r, below, m.value, shapes, &variables[at]);
        if (rc < 0)
            return rc;
    }
    app->variables = variables;
    app->variable_count = (uint32_t)at;
    return 0;
}

/* ---- the whole ---- */

static int read_app(struct app__locked *r, const struct codec_json *root)
{
    static const struct app__shape shapes[] = {
        APP__LOCKED("spin_lock_version", CODEC_JSON_INTEGER, true, read_lock_version),
        APP__LOCKED("must_understand", CODEC_JSON_ARRAY, false, app__locked_nothing),
        APP__LOCKED("metadata", CODEC_JSON_OBJECT, true, read_metadata),
        APP__LOCKED("host_requirements", CODEC_JSON_OBJECT, false, app__locked_nothing),
        APP__LOCKED("variables", CODEC_JSON_OBJECT, false, read_variables),
        APP__LOCKED("triggers", CODEC_JSON_ARRAY, true, NULL),
        APP__LOCKED("components", CODEC_JSON_ARRAY, true, NULL),
        APP__LOCKED_END,
    };
    int rc = app__locked_object(r, "", root, shapes, r->app);
    if (rc == 0)
        rc = app__locked_components(r, codec_json_get(root, "components"));
    return rc < 0 ? rc : app__locked_triggers(r, codec_json_get(root, "triggers"));
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
        struct app__locked r = {app, err};
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
