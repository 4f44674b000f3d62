/* channel.c - packets of JSON with descriptors over a Unix socket pair.  Room: node.
 *
 * Invariants
 *  1. A packet is whole or not there (SOCK_SEQPACKET).
 *  2. When receiving fails, every descriptor that came with the packet has been closed.
 *  3. Whoever ended is heard to the last packet: the kernel reports the reset first, once, and has the packets still.
 * source: unix(7) */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "node/node_internal.h"

union control { /* aligned as a header must be */
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * NODE_MESSAGE_FDS_MAX)];
};

int node_channel_send(int channel_fd, const struct node_message *message, struct sw_err *err)
{
    if (message->json.n == 0 || message->json.n > NODE_MESSAGE_BYTES_MAX ||
        message->fd_count > NODE_MESSAGE_FDS_MAX)
        return sw_fail(err, SW_ELIMIT,
                       "a packet of %zu bytes and %u descriptors, at most %u and %d are allowed",
                       message->json.n, message->fd_count, NODE_MESSAGE_BYTES_MAX, NODE_MESSAGE_FDS_MAX);
    union control control;
    memset(&control, 0, sizeof control);
    struct iovec part = {(void *)(uintptr_t)message->json.p, message->json.n}; /* only read */
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
    size_t fd_bytes = sizeof(int) * message->fd_count;
    if (message->fd_count) {
        head.msg_control = &control;
        head.msg_controllen = CMSG_SPACE(fd_bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&head);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(fd_bytes);
        memcpy(CMSG_DATA(c), message->fds, fd_bytes);
    }
    ssize_t n;
    do
        n = sw_fault_errno(SW_FAULT_NODE_SEND, EPIPE) ? -1 : sendmsg(channel_fd, &head, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return sw_fail_errno(err, SW_EIO, errno, "send a packet");
    return 0;
}

static void close_all(struct node_message *message)
{
    for (uint32_t i = 0; i < message->fd_count; i++)
        (void)close(message->fds[i]); /* nothing to be done about a failure */
    message->fd_count = 0;
}

static void take_fds(struct msghdr *head, struct node_message *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(head); c; c = CMSG_NXTHDR(head, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (message->fd_count < NODE_MESSAGE_FDS_MAX)
                message->fds[message->fd_count++] = fd;
            else
                (void)close(fd); /* cannot be: the control buffer has no room for more */
        }
    }
}

int node_channel_receive(int channel_fd, char *buffer, size_t buffer_bytes, struct node_message *ret,
                         struct sw_err *err)
{
    union control control;
    struct iovec part = {buffer, buffer_bytes};
    struct msghdr head = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n;
    do
        n = sw_fault_errno(SW_FAULT_NODE_RECEIVE, ENOBUFS)
                ? -1
                : recvmsg(channel_fd, &head, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (n < 0 &&
           (errno == EINTR || errno == ECONNRESET)); /* reset: it ended with packets of ours unread */
    if (n < 0 && errno == EAGAIN)
        return SW_WAIT;
    if (n < 0)
        return sw_fail_errno(err, SW_EIO, errno, "receive a packet");
    struct node_message message = {.json = {buffer, (size_t)n}};
    take_fds(&head, &message);
    if (head.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        close_all(&message);
        return sw_fail(err, SW_ELIMIT,
                       "a packet is larger than %zu bytes or %d descriptors, or there is no descriptor left",
                       buffer_bytes, NODE_MESSAGE_FDS_MAX);
    }
    if (n == 0) {
        close_all(&message);
        return SW_END;
    }
    *ret = message;
    return 0;
}
