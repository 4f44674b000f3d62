/* variables.c - names and templates of variables.  Room: app. */
#include "app/variables.h"

#include "app/fields.h"
#include "codec/template.h"

/* ---- names ---- */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The first character as a person reads it: not half of a UTF-8 sequence. */
static struct sw_str first_character(struct sw_str text)
{
    size_t n = 1;
    while (n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n++;
    return sw_str_head(text, n);
}

int app_variable_name_check(struct sw_str name, struct sw_err *err)
{
    struct app__shown shown = app__show(name);
    bool doubled = false;
    if (name.n == 0)
        return sw_fail(err, SW_EINPUT, "\"\": must not be empty");
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!is_lower(c) && !is_digit(c) && c != '_')
            return sw_fail(err, SW_EINPUT,
                           "\"%s\": invalid character '%s'. Variable names may contain only lower-case "
                           "letters, numbers, and underscores.",
                           shown.text, app__show(first_character(sw_str_from(name, i))).text);
        doubled |= i > 0 && c == '_' && name.p[i - 1] == '_';
    }
    if (!is_lower(name.p[0]))
        return sw_fail(err, SW_EINPUT, "\"%s\": must start with a lowercase ASCII letter", shown.text);
    if (name.p[name.n - 1] == '_')
        return sw_fail(err, SW_EINPUT, "\"%s\": must end with a lowercase ASCII letter or digit", shown.text);
    if (doubled)
        return sw_fail(err, SW_EINPUT, "\"%s\": must not contain multiple consecutive underscores",
                       shown.text);
    return 0;
}

/* ---- templates ---- */

static const struct app_variable *find(const struct app *app, struct sw_str name)
{
    for (uint32_t i = 0; i < app->variable_count; i++)
        if (sw_str_eq(app->variables[i].name, name))
            return &app->variables[i];
    return NULL;
}

static int add_variable(const struct app *app, struct sw_str name, struct sw_buf *out, struct sw_err *err)
{
    int rc = app_variable_name_check(name, err);
    if (rc < 0)
        return sw_wrap(err, "invalid variable name");
    const struct app_variable *variable = find(app, name);
    if (!variable || (!variable->has_value && !variable->has_default)) {
        (void)sw_fail(err, SW_EINPUT, "undefined variable: %s",
                      app__show(name).text); /* the outcome's text */
        return SW_ABSENT;
    }
    return sw_buf_add(out, variable->has_value ? variable->value : variable->default_value, err);
}

int app_variables_expand(const struct app *app, struct sw_str text, struct sw_buf *out, struct sw_err *err)
{
    sw_auto_buf whole = SW_BUF(out->max - out->n);
    struct sw_str rest = text;
    struct codec_template_part part;
    int rc;
    while ((rc = codec_template_next(&rest, &part, err)) == 0) {
        rc = part.is_name ? add_variable(app, part.text, &whole, err) : sw_buf_add(&whole, part.text, err);
        if (rc != 0)
            return rc;
    }
    return rc == SW_END ? sw_buf_add(out, sw_buf_str(&whole), err) : rc;
}

int app_component_variable(const struct app *app, const struct app_component *component, struct sw_str name,
                           struct sw_buf *out, struct sw_err *err)
{
    int rc = app_variable_name_check(name, err);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < component->variable_count; i++)
        if (sw_str_eq(component->variables[i].name, name))
            return app_variables_expand(app, component->variables[i].text, out, err);
    (void)sw_fail(err, SW_EINPUT, "no variable for \"" SW_FMT "\".\"%s\"", SW_ARG(component->id),
                  app__show(name).text); /* the outcome's text */
    return SW_ABSENT;
}
