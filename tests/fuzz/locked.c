/* locked.c - any bytes as a locked application: read or refused; what is read is written again, and its routes match each other. */
#include <stdlib.h>

#include "app/app.h"
#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_view(struct sw_str part, struct sw_str whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void match_all(const struct app *app)
{
    struct app_routes *routes = NULL;
    struct app_route_match match;
    struct sw_err err;
    if (app_routes_new(app, &routes, &err) < 0)
        return;
    for (uint32_t i = 0; i < app->http_count; i++) {
        struct sw_str path = app->http[i].route;
        if (app_routes_find(routes, path, &match) != 0)
            continue;
        if (match.trigger >= app->http_count || match.param_count > APP_ROUTE_PARAMS_MAX ||
            !is_view(match.path_info, path))
            abort();
        for (uint32_t k = 0; k < match.param_count; k++)
            if (match.params[k].value.n == 0 || !is_view(match.params[k].value, path))
                abort();
    }
    app_routes_free(routes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct app *app = NULL;
    struct app *again = NULL;
    struct sw_err err;
    sw_auto_buf json = SW_BUF(16u << 20);
    if (app_from_json(sw_str((const char *)data, size), &app, &err) < 0)
        return 0;
    match_all(app);
    if (app_to_json(app, &json, &err) == 0) {
        if (app_from_json(sw_buf_str(&json), &again, &err) < 0)
            abort(); /* we wrote it */
        app_free(again);
    }
    app_free(app);
    return 0;
}
