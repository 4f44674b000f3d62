/* ticker.c - the thread that raises the epoch: it sleeps without guests, wakes for one, ends whenever it is told. Also run under ThreadSanitizer. */
#include <time.h>

#include "check.h"
#include "engine/engine_internal.h"
#include "engine/limits.h"

#define WAIT_MS_MAX 10000 /* for what happens within milliseconds on a machine that is not overloaded */

static void sleep_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

static bool ticks_pass(struct engine_ticker *ticker, unsigned more)
{
    unsigned began = atomic_load(&ticker->ticks);
    for (int ms = 0; ms < WAIT_MS_MAX; ms++) {
        if (atomic_load(&ticker->ticks) - began >= more)
            return true;
        sleep_ms(1);
    }
    return false;
}

static bool falls_asleep(struct engine_ticker *ticker)
{
    for (int ms = 0; ms < WAIT_MS_MAX; ms++) {
        if (atomic_load(&ticker->asleep))
            return true;
        sleep_ms(1);
    }
    return false;
}

static void it_ticks_while_guests_run_and_sleeps_without(void **state)
{
    (void)state;
    struct engine_ticker ticker = {.tick_ms = 0};
    struct sw_err err = {0};
    wasm_engine_t *wasm = wasm_engine_new_with_config(engine__config());
    CHECK_OK(engine__ticker_start(&ticker, wasm, 1, &err), &err);
    CHECK(falls_asleep(&ticker)); /* nothing ran yet */
    for (int i = 0; i < 3; i++) {
        engine__ticker_arm(&ticker);
        CHECK(ticks_pass(&ticker, 3));
        for (int k = 0; k < 50; k++) { /* as many slices as a loop has in a few ticks */
            engine__ticker_arm(&ticker);
            sleep_ms(k % 2);
        }
        CHECK(falls_asleep(&ticker));
        unsigned ticks = atomic_load(&ticker.ticks);
        sleep_ms(20);
        CHECK_INT(atomic_load(&ticker.ticks), ticks);
    }
    engine__ticker_stop(&ticker);
    engine__ticker_stop(&ticker); /* twice is fine */
    wasm_engine_delete(wasm);
}

/* A slice must never begin with a ticker that sleeps on. The moments at which it falls asleep are hit by arming all the time. */
static void arming_while_it_falls_asleep_wakes_it(void **state)
{
    (void)state;
    struct engine_ticker ticker = {.tick_ms = 0};
    struct sw_err err = {0};
    wasm_engine_t *wasm = wasm_engine_new_with_config(engine__config());
    CHECK_OK(engine__ticker_start(&ticker, wasm, 1, &err), &err);
    for (int i = 0; i < 20; i++) {
        sleep_ms(ENGINE_TICKER_IDLE_TICKS - 2 + i % 8); /* about when it does */
        engine__ticker_arm(&ticker);
        CHECK(ticks_pass(&ticker, 1));
    }
    engine__ticker_stop(&ticker);
    wasm_engine_delete(wasm);
}

static void it_ends_whatever_it_does(void **state)
{
    (void)state;
    struct sw_err err = {0};
    wasm_engine_t *wasm = wasm_engine_new_with_config(engine__config());
    for (int i = 0; i < 60; i++) {
        struct engine_ticker ticker = {.tick_ms = 0};
        CHECK_OK(engine__ticker_start(&ticker, wasm, 1, &err), &err);
        if (i % 3)
            engine__ticker_arm(&ticker);
        if (i % 3 == 2)
            sleep_ms(i % 5);
        engine__ticker_stop(&ticker);
    }
    wasm_engine_delete(wasm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ticks_while_guests_run_and_sleeps_without),
        cmocka_unit_test(arming_while_it_falls_asleep_wakes_it),
        cmocka_unit_test(it_ends_whatever_it_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
