/* p3_http_client.c - wasi:http/client@0.3: a request to others, as one async function.  Room: host.
 *
 *   send: start ──► 0.2's outgoing-handler ── changed ──► poll ──► response
 *                         └─ contents: fetched by the client from what the guest's stream gives (p3_http_out.c) */
#include "host/bindings3/p3_http_client.h"
#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/wasi3/p3_http.h"

struct sending { /* state of the operation */
    struct host_http_types_future_incoming_response *future;
    struct host_p3_contents *contents; /* hear how it went: held while future is there */
    struct host_waiter waiter;
};
_Static_assert(sizeof(struct sending) <= HOST_OPERATION_BYTES, "the state of a request");

/* The cases and payloads are those of 0.2. */
static void tell(const struct host_http_types_error_code *from, struct host_p3_http_types_error_code *ret)
{
    _Static_assert(sizeof *from == sizeof *ret && (int)HOST_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR ==
                                                      (int)HOST_P3_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR,
                   "the same variant by two names");
    memcpy(ret, from, sizeof *ret);
}

static void wake(void *arg)
{
    component_operation_wake(arg);
}

/* error: a case of error-code, when it failed. */
static void let_go(struct component_operation *operation, bool failed, uint32_t error)
{
    struct sending *sending = component_operation_state(operation);
    host_waiter_stop(&sending->waiter);
    if (!sending->future)
        return;
    host_http_types_future_incoming_response_drop(component_operation_owner(operation), sending->future);
    sending->future = NULL;
    host_p3_contents_answered(sending->contents, failed, error);
}

static int look(struct component_call *call, struct component_operation *operation,
                struct host_p3_http_types_response **ret, struct host_p3_http_types_error_code *ret_error)
{
    struct sending *sending = component_operation_state(operation);
    struct host_option_result_result_http_types_incoming_response_http_types_error_code_void got;
    int rc = host_http_types_future_incoming_response_get(call, sending->future, &got);
    host_waiter_stop(&sending->waiter);
    if (rc == 0 && !got.has) {
        host_waiter_start(&sending->waiter, &sending->future->call->changed, wake, operation);
        return HOST_NOT_YET;
    }
    bool failed = rc < 0 || got.value.ok.is_err;
    let_go(operation, failed,
           rc == 0 && failed ? (uint32_t)got.value.ok.err.tag
                             : HOST_P3_HTTP_TYPES_ERROR_CODE_CONNECTION_TERMINATED);
    if (rc < 0)
        return rc;
    if (got.value.ok.is_err) {
        tell(&got.value.ok.err, ret_error);
        return HOST_WIT_ERROR;
    }
    *ret = host_p3_response_of(call, got.value.ok.ok);
    return *ret ? 0 : -SW_EGUEST;
}

int host_p3_http_client_send_start(struct component_call *call, struct component_operation *operation,
                                   struct host_p3_http_types_request *request,
                                   struct host_p3_http_types_response **ret,
                                   struct host_p3_http_types_error_code *ret_error)
{
    static const struct host_http_types_request_options standard;
    struct sending *sending = component_operation_state(operation);
    struct host_http_types_error_code error = {0};
    sw_list_init(&sending->waiter.link);
    if (!request->made) { /* passing on the client's own would have to copy it */
        host_p3_http_types_request_drop(host_of(call), request);
        return host_trap(
            call, "client.send of the request that is answered: this host sends only what the guest made");
    }
    struct host_p3_contents *contents = request->contents;
    if (contents->has_bytes) {
        request->made->body = contents->out;
        contents->out->refs++;
    }
    int rc = host_http_send(call, request->made, request->options ? &request->options->old : &standard,
                            &sending->future, &error);
    if (rc == 0) {
        sending->contents = contents;
        host_p3_contents_hold(contents);
        host_p3_contents_go(contents);
    }
    host_p3_http_types_request_drop(host_of(call), request);
    if (rc == HOST_WIT_ERROR)
        tell(&error, ret_error);
    return rc == 0 ? look(call, operation, ret, ret_error) : rc;
}

int host_p3_http_client_send_poll(struct component_call *call, struct component_operation *operation,
                                  struct host_p3_http_types_response **ret,
                                  struct host_p3_http_types_error_code *ret_error)
{
    return look(call, operation, ret, ret_error);
}

void host_p3_http_client_send_cancel(struct component_operation *operation)
{
    let_go(operation, true, HOST_P3_HTTP_TYPES_ERROR_CODE_CONNECTION_TERMINATED);
}

const char *host_p3_http_handler_type(void)
{
    return host_p3_http_client_interface.funcs[0].type; /* handle and send have the same type */
}
