/* store.c - stores, core instances, their exports, and links that are looked up late.  Room: engine. */
#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/engine_internal.h"
#include "engine/limits.h"

#define IMPORTS_INLINE 64            /* externs of one instantiation kept on the stack */
#define INSTANTIATE_TICKS (1u << 30) /* what runs there (segments) cannot loop: no deadline */

/* ---- life ---- */

static struct engine_store *take_struct(struct engine *engine)
{
    struct sw_link *link = sw_list_take_head(&engine->free_stores);
    if (!link)
        return sw_try_alloc(sizeof(struct engine_store));
    struct engine_store *store = SW_CONTAINER(link, struct engine_store, link);
    memset(store, 0, offsetof(struct engine_store, failure)); /* of the failure its kind is enough */
    store->failure.kind = ENGINE_TRAP_NONE;
    store->failure.text[0] = '\0';
    store->failure.frames[0] = '\0';
    return store;
}

int engine_store_new(struct engine *engine, const struct engine_limits *limits, void *owner,
                     struct engine_store **ret, struct sw_err *err)
{
    struct engine_store *store = take_struct(engine);
    if (!store)
        return sw_fail(err, SW_ENOMEM, "no memory for a store");
    sw_list_init(&store->link);
    sw_list_init(&store->slots);
    store->engine = engine;
    store->owner = owner;
    store->instances = store->inline_instances;
    store->instance_cap = STORE_INSTANCES_INLINE;
    store->limits = *limits;
    if (!limits->memory_bytes_max)
        store->limits.memory_bytes_max = ENGINE_MEMORY_BYTES_MAX;
    if (!limits->table_elements_max)
        store->limits.table_elements_max = ENGINE_TABLE_ELEMENTS_MAX;
    store->wasm = wasmtime_store_new(engine->wasm, store, NULL);
    store->context = wasmtime_store_context(store->wasm);
    wasmtime_store_limiter(store->wasm, -1, (int64_t)store->limits.table_elements_max,
                           ENGINE_STORE_INSTANCES_MAX, ENGINE_STORE_TABLES_MAX, ENGINE_STORE_MEMORIES_MAX);
    wasmtime_store_epoch_deadline_callback(store->wasm, engine__epoch, store, NULL);
    engine->stats.stores_now++;
    *ret = store;
    return 0;
}

void engine_store_free(struct engine_store *store)
{
    if (!store)
        return;
    struct engine *engine = store->engine;
    assert(store->calls_now == 0 && !engine->running && engine->pending != store);
    for (uint32_t i = 0; i < store->instance_count; i++)
        if (store->instances[i].bound)
            store->instances[i].bound->instances_now--;
    wasmtime_store_delete(store->wasm); /* releases its slots and its stack */
    assert(sw_list_empty(&store->slots));
    engine__memory_forget_host(store);
    while (store->late_sets) {
        struct late_set *set = store->late_sets;
        store->late_sets = set->next;
        sw_free(set);
    }
    if (store->instances != store->inline_instances)
        sw_free(store->instances);
    engine->stats.stores_now--;
    sw_list_add_head(&engine->free_stores, &store->link);
    engine__slots_trim(engine);
    engine__stacks_trim(engine);
}

void engine_store_usage(const struct engine_store *store, struct engine_usage *ret)
{
    ret->cpu_ns = store->cpu_ns;
    ret->memory_bytes = store->memory_bytes;
    ret->memory_refused = store->memory_refused;
    ret->memory_counted = engine__memory_of_store(store);
    ret->worker_refused = store->worker_refused;
}

void *engine_store_owner(const struct engine_store *store)
{
    return store->owner;
}

/* ---- instantiation ---- */

static int reserve_instance(struct engine_store *store, uint32_t number, struct sw_err *err)
{
    if (number < store->instance_cap)
        return 0;
    if (number >= ENGINE_STORE_INSTANCES_MAX)
        return sw_fail(err, SW_ELIMIT, "more than %d core instances in one store",
                       ENGINE_STORE_INSTANCES_MAX);
    uint32_t cap = store->instance_cap;
    while (cap <= number)
        cap *= 2;
    struct store_instance *old = store->instances == store->inline_instances ? NULL : store->instances;
    struct store_instance *grown = sw_try_realloc(old, cap * sizeof *grown);
    if (!grown)
        return sw_fail(err, SW_ENOMEM, "no memory for %u core instances", cap);
    if (!old)
        memcpy(grown, store->inline_instances, sizeof store->inline_instances);
    memset(grown + store->instance_cap, 0, (cap - store->instance_cap) * sizeof *grown);
    store->instances = grown;
    store->instance_cap = cap;
    return 0;
}

static int add_late_set(struct engine_store *store, struct engine_bound *bound, struct sw_err *err)
{
    for (struct late_set *set = store->late_sets; set; set = set->next)
        if (set->bound == bound)
            return 0; /* a second instance of it: same targets */
    struct late_set *set = sw_try_alloc(sizeof *set + bound->late_count * sizeof set->funcs[0]);
    if (!set)
        return sw_fail(err, SW_ENOMEM, "no memory for %u late imports", bound->late_count);
    set->bound = bound;
    set->next = store->late_sets;
    store->late_sets = set;
    return 0;
}

/* Refuses tables that Wasmtime would refuse with a text only. */
static int check_tables(const struct engine_store *store, const struct engine_core *core, struct sw_err *err)
{
    for (uint32_t i = core->table_import_count; i < core->table_count; i++)
        if (core->tables[i].min > store->limits.table_elements_max)
            return sw_fail(err, SW_ELIMIT, "a table of %llu elements passes the limit of %u",
                           (unsigned long long)core->tables[i].min, store->limits.table_elements_max);
    return 0;
}

/* What Wasmtime allocates for an instance (wasmtime.md 2.1): it is the guest's doing, so more than a little counts as its memory. */
static int charge_instance(struct engine_store *store, const struct engine_core *core, struct sw_err *err)
{
    uint64_t bytes =
        UINT64_C(16) * core->global_count + UINT64_C(32) * (core->func_count + core->func_import_count);
    if (bytes <= ENGINE_INSTANCE_BYTES_FREE)
        return 0;
    bytes -= ENGINE_INSTANCE_BYTES_FREE;
    if (bytes > store->limits.memory_bytes_max - store->memory_bytes)
        return sw_fail(
            err, SW_ELIMIT,
            "a core instance of %u functions and %u globals passes the limit of %llu bytes of memory",
            core->func_count, core->global_count, (unsigned long long)store->limits.memory_bytes_max);
    store->memory_bytes += bytes; /* until the store ends, as the instance */
    return 0;
}

static bool is_made(const struct engine_store *store, uint32_t instance)
{
    return instance < store->instance_count && store->instances[instance].bound;
}

static int fill_externs(struct engine_store *store, const struct engine_bound *bound,
                        wasmtime_extern_t *externs, struct sw_err *err)
{
    const struct engine_core *core = bound->module->core;
    for (size_t i = 0; i < bound->count; i++) {
        const struct bound_link *link = &bound->links[i];
        if (link->kind != ENGINE_LINK_EXPORT && bound->raws) {
            externs[i].kind = WASMTIME_EXTERN_FUNC; /* see keeper.c */
            wasmtime_func_from_raw(store->context, bound->raws[i], &externs[i].of.func);
            continue;
        }
        if (link->kind != ENGINE_LINK_EXPORT) {
            char name[ENGINE_LINK_NAME_MAX];
            size_t n = engine__link_name(i, name);
            if (!wasmtime_linker_get(bound->linker, store->context, "n", 1, name, n, &externs[i]))
                return sw_fail(err, SW_EBUG, "host function %zu is not in its linker", i);
            continue;
        }
        if (!is_made(store, link->instance) ||
            !wasmtime_instance_export_get(store->context, &store->instances[link->instance].wasm,
                                          link->name.n ? link->name.p : "", link->name.n, &externs[i]))
            return sw_fail(err, SW_EINPUT,
                           "import '" SW_FMT "' '" SW_FMT "': core instance %u has no export '" SW_FMT "'",
                           SW_ARG(core->imports[i].module), SW_ARG(core->imports[i].name), link->instance,
                           SW_ARG(link->name));
    }
    return 0;
}

static wasmtime_error_t *instantiate(struct engine_store *store, const struct engine_bound *bound,
                                     wasmtime_extern_t *externs, wasmtime_instance_t *ret, wasm_trap_t **trap)
{
    if (bound->pre)
        return wasmtime_instance_pre_instantiate(bound->pre, store->context, ret, trap);
    return wasmtime_instance_new(store->context, bound->module->wasm, externs, bound->count, ret, trap);
}

static int instantiate_pending(struct engine_store *store, struct engine_bound *bound,
                               wasmtime_extern_t *externs, wasmtime_instance_t *ret, struct sw_err *err)
{
    struct engine *engine = store->engine;
    wasm_trap_t *trap = NULL;
    engine->pending = store;
    engine->pending_bound = bound;
    engine->pending_memory = 0;
    engine->pending_err.code = SW_OK;
    wasmtime_context_set_epoch_deadline(store->context, INSTANTIATE_TICKS);
    wasmtime_error_t *error = instantiate(store, bound, externs, ret, &trap);
    engine->pending = NULL;
    engine->pending_bound = NULL;
    if (!error && !trap)
        return 0;
    if (engine->pending_err.code) { /* the memory creator's reason is better than Wasmtime's wrapping of it */
        if (err)
            *err = engine->pending_err;
        if (error)
            wasmtime_error_delete(error);
        if (trap)
            wasm_trap_delete(trap);
        return -(int)engine->pending_err.code;
    }
    if (error) /* an instance_pre was type-checked: what is left is a limit of the store */
        return engine__error_take(error, bound->pre ? SW_ELIMIT : SW_EINPUT, err);
    (void)engine__record(store, NULL, trap);
    return sw_fail(err, SW_EGUEST, "instantiation trapped: %s", store->failure.text);
}

int engine_store_instantiate_at(struct engine_store *store, struct engine_bound *bound, uint32_t number,
                                struct sw_err *err)
{
    const struct engine_module *module = bound->module;
    assert(!store->engine->running); /* Wasmtime refuses to instantiate on a fiber */
    assert(!is_made(store, number));
    if (engine__poisoned(store))
        return sw_fail(err, SW_EGUEST, "the store has failed: %s", store->failure.text);
    int rc = reserve_instance(store, number, err);
    if (rc == 0)
        rc = check_tables(store, module->core, err);
    if (rc == 0 && bound->late_count)
        rc = add_late_set(store, bound, err);
    if (rc == 0)
        rc = charge_instance(store, module->core, err);
    if (rc < 0)
        return rc;
    wasmtime_extern_t inline_externs[IMPORTS_INLINE];
    sw_auto_free wasmtime_extern_t *many = NULL;
    wasmtime_extern_t *externs = inline_externs;
    if (!bound->pre) {
        if (bound->count > IMPORTS_INLINE)
            externs = many = sw_try_alloc_array(bound->count, sizeof *many);
        if (!externs)
            return sw_fail(err, SW_ENOMEM, "no memory for %zu imports", bound->count);
        rc = fill_externs(store, bound, externs, err);
    }
    struct store_instance *instance = &store->instances[number];
    if (!module->quiet)
        store->entered = true; /* segments are written, perhaps into another instance's memory */
    if (rc == 0)
        rc = instantiate_pending(store, bound, externs, &instance->wasm, err);
    if (rc < 0)
        return rc;
    instance->bound = bound;
    bound->instances_now++;
    store->engine->stats.instances++;
    if (number >= store->instance_count)
        store->instance_count = number + 1;
    return 0;
}

int engine_store_instantiate(struct engine_store *store, struct engine_bound *bound, uint32_t *ret_instance,
                             struct sw_err *err)
{
    uint32_t number = store->instance_count;
    int rc = engine_store_instantiate_at(store, bound, number, err);
    if (rc == 0)
        *ret_instance = number;
    return rc;
}

/* ---- exports ---- */

/* Returns the export, or NULL when the instance has none of that name and kind. */
static const struct engine_core_export *find_export(const struct engine_store *store, uint32_t instance,
                                                    struct sw_str name, enum engine_core_kind kind)
{
    if (!is_made(store, instance))
        return NULL;
    const struct engine_core_export *export =
        sw_map_get(&store->instances[instance].bound->module->exports, name);
    return export && export->kind == kind ? export : NULL;
}

int engine__export_func(struct engine_store *store, uint32_t instance, struct sw_str name,
                        struct engine_func *ret, const struct engine_functype **ret_type)
{
    wasmtime_extern_t item;
    const struct engine_core_export *export = find_export(store, instance, name, ENGINE_CORE_FUNC);
    if (!export || !wasmtime_instance_export_get(store->context, &store->instances[instance].wasm,
                                                 name.n ? name.p : "", name.n, &item))
        return SW_ABSENT;
    assert(item.kind == WASMTIME_EXTERN_FUNC);
    const struct engine_core *core = store->instances[instance].bound->module->core;
    bool is_start = sw_str_eq(name, ENGINE_START_EXPORT);
    const struct engine_functype *type = engine_core_func_type(core, is_start ? core->start : export->index);
    ret->opaque[0] = item.of.func.store_id;
    ret->opaque[1] = (uint64_t)(uintptr_t)item.of.func.__private;
    ret->opaque[2] = type->param_count > type->result_count ? type->param_count : type->result_count;
    *ret_type = type;
    return 0;
}

int engine_instance_func(struct engine_store *store, uint32_t instance, struct sw_str name,
                         struct engine_func *ret)
{
    const struct engine_functype *type = NULL;
    return engine__export_func(store, instance, name, ret, &type);
}

int engine_instance_memory(struct engine_store *store, uint32_t instance, struct sw_str name,
                           struct engine_memory *ret)
{
    wasmtime_extern_t item;
    if (!find_export(store, instance, name, ENGINE_CORE_MEMORY) ||
        !wasmtime_instance_export_get(store->context, &store->instances[instance].wasm, name.n ? name.p : "",
                                      name.n, &item))
        return SW_ABSENT;
    assert(item.kind == WASMTIME_EXTERN_MEMORY);
    const uint8_t *base = wasmtime_memory_data(store->context, &item.of.memory);
    for (struct sw_link *link = store->slots.next; link != &store->slots; link = link->next) {
        struct engine_slot *slot = SW_CONTAINER(link, struct engine_slot, link);
        if (slot->base == base) {
            ret->slot = slot;
            return 0;
        }
    }
    abort(); /* a memory in no slot: every one was made by engine__memory_new */
}

static bool takes_one(const wasmtime_context_t *context, const wasmtime_func_t *func, bool is_64)
{
    wasm_functype_t *type = wasmtime_func_type(context, func);
    const wasm_valtype_vec_t *params = wasm_functype_params(type);
    bool fits = params->size == 1 && wasm_functype_results(type)->size == 0 &&
                wasm_valtype_kind(params->data[0]) == (is_64 ? WASM_I64 : WASM_I32);
    wasm_functype_delete(type);
    return fits;
}

int engine_instance_table_func(struct engine_store *store, uint32_t instance, struct sw_str name,
                               uint32_t index, bool is_64, struct engine_func *ret)
{
    wasmtime_extern_t item;
    wasmtime_val_t val;
    if (!find_export(store, instance, name, ENGINE_CORE_TABLE) ||
        !wasmtime_instance_export_get(store->context, &store->instances[instance].wasm, name.n ? name.p : "",
                                      name.n, &item))
        return engine_store_fail(store, ENGINE_TRAP_HOST, "core instance %u has no table '" SW_FMT "'",
                                 instance, SW_ARG(name));
    if (!wasmtime_table_get(store->context, &item.of.table, index, &val))
        return engine_store_fail(store, ENGINE_TRAP_TABLE_OUT_OF_BOUNDS, "table index %u is out of bounds",
                                 index);
    assert(val.kind == WASMTIME_FUNCREF); /* validated; function references need no unrooting */
    if (wasmtime_funcref_is_null(&val.of.funcref))
        return engine_store_fail(store, ENGINE_TRAP_INDIRECT_CALL_NULL, "table element %u is null", index);
    if (!takes_one(store->context, &val.of.funcref, is_64))
        return engine_store_fail(store, ENGINE_TRAP_BAD_SIGNATURE,
                                 "the function in table element %u does not take one %s", index,
                                 is_64 ? "i64" : "i32");
    ret->opaque[0] = val.of.funcref.store_id;
    ret->opaque[1] = (uint64_t)(uintptr_t)val.of.funcref.__private;
    ret->opaque[2] = 1;
    return 0;
}

/* ---- late links ---- */

static struct engine_func *late_func(struct engine_store *store, const struct bound_link *link)
{
    struct late_set **from = &store->late_sets;
    while ((*from)->bound != link->bound) /* there: made before the instance was */
        from = &(*from)->next;
    struct late_set *set = *from;
    *from = set->next; /* to the front: the next call is likely one of the same module */
    set->next = store->late_sets;
    store->late_sets = set;
    return &set->funcs[link->late];
}

static int look_up(struct engine_store *store, const struct bound_link *link, struct engine_func *func)
{
    const struct engine_core *core = link->bound->module->core;
    const struct engine_core_import *import = &core->imports[link->import];
    const struct engine_functype *type = NULL;
    struct engine_func found = {{0}};
    if (engine__export_func(store, link->instance, link->name, &found, &type) != 0)
        return engine_store_fail(
            store, ENGINE_TRAP_HOST,
            "import '" SW_FMT "' '" SW_FMT "' was called before core instance %u had an export '" SW_FMT "'",
            SW_ARG(import->module), SW_ARG(import->name), link->instance, SW_ARG(link->name));
    if (!engine_functype_eq(type, engine_core_func_type(core, import->index)))
        return engine_store_fail(
            store, ENGINE_TRAP_HOST,
            "import '" SW_FMT "' '" SW_FMT "' has another type than export '" SW_FMT "' of core instance %u",
            SW_ARG(import->module), SW_ARG(import->name), SW_ARG(link->name), link->instance);
    *func = found;
    return 0;
}

int engine__late_call(const struct bound_link *link, struct engine_store *store, union engine_val *vals,
                      size_t n)
{
    struct engine_func *func = late_func(store, link);
    if (func->opaque[1] == 0) {
        int rc = look_up(store, link, func);
        if (rc < 0)
            return rc;
    }
    return engine_func_call(store, *func, vals, n);
}
