/* json.h - JSON text to values, and values to text.  Room: codec.
 *
 * Reading keeps no positions behind the parser (a syntax error has one); what a known shape got wrong is said by its path. */
#ifndef SW_CODEC_JSON_H
#define SW_CODEC_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct codec_json; /* a value; the root owns all below it */

enum codec_json_kind {
    CODEC_JSON_NULL,
    CODEC_JSON_BOOL,
    CODEC_JSON_INTEGER,
    CODEC_JSON_REAL,
    CODEC_JSON_STRING,
    CODEC_JSON_ARRAY,
    CODEC_JSON_OBJECT,
};

/* Strict RFC 8259: UTF-8, no duplicate keys, no NUL in strings, nothing behind the value; the root is an object or an array.
 * fails: SW_EINPUT "<line>:<column>: ...", SW_ELIMIT, SW_ENOMEM                                              */
int codec_json_parse(struct sw_str text, struct codec_json **ret, struct sw_err *err) SW_MUST_CHECK;
void codec_json_free(struct codec_json *root); /* NULL is fine */

enum codec_json_kind codec_json_kind(const struct codec_json *value);
const char *codec_json_kind_name(enum codec_json_kind kind);     /* "an object", ... */
struct sw_str codec_json_string(const struct codec_json *value); /* empty unless a string; NUL-terminated */
int64_t codec_json_integer(const struct codec_json *value);      /* 0 unless an integer */
bool codec_json_bool(const struct codec_json *value);            /* false unless true */
size_t codec_json_count(const struct codec_json *value);         /* items or members; 0 for others */
const struct codec_json *codec_json_item(const struct codec_json *array,
                                         size_t index); /* NULL past the end */
const struct codec_json *codec_json_get(const struct codec_json *object,
                                        const char *key); /* NULL when absent */

/* The members in order: for (m = codec_json_first(o); m.value; m = codec_json_next(o, m)). */
struct codec_json_member {
    struct sw_str key;
    const struct codec_json *value; /* NULL: no more */
    void *place;                    /* the iterator's own */
};
struct codec_json_member codec_json_first(const struct codec_json *object);
struct codec_json_member codec_json_next(const struct codec_json *object, struct codec_json_member member);

/* Adds `"text"` with everything escaped that must be; text is UTF-8, or SW_EINPUT. */
int codec_json_add_string(struct sw_buf *out, struct sw_str text, struct sw_err *err) SW_MUST_CHECK;

#endif
