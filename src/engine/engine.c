/* engine.c - Wasmtime's configuration, the engine and its numbers.  Room: engine. */
#include "engine/engine.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "engine/engine_internal.h"
#include "engine/limits.h"

_Static_assert(sizeof(union engine_val) == sizeof(wasmtime_val_raw_t),
               "values are passed to Wasmtime as they are");
_Static_assert(sizeof(struct engine_func) >= sizeof(wasmtime_func_t) + sizeof(uint64_t),
               "a function handle fits");
_Static_assert(ENGINE_STACK_BYTES >=
                   2 * ENGINE_WASM_STACK_BYTES + ENGINE_STACK_HOST_BYTES + ENGINE_STACK_TOP_BYTES,
               "one nested entry always fits");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "raw values are little-endian, as is engine_val");

#define SETTINGS                                                                                             \
    "epoch=1 concurrency=0 cow=0 opt=speed reservation=4294967296 guard=33554432 shared-memory=0 "           \
    "page-size=1 "                                                                                           \
    "prepare=" ENGINE_PREPARE_DIGEST

_Static_assert(ENGINE_SLOT_BYTES == UINT64_C(4294967296) && ENGINE_SLOT_GUARD_BYTES == UINT64_C(33554432),
               "the settings text names these two");

const char *engine__settings_text(void)
{
    return SETTINGS;
}

wasm_config_t *engine__config(void)
{
    /* The variable changes a setting that is stored in every compiled module: it must not differ between processes. */
    (void)unsetenv("WASMTIME_BACKTRACE_DETAILS");
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_epoch_interruption_set(config, true);
    wasmtime_config_concurrency_support_set(config, false);
    wasmtime_config_memory_init_cow_set(
        config, false); /* true would abort with a memory creator (wasmtime.md 14.6.4) */
    /* So that a module may write down the usual size; another one is refused when it is compiled (engine__core_supported). */
    wasmtime_config_wasm_custom_page_sizes_set(config, true);
    wasmtime_config_memory_reservation_set(config, ENGINE_SLOT_BYTES);
    wasmtime_config_memory_guard_size_set(config, ENGINE_SLOT_GUARD_BYTES);
    wasmtime_config_cranelift_opt_level_set(config, WASMTIME_OPT_LEVEL_SPEED);
    wasmtime_config_max_wasm_stack_set(config, ENGINE_WASM_STACK_BYTES);
    wasmtime_config_async_stack_size_set(config, ENGINE_STACK_BYTES);
    return config;
}

/* Wasmtime's engine and the two host functions that every call needs. */
static int make_wasm(struct engine *engine, struct sw_err *err)
{
    wasm_config_t *config = engine__config();
    wasmtime_memory_creator_t memories = {.env = engine, .new_memory = engine__memory_new};
    wasmtime_stack_creator_t stacks = {.env = engine, .new_stack = engine__stack_new};
    wasmtime_config_host_memory_creator_set(config, &memories);
    wasmtime_config_host_stack_creator_set(config, &stacks);
    engine->wasm =
        wasm_engine_new_with_config(config); /* takes it; every value in it is a constant that works */

    wasm_valtype_vec_t params;
    wasm_valtype_vec_t results;
    wasm_valtype_vec_new_empty(&params);
    wasm_valtype_vec_new_empty(&results);
    wasm_functype_t *type = wasm_functype_new(&params, &results);
    engine->boot = wasmtime_linker_new(engine->wasm);
    wasmtime_error_t *error = wasmtime_linker_define_func_unchecked(engine->boot, "s", 1, "entry", 5, type,
                                                                    engine__entry, NULL, NULL);
    if (!error)
        error = wasmtime_linker_define_async_func(engine->boot, "s", 1, "park", 4, type, engine__park, NULL,
                                                  NULL);
    wasm_functype_delete(type);
    return error ? engine__error_take(error, SW_EBUG, err) : 0;
}

static int choose_reset(struct engine *engine, enum engine_reset reset, struct sw_err *err)
{
    engine->pagemap_fd =
        open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC); /* ours: it names the opener's memory */
    if (engine->pagemap_fd < 0)
        return sw_fail_errno(err, SW_EIO, errno,
                             "open /proc/self/pagemap, which resetting guest memory needs");
    bool scan = reset != ENGINE_RESET_PAGEMAP && engine__scan_works(engine->pagemap_fd);
    if (reset == ENGINE_RESET_SCAN && !scan)
        return sw_fail(err, SW_EINPUT, "this kernel has no PAGEMAP_SCAN (Linux 6.7 and later have it)");
    engine->use_scan = scan;
    return 0;
}

static void init_lists(struct engine *engine)
{
    engine__queue_init(engine);
    sw_list_init(&engine->free_slots);
    sw_list_init(&engine->free_stacks);
    sw_list_init(&engine->free_stores);
    sw_list_init(&engine->free_calls);
    engine__pool_init(&engine->anonymous, engine, 0);
}

int engine_new(const struct engine_config *config, struct loop *loop, struct engine **ret, struct sw_err *err)
{
    if (sysconf(_SC_PAGESIZE) != ENGINE_PAGE_BYTES)
        return sw_fail(err, SW_EINPUT, "this system's pages have %ld bytes; the engine is made for %d",
                       sysconf(_SC_PAGESIZE), ENGINE_PAGE_BYTES);
    struct engine *engine = sw_try_alloc(sizeof *engine);
    if (!engine)
        return sw_fail(err, SW_ENOMEM, "no memory for the engine");
    engine->loop = loop;
    engine->pagemap_fd = -1;
    engine->stacks_max = config->stacks_max ? config->stacks_max : ENGINE_STACKS_MAX;
    engine->slots_max = config->slots_max ? config->slots_max : ENGINE_SLOTS_MAX;
    engine->memory_max = ENGINE_MEMORY_UNLIMITED;
    if (config->memory_bytes_max && config->memory_bytes_max < ENGINE_MEMORY_UNLIMITED)
        engine->memory_max = config->memory_bytes_max;
    engine->stats.memory_max = engine->memory_max;
    init_lists(engine);

    int rc = choose_reset(engine, config->reset, err);
    if (rc == 0)
        rc = make_wasm(engine, err);
    if (rc == 0)
        rc = engine__ticker_start(&engine->ticker, engine->wasm,
                                  config->tick_ms ? config->tick_ms : ENGINE_TICK_MS, err);
    if (rc < 0) {
        engine_free(engine);
        return rc;
    }
    *ret = engine;
    return 0;
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    assert(engine->stats.stores_now == 0 && engine->modules_now == 0 && !engine->running);
    loop_defer_cancel(&engine->defer);
    engine__ticker_stop(&engine->ticker);
    struct sw_link *link = NULL;
    while ((link = sw_list_take_head(&engine->free_stores)))
        sw_free(SW_CONTAINER(link, struct engine_store, link));
    while ((link = sw_list_take_head(&engine->free_calls)))
        sw_free(SW_CONTAINER(link, struct engine_call, link));
    engine__pool_drain(&engine->anonymous);
    engine__stacks_drain(engine);
    if (engine->boot)
        wasmtime_linker_delete(engine->boot);
    if (engine->wasm)
        wasm_engine_delete(engine->wasm);
    if (engine->pagemap_fd >= 0)
        (void)close(engine->pagemap_fd); /* read-only: nothing to lose */
    sw_free(engine);
}

void engine_stats_read(const struct engine *engine, struct engine_stats *ret)
{
    *ret = engine->stats;
}
