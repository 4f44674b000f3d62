/* variables.h - values of an application's variables: names, templates, where values come from.  Room: app.
 *
 * Values are found once, when the application is loaded, and travel with it to the workers (app.variables[].value). They are never
 * written to a file or a log; messages have names only.
 * source: spin.md 1.2, 1.5, 1.12, 4.5, 5.5 */
#ifndef SW_APP_VARIABLES_H
#define SW_APP_VARIABLES_H

#include "app/app.h"

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

#endif
