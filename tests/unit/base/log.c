/* log.c - one line per record, whatever text is put in. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

static size_t logged(char *line, size_t cap, enum sw_log_level least, const char *text)
{
    int ends[2];
    CHECK_INT(pipe(ends), 0);
    sw_log_setup(ends[1], least, "worker 0");
    sw_log_info("http", "request", "path=%s", text);
    CHECK_INT(close(ends[1]), 0);
    ssize_t n = read(ends[0], line, cap - 1);
    CHECK_INT(close(ends[0]), 0);
    CHECK(n >= 0);
    line[n] = '\0';
    sw_log_setup(STDERR_FILENO, SW_LOG_INFO, "test");
    return (size_t)n;
}

static void a_record_is_one_line_with_time_level_process_room_and_event(void **state)
{
    (void)state;
    char line[8192];
    size_t n = logged(line, sizeof line, SW_LOG_INFO, "/a");
    CHECK_HAS(line, "Z INFO worker 0 http: request path=/a\n");
    CHECK_INT(line[n - 1], '\n');
    CHECK_INT(line[10], 'T');
}

static void the_environment_may_ask_for_more(void **state)
{
    (void)state;
    char line[8192];
    CHECK_INT(logged(line, sizeof line, SW_LOG_WARN, "/a"), 0);
    CHECK_INT(setenv("SWELL_LOG", "info", 1), 0);
    CHECK(logged(line, sizeof line, SW_LOG_WARN, "/a") > 0);
    CHECK_INT(setenv("SWELL_LOG", "nonsense", 1), 0);
    CHECK_INT(logged(line, sizeof line, SW_LOG_WARN, "/a"), 0);
    CHECK_INT(unsetenv("SWELL_LOG"), 0);
}

static void text_cannot_forge_a_second_line_or_drive_a_terminal(void **state)
{
    (void)state;
    char line[8192];
    size_t n = logged(line, sizeof line, SW_LOG_INFO, "a\nERROR\x1b[2J\x7f");
    CHECK(memchr(line, '\n', n) == line + n - 1);
    CHECK(strchr(line, 0x1b) == NULL);
    (void)logged(line, sizeof line, SW_LOG_INFO,
                 "a\xc2\x9b"
                 "2Jb\xc3\x9f\xc2\xa0");
    CHECK_HAS(line, "path=a  2Jb\xc3\x9f\xc2\xa0\n"); /* U+009B, but neither U+00DF nor U+00A0 */
}

static void a_long_record_is_cut_to_one_atomic_write(void **state)
{
    (void)state;
    char line[8192];
    static char big[6000];
    memset(big, 'x', sizeof big - 1);
    CHECK_INT(logged(line, sizeof line, SW_LOG_INFO, big), SW_LOG_LINE_MAX - 1);
    CHECK_INT(line[SW_LOG_LINE_MAX - 2], '\n');
}

static void records_above_the_level_are_not_written(void **state)
{
    (void)state;
    char line[8192];
    CHECK_INT(logged(line, sizeof line, SW_LOG_WARN, "/a"), 0);
}

static void levels_are_chosen_by_room(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        bool valid, http_info; /* whether an info record of http is written */
    } rows[] = {
        {"", true, false},
        {"info", true, true},
        {"debug", true, true},
        {"error", true, false},
        {"info,http=warn", true, false},
        {"http=info", true, true},
        {"http=debug,http=error", true, false}, /* the last word counts */
        {"warn,trigger=debug", true, false},
        {",info,", true, true},
        {"Info", false, false},
        {"http=", false, false},
        {"=info", false, false},
        {"http=info,nonsense", false, true}, /* what was understood holds */
        {"aroomwithsuchalongname=info", false, false},
        {"a=info,b=info,c=info,d=info,e=info,f=info,g=info,h=info,i=info,j=info,k=info,l=info,m=info,n=info,"
         "o=info,p=info,http=info",
         false, false}, /* more rooms than there are */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[8192];
        CHECK_INT(setenv("SWELL_LOG", rows[i].list, 1), 0);
        CHECK_INT(sw_log_levels_valid(rows[i].list), rows[i].valid);
        CHECK_INT(logged(line, sizeof line, SW_LOG_WARN, "/a") > 0, rows[i].http_info);
    }
    CHECK_INT(unsetenv("SWELL_LOG"), 0);
}

static void a_record_can_be_a_json_object(void **state)
{
    (void)state;
    char line[8192];
    static char big[6000];
    CHECK_INT(setenv("SWELL_LOG_FORMAT", "json", 1), 0);
    (void)logged(line, sizeof line, SW_LOG_INFO, "\"a\\\n\xc3\x9f");
    CHECK_HAS(line, "{\"time\":\"20");
    CHECK_HAS(line, "Z\",\"level\":\"info\",\"process\":\"worker 0\",\"room\":\"http\",\"event\":\"request\","
                    "\"text\":\"path=\\\"a\\\\ \xc3\x9f\"}\n");
    (void)logged(line, sizeof line, SW_LOG_INFO, "a\xff");
    CHECK_HAS(line, "\"text\":\"path=a?\"}\n"); /* no UTF-8 */
    memset(big, '"', sizeof big - 1);
    size_t n = logged(line, sizeof line, SW_LOG_INFO, big);
    CHECK(n <= SW_LOG_LINE_MAX && n > SW_LOG_LINE_MAX - 8);
    CHECK_STR(sw_str(line + n - 5, 5), "\\\"\"}\n"); /* whole to its end */
    CHECK_INT(unsetenv("SWELL_LOG_FORMAT"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_one_line_with_time_level_process_room_and_event),
        cmocka_unit_test(the_environment_may_ask_for_more),
        cmocka_unit_test(levels_are_chosen_by_room),
        cmocka_unit_test(a_record_can_be_a_json_object),
        cmocka_unit_test(text_cannot_forge_a_second_line_or_drive_a_terminal),
        cmocka_unit_test(a_long_record_is_cut_to_one_atomic_write),
        cmocka_unit_test(records_above_the_level_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
