/* invoke.h - swell invoke.  Room: cli. */
#ifndef SW_CLI_INVOKE_H
#define SW_CLI_INVOKE_H

#include "cli/command.h"

struct cli_invoke {
    const char *file;
    struct cli_list calls;
};
extern const struct cli_option cli_invoke_options[];
int cli_invoke_run(const void *parsed, const struct cli_io *io, struct sw_err *err) SW_MUST_CHECK;

/* What it starts: the process in which the component is parsed and called. */
struct cli_internal_invoke {
    const char *component;
    struct cli_list calls;
};
extern const struct cli_option cli_internal_invoke_options[];
int cli_internal_invoke_run(const void *parsed, const struct cli_io *io, struct sw_err *err) SW_MUST_CHECK;

#endif
