/* sandbox_internal.h - what the sandbox's files share.  Room: node. */
#ifndef SW_NODE_SANDBOX_INTERNAL_H
#define SW_NODE_SANDBOX_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* ---- sandbox_calls.c: seccomp ---- */

enum node__profile { NODE__WORKER, NODE__COMPILER };
struct node__needs { /* what an application's grants need of a worker */
    bool files;      /* mounts: opened and read by name */
    bool writes;     /* and changed */
    bool connects;   /* hosts that may be connected to */
    bool sockets;    /* by TCP and UDP as the guest likes it; comes with connects */
    bool listens;    /* the same, and accepts; comes with sockets */
};

bool node__calls_supported(void);
/* What a process ended by that signal did, for logs. */
const char *node__signal_text(int number);
/* For every thread of this process, for ever. fails: SW_EDENIED when the kernel refuses. */
int node__calls_limit(enum node__profile profile, const struct node__needs *needs,
                      struct sw_err *err) SW_MUST_CHECK;

/* ---- sandbox_paths.c: Landlock ---- */

struct node__path {   /* a folder or a file, to be read and listed */
    const char *path; /* NULL: fd */
    int fd;
    bool optional; /* not every system has it */
    bool core;     /* files may be made in it, too: the kernel writes a core by what its process may do */
    bool writable; /* everything but running programs and making devices */
};

/* The version of the kernel's interface; 0: it has none, or it is switched off. */
int node__paths_abi(void);
/* For this thread and those it makes later: no file but `paths`, no TCP (needs->connects: but connecting; listens: all), no signals and abstract sockets to others, each where the kernel
 * has it. Does nothing on a kernel without. */
int node__paths_limit(const struct node__path *paths, size_t count, const struct node__needs *needs,
                      struct sw_err *err) SW_MUST_CHECK;

#endif
