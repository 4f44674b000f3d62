/* sandbox.h - what a worker and a compiler may still ask of the system once they touch what others wrote.  Room: node.
 *
 * Source: architecture.md 3; docs/internals/sandbox.md has the layers, the lists with their reasons, and what is out of scope.
 * Everything is opened first; then the sandbox is entered, once, before the first byte of a guest runs or is parsed. It holds for every
 * thread, cannot be left, and a call that is not on the list ends the process with SIGSYS.
 *
 * The environment variable SWELL_SANDBOX says how: "on" (also when it is not set), "inspect" (on, but the process may be looked at by
 * others of its user and leave a core dump: for tests and debuggers that attach), "off" (for debuggers and tools that need more). */
#ifndef SW_NODE_SANDBOX_H
#define SW_NODE_SANDBOX_H

#include "base/error.h"

struct node_serving;

/* In the supervisor, at start: says in the log what of the sandbox is missing.
 * fails: SW_EINPUT when SWELL_SANDBOX is none of its words, SW_EDENIED when the kernel has no system call filters and it is not off */
int node_sandbox_check(struct sw_err *err) SW_MUST_CHECK;

/* In a worker, first of all, while it has one thread and no descriptors but its channel: gives up what it must not pass on. */
int node_sandbox_worker_begin(struct sw_err *err) SW_MUST_CHECK;

/* In a worker that knows what it serves (serving NULL: nothing) and has read none of it, still of one thread: gives up what not even
 * loading needs. What is left by name: /proc, its own code, the application's mounts. */
int node_sandbox_worker_load(const struct node_serving *serving, struct sw_err *err) SW_MUST_CHECK;

/* In a worker that has loaded everything and run nothing: what is left by name are the mounts. serving: the descriptors that only loading
 * needed are closed (and set to -1); NULL is fine. */
int node_sandbox_worker(struct node_serving *serving, struct sw_err *err) SW_MUST_CHECK;

/* In a compiler that has one thread and has read nothing yet: what is left are its descriptors up to last_fd, and nothing to be made or
 * written by name. Others are closed. */
int node_sandbox_compiler(int last_fd, struct sw_err *err) SW_MUST_CHECK;

#endif
