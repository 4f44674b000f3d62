/* validate_map.c - the validator's hash table, in its arena.  Room: component.
 *
 * Open addressing, at most half full. Each probe counts as a step, so that collisions made on purpose end in a refusal. */
#include "component/validate.h"

struct v_key component__v_name(struct sw_str name)
{
    return (struct v_key){.name = name};
}

struct v_key component__v_number(uintptr_t number)
{
    return (struct v_key){.number = number};
}

struct v_key component__v_node(const void *node)
{
    return (struct v_key){.number = (uintptr_t)node};
}

static uint64_t hash_of(struct v_key key)
{
    uint64_t hash = key.name.n ? sw_str_hash(key.name) : (uint64_t)key.number * 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 31);
}

static struct v_entry *slot_of(const struct v_map *map, struct v_key key, uint64_t hash, uint64_t *steps)
{
    uint32_t mask = map->cap - 1;
    uint32_t at = (uint32_t)hash & mask;
    while (map->entries[at].value) {
        const struct v_entry *entry = &map->entries[at];
        if (entry->hash == hash && entry->key.number == key.number && sw_str_eq(entry->key.name, key.name))
            break;
        at = (at + 1) & mask;
        ++*steps;
    }
    return &map->entries[at];
}

static int grow(struct v *v, struct v_map *map)
{
    uint64_t steps = 0;
    struct v_map wider = {.cap = map->cap ? map->cap * 2 : 8, .count = map->count};
    wider.entries = V_ARRAY(v, wider.cap, struct v_entry);
    if (!wider.entries)
        return v->rc;
    for (uint32_t i = 0; i < map->cap; i++)
        if (map->entries[i].value)
            *slot_of(&wider, map->entries[i].key, map->entries[i].hash, &steps) = map->entries[i];
    *map = wider;
    return component__v_steps(v, steps);
}

int component__v_put(struct v *v, struct v_map *map, struct v_key key, const void *value)
{
    if (map->count * 2 >= map->cap) {
        int rc = grow(v, map);
        if (rc < 0)
            return rc;
    }
    uint64_t steps = 1, hash = hash_of(key);
    struct v_entry *slot = slot_of(map, key, hash, &steps);
    int rc = component__v_steps(v, steps);
    if (rc < 0)
        return rc;
    if (slot->value)
        return SW_END;
    *slot = (struct v_entry){hash, key, value};
    map->count++;
    return 0;
}

int component__v_find(struct v *v, const struct v_map *map, struct v_key key, const void **ret)
{
    if (map->cap == 0)
        return SW_ABSENT;
    uint64_t steps = 1;
    const struct v_entry *slot = slot_of(map, key, hash_of(key), &steps);
    int rc = component__v_steps(v, steps);
    if (rc < 0)
        return rc;
    if (!slot->value)
        return SW_ABSENT;
    *ret = slot->value;
    return 0;
}
