/* p3_http.c - wasi:http/types@0.3: request and response, and the one request that a host answers by wasi:http/handler.  Room: host. */
#include "host/wasi3/p3_http.h"

#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/limits.h"

#define P3(name) struct host_p3_http_types_##name

/* ---- words: methods and schemes have the same cases in both ---- */

/* What has a case is that case, though it was given as another's text. */
static struct host_http_types_method old_method(const P3(method) * from)
{
    struct host_http_types_method method = {.tag = (enum host_http_types_method_tag)from->tag,
                                            .other = from->other};
    if (from->tag == HOST_P3_HTTP_TYPES_METHOD_OTHER)
        host_http_method_from(from->other, &method);
    return method;
}

static struct host_http_types_scheme old_scheme(const P3(scheme) * from)
{
    struct host_http_types_scheme scheme = {.tag = (enum host_http_types_scheme_tag)from->tag,
                                            .other = from->other};
    if (from->tag == HOST_P3_HTTP_TYPES_SCHEME_OTHER && sw_str_eq(from->other, SW_LIT("http")))
        scheme.tag = HOST_HTTP_TYPES_SCHEME_HTTP;
    else if (from->tag == HOST_P3_HTTP_TYPES_SCHEME_OTHER && sw_str_eq(from->other, SW_LIT("https")))
        scheme.tag = HOST_HTTP_TYPES_SCHEME_HTTPS;
    return scheme;
}

static P3(method) new_method(const struct host_http_types_method *from)
{
    return (P3(method)){.tag = (enum host_p3_http_types_method_tag)from->tag, .other = from->other};
}

/* ---- request ---- */

static void request_free(struct host *host, P3(request) * request)
{
    if (request->contents)
        host_p3_contents_leave(request->contents);
    if (request->made)
        host_http_types_outgoing_request_drop(host, request->made);
    if (request->options)
        host_p3_http_types_request_options_drop(host, request->options);
    HOST_FREE(host, request);
}

void host_p3_http_types_request_drop(void *owner, void *object)
{
    request_free(owner, object);
}

int host_p3_http_types_request_new(struct component_call *call, P3(fields) * headers,
                                   struct host_option_u32 contents, uint32_t trailers,
                                   struct host_option_p3_http_types_request_options options,
                                   struct host_tuple_p3_http_types_request_u32 *ret)
{
    uint64_t length = UINT64_MAX;
    struct host *host = host_of(call);
    P3(request) *request = HOST_NEW(call, P3(request));
    int rc = request ? host_http_types_outgoing_request_new(call, (struct host_http_types_fields *)headers,
                                                            &request->made)
                     : -SW_EGUEST;
    if (!request)
        host_http_types_fields_drop(host, headers);
    if (rc == 0) {
        sw_ignore(host_fields_content_length(request->made->headers,
                                             &length)); /* a bad one is told when it is sent */
        rc = host_p3_contents_new(call, &contents, trailers, true, length, &request->contents, &ret->f1);
    }
    if (options.has && rc == 0) {
        request->options = options.value;
        request->options->immutable = true;
    } else if (options.has) {
        host_p3_http_types_request_options_drop(host, options.value);
    }
    if (rc < 0 && request)
        request_free(host, request);
    ret->f0 = request;
    return rc;
}

int host_p3_http_types_request_get_method(struct component_call *call, P3(request) * self, P3(method) * ret)
{
    struct host_http_types_method method;
    int rc = self->made
                 ? host_http_types_outgoing_request_method(call, self->made, &method)
                 : host_http_types_incoming_request_method(call, &host_of(call)->http.request, &method);
    *ret = new_method(&method);
    return rc;
}

int host_p3_http_types_request_set_method(struct component_call *call, P3(request) * self, P3(method) method)
{
    return self->made ? host_http_types_outgoing_request_set_method(call, self->made, old_method(&method))
                      : HOST_WIT_ERROR; /* the client's is as it came */
}

int host_p3_http_types_request_get_path_with_query(struct component_call *call, P3(request) * self,
                                                   struct host_option_str *ret)
{
    return self->made
               ? host_http_types_outgoing_request_path_with_query(call, self->made, ret)
               : host_http_types_incoming_request_path_with_query(call, &host_of(call)->http.request, ret);
}

int host_p3_http_types_request_set_path_with_query(struct component_call *call, P3(request) * self,
                                                   struct host_option_str path_with_query)
{
    if (path_with_query.has && path_with_query.value.n == 0) /* RFC 9110 4.2.3: the same */
        path_with_query.value = SW_LIT("/");
    return self->made
               ? host_http_types_outgoing_request_set_path_with_query(call, self->made, path_with_query)
               : HOST_WIT_ERROR;
}

int host_p3_http_types_request_get_scheme(struct component_call *call, P3(request) * self,
                                          struct host_option_p3_http_types_scheme *ret)
{
    struct host_option_http_types_scheme scheme = {0};
    int rc = self->made
                 ? host_http_types_outgoing_request_scheme(call, self->made, &scheme)
                 : host_http_types_incoming_request_scheme(call, &host_of(call)->http.request, &scheme);
    ret->has = scheme.has;
    ret->value = (P3(scheme)){.tag = (enum host_p3_http_types_scheme_tag)scheme.value.tag,
                              .other = scheme.value.other};
    return rc;
}

int host_p3_http_types_request_set_scheme(struct component_call *call, P3(request) * self,
                                          struct host_option_p3_http_types_scheme scheme)
{
    const struct host_option_http_types_scheme old = {scheme.has, old_scheme(&scheme.value)};
    return self->made ? host_http_types_outgoing_request_set_scheme(call, self->made, old) : HOST_WIT_ERROR;
}

int host_p3_http_types_request_get_authority(struct component_call *call, P3(request) * self,
                                             struct host_option_str *ret)
{
    return self->made ? host_http_types_outgoing_request_authority(call, self->made, ret)
                      : host_http_types_incoming_request_authority(call, &host_of(call)->http.request, ret);
}

int host_p3_http_types_request_set_authority(struct component_call *call, P3(request) * self,
                                             struct host_option_str authority)
{
    return self->made ? host_http_types_outgoing_request_set_authority(call, self->made, authority)
                      : HOST_WIT_ERROR;
}

int host_p3_http_types_request_get_options(struct component_call *call, P3(request) * self,
                                           struct host_option_p3_http_types_request_options *ret)
{
    ret->has = self->options != NULL;
    if (!ret->has)
        return 0;
    int rc = host_p3_http_types_request_options_clone(call, self->options, &ret->value);
    if (rc == 0)
        ret->value->immutable = true;
    return rc;
}

int host_p3_http_types_request_get_headers(struct component_call *call, P3(request) * self, P3(fields) * *ret)
{
    struct host_http_types_fields *fields = NULL;
    int rc = self->made
                 ? host_http_types_outgoing_request_headers(call, self->made, &fields)
                 : host_http_types_incoming_request_headers(call, &host_of(call)->http.request, &fields);
    *ret = (P3(fields) *)fields;
    return rc;
}

static int no_contents(struct component_call *call, const char *what)
{
    return host_trap(
        call, "consume-body of a %s that the guest made itself: this host reads only what came to it", what);
}

int host_p3_http_types_request_consume_body(struct component_call *call, P3(request) * this_, uint32_t res,
                                            struct host_tuple_u32_u32 *ret)
{
    struct host *host = host_of(call);
    struct host_http_types_incoming_body *body;
    if (this_->made) {
        request_free(host, this_);
        return no_contents(call, "request");
    }
    int rc = host_http_types_incoming_request_consume(call, &host->http.request, &body);
    request_free(host, this_);
    if (rc == HOST_WIT_ERROR) /* there is one object for it, which is gone now */
        rc = host_trap(call, "the request's body was consumed already");
    if (rc == 0)
        rc = host_p3_ignore(call, res, 1);
    return rc < 0 ? rc : host_p3_incoming(call, body, ret);
}

/* ---- response ---- */

void host_p3_http_types_response_drop(void *owner, void *object)
{
    struct host *host = owner;
    P3(response) *response = object;
    if (response->contents)
        host_p3_contents_leave(response->contents);
    if (response->came)
        host_http_types_incoming_response_drop(host, response->came);
    host_fields_unref(host, response->headers);
    HOST_FREE(host, response);
}

P3(response) *
    host_p3_response_of(struct component_call *call, struct host_http_types_incoming_response *came)
{
    P3(response) *response = HOST_NEW(call, P3(response));
    if (!response) {
        host_http_types_incoming_response_drop(host_of(call), came);
        return NULL;
    }
    response->came = came;
    sw_ignore(host_http_types_incoming_response_status(call, came, &response->status));   /* never fail */
    sw_ignore(host_http_types_incoming_response_headers(call, came, &response->headers)); /* a reference */
    return response;
}

int host_p3_http_types_response_new(struct component_call *call, P3(fields) * headers,
                                    struct host_option_u32 contents, uint32_t trailers,
                                    struct host_tuple_p3_http_types_response_u32 *ret)
{
    uint64_t length = UINT64_MAX;
    struct host *host = host_of(call);
    P3(response) *response = HOST_NEW(call, P3(response));
    if (!response) {
        host_http_types_fields_drop(host, headers);
        return -SW_EGUEST;
    }
    response->status = 200;
    response->headers = (struct host_http_types_fields *)headers;
    response->headers->immutable = true;
    sw_ignore(host_fields_content_length(response->headers, &length)); /* a bad one is told when it is sent */
    int rc = host_p3_contents_new(call, &contents, trailers, false, length, &response->contents, &ret->f1);
    if (rc < 0)
        host_p3_http_types_response_drop(host, response);
    ret->f0 = response;
    return rc;
}

int host_p3_http_types_response_get_status_code(struct component_call *call, P3(response) * self,
                                                uint16_t *ret)
{
    (void)call;
    *ret = self->status;
    return 0;
}

int host_p3_http_types_response_set_status_code(struct component_call *call, P3(response) * self,
                                                uint16_t status_code)
{
    (void)call;
    if (self->came || status_code < 100 || status_code > 599)
        return HOST_WIT_ERROR;
    self->status = status_code;
    return 0;
}

int host_p3_http_types_response_get_headers(struct component_call *call, P3(response) * self,
                                            P3(fields) * *ret)
{
    (void)call;
    *ret = (P3(fields) *)host_fields_ref(self->headers);
    return 0;
}

int host_p3_http_types_response_consume_body(struct component_call *call, P3(response) * this_, uint32_t res,
                                             struct host_tuple_u32_u32 *ret)
{
    struct host *host = host_of(call);
    if (!this_->came) {
        host_p3_http_types_response_drop(host, this_);
        return no_contents(call, "response");
    }
    struct host_http_types_incoming_body *body;
    int rc = host_http_types_incoming_response_consume(call, this_->came, &body); /* once: the object goes */
    if (rc != 0)
        return rc;
    rc = host_p3_ignore(call, res, 1);
    if (rc == 0)
        rc = host_p3_incoming(call, body, ret);
    host_http_types_incoming_body_drop(host, body); /* its reference: the stream has one */
    host_p3_http_types_response_drop(host, this_);
    return rc;
}

/* ---- the request that is answered ---- */

int host_p3_http_begin(struct host *host, void (*settled)(void *arg), void *arg, void **ret_request,
                       struct sw_err *err)
{
    host->http.settled = settled;
    host->http.settled_arg = arg;
    *ret_request = host_object_new(&host->objects, sizeof(P3(request)));
    return *ret_request ? 0 : sw_fail(err, SW_ENOMEM, "no memory for a request");
}

static int respond(struct host *host, P3(response) * response, struct sw_err *err)
{
    struct host_http *http = &host->http;
    uint64_t given = UINT64_MAX;
    uint32_t count = 0;
    struct http_field *fields = NULL;
    if (!response->contents)
        return sw_fail(err, SW_EINPUT, "a response of others: this host passes on only what the guest made");
    if (response->status < 200 || host_fields_content_length(response->headers, &given) == SW_END)
        return sw_fail(err, SW_EINPUT, "a response that cannot be sent");
    int rc = host_fields_list(host, response->headers, &fields, &count, err);
    if (rc == 0 && given == UINT64_MAX && !response->contents->has_bytes && !http->is_head &&
        response->status != 204 && response->status != 304)
        given = 0;
    return rc < 0 ? rc : http_exchange_respond(http->exchange, response->status, fields, count, given, err);
}

void host_p3_http_respond(struct host *host, void *object)
{
    struct host_http *http = &host->http;
    P3(response) *response = object;
    struct sw_err err;
    http->outcome = http->gone ? HOST_HTTP_GONE : HOST_HTTP_ERROR;
    http->error_status = 500;
    int rc = http->exchange ? respond(host, response, &err) : -SW_EIO;
    if (rc == -SW_EIO && http->exchange)
        http->outcome = HOST_HTTP_GONE;
    if (rc == 0) {
        struct host_http_types_outgoing_body *out = response->contents->out;
        http->outcome = HOST_HTTP_STARTED;
        out->refs++;
        http->attached = out;
        http->sending = response->contents;
        host_p3_contents_go(response->contents);
    }
    host_p3_http_types_response_drop(host, response);
}

void host_p3_http_refuse(struct host *host)
{
    host->http.outcome = host->http.gone ? HOST_HTTP_GONE : HOST_HTTP_ERROR;
    host->http.error_status = 500;
}

bool host_p3_http_is_sending(const struct host *host)
{
    const struct host_p3_contents *contents = host->http.sending;
    return contents && !contents->is_over && (contents->bytes_over || contents->from) &&
           (contents->trailers_known || contents->trailers_from) && !contents->out->aborted;
}
