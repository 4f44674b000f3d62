/* replay.c - runs a fuzz target once for every file of the given folders and files, and for the empty input.  Room: tests.
 *
 * It stands in for libFuzzer where the compiler has none, so that every corpus is a plain test too. Each input is copied to memory
 * of exactly its size: a read past the end is a sanitizer's finding. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUT_BYTES_MAX (64 * 1024 * 1024) /* seeds are small; more is a mistake */
#define DEPTH_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long inputs;

static int run_file(int fd, size_t n, const char *name)
{
    uint8_t *bytes = malloc(n ? n : 1);
    if (!bytes || n > INPUT_BYTES_MAX) {
        (void)fprintf(stderr, "%s: too large\n", name);
        free(bytes);
        return 1;
    }
    size_t have = 0;
    while (have < n) {
        ssize_t got = read(fd, bytes + have, n - have);
        if (got <= 0) {
            (void)fprintf(stderr, "%s: cannot be read\n", name);
            free(bytes);
            return 1;
        }
        have += (size_t)got;
    }
    (void)LLVMFuzzerTestOneInput(bytes, n); /* says 0, or ends the process */
    inputs++;
    free(bytes);
    return 0;
}

static int run_at(int dir_fd, const char *name, int depth);

static int run_folder(int fd, const char *name, int depth)
{
    DIR *dir = fdopendir(fd);
    if (!dir || depth > DEPTH_MAX) {
        (void)fprintf(stderr, "%s: cannot be opened, or nested too deeply\n", name);
        if (dir)
            (void)closedir(dir);
        else
            (void)close(fd);
        return 1;
    }
    int bad = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (entry->d_name[0] != '.')
            bad |= run_at(dirfd(dir), entry->d_name, depth + 1);
    }
    (void)closedir(dir);
    return bad;
}

static int run_at(int dir_fd, const char *name, int depth)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) < 0) {
        (void)fprintf(stderr, "%s: %s\n", name, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return 1;
    }
    if (S_ISDIR(info.st_mode))
        return run_folder(fd, name, depth);
    int bad = run_file(fd, (size_t)info.st_size, name);
    (void)close(fd);
    return bad;
}

int main(int argc, char **argv)
{
    static const uint8_t nothing[1] = {0};
    (void)LLVMFuzzerTestOneInput(nothing, 0); /* says 0, or ends the process */
    int bad = 0;
    for (int i = 1; i < argc; i++)
        bad |= run_at(AT_FDCWD, argv[i], 0);
    (void)printf("%lu inputs\n", inputs);
    return bad || inputs == 0;
}
