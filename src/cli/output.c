/* output.c - a command's result goes into a file that is there whole or not at all.  Room: cli. */
#include "cli/componentize.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"

static int write_all(int fd, const char *path, struct sw_str bytes, struct sw_err *err)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sw_fail_errno(err, SW_EIO, errno, "write '%s'", path);
        bytes = sw_str_from(bytes, (size_t)n);
    }
    return 0;
}

static int to_stdout(struct sw_str bytes, const struct cli_io *io, struct sw_err *err)
{
    int fd = fileno(io->out);
    if (isatty(fd))
        return sw_fail(
            err, SW_EINPUT,
            "standard output is a terminal, which has no use for a binary\nhint: name a file with -o");
    if (fflush(io->out) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "write standard output");
    return write_all(fd, "standard output", bytes, err);
}

/* mkstemp's files are for their owner alone; this gets what the process's mask leaves of 0666. */
static int open_mode(int fd)
{
    mode_t mask = umask(0);
    (void)umask(mask); /* it is what was there; it cannot fail */
    return fchmod(fd, 0666 & ~mask);
}

/* The rename, too, has to outlive a crash. */
static int sync_folder(const char *path, size_t folder_bytes, struct sw_arena *arena, struct sw_err *err)
{
    struct sw_str folder = folder_bytes == SW_NPOS ? SW_LIT(".")
                           : folder_bytes == 0     ? SW_LIT("/")
                                                   : sw_str(path, folder_bytes);
    struct sw_str name = {0};
    int rc = sw_arena_copy(arena, folder, &name, err);
    if (rc < 0)
        return rc;
    sw_auto_close int fd = open(name.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL)) /* EINVAL: a file system that has nothing to do */
        return sw_fail_errno(err, SW_EIO, errno, "sync folder '%s'", name.p);
    return 0;
}

static int fill(int fd, const char *temporary, const char *path, struct sw_str bytes, struct sw_err *err)
{
    int rc = write_all(fd, path, bytes, err);
    if (rc == 0 && open_mode(fd) != 0)
        rc = sw_fail_errno(err, SW_EIO, errno, "set the mode of '%s'", path);
    if (rc == 0 && fsync(fd) != 0 && errno != EINVAL)
        rc = sw_fail_errno(err, SW_EIO, errno, "sync '%s'", path);
    if (rc == 0 && rename(temporary, path) != 0)
        rc = sw_fail_errno(err, SW_EIO, errno, "rename to '%s'", path);
    return rc;
}

static int replace(const char *path, char *temporary, struct sw_arena *arena, struct sw_str bytes,
                   struct sw_err *err)
{
    sw_auto_close int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "create '%s'", path);
    int rc = fill(fd, temporary, path, bytes, err);
    if (rc < 0)
        (void)unlink(temporary); /* it may be renamed already; the failure is reported */
    return rc < 0 ? rc : sync_folder(path, sw_str_rfind(sw_str_of(path), '/'), arena, err);
}

int cli_output_write(const char *path, struct sw_str bytes, const struct cli_io *io, struct sw_err *err)
{
    struct stat st;
    sw_auto_arena arena = SW_ARENA(64u << 10); /* paths */
    if (strcmp(path, "-") == 0)
        return to_stdout(bytes, io, err);
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) { /* a pipe, /dev/null: nothing to rename over */
        sw_auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);
        return fd < 0 ? sw_fail_errno(err, SW_EIO, errno, "open '%s'", path)
                      : write_all(fd, path, bytes, err);
    }
    size_t n = strlen(path);
    char *temporary = sw_arena_try(&arena, n + 8, 1);
    if (!temporary)
        return sw_arena_fail(&arena, n, err);
    (void)snprintf(temporary, n + 8, "%s.XXXXXX", path); /* it fits */
    return replace(path, temporary, &arena, bytes, err);
}
