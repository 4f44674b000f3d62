/* invoke.h - one call of one exported function, in a process of its own.  Room: trigger. */
#ifndef SW_TRIGGER_INVOKE_H
#define SW_TRIGGER_INVOKE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct trigger_invoke {
    const char *name; /* of the component, for messages */
    int channel_fd;   /* where its serving table waits: node_run_once */
    const char *const
        *calls;          /* "wasi:a/b@1.0.0#func(args)", "func(args)": arguments in WAVE (component/wave.h) */
    uint32_t call_count; /* made one after the other in one instance */
    void (*output)(void *arg, bool is_stderr, struct sw_str line); /* the guest's */
    void *output_arg;
};

/* Receives the compiled component, enters the worker's sandbox for good, and makes the calls, with all of the host's interfaces and no
 * grants. Appends a line with each result in WAVE to ret_text, none for a function without one; also those before a failure. A resource
 * of the component's own is "#1", "#2", ... in the order in which the calls give them.
 * Fails with SW_EINPUT (no such function, wrong arguments: both with what there is), SW_EGUEST (the guest trapped or ended itself). */
int trigger_invoke_run(const struct trigger_invoke *job, struct sw_buf *ret_text,
                       struct sw_err *err) SW_MUST_CHECK;

#endif
