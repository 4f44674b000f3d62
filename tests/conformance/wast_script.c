/* wast_script.c - the directives of a script.  Tests: conformance.
 *
 * Not supported, since no script has it: `register`, and imports satisfied by registered instances (they are skipped by name). */
#include <stdio.h>

#include "base/alloc.h"
#include "component/component.h"
#include "component/run_internal.h"
#include "wast.h"

static void verdict(struct wast_outcome *ret, enum wast_verdict is, const char *fmt, ...) SW_PRINTF(3, 4);
static void verdict(struct wast_outcome *ret, enum wast_verdict is, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(ret->text, sizeof ret->text, fmt, args); /* cut when too long */
    va_end(args);
    ret->verdict = is;
}

static struct sw_str text_of(const struct codec_json *command, const char *key)
{
    return codec_json_string(codec_json_get(command, key));
}

static const char *path_of(const struct wast_script *script, const struct codec_json *command,
                           char path[1024])
{
    (void)snprintf(path, 1024, "%s/" SW_FMT, script->folder, SW_ARG(text_of(command, "filename")));
    return path;
}

static bool is_text(const struct codec_json *command)
{
    return sw_str_eq(text_of(command, "module_type"), SW_LIT("text"));
}

/* ---- components and instances ---- */

static void drop_unnamed(struct wast_script *script) /* nothing can name the current instance any more */
{
    struct wast_instance *current = script->current;
    script->current = NULL;
    if (!current || current->name.n)
        return;
    for (struct wast_instance **at = &script->instances; *at; at = &(*at)->next)
        if (*at == current) {
            *at = current->next;
            wast_instance_free(current);
            return;
        }
}

static struct wast_component *load(struct wast_script *script, const struct codec_json *command,
                                   struct wast_outcome *ret)
{
    char path[1024];
    struct sw_err err = {.code = SW_OK};
    struct wast_component *component = NULL;
    if (is_text(command)) {
        verdict(ret, WAST_SKIPPED, "in the text format, which this runtime does not read");
        return NULL;
    }
    if (wast_component_load(script->engine, path_of(script, command, path), &component, &err) < 0) {
        verdict(ret, WAST_FAILED, "refused: %s", err.text);
        return NULL;
    }
    component->name = text_of(command, "name");
    component->next = script->components;
    script->components = component;
    script->current_component = component;
    verdict(ret, WAST_PASSED, "%s", "");
    return component;
}

/* What linking does not offer yet is not wrong: it is skipped, until it is there. */
static void cannot(struct wast_outcome *ret, const struct sw_err *err)
{
    bool later = strstr(err->text, "comes with a later version") != NULL;
    verdict(ret, later ? WAST_SKIPPED : WAST_FAILED, "cannot be instantiated: %s", err->text);
}

static struct wast_instance *instantiate(struct wast_script *script, struct wast_component *component,
                                         struct sw_str name, struct wast_outcome *ret)
{
    struct sw_err err = {.code = SW_OK};
    struct wast_instance *instance = NULL;
    drop_unnamed(script);
    if (wast_instance_new(script->engine, component, &instance, &err) < 0) {
        cannot(ret, &err);
        script->lost = *ret;
        return NULL;
    }
    instance->name = name;
    instance->next = script->instances;
    script->instances = instance;
    script->current = instance;
    verdict(ret, WAST_PASSED, "%s", "");
    return instance;
}

static void module(struct wast_script *script, const struct codec_json *command, struct wast_outcome *ret)
{
    drop_unnamed(script);
    struct wast_component *component = load(script, command, ret);
    script->lost = *ret;
    if (!component)
        return;
    verdict(&script->lost, WAST_FAILED, "there is no instance");
    if (script->validate_only || component->has_imports)
        return;
    struct wast_instance *instance = instantiate(script, component, component->name, ret);
    if (instance && instance->ended)
        verdict(ret, WAST_FAILED, "instantiation trapped: %s", instance->trap);
}

static void module_instance(struct wast_script *script, const struct codec_json *command,
                            struct wast_outcome *ret)
{
    struct sw_str name = text_of(command, "module");
    struct wast_component *component = script->components;
    while (component && name.n && !sw_str_eq(component->name, name))
        component = component->next;
    if (!component) {
        drop_unnamed(script);
        verdict(ret, WAST_FAILED, "there is no definition '" SW_FMT "'", SW_ARG(name));
        script->lost = *ret;
        return;
    }
    struct wast_instance *instance = instantiate(script, component, text_of(command, "instance"), ret);
    if (instance && instance->ended)
        verdict(ret, WAST_FAILED, "instantiation trapped: %s", instance->trap);
}

/* ---- actions ---- */

static struct wast_instance *instance_of(struct wast_script *script, const struct codec_json *action,
                                         struct wast_outcome *ret)
{
    struct sw_str name = text_of(action, "module");
    if (!name.n) {
        if (!script->current && script->validate_only && script->current_component)
            return instantiate(script, script->current_component, SW_LIT(""), ret);
        if (!script->current)
            *ret = script->lost;
        return script->current;
    }
    for (struct wast_instance *instance = script->instances; instance; instance = instance->next)
        if (sw_str_eq(instance->name, name))
            return instance;
    verdict(ret, WAST_FAILED, "there is no instance '" SW_FMT "'", SW_ARG(name));
    return NULL;
}

/* Calls what the action names. False: *ret says why that was not possible. Else *ret_rc is what became of it. */
static bool act(struct wast_script *script, const struct codec_json *action, struct sw_arena *arena,
                struct wast_instance **ret_instance, int *ret_rc, struct wast_outcome *ret)
{
    struct sw_err err = {.code = SW_OK};
    struct wast_instance *instance = instance_of(script, action, ret);
    if (!instance)
        return false;
    struct sw_str field = text_of(action, "field");
    const struct component *component = instance->of->component;
    const struct component_export *func = component_export_find(component, SW_LIT(""), SW_LIT(""), field);
    if (!func || !func->lift) {
        verdict(ret, WAST_FAILED, "there is no exported function '" SW_FMT "'", SW_ARG(field));
        return false;
    }
    const struct codec_json *args = codec_json_get(action, "args");
    const struct component_func_type *type = func->lift->type;
    if (codec_json_count(args) != type->param_count) {
        verdict(ret, WAST_FAILED, "%zu arguments for %u parameters", codec_json_count(args),
                type->param_count);
        return false;
    }
    struct component_value *values =
        sw_arena_try_array(arena, type->param_count, sizeof *values, alignof(max_align_t));
    for (uint32_t i = 0; values && i < type->param_count; i++)
        if (wast_value(component->plan->types, type->params[i].type, codec_json_item(args, i), arena,
                       &values[i], &err) < 0) {
            verdict(ret, WAST_FAILED, "argument %u: %s", i, err.text);
            return false;
        }
    instance->func = func;
    instance->args = values;
    instance->arg_count = type->param_count;
    *ret_rc = wast_instance_call(script->engine, instance, &err);
    if (*ret_rc < 0 && *ret_rc != -SW_EGUEST) {
        verdict(ret, WAST_FAILED, "%s", err.text);
        return false;
    }
    *ret_instance = instance;
    return true;
}

static void compare(const struct wast_instance *instance, const struct codec_json *expected,
                    struct sw_arena *arena, struct wast_outcome *ret)
{
    struct sw_err err = {.code = SW_OK};
    const struct component_types *types = instance->of->component->plan->types;
    uint32_t type = instance->func->lift->type->result;
    struct component_value want;
    if (codec_json_count(expected) != (type != COMPONENT_NO_TYPE)) {
        verdict(ret, WAST_FAILED, "%zu results expected", codec_json_count(expected));
        return;
    }
    verdict(ret, WAST_PASSED, "%s", "");
    if (type == COMPONENT_NO_TYPE)
        return;
    if (wast_value(types, type, codec_json_item(expected, 0), arena, &want, &err) < 0) {
        verdict(ret, WAST_FAILED, "expected result: %s", err.text);
        return;
    }
    if (wast_value_eq(types, type, &want, &instance->result))
        return;
    sw_auto_buf text = SW_BUF(512);
    if (wast_value_print(types, type, &instance->result, &text, &err) < 0)
        verdict(ret, WAST_FAILED, "another value");
    else
        verdict(ret, WAST_FAILED, "returned " SW_FMT, SW_ARG(sw_buf_str(&text)));
}

static void assert_action(struct wast_script *script, const struct codec_json *command, bool trap,
                          struct wast_outcome *ret)
{
    sw_auto_arena arena = SW_ARENA(1u << 20);
    struct wast_instance *instance = NULL;
    const struct codec_json *expected = codec_json_get(command, "expected");
    struct sw_str text = text_of(command, "text");
    int rc = 0;
    if (!act(script, codec_json_get(command, "action"), &arena, &instance, &rc, ret))
        return;
    if (rc == 0 && trap)
        verdict(ret, WAST_FAILED, "returned, expected the trap '" SW_FMT "'", SW_ARG(text));
    else if (rc == 0 && expected)
        compare(instance, expected, &arena, ret);
    else if (rc == 0)
        verdict(ret, WAST_PASSED, "%s", "");
    else if (!trap)
        verdict(ret, WAST_FAILED, "trapped: %s", instance->trap);
    else if (wast_message_fits(text, sw_str_of(instance->trap)))
        verdict(ret, WAST_PASSED, "%s", "");
    else
        verdict(ret, WAST_FAILED, "trapped with '%s', expected '" SW_FMT "'", instance->trap, SW_ARG(text));
}

/* ---- refusals ---- */

static void assert_refused(struct wast_script *script, const struct codec_json *command,
                           struct wast_outcome *ret)
{
    char path[1024];
    struct sw_err err = {.code = SW_OK};
    struct sw_str text = text_of(command, "text");
    struct wast_component *component = NULL;
    if (is_text(command)) {
        verdict(ret, WAST_SKIPPED, "in the text format, which this runtime does not read");
        return;
    }
    int rc = wast_component_load(script->engine, path_of(script, command, path), &component, &err);
    wast_component_free(component);
    if (rc == 0)
        verdict(ret, WAST_FAILED, "accepted, expected the refusal '" SW_FMT "'", SW_ARG(text));
    else if (wast_message_fits(text, sw_str_of(err.text)))
        verdict(ret, WAST_PASSED, "%s", "");
    else
        verdict(ret, WAST_FAILED, "refused with '%s', expected '" SW_FMT "'", err.text, SW_ARG(text));
}

static void assert_uninstantiable(struct wast_script *script, const struct codec_json *command,
                                  struct wast_outcome *ret)
{
    struct sw_str text = text_of(command, "text");
    struct wast_component *component = load(script, command, ret);
    struct wast_instance *instance = component ? instantiate(script, component, SW_LIT(""), ret) : NULL;
    if (!instance)
        return;
    if (!instance->ended)
        verdict(ret, WAST_FAILED, "instantiated, expected the trap '" SW_FMT "'", SW_ARG(text));
    else if (!wast_message_fits(text, sw_str_of(instance->trap)))
        verdict(ret, WAST_FAILED, "trapped with '%s', expected '" SW_FMT "'", instance->trap, SW_ARG(text));
}

void wast_directive(struct wast_script *script, const struct codec_json *command, struct wast_outcome *ret)
{
    struct sw_str type = text_of(command, "type");
    if (sw_str_eq(type, SW_LIT("module")))
        module(script, command, ret);
    else if (sw_str_eq(type, SW_LIT("module_definition")))
        (void)load(script, command, ret); /* remembered by the script */
    else if (sw_str_eq(type, SW_LIT("module_instance")))
        module_instance(script, command, ret);
    else if (sw_str_eq(type, SW_LIT("assert_return")) || sw_str_eq(type, SW_LIT("action")))
        assert_action(script, command, false, ret);
    else if (sw_str_eq(type, SW_LIT("assert_trap")))
        assert_action(script, command, true, ret);
    else if (sw_str_eq(type, SW_LIT("assert_invalid")) || sw_str_eq(type, SW_LIT("assert_malformed")))
        assert_refused(script, command, ret);
    else if (sw_str_eq(type, SW_LIT("assert_uninstantiable")))
        assert_uninstantiable(script, command, ret);
    else
        verdict(ret, WAST_SKIPPED, "the directive '" SW_FMT "' is not supported", SW_ARG(type));
}

void wast_script_end(struct wast_script *script)
{
    while (script->instances) {
        struct wast_instance *next = script->instances->next;
        wast_instance_free(script->instances);
        script->instances = next;
    }
    while (script->components) {
        struct wast_component *next = script->components->next;
        wast_component_free(script->components);
        script->components = next;
    }
}
