/* http_outgoing.c - wasi:http/outgoing-handler: from an outgoing-request to a call on its way.  Room: host.
 *
 *   handle: limits --> target, allowed? --> fields, trace context --> client --> future-incoming-response
 *
 * The order is that of spin.md 4.7. What is refused before any I/O is the result of handle; everything later is the future's. */
#include "host/wasi/http_outgoing.h"
#include "engine/engine.h"
#include "host/bindings/http_outgoing_handler.h"
#include "host/host_internal.h"
#include "host/limits.h"

/* ---- what the client asks, on the loop ---- */

static void on_changed(void *arg)
{
    struct host_http_call *call = arg;
    if (call->body && http_client_over(call->request))
        host_outgoing_body_break(call->body); /* nobody fetches it any more */
    host_event_fire(&call->changed);
    host_event_fire(&call->incoming.source.ready);
}

static int body_read(void *arg, char *p, size_t n, size_t *ret_n)
{
    return host_outgoing_body_read(((struct host_http_call *)arg)->body, p, n, ret_n);
}

static bool body_trailer(void *arg, uint32_t i, struct http_field *ret)
{
    return host_outgoing_body_trailer(((struct host_http_call *)arg)->body, i, ret);
}

static uint64_t body_length(void *arg)
{
    return host_outgoing_body_length(((struct host_http_call *)arg)->body);
}

static int connect_chain(void *arg)
{
    const struct host_http_call *call = arg;
    const struct host_outside *outside = call->host->grants->outside;
    return outside->chain_connect(outside->chain_arg, call->chain_target, call->host->chain_depth + 1);
}

/* ---- fields ---- */

static bool has_field(const struct http_field *fields, uint32_t count, struct sw_str name)
{
    for (uint32_t i = 0; i < count; i++)
        if (sw_str_eq_nocase(fields[i].name, name))
            return true;
    return false;
}

void host_http_add_trace(const struct host *host, struct http_field *fields, uint32_t *count)
{
    static const struct sw_str names[HOST_TRACE_FIELDS] = {SW_LIT_INIT("traceparent"),
                                                           SW_LIT_INIT("tracestate")};
    if (!host->http.exchange || has_field(fields, *count, names[0]))
        return;
    const struct http_request *head = http_exchange_request(host->http.exchange);
    if (!has_field(head->fields, head->field_count, names[0]))
        return;
    for (size_t k = 0; k < HOST_TRACE_FIELDS; k++)
        for (uint32_t i = 0; i < head->field_count; i++)
            if (sw_str_eq_nocase(head->fields[i].name, names[k]) && !has_field(fields, *count, names[k]))
                fields[(*count)++] = (struct http_field){names[k], head->fields[i].value};
}

/* ---- starting ---- */

static uint64_t ms_of(struct host_option_u64 nanoseconds)
{
    if (!nanoseconds.has)
        return 0; /* the usual one */
    uint64_t ms = nanoseconds.value / 1000000;
    return ms == 0 ? 1 : ms < HOST_TIMER_MS_MAX ? ms : HOST_TIMER_MS_MAX;
}

static int call_begin(struct component_call *caller, struct host_http_call *call,
                      const struct host_http_types_outgoing_request *request,
                      const struct host_http_types_request_options *options,
                      const struct host_http_target *target)
{
    const struct host_outside *outside = host_of(caller)->grants->outside;
    const struct http_client_body body = {body_read, body_trailer, body_length};
    struct http_client_start start = {.method = request->method.tag == HOST_HTTP_TYPES_METHOD_OTHER
                                                    ? request->method_text
                                                    : host_http_method_text(&request->method),
                                      .is_https = sw_str_eq(target->scheme, SW_LIT("https")),
                                      .host = target->host,
                                      .port = target->port,
                                      .authority = target->authority,
                                      .target = target->path,
                                      .address = target->is_self ? &outside->self_address : NULL,
                                      .connect = target->is_chain ? connect_chain : NULL,
                                      .body = call->body ? &body : NULL,
                                      .connect_ms = ms_of(options->connect),
                                      .first_byte_ms = ms_of(options->first_byte),
                                      .between_bytes_ms = ms_of(options->between_bytes),
                                      .changed = on_changed,
                                      .arg = call};
    struct sw_err err;
    uint32_t count = 0;
    struct http_field *fields = host_fields_array_room(caller, request->headers, HOST_TRACE_FIELDS, &count);
    if (!fields)
        return -SW_EGUEST;
    host_http_add_trace(call->host, fields, &count);
    call->chain_target = target->chain_target;
    start.fields = fields;
    start.field_count = count;
    return http_client_begin(outside->http, &start, &call->request, &err) == 0 ? 0 : SW_END;
}

static struct host_http_call *call_new(struct component_call *caller,
                                       struct host_http_types_outgoing_request *request)
{
    struct host *host = host_of(caller);
    struct host_http_call *call = HOST_NEW(caller, struct host_http_call);
    if (!call)
        return NULL;
    call->refs = 1;
    call->host = host;
    call->body = request->body;
    request->body = NULL; /* taken: with the reference of what it belongs to */
    host_event_init(&call->changed);
    host_incoming_body_init(&call->incoming, host, call);
    call->trailers = (struct host_http_types_future_trailers){.host = host, .body = &call->incoming};
    sw_list_init(&call->link);
    sw_list_add_tail(&host->http.calls, &call->link);
    host->http.call_count++;
    return call;
}

int host_http_send(struct component_call *caller, struct host_http_types_outgoing_request *request,
                   const struct host_http_types_request_options *options,
                   struct host_http_types_future_incoming_response **ret,
                   struct host_http_types_error_code *ret_error)
{
    struct host *host = host_of(caller);
    struct host_http_target target;
    int rc = host_http_target_find(caller, request, &target, ret_error);
    if (rc != 0)
        return rc;
    *ret_error =
        (struct host_http_types_error_code){.tag = HOST_HTTP_TYPES_ERROR_CODE_CONNECTION_LIMIT_REACHED};
    if (host->http.call_count >= HOST_CALLS_MAX)
        return HOST_WIT_ERROR;
    struct host_http_types_future_incoming_response *future =
        HOST_NEW(caller, struct host_http_types_future_incoming_response);
    struct host_http_call *call = future ? call_new(caller, request) : NULL;
    if (!call) {
        HOST_FREE(host, future);
        return -SW_EGUEST;
    }
    rc = call_begin(caller, call, request, options, &target);
    if (rc != 0) {
        host_http_call_unref(call);
        HOST_FREE(host, future);
        return rc < 0 ? rc : HOST_WIT_ERROR;
    }
    if (call->body && call->body->state == HOST_OUTGOING_UNSENT) {
        call->body->state = HOST_OUTGOING_ATTACHED;
        call->body->request = call->request;
    }
    future->call = call;
    *ret = future;
    return 0;
}

int host_http_outgoing_handler_handle(struct component_call *call,
                                      struct host_http_types_outgoing_request *request,
                                      struct host_option_http_types_request_options options,
                                      struct host_http_types_future_incoming_response **ret,
                                      struct host_http_types_error_code *ret_error)
{
    static const struct host_http_types_request_options standard;
    struct host *host = host_of(call);
    int rc = host_http_send(call, request, options.has ? options.value : &standard, ret, ret_error);
    host_http_types_outgoing_request_drop(host, request);
    if (options.has)
        host_http_types_request_options_drop(host, options.value);
    return rc;
}
