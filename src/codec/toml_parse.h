/* toml_parse.h - the seam between C and the C++ parser: plain C types, no exception crosses it.  Room: codec. */
#ifndef SW_CODEC_TOML_PARSE_H
#define SW_CODEC_TOML_PARSE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum codec__toml_type {
    CODEC__TABLE,
    CODEC__ARRAY,
    CODEC__STRING,
    CODEC__INTEGER,
    CODEC__FLOAT,
    CODEC__BOOL,
    CODEC__DATE
};

struct codec__toml_item { /* one value; the views end with the call */
    enum codec__toml_type type;
    uint32_t line, column;
    uint32_t key_line, key_column; /* 0: no key */
    const char *key;
    size_t key_bytes;
    const char *string;
    size_t string_bytes;
    int64_t integer;
    double number;
    int boolean;
    size_t count; /* children that follow, for tables and arrays */
};

/* Called for each value, parents first; parent is what the call for the parent put into *ret_node. Not 0: stop with that. */
typedef int codec__toml_visit(void *arg, void *parent, size_t index, const struct codec__toml_item *item,
                              void **ret_node);

enum codec__toml_result { CODEC__DONE, CODEC__SYNTAX, CODEC__MEMORY, CODEC__STOPPED };

struct codec__toml_failure {
    uint32_t line, column;
    int visited; /* STOPPED: what the visitor returned */
    char text[256];
};

enum codec__toml_result codec__toml_walk(const char *text, size_t bytes, codec__toml_visit *visit, void *arg,
                                         struct codec__toml_failure *failure);

#ifdef __cplusplus
}
#endif

#endif
