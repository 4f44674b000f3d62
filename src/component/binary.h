/* binary.h - a decoded component: scopes of definitions with unresolved indices.  Room: component (internal to it).
 *
 * Every index was in range of its index space where it stands; what an index refers to (the kind of a type, the exports of an instance)
 * is found by the linker. Names and modules are slices of the input. Source: Binary.md. */
#ifndef SW_COMPONENT_BINARY_H
#define SW_COMPONENT_BINARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "component/plan.h"
#include "component/types.h"
#include "engine/core.h"

/* Index spaces. The first five are in the order of enum engine_core_kind. */
enum component_sort {
    COMPONENT_SORT_CORE_FUNC,
    COMPONENT_SORT_CORE_TABLE,
    COMPONENT_SORT_CORE_MEMORY,
    COMPONENT_SORT_CORE_GLOBAL,
    COMPONENT_SORT_CORE_TAG,
    COMPONENT_SORT_CORE_TYPE,
    COMPONENT_SORT_CORE_MODULE,
    COMPONENT_SORT_CORE_INSTANCE,
    COMPONENT_SORT_FUNC,
    COMPONENT_SORT_TYPE,
    COMPONENT_SORT_COMPONENT,
    COMPONENT_SORT_INSTANCE,
    COMPONENT_SORT_COUNT
};
const char *component_sort_name(enum component_sort sort); /* "core function", "instance", ... */

/* A value type as written: absent, a primitive, or an index of the type space. */
enum component_ref_form { COMPONENT_REF_NONE, COMPONENT_REF_PRIMITIVE, COMPONENT_REF_INDEX };
struct component_ref {
    enum component_ref_form form;
    uint32_t value; /* enum component_kind, or the index */
};
struct component_field {
    struct sw_str name; /* empty in a tuple */
    struct component_ref type;
};

enum component_ast_form {
    COMPONENT_AST_VALUE,
    COMPONENT_AST_MAP,
    COMPONENT_AST_FUNC,
    COMPONENT_AST_COMPONENT,
    COMPONENT_AST_INSTANCE,
    COMPONENT_AST_RESOURCE
};
struct component_scope;
struct component_ast { /* a type definition */
    enum component_ast_form form;
    enum component_kind kind; /* VALUE */
    struct component_ref
        elem; /* LIST, FIXED_LIST, OPTION, STREAM, FUTURE; RESULT: ok; OWN, BORROW: the resource; a PRIMITIVE
                                           * VALUE has its kind only; FUNC: result */
    struct component_ref error;           /* RESULT */
    uint32_t length;                      /* FIXED_LIST */
    const struct component_field *fields; /* RECORD, TUPLE, VARIANT, ENUM, FLAGS; FUNC: parameters */
    uint32_t field_count;
    bool is_async;                       /* FUNC */
    uint32_t rep;                        /* RESOURCE: core value type, its first byte */
    bool has_dtor;                       /* RESOURCE */
    uint32_t dtor;                       /* core function */
    const struct component_scope *scope; /* COMPONENT, INSTANCE: its declarations */
};

struct component_externtype { /* what an import or export is said to be */
    enum component_sort sort;
    bool is_resource; /* TYPE: (sub resource), else (eq index) */
    uint32_t index;   /* of the type space, or the core type space for a module */
};

struct component_extern_name {
    struct sw_str name;
    struct sw_str version_suffix; /* attributes */
    struct sw_str implements;
    bool has_version_suffix, has_implements;
};

struct component_sort_index {
    enum component_sort sort;
    uint32_t index;
};

struct component_named { /* an instantiation argument or inline export */
    struct sw_str name;
    struct component_sort_index what;
    const struct component_extern_name
        *attributes; /* inline export: the same name with attributes; NULL: none */
};

struct component_instantiate { /* of a module or component, or an instance written out */
    bool is_inline;
    uint32_t target;                     /* not inline: module or component */
    const struct component_named *items; /* arguments, or exports */
    uint32_t item_count;
};

enum component_alias_form { COMPONENT_ALIAS_EXPORT, COMPONENT_ALIAS_CORE_EXPORT, COMPONENT_ALIAS_OUTER };
struct component_alias {
    enum component_alias_form form;
    uint32_t instance; /* EXPORT, CORE_EXPORT */
    struct sw_str name;
    uint32_t outer; /* OUTER: scopes to go out; 0: this one */
    uint32_t index;
};

struct component_port { /* an import or export; in a type scope: a declaration */
    struct component_extern_name name;
    bool has_type;
    struct component_externtype type;
    struct component_sort_index what; /* an export of a component: the thing */
};

enum component_canon_form {
    COMPONENT_CANON_LIFT,
    COMPONENT_CANON_LOWER,
    COMPONENT_CANON_RESOURCE_NEW,
    COMPONENT_CANON_RESOURCE_DROP,
    COMPONENT_CANON_RESOURCE_REP,
    COMPONENT_CANON_ASYNC
};
struct component_canon_options {
    enum component_encoding encoding;
    bool has_encoding, has_memory, has_realloc, has_post_return, has_callback, is_async;
    uint32_t memory, realloc, post_return, callback; /* core memory, core functions */
};
struct component_canon {
    enum component_canon_form form;
    const char *name; /* "lift", "task.return", ... */
    uint32_t func;    /* LIFT: core function; LOWER: function */
    uint32_t type;    /* LIFT: function type; RESOURCE_*: resource type */
    struct component_canon_options options;
    struct component_ref result;       /* task.return */
    uint32_t memory, table, core_type; /* operands of built-ins that have them */
    uint32_t valtype;                  /* context.get, .set: core value type, its first byte */
    uint32_t number;                   /* context.get, .set */
    bool flag;                         /* async or shared */
};

/* Core types. Those that are neither function nor module types are read for their form only. */
struct component_core_extern {
    enum engine_core_kind kind;
    uint32_t type; /* FUNC, TAG: of the module type's own type space */
    struct engine_limits_type limits;
    struct engine_global_type global;
};
enum component_core_decl_form {
    COMPONENT_CORE_DECL_IMPORT,
    COMPONENT_CORE_DECL_TYPE,
    COMPONENT_CORE_DECL_ALIAS,
    COMPONENT_CORE_DECL_EXPORT
};
struct component_core_decl {
    enum component_core_decl_form form;
    uint32_t at;
    struct sw_str module, name;              /* IMPORT, EXPORT */
    struct component_core_extern what;       /* IMPORT, EXPORT */
    const struct component_core_type *types; /* TYPE: as many as type_count; a recursive group is several */
    uint32_t type_count;
    uint32_t outer, index; /* ALIAS: scopes to go out, 0: the module type itself */
};
struct component_core_type {
    bool is_module;
    struct engine_functype func;         /* not a module: is_func says whether it is a function type */
    const struct engine_valtype *fields; /* of a struct or array */
    uint32_t field_count;
    bool is_sub; /* declared open to subtypes */
    bool has_super;
    uint32_t super; /* core type */
    const struct component_core_decl *decls;
    uint32_t decl_count;
};

enum component_def_kind {
    COMPONENT_DEF_CORE_MODULE,
    COMPONENT_DEF_CORE_INSTANCE,
    COMPONENT_DEF_CORE_TYPE,
    COMPONENT_DEF_COMPONENT,
    COMPONENT_DEF_INSTANCE,
    COMPONENT_DEF_ALIAS,
    COMPONENT_DEF_TYPE,
    COMPONENT_DEF_CANON,
    COMPONENT_DEF_IMPORT,
    COMPONENT_DEF_EXPORT
};
struct component_def {
    enum component_def_kind kind;
    enum component_sort sort; /* the index space it appends one entry to */
    uint32_t at;              /* byte offset, for messages */
    union {
        uint32_t core; /* CORE_MODULE: component_binary_core */
        const struct component_core_type *core_type;
        const struct component_instantiate *instance; /* CORE_INSTANCE, INSTANCE */
        const struct component_scope *component;
        const struct component_alias *alias;
        const struct component_ast *type;
        const struct component_canon *canon;
        const struct component_port *port; /* IMPORT, EXPORT */
    };
};

enum component_scope_kind {
    COMPONENT_SCOPE_COMPONENT,
    COMPONENT_SCOPE_COMPONENT_TYPE,
    COMPONENT_SCOPE_INSTANCE_TYPE
};
struct component_scope {
    enum component_scope_kind kind;
    const struct component_scope *parent; /* NULL for the outermost */
    struct component_def *defs;           /* in order of appearance */
    uint32_t def_count, def_cap;
    uint32_t counts[COMPONENT_SORT_COUNT]; /* entries per index space, so far while decoding */
};

struct component_binary {
    struct sw_arena arena;
    struct sw_str bytes;
    const struct component_scope *root;
    struct engine_core **cores;
    uint32_t core_count, core_cap;
    bool is_module; /* a core module on its own: one core, root is empty (module.c) */
};

#endif
