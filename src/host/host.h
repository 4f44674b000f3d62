/* host.h - what one running component instance tree sees of the host: its grants, its stdio, its request.  Room: host.
 *
 * One `struct host` per store; it is the store's owner (component_store_owner), so every host function finds it. */
#ifndef SW_HOST_HOST_H
#define SW_HOST_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "component/host.h"
#include "loop/resolve.h"

struct app;
struct app_component;
struct component_value;
struct host;
struct http_exchange;
struct http_field;
struct loop;

struct host_env_var {
    struct sw_str name;
    struct sw_str value;
};

struct host_preopen {    /* a mount: a folder that the guest finds under a name */
    struct sw_str guest; /* "/", "/data" */
    int fd;              /* of the folder, the owner's of the grants */
    bool is_writable;
};

struct app_outbound;
struct http_client;
struct loop_resolver;
/* How this process reaches others; shared by everything that it serves. */
struct host_outside {
    struct http_client *http;
    struct loop_resolver *resolver;                                /* for sockets; NULL: no name is found */
    bool (*permit)(void *arg, const struct loop_address *address); /* the operator's networks; NULL: all */
    void *permit_arg;
    struct sw_str
        self_authority; /* where the application itself is served, "127.0.0.1:3000"; empty: nowhere */
    struct loop_address self_address;
    uint16_t self_port;
    /* Service chaining (spin.md 2.8); NULL: nobody can be reached so. find: 0 with the number of whoever answers for the component of that id,
     * or SW_ABSENT. connect: a connected socket to it, or -1; on the loop. depth: requests inside requests, at least 1. */
    int (*chain_find)(void *arg, struct sw_str id, uint32_t *ret_target);
    int (*chain_connect)(void *arg, uint32_t target, uint32_t depth);
    void *chain_arg;
};

/* What a component was granted, made once when the app is loaded; shared by its stores. */
struct host_grants {
    struct sw_str app;       /* id, for log lines */
    struct sw_str component; /* id */
    const struct host_env_var *env;
    uint32_t env_count;
    const struct host_preopen *preopens;
    uint32_t preopen_count;
    const struct app *application;            /* whose variables have the values */
    const struct app_component *variables_of; /* whose own variables can be read; NULL: none */
    const struct app_outbound *outbound;      /* where it may connect to; NULL: nowhere */
    bool may_listen; /* TCP sockets may be bound and listen: commands with --network */
    const struct host_outside
        *outside; /* NULL: there is no way out. That of the component, also for its dependencies */
    /* One line, or the part that fits HOST_LOG_LINE_MAX, of a guest's stdout or stderr. */
    void (*output)(void *arg, bool is_stderr, struct sw_str line);
    void *output_arg;
    /* What each dependency of the component has, in their order: nothing but what it inherits. Their output goes where the component's
     * does, through the struct above. */
    const struct host_grants *dependencies;
    uint32_t dependency_count;
};

/* The tables of every interface that is served, generated from wit/ and listed in interfaces.c. */
const struct component_host *host_interfaces(void);

/* Bytes that the guest made this room allocate: objects, bodies, texts. host: a struct host (engine_limits.held). */
uint64_t host_held(const void *host);
int host_new(struct loop *loop, const struct host_grants *grants, struct host **ret,
             struct sw_err *err) SW_MUST_CHECK;
void host_free(struct host *host); /* after component_store_free: objects still refer to it. NULL is fine */
const struct host_grants *host_grants(const struct host *host);
void host_spare_free(void); /* before a process ends: hosts kept for reuse */

/* How many requests of components this one is inside of; 0, as after host_new: none. */
void host_chain_depth(struct host *host, uint32_t depth);

/* ---- a command: what wasi:cli/run and `_start` see ---- */

struct host_source;
struct host_sink;
struct host_command { /* everything stays the caller's and outlives the store */
    const struct sw_str *args;
    uint32_t arg_count;
    const struct host_env_var *env; /* in place of the grants'; NULL: those */
    uint32_t env_count;
    struct host_source *in; /* NULL: ends at once */
    /* NULL: lines for grants->output. Closing any of the three does nothing: the guest may ask for it again */
    struct host_sink *out;
    struct host_sink *err;
    bool in_is_terminal, out_is_terminal, err_is_terminal;
};
void host_command_begin(struct host *host, const struct host_command *command);
/* Whether the guest ended itself by exit, and with which code. */
bool host_command_exited(const struct host *host, uint8_t *ret_code);

/* ---- one HTTP request through wasi:http/incoming-handler@0.2 ---- */

struct host_http_request {
    struct http_exchange *exchange; /* stays the caller's; must outlive the store */
    bool is_https;
    const struct
        host_http_extra { /* appended to the client's fields, whose copies of "spin-*" are dropped (spin.md 2.3, 12) */
        struct sw_str name;
        struct sw_str value;
    } * extra;
    uint32_t extra_count;
};
/* Makes the incoming-request and response-outparam objects for the export's two own<> arguments (component_value.object). */
int host_http_begin(struct host *host, const struct host_http_request *request, void **ret_request,
                    void **ret_outparam, struct sw_err *err) SW_MUST_CHECK;
/* After host_http_begin, for wasi:http/handler@0.3 instead: *ret_request is the object of its one own<> argument. What handle returns goes to
 * respond (the object of own<response>) or refuse, in component_call_events.returned. The response may still be on its way when the guest's last
 * task has ended: settled(arg) runs in the loop, as the last act of it, when it is over. */
int host_p3_http_begin(struct host *host, void (*settled)(void *arg), void *arg, void **ret_request,
                       struct sw_err *err) SW_MUST_CHECK;
const char *host_p3_http_handler_type(void); /* of handle, as component_export_check wants it */
void host_p3_http_respond(struct host *host, void *response);
void host_p3_http_refuse(struct host *host);
bool host_p3_http_is_sending(
    const struct host *host); /* the guest has written all of it, the client has not got all */
/* Events of the exchange, to be passed on by its handler. */
void host_http_readable(struct host *host);
void host_http_writable(struct host *host);
void host_http_gone(struct host *host);
enum host_http_outcome {
    HOST_HTTP_NONE,    /* response-outparam was never set: answer 500 */
    HOST_HTTP_ERROR,   /* it was set to an error-code: answer 500 or what host_http_error_status says */
    HOST_HTTP_STARTED, /* the head was handed to the exchange; the body is not finished: cut the connection */
    HOST_HTTP_GONE,    /* the client left before the head: nobody to answer, nothing to report */
    HOST_HTTP_FINISHED /* complete */
};
enum host_http_outcome
host_http_end(struct host *host,
              uint16_t *ret_error_status); /* after the guest's call; ends body forwarding */

/* ---- bodies that are there as a whole ---- */

/* Their bytes count together for the process (HOST_BUFFERED_BYTES_MAX): no memory of a guest bounds them. */
struct host_buffered {
    struct sw_buf bytes;
};
void host_buffered_init(struct host_buffered *body);
/* fails: SW_ELIMIT past HOST_BUFFERED_BODY_BYTES_MAX or the process's, SW_ENOMEM; the bytes so far stay */
int host_buffered_add(struct host_buffered *body, struct sw_str bytes, struct sw_err *err) SW_MUST_CHECK;
void host_buffered_deinit(struct host_buffered *body); /* twice is fine */

/* ---- one HTTP request through fermyon:spin/inbound-http, after host_http_begin ---- */

/* The export's argument. body: all of it, borrowed until the call has returned.
 * returns : 0, or SW_ABSENT: the interface has no word for the request's method
 * fails   : SW_EINPUT (a field that is no UTF-8), SW_ENOMEM */
int host_inbound_request(struct host *host, struct sw_str body, struct component_value *ret,
                         struct sw_err *err) SW_MUST_CHECK;
struct host_inbound_response {
    uint16_t status;
    const struct http_field *fields; /* the host's arena; texts are views of the result */
    uint32_t field_count;
    struct sw_str body;
};
/* What the export gave. Fields that are the connection's business are left out. fails: SW_EINPUT (no status, no field), SW_ELIMIT, SW_ENOMEM */
int host_inbound_response(struct host *host, const struct component_value *result,
                          struct host_inbound_response *ret, struct sw_err *err) SW_MUST_CHECK;

#endif
