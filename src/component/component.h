/* component.h - components: decode, link, bind, instantiate, call.  Room: component.
 *
 *   bytes --component_decode--> component_binary --component_link--> component_plan --component_bind--> component
 *   component --component_store_new--> component_store --component_store_start--> a fiber in which exports are called
 *
 * The first two know nothing of the engine's run time (a compile process stops after decode). A `struct component` serves any number
 * of stores of one thread. Source: architecture.md 4.3, component.md 1. */
#ifndef SW_COMPONENT_COMPONENT_H
#define SW_COMPONENT_COMPONENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "component/host.h"
#include "component/value.h"

struct engine;
struct engine_core;
struct engine_limits;
struct engine_module;
struct engine_store;
struct component_binary;
struct component_plan;
struct component;
struct component_store;

bool component_is_component(struct sw_str bytes); /* the preamble of a component, not of a core module */

/* Decodes a component. `bytes` is borrowed for the life of the binary. Fails with SW_EINPUT ("... at byte 0x1a2"), SW_ELIMIT. */
int component_decode(struct sw_str bytes, struct component_binary **ret, struct sw_err *err) SW_MUST_CHECK;
/* The same for a core module on its own (a command of WASI 0.1): a binary of one core module, linked against the host's core modules.
 * A command exports the function `_start` and nothing else; a reactor is initialised by itself. */
int component_decode_module(struct sw_str bytes, struct component_binary **ret,
                            struct sw_err *err) SW_MUST_CHECK;
void component_binary_free(struct component_binary *binary);
/* The distinct core modules in it, nested components included, in order of appearance. */
uint32_t component_binary_core_count(const struct component_binary *binary);
const struct engine_core *component_binary_core(const struct component_binary *binary, uint32_t index);

/* Resolves everything that is static: nested instantiations, aliases, imports against `host`. binary and host must outlive the plan.
 * Fails with SW_EINPUT: "imports 'x:y/z@1.0.0', which this host does not have", or both signatures when they differ. */
int component_link(const struct component_binary *binary, const struct component_host *host,
                   struct component_plan **ret, struct sw_err *err) SW_MUST_CHECK;
/* Another component that satisfies imports of `binary`, instantiated with it, with imports of the host's only.
 * name   : "plain-name" the import of that name; "ns:pkg" each import of the package, "ns:pkg/iface" the one, both followed by "@version"
 *          or of any version. No import may be left for none of them, nor be claimed by two
 * export : what of it satisfies them; empty: what is exported by the import's name, at a version of its track */
struct component_dependency {
    struct sw_str name;
    struct sw_str export;
    const struct component_binary *binary; /* must outlive the plan */
};
struct component_dependencies {
    const struct component_dependency *items;
    uint32_t count;
};
/* The same with dependencies. A host function that dependency i imports runs as principal i + 1, those of `binary` as 0, wherever the
 * function is passed to (component_call_principal). */
int component_link_composed(const struct component_binary *binary, struct component_dependencies dependencies,
                            const struct component_host *host, struct component_plan **ret,
                            struct sw_err *err) SW_MUST_CHECK;
void component_plan_free(struct component_plan *plan);

/* The core modules of the component, in component_binary_core's order, then of each dependency. */
uint32_t component_plan_core_count(const struct component_plan *plan);
/* modules[i] is the compiled form of the plan's core module i, or NULL for one the plan does not use (elided shims).
 * plan, modules and engine must outlive the component. */
const struct engine_core *component_plan_core(const struct component_plan *plan, uint32_t index);
bool component_plan_uses_core(const struct component_plan *plan, uint32_t index);
int component_bind(const struct component_plan *plan, struct engine *engine,
                   struct engine_module *const *modules, struct component **ret,
                   struct sw_err *err) SW_MUST_CHECK;
void component_free(struct component *component);

/* An exported function. interface: "wasi:http/incoming-handler" with version_track "0.2" matches any 0.2.x; interface empty: a function
 * exported by the component itself. */
struct component_export;
const struct component_export *component_export_find(const struct component *component,
                                                     struct sw_str interface, struct sw_str version_track,
                                                     struct sw_str func); /* or NULL */
/* Fails with SW_EINPUT when the function's canonical text (types.h) is another one. Before the first component_call_wait: arguments are
 * taken for what the guest says they are. */
int component_export_check(const struct component *component, const struct component_export *export,
                           const char *type, struct sw_err *err) SW_MUST_CHECK;

/* ---- per request ---- */

/* limits->held: what the owner itself holds for the store; what this room does is added. */
int component_store_new(struct component *component, const struct engine_limits *limits, void *owner,
                        struct component_store **ret, struct sw_err *err) SW_MUST_CHECK;
/* Destroys every handle left, without guest code: host objects by their drop function in reverse order of creation. NULL is fine. */
void component_store_free(struct component_store *store);
void *component_store_owner(const struct component_store *store);
struct engine_store *component_store_engine(const struct component_store *store);

/* Loop side: instantiates up to the first start section; then starts a fiber that finishes instantiation and runs fn(arg, store). */
typedef int component_main_fn(void *arg, struct component_store *store);
typedef void component_done_fn(void *arg, int rc); /* loop side, once, never inside component_store_start */
int component_store_start(struct component_store *store, component_main_fn *fn, component_done_fn *done,
                          void *arg, struct sw_err *err) SW_MUST_CHECK;
void component_store_cancel(struct component_store *store); /* ends its calls; done does not run */

/* Fiber side: calls an export. args: param_count values; *ret_result is filled when the function has a result, its memory is in the
 * store's arena. Returns 0, or -SW_EGUEST with the reason in engine_store_failure. */
int component_call_wait(struct component_store *store, const struct component_export *func,
                        const struct component_value *args, uint32_t arg_count,
                        struct component_value *ret_result) SW_MUST_CHECK;

/* ---- async exports. component_call_wait calls them too, and returns as soon as there is a result, while the task goes on ----
 *
 * Several calls may be in one store at a time, also in one instance: they take turns where they wait. A store in which a
 * component_call_wait waits for what nothing can bring any more fails as deadlocked, unless component_expect_calls said that more may
 * come. Source: CanonicalABI.md "Embedding API". */

enum component_call_outcome { COMPONENT_CALL_RETURNED, COMPONENT_CALL_CANCELLED };
/* Each may be NULL, and must not free the store.
 * returned : once, on a fiber of the guest, inside its task.return: do not wait, do not call exports. result is the function's, where it
 *            has one; strings and lists in it die when this returns, objects of own handles are the host's
 * ended    : once, last: the task has no thread left (rc 0), or the store has failed (rc < 0; `returned` may not have run) */
struct component_call_events {
    void (*returned)(void *arg, enum component_call_outcome outcome, const struct component_value *result);
    void (*ended)(void *arg, int rc);
};
struct component_async_call; /* until its `ended` */
struct component_async_call_request {
    const struct component_call_events *events; /* static */
    void *arg;
    struct component_async_call **ret_call; /* NULL: not wanted */
};
/* Begins a call of an export of an async type; after component_store_start's fn has begun, from any side. It runs when the store's
 * running thread waits, soonest in the loop's next turn. args must stay until `returned` or `ended`; objects of own handles in them are
 * the store's from now on. Returns 0, or -SW_EGUEST: the store has failed. Neither event runs then. */
int component_call_async(struct component_store *store, const struct component_export *func,
                         const struct component_value *args, uint32_t arg_count,
                         const struct component_async_call_request *request) SW_MUST_CHECK;
/* Asks it to end (subtask.cancel as the host's): its task is told when it waits the next time, and answers by `returned`. */
void component_async_call_cancel(struct component_store *store, struct component_async_call *call);
/* Fiber side: waits until no task is left in the store. Returns 0 or -SW_EGUEST. */
int component_tasks_wait(struct component_store *store) SW_MUST_CHECK;
void component_expect_calls(struct component_store *store, bool expected);

#endif
