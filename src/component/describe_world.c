/* describe_world.c - the printing half of describe_wit.c: definitions, functions, interfaces, worlds, packages.  Room: component. */
#include "component/describe_internal.h"
#include "component/limits.h"

#define say component__wit_say
#define line component__wit_line
#define say_id component__wit_id

/* ---- functions ---- */

static void say_func_type(struct wit_writer *w, const struct vt *func, bool is_method, bool is_constructor)
{
    const char *before = "";
    say(w, SW_LIT("("));
    for (uint32_t i = is_method ? 1 : 0; i < func->field_count; i++) {
        say(w, sw_str_of(before));
        say_id(w, func->fields[i].name);
        say(w, SW_LIT(": "));
        component__wit_type(w, func->fields[i].type);
        before = ", ";
    }
    say(w, SW_LIT(")"));
    if (!func->elem)
        return;
    bool plain = func->elem->kind == VT_VALUE && func->elem->value == COMPONENT_OWN;
    if (is_constructor && plain)
        return; /* the resource itself goes without saying; a result<R, E> does not */
    say(w, SW_LIT(" -> "));
    component__wit_type(w, func->elem);
}

static void say_func(struct wit_writer *w, struct sw_str name, const struct vt *func)
{
    say_id(w, name);
    say(w, func->is_async ? SW_LIT(": async func") : SW_LIT(": func"));
    say_func_type(w, func, false, false);
    say(w, SW_LIT(";\n"));
}

/* "[method]r.name" of resource r: the part behind the bracket and what kind it is. */
static bool is_of_resource(struct sw_str item, struct sw_str resource, struct sw_str *ret_kind,
                           struct sw_str *ret_name)
{
    size_t close = sw_str_find(item, ']');
    if (item.n == 0 || item.p[0] != '[' || close == SW_NPOS)
        return false;
    *ret_kind = sw_str(item.p + 1, close - 1);
    struct sw_str rest = sw_str_from(item, close + 1);
    size_t dot = sw_str_find(rest, '.');
    *ret_name = dot == SW_NPOS ? SW_LIT("") : sw_str_from(rest, dot + 1);
    return sw_str_eq(sw_str_head(rest, dot), resource);
}

static void say_member(struct wit_writer *w, const struct vt *func, struct sw_str kind, struct sw_str name)
{
    bool is_constructor = sw_str_eq(kind, SW_LIT("constructor"));
    bool is_static = sw_str_eq(kind, SW_LIT("static"));
    line(w);
    if (is_constructor) {
        say(w, SW_LIT("constructor"));
    } else {
        say_id(w, name);
        say(w, SW_LIT(": "));
        say(w, is_static ? SW_LIT("static ") : SW_LIT(""));
        say(w, func->is_async ? SW_LIT("async func") : SW_LIT("func"));
    }
    say_func_type(w, func, !is_constructor && !is_static, is_constructor);
    say(w, SW_LIT(";\n"));
}

/* ---- the items of a home: those of its second side, then what only the first has ---- */

static bool only_here(struct wit_writer *w, const struct wit_home *home, int side, struct sw_str name)
{
    const void *found = NULL;
    if (side == 1 || !home->sides[1] || w->rc < 0)
        return true;
    int rc = component__v_find(w->v, &home->sides[1]->names, component__v_name(name), &found);
    w->rc = rc < 0 ? rc : w->rc;
    return rc == SW_ABSENT;
}

typedef void item_fn(struct wit_writer *w, const struct vt_item *item, void *arg);

static void each_item(struct wit_writer *w, const struct wit_home *home, item_fn *fn, void *arg)
{
    for (int side = 1; side >= 0; side--) {
        const struct vt_items *items = home->sides[side];
        if (w->rc == 0 && items)
            w->rc = component__v_steps(w->v, items->count);
        for (uint32_t i = 0; w->rc == 0 && items && i < items->count; i++)
            if (only_here(w, home, side, items->p[i].name))
                fn(w, &items->p[i], arg);
    }
}

struct members {
    struct sw_str resource;
    bool any;
};

static void say_if_member(struct wit_writer *w, const struct vt_item *item, void *arg)
{
    struct members *members = arg;
    struct sw_str kind, name;
    if (item->what.sort != COMPONENT_SORT_FUNC ||
        !is_of_resource(item->name, members->resource, &kind, &name))
        return;
    if (!members->any)
        say(w, SW_LIT(" {\n"));
    members->any = true;
    say_member(w, item->what.type, kind, name);
}

static void say_resource(struct wit_writer *w, struct sw_str name)
{
    struct members members = {.resource = name};
    say(w, SW_LIT("resource "));
    say_id(w, name);
    w->indent++;
    each_item(w, w->here, say_if_member, &members);
    w->indent--;
    if (members.any) {
        line(w);
        say(w, SW_LIT("}\n"));
    } else {
        say(w, SW_LIT(";\n"));
    }
}

/* ---- definitions of types ---- */

static void say_fields(struct wit_writer *w, const struct vt *type)
{
    bool record = type->value == COMPONENT_RECORD;
    say(w, SW_LIT(" {\n"));
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct vt_field *field = &type->fields[i];
        w->indent++;
        line(w);
        w->indent--;
        say_id(w, field->name);
        if (field->type) {
            say(w, record ? SW_LIT(": ") : SW_LIT("("));
            component__wit_type(w, field->type);
            say(w, record ? SW_LIT("") : SW_LIT(")"));
        }
        say(w, SW_LIT(",\n"));
    }
    line(w);
    say(w, SW_LIT("}\n"));
}

static bool same_package(const struct wit_home *a, const struct wit_home *b)
{
    return sw_str_eq(a->package, b->package) && sw_str_eq(a->version, b->version);
}

static void say_use(struct wit_writer *w, const struct wit_named *from, struct sw_str name)
{
    line(w);
    say(w, SW_LIT("use "));
    if (same_package(w->here, from->home))
        say_id(w, from->home->local); /* the package's name would make it depend on itself */
    else
        component__wit_path(w, from->home);
    say(w, SW_LIT(".{"));
    say_id(w, from->name);
    if (!sw_str_eq(from->name, name)) {
        say(w, SW_LIT(" as "));
        say_id(w, name);
    }
    say(w, SW_LIT("};\n"));
}

static void say_def(struct wit_writer *w, struct sw_str name, const struct vt *type)
{
    static const struct {
        enum component_kind kind;
        const char *word;
    } rows[] = {{COMPONENT_RECORD, "record "},
                {COMPONENT_VARIANT, "variant "},
                {COMPONENT_ENUM, "enum "},
                {COMPONENT_FLAGS, "flags "}};
    line(w);
    if (type->kind == VT_RESOURCE) {
        say_resource(w, name);
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].kind == type->value) {
            say(w, sw_str_of(rows[i].word));
            say_id(w, name);
            say_fields(w, type);
            return;
        }
    say(w, SW_LIT("type "));
    say_id(w, name);
    say(w, SW_LIT(" = "));
    bool own = type->value == COMPONENT_OWN; /* without the word it would be the resource itself */
    say(w, own ? SW_LIT("own<") : SW_LIT(""));
    component__wit_structure(w, type);
    say(w, own ? SW_LIT(">;\n") : SW_LIT(";\n"));
}

static const struct wit_named *named(struct wit_writer *w, struct sw_str name)
{
    const void *found = NULL;
    int rc = component__v_find(w->v, &w->here->names, component__v_name(name), &found);
    w->rc = rc < 0 ? rc : w->rc;
    return rc == 0 ? found : NULL;
}

static void say_type_item(struct wit_writer *w, const struct vt_item *item, void *arg)
{
    (void)arg;
    if (item->what.sort != COMPONENT_SORT_TYPE || !component__wit_has_words(item))
        return;
    const struct wit_named *name = named(w, item->name);
    if (!name)
        return;
    if (!name->from) {
        say_def(w, item->name, item->what.type);
    } else if (name->from->home != w->here) {
        say_use(w, name->from, item->name);
    } else {
        line(w);
        say(w, SW_LIT("type "));
        say_id(w, item->name);
        say(w, SW_LIT(" = "));
        say_id(w, name->from->name);
        say(w, SW_LIT(";\n"));
    }
}

static void say_func_item(struct wit_writer *w, const struct vt_item *item, void *arg)
{
    (void)arg;
    if (item->what.sort == COMPONENT_SORT_TYPE)
        return;
    if (item->what.sort != COMPONENT_SORT_FUNC) {
        component__wit_comment(w, component__v_extern_name(&item->what), item->name);
    } else if (item->name.n && item->name.p[0] != '[') {
        line(w);
        say_func(w, item->name, item->what.type);
    }
}

/* ---- interfaces ---- */

/* The body is printed first, because it decides which types are used; its text then goes behind them. */
static void say_body(struct wit_writer *w, struct wit_home *home, void (*body)(struct wit_writer *w))
{
    struct sw_buf *out = w->out;
    sw_auto_buf text = SW_BUF(COMPONENT_WORLD_TEXT_MAX);
    struct wit_home *outer = w->here;
    w->here = home;
    w->out = &text;
    w->indent++;
    body(w);
    w->out = out;
    for (uint32_t i = 0; i < home->implicit_count; i++)
        say_use(w, home->implicit[i]->from, home->implicit[i]->name);
    say(w, sw_buf_str(&text));
    w->indent--;
    w->here = outer;
}

static void interface_body(struct wit_writer *w)
{
    each_item(w, w->here, say_type_item, NULL);
    each_item(w, w->here, say_func_item, NULL);
}

static void say_interface(struct wit_writer *w, struct wit_home *home)
{
    line(w);
    say(w, SW_LIT("interface "));
    say_id(w, home->local);
    say(w, SW_LIT(" {\n"));
    say_body(w, home, interface_body);
    line(w);
    say(w, SW_LIT("}\n"));
    home->printed = true;
}

static void say_package(struct wit_writer *w, uint32_t first)
{
    const struct wit_home *home = &w->homes[first];
    say(w, SW_LIT("\npackage "));
    say(w, home->package);
    if (home->version.n) {
        say(w, SW_LIT("@"));
        say(w, home->version);
    }
    say(w, SW_LIT(" {\n"));
    w->indent++;
    if (w->rc == 0)
        w->rc = component__v_steps(w->v, w->home_count);
    for (uint32_t i = first; w->rc == 0 && i < w->home_count; i++)
        if (!w->homes[i].is_inline && same_package(&w->homes[i], home))
            say_interface(w, &w->homes[i]);
    w->indent--;
    say(w, SW_LIT("}\n"));
}

/* ---- the world ---- */

/* By name as well: two interfaces may have one type. */
static struct wit_home *home_of(struct wit_writer *w, const struct vt_item *item)
{
    const struct vt_items *exports = &item->what.type->exports;
    if (w->rc == 0)
        w->rc = component__v_steps(w->v, w->home_count);
    for (uint32_t i = 1; w->rc == 0 && i < w->home_count; i++) {
        struct wit_home *home = &w->homes[i];
        if ((home->sides[0] == exports || home->sides[1] == exports) && sw_str_eq(home->name, item->name))
            return home;
    }
    return NULL;
}

static void say_port(struct wit_writer *w, const struct vt_item *item, const char *word)
{
    if (item->what.sort == COMPONENT_SORT_TYPE || (item->name.n && item->name.p[0] == '['))
        return; /* with the types */
    if (!component__wit_has_words(item)) {
        component__wit_comment(w, word, item->name);
        return;
    }
    line(w);
    say(w, sw_str_of(word));
    say(w, SW_LIT(" "));
    if (item->what.sort == COMPONENT_SORT_FUNC) {
        say_func(w, item->name, item->what.type);
        return;
    }
    struct wit_home *home = home_of(w, item);
    if (!home)
        return;
    if (!home->is_inline) {
        component__wit_path(w, home);
        say(w, SW_LIT(";\n"));
        return;
    }
    say_id(w, item->name);
    say(w, SW_LIT(": interface {\n"));
    say_body(w, home, interface_body);
    line(w);
    say(w, SW_LIT("}\n"));
}

static void world_body(struct wit_writer *w)
{
    const struct wit_home *world = w->here;
    for (uint32_t i = 0; w->rc == 0 && i < world->sides[0]->count; i++)
        say_port(w, &world->sides[0]->p[i], "import");
    for (uint32_t i = 0; w->rc == 0 && i < world->sides[1]->count; i++)
        say_port(w, &world->sides[1]->p[i], "export");
    each_item(w, world, say_type_item, NULL);
}

int component_world_print(struct component_world *world, struct sw_buf *out, struct sw_err *err)
{
    size_t before = out->n;
    struct wit_writer w = {.v = world->v, .out = out, .err = err};
    w.v->err = err;
    w.v->steps = 0;
    w.rc = component__wit_homes(&w, world);
    say(&w, SW_LIT("package root:component;\n\nworld root {\n"));
    if (w.rc == 0)
        say_body(&w, &w.homes[0], world_body);
    say(&w, SW_LIT("}\n"));
    for (uint32_t i = 1; w.rc == 0 && i < w.home_count; i++)
        if (!w.homes[i].is_inline && !w.homes[i].printed)
            say_package(&w, i);
    w.v->err = &world->err;
    if (w.rc < 0)
        out->n = before;
    return w.rc;
}
