/* bind.c - from a plan and compiled modules to a component that stores can be made of.  Room: component.
 *
 * Everything a call needs is worked out here: cells for core exports, the callee behind each lowering, how far entering goes, and the
 * links of each core module. A module whose arguments are all host functions or late ones gets HOST and LATE links only, which is the
 * engine's fast path. A late argument of a lazy instance is a HOST link too: only the component can make that instance. */
#include <assert.h>

#include "base/alloc.h"
#include "component/copy.h"

static uint32_t cell(struct component_cell *cells, uint32_t *count, uint32_t instance, struct sw_str name)
{
    uint32_t first = *count > COMPONENT_CELLS_LOOK_BACK ? *count - COMPONENT_CELLS_LOOK_BACK : 0;
    for (uint32_t i = *count; i-- > first;)
        if (cells[i].instance == instance && sw_str_eq(cells[i].name, name))
            return i;
    cells[*count] = (struct component_cell){instance, name};
    return (*count)++;
}

static struct component_core_ref core_ref(struct component *component, const struct component_core_func *func)
{
    struct component_core_ref ref = {func->kind, func->index};
    if (func->kind == COMPONENT_CORE_EXPORT)
        ref.index = cell(component->func_cells, &component->func_cell_count, func->index, func->name);
    return ref;
}

static void bind_canon(struct component *component, uint32_t instance,
                       const struct component_options *options, struct component_canon *canon)
{
    canon->plan.instance = instance;
    canon->plan.options = *options;
    canon->memory = COMPONENT_NONE;
    if (options->has_memory)
        canon->memory = cell(component->memory_cells, &component->memory_cell_count, options->memory_instance,
                             options->memory_name);
    canon->has_realloc = options->has_realloc;
    if (options->has_realloc)
        canon->realloc = core_ref(component, &options->realloc);
}

static uint32_t parent_of(const struct component_plan *plan, uint32_t instance)
{
    return plan->instance_parents ? plan->instance_parents[instance] : COMPONENT_NONE;
}

static bool contains(const struct component_plan *plan, uint32_t outer, uint32_t inner)
{
    uint32_t i = inner;
    while (i != COMPONENT_NONE && i != outer)
        i = parent_of(plan, i);
    return i == outer;
}

/* The innermost instance that both are, or are in: entering `callee` from `caller` ends below it. */
static uint32_t common(const struct component_plan *plan, uint32_t callee, uint32_t caller)
{
    uint32_t i = callee;
    while (i != COMPONENT_NONE && !contains(plan, i, caller))
        i = parent_of(plan, i);
    return i;
}

static void bind_functions(struct component *component, const struct component_plan *plan)
{
    for (uint32_t i = 0; i < plan->lift_count; i++) {
        const struct component_lift *from = &plan->lifts[i];
        struct component_bound_lift *to = &component->lifts[i];
        bind_canon(component, from->instance, &from->options, &to->canon);
        to->callee = core_ref(component, &from->callee);
        if (from->options.has_post_return)
            to->post_return = core_ref(component, &from->options.post_return);
        if (from->options.has_callback)
            to->callback = core_ref(component, &from->options.callback);
        component->is_async |= from->type && from->type->is_async; /* a core module has no types */
        to->type = from->type;
        to->name = from->name;
    }
    for (uint32_t i = 0; i < plan->lowering_count; i++) {
        const struct component_lowering *from = &plan->lowerings[i];
        struct component_bound_lowering *to = &component->lowerings[i];
        bind_canon(component, from->instance, &from->options, &to->canon);
        to->canon.plan.callee = from->callee;
        component->is_async |= from->callee.type && from->callee.type->is_async;
        to->canon.plan.anytime = from->anytime;
        to->component = component;
        if (from->callee.kind == COMPONENT_FUNC_HOST) {
            to->host = from->callee.host->fn;
            continue;
        }
        to->lift = &component->lifts[from->callee.lift];
        uint32_t callee = to->lift->canon.plan.instance;
        to->stop = common(plan, callee, from->instance);
        /* The definitions allow calls between a component and its parts ("donut wrapping"); the specification's own tests and Wasmtime
         * refuse them "for now" (test/async/trap-on-reenter.wast). */
        to->forbidden = contains(plan, callee, from->instance) || contains(plan, from->instance, callee);
    }
}

static int make_programs(struct component *component, const struct component_plan *plan, struct sw_err *err)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < plan->lowering_count; i++)
        if (plan->lowerings[i].callee.kind == COMPONENT_FUNC_LIFT)
            rc = component__programs_make(component, component->lowerings[i].lift->type, err);
    for (uint32_t i = 0; rc == 0 && i < plan->builtin_count; i++)
        if (plan->builtins[i].kind == COMPONENT_STREAM_NEW || plan->builtins[i].kind == COMPONENT_FUTURE_NEW)
            rc = component__program_make(component,
                                         component_type_of(plan->types, plan->builtins[i].type)->elem, err);
    return rc;
}

static void bind_resources(struct component *component, const struct component_plan *plan)
{
    for (uint32_t i = 0; i <= component->kind_mask; i++)
        component->kinds[i].resource = COMPONENT_NONE;
    for (uint32_t i = 0; i < plan->resource_count; i++) {
        const struct component_resource *from = &plan->resources[i];
        struct component_bound_resource *to = &component->resources[i];
        to->instance = from->instance;
        to->has_dtor = from->has_dtor;
        if (from->has_dtor)
            to->dtor = core_ref(component, &from->dtor);
        if (!from->is_host)
            continue;
        to->host = from->host;
        uint32_t at = from->host->kind & component->kind_mask;
        while (component->kinds[at].resource != COMPONENT_NONE &&
               component->kinds[at].kind != from->host->kind)
            at = (at + 1) & component->kind_mask;
        if (component->kinds[at].resource == COMPONENT_NONE)
            component->kinds[at] = (struct component_kind_slot){from->host->kind, i};
    }
    for (uint32_t i = 0; i < plan->builtin_count; i++) {
        const struct component_builtin *from = &plan->builtins[i];
        struct component_bound_builtin *to = &component->builtins[i];
        bind_canon(component, from->instance, &from->options, &to->canon);
        to->component = component;
        to->plan = from;
        to->kind = from->kind;
        to->instance = from->instance;
        to->resource = from->resource;
        to->stop = COMPONENT_NONE;
        component->is_async |= from->kind >= COMPONENT_TASK_RETURN;
        if (from->kind == COMPONENT_RESOURCE_DROP && !plan->resources[from->resource].is_host)
            to->stop = common(plan, plan->resources[from->resource].instance, from->instance);
    }
}

static void bind_exports(struct component *component, const struct component_plan *plan)
{
    for (uint32_t i = 0; i < plan->export_count; i++) {
        component->exports[i].plan = &plan->exports[i];
        if (plan->exports[i].func.kind == COMPONENT_FUNC_LIFT)
            component->exports[i].lift = &component->lifts[plan->exports[i].func.lift];
    }
}

static bool is_lazy(const struct component_plan *plan, const struct component_arg *arg)
{
    return arg->kind == COMPONENT_ARG_FUNC && arg->late && plan->instances[arg->func.index].lazy;
}

static uint32_t lazy_args(const struct component_plan *plan)
{
    uint32_t count = 0; /* fits: arguments are imports of modules in one binary */
    for (uint32_t i = 0; i < plan->instance_count; i++)
        for (uint32_t k = 0; k < plan->instances[i].arg_count; k++)
            count += is_lazy(plan, &plan->instances[i].args[k]);
    return count;
}

static int allocate(struct component *component, const struct component_plan *plan, struct sw_err *err)
{
    struct sw_arena *arena = &component->arena;
    uint32_t mask = 1;
    while (mask <= 2 * (uint64_t)plan->resource_count &&
           mask < UINT32_MAX / 2) /* at most half of it is used */
        mask = mask * 2 + 1;
    component->kind_mask = mask;
    component->kinds = SW_ARENA_ARRAY(arena, (size_t)mask + 1, struct component_kind_slot);
    component->bounds = SW_ARENA_ARRAY(arena, plan->instance_count, struct engine_bound *);
    component->lifts = SW_ARENA_ARRAY(arena, plan->lift_count, struct component_bound_lift);
    component->lowerings = SW_ARENA_ARRAY(arena, plan->lowering_count, struct component_bound_lowering);
    component->builtins = SW_ARENA_ARRAY(arena, plan->builtin_count, struct component_bound_builtin);
    component->resources = SW_ARENA_ARRAY(arena, plan->resource_count, struct component_bound_resource);
    component->exports = SW_ARENA_ARRAY(arena, plan->export_count, struct component_export);
    size_t canons = (size_t)plan->lift_count + plan->lowering_count + plan->builtin_count;
    size_t lates = lazy_args(plan);
    component->lates = SW_ARENA_ARRAY(arena, lates, struct component_bound_late);
    component->memory_cells = SW_ARENA_ARRAY(arena, canons, struct component_cell);
    component->func_cells = SW_ARENA_ARRAY(
        arena, canons + 3 * (size_t)plan->lift_count + plan->resource_count + lates, struct component_cell);
    if (!component->kinds || !component->lates || !component->bounds || !component->lifts ||
        !component->lowerings || !component->builtins || !component->resources || !component->exports ||
        !component->memory_cells || !component->func_cells)
        return sw_arena_fail(arena, canons * sizeof *component->lifts, err);
    return 0;
}

static void link_lazy(struct component *component, const struct component_arg *arg, struct engine_link *ret)
{
    struct component_bound_late *late = &component->lates[component->late_count++];
    late->target = core_ref(component, &arg->func);
    late->vals = arg->late_vals;
    *ret = (struct engine_link){.kind = ENGINE_LINK_HOST, .fn = component__late_call_wait, .env = late};
}

static void link_func(struct component *component, const struct component_arg *arg, struct engine_link *ret)
{
    switch (arg->func.kind) {
    case COMPONENT_CORE_EXPORT:
        if (is_lazy(component->plan, arg)) {
            link_lazy(component, arg, ret);
            return;
        }
        *ret = (struct engine_link){.kind = arg->late ? ENGINE_LINK_LATE : ENGINE_LINK_EXPORT,
                                    .instance = arg->func.index,
                                    .name = arg->func.name};
        return;
    case COMPONENT_CORE_LOWERING:
        *ret = (struct engine_link){.kind = ENGINE_LINK_HOST, .env = &component->lowerings[arg->func.index]};
        ret->fn = component__lowered_fn(&component->lowerings[arg->func.index]);
        return;
    case COMPONENT_CORE_BUILTIN:
        break;
    }
    *ret = (struct engine_link){.kind = ENGINE_LINK_HOST, .env = &component->builtins[arg->func.index]};
    ret->fn = component__builtin_fn(component->builtins[arg->func.index].kind);
}

static int bind_instance(struct component *component, uint32_t number, struct engine_module *const *modules,
                         struct sw_err *err)
{
    const struct component_core_instance *instance = &component->plan->instances[number];
    if (!modules[instance->core])
        return sw_fail(err, SW_EBUG, "core module %u of the component was not compiled", instance->core);
    sw_auto_free struct engine_link *links = sw_try_alloc_array(instance->arg_count, sizeof *links);
    if (!links)
        return sw_fail(err, SW_ENOMEM, "no memory for the %u imports of core instance %u",
                       instance->arg_count, number);
    for (uint32_t i = 0; i < instance->arg_count; i++) {
        const struct component_arg *arg = &instance->args[i];
        if (arg->kind == COMPONENT_ARG_FUNC)
            link_func(component, arg, &links[i]);
        else
            links[i] = (struct engine_link){
                .kind = ENGINE_LINK_EXPORT, .instance = arg->instance, .name = arg->name};
    }
    int rc = engine_module_bind(modules[instance->core], links, instance->arg_count,
                                &component->bounds[number], err);
    return rc < 0 ? sw_wrap(err, "core instance %u", number) : 0;
}

int component_bind(const struct component_plan *plan, struct engine *engine,
                   struct engine_module *const *modules, struct component **ret, struct sw_err *err)
{
    struct component *component = sw_try_alloc(sizeof *component);
    if (!component)
        return sw_fail(err, SW_ENOMEM, "no memory to bind a component");
    component->arena = SW_ARENA(COMPONENT_BOUND_BYTES_MAX);
    component->plan = plan;
    component->engine = engine;
    int rc = allocate(component, plan, err);
    if (rc == 0) {
        bind_functions(component, plan);
        bind_resources(component, plan);
        bind_exports(component, plan);
        rc = make_programs(component, plan, err);
    }
    for (uint32_t i = 0; rc == 0 && i < plan->instance_count; i++)
        rc = bind_instance(component, i, modules, err);
    if (rc < 0) {
        component_free(component);
        return rc;
    }
    *ret = component;
    return 0;
}

void component_free(struct component *component)
{
    if (!component)
        return;
    assert(component->live_count == 0); /* stores first */
    while (component->idle) {
        struct component_store *store = component->idle;
        component->idle = store->next_idle;
        component__store_destroy(store);
    }
    for (uint32_t i = 0; component->bounds && i < component->plan->instance_count; i++)
        engine_bound_free(component->bounds[i]);
    sw_arena_deinit(&component->arena);
    sw_free(component);
}

/* "0.2" serves "0.2", "0.2.3" and "0.2.0-rc", not "0.20". */
static bool on_track(struct sw_str version, struct sw_str track)
{
    if (!sw_str_starts(version, track))
        return false;
    return version.n == track.n || (track.n > 0 && (version.p[track.n] == '.' || version.p[track.n] == '-'));
}

const struct component_export *component_export_find(const struct component *component,
                                                     struct sw_str interface, struct sw_str version_track,
                                                     struct sw_str func)
{
    for (uint32_t i = 0; i < component->plan->export_count; i++) {
        const struct component_plan_export *plan = component->exports[i].plan;
        if (sw_str_eq(plan->name, func) && sw_str_eq(plan->interface, interface) &&
            on_track(plan->version, version_track))
            return &component->exports[i];
    }
    return NULL;
}
