/* plan_print.c - a plan as text, for tests and for people who want to know what became of a component.  Room: component. */
#include "component/plan_print.h"

struct printer {
    const struct component_plan *plan;
    struct sw_buf *out;
    struct sw_err *err;
    int rc; /* sticky: the first failure */
};

static void put(struct printer *p, const char *text)
{
    if (p->rc == 0)
        p->rc = sw_buf_add(p->out, sw_str_of(text), p->err);
}

static void put_str(struct printer *p, struct sw_str text)
{
    if (p->rc == 0)
        p->rc = sw_buf_add(p->out, text, p->err);
}

static void put_number(struct printer *p, const char *before, uint32_t number)
{
    put(p, before);
    if (p->rc == 0)
        p->rc = sw_buf_printf(p->out, p->err, "%u", number);
}

static struct sw_str resource_name(void *arg, uint32_t resource)
{
    const struct component_plan *plan = arg;
    return plan->resources[resource].is_host ? plan->resources[resource].name : SW_LIT("");
}

static void put_core_func(struct printer *p, const struct component_core_func *func)
{
    switch (func->kind) {
    case COMPONENT_CORE_EXPORT:
        put_number(p, "core ", func->index);
        put(p, ".");
        put_str(p, func->name);
        return;
    case COMPONENT_CORE_LOWERING:
        put_number(p, "lowering ", func->index);
        return;
    case COMPONENT_CORE_BUILTIN:
        put_number(p, "builtin ", func->index);
        return;
    }
}

static void put_options(struct printer *p, const struct component_options *options)
{
    static const char *const encodings[] = {"", " utf16", " latin1+utf16"};
    put(p, encodings[options->encoding]);
    if (options->has_memory) {
        put_number(p, " memory=core ", options->memory_instance);
        put(p, ".");
        put_str(p, options->memory_name);
    }
    if (options->has_realloc) {
        put(p, " realloc=");
        put_core_func(p, &options->realloc);
    }
    if (options->has_post_return) {
        put(p, " post-return=");
        put_core_func(p, &options->post_return);
    }
    if (options->has_callback) {
        put(p, " callback=");
        put_core_func(p, &options->callback);
    } else if (options->is_async) {
        put(p, " async");
    }
}

static void put_type(struct printer *p, const struct component_func_type *type)
{
    union {
        const struct component_plan *borrowed;
        void *arg;
    } plan = {.borrowed = p->plan}; /* resource_name only reads it */
    put(p, ": ");
    if (p->rc == 0)
        p->rc = component_func_type_print(p->plan->types, type, resource_name, plan.arg, p->out, p->err);
}

static void put_func(struct printer *p, const struct component_func *func)
{
    if (func->kind == COMPONENT_FUNC_LIFT) {
        put_number(p, "lift ", func->lift);
        return;
    }
    put(p, "host ");
    put(p, func->host_interface);
    put(p, "#");
    put(p, func->host->name);
    if (func->principal)
        put_number(p, " as principal ", func->principal);
}

static void put_arg(struct printer *p, const struct component_arg *arg)
{
    put(p, "\n    ");
    if (arg->kind == COMPONENT_ARG_FUNC) {
        put_core_func(p, &arg->func);
        put(p, arg->late ? " late" : "");
        return;
    }
    put_number(p, "core ", arg->instance);
    put(p, ".");
    put_str(p, arg->name);
}

static void put_instances(struct printer *p)
{
    for (uint32_t i = 0; i < p->plan->instance_count; i++) {
        const struct component_core_instance *instance = &p->plan->instances[i];
        put_number(p, "core ", i);
        put_number(p, " = module ", instance->core);
        put_number(p, " in component ", instance->instance);
        put(p, instance->has_start ? " start" : "");
        put(p, instance->lazy ? " lazy" : "");
        for (uint32_t k = 0; k < instance->arg_count; k++)
            put_arg(p, &instance->args[k]);
        if (instance->has_start_call) {
            put(p, "\n  then ");
            put_core_func(p, &instance->start_call);
        }
        put(p, "\n");
    }
}

static void put_components(struct printer *p)
{
    for (uint32_t i = 1; i < p->plan->component_instance_count; i++) {
        put_number(p, "component ", i);
        put_number(p, " in component ", p->plan->instance_parents[i]);
        put(p, "\n");
    }
}

static void put_resources(struct printer *p)
{
    for (uint32_t i = 0; i < p->plan->resource_count; i++) {
        const struct component_resource *resource = &p->plan->resources[i];
        put_number(p, "resource ", i);
        if (resource->is_host) {
            put(p, " host ");
            put_str(p, resource->name);
        } else {
            put_number(p, " of component ", resource->instance);
        }
        if (resource->has_dtor) {
            put(p, " dtor=");
            put_core_func(p, &resource->dtor);
        }
        put(p, "\n");
    }
}

static void put_funcs(struct printer *p)
{
    for (uint32_t i = 0; i < p->plan->lowering_count; i++) {
        const struct component_lowering *lowering = &p->plan->lowerings[i];
        put_number(p, "lowering ", i);
        put_number(p, " in component ", lowering->instance);
        put(p, " = ");
        put_func(p, &lowering->callee);
        put_options(p, &lowering->options);
        put_type(p, lowering->callee.type);
        put(p, "\n");
    }
    for (uint32_t i = 0; i < p->plan->builtin_count; i++) {
        const struct component_builtin *builtin = &p->plan->builtins[i];
        put_number(p, "builtin ", i);
        put_number(p, " in component ", builtin->instance);
        put(p, " = ");
        put(p, component__builtin_name(builtin->kind));
        if (builtin->kind < COMPONENT_TASK_RETURN)
            put_number(p, " ", builtin->resource);
        put_options(p, &builtin->options);
        put(p, "\n");
    }
    for (uint32_t i = 0; i < p->plan->lift_count; i++) {
        const struct component_lift *lift = &p->plan->lifts[i];
        put_number(p, "lift ", i);
        put_number(p, " in component ", lift->instance);
        put(p, " = ");
        put_core_func(p, &lift->callee);
        put_options(p, &lift->options);
        put_type(p, lift->type);
        put(p, "\n");
    }
}

static void put_exports(struct printer *p)
{
    for (uint32_t i = 0; i < p->plan->export_count; i++) {
        const struct component_plan_export *export = &p->plan->exports[i];
        put(p, "export ");
        put_str(p, export->interface);
        put(p, export->version.n ? "@" : "");
        put_str(p, export->version);
        put(p, export->interface.n ? "#" : "");
        put_str(p, export->name);
        put(p, " = ");
        put_func(p, &export->func);
        put(p, "\n");
    }
}

int component_plan_print(const struct component_plan *plan, struct sw_buf *out, struct sw_err *err)
{
    struct printer p = {.plan = plan, .out = out, .err = err};
    put_components(&p);
    put_instances(&p);
    put_resources(&p);
    put_funcs(&p);
    put_exports(&p);
    return p.rc;
}
