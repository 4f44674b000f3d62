/* files.c - copying what a component's `files` name, or mounting it as it is.  Room: app.
 *
 * Paths here are texts of at most PATH_MAX bytes, joined from the manifest's folder (or the copy's) and a relative path without "..". The
 * manifest's author may name what he likes below his own folder; guests come later, by descriptors of the mounts. */
#include "app/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app_internal.h"
#include "app/limits.h"
#include "base/alloc.h"
#include "codec/glob.h"

struct work {
    struct app *app;
    const struct app_files_config *config;
    const struct app_component *component;
    const struct app_file *file; /* whose place a message names */
    struct sw_str root;          /* the manifest's folder, absolute */
    char copy[PATH_MAX];         /* the component's folder of copies */
    uint32_t copied;             /* entries looked at, for the limit */
    struct sw_err *err;
};

struct place { /* an absolute path */
    char text[PATH_MAX];
};

static int at_place(const struct work *work, enum sw_code code, const char *fmt, ...) SW_PRINTF(3, 4);
static int at_place(const struct work *work, enum sw_code code, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args); /* cut when it is longer */
    va_end(args);
    return sw_fail(work->err, code, SW_FMT ":%u:%u: files: %s", SW_ARG(work->app->origin),
                   work->file->place.line, work->file->place.column, text);
}

static int join(const struct work *work, struct sw_str dir, struct sw_str path, struct place *ret)
{
    int n = snprintf(ret->text, sizeof ret->text, SW_FMT "%s" SW_FMT, SW_ARG(dir), path.n ? "/" : "",
                     SW_ARG(path));
    if (n < 0 || (size_t)n >= sizeof ret->text)
        return at_place(work, SW_ELIMIT, "a path of more than %d bytes", PATH_MAX);
    return 0;
}

/* "a/../b", "../x", "/etc": leaves its folder or begins outside. */
static bool leaves(struct sw_str path)
{
    if (path.n && path.p[0] == '/')
        return true;
    while (path.n) {
        size_t slash = sw_str_find(path, '/');
        if (sw_str_eq(slash == SW_NPOS ? path : sw_str_head(path, slash), SW_LIT("..")))
            return true;
        path = slash == SW_NPOS ? SW_LIT("") : sw_str_from(path, slash + 1);
    }
    return false;
}

/* Below the manifest's folder: an absolute path is made relative to it. */
static int source_of(const struct work *work, struct sw_str *ret)
{
    *ret = work->file->source;
    if (sw_str_starts(*ret, work->root) && ret->n > work->root.n && ret->p[work->root.n] == '/')
        *ret = sw_str_from(*ret, work->root.n + 1);
    while (sw_str_starts(*ret, SW_LIT("./")))
        *ret = sw_str_from(*ret, 2);
    while (ret->n > 1 && ret->p[ret->n - 1] == '/')
        ret->n--;
    if (leaves(*ret))
        return at_place(work, SW_EINPUT,
                        "'" SW_FMT "' cannot be mapped because it is outside the application directory\n"
                        "hint: copy it below '" SW_FMT "'",
                        SW_ARG(work->file->source), SW_ARG(work->root));
    return 0;
}

/* ---- copying ---- */

static int make_parents(const struct work *work, char *path)
{
    size_t start = work->app->work_dir.n;
    for (char *slash = strchr(path + start + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int rc = mkdir(path, 0755);
        int number = errno;
        *slash = '/';
        if (rc != 0 && number != EEXIST)
            return sw_fail_errno(work->err, SW_EIO, number, "make a folder for '%s'", path);
    }
    return 0;
}

static int copy_bytes(int from, int to)
{
    ssize_t n;
    do
        n = copy_file_range(from, NULL, to, NULL, APP_COPY_BYTES, 0);
    while (n > 0 || (n < 0 && errno == EINTR));
    if (n == 0)
        return 0;
    if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
        return errno;
    char buffer[8192]; /* between file systems that the kernel does not copy between */
    while ((n = read(from, buffer, sizeof buffer)) > 0)
        for (ssize_t done = 0, put; done < n; done += put)
            if ((put = write(to, buffer + done, (size_t)(n - done))) < 0)
                return errno;
    return n < 0 ? errno : 0;
}

/* A regular file, symbolic links followed. Times are kept: they are what "not modified" is judged by. */
static int copy_file(struct work *work, const char *from, struct sw_str to)
{
    struct place target;
    struct stat st;
    int rc = join(work, sw_str_of(work->copy), to, &target);
    if (rc == 0)
        rc = make_parents(work, target.text);
    if (rc < 0)
        return rc;
    sw_auto_close int in = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (in < 0 || fstat(in, &st) < 0)
        return sw_fail_errno(work->err, SW_EIO, errno, "component '" SW_FMT "': read '%s'",
                             SW_ARG(work->component->id), from);
    if (!S_ISREG(st.st_mode)) /* a device may have no end */
        return at_place(work, SW_EINPUT, "'%s' is neither a file nor a folder", from);
    sw_auto_close int out = open(target.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    int number = out < 0 ? errno : copy_bytes(in, out);
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    if (number == 0 && futimens(out, times) < 0)
        number = errno;
    if (number)
        return sw_fail_errno(work->err, SW_EIO, number, "component '" SW_FMT "': copy '%s' to '%s'",
                             SW_ARG(work->component->id), from, target.text);
    return 0;
}

static bool is_excluded(const struct work *work, struct sw_str path)
{
    for (uint32_t i = 0; i < work->component->exclude_file_count; i++)
        if (codec_glob_match(work->component->exclude_files[i], path, true))
            return true;
    return false;
}

struct walk {
    struct sw_str pattern; /* of paths below the manifest's folder; empty: everything */
    struct sw_str base;    /* where the walk begins, in the same terms */
    struct sw_str under;   /* where what lies below base is put */
    bool keeps_path;       /* put at the path itself instead */
};

static int walk_folder(struct work *work, const struct walk *walk, struct sw_str path, unsigned depth);

static int visit(struct work *work, const struct walk *walk, struct sw_str path, unsigned depth)
{
    struct place from;
    struct stat st;
    int rc = join(work, work->root, path, &from);
    if (rc < 0)
        return rc;
    if (++work->copied > APP_FILES_MAX)
        return at_place(work, SW_ELIMIT, "more than %u files and folders", APP_FILES_MAX);
    if (stat(from.text, &st) < 0)
        return errno == ENOENT
                   ? 0
                   : sw_fail_errno(work->err, SW_EIO, errno, "look at '%s'", from.text); /* a dangling link */
    if (S_ISDIR(st.st_mode))
        return walk_folder(work, walk, path, depth + 1);
    if (!S_ISREG(st.st_mode) || (walk->pattern.n && !codec_glob_match(walk->pattern, path, false)) ||
        is_excluded(work, path))
        return 0;
    struct sw_str to = path;
    struct place joined;
    if (!walk->keeps_path) {
        struct sw_str below = sw_str_from(path, walk->base.n ? walk->base.n + 1 : 0);
        int n = snprintf(joined.text, sizeof joined.text, SW_FMT "%s" SW_FMT, SW_ARG(walk->under),
                         walk->under.n ? "/" : "", SW_ARG(below));
        if (n < 0 || (size_t)n >= sizeof joined.text)
            return at_place(work, SW_ELIMIT, "a path of more than %d bytes", PATH_MAX);
        to = sw_str_of(joined.text);
    }
    return copy_file(work, from.text, to);
}

static int walk_folder(struct work *work, const struct walk *walk, struct sw_str path, unsigned depth)
{
    struct place folder, inner;
    int rc = join(work, work->root, path, &folder);
    if (rc < 0)
        return rc;
    if (depth > APP_FILES_DEPTH_MAX) /* or a link to a folder above it */
        return at_place(work, SW_ELIMIT, "folders more than %u deep at '%s'", APP_FILES_DEPTH_MAX,
                        folder.text);
    DIR *list = opendir(folder.text);
    if (!list)
        return sw_fail_errno(work->err, SW_EIO, errno, "open the folder '%s'", folder.text);
    const struct dirent *entry;
    while (rc == 0 && (entry = readdir(list))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        rc = join(work, path, sw_str_of(entry->d_name), &inner);
        if (rc == 0)
            rc = visit(work, walk, sw_str_of(path.n ? inner.text : entry->d_name), depth);
    }
    (void)closedir(list); /* only read */
    return rc;
}

static int copy_placed(struct work *work, struct sw_str source, const char *from, const struct stat *st)
{
    struct sw_str to = sw_str_trim(work->file->destination, SW_LIT("/"));
    if (leaves(to))
        return at_place(work, SW_EINPUT, "the destination '" SW_FMT "' leaves the guest's root",
                        SW_ARG(work->file->destination));
    if (S_ISDIR(st->st_mode)) {
        const struct walk walk = {.base = source, .under = to};
        return walk_folder(work, &walk, source, 0);
    }
    if (to.n == 0 || work->file->destination.p[work->file->destination.n - 1] == '/')
        return at_place(work, SW_EINPUT,
                        "\"" SW_FMT
                        "\" is not a valid destination file name\nhint: name the file, too: \"" SW_FMT
                        "name\"",
                        SW_ARG(work->file->destination), SW_ARG(work->file->destination));
    return copy_file(work, from, to);
}

static int copy_entry(struct work *work)
{
    struct sw_str source;
    struct place from;
    struct stat st;
    int rc = source_of(work, &source);
    if (rc == 0)
        rc = join(work, work->root, source, &from);
    if (rc < 0)
        return rc;
    bool exists = stat(from.text, &st) == 0;
    if (exists && !work->file->is_pattern)
        return copy_placed(work, source, from.text, &st);
    if (exists && S_ISDIR(st.st_mode)) {
        const struct walk walk = {.base = source, .keeps_path = true};
        return walk_folder(work, &walk, source, 0);
    }
    if (exists)
        return copy_file(work, from.text, source);
    if (!work->file->is_pattern)
        return at_place(work, SW_EINPUT, "File or directory '" SW_FMT "' does not exist",
                        SW_ARG(work->file->source));
    if (!codec_glob_is_pattern(source))
        return at_place(work, SW_EINPUT,
                        "\"" SW_FMT "\" does not exist and doesn't appear to be a glob pattern",
                        SW_ARG(source));
    const struct walk walk = {.pattern = source, .base = codec_glob_base(source), .keeps_path = true};
    if (join(work, work->root, walk.base, &from) < 0 || stat(from.text, &st) < 0)
        return 0; /* nothing matches */
    return walk_folder(work, &walk, walk.base, 0);
}

/* ---- mounts ---- */

static int mount_add(struct work *work, struct app_mount *mount, struct sw_str folder, struct sw_str guest)
{
    int rc = sw_arena_copy(&work->app->arena, folder, &mount->folder, work->err);
    if (rc == 0)
        rc = sw_arena_copy(&work->app->arena, guest, &mount->guest, work->err);
    mount->is_writable = work->config->writable;
    return rc;
}

static int mount_copy(struct work *work, struct app_mount *mounts)
{
    int n = snprintf(work->copy, sizeof work->copy, SW_FMT "/assets/" SW_FMT "/", SW_ARG(work->app->work_dir),
                     SW_ARG(work->component->id));
    if (n <= 0 || (size_t)n >= sizeof work->copy)
        return sw_fail(work->err, SW_ELIMIT, "a working folder's path of more than %d bytes", PATH_MAX);
    int rc = make_parents(work, work->copy);
    work->copy[n - 1] = '\0';
    for (uint32_t i = 0; rc == 0 && i < work->component->file_count; i++) {
        work->file = &work->component->files[i];
        rc = copy_entry(work);
    }
    return rc < 0 ? rc : mount_add(work, &mounts[0], sw_str_of(work->copy), SW_LIT("/"));
}

static int mount_direct(struct work *work, struct app_mount *mount)
{
    struct sw_str source;
    struct place from, guest;
    struct stat st;
    int rc = source_of(work, &source);
    if (rc == 0)
        rc = join(work, work->root, source, &from);
    if (rc < 0)
        return rc;
    if (stat(from.text, &st) < 0 || !S_ISDIR(st.st_mode))
        return at_place(work, SW_EINPUT,
                        "Only directory mounts are supported with `--direct-mounts`; '" SW_FMT "' is none",
                        SW_ARG(work->file->source));
    struct sw_str at = sw_str_trim(work->file->is_pattern ? source : work->file->destination, SW_LIT("/"));
    if (leaves(at))
        return at_place(work, SW_EINPUT, "the destination '" SW_FMT "' leaves the guest's root",
                        SW_ARG(work->file->destination));
    rc = join(work, SW_LIT(""), at, &guest);
    return rc < 0 ? rc
                  : mount_add(work, mount, sw_str_of(from.text), at.n ? sw_str_of(guest.text) : SW_LIT("/"));
}

static int mount_all_direct(struct work *work, struct app_mount *mounts)
{
    int rc = 0;
    work->file = &work->component->files[0];
    if (work->component->exclude_file_count)
        return at_place(work, SW_EINPUT,
                        "Cannot load a component with `exclude_files` using --direct-mounts");
    for (uint32_t i = 0; rc == 0 && i < work->component->file_count; i++) {
        work->file = &work->component->files[i];
        rc = mount_direct(work, &mounts[i]);
    }
    return rc;
}

static int make_work_dir(struct app *app, struct sw_err *err)
{
    const char *tmp = getenv("TMPDIR");
    char path[PATH_MAX];
    if (app->work_dir.n)
        return 0;
    int n = snprintf(path, sizeof path, "%s/swell-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");
    if (n < 0 || (size_t)n >= sizeof path)
        return sw_fail(err, SW_ELIMIT, "TMPDIR: a path of more than %d bytes", PATH_MAX);
    if (!mkdtemp(path)) /* mode 0700: what was copied is this user's */
        return sw_fail_errno(err, SW_EIO, errno, "make a folder for copies of files, '%s'", path);
    return sw_arena_copy(&app->arena, sw_str_of(path), &app->work_dir, err);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    (void)remove(path); /* what is left is in a folder for temporary files */
    return 0;
}

void app__files_remove(struct app *app)
{
    if (app->work_dir.n)
        (void)nftw(app->work_dir.p, remove_one, APP_REMOVE_FDS, FTW_DEPTH | FTW_PHYS); /* as above */
    app->work_dir = SW_LIT("");
}

static int check_statics(const struct app *app, struct sw_err *err)
{
    struct stat st;
    for (uint32_t i = 0; i < app->http_count; i++) {
        const struct app_static_folder *folder = app->http[i].static_folder;
        if (folder && (stat(folder->folder.p, &st) < 0 || !S_ISDIR(st.st_mode)))
            return sw_fail(err, SW_EINPUT,
                           SW_FMT ": the static folder '" SW_FMT "' of route '" SW_FMT "' does not exist",
                           SW_ARG(app->origin), SW_ARG(folder->folder), SW_ARG(app->http[i].route));
    }
    return 0;
}

int app_files_prepare(struct app *app, const struct app_files_config *config, struct sw_err *err)
{
    struct work work = {.app = app, .config = config, .err = err};
    size_t slash = sw_str_rfind(app->origin, '/');
    work.root = slash == SW_NPOS ? SW_LIT(".") : sw_str_head(app->origin, slash ? slash : 1);
    int checked = check_statics(app, err);
    if (checked < 0)
        return checked;
    for (uint32_t i = 0; i < app->component_count; i++) {
        struct app_component *component =
            (struct app_component *)(uintptr_t)&app->components[i]; /* the app is ours */
        if (component->file_count == 0)
            continue;
        uint32_t count = config->direct ? component->file_count : 1;
        struct app_mount *mounts = SW_ARENA_ARRAY(&app->arena, count, struct app_mount);
        if (!mounts)
            return sw_arena_fail(&app->arena, count * sizeof *mounts, err);
        work.component = component;
        int rc = config->direct ? 0 : make_work_dir(app, err);
        if (rc == 0)
            rc = config->direct ? mount_all_direct(&work, mounts) : mount_copy(&work, mounts);
        if (rc < 0)
            return rc;
        component->mounts = mounts;
        component->mount_count = count;
    }
    return 0;
}
