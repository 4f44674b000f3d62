/* clock.c - reading the system's clocks.  Room: base. */
#include "base/clock.h"

#include <time.h>

static uint64_t read_clock(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t); /* cannot fail for the three ids below */
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t sw_clock_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t sw_clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t sw_clock_thread_cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}
