/* wast.h - what the files of the wast runner share.  Tests: conformance.
 *
 * A script is the JSON that `wasm-tools json-from-wast` makes of a .wast file: directives with the binaries they are about. Each directive
 * ends in one verdict. What is skipped says why. */
#ifndef SW_TESTS_WAST_H
#define SW_TESTS_WAST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "codec/json.h"
#include "component/value.h"

struct component;
struct component_binary;
struct component_export;
struct component_func_type;
struct component_plan;
struct component_store;
struct component_types;
struct engine;
struct engine_call;
struct engine_module;
struct loop;

enum wast_verdict { WAST_PASSED, WAST_FAILED, WAST_SKIPPED };
struct wast_outcome {
    enum wast_verdict verdict;
    char text[1400]; /* why it failed or was skipped */
};

/* ---- wast_engine.c: components and instances ---- */

struct wast_component { /* a definition */
    struct wast_component *next;
    struct sw_str name; /* of the script; may be empty */
    struct sw_buf bytes;
    struct component_binary *binary;
    struct component_plan *plan;    /* NULL: not linked yet */
    struct engine_module **modules; /* per core module, NULL: not used */
    struct component *component;    /* NULL: not bound yet */
    bool has_imports;
};

struct wast_instance {
    struct wast_instance *next;
    struct sw_str name;
    struct wast_component *of;
    struct component_store *store;
    struct engine_call *call; /* parked between two actions */
    bool ready;               /* instantiation is over and went well */
    bool ended;               /* the fiber has returned: nothing runs in it again */
    bool busy;                /* the action below is being run */
    const struct component_export *func;
    const struct component_value *args;
    uint32_t arg_count;
    struct component_value result;
    int rc;
    char trap[300]; /* kind and sentence */
};

struct wast_engine {
    struct loop *loop;
    struct engine *engine;
    struct wast_artifact *artifacts; /* what was compiled in this run */
    unsigned compiled, reused;
};

int wast_engine_open(struct wast_engine *engine, struct sw_err *err) SW_MUST_CHECK;
void wast_engine_close(struct wast_engine *engine);

/* Decodes and validates; core modules are compiled, since that is what validates their code. */
int wast_component_load(struct wast_engine *engine, const char *path, struct wast_component **ret,
                        struct sw_err *err) SW_MUST_CHECK;
void wast_component_free(struct wast_component *component);
/* Links and binds where that is not done yet, then instantiates. 0 also when instantiation trapped: see instance->trap. */
int wast_instance_new(struct wast_engine *engine, struct wast_component *component,
                      struct wast_instance **ret, struct sw_err *err) SW_MUST_CHECK;
void wast_instance_free(struct wast_instance *instance);
/* Runs instance->func; 0, or < 0 with the reason in instance->trap. */
int wast_instance_call(struct wast_engine *engine, struct wast_instance *instance,
                       struct sw_err *err) SW_MUST_CHECK;

/* ---- wast_value.c: values ---- */

/* The value that `json` describes, which must be of that type. Memory is in `arena`. */
int wast_value(const struct component_types *types, uint32_t type, const struct codec_json *json,
               struct sw_arena *arena, struct component_value *ret, struct sw_err *err) SW_MUST_CHECK;
/* Whether they are the same, floats bit by bit. */
bool wast_value_eq(const struct component_types *types, uint32_t type, const struct component_value *a,
                   const struct component_value *b);
int wast_value_print(const struct component_types *types, uint32_t type, const struct component_value *value,
                     struct sw_buf *out, struct sw_err *err) SW_MUST_CHECK;

/* ---- wast_message.c: whether something failed for the reason that the script gives ---- */

bool wast_message_fits(struct sw_str expected, struct sw_str got);

/* ---- wast_script.c: directives ---- */

struct wast_script {
    struct wast_engine *engine;
    const char *folder; /* of the binaries */
    bool validate_only; /* a component is instantiated when something of it is invoked, not before */
    struct wast_component *components, *current_component;
    struct wast_instance *instances, *current;
    struct wast_outcome lost; /* why there is no current instance */
};

void wast_directive(struct wast_script *script, const struct codec_json *command, struct wast_outcome *ret);
void wast_script_end(struct wast_script *script);

#endif
