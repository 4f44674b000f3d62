/* cache.c - the folder of compiled code.  Room: node.
 *
 * Its files are native code that workers run, so nobody else may be able to write there.
 * Invariants
 *  1. "<key>.cwasm" and "<key>.img" are complete whenever they are visible: written under a temporary name, synced, renamed.
 *  2. The image is renamed first: where there is a .cwasm, there is its image.
 *  3. A visible file is never written to again. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "codec/digest.h"
#include "node/limits.h"
#include "node/node_internal.h"

#define TEMPORARY_PREFIX ".new-"

/* ---- the folder ---- */

static int check_dir(int dir_fd, const char *cache_dir, struct sw_err *err)
{
    struct stat st;
    if (fstat(dir_fd, &st) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "look at the cache folder '%s'", cache_dir);
    if (st.st_uid != geteuid())
        return sw_fail(err, SW_EDENIED,
                       "cache folder '%s': expected it to be ours (user %u), it belongs to user %u\n"
                       "hint: name another one with XDG_CACHE_HOME",
                       cache_dir, geteuid(), st.st_uid);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return sw_fail(err, SW_EDENIED,
                       "cache folder '%s': others may write to it (mode %04o), and what is in it is run\n"
                       "hint: chmod 700 '%s', after a look at what is in it",
                       cache_dir, st.st_mode & 07777, cache_dir);
    return 0;
}

static int open_dir(const char *cache_dir, int *ret_fd, struct sw_err *err)
{
    sw_auto_close int fd = open(cache_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "open the cache folder '%s'", cache_dir);
    int rc = check_dir(fd, cache_dir, err);
    if (rc < 0)
        return rc;
    *ret_fd = fd;
    fd = -1; /* taken by the caller */
    return 0;
}

/* A compiler that was killed leaves its temporary file. */
static void sweep(int dir_fd)
{
    int again = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
    DIR *dir = again < 0 ? NULL : fdopendir(again);
    if (!dir) {
        if (again >= 0)
            (void)close(again); /* sweeping is only tidiness */
        return;
    }
    time_t now = (time_t)(sw_clock_wall_ns() / 1000000000u);
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        struct stat st;
        if (!sw_str_starts(sw_str_of(entry->d_name), SW_LIT(TEMPORARY_PREFIX)))
            continue;
        if (fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            now - st.st_mtime > NODE_CACHE_STALE_S)
            (void)unlinkat(dir_fd, entry->d_name, 0); /* somebody else may have been quicker */
    }
    (void)closedir(dir); /* only read */
}

int node__cache_prepare(const char *cache_dir, struct sw_err *err)
{
    sw_auto_close int dir_fd = -1;
    int rc = node__make_dirs("cache folder", cache_dir, err);
    if (rc == 0)
        rc = open_dir(cache_dir, &dir_fd, err);
    if (rc == 0)
        sweep(dir_fd);
    return rc;
}

/* ---- names ---- */

struct names {
    char cwasm[80];
    char image[80];
};

static int names_of(const char *key, struct names *ret, struct sw_err *err)
{
    if (!codec_is_sha256_hex(sw_str_of(key)))
        return sw_fail(err, SW_EINPUT, "cache key: expected 64 hexadecimal digits, got '%.80s'", key);
    (void)snprintf(ret->cwasm, sizeof ret->cwasm, "%s.cwasm", key); /* fits: 64 digits */
    (void)snprintf(ret->image, sizeof ret->image, "%s.img", key);
    return 0;
}

/* ---- reading ---- */

static int open_file(int dir_fd, const char *name, int *ret_fd, struct sw_err *err)
{
    sw_auto_close int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? SW_ABSENT
                               : sw_fail_errno(err, SW_EIO, errno, "open '%s' in the cache", name);
    struct stat st;
    if (fstat(fd, &st) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "look at '%s' in the cache", name);
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
        return sw_fail(err, SW_EDENIED, "'%s' in the cache: expected a file that only we may write to", name);
    *ret_fd = fd;
    fd = -1; /* taken by the caller */
    return 0;
}

int node_cache_open(const char *cache_dir, const char *key, int *ret_cwasm_fd, int *ret_image_fd,
                    struct sw_err *err)
{
    struct names names;
    sw_auto_close int dir_fd = -1;
    sw_auto_close int cwasm_fd = -1;
    sw_auto_close int image_fd = -1;
    int rc = names_of(key, &names, err);
    if (rc == 0)
        rc = open_dir(cache_dir, &dir_fd, err);
    if (rc == 0)
        rc = open_file(dir_fd, names.cwasm, &cwasm_fd, err);
    if (rc == 0)
        rc = open_file(dir_fd, names.image, &image_fd, err);
    if (rc != 0)
        return rc;
    *ret_cwasm_fd = cwasm_fd;
    *ret_image_fd = image_fd;
    cwasm_fd = image_fd = -1; /* taken by the caller */
    return 0;
}

/* ---- writing ---- */

static int write_synced(int fd, struct sw_str bytes, const char *name, struct sw_err *err)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sw_fail_errno(err, SW_EIO, errno, "write %zu bytes of '%s' to the cache", bytes.n, name);
        bytes = sw_str_from(bytes, (size_t)n);
    }
    if (fchmod(fd, 0444) != 0 || fsync(fd) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "write '%s' to the cache", name);
    return 0;
}

static int put_file(int dir_fd, const char *name, struct sw_str bytes, struct sw_err *err)
{
    char temporary[128];
    (void)snprintf(temporary, sizeof temporary, TEMPORARY_PREFIX "%d-%s", getpid(), name); /* fits */
    (void)unlinkat(dir_fd, temporary, 0); /* of a killed process that had our id */
    sw_auto_close int fd =
        openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "make '%s' in the cache", temporary);
    int rc = write_synced(fd, bytes, name, err);
    if (rc == 0 && renameat(dir_fd, temporary, dir_fd, name) != 0)
        rc = sw_fail_errno(err, SW_EIO, errno, "rename '%s' in the cache", temporary);
    if (rc < 0)
        (void)unlinkat(dir_fd, temporary, 0); /* the failure above is what counts */
    return rc;
}

int node_cache_put(const char *cache_dir, const char *key, struct sw_str cwasm, struct sw_str image,
                   struct sw_err *err)
{
    struct names names;
    sw_auto_close int dir_fd = -1;
    int rc = names_of(key, &names, err);
    if (rc == 0)
        rc = open_dir(cache_dir, &dir_fd, err);
    if (rc == 0)
        rc = put_file(dir_fd, names.image, image, err);
    if (rc == 0)
        rc = put_file(dir_fd, names.cwasm, cwasm, err);
    if (rc == 0 && fsync(dir_fd) != 0)
        rc = sw_fail_errno(err, SW_EIO, errno, "sync the cache folder '%s'", cache_dir);
    return rc;
}
