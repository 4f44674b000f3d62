/* variables_resolve.c - where the values of variables come from.  Room: app.
 *
 * Texts of failures name variables and files, never a value.
 * source: spin.md 5.5, 6.2 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/app_internal.h"
#include "app/dotenv.h"
#include "app/fields.h"
#include "app/limits.h"
#include "app/outbound.h"
#include "app/runtime_config.h"
#include "app/variables.h"
#include "codec/json.h"
#include "codec/template.h"

struct resolve {
    struct app *app;
    struct app_variable *variables; /* a copy, in the arena, that becomes the application's */
    struct sw_err *err;
};

/* ---- setting ---- */

static struct app_variable *find(const struct resolve *r, struct sw_str name)
{
    for (uint32_t i = 0; i < r->app->variable_count; i++)
        if (sw_str_eq(r->variables[i].name, name))
            return &r->variables[i];
    return NULL;
}

/* from: what gave it, for messages: "--variable" or a file. */
static int set(struct resolve *r, struct app_variable *variable, struct sw_str value, const char *from)
{
    struct sw_str copy;
    if (value.n > APP_VARIABLE_BYTES_MAX)
        return sw_fail(r->err, SW_ELIMIT, "%s: variable '" SW_FMT "': expected at most %u bytes, got %zu",
                       from, SW_ARG(variable->name), APP_VARIABLE_BYTES_MAX, value.n);
    if (!sw_utf8_valid(value) || sw_str_find(value, '\0') != SW_NPOS)
        return sw_fail(r->err, SW_EINPUT, "%s: variable '" SW_FMT "': expected UTF-8 without NUL characters",
                       from, SW_ARG(variable->name));
    int rc = sw_arena_copy(&r->app->arena, value, &copy, r->err);
    if (rc < 0)
        return rc;
    variable->value = copy;
    variable->has_value = true;
    return 0;
}

static int set_unless_set(struct resolve *r, struct sw_str name, struct sw_str value, const char *from)
{
    struct app_variable *variable = find(r, name);
    return variable && !variable->has_value ? set(r, variable, value, from) : 0;
}

/* ---- --variable ---- */

static int given_json(struct resolve *r, const char *path, struct sw_str text)
{
    struct codec_json *root = NULL;
    int rc = codec_json_parse(text, &root, r->err);
    if (rc < 0)
        return sw_wrap(r->err, "--variable: %s", path);
    if (codec_json_kind(root) != CODEC_JSON_OBJECT)
        rc = sw_fail(r->err, SW_EINPUT, "--variable: %s: expected an object, got %s", path,
                     codec_json_kind_name(codec_json_kind(root)));
    struct codec_json_member m = codec_json_first(root);
    for (; rc == 0 && m.value; m = codec_json_next(root, m)) {
        struct app_variable *variable = find(r, m.key);
        if (codec_json_kind(m.value) != CODEC_JSON_STRING)
            rc = sw_fail(r->err, SW_EINPUT, "--variable: %s: %s: expected a string, got %s", path,
                         app__show(m.key).text, codec_json_kind_name(codec_json_kind(m.value)));
        else if (variable)
            rc = set(r, variable, codec_json_string(m.value), "--variable");
    }
    codec_json_free(root);
    return rc;
}

static int given_toml(struct resolve *r, const char *path, struct sw_str text)
{
    const struct codec_toml *root = NULL;
    int rc = codec_toml_parse(&r->app->arena, text, sw_str_of(path), &root, r->err);
    if (rc < 0)
        return sw_wrap(r->err, "--variable");
    for (uint32_t i = 0; rc == 0 && i < root->count; i++) {
        const struct codec_toml *item = &root->children[i];
        struct app_variable *variable = find(r, item->key);
        if (item->kind != CODEC_TOML_STRING)
            return sw_fail(r->err, SW_EINPUT, "--variable: %s:%u:%u: %s: expected a string, got %s", path,
                           item->at.line, item->at.column, app__show(item->key).text,
                           codec_toml_kind_name(item->kind));
        if (variable)
            rc = set(r, variable, item->string, "--variable");
    }
    return rc;
}

/* "@FILE.json" or "@FILE.toml": what it names and the application does not have is passed over, so that applications can share it. */
static int given_file(struct resolve *r, const char *path)
{
    sw_auto_buf text = SW_BUF(APP_VARIABLE_BYTES_MAX);
    bool is_json = sw_str_ends(sw_str_of(path), SW_LIT(".json"));
    if (!is_json && !sw_str_ends(sw_str_of(path), SW_LIT(".toml")))
        return sw_fail(r->err, SW_EINPUT,
                       "--variable: expected NAME=VALUE, NAME=@FILE, @FILE.json or @FILE.toml, got '@%.100s'",
                       path);
    int rc = app__read_file(path, "a file of variables", &text, r->err);
    if (rc < 0)
        return sw_wrap(r->err, "--variable");
    return is_json ? given_json(r, path, sw_buf_str(&text)) : given_toml(r, path, sw_buf_str(&text));
}

static int given_one(struct resolve *r, const char *given)
{
    sw_auto_buf text = SW_BUF(APP_VARIABLE_BYTES_MAX);
    struct sw_str whole = sw_str_of(given);
    size_t equals = sw_str_find(whole, '=');
    if (given[0] == '@')
        return given_file(r, given + 1);
    if (equals == SW_NPOS || equals == 0) /* without what was given: it may be a secret */
        return sw_fail(r->err, SW_EINPUT,
                       "--variable: expected NAME=VALUE, NAME=@FILE, @FILE.json or @FILE.toml, got no '='");
    struct sw_str name = sw_str_head(whole, equals);
    struct sw_str value = equals + 1 < whole.n ? sw_str_from(whole, equals + 1) : sw_str("", 0);
    struct app_variable *variable = find(r, name);
    if (!variable)
        return app__warn(r->app, r->err, "--variable: the application has no variable '%s'",
                         app__show(name).text);
    if (value.n == 0 || value.p[0] != '@')
        return set(r, variable, value, "--variable");
    int rc = app__read_file(value.p + 1, "a file with the value", &text, r->err);
    return rc < 0 ? sw_wrap(r->err, "--variable: " SW_FMT, SW_ARG(name))
                  : set(r, variable, sw_buf_str(&text), "--variable");
}

/* ---- environment ---- */

/* "<PREFIX>_<NAME>". */
static int env_name(const struct resolve *r, struct sw_str prefix, struct sw_str name, struct sw_buf *out)
{
    sw_buf_clear(out);
    int rc = sw_buf_printf(out, r->err, SW_FMT "%s", SW_ARG(prefix), prefix.n ? "_" : "");
    for (size_t i = 0; rc == 0 && i < name.n; i++)
        rc = sw_buf_add_byte(out, (unsigned char)toupper((unsigned char)name.p[i]), r->err);
    return rc;
}

static int from_environment(struct resolve *r, struct sw_str prefix)
{
    sw_auto_buf name = SW_BUF(APP_VARIABLE_BYTES_MAX);
    for (uint32_t i = 0; i < r->app->variable_count; i++) {
        struct app_variable *variable = &r->variables[i];
        if (variable->has_value)
            continue;
        int rc = env_name(r, prefix, variable->name, &name);
        rc = rc < 0 ? rc : sw_buf_add_byte(&name, '\0', r->err);
        const char *value = rc < 0 ? NULL : getenv(name.p);
        if (value)
            rc = set(r, variable, sw_str_of(value), name.p);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* The variable whose name in the environment is `name`. */
static int find_env(const struct resolve *r, struct sw_str prefix, struct sw_str name,
                    struct app_variable **ret)
{
    sw_auto_buf own = SW_BUF(APP_VARIABLE_BYTES_MAX);
    *ret = NULL;
    for (uint32_t i = 0; i < r->app->variable_count; i++) {
        int rc = env_name(r, prefix, r->variables[i].name, &own);
        if (rc < 0)
            return rc;
        if (sw_str_eq(sw_buf_str(&own), name))
            *ret = &r->variables[i];
    }
    return 0;
}

static bool wants_more(const struct resolve *r)
{
    for (uint32_t i = 0; i < r->app->variable_count; i++)
        if (!r->variables[i].has_value)
            return true;
    return false;
}

static int from_dotenv(struct resolve *r, struct sw_str prefix, const char *path)
{
    sw_auto_buf text = SW_BUF(APP_VARIABLE_BYTES_MAX);
    sw_auto_arena arena = SW_ARENA(4 * (size_t)APP_VARIABLE_BYTES_MAX);
    if (!wants_more(r)) /* it may be another program's, in a form that we do not read */
        return 0;
    if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    int rc = app__read_file(path, "a file of variables", &text, r->err);
    struct app_dotenv dotenv = {.rest = sw_buf_str(&text), .file = sw_str_of(path)};
    struct sw_str name;
    struct sw_str value;
    while (rc == 0 && (rc = app_dotenv_next(&dotenv, &arena, &name, &value, r->err)) == 0) {
        struct app_variable *variable;
        rc = find_env(r, prefix, name, &variable);
        if (rc == 0 && variable && !variable->has_value)
            rc = set(r, variable, value, path);
    }
    return rc == SW_END ? 0 : rc;
}

/* ---- providers ---- */

static int from_provider(struct resolve *r, const struct app_provider *provider)
{
    int rc = 0;
    if (provider->kind == APP_PROVIDER_ENV) {
        rc = from_environment(r, provider->prefix);
        return rc == 0 && provider->dotenv_path.n ? from_dotenv(r, provider->prefix, provider->dotenv_path.p)
                                                  : rc;
    }
    for (uint32_t i = 0; rc == 0 && i < provider->value_count; i++)
        rc = set_unless_set(r, provider->values[i].name, provider->values[i].value,
                            "the runtime configuration");
    return rc;
}

static int check_required(const struct resolve *r)
{
    char missing[600] = "";
    size_t used = 0;
    const struct app_variable *first = NULL;
    for (uint32_t i = 0; i < r->app->variable_count; i++) {
        const struct app_variable *variable = &r->variables[i];
        if (variable->has_value || variable->has_default)
            continue;
        if (used < sizeof missing)
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%s", used ? ", " : "",
                                     app__show(variable->name).text);
        first = first ? first : variable;
    }
    if (!first)
        return 0;
    sw_auto_buf name = SW_BUF(APP_VARIABLE_BYTES_MAX);
    int rc = env_name(r, SW_LIT(APP_VARIABLE_PREFIX), first->name, &name);
    if (rc < 0)
        return rc;
    return sw_fail(r->err, SW_EINPUT,
                   "no provider resolved required variable(s): [%s]\n"
                   "hint: give --variable %s=VALUE, or set %s in the environment",
                   missing, app__show(first->name).text, app__show(sw_buf_str(&name)).text);
}

/* ---- what is made of values: hosts ---- */

static bool names_secret(const struct app *app, struct sw_str template)
{
    struct codec_template_part part;
    struct sw_err unused;
    while (codec_template_next(&template, &part, &unused) == 0)
        for (uint32_t i = 0; part.is_name && i < app->variable_count; i++)
            if (app->variables[i].is_secret && sw_str_eq(app->variables[i].name, part.text))
                return true;
    return false;
}

/* The same as workers do later; here it is said to who starts the application, and without secrets. */
static int check_hosts(const struct app *app, const struct app_component *component, struct sw_err *err)
{
    for (uint32_t i = 0; i < component->outbound_host_count; i++) {
        struct sw_str template = component->outbound_hosts[i];
        struct app_outbound *outbound = NULL;
        const struct app_component one = {
            .id = component->id, .outbound_hosts = &component->outbound_hosts[i], .outbound_host_count = 1};
        int rc = app_outbound_new(app, &one, &outbound, err);
        app_outbound_free(outbound);
        if (rc == -SW_EINPUT && names_secret(app, template))
            rc = sw_fail(
                err, SW_EINPUT,
                "`allowed_outbound_hosts` is malformed: entry '%s', with the values that its variables have",
                app__show(template).text);
        if (rc < 0)
            return sw_wrap(err, "component '" SW_FMT "'", SW_ARG(component->id));
    }
    return 0;
}

/* ---- the whole ---- */

static int resolve_all(struct resolve *r, const struct app_variable_sources *sources)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < sources->given_count; i++)
        rc = given_one(r, sources->given[i]);
    for (uint32_t i = 0; rc == 0 && sources->config && i < sources->config->provider_count; i++)
        rc = from_provider(r, &sources->config->providers[i]);
    if (rc == 0)
        rc = from_environment(r, SW_LIT(APP_VARIABLE_PREFIX));
    if (rc == 0 && sources->dotenv)
        rc = from_dotenv(r, SW_LIT(APP_VARIABLE_PREFIX), sources->dotenv);
    return rc < 0 ? rc : check_required(r);
}

int app_variables_resolve(struct app *app, const struct app_variable_sources *sources, struct sw_err *err)
{
    struct resolve r = {app, SW_ARENA_ARRAY(&app->arena, app->variable_count, struct app_variable), err};
    if (!r.variables)
        return sw_arena_fail(&app->arena, app->variable_count * sizeof *r.variables, err);
    for (uint32_t i = 0; i < app->variable_count; i++) {
        r.variables[i] = app->variables[i];
        r.variables[i].has_value = false;
    }
    int rc = resolve_all(&r, sources);
    if (rc < 0)
        return rc;
    app->variables = r.variables;
    for (uint32_t i = 0; rc == 0 && i < app->component_count; i++)
        rc = check_hosts(app, &app->components[i], err);
    return rc;
}
