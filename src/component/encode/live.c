/* live.c - which interfaces and types the component has to import.  Room: encode.
 *
 * An interface stands behind those whose types it uses. Imports are declared as far as the core module and the exports need them:
 * the functions that it imports, and the types these mention. */
#include "component/encode/encode_internal.h"

struct enc_interface *enc_import_of(struct enc *e, const struct wit_interface *wit)
{
    for (uint32_t i = 0; i < e->import_count; i++)
        if (e->imports[i].wit == wit)
            return &e->imports[i];
    return NULL;
}

struct enc_interface *enc_export_of(struct enc *e, const struct wit_interface *wit)
{
    for (uint32_t i = 0; i < e->export_count; i++)
        if (e->exports[i].wit == wit)
            return &e->exports[i];
    return NULL;
}

const struct wit_def *enc_local(struct enc *e, const struct wit_home *home, const struct wit_type *type)
{
    for (uint32_t i = 0; enc_step(e) && i < home->def_count; i++)
        if (sw_str_eq_nocase(home->defs[i]->name, type->name))
            return home->defs[i];
    return type->def; /* of a world that was included */
}

/* ---- the interfaces ---- */

static const char *name_of(struct enc *e, const struct wit_interface *wit, const struct wit_item *item)
{
    if (item && item->name.n)
        return enc_text(e, SW_FMT, SW_ARG(item->name));
    struct sw_str version = wit->home.package ? wit->home.package->version : SW_LIT("");
    return enc_text(e, SW_FMT "%s" SW_FMT, SW_ARG(wit->full_name), version.n ? "@" : "", SW_ARG(version));
}

static void fill(struct enc *e, struct enc_interface *in, const struct wit_interface *wit,
                 const struct wit_item *item)
{
    *in = (struct enc_interface){.wit = wit, .name = name_of(e, wit, item), .instance = ENC_NONE};
    in->used = enc_new(e, wit->func_count + 1, sizeof *in->used);
    in->live = enc_new(e, wit->home.def_count + 1, sizeof *in->live);
    in->aliases.home = &wit->home;
    in->lift = (struct enc_scope){.kind = ENC_SCOPE_LIFT, .sink = &e->root, .home = &wit->home};
}

static void grow(struct enc *e, struct enc_interface **items, uint32_t count)
{
    if (count & (count - 1)) /* room is doubled at each power of two */
        return;
    struct enc_interface *more = enc_new(e, count ? 2 * (size_t)count : 1, sizeof *more);
    if (more && count)
        memcpy(more, *items, count * sizeof *more);
    if (more)
        *items = more;
}

static void add_import(struct enc *e, const struct wit_interface *wit, const struct wit_item *item)
{
    if (!enc_step(e) || enc_import_of(e, wit))
        return;
    for (uint32_t i = 0; e->rc == 0 && i < wit->home.def_count; i++)
        if (wit->home.defs[i]->kind == WIT_DEF_USE)
            add_import(e, wit->home.defs[i]->target->home->interface, NULL);
    grow(e, &e->imports, e->import_count);
    if (e->rc == 0)
        fill(e, &e->imports[e->import_count++], wit, item);
}

static uint32_t exported(const struct enc *e, const struct wit_interface *wit) /* item, or ENC_NONE */
{
    for (uint32_t i = 0; i < e->world->item_count; i++)
        if (e->world->items[i]->is_export && e->world->items[i]->interface == wit)
            return i;
    return ENC_NONE;
}

static void add_export(struct enc *e, uint32_t at)
{
    const struct wit_item *item = e->world->items[at];
    const struct wit_interface *wit = item->interface;
    if (!enc_step(e) || enc_export_of(e, wit))
        return;
    for (uint32_t i = 0; e->rc == 0 && i < wit->home.def_count; i++) {
        const struct wit_def *def = wit->home.defs[i];
        const struct wit_interface *from = def->kind == WIT_DEF_USE ? def->target->home->interface : NULL;
        if (from && exported(e, from) != ENC_NONE)
            add_export(e, exported(e, from));
        else if (from)
            add_import(e, from, NULL);
    }
    if (e->rc < 0)
        return;
    struct enc_interface *in = &e->exports[e->export_count++];
    fill(e, in, wit, item);
    in->module = e->owners[at];
    e->items[e->item_count++] = (struct enc_item){.interface = in, .module = in->module};
}

static void world_uses(struct enc *e)
{
    const struct wit_home *home = &e->world->home;
    for (uint32_t i = 0; e->rc == 0 && i < home->def_count; i++)
        if (home->defs[i]->kind == WIT_DEF_USE)
            add_import(e, home->defs[i]->target->home->interface, NULL);
}

void enc_gather(struct enc *e)
{
    const struct wit_world *world = e->world;
    e->exports = enc_new(e, world->item_count + 1, sizeof *e->exports);
    e->items = enc_new(e, world->item_count + 1, sizeof *e->items);
    for (uint32_t i = 0; e->rc == 0 && i < world->item_count; i++)
        if (!world->items[i]->is_export && world->items[i]->interface)
            add_import(e, world->items[i]->interface, world->items[i]);
    world_uses(e);
    for (uint32_t i = 0; e->rc == 0 && i < world->item_count; i++) {
        if (world->items[i]->is_export && world->items[i]->interface)
            add_export(e, i);
        else if (world->items[i]->is_export)
            e->items[e->item_count++] =
                (struct enc_item){.func = world->items[i]->func, .module = e->owners[i]};
    }
}

/* ---- the types ---- */

static void live_type(struct enc *e, const struct wit_home *home, const struct wit_type *type);

static void live_parts(struct enc *e, const struct wit_def *def)
{
    if (def->kind == WIT_DEF_USE)
        enc_live_def(e, def->target);
    if (def->type)
        live_type(e, def->home, def->type);
    for (uint32_t i = 0; e->rc == 0 && i < def->field_count; i++)
        if (def->fields[i].type)
            live_type(e, def->home, def->fields[i].type);
}

void enc_live_def(struct enc *e, const struct wit_def *def)
{
    struct enc_interface *in = def->home->interface ? enc_import_of(e, def->home->interface) : NULL;
    for (uint32_t i = 0; in && i < in->live_count; i++)
        if (!enc_step(e) || in->live[i] == def)
            return;
    if (!enc_step(e))
        return;
    live_parts(e, def);
    if (in && e->rc == 0)
        in->live[in->live_count++] = def;
}

static void live_type(struct enc *e, const struct wit_home *home, const struct wit_type *type)
{
    if (!enc_step(e))
        return;
    if (type->def)
        enc_live_def(e, enc_local(e, home, type));
    if (type->elem)
        live_type(e, home, type->elem);
    if (type->other)
        live_type(e, home, type->other);
    for (uint32_t i = 0; e->rc == 0 && i < type->item_count; i++)
        live_type(e, home, type->items[i]);
}

void enc_live_func(struct enc *e, const struct wit_home *home, const struct wit_func *func)
{
    for (uint32_t i = 0; e->rc == 0 && i < func->param_count; i++)
        live_type(e, home, func->params[i].type);
    if (func->result)
        live_type(e, home, func->result);
    if (func->resource) /* a static function's name has it, its types need not */
        enc_live_def(e, func->resource);
}

void enc_live_exports(struct enc *e)
{
    for (uint32_t i = 0; e->rc == 0 && i < e->world->home.def_count; i++)
        enc_live_def(e, e->world->home.defs[i]);
    for (uint32_t i = 0; e->rc == 0 && i < e->export_count; i++) {
        const struct wit_home *home = &e->exports[i].wit->home;
        for (uint32_t k = 0; e->rc == 0 && k < home->def_count; k++)
            if (home->defs[k]->kind == WIT_DEF_USE &&
                !enc_export_of(e, home->defs[k]->target->home->interface))
                enc_live_def(e, home->defs[k]->target);
    }
}
