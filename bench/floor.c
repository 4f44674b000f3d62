/* floor.c - the floor: a bare epoll loop that answers every request with the same bytes.  Room: bench.
 *
 * usage: floor [--body-bytes N] PORT     on 127.0.0.1, one process, one thread, kept-alive connections
 *
 * It does the least a server on this kernel can do for a request: one epoll_wait, one recv, one send, and a search for the end of the
 * head. It is no HTTP server: requests are not looked at, bodies are not understood. What a real server costs above it is the server's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define CONNECTIONS_MAX 4096
#define IN_BYTES 8192
#define BODY_BYTES_MAX 1048576

struct conn {
    uint32_t seen; /* of "\r\n\r\n", across reads */
};

static struct conn conns[CONNECTIONS_MAX];
static char *answer;
static size_t answer_n;

static void die(const char *what)
{
    (void)fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void make_answer(size_t body_n)
{
    answer = malloc(body_n + 256);
    if (!answer)
        die("memory");
    int n = snprintf(answer, 256,
                     "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                     "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
                     body_n);
    for (size_t i = 0; i < body_n; i++)
        answer[(size_t)n + i] = (char)('a' + i % 26);
    answer_n = (size_t)n + body_n;
}

static int listen_on(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1024) < 0)
        die("listen");
    return fd;
}

/* The heads that end in these bytes. */
static int heads(struct conn *conn, const char *bytes, size_t n)
{
    static const char end[] = "\r\n\r\n";
    int count = 0;
    if (conn->seen == 0 && n >= 4 && memcmp(bytes + n - 4, end, 4) == 0 &&
        memmem(bytes, n - 4, end, 4) == NULL)
        return 1; /* the usual: one whole head */
    for (size_t i = 0; i < n; i++) {
        conn->seen = bytes[i] == end[conn->seen] ? conn->seen + 1 : bytes[i] == '\r' ? 1 : 0;
        if (conn->seen == 4) {
            conn->seen = 0;
            count++;
        }
    }
    return count;
}

static void send_all(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return; /* the next recv tells */
        if (sent > 0) {
            bytes += sent;
            n -= (size_t)sent;
        }
    }
}

static void serve(int fd)
{
    char in[IN_BYTES];
    ssize_t n = recv(fd, in, sizeof in, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        (void)close(fd);
        return;
    }
    for (int left = heads(&conns[fd], in, (size_t)n); left > 0; left--)
        send_all(fd, answer, answer_n);
}

static void take(int set, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (fd >= CONNECTIONS_MAX) {
        (void)close(fd);
        return;
    }
    conns[fd].seen = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) < 0)
        die("epoll_ctl");
}

int main(int argc, char **argv)
{
    size_t body_n = 13;
    if (argc == 4 && strcmp(argv[1], "--body-bytes") == 0) {
        body_n = strtoul(argv[2], NULL, 10);
        argv += 2;
        argc -= 2;
    }
    unsigned long port = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (port == 0 || port > 65535 || body_n > BODY_BYTES_MAX) {
        (void)fprintf(stderr, "usage: floor [--body-bytes N] PORT\n");
        return 2;
    }
    make_answer(body_n);
    int listener = listen_on((uint16_t)port);
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, listener, &event) < 0)
        die("epoll");
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int n = epoll_wait(set, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listener)
                take(set, listener);
            else
                serve(events[i].data.fd);
        }
        if (n < 0 && errno != EINTR)
            die("epoll_wait");
    }
}
