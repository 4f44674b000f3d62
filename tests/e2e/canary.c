/* canary.c - asks the canary guest to leave secrets in every way a request can end, and to hunt for them, and checks every answer.  Tests.
 *
 * usage: canary [--requests N] [--seconds S] [--rate R] [--seed N] PORT
 *
 * Prints one line of JSON: how many of each kind were asked and ended as they should. Exits with 1 when a hunter found something (then
 * its words are on stderr) or an answer was wrong. Three sorts of connections to 127.0.0.1, all in one epoll loop:
 *
 *   steady    pipelines of hunters, writers and writers that trap, exit, overflow their stack or take all memory
 *   rude      one request each: reset after its answer began, reset at any moment while it runs or waits, or ended by a limit while it runs
 *   patient   one request each, which waits until the server's time limit ends it
 *
 * Two components have the same guest: what is below /brief has a time limit shorter than its CPU time, so that it is cancelled while it runs.
 * A client's reset ends no request: it goes on without a client until it ends or passes a limit.
 *
 * The server may reload at any time: what a closing connection leaves unanswered is asked again. An answer that is late (503, 504 where
 * a limit was not meant to strike) proves nothing and is counted; more than a twentieth of them is an error. */
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STEADY 32
#define RUDE 8
#define PATIENT 16
#define CONNECTIONS (STEADY + RUDE + PATIENT)
#define PIPELINE 8
#define IN_BYTES 16384
#define OUT_BYTES 4096
#define EVENTS_MAX 64
#define GROW_PAGES_MAX 8  /* what most writers grow by at most; a hunter looks at one more */
#define BLIND_US_MAX 5000 /* a reset at any moment: within two slices of a guest that computes */
#define STALL_MS 15000
#define SHOWN_MAX 5 /* what was found or wrong, on stderr */

enum sort { ON_STEADY, ON_RUDE, ON_PATIENT };
enum end { ANSWERED, CUT_BY_SERVER, RESET_WHEN_BEGUN, RESET_BLINDLY };

struct kind {
    const char *name;
    const char *path; /* the number of pages to grow follows */
    enum sort sort;
    enum end end;
    unsigned share; /* of 100,000 requests; of patient kinds: as many as time allows */
    unsigned status;
    const char *text; /* of the answer; NULL: any */
    bool has_body;    /* announced, and never sent whole */
    uint64_t asked, ended;
};

static struct kind kinds[] = {
    {"hunt", "hunt/", ON_STEADY, ANSWERED, 50000, 200, "clean\n", false, 0, 0},
    {"hunt, brief", "brief/hunt/", ON_STEADY, ANSWERED, 1000, 200, "clean\n", false, 0, 0},
    {"normal, brief", "brief/leave/end/", ON_STEADY, ANSWERED, 1000, 200, "written\n", false, 0, 0},
    {"normal", "leave/end/", ON_STEADY, ANSWERED, 38000, 200, "written\n", false, 0, 0},
    {"trap", "leave/trap/", ON_STEADY, ANSWERED, 4000, 500, NULL, false, 0, 0},
    {"exit", "leave/exit/", ON_STEADY, ANSWERED, 1000, 500, NULL, false, 0, 0},
    {"stack overflow", "leave/deep/", ON_STEADY, ANSWERED, 100, 500, NULL, false, 0, 0},
    {"all memory", "leave/flood/", ON_STEADY, ANSWERED, 100, 200, "written\n", false, 0, 0},
    {"trap in answer", "leave/half-trap/", ON_RUDE, CUT_BY_SERVER, 1000, 200, "written\n", false, 0, 0},
    {"reset, parked", "leave/half-park/", ON_RUDE, RESET_WHEN_BEGUN, 1000, 200, "written\n", false, 0, 0},
    {"reset, running", "leave/half-spin/", ON_RUDE, RESET_WHEN_BEGUN, 100, 200, "written\n", false, 0, 0},
    {"reset blindly, parked", "leave/park/", ON_RUDE, RESET_BLINDLY, 1000, 0, NULL, false, 0, 0},
    {"reset blindly, reading", "leave/read/", ON_RUDE, RESET_BLINDLY, 1000, 0, NULL, true, 0, 0},
    {"reset blindly, running", "leave/spin/", ON_RUDE, RESET_BLINDLY, 100, 0, NULL, false, 0, 0},
    {"CPU time", "leave/spin/", ON_RUDE, ANSWERED, 100, 504, NULL, false, 0, 0},
    {"CPU time in answer", "leave/half-spin/", ON_RUDE, CUT_BY_SERVER, 100, 200, "written\n", false, 0, 0},
    {"time, running", "brief/leave/spin/", ON_RUDE, ANSWERED, 100, 504, NULL, false, 0, 0},
    {"time", "leave/park/", ON_PATIENT, ANSWERED, 600, 504, NULL, false, 0, 0},
    {"time in answer", "leave/half-park/", ON_PATIENT, CUT_BY_SERVER, 600, 200, "written\n", false, 0, 0},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

struct connection {
    enum sort sort;
    int fd; /* -1: closed */
    bool connected;
    struct kind *asked[PIPELINE];
    unsigned first, count; /* of asked: what has no answer yet */
    uint64_t reset_ns;     /* when to reset; 0: not by time */
    size_t in_n, out_n, out_at;
    char in[IN_BYTES];
    char out[OUT_BYTES];
};

static struct connection connections[CONNECTIONS];
static int set = -1;
static struct sockaddr_in address = {.sin_family = AF_INET};
static uint64_t requests, seconds, rate, random_state = 0x9e3779b97f4a7c15u;
static uint64_t began_ns, asked, done, found, wrong, late, again;
static unsigned failures_in_a_row, shown;

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
    (void)fprintf(stderr, "canary: %s\n", what);
    exit(2);
}

static unsigned random_below(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 33) % n);
}

static void show(const struct kind *kind, const char *what, const char *text, size_t n)
{
    if (shown++ < SHOWN_MAX)
        (void)fprintf(stderr, "canary: %s: %s: %.*s\n", kind->name, what, (int)(n < 400 ? n : 400), text);
}

/* ---- what is asked next ---- */

static struct kind *choose_steady(void)
{
    unsigned all = 0;
    for (size_t i = 0; i < KINDS; i++)
        all += kinds[i].sort == ON_STEADY ? kinds[i].share : 0;
    unsigned at = random_below(all);
    for (size_t i = 0;; i++) {
        if (kinds[i].sort != ON_STEADY)
            continue;
        if (at < kinds[i].share)
            return &kinds[i];
        at -= kinds[i].share;
    }
}

/* The kind that is most behind its share; NULL when none is. */
static struct kind *choose_behind(enum sort sort)
{
    struct kind *best = NULL;
    double most = 0;
    for (size_t i = 0; i < KINDS; i++) {
        double behind = (double)asked * kinds[i].share / 100000 - (double)kinds[i].asked;
        if (kinds[i].sort == sort && behind / kinds[i].share > most) {
            most = behind / kinds[i].share;
            best = &kinds[i];
        }
    }
    return best;
}

static void ask(struct connection *c, struct kind *kind)
{
    bool hunts = strstr(kind->path, "hunt") != NULL;
    unsigned pages = random_below(4) ? random_below(3) : random_below(GROW_PAGES_MAX + 1);
    size_t room = sizeof c->out - c->out_n;
    int n = snprintf(c->out + c->out_n, room, "%s /%s%u HTTP/1.1\r\nhost: a\r\n%s\r\n%s",
                     kind->has_body ? "POST" : "GET", kind->path, hunts ? pages + 1 : pages,
                     kind->has_body ? "content-length: 1000\r\n" : "", kind->has_body ? "a part" : "");
    if (n < 0 || (size_t)n >= room)
        die("a request is too long");
    c->out_n += (size_t)n;
    c->asked[c->first + c->count++] = kind;
    kind->asked++;
    asked++;
}

/* ---- one connection ---- */

static void connection_close(struct connection *c, bool by_reset)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};
    if (by_reset)
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none); /* else it closes in order */
    (void)close(c->fd);
    c->fd = -1;
}

/* The connection is gone with what was asked on it: it will be asked again. */
static void connection_lost(struct connection *c)
{
    for (unsigned i = 0; i < c->count; i++)
        c->asked[c->first + i]->asked--;
    asked -= c->count;
    again += c->count;
    c->count = 0;
    connection_close(c, false);
    if (++failures_in_a_row > 10 * CONNECTIONS)
        die("nobody answers any more");
}

static void connection_open(struct connection *c)
{
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        die("no descriptor for a connection");
    int on = 1;
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* slower at worst */
    c->connected = false;
    c->in_n = c->out_n = c->out_at = 0;
    c->first = c->count = 0;
    c->reset_ns = 0;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    (void)connect(c->fd, (struct sockaddr *)&address, sizeof address); /* the event tells */
    if (epoll_ctl(set, EPOLL_CTL_ADD, c->fd, &event) < 0)
        die("epoll_ctl");
}

static void connection_send(struct connection *c)
{
    while (c->out_at < c->out_n) {
        ssize_t n = send(c->fd, c->out + c->out_at, c->out_n - c->out_at, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            connection_lost(c);
            return;
        }
        c->out_at += (size_t)n;
    }
    if (c->count && c->asked[c->first]->end == RESET_BLINDLY && c->reset_ns == 0)
        c->reset_ns = now_ns() + 1 + (uint64_t)random_below(BLIND_US_MAX) * 1000;
}

/* Asks the next thing where nothing is under way. */
static void connection_next(struct connection *c)
{
    if (c->count)
        return;
    if (rate && c->sort == ON_STEADY && asked > (now_ns() - began_ns) / 1000 * rate / 1000000)
        return; /* the others keep to their share of what was asked */
    struct kind *kind = c->sort == ON_STEADY ? choose_steady() : choose_behind(c->sort);
    if (!kind)
        return;
    if (c->fd < 0)
        connection_open(c);
    c->first = 0;
    c->out_n = c->out_at = 0;
    ask(c, kind);
    while (c->sort == ON_STEADY && c->count < PIPELINE)
        ask(c, choose_steady());
    if (c->connected)
        connection_send(c);
}

static void ended(struct connection *c, bool as_it_should)
{
    c->asked[c->first]->ended += as_it_should ? 1 : 0;
    c->first++;
    c->count--;
    done++;
    failures_in_a_row = 0;
}

/* ---- answers ---- */

struct answer {
    unsigned status;
    const char *body;
    size_t body_n;
    size_t n;   /* all of it */
    bool whole; /* else body is what came so far */
    bool close;
};

/* field: its line's beginning, in any case. Its value, or NULL. */
static const char *find_field(const char *head, const char *end, const char *field)
{
    size_t n = strlen(field);
    for (const char *at = head; (at = memmem(at, (size_t)(end - at), "\r\n", 2)); at += 2) {
        if ((size_t)(end - at) > n + 2 && strncasecmp(at + 2, field, n) == 0)
            return at + 2 + n;
    }
    return NULL;
}

/* Small answers only: one chunk at most, as the guest writes them. False: the head is not whole yet. */
static bool parse(const char *in, size_t in_n, struct answer *ret)
{
    const char *end = memmem(in, in_n, "\r\n\r\n", 4);
    if (!end || in_n < 12)
        return false;
    size_t head_n = (size_t)(end - in) + 4;
    *ret = (struct answer){.status = (unsigned)strtoul(in + 9, NULL, 10), .body = in + head_n};
    ret->close = find_field(in, end, "connection: close") != NULL;
    size_t left = in_n - head_n;
    const char *length = find_field(in, end, "content-length:");
    if (length) {
        size_t n = strtoul(length, NULL, 10);
        ret->body_n = n < left ? n : left;
        ret->n = head_n + n;
        ret->whole = left >= n;
        return true;
    }
    const char *line = memmem(ret->body, left, "\r\n", 2);
    if (!line)
        return true;
    unsigned long chunk = strtoul(ret->body, NULL, 16);
    size_t before = (size_t)(line - ret->body) + 2;
    ret->body += before;
    left -= before;
    ret->body_n = chunk < left ? chunk : left;
    const char *last = memmem(ret->body + ret->body_n, left - ret->body_n, "0\r\n\r\n", 5);
    ret->whole = last != NULL;
    ret->n = last ? (size_t)(last - in) + 5 : 0;
    return true;
}

static bool text_fits(const struct kind *kind, const struct answer *answer)
{
    return !kind->text ||
           (answer->body_n == strlen(kind->text) && memcmp(answer->body, kind->text, answer->body_n) == 0);
}

static void judge(struct connection *c, const struct answer *answer)
{
    struct kind *kind = c->asked[c->first];
    bool fits = answer->status == kind->status && text_fits(kind, answer) && kind->end == ANSWERED;
    if (!fits && memmem(answer->body, answer->body_n, "found", 5)) {
        found++;
        show(kind, "FOUND", answer->body, answer->body_n);
    } else if (!fits && (answer->status == 504 || answer->status == 503)) {
        late++;
    } else if (!fits) {
        wrong++;
        show(kind, "wrong answer", c->in, c->in_n);
    }
    ended(c, fits);
}

/* What came is enough for one that is to be reset, or all that will ever come. */
static void judge_begun(struct connection *c, bool is_end)
{
    struct answer answer;
    struct kind *kind = c->asked[c->first];
    bool begun = parse(c->in, c->in_n, &answer);
    if (begun && answer.whole) {
        judge(c, &answer);
        connection_close(c, false);
        return;
    }
    bool fits = begun && answer.status == kind->status && text_fits(kind, &answer);
    if (kind->end == RESET_WHEN_BEGUN && fits) {
        ended(c, true);
        connection_close(c, true);
    } else if (is_end && c->in_n == 0) {
        connection_lost(c);
    } else if (is_end) {
        if (!fits || kind->end != CUT_BY_SERVER) {
            wrong++;
            show(kind, "wrong end", c->in, c->in_n);
        }
        ended(c, fits && kind->end == CUT_BY_SERVER);
        connection_close(c, false);
    }
}

static void take(struct connection *c)
{
    struct answer answer;
    while (c->count && c->asked[c->first]->end == ANSWERED && parse(c->in, c->in_n, &answer) &&
           answer.whole) {
        judge(c, &answer);
        c->in_n -= answer.n;
        memmove(c->in, c->in + answer.n, c->in_n);
        if (answer.close && c->count) {
            connection_lost(c);
            return;
        }
        if (answer.close || c->sort != ON_STEADY) {
            connection_close(c, false);
            return;
        }
    }
    if (c->count && c->asked[c->first]->end != ANSWERED && c->asked[c->first]->end != RESET_BLINDLY)
        judge_begun(c, false);
}

static void connection_end(struct connection *c)
{
    if (c->count && c->asked[c->first]->end == CUT_BY_SERVER)
        judge_begun(c, true);
    else if (c->count)
        connection_lost(c);
    else
        connection_close(c, false);
}

static void connection_readable(struct connection *c)
{
    while (c->fd >= 0) {
        ssize_t n = recv(c->fd, c->in + c->in_n, sizeof c->in - c->in_n, 0);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            connection_end(c);
            return;
        }
        c->in_n += (size_t)n;
        take(c);
        if (c->in_n == sizeof c->in)
            die("an answer is too long");
    }
}

static void connection_event(struct connection *c, uint32_t events)
{
    if (c->fd < 0)
        return;
    if (!c->connected && (events & EPOLLOUT) && !(events & EPOLLERR))
        c->connected = true;
    if (!c->connected && (events & (EPOLLERR | EPOLLHUP))) {
        connection_lost(c);
        return;
    }
    if (events & EPOLLOUT)
        connection_send(c);
    if (c->fd >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        connection_readable(c);
}

/* ---- the run ---- */

static void reset_those_due(uint64_t now)
{
    for (size_t i = STEADY; i < STEADY + RUDE; i++) {
        struct connection *c = &connections[i];
        if (c->fd < 0 || c->count == 0 || c->reset_ns == 0 || now < c->reset_ns)
            continue;
        ended(c, true);
        connection_close(c, true);
    }
}

static void run(void)
{
    uint64_t now = now_ns(), last = now, last_done = 0;
    const uint64_t end = seconds ? now + seconds * 1000000000u : UINT64_MAX;
    set = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        connections[i].sort = i < STEADY ? ON_STEADY : i < STEADY + RUDE ? ON_RUDE : ON_PATIENT;
        connections[i].fd = -1;
    }
    while (now < end && (!requests || done < requests)) {
        struct epoll_event events[EVENTS_MAX];
        for (size_t i = 0; i < CONNECTIONS; i++)
            connection_next(&connections[i]);
        int n = epoll_wait(set, events, EVENTS_MAX, 1);
        if (n < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < n; i++)
            connection_event(events[i].data.ptr, events[i].events);
        now = now_ns();
        reset_those_due(now);
        if (done != last_done || (rate && done == asked))
            last = now;
        last_done = done;
        if (now - last > (uint64_t)STALL_MS * 1000000u)
            die("no answer came for too long");
    }
    for (size_t i = 0; i < CONNECTIONS; i++) {
        if (connections[i].fd >= 0)
            connection_close(&connections[i], false);
    }
}

static void print(double took)
{
    (void)printf("{\"requests\": %llu, \"seconds\": %.1f, \"found\": %llu, \"wrong\": %llu, \"late\": %llu, "
                 "\"asked_again\": %llu, \"kinds\": {",
                 (unsigned long long)done, took, (unsigned long long)found, (unsigned long long)wrong,
                 (unsigned long long)late, (unsigned long long)again);
    for (size_t i = 0; i < KINDS; i++)
        (void)printf("%s\"%s\": %llu", i ? ", " : "", kinds[i].name, (unsigned long long)kinds[i].ended);
    (void)printf("}}\n");
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"requests", required_argument, NULL, 'n'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"rate", required_argument, NULL, 'm'},
                                            {"seed", required_argument, NULL, 'r'},
                                            {NULL, 0, NULL, 0}};
    for (int o = getopt_long(argc, argv, "", options, NULL); o != -1;
         o = getopt_long(argc, argv, "", options, NULL)) {
        if (o == 'n')
            requests = strtoull(optarg, NULL, 10);
        else if (o == 's')
            seconds = strtoull(optarg, NULL, 10);
        else if (o == 'm')
            rate = strtoull(optarg, NULL, 10); /* at most so many a second */
        else if (o == 'r')
            random_state ^= strtoull(optarg, NULL, 10);
        else
            die("unknown option; see the top of canary.c");
    }
    unsigned long port = optind + 1 == argc ? strtoul(argv[optind], NULL, 10) : 0;
    if (port == 0 || port > 65535 || (!requests && !seconds))
        die("give --requests or --seconds, and a port on this machine");
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    began_ns = now_ns();
    run();
    print((double)(now_ns() - began_ns) / 1e9);
    return found || wrong || late * 20 > done ? 1 : 0;
}
