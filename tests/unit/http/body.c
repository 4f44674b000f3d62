/* body.c - tests of the chunked decoder.  Room: tests. */
#include "check.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "http/body.h"
#include "http/limits.h"

enum { TRAILERS = 4, BODY_MAX = 1000 };
static struct http_field trailers[TRAILERS];

struct row {
    const char *in;
    int rc;           /* SW_END, SW_WAIT or < 0 */
    const char *says; /* body and trailers, "body[name=value]...left", or part of the message */
};

static const struct row rows[] = {
    {"0\r\n\r\n", SW_END, ""},
    {"5\r\nhello\r\n0\r\n\r\n", SW_END, "hello"},
    {"5\r\nhello\r\n0\r\n\r\nGET", SW_END, "helloGET"},
    {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", SW_END, "hello world"},
    {"A\r\n0123456789\r\n0\r\n\r\n", SW_END, "0123456789"},
    {"a\r\n0123456789\r\n00000\r\n\r\n", SW_END, "0123456789"},
    {"000000000000005\r\nhello\r\n0\r\n\r\n", SW_END, "hello"},
    {"0000000000000005\r\nhello\r\n0\r\n\r\n", -SW_EINPUT, "over 15 digits"},
    {"2\r\n\r\n\r\n0\r\n\r\n", SW_END, "\r\n"},
    {"5;a\r\nhello\r\n0;b=c\r\n\r\n", SW_END, "hello"},
    {"5;a=\"x y\"\r\nhello\r\n0\r\n\r\n", SW_END, "hello"},
    {"5;\r\nhello\r\n0\r\n\r\n", SW_END, "hello"},
    {"0\r\nA: b\r\n\r\n", SW_END, "[A=b]"},
    {"1\r\nx\r\n0\r\nA: b\r\nC:  d \r\n\r\nrest", SW_END, "x[A=b][C=d]rest"},
    {"0\r\nContent-Length: 5\r\nHost: x\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n", SW_END, "[A=b]"},
    {"", SW_WAIT, ""},
    {"5", SW_WAIT, ""},
    {"5\r", SW_WAIT, ""},
    {"5\r\nhel", SW_WAIT, "hel"},
    {"5\r\nhello", SW_WAIT, "hello"},
    {"5\r\nhello\r", SW_WAIT, "hello"},
    {"5\r\nhello\r\n0\r\n", SW_WAIT, "hello"},
    {"5\r\nhello\r\n0\r\nA: b\r\n", SW_WAIT, "hello"},
    {"\r\n", -SW_EINPUT, "not a hexadecimal number"},
    {" 5\r\nhello\r\n", -SW_EINPUT, "not a hexadecimal number"},
    {"+5\r\nhello\r\n", -SW_EINPUT, "not a hexadecimal number"},
    {"-5\r\nhello\r\n", -SW_EINPUT, "not a hexadecimal number"},
    {"g\r\n", -SW_EINPUT, "not a hexadecimal number"},
    {";a\r\n", -SW_EINPUT, "not a hexadecimal number"},
    {"0x5\r\nhello\r\n", -SW_EINPUT, "followed by something else"},
    {"5 \r\nhello\r\n", -SW_EINPUT, "followed by something else"},
    {"5\t;a\r\nhello\r\n", -SW_EINPUT, "followed by something else"},
    {"5,\r\nhello\r\n", -SW_EINPUT, "followed by something else"},
    {"5_0\r\nhello\r\n", -SW_EINPUT, "followed by something else"},
    {"5\r\r\nhello\r\n", -SW_EINPUT, "followed by something else"},
    {"5;a\x01\r\nhello\r\n", -SW_EINPUT, "control byte in a chunk extension"},
    {"5;a\rb\r\nhello\r\n", -SW_EINPUT, "control byte in a chunk extension"},
    {"5\nhello\r\n", -SW_EINPUT, "LF without CR"},
    {"\n", -SW_EINPUT, "LF without CR"},
    {"5\r\nhelloX\r\n", -SW_EINPUT, "not followed by CRLF"},
    {"5\r\nhello\n0\r\n", -SW_EINPUT, "not followed by CRLF"},
    {"5\r\nhello\rX", -SW_EINPUT, "not followed by CRLF"},
    {"5\r\nhello0\r\n\r\n", -SW_EINPUT, "not followed by CRLF"},
    {"0\r\n\n", -SW_EINPUT, "LF without CR"},
    {"0\r\nA: b\n\r\n", -SW_EINPUT, "LF without CR"},
    {"0\r\nA\r\n\r\n", -SW_EINPUT, "not 'name: value'"},
    {"0\r\nA : b\r\n\r\n", -SW_EINPUT, "white space in a field name"},
    {"0\r\n A: b\r\n\r\n", -SW_EINPUT, "folded"},
    {"0\r\nA: b\x01\r\n\r\n", -SW_EINPUT, "control byte"},
    {"0\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\n\r\n", -SW_EINPUT, "too many trailer fields"},
    {"FFFFFFFFFFFFFFF\r\n", -SW_ELIMIT, "the body is over 1000 bytes"},
    {"3E8\r\n", SW_WAIT, ""},
    {"3E9\r\n", -SW_ELIMIT, "the body is over 1000 bytes"},
    {"1\r\nx\r\n3E8\r\n", -SW_ELIMIT, "the body is over 1000 bytes"},
    {"FFFFFFFFFFFFFFFF\r\n", -SW_EINPUT, "over 15 digits"},
    {"10000000000000005\r\n", -SW_EINPUT, "over 15 digits"},
};

/* Decodes what there is: appends data to out, drops used bytes from in. */
static int decode(struct http_chunked *chunked, struct sw_str *in, struct sw_buf *out, struct sw_err *err)
{
    for (;;) {
        struct sw_str data;
        size_t used = 0;
        int rc = http_chunked_next(chunked, *in, &used, &data, err);
        if (rc < 0)
            return rc;
        in->p += used;
        in->n -= used;
        if (rc != 0)
            return rc;
        CHECK(data.n > 0 && data.p == in->p && data.n <= in->n);
        CHECK_OK(sw_buf_add(out, data, err), err);
        http_chunked_consume(chunked, data.n);
        in->p += data.n;
        in->n -= data.n;
    }
}

/* Behind a whole body: its trailers, then what is not part of it. */
static void add_end(const struct http_chunked *chunked, struct sw_str rest, struct sw_buf *out)
{
    struct sw_err err;
    for (uint32_t i = 0; i < chunked->trailer_count; i++)
        CHECK_OK(sw_buf_printf(out, &err, "[" SW_FMT "=" SW_FMT "]", SW_ARG(trailers[i].name),
                               SW_ARG(trailers[i].value)),
                 &err);
    CHECK_OK(sw_buf_add(out, rest, &err), &err);
}

static void check_row(const struct row *row, int rc, const struct sw_buf *out, const struct sw_err *err,
                      const char *how)
{
    bool good = rc == row->rc && (rc < 0 ? strstr(err->text, row->says) != NULL
                                         : sw_str_eq(sw_buf_str(out), sw_str_of(row->says)));
    if (!good) {
        print_error("%s, %s: gave %d, '%.*s' %s; expected %d, '%s'\n", row->in, how, rc, (int)out->n,
                    out->n ? out->p : "", rc < 0 ? err->text : "", row->rc, row->says);
        fail();
    }
}

static void each_body_is_decoded_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_chunked chunked;
        struct sw_err err;
        sw_auto_buf out = SW_BUF(4096);
        struct sw_str in = sw_str_of(rows[i].in);
        http_chunked_init(&chunked, BODY_MAX, trailers, TRAILERS);
        int rc = decode(&chunked, &in, &out, &err);
        if (rc == SW_END)
            add_end(&chunked, in, &out);
        check_row(&rows[i], rc, &out, &err, "whole");
    }
}

static void cut_at_every_byte_the_result_is_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_chunked chunked;
        struct sw_err err;
        sw_auto_buf out = SW_BUF(4096);
        size_t total = strlen(rows[i].in);
        size_t start = 0; /* of what is not used yet */
        int rc = SW_WAIT;
        char *old = NULL;
        struct sw_str in = {NULL, 0};
        http_chunked_init(&chunked, BODY_MAX, trailers, TRAILERS);
        for (size_t n = 1; rc == SW_WAIT && n <= total; n++) { /* the input moves each time */
            char *moved = sw_alloc(n - start);
            memcpy(moved, rows[i].in + start, n - start);
            in = sw_str(moved, n - start);
            rc = decode(&chunked, &in, &out, &err);
            start = n - in.n;
            sw_free(old);
            old = moved;
        }
        if (rc == SW_END)
            add_end(&chunked, sw_str_of(rows[i].in + start), &out);
        check_row(&rows[i], rc, &out, &err, "byte by byte");
        sw_free(old);
    }
}

static int decode_all(const char *text, size_t n)
{
    struct http_chunked chunked;
    struct sw_err err;
    sw_auto_buf out = SW_BUF(1 << 20);
    struct sw_str in = sw_str(text, n);
    http_chunked_init(&chunked, UINT64_MAX - 1, trailers, TRAILERS);
    return decode(&chunked, &in, &out, &err);
}

static void framing_lines_and_extensions_are_bounded(void **state)
{
    static char in[200000];
    (void)state;
    memset(in, 'a', sizeof in);
    memcpy(in, "1;", 2);
    CHECK_INT(decode_all(in, HTTP_CHUNK_LINE_BYTES_MAX - 1), SW_WAIT);
    CHECK_INT(decode_all(in, HTTP_CHUNK_LINE_BYTES_MAX), -SW_EINPUT);
    memcpy(in, "0\r\nA: ", 6);
    CHECK_INT(decode_all(in, HTTP_TRAILER_BYTES_MAX + 2), SW_WAIT);
    CHECK_INT(decode_all(in, HTTP_TRAILER_BYTES_MAX + 3), -SW_EINPUT);
    size_t n = 0; /* one-byte chunks, each with an extension of 101 bytes */
    char chunk[128];
    memset(chunk, 'e', sizeof chunk);
    memcpy(chunk, "1;", 2);
    memcpy(chunk + 102, "\r\nx\r\n", 5);
    for (int i = 0; i < 162; i++, n += 107)
        memcpy(in + n, chunk, 107);
    CHECK_INT(decode_all(in, n), SW_WAIT);
    memcpy(in + n, chunk, 107);
    CHECK_INT(decode_all(in, n + 107), -SW_EINPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_body_is_decoded_or_refused),
        cmocka_unit_test(cut_at_every_byte_the_result_is_the_same),
        cmocka_unit_test(framing_lines_and_extensions_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
