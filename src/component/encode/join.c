/* join.c - several worlds become one.  Room: encode.
 *
 * Each came with interfaces of its own: trees that know nothing of each other. Interfaces of one name become one, with all types and functions
 * that any of them has. So do those of versions that are compatible: the newest stands for all, unless a world exports the other. Then
 * every reference is moved to the interface that stayed. */
#include "component/encode/encode_internal.h"

void enc_add_world(struct enc *e, struct enc_world *world, struct enc_module *module)
{
    struct enc_world **end = &e->worlds;
    while (*end)
        end = &(*end)->next;
    world->module = module;
    *end = world;
}

/* ---- which interface stays ---- */

static struct sw_str version_of(const struct wit_interface *in)
{
    return in->home.package ? in->home.package->version : SW_LIT("");
}

static bool is_exported(struct enc *e, const struct wit_interface *in)
{
    for (const struct enc_world *w = e->worlds; w; w = w->next)
        for (uint32_t i = 0; enc_step(e) && i < w->world->item_count; i++) {
            const struct wit_item *item = w->world->items[i];
            if (item->is_export && item->interface && sw_str_eq(item->interface->full_name, in->full_name) &&
                sw_str_eq(version_of(item->interface), version_of(in)))
                return true;
        }
    return false;
}

static bool stand_for_each_other(struct enc *e, const struct wit_interface *a, const struct wit_interface *b)
{
    if (!a->full_name.n || !sw_str_eq(a->full_name, b->full_name))
        return false;
    if (sw_str_eq(version_of(a), version_of(b)))
        return true;
    return enc_version_compatible(version_of(a), version_of(b)) && !is_exported(e, a) && !is_exported(e, b);
}

static struct wit_interface *stays(struct enc *e, const struct wit_interface *in)
{
    for (struct enc_moved *m = e->moved; m && enc_step(e); m = m->next)
        if (m->from == in)
            return m->to;
    return NULL;
}

static void move(struct enc *e, struct wit_interface *from, struct wit_interface *to)
{
    struct enc_moved *moved = enc_new(e, 1, sizeof *moved);
    if (!moved)
        return;
    *moved = (struct enc_moved){.from = from, .to = to, .next = e->moved};
    e->moved = moved;
    for (struct enc_moved *m = e->moved; m; m = m->next) /* what was moved to `from` */
        if (m->to == from)
            m->to = to;
}

struct every {
    struct wit_interface **items;
    uint32_t count;
};

static struct every all_interfaces(struct enc *e)
{
    struct every all = {.items = NULL};
    size_t most = 1;
    for (const struct enc_world *w = e->worlds; w; w = w->next) {
        most += w->world->item_count;
        for (uint32_t i = 0; w->set && i < w->set->package_count; i++)
            most += w->set->packages[i]->interface_count;
    }
    all.items = enc_new(e, most, sizeof *all.items);
    for (const struct enc_world *w = e->worlds; all.items && w; w = w->next) {
        for (uint32_t i = 0; w->set && i < w->set->package_count; i++)
            for (uint32_t k = 0; k < w->set->packages[i]->interface_count; k++)
                all.items[all.count++] = w->set->packages[i]->interfaces[k];
        for (uint32_t i = 0; i < w->world->item_count; i++)
            if (w->world->items[i]->interface && w->world->items[i]->kind == WIT_ITEM_INTERFACE)
                all.items[all.count++] = w->world->items[i]->interface; /* written in the world */
    }
    return all;
}

static void choose(struct enc *e, const struct every *all)
{
    for (uint32_t i = 0; e->rc == 0 && i < all->count; i++)
        for (uint32_t k = 0; enc_step(e) && k < i; k++) {
            struct wit_interface *a = all->items[k], *b = all->items[i];
            if (a == b || stays(e, a) || stays(e, b) || !stand_for_each_other(e, a, b))
                continue;
            if (wit_version_cmp(version_of(b), version_of(a)) > 0)
                move(e, a, b);
            else
                move(e, b, a);
        }
}

/* ---- what it has ---- */

static struct wit_def *def_named(struct enc *e, const struct wit_home *home, struct sw_str name)
{
    for (uint32_t i = 0; enc_step(e) && i < home->def_count; i++)
        if (sw_str_eq(home->defs[i]->name, name))
            return home->defs[i];
    return NULL;
}

static void join_defs(struct enc *e, struct wit_home *to, const struct wit_home *from)
{
    struct wit_def **defs = enc_new(e, (size_t)to->def_count + from->def_count + 1, sizeof(struct wit_def *));
    if (!defs)
        return;
    for (uint32_t i = 0; i < to->def_count; i++)
        defs[i] = to->defs[i];
    to->defs = defs;
    for (uint32_t i = 0; enc_step(e) && i < from->def_count; i++) {
        if (def_named(e, to, from->defs[i]->name))
            continue;
        from->defs[i]->home = to;
        to->defs[to->def_count++] = from->defs[i];
    }
}

static void join_interface(struct enc *e, struct wit_interface *to, const struct wit_interface *from)
{
    struct wit_func **funcs =
        enc_new(e, (size_t)to->func_count + from->func_count + 1, sizeof(struct wit_func *));
    join_defs(e, &to->home, &from->home);
    if (!funcs)
        return;
    for (uint32_t i = 0; i < to->func_count; i++)
        funcs[i] = to->funcs[i];
    to->funcs = funcs;
    for (uint32_t i = 0; e->rc == 0 && i < from->func_count; i++) {
        bool there = false;
        for (uint32_t k = 0; enc_step(e) && k < to->func_count && !there; k++)
            there = sw_str_eq(to->funcs[k]->full_name, from->funcs[i]->full_name);
        if (!there)
            to->funcs[to->func_count++] = from->funcs[i];
    }
}

/* ---- references ---- */

static struct wit_def *moved_def(struct enc *e, struct wit_def *def)
{
    struct wit_interface *to =
        def && def->home && def->home->interface ? stays(e, def->home->interface) : NULL;
    if (!to)
        return def;
    struct wit_def *found = def_named(e, &to->home, def->name);
    return found ? found : def; /* join_defs took it over */
}

static void move_type(struct enc *e, struct wit_type *type)
{
    if (!type || !enc_step(e))
        return;
    type->def = moved_def(e, type->def);
    move_type(e, type->elem);
    move_type(e, type->other);
    for (uint32_t i = 0; i < type->item_count; i++)
        move_type(e, type->items[i]);
}

static void move_func(struct enc *e, struct wit_func *func)
{
    func->resource = moved_def(e, func->resource);
    for (uint32_t i = 0; e->rc == 0 && i < func->param_count; i++)
        move_type(e, func->params[i].type);
    move_type(e, func->result);
}

static void move_home(struct enc *e, struct wit_home *home)
{
    for (uint32_t i = 0; e->rc == 0 && i < home->def_count; i++) {
        struct wit_def *def = home->defs[i];
        def->target = moved_def(e, def->target);
        move_type(e, def->type);
        for (uint32_t k = 0; e->rc == 0 && k < def->field_count; k++)
            move_type(e, def->fields[k].type);
        for (uint32_t k = 0; !home->interface && e->rc == 0 && k < def->func_count; k++)
            move_func(e, def->funcs[k]); /* an interface has them among its own */
    }
}

static void move_references(struct enc *e, const struct every *all)
{
    for (uint32_t i = 0; e->rc == 0 && i < all->count; i++) {
        move_home(e, &all->items[i]->home);
        for (uint32_t k = 0; e->rc == 0 && k < all->items[i]->func_count; k++)
            move_func(e, all->items[i]->funcs[k]);
    }
    for (struct enc_world *w = e->worlds; e->rc == 0 && w; w = w->next) {
        move_home(e, &w->world->home);
        for (uint32_t i = 0; e->rc == 0 && i < w->world->item_count; i++) {
            struct wit_item *item = w->world->items[i];
            struct wit_interface *to = item->interface ? stays(e, item->interface) : NULL;
            if (to)
                item->interface = to;
            if (item->func)
                move_func(e, item->func);
        }
    }
}

/* ---- the world ---- */

/* The same import or export, of another world. */
static bool is_there(struct enc *e, const struct wit_world *world, const struct wit_item *item)
{
    for (uint32_t i = 0; enc_step(e) && i < world->item_count; i++) {
        const struct wit_item *other = world->items[i];
        if (other->is_export == item->is_export && sw_str_eq(other->name, item->name) &&
            !other->func == !item->func && (item->name.n || other->interface == item->interface))
            return true;
    }
    return false;
}

/* Imported in a newer version by another world, whose place in the order counts. */
static bool comes_elsewhere(struct enc *e, const struct wit_item *item)
{
    if (item->is_export || !item->path || !item->path->version.n ||
        sw_str_eq(item->path->version, version_of(item->interface)))
        return false;
    for (const struct enc_world *w = e->worlds; w; w = w->next)
        for (uint32_t i = 0; enc_step(e) && i < w->world->item_count; i++) {
            const struct wit_item *other = w->world->items[i];
            if (!other->is_export && other->interface == item->interface && other->path &&
                sw_str_eq(other->path->version, version_of(item->interface)))
                return true;
        }
    return false;
}

static void join_items(struct enc *e, struct wit_world *to, const struct enc_world *from)
{
    for (uint32_t i = 0; e->rc == 0 && i < from->world->item_count; i++) {
        struct wit_item *item = from->world->items[i];
        if (item->interface && comes_elsewhere(e, item))
            continue;
        if (is_there(e, to, item)) {
            if (item->is_export && from->module != &e->modules[0])
                (void)enc_fail(e, SW_EINPUT,
                               "adapter '" SW_FMT "' exports '" SW_FMT SW_FMT "', which is exported already",
                               SW_ARG(from->module->name), SW_ARG(item->name),
                               SW_ARG(item->interface ? item->interface->full_name : SW_LIT("")));
            continue;
        }
        e->owners[to->item_count] = from->module;
        to->items[to->item_count++] = item;
    }
}

/* Interfaces that are written in worlds, under one name: the first stands for all. */
static void choose_plain(struct enc *e)
{
    for (struct enc_world *w = e->worlds; w; w = w->next)
        for (struct enc_world *v = e->worlds; v != w; v = v->next)
            for (uint32_t i = 0; i < w->world->item_count; i++)
                for (uint32_t k = 0; enc_step(e) && k < v->world->item_count; k++) {
                    const struct wit_item *a = v->world->items[k], *b = w->world->items[i];
                    if (a->kind == WIT_ITEM_INTERFACE && b->kind == WIT_ITEM_INTERFACE &&
                        a->is_export == b->is_export && sw_str_eq(a->name, b->name) &&
                        a->interface != b->interface && !stays(e, a->interface))
                        move(e, b->interface, a->interface);
                }
}

void enc_join(struct enc *e)
{
    struct wit_world *joined = enc_new(e, 1, sizeof *joined);
    struct every all = all_interfaces(e);
    size_t items = 1;
    if (e->rc < 0)
        return;
    choose(e, &all);
    choose_plain(e);
    for (struct enc_moved *m = e->moved; e->rc == 0 && m; m = m->next)
        join_interface(e, m->to, m->from);
    if (e->rc == 0)
        move_references(e, &all);
    for (const struct enc_world *w = e->worlds; w; w = w->next)
        items += w->world->item_count;
    joined->items = enc_new(e, items, sizeof *joined->items);
    e->owners = enc_new(e, items, sizeof *e->owners);
    joined->name = e->worlds ? e->worlds->world->name : SW_LIT("");
    for (const struct enc_world *w = e->worlds; e->rc == 0 && w; w = w->next) {
        join_defs(e, &joined->home, &w->world->home);
        join_items(e, joined, w);
    }
    e->world = joined;
}
