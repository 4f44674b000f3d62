/* http_outgoing.c - wasi:http/outgoing-handler, and what its answers would be.  Room: host.
 *
 * No component is granted any outbound host (allowed_outbound_hosts is refused when an app is loaded), so every request is denied before any
 * I/O. No future-incoming-response and no incoming-response is ever made: a handle of those kinds cannot exist, the component room
 * traps on a forged one, and the functions on them are never entered. They refuse all the same. */
#include "host/wasi/http_outgoing.h"

#include "engine/engine.h"
#include "host/bindings/http_outgoing_handler.h"
#include "host/host_internal.h"

int host_http_outgoing_handler_handle(struct component_call *call,
                                      struct host_http_types_outgoing_request *request,
                                      struct host_option_http_types_request_options options,
                                      struct host_http_types_future_incoming_response **ret,
                                      struct host_http_types_error_code *ret_error)
{
    struct host *host = host_of(call);
    (void)ret;
    host_http_types_outgoing_request_drop(host, request);
    if (options.has)
        host_http_types_request_options_drop(host, options.value);
    *ret_error = (struct host_http_types_error_code){.tag = HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_DENIED};
    return HOST_WIT_ERROR;
}

static int no_such_object(struct component_call *call)
{
    return host_trap(call, "there are no responses of others: outgoing requests are denied");
}

int host_http_types_future_incoming_response_subscribe(struct component_call *call,
                                                       struct host_http_types_future_incoming_response *self,
                                                       struct host_io_poll_pollable **ret)
{
    (void)self, (void)ret;
    return no_such_object(call);
}

int host_http_types_future_incoming_response_get(
    struct component_call *call, struct host_http_types_future_incoming_response *self,
    struct host_option_result_result_http_types_incoming_response_http_types_error_code_void *ret)
{
    (void)self, (void)ret;
    return no_such_object(call);
}

void host_http_types_future_incoming_response_drop(void *owner, void *object)
{
    (void)owner, (void)object;
}

int host_http_types_incoming_response_status(struct component_call *call,
                                             struct host_http_types_incoming_response *self, uint16_t *ret)
{
    (void)self, (void)ret;
    return no_such_object(call);
}

int host_http_types_incoming_response_headers(struct component_call *call,
                                              struct host_http_types_incoming_response *self,
                                              struct host_http_types_fields **ret)
{
    (void)self, (void)ret;
    return no_such_object(call);
}

int host_http_types_incoming_response_consume(struct component_call *call,
                                              struct host_http_types_incoming_response *self,
                                              struct host_http_types_incoming_body **ret)
{
    (void)self, (void)ret;
    return no_such_object(call);
}

void host_http_types_incoming_response_drop(void *owner, void *object)
{
    (void)owner, (void)object;
}
