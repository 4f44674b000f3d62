/* http.h - the HTTP trigger: from a request on a connection to a component's handler and back.  Room: trigger.
 *
 * Source: spin.md 2.1-2.5; architecture.md 5. */
#ifndef SW_TRIGGER_HTTP_H
#define SW_TRIGGER_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct engine;
struct loop;
struct loop_resolver;
struct node_serving;
struct trigger_http;
struct trigger_logs;
struct trigger_settings;

struct trigger_http_config {   /* all the caller's, they outlive the trigger */
    struct trigger_logs *logs; /* where guests' output goes, and what the access log is told */
    const struct trigger_settings *settings;
    struct loop_resolver *resolver; /* for names of hosts that a component may connect to */
};

/* Loads every component of the serving table, with its limits (app_limits, else those of limits.h). serving must outlive the trigger. */
int trigger_http_new(struct loop *loop, struct engine *engine, const struct node_serving *serving,
                     const struct trigger_http_config *config, struct trigger_http **ret,
                     struct sw_err *err) SW_MUST_CHECK;
int trigger_http_listen(struct trigger_http *http,
                        struct sw_err *err) SW_MUST_CHECK; /* accepts from now on */
/* Stops accepting, after what waits to be accepted; drained(arg) runs once when the last request has been answered. */
void trigger_http_drain(struct trigger_http *http, void (*drained)(void *arg), void *arg);
void trigger_http_free(struct trigger_http *http); /* ends what is in flight at once; NULL is fine */

#endif
