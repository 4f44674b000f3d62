/* manifest_hosts.c - spin.toml: where a component may connect to.  Room: app.
 *
 * source: spin.md 1.11, 1.14 */
#include "app/app_internal.h"
#include "app/limits.h"
#include "app/manifest_internal.h"
#include "app/outbound.h"
#include "app/variables.h"

struct hosts {
    struct sw_str *items;
    uint32_t count;
};

#define PER_HTTP_HOST 3 /* what one entry of allowed_http_hosts becomes at most */
#define DATABASES 3

static int add(struct app__reader *r, struct hosts *hosts, const char *scheme, struct sw_str host)
{
    const char *text = sw_arena_printf(&r->app->arena, "%s" SW_FMT, scheme, SW_ARG(host));
    if (!text)
        return sw_arena_fail(&r->app->arena, host.n, r->err);
    hosts->items[hosts->count++] = sw_str_of(text);
    return 0;
}

/* What allowed_http_hosts can hold without a scheme: "host" or "host:port". */
static bool is_host(struct sw_str text)
{
    size_t colon = sw_str_find(text, ':');
    uint64_t port;
    if (colon != SW_NPOS && !sw_str_to_u64(sw_str_from(text, colon + 1), UINT16_MAX, &port))
        return false;
    struct sw_str host = sw_str_head(text, colon);
    for (size_t i = 0; i < host.n; i++) {
        unsigned char c = (unsigned char)host.p[i];
        if (c <= ' ' || c >= 0x7f || strchr("/?#@*[]{}\\", c))
            return false;
    }
    return host.n > 0;
}

static bool has_http_scheme(struct sw_str text, struct sw_str *ret_host)
{
    static const struct sw_str schemes[] = {SW_LIT_INIT("http://"), SW_LIT_INIT("https://")};
    for (size_t i = 0; i < 2; i++)
        if (sw_str_starts(text, schemes[i])) {
            *ret_host = sw_str_from(text, schemes[i].n);
            if (sw_str_ends(*ret_host, SW_LIT("/")))
                ret_host->n--;
            return true;
        }
    return false;
}

/* Returns 0, or SW_ABSENT when text is no entry of that list. */
static int convert_form(struct app__reader *r, struct sw_str text, struct hosts *hosts)
{
    struct sw_str host;
    int rc = 0;
    if (sw_str_eq(text, SW_LIT("insecure:allow-all"))) {
        rc = add(r, hosts, "http://*:*", sw_str("", 0));
        rc = rc < 0 ? rc : add(r, hosts, "https://*:*", sw_str("", 0));
        return rc < 0 ? rc : add(r, hosts, "http://self", sw_str("", 0));
    }
    if (sw_str_eq(text, SW_LIT("self")))
        return add(r, hosts, "http://", text);
    if (has_http_scheme(text, &host))
        return is_host(host) ? add(r, hosts, "", text) : SW_ABSENT;
    if (!is_host(text))
        return SW_ABSENT;
    rc = add(r, hosts, "http://", text);
    return rc < 0 ? rc : add(r, hosts, "https://", text);
}

/* The same; what comes of it keeps to the grammar of allowed_outbound_hosts. */
static int convert(struct app__reader *r, struct sw_str text, struct hosts *hosts)
{
    uint32_t before = hosts->count;
    int rc = convert_form(r, text, hosts);
    for (uint32_t i = before; rc == 0 && i < hosts->count; i++) {
        struct sw_err unused;
        if (app_outbound_check(hosts->items[i], &unused) < 0)
            rc = SW_ABSENT;
    }
    return rc;
}

static int read_http(struct app__reader *r, const struct codec_toml *http, struct hosts *hosts)
{
    char wrong[400] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < http->count; i++) {
        struct sw_str text = http->children[i].string;
        int rc = convert(r, text, hosts);
        if (rc < 0)
            return rc;
        if (rc == SW_ABSENT && used < sizeof wrong)
            used += (size_t)snprintf(wrong + used, sizeof wrong - used, "%s'%s'", used ? ", " : "",
                                     app__show(text).text);
    }
    if (!used)
        return 0;
    return app__fail(
        r, http->at, SW_EINPUT,
        "allowed_http_hosts: expected host names, with a port or 'http://' or 'https://' perhaps, got "
        "%s\nhint: allowed_outbound_hosts takes every scheme",
        wrong);
}

static int add_databases(struct app__reader *r, struct hosts *hosts)
{
    static const char *const any[DATABASES] = {"redis://*:*", "mysql://*:*", "postgres://*:*"};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < DATABASES; i++)
        rc = add(r, hosts, any[i], sw_str("", 0));
    return rc;
}

/* With the values that are known now: defaults. One without a value is checked when it has one. */
static int check_entry(struct app__reader *r, const struct codec_toml *value)
{
    sw_auto_buf text = SW_BUF(APP_VARIABLE_BYTES_MAX);
    struct sw_err why = {0};
    int rc = app_variables_expand(r->app, value->string, &text, &why);
    struct sw_str entry = sw_buf_str(&text);
    while (entry.n && (entry.p[0] == ' ' || entry.p[0] == '\t'))
        entry = sw_str_from(entry, 1);
    while (entry.n && (entry.p[entry.n - 1] == ' ' || entry.p[entry.n - 1] == '\t'))
        entry.n--;
    bool is_nothing =
        entry.n == 0 || sw_str_eq(entry, SW_LIT("http://")) || sw_str_eq(entry, SW_LIT("https://"));
    if (rc == SW_ABSENT || (rc == 0 && is_nothing)) /* the idiom for a host that may not be set */
        return 0;
    if (rc == 0)
        rc = app_outbound_check(entry, &why);
    if (rc == 0)
        return 0;
    return app__fail(r, value->at, why.code, "`allowed_outbound_hosts` is malformed: '%s': %s",
                     app__show(value->string).text, why.text);
}

static int read_outbound(struct app__reader *r, const struct codec_toml *outbound, struct hosts *hosts)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < outbound->count; i++) {
        const struct codec_toml *value = &outbound->children[i];
        rc = app__check_template(r, value, "allowed_outbound_hosts");
        if (rc == 0)
            rc = check_entry(r, value);
        hosts->items[hosts->count++] = value->string;
    }
    return rc;
}

int app__read_hosts(struct app__reader *r, const struct codec_toml *outbound, const struct codec_toml *http,
                    bool is_v1, struct app_component *component)
{
    const struct sw_str *unused;
    uint32_t outbound_count = 0;
    uint32_t http_count = 0;
    int rc = outbound ? app__list(r, outbound, "host that may be connected to", &unused, &outbound_count) : 0;
    if (rc == 0 && http)
        rc = app__list(r, http, "host that may be connected to", &unused, &http_count);
    if (rc < 0)
        return rc;
    size_t most = (size_t)outbound_count + (size_t)http_count * PER_HTTP_HOST + DATABASES;
    struct hosts hosts = {SW_ARENA_ARRAY(&r->app->arena, most, struct sw_str), 0};
    if (!hosts.items)
        return sw_arena_fail(&r->app->arena, most * sizeof *hosts.items, r->err);
    if (outbound)
        rc = read_outbound(r, outbound, &hosts);
    bool converted = http && !(is_v1 && outbound); /* version 1 looks at one of them */
    if (rc == 0 && converted)
        rc = read_http(r, http, &hosts);
    if (rc == 0 && is_v1 && !outbound)
        rc = add_databases(r, &hosts);
    if (rc == 0 && http && http->count && !is_v1)
        rc = app__warn(r->app, r->err,
                       SW_FMT ":%u:%u: allowed_http_hosts is deprecated; write allowed_outbound_hosts with "
                              "'https://' in front of each host",
                       SW_ARG(r->file), http->key_at.line, http->key_at.column);
    component->outbound_hosts = hosts.items;
    component->outbound_host_count = hosts.count;
    return rc;
}
