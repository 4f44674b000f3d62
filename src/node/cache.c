/* cache.c - the folder of compiled code.  Room: node.
 *
 *   node__cache_stage: two empty files with temporary names --a compiler writes to descriptors, and ends--> node__cache_commit
 *
 * Its files are native code that workers run, so nobody else may be able to write there, and of our own processes only the supervisor
 * names what is in it.
 * Invariants
 *  1. "<key>.cwasm" and "<key>.img" are complete whenever they are visible: written under a temporary name, synced, renamed.
 *  2. The image is renamed first: where there is a .cwasm, there is its image.
 *  3. A visible file is never written to again and never replaced: whoever comes second leaves the first one's.
 *  4. Nobody but the supervisor has a descriptor of a file that is committed: its writer has ended. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
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

/* Random, not by process id: two supervisors in name spaces of their own may share a folder and an id. */
static int make_temporary(int dir_fd, char name[NODE__TEMPORARY_MAX], int *ret_fd, struct sw_err *err)
{
    uint64_t number = 0;
    if (getrandom(&number, sizeof number, 0) != sizeof number)
        return sw_fail_errno(err, SW_EIO, errno, "get random bytes");
    (void)snprintf(name, NODE__TEMPORARY_MAX, TEMPORARY_PREFIX "%016llx",
                   (unsigned long long)number); /* fits */
    int fd = sw_fault_errno(SW_FAULT_NODE_STAGE, ENOSPC)
                 ? -1
                 : openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        int number_of_error = errno;
        name[0] = '\0'; /* not ours to take away */
        return sw_fail_errno(err, SW_EIO, number_of_error, "make a file in the cache");
    }
    *ret_fd = fd;
    return 0;
}

void node__cache_discard(struct node__staged *staged)
{
    for (int i = 0; i < NODE__STAGED_FILES; i++) {
        if (staged->fds[i] >= 0)
            (void)close(staged->fds[i]); /* of no use any more */
        if (staged->temporary[i][0])
            (void)unlinkat(staged->dir_fd, staged->temporary[i], 0); /* else it is swept some day */
    }
    if (staged->dir_fd >= 0)
        (void)close(staged->dir_fd);
    *staged = NODE__STAGED_NONE;
}

int node__cache_stage(const char *cache_dir, const char *key, struct node__staged *ret, struct sw_err *err)
{
    struct node__staged staged = NODE__STAGED_NONE;
    struct names names;
    int rc = names_of(key, &names, err);
    if (rc == 0)
        rc = open_dir(cache_dir, &staged.dir_fd, err);
    for (int i = 0; rc == 0 && i < NODE__STAGED_FILES; i++)
        rc = make_temporary(staged.dir_fd, staged.temporary[i], &staged.fds[i], err);
    if (rc < 0) {
        node__cache_discard(&staged);
        return rc;
    }
    memcpy(staged.key, key, sizeof staged.key);
    *ret = staged;
    return 0;
}

/* Complete, of a size that can be, on the disk, and nobody's to write to. */
static int seal(int fd, const char *name, off_t min, off_t max, struct sw_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "look at '%s' in the cache", name);
    if (st.st_size < min || st.st_size > max)
        return sw_fail(err, SW_EBUG, "the compiler left %lld bytes for '%s', expected %lld to %lld",
                       (long long)st.st_size, name, (long long)min, (long long)max);
    if (sw_fault_errno(SW_FAULT_NODE_COMMIT, EIO) || fchmod(fd, 0444) != 0 || fsync(fd) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "write '%s' to the cache", name);
    return 0;
}

/* Gives the file its name, unless there is one of that name: then that one counts, and the new one is taken away by the caller. */
static int publish(const struct node__staged *staged, char temporary[NODE__TEMPORARY_MAX], const char *name,
                   struct sw_err *err)
{
    int dir_fd = staged->dir_fd;
    int rc = renameat2(dir_fd, temporary, dir_fd, name, RENAME_NOREPLACE);
    if (rc != 0 &&
        (errno == EINVAL || errno == ENOSYS)) /* a file system without: a link does not replace either */
        rc = linkat(dir_fd, temporary, dir_fd, name, 0) == 0 ? unlinkat(dir_fd, temporary, 0) : -1;
    if (rc != 0 && errno == EEXIST)
        return 0;
    if (rc != 0)
        return sw_fail_errno(err, SW_EIO, errno, "rename '%s' in the cache", temporary);
    temporary[0] = '\0'; /* no more */
    return 0;
}

int node__cache_commit(struct node__staged *staged, struct sw_err *err)
{
    struct names names;
    int rc = names_of(staged->key, &names, err);
    if (rc == 0)
        rc = seal(staged->fds[NODE__STAGED_IMAGE], names.image, 0, NODE_IMAGE_BYTES_MAX, err);
    if (rc == 0)
        rc = seal(staged->fds[NODE__STAGED_CODE], names.cwasm, 1, NODE_COMPILE_FILE_BYTES_MAX, err);
    if (rc == 0)
        rc = publish(staged, staged->temporary[NODE__STAGED_IMAGE], names.image, err);
    if (rc == 0)
        rc = publish(staged, staged->temporary[NODE__STAGED_CODE], names.cwasm, err);
    if (rc == 0 && fsync(staged->dir_fd) != 0)
        rc = sw_fail_errno(err, SW_EIO, errno, "sync the cache folder");
    node__cache_discard(staged);
    return rc;
}
