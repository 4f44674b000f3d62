/* manifest_v1.c - tests of version 1 of spin.toml: what it becomes, and what is refused. */
#include <stdio.h>

#include "base/alloc.h"
#include "check.h"
#include "parse.h"

#define V1 "spin_manifest_version = \"1\"\nname = \"x\"\n"
#define V1_HTTP V1 "trigger = { type = \"http\" }\n"
#define V1_COMP "[[component]]\nid = \"a\"\nsource = \"a.wasm\"\n"
#define V1_ROUTE "[component.trigger]\nroute = \"/\"\n"

static const struct {
    const char *text, *message;
} refused[] = {
    {"spin_version = \"1\"\n", "spin.toml:1:1: the manifest (version 1): the key 'name' is missing\nhint: it "
                               "is the name of the application"},
    {V1, "spin.toml:1:1: the manifest (version 1): the key 'trigger' is missing\nhint: it is the table that "
         "names the type of trigger"},
    {V1 "trigger = 1\n", "spin.toml:3:11: trigger: expected a table, got the integer 1\nhint: write trigger "
                         "= { type = \"http\" }"},
    {V1 "trigger = {}\n",
     "spin.toml:3:11: trigger: the key 'type' is missing\nhint: write trigger = { type = \"http\" }"},
    {V1 "trigger = { type = 1 }\n",
     "spin.toml:3:20: type: expected a string, got the integer 1\nhint: write type = \"1\""},
    {V1 "trigger = { type = \"https\" }\n",
     "spin.toml:3:20: type: unknown trigger type 'https'\nhint: this version of Swell has 'http'"},
    {V1 "trigger = { type = \"http\", base = \"/x\" }\n",
     "spin.toml:3:35: base: expected nothing but \"/\", got the string '/x'\nhint: put the base path in "
     "front of each route"},
    {V1 "trigger = { type = \"http\", bas = \"/\" }\n",
     "spin.toml:3:28: bas: unknown key in 'trigger'\nhint: did you mean 'base'?"},
    {V1_HTTP, "spin.toml:1:1: the manifest (version 1): the key 'component' is missing\nhint: it is the list "
              "of components"},
    {V1_HTTP "component = []\n", "spin.toml:1:1: component: expected at least one component, got none"},
    {V1_HTTP "[component.a]\nsource = \"a.wasm\"\n",
     "spin.toml:4:1: component: expected an array, got a table\nhint: write [[component]]; [component.ID] "
     "belongs to manifest version 2"},
    {V1_HTTP "[application]\nname = \"x\"\n" V1_COMP V1_ROUTE,
     "spin.toml:4:2: application: unknown key in the manifest (version 1)\nhint: expected one of "
     "'spin_manifest_version', 'spin_version', 'name', 'version', 'description', 'authors', 'trigger', "
     "'variables', 'component'"},
    {V1_HTTP V1_COMP, "spin.toml:4:1: [[component]]: the key 'trigger' is missing\nhint: it is the table of "
                      "what starts the component"},
    {V1_HTTP V1_COMP "[component.trigger]\n",
     "spin.toml:7:1: [component.trigger]: the key 'route' is missing\nhint: it is the path pattern"},
    {V1_HTTP V1_COMP "[component.trigger]\nroute = 1\n",
     "spin.toml:8:9: route must be a string pattern or '{ private = true }', got the integer 1\nhint: route "
     "= \"/hello/...\" serves /hello and everything below it"},
    {V1_HTTP V1_COMP "[component.trigger]\nroute = \"/\"\nchannel = \"c\"\n",
     "spin.toml:9:1: channel: unknown key in [component.trigger]\nhint: expected one of 'route', 'executor'"},
    {V1_HTTP "[[component]]\nsource = \"a.wasm\"\n" V1_ROUTE,
     "spin.toml:4:1: [[component]]: the key 'id' is missing\nhint: it is the id of the component"},
    {V1_HTTP "[[component]]\nid = \"a.b\"\nsource = \"a.wasm\"\n" V1_ROUTE,
     "spin.toml:5:6: id: expected a component id, got 'a.b': words must consist of ASCII letters and digits"},
    {V1_HTTP "[[component]]\nid = \"a\"\n" V1_ROUTE,
     "spin.toml:4:1: [[component]]: the key 'source' is missing\nhint: it is the path of the component's "
     ".wasm"},
    {V1_HTTP V1_COMP V1_ROUTE "[[component]]\nid = \"A\"\nsource = \"b.wasm\"\n" V1_ROUTE,
     "spin.toml:10:6: id: 'A' is the id of two components"},
    {V1_HTTP V1_COMP "variables = {}\n" V1_ROUTE,
     "spin.toml:7:1: variables: unknown key in [[component]]\nhint: expected one of 'id', 'source', "
     "'trigger', 'description', 'config', 'environment', 'files', 'exclude_files', 'allowed_http_hosts', "
     "'allowed_outbound_hosts', 'key_value_stores', 'sqlite_databases', 'ai_models', 'build'"},
    {V1_HTTP V1_COMP "config = { a = \"{{ b }}\" }\n" V1_ROUTE,
     "spin.toml:7:16: a: unknown variable 'b'\nhint: add it to [variables]; only these can be named"},
    {V1_HTTP V1_COMP "allowed_http_hosts = [\"a/b\", \"ftp://x\"]\n" V1_ROUTE,
     "spin.toml:7:22: allowed_http_hosts: expected host names, with a port or 'http://' or 'https://' "
     "perhaps, got 'a/b', 'ftp://x'\nhint: allowed_outbound_hosts takes every scheme"},
    {V1_HTTP V1_COMP "source = \"b.wasm\"\n" V1_ROUTE,
     "spin.toml:7:10: not valid TOML: error while parsing key-value pair: cannot redefine existing string "
     "'source'"},
    {V1_HTTP V1_COMP "key_value_stores = [\"default\"]\n" V1_ROUTE,
     "spin.toml:7:1: key_value_stores: this version of Swell does not support key-value stores yet\nhint: "
     "remove it to run the application without"},
    {V1 "trigger = { type = \"redis\", address = \"redis://x\" }\n" V1_COMP
        "[component.trigger]\nchannel = \"c\"\n",
     "spin.toml:3:20: type: this version of Swell does not support triggers other than 'http' yet\nhint: "
     "there is nothing to run without it"},
};

static void what_is_wrong_is_refused_with_place_and_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct app *app = NULL;
        struct app__places places;
        struct sw_err err = {0};
        int rc = parse(refused[i].text, &app, &places, &err);
        if (rc != -SW_EINPUT)
            print_error("row %zu: '%s'\n", i, refused[i].text);
        CHECK_INT(rc, -SW_EINPUT);
        CHECK_STR(sw_str_of(err.text), refused[i].message);
    }
}

#define WHOLE                                                                                                \
    "spin_manifest_version = \"1\"\nname = \"shop\"\nversion = \"1.2.3\"\ndescription = \"sells\"\n"         \
    "authors = [\"me\"]\ntrigger = { type = \"http\", base = \"/\" }\n"                                      \
    "[variables]\nhost = { default = \"h\" }\n"                                                              \
    "[[component]]\nid = \"Front_End\"\nsource = \"f.wasm\"\ndescription = \"serves\"\n"                     \
    "config = { url = \"https://{{ host }}\" }\nenvironment = { A = \"1\" }\n"                               \
    "files = [\"x/*\"]\nexclude_files = [\"x/y\"]\nallowed_outbound_hosts = [\"https://x\"]\n"               \
    "allowed_http_hosts = [\"ignored.example\"]\nbuild = { command = \"make\" }\n"                           \
    "[component.trigger]\nroute = \"/f/...\"\nexecutor = { type = \"wagi\", argv = \"x\" }\n"                \
    "[[component]]\nid = \"b\"\nsource = { url = \"https://x/b.wasm\", digest = "                            \
    "\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\" }\n"                        \
    "[component.trigger]\nroute = \"/b\"\n"

static void version_1_becomes_what_version_2_says(void **state)
{
    (void)state;
    struct app *app = parse_right(WHOLE, NULL);
    const struct app_component *front = &app->components[0];
    CHECK_STR(app->name, "shop");
    CHECK_STR(app->version, "1.2.3");
    CHECK_STR(app->description, "sells");
    CHECK_INT(app->author_count, 1);
    CHECK_INT(app->variable_count, 1);
    CHECK_INT(app->component_count, 2);
    CHECK_STR(front->id, "front-end");
    CHECK_STR(front->source, "/app/f.wasm");
    CHECK_STR(front->description, "serves");
    CHECK_STR(front->variables[0].text, "https://{{ host }}");
    CHECK_STR(front->env[0].value, "1");
    CHECK_INT(front->file_count, 1);
    CHECK_INT(front->exclude_file_count, 1);
    CHECK_INT(front->outbound_host_count, 1); /* allowed_outbound_hosts alone counts when it is there */
    CHECK_STR(front->outbound_hosts[0], "https://x");
    CHECK_STR(front->build_command, "make");
    CHECK_STR(app->components[1].source_url, "https://x/b.wasm");
    CHECK_INT(app->http_count, 2);
    CHECK_STR(app->http[0].id, "trigger-front-end");
    CHECK_STR(app->http[0].route, "/f/...");
    CHECK_INT(app->http[0].executor, APP_EXECUTOR_WAGI);
    CHECK_INT(app->http[1].component, 1);
    CHECK_INT(app->warning_count, 1);
    CHECK_STR(app->warnings[0], "[application.trigger.http] base = \"/\" is ignored");
    app_free(app);
}

static void without_outbound_hosts_every_database_is_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *hosts, *want;
    } rows[] = {
        {"", "redis://*:* mysql://*:* postgres://*:*"},
        {"allowed_http_hosts = [\"example.com\"]\n",
         "http://example.com https://example.com redis://*:* mysql://*:* postgres://*:*"},
        {"allowed_http_hosts = [\"insecure:allow-all\"]\n",
         "http://*:* https://*:* http://self redis://*:* mysql://*:* postgres://*:*"},
        {"allowed_outbound_hosts = []\n", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        char got[512] = "";
        (void)snprintf(text, sizeof text, V1_HTTP V1_COMP "%s" V1_ROUTE, rows[i].hosts);
        struct app *app = parse_right(text, NULL);
        const struct app_component *a = &app->components[0];
        for (uint32_t k = 0; k < a->outbound_host_count; k++)
            (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s" SW_FMT, k ? " " : "",
                           SW_ARG(a->outbound_hosts[k]));
        CHECK_STR(sw_str_of(got), rows[i].want);
        CHECK_INT(app->warning_count, 0);
        app_free(app);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 1000; n++) {
        struct app *app = NULL;
        struct app__places places;
        struct sw_err err = {0};
        sw_mem_fail_after(n);
        int rc = parse(WHOLE, &app, &places, &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            CHECK(n > 1);
            app_free(app);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
    }
    CHECK_NEVER("still failing after 1000 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_refused_with_place_and_words),
        cmocka_unit_test(version_1_becomes_what_version_2_says),
        cmocka_unit_test(without_outbound_hosts_every_database_is_allowed),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
