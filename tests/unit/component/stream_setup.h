/* stream_setup.h - two guests with the built-ins of streams of one element type, for tests of streams. */
#ifndef SW_TESTS_STREAM_SETUP_H
#define SW_TESTS_STREAM_SETUP_H

#include "component/stream_internal.h"
#include "run_fixture.h"

#define BLOCKED COMPONENT_BLOCKED
#define SETUP_GUESTS 2

struct setup {
    struct fixture fx;
    uint32_t types[2]; /* stream, future */
    struct component_builtin plans[COMPONENT_BUILTIN_KINDS];
    struct component_bound_builtin bounds[SETUP_GUESTS][COMPONENT_BUILTIN_KINDS];
};

void setup_open(struct setup *s);
/* call: the type of 1.run, which guest 0 imports; NULL: none */
void setup_init(struct setup *s, const char *elem, const char *call);
/* The store. */
void setup_close(struct setup *s);
void setup_deinit(struct setup *s);
int setup_builtin(struct setup *s, uint32_t g, enum component_builtin_kind kind, union engine_val *vals);
int setup_call(struct setup *s, uint32_t g, enum component_builtin_kind kind, const uint32_t args[3],
               uint32_t *ret);
/* A built-in with three arguments that does not trap; its result. */
uint32_t setup_ok(struct setup *s, uint32_t g, enum component_builtin_kind kind, const uint32_t args[3]);
/* Both ends in guest g. */
void setup_make(struct setup *s, uint32_t g, bool future, uint32_t *ret_readable, uint32_t *ret_writable);
/* As a built-in or host function that guest g calls has it. */
void setup_context(struct setup *s, uint32_t g, struct component_call *ret);
/* A readable end from one guest to the other; its new handle. */
uint32_t setup_give(struct setup *s, uint32_t from, uint32_t handle, bool future);
uint8_t *setup_memory(struct setup *s, uint32_t g);
struct component_end *setup_end(struct setup *s, uint32_t g, uint32_t handle);
/* Takes the event of an end; the packed result. */
uint32_t setup_event(struct setup *s, uint32_t g, uint32_t handle);

#define CALL(s, g, kind, ret, ...) setup_call((s), (g), (kind), (const uint32_t[3]){__VA_ARGS__}, (ret))
#define OK(s, g, kind, ...) setup_ok((s), (g), (kind), (const uint32_t[3]){__VA_ARGS__})

#endif
