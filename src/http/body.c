/* body.c - the decoder of chunked bodies.  Room: http.
 *
 *   SIZE --size line--> DATA --all of it--> DATA_END --CRLF--> SIZE
 *      \--size 0--> TRAILERS --empty line--> END
 * Size lines and trailers are taken when complete; how far the search for the line feed came is remembered, so all is linear.
 * Strict: hexadecimal digits only, no sign, no prefix, no white space around them; lines end in CRLF. Extensions are ignored but counted. */
#include "http/body.h"

#include <assert.h>

#include "http/fields.h"
#include "http/limits.h"

void http_chunked_init(struct http_chunked *chunked, uint64_t total_max, struct http_field *trailers,
                       uint32_t trailers_max)
{
    memset(chunked, 0, sizeof *chunked);
    chunked->total_max = total_max;
    chunked->trailers = trailers;
    chunked->trailers_max = trailers_max;
}

static unsigned hex_value(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

/* The size line without its CRLF. */
static int take_size(struct http_chunked *chunked, struct sw_str line, struct sw_err *err)
{
    uint64_t size = 0;
    size_t n = 0;
    while (n < line.n && (http_chars[(unsigned char)line.p[n]] & HTTP_C_HEX)) {
        if (n == HTTP_CHUNK_SIZE_DIGITS_MAX)
            return sw_fail(err, SW_EINPUT, "a chunk size has over %d digits", HTTP_CHUNK_SIZE_DIGITS_MAX);
        size = size << 4 | hex_value(line.p[n++]);
    }
    if (n == 0)
        return sw_fail(err, SW_EINPUT, "a chunk size is not a hexadecimal number");
    if (n < line.n) {
        if (line.p[n] != ';')
            return sw_fail(err, SW_EINPUT,
                           "a chunk size is followed by something else than ';' or the end of the line");
        chunked->extensions +=
            (uint32_t)(line.n - n); /* a line is at most 1 KiB: no overflow before the limit */
        if (chunked->extensions > HTTP_CHUNK_EXTENSIONS_BYTES_MAX)
            return sw_fail(err, SW_EINPUT, "chunk extensions are over %d bytes",
                           HTTP_CHUNK_EXTENSIONS_BYTES_MAX);
        for (size_t i = n; i < line.n; i++) {
            unsigned char c = (unsigned char)line.p[i];
            if ((c < 0x20 && c != '\t') || c == 0x7f)
                return sw_fail(err, SW_EINPUT, "a control byte in a chunk extension");
        }
    }
    if (size > chunked->total_max - chunked->total)
        return sw_fail(err, SW_ELIMIT, "the body is over %llu bytes", (unsigned long long)chunked->total_max);
    chunked->total += size;
    chunked->left = size;
    chunked->state = size ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILERS;
    return 0;
}

/* Finds the line that begins at `start`, searching on from `scan`. Returns 0 with the line without CRLF, or SW_WAIT. */
static int find_line(struct http_chunked *chunked, struct sw_str in, size_t start, size_t max,
                     struct sw_str *ret_line, struct sw_err *err)
{
    size_t seen = in.n < max ? in.n : max;
    size_t from = chunked->scan > start ? chunked->scan : start;
    const char *found = from < seen ? memchr(in.p + from, '\n', seen - from) : NULL;
    if (!found) {
        chunked->scan = seen;
        return in.n >= max ? sw_fail(err, SW_EINPUT, "a line of chunk framing is over its limit") : SW_WAIT;
    }
    size_t feed = (size_t)(found - in.p);
    if (feed == start || in.p[feed - 1] != '\r')
        return sw_fail(err, SW_EINPUT, "a line of chunk framing ends in LF without CR");
    *ret_line = sw_str(in.p + start, feed - 1 - start);
    chunked->scan = feed + 1;
    return 0;
}

static size_t behind(struct sw_str in, struct sw_str line) /* offset of what follows the line's CRLF */
{
    return (size_t)(line.p - in.p) + line.n + 2;
}

static int next_size(struct http_chunked *chunked, struct sw_str in, size_t *used, struct sw_err *err)
{
    struct sw_str line;
    int rc = find_line(chunked, in, 0, HTTP_CHUNK_LINE_BYTES_MAX, &line, err);
    if (rc != 0)
        return rc;
    rc = take_size(chunked, line, err);
    if (rc < 0)
        return rc;
    chunked->scan = 0;
    *used += behind(in, line);
    return 0;
}

static int next_data_end(struct http_chunked *chunked, struct sw_str in, size_t *used, struct sw_err *err)
{
    if (in.n == 0)
        return SW_WAIT;
    if (in.p[0] != '\r' || (in.n > 1 && in.p[1] != '\n'))
        return sw_fail(err, SW_EINPUT, "a chunk's data is not followed by CRLF");
    if (in.n == 1)
        return SW_WAIT;
    chunked->state = HTTP_CHUNK_SIZE;
    *used += 2;
    return 0;
}

static int take_trailer(struct http_chunked *chunked, struct sw_str line, struct sw_err *err)
{
    struct http_field field;
    int rc = http_field_parse(line, &field, err);
    if (rc < 0)
        return rc;
    enum http_field_id id = http_field_id(field.name);
    if (id != HTTP_FIELD_OTHER && id != HTTP_FIELD_DATE && id != HTTP_FIELD_SERVER)
        return 0; /* framing and routing come too late here: dropped (RFC 9110 6.5.1) */
    if (chunked->trailer_count >= chunked->trailers_max)
        return sw_fail(err, SW_EINPUT, "too many trailer fields");
    chunked->trailers[chunked->trailer_count++] = field;
    return 0;
}

static void rebase(struct http_chunked *chunked, const char *to)
{
    for (uint32_t i = 0; chunked->base && i < chunked->trailer_count; i++) {
        struct http_field *field = &chunked->trailers[i];
        field->name.p = to + ((uintptr_t)field->name.p - (uintptr_t)chunked->base);
        field->value.p = to + ((uintptr_t)field->value.p - (uintptr_t)chunked->base);
    }
    chunked->base = to;
}

static int next_trailers(struct http_chunked *chunked, struct sw_str in, size_t *used, struct sw_err *err)
{
    if (in.p != chunked->base)
        rebase(chunked, in.p);
    for (;;) {
        struct sw_str line;
        int rc = find_line(chunked, in, chunked->line, HTTP_TRAILER_BYTES_MAX, &line, err);
        if (rc != 0)
            return rc;
        chunked->line = behind(in, line);
        if (line.n == 0) {
            chunked->state = HTTP_CHUNK_END;
            *used += chunked->line;
            return 0;
        }
        rc = take_trailer(chunked, line, err);
        if (rc < 0)
            return rc;
    }
}

int http_chunked_next(struct http_chunked *chunked, struct sw_str in, size_t *ret_used,
                      struct sw_str *ret_data, struct sw_err *err)
{
    size_t used = 0;
    int rc = 0;
    while (rc == 0) {
        struct sw_str rest = {in.p + used, in.n - used};
        switch (chunked->state) {
        case HTTP_CHUNK_SIZE:
            rc = next_size(chunked, rest, &used, err);
            break;
        case HTTP_CHUNK_DATA:
            *ret_used = used;
            if (rest.n == 0)
                return SW_WAIT;
            *ret_data = sw_str(rest.p, rest.n < chunked->left ? rest.n : (size_t)chunked->left);
            return 0;
        case HTTP_CHUNK_DATA_END:
            rc = next_data_end(chunked, rest, &used, err);
            break;
        case HTTP_CHUNK_TRAILERS:
            rc = next_trailers(chunked, rest, &used, err);
            break;
        case HTTP_CHUNK_END:
            rc = SW_END;
            break;
        }
    }
    if (rc > 0)
        *ret_used = used;
    return rc;
}

void http_chunked_consume(struct http_chunked *chunked, size_t n)
{
    assert(chunked->state == HTTP_CHUNK_DATA && n <= chunked->left);
    chunked->left -= n;
    if (chunked->left == 0)
        chunked->state = HTTP_CHUNK_DATA_END;
}
