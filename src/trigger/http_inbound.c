/* http_inbound.c - requests to components of the first SDKs: fermyon:spin/inbound-http.  Room: trigger.
 *
 *   GATHERING -- the body has ended: gather, call_guest --> CALLED -- ended: answer --> SENDING -- sent: pump --> (end)
 *       | no word for the method: 405                          | trap, bad response: 500    | client left, cut
 *       | body bad, over a limit, client left                  |                            |
 *       '------------------------------------------------------'----------------------------'--> (end)
 *
 * Request and response are one value each, so no body byte meets the guest while it runs, and none leaves before it has ended. The response's
 * bytes are the store's, which lives until the last one is handed over. source: spin.md 2.4 */
#include "base/alloc.h"
#include "base/log.h"
#include "component/component.h"
#include "engine/engine.h"
#include "trigger/http_internal.h"

struct trigger_inbound {
    struct host_buffered body;     /* of the request */
    struct component_value arg;    /* the request */
    struct component_value result; /* views of the store */
    struct sw_str rest;            /* of the response's body: not handed over yet */
};

void trigger__inbound_free(struct trigger_inbound *inbound)
{
    if (inbound)
        host_buffered_deinit(&inbound->body);
    sw_free(inbound);
}

static void end(struct trigger_request *req, int rc, enum host_http_outcome outcome)
{
    uint16_t unused;
    (void)host_http_end(req->host, &unused); /* the outcome is ours: the host's bodies were not used */
    trigger__report_end(req, rc, outcome, 0);
    trigger__request_end(req);
}

/* ---- SENDING ---- */

static void pump(struct trigger_request *req)
{
    struct trigger_inbound *inbound = req->inbound;
    struct sw_err err;
    int rc = 0;
    while (rc == 0 && inbound->rest.n) {
        size_t n = 0;
        rc = http_exchange_write(req->exchange, inbound->rest, &n, &err);
        if (rc == 0)
            inbound->rest = sw_str_from(inbound->rest, n);
    }
    if (rc == SW_WAIT)
        return;
    if (rc == 0)
        rc = http_exchange_finish(req->exchange, NULL, 0, &err);
    end(req, 0, rc == 0 ? HOST_HTTP_FINISHED : rc == -SW_EIO ? HOST_HTTP_GONE : HOST_HTTP_STARTED);
}

static void sending_writable(void *arg)
{
    pump(arg);
}

static void sending_gone(void *arg)
{
    end(arg, 0, HOST_HTTP_GONE);
}

static const struct http_exchange_events sending_events = {NULL, sending_writable, sending_gone};

static void answer(struct trigger_request *req)
{
    struct host_inbound_response response;
    struct sw_err err;
    int rc = host_inbound_response(req->host, &req->inbound->result, &response, &err);
    if (rc == 0)
        rc = http_exchange_respond(req->exchange, response.status, response.fields, response.field_count,
                                   response.body.n, &err);
    if (rc < 0) {
        if (rc != -SW_EIO)
            sw_log_warn("trigger", "response.bad", "component=" SW_FMT " %s",
                        SW_ARG(req->service->component.meta->id), err.text);
        trigger__answer_empty(req->exchange, 500);
        end(req, 0, HOST_HTTP_GONE); /* said already, or nobody is there */
        return;
    }
    req->inbound->rest = response.body;
    http_exchange_handle(req->exchange, &sending_events, req);
    pump(req);
}

/* ---- CALLED ---- */

static int call_handler(void *arg, struct component_store *store) /* fiber side */
{
    struct trigger_request *req = arg;
    return component_call_wait(store, req->service->component.inbound, &req->inbound->arg, 1,
                               &req->inbound->result);
}

static void call_ended(void *arg, int rc)
{
    struct trigger_request *req = arg;
    if (rc < 0)
        end(req, rc, HOST_HTTP_NONE);
    else
        answer(req);
}

static const struct http_exchange_events called_events = {NULL, NULL, NULL}; /* answering finds out */

/* Returns 0, SW_END (answered: the request is to end), or < 0. */
static int call_guest(struct trigger_request *req, struct sw_err *err)
{
    struct trigger_inbound *inbound = req->inbound;
    int rc = host_inbound_request(req->host, sw_buf_str(&inbound->body.bytes), &inbound->arg, err);
    if (rc == SW_ABSENT) {
        trigger__answer_empty(req->exchange, 405);
        return SW_END;
    }
    if (rc < 0)
        return rc;
    http_exchange_handle(req->exchange, &called_events, req);
    return component_store_start(req->store, call_handler, call_ended, req, err);
}

/* ---- GATHERING ---- */

/* What a client hears whose body cannot be read; a body over the component's own limit is trigger__report_end's. */
static int refuse_body(struct trigger_request *req, int rc, const struct sw_err *err)
{
    struct http_exchange_usage usage;
    http_exchange_usage(req->exchange, &usage);
    if (rc == -SW_ETIMEOUT)
        trigger__answer_empty(req->exchange, 408);
    else if (rc == -SW_EINPUT)
        trigger__answer_empty(req->exchange, 400);
    else if (rc == -SW_ELIMIT && !usage.request_over)
        trigger__answer(req->exchange, 413, "%s\n", err->text);
    return SW_END;
}

/* Returns SW_WAIT, SW_END (the request is to end) or what call_guest gives. */
static int gather(struct trigger_request *req, struct sw_err *err)
{
    struct sw_str bytes;
    int rc;
    while ((rc = http_exchange_body_peek(req->exchange, &bytes, err)) == 0) {
        rc = host_buffered_add(&req->inbound->body, bytes, err);
        if (rc == -SW_ENOMEM)
            return rc;
        if (rc < 0)
            break;
        http_exchange_body_consume(req->exchange, bytes.n);
    }
    if (rc == SW_WAIT)
        return SW_WAIT;
    return rc == SW_END ? call_guest(req, err) : refuse_body(req, rc, err);
}

static void gathering_readable(void *arg)
{
    struct trigger_request *req = arg;
    struct sw_err err;
    int rc = gather(req, &err);
    if (rc < 0) {
        trigger__report_failure(req, rc, &err);
        trigger__request_end(req);
    } else if (rc == SW_END) {
        end(req, 0, HOST_HTTP_GONE);
    }
}

static void gathering_gone(void *arg)
{
    end(arg, 0, HOST_HTTP_GONE);
}

static const struct http_exchange_events gathering_events = {gathering_readable, NULL, gathering_gone};

int trigger__inbound_begin(struct trigger_request *req, struct sw_err *err)
{
    req->inbound = sw_try_alloc(sizeof *req->inbound);
    if (!req->inbound)
        return sw_fail(err, SW_ENOMEM, "no memory for a request as one value");
    host_buffered_init(&req->inbound->body);
    http_exchange_handle(req->exchange, &gathering_events, req);
    int rc = gather(req, err);
    if (rc == SW_END)
        end(req, 0, HOST_HTTP_GONE);
    return rc < 0 ? rc : 0;
}
