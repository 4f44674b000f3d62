/* outside.h - a worker's way out: the client of outgoing requests, and where the application itself is.  Room: trigger. */
#ifndef SW_TRIGGER_OUTSIDE_H
#define SW_TRIGGER_OUTSIDE_H

#include "base/error.h"

struct host_outside;
struct loop;
struct loop_resolver;
struct node_serving;
struct trigger_outside;

/* Before the sandbox is entered. resolver and serving outlive it. */
int trigger_outside_new(struct loop *loop, struct loop_resolver *resolver, const struct node_serving *serving,
                        struct trigger_outside **ret, struct sw_err *err) SW_MUST_CHECK;
const struct host_outside *trigger_outside_host(const struct trigger_outside *outside); /* NULL: NULL */
void trigger_outside_free(struct trigger_outside *outside);                             /* NULL is fine */

#endif
