/* link.h - what the files of the linker share: symbolic values and the environments they stand in.  Room: component.
 *
 * Linking runs the definitions of the outermost component in order, on symbols instead of values: a function is "lift 3" or "the host's
 * get-stdin", a core function "export f of core instance 2". Instantiating a component runs its definitions in a new environment.
 *
 * 1. An environment has one array per index space; what is defined later has a higher index, so no index can refer forward.
 * 2. Everything here lives in link->scratch, which is freed when linking ends; what the plan keeps is in the plan's arena.
 * 3. Recursion (instantiations and instance types inside each other) is bounded by link->depth, work by link->steps. */
#ifndef SW_COMPONENT_LINK_H
#define SW_COMPONENT_LINK_H

#include "base/error.h"
#include "component/binary.h"
#include "component/component.h"
#include "component/plan.h"
#include "engine/core.h"

struct link_env;

struct link_names { /* a hash index over names that lie `stride` bytes apart; none is made for a few names */
    const char *first;
    size_t stride;
    uint32_t count;
    uint32_t *slots; /* index + 1 */
    uint32_t mask;
};

struct link_core_extern { /* function, table, memory, global or tag */
    enum engine_core_kind kind;
    struct component_core_func func; /* FUNC */
    uint32_t instance;               /* others: core instance and export */
    struct sw_str name;
    const struct engine_functype *func_type; /* FUNC, TAG */
    const struct engine_limits_type *limits; /* TABLE, MEMORY */
    const struct engine_global_type *global;
};

struct link_core_export {
    struct sw_str name;
    const struct link_core_extern *value;
};
struct link_core_instance {
    bool is_inline;
    uint32_t number; /* not inline: of the plan */
    uint32_t core;
    const struct link_core_export *exports; /* inline */
    struct link_names names;
};

enum link_type_kind {
    LINK_TYPE_VALUE,
    LINK_TYPE_FUNC,
    LINK_TYPE_RESOURCE,
    LINK_TYPE_INSTANCE,
    LINK_TYPE_COMPONENT
};
struct link_type {
    enum link_type_kind kind;
    union {
        uint32_t number; /* VALUE: interned type; RESOURCE: of the plan */
        const struct component_func_type *func;
        const struct component_scope *scope; /* INSTANCE, COMPONENT: declarations, evaluated in env */
    };
    struct link_env *env;
};

struct link_value {
    enum component_sort sort;
    union {
        const struct link_core_extern *core;
        uint32_t module;
        const struct link_core_instance *core_instance;
        const struct component_core_type *core_type;
        const struct component_func *func;
        const struct link_type *type;
        const struct link_instance *instance;
        struct {
            const struct component_scope *scope;
            struct link_env *env; /* where it is defined: outer aliases go there */
        } component;
    };
};

struct link_export {
    struct sw_str name;
    struct link_value value;
};
struct link_instance {
    const struct link_export *exports;
    uint32_t count;
    struct link_names names;
};

/* What satisfies an import or a declared export: a symbol, or the host. */
struct link_host_import {
    struct sw_str name; /* as imported, with the full version */
    struct sw_str
        package; /* without version: "wasi:http/types"; empty for a function or resource of the world */
    const struct component_host_interface *interface; /* NULL: the host has none */
    const struct component_host_older
        *older;                  /* the import is of that version; NULL: of the interface's track */
    struct sw_str other_version; /* a version of it that the host has, when no version fits */
    bool is_absent;              /* interface is NULL, and calls of it trap: host.h */
};
struct link_source {
    const struct link_value *value;
    const struct link_host_import *host; /* value is NULL */
};

struct link_env {
    const struct component_scope *scope;
    struct link_env *parent;
    uint32_t core_base; /* number in the plan of the first core module of the binary that the scope is in */
    uint32_t principal; /* whose imports these are: plan.h, component_func */
    uint32_t instance;  /* component instance whose definitions run here */
    struct link_value *spaces[COMPONENT_SORT_COUNT];
    uint32_t counts[COMPONENT_SORT_COUNT];
    struct link_export *exports; /* as many as the scope has export definitions */
    uint32_t export_count;
    const struct link_instance *args; /* component: what its imports get; NULL: the host */
    struct link_source source;        /* instance type: what its exports get */
};

/* A component that satisfies imports of the outermost one. Its principal is its index + 1. */
struct link_dependency {
    const struct component_dependency *given;
    uint32_t core_base;
    const struct link_instance
        *instance;   /* made when the first import that it satisfies is reached; NULL till then */
    bool is_matched; /* by an import */
};

struct link {
    const struct component_binary *binary;
    const struct component_host *host;
    struct component_plan *plan;
    struct link_dependency *dependencies;
    uint32_t dependency_count;
    uint32_t *
        claims; /* per definition of the outermost scope: index of a dependency + 1, 0: the host's; NULL: no dependencies */
    struct sw_err *err;
    int rc; /* of the last allocation that gave NULL */
    struct sw_arena scratch;
    struct link_names *core_names; /* per core module, made when first asked for */
    uint64_t steps;
    uint32_t depth;
    uint32_t instance_cap, lowering_cap, builtin_cap, lift_cap, resource_cap, export_cap, parent_cap;
    uint32_t *parents; /* plan->instance_parents while it grows */
};

/* ---- module.c ---- */

/* component_link for a binary that is a core module. */
int component__link_module(const struct component_binary *binary, const struct component_host *host,
                           struct component_plan **ret, struct sw_err *err) SW_MUST_CHECK;

/* ---- link.c ---- */

/* Fails with "<text> at byte 0x..". */
int(component__link_bad)(struct link *link, uint32_t at, const char *fmt, ...) SW_PRINTF(3, 4);
int component__link_steps(struct link *link,
                          uint64_t n) SW_MUST_CHECK; /* counts work; fails when it is too much */
void *component__link_scratch(struct link *link, uint32_t count,
                              size_t size) SW_MUST_CHECK; /* zeroed; NULL: link->rc says why */
/* Room for one more item in an array of the plan; NULL: link->rc says why. */
void *component__link_room(struct link *link, void *items, uint32_t count, uint32_t *cap,
                           size_t size) SW_MUST_CHECK;
int component__link_env(struct link *link, const struct component_scope *scope, struct link_env *parent,
                        struct link_env **ret) SW_MUST_CHECK;
int component__link_run(struct link *link,
                        struct link_env *env) SW_MUST_CHECK; /* all definitions of env->scope */
void component__link_define(struct link_env *env, struct link_value value);
const struct link_value *component__link_get(const struct link_env *env, enum component_sort sort,
                                             uint32_t index);
int component__link_enter(struct link *link,
                          uint32_t at) SW_MUST_CHECK; /* one level deeper; link->depth-- leaves it */
struct link_instantiation {
    uint32_t parent;                  /* the component instance that does it; UINT32_MAX: the host */
    const struct link_instance *args; /* NULL: the host's */
    uint32_t core_base,
        principal; /* of a whole binary; nested components have those of where they are defined */
};
int component__link_instantiate(struct link *link, const struct link_value *component,
                                const struct link_instantiation *by,
                                const struct link_instance **ret) SW_MUST_CHECK;

/* ---- link_names.c ---- */

int component__names_init(struct link *link, struct link_names *names, const void *first, size_t stride,
                          uint32_t count) SW_MUST_CHECK;
/* 0 with *ret, or SW_ABSENT. */
int component__names_find(struct link *link, const struct link_names *names, struct sw_str name,
                          uint32_t *ret) SW_MUST_CHECK;
int component__instance_find(struct link *link, const struct link_instance *instance, struct sw_str name,
                             const struct link_value **ret) SW_MUST_CHECK; /* or SW_ABSENT */

/* ---- link_type.c ---- */

int component__link_type_def(struct link *link, struct link_env *env,
                             const struct component_def *def) SW_MUST_CHECK;
/* Makes what `source` gives fit the extern type: the value an index space gets. `name` and `at` are for messages. */
struct link_match {
    struct link_env *env;
    const struct component_externtype *type;
    struct link_source source;
    struct sw_str name;
    uint32_t at;
};
int component__link_match(struct link *link, const struct link_match *match,
                          struct link_value *ret) SW_MUST_CHECK;
/* Finds a type of the given kind, or fails. */
int component__link_type_at(struct link *link, const struct link_env *env, uint32_t index,
                            enum link_type_kind kind, uint32_t at,
                            const struct link_type **ret) SW_MUST_CHECK;
int component__link_ref(struct link *link, const struct link_env *env, struct component_ref ref, uint32_t at,
                        uint32_t *ret) SW_MUST_CHECK; /* the number of a value type, or COMPONENT_NO_TYPE */
int component__link_resource_add(struct link *link, struct component_resource resource,
                                 uint32_t *ret) SW_MUST_CHECK;
int component__link_func_text(struct link *link, const struct component_func_type *func,
                              struct sw_buf *out) SW_MUST_CHECK;

/* ---- link_compose.c ---- */

/* Numbers the core modules of the binaries, and finds out which import of the outermost component is satisfied by which dependency. */
int component__compose_begin(struct link *link, const struct component_dependency *given,
                             uint32_t count) SW_MUST_CHECK;
/* An import of the outermost component: 0 with what it gets of a dependency, or SW_ABSENT when none claims it. */
int component__compose_import(struct link *link, const struct link_match *match,
                              const struct component_def *def, struct link_value *ret) SW_MUST_CHECK;

/* ---- link_host.c ---- */

/* The name of an import or export with its version in full. */
int component__import_name(struct link *link, const struct component_extern_name *name,
                           struct sw_str *ret) SW_MUST_CHECK;
int component__host_import(struct link *link, const struct component_port *port,
                           struct link_host_import *ret) SW_MUST_CHECK;
int component__host_func(struct link *link, const struct link_match *match,
                         const struct component_func_type *type, struct link_value *ret) SW_MUST_CHECK;
int component__host_resource(struct link *link, const struct link_match *match, uint32_t *ret) SW_MUST_CHECK;

/* ---- link_version.c ---- */

/* "wasi:http/types@0.2.3" to "wasi:http/types" and "0.2.3". */
void component__name_split(struct sw_str name, struct sw_str *ret_package, struct sw_str *ret_version);
/* Whether versions are of one track: 0.2.x, 0.0.3 only itself, 1.x.y, a prerelease only itself, none only none. An abbreviated version
 * ("0.2", "1") is its track. */
bool component__version_serves(struct sw_str host, struct sw_str wanted);

/* ---- link_core.c ---- */

int component__link_core_instance(struct link *link, struct link_env *env,
                                  const struct component_def *def) SW_MUST_CHECK;
int component__link_core_alias(struct link *link, struct link_env *env,
                               const struct component_def *def) SW_MUST_CHECK;

/* ---- link_canon.c ---- */

int component__link_canon(struct link *link, struct link_env *env,
                          const struct component_def *def) SW_MUST_CHECK;
struct link_flat;
struct link_canon { /* a definition being linked */
    struct link_env *env;
    const struct component_def *def;
};
int component__link_options(struct link *link, const struct link_canon *canon,
                            struct component_options *ret) SW_MUST_CHECK;
int component__link_memory(struct link *link, const struct link_canon *canon, uint32_t memory,
                           struct component_options *ret) SW_MUST_CHECK;
/* Defines a core function; its type is made of flat. */
int component__link_core_func(struct link *link, struct link_env *env, struct component_core_func func,
                              const struct link_flat *flat) SW_MUST_CHECK;

/* ---- link_builtin.c ---- */

int component__link_builtin(struct link *link, const struct link_canon *canon) SW_MUST_CHECK;

/* ---- link_flat.c ---- */

#define LINK_FLAT_MAX (COMPONENT_FLAT_MAX + 1) /* parameters and the pointer to the results */
struct link_flat {                             /* the core function type of a lifted or lowered function */
    uint8_t params[LINK_FLAT_MAX], results[1];
    uint32_t param_count, result_count;
};
void component__flat_of(const struct component_types *types, const struct component_func_type *func,
                        bool lower, struct link_flat *ret);
/* What component__flat_of gave, with the option async. pointer: the core type of addresses. */
void component__flat_lift_async(bool has_callback, struct link_flat *flat);
void component__flat_lower_async(const struct component_func_type *func, uint8_t pointer,
                                 struct link_flat *flat);
/* Fails unless `got` is the wanted type: "<what> has core type (i32) -> (), expected ...". */
int component__flat_check(struct link *link, uint32_t at, const char *what, const struct engine_functype *got,
                          const struct link_flat *want) SW_MUST_CHECK;
int component__flat_functype(struct link *link, const struct link_flat *flat,
                             const struct engine_functype **ret) SW_MUST_CHECK;

/* ---- elide.c ---- */

/* Takes pure shim and fixup modules out of the plan. Scratch memory is of `scratch`. */
int component__elide(struct component_plan *plan, struct sw_arena *scratch, struct sw_err *err) SW_MUST_CHECK;
/* Arguments are const in the plan: copied by whoever changes them. */
int component__own_args(struct component_plan *plan, struct component_core_instance *instance,
                        struct component_arg **ret, struct sw_err *err) SW_MUST_CHECK;

/* ---- lazy.c ---- */

/* Marks the core instances that can be made at their first call. After component__elide, which makes arguments late. */
int component__mark_lazy(struct component_plan *plan, struct sw_arena *scratch,
                         struct sw_err *err) SW_MUST_CHECK;

#endif
