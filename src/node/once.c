/* once.c - an application compiled and given to one process, which ends by itself: no supervisor, no listener.  Room: node.
 *
 *   COMPILING --on_compiled--> RUNNING --on_exit_--> the loop stops
 *        | a component cannot be compiled, or the process cannot be started: rc, the loop stops
 *
 * The process gets the serving table of a worker, which waits in its channel before it starts. Nothing comes back on it but questions for
 * names, from one that was granted the network. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/outbound.h"
#include "base/alloc.h"
#include "codec/json.h"
#include "node/node_internal.h"
#include "node/sandbox.h"
#include "node/sandbox_internal.h"

struct once {
    struct node_config config;
    const char *const *argv;
    struct loop *loop;
    struct node__compile *compile;
    struct node__serving *serving;
    struct loop_process *process;
    struct node__names *names; /* NULL: it has none to ask for */
    struct loop_watch *watch;  /* on channel_fd, with names */
    int channel_fd;
    int exit_status;
    int term_signal;
    int rc;
    struct sw_err err;
};

static void on_exit_(void *arg, int exit_status, int term_signal)
{
    struct once *once = arg;
    once->process = NULL;
    once->exit_status = exit_status;
    once->term_signal = term_signal;
    loop_stop(once->loop);
}

static int spawn(struct once *once, int child_fd, struct sw_err *err)
{
    union { /* libuv does not write to them */
        const char *const *in;
        char *const *out;
    } argv = {once->argv};
    const int fds[] = {once->config.takes_input ? STDIN_FILENO : -1, STDOUT_FILENO, STDERR_FILENO, child_fd};
    _Static_assert(NODE_CHANNEL_FD == 3, "the place in fds");
    const struct loop_spawn child = {.file = node__program_file(&once->config),
                                     .argv = argv.out,
                                     .fds = fds,
                                     .fd_count = 4,
                                     .exited = on_exit_,
                                     .arg = once};
    return loop_process_spawn(once->loop, &child, &once->process, err);
}

static void on_question(void *arg)
{
    struct once *once = arg;
    char buffer[4096]; /* a question is one sentence */
    struct node_message message;
    struct codec_json *root = NULL;
    struct sw_err err;
    int rc = node_channel_receive(once->channel_fd, buffer, sizeof buffer, &message, &err);
    if (rc == SW_WAIT)
        return;
    if (rc != 0) { /* its exit comes */
        loop_watch_free(once->watch);
        once->watch = NULL;
        return;
    }
    for (uint32_t i = 0; i < message.fd_count; i++)
        (void)close(message.fds[i]); /* it has nothing to give */
    rc = codec_json_parse(message.json, &root, &err);
    const struct codec_json *type = rc == 0 ? codec_json_get(root, "type") : NULL;
    if (type && sw_str_eq(codec_json_string(type), SW_LIT("resolve")))
        node__names_ask(once->names, root);
    codec_json_free(root);
}

/* fd is then kept open. */
static int hear_questions(struct once *once, int *fd, struct sw_err *err)
{
    int rc = loop_watch_new(once->loop, *fd, on_question, once, &once->watch, err);
    if (rc < 0)
        return rc;
    once->channel_fd = *fd;
    once->names = node__names_new(once->loop, *fd, true);
    *fd = -1; /* taken */
    return 0;
}

static int start(struct once *once, struct sw_err *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "make a channel to a process");
    sw_auto_close int own_fd = pair[0]; /* what was sent stays in the other end */
    sw_auto_close int child_fd = pair[1];
    sw_auto_close int status_fd = -1;
    int rc = node__serving_new(&once->config, once->compile, &once->serving, err);
    if (rc == 0)
        rc = node__status_file(&status_fd, err);
    if (rc == 0)
        rc = node__serving_send(once->serving, 0, status_fd, own_fd, err);
    if (rc == 0 && app_reaches_out(once->config.app))
        rc = hear_questions(once, &own_fd, err);
    return rc < 0 ? rc : spawn(once, child_fd, err);
}

static void on_compiled(void *arg, int rc, const struct sw_err *err)
{
    struct once *once = arg;
    once->rc = rc;
    once->err = *err;
    if (rc == 0)
        once->rc = start(once, &once->err);
    if (once->rc < 0)
        loop_stop(once->loop);
}

static int run(struct once *once, struct sw_err *err)
{
    struct node__compile_request request = {
        .config = &once->config, .timing = &node__timing_default, .done = on_compiled, .arg = once};
    int rc = node__cache_prepare(once->config.cache_dir, err);
    if (rc == 0)
        rc = node_sandbox_check(err);
    if (rc == 0)
        rc = loop_new(&once->loop, err);
    if (rc < 0)
        return rc;
    request.loop = once->loop;
    rc = node__compile_new(&request, &once->compile, err);
    if (rc == 0)
        rc = loop_run(once->loop, err);
    if (rc < 0 || once->rc == 0)
        return rc;
    *err = once->err;
    return once->rc;
}

int node_run_once(const struct node_config *config, const char *const *argv, int *ret_status,
                  struct sw_err *err)
{
    struct once once = {.config = *config, .argv = argv, .channel_fd = -1};
    sw_auto_close int nowhere = open("/dev/null", O_RDONLY | O_CLOEXEC); /* in the listener's place */
    if (nowhere < 0)
        return sw_fail_errno(err, SW_EIO, errno, "open '/dev/null'");
    once.config.listen_fd = nowhere;
    int rc = run(&once, err);
    loop_watch_free(once.watch);
    node__names_free(once.names);
    if (once.channel_fd >= 0)
        (void)close(once.channel_fd); /* its process has ended */
    node__serving_free(once.serving);
    node__compile_free(once.compile);
    loop_free(once.loop);
    if (rc < 0)
        return rc;
    if (once.term_signal)
        return sw_fail(err, SW_EIO, "its process was ended by signal %d (%s)", once.term_signal,
                       node__signal_text(once.term_signal));
    *ret_status = once.exit_status;
    return 0;
}
