/* variables.h - values of an application's variables: names, templates, where values come from.  Room: app.
 *
 * Values are found once, when the application is loaded, and travel with it to the workers (app.variables[].value). They are never
 * written to a file or a log; messages have names only.
 * source: spin.md 1.2, 1.5, 1.12, 4.5, 5.5 */
#ifndef SW_APP_VARIABLES_H
#define SW_APP_VARIABLES_H

#include "app/app.h"

struct app_runtime_config;

#define APP_VARIABLE_PREFIX "SPIN_VARIABLE" /* SPIN_VARIABLE_API_KEY gives api_key its value */

/* 0 when `name` may be asked for, else -SW_EINPUT: "\"NAME\": must not be empty" and the like. */
int app_variable_name_check(struct sw_str name, struct sw_err *err) SW_MUST_CHECK;

/* Adds `text` to out with every "{{ name }}" replaced by the application variable's value, or by its default while values are not resolved.
 * out      : unchanged unless the result is 0
 * returns  : 0, or SW_ABSENT when a variable has neither value nor default, or there is none of that name; *err then says which
 * fails    : SW_EINPUT ("{{" without "}}", no name), SW_ELIMIT (out's ceiling), SW_ENOMEM
 * source   : spin.md 1.12                                                                                        */
int app_variables_expand(const struct app *app, struct sw_str text, struct sw_buf *out,
                         struct sw_err *err) SW_MUST_CHECK;

/* The value of the component's own variable `name`, expanded, added to out.
 * returns  : 0, or SW_ABSENT when the component has no such variable (*err: "no variable for \"component\".\"name\"") or its template
 *            names one without value
 * fails    : SW_EINPUT (the name's form), SW_ELIMIT, SW_ENOMEM                                                   */
int app_component_variable(const struct app *app, const struct app_component *component, struct sw_str name,
                           struct sw_buf *out, struct sw_err *err) SW_MUST_CHECK;

struct app_variable_sources {
    const char *const
        *given; /* --variable: "name=value", "name=@FILE", "@FILE.json", "@FILE.toml"; a later one wins */
    uint32_t given_count;
    const struct app_runtime_config *config; /* its providers; or NULL */
    const char *dotenv; /* the file that stands behind the environment; it may be missing */
};

/* Finds the value of each of the application's variables. The first source that has one: given, providers in order, the environment,
 * the dotenv file, the default.
 * fails    : SW_EINPUT "no provider resolved required variable(s): [..]" naming all of them; SW_EINPUT, SW_ELIMIT or SW_EIO about a
 *            source; no text has a value in it
 * source   : spin.md 5.5, 6.2                                                                                     */
int app_variables_resolve(struct app *app, const struct app_variable_sources *sources,
                          struct sw_err *err) SW_MUST_CHECK;

#endif
