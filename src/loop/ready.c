/* ready.c - readiness of a descriptor for reading, writing or both.  Room: loop.
 *
 * For libraries that own their descriptors and say what they wait for. A failure of the descriptor is told as both: the library meets it
 * when it reads or writes. */
#include <assert.h>

#include "base/alloc.h"
#include "loop/loop_internal.h"

struct loop_ready {
    uv_poll_t uv;
    loop_ready_fn *fn;
    void *arg;
};

static void on_poll(uv_poll_t *uv, int status, int events)
{
    struct loop_ready *ready = uv->data;
    if (status < 0)
        events = UV_READABLE | UV_WRITABLE;
    ready->fn(ready->arg, ((events & UV_READABLE) ? LOOP_READABLE : 0) |
                              ((events & UV_WRITABLE) ? LOOP_WRITABLE : 0)); /* may free it */
}

static void on_closed(uv_handle_t *handle)
{
    sw_free(handle->data);
}

int loop_ready_new(struct loop *loop, int fd, loop_ready_fn *fn, void *arg, struct loop_ready **ret,
                   struct sw_err *err)
{
    struct loop_ready *ready = sw_try_alloc(sizeof *ready);
    if (!ready)
        return sw_fail(err, SW_ENOMEM, "no memory for a watch on descriptor %d", fd);
    int rc = uv_poll_init(&loop->uv, &ready->uv, fd);
    if (rc < 0) {
        sw_free(ready);
        return loop__uv_fail(err, rc, "watch descriptor %d", fd);
    }
    ready->uv.data = ready;
    ready->fn = fn;
    ready->arg = arg;
    *ret = ready;
    return 0;
}

void loop_ready_set(struct loop_ready *ready, unsigned events)
{
    int wanted = ((events & LOOP_READABLE) ? UV_READABLE : 0) | ((events & LOOP_WRITABLE) ? UV_WRITABLE : 0);
    int rc = wanted ? uv_poll_start(&ready->uv, wanted, on_poll) : uv_poll_stop(&ready->uv);
    assert(rc == 0); /* fails only on a closing handle */
    (void)rc;
}

void loop_ready_free(struct loop_ready *ready)
{
    if (ready)
        uv_close((uv_handle_t *)&ready->uv, on_closed);
}
