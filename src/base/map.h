/* map.h - text keys to pointers, by open addressing.  Room: base.  Keys are borrowed: they must outlive the map. */
#ifndef SW_BASE_MAP_H
#define SW_BASE_MAP_H

#include "base/error.h"
#include "base/str.h"

struct sw_map_entry {
    struct sw_str key;
    void *value; /* never NULL in a used entry */
};

struct sw_map {
    struct sw_map_entry *entries;
    size_t cap; /* 0 or a power of two */
    size_t n;
};

/* Returns 0, or SW_END when the key is there already (nothing changes). value must not be NULL. */
int sw_map_add(struct sw_map *map, struct sw_str key, void *value, struct sw_err *err) SW_MUST_CHECK;
void *sw_map_get(const struct sw_map *map, struct sw_str key); /* NULL when absent */
void sw_map_deinit(struct sw_map *map);

#endif
