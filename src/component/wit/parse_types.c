/* parse_types.c - types, definitions, functions and the body of an interface.  Room: wit.  Source: WIT.md "Item: interface", "Types". */
#include "component/wit/wit_internal.h"

static struct wit_type *type_new(struct wit_parser *p, enum wit_kind kind, struct wit_pos pos)
{
    struct wit_type *type = SW_ARENA_NEW(p->arena, struct wit_type);
    if (type) {
        type->kind = kind;
        type->pos = pos;
    }
    return type;
}

static const struct {
    enum wit_kw kw;
    enum wit_kind kind;
} PRIMITIVES[] = {
    {KW_BOOL, WIT_BOOL},     {KW_S8, WIT_S8},
    {KW_U8, WIT_U8},         {KW_S16, WIT_S16},
    {KW_U16, WIT_U16},       {KW_S32, WIT_S32},
    {KW_U32, WIT_U32},       {KW_S64, WIT_S64},
    {KW_U64, WIT_U64},       {KW_F32, WIT_F32},
    {KW_F64, WIT_F64},       {KW_CHAR, WIT_CHAR},
    {KW_STRING, WIT_STRING}, {KW_ERROR_CONTEXT, WIT_ERROR_CONTEXT},
};

static const char CLOSE[] = "'>'";

/* <T> behind list, option, stream ...; a list's length too. */
static int one_argument(struct wit_parser *p, struct wit_type *type)
{
    int rc = wit__op(p, '<', "'<'");
    if (rc == 0)
        rc = wit__type(p, &type->elem);
    if (rc < 0 || type->kind != WIT_LIST || !wit__is_op(p, ','))
        return rc == 0 ? wit__op(p, '>', CLOSE) : rc;
    rc = wit__next(p);
    uint64_t length = 0;
    if (rc == 0 && p->lex.tok.kind != TOK_INTEGER)
        return wit__expected(p, "the list's length");
    if (rc == 0 && (!sw_str_to_u64(p->lex.tok.text, WIT_FIXED_LIST_MAX, &length) || length == 0))
        return wit__fail(p->lex.tok.pos, SW_ELIMIT, p->err, "a fixed length is from 1 to %d, got " SW_FMT,
                         WIT_FIXED_LIST_MAX, SW_ARG(p->lex.tok.text));
    if (rc != 0)
        return rc;
    type->kind = WIT_FIXED_LIST;
    type->length = (uint32_t)length;
    rc = wit__next(p);
    return rc == 0 ? wit__op(p, '>', CLOSE) : rc;
}

static int tuple_arguments(struct wit_parser *p, struct wit_type *type)
{
    int rc = wit__op(p, '<', "'<'");
    do {
        struct wit_type *item = NULL;
        if (rc == 0)
            rc = wit__type(p, &item);
        if (rc == 0)
            rc = wit__push(p->arena, &type->items, &type->item_count, item, p->err);
        if (rc != 0)
            return rc;
        if (!wit__is_op(p, ','))
            break;
        rc = wit__next(p);
    } while (rc == 0 && !wit__is_op(p, '>'));
    return rc == 0 ? wit__op(p, '>', "',' or '>'") : rc;
}

/* result, result<T>, result<_, E>, result<T, E> */
static int result_arguments(struct wit_parser *p, struct wit_type *type)
{
    int rc = wit__op(p, '<', "'<'");
    bool no_ok = rc == 0 && p->lex.tok.kind == TOK_UNDERSCORE;
    if (rc == 0)
        rc = no_ok ? wit__next(p) : wit__type(p, &type->elem);
    if (rc == 0 && no_ok && !wit__is_op(p, ','))
        return wit__expected(p, "',' and the error type");
    if (rc == 0 && wit__is_op(p, ',')) {
        rc = wit__next(p);
        if (rc == 0)
            rc = wit__type(p, &type->other);
    }
    return rc == 0 ? wit__op(p, '>', CLOSE) : rc;
}

static int map_arguments(struct wit_parser *p, struct wit_type *type)
{
    int rc = wit__op(p, '<', "'<'");
    if (rc == 0)
        rc = wit__type(p, &type->elem);
    if (rc == 0 &&
        (type->elem->kind > WIT_STRING || type->elem->kind == WIT_F32 || type->elem->kind == WIT_F64))
        return wit__fail(type->elem->pos, SW_EINPUT, p->err,
                         "a map's key is an integer, bool, char or string");
    if (rc == 0)
        rc = wit__op(p, ',', "',' and the value's type");
    if (rc == 0)
        rc = wit__type(p, &type->other);
    return rc == 0 ? wit__op(p, '>', CLOSE) : rc;
}

static int handle_argument(struct wit_parser *p, struct wit_type *type)
{
    int rc = wit__op(p, '<', "'<'");
    type->pos = p->lex.tok.pos;
    if (rc == 0)
        rc = wit__id(p, "the name of a resource", &type->name, NULL);
    return rc == 0 ? wit__op(p, '>', CLOSE) : rc;
}

/* Types that begin with a keyword and take arguments; a bare one may stand without. */
static const struct constructor_word {
    enum wit_kw kw;
    enum wit_kind kind;
    bool bare;
    int (*arguments)(struct wit_parser *p, struct wit_type *type);
} CONSTRUCTORS[] = {
    {KW_LIST, WIT_LIST, false, one_argument},        {KW_OPTION, WIT_OPTION, false, one_argument},
    {KW_STREAM, WIT_STREAM, true, one_argument},     {KW_FUTURE, WIT_FUTURE, true, one_argument},
    {KW_TUPLE, WIT_TUPLE, false, tuple_arguments},   {KW_RESULT, WIT_RESULT, true, result_arguments},
    {KW_MAP, WIT_MAP, false, map_arguments},         {KW_OWN, WIT_OWN, false, handle_argument},
    {KW_BORROW, WIT_BORROW, false, handle_argument},
};

static int constructed(struct wit_parser *p, const struct constructor_word *word, struct wit_type *type)
{
    if (p->depth == WIT_TYPE_DEPTH_MAX)
        return wit__fail(type->pos, SW_ELIMIT, p->err, "types are nested deeper than %d", WIT_TYPE_DEPTH_MAX);
    type->kind = word->kind;
    p->depth++;
    int rc = wit__next(p);
    if (rc == 0 && !(word->bare && !wit__is_op(p, '<')))
        rc = word->arguments(p, type);
    p->depth--;
    return rc;
}

int wit__type(struct wit_parser *p, struct wit_type **ret)
{
    struct wit_token tok = p->lex.tok;
    struct wit_type *type = type_new(p, WIT_NAME, tok.pos);
    if (!type)
        return wit__no_memory(p->arena, sizeof *type, p->err);
    *ret = type;
    if (tok.kind == TOK_ID) {
        type->name = tok.text;
        return wit__next(p);
    }
    for (size_t i = 0; tok.kind == TOK_KEYWORD && i < sizeof PRIMITIVES / sizeof PRIMITIVES[0]; i++) {
        if (PRIMITIVES[i].kw == tok.kw) {
            type->kind = PRIMITIVES[i].kind;
            return wit__next(p);
        }
    }
    for (size_t i = 0; tok.kind == TOK_KEYWORD && i < sizeof CONSTRUCTORS / sizeof CONSTRUCTORS[0]; i++)
        if (CONSTRUCTORS[i].kw == tok.kw)
            return constructed(p, &CONSTRUCTORS[i], type);
    return wit__expected(p, "a type");
}

/* ( name: type, ... ) */
static int params(struct wit_parser *p, struct wit_func *func)
{
    int rc = wit__op(p, '(', "'('");
    while (rc == 0 && !wit__is_op(p, ')')) {
        struct wit_field param = {0};
        rc = wit__id(p, "a parameter's name", &param.name, &param.pos);
        if (rc == 0)
            rc = wit__op(p, ':', "':' and the parameter's type");
        if (rc == 0)
            rc = wit__type(p, &param.type);
        if (rc == 0)
            rc = wit__push_copy(p->arena, &func->params, &func->param_count, &param, sizeof param, p->err);
        if (rc != 0)
            return rc;
        if (!wit__is_op(p, ','))
            break;
        rc = wit__next(p);
    }
    return rc == 0 ? wit__op(p, ')', "',' or ')'") : rc;
}

static int result(struct wit_parser *p, struct wit_func *func)
{
    if (p->lex.tok.kind != TOK_ARROW)
        return 0;
    int rc = wit__next(p);
    return rc == 0 ? wit__type(p, &func->result) : rc;
}

int wit__func_type(struct wit_parser *p, struct wit_func *func)
{
    int rc = 0;
    if (wit__is_kw(p, KW_ASYNC)) {
        func->is_async = true;
        rc = wit__next(p);
    }
    if (rc == 0 && !wit__is_kw(p, KW_FUNC))
        return wit__expected(p, func->is_async ? "'func'" : "'func' or 'async func'");
    if (rc == 0)
        rc = wit__next(p);
    if (rc == 0)
        rc = params(p, func);
    return rc == 0 ? result(p, func) : rc;
}

/* Inserts `self: borrow<resource>` as the first parameter. */
static int add_self(struct wit_parser *p, struct wit_func *func)
{
    struct wit_type *self = SW_ARENA_NEW(p->arena, struct wit_type);
    struct wit_field *all = SW_ARENA_ARRAY(p->arena, (size_t)func->param_count + 1, struct wit_field);
    if (!self || !all)
        return wit__no_memory(p->arena, sizeof *self + sizeof *all, p->err);
    *self = (struct wit_type){.kind = WIT_BORROW, .pos = func->pos, .name = func->resource->name};
    all[0] = (struct wit_field){SW_LIT("self"), func->pos, self};
    if (func->param_count)
        memcpy(all + 1, func->params, func->param_count * sizeof *all);
    func->params = all;
    func->param_count++;
    return 0;
}

static int full_name(struct wit_parser *p, struct wit_func *func)
{
    static const char *const PREFIXES[] = {"", "[constructor]", "[method]", "[static]"};
    if (func->kind == WIT_FUNC_FREE) {
        func->full_name = func->name;
        return 0;
    }
    const char *prefix = PREFIXES[func->kind];
    const char *text = func->kind == WIT_FUNC_CONSTRUCTOR
                           ? sw_arena_printf(p->arena, "%s" SW_FMT, prefix, SW_ARG(func->resource->name))
                           : sw_arena_printf(p->arena, "%s" SW_FMT "." SW_FMT, prefix,
                                             SW_ARG(func->resource->name), SW_ARG(func->name));
    if (!text)
        return wit__no_memory(p->arena, func->name.n, p->err);
    func->full_name = sw_str_of(text);
    return 0;
}

static int constructor(struct wit_parser *p, struct wit_func *func)
{
    func->kind = WIT_FUNC_CONSTRUCTOR;
    func->name = func->resource->name;
    for (uint32_t i = 0; i < func->resource->func_count; i++)
        if (func->resource->funcs[i]->kind == WIT_FUNC_CONSTRUCTOR)
            return wit__fail(func->pos, SW_EINPUT, p->err, "resource '" SW_FMT "' has a constructor already",
                             SW_ARG(func->name));
    int rc = wit__next(p);
    if (rc == 0)
        rc = params(p, func);
    if (rc == 0)
        rc = result(p, func);
    if (rc != 0 || func->result)
        return rc;
    func->result = type_new(p, WIT_OWN, func->pos);
    if (!func->result)
        return wit__no_memory(p->arena, sizeof *func->result, p->err);
    func->result->name = func->resource->name;
    func->result->is_bare = true;
    return 0;
}

/* One function of a resource (resource not NULL) or of an interface. */
static int func_item(struct wit_parser *p, const struct wit_gate *gate, struct wit_def *resource,
                     struct wit_func **ret)
{
    struct wit_func *func = SW_ARENA_NEW(p->arena, struct wit_func);
    if (!func)
        return wit__no_memory(p->arena, sizeof *func, p->err);
    func->gate = *gate;
    func->resource = resource;
    func->pos = p->lex.tok.pos;
    int rc;
    if (resource && wit__is_kw(p, KW_CONSTRUCTOR)) {
        rc = constructor(p, func);
    } else {
        rc = wit__id(p,
                     resource ? "a method's name, 'constructor' or '}'"
                              : "a function's name, a type definition or '}'",
                     &func->name, &func->pos);
        if (rc == 0)
            rc = wit__op(p, ':', "':' and the function's type");
        func->kind = resource ? WIT_FUNC_METHOD : WIT_FUNC_FREE;
        if (rc == 0 && resource && wit__is_kw(p, KW_STATIC)) {
            func->kind = WIT_FUNC_STATIC;
            rc = wit__next(p);
        }
        if (rc == 0)
            rc = wit__func_type(p, func);
        if (rc == 0 && func->kind == WIT_FUNC_METHOD)
            rc = add_self(p, func);
    }
    if (rc == 0)
        rc = wit__op(p, ';', "';'");
    if (rc == 0)
        rc = full_name(p, func);
    *ret = func;
    return rc;
}

static int resource_body(struct wit_parser *p, struct wit_def *def)
{
    if (wit__is_op(p, ';'))
        return wit__next(p);
    int rc = wit__op(p, '{', "';' or '{'");
    while (rc == 0 && !wit__is_op(p, '}')) {
        struct wit_gate gate = {0};
        struct sw_str external_id = {0};
        struct wit_func *func = NULL;
        rc = wit__gate(p, &gate, &external_id);
        if (rc == 0)
            rc = func_item(p, &gate, def, &func);
        if (rc == 0)
            rc = wit__push(p->arena, &def->funcs, &def->func_count, func, p->err);
        struct wit_interface *owner = def->home->interface;
        if (rc == 0 && owner)
            rc = wit__push(p->arena, &owner->funcs, &owner->func_count, func, p->err);
    }
    return rc == 0 ? wit__next(p) : rc;
}

/* { a: T, } or { a, b(T), } or { a, b } */
static int fields(struct wit_parser *p, struct wit_def *def)
{
    static const char *const WHAT[] = {"", "a field's name", "a case's name", "a case's name", "a label"};
    int rc = wit__op(p, '{', "'{'");
    while (rc == 0) {
        struct wit_field field = {0};
        if (wit__is_op(p, '}') && def->field_count)
            break;
        rc = wit__id(p, WHAT[def->kind], &field.name, &field.pos);
        if (rc == 0 && def->kind == WIT_DEF_RECORD) {
            rc = wit__op(p, ':', "':' and the field's type");
            if (rc == 0)
                rc = wit__type(p, &field.type);
        } else if (rc == 0 && def->kind == WIT_DEF_VARIANT && wit__is_op(p, '(')) {
            rc = wit__next(p);
            if (rc == 0)
                rc = wit__type(p, &field.type);
            if (rc == 0)
                rc = wit__op(p, ')', "')'");
        }
        if (rc == 0)
            rc = wit__push_copy(p->arena, &def->fields, &def->field_count, &field, sizeof field, p->err);
        if (rc != 0)
            return rc;
        if (!wit__is_op(p, ','))
            break;
        rc = wit__next(p);
    }
    if (rc == 0 && def->kind == WIT_DEF_FLAGS && def->field_count > WIT_FLAGS_MAX)
        return wit__fail(def->pos, SW_ELIMIT, p->err,
                         "flags '" SW_FMT "' has %u labels; at most %d are allowed", SW_ARG(def->name),
                         def->field_count, WIT_FLAGS_MAX);
    return rc == 0 ? wit__op(p, '}', "',' or '}'") : rc;
}

static int def_new(struct wit_parser *p, const struct wit_gate *gate, struct wit_home *home,
                   struct wit_def **ret)
{
    struct wit_def *def = SW_ARENA_NEW(p->arena, struct wit_def);
    if (!def)
        return wit__no_memory(p->arena, sizeof *def, p->err);
    def->gate = *gate;
    def->home = home;
    *ret = def;
    return wit__push(p->arena, &home->defs, &home->def_count, def, p->err);
}

/* use a:b/c@1.0.0.{d, e as f}; one definition per name. */
static int use(struct wit_parser *p, const struct wit_gate *gate, struct wit_home *home)
{
    const struct wit_path *from = NULL;
    int rc = wit__next(p);
    if (rc == 0)
        rc = wit__path(p, "the name of an interface", &from);
    if (rc == 0)
        rc = wit__op(p, '.', "'.{' and names of types");
    if (rc == 0)
        rc = wit__op(p, '{', "'{'");
    uint32_t n = 0;
    while (rc == 0 && !(wit__is_op(p, '}') && n)) {
        struct wit_def *def = NULL;
        n++;
        rc = def_new(p, gate, home, &def);
        if (rc != 0)
            return rc;
        def->kind = WIT_DEF_USE;
        def->from = from;
        rc = wit__id(p, "a type's name", &def->from_name, &def->pos);
        def->name = def->from_name;
        if (rc == 0 && wit__is_kw(p, KW_AS)) {
            rc = wit__next(p);
            if (rc == 0)
                rc = wit__id(p, "a type's name", &def->name, NULL);
        }
        if (rc == 0 && !wit__is_op(p, ','))
            break;
        if (rc == 0)
            rc = wit__next(p);
    }
    if (rc == 0)
        rc = wit__op(p, '}', "',' or '}'");
    return rc == 0 ? wit__op(p, ';', "';'") : rc;
}

static const struct {
    enum wit_kw kw;
    enum wit_def_kind kind;
    const char *what;
} DEFS[] = {
    {KW_TYPE, WIT_DEF_ALIAS, "the type's name"},
    {KW_RECORD, WIT_DEF_RECORD, "the record's name"},
    {KW_VARIANT, WIT_DEF_VARIANT, "the variant's name"},
    {KW_ENUM, WIT_DEF_ENUM, "the enum's name"},
    {KW_FLAGS, WIT_DEF_FLAGS, "the name of the flags"},
    {KW_RESOURCE, WIT_DEF_RESOURCE, "the resource's name"},
};
#define DEFS_COUNT (sizeof DEFS / sizeof DEFS[0])

static size_t def_index(const struct wit_parser *p)
{
    size_t i = 0;
    while (i < DEFS_COUNT && !wit__is_kw(p, DEFS[i].kw))
        i++;
    return i;
}

bool wit__starts_def(const struct wit_parser *p)
{
    return wit__is_kw(p, KW_USE) || def_index(p) < DEFS_COUNT;
}

int wit__def(struct wit_parser *p, const struct wit_gate *gate, struct wit_home *home)
{
    if (wit__is_kw(p, KW_USE))
        return use(p, gate, home);
    size_t i = def_index(p);
    struct wit_def *def = NULL;
    int rc = def_new(p, gate, home, &def);
    if (rc == 0)
        rc = wit__next(p);
    if (rc == 0)
        rc = wit__id(p, DEFS[i].what, &def->name, &def->pos);
    if (rc != 0)
        return rc;
    def->kind = DEFS[i].kind;
    if (def->kind == WIT_DEF_RESOURCE)
        return resource_body(p, def);
    if (def->kind != WIT_DEF_ALIAS)
        return fields(p, def);
    rc = wit__op(p, '=', "'='");
    if (rc == 0)
        rc = wit__type(p, &def->type);
    return rc == 0 ? wit__op(p, ';', "';'") : rc;
}

int wit__interface_body(struct wit_parser *p, struct wit_interface *interface)
{
    int rc = wit__op(p, '{', "'{'");
    while (rc == 0 && !wit__is_op(p, '}')) {
        struct wit_gate gate = {0};
        struct sw_str external_id = {0};
        struct wit_func *func = NULL;
        rc = wit__gate(p, &gate, &external_id);
        if (rc != 0)
            return rc;
        if (wit__starts_def(p)) {
            rc = wit__def(p, &gate, &interface->home);
            continue;
        }
        rc = func_item(p, &gate, NULL, &func);
        if (rc == 0)
            rc = wit__push(p->arena, &interface->funcs, &interface->func_count, func, p->err);
    }
    return rc == 0 ? wit__next(p) : rc;
}
