/* ticker.c - the thread that raises the epoch while guests run.  Room: engine.
 *
 *            arm: active := true                 every tick: epoch + 1; nobody active for
 *   guest ───────────────────────► [ticking] ───────────────────────────────► [asleep]
 *                                      ▲          ENGINE_TICKER_IDLE_TICKS        │
 *                                      └──────────── arm finds asleep: signal ────┘
 *
 * Under steady load a slice costs one atomic exchange; an idle process has no wake-ups. The thread touches nothing but the epoch and
 * these few words, so it does not matter to the rule that the engine belongs to one thread. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "engine/engine_internal.h"
#include "engine/limits.h"

#define TICKER_STACK_BYTES (64u << 10) /* two small frames; the library call is one atomic addition */

static void sleep_ms(uint32_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

/* Waits until armed. Returns false when the ticker is to end. */
static bool wait_for_guests(struct engine_ticker *t)
{
    pthread_mutex_lock(&t->lock);
    atomic_store(&t->asleep, true);
    /* A guest that armed before it could see asleep left active set: the store above and this load are ordered. */
    while (!atomic_load(&t->stopping) && !atomic_load(&t->active))
        pthread_cond_wait(&t->woken, &t->lock);
    atomic_store(&t->asleep, false);
    bool go_on = !atomic_load(&t->stopping);
    pthread_mutex_unlock(&t->lock);
    return go_on;
}

static void *tick(void *arg)
{
    struct engine_ticker *t = arg;
    while (wait_for_guests(t)) {
        for (uint32_t idle = 0; idle < ENGINE_TICKER_IDLE_TICKS && !atomic_load(&t->stopping);) {
            sleep_ms(t->tick_ms);
            wasmtime_engine_increment_epoch(t->wasm);
            atomic_fetch_add_explicit(&t->ticks, 1, memory_order_relaxed);
            idle = atomic_exchange(&t->active, false) ? 0 : idle + 1;
        }
    }
    return NULL;
}

void engine__ticker_wake(struct engine_ticker *t)
{
    pthread_mutex_lock(&t->lock);
    pthread_cond_signal(&t->woken);
    pthread_mutex_unlock(&t->lock);
}

int engine__ticker_start(struct engine_ticker *t, wasm_engine_t *wasm, uint32_t tick_ms, struct sw_err *err)
{
    t->wasm = wasm;
    t->tick_ms = tick_ms;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->woken, NULL);
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, TICKER_STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop thread's business */
    int rc = pthread_create(&t->thread, &attr, tick, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (rc != 0)
        return sw_fail_errno(err, SW_EIO, rc, "start the epoch thread");
    t->started = true;
    return 0;
}

void engine__ticker_stop(struct engine_ticker *t)
{
    if (!t->started)
        return;
    pthread_mutex_lock(&t->lock);
    atomic_store(&t->stopping, true);
    pthread_cond_signal(&t->woken);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    pthread_cond_destroy(&t->woken);
    pthread_mutex_destroy(&t->lock);
    t->started = false;
}
