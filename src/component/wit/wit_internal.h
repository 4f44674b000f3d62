/* wit_internal.h - what the files of this room share.  Room: wit. */
#ifndef SW_COMPONENT_WIT_INTERNAL_H
#define SW_COMPONENT_WIT_INTERNAL_H

#include "base/map.h"
#include "component/wit/limits.h"
#include "component/wit/wit.h"

/* ---- lex.c ---- */

enum wit_tok {
    TOK_END,
    TOK_ID,      /* text without '%' */
    TOK_KEYWORD, /* kw says which */
    TOK_INTEGER,
    TOK_STRING, /* text: between the quotes, escapes as written */
    TOK_ARROW,
    TOK_UNDERSCORE,
    TOK_OPERATOR /* one character: text */
};

enum wit_kw {
    KW_NONE,
    KW_AS,
    KW_ASYNC,
    KW_BOOL,
    KW_BORROW,
    KW_CHAR,
    KW_CONSTRUCTOR,
    KW_ENUM,
    KW_ERROR_CONTEXT,
    KW_EXPORT,
    KW_F32,
    KW_F64,
    KW_FLAGS,
    KW_FROM,
    KW_FUNC,
    KW_FUTURE,
    KW_IMPORT,
    KW_INCLUDE,
    KW_INTERFACE,
    KW_LIST,
    KW_MAP,
    KW_OPTION,
    KW_OWN,
    KW_PACKAGE,
    KW_RECORD,
    KW_RESOURCE,
    KW_RESULT,
    KW_S16,
    KW_S32,
    KW_S64,
    KW_S8,
    KW_STATIC,
    KW_STREAM,
    KW_STRING,
    KW_TUPLE,
    KW_TYPE,
    KW_U16,
    KW_U32,
    KW_U64,
    KW_U8,
    KW_USE,
    KW_VARIANT,
    KW_WITH,
    KW_WORLD
};

struct wit_token {
    enum wit_tok kind;
    enum wit_kw kw;
    struct sw_str text;
    struct wit_pos pos;
    size_t start, end; /* offsets in the file */
};

struct wit_lexer {
    const struct wit_file *file;
    struct sw_str text;
    size_t at;
    uint32_t line, column;
    struct wit_token tok; /* the current one */
};

int wit__lex_next(struct wit_lexer *lex, struct sw_err *err) SW_MUST_CHECK;
/* Reads a semantic version that starts at the current token; then lex->tok is what follows it. */
int wit__lex_version(struct wit_lexer *lex, struct sw_str *ret, struct sw_err *err) SW_MUST_CHECK;
/* What the current token is, for "expected ..., got ...": at most WIT_GOT_BYTES. */
#define WIT_GOT_BYTES 64
const char *wit__lex_got(const struct wit_lexer *lex, char buf[WIT_GOT_BYTES]);

/* Fails with "file:line:column: <text>". */
int(wit__fail)(struct wit_pos pos, enum sw_code code, struct sw_err *err, const char *fmt, ...)
    SW_PRINTF(4, 5);

/* sw_arena_fail, seen to be a failure by those who analyse its callers alone. */
static inline int wit__no_memory(const struct sw_arena *arena, size_t n, struct sw_err *err)
{
    int rc = sw_arena_fail(arena, n, err);
    return rc < 0 ? rc : -SW_EBUG;
}

/* ---- parse*.c ---- */

struct wit_parser {
    struct wit_lexer lex;
    struct sw_arena *arena;
    struct sw_err *err;
    uint32_t depth; /* of types */
};

int wit__expected(struct wit_parser *p, const char *what) SW_MUST_CHECK; /* "expected <what>, got <token>" */
bool wit__is_op(const struct wit_parser *p, char op);
bool wit__is_kw(const struct wit_parser *p, enum wit_kw kw);
int wit__next(struct wit_parser *p) SW_MUST_CHECK;
int wit__op(struct wit_parser *p, char op, const char *what) SW_MUST_CHECK; /* consumes it */
int wit__id(struct wit_parser *p, const char *what, struct sw_str *ret,
            struct wit_pos *ret_pos) SW_MUST_CHECK;
int wit__path(struct wit_parser *p, const char *what, const struct wit_path **ret) SW_MUST_CHECK;
int wit__path_rest(struct wit_parser *p, struct sw_str first, struct wit_pos pos,
                   const struct wit_path **ret) SW_MUST_CHECK;
int wit__gate(struct wit_parser *p, struct wit_gate *ret, struct sw_str *ret_external_id) SW_MUST_CHECK;
int wit__type(struct wit_parser *p, struct wit_type **ret) SW_MUST_CHECK;
/* A function's type: [async] func (...) [-> T]; fills func. */
int wit__func_type(struct wit_parser *p, struct wit_func *func) SW_MUST_CHECK;
bool wit__starts_def(const struct wit_parser *p); /* type, record, variant, enum, flags, resource or use */
int wit__def(struct wit_parser *p, const struct wit_gate *gate,
             struct wit_home *home) SW_MUST_CHECK; /* adds one, or a `use`'s several */
int wit__interface_body(struct wit_parser *p,
                        struct wit_interface *interface) SW_MUST_CHECK; /* from '{' to '}' */
int wit__world_body(struct wit_parser *p, struct wit_world *world) SW_MUST_CHECK;

/* Adds the `size` bytes at value to an arena-held array that doubles; `array` is the address of its pointer. */
int wit__push_copy(struct sw_arena *arena, void *array, uint32_t *count, const void *value, size_t size,
                   struct sw_err *err) SW_MUST_CHECK;
/* As above for an array of pointers. */
int wit__push(struct sw_arena *arena, void *array, uint32_t *count, const void *value,
              struct sw_err *err) SW_MUST_CHECK;

/* ---- resolve*.c ---- */

struct wit_resolver {
    struct sw_arena *arena;
    struct sw_err *err;
    const struct wit_options *options;
    struct wit_set *set;
    uint32_t depth; /* of definitions, interfaces or includes being resolved */
};

enum { WIT_NEW = 0, WIT_BUSY = 1, WIT_DONE = 2 }; /* wit_def.state, wit_interface.state, wit_world.state */

/* 0 when the item stays, SW_ABSENT when it is unstable and not asked for. */
int wit__gate_check(struct wit_resolver *r, const struct wit_package *package,
                    const struct wit_gate *gate) SW_MUST_CHECK;
int wit__find_interface(struct wit_resolver *r, const struct wit_home *home, const struct wit_path *path,
                        struct wit_interface **ret) SW_MUST_CHECK;
int wit__find_world(struct wit_resolver *r, const struct wit_home *home, const struct wit_path *path,
                    struct wit_world **ret) SW_MUST_CHECK;
int wit__resolve_interface(struct wit_resolver *r, struct wit_interface *interface) SW_MUST_CHECK;
int wit__resolve_defs(struct wit_resolver *r, struct wit_home *home) SW_MUST_CHECK;
int wit__resolve_func(struct wit_resolver *r, const struct wit_home *home,
                      struct wit_func *func) SW_MUST_CHECK;
int wit__resolve_world(struct wit_resolver *r, struct wit_world *world) SW_MUST_CHECK;

/* Names that must differ, letters compared without case. */
struct wit_names {
    struct sw_map map;
};
/* Fails with "<what> '<name>' is defined twice". */
int wit__name_add(struct wit_resolver *r, struct wit_names *names, struct sw_str name, struct wit_pos pos,
                  const char *what) SW_MUST_CHECK;
void wit__names_deinit(struct wit_names *names);
#define wit__auto_names __attribute__((cleanup(wit__names_deinit))) struct wit_names

#endif
