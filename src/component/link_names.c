/* link_names.c - finding names among exports and arguments.  Room: component.
 *
 * Hash collisions can be made on purpose: each comparison counts as a step, so that they cost the attacker a refusal and us little. */
#include "component/limits.h"
#include "component/link.h"

static struct sw_str name_at(const struct link_names *names, uint32_t index)
{
    struct sw_str name;
    memcpy(&name, names->first + (size_t)index * names->stride, sizeof name);
    return name;
}

int component__names_init(struct link *link, struct link_names *names, const void *first, size_t stride,
                          uint32_t count)
{
    *names = (struct link_names){.first = first, .stride = stride, .count = count};
    if (count < COMPONENT_NAME_INDEX_MIN)
        return 0;
    uint32_t cap = 16;
    while (cap < count * 2)
        cap *= 2;
    uint32_t *slots = component__link_scratch(link, cap, sizeof *slots);
    if (!slots)
        return link->rc;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = (uint32_t)sw_str_hash(name_at(names, i)) & (cap - 1);
        uint64_t steps = 1;
        for (; slots[slot]; steps++)
            slot = (slot + 1) & (cap - 1);
        slots[slot] = i + 1;
        int rc = component__link_steps(link, steps);
        if (rc < 0)
            return rc;
    }
    names->slots = slots;
    names->mask = cap - 1;
    return 0;
}

static uint32_t probe(const struct link_names *names, struct sw_str name, uint64_t *steps)
{
    if (!names->slots) {
        for (uint32_t i = 0; i < names->count; i++, ++*steps)
            if (sw_str_eq(name_at(names, i), name))
                return i;
        return UINT32_MAX;
    }
    uint32_t slot = (uint32_t)sw_str_hash(name) & names->mask;
    for (; names->slots[slot]; ++*steps) {
        if (sw_str_eq(name_at(names, names->slots[slot] - 1), name))
            return names->slots[slot] - 1;
        slot = (slot + 1) & names->mask;
    }
    return UINT32_MAX;
}

int component__names_find(struct link *link, const struct link_names *names, struct sw_str name,
                          uint32_t *ret)
{
    uint64_t steps = 1;
    uint32_t found = probe(names, name, &steps);
    int rc = component__link_steps(link, steps);
    if (rc < 0)
        return rc;
    if (found == UINT32_MAX)
        return SW_ABSENT;
    *ret = found;
    return 0;
}

int component__instance_find(struct link *link, const struct link_instance *instance, struct sw_str name,
                             const struct link_value **ret)
{
    uint32_t found = 0;
    int rc = component__names_find(link, &instance->names, name, &found);
    if (rc == 0)
        *ret = &instance->exports[found].value;
    return rc;
}
