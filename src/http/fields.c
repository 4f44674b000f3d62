/* fields.c - characters, names and values of HTTP fields.  Room: http. */
#include "http/fields.h"

#include "http/server.h"

#define T HTTP_C_TOKEN
#define U HTTP_C_TARGET
#define R HTTP_C_REG_NAME
#define D HTTP_C_DIGIT
#define H HTTP_C_HEX
#define SIX(c, v) [c] = v, [(c) + 1] = v, [(c) + 2] = v, [(c) + 3] = v, [(c) + 4] = v, [(c) + 5] = v
#define TEN(c, v) SIX(c, v), [(c) + 6] = v, [(c) + 7] = v, [(c) + 8] = v, [(c) + 9] = v

/* Target: every visible ASCII character but '#': browsers send a few that RFC 3986 wants encoded, and none of them can be mistaken
 * for the end of anything. Reg-name: unreserved, sub-delims and '%' (RFC 3986 3.2.2). */
const uint8_t http_chars[256] = {
    ['!'] = T | U | R,
    ['"'] = U,
    ['$'] = T | U | R,
    ['%'] = T | U | R,
    ['&'] = T | U | R,
    ['\''] = T | U | R,
    ['('] = U | R,
    [')'] = U | R,
    ['*'] = T | U | R,
    ['+'] = T | U | R,
    [','] = U | R,
    ['-'] = T | U | R,
    ['.'] = T | U | R,
    ['/'] = U,
    [':'] = U,
    [';'] = U | R,
    ['<'] = U,
    ['='] = U | R,
    ['>'] = U,
    ['?'] = U,
    ['@'] = U,
    ['['] = U,
    ['\\'] = U,
    [']'] = U,
    ['^'] = T | U,
    ['_'] = T | U | R,
    ['`'] = T | U,
    ['{'] = U,
    ['|'] = T | U,
    ['}'] = U,
    ['~'] = T | U | R,
    ['#'] = T,
    TEN('0', T | U | R | D | H),
    SIX('A', T | U | R | H),
    TEN('G', T | U | R),
    TEN('Q', T | U | R),
    SIX('a', T | U | R | H),
    TEN('g', T | U | R),
    TEN('q', T | U | R),
};

static bool all_are(struct sw_str s, unsigned kind)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!(http_chars[(unsigned char)s.p[i]] & kind))
            return false;
    }
    return true;
}

bool http_is_token(struct sw_str s)
{
    return s.n > 0 && all_are(s, HTTP_C_TOKEN);
}

/* No control byte but the tab; eight bytes at a time, and one by one where eight look suspicious. */
static bool value_bytes(const char *p, size_t n)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t tops = 0x8080808080808080u;
    size_t i = 0;
    while (i < n) {
        uint64_t eight = 0;
        size_t end = i + 8;
        if (end <= n) {
            memcpy(&eight, p + i, 8);
            uint64_t below_space = (eight - ones * 0x20) & ~eight & tops;
            uint64_t is_delete = ((eight ^ (ones * 0x7f)) - ones) & ~(eight ^ (ones * 0x7f)) & tops;
            if (!(below_space | is_delete)) {
                i = end;
                continue;
            }
        } else {
            end = n;
        }
        for (; i < end; i++) {
            unsigned char c = (unsigned char)p[i];
            if ((c < 0x20 && c != '\t') || c == 0x7f)
                return false;
        }
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool http_is_field_value(struct sw_str s)
{
    if (s.n && (is_blank(s.p[0]) || is_blank(s.p[s.n - 1])))
        return false;
    return value_bytes(s.p, s.n);
}

static enum http_field_id id_if(struct sw_str name, struct sw_str word, enum http_field_id id)
{
    return sw_str_eq_nocase(name, word) ? id : HTTP_FIELD_OTHER;
}

enum http_field_id http_field_id(struct sw_str name)
{
    if (name.n == 0)
        return HTTP_FIELD_OTHER;
    char first = (char)(name.p[0] | 0x20);
    switch (name.n) {
    case 4:
        if (first == 'h')
            return id_if(name, SW_LIT("host"), HTTP_FIELD_HOST);
        return first == 'd' ? id_if(name, SW_LIT("date"), HTTP_FIELD_DATE) : HTTP_FIELD_OTHER;
    case 6:
        if (first == 'e')
            return id_if(name, SW_LIT("expect"), HTTP_FIELD_EXPECT);
        return first == 's' ? id_if(name, SW_LIT("server"), HTTP_FIELD_SERVER) : HTTP_FIELD_OTHER;
    case 7:
        return first == 'u' ? id_if(name, SW_LIT("upgrade"), HTTP_FIELD_UPGRADE) : HTTP_FIELD_OTHER;
    case 10:
        if (first == 'c')
            return id_if(name, SW_LIT("connection"), HTTP_FIELD_CONNECTION);
        return first == 'k' ? id_if(name, SW_LIT("keep-alive"), HTTP_FIELD_KEEP_ALIVE) : HTTP_FIELD_OTHER;
    case 14:
        return first == 'c' ? id_if(name, SW_LIT("content-length"), HTTP_FIELD_CONTENT_LENGTH)
                            : HTTP_FIELD_OTHER;
    case 17:
        return first == 't' ? id_if(name, SW_LIT("transfer-encoding"), HTTP_FIELD_TRANSFER_ENCODING)
                            : HTTP_FIELD_OTHER;
    default:
        return HTTP_FIELD_OTHER;
    }
}

static bool is_port(struct sw_str s) /* what follows the host: empty, ":" or ":8080" */
{
    uint64_t port = 0;
    if (s.n == 0)
        return true;
    if (s.p[0] != ':')
        return false;
    s = sw_str_from(s, 1);
    return s.n == 0 || (s.n <= 5 && sw_str_to_u64(s, 65535, &port));
}

bool http_is_authority(struct sw_str s)
{
    if (s.n == 0)
        return false;
    if (s.p[0] == '[') { /* IP-literal: IPv6 only; nobody uses IPvFuture */
        size_t close = sw_str_find(s, ']');
        if (close == SW_NPOS || close < 3 ||
            close > 46) /* "::" is the shortest, 45 characters the longest address */
            return false;
        for (size_t i = 1; i < close; i++) {
            if (!(http_chars[(unsigned char)s.p[i]] & HTTP_C_HEX) && s.p[i] != ':' && s.p[i] != '.')
                return false;
        }
        return is_port(sw_str_from(s, close + 1));
    }
    size_t n = 0;
    while (n < s.n && (http_chars[(unsigned char)s.p[n]] & HTTP_C_REG_NAME))
        n++;
    return n > 0 && is_port(sw_str_from(s, n));
}

static struct sw_str trim(struct sw_str s)
{
    while (s.n && is_blank(s.p[0]))
        s = sw_str(s.p + 1, s.n - 1);
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool http_list_next(struct sw_str *rest, struct sw_str *ret_element)
{
    while (rest->n) {
        size_t comma = sw_str_find(*rest, ',');
        struct sw_str element = trim(comma == SW_NPOS ? *rest : sw_str_head(*rest, comma));
        *rest = comma == SW_NPOS ? sw_str(NULL, 0) : sw_str_from(*rest, comma + 1);
        if (element.n) {
            *ret_element = element;
            return true;
        }
    }
    return false;
}

int http_field_parse(struct sw_str line, struct http_field *ret, struct sw_err *err)
{
    size_t n = 0;
    while (n < line.n && (http_chars[(unsigned char)line.p[n]] & HTTP_C_TOKEN))
        n++;
    if (n == line.n || line.p[n] != ':' || n == 0) {
        if (n == 0 && line.n && is_blank(line.p[0]))
            return sw_fail(err, SW_EINPUT,
                           "a field line begins with white space: folded lines are not allowed");
        if (n < line.n && is_blank(line.p[n]))
            return sw_fail(err, SW_EINPUT, "white space in a field name or before its ':'");
        return sw_fail(err, SW_EINPUT, "a field line is not 'name: value'");
    }
    struct sw_str value = trim(sw_str(line.p + n + 1, line.n - n - 1));
    if (!value_bytes(value.p, value.n))
        return sw_fail(err, SW_EINPUT, "a control byte in the value of field '" SW_FMT "'",
                       (int)(n < 64 ? n : 64), line.p);
    ret->name = sw_str(line.p, n);
    ret->value = value;
    return 0;
}
