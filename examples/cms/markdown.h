/* markdown.h - a small Markdown as HTML: headings, paragraphs, emphasis, code, lists, links, images, block quotes, rules. */
#ifndef CMS_MARKDOWN_H
#define CMS_MARKDOWN_H

#include <stdbool.h>
#include <stddef.h>

struct page { /* HTML that grows */
    char *p;
    size_t n;
    size_t room;
    bool full; /* it became larger than a page may be: what came later is missing */
};

void page_add(struct page *page, const char *text, size_t n);
void page_say(struct page *page, const char *text);
/* Text in HTML: nothing of it is markup. */
void page_escape(struct page *page, const char *text, size_t n);

/* Markdown is text and no HTML: '<' in it is shown. Addresses of links are relative, or http, https or mailto; others lead nowhere. */
void markdown(struct page *page, const char *text, size_t n);
/* The text of the first heading of level 1; NULL when there is none. */
const char *markdown_title(const char *text, size_t n, size_t *ret_n);

#endif
