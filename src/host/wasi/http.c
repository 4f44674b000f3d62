/* http.c - one HTTP request through a host: its begin, its events, its end; and the words of wasi:http.  Room: host. */
#include "host/wasi/http.h"

#include "host/host_internal.h"
#include "host/wasi/http_outgoing.h"

void host_http_init(struct host_http *http, struct host *host)
{
    *http = (struct host_http){.host = host};
    http->request.host = host;
    http->outparam.host = host;
    http->incoming.host = host;
    http->trailers.host = host;
    http->trailers.body = &http->incoming;
    sw_list_init(&http->calls);
    sw_list_init(&http->contents);
    host_event_init(&http->incoming.source.ready);
}

/* Nothing reads the body that is being written any more. */
static void detach(struct host_http *http)
{
    struct host_http_types_outgoing_body *body = http->attached;
    http->attached = NULL;
    if (body) {
        host_outgoing_body_break(body);
        host_outgoing_body_unref(body);
    }
}

void host_http_deinit(struct host_http *http)
{
    detach(http);
    host_p3_contents_stop(http);
    host_http_calls_stop(http);
    http->exchange = NULL;
}

int host_http_begin(struct host *host, const struct host_http_request *request, void **ret_request,
                    void **ret_outparam, struct sw_err *err)
{
    struct host_http *http = &host->http;
    if (http->exchange)
        return sw_fail(err, SW_EBUG, "this host answers a request already");
    http->exchange = request->exchange;
    http->is_https = request->is_https;
    http->is_head = sw_str_eq(http_exchange_request(request->exchange)->method, SW_LIT("HEAD"));
    http->extra = request->extra;
    http->extra_count = request->extra_count;
    *ret_request = &http->request;
    *ret_outparam = &http->outparam;
    return 0;
}

void host_http_readable(struct host *host)
{
    host_event_fire(&host->http.incoming.source.ready);
}

void host_http_writable(struct host *host)
{
    struct host_http_types_outgoing_body *body = host->http.attached;
    if (!body)
        return;
    host_outgoing_body_pump(body);
    host_event_fire(&body->sink.ready);
}

void host_http_gone(struct host *host)
{
    host->http.gone = true;
    detach(&host->http);
    host_event_fire(&host->http.incoming.source.ready);
}

enum host_http_outcome host_http_end(struct host *host, uint16_t *ret_error_status)
{
    *ret_error_status = host->http.error_status;
    host_http_deinit(&host->http);
    return host->http.outcome;
}

/* ---- words ---- */

static const struct sw_str methods[] = {
    /* in the order of the variant */
    SW_LIT_INIT("GET"),     SW_LIT_INIT("HEAD"),   SW_LIT_INIT("POST"),
    SW_LIT_INIT("PUT"),     SW_LIT_INIT("DELETE"), SW_LIT_INIT("CONNECT"),
    SW_LIT_INIT("OPTIONS"), SW_LIT_INIT("TRACE"),  SW_LIT_INIT("PATCH"),
};
#define METHOD_COUNT (sizeof methods / sizeof *methods)
_Static_assert(HOST_HTTP_TYPES_METHOD_GET == 0 && HOST_HTTP_TYPES_METHOD_OTHER == METHOD_COUNT,
               "the table follows the variant");

struct sw_str host_http_method_text(const struct host_http_types_method *method)
{
    return method->tag < METHOD_COUNT ? methods[method->tag] : method->other;
}

void host_http_method_from(struct sw_str text, struct host_http_types_method *ret)
{
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (sw_str_eq(text, methods[i])) {
            ret->tag = (enum host_http_types_method_tag)i;
            return;
        }
    }
    ret->tag = HOST_HTTP_TYPES_METHOD_OTHER;
    ret->other = text;
}

/* SW_EINPUT is bad framing when reading, and a body that is not as long as promised when writing. */
static enum host_http_types_error_code_tag tag_of(enum host_error_origin origin, enum sw_code code)
{
    switch (code) {
    case SW_EINPUT:
        return HOST_HTTP_TYPES_ERROR_CODE_HTTP_PROTOCOL_ERROR;
    case SW_ELIMIT:
        return origin == HOST_ERROR_HTTP_RESPONSE ? HOST_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_BODY_SIZE
                                                  : HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_BODY_SIZE;
    case SW_EIO:
        return HOST_HTTP_TYPES_ERROR_CODE_CONNECTION_TERMINATED;
    case SW_ETIMEOUT:
        return origin == HOST_ERROR_HTTP_INCOMING ? HOST_HTTP_TYPES_ERROR_CODE_CONNECTION_READ_TIMEOUT
                                                  : HOST_HTTP_TYPES_ERROR_CODE_CONNECTION_WRITE_TIMEOUT;
    case SW_OK:
    case SW_ENOMEM:
    case SW_ECANCELLED:
    case SW_EDENIED:
    case SW_EGUEST:
    case SW_EBUG:
    case SW_CODE_COUNT:
        break;
    }
    return HOST_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR;
}

void host_http_error_code(enum host_error_origin origin, enum sw_code code, uint64_t bytes,
                          struct host_http_types_error_code *ret)
{
    *ret = (struct host_http_types_error_code){0};
    if (code == SW_EINPUT && origin == HOST_ERROR_HTTP_RESPONSE) {
        ret->tag = HOST_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_BODY_SIZE;
        ret->http_response_body_size.has = true;
        ret->http_response_body_size.value = bytes;
    } else if (code == SW_EINPUT && origin == HOST_ERROR_HTTP_REQUEST) {
        ret->tag = HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_BODY_SIZE;
        ret->http_request_body_size.has = true;
        ret->http_request_body_size.value = bytes;
    } else {
        ret->tag = tag_of(origin, code);
    }
}

int host_http_types_http_error_code(struct component_call *call, struct host_io_error_error *err,
                                    struct host_option_http_types_error_code *ret)
{
    (void)call;
    ret->has = err->origin != HOST_ERROR_PLAIN && err->origin != HOST_ERROR_FILE;
    if (ret->has)
        host_http_error_code(err->origin, err->code, err->bytes, &ret->value);
    return 0;
}
