/* load.h - a component of the application, ready to serve: decoded, linked to the host, bound to the engine.  Room: trigger. */
#ifndef SW_TRIGGER_LOAD_H
#define SW_TRIGGER_LOAD_H

#include "app/app.h"
#include "base/buf.h"
#include "base/error.h"
#include "host/host.h"

struct component;
struct component_binary;
struct component_export;
struct component_plan;
struct engine;
struct engine_module;
struct node_served_component;

struct trigger_component {
    const struct app_component *meta;
    struct sw_buf bytes; /* the binary; everything below borrows it */
    struct component_binary *binary;
    struct component_plan *plan;
    const struct node_served_component *served; /* its compiled code */
    struct engine_module **modules;             /* by core module of the binary; NULL where no plan uses it */
    struct trigger_component **dependencies;    /* as many as meta has; they outlive this one's `component` */
    struct component *component;
    const struct component_export *handle; /* wasi:http/incoming-handler@0.2 handle; NULL: it has none */
    const struct component_export *handle_async; /* wasi:http/handler@0.3 handle; NULL */
    const struct component_export *inbound;      /* fermyon:spin/inbound-http handle-request; NULL */
    const struct component_export *run; /* wasi:cli/run@0.2 run, or `_start` of a core module; NULL */
    bool run_gives_result;              /* the first of them */
    struct host_grants grants;
    struct host_grants *dependency_grants; /* what grants.dependencies points at */
    struct app_outbound *outbound;         /* what grants.outbound points at; its maker frees it */
};

/* Reads and checks a component binary: what a compile process and a worker share. name is for messages. On failure *ret is deinited. */
int trigger_component_read(int wasm_fd, const char *name, struct trigger_component *ret,
                           struct sw_err *err) SW_MUST_CHECK;
/* The same without linking: what has dependencies is linked by trigger_component_compose, a library by those that use it. */
int trigger_component_decode(int wasm_fd, const char *name, struct trigger_component *ret,
                             struct sw_err *err) SW_MUST_CHECK;
/* Links a decoded component with those that meta->dependencies names; all: by number of the application's components. Fails with a text
 * that names the dependency. */
int trigger_component_compose(struct trigger_component *component, struct trigger_component *const *all,
                              uint32_t all_count, struct sw_err *err) SW_MUST_CHECK;
/* Gives each dependency of a component its grants: of the component's own, which are complete, what it inherits. */
int trigger_component_grant(struct trigger_component *component, struct sw_err *err) SW_MUST_CHECK;
/* Fills the rest from the artifacts, its own and its dependencies'; the descriptors stay the caller's. */
int trigger_component_bind(struct trigger_component *component, struct engine *engine,
                           struct sw_err *err) SW_MUST_CHECK;
/* Fails with SW_EINPUT when it does not export what the executor calls. */
int trigger_component_expect(const struct trigger_component *component, enum app_executor executor,
                             struct sw_err *err) SW_MUST_CHECK;
void trigger_component_unbind(struct trigger_component *component); /* before a dependency of it goes */
void trigger_component_deinit(struct trigger_component *component); /* twice is fine */

#endif
