/* load.c - finding and reading what `swell up` was given: a manifest here or in a parent, a folder, a file, a bare .wasm.  Room: app.
 *
 * source: spin.md 1.1, 1.7, 1.16 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "app/app_internal.h"
#include "app/download.h"
#include "app/fields.h"
#include "app/limits.h"
#include "app/registry.h"
#include "base/alloc.h"
#include "codec/limits.h"

#define MANIFEST_NAME "spin.toml"

struct found {
    char path[PATH_MAX]; /* as it is opened and shown */
    char dir[PATH_MAX];  /* absolute folder of it, no links */
    bool is_wasm;
};

static int path_too_long(struct sw_str path, struct sw_err *err)
{
    return sw_fail(err, SW_ELIMIT, "'%s': expected a path of at most %d bytes", app__show(path).text,
                   PATH_MAX - 1);
}

static int path_join(const char *dir, const char *name, char ret[PATH_MAX], struct sw_err *err)
{
    int n = snprintf(ret, PATH_MAX, "%s%s%s", dir, dir[0] && dir[strlen(dir) - 1] == '/' ? "" : "/", name);
    return n >= 0 && n < PATH_MAX ? 0 : path_too_long(sw_str_of(dir), err);
}

static bool exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* ---- finding ---- */

/* Cuts the last part; false at the root. */
static bool to_parent(char *dir)
{
    char *slash = strrchr(dir, '/');
    if (!slash || dir[1] == '\0')
        return false;
    slash[slash == dir ? 1 : 0] = '\0';
    return true;
}

static int is_git_root(const char *dir, bool *ret, struct sw_err *err)
{
    char git[PATH_MAX];
    int rc = path_join(dir, ".git", git, err);
    if (rc == 0)
        *ret = exists(git);
    return rc;
}

static int search(struct found *found, struct sw_err *err)
{
    char start[PATH_MAX];
    if (!getcwd(start, sizeof start))
        return sw_fail_errno(err, SW_EIO, errno, "find the current folder");
    memcpy(found->dir, start, sizeof start);
    for (int up = 0; up <= APP_PARENTS_MAX; up++) {
        bool last = false;
        int rc = path_join(found->dir, MANIFEST_NAME, found->path, err);
        if (rc == 0 && exists(found->path)) {
            if (up == 0)
                memcpy(found->path, MANIFEST_NAME, sizeof MANIFEST_NAME);
            return 0;
        }
        if (rc == 0)
            rc = is_git_root(found->dir, &last, err);
        if (rc < 0)
            return rc;
        if (last || !to_parent(found->dir))
            break;
    }
    return sw_fail(err, SW_EINPUT,
                   "no " MANIFEST_NAME " in '%s' or a folder above it\n"
                   "hint: name one with -f FILE, or a component with -f FILE.wasm",
                   start);
}

static int resolve_dir(struct found *found, struct sw_err *err)
{
    char folder[PATH_MAX];
    memcpy(folder, found->path, sizeof folder);
    char *slash = strrchr(folder, '/');
    if (!slash)
        memcpy(folder, ".", 2);
    else
        slash[slash == folder ? 1 : 0] = '\0';
    if (!realpath(folder, found->dir))
        return sw_fail_errno(err, SW_EIO, errno, "find the folder '%s'", folder);
    return 0;
}

static int find(struct sw_str path, struct found *found, struct sw_err *err)
{
    struct stat st;
    if (path.n == 0)
        return search(found, err);
    if (path.n >= PATH_MAX || sw_str_find(path, '\0') != SW_NPOS)
        return path_too_long(path, err);
    memcpy(found->path, path.p, path.n);
    found->path[path.n] = '\0';
    if (stat(found->path, &st) != 0)
        return sw_fail_errno(err, SW_EINPUT, errno, "'%s'", found->path);
    if (S_ISDIR(st.st_mode)) {
        char manifest[PATH_MAX];
        int rc = path_join(found->path, MANIFEST_NAME, manifest, err);
        if (rc < 0)
            return rc;
        if (!exists(manifest))
            return sw_fail(err, SW_EINPUT,
                           "no " MANIFEST_NAME " in the folder '%s'\nhint: name a manifest with -f FILE",
                           found->path);
        memcpy(found->path, manifest, sizeof manifest);
    } else {
        found->is_wasm = sw_str_ends(path, SW_LIT(".wasm"));
        if (found->is_wasm && !S_ISREG(st.st_mode)) /* a FIFO would hold who reads it; manifests: read_file */
            return sw_fail(err, SW_EINPUT, "'%s': expected a component, got no regular file", found->path);
    }
    return resolve_dir(found, err);
}

/* ---- reading ---- */

static int origin_set(struct app *app, const struct found *found, struct sw_err *err)
{
    const char *slash = strrchr(found->path, '/');
    const char *name = slash ? slash + 1 : found->path;
    const char *origin = sw_arena_printf(&app->arena, "%s%s%s", found->dir, found->dir[1] ? "/" : "", name);
    if (!origin)
        return sw_arena_fail(&app->arena, PATH_MAX, err);
    app->origin = sw_str_of(origin);
    return 0;
}

static int check_source(const struct app__reader *r, const struct app_component *component,
                        struct codec_toml_place at)
{
    struct stat st;
    if (stat(component->source.p, &st) == 0) {
        if (S_ISREG(st.st_mode))
            return 0;
        return app__fail(r, at, SW_EINPUT, "source: expected a file, '" SW_FMT "' is none",
                         SW_ARG(component->source));
    }
    if (errno != ENOENT && errno != ENOTDIR)
        return app__fail(r, at, SW_EIO, "source: '" SW_FMT "': %s", SW_ARG(component->source),
                         strerrordesc_np(errno));
    if (component->build_command.n)
        return app__fail(r, at, SW_EINPUT,
                         "source: '" SW_FMT "' does not exist\nhint: build the component first: " SW_FMT,
                         SW_ARG(component->source), SW_ARG(component->build_command));
    return app__fail(r, at, SW_EINPUT,
                     "source: '" SW_FMT "' does not exist\nhint: build the component '" SW_FMT "' first",
                     SW_ARG(component->source), SW_ARG(component->id));
}

int app__read_file(const char *path, const char *what, struct sw_buf *text, struct sw_err *err)
{
    sw_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us */
    if (fd < 0)
        return sw_fail_errno(err, SW_EINPUT, errno, "open '%s'", path);
    struct stat st;
    if (fstat(fd, &st) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "look at '%s'", path);
    if (!S_ISREG(st.st_mode))
        return sw_fail(err, SW_EINPUT, "'%s': expected %s, got no regular file", path, what);
    if ((uint64_t)st.st_size > text->max)
        return sw_fail(err, SW_ELIMIT, "'%s': expected %s of at most %zu bytes, got %lld", path, what,
                       text->max, (long long)st.st_size);
    int rc = sw_buf_read_fd(text, fd, err);
    return rc < 0 ? sw_wrap(err, "read '%s'", path) : 0;
}

/* The registry says where it is: url and digest. */
static int find_package(const struct app_load *what, struct app_component *component, struct sw_arena *arena,
                        struct app_download *download, struct sw_err *err)
{
    const struct app__package package = {.name = component->source_package,
                                         .requirement = component->source_version,
                                         .registry = component->source_registry};
    struct app__package_found found = {.authorization = NULL};
    int rc = app__package_find(&package, what->config_home, arena, &found, err);
    if (rc < 0)
        return rc;
    download->url = found.url;
    download->digest = found.digest;
    download->authorization = found.authorization;
    return 0;
}

/* The component's file is in the cache afterwards, and its path its source. */
static int fetch_source(const struct app__reader *r, const struct app_load *what,
                        struct app_component *component, struct codec_toml_place at)
{
    sw_auto_buf path = SW_BUF(PATH_MAX);
    sw_auto_arena arena = SW_ARENA(APP_ARENA_BYTES_MAX);
    if (!what->cache_root)
        return app__fail(r, at, SW_EINPUT,
                         "source: there is no folder for downloads\n"
                         "hint: name one with --cache-dir, or set XDG_CACHE_HOME or HOME");
    struct app_download download = {.cache_root = what->cache_root,
                                    .url = component->source_url,
                                    .digest = component->source_digest,
                                    .progress = what->progress,
                                    .progress_arg = what->progress_arg};
    int rc = 0;
    if (component->source_package.n)
        rc = find_package(what, component, &arena, &download, r->err);
    if (rc == 0)
        rc = app_download(&download, &path, r->err);
    if (rc < 0)
        return sw_wrap(r->err, SW_FMT ":%u:%u: source", SW_ARG(r->file), at.line, at.column);
    char absolute[PATH_MAX];
    if (!realpath(path.p, absolute))
        return sw_fail_errno(r->err, SW_EIO, errno, "find '%s'", path.p);
    return sw_arena_copy(&r->app->arena, sw_str_of(absolute), &component->source, r->err);
}

static int find_source(const struct app__reader *r, const struct app_load *what, uint32_t index,
                       struct codec_toml_place at)
{
    struct app_component *component =
        (struct app_component *)(uintptr_t)&r->app->components[index]; /* the arena's: ours */
    bool is_away = component->source_url.n || component->source_package.n;
    int rc = is_away ? fetch_source(r, what, component, at) : 0;
    return rc < 0 ? rc : check_source(r, component, at);
}

static int load_manifest(const struct app_load *what, const struct found *found, struct app *app,
                         struct sw_err *err)
{
    struct app__places places = {NULL};
    sw_auto_buf text = SW_BUF(CODEC_TOML_BYTES_MAX);
    int rc = app__read_file(found->path, "a manifest", &text, err);
    if (rc == 0)
        rc = app_manifest_parse(&(struct app__manifest){.text = sw_buf_str(&text),
                                                        .file = sw_str_of(found->path),
                                                        .dir = sw_str_of(found->dir),
                                                        .profile = what->profile},
                                app, &places, err);
    const struct app__reader r = {
        .app = app, .file = sw_str_of(found->path), .dir = sw_str_of(found->dir), .err = err};
    for (uint32_t i = 0; rc == 0 && i < app->component_count; i++)
        rc = find_source(&r, what, i, places.source[i]);
    return rc;
}

/* One component on every path, nothing granted; spin.md 1.16. */
static int load_wasm(const struct app_load *what, struct app *app, struct sw_err *err)
{
    if (what->profile.n)
        return sw_fail(
            err, SW_EINPUT,
            "Profile %s is not defined in this application\nhint: a .wasm has no profiles; leave it out",
            app__show(what->profile).text);
    struct app_component *component = SW_ARENA_NEW(&app->arena, struct app_component);
    struct app_http_trigger *trigger = SW_ARENA_NEW(&app->arena, struct app_http_trigger);
    if (!component || !trigger)
        return sw_arena_fail(&app->arena, sizeof *component, err);
    struct sw_str name = sw_str_from(app->origin, sw_str_rfind(app->origin, '/') + 1);
    name = sw_str_head(name, name.n - (sizeof ".wasm" - 1));
    app->name = name.n && sw_utf8_valid(name) ? name : SW_LIT("main");
    *component = (struct app_component){.id = SW_LIT("main"), .source = app->origin};
    *trigger = (struct app_http_trigger){.id = SW_LIT("main-http-trigger"), .route = SW_LIT("/...")};
    app->components = component;
    app->component_count = 1;
    app->http = trigger;
    app->http_count = 1;
    return 0;
}

static int load(const struct app_load *what, struct app *app, struct sw_err *err)
{
    struct found *found = sw_alloc(sizeof *found); /* too large for a stack frame */
    int rc = find(what->path, found, err);
    if (rc == 0)
        rc = origin_set(app, found, err);
    if (rc == 0)
        rc = found->is_wasm ? load_wasm(what, app, err) : load_manifest(what, found, app, err);
    sw_free(found);
    return rc;
}

static int add_env(struct app *app, const struct app_env *extra, uint32_t count, struct sw_err *err)
{
    struct app_component *components =
        SW_ARENA_ARRAY(&app->arena, app->component_count, struct app_component);
    if (!components)
        return sw_arena_fail(&app->arena, app->component_count * sizeof *components, err);
    for (uint32_t i = 0; i < app->component_count; i++) {
        components[i] = app->components[i];
        int rc = app__env_merge(app, &components[i], extra, count, err);
        if (rc < 0)
            return rc;
    }
    app->components = components;
    return 0;
}

int app_load(const struct app_load *what, struct app **ret, struct sw_err *err)
{
    struct app *app = NULL;
    int rc = app__new(&app, err);
    if (rc < 0)
        return rc;
    rc = load(what, app, err);
    if (rc == 0 && what->extra_env_count)
        rc = add_env(app, what->extra_env, what->extra_env_count, err);
    if (rc < 0) {
        app_free(app);
        return rc;
    }
    *ret = app;
    return 0;
}
