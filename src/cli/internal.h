/* internal.h - what the supervisor starts this program as.  Room: cli. */
#ifndef SW_CLI_INTERNAL_H
#define SW_CLI_INTERNAL_H

#include "cli/command.h"

struct cli_internal_check {
    const char *component;
    bool unlinked;
    struct cli_list dependencies;
    uint32_t parent;
};
extern const struct cli_option cli_internal_check_options[];
int cli_internal_check_run(const void *parsed, const struct cli_io *io, struct sw_err *err) SW_MUST_CHECK;

struct cli_internal_compile {
    const char *offset;
    const char *bytes;
    const char *library;
    uint32_t parent;
};
extern const struct cli_option cli_internal_compile_options[];
int cli_internal_compile_run(const void *parsed, const struct cli_io *io, struct sw_err *err) SW_MUST_CHECK;
int cli_internal_worker_run(const void *parsed, const struct cli_io *io, struct sw_err *err) SW_MUST_CHECK;

#endif
