/* glob.c - matching a pattern against a path.  Room: codec.
 *
 * Two levels of the same method: on a mismatch go back to the last `*` (or, between segments, the last `**`) and let it take one more. Only
 * the last one needs to be kept, so the time is bounded by the product of the lengths. */
#include "codec/glob.h"

static bool is_special(char c)
{
    return c == '*' || c == '?' || c == '[';
}

bool codec_glob_is_pattern(struct sw_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (is_special(text.p[i]))
            return true;
    return false;
}

struct sw_str codec_glob_base(struct sw_str pattern)
{
    size_t base = 0;
    for (size_t i = 0; i < pattern.n && !is_special(pattern.p[i]); i++)
        if (pattern.p[i] == '/')
            base = i;
    return sw_str_head(pattern, base);
}

/* One of a class "[...]" at p; *ret_next: behind it. A class that does not end is the byte '['. */
static bool class_match(struct sw_str pattern, size_t p, char c, size_t *ret_next)
{
    size_t i = p + 1;
    bool negated = i < pattern.n && (pattern.p[i] == '!' || pattern.p[i] == '^');
    bool found = false;
    i += negated;
    for (size_t first = i; i < pattern.n && (pattern.p[i] != ']' || i == first); i++) {
        unsigned char low = (unsigned char)pattern.p[i], high = low;
        if (i + 2 < pattern.n && pattern.p[i + 1] == '-' && pattern.p[i + 2] != ']') {
            high = (unsigned char)pattern.p[i + 2];
            i += 2;
        }
        found |= (unsigned char)c >= low && (unsigned char)c <= high;
    }
    if (i >= pattern.n) {
        *ret_next = p + 1;
        return c == '[';
    }
    *ret_next = i + 1;
    return found != negated;
}

static bool one_match(struct sw_str pattern, size_t p, char c, size_t *ret_next)
{
    if (pattern.p[p] == '[')
        return class_match(pattern, p, c, ret_next);
    *ret_next = p + 1;
    return pattern.p[p] == '?' || pattern.p[p] == c;
}

/* Without a meaning of '/'. */
static bool text_match(struct sw_str pattern, struct sw_str text)
{
    size_t p = 0, t = 0, star = SW_NPOS, star_text = 0;
    while (t < text.n) {
        size_t next = 0;
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            star_text = t;
        } else if (p < pattern.n && one_match(pattern, p, text.p[t], &next)) {
            p = next;
            t++;
        } else if (star != SW_NPOS) {
            p = star + 1;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

static struct sw_str segment_at(struct sw_str path, size_t at, size_t *ret_next)
{
    struct sw_str rest = sw_str_from(path, at);
    size_t slash = sw_str_find(rest, '/');
    *ret_next = slash == SW_NPOS ? path.n + 1 : at + slash + 1;
    return slash == SW_NPOS ? rest : sw_str_head(rest, slash);
}

/* Positions are starts of segments; n + 1 is behind the last. */
bool codec_glob_match(struct sw_str pattern, struct sw_str path, bool crosses)
{
    size_t p = 0, t = 0, star = SW_NPOS, star_text = 0;
    if (crosses)
        return text_match(pattern, path);
    while (t <= path.n) {
        size_t next_p = 0, next_t = 0;
        struct sw_str text = segment_at(path, t, &next_t);
        struct sw_str part = p <= pattern.n ? segment_at(pattern, p, &next_p) : SW_LIT("");
        if (p <= pattern.n && sw_str_eq(part, SW_LIT("**"))) {
            star = next_p;
            star_text = t;
            p = next_p;
        } else if (p <= pattern.n && text_match(part, text)) {
            p = next_p;
            t = next_t;
        } else if (star != SW_NPOS) {
            p = star;
            (void)segment_at(path, star_text, &star_text);
            t = star_text;
        } else {
            return false;
        }
    }
    while (p <= pattern.n) { /* what is left may be `**` only */
        size_t next_p;
        if (!sw_str_eq(segment_at(pattern, p, &next_p), SW_LIT("**")))
            return false;
        p = next_p;
    }
    return true;
}
