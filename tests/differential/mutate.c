/* mutate.c - damaged components, made of whole ones.  Room: component (its tests).
 *
 * A component is taken apart into a flat list of sections, nested components included, changed in one to four places, and put
 * together with lengths that fit. Core modules are changed rarely: what is in them is the compiler's to judge. */
#include "differential/mutate.h"

#include <stdio.h>
#include <stdlib.h>

#include "component/component.h"
#include "differential/random.h"

enum {
    FILE_MAX = 64 << 10,
    SECTIONS_MAX = 512,
    NESTING_MAX = 8,
    CORE_MODULE = 1,
    COMPONENT = 4,
    END = 0x100
};

struct section {
    unsigned id; /* END closes a nested component */
    struct sw_buf bytes;
};
struct tree {
    struct section sections[SECTIONS_MAX];
    uint32_t count;
    struct random random;
    const struct mutate_corpus *corpus;
};

static const uint8_t preamble[8] = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};

/* Changes of mutants may outgrow a buffer's ceiling: then they are left out. */
static void add(struct sw_buf *out, const void *p, size_t n)
{
    struct sw_err err;
    if (n)
        (void)!sw_buf_add(out, sw_str(p, n), &err);
}

static void insert(struct sw_buf *out, size_t at, const void *p, size_t n)
{
    sw_auto_buf rest = SW_BUF(out->max);
    add(&rest, out->p + at, out->n - at);
    out->n = at;
    add(out, p, n);
    add(out, rest.p, rest.n);
}

static void erase(struct sw_buf *out, size_t at, size_t n)
{
    if (n)
        memmove(out->p + at, out->p + at + n, out->n - at - n);
    out->n -= n;
}

/* ---- taking apart, putting together ---- */

static bool leb(struct sw_str bytes, size_t *at, uint32_t *ret)
{
    *ret = 0;
    for (unsigned shift = 0; shift < 35 && *at < bytes.n; shift += 7) {
        uint8_t byte = (uint8_t)bytes.p[(*at)++];
        *ret |= (uint32_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

static struct sw_buf *append(struct tree *tree, unsigned id)
{
    if (tree->count == SECTIONS_MAX)
        return NULL;
    struct section *section = &tree->sections[tree->count++];
    section->id = id;
    section->bytes = SW_BUF(4 * FILE_MAX);
    return &section->bytes;
}

static bool take_apart(struct tree *tree, struct sw_str bytes, unsigned depth)
{
    if (bytes.n < 8 || memcmp(bytes.p, preamble, 8) != 0)
        return false;
    for (size_t at = 8; at < bytes.n;) {
        unsigned id = (uint8_t)bytes.p[at++];
        uint32_t n;
        if (!leb(bytes, &at, &n) || n > bytes.n - at)
            return false;
        struct sw_str body = sw_str(bytes.p + at, n);
        struct sw_buf *out = append(tree, id);
        at += n;
        if (!out)
            return false;
        uint32_t before = tree->count;
        if (id == COMPONENT && depth < NESTING_MAX && take_apart(tree, body, depth + 1)) {
            if (!append(tree, END))
                return false;
        } else {
            tree->count = before;
            if (id == COMPONENT)
                tree->sections[before - 1].id = id | END << 1; /* as it is */
            add(out, body.p, body.n);
        }
    }
    return true;
}

static void add_leb(struct sw_buf *out, size_t n)
{
    do {
        uint8_t byte = (uint8_t)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
        add(out, &byte, 1);
        n >>= 7;
    } while (n);
}

static uint32_t put_together(struct tree *tree, uint32_t at, struct sw_buf *out, unsigned depth)
{
    add(out, preamble, 8);
    while (at < tree->count && (!depth || tree->sections[at].id != END)) {
        struct section *section = &tree->sections[at++];
        if (section->id == END) /* one too many */
            continue;
        uint8_t id = (uint8_t)section->id;
        sw_auto_buf nested = SW_BUF(8 * FILE_MAX);
        struct sw_buf *body = &section->bytes;
        if (section->id == COMPONENT && depth < NESTING_MAX) {
            at = put_together(tree, at, &nested, depth + 1);
            body = &nested;
        }
        add(out, &id, 1);
        add_leb(out, body->n);
        add(out, body->p, body->n);
    }
    return at < tree->count ? at + 1 : at;
}

/* ---- changes ---- */

static struct section *any_section(struct tree *tree)
{
    struct section *found = NULL;
    for (int i = 0; i < 20 && tree->count; i++) {
        found = &tree->sections[random_below(&tree->random, tree->count)];
        bool core = found->id == CORE_MODULE && random_below(&tree->random, 50);
        if (found->bytes.n && !core && (found->id || !random_below(&tree->random, 10)))
            return found;
    }
    return NULL;
}

static size_t any_place(struct tree *tree, const struct sw_buf *bytes)
{
    return bytes->n ? random_below(&tree->random, (uint32_t)bytes->n) : 0;
}

static uint8_t any_byte(struct tree *tree, uint8_t old)
{
    struct random *random = &tree->random;
    switch (random_below(random, 6)) {
    case 0:
        return (uint8_t)random_u64(random);
    case 1:
        return (uint8_t)(old + 1);
    case 2:
        return (uint8_t)(old - 1);
    case 3:
        return (uint8_t)(0x60 + random_below(random, 0x20)); /* codes of types */
    case 4:
        return (uint8_t)(old ^ (1u << random_below(random, 8)));
    default:
        return (uint8_t)random_below(random, 0x30); /* indices, sorts, codes of definitions */
    }
}

static void change_bytes(struct tree *tree)
{
    struct section *section = any_section(tree);
    if (!section)
        return;
    size_t at = any_place(tree, &section->bytes);
    section->bytes.p[at] = (char)any_byte(tree, (uint8_t)section->bytes.p[at]);
}

static void change_length(struct tree *tree)
{
    struct section *section = any_section(tree);
    if (!section)
        return;
    struct sw_buf *bytes = &section->bytes;
    size_t at = any_place(tree, bytes), n = 1 + random_below(&tree->random, 4);
    if (random_below(&tree->random, 2)) {
        erase(bytes, at, n < bytes->n - at ? n : bytes->n - at);
        return;
    }
    char some[4];
    for (size_t i = 0; i < n; i++)
        some[i] = (char)any_byte(tree, 0);
    insert(bytes, at, some, n);
}

/* The same bytes once more, or those of another section, with the section's count one up: often a whole item. */
static void repeat(struct tree *tree)
{
    struct section *section = any_section(tree), *other = any_section(tree);
    if (!section || !other || section->bytes.n < 2)
        return;
    if (random_below(&tree->random, 3))
        other = section;
    size_t from = 1 + any_place(tree, &other->bytes), n = 1 + random_below(&tree->random, 24);
    if (from >= other->bytes.n)
        return;
    n = n < other->bytes.n - from ? n : other->bytes.n - from;
    char some[24];
    memcpy(some, other->bytes.p + from, n);
    size_t at = random_below(&tree->random, 2) ? section->bytes.n : 1 + any_place(tree, &section->bytes);
    insert(&section->bytes, at <= section->bytes.n ? at : section->bytes.n, some, n);
    if ((uint8_t)section->bytes.p[0] < 0x7f)
        section->bytes.p[0]++;
}

static void drop_section(struct tree *tree)
{
    if (!tree->count)
        return;
    uint32_t at = random_below(&tree->random, tree->count);
    sw_buf_deinit(&tree->sections[at].bytes);
    tree->count--;
    memmove(&tree->sections[at], &tree->sections[at + 1], (tree->count - at) * sizeof *tree->sections);
}

static void insert_section(struct tree *tree, unsigned id, struct sw_str bytes)
{
    uint32_t at = random_below(&tree->random, tree->count + 1);
    if (tree->count == SECTIONS_MAX)
        return;
    memmove(&tree->sections[at + 1], &tree->sections[at], (tree->count - at) * sizeof *tree->sections);
    tree->count++;
    tree->sections[at] = (struct section){id, SW_BUF(4 * FILE_MAX)};
    add(&tree->sections[at].bytes, bytes.p, bytes.n);
}

static void foreign_section(struct tree *tree)
{
    const struct mutate_corpus *corpus = tree->corpus;
    if (!corpus->section_count)
        return;
    const struct mutate_section *from =
        &corpus->sections[random_below(&tree->random, (uint32_t)corpus->section_count)];
    insert_section(tree, from->id == COMPONENT ? COMPONENT | END << 1 : from->id, from->bytes);
}

static void move_section(struct tree *tree)
{
    if (tree->count < 2)
        return;
    struct section *a = &tree->sections[random_below(&tree->random, tree->count)];
    struct section *b = &tree->sections[random_below(&tree->random, tree->count)];
    struct section kept = *a;
    if (random_below(&tree->random, 3) == 0) { /* the same section twice */
        insert_section(tree, a->id, sw_buf_str(&a->bytes));
        return;
    }
    *a = *b;
    *b = kept;
}

/* A name is a length and that many printable bytes. */
static bool find_name(struct tree *tree, const struct sw_buf *bytes, size_t *ret_at, size_t *ret_n)
{
    for (int tries = 0; tries < 30; tries++) {
        size_t at = any_place(tree, bytes), n = (uint8_t)bytes->p[at], i = 0;
        if (n < 1 || n > 0x7f || n > bytes->n - at - 1)
            continue;
        while (i < n && bytes->p[at + 1 + i] > ' ' && bytes->p[at + 1 + i] < 0x7f)
            i++;
        if (i == n) {
            *ret_at = at;
            *ret_n = n;
            return true;
        }
    }
    return false;
}

static const char *const names[] = {"a",
                                    "A",
                                    "a-b",
                                    "a-B",
                                    "a--b",
                                    "a-1",
                                    "1a",
                                    "a1",
                                    "-a",
                                    "a-",
                                    "",
                                    "aa-BB",
                                    "[constructor]a",
                                    "[method]a.b",
                                    "[static]a.b",
                                    "[method]a.a",
                                    "[method]a",
                                    "[static]a.b.c",
                                    "[constructor]a-b",
                                    "[method]aB.c",
                                    "[dtor]a",
                                    "[async]a",
                                    "a:b/c",
                                    "a:b/c@1.0.0",
                                    "a:b/c@1.0",
                                    "a:b/c@01.0.0",
                                    "a:b/c@1.0.0-rc.1",
                                    "a:b/c@1.0.0+b",
                                    "a:b",
                                    "a:b:c/d",
                                    "a/b",
                                    "a:b/c/d",
                                    "A:b/c",
                                    "a:B/c",
                                    "locked-dep=<a:b>",
                                    "locked-dep=<a:b@1.0.0>,integrity=<sha256-AAAA>",
                                    "unlocked-dep=<a:b>",
                                    "unlocked-dep=<a:b@*>",
                                    "unlocked-dep=<a:b@{>=1.0.0 <2.0.0}>",
                                    "url=<https://a>",
                                    "url=<a<b>",
                                    "integrity=<sha256-AA==>",
                                    "relative-url=<a>",
                                    "memory",
                                    "realloc",
                                    "cabi_realloc",
                                    "\xc3\xa9",
                                    "\xff",
                                    "a b",
                                    "a:b/c@1.2.3-",
                                    "[implements=<a:b/c>]d",
                                    "a.b",
                                    "x:y/z@0.2.0"};

static void change_name(struct tree *tree)
{
    struct section *section = any_section(tree);
    size_t at, n;
    if (!section || !find_name(tree, &section->bytes, &at, &n))
        return;
    struct random *random = &tree->random;
    if (random_below(random, 3) == 0 && n < 0x7f) { /* another name of the same form */
        insert(&section->bytes, at + 1 + n, "z", 1);
        section->bytes.p[at]++;
        return;
    }
    if (random_below(random, 2)) {
        static const char marks[] = "aA1-.:/@[]<>=+_#*";
        section->bytes.p[at + 1 + random_below(random, (uint32_t)n)] =
            marks[random_below(random, sizeof marks - 1)];
        return;
    }
    const char *name = names[random_below(random, sizeof names / sizeof *names)];
    erase(&section->bytes, at + 1, n);
    section->bytes.p[at] = (char)strlen(name);
    insert(&section->bytes, at + 1, name, strlen(name));
}

static void change(struct tree *tree)
{
    switch (random_below(&tree->random, 16)) {
    case 0:
        drop_section(tree);
        return;
    case 1:
        foreign_section(tree);
        return;
    case 2:
        move_section(tree);
        return;
    case 3:
    case 4:
        change_length(tree);
        return;
    case 5:
    case 6:
        repeat(tree);
        return;
    case 7:
    case 8:
    case 9:
        change_name(tree);
        return;
    default:
        change_bytes(tree);
    }
}

/* Of the whole file, lengths and all. */
static void change_file(struct random *random, struct sw_buf *file)
{
    size_t at = random_below(random, (uint32_t)file->n);
    if (random_below(random, 3) == 0)
        file->n = at;
    else
        file->p[at] = (char)random_u64(random);
}

void mutate(const struct mutate_corpus *corpus, uint64_t seed, struct sw_buf *ret)
{
    static struct tree tree; /* 30 KiB */
    tree.count = 0;
    tree.random.state = seed;
    tree.corpus = corpus;
    (void)random_u64(&tree.random);
    bool good =
        corpus->good && random_below(&tree.random, 10); /* of what is refused already, little can be learnt */
    uint32_t limit = (uint32_t)(good ? corpus->good : corpus->count);
    const struct sw_buf *file = &corpus->files[random_below(&tree.random, limit)];
    sw_buf_clear(ret);
    bool whole = random_below(&tree.random, 40) == 0 || !take_apart(&tree, sw_buf_str(file), 0);
    if (whole) {
        add(ret, file->p, file->n);
        change_file(&tree.random, ret);
    } else {
        static const uint8_t changes[] = {1, 1, 1, 1, 1, 2, 2, 4};
        for (unsigned n = changes[random_below(&tree.random, sizeof changes)]; n; n--)
            change(&tree);
        (void)put_together(&tree, 0, ret, 0);
    }
    for (uint32_t i = 0; i < tree.count; i++)
        sw_buf_deinit(&tree.sections[i].bytes);
}

/* ---- the corpus ---- */

static void keep(struct mutate_corpus *corpus, struct sw_str bytes)
{
    struct sw_buf file = SW_BUF(FILE_MAX);
    if (bytes.n < 8 || bytes.n > FILE_MAX || memcmp(bytes.p, preamble, 8) != 0)
        return;
    add(&file, bytes.p, bytes.n);
    if (corpus->count == corpus->cap) {
        corpus->cap = corpus->cap ? 2 * corpus->cap : 256;
        corpus->files = realloc(corpus->files, corpus->cap * sizeof *corpus->files);
        if (!corpus->files)
            abort();
    }
    corpus->files[corpus->count++] = file;
}

/* The files of cases in tests/unit/component/data: a text and a component in turn, each behind its length. */
static void keep_cases(struct mutate_corpus *corpus, struct sw_str cases)
{
    for (bool is_text = true; cases.n >= 4; is_text = !is_text) {
        uint32_t n;
        memcpy(&n, cases.p, sizeof n);
        if (n > cases.n - 4)
            return;
        if (!is_text)
            keep(corpus, sw_str(cases.p + 4, n));
        cases = sw_str_from(cases, 4 + (size_t)n);
    }
}

void mutate_corpus_add(struct mutate_corpus *corpus, const char *path)
{
    struct sw_err err;
    sw_auto_buf bytes = SW_BUF(16u << 20);
    size_t n = strlen(path);
    FILE *file = fopen(path, "rb");
    int rc = file ? sw_buf_read_fd(&bytes, fileno(file), &err) : -1;
    if (file)
        (void)fclose(file);
    if (rc < 0)
        return;
    if (n > 4 && strcmp(path + n - 4, ".bin") == 0)
        keep_cases(corpus, sw_buf_str(&bytes));
    else
        keep(corpus, sw_buf_str(&bytes));
}

static int by_content(const void *a, const void *b)
{
    const struct sw_buf *one = a, *two = b;
    if (one->max != two->max) /* see is_good() */
        return one->max < two->max ? -1 : 1;
    if (one->n != two->n)
        return one->n < two->n ? -1 : 1;
    return memcmp(one->p, two->p, one->n);
}

static bool is_good(struct sw_str bytes)
{
    struct sw_err err;
    struct component_binary *binary = NULL;
    int rc = component_decode(bytes, &binary, &err);
    component_binary_free(binary);
    return rc == 0;
}

void mutate_corpus_ready(struct mutate_corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        bool good = is_good(sw_buf_str(&corpus->files[i]));
        corpus->good += good;
        corpus->files[i].max = good ? FILE_MAX : FILE_MAX + 1; /* the good ones come first */
    }
    qsort(corpus->files, corpus->count, sizeof *corpus->files,
          by_content); /* whatever order the folder gave */
    for (size_t i = 0; i < corpus->count; i++) {
        struct sw_str bytes = sw_buf_str(&corpus->files[i]);
        for (size_t at = 8; at < bytes.n;) {
            uint8_t id = (uint8_t)bytes.p[at++];
            uint32_t n;
            if (!leb(bytes, &at, &n) || n > bytes.n - at)
                break;
            if (corpus->section_count == corpus->section_cap) {
                corpus->section_cap = corpus->section_cap ? 2 * corpus->section_cap : 1024;
                corpus->sections = realloc(corpus->sections, corpus->section_cap * sizeof *corpus->sections);
                if (!corpus->sections)
                    abort();
            }
            corpus->sections[corpus->section_count++] = (struct mutate_section){id, sw_str(bytes.p + at, n)};
            at += n;
        }
    }
}

void mutate_corpus_deinit(struct mutate_corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++)
        sw_buf_deinit(&corpus->files[i]);
    free(corpus->files);
    free(corpus->sections);
    *corpus = (struct mutate_corpus){0};
}
