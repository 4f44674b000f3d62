/* http_report.c - what a client is told when its request does not end well, and what the log gets.  Room: trigger.
 *
 * A limit has one word everywhere: its key in the manifest, the event "limit.<key>" with the limit and what was used, the sentence in
 * the answer. Nothing here ends an exchange or frees anything. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/log.h"
#include "component/component.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "trigger/http_internal.h"

#define TEXT_TYPE                                                                                            \
    {                                                                                                        \
        SW_LIT_INIT("content-type"), SW_LIT_INIT("text/plain; charset=utf-8")                                \
    }

/* ---- answers ---- */

void trigger__answer(struct http_exchange *exchange, uint16_t status, const char *fmt, ...)
{
    static const struct http_field type = TEXT_TYPE;
    char text[160];
    struct sw_err err;
    va_list args;
    if (http_exchange_responded(exchange))
        return;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args); /* our own short sentences: they fit */
    va_end(args);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    sw_ignore(http_exchange_reply(exchange, status, &type, 1, sw_str(text, length),
                                  &err)); /* the client may be gone */
}

void trigger__answer_empty(struct http_exchange *exchange, uint16_t status)
{
    struct sw_err err;
    if (!http_exchange_responded(exchange))
        sw_ignore(http_exchange_reply(exchange, status, NULL, 0, SW_LIT(""), &err)); /* as above */
}

void trigger__answer_static(struct http_exchange *exchange, const struct app_static_response *response)
{
    struct sw_err err;
    sw_auto_free struct http_field *fields = sw_try_alloc_array(response->header_count, sizeof *fields);
    if (!fields)
        return; /* http_exchange_end answers 500 */
    for (uint32_t i = 0; i < response->header_count; i++)
        fields[i] = (struct http_field){response->headers[i].name, response->headers[i].value};
    if (http_exchange_reply(exchange, response->status, fields, response->header_count, response->body,
                            &err) < 0)
        sw_log_debug("trigger", "static.response", "%s", err.text); /* checked at load: the client left */
}

void trigger__answer_busy(struct http_exchange *exchange)
{
    static const struct http_field fields[] = {
        TEXT_TYPE, {SW_LIT_INIT("retry-after"), SW_LIT_INIT(TRIGGER_RETRY_AFTER)}};
    struct sw_err err;
    sw_ignore(http_exchange_reply(
        exchange, 503, fields, 2,
        SW_LIT("too many requests at once; try again in " TRIGGER_RETRY_AFTER " s\n"), &err)); /* as above */
}

/* ---- lines ---- */

struct place { /* what every line begins with */
    struct sw_str component;
    struct sw_str method;
    struct sw_str path;
};
#define PLACE "component=" SW_FMT " method=" SW_FMT " path=" SW_FMT
#define PLACE_ARGS(p) SW_ARG((p).component), SW_ARG((p).method), SW_ARG((p).path)

static struct place place_of(const struct trigger_service *service, const struct http_exchange *exchange)
{
    const struct http_request *head = http_exchange_request(exchange);
    return (struct place){service->component.meta->id, head->method, head->path};
}

static unsigned long long elapsed_ms(const struct trigger_request *req)
{
    return loop_now_ms(req->http->loop) - req->ticket.since_ms;
}

static struct engine_usage usage_of(const struct trigger_request *req)
{
    struct engine_usage usage;
    engine_store_usage(component_store_engine(req->store), &usage);
    return usage;
}

static void log_trap(const struct trigger_request *req)
{
    const struct engine_failure *failure = engine_store_failure(component_store_engine(req->store));
    const struct place place = place_of(req->service, req->exchange);
    if (failure->kind == ENGINE_TRAP_MEMORY_LIMIT)
        return; /* log_memory has the numbers */
    if (failure->kind == ENGINE_TRAP_CPU_LIMIT)
        sw_log_warn("trigger", "limit.cpu_time", PLACE " limit_ms=%llu used_ms=%llu elapsed_ms=%llu%s",
                    PLACE_ARGS(place), (unsigned long long)req->service->limits.cpu_time_ms,
                    (unsigned long long)(usage_of(req).cpu_ns / 1000000), elapsed_ms(req), failure->frames);
    else
        sw_log_warn("trigger", "guest.trap", PLACE " kind=%s: %s%s", PLACE_ARGS(place),
                    engine_trap_name(failure->kind), failure->text, failure->frames);
}

static void log_memory(const struct trigger_request *req)
{
    const struct engine_usage usage = usage_of(req);
    const struct place place = place_of(req->service, req->exchange);
    if (usage.memory_refused)
        sw_log_warn("trigger", "limit.memory", PLACE " limit_bytes=%llu used_bytes=%llu asked_bytes=%llu",
                    PLACE_ARGS(place), (unsigned long long)req->service->limits.memory_bytes,
                    (unsigned long long)usage.memory_bytes, (unsigned long long)usage.memory_refused);
    if (usage.worker_refused)
        sw_log_warn("trigger", "limit.memory",
                    PLACE " worker_limit_bytes=%llu held_bytes=%llu worker_asked_bytes=%llu",
                    PLACE_ARGS(place), (unsigned long long)req->http->admission.max.memory_bytes,
                    (unsigned long long)usage.memory_counted, (unsigned long long)usage.worker_refused);
}

static void log_body(const struct trigger_service *service, const struct http_exchange *exchange,
                     const char *event, uint64_t limit, uint64_t used)
{
    const struct place place = place_of(service, exchange);
    sw_log_warn("trigger", event, PLACE " limit_bytes=%llu used_bytes=%llu", PLACE_ARGS(place),
                (unsigned long long)limit, (unsigned long long)used);
}

/* ---- bodies ---- */

static void answer_large(const struct trigger_service *service, struct http_exchange *exchange)
{
    trigger__answer(exchange, 413, "the request body is over the limit of %llu bytes\n",
                    (unsigned long long)service->limits.request_body_bytes);
}

void trigger__answer_large(struct trigger_service *service, struct http_exchange *exchange)
{
    struct http_exchange_usage usage;
    http_exchange_usage(exchange, &usage);
    log_body(service, exchange, "limit.request_body", service->limits.request_body_bytes,
             usage.request_bytes);
    answer_large(service, exchange);
}

/* Logs bodies over their limits, and says so to the client where it has no answer yet. Returns whether the response was cut or refused. */
static bool report_bodies(struct trigger_request *req)
{
    const struct app_limits *limits = &req->service->limits;
    struct http_exchange_usage usage;
    if (!limits->request_body_bytes && !limits->response_body_bytes)
        return false;
    http_exchange_usage(req->exchange, &usage);
    if (usage.request_over && limits->request_body_bytes) {
        log_body(req->service, req->exchange, "limit.request_body", limits->request_body_bytes,
                 usage.request_bytes);
        answer_large(req->service, req->exchange);
    }
    if (usage.response_over) {
        log_body(req->service, req->exchange, "limit.response_body", limits->response_body_bytes,
                 usage.response_bytes);
        trigger__answer(req->exchange, 500, "the response body is over the limit of %llu bytes\n",
                        (unsigned long long)limits->response_body_bytes);
    }
    return usage.response_over;
}

/* ---- ends ---- */

/* What a request ends with when the guest did not set its response (spin.md 2.5). */
static void answer_none(struct trigger_request *req)
{
    const struct engine_failure *failure = engine_store_failure(component_store_engine(req->store));
    if (failure->kind == ENGINE_TRAP_CPU_LIMIT)
        trigger__answer(req->exchange, 504, "the component used up its CPU time of %llu ms\n",
                        (unsigned long long)req->service->limits.cpu_time_ms);
    else if (failure->kind == ENGINE_TRAP_MEMORY_LIMIT)
        trigger__answer_busy(req->exchange);
    else
        trigger__answer_empty(req->exchange, 500);
}

void trigger__report_end(struct trigger_request *req, int rc, enum host_http_outcome outcome, uint16_t status)
{
    const struct place place = place_of(req->service, req->exchange);
    if (rc < 0)
        log_trap(req);
    log_memory(req);
    bool response_over = report_bodies(req);
    switch (outcome) {
    case HOST_HTTP_FINISHED:
    case HOST_HTTP_GONE:
        break;
    case HOST_HTTP_STARTED:
        if (!response_over)
            sw_log_warn("trigger", "response.cut", PLACE ": the handler ended before its response did",
                        PLACE_ARGS(place));
        break;
    case HOST_HTTP_ERROR:
        if (rc == 0 && !response_over) /* the first failure is logged, once */
            sw_log_warn("trigger", "response.error",
                        PLACE
                        ": the handler set an error, or a response that cannot be sent: the client got %u",
                        PLACE_ARGS(place), status ? status : 500u);
        trigger__answer_empty(req->exchange, status ? status : 500);
        break;
    case HOST_HTTP_NONE:
        if (rc == 0)
            sw_log_warn("trigger", "response.none", PLACE ": the handler set no response", PLACE_ARGS(place));
        answer_none(req);
        break;
    default:
        break;
    }
}

void trigger__report_command(struct trigger_request *req, bool ok, int rc, const struct sw_err *err)
{
    const struct place place = place_of(req->service, req->exchange);
    if (!ok)
        log_trap(req);
    log_memory(req);
    report_bodies(req);
    if (rc < 0)
        sw_log_warn("trigger", "wagi.output", PLACE ": %s", PLACE_ARGS(place), err->text);
    if (rc < 0 && req->wagi->failure_status)
        trigger__answer(req->exchange, req->wagi->failure_status, "%s\n", err->text);
    else if (!ok)
        answer_none(req);
}

void trigger__report_time(struct trigger_request *req)
{
    const struct place place = place_of(req->service, req->exchange);
    unsigned long long limit = req->service->limits.time_ms;
    sw_log_warn("trigger", "limit.time", PLACE " limit_ms=%llu used_ms=%llu cpu_ms=%llu", PLACE_ARGS(place),
                limit, elapsed_ms(req), (unsigned long long)(usage_of(req).cpu_ns / 1000000));
    log_memory(req);
    trigger__answer(req->exchange, 504, "the request took longer than its limit of %llu ms\n", limit);
}

void trigger__report_failure(struct trigger_request *req, int rc, const struct sw_err *err)
{
    bool memory = req->store && usage_of(req).memory_refused; /* trying again would not help */
    sw_log_error("trigger", "request.failed", "component=" SW_FMT " %s",
                 SW_ARG(req->service->component.meta->id), err->text);
    if (http_exchange_responded(req->exchange))
        return;
    if (!memory && (rc == -SW_ELIMIT || rc == -SW_ENOMEM))
        trigger__answer_busy(req->exchange);
    else
        trigger__answer_empty(req->exchange, 500);
}

void trigger__report_refusals(struct trigger_http *http, uint32_t index, bool now)
{
    struct trigger_service *service = &http->services[index];
    const struct trigger_admission *adm = &http->admission;
    const struct trigger_lane *lane = &adm->lanes[index];
    uint64_t now_ms = loop_now_ms(http->loop);
    if (!service->refused && !service->timed_out)
        return;
    if (!now && service->logged_ms && now_ms - service->logged_ms < TRIGGER_REFUSALS_LOG_MS)
        return;
    sw_log_warn("trigger", "limit.concurrency",
                "component=" SW_FMT
                " running=%u concurrency=%u waiting=%u queue=%u refused=%llu waited_too_long=%llu "
                "wait_ms=%llu worker_running=%u slots=%llu of %u mappings=%llu of %u memory=%llu of %llu",
                SW_ARG(service->component.meta->id), lane->running_count, lane->running_max,
                lane->waiting_count, lane->waiting_max, (unsigned long long)service->refused,
                (unsigned long long)service->timed_out, (unsigned long long)lane->wait_ms, adm->running_count,
                (unsigned long long)adm->slots, adm->max.slots, (unsigned long long)adm->mappings,
                adm->max.mappings, (unsigned long long)adm->memory_used,
                (unsigned long long)adm->max.memory_bytes);
    service->refused = 0;
    service->timed_out = 0;
    service->logged_ms = now_ms;
}
