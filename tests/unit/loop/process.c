/* process.c - tests of child processes.  Room: tests. */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "loop/descriptors.h"
#include "loop/loop.h"

static struct sw_err err;

struct ended {
    int times;
    int status;
    int number;
};

static void on_exit_(void *arg, int exit_status, int term_signal)
{
    struct ended *ended = arg;
    ended->times++;
    ended->status = exit_status;
    ended->number = term_signal;
}

/* Runs a shell script; out gets what it writes to descriptor 1. */
static struct ended run_script(const char *script, char *const *env, const int *extra, int extra_n,
                               int kill_with, struct sw_buf *out)
{
    struct loop *loop = NULL;
    struct loop_process *process = NULL;
    struct ended ended = {0, -1, -1};
    char shell[] = "/bin/sh";
    char dash_c[] = "-c";
    union {
        const char *in;
        char *out;
    } text = {script};
    char *argv[] = {shell, dash_c, text.out, NULL};
    int pipe_fds[2];
    CHECK_INT(pipe(pipe_fds), 0);
    int fds[8] = {-1, pipe_fds[1], 2};
    for (int i = 0; i < extra_n; i++)
        fds[3 + i] = extra[i];
    struct loop_spawn spawn = {.file = "/bin/sh",
                               .argv = argv,
                               .env = env,
                               .fds = fds,
                               .fd_count = 3 + extra_n,
                               .exited = on_exit_,
                               .arg = &ended};
    CHECK_OK(loop_new(&loop, &err), &err);
    CHECK_OK(loop_process_spawn(loop, &spawn, &process, &err), &err);
    CHECK(loop_process_pid(process) > 0);
    if (kill_with)
        loop_process_kill(process, kill_with);
    CHECK_INT(ended.times, 0);
    CHECK_OK(loop_run(loop, &err), &err); /* ends with the child */
    CHECK_INT(ended.times, 1);
    loop_free(loop);
    (void)close(pipe_fds[1]);
    CHECK_OK(sw_buf_read_fd(out, pipe_fds[0], &err), &err);
    (void)close(pipe_fds[0]);
    return ended;
}

static void a_child_gets_its_arguments_and_its_exit_is_told_once(void **state)
{
    sw_auto_buf out = SW_BUF(4096);
    (void)state;
    struct ended ended = run_script("echo hello; read x || echo end; exit 7", NULL, NULL, 0, 0, &out);
    CHECK_STR(sw_buf_str(&out), "hello\nend\n"); /* descriptor 0 is /dev/null */
    CHECK_INT(ended.status, 7);
    CHECK_INT(ended.number, 0);
}

static void a_killed_child_tells_the_signal(void **state)
{
    sw_auto_buf out = SW_BUF(4096);
    (void)state;
    struct ended ended = run_script("exec sleep 20", NULL, NULL, 0, SIGKILL, &out);
    CHECK_INT(ended.number, SIGKILL);
}

static void the_environment_is_the_given_one(void **state)
{
    sw_auto_buf out = SW_BUF(4096);
    char one[] = "COLOUR=red";
    char *env[] = {one, NULL};
    (void)state;
    (void)run_script("echo $COLOUR $HOME.", env, NULL, 0, 0, &out);
    CHECK_STR(sw_buf_str(&out), "red .\n");
}

static void a_child_has_the_given_descriptors_and_no_others(void **state)
{
    sw_auto_buf out = SW_BUF(4096);
    (void)state;
    int leak = open("/dev/zero", O_RDONLY); /* not close-on-exec */
    int a = open("/dev/full", O_WRONLY);
    int b = open("/dev/null", O_RDWR | O_CLOEXEC);
    CHECK(leak > 2 && a > 2 && b > 2);
    int extra[3] = {b, -1, a};
    (void)run_script("for f in /proc/$$/fd/*; do case ${f##*/} in 0|3|4|5|6|7|8|9) readlink $f;; esac; done",
                     NULL, extra, 3, 0, &out);
    CHECK_STR(sw_buf_str(&out), "/dev/null\n/dev/null\n/dev/null\n/dev/full\n");
    (void)close(leak);
    (void)close(a);
    (void)close(b);
}

static void a_child_does_not_inherit_ignored_signals(void **state)
{
    sw_auto_buf out = SW_BUF(4096);
    (void)state;
    struct ended ended = run_script("kill -PIPE $$; echo alive", NULL, NULL, 0, 0, &out);
    CHECK_INT(ended.number, SIGPIPE);
}

static void what_cannot_be_started_is_named(void **state)
{
    struct loop *loop = NULL;
    struct loop_process *process = NULL;
    char name[] = "/no/such/program";
    char *argv[] = {name, NULL};
    struct ended ended = {0};
    (void)state;
    struct loop_spawn spawn = {.file = name, .argv = argv, .exited = on_exit_, .arg = &ended};
    CHECK_OK(loop_new(&loop, &err), &err);
    CHECK_INT(loop_process_spawn(loop, &spawn, &process, &err), -SW_EIO);
    CHECK_HAS(err.text, "start '/no/such/program': No such file or directory");
    spawn.fd_count = 1000;
    CHECK_INT(loop_process_spawn(loop, &spawn, &process, &err), -SW_ELIMIT);
    spawn.fd_count = 0;
    sw_mem_fail_after(0);
    int rc = loop_process_spawn(loop, &spawn, &process, &err);
    sw_mem_fail_after(-1);
    CHECK_INT(rc, -SW_ENOMEM);
    CHECK_OK(loop_run(loop, &err), &err);
    CHECK_INT(ended.times, 0);
    loop_free(loop);
}

static void no_descriptor_is_left(void **state)
{
    (void)state;
    int before = descriptors();
    for (int i = 0; i < 3; i++) {
        a_child_gets_its_arguments_and_its_exit_is_told_once(NULL);
        what_cannot_be_started_is_named(NULL);
    }
    CHECK_INT(descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_gets_its_arguments_and_its_exit_is_told_once),
        cmocka_unit_test(a_killed_child_tells_the_signal),
        cmocka_unit_test(the_environment_is_the_given_one),
        cmocka_unit_test(a_child_has_the_given_descriptors_and_no_others),
        cmocka_unit_test(a_child_does_not_inherit_ignored_signals),
        cmocka_unit_test(what_cannot_be_started_is_named),
        cmocka_unit_test(no_descriptor_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
