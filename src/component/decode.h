/* decode.h - what the files of the decoder share: a cursor that fails once, and the decoder's state.  Room: component.
 *
 * The cursor is sticky: the first failure is kept in rc and *err, later reads give 0 and move nothing. So straight-line code reads all
 * parts of a thing and looks at rc where it allocates, loops or stores. */
#ifndef SW_COMPONENT_DECODE_H
#define SW_COMPONENT_DECODE_H

#include "base/error.h"
#include "base/map.h"
#include "component/binary.h"

struct component_decoder {
    const uint8_t *start; /* of the whole binary: offsets in messages count from here */
    const uint8_t *p;
    const uint8_t *end; /* of the section or component being read */
    int rc;
    struct sw_err *err;
    struct component_binary *binary;
    uint32_t depth;      /* scopes around this place */
    uint32_t core_types; /* core types that a reference type may mention here */
};

/* Reads without validating: component_decode does both. */
int component__decode(struct sw_str bytes, struct component_binary **ret, struct sw_err *err) SW_MUST_CHECK;

/* ---- cursor (decode_reader.c) ---- */

uint32_t component__at(const struct component_decoder *d); /* offset of the next byte */
/* Records the failure "<text> at byte 0x..", unless there is one already. Returns d->rc. */
int(component__bad)(struct component_decoder *d, uint32_t at, const char *fmt, ...) SW_PRINTF(3, 4);
int component__over(struct component_decoder *d, uint32_t at, const char *fmt, ...)
    SW_PRINTF(3, 4); /* SW_ELIMIT */
uint8_t component__u8(struct component_decoder *d);
uint8_t component__peek(struct component_decoder *d); /* fails at the end */
uint32_t component__u32(struct component_decoder *d);
int64_t component__s33(struct component_decoder *d);
bool component__flag(struct component_decoder *d, const char *what); /* 0 or 1 */
struct sw_str component__bytes(struct component_decoder *d, uint32_t n);
struct sw_str component__name(struct component_decoder *d); /* length and UTF-8 */
/* The length of a vector whose items take at least a byte each. */
uint32_t component__count(struct component_decoder *d, uint32_t max, const char *what);
/* Zeroed memory from the binary's arena; NULL after a failure. */
void *component__take(struct component_decoder *d, uint32_t count, size_t size);

/* ---- definitions (decode_scope.c) ---- */

int component__define(struct component_decoder *d, struct component_scope *scope, struct component_def def);
uint32_t component__index(struct component_decoder *d, const struct component_scope *scope,
                          enum component_sort sort);
enum component_sort component__sort(struct component_decoder *d);
enum component_sort component__core_sort(struct component_decoder *d);
struct component_sort_index component__sort_index(struct component_decoder *d,
                                                  const struct component_scope *scope);
struct component_extern_name component__extern_name(struct component_decoder *d);
/* name is new in the map, or a failure saying that `what` of that name is there twice */
int component__unique(struct component_decoder *d, struct sw_map *map, struct sw_str name, const char *what);
void component__alias(struct component_decoder *d, struct component_scope *scope);
void component__core_instance(struct component_decoder *d, struct component_scope *scope);
void component__instance(struct component_decoder *d, struct component_scope *scope);

/* ---- types (decode_type.c, decode_core_type.c) ---- */

void component__type(struct component_decoder *d, struct component_scope *scope);
void component__core_type(struct component_decoder *d, struct component_scope *scope);
uint32_t component__core_valtype(struct component_decoder *d); /* its first byte */
struct component_externtype component__externtype(struct component_decoder *d,
                                                  const struct component_scope *scope);
struct component_ref component__result_list(struct component_decoder *d, const struct component_scope *scope);

/* ---- canonical definitions (decode_canon.c) ---- */

void component__canon(struct component_decoder *d, struct component_scope *scope);

#endif
