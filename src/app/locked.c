/* locked.c - an application as locked app JSON.  Room: app.
 *
 * Written in Spin's form as far as an application of this version has it; locked_read.c reads it back.
 * source: spin.md 1.17 */
#include "app/app.h"
#include "codec/json.h"

struct writer {
    struct sw_buf *out;
    struct sw_err *err;
    int rc; /* the first failure; later steps do nothing */
};

static void raw(struct writer *w, struct sw_str text)
{
    if (w->rc == 0)
        w->rc = sw_buf_add(w->out, text, w->err);
}

static void string(struct writer *w, struct sw_str text)
{
    if (w->rc == 0)
        w->rc = codec_json_add_string(w->out, text, w->err);
}

/* `"key":"value"`, with a comma in front unless it is the first. */
static void member(struct writer *w, bool first, struct sw_str key, struct sw_str value)
{
    raw(w, first ? SW_LIT("") : SW_LIT(","));
    string(w, key);
    raw(w, SW_LIT(":"));
    string(w, value);
}

/* "file://" and the path, where every byte that is not plain in a URL is escaped. */
static void file_url(struct writer *w, struct sw_str path)
{
    raw(w, SW_LIT("\"file://"));
    for (size_t i = 0; i < path.n && w->rc == 0; i++) {
        unsigned char c = (unsigned char)path.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
                     c == '-' || c == '_' || c == '.' || c == '~';
        w->rc =
            plain ? sw_buf_add_byte(w->out, c, w->err) : sw_buf_printf(w->out, w->err, "%%%02X", (unsigned)c);
    }
    raw(w, SW_LIT("\""));
}

static void metadata(struct writer *w, const struct app *app)
{
    raw(w, SW_LIT("\"metadata\":{"));
    member(w, true, SW_LIT("name"), app->name);
    if (app->version.n)
        member(w, false, SW_LIT("version"), app->version);
    if (app->description.n)
        member(w, false, SW_LIT("description"), app->description);
    raw(w, SW_LIT(",\"origin\":"));
    file_url(w, app->origin);
    raw(w, SW_LIT(",\"triggers\":{\"http\":{}}}"));
}

static void trigger(struct writer *w, const struct app *app, const struct app_http_trigger *http)
{
    raw(w, SW_LIT("{"));
    member(w, true, SW_LIT("id"), http->id);
    member(w, false, SW_LIT("trigger_type"), SW_LIT("http"));
    raw(w, SW_LIT(",\"trigger_config\":{"));
    member(w, true, SW_LIT("component"), app->components[http->component].id);
    member(w, false, SW_LIT("route"), http->route);
    raw(w, SW_LIT("}}"));
}

static void number(struct writer *w, bool *first, const char *key, uint64_t value)
{
    if (!value || w->rc < 0)
        return;
    w->rc = sw_buf_printf(w->out, w->err, "%s\"%s\":%llu", *first ? "" : ",", key, (unsigned long long)value);
    *first = false;
}

/* Our own member; what is not said is not written. */
static void limits(struct writer *w, const struct app_limits *l)
{
    bool first = true;
    raw(w, SW_LIT("\"swell\":{"));
    number(w, &first, "time_ms", l->time_ms);
    number(w, &first, "cpu_time_ms", l->cpu_time_ms);
    number(w, &first, "memory_bytes", l->memory_bytes);
    number(w, &first, "request_body_bytes", l->request_body_bytes);
    number(w, &first, "response_body_bytes", l->response_body_bytes);
    number(w, &first, "concurrency", l->concurrency);
    number(w, &first, "queue", l->queue);
    raw(w, SW_LIT("}"));
}

static bool says_nothing(const struct app_limits *l)
{
    return !(l->time_ms || l->cpu_time_ms || l->memory_bytes || l->request_body_bytes ||
             l->response_body_bytes || l->concurrency || l->queue);
}

static void component_metadata(struct writer *w, const struct app_component *component)
{
    const char *comma = "";
    raw(w, SW_LIT(",\"metadata\":{"));
    if (component->description.n) {
        member(w, true, SW_LIT("description"), component->description);
        comma = ",";
    }
    if (component->build_command.n) {
        raw(w, sw_str_of(comma));
        raw(w, SW_LIT("\"build\":{"));
        member(w, true, SW_LIT("command"), component->build_command);
        raw(w, SW_LIT("}"));
        comma = ",";
    }
    if (!says_nothing(&component->limits)) {
        raw(w, sw_str_of(comma));
        limits(w, &component->limits);
    }
    raw(w, SW_LIT("}"));
}

static void component(struct writer *w, const struct app_component *c)
{
    raw(w, SW_LIT("{"));
    member(w, true, SW_LIT("id"), c->id);
    component_metadata(w, c);
    raw(w, SW_LIT(",\"source\":{\"content_type\":\"application/wasm\",\"source\":"));
    file_url(w, c->source);
    raw(w, SW_LIT("},\"env\":{"));
    for (uint32_t i = 0; i < c->env_count; i++)
        member(w, i == 0, c->env[i].name, c->env[i].value);
    raw(w, SW_LIT("}}"));
}

int app_to_json(const struct app *app, struct sw_buf *out, struct sw_err *err)
{
    struct writer w = {out, err, 0};
    raw(&w, SW_LIT("{\"spin_lock_version\":0,"));
    metadata(&w, app);
    raw(&w, SW_LIT(",\"triggers\":["));
    for (uint32_t i = 0; i < app->http_count; i++) {
        raw(&w, i ? SW_LIT(",") : SW_LIT(""));
        trigger(&w, app, &app->http[i]);
    }
    raw(&w, SW_LIT("],\"components\":["));
    for (uint32_t i = 0; i < app->component_count; i++) {
        raw(&w, i ? SW_LIT(",") : SW_LIT(""));
        component(&w, &app->components[i]);
    }
    raw(&w, SW_LIT("]}"));
    return w.rc < 0 ? sw_wrap(err, "write the locked application") : 0;
}
