/* decode.c - a component's sections, nested components included.  Room: component.
 *
 * Recursion: one level per nested component or type, COMPONENT_NESTING_MAX at most. Source: Binary.md, "Component Definitions". */
#include "component/decode.h"

#include "base/alloc.h"
#include "component/component.h"
#include "component/limits.h"
#include "component/validate.h"
#include "engine/core.h"

#define PREAMBLE_BYTES 8
static const unsigned char preamble[PREAMBLE_BYTES] = {0x00, 'a', 's', 'm', 0x0d, 0x00, 0x01, 0x00};

enum section {
    SECTION_CUSTOM,
    SECTION_CORE_MODULE,
    SECTION_CORE_INSTANCE,
    SECTION_CORE_TYPE,
    SECTION_COMPONENT,
    SECTION_INSTANCE,
    SECTION_ALIAS,
    SECTION_TYPE,
    SECTION_CANON,
    SECTION_START,
    SECTION_IMPORT,
    SECTION_EXPORT,
    SECTION_VALUE,
    SECTION_COUNT
};

struct names { /* imports and exports of the component being read */
    struct sw_map imports, exports;
};

bool component_is_component(struct sw_str bytes)
{
    /* The layer decides; the version is looked at by component_decode, which can say what it found. */
    return bytes.n >= PREAMBLE_BYTES && memcmp(bytes.p, preamble, 4) == 0 && bytes.p[6] == 0x01 &&
           bytes.p[7] == 0x00;
}

static int read_component(struct component_decoder *d, struct component_scope *scope);

static void read_preamble(struct component_decoder *d)
{
    uint32_t at = component__at(d);
    struct sw_str head = component__bytes(d, PREAMBLE_BYTES);
    if (d->rc == 0 && memcmp(head.p, preamble, 4) != 0)
        component__bad(d, at, "not a WebAssembly binary: the magic number is missing");
    else if (d->rc == 0 && memcmp(head.p + 6, preamble + 6, 2) != 0)
        component__bad(d, at, "a core module, not a component");
    else if (d->rc == 0 && memcmp(head.p, preamble, PREAMBLE_BYTES) != 0)
        component__bad(d, at, "component format version 0x%02x, expected 0x0d",
                       (unsigned)(unsigned char)head.p[4]);
}

static int cores_grow(struct component_decoder *d)
{
    struct component_binary *binary = d->binary;
    if (binary->core_count < binary->core_cap)
        return 0;
    uint32_t cap = binary->core_cap ? binary->core_cap * 2 : 8;
    struct engine_core **cores = component__take(d, cap, sizeof *cores);
    if (!cores)
        return d->rc;
    if (binary->core_count)
        memcpy(cores, binary->cores, binary->core_count * sizeof *cores);
    binary->cores = cores;
    binary->core_cap = cap;
    return 0;
}

static void read_core_module(struct component_decoder *d, struct component_scope *scope)
{
    uint32_t at = component__at(d);
    struct component_binary *binary = d->binary;
    if (binary->core_count >= COMPONENT_CORE_MODULES_MAX) {
        component__over(d, at, "more than %d core modules", COMPONENT_CORE_MODULES_MAX);
        return;
    }
    struct sw_str bytes = component__bytes(d, (uint32_t)(d->end - d->p));
    if (d->rc < 0 || cores_grow(d) < 0)
        return;
    struct engine_core *core = NULL;
    int rc = engine_core_parse(&binary->arena, bytes, &core, d->err);
    if (rc < 0) {
        d->rc = sw_wrap(d->err, "core module %u at byte 0x%x", binary->core_count, at);
        return;
    }
    binary->cores[binary->core_count] = core;
    component__define(d, scope,
                      (struct component_def){.kind = COMPONENT_DEF_CORE_MODULE,
                                             .sort = COMPONENT_SORT_CORE_MODULE,
                                             .at = at,
                                             .core = binary->core_count++});
}

static void read_nested(struct component_decoder *d, struct component_scope *scope)
{
    uint32_t at = component__at(d);
    struct component_scope *inner = component__take(d, 1, sizeof *inner);
    if (!inner)
        return;
    if (d->depth >= COMPONENT_NESTING_MAX) {
        component__over(d, at, "components and types are nested more than %d deep", COMPONENT_NESTING_MAX);
        return;
    }
    *inner = (struct component_scope){.kind = COMPONENT_SCOPE_COMPONENT, .parent = scope};
    d->depth++;
    d->rc = read_component(d, inner);
    d->depth--;
    component__define(
        d, scope,
        (struct component_def){
            .kind = COMPONENT_DEF_COMPONENT, .sort = COMPONENT_SORT_COMPONENT, .at = at, .component = inner});
}

static void read_import(struct component_decoder *d, struct component_scope *scope, struct names *names)
{
    uint32_t at = component__at(d);
    struct component_port *port = component__take(d, 1, sizeof *port);
    if (!port)
        return;
    port->name = component__extern_name(d);
    port->has_type = true;
    port->type = component__externtype(d, scope);
    component__unique(d, &names->imports, port->name.name, "import");
    component__define(d, scope,
                      (struct component_def){
                          .kind = COMPONENT_DEF_IMPORT, .sort = port->type.sort, .at = at, .port = port});
}

static void read_export(struct component_decoder *d, struct component_scope *scope, struct names *names)
{
    uint32_t at = component__at(d);
    struct component_port *port = component__take(d, 1, sizeof *port);
    if (!port)
        return;
    port->name = component__extern_name(d);
    port->what = component__sort_index(d, scope);
    port->has_type = component__flag(d, "presence of an export's type");
    if (port->has_type)
        port->type = component__externtype(d, scope);
    if (d->rc == 0 && port->has_type && port->type.sort != port->what.sort)
        component__bad(d, at, "export '" SW_FMT "' is a %s, its type is that of a %s",
                       SW_ARG(port->name.name), component_sort_name(port->what.sort),
                       component_sort_name(port->type.sort));
    component__unique(d, &names->exports, port->name.name, "export");
    component__define(d, scope,
                      (struct component_def){
                          .kind = COMPONENT_DEF_EXPORT, .sort = port->what.sort, .at = at, .port = port});
}

static void read_item(struct component_decoder *d, struct component_scope *scope, enum section id,
                      struct names *names)
{
    switch (id) {
    case SECTION_CORE_INSTANCE:
        component__core_instance(d, scope);
        return;
    case SECTION_CORE_TYPE:
        component__core_type(d, scope);
        return;
    case SECTION_INSTANCE:
        component__instance(d, scope);
        return;
    case SECTION_ALIAS:
        component__alias(d, scope);
        return;
    case SECTION_TYPE:
        component__type(d, scope);
        return;
    case SECTION_CANON:
        component__canon(d, scope);
        return;
    case SECTION_IMPORT:
        read_import(d, scope, names);
        return;
    case SECTION_EXPORT:
        read_export(d, scope, names);
        return;
    case SECTION_CUSTOM:
    case SECTION_CORE_MODULE:
    case SECTION_COMPONENT:
    case SECTION_START:
    case SECTION_VALUE:
    case SECTION_COUNT:
        return;
    }
}

/* The content of a section: d->end is the section's. */
static void read_section(struct component_decoder *d, struct component_scope *scope, uint8_t id,
                         struct names *names)
{
    uint32_t at = component__at(d);
    switch (id) {
    case SECTION_CUSTOM:
        (void)component__name(d); /* a custom section needs a name, nobody here reads it */
        d->p = d->end;
        return;
    case SECTION_CORE_MODULE:
        read_core_module(d, scope);
        return;
    case SECTION_COMPONENT:
        read_nested(d, scope);
        return;
    case SECTION_START:
        component__bad(d, at, "component start functions are not supported");
        return;
    case SECTION_VALUE:
        component__bad(d, at, "component values are not supported");
        return;
    default:
        break;
    }
    uint32_t count = component__count(d, COMPONENT_INDEX_SPACE_MAX, "definitions in a section");
    for (uint32_t i = 0; i < count && d->rc == 0; i++)
        read_item(d, scope, (enum section)id, names);
}

static int read_sections(struct component_decoder *d, struct component_scope *scope, struct names *names)
{
    const uint8_t *end = d->end;
    while (d->rc == 0 && d->p < end) {
        uint32_t at = component__at(d);
        uint8_t id = component__u8(d);
        if (d->rc == 0 && id >= SECTION_COUNT)
            component__bad(d, at, "unknown section %u", id);
        uint32_t size = component__u32(d);
        if (d->rc == 0 && size > (size_t)(end - d->p))
            component__bad(d, at, "section %u has %u bytes, %zu are left", id, size, (size_t)(end - d->p));
        if (d->rc < 0)
            break;
        d->end = d->p + size;
        read_section(d, scope, id, names);
        if (d->rc == 0 && d->p != d->end)
            component__bad(d, component__at(d), "section %u has %zu bytes too many", id,
                           (size_t)(d->end - d->p));
        d->end = end;
    }
    return d->rc;
}

static int read_component(struct component_decoder *d, struct component_scope *scope)
{
    struct names names = {0};
    read_preamble(d);
    int rc = read_sections(d, scope, &names);
    sw_map_deinit(&names.imports);
    sw_map_deinit(&names.exports);
    return rc;
}

int component__decode(struct sw_str bytes, struct component_binary **ret, struct sw_err *err)
{
    if (bytes.n > UINT32_MAX)
        return sw_fail(err, SW_ELIMIT, "a component of %zu bytes, at most 4 GiB are allowed", bytes.n);
    struct component_binary *binary = sw_try_alloc(sizeof *binary);
    if (!binary)
        return sw_fail(err, SW_ENOMEM, "no memory for a component");
    binary->arena = SW_ARENA(COMPONENT_BINARY_ARENA_MAX);
    binary->bytes = bytes;
    const uint8_t *start = (const uint8_t *)bytes.p;
    struct component_decoder d = {
        .start = start, .p = start, .end = start + bytes.n, .err = err, .binary = binary};
    struct component_scope *root = component__take(&d, 1, sizeof *root);
    if (root)
        read_component(&d, root);
    binary->root = root;
    if (d.rc < 0) {
        component_binary_free(binary);
        return d.rc;
    }
    *ret = binary;
    return 0;
}

int component_decode(struct sw_str bytes, struct component_binary **ret, struct sw_err *err)
{
    struct component_binary *binary = NULL;
    int rc = component__decode(bytes, &binary, err);
    if (rc == 0)
        rc = component__validate(binary, err);
    if (rc < 0)
        component_binary_free(binary);
    else
        *ret = binary;
    return rc;
}

void component_binary_free(struct component_binary *binary)
{
    if (!binary)
        return;
    sw_arena_deinit(&binary->arena);
    sw_free(binary);
}

uint32_t component_binary_core_count(const struct component_binary *binary)
{
    return binary->core_count;
}

const struct engine_core *component_binary_core(const struct component_binary *binary, uint32_t index)
{
    return index < binary->core_count ? binary->cores[index] : NULL;
}
