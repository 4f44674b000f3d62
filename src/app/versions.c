/* versions.c - semantic versions: their order, and which ones a requirement takes.  Room: app. */
#include "app/versions.h"

#include <stdint.h>

struct version {
    uint64_t numbers[3];
    int count; /* of numbers that were given; fewer in a requirement only */
    struct sw_str pre;
};

/* The text was checked by app__is_version or app__is_requirement, so what cannot be read is a wildcard. */
static struct version read_version(struct sw_str text)
{
    struct version version = {.numbers = {0}};
    text = sw_str_head(text, sw_str_find(text, '+'));
    size_t dash = sw_str_find(text, '-');
    if (dash != SW_NPOS)
        version.pre = sw_str_from(text, dash + 1);
    text = sw_str_head(text, dash);
    while (version.count < 3 && text.n) {
        size_t end = sw_str_find(text, '.');
        if (!sw_str_to_u64(sw_str_head(text, end), UINT64_MAX, &version.numbers[version.count]))
            break;
        version.count++;
        text = end == SW_NPOS ? sw_str("", 0) : sw_str_from(text, end + 1);
    }
    return version;
}

/* Section 11.4: numbers by value and below words, words by their bytes. */
static int identifier_cmp(struct sw_str a, struct sw_str b)
{
    uint64_t left, right;
    bool a_number = sw_str_to_u64(a, UINT64_MAX, &left);
    bool b_number = sw_str_to_u64(b, UINT64_MAX, &right);
    if (a_number && b_number)
        return left < right ? -1 : left > right;
    if (a_number != b_number)
        return a_number ? -1 : 1;
    return sw_str_cmp(a, b);
}

static int pre_cmp(struct sw_str a, struct sw_str b)
{
    if (a.n == 0 || b.n == 0) /* a release is above its pre-releases */
        return (a.n == 0) - (b.n == 0);
    for (;;) {
        size_t a_end = sw_str_find(a, '.'), b_end = sw_str_find(b, '.');
        int order = identifier_cmp(sw_str_head(a, a_end), sw_str_head(b, b_end));
        if (order != 0 || (a_end == SW_NPOS && b_end == SW_NPOS))
            return order;
        if (a_end == SW_NPOS || b_end == SW_NPOS) /* the longer one is above */
            return a_end == SW_NPOS ? -1 : 1;
        a = sw_str_from(a, a_end + 1);
        b = sw_str_from(b, b_end + 1);
    }
}

/* By the first `count` numbers; by the pre-release when all three are compared. */
static int compare(const struct version *a, const struct version *b, int count)
{
    for (int i = 0; i < count; i++)
        if (a->numbers[i] != b->numbers[i])
            return a->numbers[i] < b->numbers[i] ? -1 : 1;
    return count < 3 ? 0 : pre_cmp(a->pre, b->pre);
}

int app__version_cmp(struct sw_str a, struct sw_str b)
{
    struct version left = read_version(a), right = read_version(b);
    return compare(&left, &right, 3);
}

/* How many leading numbers a caret keeps: up to the first that is not 0. */
static int caret_width(const struct version *bound)
{
    for (int i = 0; i < bound->count; i++)
        if (bound->numbers[i] != 0)
            return i + 1;
    return bound->count;
}

static bool same_head(const struct version *a, const struct version *b, int count)
{
    for (int i = 0; i < count; i++)
        if (a->numbers[i] != b->numbers[i])
            return false;
    return true;
}

/* op: '=', '>', '<', '~', '^'; or_equal: of '>' and '<'. */
static bool comparator_fits(char op, bool or_equal, const struct version *bound,
                            const struct version *version)
{
    int order = compare(version, bound, bound->count);
    switch (op) {
    case '>':
        return order > 0 || (or_equal && order == 0);
    case '<':
        return order < 0 || (or_equal && order == 0);
    case '~':
        return order >= 0 && same_head(version, bound, bound->count < 2 ? bound->count : 2);
    case '^':
        return order >= 0 && same_head(version, bound, caret_width(bound));
    default:
        return order == 0;
    }
}

/* Takes the operator off *text. No operator means a caret, and so does none before a wildcard, where it makes no difference. */
static char take_operator(struct sw_str *text, bool *ret_or_equal)
{
    char op = '^';
    *ret_or_equal = false;
    if (text->n && (text->p[0] == '>' || text->p[0] == '<' || text->p[0] == '=' || text->p[0] == '~' ||
                    text->p[0] == '^')) {
        op = text->p[0];
        *ret_or_equal = (op == '>' || op == '<') && text->n > 1 && text->p[1] == '=';
        *text = sw_str_trim(sw_str_from(*text, *ret_or_equal ? 2 : 1), SW_LIT(" "));
    }
    return op;
}

/* "1.*" names one minor after another, as "1" with '=' would: unlike a caret, "0.*" and "1.2.*" end with their last number. */
static bool has_wildcard(struct sw_str text)
{
    text = sw_str_head(text, sw_str_find(text, '-'));
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '*' || text.p[i] == 'x' || text.p[i] == 'X')
            return true;
    return false;
}

bool app__version_fits(struct sw_str requirement, struct sw_str version)
{
    struct version candidate = read_version(version);
    bool pre_named = candidate.pre.n == 0;
    for (bool more = true; more;) {
        size_t end = sw_str_find(requirement, ',');
        struct sw_str part = sw_str_trim(sw_str_head(requirement, end), SW_LIT(" "));
        bool or_equal;
        char op = take_operator(&part, &or_equal);
        struct version bound = read_version(part);
        if (op == '^' && has_wildcard(part))
            op = '=';
        if (!comparator_fits(op, or_equal, &bound, &candidate))
            return false;
        pre_named |= bound.pre.n && same_head(&bound, &candidate, 3);
        more = end != SW_NPOS;
        requirement = more ? sw_str_from(requirement, end + 1) : requirement;
    }
    return pre_named;
}
