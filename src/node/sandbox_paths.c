/* sandbox_paths.c - which files and networks a process can reach by name: Landlock, by raw system calls.  Room: node.
 *
 * Source: Documentation/userspace-api/landlock.rst of Linux. The interface has grown; each part is asked for where the kernel has it. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "node/sandbox_internal.h"

#ifndef SYS_landlock_create_ruleset /* the same numbers on every processor */
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

/* The interface of Linux 6.12, for building with older kernel headers. */
struct ruleset {
    uint64_t fs;
    uint64_t net;
    uint64_t scope;
};
struct path_rule {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));
#define CREATE_VERSION 1u
#define RULE_PATH 1

#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define FS_WRITE_FILE (UINT64_C(1) << 1)
#define FS_MAKE_REG (UINT64_C(1) << 8)
#define FS_TRUNCATE (UINT64_C(1) << 14) /* 6.2 */
#define FS_REMOVE_DIR (UINT64_C(1) << 4)
#define FS_REMOVE_FILE (UINT64_C(1) << 5)
#define FS_MAKE_DIR (UINT64_C(1) << 7)
#define FS_MAKE_SYM (UINT64_C(1) << 12)
#define FS_REFER (UINT64_C(1) << 13) /* 5.19 */
#define FS_READ (FS_READ_FILE | FS_READ_DIR)
#define FS_CORE (FS_WRITE_FILE | FS_MAKE_REG | FS_TRUNCATE)
#define FS_CHANGE (FS_CORE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_SYM | FS_REFER)
#define FS_ALL_1                                                                                             \
    ((UINT64_C(1) << 13) - 1) /* Linux 5.13: everything above, other kinds of files, and running programs */
#define FS_ALL_2 (FS_ALL_1 | (UINT64_C(1) << 13)) /* 5.19: moving between folders */
#define FS_ALL_3 (FS_ALL_2 | (UINT64_C(1) << 14)) /* 6.2: truncating */
#define FS_ALL_5 (FS_ALL_3 | (UINT64_C(1) << 15)) /* 6.10: ioctl on devices */
#define NET_ALL_4 UINT64_C(3)                     /* 6.7: TCP bind and connect */
#define NET_CONNECT UINT64_C(2)
#define SCOPE_ALL_6 UINT64_C(3) /* 6.12: abstract Unix sockets and signals outside */

int node__paths_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_VERSION);
    return abi > 0 ? (int)abi : 0;
}

static struct ruleset everything(int abi)
{
    return (struct ruleset){.fs = abi >= 5   ? FS_ALL_5
                                  : abi >= 3 ? FS_ALL_3
                                  : abi == 2 ? FS_ALL_2
                                             : FS_ALL_1,
                            .net = abi >= 4 ? NET_ALL_4 : 0,
                            .scope = abi >= 6 ? SCOPE_ALL_6 : 0};
}

static int add_fd(int ruleset_fd, const struct ruleset *ruleset, const struct node__path *path, int fd,
                  const char *name, struct sw_err *err)
{
    uint64_t more = path->writable ? FS_CHANGE : path->core ? FS_CORE : 0;
    struct path_rule rule = {.allowed = (FS_READ | more) & ruleset->fs, .parent_fd = fd};
    long rc = syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PATH, &rule, 0);
    if (rc != 0 && errno == EINVAL) { /* a file, which has no right to be listed */
        rule.allowed = FS_READ_FILE;
        rc = syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PATH, &rule, 0);
    }
    return rc == 0 ? 0 : sw_fail_errno(err, SW_EIO, errno, "add '%s' to the sandbox", name);
}

static int add_path(int ruleset_fd, const struct ruleset *ruleset, const struct node__path *path,
                    struct sw_err *err)
{
    if (!path->path)
        return add_fd(ruleset_fd, ruleset, path, path->fd, "an open file", err);
    sw_auto_close int fd = open(path->path, O_PATH | O_CLOEXEC);
    if (fd < 0 && path->optional)
        return 0;
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "open '%s' for the sandbox", path->path);
    return add_fd(ruleset_fd, ruleset, path, fd, path->path, err);
}

int node__paths_limit(const struct node__path *paths, size_t count, const struct node__needs *needs,
                      struct sw_err *err)
{
    int abi = node__paths_abi();
    if (abi == 0)
        return 0;
    struct ruleset ruleset = everything(abi);
    if (needs->connects)
        ruleset.net &= ~NET_CONNECT; /* what a ruleset does not name stays as it is */
    if (needs->listens)
        ruleset.net = 0;
    /* Parts that the kernel does not know are zero, which it accepts. */
    sw_auto_close int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0u);
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "make a Landlock ruleset");
    for (size_t i = 0; i < count; i++) {
        int rc = add_path(fd, &ruleset, &paths[i], err);
        if (rc < 0)
            return rc;
    }
    if (syscall(SYS_landlock_restrict_self, fd, 0u) != 0)
        return sw_fail_errno(err, SW_EDENIED, errno, "enter a Landlock ruleset");
    return 0;
}
