/* listener.c - a listening socket that several processes share.  Room: loop.
 *
 * Each process watches it with EPOLLEXCLUSIVE: a connection wakes one of those that sleep, not all. libuv has no word for that, and a
 * nested epoll descriptor does not do (the kernel wakes every nested set, exclusive or not). So libuv registers the socket in the plain way, and in
 * the check phase of the same turn, after it did, we replace the registration in its epoll set. libuv does not touch a registration whose
 * events stay the same, and removing an exclusive one is like removing any.
 *
 * Whom a connection wakes, and who pauses in the same turn, leaves it to nobody: the others were not woken. So each looks by itself, too.
 *
 *   REST --watch--> PLAIN --after one poll--> EXCLUSIVE        pause, no descriptors left: --> REST */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "loop/limits.h"
#include "loop/loop_internal.h"

struct loop_listener {
    struct loop *loop;
    uv_poll_t uv;
    uv_timer_t look; /* for connections whose wake-up another process got and did not use */
    uv_timer_t rest; /* after accepting failed for want of descriptors or memory */
    struct loop_defer exclusive;
    loop_accept_fn *fn;
    void *arg;
    int fd;
    int handles; /* that libuv has not closed yet */
    bool watching;
    bool paused;
    bool closing;
};

static void watch_set(struct loop_listener *listener, bool on);

static void on_rest_over(uv_timer_t *timer)
{
    struct loop_listener *listener = timer->data;
    watch_set(listener, !listener->paused);
}

/* Returns 0 with a connection, SW_WAIT when there is none, SW_END when accepting must rest. */
static int take(struct loop_listener *listener, int *ret_fd)
{
    for (;;) {
        int fd = sw_fault_errno(SW_FAULT_LOOP_ACCEPT, EMFILE)
                     ? -1
                     : accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            *ret_fd = fd;
            return 0;
        }
        switch (errno) {
        case EINTR:
        case ECONNABORTED: /* the client left before we came */
        case EPROTO:
            continue;
        case EAGAIN: /* another process was faster */
            return SW_WAIT;
        default: /* EMFILE, ENFILE, ENOBUFS, ENOMEM: the socket stays readable */
            return SW_END;
        }
    }
}

static void on_poll(uv_poll_t *uv, int status, int events)
{
    struct loop_listener *listener = uv->data;
    (void)events;
    bool failed = status < 0;
    if (failed)
        listener->watching = false; /* libuv stopped it */
    for (int i = 0; i < LOOP_ACCEPT_BATCH_MAX && !listener->closing && !listener->paused; i++) {
        int fd = -1;
        int rc = take(listener, &fd);
        if (rc == SW_WAIT && !failed)
            return;
        if (rc != 0) {
            watch_set(listener, false);
            (void)uv_timer_start(&listener->rest, on_rest_over, LOOP_ACCEPT_REST_MS, 0); /* cannot fail */
            return;
        }
        listener->fn(listener->arg, fd);
    }
}

static void on_look(uv_timer_t *timer)
{
    struct loop_listener *listener = timer->data;
    if (listener->watching)
        on_poll(&listener->uv, 0, UV_READABLE);
}

static void on_exclusive(void *arg)
{
    struct loop_listener *listener = arg;
    int set = uv_backend_fd(&listener->loop->uv);
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = listener->fd};
    if (!listener->watching)
        return;
    if (epoll_ctl(set, EPOLL_CTL_DEL, listener->fd, &event) <
        0) { /* asked for after this turn's poll: not there yet */
        loop_defer_add(listener->loop, &listener->exclusive);
        return;
    }
    if (epoll_ctl(set, EPOLL_CTL_ADD, listener->fd, &event) == 0)
        return;
    event.events = EPOLLIN; /* shared in the plain way: more wake-ups than needed, else all well */
    (void)epoll_ctl(set, EPOLL_CTL_ADD, listener->fd, &event); /* it was there just now */
}

static void watch_set(struct loop_listener *listener, bool on)
{
    if (on == listener->watching || listener->closing)
        return;
    listener->watching = on;
    loop_defer_cancel(&listener->exclusive);
    if (on) {
        int rc = uv_poll_start(&listener->uv, UV_READABLE, on_poll);
        assert(rc == 0); /* fails only on a closing handle */
        (void)rc;
        loop_defer_add(listener->loop, &listener->exclusive);
    } else {
        (void)uv_poll_stop(&listener->uv); /* cannot fail */
    }
}

int loop_listener_new(struct loop *loop, int fd, loop_accept_fn *fn, void *arg, struct loop_listener **ret,
                      struct sw_err *err)
{
    struct loop_listener *listener = sw_try_alloc(sizeof *listener);
    if (!listener)
        return sw_fail(err, SW_ENOMEM, "no memory for a listener");
    int rc = uv_poll_init(&loop->uv, &listener->uv, fd);
    if (rc < 0) {
        sw_free(listener);
        return loop__uv_fail(err, rc, "watch listening descriptor %d", fd);
    }
    (void)uv_timer_init(&loop->uv, &listener->rest); /* cannot fail */
    listener->uv.data = listener;
    listener->rest.data = listener;
    (void)uv_timer_init(&loop->uv, &listener->look);
    (void)uv_timer_start(&listener->look, on_look, LOOP_ACCEPT_LOOK_MS,
                         LOOP_ACCEPT_LOOK_MS); /* cannot fail */
    uv_unref((uv_handle_t *)&listener->look);  /* no reason to go on for */
    listener->look.data = listener;
    listener->handles = 3;
    listener->loop = loop;
    listener->fn = fn;
    listener->arg = arg;
    listener->fd = fd;
    loop_defer_init(&listener->exclusive, on_exclusive, listener);
    int on = 1; /* connections inherit it on Linux: one system call less for each; not for local sockets */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch_set(listener, true);
    *ret = listener;
    return 0;
}

void loop_listener_pause(struct loop_listener *listener, bool paused)
{
    if (listener->paused == paused)
        return;
    listener->paused = paused;
    (void)uv_timer_stop(&listener->rest); /* cannot fail */
    watch_set(listener, !paused);
}

void loop_listener_finish(struct loop_listener *listener)
{
    int fd = -1;
    watch_set(listener, false);           /* uv_poll_stop leaves the epoll set at once */
    (void)uv_timer_stop(&listener->rest); /* cannot fail */
    for (int i = 0; i < LOOP_ACCEPT_LAST_MAX && !listener->paused && take(listener, &fd) == 0; i++)
        listener->fn(listener->arg, fd);
    listener->paused = true;
}

static void on_closed(uv_handle_t *handle)
{
    struct loop_listener *listener = handle->data;
    if (--listener->handles == 0)
        sw_free(listener);
}

void loop_listener_free(struct loop_listener *listener)
{
    if (!listener)
        return;
    loop_defer_cancel(&listener->exclusive);
    listener->closing = true;
    uv_close((uv_handle_t *)&listener->uv, on_closed);
    uv_close((uv_handle_t *)&listener->rest, on_closed);
    uv_close((uv_handle_t *)&listener->look, on_closed);
}
