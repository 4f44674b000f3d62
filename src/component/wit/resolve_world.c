/* resolve_world.c - the imports and exports of worlds, includes replaced.  Room: wit.  Source: WIT.md "Item: include". */
#include "component/wit/wit_internal.h"

struct list { /* the items being gathered */
    struct wit_item **items;
    uint32_t count;
};

static struct wit_item *find(const struct list *list, const struct wit_item *like)
{
    for (uint32_t i = 0; i < list->count; i++) {
        struct wit_item *item = list->items[i];
        if (item->is_export != like->is_export)
            continue;
        if (like->name.n ? sw_str_eq_nocase(item->name, like->name)
                         : !item->name.n && item->interface == like->interface)
            return item;
    }
    return NULL;
}

static int add(struct wit_resolver *r, struct wit_world *world, struct list *list, struct wit_item *item,
               struct wit_pos pos)
{
    const char *verb = item->is_export ? "exports" : "imports";
    if (find(list, item)) {
        if (item->name.n)
            return wit__fail(pos, SW_EINPUT, r->err,
                             "world '" SW_FMT "' %s '" SW_FMT "' twice\nhint: 'include ... with { " SW_FMT
                             " as another }' "
                             "renames",
                             SW_ARG(world->name), verb, SW_ARG(item->name), SW_ARG(item->name));
        return 0; /* the same interface from two includes is one */
    }
    return wit__push(r->arena, &list->items, &list->count, item, r->err);
}

static int include(struct wit_resolver *r, struct wit_world *world, struct list *list,
                   const struct wit_item *include)
{
    struct wit_world *from;
    int rc = wit__find_world(r, &world->home, include->path, &from);
    if (rc == 0)
        rc = wit__resolve_world(r, from);
    if (rc < 0)
        return rc;
    uint32_t renamed = 0;
    for (uint32_t i = 0; i < from->item_count; i++) {
        struct wit_item *copy = SW_ARENA_NEW(r->arena, struct wit_item);
        if (!copy)
            return wit__no_memory(r->arena, sizeof *copy, r->err);
        *copy = *from->items[i];
        for (uint32_t k = 0; copy->name.n && k < include->rename_count; k++) {
            if (sw_str_eq(include->renames[k].from, from->items[i]->name)) {
                copy->name = include->renames[k].to;
                renamed++;
                break;
            }
        }
        rc = add(r, world, list, copy, include->pos);
        if (rc < 0)
            return rc;
    }
    for (uint32_t k = 0; renamed < include->rename_count && k < include->rename_count; k++) {
        bool known = false;
        for (uint32_t i = 0; i < from->item_count; i++)
            known = known || sw_str_eq(include->renames[k].from, from->items[i]->name);
        if (!known)
            return wit__fail(include->renames[k].pos, SW_EINPUT, r->err,
                             "world '" SW_FMT "' has no import or export '" SW_FMT "'", SW_ARG(from->name),
                             SW_ARG(include->renames[k].from));
    }
    return 0;
}

static int item(struct wit_resolver *r, struct wit_world *world, struct list *list, struct wit_item *item)
{
    int rc = 0;
    switch (item->kind) {
    case WIT_ITEM_INCLUDE:
        return include(r, world, list, item);
    case WIT_ITEM_FUNC:
        rc = wit__resolve_func(r, &world->home, item->func);
        break;
    case WIT_ITEM_INTERFACE:
        item->interface->home.package = world->home.package;
        item->interface->full_name = item->name;
        rc = wit__resolve_interface(r, item->interface);
        break;
    case WIT_ITEM_PATH:
        rc = wit__find_interface(r, &world->home, item->path, &item->interface);
        break;
    }
    return rc == 0 ? add(r, world, list, item, item->pos) : rc;
}

/* In an interface they are among its functions. */
static int resource_funcs(struct wit_resolver *r, const struct wit_world *world, struct wit_def *def)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < def->func_count; i++) {
        int rc = wit__gate_check(r, world->home.package, &def->funcs[i]->gate);
        if (rc == SW_ABSENT)
            continue;
        if (rc == 0)
            rc = wit__resolve_func(r, &world->home, def->funcs[i]);
        if (rc < 0)
            return rc;
        def->funcs[kept++] = def->funcs[i];
    }
    def->func_count = kept;
    return 0;
}

static int resolve(struct wit_resolver *r, struct wit_world *world)
{
    struct list list = {0};
    int rc = wit__resolve_defs(r, &world->home);
    for (uint32_t i = 0; rc == 0 && i < world->home.def_count; i++)
        if (world->home.defs[i]->kind == WIT_DEF_RESOURCE)
            rc = resource_funcs(r, world, world->home.defs[i]);
    for (uint32_t i = 0; rc == 0 && i < world->item_count; i++) {
        rc = wit__gate_check(r, world->home.package, &world->items[i]->gate);
        if (rc == SW_ABSENT)
            rc = 0;
        else if (rc == 0)
            rc = item(r, world, &list, world->items[i]);
    }
    world->items = list.items;
    world->item_count = list.count;
    return rc;
}

int wit__resolve_world(struct wit_resolver *r, struct wit_world *world)
{
    if (world->state == WIT_DONE)
        return 0;
    if (world->state == WIT_BUSY)
        return wit__fail(world->pos, SW_EINPUT, r->err, "world '" SW_FMT "' includes itself",
                         SW_ARG(world->name));
    if (r->depth >= WIT_INCLUDE_DEPTH_MAX)
        return wit__fail(world->pos, SW_ELIMIT, r->err, "worlds include each other deeper than %d",
                         WIT_INCLUDE_DEPTH_MAX);
    world->state = WIT_BUSY;
    r->depth++;
    int rc = resolve(r, world);
    r->depth--;
    world->state = WIT_DONE;
    return rc;
}
