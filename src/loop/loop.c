/* loop.c - the loop itself and deferred work.  Room: loop.
 *
 * One turn:  timers -> I/O callbacks -> deferred work -> closed callbacks.
 * 1. `idle` is active exactly while `deferred` is not empty: the poll of that turn does not sleep.
 * 2. A drain takes the whole queue first; what is added meanwhile waits for the next turn, so I/O comes in between. */
#include "loop/loop.h"

#include <assert.h>
#include <signal.h>

#include "base/alloc.h"
#include "loop/limits.h"
#include "loop/loop_internal.h"

static void on_idle(uv_idle_t *idle)
{
    (void)idle; /* being active is all it does */
}

static void idle_set(struct loop *loop, bool on)
{
    if (loop->idle_on == on)
        return;
    loop->idle_on = on;
    int rc = on ? uv_idle_start(&loop->idle, on_idle) : uv_idle_stop(&loop->idle);
    assert(rc == 0); /* neither can fail on an initialised handle with a callback */
    (void)rc;
}

static void on_check(uv_check_t *check)
{
    struct loop *loop = check->data;
    if (sw_list_empty(&loop->deferred)) {
        idle_set(loop, false); /* what was queued has been cancelled */
        return;
    }
    struct sw_link batch; /* the whole queue moves here */
    batch = loop->deferred;
    batch.next->prev = &batch;
    batch.prev->next = &batch;
    sw_list_init(&loop->deferred);

    struct sw_link *link = NULL;
    while ((link = sw_list_take_head(&batch))) {
        struct loop_defer *defer = SW_CONTAINER(link, struct loop_defer, link);
        defer->fn(defer->arg); /* may free it */
    }
    idle_set(loop, !sw_list_empty(&loop->deferred));
}

int loop_new(struct loop **ret, struct sw_err *err)
{
    struct loop *loop = sw_try_alloc(sizeof *loop);
    if (!loop)
        return sw_fail(err, SW_ENOMEM, "no memory for a loop");
    int rc = uv_loop_init(&loop->uv);
    if (rc < 0) {
        sw_free(loop);
        return loop__uv_fail(err, rc, "make an event loop");
    }
    (void)signal(SIGPIPE,
                 SIG_IGN); /* a pipe whose reader left is an error value here, not the end of the process */
    sw_list_init(&loop->deferred);
    sw_list_init(&loop->finishing);
    loop->check.data = loop;
    (void)uv_check_init(&loop->uv, &loop->check); /* these four cannot fail */
    (void)uv_check_start(&loop->check, on_check);
    uv_unref((uv_handle_t *)&loop->check); /* it alone does not keep the loop running */
    (void)uv_idle_init(&loop->uv, &loop->idle);
    *ret = loop;
    return 0;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    while (sw_list_take_head(&loop->deferred)) {
        /* nobody runs it any more */
    }
    loop__sockets_end(loop);
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    int rc = UV_EBUSY;
    for (int i = 0; i < LOOP_FREE_TURNS_MAX && rc == UV_EBUSY; i++) {
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT); /* closed callbacks of what was closed just now */
        rc = uv_loop_close(&loop->uv);
    }
    if (loop->lookups)
        return; /* a resolver that answers nothing still has a thread, which writes to the loop: the process ends with both */
    assert(rc == 0 && "an object of the loop was not closed");
    sw_free(loop);
}

int loop_run(struct loop *loop, struct sw_err *err)
{
    int rc = uv_run(&loop->uv, UV_RUN_DEFAULT);
    return rc < 0 ? loop__uv_fail(err, rc, "run the event loop") : 0;
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return uv_now(&loop->uv);
}

void loop_defer_init(struct loop_defer *defer, loop_defer_fn *fn, void *arg)
{
    sw_list_init(&defer->link);
    defer->fn = fn;
    defer->arg = arg;
}

void loop_defer_add(struct loop *loop, struct loop_defer *defer)
{
    if (!sw_list_empty(&defer->link))
        return; /* queued already, or in the batch that is running: it has its run to come */
    sw_list_add_tail(&loop->deferred, &defer->link);
    idle_set(loop, true);
}

void loop_defer_cancel(struct loop_defer *defer)
{
    sw_list_remove(&defer->link); /* the idle handle stops at the next, empty, drain */
}
