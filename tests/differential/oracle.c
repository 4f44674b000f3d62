/* oracle.c - a component on Wasmtime's own component layer, by its C API.  Room: component (its tests).
 *
 * The only test that includes Wasmtime's headers: the engine room keeps them from the program, and this is what it is compared with. */
#include "differential/oracle.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <wasmtime.h>
#include <wasmtime/component.h>

struct import {
    struct oracle *oracle;
    uint32_t number;
};
struct oracle {
    wasm_engine_t *engine;
    const struct shape *shape;
    wasmtime_component_t *component;
    wasmtime_component_linker_t *linker;
    wasmtime_component_export_index_t **exports, **callers; /* eN, cN */
    wasmtime_component_export_index_t *peek, *poke;
    struct import *imports;
    oracle_import_fn *fn;
    void *arg;
    wasmtime_store_t *store;
    wasmtime_context_t *context;
    wasmtime_component_instance_t instance;
    char why[1024];
};

static int failed(struct oracle *oracle, wasmtime_error_t *error)
{
    if (!error)
        return 0;
    wasm_name_t message;
    wasmtime_error_message(error, &message);
    (void)snprintf(oracle->why, sizeof oracle->why, "%.*s", (int)message.size, message.data);
    wasm_byte_vec_delete(&message);
    wasmtime_error_delete(error);
    return -1;
}

static void must(struct oracle *oracle, wasmtime_error_t *error, const char *what)
{
    if (failed(oracle, error) == 0)
        return;
    (void)fprintf(stderr, "oracle: %s: %s\n", what, oracle->why);
    abort();
}

/* ---- values to Wasmtime's ---- */

static void name_of(struct sw_str text, wasm_name_t *ret)
{
    wasm_byte_vec_new(ret, text.n, text.p);
}

static void give(const struct shape *shape, uint32_t number, const struct component_value *value,
                 wasmtime_component_val_t *ret);

static wasmtime_component_val_t *boxed(const struct shape *shape, uint32_t type,
                                       const struct component_value *value)
{
    wasmtime_component_val_t val;
    if (type == COMPONENT_NO_TYPE)
        return NULL;
    give(shape, type, value, &val);
    return wasmtime_component_val_new(&val);
}

static void give_list(const struct shape *shape, const struct component_type *type,
                      const struct component_value *value, wasmtime_component_val_t *ret)
{
    bool bytes = type->elem == COMPONENT_U8;
    size_t count = bytes ? value->text.n : (size_t)value->list.count;
    if (type->length == COMPONENT_MAP) {
        const struct component_case *entry = component_type_of(shape->types, type->elem)->cases;
        ret->kind = WASMTIME_COMPONENT_MAP;
        wasmtime_component_valmap_new_uninit(&ret->of.map, count);
        for (size_t i = 0; i < count; i++) {
            give(shape, entry[0].type, &value->list.items[i].list.items[0], &ret->of.map.data[i].key);
            give(shape, entry[1].type, &value->list.items[i].list.items[1], &ret->of.map.data[i].value);
        }
        return;
    }
    ret->kind = WASMTIME_COMPONENT_LIST;
    wasmtime_component_vallist_new_uninit(&ret->of.list, count);
    for (size_t i = 0; i < count; i++) {
        const struct component_value byte = {.u64 = bytes ? (uint8_t)value->text.p[i] : 0};
        give(shape, type->elem, bytes ? &byte : &value->list.items[i], &ret->of.list.data[i]);
    }
}

static void give_items(const struct shape *shape, const struct component_type *type,
                       const struct component_value *value, wasmtime_component_val_t *ret)
{
    uint32_t count = type->case_count;
    if (type->kind == COMPONENT_TUPLE) {
        ret->kind = WASMTIME_COMPONENT_TUPLE;
        wasmtime_component_valtuple_new_uninit(&ret->of.tuple, count);
        for (uint32_t i = 0; i < count; i++)
            give(shape, type->cases[i].type, &value->list.items[i], &ret->of.tuple.data[i]);
        return;
    }
    ret->kind = WASMTIME_COMPONENT_RECORD;
    wasmtime_component_valrecord_new_uninit(&ret->of.record, count);
    for (uint32_t i = 0; i < count; i++) {
        name_of(type->cases[i].name, &ret->of.record.data[i].name);
        give(shape, type->cases[i].type, &value->list.items[i], &ret->of.record.data[i].val);
    }
}

static void give_case(const struct shape *shape, const struct component_type *type,
                      const struct component_value *value, wasmtime_component_val_t *ret)
{
    uint32_t index = value->variant.index;
    const struct component_case *one = &type->cases[index];
    switch ((int)type->kind) {
    case COMPONENT_ENUM:
        ret->kind = WASMTIME_COMPONENT_ENUM;
        name_of(one->name, &ret->of.enumeration);
        return;
    case COMPONENT_OPTION:
        ret->kind = WASMTIME_COMPONENT_OPTION;
        ret->of.option = boxed(shape, one->type, value->variant.payload);
        return;
    case COMPONENT_RESULT:
        ret->kind = WASMTIME_COMPONENT_RESULT;
        ret->of.result.is_ok = index == 0;
        ret->of.result.val = boxed(shape, one->type, value->variant.payload);
        return;
    default:
        ret->kind = WASMTIME_COMPONENT_VARIANT;
        name_of(one->name, &ret->of.variant.discriminant);
        ret->of.variant.val = boxed(shape, one->type, value->variant.payload);
    }
}

static void give_flags(const struct component_type *type, uint64_t bits, wasmtime_component_val_t *ret)
{
    size_t n = 0;
    ret->kind = WASMTIME_COMPONENT_FLAGS;
    wasmtime_component_valflags_new_uninit(&ret->of.flags, (size_t)__builtin_popcountll(bits));
    for (uint32_t i = 0; i < type->case_count; i++)
        if (bits >> i & 1)
            name_of(type->cases[i].name, &ret->of.flags.data[n++]);
    assert(n == ret->of.flags.size);
}

static void give_scalar(enum component_kind kind, const struct component_value *value,
                        wasmtime_component_val_t *ret)
{
    static const uint8_t kinds[] = {WASMTIME_COMPONENT_BOOL, WASMTIME_COMPONENT_S8,  WASMTIME_COMPONENT_U8,
                                    WASMTIME_COMPONENT_S16,  WASMTIME_COMPONENT_U16, WASMTIME_COMPONENT_S32,
                                    WASMTIME_COMPONENT_U32,  WASMTIME_COMPONENT_S64, WASMTIME_COMPONENT_U64,
                                    WASMTIME_COMPONENT_F32,  WASMTIME_COMPONENT_F64, WASMTIME_COMPONENT_CHAR};
    ret->kind = kinds[kind];
    ret->of.u64 = 0;
    if (kind == COMPONENT_BOOL)
        ret->of.boolean = value->u64 != 0;
    else
        memcpy(&ret->of, value, 8); /* little-endian: the low bytes are the narrower value */
}

static void give(const struct shape *shape, uint32_t number, const struct component_value *value,
                 wasmtime_component_val_t *ret)
{
    const struct component_type *type = component_type_of(shape->types, number);
    switch ((int)type->kind) {
    case COMPONENT_STRING:
        ret->kind = WASMTIME_COMPONENT_STRING;
        name_of(value->text, &ret->of.string);
        return;
    case COMPONENT_LIST:
        give_list(shape, type, value, ret);
        return;
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
        give_items(shape, type, value, ret);
        return;
    case COMPONENT_FLAGS:
        give_flags(type, value->u64, ret);
        return;
    case COMPONENT_VARIANT:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
    case COMPONENT_ENUM:
        give_case(shape, type, value, ret);
        return;
    default:
        give_scalar(type->kind, value, ret);
    }
}

/* ---- and back ---- */

struct reader {
    const struct shape *shape;
    struct sw_arena *arena;
};

static void read(const struct reader *r, uint32_t number, const wasmtime_component_val_t *val,
                 struct component_value *ret);

static void *take(const struct reader *r, size_t n, size_t align)
{
    void *p = sw_arena_try(r->arena, n ? n : 1, align);
    assert(p);
    return p;
}

static struct component_value *items(const struct reader *r, size_t count)
{
    return take(r, count * sizeof(struct component_value), alignof(struct component_value));
}

static struct sw_str text(const struct reader *r, const wasm_name_t *name)
{
    char *p = take(r, name->size, 1);
    if (name->size)
        memcpy(p, name->data, name->size);
    return sw_str(p, name->size);
}

static void read_map(const struct reader *r, const struct component_type *type,
                     const wasmtime_component_val_t *val, struct component_value *ret)
{
    const struct component_case *entry = component_type_of(r->shape->types, type->elem)->cases;
    struct component_value *values = items(r, val->of.map.size);
    assert(val->kind == WASMTIME_COMPONENT_MAP);
    for (size_t i = 0; i < val->of.map.size; i++) {
        struct component_value *pair = items(r, 2);
        read(r, entry[0].type, &val->of.map.data[i].key, &pair[0]);
        read(r, entry[1].type, &val->of.map.data[i].value, &pair[1]);
        values[i].list.items = pair;
        values[i].list.count = 2;
    }
    ret->list.items = values;
    ret->list.count = val->of.map.size;
}

static void read_list(const struct reader *r, const struct component_type *type,
                      const wasmtime_component_val_t *val, struct component_value *ret)
{
    size_t count = val->of.list.size;
    assert(val->kind == WASMTIME_COMPONENT_LIST);
    if (type->elem == COMPONENT_U8) {
        char *bytes = take(r, count, 1);
        for (size_t i = 0; i < count; i++)
            bytes[i] = (char)val->of.list.data[i].of.u8;
        ret->text = sw_str(bytes, count);
        return;
    }
    struct component_value *values = items(r, count);
    for (size_t i = 0; i < count; i++)
        read(r, type->elem, &val->of.list.data[i], &values[i]);
    ret->list.items = values;
    ret->list.count = count;
}

static void read_items(const struct reader *r, const struct component_type *type,
                       const wasmtime_component_val_t *val, struct component_value *ret)
{
    struct component_value *values = items(r, type->case_count);
    for (uint32_t i = 0; i < type->case_count; i++)
        read(r, type->cases[i].type,
             type->kind == COMPONENT_TUPLE ? &val->of.tuple.data[i] : &val->of.record.data[i].val,
             &values[i]);
    ret->list.items = values;
    ret->list.count = type->case_count;
}

static uint32_t case_named(const struct component_type *type, const wasm_name_t *name)
{
    for (uint32_t i = 0; i < type->case_count; i++)
        if (sw_str_eq(type->cases[i].name, sw_str(name->data, name->size)))
            return i;
    abort();
}

static void read_case(const struct reader *r, const struct component_type *type,
                      const wasmtime_component_val_t *val, struct component_value *ret)
{
    const wasmtime_component_val_t *payload = NULL;
    uint32_t index;
    switch ((int)type->kind) {
    case COMPONENT_ENUM:
        index = case_named(type, &val->of.enumeration);
        break;
    case COMPONENT_OPTION:
        payload = val->of.option;
        index = payload != NULL;
        break;
    case COMPONENT_RESULT:
        payload = val->of.result.val;
        index = !val->of.result.is_ok;
        break;
    default:
        payload = val->of.variant.val;
        index = case_named(type, &val->of.variant.discriminant);
    }
    ret->variant.index = index;
    ret->variant.payload = NULL;
    if (type->kind != COMPONENT_ENUM && type->cases[index].type != COMPONENT_NO_TYPE) {
        struct component_value *value = items(r, 1);
        assert(payload);
        read(r, type->cases[index].type, payload, value);
        ret->variant.payload = value;
    }
}

static void read_scalar(enum component_kind kind, const wasmtime_component_val_t *val,
                        struct component_value *ret)
{
    ret->u64 = 0;
    switch ((int)kind) {
    case COMPONENT_BOOL:
        ret->u64 = val->of.boolean;
        return;
    case COMPONENT_S8:
        ret->s64 = val->of.s8;
        return;
    case COMPONENT_U8:
        ret->u64 = val->of.u8;
        return;
    case COMPONENT_S16:
        ret->s64 = val->of.s16;
        return;
    case COMPONENT_U16:
        ret->u64 = val->of.u16;
        return;
    case COMPONENT_S32:
        ret->s64 = val->of.s32;
        return;
    case COMPONENT_U32:
    case COMPONENT_CHAR:
        ret->u64 = val->of.u32;
        return;
    case COMPONENT_F32:
        ret->f32 = val->of.f32;
        return;
    default:
        ret->u64 = val->of.u64;
    }
}

static void read(const struct reader *r, uint32_t number, const wasmtime_component_val_t *val,
                 struct component_value *ret)
{
    const struct component_type *type = component_type_of(r->shape->types, number);
    switch ((int)type->kind) {
    case COMPONENT_STRING:
        ret->text = text(r, &val->of.string);
        return;
    case COMPONENT_LIST:
        if (type->length == COMPONENT_MAP)
            read_map(r, type, val, ret);
        else
            read_list(r, type, val, ret);
        return;
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
        read_items(r, type, val, ret);
        return;
    case COMPONENT_FLAGS:
        ret->u64 = 0;
        for (size_t i = 0; i < val->of.flags.size; i++)
            ret->u64 |= UINT64_C(1) << case_named(type, &val->of.flags.data[i]);
        return;
    case COMPONENT_VARIANT:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
    case COMPONENT_ENUM:
        read_case(r, type, val, ret);
        return;
    default:
        read_scalar(type->kind, val, ret);
    }
}

/* ---- components ---- */

struct oracle *oracle_new(void)
{
    struct oracle *oracle = calloc(1, sizeof *oracle);
    wasm_config_t *config = wasm_config_new();
    assert(oracle && config);
    wasmtime_config_cranelift_opt_level_set(config, WASMTIME_OPT_LEVEL_NONE);
    wasmtime_config_wasm_component_model_set(config, true);
    wasmtime_config_wasm_component_model_map_set(config, true);
    oracle->engine = wasm_engine_new_with_config(config);
    assert(oracle->engine);
    return oracle;
}

void oracle_free(struct oracle *oracle)
{
    wasm_engine_delete(oracle->engine);
    free(oracle);
}

/* lint: allow(size): the type of Wasmtime's callback */
static wasmtime_error_t *imported(void *data, wasmtime_context_t *context,
                                  const wasmtime_component_func_type_t *func_type,
                                  wasmtime_component_val_t *args, size_t arg_count,
                                  wasmtime_component_val_t *results, size_t result_count)
{
    const struct import *import = data;
    struct oracle *oracle = import->oracle;
    const struct component_func_type *type = &oracle->shape->funcs[import->number].type;
    sw_auto_arena arena = SW_ARENA(1u << 30);
    const struct reader r = {oracle->shape, &arena};
    struct component_value *values = items(&r, arg_count), result = {.u64 = 0};
    (void)context;
    (void)func_type;
    assert(arg_count == type->param_count);
    for (size_t i = 0; i < arg_count; i++)
        read(&r, type->params[i].type, &args[i], &values[i]);
    oracle->fn(oracle->arg, import->number, values, &result);
    if (result_count)
        give(oracle->shape, type->result, &result, &results[0]);
    return NULL;
}

static wasmtime_component_export_index_t *export_of(const struct oracle *oracle, const char *name)
{
    wasmtime_component_export_index_t *index =
        wasmtime_component_get_export_index(oracle->component, NULL, name, strlen(name));
    assert(index);
    return index;
}

static void define_imports(struct oracle *oracle)
{
    wasmtime_component_linker_instance_t *root = wasmtime_component_linker_root(oracle->linker), *instance;
    must(oracle, wasmtime_component_linker_instance_add_instance(root, "t:d/i", 5, &instance),
         "define t:d/i");
    for (uint32_t i = 0; i < oracle->shape->count; i++) {
        const char *name = oracle->shape->funcs[i].name;
        oracle->imports[i] = (struct import){oracle, i};
        must(oracle,
             wasmtime_component_linker_instance_add_func(instance, name, strlen(name), imported,
                                                         &oracle->imports[i], NULL),
             name);
    }
    wasmtime_component_linker_instance_delete(instance);
    wasmtime_component_linker_instance_delete(root);
}

void oracle_open(struct oracle *oracle, const struct shape *shape, oracle_import_fn *fn, void *arg,
                 struct sw_buf *ret_wasm)
{
    sw_auto_buf wat = SW_BUF(64u << 20);
    wasm_byte_vec_t wasm;
    struct sw_err err;
    shape_wat(shape, &wat);
    oracle->shape = shape;
    oracle->fn = fn;
    oracle->arg = arg;
    wasmtime_error_t *error = wasmtime_wat2wasm(wat.p, wat.n, &wasm);
    if (!error && sw_buf_add(ret_wasm, sw_str(wasm.data, wasm.size), &err) < 0)
        abort();
    must(oracle, error, "read the component's text");
    error = wasmtime_component_new(oracle->engine, (const uint8_t *)wasm.data, wasm.size, &oracle->component);
    must(oracle, error, "compile the component");
    wasm_byte_vec_delete(&wasm);
    oracle->linker = wasmtime_component_linker_new(oracle->engine);
    oracle->imports = calloc(shape->count, sizeof *oracle->imports);
    oracle->exports = calloc(shape->count, sizeof(void *));
    oracle->callers = calloc(shape->count, sizeof(void *));
    assert(oracle->imports && oracle->exports && oracle->callers);
    define_imports(oracle);
    for (uint32_t i = 0; i < shape->count; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "e%u", i);
        oracle->exports[i] = export_of(oracle, name);
        name[0] = 'c';
        oracle->callers[i] = export_of(oracle, name);
    }
    oracle->peek = export_of(oracle, "peek");
    oracle->poke = export_of(oracle, "poke");
}

void oracle_close(struct oracle *oracle)
{
    for (uint32_t i = 0; i < oracle->shape->count; i++) {
        wasmtime_component_export_index_delete(oracle->exports[i]);
        wasmtime_component_export_index_delete(oracle->callers[i]);
    }
    wasmtime_component_export_index_delete(oracle->peek);
    wasmtime_component_export_index_delete(oracle->poke);
    wasmtime_component_linker_delete(oracle->linker);
    wasmtime_component_delete(oracle->component);
    free(oracle->imports);
    free(oracle->exports);
    free(oracle->callers);
}

void oracle_begin(struct oracle *oracle)
{
    oracle->store = wasmtime_store_new(oracle->engine, NULL, NULL);
    oracle->context = wasmtime_store_context(oracle->store);
    must(oracle,
         wasmtime_component_linker_instantiate(oracle->linker, oracle->context, oracle->component,
                                               &oracle->instance),
         "instantiate");
}

void oracle_end(struct oracle *oracle)
{
    wasmtime_store_delete(oracle->store);
    oracle->store = NULL;
}

/* ---- calls ---- */

static int call(struct oracle *oracle, const wasmtime_component_export_index_t *export,
                wasmtime_component_val_t *args, size_t arg_count, wasmtime_component_val_t *result)
{
    wasmtime_component_func_t func;
    if (!wasmtime_component_instance_get_func(&oracle->instance, oracle->context, export, &func))
        abort();
    wasmtime_error_t *error =
        wasmtime_component_func_call(&func, oracle->context, args, arg_count, result, result != NULL);
    for (size_t i = 0; i < arg_count; i++)
        wasmtime_component_val_delete(&args[i]);
    return failed(oracle, error);
}

int oracle_export(struct oracle *oracle, uint32_t number, const struct component_value *args,
                  struct sw_arena *arena, struct component_value *ret_result)
{
    const struct component_func_type *type = &oracle->shape->funcs[number].type;
    const struct reader r = {oracle->shape, arena};
    wasmtime_component_val_t *vals = take(&r, (type->param_count + 1) * sizeof *vals,
                                          alignof(wasmtime_component_val_t)),
                             result;
    bool has_result = type->result != COMPONENT_NO_TYPE;
    for (uint32_t i = 0; i < type->param_count; i++)
        give(oracle->shape, type->params[i].type, &args[i], &vals[i]);
    memset(&result, 0, sizeof result);
    int rc = call(oracle, oracle->exports[number], vals, type->param_count, has_result ? &result : NULL);
    if (rc < 0 || !has_result)
        return rc;
    read(&r, type->result, &result, ret_result);
    wasmtime_component_val_delete(&result);
    return 0;
}

int oracle_import(struct oracle *oracle, uint32_t number)
{
    return call(oracle, oracle->callers[number], NULL, 0, NULL);
}

void oracle_peek(struct oracle *oracle, uint32_t at, uint32_t n, uint8_t *to)
{
    wasmtime_component_val_t args[2] = {{.kind = WASMTIME_COMPONENT_U32, .of.u32 = at},
                                        {.kind = WASMTIME_COMPONENT_U32, .of.u32 = n}},
                             result;
    memset(&result, 0, sizeof result);
    if (call(oracle, oracle->peek, args, 2, &result) < 0) {
        (void)fprintf(stderr, "peek: %s\n", oracle->why);
        abort();
    }
    const uint8_t *p = (const uint8_t *)result.of.string.data;
    for (uint32_t i = 0; i < n; i++) { /* Latin-1, that came as UTF-8 */
        to[i] = *p < 0x80 ? *p : (uint8_t)((*p & 3) << 6 | (p[1] & 0x3f));
        p += *p < 0x80 ? 1 : 2;
    }
    assert(p == (const uint8_t *)result.of.string.data + result.of.string.size);
    wasmtime_component_val_delete(&result);
}

void oracle_poke(struct oracle *oracle, uint32_t at, uint32_t n, const uint8_t *from)
{
    wasmtime_component_val_t args[2] = {{.kind = WASMTIME_COMPONENT_U32, .of.u32 = at},
                                        {.kind = WASMTIME_COMPONENT_STRING}};
    wasm_byte_vec_new_uninitialized(&args[1].of.string, 2 * (size_t)n);
    char *p = args[1].of.string.data;
    for (uint32_t i = 0; i < n; i++) {
        if (from[i] >= 0x80)
            *p++ = (char)(0xc0 | from[i] >> 6);
        *p++ = (char)(from[i] < 0x80 ? from[i] : 0x80 | (from[i] & 0x3f));
    }
    wasm_byte_vec_t whole = args[1].of.string; /* as long as it became, in memory of its own */
    wasm_byte_vec_new(&args[1].of.string, (size_t)(p - whole.data), whole.data);
    wasm_byte_vec_delete(&whole);
    if (call(oracle, oracle->poke, args, 2, NULL) < 0) {
        (void)fprintf(stderr, "poke: %s\n", oracle->why);
        abort();
    }
}

const char *oracle_why(const struct oracle *oracle)
{
    return oracle->why;
}
