/* load.c - reading wit/ and the list of waits; writing what changed.  Room: bindgen. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "component/bindgen/bindgen.h"

int load_file(struct sw_arena *arena, const char *path, struct sw_str *ret, struct sw_err *err)
{
    sw_auto_buf buf = SW_BUF(BINDGEN_FILE_BYTES_MAX);
    sw_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "open '%s'", path);
    int rc = sw_buf_read_fd(&buf, fd, err);
    if (rc < 0)
        return sw_wrap(err, "read '%s'", path);
    return sw_arena_copy(arena, sw_buf_str(&buf), ret, err);
}

struct files {
    struct wit_file *items[BINDGEN_FILES_MAX];
    uint32_t count;
    uint32_t group;
};

static int load_wit(struct sw_arena *arena, const char *path, struct files *files, struct sw_err *err)
{
    if (files->count == BINDGEN_FILES_MAX)
        return sw_fail(err, SW_ELIMIT, "there are over %d WIT files", BINDGEN_FILES_MAX);
    struct sw_str bytes = {0};
    int rc = load_file(arena, path, &bytes, err);
    if (rc == 0)
        rc = wit_parse(arena, sw_str_of(path), bytes, &files->items[files->count], err);
    if (rc < 0)
        return rc;
    files->items[files->count++]->group = files->group;
    return 0;
}

/* The .wit files of `dir` in the order of their names, as one group; then those of its folder `deps` and of the folders in there. */
static int load_folder(struct sw_arena *arena, const char *dir, int level, struct files *files,
                       struct sw_err *err)
{
    struct dirent **names;
    int n = scandir(dir, &names, NULL, alphasort);
    if (n < 0)
        return level && errno == ENOENT ? 0 : sw_fail_errno(err, SW_EIO, errno, "list '%s'", dir);
    int rc = 0;
    uint32_t group = ++files->group;
    for (int i = 0; i < n; i++) {
        struct sw_str name = sw_str_of(names[i]->d_name);
        const char *path = sw_arena_printf(arena, "%s/%s", dir, names[i]->d_name);
        bool folder = level == 0 ? sw_str_eq(name, SW_LIT("deps")) : level == 1 && names[i]->d_name[0] != '.';
        struct stat st;
        if (rc == 0 && !path)
            rc = sw_arena_fail(arena, name.n, err);
        if (rc == 0 && sw_str_ends(name, SW_LIT(".wit"))) {
            files->group =
                level == 1 ? files->group + 1 : group; /* in deps every file and folder is a package */
            rc = load_wit(arena, path, files, err);
        } else if (rc == 0 && folder && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            rc = load_folder(arena, path, level + 1, files, err);
        }
        free(names[i]); /* scandir's memory is the C library's */
    }
    free(names);
    return rc;
}

int load_dir(struct sw_arena *arena, const char *dir, struct wit_set **ret, struct sw_err *err)
{
    struct files *files = SW_ARENA_NEW(arena, struct files);
    if (!files)
        return sw_arena_fail(arena, sizeof *files, err);
    int rc = load_folder(arena, dir, 0, files, err);
    return rc == 0 ? wit_resolve(arena, files->items, files->count, NULL, ret, err) : rc;
}

static struct sw_str trim(struct sw_str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = sw_str_from(s, 1);
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r'))
        s.n--;
    return s;
}

int load_waits(struct gen *g, const char *path)
{
    static char present[] = "";
    struct sw_str rest = {0};
    int rc = load_file(g->arena, path, &rest, g->err);
    for (uint32_t line_no = 1; rc == 0 && rest.n; line_no++) {
        size_t end = sw_str_find(rest, '\n');
        struct sw_str line = sw_str_head(rest, end);
        line = trim(sw_str_head(line, sw_str_find(line, '#')));
        rest = end == SW_NPOS ? sw_str(NULL, 0) : sw_str_from(rest, end + 1);
        if (!line.n)
            continue;
        size_t space = sw_str_find(line, ' ');
        if (space == SW_NPOS || sw_str_rfind(line, ' ') != space)
            return sw_fail(g->err, SW_EINPUT,
                           "%s:%u:1: expected an interface, a space and a function, got '" SW_FMT
                           "'\nhint: like "
                           "'wasi:io/poll poll'",
                           path, line_no, SW_ARG(line));
        rc = sw_map_add(&g->waits, line, present, g->err);
        if (rc == SW_END)
            return sw_fail(g->err, SW_EINPUT, "%s:%u:1: '" SW_FMT "' stands twice", path, line_no,
                           SW_ARG(line));
    }
    return rc;
}

static bool same_content(const char *path, struct sw_str content)
{
    sw_auto_arena arena = SW_ARENA(BINDGEN_FILE_BYTES_MAX + 1);
    struct sw_str old = {0};
    struct sw_err ignored; /* a file that cannot be read is written anew, and that reports */
    return load_file(&arena, path, &old, &ignored) == 0 && sw_str_eq(old, content);
}

int save_file(const char *dir, const char *name, struct sw_str content, struct sw_err *err)
{
    sw_auto_arena arena = SW_ARENA(64 * 1024);
    const char *path = sw_arena_printf(&arena, "%s/%s", dir, name);
    const char *temporary = sw_arena_printf(&arena, "%s/%s.new", dir, name);
    if (!path || !temporary)
        return sw_arena_fail(&arena, strlen(dir), err);
    if (same_content(path, content))
        return 0;
    sw_auto_close int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "create '%s'", temporary);
    while (content.n) {
        ssize_t n = write(fd, content.p, content.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sw_fail_errno(err, SW_EIO, errno, "write '%s'", temporary);
        content = sw_str_from(content, (size_t)n);
    }
    if (rename(temporary, path) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "rename '%s' to '%s'", temporary, path);
    return 0;
}
