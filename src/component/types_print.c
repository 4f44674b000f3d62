/* types_print.c - the canonical text of types.  Room: component.  The format is types.h's; recursion is as deep as types are. */
#include "component/types_internal.h"

struct printer {
    const struct component_types *types;
    component_resource_name_fn *name;
    void *arg;
    struct sw_buf *out;
    struct sw_err *err;
};

static int put(struct printer *p, const char *text)
{
    return sw_buf_add(p->out, sw_str_of(text), p->err);
}

static int print(struct printer *p, uint32_t type);

static int print_or_hole(struct printer *p, uint32_t type)
{
    return type == COMPONENT_NO_TYPE ? put(p, "_") : print(p, type);
}

/* name<elem>, or the bare name when there is none. */
static int print_around(struct printer *p, const char *name, uint32_t elem)
{
    int rc = put(p, name);
    if (rc < 0 || elem == COMPONENT_NO_TYPE)
        return rc;
    rc = put(p, "<");
    if (rc == 0)
        rc = print(p, elem);
    return rc < 0 ? rc : put(p, ">");
}

static int print_fixed_list(struct printer *p, const struct component_type *type)
{
    int rc = put(p, "list<");
    if (rc == 0)
        rc = print(p, type->elem);
    return rc < 0 ? rc : sw_buf_printf(p->out, p->err, ", %u>", type->length);
}

static int print_tuple(struct printer *p, const struct component_type *type)
{
    int rc = put(p, "tuple<");
    for (uint32_t i = 0; rc == 0 && i < type->case_count; i++) {
        if (i)
            rc = put(p, ", ");
        if (rc == 0)
            rc = print(p, type->cases[i].type);
    }
    return rc < 0 ? rc : put(p, ">");
}

static int print_map(struct printer *p, const struct component_type *type)
{
    const struct component_type *entry = component_type_of(p->types, type->elem);
    int rc = put(p, "map<");
    if (rc == 0)
        rc = print(p, entry->cases[0].type);
    if (rc == 0)
        rc = put(p, ", ");
    if (rc == 0)
        rc = print(p, entry->cases[1].type);
    return rc < 0 ? rc : put(p, ">");
}

static int print_result(struct printer *p, const struct component_type *type)
{
    uint32_t ok = type->cases[0].type, error = type->cases[1].type;
    if (error == COMPONENT_NO_TYPE)
        return print_around(p, "result", ok);
    int rc = put(p, "result<");
    if (rc == 0)
        rc = print_or_hole(p, ok);
    if (rc == 0)
        rc = put(p, ", ");
    if (rc == 0)
        rc = print(p, error);
    return rc < 0 ? rc : put(p, ">");
}

/* "a: T" for records and parameters, "a(T)" or "a" for cases. */
static int print_member(struct printer *p, const struct component_case *member, bool field)
{
    int rc = sw_buf_add(p->out, member->name, p->err);
    if (rc < 0 || member->type == COMPONENT_NO_TYPE)
        return rc;
    rc = put(p, field ? ": " : "(");
    if (rc == 0)
        rc = print(p, member->type);
    return rc < 0 || field ? rc : put(p, ")");
}

static int print_members(struct printer *p, const struct component_case *members, uint32_t count, bool fields)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        if (i)
            rc = put(p, ", ");
        if (rc == 0)
            rc = print_member(p, &members[i], fields);
    }
    return rc;
}

static int print_braced(struct printer *p, const struct component_type *type)
{
    int rc = put(p, component__kind_name(type->kind));
    if (rc == 0)
        rc = put(p, "{");
    if (rc == 0)
        rc = print_members(p, type->cases, type->case_count, type->kind == COMPONENT_RECORD);
    return rc < 0 ? rc : put(p, "}");
}

static int print_handle(struct printer *p, const struct component_type *type)
{
    int rc = sw_buf_printf(p->out, p->err, "%s<", component__kind_name(type->kind));
    if (rc < 0)
        return rc;
    struct sw_str name = p->name ? p->name(p->arg, type->elem) : SW_LIT("");
    rc = name.n ? sw_buf_add(p->out, name, p->err) : sw_buf_printf(p->out, p->err, "#%u", type->elem);
    return rc < 0 ? rc : put(p, ">");
}

static int print(struct printer *p, uint32_t number)
{
    const struct component_type *type = component_type_of(p->types, number);
    switch (type->kind) {
    case COMPONENT_LIST:
        if (type->length == COMPONENT_MAP)
            return print_map(p, type);
        return print_around(p, "list", type->elem);
    case COMPONENT_STREAM:
    case COMPONENT_FUTURE:
        return print_around(p, component__kind_name(type->kind), type->elem);
    case COMPONENT_FIXED_LIST:
        return print_fixed_list(p, type);
    case COMPONENT_TUPLE:
        return print_tuple(p, type);
    case COMPONENT_RECORD:
    case COMPONENT_VARIANT:
    case COMPONENT_ENUM:
    case COMPONENT_FLAGS:
        return print_braced(p, type);
    case COMPONENT_OPTION:
        return print_around(p, "option", type->cases[1].type);
    case COMPONENT_RESULT:
        return print_result(p, type);
    case COMPONENT_OWN:
    case COMPONENT_BORROW:
        return print_handle(p, type);
    case COMPONENT_BOOL:
    case COMPONENT_S8:
    case COMPONENT_U8:
    case COMPONENT_S16:
    case COMPONENT_U16:
    case COMPONENT_S32:
    case COMPONENT_U32:
    case COMPONENT_S64:
    case COMPONENT_U64:
    case COMPONENT_F32:
    case COMPONENT_F64:
    case COMPONENT_CHAR:
    case COMPONENT_STRING:
    case COMPONENT_ERROR_CONTEXT:
        break;
    }
    return put(p, component__kind_name(type->kind));
}

int component_type_print(const struct component_types *types, uint32_t type, component_resource_name_fn *name,
                         void *arg, struct sw_buf *out, struct sw_err *err)
{
    struct printer p = {types, name, arg, out, err};
    return print(&p, type);
}

int component_func_type_print(const struct component_types *types, const struct component_func_type *func,
                              component_resource_name_fn *name, void *arg, struct sw_buf *out,
                              struct sw_err *err)
{
    struct printer p = {types, name, arg, out, err};
    int rc = put(&p, func->is_async ? "async func(" : "func(");
    if (rc == 0)
        rc = print_members(&p, func->params, func->param_count, true);
    if (rc == 0)
        rc = put(&p, ")");
    if (rc < 0 || func->result == COMPONENT_NO_TYPE)
        return rc;
    rc = put(&p, " -> ");
    return rc < 0 ? rc : print(&p, func->result);
}
