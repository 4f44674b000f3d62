/* http_async.c - requests to components of today's SDKs: wasi:http/handler@0.3.  Room: trigger.
 *
 *   CALLED -- handle returns (its task may go on): head and contents leave --> ... -- last task ended --> ENDED -- all bytes left --> (end)
 *
 * The response is on its way as soon as handle returned it; the request is over when no task of the guest is left and the response is
 * complete, or nobody can complete it any more. source: spin.md 2.4; CanonicalABI.md "Embedding API" */
#include "component/component.h"
#include "engine/engine.h"
#include "trigger/http_internal.h"

/* On a fiber, inside task.return. */
static void returned(void *arg, enum component_call_outcome outcome, const struct component_value *result)
{
    struct trigger_request *req = arg;
    if (outcome == COMPONENT_CALL_RETURNED && result->variant.index == 0)
        host_p3_http_respond(req->host, result->variant.payload->object);
    else
        host_p3_http_refuse(req->host);
}

static int call_handler(void *arg, struct component_store *store) /* fiber side */
{
    static const struct component_call_events events = {returned, NULL};
    struct trigger_request *req = arg;
    const struct component_async_call_request request = {.events = &events, .arg = req};
    int rc = component_call_async(store, req->service->component.handle_async, &req->argument, 1, &request);
    return rc < 0 ? rc : component_tasks_wait(store);
}

static void settle(void *arg)
{
    struct trigger_request *req = arg;
    uint16_t status = 0;
    if (!req->has_ended || (req->ended_rc == 0 && host_p3_http_is_sending(req->host)))
        return;
    enum host_http_outcome outcome = host_http_end(req->host, &status);
    trigger__report_end(req, req->ended_rc, outcome, status);
    trigger__request_end(req);
}

static void call_ended(void *arg, int rc)
{
    struct trigger_request *req = arg;
    req->has_ended = true;
    req->ended_rc = rc;
    settle(req);
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

int trigger__async_begin(struct trigger_request *req, struct sw_err *err)
{
    static const struct http_exchange_events events = {on_readable, on_writable, on_gone};
    void *request;
    int rc = host_p3_http_begin(req->host, settle, req, &request, err);
    if (rc < 0)
        return rc;
    req->argument = (struct component_value){.object = request};
    req->has_ended = false;
    http_exchange_handle(req->exchange, &events, req);
    return component_store_start(req->store, call_handler, call_ended, req, err);
}
