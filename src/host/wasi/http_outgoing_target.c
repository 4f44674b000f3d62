/* http_outgoing_target.c - where an outgoing request goes, and whether the component may send it there.  Room: host.
 *
 * Nothing here does I/O: what is denied is denied before a name is looked up.
 * source: spin.md 1.11, 2.8, 4.7 */
#include "app/outbound.h"
#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/wasi/http_outgoing.h"

static int refuse(struct host_http_types_error_code *ret, enum host_http_types_error_code_tag tag)
{
    *ret = (struct host_http_types_error_code){.tag = tag};
    return HOST_WIT_ERROR;
}

/* "host[:port]" or "[v6]:port", whose form was checked when it was set; a name of a user in front is refused. */
static bool split(struct sw_str authority, struct sw_str *ret_host, struct sw_str *ret_port)
{
    size_t bracket = sw_str_rfind(authority, ']');
    size_t colon = sw_str_rfind(authority, ':');
    *ret_port = sw_str("", 0);
    *ret_host = authority;
    if (sw_str_find(authority, '@') != SW_NPOS)
        return false;
    if (colon != SW_NPOS && (bracket == SW_NPOS || colon > bracket)) {
        *ret_port = sw_str_from(authority, colon + 1);
        ret_host->n = colon;
    }
    if (bracket != SW_NPOS)
        *ret_host = sw_str(ret_host->p + 1, ret_host->n - 2);
    return ret_host->n > 0;
}

static struct sw_str scheme_of(const struct host_http_types_outgoing_request *request)
{
    if (!request->has_scheme || request->scheme == HOST_HTTP_TYPES_SCHEME_HTTPS)
        return SW_LIT("https"); /* spin.md 4.7: no scheme is https */
    return request->scheme == HOST_HTTP_TYPES_SCHEME_HTTP ? SW_LIT("http") : request->scheme_text;
}

static int path_of(struct component_call *call, const struct host_http_types_outgoing_request *request,
                   struct host_http_target *ret, struct host_http_types_error_code *ret_error)
{
    struct sw_str path = request->path;
    ret->path = path;
    if (path.n == 0) {
        ret->path = SW_LIT("/");
    } else if (path.p[0] == '?') {
        const char *text = sw_arena_printf(&host_of(call)->arena, "/" SW_FMT, SW_ARG(path));
        if (!text)
            return host_trap(call, "no memory for a path of %zu bytes", path.n);
        ret->path = sw_str_of(text);
    } else if (path.p[0] != '/' && !sw_str_eq(path, SW_LIT("*"))) {
        return refuse(ret_error, HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_URI_INVALID);
    }
    return 0;
}

static void say_denied(struct component_call *call, struct sw_str scheme, struct sw_str destination)
{
    host_say_denied(host_of(call), "tried to make a request to a host", scheme, destination);
}

static int to_self(struct component_call *call, struct sw_str scheme, struct host_http_target *ret,
                   struct host_http_types_error_code *ret_error)
{
    const struct host_outside *outside = host_of(call)->grants->outside;
    const struct app_outbound *outbound = host_grants_of(call)->outbound;
    if (!app_outbound_allows_self(outbound, scheme) && !app_outbound_allows_self(outbound, SW_LIT("http"))) {
        say_denied(call, SW_LIT("http"), SW_LIT("self"));
        return refuse(ret_error, HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_DENIED);
    }
    if (!outside || outside->self_authority.n == 0)
        return refuse(ret_error, HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_URI_INVALID);
    ret->is_self = true;
    ret->scheme = SW_LIT("http");
    ret->host = SW_LIT("self");
    ret->authority = outside->self_authority;
    ret->port = outside->self_port;
    return 0;
}

static bool is_chained(struct sw_str host, struct sw_str *ret_id)
{
    static const struct sw_str suffix = SW_LIT_INIT(".spin.internal");
    if (host.n <= suffix.n || !sw_str_eq_nocase(sw_str_from(host, host.n - suffix.n), suffix))
        return false;
    *ret_id = sw_str(host.p, host.n - suffix.n);
    return true;
}

/* Never a name of the network: whoever answered it would get what was meant for a component (spin.md 2.8). */
static int to_component(struct component_call *call, struct sw_str id, struct host_http_target *ret,
                        struct host_http_types_error_code *ret_error)
{
    const struct host_outside *outside = host_of(call)->grants->outside;
    if (!outside->chain_find)
        return refuse(ret_error, HOST_HTTP_TYPES_ERROR_CODE_DESTINATION_NOT_FOUND);
    if (host_of(call)->chain_depth >= HOST_CHAIN_DEPTH_MAX)
        return refuse(ret_error, HOST_HTTP_TYPES_ERROR_CODE_LOOP_DETECTED);
    if (outside->chain_find(outside->chain_arg, id, &ret->chain_target) != 0)
        return host_trap(call,
                         "no component '" SW_FMT "' answers HTTP requests in this application: expected a "
                         "[[trigger.http]] for it, one with a private route is enough",
                         SW_ARG(sw_str_head(id, 64)));
    ret->is_chain = true;
    ret->scheme = SW_LIT("http"); /* whatever was said: nothing leaves the process */
    return 0;
}

/* A way out there is only where something of the application was granted one: a scheme or a host that fits is not enough. */
static int to_others(struct component_call *call, struct host_http_target *ret,
                     struct host_http_types_error_code *ret_error)
{
    if (!app_outbound_allows(host_grants_of(call)->outbound, ret->scheme, ret->host, ret->port) ||
        !host_of(call)->grants->outside) {
        say_denied(call, ret->scheme, ret->authority);
        return refuse(ret_error, HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_DENIED);
    }
    if (!sw_str_eq(ret->scheme, SW_LIT("http")) && !sw_str_eq(ret->scheme, SW_LIT("https")))
        return refuse(ret_error, HOST_HTTP_TYPES_ERROR_CODE_HTTP_PROTOCOL_ERROR);
    struct sw_str id;
    return is_chained(ret->host, &id) ? to_component(call, id, ret, ret_error) : 0;
}

int host_http_target_find(struct component_call *call, const struct host_http_types_outgoing_request *request,
                          struct host_http_target *ret, struct host_http_types_error_code *ret_error)
{
    struct host_http_target target = {.scheme = scheme_of(request), .authority = request->authority};
    struct sw_str port;
    uint64_t number = 0;
    int rc = path_of(call, request, &target, ret_error);
    if (rc != 0)
        return rc;
    if (!request->authority.p) {
        rc = to_self(call, target.scheme, &target, ret_error);
    } else if (!split(request->authority, &target.host, &port)) {
        rc = refuse(ret_error, HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_URI_INVALID);
    } else if (sw_str_eq_nocase(target.host, SW_LIT("self")) ||
               sw_str_eq_nocase(target.host, SW_LIT("self.alt"))) {
        rc = to_self(call, target.scheme, &target, ret_error);
    } else {
        (void)app_outbound_default_port(target.scheme, &target.port); /* stays 0, which is no port to allow */
        if (port.n && sw_str_to_u64(port, UINT16_MAX, &number))
            target.port = (uint16_t)number;
        rc = to_others(call, &target, ret_error);
    }
    if (rc == 0)
        *ret = target;
    return rc;
}
