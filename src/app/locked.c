/* locked.c - an application as locked app JSON.  Room: app.
 *
 * Written in Spin's form as far as an application of this version has it; what Spin has no place for stands in members "swell".
 * What is not said is not written. locked_read.c reads it back.
 * source: spin.md 1.17 */
#include "app/app.h"
#include "app/app_internal.h"
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

/* A comma unless it is the first, and `"key":`. */
static void key(struct writer *w, bool *first, struct sw_str name)
{
    raw(w, *first ? SW_LIT("") : SW_LIT(","));
    string(w, name);
    raw(w, SW_LIT(":"));
    *first = false;
}

/* Nothing when it is empty. */
static void text(struct writer *w, bool *first, struct sw_str name, struct sw_str value)
{
    if (value.n == 0)
        return;
    key(w, first, name);
    string(w, value);
}

static void list(struct writer *w, bool *first, struct sw_str name, const struct sw_str *items,
                 uint32_t count)
{
    if (count == 0)
        return;
    key(w, first, name);
    for (uint32_t i = 0; i < count; i++) {
        raw(w, i ? SW_LIT(",") : SW_LIT("["));
        string(w, items[i]);
    }
    raw(w, SW_LIT("]"));
}

/* An object of strings, also when it is empty. */
static void strings(struct writer *w, const struct app_env *items, uint32_t count)
{
    raw(w, SW_LIT("{"));
    for (uint32_t i = 0; i < count; i++)
        member(w, i == 0, items[i].name, items[i].value);
    raw(w, SW_LIT("}"));
}

static void metadata(struct writer *w, const struct app *app)
{
    bool first = false;
    raw(w, SW_LIT("\"metadata\":{"));
    member(w, true, SW_LIT("name"), app->name);
    text(w, &first, SW_LIT("version"), app->version);
    text(w, &first, SW_LIT("description"), app->description);
    list(w, &first, SW_LIT("authors"), app->authors, app->author_count);
    if (app->blocked_network_count) {
        bool first_member = true;
        key(w, &first, SW_LIT("swell"));
        raw(w, SW_LIT("{"));
        list(w, &first_member, SW_LIT("block_networks"), app->blocked_networks, app->blocked_network_count);
        raw(w, SW_LIT("}"));
    }
    raw(w, SW_LIT(",\"origin\":"));
    file_url(w, app->origin);
    text(w, &first, SW_LIT("profile"), app->profile);
    raw(w, SW_LIT(",\"triggers\":{\"http\":{}}}"));
}

/* Values travel with their variables, to workers only: nobody writes this text to a file. */
static void variables(struct writer *w, const struct app *app)
{
    if (app->variable_count == 0)
        return;
    raw(w, SW_LIT("\"variables\":{"));
    for (uint32_t i = 0; i < app->variable_count; i++) {
        const struct app_variable *v = &app->variables[i];
        bool first_variable = i == 0;
        bool first = false;
        key(w, &first_variable, v->name);
        raw(w, v->is_secret ? SW_LIT("{\"secret\":true") : SW_LIT("{\"secret\":false"));
        if (v->has_default)
            member(w, false, SW_LIT("default"), v->default_value);
        text(w, &first, SW_LIT("description"), v->description);
        if (v->has_value) {
            raw(w, SW_LIT(",\"swell\":{"));
            member(w, true, SW_LIT("value"), v->value);
            raw(w, SW_LIT("}"));
        }
        raw(w, SW_LIT("}"));
    }
    raw(w, SW_LIT("},"));
}

/* ---- triggers ---- */

static void static_response(struct writer *w, const struct app_static_response *response)
{
    if (w->rc == 0)
        w->rc =
            sw_buf_printf(w->out, w->err,
                          "\"static_response\":{\"status_code\":%u,\"headers\":", (unsigned)response->status);
    strings(w, response->headers, response->header_count);
    member(w, false, SW_LIT("body"), response->body);
    raw(w, SW_LIT("}"));
}

static void static_folder(struct writer *w, const struct app_static_folder *folder)
{
    raw(w, SW_LIT("\"static_folder\":{"));
    member(w, true, SW_LIT("folder"), folder->folder);
    member(w, false, SW_LIT("index"), folder->index);
    member(w, false, SW_LIT("fallback"), folder->fallback);
    member(w, false, SW_LIT("cache_control"), folder->cache_control);
    raw(w, folder->hidden ? SW_LIT(",\"hidden\":true}") : SW_LIT("}"));
}

static void trigger(struct writer *w, const struct app *app, const struct app_http_trigger *http)
{
    raw(w, SW_LIT("{"));
    member(w, true, SW_LIT("id"), http->id);
    member(w, false, SW_LIT("trigger_type"), SW_LIT("http"));
    raw(w, SW_LIT(",\"trigger_config\":{"));
    if (http->static_response)
        static_response(w, http->static_response);
    else if (http->static_folder)
        static_folder(w, http->static_folder);
    else
        member(w, true, SW_LIT("component"), app->components[http->component].id);
    if (http->is_private)
        raw(w, SW_LIT(",\"route\":{\"private\":true}"));
    else
        member(w, false, SW_LIT("route"), http->route);
    if (http->executor == APP_EXECUTOR_WAGI) {
        raw(w, SW_LIT(",\"executor\":{\"type\":\"wagi\""));
        member(w, false, SW_LIT("argv"), http->wagi_argv);
        raw(w, SW_LIT("}"));
    }
    raw(w, SW_LIT("}}"));
}

/* ---- components ---- */

static void number(struct writer *w, bool *first, const char *key, uint64_t value)
{
    if (!value || w->rc < 0)
        return;
    w->rc = sw_buf_printf(w->out, w->err, "%s\"%s\":%llu", *first ? "" : ",", key, (unsigned long long)value);
    *first = false;
}

static void limits(struct writer *w, bool *first, const struct app_limits *l)
{
    number(w, first, "time_ms", l->time_ms);
    number(w, first, "cpu_time_ms", l->cpu_time_ms);
    number(w, first, "memory_bytes", l->memory_bytes);
    number(w, first, "request_body_bytes", l->request_body_bytes);
    number(w, first, "response_body_bytes", l->response_body_bytes);
    number(w, first, "concurrency", l->concurrency);
    number(w, first, "queue", l->queue);
}

static void mounts(struct writer *w, bool *first, const struct app_component *c)
{
    if (c->mount_count == 0)
        return;
    key(w, first, SW_LIT("mounts"));
    for (uint32_t i = 0; i < c->mount_count; i++) {
        raw(w, i ? SW_LIT(",{\"folder\":") : SW_LIT("[{\"folder\":"));
        file_url(w, c->mounts[i].folder);
        member(w, false, SW_LIT("guest"), c->mounts[i].guest);
        raw(w, c->mounts[i].is_writable ? SW_LIT(",\"writable\":true}") : SW_LIT("}"));
    }
    raw(w, SW_LIT("]"));
}

static bool has_limits(const struct app_limits *l)
{
    return l->time_ms || l->cpu_time_ms || l->memory_bytes || l->request_body_bytes ||
           l->response_body_bytes || l->concurrency || l->queue;
}

static void component_swell(struct writer *w, bool *first_member, const struct app_component *c)
{
    bool first = true;
    if (!has_limits(&c->limits) && !c->mount_count && !c->is_library && !c->may_listen)
        return;
    key(w, first_member, SW_LIT("swell"));
    raw(w, SW_LIT("{"));
    if (c->is_library) {
        key(w, &first, SW_LIT("library"));
        raw(w, SW_LIT("true"));
    }
    if (c->may_listen) {
        key(w, &first, SW_LIT("listen"));
        raw(w, SW_LIT("true"));
    }
    mounts(w, &first, c);
    limits(w, &first, &c->limits);
    raw(w, SW_LIT("}"));
}

static void component_metadata(struct writer *w, const struct app_component *c)
{
    bool first = true;
    raw(w, SW_LIT(",\"metadata\":{"));
    text(w, &first, SW_LIT("description"), c->description);
    if (c->build_command.n) {
        key(w, &first, SW_LIT("build"));
        raw(w, SW_LIT("{"));
        member(w, true, SW_LIT("command"), c->build_command);
        raw(w, SW_LIT("}"));
    }
    list(w, &first, SW_LIT("allowed_outbound_hosts"), c->outbound_hosts, c->outbound_host_count);
    list(w, &first, SW_LIT("key_value_stores"), c->key_value_stores, c->key_value_store_count);
    list(w, &first, SW_LIT("databases"), c->sqlite_databases, c->sqlite_database_count);
    list(w, &first, SW_LIT("ai_models"), c->ai_models, c->ai_model_count);
    component_swell(w, &first, c);
    raw(w, SW_LIT("}"));
}

static void inherit(struct writer *w, uint32_t bits)
{
    bool first = true;
    if (bits == APP_INHERIT_ALL) {
        raw(w, SW_LIT("\"All\""));
        return;
    }
    raw(w, SW_LIT("{\"Some\":["));
    for (uint32_t i = 0; i < APP__INHERIT_COUNT; i++)
        if (bits & UINT32_C(1) << i) {
            raw(w, first ? SW_LIT("") : SW_LIT(","));
            string(w, sw_str_of(app__inherit_names[i]));
            first = false;
        }
    raw(w, SW_LIT("]}"));
}

/* Unlike Spin's, a dependency names a component of the application, where its source is. */
static void dependencies(struct writer *w, const struct app *app, const struct app_component *c)
{
    for (uint32_t i = 0; i < c->dependency_count; i++) {
        const struct app_dependency *d = &c->dependencies[i];
        bool first = i == 0;
        bool first_member = false;
        raw(w, i ? SW_LIT("") : SW_LIT(",\"dependencies\":{"));
        key(w, &first, d->name);
        raw(w, SW_LIT("{"));
        member(w, true, SW_LIT("component"), app->components[d->component].id);
        text(w, &first_member, SW_LIT("export"), d->export);
        raw(w, SW_LIT(",\"inherit\":"));
        inherit(w, d->inherit);
        raw(w, SW_LIT("}"));
    }
    raw(w, c->dependency_count ? SW_LIT("}") : SW_LIT(""));
}

static void config(struct writer *w, const struct app_component *c)
{
    for (uint32_t i = 0; i < c->variable_count; i++) {
        raw(w, i ? SW_LIT("") : SW_LIT(",\"config\":{"));
        member(w, i == 0, c->variables[i].name, c->variables[i].text);
    }
    raw(w, c->variable_count ? SW_LIT("}") : SW_LIT(""));
}

static void component(struct writer *w, const struct app *app, const struct app_component *c)
{
    raw(w, SW_LIT("{"));
    member(w, true, SW_LIT("id"), c->id);
    component_metadata(w, c);
    raw(w, SW_LIT(",\"source\":{\"content_type\":\"application/wasm\",\"source\":"));
    file_url(w, c->source);
    raw(w, SW_LIT("},\"env\":"));
    strings(w, c->env, c->env_count);
    config(w, c);
    dependencies(w, app, c);
    raw(w, SW_LIT("}"));
}

int app_to_json(const struct app *app, struct sw_buf *out, struct sw_err *err)
{
    struct writer w = {out, err, 0};
    raw(&w, SW_LIT("{\"spin_lock_version\":0,"));
    metadata(&w, app);
    raw(&w, SW_LIT(","));
    variables(&w, app);
    raw(&w, SW_LIT("\"triggers\":["));
    for (uint32_t i = 0; i < app->http_count; i++) {
        raw(&w, i ? SW_LIT(",") : SW_LIT(""));
        trigger(&w, app, &app->http[i]);
    }
    raw(&w, SW_LIT("],\"components\":["));
    for (uint32_t i = 0; i < app->component_count; i++) {
        raw(&w, i ? SW_LIT(",") : SW_LIT(""));
        component(&w, app, &app->components[i]);
    }
    raw(&w, SW_LIT("]}"));
    return w.rc < 0 ? sw_wrap(err, "write the locked application") : 0;
}
