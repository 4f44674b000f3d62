/* types.c - the interner of value types.  Room: component.
 *
 * 1. types[n] never moves: pointers given out stay valid as long as the arena.
 * 2. Elements of a type are interned before it, so that a type refers to lower numbers only and depth is known at once.
 * 3. The hash index holds number + 1; 0 is empty; it is at most half full. */
#include "component/types_internal.h"

#include <assert.h>

#include "component/limits.h"

static int types_grow(struct component_types *types, struct sw_err *err)
{
    if (types->count < types->cap)
        return 0;
    uint32_t cap = types->cap ? types->cap * 2 : 64;
    const struct component_type **items = SW_ARENA_ARRAY(types->arena, cap, const struct component_type *);
    uint32_t *index = SW_ARENA_ARRAY(types->arena, cap * 2, uint32_t);
    struct component_type_extra *extras = SW_ARENA_ARRAY(types->arena, cap, struct component_type_extra);
    if (!items || !index || !extras)
        return sw_arena_fail(types->arena, cap * sizeof *items, err);
    for (uint32_t i = 0; i < types->count; i++) {
        items[i] = types->items[i];
        extras[i] = types->extras[i];
        uint32_t slot = (uint32_t)extras[i].hash & (cap * 2 - 1);
        while (index[slot])
            slot = (slot + 1) & (cap * 2 - 1);
        index[slot] = i + 1;
    }
    types->items = items;
    types->extras = extras;
    types->index = index;
    types->cap = cap;
    return 0;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 29);
}

static uint64_t shape_hash(const struct component_type *shape)
{
    uint64_t hash = mix(mix((uint64_t)shape->kind + 1, shape->elem), shape->length);
    for (uint32_t i = 0; i < shape->case_count; i++) {
        hash = mix(hash, shape->cases[i].type);
        hash = mix(hash, sw_str_hash(shape->cases[i].name));
    }
    return hash;
}

static bool shape_eq(const struct component_type *a, const struct component_type *b)
{
    if (a->kind != b->kind || a->elem != b->elem || a->length != b->length || a->case_count != b->case_count)
        return false;
    for (uint32_t i = 0; i < a->case_count; i++)
        if (a->cases[i].type != b->cases[i].type || !sw_str_eq(a->cases[i].name, b->cases[i].name))
            return false;
    return true;
}

/* Slot of an equal type, or of the empty place where it belongs. */
static uint32_t slot_of(const struct component_types *types, const struct component_type *shape,
                        uint64_t hash)
{
    uint32_t mask = types->cap * 2 - 1;
    uint32_t slot = (uint32_t)hash & mask;
    while (types->index[slot]) {
        uint32_t at = types->index[slot] - 1;
        if (types->extras[at].hash == hash && shape_eq(types->items[at], shape))
            break;
        slot = (slot + 1) & mask;
    }
    return slot;
}

static int add(struct component_types *types, struct component_type *type, struct component_type_extra extra,
               uint32_t *ret, struct sw_err *err)
{
    if (types->count >= COMPONENT_TYPES_MAX)
        return sw_fail(err, SW_ELIMIT, "more than %d distinct types", COMPONENT_TYPES_MAX);
    int rc = types_grow(types, err);
    if (rc < 0)
        return rc;
    uint32_t slot = slot_of(types, type, extra.hash);
    assert(types->index[slot] == 0);
    types->items[types->count] = type;
    types->extras[types->count] = extra;
    types->index[slot] = types->count + 1;
    *ret = types->count++;
    return 0;
}

int component_types_new(struct sw_arena *arena, struct component_types **ret, struct sw_err *err)
{
    struct component_types *types = SW_ARENA_NEW(arena, struct component_types);
    if (!types)
        return sw_arena_fail(arena, sizeof *types, err);
    types->arena = arena;
    for (uint32_t kind = 0; kind < COMPONENT_KIND_PRIMITIVES; kind++) {
        struct component_type *type = SW_ARENA_NEW(arena, struct component_type);
        if (!type)
            return sw_arena_fail(arena, sizeof *type, err);
        type->kind = (enum component_kind)kind;
        type->elem = COMPONENT_NO_TYPE;
        struct component_type_extra extra = {.hash = shape_hash(type), .depth = 1};
        component__type_layout(types, type, &extra);
        uint32_t number = 0;
        int rc = add(types, type, extra, &number, err);
        if (rc < 0)
            return rc;
        assert(number == kind);
    }
    *ret = types;
    return 0;
}

const struct component_type *component_type_of(const struct component_types *types, uint32_t type)
{
    assert(type < types->count);
    return types->items[type];
}

static int copy_cases(struct component_types *types, struct component_type *type, struct sw_err *err)
{
    struct component_case *cases = SW_ARENA_ARRAY(types->arena, type->case_count, struct component_case);
    if (!cases)
        return sw_arena_fail(types->arena, type->case_count * sizeof *cases, err);
    for (uint32_t i = 0; i < type->case_count; i++) {
        cases[i].type = type->cases[i].type;
        int rc = sw_arena_copy(types->arena, type->cases[i].name, &cases[i].name, err);
        if (rc < 0)
            return rc;
    }
    type->cases = cases;
    return 0;
}

static uint32_t depth_of(const struct component_types *types, uint32_t type)
{
    return type == COMPONENT_NO_TYPE ? 0 : types->extras[type].depth;
}

static bool elem_is_type(enum component_kind kind)
{
    return kind == COMPONENT_LIST || kind == COMPONENT_FIXED_LIST || kind == COMPONENT_STREAM ||
           kind == COMPONENT_FUTURE;
}

static uint32_t shape_depth(const struct component_types *types, const struct component_type *shape)
{
    uint32_t deepest = elem_is_type(shape->kind) ? depth_of(types, shape->elem) : 0;
    for (uint32_t i = 0; i < shape->case_count; i++)
        if (depth_of(types, shape->cases[i].type) > deepest)
            deepest = depth_of(types, shape->cases[i].type);
    return deepest + 1;
}

int component_types_intern(struct component_types *types, const struct component_type *shape, uint32_t *ret,
                           struct sw_err *err)
{
    if (shape->kind < COMPONENT_KIND_PRIMITIVES) {
        *ret = (uint32_t)shape->kind;
        return 0;
    }
    int rc = component__type_check_shape(types, shape, err);
    if (rc < 0)
        return rc;
    struct component_type wanted = {.kind = shape->kind,
                                    .elem = shape->elem,
                                    .length = shape->length,
                                    .cases = shape->cases,
                                    .case_count = shape->case_count};
    struct component_type_extra extra = {.hash = shape_hash(&wanted)};
    uint32_t slot = slot_of(types, &wanted, extra.hash);
    if (types->index[slot]) {
        *ret = types->index[slot] - 1;
        return 0;
    }
    extra.depth = shape_depth(types, &wanted);
    if (extra.depth > COMPONENT_TYPE_DEPTH_MAX)
        return sw_fail(err, SW_ELIMIT, "a type is nested more than %d deep", COMPONENT_TYPE_DEPTH_MAX);
    struct component_type *type = SW_ARENA_NEW(types->arena, struct component_type);
    if (!type)
        return sw_arena_fail(types->arena, sizeof *type, err);
    *type = wanted;
    rc = copy_cases(types, type, err);
    if (rc < 0)
        return rc;
    component__type_layout(types, type, &extra);
    bool entry = type->kind == COMPONENT_TUPLE &&
                 type->length == COMPONENT_MAP; /* of a map: not a type that anyone wrote */
    if (!entry && (extra.size >= COMPONENT_TYPE_SIZE_MAX || extra.size64 >= COMPONENT_TYPE_SIZE_MAX))
        return sw_fail(err, SW_ELIMIT, "a type is %u bytes or larger in memory", COMPONENT_TYPE_SIZE_MAX);
    return add(types, type, extra, ret, err);
}
