/* describe.c - what a component says of itself: imports and exports.  Room: component. */
#include "component/describe.h"

#include "base/alloc.h"
#include "component/describe_internal.h"
#include "component/link.h"

/* ---- imports and exports ---- */

int component_world_new(const struct component_binary *binary, struct component_world **ret,
                        struct sw_err *err)
{
    struct component_world *world = sw_try_alloc(sizeof *world);
    if (!world)
        return sw_fail(err, SW_ENOMEM, "no memory to describe a component");
    int rc = component__v_root(binary, &world->v, &world->type, &world->err);
    if (rc < 0) {
        *err = world->err;
        component_world_free(world);
        return rc;
    }
    *ret = world;
    return 0;
}

void component_world_free(struct component_world *world)
{
    if (!world)
        return;
    component__v_free(world->v);
    sw_free(world);
}

int component_world_enter(struct component_world *world, struct sw_str *ret_name)
{
    const struct vt *type = world->type;
    struct sw_str name = SW_LIT("");
    for (int level = 0; level < 2; level++) {
        if (type->exports.count != 1)
            return SW_ABSENT;
        const struct vt_extern *what = &type->exports.p[0].what;
        if ((what->sort != COMPONENT_SORT_TYPE && what->sort != COMPONENT_SORT_COMPONENT) ||
            what->type->kind != VT_COMPONENT)
            return SW_ABSENT;
        name = type->exports.p[0].name;
        type = what->type;
    }
    world->type = type;
    *ret_name = name;
    return 0;
}

uint32_t component_world_count(const struct component_world *world, enum component_side side)
{
    return component__world_items(world, side)->count;
}

struct component_world_port component_world_port(const struct component_world *world,
                                                 enum component_side side, uint32_t index)
{
    const struct vt_item *item = &component__world_items(world, side)->p[index];
    struct component_world_port port = {.name = item->name, .kind = component__v_extern_name(&item->what)};
    if (item->what.sort == COMPONENT_SORT_INSTANCE)
        for (uint32_t i = 0; i < item->what.type->exports.count; i++)
            port.func_count += item->what.type->exports.p[i].what.sort == COMPONENT_SORT_FUNC;
    return port;
}

static const struct component_host_interface *host_interface(const struct component_host *host,
                                                             struct sw_str name)
{
    struct sw_str package, version;
    component__name_split(name, &package, &version);
    for (uint32_t i = 0; i < host->interface_count; i++) {
        const struct component_host_interface *interface = host->interfaces[i];
        if (sw_str_eq(sw_str_of(interface->name), package) &&
            component__version_serves(sw_str_of(interface->version), version))
            return interface;
    }
    return NULL;
}

static bool host_func(const struct component_host_interface *interface, struct sw_str name)
{
    for (uint32_t i = 0; i < interface->func_count; i++)
        if (sw_str_eq(sw_str_of(interface->funcs[i].name), name))
            return true;
    return false;
}

void component_world_missing(const struct component_world *world, const struct component_host *host,
                             component_missing_fn *fn, void *arg)
{
    const struct vt_items *imports = component__world_items(world, COMPONENT_IMPORTS);
    for (uint32_t i = 0; i < imports->count; i++) {
        const struct vt_item *item = &imports->p[i];
        if (item->what.sort == COMPONENT_SORT_TYPE && item->what.type->kind != VT_RESOURCE)
            continue; /* nothing to supply */
        const struct component_host_interface *interface =
            item->what.sort == COMPONENT_SORT_INSTANCE ? host_interface(host, item->name) : NULL;
        if (!interface) {
            fn(arg, item->name, SW_LIT(""));
            continue;
        }
        const struct vt_items *exports = &item->what.type->exports;
        for (uint32_t k = 0; k < exports->count; k++)
            if (exports->p[k].what.sort == COMPONENT_SORT_FUNC && !host_func(interface, exports->p[k].name))
                fn(arg, item->name, exports->p[k].name);
    }
}
