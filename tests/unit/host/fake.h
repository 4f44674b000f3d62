/* fake.h - the rooms below the host, as unit tests want them: a component call, parks that run a script, and an exchange.  Tests: host. */
#ifndef SW_TESTS_HOST_FAKE_H
#define SW_TESTS_HOST_FAKE_H

#include "base/arena.h"
#include "base/buf.h"
#include "component/host.h"
#include "engine/engine.h"
#include "host/host.h"
#include "host/host_internal.h"
#include "http/server.h"

struct fake {
    struct component_call call;
    struct host *host;
    struct host_grants grants;
    uint32_t principal; /* who calls: 0 the component, i + 1 its dependency i */
    struct sw_arena arena;
    struct engine_failure failure;
    struct loop *loop;
    struct sw_buf output; /* lines of the guest: "1:text\n" for stdout, "2:..." for stderr */
    /* engine_park_wait: runs park(fake), which should make something happen; without one, the loop until a wake. */
    void (*park)(struct fake *fake);
    unsigned parks;
    bool woken;
    bool cancelled; /* parks fail from now on */
};

void fake_init(struct fake *fake);   /* makes a host */
void fake_deinit(struct fake *fake); /* frees it; fails the test when objects are left */
/* Checks that the guest was trapped with a text that contains `part`, and forgets it. */
void fake_trapped(struct fake *fake, int rc, const char *part);

struct http_exchange {
    struct http_request request;
    struct sw_str body; /* what has arrived */
    size_t body_at;
    bool body_ended;
    int body_failure; /* < 0: peek gives it when nothing is left */
    struct http_field *trailers;
    uint32_t trailer_count;
    /* the response */
    bool refuse; /* respond fails */
    unsigned responds;
    uint16_t status;
    uint64_t content_length;
    struct sw_buf fields; /* "name: value\n" */
    struct sw_buf out;
    size_t room; /* bytes that write takes before SW_WAIT */
    bool wants_writable;
    unsigned finishes;
    struct sw_buf out_trailers;
    bool gone;
};

void fake_exchange_init(struct http_exchange *exchange, const char *method, const char *target);
void fake_exchange_deinit(struct http_exchange *exchange);

/* A request of `fake` over `exchange`: the two objects that the export would be given. */
struct fake_request {
    struct host_http_types_incoming_request *request;
    struct host_http_types_response_outparam *outparam;
};
struct fake_request fake_begin(struct fake *fake, struct http_exchange *exchange);
enum host_http_outcome fake_end(struct fake *fake);

#endif
