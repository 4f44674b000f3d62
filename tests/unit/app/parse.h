/* parse.h - reading a manifest from a text, for tests. */
#ifndef SW_TESTS_APP_PARSE_H
#define SW_TESTS_APP_PARSE_H

#include "app/app_internal.h"
#include "check.h"

#define HEAD "spin_manifest_version = 2\n[application]\nname = \"x\"\n"
#define HTTP "[[trigger.http]]\nroute = \"/\"\ncomponent = \"a\"\n"
#define COMP "[component.a]\nsource = \"a.wasm\"\n"

static inline int parse_profile(const char *text, const char *profile, struct app **ret,
                                struct app__places *places, struct sw_err *err)
{
    struct app *app = NULL;
    int rc = app__new(&app, err);
    if (rc < 0)
        return rc;
    const struct app__manifest manifest = {.text = sw_str_of(text),
                                           .file = SW_LIT("spin.toml"),
                                           .dir = SW_LIT("/app"),
                                           .profile = sw_str_of(profile)};
    rc = app_manifest_parse(&manifest, app, places, err);
    if (rc < 0) {
        app_free(app);
        return rc;
    }
    *ret = app;
    return 0;
}

static inline int parse(const char *text, struct app **ret, struct app__places *places, struct sw_err *err)
{
    return parse_profile(text, NULL, ret, places, err);
}

/* A manifest that must be right. */
static inline struct app *parse_right(const char *text, const char *profile)
{
    struct app *app = NULL;
    struct app__places places;
    struct sw_err err = {0};
    int rc = parse_profile(text, profile, &app, &places, &err);
    if (rc < 0)
        print_error("%s\n", text);
    CHECK_OK(rc, &err);
    return app;
}

#endif
