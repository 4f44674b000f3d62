/* lex.c - WIT text to tokens, with positions.  Room: wit.  Source: WIT.md "Lexical structure", Explainer.md "label". */
#include <stdarg.h>
#include <stdio.h>

#include "component/wit/wit_internal.h"

int(wit__fail)(struct wit_pos pos, enum sw_code code, struct sw_err *err, const char *fmt, ...)
{
    char text[SW_ERR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args); /* cut when longer: the error's own text is no longer */
    va_end(args);
    if (!pos.file)
        return sw_fail(err, code, "%s", text);
    return sw_fail(err, code, SW_FMT ":%u:%u: %s", SW_ARG(pos.file->name), pos.line, pos.column, text);
}

static const struct {
    const char *text;
    enum wit_kw kw;
} KEYWORDS[] = {
    {"as", KW_AS},
    {"async", KW_ASYNC},
    {"bool", KW_BOOL},
    {"borrow", KW_BORROW},
    {"char", KW_CHAR},
    {"constructor", KW_CONSTRUCTOR},
    {"enum", KW_ENUM},
    {"error-context", KW_ERROR_CONTEXT},
    {"export", KW_EXPORT},
    {"f32", KW_F32},
    {"f64", KW_F64},
    {"flags", KW_FLAGS},
    {"from", KW_FROM},
    {"func", KW_FUNC},
    {"future", KW_FUTURE},
    {"import", KW_IMPORT},
    {"include", KW_INCLUDE},
    {"interface", KW_INTERFACE},
    {"list", KW_LIST},
    {"map", KW_MAP},
    {"option", KW_OPTION},
    {"own", KW_OWN},
    {"package", KW_PACKAGE},
    {"record", KW_RECORD},
    {"resource", KW_RESOURCE},
    {"result", KW_RESULT},
    {"s16", KW_S16},
    {"s32", KW_S32},
    {"s64", KW_S64},
    {"s8", KW_S8},
    {"static", KW_STATIC},
    {"stream", KW_STREAM},
    {"string", KW_STRING},
    {"tuple", KW_TUPLE},
    {"type", KW_TYPE},
    {"u16", KW_U16},
    {"u32", KW_U32},
    {"u64", KW_U64},
    {"u8", KW_U8},
    {"use", KW_USE},
    {"variant", KW_VARIANT},
    {"with", KW_WITH},
    {"world", KW_WORLD},
};

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

static bool is_word(char c)
{
    return is_lower(c) || is_upper(c) || is_digit(c);
}

static char peek(const struct wit_lexer *lex, size_t ahead)
{
    return ahead < lex->text.n - lex->at ? lex->text.p[lex->at + ahead] : '\0';
}

static struct wit_pos here(const struct wit_lexer *lex)
{
    return (struct wit_pos){lex->file, lex->line, lex->column};
}

/* One UTF-8 scalar value at `at`; the text is known to be valid UTF-8. */
static uint32_t scalar_at(const struct wit_lexer *lex, size_t *ret_bytes)
{
    const unsigned char *p = (const unsigned char *)lex->text.p + lex->at;
    if (p[0] < 0x80) {
        *ret_bytes = 1;
        return p[0];
    }
    size_t n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    uint32_t c = p[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3fu);
    *ret_bytes = n;
    return c;
}

/* Characters that may not stand in a WIT file at all, not even in comments: they can make a text read differently from what it says. */
static bool is_forbidden(uint32_t c)
{
    switch (c) {
    case 0x149:
    case 0x673:
    case 0xf77:
    case 0xf79:
    case 0x17a3:
    case 0x17a4:
    case 0x17b4:
    case 0x17b5: /* deprecated by Unicode */
        return true;
    default:
        break;
    }
    if (c < 0x20)
        return c != '\n' && c != '\r' && c != '\t';
    return (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static int advance(struct wit_lexer *lex, struct sw_err *err) /* over one scalar value */
{
    size_t n;
    uint32_t c = scalar_at(lex, &n);
    if (is_forbidden(c))
        return wit__fail(here(lex), SW_EINPUT, err,
                         "the character U+%04X is not allowed in WIT\nhint: remove it", c);
    lex->at += n;
    if (c == '\n') {
        lex->line++;
        lex->column = 1;
    } else {
        lex->column++;
    }
    return 0;
}

static int advance_n(struct wit_lexer *lex, size_t n, struct sw_err *err)
{
    for (size_t i = 0; i < n; i++) {
        int rc = advance(lex, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int skip_block_comment(struct wit_lexer *lex, struct sw_err *err)
{
    struct wit_pos start = here(lex);
    unsigned depth = 0;
    while (lex->at < lex->text.n) {
        bool opens = peek(lex, 0) == '/' && peek(lex, 1) == '*';
        bool closes = peek(lex, 0) == '*' && peek(lex, 1) == '/';
        if (opens && ++depth > WIT_COMMENT_DEPTH_MAX)
            return wit__fail(here(lex), SW_ELIMIT, err, "comments are nested deeper than %d",
                             WIT_COMMENT_DEPTH_MAX);
        int rc = advance_n(lex, opens || closes ? 2 : 1, err);
        if (rc < 0)
            return rc;
        if (closes && --depth == 0)
            return 0;
    }
    return wit__fail(start, SW_EINPUT, err,
                     "this comment does not end\nhint: close it with '*/'; comments nest");
}

static int skip_space(struct wit_lexer *lex, struct sw_err *err)
{
    int rc = 0;
    while (rc == 0 && lex->at < lex->text.n) {
        char c = peek(lex, 0);
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
            rc = advance(lex, err);
        } else if (c == '/' && peek(lex, 1) == '/') {
            while (rc == 0 && lex->at < lex->text.n && peek(lex, 0) != '\n')
                rc = advance(lex, err);
        } else if (c == '/' && peek(lex, 1) == '*') {
            rc = skip_block_comment(lex, err);
        } else {
            break;
        }
    }
    return rc;
}

/* label: words of one case each, joined by single '-', the first not starting with a digit. */
static const char *label_fault(struct sw_str s)
{
    size_t i = 0;
    while (i <= s.n) {
        size_t start = i;
        bool lower = false, upper = false;
        for (; i < s.n && s.p[i] != '-'; i++) {
            lower = lower || is_lower(s.p[i]);
            upper = upper || is_upper(s.p[i]);
        }
        if (i == start)
            return "each '-' must stand between two words";
        if (lower && upper)
            return "a word is all lower case or all upper case: 'my-name', 'HTTP-error'";
        if (start == 0 && is_digit(s.p[0]))
            return "a name starts with a letter";
        i++;
    }
    return NULL;
}

static int lex_word(struct wit_lexer *lex, struct sw_err *err)
{
    struct wit_token *tok = &lex->tok;
    bool escaped = peek(lex, 0) == '%';
    int rc = advance_n(lex, escaped ? 1 : 0, err);
    if (rc < 0)
        return rc;
    size_t start = lex->at;
    while (is_word(peek(lex, 0)) || (peek(lex, 0) == '-' && peek(lex, 1) != '>')) {
        rc = advance(lex, err);
        if (rc < 0)
            return rc;
    }
    tok->text = sw_str(lex->text.p + start, lex->at - start);
    tok->kind = TOK_ID;
    if (tok->text.n > WIT_NAME_BYTES_MAX)
        return wit__fail(tok->pos, SW_ELIMIT, err, "this name has %zu bytes; at most %d are allowed",
                         tok->text.n, WIT_NAME_BYTES_MAX);
    if (tok->text.n == 0)
        return wit__fail(tok->pos, SW_EINPUT, err, "expected a name after '%%'");
    const char *fault = label_fault(tok->text);
    if (fault)
        return wit__fail(tok->pos, SW_EINPUT, err, "'" SW_FMT "' is not a name\nhint: %s", SW_ARG(tok->text),
                         fault);
    for (size_t i = 0; !escaped && i < sizeof KEYWORDS / sizeof KEYWORDS[0]; i++) {
        if (sw_str_eq(tok->text, sw_str_of(KEYWORDS[i].text))) {
            tok->kind = TOK_KEYWORD;
            tok->kw = KEYWORDS[i].kw;
        }
    }
    return 0;
}

static int lex_integer(struct wit_lexer *lex, struct sw_err *err)
{
    size_t start = lex->at;
    while (is_digit(peek(lex, 0))) {
        int rc = advance(lex, err);
        if (rc < 0)
            return rc;
    }
    lex->tok.kind = TOK_INTEGER;
    lex->tok.text = sw_str(lex->text.p + start, lex->at - start);
    return 0;
}

static int lex_string(struct wit_lexer *lex, struct sw_err *err)
{
    int rc = advance(lex, err);
    size_t start = lex->at;
    while (rc == 0) {
        char c = peek(lex, 0);
        if (lex->at >= lex->text.n || c == '\n')
            return wit__fail(lex->tok.pos, SW_EINPUT, err,
                             "this string does not end\nhint: close it with '\"' on the same line");
        if (c == '"')
            break;
        rc = advance_n(lex, c == '\\' && lex->at + 1 < lex->text.n ? 2 : 1, err);
    }
    if (rc < 0)
        return rc;
    lex->tok.kind = TOK_STRING;
    lex->tok.text = sw_str(lex->text.p + start, lex->at - start);
    return advance(lex, err);
}

static int lex_operator(struct wit_lexer *lex, struct sw_err *err)
{
    char c = peek(lex, 0);
    size_t n = 1;
    if (c == '-' && peek(lex, 1) == '>') {
        lex->tok.kind = TOK_ARROW;
        n = 2;
    } else if (c == '_') {
        lex->tok.kind = TOK_UNDERSCORE;
    } else if (c != '\0' && strchr("=,:;(){}<>*/.@", c)) {
        lex->tok.kind = TOK_OPERATOR;
    } else {
        size_t bytes;
        uint32_t scalar = scalar_at(lex, &bytes);
        if (scalar > ' ' && !is_forbidden(scalar))
            return wit__fail(here(lex), SW_EINPUT, err, "the character '%.*s' has no meaning here",
                             (int)bytes, lex->text.p + lex->at);
        return wit__fail(here(lex), SW_EINPUT, err,
                         "the character U+%04X is not allowed in WIT\nhint: remove it", scalar);
    }
    lex->tok.text = sw_str(lex->text.p + lex->at, n);
    return advance_n(lex, n, err);
}

int wit__lex_next(struct wit_lexer *lex, struct sw_err *err)
{
    int rc = skip_space(lex, err);
    if (rc < 0)
        return rc;
    lex->tok = (struct wit_token){.kind = TOK_END, .pos = here(lex), .start = lex->at, .end = lex->at};
    if (lex->at >= lex->text.n)
        return 0;
    char c = peek(lex, 0);
    if (c == '%' || is_lower(c) || is_upper(c))
        rc = lex_word(lex, err);
    else if (is_digit(c))
        rc = lex_integer(lex, err);
    else if (c == '"')
        rc = lex_string(lex, err);
    else
        rc = lex_operator(lex, err);
    lex->tok.end = lex->at;
    return rc;
}

/* Dot-separated identifiers of [0-9A-Za-z-], none empty; numeric ones without leading zeros where `numbers` says so.
 * A dot that no identifier follows ends it: "use a:b/c@1.0.0.{d}". */
static bool version_idents(struct sw_str text, size_t *at, bool numbers)
{
    for (;;) {
        size_t start = *at;
        bool digits = true;
        while (*at < text.n && (is_word(text.p[*at]) ||
                                (text.p[*at] == '-' && !(*at + 1 < text.n && text.p[*at + 1] == '>')))) {
            digits = digits && is_digit(text.p[*at]);
            (*at)++;
        }
        if (*at == start || (numbers && digits && *at - start > 1 && text.p[start] == '0'))
            return false;
        if (*at + 1 >= text.n || text.p[*at] != '.' || !(is_word(text.p[*at + 1]) || text.p[*at + 1] == '-'))
            return true;
        (*at)++;
    }
}

/* The end of a semantic version that starts at `at`; 0 when there is none. */
static size_t version_end(struct sw_str text, size_t at)
{
    for (int part = 0; part < 3; part++) {
        size_t start = at;
        while (at < text.n && is_digit(text.p[at]))
            at++;
        if (at == start || (at - start > 1 && text.p[start] == '0') || at - start > 19)
            return 0;
        if (part < 2 && (at >= text.n || text.p[at++] != '.'))
            return 0;
    }
    if (at < text.n && text.p[at] == '-') {
        at++;
        if (!version_idents(text, &at, true))
            return 0;
    }
    if (at < text.n && text.p[at] == '+') {
        at++;
        if (!version_idents(text, &at, false))
            return 0;
    }
    return at;
}

int wit__lex_version(struct wit_lexer *lex, struct sw_str *ret, struct sw_err *err)
{
    size_t start = lex->tok.start;
    size_t end = lex->tok.kind == TOK_INTEGER ? version_end(lex->text, start) : 0;
    if (!end || (end < lex->text.n && is_word(lex->text.p[end]))) {
        char got[WIT_GOT_BYTES];
        return wit__fail(lex->tok.pos, SW_EINPUT, err,
                         "expected a version, got %s\nhint: a version is like 1.2.3 or 0.2.0-rc.1",
                         wit__lex_got(lex, got));
    }
    if (end - start > WIT_VERSION_BYTES_MAX)
        return wit__fail(lex->tok.pos, SW_ELIMIT, err, "this version has %zu bytes; at most %d are allowed",
                         end - start, WIT_VERSION_BYTES_MAX);
    *ret = sw_str(lex->text.p + start, end - start);
    int rc = advance_n(lex, end - lex->at, err); /* the token was its first digits; a version is ASCII */
    return rc < 0 ? rc : wit__lex_next(lex, err);
}

const char *wit__lex_got(const struct wit_lexer *lex, char buf[WIT_GOT_BYTES])
{
    const struct wit_token *tok = &lex->tok;
    int n = tok->text.n > 40 ? 40 : (int)tok->text.n;
    const char *more = tok->text.n > 40 ? "..." : "";
    if (tok->kind == TOK_END)
        (void)snprintf(buf, WIT_GOT_BYTES, "the end of the file"); /* fits */
    else if (tok->kind == TOK_KEYWORD)
        (void)snprintf(buf, WIT_GOT_BYTES, "the keyword '%.*s'", n, tok->text.p);
    else if (tok->kind == TOK_STRING)
        (void)snprintf(buf, WIT_GOT_BYTES, "a string");
    else
        (void)snprintf(buf, WIT_GOT_BYTES, "'%.*s%s'", n, tok->text.p, more);
    return buf;
}
