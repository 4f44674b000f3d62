/* str.c - comparing, searching and checking views.  Room: base. */
#include "base/str.h"

size_t sw_str_find(struct sw_str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : SW_NPOS;
}

size_t sw_str_rfind(struct sw_str s, char c)
{
    const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : SW_NPOS;
}

struct sw_str sw_str_trim(struct sw_str s, struct sw_str bytes)
{
    while (s.n && memchr(bytes.p, s.p[0], bytes.n))
        s = sw_str(s.p + 1, s.n - 1);
    while (s.n && memchr(bytes.p, s.p[s.n - 1], bytes.n))
        s.n--;
    return s;
}

int sw_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

bool sw_str_eq_nocase(struct sw_str a, struct sw_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

int sw_str_cmp(struct sw_str a, struct sw_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    if (order != 0)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

bool sw_str_to_u64(struct sw_str s, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (value > (max - digit) / 10 || digit > max)
            return false;
        value = value * 10 + digit;
    }
    *ret = value;
    return true;
}

/* Length of the well-formed sequence at p (1..4), or 0. */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
    unsigned char b = p[0];
    if (b < 0x80)
        return 1;
    if (b < 0xc2 || b > 0xf4)
        return 0;
    size_t len = b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
    if (n < len)
        return 0;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    if (b == 0xe0)
        low = 0xa0; /* overlong */
    else if (b == 0xed)
        high = 0x9f; /* surrogates */
    else if (b == 0xf0)
        low = 0x90; /* overlong */
    else if (b == 0xf4)
        high = 0x8f; /* past U+10FFFF */
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

bool sw_utf8_valid(struct sw_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (i < s.n) {
        uint64_t word;
        if (s.n - i >= sizeof word) {
            memcpy(&word, p + i, sizeof word);
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof word;
                continue;
            }
        }
        size_t len = utf8_sequence(p + i, s.n - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

uint64_t sw_str_hash(struct sw_str s)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < s.n; i++)
        hash = (hash ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
    return hash ^ (hash >> 29);
}
