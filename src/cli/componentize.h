/* componentize.h - swell componentize.  Room: cli. */
#ifndef SW_CLI_COMPONENTIZE_H
#define SW_CLI_COMPONENTIZE_H

#include "cli/command.h"

struct cli_componentize {
    const char *file;
    const char *wit;
    const char *world;
    struct cli_list adapt; /* "NAME=FILE" or "FILE" */
    const char *output;
};
extern const struct cli_option cli_componentize_options[];
/* Writes a file under a temporary name beside it and renames it: it is there whole or not at all. "-" is standard output. (output.c) */
int cli_output_write(const char *path, struct sw_str bytes, const struct cli_io *io,
                     struct sw_err *err) SW_MUST_CHECK;
int cli_componentize_run(const void *parsed, const struct cli_io *io, struct sw_err *err) SW_MUST_CHECK;

#endif
