/* load.c - tests of finding and reading an application, in a folder of their own. */
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "base/alloc.h"
#include "check.h"

#define MANIFEST                                                                                             \
    "spin_manifest_version = 2\n[application]\nname = \"x\"\n[[trigger.http]]\nroute = \"/\"\ncomponent = "  \
    "\"a\"\n"                                                                                                \
    "[component.a]\nsource = \"a.wasm\"\nenvironment = { K = \"1\" }\n"

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
    char name[] = "app-load-XXXXXX"; /* in the build folder */
    return mkdtemp(name) && chdir(name) == 0 && getcwd(root, sizeof root) && mkdir(".git", 0700) == 0 ? 0
                                                                                                      : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return chdir("/") == 0 && nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : -1;
}

static void check_fails(const char *path, int code, const char *message)
{
    struct app *app = NULL;
    struct sw_err err = {0};
    CHECK_INT(app_load(&(struct app_load){.path = sw_str_of(path)}, &app, &err), -code);
    CHECK_HAS(err.text, message);
}

static void check_loads(const char *path, const char *name, const char *origin_end)
{
    struct app *app = NULL;
    struct sw_err err;
    char origin[PATH_MAX + 32];
    CHECK_OK(app_load(&(struct app_load){.path = sw_str_of(path)}, &app, &err), &err);
    (void)snprintf(origin, sizeof origin, "%s/%s", root, origin_end);
    CHECK_STR(app->name, name);
    CHECK_STR(app->origin, origin);
    app_free(app);
}

static void a_manifest_is_found_here_and_above_up_to_a_git_root(void **state)
{
    (void)state;
    check_fails("", SW_EINPUT, "no spin.toml in '/");
    write_file("spin.toml", MANIFEST);
    write_file("a.wasm", "");
    check_loads("", "x", "spin.toml");
    CHECK_INT(mkdir("git", 0700) | mkdir("git/.git", 0700) | mkdir("git/b", 0700) | mkdir("c", 0700) |
                  mkdir("c/d", 0700),
              0);
    CHECK_INT(chdir("c/d"), 0);
    check_loads("", "x", "spin.toml");
    CHECK_INT(chdir("../../git/b"), 0);
    check_fails("", SW_EINPUT, "no spin.toml in");
    CHECK_INT(chdir("../.."), 0);
}

static void a_folder_a_file_and_a_wasm_can_be_named(void **state)
{
    (void)state;
    CHECK_INT(mkdir("e", 0700), 0);
    write_file("e/app.toml", MANIFEST);
    write_file("e/a.wasm", "");
    write_file("e/hello-1.wasm", "");
    check_loads(".", "x", "spin.toml");
    check_loads("e/app.toml", "x", "e/app.toml");
    check_loads("./e/../e/app.toml", "x", "e/app.toml");
    check_loads("e/hello-1.wasm", "hello-1", "e/hello-1.wasm");
    check_fails("e", SW_EINPUT, "no spin.toml in the folder 'e'\nhint: name a manifest with -f FILE");
    check_fails("nowhere", SW_EINPUT, "'nowhere': No such file or directory");
    check_fails("/dev/null", SW_EINPUT, "'/dev/null': expected a manifest, got no regular file");
    CHECK_INT(mkfifo("e/pipe.wasm", 0600), 0);
    check_fails("e/pipe.wasm", SW_EINPUT, "'e/pipe.wasm': expected a component, got no regular file");
}

static void a_bare_wasm_serves_every_path_and_has_nothing(void **state)
{
    (void)state;
    struct app *app = NULL;
    struct sw_err err;
    const struct app_env extra[] = {{SW_LIT_INIT("A"), SW_LIT_INIT("1")}};
    CHECK_OK(app_load(&(struct app_load){.path = SW_LIT("a.wasm"), .extra_env = extra, .extra_env_count = 1},
                      &app, &err),
             &err);
    CHECK_STR(app->name, "a");
    CHECK_INT(app->component_count, 1);
    CHECK_STR(app->components[0].id, "main");
    CHECK_INT(app->components[0].env_count, 1);
    CHECK_INT(app->http_count, 1);
    CHECK_STR(app->http[0].route, "/...");
    app_free(app);
}

static void extra_environment_beats_the_manifest(void **state)
{
    (void)state;
    struct app *app = NULL;
    struct sw_err err;
    const struct app_env extra[] = {{SW_LIT_INIT("L"), SW_LIT_INIT("a")},
                                    {SW_LIT_INIT("K"), SW_LIT_INIT("2")},
                                    {SW_LIT_INIT("L"), SW_LIT_INIT("b")}};
    CHECK_OK(app_load(&(struct app_load){.path = SW_LIT(""), .extra_env = extra, .extra_env_count = 3}, &app,
                      &err),
             &err);
    CHECK_INT(app->components[0].env_count, 2);
    CHECK_STR(app->components[0].env[0].name, "K");
    CHECK_STR(app->components[0].env[0].value, "2");
    CHECK_STR(app->components[0].env[1].name, "L");
    CHECK_STR(app->components[0].env[1].value, "b");
    app_free(app);
}

static void a_missing_source_names_the_build_command(void **state)
{
    (void)state;
    char message[PATH_MAX + 128];
    CHECK_INT(mkdir("f", 0700), 0);
    write_file("f/spin.toml", MANIFEST "build = { command = \"cargo build\" }\n");
    (void)snprintf(message, sizeof message,
                   "f/spin.toml:8:10: source: '%s/f/a.wasm' does not exist\nhint: build the component first: "
                   "cargo build",
                   root);
    check_fails("f", SW_EINPUT, message);
    write_file("f/spin.toml", MANIFEST);
    check_fails("f", SW_EINPUT, "does not exist\nhint: build the component 'a' first");
    CHECK_INT(mkdir("f/a.wasm", 0700), 0);
    check_fails("f", SW_EINPUT, "f/spin.toml:8:10: source: expected a file, '");
}

static void a_large_manifest_is_refused(void **state)
{
    (void)state;
    write_file("large.toml", "");
    CHECK_INT(truncate("large.toml", (1 << 20) + 1), 0);
    check_fails("large.toml", SW_ELIMIT,
                "'large.toml': expected a manifest of at most 1048576 bytes, got 1048577");
}

#define HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" /* of "abc" */

static void a_download_is_taken_from_the_cache_when_its_digest_is_right(void **state)
{
    (void)state;
    struct app *app = NULL;
    struct sw_err err = {0};
    char want[PATH_MAX + 160];
    const struct app_load what = {.path = SW_LIT("remote.toml"), .cache_root = "cache"};
    write_file("remote.toml",
               "spin_manifest_version = 2\n[application]\nname = \"x\"\n[[trigger.http]]\nroute = "
               "\"/\"\ncomponent = \"a\"\n[component.a]\n"
               "source = { url = \"http://127.0.0.1:1/a.wasm\", digest = \"sha256:" HEX "\" }\n");
    CHECK_INT(mkdir("cache", 0700) | mkdir("cache/spin", 0700) | mkdir("cache/spin/registry", 0700) |
                  mkdir("cache/spin/registry/wasm", 0700),
              0);
    write_file("cache/spin/registry/wasm/sha256:" HEX, "abc");
    CHECK_OK(app_load(&what, &app, &err), &err);
    (void)snprintf(want, sizeof want, "%s/cache/spin/registry/wasm/sha256:" HEX, root);
    CHECK_STR(app->components[0].source, want);
    app_free(app);
    write_file("cache/spin/registry/wasm/sha256:" HEX,
               "abd"); /* not what it says: fetched anew, which fails here */
    CHECK_INT(app_load(&what, &app, &err), -SW_EIO);
    CHECK_HAS(err.text, "remote.toml:8:10: source: download 'http://127.0.0.1:1/a.wasm': ");
    CHECK_INT(access("cache/spin/registry/wasm/sha256:" HEX, F_OK), 0); /* only a right one replaces it */
    check_fails(
        "remote.toml", SW_EINPUT,
        "remote.toml:8:10: source: there is no folder for downloads\nhint: name one with --cache-dir");
}

static void a_profile_of_a_bare_wasm_is_refused(void **state)
{
    (void)state;
    struct app *app = NULL;
    struct sw_err err = {0};
    CHECK_INT(app_load(&(struct app_load){.path = SW_LIT("a.wasm"), .profile = SW_LIT("p")}, &app, &err),
              -SW_EINPUT);
    CHECK_HAS(err.text, "Profile p is not defined in this application");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const struct app_env extra[] = {{SW_LIT_INIT("L"), SW_LIT_INIT("a")}};
    for (long n = 0; n < 1000; n++) {
        struct app *app = NULL;
        struct sw_err err = {0};
        sw_mem_fail_after(n);
        int rc = app_load(&(struct app_load){.path = SW_LIT(""), .extra_env = extra, .extra_env_count = 1},
                          &app, &err);
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
        cmocka_unit_test(a_manifest_is_found_here_and_above_up_to_a_git_root),
        cmocka_unit_test(a_folder_a_file_and_a_wasm_can_be_named),
        cmocka_unit_test(a_bare_wasm_serves_every_path_and_has_nothing),
        cmocka_unit_test(extra_environment_beats_the_manifest),
        cmocka_unit_test(a_missing_source_names_the_build_command),
        cmocka_unit_test(a_large_manifest_is_refused),
        cmocka_unit_test(a_download_is_taken_from_the_cache_when_its_digest_is_right),
        cmocka_unit_test(a_profile_of_a_bare_wasm_is_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
