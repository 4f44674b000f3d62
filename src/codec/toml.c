/* toml.c - bounds a document's depth, then builds the tree in an arena.  Room: codec. */
#include "codec/toml.h"

#include <stdio.h>

#include "codec/limits.h"
#include "codec/toml_parse.h"

/* ---- depth, before the parser sees the text ----
 *
 * toml++ recurses once per level when it takes a tree down, and a dotted key makes a level per part. This scan knows just enough of
 * TOML (comments, the four kinds of strings) to count brackets and key parts; where it and the grammar disagree the text is not valid
 * TOML, and the parser stops there. */

struct scan {
    struct sw_str text;
    size_t at;
    struct codec_toml_place place;
    uint32_t nesting;
    uint32_t parts; /* dots since the last thing that ends a key */
    bool in_line;   /* something but white space was there in this line */
};

static char peek(const struct scan *s, size_t ahead)
{
    return ahead < s->text.n - s->at ? s->text.p[s->at + ahead] : '\0';
}

static void step(struct scan *s)
{
    char c = s->text.p[s->at++];
    if (c == '\n') {
        s->place.line++;
        s->place.column = 1;
    } else if (((unsigned char)c & 0xc0) != 0x80) { /* not a continuation byte of UTF-8 */
        s->place.column++;
    }
}

static void steps(struct scan *s, size_t n)
{
    while (n-- > 0 && s->at < s->text.n)
        step(s);
}

static bool triple(const struct scan *s, char quote)
{
    return peek(s, 0) == quote && peek(s, 1) == quote && peek(s, 2) == quote;
}

static void skip_long_string(struct scan *s, char quote)
{
    steps(s, 3);
    while (s->at < s->text.n && !triple(s, quote))
        steps(s, quote == '"' && peek(s, 0) == '\\' ? 2 : 1);
    steps(s, 3);
    for (int extra = 0; extra < 2 && peek(s, 0) == quote; extra++)
        step(s); /* up to two quotes just before the end belong to the string */
}

static void skip_string(struct scan *s)
{
    char quote = peek(s, 0);
    if (triple(s, quote)) {
        skip_long_string(s, quote);
        return;
    }
    step(s);
    while (s->at < s->text.n && peek(s, 0) != quote && peek(s, 0) != '\n')
        steps(s, quote == '"' && peek(s, 0) == '\\' && peek(s, 1) != '\n' ? 2 : 1);
    if (peek(s, 0) == quote)
        step(s);
}

static int too_deep(const struct scan *s, struct sw_str file, const char *what, unsigned max,
                    struct sw_err *err)
{
    return sw_fail(err, SW_ELIMIT, SW_FMT ":%u:%u: %s: expected at most %u", SW_ARG(file), s->place.line,
                   s->place.column, what, max);
}

static bool begins_key(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("_-\"']", c));
}

/* At the '[' of a table's header. toml++ 3.3.0 fails an assertion where no key begins. */
static int check_header(struct scan *s, struct sw_str file, struct sw_err *err)
{
    struct scan ahead = *s;
    step(&ahead);
    if (peek(&ahead, 0) == '[')
        step(&ahead);
    while (peek(&ahead, 0) == ' ' || peek(&ahead, 0) == '\t')
        step(&ahead);
    if (ahead.at == ahead.text.n || begins_key(peek(&ahead, 0)))
        return 0; /* the parser goes on from here */
    return sw_fail(err, SW_EINPUT, SW_FMT ":%u:%u: not valid TOML: expected a key behind '['", SW_ARG(file),
                   ahead.place.line, ahead.place.column);
}

static int scan_byte(struct scan *s, struct sw_str file, struct sw_err *err)
{
    char c = peek(s, 0);
    if (c == '[' && s->nesting == 0 && !s->in_line) {
        int rc = check_header(s, file, err);
        if (rc < 0)
            return rc;
    }
    s->in_line = c != '\n' && (s->in_line || (c != ' ' && c != '\t' && c != '\r'));
    if (c == '"' || c == '\'') {
        skip_string(s);
        return 0;
    }
    if (c == '#') {
        while (s->at < s->text.n && peek(s, 0) != '\n')
            step(s);
        return 0;
    }
    if (c == '[' || c == '{') {
        if (++s->nesting > CODEC_TOML_NESTING_MAX)
            return too_deep(s, file, "brackets inside each other", CODEC_TOML_NESTING_MAX, err);
    } else if ((c == ']' || c == '}') && s->nesting > 0) {
        s->nesting--;
    }
    if (c == '.') {
        if (++s->parts >= CODEC_TOML_KEY_PARTS_MAX)
            return too_deep(s, file, "parts of a dotted key", CODEC_TOML_KEY_PARTS_MAX, err);
    } else if (c == '=' || c == ',' || c == '\n' || c == '[' || c == ']' || c == '{' || c == '}') {
        s->parts = 0;
    }
    step(s);
    return 0;
}

static int check_depth(struct sw_str text, struct sw_str file, struct sw_err *err)
{
    struct scan s = {.text = text, .place = {1, 1}};
    while (s.at < text.n) {
        int rc = scan_byte(&s, file, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- building ---- */

struct node {                    /* what the visitor hands on as parent */
    struct codec_toml *children; /* of this node, writable while building */
    struct codec_toml *self;
    uint32_t depth;
};

struct builder {
    struct sw_arena *arena;
    struct sw_str file;
    struct codec_toml *root;
    struct sw_err *err;
};

static const enum codec_toml_kind kinds[] = {
    [CODEC__TABLE] = CODEC_TOML_TABLE,   [CODEC__ARRAY] = CODEC_TOML_ARRAY,
    [CODEC__STRING] = CODEC_TOML_STRING, [CODEC__INTEGER] = CODEC_TOML_INTEGER,
    [CODEC__FLOAT] = CODEC_TOML_FLOAT,   [CODEC__BOOL] = CODEC_TOML_BOOL,
    [CODEC__DATE] = CODEC_TOML_DATE,
};

static int build_texts(struct builder *b, const struct codec__toml_item *item, struct codec_toml *node)
{
    int rc = sw_arena_copy(b->arena, sw_str(item->key, item->key_bytes), &node->key, b->err);
    if (rc == 0 && item->type == CODEC__STRING)
        rc = sw_arena_copy(b->arena, sw_str(item->string, item->string_bytes), &node->string, b->err);
    return rc;
}

static int build_children(struct builder *b, const struct codec__toml_item *item, uint32_t depth,
                          struct codec_toml *node, void **ret_node)
{
    if (depth > CODEC_TOML_DEPTH_MAX)
        return sw_fail(b->err, SW_ELIMIT, SW_FMT ":%u:%u: levels inside each other: expected at most %d",
                       SW_ARG(b->file), node->at.line, node->at.column, CODEC_TOML_DEPTH_MAX);
    struct node *below = SW_ARENA_NEW(b->arena, struct node);
    struct codec_toml *children = SW_ARENA_ARRAY(b->arena, item->count, struct codec_toml);
    if (!below || !children || item->count > UINT32_MAX)
        return sw_arena_fail(b->arena, item->count, b->err);
    *below = (struct node){children, node, depth};
    node->children = children;
    node->count = (uint32_t)item->count;
    *ret_node = below;
    return 0;
}

static int build(void *arg, void *parent, size_t index, const struct codec__toml_item *item, void **ret_node)
{
    struct builder *b = arg;
    struct node *above = parent;
    struct codec_toml *node = above ? &above->children[index] : b->root;
    node->kind = kinds[item->type];
    node->at = (struct codec_toml_place){item->line, item->column};
    node->key_at = item->key_line ? (struct codec_toml_place){item->key_line, item->key_column} : node->at;
    node->integer = item->integer;
    node->number = item->number;
    node->boolean = item->boolean != 0;
    int rc = build_texts(b, item, node);
    if (rc == 0 && (item->type == CODEC__TABLE || item->type == CODEC__ARRAY))
        rc = build_children(b, item, above ? above->depth + 1 : 1, node, ret_node);
    return rc;
}

/* toml++ starts its sentences with a capital letter; ours start small. */
static int syntax(struct sw_str file, struct codec__toml_failure *failure, struct sw_err *err)
{
    if (failure->text[0] >= 'A' && failure->text[0] <= 'Z')
        failure->text[0] = (char)(failure->text[0] - 'A' + 'a');
    return sw_fail(err, SW_EINPUT, SW_FMT ":%u:%u: not valid TOML: %s", SW_ARG(file),
                   failure->line ? failure->line : 1, failure->column ? failure->column : 1, failure->text);
}

int codec_toml_parse(struct sw_arena *arena, struct sw_str text, struct sw_str file,
                     const struct codec_toml **ret, struct sw_err *err)
{
    if (text.n > CODEC_TOML_BYTES_MAX)
        return sw_fail(err, SW_ELIMIT, SW_FMT ": expected at most %u bytes, got %zu", SW_ARG(file),
                       CODEC_TOML_BYTES_MAX, text.n);
    int rc = check_depth(text, file, err);
    if (rc < 0)
        return rc;
    struct builder b = {arena, file, SW_ARENA_NEW(arena, struct codec_toml), err};
    if (!b.root)
        return sw_arena_fail(arena, sizeof *b.root, err);
    struct codec__toml_failure failure = {0};
    switch (codec__toml_walk(text.n ? text.p : "", text.n, build, &b, &failure)) {
    case CODEC__DONE:
        b.root->at = b.root->key_at = (struct codec_toml_place){1, 1};
        *ret = b.root;
        return 0;
    case CODEC__STOPPED:
        return failure.visited;
    case CODEC__MEMORY:
        return sw_fail(err, SW_ENOMEM, "no memory for '" SW_FMT "'", SW_ARG(file));
    case CODEC__SYNTAX:
    default:
        return syntax(file, &failure, err);
    }
}

const struct codec_toml *codec_toml_get(const struct codec_toml *table, struct sw_str key)
{
    if (table->kind != CODEC_TOML_TABLE)
        return NULL;
    for (uint32_t i = 0; i < table->count; i++)
        if (sw_str_eq(table->children[i].key, key))
            return &table->children[i];
    return NULL;
}

const char *codec_toml_kind_name(enum codec_toml_kind kind)
{
    static const char *const names[] = {
        [CODEC_TOML_TABLE] = "a table",   [CODEC_TOML_ARRAY] = "an array",
        [CODEC_TOML_STRING] = "a string", [CODEC_TOML_INTEGER] = "an integer",
        [CODEC_TOML_FLOAT] = "a float",   [CODEC_TOML_BOOL] = "a boolean",
        [CODEC_TOML_DATE] = "a date",
    };
    return names[kind];
}
