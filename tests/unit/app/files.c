/* files.c - what `files` of a component puts where: spin.md 1.9, 1.15, 12. */
#include "app/files.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "check.h"

struct ground {
    char root[PATH_MAX]; /* holds app/ and work/ */
    char work[PATH_MAX + 8];
    char origin[PATH_MAX + 16];
    struct app app;
    struct app_component component;
    struct app_file file;
    struct sw_str exclude;
    struct app_files_config config;
};

static void put(const struct ground *ground, const char *path, const char *text)
{
    char at[PATH_MAX * 2];
    snprintf(at, sizeof at, "%s/app/%s", ground->root, path);
    for (char *slash = strchr(at + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(at, 0755);
        *slash = '/';
    }
    FILE *file = fopen(at, "w");
    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void ground_init(struct ground *ground)
{
    char here[64] = "swell-app-files-XXXXXX";
    *ground = (struct ground){0};
    CHECK(mkdtemp(here) && realpath(here, ground->root));
    put(ground, "spin.toml", "");
    put(ground, "a.txt", "a");
    put(ground, "b.txt", "b");
    put(ground, "c.html", "c");
    put(ground, "dir/x.txt", "x");
    put(ground, "dir/.hidden", "h");
    put(ground, "dir/sub/y.txt", "y");
    put(ground, "dir/sub/z.html", "z");
    char link[PATH_MAX * 2];
    snprintf(link, sizeof link, "%s/app/dir/link", ground->root);
    CHECK(symlink("x.txt", link) == 0);
    snprintf(link, sizeof link, "%s/app/dir/dangling", ground->root);
    CHECK(symlink("nothing", link) == 0);
    snprintf(link, sizeof link, "%s/app/dir/fifo", ground->root);
    CHECK(mkfifo(link, 0644) == 0);
    snprintf(ground->work, sizeof ground->work, "%s/work", ground->root);
    CHECK(mkdir(ground->work, 0755) == 0);
    snprintf(ground->origin, sizeof ground->origin, "%s/app/spin.toml", ground->root);
    ground->app.arena = SW_ARENA(1u << 20);
    ground->app.origin = sw_str_of(ground->origin);
    ground->app.components = &ground->component;
    ground->app.component_count = 1;
    ground->component.id = SW_LIT("c");
    ground->component.files = &ground->file;
    ground->component.file_count = 1;
    ground->file.place = (struct app_place){7, 9};
    CHECK(setenv("TMPDIR", ground->work, 1) == 0);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void ground_deinit(struct ground *ground)
{
    app__files_remove(&ground->app);
    CHECK(rmdir(ground->work) == 0); /* nothing of the copies is left */
    sw_arena_deinit(&ground->app.arena);
    CHECK(nftw(ground->root, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

/* The regular files below a folder, sorted: "path=content;..." */
static struct {
    struct sw_str base;
    char found[32][128];
    int count;
} seen;

static int see(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)ftw;
    if (kind != FTW_F)
        return 0;
    char content[32] = "";
    FILE *file = fopen(path, "r");
    CHECK(file);
    if (!fgets(content, sizeof content, file))
        content[0] = '\0';
    fclose(file);
    snprintf(seen.found[seen.count++], sizeof *seen.found, "%.80s=%.30s;", path + seen.base.n + 1, content);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void check_files(const char *folder, const char *want)
{
    char all[sizeof seen.found] = "";
    size_t n = 0;
    seen.base = sw_str_of(folder);
    seen.count = 0;
    nftw(folder, see, 16, FTW_PHYS);
    qsort(seen.found, (size_t)seen.count, sizeof *seen.found, by_text);
    for (int i = 0; i < seen.count; i++)
        n += (size_t)snprintf(all + n, sizeof all - n, "%s", seen.found[i]);
    CHECK_STR(sw_str_of(all), want);
}

#define ALL_DIR "dir/.hidden=h;dir/link=x;dir/sub/y.txt=y;dir/sub/z.html=z;dir/x.txt=x;"

static const struct row {
    const char *source, *destination; /* destination NULL: one string */
    const char *exclude;
    const char *want; /* files, or the message */
    bool fails;
} rows[] = {
    {"a.txt", NULL, NULL, "a.txt=a;", false},
    {"./a.txt", NULL, NULL, "a.txt=a;", false},
    {"dir/sub/y.txt", NULL, NULL, "dir/sub/y.txt=y;", false},
    {"dir", NULL, NULL, ALL_DIR, false},
    {"dir/", NULL, NULL, ALL_DIR, false},
    {"*.txt", NULL, NULL, "a.txt=a;b.txt=b;", false},
    {"dir/*", NULL, NULL, "dir/.hidden=h;dir/link=x;dir/x.txt=x;", false},
    {"dir/**/*", NULL, NULL, ALL_DIR, false},
    {"dir/**/*.html", NULL, NULL, "dir/sub/z.html=z;", false},
    {"**/y.txt", NULL, NULL, "dir/sub/y.txt=y;", false},
    {"nothing/*.txt", NULL, NULL, "", false},
    {"dir", "/", NULL, ".hidden=h;link=x;sub/y.txt=y;sub/z.html=z;x.txt=x;", false},
    {"dir", "/static/files", NULL,
     "static/files/.hidden=h;static/files/link=x;static/files/sub/y.txt=y;static/files/sub/z.html=z;static/"
     "files/x.txt=x;",
     false},
    {"dir/sub", "docs/", NULL, "docs/y.txt=y;docs/z.html=z;", false},
    {"a.txt", "/renamed.txt", NULL, "renamed.txt=a;", false},
    {"a.txt", "deep/er/name", NULL, "deep/er/name=a;", false},
    {"dir/**/*", NULL, "*.html", "dir/.hidden=h;dir/link=x;dir/sub/y.txt=y;dir/x.txt=x;", false},
    {"dir/**/*", NULL, "dir/sub/*", "dir/.hidden=h;dir/link=x;dir/x.txt=x;", false},
    {"dir", NULL, "*.txt", "dir/.hidden=h;dir/link=x;dir/sub/z.html=z;", false},
    {"a.txt", NULL, "*.txt", "a.txt=a;", false},
    {"nothing.txt", NULL, NULL, "\"nothing.txt\" does not exist and doesn't appear to be a glob pattern",
     true},
    {"nothing", "/x", NULL, "File or directory 'nothing' does not exist", true},
    {"dir/fifo", NULL, NULL, "dir/fifo' is neither a file nor a folder", true},
    {"dir/fifo", "/x", NULL, "dir/fifo' is neither a file nor a folder", true},
    {"a.txt", "/static/", NULL, "\"/static/\" is not a valid destination file name", true},
    {"a.txt", "/", NULL, "\"/\" is not a valid destination file name", true},
    {"dir", "../x", NULL, "the destination '../x' leaves the guest's root", true},
    {"../work", NULL, NULL, "cannot be mapped because it is outside the application directory", true},
    {"dir/../../x", NULL, NULL, "cannot be mapped because it is outside the application directory", true},
    {"/etc", "/x", NULL, "cannot be mapped because it is outside the application directory", true},
};

static void files_are_copied_to_where_the_guest_expects_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct ground ground;
        struct sw_err err;
        ground_init(&ground);
        ground.file.source = sw_str_of(row->source);
        ground.file.is_pattern = row->destination == NULL;
        ground.file.destination = sw_str_of(row->destination);
        ground.exclude = sw_str_of(row->exclude);
        ground.component.exclude_files = &ground.exclude;
        ground.component.exclude_file_count = row->exclude != NULL;
        int rc = app_files_prepare(&ground.app, &ground.config, &err);
        if (row->fails) {
            CHECK_INT(rc, -SW_EINPUT);
            CHECK_HAS(err.text, row->want);
            CHECK_HAS(err.text, "/app/spin.toml:7:9: files: ");
        } else {
            CHECK_OK(rc, &err);
            CHECK_INT(ground.component.mount_count, 1);
            CHECK_STR(ground.component.mounts[0].guest, "/");
            CHECK(!ground.component.mounts[0].is_writable);
            check_files(ground.component.mounts[0].folder.p, row->want);
        }
        ground_deinit(&ground);
    }
}

static void direct_mounts_are_the_folders_themselves(void **state)
{
    (void)state;
    static const struct {
        const char *source, *destination, *want, *fails;
    } direct[] = {
        {"dir", NULL, "/dir", NULL},
        {"dir/sub", NULL, "/dir/sub", NULL},
        {"dir", "/", "/", NULL},
        {"dir/sub", "/data/", "/data", NULL},
        {"a.txt", NULL, NULL, "Only directory mounts are supported with `--direct-mounts`"},
        {"dir/*", NULL, NULL, "Only directory mounts are supported with `--direct-mounts`"},
        {"nothing", "/x", NULL, "Only directory mounts are supported with `--direct-mounts`"},
        {"../work", "/x", NULL, "cannot be mapped because it is outside the application directory"},
    };
    for (size_t i = 0; i < sizeof direct / sizeof *direct; i++) {
        struct ground ground;
        struct sw_err err;
        ground_init(&ground);
        ground.config.direct = ground.config.writable = true;
        ground.file.source = sw_str_of(direct[i].source);
        ground.file.is_pattern = direct[i].destination == NULL;
        ground.file.destination = sw_str_of(direct[i].destination);
        int rc = app_files_prepare(&ground.app, &ground.config, &err);
        if (direct[i].fails) {
            CHECK_INT(rc, -SW_EINPUT);
            CHECK_HAS(err.text, direct[i].fails);
        } else {
            CHECK_OK(rc, &err);
            CHECK_STR(ground.component.mounts[0].guest, direct[i].want);
            CHECK(ground.component.mounts[0].is_writable);
            CHECK(access(ground.component.mounts[0].folder.p, R_OK) == 0);
        }
        ground_deinit(&ground);
    }
    struct ground ground;
    struct sw_err err;
    ground_init(&ground);
    ground.config.direct = true;
    ground.file.source = SW_LIT("dir");
    ground.component.exclude_files = &ground.exclude;
    ground.component.exclude_file_count = 1;
    CHECK_INT(app_files_prepare(&ground.app, &ground.config, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "Cannot load a component with `exclude_files` using --direct-mounts");
    ground_deinit(&ground);
}

static void a_link_to_a_folder_above_ends(void **state)
{
    (void)state;
    struct ground ground;
    struct sw_err err;
    char link[PATH_MAX * 2];
    ground_init(&ground);
    snprintf(link, sizeof link, "%s/app/dir/sub/up", ground.root);
    CHECK(symlink("..", link) == 0);
    ground.file.source = SW_LIT("dir/**/*");
    ground.file.is_pattern = true;
    int rc = app_files_prepare(&ground.app, &ground.config, &err);
    CHECK(rc == -SW_ELIMIT || rc == -SW_EIO); /* too deep, or the kernel's own limit on links */
    ground_deinit(&ground);
}

static void a_component_without_files_has_no_mount(void **state)
{
    (void)state;
    struct ground ground;
    struct sw_err err;
    ground_init(&ground);
    ground.component.file_count = 0;
    CHECK_OK(app_files_prepare(&ground.app, &ground.config, &err), &err);
    CHECK_INT(ground.component.mount_count, 0);
    CHECK_INT(ground.app.work_dir.n, 0);
    ground_deinit(&ground);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_copied_to_where_the_guest_expects_them),
        cmocka_unit_test(direct_mounts_are_the_folders_themselves),
        cmocka_unit_test(a_link_to_a_folder_above_ends),
        cmocka_unit_test(a_component_without_files_has_no_mount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
