/* watch.c - readiness of a descriptor that is somebody else's.  Room: loop. */
#include "base/alloc.h"
#include "loop/loop_internal.h"

struct loop_watch {
    uv_poll_t uv;
    loop_watch_fn *readable;
    void *arg;
};

static void on_poll(uv_poll_t *uv, int status, int events)
{
    struct loop_watch *watch = uv->data;
    (void)events;
    if (status < 0) /* an error shows when the owner reads; libuv stops watching then, but more may follow */
        (void)uv_poll_start(uv, UV_READABLE, on_poll); /* fails only on a closing handle */
    watch->readable(watch->arg);
}

static void on_closed(uv_handle_t *handle)
{
    sw_free(handle->data);
}

int loop_watch_new(struct loop *loop, int fd, loop_watch_fn *readable, void *arg, struct loop_watch **ret,
                   struct sw_err *err)
{
    struct loop_watch *watch = sw_try_alloc(sizeof *watch);
    if (!watch)
        return sw_fail(err, SW_ENOMEM, "no memory for a watch on descriptor %d", fd);
    int rc = uv_poll_init(&loop->uv, &watch->uv, fd);
    if (rc < 0) {
        sw_free(watch);
        return loop__uv_fail(err, rc, "watch descriptor %d", fd);
    }
    watch->uv.data = watch;
    watch->readable = readable;
    watch->arg = arg;
    rc = uv_poll_start(&watch->uv, UV_READABLE, on_poll);
    if (rc < 0) {
        uv_close((uv_handle_t *)&watch->uv, on_closed);
        return loop__uv_fail(err, rc, "watch descriptor %d", fd);
    }
    *ret = watch;
    return 0;
}

void loop_watch_free(struct loop_watch *watch)
{
    if (watch)
        uv_close((uv_handle_t *)&watch->uv, on_closed);
}
