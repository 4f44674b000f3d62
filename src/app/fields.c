/* fields.c - decoding TOML tables by field tables.  Room: app. */
#include "app/fields.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "app/limits.h"
#include "codec/nearest.h"

struct app__shown app__show(struct sw_str text)
{
    struct app__shown shown;
    _Static_assert(sizeof shown.text > APP_MESSAGE_VALUE_BYTES_MAX + 3, "room for the dots");
    bool cut = text.n > APP_MESSAGE_VALUE_BYTES_MAX;
    size_t n = cut ? APP_MESSAGE_VALUE_BYTES_MAX : text.n;
    while (cut && n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--; /* not inside a character */
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        shown.text[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    memcpy(shown.text + n, cut ? "..." : "", cut ? 4 : 1);
    return shown;
}

int(app__fail)(const struct app__reader *r, struct codec_toml_place at, enum sw_code code, const char *fmt,
               ...)
{
    char text[SW_ERR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args); /* cut when it is longer, as every error text */
    va_end(args);
    return sw_fail(r->err, code, SW_FMT ":%u:%u: %s", SW_ARG(r->file), at.line, at.column, text);
}

struct app__shown app__describe(const struct codec_toml *value)
{
    struct app__shown shown;
    switch (value->kind) {
    case CODEC_TOML_STRING:
        (void)snprintf(shown.text, sizeof shown.text, "the string '%.64s'", app__show(value->string).text);
        break;
    case CODEC_TOML_INTEGER:
        (void)snprintf(shown.text, sizeof shown.text, "the integer %" PRId64, value->integer);
        break;
    case CODEC_TOML_FLOAT:
        (void)snprintf(shown.text, sizeof shown.text, "the number %g", value->number);
        break;
    case CODEC_TOML_BOOL:
        (void)snprintf(shown.text, sizeof shown.text, "the boolean %s", value->boolean ? "true" : "false");
        break;
    case CODEC_TOML_TABLE:
    case CODEC_TOML_ARRAY:
    case CODEC_TOML_DATE:
    default:
        (void)snprintf(shown.text, sizeof shown.text, "%s", codec_toml_kind_name(value->kind));
        break;
    }
    return shown;
}

static const char *name_of(const struct codec_toml *value)
{
    return value->key.n ? value->key.p : "item"; /* of an array */
}

int(app__fail_kind)(const struct app__reader *r, const struct codec_toml *value, const char *expected,
                    const char *hint)
{
    return app__fail(r, value->at, SW_EINPUT, "%s: expected %s, got %s%s%s",
                     app__show(sw_str_of(name_of(value))).text, expected, app__describe(value).text,
                     hint ? "\nhint: " : "", hint ? hint : "");
}

void app__later(struct app__reader *r, struct codec_toml_place at, struct sw_str key, const char *what,
                const char *hint)
{
    if (!r->later.what)
        r->later = (struct app__later){at, key, what, hint};
}

int app__fail_later(const struct app__reader *r)
{
    const struct app__later *later = &r->later;
    return app__fail(r, later->at, SW_EINPUT, "%s: this version of Swell does not support %s yet\nhint: %s",
                     app__show(later->key).text, later->what,
                     later->hint ? later->hint : "remove it to run the application without");
}

const char *app__hint_nearest(struct app__reader *r, struct sw_str nearest, const char *otherwise)
{
    const char *hint =
        nearest.n ? sw_arena_printf(&r->app->arena, "did you mean '" SW_FMT "'?", SW_ARG(nearest)) : NULL;
    return hint ? hint : otherwise;
}

int app__fail_unknown(const struct app__reader *r, const char *name, const struct codec_toml *value,
                      const struct app__field *fields)
{
    struct codec_nearest nearest = codec_nearest(value->key);
    char known[512] = "";
    size_t used = 0;
    for (const struct app__field *f = fields; f->key; f++) {
        codec_nearest_offer(&nearest, sw_str_of(f->key));
        if (used < sizeof known)
            used += (size_t)snprintf(known + used, sizeof known - used, "%s'%s'", used ? ", " : "", f->key);
    }
    if (nearest.best.n)
        return app__fail(r, value->key_at, SW_EINPUT,
                         "%s: unknown key in %s\nhint: did you mean '" SW_FMT "'?",
                         app__show(value->key).text, name, SW_ARG(nearest.best));
    return app__fail(r, value->key_at, SW_EINPUT, "%s: unknown key in %s%s%s", app__show(value->key).text,
                     name, used ? "\nhint: expected one of " : "", known);
}

int app__want(const struct app__reader *r, const struct codec_toml *value, enum codec_toml_kind kind,
              const char *hint)
{
    return value->kind == kind ? 0 : app__fail_kind(r, value, codec_toml_kind_name(kind), hint);
}

/* What to write instead, when the value is a scalar that somebody forgot to quote; else what the key is. */
static int fail_string(const struct app__reader *r, const struct codec_toml *value, const char *help)
{
    char hint[160];
    if (value->kind == CODEC_TOML_INTEGER && value->key.n)
        (void)snprintf(hint, sizeof hint, "write %s = \"%" PRId64 "\"", app__show(value->key).text,
                       value->integer);
    else if (value->kind == CODEC_TOML_BOOL && value->key.n)
        (void)snprintf(hint, sizeof hint, "write %s = \"%s\"", app__show(value->key).text,
                       value->boolean ? "true" : "false");
    else
        (void)snprintf(hint, sizeof hint, "it is the %s", help);
    return app__fail_kind(r, value, "a string", hint);
}

int app__string(struct app__reader *r, const struct codec_toml *value, const char *help, struct sw_str *ret)
{
    if (value->kind != CODEC_TOML_STRING)
        return fail_string(r, value, help);
    if (sw_str_find(value->string, '\0') != SW_NPOS)
        return app__fail(r, value->at, SW_EINPUT, "%s: expected text without NUL characters", name_of(value));
    *ret = value->string; /* the tree is in the app's arena */
    return 0;
}

int app__strings(struct app__reader *r, const struct codec_toml *value, const char *help)
{
    int rc = app__want(r, value, CODEC_TOML_ARRAY, NULL);
    struct sw_str unused;
    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        const struct codec_toml *item = &value->children[i];
        rc = item->kind == CODEC_TOML_STRING
                 ? app__string(r, item, help, &unused)
                 : app__fail(r, item->at, SW_EINPUT, "%s: expected a list of strings, got %s in it",
                             app__show(value->key).text, app__describe(item).text);
    }
    return rc;
}

int app__list(struct app__reader *r, const struct codec_toml *value, const char *help,
              const struct sw_str **ret, uint32_t *ret_count)
{
    int rc = app__strings(r, value, help);
    if (rc < 0)
        return rc;
    if (value->count > APP_LIST_MAX)
        return app__fail(r, value->at, SW_ELIMIT, "%s: expected at most %d items, got %u",
                         app__show(value->key).text, APP_LIST_MAX, value->count);
    struct sw_str *items = SW_ARENA_ARRAY(&r->app->arena, value->count, struct sw_str);
    if (!items)
        return sw_arena_fail(&r->app->arena, value->count * sizeof *items, r->err);
    for (uint32_t i = 0; i < value->count; i++)
        items[i] = value->children[i].string;
    *ret = items;
    *ret_count = value->count;
    return 0;
}

bool app__says_nothing(const struct codec_toml *value)
{
    if (value->kind == CODEC_TOML_ARRAY || value->kind == CODEC_TOML_TABLE)
        return value->count == 0;
    return value->kind == CODEC_TOML_BOOL && !value->boolean;
}

static int field_read(struct app__reader *r, const struct app__field *field, const struct codec_toml *value,
                      void *target)
{
    struct sw_str unused;
    void *member = target ? (char *)target + field->offset : NULL;
    bool stores = field->kind == APP__STRING || field->kind == APP__BOOL || field->kind == APP__LIST;
    assert(!stores || member); /* without a target a table's fields are only looked at */
    switch (field->kind) {
    case APP__STRING:
        return app__string(r, value, field->help, member);
    case APP__BOOL:
        if (value->kind != CODEC_TOML_BOOL)
            return app__fail_kind(r, value, "true or false", NULL);
        *(bool *)member = value->boolean;
        return 0;
    case APP__LIST:
        return app__list(r, value, field->help, member,
                         (uint32_t *)(void *)((char *)target + field->count_offset));
    case APP__TEXT:
        return app__string(r, value, field->help, &unused);
    case APP__STRINGS:
        return app__strings(r, value, field->help);
    case APP__DECODE:
        return field->decode(r, value, member);
    case APP__IGNORED:
    default:
        return 0;
    }
}

static const struct app__field *field_find(const struct app__field *fields, struct sw_str key)
{
    for (const struct app__field *f = fields; f->key; f++)
        if (sw_str_eq(sw_str_of(f->key), key))
            return f;
    return NULL;
}

int app__table(struct app__reader *r, const char *name, const struct codec_toml *table,
               const struct app__field *fields, void *target)
{
    int rc = app__want(r, table, CODEC_TOML_TABLE, NULL);
    for (uint32_t i = 0; rc == 0 && i < table->count; i++) {
        const struct codec_toml *value = &table->children[i];
        const struct app__field *field = field_find(fields, value->key);
        rc = field ? field_read(r, field, value, target) : app__fail_unknown(r, name, value, fields);
    }
    for (const struct app__field *f = fields; rc == 0 && f->key; f++)
        if (f->required && !codec_toml_get(table, sw_str_of(f->key)))
            rc = app__fail(r, table->at, SW_EINPUT, "%s: the key '%s' is missing\nhint: it is the %s", name,
                           f->key, f->help);
    return rc;
}
