/* describe_wit.c - the world of a component as WIT.  Room: component.
 *
 * A home is a scope of types: the world itself, then one per interface (an interface that is imported and exported is one home with two
 * sides). The first pass gives each named type its home and name; the second prints, and where a type of another home is mentioned
 * without a name here, adds a `use`. Only a type's address tells aliases apart (validate.h, 1); resources also have numbers, and records,
 * variants, enums and flags, which WIT cannot write in place, are found by their interned number when all else fails. */
#include <assert.h>
#include <stdio.h>

#include "component/describe_internal.h"
#include "component/link.h"

/* ---- text ---- */

void component__wit_say(struct wit_writer *w, struct sw_str text)
{
    if (w->rc == 0)
        w->rc = sw_buf_add(w->out, text, w->err);
}

void component__wit_line(struct wit_writer *w)
{
    for (uint32_t i = 0; i < w->indent; i++)
        component__wit_say(w, SW_LIT("  "));
}

static bool is_keyword(struct sw_str name)
{
    static const char *const words[] = {
        "as",  "async",  "bool",   "borrow",  "char",   "constructor", "enum",          "export",    "f32",
        "f64", "flags",  "from",   "func",    "future", "import",      "include",       "interface", "list",
        "map", "option", "own",    "package", "record", "resource",    "result",        "s16",       "s32",
        "s64", "s8",     "static", "stream",  "string", "tuple",       "type",          "u16",       "u32",
        "u64", "u8",     "use",    "variant", "with",   "world",       "error-context",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (sw_str_eq(name, sw_str_of(words[i])))
            return true;
    return false;
}

void component__wit_id(struct wit_writer *w, struct sw_str name)
{
    if (is_keyword(name))
        component__wit_say(w, SW_LIT("%"));
    component__wit_say(w, name);
}

static void say_number(struct wit_writer *w, uint32_t number)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%u", number);
    component__wit_say(w, sw_str_of(text));
}

void component__wit_path(struct wit_writer *w, const struct wit_home *home)
{
    component__wit_say(w, home->package);
    component__wit_say(w, SW_LIT("/"));
    component__wit_say(w, home->local);
    if (home->version.n) {
        component__wit_say(w, SW_LIT("@"));
        component__wit_say(w, home->version);
    }
}

void component__wit_comment(struct wit_writer *w, const char *what, struct sw_str name)
{
    component__wit_line(w);
    component__wit_say(w, SW_LIT("// "));
    component__wit_say(w, sw_str_of(what));
    component__wit_say(w, SW_LIT(" '"));
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (w->rc == 0)
            w->rc = sw_buf_add_byte(w->out, c < 0x20 || c == 0x7f ? '?' : c,
                                    w->err); /* a line end would end the comment */
    }
    component__wit_say(w, SW_LIT("': WIT has no words for it\n"));
}

/* ---- names of types ---- */

static bool is_primitive(const struct wit_writer *w, const struct vt *type) /* itself, not a name for it */
{
    return type->kind == VT_VALUE && type->value < COMPONENT_KIND_PRIMITIVES &&
           type == w->v->primitives[type->value];
}

static bool is_compound(const struct vt *type)
{
    return type->kind == VT_VALUE && (type->value == COMPONENT_RECORD || type->value == COMPONENT_VARIANT ||
                                      type->value == COMPONENT_ENUM || type->value == COMPONENT_FLAGS);
}

/* The keys of a type: its address, and a number that no address has (they are aligned). */
static uint32_t keys_of(const struct vt *type, struct v_key ret[2])
{
    ret[0] = component__v_node(type);
    if (type->kind == VT_RESOURCE)
        ret[1] = component__v_number((uintptr_t)type->resource * 4 + 1);
    else if (is_compound(type))
        ret[1] = component__v_number((uintptr_t)type->number * 4 + 3);
    else
        return 1;
    return 2;
}

static const struct wit_named *find_in(struct wit_writer *w, const struct v_map *map, const struct vt *type)
{
    struct v_key keys[2];
    uint32_t count = keys_of(type, keys);
    for (uint32_t i = 0; w->rc == 0 && i < count; i++) {
        const void *found = NULL;
        int rc = component__v_find(w->v, map, keys[i], &found);
        if (rc == 0)
            return found;
        w->rc = rc < 0 ? rc : 0;
    }
    return NULL;
}

/* NULL after a failure, or when the key is there. */
static void put(struct wit_writer *w, struct v_map *map, struct v_key key, const void *value)
{
    int rc = w->rc < 0 ? w->rc : component__v_put(w->v, map, key, value);
    w->rc = rc < 0 ? rc : 0;
}

static void put_type(struct wit_writer *w, struct v_map *map, const struct wit_named *name)
{
    struct v_key keys[2];
    uint32_t count = keys_of(name->type, keys);
    for (uint32_t i = 0; i < count; i++)
        put(w, map, keys[i], name);
}

static bool is_taken(struct wit_writer *w, const struct wit_home *home, struct sw_str name)
{
    const void *found = NULL;
    if (w->rc < 0)
        return false;
    int rc = component__v_find(w->v, &home->names, component__v_name(name), &found);
    w->rc = rc < 0 ? rc : 0;
    return rc == 0;
}

static bool is_item(struct wit_writer *w, const struct wit_home *home,
                    struct sw_str name) /* a function has it */
{
    for (int side = 0; side < 2; side++) {
        const void *found = NULL;
        int rc = home->sides[side]
                     ? component__v_find(w->v, &home->sides[side]->names, component__v_name(name), &found)
                     : SW_ABSENT;
        if (rc == 0)
            return true;
        w->rc = rc < 0 ? rc : w->rc;
    }
    return false;
}

static struct wit_named *name_new(struct wit_writer *w, struct wit_home *home, struct sw_str name,
                                  const struct vt *type)
{
    struct wit_named *made = w->rc < 0 ? NULL : V_NEW(w->v, struct wit_named);
    if (!made) {
        w->rc = w->rc < 0 ? w->rc : w->v->rc;
        return NULL;
    }
    *made = (struct wit_named){.home = home, .name = name, .type = type};
    put(w, &home->names, component__v_name(name), made);
    put_type(w, &home->types, made);
    return made;
}

static bool can_be_used(const struct wit_home *home)
{
    return home->package.n != 0;
}

/* A name that is given to a type here; what it was taken from, when that has a name already. */
static void register_type(struct wit_writer *w, struct wit_home *home, const struct vt_item *item)
{
    const struct vt_extern *what = &item->what;
    if (is_taken(w, home, item->name) || w->rc < 0)
        return; /* the other side of the interface has it: the same name for other nodes */
    const struct wit_named *from = NULL;
    const void *found = NULL;
    const struct vt *places[] = {what->referenced, what->type};
    for (size_t i = 0; !from && i < 2; i++) {
        int rc = is_primitive(w, places[i])
                     ? SW_ABSENT
                     : component__v_find(w->v, &w->types, component__v_node(places[i]), &found);
        if (rc == 0)
            from = found;
        else if (rc < 0)
            w->rc = rc;
    }
    if (!from && what->type->kind == VT_RESOURCE)
        from = find_in(w, &w->types, what->type);
    struct wit_named *name = name_new(w, home, item->name, what->type);
    if (!name)
        return;
    if (from && (from->home == home || can_be_used(from->home)))
        name->from = from;
    put_type(w, &w->types, name);
    if (is_primitive(w, what->referenced))
        return;
    put(w, &w->types, component__v_node(what->referenced), name);
    put(w, &home->types, component__v_node(what->referenced), name);
}

static void register_items(struct wit_writer *w, struct wit_home *home, const struct vt_items *items)
{
    for (uint32_t i = 0; w->rc == 0 && i < items->count; i++) {
        const struct vt_item *item = &items->p[i];
        if (item->what.sort != COMPONENT_SORT_TYPE)
            continue;
        const void *found = NULL;
        int rc = component__v_find(w->v, &home->names, component__v_name(item->name), &found);
        if (rc == 0) { /* the second side */
            const struct wit_named *other = found;
            struct wit_named *twin = V_NEW(w->v, struct wit_named);
            if (!twin) {
                w->rc = w->v->rc;
                return;
            }
            *twin = *other;
            twin->type = item->what.type;
            put_type(w, &home->types, twin);
            put_type(w, &w->types, twin);
            continue;
        }
        register_type(w, home, item);
    }
}

/* ---- homes ---- */

static void home_name(struct wit_home *home, struct sw_str name)
{
    struct sw_str base;
    home->name = name;
    component__name_split(name, &base, &home->version);
    size_t slash = sw_str_rfind(base, '/');
    home->is_inline =
        slash == SW_NPOS || sw_str_find(base, ':') == SW_NPOS || sw_str_find(base, '=') != SW_NPOS;
    if (home->is_inline)
        return;
    home->package = sw_str_head(base, slash);
    home->local = sw_str_from(base, slash + 1);
}

bool component__wit_has_words(const struct vt_item *item) /* a plain name or that of an interface */
{
    if (sw_str_find(item->name, '=') != SW_NPOS || sw_str_find(item->name, '<') != SW_NPOS)
        return false;
    return item->what.sort == COMPONENT_SORT_INSTANCE || item->what.sort == COMPONENT_SORT_FUNC ||
           item->what.sort == COMPONENT_SORT_TYPE;
}

static struct wit_home *home_find(struct wit_writer *w, struct sw_str name)
{
    const void *found = NULL;
    int rc = component__v_find(w->v, &w->by_name, component__v_name(name), &found);
    w->rc = rc < 0 ? rc : w->rc;
    return rc == 0 ? &w->homes[(const struct wit_home *)found - w->homes] : NULL;
}

static void add_homes(struct wit_writer *w, const struct vt_items *items, enum component_side side)
{
    for (uint32_t i = 0; w->rc == 0 && i < items->count; i++) {
        const struct vt_item *item = &items->p[i];
        if (item->what.sort != COMPONENT_SORT_INSTANCE || !component__wit_has_words(item))
            continue;
        struct wit_home fresh = {.printed = false};
        home_name(&fresh, item->name);
        struct wit_home *home = fresh.is_inline ? NULL : home_find(w, item->name);
        if (!home && w->rc == 0) {
            assert(w->homes); /* with room for each of them */
            home = &w->homes[w->home_count++];
            *home = fresh;
            if (!home->is_inline)
                put(w, &w->by_name, component__v_name(item->name), home);
        }
        if (home) {
            home->sides[side] = &item->what.type->exports;
            register_items(w, home, home->sides[side]);
        }
    }
}

int component__wit_homes(struct wit_writer *w, const struct component_world *world)
{
    const struct vt_items *imports = &world->type->imports, *exports = &world->type->exports;
    w->homes = V_ARRAY(w->v, (size_t)imports->count + exports->count + 1, struct wit_home);
    if (!w->homes)
        return w->v->rc;
    w->home_count = 1;
    w->homes[0].sides[0] = imports;
    w->homes[0].sides[1] = exports;
    add_homes(w, imports, COMPONENT_IMPORTS);
    if (w->rc == 0)
        register_items(w, &w->homes[0], imports);
    if (w->rc == 0)
        add_homes(w, exports, COMPONENT_EXPORTS);
    if (w->rc == 0)
        register_items(w, &w->homes[0], exports);
    return w->rc;
}

/* ---- types ---- */

/* A `use` that the component did not write, because its functions can mention any type that was exported. */
static struct sw_str use_implicitly(struct wit_writer *w, const struct wit_named *from)
{
    struct sw_str name = from->name;
    for (uint32_t n = 2; is_taken(w, w->here, name) || is_item(w, w->here, name); n++) {
        const char *text = sw_arena_printf(&w->v->arena, SW_FMT "-v%u", SW_ARG(from->name), n);
        if (!text) {
            w->rc = sw_arena_fail(&w->v->arena, from->name.n + 16, w->err);
            return name;
        }
        name = sw_str_of(text);
    }
    struct wit_home *home = w->here;
    struct wit_named *made = name_new(w, home, name, from->type);
    if (!made)
        return name;
    made->from = from;
    if (home->implicit_count == home->implicit_cap) {
        uint32_t cap = home->implicit_cap ? home->implicit_cap * 2 : 8;
        struct wit_named **wider = V_ARRAY(w->v, cap, struct wit_named *);
        if (!wider) {
            w->rc = w->v->rc;
            return name;
        }
        for (uint32_t i = 0; i < home->implicit_count; i++)
            wider[i] = home->implicit[i];
        home->implicit = wider;
        home->implicit_cap = cap;
    }
    home->implicit[home->implicit_count++] = made;
    return name;
}

/* Whether the type has a name, which is then printed. */
static bool say_name(struct wit_writer *w, const struct vt *type)
{
    const struct wit_named *name = find_in(w, &w->here->types, type);
    if (!name && (name = find_in(w, &w->types, type)) != NULL && name->home != w->here) {
        if (!can_be_used(name->home) && !is_compound(type) && type->kind != VT_RESOURCE)
            return false; /* written in place */
        component__wit_id(w, can_be_used(name->home) ? use_implicitly(w, name) : name->name);
        return true;
    }
    if (name)
        component__wit_id(w, name->name);
    return name != NULL;
}

static void say_around(struct wit_writer *w, struct sw_str word, const struct vt *elem)
{
    component__wit_say(w, word);
    if (!elem)
        return;
    component__wit_say(w, SW_LIT("<"));
    component__wit_type(w, elem);
    component__wit_say(w, SW_LIT(">"));
}

static void say_result(struct wit_writer *w, const struct vt *type)
{
    if (!type->error) {
        say_around(w, SW_LIT("result"), type->elem);
        return;
    }
    component__wit_say(w, SW_LIT("result<"));
    if (type->elem)
        component__wit_type(w, type->elem);
    else
        component__wit_say(w, SW_LIT("_"));
    component__wit_say(w, SW_LIT(", "));
    component__wit_type(w, type->error);
    component__wit_say(w, SW_LIT(">"));
}

static void say_types(struct wit_writer *w, struct sw_str word, const struct vt *type)
{
    component__wit_say(w, word);
    component__wit_say(w, SW_LIT("<"));
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (i)
            component__wit_say(w, SW_LIT(", "));
        component__wit_type(w, type->fields[i].type);
    }
    component__wit_say(w, SW_LIT(">"));
}

void component__wit_structure(struct wit_writer *w, const struct vt *type)
{
    static const char *const primitives[] = {"bool", "s8",  "u8",  "s16", "u16",  "s32",    "u32",
                                             "s64",  "u64", "f32", "f64", "char", "string", "error-context"};
    if (type->value < COMPONENT_KIND_PRIMITIVES) {
        component__wit_say(w, sw_str_of(primitives[type->value]));
    } else if (type->value == COMPONENT_LIST && type->is_map) {
        say_types(w, SW_LIT("map"), type->elem);
    } else if (type->value == COMPONENT_LIST) {
        say_around(w, SW_LIT("list"), type->elem);
    } else if (type->value == COMPONENT_FIXED_LIST) {
        component__wit_say(w, SW_LIT("list<"));
        component__wit_type(w, type->elem);
        component__wit_say(w, SW_LIT(", "));
        say_number(w, type->length);
        component__wit_say(w, SW_LIT(">"));
    } else if (type->value == COMPONENT_TUPLE) {
        say_types(w, SW_LIT("tuple"), type);
    } else if (type->value == COMPONENT_OPTION) {
        say_around(w, SW_LIT("option"), type->elem);
    } else if (type->value == COMPONENT_RESULT) {
        say_result(w, type);
    } else if (type->value == COMPONENT_OWN) {
        component__wit_type(w, type->elem);
    } else if (type->value == COMPONENT_BORROW) {
        say_around(w, SW_LIT("borrow"), type->elem);
    } else if (type->value == COMPONENT_STREAM || type->value == COMPONENT_FUTURE) {
        say_around(w, type->value == COMPONENT_STREAM ? SW_LIT("stream") : SW_LIT("future"), type->elem);
    } else {
        component__wit_say(
            w,
            SW_LIT("/* a type without a name */")); /* the validator refuses those in imports and exports */
    }
}

void component__wit_type(struct wit_writer *w, const struct vt *type) /* as deep as types are */
{
    if (w->rc == 0)
        w->rc = component__v_steps(w->v, 1);
    if (w->rc < 0 || (!is_primitive(w, type) && say_name(w, type)))
        return;
    if (type->kind == VT_RESOURCE)
        component__wit_say(w, SW_LIT("/* a resource without a name */"));
    else
        component__wit_structure(w, type);
}
