/* files.c - opening, looking at and changing what lies beneath a mount.  Room: host.
 *
 * Invariants
 *  1. No system call here gets a path with a '/' that was not resolved by openat2 with RESOLVE_BENEATH: either openat2 walks all of it,
 *     or it walks to the parent and the call gets the last name alone, which is neither "." nor "..".
 *  2. A descriptor is a regular file or a folder: opening anything else for reading or writing is refused after the fact, and never waits
 *     (O_NONBLOCK). */
#include "host/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "host/host_internal.h"
#include "host/limits.h"

/* ---- descriptors ---- */

static struct host_file *file_new(struct host *host, int fd)
{
    struct host_file *file =
        host->file_count < HOST_FILES_MAX ? host_object_new(&host->objects, sizeof *file) : NULL;
    if (!file)
        return NULL;
    host->file_count++;
    sw_list_add_head(&host->files, &file->link);
    file->host = host;
    file->refs = 1;
    file->fd = fd;
    return file;
}

struct host_file *host_file_of_mount(struct host *host, int fd, bool is_writable)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    struct host_file *file = own < 0 ? NULL : file_new(host, own);
    if (!file) {
        if (own >= 0)
            close(own);
        return NULL;
    }
    file->is_folder = true;
    file->can_read = true;
    file->is_changeable = is_writable;
    return file;
}

struct host_file *host_file_ref(struct host_file *file)
{
    file->refs++;
    return file;
}

void host_file_unref(struct host_file *file)
{
    if (!file || --file->refs)
        return;
    struct host *host = file->host;
    close(file->fd);
    host->file_count--;
    sw_list_remove(&file->link);
    host_object_free(&host->objects, file, sizeof *file);
}

void host_files_close(struct host *host)
{
    struct sw_link *link;
    while ((link = sw_list_take_head(&host->files))) {
        struct host_file *file = SW_CONTAINER(link, struct host_file, link);
        close(file->fd);
        host_object_free(&host->objects, file, sizeof *file);
    }
    host->file_count = 0;
}

/* ---- paths ---- */

struct path { /* NUL-terminated, as the kernel takes it */
    char text[PATH_MAX];
};

static int path_copy(struct sw_str path, struct path *ret)
{
    if (path.n == 0)
        return ENOENT;
    if (path.n >= sizeof ret->text)
        return ENAMETOOLONG;
    if (sw_str_find(path, '\0') != SW_NPOS)
        return EINVAL;
    if (path.p[0] == '/')
        return EPERM; /* there is no root to start from */
    memcpy(ret->text, path.p, path.n);
    ret->text[path.n] = '\0';
    return 0;
}

/* What leaves the folder is not permitted, as other hosts say; the kernel says EXDEV. */
static int open_beneath(int dir, const char *path, uint64_t flags, mode_t mode, int *ret)
{
    const struct open_how how = {.flags = flags | O_CLOEXEC,
                                 .mode = flags & O_CREAT ? mode : 0,
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    long fd;
    int tries = HOST_FILES_RACE_TRIES;
    do
        fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
    while (fd < 0 &&
           (errno == EINTR || (errno == EAGAIN && --tries > 0))); /* EAGAIN: renamed while it was walked */
    if (fd < 0)
        return errno == EXDEV ? EPERM : errno;
    *ret = (int)fd;
    return 0;
}

struct place { /* one name in a folder */
    struct path path;
    const char *name;
    int parent; /* a descriptor of its own; -1: the start itself */
    int start;
    bool is_folder_name; /* written with a '/' behind it */
};

static void place_close(struct place *place)
{
    if (place->parent >= 0)
        close(place->parent);
}

static int place_parent(const struct place *place)
{
    return place->parent >= 0 ? place->parent : place->start;
}

/* itself: the errno for a path that ends with ".", which no entry is called. */
static int place_find(const struct host_file *dir, struct sw_str path, int itself, struct place *ret)
{
    ret->parent = -1;
    ret->start = dir->fd;
    ret->is_folder_name = false;
    if (!dir->is_folder)
        return ENOTDIR;
    int rc = path_copy(path, &ret->path);
    if (rc)
        return rc;
    size_t n = path.n;
    while (n > 1 && ret->path.text[n - 1] == '/') {
        ret->path.text[--n] = '\0';
        ret->is_folder_name = true;
    }
    char *slash = strrchr(ret->path.text, '/');
    ret->name = slash ? slash + 1 : ret->path.text;
    if (strcmp(ret->name, ".") == 0)
        return itself;
    if (strcmp(ret->name, "..") == 0)
        return EPERM; /* it is, or may be, outside */
    if (!slash)
        return 0;
    *slash = '\0';
    return open_beneath(dir->fd, ret->path.text, O_PATH | O_DIRECTORY, 0, &ret->parent);
}

/* ---- opening ---- */

static uint64_t open_flags(const struct host_open *how)
{
    uint64_t flags = O_NONBLOCK | O_NOCTTY;
    if (!how->follow)
        flags |= O_NOFOLLOW;
    if (how->folder)
        flags |= O_DIRECTORY;
    if (how->create)
        flags |= O_CREAT | (how->exclusive ? O_EXCL : 0);
    if (how->truncate)
        flags |= O_TRUNC;
    if (how->sync)
        flags |= O_SYNC;
    else if (how->data_sync)
        flags |= O_DSYNC;
    return flags | (uint64_t)(how->write ? (how->read ? O_RDWR : O_WRONLY) : O_RDONLY);
}

static int open_fd(int dir, const char *path, const struct host_open *how, int *ret, struct stat *ret_stat)
{
    bool path_only = !how->read && !how->write && !how->create && !how->truncate;
    uint64_t flags = open_flags(how);
    if (path_only)
        flags = O_PATH | (flags & (O_NOFOLLOW | O_DIRECTORY));
    int rc = open_beneath(dir, path, flags, 0644, ret);
    if (rc)
        return rc;
    if (fstat(*ret, ret_stat) < 0)
        rc = errno;
    else if (path_only && !how->follow && S_ISLNK(ret_stat->st_mode))
        rc = ELOOP;
    else if (!path_only && !S_ISREG(ret_stat->st_mode) && !S_ISDIR(ret_stat->st_mode))
        rc = ENOTSUP;
    if (rc)
        close(*ret);
    return rc;
}

int host_file_open_at(struct host_file *dir, struct sw_str path, const struct host_open *how,
                      struct host_file **ret)
{
    struct path copy;
    struct stat st;
    int fd;
    if (!dir->is_folder)
        return ENOTDIR;
    int rc = path_copy(path, &copy);
    if (rc == 0 && !dir->is_changeable && (how->write || how->create || how->truncate))
        rc = EROFS;
    if (rc == 0 && dir->host->file_count >= HOST_FILES_MAX)
        rc = EMFILE;
    if (rc == 0)
        rc = open_fd(dir->fd, copy.text, how, &fd, &st);
    if (rc)
        return rc;
    struct host_file *file = file_new(dir->host, fd);
    if (!file) {
        close(fd);
        return ENOMEM;
    }
    file->is_folder = S_ISDIR(st.st_mode);
    file->is_path = !how->read && !how->write && !how->create && !how->truncate;
    file->can_read = how->read;
    file->can_write = how->write && !file->is_folder;
    file->is_changeable = dir->is_changeable;
    *ret = file;
    return 0;
}

int host_files_open_beneath(int dir, struct sw_str path, int *ret_fd, struct stat *ret_stat)
{
    static const struct host_open how = {.follow = true, .read = true};
    struct path copy;
    int rc = path_copy(path, &copy);
    return rc ? rc : open_fd(dir, copy.text, &how, ret_fd, ret_stat);
}

/* ---- looking and touching ---- */

int host_file_stat(const struct host_file *file, struct stat *ret)
{
    return fstat(file->fd, ret) < 0 ? errno : 0;
}

/* A descriptor that stands for what a path means, good for fstat and the like. */
static int look_at(const struct host_file *dir, struct sw_str path, bool follow, int *ret)
{
    struct path copy;
    if (!dir->is_folder)
        return ENOTDIR;
    int rc = path_copy(path, &copy);
    return rc ? rc : open_beneath(dir->fd, copy.text, O_PATH | (follow ? 0 : O_NOFOLLOW), 0, ret);
}

int host_file_stat_at(const struct host_file *dir, struct sw_str path, bool follow, struct stat *ret)
{
    int fd;
    int rc = look_at(dir, path, follow, &fd);
    if (rc)
        return rc;
    rc = fstat(fd, ret) < 0 ? errno : 0;
    close(fd);
    return rc;
}

int host_file_times(const struct host_file *file, const struct timespec times[2])
{
    if (!file->is_changeable)
        return EROFS;
    return utimensat(file->fd, "", times, AT_EMPTY_PATH) < 0 ? errno : 0;
}

int host_file_times_at(const struct host_file *dir, struct sw_str path, bool follow,
                       const struct timespec times[2])
{
    int fd;
    if (!dir->is_changeable)
        return EROFS;
    int rc = look_at(dir, path, follow, &fd);
    if (rc)
        return rc;
    rc = utimensat(fd, "", times, AT_EMPTY_PATH) < 0 ? errno : 0;
    close(fd);
    return rc;
}

int host_file_size(const struct host_file *file, uint64_t size)
{
    if (!file->can_write)
        return file->is_folder ? EISDIR : EBADF;
    if (size > INT64_MAX)
        return EINVAL;
    return ftruncate(file->fd, (off_t)size) < 0 ? errno : 0;
}

int host_file_allocate(const struct host_file *file, uint64_t offset, uint64_t size)
{
    if (!file->can_write)
        return file->is_folder ? EISDIR : EBADF;
    if (offset > INT64_MAX || size > INT64_MAX - offset)
        return EFBIG;
    return posix_fallocate(file->fd, (off_t)offset, (off_t)size); /* returns the errno */
}

int host_file_sync(const struct host_file *file, bool data_only)
{
    if (file->is_path)
        return EBADF;
    return (data_only ? fdatasync(file->fd) : fsync(file->fd)) < 0 ? errno : 0;
}

int host_file_advise(const struct host_file *file, uint64_t offset, uint64_t size, int advice)
{
    if (file->is_folder || file->is_path)
        return EBADF;
    if (offset > INT64_MAX || size > INT64_MAX - offset)
        return EINVAL;
    return posix_fadvise(file->fd, (off_t)offset, (off_t)size, advice);
}

/* ---- changing folders ---- */

static int place_to_change(const struct host_file *dir, struct sw_str path, int itself, struct place *ret)
{
    ret->parent = -1;
    return dir->is_changeable ? place_find(dir, path, itself, ret) : EROFS;
}

int host_file_make_folder_at(const struct host_file *dir, struct sw_str path)
{
    struct place place;
    int rc = place_to_change(dir, path, EEXIST, &place);
    if (rc == 0 && mkdirat(place_parent(&place), place.name, 0755) < 0)
        rc = errno;
    place_close(&place);
    return rc;
}

/* "link/" means where the link leads: outside of the mount nobody may ask. */
static int leads_inside(const struct host_file *dir, struct sw_str path)
{
    struct path copy;
    int rc = path_copy(path, &copy);
    sw_auto_close int fd = -1;
    return rc ? rc : open_beneath(dir->fd, copy.text, O_PATH | O_DIRECTORY, 0, &fd);
}

int host_file_remove_folder_at(const struct host_file *dir, struct sw_str path)
{
    struct place place;
    int rc = place_to_change(dir, path, EINVAL, &place);
    if (rc == 0 && place.is_folder_name)
        rc = leads_inside(dir, path);
    if (rc == 0 && unlinkat(place_parent(&place), place.name, AT_REMOVEDIR) < 0)
        rc = errno;
    place_close(&place);
    return rc;
}

int host_file_unlink_at(const struct host_file *dir, struct sw_str path)
{
    struct place place;
    struct stat st;
    int rc = place_to_change(dir, path, EISDIR, &place);
    if (rc == 0 && place.is_folder_name) /* "file/" is no file, "folder/" cannot be unlinked */
        rc = fstatat(place_parent(&place), place.name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? errno
             : S_ISDIR(st.st_mode)                                                   ? EISDIR
                                                                                     : ENOTDIR;
    if (rc == 0 && unlinkat(place_parent(&place), place.name, 0) < 0)
        rc = errno;
    place_close(&place);
    return rc;
}

int host_file_rename_at(const struct host_file *from_dir, struct sw_str from, const struct host_file *to_dir,
                        struct sw_str to)
{
    struct place old_place, new_place = {.parent = -1};
    int rc = place_to_change(from_dir, from, EINVAL, &old_place);
    if (rc == 0)
        rc = place_to_change(to_dir, to, EINVAL, &new_place);
    struct stat st;
    if (rc == 0 && (old_place.is_folder_name || new_place.is_folder_name)) {
        if (fstatat(place_parent(&old_place), old_place.name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            rc = errno;
        else if (!S_ISDIR(st.st_mode))
            rc = ENOTDIR;
    }
    if (rc == 0 &&
        renameat(place_parent(&old_place), old_place.name, place_parent(&new_place), new_place.name) < 0)
        rc = errno;
    place_close(&old_place);
    place_close(&new_place);
    return rc;
}

int host_file_link_at(const struct host_file *from_dir, struct sw_str from, bool follow,
                      const struct host_file *to_dir, struct sw_str to)
{
    struct place old_place, new_place = {.parent = -1};
    if (follow) /* the kernel would follow it outside */
        return EINVAL;
    int rc = place_to_change(from_dir, from, EPERM, &old_place);
    if (rc == 0)
        rc = place_to_change(to_dir, to, EEXIST, &new_place);
    if (rc == 0 && (old_place.is_folder_name || new_place.is_folder_name)) /* a new folder it cannot be */
        rc = old_place.is_folder_name ? ENOTDIR : ENOENT;
    if (rc == 0 &&
        linkat(place_parent(&old_place), old_place.name, place_parent(&new_place), new_place.name, 0) < 0)
        rc = errno;
    place_close(&old_place);
    place_close(&new_place);
    return rc;
}

int host_file_symlink_at(const struct host_file *dir, struct sw_str target, struct sw_str path)
{
    struct path copy;
    struct place place = {.parent = -1};
    int rc = path_copy(target, &copy);
    if (rc == 0)
        rc = place_to_change(dir, path, EEXIST, &place);
    if (rc == 0 && place.is_folder_name)
        rc = ENOENT;
    if (rc == 0 && symlinkat(copy.text, place_parent(&place), place.name) < 0)
        rc = errno;
    place_close(&place);
    return rc;
}

int host_file_readlink_at(const struct host_file *dir, struct sw_str path, char *ret, size_t cap,
                          size_t *ret_n)
{
    struct place place;
    int rc = place_find(dir, path, EINVAL, &place);
    ssize_t n = rc == 0 ? readlinkat(place_parent(&place), place.name, ret, cap) : 0;
    if (n < 0)
        rc = errno;
    else if (rc == 0 && n > 0 && ret[0] == '/')
        rc = EPERM;
    *ret_n = n > 0 ? (size_t)n : 0;
    place_close(&place);
    return rc;
}

/* ---- bytes ---- */

int host_file_read(const struct host_file *file, char *to, size_t n, uint64_t offset, size_t *ret_n)
{
    if (file->is_folder)
        return EISDIR;
    if (!file->can_read)
        return EBADF;
    *ret_n = 0;
    if (offset > INT64_MAX)
        return EINVAL;
    ssize_t got;
    do
        got = pread(file->fd, to, n, (off_t)offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno;
    *ret_n = (size_t)got;
    return 0;
}

int host_file_write(const struct host_file *file, struct sw_str bytes, uint64_t offset, bool append,
                    size_t *ret_n)
{
    const struct iovec part = {(void *)(uintptr_t)bytes.p, bytes.n};
    if (!file->can_write)
        return file->is_folder ? EISDIR : EBADF;
    if (offset > INT64_MAX)
        return EFBIG;
    ssize_t put;
    do
        put = append ? pwritev2(file->fd, &part, 1, 0, RWF_APPEND)
                     : pwrite(file->fd, bytes.p, bytes.n, (off_t)offset);
    while (put < 0 && errno == EINTR);
    if (put < 0)
        return errno;
    *ret_n = (size_t)put;
    return 0;
}
