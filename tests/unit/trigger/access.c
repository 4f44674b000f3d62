/* access.c - the lines of the access log: formats, what hostile clients send.  Tests: trigger. */
#include "trigger/access.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "check.h"
#include "codec/json.h"
#include "trigger/limits.h"

#define WHEN_MS UINT64_C(1795587072123) /* 2026-11-25T06:11:12.123Z */
#define AT "[25/Nov/2026:06:11:12 +0000]"

static const struct http_field fields[] = {
    {SW_LIT_INIT("Host"), SW_LIT_INIT("h:3000")},
    {SW_LIT_INIT("User-Agent"), SW_LIT_INIT("curl \"8\"\\")},
    {SW_LIT_INIT("Referer"), SW_LIT_INIT("http://x/\xc3\xa9")},
};
static const struct http_request plain = {.method = SW_LIT_INIT("GET"),
                                          .target = SW_LIT_INIT("/a?b=c"),
                                          .authority = SW_LIT_INIT("h:3000"),
                                          .fields = fields,
                                          .field_count = 3,
                                          .minor = 1};
static const struct http_request bare = {
    .method = SW_LIT_INIT("GET"), .target = SW_LIT_INIT("/\"\\\x01\xff"), .minor = 0};

static void a_request_is_one_line(void **state)
{
    (void)state;
    static const struct {
        enum trigger_access_format format;
        struct http_ended ended;
        const char *line;
    } rows[] = {
        {TRIGGER_ACCESS_COMBINED,
         {&plain, SW_LIT_INIT("127.0.0.1:52114"), SW_LIT_INIT("hello"), 200, 12, 1234567},
         "127.0.0.1 - - " AT
         " \"GET /a?b=c HTTP/1.1\" 200 12 \"http://x/\\xC3\\xA9\" \"curl \\\"8\\\"\\\\\" 1.234 "
         "hello"},
        {TRIGGER_ACCESS_COMMON,
         {&plain, SW_LIT_INIT("[::1]:52114"), SW_LIT_INIT(""), 404, 0, 999},
         "::1 - - " AT " \"GET /a?b=c HTTP/1.1\" 404 0 0.000 -"},
        {TRIGGER_ACCESS_COMBINED,
         {NULL, SW_LIT_INIT(""), SW_LIT_INIT(""), 400, 31, 0},
         "- - - " AT " \"-\" 400 31 \"-\" \"-\" 0.000 -"},
        {TRIGGER_ACCESS_COMMON,
         {&bare, SW_LIT_INIT("10.0.0.1:1"), SW_LIT_INIT("x"), HTTP_STATUS_GONE, 0, 2000000000},
         "10.0.0.1 - - " AT " \"GET /\\\"\\\\\\x01\\xFF HTTP/1.0\" 499 0 2000.000 x"},
        {TRIGGER_ACCESS_JSON,
         {&plain, SW_LIT_INIT("127.0.0.1:52114"), SW_LIT_INIT("hello"), 200, 12, 1234567},
         "{\"time\":\"2026-11-25T06:11:12.123Z\",\"client\":\"127.0.0.1:52114\",\"method\":\"GET\","
         "\"target\":"
         "\"/a?b=c\",\"protocol\":\"HTTP/1.1\",\"host\":\"h:3000\",\"status\":200,\"bytes\":12,\"ms\":1.234,"
         "\"referer\":\"http://x/\xc3\xa9\",\"user_agent\":\"curl \\\"8\\\"\\\\\",\"component\":\"hello\"}"},
        {TRIGGER_ACCESS_JSON,
         {&bare, SW_LIT_INIT("[::1]:1"), SW_LIT_INIT(""), 500, 0, 0},
         "{\"time\":\"2026-11-25T06:11:12.123Z\",\"client\":\"[::1]:1\",\"method\":\"GET\",\"target\":\"/"
         "\\u0022"
         "\\u005c\\u0001\\u00ff\",\"protocol\":\"HTTP/"
         "1.0\",\"host\":\"\",\"status\":500,\"bytes\":0,\"ms\":0.000}"},
        {TRIGGER_ACCESS_JSON,
         {NULL, SW_LIT_INIT("127.0.0.1:1"), SW_LIT_INIT(""), 431, 5, 0},
         "{\"time\":\"2026-11-25T06:11:12.123Z\",\"client\":\"127.0.0.1:1\",\"status\":431,\"bytes\":5,"
         "\"ms\":0.000}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sw_auto_buf line = SW_BUF(TRIGGER_ACCESS_LINE_BYTES_MAX);
        struct sw_err err;
        CHECK_OK(trigger_access_line(rows[i].format, &rows[i].ended, WHEN_MS, &line, &err), &err);
        CHECK_STR(sw_buf_str(&line), rows[i].line);
    }
}

/* Whatever the bytes are, the line is whole, fits, and is JSON where it is to be. */
static void what_is_long_is_cut_and_the_line_fits(void **state)
{
    (void)state;
    static const char *const fills[] = {"x", "\"", "\xff", "\xc3\xa9", "\xf0\x9f\x8c\x8a", "\t"};
    static char big[9000];
    for (size_t f = 0; f < sizeof fills / sizeof *fills; f++) {
        for (size_t i = 0; i < sizeof big; i++)
            big[i] = fills[f][i % strlen(fills[f])];
        const struct sw_str text = {big, sizeof big};
        const struct http_field large[] = {{SW_LIT("user-agent"), text}, {SW_LIT("referer"), text}};
        const struct http_request request = {.method = SW_LIT("GET"),
                                             .target = text,
                                             .authority = text,
                                             .fields = large,
                                             .field_count = 2,
                                             .minor = 1};
        const struct http_ended ended = {.request = &request, .peer = text, .label = text, .status = 200};
        for (int format = TRIGGER_ACCESS_COMBINED; format <= TRIGGER_ACCESS_JSON; format++) {
            sw_auto_buf line = SW_BUF(1u << 20);
            struct codec_json *root = NULL;
            struct sw_err err;
            const struct http_ended short_ones = {
                .request = &request, .peer = SW_LIT("127.0.0.1:1"), .label = SW_LIT("hello"), .status = 200};
            CHECK_OK(trigger_access_line((enum trigger_access_format)format, &ended, WHEN_MS, &line, &err),
                     &err);
            sw_buf_clear(&line);
            CHECK_OK(
                trigger_access_line((enum trigger_access_format)format, &short_ones, WHEN_MS, &line, &err),
                &err);
            CHECK(line.n <= TRIGGER_OUTPUT_LINE_MAX);
            CHECK(memchr(line.p, '\n', line.n) == NULL);
            if (format == TRIGGER_ACCESS_JSON)
                CHECK_OK(codec_json_parse(sw_buf_str(&line), &root, &err), &err);
            codec_json_free(root);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_one_line),
        cmocka_unit_test(what_is_long_is_cut_and_the_line_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
