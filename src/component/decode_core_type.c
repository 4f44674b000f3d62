/* decode_core_type.c - core types inside a component: read and checked for form, not kept.  Room: component.
 *
 * The linker checks what a module really imports and exports when it is instantiated, so a declared module type is never consulted.
 * Source: Binary.md, "Type Definitions" (core:moduletype); core specification 5.3, 5.4. */
#include "component/decode.h"
#include "component/limits.h"
#include "engine/core.h"

struct core_space { /* index space of core types: a component's scope, or a module type's own */
    uint32_t count;
};

static void heap_type(struct component_decoder *d)
{
    (void)component__s33(d); /* an index would need the types of the module; abstract ones are all fine here */
}

uint32_t component__core_valtype(struct component_decoder *d)
{
    uint32_t at = component__at(d);
    uint8_t code = component__u8(d);
    if (code == ENGINE_REF || code == ENGINE_REF_NULL)
        heap_type(d);
    else if (!(code >= ENGINE_V128 && code <= ENGINE_I32) && !(code >= 0x69 && code <= 0x74))
        component__bad(d, at, "unknown core value type 0x%02x", code);
    return code;
}

static void valtypes(struct component_decoder *d, const char *what)
{
    uint32_t count = component__count(d, COMPONENT_PARAMS_MAX, what);
    for (uint32_t i = 0; i < count && d->rc == 0; i++)
        (void)component__core_valtype(d); /* only its form matters */
}

static void core_func_type(struct component_decoder *d)
{
    valtypes(d, "core parameters");
    valtypes(d, "core results");
}

static void u64(struct component_decoder *d)
{
    uint32_t at = component__at(d);
    for (int i = 0; i < 10; i++)
        if (!(component__u8(d) & 0x80))
            return;
    component__bad(d, at, "an integer is longer than 10 bytes");
}

static void limits(struct component_decoder *d)
{
    uint32_t at = component__at(d);
    uint8_t flags = component__u8(d);
    if (flags > 0x0f)
        component__bad(d, at, "unknown limits 0x%02x", flags);
    u64(d);
    if (flags & 0x01)
        u64(d);
    if (flags & 0x08)
        (void)component__u32(d); /* log2 of the page size */
}

static void type_index(struct component_decoder *d, const struct core_space *space)
{
    uint32_t at = component__at(d);
    uint32_t index = component__u32(d);
    if (d->rc == 0 && index >= space->count)
        component__bad(d, at, "core type %u is not defined: there are %u so far", index, space->count);
}

static void core_externtype(struct component_decoder *d, const struct core_space *space)
{
    uint32_t at = component__at(d);
    uint8_t code = component__u8(d);
    switch (code) {
    case 0x00: type_index(d, space); return;
    case 0x01: (void)component__core_valtype(d); limits(d); return; /* form only */
    case 0x02: limits(d); return;
    case 0x03: (void)component__core_valtype(d); (void)component__flag(d, "mutability"); return; /* form only */
    case 0x04:
        if (component__u8(d) != 0)
            component__bad(d, at, "unknown attribute of a tag");
        type_index(d, space);
        return;
    default: component__bad(d, at, "unknown kind of core extern 0x%02x", code);
    }
}

static void type_alias(struct component_decoder *d, const struct component_scope *scope, struct core_space *space)
{
    uint32_t at = component__at(d);
    uint8_t sort = component__u8(d), form = component__u8(d);
    uint32_t outer = component__u32(d), index = component__u32(d);
    if (d->rc < 0)
        return;
    if (sort != 0x10 || form != 0x01) {
        component__bad(d, at, "unknown alias 0x%02x 0x%02x in a module type", sort, form);
        return;
    }
    const struct component_scope *target = scope;
    for (uint32_t i = 1; i < outer && target; i++)
        target = target->parent;
    uint32_t count = outer == 0 ? space->count : target ? target->counts[COMPONENT_SORT_CORE_TYPE] : 0;
    if (index >= count)
        component__bad(d, at, "core type %u, %u scopes out, is not defined", index, outer);
    space->count++;
}

static void module_declaration(struct component_decoder *d, const struct component_scope *scope, struct core_space *space)
{
    uint32_t at = component__at(d);
    uint8_t form = component__u8(d);
    switch (form) {
    case 0x00:
        (void)component__name(d); /* module and field: only their form matters */
        (void)component__name(d);
        core_externtype(d, space);
        return;
    case 0x01:
        if (component__u8(d) != 0x60)
            component__bad(d, at, "only function types are supported in a module type");
        core_func_type(d);
        space->count++;
        return;
    case 0x02: type_alias(d, scope, space); return;
    case 0x03:
        (void)component__name(d); /* as above */
        core_externtype(d, space);
        return;
    default: component__bad(d, at, "unknown declaration 0x%02x in a module type", form);
    }
}

void component__core_type(struct component_decoder *d, struct component_scope *scope)
{
    uint32_t at = component__at(d);
    uint8_t code = component__u8(d);
    if (code == 0x60) {
        core_func_type(d);
    } else if (code == 0x50) {
        struct core_space space = {0};
        uint32_t count = component__count(d, COMPONENT_INDEX_SPACE_MAX, "declarations");
        for (uint32_t i = 0; i < count && d->rc == 0; i++)
            module_declaration(d, scope, &space);
    } else {
        component__bad(d, at, "core type 0x%02x is not supported: only function and module types are", code);
    }
    component__define(d, scope, (struct component_def){.kind = COMPONENT_DEF_CORE_TYPE, .sort = COMPONENT_SORT_CORE_TYPE, .at = at});
}
