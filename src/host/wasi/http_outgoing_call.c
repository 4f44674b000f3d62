/* http_outgoing_call.c - a request to others on its way: its future, its response, its end.  Room: host.
 *
 * Invariants
 *  1. A call lives as long as one of its handles, streams or pollables; its client request ends with it, or with the store's request.
 *  2. The client's callbacks fire events only: they run on the loop, where no guest is. */
#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/wasi/http_outgoing.h"

/* ---- life ---- */

static void stop(struct host_http_call *call)
{
    if (call->body)
        host_outgoing_body_break(call->body);
    if (call->request)
        http_client_drop(call->request);
    call->request = NULL;
}

void host_http_call_ref(struct host_http_call *call)
{
    call->refs++;
}

void host_http_call_unref(struct host_http_call *call)
{
    struct host *host = call->host;
    if (--call->refs)
        return;
    stop(call);
    host_outgoing_body_unref(call->body);
    host_fields_unref(host, call->headers);
    sw_list_remove(&call->link);
    host->http.call_count--;
    HOST_FREE(host, call);
}

void host_http_calls_stop(struct host_http *http)
{
    struct sw_link *link;
    for (link = http->calls.next; link != &http->calls; link = link->next)
        stop(SW_CONTAINER(link, struct host_http_call, link));
}

/* ---- what went wrong ---- */

static enum host_http_types_error_code_tag tag_of(enum http_client_failure failure)
{
    static const enum host_http_types_error_code_tag tags[] = {
        [HTTP_CLIENT_OK] = HOST_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR,
        [HTTP_CLIENT_BAD_URI] = HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_URI_INVALID,
        [HTTP_CLIENT_BAD_METHOD] = HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_METHOD_INVALID,
        [HTTP_CLIENT_DNS] = HOST_HTTP_TYPES_ERROR_CODE_DNS_ERROR,
        [HTTP_CLIENT_PROHIBITED] = HOST_HTTP_TYPES_ERROR_CODE_DESTINATION_IP_PROHIBITED,
        [HTTP_CLIENT_REFUSED] = HOST_HTTP_TYPES_ERROR_CODE_CONNECTION_REFUSED,
        [HTTP_CLIENT_CONNECT_TIMEOUT] = HOST_HTTP_TYPES_ERROR_CODE_CONNECTION_TIMEOUT,
        [HTTP_CLIENT_TLS] = HOST_HTTP_TYPES_ERROR_CODE_TLS_PROTOCOL_ERROR,
        [HTTP_CLIENT_READ_TIMEOUT] = HOST_HTTP_TYPES_ERROR_CODE_CONNECTION_READ_TIMEOUT,
        [HTTP_CLIENT_TERMINATED] = HOST_HTTP_TYPES_ERROR_CODE_CONNECTION_TERMINATED,
        [HTTP_CLIENT_PROTOCOL] = HOST_HTTP_TYPES_ERROR_CODE_HTTP_PROTOCOL_ERROR,
        [HTTP_CLIENT_HEAD_SIZE] = HOST_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_HEADER_SECTION_SIZE,
        [HTTP_CLIENT_BODY] = HOST_HTTP_TYPES_ERROR_CODE_HTTP_PROTOCOL_ERROR,
        [HTTP_CLIENT_INTERNAL] = HOST_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR,
    };
    return tags[failure];
}

static void error_of(const struct host_http_call *call, struct host_http_types_error_code *ret)
{
    enum http_client_failure failure = call->request ? http_client_failed(call->request) : HTTP_CLIENT_OK;
    *ret = (struct host_http_types_error_code){.tag = tag_of(failure)};
    if (failure == HTTP_CLIENT_DNS) { /* Spin's words */
        ret->dns_error.rcode.has = true;
        ret->dns_error.rcode.value = SW_LIT("address not available");
        ret->dns_error.info_code.has = true;
        ret->dns_error.info_code.value = 0;
    }
}

/* What http-error-code makes of it again (http.c). */
static enum sw_code code_of(enum http_client_failure failure)
{
    if (failure == HTTP_CLIENT_READ_TIMEOUT)
        return SW_ETIMEOUT;
    return failure == HTTP_CLIENT_PROTOCOL || failure == HTTP_CLIENT_BODY ? SW_EINPUT : SW_EIO;
}

/* ---- future-incoming-response ---- */

/* Whether there is a head or a failure. */
static bool has_come(const struct host_http_call *call)
{
    uint16_t status;
    return call->taken || !call->request || http_client_head(call->request, &status) != SW_WAIT;
}

static bool future_ready(struct host_io_poll_pollable *pollable)
{
    return has_come(pollable->target);
}

static struct host_event *future_watch(struct host_io_poll_pollable *pollable, struct component_call *caller)
{
    (void)caller;
    return &((struct host_http_call *)pollable->target)->changed;
}

static void future_unwatch(struct host_io_poll_pollable *pollable)
{
    (void)pollable;
}

static void future_release(struct host_io_poll_pollable *pollable)
{
    host_http_call_unref(pollable->target);
}

static const struct host_pollable_ops future_ops = {future_ready, future_watch, future_unwatch,
                                                    future_release};

int host_http_types_future_incoming_response_subscribe(struct component_call *caller,
                                                       struct host_http_types_future_incoming_response *self,
                                                       struct host_io_poll_pollable **ret)
{
    *ret = host_pollable_new(caller, &future_ops, self->call);
    if (!*ret)
        return -SW_EGUEST;
    host_http_call_ref(self->call);
    return 0;
}

static bool next_field(void *arg, uint32_t i, struct http_field *ret)
{
    return http_client_field(arg, false, i, ret);
}

static bool next_trailer(void *arg, uint32_t i, struct http_field *ret)
{
    return http_client_field(arg, true, i, ret);
}

/* Returns 0 with *ret, SW_END with *ret_error, or < 0. */
static int response_new(struct component_call *caller, struct host_http_call *call,
                        struct host_http_types_incoming_response **ret,
                        struct host_http_types_error_code *ret_error)
{
    uint16_t status;
    if (!call->request || http_client_head(call->request, &status) < 0) {
        error_of(call, ret_error);
        return SW_END;
    }
    int rc = host_fields_collect(caller, next_field, call->request, &call->headers);
    if (rc == SW_ABSENT) {
        ret_error->tag = HOST_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_HEADER_SECTION_SIZE;
        return SW_END;
    }
    if (rc < 0)
        return rc;
    *ret = HOST_NEW(caller, struct host_http_types_incoming_response);
    if (!*ret)
        return -SW_EGUEST;
    (*ret)->call = call;
    host_http_call_ref(call);
    return 0;
}

int host_http_types_future_incoming_response_get(
    struct component_call *caller, struct host_http_types_future_incoming_response *self,
    struct host_option_result_result_http_types_incoming_response_http_types_error_code_void *ret)
{
    struct host_http_call *call = self->call;
    *ret = (struct host_option_result_result_http_types_incoming_response_http_types_error_code_void){0};
    ret->has = has_come(call);
    if (!ret->has)
        return 0;
    if (call->taken) {
        ret->value.is_err = true;
        return 0;
    }
    call->taken = true;
    int rc = response_new(caller, call, &ret->value.ok.ok, &ret->value.ok.err);
    ret->value.ok.is_err = rc == SW_END;
    return rc < 0 ? rc : 0;
}

void host_http_types_future_incoming_response_drop(void *owner, void *object)
{
    struct host_http_types_future_incoming_response *future = object;
    host_http_call_unref(future->call);
    HOST_FREE((struct host *)owner, future);
}

/* ---- incoming-response ---- */

int host_http_types_incoming_response_status(struct component_call *caller,
                                             struct host_http_types_incoming_response *self, uint16_t *ret)
{
    (void)caller;
    if (!self->call->request || http_client_head(self->call->request, ret) != 0)
        *ret = 500; /* cannot be: there is no response before its head, and no guest after the stop */
    return 0;
}

int host_http_types_incoming_response_headers(struct component_call *caller,
                                              struct host_http_types_incoming_response *self,
                                              struct host_http_types_fields **ret)
{
    (void)caller;
    *ret = host_fields_ref(self->call->headers);
    return 0;
}

int host_http_types_incoming_response_consume(struct component_call *caller,
                                              struct host_http_types_incoming_response *self,
                                              struct host_http_types_incoming_body **ret)
{
    (void)caller;
    if (self->call->consumed)
        return HOST_WIT_ERROR;
    self->call->consumed = true;
    host_http_call_ref(self->call);
    *ret = &self->call->incoming;
    return 0;
}

void host_http_types_incoming_response_drop(void *owner, void *object)
{
    struct host_http_types_incoming_response *response = object;
    host_http_call_unref(response->call);
    HOST_FREE((struct host *)owner, response);
}

/* ---- its body ---- */

int host_http_call_peek(struct host_http_call *call, struct sw_str *ret, struct sw_err *err)
{
    if (!call->request)
        return sw_fail(err, SW_EIO, "the request is over");
    int rc = http_client_peek(call->request, ret);
    return rc < 0 ? sw_fail(err, code_of(http_client_failed(call->request)),
                            "the response ended before it was complete")
                  : rc;
}

void host_http_call_consume(struct host_http_call *call, size_t n)
{
    if (call->request)
        http_client_consume(call->request, n);
}

struct host_http_types_future_trailers *host_http_call_future(struct host_http_call *call)
{
    return &call->trailers;
}

int host_http_call_trailers(struct component_call *caller, struct host_http_call *call,
                            struct host_http_types_fields **ret)
{
    struct http_field first;
    *ret = NULL;
    if (!call->request || !http_client_field(call->request, true, 0, &first))
        return 0;
    int rc = host_fields_collect(caller, next_trailer, call->request, ret);
    return rc == SW_ABSENT ? host_trap(caller, "trailers are over %u bytes", HOST_FIELDS_BYTES_MAX) : rc;
}
