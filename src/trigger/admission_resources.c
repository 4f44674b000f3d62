/* admission_resources.c - what the kernel lets this process have.  Room: trigger. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "trigger/admission.h"
#include "trigger/limits.h"

static uint64_t read_number(const char *path, uint64_t otherwise)
{
    char text[32];
    sw_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    while (n > 0 && text[n - 1] == '\n')
        n--;
    uint64_t number = 0;
    return n > 0 && sw_str_to_u64(sw_str(text, (size_t)n), UINT64_MAX, &number) ? number : otherwise;
}

static uint64_t count_lines(const char *path, uint64_t otherwise)
{
    char text[16384];
    uint64_t lines = 0;
    sw_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0) {
        n = read(fd, text, sizeof text);
        if (n < 0 && errno == EINTR)
            n = 1;
        else
            for (ssize_t i = 0; i < n; i++)
                lines += text[i] == '\n';
    }
    return n < 0 ? otherwise : lines;
}

static uint64_t count_descriptors(uint64_t otherwise)
{
    DIR *dir = opendir("/proc/self/fd");
    uint64_t count = 0;
    if (!dir)
        return otherwise;
    while (readdir(dir))
        count++;
    (void)closedir(dir); /* only read */
    return count;
}

uint32_t trigger_mappings_left(uint64_t max, uint64_t used)
{
    uint64_t taken = used + TRIGGER_MAPPINGS_RESERVE;
    uint64_t left = taken < max ? max - taken : 0;
    if (left < TRIGGER_MAPPINGS_MIN)
        left =
            TRIGGER_MAPPINGS_MIN; /* a few requests are tried in any case; the kernel refuses what it must */
    return left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
}

uint32_t trigger_connections_left(uint64_t max, uint64_t used)
{
    uint64_t taken = used + TRIGGER_DESCRIPTORS_RESERVE;
    uint64_t left = taken < max ? max - taken : 0;
    if (left < TRIGGER_CONNECTIONS_MIN)
        left = TRIGGER_CONNECTIONS_MIN;
    return left > TRIGGER_CONNECTIONS_MAX ? TRIGGER_CONNECTIONS_MAX : (uint32_t)left;
}

void trigger_resources_read(struct trigger_resources *ret)
{
    struct rlimit limit;
    uint64_t descriptors = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : TRIGGER_DESCRIPTORS_GUESS;
    uint64_t mappings = read_number("/proc/sys/vm/max_map_count", TRIGGER_MAPPINGS_GUESS);
    *ret = (struct trigger_resources){
        .stacks = TRIGGER_REQUESTS_MAX,
        .slots = TRIGGER_SLOTS_MAX,
        .mappings = trigger_mappings_left(mappings, count_lines("/proc/self/maps", 0)),
        .connections = trigger_connections_left(descriptors, count_descriptors(0)),
    };
}
