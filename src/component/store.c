/* store.c - one run of a component: making, starting, ending.  Room: component.
 *
 * Core instances are made on the loop side. A module with a start section stops that: the fiber calls its start export, then asks the
 * loop side to go on, so that the specification's order is kept (architecture.md 4.1). Without one everything is made before the fiber.
 * Lazy core instances are passed over; the fiber asks the loop side for one when it calls it first.
 *
 *   component_store_start --> make until the first start section --> fiber --> [start --> loop side: make more]* --> main --> done
 *
 * Stores are pooled: what is kept of one is its memory only; reset() is the list of everything a run can change. */
#include <assert.h>

#include "base/alloc.h"
#include "component/error_context.h"
#include "component/stream_internal.h"

static int allocate(struct component *component, struct component_store **ret)
{
    const struct component_plan *plan = component->plan;
    struct component_store *store = sw_try_alloc(sizeof *store);
    if (!store)
        return -SW_ENOMEM;
    store->component = component;
    store->instances = sw_try_alloc_array(plan->component_instance_count, sizeof *store->instances);
    store->funcs = sw_try_alloc_array(component->func_cell_count, sizeof *store->funcs);
    store->memories = sw_try_alloc_array(component->memory_cell_count, sizeof *store->memories);
    store->lazy_made = sw_try_alloc_array(plan->instance_count, sizeof *store->lazy_made);
    store->arena = SW_ARENA(COMPONENT_STORE_BYTES_MAX);
    for (uint32_t i = 0; i <= COMPONENT_CALL_DEPTH_MAX; i++)
        store->scratch[i] = SW_ARENA(COMPONENT_SCRATCH_BYTES_MAX);
    if (!store->instances || !store->funcs || !store->memories || !store->lazy_made ||
        (component->is_async && component__scheduler_new(store) < 0)) {
        component__store_destroy(store);
        return -SW_ENOMEM;
    }
    for (uint32_t i = 0; i < plan->component_instance_count; i++) {
        struct component_instance *instance = &store->instances[i];
        uint32_t parent = plan->instance_parents ? plan->instance_parents[i] : COMPONENT_NONE;
        instance->index = i;
        instance->parent = parent == COMPONENT_NONE ? NULL : &store->instances[parent];
    }
    *ret = store;
    return 0;
}

static void reset(struct component_store *store)
{
    const struct component *component = store->component;
    store->handles_budget = COMPONENT_HANDLES_MAX;
    for (uint32_t i = 0; i < component->plan->component_instance_count; i++) {
        struct component_instance *instance = &store->instances[i];
        instance->may_leave = true;
        instance->entered = false;
        component_handles_clear(&instance->handles);
        store->handles_budget -=
            instance->handles.cap; /* at most COMPONENT_HANDLES_KEPT each; see COMPONENT_INSTANCES_MAX */
    }
    if (store->scheduler)
        component__scheduler_reset(store);
    memset(store->funcs, 0, component->func_cell_count * sizeof *store->funcs);
    memset(store->memories, 0, component->memory_cell_count * sizeof *store->memories);
    memset(store->lazy_made, 0, component->plan->instance_count * sizeof *store->lazy_made);
    store->made = 0;
    store->depth = 0;
    sw_list_init(&store->objects);
    sw_list_init(&store->streams);
    sw_list_init(&store->error_contexts);
    store->free_objects = NULL;
    store->free_lent = NULL;
    sw_arena_clear(&store->arena);
    for (uint32_t i = 0; i <= store->deepest; i++) {
        if (i > COMPONENT_SCRATCH_KEPT)
            sw_arena_deinit(&store->scratch[i]);
        else if (store->scratch[i].used)
            sw_arena_clear(&store->scratch[i]);
    }
    store->deepest = 0;
    store->engine = NULL;
    store->owner = NULL;
    store->call = NULL;
    store->main = NULL;
    store->done = NULL;
    store->arg = NULL;
    store->err.code = SW_OK;
    store->err.text[0] = '\0';
}

void component__store_destroy(struct component_store *store)
{
    if (store->instances)
        for (uint32_t i = 0; i < store->component->plan->component_instance_count; i++) {
            component_handles_deinit(&store->instances[i].handles);
            component_handles_deinit(&store->instances[i].threads);
        }
    sw_free(store->scheduler);
    sw_arena_deinit(&store->arena);
    for (uint32_t i = 0; i <= COMPONENT_CALL_DEPTH_MAX; i++)
        sw_arena_deinit(&store->scratch[i]);
    sw_free(store->instances);
    sw_free(store->funcs);
    sw_free(store->memories);
    sw_free(store->lazy_made);
    sw_free(store);
}

/* What a run made this room allocate: the guest decides about all of it. */
static uint64_t store_held(const void *owner)
{
    const struct component_store *store = owner;
    uint64_t handles = COMPONENT_HANDLES_MAX - store->handles_budget;
    uint64_t bytes = handles * sizeof(struct component_handle) + store->arena.total + store->error_bytes;
    for (uint32_t i = 0; i <= store->deepest; i++)
        bytes += store->scratch[i].total;
    return bytes + (store->owner_held ? store->owner_held(store->owner) : 0);
}

int component_store_new(struct component *component, const struct engine_limits *limits, void *owner,
                        struct component_store **ret, struct sw_err *err)
{
    struct component_store *store = component->idle;
    if (store) {
        component->idle = store->next_idle;
        component->idle_count--;
        store->next_idle = NULL;
    } else {
        if (allocate(component, &store) < 0)
            return sw_fail(err, SW_ENOMEM, "no memory for a component store");
        reset(store);
    }
    struct engine_limits own = *limits;
    own.held = store_held;
    store->owner_held = limits->held;
    int rc = engine_store_new(component->engine, &own, store, &store->engine, err);
    component->live_count++;
    store->owner = owner;
    if (rc < 0) {
        component_store_free(store);
        return rc;
    }
    *ret = store;
    return 0;
}

void component_store_free(struct component_store *store)
{
    if (!store)
        return;
    struct component *component = store->component;
    component_store_cancel(store);
    component__streams_clear(store);
    component__error_contexts_clear(store);
    while (!sw_list_empty(&store->objects)) { /* newest first */
        struct component_object *node = SW_CONTAINER(store->objects.prev, struct component_object, link);
        sw_list_remove(&node->link);
        if (node->host->drop)
            node->host->drop(store->owner, node->object);
    }
    engine_store_free(store->engine);
    reset(store);
    component->live_count--;
    if (component->idle_count >= COMPONENT_STORES_POOLED) {
        component__store_destroy(store);
        return;
    }
    store->next_idle = component->idle;
    component->idle = store;
    component->idle_count++;
}

void *component_store_owner(const struct component_store *store)
{
    return store->owner;
}

struct engine_store *component_store_engine(const struct component_store *store)
{
    return store->engine;
}

static bool starts(const struct component_core_instance *core) /* guest code runs right after it was made */
{
    return core->has_start || core->has_start_call;
}

/* Loop side: makes core instances up to and including the first with a start section. */
static int make_some(void *arg, struct engine_store *engine_store)
{
    struct component_store *store = arg;
    const struct component *component = store->component;
    while (store->made < component->plan->instance_count) {
        const struct component_core_instance *core = &component->plan->instances[store->made];
        int rc = core->lazy ? 0
                            : engine_store_instantiate_at(engine_store, component->bounds[store->made],
                                                          store->made, &store->err);
        if (rc < 0)
            return rc;
        store->made++;
        if (starts(core))
            break;
    }
    return 0;
}

/* Runs fn on the loop side; a failure there is recorded. */
static int on_loop_side_wait(struct component_store *store, engine_call_fn *fn, void *arg)
{
    int rc = engine_loop_side_wait(store->engine, fn, arg, &store->err);
    if (rc < 0 && rc != -SW_ECANCELLED) /* not recorded yet when it was no trap */
        (void)engine_store_fail(store->engine, ENGINE_TRAP_HOST, "%s", store->err.text);
    return rc;
}

struct make_lazy {
    struct component_store *store;
    uint32_t number;
};

static int make_lazy(void *arg, struct engine_store *engine_store)
{
    const struct make_lazy *make = arg;
    struct component_store *store = make->store;
    int rc = engine_store_instantiate_at(engine_store, store->component->bounds[make->number], make->number,
                                         &store->err);
    if (rc == 0)
        store->lazy_made[make->number] = true;
    return rc;
}

int component__make_lazy_wait(struct component_store *store, uint32_t number)
{
    if (store->lazy_made[number])
        return 0;
    struct make_lazy make = {store, number};
    return on_loop_side_wait(store, make_lazy, &make);
}

/* Start sections run inside the component instance, like a call of one of its exports. */
static int start_one_wait(struct component_store *store, uint32_t number, struct sw_str name)
{
    const struct component_core_instance *core = &store->component->plan->instances[number];
    struct engine_func start;
    union engine_val none[1];
    if (engine_instance_func(store->engine, number, name, &start) != 0)
        return component__fail(store, "core instance %u was compiled without its start function '" SW_FMT "'",
                               number, SW_ARG(name));
    struct component_nested nested;
    int rc = store->scheduler ? component__nested_begin_wait(store, &nested, core->instance, true) : 0;
    if (rc == 0)
        rc = component__enter(store, core->instance, COMPONENT_NONE);
    if (rc == 0)
        rc = engine_func_call(store->engine, start, none, 0);
    if (rc < 0)
        return rc;
    component__leave(store, core->instance, COMPONENT_NONE);
    return store->scheduler ? component__nested_end(store, &nested, true) : 0;
}

static int run_start_wait(struct component_store *store)
{
    const struct component_core_instance *core = &store->component->plan->instances[store->made - 1];
    int rc = core->has_start ? start_one_wait(store, store->made - 1, ENGINE_START_EXPORT) : 0;
    if (rc == 0 && core->has_start_call) /* of an elided fixup: always an export */
        rc = start_one_wait(store, core->start_call.index, core->start_call.name);
    return rc;
}

static int fiber_main_wait(void *arg, struct engine_store *engine_store)
{
    struct component_store *store = arg;
    const struct component_plan *plan = store->component->plan;
    (void)engine_store; /* store->engine */
    while (store->made > 0 && starts(&plan->instances[store->made - 1])) {
        int rc = run_start_wait(store);
        if (rc < 0)
            return rc;
        if (store->made == plan->instance_count)
            break;
        rc = on_loop_side_wait(store, make_some, store);
        if (rc < 0)
            return rc;
    }
    return store->main(store->arg, store);
}

static void fiber_done(void *arg, int rc)
{
    struct component_store *store = arg;
    store->call = NULL;
    store->done(store->arg, rc); /* may free the store */
}

int component_store_start(struct component_store *store, component_main_fn *fn, component_done_fn *done,
                          void *arg, struct sw_err *err)
{
    assert(!store->call && store->made == 0);
    int rc = make_some(store, store->engine);
    if (rc < 0)
        return sw_fail(err, store->err.code, "%s", store->err.text);
    store->main = fn;
    store->done = done;
    store->arg = arg;
    return engine_call_start(store->engine, fiber_main_wait, fiber_done, store, &store->call, err);
}

void component_store_cancel(struct component_store *store)
{
    struct engine_call *call = store->call;
    store->call = NULL;
    if (call)
        engine_call_cancel(call);
    if (store->scheduler)
        component__scheduler_cancel(store);
}
