/* http.c - the HTTP trigger's request life.  Room: trigger.
 *
 *   http room: head parsed
 *        |  on_request: route (404), admission (503), objects made
 *        v
 *     RUNNING -- the guest's call ends: call_ended ------> answer or cut, free, http_exchange_end
 *        |  wall clock over: expire --> cancel the call --> 504 or cut, free, http_exchange_end
 *
 * Invariants
 *  1. A trigger_request is in `running` from on_request until request_end; it owns its host and its store.
 *  2. The store goes before the host (objects refer to it), both before http_exchange_end (bodies refer to it).
 *  3. `running` is in order of start, and all have the same time limit: only its head's deadline needs a timer. */
#include "trigger/http.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "app/app.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/list.h"
#include "base/log.h"
#include "component/component.h"
#include "engine/engine.h"
#include "host/host.h"
#include "http/server.h"
#include "loop/loop.h"
#include "node/node.h"
#include "trigger/limits.h"
#include "trigger/load.h"

#define EXTRA_FIXED 7 /* injected headers without the path matches, spin.md 2.3 */

struct trigger_http {
    struct loop *loop;
    struct engine *engine;
    const struct node_serving *serving;
    struct trigger_http_config config;
    struct app_routes *routes;
    struct trigger_component *components; /* parallel to app->components */
    struct http_server *server;
    struct loop_timer *expiry;
    bool expiry_armed;
    struct sw_link running; /* trigger_request.link, oldest first */
    struct sw_link spare;
    uint32_t running_count;
    uint32_t spare_count;
};

struct trigger_request {
    struct sw_link link;
    struct trigger_http *http;
    struct trigger_component *component;
    struct http_exchange *exchange;
    struct host *host;
    struct component_store *store;
    void *wasi_request;
    void *wasi_outparam;
    uint64_t deadline_ms;
    struct sw_arena text; /* what the injected headers need */
    struct host_http_extra extra[EXTRA_FIXED + APP_ROUTE_PARAMS_MAX];
    uint32_t extra_count;
};

/* ---- the request object ---- */

static struct trigger_request *request_take(struct trigger_http *http)
{
    struct sw_link *link = sw_list_take_head(&http->spare);
    struct trigger_request *req;
    if (link) {
        http->spare_count--;
        req = SW_CONTAINER(link, struct trigger_request, link);
    } else {
        req = sw_try_alloc(sizeof *req);
        if (!req)
            return NULL;
        sw_list_init(&req->link);
        req->http = http;
        req->text = SW_ARENA(TRIGGER_REQUEST_TEXT_BYTES_MAX);
    }
    return req;
}

static void request_give_back(struct trigger_request *req)
{
    struct trigger_http *http = req->http;
    if (http->spare_count >= TRIGGER_SPARE_REQUESTS_MAX) {
        sw_arena_deinit(&req->text);
        sw_free(req);
        return;
    }
    sw_arena_clear(&req->text);
    req->extra_count = 0;
    sw_list_add_head(&http->spare, &req->link);
    http->spare_count++;
}

static void request_end(struct trigger_request *req)
{
    struct http_exchange *exchange = req->exchange;
    component_store_free(req->store);
    host_free(req->host);
    req->store = NULL;
    req->host = NULL;
    req->exchange = NULL;
    sw_list_remove(&req->link);
    req->http->running_count--;
    request_give_back(req);
    http_exchange_end(exchange);
}

/* ---- headers that Spin adds (spin.md 2.3) ---- */

static void extra_add(struct trigger_request *req, struct sw_str name, struct sw_str value)
{
    req->extra[req->extra_count++] = (struct host_http_extra){name, value};
}

static int extra_path_match(struct trigger_request *req, const struct app_route_param *param, struct sw_err *err)
{
    const char *name = sw_arena_printf(&req->text, "spin-path-match-" SW_FMT, SW_ARG(param->name));
    if (!name)
        return sw_arena_fail(&req->text, param->name.n, err);
    extra_add(req, sw_str_of(name), param->value);
    return 0;
}

static int extra_fill(struct trigger_request *req, const struct app_route_match *match, struct sw_err *err)
{
    const struct http_request *head = http_exchange_request(req->exchange);
    const struct app_http_trigger *trigger = &req->http->serving->app->http[match->trigger];
    struct sw_str host = head->authority.n ? head->authority : SW_LIT("localhost");
    const char *url = sw_arena_printf(&req->text, "http://" SW_FMT SW_FMT "%s" SW_FMT, SW_ARG(host), SW_ARG(head->path),
                                      head->has_query ? "?" : "", SW_ARG(head->query));
    if (!url)
        return sw_arena_fail(&req->text, head->target.n, err);
    extra_add(req, SW_LIT("spin-path-info"), match->path_info);
    extra_add(req, SW_LIT("spin-full-url"), sw_str_of(url));
    extra_add(req, SW_LIT("spin-matched-route"), match->matched_route);
    extra_add(req, SW_LIT("spin-base-path"), SW_LIT("/"));
    extra_add(req, SW_LIT("spin-raw-component-route"), trigger->route);
    extra_add(req, SW_LIT("spin-component-route"), match->component_route);
    extra_add(req, SW_LIT("spin-client-addr"), http_exchange_peer(req->exchange));
    for (uint32_t i = 0; i < match->param_count; i++) {
        int rc = extra_path_match(req, &match->params[i], err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- running a guest ---- */

static int call_handler(void *arg, struct component_store *store) /* fiber side */
{
    struct trigger_request *req = arg;
    const struct component_value args[2] = {{.object = req->wasi_request}, {.object = req->wasi_outparam}};
    return component_call_wait(store, req->component->handle, args, 2, NULL);
}

static void log_trap(const struct trigger_request *req)
{
    const struct engine_failure *failure = engine_store_failure(component_store_engine(req->store));
    const struct http_request *head = http_exchange_request(req->exchange);
    sw_log_warn("trigger", "guest.trap", "component=" SW_FMT " method=" SW_FMT " path=" SW_FMT " kind=%s: %s%s",
                SW_ARG(req->component->meta->id), SW_ARG(head->method), SW_ARG(head->path),
                engine_trap_name(failure->kind), failure->text, failure->frames);
}

static void answer_empty(struct trigger_request *req, uint16_t status)
{
    struct http_exchange *exchange = req->exchange;
    if (http_exchange_responded(exchange))
        return; /* http_exchange_end cuts the connection, so that the client sees the truncation */
    struct sw_err err;
    if (http_exchange_respond(exchange, status, NULL, 0, 0, &err) == 0)
        sw_ignore(http_exchange_finish(exchange, NULL, 0, &err)); /* the client may be gone; nobody else to tell */
}

/* What a request ends with when the guest did not complete its response (spin.md 2.5). */
static void answer_failure(struct trigger_request *req)
{
    const struct engine_failure *failure = engine_store_failure(component_store_engine(req->store));
    answer_empty(req, failure->kind == ENGINE_TRAP_CPU_LIMIT ? 504 : 500);
}

static void call_ended(void *arg, int rc)
{
    struct trigger_request *req = arg;
    uint16_t status = 0;
    if (rc < 0)
        log_trap(req);
    switch (host_http_end(req->host, &status)) {
    case HOST_HTTP_FINISHED:
        break;
    case HOST_HTTP_STARTED:
        sw_log_warn("trigger", "response.cut", "component=" SW_FMT " the handler ended before its response did",
                    SW_ARG(req->component->meta->id));
        break;
    case HOST_HTTP_ERROR:
        answer_empty(req, status ? status : 500);
        break;
    case HOST_HTTP_NONE:
        if (rc == 0)
            sw_log_warn("trigger", "response.none", "component=" SW_FMT " the handler set no response",
                        SW_ARG(req->component->meta->id));
        answer_failure(req);
        break;
    default:
        break;
    }
    request_end(req);
}

/* The timer is left armed when requests end, so that a short request costs no timer operation: it fires early and moves on. */
static void expiry_arm(struct trigger_http *http)
{
    http->expiry_armed = !sw_list_empty(&http->running);
    if (!http->expiry_armed)
        return;
    struct trigger_request *oldest = SW_CONTAINER(http->running.next, struct trigger_request, link);
    uint64_t now = loop_now_ms(http->loop);
    loop_timer_start(http->expiry, oldest->deadline_ms > now ? oldest->deadline_ms - now : 0);
}

static void expire(void *arg)
{
    struct trigger_http *http = arg;
    uint64_t now = loop_now_ms(http->loop);
    while (!sw_list_empty(&http->running)) {
        struct trigger_request *req = SW_CONTAINER(http->running.next, struct trigger_request, link);
        if (req->deadline_ms > now)
            break;
        uint16_t status;
        sw_log_warn("trigger", "request.timeout", "component=" SW_FMT " wall_ms_max=%u", SW_ARG(req->component->meta->id),
                    http->config.wall_ms_max);
        component_store_cancel(req->store);
        (void)host_http_end(req->host, &status); /* whatever it was, the request is over */
        answer_empty(req, 504);
        request_end(req);
    }
    expiry_arm(http);
}

static void on_readable(void *arg)
{
    host_http_readable(((struct trigger_request *)arg)->host);
}

static void on_writable(void *arg)
{
    host_http_writable(((struct trigger_request *)arg)->host);
}

static void on_gone(void *arg)
{
    host_http_gone(((struct trigger_request *)arg)->host);
}

static const struct http_exchange_events exchange_events = {on_readable, on_writable, on_gone};

static int request_begin(struct trigger_request *req, const struct app_route_match *match, struct sw_err *err)
{
    struct trigger_http *http = req->http;
    const struct engine_limits limits = {.memory_bytes_max = TRIGGER_MEMORY_BYTES_MAX,
                                         .cpu_ms_max = http->config.cpu_ms_max,
                                         .tag = (uint32_t)(req->component - http->components) + 1};
    int rc = extra_fill(req, match, err);
    if (rc == 0)
        rc = host_new(http->loop, &req->component->grants, &req->host, err);
    if (rc == 0)
        rc = component_store_new(req->component->component, &limits, req->host, &req->store, err);
    if (rc < 0)
        return rc;
    const struct host_http_request wasi = {
        .exchange = req->exchange, .is_https = false, .extra = req->extra, .extra_count = req->extra_count};
    rc = host_http_begin(req->host, &wasi, &req->wasi_request, &req->wasi_outparam, err);
    if (rc < 0)
        return rc;
    http_exchange_handle(req->exchange, &exchange_events, req);
    return component_store_start(req->store, call_handler, call_ended, req, err);
}

static void refuse(struct http_exchange *exchange)
{
    static const struct http_field retry = {SW_LIT_INIT("retry-after"), SW_LIT_INIT(TRIGGER_RETRY_AFTER)};
    struct sw_err err;
    if (http_exchange_respond(exchange, 503, &retry, 1, 0, &err) == 0)
        sw_ignore(http_exchange_finish(exchange, NULL, 0, &err)); /* the client may be gone */
    http_exchange_end(exchange);
}

static void request_failed(struct trigger_request *req, int rc, const struct sw_err *err)
{
    sw_log_error("trigger", "request.failed", "component=" SW_FMT " %s", SW_ARG(req->component->meta->id), err->text);
    answer_empty(req, rc == -SW_ELIMIT || rc == -SW_ENOMEM ? 503 : 500);
    request_end(req);
}

static void on_request(void *arg, struct http_exchange *exchange)
{
    struct trigger_http *http = arg;
    struct app_route_match match;
    if (app_routes_find(http->routes, http_exchange_request(exchange)->path, &match) == SW_ABSENT) {
        http_exchange_answer(exchange, 404, SW_LIT(""), SW_LIT(""));
        return;
    }
    struct trigger_request *req = http->running_count < http->config.requests_max ? request_take(http) : NULL;
    if (!req) {
        refuse(exchange);
        return;
    }
    req->exchange = exchange;
    req->component = &http->components[http->serving->app->http[match.trigger].component];
    req->deadline_ms = loop_now_ms(http->loop) + http->config.wall_ms_max;
    sw_list_add_tail(&http->running, &req->link);
    http->running_count++;
    if (!http->expiry_armed)
        expiry_arm(http);
    struct sw_err err;
    int rc = request_begin(req, &match, &err);
    if (rc < 0)
        request_failed(req, rc, &err);
}

/* ---- set-up ---- */

/* Guests write to the host's stderr, both streams, without prefix (spin.md 6.4). */
static void guest_output(void *arg, bool is_stderr, struct sw_str line)
{
    (void)is_stderr;
    const struct trigger_http *http = arg;
    if (http->config.quiet)
        return;
    char text[4096];
    size_t n = line.n < sizeof text - 1 ? line.n : sizeof text - 1;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)line.p[i];
        text[i] = (char)(c < 0x20 && c != '\t' ? '?' : c); /* a guest must not drive the terminal */
    }
    text[n] = '\n';
    (void)!write(STDERR_FILENO, text, n + 1); /* output that cannot be shown must not stop the app */
}

static int grants_make(struct trigger_http *http, struct trigger_component *component, struct sw_err *err)
{
    const struct app_component *meta = component->meta;
    struct host_env_var *env = sw_try_alloc_array(meta->env_count, sizeof *env);
    if (!env)
        return sw_fail(err, SW_ENOMEM, "no memory for %u environment variables", meta->env_count);
    for (uint32_t i = 0; i < meta->env_count; i++)
        env[i] = (struct host_env_var){meta->env[i].name, meta->env[i].value};
    component->grants = (struct host_grants){.app = http->serving->app->name,
                                             .component = meta->id,
                                             .env = env,
                                             .env_count = meta->env_count,
                                             .output = guest_output,
                                             .output_arg = http};
    return 0;
}

static int load_component(struct trigger_http *http, uint32_t index, struct sw_err *err)
{
    const struct app_component *meta = &http->serving->app->components[index];
    struct trigger_component *component = &http->components[index];
    const struct node_served_component *served = &http->serving->components[index];
    const char *name = meta->source.p; /* from an app's arena: NUL-terminated */
    int rc = trigger_component_read(served->wasm_fd, name, component, err);
    if (rc < 0)
        return rc;
    component->meta = meta;
    rc = grants_make(http, component, err);
    if (rc == 0)
        rc = trigger_component_bind(component, http->engine, served, err);
    return rc < 0 ? sw_wrap(err, "component '" SW_FMT "'", SW_ARG(meta->id)) : 0;
}

static int load_all(struct trigger_http *http, struct sw_err *err)
{
    const struct app *app = http->serving->app;
    http->components = sw_try_alloc_array(app->component_count, sizeof *http->components);
    if (!http->components)
        return sw_fail(err, SW_ENOMEM, "no memory for %u components", app->component_count);
    int rc = app_routes_new(app, &http->routes, err);
    for (uint32_t i = 0; rc == 0 && i < app->component_count; i++)
        rc = load_component(http, i, err);
    return rc;
}

int trigger_http_new(struct loop *loop, struct engine *engine, const struct node_serving *serving,
                     const struct trigger_http_config *config, struct trigger_http **ret, struct sw_err *err)
{
    struct trigger_http *http = sw_alloc(sizeof *http);
    http->loop = loop;
    http->engine = engine;
    http->serving = serving;
    http->config = *config;
    if (!http->config.wall_ms_max)
        http->config.wall_ms_max = TRIGGER_WALL_MS_MAX;
    if (!http->config.cpu_ms_max)
        http->config.cpu_ms_max = TRIGGER_CPU_MS_MAX;
    if (!http->config.requests_max)
        http->config.requests_max = TRIGGER_REQUESTS_MAX;
    sw_list_init(&http->running);
    sw_list_init(&http->spare);
    const struct http_server_config server = {.request = on_request, .arg = http};
    int rc = load_all(http, err);
    if (rc == 0)
        rc = loop_timer_new(loop, expire, http, &http->expiry, err);
    if (rc == 0)
        rc = http_server_new(loop, &server, &http->server, err);
    if (rc < 0) {
        trigger_http_free(http);
        return rc;
    }
    *ret = http;
    return 0;
}

int trigger_http_listen(struct trigger_http *http, struct sw_err *err)
{
    return http_server_listen(http->server, http->serving->listen_fd, err);
}

void trigger_http_drain(struct trigger_http *http, void (*drained)(void *arg), void *arg)
{
    http_server_drain(http->server, drained, arg);
}

void trigger_http_free(struct trigger_http *http)
{
    if (!http)
        return;
    while (!sw_list_empty(&http->running)) {
        struct trigger_request *req = SW_CONTAINER(http->running.next, struct trigger_request, link);
        uint16_t status;
        component_store_cancel(req->store);
        (void)host_http_end(req->host, &status); /* cut: the process ends */
        request_end(req);
    }
    if (http->server)
        http_server_free(http->server);
    loop_timer_free(http->expiry);
    struct sw_link *link;
    while ((link = sw_list_take_head(&http->spare))) {
        struct trigger_request *req = SW_CONTAINER(link, struct trigger_request, link);
        sw_arena_deinit(&req->text);
        sw_free(req);
    }
    for (uint32_t i = 0; http->components && i < http->serving->app->component_count; i++) {
        sw_free((void *)(uintptr_t)http->components[i].grants.env); /* ours: made by grants_make */
        trigger_component_deinit(&http->components[i]);
    }
    sw_free(http->components);
    app_routes_free(http->routes);
    sw_free(http);
}
