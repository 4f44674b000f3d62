/* plan.h - a component with everything static resolved: flat arrays of numbers.  Room: component (internal to it).
 *
 * Made by link.c by symbolic instantiation: nested instantiations are executed on definitions, not on values (component.md 1).
 * Numbers: core instance = order of `instances` = number in the engine store and, but for lazy ones, order of instantiation; component instance = one per static
 * component instantiation, 0 is the outermost; resource = index into `resources`. */
#ifndef SW_COMPONENT_PLAN_H
#define SW_COMPONENT_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "component/host.h"
#include "component/types.h"

struct engine_core;

/* Where a core function comes from. */
enum component_core_func_kind {
    COMPONENT_CORE_EXPORT,   /* export `name` of core instance `index` */
    COMPONENT_CORE_LOWERING, /* lowerings[index] */
    COMPONENT_CORE_BUILTIN   /* builtins[index] */
};
struct component_core_func {
    enum component_core_func_kind kind;
    uint32_t index;
    struct sw_str name;
};

enum component_encoding { COMPONENT_UTF8, COMPONENT_UTF16, COMPONENT_LATIN1_UTF16 };

struct component_options { /* canonical options, resolved */
    enum component_encoding encoding;
    bool has_memory, has_realloc, has_post_return, has_callback, is_async;
    uint32_t memory_instance; /* core instance and export name of the memory */
    struct sw_str memory_name;
    struct component_core_func realloc;
    struct component_core_func post_return;
    struct component_core_func callback;
};

/* Where a component function comes from. */
enum component_func_kind { COMPONENT_FUNC_HOST, COMPONENT_FUNC_LIFT };
struct component_func {
    enum component_func_kind kind;
    uint32_t lift;                          /* LIFT: lifts[lift] */
    const struct component_host_func *host; /* HOST */
    const char *host_interface;             /* HOST: for messages */
    uint32_t
        principal; /* HOST: who imported it, and with whose grants it runs: 0 the main component, i its dependency i - 1 */
    const struct component_func_type *type;
};

struct component_lift { /* canon lift */
    uint32_t instance;  /* component instance that defines it */
    struct component_core_func callee;
    struct component_options options;
    const struct component_func_type *type;
    struct sw_str name; /* for messages: export path or "" */
};
struct component_lowering { /* canon lower */
    uint32_t instance;      /* component instance that does it: its table and flags are used */
    struct component_func callee;
    struct component_options options;
    bool anytime; /* component_host.anytime has it */
};

enum component_builtin_kind { /* CanonicalABI.md "Canonical Definitions"; link_builtin.c has the names */
                              COMPONENT_RESOURCE_NEW,
                              COMPONENT_RESOURCE_DROP,
                              COMPONENT_RESOURCE_REP,
                              COMPONENT_TASK_RETURN, /* from here on: async */
                              COMPONENT_TASK_CANCEL,
                              COMPONENT_SUBTASK_CANCEL,
                              COMPONENT_SUBTASK_DROP,
                              COMPONENT_CONTEXT_GET,
                              COMPONENT_CONTEXT_SET,
                              COMPONENT_BACKPRESSURE_INC,
                              COMPONENT_BACKPRESSURE_DEC,
                              COMPONENT_WAITABLE_SET_NEW,
                              COMPONENT_WAITABLE_SET_WAIT,
                              COMPONENT_WAITABLE_SET_POLL,
                              COMPONENT_WAITABLE_SET_DROP,
                              COMPONENT_WAITABLE_JOIN,
                              COMPONENT_THREAD_INDEX,
                              COMPONENT_THREAD_NEW_INDIRECT,
                              COMPONENT_THREAD_RESUME_LATER,
                              COMPONENT_THREAD_SUSPEND,
                              COMPONENT_THREAD_YIELD,
                              COMPONENT_THREAD_SUSPEND_THEN_RESUME,
                              COMPONENT_THREAD_YIELD_THEN_RESUME,
                              COMPONENT_THREAD_SUSPEND_THEN_PROMOTE,
                              COMPONENT_THREAD_YIELD_THEN_PROMOTE,
                              COMPONENT_STREAM_NEW,
                              COMPONENT_STREAM_READ,
                              COMPONENT_STREAM_WRITE,
                              COMPONENT_STREAM_CANCEL_READ,
                              COMPONENT_STREAM_CANCEL_WRITE,
                              COMPONENT_STREAM_DROP_READABLE,
                              COMPONENT_STREAM_DROP_WRITABLE,
                              COMPONENT_FUTURE_NEW,
                              COMPONENT_FUTURE_READ,
                              COMPONENT_FUTURE_WRITE,
                              COMPONENT_FUTURE_CANCEL_READ,
                              COMPONENT_FUTURE_CANCEL_WRITE,
                              COMPONENT_FUTURE_DROP_READABLE,
                              COMPONENT_FUTURE_DROP_WRITABLE,
                              COMPONENT_ERROR_CONTEXT_NEW,
                              COMPONENT_ERROR_CONTEXT_DEBUG_MESSAGE,
                              COMPONENT_ERROR_CONTEXT_DROP,
                              COMPONENT_BUILTIN_KINDS
};
const char *component__builtin_name(enum component_builtin_kind kind);
bool component__builtin_known(enum component_builtin_kind kind); /* it can be run (call_builtin.c) */
struct component_builtin {
    enum component_builtin_kind kind;
    uint32_t instance;
    uint32_t resource; /* resource.* */
    uint32_t
        type; /* stream.*, future.*: the stream or future type; task.return: the result or COMPONENT_NO_TYPE */
    bool
        flag; /* subtask.cancel, stream.cancel-*, future.cancel-*: async; thread.*, waitable-set.wait, .poll: cancellable */
    bool is_64;                       /* context.*, thread.new-indirect: of i64 */
    uint32_t number;                  /* context.*: 0 or 1 */
    struct component_options options; /* also the memory operand of waitable-set.wait and .poll */
    uint32_t table_instance;          /* thread.new-indirect */
    struct sw_str table_name;
};

struct component_resource {
    bool is_host;
    const struct component_host_resource
        *host; /* is_host; one number per host kind, whatever version it was imported at */
    const char *host_interface;
    uint32_t instance; /* guest: component instance that defines it */
    bool has_dtor;
    struct component_core_func dtor;
    struct sw_str name; /* for messages */
};

enum component_arg_kind {
    COMPONENT_ARG_FUNC,
    COMPONENT_ARG_EXPORT
}; /* EXPORT: table, memory, global, tag of a core instance */
struct component_arg {
    enum component_arg_kind kind;
    struct component_core_func func; /* FUNC */
    uint32_t instance;               /* EXPORT */
    struct sw_str name;
    bool
        late; /* FUNC of a CORE_EXPORT whose instance is made later (an elided shim's slot): call through it */
    uint32_t
        late_vals; /* late, of a lazy instance: values its call needs room for, max(parameters, results) */
};
struct component_core_instance {
    uint32_t core;                    /* plan.cores index */
    const struct component_arg *args; /* one per import of that core module, in order */
    uint32_t arg_count;
    bool has_start; /* call ENGINE_START_EXPORT right after it, before the next one is made */
    bool
        has_start_call; /* then call start_call, () -> (), before the next one is made: the start section of an elided fixup module,
                          * which is mostly the main module's _initialize */
    struct component_core_func start_call; /* an export of an instance up to this one, not of a lazy one */
    bool lazy;         /* made when one of its functions is first called: nobody can tell (lazy.c) */
    uint32_t instance; /* component instance it belongs to */
};

struct component_plan_export {
    struct sw_str interface; /* "wasi:http/incoming-handler" without version; empty for a plain function */
    struct sw_str version;   /* "0.2.3"; empty when it has none */
    struct sw_str name;
    struct component_func func;
};

struct component_plan {
    struct sw_arena arena;                 /* owns everything below */
    const struct component_binary *binary; /* the main component's */
    struct component_types *types;
    struct component_core_instance *instances;
    uint32_t instance_count;
    struct component_lowering *lowerings;
    uint32_t lowering_count;
    struct component_builtin *builtins;
    uint32_t builtin_count;
    struct component_lift *lifts;
    uint32_t lift_count;
    struct component_resource *resources;
    uint32_t resource_count;
    struct component_plan_export *exports;
    uint32_t export_count;
    uint32_t component_instance_count;
    const uint32_t *
        instance_parents; /* per component instance: the one that instantiates it; UINT32_MAX for the outermost. May be NULL
                                         when there is only one. Re-entrance is judged by it (CanonicalABI.md "Component Instances") */
    const struct engine_core *const *cores; /* of the main component, then of each dependency */
    bool *core_used;                        /* per core module */
    uint32_t core_count;
};

#endif
