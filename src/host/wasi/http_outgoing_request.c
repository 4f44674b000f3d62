/* http_outgoing_request.c - outgoing-request and request-options: what a guest wants to ask of others.  Room: host. */
#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/wasi/http_outgoing.h"

/* ---- owned texts ---- */

static void text_free(struct host *host, struct sw_str *text)
{
    if (text->p)
        host_object_free(&host->objects, (void *)(uintptr_t)text->p,
                         text->n); /* const by sw_str: it is ours */
    *text = sw_str(NULL, 0);
}

/* Replaces *text by a copy; the empty text is a copy too, so that p tells it from none. */
static int text_set(struct component_call *call, struct sw_str *text, struct sw_str value)
{
    char *copy = host_new_object(call, value.n);
    if (!copy)
        return -SW_EGUEST;
    if (value.n)
        memcpy(copy, value.p, value.n);
    text_free(host_of(call), text);
    *text = sw_str(copy, value.n);
    return 0;
}

/* ---- rules ---- */

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* RFC 3986 3.1 */
static bool scheme_ok(struct sw_str text)
{
    if (text.n == 0 || text.n > 64 || !is_alpha(text.p[0]))
        return false;
    for (size_t i = 1; i < text.n; i++)
        if (!is_alpha(text.p[i]) && !is_digit(text.p[i]) && text.p[i] != '+' && text.p[i] != '-' &&
            text.p[i] != '.')
            return false;
    return true;
}

/* No byte that ends or splits a request line, and none of those in `not_in`. */
static bool uri_bytes_ok(struct sw_str text, struct sw_str not_in)
{
    if (text.n > HOST_URI_BYTES_MAX)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c <= 0x20 || c >= 0x7f || sw_str_find(not_in, text.p[i]) != SW_NPOS)
            return false;
    }
    return true;
}

/* RFC 3986 3.2 and 3.2.3: a host, and a port of digits up to 65535 where there is a colon. */
static bool authority_ok(struct sw_str text)
{
    if (!uri_bytes_ok(text, SW_LIT("/?#\\<>\"")))
        return false;
    size_t at = sw_str_rfind(text, '@');
    struct sw_str host = at == SW_NPOS ? text : sw_str_from(text, at + 1);
    size_t bracket = sw_str_rfind(host, ']');
    size_t colon = sw_str_rfind(host, ':');
    uint64_t port;
    if (colon != SW_NPOS && (bracket == SW_NPOS || colon > bracket)) {
        if (!sw_str_to_u64(sw_str_from(host, colon + 1), UINT16_MAX, &port))
            return false;
        host.n = colon;
    }
    bool is_v6 = host.p && host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    return host.n > 0 && (is_v6 || (sw_str_find(host, ':') == SW_NPOS && sw_str_find(host, '[') == SW_NPOS &&
                                    bracket == SW_NPOS));
}

/* ---- outgoing-request ---- */

int host_http_types_outgoing_request_new(struct component_call *call, struct host_http_types_fields *headers,
                                         struct host_http_types_outgoing_request **ret)
{
    struct host_http_types_outgoing_request *request =
        HOST_NEW(call, struct host_http_types_outgoing_request);
    if (!request) {
        host_fields_unref(host_of(call), headers);
        return -SW_EGUEST;
    }
    headers->immutable = true;
    request->headers = headers;
    request->method.tag = HOST_HTTP_TYPES_METHOD_GET;
    *ret = request;
    return 0;
}

void host_http_types_outgoing_request_drop(void *owner, void *object)
{
    struct host *host = owner;
    struct host_http_types_outgoing_request *request = object;
    if (request->body)
        host_outgoing_body_break(request->body);
    host_outgoing_body_unref(request->body);
    host_fields_unref(host, request->headers);
    text_free(host, &request->method_text);
    text_free(host, &request->scheme_text);
    text_free(host, &request->path);
    text_free(host, &request->authority);
    HOST_FREE(host, request);
}

int host_http_types_outgoing_request_body(struct component_call *call,
                                          struct host_http_types_outgoing_request *self,
                                          struct host_http_types_outgoing_body **ret)
{
    uint64_t length = UINT64_MAX;
    if (self->body || host_fields_content_length(self->headers, &length) == SW_END)
        return HOST_WIT_ERROR;
    self->body = host_outgoing_body_new(call, true, length);
    if (!self->body)
        return -SW_EGUEST;
    *ret = self->body;
    return 0;
}

int host_http_types_outgoing_request_method(struct component_call *call,
                                            struct host_http_types_outgoing_request *self,
                                            struct host_http_types_method *ret)
{
    (void)call;
    *ret = self->method;
    if (ret->tag == HOST_HTTP_TYPES_METHOD_OTHER)
        ret->other = self->method_text;
    return 0;
}

int host_http_types_outgoing_request_set_method(struct component_call *call,
                                                struct host_http_types_outgoing_request *self,
                                                struct host_http_types_method method)
{
    if (method.tag == HOST_HTTP_TYPES_METHOD_OTHER) {
        if (!http_is_token(method.other) || method.other.n > HOST_URI_BYTES_MAX)
            return HOST_WIT_ERROR;
        int rc = text_set(call, &self->method_text, method.other);
        if (rc < 0)
            return rc;
    }
    self->method.tag = method.tag;
    return 0;
}

static struct host_option_str text_option(struct sw_str text)
{
    return (struct host_option_str){.has = text.p != NULL, .value = text};
}

static int text_set_option(struct component_call *call, struct sw_str *text, struct host_option_str value,
                           bool ok)
{
    if (!value.has) {
        text_free(host_of(call), text);
        return 0;
    }
    return ok ? text_set(call, text, value.value) : HOST_WIT_ERROR;
}

int host_http_types_outgoing_request_path_with_query(struct component_call *call,
                                                     struct host_http_types_outgoing_request *self,
                                                     struct host_option_str *ret)
{
    (void)call;
    *ret = text_option(self->path);
    return 0;
}

int host_http_types_outgoing_request_set_path_with_query(struct component_call *call,
                                                         struct host_http_types_outgoing_request *self,
                                                         struct host_option_str path_with_query)
{
    bool ok = path_with_query.has && uri_bytes_ok(path_with_query.value, SW_LIT("#<>"));
    return text_set_option(call, &self->path, path_with_query, ok);
}

int host_http_types_outgoing_request_scheme(struct component_call *call,
                                            struct host_http_types_outgoing_request *self,
                                            struct host_option_http_types_scheme *ret)
{
    (void)call;
    ret->has = self->has_scheme;
    ret->value.tag = self->scheme;
    if (self->scheme == HOST_HTTP_TYPES_SCHEME_OTHER)
        ret->value.other = self->scheme_text;
    return 0;
}

int host_http_types_outgoing_request_set_scheme(struct component_call *call,
                                                struct host_http_types_outgoing_request *self,
                                                struct host_option_http_types_scheme scheme)
{
    if (scheme.has && scheme.value.tag == HOST_HTTP_TYPES_SCHEME_OTHER) {
        if (!scheme_ok(scheme.value.other))
            return HOST_WIT_ERROR;
        int rc = text_set(call, &self->scheme_text, scheme.value.other);
        if (rc < 0)
            return rc;
    }
    self->has_scheme = scheme.has;
    if (scheme.has)
        self->scheme = scheme.value.tag;
    return 0;
}

int host_http_types_outgoing_request_authority(struct component_call *call,
                                               struct host_http_types_outgoing_request *self,
                                               struct host_option_str *ret)
{
    (void)call;
    *ret = text_option(self->authority);
    return 0;
}

int host_http_types_outgoing_request_set_authority(struct component_call *call,
                                                   struct host_http_types_outgoing_request *self,
                                                   struct host_option_str authority)
{
    return text_set_option(call, &self->authority, authority, authority.has && authority_ok(authority.value));
}

int host_http_types_outgoing_request_headers(struct component_call *call,
                                             struct host_http_types_outgoing_request *self,
                                             struct host_http_types_fields **ret)
{
    (void)call;
    *ret = host_fields_ref(self->headers);
    return 0;
}

/* ---- request-options ---- */

int host_http_types_request_options_new(struct component_call *call,
                                        struct host_http_types_request_options **ret)
{
    *ret = HOST_NEW(call, struct host_http_types_request_options);
    return *ret ? 0 : -SW_EGUEST;
}

void host_http_types_request_options_drop(void *owner, void *object)
{
    struct host_http_types_request_options *options = object;
    HOST_FREE((struct host *)owner, options);
}

int host_http_types_request_options_connect_timeout(struct component_call *call,
                                                    struct host_http_types_request_options *self,
                                                    struct host_option_u64 *ret)
{
    (void)call;
    *ret = self->connect;
    return 0;
}

int host_http_types_request_options_set_connect_timeout(struct component_call *call,
                                                        struct host_http_types_request_options *self,
                                                        struct host_option_u64 duration)
{
    (void)call;
    self->connect = duration;
    return 0;
}

int host_http_types_request_options_first_byte_timeout(struct component_call *call,
                                                       struct host_http_types_request_options *self,
                                                       struct host_option_u64 *ret)
{
    (void)call;
    *ret = self->first_byte;
    return 0;
}

int host_http_types_request_options_set_first_byte_timeout(struct component_call *call,
                                                           struct host_http_types_request_options *self,
                                                           struct host_option_u64 duration)
{
    (void)call;
    self->first_byte = duration;
    return 0;
}

int host_http_types_request_options_between_bytes_timeout(struct component_call *call,
                                                          struct host_http_types_request_options *self,
                                                          struct host_option_u64 *ret)
{
    (void)call;
    *ret = self->between_bytes;
    return 0;
}

int host_http_types_request_options_set_between_bytes_timeout(struct component_call *call,
                                                              struct host_http_types_request_options *self,
                                                              struct host_option_u64 duration)
{
    (void)call;
    self->between_bytes = duration;
    return 0;
}
