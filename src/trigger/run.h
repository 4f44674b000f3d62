/* run.h - one command, run to its end, in a process of its own.  Room: trigger. */
#ifndef SW_TRIGGER_RUN_H
#define SW_TRIGGER_RUN_H

#include <stdint.h>

#include "base/error.h"

struct trigger_run {
    const char *name; /* of the component, for messages */
    int channel_fd; /* where its serving table waits: node_run_once. Of its component: mounts, environment, limits */
    int fds[3];              /* the command's standard streams */
    const char *const *args; /* argv[0] first */
    uint32_t arg_count;
};

/* Receives the compiled component, enters the worker's sandbox for good, and runs `wasi:cli/run`, or `_start` of a core module.
 * *ret_status: what the command ended with; 1 when its run gave an error.
 * Fails with SW_EGUEST (it trapped), SW_ETIMEOUT (its time was over), and as anything does before it ran. */
int trigger_run_command(const struct trigger_run *job, int *ret_status, struct sw_err *err) SW_MUST_CHECK;

#endif
