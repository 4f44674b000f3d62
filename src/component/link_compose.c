/* link_compose.c - imports of the outermost component that other components satisfy.  Room: component.
 *
 * Which import belongs to which dependency is settled by names before anything is instantiated. A dependency is instantiated once, as a
 * neighbour of the outermost component, not inside it, when the first import it satisfies is reached: so what it is made of stands in the
 * plan before what uses it. Its own imports come from the host, never from the outermost component, and carry its principal.
 * Source: spin.md 1.10. */
#include "component/component.h"
#include "component/limits.h"
#include "component/link.h"

#define LIST_BYTES_MAX                                                                                       \
    600 /* of the names that a message lists: they share SW_ERR_TEXT_MAX with the rest of it */

/* ---- names ---- */

/* "ns:pkg" for each interface of it, "ns:pkg/iface" for one, "plain" for itself; with a version only for that one. */
static bool is_meant(struct sw_str key, struct sw_str import)
{
    struct sw_str wanted, wanted_version, name, version;
    component__name_split(key, &wanted, &wanted_version);
    component__name_split(import, &name, &version);
    if (wanted_version.n && !sw_str_eq(wanted_version, version))
        return false;
    if (sw_str_eq(wanted, name))
        return true;
    return sw_str_find(wanted, ':') != SW_NPOS && sw_str_find(wanted, '/') == SW_NPOS &&
           sw_str_starts(name, wanted) && name.p[wanted.n] == '/'; /* starts, not equal: it is longer */
}

static void list_name(struct sw_buf *list, struct sw_str name)
{
    struct sw_err full; /* the list is then cut */
    if (sw_buf_printf(list, &full, "\n  " SW_FMT, SW_ARG(name)) < 0)
        sw_ignore(sw_buf_printf(list, &full, "\n  ..."));
}

static int matches_nothing(struct link *link, struct sw_str key)
{
    const struct component_scope *root = link->binary->root;
    sw_auto_buf list = SW_BUF(LIST_BYTES_MAX);
    for (uint32_t i = 0; i < root->def_count; i++) {
        struct sw_str name;
        if (root->defs[i].kind != COMPONENT_DEF_IMPORT)
            continue;
        int rc = component__import_name(link, &root->defs[i].port->name, &name);
        if (rc < 0)
            return rc;
        list_name(&list, name);
    }
    return sw_fail(link->err, SW_EINPUT,
                   "dependency '" SW_FMT
                   "' doesn't match any imports of the component\nhint: it imports%s" SW_FMT,
                   SW_ARG(key), list.n ? "" : " nothing", SW_ARG(sw_buf_str(&list)));
}

static int claim(struct link *link, uint32_t def, uint32_t index)
{
    struct link_dependency *items = link->dependencies;
    struct sw_str import;
    int rc = component__import_name(link, &link->binary->root->defs[def].port->name, &import);
    if (rc < 0 || !is_meant(items[index].given->name, import))
        return rc;
    if (link->claims[def])
        return sw_fail(link->err, SW_EINPUT,
                       "import '" SW_FMT "' is satisfied by two dependencies: '" SW_FMT "' and '" SW_FMT
                       "'\nhint: keep one, or name interfaces that differ, as in 'ns:pkg/interface'",
                       SW_ARG(import), SW_ARG(items[link->claims[def] - 1].given->name),
                       SW_ARG(items[index].given->name));
    link->claims[def] = index + 1;
    items[index].is_matched = true;
    return 0;
}

static int claim_all(struct link *link)
{
    const struct component_scope *root = link->binary->root;
    for (uint32_t i = 0; i < link->dependency_count; i++) {
        int rc = component__link_steps(link, root->def_count);
        for (uint32_t k = 0; rc == 0 && k < root->def_count; k++)
            if (root->defs[k].kind == COMPONENT_DEF_IMPORT)
                rc = claim(link, k, i);
        if (rc == 0 && !link->dependencies[i].is_matched)
            rc = matches_nothing(link, link->dependencies[i].given->name);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- before linking ---- */

static void add_cores(const struct engine_core **cores, uint32_t *count,
                      const struct component_binary *binary)
{
    for (uint32_t i = 0; i < binary->core_count; i++)
        cores[(*count)++] = binary->cores[i];
}

static int number_cores(struct link *link)
{
    struct component_plan *plan = link->plan;
    size_t total = link->binary->core_count; /* at most COMPONENT_CORE_MODULES_MAX in each binary */
    for (uint32_t i = 0; i < link->dependency_count; i++)
        total += link->dependencies[i].given->binary->core_count;
    const struct engine_core **cores = SW_ARENA_ARRAY(&plan->arena, total, const struct engine_core *);
    if (!cores)
        return sw_arena_fail(&plan->arena, total * sizeof *cores, link->err);
    add_cores(cores, &plan->core_count, link->binary);
    for (uint32_t i = 0; i < link->dependency_count; i++) {
        link->dependencies[i].core_base = plan->core_count;
        add_cores(cores, &plan->core_count, link->dependencies[i].given->binary);
    }
    plan->cores = cores;
    return 0;
}

int component__compose_begin(struct link *link, const struct component_dependency *given, uint32_t count)
{
    if (count > COMPONENT_DEPENDENCIES_MAX)
        return sw_fail(link->err, SW_ELIMIT, "has %u dependencies, the limit is %d", count,
                       COMPONENT_DEPENDENCIES_MAX);
    if (count) {
        link->dependencies = component__link_scratch(link, count, sizeof *link->dependencies);
        link->claims = component__link_scratch(link, link->binary->root->def_count, sizeof *link->claims);
        if (!link->dependencies || !link->claims)
            return link->rc;
    }
    link->dependency_count = count;
    for (uint32_t i = 0; i < count; i++) {
        link->dependencies[i].given = &given[i];
        if (given[i].binary->is_module)
            return sw_fail(link->err, SW_EINPUT,
                           "dependency '" SW_FMT "' is a core module, expected a component\n"
                           "hint: make a component of it with 'swell componentize'",
                           SW_ARG(given[i].name));
    }
    int rc = number_cores(link);
    return rc < 0 ? rc : claim_all(link);
}

/* ---- while linking ---- */

static int instantiate(struct link *link, struct link_dependency *dependency, uint32_t at)
{
    struct link_value root = {.sort = COMPONENT_SORT_COMPONENT,
                              .component = {.scope = dependency->given->binary->root}};
    struct link_instantiation by = {.parent = UINT32_MAX,
                                    .core_base = dependency->core_base,
                                    .principal = (uint32_t)(dependency - link->dependencies) + 1};
    int rc = component__link_enter(link, at);
    if (rc < 0)
        return rc;
    rc = component__link_instantiate(link, &root, &by, &dependency->instance);
    link->depth--;
    return rc < 0 ? sw_wrap(link->err, "dependency '" SW_FMT "'", SW_ARG(dependency->given->name)) : 0;
}

static int lacks_export(struct link *link, const struct link_dependency *dependency, struct sw_str wanted,
                        struct sw_str import)
{
    sw_auto_buf list = SW_BUF(LIST_BYTES_MAX);
    for (uint32_t i = 0; i < dependency->instance->count; i++)
        list_name(&list, dependency->instance->exports[i].name);
    return sw_fail(link->err, SW_EINPUT,
                   "dependency '" SW_FMT "' doesn't export '" SW_FMT "' to satisfy import '" SW_FMT
                   "'\nhint: it exports%s" SW_FMT,
                   SW_ARG(dependency->given->name), SW_ARG(wanted), SW_ARG(import), list.n ? "" : " nothing",
                   SW_ARG(sw_buf_str(&list)));
}

/* By its name, else at another version of the same track. */
static int find_export(struct link *link, const struct link_dependency *dependency, struct sw_str import,
                       const struct link_value **ret)
{
    const struct link_instance *instance = dependency->instance;
    struct sw_str wanted = dependency->given->export.n ? dependency->given->export : import;
    struct sw_str name, version;
    int rc = component__instance_find(link, instance, wanted, ret);
    if (rc != SW_ABSENT)
        return rc;
    component__name_split(wanted, &name, &version);
    rc = component__link_steps(link, instance->count);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < instance->count; i++) {
        struct sw_str given, given_version;
        component__name_split(instance->exports[i].name, &given, &given_version);
        bool fits = dependency->given->export.n && !version.n; /* an export named without: any */
        if (!sw_str_eq(given, name) || !(fits || component__version_serves(given_version, version)))
            continue;
        *ret = &instance->exports[i].value;
        return 0;
    }
    return lacks_export(link, dependency, wanted, import);
}

int component__compose_import(struct link *link, const struct link_match *match,
                              const struct component_def *def, struct link_value *ret)
{
    const struct link_env *env = match->env;
    struct link_match narrowed = *match;
    struct sw_str import;
    uint32_t claimed = 0;
    if (link->claims && !env->parent && !env->principal)
        claimed = link->claims[def - env->scope->defs];
    if (!claimed)
        return SW_ABSENT;
    struct link_dependency *dependency = &link->dependencies[claimed - 1];
    int rc = component__import_name(link, &def->port->name, &import);
    if (rc == 0 && !dependency->instance)
        rc = instantiate(link, dependency, def->at);
    if (rc == 0)
        rc = find_export(link, dependency, import, &narrowed.source.value);
    if (rc < 0)
        return rc;
    rc = component__link_match(link, &narrowed, ret);
    return rc < 0 ? sw_wrap(link->err,
                            "what dependency '" SW_FMT "' exports is not compatible with import '" SW_FMT "'",
                            SW_ARG(dependency->given->name), SW_ARG(import))
                  : 0;
}
