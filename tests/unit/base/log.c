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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_one_line_with_time_level_process_room_and_event),
        cmocka_unit_test(the_environment_may_ask_for_more),
        cmocka_unit_test(text_cannot_forge_a_second_line_or_drive_a_terminal),
        cmocka_unit_test(a_long_record_is_cut_to_one_atomic_write),
        cmocka_unit_test(records_above_the_level_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
