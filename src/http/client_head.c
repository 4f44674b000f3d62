/* client_head.c - the fields of a response, as libcurl hands them over: line by line.  Room: http.
 *
 * source: RFC 9112 5, 5.2 (a folded line is one value with a space) */
#include <assert.h>

#include "http/client_internal.h"
#include "http/fields.h"

#define WHITE SW_LIT(" \t\r\n") /* the line's end, too */

static int fold(struct http__section *section, struct sw_str more, struct sw_err *err)
{
    if (section->spans.n < sizeof(struct http__span))
        return sw_fail(err, SW_EINPUT, "the first field begins with white space");
    if (!http_is_field_value(more) && more.n)
        return sw_fail(err, SW_EINPUT, "a field's value has a byte that cannot be in it");
    struct http__span span;
    char *last = section->spans.p + section->spans.n - sizeof span;
    memcpy(&span, last, sizeof span);
    int rc = sw_buf_reserve(&section->text, more.n + 1, err);
    if (rc < 0)
        return rc;
    sw_ignore(sw_buf_add(&section->text, SW_LIT(" "), err)); /* reserved, here and below */
    sw_ignore(sw_buf_add(&section->text, more, err));
    span.value_n += (uint32_t)more.n + 1;
    memcpy(last, &span, sizeof span);
    return 0;
}

int http__section_add(struct http__section *section, const struct http_field *field, struct sw_err *err)
{
    if (section->spans.max == 0) {
        section->text = SW_BUF(HTTP_CLIENT_HEAD_BYTES_MAX);
        section->spans = SW_BUF(HTTP_CLIENT_HEAD_BYTES_MAX);
    }
    const struct http__span span = {.at = (uint32_t)section->text.n,
                                    .name_n = (uint32_t)field->name.n,
                                    .value_n = (uint32_t)field->value.n}; /* below the buffer's ceiling */
    int rc = sw_buf_reserve(&section->text, field->name.n + field->value.n, err);
    if (rc == 0)
        rc = sw_buf_add(&section->spans, sw_str((const char *)&span, sizeof span), err);
    if (rc == 0)
        rc = sw_buf_add(&section->text, field->name, err);
    return rc < 0 ? rc : sw_buf_add(&section->text, field->value, err);
}

bool http__method_has_length(struct sw_str method)
{
    return sw_str_eq(method, SW_LIT("POST")) || sw_str_eq(method, SW_LIT("PUT")) ||
           sw_str_eq(method, SW_LIT("PATCH"));
}

int http__section_line(struct http__section *section, struct sw_str line, struct sw_err *err)
{
    if (line.n && (line.p[0] == ' ' || line.p[0] == '\t'))
        return fold(section, sw_str_trim(line, WHITE), err);
    size_t colon = sw_str_find(line, ':');
    struct sw_str name = sw_str_head(line, colon);
    struct sw_str value = colon == SW_NPOS ? sw_str("", 0) : sw_str_trim(sw_str_from(line, colon + 1), WHITE);
    if (colon == SW_NPOS || !http_is_token(name))
        return sw_fail(err, SW_EINPUT, "a line of the head is no field");
    if (value.n && !http_is_field_value(value))
        return sw_fail(err, SW_EINPUT, "a field's value has a byte that cannot be in it");
    return http__section_add(section, &(struct http_field){name, value}, err);
}

void http__section_clear(struct http__section *section)
{
    sw_buf_clear(&section->text);
    sw_buf_clear(&section->spans);
}

void http__section_deinit(struct http__section *section)
{
    sw_buf_deinit(&section->text);
    sw_buf_deinit(&section->spans);
}

bool http__section_field(const struct http__section *section, uint32_t i, struct http_field *ret)
{
    struct http__span span;
    if (i >= section->spans.n / sizeof span)
        return false;
    memcpy(&span, section->spans.p + i * sizeof span, sizeof span);
    assert((size_t)span.at + span.name_n + span.value_n <= section->text.n);
    ret->name = sw_str(section->text.p + span.at, span.name_n);
    ret->value = sw_str(section->text.p + span.at + span.name_n, span.value_n);
    return true;
}
