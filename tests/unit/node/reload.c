/* reload.c - tests of reloads, the control socket, and workers that hang or crash, with a program that plays compiler and worker. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "check.h"
#include "supervise.h"

static char run_dir[PATH_MAX + 16];

static int set_up_run(void **state)
{
    int rc = set_up(state);
    (void)snprintf(run_dir, sizeof run_dir, "%s/run", dir);
    return rc;
}

/* ---- by signal ---- */

static void a_hangup_swaps_the_revision(void **state)
{
    (void)state;
    struct seen seen = {.stay = true, .hangup = true, .load = load_second, .reloads_wanted = 1};
    struct sw_err err;
    CHECK_OK(supervise(&quick, 2, &seen, &err), &err);
    CHECK_INT(seen.ready, 1);
    CHECK_INT(seen.loads, 1);
    CHECK_INT(seen.reloaded, 1);
    CHECK(marked("accepted-new"));
}

static int load_hangup(struct seen *seen, struct app **ret, struct sw_err *err)
{
    for (int i = 0; seen->loads == 1 && i < 3; i++)
        (void)raise(SIGHUP);
    return load_second(seen, ret, err);
}

static void hangups_during_a_reload_are_one_more(void **state)
{
    (void)state;
    struct seen seen = {.stay = true, .hangup = true, .load = load_hangup, .reloads_wanted = 2};
    struct sw_err err;
    CHECK_OK(supervise(&quick, 1, &seen, &err), &err);
    CHECK_INT(seen.loads, 2);
}

static int load_fail(struct seen *seen, struct app **ret, struct sw_err *err)
{
    (void)seen;
    (void)ret;
    (void)raise(SIGTERM);
    return sw_fail(err, SW_EINPUT, "no such key");
}

static void what_does_not_load_changes_nothing(void **state)
{
    (void)state;
    struct seen seen = {.stay = true, .hangup = true, .load = load_fail};
    struct sw_err err;
    CHECK_OK(supervise(&quick, 1, &seen, &err), &err);
    CHECK_INT(seen.reloaded, 0);
    check_log("serves on: no such key");
}

static int load_and_end(struct seen *seen, struct app **ret, struct sw_err *err)
{
    (void)raise(SIGTERM);
    return load_second(seen, ret, err);
}

static void a_reload_that_is_overtaken_by_the_end_ends(void **state)
{
    (void)state;
    struct seen seen = {.stay = true, .hangup = true, .load = load_and_end};
    struct sw_err err;
    CHECK_OK(supervise(&quick, 2, &seen, &err), &err);
    CHECK_INT(seen.reloaded, 0);
    CHECK(!marked("accepted-new"));
}

/* ---- over the socket ---- */

static void note(const char *name, const char *text)
{
    char path[PATH_MAX + 64];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) != 0)
        _exit(9);
}

static void check_note(const char *name, const char *part)
{
    char path[PATH_MAX + 64];
    char text[2048] = "";
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK(read(fd, text, sizeof text - 1) >= 0);
    (void)close(fd);
    CHECK_HAS(text, part);
}

static void ask(const char *name, const char *address, uint32_t pid)
{
    struct sw_err err = {0};
    const struct node_control_target target = {.run_dir = run_dir, .address = address, .pid = pid};
    int rc = node_control_reload(&target, &err);
    note(name, rc == 0 ? "done" : err.text);
}

static int talk(const char *question, char *answer, size_t bytes)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int dir_fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/127.0.0.1:1.sock", dir_fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        _exit(8);
    if (question)
        (void)!send(fd, question, strlen(question), MSG_NOSIGNAL);
    ssize_t n = answer ? recv(fd, answer, bytes - 1, 0) : 0;
    if (answer)
        answer[n > 0 ? n : 0] = '\0';
    return fd;
}

static void end_parent(void)
{
    (void)kill(getppid(), SIGTERM);
    _exit(0);
}

static void ask_in_every_way(struct seen *seen)
{
    (void)seen;
    char answer[1024];
    struct stat st;
    char path[PATH_MAX + 64];
    (void)snprintf(path, sizeof path, "%s/127.0.0.1:1.sock", run_dir);
    if (stat(path, &st) == 0 && (st.st_mode & 0777) == 0600)
        note("mode", "0600");
    (void)usleep(100000); /* the first revision accepts */
    (void)talk("no json", answer, sizeof answer);
    note("garbage", answer);
    ask("only", NULL, 0);
    ask("address", "127.0.0.1:1", 0);
    ask("pid", NULL, (uint32_t)getppid());
    ask("other address", "127.0.0.1:2", 0);
    ask("bad address", "../run/127.0.0.1:1", 0);
    ask("other pid", NULL, 1);
    end_parent();
}

static void clients_get_an_answer(void **state)
{
    (void)state;
    struct seen seen = {.stay = true, .at_ready = ask_in_every_way, .load = load_second, .run_dir = run_dir};
    struct sw_err err = {0};
    CHECK_OK(supervise(&quick, 1, &seen, &err), &err);
    check_note("mode", "0600");
    check_note("garbage", "\"failed\"");
    check_note("only", "done");
    check_note("address", "done");
    check_note("pid", "done");
    check_note("other address", "no application of ours listens on 127.0.0.1:2");
    check_note("bad address", "no application of ours listens on");
    check_note("other pid", "process 1 runs no application of ours");
    CHECK_INT(seen.reloaded, 3);
    const struct node_control_target nobody = {.run_dir = run_dir};
    CHECK_INT(node_control_reload(&nobody, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "no application of ours is running");
}

static void crowd(struct seen *seen)
{
    (void)seen;
    (void)usleep(100000);
    for (int i = 0; i < 20; i++)
        (void)talk(NULL, NULL, 0); /* they say nothing, and stay */
    char answer[64];
    (void)talk("{\"type\":\"reload\"}", answer, sizeof answer);
    note("late", answer[0] ? answer : "closed");
    end_parent();
}

static void too_many_clients_are_sent_away(void **state)
{
    (void)state;
    struct seen seen = {.stay = true, .at_ready = crowd, .load = load_second, .run_dir = run_dir};
    struct sw_err err;
    CHECK_OK(supervise(&quick, 1, &seen, &err), &err);
    check_note("late", "closed");
    CHECK_INT(seen.loads, 0);
}

static void ask_once(struct seen *seen)
{
    (void)seen;
    (void)usleep(100000);
    ask("once", NULL, 0);
    end_parent();
}

static int load_for_bad_compiler(struct seen *seen, struct app **ret, struct sw_err *err)
{
    (void)setenv("FAKE_COMPILE", "fail", 1);
    return load_second(seen, ret, err);
}

static void a_revision_that_fails_is_answered_with_its_words(void **state)
{
    (void)state;
    struct seen seen = {.stay = true, .at_ready = ask_once, .load = load_second, .run_dir = run_dir};
    struct sw_err err;
    (void)setenv("FAKE_WORKER", "new-fails", 1);
    CHECK_OK(supervise(&quick, 2, &seen, &err), &err);
    check_note("once", "the new one is no good");
    seen.load = load_for_bad_compiler;
    CHECK_OK(supervise(&quick, 2, &seen, &err), &err);
    check_note("once", "'x.wasm': not a component at byte 3");
    CHECK_INT(seen.reloaded, 0);
    check_log("the revision before it serves on: the new one is no good");
}

static void a_folder_that_others_can_enter_is_not_used(void **state)
{
    (void)state;
    struct seen seen = {.load = load_second, .run_dir = run_dir};
    struct sw_err err = {0};
    CHECK_INT(mkdir(run_dir, 0755), 0);
    CHECK_INT(chmod(run_dir, 0755), 0);
    CHECK_OK(supervise(&quick, 1, &seen, &err), &err); /* it serves all the same */
    check_log("'swell reload' will not find this process: run folder");
    const struct node_control_target target = {.run_dir = run_dir};
    CHECK_INT(node_control_reload(&target, &err), -SW_EDENIED);
}

/* ---- workers that hang or crash ---- */

static void a_worker_that_hangs_is_replaced(void **state)
{
    (void)state;
    struct seen seen = {.stay = true};
    struct sw_err err;
    (void)setenv("FAKE_WORKER", "freeze", 1);
    CHECK_OK(supervise(&quick, 1, &seen, &err), &err);
    CHECK(marked("froze"));
    check_log(") hung: no sign of life for 300 ms; it was ended; it is started again in 5 ms");
}

static void a_crash_names_the_component(void **state)
{
    (void)state;
    struct seen seen = {.stay = true};
    struct sw_err err;
    (void)setenv("FAKE_WORKER", "segv", 1);
    CHECK_OK(supervise(&quick, 1, &seen, &err), &err);
    check_log(") was ended by signal 11 (Segmentation fault) while running component 'two' (call 5)");
}

static void a_worker_that_says_what_is_not_known_is_replaced(void **state)
{
    (void)state;
    struct seen seen = {.stay = true};
    struct sw_err err;
    (void)setenv("FAKE_WORKER", "babble", 1);
    CHECK_OK(supervise(&quick, 1, &seen, &err), &err);
    check_log("worker=0 it is ended for a message that is not known: {\"type\":\"open\"");
    check_log(") was ended by signal 9 (Killed); it is started again in 5 ms");
}

static void a_control_socket_without_descriptors_rests(void **state)
{
    (void)state;
    struct seen seen = {.stay = true, .at_ready = ask_once, .load = load_second, .run_dir = run_dir};
    struct sw_err err;
    CHECK_OK(sw_fault_setup("worker", "node.accept:1", &err), &err);
    CHECK_OK(supervise(&quick, 1, &seen, &err), &err);
    check_note("once", "done");
    check_log("fault point=node.accept");
    CHECK_OK(sw_fault_setup("worker", NULL, &err), &err);
}

/* ---- without memory ---- */

static int load_with_failures(struct seen *seen, struct app **ret, struct sw_err *err)
{
    sw_mem_fail_after(-1);
    int rc = load_second(seen, ret, err);
    sw_mem_fail_after(seen->fail_after);
    seen->fail_after += 2;
    return rc;
}

static void hang_up_until_it_works(struct seen *seen)
{
    (void)seen;
    for (int i = 0; i < 1000 && !marked("accepted-new"); i++) {
        (void)kill(getppid(), SIGHUP);
        (void)usleep(20000);
    }
    end_parent();
}

static void every_allocation_of_a_reload_may_fail(void **state)
{
    (void)state;
    struct seen seen = {.stay = true, .at_ready = hang_up_until_it_works, .load = load_with_failures};
    struct sw_err err;
    int rc = supervise(&impatient, 1, &seen, &err);
    sw_mem_fail_after(-1);
    CHECK_OK(rc, &err);
    CHECK(marked("accepted-new"));
    CHECK(seen.loads > 5);
    check_log("no memory for");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_run, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_hangup_swaps_the_revision),
        TEST(hangups_during_a_reload_are_one_more),
        TEST(what_does_not_load_changes_nothing),
        TEST(a_reload_that_is_overtaken_by_the_end_ends),
        TEST(clients_get_an_answer),
        TEST(too_many_clients_are_sent_away),
        TEST(a_revision_that_fails_is_answered_with_its_words),
        TEST(a_folder_that_others_can_enter_is_not_used),
        TEST(a_worker_that_hangs_is_replaced),
        TEST(a_crash_names_the_component),
        TEST(a_worker_that_says_what_is_not_known_is_replaced),
        TEST(a_control_socket_without_descriptors_rests),
        TEST(every_allocation_of_a_reload_may_fail),
    };
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
