/* control.c - the supervisor's end of the control socket.  Room: node.
 *
 * A socket per supervisor, "<address>.sock", in a folder that only its user can enter; packets as on a worker's channel:
 *   {"type":"reload"}  -->  {"type":"done"} or {"type":"failed","code":N,"text":"..."}
 * One question and one answer for each connection. Who holds the listening address owns the name: what is there is a leftover.
 *
 * Invariants
 *  1. A client in `clients` with fd >= 0 is connected; ticket is 0 until it has asked.
 *  2. Tickets are never used twice, so that an answer to a client that left reaches nobody. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/log.h"
#include "codec/json.h"
#include "node/limits.h"
#include "node/node_internal.h"

struct client {
    struct node__control *control;
    int fd;
    struct loop_watch *watch;
    struct loop_timer *timer; /* until it has asked */
    uint32_t ticket;
};

struct node__control {
    struct loop *loop;
    node__control_fn *reload;
    void *arg;
    int dir_fd;
    int fd;
    char name[NODE_CONTROL_NAME_BYTES_MAX];
    bool bound;
    dev_t device; /* with inode: which file is our socket */
    ino_t inode;
    struct loop_watch *watch; /* NULL: it rests */
    struct loop_timer *rest;
    uint32_t last_ticket;
    struct client clients[NODE_CONTROL_CLIENTS_MAX];
};

/* ---- the folder ---- */

int node__control_dir(const char *run_dir, bool make, int *ret_fd, struct sw_err *err)
{
    int rc = make ? node__make_dirs("run folder", run_dir, err) : 0;
    if (rc < 0)
        return rc;
    sw_auto_close int fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && !make)
        return SW_ABSENT;
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "open the run folder '%s'", run_dir);
    struct stat st;
    if (fstat(fd, &st) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "look at the run folder '%s'", run_dir);
    if (st.st_uid != geteuid() || (st.st_mode & 077))
        return sw_fail(
            err, SW_EDENIED,
            "run folder '%s': expected it to be ours alone (user %u, mode 0700), got user %u, mode %04o\n"
            "hint: chmod 700 '%s', after a look at whose it is",
            run_dir, geteuid(), st.st_uid, st.st_mode & 07777, run_dir);
    *ret_fd = fd;
    fd = -1; /* taken by the caller */
    return 0;
}

/* ---- clients ---- */

static void client_close(struct client *client)
{
    loop_watch_free(client->watch);
    loop_timer_free(client->timer);
    if (client->fd >= 0)
        (void)close(client->fd); /* what was sent is with the kernel */
    *client = (struct client){.control = client->control, .fd = -1};
}

static int write_answer(int rc, const struct sw_err *err, struct sw_buf *out, struct sw_err *own)
{
    if (rc >= 0)
        return sw_buf_add(out, SW_LIT("{\"type\":\"done\"}"), own);
    struct sw_str text =
        sw_utf8_valid(sw_str_of(err->text)) ? sw_str_of(err->text) : SW_LIT("a reason that is not UTF-8");
    int written = sw_buf_printf(out, own, "{\"type\":\"failed\",\"code\":%d,\"text\":", (int)err->code);
    if (written == 0)
        written = codec_json_add_string(out, text, own);
    return written < 0 ? written : sw_buf_add(out, SW_LIT("}"), own);
}

static void answer(struct client *client, int rc, const struct sw_err *err)
{
    sw_auto_buf json = SW_BUF(NODE_CONTROL_MESSAGE_BYTES_MAX);
    struct sw_err own;
    int sent = write_answer(rc, err, &json, &own);
    const struct node_message message = {.json = sw_buf_str(&json)};
    if (sent == 0)
        sent = node_channel_send(client->fd, &message, &own);
    if (sent < 0)
        sw_log_warn("node", "control", "an answer did not get through: %s", own.text);
    client_close(client);
}

/* Whether it asked for a reload. */
static bool is_reload(struct sw_str json)
{
    struct codec_json *root = NULL;
    struct sw_err err;
    int rc = codec_json_parse(json, &root, &err);
    const struct codec_json *type = rc == 0 ? codec_json_get(root, "type") : NULL;
    bool is = type && sw_str_eq(codec_json_string(type), SW_LIT("reload"));
    codec_json_free(root);
    return is;
}

static void on_client(void *arg)
{
    struct client *client = arg;
    struct node__control *control = client->control;
    char buffer[NODE_CONTROL_MESSAGE_BYTES_MAX];
    struct node_message message;
    struct sw_err err;
    int rc = node_channel_receive(client->fd, buffer, sizeof buffer, &message, &err);
    if (rc == SW_WAIT)
        return;
    if (rc != 0 || client->ticket) { /* it left, or says more than one thing */
        for (uint32_t i = 0; rc == 0 && i < message.fd_count; i++)
            (void)close(message.fds[i]); /* nobody asked for them, here and below */
        client_close(client);
        return;
    }
    for (uint32_t i = 0; i < message.fd_count; i++)
        (void)close(message.fds[i]);
    if (!is_reload(message.json)) {
        (void)sw_fail(&err, SW_EINPUT, "a question that is not known"); /* the value is not of interest */
        answer(client, -SW_EINPUT, &err);
        return;
    }
    loop_timer_stop(client->timer);
    if (++control->last_ticket == 0)
        control->last_ticket = 1;
    client->ticket = control->last_ticket;
    control->reload(control->arg, client->ticket); /* may answer */
}

static void on_client_late(void *arg)
{
    client_close(arg);
}

static int client_open(struct client *client, int fd, struct sw_err *err)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0 || (peer.uid != geteuid() && peer.uid != 0))
        return sw_fail(err, SW_EDENIED, "a client of another user");
    int rc = loop_timer_new(client->control->loop, on_client_late, client, &client->timer, err);
    if (rc == 0)
        rc = loop_watch_new(client->control->loop, fd, on_client, client, &client->watch, err);
    if (rc < 0)
        return rc;
    client->fd = fd;
    loop_timer_start(client->timer, NODE_CONTROL_ASK_MS_MAX);
    return 0;
}

/* The socket stays readable when there is no descriptor or memory for a connection: looking at it would never end. */
static void rest(struct node__control *control)
{
    loop_watch_free(control->watch);
    control->watch = NULL;
    loop_timer_start(control->rest, NODE_CONTROL_REST_MS);
}

static void on_connection(void *arg)
{
    struct node__control *control = arg;
    sw_auto_close int fd = sw_fault_errno(SW_FAULT_NODE_ACCEPT, EMFILE)
                               ? -1
                               : accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct sw_err err;
    if (fd < 0 && errno != EINTR && errno != EAGAIN && errno != ECONNABORTED)
        rest(control);
    if (fd < 0)
        return;
    for (uint32_t i = 0; i < NODE_CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &control->clients[i];
        if (client->fd >= 0)
            continue;
        if (client_open(client, fd, &err) < 0) {
            client_close(client);
            return;
        }
        fd = -1; /* taken by the client */
        return;
    }
    /* all places are taken: closed */
}

static void on_rested(void *arg)
{
    struct node__control *control = arg;
    struct sw_err err;
    if (loop_watch_new(control->loop, control->fd, on_connection, control, &control->watch, &err) < 0) {
        control->watch = NULL;
        loop_timer_start(control->rest, NODE_CONTROL_REST_MS);
    }
}

void node__control_answer(struct node__control *control, uint32_t ticket, int rc, const struct sw_err *err)
{
    for (uint32_t i = 0; control && ticket && i < NODE_CONTROL_CLIENTS_MAX; i++)
        if (control->clients[i].fd >= 0 && control->clients[i].ticket == ticket) {
            answer(&control->clients[i], rc, err);
            return;
        }
}

/* ---- the socket ---- */

/* While we drained, another supervisor may have taken the address, and the name with it. */
static bool is_ours(const struct node__control *control)
{
    struct stat st;
    return control->bound && fstatat(control->dir_fd, control->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           st.st_dev == control->device && st.st_ino == control->inode;
}

static int listen_at(struct node__control *control, const struct node_config *config, struct sw_err *err)
{
    int rc = node__control_dir(config->run_dir, true, &control->dir_fd, err);
    if (rc < 0)
        return rc;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n = snprintf(control->name, sizeof control->name, "%s.sock", config->address);
    if (n <= 0 || (size_t)n >= sizeof control->name || strchr(control->name, '/'))
        return sw_fail(err, SW_EINPUT, "'%.100s' cannot be the name of a socket", config->address);
    n = snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", control->dir_fd,
                 control->name);
    if (n <= 0 || (size_t)n >= sizeof address.sun_path)
        return sw_fail(err, SW_EINPUT, "'%.100s' is too long for the name of a socket", config->address);
    control->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "make a control socket");
    (void)unlinkat(control->dir_fd, control->name, 0); /* most often there is none */
    if (fchmod(control->fd, 0600) != 0 || bind(control->fd, (struct sockaddr *)&address, sizeof address) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "make the control socket '%s/%s'", config->run_dir,
                             control->name);
    struct stat st;
    control->bound = fstatat(control->dir_fd, control->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (!control->bound)
        return sw_fail_errno(err, SW_EIO, errno, "look at the control socket '%s/%s'", config->run_dir,
                             control->name);
    control->device = st.st_dev;
    control->inode = st.st_ino;
    if (listen(control->fd, NODE_CONTROL_CLIENTS_MAX) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "listen on the control socket");
    return loop_watch_new(control->loop, control->fd, on_connection, control, &control->watch, err);
}

int node__control_new(struct loop *loop, const struct node_config *config, node__control_fn *reload,
                      void *arg, struct node__control **ret, struct sw_err *err)
{
    struct node__control *control = sw_alloc(sizeof *control);
    *control = (struct node__control){.loop = loop, .reload = reload, .arg = arg, .dir_fd = -1, .fd = -1};
    for (uint32_t i = 0; i < NODE_CONTROL_CLIENTS_MAX; i++)
        control->clients[i] = (struct client){.control = control, .fd = -1};
    int rc = loop_timer_new(loop, on_rested, control, &control->rest, err);
    if (rc == 0)
        rc = listen_at(control, config, err);
    if (rc < 0) {
        node__control_free(control);
        return rc;
    }
    *ret = control;
    return 0;
}

void node__control_free(struct node__control *control)
{
    if (!control)
        return;
    for (uint32_t i = 0; i < NODE_CONTROL_CLIENTS_MAX; i++)
        client_close(&control->clients[i]);
    loop_watch_free(control->watch);
    loop_timer_free(control->rest);
    if (is_ours(control))
        (void)unlinkat(control->dir_fd, control->name, 0); /* a leftover does no harm */
    if (control->fd >= 0)
        (void)close(control->fd);
    if (control->dir_fd >= 0)
        (void)close(control->dir_fd);
    sw_free(control);
}
