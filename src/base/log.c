/* log.c - one line per record.  Room: base. */
#include "base/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    int fd;
    enum sw_log_level least;
    const char *process;
    sw_log_write_fn *write; /* NULL: to fd */
    void *arg;
} log_to = {.fd = STDERR_FILENO, .least = SW_LOG_INFO, .process = "swell"};

static const char *const level_names[] = {"ERROR", "WARN", "INFO", "DEBUG"};

/* SWELL_LOG=info or debug asks for more than a process says by itself. */
static enum sw_log_level level_asked(enum sw_log_level least)
{
    const char *word = getenv("SWELL_LOG");
    if (word && strcmp(word, "debug") == 0)
        return SW_LOG_DEBUG;
    return word && strcmp(word, "info") == 0 && least < SW_LOG_INFO ? SW_LOG_INFO : least;
}

void sw_log_setup(int fd, enum sw_log_level least, const char *process)
{
    log_to.fd = fd;
    log_to.least = level_asked(least);
    log_to.process = process;
}

void sw_log_redirect(sw_log_write_fn *write, void *arg)
{
    log_to.write = write;
    log_to.arg = arg;
}

void sw_log_clean(char *text, size_t n, char instead, char spared)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        unsigned char next = i + 1 < n ? (unsigned char)text[i + 1] : 0;
        bool is_c1 = c == 0xc2 && next >= 0x80 && next < 0xa0; /* U+009B starts a sequence as ESC [ does */
        if (is_c1)
            text[i + 1] = instead;
        if (is_c1 || (c < 0x20 && text[i] != spared) || c == 0x7f)
            text[i] = instead;
    }
}

void sw_log(enum sw_log_level level, const char *room, const char *event, const char *fmt, ...)
{
    if (level > log_to.least)
        return;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    struct tm tm;
    (void)gmtime_r(&now.tv_sec, &tm); /* fails only for years that do not fit an int */
    char line[SW_LOG_LINE_MAX];
    size_t cap = sizeof line - 1;
    int head = snprintf(line, cap, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s %s %s: %s ", tm.tm_year + 1900,
                        tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000,
                        level_names[level], log_to.process, room, event);
    if (head < 0 || (size_t)head >= cap)
        return;
    va_list args;
    va_start(args, fmt);
    int tail = vsnprintf(line + head, cap - (size_t)head, fmt, args);
    va_end(args);
    if (tail < 0)
        return;
    size_t n = (size_t)head + (size_t)tail;
    if (n >= cap)
        n = cap - 1;
    sw_log_clean(line, n, ' ', ' '); /* guest and client text must not forge lines */
    line[n++] = '\n';
    if (log_to.write)
        log_to.write(log_to.arg, line, n);
    else
        (void)!write(log_to.fd, line, n); /* a log that cannot be written must not stop the program */
}
