/* bindgen.h - what the files of the generator share.  Room: bindgen.
 *
 *   load.c    files of wit/ -> wit_set        layout.c  sizes, offsets, flat counts
 *   names.c   WIT names -> C names            header.c  declarations: <iface>.h, common.h, kinds.h
 *   lift.c    guest -> C                      lower.c   C -> guest
 *   source.c  callbacks and tables: <iface>.c
 *
 * Text is made by emit(); its first failure is kept in gen.rc and ends all further output, so callers check once. */
#ifndef SW_COMPONENT_BINDGEN_BINDGEN_H
#define SW_COMPONENT_BINDGEN_BINDGEN_H

#include "base/map.h"
#include "component/bindgen/limits.h"
#include "component/wit/wit.h"

struct gen_interface {
    const struct wit_interface *wit;
    const char *prefix; /* "host_http_types_" */
    const char *upper;  /* "HTTP_TYPES" */
    const char *file;   /* "http_types" */
};

struct gen {
    struct sw_arena *arena;
    struct sw_err *err;
    int rc; /* the first failure */
    const struct wit_set *set;
    const char *out_dir, *include; /* folder to write to; its name in #include */
    const char *prefix;            /* of C names, behind "host_": "" or "p3" */
    uint64_t kinds_before;         /* numbers of kinds that others have */
    struct gen_interface *interfaces;
    uint32_t interface_count;
    struct sw_map waits;  /* "wasi:io/poll poll" -> anything */
    struct sw_buf common; /* structs of common.h */
    struct sw_map common_done;
    /* of the file being made */
    const struct gen_interface *now;
    struct sw_buf *to;
    struct sw_map done; /* what stands in it: structs, includes, functions */
    uint32_t indent;
    uint32_t temp;    /* number of the next temporary; unique in a function, so that none shadows another */
    const char *fail; /* the statement that leaves the function being made when rc < 0 */
};

void emit(struct gen *g, const char *fmt, ...) SW_PRINTF(2, 3); /* text */
void emit_line(struct gen *g, const char *fmt, ...)
    SW_PRINTF(2, 3); /* an indented line; '{' at its end and '}' at its start indent */
const char *text(struct gen *g, const char *fmt, ...)
    SW_PRINTF(2, 3); /* in the arena; "" once gen.rc is set */
int gen_fail(struct gen *g, const struct wit_pos *pos, const char *fmt, ...)
    SW_PRINTF(3, 4);                                           /* sets gen.rc unless set */
bool once(struct gen *g, struct sw_map *map, const char *key); /* true the first time */

/* ---- load.c ---- */

int load_dir(struct sw_arena *arena, const char *dir, struct wit_set **ret, struct sw_err *err) SW_MUST_CHECK;
int load_file(struct sw_arena *arena, const char *path, struct sw_str *ret, struct sw_err *err) SW_MUST_CHECK;
int load_waits(struct gen *g, const char *path) SW_MUST_CHECK;
/* Leaves a file alone that has this content already. */
int save_file(const char *dir, const char *name, struct sw_str content, struct sw_err *err) SW_MUST_CHECK;

/* ---- layout.c ---- */

enum shape {
    SHAPE_BOOL,
    SHAPE_S8,
    SHAPE_U8,
    SHAPE_S16,
    SHAPE_U16,
    SHAPE_S32,
    SHAPE_U32,
    SHAPE_S64,
    SHAPE_U64,
    SHAPE_F32,
    SHAPE_F64,
    SHAPE_CHAR,
    SHAPE_STRING,
    SHAPE_BYTES, /* list<u8> */
    SHAPE_LIST,
    SHAPE_FIXED_LIST,
    SHAPE_RECORD, /* parts: its fields */
    SHAPE_TUPLE,  /* parts: its items */
    SHAPE_VARIANT,
    SHAPE_OPTION,
    SHAPE_RESULT, /* parts: their cases */
    SHAPE_ENUM,
    SHAPE_FLAGS,
    SHAPE_OWN,
    SHAPE_BORROW,
    SHAPE_NONE /* what no binding can carry: maps, error contexts */
};

struct layout {
    uint32_t size, align; /* size: BINDGEN_VALUE_BYTES_MAX or more means too large */
    uint32_t flat;        /* number of core values, at most BINDGEN_FLAT_PARAMS_MAX + 1 */
};

enum shape shape_of(const struct wit_type *type);
struct layout layout_of(const struct wit_type *type);
uint32_t part_count(const struct wit_type *type);                          /* fields, items or cases */
const struct wit_type *part_type(const struct wit_type *type, uint32_t i); /* NULL: a case without payload */
uint32_t part_offset(const struct wit_type *type, uint32_t i);             /* of a record or tuple */
uint32_t payload_offset(const struct wit_type *type);                      /* of a variant, option, result */
uint32_t discriminant_size(const struct wit_type *type);                   /* also of an enum */
bool has_own(const struct wit_type *type);
struct layout params_layout(const struct wit_func *func);
uint32_t param_offset(const struct wit_func *func, uint32_t i);        /* in the tuple of all parameters */
const struct wit_type *first_unsupported(const struct wit_type *type); /* NULL when bindings can carry it */

/* ---- names.c ---- */

const char *snake(struct gen *g, struct sw_str kebab); /* a C identifier, lower case; C keywords get '_' */
const char *upper(struct gen *g, struct sw_str kebab); /* for constants */
const char *param_name(struct gen *g,
                       struct sw_str kebab); /* as snake; the names the generator uses itself get '_' too */
const struct gen_interface *
interface_of(struct gen *g, const struct wit_def *def); /* NULL and gen.rc set when it is not listed */
const char *def_name(struct gen *g, const struct wit_def *def);  /* "http_types_fields" */
const char *def_upper(struct gen *g, const struct wit_def *def); /* "HTTP_TYPES_FIELDS" */
const char *fragment(struct gen *g,
                     const struct wit_type *type); /* "option_str": of the C type; NULL type: "void" */
const char *walk_name(struct gen *g,
                      const struct wit_type *type); /* "option_string": of the WIT type, for functions */
const char *
c_type(struct gen *g,
       const struct wit_type *type); /* "struct host_option_str " or "struct host_http_types_fields *" */
const char *c_zero(const struct wit_type *type); /* an initialiser */
const char *func_name(struct gen *g, const struct gen_interface *in,
                      const struct wit_func *func); /* "host_io_poll_poll_wait" */
bool func_waits(struct gen *g, const struct wit_func *func, const struct gen_interface *in);
bool func_polls(struct gen *g, const struct wit_func *func,
                const struct gen_interface *in); /* async, and waits: made of start, poll and cancel */
const char *kind_name(struct gen *g, const struct wit_def *resource); /* "HOST_KIND_IO_POLL_POLLABLE" */
const char *member(struct gen *g, const struct wit_type *type,
                   uint32_t i); /* the C member that holds part i */
const struct wit_def *
resource_of(const struct wit_def *def); /* behind uses and aliases; NULL when it is none */

/* ---- header.c, lift.c, lower.c, source.c ---- */

void header(struct gen *g, struct sw_buf *out);
void common_header(struct gen *g, struct sw_buf *out);
void kinds_header(struct gen *g, struct sw_buf *out);
void source(struct gen *g, struct sw_buf *out);

bool func_splits_result(const struct wit_func *func); /* its whole result is a result<T, E> */
enum form { FORM_PLAIN, FORM_START, FORM_POLL };      /* the last two: of a function that polls */
void signature(struct gen *g, const struct wit_func *func, enum form form);

void need_load(struct gen *g,
               const struct wit_type *type); /* writes the functions that lift it from memory */
void need_load_flat(struct gen *g, const struct wit_type *type);
void need_store(struct gen *g,
                const struct wit_type *type); /* writes the functions that lower it to memory */
void need_release(struct gen *g,
                  const struct wit_type *type); /* writes the functions that drop what it owns */
void lift_memory(struct gen *g, const struct wit_type *type, const char *base, uint32_t offset,
                 const char *dest);
uint32_t lift_flat(struct gen *g, const struct wit_type *type, uint32_t slot,
                   const char *dest); /* returns the next slot */
void lower_memory(struct gen *g, const struct wit_type *type, const char *base, uint32_t offset,
                  const char *src);
void lower_flat(struct gen *g, const struct wit_type *type,
                const char *src); /* to vals[0]; the type has one core value */
void release(struct gen *g, const struct wit_type *type, const char *value);
void tag_memory(struct gen *g, uint32_t size, const char *base, uint32_t offset, const char *tag);

#endif
