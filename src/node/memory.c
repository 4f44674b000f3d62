/* memory.c - how much memory this machine, or the control group that this process is in, has for it.  Room: node.
 *
 * Sources: proc(5) /proc/self/cgroup; Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst of Linux. A group's limit holds for
 * the groups below it, so the smallest on the way up counts. In a container the path is that of the host or "/", and only the root may be
 * mounted: what is not there has no limit. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "node/limits.h"
#include "node/node_internal.h"

/* The number in a file of the kernel, or UINT64_MAX: there is none, or it says "max". */
static uint64_t read_limit(const char *path)
{
    char text[32];
    uint64_t number = UINT64_MAX;
    sw_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    while (n > 0 && text[n - 1] == '\n')
        n--;
    if (n <= 0 || !sw_str_to_u64(sw_str(text, (size_t)n), UINT64_MAX, &number))
        return UINT64_MAX;
    return number;
}

/* The smallest limit of the group and those above it, up to the root of the tree. */
static uint64_t limit_on_the_way_up(const char *root, struct sw_str group, const char *file)
{
    uint64_t smallest = UINT64_MAX;
    for (;;) {
        char path[PATH_MAX];
        int n = snprintf(path, sizeof path, "%s" SW_FMT "/%s", root, SW_ARG(group), file);
        uint64_t limit = n > 0 && (size_t)n < sizeof path ? read_limit(path) : UINT64_MAX;
        if (limit < smallest)
            smallest = limit;
        size_t slash = sw_str_rfind(group, '/');
        if (slash == SW_NPOS)
            return smallest;
        group = sw_str_head(group, slash);
    }
}

static bool names_memory(struct sw_str controllers)
{
    while (controllers.n) {
        size_t comma = sw_str_find(controllers, ',');
        if (sw_str_eq(sw_str_head(controllers, comma), SW_LIT("memory")))
            return true;
        controllers = comma == SW_NPOS ? sw_str("", 0) : sw_str_from(controllers, comma + 1);
    }
    return false;
}

/* One line, "NUMBER:CONTROLLERS:/GROUP"; version 2 has no controllers there. */
static uint64_t limit_of_line(const char *root, struct sw_str line)
{
    size_t first = sw_str_find(line, ':');
    if (first == SW_NPOS)
        return UINT64_MAX;
    struct sw_str rest = sw_str_from(line, first + 1);
    size_t second = sw_str_find(rest, ':');
    if (second == SW_NPOS)
        return UINT64_MAX;
    struct sw_str controllers = sw_str_head(rest, second);
    struct sw_str group = sw_str_from(rest, second + 1);
    if (sw_str_eq(group, SW_LIT("/")))
        group = sw_str("", 0);
    if (controllers.n == 0)
        return limit_on_the_way_up(root, group, "memory.max");
    char tree[PATH_MAX];
    int n = snprintf(tree, sizeof tree, "%s/memory", root);
    if (!names_memory(controllers) || n < 0 || (size_t)n >= sizeof tree)
        return UINT64_MAX;
    return limit_on_the_way_up(tree, group, "memory.limit_in_bytes");
}

uint64_t node__group_memory(const char *root, struct sw_str groups)
{
    uint64_t smallest = UINT64_MAX;
    while (groups.n) {
        size_t end = sw_str_find(groups, '\n');
        uint64_t limit = limit_of_line(root, sw_str_head(groups, end));
        if (limit < smallest)
            smallest = limit;
        groups = end == SW_NPOS ? sw_str("", 0) : sw_str_from(groups, end + 1);
    }
    return smallest;
}

uint64_t node__memory_share(uint64_t machine, uint64_t group, uint32_t workers)
{
    uint64_t all = machine < group ? machine : group;
    uint64_t share = all / 100 * NODE_MEMORY_PERCENT / (workers ? workers : 1);
    return share > NODE_MEMORY_BYTES_MIN ? share : NODE_MEMORY_BYTES_MIN;
}

uint64_t node_memory_default(uint32_t workers)
{
    char text[4096]; /* a line of each of about a dozen controllers */
    sw_auto_close int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text);
    long pages = sysconf(_SC_PHYS_PAGES);
    long page = sysconf(_SC_PAGESIZE);
    uint64_t machine = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : UINT64_MAX;
    uint64_t group = node__group_memory("/sys/fs/cgroup", sw_str(text, n > 0 ? (size_t)n : 0));
    if (machine == UINT64_MAX && group == UINT64_MAX)
        return 0; /* nothing is known: no limit */
    return node__memory_share(machine, group, workers);
}
