/* wave_lex.c - the tokens of WAVE: numbers, characters, strings, labels.  Room: component. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "component/limits.h"
#include "component/wave_internal.h"

#define GOT_BYTES 24 /* of the input that a message shows */

/* ---- messages ---- */

static void position(const struct wave *w, size_t at, unsigned *ret_line, unsigned *ret_column)
{
    *ret_line = 1;
    *ret_column = 1;
    for (size_t i = 0; i < at && i < w->text.n; i++) {
        unsigned char c = (unsigned char)w->text.p[i];
        if (c == '\n') {
            ++*ret_line;
            *ret_column = 1;
        } else if ((c & 0xc0) != 0x80) {
            ++*ret_column;
        }
    }
}

static bool is_label_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* What stands at `at`, as far as a message shows it: a word, or one character. */
static struct sw_str shown(const struct wave *w, size_t at)
{
    struct sw_str rest = sw_str_from(w->text, at);
    size_t n = 0;
    while (n < rest.n && n < GOT_BYTES &&
           (is_label_byte(rest.p[n]) || rest.p[n] == '.' || rest.p[n] == '+' || rest.p[n] == '%'))
        n++;
    if (n == 0 && rest.n)
        for (n = 1; n < rest.n && (rest.p[n] & 0xc0) == 0x80; n++)
            ;
    return sw_str_head(rest, n);
}

int(component__wave_bad)(struct wave *w, size_t at, const char *fmt, ...)
{
    char text[SW_ERR_TEXT_MAX];
    unsigned line, column;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args); /* cut when longer: so is the error's */
    va_end(args);
    position(w, at, &line, &column);
    return sw_fail(w->err, SW_EINPUT, "%u:%u: %s", line, column, text);
}

int(component__wave_expected)(struct wave *w, size_t at, const char *fmt, ...)
{
    char text[SW_ERR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args); /* as above */
    va_end(args);
    struct sw_str got = shown(w, at);
    if (got.n == 0)
        return component__wave_bad(w, at, "expected %s, got the end", text);
    return component__wave_bad(w, at, "expected %s, got '" SW_FMT "'", text, SW_ARG(got));
}

/* ---- space, punctuation, labels ---- */

static char peek(const struct wave *w) /* '\0': the end, or what is no token anyway */
{
    return w->at < w->text.n ? w->text.p[w->at] : '\0';
}

void component__wave_space(struct wave *w)
{
    for (;;) {
        char c = peek(w);
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            w->at++;
        } else if (c == '/' && sw_str_starts(sw_str_from(w->text, w->at), SW_LIT("//"))) {
            size_t end = sw_str_find(sw_str_from(w->text, w->at), '\n');
            w->at = end == SW_NPOS ? w->text.n : w->at + end + 1;
        } else {
            return;
        }
    }
}

bool component__wave_eat(struct wave *w, char c)
{
    component__wave_space(w);
    if (peek(w) != c)
        return false;
    w->at++;
    return true;
}

int component__wave_need(struct wave *w, char c)
{
    return component__wave_eat(w, c) ? 0 : component__wave_expected(w, w->at, "'%c'", c);
}

struct sw_str component__wave_peek_label(struct wave *w)
{
    component__wave_space(w);
    struct sw_str rest = sw_str_from(w->text, w->at);
    size_t start = rest.n && rest.p[0] == '%' ? 1 : 0, n = start;
    while (n < rest.n && is_label_byte(rest.p[n]))
        n++;
    bool letter = n > start && ((rest.p[start] | 0x20) >= 'a' && (rest.p[start] | 0x20) <= 'z');
    return letter ? sw_str_head(rest, n) : SW_LIT("");
}

/* ---- numbers ---- */

static size_t digits(struct sw_str text, size_t at)
{
    size_t n = 0;
    while (at + n < text.n && text.p[at + n] >= '0' && text.p[at + n] <= '9')
        n++;
    return n;
}

/* The length of the integer part: '-', then 0 or digits that do not begin with 0. 0: none stands here. */
static size_t integer_part(struct sw_str rest)
{
    size_t sign = rest.n && rest.p[0] == '-' ? 1 : 0;
    size_t n = digits(rest, sign);
    return rest.n == 0 || n == 0 || (n > 1 && rest.p[sign] == '0') ? 0 : sign + n;
}

static const struct int_range {
    enum component_kind kind;
    const char *text;
    int64_t min;
    uint64_t max;
} ranges[] = {
    {COMPONENT_S8, "an s8 (-128 to 127)", INT8_MIN, INT8_MAX},
    {COMPONENT_U8, "a u8 (0 to 255)", 0, UINT8_MAX},
    {COMPONENT_S16, "an s16 (-32768 to 32767)", INT16_MIN, INT16_MAX},
    {COMPONENT_U16, "a u16 (0 to 65535)", 0, UINT16_MAX},
    {COMPONENT_S32, "an s32 (-2147483648 to 2147483647)", INT32_MIN, INT32_MAX},
    {COMPONENT_U32, "a u32 (0 to 4294967295)", 0, UINT32_MAX},
    {COMPONENT_S64, "an s64 (-9223372036854775808 to 9223372036854775807)", INT64_MIN, INT64_MAX},
    {COMPONENT_U64, "a u64 (0 to 18446744073709551615)", 0, UINT64_MAX},
};

/* What follows must not make it another token: "1x", "1.5" where an integer is wanted. */
static bool goes_on(const struct wave *w, size_t at)
{
    return at < w->text.n && (is_label_byte(w->text.p[at]) || w->text.p[at] == '.');
}

int component__wave_int(struct wave *w, enum component_kind kind, uint64_t *ret)
{
    const struct int_range *range = ranges;
    while (range->kind != kind)
        range++;
    struct sw_str rest = sw_str_from(w->text, w->at);
    size_t n = integer_part(rest);
    if (rest.n == 0 || n == 0 || goes_on(w, w->at + n))
        return component__wave_expected(w, w->at, "%s", range->text);
    bool negative = rest.p[0] == '-';
    uint64_t most = negative ? 0 - (uint64_t)range->min : range->max, magnitude;
    if (!sw_str_to_u64(sw_str(rest.p + negative, n - negative), most, &magnitude))
        return component__wave_expected(w, w->at, "%s", range->text);
    *ret = negative ? 0 - magnitude : magnitude;
    w->at += n;
    return 0;
}

static size_t float_token(struct sw_str rest)
{
    size_t n = integer_part(rest), more;
    if (n == 0)
        return 0;
    if (n < rest.n && rest.p[n] == '.') {
        more = digits(rest, n + 1);
        if (more == 0)
            return 0;
        n += 1 + more;
    }
    if (n < rest.n && (rest.p[n] == 'e' || rest.p[n] == 'E')) {
        size_t sign = n + 1 < rest.n && (rest.p[n + 1] == '+' || rest.p[n + 1] == '-') ? 1 : 0;
        more = digits(rest, n + 1 + sign);
        if (more == 0)
            return 0;
        n += 1 + sign + more;
    }
    return n;
}

static bool float_word(struct wave *w, double *ret)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"nan", (double)NAN}, {"inf", (double)INFINITY}, {"-inf", (double)-INFINITY}};
    struct sw_str rest = sw_str_from(w->text, w->at);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct sw_str word = sw_str_of(words[i].word);
        if (sw_str_starts(rest, word) && !goes_on(w, w->at + word.n)) {
            *ret = words[i].value;
            w->at += word.n;
            return true;
        }
    }
    return false;
}

int component__wave_float(struct wave *w, enum component_kind kind, struct component_value *ret)
{
    const char *what = kind == COMPONENT_F32 ? "an f32" : "an f64";
    char text[COMPONENT_WAVE_NUMBER_MAX + 1];
    double value = 0;
    if (float_word(w, &value)) {
        if (kind == COMPONENT_F32)
            ret->f32 = (float)value;
        else
            ret->f64 = value;
        return 0;
    }
    size_t n = float_token(sw_str_from(w->text, w->at));
    if (n == 0 || goes_on(w, w->at + n))
        return component__wave_expected(w, w->at, "%s", what);
    if (n > COMPONENT_WAVE_NUMBER_MAX)
        return component__wave_bad(w, w->at, "a number is over %d bytes", COMPONENT_WAVE_NUMBER_MAX);
    memcpy(text, w->text.p + w->at, n);
    text[n] = '\0';
    value = kind == COMPONENT_F32 ? (double)strtof(text, NULL) : strtod(text, NULL); /* no locale is set */
    if (isinf(value))
        return component__wave_expected(w, w->at, "%s (larger ones are written inf)", what);
    if (kind == COMPONENT_F32)
        ret->f32 = (float)value;
    else
        ret->f64 = value;
    w->at += n;
    return 0;
}

/* ---- characters and strings ---- */

static size_t utf8_put(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 0x3f));
        to[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 0x3f));
    to[2] = (char)(0x80 | (c >> 6 & 0x3f));
    to[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

static uint32_t utf8_take(struct wave *w) /* text is valid UTF-8, and not at its end */
{
    const unsigned char *p = (const unsigned char *)w->text.p + w->at;
    static const unsigned char masks[] = {0x7f, 0x1f, 0x0f, 0x07};
    size_t more = p[0] < 0x80 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
    uint32_t c = p[0] & masks[more];
    for (size_t i = 1; i <= more; i++)
        c = c << 6 | (p[i] & 0x3f);
    w->at += more + 1;
    return c;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int unicode_escape(struct wave *w, size_t start, uint32_t *ret) /* behind "\u" */
{
    uint32_t value = 0;
    size_t n = 0;
    if (peek(w) != '{')
        return component__wave_expected(w, w->at, "'{' and a hexadecimal number behind '\\u'");
    for (w->at++; hex_value(peek(w)) >= 0 && value <= 0x10ffff; w->at++, n++)
        value = value * 16 + (uint32_t)hex_value(peek(w));
    if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return component__wave_bad(
            w, start, "expected a Unicode scalar value (0 to d7ff, e000 to 10ffff) in '\\u{...}'");
    if (n == 0 || peek(w) != '}')
        return component__wave_expected(w, w->at, n ? "'}'" : "a hexadecimal number in '\\u{...}'");
    w->at++;
    *ret = value;
    return 0;
}

static int escape(struct wave *w, uint32_t *ret) /* at the backslash */
{
    static const char from[] = "'\"tnr\\", to[] = "'\"\t\n\r\\";
    size_t start = w->at++;
    char c = peek(w);
    const char *found = c ? strchr(from, c) : NULL;
    if (!found && c != 'u')
        return component__wave_bad(w, start, "expected an escape (\\' \\\" \\\\ \\t \\n \\r \\u{...})");
    w->at++;
    if (!found)
        return unicode_escape(w, start, ret);
    *ret = (unsigned char)to[found - from];
    return 0;
}

/* One character of a char or string, as written or escaped. */
static int common_char(struct wave *w, uint32_t *ret)
{
    if (w->at >= w->text.n || peek(w) == '\n')
        return component__wave_bad(w, w->at, "a quote is missing at the end%s",
                                   w->at >= w->text.n ? "" : " of the line");
    if (peek(w) == '\\')
        return escape(w, ret);
    *ret = utf8_take(w);
    return 0;
}

int component__wave_char(struct wave *w, uint64_t *ret)
{
    uint32_t c = 0;
    size_t start = w->at;
    if (peek(w) != '\'')
        return component__wave_expected(w, w->at, "a char ('x')");
    w->at++;
    if (peek(w) == '\'')
        return component__wave_bad(w, start, "expected one character between the quotes");
    int rc = common_char(w, &c);
    if (rc < 0)
        return rc;
    if (peek(w) != '\'')
        return component__wave_bad(w, start, "expected one character between the quotes");
    w->at++;
    *ret = c;
    return 0;
}

static int line_break(struct wave *w) /* bytes of the one that stands here; 0: none */
{
    struct sw_str rest = sw_str_from(w->text, w->at);
    return sw_str_starts(rest, SW_LIT("\n")) ? 1 : sw_str_starts(rest, SW_LIT("\r\n")) ? 2 : 0;
}

/* The spaces before the closing quotes, which stand on a line of their own. SW_NPOS: they do not come. */
static size_t closing_indent(const struct wave *w)
{
    size_t at = w->at;
    while (at < w->text.n) {
        struct sw_str line = sw_str_from(w->text, at);
        size_t spaces = 0;
        while (spaces < line.n && line.p[spaces] == ' ')
            spaces++;
        if (sw_str_starts(sw_str_from(line, spaces), SW_LIT("\"\"\"")))
            return spaces;
        size_t end = sw_str_find(line, '\n');
        if (end == SW_NPOS)
            break;
        at += end + 1;
    }
    return SW_NPOS;
}

static int multiline(struct wave *w, char *to, size_t *ret_n)
{
    size_t start = w->at, n = 0;
    w->at += 3;
    int broken = line_break(w);
    if (!broken)
        return component__wave_expected(w, w->at, "a line break behind \"\"\"");
    w->at += (size_t)broken;
    size_t indent = closing_indent(w);
    if (indent == SW_NPOS)
        return component__wave_bad(w, start, "the closing \"\"\" is missing: it stands on a line of its own");
    for (bool first = true;; first = false) {
        size_t spaces = 0, line = w->at;
        while (spaces < indent && peek(w) == ' ') {
            spaces++;
            w->at++;
        }
        if (spaces == indent && sw_str_starts(sw_str_from(w->text, w->at), SW_LIT("\"\"\"")))
            break;
        if (spaces < indent && !line_break(w))
            return component__wave_bad(
                w, line, "expected at least the %zu spaces that stand before the closing \"\"\"", indent);
        if (!first)
            to[n++] = '\n';
        while (!(broken = line_break(w))) {
            uint32_t c = 0;
            if (sw_str_starts(sw_str_from(w->text, w->at), SW_LIT("\"\"\"")))
                return component__wave_bad(w, w->at, "expected a line break before the closing \"\"\"");
            int rc = common_char(w, &c);
            if (rc < 0)
                return rc;
            n += utf8_put(to + n, c);
        }
        w->at += (size_t)broken;
    }
    w->at += 3;
    *ret_n = n;
    return 0;
}

int component__wave_string(struct wave *w, struct sw_str *ret)
{
    if (peek(w) != '"')
        return component__wave_expected(w, w->at, "a string");
    struct sw_str rest = sw_str_from(w->text, w->at);
    bool many = sw_str_starts(rest, SW_LIT("\"\"\""));
    size_t room = 0, n = 0; /* no escape is shorter than what it stands for */
    while (!many && room + 1 < rest.n && rest.p[room + 1] != '"')
        room += rest.p[room + 1] == '\\' ? 2 : 1;
    char *to = SW_ARENA_ARRAY(w->arena, (many ? rest.n : room) + 4, char);
    if (!to)
        return sw_arena_fail(w->arena, rest.n, w->err);
    int rc = 0;
    if (many) {
        rc = multiline(w, to, &n);
    } else {
        for (w->at++; rc == 0 && peek(w) != '"';) {
            uint32_t c = 0;
            rc = common_char(w, &c);
            if (rc == 0)
                n += utf8_put(to + n, c);
        }
        w->at += rc == 0;
    }
    *ret = sw_str(to, n);
    return rc;
}
