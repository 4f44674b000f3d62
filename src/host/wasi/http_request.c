/* http_request.c - incoming-request: the head that the exchange parsed.  Room: host.
 *
 * Strings are views of the connection's buffer, which lasts as long as the exchange. */
#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/wasi/io.h"

static const struct http_request *head_of(const struct host_http_types_incoming_request *request)
{
    return http_exchange_request(request->host->http.exchange);
}

void host_http_types_incoming_request_drop(void *owner, void *object)
{
    struct host_http_types_incoming_request *request = object; /* part of the host */
    host_fields_unref(owner, request->headers);
    request->headers = NULL;
}

int host_http_types_incoming_request_method(struct component_call *call,
                                            struct host_http_types_incoming_request *self,
                                            struct host_http_types_method *ret)
{
    (void)call;
    host_http_method_from(head_of(self)->method, ret);
    return 0;
}

int host_http_types_incoming_request_path_with_query(struct component_call *call,
                                                     struct host_http_types_incoming_request *self,
                                                     struct host_option_str *ret)
{
    const struct http_request *head = head_of(self);
    ret->has = true;
    ret->value = head->path;
    if (!head->has_query)
        return 0;
    if (head->query.p == head->path.p + head->path.n + 1) { /* as it stands in the head, '?' between them */
        ret->value.n = head->path.n + 1 + head->query.n;
        return 0;
    }
    const char *text =
        sw_arena_printf(&host_of(call)->arena, SW_FMT "?" SW_FMT, SW_ARG(head->path), SW_ARG(head->query));
    if (!text)
        return host_trap(call, "no memory for a path of %zu bytes", head->path.n + head->query.n);
    ret->value = sw_str_of(text);
    return 0;
}

int host_http_types_incoming_request_scheme(struct component_call *call,
                                            struct host_http_types_incoming_request *self,
                                            struct host_option_http_types_scheme *ret)
{
    (void)call;
    ret->has = true;
    ret->value.tag = self->host->http.is_https ? HOST_HTTP_TYPES_SCHEME_HTTPS : HOST_HTTP_TYPES_SCHEME_HTTP;
    return 0;
}

int host_http_types_incoming_request_authority(struct component_call *call,
                                               struct host_http_types_incoming_request *self,
                                               struct host_option_str *ret)
{
    (void)call;
    ret->value = head_of(self)->authority;
    ret->has = ret->value.n > 0;
    return 0;
}

/* A client must not be able to say what only the host knows (spin.md 12). */
static bool is_spins(struct sw_str name)
{
    return name.n >= 5 && sw_str_eq_nocase(sw_str_head(name, 5), SW_LIT("spin-"));
}

/* Guests of other hosts see names in lower case, whatever the client wrote, and some compare them so. NULL in p: no memory. */
static struct sw_str lower_name(struct host *host, struct sw_str name)
{
    size_t i = 0;
    while (i < name.n && (name.p[i] < 'A' || name.p[i] > 'Z'))
        i++;
    if (i == name.n)
        return name;
    char *text = sw_arena_try(&host->arena, name.n, 1);
    if (!text)
        return (struct sw_str){NULL, 0};
    for (i = 0; i < name.n; i++)
        text[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] | 0x20 : name.p[i]);
    return sw_str(text, name.n);
}

int host_http_request_fields(struct host *host, struct host_field **ret, uint32_t *ret_count,
                             struct sw_err *err)
{
    const struct http_request *head = http_exchange_request(host->http.exchange);
    size_t max = (size_t)head->field_count + host->http.extra_count;
    struct host_field *entries = SW_ARENA_ARRAY(&host->arena, max, struct host_field);
    if (!entries)
        return sw_fail(err, SW_ENOMEM, "no memory for %zu request fields", max);
    uint32_t n = 0;
    for (uint32_t i = 0; i < head->field_count; i++) {
        if (host_fields_forbidden(head->fields[i].name) || is_spins(head->fields[i].name))
            continue;
        struct sw_str name = lower_name(host, head->fields[i].name);
        if (!name.p)
            return sw_fail(err, SW_ENOMEM, "no memory for a field name of %zu bytes", head->fields[i].name.n);
        entries[n++] = (struct host_field){.name = name, .value = head->fields[i].value};
    }
    for (uint32_t i = 0; i < host->http.extra_count; i++)
        entries[n++] =
            (struct host_field){.name = host->http.extra[i].name, .value = host->http.extra[i].value};
    *ret = entries;
    *ret_count = n;
    return 0;
}

static int headers_make(struct component_call *call, struct host_http_types_incoming_request *request)
{
    struct host_field *entries = NULL;
    struct sw_err err;
    uint32_t count = 0;
    if (host_http_request_fields(request->host, &entries, &count, &err) < 0)
        return host_trap(call, "%s", err.text);
    request->headers = host_fields_view(call, entries, count);
    return request->headers ? 0 : -SW_EGUEST;
}

int host_http_types_incoming_request_headers(struct component_call *call,
                                             struct host_http_types_incoming_request *self,
                                             struct host_http_types_fields **ret)
{
    if (!self->headers) {
        int rc = headers_make(call, self);
        if (rc < 0)
            return rc;
    }
    *ret = host_fields_ref(self->headers);
    return 0;
}
