/* export.c - what an exported function's type is, before anyone calls it.  Room: component.
 *
 * component_call_wait takes its arguments for what the export says they are. A guest chooses that: a handler whose parameters are numbers
 * or lists would be given the bits of pointers, or what they point to. So the caller compares the type first, when it loads the component. */
#include "component/limits.h"
#include "component/run_internal.h"

static struct sw_str resource_name(void *arg, uint32_t resource)
{
    const struct component_resource *item = (const struct component_resource *)arg + resource;
    return item->is_host ? item->name
                         : SW_LIT(""); /* empty: printed as its number, so it is never taken for the host's */
}

int component_export_check(const struct component *component, const struct component_export *export,
                           const char *type, struct sw_err *err)
{
    const struct component_plan *plan = component->plan;
    sw_auto_buf text = SW_BUF(COMPONENT_TYPE_TEXT_MAX);
    if (!export->lift)
        return sw_fail(err, SW_EINPUT,
                       "exports '" SW_FMT "' of '" SW_FMT "', but it is a function of the host",
                       SW_ARG(export->plan->name), SW_ARG(export->plan->interface));
    int rc = component_func_type_print(plan->types, export->lift->type, resource_name, plan->resources, &text,
                                       err);
    if (rc < 0)
        return sw_wrap(err, "print the type of '" SW_FMT "'", SW_ARG(export->plan->name));
    if (sw_str_eq(sw_buf_str(&text), sw_str_of(type)))
        return 0;
    return sw_fail(err, SW_EINPUT, "exports '" SW_FMT "' of '" SW_FMT "' as " SW_FMT ", expected %s",
                   SW_ARG(export->plan->name), SW_ARG(export->plan->interface),
                   (int)(text.n < 200 ? text.n : 200), text.p, type);
}
