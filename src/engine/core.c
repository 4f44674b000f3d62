/* core.c - a core module read from its binary: sections into tables.  Room: engine.
 *
 * One pass over the section headers (order, lengths, number of custom sections), then one function per section. Every table lives
 * in the caller's arena; a count is bounded by the bytes left before anything is allocated for it.
 * Source: WebAssembly core specification 3.0, section 5.5. */
#include "engine/core.h"

#include <assert.h>

#include "base/map.h"
#include "engine/core_read.h"
#include "engine/limits.h"

enum section {
    SECTION_CUSTOM,
    SECTION_TYPE,
    SECTION_IMPORT,
    SECTION_FUNC,
    SECTION_TABLE,
    SECTION_MEMORY,
    SECTION_GLOBAL,
    SECTION_EXPORT,
    SECTION_START,
    SECTION_ELEM,
    SECTION_CODE,
    SECTION_DATA,
    SECTION_DATA_COUNT,
    SECTION_TAG,
    SECTION_COUNT
};

/* The place of each section in a module (5.5.16): tag stands after memory, data count before code. */
static const uint8_t section_order[SECTION_COUNT] = {
    [SECTION_TYPE] = 1,   [SECTION_IMPORT] = 2, [SECTION_FUNC] = 3,        [SECTION_TABLE] = 4,
    [SECTION_MEMORY] = 5, [SECTION_TAG] = 6,    [SECTION_GLOBAL] = 7,      [SECTION_EXPORT] = 8,
    [SECTION_START] = 9,  [SECTION_ELEM] = 10,  [SECTION_DATA_COUNT] = 11, [SECTION_CODE] = 12,
    [SECTION_DATA] = 13,
};

/* ---- imports and the index spaces ---- */

static int read_table_type(struct core_parser *p, struct engine_limits_type *ret)
{
    int rc = core_read_reftype(&p->r, &ret->elem);
    return rc < 0 ? rc : core_read_limits(&p->r, false, ret);
}

static int read_global_type(struct core_parser *p, struct engine_global_type *ret)
{
    uint8_t mutability = 0;
    int rc = core_read_valtype(&p->r, &ret->type);
    if (rc == 0)
        rc = core_read_byte(&p->r, &mutability);
    if (rc == 0 && mutability > 1)
        rc = core_fail(&p->r, "bad mutability");
    ret->is_mutable = mutability == 1;
    return rc;
}

static int read_tag_type(struct core_parser *p, uint32_t *ret)
{
    uint8_t attribute = 0;
    int rc = core_read_byte(&p->r, &attribute);
    if (rc == 0 && attribute != 0)
        rc = core_fail(&p->r, "unknown tag attribute");
    return rc < 0 ? rc : core_read_func_type_index(p, ret);
}

/* Reads an import's type into its index space; the counting pass drops it. */
static int read_import_type(struct core_parser *p, struct engine_core_import *import)
{
    struct engine_core *core = p->core;
    struct engine_limits_type limits = {0};
    struct engine_global_type global = {0};
    uint32_t type = 0;
    int rc = 0;
    switch (import->kind) {
    case ENGINE_CORE_FUNC:
        import->index = core->func_import_count++;
        rc = core_read_func_type_index(p, p->counting ? &type : &p->func_types[import->index]);
        break;
    case ENGINE_CORE_TABLE:
        import->index = core->table_import_count++;
        rc = read_table_type(p, p->counting ? &limits : &p->tables[import->index]);
        break;
    case ENGINE_CORE_MEMORY:
        import->index = core->memory_import_count++;
        rc = core_read_limits(&p->r, true, p->counting ? &limits : &p->memories[import->index]);
        break;
    case ENGINE_CORE_GLOBAL:
        import->index = core->global_import_count++;
        rc = read_global_type(p, p->counting ? &global : &p->globals[import->index]);
        break;
    case ENGINE_CORE_TAG:
    default:
        import->index = core->tag_import_count++;
        rc = read_tag_type(p, p->counting ? &type : &p->tag_types[import->index]);
        break;
    }
    return rc;
}

/* Adds the number of entries that a section says it has to *io, within the limit of their kind. */
static int peek_count(const struct core_parser *p, struct sw_str section, uint32_t max, const char *what,
                      uint32_t *io)
{
    struct core_reader r = p->r;
    uint32_t n = 0;
    int rc = 0;
    if (section.n) {
        r.p = (const uint8_t *)section.p;
        r.end = r.p + section.n;
        rc = core_read_count(&r, max, 1, what, &n);
    }
    if (rc < 0)
        return rc;
    if (*io > max || n > max - *io)
        return sw_fail(r.err, SW_ELIMIT, "core module: more than %u %s", max, what);
    *io += n;
    return 0;
}

/* Allocates the index spaces, once each: the imports were counted, the sections say how much they add. */
static int new_spaces(struct core_parser *p, const struct sw_str *sections)
{
    struct engine_core *core = p->core;
    uint32_t funcs = core->func_import_count;
    uint32_t tables = core->table_import_count;
    uint32_t memories = core->memory_import_count;
    uint32_t globals = core->global_import_count;
    uint32_t tags = core->tag_import_count;
    int rc = peek_count(p, sections[SECTION_FUNC], ENGINE_CORE_FUNCS_MAX, "functions", &funcs);
    if (rc == 0)
        rc = peek_count(p, sections[SECTION_TABLE], ENGINE_CORE_TABLES_MAX, "tables", &tables);
    if (rc == 0)
        rc = peek_count(p, sections[SECTION_MEMORY], ENGINE_CORE_MEMORIES_MAX, "memories", &memories);
    if (rc == 0)
        rc = peek_count(p, sections[SECTION_GLOBAL], ENGINE_CORE_GLOBALS_MAX, "globals", &globals);
    if (rc == 0)
        rc = peek_count(p, sections[SECTION_TAG], ENGINE_CORE_TAGS_MAX, "tags", &tags);
    if (rc == 0)
        rc = CORE_TABLE(p, funcs, uint32_t, &p->func_types);
    if (rc == 0)
        rc = CORE_TABLE(p, tables, struct engine_limits_type, &p->tables);
    if (rc == 0)
        rc = CORE_TABLE(p, memories, struct engine_limits_type, &p->memories);
    if (rc == 0)
        rc = CORE_TABLE(p, globals, struct engine_global_type, &p->globals);
    if (rc == 0)
        rc = CORE_TABLE(p, tags, uint32_t, &p->tag_types);
    core->func_types = p->func_types;
    core->tables = p->tables;
    core->memories = p->memories;
    core->globals = p->globals;
    core->tag_types = p->tag_types;
    return rc;
}

static int read_imports(struct core_parser *p)
{
    struct engine_core *core = p->core;
    struct engine_core_import *imports = NULL;
    struct engine_core_import dropped;
    core->func_import_count = core->table_import_count = core->memory_import_count = 0;
    core->global_import_count = core->tag_import_count = 0;
    int rc = core_read_count(&p->r, ENGINE_CORE_IMPORTS_MAX, 4, "imports", &core->import_count);
    if (rc == 0 && !p->counting)
        rc = CORE_TABLE(p, core->import_count, struct engine_core_import, &imports);
    core->imports = imports;
    for (uint32_t i = 0; rc == 0 && i < core->import_count; i++) {
        struct engine_core_import *import = imports ? &imports[i] : &dropped;
        uint8_t kind = 0;
        rc = core_read_name(&p->r, &import->module);
        if (rc == 0)
            rc = core_read_name(&p->r, &import->name);
        if (rc == 0)
            rc = core_read_byte(&p->r, &kind);
        if (rc == 0 && kind > ENGINE_CORE_TAG)
            rc = core_fail(&p->r, "unknown import kind");
        import->kind = (enum engine_core_kind)kind;
        if (rc == 0)
            rc = read_import_type(p, import);
    }
    return rc;
}

static void open_spaces(struct engine_core *core)
{
    core->func_count = core->func_import_count;
    core->table_count = core->table_import_count;
    core->memory_count = core->memory_import_count;
    core->global_count = core->global_import_count;
    core->tag_count = core->tag_import_count;
}

static int read_funcs(struct core_parser *p)
{
    uint32_t n = 0;
    int rc = core_read_count(&p->r, ENGINE_CORE_FUNCS_MAX, 1, "functions", &n);
    for (uint32_t i = 0; rc == 0 && i < n; i++)
        rc = core_read_func_type_index(p, &p->func_types[p->core->func_count++]);
    return rc;
}

static int read_tables(struct core_parser *p)
{
    uint32_t n = 0;
    int rc = core_read_count(&p->r, ENGINE_CORE_TABLES_MAX, 3, "tables", &n);
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        bool has_init = core_left(&p->r) >= 2 && p->r.p[0] == 0x40 && p->r.p[1] == 0x00;
        if (has_init)
            p->r.p += 2;
        rc = read_table_type(p, &p->tables[p->core->table_count]);
        struct sw_str init = {0};
        if (rc == 0 && has_init)
            rc = core_read_const_expr(&p->r, p->core->func_count, p->core->global_import_count, &init);
        p->core->table_count++;
    }
    return rc;
}

static int read_memories(struct core_parser *p)
{
    uint32_t n = 0;
    int rc = core_read_count(&p->r, ENGINE_CORE_MEMORIES_MAX, 2, "memories", &n);
    for (uint32_t i = 0; rc == 0 && i < n; i++)
        rc = core_read_limits(&p->r, true, &p->memories[p->core->memory_count++]);
    return rc;
}

static int read_tags(struct core_parser *p)
{
    uint32_t n = 0;
    int rc = core_read_count(&p->r, ENGINE_CORE_TAGS_MAX, 2, "tags", &n);
    for (uint32_t i = 0; rc == 0 && i < n; i++)
        rc = read_tag_type(p, &p->tag_types[p->core->tag_count++]);
    return rc;
}

static int read_globals(struct core_parser *p)
{
    struct engine_core *core = p->core;
    uint32_t n = 0;
    int rc = core_read_count(&p->r, ENGINE_CORE_GLOBALS_MAX, 3, "globals", &n);
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        struct sw_str init = {0};
        rc = read_global_type(p, &p->globals[core->global_count]);
        if (rc == 0)
            rc = core_read_const_expr(&p->r, core->func_count, core->global_count, &init);
        core->global_count++;
    }
    core->global_section_count = n;
    return rc;
}

/* ---- the rest ---- */

static int check_export(struct core_parser *p, const struct engine_core_export *export)
{
    const struct engine_core *core = p->core;
    const uint32_t counts[] = {core->func_count, core->table_count, core->memory_count, core->global_count,
                               core->tag_count};
    return export->index < counts[export->kind] ? 0 : core_fail(&p->r, "export index out of bounds");
}

static int read_exports(struct core_parser *p)
{
    struct engine_core *core = p->core;
    struct engine_core_export *exports = NULL;
    struct sw_map names = {0};
    int rc = core_read_count(&p->r, ENGINE_CORE_EXPORTS_MAX, 3, "exports", &core->export_count);
    if (rc == 0)
        rc = CORE_TABLE(p, core->export_count, struct engine_core_export, &exports);
    core->exports = exports;
    for (uint32_t i = 0; rc == 0 && i < core->export_count; i++) {
        uint8_t kind = 0;
        rc = core_read_name(&p->r, &exports[i].name);
        if (rc == 0)
            rc = core_read_byte(&p->r, &kind);
        if (rc == 0 && kind > ENGINE_CORE_TAG)
            rc = core_fail(&p->r, "unknown export kind");
        exports[i].kind = (enum engine_core_kind)kind;
        if (rc == 0)
            rc = core_read_u32(&p->r, &exports[i].index);
        if (rc == 0)
            rc = check_export(p, &exports[i]);
        if (rc == 0)
            rc = sw_map_add(&names, exports[i].name, &exports[i], p->r.err);
        if (rc == SW_END)
            rc = core_fail(&p->r, "duplicate export name");
    }
    sw_map_deinit(&names);
    return rc;
}

static int read_start(struct core_parser *p)
{
    struct engine_core *core = p->core;
    int rc = core_read_u32(&p->r, &core->start);
    if (rc == 0 && core->start >= core->func_count)
        rc = core_fail(&p->r, "start function out of bounds");
    if (rc < 0)
        return rc;
    const struct engine_functype *type = engine_core_func_type(core, core->start);
    if (type->param_count || type->result_count)
        return core_fail(&p->r, "start function takes or gives values");
    core->has_start = true;
    return 0;
}

static int read_code(struct core_parser *p)
{
    struct engine_core *core = p->core;
    struct sw_str *bodies = NULL;
    uint32_t n = 0;
    int rc = core_read_count(&p->r, ENGINE_CORE_FUNCS_MAX, 1, "function bodies", &n);
    if (rc == 0 && n != core->func_count - core->func_import_count)
        rc = core_fail(&p->r, "functions and bodies differ in number");
    if (rc == 0)
        rc = CORE_TABLE(p, n, struct sw_str, &bodies);
    core->bodies = bodies;
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        uint32_t size = 0;
        rc = core_read_u32(&p->r, &size);
        if (rc == 0)
            rc = core_read_bytes(&p->r, size, &bodies[i]);
    }
    return rc;
}

static int read_data_segment(struct core_parser *p, struct engine_core_data *data)
{
    const uint8_t *from = p->r.p;
    uint32_t form = 0;
    uint32_t n = 0;
    int rc = core_read_u32(&p->r, &form);
    if (rc == 0 && form > 2)
        rc = core_fail(&p->r, "unknown data segment form");
    if (rc == 0 && form == 2)
        rc = core_read_u32(&p->r, &data->memory);
    data->active = form != 1;
    if (rc == 0 && data->active && data->memory >= p->core->memory_count)
        rc = core_fail(&p->r, "memory index out of bounds");
    if (rc == 0 && data->active)
        rc = core_read_const_expr(&p->r, p->core->func_count, p->core->global_count, &data->offset_expr);
    if (rc == 0)
        rc = core_read_u32(&p->r, &n);
    if (rc == 0)
        rc = core_read_bytes(&p->r, n, &data->bytes);
    data->whole = sw_str((const char *)from, (size_t)(p->r.p - from));
    return rc;
}

static int read_data(struct core_parser *p)
{
    struct engine_core *core = p->core;
    struct engine_core_data *data = NULL;
    int rc = core_read_count(&p->r, ENGINE_CORE_DATA_MAX, 2, "data segments", &core->data_count);
    if (rc == 0)
        rc = CORE_TABLE(p, core->data_count, struct engine_core_data, &data);
    core->data = data;
    for (uint32_t i = 0; rc == 0 && i < core->data_count; i++)
        rc = read_data_segment(p, &data[i]);
    return rc;
}

static int read_data_count(struct core_parser *p)
{
    p->core->has_data_count_section = true;
    return core_read_u32(&p->r, &p->data_declared);
}

static int read_elems(struct core_parser *p)
{
    uint32_t n = 0;
    p->core->elem_section = sw_str((const char *)p->r.p, core_left(&p->r));
    int rc = core_read_count(&p->r, UINT32_MAX, 2, "element segments",
                             &n); /* what is in them is the compiler's to check */
    p->r.p = p->r.end;
    return rc;
}

/* ---- sections ---- */

static int read_header(struct core_parser *p)
{
    struct sw_str head = {0};
    if (core_left(&p->r) < 8 || memcmp(p->r.p, "\0asm", 4) != 0)
        return core_fail(&p->r, "not a WebAssembly binary");
    p->r.p += 4;
    if (memcmp(p->r.p, "\1\0\0\0", 4) != 0)
        return core_fail(&p->r, p->r.p[2] == 1 ? "this is a component, a core module was expected"
                                               : "unknown binary version");
    return core_read_bytes(&p->r, 4, &head);
}

/* Finds the sections. sections[id] is a section's contents; an empty section that is there has n 0 and p set. */
static int scan_sections(struct core_parser *p, struct sw_str sections[SECTION_COUNT])
{
    uint8_t last = 0;
    while (core_left(&p->r) > 0) {
        uint8_t id = 0;
        uint32_t n = 0;
        struct sw_str body = {0};
        int rc = core_read_byte(&p->r, &id);
        if (rc == 0 && id >= SECTION_COUNT) {
            p->r.p--;
            rc = core_fail(&p->r, "unknown section");
        }
        if (rc == 0 && id != SECTION_CUSTOM && section_order[id] <= last)
            rc = core_fail(&p->r, "section out of order or there twice");
        if (rc == 0)
            rc = core_read_u32(&p->r, &n);
        if (rc == 0)
            rc = core_read_bytes(&p->r, n, &body);
        if (rc < 0)
            return rc;
        if (id == SECTION_CUSTOM) {
            if (++p->core->custom_count > ENGINE_CORE_CUSTOMS_MAX)
                return sw_fail(p->r.err, SW_ELIMIT, "core module: more than %u custom sections",
                               ENGINE_CORE_CUSTOMS_MAX);
            continue;
        }
        last = section_order[id];
        sections[id] = body;
    }
    return 0;
}

/* The custom sections, in order. The headers were checked by scan_sections. */
static int read_customs(struct core_parser *p)
{
    struct engine_core_custom *customs = NULL;
    int rc = CORE_TABLE(p, p->core->custom_count, struct engine_core_custom, &customs);
    p->core->customs = customs;
    const uint8_t *end = p->r.end;
    p->r.p = p->r.start + 8;
    for (uint32_t i = 0; rc == 0 && p->r.p < end;) {
        uint8_t id = 0;
        uint32_t n = 0;
        rc = core_read_byte(&p->r, &id);
        if (rc == 0)
            rc = core_read_u32(&p->r, &n);
        if (rc < 0)
            break;
        const uint8_t *next = p->r.p + n;
        if (id == SECTION_CUSTOM) {
            p->r.end = next;
            rc = core_read_name(&p->r, &customs[i].name);
            customs[i++].bytes = sw_str((const char *)p->r.p, core_left(&p->r));
        }
        p->r.end = end;
        p->r.p = next;
    }
    return rc;
}

static int read_section(struct core_parser *p, struct sw_str body, int (*read)(struct core_parser *))
{
    if (!body.p)
        return 0;
    p->r.p = (const uint8_t *)body.p;
    p->r.end = p->r.p + body.n;
    int rc = read(p);
    return rc == 0 && p->r.p != p->r.end ? core_fail(&p->r, "bytes left at the end of a section") : rc;
}

static int check_totals(struct core_parser *p, const struct sw_str *sections)
{
    const struct engine_core *core = p->core;
    if (!sections[SECTION_CODE].p && core->func_count != core->func_import_count)
        return core_fail(&p->r, "functions without a code section");
    if (core->has_data_count_section && p->data_declared != core->data_count)
        return core_fail(&p->r, "data count and data section differ");
    return 0;
}

static int read_sections(struct core_parser *p, const struct sw_str *sections)
{
    static int (*const readers[])(struct core_parser *) = {
        read_funcs, read_tables, read_memories,   read_tags, read_globals, read_exports,
        read_start, read_elems,  read_data_count, read_code, read_data};
    static const enum section order[] = {SECTION_FUNC,       SECTION_TABLE,  SECTION_MEMORY, SECTION_TAG,
                                         SECTION_GLOBAL,     SECTION_EXPORT, SECTION_START,  SECTION_ELEM,
                                         SECTION_DATA_COUNT, SECTION_CODE,   SECTION_DATA};
    int rc = read_section(p, sections[SECTION_TYPE], core_read_types);
    p->r.type_limit = p->core->type_count;
    p->counting = true;
    if (rc == 0)
        rc = read_section(p, sections[SECTION_IMPORT], read_imports);
    p->counting = false;
    if (rc == 0)
        rc = new_spaces(p, sections);
    if (rc == 0)
        rc = read_section(p, sections[SECTION_IMPORT], read_imports);
    open_spaces(p->core);
    for (size_t i = 0; rc == 0 && i < sizeof readers / sizeof *readers; i++)
        rc = read_section(p, sections[order[i]], readers[i]);
    return rc < 0 ? rc : check_totals(p, sections);
}

int engine_core_parse(struct sw_arena *arena, struct sw_str bytes, struct engine_core **ret,
                      struct sw_err *err)
{
    if (bytes.n > ENGINE_CORE_BYTES_MAX)
        return sw_fail(err, SW_ELIMIT, "core module of %zu bytes, more than the limit of %llu", bytes.n,
                       (unsigned long long)ENGINE_CORE_BYTES_MAX);
    const uint8_t *start = (const uint8_t *)(bytes.n ? bytes.p : "");
    struct core_parser p = {.arena = arena};
    p.r = (struct core_reader){start, start, start + bytes.n, ENGINE_CORE_TYPES_MAX, -1, err};
    p.core = SW_ARENA_NEW(arena, struct engine_core);
    if (!p.core)
        return sw_arena_fail(arena, sizeof *p.core, err);
    p.core->bytes = bytes;
    struct sw_str sections[SECTION_COUNT] = {{0}};
    int rc = read_header(&p);
    if (rc == 0)
        rc = scan_sections(&p, sections);
    if (rc == 0)
        rc = read_customs(&p);
    if (rc == 0)
        rc = read_sections(&p, sections);
    if (rc < 0)
        return rc;
    *ret = p.core;
    return 0;
}

/* ---- questions ---- */

const struct engine_core_export *engine_core_export_find(const struct engine_core *core, struct sw_str name)
{
    for (uint32_t i = 0; i < core->export_count; i++)
        if (sw_str_eq(core->exports[i].name, name))
            return &core->exports[i];
    return NULL;
}

const struct engine_functype *engine_core_func_type(const struct engine_core *core, uint32_t func)
{
    assert(func < core->func_count);
    return &core->types[core->func_types[func]];
}
