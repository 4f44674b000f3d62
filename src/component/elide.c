/* elide.c - takes pure shim and fixup modules out of a plan.  Room: component.
 *
 * Encoders break the cycle "main needs the lowered function, which needs main's memory" with two modules: a shim of functions that forward
 * through a table, made before main, and a fixup that fills the table, made after it. Nobody else sees the table, so calling what the
 * fixup puts there is the same as calling the shim (wasmtime.md 10.3), when all of this holds:
 * 1. the shim has forwarders and one table of fixed size, and nothing else;
 * 2. the fixup has imports, one active segment at offset 0 and at most a start section that is an import, and nothing else;
 * 3. both agree on the types, and the segment fits and fills every slot that is used;
 * 4. the table has no other user, no other fixup's start is the shim's, and no module made between the two has a start section (it would find empty slots).
 * A fixup's start becomes start_call of the instance made before it. When a condition fails both stay. */
#include "component/component.h"
#include "component/link.h"

#define NO_INSTANCE UINT32_MAX

/* ---- reading bodies and segments ---- */

struct code {
    const uint8_t *p, *end;
    bool bad;
};

static uint8_t code_byte(struct code *code)
{
    if (code->p < code->end)
        return *code->p++;
    code->bad = true;
    return 0;
}

static uint64_t code_leb(struct code *code, bool is_signed)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint8_t byte = code_byte(code);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        if (is_signed && (byte & 0x40))
            value |= ~(uint64_t)0 << (shift + 7); /* negative: over every slot number */
        return value;
    }
    code->bad = true;
    return 0;
}

static struct code code_of(struct sw_str bytes)
{
    return (struct code){(const uint8_t *)bytes.p, (const uint8_t *)bytes.p + bytes.n, false};
}

enum { OP_END = 0x0b, OP_CALL_INDIRECT = 0x11, OP_LOCAL_GET = 0x20, OP_I32_CONST = 0x41 };

/* local.get 0 ... local.get n-1, i32.const slot, call_indirect (own type) table 0, end */
static bool is_forwarder(const struct engine_core *core, uint32_t func, uint32_t *ret_slot)
{
    const struct engine_functype *type = engine_core_func_type(core, func);
    struct code code = code_of(core->bodies[func]);
    if (code_leb(&code, false) != 0) /* locals */
        return false;
    for (uint32_t i = 0; i < type->param_count; i++)
        if (code_byte(&code) != OP_LOCAL_GET || code_leb(&code, false) != i)
            return false;
    if (code_byte(&code) != OP_I32_CONST)
        return false;
    uint64_t slot = code_leb(&code, true);
    if (code_byte(&code) != OP_CALL_INDIRECT)
        return false;
    uint64_t called = code_leb(&code, false), table = code_leb(&code, false);
    uint8_t last = code_byte(&code);
    if (code.bad || last != OP_END || code.p != code.end || table != 0 || slot >= core->tables[0].min ||
        called >= core->type_count)
        return false;
    *ret_slot = (uint32_t)slot;
    return engine_functype_eq(&core->types[called], type);
}

/* ---- the two shapes ---- */

static bool has_only_funcs_and_tables(const struct engine_core *core)
{
    return core->memory_count == 0 && core->global_count == 0 && core->tag_count == 0 &&
           core->data_count == 0;
}

static bool is_shim(const struct engine_core *core)
{
    if (core->import_count || !has_only_funcs_and_tables(core) || core->has_start || core->elem_section.n ||
        core->table_count != 1)
        return false;
    const struct engine_limits_type *table = &core->tables[0];
    if (table->is_64 || table->min != table->max || table->elem.code != ENGINE_FUNCREF ||
        core->func_count > table->min)
        return false;
    for (uint32_t i = 0; i < core->func_count; i++) {
        uint32_t slot = 0;
        if (!is_forwarder(core, i, &slot))
            return false;
    }
    return core->func_count > 0;
}

struct fixup {
    uint32_t *slots; /* function index per slot */
    uint32_t slot_count;
    uint32_t *arg_of_func; /* import number per function index */
    uint32_t table_arg;
};

/* One active segment of table 0 at offset 0 that lists function indices. */
static bool read_segment(const struct engine_core *core, struct fixup *fixup)
{
    struct code code = code_of(core->elem_section);
    uint64_t segments = code_leb(&code, false);
    uint64_t form = code_leb(&code, false);
    if (segments != 1 || form != 0) /* one segment, of the plain form */
        return false;
    if (code_byte(&code) != OP_I32_CONST || code_leb(&code, true) != 0 || code_byte(&code) != OP_END)
        return false;
    uint64_t count = code_leb(&code, false);
    if (code.bad || count > core->func_count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t func = code_leb(&code, false);
        if (code.bad || func >= core->func_import_count)
            return false;
        fixup->slots[i] = (uint32_t)func;
    }
    fixup->slot_count = (uint32_t)count;
    return code.p == code.end;
}

/* Returns 0, or SW_ABSENT when it is not a fixup. */
static int fixup_of(const struct engine_core *core, struct sw_arena *scratch, struct fixup *ret,
                    struct sw_err *err)
{
    static const struct engine_functype nothing = {.is_func = true};
    if (!has_only_funcs_and_tables(core) || core->func_count != core->func_import_count ||
        core->table_count != 1 || core->table_import_count != 1 || core->export_count ||
        !core->elem_section.n)
        return SW_ABSENT;
    if (core->has_start && !engine_functype_eq(engine_core_func_type(core, core->start), &nothing))
        return SW_ABSENT;
    struct fixup fixup = {.slots = SW_ARENA_ARRAY(scratch, core->func_count, uint32_t),
                          .arg_of_func = SW_ARENA_ARRAY(scratch, core->func_count, uint32_t)};
    if (!fixup.slots || !fixup.arg_of_func)
        return sw_arena_fail(scratch, core->func_count * sizeof *fixup.slots, err);
    for (uint32_t i = 0; i < core->import_count; i++) {
        if (core->imports[i].kind == ENGINE_CORE_FUNC)
            fixup.arg_of_func[core->imports[i].index] = i;
        else
            fixup.table_arg = i;
    }
    if (!read_segment(core, &fixup))
        return SW_ABSENT;
    *ret = fixup;
    return 0;
}

/* ---- a pair in the plan ---- */

struct pair {
    struct component_plan *plan;
    const struct engine_core *shim_core, *fixup_core;
    uint32_t shim, fixup; /* instances */
    const struct component_arg *fixup_args;
    struct fixup shape;
    uint32_t start_after; /* the instance that gets start_call, or NO_INSTANCE */
    bool *gone;           /* per instance: elided by an earlier pair */
};

static bool is_export_of(const struct component_core_func *func, uint32_t instance)
{
    return func->kind == COMPONENT_CORE_EXPORT && func->index == instance;
}

static const struct component_core_func *filled_in(const struct pair *pair, uint32_t slot)
{
    return &pair->fixup_args[pair->shape.arg_of_func[pair->shape.slots[slot]]].func;
}

/* Condition 3 for every function of the shim; and what fills the slots is not the shim itself. */
static bool types_agree(const struct pair *pair)
{
    if (pair->shape.slot_count > pair->shim_core->tables[0].min)
        return false;
    for (uint32_t i = 0; i < pair->shim_core->func_count; i++) {
        uint32_t slot = 0;
        if (!is_forwarder(pair->shim_core, i, &slot) || slot >= pair->shape.slot_count)
            return false;
        const struct engine_functype *real = engine_core_func_type(pair->fixup_core, pair->shape.slots[slot]);
        if (!engine_functype_eq(real, engine_core_func_type(pair->shim_core, i)))
            return false;
    }
    for (uint32_t i = 0; i < pair->fixup_core->func_count; i++)
        if (is_export_of(&pair->fixup_args[pair->shape.arg_of_func[i]].func, pair->shim))
            return false;
    return true;
}

static bool table_is_private(const struct pair *pair)
{
    for (uint32_t i = pair->shim + 1; i < pair->plan->instance_count; i++) {
        const struct component_core_instance *instance = &pair->plan->instances[i];
        if (instance->has_start_call && is_export_of(&instance->start_call, pair->shim))
            return false; /* a start_call has to stay an export */
        for (uint32_t k = 0; k < instance->arg_count; k++)
            if (instance->args[k].kind == COMPONENT_ARG_EXPORT && instance->args[k].instance == pair->shim &&
                !(i == pair->fixup && k == pair->shape.table_arg))
                return false;
    }
    return true;
}

/* Condition 4; and the fixup's start has a place to go to. */
static bool starts_allow(struct pair *pair)
{
    pair->start_after = NO_INSTANCE;
    for (uint32_t i = pair->shim + 1; i < pair->fixup; i++) {
        const struct component_core_instance *instance = &pair->plan->instances[i];
        if (instance->has_start || instance->has_start_call)
            return false; /* that start might use the table before it is filled */
        if (!pair->gone[i])
            pair->start_after = i;
    }
    if (!pair->fixup_core->has_start)
        return true;
    const struct component_core_func *start =
        &pair->fixup_args[pair->shape.arg_of_func[pair->fixup_core->start]].func;
    return pair->start_after != NO_INSTANCE && start->kind == COMPONENT_CORE_EXPORT &&
           start->index <= pair->start_after;
}

/* ---- rewriting ---- */

static bool shim_slot(const struct pair *pair, struct sw_str name, uint32_t *ret)
{
    const struct engine_core_export *export = engine_core_export_find(pair->shim_core, name);
    return export && export->kind == ENGINE_CORE_FUNC && is_forwarder(pair->shim_core, export->index, ret);
}

static void replace(const struct pair *pair, struct component_core_func *func)
{
    uint32_t slot = 0;
    if (is_export_of(func, pair->shim) && shim_slot(pair, func->name, &slot))
        *func = *filled_in(pair, slot);
}

int component__own_args(struct component_plan *plan, struct component_core_instance *instance,
                        struct component_arg **ret, struct sw_err *err)
{
    struct component_arg *args = SW_ARENA_ARRAY(&plan->arena, instance->arg_count, struct component_arg);
    if (!args)
        return sw_arena_fail(&plan->arena, instance->arg_count * sizeof *args, err);
    if (instance->arg_count)
        memcpy(args, instance->args, instance->arg_count * sizeof *args);
    instance->args = args;
    *ret = args;
    return 0;
}

/* Calls fn on every core function that the plan refers to, but those of arguments. */
typedef void visit_fn(const struct pair *pair, struct component_core_func *func);

static void visit_options(const struct pair *pair, struct component_options *options, visit_fn *fn)
{
    if (options->has_realloc)
        fn(pair, &options->realloc);
    if (options->has_post_return)
        fn(pair, &options->post_return);
    if (options->has_callback)
        fn(pair, &options->callback);
}

static void visit(const struct pair *pair, visit_fn *fn)
{
    struct component_plan *plan = pair->plan;
    for (uint32_t i = 0; i < plan->lift_count; i++) {
        fn(pair, &plan->lifts[i].callee);
        visit_options(pair, &plan->lifts[i].options, fn);
    }
    for (uint32_t i = 0; i < plan->lowering_count; i++)
        visit_options(pair, &plan->lowerings[i].options, fn);
    for (uint32_t i = 0; i < plan->builtin_count; i++)
        visit_options(pair, &plan->builtins[i].options, fn);
    for (uint32_t i = 0; i < plan->resource_count; i++)
        if (plan->resources[i].has_dtor)
            fn(pair, &plan->resources[i].dtor);
}

static int elide_pair(struct pair *pair, struct sw_err *err)
{
    struct component_plan *plan = pair->plan;
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        struct component_core_instance *instance = &plan->instances[i];
        bool uses_shim = false;
        for (uint32_t k = 0; k < instance->arg_count; k++)
            uses_shim |= instance->args[k].kind == COMPONENT_ARG_FUNC &&
                         is_export_of(&instance->args[k].func, pair->shim);
        if (!uses_shim)
            continue;
        struct component_arg *args = NULL;
        int rc = component__own_args(plan, instance, &args, err);
        if (rc < 0)
            return rc;
        for (uint32_t k = 0; k < instance->arg_count; k++)
            if (args[k].kind == COMPONENT_ARG_FUNC)
                replace(pair, &args[k].func);
    }
    visit(pair, replace);
    if (pair->fixup_core->has_start) {
        plan->instances[pair->start_after].has_start_call = true;
        plan->instances[pair->start_after].start_call =
            pair->fixup_args[pair->shape.arg_of_func[pair->fixup_core->start]].func;
    }
    pair->gone[pair->shim] = pair->gone[pair->fixup] = true;
    return 0;
}

static int try_fixup(struct component_plan *plan, uint32_t fixup, bool *gone, struct sw_arena *scratch,
                     struct sw_err *err)
{
    struct pair pair = {.plan = plan, .fixup = fixup, .gone = gone};
    pair.fixup_core = plan->cores[plan->instances[fixup].core];
    pair.fixup_args = plan->instances[fixup].args;
    int rc = fixup_of(pair.fixup_core, scratch, &pair.shape, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    pair.shim = pair.fixup_args[pair.shape.table_arg].instance;
    pair.shim_core = plan->cores[plan->instances[pair.shim].core];
    if (gone[pair.shim] || !is_shim(pair.shim_core) || !types_agree(&pair) || !table_is_private(&pair) ||
        !starts_allow(&pair))
        return 0;
    return elide_pair(&pair, err);
}

/* ---- closing the gaps ---- */

static void renumber(const uint32_t *now, struct component_core_func *func)
{
    if (func->kind == COMPONENT_CORE_EXPORT)
        func->index = now[func->index];
}

static void renumber_options(const uint32_t *now, struct component_options *options)
{
    if (options->has_memory)
        options->memory_instance = now[options->memory_instance];
    if (options->has_realloc)
        renumber(now, &options->realloc);
    if (options->has_post_return)
        renumber(now, &options->post_return);
    if (options->has_callback)
        renumber(now, &options->callback);
}

static int renumber_instance(struct component_plan *plan, uint32_t self, const uint32_t *now,
                             struct sw_err *err)
{
    struct component_core_instance *instance = &plan->instances[self];
    struct component_arg *args = NULL;
    int rc = component__own_args(plan, instance, &args, err);
    if (rc < 0)
        return rc;
    for (uint32_t k = 0; k < instance->arg_count; k++) {
        if (args[k].kind == COMPONENT_ARG_EXPORT) {
            args[k].instance = now[args[k].instance];
            continue;
        }
        args[k].late = args[k].func.kind == COMPONENT_CORE_EXPORT && args[k].func.index >= self;
        renumber(now, &args[k].func);
    }
    if (instance->has_start_call)
        renumber(now, &instance->start_call);
    return 0;
}

static int close_gaps(struct component_plan *plan, const bool *gone, uint32_t *now, struct sw_err *err)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        now[i] = count; /* nothing refers to one that is gone */
        count += !gone[i];
    }
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        if (gone[i])
            continue;
        int rc = renumber_instance(plan, i, now, err);
        if (rc < 0)
            return rc;
        plan->instances[now[i]] = plan->instances[i];
    }
    plan->instance_count = count;
    for (uint32_t i = 0; i < plan->lift_count; i++) {
        renumber(now, &plan->lifts[i].callee);
        renumber_options(now, &plan->lifts[i].options);
    }
    for (uint32_t i = 0; i < plan->lowering_count; i++)
        renumber_options(now, &plan->lowerings[i].options);
    for (uint32_t i = 0; i < plan->builtin_count; i++) {
        renumber_options(now, &plan->builtins[i].options);
        if (plan->builtins[i].kind == COMPONENT_THREAD_NEW_INDIRECT)
            plan->builtins[i].table_instance = now[plan->builtins[i].table_instance];
    }
    for (uint32_t i = 0; i < plan->resource_count; i++)
        if (plan->resources[i].has_dtor)
            renumber(now, &plan->resources[i].dtor);
    return 0;
}

int component__elide(struct component_plan *plan, struct sw_arena *scratch, struct sw_err *err)
{
    bool *gone = SW_ARENA_ARRAY(scratch, plan->instance_count, bool);
    uint32_t *now = SW_ARENA_ARRAY(scratch, plan->instance_count, uint32_t);
    if (!gone || !now)
        return sw_arena_fail(scratch, plan->instance_count * sizeof *now, err);
    bool any = false;
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        int rc = try_fixup(plan, i, gone, scratch, err);
        if (rc < 0)
            return rc;
        any |= gone[i];
    }
    return any ? close_gaps(plan, gone, now, err) : 0;
}
