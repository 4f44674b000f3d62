/* error_context.c - error contexts: debug messages that any number of handles, in any instance, share.  Room: component.
 *
 * A message longer than COMPONENT_ERROR_MESSAGE_MAX, or than what is left of COMPONENT_ERROR_BYTES_MAX, is cut: the specification lets the
 * host change it in any way (host_defined_transformation), and a guest must not keep host memory at will.
 * Source: CanonicalABI.md "canon error-context.new", ".debug-message", ".drop", lift_error_context, lower_error_context. */
#include <assert.h>

#include "base/alloc.h"
#include "component/error_context.h"

struct component_error_context {
    struct sw_link link; /* component_store.error_contexts */
    uint32_t refs;       /* handles */
    uint32_t len;
    char text[];
};

static int error_context_new(struct component_call *call, struct sw_str text,
                             struct component_error_context **ret)
{
    struct component_error_context *context = sw_try_alloc(sizeof *context + text.n);
    if (!context)
        return component__no_memory(call, text.n);
    sw_list_add_tail(&call->store->error_contexts, &context->link);
    call->store->error_bytes += text.n;
    context->len = (uint32_t)text.n;
    if (text.n)
        memcpy(context->text, text.p, text.n);
    *ret = context;
    return 0;
}

static void unref(struct component_store *store, struct component_error_context *context)
{
    assert(context->refs > 0);
    if (--context->refs > 0)
        return;
    store->error_bytes -= context->len;
    sw_list_remove(&context->link);
    sw_free(context);
}

void component__error_contexts_clear(struct component_store *store)
{
    struct sw_link *link;
    while ((link = sw_list_take_head(&store->error_contexts)) != NULL)
        sw_free(SW_CONTAINER(link, struct component_error_context, link));
    store->error_bytes = 0;
}

struct sw_str component__error_context_text(const struct component_error_context *context)
{
    return sw_str(context->text, context->len);
}

static int find(struct component_call *call, uint32_t handle, struct component_error_context **ret)
{
    const struct component_handle *entry = component_handles_get(&call->instance->handles, handle);
    if (!entry)
        return component_trap(call, "unknown handle index %u", handle);
    if (entry->kind != COMPONENT_HANDLE_ERROR_CONTEXT)
        return component_trap(call, "handle index %u used with the wrong type, expected an error context",
                              handle);
    *ret = entry->error_context;
    return 0;
}

int component__error_context_lift(struct component_call *call, uint32_t handle,
                                  struct component_error_context **ret)
{
    return find(call, handle, ret);
}

int component__error_context_lower(struct component_call *call, struct component_error_context *context,
                                   uint32_t *ret_handle)
{
    struct component_handle handle = {.kind = COMPONENT_HANDLE_ERROR_CONTEXT, .error_context = context};
    int rc = component__handle_add(call, &handle, ret_handle);
    if (rc == 0)
        context->refs++;
    return rc;
}

/* The longest part of at most `max` bytes that does not cut a code point. */
static struct sw_str cut(struct sw_str text, size_t max)
{
    if (text.n <= max)
        return text;
    while (max > 0 && ((unsigned char)text.p[max] & 0xc0) == 0x80)
        max--;
    return sw_str(text.p, max);
}

int component__error_context_make(struct component_call *call, struct sw_str text, uint32_t *ret_handle)
{
    struct component_error_context *context = NULL;
    size_t left = COMPONENT_ERROR_BYTES_MAX - call->store->error_bytes;
    size_t max = left < COMPONENT_ERROR_MESSAGE_MAX ? left : COMPONENT_ERROR_MESSAGE_MAX;
    int rc = error_context_new(call, cut(text, max), &context);
    if (rc == 0)
        rc = component__error_context_lower(call, context, ret_handle);
    return rc;
}

/* ---- built-ins: engine_host_fn ---- */

static int begin(struct component_store *store, const struct component_bound_builtin *builtin,
                 struct component_call *ret)
{
    int rc = component__may_leave(store, builtin->instance);
    if (rc == 0)
        rc = component__level_begin(store);
    return rc < 0 ? rc : component__call_begin(ret, store, &builtin->canon);
}

/* vals: pointer, length; then the handle. */
int component__error_context_new_builtin(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_call call;
    struct sw_str text;
    uint32_t handle;
    int rc = begin(store, builtin, &call);
    if (rc == 0)
        rc = component_lift_string(&call, vals[0].u32, vals[1].u32, &text);
    if (rc == 0)
        rc = component__error_context_make(&call, text, &handle);
    if (rc < 0)
        return rc;
    vals[0].u64 = handle;
    component__level_end(store);
    return 0;
}

/* vals: handle, where pointer and length go. */
int component__error_context_message_builtin(void *env, struct engine_store *engine_store,
                                             union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_error_context *context = NULL;
    struct component_call call;
    uint32_t at = vals[1].u32, pair[2];
    uint8_t *p;
    int rc = begin(store, builtin, &call);
    if (rc == 0)
        rc = find(&call, vals[0].u32, &context);
    if (rc == 0)
        rc = component_mem_range(&call, at, 8, 4, &p);
    if (rc == 0)
        rc = component_lower_string(&call, component__error_context_text(context), &pair[0], &pair[1]);
    if (rc < 0)
        return rc;
    component_store_u32(call.mem + at, pair[0]);
    component_store_u32(call.mem + at + 4, pair[1]);
    component__level_end(store);
    return 0;
}

int component__error_context_drop_builtin(void *env, struct engine_store *engine_store,
                                          union engine_val *vals)
{
    const struct component_bound_builtin *builtin = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_error_context *context = NULL;
    struct component_call call;
    int rc = begin(store, builtin, &call);
    if (rc == 0)
        rc = find(&call, vals[0].u32, &context);
    if (rc < 0)
        return rc;
    component_handles_remove(&call.instance->handles, vals[0].u32);
    unref(store, context);
    component__level_end(store);
    return 0;
}
