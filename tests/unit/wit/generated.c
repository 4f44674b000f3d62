/* generated.c - what bindgen writes for test.wit, and what it says to what it cannot do.  Room: wit (tests).
 *
 * After a wanted change of the generator: cp build/dev/gen/wit_test/bindings/X tests/unit/wit/golden/X.txt, and read the difference. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "check.h"

#include "base/alloc.h"
#include "base/buf.h"

#define FILE_BYTES_MAX (1u << 20)

static char scratch[1024]; /* a folder of this run */

static const char *path_of(char to[2048], const char *base, const char *folder, const char *name)
{
    (void)snprintf(to, 2048, "%s/%s/%s", base, folder, name);
    return to;
}

static int read_file(const char *path, struct sw_buf *to)
{
    struct sw_err err = {0};
    sw_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -1 : sw_buf_read_fd(to, fd, &err);
}

static void write_file(const char *name, const char *text)
{
    char path[2048];
    FILE *f = fopen(path_of(path, scratch, ".", name), "w");
    assert_non_null(f);
    (void)fputs(text, f); /* fclose reports */
    CHECK_INT(fclose(f), 0);
}

static void output_is_what_it_was(void **state)
{
    (void)state;
    static const char *const FILES[] = {"all_shapes.h", "all_shapes.c", "all_things.h",
                                        "all_things.c", "common.h",     "kinds.h"};
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        char path[2048], golden[256];
        sw_auto_buf want = SW_BUF(FILE_BYTES_MAX), got = SW_BUF(FILE_BYTES_MAX);
        (void)snprintf(golden, sizeof golden, "%s.txt", FILES[i]);
        CHECK_INT(read_file(path_of(path, getenv("SW_SOURCE_DIR"), "tests/unit/wit/golden", golden), &want),
                  0);
        CHECK_INT(read_file(path_of(path, getenv("SW_BINARY_DIR"), "gen/wit_test/bindings", FILES[i]), &got),
                  0);
        size_t line = 1, at = 0;
        while (at < want.n && at < got.n && want.p[at] == got.p[at])
            line += want.p[at++] == '\n';
        if (at < want.n || at < got.n)
            print_error("%s: differs from line %zu on\n", FILES[i], line);
        CHECK_INT(at, want.n);
        CHECK_INT(at, got.n);
    }
}

/* Runs bindgen on the files of `scratch`; its standard error is *to. */
static int run(const char *arguments, struct sw_buf *to)
{
    char command[4096];
    (void)snprintf(command, sizeof command, "cd '%s' && '%s' %s 2>&1", scratch, getenv("SW_BINDGEN"),
                   arguments);
    FILE *f = popen(command, "re");
    assert_non_null(f);
    struct sw_err err = {0};
    CHECK_OK(sw_buf_read_fd(to, fileno(f), &err), &err);
    return pclose(f);
}

static void bad_input_is_refused_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *wit, *waits, *arguments, *message;
    } ROWS[] = {
        {"package a:b; interface i { f: func(a: list<option<error-context>>); }", "", "a:b/i",
         "bindgen: wit/x.wit:1:51: bindings cannot carry maps and error contexts\n"},
        {"package a:b; interface i { f: func() -> map<u8, u8>; }", "", "a:b/i",
         "bindgen: wit/x.wit:1:41: bindings cannot carry maps and error contexts\n"},
        {"package a:b; interface i { use j.{r}; f: func(a: r); } interface j { resource r; }", "", "a:b/i",
         "bindgen: wit/x.wit:1:79: a:b/i needs 'r' of a:b/j, which is not among the interfaces to "
         "generate\nhint: list it too\n"},
        {"package a:b; interface i {}", "", "a:b/j",
         "bindgen: there is no interface 'a:b/j' in the WIT files\n"},
        {"package a:b@1.0.0; interface i {}", "", "a:b/i@1.0.1",
         "bindgen: there is no interface 'a:b/i@1.0.1' in the WIT files\n"},
        {"package a:b; interface i {}", "", "a:b/i a:b/i",
         "bindgen: 'a:b/i' and 'a:b/i' would have the same C names\n"},
        {"package a:b; interface i { resource r { drop: func(); } }", "", "a:b/i",
         "bindgen: wit/x.wit:1:41: two functions would both be 'host_b_i_r_drop' in C\n"},
        {"package a:b; interface i { f: func(); }", "a:b/i g\n", "a:b/i",
         "bindgen: the list of waits names 'g', which 'a:b/i' does not have\n"},
        {"package a:b; interface i { f: func(); }", "a:b/i\n", "a:b/i",
         "bindgen: waits.txt:1:1: expected an interface, a space and a function, got 'a:b/i'\nhint: like "
         "'wasi:io/poll poll'\n"},
        {"package a:b; interface i { f: func(); }", "a:b/i f # twice\na:b/i f\n", "a:b/i",
         "bindgen: waits.txt:2:1: 'a:b/i f' stands twice\n"},
        {"package a:b; interface i { f: fun(); }", "", "a:b/i",
         "bindgen: wit/x.wit:1:31: expected 'func' or 'async func', got 'fun'\n"},
        {"package a:b; interface i { f: func(a: list<list<u64, 65536>, 65536>); }", "", "a:b/i",
         "bindgen: wit/x.wit:1:39: a value of this type takes 268435456 bytes or more in memory\n"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char arguments[256];
        sw_auto_buf said = SW_BUF(FILE_BYTES_MAX);
        write_file("wit/x.wit", ROWS[i].wit);
        write_file("waits.txt", ROWS[i].waits);
        (void)snprintf(arguments, sizeof arguments, "--wit wit --waits waits.txt --out out %s",
                       ROWS[i].arguments);
        CHECK(run(arguments, &said) != 0);
        CHECK_STR(sw_buf_str(&said), ROWS[i].message);
    }
    sw_auto_buf said = SW_BUF(FILE_BYTES_MAX);
    CHECK(run("--wit nowhere --out out a:b/i", &said) != 0);
    CHECK_STR(sw_buf_str(&said), "bindgen: list 'nowhere': No such file or directory\n");
    sw_buf_clear(&said);
    CHECK(run("--what", &said) != 0);
    CHECK_STR(sw_buf_str(&said), "bindgen: option '--what' is not known or has no value\n");
}

static void files_that_do_not_change_are_left_alone(void **state)
{
    (void)state;
    char path[2048];
    struct stat before, after;
    sw_auto_buf said = SW_BUF(FILE_BYTES_MAX);
    write_file("wit/x.wit", "package a:b; interface i { f: func(); }");
    CHECK_INT(run("--wit wit --out out a:b/i", &said), 0);
    CHECK_INT(stat(path_of(path, scratch, "out", "b_i.h"), &before), 0);
    write_file("wit/x.wit", "package a:b; interface i { f: func(); } // a comment");
    CHECK_INT(run("--wit wit --out out a:b/i", &said), 0);
    CHECK_INT(stat(path, &after), 0);
    CHECK_INT(before.st_ino, after.st_ino);
    write_file("wit/x.wit", "package a:b; interface i { g: func(); }");
    CHECK_INT(run("--wit wit --out out a:b/i", &said), 0);
    CHECK_INT(stat(path, &after), 0);
    CHECK(before.st_ino != after.st_ino);
}

static int make_scratch(void **state)
{
    (void)state;
    char path[2048];
    (void)snprintf(scratch, sizeof scratch, "%s/bindgen-test-XXXXXX", getenv("SW_BINARY_DIR"));
    assert_non_null(mkdtemp(scratch));
    CHECK_INT(mkdir(path_of(path, scratch, ".", "wit"), 0755), 0);
    CHECK_INT(mkdir(path_of(path, scratch, ".", "out"), 0755), 0);
    return 0;
}

static int remove_scratch(void **state)
{
    (void)state;
    char command[2048];
    (void)snprintf(command, sizeof command, "rm -r '%s'", scratch);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_is_what_it_was),
        cmocka_unit_test(bad_input_is_refused_with_a_reason),
        cmocka_unit_test(files_that_do_not_change_are_left_alone),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
