/* dotenv.c - reading files of environment variables.  Room: app.
 *
 * source: spin.md 5.5 */
#include "app/dotenv.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct sw_str trim(struct sw_str text)
{
    return sw_str_trim(text, SW_LIT(" \t\r"));
}

static bool is_name(struct sw_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return name.n > 0;
}

static int malformed(const struct app_dotenv *dotenv, const char *what, struct sw_err *err)
{
    return sw_fail(err, SW_EINPUT, SW_FMT ":%u: %s", SW_ARG(dotenv->file), dotenv->line, what);
}

/* What stands behind a closing quote: nothing, or a comment. */
static bool is_over(struct sw_str text)
{
    text = trim(sw_str_head(text, sw_str_find(text, '\n')));
    return text.n == 0 || text.p[0] == '#';
}

static char unescape(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case '\\':
    case '"':
    case '\'':
    case '$':
        return c;
    default:
        return '\0';
    }
}

/* Where the quote is that ends the text; its size when there is none. */
static size_t closing_quote(struct sw_str text, char quote)
{
    size_t at = 0;
    while (at < text.n && text.p[at] != quote)
        at += text.p[at] == '\\' && quote == '"' ? 2 : 1;
    return at < text.n ? at : text.n;
}

/* dotenv->rest begins behind the quote; it may go over several lines. */
static int take_quoted(struct app_dotenv *dotenv, char quote, struct sw_arena *arena, struct sw_str *ret,
                       struct sw_err *err)
{
    struct sw_str rest = dotenv->rest;
    size_t end = closing_quote(rest, quote);
    char *text = sw_arena_try(arena, end + 1, 1);
    size_t n = 0;
    if (!text)
        return sw_arena_fail(arena, end + 1, err);
    for (size_t at = 0; at < end; at++) {
        char c = rest.p[at];
        if (c == '\\' && quote == '"') {
            c = at + 1 < end ? unescape(rest.p[++at]) : '\0';
            if (!c)
                return malformed(dotenv, "expected one of \\n, \\r, \\t, \\\\, \\\", \\$ in quotes", err);
        }
        text[n++] = c;
    }
    if (end == rest.n)
        return malformed(dotenv, "expected a closing quote, got the end of the file", err);
    rest = sw_str_from(rest, end + 1);
    if (!is_over(rest))
        return malformed(dotenv, "expected the end of the line behind the closing quote", err);
    dotenv->rest = rest;
    *ret = sw_str(text, n);
    return 0;
}

static struct sw_str take_line(struct app_dotenv *dotenv)
{
    size_t end = sw_str_find(dotenv->rest, '\n');
    struct sw_str line = sw_str_head(dotenv->rest, end);
    dotenv->rest = end == SW_NPOS ? sw_str("", 0) : sw_str_from(dotenv->rest, end + 1);
    return line;
}

/* Up to a '#' that begins a word. */
static struct sw_str without_comment(struct sw_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '#' && (i == 0 || is_space(text.p[i - 1])))
            return sw_str_head(text, i);
    return text;
}

static unsigned lines_in(struct sw_str text)
{
    unsigned count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += text.p[i] == '\n';
    return count;
}

int app_dotenv_next(struct app_dotenv *dotenv, struct sw_arena *arena, struct sw_str *ret_name,
                    struct sw_str *ret_value, struct sw_err *err)
{
    struct sw_str line = {NULL, 0};
    struct sw_str whole;
    do {
        if (dotenv->rest.n == 0)
            return SW_END;
        whole = dotenv->rest;
        line = trim(take_line(dotenv));
        dotenv->line++;
    } while (line.n == 0 || line.p[0] == '#');
    if (sw_str_starts(line, SW_LIT("export ")))
        line = trim(sw_str_from(line, sizeof "export " - 1));
    size_t equals = sw_str_find(line, '=');
    struct sw_str name = trim(sw_str_head(line, equals));
    if (equals == SW_NPOS || !is_name(name))
        return malformed(dotenv, "expected NAME=value", err);
    struct sw_str value = trim(sw_str_from(line, equals + 1));
    *ret_name = name;
    if (value.n == 0 || (value.p[0] != '"' && value.p[0] != '\'')) {
        *ret_value = trim(without_comment(value));
        return 0;
    }
    char quote = value.p[0];
    size_t start = (size_t)(value.p - whole.p) + 1;
    dotenv->rest = sw_str_from(whole, start);
    int rc = take_quoted(dotenv, quote, arena, ret_value, err);
    if (rc < 0)
        return rc;
    dotenv->line += lines_in(sw_str(whole.p + start, whole.n - start - dotenv->rest.n));
    (void)take_line(dotenv); /* its end */
    return 0;
}
