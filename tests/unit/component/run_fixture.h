/* run_fixture.h - a hand-made plan over the fake engine: component instance 0 holds everything, guest k is core instance k in component
 * instance k + 1. */
#ifndef SW_TESTS_RUN_FIXTURE_H
#define SW_TESTS_RUN_FIXTURE_H

#include "component/run_internal.h"
#include "fake_engine.h"

#define FIXTURE_GUESTS_MAX 3
#define FIXTURE_ITEMS_MAX 16

struct fixture;
struct fixture_guest {
    struct fixture *fixture;
    /* Exports of every guest: mem, realloc, post, run, run2, dtor, swell:start. NULL: realloc allocates, the others do nothing. */
    fake_func_fn *realloc, *post, *run, *run2, *dtor, *start;
    struct component_arg args[FIXTURE_ITEMS_MAX];
    uint32_t arg_count;
    char log[1024]; /* "old,old size,align,new size;" of each realloc */
    size_t log_n;
    uint32_t posts;
};
struct fixture {
    struct sw_arena arena;
    struct component_plan plan;
    struct component_core_instance instances[FIXTURE_GUESTS_MAX];
    struct component_lowering lowerings[FIXTURE_ITEMS_MAX];
    struct component_builtin builtins[FIXTURE_ITEMS_MAX];
    struct component_lift lifts[FIXTURE_ITEMS_MAX];
    struct component_resource resources[FIXTURE_ITEMS_MAX];
    struct component_plan_export exports[FIXTURE_ITEMS_MAX];
    uint32_t parents[FIXTURE_GUESTS_MAX + 1];
    struct fixture_guest guests[FIXTURE_GUESTS_MAX];
    struct engine_module modules[FIXTURE_GUESTS_MAX];
    struct engine *engine;
    struct component *component;
    struct component_store *store;
    int done_rc;
    char events[512]; /* what tests note, "a;b;" */
    size_t events_n;
};

void fixture_init(struct fixture *fx, uint32_t guests);
uint32_t fixture_type(struct fixture *fx,
                      const char *text); /* canonical text (types.h); own<#0> for resource 0 */
const struct component_func_type *fixture_func(struct fixture *fx, const char *text);
struct component_options fixture_options(uint32_t guest, enum component_encoding encoding);
/* Lifts export `name` of the guest; it becomes an export of the component too. Returns its number. */
uint32_t fixture_lift(struct fixture *fx, uint32_t guest, const char *name, const char *func,
                      enum component_encoding encoding);
void fixture_post_return(struct fixture *fx, uint32_t lift);
/* The next import of the guest. Each returns its index there. */
uint32_t fixture_import_host(struct fixture *fx, uint32_t guest, const struct component_host_func *host,
                             const char *func, enum component_encoding encoding);
uint32_t fixture_import_lift(struct fixture *fx, uint32_t guest, uint32_t lift,
                             enum component_encoding encoding);
uint32_t fixture_import_builtin(struct fixture *fx, uint32_t guest, enum component_builtin_kind kind,
                                uint32_t resource);
uint32_t fixture_resource_host(struct fixture *fx, const struct component_host_resource *host);
uint32_t fixture_resource_guest(struct fixture *fx, uint32_t guest, bool has_dtor);

void fixture_bind(struct fixture *fx);
void fixture_open(struct fixture *fx);  /* a store, instantiated; its owner is the fixture */
void fixture_close(struct fixture *fx); /* the store */
void fixture_deinit(struct fixture *fx);
const struct component_export *fixture_export(const struct fixture *fx, const char *name);
struct fake_guest *fixture_guest(const struct fixture *fx, uint32_t guest);
struct fixture_guest *fixture_of(struct fake_guest *guest);
const char *fixture_failure(const struct fixture *fx); /* "" when there is none */
void fixture_note(struct fixture *fx, const char *fmt, ...) SW_PRINTF(2, 3);

/* A lifting and lowering context of a lift, as a call of it would have. */
void fixture_cx(struct fixture *fx, uint32_t lift, bool between_guests, struct component_cx *ret);
/* Prints a value that was lifted for the host. */
void fixture_print(const struct fixture *fx, uint32_t type, const struct component_value *value,
                   struct sw_buf *out);

#endif
