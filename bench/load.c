/* load.c - a closed-loop HTTP load generator for this machine: each connection sends its next request when its answer is complete.  Room: bench.
 *
 * usage: load [--connections N] [--requests M] [--seconds S] [--path /x] [--method GET] [--body-bytes N] [--status 200]
 *             [--header "Name: value"] [--expect TEXT] [--rate R] HOST:PORT
 *
 * With --rate it is an open loop: R requests a second are sent whether answers come or not, each on a connection that is free or a new one,
 * N at most; latency counts from the moment a request was due; 503 is no error but counted, and so is what found no connection.
 *
 * Prints one line of JSON. Checks every answer: status, and a body of the expected text, or of the same length as the first one's. Ends after M
 * requests or S seconds, whichever is first; one of them must be given. Only loopback addresses: it is a tool for measuring, not a weapon.
 * One thread, edge-triggered epoll: a request costs one send, one recv and a share of an epoll_wait. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "histogram.h"

#define CONNECTIONS_MAX 16000
#define RATE_MAX 1000000
#define BODY_BYTES_MAX (16 * 1024 * 1024)
#define REQUEST_HEAD_MAX 8192
#define HEAD_MAX 16384 /* of an answer */
#define IN_BYTES 65536
#define EVENTS_MAX 512
#define STALL_MS 10000             /* nothing came for so long: the rest is counted as errors */
#define FAILURES_IN_A_ROW_MAX 1000 /* nobody listens */

/* ---- what is asked for ---- */

static struct {
    const char *method;
    const char *path;
    const char *header;
    const char *expect; /* exact body, or NULL */
    const char *host;   /* as given: "127.0.0.1:3000" */
    uint64_t requests;  /* 0: no limit */
    uint64_t seconds;
    uint64_t rate; /* 0: a closed loop */
    size_t connections;
    size_t body_bytes;
    unsigned status;
    struct sockaddr_storage address;
    socklen_t address_n;
} ask = {.method = "GET", .path = "/", .connections = 1, .status = 200};

static char *request;
static size_t request_n;

enum phase { HEAD, LENGTH, UNTIL_CLOSE, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILERS };

struct client {
    int fd;       /* -1: closed; in an open loop only */
    bool refused; /* 503 */
    bool is_idle; /* in idle */
    bool waiting; /* a request is under way */
    bool connected;
    bool close;
    bool wrong;
    enum phase phase;
    uint64_t began_ns;
    size_t sent;
    uint64_t left;   /* of the body, or of the chunk */
    uint64_t body_n; /* received so far */
    unsigned line_n; /* chunk framing: bytes of the line so far */
    unsigned head_n;
    char head[HEAD_MAX];
};

static struct client *clients;
static int set = -1;
static uint64_t started; /* requests */
static uint64_t done;    /* whole answers came */
static uint64_t lost;    /* none came */
static uint64_t errors;
static uint64_t bytes_in;
static uint64_t first_body = UINT64_MAX; /* length of the first answer's body */
static uint64_t refused;
static uint64_t unsent; /* found no connection */
static struct client **idle;
static size_t idle_n;
static unsigned failures_in_a_row;
static bool over;

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
    (void)fprintf(stderr, "load: %s\n", what);
    exit(2);
}

/* ---- one connection ---- */

static void client_open(struct client *client)
{
    client->fd = socket(ask.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0)
        die("no descriptor for a connection");
    int on = 1;
    (void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a slower run at worst */
    client->connected = false;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = client};
    if (connect(client->fd, (struct sockaddr *)&ask.address, ask.address_n) < 0 && errno != EINPROGRESS)
        failures_in_a_row++; /* the event that follows tells */
    if (epoll_ctl(set, EPOLL_CTL_ADD, client->fd, &event) < 0)
        die("epoll_ctl");
}

static void idle_add(struct client *client)
{
    if (!client->is_idle)
        idle[idle_n++] = client;
    client->is_idle = true;
}

static void client_reopen(struct client *client)
{
    (void)close(client->fd);
    client->fd = -1;
    if (ask.rate)
        idle_add(client);
    else
        client_open(client);
}

static void client_fail(struct client *client)
{
    if (client->waiting) {
        errors++;
        lost++;
    }
    client->waiting = false;
    if (++failures_in_a_row > FAILURES_IN_A_ROW_MAX || (ask.requests && done + lost >= ask.requests))
        over = true;
    client_reopen(client);
}

static void client_send(struct client *client)
{
    while (client->sent < request_n) {
        ssize_t n = send(client->fd, request + client->sent, request_n - client->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return; /* an event comes */
        if (n < 0) {
            client_fail(client);
            return;
        }
        client->sent += (size_t)n;
    }
}

static void client_begin(struct client *client, uint64_t due_ns)
{
    started++;
    client->waiting = true;
    client->close = false;
    client->wrong = false;
    client->refused = false;
    client->is_idle = false;
    client->phase = HEAD;
    client->sent = 0;
    client->body_n = 0;
    client->line_n = 0;
    client->head_n = 0;
    client->began_ns = due_ns;
    if (client->fd < 0)
        client_open(client);
    else if (client->connected)
        client_send(client);
}

static void client_next(struct client *client)
{
    if (ask.rate)
        idle_add(client);
    else if (!over && (!ask.requests || started < ask.requests))
        client_begin(client, now_ns());
}

/* Sends what is due by now in an open loop. */
static void send_due(uint64_t began, uint64_t now)
{
    uint64_t due = (now - began) / 1000 * ask.rate / 1000000;
    while (started + unsent <= due && (!ask.requests || started < ask.requests)) {
        if (idle_n == 0)
            unsent++;
        else
            client_begin(idle[--idle_n], began + (started + unsent) * 1000000000u / ask.rate);
    }
}

static void client_done(struct client *client)
{
    if (first_body == UINT64_MAX && !client->refused)
        first_body = ask.expect ? strlen(ask.expect) : client->body_n;
    if (client->body_n != first_body)
        client->wrong = true;
    if (client->refused)
        refused++;
    else if (client->wrong)
        errors++;
    else
        record(now_ns() - client->began_ns);
    client->waiting = false;
    failures_in_a_row = 0;
    done++;
    if (ask.requests && done + lost >= ask.requests)
        over = true;
    if (client->close)
        client_reopen(client); /* the next request goes when it is connected */
    else
        client_next(client);
}

/* ---- answers ---- */

static void take_body(struct client *client, const char *bytes, size_t n)
{
    size_t expect_n = ask.expect ? strlen(ask.expect) : 0;
    if (ask.expect && (client->body_n + n > expect_n || memcmp(ask.expect + client->body_n, bytes, n) != 0))
        client->wrong = true;
    client->body_n += n;
}

static bool field_is(const char *line, const char *name, const char **ret_value)
{
    size_t n = strlen(name);
    if (strncasecmp(line, name, n) != 0 || line[n] != ':')
        return false;
    *ret_value = line + n + 1 + strspn(line + n + 1, " \t");
    return true;
}

/* client->head holds a whole head, NUL-terminated. Returns false when it makes no sense. */
static bool take_head(struct client *client)
{
    unsigned status = 0;
    if (sscanf(client->head, "HTTP/1.%*1[01] %3u", &status) != 1)
        return false;
    if (status >= 100 && status < 200) { /* the final one follows */
        client->head_n = 0;
        return true;
    }
    client->refused = ask.rate && status == 503;
    client->wrong = client->wrong || status != ask.status;
    client->phase = UNTIL_CLOSE;
    client->left = 0;
    for (const char *line = strstr(client->head, "\r\n"); line && line[2]; line = strstr(line + 2, "\r\n")) {
        const char *value = NULL;
        if (field_is(line + 2, "content-length", &value)) {
            client->phase = LENGTH;
            client->left = strtoull(value, NULL, 10);
        } else if (field_is(line + 2, "transfer-encoding", &value)) {
            client->phase = CHUNK_SIZE;
        } else if (field_is(line + 2, "connection", &value)) {
            client->close = strncasecmp(value, "close", 5) == 0;
        }
    }
    if (strcmp(ask.method, "HEAD") == 0 || status == 204 || status == 304) {
        client->phase = LENGTH;
        client->left = 0;
    }
    client->close = client->close || client->phase == UNTIL_CLOSE;
    return true;
}

/* One byte of a line of chunk framing. Returns false when it makes no sense. */
static bool chunk_byte(struct client *client, char c)
{
    if (c != '\n') {
        if (c == '\r')
            return true;
        if (client->phase == CHUNK_SIZE) {
            const char *digit = memchr("0123456789abcdefABCDEF", c, 22);
            if (!digit)
                return false; /* our servers send no extensions */
            unsigned value = (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
            client->left = (client->line_n ? client->left << 4 : 0) | value;
        }
        return ++client->line_n < HEAD_MAX;
    }
    unsigned line_n = client->line_n;
    client->line_n = 0;
    if (client->phase == CHUNK_SIZE)
        client->phase = client->left ? CHUNK_DATA : TRAILERS;
    else if (client->phase == CHUNK_END)
        client->phase = CHUNK_SIZE;
    else if (line_n == 0) {
        client->phase = LENGTH; /* over: nothing is left */
        client->left = 0;
    }
    return true;
}

/* Takes bytes of the head; returns how many, or SIZE_MAX when they make no sense. */
static size_t head_bytes(struct client *client, const char *bytes, size_t n)
{
    size_t room = HEAD_MAX - 1 - client->head_n;
    size_t copy = n < room ? n : room;
    unsigned from = client->head_n > 3 ? client->head_n - 3 : 0;
    unsigned had = client->head_n;
    memcpy(client->head + had, bytes, copy);
    client->head_n += (unsigned)copy;
    const char *end = memmem(client->head + from, client->head_n - from, "\r\n\r\n", 4);
    if (!end)
        return copy < n ? SIZE_MAX : copy;
    size_t head_n = (size_t)(end - client->head) + 4;
    client->head[head_n - 2] = '\0';
    return take_head(client) ? head_n - had : SIZE_MAX;
}

/* Returns false when the connection is of no use any more. */
static bool take(struct client *client, const char *bytes, size_t n)
{
    while (n) {
        if (!client->waiting)
            return false; /* nothing was asked */
        size_t used = 1;
        if (client->phase == HEAD) {
            used = head_bytes(client, bytes, n);
            if (used == SIZE_MAX)
                return false;
        } else if (client->phase == LENGTH || client->phase == CHUNK_DATA || client->phase == UNTIL_CLOSE) {
            used = client->phase == UNTIL_CLOSE || n < client->left ? n : (size_t)client->left;
            take_body(client, bytes, used);
            client->left -= client->phase == UNTIL_CLOSE ? 0 : used;
            if (client->phase == CHUNK_DATA && client->left == 0)
                client->phase = CHUNK_END;
        } else if (!chunk_byte(client, *bytes)) {
            return false;
        }
        bytes += used;
        n -= used;
        if (client->phase == LENGTH && client->left == 0) {
            client_done(client);
            return n == 0;
        }
    }
    return true;
}

static void client_readable(struct client *client)
{
    static char in[IN_BYTES];
    for (;;) {
        int fd = client->fd;
        ssize_t n = recv(fd, in, sizeof in, 0);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            if (n == 0 && client->waiting && client->phase == UNTIL_CLOSE)
                client_done(client);
            else
                client_fail(client);
            return;
        }
        bytes_in += (uint64_t)n;
        if (!take(client, in, (size_t)n)) {
            client_fail(client);
            return;
        }
        if (client->fd != fd || (size_t)n < sizeof in)
            return; /* a short read emptied the socket; what comes later is another event */
    }
}

static void client_event(struct client *client, uint32_t events)
{
    if (client->fd < 0)
        return; /* closed in this batch of events */
    if (!client->connected) {
        int number = 0;
        socklen_t n = sizeof number;
        if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &number, &n) < 0 || number || !(events & EPOLLOUT)) {
            client_fail(client);
            return;
        }
        client->connected = true;
        if (client->waiting)
            client_send(client);
        else
            client_next(client);
        return;
    }
    if (client->waiting && client->sent < request_n && (events & EPOLLOUT))
        client_send(client);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        client_readable(client);
}

/* ---- the run ---- */

static double run(void)
{
    set = epoll_create1(EPOLL_CLOEXEC);
    clients = calloc(ask.connections, sizeof *clients);
    idle = calloc(ask.connections, sizeof(struct client *));
    if (set < 0 || !clients || !idle)
        die("no memory");
    uint64_t began = now_ns();
    uint64_t end = ask.seconds ? began + ask.seconds * 1000000000u : UINT64_MAX;
    for (size_t i = 0; i < ask.connections; i++) {
        clients[i].fd = -1;
        if (ask.rate)
            idle_add(&clients[i]);
        else
            client_open(&clients[i]);
    }
    uint64_t now = began;
    uint64_t last = began;
    while (!over) {
        struct epoll_event events[EVENTS_MAX];
        int n = epoll_wait(set, events, EVENTS_MAX, ask.rate ? 1 : 100);
        if (n < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < n && !over; i++)
            client_event(events[i].data.ptr, events[i].events);
        now = now_ns();
        if (ask.rate)
            send_due(began, now);
        if (n > 0)
            last = now;
        if (now >= end || now - last > (uint64_t)STALL_MS * 1000000u)
            break;
    }
    if (now < end) { /* what was asked and never answered, when not for want of time */
        for (size_t i = 0; i < ask.connections; i++)
            errors += clients[i].waiting ? 1 : 0;
        if (failures_in_a_row > FAILURES_IN_A_ROW_MAX && errors == 0)
            errors = 1;
    }
    for (size_t i = 0; i < ask.connections; i++)
        (void)(clients[i].fd < 0 ? 0 : close(clients[i].fd));
    free(clients);
    free(idle);
    (void)close(set);
    return (double)(now - began) / 1e9;
}

static void make_request(void)
{
    request = malloc(REQUEST_HEAD_MAX + ask.body_bytes);
    if (!request)
        die("no memory");
    char length[64] = "";
    if (ask.body_bytes || strcmp(ask.method, "POST") == 0 || strcmp(ask.method, "PUT") == 0)
        (void)snprintf(length, sizeof length, "Content-Length: %zu\r\n", ask.body_bytes); /* fits */
    int n = snprintf(request, REQUEST_HEAD_MAX, "%s %s HTTP/1.1\r\nHost: %s\r\n%s%s%s\r\n", ask.method,
                     ask.path, ask.host, length, ask.header ? ask.header : "", ask.header ? "\r\n" : "");
    if (n < 0 || n >= REQUEST_HEAD_MAX)
        die("the request head is too long");
    for (size_t i = 0; i < ask.body_bytes; i++)
        request[(size_t)n + i] = (char)('a' + i % 26);
    request_n = (size_t)n + ask.body_bytes;
}

static bool parse_address(const char *text)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    unsigned long port = colon ? strtoul(colon + 1, NULL, 10) : 0;
    if (!colon || port == 0 || port > 65535 || (size_t)(colon - text) >= sizeof host)
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)&ask.address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&ask.address;
    ask.host = text;
    if (strcmp(host, "[::1]") == 0) {
        in6->sin6_family = AF_INET6;
        in6->sin6_addr = in6addr_loopback;
        in6->sin6_port = htons((uint16_t)port);
        ask.address_n = sizeof *in6;
        return true;
    }
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)port);
    ask.address_n = sizeof *in;
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &in->sin_addr) != 1)
        return false;
    return ntohl(in->sin_addr.s_addr) >> 24 == 127;
}

static void take_option(int option)
{
    switch (option) {
    case 'c':
        ask.connections = strtoul(optarg, NULL, 10);
        break;
    case 'n':
        ask.requests = strtoull(optarg, NULL, 10);
        break;
    case 's':
        ask.seconds = strtoull(optarg, NULL, 10);
        break;
    case 'p':
        ask.path = optarg;
        break;
    case 'm':
        ask.method = optarg;
        break;
    case 'b':
        ask.body_bytes = strtoul(optarg, NULL, 10);
        break;
    case 'e':
        ask.expect = optarg;
        break;
    case 'h':
        ask.header = optarg;
        break;
    case 'r':
        ask.rate = strtoull(optarg, NULL, 10);
        break;
    case 't':
        ask.status = (unsigned)strtoul(optarg, NULL, 10);
        break;
    default:
        die("unknown option; see the top of load.c");
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"connections", required_argument, NULL, 'c'},
        {"requests", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 's'},
        {"path", required_argument, NULL, 'p'},
        {"method", required_argument, NULL, 'm'},
        {"body-bytes", required_argument, NULL, 'b'},
        {"expect", required_argument, NULL, 'e'},
        {"header", required_argument, NULL, 'h'},
        {"status", required_argument, NULL, 't'},
        {"rate", required_argument, NULL, 'r'},
        {NULL, 0, NULL, 0},
    };
    for (int option = getopt_long(argc, argv, "", options, NULL); option != -1;
         option = getopt_long(argc, argv, "", options, NULL))
        take_option(option);
    if (optind + 1 != argc || !parse_address(argv[optind]))
        die("one HOST:PORT on the loopback is needed: 127.0.0.1:PORT, localhost:PORT or [::1]:PORT");
    if (!ask.requests && !ask.seconds)
        die("give --requests or --seconds");
    if (ask.connections == 0 || ask.connections > CONNECTIONS_MAX || ask.body_bytes > BODY_BYTES_MAX ||
        ask.seconds > 3600 || ask.rate > RATE_MAX)
        die("a number is out of its range");
    make_request();
    double seconds = run();
    (void)printf("{\"requests\": %llu, \"errors\": %llu, \"seconds\": %.3f, \"rps\": %.0f, \"p50_us\": %.1f, "
                 "\"p90_us\": %.1f, "
                 "\"p99_us\": %.1f, \"max_us\": %.1f, \"bytes\": %llu, \"refused\": %llu, \"unsent\": %llu, "
                 "\"started\": %llu}\n",
                 (unsigned long long)done, (unsigned long long)errors, seconds,
                 seconds > 0 ? (double)done / seconds : 0.0, percentile_us(0.5), percentile_us(0.9),
                 percentile_us(0.99), (double)slowest_ns / 1000.0, (unsigned long long)bytes_in,
                 (unsigned long long)refused, (unsigned long long)unsent, (unsigned long long)started);
    free(request);
    return errors ? 1 : 0;
}
