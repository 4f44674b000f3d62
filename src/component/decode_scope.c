/* decode_scope.c - index spaces, names, aliases and instances.  Room: component.  Source: Binary.md, "Instance Definitions", "Alias
 * Definitions", "Import and Export Definitions". */
#include <assert.h>

#include "component/decode.h"
#include "component/limits.h"

static const char *const sort_names[COMPONENT_SORT_COUNT] = {
    [COMPONENT_SORT_CORE_FUNC] = "core function", [COMPONENT_SORT_CORE_TABLE] = "core table",
    [COMPONENT_SORT_CORE_MEMORY] = "core memory", [COMPONENT_SORT_CORE_GLOBAL] = "core global",
    [COMPONENT_SORT_CORE_TAG] = "core tag",       [COMPONENT_SORT_CORE_TYPE] = "core type",
    [COMPONENT_SORT_CORE_MODULE] = "core module", [COMPONENT_SORT_CORE_INSTANCE] = "core instance",
    [COMPONENT_SORT_FUNC] = "function",           [COMPONENT_SORT_TYPE] = "type",
    [COMPONENT_SORT_COMPONENT] = "component",     [COMPONENT_SORT_INSTANCE] = "instance",
};

const char *component_sort_name(enum component_sort sort)
{
    assert(sort < COMPONENT_SORT_COUNT);
    return sort_names[sort];
}

static int defs_grow(struct component_decoder *d, struct component_scope *scope)
{
    uint32_t cap = scope->def_cap ? scope->def_cap * 2 : 16;
    struct component_def *defs = component__take(d, cap, sizeof *defs);
    if (!defs)
        return d->rc;
    if (scope->def_count)
        memcpy(defs, scope->defs, scope->def_count * sizeof *defs);
    scope->defs = defs;
    scope->def_cap = cap;
    return 0;
}

int component__define(struct component_decoder *d, struct component_scope *scope, struct component_def def)
{
    if (d->rc < 0)
        return d->rc;
    if (scope->counts[def.sort] >= COMPONENT_INDEX_SPACE_MAX)
        return component__over(d, def.at, "more than %d %ss", COMPONENT_INDEX_SPACE_MAX,
                               component_sort_name(def.sort));
    if (scope->def_count == scope->def_cap) {
        int rc = defs_grow(d, scope);
        if (rc < 0)
            return rc;
    }
    scope->defs[scope->def_count++] = def;
    scope->counts[def.sort]++;
    return 0;
}

static uint32_t checked(struct component_decoder *d, const struct component_scope *scope,
                        enum component_sort sort, uint32_t at, uint32_t index)
{
    if (d->rc == 0 && index >= scope->counts[sort])
        component__bad(d, at, "%s %u is not defined: there are %u so far", component_sort_name(sort), index,
                       scope->counts[sort]);
    return d->rc < 0 ? 0 : index;
}

uint32_t component__index(struct component_decoder *d, const struct component_scope *scope,
                          enum component_sort sort)
{
    uint32_t at = component__at(d);
    return checked(d, scope, sort, at, component__u32(d));
}

enum component_sort component__core_sort(struct component_decoder *d)
{
    uint32_t at = component__at(d);
    uint8_t byte = component__u8(d);
    switch (byte) {
    case 0x00:
        return COMPONENT_SORT_CORE_FUNC;
    case 0x01:
        return COMPONENT_SORT_CORE_TABLE;
    case 0x02:
        return COMPONENT_SORT_CORE_MEMORY;
    case 0x03:
        return COMPONENT_SORT_CORE_GLOBAL;
    case 0x04:
        return COMPONENT_SORT_CORE_TAG;
    case 0x10:
        return COMPONENT_SORT_CORE_TYPE;
    case 0x11:
        return COMPONENT_SORT_CORE_MODULE;
    case 0x12:
        return COMPONENT_SORT_CORE_INSTANCE;
    default:
        component__bad(d, at, "unknown core sort 0x%02x", byte);
        return COMPONENT_SORT_CORE_FUNC;
    }
}

enum component_sort component__sort(struct component_decoder *d)
{
    uint32_t at = component__at(d);
    uint8_t byte = component__u8(d);
    switch (byte) {
    case 0x00:
        return component__core_sort(d);
    case 0x01:
        return COMPONENT_SORT_FUNC;
    case 0x02:
        component__bad(d, at, "component values are not supported");
        return COMPONENT_SORT_TYPE;
    case 0x03:
        return COMPONENT_SORT_TYPE;
    case 0x04:
        return COMPONENT_SORT_COMPONENT;
    case 0x05:
        return COMPONENT_SORT_INSTANCE;
    default:
        component__bad(d, at, "unknown sort 0x%02x", byte);
        return COMPONENT_SORT_TYPE;
    }
}

/* What a component may be given or give: any sort but the core ones, and core modules. */
static enum component_sort extern_sort(struct component_decoder *d)
{
    uint32_t at = component__at(d);
    enum component_sort sort = component__sort(d);
    if (d->rc == 0 && sort < COMPONENT_SORT_FUNC && sort != COMPONENT_SORT_CORE_MODULE)
        component__bad(d, at, "a %s cannot leave or enter a component", component_sort_name(sort));
    return sort;
}

struct component_sort_index component__sort_index(struct component_decoder *d,
                                                  const struct component_scope *scope)
{
    struct component_sort_index what = {.sort = extern_sort(d)};
    what.index = component__index(d, scope, what.sort);
    return what;
}

int component__unique(struct component_decoder *d, struct sw_map *map, struct sw_str name, const char *what)
{
    static char present;
    if (d->rc < 0)
        return d->rc;
    int rc = sw_map_add(map, name, &present, d->err);
    if (rc == SW_END)
        return component__bad(d, component__at(d), "%s '" SW_FMT "' is there twice", what, SW_ARG(name));
    if (rc < 0) {
        d->rc = rc;
        d->p = d->end;
    }
    return d->rc;
}

static void name_attributes(struct component_decoder *d, struct component_extern_name *name)
{
    uint32_t count = component__count(d, 3, "name attributes"); /* there are three kinds, each at most once */
    bool seen[3] = {false, false, false};
    for (uint32_t i = 0; i < count && d->rc == 0; i++) {
        uint32_t at = component__at(d);
        uint8_t kind = component__u8(d);
        struct sw_str text = component__name(d);
        if (kind > 2) {
            component__bad(d, at, "unknown name attribute 0x%02x", kind);
            return;
        }
        if (seen[kind])
            component__bad(d, at, "name attribute 0x%02x is there twice", kind);
        seen[kind] = true;
        if (kind == 0)
            name->implements = text;
        else if (kind == 1)
            name->version_suffix = text;
    }
    name->has_implements = seen[0];
    name->has_version_suffix = seen[1];
}

struct component_extern_name component__extern_name(struct component_decoder *d)
{
    struct component_extern_name name = {.name = SW_LIT("")};
    uint32_t at = component__at(d);
    uint8_t form = component__u8(d);
    if (form > 2)
        component__bad(d, at, "unknown form of name 0x%02x", form);
    name.name = component__name(d);
    if (form == 2)
        name_attributes(d, &name);
    return name;
}

/* ---- aliases ---- */

static void outer_alias(struct component_decoder *d, const struct component_scope *scope,
                        enum component_sort sort, struct component_alias *alias)
{
    uint32_t at = component__at(d);
    if (d->rc == 0 && sort != COMPONENT_SORT_CORE_MODULE && sort != COMPONENT_SORT_CORE_TYPE &&
        sort != COMPONENT_SORT_TYPE && sort != COMPONENT_SORT_COMPONENT)
        component__bad(d, at, "a %s cannot be aliased from an outer scope", component_sort_name(sort));
    alias->outer = component__u32(d);
    const struct component_scope *target = scope;
    for (uint32_t i = 0; i < alias->outer && target; i++)
        target = target->parent;
    if (!target) {
        component__bad(d, at, "an alias goes %u scopes out, there are not so many", alias->outer);
        return;
    }
    alias->index = component__index(d, target, sort);
}

static void check_alias_sort(struct component_decoder *d, const struct component_scope *scope, uint32_t at,
                             uint8_t form, enum component_sort sort)
{
    bool is_core = sort < COMPONENT_SORT_CORE_TYPE;
    if (form == 0 && sort < COMPONENT_SORT_FUNC && sort != COMPONENT_SORT_CORE_MODULE)
        component__bad(d, at, "an instance cannot export a %s", component_sort_name(sort));
    if (form == 1 && !is_core)
        component__bad(d, at, "a core instance cannot export a %s", component_sort_name(sort));
    if (scope->kind == COMPONENT_SCOPE_COMPONENT)
        return;
    bool exportable = sort == COMPONENT_SORT_TYPE || sort == COMPONENT_SORT_INSTANCE;
    bool outer = sort == COMPONENT_SORT_TYPE || sort == COMPONENT_SORT_CORE_TYPE;
    if ((form == 0 && !exportable) || form == 1 || (form == 2 && !outer))
        component__bad(d, at, "a %s cannot be aliased in a type", component_sort_name(sort));
}

void component__alias(struct component_decoder *d, struct component_scope *scope)
{
    uint32_t at = component__at(d);
    enum component_sort sort = component__sort(d);
    uint8_t form = component__u8(d);
    struct component_alias *alias = component__take(d, 1, sizeof *alias);
    if (!alias)
        return;
    check_alias_sort(d, scope, at, form, sort);
    switch (form) {
    case 0:
        alias->form = COMPONENT_ALIAS_EXPORT;
        alias->instance = component__index(d, scope, COMPONENT_SORT_INSTANCE);
        alias->name = component__name(d);
        break;
    case 1:
        alias->form = COMPONENT_ALIAS_CORE_EXPORT;
        alias->instance = component__index(d, scope, COMPONENT_SORT_CORE_INSTANCE);
        alias->name = component__name(d);
        break;
    case 2:
        alias->form = COMPONENT_ALIAS_OUTER;
        outer_alias(d, scope, sort, alias);
        break;
    default:
        component__bad(d, at, "unknown form of alias 0x%02x", form);
    }
    component__define(
        d, scope,
        (struct component_def){.kind = COMPONENT_DEF_ALIAS, .sort = sort, .at = at, .alias = alias});
}

/* ---- instances ---- */

static struct component_named core_argument(struct component_decoder *d, const struct component_scope *scope)
{
    struct component_named item = {.name = component__name(d)};
    uint32_t at = component__at(d);
    item.what.sort = component__core_sort(d);
    if (d->rc == 0 && item.what.sort != COMPONENT_SORT_CORE_INSTANCE)
        component__bad(d, at, "a core module is instantiated with a %s, only core instances are allowed",
                       component_sort_name(item.what.sort));
    item.what.index = component__index(d, scope, item.what.sort);
    return item;
}

static struct component_named core_export(struct component_decoder *d, const struct component_scope *scope)
{
    struct component_named item = {.name = component__name(d)};
    uint32_t at = component__at(d);
    item.what.sort = component__core_sort(d);
    if (d->rc == 0 && item.what.sort >= COMPONENT_SORT_CORE_TYPE)
        component__bad(d, at, "a core instance cannot export a %s", component_sort_name(item.what.sort));
    item.what.index = component__index(d, scope, item.what.sort);
    return item;
}

static struct component_named argument(struct component_decoder *d, const struct component_scope *scope)
{
    struct component_named item = {.name = component__name(d)};
    item.what = component__sort_index(d, scope);
    return item;
}

static struct component_named inline_export(struct component_decoder *d, const struct component_scope *scope)
{
    struct component_extern_name name = component__extern_name(d);
    struct component_named item = {.name = name.name};
    if (name.has_implements || name.has_version_suffix) {
        struct component_extern_name *kept = component__take(d, 1, sizeof *kept);
        if (kept)
            *kept = name;
        item.attributes = kept;
    }
    item.what = component__sort_index(d, scope);
    return item;
}

typedef struct component_named read_item_fn(struct component_decoder *d, const struct component_scope *scope);

static void read_items(struct component_decoder *d, const struct component_scope *scope,
                       struct component_instantiate *instance, read_item_fn *read)
{
    const char *what = instance->is_inline ? "export" : "instantiation argument";
    uint32_t count =
        component__count(d, COMPONENT_ARGS_MAX, instance->is_inline ? "exports" : "instantiation arguments");
    struct component_named *items = component__take(d, count, sizeof *items);
    struct sw_map names = {0};
    for (uint32_t i = 0; i < count && d->rc == 0; i++) {
        items[i] = read(d, scope);
        component__unique(d, &names, items[i].name, what);
    }
    sw_map_deinit(&names);
    instance->items = items;
    instance->item_count = count;
}

static void instance_of(struct component_decoder *d, struct component_scope *scope, bool is_core)
{
    uint32_t at = component__at(d);
    struct component_instantiate *instance = component__take(d, 1, sizeof *instance);
    uint8_t form = component__u8(d);
    if (!instance)
        return;
    if (form > 1)
        component__bad(d, at, "unknown form of instance 0x%02x", form);
    instance->is_inline = form == 1;
    if (form == 0)
        instance->target =
            component__index(d, scope, is_core ? COMPONENT_SORT_CORE_MODULE : COMPONENT_SORT_COMPONENT);
    if (is_core)
        read_items(d, scope, instance, form ? core_export : core_argument);
    else
        read_items(d, scope, instance, form ? inline_export : argument);
    component__define(d, scope,
                      (struct component_def){
                          .kind = is_core ? COMPONENT_DEF_CORE_INSTANCE : COMPONENT_DEF_INSTANCE,
                          .sort = is_core ? COMPONENT_SORT_CORE_INSTANCE : COMPONENT_SORT_INSTANCE,
                          .at = at,
                          .instance = instance,
                      });
}

void component__core_instance(struct component_decoder *d, struct component_scope *scope)
{
    instance_of(d, scope, true);
}

void component__instance(struct component_decoder *d, struct component_scope *scope)
{
    instance_of(d, scope, false);
}
