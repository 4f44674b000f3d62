/* validate_canon.c - canonical definitions: options, core types, built-ins.  Room: component.
 *
 * Source: CanonicalABI.md, "Canonical Definitions" and the Validation part of each. Options and operands of asynchronous built-ins are
 * checked like all others; whether they can be run is the linker's business. */
#include <stdio.h>

#include "component/link.h"
#include "component/validate.h"

struct canon {
    struct v_scope *scope;
    const struct component_canon *def;
    const struct component_canon_options *options;
    uint8_t pointer; /* core type of addresses in the memory option: ENGINE_I32 or ENGINE_I64 */
};

/* ---- options ---- */

static bool functype_is(const struct engine_functype *func, const char *params,
                        const char *results) /* i: i32, l: i64 */
{
    if (func->param_count != strlen(params) || func->result_count != strlen(results))
        return false;
    for (uint32_t i = 0; i < func->param_count; i++)
        if (func->params[i].code != (params[i] == 'i' ? ENGINE_I32 : ENGINE_I64))
            return false;
    for (uint32_t i = 0; i < func->result_count; i++)
        if (func->results[i].code != (results[i] == 'i' ? ENGINE_I32 : ENGINE_I64))
            return false;
    return true;
}

static int check_memory(struct v *v, const struct v_scope *scope, uint32_t index)
{
    const struct engine_limits_type *memory = component__v_get(scope, COMPONENT_SORT_CORE_MEMORY, index);
    if (memory->shared)
        return component__v_bad(v, "mismatch in the shared flag for memories");
    return 0;
}

static uint8_t pointer_of(const struct v_scope *scope, const struct component_canon *def)
{
    bool operand =
        strncmp(def->name, "waitable-set.", 13) == 0; /* those with a memory have it as an operand */
    if (!operand && !def->options.has_memory)
        return ENGINE_I32;
    uint32_t index = operand ? def->memory : def->options.memory;
    if (index >= scope->counts[COMPONENT_SORT_CORE_MEMORY])
        return ENGINE_I32; /* an operand that this one does not have */
    const struct engine_limits_type *memory = component__v_get(scope, COMPONENT_SORT_CORE_MEMORY, index);
    return memory->is_64 ? ENGINE_I64 : ENGINE_I32;
}

static int check_options(struct v *v, const struct canon *canon)
{
    const struct component_canon_options *options = canon->options;
    int rc = options->has_memory ? check_memory(v, canon->scope, options->memory) : 0;
    if (rc == 0 && options->has_realloc) {
        bool wide = canon->pointer == ENGINE_I64;
        if (!functype_is(component__v_get(canon->scope, COMPONENT_SORT_CORE_FUNC, options->realloc),
                         wide ? "llll" : "iiii", wide ? "l" : "i"))
            return component__v_bad(
                v, "canonical option `realloc` uses a core function with an incorrect signature");
        if (!options->has_memory)
            return component__v_bad(v, "canonical option `realloc` requires `memory` to also be specified");
    }
    if (rc == 0 && options->has_callback && !options->is_async)
        return component__v_bad(v, "cannot specify callback without async");
    if (rc == 0 && options->has_post_return && options->is_async)
        return component__v_bad(v, "cannot specify post-return function in async");
    return rc;
}

static int check_lower_options(struct v *v, const struct canon *canon)
{
    if (canon->options->has_post_return)
        return component__v_bad(v, "canonical option `post-return` cannot be specified for lowerings");
    if (canon->options->has_callback)
        return component__v_bad(v, "canonical option `callback` cannot be specified for lowerings");
    return 0;
}

static int require_memory(struct v *v, const struct canon *canon, bool needed)
{
    return needed && !canon->options->has_memory
               ? component__v_bad(v, "canonical option `memory` is required")
               : 0;
}

static int require_realloc(struct v *v, const struct canon *canon, bool needed)
{
    int rc = require_memory(v, canon, needed);
    if (rc == 0 && needed && !canon->options->has_realloc)
        return component__v_bad(v, "canonical option `realloc` is required");
    return rc;
}

/* ---- core types ---- */

static bool pointer_in(const struct v *v, uint32_t type)
{
    return type != COMPONENT_NO_TYPE && component_type_of(v->types, type)->has_pointer;
}

static bool params_pointer(const struct v *v, const struct component_func_type *func)
{
    for (uint32_t i = 0; i < func->param_count; i++)
        if (pointer_in(v, func->params[i].type))
            return true;
    return false;
}

/* The flat form with 64-bit addresses: as types.h has it, but strings and lists are two i64, which changes what variants join to. */
struct wide {
    uint8_t codes[COMPONENT_FLAT_MAX];
    uint32_t count;
};

static void wide_add(struct wide *wide, uint8_t code)
{
    if (wide->count < COMPONENT_FLAT_MAX)
        wide->codes[wide->count] = code;
    wide->count++; /* beyond the end: spilled, only the number matters */
}

static uint8_t join(uint8_t a, uint8_t b)
{
    if (a == b)
        return a;
    bool narrow = (a == ENGINE_I32 || a == ENGINE_F32) && (b == ENGINE_I32 || b == ENGINE_F32);
    return narrow ? ENGINE_I32 : ENGINE_I64;
}

static void wide_type(const struct v *v, uint32_t number, struct wide *ret);

static void wide_cases(const struct v *v, const struct component_type *type, struct wide *ret)
{
    struct wide joined = {.count = 0};
    for (uint32_t i = 0; i < type->case_count; i++) {
        struct wide one = {.count = 0};
        if (type->cases[i].type != COMPONENT_NO_TYPE)
            wide_type(v, type->cases[i].type, &one);
        for (uint32_t j = 0; j < one.count && j < COMPONENT_FLAT_MAX; j++)
            joined.codes[j] = j < joined.count ? join(joined.codes[j], one.codes[j]) : one.codes[j];
        if (one.count > joined.count)
            joined.count = one.count;
    }
    wide_add(ret, ENGINE_I32);
    for (uint32_t j = 0; j < joined.count; j++)
        wide_add(ret, joined.codes[j < COMPONENT_FLAT_MAX ? j : 0]);
}

static void wide_type(const struct v *v, uint32_t number, struct wide *ret) /* as deep as types are */
{
    const struct component_type *type = component_type_of(v->types, number);
    if (!type->has_pointer || type->flat_count > COMPONENT_FLAT_MAX) {
        for (uint32_t i = 0; i < type->flat_count; i++)
            wide_add(ret, type->flat[i < COMPONENT_FLAT_MAX ? i : 0]);
    } else if (type->kind == COMPONENT_STRING || type->kind == COMPONENT_LIST) {
        wide_add(ret, ENGINE_I64);
        wide_add(ret, ENGINE_I64);
    } else if (type->kind == COMPONENT_FIXED_LIST) {
        for (uint32_t i = 0; i < type->length && ret->count <= COMPONENT_FLAT_MAX; i++)
            wide_type(v, type->elem, ret);
    } else if (type->kind == COMPONENT_RECORD || type->kind == COMPONENT_TUPLE) {
        for (uint32_t i = 0; i < type->case_count; i++)
            wide_type(v, type->cases[i].type, ret);
    } else {
        wide_cases(v, type, ret);
    }
}

/* The core type of a function, synchronous; the numbers of values are the same for both widths. */
static void flat_of(const struct v *v, const struct canon *canon, const struct component_func_type *func,
                    bool lower, struct link_flat *ret)
{
    component__flat_of(v->types, func, lower, ret);
    if (canon->pointer == ENGINE_I32)
        return;
    struct wide params = {.count = 0};
    for (uint32_t i = 0; i < func->param_count && func->flat_param_count <= COMPONENT_FLAT_MAX; i++)
        wide_type(v, func->params[i].type, &params);
    memcpy(ret->params, params.codes, params.count);
    if (func->flat_param_count > COMPONENT_FLAT_MAX)
        ret->params[0] = ENGINE_I64;
    if (func->flat_result_count > 1 && lower)
        ret->params[ret->param_count - 1] = ENGINE_I64;
    else if (func->flat_result_count > 1)
        ret->results[0] = ENGINE_I64;
}

static int lift_flat(struct v *v, const struct canon *canon, const struct component_func_type *func,
                     struct link_flat *ret)
{
    bool spilled = func->flat_param_count > COMPONENT_FLAT_MAX;
    int rc = require_realloc(v, canon, spilled || params_pointer(v, func));
    flat_of(v, canon, func, false, ret);
    if (canon->options->is_async) {
        component__flat_lift_async(canon->options->has_callback, ret);
        if (rc < 0)
            return rc; /* the result leaves by task.return, as parameters would */
        return require_memory(v, canon,
                              func->flat_result_count > COMPONENT_FLAT_MAX || pointer_in(v, func->result));
    }
    return rc < 0 ? rc : require_memory(v, canon, func->flat_result_count > 1 || pointer_in(v, func->result));
}

static int lower_flat(struct v *v, const struct canon *canon, const struct component_func_type *func,
                      struct link_flat *ret)
{
    bool is_async = canon->options->is_async;
    bool spilled = func->flat_param_count > (is_async ? COMPONENT_ASYNC_FLAT_MAX : COMPONENT_FLAT_MAX);
    bool returned = func->flat_result_count > (is_async ? 0 : 1); /* through memory */
    int rc = require_memory(v, canon, spilled || returned || params_pointer(v, func));
    if (rc == 0)
        rc = require_realloc(v, canon, pointer_in(v, func->result));
    flat_of(v, canon, func, true, ret);
    if (is_async)
        component__flat_lower_async(func, canon->pointer, ret);
    return rc;
}

struct text {
    char p[200];
    size_t n;
};

static void add_code(struct text *text, uint32_t i, uint8_t code)
{
    const char *name = code == ENGINE_I32    ? "I32"
                       : code == ENGINE_I64  ? "I64"
                       : code == ENGINE_F32  ? "F32"
                       : code == ENGINE_F64  ? "F64"
                       : code == ENGINE_V128 ? "V128"
                                             : "Ref";
    int n = snprintf(text->p + text->n, sizeof text->p - text->n, "%s%s", i ? ", " : "", name);
    text->n += n < 0 ? 0 : (size_t)n;
    if (text->n >= sizeof text->p)
        text->n = sizeof text->p - 1;
}

static int lift_differs(struct v *v, const struct canon *canon, const uint8_t *flat, uint32_t flat_count,
                        const struct engine_valtype *types, uint32_t count)
{
    bool params = types == ((const struct engine_functype *)component__v_get(
                                canon->scope, COMPONENT_SORT_CORE_FUNC, canon->def->func))
                               ->params;
    bool same = flat_count == count;
    for (uint32_t i = 0; same && i < count; i++)
        same = types[i].code == flat[i];
    if (same)
        return 0;
    struct text want = {.n = 0}, got = {.n = 0};
    for (uint32_t i = 0; i < flat_count; i++)
        add_code(&want, i, flat[i]);
    for (uint32_t i = 0; i < count; i++)
        add_code(&got, i, types[i].code);
    const char *side = params ? "parameter" : "result";
    return component__v_bad(v, "lowered %s types `[%s]` do not match %s types `[%s]` of core function %u",
                            side, want.p, side, got.p, canon->def->func);
}

static int core_func(struct v *v, const struct canon *canon, const struct link_flat *flat)
{
    struct engine_functype *func = V_NEW(v, struct engine_functype);
    struct engine_valtype *params = V_ARRAY(v, flat->param_count, struct engine_valtype);
    struct engine_valtype *results = V_ARRAY(v, flat->result_count, struct engine_valtype);
    if (!func || !params || !results)
        return v->rc;
    for (uint32_t i = 0; i < flat->param_count; i++)
        params[i].code = flat->params[i];
    for (uint32_t i = 0; i < flat->result_count; i++)
        results[i].code = flat->results[i];
    *func = (struct engine_functype){params, results, flat->param_count, flat->result_count, true};
    component__v_define(canon->scope, COMPONENT_SORT_CORE_FUNC, func);
    return 0;
}

/* ---- lift, lower ---- */

static int check_asyncness(struct v *v, const struct canon *canon, const struct vt *type)
{
    if (canon->options->is_async && !type->is_async)
        return component__v_bad(v, "the `async` canonical option requires an async function type");
    return 0;
}

static int lift_hooks(struct v *v, const struct canon *canon, const struct engine_functype *callee)
{
    const struct component_canon_options *options = canon->options;
    if (options->has_post_return) {
        const struct engine_functype *after =
            component__v_get(canon->scope, COMPONENT_SORT_CORE_FUNC, options->post_return);
        bool fits = after->result_count == 0 && after->param_count == callee->result_count;
        for (uint32_t i = 0; fits && i < after->param_count; i++)
            fits = after->params[i].code == callee->results[i].code;
        if (!fits)
            return component__v_bad(
                v, "canonical option `post-return` uses a core function with an incorrect signature");
    }
    if (options->has_callback &&
        !functype_is(component__v_get(canon->scope, COMPONENT_SORT_CORE_FUNC, options->callback), "iii", "i"))
        return component__v_bad(
            v, "canonical option `callback` uses a core function with an incorrect signature");
    return 0;
}

static int lift(struct v *v, const struct canon *canon)
{
    struct link_flat flat;
    const struct vt *type = component__v_type(canon->scope, canon->def->type);
    const struct engine_functype *callee =
        component__v_get(canon->scope, COMPONENT_SORT_CORE_FUNC, canon->def->func);
    if (type->kind != VT_FUNC)
        return component__v_bad(v, "type index %u is not a function type", canon->def->type);
    int rc = check_options(v, canon);
    if (rc == 0)
        rc = lift_hooks(v, canon, callee);
    if (rc == 0)
        rc = check_asyncness(v, canon, type);
    if (rc == 0)
        rc = lift_flat(v, canon, type->func, &flat);
    if (rc == 0)
        rc = lift_differs(v, canon, flat.params, flat.param_count, callee->params, callee->param_count);
    if (rc == 0)
        rc = lift_differs(v, canon, flat.results, flat.result_count, callee->results, callee->result_count);
    if (rc == 0)
        component__v_define(canon->scope, COMPONENT_SORT_FUNC, type);
    return rc;
}

static int lower(struct v *v, const struct canon *canon)
{
    struct link_flat flat;
    const struct vt *type = component__v_get(canon->scope, COMPONENT_SORT_FUNC, canon->def->func);
    int rc = check_options(v, canon);
    if (rc == 0)
        rc = check_asyncness(v, canon, type);
    if (rc == 0)
        rc = check_lower_options(v, canon);
    if (rc == 0)
        rc = lower_flat(v, canon, type->func, &flat);
    return rc < 0 ? rc : core_func(v, canon, &flat);
}

/* ---- built-ins ---- */

static int check_resource(struct v *v, const struct canon *canon, bool local, struct link_flat *flat)
{
    const void *found = NULL;
    const struct vt *type = component__v_type(canon->scope, canon->def->type);
    if (type->kind != VT_RESOURCE)
        return component__v_bad(v, "type index %u is not a resource type", canon->def->type);
    if (!local)
        return 0;
    int rc = component__v_find(v, &canon->scope->local, component__v_number(type->resource), &found);
    if (rc == SW_ABSENT)
        return component__v_bad(v, "type %u is not a local resource", canon->def->type);
    const struct component_ast *ast = found;
    if (rc == 0 &&
        ast->rep == ENGINE_I64) { /* what it is represented by goes into new and comes out of rep */
        bool is_new = canon->def->form == COMPONENT_CANON_RESOURCE_NEW;
        *(is_new ? flat->params : flat->results) = ENGINE_I64;
    }
    return rc;
}

static int task_return(struct v *v, const struct canon *canon, struct link_flat *ret)
{
    struct vt_field *field = V_NEW(v, struct vt_field);
    struct vt *func = V_NEW(v, struct vt);
    if (!field || !func)
        return v->rc;
    int rc = component__v_ref(v, canon->scope, canon->def->result, &field->type);
    *func = (struct vt){.kind = VT_FUNC, .fields = field, .field_count = field->type ? 1 : 0};
    if (rc == 0)
        rc = component__v_complete(v, func);
    if (rc == 0)
        rc = check_options(v, canon);
    if (rc == 0 && canon->options->has_realloc)
        return component__v_bad(v, "cannot specify `realloc` option on `task.return`");
    if (rc == 0)
        rc = check_lower_options(v, canon);
    if (rc == 0 && canon->options->is_async)
        return component__v_bad(v, "cannot specify `async` option on `task.return`");
    return rc != 0 ? rc : lower_flat(v, canon, func->func, ret);
}

static int check_context(struct v *v, const struct canon *canon)
{
    struct v_scope *scope = canon->scope;
    uint32_t type = canon->def->valtype;
    if (type != ENGINE_I32 && type != ENGINE_I64)
        return component__v_bad(v, "`%s` only supports `i32` or `i64`", canon->def->name);
    if (scope->context && scope->context != type)
        return component__v_bad(v, "`%s` type must match previous context type", canon->def->name);
    if (canon->def->number > 1)
        return component__v_bad(v, "`%s` immediate must be zero or one: %u", canon->def->name,
                                canon->def->number);
    scope->context = type;
    return 0;
}

/* What copies elements needs memory for them, and realloc where they come in. */
static int check_copy(struct v *v, const struct canon *canon, bool read)
{
    const struct vt *type = component__v_type(canon->scope, canon->def->type);
    uint32_t elem = type->elem ? type->elem->number : COMPONENT_NO_TYPE;
    int rc = check_options(v, canon);
    if (rc == 0)
        rc = check_lower_options(v, canon);
    if (rc == 0)
        rc = require_memory(v, canon, type->elem != NULL);
    return rc < 0 ? rc : require_realloc(v, canon, read && pointer_in(v, elem));
}

static int check_thread(struct v *v, const struct canon *canon, struct link_flat *flat)
{
    const struct vc_type *type =
        component__v_get(canon->scope, COMPONENT_SORT_CORE_TYPE, canon->def->core_type);
    const struct engine_limits_type *table =
        component__v_get(canon->scope, COMPONENT_SORT_CORE_TABLE, canon->def->table);
    if (!type->func)
        return component__v_bad(v, "start type must be a function");
    if (type->func->param_count != 1 ||
        (type->func->params[0].code != ENGINE_I32 && type->func->params[0].code != ENGINE_I64))
        return component__v_bad(v, "start function must take a single `i32` argument (currently)");
    if (type->func->result_count)
        return component__v_bad(v, "start function must not return any values");
    if (table->elem.code != ENGINE_FUNCREF)
        return component__v_bad(v, "a thread needs a table of `funcref`");
    flat->params[0] = table->is_64 ? ENGINE_I64 : ENGINE_I32;
    flat->params[1] = type->func->params[0].code;
    return 0;
}

static int error_context(struct v *v, const struct canon *canon, bool message)
{
    int rc = check_options(v, canon);
    if (rc == 0)
        rc = message ? require_realloc(v, canon, true) : require_memory(v, canon, true);
    if (rc == 0 && canon->options->is_async)
        return component__v_bad(v, "cannot specify `async` option on `%s`", canon->def->name);
    return rc < 0 ? rc : check_lower_options(v, canon);
}

/* Core types of built-ins, i: i32, l: i64. check: r resource, R local resource, T task.return, c context, s stream, f future,
 * w memory operand, t thread start, e error-context.new, E .debug-message, - unsupported; p read, g write (after s or f). */
static const struct builtin {
    const char *name, *checks, *params, *results;
} builtins[] = {
    {"resource.new", "R", "i", "i"},
    {"resource.rep", "R", "i", "i"},
    {"resource.drop", "r", "i", ""},
    {"task.cancel", "", "", ""},
    {"subtask.cancel", "", "i", "i"},
    {"subtask.drop", "", "i", ""},
    {"task.return", "T", "", ""},
    {"backpressure.inc", "", "", ""},
    {"backpressure.dec", "", "", ""},
    {"context.get", "c", "", "i"},
    {"context.set", "c", "i", ""},
    {"stream.new", "s", "", "l"},
    {"stream.read", "sp", "iii", "i"},
    {"stream.write", "sg", "iii", "i"},
    {"stream.cancel-read", "s", "i", "i"},
    {"stream.cancel-write", "s", "i", "i"},
    {"stream.drop-readable", "s", "i", ""},
    {"stream.drop-writable", "s", "i", ""},
    {"future.new", "f", "", "l"},
    {"future.read", "fp", "ii", "i"},
    {"future.write", "fg", "ii", "i"},
    {"future.cancel-read", "f", "i", "i"},
    {"future.cancel-write", "f", "i", "i"},
    {"future.drop-readable", "f", "i", ""},
    {"future.drop-writable", "f", "i", ""},
    {"error-context.new", "e", "ii", "i"},
    {"error-context.debug-message", "E", "ii", ""},
    {"error-context.drop", "", "i", ""},
    {"waitable-set.new", "", "", "i"},
    {"waitable-set.wait", "w", "ii", "i"},
    {"waitable-set.poll", "w", "ii", "i"},
    {"waitable-set.drop", "", "i", ""},
    {"waitable.join", "", "ii", ""},
    {"thread.yield", "", "", "i"},
    {"thread.index", "", "", "i"},
    {"thread.new-indirect", "t", "ii", "i"},
    {"thread.resume-later", "", "i", ""},
    {"thread.suspend", "", "", "i"},
    {"thread.suspend-then-resume", "", "i", "i"},
    {"thread.yield-then-resume", "", "i", "i"},
    {"thread.suspend-then-promote", "", "i", "i"},
    {"thread.yield-then-promote", "", "i", "i"},
    {"thread.spawn-ref", "-", "", ""},
    {"thread.spawn-indirect", "-", "", ""},
    {"thread.available-parallelism", "-", "", ""},
};

static int check_builtin(struct v *v, const struct canon *canon, char check, struct link_flat *flat)
{
    const struct vt *type = NULL;
    switch (check) {
    case 'r':
        return check_resource(v, canon, false, flat);
    case 'R':
        return check_resource(v, canon, true, flat);
    case 'T':
        return task_return(v, canon, flat);
    case 'c':
        *(flat->param_count ? flat->params : flat->results) = (uint8_t)canon->def->valtype;
        return check_context(v, canon);
    case 's':
    case 'f':
        type = component__v_type(canon->scope, canon->def->type);
        if (type->kind == VT_VALUE && type->value == (check == 's' ? COMPONENT_STREAM : COMPONENT_FUTURE))
            return 0;
        return component__v_bad(v, "`%s` requires a %s type", canon->def->name,
                                check == 's' ? "stream" : "future");
    case 'p':
        return check_copy(v, canon, true);
    case 'g':
        return check_copy(v, canon, false);
    case 'w':
        flat->params[1] = canon->pointer;
        return check_memory(v, canon->scope, canon->def->memory);
    case 't':
        return check_thread(v, canon, flat);
    case 'e':
        return error_context(v, canon, false);
    case 'E':
        return error_context(v, canon, true);
    default:
        return component__v_bad(v,
                                "%s requires the shared-everything-threads proposal, which is not supported",
                                canon->def->name);
    }
}

static int builtin(struct v *v, const struct canon *canon)
{
    struct link_flat flat = {.param_count = 0};
    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++) {
        const struct builtin *row = &builtins[i];
        if (strcmp(row->name, canon->def->name) != 0)
            continue;
        int rc = 0;
        for (const char *code = row->params; *code; code++)
            flat.params[flat.param_count++] = *code == 'i' ? ENGINE_I32 : ENGINE_I64;
        if (*row->results) {
            flat.result_count = 1;
            flat.results[0] = *row->results == 'i' ? ENGINE_I32 : ENGINE_I64;
        }
        for (const char *check = row->checks; rc == 0 && *check; check++)
            rc = check_builtin(v, canon, *check, &flat);
        return rc < 0 ? rc : core_func(v, canon, &flat);
    }
    return sw_fail(v->err, SW_EBUG, "the built-in %s has no type", canon->def->name);
}

int component__v_canon(struct v *v, struct v_scope *scope, const struct component_canon *def)
{
    const struct canon canon = {scope, def, &def->options, pointer_of(scope, def)};
    if (def->form == COMPONENT_CANON_LIFT)
        return lift(v, &canon);
    return def->form == COMPONENT_CANON_LOWER ? lower(v, &canon) : builtin(v, &canon);
}
