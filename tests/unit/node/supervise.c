/* supervise.c - runs a supervisor with fake_node for a test.  Room: tests. */
#include "supervise.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"
#include "check.h"

char dir[PATH_MAX];
char cache[PATH_MAX + 16];
char wasm[PATH_MAX + 16];
static int log_fd = -1;

static struct app_component components[] = {{.id = SW_LIT_INIT("one")}, {.id = SW_LIT_INIT("two")}};
static const struct app_http_trigger trigger = {.id = SW_LIT_INIT("t"), .route = SW_LIT_INIT("/...")};
static const struct app sample = {.name = SW_LIT_INIT("sample"),
                                  .origin = SW_LIT_INIT("/sample"),
                                  .components = components,
                                  .component_count = 2,
                                  .http = &trigger,
                                  .http_count = 1};

static void on_ready(void *arg)
{
    struct seen *seen = arg;
    seen->ready++;
    if (seen->kill_self)
        (void)raise(SIGKILL);
    if (seen->hangup)
        (void)raise(SIGHUP);
    if (seen->at_ready)
        seen->asker = fork();
    if (seen->at_ready && seen->asker == 0)
        seen->at_ready(seen); /* does not return */
    if (!seen->stay)
        (void)raise(SIGTERM);
}

static int on_load(void *arg, struct app **ret, struct sw_err *err)
{
    struct seen *seen = arg;
    seen->loads++;
    return seen->load(seen, ret, err);
}

static void on_reloaded(void *arg, const struct app *app)
{
    struct seen *seen = arg;
    seen->reloaded++;
    CHECK_STR(app->version, "2");
    if (seen->reloaded == seen->reloads_wanted)
        (void)raise(SIGTERM);
}

int load_second(struct seen *seen, struct app **ret, struct sw_err *err)
{
    struct app app = sample;
    sw_auto_buf text = SW_BUF(65536);
    (void)seen;
    app.version = SW_LIT("2");
    components[0].source = components[1].source = sw_str_of(wasm);
    int rc = app_to_json(&app, &text, err);
    return rc < 0 ? rc : app_from_json(sw_buf_str(&text), ret, err);
}

static void on_progress(void *arg, struct sw_str component, uint64_t elapsed_ms, bool done)
{
    struct seen *seen = arg;
    (void)component;
    (void)elapsed_ms;
    seen->progress++;
    seen->done += done;
    if (seen->stop_at_progress)
        (void)raise(SIGINT);
}

/* A module is one byte: fake.c. */
static void artifact_key(struct sw_str module, char ret_key[65])
{
    CHECK_INT(module.n, 1);
    (void)snprintf(ret_key, 65, "%064x", (unsigned char)module.p[0]);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int set_up(void **state)
{
    (void)state;
    char name[] = "node-XXXXXX"; /* in the build folder */
    if (!mkdtemp(name) || !realpath(name, dir))
        return -1;
    (void)snprintf(cache, sizeof cache, "%s/c/aot", dir);
    (void)snprintf(wasm, sizeof wasm, "%s/x.wasm", dir);
    FILE *file = fopen(wasm, "w");
    if (!file || fputs("wasm", file) < 0 || fclose(file) != 0)
        return -1;
    char log[PATH_MAX + 16];
    (void)snprintf(log, sizeof log, "%s/log", dir);
    log_fd = open(log, O_CREAT | O_RDWR | O_CLOEXEC | O_APPEND, 0600);
    sw_log_setup(log_fd, SW_LOG_WARN, "supervisor");
    (void)setenv("FAKE_DIR", dir, 1);
    (void)unsetenv("FAKE_COMPILE");
    (void)unsetenv("FAKE_WORKER");
    (void)unsetenv("FAKE_FAIL_AFTER");
    return log_fd >= 0 ? 0 : -1;
}

int tear_down(void **state)
{
    (void)state;
    (void)close(log_fd);
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

bool marked(const char *name)
{
    char path[PATH_MAX + 64];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

void check_log(const char *part)
{
    static char text[65536];
    ssize_t n = pread(log_fd, text, sizeof text - 1, 0);
    CHECK(n >= 0);
    text[n] = '\0';
    CHECK_HAS(text, part);
}

static int count_fds(void)
{
    DIR *fds = opendir("/proc/self/fd");
    int count = 0;
    CHECK(fds != NULL);
    if (!fds)
        return 0;
    while (readdir(fds))
        count++;
    (void)closedir(fds);
    return count;
}

const struct node__timing quick = {
    .compile_ms_max = 60000, /* a loaded machine is no hanging compiler */
    .progress_ms = 100,
    .start_ms_max = 5000,
    .drain_ms_max = 5000,
    .backoff_ms_min = 5,
    .backoff_ms_max = 20,
    .steady_ms = 5000,
    .crashes_max = 3,
    .ping_ms = 30,
    .pings_max = 10,
    .abort_ms_max = 50,
};

int supervise(const struct node__timing *timing, uint32_t workers, struct seen *seen, struct sw_err *err)
{
    struct app app = sample;
    components[0].source = components[1].source = sw_str_of(wasm);
    app.origin = sw_str_of(wasm);
    int listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(listen_fd >= 0);
    const struct node_config config = {.app = &app,
                                       .program = FAKE_PROGRAM,
                                       .cache_dir = cache,
                                       .artifact_key = artifact_key,
                                       .listen_fd = listen_fd,
                                       .workers = workers,
                                       .memory_bytes = UINT64_C(5) << 32,
                                       .ready = on_ready,
                                       .ready_arg = seen,
                                       .progress = on_progress,
                                       .load = seen->load ? on_load : NULL,
                                       .reloaded = on_reloaded,
                                       .run_dir = seen->run_dir,
                                       .address = "127.0.0.1:1"};
    int before = count_fds();
    int rc = node__supervise(&config, timing, err);
    CHECK_INT(count_fds(), before);
    CHECK_INT(close(listen_fd), 0);
    if (seen->asker > 0)
        CHECK_INT(waitpid(seen->asker, NULL, 0), seen->asker);
    CHECK(waitpid(-1, NULL, WNOHANG) <= 0); /* no child is left */
    return rc;
}

const struct node__timing impatient = {
    .compile_ms_max = 2000,
    .progress_ms = 1000,
    .start_ms_max = 200,
    .drain_ms_max = 200,
    .backoff_ms_min = 1,
    .backoff_ms_max = 1,
    .steady_ms = 5000,
    .crashes_max = 1,
    .ping_ms = 30,
    .pings_max = 200,
    .abort_ms_max = 50,
};

/* libuv keeps a pipe for signals once there was a loop with one. */
int warm_up(void **state)
{
    (void)state;
    struct loop *loop = NULL;
    struct loop_signal *signal = NULL;
    struct sw_err err;
    if (loop_new(&loop, &err) < 0 || loop_signal_new(loop, SIGHUP, NULL, NULL, &signal, &err) < 0)
        return -1;
    loop_signal_free(signal);
    loop_free(loop);
    return 0;
}
