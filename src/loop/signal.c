/* signal.c - signals as callbacks.  Room: loop. */
#include "base/alloc.h"
#include "loop/loop_internal.h"

struct loop_signal {
    uv_signal_t uv;
    loop_signal_fn *fn;
    void *arg;
};

static void on_signal(uv_signal_t *uv, int number)
{
    struct loop_signal *signal = uv->data;
    signal->fn(signal->arg, number);
}

static void on_closed(uv_handle_t *handle)
{
    sw_free(handle->data);
}

int loop_signal_new(struct loop *loop, int number, loop_signal_fn *fn, void *arg, struct loop_signal **ret,
                    struct sw_err *err)
{
    struct loop_signal *signal = sw_try_alloc(sizeof *signal);
    if (!signal)
        return sw_fail(err, SW_ENOMEM, "no memory for a watch on signal %d", number);
    int rc = uv_signal_init(&loop->uv, &signal->uv);
    if (rc < 0) {
        sw_free(signal);
        return loop__uv_fail(err, rc, "watch signal %d", number);
    }
    signal->uv.data = signal;
    signal->fn = fn;
    signal->arg = arg;
    rc = uv_signal_start(&signal->uv, on_signal, number);
    if (rc < 0) {
        uv_close((uv_handle_t *)&signal->uv, on_closed);
        return loop__uv_fail(err, rc, "watch signal %d", number);
    }
    uv_unref((uv_handle_t *)&signal->uv); /* waiting for a signal alone does not keep the loop running */
    *ret = signal;
    return 0;
}

void loop_signal_free(struct loop_signal *signal)
{
    if (signal)
        uv_close((uv_handle_t *)&signal->uv, on_closed);
}
