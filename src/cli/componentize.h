/* componentize.h - swell componentize.  Room: cli. */
#ifndef SW_CLI_COMPONENTIZE_H
#define SW_CLI_COMPONENTIZE_H

#include "cli/command.h"

struct cli_componentize {
    const char *file;
    const char *wit;
    const char *world;
    const char *adapt;
    const char *output;
};
extern const struct cli_option cli_componentize_options[];
int cli_componentize_run(const void *parsed, const struct cli_io *io, struct sw_err *err) SW_MUST_CHECK;

#endif
