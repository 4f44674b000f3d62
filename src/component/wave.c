/* wave.c - reading WAVE against a type.  Room: component.
 *
 * Recursion follows the type, whose depth is limited; memory follows the text, and is the arena's. */
#include "component/wave.h"

#include "component/limits.h"
#include "component/wave_internal.h"

bool component__wave_is_keyword(struct sw_str label)
{
    static const char *const words[] = {"true", "false", "inf", "nan", "some", "none", "ok", "err"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (sw_str_eq(label, sw_str_of(words[i])))
            return true;
    return false;
}

bool component__wave_is_bytes(const struct component_types *types, const struct component_type *type)
{
    return type->kind == COMPONENT_LIST && component_type_of(types, type->elem)->kind == COMPONENT_U8;
}

static int parse(struct wave *w, uint32_t type, struct component_value *ret);

static struct component_value *values_new(struct wave *w, size_t count)
{
    return SW_ARENA_ARRAY(w->arena, count, struct component_value);
}

static int no_memory(struct wave *w, size_t count)
{
    return sw_arena_fail(w->arena, count * sizeof(struct component_value), w->err);
}

/* ---- labels ---- */

static bool no_resource_names(const struct component_type *type)
{
    return !type->has_handle;
}

static struct sw_str resource_name(void *arg, uint32_t resource)
{
    (void)arg;
    (void)resource;
    return SW_LIT("");
}

/* "expected <the type>, got ...": the type as text, cut when it is long. */
static int expected_type(struct wave *w, size_t at, uint32_t type)
{
    struct sw_err ignored;
    sw_auto_buf text = SW_BUF(COMPONENT_TYPE_TEXT_MAX);
    if (!no_resource_names(component_type_of(w->types, type)) ||
        component_type_print(w->types, type, resource_name, NULL, &text, &ignored) < 0)
        return component__wave_expected(w, at, "a value");
    bool cut = text.n > 200;
    return component__wave_expected(w, at, "%.*s%s", cut ? 200 : (int)text.n, text.p, cut ? "..." : "");
}

/* The case or field called `label`, which may begin with '%'. SW_ABSENT: there is none. */
static int find_case(const struct component_type *type, struct sw_str label, uint32_t *ret)
{
    if (label.n && label.p[0] == '%')
        label = sw_str_from(label, 1);
    for (uint32_t i = 0; i < type->case_count; i++)
        if (sw_str_eq(type->cases[i].name, label)) {
            *ret = i;
            return 0;
        }
    return SW_ABSENT;
}

static int unknown_label(struct wave *w, size_t at, const char *what, const struct component_type *type,
                         struct sw_str label)
{
    sw_auto_buf names = SW_BUF(1024);
    struct sw_err full; /* of the list of names, which is then cut */
    for (uint32_t i = 0; i < type->case_count; i++) {
        size_t before = names.n;
        if (sw_buf_printf(&names, &full, "%s" SW_FMT, i ? ", " : "", SW_ARG(type->cases[i].name)) < 0 ||
            names.n > 300) {
            names.n = before;
            if (sw_buf_add(&names, SW_LIT(", ..."), &full) < 0)
                names.n = before;
            break;
        }
    }
    if (label.n == 0)
        return component__wave_expected(w, at, "%s (" SW_FMT ")", what, SW_ARG(sw_buf_str(&names)));
    return component__wave_bad(w, at, "expected %s (" SW_FMT "), got '" SW_FMT "'", what,
                               SW_ARG(sw_buf_str(&names)), SW_ARG(label));
}

/* ---- sequences ---- */

/* After an item: 0 another one follows, SW_END the closing character was there. */
static int next_item(struct wave *w, char close)
{
    if (component__wave_eat(w, ','))
        return component__wave_eat(w, close) ? SW_END : 0;
    return component__wave_eat(w, close) ? SW_END : component__wave_expected(w, w->at, "',' or '%c'", close);
}

static int parse_bytes(struct wave *w, struct component_value *ret)
{
    size_t cap = 0, n = 0;
    char *bytes = NULL;
    int rc = component__wave_eat(w, ']') ? SW_END : 0;
    while (rc == 0) {
        uint64_t byte = 0;
        if (n == cap) {
            cap = cap ? cap * 2 : 64;
            char *wider = SW_ARENA_ARRAY(w->arena, cap, char);
            if (!wider)
                return sw_arena_fail(w->arena, cap, w->err);
            if (n)
                memcpy(wider, bytes, n);
            bytes = wider;
        }
        component__wave_space(w);
        rc = component__wave_int(w, COMPONENT_U8, &byte);
        bytes[n] = (char)byte;
        n += rc == 0;
        if (rc == 0)
            rc = next_item(w, ']');
    }
    ret->text = sw_str(bytes, n);
    return rc == SW_END ? 0 : rc;
}

static int entry(struct wave *w, const struct component_type *tuple,
                 struct component_value *ret) /* of a map: key: value */
{
    struct component_value *items = values_new(w, 2);
    if (!items)
        return no_memory(w, 2);
    ret->list.items = items;
    ret->list.count = 2;
    int rc = parse(w, tuple->cases[0].type, &items[0]);
    if (rc == 0)
        rc = component__wave_need(w, ':');
    return rc == 0 ? parse(w, tuple->cases[1].type, &items[1]) : rc;
}

static int parse_list(struct wave *w, const struct component_type *type, struct component_value *ret)
{
    bool map = type->kind == COMPONENT_LIST && type->length == COMPONENT_MAP;
    char close = map ? '}' : ']';
    size_t cap = 0, n = 0, start = w->at;
    struct component_value *items = NULL;
    int rc = component__wave_need(w, map ? '{' : '[');
    if (rc < 0)
        return rc;
    if (component__wave_is_bytes(w->types, type))
        return parse_bytes(w, ret);
    if (map && component__wave_eat(w, ':'))
        rc = component__wave_need(w, close) < 0 ? -SW_EINPUT : SW_END;
    else if (component__wave_eat(w, close))
        rc = SW_END;
    while (rc == 0) {
        if (n == cap) {
            cap = cap ? cap * 2 : 8;
            struct component_value *wider = values_new(w, cap);
            if (!wider)
                return no_memory(w, cap);
            if (n)
                memcpy(wider, items, n * sizeof *items);
            items = wider;
        }
        rc = map ? entry(w, component_type_of(w->types, type->elem), &items[n])
                 : parse(w, type->elem, &items[n]);
        n += rc == 0;
        if (rc == 0)
            rc = next_item(w, close);
    }
    if (rc < 0)
        return rc;
    if (type->kind == COMPONENT_FIXED_LIST && n != type->length)
        return component__wave_bad(w, start, "expected a list of %u items, got %zu", type->length, n);
    ret->list.items = items;
    ret->list.count = n;
    return 0;
}

static int parse_tuple(struct wave *w, const struct component_type *type, struct component_value *ret)
{
    size_t start = w->at;
    struct component_value *items = values_new(w, type->case_count);
    if (!items)
        return no_memory(w, type->case_count);
    int rc = component__wave_need(w, '(');
    uint32_t n = 0;
    while (rc == 0 && n < type->case_count) {
        rc = parse(w, type->cases[n].type, &items[n]);
        n += rc == 0;
        if (rc == 0)
            rc = next_item(w, ')');
    }
    if (rc < 0)
        return rc;
    if (n < type->case_count || rc == 0)
        return component__wave_bad(w, start, "expected a tuple of %u values, got %s", type->case_count,
                                   rc == 0 ? "more" : "fewer");
    ret->list.items = items;
    ret->list.count = n;
    return 0;
}

/* ---- records, flags ---- */

static int fill_missing(struct wave *w, const struct component_type *type, size_t start, const bool *seen,
                        struct component_value *items)
{
    for (uint32_t i = 0; i < type->case_count; i++) {
        if (seen[i])
            continue;
        if (component_type_of(w->types, type->cases[i].type)->kind != COMPONENT_OPTION)
            return component__wave_bad(w, start, "the field '" SW_FMT "' is missing",
                                       SW_ARG(type->cases[i].name));
        items[i].variant.index = 0; /* none */
        items[i].variant.payload = NULL;
    }
    return 0;
}

static int parse_field(struct wave *w, const struct component_type *type, bool *seen,
                       struct component_value *items)
{
    uint32_t index = 0;
    struct sw_str label = component__wave_peek_label(w);
    if (label.n == 0 || find_case(type, label, &index) != 0)
        return unknown_label(w, w->at, "a field", type, label);
    if (seen[index])
        return component__wave_bad(w, w->at, "the field '" SW_FMT "' is there twice",
                                   SW_ARG(type->cases[index].name));
    seen[index] = true;
    w->at += label.n;
    int rc = component__wave_need(w, ':');
    return rc == 0 ? parse(w, type->cases[index].type, &items[index]) : rc;
}

static int parse_record(struct wave *w, const struct component_type *type, struct component_value *ret)
{
    size_t start = w->at;
    struct component_value *items = values_new(w, type->case_count);
    bool *seen = SW_ARENA_ARRAY(w->arena, type->case_count, bool);
    if (!items || !seen)
        return no_memory(w, type->case_count);
    int rc = component__wave_need(w, '{');
    if (rc == 0 && component__wave_eat(w, ':')) /* {:}: nothing but options, all left out */
        rc = component__wave_need(w, '}') < 0 ? -SW_EINPUT : SW_END;
    while (rc == 0) {
        rc = parse_field(w, type, seen, items);
        if (rc == 0)
            rc = next_item(w, '}');
    }
    if (rc < 0)
        return rc;
    ret->list.items = items;
    ret->list.count = type->case_count;
    return fill_missing(w, type, start, seen, items);
}

static int parse_flags(struct wave *w, const struct component_type *type, struct component_value *ret)
{
    int rc = component__wave_need(w, '{');
    ret->u64 = 0;
    if (rc == 0 && component__wave_eat(w, '}'))
        rc = SW_END;
    while (rc == 0) {
        uint32_t index = 0;
        struct sw_str label = component__wave_peek_label(w);
        if (label.n == 0 || find_case(type, label, &index) != 0)
            return unknown_label(w, w->at, "a flag", type, label);
        if (ret->u64 >> index & 1)
            return component__wave_bad(w, w->at, "the flag '" SW_FMT "' is there twice",
                                       SW_ARG(type->cases[index].name));
        ret->u64 |= UINT64_C(1) << index;
        w->at += label.n;
        rc = next_item(w, '}');
    }
    return rc == SW_END ? 0 : rc;
}

/* ---- variants ---- */

static int parse_payload(struct wave *w, uint32_t type, struct component_value *ret) /* "(value)" */
{
    struct component_value *payload = values_new(w, 1);
    if (!payload)
        return no_memory(w, 1);
    int rc = component__wave_need(w, '(');
    if (rc == 0)
        rc = parse(w, type, payload);
    if (rc == 0)
        rc = component__wave_need(w, ')');
    ret->variant.payload = payload;
    return rc;
}

static int parse_case(struct wave *w, const struct component_type *type, uint32_t index,
                      struct component_value *ret)
{
    ret->variant.index = index;
    ret->variant.payload = NULL;
    if (type->cases[index].type != COMPONENT_NO_TYPE)
        return parse_payload(w, type->cases[index].type, ret);
    size_t at = w->at;
    if (component__wave_eat(w, '('))
        return component__wave_bad(w, at, "the case has no payload");
    w->at = at;
    return 0;
}

static int parse_variant(struct wave *w, const struct component_type *type, struct component_value *ret)
{
    uint32_t index = 0;
    struct sw_str label = component__wave_peek_label(w);
    if (label.n == 0 || find_case(type, label, &index) != 0)
        return unknown_label(w, w->at, "a case", type, label);
    if (component__wave_is_keyword(label))
        return component__wave_bad(w, w->at, "'" SW_FMT "' is a word of WAVE: write it as '%%" SW_FMT "'",
                                   SW_ARG(label), SW_ARG(label));
    w->at += label.n;
    return parse_case(w, type, index, ret);
}

/* An option or a result: its words, or the bare payload of `some` or `ok`. */
static int parse_words(struct wave *w, uint32_t number, const struct component_type *type,
                       struct component_value *ret)
{
    static const char *const words[2][2] = {{"none", "some"}, {"ok", "err"}};
    bool option = type->kind == COMPONENT_OPTION;
    uint32_t bare = option ? 1 : 0, payload = type->cases[bare].type;
    struct sw_str label = component__wave_peek_label(w);
    for (uint32_t i = 0; i < 2; i++)
        if (sw_str_eq(label, sw_str_of(words[option ? 0 : 1][i]))) {
            w->at += label.n;
            return parse_case(w, type, i, ret);
        }
    enum component_kind kind =
        payload == COMPONENT_NO_TYPE ? COMPONENT_OPTION : component_type_of(w->types, payload)->kind;
    if (kind == COMPONENT_OPTION ||
        kind == COMPONENT_RESULT) /* which of both a bare word would mean is open */
        return expected_type(w, w->at, number);
    struct component_value *value = values_new(w, 1);
    if (!value)
        return no_memory(w, 1);
    ret->variant.index = bare;
    ret->variant.payload = value;
    return parse(w, payload, value);
}

/* ---- values ---- */

static int parse_bool(struct wave *w, struct component_value *ret)
{
    struct sw_str label = component__wave_peek_label(w);
    ret->u64 = sw_str_eq(label, SW_LIT("true"));
    if (!ret->u64 && !sw_str_eq(label, SW_LIT("false")))
        return component__wave_expected(w, w->at, "true or false");
    w->at += label.n;
    return 0;
}

static int parse_primitive(struct wave *w, enum component_kind kind, struct component_value *ret)
{
    if (kind == COMPONENT_BOOL)
        return parse_bool(w, ret);
    if (kind == COMPONENT_F32 || kind == COMPONENT_F64)
        return component__wave_float(w, kind, ret);
    if (kind == COMPONENT_CHAR)
        return component__wave_char(w, &ret->u64);
    if (kind == COMPONENT_STRING)
        return component__wave_string(w, &ret->text);
    return component__wave_int(w, kind, &ret->u64);
}

static int parse_handle(struct wave *w, struct component_value *ret)
{
    if (!component__wave_eat(w, '#'))
        return component__wave_expected(w, w->at, "a resource that an earlier call gave, as '#1'");
    return component__wave_int(w, COMPONENT_U32, &ret->u64);
}

static int parse(struct wave *w, uint32_t number, struct component_value *ret)
{
    const struct component_type *type = component_type_of(w->types, number);
    component__wave_space(w);
    if (type->kind < COMPONENT_ERROR_CONTEXT)
        return parse_primitive(w, type->kind, ret);
    if (type->kind == COMPONENT_LIST || type->kind == COMPONENT_FIXED_LIST)
        return parse_list(w, type, ret);
    if (type->kind == COMPONENT_RECORD)
        return parse_record(w, type, ret);
    if (type->kind == COMPONENT_TUPLE)
        return parse_tuple(w, type, ret);
    if (type->kind == COMPONENT_VARIANT || type->kind == COMPONENT_ENUM)
        return parse_variant(w, type, ret);
    if (type->kind == COMPONENT_OPTION || type->kind == COMPONENT_RESULT)
        return parse_words(w, number, type, ret);
    if (type->kind == COMPONENT_FLAGS)
        return parse_flags(w, type, ret);
    if (w->handles && (type->kind == COMPONENT_OWN || type->kind == COMPONENT_BORROW))
        return parse_handle(w, ret);
    return component__wave_bad(w, w->at,
                               "handles cannot be written: resources, streams, futures, error contexts");
}

static int start_reading(struct wave *w, struct sw_str text)
{
    if (text.n > COMPONENT_WAVE_TEXT_MAX)
        return sw_fail(w->err, SW_ELIMIT, "a value is over %u bytes", COMPONENT_WAVE_TEXT_MAX);
    return sw_utf8_valid(text) ? 0 : sw_fail(w->err, SW_EINPUT, "expected text in UTF-8");
}

static int finish_reading(struct wave *w)
{
    component__wave_space(w);
    return w->at == w->text.n ? 0 : component__wave_expected(w, w->at, "the end");
}

int component_wave_parse(const struct component_types *types, uint32_t type, struct sw_str text,
                         struct sw_arena *arena, struct component_value *ret, struct sw_err *err)
{
    struct wave w = {.types = types, .text = text, .arena = arena, .err = err};
    struct component_value value = {.u64 = 0};
    int rc = start_reading(&w, text);
    if (rc == 0)
        rc = parse(&w, type, &value);
    if (rc == 0)
        rc = finish_reading(&w);
    if (rc == 0)
        *ret = value;
    return rc;
}

/* ---- arguments ---- */

static int parse_params(struct wave *w, const struct component_func_type *func, struct component_value *args)
{
    uint32_t n = 0;
    size_t end = w->at;
    int rc = component__wave_need(w, '(');
    if (rc == 0 && component__wave_eat(w, ')'))
        rc = SW_END;
    while (rc == 0 && n < func->param_count) {
        rc = parse(w, func->params[n].type, &args[n]);
        n += rc == 0;
        end = w->at;
        if (rc == 0)
            rc = next_item(w, ')');
    }
    if (rc < 0)
        return rc;
    if (rc == 0)
        return component__wave_bad(w, end, "expected %u argument%s, got more", func->param_count,
                                   func->param_count == 1 ? "" : "s");
    for (uint32_t i = n; i < func->param_count; i++) {
        if (component_type_of(w->types, func->params[i].type)->kind != COMPONENT_OPTION)
            return component__wave_bad(
                w, w->at - 1, "expected %u argument%s, got %u: '" SW_FMT "' is missing", func->param_count,
                func->param_count == 1 ? "" : "s", n, SW_ARG(func->params[i].name));
        args[i].variant.index = 0;
        args[i].variant.payload = NULL;
    }
    return finish_reading(w);
}

int component_wave_parse_args(const struct component_wave_args *in, struct sw_arena *arena,
                              struct component_value **ret, struct sw_err *err)
{
    struct wave w = {.types = in->types,
                     .text = in->text,
                     .at = in->start,
                     .handles = in->handles,
                     .arena = arena,
                     .err = err};
    int rc = start_reading(&w, in->text);
    if (rc < 0)
        return rc;
    struct component_value *args = values_new(&w, in->func->param_count);
    if (!args)
        return no_memory(&w, in->func->param_count);
    rc = parse_params(&w, in->func, args);
    if (rc == 0)
        *ret = args;
    return rc;
}
