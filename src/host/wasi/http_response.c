/* http_response.c - outgoing-response and response-outparam: the head of the answer.  Room: host. */
#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/wasi/io.h"

int host_http_types_outgoing_response_new(struct component_call *call, struct host_http_types_fields *headers,
                                          struct host_http_types_outgoing_response **ret)
{
    struct host_http_types_outgoing_response *response =
        HOST_NEW(call, struct host_http_types_outgoing_response);
    if (!response) {
        host_fields_unref(host_of(call), headers);
        return -SW_EGUEST;
    }
    headers->immutable = true;
    response->status = 200;
    response->headers = headers;
    *ret = response;
    return 0;
}

static void response_free(struct host *host, struct host_http_types_outgoing_response *response)
{
    if (response->body && response->body->state == HOST_OUTGOING_UNSENT)
        host_outgoing_body_break(response->body);
    host_outgoing_body_unref(response->body);
    host_fields_unref(host, response->headers);
    HOST_FREE(host, response);
}

void host_http_types_outgoing_response_drop(void *owner, void *object)
{
    response_free(owner, object);
}

int host_http_types_outgoing_response_status_code(struct component_call *call,
                                                  struct host_http_types_outgoing_response *self,
                                                  uint16_t *ret)
{
    (void)call;
    *ret = self->status;
    return 0;
}

int host_http_types_outgoing_response_set_status_code(struct component_call *call,
                                                      struct host_http_types_outgoing_response *self,
                                                      uint16_t status_code)
{
    (void)call;
    if (status_code < 100 || status_code > 999)
        return HOST_WIT_ERROR;
    self->status = status_code;
    return 0;
}

int host_http_types_outgoing_response_headers(struct component_call *call,
                                              struct host_http_types_outgoing_response *self,
                                              struct host_http_types_fields **ret)
{
    (void)call;
    *ret = host_fields_ref(self->headers);
    return 0;
}

int host_http_types_outgoing_response_body(struct component_call *call,
                                           struct host_http_types_outgoing_response *self,
                                           struct host_http_types_outgoing_body **ret)
{
    uint64_t length = UINT64_MAX;
    if (self->body || host_fields_content_length(self->headers, &length) == SW_END)
        return HOST_WIT_ERROR;
    self->body = host_outgoing_body_new(call, false, length);
    if (!self->body)
        return -SW_EGUEST;
    *ret = self->body;
    return 0;
}

/* ---- response-outparam ---- */

/* The length for the exchange: the guest's; that of a body which is complete already; else unknown. */
static uint64_t length_of(const struct host_http *http,
                          const struct host_http_types_outgoing_response *response, uint64_t given)
{
    const struct host_http_types_outgoing_body *body = response->body;
    if (given != UINT64_MAX)
        return given;
    if (!body) /* a length would be a claim about GET's answer (RFC 9110 8.6) */
        return http->is_head || response->status == 204 || response->status == 304 ? UINT64_MAX : 0;
    return body->finished && !body->trailers ? body->written : UINT64_MAX;
}

static int send_head(struct component_call *call, struct host_http *http,
                     struct host_http_types_outgoing_response *response)
{
    uint64_t given = UINT64_MAX;
    uint32_t count = 0;
    struct sw_err err;
    http->outcome = http->gone ? HOST_HTTP_GONE : HOST_HTTP_ERROR;
    http->error_status = 500;
    if (!http->exchange || response->status < 200 ||
        host_fields_content_length(response->headers, &given) == SW_END)
        return SW_END; /* what hyper refuses to send: the client gets 500 */
    struct http_field *fields = host_fields_array(call, response->headers, &count);
    if (!fields)
        return -SW_EGUEST;
    int rc = http_exchange_respond(http->exchange, response->status, fields, count,
                                   length_of(http, response, given), &err);
    if (rc == -SW_EIO)
        http->outcome = HOST_HTTP_GONE;
    if (rc < 0)
        return SW_END;
    http->outcome = HOST_HTTP_STARTED;
    return 0;
}

/* The body's bytes go to the exchange from now on; without one the response is complete. */
static int send_body_wait(struct component_call *call, struct host_http *http,
                          struct host_http_types_outgoing_body *body)
{
    struct sw_err err;
    if (!body) {
        if (http_exchange_finish(http->exchange, NULL, 0, &err) == 0)
            http->outcome = HOST_HTTP_FINISHED;
        return 0;
    }
    if (body->state !=
        HOST_OUTGOING_UNSENT) /* it went wrong already: STARTED, and the connection will be cut */
        return 0;
    body->state = HOST_OUTGOING_ATTACHED;
    body->refs++;
    http->attached = body;
    host_outgoing_body_pump(body);
    return body->finished ? host_outgoing_body_complete_wait(call, body) : 0;
}

int host_http_types_response_outparam_set_wait(
    struct component_call *call, struct host_http_types_response_outparam *param,
    struct host_result_http_types_outgoing_response_http_types_error_code response)
{
    struct host_http *http = &param->host->http;
    if (response.is_err) {
        http->outcome = http->gone ? HOST_HTTP_GONE : HOST_HTTP_ERROR;
        http->error_status = 500; /* whatever the error: spin.md 2.5 */
        return 0;
    }
    int rc = send_head(call, http, response.ok);
    if (rc == 0)
        rc = send_body_wait(call, http, response.ok->body);
    response_free(param->host, response.ok);
    return rc < 0 ? rc : 0;
}

void host_http_types_response_outparam_drop(void *owner, void *object)
{
    (void)owner, (void)object; /* part of the host; never set: HOST_HTTP_NONE */
}
