/* stdio.h - this process's own descriptors as the standard streams of a command.  Room: trigger.
 *
 * Unbuffered: what the guest writes is handed to the kernel at once; only what the kernel does not take is kept, up to a limit, and the
 * guest waits. What the guest reads is read ahead, once it asks for something. */
#ifndef SW_TRIGGER_STDIO_H
#define SW_TRIGGER_STDIO_H

#include "base/buf.h"
#include "host/carrier.h"

struct loop;
struct loop_ready;

/* A descriptor that never blocks the loop, or one for which nothing can be done (a regular file: it is always ready). */
struct trigger_stdio_fd {
    int fd;         /* the one that is used: a reopened one, or that of the process */
    bool is_own;    /* reopened */
    bool was_set;   /* made non-blocking for all who share it: undone in the end */
    bool is_always; /* no readiness: read and written at once */
    bool is_file;   /* regular: what was read ahead is given back in the end */
    bool is_closed; /* not open at all */
    bool is_terminal;
};

struct trigger_stdio_in {
    struct host_source source; /* first: the carrier */
    struct trigger_stdio_fd fd;
    struct loop_ready *ready;
    struct sw_buf bytes; /* read ahead */
    size_t at;           /* of them: consumed */
    bool ended;
};

struct trigger_stdio_out {
    struct host_sink sink; /* first: the carrier */
    struct trigger_stdio_fd fd;
    struct loop_ready *ready;
    struct sw_buf rest; /* what the kernel did not take yet */
    int failed;         /* errno of the first failure; then nothing is written any more */
};

struct trigger_stdio {
    struct trigger_stdio_in in;
    struct trigger_stdio_out out[2]; /* stdout, stderr */
    void (*drained)(void *arg);      /* see trigger_stdio_flush */
    void *drained_arg;
};

/* Before the sandbox: looks at descriptors 0, 1 and 2, opens anew what is shared with others. fds: three numbers. */
void trigger_stdio_init(struct trigger_stdio *stdio, const int fds[3]);
/* Watches them. Then the carriers can be used. */
int trigger_stdio_start(struct trigger_stdio *stdio, struct loop *loop, struct sw_err *err) SW_MUST_CHECK;
/* 0: everything written has left, or never will; SW_WAIT: drained is called when that is so. */
int trigger_stdio_flush(struct trigger_stdio *stdio, void (*drained)(void *arg), void *arg) SW_MUST_CHECK;
/* Leaves the descriptors as they were found; twice is fine. */
void trigger_stdio_deinit(struct trigger_stdio *stdio);

#endif
