/* process.c - child processes.  Room: loop.
 *
 * A child gets the given descriptors and no others: before the fork every descriptor of ours from 3 on is marked close-on-exec, which
 * all of them should be anyway. libuv gives it default signal handlers and an empty signal mask. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "loop/limits.h"
#include "loop/loop_internal.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2) /* Linux 5.11; the C library's header may be older */
#endif

struct loop_process {
    uv_process_t uv;
    loop_exit_fn *exited;
    void *arg;
};

static void on_closed(uv_handle_t *handle)
{
    sw_free(handle->data);
}

static void on_exit_(uv_process_t *uv, int64_t exit_status, int term_signal)
{
    struct loop_process *process = uv->data;
    uv_close((uv_handle_t *)uv, on_closed); /* frees at the end of the turn */
    process->exited(process->arg, (int)exit_status, term_signal);
}

/* Marks what the child must not have. Fails with SW_EIO. */
static int close_on_exec(struct sw_err *err)
{
    if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
        return 0;
    if (errno != ENOSYS && errno != EINVAL)
        return sw_fail_errno(err, SW_EIO, errno, "mark descriptors close-on-exec");
    long max = sysconf(_SC_OPEN_MAX); /* Linux before 5.11 */
    for (int fd = 3; fd < (max > 0 && max < 65536 ? (int)max : 65536); fd++)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* EBADF is the usual case */
    return 0;
}

int loop_process_spawn(struct loop *loop, const struct loop_spawn *spawn, struct loop_process **ret,
                       struct sw_err *err)
{
    if (spawn->fd_count < 0 || spawn->fd_count > LOOP_SPAWN_FDS_MAX)
        return sw_fail(err, SW_ELIMIT, "a child gets %d descriptors, at most %d are allowed", spawn->fd_count,
                       LOOP_SPAWN_FDS_MAX);
    sw_auto_close int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "open /dev/null");
    struct loop_process *process = sw_try_alloc(sizeof *process);
    if (!process)
        return sw_fail(err, SW_ENOMEM, "no memory for a child process");

    uv_stdio_container_t stdio[LOOP_SPAWN_FDS_MAX];
    for (int i = 0; i < spawn->fd_count; i++) {
        stdio[i].flags = UV_INHERIT_FD;
        stdio[i].data.fd = spawn->fds[i] < 0 ? null_fd : spawn->fds[i];
    }
    uv_process_options_t options = {0};
    options.exit_cb = on_exit_;
    options.file = spawn->file;
    union { /* libuv does not write to them; its declarations lack a const */
        char *const *in;
        char **out;
    } argv = {spawn->argv}, env = {spawn->env};
    options.args = argv.out;
    options.env = env.out;
    options.stdio_count = spawn->fd_count;
    options.stdio = stdio;

    process->uv.data = process;
    process->exited = spawn->exited;
    process->arg = spawn->arg;
    int rc = close_on_exec(err);
    if (rc < 0) {
        sw_free(process);
        return rc;
    }
    if (sw_fault(SW_FAULT_LOOP_SPAWN)) {
        sw_free(process);
        return loop__uv_fail(err, UV_EAGAIN, "start '%s'", spawn->file);
    }
    rc = uv_spawn(&loop->uv, &process->uv, &options);
    if (rc < 0) {
        uv_close((uv_handle_t *)&process->uv,
                 on_closed); /* uv_spawn initialises the handle even when it fails */
        return loop__uv_fail(err, rc, "start '%s'", spawn->file);
    }
    *ret = process;
    return 0;
}

int loop_process_pid(const struct loop_process *process)
{
    return process->uv.pid;
}

void loop_process_kill(struct loop_process *process, int number)
{
    (void)uv_process_kill(&process->uv, number); /* it may be gone already: its exit is on the way */
}
