/* run_fixture.c - a hand-made plan over the fake engine. */
#include "run_fixture.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"

/* ---- the guest's exports ---- */

struct fixture_guest *fixture_of(struct fake_guest *guest)
{
    return guest->module->arg;
}

static int guest_realloc(struct fake_guest *guest, union engine_val *vals)
{
    struct fixture_guest *own = fixture_of(guest);
    int n = snprintf(own->log + own->log_n, sizeof own->log - own->log_n, "%u,%u,%u,%u;", vals[0].u32,
                     vals[1].u32, vals[2].u32, vals[3].u32);
    if (n > 0 && (size_t)n < sizeof own->log - own->log_n)
        own->log_n += (size_t)n;
    if (own->realloc)
        return own->realloc(guest, vals);
    uint32_t old = vals[0].u32, keep = vals[1].u32 < vals[3].u32 ? vals[1].u32 : vals[3].u32;
    uint32_t at = fake_guest_alloc(guest, vals[3].u32, vals[2].u32);
    if (keep && at < FAKE_MEMORY_BYTES_MAX)
        memcpy(guest->memory.base + at, guest->memory.base + old, keep);
    vals[0].u64 = at;
    return 0;
}

static int guest_post(struct fake_guest *guest, union engine_val *vals)
{
    struct fixture_guest *own = fixture_of(guest);
    own->posts++;
    return own->post ? own->post(guest, vals) : 0;
}

static int guest_run(struct fake_guest *guest, union engine_val *vals)
{
    return fixture_of(guest)->run ? fixture_of(guest)->run(guest, vals) : 0;
}

static int guest_run2(struct fake_guest *guest, union engine_val *vals)
{
    return fixture_of(guest)->run2 ? fixture_of(guest)->run2(guest, vals) : 0;
}

static int guest_dtor(struct fake_guest *guest, union engine_val *vals)
{
    return fixture_of(guest)->dtor ? fixture_of(guest)->dtor(guest, vals) : 0;
}

static int guest_start(struct fake_guest *guest, union engine_val *vals)
{
    return fixture_of(guest)->start ? fixture_of(guest)->start(guest, vals) : 0;
}

static const struct fake_export guest_exports[] = {
    {"mem", NULL},        {"realloc", guest_realloc}, {"post", guest_post},        {"run", guest_run},
    {"run2", guest_run2}, {"dtor", guest_dtor},       {"swell:start", guest_start}};

/* ---- types from text ---- */

static bool accept(const char **at, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(*at, word, n) != 0)
        return false;
    *at += n;
    return true;
}

static void expect(const char **at, const char *word)
{
    bool found = accept(at, word);
    assert(found);
    (void)found;
}

static struct sw_str label(const char **at)
{
    size_t n = strcspn(*at, ":,(){}<> ");
    struct sw_str name = {*at, n};
    *at += n;
    return name;
}

static uint32_t parse_type(struct fixture *fx, const char **at);

static uint32_t number(const char **at)
{
    uint32_t n = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++)
        n = n * 10 + (uint32_t)(**at - '0');
    return n;
}

static void parse_cases(struct fixture *fx, const char **at, struct component_type *shape,
                        struct component_case *cases)
{
    uint32_t n = 0;
    do {
        assert(n < FIXTURE_ITEMS_MAX * 3);
        cases[n].type = COMPONENT_NO_TYPE;
        if (shape->kind != COMPONENT_TUPLE)
            cases[n].name = label(at);
        if (shape->kind == COMPONENT_TUPLE || accept(at, ": "))
            cases[n].type = parse_type(fx, at);
        else if (accept(at, "(")) {
            cases[n].type = parse_type(fx, at);
            expect(at, ")");
        }
        n++;
    } while (accept(at, ", "));
    shape->cases = cases;
    shape->case_count = n;
}

static void parse_result(struct fixture *fx, const char **at, struct component_case *cases)
{
    cases[0] = (struct component_case){.name = SW_LIT("ok"), .type = COMPONENT_NO_TYPE};
    cases[1] = (struct component_case){.name = SW_LIT("error"), .type = COMPONENT_NO_TYPE};
    if (!accept(at, "<"))
        return;
    if (!accept(at, "_"))
        cases[0].type = parse_type(fx, at);
    if (accept(at, ", "))
        cases[1].type = parse_type(fx, at);
    expect(at, ">");
}

static uint32_t intern(struct fixture *fx, const struct component_type *shape)
{
    uint32_t type = 0;
    struct sw_err err;
    int rc = component_types_intern(fx->plan.types, shape, &type, &err);
    assert(rc == 0);
    (void)rc;
    return type;
}

static bool parse_braced(struct fixture *fx, const char **at, struct component_type *shape,
                         struct component_case *cases)
{
    static const struct {
        const char *open, *close;
        enum component_kind kind;
    } forms[] = {{"record{", "}", COMPONENT_RECORD},
                 {"variant{", "}", COMPONENT_VARIANT},
                 {"enum{", "}", COMPONENT_ENUM},
                 {"flags{", "}", COMPONENT_FLAGS},
                 {"tuple<", ">", COMPONENT_TUPLE}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (!accept(at, forms[i].open))
            continue;
        shape->kind = forms[i].kind;
        parse_cases(fx, at, shape, cases);
        expect(at, forms[i].close);
        return true;
    }
    return false;
}

static uint32_t parse_type(struct fixture *fx, const char **at)
{
    static const char *const primitives[] = {"bool", "s8",  "u8",  "s16", "u16",  "s32",    "u32",
                                             "s64",  "u64", "f32", "f64", "char", "string", "error-context"};
    struct component_case cases[FIXTURE_ITEMS_MAX * 3] = {{.type = 0}};
    struct component_type shape = {.elem = COMPONENT_NO_TYPE};
    for (uint32_t i = 0; i < sizeof primitives / sizeof *primitives; i++)
        if (accept(at, primitives[i]))
            return i;
    if (parse_braced(fx, at, &shape, cases))
        return intern(fx, &shape);
    if (accept(at, "result")) {
        shape.kind = COMPONENT_RESULT;
        shape.cases = cases;
        shape.case_count = 2;
        parse_result(fx, at, cases);
        return intern(fx, &shape);
    }
    if (accept(at, "stream") || accept(at, "future")) {
        shape.kind = (*at)[-1] == 'm' ? COMPONENT_STREAM : COMPONENT_FUTURE;
        if (!accept(at, "<"))
            return intern(fx, &shape);
        shape.elem = parse_type(fx, at);
    } else if (accept(at, "own<#") || accept(at, "borrow<#")) {
        shape.kind = (*at)[-3] == 'n' ? COMPONENT_OWN : COMPONENT_BORROW;
        shape.elem = number(at);
    } else if (accept(at, "option<")) {
        shape.kind = COMPONENT_OPTION;
        cases[0] = (struct component_case){.name = SW_LIT("none"), .type = COMPONENT_NO_TYPE};
        cases[1] = (struct component_case){.name = SW_LIT("some"), .type = parse_type(fx, at)};
        shape.cases = cases;
        shape.case_count = 2;
    } else {
        expect(at, "list<");
        shape.kind = COMPONENT_LIST;
        shape.elem = parse_type(fx, at);
        if (accept(at, ", ")) {
            shape.kind = COMPONENT_FIXED_LIST;
            shape.length = number(at);
        }
    }
    expect(at, ">");
    return intern(fx, &shape);
}

uint32_t fixture_type(struct fixture *fx, const char *text)
{
    uint32_t type = parse_type(fx, &text);
    assert(*text == '\0');
    return type;
}

const struct component_func_type *fixture_func(struct fixture *fx, const char *text)
{
    struct component_func_type *func = SW_ARENA_NEW(&fx->arena, struct component_func_type);
    struct component_case *params = SW_ARENA_ARRAY(&fx->arena, 40, struct component_case);
    assert(func && params);
    func->params = params;
    func->result = COMPONENT_NO_TYPE;
    expect(&text, "func(");
    while (!accept(&text, ")")) {
        params[func->param_count].name = label(&text);
        expect(&text, ": ");
        params[func->param_count++].type = parse_type(fx, &text);
        (void)accept(&text, ", ");
    }
    if (accept(&text, " -> "))
        func->result = parse_type(fx, &text);
    struct sw_err err;
    int rc = component_func_type_complete(fx->plan.types, func, &err);
    assert(rc == 0 && *text == '\0');
    (void)rc;
    return func;
}

/* ---- the plan ---- */

void fixture_init(struct fixture *fx, uint32_t guests)
{
    struct sw_err err;
    memset(fx, 0, sizeof *fx);
    fx->arena = SW_ARENA(8u << 20);
    int rc = component_types_new(&fx->arena, &fx->plan.types, &err);
    assert(rc == 0);
    (void)rc;
    fx->engine = fake_engine_new();
    fx->plan.instances = fx->instances;
    fx->plan.lowerings = fx->lowerings;
    fx->plan.builtins = fx->builtins;
    fx->plan.lifts = fx->lifts;
    fx->plan.resources = fx->resources;
    fx->plan.exports = fx->exports;
    fx->plan.instance_count = guests;
    fx->plan.component_instance_count = guests + 1;
    fx->plan.instance_parents = fx->parents;
    fx->parents[0] = COMPONENT_NONE;
    for (uint32_t i = 0; i < guests; i++) {
        fx->instances[i] =
            (struct component_core_instance){.core = i, .args = fx->guests[i].args, .instance = i + 1};
        fx->guests[i].fixture = fx;
        fx->modules[i] = (struct engine_module){guest_exports, sizeof guest_exports / sizeof *guest_exports,
                                                0, 65536, &fx->guests[i]};
    }
}

static struct component_core_func core_export(uint32_t guest, const char *name)
{
    return (struct component_core_func){COMPONENT_CORE_EXPORT, guest, sw_str_of(name)};
}

struct component_options fixture_options(uint32_t guest, enum component_encoding encoding)
{
    return (struct component_options){.encoding = encoding,
                                      .has_memory = true,
                                      .has_realloc = true,
                                      .memory_instance = guest,
                                      .memory_name = SW_LIT("mem"),
                                      .realloc = core_export(guest, "realloc")};
}

uint32_t fixture_lift(struct fixture *fx, uint32_t guest, const char *name, const char *func,
                      enum component_encoding encoding)
{
    uint32_t lift = fx->plan.lift_count++;
    fx->lifts[lift] = (struct component_lift){.instance = guest + 1,
                                              .callee = core_export(guest, name),
                                              .options = fixture_options(guest, encoding),
                                              .type = fixture_func(fx, func),
                                              .name = sw_str_of(name)};
    struct component_plan_export *export = &fx->exports[fx->plan.export_count++];
    export->name = sw_str_of(name);
    export->func =
        (struct component_func){.kind = COMPONENT_FUNC_LIFT, .lift = lift, .type = fx->lifts[lift].type};
    return lift;
}

void fixture_post_return(struct fixture *fx, uint32_t lift)
{
    fx->lifts[lift].options.has_post_return = true;
    fx->lifts[lift].options.post_return = core_export(fx->lifts[lift].callee.index, "post");
}

static uint32_t import(struct fixture *fx, uint32_t guest, enum component_core_func_kind kind, uint32_t index)
{
    struct fixture_guest *own = &fx->guests[guest];
    own->args[own->arg_count] =
        (struct component_arg){.kind = COMPONENT_ARG_FUNC, .func = {kind, index, {NULL, 0}}};
    fx->instances[guest].arg_count = own->arg_count + 1;
    fx->modules[guest].import_count = own->arg_count + 1;
    return own->arg_count++;
}

uint32_t fixture_import_host(struct fixture *fx, uint32_t guest, const struct component_host_func *host,
                             const char *func, enum component_encoding encoding)
{
    uint32_t n = fx->plan.lowering_count++;
    fx->lowerings[n] = (struct component_lowering){guest + 1,
                                                   {.kind = COMPONENT_FUNC_HOST,
                                                    .host = host,
                                                    .host_interface = "test:host/api",
                                                    .type = fixture_func(fx, func)},
                                                   fixture_options(guest, encoding),
                                                   false};
    return import(fx, guest, COMPONENT_CORE_LOWERING, n);
}

uint32_t fixture_import_lift(struct fixture *fx, uint32_t guest, uint32_t lift,
                             enum component_encoding encoding)
{
    uint32_t n = fx->plan.lowering_count++;
    fx->lowerings[n] =
        (struct component_lowering){guest + 1,
                                    {.kind = COMPONENT_FUNC_LIFT, .lift = lift, .type = fx->lifts[lift].type},
                                    fixture_options(guest, encoding),
                                    false};
    return import(fx, guest, COMPONENT_CORE_LOWERING, n);
}

uint32_t fixture_import_builtin(struct fixture *fx, uint32_t guest, enum component_builtin_kind kind,
                                uint32_t resource)
{
    uint32_t n = fx->plan.builtin_count++;
    fx->builtins[n] = (struct component_builtin){
        .kind = kind, .instance = guest + 1, .resource = resource, .type = COMPONENT_NO_TYPE};
    return import(fx, guest, COMPONENT_CORE_BUILTIN, n);
}

uint32_t fixture_resource_host(struct fixture *fx, const struct component_host_resource *host)
{
    uint32_t n = fx->plan.resource_count++;
    fx->resources[n] =
        (struct component_resource){.is_host = true, .host = host, .host_interface = "test:host/api"};
    return n;
}

uint32_t fixture_resource_guest(struct fixture *fx, uint32_t guest, bool has_dtor)
{
    uint32_t n = fx->plan.resource_count++;
    fx->resources[n] = (struct component_resource){
        .instance = guest + 1, .has_dtor = has_dtor, .dtor = core_export(guest, "dtor")};
    return n;
}

/* ---- running ---- */

void fixture_bind(struct fixture *fx)
{
    struct engine_module *modules[FIXTURE_GUESTS_MAX] = {&fx->modules[0], &fx->modules[1], &fx->modules[2]};
    struct sw_err err;
    int rc = component_bind(&fx->plan, fx->engine, modules, &fx->component, &err);
    assert(rc == 0);
    (void)rc;
}

static int nothing(void *arg, struct component_store *store)
{
    (void)arg;
    (void)store;
    return 0;
}

static void done(void *arg, int rc)
{
    ((struct fixture *)arg)->done_rc = rc;
}

void fixture_open(struct fixture *fx)
{
    struct sw_err err;
    int rc = component_store_new(fx->component, &(struct engine_limits){0}, fx, &fx->store, &err);
    assert(rc == 0);
    rc = component_store_start(fx->store, nothing, done, fx, &err);
    assert(rc == 0);
    (void)rc;
    fx->done_rc = 1;
    fake_engine_run(fx->engine);
    for (uint32_t i = 0; i < fx->plan.instance_count; i++) {
        fx->guests[i].log_n = 0;
        fx->guests[i].log[0] = '\0';
        fx->guests[i].posts = 0;
    }
}

void fixture_close(struct fixture *fx)
{
    component_store_free(fx->store);
    fx->store = NULL;
}

void fixture_deinit(struct fixture *fx)
{
    fixture_close(fx);
    component_free(fx->component);
    fake_engine_free(fx->engine);
    sw_arena_deinit(&fx->arena);
}

const struct component_export *fixture_export(const struct fixture *fx, const char *name)
{
    return component_export_find(fx->component, SW_LIT(""), SW_LIT(""), sw_str_of(name));
}

struct fake_guest *fixture_guest(const struct fixture *fx, uint32_t guest)
{
    return fake_guest_of(fx->store->engine, guest);
}

const char *fixture_failure(const struct fixture *fx)
{
    return engine_store_failure(fx->store->engine)->text;
}

void fixture_note(struct fixture *fx, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(fx->events + fx->events_n, sizeof fx->events - fx->events_n, fmt, args);
    va_end(args);
    assert(n >= 0 && (size_t)n < sizeof fx->events - fx->events_n);
    fx->events_n += (size_t)n;
}

void fixture_cx(struct fixture *fx, uint32_t lift, bool between_guests, struct component_cx *ret)
{
    memset(ret, 0, sizeof *ret);
    int rc = component__call_begin(&ret->call, fx->store, &fx->component->lifts[lift].canon);
    assert(rc == 0);
    (void)rc;
    ret->types = fx->plan.types;
    ret->arena = &fx->store->arena;
    ret->between_guests = between_guests;
    ret->pending_end = &ret->pending;
}

/* ---- printing ---- */

#define PRINT(...)                                                                                           \
    do {                                                                                                     \
        if (sw_buf_printf(out, NULL, __VA_ARGS__) < 0)                                                       \
            abort(); /* the tests' buffers are large enough */                                               \
    } while (0)

static void print_case(const struct fixture *fx, const struct component_type *type,
                       const struct component_value *value, struct sw_buf *out)
{
    const struct component_case *one = &type->cases[value->variant.index];
    PRINT(SW_FMT, SW_ARG(one->name));
    if (type->kind == COMPONENT_ENUM || one->type == COMPONENT_NO_TYPE)
        return;
    PRINT("(");
    fixture_print(fx, one->type, value->variant.payload, out);
    PRINT(")");
}

static void print_items(const struct fixture *fx, const struct component_type *type,
                        const struct component_value *value, struct sw_buf *out)
{
    bool list = type->kind == COMPONENT_LIST || type->kind == COMPONENT_FIXED_LIST;
    bool bytes = type->kind == COMPONENT_LIST && type->elem == COMPONENT_U8;
    size_t count = bytes ? value->text.n : (size_t)value->list.count;
    PRINT(list ? "[" : "(");
    for (size_t i = 0; i < count; i++) {
        PRINT(i ? ", " : "");
        if (bytes)
            PRINT("%u", (unsigned)(uint8_t)value->text.p[i]);
        else
            fixture_print(fx, list ? type->elem : type->cases[i].type, &value->list.items[i], out);
    }
    PRINT(list ? "]" : ")");
}

static void print_flags(const struct component_type *type, uint64_t bits, struct sw_buf *out)
{
    const char *comma = "";
    PRINT("{");
    for (uint32_t i = 0; i < type->case_count; i++) {
        if (bits >> i & 1) {
            PRINT("%s" SW_FMT, comma, SW_ARG(type->cases[i].name));
            comma = ", ";
        }
    }
    PRINT(bits >> type->case_count ? " and more}" : "}");
}

void fixture_print(const struct fixture *fx, uint32_t type_number, const struct component_value *value,
                   struct sw_buf *out)
{
    const struct component_type *type = component_type_of(fx->plan.types, type_number);
    switch ((int)type->kind) {
    case COMPONENT_BOOL:
        PRINT(value->u64 == 1 ? "true" : value->u64 == 0 ? "false" : "bad");
        return;
    case COMPONENT_S8:
    case COMPONENT_S16:
    case COMPONENT_S32:
    case COMPONENT_S64:
        PRINT("%lld", (long long)value->s64);
        return;
    case COMPONENT_F32:
        PRINT("%g", (double)value->f32);
        return;
    case COMPONENT_F64:
        PRINT("%g", value->f64);
        return;
    case COMPONENT_CHAR:
        PRINT("U+%04llX", (unsigned long long)value->u64);
        return;
    case COMPONENT_STRING:
        PRINT("'" SW_FMT "'", SW_ARG(value->text));
        return;
    case COMPONENT_LIST:
    case COMPONENT_FIXED_LIST:
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
        print_items(fx, type, value, out);
        return;
    case COMPONENT_VARIANT:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
    case COMPONENT_ENUM:
        print_case(fx, type, value, out);
        return;
    case COMPONENT_FLAGS:
        print_flags(type, value->u64, out);
        return;
    default: /* u8 .. u64, own, borrow */
        PRINT("%llu", (unsigned long long)value->u64);
    }
}
