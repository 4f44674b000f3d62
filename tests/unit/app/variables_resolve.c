/* variables_resolve.c - tests of where values come from: options, providers, environment, .env, defaults; in a folder of their own. */
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app_internal.h"
#include "app/dotenv.h"
#include "app/limits.h"
#include "app/runtime_config.h"
#include "app/variables.h"
#include "base/alloc.h"
#include "check.h"

static char root[PATH_MAX];

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK_INT(fclose(file), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int set_up(void **state)
{
    (void)state;
    char name[] = "app-variables-XXXXXX"; /* in the build folder */
    return mkdtemp(name) && chdir(name) == 0 && getcwd(root, sizeof root) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return chdir("/") == 0 && nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : -1;
}

/* ---- .env ---- */

static void a_dotenv_file_is_read_line_by_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want; /* "NAME=value;" each, or the failure */
    } rows[] = {
        {"", ""},
        {"# nothing\n\n  \n", ""},
        {"A=1\nB=2", "A=1;B=2;"},
        {" export A = 1 \r\n", "A=1;"},
        {"A=a b # comment\n", "A=a b;"},
        {"A=a#b\n", "A=a#b;"},
        {"A=# all\n", "A=;"},
        {"A=\n", "A=;"},
        {"A=b=c\n", "A=b=c;"},
        {"A='a \\n $B #'\n", "A=a \\n $B #;"},
        {"A=\"a\\tb\\\\\\\"\\$\" # x\nB=1\n", "A=a\tb\\\"$;B=1;"},
        {"A=\"two\nlines\"\nB=1\n", "A=two\nlines;B=1;"},
        {"A=$B\n", "A=$B;"},
        {"A\n", "f:1: expected NAME=value"},
        {"\n=1\n", "f:2: expected NAME=value"},
        {"A B=1\n", "f:1: expected NAME=value"},
        {"A=\"x\n\nB=1\n", "f:1: expected a closing quote, got the end of the file"},
        {"A='x' y\n", "f:1: expected the end of the line behind the closing quote"},
        {"A=\"\\q\"\n", "f:1: expected one of \\n, \\r, \\t, \\\\, \\\", \\$ in quotes"},
        {"A=\"1\n2\"\nB\n", "A=1\n2;f:3: expected NAME=value"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct app_dotenv dotenv = {.rest = sw_str_of(rows[i].text), .file = SW_LIT("f")};
        sw_auto_arena arena = SW_ARENA(1 << 20);
        struct sw_str name;
        struct sw_str value;
        struct sw_err err = {0};
        char got[2048] = "";
        int rc;
        while ((rc = app_dotenv_next(&dotenv, &arena, &name, &value, &err)) == 0)
            (void)snprintf(got + strlen(got), sizeof got - strlen(got), SW_FMT "=" SW_FMT ";", SW_ARG(name),
                           SW_ARG(value));
        (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s", rc < 0 ? err.text : "");
        CHECK_STR(sw_str_of(got), rows[i].want);
    }
}

static void a_dotenv_file_needs_no_more_memory_than_it_has_bytes(void **state)
{
    (void)state;
    sw_auto_buf text = SW_BUF(1 << 20);
    sw_auto_arena arena = SW_ARENA(1 << 20);
    struct sw_err err = {0};
    struct sw_str name;
    struct sw_str value;
    for (int i = 0; i < 5000; i++)
        CHECK_OK(sw_buf_printf(&text, &err, "NAME=\"value %d\"\n", i), &err);
    struct app_dotenv dotenv = {.rest = sw_buf_str(&text), .file = SW_LIT("f")};
    int rc;
    int count = 0;
    while ((rc = app_dotenv_next(&dotenv, &arena, &name, &value, &err)) == 0)
        count++;
    CHECK_INT(rc, SW_END);
    CHECK_INT(count, 5000);
    CHECK_STR(value, "value 4999");
}

/* ---- the runtime configuration ---- */

static void the_runtime_configuration_is_refused_with_place_and_words(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"x", "rc:1:"},
        {"state = 1\n", "rc:1:1: state: unknown key in the runtime configuration\nhint: "},
        {"variables_provider = 1\n",
         "rc:1:22: variables_provider: expected an array, got the integer 1\nhint: write "
         "[[variables_provider]], with two brackets"},
        {"[[variables_provider]]\n",
         "rc:1:1: a variables provider: the key 'type' is missing\nhint: it is \"env\" or \"static\""},
        {"[[variables_provider]]\ntype = 1\n", "rc:2:8: type: expected a string, got the integer 1"},
        {"[[variables_provider]]\ntype = \"file\"\n",
         "rc:2:8: type: expected \"env\" or \"static\", got the string 'file'"},
        {"[[variables_provider]]\ntype = \"vault\"\nurl = \"x\"\n",
         "rc:2:8: vault: this version of Swell does not support variables from that provider yet\nhint: use "
         "the "
         "provider \"static\" or \"env\""},
        {"[[variables_provider]]\ntype = \"azure_key_vault\"\n",
         "rc:2:8: azure_key_vault: this version of Swell"},
        {"[[variables_provider]]\ntype = \"env\"\nprefx = \"x\"\n",
         "rc:3:1: prefx: unknown key in a variables provider of the type 'env'\nhint: did you mean "
         "'prefix'?"},
        {"[[variables_provider]]\ntype = \"static\"\n",
         "a variables provider of the type 'static': the key 'values' is missing"},
        {"[[variables_provider]]\ntype = \"static\"\nvalues = { a = 12345 }\n",
         "rc:3:16: a: expected a string, got an integer"},
        {"[[variables_provider]]\ntype = \"env\"\n[[config_provider]]\ntype = \"env\"\n",
         "rc:3:3: config_provider: 'variables_provider' and 'config_provider' are one, expected only one of "
         "them"},
        {"max_instance_memory = 1\n", "rc:1:23: max_instance_memory: expected a number of bytes from 65536 "
                                      "(64 KiB) to 68719476736 (64 GiB), got "
                                      "the integer 1"},
        {"max_instance_memory = 1\nmax_instance_memory = 1\n", "rc:2:"},
        {"log_dir = 1\n", "rc:1:11: log_dir: expected a string, got the integer 1"},
        {"state_dir = [\"a\"]\n", "rc:1:13: state_dir: expected a string, got an array"},
        {"[llm_compute]\ntype = \"spin\"\n",
         "rc:1:2: llm_compute: this version of Swell does not support 'llm_compute' of the runtime "
         "configuration yet\nhint: remove it to run the application without"},
        {"[key_value_store.default]\ntype = \"spin\"\n", "key_value_store: this version of Swell"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct app_runtime_config config;
        struct sw_err err = {0};
        CHECK_INT(app_runtime_config_parse(sw_str_of(rows[i].text), SW_LIT("rc"), &config, &err), -SW_EINPUT);
        CHECK_HAS(err.text, rows[i].message);
    }
    struct app_runtime_config config;
    struct sw_err err = {0};
    CHECK_INT(app_runtime_config_load("nowhere.toml", &config, &err), -SW_EINPUT);
    CHECK_STR(sw_str_of(err.text), "open 'nowhere.toml': No such file or directory");
    app_runtime_config_deinit(&config);
}

/* ---- values ---- */

static const struct app_variable variables[] = {
    {.name = SW_LIT_INIT("a")},
    {.name = SW_LIT_INIT("b_c"), .default_value = SW_LIT_INIT("default"), .has_default = true},
};

static struct app *new_app(void)
{
    struct app *app = NULL;
    struct sw_err err = {0};
    CHECK_OK(app__new(&app, &err), &err);
    app->variables = variables;
    app->variable_count = 2;
    return app;
}

struct row {
    const char *given[3];
    const char *config;
    const char *env; /* of a */
    const char *dotenv;
    const char *a, *b; /* b NULL: the default; a NULL: b is the failure */
};

static const struct row rows[] = {
    {.given = {"a=1"}, .a = "1"},
    {.given = {"a="}, .a = ""},
    {.given = {"a=1=2"}, .a = "1=2"},
    {.given = {"a=1", "a=2"}, .a = "2"},
    {.given = {"a=@value.txt"}, .a = "from\na file\n"},
    {.given = {"@values.json"}, .a = "json", .b = "json b"},
    {.given = {"@values.toml"}, .a = "toml", .b = "toml b"},
    {.given = {"@values.json", "a=1"}, .a = "1", .b = "json b"},
    {.given = {"a=1"}, .env = "env", .dotenv = "SPIN_VARIABLE_A=dotenv\n", .a = "1"},
    {.env = "env", .dotenv = "SPIN_VARIABLE_A=dotenv\nSPIN_VARIABLE_B_C=\"b\"\n", .a = "env", .b = "b"},
    {.dotenv = "SPIN_VARIABLE_A=dotenv\nOTHER=1\n", .a = "dotenv"},
    {.env = "", .a = ""},
    {.config = "[[variables_provider]]\ntype = \"static\"\nvalues = { a = \"static\", other = \"x\" }\n",
     .env = "env",
     .a = "static"},
    {.config =
         "[[config_provider]]\ntype = \"static\"\nvalues = { a = \"first\" }\n[[config_provider]]\ntype = "
         "\"static\"\nvalues = { a = \"second\", b_c = \"second\" }\n",
     .a = "first",
     .b = "second"},
    {.config = "[[variables_provider]]\ntype = \"static\"\nvalues = { a = \"static\" }\n",
     .given = {"a=1"},
     .a = "1"},
    {.config = "[[variables_provider]]\ntype = \"env\"\nprefix = \"MINE\"\ndotenv_path = \"mine.env\"\n",
     .env = "env",
     .a = "mine"},
    {.config = "max_instance_memory = 1048576\n", .env = "env", .a = "env"},
    {.b = "no provider resolved required variable(s): [a]\nhint: give --variable a=VALUE, or set "
          "SPIN_VARIABLE_A in "
          "the environment"},
    {.given = {"b_c=1"}, .b = "no provider resolved required variable(s): [a]"},
    {.given = {"a"},
     .b = "--variable: expected NAME=VALUE, NAME=@FILE, @FILE.json or @FILE.toml, got no '='"},
    {.given = {"=secret"},
     .b = "--variable: expected NAME=VALUE, NAME=@FILE, @FILE.json or @FILE.toml, got no '='"},
    {.given = {"@values.yaml"},
     .b = "--variable: expected NAME=VALUE, NAME=@FILE, @FILE.json or @FILE.toml, got '@values.yaml'"},
    {.given = {"@nowhere.json"}, .b = "--variable: open 'nowhere.json': No such file or directory"},
    {.given = {"a=@nowhere"}, .b = "--variable: a: open 'nowhere': No such file or directory"},
    {.given = {"a=@."}, .b = "--variable: a: '.': expected a file with the value, got no regular file"},
    {.given = {"@list.json"}, .b = "--variable: list.json: expected an object, got an array"},
    {.given = {"@number.json"}, .b = "--variable: number.json: a: expected a string, got an integer"},
    {.given = {"@bad.json"}, .b = "--variable: bad.json: 1:"},
    {.given = {"@number.toml"}, .b = "--variable: number.toml:1:5: a: expected a string, got an integer"},
    {.given = {"@bad.toml"}, .b = "--variable: bad.toml:1:"},
    {.given = {"a=\xff"}, .b = "--variable: variable 'a': expected UTF-8 without NUL characters"},
    {.dotenv = "A\n", .b = ".env:1: expected NAME=value"},
    {.given = {"a=1", "b_c=2"}, .dotenv = "A\n", .a = "1", .b = "2"}, /* nothing is wanted of it */
};

static int resolve(const struct row *row, struct app *app, struct sw_err *err)
{
    struct app_runtime_config config = {0};
    struct app_variable_sources sources = {.given = row->given, .dotenv = ".env"};
    while (sources.given_count < 3 && row->given[sources.given_count])
        sources.given_count++;
    if (row->config) {
        write_file("rc.toml", row->config);
        CHECK_OK(app_runtime_config_load("rc.toml", &config, err), err);
        sources.config = &config;
    }
    int rc = app_variables_resolve(app, &sources, err);
    app_runtime_config_deinit(&config);
    return rc;
}

static void write_files(void)
{
    write_file("value.txt", "from\na file\n");
    write_file("values.json", "{\"a\":\"json\",\"b_c\":\"json b\",\"other\":\"x\"}");
    write_file("values.toml", "a = \"toml\"\nb_c = \"toml b\"\nother = \"x\"\n");
    write_file("list.json", "[]");
    write_file("number.json", "{\"a\":1}");
    write_file("bad.json", "{a");
    write_file("number.toml", "a = 1\n");
    write_file("bad.toml", "a = \n");
    write_file("mine.env", "MINE_A=mine\n");
}

static void the_first_source_that_has_a_value_gives_it(void **state)
{
    (void)state;
    write_files();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct app *app = new_app();
        struct sw_err err = {0};
        if (rows[i].dotenv)
            write_file(".env", rows[i].dotenv);
        if (rows[i].env)
            CHECK_INT(setenv("SPIN_VARIABLE_A", rows[i].env, 1), 0);
        int rc = resolve(&rows[i], app, &err);
        (void)unlink(".env"); /* it may not be there */
        CHECK_INT(unsetenv("SPIN_VARIABLE_A"), 0);
        if (rc != (rows[i].a ? 0 : -SW_EINPUT))
            print_error("row %zu: %s\n", i, err.text);
        CHECK_INT(rc, rows[i].a ? 0 : -SW_EINPUT);
        if (rows[i].a) {
            CHECK(app->variables[0].has_value);
            CHECK_STR(app->variables[0].value, rows[i].a);
            CHECK_INT(app->variables[1].has_value, rows[i].b != NULL);
            if (rows[i].b)
                CHECK_STR(app->variables[1].value, rows[i].b);
        } else {
            CHECK_HAS(err.text, rows[i].b);
        }
        app_free(app);
    }
}

static void an_option_for_nobody_is_a_warning(void **state)
{
    (void)state;
    struct app *app = new_app();
    struct sw_err err = {0};
    static const struct row row = {.given = {"a=1", "x=secret"}};
    CHECK_OK(resolve(&row, app, &err), &err);
    CHECK_INT(app->warning_count, 1);
    CHECK_STR(app->warnings[0], "--variable: the application has no variable 'x'");
    app_free(app);
}

static void a_host_made_of_a_value_is_checked_without_showing_a_secret(void **state)
{
    (void)state;
    static const struct app_variable known[] = {{.name = SW_LIT_INIT("open")},
                                                {.name = SW_LIT_INIT("hidden"), .is_secret = true}};
    static const struct sw_str hosts[] = {SW_LIT_INIT("https://{{ open }}"),
                                          SW_LIT_INIT("https://{{ open }}.{{ hidden }}")};
    static const struct {
        const char *given[2];
        const char *text; /* NULL: it is right */
    } cases[] = {
        {{"open=a", "hidden=b"}, NULL},
        {{"open=", "hidden=b"}, NULL}, /* an entry that says nothing */
        {{"open=a/b", "hidden=b"},
         "component 'c': `allowed_outbound_hosts` is malformed: entry 'https://{{ open }}': 'a/b' must not "
         "include a path"},
        {{"open=a", "hidden=s3cret/x"},
         "component 'c': `allowed_outbound_hosts` is malformed: entry 'https://{{ open }}.{{ hidden }}', "
         "with the "
         "values that its variables have"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct app_component component = {
            .id = SW_LIT("c"), .outbound_hosts = hosts, .outbound_host_count = i == 1 ? 1 : 2};
        struct app *app = new_app();
        struct sw_err err = {0};
        app->variables = known;
        app->components = &component;
        app->component_count = 1;
        int rc = app_variables_resolve(
            app, &(struct app_variable_sources){.given = cases[i].given, .given_count = 2}, &err);
        CHECK_INT(rc, cases[i].text ? -SW_EINPUT : 0);
        CHECK_STR(sw_str_of(err.text), cases[i].text ? cases[i].text : "");
        app_free(app);
    }
}

static void a_value_has_a_limit(void **state)
{
    (void)state;
    sw_auto_free char *text = sw_try_alloc(APP_VARIABLE_BYTES_MAX + 4);
    CHECK(text != NULL);
    memset(text, 'x', APP_VARIABLE_BYTES_MAX + 3);
    memcpy(text, "a=", 2);
    struct app *app = new_app();
    struct sw_err err = {0};
    const char *given[] = {text};
    CHECK_INT(
        app_variables_resolve(app, &(struct app_variable_sources){.given = given, .given_count = 1}, &err),
        -SW_ELIMIT);
    CHECK_STR(sw_str_of(err.text), "--variable: variable 'a': expected at most 1048576 bytes, got 1048577");
    app_free(app);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    write_files();
    write_file(".env", "SPIN_VARIABLE_B_C=\"x\"\n");
    for (long n = 0; n < 1000; n++) {
        struct app *app = new_app();
        struct app_runtime_config config = {0};
        struct sw_err err = {0};
        const char *given[] = {"@values.json", "@values.toml", "a=@value.txt"};
        sw_mem_fail_after(n);
        int rc = app_runtime_config_parse(
            SW_LIT("[[variables_provider]]\ntype = \"static\"\nvalues = { a = \"static\" }\n"), SW_LIT("rc"),
            &config, &err);
        if (rc == 0)
            rc = app_variables_resolve(
                app,
                &(struct app_variable_sources){
                    .given = given, .given_count = 3, .config = &config, .dotenv = ".env"},
                &err);
        sw_mem_fail_after(-1);
        app_runtime_config_deinit(&config);
        app_free(app);
        if (rc == 0) {
            CHECK(n > 3);
            (void)unlink(".env");
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
    }
    CHECK_NEVER("still failing after 1000 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dotenv_file_is_read_line_by_line),
        cmocka_unit_test(a_dotenv_file_needs_no_more_memory_than_it_has_bytes),
        cmocka_unit_test(the_runtime_configuration_is_refused_with_place_and_words),
        cmocka_unit_test(the_first_source_that_has_a_value_gives_it),
        cmocka_unit_test(an_option_for_nobody_is_a_warning),
        cmocka_unit_test(a_host_made_of_a_value_is_checked_without_showing_a_secret),
        cmocka_unit_test(a_value_has_a_limit),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
