/* request.c - the parser of request heads.  Room: http.
 *
 * Strict where leniency has been used to smuggle requests: lines end in CRLF, nothing else; one space between the parts of the request line;
 * no space before ':'; no folded lines; one Host; one Content-Length, decimal digits only; no Content-Length beside Transfer-Encoding;
 * Transfer-Encoding is "chunked" alone and not in HTTP/1.0.
 * Works by lines: a line is parsed once, when its line feed is there, so the whole is linear in the input however it is cut. */
#include "http/request.h"

#include "http/fields.h"
#include "http/limits.h"

#define refuse(head, answer, code, err, ...) ((head)->status = (answer), sw_fail((err), (code), __VA_ARGS__))

void http_head_init(struct http_head *head, struct http_field *fields)
{
    memset(head, 0, sizeof *head);
    head->fields = fields;
}

/* ---- request line ---- */

#define NO_METHOD "the request line does not begin with a method and a space"

/* path[?query] of an origin-form or the end of an absolute-form; all bytes are target characters. */
static void set_path(struct http_request *request, struct sw_str s)
{
    size_t mark = sw_str_find(s, '?');
    request->has_query = mark != SW_NPOS;
    request->path = mark == SW_NPOS ? s : sw_str_head(s, mark);
    request->query = mark == SW_NPOS ? sw_str(NULL, 0) : sw_str_from(s, mark + 1);
    if (request->path.n == 0) /* http://host and http://host?query */
        request->path = SW_LIT("/");
}

static int parse_absolute(struct http_head *head, struct sw_str target, struct sw_err *err)
{
    struct sw_str rest = {NULL, 0};
    if (target.n > 7 && sw_str_eq_nocase(sw_str_head(target, 7), SW_LIT("http://")))
        rest = sw_str_from(target, 7);
    else if (target.n > 8 && sw_str_eq_nocase(sw_str_head(target, 8), SW_LIT("https://")))
        rest = sw_str_from(target, 8);
    else
        return refuse(head, 400, SW_EINPUT, err,
                      "the request target is neither a path, nor an http URL, nor '*'");
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    struct sw_str authority = sw_str_head(rest, n);
    if (!http_is_authority(authority))
        return refuse(head, 400, SW_EINPUT, err, "the request target has no valid host");
    head->request.authority = authority;
    set_path(&head->request, sw_str(rest.p + n, rest.n - n));
    return 0;
}

static int parse_target(struct http_head *head, struct sw_str target, struct sw_err *err)
{
    struct http_request *request = &head->request;
    request->target = target;
    if (sw_str_eq(request->method, SW_LIT("CONNECT")))
        return refuse(head, 501, SW_EINPUT, err, "CONNECT is for proxies");
    if (target.p[0] == '/') {
        set_path(request, target);
        return 0;
    }
    if (target.n == 1 && target.p[0] == '*') {
        if (!sw_str_eq(request->method, SW_LIT("OPTIONS")))
            return refuse(head, 400, SW_EINPUT, err, "the request target '*' is for OPTIONS only");
        request->path = target;
        return 0;
    }
    return parse_absolute(head, target, err);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int parse_version(struct http_head *head, struct sw_str s, struct sw_err *err)
{
    if (s.n != 8 || memcmp(s.p, "HTTP/", 5) != 0 || !is_digit(s.p[5]) || s.p[6] != '.' || !is_digit(s.p[7]))
        return refuse(head, 400, SW_EINPUT, err, "the request line does not end in an HTTP version");
    if (s.p[5] != '1')
        return refuse(head, 505, SW_EINPUT, err, "HTTP/%c.%c is not spoken here, HTTP/1.1 is", s.p[5],
                      s.p[7]);
    head->request.minor =
        s.p[7] == '0' ? 0 : 1; /* RFC 9110 2.5: a later minor version is answered as the one we know */
    return 0;
}

static int parse_request_line(struct http_head *head, struct sw_str line, uint32_t target_bytes_max,
                              struct sw_err *err)
{
    size_t n = 0;
    while (n < line.n && (http_chars[(unsigned char)line.p[n]] & HTTP_C_TOKEN))
        n++;
    if (n == 0 || n == line.n || line.p[n] != ' ')
        return refuse(head, 400, SW_EINPUT, err, NO_METHOD);
    if (n > HTTP_METHOD_BYTES_MAX)
        return refuse(head, 501, SW_ELIMIT, err, "the method is over %d bytes", HTTP_METHOD_BYTES_MAX);
    head->request.method = sw_str(line.p, n);

    size_t start = n + 1;
    size_t end = start;
    while (end < line.n && (http_chars[(unsigned char)line.p[end]] & HTTP_C_TARGET))
        end++;
    if (end - start > target_bytes_max)
        return refuse(head, 414, SW_ELIMIT, err, "the request target is over %u bytes",
                      (unsigned)target_bytes_max);
    if (end == start || end == line.n || line.p[end] != ' ')
        return refuse(head, 400, SW_EINPUT, err,
                      "the request target is empty or has a byte that is not allowed there");
    int rc = parse_version(head, sw_str_from(line, end + 1), err);
    if (rc == 0)
        rc = parse_target(head, sw_str(line.p + start, end - start), err);
    head->have_request_line = rc == 0;
    return rc;
}

/* ---- fields that frame the message or concern the connection ---- */

static int take_host(struct http_head *head, struct sw_str value, struct sw_err *err)
{
    if (head->have_host)
        return refuse(head, 400, SW_EINPUT, err, "more than one Host field");
    if (!http_is_authority(value))
        return refuse(head, 400, SW_EINPUT, err, "the Host field is not a host with an optional port");
    head->have_host = true;
    if (head->request.authority.n == 0) /* RFC 9112 3.2.2: an absolute target counts, Host is then ignored */
        head->request.authority = value;
    return 0;
}

static int take_content_length(struct http_head *head, struct sw_str value, struct sw_err *err)
{
    if (head->have_length)
        return refuse(head, 400, SW_EINPUT, err, "more than one Content-Length field");
    bool digits = value.n > 0;
    for (size_t i = 0; i < value.n; i++)
        digits = digits && is_digit(value.p[i]);
    if (!digits)
        return refuse(head, 400, SW_EINPUT, err, "Content-Length is not a decimal number");
    uint64_t length = 0;
    if (!sw_str_to_u64(value, HTTP_CONTENT_LENGTH_MAX, &length))
        return refuse(head, 413, SW_ELIMIT, err, "Content-Length is over %lld",
                      (long long)HTTP_CONTENT_LENGTH_MAX);
    head->have_length = true;
    head->request.content_length = length;
    return 0;
}

static int take_transfer_encoding(struct http_head *head, struct sw_str value, struct sw_err *err)
{
    struct sw_str coding;
    bool any = false;
    while (http_list_next(&value, &coding)) {
        any = true;
        if (head->chunked) /* "chunked" must be last, and once (RFC 9112 6.1) */
            return refuse(head, 400, SW_EINPUT, err, "Transfer-Encoding has a coding after 'chunked'");
        if (sw_str_eq_nocase(coding, SW_LIT("chunked")))
            head->chunked = true;
        else
            head->have_coding = true; /* judged when all are known */
    }
    if (!any)
        return refuse(head, 400, SW_EINPUT, err, "Transfer-Encoding is empty");
    return 0;
}

static void take_connection(struct http_head *head, struct sw_str value)
{
    struct sw_str option;
    while (http_list_next(&value, &option)) {
        if (sw_str_eq_nocase(option, SW_LIT("close")))
            head->close = true;
        else if (sw_str_eq_nocase(option, SW_LIT("keep-alive")))
            head->keep_alive = true;
    }
}

static int take_expect(struct http_head *head, struct sw_str value, struct sw_err *err)
{
    if (!sw_str_eq_nocase(value, SW_LIT("100-continue")))
        return refuse(head, 417, SW_EINPUT, err, "the only expectation that can be met is '100-continue'");
    head->expect_continue = true;
    return 0;
}

static int parse_field_line(struct http_head *head, uint32_t fields_max, struct sw_str line,
                            struct sw_err *err)
{
    if (head->field_count >= fields_max)
        return refuse(head, 431, SW_ELIMIT, err, "more than %u fields", (unsigned)fields_max);
    struct http_field *field = &head->fields[head->field_count];
    if (http_field_parse(line, field, err) < 0) {
        head->status = 400;
        return -SW_EINPUT;
    }
    head->field_count++;
    switch (http_field_id(field->name)) {
    case HTTP_FIELD_HOST:
        return take_host(head, field->value, err);
    case HTTP_FIELD_CONTENT_LENGTH:
        return take_content_length(head, field->value, err);
    case HTTP_FIELD_TRANSFER_ENCODING:
        return take_transfer_encoding(head, field->value, err);
    case HTTP_FIELD_EXPECT:
        return take_expect(head, field->value, err);
    case HTTP_FIELD_CONNECTION:
        take_connection(head, field->value);
        return 0;
    case HTTP_FIELD_OTHER:
    case HTTP_FIELD_DATE:
    case HTTP_FIELD_KEEP_ALIVE:
    case HTTP_FIELD_SERVER:
    case HTTP_FIELD_UPGRADE:
        return 0;
    }
    return 0;
}

/* What can only be judged when all fields are known. */
static int finish(struct http_head *head, struct sw_err *err)
{
    struct http_request *request = &head->request;
    bool coded = head->chunked || head->have_coding;
    if (request->minor >= 1 && !head->have_host)
        return refuse(head, 400, SW_EINPUT, err, "no Host field");
    if (coded && head->have_length)
        return refuse(head, 400, SW_EINPUT, err, "both Content-Length and Transfer-Encoding");
    if (coded && request->minor == 0)
        return refuse(head, 400, SW_EINPUT, err, "Transfer-Encoding in HTTP/1.0");
    if (head->have_coding && !head->chunked)
        return refuse(head, 400, SW_EINPUT, err, "Transfer-Encoding does not end in 'chunked'");
    if (head->have_coding)
        return refuse(head, 501, SW_EINPUT, err, "the only transfer coding that is understood is 'chunked'");
    if (head->chunked)
        request->content_length = UINT64_MAX;
    request->has_body = request->content_length > 0;
    request->fields = head->fields;
    request->field_count = head->field_count;
    head->expect_continue = head->expect_continue && request->minor >= 1 && request->has_body;
    head->keep_alive = !head->close && (request->minor >= 1 || head->keep_alive);
    return 0;
}

/* ---- lines ---- */

static void move(struct sw_str *view, const char *from, const char *to, size_t n)
{
    uintptr_t offset = (uintptr_t)view->p - (uintptr_t)from;
    if (view->p && offset <= n) /* others view a literal */
        view->p = to + offset;
}

/* The input lies somewhere else than at the last call. */
static void rebase(struct http_head *head, const char *to)
{
    struct http_request *request = &head->request;
    struct sw_str *views[] = {&request->method, &request->target, &request->path, &request->query,
                              &request->authority};
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        move(views[i], head->base, to, head->line);
    for (uint32_t i = 0; i < head->field_count; i++) {
        move(&head->fields[i].name, head->base, to, head->line);
        move(&head->fields[i].value, head->base, to, head->line);
    }
}

/* The line [head->line, feed), feed being its line feed; CRLF only (RFC 9112 2.2 permits more; a bare LF is a known way to smuggle). */
static int take_line(struct http_head *head, const struct http_head_limits *limits, struct sw_str in,
                     size_t feed, struct sw_err *err)
{
    if (feed == head->line || in.p[feed - 1] != '\r')
        return refuse(head, 400, SW_EINPUT, err, "a line ends in LF without CR");
    struct sw_str line = {in.p + head->line, feed - 1 - head->line};
    if (line.n && head->have_request_line)
        return parse_field_line(head, limits->fields_max, line, err);
    if (line.n)
        return parse_request_line(
            head, line, limits->target_bytes_max ? limits->target_bytes_max : HTTP_TARGET_BYTES_MAX, err);
    if (head->have_request_line) {
        head->bytes = feed + 1;
        return finish(head, err);
    }
    if (head->empty_lines++ >= HTTP_EMPTY_LINES_MAX)
        return refuse(head, 400, SW_EINPUT, err, "empty lines where a request line is due");
    return 0;
}

static int too_long(struct http_head *head, uint32_t head_bytes_max, struct sw_err *err)
{
    if (!head->have_request_line)
        return refuse(head, 414, SW_ELIMIT, err, "the request line is over %u bytes",
                      (unsigned)head_bytes_max);
    return refuse(head, 431, SW_ELIMIT, err, "the request head is over %u bytes", (unsigned)head_bytes_max);
}

static bool may_begin(char c) /* a request line, or the empty line allowed before it */
{
    return (http_chars[(unsigned char)c] & HTTP_C_TOKEN) || c == '\r' || c == '\n';
}

int http_head_parse(struct http_head *head, const struct http_head_limits *limits, struct sw_str in,
                    struct sw_err *err)
{
    if (in.p != head->base) {
        if (head->base)
            rebase(head, in.p);
        head->base = in.p;
    }
    size_t seen = in.n < limits->head_bytes_max ? in.n : limits->head_bytes_max;
    while (head->scan < seen) {
        if (!head->have_request_line && !may_begin(in.p[head->line]))
            return refuse(head, 400, SW_EINPUT, err,
                          NO_METHOD); /* TLS, say: no need to wait for a line that never ends */
        const char *found = memchr(in.p + head->scan, '\n', seen - head->scan);
        if (!found)
            break;
        size_t feed = (size_t)(found - in.p);
        int rc = take_line(head, limits, in, feed, err);
        if (rc < 0)
            return rc;
        head->line = feed + 1;
        head->scan = feed + 1;
        if (head->bytes)
            return 0;
    }
    head->scan = seen;
    return in.n >= limits->head_bytes_max ? too_long(head, limits->head_bytes_max, err) : SW_WAIT;
}
