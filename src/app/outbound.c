/* outbound.c - the grammar of allowed_outbound_hosts, and what an entry allows.  Room: app.
 *
 *   entry = scheme "://" host [":" port] ["/"]
 *   scheme = "*" | letters        host = "*" | "self" | "self.alt" | name | "*." name | address | "[" v6 "]" | network
 *   port = "*" | number | number ".." number (the second one is not in it)
 *
 * Invariant: an entry's texts are the arena's, in lower case where case does not matter.
 * source: spin.md 1.11, 1.15 */
#include "app/outbound.h"

#include "app/fields.h"
#include "app/limits.h"
#include "app/variables.h"
#include "base/alloc.h"

enum host_kind { HOST_ANY, HOST_SELF, HOST_NAME, HOST_BELOW, HOST_NETWORK, HOST_CHAINED };
struct entry {
    struct sw_str scheme; /* "*": any */
    enum host_kind kind;
    struct sw_str host; /* NAME; BELOW: ".example.com" */
    struct app_network network;
    uint32_t port_from; /* to 65536: every port is 0..65536 */
    uint32_t port_end;  /* not in it */
};
struct app_outbound {
    struct sw_arena arena;
    struct entry *entries;
    uint32_t count;
    struct sw_str *ids; /* of the application's components, for *.spin.internal */
    uint32_t id_count;
};

#define CHAIN_SUFFIX SW_LIT(".spin.internal")

bool app_outbound_default_port(struct sw_str scheme, uint16_t *ret)
{
    static const struct {
        struct sw_str scheme;
        uint16_t port;
    } rows[] = {{SW_LIT_INIT("http"), 80},    {SW_LIT_INIT("https"), 443},  {SW_LIT_INIT("postgres"), 5432},
                {SW_LIT_INIT("mysql"), 3306}, {SW_LIT_INIT("redis"), 6379}, {SW_LIT_INIT("mqtt"), 1883}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (sw_str_eq(rows[i].scheme, scheme)) {
            *ret = rows[i].port;
            return true;
        }
    return false;
}

/* ---- parsing ---- */

static struct sw_str trim(struct sw_str text)
{
    return sw_str_trim(text, SW_LIT(" \t\r\n"));
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(struct sw_str text)
{
    if (text.n == 0)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (!is_alpha(c) && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
            return false;
    }
    return true;
}

static size_t find_text(struct sw_str text, struct sw_str what)
{
    for (size_t i = 0; i + what.n <= text.n; i++)
        if (memcmp(text.p + i, what.p, what.n) == 0)
            return i;
    return SW_NPOS;
}

static int parse_scheme(struct sw_str scheme, struct sw_err *err)
{
    if (scheme.n && (scheme.p[0] == '{' || sw_str_find(scheme, ',') != SW_NPOS))
        return sw_fail(err, SW_EINPUT, "scheme lists are not supported; write one entry for each scheme");
    if (sw_str_eq(scheme, SW_LIT("*")))
        return 0;
    if (scheme.n == 0)
        return sw_fail(err, SW_EINPUT, "the scheme is empty; write '*://' for any");
    for (size_t i = 0; i < scheme.n; i++)
        if (!is_alpha(scheme.p[i]))
            return sw_fail(err, SW_EINPUT, "scheme '%s' has characters that are not letters",
                           app__show(scheme).text);
    return 0;
}

static bool parse_number(struct sw_str text, uint32_t *ret)
{
    uint64_t value;
    if (!sw_str_to_u64(text, UINT16_MAX, &value))
        return false;
    *ret = (uint32_t)value;
    return true;
}

static int parse_port(struct sw_str port, struct entry *entry, struct sw_err *err)
{
    size_t dots = find_text(port, SW_LIT(".."));
    entry->port_end = 65536;
    if (sw_str_eq(port, SW_LIT("*")))
        return 0;
    if (port.n && port.p[0] == '{')
        return sw_fail(err, SW_EINPUT, "port lists are not supported; write one entry for each port");
    if (sw_str_find(port, '/') != SW_NPOS)
        return sw_fail(err, SW_EINPUT, "'%s' must not include a path", app__show(port).text);
    if (dots == SW_NPOS) {
        if (!parse_number(port, &entry->port_from))
            return sw_fail(err, SW_EINPUT,
                           "port '%s' is invalid: expected a number up to 65535, 'from..to' or '*'",
                           app__show(port).text);
        entry->port_end = entry->port_from + 1;
        return 0;
    }
    if (!parse_number(sw_str_head(port, dots), &entry->port_from) ||
        !parse_number(sw_str_from(port, dots + 2), &entry->port_end))
        return sw_fail(err, SW_EINPUT,
                       "port range '%s' is invalid: expected 'from..to' of numbers up to 65535",
                       app__show(port).text);
    if (entry->port_from >= entry->port_end)
        return sw_fail(err, SW_EINPUT, "port range '%s' is empty: its end is not part of it",
                       app__show(port).text);
    return 0;
}

/* An address or a network: "10.0.0.0/8", "[::1]", "[fd00::]/8", "[fd00::/8]", "fd00::/8". */
static bool parse_network(struct sw_str host, struct app_network *ret)
{
    char text[64];
    struct sw_str bare = host;
    size_t close = sw_str_find(host, ']');
    bool bracketed = host.n > 2 && host.p[0] == '[' && close != SW_NPOS;
    if (bracketed) {
        int n = snprintf(text, sizeof text, SW_FMT SW_FMT, SW_ARG(sw_str(host.p + 1, close - 1)),
                         SW_ARG(sw_str_from(host, close + 1)));
        bare = sw_str(text, n > 0 && (size_t)n < sizeof text ? (size_t)n : 0);
    }
    struct app_network network;
    if (!app_network_parse(bare, &network) || bracketed != network.is_v6) {
        if (bracketed || sw_str_find(host, '/') == SW_NPOS || !app_network_parse(host, &network))
            return false;
    }
    *ret = network;
    return true;
}

static int parse_host(struct sw_str host, struct entry *entry, struct sw_err *err)
{
    entry->host = host;
    if (parse_network(host, &entry->network)) {
        entry->kind = HOST_NETWORK;
        return 0;
    }
    if (host.n == 0)
        return sw_fail(err, SW_EINPUT, "the host is empty; write '*' for any");
    if (host.p[0] == '{')
        return sw_fail(err, SW_EINPUT, "host lists are not supported; write one entry for each host");
    if (sw_str_eq(host, SW_LIT("*"))) {
        entry->kind = HOST_ANY;
        return 0;
    }
    if (sw_str_eq_nocase(host, SW_LIT("self")) || sw_str_eq_nocase(host, SW_LIT("self.alt"))) {
        entry->kind = HOST_SELF;
        return 0;
    }
    if (sw_str_find(host, '/') != SW_NPOS)
        return sw_fail(err, SW_EINPUT, "'%s' must not include a path", app__show(host).text);
    entry->kind = HOST_NAME;
    if (sw_str_starts(host, SW_LIT("*."))) {
        entry->host = sw_str_from(host, 1);
        entry->kind = sw_str_eq_nocase(entry->host, CHAIN_SUFFIX) ? HOST_CHAINED : HOST_BELOW;
        if (app_network_parse(sw_str_from(host, 2), &entry->network))
            return sw_fail(err, SW_EINPUT, "'%s': a wildcard cannot stand before an address",
                           app__show(host).text);
    }
    if (sw_str_find(entry->host, '*') != SW_NPOS)
        return sw_fail(err, SW_EINPUT,
                       "'%s': wildcards are allowed only as subdomains, as in '*.example.com'",
                       app__show(host).text);
    if (!is_name(entry->host))
        return sw_fail(err, SW_EINPUT,
                       "'%s' is no host: expected a name, an address, a network, '*' or 'self'",
                       app__show(host).text);
    return 0;
}

/* Where the port's colon is: behind brackets, a network's slash included; SW_NPOS: there is no port. */
static size_t port_colon(struct sw_str rest)
{
    size_t bracket = sw_str_rfind(rest, ']');
    size_t colon = sw_str_rfind(rest, ':');
    size_t slash = sw_str_rfind(rest, '/');
    if (colon == SW_NPOS || (bracket != SW_NPOS && colon < bracket))
        return SW_NPOS;
    if (bracket == SW_NPOS && slash != SW_NPOS && colon < slash) { /* "fe80::/10" */
        struct app_network network;
        return app_network_parse(rest, &network) ? SW_NPOS : colon;
    }
    return colon;
}

static int parse(struct sw_str text, struct entry *ret, struct sw_err *err)
{
    struct entry entry = {.port_end = 65536};
    uint16_t standard;
    text = trim(text);
    if (sw_str_eq(text, SW_LIT("insecure:allow-all")))
        return sw_fail(
            err, SW_EINPUT,
            "'insecure:allow-all' is not allowed in allowed_outbound_hosts; write '*://*:*' instead");
    size_t at = find_text(text, SW_LIT("://"));
    if (at == SW_NPOS)
        return sw_fail(err, SW_EINPUT,
                       "'%s' does not contain a scheme; write it as 'https://host' or 'scheme://host:port'",
                       app__show(text).text);
    entry.scheme = sw_str_head(text, at);
    struct sw_str rest = sw_str_from(text, at + 3);
    if (sw_str_ends(rest, SW_LIT("/")))
        rest.n--;
    int rc = parse_scheme(entry.scheme, err);
    if (rc < 0)
        return rc;
    size_t colon = port_colon(rest);
    rc = parse_host(sw_str_head(rest, colon), &entry, err);
    if (rc < 0)
        return rc;
    if (colon != SW_NPOS) {
        rc = parse_port(sw_str_from(rest, colon + 1), &entry, err);
    } else if (entry.kind != HOST_SELF) {
        if (!app_outbound_default_port(entry.scheme, &standard))
            return sw_fail(
                err, SW_EINPUT,
                "no port was provided and the scheme '%s' does not have a known default port number",
                app__show(entry.scheme).text);
        entry.port_from = standard;
        entry.port_end = (uint32_t)standard + 1;
    }
    if (rc == 0)
        *ret = entry;
    return rc;
}

int app_outbound_check(struct sw_str text, struct sw_err *err)
{
    struct entry entry;
    return parse(text, &entry, err);
}

static bool says_nothing(struct sw_str text) /* an end point that is not configured */
{
    return text.n == 0 || sw_str_eq(text, SW_LIT("http://")) || sw_str_eq(text, SW_LIT("https://"));
}

bool app_reaches_out(const struct app *app)
{
    for (uint32_t i = 0; i < app->component_count; i++)
        if (app->components[i].outbound_host_count)
            return true;
    return false;
}

/* "{{ ... }}" may become anything. */
static bool is_for_sockets(struct sw_str entry)
{
    static const struct sw_str others[] = {SW_LIT_INIT("http://"),  SW_LIT_INIT("https://"),
                                           SW_LIT_INIT("redis://"), SW_LIT_INIT("postgres://"),
                                           SW_LIT_INIT("mysql://"), SW_LIT_INIT("mqtt://")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (sw_str_starts(trim(entry), others[i]))
            return false;
    return true;
}

bool app_uses_sockets(const struct app *app)
{
    for (uint32_t i = 0; i < app->component_count; i++)
        for (uint32_t k = 0; k < app->components[i].outbound_host_count; k++)
            if (is_for_sockets(app->components[i].outbound_hosts[k]))
                return true;
    return false;
}

/* ---- a component's ---- */

static int lower_copy(struct sw_arena *arena, struct sw_str *text, struct sw_err *err)
{
    char *copy = sw_arena_try(arena, text->n + 1, 1);
    if (!copy)
        return sw_arena_fail(arena, text->n + 1, err);
    for (size_t i = 0; i < text->n; i++)
        copy[i] = (char)(text->p[i] >= 'A' && text->p[i] <= 'Z' ? text->p[i] | 0x20 : text->p[i]);
    *text = sw_str(copy, text->n);
    return 0;
}

static int add(struct app_outbound *outbound, const struct app *app, struct sw_str template,
               struct sw_err *err)
{
    sw_auto_buf text = SW_BUF(APP_OUTBOUND_ENTRY_BYTES_MAX);
    struct entry *entry = &outbound->entries[outbound->count];
    int rc = app_variables_expand(app, template, &text, err);
    if (rc == SW_ABSENT || (rc == 0 && says_nothing(trim(sw_buf_str(&text)))))
        return 0;
    if (rc == 0)
        rc = parse(sw_buf_str(&text), entry, err);
    if (rc == 0)
        rc = lower_copy(&outbound->arena, &entry->host, err);
    if (rc == 0)
        rc = sw_arena_copy(&outbound->arena, entry->scheme, &entry->scheme, err);
    if (rc < 0)
        return sw_wrap(err, "`allowed_outbound_hosts` is malformed: entry '%s'", app__show(template).text);
    outbound->count++;
    return 0;
}

static int add_ids(struct app_outbound *outbound, const struct app *app, struct sw_err *err)
{
    outbound->ids = SW_ARENA_ARRAY(&outbound->arena, app->component_count, struct sw_str);
    if (!outbound->ids)
        return sw_arena_fail(&outbound->arena, app->component_count * sizeof *outbound->ids, err);
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < app->component_count; i++) {
        outbound->ids[i] = app->components[i].id;
        rc = lower_copy(&outbound->arena, &outbound->ids[i], err);
    }
    outbound->id_count = app->component_count;
    return rc;
}

int app_outbound_new(const struct app *app, const struct app_component *component, struct app_outbound **ret,
                     struct sw_err *err)
{
    struct app_outbound *outbound = sw_try_alloc(sizeof *outbound);
    if (!outbound)
        return sw_fail(err, SW_ENOMEM, "no memory for allowed_outbound_hosts");
    outbound->arena = SW_ARENA(APP_OUTBOUND_BYTES_MAX);
    outbound->entries = SW_ARENA_ARRAY(&outbound->arena, component->outbound_host_count, struct entry);
    int rc = outbound->entries ? add_ids(outbound, app, err)
                               : sw_arena_fail(&outbound->arena, component->outbound_host_count, err);
    for (uint32_t i = 0; rc == 0 && i < component->outbound_host_count; i++)
        rc = add(outbound, app, component->outbound_hosts[i], err);
    if (rc < 0) {
        app_outbound_free(outbound);
        return rc;
    }
    *ret = outbound;
    return 0;
}

void app_outbound_free(struct app_outbound *outbound)
{
    if (!outbound)
        return;
    sw_arena_deinit(&outbound->arena);
    sw_free(outbound);
}

/* ---- asking ---- */

static bool ends_nocase(struct sw_str text, struct sw_str suffix)
{
    return text.n > suffix.n && sw_str_eq_nocase(sw_str_from(text, text.n - suffix.n), suffix);
}

static bool is_component(const struct app_outbound *outbound, struct sw_str host)
{
    if (!ends_nocase(host, CHAIN_SUFFIX))
        return false;
    host.n -= CHAIN_SUFFIX.n;
    for (uint32_t i = 0; i < outbound->id_count; i++)
        if (sw_str_eq_nocase(outbound->ids[i], host))
            return true;
    return false;
}

static bool host_fits(const struct app_outbound *outbound, const struct entry *entry, struct sw_str host)
{
    struct app_network address;
    switch (entry->kind) {
    case HOST_ANY:
        return true;
    case HOST_SELF:
        return false; /* app_outbound_allows_self */
    case HOST_NAME:
        return sw_str_eq_nocase(entry->host, host);
    case HOST_BELOW:
        return ends_nocase(host, entry->host);
    case HOST_NETWORK:
        return sw_str_find(host, '/') == SW_NPOS && app_network_parse(host, &address) &&
               app_network_has(&entry->network, address.bytes, address.is_v6);
    case HOST_CHAINED:
        return is_component(outbound, host);
    }
    return false;
}

static bool scheme_fits(const struct entry *entry, struct sw_str scheme)
{
    return sw_str_eq(entry->scheme, SW_LIT("*")) || sw_str_eq(entry->scheme, scheme);
}

bool app_outbound_allows(const struct app_outbound *outbound, struct sw_str scheme, struct sw_str host,
                         uint16_t port)
{
    for (uint32_t i = 0; outbound && i < outbound->count; i++) {
        const struct entry *entry = &outbound->entries[i];
        if (scheme_fits(entry, scheme) && port >= entry->port_from && port < entry->port_end &&
            host_fits(outbound, entry, host))
            return true;
    }
    return false;
}

bool app_outbound_allows_some_port(const struct app_outbound *outbound, struct sw_str scheme,
                                   struct sw_str host)
{
    for (uint32_t i = 0; outbound && i < outbound->count; i++) {
        const struct entry *entry = &outbound->entries[i];
        bool is_network = entry->kind != HOST_SELF && entry->kind != HOST_CHAINED;
        if (is_network && scheme_fits(entry, scheme) && (host.n == 0 || host_fits(outbound, entry, host)))
            return true;
    }
    return false;
}

bool app_outbound_allows_self(const struct app_outbound *outbound, struct sw_str scheme)
{
    for (uint32_t i = 0; outbound && i < outbound->count; i++) {
        const struct entry *entry = &outbound->entries[i];
        if (scheme_fits(entry, scheme) && (entry->kind == HOST_SELF || entry->kind == HOST_ANY))
            return true;
    }
    return false;
}
