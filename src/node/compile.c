/* compile.c - has every component checked, and each of its core modules compiled, by child processes of their own.  Room: node.
 *
 *   waiting --start--> checking --exit 0, modules read--> next module --all are in the cache--> compiled
 *                         |                                ^     | it is not
 *                         |       exit 0, files committed  |     v
 *                         |                                compiling
 *                         +-- exit, signal, time limit, bad output --> the set fails: the others are killed
 *
 * A child that was taken over by what it reads can do no more than it could by its input: the check gives us modules, whose keys we
 * compute ourselves from the bytes that are compiled; a compiler sees one module and can spoil what is kept under this module's key.
 *
 * A child's output goes to memory files of a fixed size that cannot grow, or to files of limited size, so nothing has to be read while it
 * runs and it cannot fill our memory. Invariants
 *  1. At most NODE_COMPILERS_MAX jobs are running; `next` is the first job never started.
 *  2. done is called once, from a child's exit, when none is running and (all are compiled or rc < 0).
 *  3. A running job has a process; keys.count of its modules are in the cache, and the next one is being compiled (when it is checked). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "codec/digest.h"
#include "node/compile_internal.h"
#include "node/limits.h"

struct job {
    struct node__compile *set;
    uint32_t component;
    struct loop_process *process; /* NULL: not running */
    struct loop_timer *timer;
    uint64_t started_ms;
    bool announced;
    bool timed_out;
    bool checked;
    int out_fd; /* of the process that runs, as err_fd */
    int err_fd;
    struct node__modules modules;
    struct node__staged staged; /* what it compiles to */
    struct node__keys keys;     /* of the modules that are in the cache */
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

/* ---- ends of processes ---- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* memory files: nothing can be lost */
    *fd = -1;
}

static void outputs_close(struct job *job)
{
    close_fd(&job->out_fd);
    close_fd(&job->err_fd);
}

static void job_close(struct job *job)
{
    outputs_close(job);
    node__modules_deinit(&job->modules);
    node__cache_discard(&job->staged);
    loop_timer_free(job->timer);
    job->timer = NULL;
}

static int describe_failure(const struct job *job, int exit_status, int term_signal, struct sw_err *err)
{
    if (job->timed_out)
        return sw_fail(err, SW_ETIMEOUT, "component '" SW_FMT "': compiling took longer than %llu s",
                       SW_ARG(component_of(job)->id),
                       (unsigned long long)(job->set->timing->compile_ms_max / 1000));
    const struct node__compile_end end = {.component = component_of(job),
                                          .module = job->checked ? job->keys.count : NODE__NO_MODULE,
                                          .err_fd = job->err_fd,
                                          .exit_status = exit_status,
                                          .term_signal = term_signal};
    return node__compile_failure(&end, err);
}

/* What the process left, now that it is gone. */
static int collect(struct job *job, struct sw_err *err)
{
    if (job->checked) {
        int rc = node__cache_commit(&job->staged, err);
        job->keys.count += rc == 0;
        return rc < 0 ? sw_wrap(err, "component '" SW_FMT "'", SW_ARG(component_of(job)->id)) : 0;
    }
    job->checked = true;
    int rc = node__modules_read(job->out_fd, &job->modules, err);
    if (rc < 0)
        return rc;
    job->keys.keys = sw_try_alloc_array(job->modules.count, sizeof *job->keys.keys);
    if (job->modules.count && !job->keys.keys)
        return sw_fail(err, SW_ENOMEM, "no memory for %u keys", job->modules.count);
    return 0;
}

static int advance(struct job *job, struct sw_err *err);
static void start_more(struct node__compile *set);

static void on_exit_(void *arg, int exit_status, int term_signal)
{
    struct job *job = arg;
    struct node__compile *set = job->set;
    struct sw_err err = {0};
    job->process = NULL;
    int rc = 0;
    if (set->rc == 0) {
        bool good = exit_status == 0 && term_signal == 0 && !job->timed_out;
        rc = good ? collect(job, &err) : describe_failure(job, exit_status, term_signal, &err);
        outputs_close(job);
        if (rc == 0)
            rc = advance(job, &err);
    }
    if (job->process)
        return; /* the next module is on its way */
    set->running--;
    progress(job, true);
    job_close(job);
    if (rc < 0)
        fail_set(set, rc, &err);
    start_more(set);
    if (set->running == 0)
        set->done(set->arg, set->rc, &set->err); /* may free the set */
}

/* ---- starting them ---- */

struct child {
    const char *argv[11 + 2 * NODE_CHECK_DEPENDENCIES_MAX]; /* with "--parent PID", which spawn adds */
    int fds[6 + NODE_CHECK_DEPENDENCIES_MAX];
    int fd_count;
};

static int spawn(struct job *job, struct child *child, struct sw_err *err)
{
    const struct node_config *config = job->set->config;
    union { /* libuv does not write to them */
        const char *const *in;
        char *const *out;
    } argv = {child->argv};
    char parent[16];
    size_t n = 0;
    (void)snprintf(parent, sizeof parent, "%d", (int)getpid()); /* fits */
    while (child->argv[n])
        n++;
    child->argv[n] = "--parent";
    child->argv[n + 1] = parent;
    const struct loop_spawn spawn = {.file = node__program_file(config),
                                     .argv = argv.out,
                                     .fds = child->fds,
                                     .fd_count = child->fd_count,
                                     .exited = on_exit_,
                                     .arg = job};
    return loop_process_spawn(job->set->loop, &spawn, &job->process, err);
}

static int open_source(const struct app_component *component, int *ret_fd, struct sw_err *err)
{
    *ret_fd = open(component->source.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us */
    return *ret_fd >= 0 ? 0
                        : sw_fail_errno(err, SW_EIO, errno, "component '" SW_FMT "': open '%s'",
                                        SW_ARG(component->id), component->source.p);
}

/* "--dependency NAME=EXPORT" and a descriptor for each; texts are freed by the caller, failed or not. */
static int add_dependencies(const struct job *job, struct child *child, char **texts, int *argc,
                            struct sw_err *err)
{
    const struct app_component *component = component_of(job);
    for (uint32_t i = 0; i < component->dependency_count; i++) {
        const struct app_dependency *dependency = &component->dependencies[i];
        if (asprintf(&texts[i], SW_FMT "=" SW_FMT, SW_ARG(dependency->name), SW_ARG(dependency->export)) <
            0) {
            texts[i] = NULL;
            return sw_fail(err, SW_ENOMEM, "no memory for the name of a dependency");
        }
        child->argv[(*argc)++] = "--dependency";
        child->argv[(*argc)++] = texts[i];
        int rc = open_source(&job->set->config->app->components[dependency->component],
                             &child->fds[child->fd_count], err);
        if (rc < 0)
            return rc;
        child->fd_count++;
    }
    return 0;
}

static int spawn_check(struct job *job, int wasm_fd, struct sw_err *err)
{
    _Static_assert(NODE_CHECK_COMPONENT_FD == 3 && NODE_CHECK_MODULES_FD == 4 &&
                       NODE_CHECK_DEPENDENCIES_FD == 5,
                   "the places in fds");
    const struct app_component *component = component_of(job);
    struct child child = {
        .argv = {job->set->config->program, "internal-check", "--component", component->source.p},
        .fds = {-1, job->out_fd, job->err_fd, wasm_fd, job->modules.fd},
        .fd_count = NODE_CHECK_DEPENDENCIES_FD};
    char *texts[NODE_CHECK_DEPENDENCIES_MAX] = {NULL};
    int argc = 4;
    int rc = 0;
    if (component->is_library || component->dependency_count > NODE_CHECK_DEPENDENCIES_MAX)
        child.argv[argc] = "--unlinked";
    else
        rc = add_dependencies(job, &child, texts, &argc, err);
    if (rc == 0)
        rc = spawn(job, &child, err);
    for (int i = NODE_CHECK_DEPENDENCIES_FD; i < child.fd_count; i++)
        (void)close(child.fds[i]); /* for reading */
    for (int i = 0; i < NODE_CHECK_DEPENDENCIES_MAX; i++)
        free(texts[i]); /* asprintf's */
    return rc;
}

static int start_check(struct job *job, struct sw_err *err)
{
    sw_auto_close int wasm_fd = -1;
    int rc = open_source(component_of(job), &wasm_fd, err);
    if (rc < 0)
        return rc;
    rc = node__output_file(NODE_COMPILE_OUTPUT_BYTES_MAX, &job->out_fd, err);
    if (rc == 0)
        rc = node__output_file(NODE_COMPILE_MESSAGE_BYTES_MAX, &job->err_fd, err);
    if (rc == 0)
        rc = node__output_file(NODE_MODULES_BYTES_MAX, &job->modules.fd, err);
    return rc < 0 ? rc : spawn_check(job, wasm_fd, err);
}

static int start_compiler(struct job *job, const char *key, struct sw_err *err)
{
    const struct node__module *module = &job->modules.parts[job->keys.count];
    const char *library = job->set->config->library;
    sw_auto_close int modules_fd = -1;
    char offset[16];
    char bytes[16];
    (void)snprintf(offset, sizeof offset, "%u", module->offset); /* fit */
    (void)snprintf(bytes, sizeof bytes, "%u", module->bytes);
    int rc = node__reopen(job->modules.fd, &modules_fd, err); /* for reading */
    if (rc == 0)
        rc = node__cache_stage(job->set->config->cache_dir, key, &job->staged, err);
    if (rc == 0)
        rc = node__output_file(NODE_COMPILE_MESSAGE_BYTES_MAX, &job->err_fd, err);
    if (rc < 0)
        return rc;
    _Static_assert(NODE_COMPILE_MODULES_FD == 3 && NODE_COMPILE_CODE_FD == 4 && NODE_COMPILE_IMAGE_FD == 5,
                   "the places in fds");
    struct child child = {.argv = {job->set->config->program, "internal-compile", "--offset", offset,
                                   "--bytes", bytes, library ? "--library" : NULL, library, NULL},
                          .fds = {-1, -1, job->err_fd, modules_fd, job->staged.fds[NODE__STAGED_CODE],
                                  job->staged.fds[NODE__STAGED_IMAGE]},
                          .fd_count = 6};
    return spawn(job, &child, err);
}

static int is_cached(const struct job *job, const char *key, bool *ret, struct sw_err *err)
{
    sw_auto_close int cwasm_fd = -1;
    sw_auto_close int image_fd = -1;
    int rc = node_cache_open(job->set->config->cache_dir, key, &cwasm_fd, &image_fd, err);
    if (rc < 0)
        return rc;
    *ret = rc == 0;
    return 0;
}

/* Starts the compiler of the next module that the cache does not have; no process: there is none. */
static int advance(struct job *job, struct sw_err *err)
{
    bool cached = true;
    int rc = 0;
    while (rc == 0 && job->keys.count < job->modules.count) {
        char *key = job->keys.keys[job->keys.count];
        job->set->config->artifact_key(node__module_bytes(&job->modules, job->keys.count), key);
        rc = is_cached(job, key, &cached, err);
        if (rc == 0 && !cached)
            return start_compiler(job, key, err);
        job->keys.count += rc == 0;
    }
    return rc;
}

static int job_start(struct job *job, struct sw_err *err)
{
    struct node__compile *set = job->set;
    int rc = loop_timer_new(set->loop, on_tick, job, &job->timer, err);
    if (rc == 0)
        rc = start_check(job, err);
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
        set->jobs[i] = (struct job){.set = set,
                                    .component = i,
                                    .out_fd = -1,
                                    .err_fd = -1,
                                    .modules = {.fd = -1},
                                    .staged = NODE__STAGED_NONE};
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
