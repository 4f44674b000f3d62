/* timer.c - timers.  Room: loop. */
#include "base/alloc.h"
#include "loop/loop_internal.h"

struct loop_timer {
    uv_timer_t uv;
    loop_timer_fn *fn;
    void *arg;
};

static void on_timer(uv_timer_t *uv)
{
    struct loop_timer *timer = uv->data;
    timer->fn(timer->arg); /* may free the timer: its memory stays until the turn ends */
}

int loop_timer_new(struct loop *loop, loop_timer_fn *fn, void *arg, struct loop_timer **ret,
                   struct sw_err *err)
{
    struct loop_timer *timer = sw_try_alloc(sizeof *timer);
    if (!timer)
        return sw_fail(err, SW_ENOMEM, "no memory for a timer");
    (void)uv_timer_init(&loop->uv, &timer->uv); /* cannot fail */
    timer->uv.data = timer;
    timer->fn = fn;
    timer->arg = arg;
    *ret = timer;
    return 0;
}

void loop_timer_start(struct loop_timer *timer, uint64_t after_ms)
{
    (void)uv_timer_start(&timer->uv, on_timer, after_ms,
                         0); /* fails only without a callback or when closing */
}

void loop_timer_stop(struct loop_timer *timer)
{
    (void)uv_timer_stop(&timer->uv); /* cannot fail */
}

static void on_closed(uv_handle_t *handle)
{
    sw_free(handle->data);
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer)
        uv_close((uv_handle_t *)&timer->uv, on_closed);
}
