/* cli.h - a guest's stdout and stderr: bytes become lines for host_grants.output.  Room: host. */
#ifndef SW_HOST_WASI_CLI_H
#define SW_HOST_WASI_CLI_H

#include <stdbool.h>

#include "base/buf.h"
#include "host/carrier.h"

struct component_call;
struct host;

struct host_line {
    struct host_sink sink; /* first: the carrier */
    struct host *host;
    bool is_stderr;
    struct sw_buf rest; /* a line without its end */
};

void host_empty_init(struct host_source *source); /* ends at once: stdin */
void host_line_init(struct host_line *line, struct host *host, bool is_stderr);
void host_line_end(struct host_line *line); /* hands on what has no end of line; keeps the allocation */

/* The standard streams of whoever imported the function: a command's are the component's own, not its dependencies'. */
enum host_stdio { HOST_STDIN, HOST_STDOUT, HOST_STDERR };
struct host_source *host_stdin(const struct component_call *call);
struct host_sink *host_stdout(const struct component_call *call, bool is_stderr);
bool host_is_terminal(const struct component_call *call, enum host_stdio which);

/* Ends the guest: a trap of kind ENGINE_TRAP_EXIT, and what host_command_exited tells. */
int host_exit(struct component_call *call, uint8_t code);

#endif
