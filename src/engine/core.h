/* core.h - a core module read from its binary, as far as linking and preparing need.  Room: engine.
 *
 * Not a validator of code bodies: the compiler validates those. Every length, count and index read here is checked.
 * Source: WebAssembly core specification 3.0, chapter 5. */
#ifndef SW_ENGINE_CORE_H
#define SW_ENGINE_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum engine_core_kind {
    ENGINE_CORE_FUNC,
    ENGINE_CORE_TABLE,
    ENGINE_CORE_MEMORY,
    ENGINE_CORE_GLOBAL,
    ENGINE_CORE_TAG
};

/* The binary format's value type bytes; a reference to a concrete type keeps its index in core_valtype.heap. */
enum engine_valtype_code {
    ENGINE_I32 = 0x7f,
    ENGINE_I64 = 0x7e,
    ENGINE_F32 = 0x7d,
    ENGINE_F64 = 0x7c,
    ENGINE_V128 = 0x7b,
    ENGINE_FUNCREF = 0x70,
    ENGINE_EXTERNREF = 0x6f,
    ENGINE_REF_NULL = 0x63, /* (ref null heap) */
    ENGINE_REF = 0x64       /* (ref heap) */
};
struct engine_valtype {
    uint8_t code;
    int64_t heap; /* for REF and REF_NULL: abstract heap type (< 0) or type index */
};
struct engine_functype {
    const struct engine_valtype *params;
    const struct engine_valtype *results;
    uint32_t param_count;
    uint32_t result_count;
    bool is_func; /* false: a struct, array or recursive type: nothing here may use it as a function */
};
struct engine_limits_type { /* of a memory (pages) or a table (elements) */
    uint64_t min;
    uint64_t max; /* UINT64_MAX: none */
    bool is_64;
    bool shared;
    uint8_t page_log2;          /* memories: 16 unless custom page sizes are used */
    struct engine_valtype elem; /* tables */
};
struct engine_global_type {
    struct engine_valtype type;
    bool is_mutable;
};
struct engine_core_import {
    struct sw_str module;
    struct sw_str name;
    enum engine_core_kind kind;
    uint32_t index; /* in the index space of its kind */
};
struct engine_core_export {
    struct sw_str name;
    enum engine_core_kind kind;
    uint32_t index;
};
struct engine_core_data {
    bool active;
    uint32_t memory;
    struct sw_str offset_expr; /* active: bytes of the constant expression, end included */
    struct sw_str bytes;
    struct sw_str whole; /* the segment as it stands in the section */
};

struct engine_core {
    struct sw_str bytes; /* the module; borrowed */
    const struct engine_functype *types;
    uint32_t type_count;
    const struct engine_core_import *imports;
    uint32_t import_count;
    const struct engine_core_export *exports;
    uint32_t export_count;
    const uint32_t *func_types; /* type index per function, imported ones first */
    uint32_t func_count, func_import_count;
    const struct engine_limits_type *tables;
    uint32_t table_count, table_import_count;
    const struct engine_limits_type *memories;
    uint32_t memory_count, memory_import_count;
    const struct engine_global_type *globals;
    uint32_t global_count, global_import_count;
    const uint32_t *tag_types;
    uint32_t tag_count, tag_import_count;
    bool has_start;
    uint32_t start;
    const struct engine_core_data *data;
    uint32_t data_count;
    bool has_data_count_section;
    struct sw_str elem_section;    /* contents without the header; empty when absent */
    const struct sw_str *bodies;   /* one per defined function */
    uint32_t global_section_count; /* defined globals */
    const struct engine_core_custom {
        struct sw_str name;
        struct sw_str bytes;
    } * customs;
    uint32_t custom_count;
};

#define ENGINE_START_EXPORT                                                                                  \
    SW_LIT("swell:start") /* the name that a start section gets when it is made an export */

/* Reads a module. The result lives in arena and borrows `bytes`. Fails with SW_EINPUT ("... at byte N"), SW_ELIMIT, SW_ENOMEM. */
int engine_core_parse(struct sw_arena *arena, struct sw_str bytes, struct engine_core **ret,
                      struct sw_err *err) SW_MUST_CHECK;
const struct engine_core_export *engine_core_export_find(const struct engine_core *core,
                                                         struct sw_str name); /* or NULL */
const struct engine_functype *engine_core_func_type(const struct engine_core *core,
                                                    uint32_t func); /* never NULL for a parsed core */
bool engine_functype_eq(const struct engine_functype *a, const struct engine_functype *b);

/* Rewrites a module so that instantiation runs no guest code and writes no memory (wasmtime.md 14.6.4): active segments at constant
 * offsets of the one own memory become *ret_image (page 0 up to the last byte; empty when there is none) and are replaced by empty
 * passive ones; a start section becomes the export ENGINE_START_EXPORT. Segments that cannot be stripped stay.
 * Fails with SW_EINPUT when an active segment at a constant offset lies outside the memory's minimum (it would trap). */
int engine_core_prepare(const struct engine_core *core, struct sw_buf *ret_wasm, struct sw_buf *ret_image,
                        struct sw_err *err) SW_MUST_CHECK;

#endif
