/* up.c - tests of what `swell up` reads and prints before it serves. */
#include "cli/up.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/runtime_config.h"
#include "base/buf.h"
#include "check.h"
#include "cli/limits.h"

static void an_environment_variable_is_key_and_value(void **state)
{
    (void)state;
    struct app_env env;
    struct sw_err err = {0};
    CHECK_OK(cli_up_env("A=b=c", &env, &err), &err);
    CHECK_STR(env.name, "A");
    CHECK_STR(env.value, "b=c");
    CHECK_OK(cli_up_env("A=", &env, &err), &err);
    CHECK_STR(env.value, "");
    CHECK_INT(cli_up_env("A", &env, &err), -SW_EINPUT);
    CHECK_STR(sw_str_of(err.text), "Environment variable must be of the form `key=value`");
    CHECK_INT(cli_up_env("=b", &env, &err), -SW_EINPUT);
    CHECK_INT(cli_up_env("A=\xff", &env, &err), -SW_EINPUT);
    CHECK_STR(sw_str_of(err.text), "--env: expected UTF-8 in the value of 'A'");
}

static void the_cache_follows_xdg(void **state)
{
    (void)state;
    static const struct {
        const char *xdg, *home, *dir;
    } rows[] = {
        {"/c", "/h", "/c/swell/aot"},
        {NULL, "/h", "/h/.cache/swell/aot"},
        {"", "/h", "/h/.cache/swell/aot"},
        {"relative", "/h", "/h/.cache/swell/aot"},
        {NULL, NULL, NULL},
        {NULL, "", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sw_auto_buf dir = SW_BUF(256);
        struct sw_err err = {0};
        int rc = cli_up_cache_dir(rows[i].xdg, rows[i].home, &dir, &err);
        CHECK_INT(rc, rows[i].dir ? 0 : -SW_EINPUT);
        if (rows[i].dir)
            CHECK_STR(sw_str_of(dir.p), rows[i].dir);
        else
            CHECK_HAS(err.text, "no folder for compiled code: neither XDG_CACHE_HOME nor HOME is set");
    }
}

static void downloads_are_kept_where_spin_keeps_them(void **state)
{
    (void)state;
    static const struct {
        const char *given, *xdg, *home, *root; /* root NULL: there is none */
    } rows[] = {
        {"here", "/x", "/h", "here"},   {NULL, "/x", "/h", "/x"},        {"", "/x", "/h", "/x"},
        {NULL, "x", "/h", "/h/.cache"}, {NULL, NULL, "/h", "/h/.cache"}, {NULL, NULL, NULL, NULL},
        {NULL, NULL, "h", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sw_auto_buf root = SW_BUF(100);
        struct sw_err err = {0};
        CHECK_OK(cli_up_cache_root(rows[i].given, rows[i].xdg, rows[i].home, &root, &err), &err);
        CHECK_INT(root.n > 0, rows[i].root != NULL);
        if (rows[i].root)
            CHECK_STR(sw_str_of(root.p), rows[i].root);
    }
}

static void a_workers_memory_is_the_options_or_the_systems(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes; /* 0: refused */
    } rows[] = {
        {"16MiB", 16u << 20},
        {"2GiB", 2ull << 30},
        {"1024GiB", 1ull << 40},
        {"15MiB", 0},
        {"1025GiB", 0},
        {"268435456", 0},
        {"", 0},
        {"much", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sw_err err = {0};
        uint64_t bytes = 0;
        const struct cli_up options = {.worker_memory = rows[i].text};
        CHECK_INT(cli_up_worker_memory(&options, 2, &bytes, &err), rows[i].bytes ? 0 : -SW_EINPUT);
        CHECK_INT(bytes, rows[i].bytes);
        if (!rows[i].bytes)
            CHECK_HAS(err.text, "--max-worker-memory: expected a size from 16MiB to 1024GiB, got '");
    }
    uint64_t two = 0;
    uint64_t four = 0;
    CHECK_INT(cli_up_worker_memory(&(struct cli_up){.quiet = true}, 2, &two, NULL), 0);
    CHECK_INT(cli_up_worker_memory(&(struct cli_up){.quiet = true}, 4, &four, NULL), 0);
    CHECK(four >= CLI_WORKER_MEMORY_BYTES_MIN && two >= four);
}

static void limits_are_read_from_options(void **state)
{
    (void)state;
    static const struct {
        struct cli_up options;
        const char *message; /* NULL: read */
    } rows[] = {
        {{.request_timeout = "30s",
          .cpu_time = "5s",
          .memory = "256MiB",
          .request_body = "10MiB",
          .response_body = "1GiB",
          .concurrency = 10,
          .queue = 5},
         NULL},
        {{.memory = "268435456"}, NULL}, /* Spin's form */
        {{.request_timeout = "30"},
         "--request-timeout: expected a time from 1ms to 24h, got '30'\nhint: it is"},
        {{.cpu_time = "5 s"}, "--max-cpu-time: expected a time from 1ms to 24h, got '5 s'"},
        {{.memory = "1000"}, "--max-instance-memory: expected a size from 64KiB to 64GiB, got '1000'"},
        {{.memory = "65GiB"}, "--max-instance-memory: expected a size from 64KiB to 64GiB, got '65GiB'"},
        {{.request_body = "10MB"}, "--max-request-body: expected a size from 1B to 1024GiB, got '10MB'"},
        {{.response_body = "0B"}, "--max-response-body: expected a size from 1B to 1024GiB, got '0B'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct app_limits limits = {0};
        struct sw_err err = {0};
        CHECK_INT(cli_up_limits(&rows[i].options, &limits, &err), rows[i].message ? -SW_EINPUT : 0);
        if (rows[i].message)
            CHECK_HAS(err.text, rows[i].message);
        else
            CHECK_INT(limits.memory_bytes, 256u << 20);
        if (i == 0)
            CHECK_INT(limits.time_ms + limits.cpu_time_ms + limits.concurrency + limits.queue,
                      30000 + 5000 + 10 + 5);
    }
}

/* What the two forms of the start-up output are made of. */
static const struct app_component shown_components[] = {
    {.id = SW_LIT_INIT("hello"), .description = SW_LIT_INIT("says\n\x1b[1mhello")},
    {.id = SW_LIT_INIT("front")},
};
static const struct app_static_response shown_response = {.status = 404};
static const struct app_http_trigger shown_http[] = {
    {.route = SW_LIT_INIT("/hello/..."), .component = 0},
    {.route = SW_LIT_INIT("/..."), .component = 1},
    {.route = SW_LIT_INIT("/"), .component = 1},
    {.route = SW_LIT_INIT("a/:b/"), .component = 1},
    {.route = SW_LIT_INIT("/dup"), .component = 0},
    {.route = SW_LIT_INIT("/dup"), .component = 1},
    {.route = SW_LIT_INIT("/c/*"), .component = 1},
    {.route = SW_LIT_INIT("..."), .component = 1},
    {.is_private = true, .component = 1},
    {.id = SW_LIT_INIT("fixed\x1b"), .route = SW_LIT_INIT("/old"), .static_response = &shown_response},
};
static const struct app shown_app = {.components = shown_components,
                                     .component_count = 2,
                                     .http = shown_http,
                                     .http_count = sizeof shown_http / sizeof shown_http[0]};

static void the_start_up_output_is_spins(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    CHECK(out != NULL);
    cli_up_print_routes(&shown_app, "127.0.0.1:3000", out);
    (void)fclose(out);
    CHECK_STR(sw_str_of(text), "\n"
                               "Serving http://127.0.0.1:3000\n"
                               "Available Routes:\n"
                               "  hello: http://127.0.0.1:3000/hello (wildcard)\n"
                               "    says\n"
                               "    ?[1mhello\n"
                               "  front: http://127.0.0.1:3000 (wildcard)\n"
                               "  front: http://127.0.0.1:3000\n"
                               "  front: http://127.0.0.1:3000/a/:b\n"
                               "  front: http://127.0.0.1:3000/dup\n"
                               "  front: http://127.0.0.1:3000/c (wildcard)\n"
                               "  front: http://127.0.0.1:3000 (wildcard)\n"
                               "  fixed?: http://127.0.0.1:3000/old\n");
    free(text);
}

static void the_start_up_output_can_be_json(void **state)
{
    (void)state;
    sw_auto_buf text = SW_BUF(65536);
    struct sw_err err;
    struct app app = shown_app;
    CHECK_OK(cli_up_routes_json(&app, "127.0.0.1:3000", &text, &err), &err);
    struct sw_str got = sw_buf_str(&text);
    CHECK(sw_str_starts(got, SW_LIT("{\n  \"base_url\": \"http://127.0.0.1:3000\",\n  \"routes\": [\n    {\n"
                                    "      \"id\": \"hello\",\n      \"route\": \"/hello\",\n"
                                    "      \"wildcard\": true,\n"
                                    "      \"description\": \"says\\n\\u001b[1mhello\"\n    },\n    {\n"
                                    "      \"id\": \"front\",\n      \"route\": \"/\",\n"
                                    "      \"wildcard\": true\n    },\n")));
    CHECK(sw_str_ends(got, SW_LIT("      \"id\": \"fixed\\u001b\",\n      \"route\": \"/old\",\n"
                                  "      \"wildcard\": false\n    }\n  ]\n}\n")));
    sw_buf_clear(&text);
    app.http_count = 0;
    CHECK_OK(cli_up_routes_json(&app, "[::1]:1", &text, &err), &err);
    CHECK_STR(sw_buf_str(&text), "{\n  \"base_url\": \"http://[::1]:1\",\n  \"routes\": [\n  ]\n}\n");
}

/* ---- logs and connections ---- */

static void logs_are_beside_the_manifest_unless_somebody_says_otherwise(void **state)
{
    (void)state;
    static const struct {
        const char *option, *environment, *config, *state_option, *state_config;
        const char *dir; /* NULL: below the current folder */
        bool explicit_dir;
    } rows[] = {
        {NULL, NULL, NULL, NULL, NULL, "/app/.spin/logs", false},
        {NULL, NULL, NULL, "/state", NULL, "/state/logs", true},
        {NULL, NULL, NULL, NULL, "/config", "/config/logs", true},
        {NULL, NULL, NULL, "/state", "/config", "/state/logs", true},
        {NULL, NULL, NULL, "", NULL, "", true},
        {NULL, NULL, NULL, NULL, "", "", true},
        {NULL, NULL, "/config", "/state", NULL, "/config", true},
        {NULL, "/env", "/config", NULL, NULL, "/env", true},
        {NULL, "", "/config", NULL, NULL, "", true},
        {"/option", "/env", "/config", "/state", NULL, "/option", true},
        {"", "/env", NULL, NULL, NULL, "", true},
        {"relative", NULL, NULL, NULL, NULL, NULL, true},
    };
    const struct app app = {.origin = SW_LIT("/app/spin.toml")};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct cli_up_logs options = {.log_dir = rows[i].option, .state_dir = rows[i].state_option};
        const struct app_runtime_config config = {.log_dir = rows[i].config,
                                                  .state_dir = rows[i].state_config};
        struct cli_up_dirs dirs;
        struct sw_err err = {0};
        CHECK_INT(rows[i].environment ? setenv("SPIN_LOG_DIR", rows[i].environment, 1)
                                      : unsetenv("SPIN_LOG_DIR"),
                  0);
        CHECK_OK(cli_up_find_dirs(&options, &config, &app, &dirs, &err), &err);
        if (rows[i].dir)
            CHECK_STR(sw_str_of(dirs.log_dir), rows[i].dir);
        else
            CHECK(dirs.log_dir[0] == '/' && sw_str_ends(sw_str_of(dirs.log_dir), SW_LIT("/relative")));
        CHECK_INT(dirs.explicit_dir, rows[i].explicit_dir);
    }
    CHECK_INT(unsetenv("SPIN_LOG_DIR"), 0);
    struct cli_up_dirs dirs;
    struct sw_err err = {0};
    CHECK_INT(cli_up_find_dirs(&(struct cli_up_logs){.log_dir = "/\xff"}, &(struct app_runtime_config){0},
                               &app, &dirs, &err),
              -SW_EINPUT);
    CHECK_STR(sw_str_of(err.text), "--log-dir: expected a path in UTF-8");
}

static int make_settings(const struct cli_up *options, struct sw_buf *json, struct sw_err *err)
{
    const struct cli_up_dirs dirs = {.explicit_dir = false}; /* no files */
    FILE *out = fopen("/dev/null", "w");
    CHECK(out != NULL);
    int rc = cli_up_settings(options, &dirs, &shown_app, out, json, err);
    (void)fclose(out);
    return rc;
}

static void settings_of_connections_are_read_from_options(void **state)
{
    (void)state;
    static const struct {
        struct cli_up options;
        const char *message; /* what the text has, or the error when it begins with "--" */
    } rows[] = {
        {{.quiet = false}, "\"head_bytes\":0,\"fields\":0,\"head_ms\":0,\"idle_ms\":0"},
        {{.http = {.head = "32KiB", .fields = 50, .connections = 7}},
         "\"head_bytes\":32768,\"fields\":50,\"head_ms\":0,\"idle_ms\":0,\"body_ms\":0,\"write_ms\":0,"
         "\"connections\":7"},
        {{.http = {.head = "8192",
                   .head_timeout = "1s",
                   .body_timeout = "2s",
                   .write_timeout = "3s",
                   .idle_timeout = "4ms"}},
         "\"head_bytes\":8192,\"fields\":0,\"head_ms\":1000,\"idle_ms\":4,\"body_ms\":2000,\"write_ms\":"
         "3000"},
        {{.http = {.head = "8191"}},
         "--http1-max-buf-size: expected a size from 8KiB to 1MiB, got '8191'\nhint: it is a number of "
         "bytes"},
        {{.http = {.head = "2MiB"}}, "--http1-max-buf-size: expected a size from 8KiB to 1MiB, got '2MiB'"},
        {{.http = {.head_timeout = "1"}}, "--http-head-timeout: expected a time from 1ms to 24h, got '1'"},
        {{.http = {.body_timeout = "0s"}}, "--http-body-timeout: expected a time from 1ms to 24h, got '0s'"},
        {{.http = {.write_timeout = ""}}, "--http-write-timeout: expected a time from 1ms to 24h, got ''"},
        {{.http = {.idle_timeout = "25h"}},
         "--http-idle-timeout: expected a time from 1ms to 24h, got '25h'"},
        {{.logs = {.access_log = "-", .access_format = "json"}}, "\"access_log\":\"-\""},
        {{.logs = {.access_log = "/x/y"}}, "\"access_log\":\"/x/y\",\"quiet\":false,\"prefix\":false"},
        {{.logs = {.access_log = ""}}, "--access-log: expected a file or '-', got nothing"},
        {{.logs = {.access_format = "json"}}, "--access-log-format without --access-log"},
        {{.logs = {.access_log = "-", .access_format = "apache"}},
         "--access-log-format: expected 'combined', 'common' or 'json', got 'apache'"},
        {{.quiet = true, .logs = {.prefix = true, .follow = {.items = {"front"}, .count = 1}}},
         "\"quiet\":true,\"prefix\":true"},
        {{.logs = {.follow = {.items = {"front", "other"}, .count = 2}}},
         "--follow: the application has no component 'other'\nhint: an id is"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sw_auto_buf json = SW_BUF(65536);
        struct sw_err err = {0};
        bool refused = strncmp(rows[i].message, "--", 2) == 0;
        CHECK_INT(make_settings(&rows[i].options, &json, &err), refused ? -SW_EINPUT : 0);
        CHECK_HAS(refused ? err.text : json.p, rows[i].message);
    }
    sw_auto_buf json = SW_BUF(65536);
    struct sw_err err = {0};
    CHECK_INT(setenv("SPIN_HTTP1_MAX_BUF_SIZE", "9000", 1), 0);
    CHECK_OK(make_settings(&rows[0].options, &json, &err), &err);
    CHECK_HAS(json.p, "\"head_bytes\":9000");
    CHECK_INT(setenv("SPIN_HTTP1_MAX_BUF_SIZE", "many", 1), 0);
    CHECK_INT(make_settings(&rows[0].options, &json, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "SPIN_HTTP1_MAX_BUF_SIZE: expected a size from 8KiB to 1MiB, got 'many'");
    CHECK_INT(unsetenv("SPIN_HTTP1_MAX_BUF_SIZE"), 0);
}

static void the_logs_form_and_levels_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *word, *levels, *message;
    } rows[] = {
        {NULL, NULL, NULL},
        {"text", "info,http=debug", NULL},
        {"json", NULL, NULL},
        {"xml", NULL, "--log-format: expected 'text' or 'json', got 'xml'"},
        {NULL, "loud",
         "SWELL_LOG: expected levels, as in 'info' or 'warn,trigger=debug', got 'loud'\nhint: "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sw_err err = {0};
        CHECK_INT(rows[i].levels ? setenv("SWELL_LOG", rows[i].levels, 1) : unsetenv("SWELL_LOG"), 0);
        CHECK_INT(unsetenv("SWELL_LOG_FORMAT"), 0);
        CHECK_INT(cli_up_log_format(rows[i].word, &err), rows[i].message ? -SW_EINPUT : 0);
        if (rows[i].message)
            CHECK_HAS(err.text, rows[i].message);
        else
            CHECK_STR(sw_str_of(getenv("SWELL_LOG_FORMAT")), rows[i].word ? rows[i].word : "");
    }
    CHECK_INT(unsetenv("SWELL_LOG"), 0);
    CHECK_INT(unsetenv("SWELL_LOG_FORMAT"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_environment_variable_is_key_and_value),
        cmocka_unit_test(the_cache_follows_xdg),
        cmocka_unit_test(downloads_are_kept_where_spin_keeps_them),
        cmocka_unit_test(limits_are_read_from_options),
        cmocka_unit_test(a_workers_memory_is_the_options_or_the_systems),
        cmocka_unit_test(the_start_up_output_is_spins),
        cmocka_unit_test(the_start_up_output_can_be_json),
        cmocka_unit_test(logs_are_beside_the_manifest_unless_somebody_says_otherwise),
        cmocka_unit_test(settings_of_connections_are_read_from_options),
        cmocka_unit_test(the_logs_form_and_levels_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
