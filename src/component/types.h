/* types.h - interned value types: a type is a number, equal types have equal numbers.  Room: component.
 *
 * Everything the canonical ABI asks of a type (size, alignment, flat form) is computed once, when the type is interned.
 * Resources are nominal: a resource is a number in the plan (plan.h). Source: CanonicalABI.md, "Alignment", "Element Size",
 * "Flattening"; Explainer.md, "Type Definitions". */
#ifndef SW_COMPONENT_TYPES_H
#define SW_COMPONENT_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum component_kind {
    COMPONENT_BOOL,
    COMPONENT_S8,
    COMPONENT_U8,
    COMPONENT_S16,
    COMPONENT_U16,
    COMPONENT_S32,
    COMPONENT_U32,
    COMPONENT_S64,
    COMPONENT_U64,
    COMPONENT_F32,
    COMPONENT_F64,
    COMPONENT_CHAR,
    COMPONENT_STRING,
    COMPONENT_ERROR_CONTEXT,
    COMPONENT_KIND_PRIMITIVES, /* a primitive's type number is its kind */
    COMPONENT_LIST = COMPONENT_KIND_PRIMITIVES,
    COMPONENT_FIXED_LIST,
    COMPONENT_RECORD,
    COMPONENT_TUPLE,
    COMPONENT_VARIANT,
    COMPONENT_ENUM,
    COMPONENT_FLAGS,
    COMPONENT_OPTION,
    COMPONENT_RESULT,
    COMPONENT_OWN,
    COMPONENT_BORROW,
    COMPONENT_STREAM,
    COMPONENT_FUTURE
};

#define COMPONENT_NO_TYPE UINT32_MAX /* an absent payload */
#define COMPONENT_MAP UINT32_MAX /* component_type.length of a list that is a map, and of the tuples in it */

struct component_case { /* of a record (offset: in the record), variant, enum or flags */
    struct sw_str name;
    uint32_t type;   /* COMPONENT_NO_TYPE when the case has no payload */
    uint32_t offset; /* records and tuples: of the field */
};

/* One interned type. option<T> is held as the variant {none, some(T)}, result<T, E> as {ok(T), error(E)}: their cases are filled in. */
struct component_type {
    enum component_kind kind;
    uint32_t
        elem; /* LIST, FIXED_LIST, STREAM, FUTURE: element or COMPONENT_NO_TYPE; OWN, BORROW: resource number */
    uint32_t
        length; /* FIXED_LIST; LIST: COMPONENT_MAP for map<K, V>, a list of tuples in all but name, else 0 */
    const struct component_case *cases; /* RECORD, TUPLE (no names), VARIANT, OPTION, RESULT, ENUM, FLAGS */
    uint32_t case_count;
    uint32_t size; /* element size in linear memory (32-bit pointers) */
    uint32_t align;
    uint32_t payload_offset;   /* VARIANT, OPTION, RESULT */
    uint8_t discriminant_size; /* VARIANT, OPTION, RESULT, ENUM: 1, 2, 4 */
    bool has_pointer;          /* contains a string or list */
    bool has_handle;           /* contains own, borrow, stream, future or error-context */
    bool has_borrow;
    uint32_t flat_count; /* number of core values; > COMPONENT_FLAT_MAX is kept as COMPONENT_FLAT_MAX + 1 */
    uint8_t flat[16];    /* core types (engine_valtype_code) when flat_count <= COMPONENT_FLAT_MAX */
};
#define COMPONENT_FLAT_MAX 16      /* MAX_FLAT_PARAMS, CanonicalABI.md "Flattening" */
#define COMPONENT_ASYNC_FLAT_MAX 4 /* MAX_FLAT_ASYNC_PARAMS */

struct component_func_type {
    const struct component_case *params; /* name and type; offset: in the parameter tuple */
    uint32_t param_count;
    uint32_t result; /* or COMPONENT_NO_TYPE */
    bool is_async;
    uint32_t params_size,
        params_align; /* of the tuple of all parameters, used when they do not fit COMPONENT_FLAT_MAX */
    uint32_t flat_param_count; /* before spilling; may be > COMPONENT_FLAT_MAX */
    uint32_t flat_result_count;
};

/* The interner. All memory is in its arena; numbers start with the primitives. */
struct component_types;
int component_types_new(struct sw_arena *arena, struct component_types **ret,
                        struct sw_err *err) SW_MUST_CHECK;
/* Interns a type given kind, elem, length and cases (names and cases are copied); the rest is computed.
 * Fails with SW_ELIMIT (depth, count or size over limits.h), SW_EINPUT (a rule of the type is broken, e.g. no cases). */
int component_types_intern(struct component_types *types, const struct component_type *shape, uint32_t *ret,
                           struct sw_err *err) SW_MUST_CHECK;
const struct component_type *component_type_of(const struct component_types *types, uint32_t type);
/* Fills the computed members of a function type whose params (name, type), result and is_async are set. */
int component_func_type_complete(const struct component_types *types, struct component_func_type *func,
                                 struct sw_err *err) SW_MUST_CHECK;

/* Canonical text: aliases expanded, one space after ':' and ','. The bindings generator prints the same from WIT, so that
 * "equal type" is "equal text":
 *   bool u8 ... string error-context   list<T>   list<T, 4>   map<K, V>   option<T>   tuple<A, B>
 *   result   result<T>   result<_, E>   result<T, E>
 *   record{a: T, b: U}   variant{a, b(T)}   enum{a, b}   flags{a, b}
 *   own<wasi:http/types/fields>   borrow<...>   stream   stream<T>   future   future<T>
 *   func(a: T, b: U)   func() -> R   async func() -> R
 * A resource is printed as <package>/<interface>/<name> without version; one the component defines as its number, "#3".
 * resource_name(arg, number) gives that text. */
typedef struct sw_str component_resource_name_fn(void *arg, uint32_t resource);
int component_type_print(const struct component_types *types, uint32_t type, component_resource_name_fn *name,
                         void *arg, struct sw_buf *out, struct sw_err *err) SW_MUST_CHECK;
int component_func_type_print(const struct component_types *types, const struct component_func_type *func,
                              component_resource_name_fn *name, void *arg, struct sw_buf *out,
                              struct sw_err *err) SW_MUST_CHECK;

#endif
