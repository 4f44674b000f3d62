/* decode_type.c - type definitions.  Room: component.  Source: Binary.md, "Type Definitions". */
#include "component/decode.h"
#include "component/limits.h"
#include "engine/core.h"

static const struct {
    uint8_t code;
    enum component_kind kind;
} primitive_codes[] = {
    {0x7f, COMPONENT_BOOL},   {0x7e, COMPONENT_S8},
    {0x7d, COMPONENT_U8},     {0x7c, COMPONENT_S16},
    {0x7b, COMPONENT_U16},    {0x7a, COMPONENT_S32},
    {0x79, COMPONENT_U32},    {0x78, COMPONENT_S64},
    {0x77, COMPONENT_U64},    {0x76, COMPONENT_F32},
    {0x75, COMPONENT_F64},    {0x74, COMPONENT_CHAR},
    {0x73, COMPONENT_STRING}, {0x64, COMPONENT_ERROR_CONTEXT},
};

static bool primitive_of(uint8_t code, enum component_kind *ret)
{
    for (size_t i = 0; i < sizeof primitive_codes / sizeof *primitive_codes; i++)
        if (primitive_codes[i].code == code) {
            *ret = primitive_codes[i].kind;
            return true;
        }
    return false;
}

static bool is_negative(uint8_t byte) /* a one-byte SLEB128 below 0: a type code, not an index */
{
    return (byte & 0xc0) == 0x40;
}

static struct component_ref valtype(struct component_decoder *d, const struct component_scope *scope)
{
    struct component_ref ref = {.form = COMPONENT_REF_INDEX};
    uint32_t at = component__at(d);
    uint8_t byte = component__peek(d);
    enum component_kind kind = COMPONENT_BOOL;
    if (!is_negative(byte)) {
        ref.value = component__index(d, scope, COMPONENT_SORT_TYPE);
        return ref;
    }
    (void)component__u8(d); /* the byte just looked at */
    if (!primitive_of(byte, &kind))
        component__bad(d, at, "unknown value type 0x%02x", byte);
    return (struct component_ref){COMPONENT_REF_PRIMITIVE, (uint32_t)kind};
}

static struct component_ref optional_valtype(struct component_decoder *d, const struct component_scope *scope)
{
    if (component__flag(d, "presence of a type"))
        return valtype(d, scope);
    return (struct component_ref){COMPONENT_REF_NONE, 0};
}

struct component_ref component__result_list(struct component_decoder *d, const struct component_scope *scope)
{
    uint32_t at = component__at(d);
    uint8_t form = component__u8(d);
    if (form == 0)
        return valtype(d, scope);
    uint8_t zero = component__u8(d);
    if (form != 1 || zero != 0)
        component__bad(d, at, "unknown form of results 0x%02x 0x%02x: named results are not allowed", form,
                       zero);
    return (struct component_ref){COMPONENT_REF_NONE, 0};
}

/* How the members of a type are written: their name, their type, and the zero byte behind a case. */
enum member_form { MEMBER_FIELD, MEMBER_CASE, MEMBER_LABEL, MEMBER_ELEMENT };

static void members(struct component_decoder *d, const struct component_scope *scope,
                    struct component_ast *ast, enum member_form form, uint32_t max)
{
    uint32_t count = component__count(d, max, "members of a type");
    struct component_field *fields = component__take(d, count, sizeof *fields);
    for (uint32_t i = 0; i < count && d->rc == 0; i++) {
        if (form != MEMBER_ELEMENT)
            fields[i].name = component__name(d);
        if (form == MEMBER_FIELD || form == MEMBER_ELEMENT)
            fields[i].type = valtype(d, scope);
        if (form == MEMBER_CASE) {
            fields[i].type = optional_valtype(d, scope);
            uint32_t at = component__at(d);
            if (component__u8(d) != 0)
                component__bad(d, at, "a case of a variant does not end in 0");
        }
    }
    ast->fields = fields;
    ast->field_count = count;
}

static void func_type(struct component_decoder *d, const struct component_scope *scope,
                      struct component_ast *ast, bool is_async)
{
    ast->form = COMPONENT_AST_FUNC;
    ast->is_async = is_async;
    members(d, scope, ast, MEMBER_FIELD, COMPONENT_PARAMS_MAX);
    ast->elem = component__result_list(d, scope);
}

static void resource_type(struct component_decoder *d, const struct component_scope *scope,
                          struct component_ast *ast, uint32_t at)
{
    ast->form = COMPONENT_AST_RESOURCE;
    if (scope->kind != COMPONENT_SCOPE_COMPONENT)
        component__bad(d, at, "a resource type is defined inside a type");
    ast->rep = component__core_valtype(d);
    ast->has_dtor = component__flag(d, "presence of a destructor");
    if (ast->has_dtor)
        ast->dtor = component__index(d, scope, COMPONENT_SORT_CORE_FUNC);
}

static void value_type(struct component_decoder *d, const struct component_scope *scope,
                       struct component_ast *ast, uint8_t code, uint32_t at)
{
    if (primitive_of(code, &ast->kind))
        return;
    switch (code) {
    case 0x72:
        ast->kind = COMPONENT_RECORD;
        members(d, scope, ast, MEMBER_FIELD, COMPONENT_FIELDS_MAX);
        return;
    case 0x71:
        ast->kind = COMPONENT_VARIANT;
        members(d, scope, ast, MEMBER_CASE, COMPONENT_FIELDS_MAX);
        return;
    case 0x6f:
        ast->kind = COMPONENT_TUPLE;
        members(d, scope, ast, MEMBER_ELEMENT, COMPONENT_FIELDS_MAX);
        return;
    case 0x6e:
        ast->kind = COMPONENT_FLAGS;
        members(d, scope, ast, MEMBER_LABEL, COMPONENT_FLAGS_MAX);
        return;
    case 0x6d:
        ast->kind = COMPONENT_ENUM;
        members(d, scope, ast, MEMBER_LABEL, COMPONENT_FIELDS_MAX);
        return;
    case 0x70:
        ast->kind = COMPONENT_LIST;
        ast->elem = valtype(d, scope);
        return;
    case 0x6b:
        ast->kind = COMPONENT_OPTION;
        ast->elem = valtype(d, scope);
        return;
    case 0x66:
        ast->kind = COMPONENT_STREAM;
        ast->elem = optional_valtype(d, scope);
        return;
    case 0x65:
        ast->kind = COMPONENT_FUTURE;
        ast->elem = optional_valtype(d, scope);
        return;
    case 0x67:
        ast->kind = COMPONENT_FIXED_LIST;
        ast->elem = valtype(d, scope);
        ast->length = component__u32(d);
        return;
    case 0x6a:
        ast->kind = COMPONENT_RESULT;
        ast->elem = optional_valtype(d, scope);
        ast->error = optional_valtype(d, scope);
        return;
    case 0x69:
    case 0x68:
        ast->kind = code == 0x69 ? COMPONENT_OWN : COMPONENT_BORROW;
        ast->elem =
            (struct component_ref){COMPONENT_REF_INDEX, component__index(d, scope, COMPONENT_SORT_TYPE)};
        return;
    case 0x63:
        ast->form = COMPONENT_AST_MAP;
        ast->elem = valtype(d, scope);
        ast->error = valtype(d, scope);
        return;
    default:
        component__bad(d, at, "unknown type 0x%02x", code);
    }
}

struct component_externtype component__externtype(struct component_decoder *d,
                                                  const struct component_scope *scope)
{
    struct component_externtype type = {.sort = COMPONENT_SORT_TYPE};
    uint32_t at = component__at(d);
    uint8_t code = component__u8(d);
    switch (code) {
    case 0x00:
        if (component__u8(d) != 0x11)
            component__bad(d, at, "only modules can be core externs of a component");
        type.sort = COMPONENT_SORT_CORE_MODULE;
        type.index = component__index(d, scope, COMPONENT_SORT_CORE_TYPE);
        return type;
    case 0x01:
        type.sort = COMPONENT_SORT_FUNC;
        break;
    case 0x02:
        component__bad(d, at, "component values are not supported");
        return type;
    case 0x03:
        type.is_resource = component__flag(d, "bound of a type");
        if (type.is_resource)
            return type;
        break;
    case 0x04:
        type.sort = COMPONENT_SORT_COMPONENT;
        break;
    case 0x05:
        type.sort = COMPONENT_SORT_INSTANCE;
        break;
    default:
        component__bad(d, at, "unknown kind of extern 0x%02x", code);
        return type;
    }
    type.index = component__index(d, scope, COMPONENT_SORT_TYPE);
    return type;
}

/* ---- component and instance types ---- */

static void port(struct component_decoder *d, struct component_scope *scope, enum component_def_kind kind,
                 uint32_t at, struct sw_map *names)
{
    struct component_port *item = component__take(d, 1, sizeof *item);
    if (!item)
        return;
    item->name = component__extern_name(d);
    item->has_type = true;
    item->type = component__externtype(d, scope);
    component__unique(d, names, item->name.name, kind == COMPONENT_DEF_IMPORT ? "import" : "export");
    component__define(d, scope,
                      (struct component_def){.kind = kind, .sort = item->type.sort, .at = at, .port = item});
}

static void declaration(struct component_decoder *d, struct component_scope *scope, struct sw_map *imports,
                        struct sw_map *exports)
{
    uint32_t at = component__at(d);
    uint8_t form = component__u8(d);
    if (form == 0x00)
        component__core_type(d, scope);
    else if (form == 0x01)
        component__type(d, scope);
    else if (form == 0x02)
        component__alias(d, scope);
    else if (form == 0x03 && scope->kind == COMPONENT_SCOPE_COMPONENT_TYPE)
        port(d, scope, COMPONENT_DEF_IMPORT, at, imports);
    else if (form == 0x04)
        port(d, scope, COMPONENT_DEF_EXPORT, at, exports);
    else
        component__bad(d, at, "unknown declaration 0x%02x in a type", form);
}

static void scope_type(struct component_decoder *d, const struct component_scope *parent,
                       struct component_ast *ast, enum component_scope_kind kind)
{
    struct component_scope *scope = component__take(d, 1, sizeof *scope);
    if (!scope)
        return;
    if (d->depth >= COMPONENT_NESTING_MAX) {
        component__over(d, component__at(d), "components and types are nested more than %d deep",
                        COMPONENT_NESTING_MAX);
        return;
    }
    *scope = (struct component_scope){.kind = kind, .parent = parent};
    struct sw_map imports = {0}, exports = {0};
    uint32_t count = component__count(d, COMPONENT_INDEX_SPACE_MAX, "declarations");
    d->depth++;
    for (uint32_t i = 0; i < count && d->rc == 0; i++)
        declaration(d, scope, &imports, &exports);
    d->depth--;
    sw_map_deinit(&imports);
    sw_map_deinit(&exports);
    ast->form = kind == COMPONENT_SCOPE_COMPONENT_TYPE ? COMPONENT_AST_COMPONENT : COMPONENT_AST_INSTANCE;
    ast->scope = scope;
}

void component__type(struct component_decoder *d, struct component_scope *scope)
{
    uint32_t at = component__at(d);
    uint8_t code = component__u8(d);
    struct component_ast *ast = component__take(d, 1, sizeof *ast);
    if (!ast)
        return;
    switch (code) {
    case 0x40:
        func_type(d, scope, ast, false);
        break;
    case 0x43:
        func_type(d, scope, ast, true);
        break;
    case 0x41:
        scope_type(d, scope, ast, COMPONENT_SCOPE_COMPONENT_TYPE);
        break;
    case 0x42:
        scope_type(d, scope, ast, COMPONENT_SCOPE_INSTANCE_TYPE);
        break;
    case 0x3f:
        resource_type(d, scope, ast, at);
        break;
    default:
        value_type(d, scope, ast, code, at);
    }
    component__define(d, scope,
                      (struct component_def){
                          .kind = COMPONENT_DEF_TYPE, .sort = COMPONENT_SORT_TYPE, .at = at, .type = ast});
}
