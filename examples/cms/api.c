/* api.c - /api/pages: the pages of the site as JSON. A component on the raw interfaces of wasi:http and wasi:filesystem.
 *
 *   [{"path": "/about", "title": "About"}, ...]     by name, and the first heading of each */
#include "swell_http.h"

#define FS "wasi:filesystem/types@0.2.12"
#define TITLE_BYTES 4096 /* of a file: where its title is looked for */
#define PAGES_MAX 100

struct preopen { /* tuple<descriptor, string> */
    handle folder;
    struct text name;
};
struct ret_preopens {
    const struct preopen *p;
    uint32_t n;
};
struct ret_entry { /* result<option<directory-entry>, error-code> */
    uint8_t is_err;
    _Alignas(4) uint8_t is_some;
    _Alignas(4) uint8_t type;
    struct text name;
};
struct ret_read { /* result<tuple<list<u8>, bool>, error-code> */
    uint8_t is_err;
    struct text bytes;
    uint8_t ended;
};

SWELL_IMPORT("wasi:filesystem/preopens@0.2.12", "get-directories")
void get_directories(struct ret_preopens *ret);
SWELL_IMPORT(FS, "[method]descriptor.read-directory")
void read_directory(handle self, struct ret_handle *ret);
SWELL_IMPORT(FS, "[method]directory-entry-stream.read-directory-entry")
void next_entry(handle self, struct ret_entry *ret);
SWELL_IMPORT(FS, "[resource-drop]directory-entry-stream") void entries_drop(handle self);
SWELL_IMPORT(FS, "[method]descriptor.open-at")
void open_at(handle self, int32_t path_flags, const char *p, uint32_t n, int32_t open_flags, int32_t flags,
             struct ret_handle *ret);
SWELL_IMPORT(FS, "[method]descriptor.read")
void descriptor_read(handle self, int64_t n, int64_t offset, struct ret_read *ret);
SWELL_IMPORT(FS, "[resource-drop]descriptor") void descriptor_drop(handle self);

enum { OPEN_DIRECTORY = 2 }; /* open-flags */
enum { OPEN_READ = 1 };      /* descriptor-flags */

/* ---- JSON ---- */

static struct {
    char bytes[65536];
    uint32_t n;
} out;

static void say(struct text text)
{
    if (text.n <= sizeof out.bytes - out.n) {
        __builtin_memcpy(out.bytes + out.n, text.p, text.n);
        out.n += text.n;
    }
}

static void say_string(struct text text)
{
    static const char hex[] = "0123456789abcdef";
    say(TEXT("\""));
    for (uint32_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        char control[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        char quoted[2] = {'\\', (char)c};
        if (c < 0x20)
            say((struct text){control, 6});
        else if (c == '"' || c == '\\')
            say((struct text){quoted, 2});
        else
            say((struct text){text.p + i, 1});
    }
    say(TEXT("\""));
}

/* ---- pages ---- */

/* The first line that begins with "# "; `name` when there is none. */
static struct text title_of(handle folder, struct text file, struct text name)
{
    struct ret_handle opened;
    struct ret_read got;
    open_at(folder, 0, file.p, file.n, 0, OPEN_READ, &opened);
    if (opened.is_err)
        return name;
    descriptor_read(opened.ok, TITLE_BYTES, 0, &got);
    descriptor_drop(opened.ok);
    if (got.is_err)
        return name;
    for (uint32_t at = 0; at < got.bytes.n;) {
        uint32_t end = at;
        while (end < got.bytes.n && got.bytes.p[end] != '\n')
            end++;
        struct text line = {got.bytes.p + at, end - at}, title;
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        if (text_starts(line, TEXT("# "), &title))
            return title;
        at = end + 1;
    }
    return name;
}

static bool is_before(struct text a, struct text b)
{
    for (uint32_t i = 0; i < a.n && i < b.n; i++)
        if (a.p[i] != b.p[i])
            return (unsigned char)a.p[i] < (unsigned char)b.p[i];
    return a.n < b.n;
}

static bool is_page(struct text name)
{
    return name.n > 3 && name.p[0] != '.' && __builtin_memcmp(name.p + name.n - 3, ".md", 3) == 0;
}

/* The names of the pages of a folder, sorted. */
static uint32_t list_pages(handle folder, struct text names[PAGES_MAX])
{
    struct ret_handle entries;
    struct ret_entry entry;
    uint32_t count = 0;
    read_directory(folder, &entries);
    if (entries.is_err)
        return 0;
    for (next_entry(entries.ok, &entry); !entry.is_err && entry.is_some && count < PAGES_MAX;
         next_entry(entries.ok, &entry)) {
        uint32_t at = count;
        if (!is_page(entry.name))
            continue;
        for (; at && is_before(entry.name, names[at - 1]); at--)
            names[at] = names[at - 1];
        names[at] = entry.name;
        count++;
    }
    entries_drop(entries.ok);
    return count;
}

static void say_pages(handle folder)
{
    struct text names[PAGES_MAX];
    uint32_t count = list_pages(folder, names);
    say(TEXT("["));
    for (uint32_t i = 0; i < count; i++) {
        struct text name = {names[i].p, names[i].n - 3};
        char path[1 + 255];
        if (name.n > 255)
            continue;
        path[0] = '/';
        __builtin_memcpy(path + 1, name.p, name.n);
        say(i ? TEXT(",\n {\"path\": ") : TEXT("{\"path\": "));
        say_string(text_is(name, TEXT("index")) ? TEXT("/") : (struct text){path, name.n + 1});
        say(TEXT(", \"title\": "));
        say_string(title_of(folder, names[i], name));
        say(TEXT("}"));
    }
    say(TEXT("]\n"));
}

/* The manifest mounts /content; the host gives it as it is (--direct-mounts), or in a folder of copies that is mounted at "/". */
static void say_all(void)
{
    struct ret_preopens preopens;
    struct ret_handle content = {.is_err = 1};
    get_directories(&preopens);
    for (uint32_t i = 0; i < preopens.n && content.is_err; i++) {
        if (text_is(preopens.p[i].name, TEXT("/content")))
            content = (struct ret_handle){.ok = preopens.p[i].folder};
        else
            open_at(preopens.p[i].folder, 0, "content", 7, OPEN_DIRECTORY, OPEN_READ, &content);
    }
    swell_expect(!content.is_err);
    say_pages(content.ok);
}

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    if (!text_is(request_path(request), TEXT("/api/pages"))) {
        respond_text(outparam, 404, TEXT("/api/pages is all there is\n"));
        return;
    }
    say_all();
    handle headers = fields_new();
    field_add(headers, TEXT("content-type"), TEXT("application/json"));
    struct response response = response_start(outparam, 200, headers);
    response_write(&response, out.bytes, out.n);
    response_end(&response);
}
