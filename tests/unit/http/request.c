/* request.c - tests of the request head parser: what is accepted, what is refused and with which status.  Room: tests. */
#include "check.h"

#include "base/alloc.h"
#include "http/fields.h"
#include "http/limits.h"
#include "http/request.h"

#define H "Host: a\r\n"
#define L " HTTP/1.1\r\n" H "\r\n" /* the rest of a line and of a plain head */
#define F "GET / HTTP/1.1\r\n" H   /* fields follow */
#define E "\r\n\r\n"

enum { FIELDS = 16, HEAD_BYTES = 4096 };
static const struct http_head_limits limits = {HEAD_BYTES, FIELDS, 0};
static struct http_field fields[FIELDS];

struct row {
    const char *head;
    uint16_t status;  /* 0: accepted */
    const char *says; /* refused: part of the message; accepted: part of what describe() gives */
};

static const struct row rows[] = {
    /* request line: methods */
    {"GET /" L, 0, "GET path=/ minor=1 authority=a length=0 keep"},
    {"get /" L, 0, "get path=/"},
    {"M-SEARCH /" L, 0, "M-SEARCH path=/"},
    {"!#$%&'*+-.^_`|~09 /" L, 0, "!#$%&'*+-.^_`|~09 path=/"},
    {"ABCDEFGHIJABCDEFGHIJABCDEFGHIJAB /" L, 0, "ABCDEFGHIJABCDEFGHIJABCDEFGHIJAB path"},
    {"ABCDEFGHIJABCDEFGHIJABCDEFGHIJABC /" L, 501, "the method is over 32 bytes"},
    {" GET /" L, 400, "does not begin with a method"},
    {"G(T /" L, 400, "does not begin with a method"},
    {"GET\t/" L, 400, "does not begin with a method"},
    {"GET" E, 400, "does not begin with a method"},
    {"GET:/" L, 400, "does not begin with a method"},
    {"\x16\x03\x01\x02\r\n", 400, "does not begin with a method"},
    {"\x7fGET /" L, 400, "does not begin with a method"},
    {"G\xc3\x89T /" L, 400, "does not begin with a method"},
    {"{\"a\": 1}" E, 400, "does not begin with a method"},
    {"CONNECT a:443" L, 501, "CONNECT is for proxies"},
    {"CONNECT /" L, 501, "CONNECT is for proxies"},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/2.0 is not spoken here"},
    /* request line: spaces and ends */
    {"GET  /" L, 400, "the request target is empty"},
    {"GET / " L, 400, "does not end in an HTTP version"},
    {"GET /  HTTP/1.1\r\n" H "\r\n", 400, "does not end in an HTTP version"},
    {"GET /\tHTTP/1.1\r\n" H "\r\n", 400, "the request target"},
    {"GET / HTTP/1.1 \r\n" H "\r\n", 400, "does not end in an HTTP version"},
    {"GET /\r\n\r\n", 400, "the request target"},
    {"GET / HTTP/1.1\n" H "\r\n", 400, "LF without CR"},
    {"GET / HTTP/1.1\n" H "\n", 400, "LF without CR"},
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", 400, "LF without CR"},
    {"GET / HTTP/1.1\r\nHost: a\r\n\n", 400, "LF without CR"},
    {"GET / HTTP/1.1\r\r\n" H "\r\n", 400, "does not end in an HTTP version"},
    {"GET / HTTP/1.1\rHost: a\r\n\r\n", 400, "does not end in an HTTP version"},
    {"\r\nGET /" L, 0, "GET path=/"},
    {"\r\n\r\nGET /" L, 400, "empty lines"},
    {"\nGET /" L, 400, "LF without CR"},
    /* versions */
    {"GET / HTTP/1.0\r\n\r\n", 0, "minor=0 authority= length=0 close"},
    {"GET / HTTP/1.2\r\n" H "\r\n", 0, "minor=1"},
    {"GET / HTTP/1.9\r\n" H "\r\n", 0, "minor=1"},
    {"GET / HTTP/2.0\r\n" H "\r\n", 505, "HTTP/2.0"},
    {"GET / HTTP/0.9\r\n\r\n", 505, "HTTP/0.9"},
    {"GET / HTTP/3.1\r\n\r\n", 505, "HTTP/3.1"},
    {"GET / HTTP/1\r\n\r\n", 400, "HTTP version"},
    {"GET / HTTP/1.\r\n\r\n", 400, "HTTP version"},
    {"GET / HTTP/1.10\r\n\r\n", 400, "HTTP version"},
    {"GET / HTTP/01.1\r\n\r\n", 400, "HTTP version"},
    {"GET / HTTP/1,1\r\n\r\n", 400, "HTTP version"},
    {"GET / http/1.1\r\n\r\n", 400, "HTTP version"},
    {"GET / HTTPS/1.1\r\n\r\n", 400, "HTTP version"},
    {"GET / HTTP/ 1.1\r\n\r\n", 400, "HTTP version"},
    {"GET / ICY/1.1\r\n\r\n", 400, "HTTP version"},
    /* targets */
    {"GET /a/b.c?d=e&f" L, 0, "path=/a/b.c query=d=e&f "},
    {"GET /?" L, 0, "path=/ query= "},
    {"GET /a?b?c" L, 0, "path=/a query=b?c "},
    {"GET //a//../b" L, 0, "path=//a//../b "},
    {"GET /%2e%00%zz" L, 0, "path=/%2e%00%zz "},
    {"GET /{a}|[b]^`\"<>\\" L, 0, "path=/{a}|[b]^`\"<>\\ "},
    {"GET /a#b" L, 400, "the request target"},
    {"GET /\x01" L, 400, "the request target"},
    {"GET /\x7f" L, 400, "the request target"},
    {"GET /\xc3\xa9" L, 400, "the request target"},
    {"GET a" L, 400, "neither a path"},
    {"GET ?a" L, 400, "neither a path"},
    {"GET *" L, 400, "for OPTIONS only"},
    {"OPTIONS *" L, 0, "OPTIONS path=* "},
    {"OPTIONS /" L, 0, "OPTIONS path=/ "},
    {"OPTIONS **" L, 400, "neither a path"},
    {"GET http://b/c?d" L, 0, "path=/c query=d minor=1 authority=b "},
    {"GET HTTP://b:80/c" L, 0, "path=/c minor=1 authority=b:80 "},
    {"GET https://b" L, 0, "path=/ minor=1 authority=b "},
    {"GET http://b?c" L, 0, "path=/ query=c minor=1 authority=b "},
    {"GET http://[::1]:8080/c" L, 0, "path=/c minor=1 authority=[::1]:8080 "},
    {"GET http:///c" L, 400, "no valid host"},
    {"GET http://" L, 400, "neither a path"},
    {"GET http://u@b/" L, 400, "no valid host"},
    {"GET http://b:x/" L, 400, "no valid host"},
    {"GET http://b:65536/" L, 400, "no valid host"},
    {"GET ftp://b/c" L, 400, "neither a path"},
    {"GET http:/b" L, 400, "neither a path"},
    {"GET http://b/c HTTP/1.1\r\n\r\n", 400, "no Host field"},
    /* Host */
    {"GET / HTTP/1.1\r\n\r\n", 400, "no Host field"},
    {"GET / HTTP/1.1\r\nhOsT:a.example:8080\r\n\r\n", 0, "authority=a.example:8080 "},
    {"GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 0, "authority=a: "},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "not a host"},
    {"GET / HTTP/1.1\r\nHost: \r\n\r\n", 400, "not a host"},
    {F H "\r\n", 400, "more than one Host"},
    {F "Host: b\r\n\r\n", 400, "more than one Host"},
    {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "not a host"},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "not a host"},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "not a host"},
    {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "not a host"},
    {"GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400, "not a host"},
    {"GET / HTTP/1.1\r\nHost: a:-1\r\n\r\n", 400, "not a host"},
    {"GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", 400, "not a host"},
    {"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400, "not a host"},
    {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "not a host"},
    {"GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n", 400, "not a host"},
    {"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400, "not a host"},
    {"GET / HTTP/1.1\r\nHost: []\r\n\r\n", 400, "not a host"},
    {"GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", 400, "not a host"},
    {"GET / HTTP/1.1\r\nHost: xn--9ca.example\r\n\r\n", 0, "authority=xn--9ca.example "},
    {"GET / HTTP/1.0\r\n" H H "\r\n", 400, "more than one Host"},
    {"GET / HTTP/1.0\r\nHost: a b\r\n\r\n", 400, "not a host"},
    /* field lines */
    {F "A: b" E, 0, "[A=b]"},
    {F "A:b" E, 0, "[A=b]"},
    {F "A: \t b \t" E, 0, "[A=b]"},
    {F "A:" E, 0, "[A=]"},
    {F "A: b: c" E, 0, "[A=b: c]"},
    {F "A: b\tc" E, 0, "[A=b\tc]"},
    {F "A: \xc3\xa9\xff" E, 0, "[A=\xc3\xa9\xff]"},
    {F "A: 12345678\t12345678" E, 0, "[A=12345678\t12345678]"},
    {F "A : b" E, 400, "white space in a field name"},
    {F "A\t: b" E, 400, "white space in a field name"},
    {F "A B: c" E, 400, "white space in a field name"},
    {F "Content-Length : 5" E, 400, "white space in a field name"},
    {F " A: b" E, 400, "folded lines"},
    {F "\tA: b" E, 400, "folded lines"},
    {F "A: b\r\n c" E, 400, "folded lines"},
    {F "A: b\r\n\tc" E, 400, "folded lines"},
    {F "A: b\r\n \r\n\r\n", 400, "folded lines"},
    {"GET / HTTP/1.1\r\n Host: a" E, 400, "folded lines"},
    {F ": b" E, 400, "not 'name: value'"},
    {F "A" E, 400, "not 'name: value'"},
    {F "A\x01: b" E, 400, "not 'name: value'"},
    {F "\xc3\x89: b" E, 400, "not 'name: value'"},
    {F "A(B): c" E, 400, "not 'name: value'"},
    {F "\"A\": c" E, 400, "not 'name: value'"},
    {F "A: b\x01" E, 400, "control byte in the value of field 'A'"},
    {F "A: b\x7f" E, 400, "control byte"},
    {F "A: 1234567\x1f"
       "9012345" E,
     400, "control byte"},
    {F "A: b\rc" E, 400, "control byte"},
    {F "A: b\r" E, 400, "control byte"},
    {F "A: \x0b" E, 400, "control byte"},
    /* Content-Length */
    {F "Content-Length: 0" E, 0, "length=0 "},
    {F "Content-Length: 5" E, 0, "length=5 body"},
    {F "content-LENGTH:007" E, 0, "length=7 body"},
    {F "Content-Length: 9223372036854775807" E, 0, "length=9223372036854775807 body"},
    {F "Content-Length: 9223372036854775808" E, 413, "Content-Length is over"},
    {F "Content-Length: 99999999999999999999999999" E, 413, "Content-Length is over"},
    {F "Content-Length:" E, 400, "not a decimal number"},
    {F "Content-Length: +5" E, 400, "not a decimal number"},
    {F "Content-Length: -5" E, 400, "not a decimal number"},
    {F "Content-Length: 0x5" E, 400, "not a decimal number"},
    {F "Content-Length: 5 5" E, 400, "not a decimal number"},
    {F "Content-Length: 5, 5" E, 400, "not a decimal number"},
    {F "Content-Length: 5;" E, 400, "not a decimal number"},
    {F "Content-Length: 5.0" E, 400, "not a decimal number"},
    {F "Content-Length: 1_0" E, 400, "not a decimal number"},
    {F "Content-Length: \"5\"" E, 400, "not a decimal number"},
    {F "Content-Length: 5\r\nContent-Length: 5" E, 400, "more than one Content-Length"},
    {F "Content-Length: 5\r\nContent-Length: 6" E, 400, "more than one Content-Length"},
    /* Transfer-Encoding */
    {F "Transfer-Encoding: chunked" E, 0, "chunked body"},
    {F "transfer-encoding:CHUNKED" E, 0, "chunked body"},
    {F "Transfer-Encoding: , chunked ," E, 0, "chunked body"},
    {F "Transfer-Encoding: chunked\r\nContent-Length: 5" E, 400, "both Content-Length"},
    {F "Content-Length: 5\r\nTransfer-Encoding: chunked" E, 400, "both Content-Length"},
    {F "Content-Length: 0\r\nTransfer-Encoding: chunked" E, 400, "both Content-Length"},
    {F "Content-Length: 5\r\nTransfer-Encoding: identity" E, 400, "both Content-Length"},
    {F "Transfer-Encoding: gzip, chunked" E, 501, "the only transfer coding"},
    {F "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked" E, 501, "the only transfer coding"},
    {F "Transfer-Encoding: gzip" E, 400, "does not end in 'chunked'"},
    {F "Transfer-Encoding: identity" E, 400, "does not end in 'chunked'"},
    {F "Transfer-Encoding: xchunked" E, 400, "does not end in 'chunked'"},
    {F "Transfer-Encoding: chunkedx" E, 400, "does not end in 'chunked'"},
    {F "Transfer-Encoding: \"chunked\"" E, 400, "does not end in 'chunked'"},
    {F "Transfer-Encoding: chunked;q=1" E, 400, "does not end in 'chunked'"},
    {F "Transfer-Encoding: chunked, gzip" E, 400, "a coding after 'chunked'"},
    {F "Transfer-Encoding: chunked, identity" E, 400, "a coding after 'chunked'"},
    {F "Transfer-Encoding: chunked, chunked" E, 400, "a coding after 'chunked'"},
    {F "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked" E, 400, "a coding after 'chunked'"},
    {F "Transfer-Encoding: chunked\r\nTransfer-Encoding: x" E, 400, "a coding after 'chunked'"},
    {F "Transfer-Encoding:" E, 400, "Transfer-Encoding is empty"},
    {F "Transfer-Encoding: ," E, 400, "Transfer-Encoding is empty"},
    {F "Transfer-Encoding: \x0b"
       "chunked" E,
     400, "control byte"},
    {F "Transfer-Encoding : chunked" E, 400, "white space in a field name"},
    {F "Transfer-Encoding\r\n : chunked" E, 400, "not 'name: value'"},
    {F "X: y\r\n Transfer-Encoding: chunked" E, 400, "folded lines"},
    {F "Transfer_Encoding: chunked" E, 0, "length=0 "},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked" E, 400, "Transfer-Encoding in HTTP/1.0"},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 3" E, 400, "both Content-Length"},
    /* Connection */
    {F "Connection: close" E, 0, " close"},
    {F "Connection: Keep-Alive, CLOSE" E, 0, " close"},
    {F "Connection: x , , close" E, 0, " close"},
    {F "Connection: closed" E, 0, " keep"},
    {F "Connection: upgrade, http2-settings" E, 0, " keep"},
    {F "Connection: a\r\nConnection: close" E, 0, " close"},
    {"GET / HTTP/1.0\r\nConnection: keep-alive" E, 0, " keep"},
    {"GET / HTTP/1.0\r\nConnection: keep-alive, close" E, 0, " close"},
    /* Expect */
    {F "Content-Length: 1\r\nExpect: 100-continue" E, 0, " expect"},
    {F "Expect: 100-Continue\r\nTransfer-Encoding: chunked" E, 0, " expect"},
    {F "Expect: 100-continue" E, 0, "length=0 keep"},
    {"POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue" E, 0, "length=1 body close"},
    {F "Expect: 200-ok" E, 417, "the only expectation"},
    {F "Expect:" E, 417, "the only expectation"},
    {F "Expect: 100-continue, x" E, 417, "the only expectation"},
};

/* A text for what a complete head says. */
static void describe(const struct http_head *head, char *text, size_t size)
{
    const struct http_request *request = &head->request;
    int n = snprintf(text, size, SW_FMT " path=" SW_FMT " ", SW_ARG(request->method), SW_ARG(request->path));
    if (request->has_query)
        n += snprintf(text + n, size - (size_t)n, "query=" SW_FMT " ", SW_ARG(request->query));
    n += snprintf(text + n, size - (size_t)n, "minor=%u authority=" SW_FMT " ", request->minor,
                  SW_ARG(request->authority));
    if (head->chunked)
        n += snprintf(text + n, size - (size_t)n, "chunked ");
    else
        n +=
            snprintf(text + n, size - (size_t)n, "length=%llu ", (unsigned long long)request->content_length);
    n += snprintf(text + n, size - (size_t)n, "%s%s%s ", request->has_body ? "body " : "",
                  head->keep_alive ? "keep" : "close", head->expect_continue ? " expect" : "");
    for (uint32_t i = 0; i < request->field_count; i++)
        n += snprintf(text + n, size - (size_t)n, "[" SW_FMT "=" SW_FMT "]", SW_ARG(request->fields[i].name),
                      SW_ARG(request->fields[i].value));
}

static void check_row(const struct row *row, const struct http_head *head, int rc, const struct sw_err *err,
                      const char *how)
{
    char text[4096] = "";
    if (rc == 0)
        describe(head, text, sizeof text);
    else if (rc < 0)
        (void)snprintf(text, sizeof text, "%s", err->text);
    uint16_t status = rc < 0 ? head->status : 0;
    if (rc > 0 || status != row->status || !strstr(text, row->says)) {
        print_error("%s, %s: gave rc %d, status %u, '%s'; expected %u, '%s'\n", row->head, how, rc, status,
                    text, row->status, row->says);
        fail();
    }
    if (rc < 0)
        CHECK(status != 0);
}

static void each_head_is_accepted_or_refused_with_its_status(void **state)
{
    (void)state;
    CHECK(sizeof rows / sizeof *rows >= 120);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_head head;
        struct sw_err err;
        http_head_init(&head, fields);
        int rc = http_head_parse(&head, &limits, sw_str_of(rows[i].head), &err);
        check_row(&rows[i], &head, rc, &err, "whole");
        if (rc == 0)
            CHECK_INT(head.bytes, strlen(rows[i].head));
    }
}

/* Feeds byte by byte out of a fresh, exact allocation each time: the input moves and must never be read past its end. */
static void cut_at_every_byte_the_result_is_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_head head;
        struct sw_err err;
        char *in = NULL;
        int rc = SW_WAIT;
        http_head_init(&head, fields);
        for (size_t n = 1; rc == SW_WAIT && n <= strlen(rows[i].head); n++) {
            char *moved = sw_alloc(n);
            memcpy(moved, rows[i].head, n);
            rc = http_head_parse(&head, &limits, sw_str(moved, n), &err);
            sw_free(in);
            in = moved;
        }
        check_row(&rows[i], &head, rc, &err, "byte by byte");
        sw_free(in);
    }
}

static void a_nul_byte_is_refused_everywhere(void **state)
{
    static const char head[] = "GET /path?q HTTP/1.1\r\nHost: a\r\nName: value\r\n\r\n";
    (void)state;
    for (size_t i = 0; i + 4 < sizeof head - 1; i++) {
        char bytes[sizeof head];
        struct http_head parsed;
        struct sw_err err;
        memcpy(bytes, head, sizeof head);
        bytes[i] = '\0';
        http_head_init(&parsed, fields);
        CHECK(http_head_parse(&parsed, &limits, sw_str(bytes, sizeof head - 1), &err) < 0);
        CHECK_INT(parsed.status, 400);
    }
}

static int parse_long(struct sw_str in, struct http_head *head)
{
    struct sw_err err;
    http_head_init(head, fields);
    return http_head_parse(head, &limits, in, &err);
}

static void what_is_too_long_has_its_status(void **state)
{
    static char in[20000];
    struct http_head head;
    (void)state;
    memset(in, 'a', sizeof in);
    memcpy(in, "GET /", 5);
    CHECK_INT(parse_long(sw_str(in, HEAD_BYTES - 1), &head), SW_WAIT);
    CHECK_INT(parse_long(sw_str(in, HEAD_BYTES), &head), -SW_ELIMIT);
    CHECK_INT(head.status, 414);

    const struct http_head_limits large = {65536, FIELDS, 0};
    struct sw_err err;
    memcpy(in + 5 + HTTP_TARGET_BYTES_MAX, L, sizeof L); /* one byte of target too many: '/' counts */
    http_head_init(&head, fields);
    CHECK_INT(http_head_parse(&head, &large, sw_str(in, 5 + HTTP_TARGET_BYTES_MAX + sizeof L - 1), &err),
              -SW_ELIMIT);
    CHECK_INT(head.status, 414);
    const struct http_head_limits larger = {65536, FIELDS, HTTP_TARGET_BYTES_MAX + 1}; /* may be asked for */
    http_head_init(&head, fields);
    CHECK_INT(http_head_parse(&head, &larger, sw_str(in, 5 + HTTP_TARGET_BYTES_MAX + sizeof L - 1), &err), 0);
    memcpy(in + 4 + HTTP_TARGET_BYTES_MAX, L, sizeof L);
    http_head_init(&head, fields);
    CHECK_OK(http_head_parse(&head, &large, sw_str(in, 4 + HTTP_TARGET_BYTES_MAX + sizeof L - 1), &err),
             &err);

    memset(in, 'a', sizeof in);
    memcpy(in, F "A: ", sizeof F "A: " - 1);
    CHECK_INT(parse_long(sw_str(in, HEAD_BYTES - 1), &head), SW_WAIT);
    CHECK_INT(parse_long(sw_str(in, HEAD_BYTES), &head), -SW_ELIMIT);
    CHECK_INT(head.status, 431);
    memcpy(in + HEAD_BYTES - 4, E, 4);
    CHECK_INT(parse_long(sw_str(in, HEAD_BYTES), &head), 0);
    memcpy(in + HEAD_BYTES - 4, "aaaa" E, 8);
    CHECK_INT(parse_long(sw_str(in, HEAD_BYTES + 4), &head), -SW_ELIMIT);
    CHECK_INT(head.status, 431);
}

static void too_many_fields_are_refused(void **state)
{
    char in[1024] = F;
    struct http_head head;
    (void)state;
    size_t n = strlen(in);
    for (int i = 1; i < FIELDS; i++, n += 6)
        memcpy(in + n, "A: b\r\n", 7);
    memcpy(in + n, "\r\n", 3);
    CHECK_INT(parse_long(sw_str_of(in), &head), 0);
    CHECK_INT(head.request.field_count, FIELDS);
    memcpy(in + n, "A: b" E, 9);
    CHECK_INT(parse_long(sw_str_of(in), &head), -SW_ELIMIT);
    CHECK_INT(head.status, 431);
}

static void only_the_first_of_pipelined_heads_is_taken(void **state)
{
    struct http_head head;
    (void)state;
    static const char two[] = "GET /1" L "GET /2" L;
    CHECK_INT(parse_long(sw_str(two, sizeof two - 1), &head), 0);
    CHECK_STR(head.request.path, "/1");
    CHECK_INT(head.bytes, (sizeof two - 1) / 2);
}

/* A megabyte of input a byte at a time would take hours if each call looked at everything. */
static void the_work_is_linear_in_the_input(void **state)
{
    enum { N = 1000000 };
    const struct http_head_limits huge = {N + 1, FIELDS, 0};
    struct http_head head;
    struct sw_err err;
    (void)state;
    char *in = sw_alloc(N);
    memset(in, 'a', N);
    memcpy(in, F "A: ", sizeof F "A: " - 1);
    http_head_init(&head, fields);
    for (size_t n = 1; n <= N; n++)
        CHECK_INT(http_head_parse(&head, &huge, sw_str(in, n), &err), SW_WAIT);
    sw_free(in);
}

static void names_and_values_are_checked(void **state)
{
    (void)state;
    CHECK(http_is_token(SW_LIT("X-Name_1.2")));
    CHECK(!http_is_token(SW_LIT("")));
    CHECK(!http_is_token(SW_LIT("a b")));
    CHECK(!http_is_token(SW_LIT("a:")));
    CHECK(!http_is_token(SW_LIT("\xc3\xa9")));
    CHECK(http_is_field_value(SW_LIT("")));
    CHECK(http_is_field_value(SW_LIT("a b\tc \xc3\xa9")));
    CHECK(!http_is_field_value(SW_LIT(" a")));
    CHECK(!http_is_field_value(SW_LIT("a\t")));
    for (int c = 0; c < 256;
         c++) { /* in each place of the eight that are looked at together, and behind them */
        for (size_t i = 1; i < 18; i++) {
            char value[19];
            memset(value, 'a', sizeof value);
            value[i] = (char)c;
            bool bad = (c < 0x20 && c != '\t') || c == 0x7f;
            CHECK_INT(http_is_field_value(sw_str(value, sizeof value)), !bad);
        }
    }
    static const char *const mixed[] = {"Host",       "hOST",       "Content-Length", "TRANSFER-ENCODING",
                                        "connection", "Keep-Alive", "Expect",         "Date",
                                        "Server",     "Upgrade"};
    for (size_t i = 0; i < sizeof mixed / sizeof *mixed; i++)
        CHECK(http_field_id(sw_str_of(mixed[i])) != HTTP_FIELD_OTHER);
    static const char *const others[] = {"", "Hos", "Post", "Content-Lengt_", "Cookie", "X", "Dave", "Expec"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK_INT(http_field_id(sw_str_of(others[i])), HTTP_FIELD_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_head_is_accepted_or_refused_with_its_status),
        cmocka_unit_test(cut_at_every_byte_the_result_is_the_same),
        cmocka_unit_test(a_nul_byte_is_refused_everywhere),
        cmocka_unit_test(what_is_too_long_has_its_status),
        cmocka_unit_test(too_many_fields_are_refused),
        cmocka_unit_test(only_the_first_of_pipelined_heads_is_taken),
        cmocka_unit_test(the_work_is_linear_in_the_input),
        cmocka_unit_test(names_and_values_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
