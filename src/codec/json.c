/* json.c - a small face over jansson; the writer is ours.  Room: codec. */
#include "codec/json.h"

#include <jansson.h>

#include "base/alloc.h"
#include "codec/limits.h"

static const json_t *json(const struct codec_json *value)
{
    return (const json_t *)(const void *)value;
}

static const struct codec_json *value_of(const json_t *json_value)
{
    return (const struct codec_json *)(const void *)json_value;
}

/* jansson reports some failed allocations as syntax errors. */
static _Thread_local bool refused;

static void *take_memory(size_t n)
{
    void *p = sw_try_alloc(n);
    refused = refused || !p;
    return p;
}

static void give_memory(void *p)
{
    sw_free(p);
}

int codec_json_parse(struct sw_str text, struct codec_json **ret, struct sw_err *err)
{
    if (text.n > CODEC_JSON_BYTES_MAX)
        return sw_fail(err, SW_ELIMIT, "expected at most %u bytes of JSON, got %zu", CODEC_JSON_BYTES_MAX,
                       text.n);
    json_set_alloc_funcs(take_memory, give_memory); /* the same pair each time */
    refused = false;
    json_error_t error;
    json_t *root = json_loadb(text.n ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        enum json_error_code code = json_error_code(&error);
        if (refused || code == json_error_out_of_memory)
            return sw_fail(err, SW_ENOMEM, "no memory for %zu bytes of JSON", text.n);
        return sw_fail(err, code == json_error_stack_overflow ? SW_ELIMIT : SW_EINPUT,
                       "%d:%d: not valid JSON: %s", error.line, error.column, error.text);
    }
    *ret = (struct codec_json *)(void *)root;
    return 0;
}

void codec_json_free(struct codec_json *root)
{
    json_decref((json_t *)(void *)root);
}

enum codec_json_kind codec_json_kind(const struct codec_json *value)
{
    switch (json_typeof(json(value))) {
    case JSON_OBJECT:
        return CODEC_JSON_OBJECT;
    case JSON_ARRAY:
        return CODEC_JSON_ARRAY;
    case JSON_STRING:
        return CODEC_JSON_STRING;
    case JSON_INTEGER:
        return CODEC_JSON_INTEGER;
    case JSON_REAL:
        return CODEC_JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return CODEC_JSON_BOOL;
    case JSON_NULL:
    default:
        return CODEC_JSON_NULL;
    }
}

const char *codec_json_kind_name(enum codec_json_kind kind)
{
    static const char *const names[] = {
        [CODEC_JSON_NULL] = "null",          [CODEC_JSON_BOOL] = "a boolean",
        [CODEC_JSON_INTEGER] = "an integer", [CODEC_JSON_REAL] = "a fraction",
        [CODEC_JSON_STRING] = "a string",    [CODEC_JSON_ARRAY] = "an array",
        [CODEC_JSON_OBJECT] = "an object",
    };
    return names[kind];
}

struct sw_str codec_json_string(const struct codec_json *value)
{
    return sw_str(json_string_value(json(value)), json_string_length(json(value)));
}

int64_t codec_json_integer(const struct codec_json *value)
{
    return json_integer_value(json(value));
}

bool codec_json_bool(const struct codec_json *value)
{
    return json_is_true(json(value));
}

size_t codec_json_count(const struct codec_json *value)
{
    return json_is_array(json(value)) ? json_array_size(json(value)) : json_object_size(json(value));
}

const struct codec_json *codec_json_item(const struct codec_json *array, size_t index)
{
    return value_of(json_array_get(json(array), index));
}

const struct codec_json *codec_json_get(const struct codec_json *object, const char *key)
{
    return value_of(json_object_get(json(object), key));
}

/* jansson's iterators take the object without const but do not change it. */
static json_t *iterated(const struct codec_json *object)
{
    return (json_t *)(uintptr_t)object;
}

static struct codec_json_member member_at(void *place)
{
    if (!place)
        return (struct codec_json_member){0};
    return (struct codec_json_member){sw_str_of(json_object_iter_key(place)),
                                      value_of(json_object_iter_value(place)), place};
}

struct codec_json_member codec_json_first(const struct codec_json *object)
{
    return member_at(json_object_iter(iterated(object)));
}

struct codec_json_member codec_json_next(const struct codec_json *object, struct codec_json_member member)
{
    return member_at(json_object_iter_next(iterated(object), member.place));
}

static int add_escaped(struct sw_buf *out, unsigned char c, struct sw_err *err)
{
    switch (c) {
    case '"':
        return sw_buf_add(out, SW_LIT("\\\""), err);
    case '\\':
        return sw_buf_add(out, SW_LIT("\\\\"), err);
    case '\n':
        return sw_buf_add(out, SW_LIT("\\n"), err);
    case '\t':
        return sw_buf_add(out, SW_LIT("\\t"), err);
    case '\r':
        return sw_buf_add(out, SW_LIT("\\r"), err);
    default:
        return sw_buf_printf(out, err, "\\u%04x", (unsigned)c);
    }
}

int codec_json_add_string(struct sw_buf *out, struct sw_str text, struct sw_err *err)
{
    if (!sw_utf8_valid(text))
        return sw_fail(err, SW_EINPUT, "expected UTF-8 in a text of %zu bytes", text.n);
    int rc = sw_buf_add_byte(out, '"', err);
    size_t start = 0;
    for (size_t i = 0; rc == 0 && i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        rc = sw_buf_add(out, sw_str(text.p + start, i - start), err);
        if (rc == 0)
            rc = add_escaped(out, c, err);
        start = i + 1;
    }
    if (rc == 0)
        rc = sw_buf_add(out, sw_str_from(text, start), err);
    return rc < 0 ? rc : sw_buf_add_byte(out, '"', err);
}
