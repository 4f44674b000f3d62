/* print.c - canonical text of resolved types.  Room: wit.  Source: component/types.h. */
#include "component/wit/wit_internal.h"

static const char *const NAMES[] = {"bool",   "s8",   "u8",    "s16",    "u16",    "s32",    "u32",
                                    "s64",    "u64",  "f32",   "f64",    "char",   "string", "error-context",
                                    "list",   "list", "tuple", "option", "result", "map",    "stream",
                                    "future", "own",  "borrow"};

static int add(struct sw_buf *out, const char *text, struct sw_err *err)
{
    return sw_buf_add(out, sw_str_of(text), err);
}

static int print_fields(const struct wit_def *def, struct sw_buf *out, struct sw_err *err)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < def->field_count; i++) {
        const struct wit_field *field = &def->fields[i];
        rc = sw_buf_printf(out, err, "%s" SW_FMT, i ? ", " : "", SW_ARG(field->name));
        if (rc == 0 && field->type) {
            bool record = def->kind == WIT_DEF_RECORD;
            rc = add(out, record ? ": " : "(", err);
            if (rc == 0)
                rc = wit_type_print(field->type, out, err);
            if (rc == 0 && !record)
                rc = add(out, ")", err);
        }
    }
    return rc;
}

static int print_def(const struct wit_def *def, struct sw_buf *out, struct sw_err *err)
{
    static const char *const OPEN[] = {"", "record{", "variant{", "enum{", "flags{"};
    int rc = add(out, OPEN[def->kind], err);
    if (rc == 0)
        rc = print_fields(def, out, err);
    return rc == 0 ? add(out, "}", err) : rc;
}

static int print_items(const struct wit_type *type, struct sw_buf *out, struct sw_err *err)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < type->item_count; i++) {
        rc = i ? add(out, ", ", err) : 0;
        if (rc == 0)
            rc = wit_type_print(type->items[i], out, err);
    }
    return rc;
}

static int print_handle(const struct wit_type *type, struct sw_buf *out, struct sw_err *err)
{
    const struct wit_interface *owner = type->def->home->interface;
    return sw_buf_printf(out, err, SW_FMT "/" SW_FMT, SW_ARG(owner ? owner->full_name : SW_LIT("")),
                         SW_ARG(type->def->name));
}

/* What stands between '<' and '>'; nothing when there are none. */
static int print_arguments(const struct wit_type *type, struct sw_buf *out, struct sw_err *err)
{
    if (type->kind == WIT_TUPLE)
        return print_items(type, out, err);
    if (type->kind == WIT_OWN || type->kind == WIT_BORROW)
        return print_handle(type, out, err);
    int rc = type->elem ? wit_type_print(type->elem, out, err) : type->other ? add(out, "_", err) : 0;
    if (rc == 0 && type->other) {
        rc = add(out, ", ", err);
        if (rc == 0)
            rc = wit_type_print(type->other, out, err);
    }
    if (rc == 0 && type->kind == WIT_FIXED_LIST)
        rc = sw_buf_printf(out, err, ", %u", type->length);
    return rc;
}

int wit_type_print(const struct wit_type *type, struct sw_buf *out, struct sw_err *err)
{
    type = wit_type_strip(type);
    if (type->kind == WIT_NAME)
        return print_def(type->def, out, err);
    int rc = add(out, NAMES[type->kind], err);
    bool bare = type->kind <= WIT_ERROR_CONTEXT ||
                (type->kind >= WIT_RESULT && type->kind <= WIT_FUTURE && !type->elem && !type->other);
    if (rc < 0 || bare)
        return rc;
    rc = add(out, "<", err);
    if (rc == 0)
        rc = print_arguments(type, out, err);
    return rc == 0 ? add(out, ">", err) : rc;
}

int wit_func_print(const struct wit_func *func, struct sw_buf *out, struct sw_err *err)
{
    int rc = add(out, func->is_async ? "async func(" : "func(", err);
    for (uint32_t i = 0; rc == 0 && i < func->param_count; i++) {
        rc = sw_buf_printf(out, err, "%s" SW_FMT ": ", i ? ", " : "", SW_ARG(func->params[i].name));
        if (rc == 0)
            rc = wit_type_print(func->params[i].type, out, err);
    }
    if (rc == 0)
        rc = add(out, ")", err);
    if (rc == 0 && func->result) {
        rc = add(out, " -> ", err);
        if (rc == 0)
            rc = wit_type_print(func->result, out, err);
    }
    return rc;
}
