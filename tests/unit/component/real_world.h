/* real_world.h - a component of data/ on the real engine and loop, compiled in this process into memory files. */
#ifndef SW_TESTS_REAL_WORLD_H
#define SW_TESTS_REAL_WORLD_H

#include "base/buf.h"
#include "component/component.h"
#include "component/run_internal.h"
#include "loop/loop.h"

#define WORLD_CORES_MAX 8

struct world {
    struct loop *loop;
    struct engine *engine;
    struct sw_buf bytes;
    struct component_binary *binary;
    struct component_plan *plan;
    struct engine_module *modules[WORLD_CORES_MAX];
    struct component *component;
    struct component_store *store;
    char events[1 << 15]; /* "a;b;" */
    size_t events_n;
    int (*body)(struct world *world); /* on the fiber */
    bool done;
    int rc;
};

void note(struct world *world, const char *fmt, ...) SW_PRINTF(2, 3);
void world_open(struct world *world, const char *name, const struct component_host *host);
void world_close(struct world *world);
/* A store whose fiber runs `body`; the loop has not run yet. */
void start(struct world *world, int (*body)(struct world *world));
/* Runs `body` in a store of its own; the store stays for a look at its failure. */
int run(struct world *world, int (*body)(struct world *world));
void end(struct world *world);
const char *failure(const struct world *world);
const struct component_export *export_of(const struct world *world, const char *name);
int call(struct world *world, const char *name, const struct component_value *args, uint32_t n,
         struct component_value *result);

#endif
