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

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *word_offence(struct sw_str word, char separator, bool lower_only)
{
    bool lower = false;
    bool upper = false;
    if (word.n == 0)
        return "words must not be empty";
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        if (separator == '-' && c == '_')
            return "words must be separated with '-', not '_'";
        if (separator == '_' && c == '-')
            return "words must be separated with '_', not '-'";
        if (!is_lower(c) && !is_upper(c) && !is_digit(c))
            return "words must consist of ASCII letters and digits";
        lower |= is_lower(c);
        upper |= is_upper(c);
    }
    if (!is_lower(word.p[0]) && !is_upper(word.p[0]))
        return "each word must start with an ASCII letter";
    if (lower_only && upper)
        return "each word must be all lower case";
    return lower && upper ? "each word must be all lower case or all upper case" : NULL;
}

static const char *words_offence(struct sw_str id, char separator, bool lower_only)
{
    for (;;) {
        size_t end = sw_str_find(id, separator);
        const char *offence = word_offence(end == SW_NPOS ? id : sw_str_head(id, end), separator, lower_only);
        if (offence || end == SW_NPOS)
            return offence;
        id = end + 1 < id.n ? sw_str_from(id, end + 1) : sw_str("", 0);
    }
}

const char *app__id_offence(struct sw_str id)
{
    return words_offence(id, '-', false);
}

const char *app__snake_offence(struct sw_str id)
{
    return words_offence(id, '_', false);
}

const char *app__lower_snake_offence(struct sw_str id)
{
    return words_offence(id, '_', true);
}

const char *app__label_offence(struct sw_str label)
{
    const char *offence = app__id_offence(label);
    return offence && app__snake_offence(label) ? offence : NULL;
}

/* ---- versions and packages ---- */

/* Takes the part before the first `c` off *rest; all of it when there is none. */
static struct sw_str take_until(struct sw_str *rest, char c, bool *ret_found)
{
    size_t end = sw_str_find(*rest, c);
    struct sw_str part = sw_str_head(*rest, end);
    *ret_found = end != SW_NPOS;
    *rest = end == SW_NPOS ? sw_str("", 0) : sw_str_from(*rest, end + 1);
    return part;
}

static bool is_number(struct sw_str text)
{
    uint64_t number;
    return !(text.n > 1 && text.p[0] == '0') && sw_str_to_u64(text, UINT64_MAX, &number);
}

/* Identifiers joined by '.', of a pre-release or of a build. */
static bool are_identifiers(struct sw_str text, bool may_have_zeros)
{
    bool more = true;
    while (more) {
        struct sw_str part = take_until(&text, '.', &more);
        bool digits = part.n > 0;
        for (size_t i = 0; i < part.n; i++) {
            char c = part.p[i];
            if (!is_lower(c) && !is_upper(c) && !is_digit(c) && c != '-')
                return false;
            digits &= is_digit(c);
        }
        if (part.n == 0 || (digits && !may_have_zeros && part.n > 1 && part.p[0] == '0'))
            return false;
    }
    return true;
}

/* Up to three numbers, of which `least` must be there; with wildcards "*" and "x" may stand for the later ones. */
static bool is_version(struct sw_str text, int least, bool wildcards)
{
    bool has_build;
    bool has_pre;
    bool more = true;
    bool wild = false;
    int count = 0;
    struct sw_str rest = text;
    struct sw_str core = take_until(&rest, '+', &has_build);
    if (has_build && !are_identifiers(rest, true))
        return false;
    rest = core;
    core = take_until(&rest, '-', &has_pre);
    if (has_pre && !are_identifiers(rest, false))
        return false;
    for (; more && count < 3; count++) {
        struct sw_str part = take_until(&core, '.', &more);
        bool star = part.n == 1 && (part.p[0] == '*' || part.p[0] == 'x' || part.p[0] == 'X');
        if (star ? !wildcards : wild || !is_number(part))
            return false;
        wild |= star;
    }
    return !more && count >= least && !((has_pre || has_build) && (count < 3 || wild));
}

bool app__is_version(struct sw_str text)
{
    return is_version(text, 3, false);
}

bool app__is_requirement(struct sw_str text)
{
    static const struct sw_str operators[] = {SW_LIT_INIT(">="), SW_LIT_INIT("<="), SW_LIT_INIT(">"),
                                              SW_LIT_INIT("<"),  SW_LIT_INIT("="),  SW_LIT_INIT("^"),
                                              SW_LIT_INIT("~")};
    bool more = true;
    while (more) {
        struct sw_str part = sw_str_trim(take_until(&text, ',', &more), SW_LIT(" "));
        for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
            if (sw_str_starts(part, operators[i])) {
                part = sw_str_trim(sw_str_from(part, operators[i].n), SW_LIT(" "));
                break;
            }
        if (!is_version(part, 1, true))
            return false;
    }
    return true;
}

bool app__is_package(struct sw_str text)
{
    bool found;
    struct sw_str space = take_until(&text, ':', &found);
    return found && !app__id_offence(space) && !app__id_offence(text);
}

/* ---- what dependencies inherit ---- */

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
        if (!is_lower(c) && !is_upper(c) && !is_digit(c) && !(c && strchr("!#$%&'*+-.^_`|~", c)))
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
