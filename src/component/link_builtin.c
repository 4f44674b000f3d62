/* link_builtin.c - built-ins: what their core functions are, and the numbers that their operands become.  Room: component.
 *
 * Source: CanonicalABI.md "Canonical Definitions"; operands are validated already (validate_canon.c). */
#include "component/limits.h"
#include "component/link.h"

/* i: i32, l: i64. operands: r resource, R a resource of this component, T task.return, s stream or future, o options, m memory,
 * c a core value type and a number, t table and core type. */
static const struct builtin {
    const char *name, *operands, *params, *results;
} builtins[COMPONENT_BUILTIN_KINDS] = {
    [COMPONENT_RESOURCE_NEW] = {"resource.new", "R", "i", "i"},
    [COMPONENT_RESOURCE_DROP] = {"resource.drop", "r", "i", ""},
    [COMPONENT_RESOURCE_REP] = {"resource.rep", "R", "i", "i"},
    [COMPONENT_TASK_RETURN] = {"task.return", "oT", "", ""},
    [COMPONENT_TASK_CANCEL] = {"task.cancel", "", "", ""},
    [COMPONENT_SUBTASK_CANCEL] = {"subtask.cancel", "", "i", "i"},
    [COMPONENT_SUBTASK_DROP] = {"subtask.drop", "", "i", ""},
    [COMPONENT_CONTEXT_GET] = {"context.get", "c", "", "i"},
    [COMPONENT_CONTEXT_SET] = {"context.set", "c", "i", ""},
    [COMPONENT_BACKPRESSURE_INC] = {"backpressure.inc", "", "", ""},
    [COMPONENT_BACKPRESSURE_DEC] = {"backpressure.dec", "", "", ""},
    [COMPONENT_WAITABLE_SET_NEW] = {"waitable-set.new", "", "", "i"},
    [COMPONENT_WAITABLE_SET_WAIT] = {"waitable-set.wait", "m", "ii", "i"},
    [COMPONENT_WAITABLE_SET_POLL] = {"waitable-set.poll", "m", "ii", "i"},
    [COMPONENT_WAITABLE_SET_DROP] = {"waitable-set.drop", "", "i", ""},
    [COMPONENT_WAITABLE_JOIN] = {"waitable.join", "", "ii", ""},
    [COMPONENT_THREAD_INDEX] = {"thread.index", "", "", "i"},
    [COMPONENT_THREAD_NEW_INDIRECT] = {"thread.new-indirect", "t", "ii", "i"},
    [COMPONENT_THREAD_RESUME_LATER] = {"thread.resume-later", "", "i", ""},
    [COMPONENT_THREAD_SUSPEND] = {"thread.suspend", "", "", "i"},
    [COMPONENT_THREAD_YIELD] = {"thread.yield", "", "", "i"},
    [COMPONENT_THREAD_SUSPEND_THEN_RESUME] = {"thread.suspend-then-resume", "", "i", "i"},
    [COMPONENT_THREAD_YIELD_THEN_RESUME] = {"thread.yield-then-resume", "", "i", "i"},
    [COMPONENT_THREAD_SUSPEND_THEN_PROMOTE] = {"thread.suspend-then-promote", "", "i", "i"},
    [COMPONENT_THREAD_YIELD_THEN_PROMOTE] = {"thread.yield-then-promote", "", "i", "i"},
    [COMPONENT_STREAM_NEW] = {"stream.new", "s", "", "l"},
    [COMPONENT_STREAM_READ] = {"stream.read", "so", "iii", "i"},
    [COMPONENT_STREAM_WRITE] = {"stream.write", "so", "iii", "i"},
    [COMPONENT_STREAM_CANCEL_READ] = {"stream.cancel-read", "s", "i", "i"},
    [COMPONENT_STREAM_CANCEL_WRITE] = {"stream.cancel-write", "s", "i", "i"},
    [COMPONENT_STREAM_DROP_READABLE] = {"stream.drop-readable", "s", "i", ""},
    [COMPONENT_STREAM_DROP_WRITABLE] = {"stream.drop-writable", "s", "i", ""},
    [COMPONENT_FUTURE_NEW] = {"future.new", "s", "", "l"},
    [COMPONENT_FUTURE_READ] = {"future.read", "so", "ii", "i"},
    [COMPONENT_FUTURE_WRITE] = {"future.write", "so", "ii", "i"},
    [COMPONENT_FUTURE_CANCEL_READ] = {"future.cancel-read", "s", "i", "i"},
    [COMPONENT_FUTURE_CANCEL_WRITE] = {"future.cancel-write", "s", "i", "i"},
    [COMPONENT_FUTURE_DROP_READABLE] = {"future.drop-readable", "s", "i", ""},
    [COMPONENT_FUTURE_DROP_WRITABLE] = {"future.drop-writable", "s", "i", ""},
    [COMPONENT_ERROR_CONTEXT_NEW] = {"error-context.new", "o", "ii", "i"},
    [COMPONENT_ERROR_CONTEXT_DEBUG_MESSAGE] = {"error-context.debug-message", "o", "ii", ""},
    [COMPONENT_ERROR_CONTEXT_DROP] = {"error-context.drop", "", "i", ""},
};

const char *component__builtin_name(enum component_builtin_kind kind)
{
    return builtins[kind].name;
}

static int resource(struct link *link, const struct link_canon *canon, bool own, uint32_t *ret)
{
    const struct component_def *def = canon->def;
    const struct link_type *type = NULL;
    int rc = component__link_type_at(link, canon->env, def->canon->type, LINK_TYPE_RESOURCE, def->at, &type);
    if (rc < 0)
        return rc;
    const struct component_resource *item = &link->plan->resources[type->number];
    if (own && (item->is_host || item->instance != canon->env->instance))
        return component__link_bad(
            link, def->at, "canon %s of a resource that this component does not define", def->canon->name);
    *ret = type->number;
    return 0;
}

/* Its parameters are those of a lowered function that takes the result. */
static int task_return(struct link *link, const struct link_canon *canon, struct component_builtin *made,
                       struct link_flat *flat)
{
    int rc = component__link_ref(link, canon->env, canon->def->canon->result, canon->def->at, &made->type);
    if (rc < 0 || made->type == COMPONENT_NO_TYPE)
        return rc;
    const struct component_type *type = component_type_of(link->plan->types, made->type);
    bool spilled = type->flat_count > COMPONENT_FLAT_MAX;
    if ((spilled || type->has_pointer) && !made->options.has_memory)
        return component__link_bad(link, canon->def->at, "canon task.return needs the option memory");
    flat->param_count = spilled ? 1 : type->flat_count;
    if (spilled)
        flat->params[0] = ENGINE_I32;
    else
        memcpy(flat->params, type->flat, type->flat_count);
    return 0;
}

static int thread_start(struct link *link, const struct link_canon *canon, struct component_builtin *made,
                        struct link_flat *flat)
{
    const struct component_canon *def = canon->def->canon;
    const struct link_core_extern *table =
        component__link_get(canon->env, COMPONENT_SORT_CORE_TABLE, def->table)->core;
    const struct component_core_type *type =
        component__link_get(canon->env, COMPONENT_SORT_CORE_TYPE, def->core_type)->core_type;
    if (table->limits->is_64)
        return component__link_bad(link, canon->def->at,
                                   "uses a 64-bit table for canon %s, which comes with a later version",
                                   def->name);
    made->table_instance = table->instance;
    made->table_name = table->name;
    made->is_64 = type->func.params[0].code == ENGINE_I64;
    flat->params[1] = type->func.params[0].code;
    return 0;
}

static int operand(struct link *link, const struct link_canon *canon, char kind,
                   struct component_builtin *made, struct link_flat *flat)
{
    const struct component_canon *def = canon->def->canon;
    const struct link_type *type = NULL;
    int rc = 0;
    switch (kind) {
    case 'r':
    case 'R':
        return resource(link, canon, kind == 'R', &made->resource);
    case 'o':
        return component__link_options(link, canon, &made->options);
    case 'm':
        return component__link_memory(link, canon, def->memory, &made->options);
    case 'T':
        return task_return(link, canon, made, flat);
    case 's':
        rc = component__link_type_at(link, canon->env, def->type, LINK_TYPE_VALUE, canon->def->at, &type);
        if (rc == 0)
            made->type = type->number;
        return rc;
    case 'c':
        made->is_64 = def->valtype == ENGINE_I64;
        made->number = def->number;
        *(flat->param_count ? flat->params : flat->results) = (uint8_t)def->valtype;
        return 0;
    default:
        return thread_start(link, canon, made, flat);
    }
}

int component__link_builtin(struct link *link, const struct link_canon *canon)
{
    const struct component_canon *def = canon->def->canon;
    struct component_plan *plan = link->plan;
    struct component_builtin made = {
        .instance = canon->env->instance, .type = COMPONENT_NO_TYPE, .flag = def->flag};
    struct link_flat flat = {.param_count = 0};
    uint32_t kind = 0;
    while (kind < COMPONENT_BUILTIN_KINDS && strcmp(builtins[kind].name, def->name) != 0)
        kind++;
    if (kind == COMPONENT_BUILTIN_KINDS || !component__builtin_known((enum component_builtin_kind)kind))
        return component__link_bad(link, canon->def->at,
                                   "uses the async built-in %s, which comes with a later version", def->name);
    made.kind = (enum component_builtin_kind)kind;
    for (const char *code = builtins[kind].params; *code; code++)
        flat.params[flat.param_count++] = *code == 'i' ? ENGINE_I32 : ENGINE_I64;
    if (*builtins[kind].results) {
        flat.result_count = 1;
        flat.results[0] = *builtins[kind].results == 'i' ? ENGINE_I32 : ENGINE_I64;
    }
    int rc = 0;
    for (const char *code = builtins[kind].operands; rc == 0 && *code; code++)
        rc = operand(link, canon, *code, &made, &flat);
    if (rc < 0)
        return rc;
    struct component_builtin *items =
        component__link_room(link, plan->builtins, plan->builtin_count, &link->builtin_cap, sizeof *items);
    if (!items)
        return link->rc;
    plan->builtins = items;
    items[plan->builtin_count] = made;
    return component__link_core_func(
        link, canon->env,
        (struct component_core_func){COMPONENT_CORE_BUILTIN, plan->builtin_count++, SW_LIT("")}, &flat);
}
