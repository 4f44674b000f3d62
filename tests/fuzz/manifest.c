/* manifest.c - any bytes as spin.toml: parsed or refused; what is parsed becomes routes and a locked application that reads back. */
#include <stdlib.h>

#include "app/app_internal.h"
#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As load.c does it for what is given by URL. */
static void fetch(const struct app *app)
{
    for (uint32_t i = 0; i < app->component_count; i++)
        if (app->components[i].source_url.n)
            ((struct app_component *)(uintptr_t)&app->components[i])->source = SW_LIT("/cache/x");
}

static void check_locked(const struct app *app)
{
    struct app *again = NULL;
    struct sw_err err;
    sw_auto_buf json = SW_BUF(16u << 20);
    if (app_to_json(app, &json, &err) < 0)
        return;
    if (app_from_json(sw_buf_str(&json), &again, &err) < 0)
        abort(); /* we wrote it */
    app_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct app *app = NULL;
    struct app__places places;
    struct sw_err err;
    if (app__new(&app, &err) < 0)
        return 0;
    app->origin = SW_LIT("/app/spin.toml"); /* load.c does it otherwise */
    const struct app__manifest manifest = {.text = sw_str((const char *)data, size),
                                           .file = SW_LIT("spin.toml"),
                                           .dir = SW_LIT("/app"),
                                           .profile = size % 2 ? SW_LIT("p") : SW_LIT("")};
    if (app_manifest_parse(&manifest, app, &places, &err) == 0) {
        struct app_routes *routes = NULL;
        if (app_routes_new(app, &routes, &err) == 0)
            app_routes_free(routes);
        fetch(app);
        check_locked(app);
    }
    app_free(app);
    return 0;
}
