/* validate.h - what the files of the validator share: types of things, scopes, the state of one run.  Room: component.
 *
 * Validation is a pass over a decoded component, definition by definition. It gives each definition a *type* and never makes an
 * instance: instantiating a component substitutes the resources in its type. Nothing of it is kept.
 *
 * 1. Types are trees of nodes that never change once made. A node's address is its identity: "this very type was exported" is a
 *    question about addresses; whether two types are equal is not.
 * 2. A resource is a number. A scope *binds* the numbers taken while it was processed, [first, end): the type of a component or
 *    instance type is opened (its bound resources are renamed) wherever it is used.
 * 3. Recursion follows types, and types have a depth limit; work is counted in v->steps.
 * Source: Explainer.md, "Type Definitions", "Type Checking"; Binary.md, the notes of each section. */
#ifndef SW_COMPONENT_VALIDATE_H
#define SW_COMPONENT_VALIDATE_H

#include "base/error.h"
#include "component/binary.h"
#include "component/types.h"
#include "engine/core.h"

/* ---- a hash table of names or numbers ---- */

struct v_key {
    struct sw_str name; /* empty with a number */
    uintptr_t number;
};
struct v_entry {
    uint64_t hash;
    struct v_key key;
    const void *value; /* NULL: unused */
};
struct v_map {
    struct v_entry *entries;
    uint32_t cap, count;
};

/* ---- core things ---- */

struct vc_extern {
    enum engine_core_kind kind;
    const struct engine_functype *func;      /* FUNC, TAG */
    const struct engine_limits_type *limits; /* TABLE, MEMORY */
    const struct engine_global_type *global;
};
struct vc_import {
    struct sw_str module, name;
    struct vc_extern type;
};
struct vc_export {
    struct sw_str name;
    struct vc_extern type;
};
struct vc_module { /* the type of a core module */
    const struct vc_import *imports;
    uint32_t import_count;
    const struct vc_export *exports; /* also of a core instance */
    uint32_t export_count;
    struct v_map names;        /* of exports, to struct vc_export */
    struct v_map import_names; /* "module\0name", to struct vc_import */
};
struct vc_type {
    const struct engine_functype *func; /* NULL: not a function type */
    const struct vc_module *module;     /* NULL: not a module type */
    bool is_final;                      /* has no subtypes */
};

/* ---- component-level things ---- */

struct vt;
struct vt_extern { /* what an import or export is */
    enum component_sort sort;
    const struct vt *type;          /* all but CORE_MODULE; a TYPE: the type that is created by it */
    const struct vt *referenced;    /* TYPE: what it was said to equal, or `type` */
    const struct vc_module *module; /* CORE_MODULE */
};
struct vt_item {
    struct sw_str name;
    struct vt_extern what;
};
struct vt_items {
    struct vt_item *p;
    uint32_t count;
    struct v_map names; /* to struct vt_item */
};
struct vt_field {
    struct sw_str name;
    const struct vt *type; /* NULL: a case without payload */
};

enum vt_kind { VT_VALUE, VT_FUNC, VT_RESOURCE, VT_INSTANCE, VT_COMPONENT };
struct vt {
    enum vt_kind kind;
    uint32_t parts; /* nodes in it, counted as often as they are used */
    uint32_t depth;
    bool
        refers; /* mentions a resource or a type created by an import or export: substitution has to look into it */
    /* VALUE */
    enum component_kind value;
    bool is_map;     /* a LIST that is written map: elem is its tuple */
    uint32_t number; /* interned, for layout; only types that are the same have the same number */
    uint32_t length; /* FIXED_LIST; COMPONENT_MAP: a map, or the tuple of its entries */
    const struct vt *
        elem; /* LIST, FIXED_LIST, OPTION, STREAM, FUTURE; RESULT: ok; OWN, BORROW: the resource; NULL: none */
    const struct vt *error;        /* RESULT */
    const struct vt_field *fields; /* RECORD, TUPLE, VARIANT, ENUM, FLAGS; FUNC: parameters */
    uint32_t field_count;
    /* FUNC: result in elem */
    bool is_async;
    const struct component_func_type *func; /* for layout */
    /* RESOURCE */
    uint32_t resource;
    /* INSTANCE: exports; COMPONENT: both */
    struct vt_items imports, exports;
    uint32_t first, end; /* resources that it binds; first == end: none, it is open */
};

struct v_scope {
    const struct component_scope *ast;
    struct v_scope *parent;
    uint32_t first; /* resource numbers from here on belong to it */
    /* Index spaces. Entries by sort: CORE_FUNC, CORE_TAG engine_functype; CORE_TABLE, CORE_MEMORY engine_limits_type; CORE_GLOBAL
     * engine_global_type; CORE_TYPE vc_type; CORE_MODULE, CORE_INSTANCE vc_module; all others vt. */
    const void **spaces[COMPONENT_SORT_COUNT];
    uint32_t counts[COMPONENT_SORT_COUNT];
    struct vt_items imports, exports;
    struct v_map import_keys, export_keys;           /* names in their strongly-unique form */
    struct v_map import_resources, export_resources; /* resource node to its name (a struct sw_str *) */
    struct v_map import_resource_names, export_resource_names;
    struct v_map importable, exportable; /* nodes of types that have a name outside */
    struct v_map imported;               /* resource numbers that imports brought, to their nodes */
    struct v_map outside;                /* those, and the numbers of resources that were exported */
    struct v_map local; /* resource numbers defined by `resource` here, to their struct component_ast */
    uint32_t context;   /* core type that context.get and .set use here; 0: none so far */
    uint32_t parts;
};

struct v {
    const struct component_binary *binary;
    struct sw_arena arena;
    struct sw_err *err;
    int rc;      /* of the last allocation that gave NULL */
    uint32_t at; /* of the definition being looked at */
    uint64_t steps;
    uint32_t depth;
    uint32_t next_resource;
    struct component_types *types;
    const struct vt *primitives[COMPONENT_KIND_PRIMITIVES];
    const struct vc_module **modules; /* per core module, made when first asked for */
};

/* ---- validate.c ---- */

int component__validate(const struct component_binary *binary, struct sw_err *err) SW_MUST_CHECK;
/* Validates and keeps what was found, with the type of the whole: for describe.c. err must outlive *ret. */
int component__v_root(const struct component_binary *binary, struct v **ret, const struct vt **ret_type,
                      struct sw_err *err) SW_MUST_CHECK;
void component__v_free(struct v *v);                                      /* NULL is fine */
int(component__v_bad)(struct v *v, const char *fmt, ...) SW_PRINTF(2, 3); /* "<text> at byte 0x.." */
int component__v_steps(struct v *v, uint64_t n) SW_MUST_CHECK;
void *component__v_take(struct v *v, size_t count,
                        size_t size) SW_MUST_CHECK; /* zeroed; NULL: v->rc says why */
#define V_NEW(v, type) ((type *)component__v_take((v), 1, sizeof(type)))
#define V_ARRAY(v, count, type) ((type *)component__v_take((v), (count), sizeof(type)))
const struct vt *component__v_type(const struct v_scope *scope, uint32_t index);
const void *component__v_get(const struct v_scope *scope, enum component_sort sort, uint32_t index);
void component__v_define(struct v_scope *scope, enum component_sort sort, const void *entry);
int component__v_scope(struct v *v, const struct component_scope *ast, struct v_scope *parent,
                       const struct vt **ret) SW_MUST_CHECK;

/* ---- validate_map.c ---- */

struct v_key component__v_name(struct sw_str name);
struct v_key component__v_number(uintptr_t number);
struct v_key component__v_node(const void *node);
/* Returns 0, or SW_END when the key is there (nothing changes). value must not be NULL. */
int component__v_put(struct v *v, struct v_map *map, struct v_key key, const void *value) SW_MUST_CHECK;
/* Returns 0, or SW_ABSENT. */
int component__v_find(struct v *v, const struct v_map *map, struct v_key key, const void **ret) SW_MUST_CHECK;

/* ---- validate_type.c ---- */

int component__v_type_def(struct v *v, struct v_scope *scope, const struct component_ast *ast,
                          const struct vt **ret) SW_MUST_CHECK;
/* Fills parts, depth, refers and the layout of a node whose children are set. */
int component__v_complete(struct v *v, struct vt *type) SW_MUST_CHECK;
int component__v_ref(struct v *v, const struct v_scope *scope, struct component_ref ref,
                     const struct vt **ret) SW_MUST_CHECK;
int component__v_externtype(struct v *v, struct v_scope *scope, const struct component_externtype *type,
                            struct vt_extern *ret) SW_MUST_CHECK;
int component__v_alias(struct v *v, const struct vt *type,
                       const struct vt **ret) SW_MUST_CHECK;                 /* the same type, another node */
int component__v_resource(struct v *v, const struct vt **ret) SW_MUST_CHECK; /* a fresh one */
const char *component__v_kind_name(const struct vt *type); /* "record", "resource", "func type", ... */
const char *component__v_extern_name(const struct vt_extern *what); /* "func", "type", ... */
/* Counts the parts of a new import or export. */
int component__v_parts(struct v *v, uint32_t *parts, const struct vt_extern *what) SW_MUST_CHECK;

/* ---- validate_subst.c ---- */

struct v_subst {
    uint32_t first, end;    /* bound resources to be renamed */
    struct v_map resources; /* number to node */
    struct v_map done;      /* node to node */
};
int component__v_subst(struct v *v, struct v_subst *subst, const struct vt_extern *in,
                       struct vt_extern *ret) SW_MUST_CHECK;
/* Gives each bound resource that `what` exports a fresh number. */
int component__v_freshen(struct v *v, struct v_subst *subst, const struct vt_extern *what) SW_MUST_CHECK;
/* Renames the bound resources of `want` to those that `got` has in their place. */
int component__v_adopt(struct v *v, struct v_subst *subst, const struct vt_extern *want,
                       const struct vt_extern *got) SW_MUST_CHECK;
/* After a match: types that `want` creates are those of `got` from now on. */
int component__v_identify(struct v *v, struct v_subst *subst, const struct vt_extern *want,
                          const struct vt_extern *got) SW_MUST_CHECK;
/* An instance type as that of an instance: its bound resources are fresh. Others stay as they are. */
int component__v_open(struct v *v, struct vt_extern *what) SW_MUST_CHECK;
/* Whether a type mentions a resource that it does not bind: 0 or SW_ABSENT. */
int component__v_free_resource(struct v *v, const struct vt *type) SW_MUST_CHECK;
/* Whether it mentions one that a scope made itself and that is not known outside: 0 or SW_ABSENT. local NULL: any. */
struct v_local {
    uint32_t first;            /* v_scope.first */
    const struct v_map *known; /* numbers */
};
int component__v_local_resource(struct v *v, const struct v_local *local,
                                const struct vt *type) SW_MUST_CHECK;

/* ---- validate_match.c, validate_match_value.c ---- */

int component__v_match(struct v *v, const struct vt_extern *got, const struct vt_extern *want) SW_MUST_CHECK;
int component__v_match_value(struct v *v, const struct vt *got, const struct vt *want) SW_MUST_CHECK;
/* got can stand where `items` are wanted; bound resources of [subst->first, subst->end) are adopted. what: "import", "export" */
int component__v_supply(struct v *v, struct v_subst *subst, const struct vt_items *wanted,
                        const struct vt_items *got, const char *what) SW_MUST_CHECK;

/* ---- validate_core.c ---- */

int component__v_core_type(struct v *v, struct v_scope *scope,
                           const struct component_core_type *ast) SW_MUST_CHECK;
int component__v_core_module(struct v *v, uint32_t index, const struct vc_module **ret) SW_MUST_CHECK;
int component__v_core_instance(struct v *v, struct v_scope *scope,
                               const struct component_instantiate *ast) SW_MUST_CHECK;
int component__v_core_alias(struct v *v, struct v_scope *scope, const struct component_alias *alias,
                            enum component_sort sort) SW_MUST_CHECK;
int component__v_match_module(struct v *v, const struct vc_module *got,
                              const struct vc_module *want) SW_MUST_CHECK;

/* ---- validate_canon.c ---- */

int component__v_canon(struct v *v, struct v_scope *scope, const struct component_canon *canon) SW_MUST_CHECK;

/* ---- validate_named.c ---- */

enum v_direction { V_IMPORT, V_EXPORT };
/* All types that `what` mentions have a name outside; those it creates get one. */
int component__v_check_named(struct v *v, struct v_scope *scope, enum v_direction direction,
                             struct sw_str name, const struct vt_extern *what) SW_MUST_CHECK;

/* ---- validate_name.c ---- */

/* The name of an import or export: its form, what it may stand for, and that it is new. scope may be NULL: an inline export. */
struct v_extern_name {
    const struct component_extern_name *name;
    enum v_direction direction;
    const struct vt_extern *what;
    struct v_map *keys; /* names so far */
    const struct v_map *resources, *resource_names;
};
int component__v_extern_name_check(struct v *v, const struct v_extern_name *name) SW_MUST_CHECK;
int component__v_label(struct v *v, struct sw_str label,
                       const char *what) SW_MUST_CHECK; /* "record field", ... */
/* Adds a label to those of a type, which must differ in more than case. */
int component__v_label_new(struct v *v, struct v_map *labels, struct sw_str label, const char *what,
                           const char *previous) SW_MUST_CHECK;

/* ---- name_syntax.c ---- */

bool component_label_valid(struct sw_str label);
bool component_semver_valid(struct sw_str version, const char **ret_why);

#endif
