/* locked.c - tests of the locked application: out, in, and what is refused. */
#include "app/app.h"
#include "app/app_internal.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "check.h"

#define OUT_BYTES (1u << 20)

static const struct app_env env[] = {
    {SW_LIT_INIT("B"), SW_LIT_INIT("\"2\"\n")},
    {SW_LIT_INIT("A"), SW_LIT_INIT("")},
};
static const struct app_template templates[] = {
    {SW_LIT_INIT("url"), SW_LIT_INIT("https://{{ host }}")},
    {SW_LIT_INIT("none"), SW_LIT_INIT("")},
};
static const struct sw_str hosts[] = {SW_LIT_INIT("https://{{ host }}"), SW_LIT_INIT("redis://a:1")};
static const struct sw_str labels[] = {SW_LIT_INIT("default")};
static const struct app_mount mounts[] = {
    {.folder = SW_LIT_INIT("/tmp/\xff"), .guest = SW_LIT_INIT("/")},
    {.folder = SW_LIT_INIT("/d"), .guest = SW_LIT_INIT("/data"), .is_writable = true},
};
static const struct app_dependency dependencies[] = {
    {.name = SW_LIT_INIT("x:y/z@1.0.0"), .component = 2, .inherit = APP_INHERIT_ALL},
    {.name = SW_LIT_INIT("plain"),
     .export = SW_LIT_INIT("other"),
     .component = 2,
     .inherit = APP_INHERIT_FILES | APP_INHERIT_VARIABLES},
    {.name = SW_LIT_INIT("alone"), .component = 2},
};
static const struct app_component components[] = {
    {.id = SW_LIT_INIT("a"),
     .source = SW_LIT_INIT("/x y/\xff%.wasm"),
     .env = env,
     .env_count = 2,
     .variables = templates,
     .variable_count = 2,
     .outbound_hosts = hosts,
     .outbound_host_count = 2,
     .mounts = mounts,
     .mount_count = 2,
     .dependencies = dependencies,
     .dependency_count = 3,
     .key_value_stores = labels,
     .key_value_store_count = 1,
     .sqlite_databases = labels,
     .sqlite_database_count = 1,
     .ai_models = labels,
     .ai_model_count = 1,
     .limits = {.time_ms = 5, .queue = 7}},
    {.id = SW_LIT_INIT("b-C"),
     .description = SW_LIT_INIT("does\nthings"),
     .source = SW_LIT_INIT("/b.wasm"),
     .build_command = SW_LIT_INIT("make b")},
    {.id = SW_LIT_INIT("lib"), .source = SW_LIT_INIT("/l.wasm"), .is_library = true},
};
static const struct app_env headers[] = {{SW_LIT_INIT("content-type"), SW_LIT_INIT("text/plain")}};
static const struct app_static_response moved = {
    .status = 301, .headers = headers, .header_count = 1, .body = SW_LIT_INIT("\"gone\"")};
static const struct app_http_trigger triggers[] = {
    {.id = SW_LIT_INIT("b-C-http-trigger"), .route = SW_LIT_INIT("/b/..."), .component = 1},
    {.id = SW_LIT_INIT("t"), .route = SW_LIT_INIT(""), .component = 0},
    {.id = SW_LIT_INIT("p"), .is_private = true, .component = 1},
    {.id = SW_LIT_INIT("s"), .route = SW_LIT_INIT("/old"), .static_response = &moved},
    {.id = SW_LIT_INIT("w"),
     .route = SW_LIT_INIT("/cgi"),
     .component = 1,
     .executor = APP_EXECUTOR_WAGI,
     .wagi_argv = SW_LIT_INIT("${ARGS}")},
};
static const struct app_variable variables[] = {
    {.name = SW_LIT_INIT("host"),
     .default_value = SW_LIT_INIT(""),
     .has_default = true,
     .description = SW_LIT_INIT("where"),
     .value = SW_LIT_INIT("a.example"),
     .has_value = true},
    {.name = SW_LIT_INIT("token"), .is_secret = true, .value = SW_LIT_INIT("t"), .has_value = true},
    {.name = SW_LIT_INIT("unset")},
};
static const struct app sample = {
    .name = SW_LIT_INIT("shop"),
    .version = SW_LIT_INIT("1.0.0"),
    .description = SW_LIT_INIT("sells"),
    .origin = SW_LIT_INIT("/x y/spin.toml"),
    .profile = SW_LIT_INIT("debug"),
    .authors = labels,
    .author_count = 1,
    .components = components,
    .component_count = 3,
    .variables = variables,
    .variable_count = 3,
    .http = triggers,
    .http_count = 5,
};

static void check_grants(const struct app *app)
{
    const struct app_component *a = &app->components[0];
    CHECK_INT(a->variable_count, 2);
    CHECK_STR(a->variables[0].text, "https://{{ host }}");
    CHECK_INT(a->outbound_host_count, 2);
    CHECK_STR(a->outbound_hosts[1], "redis://a:1");
    CHECK_INT(a->mount_count, 2);
    CHECK_STR(a->mounts[0].folder, "/tmp/\xff");
    CHECK_STR(a->mounts[1].guest, "/data");
    CHECK(!a->mounts[0].is_writable && a->mounts[1].is_writable);
    CHECK_INT(a->dependency_count, 3);
    CHECK_STR(a->dependencies[0].name, "x:y/z@1.0.0");
    CHECK_INT(a->dependencies[0].inherit, APP_INHERIT_ALL);
    CHECK_STR(a->dependencies[1].export, "other");
    CHECK_INT(a->dependencies[1].inherit, APP_INHERIT_FILES | APP_INHERIT_VARIABLES);
    CHECK_INT(a->dependencies[2].inherit, 0);
    CHECK_INT(a->dependencies[2].component, 2);
    CHECK(app->components[2].is_library && !a->is_library);
    CHECK_INT(a->limits.time_ms, 5);
    CHECK_INT(a->limits.queue, 7);
    CHECK_STR(app->variables[0].value, "a.example");
    CHECK(app->variables[0].has_default && !app->variables[0].is_secret);
    CHECK(!app->variables[1].has_default && app->variables[1].is_secret);
    CHECK(!app->variables[2].has_value);
}

static void an_application_comes_back_as_it_was(void **state)
{
    (void)state;
    sw_auto_buf out = SW_BUF(OUT_BYTES);
    struct app *app = NULL;
    struct sw_err err;
    CHECK_OK(app_to_json(&sample, &out, &err), &err);
    CHECK_OK(app_from_json(sw_buf_str(&out), &app, &err), &err);
    CHECK_STR(app->name, "shop");
    CHECK_STR(app->version, "1.0.0");
    CHECK_STR(app->description, "sells");
    CHECK_STR(app->origin, "/x y/spin.toml");
    CHECK_STR(app->profile, "debug");
    CHECK_INT(app->author_count, 1);
    CHECK_INT(app->component_count, 3);
    CHECK_STR(app->components[0].id, "a");
    CHECK_STR(app->components[0].source, "/x y/\xff%.wasm");
    CHECK_INT(app->components[0].source.p[app->components[0].source.n], 0);
    CHECK_INT(app->components[0].env_count, 2);
    CHECK_STR(app->components[0].env[0].name, "B");
    CHECK_STR(app->components[0].env[0].value, "\"2\"\n");
    CHECK_STR(app->components[0].env[1].name, "A");
    CHECK_STR(app->components[0].env[1].value, "");
    CHECK_STR(app->components[1].description, "does\nthings");
    CHECK_STR(app->components[1].build_command, "make b");
    CHECK_INT(app->http_count, 5);
    CHECK_STR(app->http[0].id, "b-C-http-trigger");
    CHECK_STR(app->http[0].route, "/b/...");
    CHECK_INT(app->http[0].component, 1);
    CHECK_INT(app->http[1].component, 0);
    CHECK_INT(app->http[1].executor, APP_EXECUTOR_HTTP);
    CHECK(!app->http[1].is_private && app->http[2].is_private);
    CHECK_STR(app->http[2].route, "");
    CHECK_INT(app->http[3].static_response->status, 301);
    CHECK_STR(app->http[3].static_response->headers[0].name, "content-type");
    CHECK_STR(app->http[3].static_response->body, "\"gone\"");
    CHECK_INT(app->http[4].executor, APP_EXECUTOR_WAGI);
    CHECK_STR(app->http[4].wagi_argv, "${ARGS}");
    check_grants(app);
    sw_auto_buf again = SW_BUF(OUT_BYTES);
    CHECK_OK(app_to_json(app, &again, &err), &err);
    CHECK(sw_str_eq(sw_buf_str(&out), sw_buf_str(&again)));
    app_free(app);
}

static void the_text_is_spins(void **state)
{
    (void)state;
    const struct app_http_trigger trigger = {.id = SW_LIT("i"), .route = SW_LIT("/")};
    const struct app small = {.name = SW_LIT("n"),
                              .origin = SW_LIT("/n.wasm"),
                              .components = &components[1],
                              .component_count = 1,
                              .http = &trigger,
                              .http_count = 1};
    sw_auto_buf out = SW_BUF(OUT_BYTES);
    struct sw_err err;
    CHECK_OK(app_to_json(&small, &out, &err), &err);
    CHECK_STR(
        sw_buf_str(&out),
        "{\"spin_lock_version\":0,\"metadata\":{\"name\":\"n\",\"origin\":\"file:///"
        "n.wasm\",\"triggers\":{\"http\":{}}},"
        "\"triggers\":[{\"id\":\"i\",\"trigger_type\":\"http\",\"trigger_config\":{\"component\":\"b-C\","
        "\"route\":\"/\"}}],"
        "\"components\":[{\"id\":\"b-C\",\"metadata\":{\"description\":\"does\\nthings\",\"build\":{"
        "\"command\":\"make b\"}},"
        "\"source\":{\"content_type\":\"application/wasm\",\"source\":\"file:///b.wasm\"},\"env\":{}}]}");
}

#define META "\"metadata\":{\"name\":\"n\",\"origin\":\"file:///n\"}"
#define TRIG "\"triggers\":[]"
#define COMP "\"components\":[]"
#define SOURCE "\"source\":{\"content_type\":\"application/wasm\",\"source\":\"file:///b\"}"
#define LOCK "\"spin_lock_version\":1"
#define C(more) "{" LOCK "," META "," TRIG ",\"components\":[{\"id\":\"a\"" more "}]}"
#define T(more) "{" LOCK "," META ",\"components\":[{\"id\":\"a\"," SOURCE "}],\"triggers\":[{" more "}]}"
#define H(more) T("\"id\":\"t\",\"trigger_type\":\"http\",\"trigger_config\":{" more "}")

static const struct {
    const char *json, *message;
} rows[] = {
    {"", "locked application: 1:0: not valid JSON"},
    {"[]", "locked application: : expected an object, got an array"},
    {"{}", "locked application: 'spin_lock_version' is missing"},
    {"{" LOCK "}", "locked application: 'metadata' is missing"},
    {"{" LOCK "," META "}", "locked application: 'triggers' is missing"},
    {"{" LOCK "," META "," TRIG "}", "locked application: 'components' is missing"},
    {"{\"spin_lock_version\":2}", "locked application: spin_lock_version: expected 0 or 1, got 2"},
    {"{\"spin_lock_version\":\"0\"}",
     "locked application: spin_lock_version: expected an integer, got a string"},
    {"{" LOCK ",\"x\":1}", "locked application: x: this version of Swell does not know it"},
    {"{" LOCK ",\"must_understand\":[\"x\"]}",
     "locked application: must_understand: this version of Swell does not support"},
    {"{" LOCK ",\"host_requirements\":{\"x\":\"required\"}}",
     "locked application: host_requirements: this version"},
    {"{" LOCK ",\"variables\":{\"x\":{\"y\":1}}}", "locked application: variables.x.y: this version"},
    {"{" LOCK ",\"variables\":{\"x\":1}}", "locked application: variables.x: expected an object"},
    {"{" LOCK ",\"variables\":{\"X\":{}}}", "locked application: variables: \"X\": invalid character 'X'"},
    {"{" LOCK ",\"metadata\":{\"origin\":\"file:///n\"}}", "locked application: metadata: 'name' is missing"},
    {"{" LOCK ",\"metadata\":{\"name\":\"n\",\"origin\":\"http://n\"}}",
     "locked application: metadata.origin: expected a URL file:///..., got 'http://n'"},
    {"{" LOCK ",\"metadata\":{\"name\":\"n\",\"origin\":\"file:///%4\"}}",
     "metadata.origin: expected an escaped path"},
    {"{" LOCK ",\"metadata\":{\"name\":\"n\",\"origin\":\"file:///%00\"}}",
     "metadata.origin: expected an escaped path"},
    {"{" LOCK ",\"metadata\":{\"name\":\"n\",\"origin\":\"file:///%zz\"}}",
     "metadata.origin: expected an escaped path"},
    {"{" LOCK ",\"metadata\":{\"name\":\"n\",\"oci\":\"x\"}}",
     "metadata.oci: this version of Swell does not know it"},
    {C(""), "locked application: components[0]: 'source' is missing"},
    {C(",\"source\":{}"), "components[0].source: 'content_type' is missing"},
    {C(",\"source\":{\"content_type\":\"text/html\"}"),
     "components[0].source.content_type: expected 'application/wasm'"},
    {C(",\"source\":{\"content_type\":\"application/wasm\",\"digest\":\"x\"}"),
     "components[0].source.digest: this version"},
    {C("," SOURCE ",\"env\":{\"A\":1}"), "components[0].env: expected strings, got an integer"},
    {C("," SOURCE ",\"env\":{\"A=\":\"\"}"), "components[0].env: expected the name of a variable, got 'A='"},
    {C("," SOURCE ",\"env\":{\"\":\"\"}"), "components[0].env: expected the name of a variable, got ''"},
    {C("," SOURCE ",\"files\":[{}]"), "components[0].files: this version"},
    {C("," SOURCE ",\"config\":{\"a\":1}"), "components[0].config: expected strings, got an integer"},
    {C("," SOURCE ",\"dependencies\":{\"a\":\"b\"}"),
     "components[0].dependencies: expected an object, got a string"},
    {C("," SOURCE ",\"dependencies\":{\"a\":{\"component\":\"b\"}}"),
     "components[0].dependencies.component: expected a component's id, got 'b'"},
    {C("," SOURCE ",\"dependencies\":{\"a\":{\"component\":\"a\"}}"),
     "components[0].dependencies: 'inherit' is missing"},
    {C("," SOURCE ",\"dependencies\":{\"a\":{\"component\":\"a\",\"inherit\":\"None\"}}"),
     "dependencies.inherit: expected \"All\" or {\"Some\":[...]}, got a string"},
    {C("," SOURCE ",\"dependencies\":{\"a\":{\"component\":\"a\",\"inherit\":{\"Some\":[\"x\"]}}}"),
     "dependencies.inherit: this version of Swell does not know 'x'"},
    {C("," SOURCE ",\"metadata\":{\"allowed_outbound_hosts\":[1]}"),
     "components[0].metadata.allowed_outbound_hosts: expected strings, got an integer"},
    {C("," SOURCE ",\"metadata\":{\"swell\":{\"x\":1}}"), "metadata.swell: 'x': this version"},
    {C("," SOURCE ",\"metadata\":{\"swell\":{\"time_ms\":0}}"),
     "metadata.swell: time_ms: expected an integer from 1 to"},
    {C("," SOURCE ",\"metadata\":{\"swell\":{\"mounts\":[{}]}}"), "metadata.swell: 'folder' is missing"},
    {"{" LOCK "," META "," TRIG ",\"components\":[{\"id\":\"a_b\"}]}",
     "components[0].id: expected a component id: words must"},
    {"{" LOCK "," META "," TRIG ",\"components\":[1]}", "components[0]: expected an object, got an integer"},
    {T(""), "triggers[0]: 'id' is missing"},
    {T("\"id\":\"t\",\"trigger_type\":\"redis\""),
     "triggers[0].trigger_type: this version of Swell does not support 'redis'"},
    {T("\"id\":\"t\",\"trigger_type\":\"http\",\"trigger_config\":{\"component\":\"b\"}"),
     "triggers[0].trigger_config.component: expected a component's id, got 'b'"},
    {T("\"id\":\"t\",\"trigger_type\":\"http\",\"trigger_config\":{\"component\":\"a\"}"),
     "triggers[0].trigger_config: 'route' is missing"},
    {H("\"component\":\"a\",\"route\":1"),
     "triggers[0].trigger_config.route: expected a string or {\"private\":true}, got an integer"},
    {H("\"component\":\"a\",\"route\":{\"private\":false}"),
     "triggers[0].trigger_config.route: expected a string or {\"private\":true}, got an object"},
    {H("\"route\":\"/\""), "trigger_config: expected one of 'component', 'static_response', 'static_folder'"},
    {H("\"route\":\"/\",\"component\":\"a\",\"static_response\":{\"status_code\":200}"),
     "trigger_config: expected one of 'component', 'static_response', 'static_folder'"},
    {H("\"route\":\"/\",\"static_response\":{\"status_code\":99}"),
     "static_response.status_code: expected a status from 200 to 599"},
    {H("\"route\":\"/\",\"static_response\":{\"status_code\":200,\"headers\":{\"a b\":\"\"}}"),
     "static_response.headers: 'a b': it is not the name of a header field"},
    {H("\"route\":\"/\",\"component\":\"a\",\"executor\":{\"type\":\"x\"}"),
     "executor.type: expected 'http' or 'wagi', got 'x'"},
    {T("\"id\":\"t\",\"trigger_dependencies\":{}"), "triggers[0].trigger_dependencies: this version"},
};

static void what_is_not_known_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct app *app = NULL;
        struct sw_err err = {0};
        int rc = app_from_json(sw_str_of(rows[i].json), &app, &err);
        if (rc != -SW_EINPUT)
            print_error("row %zu: %s\n", i, rows[i].json);
        CHECK_INT(rc, -SW_EINPUT);
        CHECK_HAS(err.text, rows[i].message);
    }
}

static void a_small_buffer_is_a_limit(void **state)
{
    (void)state;
    struct sw_err err = {0};
    sw_auto_buf out = SW_BUF(100);
    CHECK_INT(app_to_json(&sample, &out, &err), -SW_ELIMIT);
    CHECK_HAS(err.text, "write the locked application");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    sw_auto_buf out = SW_BUF(OUT_BYTES);
    struct sw_err err = {0};
    CHECK_OK(app_to_json(&sample, &out, &err), &err);
    for (long n = 0; n < 1000; n++) {
        struct app *app = NULL;
        sw_mem_fail_after(n);
        int rc = app_from_json(sw_buf_str(&out), &app, &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            app_free(app);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
        CHECK(app == NULL);
    }
    CHECK_NEVER("still failing after 1000 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_application_comes_back_as_it_was), cmocka_unit_test(the_text_is_spins),
        cmocka_unit_test(what_is_not_known_is_refused),        cmocka_unit_test(a_small_buffer_is_a_limit),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
