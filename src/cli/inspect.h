/* inspect.h - the commands that look into one component: wit, inspect.  Room: cli. */
#ifndef SW_CLI_INSPECT_H
#define SW_CLI_INSPECT_H

#include "base/buf.h"
#include "cli/command.h"

struct cli_wit {
    const char *file;
};
extern const struct cli_option cli_wit_options[];
int cli_wit_run(const void *parsed, const struct cli_io *io, struct sw_err *err) SW_MUST_CHECK;

struct cli_inspect {
    const char *file;
    const char *format;
};
extern const struct cli_option cli_inspect_options[];
int cli_inspect_run(const void *parsed, const struct cli_io *io, struct sw_err *err) SW_MUST_CHECK;

/* A WebAssembly file of at most TRIGGER_WASM_BYTES_MAX bytes: a component or a core module, else SW_EINPUT. */
int cli_wasm_read(const char *path, struct sw_buf *ret, struct sw_err *err) SW_MUST_CHECK;
int cli_print_buf(FILE *out, const struct sw_buf *text,
                  struct sw_err *err) SW_MUST_CHECK; /* safely, and flushed */

#endif
