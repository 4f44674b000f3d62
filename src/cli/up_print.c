/* up_print.c - what `swell up` prints at its start.  Room: cli.
 *
 * source: spin.md 2.1, 2.10 */
#include <limits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/up.h"
#include "codec/json.h"

static void print_description(struct sw_str text, FILE *out)
{
    while (text.n) {
        size_t end = sw_str_find(text, '\n');
        struct sw_str line = sw_str_head(text, end);
        (void)fputs("    ", out); /* stdout may be gone: not a reason to stop serving, here and below */
        cli_print_safe(out, line);
        (void)fputc('\n', out);
        text = end == SW_NPOS ? sw_str("", 0) : sw_str_from(text, end + 1);
    }
}

/* Not in the list: nobody can call it from outside. */
static bool is_hidden(const struct app *app, uint32_t index)
{
    for (uint32_t i = index + 1; i < app->http_count; i++)
        if (!app->http[i].is_private && sw_str_eq(app->http[i].route, app->http[index].route))
            return true; /* a later one has its route */
    return app->http[index].is_private;
}

/* Of the component, or of the trigger that needs none. */
static struct sw_str trigger_name(const struct app *app, const struct app_http_trigger *trigger)
{
    return !app_http_has_component(trigger) ? trigger->id : app->components[trigger->component].id;
}

/* The route as it is printed: without a slash or wildcard at its end. */
static struct sw_str shown_route(struct sw_str route)
{
    bool wildcard = app_route_is_wildcard(route);
    if (route.n && route.p[route.n - 1] == '/')
        route.n--;
    if (wildcard) /* the wildcard and the slash in front of it */
        route.n = sw_str_rfind(route, '/') == SW_NPOS ? 0 : sw_str_rfind(route, '/');
    return route;
}

void cli_up_print_routes(const struct app *app, const char *address, FILE *out)
{
    (void)fprintf(out, "\nServing http://%s\nAvailable Routes:\n", address);
    for (uint32_t i = 0; i < app->http_count; i++) {
        const struct app_http_trigger *trigger = &app->http[i];
        struct sw_str route = shown_route(trigger->route);
        bool wildcard = app_route_is_wildcard(trigger->route);
        if (is_hidden(app, i))
            continue;
        (void)fputs("  ", out);
        cli_print_safe(out, trigger_name(app, trigger));
        (void)fprintf(out, ": http://%s%s", address, route.n && route.p[0] != '/' ? "/" : "");
        cli_print_safe(out, route);
        (void)fputs(wildcard ? " (wildcard)\n" : "\n", out);
        if (app_http_has_component(trigger))
            print_description(app->components[trigger->component].description, out);
    }
    (void)fflush(out);
}

/* ---- the same as JSON, spin.md 2.10 ---- */

static int add_member(struct sw_buf *out, const char *key, struct sw_str text, struct sw_err *err)
{
    int rc = sw_buf_printf(out, err, "\"%s\": ", key);
    return rc < 0 ? rc : codec_json_add_string(out, text, err);
}

static int add_route(const struct app *app, const struct app_http_trigger *trigger, struct sw_buf *out,
                     struct sw_err *err)
{
    struct sw_str route = shown_route(trigger->route);
    sw_auto_buf path = SW_BUF(CLI_OUTPUT_BYTES_MAX);
    int rc = sw_buf_printf(&path, err, "%s" SW_FMT, route.n && route.p[0] == '/' ? "" : "/", SW_ARG(route));
    if (rc == 0)
        rc = sw_buf_add(out, SW_LIT("    {\n      "), err);
    if (rc == 0)
        rc = add_member(out, "id", trigger_name(app, trigger), err);
    if (rc == 0)
        rc = sw_buf_add(out, SW_LIT(",\n      "), err);
    if (rc == 0)
        rc = add_member(out, "route", sw_buf_str(&path), err);
    if (rc == 0)
        rc = sw_buf_printf(out, err, ",\n      \"wildcard\": %s",
                           app_route_is_wildcard(trigger->route) ? "true" : "false");
    if (rc == 0 && app_http_has_component(trigger) && app->components[trigger->component].description.n) {
        rc = sw_buf_add(out, SW_LIT(",\n      "), err);
        if (rc == 0)
            rc = add_member(out, "description", app->components[trigger->component].description, err);
    }
    return rc < 0 ? rc : sw_buf_add(out, SW_LIT("\n    }"), err);
}

int cli_up_routes_json(const struct app *app, const char *address, struct sw_buf *out, struct sw_err *err)
{
    const char *between = "\n";
    int rc = sw_buf_printf(out, err, "{\n  \"base_url\": \"http://%s\",\n  \"routes\": [", address);
    for (uint32_t i = 0; rc == 0 && i < app->http_count; i++) {
        if (is_hidden(app, i))
            continue;
        rc = sw_buf_add(out, sw_str_of(between), err);
        between = ",\n";
        if (rc == 0)
            rc = add_route(app, &app->http[i], out, err);
    }
    return rc < 0 ? rc : sw_buf_add(out, SW_LIT("\n  ]\n}\n"), err);
}

/* ---- notices ---- */

void cli__up_warn_shadowed(const struct app *app, const struct app_routes *routes, FILE *err)
{
    for (uint32_t i = 0; i < app_routes_shadowed_count(routes); i++) {
        const struct app_http_trigger *loser = &app->http[app_routes_shadowed(routes, i)];
        (void)fputs("warning: route '", err);
        cli_print_safe(err, loser->route);
        (void)fputs(!app_http_has_component(loser) ? "' of trigger '" : "' of component '", err);
        cli_print_safe(err, trigger_name(app, loser));
        (void)fputs("' is not served: a later trigger has the same route\n", err);
    }
}

void cli__up_notices(const struct app *app, bool searched, FILE *err)
{
    char here[PATH_MAX];
    struct sw_str dir = sw_str_head(app->origin, sw_str_rfind(app->origin, '/'));
    if (searched && getcwd(here, sizeof here) && !sw_str_eq(sw_str_of(here), dir)) {
        (void)fputs("Using '", err);
        cli_print_safe(err, app->origin);
        (void)fputs("', found in a folder above this one\n", err);
    }
    for (uint32_t i = 0; i < app->warning_count; i++) {
        (void)fputs("warning: ", err);
        cli_print_safe(err, app->warnings[i]);
        (void)fputc('\n', err);
    }
}
