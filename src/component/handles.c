/* handles.c - the handle table of one component instance.  Room: component. */
#include "component/handles.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "component/run_limits.h"

static int grow(struct component_handles *table, uint32_t *budget)
{
    uint32_t extra = table->cap ? table->cap : COMPONENT_HANDLES_FIRST;
    if (extra > *budget)
        extra = *budget;
    if (extra == 0)
        return -SW_ELIMIT;
    struct component_handle *items =
        sw_try_realloc(table->items, ((size_t)table->cap + extra) * sizeof *items);
    if (!items)
        return -SW_ENOMEM;
    table->items = items;
    table->cap += extra;
    *budget -= extra;
    return 0;
}

int component_handles_add(struct component_handles *table, uint32_t *budget,
                          const struct component_handle *handle, uint32_t *ret_index)
{
    uint32_t index = table->free;
    if (index) {
        table->free = table->items[index].rep;
    } else {
        uint32_t needed = table->count ? table->count : 1; /* item 0 comes with the first one */
        while (needed >= table->cap) {
            int rc = grow(table, budget);
            if (rc < 0)
                return rc;
        }
        if (table->count == 0)
            table->items[0] = (struct component_handle){.kind = COMPONENT_HANDLE_FREE};
        index = needed;
        table->count = needed + 1;
    }
    table->items[index] = *handle;
    *ret_index = index;
    return 0;
}

struct component_handle *component_handles_get(const struct component_handles *table, uint32_t index)
{
    if (index >= table->count || table->items[index].kind == COMPONENT_HANDLE_FREE)
        return NULL;
    return &table->items[index];
}

void component_handles_remove(struct component_handles *table, uint32_t index)
{
    assert(index > 0 && index < table->count && table->items[index].kind != COMPONENT_HANDLE_FREE);
    table->items[index] = (struct component_handle){.kind = COMPONENT_HANDLE_FREE, .rep = table->free};
    table->free = index;
}

void component_handles_clear(struct component_handles *table)
{
    table->count = 0;
    table->free = 0;
    if (table->cap > COMPONENT_HANDLES_KEPT)
        component_handles_deinit(table);
}

void component_handles_deinit(struct component_handles *table)
{
    sw_free(table->items);
    *table = (struct component_handles){NULL, 0, 0, 0};
}
