/* wagi_env.c - arguments and environment of a command that answers a request.  Room: trigger.
 *
 * Source: spin.md 2.3, 2.7; RFC 3875 4.1. Deliberate differences from Spin: CONTENT_TYPE is filled from the request; a `Proxy` field does
 * not become HTTP_PROXY, which libraries take for a proxy that the operator chose; fields called `spin-*`, the host's, and those with other
 * characters than letters, digits and '-' are dropped. Fields that come several times are joined (RFC 3875 4.1.18). */
#include <string.h>

#include "trigger/limits.h"
#include "trigger/wagi.h"

struct env {
    struct sw_arena *arena;
    struct host_env_var *vars;
    uint32_t count, max;
    int rc;
    struct sw_err *err;
};

static int env_fail(struct env *env, size_t n)
{
    if (env->rc == 0)
        env->rc = sw_arena_fail(env->arena, n, env->err);
    return env->rc;
}

/* Replaces a variable of the same name. */
static void set(struct env *env, struct sw_str name, struct sw_str value)
{
    for (uint32_t i = 0; i < env->count; i++) {
        if (sw_str_eq(env->vars[i].name, name)) {
            env->vars[i].value = value;
            return;
        }
    }
    if (env->count < env->max)
        env->vars[env->count++] = (struct host_env_var){name, value};
}

/* "accept-language" as "HTTP_ACCEPT_LANGUAGE". */
static struct sw_str upper(struct env *env, const char *prefix, struct sw_str name)
{
    size_t n = strlen(prefix);
    char *text = SW_ARENA_ARRAY(env->arena, n + name.n, char);
    if (!text) {
        env_fail(env, n + name.n);
        return SW_LIT("");
    }
    memcpy(text, prefix, n); /* lint: allow(tidy): a view has its length */
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        text[n + i] = c == '-' ? '_' : (c >= 'a' && c <= 'z') ? (char)(c - 'a' + 'A') : c;
    }
    return sw_str(text, n + name.n);
}

/* Percent forms that are none stay as they are, and so does a text that would not be one: with a NUL, or not UTF-8. */
static struct sw_str decode(struct env *env, struct sw_str s)
{
    char *text = SW_ARENA_ARRAY(env->arena, s.n, char);
    size_t n = 0;
    if (!text) {
        env_fail(env, s.n);
        return SW_LIT("");
    }
    for (size_t i = 0; i < s.n; i++) {
        int high = s.p[i] == '%' && i + 2 < s.n ? sw_hex_digit(s.p[i + 1]) : -1;
        int low = high >= 0 ? sw_hex_digit(s.p[i + 2]) : -1;
        text[n++] = low >= 0 ? (char)(high * 16 + low) : s.p[i];
        i += low >= 0 ? 2 : 0;
    }
    struct sw_str decoded = sw_str(text, n);
    return sw_utf8_valid(decoded) && sw_str_find(decoded, '\0') == SW_NPOS ? decoded : s;
}

static bool is_ascii(struct sw_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] > 0x7e || ((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t'))
            return false;
    return true;
}

static struct sw_str clean(struct sw_str value)
{
    return is_ascii(value) ? value : SW_LIT("CORRUPT VALUE");
}

/* Letters, digits, '-': the others would become the variable of another field, as "x_real_ip" that of "x-real-ip", which a proxy in front may
 * have set. */
static bool is_unambiguous(struct sw_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return true;
}

static const struct host_env_var *find(const struct env *env, struct sw_str name)
{
    for (uint32_t i = 0; i < env->count; i++)
        if (sw_str_eq(env->vars[i].name, name))
            return &env->vars[i];
    return NULL;
}

static void set_field(struct env *env, const struct http_field *field)
{
    if (sw_str_eq_nocase(field->name, SW_LIT("authorization")) ||
        sw_str_eq_nocase(field->name, SW_LIT("connection")) ||
        sw_str_eq_nocase(field->name, SW_LIT("proxy")) ||
        sw_str_eq_nocase(sw_str_head(field->name, 5), SW_LIT("spin-")) || !is_unambiguous(field->name))
        return;
    struct sw_str name = upper(env, "HTTP_", field->name);
    struct sw_str value = clean(field->value);
    const struct host_env_var *before = find(env, name);
    if (before) {
        const char *joined =
            sw_arena_printf(env->arena, SW_FMT "%s" SW_FMT, SW_ARG(before->value),
                            sw_str_eq(name, SW_LIT("HTTP_COOKIE")) ? "; " : ", ", SW_ARG(value));
        if (!joined)
            env_fail(env, before->value.n + value.n);
        value = sw_str_of(joined);
    }
    set(env, name, value);
}

static struct sw_str field_value(const struct http_request *head, struct sw_str name)
{
    for (uint32_t i = 0; i < head->field_count; i++)
        if (sw_str_eq_nocase(head->fields[i].name, name))
            return head->fields[i].value;
    return SW_LIT("");
}

/* "[::1]:80", "h:3000", "h": the name and, or "80", the port. */
static void split_host(struct sw_str host, struct sw_str *ret_name, struct sw_str *ret_port)
{
    size_t colon = sw_str_rfind(host, ':');
    bool bare = colon == SW_NPOS || (host.n && host.p[host.n - 1] == ']');
    *ret_name = bare ? host : sw_str_head(host, colon);
    *ret_port = bare || colon + 1 == host.n ? SW_LIT("80") : sw_str_from(host, colon + 1);
}

static struct sw_str ip_of(struct sw_str peer)
{
    size_t colon = sw_str_rfind(peer, ':');
    struct sw_str ip = colon == SW_NPOS ? peer : sw_str_head(peer, colon);
    if (ip.n > 2 && ip.p[0] == '[')
        ip = sw_str(ip.p + 1, ip.n - 2);
    return ip;
}

static void set_request(struct env *env, const struct trigger_wagi_request *request)
{
    const struct http_request *head = request->head;
    struct sw_str server, port, ip = ip_of(request->peer);
    struct sw_str length = field_value(head, SW_LIT("content-length"));
    split_host(head->authority.n ? head->authority : SW_LIT("localhost"), &server, &port);
    set(env, SW_LIT("AUTH_TYPE"), SW_LIT(""));
    set(env, SW_LIT("CONTENT_LENGTH"), length.n ? length : SW_LIT("0"));
    set(env, SW_LIT("CONTENT_TYPE"), clean(field_value(head, SW_LIT("content-type"))));
    set(env, SW_LIT("GATEWAY_INTERFACE"), SW_LIT("CGI/1.1"));
    set(env, SW_LIT("QUERY_STRING"), head->query);
    set(env, SW_LIT("REMOTE_ADDR"), ip);
    set(env, SW_LIT("REMOTE_HOST"), ip);
    set(env, SW_LIT("REMOTE_USER"), SW_LIT(""));
    set(env, SW_LIT("REQUEST_METHOD"), head->method);
    set(env, SW_LIT("SCRIPT_NAME"), request->match->component_route);
    set(env, SW_LIT("SERVER_NAME"), server);
    set(env, SW_LIT("SERVER_PORT"), port);
    set(env, SW_LIT("SERVER_PROTOCOL"), head->minor ? SW_LIT("HTTP/1.1") : SW_LIT("HTTP/1.0"));
    set(env, SW_LIT("SERVER_SOFTWARE"), SW_LIT("WAGI/1"));
    set(env, SW_LIT("PATH_INFO"), request->match->path_info);
    set(env, SW_LIT("X_RAW_PATH_INFO"), request->match->path_info);
    set(env, SW_LIT("PATH_TRANSLATED"), decode(env, request->match->path_info));
    set(env, SW_LIT("X_FULL_URL"), request->full_url);
    set(env, SW_LIT("X_MATCHED_ROUTE"), request->match->matched_route);
    set(env, SW_LIT("X_BASE_PATH"), SW_LIT("/"));
    set(env, SW_LIT("X_RAW_COMPONENT_ROUTE"), request->trigger->route);
    set(env, SW_LIT("X_COMPONENT_ROUTE"), request->match->component_route);
    set(env, SW_LIT("X_CLIENT_ADDR"), request->peer);
    for (uint32_t i = 0; i < request->match->param_count; i++)
        set(env, upper(env, "X_PATH_MATCH_", request->match->params[i].name),
            request->match->params[i].value);
}

#define CGI_VARS 23 /* set_request's own, without path matches */

static int make_env(struct sw_arena *arena, const struct trigger_wagi_request *request,
                    struct host_command *ret, struct sw_err *err)
{
    const struct app_component *component = request->component;
    struct env env = {.arena = arena, .err = err};
    env.max = component->env_count + request->head->field_count + CGI_VARS + APP_ROUTE_PARAMS_MAX;
    env.vars = SW_ARENA_ARRAY(arena, env.max, struct host_env_var);
    if (!env.vars)
        return sw_arena_fail(arena, env.max * sizeof *env.vars, err);
    for (uint32_t i = 0; i < request->head->field_count; i++)
        set_field(&env, &request->head->fields[i]);
    set_request(&env, request);
    for (uint32_t i = 0; i < component->env_count; i++) /* what the request says wins */
        if (!find(&env, component->env[i].name))
            set(&env, component->env[i].name, component->env[i].value);
    ret->env = env.vars;
    ret->env_count = env.count;
    return env.rc;
}

/* ---- arguments ---- */

/* The query with spaces for '&'. */
static int add_query(struct sw_buf *out, struct sw_str query, struct sw_err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < query.n; i++)
        rc = sw_buf_add_byte(out, query.p[i] == '&' ? ' ' : (unsigned char)query.p[i], err);
    return rc;
}

/* In one pass: what the client sent is not looked at for variables. */
static int expand(const struct trigger_wagi_request *request, struct sw_buf *out, struct sw_err *err)
{
    static const struct sw_str script = SW_LIT_INIT("${SCRIPT_NAME}"), args = SW_LIT_INIT("${ARGS}");
    struct sw_str rest = request->trigger->wagi_argv;
    int rc = 0;
    if (!rest.n)
        rest = SW_LIT("${SCRIPT_NAME} ${ARGS}");
    while (rc == 0 && rest.n) {
        if (sw_str_starts(rest, script)) {
            rc = sw_buf_add(out, request->head->path, err);
            rest = sw_str_from(rest, script.n);
        } else if (sw_str_starts(rest, args)) {
            rc = add_query(out, request->head->query, err);
            rest = sw_str_from(rest, args.n);
        } else {
            rc = sw_buf_add(out, sw_str_head(rest, 1), err);
            rest = sw_str_from(rest, 1);
        }
    }
    return rc;
}

static int make_args(struct sw_arena *arena, const struct trigger_wagi_request *request,
                     struct host_command *ret, struct sw_err *err)
{
    sw_auto_buf text = SW_BUF(TRIGGER_WAGI_ARGS_BYTES_MAX);
    struct sw_str rest;
    int rc = expand(request, &text, err);
    if (rc == 0)
        rc = sw_arena_copy(arena, sw_buf_str(&text), &rest, err);
    if (rc != 0)
        return rc;
    uint32_t count = 1;
    for (size_t i = 0; i < rest.n; i++)
        count += rest.p[i] == ' ';
    struct sw_str *args = SW_ARENA_ARRAY(arena, count, struct sw_str);
    if (!args)
        return sw_arena_fail(arena, count * sizeof *args, err);
    for (uint32_t i = 0; i < count; i++) { /* empty ones survive (spin.md 2.7) */
        size_t space = sw_str_find(rest, ' ');
        args[i] = space == SW_NPOS ? rest : sw_str_head(rest, space);
        rest = space == SW_NPOS ? SW_LIT("") : sw_str_from(rest, space + 1);
    }
    ret->args = args;
    ret->arg_count = count;
    return 0;
}

int trigger_wagi_env(struct sw_arena *arena, const struct trigger_wagi_request *request,
                     struct host_command *ret, struct sw_err *err)
{
    int rc = make_args(arena, request, ret, err);
    return rc < 0 ? rc : make_env(arena, request, ret, err);
}
