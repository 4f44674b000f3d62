/* descriptors.h - counts this process's open descriptors, to find leaks.  Room: tests. */
#ifndef SW_TESTS_LOOP_DESCRIPTORS_H
#define SW_TESTS_LOOP_DESCRIPTORS_H

#include <dirent.h>

static inline int descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = -1; /* the folder's own */
    if (!dir)
        return 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        n += entry->d_name[0] != '.';
    (void)closedir(dir);
    return n;
}

#endif
