/* invoke.h - one call of one exported function, in a process of its own.  Room: trigger. */
#ifndef SW_TRIGGER_INVOKE_H
#define SW_TRIGGER_INVOKE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct trigger_invoke {
    const char *name;   /* of the component, for messages */
    int channel_fd;     /* where its serving table waits: node_run_once */
    struct sw_str call; /* "wasi:a/b@1.0.0#func(args)", "func(args)": arguments in WAVE (component/wave.h) */
    void (*output)(void *arg, bool is_stderr, struct sw_str line); /* the guest's */
    void *output_arg;
};

/* Receives the compiled component, enters the worker's sandbox for good, and makes the call, with all of the host's interfaces and no
 * grants. Appends the result in WAVE to ret_text, nothing when the function has none.
 * Fails with SW_EINPUT (no such function, wrong arguments: both with what there is), SW_EGUEST (the guest trapped or ended itself). */
int trigger_invoke_run(const struct trigger_invoke *job, struct sw_buf *ret_text,
                       struct sw_err *err) SW_MUST_CHECK;

#endif
