/* static.c - sending a file of a static folder.  Room: trigger.
 *
 * A short file is read and sent at once; a longer one is a run: the exchange's writable event reads the next piece. A run is freed when the
 * client has all of it or left. Reading is on the loop: what is served often is in the page cache. */
#include "trigger/static.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "host/files.h"
#include "trigger/limits.h"

struct run {
    struct http_exchange *exchange;
    int fd;
    uint64_t offset;
    uint64_t left;
    size_t at, n; /* of the buffer */
    char buffer[TRIGGER_STATIC_PIECE_BYTES];
};

static void run_end(struct run *run)
{
    struct http_exchange *exchange = run->exchange;
    (void)close(run->fd); /* only read */
    sw_free(run);
    http_exchange_end(exchange);
}

/* The next piece of the file. A file that has become shorter cuts the response. */
static bool run_fill(struct run *run)
{
    size_t want = run->left < sizeof run->buffer ? (size_t)run->left : sizeof run->buffer;
    ssize_t n;
    do
        n = pread(run->fd, run->buffer, want, (off_t)run->offset);
    while (n < 0 && errno == EINTR);
    run->at = 0;
    run->n = n > 0 ? (size_t)n : 0;
    run->offset += run->n;
    run->left -= run->n;
    return n > 0;
}

static void run_pump(void *arg)
{
    struct run *run = arg;
    struct sw_err err;
    int rc = 0;
    while (rc == 0 && (run->at < run->n || run->left)) {
        size_t n = 0;
        if (run->at == run->n && !run_fill(run)) {
            sw_log_warn("trigger", "static.short", "a file became shorter while it was sent");
            break;
        }
        rc = http_exchange_write(run->exchange, sw_str(run->buffer + run->at, run->n - run->at), &n, &err);
        run->at += rc == 0 ? n : 0;
    }
    if (rc == SW_WAIT)
        return;
    if (rc == 0 && run->at == run->n && !run->left)
        rc = http_exchange_finish(run->exchange, NULL, 0, &err);
    run_end(run); /* cut when it was not all */
}

static void run_gone(void *arg)
{
    run_end(arg);
}

static const struct http_exchange_events run_events = {NULL, run_pump, run_gone};

/* Takes the descriptor over. */
static void send_file(struct http_exchange *exchange, int fd, const struct trigger_static_answer *answer)
{
    struct sw_err err;
    struct run *run = sw_try_alloc(sizeof *run);
    if (!run) {
        (void)close(fd);
        http_exchange_end(exchange); /* 500 */
        return;
    }
    *run = (struct run){.exchange = exchange, .fd = fd, .offset = answer->offset};
    if (!sw_str_eq(http_exchange_request(exchange)->method,
                   SW_LIT("HEAD"))) /* whose body nobody is sent: nor is it read */
        run->left = answer->length;
    http_exchange_handle(exchange, &run_events, run);
    if (http_exchange_respond(exchange, answer->status, answer->fields, answer->field_count, answer->length,
                              &err) < 0) {
        sw_log_warn("trigger", "static.response", "%s", err.text);
        run_end(run);
        return;
    }
    run_pump(run);
}

/* ---- finding ---- */

struct found {
    int fd;
    struct stat st;
    enum trigger_static_encoding encoding;
    char path[PATH_MAX]; /* without the encoding's suffix */
};

/* Opens path and a suffix beneath the folder. 0, or an errno. */
static int open_one(int dir_fd, const char *path, const char *suffix, struct found *ret)
{
    char whole[PATH_MAX];
    int n = snprintf(whole, sizeof whole, "%s%s", path, suffix);
    if (n < 0 || (size_t)n >= sizeof whole)
        return ENAMETOOLONG;
    return host_files_open_beneath(dir_fd, sw_str(whole, (size_t)n), &ret->fd, &ret->st);
}

/* The encoded file beside it that the client likes best. */
static void open_encoded(int dir_fd, const struct http_request *request, struct found *found)
{
    enum trigger_static_encoding accepted[TRIGGER_STATIC_ENCODINGS];
    unsigned count = trigger_static_accepted(request, accepted);
    for (unsigned i = 0; i + 1 < count; i++) { /* the last is the plain one, which is open */
        struct found encoded = {.fd = -1};
        if (open_one(dir_fd, found->path, trigger_static_codings[accepted[i]].suffix, &encoded) != 0)
            continue;
        if (S_ISREG(encoded.st.st_mode)) {
            (void)close(found->fd);
            found->fd = encoded.fd;
            found->st = encoded.st;
            found->encoding = accepted[i];
            return;
        }
        (void)close(encoded.fd);
    }
}

static bool append(char *path, const char *more)
{
    size_t n = strlen(path);
    return snprintf(path + n, PATH_MAX - n, "%s%s", n && path[n - 1] != '/' ? "/" : "", more) <
           (int)(PATH_MAX - n);
}

/* Whether an errno says that there is no such file here, or none that is shown; else it cannot be told now. */
static bool is_absence(int number)
{
    return number != EMFILE && number != ENFILE && number != ENOMEM && number != EIO;
}

/* 0 with a regular file; SW_ABSENT; SW_END: it is a folder; < 0: nobody knows. */
static int open_file(int dir_fd, struct found *found)
{
    int number = open_one(dir_fd, found->path, "", found);
    if (number && is_absence(number))
        return SW_ABSENT;
    if (number) {
        struct sw_err err;
        int rc = sw_fail_errno(&err, SW_EIO, number, "open a static file");
        sw_log_warn("trigger", "static.open", "%s", err.text);
        return rc;
    }
    if (S_ISREG(found->st.st_mode))
        return 0;
    (void)close(found->fd);
    found->fd = -1;
    return S_ISDIR(found->st.st_mode) ? SW_END : SW_ABSENT;
}

/* 0 with a regular file; SW_ABSENT; SW_END: a folder that is asked for without its last slash; < 0. */
static int find(const struct app_static_folder *folder, int dir_fd, struct found *found)
{
    bool slash = found->path[0] == '\0' || found->path[strlen(found->path) - 1] == '/';
    if (slash && (!folder->index.n || !append(found->path, folder->index.p)))
        return SW_ABSENT;
    int rc = open_file(dir_fd, found);
    return rc == SW_END && (slash || !folder->index.n) ? SW_ABSENT : rc;
}

static int find_fallback(const struct app_static_folder *folder, int dir_fd, struct found *found)
{
    int n = snprintf(found->path, sizeof found->path, SW_FMT, SW_ARG(folder->fallback));
    if (n <= 0 || (size_t)n >= sizeof found->path)
        return SW_ABSENT;
    int rc = open_file(dir_fd, found);
    return rc == SW_END ? SW_ABSENT : rc;
}

static void answer_status(struct http_exchange *exchange, uint16_t status)
{
    http_exchange_answer(exchange, status, SW_LIT(""), SW_LIT(""));
}

static void redirect(struct http_exchange *exchange)
{
    const struct http_request *request = http_exchange_request(exchange);
    char to[TRIGGER_STATIC_LOCATION_BYTES];
    struct sw_err err;
    struct sw_str path = request->path;
    while (path.n > 1 && path.p[1] == '/') /* "//host" would name another server */
        path = sw_str_from(path, 1);
    int n = snprintf(to, sizeof to, SW_FMT "/%s" SW_FMT, SW_ARG(path), request->has_query ? "?" : "",
                     SW_ARG(request->query));
    if (n < 0 || (size_t)n >= sizeof to) {
        answer_status(exchange, 414);
        return;
    }
    const struct http_field location = {SW_LIT("location"), sw_str(to, (size_t)n)};
    sw_ignore(
        http_exchange_reply(exchange, 308, &location, 1, SW_LIT(""), &err)); /* the client may be gone */
    http_exchange_end(exchange);
}

static void answer_found(const struct app_static_folder *folder, int dir_fd, struct found *found,
                         struct http_exchange *exchange)
{
    const struct http_request *request = http_exchange_request(exchange);
    struct trigger_static_answer answer;
    struct sw_err err;
    open_encoded(dir_fd, request, found);
    const struct trigger_static_file file = {.name = sw_str_of(found->path),
                                             .encoding = found->encoding,
                                             .size = (uint64_t)found->st.st_size,
                                             .inode = found->st.st_ino,
                                             .modified = found->st.st_mtim};
    trigger_static_decide(request, &file, folder->cache_control, &answer);
    if (answer.status == 200 || answer.status == 206) {
        send_file(exchange, found->fd, &answer);
        return;
    }
    (void)close(found->fd);
    sw_ignore(http_exchange_reply(exchange, answer.status, answer.fields, answer.field_count, SW_LIT(""),
                                  &err)); /* as above */
    http_exchange_end(exchange);
}

static void not_allowed(struct http_exchange *exchange)
{
    static const struct http_field allow = {SW_LIT_INIT("allow"), SW_LIT_INIT("GET, HEAD")};
    struct sw_err err;
    sw_ignore(http_exchange_reply(exchange, 405, &allow, 1, SW_LIT(""), &err)); /* as above */
    http_exchange_end(exchange);
}

void trigger__static_answer(const struct app_http_trigger *trigger, int dir_fd, struct sw_str path_info,
                            struct http_exchange *exchange)
{
    const struct app_static_folder *folder = trigger->static_folder;
    const struct http_request *request = http_exchange_request(exchange);
    struct found found = {.fd = -1};
    if (!sw_str_eq(request->method, SW_LIT("GET")) && !sw_str_eq(request->method, SW_LIT("HEAD"))) {
        not_allowed(exchange);
        return;
    }
    uint16_t status = trigger_static_path(path_info, folder->hidden, found.path, sizeof found.path);
    int rc = status ? SW_ABSENT : find(folder, dir_fd, &found);
    if (rc == SW_ABSENT && status != 400)
        rc = find_fallback(folder, dir_fd, &found);
    if (rc == 0)
        answer_found(folder, dir_fd, &found, exchange);
    else if (rc == SW_END)
        redirect(exchange);
    else
        answer_status(exchange, status ? status : rc < 0 ? 503 : 404);
}
