/* static.c - which file a request means and what it is answered with: RFC 9110 8.8, 12.5.3, 13, 14. */
#include "trigger/static.h"

#include <stdio.h>

#include "check.h"

static void paths_mean_files_below_the_folder(void **state)
{
    (void)state;
    static const struct {
        const char *path_info;
        bool hidden;
        int status;
        const char *path;
    } rows[] = {
        {"/a.txt", false, 0, "a.txt"},
        {"/dir/a.txt", false, 0, "dir/a.txt"},
        {"/", false, 0, ""},
        {"", false, 0, ""},
        {"/dir/", false, 0, "dir/"},
        {"/a%20b.txt", false, 0, "a b.txt"},
        {"/%C3%A4", false, 0, "\xc3\xa4"},
        {"/a%2", false, 400, ""},
        {"/a%zz", false, 400, ""},
        {"/a%00b", false, 400, ""},
        {"/..", false, 404, ""},
        {"/../secret", false, 404, ""},
        {"/dir/../a.txt", false, 404, ""},
        {"/%2e%2e/secret", false, 404, ""},
        {"/.%2e/secret", false, 404, ""},
        {"/..%2fsecret", false, 404, ""},
        {"/dir%2fa.txt", false, 404, ""},
        {"/./a.txt", false, 404, ""},
        {"//etc/passwd", false, 404, ""},
        {"/dir//a.txt", false, 404, ""},
        {"/.git/config", false, 404, ""},
        {"/dir/.env", false, 404, ""},
        {"/.well-known/x", true, 0, ".well-known/x"},
        {"/..", true, 404, ""},
        {"/...", true, 0, "..."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[64] = "";
        int status = trigger_static_path(sw_str_of(rows[i].path_info), rows[i].hidden, path, sizeof path);
        if (status != rows[i].status)
            print_error("'%s' gave %d\n", rows[i].path_info, status);
        CHECK_INT(status, rows[i].status);
        if (status == 0)
            CHECK_STR(sw_str_of(path), rows[i].path);
    }
    char longest[600], path[64];
    memset(longest, 'a', sizeof longest);
    CHECK_INT(trigger_static_path(sw_str(longest, sizeof longest), false, path, sizeof path), 404);
}

#define FIELDS_MAX 4
struct asked {
    const char *method;
    const char *fields[FIELDS_MAX]; /* "name: value" */
};

static struct http_request request_of(const struct asked *asked, struct http_field fields[FIELDS_MAX])
{
    struct http_request request = {.method = sw_str_of(asked->method ? asked->method : "GET"),
                                   .fields = fields};
    for (uint32_t i = 0; i < FIELDS_MAX && asked->fields[i]; i++) {
        struct sw_str line = sw_str_of(asked->fields[i]);
        size_t colon = sw_str_find(line, ':');
        fields[request.field_count++] =
            (struct http_field){sw_str_head(line, colon), sw_str_from(line, colon + 2)};
    }
    return request;
}

static void encodings_are_what_the_client_takes(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        const char *want; /* names, best first, "plain" last */
    } rows[] = {
        {NULL, "plain"},
        {"accept-encoding: gzip", "gzip plain"},
        {"accept-encoding: gzip, deflate, br, zstd", "br zstd gzip plain"},
        {"accept-encoding: GZIP", "gzip plain"},
        {"accept-encoding: br;q=0.1, gzip;q=0.9", "gzip br plain"},
        {"accept-encoding: br;q=0, gzip", "gzip plain"},
        {"accept-encoding: *", "br zstd gzip plain"},
        {"accept-encoding: *;q=0", "plain"},
        {"accept-encoding: identity", "plain"},
        {"accept-encoding: br;level=3", "plain"},
        {"accept-encoding: gzip;q=1.000", "gzip plain"},
        {"accept-encoding: ", "plain"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct asked asked = {.fields = {rows[i].field}};
        struct http_field fields[FIELDS_MAX];
        const struct http_request request = request_of(&asked, fields);
        enum trigger_static_encoding got[TRIGGER_STATIC_ENCODINGS];
        char text[64] = "";
        size_t n = 0;
        unsigned count = trigger_static_accepted(&request, got);
        for (unsigned k = 0; k < count; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", k ? " " : "",
                                  got[k] == TRIGGER_STATIC_PLAIN ? "plain"
                                                                 : trigger_static_codings[got[k]].name);
        CHECK_STR(sw_str_of(text), rows[i].want);
    }
}

static const struct trigger_static_file file = {
    .name = {"dir/page.HTML", 13}, .size = 1000, .inode = 7, .modified = {.tv_sec = 784111777, .tv_nsec = 5}};
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static struct sw_str answered(const struct trigger_static_answer *answer, const char *name)
{
    for (uint32_t i = 0; i < answer->field_count; i++)
        if (sw_str_eq(answer->fields[i].name, sw_str_of(name)))
            return answer->fields[i].value;
    return SW_LIT("(absent)");
}

static void decide(const struct asked *asked, struct trigger_static_answer *ret)
{
    struct http_field fields[FIELDS_MAX];
    const struct http_request request = request_of(asked, fields);
    trigger_static_decide(&request, &file, SW_LIT("no-cache"), ret);
    CHECK(ret->field_count <= TRIGGER_STATIC_FIELDS_MAX);
}

static void a_plain_request_gets_the_whole_file(void **state)
{
    (void)state;
    struct trigger_static_answer answer;
    decide(&(struct asked){.method = "GET"}, &answer);
    CHECK_INT(answer.status, 200);
    CHECK_INT(answer.offset, 0);
    CHECK_INT(answer.length, 1000);
    CHECK_STR(answered(&answer, "content-type"), "text/html; charset=utf-8");
    CHECK_STR(answered(&answer, "last-modified"), DATE);
    CHECK_STR(answered(&answer, "cache-control"), "no-cache");
    CHECK_STR(answered(&answer, "accept-ranges"), "bytes");
    CHECK_STR(answered(&answer, "vary"), "accept-encoding");
    CHECK_STR(answered(&answer, "content-range"), "(absent)");
    CHECK_INT(answered(&answer, "etag").n, 18);
}

/* "%" in a field stands for the file's entity tag. */
static const struct {
    struct asked asked;
    int status;
    uint64_t offset, length;
    const char *content_range;
} rows[] = {
    /* ranges */
    {{"GET", {"range: bytes=0-99"}}, 206, 0, 100, "bytes 0-99/1000"},
    {{"GET", {"range: bytes=990-"}}, 206, 990, 10, "bytes 990-999/1000"},
    {{"GET", {"range: bytes=990-5000"}}, 206, 990, 10, "bytes 990-999/1000"},
    {{"GET", {"range: bytes=-10"}}, 206, 990, 10, "bytes 990-999/1000"},
    {{"GET", {"range: bytes=-5000"}}, 206, 0, 1000, "bytes 0-999/1000"},
    {{"GET", {"range: bytes=1000-"}}, 416, 0, 0, "bytes */1000"},
    {{"GET", {"range: bytes=-0"}}, 416, 0, 0, "bytes */1000"},
    {{"GET", {"range: bytes=18446744073709551615-"}}, 416, 0, 0, "bytes */1000"},
    {{"GET", {"range: bytes=18446744073709551616-"}}, 200, 0, 1000, "(absent)"},
    {{"GET", {"range: bytes=5-3"}}, 200, 0, 1000, "(absent)"},
    {{"GET", {"range: bytes=0-1,5-6"}}, 200, 0, 1000, "(absent)"},
    {{"GET", {"range: bytes=a-b"}}, 200, 0, 1000, "(absent)"},
    {{"GET", {"range: bytes=-"}}, 200, 0, 1000, "(absent)"},
    {{"GET", {"range: lines=0-1"}}, 200, 0, 1000, "(absent)"},
    {{"GET", {"range: bytes=0-1", "range: bytes=2-3"}}, 200, 0, 1000, "(absent)"},
    {{"GET", {"range: Bytes=0-1"}}, 206, 0, 2, "bytes 0-1/1000"},
    {{"HEAD", {"range: bytes=0-1"}}, 200, 0, 1000, "(absent)"},
    {{"GET", {"range: bytes=0-1", "if-range: %"}}, 206, 0, 2, "bytes 0-1/1000"},
    {{"GET", {"range: bytes=0-1", "if-range: " DATE}}, 206, 0, 2, "bytes 0-1/1000"},
    {{"GET", {"range: bytes=0-1", "if-range: \"other\""}}, 200, 0, 1000, "(absent)"},
    {{"GET", {"range: bytes=0-1", "if-range: W/%"}}, 200, 0, 1000, "(absent)"},
    /* conditions */
    {{"GET", {"if-none-match: %"}}, 304, 0, 0, "(absent)"},
    {{"GET", {"if-none-match: W/%"}}, 304, 0, 0, "(absent)"},
    {{"GET", {"if-none-match: \"a\", %"}}, 304, 0, 0, "(absent)"},
    {{"GET", {"if-none-match: *"}}, 304, 0, 0, "(absent)"},
    {{"GET", {"if-none-match: \"a\""}}, 200, 0, 1000, "(absent)"},
    {{"HEAD", {"if-none-match: %"}}, 304, 0, 0, "(absent)"},
    {{"GET", {"if-modified-since: " DATE}}, 304, 0, 0, "(absent)"},
    {{"GET", {"if-modified-since: Mon, 07 Nov 1994 08:49:37 GMT"}}, 200, 0, 1000, "(absent)"},
    {{"GET", {"if-none-match: \"a\"", "if-modified-since: " DATE}}, 200, 0, 1000, "(absent)"},
    {{"GET", {"if-match: \"a\""}}, 412, 0, 0, "(absent)"},
    {{"GET", {"if-match: %"}}, 200, 0, 1000, "(absent)"},
    {{"GET", {"if-match: *"}}, 200, 0, 1000, "(absent)"},
    {{"GET", {"range: bytes=0-1", "if-none-match: %"}}, 304, 0, 0, "(absent)"},
};

static void conditions_and_ranges_are_judged_by_the_standard(void **state)
{
    (void)state;
    struct trigger_static_answer plain, answer;
    decide(&(struct asked){.method = "GET"}, &plain);
    struct sw_str etag = answered(&plain, "etag");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char lines[FIELDS_MAX][128];
        struct asked asked = rows[i].asked;
        for (int k = 0; k < FIELDS_MAX && asked.fields[k]; k++) {
            const char *percent = strchr(asked.fields[k], '%');
            if (percent)
                snprintf(lines[k], sizeof lines[k], "%.*s" SW_FMT "%s", (int)(percent - asked.fields[k]),
                         asked.fields[k], SW_ARG(etag), percent + 1);
            if (percent)
                asked.fields[k] = lines[k];
        }
        decide(&asked, &answer);
        if (answer.status != rows[i].status)
            print_error("row %zu, '%s'\n", i, asked.fields[0]);
        CHECK_INT(answer.status, rows[i].status);
        CHECK_INT(answer.offset, rows[i].offset);
        CHECK_INT(answer.length, rows[i].length);
        CHECK_STR(answered(&answer, "content-range"), rows[i].content_range);
    }
}

static void an_entity_tag_changes_with_the_file(void **state)
{
    (void)state;
    struct trigger_static_file files[4] = {file, file, file, file};
    struct trigger_static_answer answers[4];
    const struct http_request request = {.method = SW_LIT("GET")};
    files[1].size++;
    files[2].modified.tv_nsec++;
    files[3].inode++;
    for (int i = 0; i < 4; i++) {
        trigger_static_decide(&request, &files[i], SW_LIT(""), &answers[i]);
        for (int k = 0; k < i; k++)
            CHECK(!sw_str_eq(answered(&answers[i], "etag"), answered(&answers[k], "etag")));
    }
    CHECK_STR(answered(&answers[0], "cache-control"), "(absent)");
}

static void types_follow_the_ending(void **state)
{
    (void)state;
    CHECK_STR(trigger_static_type(SW_LIT("a.js")), "text/javascript; charset=utf-8");
    CHECK_STR(trigger_static_type(SW_LIT("a.JS")), "text/javascript; charset=utf-8");
    CHECK_STR(trigger_static_type(SW_LIT("a.tar.gz")), "application/gzip");
    CHECK_STR(trigger_static_type(SW_LIT("a")), "application/octet-stream");
    CHECK_STR(trigger_static_type(SW_LIT("a.")), "application/octet-stream");
    CHECK_STR(trigger_static_type(SW_LIT("a.unknown")), "application/octet-stream");
    CHECK_STR(trigger_static_type(SW_LIT("x.wasm")), "application/wasm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_mean_files_below_the_folder),
        cmocka_unit_test(encodings_are_what_the_client_takes),
        cmocka_unit_test(a_plain_request_gets_the_whole_file),
        cmocka_unit_test(conditions_and_ranges_are_judged_by_the_standard),
        cmocka_unit_test(an_entity_tag_changes_with_the_file),
        cmocka_unit_test(types_follow_the_ending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
