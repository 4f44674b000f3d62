/* keeper.c - host functions in a form that fits every store, for modules that cannot have an instance_pre.  Room: engine.
 *
 * A module that imports another instance's memory, as every adapter does, is instantiated with a list of what it imports. Looking a host
 * function up in a linker for each store costs 0.18 us, with forty of them more than the instance itself. A host function's raw form
 * (wasmtime_func_to_raw) does not depend on the store it was looked up in: it is a record of code pointers and our environment, which the
 * store that was asked keeps. So each bound module has one store, its keeper, that is asked once and lives as long as the module is bound;
 * store.c makes a function of each store out of the raw form in a few nanoseconds.
 *
 * Wasmtime completes such a record (the entry that fits the module's calls) when a module is about to be instantiated in the store that
 * keeps it. Therefore the keeper tries to instantiate the module, with stand-ins for what is not a host function, and refuses at the point
 * where the imports are complete: it has room for no instance. Nothing of a stand-in is ever touched: the memory's base is an address that
 * is never mapped. */
#include <assert.h>

#include "base/alloc.h"
#include "engine/engine_internal.h"
#include "engine/limits.h"

static uint8_t *stand_in_get(void *env, size_t *ret_bytes, size_t *ret_max)
{
    const struct engine *engine = env;
    *ret_bytes = *ret_max = engine->keeping_bytes;
    return (uint8_t *)(uintptr_t)ENGINE_PAGE_BYTES; /* never mapped */
}

static wasmtime_error_t *stand_in_grow(void *env, size_t bytes)
{
    (void)env;
    (void)bytes;
    return wasmtime_error_new("a stand-in does not grow");
}

static void stand_in_gone(void *env)
{
    (void)env;
}

void engine__keeper_memory(struct engine *engine, size_t min, wasmtime_linear_memory_t *ret)
{
    engine->keeping_bytes = min; /* asked for while the memory is made, never again */
    *ret = (wasmtime_linear_memory_t){
        .env = engine, .get_memory = stand_in_get, .grow_memory = stand_in_grow, .finalizer = stand_in_gone};
}

static wasm_trap_t *stand_in_call(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *vals, size_t n)
{
    (void)env;
    (void)caller;
    (void)vals;
    (void)n;
    abort(); /* nothing was instantiated that could call it */
}

/* What stands for import i. Returns 0, or SW_ABSENT for kinds that have no stand-in. */
static int stand_in(struct engine_bound *bound, wasmtime_context_t *context, size_t i,
                    const wasm_importtype_t *type, wasmtime_extern_t *ret)
{
    const wasm_externtype_t *wanted = wasm_importtype_type(type);
    char name[ENGINE_LINK_NAME_MAX];
    if (bound->links[i].kind != ENGINE_LINK_EXPORT)
        return wasmtime_linker_get(bound->linker, context, "n", 1, name, engine__link_name(i, name), ret)
                   ? 0
                   : SW_ABSENT;
    if (wasm_externtype_kind(wanted) == WASM_EXTERN_FUNC) {
        ret->kind = WASMTIME_EXTERN_FUNC;
        wasmtime_func_new_unchecked(context, wasm_externtype_as_functype_const(wanted), stand_in_call, NULL,
                                    NULL, &ret->of.func);
        return 0;
    }
    if (wasm_externtype_kind(wanted) != WASM_EXTERN_MEMORY)
        return SW_ABSENT;
    ret->kind = WASMTIME_EXTERN_MEMORY;
    bound->module->engine->keeping = true;
    wasmtime_error_t *error =
        wasmtime_memory_new(context, wasm_externtype_as_memorytype_const(wanted), &ret->of.memory);
    bound->module->engine->keeping = false;
    if (error)
        wasmtime_error_delete(error);
    return error ? SW_ABSENT : 0;
}

/* Has Wasmtime complete the records. False when it did not come so far. */
static bool complete(struct engine_bound *bound, wasmtime_context_t *context, wasmtime_extern_t *externs)
{
    wasmtime_instance_t none;
    wasm_trap_t *trap = NULL;
    wasmtime_error_t *error =
        wasmtime_instance_new(context, bound->module->wasm, externs, bound->count, &none, &trap);
    if (trap)
        wasm_trap_delete(trap);
    if (!error)
        return false;
    wasm_name_t text;
    wasmtime_error_message(error, &text);
    bool full = memmem(text.data, text.size, "count too high", 14) != NULL; /* not a type that does not fit */
    wasm_byte_vec_delete(&text);
    wasmtime_error_delete(error);
    return full;
}

int engine__keep(struct engine_bound *bound, struct sw_err *err)
{
    sw_auto_free wasmtime_extern_t *externs = sw_try_alloc_array(bound->count, sizeof *externs);
    sw_auto_free void **raws = sw_try_alloc_array(bound->count, sizeof *raws);
    if (!externs || !raws)
        return sw_fail(err, SW_ENOMEM, "no memory for %zu imports", bound->count);
    wasm_importtype_vec_t types;
    wasmtime_module_imports(bound->module->wasm, &types);
    bound->keeper = wasmtime_store_new(bound->module->engine->wasm, NULL, NULL);
    wasmtime_store_limiter(bound->keeper, -1, -1, 0, -1, -1); /* no instance */
    wasmtime_context_t *context = wasmtime_store_context(bound->keeper);
    bool possible = true;
    for (size_t i = 0; possible && i < bound->count; i++)
        possible = stand_in(bound, context, i, types.data[i], &externs[i]) == 0;
    wasm_importtype_vec_delete(&types);
    if (!possible || !complete(bound, context, externs)) {
        wasmtime_store_delete(bound->keeper);
        bound->keeper = NULL;
        return 0; /* store.c looks host functions up by their numbers */
    }
    for (size_t i = 0; i < bound->count; i++)
        if (bound->links[i].kind != ENGINE_LINK_EXPORT)
            raws[i] = wasmtime_func_to_raw(context, &externs[i].of.func);
    bound->raws = raws;
    raws = NULL;
    return 0;
}

void engine__keeper_free(struct engine_bound *bound)
{
    if (bound->keeper)
        wasmtime_store_delete(bound->keeper);
    sw_free(bound->raws);
}
