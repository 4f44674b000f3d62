/* app.c - making and ending an application's description.  Room: app. */
#include "app/app.h"

#include <stdio.h>

#include "app/app_internal.h"
#include "app/files.h"
#include "app/limits.h"
#include "base/alloc.h"

int app__new(struct app **ret, struct sw_err *err)
{
    struct app *app = sw_try_alloc(sizeof *app);
    if (!app)
        return sw_fail(err, SW_ENOMEM, "no memory for an application");
    app->arena = SW_ARENA(APP_ARENA_BYTES_MAX);
    *ret = app;
    return 0;
}

void app_free(struct app *app)
{
    if (!app)
        return;
    app__files_remove(app);
    sw_arena_deinit(&app->arena);
    sw_free(app);
}

int app__warn(struct app *app, struct sw_err *err, const char *fmt, ...)
{
    if (app->warning_count >= APP_WARNINGS_MAX)
        return 0;
    char text[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args); /* cut when it is longer */
    va_end(args);
    struct sw_str *warnings = SW_ARENA_ARRAY(&app->arena, app->warning_count + 1, struct sw_str);
    if (!warnings)
        return sw_arena_fail(&app->arena, sizeof *warnings, err);
    for (uint32_t i = 0; i < app->warning_count; i++)
        warnings[i] = app->warnings[i];
    int rc = sw_arena_copy(&app->arena, sw_str_of(text), &warnings[app->warning_count], err);
    if (rc < 0)
        return rc;
    app->warnings = warnings;
    app->warning_count++;
    return 0;
}

int app__env_merge(struct app *app, struct app_component *component, const struct app_env *extra,
                   uint32_t extra_count, struct sw_err *err)
{
    size_t most = (size_t)component->env_count + extra_count;
    if (most > APP_ENV_MAX)
        return sw_fail(err, SW_ELIMIT,
                       "component '" SW_FMT "': expected at most %d environment variables, got %zu",
                       SW_ARG(component->id), APP_ENV_MAX, most);
    struct app_env *env = SW_ARENA_ARRAY(&app->arena, most, struct app_env);
    if (!env)
        return sw_arena_fail(&app->arena, most * sizeof *env, err);
    uint32_t count = component->env_count;
    for (uint32_t i = 0; i < count; i++)
        env[i] = component->env[i];
    for (uint32_t i = 0; i < extra_count; i++) {
        uint32_t at = 0;
        while (at < count && !sw_str_eq(env[at].name, extra[i].name))
            at++;
        int rc = sw_arena_copy(&app->arena, extra[i].name, &env[at].name, err);
        if (rc == 0)
            rc = sw_arena_copy(&app->arena, extra[i].value, &env[at].value, err);
        if (rc < 0)
            return rc;
        if (at == count)
            count++;
    }
    component->env = env;
    component->env_count = count;
    return 0;
}
