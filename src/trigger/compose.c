/* compose.c - a component together with its dependencies: linked as one, with grants for each.  Room: trigger.
 *
 * The binaries of a library are read once, however many components use it; each user links it anew, so two users share code and nothing
 * else. Source: spin.md 1.10. */
#include "base/alloc.h"
#include "component/component.h"
#include "trigger/load.h"

static int find_all(struct trigger_component *component, struct trigger_component *const *all,
                    uint32_t all_count, struct sw_err *err)
{
    const struct app_component *meta = component->meta;
    component->dependencies = sw_try_alloc_array(meta->dependency_count, sizeof *component->dependencies);
    if (!component->dependencies)
        return sw_fail(err, SW_ENOMEM, "no memory for %u dependencies", meta->dependency_count);
    for (uint32_t i = 0; i < meta->dependency_count; i++) {
        if (meta->dependencies[i].component >= all_count)
            return sw_fail(err, SW_EBUG, "dependency '" SW_FMT "' is no component of the application",
                           SW_ARG(meta->dependencies[i].name));
        component->dependencies[i] = all[meta->dependencies[i].component];
    }
    return 0;
}

int trigger_component_compose(struct trigger_component *component, struct trigger_component *const *all,
                              uint32_t all_count, struct sw_err *err)
{
    const struct app_component *meta = component->meta;
    int rc = find_all(component, all, all_count, err);
    if (rc < 0)
        return rc;
    sw_auto_free struct component_dependency *given =
        sw_try_alloc_array(meta->dependency_count, sizeof *given);
    if (!given)
        return sw_fail(err, SW_ENOMEM, "no memory for %u dependencies", meta->dependency_count);
    for (uint32_t i = 0; i < meta->dependency_count; i++)
        given[i] = (struct component_dependency){.name = meta->dependencies[i].name,
                                                 .export = meta->dependencies[i].export,
                                                 .binary = component->dependencies[i]->binary};
    const struct component_dependencies dependencies = {given, meta->dependency_count};
    return component_link_composed(component->binary, dependencies, host_interfaces(), &component->plan, err);
}

/* Deny by default: what is not named here a dependency does not have. */
static struct host_grants inherited(const struct host_grants *own, uint32_t inherit)
{
    struct host_grants grants = {.app = own->app, .component = own->component};
    if (inherit & APP_INHERIT_ENVIRONMENT) {
        grants.env = own->env;
        grants.env_count = own->env_count;
    }
    if (inherit & APP_INHERIT_OUTBOUND_HOSTS)
        grants.outbound = own->outbound;
    if (inherit & APP_INHERIT_FILES) {
        grants.preopens = own->preopens;
        grants.preopen_count = own->preopen_count;
    }
    if (inherit & APP_INHERIT_VARIABLES) {
        grants.application = own->application;
        grants.variables_of = own->variables_of;
    }
    return grants;
}

int trigger_component_grant(struct trigger_component *component, struct sw_err *err)
{
    const struct app_component *meta = component->meta;
    component->dependency_grants =
        sw_try_alloc_array(meta->dependency_count, sizeof *component->dependency_grants);
    if (!component->dependency_grants)
        return sw_fail(err, SW_ENOMEM, "no memory for the grants of %u dependencies", meta->dependency_count);
    for (uint32_t i = 0; i < meta->dependency_count; i++)
        component->dependency_grants[i] = inherited(&component->grants, meta->dependencies[i].inherit);
    component->grants.dependencies = component->dependency_grants;
    component->grants.dependency_count = meta->dependency_count;
    return 0;
}
