/* compile.c - has every component compiled by a child process of its own.  Room: node.
 *
 *   waiting --start--> running --exit 0, keys read--> compiled
 *                         |  exit, signal, time limit, bad output --> the set fails: the others are killed
 *
 * A child's output goes to memory files of a fixed size that cannot grow, so nothing has to be read while it runs and it cannot fill
 * our memory. Invariants
 *  1. At most NODE_COMPILERS_MAX jobs are running; `next` is the first job never started.
 *  2. done is called once, from a child's exit, when none is running and (all are compiled or rc < 0). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "codec/digest.h"
#include "node/limits.h"
#include "node/node_internal.h"
#include "node/sandbox_internal.h"

struct job {
    struct node__compile *set;
    uint32_t component;
    struct loop_process *process; /* NULL: not running */
    struct loop_timer *timer;
    uint64_t started_ms;
    bool announced;
    bool timed_out;
    int out_fd;
    int err_fd;
    struct node__keys keys;
};

struct node__compile {
    struct loop *loop;
    const struct node_config *config;
    const struct node__timing *timing;
    node__compiled_fn *done;
    void *arg;
    struct job *jobs;
    uint32_t count;
    uint32_t next;
    uint32_t running;
    int rc;
    struct sw_err err;
};

static const struct app_component *component_of(const struct job *job)
{
    return &job->set->config->app->components[job->component];
}

static uint64_t elapsed_ms(const struct job *job)
{
    return loop_now_ms(job->set->loop) - job->started_ms;
}

static void progress(struct job *job, bool done)
{
    const struct node_config *config = job->set->config;
    if (config->progress && (!done || job->announced))
        config->progress(config->ready_arg, component_of(job)->id, elapsed_ms(job), done);
    job->announced = true;
}

static void on_tick(void *arg)
{
    struct job *job = arg;
    if (elapsed_ms(job) >= job->set->timing->compile_ms_max) {
        job->timed_out = true;
        loop_process_kill(job->process, SIGKILL);
        return; /* its exit comes */
    }
    progress(job, false);
    loop_timer_start(job->timer, job->set->timing->progress_ms);
}

static void fail_set(struct node__compile *set, int rc, const struct sw_err *err)
{
    if (set->rc < 0)
        return; /* the first one counts */
    set->rc = rc;
    set->err = *err;
    for (uint32_t i = 0; i < set->count; i++)
        if (set->jobs[i].process)
            loop_process_kill(set->jobs[i].process, SIGKILL);
}

/* ---- what a child left ---- */

static int output_file(size_t bytes, int *ret_fd, struct sw_err *err)
{
    sw_auto_close int fd = memfd_create("swell-compile", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "make a memory file");
    *ret_fd = fd;
    fd = -1; /* taken by the caller */
    return 0;
}

/* What was written: up to the first NUL byte. */
static int output_read(int fd, struct sw_buf *buffer, struct sw_str *ret, struct sw_err *err)
{
    int rc = node__read_whole(fd, buffer, err);
    if (rc == 0)
        *ret = sw_str_head(sw_buf_str(buffer), sw_str_find(sw_buf_str(buffer), '\0'));
    return rc;
}

static struct sw_str take_word(struct sw_str *line)
{
    size_t end = sw_str_find(*line, ' ');
    struct sw_str word = end == SW_NPOS ? *line : sw_str_head(*line, end);
    *line = end == SW_NPOS ? sw_str("", 0) : sw_str_from(*line, end + 1);
    return word;
}

/* "core <index> <key>" */
static int read_line(struct job *job, struct sw_str line, struct sw_err *err)
{
    struct sw_str rest = line;
    uint64_t index = 0;
    bool good = sw_str_eq(take_word(&rest), SW_LIT("core")) &&
                sw_str_to_u64(take_word(&rest), NODE_ARTIFACTS_MAX - 1, &index) && index == job->keys.count &&
                codec_is_sha256_hex(rest);
    if (!good)
        return sw_fail(err, SW_EBUG, "the compiler printed '" SW_FMT "', expected 'core %u <key>'",
                       SW_ARG(sw_str_head(line, 100)), job->keys.count);
    memcpy(job->keys.keys[job->keys.count], rest.p, rest.n);
    job->keys.count++;
    return 0;
}

static int read_keys(struct job *job, struct sw_err *err)
{
    sw_auto_buf out = SW_BUF(NODE_COMPILE_OUTPUT_BYTES_MAX);
    struct sw_str text = {NULL, 0};
    int rc = output_read(job->out_fd, &out, &text, err);
    if (rc < 0)
        return rc;
    job->keys.keys = sw_try_alloc_array(NODE_ARTIFACTS_MAX, sizeof *job->keys.keys);
    if (!job->keys.keys)
        return sw_fail(err, SW_ENOMEM, "no memory for %d keys", NODE_ARTIFACTS_MAX);
    while (rc == 0 && text.n) {
        size_t end = sw_str_find(text, '\n');
        if (end == SW_NPOS)
            return sw_fail(err, SW_EBUG, "the compiler's output ends inside a line");
        rc = read_line(job, sw_str_head(text, end), err);
        text = sw_str_from(text, end + 1);
    }
    return rc;
}

static int describe_failure(struct job *job, int exit_status, int term_signal, struct sw_err *err)
{
    struct sw_str id = component_of(job)->id;
    if (job->timed_out)
        return sw_fail(err, SW_ETIMEOUT, "component '" SW_FMT "': compiling took longer than %llu s",
                       SW_ARG(id), (unsigned long long)(job->set->timing->compile_ms_max / 1000));
    sw_auto_buf buffer = SW_BUF(NODE_COMPILE_MESSAGE_BYTES_MAX);
    struct sw_str message = {NULL, 0};
    int rc = output_read(job->err_fd, &buffer, &message, err);
    if (rc < 0)
        return rc;
    while (message.n && (message.p[message.n - 1] == '\n' || message.p[message.n - 1] == ' '))
        message.n--;
    enum sw_code code = exit_status == sw_code_exit_status(SW_EINPUT) ? SW_EINPUT : SW_EIO;
    if (term_signal)
        return sw_fail(err, code, "component '" SW_FMT "': its compiler was ended by signal %d (%s)%s" SW_FMT,
                       SW_ARG(id), term_signal, node__signal_text(term_signal), message.n ? ": " : "",
                       SW_ARG(message));
    if (message.n == 0)
        return sw_fail(err, code, "component '" SW_FMT "': its compiler ended with status %d", SW_ARG(id),
                       exit_status);
    return sw_fail(err, code, "component '" SW_FMT "': " SW_FMT, SW_ARG(id), SW_ARG(message));
}

/* ---- running ---- */

static void job_close(struct job *job)
{
    if (job->out_fd >= 0)
        (void)close(job->out_fd); /* memory files: nothing can be lost */
    if (job->err_fd >= 0)
        (void)close(job->err_fd);
    job->out_fd = job->err_fd = -1;
    loop_timer_free(job->timer);
    job->timer = NULL;
}

static void start_more(struct node__compile *set);

static void on_exit_(void *arg, int exit_status, int term_signal)
{
    struct job *job = arg;
    struct node__compile *set = job->set;
    struct sw_err err = {0};
    job->process = NULL;
    set->running--;
    int rc = 0;
    if (set->rc == 0) {
        bool good = exit_status == 0 && term_signal == 0;
        rc = good ? read_keys(job, &err) : describe_failure(job, exit_status, term_signal, &err);
    }
    progress(job, true);
    job_close(job);
    if (rc < 0)
        fail_set(set, rc, &err);
    start_more(set);
    if (set->running == 0)
        set->done(set->arg, set->rc, &set->err); /* may free the set */
}

static int job_start(struct job *job, struct sw_err *err)
{
    struct node__compile *set = job->set;
    const struct app_component *component = component_of(job);
    union { /* libuv does not write to them */
        const char *in[7];
        char *out[7];
    } argv = {{set->config->program, "internal-compile", "--component", component->source.p, "--cache",
               set->config->cache_dir, NULL}};
    int rc = output_file(NODE_COMPILE_OUTPUT_BYTES_MAX, &job->out_fd, err);
    if (rc == 0)
        rc = output_file(NODE_COMPILE_MESSAGE_BYTES_MAX, &job->err_fd, err);
    if (rc == 0)
        rc = loop_timer_new(set->loop, on_tick, job, &job->timer, err);
    if (rc < 0)
        return rc;
    const int fds[] = {-1, job->out_fd, job->err_fd};
    const struct loop_spawn spawn = {.file = set->config->program,
                                     .argv = argv.out,
                                     .fds = fds,
                                     .fd_count = 3,
                                     .exited = on_exit_,
                                     .arg = job};
    rc = loop_process_spawn(set->loop, &spawn, &job->process, err);
    if (rc < 0)
        return rc;
    job->started_ms = loop_now_ms(set->loop);
    loop_timer_start(job->timer, set->timing->progress_ms);
    set->running++;
    return 0;
}

static void start_more(struct node__compile *set)
{
    while (set->rc == 0 && set->running < NODE_COMPILERS_MAX && set->next < set->count) {
        struct job *job = &set->jobs[set->next++];
        struct sw_err err;
        int rc = job_start(job, &err);
        if (rc < 0) {
            job_close(job);
            fail_set(set, rc, &err);
        }
    }
}

int node__compile_new(const struct node__compile_request *request, struct node__compile **ret,
                      struct sw_err *err)
{
    uint32_t count = request->config->app->component_count;
    struct node__compile *set = sw_alloc(sizeof *set);
    *set = (struct node__compile){.loop = request->loop,
                                  .config = request->config,
                                  .timing = request->timing,
                                  .done = request->done,
                                  .arg = request->arg};
    set->jobs = sw_try_alloc_array(count, sizeof *set->jobs);
    if (!set->jobs) {
        node__compile_free(set);
        return sw_fail(err, SW_ENOMEM, "no memory for %u components", count);
    }
    set->count = count;
    for (uint32_t i = 0; i < set->count; i++)
        set->jobs[i] = (struct job){.set = set, .component = i, .out_fd = -1, .err_fd = -1};
    start_more(set);
    if (set->running == 0) { /* not even the first one could be started */
        int rc = set->rc < 0 ? set->rc : -SW_EINPUT;
        *err = set->err;
        if (set->rc == 0)
            rc = sw_fail(err, SW_EINPUT, "the application has no components");
        node__compile_free(set);
        return rc;
    }
    *ret = set;
    return 0;
}

void node__compile_cancel(struct node__compile *compile)
{
    struct sw_err err;
    int rc = sw_fail(&err, SW_ECANCELLED, "stopped while compiling");
    fail_set(compile, rc, &err);
}

const struct node__keys *node__compile_keys(const struct node__compile *compile, uint32_t component)
{
    return &compile->jobs[component].keys;
}

void node__compile_free(struct node__compile *compile)
{
    if (!compile)
        return;
    for (uint32_t i = 0; i < compile->count; i++) {
        job_close(&compile->jobs[i]);
        sw_free(compile->jobs[i].keys.keys);
    }
    sw_free(compile->jobs);
    sw_free(compile);
}
