/* fake_engine.h - the engine room's run time over plain memory: guests are C functions, fibers are calls.
 *
 * Linked in front of the engine room, it takes the place of the real one. A module is a list of exports; a guest is an instance of it,
 * with a memory whose bytes past the current length are poisoned under AddressSanitizer. */
#ifndef SW_TESTS_FAKE_ENGINE_H
#define SW_TESTS_FAKE_ENGINE_H

#include "engine/engine.h"

#define FAKE_MEMORY_BYTES_MAX (1u << 20)

struct fake_guest;
typedef int fake_func_fn(struct fake_guest *guest, union engine_val *vals);

struct fake_export {
    const char *name;
    fake_func_fn *fn; /* NULL: the memory */
};
struct engine_module {
    const struct fake_export *exports;
    uint32_t export_count;
    uint32_t import_count;
    uint64_t memory_bytes; /* 0: none */
    void *arg;             /* for the functions */
};
struct engine_slot {
    uint8_t *base;
    uint64_t len;
};
struct fake_guest { /* a core instance */
    struct engine_store *store;
    struct engine_module *module;
    struct engine_bound *bound;
    struct engine_slot memory;
    uint32_t number;
    uint32_t next; /* of the bump allocator */
    struct fake_guest *older;
};
struct engine_bound {
    struct engine_module *module;
    struct engine_link *links;
    uint32_t count;
};

struct engine *fake_engine_new(void);
void fake_engine_free(struct engine *engine);
void fake_engine_run(struct engine *engine); /* runs every call that was started, to its end */
/* What engine_park_wait does: NULL wakes at once. */
void fake_engine_on_park(struct engine *engine, int (*fn)(void *arg), void *arg);
uint32_t fake_engine_stores(const struct engine *engine); /* alive */

struct fake_guest *fake_guest_of(struct engine_store *store, uint32_t number);
int fake_import(struct fake_guest *guest, uint32_t import,
                union engine_val *vals) SW_MUST_CHECK; /* calls it as guest code would */
void fake_guest_grow(struct fake_guest *guest, uint64_t len);
uint32_t fake_guest_alloc(struct fake_guest *guest, uint32_t size,
                          uint32_t align); /* bump; grows the memory */

#endif
