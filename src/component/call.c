/* call.c - calls: of a guest's export by the host, and of lowered imports by a guest.  Room: component.
 *
 * A lowered import whose callee is the host's goes straight to the host's function. One whose callee is another guest's export does
 * canon_lower and canon_lift in one function, in the specification's order:
 *   may_leave of the caller; may_enter of the callee; lift arguments (caller); lower them (callee, its realloc); call; lift the result
 *   (callee); borrows dropped?; lower the result (caller, its realloc); post-return; leave; the caller's lends end.
 * Source: CanonicalABI.md "canon lift", "canon lower". */
#include <assert.h>

#include "component/async_internal.h"
#include "component/copy.h"

/* The callee's side of a call; on the fiber's stack. */
struct callee {
    struct component_cx cx;
    const struct component_bound_lift *lift;
    uint32_t stop;
    struct component_borrows borrows;
    union engine_val vals[COMPONENT_FLAT_MAX];
};

void component__cx_begin(struct component_cx *cx, bool between_guests)
{
    cx->types = cx->call.store->component->plan->types;
    cx->arena = component_call_scratch(&cx->call);
    cx->borrows = NULL;
    cx->between_guests = between_guests;
    cx->pending = NULL;
    cx->pending_end = &cx->pending;
}

static int callee_enter(struct callee *callee, struct component_store *store,
                        const struct component_bound_lift *lift, uint32_t stop, bool between_guests)
{
    int rc = component__enter(store, lift->canon.plan.instance, stop);
    if (rc == 0)
        rc = component__call_begin(&callee->cx.call, store, &lift->canon);
    if (rc != 0)
        return rc;
    component__cx_begin(&callee->cx, between_guests);
    callee->cx.borrows = &callee->borrows;
    callee->lift = lift;
    callee->stop = stop;
    callee->borrows.count = 0;
    return 0;
}

/* `used` flat arguments are in callee->vals; then the flat result is. */
static int callee_call_wait(struct callee *callee, uint32_t used)
{
    struct component_call *call = &callee->cx.call;
    size_t count = used || callee->lift->type->result == COMPONENT_NO_TYPE ? used : 1;
    int rc = component__core_call_wait(call->store, callee->lift->callee, callee->vals, count);
    return rc < 0 ? rc : component__memory_refresh(call);
}

/* Lowers the arguments, calls, lifts the result; ret_value is written when there is one. */
static int callee_run_wait(struct callee *callee, const struct component_value *args,
                           struct component_value *ret_value)
{
    const struct component_func_type *type = callee->lift->type;
    struct component_cx *cx = &callee->cx;
    uint32_t used;
    int rc = component__lower_params(cx, type, args, callee->vals, &used);
    if (rc == 0)
        rc = callee_call_wait(callee, used);
    if (rc < 0 || type->result == COMPONENT_NO_TYPE)
        return rc;
    if (type->flat_result_count <= 1)
        return component__lift_flat(cx, type->result, callee->vals, ret_value);
    const struct component_type *result = component_type_of(cx->types, type->result);
    uint8_t *p;
    rc = component_mem_range(&cx->call, callee->vals[0].u32, result->size, result->align, &p);
    return rc < 0 ? rc : component__load(cx, type->result, p, ret_value);
}

static int callee_borrows_dropped(struct callee *callee)
{
    if (callee->borrows.count)
        return component_trap(&callee->cx.call, "borrow handles still remain at the end of the call: %u",
                              callee->borrows.count);
    return 0;
}

/* callee->vals[0] is still the flat result. */
static int callee_leave_wait(struct callee *callee)
{
    const struct component_bound_lift *lift = callee->lift;
    struct component_store *store = callee->cx.call.store;
    uint32_t instance = lift->canon.plan.instance;
    if (lift->canon.plan.options.has_post_return) {
        size_t count = lift->type->flat_result_count ? 1 : 0;
        int rc = component__call_staying(store, instance, lift->post_return, callee->vals, count);
        if (rc < 0)
            return rc;
    }
    component__leave(store, instance, callee->stop);
    return 0;
}

/* ---- by the host ---- */

/* args: adopted already; `pending` is what that gave. */
static int call_lift_wait(struct component_store *store, const struct component_bound_lift *lift,
                          const struct component_value *args, struct component_object *pending,
                          struct component_value *ret_result)
{
    struct callee callee;
    int rc = callee_enter(&callee, store, lift, COMPONENT_NONE, false);
    if (rc != 0)
        return rc;
    callee.cx.pending = pending;
    struct component_value result = {.u64 = 0};
    struct component_object *lifted = NULL;
    callee.cx.arena = &store->arena;
    callee.cx.pending_end =
        &lifted; /* what the result brings is collected apart from what the arguments brought */
    rc = callee_run_wait(&callee, args, &result);
    assert(rc < 0 || !callee.cx.pending);
    if (rc == 0)
        rc = callee_borrows_dropped(&callee);
    if (rc == 0)
        rc = callee_leave_wait(&callee);
    if (rc < 0)
        return rc;
    while (lifted) { /* the caller's now */
        struct component_object *next = lifted->next;
        component__object_free(store, lifted);
        lifted = next;
    }
    if (lift->type->result != COMPONENT_NO_TYPE)
        *ret_result = result;
    return 0;
}

static struct component_object *adopt_all(struct component_store *store,
                                          const struct component_bound_lift *lift,
                                          const struct component_value *args)
{
    struct component_cx cx = {.call = {.store = store, .lowering = &lift->canon.plan}};
    component__cx_begin(&cx, false);
    for (uint32_t i = 0; i < lift->type->param_count; i++)
        component__adopt(&cx, lift->type->params[i].type, &args[i]);
    return cx.pending;
}

int component__call_check(struct component_store *store, const struct component_export *func,
                          const struct component_value *args, uint32_t arg_count,
                          struct component_object **ret_pending)
{
    const struct sw_str name = func->plan->name;
    if (!func->lift)
        return component__fail(store,
                               "'" SW_FMT "' is a function of the host, which cannot be called from outside",
                               SW_ARG(name));
    if (arg_count != func->lift->type->param_count)
        return component__fail(store, "'" SW_FMT "' takes %u arguments, %u were given", SW_ARG(name),
                               func->lift->type->param_count, arg_count);
    *ret_pending = adopt_all(store, func->lift, args); /* even when the call fails */
    return engine_store_failure(store->engine)->kind != ENGINE_TRAP_NONE ? -SW_EGUEST : 0;
}

/* In an async component the call is a thread of the store; of an async type it is one of a fiber of its own. */
static int call_in_turn_wait(struct component_store *store, const struct component_bound_lift *lift,
                             const struct component_value *args, struct component_object *pending,
                             struct component_value *ret_result)
{
    struct component_nested nested;
    if (lift->type->is_async)
        return component__call_async_wait(store, lift, args, pending, ret_result);
    int rc = component__nested_begin_wait(store, &nested, lift->canon.plan.instance, true);
    if (rc == 0)
        rc = component__level_begin(store);
    if (rc == 0)
        rc = call_lift_wait(store, lift, args, pending, ret_result);
    if (rc < 0)
        return rc;
    component__level_end(store);
    return component__nested_end(store, &nested, true);
}

int component_call_wait(struct component_store *store, const struct component_export *func,
                        const struct component_value *args, uint32_t arg_count,
                        struct component_value *ret_result)
{
    struct component_object *pending = NULL;
    int rc = component__call_check(store, func, args, arg_count, &pending);
    if (rc < 0)
        return rc;
    if (store->scheduler)
        return call_in_turn_wait(store, func->lift, args, pending, ret_result);
    rc = component__level_begin(store);
    if (rc == 0)
        rc = call_lift_wait(store, func->lift, args, pending, ret_result);
    if (rc == 0)
        component__level_end(store);
    return rc;
}

/* ---- by a guest ---- */

int component__lowered_host(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_lowering *lowering = env;
    struct component_store *store = engine_store_owner(engine_store);
    struct component_call call;
    int rc = lowering->canon.plan.anytime ? 0 : component__may_leave(store, lowering->canon.plan.instance);
    if (rc == 0)
        rc = component__level_begin(store);
    if (rc == 0)
        rc = component__call_begin(&call, store, &lowering->canon);
    if (rc == 0)
        rc = lowering->host(&call, vals);
    if (rc != 0)
        return rc;
    if (call.lent_count)
        component__call_end(&call);
    component__level_end(store);
    return 0;
}

/* vals: the caller's flat arguments, then its flat result; copy.c has the two passes of each direction. */
static int pass_and_call_wait(struct callee *callee, struct component_cx *caller, union engine_val *vals)
{
    const struct component_func_type *type = callee->lift->type;
    struct component_copy there, back;
    uint32_t used, to;
    component__copy_begin(&there, caller, &callee->cx);
    int rc = component__copy_check_params(&there, type, vals, &used);
    if (rc == 0)
        rc = component__copy_store_params(&there, type, vals, callee->vals);
    if (rc == 0)
        rc = callee_call_wait(callee, used);
    if (rc < 0)
        return rc;
    to = type->flat_result_count > 1 ? vals[used].u32 : 0;
    component__copy_begin(&back, &callee->cx, caller);
    rc = component__copy_check_result(&back, type, callee->vals);
    if (rc == 0)
        rc = callee_borrows_dropped(callee);
    if (rc == 0)
        rc = component__memory_refresh(&caller->call); /* a callee may call back into what contains it */
    return rc < 0 ? rc : component__copy_store_result(&back, type, callee->vals, to, vals);
}

static int guest_to_guest_wait(struct component_store *store, const struct component_bound_lowering *lowering,
                               union engine_val *vals)
{
    struct component_cx caller;
    struct callee callee;
    int rc = callee_enter(&callee, store, lowering->lift, lowering->stop, true);
    if (rc == 0)
        rc = component__call_begin(&caller.call, store, &lowering->canon);
    if (rc != 0)
        return rc;
    component__cx_begin(&caller, true);
    rc = pass_and_call_wait(&callee, &caller, vals);
    if (rc == 0)
        rc = callee_leave_wait(&callee);
    if (rc == 0)
        component__call_end(&caller.call);
    return rc;
}

int component__lowered_guest_wait(void *env, struct engine_store *engine_store, union engine_val *vals)
{
    const struct component_bound_lowering *lowering = env;
    struct component_store *store = engine_store_owner(engine_store);
    int rc = component__may_leave(store, lowering->canon.plan.instance);
    if (rc == 0 && lowering->forbidden)
        rc = component__fail(
            store,
            "cannot enter component instance %u: calls between a component and one it contains are refused",
            lowering->lift->canon.plan.instance);
    if (rc == 0)
        rc = component__level_begin(store);
    if (rc == 0)
        rc = guest_to_guest_wait(store, lowering, vals);
    if (rc == 0)
        component__level_end(store);
    return rc;
}

engine_host_fn *component__lowered_fn(const struct component_bound_lowering *lowering)
{
    const struct component_func_type *type = lowering->canon.plan.callee.type;
    bool is_async = type && type->is_async; /* a core module's imports have no type */
    if (!lowering->lift)                    /* the host's */
        return is_async ? component__lowered_host_async_wait : component__lowered_host;
    if (!lowering->component->is_async)
        return component__lowered_guest_wait;
    return is_async ? component__lowered_async_wait : component__lowered_nested_wait;
}
