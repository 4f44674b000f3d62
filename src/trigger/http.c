/* http.c - the HTTP trigger's request life.  Room: trigger.
 *
 *   http room: head parsed
 *        |  on_request: the host's own paths (200, 404), route (404), announced body (413), admission (503)
 *        +--> WAITING -- next by turns: admit_waiting --+
 *        |       |  client left, waited too long (503)  |
 *        v       v                                      v
 *     RUNNING  (end)  <---------------------------- request_run: objects made
 *        |  the guest's call ends: call_ended ------> answer or cut, free, http_exchange_end
 *        |  wall clock over: expire --> cancel the call --> 504 or cut, free, http_exchange_end
 *
 * Invariants
 *  1. A trigger_request is in its lane (admission.h) from on_request until request_end; a running one owns its host and its store.
 *  2. The store goes before the host (objects refer to it), both before http_exchange_end (bodies refer to it).
 *  3. One timer watches all deadlines: it is armed at or before the earliest one, so an ordinary request changes nothing. */
#include "base/alloc.h"
#include "base/log.h"
#include "codec/json.h"
#include "component/component.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "node/node.h"
#include "trigger/http_internal.h"
#include "trigger/static.h"

/* ---- the request object ---- */

static struct trigger_request *request_take(struct trigger_http *http)
{
    struct sw_link *link = sw_list_take_head(&http->spare);
    struct trigger_request *req;
    if (link) {
        http->spare_count--;
        req = SW_CONTAINER(link, struct trigger_request, ticket.link);
    } else {
        req = sw_try_alloc(sizeof *req);
        if (!req)
            return NULL;
        sw_list_init(&req->ticket.link);
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
    sw_list_add_head(&http->spare, &req->ticket.link);
    http->spare_count++;
}

static void admit_waiting(struct trigger_http *http);

/* What it held: the next one of its component is expected to need as much. */
static void learn_memory(struct trigger_request *req)
{
    struct engine_usage usage;
    if (!req->store)
        return;
    engine_store_usage(component_store_engine(req->store), &usage);
    trigger_lane_learn(req->ticket.lane, usage.memory_counted);
}

void trigger__request_end(struct trigger_request *req)
{
    struct trigger_http *http = req->http;
    struct http_exchange *exchange = req->exchange;
    learn_memory(req);
    component_store_free(req->store);
    host_free(req->host);
    trigger_wagi_free(req->wagi);
    trigger__inbound_free(req->inbound);
    req->inbound = NULL;
    req->store = NULL;
    req->host = NULL;
    req->wagi = NULL;
    req->exchange = NULL;
    trigger_admission_leave(&http->admission, &req->ticket);
    request_give_back(req);
    http_exchange_end(exchange);
    admit_waiting(http);
    if (http->full && !http->closing && trigger_lane_has_eased(http->full))
        trigger__pause_over(http);
}

/* ---- headers that Spin adds (spin.md 2.3) ---- */

static void extra_add(struct trigger_request *req, struct sw_str name, struct sw_str value)
{
    req->extra[req->extra_count++] = (struct host_http_extra){name, value};
}

static int extra_path_match(struct trigger_request *req, const struct app_route_param *param,
                            struct sw_err *err)
{
    static const struct sw_str prefix = SW_LIT_INIT("spin-path-match-");
    size_t n = prefix.n + param->name.n;
    char *name = sw_arena_try(&req->text, n, 1);
    if (!name)
        return sw_arena_fail(&req->text, n, err);
    memcpy(name, prefix.p, prefix.n);
    for (size_t i = 0; i < param->name.n; i++) { /* names of fields are lower case in wasi:http */
        char c = param->name.p[i];
        name[prefix.n + i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    extra_add(req, sw_str(name, n), param->value);
    return 0;
}

static const char *full_url(struct trigger_request *req)
{
    const struct http_request *head = http_exchange_request(req->exchange);
    struct sw_str host = head->authority.n ? head->authority : SW_LIT("localhost");
    return sw_arena_printf(&req->text, "http://" SW_FMT SW_FMT "%s" SW_FMT, SW_ARG(host), SW_ARG(head->path),
                           head->has_query ? "?" : "", SW_ARG(head->query));
}

static int extra_fill(struct trigger_request *req, const struct app_route_match *match, const char *url,
                      struct sw_err *err)
{
    extra_add(req, SW_LIT("spin-path-info"), match->path_info);
    extra_add(req, SW_LIT("spin-full-url"), sw_str_of(url));
    extra_add(req, SW_LIT("spin-matched-route"), match->matched_route);
    extra_add(req, SW_LIT("spin-base-path"), SW_LIT("/"));
    extra_add(req, SW_LIT("spin-raw-component-route"), req->trigger->route);
    extra_add(req, SW_LIT("spin-component-route"), match->component_route);
    extra_add(req, SW_LIT("spin-client-addr"), http_exchange_peer(req->exchange));
    for (uint32_t i = 0; i < match->param_count; i++) {
        int rc = extra_path_match(req, &match->params[i], err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* What the guest is told besides the request itself; while the match is there. */
static int prepare(struct trigger_request *req, const struct app_route_match *match, struct sw_err *err)
{
    const char *url = full_url(req);
    if (!url)
        return sw_arena_fail(&req->text, http_exchange_request(req->exchange)->target.n, err);
    if (req->trigger->executor != APP_EXECUTOR_WAGI)
        return extra_fill(req, match, url, err);
    const struct trigger_wagi_request wagi = {.head = http_exchange_request(req->exchange),
                                              .peer = http_exchange_peer(req->exchange),
                                              .trigger = req->trigger,
                                              .match = match,
                                              .component = req->service->component.meta,
                                              .full_url = sw_str_of(url)};
    return trigger_wagi_new(req->exchange, &wagi, &req->wagi, err);
}

/* ---- running a guest ---- */

static int call_handler(void *arg, struct component_store *store) /* fiber side */
{
    struct trigger_request *req = arg;
    const struct component_value args[2] = {{.object = req->wasi_request}, {.object = req->wasi_outparam}};
    return component_call_wait(store, req->service->component.handle, args, 2, NULL);
}

static void call_ended(void *arg, int rc)
{
    struct trigger_request *req = arg;
    uint16_t status = 0;
    enum host_http_outcome outcome = host_http_end(req->host, &status);
    trigger__report_end(req, rc, outcome, status);
    trigger__request_end(req);
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

/* ---- running a command (wagi.h) ---- */

static int call_command(void *arg, struct component_store *store) /* fiber side */
{
    struct trigger_request *req = arg;
    struct component_value result = {.u64 = 0};
    const struct trigger_component *component = &req->service->component;
    int rc = component_call_wait(store, component->run, NULL, 0, &result);
    if (rc == 0 && component->run_gives_result && result.variant.index)
        sw_log_warn("trigger", "command.error", "component=" SW_FMT " the command's run gave an error",
                    SW_ARG(component->meta->id)); /* its output counts all the same (spin.md 2.7) */
    return rc;
}

static void command_finished(void *arg)
{
    struct trigger_request *req = arg;
    trigger__report_command(req, true, 0, NULL);
    trigger__request_end(req);
}

static void command_ended(void *arg, int rc)
{
    struct trigger_request *req = arg;
    struct sw_err err = {.code = SW_OK};
    uint8_t code;
    bool ok = rc == 0 || (host_command_exited(req->host, &code) && code == 0);
    rc = ok ? trigger_wagi_finish(req->wagi, command_finished, req, &err) : 0;
    if (rc == SW_WAIT)
        return;
    trigger__report_command(req, ok, rc, &err);
    trigger__request_end(req);
}

static void command_readable(void *arg)
{
    trigger_wagi_readable(((struct trigger_request *)arg)->wagi);
}

static void command_writable(void *arg)
{
    trigger_wagi_writable(((struct trigger_request *)arg)->wagi);
}

static void command_gone(void *arg)
{
    trigger_wagi_gone(((struct trigger_request *)arg)->wagi);
}

static const struct http_exchange_events command_events = {command_readable, command_writable, command_gone};

static int command_start(struct trigger_request *req, struct sw_err *err)
{
    host_command_begin(req->host, &req->wagi->command);
    http_exchange_handle(req->exchange, &command_events, req);
    return component_store_start(req->store, call_command, command_ended, req, err);
}

static int request_begin(struct trigger_request *req, struct sw_err *err)
{
    struct trigger_http *http = req->http;
    struct trigger_service *service = req->service;
    const struct engine_limits limits = {.memory_bytes_max = service->limits.memory_bytes,
                                         .cpu_ms_max = service->limits.cpu_time_ms,
                                         .tag = (uint32_t)(service - http->services) + 1,
                                         .held = host_held};
    int rc = host_new(http->loop, &service->component.grants, &req->host, err);
    const struct http_inside *inside = http_exchange_inside(req->exchange);
    if (rc == 0 && inside)
        host_chain_depth(req->host, inside->depth);
    if (rc == 0)
        rc = component_store_new(service->component.component, &limits, req->host, &req->store, err);
    if (rc < 0 || req->wagi)
        return rc < 0 ? rc : command_start(req, err);
    const struct host_http_request wasi = {
        .exchange = req->exchange, .is_https = false, .extra = req->extra, .extra_count = req->extra_count};
    rc = host_http_begin(req->host, &wasi, &req->wasi_request, &req->wasi_outparam, err);
    if (rc < 0)
        return rc;
    if (service->component.handle_async)
        return trigger__async_begin(req, err);
    if (service->component.inbound)
        return trigger__inbound_begin(req, err);
    http_exchange_handle(req->exchange, &exchange_events, req);
    return component_store_start(req->store, call_handler, call_ended, req, err);
}

static void request_run(struct trigger_request *req)
{
    struct sw_err err;
    int rc = request_begin(req, &err);
    if (rc < 0) {
        trigger__report_failure(req, rc, &err);
        trigger__request_end(req);
    }
}

/* ---- waiting ---- */

static struct trigger_request *request_of(struct trigger_ticket *ticket)
{
    return SW_CONTAINER(ticket, struct trigger_request, ticket);
}

static void note_memory(struct trigger_http *http)
{
    struct engine_stats stats;
    engine_stats_read(http->engine, &stats);
    trigger_admission_memory(&http->admission, stats.memory_busy);
}

/* Runs whose turn it is. A request that fails at once comes here again: the first caller goes on. */
static void admit_waiting(struct trigger_http *http)
{
    struct trigger_ticket *ticket = NULL;
    if (http->admitting || http->closing || !http->admission.waiting_count)
        return;
    http->admitting = true;
    note_memory(http);
    while ((ticket = trigger_admission_next(&http->admission))) {
        request_run(request_of(ticket));
        note_memory(http);
    }
    http->admitting = false;
}

static void waiting_gone(void *arg)
{
    trigger__request_end(arg);
}

static const struct http_exchange_events waiting_events = {NULL, NULL, waiting_gone};

/* The queue is full: other processes have a moment to take the next connection, then its client hears 503 here. */
static void pause_accepting(struct trigger_http *http, const struct trigger_lane *lane)
{
    if (http->full || http->closing || !trigger_lane_is_full(lane))
        return;
    http->full = lane;
    http_server_pause(http->server, true);
    loop_timer_start(http->pause, TRIGGER_PAUSE_MS);
}

void trigger__pause_over(void *arg)
{
    struct trigger_http *http = arg;
    http->full = NULL;
    loop_timer_stop(http->pause);
    http_server_pause(http->server, false);
}

/* ---- time ---- */

static void watch_deadline(struct trigger_http *http, uint64_t deadline_ms)
{
    if (deadline_ms >= http->expiry_at_ms)
        return; /* fires early enough, looks again then */
    uint64_t now = loop_now_ms(http->loop);
    http->expiry_at_ms = deadline_ms;
    loop_timer_start(http->expiry, deadline_ms > now ? deadline_ms - now : 0);
}

static void expire_one(struct trigger_request *req)
{
    uint16_t status;
    if (req->ticket.waiting) {
        req->service->timed_out++;
        trigger__report_refusals(req->http, (uint32_t)(req->service - req->http->services), false);
        trigger__answer_busy(req->exchange);
    } else {
        component_store_cancel(req->store);
        (void)host_http_end(req->host, &status); /* whatever it was, the request is over */
        trigger__report_time(req);
    }
    trigger__request_end(req);
}

void trigger__expire(void *arg)
{
    struct trigger_http *http = arg;
    uint64_t now = loop_now_ms(http->loop);
    struct trigger_ticket *ticket = NULL;
    http->expiry_at_ms = UINT64_MAX;
    while ((ticket = trigger_admission_overdue(&http->admission, now)))
        expire_one(request_of(ticket));
    watch_deadline(http, trigger_admission_deadline(&http->admission));
}

/* ---- a request comes ---- */

static void refuse(struct trigger_http *http, uint32_t index, struct http_exchange *exchange)
{
    http->services[index].refused++;
    trigger__report_refusals(http, index, false);
    pause_accepting(http, &http->admission.lanes[index]);
    trigger__answer_busy(exchange);
    http_exchange_end(exchange);
}

static void enter(struct trigger_request *req, struct trigger_lane *lane, enum trigger_verdict verdict)
{
    struct trigger_http *http = req->http;
    trigger_admission_enter(&http->admission, lane, &req->ticket, verdict, loop_now_ms(http->loop));
    watch_deadline(http, trigger_ticket_deadline(&req->ticket));
    if (verdict == TRIGGER_RUN) {
        request_run(req);
        return;
    }
    http_exchange_handle(req->exchange, &waiting_events, req);
    pause_accepting(http, lane);
}

static bool announces_too_much(const struct http_request *head, const struct app_limits *limits)
{
    return limits->request_body_bytes && head->has_body && head->content_length != UINT64_MAX &&
           head->content_length > limits->request_body_bytes;
}

/* ---- the host's own paths (spin.md 2.1) ---- */

static int write_info(const struct app *app, struct sw_buf *out, struct sw_err *err)
{
    int rc = sw_buf_add(out, SW_LIT("{\"name\":"), err);
    if (rc == 0)
        rc = codec_json_add_string(out, app->name, err);
    if (rc == 0 && app->version.n) {
        rc = sw_buf_add(out, SW_LIT(",\"version\":"), err);
        if (rc == 0)
            rc = codec_json_add_string(out, app->version, err);
    }
    return rc < 0 ? rc : sw_buf_add(out, SW_LIT("}"), err);
}

/* Before any route. Whether it was one: the exchange has then ended. */
static bool answer_own(const struct trigger_http *http, struct http_exchange *exchange)
{
    static const struct sw_str prefix = SW_LIT_INIT("/.well-known/spin/");
    struct sw_str path = http_exchange_request(exchange)->path;
    if (!sw_str_starts(path, prefix))
        return false;
    struct sw_str name = sw_str_from(path, prefix.n);
    sw_auto_buf info = SW_BUF(TRIGGER_REQUEST_TEXT_BYTES_MAX);
    struct sw_err err;
    if (sw_str_eq(name, SW_LIT("health")))
        http_exchange_answer(exchange, 200, SW_LIT("text/plain"), SW_LIT("OK"));
    else if (!sw_str_eq(name, SW_LIT("info")))
        http_exchange_answer(exchange, 404, SW_LIT(""), SW_LIT(""));
    else if (write_info(http->serving->app, &info, &err) == 0)
        http_exchange_answer(exchange, 200, SW_LIT("application/json"), sw_buf_str(&info));
    else
        http_exchange_end(exchange); /* a name longer than all sense, or no memory: 500 */
    return true;
}

/* By a component: refused, queued, or run. */
static void serve(struct trigger_http *http, struct http_exchange *exchange,
                  const struct app_http_trigger *trigger, const struct app_route_match *match)
{
    const struct http_request *head = http_exchange_request(exchange);
    uint32_t index = trigger->component;
    struct trigger_service *service = &http->services[index];
    struct trigger_lane *lane = &http->admission.lanes[index];
    if (announces_too_much(head, &service->limits)) {
        trigger__answer_large(service, exchange);
        http_exchange_end(exchange);
        return;
    }
    note_memory(http);
    enum trigger_verdict verdict = trigger_admission_ask(&http->admission, lane);
    struct trigger_request *req = verdict == TRIGGER_REFUSE ? NULL : request_take(http);
    if (!req) {
        refuse(http, index, exchange);
        return;
    }
    req->exchange = exchange;
    req->service = service;
    req->trigger = trigger;
    struct sw_err err;
    int rc = prepare(req, match, &err);
    if (rc < 0) {
        trigger__report_failure(req, rc, &err);
        request_give_back(req);
        http_exchange_end(exchange);
        return;
    }
    if (service->limits.request_body_bytes || service->limits.response_body_bytes)
        http_exchange_limit(exchange, service->limits.request_body_bytes,
                            service->limits.response_body_bytes);
    enter(req, lane, verdict);
}

void trigger__on_request(void *arg, struct http_exchange *exchange)
{
    struct trigger_http *http = arg;
    struct app_route_match match;
    if (http_exchange_inside(exchange)) {
        serve(http, exchange, trigger__chain_match(http, exchange, &match), &match);
        return;
    }
    if (answer_own(http, exchange))
        return;
    if (app_routes_find(http->routes, http_exchange_request(exchange)->path, &match) == SW_ABSENT) {
        http_exchange_answer(exchange, 404, SW_LIT(""), SW_LIT(""));
        return;
    }
    const struct app_http_trigger *trigger = &http->serving->app->http[match.trigger];
    http_exchange_label(exchange, app_http_has_component(trigger)
                                      ? http->services[trigger->component].component.meta->id
                                      : trigger->id);
    if (trigger->static_response) {
        trigger__answer_static(exchange, trigger->static_response);
        http_exchange_end(exchange);
        return;
    }
    if (trigger->static_folder) {
        trigger__static_answer(trigger, http->static_fds[match.trigger], match.path_info, exchange);
        return;
    }
    serve(http, exchange, trigger, &match);
}
