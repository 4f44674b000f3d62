/* pages.c - the pages of the site: /a/b is content/a/b.md, put into templates/page.html. A CGI program, run for each request.
 *
 * The template has {{title}}, {{navigation}} and {{content}}. What a path names is checked before a file is opened; that the program can
 * only see content/ and templates/ is the manifest's doing. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "markdown.h"

#define FILE_BYTES_MAX (1u << 20)
#define PATH_BYTES_MAX 512
#define PAGES_MAX 100 /* in the navigation */

struct file {
    char *p;
    size_t n;
};

/* p NULL: there is no such file, or it is too large. */
static struct file read_file(const char *path)
{
    struct file file = {NULL, 0};
    FILE *in = fopen(path, "rb");
    if (!in)
        return file;
    file.p = malloc(FILE_BYTES_MAX);
    if (file.p)
        file.n = fread(file.p, 1, FILE_BYTES_MAX, in);
    if (ferror(in) || !feof(in)) {
        free(file.p);
        file = (struct file){NULL, 0};
    }
    fclose(in);
    return file;
}

/* ---- which file ---- */

/* Words of letters, digits, '-' and '_', between slashes: nothing else is a page, so no path leads anywhere but below content/. */
static int find_page(const char *path, char ret[PATH_BYTES_MAX])
{
    size_t n = strlen(path);
    while (n && path[n - 1] == '/')
        n--;
    while (n && path[0] == '/')
        path++, n--;
    for (size_t i = 0; i < n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/", path[i]) ||
            (path[i] == '/' && path[i - 1] == '/'))
            return 0;
    int length = snprintf(ret, PATH_BYTES_MAX, "/content/%.*s.md", n ? (int)n : 5, n ? path : "index");
    return length > 0 && length < PATH_BYTES_MAX;
}

/* ---- the navigation: the pages right below content/, by name ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_entry(struct page *page, const char *name, size_t stem)
{
    char path[PATH_BYTES_MAX];
    snprintf(path, sizeof path, "/content/%s", name);
    struct file file = read_file(path);
    size_t n = stem;
    const char *title = file.p ? markdown_title(file.p, file.n, &n) : NULL;
    if (!title) {
        title = name;
        n = stem;
    }
    page_say(page, "<li><a href=\"/");
    if (stem != 5 || memcmp(name, "index", 5) != 0)
        page_escape(page, name, stem);
    page_say(page, "\">");
    page_escape(page, title, n);
    page_say(page, "</a></li>\n");
    free(file.p);
}

static void navigation(struct page *page)
{
    char *names[PAGES_MAX];
    size_t count = 0;
    DIR *dir = opendir("/content");
    for (struct dirent *entry; dir && count < PAGES_MAX && (entry = readdir(dir));) {
        size_t n = strlen(entry->d_name);
        if (n > 3 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 3, ".md") == 0 &&
            (names[count] = strdup(entry->d_name)))
            count++;
    }
    if (dir)
        closedir(dir);
    qsort(names, count, sizeof *names, by_name);
    page_say(page, "<ul>\n");
    for (size_t i = 0; i < count; i++)
        add_entry(page, names[i], strlen(names[i]) - 3);
    page_say(page, "</ul>\n");
}

/* ---- the answer ---- */

static void fill_in(struct page *page, struct file template, struct file text)
{
    static const char open[] = "{{";
    size_t title_n = 0;
    const char *title = markdown_title(text.p, text.n, &title_n);
    for (size_t at = 0; at < template.n;) {
        const char *rest = template.p + at;
        size_t left = template.n - at;
        if (left >= 9 && memcmp(rest, "{{title}}", 9) == 0) {
            page_escape(page, title ? title : "", title_n);
            at += 9;
        } else if (left >= 14 && memcmp(rest, "{{navigation}}", 14) == 0) {
            navigation(page);
            at += 14;
        } else if (left >= 11 && memcmp(rest, "{{content}}", 11) == 0) {
            markdown(page, text.p, text.n);
            at += 11;
        } else {
            size_t n = left >= 2 && memcmp(rest, open, 2) == 0 ? 2 : 1;
            while (n < left && rest[n] != '{')
                n++;
            page_add(page, rest, n);
            at += n;
        }
    }
}

static int answer(const char *status, struct file text, int with_body)
{
    struct page page = {NULL, 0, 0, false};
    struct file template = read_file("/templates/page.html");
    if (!template.p) {
        fputs("pages: templates/page.html cannot be read\n", stderr);
        return 1; /* the client gets 500 */
    }
    fill_in(&page, template, text);
    if (page.full)
        fputs("pages: the page is too large\n", stderr);
    printf("status: %s\ncontent-type: text/html; charset=utf-8\nx-content-type-options: nosniff\n"
           "content-security-policy: default-src 'self'\n\n",
           status);
    if (with_body && page.n)
        fwrite(page.p, 1, page.n, stdout);
    return page.full || fflush(stdout) != 0;
}

int main(void)
{
    static char none[] = "# There is no such page\n\nThe [first page](/) has links to the others.\n";
    const char *method = getenv("REQUEST_METHOD");
    const char *path = getenv("PATH_INFO");
    char file_name[PATH_BYTES_MAX];
    struct file text = {NULL, 0};
    if (!method || (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)) {
        fputs("status: 405\nallow: GET, HEAD\ncontent-type: text/plain\n\npages are only read\n", stdout);
        return 0;
    }
    if (path && find_page(path, file_name))
        text = read_file(file_name);
    int with_body = strcmp(method, "GET") == 0;
    return text.p ? answer("200", text, with_body)
                  : answer("404", (struct file){none, sizeof none - 1}, with_body);
}
