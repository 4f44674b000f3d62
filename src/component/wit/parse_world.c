/* parse_world.c - the body of a world.  Room: wit.  Source: WIT.md "Item: world", "Item: include". */
#include "component/wit/wit_internal.h"

static int inline_interface(struct wit_parser *p, struct wit_world *world, struct wit_item *item)
{
    struct wit_interface *made = SW_ARENA_NEW(p->arena, struct wit_interface);
    if (!made)
        return wit__no_memory(p->arena, sizeof *made, p->err);
    made->pos = item->pos;
    made->home.block = world->home.block;
    made->home.interface = made;
    item->kind = WIT_ITEM_INTERFACE;
    item->interface = made;
    int rc = wit__next(p);
    return rc == 0 ? wit__interface_body(p, made) : rc;
}

/* What follows "name:" */
static int extern_type(struct wit_parser *p, struct wit_world *world, struct wit_item *item)
{
    if (wit__is_kw(p, KW_INTERFACE))
        return inline_interface(p, world, item);
    int rc;
    if (wit__is_kw(p, KW_FUNC) || wit__is_kw(p, KW_ASYNC)) {
        struct wit_func *func = SW_ARENA_NEW(p->arena, struct wit_func);
        if (!func)
            return wit__no_memory(p->arena, sizeof *func, p->err);
        func->name = item->name;
        func->full_name = item->name;
        func->pos = item->pos;
        item->kind = WIT_ITEM_FUNC;
        item->func = func;
        rc = wit__func_type(p, func);
    } else {
        item->kind = WIT_ITEM_PATH;
        rc = wit__path(p, "'func', 'interface' or the name of an interface", &item->path);
    }
    return rc == 0 ? wit__op(p, ';', "';'") : rc;
}

/* import / export. "a:b" without spaces begins a path, "a: b" names something: the two differ by spaces only (WIT.md). */
static int port(struct wit_parser *p, struct wit_world *world, struct wit_item *item)
{
    item->is_export = wit__is_kw(p, KW_EXPORT);
    int rc = wit__next(p);
    struct sw_str first = {0};
    if (rc == 0)
        rc = wit__id(p, "a name or an interface", &first, &item->pos);
    if (rc != 0)
        return rc;
    const char *behind = first.p + first.n;
    if (wit__is_op(p, ':')) {
        struct wit_lexer back = p->lex;
        bool tight = p->lex.tok.text.p == behind;
        rc = wit__next(p);
        if (rc != 0)
            return rc;
        if (!(tight && p->lex.tok.kind == TOK_ID && p->lex.tok.start == back.tok.end)) {
            item->name = first;
            return extern_type(p, world, item);
        }
        p->lex = back;
    }
    item->kind = WIT_ITEM_PATH;
    rc = wit__path_rest(p, first, item->pos, &item->path);
    return rc == 0 ? wit__op(p, ';', "';'") : rc;
}

static int renames(struct wit_parser *p, struct wit_item *item)
{
    int rc = wit__op(p, '{', "'{'");
    while (rc == 0) {
        struct wit_rename rename = {0};
        if (wit__is_op(p, '}') && item->rename_count)
            break;
        rc = wit__id(p, "the name of an import or export", &rename.from, &rename.pos);
        if (rc == 0 && !wit__is_kw(p, KW_AS))
            return wit__expected(p, "'as'");
        if (rc == 0)
            rc = wit__next(p);
        if (rc == 0)
            rc = wit__id(p, "a name", &rename.to, NULL);
        if (rc == 0)
            rc =
                wit__push_copy(p->arena, &item->renames, &item->rename_count, &rename, sizeof rename, p->err);
        if (rc != 0)
            return rc;
        if (!wit__is_op(p, ','))
            break;
        rc = wit__next(p);
    }
    return rc == 0 ? wit__op(p, '}', "',' or '}'") : rc;
}

static int include(struct wit_parser *p, struct wit_item *item)
{
    item->kind = WIT_ITEM_INCLUDE;
    int rc = wit__next(p);
    if (rc == 0)
        rc = wit__path(p, "the name of a world", &item->path);
    if (rc < 0 || !wit__is_kw(p, KW_WITH))
        return rc == 0 ? wit__op(p, ';', "';' or 'with'") : rc;
    rc = wit__next(p);
    if (rc == 0)
        rc = renames(p, item);
    if (rc == 0 && wit__is_op(p, ';')) /* the grammar has none here, but published files do */
        rc = wit__next(p);
    return rc;
}

int wit__world_body(struct wit_parser *p, struct wit_world *world)
{
    int rc = wit__op(p, '{', "'{'");
    while (rc == 0 && !wit__is_op(p, '}')) {
        struct wit_gate gate = {0};
        struct sw_str external_id = {0};
        rc = wit__gate(p, &gate, &external_id);
        if (rc != 0)
            return rc;
        if (wit__starts_def(p)) {
            rc = wit__def(p, &gate, &world->home);
            continue;
        }
        struct wit_item *item = SW_ARENA_NEW(p->arena, struct wit_item);
        if (!item)
            return wit__no_memory(p->arena, sizeof *item, p->err);
        item->gate = gate;
        item->external_id = external_id;
        item->pos = p->lex.tok.pos;
        if (wit__is_kw(p, KW_IMPORT) || wit__is_kw(p, KW_EXPORT))
            rc = port(p, world, item);
        else if (wit__is_kw(p, KW_INCLUDE))
            rc = include(p, item);
        else
            return wit__expected(p, "'import', 'export', 'include', 'use', a type definition or '}'");
        if (rc == 0)
            rc = wit__push(p->arena, &world->items, &world->item_count, item, p->err);
    }
    return rc == 0 ? wit__next(p) : rc;
}
