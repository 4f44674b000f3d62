/* core_types.c - the type section of a core module.  Room: engine.
 *
 * Source: WebAssembly core specification 3.0, sections 5.3.3-5.3.10. */
#include "engine/core_read.h"
#include "engine/limits.h"

int core_new_table(struct core_parser *p, size_t count, size_t size, size_t align, void **ret)
{
    void *table = sw_arena_try_array(p->arena, count, size, align);
    if (!table)
        return sw_arena_fail(p->arena, count * size, p->r.err);
    *ret = table;
    return 0;
}

static int read_valtypes(struct core_parser *p, uint32_t max, const struct engine_valtype **ret,
                         uint32_t *ret_count)
{
    struct engine_valtype *types = NULL;
    int rc = core_read_count(&p->r, max, 1, "values in a function type", ret_count);
    if (rc == 0)
        rc = CORE_TABLE(p, *ret_count, struct engine_valtype, &types);
    for (uint32_t i = 0; rc == 0 && i < *ret_count; i++)
        rc = core_read_valtype(&p->r, &types[i]);
    *ret = types;
    return rc;
}

static int skip_field(struct core_parser *p)
{
    struct engine_valtype type;
    uint8_t mutability = 0;
    int rc = 0;
    if (p->r.p < p->r.end && (*p->r.p == 0x78 || *p->r.p == 0x77)) /* i8, i16 */
        p->r.p++;
    else
        rc = core_read_valtype(&p->r, &type);
    if (rc == 0)
        rc = core_read_byte(&p->r, &mutability);
    return rc == 0 && mutability > 1 ? core_fail(&p->r, "bad mutability") : rc;
}

static int read_composite(struct core_parser *p, uint8_t form, bool plain, struct engine_functype *type,
                          uint8_t *is_func)
{
    int rc = 0;
    uint32_t fields = 1;
    switch (form) {
    case 0x60: /* func */
        rc = read_valtypes(p, ENGINE_CORE_PARAMS_MAX, &type->params, &type->param_count);
        if (rc == 0)
            rc = read_valtypes(p, ENGINE_CORE_RESULTS_MAX, &type->results, &type->result_count);
        type->is_func = plain;
        *is_func = 1;
        return rc;
    case 0x5f: /* struct */
        rc = core_read_count(&p->r, ENGINE_CORE_FIELDS_MAX, 2, "fields of a structure", &fields);
        break;
    case 0x5e: /* array */
        break;
    default:
        p->r.p--;
        return core_fail(&p->r, "unknown type form");
    }
    for (uint32_t i = 0; rc == 0 && i < fields; i++)
        rc = skip_field(p);
    return rc;
}

/* One type of a recursive group; `first` is its form byte, read already. alone: the group has this type only. */
static int read_sub_type(struct core_parser *p, uint8_t first, bool alone, uint32_t index)
{
    uint8_t form = first;
    bool plain = alone;
    int rc = 0;
    if (form == 0x50 || form == 0x4f) { /* sub, sub final */
        uint32_t supers = 0;
        uint32_t super = 0;
        rc = core_read_count(&p->r, ENGINE_CORE_TYPES_MAX, 1, "supertypes", &supers);
        for (uint32_t i = 0; rc == 0 && i < supers; i++) {
            rc = core_read_u32(&p->r, &super);
            if (rc == 0 && super >= index)
                rc = core_fail(&p->r, "supertype out of bounds");
        }
        plain = plain && form == 0x4f && supers == 0;
        if (rc == 0)
            rc = core_read_byte(&p->r, &form);
    }
    if (rc < 0)
        return rc;
    return read_composite(p, form, plain, &p->types[index], &p->type_is_func[index]);
}

/* Makes room for n more types: the section counts groups, so the number of types is known at its end only. */
static int reserve_types(struct core_parser *p, uint32_t n)
{
    uint32_t have = p->core->type_count;
    if (n > ENGINE_CORE_TYPES_MAX - have)
        return sw_fail(p->r.err, SW_ELIMIT, "core module: more than %u types", ENGINE_CORE_TYPES_MAX);
    if (have + n <= p->type_cap)
        return 0;
    uint32_t cap = p->type_cap * 2 > have + n ? p->type_cap * 2 : have + n;
    struct engine_functype *types = NULL;
    uint8_t *kinds = NULL;
    int rc = CORE_TABLE(p, cap, struct engine_functype, &types);
    if (rc == 0)
        rc = CORE_TABLE(p, cap, uint8_t, &kinds);
    if (rc < 0)
        return rc;
    if (have) {
        memcpy(types, p->types, have * sizeof *types);
        memcpy(kinds, p->type_is_func, have);
    }
    p->types = types;
    p->core->types = types;
    p->type_is_func = kinds;
    p->type_cap = cap;
    return 0;
}

int core_read_types(struct core_parser *p)
{
    uint32_t groups = 0;
    int rc = core_read_count(&p->r, ENGINE_CORE_TYPES_MAX, 2, "types", &groups);
    if (rc == 0)
        rc = reserve_types(p, groups);
    for (uint32_t i = 0; rc == 0 && i < groups; i++) {
        uint8_t form = 0;
        uint32_t members = 1;
        rc = core_read_byte(&p->r, &form);
        bool group = rc == 0 && form == 0x4e; /* rec */
        if (group)
            rc = core_read_count(&p->r, ENGINE_CORE_TYPES_MAX, 2, "types in a recursive group", &members);
        if (rc == 0)
            rc = reserve_types(p, members);
        for (uint32_t k = 0; rc == 0 && k < members; k++) {
            if (group)
                rc = core_read_byte(&p->r, &form);
            if (rc == 0)
                rc = read_sub_type(p, form, members == 1, p->core->type_count);
            if (rc == 0)
                p->core->type_count++;
        }
    }
    if (rc == 0 && p->r.heap_max >= (int64_t)p->core->type_count)
        rc = core_fail(&p->r, "type index out of bounds");
    return rc;
}

int core_read_func_type_index(struct core_parser *p, uint32_t *ret)
{
    uint32_t index = 0;
    int rc = core_read_u32(&p->r, &index);
    if (rc < 0)
        return rc;
    if (index >= p->core->type_count)
        return core_fail(&p->r, "type index out of bounds");
    if (!p->type_is_func[index])
        return core_fail(&p->r, "not a function type");
    *ret = index;
    return 0;
}

static bool valtypes_eq(const struct engine_valtype *a, const struct engine_valtype *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (a[i].code != b[i].code || a[i].heap != b[i].heap || a[i].heap > 0 ||
            ((a[i].code == ENGINE_REF || a[i].code == ENGINE_REF_NULL) && a[i].heap == 0))
            return false; /* a type index means something in its own module only: never equal */
    return true;
}

bool engine_functype_eq(const struct engine_functype *a, const struct engine_functype *b)
{
    return a->is_func && b->is_func && a->param_count == b->param_count &&
           a->result_count == b->result_count && valtypes_eq(a->params, b->params, a->param_count) &&
           valtypes_eq(a->results, b->results, a->result_count);
}
