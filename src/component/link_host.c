/* link_host.c - imports satisfied by the host.  Room: component.
 *
 * A function fits when its canonical text equals the host's. Only what is imported is needed: a host interface may be missing as long as
 * nothing but value types is taken from it, or as long as nobody calls what is (component_host.absent). Source: architecture.md 4.3. */
#include "component/host.h"
#include "component/limits.h"
#include "component/link.h"

int component__import_name(struct link *link, const struct component_extern_name *name, struct sw_str *ret)
{
    bool is_interface = sw_str_find(name->name, ':') != SW_NPOS;
    struct sw_str base = !is_interface && name->implements.n ? name->implements : name->name;
    if (!name->version_suffix.n) {
        *ret = base;
        return 0;
    }
    const char *text =
        sw_arena_printf(&link->plan->arena, SW_FMT SW_FMT, SW_ARG(base), SW_ARG(name->version_suffix));
    if (!text)
        return sw_arena_fail(&link->plan->arena, base.n + name->version_suffix.n, link->err);
    *ret = sw_str_of(text);
    return 0;
}

static bool has_version(const struct component_host_interface *interface)
{
    return interface->version && interface->version[0];
}

/* The version is one of those that are served item by item. */
static void find_older(const struct component_host *host, struct sw_str version,
                       struct link_host_import *import)
{
    for (uint32_t i = 0; i < host->older_count; i++)
        if (sw_str_eq(sw_str_of(host->older[i].version), version))
            import->older = &host->older[i];
    for (uint32_t i = 0; import->older && !import->interface && i < host->interface_count; i++)
        if (sw_str_eq(sw_str_of(host->interfaces[i]->name), import->package) &&
            (!import->older->serves || component__version_serves(sw_str_of(host->interfaces[i]->version),
                                                                 sw_str_of(import->older->serves))))
            import->interface = host->interfaces[i];
    for (uint32_t i = 0; import->older && !import->interface && i < import->older->item_count; i++)
        if (sw_str_eq(sw_str_of(import->older->items[i].interface), import->package))
            import->interface = import->older->items[i].in;
}

/* Where the import's item of that name is, and what it is called there. */
static const struct component_host_interface *home_of(const struct link_host_import *import,
                                                      struct sw_str *name)
{
    for (uint32_t i = 0; import->older && i < import->older->item_count; i++) {
        const struct component_host_moved *moved = &import->older->items[i];
        if (!sw_str_eq(sw_str_of(moved->interface), import->package) ||
            !sw_str_eq(sw_str_of(moved->name), *name))
            continue;
        *name = sw_str_of(moved->as);
        return moved->in;
    }
    return import->interface;
}

/* For the message that none of the host's fits. */
static int add_version(struct link *link, struct sw_str version, struct link_host_import *import)
{
    const char *text = import->other_version.n
                           ? sw_arena_printf(&link->plan->arena, SW_FMT " and " SW_FMT,
                                             SW_ARG(import->other_version), SW_ARG(version))
                           : NULL;
    if (import->other_version.n && !text)
        return sw_arena_fail(&link->plan->arena, version.n, link->err);
    import->other_version = text ? sw_str_of(text) : version;
    return 0;
}

int component__host_import(struct link *link, const struct component_port *port, struct link_host_import *ret)
{
    struct link_host_import import = {.name = SW_LIT("")};
    struct sw_str version = SW_LIT("");
    int rc = component__import_name(link, &port->name, &import.name);
    if (rc < 0)
        return rc;
    if (port->type.sort == COMPONENT_SORT_INSTANCE)
        component__name_split(import.name, &import.package, &version);
    for (uint32_t i = 0; i < link->host->interface_count; i++) {
        const struct component_host_interface *interface = link->host->interfaces[i];
        if (!sw_str_eq(sw_str_of(interface->name), import.package))
            continue;
        if (component__version_serves(sw_str_of(interface->version), version)) {
            import.interface = interface;
            break;
        }
        rc = add_version(link, has_version(interface) ? sw_str_of(interface->version) : SW_LIT("no version"),
                         &import);
        if (rc < 0)
            return rc;
    }
    if (!import.interface)
        find_older(link->host, version, &import);
    for (uint32_t i = 0; i < link->host->absent_count && !import.interface && !import.other_version.n; i++)
        import.is_absent |= sw_str_starts(import.package, sw_str_of(link->host->absent[i]));
    *ret = import;
    return component__link_steps(link, link->host->interface_count + link->host->absent_count + 1);
}

static int no_interface(struct link *link, const struct link_match *match)
{
    const struct link_host_import *import = match->source.host;
    if (!import->package.n)
        return sw_fail(link->err, SW_EINPUT, "imports '" SW_FMT "', which this host does not have",
                       SW_ARG(match->name));
    if (import->other_version.n)
        return sw_fail(link->err, SW_EINPUT,
                       "imports '" SW_FMT "', which this host does not have; it has '" SW_FMT "' at " SW_FMT,
                       SW_ARG(import->name), SW_ARG(import->package), SW_ARG(import->other_version));
    bool is_wasi = sw_str_starts(import->package, SW_LIT("wasi:"));
    return sw_fail(
        link->err, SW_EINPUT, "imports '" SW_FMT "', which this host does not have%s", SW_ARG(import->name),
        is_wasi ? "" : "\nhint: another component can satisfy it, named in [component.ID.dependencies]");
}

static int no_item(struct link *link, const struct link_match *match, const char *what)
{
    const struct link_host_import *import = match->source.host;
    if (!import->package.n)
        return sw_fail(link->err, SW_EINPUT, "imports %s '" SW_FMT "', which this host does not have", what,
                       SW_ARG(match->name));
    const char *version =
        has_version(import->interface) && !import->older ? import->interface->version : NULL;
    return sw_fail(link->err, SW_EINPUT,
                   "imports %s '" SW_FMT "' of '" SW_FMT "', which this host's '" SW_FMT
                   "%s%s' does not have",
                   what, SW_ARG(match->name), SW_ARG(import->name), SW_ARG(import->package),
                   version ? "@" : "", version ? version : "");
}

static const struct component_host_func *func_find(const struct component_host_interface *interface,
                                                   struct sw_str name)
{
    for (uint32_t i = 0; i < interface->func_count; i++)
        if (sw_str_eq(sw_str_of(interface->funcs[i].name), name))
            return &interface->funcs[i];
    return NULL;
}

static int compare(struct link *link, const struct link_match *match, const struct component_func_type *type,
                   const struct component_host_func *host)
{
    sw_auto_buf text = SW_BUF(COMPONENT_TYPE_TEXT_MAX);
    int rc = component__link_func_text(link, type, &text);
    if (rc < 0)
        return sw_wrap(link->err, "print the type of '" SW_FMT "'", SW_ARG(match->name));
    if (sw_str_eq(sw_buf_str(&text), sw_str_of(host->type)))
        return 0;
    struct sw_str from = match->source.host->package.n ? match->source.host->name : SW_LIT("the world");
    return sw_fail(link->err, SW_EINPUT,
                   "imports '" SW_FMT "' of '" SW_FMT "' as " SW_FMT ", but this host has %s",
                   SW_ARG(match->name), SW_ARG(from), SW_ARG(sw_buf_str(&text)), host->type);
}

/* ---- what is linked although the host has none of it ---- */

static int absent_called(struct component_call *call, union engine_val *vals)
{
    (void)vals;
    return component_trap(call, "the component uses an interface that this host does not have");
}

static int absent_name(struct link *link, struct sw_str name, const char **ret)
{
    *ret = sw_arena_printf(&link->plan->arena, SW_FMT, SW_ARG(name));
    return *ret ? 0 : sw_arena_fail(&link->plan->arena, name.n, link->err);
}

static int absent_func(struct link *link, const struct link_match *match,
                       const struct component_host_func **ret, const char **ret_interface)
{
    struct component_host_func *func = SW_ARENA_NEW(&link->plan->arena, struct component_host_func);
    if (!func)
        return sw_arena_fail(&link->plan->arena, sizeof *func, link->err);
    func->fn = absent_called;
    int rc = absent_name(link, match->source.host->name, ret_interface);
    if (rc == 0)
        rc = absent_name(link, match->name, &func->name);
    *ret = func;
    return rc;
}

/* One of no objects: nothing that makes them can be called. Its kind is its number in the plan, beyond those of hosts. */
static int absent_resource(struct link *link, const struct link_match *match, uint32_t *ret)
{
    struct component_plan *plan = link->plan;
    struct sw_str interface = match->source.host->name;
    for (uint32_t i = 0; i < plan->resource_count; i++)
        if (plan->resources[i].is_host && sw_str_eq(sw_str_of(plan->resources[i].host->name), match->name) &&
            sw_str_eq(sw_str_of(plan->resources[i].host_interface), interface)) {
            *ret = i;
            return 0;
        }
    struct component_host_resource *host = SW_ARENA_NEW(&plan->arena, struct component_host_resource);
    if (!host)
        return sw_arena_fail(&plan->arena, sizeof *host, link->err);
    struct component_resource resource = {.is_host = true, .host = host};
    host->kind = COMPONENT_ABSENT_KIND + plan->resource_count;
    int rc = absent_name(link, interface, &resource.host_interface);
    if (rc == 0)
        rc = absent_name(link, match->name, &host->name);
    resource.name = sw_str_of(host->name ? host->name : "");
    return rc < 0 ? rc : component__link_resource_add(link, resource, ret);
}

/* ---- functions and resources ---- */

static uint32_t steps_of(const struct link_host_import *import, uint32_t compared)
{
    return compared + 1 + (import->older ? import->older->item_count : 0);
}

static int host_func(struct link *link, const struct link_match *match,
                     const struct component_func_type *type, const struct component_host_func **ret,
                     const char **ret_interface)
{
    const struct component_host_interface *interface = match->source.host->interface;
    if (match->source.host->is_absent)
        return absent_func(link, match, ret, ret_interface);
    if (!interface)
        return no_interface(link, match);
    struct sw_str name = match->name;
    interface = home_of(match->source.host, &name);
    *ret = func_find(interface, name);
    if (!*ret)
        return no_item(link, match, "function");
    *ret_interface = interface->name;
    int rc = component__link_steps(link, steps_of(match->source.host, interface->func_count));
    return rc < 0 ? rc : compare(link, match, type, *ret);
}

int component__host_func(struct link *link, const struct link_match *match,
                         const struct component_func_type *type, struct link_value *ret)
{
    const struct component_host_func *host = NULL;
    const char *interface = NULL;
    int rc = host_func(link, match, type, &host, &interface);
    if (rc < 0)
        return rc;
    struct component_func *func = component__link_scratch(link, 1, sizeof *func);
    if (!func)
        return link->rc;
    *func = (struct component_func){.kind = COMPONENT_FUNC_HOST,
                                    .host = host,
                                    .host_interface = interface,
                                    .principal = match->env->principal,
                                    .type = type};
    *ret = (struct link_value){.sort = COMPONENT_SORT_FUNC, .func = func};
    return 0;
}

int component__host_resource(struct link *link, const struct link_match *match, uint32_t *ret)
{
    const struct component_host_interface *interface = match->source.host->interface;
    if (!interface && !match->source.host->is_absent)
        return no_interface(link, match);
    const struct component_host_resource *host = NULL;
    struct sw_str wanted = match->name;
    interface = interface ? home_of(match->source.host, &wanted) : NULL;
    for (uint32_t i = 0; interface && i < interface->resource_count && !host; i++)
        if (sw_str_eq(sw_str_of(interface->resources[i].name), wanted))
            host = &interface->resources[i];
    if (!host && interface)
        return no_item(link, match, "resource");
    struct component_plan *plan = link->plan;
    int rc = component__link_steps(link, steps_of(match->source.host, plan->resource_count));
    if (rc < 0)
        return rc;
    if (!host)
        return absent_resource(link, match, ret);
    for (uint32_t i = 0; i < plan->resource_count; i++)
        if (plan->resources[i].is_host && plan->resources[i].host->kind == host->kind) {
            *ret = i;
            return 0;
        }
    const char *name =
        interface->name[0] ? sw_arena_printf(&plan->arena, "%s/%s", interface->name, host->name) : host->name;
    if (!name)
        return sw_arena_fail(&plan->arena, strlen(host->name), link->err);
    return component__link_resource_add(
        link,
        (struct component_resource){
            .is_host = true, .host = host, .host_interface = interface->name, .name = sw_str_of(name)},
        ret);
}
