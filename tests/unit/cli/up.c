/* up.c - tests of what `swell up` reads and prints before it serves. */
#include "cli/up.h"

#include <stdio.h>
#include <stdlib.h>

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

static void the_start_up_output_is_spins(void **state)
{
    (void)state;
    const struct app_component components[] = {
        {.id = SW_LIT("hello"), .description = SW_LIT("says\n\x1b[1mhello")},
        {.id = SW_LIT("front")},
    };
    const struct app_static_response response = {.status = 404};
    const struct app_http_trigger http[] = {
        {.route = SW_LIT("/hello/..."), .component = 0},
        {.route = SW_LIT("/..."), .component = 1},
        {.route = SW_LIT("/"), .component = 1},
        {.route = SW_LIT("a/:b/"), .component = 1},
        {.route = SW_LIT("/dup"), .component = 0},
        {.route = SW_LIT("/dup"), .component = 1},
        {.route = SW_LIT("/c/*"), .component = 1},
        {.route = SW_LIT("..."), .component = 1},
        {.is_private = true, .component = 1},
        {.id = SW_LIT("fixed\x1b"), .route = SW_LIT("/old"), .static_response = &response},
    };
    const struct app app = {.components = components,
                            .component_count = 2,
                            .http = http,
                            .http_count = sizeof http / sizeof http[0]};
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    CHECK(out != NULL);
    cli_up_print_routes(&app, "127.0.0.1:3000", out);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_environment_variable_is_key_and_value),
        cmocka_unit_test(the_cache_follows_xdg),
        cmocka_unit_test(downloads_are_kept_where_spin_keeps_them),
        cmocka_unit_test(limits_are_read_from_options),
        cmocka_unit_test(a_workers_memory_is_the_options_or_the_systems),
        cmocka_unit_test(the_start_up_output_is_spins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
