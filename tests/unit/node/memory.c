/* memory.c - tests of what the kernel's files say about memory.  Room: tests. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "node/limits.h"
#include "node/node_internal.h"

static char root[] = "/tmp/swell-groups-XXXXXX";

static void put(const char *folder, const char *file, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s%s", root, folder);
    CHECK(mkdir(path, 0700) == 0 || access(path, F_OK) == 0);
    (void)snprintf(path, sizeof path, "%s%s/%s", root, folder, file);
    FILE *out = fopen(path, "w");
    CHECK(out && fputs(text, out) >= 0 && fclose(out) == 0);
}

static int make_tree(void **state)
{
    (void)state;
    CHECK(mkdtemp(root) != NULL);
    put("", "cgroup.procs", "");
    put("/a", "memory.max", "5000\n");
    put("/a/b", "memory.max", "7000\n");
    put("/a/c", "memory.max", "3000\n");
    put("/a/d", "memory.max", "max\n");
    put("/odd", "memory.max", "many\n");
    put("/empty", "memory.max", "");
    put("/memory", "memory.limit_in_bytes", "9223372036854771712\n");
    put("/memory/a", "memory.limit_in_bytes", "6000\n");
    return 0;
}

static int remove_tree(void **state)
{
    char command[64];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

static void the_smallest_limit_on_the_way_up_counts(void **state)
{
    (void)state;
    static const struct {
        const char *groups;
        uint64_t limit;
    } rows[] = {
        {"0::/a\n", 5000},
        {"0::/a/b\n", 5000},
        {"0::/a/c\n", 3000},
        {"0::/a/c", 3000},
        {"0::/a/d\n", 5000},
        {"0::/a/b/gone/deeper\n", 5000}, /* a container's path on its host */
        {"0::/\n", UINT64_MAX},
        {"0::/odd\n", UINT64_MAX},
        {"0::/empty\n", UINT64_MAX},
        {"5:memory:/a\n", 6000},
        {"5:cpu,memory:/a/x\n", 6000},
        {"5:memory:/\n", 9223372036854771712u},
        {"5:cpuset,cpu:/a\n4:memories:/a\n", UINT64_MAX},
        {"5:memory:/a\n0::/a/c\n", 3000},
        {"", UINT64_MAX},
        {"\n\n", UINT64_MAX},
        {"0:\n", UINT64_MAX},
        {"nonsense", UINT64_MAX},
        {"0::", UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (node__group_memory(root, sw_str_of(rows[i].groups)) != rows[i].limit)
            fail_msg("'%s'", rows[i].groups);
}

static void a_long_group_has_no_limit(void **state)
{
    (void)state;
    static char text[8192];
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "0::/", 4);
    CHECK(node__group_memory(root, sw_str_of(text)) == UINT64_MAX);
}

static void a_worker_gets_its_share(void **state)
{
    (void)state;
    const uint64_t gib = UINT64_C(1) << 30;
    CHECK_INT(node__memory_share(16 * gib, UINT64_MAX, 4), 16 * gib / 100 * NODE_MEMORY_PERCENT / 4);
    CHECK_INT(node__memory_share(16 * gib, 2 * gib, 4), 2 * gib / 100 * NODE_MEMORY_PERCENT / 4);
    CHECK_INT(node__memory_share(UINT64_MAX, 2 * gib, 1), 2 * gib / 100 * NODE_MEMORY_PERCENT);
    CHECK_INT(node__memory_share(gib, UINT64_MAX, 256), NODE_MEMORY_BYTES_MIN);
    CHECK_INT(node__memory_share(0, UINT64_MAX, 0), NODE_MEMORY_BYTES_MIN);
    uint64_t here = node_memory_default(2);
    CHECK(here >= NODE_MEMORY_BYTES_MIN &&
          here <= (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_limit_on_the_way_up_counts),
        cmocka_unit_test(a_long_group_has_no_limit),
        cmocka_unit_test(a_worker_gets_its_share),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
