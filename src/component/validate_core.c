/* validate_core.c - core types, module types, core instances.  Room: component.
 *
 * Source: Binary.md, "Instance Definitions", "Type Definitions" (core:moduletype); core specification 4.5 (external typing). */
#include <stdio.h>

#include "component/component.h"
#include "component/validate.h"

#define TABLE32_PAGES_MAX (UINT64_C(1) << 32) /* bytes of a 32-bit memory */

static const char *const kind_names[] = {
    [ENGINE_CORE_FUNC] = "func",     [ENGINE_CORE_TABLE] = "table", [ENGINE_CORE_MEMORY] = "memory",
    [ENGINE_CORE_GLOBAL] = "global", [ENGINE_CORE_TAG] = "tag",
};

/* ---- types as text ---- */

struct text { /* fixed: cut when it does not fit */
    char p[300];
    size_t n;
};

static void add(struct text *text, const char *part)
{
    int n = snprintf(text->p + text->n, sizeof text->p - text->n, "%s", part);
    text->n += n < 0 ? 0 : (size_t)n;
    if (text->n >= sizeof text->p)
        text->n = sizeof text->p - 1;
}

static const char *valtype_name(struct engine_valtype type)
{
    switch (type.code) {
    case ENGINE_I32:
        return "i32";
    case ENGINE_I64:
        return "i64";
    case ENGINE_F32:
        return "f32";
    case ENGINE_F64:
        return "f64";
    case ENGINE_V128:
        return "v128";
    case ENGINE_FUNCREF:
        return "funcref";
    case ENGINE_EXTERNREF:
        return "externref";
    case 0x6e:
        return "anyref";
    default:
        return "ref";
    }
}

static void add_list(struct text *text, const char *name, const struct engine_valtype *types, uint32_t count)
{
    if (!count)
        return;
    add(text, name);
    for (uint32_t i = 0; i < count; i++) {
        add(text, " ");
        add(text, valtype_name(types[i]));
    }
    add(text, ")");
}

static void add_func(struct text *text, const struct engine_functype *func)
{
    add(text, "(func");
    add_list(text, " (param", func->params, func->param_count);
    add_list(text, " (result", func->results, func->result_count);
    add(text, ")");
}

/* ---- matching ---- */

static bool valtype_eq(struct engine_valtype a, struct engine_valtype b)
{
    bool is_ref = a.code == ENGINE_REF || a.code == ENGINE_REF_NULL;
    return a.code == b.code && (!is_ref || a.heap == b.heap);
}

static int match_func(struct v *v, const struct engine_functype *got, const struct engine_functype *want)
{
    if (engine_functype_eq(got, want))
        return 0;
    struct text text = {.n = 0};
    add(&text, "expected: ");
    add_func(&text, want);
    add(&text, ", found:    ");
    add_func(&text, got);
    return component__v_bad(v, "%s", text.p);
}

static bool limits_fit(const struct engine_limits_type *got, const struct engine_limits_type *want)
{
    return got->min >= want->min && got->max <= want->max; /* no maximum is the largest number */
}

static int match_table(struct v *v, const struct engine_limits_type *got,
                       const struct engine_limits_type *want)
{
    if (!valtype_eq(got->elem, want->elem))
        return component__v_bad(v, "expected table element type %s, found %s", valtype_name(want->elem),
                                valtype_name(got->elem));
    if (got->shared != want->shared)
        return component__v_bad(v, "mismatch in the shared flag for tables");
    if (got->is_64 != want->is_64 || !limits_fit(got, want))
        return component__v_bad(v, "mismatch in table limits");
    return 0;
}

static int match_memory(struct v *v, const struct engine_limits_type *got,
                        const struct engine_limits_type *want)
{
    if (got->shared != want->shared)
        return component__v_bad(v, "mismatch in the shared flag for memories");
    if (got->is_64 != want->is_64)
        return component__v_bad(v, "mismatch in index type used for memories");
    if (got->page_log2 != want->page_log2)
        return component__v_bad(v, "mismatch in page size for memories");
    return limits_fit(got, want) ? 0 : component__v_bad(v, "mismatch in memory limits");
}

static int match_global(struct v *v, const struct engine_global_type *got,
                        const struct engine_global_type *want)
{
    if (got->is_mutable != want->is_mutable)
        return component__v_bad(v, "global types differ in mutability");
    if (!valtype_eq(got->type, want->type))
        return component__v_bad(v, "expected global type %s, found %s", valtype_name(want->type),
                                valtype_name(got->type));
    return 0;
}

static int match_extern(struct v *v, const struct vc_extern *got, const struct vc_extern *want)
{
    if (got->kind != want->kind)
        return component__v_bad(v, "expected %s, found %s", kind_names[want->kind], kind_names[got->kind]);
    switch (got->kind) {
    case ENGINE_CORE_FUNC:
    case ENGINE_CORE_TAG:
        return match_func(v, got->func, want->func);
    case ENGINE_CORE_TABLE:
        return match_table(v, got->limits, want->limits);
    case ENGINE_CORE_MEMORY:
        return match_memory(v, got->limits, want->limits);
    case ENGINE_CORE_GLOBAL:
        return match_global(v, got->global, want->global);
    }
    return 0;
}

static int find_export(struct v *v, const struct vc_module *in, struct sw_str name,
                       const struct vc_export **ret)
{
    const void *found = NULL;
    int rc = component__v_find(v, &in->names, component__v_name(name), &found);
    *ret = rc == 0 ? found : NULL;
    return rc;
}

/* Module and field name as one key; neither has a NUL that could be mistaken, since the first one's length is in it. */
static int import_key(struct v *v, const struct vc_import *import, struct sw_str *ret)
{
    size_t n = sizeof(size_t) + import->module.n + import->name.n;
    char *key = component__v_take(v, n, 1);
    if (!key)
        return v->rc;
    memcpy(key, &import->module.n, sizeof(size_t));
    if (import->module.n)
        memcpy(key + sizeof(size_t), import->module.p, import->module.n);
    if (import->name.n)
        memcpy(key + sizeof(size_t) + import->module.n, import->name.p, import->name.n);
    *ret = sw_str(key, n);
    return 0;
}

int component__v_match_module(struct v *v, const struct vc_module *got, const struct vc_module *want)
{
    const void *found = NULL;
    for (uint32_t i = 0; i < got->import_count; i++) {
        const struct vc_import *import = &got->imports[i];
        struct sw_str key = {NULL, 0};
        int rc = import_key(v, import, &key);
        if (rc == 0)
            rc = component__v_find(v, &want->import_names, component__v_name(key), &found);
        if (rc == SW_ABSENT)
            return component__v_bad(v, "missing expected import `" SW_FMT "::" SW_FMT "`",
                                    SW_ARG(import->module), SW_ARG(import->name));
        if (rc == 0 && (rc = match_extern(v, &((const struct vc_import *)found)->type, &import->type)) < 0)
            return sw_wrap(v->err, "type mismatch in import `" SW_FMT "::" SW_FMT "`", SW_ARG(import->module),
                           SW_ARG(import->name));
        if (rc < 0)
            return rc;
    }
    for (uint32_t i = 0; i < want->export_count; i++) {
        const struct vc_export *wanted = &want->exports[i], *given = NULL;
        int rc = find_export(v, got, wanted->name, &given);
        if (rc == SW_ABSENT)
            return component__v_bad(v, "missing expected export `" SW_FMT "`", SW_ARG(wanted->name));
        if (rc == 0 && (rc = match_extern(v, &given->type, &wanted->type)) < 0)
            return sw_wrap(v->err, "type mismatch in export `" SW_FMT "`", SW_ARG(wanted->name));
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- modules ---- */

static int index_module(struct v *v, struct vc_module *module)
{
    struct sw_str key = {NULL, 0};
    for (uint32_t i = 0; i < module->import_count; i++) {
        const struct vc_import *import = &module->imports[i];
        int rc = import_key(v, import, &key);
        if (rc == 0)
            rc = component__v_put(v, &module->import_names, component__v_name(key), import);
        if (rc == SW_END)
            return component__v_bad(v, "duplicate import name `" SW_FMT ":" SW_FMT "` already defined",
                                    SW_ARG(import->module), SW_ARG(import->name));
        if (rc < 0)
            return rc;
    }
    for (uint32_t i = 0; i < module->export_count; i++) {
        int rc = component__v_put(v, &module->names, component__v_name(module->exports[i].name),
                                  &module->exports[i]);
        if (rc == SW_END)
            return component__v_bad(v, "export name `" SW_FMT "` already defined",
                                    SW_ARG(module->exports[i].name));
        if (rc < 0)
            return rc;
    }
    return 0;
}

static struct vc_extern extern_of(const struct engine_core *core, enum engine_core_kind kind, uint32_t index)
{
    struct vc_extern type = {.kind = kind};
    switch (kind) {
    case ENGINE_CORE_FUNC:
        type.func = engine_core_func_type(core, index);
        break;
    case ENGINE_CORE_TAG:
        type.func = &core->types[core->tag_types[index]];
        break;
    case ENGINE_CORE_TABLE:
        type.limits = &core->tables[index];
        break;
    case ENGINE_CORE_MEMORY:
        type.limits = &core->memories[index];
        break;
    case ENGINE_CORE_GLOBAL:
        type.global = &core->globals[index];
        break;
    }
    return type;
}

int component__v_core_module(struct v *v, uint32_t index, const struct vc_module **ret)
{
    const struct engine_core *core = component_binary_core(v->binary, index);
    struct vc_module *module = V_NEW(v, struct vc_module);
    struct vc_import *imports = V_ARRAY(v, core->import_count, struct vc_import);
    struct vc_export *exports = V_ARRAY(v, core->export_count, struct vc_export);
    if (!module || !imports || !exports)
        return v->rc;
    for (uint32_t i = 0; i < core->import_count; i++) {
        const struct engine_core_import *import = &core->imports[i];
        imports[i] =
            (struct vc_import){import->module, import->name, extern_of(core, import->kind, import->index)};
    }
    for (uint32_t i = 0; i < core->export_count; i++) {
        const struct engine_core_export *export = &core->exports[i];
        exports[i] = (struct vc_export){export->name, extern_of(core, export->kind, export->index)};
    }
    *module = (struct vc_module){.imports = imports,
                                 .import_count = core->import_count,
                                 .exports = exports,
                                 .export_count = core->export_count};
    *ret = module;
    int rc = component__v_steps(v, (uint64_t)core->import_count + core->export_count);
    return rc < 0 ? rc : index_module(v, module);
}

/* ---- type definitions ---- */

struct type_space { /* of a module type */
    const struct vc_type **types;
    uint32_t count;
};

static int check_memory(struct v *v, const struct engine_limits_type *limits)
{
    uint64_t pages = limits->is_64 ? UINT64_C(1) << 48 : TABLE32_PAGES_MAX >> limits->page_log2;
    if (limits->min > pages || (limits->max != UINT64_MAX && limits->max > pages))
        return component__v_bad(v, "memory size must be at most %llu pages", (unsigned long long)pages);
    if (limits->min > limits->max)
        return component__v_bad(v, "size minimum must not be greater than maximum");
    return 0;
}

static int declared_extern(struct v *v, const struct type_space *space,
                           const struct component_core_extern *what, struct vc_extern *ret)
{
    *ret = (struct vc_extern){.kind = what->kind, .limits = &what->limits, .global = &what->global};
    if (what->kind == ENGINE_CORE_MEMORY)
        return check_memory(v, &what->limits);
    if (what->kind == ENGINE_CORE_TABLE && what->limits.min > what->limits.max)
        return component__v_bad(v, "size minimum must not be greater than maximum");
    if (what->kind != ENGINE_CORE_FUNC && what->kind != ENGINE_CORE_TAG)
        return 0;
    ret->func = space->types[what->type]->func;
    if (!ret->func)
        return component__v_bad(v, "core type index %u is not a function type", what->type);
    if (what->kind == ENGINE_CORE_TAG && ret->func->result_count)
        return component__v_bad(v, "the type of a tag has results");
    return 0;
}

static int declared_alias(struct v *v, const struct v_scope *scope, const struct component_core_decl *decl,
                          struct type_space *space)
{
    const struct vc_type *type = NULL;
    if (decl->outer == 0) {
        type = space->types[decl->index];
    } else {
        for (uint32_t i = 1; i < decl->outer; i++)
            scope = scope->parent;
        type = component__v_get(scope, COMPONENT_SORT_CORE_TYPE, decl->index);
    }
    if (type->module)
        return component__v_bad(v, "a core module type is aliased in a module type");
    space->types[space->count++] = type;
    return 0;
}

/* Types that a type mentions: earlier ones, or of its own group, which are not in `types` yet. */
struct known_types {
    const struct vc_type *const *types;
    uint32_t count;
};

static int check_heap(struct v *v, const struct known_types *known, const struct engine_valtype *types,
                      uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bool concrete = types[i].code == ENGINE_REF || types[i].code == ENGINE_REF_NULL;
        if (concrete && types[i].heap >= 0 && types[i].heap < (int64_t)known->count &&
            known->types[types[i].heap]->module)
            return component__v_bad(v, "type index %u is a module type, not a sub type",
                                    (unsigned)types[i].heap);
    }
    return 0;
}

static int core_type(struct v *v, const struct known_types *known, const struct component_core_type *ast,
                     const struct vc_type **ret)
{
    struct vc_type *type = V_NEW(v, struct vc_type);
    if (!type)
        return v->rc;
    if (ast->has_super && ast->super < known->count && known->types[ast->super]->module)
        return component__v_bad(v, "type index %u is a module type, not a sub type", ast->super);
    if (ast->has_super && ast->super < known->count && known->types[ast->super]->is_final)
        return component__v_bad(v, "sub type cannot have a final super type");
    int rc = check_heap(v, known, ast->func.params, ast->func.param_count);
    if (rc == 0)
        rc = check_heap(v, known, ast->func.results, ast->func.result_count);
    if (rc == 0)
        rc = check_heap(v, known, ast->fields, ast->field_count);
    *type = (struct vc_type){.func = ast->func.is_func ? &ast->func : NULL, .is_final = !ast->is_sub};
    *ret = type;
    return rc;
}

static int declared_types(struct v *v, const struct component_core_decl *decl, struct type_space *space)
{
    const struct known_types known = {space->types, space->count};
    int rc = component__v_steps(v, decl->type_count);
    for (uint32_t i = 0; rc == 0 && i < decl->type_count; i++)
        rc = core_type(v, &known, &decl->types[i], &space->types[space->count++]);
    return rc;
}

static int declaration(struct v *v, const struct v_scope *scope, const struct component_core_decl *decl,
                       struct type_space *space, struct vc_import *import, struct vc_export *export)
{
    int rc = component__v_steps(v, 1);
    v->at = decl->at;
    switch (decl->form) {
    case COMPONENT_CORE_DECL_IMPORT:
        import->module = decl->module;
        import->name = decl->name;
        return rc < 0 ? rc : declared_extern(v, space, &decl->what, &import->type);
    case COMPONENT_CORE_DECL_EXPORT:
        export->name = decl->name;
        return rc < 0 ? rc : declared_extern(v, space, &decl->what, &export->type);
    case COMPONENT_CORE_DECL_TYPE:
        return rc < 0 ? rc : declared_types(v, decl, space);
    case COMPONENT_CORE_DECL_ALIAS:
        return rc < 0 ? rc : declared_alias(v, scope, decl, space);
    }
    return rc;
}

static int module_type(struct v *v, const struct v_scope *scope, const struct component_core_type *ast,
                       const struct vc_module **ret)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ast->decl_count; i++)
        count += ast->decls[i].form == COMPONENT_CORE_DECL_TYPE ? ast->decls[i].type_count
                                                                : 1; /* each took bytes of the input */
    struct type_space space = {.types = V_ARRAY(v, count, const struct vc_type *)};
    struct vc_import *imports = V_ARRAY(v, ast->decl_count, struct vc_import);
    struct vc_export *exports = V_ARRAY(v, ast->decl_count, struct vc_export);
    struct vc_module *module = V_NEW(v, struct vc_module);
    if (!space.types || !imports || !exports || !module)
        return v->rc;
    uint32_t at = v->at;
    module->imports = imports;
    module->exports = exports;
    for (uint32_t i = 0; i < ast->decl_count; i++) {
        const struct component_core_decl *decl = &ast->decls[i];
        int rc = declaration(v, scope, decl, &space, &imports[module->import_count],
                             &exports[module->export_count]);
        if (rc < 0)
            return rc;
        module->import_count += decl->form == COMPONENT_CORE_DECL_IMPORT;
        module->export_count += decl->form == COMPONENT_CORE_DECL_EXPORT;
    }
    v->at = at;
    *ret = module;
    return index_module(v, module);
}

int component__v_core_type(struct v *v, struct v_scope *scope, const struct component_core_type *ast)
{
    const struct known_types known = {(const struct vc_type *const *)scope->spaces[COMPONENT_SORT_CORE_TYPE],
                                      scope->counts[COMPONENT_SORT_CORE_TYPE]};
    const struct vc_module *module = NULL;
    const struct vc_type *type = NULL;
    int rc = 0;
    if (ast->is_module) {
        struct vc_type *made = V_NEW(v, struct vc_type);
        if (!made)
            return v->rc;
        rc = module_type(v, scope, ast, &module);
        made->module = module;
        type = made;
    } else {
        rc = core_type(v, &known, ast, &type);
    }
    if (rc == 0)
        component__v_define(scope, COMPONENT_SORT_CORE_TYPE, type);
    return rc;
}

/* ---- instances ---- */

static int written_out(struct v *v, const struct v_scope *scope, const struct component_instantiate *ast,
                       struct vc_module *instance)
{
    struct vc_export *exports = V_ARRAY(v, ast->item_count, struct vc_export);
    if (!exports)
        return v->rc;
    for (uint32_t i = 0; i < ast->item_count; i++) {
        const struct component_named *item = &ast->items[i];
        const void *entry = component__v_get(scope, item->what.sort, item->what.index);
        struct vc_extern *type = &exports[i].type;
        exports[i].name = item->name;
        type->kind = (enum engine_core_kind)item->what.sort; /* the same order: binary.h */
        if (type->kind == ENGINE_CORE_FUNC || type->kind == ENGINE_CORE_TAG)
            type->func = entry;
        else if (type->kind == ENGINE_CORE_GLOBAL)
            type->global = entry;
        else
            type->limits = entry;
    }
    instance->exports = exports;
    instance->export_count = ast->item_count;
    return index_module(v, instance);
}

static int argument(struct v *v, const struct v_map *args, const struct vc_import *import)
{
    const void *found = NULL;
    const struct vc_export *export = NULL;
    int rc = component__v_find(v, args, component__v_name(import->module), &found);
    if (rc == SW_ABSENT)
        return component__v_bad(v, "missing module instantiation argument named `" SW_FMT "`",
                                SW_ARG(import->module));
    if (rc == 0)
        rc = find_export(v, found, import->name, &export);
    if (rc == SW_ABSENT)
        return component__v_bad(
            v, "module instantiation argument `" SW_FMT "` does not export an item named `" SW_FMT "`",
            SW_ARG(import->module), SW_ARG(import->name));
    if (rc == 0 && (rc = match_extern(v, &export->type, &import->type)) < 0)
        return sw_wrap(v->err,
                       "type mismatch for export `" SW_FMT "` of module instantiation argument `" SW_FMT "`",
                       SW_ARG(import->name), SW_ARG(import->module));
    return rc;
}

int component__v_core_instance(struct v *v, struct v_scope *scope, const struct component_instantiate *ast)
{
    struct vc_module *instance = V_NEW(v, struct vc_module);
    struct v_map args = {.cap = 0};
    if (!instance)
        return v->rc;
    int rc = component__v_steps(v, ast->item_count);
    if (ast->is_inline) {
        if (rc == 0)
            rc = written_out(v, scope, ast, instance);
    } else {
        const struct vc_module *module = component__v_get(scope, COMPONENT_SORT_CORE_MODULE, ast->target);
        for (uint32_t i = 0; rc >= 0 && i < ast->item_count; i++)
            rc = component__v_put(
                v, &args, component__v_name(ast->items[i].name),
                component__v_get(scope, COMPONENT_SORT_CORE_INSTANCE, ast->items[i].what.index));
        for (uint32_t i = 0; rc >= 0 && i < module->import_count; i++)
            rc = argument(v, &args, &module->imports[i]);
        instance->exports = module->exports;
        instance->export_count = module->export_count;
        instance->names = module->names;
    }
    if (rc < 0)
        return rc;
    component__v_define(scope, COMPONENT_SORT_CORE_INSTANCE, instance);
    return 0;
}

int component__v_core_alias(struct v *v, struct v_scope *scope, const struct component_alias *alias,
                            enum component_sort sort)
{
    const struct vc_export *export = NULL;
    int rc = find_export(v, component__v_get(scope, COMPONENT_SORT_CORE_INSTANCE, alias->instance),
                         alias->name, &export);
    if (rc == SW_ABSENT)
        return component__v_bad(v, "core instance %u has no export named `" SW_FMT "`", alias->instance,
                                SW_ARG(alias->name));
    if (rc != 0)
        return rc;
    if ((uint32_t) export->type.kind != (uint32_t)sort)
        return component__v_bad(v, "export `" SW_FMT "` for core instance %u is not a %s",
                                SW_ARG(alias->name), alias->instance, kind_names[sort]);
    if (export->type.kind == ENGINE_CORE_FUNC || export->type.kind == ENGINE_CORE_TAG)
        component__v_define(scope, sort, export->type.func);
    else if (export->type.kind == ENGINE_CORE_GLOBAL)
        component__v_define(scope, sort, export->type.global);
    else
        component__v_define(scope, sort, export->type.limits);
    return 0;
}
