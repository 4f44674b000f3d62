/* stream_copy.c - elements of streams and futures, straight from one guest's memory to the other's.  Room: component.
 *
 * A buffer keeps where its memory is, not a pointer: between begin and copy its guest may have run. It was in range when it was given, and
 * memories do not shrink. The copy programs are those of calls (copy.h): pass one over all n elements, then pass two, as the specification
 * reads n values before it writes them. Source: CanonicalABI.md "Buffer State". */
#include "component/copy.h"
#include "component/stream_internal.h"

int component__buffer_cx(struct component_store *store, const struct component_canon *canon,
                         struct component_cx *ret)
{
    int rc = component__call_begin(&ret->call, store, canon);
    ret->types = store->component->plan->types;
    ret->arena = component_call_scratch(&ret->call);
    ret->borrows = NULL; /* no element contains a borrow */
    ret->between_guests = true;
    ret->pending = NULL;
    ret->pending_end = &ret->pending;
    return rc;
}

int component__buffer_init(struct component_call *call, uint32_t elem, uint32_t ptr, uint32_t length,
                           struct component_buffer *ret)
{
    if (length > COMPONENT_BUFFER_LENGTH_MAX)
        return component_trap(call, "stream read/write count %u is too large, at most %u are allowed", length,
                              COMPONENT_BUFFER_LENGTH_MAX);
    if (elem != COMPONENT_NO_TYPE && length > 0) {
        const struct component_type *type = component_type_of(call->store->component->plan->types, elem);
        uint8_t *p;
        int rc = component_mem_range(call, ptr, (uint64_t)length * type->size, type->align, &p);
        if (rc < 0)
            return rc;
    }
    *ret = (struct component_buffer){.canon = (const struct component_canon *)(const void *)call->lowering,
                                     .ptr = ptr,
                                     .length = length}; /* `plan` is a canon's first member */
    return 0;
}

static void advance(struct component_buffer *buffer, uint32_t n, uint32_t size)
{
    buffer->progress += n;
    buffer->ptr += n * size; /* in range; without elements nothing */
}

static int copy_elements(struct component_store *store, const struct component_program *elem,
                         const struct component_buffer *from, const struct component_buffer *to, uint32_t n)
{
    struct component_cx source, target;
    struct component_copy copy;
    int rc = component__buffer_cx(store, from->canon, &source);
    if (rc == 0)
        rc = component__buffer_cx(store, to->canon, &target);
    if (rc < 0)
        return rc;
    const uint8_t *p = source.call.mem + from->ptr;
    if (elem->bulk) { /* only here both memories can be one */
        memmove(target.call.mem + to->ptr, p, (size_t)n * elem->size);
        return 0;
    }
    component__copy_begin(&copy, &source, &target);
    for (uint32_t i = 0; rc == 0 && i < n; i++)
        rc = component__copy_check(&copy, elem, p + (size_t)i * elem->size);
    for (uint32_t i = 0; rc == 0 && i < n; i++)
        rc = component__copy_store(&copy, elem, p + (size_t)i * elem->size, to->ptr + i * elem->size);
    return rc;
}

int component__buffers_copy(struct component_stream *stream, struct component_buffer *from,
                            struct component_buffer *to, uint32_t n)
{
    struct component_store *store = stream->store;
    uint32_t size = 0;
    int rc = 0;
    if (stream->elem != COMPONENT_NO_TYPE) {
        const struct component_program *elem = store->component->programs[stream->elem];
        size = elem->size;
        rc = component__level_begin(store);
        if (rc == 0)
            rc = copy_elements(store, elem, from, to, n);
        if (rc < 0)
            return rc;
        component__level_end(store);
    }
    advance(from, n, size);
    advance(to, n, size);
    return 0;
}
