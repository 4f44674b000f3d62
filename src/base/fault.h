/* fault.h - named points where a test makes something fail in the real program: SWELL_FAULT=[PROCESS:]POINT:N.  Room: base.
 *
 * The N-th time that PROCESS (worker, supervisor or compiler; worker when not named) comes to POINT, what stands there fails as the system
 * would let it fail; before and after it works. Each process counts for itself, so a worker that replaces another begins anew.
 * While nothing is armed a point costs one predictable branch. */
#ifndef SW_BASE_FAULT_H
#define SW_BASE_FAULT_H

#include <stdbool.h>

#include "base/error.h"

/* name, what fails */
#define SW_FAULT_POINTS(X)                                                                                   \
    X(ALLOC, "alloc")               /* memory: the sw_try_* family */                                        \
    X(LOOP_ACCEPT, "loop.accept")   /* accept4: EMFILE */                                                    \
    X(LOOP_STREAM, "loop.stream")   /* watching a new descriptor */                                          \
    X(LOOP_READ, "loop.read")       /* recv: ECONNRESET */                                                   \
    X(LOOP_WRITE, "loop.write")     /* send, sendmsg, writev: EPIPE */                                       \
    X(LOOP_SPAWN, "loop.spawn")     /* fork: EAGAIN */                                                       \
    X(ENGINE_SLOT, "engine.slot")   /* mmap of a guest's memory: ENOMEM */                                   \
    X(ENGINE_GROW, "engine.grow")   /* mprotect for memory.grow: ENOMEM */                                   \
    X(ENGINE_STACK, "engine.stack") /* mmap of a fiber's stack: ENOMEM */                                    \
    X(ENGINE_RESET, "engine.reset") /* finding the pages that were written */                                \
    X(ENGINE_SKIP, "engine.skip")   /* from then on no memory is reset: proves that a test would see it */   \
    X(NODE_SEND, "node.send")       /* sendmsg between our processes: EPIPE */                               \
    X(NODE_RECEIVE, "node.receive") /* recvmsg between our processes: ENOBUFS */                             \
    X(NODE_ACCEPT, "node.accept")   /* accept4 on the control socket: EMFILE */                              \
    X(NODE_STAGE, "node.stage")     /* making a file in the AOT cache: ENOSPC */                             \
    X(NODE_COMMIT, "node.commit")   /* syncing it: EIO */

#define SW_FAULT_ENUM_(id, name) SW_FAULT_##id,
enum sw_fault { SW_FAULT_POINTS(SW_FAULT_ENUM_) SW_FAULT_COUNT };
#undef SW_FAULT_ENUM_

/* text: what SWELL_FAULT says, or NULL. process: who asks. Fails with SW_EINPUT, and what is allowed, when it is no such text. */
int sw_fault_setup(const char *process, const char *text, struct sw_err *err) SW_MUST_CHECK;
const char *sw_fault_name(enum sw_fault point);

extern bool sw_fault_armed;
bool sw_fault_hit(enum sw_fault point); /* counts; true when it is the one */

static inline bool sw_fault(enum sw_fault point)
{
    return __builtin_expect(sw_fault_armed, 0) && sw_fault_hit(point);
}
bool sw_fault_errno(enum sw_fault point, int number); /* as sw_fault, and sets errno */

#endif
