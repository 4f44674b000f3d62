/* parse.c - the top level of a WIT file: packages, uses, interfaces; gates and paths.  Room: wit.  Source: WIT.md.
 *
 * Recursive descent. Every function enters with the first token of its construct as the current one and leaves with the token
 * behind it. */
#include "component/wit/wit_internal.h"

#include <stdalign.h>

int wit__push_copy(struct sw_arena *arena, void *array, uint32_t *count, const void *value, size_t size,
                   struct sw_err *err)
{
    char *items;
    memcpy(&items, array, sizeof items);               /* `array` points to a pointer of some type */
    if (*count == 0 || (*count & (*count - 1)) == 0) { /* full: capacities are powers of two */
        if (*count >= WIT_ITEMS_MAX)
            return sw_fail(err, SW_ELIMIT, "there are over %d items of one kind in one place", WIT_ITEMS_MAX);
        size_t more_count = *count ? (size_t)*count * 2 : 1;
        char *more = sw_arena_try_array(arena, more_count, size, alignof(max_align_t));
        if (!more)
            return wit__no_memory(arena, more_count * size, err);
        if (*count)
            memcpy(more, items, *count * size);
        memcpy(array, &more, sizeof more);
        items = more;
    }
    memcpy(items + *count * size, value, size);
    (*count)++;
    return 0;
}

int wit__push(struct sw_arena *arena, void *array, uint32_t *count, const void *value, struct sw_err *err)
{
    return wit__push_copy(arena, array, count, &value, sizeof value, err);
}

int wit__expected(struct wit_parser *p, const char *what)
{
    char got[WIT_GOT_BYTES];
    const char *hint = "";
    if (p->lex.tok.kind == TOK_KEYWORD && strstr(what, "name"))
        hint = "\nhint: a keyword is used as a name with '%' in front";
    return wit__fail(p->lex.tok.pos, SW_EINPUT, p->err, "expected %s, got %s%s", what,
                     wit__lex_got(&p->lex, got), hint);
}

bool wit__is_op(const struct wit_parser *p, char op)
{
    return p->lex.tok.kind == TOK_OPERATOR && p->lex.tok.text.p[0] == op;
}

bool wit__is_kw(const struct wit_parser *p, enum wit_kw kw)
{
    return p->lex.tok.kind == TOK_KEYWORD && p->lex.tok.kw == kw;
}

int wit__next(struct wit_parser *p)
{
    return wit__lex_next(&p->lex, p->err);
}

int wit__op(struct wit_parser *p, char op, const char *what)
{
    return wit__is_op(p, op) ? wit__next(p) : wit__expected(p, what);
}

int wit__id(struct wit_parser *p, const char *what, struct sw_str *ret, struct wit_pos *ret_pos)
{
    if (p->lex.tok.kind != TOK_ID)
        return wit__expected(p, what);
    *ret = p->lex.tok.text;
    if (ret_pos)
        *ret_pos = p->lex.tok.pos;
    return wit__next(p);
}

/* The rest of a path whose first name was read; ':' may follow. */
int wit__path_rest(struct wit_parser *p, struct sw_str first, struct wit_pos pos, const struct wit_path **ret)
{
    struct wit_path *path = SW_ARENA_NEW(p->arena, struct wit_path);
    if (!path)
        return wit__no_memory(p->arena, sizeof *path, p->err);
    path->pos = pos;
    path->name = first;
    *ret = path;
    if (!wit__is_op(p, ':'))
        return 0;
    path->space = first;
    int rc = wit__next(p);
    if (rc == 0)
        rc = wit__id(p, "a package name", &path->package, NULL);
    if (rc == 0)
        rc = wit__op(p, '/', "'/' and the name of an interface or world");
    if (rc == 0)
        rc = wit__id(p, "the name of an interface or world", &path->name, NULL);
    if (rc == 0 && wit__is_op(p, '@')) {
        rc = wit__next(p);
        if (rc == 0)
            rc = wit__lex_version(&p->lex, &path->version, p->err);
    }
    return rc;
}

int wit__path(struct wit_parser *p, const char *what, const struct wit_path **ret)
{
    struct sw_str first = {0};
    struct wit_pos pos = {0};
    int rc = wit__id(p, what, &first, &pos);
    return rc == 0 ? wit__path_rest(p, first, pos, ret) : rc;
}

/* "(key = " up to the value. */
static int gate_field(struct wit_parser *p, const char *key, const char *what)
{
    int rc = wit__op(p, '(', "'('");
    if (rc == 0 && (p->lex.tok.kind != TOK_ID || !sw_str_eq(p->lex.tok.text, sw_str_of(key))))
        return wit__expected(p, what);
    if (rc == 0)
        rc = wit__next(p);
    return rc == 0 ? wit__op(p, '=', "'='") : rc;
}

static int gate_item(struct wit_parser *p, struct wit_gate *gate, struct sw_str *external_id)
{
    struct sw_str name = p->lex.tok.text;
    struct wit_pos pos = p->lex.tok.pos;
    if (p->lex.tok.kind != TOK_ID)
        return wit__expected(p, "'since', 'unstable', 'deprecated' or 'external-id'");
    int rc = wit__next(p);
    if (rc != 0)
        return rc;
    gate->pos = pos;
    if (sw_str_eq(name, SW_LIT("since")) || sw_str_eq(name, SW_LIT("deprecated"))) {
        struct sw_str *version = sw_str_eq(name, SW_LIT("since")) ? &gate->since : &gate->deprecated;
        rc = version->n ? wit__fail(pos, SW_EINPUT, p->err, "'@" SW_FMT "' stands twice", SW_ARG(name)) : 0;
        if (rc == 0)
            rc = gate_field(p, "version", "'version'");
        if (rc == 0)
            rc = wit__lex_version(&p->lex, version, p->err);
    } else if (sw_str_eq(name, SW_LIT("unstable"))) {
        rc = gate->feature.n ? wit__fail(pos, SW_EINPUT, p->err, "'@unstable' stands twice") : 0;
        if (rc == 0)
            rc = gate_field(p, "feature", "'feature'");
        if (rc == 0)
            rc = wit__id(p, "the name of a feature", &gate->feature, NULL);
    } else if (sw_str_eq(name, SW_LIT("external-id"))) {
        rc = wit__op(p, '(', "'('");
        if (rc == 0 && p->lex.tok.kind != TOK_STRING)
            return wit__expected(p, "a string");
        *external_id = p->lex.tok.text;
        if (rc == 0)
            rc = wit__next(p);
    } else {
        return wit__fail(pos, SW_EINPUT, p->err,
                         "expected 'since', 'unstable', 'deprecated' or 'external-id', got '" SW_FMT "'",
                         SW_ARG(name));
    }
    return rc == 0 ? wit__op(p, ')', "')'") : rc;
}

int wit__gate(struct wit_parser *p, struct wit_gate *ret, struct sw_str *ret_external_id)
{
    struct wit_gate gate = {0};
    struct sw_str external_id = {0};
    while (wit__is_op(p, '@')) {
        int rc = wit__next(p);
        if (rc == 0)
            rc = gate_item(p, &gate, &external_id);
        if (rc != 0)
            return rc;
    }
    if (gate.since.n && gate.feature.n)
        return wit__fail(gate.pos, SW_EINPUT, p->err, "'@since' and '@unstable' exclude each other");
    *ret = gate;
    if (ret_external_id)
        *ret_external_id = external_id;
    return 0;
}

/* package a:b@1.0.0, up to what follows. */
static int package_name(struct wit_parser *p, struct wit_block *block)
{
    struct sw_str space = {0}, package = {0}, version = {0};
    struct wit_pos pos = {0};
    int rc = wit__next(p); /* the keyword */
    if (rc == 0)
        rc = wit__id(p, "a package name like 'wasi:http'", &space, &pos);
    if (rc == 0)
        rc = wit__op(p, ':', "':' and the second half of the package name");
    if (rc == 0)
        rc = wit__id(p, "the second half of the package name", &package, NULL);
    if (rc == 0 && wit__is_op(p, '@')) {
        rc = wit__next(p);
        if (rc == 0)
            rc = wit__lex_version(&p->lex, &version, p->err);
    }
    if (rc != 0)
        return rc;
    if (!wit__is_op(p, ';') && !wit__is_op(p, '{'))
        return wit__expected(p, "';' or '{'");
    if (wit__is_op(p, ';') && block->has_package)
        return wit__fail(
            pos, SW_EINPUT, p->err,
            "a file names its package once\nhint: put the second package into 'package a:b { ... }'");
    block->has_package = true;
    block->space = space;
    block->package = package;
    block->version = version;
    block->pos = pos;
    return 0;
}

static int top_use(struct wit_parser *p, const struct wit_gate *gate, struct wit_block *block)
{
    struct wit_alias *alias = SW_ARENA_NEW(p->arena, struct wit_alias);
    if (!alias)
        return wit__no_memory(p->arena, sizeof *alias, p->err);
    alias->gate = *gate;
    int rc = wit__next(p);
    alias->pos = p->lex.tok.pos;
    if (rc == 0)
        rc = wit__path(p, "the name of an interface", &alias->path);
    if (rc != 0)
        return rc;
    alias->name = alias->path->name;
    if (wit__is_kw(p, KW_AS)) {
        rc = wit__next(p);
        if (rc == 0)
            rc = wit__id(p, "a name", &alias->name, &alias->pos);
    }
    if (rc == 0)
        rc = wit__op(p, ';', "';'");
    return rc == 0 ? wit__push(p->arena, &block->aliases, &block->alias_count, alias, p->err) : rc;
}

static int interface(struct wit_parser *p, const struct wit_gate *gate, struct wit_block *block)
{
    struct wit_interface *made = SW_ARENA_NEW(p->arena, struct wit_interface);
    if (!made)
        return wit__no_memory(p->arena, sizeof *made, p->err);
    made->gate = *gate;
    made->home.block = block;
    made->home.interface = made;
    int rc = wit__next(p);
    if (rc == 0)
        rc = wit__id(p, "the interface's name", &made->name, &made->pos);
    if (rc == 0)
        rc = wit__interface_body(p, made);
    return rc == 0 ? wit__push(p->arena, &block->interfaces, &block->interface_count, made, p->err) : rc;
}

static int world(struct wit_parser *p, const struct wit_gate *gate, struct wit_block *block)
{
    struct wit_world *made = SW_ARENA_NEW(p->arena, struct wit_world);
    if (!made)
        return wit__no_memory(p->arena, sizeof *made, p->err);
    made->gate = *gate;
    made->home.block = block;
    int rc = wit__next(p);
    if (rc == 0)
        rc = wit__id(p, "the world's name", &made->name, &made->pos);
    if (rc == 0)
        rc = wit__world_body(p, made);
    return rc == 0 ? wit__push(p->arena, &block->worlds, &block->world_count, made, p->err) : rc;
}

/* One item; SW_ABSENT when the current token starts none. */
static int top_item(struct wit_parser *p, struct wit_block *block)
{
    struct wit_gate gate = {0};
    int rc = wit__gate(p, &gate, NULL);
    if (rc != 0)
        return rc;
    if (wit__is_kw(p, KW_USE))
        return top_use(p, &gate, block);
    if (wit__is_kw(p, KW_INTERFACE))
        return interface(p, &gate, block);
    if (wit__is_kw(p, KW_WORLD))
        return world(p, &gate, block);
    return gate.pos.file ? wit__expected(p, "'use', 'interface' or 'world'") : SW_ABSENT;
}

static int block_new(struct wit_parser *p, struct wit_file *file, struct wit_block **ret)
{
    struct wit_block *block = SW_ARENA_NEW(p->arena, struct wit_block);
    if (!block)
        return wit__no_memory(p->arena, sizeof *block, p->err);
    *ret = block;
    return wit__push(p->arena, &file->blocks, &file->block_count, block, p->err);
}

/* package a:b { ... } */
static int nested(struct wit_parser *p, struct wit_block *block)
{
    int rc = wit__op(p, '{', "'{'");
    while (rc == 0 && !wit__is_op(p, '}')) {
        rc = top_item(p, block);
        if (rc == SW_ABSENT)
            rc = wit__expected(p, "'use', 'interface', 'world' or '}'");
    }
    return rc == 0 ? wit__next(p) : rc;
}

static int package(struct wit_parser *p, struct wit_file *file, struct wit_block *own)
{
    struct wit_block read = {.has_package = own->has_package};
    int rc = package_name(p, &read);
    if (rc != 0)
        return rc;
    if (wit__is_op(p, ';')) {
        if (own->interface_count || own->world_count || own->alias_count || file->block_count > 1)
            return wit__fail(read.pos, SW_EINPUT, p->err,
                             "the file's 'package' stands before everything else");
        *own = read;
        return wit__next(p);
    }
    struct wit_block *block = NULL;
    rc = block_new(p, file, &block);
    if (rc != 0)
        return rc;
    *block = read;
    return nested(p, block);
}

int wit_parse(struct sw_arena *arena, struct sw_str name, struct sw_str text, struct wit_file **ret,
              struct sw_err *err)
{
    struct wit_file *file = SW_ARENA_NEW(arena, struct wit_file);
    if (!file)
        return wit__no_memory(arena, sizeof *file, err);
    file->name = name;
    struct wit_parser p = {
        .lex = {.file = file, .text = text, .line = 1, .column = 1}, .arena = arena, .err = err};
    if (text.n > WIT_FILE_BYTES_MAX)
        return wit__fail((struct wit_pos){file, 1, 1}, SW_ELIMIT, err,
                         "the file has %zu bytes; at most %u are allowed", text.n, WIT_FILE_BYTES_MAX);
    if (!sw_utf8_valid(text))
        return wit__fail((struct wit_pos){file, 1, 1}, SW_EINPUT, err, "the file is not UTF-8");
    struct wit_block *own = NULL;
    int rc = block_new(&p, file, &own);
    if (rc == 0)
        rc = wit__next(&p);
    while (rc == 0 && p.lex.tok.kind != TOK_END) {
        if (wit__is_kw(&p, KW_PACKAGE)) {
            rc = package(&p, file, own);
        } else {
            rc = top_item(&p, own);
            if (rc == SW_ABSENT)
                rc = wit__expected(&p, "'package', 'use', 'interface' or 'world'");
        }
    }
    if (rc != 0)
        return rc;
    *ret = file;
    return 0;
}
