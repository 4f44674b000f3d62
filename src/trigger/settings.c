/* settings.c - the operator's settings as JSON and back.  Room: trigger.
 *
 * One table for both directions: what is written is what is read. */
#include "trigger/settings.h"

#include "base/alloc.h"
#include "codec/json.h"

enum kind { TEXT, FLAG, NUMBER };
struct member {
    const char *key;
    enum kind kind;
    size_t offset;
};

#define AT(member) offsetof(struct trigger_settings, member)
static const struct member members[] = {
    {"log_dir", TEXT, AT(log_dir)},
    {"access_log", TEXT, AT(access_log)},
    {"quiet", FLAG, AT(quiet)},
    {"prefix", FLAG, AT(prefix)},
    {"head_bytes", NUMBER, AT(http.head_bytes_max)},
    {"fields", NUMBER, AT(http.fields_max)},
    {"head_ms", NUMBER, AT(http.head_timeout_ms)},
    {"idle_ms", NUMBER, AT(http.idle_timeout_ms)},
    {"body_ms", NUMBER, AT(http.body_timeout_ms)},
    {"write_ms", NUMBER, AT(http.write_timeout_ms)},
    {"connections", NUMBER, AT(http.connections_max)},
};
#define MEMBER_COUNT (sizeof members / sizeof *members)

/* ---- writing ---- */

static int write_member(const struct trigger_settings *settings, const struct member *member,
                        struct sw_buf *out, struct sw_err *err)
{
    const char *at = (const char *)settings + member->offset;
    int rc = sw_buf_printf(out, err, "\"%s\":", member->key);
    if (rc < 0)
        return rc;
    switch (member->kind) {
    case TEXT:
        rc = codec_json_add_string(out, *(const struct sw_str *)(const void *)at, err);
        break;
    case FLAG:
        rc = sw_buf_add(out, *(const bool *)at ? SW_LIT("true") : SW_LIT("false"), err);
        break;
    case NUMBER:
    default:
        rc = sw_buf_printf(out, err, "%u", *(const uint32_t *)(const void *)at);
        break;
    }
    return rc < 0 ? rc : sw_buf_add(out, SW_LIT(","), err);
}

int trigger_settings_write(const struct trigger_settings *settings, struct sw_buf *out, struct sw_err *err)
{
    int rc = sw_buf_add(out, SW_LIT("{"), err);
    for (size_t i = 0; rc == 0 && i < MEMBER_COUNT; i++)
        rc = write_member(settings, &members[i], out, err);
    if (rc == 0)
        rc = sw_buf_printf(out, err, "\"access_format\":%u,\"follow\":[", (unsigned)settings->access_format);
    for (uint32_t i = 0; rc == 0 && i < settings->follow_count; i++) {
        rc = i ? sw_buf_add(out, SW_LIT(","), err) : 0;
        if (rc == 0)
            rc = codec_json_add_string(out, settings->follow[i], err);
    }
    return rc < 0 ? rc : sw_buf_add(out, SW_LIT("]}"), err);
}

/* ---- reading ---- */

static int read_member(const struct codec_json *root, const struct member *member, struct sw_arena *arena,
                       struct trigger_settings *ret, struct sw_err *err)
{
    const struct codec_json *value = codec_json_get(root, member->key);
    char *at = (char *)ret + member->offset;
    int64_t number = value ? codec_json_integer(value) : -1;
    switch (member->kind) {
    case TEXT:
        if (value && codec_json_kind(value) == CODEC_JSON_STRING)
            return sw_arena_copy(arena, codec_json_string(value), (struct sw_str *)(void *)at, err);
        break;
    case FLAG:
        *(bool *)at = value && codec_json_bool(value);
        if (value && codec_json_kind(value) == CODEC_JSON_BOOL)
            return 0;
        break;
    case NUMBER:
    default:
        if (value && codec_json_kind(value) == CODEC_JSON_INTEGER && number >= 0 && number <= UINT32_MAX) {
            *(uint32_t *)(void *)at = (uint32_t)number;
            return 0;
        }
        break;
    }
    return sw_fail(err, SW_EBUG, "the settings: '%s' is missing or of another kind", member->key);
}

static int read_follow(const struct codec_json *list, struct sw_arena *arena, struct trigger_settings *ret,
                       struct sw_err *err)
{
    size_t count = list ? codec_json_count(list) : 0;
    struct sw_str *ids = SW_ARENA_ARRAY(arena, count, struct sw_str);
    if (!ids || count > UINT32_MAX)
        return sw_arena_fail(arena, count * sizeof *ids, err);
    for (size_t i = 0; i < count; i++) {
        int rc = sw_arena_copy(arena, codec_json_string(codec_json_item(list, i)), &ids[i], err);
        if (rc < 0)
            return rc;
    }
    ret->follow = ids;
    ret->follow_count = (uint32_t)count;
    return 0;
}

static int read_all(const struct codec_json *root, struct sw_arena *arena, struct trigger_settings *ret,
                    struct sw_err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < MEMBER_COUNT; i++)
        rc = read_member(root, &members[i], arena, ret, err);
    const struct codec_json *format = rc == 0 ? codec_json_get(root, "access_format") : NULL;
    int64_t number = format ? codec_json_integer(format) : -1;
    if (rc == 0 && (number < TRIGGER_ACCESS_COMBINED || number > TRIGGER_ACCESS_JSON))
        return sw_fail(err, SW_EBUG, "the settings: 'access_format' is missing or unknown");
    if (rc < 0)
        return rc;
    ret->access_format = (enum trigger_access_format)number;
    return read_follow(codec_json_get(root, "follow"), arena, ret, err);
}

int trigger_settings_read(struct sw_str json, struct sw_arena *arena, struct trigger_settings *ret,
                          struct sw_err *err)
{
    struct trigger_settings settings = {.quiet = false};
    struct codec_json *root = NULL;
    int rc = json.n ? codec_json_parse(json, &root, err) : 0;
    if (rc == 0 && root)
        rc = read_all(root, arena, &settings, err);
    codec_json_free(root);
    if (rc == 0)
        *ret = settings;
    return rc;
}

bool trigger_settings_shows(const struct trigger_settings *settings, struct sw_str component)
{
    bool follows = settings->follow_count == 0;
    for (uint32_t i = 0; i < settings->follow_count && !follows; i++)
        follows = sw_str_eq(settings->follow[i], component);
    return follows && !settings->quiet;
}
