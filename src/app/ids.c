/* ids.c - the grammars of ids, labels, header fields and other words.  Room: app.
 *
 * source: spin.md 1.2, 1.10, 1.13 */
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

const char *const app__inherit_names[APP__INHERIT_COUNT] = {
    "ai_models",        "allowed_outbound_hosts", "environment", "files",
    "key_value_stores", "sqlite_databases",       "variables",
};
_Static_assert(APP_INHERIT_ALL == (1u << APP__INHERIT_COUNT) - 1, "a name per bit");

uint32_t app__inherit_bit(struct sw_str name)
{
    for (uint32_t i = 0; i < APP__INHERIT_COUNT; i++)
        if (sw_str_eq(name, sw_str_of(app__inherit_names[i])))
            return UINT32_C(1) << i;
    return 0;
}

/* ---- HTTP ---- */

bool app__is_token(struct sw_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (!is_lower(c) && !is_upper(c) && !(c >= '0' && c <= '9') && !(c && strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return text.n > 0;
}

bool app__status_is_valid(int64_t status)
{
    return status >= 200 && status <= 599; /* 1xx do not end a request, and there is no sixth class */
}

const char *app__header_offence(struct sw_str name, struct sw_str value)
{
    static const char *const of_the_host[] = {"connection", "content-length", "keep-alive",
                                              "transfer-encoding", "upgrade"};
    if (!app__is_token(name))
        return "it is not the name of a header field";
    for (size_t i = 0; i < sizeof of_the_host / sizeof of_the_host[0]; i++)
        if (sw_str_eq_nocase(name, sw_str_of(of_the_host[i])))
            return "the host itself writes it";
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return "its value has control characters";
    }
    bool padded = value.n && (strchr(" \t", value.p[0]) || strchr(" \t", value.p[value.n - 1]));
    return padded ? "its value begins or ends with white space" : NULL;
}
