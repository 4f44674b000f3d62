/* client.c - the server and the client of the live tests.  Room: tests. */
#include "check.h"

#include "client.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"

static struct sw_err err;

/* ---- handlers ---- */

static void task_end(struct task *task)
{
    struct http_exchange *exchange = task->exchange;
    task->exchange = NULL;
    http_exchange_end(exchange);
}

/* Writes what it can; true when everything is written. */
static bool push(struct task *task, struct sw_str bytes, size_t *done)
{
    while (*done < bytes.n) {
        size_t n = 0;
        task->write_rc =
            http_exchange_write(task->exchange, sw_str(bytes.p + *done, bytes.n - *done), &n, &err);
        if (task->write_rc != 0)
            return false;
        *done += n;
        task->sent += n;
    }
    return true;
}

static void go_echo(struct task *task)
{
    for (;;) {
        struct sw_str bytes;
        task->body_rc = http_exchange_body_peek(task->exchange, &bytes, &err);
        if (task->body_rc == SW_WAIT)
            return;
        if (task->body_rc != 0)
            break;
        size_t n = 0;
        task->write_rc = http_exchange_write(task->exchange, bytes, &n, &err);
        if (task->write_rc == SW_WAIT)
            return;
        if (task->write_rc < 0)
            break;
        http_exchange_body_consume(task->exchange, n);
        task->body_n += n;
        task->sent += n;
    }
    if (task->body_rc == SW_END && http_exchange_finish(task->exchange, NULL, 0, &err) < 0)
        task->write_rc = -1;
    task_end(task);
}

static void go_read(struct task *task)
{
    struct sw_str bytes;
    const struct http_field *trailers = NULL;
    uint32_t count = 0;
    while ((task->body_rc = http_exchange_body_peek(task->exchange, &bytes, &err)) == 0) {
        size_t n = bytes.n > 3 ? bytes.n - 1 : bytes.n; /* not always all of it */
        http_exchange_body_consume(task->exchange, n);
        task->body_n += n;
    }
    if (task->body_rc == SW_WAIT)
        return;
    if (task->body_rc < 0) {
        task_end(task);
        return;
    }
    char text[256];
    int n = snprintf(text, sizeof text, "%llu", (unsigned long long)task->body_n);
    http_exchange_body_trailers(task->exchange, &trailers, &count);
    for (uint32_t i = 0; i < count; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, " " SW_FMT "=" SW_FMT, SW_ARG(trailers[i].name),
                      SW_ARG(trailers[i].value));
    struct http_exchange *exchange = task->exchange;
    task->exchange = NULL;
    http_exchange_answer(exchange, 200, SW_LIT("text/plain"), sw_str(text, (size_t)n));
}

static void go_big(struct task *task)
{
    static char block[200000];
    if (!block[0]) {
        for (size_t i = 0; i < sizeof block; i++)
            block[i] = (char)('a' + i % 26);
    }
    while (task->sent < task->site->big) {
        uint64_t left = task->site->big - task->sent;
        size_t at = (size_t)(task->sent % 26);
        size_t n = left < sizeof block - 26 ? (size_t)left : sizeof block - 26;
        size_t done = 0;
        if (!push(task, sw_str(block + at, n), &done)) {
            if (task->write_rc < 0)
                task_end(task);
            return;
        }
    }
    CHECK_OK(http_exchange_finish(task->exchange, NULL, 0, &err), &err);
    task_end(task);
}

static void go_nowhere(struct task *task)
{
    (void)task;
}

static void on_readable(void *arg)
{
    struct task *task = arg;
    task->readable++;
    task->go(task);
}

static void on_writable(void *arg)
{
    struct task *task = arg;
    task->writable++;
    task->go(task);
}

static void on_gone(void *arg)
{
    struct task *task = arg;
    task->gone++;
    if (task->exchange)
        task_end(task);
}

static void answer_short(struct http_exchange *exchange)
{
    size_t n = 0;
    CHECK_OK(http_exchange_respond(exchange, 200, NULL, 0, 10, &err), &err);
    CHECK_OK(http_exchange_write(exchange, SW_LIT("hello"), &n, &err), &err);
    CHECK_INT(http_exchange_finish(exchange, NULL, 0, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "5 bytes less than the announced content length");
    http_exchange_end(exchange);
}

static void answer_trailers(struct http_exchange *exchange)
{
    static const struct http_field trailer = {SW_LIT_INIT("X-Sum"), SW_LIT_INIT("42")};
    size_t n = 0;
    CHECK_OK(http_exchange_respond(exchange, 200, NULL, 0, UINT64_MAX, &err), &err);
    CHECK_OK(http_exchange_write(exchange, SW_LIT("abc"), &n, &err), &err);
    CHECK_OK(http_exchange_write(exchange, SW_LIT(""), &n, &err),
             &err); /* must not look like the last chunk */
    CHECK_OK(http_exchange_write(exchange, SW_LIT("0123456789abcdef"), &n, &err), &err);
    CHECK_OK(http_exchange_finish(exchange, &trailer, 1, &err), &err);
    http_exchange_end(exchange);
}

/* Those that are done at once. Returns false when the path is none of them. */
static bool answer_at_once(struct http_exchange *exchange, struct sw_str path)
{
    size_t n = 0;
    if (sw_str_eq(path, SW_LIT("/hello")) || sw_str_eq(path, SW_LIT("/ignore")) ||
        sw_str_eq(path, SW_LIT("*"))) {
        http_exchange_answer(exchange, 200, SW_LIT("text/plain"), SW_LIT("hello"));
    } else if (sw_str_eq(path, SW_LIT("/nothing"))) {
        http_exchange_end(exchange);
    } else if (sw_str_starts(path, SW_LIT("/code/"))) {
        uint64_t code = 0;
        CHECK(sw_str_to_u64(sw_str_from(path, 6), 999, &code));
        CHECK_OK(http_exchange_respond(exchange, (uint16_t)code, NULL, 0, 5, &err), &err);
        CHECK_OK(http_exchange_write(exchange, SW_LIT("hello"), &n, &err), &err);
        CHECK_OK(http_exchange_finish(exchange, NULL, 0, &err), &err);
        http_exchange_end(exchange);
    } else if (sw_str_eq(path, SW_LIT("/short"))) {
        answer_short(exchange);
    } else if (sw_str_eq(path, SW_LIT("/trail"))) {
        answer_trailers(exchange);
    } else {
        return false;
    }
    return true;
}

static void on_request(void *arg, struct http_exchange *exchange)
{
    struct site *site = arg;
    struct task *task = &site->tasks[site->requests++ % SITE_TASKS_MAX];
    struct sw_str path = http_exchange_request(exchange)->path;
    const struct http_exchange_events events = {on_readable, on_writable, on_gone};
    memset(task, 0, sizeof *task);
    if (answer_at_once(exchange, path))
        return;
    task->site = site;
    task->exchange = exchange;
    task->go = go_nowhere;
    http_exchange_handle(exchange, &events, task);
    http_exchange_limit(exchange, site->request_max, site->response_max);
    uint64_t length = UINT64_MAX;
    if (sw_str_eq(path, SW_LIT("/echo")))
        task->go = go_echo;
    else if (sw_str_eq(path, SW_LIT("/read")))
        task->go = go_read;
    else if (sw_str_eq(path, SW_LIT("/chunks")) || sw_str_eq(path, SW_LIT("/big")))
        task->go = go_big;
    if (sw_str_eq(path, SW_LIT("/big")))
        length = site->big;
    if (task->go == go_echo || task->go == go_big) {
        if (http_exchange_respond(exchange, 200, NULL, 0, length, &err) < 0) {
            task_end(task);
            return;
        }
    }
    task->go(task);
}

struct task *site_task(struct site *site, int number)
{
    CHECK(number < site->requests);
    return &site->tasks[number % SITE_TASKS_MAX];
}

/* ---- the site ---- */

static void on_timer(void *arg)
{
    struct site *site = arg;
    loop_stop(site->loop);
}

void site_begin(struct site *site, struct http_server_config config)
{
    socklen_t n = sizeof site->address;
    memset(site, 0, offsetof(struct site, buffer));
    site->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    site->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(site->fd, (struct sockaddr *)&site->address, n), 0);
    CHECK_INT(listen(site->fd, 256), 0);
    CHECK_INT(getsockname(site->fd, (struct sockaddr *)&site->address, &n), 0);
    config.request = on_request;
    config.arg = site;
    CHECK_OK(loop_new(&site->loop, &err), &err);
    CHECK_OK(loop_timer_new(site->loop, on_timer, site, &site->timer, &err), &err);
    CHECK_OK(http_server_new(site->loop, &config, &site->server, &err), &err);
    CHECK_OK(http_server_listen(site->server, site->fd, &err), &err);
}

void site_end(struct site *site)
{
    http_server_free(site->server);
    loop_timer_free(site->timer);
    loop_free(site->loop);
    (void)close(site->fd);
}

void site_run(struct site *site, uint64_t ms)
{
    loop_timer_start(site->timer, ms);
    CHECK_OK(loop_run(site->loop, &err), &err);
    loop_timer_stop(site->timer);
}

void site_turns(struct site *site)
{
    for (int i = 0; i < 4; i++)
        site_run(site, 0);
}

/* ---- the client ---- */

int client_open(struct site *site)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&site->address, sizeof site->address), 0);
    CHECK_INT(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    int on = 1; /* what is sent in parts arrives in parts, at once */
    CHECK_INT(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    return fd;
}

void client_send(struct site *site, int fd, struct sw_str bytes)
{
    int stuck = 0;
    while (bytes.n) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return; /* what was answered can still be read */
        stuck = n < 0 ? stuck + 1 : 0;
        CHECK(stuck < 1000);
        if (n > 0)
            bytes = sw_str_from(bytes, (size_t)n);
        if (bytes.n)
            site_run(site, stuck > 3);
    }
}

static void drop_dates(struct site *site, size_t *n)
{
    char *at = site->buffer;
    site->buffer[*n] = '\0';
    while ((at = memmem(at, *n - (size_t)(at - site->buffer), "\r\nDate: ", 8))) {
        size_t rest = *n - (size_t)(at - site->buffer);
        if (rest < 37)
            return; /* not all of it has come */
        memmove(at, at + 37, rest - 37 + 1);
        *n -= 37;
    }
}

static void on_client_readable(void *arg)
{
    struct site *site = arg;
    loop_stop(site->loop);
}

void client_read(struct site *site, int fd, size_t until, const char *ends, uint64_t ms)
{
    struct loop_watch *watch = NULL;
    size_t n = 0;
    uint64_t left = ms;
    site->eof = false;
    site->reset = false;
    if (!site->no_watch)
        CHECK_OK(loop_watch_new(site->loop, fd, on_client_readable, site, &watch, &err), &err);
    for (;;) {
        ssize_t got = recv(fd, site->buffer + n, SITE_TEXT_MAX - n, 0);
        if (got > 0) {
            n += (size_t)got;
            drop_dates(site, &n);
            left = ms;
        }
        site->text = sw_str(site->buffer, n);
        site->eof = got == 0 && n < SITE_TEXT_MAX;
        site->reset = got < 0 && errno != EAGAIN;
        if (site->eof || site->reset || n >= until || (ends && sw_str_ends(site->text, sw_str_of(ends))) ||
            (got < 0 && !left))
            break;
        if (got < 0) {
            uint64_t before = loop_now_ms(site->loop);
            site_run(site, site->no_watch ? 1 : left);
            uint64_t passed = loop_now_ms(site->loop) - before;
            left = passed < left ? left - passed : 0;
        }
    }
    loop_watch_free(watch);
}

void client_ask(struct site *site, int fd, const char *request)
{
    client_send(site, fd, sw_str_of(request));
    client_read(site, fd, SITE_TEXT_MAX, NULL, 30);
}

void client_reset(int fd)
{
    struct linger hard = {1, 0};
    CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    (void)close(fd);
}

int descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = -1; /* the folder's own */
    CHECK(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        n += entry->d_name[0] != '.';
    (void)closedir(dir);
    return n;
}
