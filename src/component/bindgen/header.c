/* header.c - the declarations: <interface>.h, common.h, kinds.h.  Room: bindgen.
 *
 * A struct of a list, option, tuple or result is written the first time a type needs it: into common.h when it is made of primitives,
 * else into the interface's header, guarded, since another interface may need the same. */
#include "component/bindgen/bindgen.h"

static void need_struct(struct gen *g, const struct wit_type *type);

/* The header of the interface that defines `def` is needed: its types, its constants, its drop functions. */
static void need_header(struct gen *g, const struct wit_def *def, struct sw_buf *includes)
{
    const struct gen_interface *in = interface_of(g, def);
    if (!in || in == g->now || !once(g, &g->done, text(g, "#%s", in->file)))
        return;
    struct sw_buf *to = g->to;
    g->to = includes;
    emit(g, "#include \"%s/%s.h\"\n", g->include, in->file);
    g->to = to;
}

static void need_headers(struct gen *g, const struct wit_type *type, struct sw_buf *includes)
{
    type = wit_type_strip(type);
    if (type->def)
        need_header(g, type->def, includes);
    if (type->elem)
        need_headers(g, type->elem, includes);
    if (type->other)
        need_headers(g, type->other, includes);
    for (uint32_t i = 0; i < type->item_count; i++)
        need_headers(g, type->items[i], includes);
    if (type->kind == WIT_NAME && type->def && interface_of(g, type->def) == g->now)
        for (uint32_t i = 0; i < type->def->field_count; i++)
            if (type->def->fields[i].type)
                need_headers(g, type->def->fields[i].type, includes);
}

static bool only_primitives(const struct wit_type *type)
{
    type = wit_type_strip(type);
    if (type->def)
        return shape_of(type) == SHAPE_FLAGS; /* a uint32_t */
    if (type->elem && !only_primitives(type->elem))
        return false;
    if (type->other && !only_primitives(type->other))
        return false;
    for (uint32_t i = 0; i < type->item_count; i++)
        if (!only_primitives(type->items[i]))
            return false;
    return true;
}

static void members(struct gen *g, const struct wit_type *type)
{
    enum shape shape = shape_of(type);
    if (shape == SHAPE_LIST) {
        emit_line(g, "%s*items;", c_type(g, type->elem));
        emit_line(g, "size_t n;");
    } else if (shape == SHAPE_FIXED_LIST) {
        emit_line(g, "%sitems[%u];", c_type(g, type->elem), type->length);
    } else if (shape == SHAPE_OPTION) {
        emit_line(g, "bool has;");
        emit_line(g, "%svalue;", c_type(g, type->elem));
    } else if (shape == SHAPE_TUPLE) {
        for (uint32_t i = 0; i < part_count(type); i++)
            emit_line(g, "%sf%u;", c_type(g, part_type(type, i)), i);
    } else {
        emit_line(g, "bool is_err;");
        if (!type->elem && !type->other)
            return;
        emit_line(g, "union {");
        if (type->elem)
            emit_line(g, "%sok;", c_type(g, type->elem));
        if (type->other)
            emit_line(g, "%serr;", c_type(g, type->other));
        emit_line(g, "};");
    }
}

static void anonymous_struct(struct gen *g, const struct wit_type *type)
{
    const char *name = fragment(g, type);
    bool shared = only_primitives(type);
    if (!once(g, shared ? &g->common_done : &g->done, name))
        return;
    struct sw_buf *to = g->to;
    if (shared)
        g->to = &g->common;
    emit(g, "#ifndef HOST_TYPE_%s\n#define HOST_TYPE_%s\n", name, name); /* several headers may have it */
    emit_line(g, "struct host_%s {", name);
    members(g, type);
    emit_line(g, "};");
    emit(g, "#endif\n\n");
    g->to = to;
}

/* enum <name>_tag or enum <name>, with a constant per case. */
static void cases_enum(struct gen *g, const struct wit_def *def, const char *tag)
{
    emit_line(g, "enum host_%s%s {", def_name(g, def), tag);
    for (uint32_t i = 0; i < def->field_count; i++)
        emit_line(g, "HOST_%s_%s = %u,", def_upper(g, def), upper(g, def->fields[i].name), i);
    emit_line(g, "};");
}

static void variant_struct(struct gen *g, const struct wit_def *def)
{
    bool any = false;
    cases_enum(g, def, "_tag");
    emit_line(g, "struct host_%s {", def_name(g, def));
    emit_line(g, "enum host_%s_tag tag;", def_name(g, def));
    for (uint32_t i = 0; i < def->field_count; i++) {
        if (!def->fields[i].type)
            continue;
        if (!any)
            emit_line(g, "union {");
        any = true;
        emit_line(g, "%s%s;", c_type(g, def->fields[i].type), snake(g, def->fields[i].name));
    }
    if (any)
        emit_line(g, "};");
    emit_line(g, "};");
}

static void record_struct(struct gen *g, const struct wit_def *def)
{
    emit_line(g, "struct host_%s {", def_name(g, def));
    for (uint32_t i = 0; i < def->field_count; i++)
        emit_line(g, "%s%s;", c_type(g, def->fields[i].type), snake(g, def->fields[i].name));
    emit_line(g, "};");
}

static void need_def(struct gen *g, const struct wit_def *def)
{
    if (def->kind == WIT_DEF_RESOURCE || def->home->interface != g->now->wit ||
        !once(g, &g->done, text(g, "def %s", def_name(g, def))))
        return;
    if (def->kind == WIT_DEF_ALIAS) {
        need_struct(g, def->type);
        return;
    }
    for (uint32_t i = 0; i < def->field_count; i++)
        if (def->fields[i].type)
            need_struct(g, def->fields[i].type);
    emit(g, "/* " SW_FMT " */\n", SW_ARG(def->name));
    if (def->kind == WIT_DEF_RECORD)
        record_struct(g, def);
    else if (def->kind == WIT_DEF_VARIANT)
        variant_struct(g, def);
    else if (def->kind == WIT_DEF_ENUM)
        cases_enum(g, def, "");
    else
        for (uint32_t i = 0; i < def->field_count; i++)
            emit(g, "#define HOST_%s_%s (1u << %u)\n", def_upper(g, def), upper(g, def->fields[i].name), i);
    emit(g, "\n");
}

static void need_struct(struct gen *g, const struct wit_type *type)
{
    if (g->rc < 0)
        return;
    type = wit_type_strip(type);
    if (type->kind == WIT_NAME) {
        need_def(g, type->def);
        return;
    }
    if (type->elem)
        need_struct(g, type->elem);
    if (type->other)
        need_struct(g, type->other);
    for (uint32_t i = 0; i < type->item_count; i++)
        need_struct(g, type->items[i]);
    enum shape shape = shape_of(type);
    if (shape == SHAPE_LIST || shape == SHAPE_FIXED_LIST || shape == SHAPE_OPTION || shape == SHAPE_TUPLE ||
        shape == SHAPE_RESULT)
        anonymous_struct(g, type);
}

bool func_splits_result(const struct wit_func *func)
{
    return func->result && shape_of(func->result) == SHAPE_RESULT;
}

static const char *opening(struct gen *g, const struct wit_func *func, enum form form)
{
    const char *name = func_name(g, g->now, func);
    if (form == FORM_PLAIN)
        return text(g, "int %s(struct component_call *call", name);
    return text(g, "int %s_%s(struct component_call *call, struct component_operation *operation", name,
                form == FORM_START ? "start" : "poll");
}

/* int <name>(struct component_call *call, ..., T *ret, E *ret_error), broken into lines that a person can read. */
void signature(struct gen *g, const struct wit_func *func, enum form form)
{
    const char *line = opening(g, func, form);
    const struct wit_type *result = func_splits_result(func) ? wit_type_strip(func->result) : NULL;
    uint32_t params = form == FORM_POLL ? 0 : func->param_count;
    const char *parts[3] = {0};
    if (result && result->elem)
        parts[0] = text(g, "%s*ret", c_type(g, result->elem));
    if (result && result->other)
        parts[1] = text(g, "%s*ret_error", c_type(g, result->other));
    if (func->result && !result)
        parts[2] = text(g, "%s*ret", c_type(g, func->result));
    for (uint32_t i = 0; i < params + 3; i++) {
        const char *part =
            i < params ? text(g, "%s%s", c_type(g, func->params[i].type), param_name(g, func->params[i].name))
                       : parts[i - params];
        if (!part)
            continue;
        bool fits = strlen(line) + strlen(part) < 116;
        if (!fits)
            emit(g, "%s,\n", line);
        line = fits ? text(g, "%s, %s", line, part) : text(g, "    %s", part);
    }
    emit(g, "%s)", line);
}

static void func_structs(struct gen *g, const struct wit_func *func)
{
    for (uint32_t i = 0; i < func->param_count; i++)
        need_struct(g, func->params[i].type);
    if (!func->result)
        return;
    const struct wit_type *result = wit_type_strip(func->result);
    if (!func_splits_result(func)) {
        need_struct(g, result);
        return;
    }
    if (result->elem)
        need_struct(g, result->elem);
    if (result->other)
        need_struct(g, result->other);
}

/* A type as a person would write it: named types by their names; NULL: an absent payload. */
static const char *wit_text(struct gen *g, const struct wit_type *type)
{
    static const char *const HOLDERS[] = {[WIT_LIST] = "list",
                                          [WIT_OPTION] = "option",
                                          [WIT_RESULT] = "result",
                                          [WIT_STREAM] = "stream",
                                          [WIT_FUTURE] = "future"};
    if (!type)
        return "_";
    if (type->kind == WIT_NAME || (type->kind == WIT_OWN && type->is_bare))
        return text(g, SW_FMT, SW_ARG(type->name));
    if (type->kind == WIT_OWN || type->kind == WIT_BORROW)
        return text(g, "%s<" SW_FMT ">", type->kind == WIT_OWN ? "own" : "borrow", SW_ARG(type->name));
    if (!type->elem && !type->other && type->kind != WIT_TUPLE)
        return type->kind == WIT_RESULT || type->kind == WIT_STREAM || type->kind == WIT_FUTURE
                   ? HOLDERS[type->kind]
                   : walk_name(g, type);
    if (type->kind == WIT_RESULT && type->other)
        return text(g, "result<%s, %s>", wit_text(g, type->elem), wit_text(g, type->other));
    if (type->kind == WIT_FIXED_LIST)
        return text(g, "list<%s, %u>", wit_text(g, type->elem), type->length);
    if (type->kind != WIT_TUPLE)
        return text(g, "%s<%s>", HOLDERS[type->kind], wit_text(g, type->elem));
    const char *items = "";
    for (uint32_t i = 0; i < type->item_count; i++)
        items = text(g, "%s%s%s", items, i ? ", " : "", wit_text(g, type->items[i]));
    return text(g, "tuple<%s>", items);
}

static void func_comment(struct gen *g, const struct wit_func *func)
{
    emit(g, "/* " SW_FMT ": %sfunc(", SW_ARG(func->full_name), func->is_async ? "async " : "");
    for (uint32_t i = func->kind == WIT_FUNC_METHOD; i < func->param_count; i++)
        emit(g, "%s" SW_FMT ": %s", i > (func->kind == WIT_FUNC_METHOD) ? ", " : "",
             SW_ARG(func->params[i].name), wit_text(g, func->params[i].type));
    emit(g, ")");
    if (func->result)
        emit(g, " -> %s", wit_text(g, func->result));
    emit(g, " */\n");
}

static void declarations(struct gen *g)
{
    const struct wit_interface *in = g->now->wit;
    for (uint32_t i = 0; i < in->func_count; i++) {
        const struct wit_func *func = in->funcs[i];
        bool polls = func_polls(g, func, g->now);
        func_comment(g, func);
        signature(g, func, polls ? FORM_START : FORM_PLAIN);
        emit(g, " SW_MUST_CHECK;\n");
        if (polls) {
            signature(g, func, FORM_POLL);
            emit(g, " SW_MUST_CHECK;\nvoid %s_cancel(struct component_operation *operation);\n",
                 func_name(g, g->now, func));
        }
        emit(g, "\n");
    }
    bool any = false;
    for (uint32_t i = 0; i < in->home.def_count; i++) {
        if (in->home.defs[i]->kind != WIT_DEF_RESOURCE)
            continue;
        if (!any)
            emit(g, "/* The owned handle went away; owner is component_store_owner. */\n");
        any = true;
        emit(g, "void host_%s_drop(void *owner, void *object);\n", def_name(g, in->home.defs[i]));
    }
    emit(g, "%sextern const struct component_host_interface %sinterface;\n", any ? "\n" : "", g->now->prefix);
}

static void all_headers(struct gen *g, struct sw_buf *includes)
{
    const struct wit_interface *in = g->now->wit;
    for (uint32_t i = 0; i < in->home.def_count; i++) {
        const struct wit_def *def = in->home.defs[i];
        if (def->kind == WIT_DEF_ALIAS)
            need_headers(g, def->type, includes);
        if (def->kind == WIT_DEF_USE && resource_of(def))
            need_header(g, resource_of(def), includes);
        for (uint32_t k = 0; k < def->field_count; k++)
            if (def->fields[k].type)
                need_headers(g, def->fields[k].type, includes);
    }
    for (uint32_t i = 0; i < in->func_count; i++) {
        for (uint32_t k = 0; k < in->funcs[i]->param_count; k++)
            need_headers(g, in->funcs[i]->params[k].type, includes);
        if (in->funcs[i]->result)
            need_headers(g, in->funcs[i]->result, includes);
    }
}

void header(struct gen *g, struct sw_buf *out)
{
    const struct wit_interface *in = g->now->wit;
    const struct wit_package *package = in->home.package;
    g->to = out;
    emit(g,
         "/* %s.h - " SW_FMT "%s" SW_FMT ".  Room: host.  Generated from wit/ by bindgen: do not edit. */\n",
         g->now->file, SW_ARG(in->full_name), package->version.n ? "@" : "", SW_ARG(package->version));
    emit(g, "#ifndef SW_GEN_HOST_%s_H\n#define SW_GEN_HOST_%s_H\n\n", g->now->upper, g->now->upper);
    emit(g, "#include \"component/host.h\"\n#include \"%s/common.h\"\n", g->include);
    all_headers(g, out);
    emit(g, "\n");
    bool any = false;
    for (uint32_t i = 0; i < in->home.def_count; i++) {
        if (in->home.defs[i]->kind != WIT_DEF_RESOURCE)
            continue;
        any = true;
        emit(g, "struct host_%s;\n", def_name(g, in->home.defs[i]));
    }
    if (any)
        emit(g, "\n");
    for (uint32_t i = 0; i < in->home.def_count; i++)
        if (in->home.defs[i]->kind != WIT_DEF_USE)
            need_def(g, in->home.defs[i]);
    for (uint32_t i = 0; i < in->func_count; i++)
        func_structs(g, in->funcs[i]);
    declarations(g);
    emit(g, "\n#endif\n");
}

void common_header(struct gen *g, struct sw_buf *out)
{
    g->to = out;
    emit(g, "/* common.h - types that several interfaces share.  Room: host.  Generated from wit/ by "
            "bindgen: do not edit. */\n");
    const char *up = upper(g, sw_str_of(g->prefix)), *mark = g->prefix[0] ? "_" : "";
    emit(g, "#ifndef SW_GEN_HOST_%s%sCOMMON_H\n#define SW_GEN_HOST_%s%sCOMMON_H\n\n", up, mark, up, mark);
    emit(g, "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n#include \"base/str.h\"\n\n");
    emit(g,
         "#ifndef HOST_WIT_ERROR\n#define HOST_WIT_ERROR 1 /* a function whose result is result<T, E>: "
         "*ret_error "
         "is filled, not *ret */\n"
         "#define HOST_NOT_YET 2 /* a start or poll: component_operation_wake will be called */\n"
         "#define HOST_OPERATION_BYTES %u /* of component_operation_state */\n#endif\n\n",
         BINDGEN_OPERATION_BYTES);
    if (g->rc == 0)
        g->rc = sw_buf_add(out, sw_buf_str(&g->common), g->err);
    emit(g, "#endif\n");
}

void kinds_header(struct gen *g, struct sw_buf *out)
{
    uint32_t kind = (uint32_t)g->kinds_before;
    const char *up = upper(g, sw_str_of(g->prefix)), *mark = g->prefix[0] ? "_" : "";
    g->to = out;
    emit(g, "/* kinds.h - the numbers of the host's resources.  Room: host.  Generated from wit/ by bindgen: "
            "do not edit. */\n");
    emit(g, "#ifndef SW_GEN_HOST_%s%sKINDS_H\n#define SW_GEN_HOST_%s%sKINDS_H\n\n", up, mark, up, mark);
    emit(g, "enum host_%s%skind {\n    HOST_%s%sKIND_NONE = 0,\n", g->prefix, mark, up, mark);
    for (uint32_t i = 0; i < g->interface_count; i++) {
        const struct wit_interface *in = g->interfaces[i].wit;
        for (uint32_t k = 0; k < in->home.def_count; k++)
            if (in->home.defs[k]->kind == WIT_DEF_RESOURCE)
                emit(g, "    %s = %u,\n", kind_name(g, in->home.defs[k]), ++kind);
    }
    emit(g, "    HOST_%s%sKIND_COUNT\n};\n\n#endif\n", up, mark);
}
