/* validate_type.c - type definitions made into types, with the rules of each kind.  Room: component.
 *
 * Source: Binary.md, "Type Definitions"; layout and what depends on it is the interner's (types.h). */
#include <assert.h>

#include "component/limits.h"
#include "component/types_internal.h"
#include "component/validate.h"

const char *component__v_kind_name(const struct vt *type)
{
    switch (type->kind) {
    case VT_VALUE:
        return type->is_map ? "map" : component__kind_name(type->value);
    case VT_FUNC:
        return "func type";
    case VT_RESOURCE:
        return "resource";
    case VT_INSTANCE:
        return "instance type";
    case VT_COMPONENT:
        return "component type";
    }
    return "type";
}

const char *component__v_extern_name(const struct vt_extern *what)
{
    switch (what->sort) {
    case COMPONENT_SORT_CORE_MODULE:
        return "module";
    case COMPONENT_SORT_FUNC:
        return "func";
    case COMPONENT_SORT_TYPE:
        return "type";
    case COMPONENT_SORT_COMPONENT:
        return "component";
    case COMPONENT_SORT_INSTANCE:
        return "instance";
    case COMPONENT_SORT_CORE_FUNC:
    case COMPONENT_SORT_CORE_TABLE:
    case COMPONENT_SORT_CORE_MEMORY:
    case COMPONENT_SORT_CORE_GLOBAL:
    case COMPONENT_SORT_CORE_TAG:
    case COMPONENT_SORT_CORE_TYPE:
    case COMPONENT_SORT_CORE_INSTANCE:
    case COMPONENT_SORT_COUNT:
        break;
    }
    return component_sort_name(what->sort);
}

/* ---- completing a node ---- */

static int count_child(struct v *v, struct vt *type, const struct vt *child)
{
    if (!child)
        return 0;
    type->refers |= child->refers || child->kind == VT_RESOURCE;
    if (child->depth >= type->depth)
        type->depth = child->depth + 1;
    if (child->parts > COMPONENT_TYPE_PARTS_MAX - type->parts)
        return component__v_bad(v, "effective type size exceeds the limit of %d parts",
                                COMPONENT_TYPE_PARTS_MAX);
    type->parts += child->parts;
    return 0;
}

static int count_items(struct v *v, struct vt *type, const struct vt_items *items)
{
    int rc = component__v_steps(v, items->count);
    for (uint32_t i = 0; rc == 0 && i < items->count; i++) {
        const struct vt_extern *what = &items->p[i].what;
        rc = count_child(v, type, what->type);
        if (rc == 0 && what->sort == COMPONENT_SORT_TYPE && what->referenced != what->type)
            rc = count_child(v, type, what->referenced->kind == VT_RESOURCE ? what->referenced : NULL);
    }
    return rc;
}

static uint32_t layout_of(const struct vt *type)
{
    return type ? type->number : COMPONENT_NO_TYPE;
}

static struct component_case *cases_of(struct v *v, const struct vt *type)
{
    struct component_case *cases = V_ARRAY(v, type->field_count, struct component_case);
    for (uint32_t i = 0; cases && i < type->field_count; i++)
        cases[i] = (struct component_case){type->fields[i].name, layout_of(type->fields[i].type), 0};
    return cases;
}

static int intern_value(struct v *v, struct vt *type)
{
    struct component_case pair[2] = {{.type = COMPONENT_NO_TYPE}, {.type = COMPONENT_NO_TYPE}};
    struct component_type shape = {.kind = type->value, .elem = COMPONENT_NO_TYPE, .length = type->length};
    if (type->value == COMPONENT_OWN || type->value == COMPONENT_BORROW) {
        shape.elem = type->elem->resource;
    } else if (type->value == COMPONENT_OPTION || type->value == COMPONENT_RESULT) {
        bool option = type->value == COMPONENT_OPTION;
        pair[option ? 1 : 0].type = layout_of(type->elem);
        if (!option)
            pair[1].type = layout_of(type->error);
        shape.cases = pair;
        shape.case_count = 2;
    } else if (type->field_count) {
        shape.cases = cases_of(v, type);
        shape.case_count = type->field_count;
        if (!shape.cases)
            return v->rc;
    } else {
        shape.elem = layout_of(type->elem);
    }
    int rc = component_types_intern(v->types, &shape, &type->number, v->err);
    return rc < 0 ? sw_wrap(v->err, "type at byte 0x%x", v->at) : 0;
}

static int layout_func(struct v *v, struct vt *type)
{
    struct component_func_type *func = V_NEW(v, struct component_func_type);
    if (!func)
        return v->rc;
    func->params = cases_of(v, type);
    if (!func->params)
        return v->rc;
    func->param_count = type->field_count;
    func->result = layout_of(type->elem);
    func->is_async = type->is_async;
    if (type->elem && component_type_of(v->types, func->result)->has_borrow)
        return component__v_bad(v, "function result cannot contain a `borrow` type");
    int rc = component_func_type_complete(v->types, func, v->err);
    type->func = func;
    return rc < 0 ? sw_wrap(v->err, "type at byte 0x%x", v->at) : 0;
}

int component__v_complete(struct v *v, struct vt *type)
{
    type->parts = 1;
    type->depth = 1;
    int rc = component__v_steps(v, (uint64_t)type->field_count + 1);
    if (rc == 0)
        rc = count_child(v, type, type->elem);
    if (rc == 0)
        rc = count_child(v, type, type->error);
    for (uint32_t i = 0; rc == 0 && i < type->field_count; i++)
        rc = count_child(v, type, type->fields[i].type);
    if (rc == 0)
        rc = count_items(v, type, &type->imports);
    if (rc == 0)
        rc = count_items(v, type, &type->exports);
    if (rc < 0)
        return rc;
    if (type->depth > COMPONENT_SCOPE_DEPTH_MAX)
        return component__v_bad(v, "type nesting is too deep: more than %d", COMPONENT_SCOPE_DEPTH_MAX);
    if (type->kind == VT_VALUE)
        return intern_value(v, type);
    return type->kind == VT_FUNC ? layout_func(v, type) : 0;
}

int component__v_parts(struct v *v, uint32_t *parts, const struct vt_extern *what)
{
    uint32_t more = what->type ? what->type->parts : 1;
    if (more > COMPONENT_TYPE_PARTS_MAX - *parts)
        return component__v_bad(v, "effective type size exceeds the limit of %d parts",
                                COMPONENT_TYPE_PARTS_MAX);
    *parts += more;
    return 0;
}

int component__v_alias(struct v *v, const struct vt *type, const struct vt **ret)
{
    struct vt *copy = V_NEW(v, struct vt);
    if (!copy)
        return v->rc;
    *copy = *type;
    copy->refers = true; /* an argument may take its place */
    *ret = copy;
    return 0;
}

int component__v_resource(struct v *v, const struct vt **ret)
{
    struct vt *type = V_NEW(v, struct vt);
    if (!type)
        return v->rc;
    *type = (struct vt){
        .kind = VT_RESOURCE, .parts = 1, .depth = 1, .refers = true, .resource = v->next_resource++};
    *ret = type;
    return component__v_steps(v, 1);
}

/* ---- value types ---- */

int component__v_ref(struct v *v, const struct v_scope *scope, struct component_ref ref,
                     const struct vt **ret)
{
    switch (ref.form) {
    case COMPONENT_REF_NONE:
        *ret = NULL;
        return 0;
    case COMPONENT_REF_PRIMITIVE:
        *ret = v->primitives[ref.value];
        return 0;
    case COMPONENT_REF_INDEX:
        break;
    }
    const struct vt *type = component__v_type(scope, ref.value);
    if (type->kind != VT_VALUE)
        return component__v_bad(v, "type index %u is not a defined type, but a %s", ref.value,
                                component__v_kind_name(type));
    *ret = type;
    return 0;
}

static const struct label_words {
    enum component_kind kind;
    const char *what, *previous, *none;
} label_words[] = {
    {COMPONENT_RECORD, "record field", "previous field", "record type must have at least one field"},
    {COMPONENT_VARIANT, "variant case", "previous case", "variant type must have at least one case"},
    {COMPONENT_FLAGS, "flag", "previous flag", "flags must have at least one entry"},
    {COMPONENT_ENUM, "enum tag", "previous tag", "enum type must have at least one variant"},
    {COMPONENT_TUPLE, NULL, NULL, "tuple type must have at least one type"},
};

static const struct label_words *words_of(enum component_kind kind)
{
    for (size_t i = 0; i < sizeof label_words / sizeof *label_words; i++)
        if (label_words[i].kind == kind)
            return &label_words[i];
    return NULL;
}

static int fields_of(struct v *v, const struct v_scope *scope, const struct component_ast *ast,
                     const struct label_words *words, struct vt *type)
{
    struct v_map labels = {.cap = 0};
    struct vt_field *fields = V_ARRAY(v, ast->field_count, struct vt_field);
    if (!fields)
        return v->rc;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < ast->field_count; i++) {
        fields[i].name = ast->fields[i].name;
        if (words->what)
            rc = component__v_label_new(v, &labels, fields[i].name, words->what, words->previous);
        if (rc == 0)
            rc = component__v_ref(v, scope, ast->fields[i].type, &fields[i].type);
    }
    type->fields = fields;
    type->field_count = ast->field_count;
    return rc;
}

static int resource_of(struct v *v, const struct v_scope *scope, uint32_t index, const struct vt **ret)
{
    const struct vt *type = component__v_type(scope, index);
    if (type->kind != VT_RESOURCE)
        return component__v_bad(v, "type index %u is not a resource type, but a %s", index,
                                component__v_kind_name(type));
    *ret = type;
    return 0;
}

static int check_elements(struct v *v, const struct vt *type)
{
    if (type->value == COMPONENT_FIXED_LIST && type->length == 0)
        return component__v_bad(v, "Fixed-length lists must have more than zero elements");
    if (type->value == COMPONENT_FIXED_LIST && type->length > COMPONENT_FIXED_LENGTH_MAX)
        return component__v_bad(v, "fixed-length list element count exceeds limit of %u",
                                COMPONENT_FIXED_LENGTH_MAX);
    if (type->value == COMPONENT_STREAM && type->elem && type->elem->value == COMPONENT_CHAR)
        return component__v_bad(
            v, "`stream<char>` is not valid at this time, use `stream<u8>` with a defined by encoding "
               "instead for now");
    return 0;
}

static int value_type(struct v *v, const struct v_scope *scope, const struct component_ast *ast,
                      struct vt *type)
{
    const struct label_words *words = words_of(ast->kind);
    type->kind = VT_VALUE;
    type->value = ast->kind;
    type->length = ast->length;
    if (ast->kind < COMPONENT_KIND_PRIMITIVES)
        return component__v_complete(v, type);
    int rc = 0;
    if (words && ast->field_count == 0)
        return component__v_bad(v, "%s", words->none);
    if (words)
        rc = fields_of(v, scope, ast, words, type);
    else if (ast->kind == COMPONENT_OWN || ast->kind == COMPONENT_BORROW)
        rc = resource_of(v, scope, ast->elem.value, &type->elem);
    else
        rc = component__v_ref(v, scope, ast->elem, &type->elem);
    if (rc == 0)
        rc = component__v_ref(v, scope, ast->error, &type->error);
    if (rc == 0)
        rc = check_elements(v, type);
    return rc < 0 ? rc : component__v_complete(v, type);
}

static bool is_key(const struct vt *type) /* keytype of Explainer.md: what can be told apart cheaply */
{
    return type->value < COMPONENT_KIND_PRIMITIVES && type->value != COMPONENT_F32 &&
           type->value != COMPONENT_F64 && type->value != COMPONENT_ERROR_CONTEXT;
}

/* map<k, v> is laid out as list<tuple<k, v>>. */
static int map_type(struct v *v, const struct v_scope *scope, const struct component_ast *ast,
                    struct vt *type)
{
    struct vt_field *fields = V_ARRAY(v, 2, struct vt_field);
    struct vt *tuple = V_NEW(v, struct vt);
    if (!fields || !tuple)
        return v->rc;
    int rc = component__v_ref(v, scope, ast->elem, &fields[0].type);
    if (rc == 0)
        rc = component__v_ref(v, scope, ast->error, &fields[1].type);
    if (rc != 0)
        return rc;
    assert(fields[0].type); /* the decoder wants one */
    if (!is_key(fields[0].type))
        return component__v_bad(v, "a %s is not a valid map key type",
                                component__v_kind_name(fields[0].type));
    *tuple = (struct vt){.kind = VT_VALUE,
                         .value = COMPONENT_TUPLE,
                         .length = COMPONENT_MAP,
                         .fields = fields,
                         .field_count = 2};
    rc = component__v_complete(v, tuple);
    if (rc < 0)
        return rc;
    type->kind = VT_VALUE;
    type->value = COMPONENT_LIST;
    type->is_map = true;
    type->length = COMPONENT_MAP;
    type->elem = tuple;
    return component__v_complete(v, type);
}

static int func_type(struct v *v, const struct v_scope *scope, const struct component_ast *ast,
                     struct vt *type)
{
    static const struct label_words words = {COMPONENT_RECORD, "function parameter", "previous parameter",
                                             NULL};
    type->kind = VT_FUNC;
    type->is_async = ast->is_async;
    int rc = fields_of(v, scope, ast, &words, type);
    if (rc == 0)
        rc = component__v_ref(v, scope, ast->elem, &type->elem);
    return rc < 0 ? rc : component__v_complete(v, type);
}

static int define_resource(struct v *v, struct v_scope *scope, const struct component_ast *ast,
                           const struct vt **ret)
{
    if (scope->ast->kind != COMPONENT_SCOPE_COMPONENT)
        return component__v_bad(v, "resources can only be defined within a concrete component");
    if (ast->rep != ENGINE_I32 && ast->rep != ENGINE_I64)
        return component__v_bad(v, "resources can only be represented by `i32` or `i64`");
    if (ast->has_dtor) {
        const struct engine_functype *dtor = component__v_get(scope, COMPONENT_SORT_CORE_FUNC, ast->dtor);
        if (dtor->param_count != 1 || dtor->params[0].code != ast->rep || dtor->result_count != 0)
            return component__v_bad(v, "core function %u has wrong signature for a destructor", ast->dtor);
    }
    int rc = component__v_resource(v, ret);
    return rc < 0 ? rc : component__v_put(v, &scope->local, component__v_number((*ret)->resource), ast);
}

int component__v_type_def(struct v *v, struct v_scope *scope, const struct component_ast *ast,
                          const struct vt **ret)
{
    if (ast->form == COMPONENT_AST_RESOURCE)
        return define_resource(v, scope, ast, ret);
    if (ast->form == COMPONENT_AST_COMPONENT || ast->form == COMPONENT_AST_INSTANCE)
        return component__v_scope(v, ast->scope, scope, ret);
    struct vt *type = V_NEW(v, struct vt);
    if (!type)
        return v->rc;
    *ret = type;
    if (ast->form == COMPONENT_AST_FUNC)
        return func_type(v, scope, ast, type);
    if (ast->form == COMPONENT_AST_MAP)
        return map_type(v, scope, ast, type);
    return value_type(v, scope, ast, type);
}

/* ---- what imports and exports are said to be ---- */

static int type_bound(struct v *v, const struct v_scope *scope, const struct component_externtype *type,
                      struct vt_extern *ret)
{
    int rc = 0;
    if (type->is_resource) {
        rc = component__v_resource(v, &ret->type);
        ret->referenced = ret->type;
        return rc;
    }
    ret->referenced = component__v_type(scope, type->index);
    return component__v_alias(v, ret->referenced, &ret->type);
}

int component__v_externtype(struct v *v, struct v_scope *scope, const struct component_externtype *type,
                            struct vt_extern *ret)
{
    static const struct {
        enum component_sort sort;
        enum vt_kind kind;
        const char *name;
    } rows[] = {
        {COMPONENT_SORT_FUNC, VT_FUNC, "a function"},
        {COMPONENT_SORT_COMPONENT, VT_COMPONENT, "a component"},
        {COMPONENT_SORT_INSTANCE, VT_INSTANCE, "an instance"},
    };
    *ret = (struct vt_extern){.sort = type->sort};
    if (type->sort == COMPONENT_SORT_CORE_MODULE) {
        const struct vc_type *core = component__v_get(scope, COMPONENT_SORT_CORE_TYPE, type->index);
        ret->module = core->module;
        return core->module ? 0 : component__v_bad(v, "core type index %u is not a module type", type->index);
    }
    if (type->sort == COMPONENT_SORT_TYPE)
        return type_bound(v, scope, type, ret);
    ret->type = component__v_type(scope, type->index);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].sort == type->sort && rows[i].kind != ret->type->kind)
            return component__v_bad(v, "type index %u is not %s type", type->index, rows[i].name);
    return 0;
}
