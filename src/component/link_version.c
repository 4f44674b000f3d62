/* link_version.c - names of interfaces and the tracks of their versions.  Room: component.
 *
 * Source: Explainer.md, "Import and Export Definitions" (interfacename) and "Canonical Interface Name". */
#include "component/link.h"

struct version {
    struct sw_str parts[3];
    uint32_t part_count;
    struct sw_str prerelease; /* empty: none */
};

void component__name_split(struct sw_str name, struct sw_str *ret_package, struct sw_str *ret_version)
{
    size_t at = sw_str_find(name, '@');
    *ret_package = at == SW_NPOS ? name : sw_str_head(name, at);
    *ret_version = at == SW_NPOS ? SW_LIT("") : sw_str_from(name, at + 1);
}

static bool is_number(struct sw_str text)
{
    if (text.n == 0 || (text.n > 1 && text.p[0] == '0'))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
    return true;
}

static bool version_parse(struct sw_str text, struct version *ret)
{
    *ret = (struct version){.part_count = 0};
    size_t build = sw_str_find(text, '+');
    if (build != SW_NPOS)
        text = sw_str_head(text, build);
    size_t dash = sw_str_find(text, '-');
    if (dash != SW_NPOS) {
        ret->prerelease = sw_str_from(text, dash + 1);
        text = sw_str_head(text, dash);
    }
    for (;;) {
        if (ret->part_count == 3)
            return false;
        size_t dot = sw_str_find(text, '.');
        struct sw_str part = dot == SW_NPOS ? text : sw_str_head(text, dot);
        if (!is_number(part))
            return false;
        ret->parts[ret->part_count++] = part;
        if (dot == SW_NPOS)
            return true;
        text = sw_str_from(text, dot + 1);
    }
}

/* How many leading parts name the track: up to and with the first that is not 0. */
static uint32_t track_parts(const struct version *version)
{
    for (uint32_t i = 0; i < version->part_count; i++)
        if (!sw_str_eq(version->parts[i], SW_LIT("0")))
            return i + 1;
    return version->part_count;
}

bool component__version_serves(struct sw_str host, struct sw_str wanted)
{
    if (sw_str_eq(host, wanted))
        return true;
    struct version a, b;
    if (!version_parse(host, &a) || !version_parse(wanted, &b))
        return false;
    if (a.prerelease.n || b.prerelease.n)
        return false;
    uint32_t parts = track_parts(&a);
    if (parts != track_parts(&b))
        return false;
    for (uint32_t i = 0; i < parts; i++)
        if (!sw_str_eq(a.parts[i], b.parts[i]))
            return false;
    return true;
}
