/* http_internal.h - what the files of the HTTP trigger share.  Room: trigger (private). */
#ifndef SW_TRIGGER_HTTP_INTERNAL_H
#define SW_TRIGGER_HTTP_INTERNAL_H

#include "app/app.h"
#include "base/arena.h"
#include "base/list.h"
#include "component/value.h"
#include "host/host.h"
#include "http/server.h"
#include "trigger/admission.h"
#include "trigger/http.h"
#include "trigger/limits.h"
#include "trigger/load.h"
#include "trigger/outside.h"
#include "trigger/wagi.h"

#define TRIGGER_EXTRA_FIXED 7 /* injected headers without the path matches, spin.md 2.3 */

struct component_store;
struct loop_timer;

struct trigger_service { /* a component as it is served */
    struct trigger_component component;
    struct trigger_http *http;
    struct app_limits limits; /* complete: no time, memory or count is 0; a body's limit may be */
    /* refusals that the log does not know of yet */
    uint64_t refused;   /* the queue was full */
    uint64_t timed_out; /* waited too long */
    uint64_t logged_ms;
};

struct trigger_http {
    struct loop *loop;
    struct engine *engine;
    const struct node_serving *serving;
    struct trigger_http_config config;
    struct app_routes *routes;
    struct trigger_service *services; /* parallel to app->components */
    int *static_fds;                  /* parallel to app->http: of static folders; -1: another trigger */
    struct app_http_trigger *chained; /* one for each component that is served: how chain.c reaches it */
    uint32_t chained_count;
    struct trigger_admission admission; /* its lanes, too */
    struct trigger_outside *outside;    /* NULL: no component may connect to anything */
    struct http_server *server;
    struct loop_timer *expiry;
    uint64_t expiry_at_ms; /* when it fires, at or before the earliest deadline; UINT64_MAX: not armed */
    struct loop_timer *pause;
    const struct trigger_lane *full; /* whose queue made accepting pause; NULL: it goes on */
    bool admitting;                  /* admit_waiting is on the stack */
    bool closing;
    struct sw_link spare;
    uint32_t spare_count;
};

struct trigger_request {
    struct trigger_ticket ticket;
    struct trigger_http *http;
    struct trigger_service *service;
    const struct app_http_trigger *trigger;
    struct http_exchange *exchange;
    struct trigger_wagi *wagi;       /* NULL: its executor is another */
    struct trigger_inbound *inbound; /* NULL: its component exports another handler */
    struct host *host;               /* NULL while it waits */
    struct component_store *store;   /* NULL while it waits */
    void *wasi_request;
    void *wasi_outparam;
    struct component_value argument; /* of wasi:http/handler@0.3 */
    bool has_ended;                  /* its last task has, with ended_rc */
    int ended_rc;
    struct sw_arena text; /* what the injected headers need */
    struct host_http_extra extra[TRIGGER_EXTRA_FIXED + APP_ROUTE_PARAMS_MAX];
    uint32_t extra_count;
};

/* ---- http.c ---- */
void trigger__on_request(void *arg, struct http_exchange *exchange);
void trigger__expire(void *arg);
void trigger__pause_over(void *arg);
void trigger__request_end(struct trigger_request *req);

/* ---- chain.c: requests of components to components of the same application (spin.md 2.8) ---- */

int trigger__chain_open(struct trigger_http *http, struct sw_err *err) SW_MUST_CHECK;
void trigger__chain_close(struct trigger_http *http);
/* How a request that came that way is answered; labels the exchange. */
const struct app_http_trigger *trigger__chain_match(const struct trigger_http *http,
                                                    struct http_exchange *exchange,
                                                    struct app_route_match *ret);

/* ---- http_async.c: wasi:http/handler@0.3 ---- */

int trigger__async_begin(struct trigger_request *req, struct sw_err *err) SW_MUST_CHECK;

/* ---- http_inbound.c: fermyon:spin/inbound-http ---- */

/* Host and store are there. Reads the body, then calls the guest; ends the request itself, perhaps before it returns.
 * On failure the request is the caller's to report and end. */
int trigger__inbound_begin(struct trigger_request *req, struct sw_err *err) SW_MUST_CHECK;
void trigger__inbound_free(struct trigger_inbound *inbound); /* after the store; NULL is fine */

/* ---- http_report.c: what the client is told and what the log gets ---- */

/* Text as the whole answer, unless a response has begun: then http_exchange_end cuts it, so that the client sees the truncation. */
void trigger__answer(struct http_exchange *exchange, uint16_t status, const char *fmt, ...) SW_PRINTF(3, 4);
void trigger__answer_empty(struct http_exchange *exchange, uint16_t status);
/* What the manifest says; does not end the exchange. */
void trigger__answer_static(struct http_exchange *exchange, const struct app_static_response *response);
/* 503 with Retry-After; does not end the exchange. */
void trigger__answer_busy(struct http_exchange *exchange);
/* 413 before anything was made; does not end the exchange. */
void trigger__answer_large(struct trigger_service *service, struct http_exchange *exchange);
/* The guest's call is over with rc, the host's part with outcome and status: logs what went wrong and answers. */
void trigger__report_end(struct trigger_request *req, int rc, enum host_http_outcome outcome,
                         uint16_t status);
/* The same for a command: ok: it ended well; rc: what its output came to, with err when < 0. */
void trigger__report_command(struct trigger_request *req, bool ok, int rc, const struct sw_err *err);
void trigger__report_time(
    struct trigger_request *req); /* its wall-clock time is over; the store is still there */
void trigger__report_failure(struct trigger_request *req, int rc,
                             const struct sw_err *err); /* it could not begin */
/* Logs the refusals counted since the last line, at most one line a second unless `now` is asked for. */
void trigger__report_refusals(struct trigger_http *http, uint32_t index, bool now);

#endif
