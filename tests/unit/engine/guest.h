/* guest.h - from WebAssembly text to an open module, for the engine's tests. */
#ifndef SW_TESTS_ENGINE_GUEST_H
#define SW_TESTS_ENGINE_GUEST_H

#include "base/arena.h"
#include "engine/engine.h"
#include "fake_loop.h"

/* Assembles text; the result is in arena. Ends the test when the text is wrong. */
struct sw_str guest_wat(struct sw_arena *arena, const char *wat);

struct guest {
    struct sw_arena arena;
    struct engine_core *core;
    struct engine_module *module;
    int cwasm_fd;
    int image_fd;
};

/* Assembles, parses, compiles into two memory files and opens them. Ends the test when one of these fails. */
void guest_open(struct guest *guest, struct engine *engine, const char *wat);
/* As guest_open, up to the files only. Returns what engine_compile returned. */
int guest_compile(struct guest *guest, const char *wat, struct sw_err *err);
void guest_close(struct guest *guest);

/* A loop and an engine with defaults. */
struct world {
    struct loop *loop;
    struct engine *engine;
};
void world_open(struct world *world, enum engine_reset reset);
void world_open_with(struct world *world, const struct engine_config *config);
void world_close(struct world *world);

/* Runs fn in a call of the store and turns the loop until it is done. Returns what the call ended with. */
int world_run(struct world *world, struct engine_store *store, engine_call_fn *fn, void *arg);
struct engine_store *world_store(struct world *world, const struct engine_limits *limits, void *owner);
/* Instantiates; ends the test when that fails. */
uint32_t world_instantiate(struct engine_store *store, struct engine_bound *bound);
/* Binds every import by name to the host functions of `table` (ended by a NULL name). */
struct guest_host {
    const char *name;
    engine_host_fn *fn;
    void *env;
};
struct engine_bound *guest_bind(struct guest *guest, const struct guest_host *table);

/* As world_run, for one call of one export. */
int world_call(struct world *world, struct engine_store *store, uint32_t instance, const char *export,
               int32_t arg, int32_t *ret);
/* Fiber side: calls the export with one i32; *ret is its result. */
int guest_call(struct engine_store *store, uint32_t instance, const char *name, int32_t arg, int32_t *ret);

#endif
