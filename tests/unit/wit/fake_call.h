/* fake_call.h - the primitives of component/host.h over plain memory, for testing generated callbacks.  Room: wit (tests).
 *
 * The guest is an array. Each allocation moves it and spoils the old place, as a growing memory may: code that keeps a pointer across
 * one is found out. */
#ifndef SW_TESTS_WIT_FAKE_CALL_H
#define SW_TESTS_WIT_FAKE_CALL_H

#include "component/host.h"

#define FAKE_MEM 4096
#define FAKE_HANDLES 64
#define FAKE_HEAP 2048 /* the first allocation's offset, rounded up to its alignment */

struct fake_handle {
    uint32_t kind; /* 0: free */
    void *object;
};

struct fake {
    struct component_call call;
    uint8_t *memory;
    uint32_t heap;
    struct fake_handle handles[FAKE_HANDLES]; /* handle 1 is the first */
    struct sw_arena scratch;
    char trap[256];
    int allocs_left; /* negative: never fail */
};
extern struct fake fake;

void fake_reset(void);
void fake_end(void);
uint32_t fake_handle(uint32_t kind, void *object); /* puts one into the table */
uint32_t fake_handle_count(void);
void fake_put(uint32_t at, const void *bytes, size_t n);
/* Calls the function `name` of an interface's table; returns what the callback returned. */
int fake_run(const struct component_host_interface *interface, const char *name, union engine_val *vals);

#endif
