/* access.c - the lines of the access log.  Room: trigger. */
#include "trigger/access.h"

#include <time.h>

#include "codec/json.h"
#include "trigger/limits.h"

static struct sw_str field(const struct http_ended *ended, struct sw_str name)
{
    const struct http_request *request = ended->request;
    for (uint32_t i = 0; request && i < request->field_count; i++)
        if (sw_str_eq_nocase(request->fields[i].name, name))
            return request->fields[i].value;
    return SW_LIT("");
}

/* "127.0.0.1" of "127.0.0.1:52114", "::1" of "[::1]:52114". */
static struct sw_str client_host(struct sw_str peer)
{
    size_t colon = sw_str_rfind(peer, ':');
    struct sw_str host = colon == SW_NPOS ? peer : sw_str_head(peer, colon);
    if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = sw_str(host.p + 1, host.n - 2);
    return host;
}

static struct sw_str or_dash(struct sw_str text)
{
    return text.n ? text : SW_LIT("-");
}

/* ---- lines ---- */

/* Between quotes, as other servers do: \" \\ and \xHH for what is not printable ASCII. */
static int add_quoted(struct sw_buf *out, struct sw_str text, size_t most, struct sw_err *err)
{
    int rc = 0;
    size_t end = out->n + most;
    for (size_t i = 0; rc == 0 && i < text.n && out->n < end; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '"' || c == '\\')
            rc = sw_buf_printf(out, err, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            rc = sw_buf_printf(out, err, "\\x%02X", c);
        else
            rc = sw_buf_add_byte(out, c, err);
    }
    return rc;
}

static int add_request_line(struct sw_buf *out, const struct http_request *request, struct sw_err *err)
{
    if (!request)
        return sw_buf_add(out, SW_LIT("-"), err);
    int rc = add_quoted(out, request->method, TRIGGER_ACCESS_TEXT_BYTES_MAX, err);
    if (rc == 0)
        rc = sw_buf_add(out, SW_LIT(" "), err);
    if (rc == 0)
        rc = add_quoted(out, request->target, TRIGGER_ACCESS_TARGET_BYTES_MAX, err);
    return rc < 0 ? rc : sw_buf_printf(out, err, " HTTP/1.%u", request->minor);
}

static int add_field(struct sw_buf *out, const struct http_ended *ended, struct sw_str name,
                     struct sw_err *err)
{
    int rc = sw_buf_add(out, SW_LIT(" \""), err);
    if (rc == 0)
        rc = add_quoted(out, or_dash(field(ended, name)), TRIGGER_ACCESS_TEXT_BYTES_MAX, err);
    return rc < 0 ? rc : sw_buf_add(out, SW_LIT("\""), err);
}

static int add_text_line(const struct http_ended *ended, uint64_t unix_ms, bool combined, struct sw_buf *out,
                         struct sw_err *err)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm = {0};
    (void)gmtime_r(&seconds, &tm); /* fails only for years that do not fit an int */
    int rc = sw_buf_printf(out, err, SW_FMT " - - [%02d/%s/%04d:%02d:%02d:%02d +0000] \"",
                           SW_ARG(or_dash(client_host(ended->peer))), tm.tm_mday, months[tm.tm_mon],
                           tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (rc == 0)
        rc = add_request_line(out, ended->request, err);
    if (rc == 0)
        rc = sw_buf_printf(out, err, "\" %u %llu", ended->status, (unsigned long long)ended->bytes);
    if (rc == 0 && combined)
        rc = add_field(out, ended, SW_LIT("referer"), err);
    if (rc == 0 && combined)
        rc = add_field(out, ended, SW_LIT("user-agent"), err);
    return rc < 0
               ? rc
               : sw_buf_printf(out, err, " %llu.%03llu " SW_FMT, (unsigned long long)(ended->ns / 1000000),
                               (unsigned long long)(ended->ns / 1000 % 1000), SW_ARG(or_dash(ended->label)));
}

/* ---- JSON ---- */

static struct sw_str cut_utf8(struct sw_str text, size_t most)
{
    if (text.n <= most)
        return text;
    while (most && ((unsigned char)text.p[most] & 0xc0) == 0x80) /* not inside a character */
        most--;
    return sw_str_head(text, most);
}

/* What is not UTF-8 is shown byte by byte, as if it were Latin-1. Escapes make two bytes of one, or six. */
static int add_json_text(struct sw_buf *out, const char *key, struct sw_str text, size_t most,
                         struct sw_err *err)
{
    int rc = sw_buf_printf(out, err, ",\"%s\":", key);
    struct sw_str head = cut_utf8(text, most / 2);
    if (rc < 0 || sw_utf8_valid(head))
        return rc < 0 ? rc : codec_json_add_string(out, head, err);
    text = sw_str_head(text, most / 6);
    rc = sw_buf_add(out, SW_LIT("\""), err);
    for (size_t i = 0; rc == 0 && i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            rc = sw_buf_printf(out, err, "\\u%04x", c);
        else
            rc = sw_buf_add_byte(out, c, err);
    }
    return rc < 0 ? rc : sw_buf_add(out, SW_LIT("\""), err);
}

static int add_json_request(const struct http_request *request, struct sw_buf *out, struct sw_err *err)
{
    int rc = add_json_text(out, "method", request->method, TRIGGER_ACCESS_TEXT_BYTES_MAX, err);
    if (rc == 0)
        rc = add_json_text(out, "target", request->target, TRIGGER_ACCESS_TARGET_BYTES_MAX, err);
    if (rc == 0)
        rc = sw_buf_printf(out, err, ",\"protocol\":\"HTTP/1.%u\"", request->minor);
    return rc < 0 ? rc : add_json_text(out, "host", request->authority, TRIGGER_ACCESS_TEXT_BYTES_MAX, err);
}

static int add_json_line(const struct http_ended *ended, uint64_t unix_ms, struct sw_buf *out,
                         struct sw_err *err)
{
    static const struct {
        const char *key;
        struct sw_str name;
    } fields[] = {{"referer", SW_LIT_INIT("referer")}, {"user_agent", SW_LIT_INIT("user-agent")}};
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm = {0};
    (void)gmtime_r(&seconds, &tm); /* as above */
    int rc = sw_buf_printf(out, err, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03uZ\"", tm.tm_year + 1900,
                           tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                           (unsigned)(unix_ms % 1000));
    if (rc == 0)
        rc = add_json_text(out, "client", ended->peer, TRIGGER_ACCESS_TEXT_BYTES_MAX, err);
    if (rc == 0 && ended->request)
        rc = add_json_request(ended->request, out, err);
    if (rc == 0)
        rc = sw_buf_printf(out, err, ",\"status\":%u,\"bytes\":%llu,\"ms\":%llu.%03llu", ended->status,
                           (unsigned long long)ended->bytes, (unsigned long long)(ended->ns / 1000000),
                           (unsigned long long)(ended->ns / 1000 % 1000));
    for (size_t i = 0; rc == 0 && i < sizeof fields / sizeof *fields; i++)
        if (field(ended, fields[i].name).n)
            rc = add_json_text(out, fields[i].key, field(ended, fields[i].name),
                               TRIGGER_ACCESS_TEXT_BYTES_MAX, err);
    if (rc == 0 && ended->label.n)
        rc = add_json_text(out, "component", ended->label, TRIGGER_ACCESS_TEXT_BYTES_MAX, err);
    return rc < 0 ? rc : sw_buf_add(out, SW_LIT("}"), err);
}

int trigger_access_line(enum trigger_access_format format, const struct http_ended *ended, uint64_t unix_ms,
                        struct sw_buf *out, struct sw_err *err)
{
    if (format == TRIGGER_ACCESS_JSON)
        return add_json_line(ended, unix_ms, out, err);
    return add_text_line(ended, unix_ms, format == TRIGGER_ACCESS_COMBINED, out, err);
}
