/* decode_core_type.c - core types inside a component: function types and module types.  Room: component.
 *
 * Struct, array and recursive types are read and checked for form only: nothing in a component can use one yet.
 * Source: Binary.md, "Type Definitions" (core:moduletype); core specification 5.3, 5.4. */
#include "component/decode.h"
#include "component/limits.h"

static bool
is_abstract_heap(uint8_t code) /* noexn .. exn; also the short form of a nullable reference to it */
{
    return code >= 0x69 && code <= 0x74;
}

static int64_t heap_type(struct component_decoder *d)
{
    uint32_t at = component__at(d);
    uint8_t code = component__peek(d);
    bool is_abstract = is_abstract_heap(code);
    int64_t heap = component__s33(d);
    if (d->rc == 0 && heap < 0 && !is_abstract)
        component__bad(d, at, "unknown heap type 0x%02x", code);
    if (d->rc == 0 && heap >= (int64_t)d->core_types)
        component__bad(d, at, "core type %lld is not defined: there are %u so far", (long long)heap,
                       d->core_types);
    return heap;
}

static struct engine_valtype valtype(struct component_decoder *d)
{
    uint32_t at = component__at(d);
    struct engine_valtype type = {.code = component__u8(d)};
    if (type.code == ENGINE_REF || type.code == ENGINE_REF_NULL)
        type.heap = heap_type(d);
    else if (!(type.code >= ENGINE_V128 && type.code <= ENGINE_I32) && !is_abstract_heap(type.code))
        component__bad(d, at, "unknown core value type 0x%02x", type.code);
    return type;
}

uint32_t component__core_valtype(struct component_decoder *d)
{
    return valtype(d).code;
}

static struct engine_valtype *valtypes(struct component_decoder *d, const char *what, uint32_t *ret_count)
{
    uint32_t count = component__count(d, COMPONENT_PARAMS_MAX, what);
    struct engine_valtype *types = component__take(d, count, sizeof *types);
    for (uint32_t i = 0; i < count && d->rc == 0; i++)
        types[i] = valtype(d);
    *ret_count = count;
    return types;
}

static void func_type(struct component_decoder *d, struct engine_functype *func)
{
    func->is_func = true;
    func->params = valtypes(d, "core parameters", &func->param_count);
    func->results = valtypes(d, "core results", &func->result_count);
}

/* ---- struct, array and recursive types ---- */

static struct engine_valtype field_type(struct component_decoder *d)
{
    struct engine_valtype type = {.code = component__peek(d)};
    if (type.code == 0x78 || type.code == 0x77)
        (void)component__u8(d); /* i8 or i16, just looked at */
    else
        type = valtype(d);
    (void)component__flag(d, "mutability"); /* form only */
    return type;
}

static void composite_type(struct component_decoder *d, struct component_core_type *type)
{
    uint32_t at = component__at(d);
    uint8_t code = component__u8(d);
    uint32_t fields = 1;
    switch (code) {
    case 0x60:
        func_type(d, &type->func);
        return;
    case 0x5f:
        fields = component__count(d, COMPONENT_FIELDS_MAX, "fields of a core struct");
        break;
    case 0x5e:
        break;
    default:
        component__bad(d, at, "invalid leading byte (0x%x) for core type", code);
        return;
    }
    struct engine_valtype *types = component__take(d, fields, sizeof *types);
    for (uint32_t i = 0; i < fields && d->rc == 0; i++)
        types[i] = field_type(d);
    type->fields = types;
    type->field_count = types ? fields : 0;
}

static void sub_type(struct component_decoder *d, uint32_t before, struct component_core_type *type)
{
    uint8_t code = component__peek(d);
    if (code == 0x50 || code == 0x4f) {
        (void)component__u8(d); /* sub or sub final, just looked at */
        type->is_sub = code == 0x50;
        type->has_super = component__count(d, 1, "supertypes") == 1;
        uint32_t at = component__at(d);
        if (type->has_super)
            type->super = component__u32(d);
        if (d->rc == 0 && type->has_super && type->super >= before)
            component__bad(d, at, "a supertype has to be defined before: core type %u, there are %u so far",
                           type->super, before);
    }
    composite_type(d, type);
}

/* One type, or a group of types that may mention each other. */
static struct component_core_type *recursive_type(struct component_decoder *d, uint32_t before,
                                                  uint32_t *ret_count)
{
    bool is_group = component__peek(d) == 0x4e;
    uint32_t count = 1;
    if (is_group) {
        (void)component__u8(d); /* just looked at */
        count = component__count(d, COMPONENT_INDEX_SPACE_MAX, "types of a recursive group");
    }
    struct component_core_type *types = component__take(d, count, sizeof *types);
    for (uint32_t i = 0; i < count && d->rc == 0; i++) {
        d->core_types = before + count;
        sub_type(d, before + i, &types[i]);
    }
    *ret_count = types ? count : 0;
    return types;
}

/* ---- module types ---- */

struct core_space { /* index space of core types: a module type's own */
    uint32_t count;
};

static uint64_t u64(struct component_decoder *d)
{
    uint32_t at = component__at(d);
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = component__u8(d);
        value |= (uint64_t)(byte & 0x7f) << (shift < 64 ? shift : 63);
        if (!(byte & 0x80))
            return value;
    }
    component__bad(d, at, "an integer is longer than 10 bytes");
    return 0;
}

static struct engine_limits_type limits(struct component_decoder *d)
{
    struct engine_limits_type type = {.max = UINT64_MAX, .page_log2 = 16};
    uint32_t at = component__at(d);
    uint8_t flags = component__u8(d);
    if (flags > 0x07) /* 0x08: pages of another size, which the engine does not offer */
        component__bad(d, at, "unknown limits 0x%02x", flags);
    type.min = u64(d);
    if (flags & 0x01)
        type.max = u64(d);
    type.shared = flags & 0x02;
    type.is_64 = flags & 0x04;
    return type;
}

static uint32_t type_index(struct component_decoder *d, const struct core_space *space)
{
    uint32_t at = component__at(d);
    uint32_t index = component__u32(d);
    if (d->rc == 0 && index >= space->count)
        component__bad(d, at, "core type %u is not defined: there are %u so far", index, space->count);
    return index;
}

static struct component_core_extern core_externtype(struct component_decoder *d,
                                                    const struct core_space *space)
{
    struct component_core_extern type = {.kind = ENGINE_CORE_FUNC};
    uint32_t at = component__at(d);
    uint8_t code = component__u8(d);
    struct engine_valtype elem;
    switch (code) {
    case 0x00:
        type.type = type_index(d, space);
        return type;
    case 0x01:
        type.kind = ENGINE_CORE_TABLE;
        elem = valtype(d);
        if (d->rc == 0 && elem.code != ENGINE_REF && elem.code != ENGINE_REF_NULL &&
            !is_abstract_heap(elem.code))
            component__bad(d, at, "a table holds references, not values of type 0x%02x", elem.code);
        type.limits = limits(d);
        if (d->rc == 0 && type.limits.shared)
            component__bad(d, at, "shared tables require the shared-everything-threads proposal");
        type.limits.elem = elem;
        return type;
    case 0x02:
        type.kind = ENGINE_CORE_MEMORY;
        type.limits = limits(d);
        if (d->rc == 0 && type.limits.shared && type.limits.max == UINT64_MAX)
            component__bad(d, at, "shared memory must have maximum size");
        return type;
    case 0x03:
        type.kind = ENGINE_CORE_GLOBAL;
        type.global.type = valtype(d);
        type.global.is_mutable = component__flag(d, "mutability");
        return type;
    case 0x04:
        type.kind = ENGINE_CORE_TAG;
        if (component__u8(d) != 0)
            component__bad(d, at, "unknown attribute of a tag");
        type.type = type_index(d, space);
        return type;
    default:
        component__bad(d, at, "unknown kind of core extern 0x%02x", code);
        return type;
    }
}

static void type_alias(struct component_decoder *d, const struct component_scope *scope,
                       struct core_space *space, struct component_core_decl *decl)
{
    uint32_t at = component__at(d);
    uint8_t sort = component__u8(d), form = component__u8(d);
    decl->form = COMPONENT_CORE_DECL_ALIAS;
    decl->outer = component__u32(d);
    decl->index = component__u32(d);
    if (d->rc < 0)
        return;
    if (sort != 0x10 || form != 0x01) {
        component__bad(d, at, "unknown alias 0x%02x 0x%02x in a module type", sort, form);
        return;
    }
    const struct component_scope *target = scope;
    for (uint32_t i = 1; i < decl->outer && target; i++)
        target = target->parent;
    if (!target) {
        component__bad(d, at, "an alias goes %u scopes out, there are not so many", decl->outer);
        return;
    }
    uint32_t count = decl->outer == 0 ? space->count : target->counts[COMPONENT_SORT_CORE_TYPE];
    if (decl->index >= count)
        component__bad(d, at, "core type %u, %u scopes out, is not defined", decl->index, decl->outer);
    space->count++;
}

static void module_declaration(struct component_decoder *d, const struct component_scope *scope,
                               struct core_space *space, struct component_core_decl *decl)
{
    decl->at = component__at(d);
    uint8_t form = component__u8(d);
    d->core_types = space->count;
    switch (form) {
    case 0x00:
        decl->form = COMPONENT_CORE_DECL_IMPORT;
        decl->module = component__name(d);
        decl->name = component__name(d);
        decl->what = core_externtype(d, space);
        return;
    case 0x01:
        decl->form = COMPONENT_CORE_DECL_TYPE;
        decl->types = recursive_type(d, space->count, &decl->type_count);
        space->count += decl->type_count;
        return;
    case 0x02:
        type_alias(d, scope, space, decl);
        return;
    case 0x03:
        decl->form = COMPONENT_CORE_DECL_EXPORT;
        decl->name = component__name(d);
        decl->what = core_externtype(d, space);
        return;
    default:
        component__bad(d, decl->at, "invalid leading byte (0x%x) for type definition", form);
    }
}

static void module_type(struct component_decoder *d, const struct component_scope *scope,
                        struct component_core_type *type)
{
    struct core_space space = {0};
    uint32_t count = component__count(d, COMPONENT_CORE_DECLS_MAX, "declarations");
    struct component_core_decl *decls = component__take(d, count, sizeof *decls);
    for (uint32_t i = 0; i < count && d->rc == 0; i++)
        module_declaration(d, scope, &space, &decls[i]);
    d->core_types = 0;
    type->is_module = true;
    type->decls = decls;
    type->decl_count = count;
}

static void define(struct component_decoder *d, struct component_scope *scope, uint32_t at,
                   const struct component_core_type *type)
{
    component__define(
        d, scope,
        (struct component_def){
            .kind = COMPONENT_DEF_CORE_TYPE, .sort = COMPONENT_SORT_CORE_TYPE, .at = at, .core_type = type});
}

void component__core_type(struct component_decoder *d, struct component_scope *scope)
{
    uint32_t at = component__at(d), count = 0, before = scope->counts[COMPONENT_SORT_CORE_TYPE];
    uint8_t code = component__peek(d);
    if (code == 0x50) { /* a module type, not a subtype: those begin with 0x00 here */
        struct component_core_type *type = component__take(d, 1, sizeof *type);
        (void)component__u8(d); /* just looked at */
        if (type)
            module_type(d, scope, type);
        define(d, scope, at, type);
        return;
    }
    if (code == 0x00) {
        (void)component__u8(d); /* just looked at */
        uint8_t form = component__peek(d);
        if (form != 0x50)
            component__bad(d, at, "invalid leading byte (0x%x) for non-final sub type", form);
    }
    const struct component_core_type *types = recursive_type(d, before, &count);
    for (uint32_t i = 0; i < count && d->rc == 0; i++)
        define(d, scope, at, &types[i]);
    d->core_types = 0;
}
