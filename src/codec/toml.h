/* toml.h - TOML text to a tree of values that know where they stand.  Room: codec. */
#ifndef SW_CODEC_TOML_H
#define SW_CODEC_TOML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum codec_toml_kind {
    CODEC_TOML_TABLE,
    CODEC_TOML_ARRAY,
    CODEC_TOML_STRING,
    CODEC_TOML_INTEGER,
    CODEC_TOML_FLOAT,
    CODEC_TOML_BOOL,
    CODEC_TOML_DATE, /* dates, times and both together: no value is handed out */
};

struct codec_toml_place { /* both from 1; columns count characters */
    uint32_t line;
    uint32_t column;
};

struct codec_toml {
    enum codec_toml_kind kind;
    struct codec_toml_place at;        /* of the value */
    struct codec_toml_place key_at;    /* of the key, in a table; else as `at` */
    struct sw_str key;                 /* in a table; NUL-terminated */
    struct sw_str string;              /* STRING: UTF-8, NUL-terminated, may have NUL bytes inside */
    int64_t integer;                   /* INTEGER */
    double number;                     /* FLOAT */
    bool boolean;                      /* BOOL */
    const struct codec_toml *children; /* TABLE: in the order of the text; ARRAY: its items */
    uint32_t count;
};

/* Parses a whole document; the tree lives in arena, the root is a table at 1:1. `file` is only for messages.
 * fails: SW_EINPUT "<file>:<line>:<column>: ...", SW_ELIMIT (text, nesting, the arena's ceiling), SW_ENOMEM
 * source: TOML 1.0.0 */
int codec_toml_parse(struct sw_arena *arena, struct sw_str text, struct sw_str file,
                     const struct codec_toml **ret, struct sw_err *err) SW_MUST_CHECK;
const struct codec_toml *codec_toml_get(const struct codec_toml *table,
                                        struct sw_str key); /* NULL when absent or no table */
/* "a table", "an array", "a string", ... */
const char *codec_toml_kind_name(enum codec_toml_kind kind);

#endif
