/* handles.h - the handle table of one component instance.  Room: component (internal to it).
 *
 * Numbers are the specification's, and guests can see them: index 0 is never used, a freed index is the next one given out (the free
 * list is a stack), else the table grows by one. Source: CanonicalABI.md "Table State", "Resource State".
 *
 * Invariants
 *  1. items[0] and every free item have kind COMPONENT_HANDLE_FREE; free items form a list through `rep`, 0 ends it.
 *  2. An own handle of a host resource has a node; the node is on its store's list of objects, in order of creation, until the object
 *     is dropped or taken: also while the value is between two tables.
 *  3. A borrow handle has a scope, which counts it. */
#ifndef SW_COMPONENT_HANDLES_H
#define SW_COMPONENT_HANDLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"

struct component_host_resource;

/* A host object that the store owns. */
struct component_object {
    struct sw_link link; /* component_store.objects, oldest first */
    void *object;
    const struct component_host_resource *host;
    struct component_object *next; /* while it is free, adopted or lifted: the next one */
};

/* Of one call of a guest's export: how many of the borrow handles it was given are left. */
struct component_borrows {
    uint32_t count; /* must be 0 when it returns */
};

struct component_waitable;
struct component_waitable_set;
struct component_error_context;
struct component_thread;

enum component_handle_kind {
    COMPONENT_HANDLE_FREE,
    COMPONENT_HANDLE_RESOURCE,
    COMPONENT_HANDLE_WAITABLE_SET,
    COMPONENT_HANDLE_ERROR_CONTEXT,
    COMPONENT_HANDLE_THREAD,  /* of the table of threads */
    COMPONENT_HANDLE_SUBTASK, /* from here on: waitables */
    COMPONENT_HANDLE_STREAM_READ,
    COMPONENT_HANDLE_STREAM_WRITE,
    COMPONENT_HANDLE_FUTURE_READ,
    COMPONENT_HANDLE_FUTURE_WRITE
};

struct component_handle {
    uint8_t kind; /* enum component_handle_kind */
    bool own;
    bool is_host;
    uint32_t resource; /* number in the plan */
    uint32_t lends;    /* calls in progress that borrow it */
    uint32_t rep; /* guest resource: its representation; host resource: its kind; free: the next free index */
    void *object; /* host resource */
    union {
        struct component_object *node;                 /* own of a host resource */
        struct component_borrows *borrows;             /* borrow */
        struct component_waitable *waitable;           /* SUBTASK .. FUTURE_WRITE */
        struct component_waitable_set *waitable_set;   /* WAITABLE_SET */
        struct component_error_context *error_context; /* ERROR_CONTEXT */
        struct component_thread *thread;               /* THREAD */
    };
};

struct component_handles {
    struct component_handle *items;
    uint32_t count; /* items that were ever used, item 0 included; 0 in a table nobody used */
    uint32_t cap;
    uint32_t free; /* first free index or 0 */
};

/* Adds a copy of *handle. *budget: items that the tables of the store may still grow by.
 * Returns 0, -SW_ELIMIT (the budget is used up) or -SW_ENOMEM; the table is then unchanged. */
int component_handles_add(struct component_handles *table, uint32_t *budget,
                          const struct component_handle *handle, uint32_t *ret_index) SW_MUST_CHECK;
struct component_handle *component_handles_get(const struct component_handles *table,
                                               uint32_t index); /* NULL when unknown */
void component_handles_remove(struct component_handles *table,
                              uint32_t index); /* index: one that _get knows */
/* As new; memory beyond COMPONENT_HANDLES_KEPT items is given back. */
void component_handles_clear(struct component_handles *table);
void component_handles_deinit(struct component_handles *table); /* twice is fine */

#endif
