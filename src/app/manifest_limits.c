/* manifest_limits.c - tool.swell.limits: what a request may use and how many there may be at once.  Room: app.
 *
 * Swell's own tables; Spin ignores them, so a manifest with limits runs under both.
 * docs/limits.md says what each of them does. */
#include "app/limits.h"
#include "app/manifest_internal.h"

/* ---- numbers with a unit ---- */

struct unit {
    struct sw_str name;
    uint64_t factor;
};

static bool parse(struct sw_str text, const struct unit *units, size_t unit_count, uint64_t max,
                  uint64_t *ret)
{
    size_t digits = 0;
    while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
        digits++;
    struct sw_str unit = sw_str_from(text, digits);
    uint64_t number = 0;
    for (size_t i = 0; i < unit_count; i++) {
        if (!sw_str_eq(unit, units[i].name))
            continue;
        if (!sw_str_to_u64(sw_str_head(text, digits), max / units[i].factor, &number) || number == 0)
            return false;
        *ret = number * units[i].factor;
        return true;
    }
    return false;
}

bool app_time_parse(struct sw_str text, uint64_t *ret_ms)
{
    static const struct unit units[] = {{SW_LIT_INIT("ms"), 1},
                                        {SW_LIT_INIT("s"), 1000},
                                        {SW_LIT_INIT("m"), 60000},
                                        {SW_LIT_INIT("h"), 3600000}};
    return parse(text, units, sizeof units / sizeof units[0], APP_TIME_MS_MAX, ret_ms);
}

bool app_size_parse(struct sw_str text, uint64_t *ret_bytes)
{
    static const struct unit units[] = {{SW_LIT_INIT("B"), 1},
                                        {SW_LIT_INIT("KiB"), UINT64_C(1) << 10},
                                        {SW_LIT_INIT("MiB"), UINT64_C(1) << 20},
                                        {SW_LIT_INIT("GiB"), UINT64_C(1) << 30}};
    return parse(text, units, sizeof units / sizeof units[0], APP_BODY_BYTES_MAX, ret_bytes);
}

/* ---- [*.tool.swell.limits] ---- */

static int read_time(struct app__reader *r, const struct codec_toml *value, void *target)
{
    if (value->kind == CODEC_TOML_STRING && app_time_parse(value->string, target))
        return 0;
    return app__fail_kind(r, value, "a time from \"1ms\" to \"24h\"",
                          "it is a whole number and its unit, ms, s, m or h, as in \"30s\"");
}

static int read_body(struct app__reader *r, const struct codec_toml *value, void *target)
{
    if (value->kind == CODEC_TOML_STRING && app_size_parse(value->string, target))
        return 0;
    return app__fail_kind(r, value, "a size from \"1B\" to \"1024GiB\"",
                          "it is a whole number and its unit, B, KiB, MiB or GiB, as in \"10MiB\"");
}

static int read_memory(struct app__reader *r, const struct codec_toml *value, void *target)
{
    uint64_t bytes = 0;
    if (value->kind == CODEC_TOML_STRING && app_size_parse(value->string, &bytes) &&
        bytes >= APP_MEMORY_BYTES_MIN && bytes <= APP_MEMORY_BYTES_MAX) {
        *(uint64_t *)target = bytes;
        return 0;
    }
    return app__fail_kind(r, value, "a size from \"64KiB\" to \"64GiB\"",
                          "it is a whole number and its unit, KiB, MiB or GiB, as in \"256MiB\"");
}

static int read_count(struct app__reader *r, const struct codec_toml *value, void *target)
{
    if (value->kind == CODEC_TOML_INTEGER && value->integer > 0 &&
        value->integer <= (int64_t)APP_CONCURRENCY_MAX) {
        *(uint32_t *)target = (uint32_t)value->integer;
        return 0;
    }
    return app__fail_kind(r, value, "a number from 1 to 16384", NULL);
}
_Static_assert(APP_CONCURRENCY_MAX == 16384 && APP_QUEUE_MAX == APP_CONCURRENCY_MAX, "the message names it");
_Static_assert(APP_MEMORY_BYTES_MAX <= APP_BODY_BYTES_MAX, "a memory's size is parsed as any size");

#define LIMIT(k, member, fn, text)                                                                           \
    {                                                                                                        \
        .key = k, .kind = APP__DECODE, .offset = offsetof(struct app_limits, member), .decode = (fn),        \
        .help = (text)                                                                                       \
    }

static const struct app__field limit_fields[] = {
    LIMIT("time", time_ms, read_time, "wall-clock time of a request"),
    LIMIT("cpu_time", cpu_time_ms, read_time, "CPU time of a request"),
    LIMIT("memory", memory_bytes, read_memory, "memory of an instance"),
    LIMIT("request_body", request_body_bytes, read_body, "size of a request's body"),
    LIMIT("response_body", response_body_bytes, read_body, "size of a response's body"),
    LIMIT("concurrency", concurrency, read_count, "number of requests at once"),
    LIMIT("queue", queue, read_count, "number of requests that wait"),
    {0},
};

static int read_limits(struct app__reader *r, const struct codec_toml *value, void *target)
{
    return app__table(r, "a table 'tool.swell.limits'", value, limit_fields, target);
}

static const struct app__field swell_fields[] = {
    {.key = "limits", .kind = APP__DECODE, .decode = read_limits, .help = "limits of a request"},
    {0},
};

static const struct app__field swell_application_fields[] = {
    {.key = "limits", .kind = APP__DECODE, .decode = read_limits, .help = "limits of a request"},
    {.key = "static", .kind = APP__DECODE, .decode = app__read_static, .help = "folders that are served"},
    {0},
};

static int read_tool(struct app__reader *r, const struct codec_toml *value, const struct app__field *swell,
                     void *target)
{
    int rc = app__want(r, value, CODEC_TOML_TABLE, NULL);
    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        const struct codec_toml *tool = &value->children[i];
        rc = app__want(r, tool, CODEC_TOML_TABLE, NULL);
        if (rc == 0 && sw_str_eq(tool->key, SW_LIT("swell")))
            rc = app__table(r, "a table 'tool.swell'", tool, swell, target);
    }
    return rc;
}

int app__read_tool(struct app__reader *r, const struct codec_toml *value, void *target)
{
    return read_tool(r, value, swell_fields, target);
}

int app__read_application_tool(struct app__reader *r, const struct codec_toml *value, void *target)
{
    return read_tool(r, value, swell_application_fields, target);
}

/* ---- one over the other ---- */

static uint64_t or_else(uint64_t own, uint64_t other)
{
    return own ? own : other;
}

void app__limits_inherit(struct app_limits *limits, const struct app_limits *from)
{
    *limits = (struct app_limits){
        .time_ms = or_else(limits->time_ms, from->time_ms),
        .cpu_time_ms = or_else(limits->cpu_time_ms, from->cpu_time_ms),
        .memory_bytes = or_else(limits->memory_bytes, from->memory_bytes),
        .request_body_bytes = or_else(limits->request_body_bytes, from->request_body_bytes),
        .response_body_bytes = or_else(limits->response_body_bytes, from->response_body_bytes),
        .concurrency = limits->concurrency ? limits->concurrency : from->concurrency,
        .queue = limits->queue ? limits->queue : from->queue,
    };
}

static uint64_t lower(uint64_t own, uint64_t cap)
{
    return !own || (cap && cap < own) ? cap : own;
}

void app_limits_cap(struct app *app, const struct app_limits *cap)
{
    for (uint32_t i = 0; i < app->component_count; i++) {
        struct app_component *component =
            (struct app_component *)(uintptr_t)&app->components[i]; /* the arena's: ours */
        struct app_limits *limits = &component->limits;
        *limits = (struct app_limits){
            .time_ms = lower(limits->time_ms, cap->time_ms),
            .cpu_time_ms = lower(limits->cpu_time_ms, cap->cpu_time_ms),
            .memory_bytes = lower(limits->memory_bytes, cap->memory_bytes),
            .request_body_bytes = lower(limits->request_body_bytes, cap->request_body_bytes),
            .response_body_bytes = lower(limits->response_body_bytes, cap->response_body_bytes),
            .concurrency = (uint32_t)lower(limits->concurrency, cap->concurrency),
            .queue = (uint32_t)lower(limits->queue, cap->queue),
        };
    }
}
