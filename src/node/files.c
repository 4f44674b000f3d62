/* files.c - memory files, second descriptors, folders.  Room: node. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "node/node_internal.h"

static int write_all(int fd, struct sw_str bytes, struct sw_err *err)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sw_fail_errno(err, SW_EIO, errno, "write %zu bytes to a memory file", bytes.n);
        bytes = sw_str_from(bytes, (size_t)n);
    }
    return 0;
}

int node__memory_file(const char *name, struct sw_str content, int *ret_fd, struct sw_err *err)
{
    sw_auto_close int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "make a memory file");
    int rc = write_all(fd, content, err);
    if (rc < 0)
        return rc;
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "seal a memory file");
    *ret_fd = fd;
    fd = -1; /* taken by the caller */
    return 0;
}

int node__read_whole(int fd, struct sw_buf *out, struct sw_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "look at a file");
    if (st.st_size < 0)
        return sw_fail(err, SW_EIO, "a file of negative size");
    int rc = sw_buf_reserve(out, (size_t)st.st_size, err);
    off_t at = 0;
    char chunk[4096];
    while (rc == 0 && at < st.st_size) {
        ssize_t n = pread(fd, chunk, sizeof chunk, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sw_fail_errno(err, SW_EIO, errno, "read a file");
        if (n == 0)
            break;
        rc = sw_buf_add(out, sw_str(chunk, (size_t)n), err);
        at += n;
    }
    return rc;
}

int node__reopen(int fd, int *ret_fd, struct sw_err *err)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* fits */
    int again = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* as add_component in serving.c */
    if (again < 0)
        return sw_fail_errno(err, SW_EIO, errno, "open '%s'", path);
    *ret_fd = again;
    return 0;
}

int node__make_dirs(const char *what, const char *folder, struct sw_err *err)
{
    char path[PATH_MAX];
    size_t n = strlen(folder);
    if (n == 0 || n >= sizeof path)
        return sw_fail(err, SW_ELIMIT, "%s: expected a path of at most %d bytes, got %zu", what, PATH_MAX - 1,
                       n);
    memcpy(path, folder, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        char kept = path[i];
        path[i] = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return sw_fail_errno(err, SW_EIO, errno, "make the %s '%s'", what, path);
        path[i] = kept;
    }
    return 0;
}
