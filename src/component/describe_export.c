/* describe_export.c - the functions that a bound component exports.  Room: component. */
#include "component/describe.h"
#include "component/run_internal.h"

uint32_t component_export_count(const struct component *component)
{
    return component->plan->export_count;
}

const struct component_export *component_export_at(const struct component *component, uint32_t index,
                                                   struct component_export_info *ret)
{
    const struct component_plan_export *plan = component->exports[index].plan;
    *ret = (struct component_export_info){.interface = plan->interface,
                                          .version = plan->version,
                                          .name = plan->name,
                                          .type = plan->func.type,
                                          .types = component->plan->types};
    return &component->exports[index];
}

bool component_resource_is_host(const struct component *component, uint32_t resource)
{
    return component->plan->resources[resource].is_host;
}

static struct sw_str resource_name(void *arg, uint32_t resource)
{
    return ((const struct component_resource *)arg)[resource].name;
}

int component_export_print(const struct component *component, const struct component_func_type *type,
                           struct sw_buf *out, struct sw_err *err)
{
    return component_func_type_print(component->plan->types, type, resource_name, component->plan->resources,
                                     out, err);
}
