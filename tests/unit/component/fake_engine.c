/* fake_engine.c - the engine room's run time over plain memory. */
#include "fake_engine.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FAKE_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define FAKE_ASAN 1
#endif
#ifdef FAKE_ASAN
#include <sanitizer/asan_interface.h>
#endif

struct engine {
    struct engine_call *calls;
    int (*on_park)(void *arg);
    void *on_park_arg;
    uint32_t stores;
};
struct engine_call {
    struct engine_call *next;
    struct engine_store *store;
    engine_call_fn *fn;
    engine_call_done_fn *done;
    void *arg;
};
struct engine_store {
    struct engine *engine;
    void *owner;
    struct fake_guest *guests; /* newest first */
    struct engine_failure failure;
};

struct engine *fake_engine_new(void)
{
    return sw_alloc(sizeof(struct engine));
}

void fake_engine_free(struct engine *engine)
{
    assert(!engine->stores && !engine->calls);
    sw_free(engine);
}

void fake_engine_on_park(struct engine *engine, int (*fn)(void *arg), void *arg)
{
    engine->on_park = fn;
    engine->on_park_arg = arg;
}

uint32_t fake_engine_stores(const struct engine *engine)
{
    return engine->stores;
}

void fake_engine_run(struct engine *engine)
{
    while (engine->calls) {
        struct engine_call *call = engine->calls;
        engine->calls = call->next;
        int rc = call->fn(call->arg, call->store);
        call->done(call->arg, rc);
        sw_free(call);
    }
}

/* ---- modules ---- */

int engine_module_bind(struct engine_module *module, const struct engine_link *links, size_t count,
                       struct engine_bound **ret, struct sw_err *err)
{
    if (count != module->import_count)
        return sw_fail(err, SW_EBUG, "%zu links for %u imports", count, module->import_count);
    struct engine_bound *bound = sw_try_alloc(sizeof *bound);
    struct engine_link *copy = sw_try_alloc_array(count, sizeof *copy);
    if (!bound || !copy) {
        sw_free(bound);
        sw_free(copy);
        return sw_fail(err, SW_ENOMEM, "no memory for a bound module");
    }
    if (count)
        memcpy(copy, links, count * sizeof *copy);
    *bound = (struct engine_bound){module, copy, (uint32_t)count};
    *ret = bound;
    return 0;
}

void engine_bound_free(struct engine_bound *bound)
{
    if (!bound)
        return;
    sw_free(bound->links);
    sw_free(bound);
}

/* ---- stores ---- */

int engine_store_new(struct engine *engine, const struct engine_limits *limits, void *owner,
                     struct engine_store **ret, struct sw_err *err)
{
    (void)limits;
    struct engine_store *store = sw_try_alloc(sizeof *store);
    if (!store)
        return sw_fail(err, SW_ENOMEM, "no memory for a store");
    store->engine = engine;
    store->owner = owner;
    engine->stores++;
    *ret = store;
    return 0;
}

static void poison(struct engine_slot *memory)
{
#ifdef FAKE_ASAN
    __asan_unpoison_memory_region(memory->base, FAKE_MEMORY_BYTES_MAX);
    __asan_poison_memory_region(memory->base + memory->len, FAKE_MEMORY_BYTES_MAX - memory->len);
#else
    (void)memory;
#endif
}

void engine_store_free(struct engine_store *store)
{
    if (!store)
        return;
    while (store->guests) {
        struct fake_guest *guest = store->guests;
        store->guests = guest->older;
        if (guest->memory.base) {
            guest->memory.len = FAKE_MEMORY_BYTES_MAX;
            poison(&guest->memory);
            free(guest->memory.base);
        }
        sw_free(guest);
    }
    store->engine->stores--;
    sw_free(store);
}

void *engine_store_owner(const struct engine_store *store)
{
    return store->owner;
}

int engine_store_instantiate_at(struct engine_store *store, struct engine_bound *bound, uint32_t instance,
                                struct sw_err *err)
{
    assert(!fake_guest_of(store, instance));
    struct fake_guest *guest = sw_try_alloc(sizeof *guest);
    if (!guest)
        return sw_fail(err, SW_ELIMIT, "no slot is free");
    *guest = (struct fake_guest){.store = store,
                                 .module = bound->module,
                                 .bound = bound,
                                 .number = instance,
                                 .next = 64,
                                 .older = store->guests};
    store->guests = guest;
    if (bound->module->memory_bytes) {
        guest->memory.base = calloc(1, FAKE_MEMORY_BYTES_MAX);
        assert(guest->memory.base);
        guest->memory.len = bound->module->memory_bytes;
        poison(&guest->memory);
    }
    return 0;
}

struct fake_guest *fake_guest_of(struct engine_store *store, uint32_t number)
{
    struct fake_guest *guest = store->guests;
    while (guest && guest->number != number)
        guest = guest->older;
    return guest;
}

int engine_instance_func(struct engine_store *store, uint32_t instance, struct sw_str name,
                         struct engine_func *ret)
{
    struct fake_guest *guest = fake_guest_of(store, instance);
    for (uint32_t i = 0; guest && i < guest->module->export_count; i++) {
        if (guest->module->exports[i].fn && sw_str_eq(sw_str_of(guest->module->exports[i].name), name)) {
            *ret = (struct engine_func){{instance, i, 0}};
            return 0;
        }
    }
    return SW_ABSENT;
}

int engine_instance_memory(struct engine_store *store, uint32_t instance, struct sw_str name,
                           struct engine_memory *ret)
{
    struct fake_guest *guest = fake_guest_of(store, instance);
    for (uint32_t i = 0; guest && i < guest->module->export_count; i++) {
        if (!guest->module->exports[i].fn && sw_str_eq(sw_str_of(guest->module->exports[i].name), name)) {
            ret->slot = &guest->memory;
            return 0;
        }
    }
    return SW_ABSENT;
}

uint8_t *engine_memory_view(struct engine_memory memory, uint64_t *ret_len)
{
    *ret_len = memory.slot->len;
    return memory.slot->base;
}

/* ---- failures ---- */

int engine_store_fail(struct engine_store *store, enum engine_trap kind, const char *fmt, ...)
{
    if (store->failure.kind != ENGINE_TRAP_NONE)
        return -SW_EGUEST;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(store->failure.text, sizeof store->failure.text, fmt, args);
    va_end(args);
    store->failure.kind = kind;
    return -SW_EGUEST;
}

const struct engine_failure *engine_store_failure(const struct engine_store *store)
{
    return &store->failure;
}

/* ---- calls ---- */

int engine_call_start(struct engine_store *store, engine_call_fn *fn, engine_call_done_fn *done, void *arg,
                      struct engine_call **ret, struct sw_err *err)
{
    struct engine_call *call = sw_try_alloc(sizeof *call);
    if (!call)
        return sw_fail(err, SW_ENOMEM, "no memory for a call");
    *call = (struct engine_call){store->engine->calls, store, fn, done, arg};
    store->engine->calls = call;
    *ret = call;
    return 0;
}

void engine_call_cancel(struct engine_call *call)
{
    struct engine_call **at = &call->store->engine->calls;
    while (*at && *at != call)
        at = &(*at)->next;
    assert(*at); /* not running */
    *at = call->next;
    sw_free(call);
}

/* Fibers of the fake engine run to their end: nothing hands over. */
void engine_call_next(struct engine_call *call)
{
    assert(!call);
}

void engine_call_wake(struct engine_call *call)
{
    assert(!call);
}

struct engine_call *engine_store_call(struct engine_store *store)
{
    return store->engine->calls;
}

int engine_yield_wait(struct engine_store *store, struct sw_err *err)
{
    return engine_park_wait(store, err);
}

int engine_instance_table_func(struct engine_store *store, uint32_t instance, struct sw_str name,
                               uint32_t index, bool is_64, struct engine_func *ret)
{
    (void)instance;
    (void)name;
    (void)is_64;
    (void)ret;
    return engine_store_fail(store, ENGINE_TRAP_TABLE_OUT_OF_BOUNDS, "table index %u is out of bounds",
                             index);
}

int engine_park_wait(struct engine_store *store, struct sw_err *err)
{
    int rc = store->engine->on_park ? store->engine->on_park(store->engine->on_park_arg) : 0;
    return rc < 0 ? sw_fail(err, SW_ECANCELLED, "cancelled") : 0;
}

int engine_loop_side_wait(struct engine_store *store, engine_call_fn *fn, void *arg, struct sw_err *err)
{
    int rc = engine_park_wait(store, err);
    return rc < 0 ? rc : fn(arg, store);
}

int engine_func_call(struct engine_store *store, struct engine_func func, union engine_val *vals,
                     size_t count)
{
    (void)count;
    if (store->failure.kind != ENGINE_TRAP_NONE)
        return -SW_EGUEST;
    struct fake_guest *guest = fake_guest_of(store, (uint32_t)func.opaque[0]);
    int rc = guest->module->exports[func.opaque[1]].fn(guest, vals);
    return rc < 0 ? engine_store_fail(store, ENGINE_TRAP_UNREACHABLE, "the guest trapped") : 0;
}

int fake_import(struct fake_guest *guest, uint32_t import, union engine_val *vals)
{
    assert(import < guest->bound->count);
    const struct engine_link *link = &guest->bound->links[import];
    if (link->kind == ENGINE_LINK_HOST)
        return link->fn(link->env, guest->store, vals);
    struct engine_func func;
    if (engine_instance_func(guest->store, link->instance, link->name, &func) != 0)
        return engine_store_fail(guest->store, ENGINE_TRAP_OTHER, "no such export");
    return engine_func_call(guest->store, func, vals, 1);
}

void fake_guest_grow(struct fake_guest *guest, uint64_t len)
{
    assert(len >= guest->memory.len && len <= FAKE_MEMORY_BYTES_MAX);
    guest->memory.len = len;
    poison(&guest->memory);
}

uint32_t fake_guest_alloc(struct fake_guest *guest, uint32_t size, uint32_t align)
{
    uint32_t at = (guest->next + align - 1) & ~(align - 1);
    if (size > FAKE_MEMORY_BYTES_MAX || at > FAKE_MEMORY_BYTES_MAX - size)
        return FAKE_MEMORY_BYTES_MAX; /* out of bounds: the caller traps */
    guest->next = at + size;
    if (guest->next > guest->memory.len)
        fake_guest_grow(guest, guest->next);
    return at;
}
