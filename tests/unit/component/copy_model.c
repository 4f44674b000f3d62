/* copy_model.c - the specification's two steps of a call between guests: lift everything into a tree, then lower from it.
 *
 * It has nothing in common with copy.c but the primitives for ranges, strings and handles, and is written for comparing, not for speed. */
#include "copy_model.h"

#include "check.h"

/* ---- the model: a tree of values ---- */

struct tree {
    uint64_t bits; /* scalar, flags, discriminant */
    uint32_t count;
    struct tree *items;
    struct component_text text;
    struct component_value handle;
};

static uint64_t low(uint64_t bits, uint32_t size)
{
    return size == 8 ? bits : bits & ((UINT64_C(1) << 8 * size) - 1);
}

static uint64_t peek(const uint8_t *p, uint32_t size)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < size; i++)
        bits |= (uint64_t)p[i] << 8 * i;
    return bits;
}

static void poke(uint8_t *p, uint32_t size, uint64_t bits)
{
    for (uint32_t i = 0; i < size; i++)
        p[i] = (uint8_t)(bits >> 8 * i);
}

static struct tree *branches(struct component_cx *cx, struct tree *tree, uint32_t count)
{
    tree->count = count;
    tree->items = SW_ARENA_ARRAY(cx->arena, count, struct tree);
    CHECK(tree->items);
    return tree->items;
}

/* From memory at p, or, when that is NULL, from *vals, which moves on. */
static int model_lift(struct component_cx *cx, uint32_t number, const uint8_t *p,
                      const union engine_val **vals, struct tree *ret);

static int lift_pair(struct component_cx *cx, const struct component_type *type, const uint8_t *p,
                     const union engine_val **vals, struct tree *ret)
{
    uint32_t ptr = p ? component_load_u32(p) : (*vals)[0].u32,
             n = p ? component_load_u32(p + 4) : (*vals)[1].u32;
    uint8_t *at;
    if (!p)
        *vals += 2;
    if (type->kind == COMPONENT_STRING)
        return component__lift_text(&cx->call, ptr, n, &ret->text);
    const struct component_type *elem = component_type_of(cx->types, type->elem);
    int rc = component_lift_list(&cx->call, ptr, n, elem->size, elem->align, &at);
    if (rc < 0)
        return rc;
    (void)branches(cx, ret, n);
    for (uint32_t i = 0; rc == 0 && i < n; i++)
        rc = model_lift(cx, type->elem, at + (size_t)i * elem->size, NULL, &ret->items[i]);
    return rc;
}

static int lift_parts(struct component_cx *cx, const struct component_type *type, const uint8_t *p,
                      const union engine_val **vals, struct tree *ret)
{
    bool fixed = type->kind == COMPONENT_FIXED_LIST;
    uint32_t n = fixed ? type->length : type->case_count;
    int rc = 0;
    (void)branches(cx, ret, n);
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        uint32_t part = fixed ? type->elem : type->cases[i].type;
        uint32_t offset = fixed ? i * component_type_of(cx->types, part)->size : type->cases[i].offset;
        rc = model_lift(cx, part, p ? p + offset : NULL, vals, &ret->items[i]);
    }
    return rc;
}

static int lift_case(struct component_cx *cx, const struct component_type *type, const uint8_t *p,
                     const union engine_val **vals, struct tree *ret)
{
    const union engine_val *payload = p ? NULL : *vals + 1;
    ret->bits = p ? peek(p, type->discriminant_size) : (*vals)[0].u32;
    if (!p)
        *vals += type->flat_count;
    int rc = component_lift_discriminant(&cx->call, (uint32_t)ret->bits, type->case_count);
    if (rc < 0 || type->kind == COMPONENT_ENUM || type->cases[ret->bits].type == COMPONENT_NO_TYPE)
        return rc;
    return model_lift(cx, type->cases[ret->bits].type, p ? p + type->payload_offset : NULL, &payload,
                      branches(cx, ret, 1));
}

static int model_lift(struct component_cx *cx, uint32_t number, const uint8_t *p,
                      const union engine_val **vals, struct tree *ret)
{
    const struct component_type *type = component_type_of(cx->types, number);
    uint32_t point;
    switch ((int)type->kind) {
    case COMPONENT_STRING:
    case COMPONENT_LIST:
        return lift_pair(cx, type, p, vals, ret);
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
    case COMPONENT_FIXED_LIST:
        return lift_parts(cx, type, p, vals, ret);
    case COMPONENT_VARIANT:
    case COMPONENT_ENUM:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
        return lift_case(cx, type, p, vals, ret);
    default:
        ret->bits = p ? peek(p, type->size) : low((*vals)++->u64, type->size);
    }
    if (type->kind == COMPONENT_BOOL)
        ret->bits = p ? ret->bits != 0 : (*vals)[-1].u32 != 0;
    if (type->kind == COMPONENT_CHAR)
        return component_lift_char(&cx->call, (uint32_t)ret->bits, &point);
    if (type->kind == COMPONENT_FLAGS)
        ret->bits = p ? low(ret->bits, type->size) : (*vals)[-1].u32;
    if (type->kind == COMPONENT_FLAGS && type->case_count < 32)
        ret->bits &= (1u << type->case_count) - 1;
    if (type->kind == COMPONENT_OWN || type->kind == COMPONENT_BORROW)
        return component__lift_handle(cx, type, (uint32_t)ret->bits, &ret->handle);
    return 0;
}

/* To memory at offset `at`, or, when `vals` is not NULL, to *vals, which moves on. */
static int model_lower(struct component_cx *cx, uint32_t number, const struct tree *tree, uint32_t at,
                       union engine_val **vals);

static int lower_pair(struct component_cx *cx, const struct component_type *type, const struct tree *tree,
                      uint32_t at, union engine_val **vals)
{
    uint32_t ptr, n = tree->count;
    int rc;
    if (type->kind == COMPONENT_STRING) {
        rc = component__lower_text(&cx->call, &tree->text, &ptr, &n);
    } else {
        const struct component_type *elem = component_type_of(cx->types, type->elem);
        rc = component_lower_alloc(&cx->call, (uint64_t)n * elem->size, elem->align, &ptr);
        for (uint32_t i = 0; rc == 0 && i < n; i++)
            rc = model_lower(cx, type->elem, &tree->items[i], ptr + i * elem->size, NULL);
    }
    if (rc < 0)
        return rc;
    if (vals) {
        (*vals)++->u64 = ptr;
        (*vals)++->u64 = n;
        return 0;
    }
    poke(cx->call.mem + at, 4, ptr);
    poke(cx->call.mem + at + 4, 4, n);
    return 0;
}

static int lower_parts(struct component_cx *cx, const struct component_type *type, const struct tree *tree,
                       uint32_t at, union engine_val **vals)
{
    bool fixed = type->kind == COMPONENT_FIXED_LIST;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < tree->count; i++) {
        uint32_t part = fixed ? type->elem : type->cases[i].type;
        uint32_t offset = fixed ? i * component_type_of(cx->types, part)->size : type->cases[i].offset;
        rc = model_lower(cx, part, &tree->items[i], at + offset, vals);
    }
    return rc;
}

static int lower_case(struct component_cx *cx, const struct component_type *type, const struct tree *tree,
                      uint32_t at, union engine_val **vals)
{
    union engine_val *end = vals ? *vals + type->flat_count : NULL;
    int rc = 0;
    if (vals)
        (*vals)++->u64 = tree->bits;
    else
        poke(cx->call.mem + at, type->discriminant_size, tree->bits);
    if (tree->count)
        rc = model_lower(cx, type->cases[tree->bits].type, tree->items, at + type->payload_offset, vals);
    while (rc == 0 && vals && *vals < end)
        (*vals)++->u64 = 0;
    return rc;
}

static int model_lower(struct component_cx *cx, uint32_t number, const struct tree *tree, uint32_t at,
                       union engine_val **vals)
{
    const struct component_type *type = component_type_of(cx->types, number);
    uint64_t bits = tree->bits;
    switch ((int)type->kind) {
    case COMPONENT_STRING:
    case COMPONENT_LIST:
        return lower_pair(cx, type, tree, at, vals);
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
    case COMPONENT_FIXED_LIST:
        return lower_parts(cx, type, tree, at, vals);
    case COMPONENT_VARIANT:
    case COMPONENT_ENUM:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
        return lower_case(cx, type, tree, at, vals);
    default:
        break;
    }
    if (type->kind == COMPONENT_OWN || type->kind == COMPONENT_BORROW) {
        uint32_t handle;
        int rc = component__lower_handle(cx, type, &tree->handle, &handle);
        if (rc < 0)
            return rc;
        bits = handle;
    }
    if (!vals)
        poke(cx->call.mem + at, type->size, bits);
    else if (type->kind == COMPONENT_S8 || type->kind == COMPONENT_S16) /* sign-extended in 32 bits */
        (*vals)++->u64 =
            bits >> (8 * type->size - 1) ? (uint32_t)(bits | UINT32_MAX << 8 * type->size) : bits;
    else
        (*vals)++->u64 = bits;
    return 0;
}

/* ---- the model: a call ---- */

struct sides {
    struct component_cx caller, callee;
    struct component_borrows borrows;
    union engine_val vals[COMPONENT_FLAT_MAX];
};

static int model_params(struct sides *sides, const struct component_func_type *type,
                        const union engine_val *vals)
{
    struct tree *args = SW_ARENA_ARRAY(sides->caller.arena, type->param_count, struct tree);
    bool flat = type->flat_param_count <= COMPONENT_FLAT_MAX;
    union engine_val *out = sides->vals;
    uint8_t *p = NULL;
    uint32_t at = 0;
    int rc = 0;
    CHECK(args);
    if (!flat)
        rc = component_mem_range(&sides->caller.call, vals[0].u32, type->params_size, type->params_align, &p);
    for (uint32_t i = 0; rc == 0 && i < type->param_count; i++)
        rc = model_lift(&sides->caller, type->params[i].type, flat ? NULL : p + type->params[i].offset, &vals,
                        &args[i]);
    if (rc == 0 && !flat)
        rc = component_lower_alloc(&sides->callee.call, type->params_size, type->params_align, &at);
    for (uint32_t i = 0; rc == 0 && i < type->param_count; i++)
        rc = model_lower(&sides->callee, type->params[i].type, &args[i], at + type->params[i].offset,
                         flat ? &out : NULL);
    if (rc == 0 && !flat)
        sides->vals[0].u64 = at;
    return rc;
}

static int model_result(struct sides *sides, const struct component_func_type *type, uint32_t to,
                        union engine_val *vals)
{
    struct tree result = {.bits = 0};
    const union engine_val *from = sides->vals;
    if (type->result == COMPONENT_NO_TYPE)
        return sides->borrows.count ? component__fail(sides->callee.call.store, "borrows") : 0;
    const struct component_type *shape = component_type_of(sides->caller.types, type->result);
    bool flat = type->flat_result_count <= 1;
    uint8_t *p = NULL;
    int rc = flat ? 0 : component_mem_range(&sides->callee.call, from->u32, shape->size, shape->align, &p);
    if (rc == 0)
        rc = model_lift(&sides->callee, type->result, p, &from, &result);
    if (rc == 0 && sides->borrows.count)
        rc = component__fail(sides->callee.call.store, "borrows");
    if (rc == 0 && !flat)
        rc = component_mem_range(&sides->caller.call, to, shape->size, shape->align, &p);
    return rc < 0 ? rc : model_lower(&sides->caller, type->result, &result, to, flat ? &vals : NULL);
}

static void side(struct component_cx *cx, struct component_store *store, const struct component_canon *canon)
{
    memset(cx, 0, sizeof *cx);
    CHECK_INT(component__call_begin(&cx->call, store, canon), 0);
    cx->types = store->component->plan->types;
    cx->arena = &store->arena;
    cx->between_guests = true;
}

int copy_model_call(struct component_store *store, const struct component_bound_lowering *lowering,
                    union engine_val *vals)
{
    const struct component_bound_lift *lift = lowering->lift;
    const struct component_func_type *type = lift->type;
    struct sides sides = {.borrows = {0}};
    side(&sides.caller, store, &lowering->canon);
    side(&sides.callee, store, &lift->canon);
    sides.callee.borrows = &sides.borrows;
    uint32_t to =
        type->flat_param_count <= COMPONENT_FLAT_MAX ? vals[type->flat_param_count].u32 : vals[1].u32;
    int rc = model_params(&sides, type, vals);
    if (rc == 0)
        rc = component__core_call_wait(store, lift->callee, sides.vals, 1);
    if (rc == 0)
        rc = component__memory_refresh(&sides.callee.call);
    if (rc == 0)
        rc = model_result(&sides, type, to, vals);
    if (rc == 0)
        component__call_end(&sides.caller.call);
    return rc;
}
