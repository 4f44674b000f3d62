/* locked_internal.h - between the files that read a locked application.  Room: app. */
#ifndef SW_APP_LOCKED_INTERNAL_H
#define SW_APP_LOCKED_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "app/app.h"
#include "codec/json.h"

struct app__locked { /* reading */
    struct app *app;
    struct sw_err *err;
};

typedef int app__member_fn(struct app__locked *r, const char *path, const struct codec_json *value,
                           void *target);

struct app__shape { /* of one member */
    const char *key;
    enum codec_json_kind kind; /* NULL: any; `read` looks */
    bool required;
    app__member_fn *read; /* NULL: its kind is all that matters, or it is a text to keep */
    bool is_text;         /* a STRING, copied to the struct sw_str at `offset` of the target */
    size_t offset;
};
#define APP__LOCKED_TEXT(key, type, member, required)                                                        \
    {                                                                                                        \
        key, CODEC_JSON_STRING, (required), NULL, true, offsetof(type, member)                               \
    }
#define APP__LOCKED(key, kind, required, read)                                                               \
    {                                                                                                        \
        key, (kind), (required), (read), false, 0                                                            \
    }
#define APP__LOCKED_END                                                                                      \
    {                                                                                                        \
        NULL, CODEC_JSON_NULL, false, NULL, false, 0                                                         \
    }

/* Reads every member of `object` by `shapes`, ended by one without key; what is not among them is refused. path: for messages. */
int app__locked_object(struct app__locked *r, const char *path, const struct codec_json *object,
                       const struct app__shape *shapes, void *target) SW_MUST_CHECK;
int app__locked_fail_kind(struct app__locked *r, const char *path, const char *expected,
                          const struct codec_json *got);
int app__locked_copy(struct app__locked *r, const struct codec_json *value, struct sw_str *ret) SW_MUST_CHECK;
int app__locked_file_url(struct app__locked *r, const char *path, const struct codec_json *value,
                         struct sw_str *ret) SW_MUST_CHECK;
/* An array of at most `max` strings, copied; in the arena. */
int app__locked_list(struct app__locked *r, const char *path, const struct codec_json *value,
                     const struct sw_str **ret, uint32_t *ret_count) SW_MUST_CHECK;
/* An object of strings: names and values. */
int app__locked_strings(struct app__locked *r, const char *path, const struct codec_json *value,
                        struct app_env **ret, uint32_t *ret_count) SW_MUST_CHECK;
/* Index of the component `id`, or SW_ABSENT. */
int app__locked_component(const struct app *app, struct sw_str id, uint32_t *ret) SW_MUST_CHECK;

int app__locked_components(struct app__locked *r, const struct codec_json *value) SW_MUST_CHECK;
int app__locked_triggers(struct app__locked *r, const struct codec_json *value) SW_MUST_CHECK;
/* Refuses whatever is not empty. */
int app__locked_nothing(struct app__locked *r, const char *path, const struct codec_json *value,
                        void *target) SW_MUST_CHECK;

#endif
