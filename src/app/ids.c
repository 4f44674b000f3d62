/* ids.c - the grammar of component ids.  Room: app.
 *
 * source: spin.md 1.2 */
#include "app/app_internal.h"

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static const char *word_offence(struct sw_str word)
{
    bool lower = false;
    bool upper = false;
    if (word.n == 0)
        return "words must not be empty";
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        if (c == '_')
            return "words must be separated with '-', not '_'";
        if (!is_lower(c) && !is_upper(c) && !(c >= '0' && c <= '9'))
            return "words must consist of ASCII letters and digits";
        lower |= is_lower(c);
        upper |= is_upper(c);
    }
    if (!is_lower(word.p[0]) && !is_upper(word.p[0]))
        return "each word must start with an ASCII letter";
    return lower && upper ? "each word must be all lower case or all upper case" : NULL;
}

const char *app__id_offence(struct sw_str id)
{
    for (;;) {
        size_t end = sw_str_find(id, '-');
        const char *offence = word_offence(end == SW_NPOS ? id : sw_str_head(id, end));
        if (offence || end == SW_NPOS)
            return offence;
        id = end + 1 < id.n ? sw_str_from(id, end + 1) : sw_str("", 0);
    }
}
