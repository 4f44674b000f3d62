/* outside.h - a worker's way out: the client of outgoing requests, and where the application itself is.  Room: trigger. */
#ifndef SW_TRIGGER_OUTSIDE_H
#define SW_TRIGGER_OUTSIDE_H

#include "base/error.h"
#include "base/str.h"

struct host_outside;
struct loop;
struct loop_resolver;
struct node_serving;
struct trigger_outside;

/* Before the sandbox is entered. resolver and serving outlive it. */
int trigger_outside_new(struct loop *loop, struct loop_resolver *resolver, const struct node_serving *serving,
                        struct trigger_outside **ret, struct sw_err *err) SW_MUST_CHECK;
/* Requests to components go that way: as host_outside.chain_find and chain_connect. Before the first request. */
struct trigger_outside_chain {
    int (*find)(void *arg, struct sw_str id, uint32_t *ret_target);
    int (*connect)(void *arg, uint32_t target, uint32_t depth);
    void *arg;
};
void trigger_outside_chain(struct trigger_outside *outside, const struct trigger_outside_chain *chain);
const struct host_outside *trigger_outside_host(const struct trigger_outside *outside); /* NULL: NULL */
void trigger_outside_free(struct trigger_outside *outside);                             /* NULL is fine */

#endif
