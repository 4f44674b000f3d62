/* run.h - swell run: a command on the command line.  Room: cli. */
#ifndef SW_CLI_RUN_H
#define SW_CLI_RUN_H

#include "cli/command.h"

struct cli_run_options {
    const char *file;
    struct cli_rest args;
    struct cli_list dirs;
    struct cli_list env;
    bool network;
    const char *time_limit;
    const char *memory_limit;
};
extern const struct cli_option cli_run_options[];
int cli_run_run(const void *parsed, const struct cli_io *io, struct sw_err *err) SW_MUST_CHECK;

/* What it starts: the process in which the component is parsed and runs. */
struct cli_internal_run {
    const char *component;
    struct cli_rest args; /* argv[0] first */
};
extern const struct cli_option cli_internal_run_options[];
int cli_internal_run_run(const void *parsed, const struct cli_io *io, struct sw_err *err) SW_MUST_CHECK;

#endif
