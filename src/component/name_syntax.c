/* name_syntax.c - labels and versions as text.  Room: component.  Source: Explainer.md, "Import and Export Definitions"; semver.org 2.0.0. */
#include "component/validate.h"

static bool lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Fragments joined by '-'; each is a word or an acronym, the first one begins with a letter. */
bool component_label_valid(struct sw_str label)
{
    bool first = true;
    for (;;) {
        size_t dash = sw_str_find(label, '-');
        struct sw_str fragment = dash == SW_NPOS ? label : sw_str_head(label, dash);
        bool has_lower = false, has_upper = false;
        if (fragment.n == 0 || (first && digit(fragment.p[0])))
            return false;
        for (size_t i = 0; i < fragment.n; i++) {
            has_lower |= lower(fragment.p[i]);
            has_upper |= upper(fragment.p[i]);
            if (!lower(fragment.p[i]) && !upper(fragment.p[i]) && !digit(fragment.p[i]))
                return false;
        }
        if (has_lower && has_upper)
            return false;
        if (dash == SW_NPOS)
            return true;
        label = sw_str_from(label, dash + 1);
        first = false;
    }
}

/* Dot-separated identifiers of letters, digits and '-'. Numbers among them have no leading zero, where that is asked for. */
static bool identifiers(struct sw_str text, bool zeros, const char **ret_why)
{
    for (;;) {
        size_t dot = sw_str_find(text, '.');
        struct sw_str part = dot == SW_NPOS ? text : sw_str_head(text, dot);
        bool number = true;
        if (part.n == 0) {
            *ret_why = "empty identifier segment";
            return false;
        }
        for (size_t i = 0; i < part.n; i++) {
            number &= digit(part.p[i]);
            if (!digit(part.p[i]) && !lower(part.p[i]) && !upper(part.p[i]) && part.p[i] != '-') {
                *ret_why = "unexpected character";
                return false;
            }
        }
        if (!zeros && number && part.n > 1 && part.p[0] == '0') {
            *ret_why = "invalid leading zero";
            return false;
        }
        if (dot == SW_NPOS)
            return true;
        text = sw_str_from(text, dot + 1);
    }
}

static bool number(struct sw_str *text, const char **ret_why)
{
    size_t n = 0;
    uint64_t value = 0;
    while (n < text->n && digit(text->p[n]))
        n++;
    if (n == 0) {
        *ret_why = text->n ? "unexpected character" : "unexpected end of input";
        return false;
    }
    if ((n > 1 && text->p[0] == '0') || !sw_str_to_u64(sw_str_head(*text, n), UINT64_MAX, &value)) {
        *ret_why = "a number with a leading zero, or too large";
        return false;
    }
    *text = sw_str_from(*text, n);
    return true;
}

bool component_semver_valid(struct sw_str version, const char **ret_why)
{
    if (version.n == 0) {
        *ret_why = "empty string";
        return false;
    }
    for (int i = 0; i < 3; i++) {
        if (!number(&version, ret_why))
            return false;
        if (i == 2)
            break;
        if (version.n == 0) {
            *ret_why = "unexpected end of input";
            return false;
        }
        if (version.p[0] != '.') {
            *ret_why = "unexpected character";
            return false;
        }
        version = sw_str_from(version, 1);
    }
    size_t plus = sw_str_find(version, '+');
    struct sw_str build = plus == SW_NPOS ? SW_LIT("") : sw_str_from(version, plus + 1);
    if (plus != SW_NPOS)
        version = sw_str_head(version, plus);
    if (version.n && version.p[0] != '-') {
        *ret_why = "unexpected character";
        return false;
    }
    if (version.n && !identifiers(sw_str_from(version, 1), false, ret_why))
        return false;
    return plus == SW_NPOS || identifiers(build, true, ret_why);
}
