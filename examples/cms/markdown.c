/* markdown.c - Markdown as HTML, line by line: blocks first, then what is inside them. */
#include "markdown.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES_MAX (4u << 20)
#define NESTING_MAX 8 /* quotes in quotes, emphasis in links in emphasis */

struct span {
    const char *p;
    size_t n;
};

/* ---- output ---- */

void page_add(struct page *page, const char *text, size_t n)
{
    if (page->full || n > PAGE_BYTES_MAX - page->n) {
        page->full = true;
        return;
    }
    if (n > page->room - page->n) {
        size_t room = 2 * (page->n + n);
        char *larger = realloc(page->p, room);
        if (!larger) {
            page->full = true;
            return;
        }
        page->p = larger;
        page->room = room;
    }
    if (n)
        memcpy(page->p + page->n, text, n);
    page->n += n;
}

void page_say(struct page *page, const char *text)
{
    page_add(page, text, strlen(text));
}

void page_escape(struct page *page, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        switch (text[i]) {
        case '&':
            page_say(page, "&amp;");
            break;
        case '<':
            page_say(page, "&lt;");
            break;
        case '>':
            page_say(page, "&gt;");
            break;
        case '"':
            page_say(page, "&quot;");
            break;
        case '\'':
            page_say(page, "&#39;");
            break;
        default:
            page_add(page, text + i, 1);
        }
    }
}

/* ---- inside a block ---- */

static void inline_text(struct page *page, struct span text, int depth);

static size_t find(struct span text, size_t from, const char *what)
{
    size_t n = strlen(what);
    for (size_t i = from; i + n <= text.n; i++) {
        if (text.p[i] == '\\')
            i++;
        else if (memcmp(text.p + i, what, n) == 0)
            return i;
    }
    return SIZE_MAX;
}

static bool starts(struct span text, const char *what)
{
    size_t n = strlen(what);
    return text.n >= n && memcmp(text.p, what, n) == 0;
}

/* No scheme (a path, a fragment), or one that runs no code. Browsers skip blanks and control characters: none are taken. */
static bool address_is_good(struct span address)
{
    static const char *const schemes[] = {"http:", "https:", "mailto:"};
    size_t colon = 0;
    for (size_t i = 0; i < address.n; i++)
        if ((unsigned char)address.p[i] <= ' ')
            return false;
    while (colon < address.n && !strchr(":/?#", address.p[colon]))
        colon++;
    if (colon == address.n || address.p[colon] != ':')
        return true;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (starts(address, schemes[i]))
            return true;
    return false;
}

/* [text](address), or with '!' in front an image. Returns how much of text it took; 0: it is neither. */
static size_t link_or_image(struct page *page, struct span text, bool image, int depth)
{
    size_t open = image ? 2 : 1;
    size_t close = find(text, open, "](");
    size_t end = close == SIZE_MAX ? SIZE_MAX : find(text, close + 2, ")");
    if (end == SIZE_MAX)
        return 0;
    struct span label = {text.p + open, close - open};
    struct span address = {text.p + close + 2, end - close - 2};
    if (!address_is_good(address))
        address = (struct span){"#", 1};
    page_say(page, image ? "<img src=\"" : "<a href=\"");
    page_escape(page, address.p, address.n);
    if (image) {
        page_say(page, "\" alt=\"");
        page_escape(page, label.p, label.n);
        page_say(page, "\">");
    } else {
        page_say(page, "\">");
        inline_text(page, label, depth + 1);
        page_say(page, "</a>");
    }
    return end + 1;
}

/* Between two marks; 0: the second one is missing. Emphasis has no blank at its ends: "2 * 3" has none. */
static size_t marked(struct page *page, struct span text, const char *mark, const char *tag, int depth)
{
    size_t n = strlen(mark);
    size_t end = starts(text, mark) ? find(text, n, mark) : SIZE_MAX;
    if (end == SIZE_MAX || end == n)
        return 0;
    if (mark[0] == '*' && (text.p[n] == ' ' || text.p[end - 1] == ' '))
        return 0;
    struct span inner = {text.p + n, end - n};
    page_say(page, "<");
    page_say(page, tag);
    page_say(page, ">");
    if (mark[0] == '`')
        page_escape(page, inner.p, inner.n);
    else
        inline_text(page, inner, depth + 1);
    page_say(page, "</");
    page_say(page, tag);
    page_say(page, ">");
    return end + n;
}

static void inline_text(struct page *page, struct span text, int depth)
{
    if (depth > NESTING_MAX) {
        page_escape(page, text.p, text.n);
        return;
    }
    for (size_t i = 0, took; i < text.n; i += took) {
        struct span rest = {text.p + i, text.n - i};
        took = 0;
        if (rest.p[0] == '\\' && rest.n > 1) {
            page_escape(page, rest.p + 1, 1);
            took = 2;
        } else if (rest.p[0] == '[' || starts(rest, "![")) {
            took = link_or_image(page, rest, rest.p[0] == '!', depth);
        } else if (rest.p[0] == '`') {
            took = marked(page, rest, "`", "code", depth);
        } else if (rest.p[0] == '*') {
            took = marked(page, rest, "**", "strong", depth);
            if (!took)
                took = marked(page, rest, "*", "em", depth);
        }
        if (!took) {
            page_escape(page, rest.p, 1);
            took = 1;
        }
    }
}

/* ---- blocks ---- */

static struct span trimmed(struct span line)
{
    while (line.n && (line.p[0] == ' ' || line.p[0] == '\t'))
        line.p++, line.n--;
    while (line.n && strchr(" \t\r", line.p[line.n - 1]))
        line.n--;
    return line;
}

/* The line that begins at *at, without its end; *at is then behind it. */
static struct span next_line(struct span text, size_t *at)
{
    const char *end = memchr(text.p + *at, '\n', text.n - *at);
    struct span line = {text.p + *at, end ? (size_t)(end - text.p) - *at : text.n - *at};
    *at += line.n + (end ? 1 : 0);
    return line;
}

static int heading_level(struct span line)
{
    int level = 0;
    while ((size_t)level < line.n && line.p[level] == '#')
        level++;
    return level >= 1 && level <= 6 && (size_t)level < line.n && line.p[level] == ' ' ? level : 0;
}

/* How long the mark of a list's item is; *ordered: it is a number. */
static size_t item_mark(struct span line, bool *ordered)
{
    size_t digits = 0;
    while (digits < line.n && digits < 9 && line.p[digits] >= '0' && line.p[digits] <= '9')
        digits++;
    *ordered = digits > 0;
    if (digits)
        return digits + 1 < line.n && line.p[digits] == '.' && line.p[digits + 1] == ' ' ? digits + 2 : 0;
    return starts(line, "- ") || starts(line, "* ") ? 2 : 0;
}

static bool is_rule(struct span line)
{
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] != '-')
            return false;
    return line.n >= 3;
}

static bool begins_block(struct span line)
{
    bool ordered;
    return !line.n || heading_level(line) || item_mark(line, &ordered) || is_rule(line) || line.p[0] == '>' ||
           starts(line, "```");
}

static void blocks(struct page *page, struct span text, int depth);

static size_t code_block(struct page *page, struct span text, size_t at)
{
    page_say(page, "<pre><code>");
    while (at < text.n) {
        struct span line = next_line(text, &at);
        if (starts(trimmed(line), "```"))
            break;
        page_escape(page, line.p, line.n);
        page_say(page, "\n");
    }
    page_say(page, "</code></pre>\n");
    return at;
}

static size_t quote(struct page *page, struct span text, size_t at, int depth)
{
    char *inner = malloc(text.n - at + 1); /* lines only get shorter */
    size_t n = 0;
    while (inner && at < text.n) {
        size_t next = at;
        struct span line = trimmed(next_line(text, &next));
        if (!line.n || line.p[0] != '>')
            break;
        line = (struct span){line.p + 1, line.n - 1};
        if (line.n && line.p[0] == ' ')
            line = (struct span){line.p + 1, line.n - 1};
        memcpy(inner + n, line.p, line.n);
        n += line.n;
        inner[n++] = '\n';
        at = next;
    }
    page_say(page, "<blockquote>\n");
    blocks(page, (struct span){inner, n}, depth + 1);
    page_say(page, "</blockquote>\n");
    free(inner);
    return inner ? at : text.n;
}

static size_t list(struct page *page, struct span text, size_t at)
{
    bool ordered, same;
    size_t next = at;
    (void)item_mark(trimmed(next_line(text, &next)), &ordered);
    page_say(page, ordered ? "<ol>\n" : "<ul>\n");
    while (at < text.n) {
        next = at;
        struct span line = trimmed(next_line(text, &next));
        size_t mark = is_rule(line) ? 0 : item_mark(line, &same);
        if (!mark || same != ordered)
            break;
        page_say(page, "<li>");
        inline_text(page, (struct span){line.p + mark, line.n - mark}, 0);
        page_say(page, "</li>\n");
        at = next;
    }
    page_say(page, ordered ? "</ol>\n" : "</ul>\n");
    return at;
}

static size_t paragraph(struct page *page, struct span text, size_t at)
{
    size_t next = at;
    struct span line = trimmed(next_line(text, &next));
    const char *begin = line.p;
    const char *end = line.p + line.n;
    for (at = next; at < text.n; at = next) {
        line = trimmed(next_line(text, &next));
        if (begins_block(line))
            break;
        end = line.p + line.n;
    }
    page_say(page, "<p>");
    inline_text(page, (struct span){begin, (size_t)(end - begin)}, 0);
    page_say(page, "</p>\n");
    return at;
}

static void heading(struct page *page, struct span line, int level)
{
    char tag[] = "<h1>";
    line = trimmed((struct span){line.p + level, line.n - (size_t)level});
    tag[2] = (char)('0' + level);
    page_say(page, tag);
    inline_text(page, line, 0);
    page_say(page, "</");
    page_say(page, tag + 1);
    page_say(page, "\n");
}

static void blocks(struct page *page, struct span text, int depth)
{
    bool ordered;
    for (size_t at = 0, next; at < text.n;) {
        next = at;
        struct span line = trimmed(next_line(text, &next));
        if (!line.n) {
            at = next;
        } else if (heading_level(line)) {
            heading(page, line, heading_level(line));
            at = next;
        } else if (starts(line, "```")) {
            at = code_block(page, text, next);
        } else if (is_rule(line)) {
            page_say(page, "<hr>\n");
            at = next;
        } else if (line.p[0] == '>' && depth < NESTING_MAX) {
            at = quote(page, text, at, depth);
        } else if (item_mark(line, &ordered)) {
            at = list(page, text, at);
        } else {
            at = paragraph(page, text, at);
        }
    }
}

void markdown(struct page *page, const char *text, size_t n)
{
    blocks(page, (struct span){text, n}, 0);
}

const char *markdown_title(const char *text, size_t n, size_t *ret_n)
{
    struct span all = {text, n};
    for (size_t at = 0; at < n;) {
        struct span line = trimmed(next_line(all, &at));
        if (heading_level(line) == 1) {
            line = trimmed((struct span){line.p + 1, line.n - 1});
            *ret_n = line.n;
            return line.p;
        }
    }
    return NULL;
}
