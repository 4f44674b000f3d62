/* clocks.h - a guest's points in time as this machine's, and the one loop timer behind a host's clock pollables.  Room: host. */
#ifndef SW_HOST_WASI_CLOCKS_H
#define SW_HOST_WASI_CLOCKS_H

#include <stdint.h>

struct host;

/* Nanoseconds of this machine's monotonic clock, of 0.2 and 0.3 alike: when a guest's `instant` is (before it began: when it began), and
   `ns` from now. What is too far off is UINT64_MAX: never. */
uint64_t host_clock_deadline_at(const struct host *host, uint64_t instant);
uint64_t host_clock_deadline_after(uint64_t ns);

void host_clock_init(struct host *host);
void host_clock_deinit(struct host *host); /* no callback after this */

#endif
