/* wit.h - WIT: bytes to syntax tree, and names to definitions.  Room: wit.
 *
 *   bytes --wit_parse--> wit_file --wit_resolve--> the same trees with every name decided, grouped into packages
 *
 * Pure: no I/O, all memory in the caller's arena, which must outlive the tree; so must the bytes, names are views of them.
 * Fails with SW_EINPUT ("file:line:column: expected ..., got ...", often with a "hint: " line), SW_ELIMIT or SW_ENOMEM.  Source: WIT.md. */
#ifndef SW_COMPONENT_WIT_WIT_H
#define SW_COMPONENT_WIT_WIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct wit_file;
struct wit_block;
struct wit_interface;
struct wit_package;
struct wit_world;

struct wit_pos {
    const struct wit_file *file;
    uint32_t line, column; /* from 1; columns count Unicode scalar values */
};

enum wit_kind {
    WIT_BOOL,
    WIT_S8,
    WIT_U8,
    WIT_S16,
    WIT_U16,
    WIT_S32,
    WIT_U32,
    WIT_S64,
    WIT_U64,
    WIT_F32,
    WIT_F64,
    WIT_CHAR,
    WIT_STRING,
    WIT_ERROR_CONTEXT,
    WIT_LIST,       /* elem */
    WIT_FIXED_LIST, /* elem, length */
    WIT_TUPLE,      /* items */
    WIT_OPTION,     /* elem */
    WIT_RESULT,     /* elem: ok or NULL, other: error or NULL */
    WIT_MAP,        /* elem: key, other: value */
    WIT_STREAM,     /* elem or NULL */
    WIT_FUTURE,     /* elem or NULL */
    WIT_OWN,        /* def: the resource; also written as the resource's bare name */
    WIT_BORROW,     /* def: the resource */
    WIT_NAME        /* def: a record, variant, enum, flags or alias */
};

struct wit_type {
    enum wit_kind kind;
    struct wit_pos pos;
    struct sw_str name; /* OWN, BORROW, NAME: as written */
    struct wit_type *elem, *other;
    struct wit_type **items;
    uint32_t item_count;
    uint32_t length;
    bool is_bare;        /* OWN: written as the resource's name alone */
    struct wit_def *def; /* resolved: where it is defined, behind any `use` */
};

struct wit_gate { /* views; empty when absent */
    struct sw_str since, deprecated, feature;
    struct wit_pos pos;
};

struct wit_field { /* of a record; case of a variant, enum, flags; parameter of a function */
    struct sw_str name;
    struct wit_pos pos;
    struct wit_type *type; /* NULL: no payload */
};

enum wit_func_kind { WIT_FUNC_FREE, WIT_FUNC_CONSTRUCTOR, WIT_FUNC_METHOD, WIT_FUNC_STATIC };

struct wit_func {
    struct sw_str name;      /* "path-with-query"; a constructor's is its resource's */
    struct sw_str full_name; /* "[method]incoming-request.path-with-query" */
    struct wit_pos pos;
    struct wit_gate gate;
    enum wit_func_kind kind;
    bool is_async;
    struct wit_def *resource; /* NULL for a FREE one */
    struct wit_field *params; /* a method's `self` is the first */
    uint32_t param_count;
    struct wit_type *result; /* NULL: none */
};

enum wit_def_kind {
    WIT_DEF_ALIAS,
    WIT_DEF_RECORD,
    WIT_DEF_VARIANT,
    WIT_DEF_ENUM,
    WIT_DEF_FLAGS,
    WIT_DEF_RESOURCE,
    WIT_DEF_USE
};

struct wit_path { /* "wasi:io/poll@0.2.12", or a bare name with the rest empty */
    struct sw_str space, package, name, version;
    struct wit_pos pos;
};

struct wit_def {
    enum wit_def_kind kind;
    struct sw_str name;
    struct wit_pos pos;
    struct wit_gate gate;
    struct wit_type *type;    /* ALIAS */
    struct wit_field *fields; /* RECORD, VARIANT, ENUM, FLAGS */
    uint32_t field_count;
    struct wit_func **funcs; /* RESOURCE */
    uint32_t func_count;
    const struct wit_path *from; /* USE: the interface, and the name there */
    struct sw_str from_name;
    struct wit_def *target;      /* USE, resolved */
    const struct wit_home *home; /* where it stands */
    uint32_t depth;              /* resolved: longest chain of definitions below it, itself included */
    bool has_borrow;             /* resolved */
    int state;                   /* of the resolver */
    void *data;                  /* of whoever works on a resolved tree */
};

struct wit_home {                    /* what an interface and a world have in common: a scope of types */
    struct wit_interface *interface; /* NULL in a world */
    const struct wit_block *block;   /* whose file-wide names apply */
    struct wit_package *package;     /* resolved */
    struct wit_def **defs;
    uint32_t def_count;
};

struct wit_interface {
    struct wit_home home;
    struct sw_str name;      /* empty for one that stands inside a world */
    struct sw_str full_name; /* resolved: "wasi:http/types", no version */
    struct wit_pos pos;
    struct wit_gate gate;
    struct wit_func **funcs; /* free functions and those of its resources, in order of appearance */
    uint32_t func_count;
    int state;
};

enum wit_item_kind { WIT_ITEM_FUNC, WIT_ITEM_INTERFACE, WIT_ITEM_PATH, WIT_ITEM_INCLUDE };

struct wit_rename {
    struct sw_str from, to;
    struct wit_pos pos;
};

struct wit_item { /* of a world */
    enum wit_item_kind kind;
    bool is_export;
    struct sw_str name; /* plain name; empty for a PATH without one */
    struct sw_str external_id;
    struct wit_pos pos;
    struct wit_gate gate;
    struct wit_func *func;           /* FUNC */
    struct wit_interface *interface; /* INTERFACE; PATH: resolved */
    const struct wit_path *path;     /* PATH, INCLUDE */
    struct wit_world *world;         /* INCLUDE: resolved */
    struct wit_rename *renames;      /* INCLUDE */
    uint32_t rename_count;
};

struct wit_world {
    struct wit_home home;
    struct sw_str name;
    struct sw_str full_name; /* resolved */
    struct wit_pos pos;
    struct wit_gate gate;
    struct wit_item *
        *items; /* resolved: includes are replaced by what they include, imports and exports are unique */
    uint32_t item_count;
    int state;
};

struct wit_alias { /* use at the top of a file */
    const struct wit_path *path;
    struct sw_str name;
    struct wit_pos pos;
    struct wit_gate gate;
};

struct wit_block { /* what stands under one `package` line, or in one `package {...}` */
    bool has_package;
    struct sw_str space, package, version;
    struct wit_pos pos;
    struct wit_interface **interfaces;
    uint32_t interface_count;
    struct wit_world **worlds;
    uint32_t world_count;
    struct wit_alias **aliases;
    uint32_t alias_count;
};

struct wit_file {
    struct sw_str name; /* for messages */
    uint32_t
        group; /* files of one folder: one that names no package belongs to the package of its group. Set by the caller */
    struct wit_block **blocks; /* the first is the file's own, the rest are nested packages */
    uint32_t block_count;
};

struct wit_package {
    struct sw_str space, name, version; /* "wasi", "http", "0.2.12" */
    struct wit_interface **interfaces;
    uint32_t interface_count;
    struct wit_world **worlds;
    uint32_t world_count;
};

struct wit_set {
    struct wit_package **packages; /* in order of appearance */
    uint32_t package_count;
};

/* Parses one file. `name` and `text` are borrowed for the life of the tree. */
int wit_parse(struct sw_arena *arena, struct sw_str name, struct sw_str text, struct wit_file **ret,
              struct sw_err *err) SW_MUST_CHECK;

struct wit_options {
    const struct sw_str *features; /* @unstable items of these features are kept, all others dropped */
    uint32_t feature_count;
};
/* Decides every name of all files together; changes the trees. options may be NULL. */
int wit_resolve(struct sw_arena *arena, struct wit_file *const *files, uint32_t file_count,
                const struct wit_options *options, struct wit_set **ret, struct sw_err *err) SW_MUST_CHECK;

/* "wasi:http/types": in the package of that name; version empty: the newest there is. NULL when absent. */
struct wit_interface *wit_interface_find(const struct wit_set *set, struct sw_str full_name,
                                         struct sw_str version);
struct wit_world *wit_world_find(const struct wit_set *set, struct sw_str full_name, struct sw_str version);
int wit_version_cmp(struct sw_str a, struct sw_str b); /* semantic version precedence; empty is lowest */

/* Of a resolved tree: the type behind aliases: never a NAME of an alias. */
const struct wit_type *wit_type_strip(const struct wit_type *type);
const struct wit_def *wit_def_strip(const struct wit_def *def); /* behind `use`: never a USE */

/* The canonical text of component/types.h. */
int wit_type_print(const struct wit_type *type, struct sw_buf *out, struct sw_err *err) SW_MUST_CHECK;
int wit_func_print(const struct wit_func *func, struct sw_buf *out, struct sw_err *err) SW_MUST_CHECK;

#endif
