/* static_head.c - what a request for a file is answered with: path, encoding, validators, ranges.  Room: trigger. */
#include <stdio.h>

#include "http/fields.h"
#include "http/response.h"
#include "trigger/limits.h"
#include "trigger/static.h"

const struct trigger_static_coding trigger_static_codings[TRIGGER_STATIC_ENCODINGS] = {
    [TRIGGER_STATIC_PLAIN] = {"", ""},
    [TRIGGER_STATIC_BR] = {".br", "br"},
    [TRIGGER_STATIC_ZSTD] = {".zst", "zstd"},
    [TRIGGER_STATIC_GZIP] = {".gz", "gzip"},
};

/* ---- path ---- */

/* A name between slashes: no way up, no way to say the same in two ways. */
static bool is_name(struct sw_str name, bool hidden)
{
    if (sw_str_eq(name, SW_LIT(".")) || sw_str_eq(name, SW_LIT("..")))
        return false;
    return hidden || !sw_str_starts(name, SW_LIT("."));
}

static bool are_names(struct sw_str path, bool hidden)
{
    while (path.n) {
        size_t slash = sw_str_find(path, '/');
        struct sw_str name = slash == SW_NPOS ? path : sw_str_head(path, slash);
        if (name.n == 0 || !is_name(name, hidden))
            return false;
        path = slash == SW_NPOS ? SW_LIT("") : sw_str_from(path, slash + 1);
    }
    return true;
}

uint16_t trigger_static_path(struct sw_str path_info, bool hidden, char *ret, size_t cap)
{
    size_t n = 0;
    if (path_info.n && path_info.p[0] == '/')
        path_info = sw_str_from(path_info, 1);
    for (size_t i = 0; i < path_info.n; i++) {
        char c = path_info.p[i];
        if (c == '%') {
            int high = i + 2 < path_info.n ? sw_hex_digit(path_info.p[i + 1]) : -1;
            int low = high >= 0 ? sw_hex_digit(path_info.p[i + 2]) : -1;
            if (low < 0)
                return 400;
            c = (char)(high * 16 + low);
            i += 2;
            if (c == '/') /* part of a name, which no file here has */
                return 404;
        }
        if (c == '\0')
            return 400;
        if (n + 1 >= cap)
            return 404;
        ret[n++] = c;
    }
    ret[n] = '\0';
    return are_names(sw_str(ret, n), hidden) ? 0 : 404;
}

/* ---- fields of the request ---- */

/* The value of a field; *ret_count: how often it is there. */
static struct sw_str field(const struct http_request *request, const char *name, unsigned *ret_count)
{
    struct sw_str value = SW_LIT("");
    *ret_count = 0;
    for (uint32_t i = 0; i < request->field_count; i++) {
        if (!sw_str_eq_nocase(request->fields[i].name, sw_str_of(name)))
            continue;
        value = request->fields[i].value;
        ++*ret_count;
    }
    return value;
}

static struct sw_str trim(struct sw_str s)
{
    return sw_str_trim(s, SW_LIT(" \t"));
}

/* "gzip;q=0.5" as thousandths; 1000 without a weight, 0 for one that is none. */
static unsigned weight(struct sw_str parameters)
{
    struct sw_str text = trim(parameters);
    unsigned value = 0, unit = 1000;
    if (text.n == 0)
        return 1000;
    if (!sw_str_starts(text, SW_LIT("q=")) && !sw_str_starts(text, SW_LIT("Q=")))
        return 0;
    for (size_t i = 2; i < text.n && i < 7; i++) {
        if (text.p[i] == '.' && i == 3)
            continue;
        if (text.p[i] < '0' || text.p[i] > '9')
            return 0;
        value += (unsigned)(text.p[i] - '0') * unit;
        unit /= 10;
    }
    return value > 1000 ? 1000 : value;
}

/* Weight of a coding in one Accept-Encoding field; UINT_MAX-like 1001: it is not named. */
static unsigned named_weight(struct sw_str accept, struct sw_str coding)
{
    struct sw_str element;
    unsigned any = 1001;
    while (http_list_next(&accept, &element)) {
        size_t semicolon = sw_str_find(element, ';');
        struct sw_str name = trim(semicolon == SW_NPOS ? element : sw_str_head(element, semicolon));
        unsigned q = weight(semicolon == SW_NPOS ? SW_LIT("") : sw_str_from(element, semicolon + 1));
        if (sw_str_eq_nocase(name, coding))
            return q;
        if (sw_str_eq(name, SW_LIT("*")))
            any = q;
    }
    return any;
}

unsigned trigger_static_accepted(const struct http_request *request,
                                 enum trigger_static_encoding ret[TRIGGER_STATIC_ENCODINGS])
{
    unsigned count = 0, found;
    struct sw_str accept = field(request, "accept-encoding", &found);
    unsigned weights[TRIGGER_STATIC_ENCODINGS];
    for (unsigned i = TRIGGER_STATIC_BR; i < TRIGGER_STATIC_ENCODINGS; i++) {
        unsigned q = found == 1 ? named_weight(accept, sw_str_of(trigger_static_codings[i].name)) : 0;
        if (q == 0 || q > 1000)
            continue;
        unsigned at = count++;
        for (; at > 0 && weights[at - 1] < q; at--) { /* those of equal weight stay in our order */
            weights[at] = weights[at - 1];
            ret[at] = ret[at - 1];
        }
        weights[at] = q;
        ret[at] = (enum trigger_static_encoding)i;
    }
    ret[count++] = TRIGGER_STATIC_PLAIN;
    return count;
}

/* ---- the answer ---- */

static void add(struct trigger_static_answer *answer, const char *name, struct sw_str value)
{
    answer->fields[answer->field_count++] = (struct http_field){sw_str_of(name), value};
}

/* A value that is made: our own short texts, they fit. */
static struct sw_str made(struct trigger_static_answer *answer, const char *fmt, ...) SW_PRINTF(2, 3);
static struct sw_str made(struct trigger_static_answer *answer, const char *fmt, ...)
{
    char *at = answer->text + answer->text_n;
    size_t room = sizeof answer->text - answer->text_n;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(at, room, fmt, args);
    va_end(args);
    size_t used = n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
    answer->text_n += used;
    return sw_str(at, used);
}

static struct sw_str etag_of(struct trigger_static_answer *answer, const struct trigger_static_file *file)
{
    const uint64_t words[4] = {file->inode, file->size, (uint64_t)file->modified.tv_sec,
                               (uint64_t)file->modified.tv_nsec};
    return made(answer, "\"%016llx\"",
                (unsigned long long)sw_str_hash(sw_str((const char *)words, sizeof words)));
}

static struct sw_str date_of(struct trigger_static_answer *answer, const struct trigger_static_file *file)
{
    char line[HTTP_DATE_LINE_BYTES + 1];
    uint64_t seconds = file->modified.tv_sec > 0 ? (uint64_t)file->modified.tv_sec : 0;
    http_date_format(seconds * 1000000000u, line);
    struct sw_str date =
        trim(sw_str(line + 6, HTTP_DATE_LINE_BYTES - 8)); /* without "Date: " and the line's end */
    return made(answer, SW_FMT, SW_ARG(date));
}

/* An entity tag in a list: "a", W/"b", *. Weak comparison (RFC 9110 8.8.3.2) unless strong. */
static bool list_has(struct sw_str list, struct sw_str etag, bool strong)
{
    struct sw_str element;
    while (http_list_next(&list, &element)) {
        bool weak = sw_str_starts(element, SW_LIT("W/"));
        if (sw_str_eq(element, SW_LIT("*")))
            return true;
        if (!(weak && strong) && sw_str_eq(weak ? sw_str_from(element, 2) : element, etag))
            return true;
    }
    return false;
}

/* Dates are compared as text, as clients send back what they were given; any other date does not match, which costs a whole answer. */
static uint16_t precondition(const struct http_request *request, struct sw_str etag, struct sw_str date)
{
    unsigned count;
    bool safe = sw_str_eq(request->method, SW_LIT("GET")) || sw_str_eq(request->method, SW_LIT("HEAD"));
    struct sw_str value = field(request, "if-match", &count);
    if (count && !list_has(value, etag, true))
        return 412;
    value = field(request, "if-none-match", &count);
    if (count)
        return list_has(value, etag, false) ? (safe ? 304 : 412) : 0;
    value = field(request, "if-modified-since", &count);
    return count == 1 && safe && sw_str_eq(value, date) ? 304 : 0;
}

/* "bytes=a-b", one range only: more are answered with the whole file, as is what cannot be read (RFC 9110 14.2). Returns whether there is
 * one; *ret_bad: it lies outside. */
static bool range_of(const struct http_request *request, uint64_t size, uint64_t *ret_offset,
                     uint64_t *ret_length, bool *ret_bad)
{
    unsigned count;
    struct sw_str value = field(request, "range", &count);
    *ret_bad = false;
    if (count != 1 || !sw_str_eq_nocase(sw_str_head(value, 6), SW_LIT("bytes=")) ||
        !sw_str_eq(request->method, SW_LIT("GET")))
        return false;
    value = trim(sw_str_from(value, 6));
    size_t dash = sw_str_find(value, '-');
    uint64_t first = 0, last = 0;
    if (dash == SW_NPOS)
        return false;
    struct sw_str left = trim(sw_str_head(value, dash)), right = trim(sw_str_from(value, dash + 1));
    bool has_left = left.n > 0, has_right = right.n > 0;
    if ((has_left && !sw_str_to_u64(left, UINT64_MAX, &first)) ||
        (has_right && !sw_str_to_u64(right, UINT64_MAX, &last)) || (!has_left && !has_right) ||
        (has_left && has_right && last < first))
        return false;
    if (!has_left) { /* the last so many */
        first = last < size ? size - last : 0;
        *ret_bad = last == 0 || size == 0;
    } else {
        *ret_bad = first >= size;
    }
    if (*ret_bad)
        return true;
    if (!has_left || !has_right || last >= size)
        last = size - 1;
    *ret_offset = first;
    *ret_length = last - first + 1;
    return true;
}

static bool may_range(const struct http_request *request, struct sw_str etag, struct sw_str date)
{
    unsigned count;
    struct sw_str value = field(request, "if-range", &count);
    return count == 0 || (count == 1 && (sw_str_eq(value, etag) || sw_str_eq(value, date)));
}

void trigger_static_decide(const struct http_request *request, const struct trigger_static_file *file,
                           struct sw_str cache_control, struct trigger_static_answer *ret)
{
    bool bad = false;
    *ret = (struct trigger_static_answer){.status = 200, .length = file->size};
    struct sw_str etag = etag_of(ret, file), date = date_of(ret, file);
    uint16_t status = precondition(request, etag, date);
    add(ret, "etag", etag);
    add(ret, "last-modified", date);
    add(ret, "vary", SW_LIT("accept-encoding"));
    if (cache_control.n)
        add(ret, "cache-control", cache_control);
    if (status) {
        ret->status = status;
        ret->length = 0;
        return;
    }
    add(ret, "accept-ranges", SW_LIT("bytes"));
    if (may_range(request, etag, date) && range_of(request, file->size, &ret->offset, &ret->length, &bad)) {
        ret->status = bad ? 416 : 206;
        if (bad)
            ret->length = 0;
        add(ret, "content-range",
            bad ? made(ret, "bytes */%llu", (unsigned long long)file->size)
                : made(ret, "bytes %llu-%llu/%llu", (unsigned long long)ret->offset,
                       (unsigned long long)(ret->offset + ret->length - 1), (unsigned long long)file->size));
    }
    if (ret->status == 416)
        return;
    add(ret, "content-type", trigger_static_type(file->name));
    add(ret, "x-content-type-options", SW_LIT("nosniff"));
    if (file->encoding != TRIGGER_STATIC_PLAIN)
        add(ret, "content-encoding", sw_str_of(trigger_static_codings[file->encoding].name));
}
