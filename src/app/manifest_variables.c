/* manifest_variables.c - spin.toml: variables of the application and of its components.  Room: app.
 *
 * source: spin.md 1.5, 1.12 */
#include <stdio.h>

#include "app/app_internal.h"
#include "app/limits.h"
#include "app/manifest_internal.h"
#include "app/variables.h"
#include "codec/nearest.h"
#include "codec/template.h"

/* ---- [variables] ---- */

struct reading {
    struct app_variable variable;
    bool is_required;
};

static int read_default(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_variable *variable = &((struct reading *)target)->variable;
    variable->has_default = true;
    return app__string(r, value, "value that the variable has unless another is given",
                       &variable->default_value);
}

static const struct app__field variable_fields[] = {
    {.key = "required",
     .kind = APP__BOOL,
     .offset = offsetof(struct reading, is_required),
     .help = "whether a value must be given"},
    {.key = "default", .kind = APP__DECODE, .decode = read_default, .help = "default value"},
    {.key = "secret",
     .kind = APP__BOOL,
     .offset = offsetof(struct reading, variable.is_secret),
     .help = "whether the value is never shown"},
    {.key = "description",
     .kind = APP__STRING,
     .offset = offsetof(struct reading, variable.description),
     .help = "description of the variable"},
    {0},
};

static int check_name(struct app__reader *r, const struct codec_toml *value)
{
    const char *offence = app__lower_snake_offence(value->key);
    return offence ? app__fail(r, value->key_at, SW_EINPUT, "%s: expected the name of a variable: %s",
                               app__show(value->key).text, offence)
                   : 0;
}

static int read_variable(struct app__reader *r, const struct codec_toml *value, struct app_variable *ret)
{
    struct reading reading = {.variable = {.name = value->key}};
    char name[112];
    (void)snprintf(name, sizeof name, "[variables.%s]",
                   app__show(value->key).text); /* fits: shown texts are short */
    int rc = check_name(r, value);
    if (rc == 0)
        rc = app__table(r, name, value, variable_fields, &reading);
    if (rc < 0)
        return rc;
    if (reading.is_required == reading.variable.has_default)
        return app__fail(r, value->at, SW_EINPUT,
                         "variable '%s' must be `required` OR have a `default`\n"
                         "hint: write required = true, or a default; not both",
                         app__show(value->key).text);
    *ret = reading.variable;
    return 0;
}

int app__read_variables(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app *app = r->app;
    (void)target;
    int rc = app__want(r, value, CODEC_TOML_TABLE, "write [variables.NAME]");
    if (rc < 0)
        return rc;
    if (value->count > APP_VARIABLES_MAX)
        return app__fail(r, value->at, SW_ELIMIT, "variables: expected at most %d variables, got %u",
                         APP_VARIABLES_MAX, value->count);
    struct app_variable *variables = SW_ARENA_ARRAY(&app->arena, value->count, struct app_variable);
    if (!variables)
        return sw_arena_fail(&app->arena, value->count * sizeof *variables, r->err);
    for (uint32_t i = 0; rc == 0 && i < value->count; i++)
        rc = read_variable(r, &value->children[i], &variables[i]);
    app->variables = variables;
    app->variable_count = value->count;
    return rc;
}

/* ---- templates ---- */

int app__check_template(struct app__reader *r, const struct codec_toml *value, const char *key)
{
    const struct app *app = r->app;
    struct sw_str text = value->string;
    struct codec_template_part part;
    int rc;
    while ((rc = codec_template_next(&text, &part, r->err)) == 0) {
        if (!part.is_name)
            continue;
        struct codec_nearest nearest = codec_nearest(part.text);
        uint32_t at = 0;
        for (; at < app->variable_count && !sw_str_eq(app->variables[at].name, part.text); at++)
            codec_nearest_offer(&nearest, app->variables[at].name);
        if (at == app->variable_count)
            return app__fail(
                r, value->at, SW_EINPUT, "%s: unknown variable '%s'\nhint: %s", key,
                app__show(part.text).text,
                app__hint_nearest(r, nearest.best, "add it to [variables]; only these can be named"));
    }
    if (rc == SW_END)
        return 0;
    return app__fail(r, value->at, SW_EINPUT,
                     "%s: expected '}}' behind each '{{', got %s\nhint: a variable is written as {{ name }}",
                     key, app__describe(value).text);
}

int app__read_templates(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_component *component = target;
    int rc =
        app__want(r, value, CODEC_TOML_TABLE, "it is a table: variables = { name = \"{{ variable }}\" }");
    if (rc < 0)
        return rc;
    if (value->count > APP_VARIABLES_MAX)
        return app__fail(r, value->at, SW_ELIMIT, "%s: expected at most %d variables, got %u",
                         app__show(value->key).text, APP_VARIABLES_MAX, value->count);
    struct app_template *templates = SW_ARENA_ARRAY(&r->app->arena, value->count, struct app_template);
    if (!templates)
        return sw_arena_fail(&r->app->arena, value->count * sizeof *templates, r->err);
    for (uint32_t i = 0; rc == 0 && i < value->count; i++) {
        const struct codec_toml *item = &value->children[i];
        templates[i].name = item->key;
        rc = check_name(r, item);
        if (rc == 0)
            rc = app__string(r, item, "value of the variable, as \"{{ application_variable }}\"",
                             &templates[i].text);
        if (rc == 0)
            rc = app__check_template(r, item, app__show(item->key).text);
    }
    component->variables = templates;
    component->variable_count = value->count;
    return rc;
}
