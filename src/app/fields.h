/* fields.h - decoding TOML tables by field tables: what a table may hold is data.  Room: app.
 *
 * A table of fields is the validation and the help at once: a key that is not in it is refused, a key whose time has not come is
 * refused by name. Every failure is "<file>:<line>:<column>: <key>: expected ..., got ...\nhint: ...". */
#ifndef SW_APP_FIELDS_H
#define SW_APP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "app/app_internal.h"
#include "base/error.h"
#include "codec/toml.h"

struct app__reader {
    struct app *app;
    struct sw_str file;
    struct sw_str dir;
    struct sw_err *err;
};

enum app__field_kind {
    APP__STRING,             /* to the struct sw_str at `offset` */
    APP__STRINGS,            /* an array of strings; checked, not kept */
    APP__TEXT,               /* a string; checked, not kept */
    APP__DECODE,             /* `decode` does it, with the member at `offset` of the target */
    APP__LATER,              /* not supported yet; refused */
    APP__LATER_UNLESS_EMPTY, /* [], {} and false grant nothing and change nothing: accepted */
};

typedef int app__decode_fn(struct app__reader *r, const struct codec_toml *value, void *target);

struct app__field {
    const char *key;
    enum app__field_kind kind;
    bool required;
    size_t offset;
    app__decode_fn *decode;
    const char
        *help; /* what it is; for LATER kinds: what is not supported, as in "does not support <help> yet" */
};

/* Reads every key of `table` by `fields` (ended by a field without key). name: "[application]", for messages. */
int app__table(struct app__reader *r, const char *name, const struct codec_toml *table,
               const struct app__field *fields, void *target) SW_MUST_CHECK;

int app__fail(const struct app__reader *r, struct codec_toml_place at, enum sw_code code, const char *fmt,
              ...) SW_PRINTF(4, 5);
/* "<key>: expected <expected>, got <the value>", with `hint` unless NULL. */
int app__fail_kind(const struct app__reader *r, const struct codec_toml *value, const char *expected,
                   const char *hint);
int app__fail_later(const struct app__reader *r, struct codec_toml_place at, struct sw_str key,
                    const char *what, const char *hint); /* hint NULL: to remove it */
int app__fail_unknown(const struct app__reader *r, const char *name, const struct codec_toml *value,
                      const struct app__field *fields);

int app__want(const struct app__reader *r, const struct codec_toml *value, enum codec_toml_kind kind,
              const char *hint) SW_MUST_CHECK;
int app__string(struct app__reader *r, const struct codec_toml *value, const char *help,
                struct sw_str *ret) SW_MUST_CHECK;
int app__strings(struct app__reader *r, const struct codec_toml *value, const char *help) SW_MUST_CHECK;

/* A value or key from the manifest, as it may stand in a message: cut, control bytes replaced. */
struct app__shown {
    char text[80];
};
struct app__shown app__show(struct sw_str text);

#endif
