/* encode_internal.h - what the files of the encoder share.  Room: encode.
 *
 *   embed.c   worlds that come with a core module                         join.c   several worlds become one
 *   trim.c    what is used of an adapter                                  code.c   instructions; read.c: sections
 *   live.c    which interfaces and types the component has to import      match.c  core imports and exports against the world
 *   flat.c    core types of functions                                     bytes.c  items of the binary format
 *   types.c   WIT types in a scope                                        shim.c   the two small modules
 *   component.c, core.c, export.c   the component, from its imports to its exports; custom.c: who made it
 *
 * The first failure is kept in enc.rc and ends all further output: emitting functions return nothing, loops look at rc. */
#ifndef SW_COMPONENT_ENCODE_ENCODE_INTERNAL_H
#define SW_COMPONENT_ENCODE_ENCODE_INTERNAL_H

#include "component/encode/encode.h"
#include "component/encode/limits.h"
#include "engine/core.h"

#define ENC_NONE UINT32_MAX

struct enc_flat { /* a core function type */
    uint8_t params[ENCODE_FLAT_PARAMS_MAX + 1], results[1];
    uint32_t param_count, result_count;
};

struct enc_sig { /* a function as it is lifted or lowered */
    struct enc_flat flat;
    bool memory, realloc, text; /* the options that it needs */
};

struct enc_sink { /* a component, or an instance type, that is being written */
    struct sw_buf bytes;
    bool is_type;
    uint32_t types, funcs, decls;
};

struct enc_entry { /* a definition that has a type index in a scope */
    const struct wit_def *def;
    uint32_t index;
    struct enc_entry *next;
};

enum enc_scope_kind {
    ENC_SCOPE_WORLD,    /* the world's own types: imported by name */
    ENC_SCOPE_INSTANCE, /* an instance type: exported by name */
    ENC_SCOPE_LIFT,     /* an exported interface's types as the component defines them: no names */
    ENC_SCOPE_INNER,    /* the same inside the component that makes the instance: imported */
    ENC_SCOPE_OUTER     /* and exported again, by name */
};

struct enc_scope {
    enum enc_scope_kind kind;
    struct enc_sink *sink;
    const struct wit_home *home;
    struct enc_entry *entries;
    struct enc_scope *below; /* INNER: the LIFT one; OUTER: the INNER one */
    struct sw_buf args;      /* INNER: what it is instantiated with */
    uint32_t arg_count;
};

struct enc_interface { /* an import or export of the component */
    const struct wit_interface *wit;
    const char *name;            /* "wasi:io/poll@0.2.12" */
    const struct wit_def **live; /* imports: the types it has to declare, in order */
    uint32_t live_count;
    bool *used; /* imports: per function of wit */
    uint32_t used_count;
    uint32_t instance;         /* or ENC_NONE */
    struct enc_scope aliases;  /* definitions as aliased from the instance */
    struct enc_scope lift;     /* exports */
    struct enc_module *module; /* exports: that has it */
};

struct enc_module {           /* the main module, then the adapters */
    struct sw_str name;       /* empty: the main module */
    struct engine_core *core; /* of an adapter: what is used of it, once that is known */
    uint32_t encoding;        /* of its strings, as a canonical option */
    bool present;             /* in the component */
    uint32_t first_use, use_count;
    bool lowers_realloc, lifts_realloc;                  /* whether something needs them */
    const char *import_realloc, *export_realloc;         /* exports of it, or NULL */
    uint32_t import_realloc_index, export_realloc_index; /* core functions */
    uint32_t instance;                                   /* core instance */
};

struct enc_world {       /* a world, and the module that it is for */
    struct wit_set *set; /* all that it can mention */
    struct wit_world *world;
    struct enc_module *module;
    struct enc_world *next;
};

struct enc_moved { /* an interface for which another stands */
    struct wit_interface *from, *to;
    struct enc_moved *next;
};

struct enc_wanted { /* an export of an adapter that has to stay */
    struct sw_str name;
    struct enc_wanted *next;
};

struct enc_item {                /* an export of the world, in order */
    struct enc_module *module;   /* that has it */
    const struct wit_func *func; /* or NULL */
    struct enc_interface *interface;
};

enum enc_use_kind {
    ENC_LOWER,
    ENC_DROP,
    ENC_NEW,
    ENC_REP,
    ENC_ADAPTED, /* a function of an adapter */
    ENC_MAIN,    /* of an adapter: a function of the main module */
    ENC_MEMORY   /* of an adapter: the main module's memory */
};

struct enc_use { /* a core import */
    const struct engine_core_import *import;
    struct enc_module *module;  /* that imports it */
    struct enc_module *adapter; /* ADAPTED */
    enum enc_use_kind kind;
    const struct wit_func *func;
    const struct wit_def *def;
    struct enc_interface *interface; /* NULL: of the world itself */
    struct enc_sig sig;
    uint32_t slot;               /* of the shim, or ENC_NONE */
    uint32_t core_func;          /* what the main module gets */
    uint32_t root_func;          /* of the world itself: the component function */
    bool seen;                   /* its types are known to be live */
    const struct enc_use *again; /* the first one under the same names; NULL: this is it */
    struct sw_str name;          /* what it is given as: import->name, or another one for `again` */
};

struct enc_dtor {
    const struct wit_def *def;
    struct enc_module *module;
    const char *export; /* of the core module; NULL: it has none */
    uint32_t slot;
};

struct enc {
    struct sw_arena *arena;
    struct sw_err *err;
    int rc;
    uint64_t steps;
    const struct encode_input *input;
    struct enc_world *worlds;
    struct enc_moved *moved;
    const struct wit_world *world; /* all of them, joined */
    struct enc_module **owners;    /* per item of world */
    struct enc_module *modules;    /* [0]: the main module */
    uint32_t module_count;
    struct enc_interface *imports, *exports;
    uint32_t import_count, export_count;
    struct enc_item *items;
    uint32_t item_count;
    struct enc_use *uses;
    uint32_t use_count;
    struct enc_dtor *dtors;
    uint32_t dtor_count;
    struct enc_flat *slots; /* of the shim */
    uint32_t slot_count;
    bool memory; /* something needs it */
    struct enc_scope world_scope;
    struct enc_sink root;
    uint32_t core_funcs, core_instances, instances, components;
    uint32_t core_modules;
    uint32_t shim; /* core instance */
};

/* ---- encode.c ---- */

int enc_fail(struct enc *e, enum sw_code code, const char *fmt, ...) SW_PRINTF(3, 4); /* sets rc unless set */
void *enc_new(struct enc *e, size_t count, size_t size); /* zeroed; NULL and rc set on failure */
const char *enc_text(struct enc *e, const char *fmt, ...) SW_PRINTF(2, 3); /* in the arena; "" on failure */
bool enc_step(struct enc *e);                                              /* false once rc is set */

/* ---- read.c ---- */

struct enc_reader { /* past the end: 0, and bad */
    const uint8_t *p, *end;
    bool bad;
};
struct enc_raw_section {
    uint8_t id;
    struct sw_str name; /* of a custom one */
    struct sw_str content, whole;
};
struct enc_reader enc_reader(struct sw_str bytes);
uint8_t enc_read_byte(struct enc_reader *r);
uint32_t enc_read_u32(struct enc_reader *r);
void enc_skip_leb(struct enc_reader *r); /* up to 64 bits */
struct sw_str enc_read_bytes(struct enc_reader *r, size_t n);
struct sw_str enc_read_name(struct enc_reader *r);                        /* length and bytes */
struct enc_reader enc_sections(struct sw_str module);                     /* of a module or component */
bool enc_read_section(struct enc_reader *r, struct enc_raw_section *ret); /* false at the end */
struct sw_str enc_find_section(struct sw_str module, uint8_t id,
                               struct sw_str name); /* the first's content, or empty */

/* ---- code.c ---- */

enum enc_ref { ENC_REF_FUNC, ENC_REF_GLOBAL, ENC_REF_TABLE, ENC_REF_MEMORY };
typedef void enc_code_fn(void *arg, enum enc_ref kind, uint32_t index,
                         struct sw_str at); /* at: the index's bytes */
/* Calls fn for what a function's body mentions. ret_start: where its instructions begin. False: not understood. */
bool enc_code_walk(struct sw_str body, size_t *ret_start, enc_code_fn *fn, void *arg) SW_MUST_CHECK;

/* ---- embed.c, join.c, trim.c, custom.c ---- */

void enc_embedded(struct enc *e, struct enc_module *module); /* its worlds become worlds of e */
void enc_stripped(struct enc *e, const struct enc_module *module, struct sw_buf *out);
void enc_add_world(struct enc *e, struct enc_world *world, struct enc_module *module);
void enc_join(struct enc *e); /* fills world and owners */
void enc_trim(struct enc *e, struct enc_module *module, const struct enc_wanted *wanted,
              const char *main_realloc);
void enc_customs(struct enc *e); /* the component's name and producers sections */

/* ---- names.c ---- */

bool enc_version_compatible(struct sw_str a, struct sw_str b);
/* Of count names the one that was meant by `name`, or NULL: nothing is near. */
typedef struct sw_str enc_name_fn(const void *arg, uint32_t index);
const char *enc_nearest(struct enc *e, struct sw_str name, enc_name_fn *at, const void *arg, uint32_t count);

/* ---- live.c ---- */

void enc_gather(struct enc *e); /* imports, exports and items from the world */
void enc_live_func(struct enc *e, const struct wit_home *home, const struct wit_func *func);
void enc_live_def(struct enc *e, const struct wit_def *def);
void enc_live_exports(struct enc *e);
struct enc_interface *enc_import_of(struct enc *e, const struct wit_interface *wit); /* or NULL */
struct enc_interface *enc_export_of(struct enc *e, const struct wit_interface *wit);
/* The definition that `type` names where it is written: a use stays a use. */
const struct wit_def *enc_local(struct enc *e, const struct wit_home *home, const struct wit_type *type);

/* ---- flat.c ---- */

struct enc_sig enc_sig_of(struct enc *e, const struct wit_func *func, bool lower);
bool enc_flat_eq(const struct engine_functype *got, const struct enc_flat *want);
const char *enc_flat_text(struct enc *e, const struct enc_flat *flat);
const char *enc_functype_text(struct enc *e, const struct engine_functype *type);

/* ---- standard.c ---- */

/* Gives the main module the names that enc_match knows, when it has those of "cm32p2"; behind enc_gather. */
void enc_standard_names(struct enc *e);

/* ---- match.c ---- */

void enc_match(struct enc *e);
const struct wit_home *enc_home(const struct enc *e, const struct enc_interface *in);

/* ---- bytes.c ---- */

enum enc_put { ENC_PUT_TYPE, ENC_PUT_ALIAS, ENC_PUT_IMPORT, ENC_PUT_EXPORT };
void enc_byte(struct enc *e, struct sw_buf *out, unsigned byte);
void enc_u32(struct enc *e, struct sw_buf *out, uint32_t value);
void enc_index(struct enc *e, struct sw_buf *out,
               uint32_t index); /* a type index where a primitive could stand: signed */
void enc_name(struct enc *e, struct sw_buf *out, struct sw_str name); /* length and bytes */
void enc_raw(struct enc *e, struct sw_buf *out, struct sw_str bytes);
void enc_section(struct enc *e, struct sw_buf *out, unsigned id, struct sw_str content);
void enc_one(struct enc *e, struct sw_buf *out, unsigned id,
             struct sw_str item); /* a section with one item */
void enc_put(struct enc *e, struct enc_sink *sink, enum enc_put what, struct sw_str item);
uint32_t enc_put_type(struct enc *e, struct enc_sink *sink, struct sw_str type);
uint32_t enc_alias_outer(struct enc *e, struct enc_sink *sink, uint32_t index);
uint32_t enc_alias_export(struct enc *e, unsigned sort, uint32_t instance,
                          struct sw_str name); /* of the root; type: 3, func: 1 */
uint32_t enc_alias_core_func(struct enc *e, uint32_t instance, struct sw_str name);

/* ---- types.c ---- */

uint32_t enc_def(struct enc *e, struct enc_scope *scope, const struct wit_def *def); /* its type index */
void enc_scope_set(struct enc *e, struct enc_scope *scope, const struct wit_def *def, uint32_t index);
uint32_t enc_root_type(struct enc *e, const struct wit_def *def,
                       bool for_export); /* of another interface or the world */
uint32_t enc_func_type(struct enc *e, struct enc_scope *scope, const struct wit_func *func);

/* ---- shim.c ---- */

void enc_shim_module(struct enc *e, struct sw_buf *out);
void enc_fixup_module(struct enc *e, struct sw_buf *out, bool initialize);
bool enc_has_func(const struct engine_core *core, const char *name);

/* ---- component.c, core.c, export.c ---- */

void enc_component(struct enc *e);

void enc_core(struct enc *e);
void enc_exports(struct enc *e);
uint32_t enc_lowered_func(struct enc *e, const struct enc_use *use); /* component.c: the component function */

#endif
