/* tool_limits.c - tests of tool.swell.limits: reading, precedence, the way to the worker. */
#include <inttypes.h>
#include <stdio.h>

#include "app/app_internal.h"
#include "base/alloc.h"
#include "check.h"

#define HEAD "spin_manifest_version = 2\n[application]\nname = \"n\"\n"
#define HTTP "[[trigger.http]]\nroute = \"/\"\ncomponent = \"a\"\n"
#define COMP "[component.a]\nsource = \"a.wasm\"\n"
#define OF_APP "[application.tool.swell.limits]\n"
#define OF_A "[component.a.tool.swell.limits]\n"

static int parse(const char *text, struct app **ret, struct sw_err *err)
{
    struct app__places places;
    int rc = app__new(ret, err);
    if (rc == 0)
        rc = app_manifest_parse(&(struct app__manifest){.text = sw_str_of(text),
                                                        .file = SW_LIT("spin.toml"),
                                                        .dir = SW_LIT("/app")},
                                *ret, &places, err);
    return rc;
}

static void check_limits(const struct app_limits *got, const struct app_limits *want)
{
    CHECK_INT(got->time_ms, want->time_ms);
    CHECK_INT(got->cpu_time_ms, want->cpu_time_ms);
    CHECK_INT(got->memory_bytes, want->memory_bytes);
    CHECK_INT(got->request_body_bytes, want->request_body_bytes);
    CHECK_INT(got->response_body_bytes, want->response_body_bytes);
    CHECK_INT(got->concurrency, want->concurrency);
    CHECK_INT(got->queue, want->queue);
}

static void times_and_sizes_are_whole_numbers_with_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms, bytes; /* 0: refused */
    } rows[] = {
        {"1ms", 1, 0},
        {"1500ms", 1500, 0},
        {"30s", 30000, 0},
        {"05s", 5000, 0},
        {"5m", 300000, 0},
        {"24h", 86400000, 0},
        {"25h", 0, 0},
        {"1441m", 0, 0},
        {"86400001ms", 0, 0},
        {"0s", 0, 0},
        {"0B", 0, 0},
        {"-1s", 0, 0},
        {"+1s", 0, 0},
        {"1.5s", 0, 0},
        {"1 s", 0, 0},
        {" 1s", 0, 0},
        {"1s ", 0, 0},
        {"1S", 0, 0},
        {"s", 0, 0},
        {"", 0, 0},
        {"1", 0, 0},
        {"1d", 0, 0},
        {"1h30m", 0, 0},
        {"1B", 0, 1},
        {"64KiB", 0, 65536},
        {"10MiB", 0, 10u << 20},
        {"1GiB", 0, 1u << 30},
        {"1024GiB", 0, UINT64_C(1) << 40},
        {"1025GiB", 0, 0},
        {"1TiB", 0, 0},
        {"1MB", 0, 0},
        {"1mib", 0, 0},
        {"99999999999999999999999B", 0, 0},
        {"99999999999999999999999s", 0, 0},
        {"18446744073709551617ms", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t ms = 0;
        uint64_t bytes = 0;
        CHECK_INT(app_time_parse(sw_str_of(rows[i].text), &ms), rows[i].ms != 0);
        CHECK_INT(ms, rows[i].ms);
        CHECK_INT(app_size_parse(sw_str_of(rows[i].text), &bytes), rows[i].bytes != 0);
        CHECK_INT(bytes, rows[i].bytes);
    }
}

static void every_key_is_read_and_a_component_says_it_better_than_its_application(void **state)
{
    (void)state;
    struct app *app = NULL;
    struct sw_err err;
    CHECK_OK(parse(HEAD OF_APP
                   "time = \"30s\"\ncpu_time = \"5s\"\nmemory = \"256MiB\"\nrequest_body = \"10MiB\"\n"
                   "response_body = \"1GiB\"\nconcurrency = 100\nqueue = 50\n" HTTP COMP OF_A
                   "time = \"2m\"\nmemory = \"64KiB\"\nconcurrency = 16384\n"
                   "[component.b]\nsource = \"b.wasm\"\n",
                   &app, &err),
             &err);
    check_limits(&app->components[0].limits,
                 &(struct app_limits){120000, 5000, 65536, 10u << 20, 1u << 30, 16384, 50});
    check_limits(&app->components[1].limits,
                 &(struct app_limits){30000, 5000, 256u << 20, 10u << 20, 1u << 30, 100, 50});
    app_free(app);
}

static void what_is_no_limit_is_refused_with_its_place(void **state)
{
    (void)state;
#define TIME "expected a time from \"1ms\" to \"24h\", got "
#define TIME_HINT "\nhint: it is a whole number and its unit, ms, s, m or h, as in \"30s\""
#define BODY_HINT "\nhint: it is a whole number and its unit, B, KiB, MiB or GiB, as in \"10MiB\""
#define MEMORY_HINT "\nhint: it is a whole number and its unit, KiB, MiB or GiB, as in \"256MiB\""
    static const struct {
        const char *line, *message;
    } rows[] = {
        {"time = 30", "5:8: time: " TIME "the integer 30" TIME_HINT},
        {"time = \"30\"", "5:8: time: " TIME "the string '30'" TIME_HINT},
        {"time = \"25h\"", "5:8: time: " TIME "the string '25h'" TIME_HINT},
        {"cpu_time = 1.5", "5:12: cpu_time: " TIME "the number 1.5" TIME_HINT},
        {"memory = \"63KiB\"",
         "5:10: memory: expected a size from \"64KiB\" to \"64GiB\", got the string '63KiB'" MEMORY_HINT},
        {"memory = \"65GiB\"",
         "5:10: memory: expected a size from \"64KiB\" to \"64GiB\", got the string '65GiB'" MEMORY_HINT},
        {"memory = 1000000",
         "5:10: memory: expected a size from \"64KiB\" to \"64GiB\", got the integer 1000000" MEMORY_HINT},
        {"request_body = \"10MB\"",
         "5:16: request_body: expected a size from \"1B\" to \"1024GiB\", got the string '10MB'" BODY_HINT},
        {"response_body = true",
         "5:17: response_body: expected a size from \"1B\" to \"1024GiB\", got the boolean true" BODY_HINT},
        {"concurrency = 0", "5:15: concurrency: expected a number from 1 to 16384, got the integer 0"},
        {"concurrency = 16385",
         "5:15: concurrency: expected a number from 1 to 16384, got the integer 16385"},
        {"concurrency = \"9\"", "5:15: concurrency: expected a number from 1 to 16384, got the string '9'"},
        {"queue = -1", "5:9: queue: expected a number from 1 to 16384, got the integer -1"},
        {"cpu = \"1s\"",
         "5:1: cpu: unknown key in a table 'tool.swell.limits'\nhint: expected one of 'time', 'cpu_time', "
         "'memory', 'request_body', 'response_body', 'concurrency', 'queue'"},
        {"tme = \"1s\"", "5:1: tme: unknown key in a table 'tool.swell.limits'\nhint: did you mean 'time'?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct app *app = NULL;
        struct sw_err err = {0};
        char text[512];
        char message[512];
        (void)snprintf(text, sizeof text, HEAD OF_APP "%s\n" HTTP COMP, rows[i].line);
        (void)snprintf(message, sizeof message, "spin.toml:%s", rows[i].message);
        CHECK_INT(parse(text, &app, &err), -SW_EINPUT);
        CHECK_STR(sw_str_of(err.text), message);
        app_free(app);
        (void)snprintf(text, sizeof text, HEAD HTTP COMP OF_A "%s\n", rows[i].line);
        CHECK_INT(parse(text, &app, &err), -SW_EINPUT);
        CHECK_HAS(err.text, strchr(rows[i].message, ' '));
        app_free(app);
    }
}

static void the_operator_has_the_last_word(void **state)
{
    (void)state;
    struct app *app = NULL;
    struct sw_err err;
    CHECK_OK(parse(HEAD HTTP COMP OF_A "time = \"10s\"\nmemory = \"1GiB\"\nconcurrency = 7\n", &app, &err),
             &err);
    const struct app_limits cap = {
        .time_ms = 20000, .cpu_time_ms = 3000, .memory_bytes = 1u << 20, .queue = 9};
    app_limits_cap(app, &cap);
    /* lower stays, higher is capped, nothing becomes the operator's, no word changes nothing */
    check_limits(
        &app->components[0].limits,
        &(struct app_limits){
            .time_ms = 10000, .cpu_time_ms = 3000, .memory_bytes = 1u << 20, .concurrency = 7, .queue = 9});
    app_free(app);
}

static void limits_reach_the_worker(void **state)
{
    (void)state;
    const struct app_limits rows[] = {
        {0},
        {.queue = 1},
        {86400000, 1, UINT64_C(64) << 30, UINT64_C(1) << 40, 1, 16384, 16384},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct app_component component = {.id = SW_LIT("a"),
                                                .source = SW_LIT("/a.wasm"),
                                                .build_command = SW_LIT("make"),
                                                .limits = rows[i]};
        const struct app_http_trigger trigger = {.id = SW_LIT("i"), .route = SW_LIT("/")};
        const struct app app = {.name = SW_LIT("n"),
                                .origin = SW_LIT("/n"),
                                .components = &component,
                                .component_count = 1,
                                .http = &trigger,
                                .http_count = 1};
        sw_auto_buf json = SW_BUF(4096);
        struct sw_err err;
        struct app *back = NULL;
        CHECK_OK(app_to_json(&app, &json, &err), &err);
        CHECK_OK(app_from_json(sw_buf_str(&json), &back, &err), &err);
        check_limits(&back->components[0].limits, &rows[i]);
        CHECK_STR(back->components[0].build_command, "make");
        app_free(back);
    }
}

static void a_locked_application_keeps_to_the_same_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *member, *message;
    } rows[] = {
        {"\"time_ms\":86400001", "swell: time_ms: expected an integer from 1 to 86400000"},
        {"\"time_ms\":0", "swell: time_ms: expected an integer from 1 to 86400000"},
        {"\"queue\":-1", "swell: queue: expected an integer from 1 to 16384"},
        {"\"concurrency\":\"1\"", "swell: concurrency: expected an integer from 1 to 16384"},
        {"\"fuel\":1", "swell: 'fuel': this version of Swell does not know it"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct app *app = NULL;
        struct sw_err err = {0};
        char json[1024];
        (void)snprintf(
            json, sizeof json,
            "{\"spin_lock_version\":0,\"metadata\":{\"name\":\"n\",\"origin\":\"file:///n\"},\"triggers\":[],"
            "\"components\":[{\"id\":\"a\",\"metadata\":{\"swell\":{%s}},"
            "\"source\":{\"content_type\":\"application/wasm\",\"source\":\"file:///a\"}}]}",
            rows[i].member);
        CHECK_INT(app_from_json(sw_str_of(json), &app, &err), -SW_EINPUT);
        CHECK_HAS(err.text, rows[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_and_sizes_are_whole_numbers_with_a_unit),
        cmocka_unit_test(every_key_is_read_and_a_component_says_it_better_than_its_application),
        cmocka_unit_test(what_is_no_limit_is_refused_with_its_place),
        cmocka_unit_test(the_operator_has_the_last_word),
        cmocka_unit_test(limits_reach_the_worker),
        cmocka_unit_test(a_locked_application_keeps_to_the_same_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
