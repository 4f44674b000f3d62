/* run_internal.h - a bound component, its stores and instances, and what the files of the run-time half share.  Room: component.
 *
 * component_bind turns names into numbers once: a *cell* is a (core instance, export name) pair, and each store keeps one engine_func or
 * engine_memory per cell, looked up at first use. Nothing is searched by name in a call.
 *
 * Flat values: whoever writes an i32 or f32 writes it zero-extended into u64, so that a value which a variant's join made wider or of
 * another kind (CanonicalABI.md "Flattening", join) needs no conversion in either direction.
 *
 * Invariants
 *  1. may_leave and entered are set, tested and reset in instance.c only.
 *  2. After a failure (engine_store_failure) flags, depth, lends and borrow counts are not repaired: nothing enters the guest again,
 *     and component_store_free resets everything.
 *  3. Every host object the store owns is on store->objects, wherever its handle is. */
#ifndef SW_COMPONENT_RUN_INTERNAL_H
#define SW_COMPONENT_RUN_INTERNAL_H

#include "component/component.h"
#include "component/handles.h"
#include "component/plan.h"
#include "component/run_limits.h"
#include "component/text_internal.h"

#define COMPONENT_NONE UINT32_MAX

/* ---- bound once ---- */

struct component_core_ref { /* a core function: cell number, or number of a lowering or builtin */
    enum component_core_func_kind kind;
    uint32_t index;
};
struct component_cell {
    uint32_t instance; /* core instance */
    struct sw_str name;
};

/* Canonical options with the numbers a call needs. component_call.lowering points at `plan`. */
struct component_canon {
    struct component_lowering plan; /* first; of a lift: its instance and options, callee unused */
    uint32_t memory;                /* memory cell or COMPONENT_NONE */
    struct component_core_ref realloc;
    bool has_realloc;
};
struct component_bound_lift {
    struct component_canon canon;
    struct component_core_ref callee, post_return, callback;
    const struct component_func_type *type;
    struct sw_str name;
};
struct component_bound_lowering {
    struct component_canon canon; /* first */
    const struct component *component;
    component_host_fn *host;                 /* NULL: a guest's export */
    const struct component_bound_lift *lift; /* guest */
    uint32_t stop;  /* guest: entering ends below this instance, which caller and callee have in common */
    bool forbidden; /* guest: one of caller and callee contains the other, see component_bind */
};
struct component_bound_builtin {
    struct component_canon canon; /* first; its instance and options, callee unused */
    const struct component *component;
    const struct component_builtin *plan; /* operands */
    enum component_builtin_kind kind;
    uint32_t instance;
    uint32_t resource;
    uint32_t stop; /* drop: as in component_bound_lowering, for the destructor */
};
struct component_bound_resource {
    const struct component_host_resource *host; /* NULL: a guest's */
    uint32_t instance;                          /* guest: its definer */
    bool has_dtor;
    struct component_core_ref dtor;
};
struct component_bound_late { /* a module's import that is a function of a lazy core instance */
    struct component_core_ref target;
    uint32_t vals;
};
struct
    component_kind_slot { /* host kind to resource number; open addressing, resource COMPONENT_NONE: unused */
    uint32_t kind;
    uint32_t resource;
};
struct component_export {
    const struct component_plan_export *plan;
    const struct component_bound_lift *lift; /* NULL: the host's own function, exported again */
};

struct component {
    struct sw_arena arena; /* owns the arrays below */
    const struct component_plan *plan;
    struct engine *engine;
    struct engine_bound **bounds; /* per core instance */
    struct component_bound_lift *lifts;
    struct component_bound_lowering *lowerings;
    struct component_bound_builtin *builtins;
    struct component_bound_resource *resources;
    struct component_export *exports;
    struct component_bound_late *lates;
    uint32_t late_count; /* filled in while binding */
    bool is_async;       /* it has something async: async_internal.h */
    struct component_kind_slot *kinds;
    uint32_t kind_mask;
    const struct component_program **programs; /* per type that passes between guests, else NULL (copy.h) */
    uint32_t program_count;
    struct component_cell *func_cells, *memory_cells;
    uint32_t func_cell_count, memory_cell_count;
    struct component_store *idle; /* pooled stores */
    uint32_t idle_count;
    uint32_t live_count;
};

/* ---- per store ---- */

struct component_instance {
    struct component_instance *parent; /* or NULL */
    uint32_t index;
    bool may_leave;
    bool entered; /* the specification's "not may_enter" */
    struct component_handles handles;
    /* Of async components (async_internal.h) */
    struct component_handles threads; /* by the numbers that guests see */
    uint32_t backpressure;
    uint32_t waiting_to_enter; /* tasks */
    uint32_t tasks;
    struct component_thread *exclusive; /* of the task that runs alone of those that must; or NULL */
};
struct component_func_slot {
    struct engine_func func;
    bool known;
};
struct component_memory_slot {
    struct engine_memory memory;
    bool known;
};
struct component_lent { /* further handles lent to one call */
    struct component_lent *next;
    uint32_t handles[COMPONENT_LENT_MORE];
};

struct component_store {
    struct component *component;
    struct component_store *next_idle;
    struct engine_store *engine;
    void *owner;
    struct component_instance *instances;
    struct component_func_slot *funcs;
    struct component_memory_slot *memories;
    uint32_t made;   /* core instances made so far, in order; lazy ones may be made from then on */
    bool *lazy_made; /* per core instance: lazy, and made */
    uint32_t depth;
    uint32_t deepest; /* scratch levels used */
    uint32_t handles_budget;
    uint64_t (*owner_held)(const void *owner); /* of its engine_limits; NULL: nobody asks */
    struct sw_link objects;                    /* component_object.link, oldest first */
    struct component_object *free_objects;     /* nodes in `arena` */
    struct sw_link streams;                    /* component_stream.link, oldest first */
    struct component_stream *free_streams;     /* in `arena` */
    struct sw_link error_contexts;             /* component_error_context.link */
    size_t error_bytes;                        /* of their messages */
    struct component_lent *free_lent;          /* blocks in `arena` */
    struct sw_arena arena;
    struct sw_arena scratch[COMPONENT_CALL_DEPTH_MAX + 1];
    struct engine_call *call;              /* the one component_store_start made */
    struct component_scheduler *scheduler; /* NULL: nothing of the component is async */
    component_main_fn *main;
    component_done_fn *done;
    void *arg;
    struct sw_err err; /* here because it is too big for a fiber's stack */
};

/* What lifting and lowering carry (the specification's LiftLowerContext). */
struct component_cx {
    struct component_call call; /* first */
    const struct component_types *types;
    struct sw_arena *arena;            /* lift: for the values */
    struct component_borrows *borrows; /* lower: their scope; NULL for results */
    bool between_guests;               /* own handles of host resources are nodes, and stay the store's */
    struct component_object *
        pending; /* lower, for the host: objects adopted and not yet given a handle, in order; lift: lifted objects */
    struct component_object **pending_end;
};

/* ---- instance.c ---- */

/* Marks `instance` and what contains it, up to `stop` (COMPONENT_NONE: all), as entered. Fails when one is already. */
int component__enter(struct component_store *store, uint32_t instance, uint32_t stop) SW_MUST_CHECK;
void component__leave(struct component_store *store, uint32_t instance, uint32_t stop);
/* Calls of canonical builtins and lowered imports begin with this. */
int component__may_leave(struct component_store *store, uint32_t instance) SW_MUST_CHECK;
/* Calls a core function with the instance's may_leave off: realloc and post-return. */
int component__call_staying(struct component_store *store, uint32_t instance, struct component_core_ref ref,
                            union engine_val *vals, size_t count) SW_MUST_CHECK;
int component__core_call_wait(struct component_store *store, struct component_core_ref ref,
                              union engine_val *vals, size_t count) SW_MUST_CHECK;
int component__late_call_wait(void *env, struct engine_store *engine_store,
                              union engine_val *vals); /* engine_host_fn; env: component_bound_late */
int component__memory(struct component_store *store, uint32_t cell, struct engine_memory *ret) SW_MUST_CHECK;
int(component__fail)(struct component_store *store, const char *fmt, ...)
    SW_PRINTF(2, 3); /* records a trap; returns -SW_EGUEST */
/* A level of calls: its scratch arena is store->scratch[store->depth]. */
int component__level_begin(struct component_store *store) SW_MUST_CHECK;
void component__level_end(struct component_store *store);

/* ---- abi.c ---- */

int component__call_begin(struct component_call *call, struct component_store *store,
                          const struct component_canon *canon) SW_MUST_CHECK;
void component__call_end(struct component_call *call);                    /* its borrows end */
int component__memory_refresh(struct component_call *call) SW_MUST_CHECK; /* after guest code ran */
int component__realloc(struct component_call *call, const uint32_t old[2], uint64_t size, uint32_t align,
                       uint32_t *ret_ptr) SW_MUST_CHECK;
int component__no_memory(struct component_call *call, size_t bytes); /* records; returns -SW_EGUEST */
/* A string in memory, checked, as it is there. */
int component__lift_text(struct component_call *call, uint32_t ptr, uint32_t tagged_units,
                         struct component_text *ret) SW_MUST_CHECK;
int component__lower_text(struct component_call *call, const struct component_text *text, uint32_t *ret_ptr,
                          uint32_t *ret_units) SW_MUST_CHECK; /* lower_text.c */

/* ---- abi_handles.c ---- */

struct component_object *component__object_new(struct component_store *store,
                                               const struct component_host_resource *host, void *object);
void component__object_free(struct component_store *store,
                            struct component_object *node); /* forgets it: dropped or taken */
int component__handle_add(struct component_call *call, const struct component_handle *handle,
                          uint32_t *ret) SW_MUST_CHECK;
/* The entry of a handle of that resource, or a trap. */
int component__handle_of(struct component_call *call, uint32_t handle, uint32_t resource,
                         struct component_handle **ret) SW_MUST_CHECK;
int component__handle_removable(struct component_call *call, uint32_t handle,
                                const struct component_handle *entry,
                                bool own_only) SW_MUST_CHECK; /* not lent; and own */
int component__lend(struct component_call *call, uint32_t handle,
                    struct component_handle *entry) SW_MUST_CHECK;
uint32_t component__resource_of_kind(const struct component *component,
                                     uint32_t kind); /* or COMPONENT_NONE */

/* ---- lift.c, lower.c ---- */

int component__load(struct component_cx *cx, uint32_t type, const uint8_t *p,
                    struct component_value *ret) SW_MUST_CHECK;
int component__lift_flat(struct component_cx *cx, uint32_t type, const union engine_val *vals,
                         struct component_value *ret) SW_MUST_CHECK;
int component__store(struct component_cx *cx, uint32_t type, const struct component_value *value,
                     uint32_t at) SW_MUST_CHECK;
int component__lower_flat(struct component_cx *cx, uint32_t type, const struct component_value *value,
                          union engine_val *vals) SW_MUST_CHECK;
/* own and borrow, and what traps: from and to the number of a handle. */
int component__lift_handle(struct component_cx *cx, const struct component_type *type, uint32_t handle,
                           struct component_value *ret) SW_MUST_CHECK;
int component__lower_handle(struct component_cx *cx, const struct component_type *type,
                            const struct component_value *value, uint32_t *ret) SW_MUST_CHECK;
bool component__is_scalar(
    enum component_kind kind); /* of fixed size, without pointer or handle: bool .. char */
/* All parameters: flat, or through memory when there are more than COMPONENT_FLAT_MAX; *ret_used: flat values consumed or made. */
int component__lift_params(struct component_cx *cx, const struct component_func_type *type,
                           const union engine_val *vals, struct component_value *ret_values,
                           uint32_t *ret_used) SW_MUST_CHECK;
int component__lower_params(struct component_cx *cx, const struct component_func_type *type,
                            const struct component_value *values, union engine_val *vals,
                            uint32_t *ret_used) SW_MUST_CHECK;
/* Host objects of own handles in args become the store's, whatever happens later. */
void component__adopt(struct component_cx *cx, uint32_t type, const struct component_value *value);

/* ---- call.c, call_builtin.c: engine_host_fn ---- */

/* For a call of the level that is the store's now. */
void component__cx_begin(struct component_cx *cx, bool between_guests);

/* The function behind a lowering: which of the five depends on who the callee is, and on what of it is async. */
engine_host_fn *component__lowered_fn(const struct component_bound_lowering *lowering);
int component__lowered_host(void *env, struct engine_store *engine_store, union engine_val *vals);
int component__lowered_guest_wait(void *env, struct engine_store *engine_store, union engine_val *vals);
int component__resource_new(void *env, struct engine_store *engine_store, union engine_val *vals);
int component__resource_rep(void *env, struct engine_store *engine_store, union engine_val *vals);
int component__resource_drop_wait(void *env, struct engine_store *engine_store, union engine_val *vals);
engine_host_fn *component__builtin_fn(enum component_builtin_kind kind);

/* ---- thread_builtin.c ---- */

/* realloc is called in a thread of its own, as far as its context goes: puts the running thread's aside, then back. */
void component__context_swap(struct component_store *store, uint64_t kept[2], bool begins);

/* ---- store.c ---- */

/* Makes a lazy core instance, once. */
int component__make_lazy_wait(struct component_store *store, uint32_t number) SW_MUST_CHECK;
void component__store_destroy(struct component_store *store); /* a pooled one */

#endif
