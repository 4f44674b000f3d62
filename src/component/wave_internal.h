/* wave_internal.h - what the files of WAVE share.  Room: component (internal to it). */
#ifndef SW_COMPONENT_WAVE_INTERNAL_H
#define SW_COMPONENT_WAVE_INTERNAL_H

#include "component/wave.h"

struct wave { /* reading */
    const struct component_types *types;
    struct sw_str text; /* UTF-8 */
    size_t at;
    bool handles; /* "#3" can be written */
    struct sw_arena *arena;
    struct sw_err *err;
};

bool component__wave_is_keyword(struct sw_str label); /* must be written with '%' as the name of a case */
bool component__wave_is_bytes(const struct component_types *types,
                              const struct component_type *type); /* list<u8> */

/* ---- wave_lex.c ---- */

/* "<line>:<column>: expected <what>, got <what stands at `at`>" */
int(component__wave_expected)(struct wave *w, size_t at, const char *fmt, ...) SW_PRINTF(3, 4);
int(component__wave_bad)(struct wave *w, size_t at, const char *fmt, ...) SW_PRINTF(3, 4);
void component__wave_space(struct wave *w);       /* white space and comments */
bool component__wave_eat(struct wave *w, char c); /* after white space */
int component__wave_need(struct wave *w, char c) SW_MUST_CHECK;
struct sw_str
component__wave_peek_label(struct wave *w); /* "%ok", "days"; empty: something else stands here */
int component__wave_int(struct wave *w, enum component_kind kind, uint64_t *ret) SW_MUST_CHECK;
int component__wave_float(struct wave *w, enum component_kind kind,
                          struct component_value *ret) SW_MUST_CHECK;
int component__wave_char(struct wave *w, uint64_t *ret) SW_MUST_CHECK;
int component__wave_string(struct wave *w, struct sw_str *ret) SW_MUST_CHECK;

#endif
