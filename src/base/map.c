/* map.c - text keys to pointers.  Room: base. */
#include "base/map.h"

#include <assert.h>

#include "base/alloc.h"

#define MAP_CAP_MIN 16

static struct sw_map_entry *slot(struct sw_map_entry *entries, size_t cap, struct sw_str key)
{
    size_t i = (size_t)sw_str_hash(key) & (cap - 1);
    while (entries[i].value && !sw_str_eq(entries[i].key, key))
        i = (i + 1) & (cap - 1);
    return &entries[i];
}

static int grow(struct sw_map *map, struct sw_err *err)
{
    size_t cap = map->cap ? map->cap * 2 : MAP_CAP_MIN;
    struct sw_map_entry *entries = sw_try_alloc_array(cap, sizeof *entries);
    if (!entries)
        return sw_fail(err, SW_ENOMEM, "no memory for a map of %zu entries", cap);
    for (size_t i = 0; i < map->cap; i++)
        if (map->entries[i].value)
            *slot(entries, cap, map->entries[i].key) = map->entries[i];
    sw_free(map->entries);
    map->entries = entries;
    map->cap = cap;
    return 0;
}

int sw_map_add(struct sw_map *map, struct sw_str key, void *value, struct sw_err *err)
{
    assert(value);
    if (map->n * 4 >= map->cap * 3) {
        int rc = grow(map, err);
        if (rc < 0)
            return rc;
    }
    struct sw_map_entry *entry = slot(map->entries, map->cap, key);
    if (entry->value)
        return SW_END;
    *entry = (struct sw_map_entry){key, value};
    map->n++;
    return 0;
}

void *sw_map_get(const struct sw_map *map, struct sw_str key)
{
    return map->cap ? slot(map->entries, map->cap, key)->value : NULL;
}

void sw_map_deinit(struct sw_map *map)
{
    sw_free(map->entries);
    *map = (struct sw_map){0};
}
