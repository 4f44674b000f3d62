/* main.c - a CGI program for the tests of the Wagi executor: does what its path info says.  Plain C and wasi-libc, a WASI 0.1 command. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

extern char **environ;

static void text(void)
{
    fputs("content-type: text/plain\n\n", stdout);
}

static int show_env(void)
{
    text();
    for (char **at = environ; *at; at++)
        puts(*at);
    return 0;
}

static int show_args(int argc, char **argv)
{
    text();
    for (int i = 0; i < argc; i++)
        printf("[%s]", argv[i]);
    return 0;
}

static int echo(void)
{
    char buffer[8192];
    size_t n;
    fputs("content-type: application/octet-stream\n\n", stdout);
    while ((n = fread(buffer, 1, sizeof buffer, stdin)) > 0)
        fwrite(buffer, 1, n, stdout);
    return 0;
}

static int count(void)
{
    char buffer[65536];
    ssize_t n;
    unsigned long long sum = 0;
    while ((n = read(0, buffer, sizeof buffer)) > 0)
        sum += (unsigned long long)n;
    text();
    printf("%llu\n", sum);
    return 0;
}

static int pour(const char *size)
{
    static char block[65536];
    unsigned long long left = strtoull(size, NULL, 10);
    text();
    memset(block, 'x', sizeof block);
    while (left) {
        size_t n = left < sizeof block ? (size_t)left : sizeof block;
        n = fwrite(block, 1, n, stdout);
        if (!n)
            return 3;
        left -= n;
    }
    return 0;
}

static int show_file(const char *path)
{
    char buffer[4096];
    size_t n;
    FILE *file = fopen(path, "r");
    if (!file) {
        printf("status: 404\ncontent-type: text/plain\n\n%s: %s\n", path, strerror(errno));
        return 0;
    }
    text();
    while ((n = fread(buffer, 1, sizeof buffer, file)) > 0)
        fwrite(buffer, 1, n, stdout);
    fclose(file);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(const char *path)
{
    static char *names[1000];
    size_t count = 0;
    const struct dirent *entry;
    DIR *dir = opendir(path);
    text();
    if (!dir)
        return printf("%s\n", strerror(errno)) < 0;
    while ((entry = readdir(dir)) && count < 1000)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            names[count++] = strdup(entry->d_name);
    closedir(dir);
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++)
        puts(names[i]);
    return 0;
}

static const char *outcome(int rc)
{
    return rc < 0 ? strerror(errno) : "done";
}

/* Everything that changes files, in one go: each line is a call and what it gave. */
static int change(void)
{
    struct stat st;
    char line[64] = "";
    text();
    printf("mkdir: %s\n", outcome(mkdir("/made", 0755)));
    FILE *file = fopen("/made/new.txt", "w");
    printf("write: %s\n", file && fputs("hello", file) >= 0 ? outcome(fclose(file)) : strerror(errno));
    file = fopen("/made/new.txt", "a");
    printf("append: %s\n", file && fputs(" again", file) >= 0 ? outcome(fclose(file)) : strerror(errno));
    printf("rename: %s\n", outcome(rename("/made/new.txt", "/made/moved.txt")));
    printf("link: %s\n", outcome(symlink("moved.txt", "/made/link")));
    file = fopen("/made/link", "r");
    printf("read: %s\n", file && fgets(line, sizeof line, file) ? line : strerror(errno));
    if (file)
        fclose(file);
    printf("truncate: %s\n", outcome(truncate("/made/moved.txt", 5)));
    printf("size: %lld\n", stat("/made/moved.txt", &st) < 0 ? -1LL : (long long)st.st_size);
    printf("unlink: %s\n", outcome(unlink("/made/link")));
    printf("unlink: %s\n", outcome(unlink("/made/moved.txt")));
    printf("rmdir: %s\n", outcome(rmdir("/made")));
    return 0;
}

static int tell_time(void)
{
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    usleep(30000);
    clock_gettime(CLOCK_MONOTONIC, &after);
    long long ns = (after.tv_sec - before.tv_sec) * 1000000000LL + (after.tv_nsec - before.tv_nsec);
    text();
    printf("%s %s\n", ns >= 30000000 ? "slept" : "woke early", time(NULL) > 1700000000 ? "now" : "then");
    return 0;
}

static int escape(const char *path)
{
    text();
    printf("%s\n", open(path, O_RDONLY) < 0 ? strerror(errno) : "opened");
    return 0;
}

/* Opens a file to read as Go does: with every right but those to write. */
static int open_as_go(const char *path)
{
    const __wasi_rights_t rights = __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK |
                                   __WASI_RIGHTS_FD_FILESTAT_SET_SIZE | __WASI_RIGHTS_FD_FILESTAT_SET_TIMES |
                                   __WASI_RIGHTS_FD_ADVISE;
    __wasi_fd_t fd;
    text();
    printf("%s\n", strerror(__wasi_path_open(3, 0, path, 0, rights, rights, 0, &fd)));
    return 0;
}

int main(int argc, char **argv)
{
    const char *info = getenv("PATH_INFO");
    const char *query = getenv("QUERY_STRING");
    static const struct {
        const char *path;
        const char *out;
        int code;
    } said[] = {
        {"/hello", "content-type: text/plain\n\nhello\n", 0},
        {"/status", "status: 418 I'm a teapot\n\nshort and stout\n", 0},
        {"/location", "location: /elsewhere\n\n", 0},
        {"/bad-status", "status: many\n\n", 0},
        {"/no-head", "just text\n", 0},
        {"/nothing", "", 0},
        {"/fail-late", "content-type: text/plain\n\nall of it\n", 3},
    };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if (strcmp(info, said[i].path) == 0) {
            fputs(said[i].out, stdout);
            return said[i].code;
        }
    }
    if (strcmp(info, "/env") == 0)
        return show_env();
    if (strcmp(info, "/args") == 0)
        return show_args(argc, argv);
    if (strcmp(info, "/echo") == 0)
        return echo();
    if (strcmp(info, "/count") == 0)
        return count();
    if (strcmp(info, "/pour") == 0)
        return pour(query);
    if (strcmp(info, "/file") == 0)
        return show_file(query);
    if (strcmp(info, "/list") == 0)
        return list(query);
    if (strcmp(info, "/change") == 0)
        return change();
    if (strcmp(info, "/time") == 0)
        return tell_time();
    if (strcmp(info, "/open-as-go") == 0)
        return open_as_go(query);
    if (strcmp(info, "/escape") == 0)
        return escape(query);
    if (strcmp(info, "/stderr") == 0) {
        fputs("a line for the log\n", stderr);
        text();
        return 0;
    }
    if (strcmp(info, "/trap") == 0)
        __builtin_trap();
    if (strcmp(info, "/loop") == 0)
        for (volatile int i = 0;; i++)
            ;
    printf("status: 404\ncontent-type: text/plain\n\nno such thing: %s\n", info);
    return 0;
}
