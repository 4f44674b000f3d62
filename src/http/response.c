/* response.c - the writer of response heads.  Room: http.
 *
 * Everything is measured and checked first, then written into reserved space: a refused head leaves the output untouched. */
#include "http/response.h"

#include "base/clock.h"
#include "http/fields.h"
#include "http/limits.h"

const char *http_reason(uint16_t status)
{
    static const struct {
        uint16_t status;
        const char *text;
    } reasons[] = {
        {200, "OK"},
        {100, "Continue"},
        {101, "Switching Protocols"},
        {103, "Early Hints"},
        {201, "Created"},
        {202, "Accepted"},
        {203, "Non-Authoritative Information"},
        {204, "No Content"},
        {205, "Reset Content"},
        {206, "Partial Content"},
        {207, "Multi-Status"},
        {208, "Already Reported"},
        {226, "IM Used"},
        {300, "Multiple Choices"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {305, "Use Proxy"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {407, "Proxy Authentication Required"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {423, "Locked"},
        {424, "Failed Dependency"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {451, "Unavailable For Legal Reasons"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {506, "Variant Also Negotiates"},
        {507, "Insufficient Storage"},
        {508, "Loop Detected"},
        {511, "Network Authentication Required"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons;
         i++) { /* 200 is first: the rest is not on the fast path */
        if (reasons[i].status == status)
            return reasons[i].text;
    }
    return "";
}

/* ---- date ---- */

static void two_digits(char *to, unsigned value)
{
    to[0] = (char)('0' + value / 10 % 10);
    to[1] = (char)('0' + value % 10);
}

void http_date_format(uint64_t wall_ns, char *line)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = (time_t)(wall_ns / 1000000000u);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm))
        memset(&tm, 0, sizeof tm); /* years beyond all calendars */
    memcpy(line, "Date: Sun, 00 Jan 0000 00:00:00 GMT\r\n", HTTP_DATE_LINE_BYTES + 1);
    memcpy(line + 6, days + 3 * tm.tm_wday, 3);
    two_digits(line + 11, (unsigned)tm.tm_mday);
    memcpy(line + 14, months + 3 * tm.tm_mon, 3);
    unsigned year = (unsigned)(tm.tm_year + 1900);
    two_digits(line + 18, year / 100);
    two_digits(line + 20, year % 100);
    two_digits(line + 23, (unsigned)tm.tm_hour);
    two_digits(line + 26, (unsigned)tm.tm_min);
    two_digits(line + 29, (unsigned)tm.tm_sec);
}

struct sw_str http_date_line(struct http_date *date, uint64_t now_ms)
{
    if (now_ms >= date->until_ms) {
        uint64_t wall_ns = sw_clock_wall_ns();
        http_date_format(wall_ns, date->line);
        date->until_ms = now_ms + 1000 - wall_ns / 1000000u % 1000;
    }
    return sw_str(date->line, HTTP_DATE_LINE_BYTES);
}

/* ---- heads ---- */

static char *put(char *to, const char *bytes, size_t n)
{
    memcpy(to, bytes, n);
    return to + n;
}
#define PUT_LIT(to, s) put((to), "" s, sizeof(s) - 1)

static char *put_u64(char *to, uint64_t value)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (n)
        *to++ = digits[--n];
    return to;
}

static char *put_field(char *to, const struct http_field *field)
{
    to = put(to, field->name.p, field->name.n);
    to = PUT_LIT(to, ": ");
    if (field->value.n)
        to = put(to, field->value.p, field->value.n);
    return PUT_LIT(to, "\r\n");
}

struct found {
    size_t bytes;
    bool date;
    bool server;
};

/* Checks one field and adds up its bytes. */
static int check_field(const struct http_field *field, struct found *found, struct sw_err *err)
{
    size_t shown = field->name.n < 64 ? field->name.n : 64;
    if (!http_is_token(field->name))
        return sw_fail(err, SW_EINPUT, "a field name of %zu bytes is not a token", field->name.n);
    if (!http_is_field_value(field->value))
        return sw_fail(err, SW_EINPUT, "the value of field '%.*s' has control bytes or white space around it",
                       (int)shown, field->name.p);
    switch (http_field_id(field->name)) {
    case HTTP_FIELD_CONNECTION:
    case HTTP_FIELD_CONTENT_LENGTH:
    case HTTP_FIELD_KEEP_ALIVE:
    case HTTP_FIELD_TRANSFER_ENCODING:
    case HTTP_FIELD_UPGRADE:
        return sw_fail(err, SW_EINPUT, "field '%.*s' is set by the server alone", (int)shown, field->name.p);
    case HTTP_FIELD_DATE:
        found->date = true;
        break;
    case HTTP_FIELD_SERVER:
        found->server = true;
        break;
    case HTTP_FIELD_OTHER:
    case HTTP_FIELD_EXPECT:
    case HTTP_FIELD_HOST:
        break;
    }
    /* each part is checked alone first: the sum cannot overflow */
    if (field->name.n > HTTP_RESPONSE_HEAD_BYTES_MAX || field->value.n > HTTP_RESPONSE_HEAD_BYTES_MAX)
        return sw_fail(err, SW_ELIMIT, "the response head is over %d bytes", HTTP_RESPONSE_HEAD_BYTES_MAX);
    found->bytes += field->name.n + field->value.n + 4;
    if (found->bytes > HTTP_RESPONSE_HEAD_BYTES_MAX)
        return sw_fail(err, SW_ELIMIT, "the response head is over %d bytes", HTTP_RESPONSE_HEAD_BYTES_MAX);
    return 0;
}

static int check_fields(const struct http_field *fields, uint32_t count, struct found *found,
                        struct sw_err *err)
{
    if (count > HTTP_RESPONSE_FIELDS_MAX)
        return sw_fail(err, SW_ELIMIT, "%u response fields, at most %d are allowed", (unsigned)count,
                       HTTP_RESPONSE_FIELDS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        int rc = check_field(&fields[i], found, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static char *put_status_line(char *to, uint16_t status)
{
    if (status == 200)
        return PUT_LIT(to, "HTTP/1.1 200 OK\r\n");
    const char *reason = http_reason(status);
    to = PUT_LIT(to, "HTTP/1.1 ");
    to = put_u64(to, status);
    *to++ = ' ';
    to = put(to, reason, strlen(reason));
    return PUT_LIT(to, "\r\n");
}

int http_response_write(const struct http_response *response, struct sw_buf *out, struct sw_err *err)
{
    if (response->status < 200 || response->status > 999)
        return sw_fail(err, SW_EINPUT, "status %u is not between 200 and 999", (unsigned)response->status);
    struct found found = {0};
    int rc = check_fields(response->fields, response->field_count, &found, err);
    if (rc < 0)
        return rc;
    /* 192: status line with the longest reason 48, length 38, connection 24, encoding 28, server's name 10, the empty line 2 */
    rc = sw_buf_reserve(out, found.bytes + response->date_line.n + response->server.n + 192, err);
    if (rc < 0)
        return rc;
    char *to = put_status_line(out->p + out->n, response->status);
    for (uint32_t i = 0; i < response->field_count; i++)
        to = put_field(to, &response->fields[i]);
    if (response->framing == HTTP_FRAME_LENGTH) {
        to = PUT_LIT(to, "Content-Length: ");
        to = put_u64(to, response->content_length);
        to = PUT_LIT(to, "\r\n");
    } else if (response->framing == HTTP_FRAME_CHUNKED) {
        to = PUT_LIT(to, "Transfer-Encoding: chunked\r\n");
    }
    if (response->close)
        to = PUT_LIT(to, "Connection: close\r\n");
    else if (response->keep_alive)
        to = PUT_LIT(to, "Connection: keep-alive\r\n");
    if (!found.server && response->server.n) {
        to = PUT_LIT(to, "Server: ");
        to = put(to, response->server.p, response->server.n);
        to = PUT_LIT(to, "\r\n");
    }
    if (!found.date && response->date_line.n)
        to = put(to, response->date_line.p, response->date_line.n);
    to = PUT_LIT(to, "\r\n");
    out->n = (size_t)(to - out->p);
    return 0;
}

int http_trailers_write(const struct http_field *trailers, uint32_t count, struct sw_buf *out,
                        struct sw_err *err)
{
    struct found found = {0};
    int rc = check_fields(trailers, count, &found, err);
    if (rc < 0)
        return rc;
    rc = sw_buf_reserve(out, found.bytes + 5, err);
    if (rc < 0)
        return rc;
    char *to = PUT_LIT(out->p + out->n, "0\r\n");
    for (uint32_t i = 0; i < count; i++)
        to = put_field(to, &trailers[i]);
    to = PUT_LIT(to, "\r\n");
    out->n = (size_t)(to - out->p);
    return 0;
}

size_t http_chunk_head_write(uint64_t size, char *text)
{
    char digits[16];
    size_t n = 0;
    do {
        digits[n++] = "0123456789abcdef"[size & 15];
        size >>= 4;
    } while (size);
    for (size_t i = 0; i < n; i++)
        text[i] = digits[n - 1 - i];
    text[n] = '\r';
    text[n + 1] = '\n';
    return n + 2;
}
