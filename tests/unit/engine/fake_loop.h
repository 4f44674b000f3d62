/* fake_loop.h - a loop without I/O, turned by hand: what the engine uses of loop.h, so that tests decide when a turn is. */
#ifndef SW_TESTS_ENGINE_FAKE_LOOP_H
#define SW_TESTS_ENGINE_FAKE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"

struct loop *fake_loop_new(void);
void fake_loop_free(struct loop *loop);
bool fake_loop_turn(struct loop *loop); /* runs the deferred work there is; false: there was none */
unsigned fake_loop_run(struct loop *loop,
                       unsigned turns_max); /* turns until nothing is left; how many there were */
void fake_loop_advance(struct loop *loop, uint64_t ms);

#endif
