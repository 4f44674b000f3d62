/* single.h - what `swell run` and `swell invoke` have in common: one component, given to one process that ends with them.  Room: cli. */
#ifndef SW_CLI_SINGLE_H
#define SW_CLI_SINGLE_H

#include "base/error.h"

/* In the process that `command` started: waits for nothing, and ends when `command` ends, also when that was before this call.
 * fails: SW_EINPUT when no channel of another process is there, SW_EIO */
int cli_single_begin(const char *command, struct sw_err *err) SW_MUST_CHECK;
/* Takes "component 'ID': " off the front of a message: there is only one. Gives rc, which is below 0, back. */
int cli_single_fail(int rc, const char *id, struct sw_err *err) SW_MUST_CHECK;

#endif
