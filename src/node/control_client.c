/* control_client.c - finds a running supervisor and asks it for something.  Room: node.
 *
 * Blocks: for the command line, not for a loop. Only sockets in a folder that is ours alone are spoken to, and only when the kernel says
 * that their owner is our user. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "codec/json.h"
#include "node/limits.h"
#include "node/node_internal.h"

#define SUFFIX SW_LIT(".sock")

/* Returns 0 with a connected socket and its supervisor's process id, or SW_ABSENT: nobody is there. */
static int connect_to(int dir_fd, const char *name, int *ret_fd, uint32_t *ret_pid)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n = snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", dir_fd, name);
    if (n <= 0 || (size_t)n >= sizeof address.sun_path)
        return SW_ABSENT;
    sw_auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct ucred peer;
    socklen_t peer_bytes = sizeof peer;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_bytes) != 0 || peer.uid != geteuid())
        return SW_ABSENT;
    *ret_pid = (uint32_t)peer.pid;
    *ret_fd = fd;
    fd = -1; /* taken by the caller */
    return 0;
}

static int find_by_address(int dir_fd, const char *address, int *ret_fd, struct sw_err *err)
{
    char name[NODE_CONTROL_NAME_BYTES_MAX];
    uint32_t pid = 0;
    int n = snprintf(name, sizeof name, "%s.sock", address);
    if (n <= 0 || (size_t)n >= sizeof name || strchr(name, '/') ||
        connect_to(dir_fd, name, ret_fd, &pid) != 0)
        return sw_fail(err, SW_EINPUT,
                       "no application of ours listens on %.100s\nhint: is it running? 'swell up' starts it",
                       address);
    return 0;
}

struct scan {
    int dir_fd;
    uint32_t pid; /* or 0 */
    int fd;       /* of the one found */
    uint32_t count;
    char names[512]; /* "127.0.0.1:3000, ..." for the message; cut when it is long */
};

static void look_at(struct scan *scan, const char *name)
{
    struct sw_str whole = sw_str_of(name);
    sw_auto_close int fd = -1;
    uint32_t pid = 0;
    if (whole.n <= SUFFIX.n || !sw_str_eq(sw_str_from(whole, whole.n - SUFFIX.n), SUFFIX) ||
        connect_to(scan->dir_fd, name, &fd, &pid) != 0 || (scan->pid && scan->pid != pid))
        return;
    size_t used = strlen(scan->names);
    (void)snprintf(scan->names + used, sizeof scan->names - used, "%s" SW_FMT, used ? ", " : "",
                   SW_ARG(sw_str_head(whole, whole.n - SUFFIX.n))); /* cut */
    if (scan->count++ == 0) {
        scan->fd = fd;
        fd = -1; /* taken */
    }
}

static int find_one(int dir_fd, uint32_t pid, int *ret_fd, struct sw_err *err)
{
    struct scan scan = {.dir_fd = dir_fd, .pid = pid, .fd = -1};
    int again = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
    DIR *dir = again < 0 ? NULL : fdopendir(again);
    if (!dir) {
        int number = errno;
        if (again >= 0)
            (void)close(again); /* only read */
        return sw_fail_errno(err, SW_EIO, number, "list the run folder");
    }
    const struct dirent *entry = NULL;
    for (int i = 0; i < NODE_CONTROL_SCAN_MAX && (entry = readdir(dir)); i++)
        look_at(&scan, entry->d_name);
    (void)closedir(dir); /* only read */
    sw_auto_close int fd = scan.fd;
    if (scan.count == 0 && pid)
        return sw_fail(err, SW_EINPUT, "process %u runs no application of ours", pid);
    if (scan.count == 0)
        return sw_fail(err, SW_EINPUT, "no application of ours is running\nhint: 'swell up' starts one");
    if (scan.count > 1)
        return sw_fail(err, SW_EINPUT,
                       "%u applications are running: %s\nhint: choose one with --listen or --pid", scan.count,
                       scan.names);
    *ret_fd = fd;
    fd = -1; /* taken by the caller */
    return 0;
}

static int find(const struct node_control_target *target, int *ret_fd, struct sw_err *err)
{
    sw_auto_close int dir_fd = -1;
    int rc = node__control_dir(target->run_dir, false, &dir_fd, err);
    if (rc == SW_ABSENT)
        return sw_fail(err, SW_EINPUT, "no application of ours is running\nhint: 'swell up' starts one");
    if (rc < 0)
        return rc;
    return target->address ? find_by_address(dir_fd, target->address, ret_fd, err)
                           : find_one(dir_fd, target->pid, ret_fd, err);
}

/* ---- question and answer ---- */

static int read_answer(struct sw_str json, struct sw_err *err)
{
    struct codec_json *root = NULL;
    int rc = codec_json_parse(json, &root, err);
    if (rc < 0)
        return sw_wrap(err, "the supervisor's answer");
    const struct codec_json *type = codec_json_get(root, "type");
    const struct codec_json *code = codec_json_get(root, "code");
    const struct codec_json *text = codec_json_get(root, "text");
    struct sw_str word = type ? codec_json_string(type) : SW_LIT("");
    int64_t number = code ? codec_json_integer(code) : 0;
    if (sw_str_eq(word, SW_LIT("done")))
        rc = 0;
    else if (sw_str_eq(word, SW_LIT("failed")) && text && number > 0 && number < SW_CODE_COUNT)
        rc = sw_fail(err, (enum sw_code)number, SW_FMT, SW_ARG(codec_json_string(text)));
    else
        rc = sw_fail(err, SW_EIO, "the supervisor gave an answer that is not known: " SW_FMT,
                     SW_ARG(sw_str_head(json, 100)));
    codec_json_free(root);
    return rc;
}

/* Waits until the socket is readable, or for the time that a reload may take. */
static int await_answer(int fd, struct sw_err *err)
{
    uint64_t end = sw_clock_mono_ns() / 1000000 + NODE_CONTROL_ANSWER_MS_MAX;
    for (;;) {
        uint64_t now = sw_clock_mono_ns() / 1000000;
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int n = now < end ? poll(&wait, 1, (int)(end - now)) : 0;
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return sw_fail_errno(err, SW_EIO, errno, "wait for the supervisor");
        if (n == 0)
            return sw_fail(err, SW_ETIMEOUT, "the supervisor did not answer within %d s",
                           NODE_CONTROL_ANSWER_MS_MAX / 1000);
    }
}

int node_control_reload(const struct node_control_target *target, struct sw_err *err)
{
    sw_auto_close int fd = -1;
    char buffer[NODE_CONTROL_MESSAGE_BYTES_MAX];
    const struct node_message question = {.json = SW_LIT("{\"type\":\"reload\"}")};
    struct node_message message = {.fd_count = 0};
    int rc = find(target, &fd, err);
    if (rc == 0)
        rc = node_channel_send(fd, &question, err);
    if (rc == 0)
        rc = await_answer(fd, err);
    if (rc == 0)
        rc = node_channel_receive(fd, buffer, sizeof buffer, &message, err);
    if (rc == SW_END || rc == SW_WAIT)
        return sw_fail(err, SW_EIO, "the supervisor ended, or was too busy, before it answered");
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < message.fd_count; i++)
        (void)close(message.fds[i]); /* nobody asked for them */
    return read_answer(message.json, err);
}
