/* response.c - tests of the response writer.  Room: tests. */
#include "check.h"

#include "base/alloc.h"
#include "http/limits.h"
#include "http/response.h"

#define FIELD(n, v)                                                                                          \
    {                                                                                                        \
        SW_LIT_INIT(n), SW_LIT_INIT(v)                                                                       \
    }

static struct sw_err err;

static void a_head_has_its_fields_in_order_and_what_the_server_adds(void **state)
{
    static const struct http_field fields[] = {FIELD("Content-Type", "text/plain"), FIELD("X-A", ""),
                                               FIELD("x-a", "b")};
    struct http_response response = {.status = 200,
                                     .framing = HTTP_FRAME_LENGTH,
                                     .content_length = 1234567890123,
                                     .fields = fields,
                                     .field_count = 3,
                                     .date_line = SW_LIT("Date: x\r\n"),
                                     .server = SW_LIT("swell")};
    sw_auto_buf out = SW_BUF(4096);
    (void)state;
    CHECK_OK(http_response_write(&response, &out, &err), &err);
    CHECK_STR(
        sw_buf_str(&out),
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A: \r\nx-a: b\r\nContent-Length: 1234567890123\r\n"
        "Server: swell\r\nDate: x\r\n\r\n");
}

static void framing_and_connection_are_said(void **state)
{
    static const struct {
        enum http_framing framing;
        bool close, keep_alive;
        const char *want;
    } rows[] = {
        {HTTP_FRAME_NONE, false, false, "HTTP/1.1 404 Not Found\r\n\r\n"},
        {HTTP_FRAME_CHUNKED, false, false, "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {HTTP_FRAME_LENGTH, true, false,
         "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
        {HTTP_FRAME_LENGTH, false, true,
         "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"},
        {HTTP_FRAME_UNTIL_CLOSE, true, false, "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_response response = {.status = 404,
                                         .framing = rows[i].framing,
                                         .close = rows[i].close,
                                         .keep_alive = rows[i].keep_alive};
        sw_auto_buf out = SW_BUF(4096);
        CHECK_OK(http_response_write(&response, &out, &err), &err);
        CHECK_STR(sw_buf_str(&out), rows[i].want);
    }
}

static void own_date_and_server_fields_win(void **state)
{
    static const struct http_field fields[] = {FIELD("DATE", "d"), FIELD("server", "s")};
    struct http_response response = {.status = 204,
                                     .fields = fields,
                                     .field_count = 2,
                                     .date_line = SW_LIT("Date: x\r\n"),
                                     .server = SW_LIT("swell")};
    sw_auto_buf out = SW_BUF(4096);
    (void)state;
    CHECK_OK(http_response_write(&response, &out, &err), &err);
    CHECK_STR(sw_buf_str(&out), "HTTP/1.1 204 No Content\r\nDATE: d\r\nserver: s\r\n\r\n");
}

static void bad_heads_are_refused_and_leave_the_output_alone(void **state)
{
    static char large[HTTP_RESPONSE_HEAD_BYTES_MAX + 1];
    memset(large, 'a', sizeof large);
    const struct {
        struct http_field field;
        uint16_t status;
        int rc;
        const char *says;
    } rows[] = {
        {FIELD("", "b"), 200, -SW_EINPUT, "not a token"},
        {FIELD("a b", "b"), 200, -SW_EINPUT, "not a token"},
        {FIELD("a\r\nb", "b"), 200, -SW_EINPUT, "not a token"},
        {FIELD("a:", "b"), 200, -SW_EINPUT, "not a token"},
        {FIELD("a", "b\r\nc: d"), 200, -SW_EINPUT, "the value of field 'a'"},
        {FIELD("a", "b\n"), 200, -SW_EINPUT, "the value of field 'a'"},
        {FIELD("a", "b\0c"), 200, -SW_EINPUT, "the value of field 'a'"},
        {FIELD("a", " b"), 200, -SW_EINPUT, "the value of field 'a'"},
        {FIELD("Connection", "close"), 200, -SW_EINPUT, "field 'Connection' is set by the server alone"},
        {FIELD("transfer-encoding", "chunked"), 200, -SW_EINPUT, "set by the server alone"},
        {FIELD("CONTENT-LENGTH", "1"), 200, -SW_EINPUT, "set by the server alone"},
        {FIELD("Keep-Alive", "1"), 200, -SW_EINPUT, "set by the server alone"},
        {FIELD("Upgrade", "h2c"), 200, -SW_EINPUT, "set by the server alone"},
        {FIELD("a", "b"), 199, -SW_EINPUT, "status 199"},
        {FIELD("a", "b"), 0, -SW_EINPUT, "status 0"},
        {FIELD("a", "b"), 1000, -SW_EINPUT, "status 1000"},
        {{SW_LIT_INIT("a"), {large, sizeof large}}, 200, -SW_ELIMIT, "the response head is over 65536 bytes"},
        {{SW_LIT_INIT("a"), {large, sizeof large - 4}},
         200,
         -SW_ELIMIT,
         "the response head is over 65536 bytes"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_response response = {
            .status = rows[i].status, .fields = &rows[i].field, .field_count = 1};
        sw_auto_buf out = SW_BUF(1 << 20);
        CHECK_OK(sw_buf_add(&out, SW_LIT("before"), &err), &err);
        CHECK_INT(http_response_write(&response, &out, &err), rows[i].rc);
        CHECK_HAS(err.text, rows[i].says);
        CHECK_STR(sw_buf_str(&out), "before");
    }
    struct http_response response = {
        .status = 200, .fields = &rows[0].field, .field_count = HTTP_RESPONSE_FIELDS_MAX + 1};
    sw_auto_buf out = SW_BUF(1 << 20);
    CHECK_INT(http_response_write(&response, &out, &err), -SW_ELIMIT);
}

static void the_end_of_a_chunked_body_carries_trailers(void **state)
{
    static const struct http_field good[] = {FIELD("a", "b"), FIELD("c", "d")};
    static const struct http_field bad[] = {FIELD("Content-Length", "1")};
    sw_auto_buf out = SW_BUF(4096);
    (void)state;
    CHECK_OK(http_trailers_write(NULL, 0, &out, &err), &err);
    CHECK_STR(sw_buf_str(&out), "0\r\n\r\n");
    sw_buf_clear(&out);
    CHECK_OK(http_trailers_write(good, 2, &out, &err), &err);
    CHECK_STR(sw_buf_str(&out), "0\r\na: b\r\nc: d\r\n\r\n");
    CHECK_INT(http_trailers_write(bad, 1, &out, &err), -SW_EINPUT);
    CHECK_STR(sw_buf_str(&out), "0\r\na: b\r\nc: d\r\n\r\n");
}

static void chunk_sizes_are_hexadecimal(void **state)
{
    static const struct {
        uint64_t size;
        const char *want;
    } rows[] = {{1, "1\r\n"},
                {10, "a\r\n"},
                {0x1f4, "1f4\r\n"},
                {65536, "10000\r\n"},
                {UINT64_MAX, "ffffffffffffffff\r\n"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[20];
        CHECK_STR(sw_str(text, http_chunk_head_write(rows[i].size, text)), rows[i].want);
    }
}

static void dates_are_in_the_fixed_form_and_change_with_the_second(void **state)
{
    char line[HTTP_DATE_LINE_BYTES + 1];
    (void)state;
    http_date_format(784111777ull * 1000000000, line);
    CHECK_STR(sw_str_of(line), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    http_date_format(951782400ull * 1000000000 + 999999999, line);
    CHECK_STR(sw_str_of(line), "Date: Tue, 29 Feb 2000 00:00:00 GMT\r\n");
    http_date_format(0, line);
    CHECK_STR(sw_str_of(line), "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
    http_date_format(4102444799ull * 1000000000, line);
    CHECK_STR(sw_str_of(line), "Date: Thu, 31 Dec 2099 23:59:59 GMT\r\n");

    struct http_date date = {0};
    CHECK_INT(http_date_line(&date, 5000).n, HTTP_DATE_LINE_BYTES);
    CHECK(date.until_ms > 5000 && date.until_ms <= 6000);
    memset(date.line, 'x', 4); /* not formatted again before its time */
    CHECK_INT(http_date_line(&date, date.until_ms - 1).p[0], 'x');
    CHECK_INT(http_date_line(&date, date.until_ms).p[0], 'D');
}

static void reasons_are_known_or_empty(void **state)
{
    (void)state;
    CHECK_STR(sw_str_of(http_reason(200)), "OK");
    CHECK_STR(sw_str_of(http_reason(431)), "Request Header Fields Too Large");
    CHECK_STR(sw_str_of(http_reason(299)), "");
    struct http_response response = {.status = 299};
    sw_auto_buf out = SW_BUF(4096);
    CHECK_OK(http_response_write(&response, &out, &err), &err);
    CHECK_STR(sw_buf_str(&out), "HTTP/1.1 299 \r\n\r\n");
}

static void every_allocation_may_fail(void **state)
{
    struct http_response response = {.status = 200};
    sw_auto_buf out = SW_BUF(4096);
    (void)state;
    sw_mem_fail_after(0);
    int rc = http_response_write(&response, &out, &err);
    int rc2 = http_trailers_write(NULL, 0, &out, &err);
    sw_mem_fail_after(-1);
    CHECK_INT(rc, -SW_ENOMEM);
    CHECK_INT(rc2, -SW_ENOMEM);
    CHECK_INT(out.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_has_its_fields_in_order_and_what_the_server_adds),
        cmocka_unit_test(framing_and_connection_are_said),
        cmocka_unit_test(own_date_and_server_fields_win),
        cmocka_unit_test(bad_heads_are_refused_and_leave_the_output_alone),
        cmocka_unit_test(the_end_of_a_chunked_body_carries_trailers),
        cmocka_unit_test(chunk_sizes_are_hexadecimal),
        cmocka_unit_test(dates_are_in_the_fixed_form_and_change_with_the_second),
        cmocka_unit_test(reasons_are_known_or_empty),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
