/* manifest.c - tests of spin.toml: what is accepted, and each refusal with its place and words. */
#include <stdio.h>

#include "app/app_internal.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "check.h"
#include "parse.h"

static const struct {
    const char *text, *message;
} refused[] = {
    {"", "spin.toml:1:1: missing field `spin_manifest_version`\nhint: begin the file with "
         "spin_manifest_version = 2"},
    {"spin_manifest_version = 1\n",
     "spin.toml:1:25: spin_manifest_version: invalid manifest version: expected 2, or the string \"1\", got "
     "the integer 1\nhint: write spin_manifest_version = 2"},
    {"spin_manifest_version = 3\n",
     "spin.toml:1:25: spin_manifest_version: invalid manifest version: expected 2, or the string \"1\", got "
     "the integer 3\nhint: write spin_manifest_version = 2"},
    {"spin_manifest_version = \"2\"\n",
     "spin.toml:1:25: spin_manifest_version: invalid manifest version: expected 2, or the string \"1\", got "
     "the string '2'\nhint: write spin_manifest_version = 2"},
    {"spin_manifest_version = 2\nspin_version = 2\n",
     "spin.toml:2:1: spin_version: the same as 'spin_manifest_version', expected only one"},
    {"spin_manifest_version = 2\n", "spin.toml:1:1: the manifest: the key 'application' is missing\nhint: it "
                                    "is the table that names the application"},
    {"spin_manifest_version = 2\napplication = 1\n",
     "spin.toml:2:15: application: expected a table, got the integer 1"},
    {"spin_manifest_version = 2\n[application]\n",
     "spin.toml:2:1: [application]: the key 'name' is missing\nhint: it is the name of the application"},
    {"spin_manifest_version = 2\n[application]\nname = \"x\"\n",
     "spin.toml:1:1: the manifest: the key 'trigger' is missing\nhint: it is the table of what starts "
     "components: [[trigger.http]]"},
    {HEAD "[triger]\n", "spin.toml:4:2: triger: unknown key in the manifest\nhint: did you mean 'trigger'?"},
    {HEAD "[something_else]\n",
     "spin.toml:4:2: something_else: unknown key in the manifest\nhint: expected one of "
     "'spin_manifest_version', 'spin_version', 'application', 'variables', 'trigger', 'component'"},
    {HEAD "[trigger]\n", "spin.toml:4:1: trigger: expected at least one trigger, got none\nhint: add "
                         "[[trigger.http]] with a route and a component"},
    {HEAD "[trigger]\nhttp = []\n", "spin.toml:4:1: trigger: expected at least one trigger, got none\nhint: "
                                    "add [[trigger.http]] with a route and a component"},
    {"spin_manifest_version = 2\nname = \n",
     "spin.toml:2:8: not valid TOML: error while parsing key-value pair: expected value, saw '\\n'"},
    {"spin_manifest_version = 2\n[application]\nname = 7\n",
     "spin.toml:3:8: name: expected a string, got the integer 7\nhint: write name = \"7\""},
    {"spin_manifest_version = 2\n[application]\nname = true\n",
     "spin.toml:3:8: name: expected a string, got the boolean true\nhint: write name = \"true\""},
    {"spin_manifest_version = 2\n[application]\nname = 1.5\n",
     "spin.toml:3:8: name: expected a string, got the number 1.5\nhint: it is the name of the application"},
    {"spin_manifest_version = 2\n[application]\nname = []\n",
     "spin.toml:3:8: name: expected a string, got an array\nhint: it is the name of the application"},
    {"spin_manifest_version = 2\n[application]\nname = 2026-01-02\n",
     "spin.toml:3:8: name: expected a string, got a date\nhint: it is the name of the application"},
    {"spin_manifest_version = 2\n[application]\nname = \"a\\u0000b\"\n",
     "spin.toml:3:8: name: expected text without NUL characters"},
    {HEAD "version = 1\n",
     "spin.toml:4:11: version: expected a string, got the integer 1\nhint: write version = \"1\""},
    {HEAD "description = {}\n", "spin.toml:4:15: description: expected a string, got a table\nhint: it is "
                                "the description of the application"},
    {HEAD "authors = \"me\"\n", "spin.toml:4:11: authors: expected an array, got the string 'me'"},
    {HEAD "authors = [\"me\", 3]\n",
     "spin.toml:4:18: authors: expected a list of strings, got the integer 3 in it"},
    {HEAD "verison = \"1\"\n",
     "spin.toml:4:1: verison: unknown key in [application]\nhint: did you mean 'version'?"},
    {HEAD "trigger = { http = { base = \"/x\" } }\n",
     "spin.toml:4:29: base: expected nothing but \"/\", got the string '/x'\nhint: put the base path in "
     "front of each route"},
    {HEAD "trigger = { http = { bass = \"/\" } }\n",
     "spin.toml:4:22: bass: unknown key in [application.trigger.http]\nhint: did you mean 'base'?"},
    {HEAD "trigger = { http = { base = 1 } }\n",
     "spin.toml:4:29: base: expected a string, got the integer 1\nhint: write base = \"1\""},
    {HEAD "trigger = { redis = 1 }\n", "spin.toml:4:21: redis: expected a table, got the integer 1"},
    {HEAD "trigger = []\n", "spin.toml:4:11: trigger: expected a table, got an array"},
    {HEAD "tool = 1\n", "spin.toml:4:8: tool: expected a table, got the integer 1"},
    {HEAD "tool = { x = 1 }\n", "spin.toml:4:14: x: expected a table, got the integer 1"},
    {HEAD "[application.tool.swell]\nlimit = 1\n",
     "spin.toml:5:1: limit: unknown key in a table 'tool.swell'\nhint: did you mean 'limits'?"},
    {HEAD "trigger = 1\n" COMP, "spin.toml:4:11: trigger: expected a table, got the integer 1"},
    {HEAD "[trigger.http]\nroute = \"/\"\ncomponent = \"a\"\n" COMP,
     "spin.toml:4:1: http: expected an array, got a table\nhint: write [[trigger.http]], with two brackets"},
    {HEAD "[[trigger.redis]]\nchannel = \"c\"\ncomponent = \"a\"\n" COMP,
     "spin.toml:4:11: redis: this version of Swell does not support the trigger type 'redis' yet\nhint: "
     "remove the trigger to run the application without"},
    {HEAD HTTP "[[trigger.cron]]\ncron_expression = \"* * * * * *\"\ncomponent = \"a\"\n" COMP,
     "spin.toml:7:11: cron: this version of Swell does not support the trigger type 'cron' yet\nhint: remove "
     "the trigger to run the application without"},
    {HEAD "[[trigger.htpp]]\n" COMP,
     "spin.toml:4:11: htpp: unknown trigger type\nhint: this version of Swell has 'http'"},
    {HEAD "[[trigger.http]]\ncomponent = \"a\"\n" COMP,
     "spin.toml:4:1: [[trigger.http]]: the key 'route' is missing\nhint: it is the path pattern"},
    {HEAD "[[trigger.http]]\nroute = \"/\"\n" COMP,
     "spin.toml:4:1: Triggers must specify either component or static_response - http-trigger1 has "
     "neither\nhint: write component = \"ID\" with the id of a [component.ID] table"},
    {HEAD "[[trigger.http]]\nid = \"front\"\nroute = \"/\"\n" COMP,
     "spin.toml:4:1: Triggers must specify either component or static_response - front has neither\nhint: "
     "write component = \"ID\" with the id of a [component.ID] table"},
    {HEAD "[[trigger.http]]\nroute = 7\ncomponent = \"a\"\n" COMP,
     "spin.toml:5:9: route must be a string pattern or '{ private = true }', got the integer 7\nhint: route "
     "= \"/hello/...\" serves /hello and everything below it"},
    {HEAD "[[trigger.http]]\nroute = { private = false }\ncomponent = \"a\"\n" COMP,
     "spin.toml:5:9: route must be a string pattern or '{ private = true }', got a table\nhint: route = "
     "\"/hello/...\" serves /hello and everything below it"},
    {HEAD "[[trigger.http]]\nroute = { public = true }\ncomponent = \"a\"\n" COMP,
     "spin.toml:5:9: route must be a string pattern or '{ private = true }', got a table\nhint: route = "
     "\"/hello/...\" serves /hello and everything below it"},
    {HEAD "[[trigger.http]]\nroute = [\"/\"]\ncomponent = \"a\"\n" COMP,
     "spin.toml:5:9: route must be a string pattern or '{ private = true }', got an array\nhint: route = "
     "\"/hello/...\" serves /hello and everything below it"},
    {HEAD "[[trigger.http]]\nroute = \"/\"\ncomponent = 1\n" COMP,
     "spin.toml:6:13: component: expected a string, got the integer 1\nhint: write component = \"1\""},
    {HEAD "[[trigger.http]]\nroute = \"/\"\ncomponent = \"b\"\n"
          "[component.api]\nsource = \"a.wasm\"\n",
     "spin.toml:6:13: component: expected the id of a [component.ID] table, got 'b'\nhint: add a table "
     "[component.b]"},
    {HEAD "[[trigger.http]]\nroute = \"/\"\ncomponent = \"helo\"\n"
          "[component.hello]\nsource = \"a.wasm\"\n",
     "spin.toml:6:13: component: expected the id of a [component.ID] table, got 'helo'\nhint: did you mean "
     "'hello'?"},
    {HEAD HTTP, "spin.toml:6:13: component: expected the id of a [component.ID] table, got 'a'\nhint: add a "
                "table [component.a]"},
    {HEAD HTTP "id = 1\n" COMP,
     "spin.toml:7:6: id: expected a string, got the integer 1\nhint: write id = \"1\""},
    {HEAD HTTP "executor = \"http\"\n" COMP,
     "spin.toml:7:12: executor: expected a table, got the string 'http'\nhint: write executor = { type = "
     "\"http\" }, or leave it out"},
    {HEAD HTTP "executor = { type = \"wasip3-unstable\" }\n" COMP,
     "spin.toml:7:21: type: expected \"http\" or \"wagi\", got the string 'wasip3-unstable'\nhint: leave "
     "'executor' out"},
    {HEAD HTTP "executor = { }\n" COMP, "spin.toml:7:12: 'executor': the key 'type' is missing\nhint: it is "
                                        "the name of the executor: \"http\" or \"wagi\""},
    {HEAD HTTP "executor = { type = 1 }\n" COMP,
     "spin.toml:7:21: type: expected a string, got the integer 1\nhint: write type = \"1\""},
    {HEAD HTTP "executor = { typ = \"http\" }\n" COMP,
     "spin.toml:7:14: typ: unknown key in 'executor'\nhint: did you mean 'type'?"},
    {HEAD HTTP "rout = \"/x\"\n" COMP,
     "spin.toml:7:1: rout: unknown key in [[trigger.http]]\nhint: did you mean 'route'?"},
    {HEAD HTTP "timeout = 3\n" COMP,
     "spin.toml:7:1: timeout: unknown key in [[trigger.http]]\nhint: expected one of 'id', 'route', "
     "'component', 'executor', 'static_response', 'components', 'dependencies'"},
    {HEAD HTTP "[[component]]\nid = \"a\"\n",
     "spin.toml:7:1: component: expected a table, got an array\nhint: write [component.ID]; [[component]] "
     "belongs to manifest version 1"},
    {HEAD HTTP "component = 1\n", "spin.toml:7:13: not valid TOML: error while parsing key-value pair: "
                                  "cannot redefine existing string 'component'"},
    {HEAD HTTP "[component]\na = 1\n", "spin.toml:8:5: a: expected a table, got the integer 1"},
    {HEAD HTTP "[component.a]\n", "spin.toml:7:1: [component.a]: the key 'source' is missing\nhint: it is "
                                  "the path of the component's .wasm"},
    {HEAD HTTP "[component.a]\nsource = 1\n",
     "spin.toml:8:10: source: expected a string, got the integer 1\nhint: write source = \"1\""},
    {HEAD HTTP "[component.a]\nsource = \"\"\n",
     "spin.toml:8:10: source: expected the path of a .wasm, got the string ''"},
    {HEAD HTTP "[component.a]\nsorce = \"a.wasm\"\n",
     "spin.toml:8:1: sorce: unknown key in [component.a]\nhint: did you mean 'source'?"},
    {HEAD HTTP COMP "description = 1\n",
     "spin.toml:9:15: description: expected a string, got the integer 1\nhint: write description = \"1\""},
    {HEAD HTTP COMP "environment = [\"A=1\"]\n",
     "spin.toml:9:15: environment: expected a table, got an array\nhint: it is a table of strings: "
     "environment = { NAME = \"value\" }"},
    {HEAD HTTP COMP "environment = { A = 1 }\n",
     "spin.toml:9:21: A: expected a string, got the integer 1\nhint: write A = \"1\""},
    {HEAD HTTP COMP "environment = { \"A=B\" = \"1\" }\n",
     "spin.toml:9:17: environment: expected the name of a variable, without '=', got 'A=B'"},
    {HEAD HTTP COMP "environment = { \"\" = \"1\" }\n",
     "spin.toml:9:17: environment: expected the name of a variable, without '=', got ''"},
    {HEAD HTTP COMP "environment = { A = \"\\u0000\" }\n",
     "spin.toml:9:21: A: expected text without NUL characters"},
    {HEAD HTTP COMP "key_value_stores = [\"default\"]\n",
     "spin.toml:9:1: key_value_stores: this version of Swell does not support key-value stores yet\nhint: "
     "remove it to run the application without"},
    {HEAD HTTP COMP "sqlite_databases = [\"default\"]\n",
     "spin.toml:9:1: sqlite_databases: this version of Swell does not support SQLite databases yet\nhint: "
     "remove it to run the application without"},
    {HEAD HTTP COMP "ai_models = [\"llama2-chat\"]\n",
     "spin.toml:9:1: ai_models: this version of Swell does not support AI models yet\nhint: remove it to run "
     "the application without"},
    {HEAD HTTP COMP "build = \"make\"\n", "spin.toml:9:9: build: expected a table, got the string 'make'"},
    {HEAD HTTP COMP "[component.a.build]\nworkdir = \".\"\n",
     "spin.toml:9:1: [component.*.build]: the key 'command' is missing\nhint: it is the command that builds "
     "the component"},
    {HEAD HTTP COMP "[component.a.build]\ncommand = 1\n",
     "spin.toml:10:11: command: expected a string, got the integer 1\nhint: write command = \"1\""},
    {HEAD HTTP COMP "[component.a.build]\ncommand = [\"a\", 1]\n",
     "spin.toml:10:17: command: expected a list of strings, got the integer 1 in it"},
    {HEAD HTTP COMP "[component.a.build]\ncommand = \"a\"\nworkdir = 1\n",
     "spin.toml:11:11: workdir: expected a string, got the integer 1\nhint: write workdir = \"1\""},
    {HEAD HTTP COMP "[component.a.build]\ncommand = \"a\"\nwatch = \"x\"\n",
     "spin.toml:11:9: watch: expected an array, got the string 'x'"},
    {HEAD HTTP COMP "[component.a.build]\ncomand = \"a\"\n",
     "spin.toml:10:1: comand: unknown key in [component.*.build]\nhint: did you mean 'command'?"},
    {HEAD HTTP COMP "[component.a.tool.swell]\nx = 1\n",
     "spin.toml:10:1: x: unknown key in a table 'tool.swell'\nhint: expected one of 'limits'"},
    {HEAD HTTP COMP "[component.a.tool]\nx = 1\n", "spin.toml:10:5: x: expected a table, got the integer 1"},
    {HEAD HTTP "[component.a_b]\nsource = \"a.wasm\"\n",
     "spin.toml:7:12: a_b: expected a component id: words must be separated with '-', not '_'"},
    {HEAD HTTP "[component.A_b]\nsource = \"a.wasm\"\n",
     "spin.toml:7:12: A_b: expected a component id: words must be separated with '-', not '_'"},
    {HEAD HTTP "[component.-a]\nsource = \"a.wasm\"\n",
     "spin.toml:7:12: -a: expected a component id: words must not be empty"},
    {HEAD HTTP "[component.a-]\nsource = \"a.wasm\"\n",
     "spin.toml:7:12: a-: expected a component id: words must not be empty"},
    {HEAD HTTP "[component.a--b]\nsource = \"a.wasm\"\n",
     "spin.toml:7:12: a--b: expected a component id: words must not be empty"},
    {HEAD HTTP "[component.1a]\nsource = \"a.wasm\"\n",
     "spin.toml:7:12: 1a: expected a component id: each word must start with an ASCII letter"},
    {HEAD HTTP "[component.a-1b]\nsource = \"a.wasm\"\n",
     "spin.toml:7:12: a-1b: expected a component id: each word must start with an ASCII letter"},
    {HEAD HTTP "[component.aB]\nsource = \"a.wasm\"\n",
     "spin.toml:7:12: aB: expected a component id: each word must be all lower case or all upper case"},
    {HEAD HTTP "[component.Hello]\nsource = \"a.wasm\"\n",
     "spin.toml:7:12: Hello: expected a component id: each word must be all lower case or all upper case"},
    {HEAD HTTP "[component.\"a b\"]\nsource = \"a.wasm\"\n",
     "spin.toml:7:12: a b: expected a component id: words must consist of ASCII letters and digits"},
    {HEAD HTTP "[component.\"a.b\"]\nsource = \"a.wasm\"\n",
     "spin.toml:7:12: a.b: expected a component id: words must consist of ASCII letters and digits"},
    {HEAD HTTP "[component.\"é\"]\nsource = \"a.wasm\"\n",
     "spin.toml:7:12: é: expected a component id: words must consist of ASCII letters and digits"},
    {HEAD HTTP "[component.\"\"]\nsource = \"a.wasm\"\n",
     "spin.toml:7:12: : expected a component id: words must not be empty"},
    {HEAD HTTP "[component.\"\\u001b[31m\"]\nsource = \"a.wasm\"\n",
     "spin.toml:7:12: ?[31m: expected a component id: words must consist of ASCII letters and digits"},
    {HEAD HTTP
     "[component.abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz_]\n",
     "spin.toml:7:12: abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-abcdef...: expected a component "
     "id: words must be separated with '-', not '_'"},
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

static void everything_that_is_supported_is_read(void **state)
{
    (void)state;
    struct app *app = NULL;
    struct app__places places;
    struct sw_err err;
    CHECK_OK(parse("spin_manifest_version = 2\n"
                   "[application]\n"
                   "name = \"shop\"\nversion = \"1.2.3\"\ndescription = \"sells\"\nauthors = [\"a\", \"b\"]\n"
                   "targets = []\n"
                   "[application.tool.other]\nanything = { goes = [1] }\n"
                   "[application.tool.swell]\n"
                   "[[trigger.http]]\n"
                   "route = \"/cart/...\"\ncomponent = \"cart\"\nexecutor = { type = \"http\" }\n"
                   "[[trigger.http]]\n"
                   "id = \"front\"\nroute = \"\"\ncomponent = \"front-END\"\nexecutor = { type = \"spin\" }\n"
                   "components = {}\ndependencies = {}\n"
                   "[component.cart]\n"
                   "source = \"target/cart.wasm\"\n"
                   "description = \"holds\"\n"
                   "environment = { B = \"2\", A = \"\" }\n"
                   "[component.cart.build]\n"
                   "command = [\"make\", \"make install\"]\nworkdir = \"cart\"\nwatch = [\"*.c\"]\n"
                   "[component.cart.tool.other]\nx = 1\n"
                   "[component.front-END]\n"
                   "source = \"/abs/f.wasm\"\nbuild = { command = \"cargo build\" }\n",
                   &app, &places, &err),
             &err);
    CHECK_STR(app->name, "shop");
    CHECK_STR(app->version, "1.2.3");
    CHECK_STR(app->description, "sells");
    CHECK_INT(app->component_count, 2);
    CHECK_STR(app->components[0].id, "cart");
    CHECK_STR(app->components[0].source, "/app/target/cart.wasm");
    CHECK_INT(app->components[0].source.p[app->components[0].source.n], 0);
    CHECK_STR(app->components[0].description, "holds");
    CHECK_STR(app->components[0].build_command, "make");
    CHECK_INT(app->components[0].env_count, 2);
    CHECK_STR(app->components[0].env[0].name, "B");
    CHECK_STR(app->components[0].env[0].value, "2");
    CHECK_STR(app->components[0].env[1].value, "");
    CHECK_STR(app->components[1].source, "/abs/f.wasm");
    CHECK_STR(app->components[1].build_command, "cargo build");
    CHECK_INT(app->http_count, 2);
    CHECK_STR(app->http[0].id, "cart-http-trigger");
    CHECK_STR(app->http[0].route, "/cart/...");
    CHECK_INT(app->http[0].component, 0);
    CHECK_STR(app->http[1].id, "front");
    CHECK_INT(app->http[1].component, 1);
    CHECK_INT(app->warning_count, 0);
    CHECK_INT(places.source[0].line, 23);
    CHECK_INT(places.source[0].column, 10);
    app_free(app);
}

static void what_grants_nothing_is_accepted(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "variables = {}\n",
        "files = []\n",
        "exclude_files = []\n",
        "allowed_outbound_hosts = []\n",
        "allowed_http_hosts = []\n",
        "key_value_stores = []\n",
        "sqlite_databases = []\n",
        "ai_models = []\n",
        "targets = []\n",
        "dependencies = {}\n",
        "dependencies_inherit_configuration = false\n",
        "profile = {}\n",
        "environment = {}\n",
        "tool = {}\n",
        "tool = { swell = {} }\n",
        "build = { command = [] }\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct app *app = NULL;
        struct app__places places;
        struct sw_err err;
        char text[512];
        (void)snprintf(text, sizeof text, "variables = {}\n" HEAD HTTP COMP "%s", rows[i]);
        CHECK_OK(parse(text, &app, &places, &err), &err);
        app_free(app);
    }
}

static void triggers_without_id_get_one_that_is_free(void **state)
{
    (void)state;
    struct app *app = NULL;
    struct app__places places;
    struct sw_err err;
    CHECK_OK(parse(HEAD HTTP HTTP
                   "[[trigger.http]]\nid = \"http-trigger1\"\nroute = \"/\"\ncomponent = \"a\"\n" HTTP COMP,
                   &app, &places, &err),
             &err);
    CHECK_STR(app->http[0].id, "a-http-trigger");
    CHECK_STR(app->http[1].id, "http-trigger2");
    CHECK_STR(app->http[2].id, "http-trigger1");
    CHECK_STR(app->http[3].id, "http-trigger3");
    app_free(app);
}

static void what_has_no_effect_is_a_warning(void **state)
{
    (void)state;
    struct app *app = NULL;
    struct app__places places;
    struct sw_err err;
    CHECK_OK(parse(HEAD "trigger = { http = { base = \"/\" } }\n"
                        "[[trigger.http]]\nroute = \"/.well-known/spin/x\"\ncomponent = \"a\"\n" COMP,
                   &app, &places, &err),
             &err);
    CHECK_INT(app->warning_count, 2);
    CHECK_STR(app->warnings[0], "[application.trigger.http] base = \"/\" is ignored");
    CHECK_STR(
        app->warnings[1],
        "route '/.well-known/spin/x' is never reached: paths below /.well-known/spin/ are the host's own");
    app_free(app);
}

static void counts_have_limits(void **state)
{
    (void)state;
    static const struct {
        const char *head, *piece;
        int count;
        const char *message;
    } rows[] = {
        {HEAD, HTTP, 1025, "trigger.http: expected at most 1024 triggers, got 1025"},
        {HEAD HTTP, "[component.c%d]\nsource = \"x\"\n", 257,
         "component: expected at most 256 components, got 257"},
        {HEAD HTTP COMP "[component.a.environment]\n", "V%d = \"\"\n", 1025,
         "environment: expected at most 1024 variables, got 1025"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct app *app = NULL;
        struct app__places places;
        struct sw_err err = {0};
        sw_auto_buf text = SW_BUF(1u << 20);
        CHECK_OK(sw_buf_add(&text, sw_str_of(rows[i].head), &err), &err);
        for (int n = 0; n < rows[i].count; n++) {
            char piece[128];
            const char *number = strstr(rows[i].piece, "%d");
            int head = number ? (int)(number - rows[i].piece) : (int)strlen(rows[i].piece);
            (void)snprintf(piece, sizeof piece, "%.*s", head, rows[i].piece);
            CHECK_OK(sw_buf_add(&text, sw_str_of(piece), &err), &err);
            if (number)
                CHECK_OK(sw_buf_printf(&text, &err, "%d%s", n, number + 2), &err);
        }
        if (i == 0)
            CHECK_OK(sw_buf_add(&text, SW_LIT(COMP), &err), &err);
        CHECK_OK(sw_buf_add_byte(&text, 0, &err), &err);
        CHECK_INT(parse(text.p, &app, &places, &err), -SW_ELIMIT);
        CHECK_HAS(err.text, i == 0 ? rows[i].message + sizeof "trigger." - 1 : rows[i].message);
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
        int rc = parse(HEAD "trigger = { http = { base = \"/\" } }\n" HTTP HTTP COMP
                            "environment = { A = \"b\" }\n",
                       &app, &places, &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
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
        cmocka_unit_test(everything_that_is_supported_is_read),
        cmocka_unit_test(what_grants_nothing_is_accepted),
        cmocka_unit_test(triggers_without_id_get_one_that_is_free),
        cmocka_unit_test(what_has_no_effect_is_a_warning),
        cmocka_unit_test(counts_have_limits),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
