/* shape.c - random function types, as ours, as WAT and as WIT.  Room: component (its tests).
 *
 * Records, variants, enums and flags have names, n0 and on, since an interface has to name them; all else is written where it is used. */
#include "differential/shape.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 5, CASES_MAX = 300, PARAMS_MAX = 24, NAMED_MAX = 64 << 10, PARTS_MAX = 40 };
enum { BINDINGS_TEXT_MAX = 4095 }; /* bindgen's own limit: a C string has to hold it */

void put(struct sw_buf *out, const char *fmt, ...)
{
    char text[512];
    struct sw_err err;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof text || sw_buf_add(out, sw_str(text, (size_t)n), &err) < 0)
        abort();
}

/* ---- making types ---- */

static uint32_t intern(struct shape *shape, const struct component_type *type)
{
    uint32_t number = 0;
    struct sw_err err;
    if (component_types_intern(shape->types, type, &number, &err) < 0) {
        (void)fprintf(stderr, "a type was refused: %s\n", err.text);
        abort();
    }
    return number;
}

static uint32_t make_type(struct shape *shape, unsigned depth);

static uint32_t name_it(struct shape *shape, uint32_t type)
{
    for (uint32_t i = 0; i < shape->named_count; i++)
        if (shape->named[i] == type)
            return type;
    assert(shape->named_count < NAMED_MAX);
    shape->named[shape->named_count++] = type;
    return type;
}

static struct sw_str label(struct shape *shape, uint32_t i)
{
    static const char *const heads[] = {"a", "b-c", "long-NAME", "x"};
    char text[32];
    int n = snprintf(text, sizeof text, "%s%u%s", heads[i % 4], i, i % 4 == 3 ? "-y" : "");
    char *kept = sw_arena_try(&shape->arena, (size_t)n + 1, 1);
    assert(kept);
    memcpy(kept, text, (size_t)n + 1);
    return sw_str(kept, (size_t)n);
}

static uint32_t case_count(struct shape *shape, enum component_kind kind)
{
    struct random *random = &shape->random;
    if (kind == COMPONENT_FLAGS)
        return 1 + random_below(random, random_below(random, 2) ? 32 : 9);
    if (kind == COMPONENT_ENUM || kind == COMPONENT_VARIANT)
        return 1 + random_below(random, random_below(random, 60) ? 6 : CASES_MAX);
    return 1 + random_below(random, 6);
}

static uint32_t make_cases(struct shape *shape, enum component_kind kind, unsigned depth)
{
    uint32_t count = case_count(shape, kind);
    bool all = kind == COMPONENT_RECORD || kind == COMPONENT_TUPLE;
    struct component_case cases[CASES_MAX];
    for (uint32_t i = 0; i < count; i++) {
        cases[i] = (struct component_case){.type = COMPONENT_NO_TYPE};
        if (kind != COMPONENT_TUPLE)
            cases[i].name = label(shape, i);
        if (all || (kind == COMPONENT_VARIANT && i < 8 && random_below(&shape->random, 3)))
            cases[i].type = make_type(shape, depth + 1);
    }
    uint32_t type =
        intern(shape, &(struct component_type){
                          .kind = kind, .elem = COMPONENT_NO_TYPE, .cases = cases, .case_count = count});
    return kind == COMPONENT_TUPLE ? type : name_it(shape, type);
}

static uint32_t make_pair(struct shape *shape, enum component_kind kind, unsigned depth)
{
    static const struct sw_str names[2][2] = {{SW_LIT_INIT("none"), SW_LIT_INIT("some")},
                                              {SW_LIT_INIT("ok"), SW_LIT_INIT("error")}};
    struct component_case cases[2] = {
        {.name = names[kind == COMPONENT_RESULT][0], .type = COMPONENT_NO_TYPE},
        {.name = names[kind == COMPONENT_RESULT][1], .type = COMPONENT_NO_TYPE}};
    if (kind == COMPONENT_RESULT && random_below(&shape->random, 3))
        cases[0].type = make_type(shape, depth + 1);
    if (kind == COMPONENT_OPTION || random_below(&shape->random, 3))
        cases[1].type = make_type(shape, depth + 1);
    return intern(shape, &(struct component_type){
                             .kind = kind, .elem = COMPONENT_NO_TYPE, .cases = cases, .case_count = 2});
}

static uint32_t make_map(struct shape *shape, unsigned depth)
{
    static const enum component_kind keys[] = {COMPONENT_BOOL, COMPONENT_U8,   COMPONENT_S16,   COMPONENT_U32,
                                               COMPONENT_S64,  COMPONENT_CHAR, COMPONENT_STRING};
    struct component_case entry[2] = {{.type = keys[random_below(&shape->random, 7)]},
                                      {.type = make_type(shape, depth + 1)}};
    uint32_t tuple = intern(shape, &(struct component_type){.kind = COMPONENT_TUPLE,
                                                            .elem = COMPONENT_NO_TYPE,
                                                            .cases = entry,
                                                            .case_count = 2,
                                                            .length = COMPONENT_MAP});
    return intern(shape,
                  &(struct component_type){.kind = COMPONENT_LIST, .elem = tuple, .length = COMPONENT_MAP});
}

static uint32_t make_type(struct shape *shape, unsigned depth)
{
    struct random *random = &shape->random;
    uint32_t what = random_below(random, 100);
    if (shape->budget)
        shape->budget--;
    if (depth >= DEPTH_MAX || !shape->budget || what < 42)
        return random_below(random, COMPONENT_CHAR + 1);
    if (what < 52)
        return COMPONENT_STRING;
    if (what < 64)
        return intern(shape,
                      &(struct component_type){.kind = COMPONENT_LIST, .elem = make_type(shape, depth + 1)});
    if (what < 67 && !shape->bindings)
        return make_map(shape, depth);
    if (what < 74)
        return make_pair(shape, COMPONENT_OPTION, depth);
    if (what < 80)
        return make_pair(shape, COMPONENT_RESULT, depth);
    static const enum component_kind kinds[] = {COMPONENT_RECORD, COMPONENT_TUPLE, COMPONENT_VARIANT,
                                                COMPONENT_ENUM, COMPONENT_FLAGS};
    return make_cases(shape, kinds[random_below(random, 5)], depth);
}

/* ---- functions ---- */

static struct sw_str no_resource(void *arg, uint32_t resource)
{
    (void)arg;
    (void)resource;
    return SW_LIT("");
}

const char *shape_print(const struct shape *shape, const struct component_func_type *func)
{
    sw_auto_buf text = SW_BUF(1u << 20);
    struct sw_err err;
    if (component_func_type_print(shape->types, func, no_resource, NULL, &text, &err) < 0)
        abort();
    struct shape *owner = (struct shape *)(uintptr_t)shape; /* its arena only */
    char *kept = sw_arena_try(&owner->arena, text.n + 1, 1);
    assert(kept);
    memcpy(kept, text.p, text.n);
    kept[text.n] = '\0';
    return kept;
}

static void make_func(struct shape *shape, struct shape_func *func, uint32_t number)
{
    struct random *random = &shape->random;
    struct component_case params[PARAMS_MAX];
    uint32_t count = random_below(random, random_below(random, 8) ? 5 : PARAMS_MAX + 1);
    shape->budget = PARTS_MAX;
    if (shape->bindings && !count)
        count = 1;
    for (uint32_t i = 0; i < count; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "p%u", i);
        params[i] = (struct component_case){.type = make_type(shape, 0)};
        char *kept = sw_arena_try(&shape->arena, sizeof name, 1);
        assert(kept);
        memcpy(kept, name, sizeof name);
        params[i].name = sw_str_of(kept);
    }
    struct component_case *kept = SW_ARENA_ARRAY(&shape->arena, count, struct component_case);
    assert(kept);
    if (count)
        memcpy(kept, params, count * sizeof *params);
    func->type =
        (struct component_func_type){.params = kept, .param_count = count, .result = COMPONENT_NO_TYPE};
    if (random_below(random, 6)) {
        shape->budget += PARTS_MAX / 2;
        func->type.result = shape->bindings ? kept[0].type : make_type(shape, 0);
    }
    (void)snprintf(func->name, sizeof func->name, "do%u", number);
    func->encoding = (enum component_encoding)random_below(random, 3);
    struct sw_err err;
    if (component_func_type_complete(shape->types, &func->type, &err) < 0)
        abort();
    func->text = shape_print(shape, &func->type);
}

void shape_make(struct shape *shape, uint64_t seed, uint32_t count, bool bindings)
{
    struct sw_err err;
    *shape =
        (struct shape){.arena = SW_ARENA(1u << 30), .count = count, .random = {seed}, .bindings = bindings};
    if (component_types_new(&shape->arena, &shape->types, &err) < 0)
        abort();
    shape->funcs = SW_ARENA_ARRAY(&shape->arena, count, struct shape_func);
    shape->named = SW_ARENA_ARRAY(&shape->arena, NAMED_MAX, uint32_t);
    assert(shape->funcs && shape->named);
    for (uint32_t i = 0; i < count; i++)
        do
            make_func(shape, &shape->funcs[i], i);
        while (bindings && strlen(shape->funcs[i].text) > BINDINGS_TEXT_MAX);
}

void shape_free(struct shape *shape)
{
    sw_arena_deinit(&shape->arena);
}

/* ---- text ---- */

static const char *const primitives[] = {"bool", "s8",  "u8",  "s16", "u16",  "s32",    "u32",
                                         "s64",  "u64", "f32", "f64", "char", "string", "error-context"};

static bool is_named(const struct shape *shape, uint32_t type, uint32_t *ret)
{
    for (uint32_t i = 0; i < shape->named_count; i++)
        if (shape->named[i] == type) {
            *ret = i;
            return true;
        }
    return false;
}

static void wat_type(const struct shape *shape, uint32_t number, struct sw_buf *out)
{
    const struct component_type *type = component_type_of(shape->types, number);
    uint32_t name;
    if (number < COMPONENT_KIND_PRIMITIVES) {
        put(out, "%s", primitives[number]);
    } else if (is_named(shape, number, &name)) {
        put(out, "$n%u", name);
    } else if (type->kind == COMPONENT_LIST && type->length == COMPONENT_MAP) {
        const struct component_case *entry = component_type_of(shape->types, type->elem)->cases;
        put(out, "(map ");
        wat_type(shape, entry[0].type, out);
        put(out, " ");
        wat_type(shape, entry[1].type, out);
        put(out, ")");
    } else if (type->kind == COMPONENT_LIST) {
        put(out, "(list ");
        wat_type(shape, type->elem, out);
        put(out, ")");
    } else if (type->kind == COMPONENT_RESULT) {
        put(out, "(result ");
        if (type->cases[0].type != COMPONENT_NO_TYPE)
            wat_type(shape, type->cases[0].type, out);
        if (type->cases[1].type != COMPONENT_NO_TYPE) {
            put(out, " (error ");
            wat_type(shape, type->cases[1].type, out);
            put(out, ")");
        }
        put(out, ")");
    } else { /* option, tuple */
        put(out, type->kind == COMPONENT_OPTION ? "(option" : "(tuple");
        for (uint32_t i = type->kind == COMPONENT_OPTION; i < type->case_count; i++) {
            put(out, " ");
            wat_type(shape, type->cases[i].type, out);
        }
        put(out, ")");
    }
}

static void wat_named(const struct shape *shape, uint32_t name, struct sw_buf *out)
{
    const struct component_type *type = component_type_of(shape->types, shape->named[name]);
    static const char *const heads[] = {[COMPONENT_RECORD] = "record",
                                        [COMPONENT_VARIANT] = "variant",
                                        [COMPONENT_ENUM] = "enum",
                                        [COMPONENT_FLAGS] = "flags"};
    put(out, "(type $n%u' (%s", name, heads[type->kind]);
    for (uint32_t i = 0; i < type->case_count; i++) {
        const struct component_case *one = &type->cases[i];
        const char *head = type->kind == COMPONENT_RECORD    ? "(field "
                           : type->kind == COMPONENT_VARIANT ? "(case "
                                                             : "";
        put(out, " %s\"" SW_FMT "\"", head, SW_ARG(one->name));
        if (*head && one->type != COMPONENT_NO_TYPE) {
            put(out, " ");
            wat_type(shape, one->type, out);
        }
        put(out, *head ? ")" : "");
    }
    put(out, "))\n(export \"n%u\" (type $n%u (eq $n%u')))\n", name, name, name);
}

void shape_wat_signature(const struct shape *shape, const struct component_func_type *func,
                         struct sw_buf *out)
{
    for (uint32_t i = 0; i < func->param_count; i++) {
        put(out, " (param \"" SW_FMT "\" ", SW_ARG(func->params[i].name));
        wat_type(shape, func->params[i].type, out);
        put(out, ")");
    }
    if (func->result != COMPONENT_NO_TYPE) {
        put(out, " (result ");
        wat_type(shape, func->result, out);
        put(out, ")");
    }
}

void shape_wat_interface(const struct shape *shape, struct sw_buf *out)
{
    put(out, "(import \"t:d/i\" (instance $i\n");
    for (uint32_t i = 0; i < shape->named_count; i++)
        wat_named(shape, i, out);
    for (uint32_t i = 0; i < shape->count; i++) {
        put(out, "(export \"do%u\" (func", i);
        shape_wat_signature(shape, &shape->funcs[i].type, out);
        put(out, "))\n");
    }
    put(out, "))\n");
    for (uint32_t i = 0; i < shape->named_count; i++)
        put(out, "(alias export $i \"n%u\" (type $n%u))\n", i, i);
    for (uint32_t i = 0; i < shape->count; i++)
        put(out, "(alias export $i \"do%u\" (func $f%u))\n", i, i);
}

static void wit_type(const struct shape *shape, uint32_t number, struct sw_buf *out)
{
    const struct component_type *type = component_type_of(shape->types, number);
    uint32_t name;
    if (number < COMPONENT_KIND_PRIMITIVES) {
        put(out, "%s", primitives[number]);
    } else if (is_named(shape, number, &name)) {
        put(out, "n%u", name);
    } else if (type->kind == COMPONENT_LIST) {
        put(out, "list<");
        wit_type(shape, type->elem, out);
        put(out, ">");
    } else if (type->kind == COMPONENT_RESULT) {
        bool ok = type->cases[0].type != COMPONENT_NO_TYPE, error = type->cases[1].type != COMPONENT_NO_TYPE;
        put(out, ok || error ? "result<" : "result");
        if (ok)
            wit_type(shape, type->cases[0].type, out);
        if (error) {
            put(out, ok ? ", " : "_, ");
            wit_type(shape, type->cases[1].type, out);
        }
        put(out, ok || error ? ">" : "");
    } else {
        put(out, type->kind == COMPONENT_OPTION ? "option<" : "tuple<");
        for (uint32_t i = type->kind == COMPONENT_OPTION; i < type->case_count; i++) {
            put(out, i > 1 || (i && type->kind == COMPONENT_TUPLE) ? ", " : "");
            wit_type(shape, type->cases[i].type, out);
        }
        put(out, ">");
    }
}

static void wit_named(const struct shape *shape, uint32_t name, struct sw_buf *out)
{
    const struct component_type *type = component_type_of(shape->types, shape->named[name]);
    static const char *const heads[] = {[COMPONENT_RECORD] = "record",
                                        [COMPONENT_VARIANT] = "variant",
                                        [COMPONENT_ENUM] = "enum",
                                        [COMPONENT_FLAGS] = "flags"};
    put(out, "    %s n%u {", heads[type->kind], name);
    for (uint32_t i = 0; i < type->case_count; i++) {
        const struct component_case *one = &type->cases[i];
        bool typed = one->type != COMPONENT_NO_TYPE &&
                     (type->kind == COMPONENT_RECORD || type->kind == COMPONENT_VARIANT);
        put(out, " " SW_FMT "%s", SW_ARG(one->name),
            !typed                           ? ""
            : type->kind == COMPONENT_RECORD ? ": "
                                             : "(");
        if (typed)
            wit_type(shape, one->type, out);
        put(out, typed && type->kind == COMPONENT_VARIANT ? ")," : ",");
    }
    put(out, " }\n");
}

void shape_wit(const struct shape *shape, struct sw_buf *out)
{
    put(out, "package t:d;\n\ninterface i {\n");
    for (uint32_t i = 0; i < shape->named_count; i++)
        wit_named(shape, i, out);
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct component_func_type *func = &shape->funcs[i].type;
        put(out, "    do%u: func(", i);
        for (uint32_t k = 0; k < func->param_count; k++) {
            put(out, "%s" SW_FMT ": ", k ? ", " : "", SW_ARG(func->params[k].name));
            wit_type(shape, func->params[k].type, out);
        }
        put(out, ")");
        if (func->result != COMPONENT_NO_TYPE) {
            put(out, " -> ");
            wit_type(shape, func->result, out);
        }
        put(out, ";\n");
    }
    put(out, "}\n\nworld w {\n    import i;\n}\n");
}
