/* source.c - <interface>.c: a callback per function, and the interface's tables.  Room: bindgen. */
#include "component/bindgen/bindgen.h"

static const char *arg(struct gen *g, uint32_t i)
{
    return text(g, "arg%u", i);
}

static bool takes_own(const struct wit_func *func)
{
    for (uint32_t i = 0; i < func->param_count; i++)
        if (has_own(func->params[i].type))
            return true;
    return false;
}

static uint32_t flat_params(const struct wit_func *func)
{
    return params_layout(func).flat;
}

static uint32_t flat_results(const struct wit_func *func)
{
    return func->result ? layout_of(func->result).flat : 0;
}

/* The value that a split result holds in `ret` (ok) or `ret_error`; NULL when it has none. */
static const struct wit_type *split(const struct wit_func *func, bool error)
{
    const struct wit_type *result = wit_type_strip(func->result);
    return error ? result->other : result->elem;
}

static void locals(struct gen *g, const struct wit_func *func, enum form form)
{
    emit_line(g, "int rc = 0;");
    for (uint32_t i = 0; form != FORM_POLL && i < func->param_count; i++)
        emit_line(g, "%sarg%u = %s;", c_type(g, func->params[i].type), i, c_zero(func->params[i].type));
    if (form != FORM_POLL && flat_params(func) > BINDGEN_FLAT_PARAMS_MAX)
        emit_line(g, "uint8_t *params = NULL;");
    if (!func->result)
        return;
    if (flat_results(func) > BINDGEN_FLAT_RESULTS_MAX) {
        emit_line(g, "uint8_t *area = NULL;");
        emit_line(g, "uint32_t at = vals[%u].u32;",
                  flat_params(func) <= BINDGEN_FLAT_PARAMS_MAX ? flat_params(func) : 1);
        if (func_splits_result(func))
            emit_line(g, "bool failed = false;");
    }
    if (!func_splits_result(func)) {
        emit_line(g, "%sret = %s;", c_type(g, func->result), c_zero(func->result));
        return;
    }
    if (split(func, false))
        emit_line(g, "%sret = %s;", c_type(g, split(func, false)), c_zero(split(func, false)));
    if (split(func, true))
        emit_line(g, "%sret_error = %s;", c_type(g, split(func, true)), c_zero(split(func, true)));
}

static void lift_params(struct gen *g, const struct wit_func *func)
{
    struct layout all = params_layout(func);
    g->fail = takes_own(func) ? "goto fail_lift" : "return rc";
    if (all.flat <= BINDGEN_FLAT_PARAMS_MAX) {
        uint32_t slot = 0;
        for (uint32_t i = 0; i < func->param_count; i++)
            slot = lift_flat(g, func->params[i].type, slot, arg(g, i));
        return;
    }
    emit_line(g, "rc = component_mem_range(call, vals[0].u32, %u, %u, &params);", all.size, all.align);
    emit_line(g, "if (rc < 0)");
    emit_line(g, "    return rc;");
    for (uint32_t i = 0; i < func->param_count; i++)
        lift_memory(g, func->params[i].type, "params", param_offset(func, i), arg(g, i));
}

static void call(struct gen *g, const struct wit_func *func, enum form form)
{
    static const char *const SUFFIX[] = {"(call", "_start(call, operation", "_poll(call, operation"};
    for (uint32_t i = 0; i < g->indent; i++)
        emit(g, "    ");
    emit(g, "rc = %s%s", func_name(g, g->now, func), SUFFIX[form]);
    for (uint32_t i = 0; form != FORM_POLL && i < func->param_count; i++)
        emit(g, ", arg%u", i);
    if (func_splits_result(func))
        emit(g, "%s%s", split(func, false) ? ", &ret" : "", split(func, true) ? ", &ret_error" : "");
    else if (func->result)
        emit(g, ", &ret");
    emit(g, ");\n");
    emit_line(g, "if (rc < 0)");
    emit_line(g, "    return rc;");
    if (form != FORM_PLAIN) {
        emit_line(g, "if (rc == HOST_NOT_YET)");
        emit_line(g, "    return SW_WAIT;");
    }
    if (!func_splits_result(func)) {
        emit_line(g, "if (rc > 0)");
        emit_line(g, "    return component_trap(call, \"the host's " SW_FMT " gave %%d\", rc);",
                  SW_ARG(func->full_name));
    }
}

/* Both sides of a result<T, E>, behind the range check of the return area at `at`. */
static void lower_split(struct gen *g, const struct wit_func *func)
{
    uint32_t payload = payload_offset(func->result);
    tag_memory(g, 1, "at", 0, "failed");
    for (int error = 0; error < 2; error++) {
        const struct wit_type *value = split(func, error);
        if (!value)
            continue;
        emit_line(g, "if (%sfailed) {", error ? "" : "!");
        lower_memory(g, value, "at", payload, error ? "ret_error" : "ret");
        emit_line(g, "}");
    }
}

static bool result_owns(const struct wit_func *func)
{
    return func->result && has_own(func->result);
}

static void lower_result(struct gen *g, const struct wit_func *func)
{
    uint32_t flat = flat_results(func);
    g->fail = result_owns(func) ? "goto fail_lower" : "return rc";
    if (flat == 0)
        return;
    if (flat <= BINDGEN_FLAT_RESULTS_MAX) {
        if (func_splits_result(func))
            emit_line(g, "vals[0].u32 = rc > 0;");
        else
            lower_flat(g, func->result, "ret");
        return;
    }
    struct layout area = layout_of(func->result);
    if (func_splits_result(func))
        emit_line(g, "failed = rc > 0;");
    emit_line(g, "rc = component_mem_range(call, at, %u, %u, &area);", area.size, area.align);
    emit_line(g, "if (rc < 0)");
    emit_line(g, "    %s;", g->fail);
    if (func_splits_result(func))
        lower_split(g, func);
    else
        lower_memory(g, func->result, "at", 0, "ret");
}

static void release_params(struct gen *g, const struct wit_func *func)
{
    emit(g, "fail_lift:\n");
    emit_line(g, "{");
    emit_line(g, "void *owner = component_call_owner(call);");
    for (uint32_t i = 0; i < func->param_count; i++)
        release(g, func->params[i].type, arg(g, i));
    emit_line(g, "}");
    emit_line(g, "return rc;");
}

static void release_result(struct gen *g, const struct wit_func *func)
{
    emit(g, "fail_lower:\n");
    emit_line(g, "{");
    emit_line(g, "void *owner = component_call_owner(call);");
    if (!func_splits_result(func)) {
        release(g, func->result, "ret");
    } else { /* the side that does not hold is all zero */
        if (split(func, false))
            release(g, split(func, false), "ret");
        if (split(func, true))
            release(g, split(func, true), "ret_error");
    }
    emit_line(g, "}");
    emit_line(g, "return rc;");
}

static const char *callback_name(struct gen *g, const struct wit_func *func)
{
    const char *full = func_name(g, g->now, func);
    return text(g, "call_%s", full + strlen(g->now->prefix) * (g->rc == 0));
}

static void callback(struct gen *g, const struct wit_func *func, enum form form)
{
    static const char *const SUFFIX[] = {"", "_start", "_poll"};
    emit(g, "/* " SW_FMT " */\n", SW_ARG(func->full_name));
    emit_line(g, "static int %s%s(struct component_call *call, %sunion engine_val *vals)",
              callback_name(g, func), SUFFIX[form],
              form == FORM_PLAIN ? "" : "struct component_operation *operation, ");
    emit_line(g, "{");
    g->temp = 0;
    locals(g, func, form);
    if (form != FORM_POLL)
        lift_params(g, func);
    call(g, func, form);
    lower_result(g, func);
    emit_line(g, "(void)vals; /* not needed by functions without arguments and results */");
    emit_line(g, "return 0;");
    if (form != FORM_POLL && takes_own(func))
        release_params(g, func);
    if (result_owns(func))
        release_result(g, func);
    emit_line(g, "}");
    emit(g, "\n");
}

static void callbacks(struct gen *g, const struct wit_func *func)
{
    if (!func_polls(g, func, g->now)) {
        callback(g, func, FORM_PLAIN);
        return;
    }
    const char *name = callback_name(g, func);
    callback(g, func, FORM_START);
    callback(g, func, FORM_POLL);
    emit(g,
         "static const struct component_host_waits %s_waits = {HOST_OPERATION_BYTES, %s_start, %s_poll,\n    "
         "%s_cancel};\n\n",
         name, name, name, func_name(g, g->now, func));
}

static void needs(struct gen *g, const struct wit_func *func)
{
    for (uint32_t i = 0; i < func->param_count; i++) {
        const struct wit_type *type = wit_type_strip(func->params[i].type);
        if (flat_params(func) <= BINDGEN_FLAT_PARAMS_MAX)
            need_load_flat(g, type);
        else
            need_load(g, type);
        need_release(g, type);
    }
    if (!func->result)
        return;
    const struct wit_type *result = wit_type_strip(func->result);
    if (!func_splits_result(func)) {
        if (layout_of(result).flat > BINDGEN_FLAT_RESULTS_MAX)
            need_store(g, result);
        need_release(g, result);
        return;
    }
    for (int error = 0; error < 2; error++) {
        if (!split(func, error))
            continue;
        need_store(g, split(func, error));
        need_release(g, split(func, error));
    }
}

static void func_row(struct gen *g, const struct wit_func *func)
{
    sw_auto_buf type = SW_BUF(BINDGEN_LINE_BYTES_MAX);
    if (g->rc == 0)
        g->rc = wit_func_print(func, &type, g->err);
    if (type.n > BINDGEN_LITERAL_BYTES_MAX)
        gen_fail(g, &func->pos, "the type of '" SW_FMT "' has %zu bytes as text; at most %d fit a C string",
                 SW_ARG(func->full_name), type.n, BINDGEN_LITERAL_BYTES_MAX);
    const char *name = callback_name(g, func);
    bool polls = func_polls(g, func, g->now);
    emit(g, "    {\"" SW_FMT "\",\n     \"" SW_FMT "\",\n     %s, %s},\n", SW_ARG(func->full_name),
         SW_ARG(sw_buf_str(&type)), polls ? "NULL" : name, polls ? text(g, "&%s_waits", name) : "NULL");
}

/* Every name by which the interface exports a resource: its own, those it uses, and aliases of both. */
static uint32_t resource_rows(struct gen *g)
{
    const struct wit_interface *in = g->now->wit;
    uint32_t n = 0;
    for (uint32_t i = 0; i < in->home.def_count; i++) {
        const struct wit_def *resource = resource_of(in->home.defs[i]);
        if (!resource)
            continue;
        if (n++ == 0)
            emit(g, "static const struct component_host_resource resources[] = {\n");
        emit(g, "    {\"" SW_FMT "\", %s, host_%s_drop},\n", SW_ARG(in->home.defs[i]->name),
             kind_name(g, resource), def_name(g, resource));
    }
    if (n)
        emit(g, "};\n\n");
    return n;
}

static void tables(struct gen *g)
{
    const struct wit_interface *in = g->now->wit;
    if (in->func_count)
        emit(g, "static const struct component_host_func funcs[] = {\n");
    for (uint32_t i = 0; i < in->func_count; i++)
        func_row(g, in->funcs[i]);
    if (in->func_count)
        emit(g, "};\n\n");
    uint32_t resources = resource_rows(g);
    emit(g,
         "const struct component_host_interface %sinterface = {\n    \"" SW_FMT "\", \"" SW_FMT
         "\",\n    %s, %u, %s, %u,\n};\n",
         g->now->prefix, SW_ARG(in->full_name), SW_ARG(in->home.package->version),
         in->func_count ? "funcs" : "NULL", in->func_count, resources ? "resources" : "NULL", resources);
}

void source(struct gen *g, struct sw_buf *out)
{
    const struct wit_interface *in = g->now->wit;
    g->to = out;
    emit(g,
         "/* %s.c - lifts, calls and lowers for " SW_FMT
         ".  Room: host.  Generated from wit/ by bindgen: do not edit. */\n",
         g->now->file, SW_ARG(in->full_name));
    emit(g, "#include \"%s/%s.h\"\n#include \"%s/kinds.h\"\n\n", g->include, g->now->file, g->include);
    for (uint32_t i = 0; i < in->func_count; i++)
        needs(g, in->funcs[i]);
    for (uint32_t i = 0; i < in->func_count; i++)
        callbacks(g, in->funcs[i]);
    tables(g);
}
