/* fake.c - plays compiler and worker for the supervisor's tests; FAKE_COMPILE, FAKE_WORKER and FAKE_DIR say how. */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "loop/loop.h"
#include "node/node.h"

static bool is(const char *variable, const char *value)
{
    const char *text = getenv(variable);
    return text && strcmp(text, value) == 0;
}

/* Makes the file in FAKE_DIR; false when it was there. */
static bool mark(const char *name)
{
    char path[4096];
    const char *dir = getenv("FAKE_DIR");
    (void)snprintf(path, sizeof path, "%s/%s", dir ? dir : ".", name);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    (void)close(fd);
    return true;
}

/* ---- compiler ---- */

/* Takes "--parent PID" off the end. */
static bool knows_parent(int *argc, char **argv)
{
    *argc -= 2;
    return *argc > 0 && strcmp(argv[*argc], "--parent") == 0 &&
           strtol(argv[*argc + 1], NULL, 10) == getppid();
}

static int check(int argc, char **argv)
{
    if (!knows_parent(&argc, argv) || argc != 4 || strcmp(argv[2], "--component") != 0)
        return 64;
    if (is("FAKE_COMPILE", "fail")) {
        (void)fputs("'x.wasm': not a component at byte 3\nhint: make one\n", stderr);
        return 2;
    }
    if (is("FAKE_COMPILE", "silent"))
        return 3;
    if (is("FAKE_COMPILE", "signal"))
        (void)raise(SIGKILL);
    if (is("FAKE_COMPILE", "hang"))
        (void)sleep(60);
    if (is("FAKE_COMPILE", "slow"))
        (void)usleep(300000);
    if (is("FAKE_COMPILE", "garbage"))
        (void)puts("core 1 x");
    if (is("FAKE_COMPILE", "empty"))
        (void)puts("core 0 0");
    if (is("FAKE_COMPILE", "large"))
        (void)puts("core 0 536870913");
    if (is("FAKE_COMPILE", "half"))
        (void)fputs("core 0 x", stdout);
    for (int i = 0; is("FAKE_COMPILE", "flood") && i < 100000; i++)
        (void)fputs("all work and no play\n", stderr);
    if (is("FAKE_COMPILE", "flood"))
        return 1;
    unsigned count = is("FAKE_COMPILE", "many") ? 100 : 1;
    for (unsigned i = 0; i < count; i++) {
        char module = (char)(i + 1);
        if (write(NODE_CHECK_MODULES_FD, &module, 1) != 1 || printf("core %u 1\n", i) < 0)
            return 1;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

static bool put(int fd, const char *text)
{
    ssize_t n = (ssize_t)strlen(text);
    return write(fd, text, (size_t)n) == n;
}

static int compile(int argc, char **argv)
{
    char module = 0;
    if (!knows_parent(&argc, argv) || argc != 6 || strcmp(argv[2], "--offset") != 0 ||
        strcmp(argv[4], "--bytes") != 0 ||
        pread(NODE_COMPILE_MODULES_FD, &module, 1, (off_t)strtol(argv[3], NULL, 10)) != 1 ||
        module != strtol(argv[3], NULL, 10) + 1 || strcmp(argv[5], "1") != 0)
        return 64;
    if (write(NODE_COMPILE_MODULES_FD, &module, 1) != -1) /* it is for reading */
        return 65;
    if (is("FAKE_COMPILE", "core-fail")) {
        (void)fputs("type mismatch\n", stderr);
        return 2;
    }
    if (is("FAKE_COMPILE", "core-signal"))
        (void)raise(SIGKILL);
    if (is("FAKE_COMPILE", "core-hang"))
        (void)sleep(60);
    if (is("FAKE_COMPILE", "core-nothing"))
        return 0;
    if (is("FAKE_COMPILE", "core-huge-image") && ftruncate(NODE_COMPILE_IMAGE_FD, (65 << 20)) != 0)
        return 1;
    (void)mark("compiled");
    return put(NODE_COMPILE_CODE_FD, "code") && put(NODE_COMPILE_IMAGE_FD, "image") ? 0 : 1;
}

/* ---- worker ---- */

struct worker {
    struct loop *loop;
    struct node_worker *channel;
    struct node_serving *serving;
    struct loop_timer *timer;
};

static bool is_file_of(int fd, const char *content)
{
    char text[16] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    return n >= 0 && strcmp(text, content) == 0 && lseek(fd, 0, SEEK_CUR) == 0;
}

static bool can_listen(const struct node_serving *serving)
{
    struct stat st;
    return fstat(serving->listen_fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool is_whole(const struct node_serving *serving)
{
    for (uint32_t i = 0; i < serving->app->component_count; i++) {
        const struct node_served_component *component = &serving->components[i];
        if (!is_file_of(component->wasm_fd, "wasm"))
            return false;
        for (uint32_t k = 0; k < component->artifact_count; k++) {
            char key[65];
            (void)snprintf(key, sizeof key, "%064x", k + 1);
            if (strcmp(component->artifacts[k].key, key) != 0 ||
                !is_file_of(component->artifacts[k].cwasm_fd, "code") ||
                !is_file_of(component->artifacts[k].image_fd, "image"))
                return false;
        }
    }
    return sw_str_eq(serving->app->name, SW_LIT("sample")) && serving->app->component_count == 2;
}

static void stop(void *arg)
{
    loop_stop(((struct worker *)arg)->loop);
}

static void serve(void *arg, struct node_serving *serving)
{
    struct worker *worker = arg;
    struct sw_err err;
    worker->serving = serving;
    if (is("FAKE_WORKER", "stuck"))
        return;
    if (is("FAKE_WORKER", "failed") || !can_listen(serving) || !is_whole(serving) ||
        serving->memory_bytes != UINT64_C(5) << 32) {
        sw_ignore(node_worker_failed(worker->channel, "cannot serve \"this\"", &err));
        return;
    }
    if (is("FAKE_WORKER", "crash"))
        _exit(9);
    if (is("FAKE_WORKER", "new-fails") && !sw_str_eq(serving->app->version, SW_LIT(""))) {
        sw_ignore(node_worker_failed(worker->channel, "the new one is no good", &err));
        return;
    }
    bool first = mark("first");
    if (node_worker_ready(worker->channel, &err) < 0)
        _exit(10);
    if (is("FAKE_WORKER", "ready-and-gone"))
        _exit(12);
    if (is("FAKE_WORKER", "crash-once") && first) {
        (void)usleep(50000); /* the supervisor hears "ready" */
        _exit(7);
    }
    if (is("FAKE_WORKER", "crash-once") && mark("second"))
        (void)kill(getppid(), SIGTERM);
}

static void accept_(void *arg)
{
    const struct worker *worker = arg;
    if (is("FAKE_WORKER", "die-at-accept"))
        _exit(11);
    (void)mark("accepted");
    if (is("FAKE_WORKER", "babble") && mark("babbled")) {
        const struct node_message message = {.json = SW_LIT("{\"type\":\"open\",\"path\":\"/etc/passwd\"}")};
        struct sw_err err;
        sw_ignore(node_channel_send(NODE_CHANNEL_FD, &message, &err)); /* the log tells */
    } else if (is("FAKE_WORKER", "babble")) {
        (void)kill(getppid(), SIGTERM); /* the second life */
    }
    if (worker->serving->app->version.n)
        (void)mark("accepted-new");
    if (is("FAKE_WORKER", "freeze") && mark("froze"))
        (void)raise(SIGSTOP);
    if (is("FAKE_WORKER", "segv") && mark("died")) {
        struct node_status *status = node_worker_status(worker->channel);
        atomic_store(&status->running, 2);
        atomic_store(&status->calls, 5);
        (void)signal(SIGSEGV, SIG_DFL);
        (void)raise(SIGSEGV);
    }
    if (is("FAKE_WORKER", "freeze") || is("FAKE_WORKER", "segv"))
        (void)kill(getppid(), SIGTERM); /* the second life */
}

static void drain(void *arg)
{
    struct worker *worker = arg;
    if (is("FAKE_WORKER", "stubborn"))
        return;
    struct sw_err err;
    (void)mark("drained");
    sw_ignore(node_worker_stopped(worker->channel, &err)); /* the test sees it by what follows */
    loop_timer_start(worker->timer, 50);
}

static void lost(void *arg)
{
    (void)mark("lost");
    stop(arg);
}

/* A process that was started once: ends when it has its table. */
static void serve_once(void *arg, struct node_serving *serving)
{
    struct worker *worker = arg;
    worker->serving = serving;
    if (is("FAKE_WORKER", "segv"))
        (void)raise(SIGKILL);
    if (is("FAKE_WORKER", "failed") || can_listen(serving) || !is_whole(serving))
        _exit(7);
    (void)mark("served-once");
    stop(arg);
}

static int run_worker(void (*on_serve)(void *arg, struct node_serving *serving))
{
    const struct node_worker_events events = {on_serve, accept_, drain, lost};
    struct worker worker = {0};
    struct sw_err err;
    const char *fail_after = getenv("FAKE_FAIL_AFTER");
    uint64_t n = 0;
    (void)signal(SIGTERM, SIG_IGN);
    if (fail_after && sw_str_to_u64(sw_str_of(fail_after), 100000, &n)) {
        sw_log_setup(-1, SW_LOG_ERROR, "fake"); /* hundreds of failures are what the test wants */
        sw_mem_fail_after((long)n);
    }
    int rc = loop_new(&worker.loop, &err);
    if (rc == 0)
        rc = loop_timer_new(worker.loop, stop, &worker, &worker.timer, &err);
    if (rc == 0)
        rc = node_worker_new(worker.loop, NODE_CHANNEL_FD, &events, &worker, &worker.channel, &err);
    if (rc == 0)
        rc = loop_run(worker.loop, &err);
    node_worker_free(worker.channel);
    node_serving_free(worker.serving);
    loop_timer_free(worker.timer);
    loop_free(worker.loop);
    return rc < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "internal-check") == 0)
        return check(argc, argv);
    if (argc > 1 && strcmp(argv[1], "internal-compile") == 0)
        return compile(argc, argv);
    if (argc > 1 && strcmp(argv[1], "internal-worker") == 0)
        return run_worker(serve);
    if (argc > 1 && strcmp(argv[1], "internal-once") == 0)
        return run_worker(serve_once);
    return 64;
}
