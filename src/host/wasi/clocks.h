/* clocks.h - the one loop timer behind a host's clock pollables.  Room: host. */
#ifndef SW_HOST_WASI_CLOCKS_H
#define SW_HOST_WASI_CLOCKS_H

struct host;

void host_clock_init(struct host *host);
void host_clock_deinit(struct host *host); /* no callback after this */

#endif
