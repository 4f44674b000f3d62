/* http.c - fermyon:spin/http: a request to others as one value, its response as one.  Room: host.
 *
 *   send-request: fields, URL checked --> hop: allowed? --> client --> head --> body, whole --> the response
 *                                          ^                             |
 *                                          '------ Location, 10 times ---'
 *
 * Each hop is asked for anew, unlike in Spin (spin.md 12). The arguments lie in the guest's memory, which nobody may look at after the first
 * wait: what a hop needs is copied before. source: spin.md 4.7; wit/fermyon-spin.wit */
#include "engine/engine.h"
#include "host/bindings/spin_http.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/wasi/http_outgoing.h"

#define AGAIN 2 /* beside 0 and HOST_WIT_ERROR */
#define DENIED HOST_SPIN_HTTP_TYPES_HTTP_ERROR_DESTINATION_NOT_ALLOWED
#define BAD_URL HOST_SPIN_HTTP_TYPES_HTTP_ERROR_INVALID_URL
#define FAILED HOST_SPIN_HTTP_TYPES_HTTP_ERROR_RUNTIME_ERROR
#define TOO_MANY HOST_SPIN_HTTP_TYPES_HTTP_ERROR_TOO_MANY_REQUESTS

static const enum host_http_types_method_tag method_tags[] = {
    [HOST_SPIN_HTTP_TYPES_METHOD_GET] = HOST_HTTP_TYPES_METHOD_GET,
    [HOST_SPIN_HTTP_TYPES_METHOD_POST] = HOST_HTTP_TYPES_METHOD_POST,
    [HOST_SPIN_HTTP_TYPES_METHOD_PUT] = HOST_HTTP_TYPES_METHOD_PUT,
    [HOST_SPIN_HTTP_TYPES_METHOD_DELETE] = HOST_HTTP_TYPES_METHOD_DELETE,
    [HOST_SPIN_HTTP_TYPES_METHOD_PATCH] = HOST_HTTP_TYPES_METHOD_PATCH,
    [HOST_SPIN_HTTP_TYPES_METHOD_HEAD] = HOST_HTTP_TYPES_METHOD_HEAD,
    [HOST_SPIN_HTTP_TYPES_METHOD_OPTIONS] = HOST_HTTP_TYPES_METHOD_OPTIONS,
};

struct send { /* on the fiber's stack; its request ends before the frame does */
    struct component_call *caller;
    struct host_event changed;
    struct http_client_request *request;
    struct host_http_types_method method;
    struct sw_str uri; /* in the call's scratch */
    struct host_http_types_fields *fields;
    bool has_body;
    struct host_buffered body;
    size_t body_at;                 /* bytes that the client took */
    struct host_http_target target; /* its texts are the hop's request's */
    enum host_spin_http_types_http_error error;
};

static int refuse(struct send *send, enum host_spin_http_types_http_error error)
{
    send->error = error;
    return HOST_WIT_ERROR;
}

static int no_memory(struct send *send, size_t n)
{
    return host_trap(send->caller, "no memory for %zu bytes of a request", n);
}

static int keep(struct send *send, struct sw_str text, struct sw_str *ret)
{
    struct sw_err err;
    int rc = sw_arena_copy(component_call_scratch(send->caller), text, ret, &err);
    return rc < 0 ? no_memory(send, text.n) : 0;
}

/* ---- what the client asks, on the loop ---- */

static void on_changed(void *arg)
{
    host_event_fire(&((struct send *)arg)->changed);
}

static int body_read(void *arg, char *p, size_t n, size_t *ret_n)
{
    struct send *send = arg;
    struct sw_str rest = sw_str_head(sw_str_from(sw_buf_str(&send->body.bytes), send->body_at), n);
    if (rest.n == 0)
        return SW_END;
    memcpy(p, rest.p, rest.n);
    send->body_at += rest.n;
    *ret_n = rest.n;
    return 0;
}

static uint64_t body_length(void *arg)
{
    return ((const struct send *)arg)->body.bytes.n;
}

static int connect_chain(void *arg)
{
    const struct send *send = arg;
    const struct host *host = host_of(send->caller);
    const struct host_outside *outside = host->grants->outside;
    return outside->chain_connect(outside->chain_arg, send->target.chain_target, host->chain_depth + 1);
}

/* ---- the arguments ---- */

/* What the connection's business is, is left out; what is no field fails the request, as Spin's builder does. */
static int take_fields(struct send *send, const struct host_list_tuple_str_str *list)
{
    struct host_http_types_header_error error;
    int rc = host_http_types_fields_new(send->caller, &send->fields);
    for (size_t i = 0; rc == 0 && i < list->n; i++) {
        rc = host_http_types_fields_append(send->caller, send->fields, list->items[i].f0, list->items[i].f1,
                                           &error);
        if (rc == HOST_WIT_ERROR)
            rc = error.tag == HOST_HTTP_TYPES_HEADER_ERROR_FORBIDDEN ? 0 : refuse(send, FAILED);
    }
    return rc;
}

static int take(struct send *send, const struct host_spin_http_types_request *req)
{
    struct sw_err err;
    send->method.tag = method_tags[req->method];
    send->has_body = req->body.has;
    int rc = req->uri.n > HOST_URI_BYTES_MAX ? refuse(send, BAD_URL) : keep(send, req->uri, &send->uri);
    if (rc == 0)
        rc = take_fields(send, &req->headers);
    if (rc != 0 || !send->has_body)
        return rc;
    rc = host_buffered_add(&send->body, req->body.value, &err);
    if (rc == -SW_ENOMEM)
        return no_memory(send, req->body.value.n);
    return rc < 0 ? refuse(send, TOO_MANY) : 0;
}

/* ---- URLs ---- */

struct url { /* RFC 3986: scheme "://" authority path ["?" query]; a path alone is the application's own */
    bool is_own;
    struct sw_str scheme;
    struct sw_str authority;
    struct sw_str path; /* with the query; without a fragment */
};

static struct sw_str until(struct sw_str text, const char *ends)
{
    size_t n = 0;
    while (n < text.n && !strchr(ends, text.p[n]))
        n++;
    return sw_str_head(text, n);
}

/* "https:"; 0: none in front */
static size_t scheme_length(struct sw_str text)
{
    struct sw_str name = until(text, ":/?#");
    return name.n && name.n < text.n && text.p[name.n] == ':' ? name.n : 0;
}

static bool url_parse(struct sw_str text, struct url *ret)
{
    *ret = (struct url){.is_own = text.n && text.p[0] == '/'};
    text = until(text, "#");
    if (ret->is_own) {
        ret->path = text;
        return true;
    }
    size_t n = scheme_length(text);
    if (n == 0 || !sw_str_starts(sw_str_from(text, n), SW_LIT("://")))
        return false;
    ret->scheme = sw_str_head(text, n);
    ret->authority = until(sw_str_from(text, n + 3), "/?");
    ret->path = sw_str_from(text, n + 3 + ret->authority.n);
    return ret->authority.n > 0;
}

/* RFC 3986 5.2, without dot segments, which stay as they are. */
static int url_resolve(struct send *send, struct sw_str location)
{
    struct url base;
    struct sw_arena *arena = component_call_scratch(send->caller);
    const char *text;
    if (scheme_length(location))
        return keep(send, location, &send->uri);
    if (!url_parse(send->uri, &base))
        return refuse(send, BAD_URL); /* cannot be: the hop went there */
    struct sw_str path = until(base.path, "?");
    struct sw_str folder = sw_str_head(path, sw_str_rfind(path, '/') + 1); /* none: 0 */
    const char *between = base.is_own ? "" : "://";
    if (sw_str_starts(location, SW_LIT("//")))
        text = sw_arena_printf(arena, SW_FMT ":" SW_FMT, SW_ARG(base.is_own ? SW_LIT("http") : base.scheme),
                               SW_ARG(location));
    else
        text = sw_arena_printf(arena, SW_FMT "%s" SW_FMT SW_FMT "%s" SW_FMT, SW_ARG(base.scheme), between,
                               SW_ARG(base.authority),
                               SW_ARG(sw_str_starts(location, SW_LIT("/"))   ? SW_LIT("")
                                      : sw_str_starts(location, SW_LIT("?")) ? path
                                                                             : folder),
                               !path.n && !sw_str_starts(location, SW_LIT("/")) ? "/" : "", SW_ARG(location));
    if (!text)
        return no_memory(send, location.n);
    send->uri = sw_str_of(text);
    return 0;
}

static int scheme_set(struct send *send, struct host_http_types_outgoing_request *request, struct sw_str name)
{
    struct host_option_http_types_scheme scheme = {.has = true};
    scheme.value.tag = sw_str_eq_nocase(name, SW_LIT("http"))    ? HOST_HTTP_TYPES_SCHEME_HTTP
                       : sw_str_eq_nocase(name, SW_LIT("https")) ? HOST_HTTP_TYPES_SCHEME_HTTPS
                                                                 : HOST_HTTP_TYPES_SCHEME_OTHER;
    if (scheme.value.tag == HOST_HTTP_TYPES_SCHEME_OTHER)
        scheme.value.other = name;
    return host_http_types_outgoing_request_set_scheme(send->caller, request, scheme);
}

/* ---- one hop ---- */

/* Spin asks the list first: what is no URL is not on it. */
static int address(struct send *send, struct host_http_types_outgoing_request *request)
{
    struct url url;
    if (!url_parse(send->uri, &url))
        return refuse(send, DENIED);
    int rc = host_http_types_outgoing_request_set_path_with_query(
        send->caller, request, (struct host_option_str){.has = true, .value = url.path});
    if (rc == HOST_WIT_ERROR)
        return refuse(send, BAD_URL);
    if (rc == 0 && !url.is_own)
        rc = scheme_set(send, request, url.scheme);
    if (rc == 0 && !url.is_own)
        rc = host_http_types_outgoing_request_set_authority(
            send->caller, request, (struct host_option_str){.has = true, .value = url.authority});
    return rc == HOST_WIT_ERROR ? refuse(send, DENIED) : rc;
}

static int find_target(struct send *send, const struct host_http_types_outgoing_request *request)
{
    struct host_http_types_error_code error;
    int rc = host_http_target_find(send->caller, request, &send->target, &error);
    if (rc != HOST_WIT_ERROR)
        return rc;
    return refuse(send, error.tag == HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_DENIED        ? DENIED
                        : error.tag == HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_URI_INVALID ? BAD_URL
                                                                                           : FAILED);
}

static int begin(struct send *send, const struct host_http_types_outgoing_request *request)
{
    const struct host_outside *outside = host_of(send->caller)->grants->outside;
    const struct http_client_body body = {.read = body_read, .length = body_length};
    struct sw_err err;
    uint32_t count = 0;
    struct http_field *fields =
        host_fields_array_room(send->caller, request->headers, HOST_TRACE_FIELDS, &count);
    if (!fields)
        return -SW_EGUEST;
    host_http_add_trace(host_of(send->caller), fields, &count);
    send->body_at = 0;
    const struct http_client_start start = {.method = host_http_method_text(&send->method),
                                            .is_https = sw_str_eq(send->target.scheme, SW_LIT("https")),
                                            .host = send->target.host,
                                            .port = send->target.port,
                                            .authority = send->target.authority,
                                            .target = send->target.path,
                                            .fields = fields,
                                            .field_count = count,
                                            .address = send->target.is_self ? &outside->self_address : NULL,
                                            .connect = send->target.is_chain ? connect_chain : NULL,
                                            .body = send->has_body ? &body : NULL,
                                            .changed = on_changed,
                                            .arg = send};
    int rc = http_client_begin(outside->http, &start, &send->request, &err);
    if (rc == -SW_ENOMEM)
        return no_memory(send, send->uri.n);
    return rc < 0 ? refuse(send, TOO_MANY) : 0;
}

static int changed_wait(struct send *send)
{
    struct sw_err err;
    int rc = host_event_wait(&send->changed, component_call_engine(send->caller), &err);
    return rc < 0 ? rc : 0;
}

/* The client copies what it needs, so the request object goes before anything is waited for. */
static int hop_begin(struct send *send)
{
    struct host_http_types_fields *copy = NULL;
    struct host_http_types_outgoing_request *request = NULL;
    int rc = host_http_types_fields_clone(send->caller, send->fields, &copy);
    if (rc == 0)
        rc = host_http_types_outgoing_request_new(send->caller, copy, &request);
    if (rc != 0)
        return rc;
    rc = address(send, request);
    if (rc == 0)
        rc = find_target(send, request);
    if (rc == 0)
        rc = begin(send, request);
    host_http_types_outgoing_request_drop(host_of(send->caller), request);
    return rc;
}

static int hop_wait(struct send *send, uint16_t *ret_status)
{
    int rc = hop_begin(send);
    if (rc != 0)
        return rc;
    while ((rc = http_client_head(send->request, ret_status)) == SW_WAIT)
        if ((rc = changed_wait(send)) < 0)
            return rc;
    return rc < 0 ? refuse(send, FAILED) : 0;
}

/* ---- redirects ---- */

static bool location_of(const struct send *send, struct sw_str *ret)
{
    struct http_field field;
    for (uint32_t i = 0; http_client_field(send->request, false, i, &field); i++)
        if (sw_str_eq_nocase(field.name, SW_LIT("location"))) {
            *ret = field.value;
            return true;
        }
    return false;
}

static int forget_fields(struct send *send, const struct sw_str *names, size_t count)
{
    struct host_http_types_header_error error;
    for (size_t i = 0; i < count; i++)
        if (host_http_types_fields_delete(send->caller, send->fields, names[i], &error) < 0)
            return -SW_EGUEST;
    return 0;
}

/* RFC 9110 15.4: 301, 302 and 303 make a GET of what is no GET or HEAD. */
static int turn_into_get(struct send *send, uint16_t status)
{
    static const struct sw_str OF_BODY[] = {SW_LIT_INIT("content-length"), SW_LIT_INIT("content-type"),
                                            SW_LIT_INIT("content-encoding")};
    if (status > 303 || send->method.tag == HOST_HTTP_TYPES_METHOD_GET ||
        send->method.tag == HOST_HTTP_TYPES_METHOD_HEAD)
        return 0;
    send->method.tag = HOST_HTTP_TYPES_METHOD_GET;
    send->has_body = false;
    return forget_fields(send, OF_BODY, sizeof OF_BODY / sizeof *OF_BODY);
}

/* What was meant for one host is no other's business. */
static int forget_secrets(struct send *send, struct sw_str old_uri)
{
    static const struct sw_str SECRET[] = {SW_LIT_INIT("authorization"), SW_LIT_INIT("cookie"),
                                           SW_LIT_INIT("www-authenticate")};
    struct url from, to;
    if (!url_parse(old_uri, &from) || !url_parse(send->uri, &to))
        return 0; /* the next hop refuses it */
    if (from.is_own == to.is_own && sw_str_eq_nocase(from.authority, to.authority) &&
        sw_str_eq_nocase(from.scheme, to.scheme))
        return 0;
    return forget_fields(send, SECRET, sizeof SECRET / sizeof *SECRET);
}

/* 0: the response stands; AGAIN: the next hop is due. */
static int follow(struct send *send, uint16_t status)
{
    struct sw_str location, old_uri = send->uri;
    bool is_redirect = (status >= 301 && status <= 303) || status == 307 || status == 308;
    if (!is_redirect || !location_of(send, &location) || location.n > HOST_URI_BYTES_MAX)
        return 0;
    int rc = url_resolve(send, location);
    if (rc == 0)
        rc = turn_into_get(send, status);
    if (rc == 0)
        rc = forget_secrets(send, old_uri);
    if (rc != 0)
        return rc;
    http_client_drop(send->request);
    send->request = NULL;
    return AGAIN;
}

/* ---- the response ---- */

static int give_headers(struct send *send, struct host_option_list_tuple_str_str *ret)
{
    struct http_field field;
    uint32_t count = 0, n = 0;
    int rc = 0;
    while (http_client_field(send->request, false, count, &field))
        count++;
    struct host_tuple_str_str *items =
        SW_ARENA_ARRAY(component_call_scratch(send->caller), count, struct host_tuple_str_str);
    if (!items)
        return no_memory(send, count * sizeof *items);
    for (uint32_t i = 0; rc == 0 && http_client_field(send->request, false, i, &field); i++) {
        if (host_fields_forbidden(field.name) || !sw_utf8_valid(field.value))
            continue; /* as Spin leaves out what is no text */
        rc = keep(send, field.name, &items[n].f0);
        if (rc == 0)
            rc = keep(send, field.value, &items[n].f1);
        for (size_t k = 0; rc == 0 && k < field.name.n; k++)
            if (field.name.p[k] >= 'A' && field.name.p[k] <= 'Z')
                ((char *)(uintptr_t)items[n].f0.p)[k] = (char)(field.name.p[k] | 0x20); /* our copy */
        n++;
    }
    *ret = (struct host_option_list_tuple_str_str){.has = true, .value = {items, n}};
    return rc;
}

static int receive_wait(struct send *send, struct host_buffered *to)
{
    struct sw_str bytes;
    struct sw_err err;
    int rc;
    while ((rc = http_client_peek(send->request, &bytes)) != SW_END) {
        if (rc == SW_WAIT) {
            if ((rc = changed_wait(send)) < 0)
                return rc;
            continue;
        }
        if (rc < 0 || host_buffered_add(to, bytes, &err) < 0)
            return refuse(send, FAILED);
        http_client_consume(send->request, bytes.n);
    }
    return 0;
}

static int send_wait(struct send *send, struct host_spin_http_types_response *ret)
{
    struct host_buffered *body = &host_of(send->caller)->spin_body;
    int rc = AGAIN;
    for (unsigned hops = 0; rc == AGAIN; hops++) {
        rc = hops > HOST_SPIN_HTTP_HOPS_MAX ? refuse(send, FAILED) : hop_wait(send, &ret->status);
        if (rc == 0)
            rc = follow(send, ret->status);
    }
    if (rc == 0)
        rc = give_headers(send, &ret->headers);
    if (rc != 0)
        return rc;
    host_buffered_deinit(body);
    rc = receive_wait(send, body);
    ret->body = (struct host_option_str){.has = true, .value = sw_buf_str(&body->bytes)};
    return rc;
}

int host_spin_http_send_request_wait(struct component_call *call, struct host_spin_http_types_request req,
                                     struct host_spin_http_types_response *ret,
                                     enum host_spin_http_types_http_error *ret_error)
{
    struct send send = {.caller = call};
    host_event_init(&send.changed);
    host_buffered_init(&send.body);
    int rc = take(&send, &req);
    if (rc == 0)
        rc = send_wait(&send, ret);
    if (send.request)
        http_client_drop(send.request);
    host_fields_unref(host_of(call), send.fields);
    host_buffered_deinit(&send.body);
    *ret_error = send.error;
    return rc;
}
