/* names.c - from WIT names to C names, as README.md says.  Room: bindgen. */
#include "component/bindgen/bindgen.h"

static const char *const KEYWORDS[] =
    {
        "auto",     "break",     "case",    "char",         "const",    "continue", "default",  "do",
        "double",   "else",      "enum",    "extern",       "float",    "for",      "goto",     "if",
        "inline",   "int",       "long",    "register",     "restrict", "return",   "short",    "signed",
        "sizeof",   "static",    "struct",  "switch",       "typedef",  "union",    "unsigned", "void",
        "volatile", "while",     "bool",    "true",         "false",    "asm",      "typeof",   "alignas",
        "alignof",  "constexpr", "nullptr", "thread_local", /* C23, and macros of headers that are included */
};

static char fold(char c, bool to_upper)
{
    if (c == '-')
        return '_';
    if (to_upper)
        return (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static char *convert(struct gen *g, struct sw_str kebab, bool to_upper)
{
    static char nothing[1];
    char *name = g->rc == 0 ? sw_arena_try(g->arena, kebab.n + 2, 1) : NULL; /* room for '_' and NUL */
    if (!name) {
        if (g->rc == 0)
            g->rc = sw_arena_fail(g->arena, kebab.n + 2, g->err);
        return nothing;
    }
    for (size_t i = 0; i < kebab.n; i++)
        name[i] = fold(kebab.p[i], to_upper);
    return name;
}

static bool is_keyword(const char *name)
{
    for (size_t i = 0; i < sizeof KEYWORDS / sizeof KEYWORDS[0]; i++)
        if (strcmp(name, KEYWORDS[i]) == 0)
            return true;
    return false;
}

const char *snake(struct gen *g, struct sw_str kebab)
{
    char *name = convert(g, kebab, false);
    if (is_keyword(name))
        name[kebab.n] = '_';
    return name;
}

const char *upper(struct gen *g, struct sw_str kebab)
{
    return convert(g, kebab, true);
}

const char *param_name(struct gen *g, struct sw_str kebab)
{
    const char *name = snake(g, kebab);
    bool taken = strcmp(name, "call") == 0 || strcmp(name, "ret") == 0 || strcmp(name, "ret_error") == 0;
    return taken ? text(g, "%s_", name) : name;
}

const struct gen_interface *interface_of(struct gen *g, const struct wit_def *def)
{
    const struct wit_interface *owner = def->home->interface;
    for (uint32_t i = 0; i < g->interface_count; i++)
        if (g->interfaces[i].wit == owner)
            return &g->interfaces[i];
    gen_fail(g, &def->pos,
             SW_FMT " needs '" SW_FMT "' of " SW_FMT
                    ", which is not among the interfaces to generate\nhint: list it too",
             SW_ARG(g->now->wit->full_name), SW_ARG(def->name),
             SW_ARG(owner ? owner->full_name : SW_LIT("a world")));
    return NULL;
}

const char *def_name(struct gen *g, const struct wit_def *def)
{
    const struct gen_interface *in = interface_of(g, def);
    return in ? text(g, "%s_%s", in->file, convert(g, def->name, false)) : "";
}

const char *def_upper(struct gen *g, const struct wit_def *def)
{
    const struct gen_interface *in = interface_of(g, def);
    return in ? text(g, "%s_%s", in->upper, upper(g, def->name)) : "";
}

const char *kind_name(struct gen *g, const struct wit_def *resource)
{
    return text(g, "HOST_KIND_%s", def_upper(g, resource));
}

const struct wit_def *resource_of(const struct wit_def *def)
{
    def = wit_def_strip(def);
    if (def->kind == WIT_DEF_ALIAS && def->type->kind == WIT_OWN && def->type->is_bare)
        return def->type->def;
    return def->kind == WIT_DEF_RESOURCE ? def : NULL;
}

static const struct {
    const char *wit, *fragment, *c, *zero;
} PRIMITIVES[] = {
    [SHAPE_BOOL] = {"bool", "bool", "bool ", "false"},
    [SHAPE_S8] = {"s8", "s8", "int8_t ", "0"},
    [SHAPE_U8] = {"u8", "u8", "uint8_t ", "0"},
    [SHAPE_S16] = {"s16", "s16", "int16_t ", "0"},
    [SHAPE_U16] = {"u16", "u16", "uint16_t ", "0"},
    [SHAPE_S32] = {"s32", "s32", "int32_t ", "0"},
    [SHAPE_U32] = {"u32", "u32", "uint32_t ", "0"},
    [SHAPE_S64] = {"s64", "s64", "int64_t ", "0"},
    [SHAPE_U64] = {"u64", "u64", "uint64_t ", "0"},
    [SHAPE_F32] = {"f32", "f32", "float ", "0"},
    [SHAPE_F64] = {"f64", "f64", "double ", "0"},
    [SHAPE_CHAR] = {"char", "char", "uint32_t ", "0"},
    [SHAPE_STRING] = {"string", "str", "struct sw_str ", "{0}"},
    [SHAPE_BYTES] = {"bytes", "str", "struct sw_str ", "{0}"},
};

static const char *(*const NAMERS[])(struct gen *g, const struct wit_type *type) = {fragment, walk_name};

static const char *tuple_name(struct gen *g, const struct wit_type *type, int walk)
{
    const char *name = "tuple";
    for (uint32_t i = 0; i < part_count(type); i++)
        name = text(g, "%s_%s", name, NAMERS[walk](g, part_type(type, i)));
    return name;
}

/* walk 0: of the C type, 1: of the WIT type. They differ where several WIT types are one C type. */
static const char *name_of(struct gen *g, const struct wit_type *type, int walk)
{
    if (!type)
        return "void";
    type = wit_type_strip(type);
    enum shape shape = shape_of(type);
    switch (shape) {
    case SHAPE_LIST:
        return text(g, "list_%s", NAMERS[walk](g, type->elem));
    case SHAPE_FIXED_LIST:
        return text(g, "list%u_%s", type->length, NAMERS[walk](g, type->elem));
    case SHAPE_OPTION:
        return text(g, "option_%s", NAMERS[walk](g, type->elem));
    case SHAPE_RESULT:
        return text(g, "result_%s_%s", NAMERS[walk](g, type->elem), NAMERS[walk](g, type->other));
    case SHAPE_TUPLE:
        return tuple_name(g, type, walk);
    case SHAPE_FLAGS:
        return walk ? def_name(g, type->def) : "u32";
    case SHAPE_OWN:
    case SHAPE_BORROW:
        return walk ? text(g, "%s_%s", shape == SHAPE_OWN ? "own" : "borrow", def_name(g, type->def))
                    : def_name(g, type->def);
    case SHAPE_RECORD:
    case SHAPE_VARIANT:
    case SHAPE_ENUM:
        return def_name(g, type->def);
    case SHAPE_NONE:
        return "";
    case SHAPE_BOOL:
    case SHAPE_S8:
    case SHAPE_U8:
    case SHAPE_S16:
    case SHAPE_U16:
    case SHAPE_S32:
    case SHAPE_U32:
    case SHAPE_S64:
    case SHAPE_U64:
    case SHAPE_F32:
    case SHAPE_F64:
    case SHAPE_CHAR:
    case SHAPE_STRING:
    case SHAPE_BYTES:
        break;
    }
    return walk ? PRIMITIVES[shape].wit : PRIMITIVES[shape].fragment;
}

const char *fragment(struct gen *g, const struct wit_type *type)
{
    return name_of(g, type, 0);
}

const char *walk_name(struct gen *g, const struct wit_type *type)
{
    return name_of(g, type, 1);
}

const char *c_type(struct gen *g, const struct wit_type *type)
{
    enum shape shape = shape_of(type);
    if (shape <= SHAPE_BYTES)
        return PRIMITIVES[shape].c;
    if (shape == SHAPE_FLAGS)
        return PRIMITIVES[SHAPE_U32].c;
    if (shape == SHAPE_ENUM)
        return text(g, "enum host_%s ", fragment(g, type));
    return text(g, shape == SHAPE_OWN || shape == SHAPE_BORROW ? "struct host_%s *" : "struct host_%s ",
                fragment(g, type));
}

const char *c_zero(const struct wit_type *type)
{
    enum shape shape = shape_of(type);
    if (shape <= SHAPE_BYTES)
        return PRIMITIVES[shape].zero;
    if (shape == SHAPE_FLAGS || shape == SHAPE_ENUM)
        return "0";
    return shape == SHAPE_OWN || shape == SHAPE_BORROW ? "NULL" : "{0}";
}

bool func_waits(struct gen *g, const struct wit_func *func, const struct gen_interface *in)
{
    const char *key = text(g, SW_FMT " " SW_FMT, SW_ARG(in->wit->full_name), SW_ARG(func->full_name));
    return sw_map_get(&g->waits, sw_str_of(key)) != NULL;
}

const char *func_name(struct gen *g, const struct gen_interface *in, const struct wit_func *func)
{
    const char *name = convert(g, func->name, false);
    if (func->kind == WIT_FUNC_CONSTRUCTOR)
        name = text(g, "%s_new", name);
    else if (func->kind != WIT_FUNC_FREE)
        name = text(g, "%s_%s", convert(g, func->resource->name, false), name);
    return text(g, "%s%s%s", in->prefix, name, func_waits(g, func, in) && !func->is_async ? "_wait" : "");
}

bool func_polls(struct gen *g, const struct wit_func *func, const struct gen_interface *in)
{
    return func->is_async && func_waits(g, func, in);
}

const char *member(struct gen *g, const struct wit_type *type, uint32_t i)
{
    type = wit_type_strip(type);
    if (type->kind == WIT_TUPLE)
        return text(g, "f%u", i);
    if (type->kind == WIT_OPTION)
        return "value";
    if (type->kind == WIT_RESULT)
        return i == 0 ? "ok" : "err";
    return snake(g, type->def->fields[i].name);
}
