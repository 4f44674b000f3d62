/* wagi.h - the Wagi executor: a command answers a request as a CGI program does.  Room: trigger (private).
 *
 * Source: spin.md 2.7, platform.md 7a; RFC 3875 for what those leave open. */
#ifndef SW_TRIGGER_WAGI_H
#define SW_TRIGGER_WAGI_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "host/carrier.h"
#include "host/host.h"
#include "http/server.h"

/* ---- wagi_env.c: what the command is given ---- */

struct trigger_wagi_request {
    const struct http_request *head;
    struct sw_str peer; /* "127.0.0.1:52114" */
    const struct app_http_trigger *trigger;
    const struct app_route_match *match;
    const struct app_component *component;
    struct sw_str full_url;
};
/* Fills args and env of *ret, from arena; views of the request stay views. Fails with SW_ELIMIT, SW_ENOMEM. */
int trigger_wagi_env(struct sw_arena *arena, const struct trigger_wagi_request *request,
                     struct host_command *ret, struct sw_err *err) SW_MUST_CHECK;

/* ---- wagi_head.c: what it prints first ---- */

struct trigger_wagi_head {
    uint16_t status;
    const struct http_field *fields;
    uint32_t field_count;
    size_t bytes; /* of the head, the empty line included: the body begins here */
};
/* Where the head ends: the byte after the empty line; SW_NPOS: it has no end yet. */
size_t trigger_wagi_head_end(struct sw_str out);
/* Reads the head of a whole output, or of one whose head is complete; views of `out`. Carriage returns in it are ignored.
 * Fails with SW_EINPUT and *ret_status, what the client is to hear: 502 for a status that is none, else 500. */
int trigger_wagi_head_read(struct sw_arena *arena, struct sw_str out, struct trigger_wagi_head *ret,
                           uint16_t *ret_status, struct sw_err *err) SW_MUST_CHECK;

/* ---- wagi.c: its run ---- */

enum trigger_wagi_state {
    TRIGGER_WAGI_HELD,    /* output is kept, so that an exit with failure can still be a 500 */
    TRIGGER_WAGI_STARTED, /* the head has left, output follows as the client reads it */
    TRIGGER_WAGI_BROKEN   /* the client left or the output makes no response: further output is refused */
};
struct trigger_wagi {
    struct host_source in; /* the request's body */
    struct host_sink out;
    struct http_exchange *exchange; /* NULL: over */
    struct sw_arena arena;
    struct host_command command;
    enum trigger_wagi_state state;
    bool body_ended;
    bool finishing; /* the command is over: what is held leaves, then finished is called */
    struct sw_buf held;
    uint16_t failure_status; /* BROKEN by its own output: what the client is to hear */
    struct sw_err failure;
    void (*finished)(void *arg); /* everything was handed to the client, or it left */
    void *arg;
};
int trigger_wagi_new(struct http_exchange *exchange, const struct trigger_wagi_request *request,
                     struct trigger_wagi **ret, struct sw_err *err) SW_MUST_CHECK;
/* The command ended well: hands over what is held. 0: done; SW_WAIT: finished(arg) comes later, never from here; SW_EINPUT in failure: its
 * output makes no response. */
int trigger_wagi_finish(struct trigger_wagi *wagi, void (*finished)(void *arg), void *arg,
                        struct sw_err *err) SW_MUST_CHECK;
void trigger_wagi_readable(struct trigger_wagi *wagi); /* events of the exchange */
void trigger_wagi_writable(struct trigger_wagi *wagi);
void trigger_wagi_gone(struct trigger_wagi *wagi);
void trigger_wagi_free(struct trigger_wagi *wagi); /* after the store; NULL is fine */

#endif
