/* log.c - one line per record.  Room: base. */
#include "base/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

#define ROOMS_MAX 16 /* as many as could be named; there are fewer */
#define ROOM_BYTES_MAX 16

struct room_level {
    char room[ROOM_BYTES_MAX];
    enum sw_log_level level;
};

static struct {
    int fd;
    enum sw_log_level least;
    const char *process;
    bool json;
    unsigned room_count;
    struct room_level rooms[ROOMS_MAX];
    sw_log_write_fn *write; /* NULL: to fd */
    void *arg;
} log_to = {.fd = STDERR_FILENO, .least = SW_LOG_INFO, .process = "swell"};

static const char *const level_names[] = {"ERROR", "WARN", "INFO", "DEBUG"};
static const char *const level_words[] = {"error", "warn", "info", "debug"};
#define LEVEL_COUNT (sizeof level_words / sizeof *level_words)

/* ---- SWELL_LOG ---- */

static bool level_of(const char *word, size_t n, enum sw_log_level *ret)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++)
        if (strlen(level_words[i]) == n && memcmp(level_words[i], word, n) == 0) {
            *ret = (enum sw_log_level)i;
            return true;
        }
    return false;
}

/* One word of the list: "info", or "trigger=debug". */
static bool read_level(const char *word, size_t n, enum sw_log_level *least, struct room_level *rooms,
                       unsigned *room_count)
{
    const char *equals = memchr(word, '=', n);
    size_t name = equals ? (size_t)(equals - word) : 0;
    if (!equals)
        return level_of(word, n, least);
    struct room_level *room = &rooms[*room_count];
    if (name == 0 || name >= ROOM_BYTES_MAX || *room_count == ROOMS_MAX ||
        !level_of(equals + 1, n - name - 1, &room->level))
        return false;
    memcpy(room->room, word, name);
    room->room[name] = '\0';
    ++*room_count;
    return true;
}

/* What is no level is left out. False: something was. */
static bool read_levels(const char *list, enum sw_log_level *least, struct room_level *rooms,
                        unsigned *room_count)
{
    bool valid = true;
    while (*list) {
        size_t n = strcspn(list, ",");
        valid = (n == 0 || read_level(list, n, least, rooms, room_count)) && valid;
        list += n + (list[n] == ',');
    }
    return valid;
}

bool sw_log_levels_valid(const char *list)
{
    struct room_level rooms[ROOMS_MAX];
    enum sw_log_level least;
    unsigned count = 0;
    return read_levels(list, &least, rooms, &count);
}

static bool is_wanted(enum sw_log_level level, const char *room)
{
    for (unsigned i = log_to.room_count; i > 0; i--) /* the last word counts */
        if (strcmp(log_to.rooms[i - 1].room, room) == 0)
            return level <= log_to.rooms[i - 1].level;
    return level <= log_to.least;
}

void sw_log_setup(int fd, enum sw_log_level least, const char *process)
{
    const char *list = getenv("SWELL_LOG");
    const char *format = getenv("SWELL_LOG_FORMAT");
    log_to.fd = fd;
    log_to.least = least;
    log_to.process = process;
    log_to.room_count = 0;
    log_to.json = format && strcmp(format, "json") == 0;
    if (list)
        (void)read_levels(list, &log_to.least, log_to.rooms, &log_to.room_count); /* checked by who says it */
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

/* ---- records ---- */

/* From `from` to `to`, escaped as in JSON; bytes that are not ASCII become '?' where they may not be UTF-8. Returns how many were written. */
static size_t escape(const char *from, size_t n, char *to, size_t cap, bool ascii)
{
    size_t used = 0;
    size_t i = 0;
    for (; i < n && used + 2 < cap; i++) {
        unsigned char c = (unsigned char)from[i];
        if (c == '"' || c == '\\')
            to[used++] = '\\';
        to[used++] = c >= 0x80 && ascii ? '?' : from[i];
    }
    while (i < n && used && ((unsigned char)to[used - 1] & 0xc0) == 0x80) /* it ends before a character */
        used--;
    if (i < n && used && (unsigned char)to[used - 1] >= 0xc0)
        used--;
    return used;
}

/* The line as one JSON object. text: clean. The text is cut before the object's end would be. */
static size_t as_json(const char *time_text, enum sw_log_level level, const char *room, const char *event,
                      struct sw_str text, char line[SW_LOG_LINE_MAX])
{
    int n = snprintf(line, SW_LOG_LINE_MAX,
                     "{\"time\":\"%s\",\"level\":\"%s\",\"process\":\"%s\",\"room\":\"%s\",\"event\":\"%s\","
                     "\"text\":\"",
                     time_text, level_words[level], log_to.process, room, event);
    if (n < 0 || (size_t)n > SW_LOG_LINE_MAX - 8)
        return 0;
    size_t at = (size_t)n;
    /* A text that was cut inside a character is none. */
    at += escape(text.p, text.n, line + at, SW_LOG_LINE_MAX - 4 - at, !sw_utf8_valid(text));
    line[at++] = '"';
    line[at++] = '}';
    line[at++] = '\n';
    return at;
}

static size_t as_text(const char *time_text, enum sw_log_level level, const char *room, const char *event,
                      struct sw_str text, char line[SW_LOG_LINE_MAX])
{
    int n = snprintf(line, SW_LOG_LINE_MAX - 1, "%s %s %s %s: %s ", time_text, level_names[level],
                     log_to.process, room, event);
    if (n < 0 || n >= SW_LOG_LINE_MAX - 2)
        return 0;
    size_t at = (size_t)n;
    size_t most = SW_LOG_LINE_MAX - 2 - at;
    size_t count = text.n < most ? text.n : most;
    memcpy(line + at, text.p, count);
    at += count;
    line[at++] = '\n';
    return at;
}

void sw_log(enum sw_log_level level, const char *room, const char *event, const char *fmt, ...)
{
    if (!is_wanted(level, room))
        return;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    struct tm tm;
    (void)gmtime_r(&now.tv_sec, &tm); /* fails only for years that do not fit an int */
    char time_text[64];
    char text[SW_LOG_LINE_MAX];
    char line[SW_LOG_LINE_MAX];
    (void)snprintf(time_text, sizeof time_text, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", tm.tm_year + 1900,
                   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                   now.tv_nsec / 1000000); /* fits */
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (length < 0)
        return;
    size_t n = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    sw_log_clean(text, n, ' ', ' '); /* guest and client text must not forge lines */
    n = (log_to.json ? as_json : as_text)(time_text, level, room, event, sw_str(text, n), line);
    if (n == 0)
        return;
    if (log_to.write)
        log_to.write(log_to.arg, line, n);
    else
        (void)!write(log_to.fd, line, n); /* a log that cannot be written must not stop the program */
}
