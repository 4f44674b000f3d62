/* run.c - a command of WASI 0.1 that does what its first argument says; for tests/e2e/test_run.py. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int cat(void)
{
    char bytes[1000];
    ssize_t n;
    while ((n = read(0, bytes, sizeof bytes)) > 0)
        if (write(1, bytes, (size_t)n) != n)
            return 9;
    return n < 0;
}

static int flood(void)
{
    static char bytes[200000];
    memset(bytes, 'x', sizeof bytes);
    for (int i = 0; i < 10; i++)
        for (size_t at = 0; at < sizeof bytes;) {
            ssize_t n = write(1, bytes + at, sizeof bytes - at);
            if (n < 0)
                return errno == EPIPE ? 32 : 1;
            at += (size_t)n;
        }
    return 0;
}

static int file(const char *path, const char *text)
{
    int fd = open(path, text ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY, 0644);
    if (fd < 0) {
        fprintf(stderr, "%s\n", strerror(errno));
        return 1;
    }
    if (text)
        return write(fd, text, strlen(text)) != (ssize_t)strlen(text);
    char bytes[100];
    ssize_t n = read(fd, bytes, sizeof bytes);
    return n < 0 || write(1, bytes, (size_t)n) != n;
}

static int grow(size_t n)
{
    char *volatile p = malloc(n); /* else the compiler decides that there is memory */
    return p == NULL;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "args") == 0)
        for (int i = 2; i < argc; i++)
            printf("[%s]", argv[i]);
    else if (strcmp(what, "env") == 0)
        for (char **one = environ; *one; one++)
            printf("%s\n", *one);
    else if (strcmp(what, "exit") == 0)
        exit(atoi(argv[2]));
    else if (strcmp(what, "trap") == 0)
        __builtin_trap();
    else if (strcmp(what, "loop") == 0)
        for (volatile int i = 0;; i++) {
        }
    else if (strcmp(what, "sleep") == 0)
        nanosleep(&(struct timespec){.tv_sec = 1000}, NULL);
    else if (strcmp(what, "grow") == 0)
        return grow((size_t)atoi(argv[2]) << 20);
    else if (strcmp(what, "tty") == 0)
        printf("%d%d%d", isatty(0), isatty(1), isatty(2));
    else if (strcmp(what, "cat") == 0)
        return cat();
    else if (strcmp(what, "flood") == 0)
        return flood();
    else if (strcmp(what, "err") == 0)
        fprintf(stderr, "no line end");
    else if (strcmp(what, "file") == 0)
        return file(argv[2], argc > 3 ? argv[3] : NULL);
    return 0;
}
