/* abi_handles.c - handles in a call: making, taking, lending; host objects and who owns them.  Room: component.
 *
 * Source: CanonicalABI.md "Resource State", lift_own, lift_borrow, lower_own, lower_borrow. Once a trap is certain the order of a removal
 * and a check cannot be seen (nothing of the store runs again), so checks come first here. */
#include <assert.h>

#include "component/run_internal.h"

struct component_object *component__object_new(struct component_store *store,
                                               const struct component_host_resource *host, void *object)
{
    struct component_object *node = store->free_objects;
    if (node)
        store->free_objects = node->next;
    else
        node = SW_ARENA_NEW(&store->arena, struct component_object);
    if (!node)
        return NULL;
    *node = (struct component_object){.object = object, .host = host};
    sw_list_add_tail(&store->objects, &node->link);
    return node;
}

void component__object_free(struct component_store *store, struct component_object *node)
{
    sw_list_remove(&node->link);
    node->next = store->free_objects;
    store->free_objects = node;
}

uint32_t component__resource_of_kind(const struct component *component, uint32_t kind)
{
    for (uint32_t i = kind;; i++) {
        const struct component_kind_slot *slot = &component->kinds[i & component->kind_mask];
        if (slot->resource == COMPONENT_NONE || slot->kind == kind) /* there is always an unused one */
            return slot->resource;
    }
}

int component__handle_add(struct component_call *call, const struct component_handle *handle, uint32_t *ret)
{
    int rc = component_handles_add(&call->instance->handles, &call->store->handles_budget, handle, ret);
    if (rc < 0)
        return component_trap(call,
                              rc == -SW_ELIMIT ? "handle table is full" : "no memory for the handle table");
    return 0;
}

int component__handle_of(struct component_call *call, uint32_t handle, uint32_t resource,
                         struct component_handle **ret)
{
    struct component_handle *entry = component_handles_get(&call->instance->handles, handle);
    if (!entry)
        return component_trap(call, "unknown handle index %u", handle);
    if (entry->kind != COMPONENT_HANDLE_RESOURCE || entry->resource != resource) {
        bool is_host = call->store->component->resources[resource].host != NULL;
        return component_trap(call,
                              "handle index %u used with the wrong type, expected %s resource but found a "
                              "different %s resource",
                              handle, is_host ? "host" : "guest-defined",
                              entry->is_host ? "host" : "guest-defined");
    }
    *ret = entry;
    return 0;
}

int component__handle_removable(struct component_call *call, uint32_t handle,
                                const struct component_handle *entry, bool own_only)
{
    if (entry->lends)
        return component_trap(call, "cannot remove owned resource while borrowed: handle index %u", handle);
    if (own_only && !entry->own)
        return component_trap(call, "cannot transfer a borrowed resource: handle index %u", handle);
    return 0;
}

/* ---- lending ---- */

int component__lend(struct component_call *call, uint32_t handle, struct component_handle *entry)
{
    uint32_t n = call->lent_count;
    if (n < COMPONENT_CALL_LENT) {
        call->lent[n] = handle;
    } else {
        uint32_t at = (n - COMPONENT_CALL_LENT) % COMPONENT_LENT_MORE;
        if (at == 0) {
            struct component_lent *block = call->store->free_lent;
            if (block)
                call->store->free_lent = block->next;
            else
                block = SW_ARENA_NEW(&call->store->arena, struct component_lent);
            if (!block)
                return component__no_memory(call, sizeof *block);
            block->next = call->lent_more;
            call->lent_more = block;
        }
        call->lent_more->handles[at] = handle;
    }
    call->lent_count = n + 1;
    entry->lends++; /* at most one per borrow in memory of < 2^32 bytes: no overflow */
    return 0;
}

static void unlend(struct component_call *call, uint32_t handle)
{
    struct component_handle *entry = component_handles_get(&call->instance->handles, handle);
    assert(entry && entry->lends > 0); /* a lent handle cannot be removed */
    entry->lends--;
}

void component__call_end(struct component_call *call)
{
    uint32_t n = call->lent_count;
    while (call->lent_more) {
        struct component_lent *block = call->lent_more;
        uint32_t used = (n - COMPONENT_CALL_LENT - 1) % COMPONENT_LENT_MORE + 1;
        for (uint32_t i = used; i-- > 0;)
            unlend(call, block->handles[i]);
        n -= used;
        call->lent_more = block->next;
        block->next = call->store->free_lent;
        call->store->free_lent = block;
    }
    while (n-- > 0)
        unlend(call, call->lent[n]);
    call->lent_count = 0;
}

/* ---- handles of host resources ---- */

int component_handle_new(struct component_call *call, uint32_t kind, void *object, uint32_t *ret_handle)
{
    struct component_store *store = call->store;
    uint32_t resource = component__resource_of_kind(store->component, kind);
    if (resource == COMPONENT_NONE)
        return component_trap(call, "the component does not know resources of kind %u", kind);
    struct component_object *node =
        component__object_new(store, store->component->resources[resource].host, object);
    if (!node)
        return component__no_memory(call, sizeof *node);
    struct component_handle handle = {.kind = COMPONENT_HANDLE_RESOURCE,
                                      .own = true,
                                      .is_host = true,
                                      .resource = resource,
                                      .rep = kind,
                                      .object = object,
                                      .node = node};
    int rc = component__handle_add(call, &handle, ret_handle);
    if (rc < 0)
        component__object_free(store, node); /* still the caller's */
    return rc;
}

static int host_handle(struct component_call *call, uint32_t handle, uint32_t kind,
                       struct component_handle **ret)
{
    struct component_handle *entry = component_handles_get(&call->instance->handles, handle);
    if (!entry)
        return component_trap(call, "unknown handle index %u", handle);
    if (entry->kind != COMPONENT_HANDLE_RESOURCE || !entry->is_host || entry->rep != kind)
        return component_trap(call, "handle index %u used with the wrong type", handle);
    *ret = entry;
    return 0;
}

int component_handle_take(struct component_call *call, uint32_t handle, uint32_t kind, void **ret_object)
{
    struct component_handle *entry;
    int rc = host_handle(call, handle, kind, &entry);
    if (rc == 0)
        rc = component__handle_removable(call, handle, entry, true);
    if (rc < 0)
        return rc;
    *ret_object = entry->object;
    component__object_free(call->store, entry->node);
    component_handles_remove(&call->instance->handles, handle);
    return 0;
}

int component_handle_get(struct component_call *call, uint32_t handle, uint32_t kind, void **ret_object)
{
    struct component_handle *entry;
    int rc = host_handle(call, handle, kind, &entry);
    if (rc == 0)
        rc = component__lend(call, handle, entry);
    if (rc == 0)
        *ret_object = entry->object;
    return rc;
}
