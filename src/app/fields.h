/* fields.h - decoding TOML tables by field tables: what a table may hold is data.  Room: app.
 *
 * A table of fields is the validation and the help at once: a key that is not in it is refused. What a later version will run is read
 * and checked as everything else, and noted by app__later. Every failure is "<file>:<line>:<column>: <key>: expected ..., got ...\nhint: ...". */
#ifndef SW_APP_FIELDS_H
#define SW_APP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "app/app_internal.h"
#include "base/error.h"
#include "codec/toml.h"

/* The first thing that is well-formed and that this version cannot run; said when nothing else is wrong. */
struct app__later {
    struct codec_toml_place at;
    struct sw_str key;
    const char *what; /* as in "does not support <what> yet" */
    const char *hint; /* or NULL: to remove it */
};

struct app__components;

struct app__reader {
    struct app *app;
    struct sw_str file;
    struct sw_str dir;
    struct sw_err *err;
    struct sw_str profile; /* empty: none */
    struct app__later later;
    struct app__components *components; /* of a manifest that is being read */
    const struct codec_toml *statics;   /* application.tool.swell.static; NULL: none */
};

enum app__field_kind {
    APP__STRING, /* to the struct sw_str at `offset` */
    APP__BOOL,   /* to the bool at `offset` */
    APP__LIST, /* an array of strings: to the const struct sw_str * at `offset` and the uint32_t at `count_offset` */
    APP__STRINGS, /* an array of strings; checked, not kept */
    APP__TEXT,    /* a string; checked, not kept */
    APP__DECODE,  /* `decode` does it, with the member at `offset` of the target */
    APP__IGNORED, /* read elsewhere */
};

typedef int app__decode_fn(struct app__reader *r, const struct codec_toml *value, void *target);

struct app__field {
    const char *key;
    enum app__field_kind kind;
    bool required;
    size_t offset;
    size_t count_offset;
    app__decode_fn *decode;
    const char *help; /* what it is */
};

/* Reads every key of `table` by `fields` (ended by a field without key). name: "[application]", for messages. */
int app__table(struct app__reader *r, const char *name, const struct codec_toml *table,
               const struct app__field *fields, void *target) SW_MUST_CHECK;

int(app__fail)(const struct app__reader *r, struct codec_toml_place at, enum sw_code code, const char *fmt,
               ...) SW_PRINTF(4, 5);
/* "<key>: expected <expected>, got <the value>", with `hint` unless NULL. */
int(app__fail_kind)(const struct app__reader *r, const struct codec_toml *value, const char *expected,
                    const char *hint);
/* Notes what a later version will run; the first note is what app__fail_later says. what and hint are literals or in the arena. */
void app__later(struct app__reader *r, struct codec_toml_place at, struct sw_str key, const char *what,
                const char *hint);
int app__fail_later(const struct app__reader *r);
int app__fail_unknown(const struct app__reader *r, const char *name, const struct codec_toml *value,
                      const struct app__field *fields);

int app__want(const struct app__reader *r, const struct codec_toml *value, enum codec_toml_kind kind,
              const char *hint) SW_MUST_CHECK;
int app__string(struct app__reader *r, const struct codec_toml *value, const char *help,
                struct sw_str *ret) SW_MUST_CHECK;
int app__strings(struct app__reader *r, const struct codec_toml *value, const char *help) SW_MUST_CHECK;
/* As app__strings, and kept. */
int app__list(struct app__reader *r, const struct codec_toml *value, const char *help,
              const struct sw_str **ret, uint32_t *ret_count) SW_MUST_CHECK;
/* Whether a value says nothing: [], {} or false. */
bool app__says_nothing(const struct codec_toml *value);
/* "hint: did you mean '<nearest>'?" or `otherwise`, as the end of a message. */
const char *app__hint_nearest(struct app__reader *r, struct sw_str nearest, const char *otherwise);

/* A value or key from the manifest, as it may stand in a message: cut, control bytes replaced. */
struct app__shown {
    char text[80];
};
struct app__shown app__show(struct sw_str text);
struct app__shown app__describe(const struct codec_toml *value); /* "the integer 7", "a table" */

#endif
