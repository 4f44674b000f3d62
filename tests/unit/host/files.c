/* files.c - what lies beneath a mount can be reached, and nothing else: paths, links, renames, kinds of files.
 *
 * A folder of this test holds `mount` (what the guest gets) beside `outside` (what it must never reach). */
#include "host/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "fake.h"
#include "host/host_internal.h"
#include "host/limits.h"

struct ground {
    struct fake fake;
    char folder[64];
    int top, mount_fd;
    struct host_file *mount;
};

static void put(int dir, const char *name, const char *text)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void ground_init(struct ground *ground, bool writable)
{
    fake_init(&ground->fake);
    snprintf(ground->folder, sizeof ground->folder, "swell-files-XXXXXX");
    CHECK(mkdtemp(ground->folder));
    ground->top = open(ground->folder, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    int top = ground->top;
    CHECK(mkdirat(top, "mount", 0755) == 0 && mkdirat(top, "outside", 0755) == 0);
    put(top, "outside/secret", "secret");
    int mount = openat(top, "mount", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    put(mount, "file", "content");
    CHECK(mkdirat(mount, "dir", 0755) == 0 && mkdirat(mount, "dir/deep", 0755) == 0);
    put(mount, "dir/inner", "inner");
    CHECK(symlinkat("../outside/secret", mount, "out") == 0);
    CHECK(symlinkat("../outside", mount, "out_dir") == 0);
    CHECK(symlinkat("/etc/passwd", mount, "absolute") == 0);
    CHECK(symlinkat("/", mount, "root") == 0);
    CHECK(symlinkat("file", mount, "in") == 0);
    CHECK(symlinkat("dir", mount, "in_dir") == 0);
    CHECK(symlinkat("../file", mount, "dir/up") == 0);
    CHECK(symlinkat("../../outside/secret", mount, "dir/up_out") == 0);
    CHECK(symlinkat("loop", mount, "loop") == 0);
    CHECK(symlinkat("a", mount, "b") == 0 && symlinkat("b", mount, "a") == 0);
    CHECK(symlinkat("nothing", mount, "dangling") == 0);
    CHECK(symlinkat("/proc/self/root", mount, "magic") == 0);
    CHECK(mkfifoat(mount, "fifo", 0644) == 0);
    ground->mount_fd = mount;
    ground->mount = host_file_of_mount(ground->fake.host, mount, writable);
    CHECK(ground->mount);
}

static void remove_all(int dir)
{
    DIR *list = fdopendir(dup(dir));
    struct dirent *entry;
    rewinddir(list);
    while ((entry = readdir(list))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (entry->d_type == DT_DIR) {
            int inner = openat(dir, entry->d_name, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
            remove_all(inner);
            close(inner);
            unlinkat(dir, entry->d_name, AT_REMOVEDIR);
        } else {
            unlinkat(dir, entry->d_name, 0);
        }
    }
    closedir(list);
}

static void ground_deinit(struct ground *ground)
{
    host_file_unref(ground->mount);
    CHECK_INT(ground->fake.host->file_count, 0);
    fake_deinit(&ground->fake);
    remove_all(ground->top);
    close(ground->top);
    close(ground->mount_fd);
    CHECK(rmdir(ground->folder) == 0);
}

static const struct host_open reading = {.read = true, .follow = true};

/* "content" when it was read, or the errno. */
static int read_at(struct host_file *dir, struct sw_str path, const struct host_open *how, char *to,
                   size_t cap)
{
    struct host_file *file = NULL;
    size_t n = 0;
    int rc = host_file_open_at(dir, path, how, &file);
    if (rc == 0 && !file->is_folder)
        rc = host_file_read(file, to, cap - 1, 0, &n);
    to[n] = '\0';
    host_file_unref(file);
    return rc;
}

#define DEEP "dir/../dir/../dir/../dir/../dir/../dir/../dir/../dir/../dir/../dir/../"

static void paths_stay_beneath_the_mount(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int number;
        const char *text; /* of what is read */
    } rows[] = {
        {"file", 0, "content"},
        {"./file", 0, "content"},
        {"dir/inner", 0, "inner"},
        {"dir//inner", 0, "inner"},
        {"dir/./inner", 0, "inner"},
        {"dir/../file", 0, "content"},
        {"dir/deep/../../file", 0, "content"},
        {DEEP "file", 0, "content"},
        {"in", 0, "content"},
        {"in_dir/inner", 0, "inner"},
        {"dir/up", 0, "content"},
        {"in_dir/up", 0, "content"},
        {"dir", 0, ""},
        {"dir/", 0, ""},
        {".", 0, ""},
        {"", ENOENT, ""},
        {"nothing", ENOENT, ""},
        {"FILE", ENOENT, ""},
        {"dir/nothing/../inner", ENOENT, ""},
        {"file/", ENOTDIR, ""},
        {"file/x", ENOTDIR, ""},
        {"file/..", ENOTDIR, ""},
        {"dangling", ENOENT, ""},
        {"..", EPERM, ""},
        {"../", EPERM, ""},
        {"../outside/secret", EPERM, ""},
        {"../mount/file", EPERM, ""},
        {"dir/../../outside/secret", EPERM, ""},
        {DEEP "../outside/secret", EPERM, ""},
        {"./../outside/secret", EPERM, ""},
        {"..//outside/secret", EPERM, ""},
        {"dir/deep/../../../outside/secret", EPERM, ""},
        {"/etc/passwd", EPERM, ""},
        {"/", EPERM, ""},
        {"//etc/passwd", EPERM, ""},
        {"out", EPERM, ""},
        {"out_dir/secret", EPERM, ""},
        {"dir/up_out", EPERM, ""},
        {"absolute", EPERM, ""},
        {"root/etc/passwd", EPERM, ""},
        {"magic/etc/passwd", EPERM, ""},
        {"loop", ELOOP, ""},
        {"a", ELOOP, ""},
        {"loop/x", ELOOP, ""},
        {"fifo", ENOTSUP, ""},
        /* percent forms, back slashes and other spellings are names like any other */
        {"%2e%2e/outside/secret", ENOENT, ""},
        {"..%2foutside%2fsecret", ENOENT, ""},
        {"dir%2finner", ENOENT, ""},
        {"..\\outside\\secret", ENOENT, ""},
        {"...", ENOENT, ""},
        {"\xe2\x80\xa5/outside/secret", ENOENT, ""}, /* a two dot leader */
        {"file ", ENOENT, ""},
        {" ../outside/secret", ENOENT, ""},
        {"C:/outside", ENOENT, ""},
        {"~/x", ENOENT, ""},
    };
    struct ground ground;
    ground_init(&ground, false);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[64];
        int rc = read_at(ground.mount, sw_str_of(rows[i].path), &reading, text, sizeof text);
        if (rc != rows[i].number || strcmp(text, rows[i].text) != 0)
            print_error("'%s' gave %d '%s'\n", rows[i].path, rc, text);
        CHECK_INT(rc, rows[i].number);
        CHECK_STR(sw_str_of(text), rows[i].text);
        struct stat st;
        rc = host_file_stat_at(ground.mount, sw_str_of(rows[i].path), true, &st);
        CHECK_INT(rc, rows[i].number == ENOTSUP ? 0 : rows[i].number);
    }
    ground_deinit(&ground);
}

static void odd_bytes_and_lengths_are_refused(void **state)
{
    (void)state;
    struct ground ground;
    char text[64], name[PATH_MAX + 2];
    ground_init(&ground, true);
    CHECK_INT(read_at(ground.mount, SW_LIT("file\0x"), &reading, text, sizeof text), EINVAL);
    CHECK_INT(read_at(ground.mount, SW_LIT("\0"), &reading, text, sizeof text), EINVAL);
    CHECK_INT(host_file_make_folder_at(ground.mount, SW_LIT("new\0x")), EINVAL);
    memset(name, 'x', sizeof name);
    CHECK_INT(read_at(ground.mount, sw_str(name, 256), &reading, text, sizeof text), ENAMETOOLONG);
    CHECK_INT(read_at(ground.mount, sw_str(name, sizeof name), &reading, text, sizeof text), ENAMETOOLONG);
    CHECK_INT(host_file_make_folder_at(ground.mount, sw_str(name, 300)), ENAMETOOLONG);
    ground_deinit(&ground);
}

static void links_are_followed_only_when_asked_for(void **state)
{
    (void)state;
    static const struct host_open stays = {.read = true};
    struct ground ground;
    struct stat st;
    char text[64];
    size_t n;
    ground_init(&ground, false);
    CHECK_INT(read_at(ground.mount, SW_LIT("in"), &stays, text, sizeof text), ELOOP);
    CHECK_INT(read_at(ground.mount, SW_LIT("in_dir/inner"), &stays, text, sizeof text), 0);
    CHECK_INT(host_file_stat_at(ground.mount, SW_LIT("in"), false, &st), 0);
    CHECK(S_ISLNK(st.st_mode));
    CHECK_INT(host_file_stat_at(ground.mount, SW_LIT("in"), true, &st), 0);
    CHECK(S_ISREG(st.st_mode));
    CHECK_INT(host_file_stat_at(ground.mount, SW_LIT("out"), false, &st), 0);
    CHECK_INT(host_file_readlink_at(ground.mount, SW_LIT("in"), text, sizeof text, &n), 0);
    CHECK_STR(sw_str(text, n), "file");
    CHECK_INT(host_file_readlink_at(ground.mount, SW_LIT("dir/up"), text, sizeof text, &n), 0);
    CHECK_STR(sw_str(text, n), "../file");
    CHECK_INT(host_file_readlink_at(ground.mount, SW_LIT("absolute"), text, sizeof text, &n), EPERM);
    CHECK_INT(host_file_readlink_at(ground.mount, SW_LIT("file"), text, sizeof text, &n), EINVAL);
    CHECK_INT(host_file_readlink_at(ground.mount, SW_LIT("out_dir/secret"), text, sizeof text, &n), EPERM);
    ground_deinit(&ground);
}

static void a_mount_that_is_read_only_changes_nothing(void **state)
{
    (void)state;
    static const struct host_open how[] = {
        {.write = true}, {.create = true}, {.read = true, .truncate = true}};
    static const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    struct ground ground;
    struct host_file *file;
    size_t n;
    ground_init(&ground, false);
    for (size_t i = 0; i < sizeof how / sizeof *how; i++)
        CHECK_INT(host_file_open_at(ground.mount, SW_LIT("file"), &how[i], &file), EROFS);
    CHECK_INT(host_file_make_folder_at(ground.mount, SW_LIT("new")), EROFS);
    CHECK_INT(host_file_remove_folder_at(ground.mount, SW_LIT("dir/deep")), EROFS);
    CHECK_INT(host_file_unlink_at(ground.mount, SW_LIT("file")), EROFS);
    CHECK_INT(host_file_rename_at(ground.mount, SW_LIT("file"), ground.mount, SW_LIT("new")), EROFS);
    CHECK_INT(host_file_link_at(ground.mount, SW_LIT("file"), false, ground.mount, SW_LIT("new")), EROFS);
    CHECK_INT(host_file_symlink_at(ground.mount, SW_LIT("file"), SW_LIT("new")), EROFS);
    CHECK_INT(host_file_times_at(ground.mount, SW_LIT("file"), true, now), EROFS);
    CHECK_INT(host_file_open_at(ground.mount, SW_LIT("file"), &reading, &file), 0);
    CHECK_INT(host_file_write(file, SW_LIT("x"), 0, false, &n), EBADF);
    CHECK_INT(host_file_size(file, 0), EBADF);
    CHECK_INT(host_file_allocate(file, 0, 10), EBADF);
    CHECK_INT(host_file_times(file, now), EROFS);
    host_file_unref(file);
    ground_deinit(&ground);
}

static void changes_stay_beneath_the_mount(void **state)
{
    (void)state;
    static const char *const outside[] = {"../outside/new",        "..",      "out_dir/new", "/tmp/new",
                                          "dir/../../outside/new", "root/new"};
    struct ground ground;
    struct host_file *mount;
    struct stat st;
    ground_init(&ground, true);
    mount = ground.mount;
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        struct sw_str path = sw_str_of(outside[i]);
        int want = EPERM;
        CHECK_INT(host_file_make_folder_at(mount, path), want);
        CHECK_INT(host_file_unlink_at(mount, path), want);
        CHECK_INT(host_file_remove_folder_at(mount, path), want);
        CHECK_INT(host_file_rename_at(mount, SW_LIT("file"), mount, path), want);
        CHECK_INT(host_file_rename_at(mount, path, mount, SW_LIT("new")), want);
        CHECK_INT(host_file_link_at(mount, SW_LIT("file"), false, mount, path), want);
        CHECK_INT(host_file_link_at(mount, path, false, mount, SW_LIT("new")), want);
        CHECK_INT(host_file_symlink_at(mount, SW_LIT("file"), path), want);
    }
    CHECK_INT(host_file_symlink_at(mount, SW_LIT("/etc/passwd"), SW_LIT("new")), EPERM);
    CHECK_INT(host_file_link_at(mount, SW_LIT("out"), true, mount, SW_LIT("new")), EINVAL);
    CHECK_INT(host_file_make_folder_at(mount, SW_LIT(".")), EEXIST);
    CHECK_INT(host_file_remove_folder_at(mount, SW_LIT(".")), EINVAL);
    CHECK_INT(host_file_unlink_at(mount, SW_LIT(".")), EISDIR);
    CHECK_INT(host_file_link_at(mount, SW_LIT("."), false, mount, SW_LIT("new")), EPERM);
    CHECK_INT(host_file_remove_folder_at(mount, SW_LIT("out_dir/")), EPERM);
    CHECK_INT(host_file_remove_folder_at(mount, SW_LIT("dir/..")), EPERM);
    CHECK_INT(fstatat(ground.top, "outside/secret", &st, 0), 0);
    CHECK_INT(st.st_nlink, 1);
    /* a link to the outside that the guest makes leads it nowhere */
    char text[64];
    CHECK_INT(host_file_symlink_at(mount, SW_LIT("../outside/secret"), SW_LIT("mine")), 0);
    CHECK_INT(read_at(mount, SW_LIT("mine"), &reading, text, sizeof text), EPERM);
    const struct host_open create = {.write = true, .create = true, .follow = true};
    struct host_file *file;
    CHECK_INT(host_file_symlink_at(mount, SW_LIT("../outside/made"), SW_LIT("maker")), 0);
    CHECK_INT(host_file_open_at(mount, SW_LIT("maker"), &create, &file), EPERM);
    CHECK(fstatat(ground.top, "outside/made", &st, AT_SYMLINK_NOFOLLOW) < 0);
    ground_deinit(&ground);
}

static void a_folder_that_is_moved_out_does_not_lead_out(void **state)
{
    (void)state;
    struct ground ground;
    struct host_file *deep = NULL;
    const struct host_open folder = {.read = true, .folder = true};
    char text[64];
    ground_init(&ground, true);
    CHECK_INT(host_file_open_at(ground.mount, SW_LIT("dir/deep"), &folder, &deep), 0);
    CHECK_INT(renameat(ground.mount_fd, "dir/deep", ground.top, "outside/deep"), 0);
    /* what is open stays open, as for every program; but nothing above it can be reached */
    CHECK_INT(read_at(deep, SW_LIT("../secret"), &reading, text, sizeof text), EPERM);
    CHECK_INT(read_at(deep, SW_LIT(".."), &reading, text, sizeof text), EPERM);
    CHECK_INT(host_file_unlink_at(deep, SW_LIT("../secret")), EPERM);
    host_file_unref(deep);
    ground_deinit(&ground);
}

static void files_are_made_written_and_removed(void **state)
{
    (void)state;
    struct ground ground;
    struct host_file *file;
    struct stat st;
    char text[64];
    size_t n;
    const struct host_open make = {.read = true, .write = true, .create = true, .exclusive = true};
    const struct host_open add = {.read = true, .write = true};
    ground_init(&ground, true);
    CHECK_INT(host_file_open_at(ground.mount, SW_LIT("dir/new"), &make, &file), 0);
    CHECK_INT(host_file_write(file, SW_LIT("hello"), 0, false, &n), 0);
    CHECK_INT(n, 5);
    CHECK_INT(host_file_write(file, SW_LIT("J"), 0, false, &n), 0);
    CHECK_INT(host_file_write(file, SW_LIT("!"), 0, true, &n), 0);
    CHECK_INT(host_file_read(file, text, sizeof text, 0, &n), 0);
    CHECK_STR(sw_str(text, n), "Jello!");
    CHECK_INT(host_file_read(file, text, sizeof text, 6, &n), 0);
    CHECK_INT(n, 0);
    CHECK_INT(host_file_read(file, text, sizeof text, UINT64_MAX, &n), EINVAL);
    CHECK_INT(host_file_write(file, SW_LIT("x"), UINT64_MAX, false, &n), EFBIG);
    CHECK_INT(host_file_size(file, 2), 0);
    CHECK_INT(host_file_size(file, UINT64_MAX), EINVAL);
    CHECK_INT(host_file_sync(file, true), 0);
    CHECK_INT(host_file_stat(file, &st), 0);
    CHECK_INT(st.st_size, 2);
    host_file_unref(file);
    CHECK_INT(host_file_open_at(ground.mount, SW_LIT("dir/new"), &make, &file), EEXIST);
    CHECK_INT(host_file_open_at(ground.mount, SW_LIT("dir/new"), &add, &file), 0);
    CHECK_INT(host_file_write(file, SW_LIT("+"), 0, true, &n), 0);
    CHECK_INT(host_file_read(file, text, sizeof text, 0, &n), 0);
    CHECK_STR(sw_str(text, n), "Je+");
    host_file_unref(file);
    CHECK_INT(host_file_rename_at(ground.mount, SW_LIT("dir/new"), ground.mount, SW_LIT("moved")), 0);
    CHECK_INT(host_file_link_at(ground.mount, SW_LIT("moved"), false, ground.mount, SW_LIT("dir/other")), 0);
    CHECK_INT(host_file_unlink_at(ground.mount, SW_LIT("moved/")), ENOTDIR);
    CHECK_INT(host_file_unlink_at(ground.mount, SW_LIT("dir/")), EISDIR);
    CHECK_INT(host_file_unlink_at(ground.mount, SW_LIT("dir")), EISDIR);
    CHECK_INT(host_file_unlink_at(ground.mount, SW_LIT("moved")), 0);
    CHECK_INT(read_at(ground.mount, SW_LIT("dir/other"), &reading, text, sizeof text), 0);
    CHECK_STR(sw_str_of(text), "Je+");
    CHECK_INT(host_file_make_folder_at(ground.mount, SW_LIT("made/")), 0);
    CHECK_INT(host_file_make_folder_at(ground.mount, SW_LIT("made")), EEXIST);
    CHECK_INT(host_file_remove_folder_at(ground.mount, SW_LIT("dir")), ENOTEMPTY);
    CHECK_INT(host_file_remove_folder_at(ground.mount, SW_LIT("file")), ENOTDIR);
    CHECK_INT(host_file_remove_folder_at(ground.mount, SW_LIT("made")), 0);
    ground_deinit(&ground);
}

static void entries_are_listed_from_any_place(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    static uint64_t places[COUNT + 8];
    static bool seen[COUNT];
    struct ground ground;
    struct host_file *dir = NULL;
    struct host_file_list *list;
    struct host_file_entry entry;
    const struct host_open folder = {.read = true, .folder = true};
    uint32_t count = 0;
    uint64_t at = 0;
    int rc;
    ground_init(&ground, true);
    CHECK(mkdirat(ground.mount_fd, "many", 0755) == 0);
    CHECK_INT(host_file_open_at(ground.mount, SW_LIT("many"), &folder, &dir), 0);
    for (int i = 0; i < COUNT; i++) {
        char name[32];
        snprintf(name, sizeof name, "many/entry-number-%d", i);
        put(ground.mount_fd, name, "");
    }
    CHECK_INT(host_file_list_open(dir, &list), 0);
    while ((rc = host_file_list_at(list, at, &entry)) == 0) {
        int number;
        places[count++] = at;
        at = entry.next;
        if (sscanf(entry.name.p, "entry-number-%d", &number) == 1) {
            CHECK(S_ISREG(entry.type) && !seen[number]);
            seen[number] = true;
        }
    }
    CHECK_INT(rc, -1);
    CHECK_INT(count, COUNT + 2);
    CHECK_INT(host_file_list_at(list, places[count / 2], &entry), 0); /* back in the middle */
    CHECK_INT(host_file_list_at(list, entry.next, &entry), 0);
    CHECK_INT(host_file_list_at(list, 0, &entry), 0);
    CHECK_INT(host_file_list_at(list, UINT64_MAX, &entry), EINVAL);
    CHECK_INT(host_file_list_at(list, 0, &entry), 0);
    at = entry.next;
    CHECK_INT(host_file_list_at(list, at, &entry), 0);
    uint64_t second = entry.inode;
    CHECK_INT(host_file_list_at(list, 0, &entry), 0);
    CHECK_INT(host_file_list_at(list, UINT64_MAX, &entry),
              EINVAL); /* what was read ahead is lost, the place is not */
    CHECK_INT(host_file_list_at(list, at, &entry), 0);
    CHECK_INT(entry.inode, second);
    host_file_list_close(list);
    host_file_unref(dir);
    ground_deinit(&ground);
}

static void descriptors_have_a_limit_and_go_with_the_host(void **state)
{
    (void)state;
    struct ground ground;
    struct host_file *file;
    uint32_t opened = 0;
    int rc;
    ground_init(&ground, false);
    while ((rc = host_file_open_at(ground.mount, SW_LIT("file"), &reading, &file)) == 0)
        opened++;
    CHECK_INT(rc, EMFILE);
    CHECK_INT(opened, HOST_FILES_MAX - 1);
    CHECK(fcntl(file->fd, F_GETFD) >= 0);
    int fd = file->fd;
    host_files_close(ground.fake.host); /* what a trap left behind */
    CHECK(fcntl(fd, F_GETFD) < 0 && errno == EBADF);
    ground.mount = NULL;
    ground_deinit(&ground);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_stay_beneath_the_mount),
        cmocka_unit_test(odd_bytes_and_lengths_are_refused),
        cmocka_unit_test(links_are_followed_only_when_asked_for),
        cmocka_unit_test(a_mount_that_is_read_only_changes_nothing),
        cmocka_unit_test(changes_stay_beneath_the_mount),
        cmocka_unit_test(a_folder_that_is_moved_out_does_not_lead_out),
        cmocka_unit_test(files_are_made_written_and_removed),
        cmocka_unit_test(entries_are_listed_from_any_place),
        cmocka_unit_test(descriptors_have_a_limit_and_go_with_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
