/* str.h - a borrowed view of bytes, passed by value.  Room: base. */
#ifndef SW_BASE_STR_H
#define SW_BASE_STR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sw_str {
    const char *p; /* not NUL-terminated; may be NULL when n is 0 */
    size_t n;
};

#define SW_LIT(s) ((struct sw_str){"" s "", sizeof(s) - 1})
#define SW_LIT_INIT(s)                                                                                       \
    {                                                                                                        \
        "" s "", sizeof(s) - 1                                                                               \
    } /* for static initialisers */
#define SW_FMT "%.*s"
#define SW_ARG(s) (int)((s).n < INT_MAX ? (s).n : INT_MAX), (s).n ? (s).p : "" /* a precision is an int */

static inline struct sw_str sw_str(const char *p, size_t n)
{
    return (struct sw_str){p, n};
}

static inline struct sw_str sw_str_of(const char *text) /* NULL gives the empty view */
{
    return (struct sw_str){text, text ? strlen(text) : 0};
}

static inline bool sw_str_eq(struct sw_str a, struct sw_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool sw_str_starts(struct sw_str s, struct sw_str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool sw_str_ends(struct sw_str s, struct sw_str suffix)
{
    return s.n >= suffix.n && (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

static inline struct sw_str sw_str_from(struct sw_str s, size_t start) /* the rest; empty past the end */
{
    return start >= s.n ? (struct sw_str){NULL, 0} : (struct sw_str){s.p + start, s.n - start};
}

static inline struct sw_str sw_str_head(struct sw_str s, size_t n)
{
    return n >= s.n ? s : (struct sw_str){s.p, n};
}

struct sw_str sw_str_trim(struct sw_str s, struct sw_str bytes); /* without those of `bytes` at both ends */

#define SW_NPOS SIZE_MAX
size_t sw_str_find(struct sw_str s, char c);             /* index of the first c, or SW_NPOS */
size_t sw_str_rfind(struct sw_str s, char c);            /* index of the last c, or SW_NPOS */
bool sw_str_eq_nocase(struct sw_str a, struct sw_str b); /* ASCII letters only */
int sw_str_cmp(struct sw_str a, struct sw_str b);        /* bytewise, then by length; like memcmp */
/* Decimal digits only. Returns false on empty, other bytes, or over max. */
bool sw_str_to_u64(struct sw_str s, uint64_t max, uint64_t *ret);
int sw_hex_digit(char c);            /* 0 to 15 of 0-9, a-f, A-F; -1 of all others */
bool sw_utf8_valid(struct sw_str s); /* Unicode 15 table 3-7: no surrogates, no overlong forms */
uint64_t sw_str_hash(struct sw_str s);

#endif
