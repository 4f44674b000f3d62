/* listen.h - from an address as a person writes it to a listening socket.  Room: cli. */
#ifndef SW_CLI_LISTEN_H
#define SW_CLI_LISTEN_H

#include "base/error.h"
#include "cli/limits.h"

/* text: "127.0.0.1:3000", "localhost:3000", "[::1]:0". A name is resolved; 127.0.0.1 is preferred among its addresses.
 * tries       : 1, or how many ports from this one on may be tried while they are in use
 * ret_fd      : listening, non-blocking, close-on-exec
 * ret_address : "127.0.0.1:3000" as it is bound, so port 0 shows the real one
 * fails       : SW_EINPUT (no address, in use, not ours), SW_EIO
 * source      : spin.md 2.10                                                      */
int cli_listen(const char *text, unsigned tries, int *ret_fd, char ret_address[CLI_ADDRESS_BYTES_MAX],
               struct sw_err *err) SW_MUST_CHECK;

/* The address that cli_listen would bind, without binding it. Fails with SW_EINPUT. */
int cli_listen_address(const char *text, char ret_address[CLI_ADDRESS_BYTES_MAX],
                       struct sw_err *err) SW_MUST_CHECK;

#endif
