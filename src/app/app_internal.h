/* app_internal.h - what the files of this room share.  Room: app. */
#ifndef SW_APP_APP_INTERNAL_H
#define SW_APP_APP_INTERNAL_H

#include "app/app.h"
#include "codec/toml.h"

/* Where the manifest names each component's source; parallel to app.components. */
struct app__places {
    const struct codec_toml_place *source;
};

/* An empty application; freed by app_free. */
int app__new(struct app **ret, struct sw_err *err) SW_MUST_CHECK;

struct app__manifest { /* what to read */
    struct sw_str text;
    struct sw_str file;    /* for messages */
    struct sw_str dir;     /* absolute; sources are below it */
    struct sw_str profile; /* empty: none */
};
/* Reads a manifest's text, version 1 or 2. No file is looked at, nothing is fetched: a component given by URL has no source yet.
 * On failure the app is only good for app_free. */
int app_manifest_parse(const struct app__manifest *manifest, struct app *app, struct app__places *ret_places,
                       struct sw_err *err) SW_MUST_CHECK;

/* Component ids, and others in kebab case (spin.md 1.2): NULL when id is one, else what is wrong with it: "words must be separated
 * with '-', not '_'". */
const char *app__id_offence(struct sw_str id);
const char *app__snake_offence(struct sw_str id);       /* the same with '_' */
const char *app__lower_snake_offence(struct sw_str id); /* of variables: all lower case, too */
const char *app__label_offence(struct sw_str label);    /* of stores: kebab or snake */
/* Semantic versions: "1.2.3-rc.1+build"; ">=1.0, <2"; "namespace:name". */
bool app__is_version(struct sw_str text);
bool app__is_requirement(struct sw_str text);
bool app__is_package(struct sw_str text);

/* The whole of a regular file that people write, at most text->max bytes. what: "a manifest". */
int app__read_file(const char *path, const char *what, struct sw_buf *text, struct sw_err *err) SW_MUST_CHECK;

/* What can be inherited, by its name in `inherit_configuration`: names[i] belongs to the bit 1 << i. */
#define APP__INHERIT_COUNT 7
extern const char *const app__inherit_names[APP__INHERIT_COUNT];
uint32_t app__inherit_bit(struct sw_str name); /* 0: no such name */

bool app__is_token(struct sw_str text); /* as the name of a header field, RFC 9110 5.6.2 */
/* Static responses: a status that can end a request; NULL or what is wrong with a header field. */
bool app__status_is_valid(int64_t status);
const char *app__header_offence(struct sw_str name, struct sw_str value);

/* Adds a line to app->warnings; dropped past APP_WARNINGS_MAX. */
int app__warn(struct app *app, struct sw_err *err, const char *fmt, ...) SW_PRINTF(3, 4) SW_MUST_CHECK;

/* Puts extra behind env; an extra of the same name replaces. */
int app__env_merge(struct app *app, struct app_component *component, const struct app_env *extra,
                   uint32_t extra_count, struct sw_err *err) SW_MUST_CHECK;

#endif
