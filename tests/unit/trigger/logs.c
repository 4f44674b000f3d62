/* logs.c - settings as JSON and back; which lines come into which file.  Tests: trigger. */
#include "trigger/logs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "check.h"
#include "trigger/limits.h"
#include "trigger/output.h"

#define FOREVER_MS 60000u

static void settings_survive_json(void **state)
{
    (void)state;
    const struct sw_str ids[] = {SW_LIT("a"), SW_LIT("b-c")};
    const struct trigger_settings settings = {.log_dir = SW_LIT("/x/\"y\"/\xc3\xa9"),
                                              .access_log = SW_LIT("-"),
                                              .access_format = TRIGGER_ACCESS_JSON,
                                              .follow = ids,
                                              .follow_count = 2,
                                              .prefix = true,
                                              .http = {1, 2, 3, 4, 5, 6, UINT32_MAX}};
    sw_auto_buf json = SW_BUF(4096);
    sw_auto_arena arena = SW_ARENA(65536);
    struct trigger_settings got = {.quiet = true};
    struct sw_err err;
    CHECK_OK(trigger_settings_write(&settings, &json, &err), &err);
    CHECK_OK(trigger_settings_read(sw_buf_str(&json), &arena, &got, &err), &err);
    CHECK_STR(got.log_dir, "/x/\"y\"/\xc3\xa9");
    CHECK_STR(got.access_log, "-");
    CHECK_INT(got.access_format, TRIGGER_ACCESS_JSON);
    CHECK_INT(got.follow_count, 2);
    CHECK_STR(got.follow[1], "b-c");
    CHECK(got.prefix && !got.quiet);
    CHECK(memcmp(&got.http, &settings.http, sizeof got.http) == 0);
    CHECK(trigger_settings_shows(&got, SW_LIT("a")));
    CHECK(!trigger_settings_shows(&got, SW_LIT("c")));
    got.quiet = true;
    CHECK(!trigger_settings_shows(&got, SW_LIT("a")));

    CHECK_OK(trigger_settings_read(SW_LIT(""), &arena, &got, &err), &err);
    CHECK(!got.quiet && got.follow_count == 0 && got.log_dir.n == 0);
    CHECK(trigger_settings_shows(&got, SW_LIT("c")));
}

static void settings_of_another_shape_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"{}", "[]", "{\"log_dir\":1}"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sw_auto_arena arena = SW_ARENA(65536);
        struct trigger_settings got;
        struct sw_err err;
        CHECK_INT(trigger_settings_read(sw_str_of(rows[i]), &arena, &got, &err), -SW_EBUG);
        CHECK_STR(sw_str_of(err.text), "the settings: 'log_dir' is missing or of another kind");
    }
}

static void names_of_files_have_nothing_that_leads_elsewhere(void **state)
{
    (void)state;
    static const struct {
        const char *id, *name;
    } rows[] = {
        {"hello", "hello_stdout.txt"},
        {"a-b", "a-b_stdout.txt"},
        {"../../etc/x", "etcx_stdout.txt"},
        {"..", "component_stdout.txt"},
        {"", "component_stdout.txt"},
        {"a.b", "a.b_stdout.txt"},
        {"a:b*c?\"<>|\\\x01\x7f", "abc_stdout.txt"},
        {"\xc3\xa9", "\xc3\xa9_stdout.txt"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sw_auto_buf name = SW_BUF(256);
        struct sw_err err;
        CHECK_OK(trigger_log_name(sw_str_of(rows[i].id), false, &name, &err), &err);
        CHECK_STR(sw_buf_str(&name), rows[i].name);
    }
    sw_auto_buf dir = SW_BUF(256);
    struct sw_err err;
    CHECK_OK(sw_buf_add(&dir, SW_LIT("/logs/"), &err), &err);
    CHECK_OK(trigger_log_name(SW_LIT("hello"), true, &dir, &err), &err);
    CHECK_STR(sw_buf_str(&dir), "/logs/hello_stderr.txt");
}

/* ---- files ---- */

static char dir[] = "/tmp/swell-logs-XXXXXX";

static const char *content(const char *name)
{
    static char text[4096];
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name); /* fits */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    ssize_t n = read(fd, text, sizeof text - 1);
    CHECK_INT(close(fd), 0);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static void drop(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name); /* fits */
    (void)unlink(path);
}

static const struct app_component components[] = {
    {.id = SW_LIT_INIT("loud")},
    {.id = SW_LIT_INIT("library"), .is_library = true},
    {.id = SW_LIT_INIT("followed")},
};
static const struct app app = {.components = components, .component_count = 3};

static void lines_come_into_their_files_and_followed_ones_to_the_terminal(void **state)
{
    (void)state;
    const struct sw_str follow = SW_LIT("followed");
    char access_path[256];
    (void)snprintf(access_path, sizeof access_path, "%s/access", dir); /* fits */
    const struct trigger_settings settings = {.log_dir = sw_str_of(dir),
                                              .access_log = sw_str_of(access_path),
                                              .access_format = TRIGGER_ACCESS_COMMON,
                                              .follow = &follow,
                                              .follow_count = 1,
                                              .prefix = true};
    struct trigger_output *terminal = NULL;
    struct sw_err err;
    char shown[256];
    int ends[2];
    int saved = dup(STDERR_FILENO);
    CHECK_INT(pipe(ends), 0);
    for (int round = 0; round < 2; round++) { /* the second one appends */
        struct trigger_logs *logs = NULL;
        CHECK(dup2(ends[1], STDERR_FILENO) >= 0);
        CHECK_OK(trigger_output_new(0, &terminal, &err), &err);
        CHECK_OK(trigger_logs_new(&settings, &app, terminal, &logs, &err), &err);
        CHECK(trigger_logs_wants_access(logs));
        trigger_logs_line(logs, 0, false, SW_LIT("loud out"));
        trigger_logs_line(logs, 0, true, SW_LIT("loud err"));
        trigger_logs_line(logs, 2, false, SW_LIT("followed out"));
        trigger_logs_access(logs, &(struct http_ended){.status = 400});
        trigger_logs_free(logs, FOREVER_MS);
        (void)trigger_output_free(terminal, FOREVER_MS);
        CHECK(dup2(saved, STDERR_FILENO) >= 0);
        ssize_t n = read(ends[0], shown, sizeof shown - 1);
        CHECK(n > 0);
        CHECK_STR(sw_str(shown, (size_t)n), "followed | followed out\n");
    }
    CHECK_STR(sw_str_of(content("loud_stdout.txt")), "loud out\nloud out\n");
    CHECK_STR(sw_str_of(content("loud_stderr.txt")), "loud err\nloud err\n");
    CHECK_STR(sw_str_of(content("followed_stdout.txt")), "followed out\nfollowed out\n");
    CHECK_STR(sw_str_of(content("followed_stderr.txt")), "");
    CHECK(content("library_stdout.txt") == NULL);
    CHECK_HAS(content("access"), " \"-\" 400 0 0.000 -\n");
    CHECK_INT(close(saved), 0);
    CHECK_INT(close(ends[0]), 0);
    CHECK_INT(close(ends[1]), 0);
}

static void without_files_and_terminal_lines_go_nowhere(void **state)
{
    (void)state;
    const struct trigger_settings settings = {.quiet = false};
    struct trigger_logs *logs = NULL;
    struct sw_err err;
    CHECK_OK(trigger_logs_new(&settings, &app, NULL, &logs, &err), &err);
    CHECK(!trigger_logs_wants_access(logs));
    trigger_logs_line(logs, 0, true, SW_LIT("nobody"));
    trigger_logs_line(logs, 1, true, SW_LIT("nobody"));
    int first = dup(STDERR_FILENO); /* a library's logs have no descriptor, not the first one */
    CHECK(first >= 0 && dup2(first, STDIN_FILENO) == STDIN_FILENO);
    trigger_logs_free(logs, FOREVER_MS);
    CHECK_INT(close(STDIN_FILENO), 0);
    CHECK(dup2(first, STDIN_FILENO) == STDIN_FILENO && close(first) == 0);
    trigger_logs_free(NULL, 0);
}

static void a_link_in_a_files_place_is_refused(void **state)
{
    (void)state;
    char path[256];
    const struct trigger_settings settings = {.log_dir = sw_str_of(dir)};
    struct trigger_logs *logs = NULL;
    struct sw_err err;
    drop("loud_stdout.txt");
    (void)snprintf(path, sizeof path, "%s/loud_stdout.txt", dir); /* fits */
    CHECK_INT(symlink("elsewhere", path), 0);
    CHECK_INT(trigger_logs_new(&settings, &app, NULL, &logs, &err), -SW_EIO);
    CHECK_HAS(err.text, "open the log file '/tmp/swell-logs-");
    CHECK_HAS(err.text, "/loud_stdout.txt': Too many levels of symbolic links");
    CHECK(content("elsewhere") == NULL);
    drop("loud_stdout.txt");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const struct trigger_settings settings = {.log_dir = sw_str_of(dir), .prefix = true};
    for (long n = 0; n < 100; n++) {
        struct trigger_logs *logs = NULL;
        struct sw_err err;
        sw_mem_fail_after(n);
        int rc = trigger_logs_new(&settings, &app, NULL, &logs, &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            CHECK(n > 5);
            trigger_logs_free(logs, FOREVER_MS);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
    }
    CHECK_NEVER("still failing");
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"loud_stdout.txt",     "loud_stderr.txt", "followed_stdout.txt",
                                        "followed_stderr.txt", "access",          "elsewhere"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        drop(names[i]);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_survive_json),
        cmocka_unit_test(settings_of_another_shape_are_refused),
        cmocka_unit_test(names_of_files_have_nothing_that_leads_elsewhere),
        cmocka_unit_test(lines_come_into_their_files_and_followed_ones_to_the_terminal),
        cmocka_unit_test(without_files_and_terminal_lines_go_nowhere),
        cmocka_unit_test(a_link_in_a_files_place_is_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
