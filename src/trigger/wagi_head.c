/* wagi_head.c - the head of a command's output: header lines up to the first empty one.  Room: trigger.
 *
 * Source: spin.md 2.7 "Output parsing"; RFC 3875 6.2, 6.3. Where several of a name are allowed, all are kept. */
#include "trigger/limits.h"
#include "trigger/wagi.h"

struct line {
    struct sw_str text; /* without its end; carriage returns at its end are left out, too */
    size_t next;
};

static struct line line_at(struct sw_str out, size_t at)
{
    struct sw_str rest = sw_str_from(out, at);
    size_t end = sw_str_find(rest, '\n');
    struct line line = {rest, out.n};
    if (end != SW_NPOS) {
        line.text = sw_str_head(rest, end);
        line.next = at + end + 1;
    }
    while (line.text.n && line.text.p[line.text.n - 1] == '\r')
        line.text.n--;
    return line;
}

size_t trigger_wagi_head_end(struct sw_str out)
{
    size_t at = 0;
    while (at < out.n) {
        if (sw_str_find(sw_str_from(out, at), '\n') == SW_NPOS)
            return SW_NPOS;
        struct line line = line_at(out, at);
        at = line.next;
        if (line.text.n == 0)
            return at;
    }
    return SW_NPOS;
}

/* "404", "404 Not Found": the number, or false. */
static bool read_status(struct sw_str value, uint16_t *ret)
{
    uint64_t number;
    size_t space = sw_str_find(value, ' ');
    struct sw_str digits = space == SW_NPOS ? value : sw_str_head(value, space);
    if (digits.n != 3 || !sw_str_to_u64(digits, 999, &number) || number < 200)
        return false;
    *ret = (uint16_t)number;
    return true;
}

static bool is_servers(struct sw_str name) /* framing is the server's business */
{
    return sw_str_eq_nocase(name, SW_LIT("connection")) ||
           sw_str_eq_nocase(name, SW_LIT("transfer-encoding")) ||
           sw_str_eq_nocase(name, SW_LIT("content-length")) || sw_str_eq_nocase(name, SW_LIT("keep-alive")) ||
           sw_str_eq_nocase(name, SW_LIT("upgrade"));
}

struct reading {
    struct http_field *fields;
    uint32_t count;
    bool has_status, has_location, has_type;
    uint16_t status;
};

/* One header line. A line that is none is passed over, as Spin does. */
static int read_line(struct reading *reading, struct sw_str text, struct sw_err *err)
{
    size_t colon = sw_str_find(text, ':');
    if (colon == SW_NPOS)
        return 0;
    struct sw_str name = sw_str_head(text, colon),
                  value = sw_str_trim(sw_str_from(text, colon + 1), SW_LIT(" \t"));
    if (!http_is_token(name) || !http_is_field_value(value) || is_servers(name))
        return 0;
    if (sw_str_eq_nocase(name, SW_LIT("status"))) {
        reading->has_status = true;
        if (!read_status(value, &reading->status))
            return sw_fail(err, SW_EINPUT,
                           "the output's status is '" SW_FMT "', expected three digits from 200 on",
                           SW_ARG(sw_str_head(value, 40)));
        return 0;
    }
    if (reading->count >= TRIGGER_WAGI_FIELDS_MAX)
        return sw_fail(err, SW_EINPUT, "the output has more than %u header lines", TRIGGER_WAGI_FIELDS_MAX);
    reading->has_location |= sw_str_eq_nocase(name, SW_LIT("location"));
    reading->has_type |= sw_str_eq_nocase(name, SW_LIT("content-type"));
    reading->fields[reading->count++] = (struct http_field){name, value};
    return 0;
}

int trigger_wagi_head_read(struct sw_arena *arena, struct sw_str out, struct trigger_wagi_head *ret,
                           uint16_t *ret_status, struct sw_err *err)
{
    struct reading reading = {.status = 200};
    size_t end = trigger_wagi_head_end(out);
    struct sw_str head = end == SW_NPOS ? out : sw_str_head(out, end);
    *ret_status = 500;
    reading.fields = SW_ARENA_ARRAY(arena, TRIGGER_WAGI_FIELDS_MAX, struct http_field);
    if (!reading.fields)
        return sw_arena_fail(arena, TRIGGER_WAGI_FIELDS_MAX * sizeof *reading.fields, err);
    for (size_t at = 0; at < head.n;) {
        struct line line = line_at(head, at);
        at = line.next;
        int rc = line.text.n ? read_line(&reading, line.text, err) : 0;
        if (rc < 0) {
            *ret_status = reading.has_status && reading.count < TRIGGER_WAGI_FIELDS_MAX ? 502 : 500;
            return rc;
        }
    }
    if (!reading.has_status && !reading.has_location && !reading.has_type)
        return sw_fail(err, SW_EINPUT, "Exactly one of 'location' or 'content-type' must be specified");
    if (reading.has_location && !reading.has_status)
        reading.status = 302;
    *ret = (struct trigger_wagi_head){reading.status, reading.fields, reading.count, head.n};
    return 0;
}
