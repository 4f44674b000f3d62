/* clock.h - time.  Room: base. */
#ifndef SW_BASE_CLOCK_H
#define SW_BASE_CLOCK_H

#include <stdint.h>

uint64_t sw_clock_mono_ns(void);       /* since boot or some such; never goes back */
uint64_t sw_clock_wall_ns(void);       /* since 1970-01-01T00:00:00Z */
uint64_t sw_clock_thread_cpu_ns(void); /* CPU time of this thread */

#endif
