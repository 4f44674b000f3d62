/* instance.c - component instances of a store: entering, leaving, and calling their core functions.  Room: component.
 *
 * Source: CanonicalABI.md "Component Instances" (may_enter_from, enter_from, leave_to), "Lifting and Lowering Context" (reallocate). */
#include <stdarg.h>
#include <stdio.h>

#include "component/run_internal.h"

/* In parentheses: tools/tidy.h. */
int(component__fail)(struct component_store *store, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return engine_store_fail(store->engine, ENGINE_TRAP_COMPONENT, "%s", n < 0 ? "?" : text);
}

int component__enter(struct component_store *store, uint32_t instance, uint32_t stop)
{
    for (const struct component_instance *i = &store->instances[instance]; i && i->index != stop;
         i = i->parent)
        if (i->entered)
            return component__fail(store, "cannot enter component instance %u: it is running already",
                                   i->index);
    for (struct component_instance *i = &store->instances[instance]; i && i->index != stop; i = i->parent)
        i->entered = true;
    return 0;
}

void component__leave(struct component_store *store, uint32_t instance, uint32_t stop)
{
    for (struct component_instance *i = &store->instances[instance]; i && i->index != stop; i = i->parent)
        i->entered = false;
}

int component__may_leave(struct component_store *store, uint32_t instance)
{
    if (!store->instances[instance].may_leave)
        return component__fail(store, "cannot leave component instance %u during realloc or post-return",
                               instance);
    return 0;
}

int component__call_staying(struct component_store *store, uint32_t instance, struct component_core_ref ref,
                            union engine_val *vals, size_t count)
{
    store->instances[instance].may_leave = false;
    /* Making a lazy core instance leaves the fiber, but nothing else runs before it is back. */
    /* lint: allow(waits): with may_leave off only host functions run that never wait (component_host.anytime), so nothing can park */
    int rc = component__core_call_wait(store, ref, vals, count);
    store->instances[instance].may_leave = true;
    return rc;
}

/* A core instance that does not exist yet can be asked for during a start section, when a shim's slots were resolved statically. */
static int made(struct component_store *store, const struct component_cell *cell)
{
    if (cell->instance < store->made)
        return 0;
    return component__fail(store, "'" SW_FMT "' is used before its core instance %u exists",
                           SW_ARG(cell->name), cell->instance);
}

int component__core_call_wait(struct component_store *store, struct component_core_ref ref,
                              union engine_val *vals, size_t count)
{
    const struct component *component = store->component;
    if (ref.kind == COMPONENT_CORE_LOWERING) {
        struct component_bound_lowering *lowering = &component->lowerings[ref.index];
        return component__lowered_fn(lowering)(lowering, store->engine, vals);
    }
    if (ref.kind == COMPONENT_CORE_BUILTIN) {
        struct component_bound_builtin *builtin = &component->builtins[ref.index];
        return component__builtin_fn(builtin->kind)(builtin, store->engine, vals);
    }
    struct component_func_slot *slot = &store->funcs[ref.index];
    if (!slot->known) {
        const struct component_cell *cell = &component->func_cells[ref.index];
        int rc = made(store, cell);
        if (rc == 0 && component->plan->instances[cell->instance].lazy)
            rc = component__make_lazy_wait(store, cell->instance);
        if (rc < 0)
            return rc;
        if (engine_instance_func(store->engine, cell->instance, cell->name, &slot->func) != 0)
            return component__fail(store, "core instance %u has no function '" SW_FMT "'", cell->instance,
                                   SW_ARG(cell->name));
        slot->known = true;
    }
    return engine_func_call(store->engine, slot->func, vals, count);
}

int component__late_call_wait(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_late *late = env;
    return component__core_call_wait(engine_store_owner(engine_store), late->target, vals, late->vals);
}

int component__memory(struct component_store *store, uint32_t cell_index, struct engine_memory *ret)
{
    struct component_memory_slot *slot = &store->memories[cell_index];
    if (!slot->known) {
        const struct component_cell *cell = &store->component->memory_cells[cell_index];
        int rc = made(store, cell);
        if (rc < 0)
            return rc;
        if (engine_instance_memory(store->engine, cell->instance, cell->name, &slot->memory) != 0)
            return component__fail(store, "core instance %u has no memory '" SW_FMT "'", cell->instance,
                                   SW_ARG(cell->name));
        slot->known = true;
    }
    *ret = slot->memory;
    return 0;
}

int component__level_begin(struct component_store *store)
{
    if (store->depth >= COMPONENT_CALL_DEPTH_MAX)
        return component__fail(store, "calls between components nest deeper than %u",
                               COMPONENT_CALL_DEPTH_MAX);
    store->depth++;
    if (store->depth > store->deepest)
        store->deepest = store->depth;
    return 0;
}

void component__level_end(struct component_store *store)
{
    struct sw_arena *scratch = &store->scratch[store->depth];
    if (scratch->used)
        sw_arena_clear(scratch);
    store->depth--;
}
