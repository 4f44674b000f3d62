/* http.c - our HTTP server with a handler that says hello: what the http room costs above the floor.  Room: bench.
 *
 * usage: bench_http [--body-bytes N] PORT     on 127.0.0.1, one process */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/server.h"
#include "loop/loop.h"

#define BODY_BYTES_MAX 1048576

static char *body;
static size_t body_n = 13;

struct hello { /* an answer the socket did not take at once */
    struct http_exchange *exchange;
    size_t sent;
};

static void hello_go(struct hello *hello)
{
    struct sw_err err;
    while (hello->sent < body_n) {
        size_t n = 0;
        int rc =
            http_exchange_write(hello->exchange, sw_str(body + hello->sent, body_n - hello->sent), &n, &err);
        if (rc == SW_WAIT)
            return;
        if (rc < 0)
            break;
        hello->sent += n;
    }
    if (hello->sent == body_n && http_exchange_finish(hello->exchange, NULL, 0, &err) < 0)
        (void)err; /* a client that left is not our business here */
    http_exchange_end(hello->exchange);
    free(hello);
}

static void on_writable(void *arg)
{
    hello_go(arg);
}

static void on_request(void *arg, struct http_exchange *exchange)
{
    static const struct http_field type = {SW_LIT_INIT("Content-Type"), SW_LIT_INIT("text/plain")};
    struct sw_err err;
    (void)arg;
    if (http_exchange_respond(exchange, 200, &type, 1, body_n, &err) < 0) {
        http_exchange_end(exchange);
        return;
    }
    size_t n = 0;
    int rc = http_exchange_write(exchange, sw_str(body, body_n), &n, &err);
    if (rc < 0 || (rc == 0 && n == body_n)) {
        if (rc == 0 && http_exchange_finish(exchange, NULL, 0, &err) < 0)
            (void)err; /* as above */
        http_exchange_end(exchange);
        return;
    }
    struct hello *hello = calloc(1, sizeof *hello);
    if (!hello) {
        http_exchange_end(exchange);
        return;
    }
    hello->exchange = exchange;
    hello->sent = rc == 0 ? n : 0;
    http_exchange_handle(exchange, &(struct http_exchange_events){.writable = on_writable, .gone = NULL},
                         hello);
    hello_go(hello);
}

static int listen_on(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1024) < 0)
        return -1;
    return fd;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--body-bytes") == 0) {
        body_n = strtoul(argv[2], NULL, 10);
        argv += 2;
        argc -= 2;
    }
    unsigned long port = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (port == 0 || port > 65535 || body_n > BODY_BYTES_MAX) {
        (void)fprintf(stderr, "usage: bench_http [--body-bytes N] PORT\n");
        return 2;
    }
    body = malloc(body_n + 1);
    if (!body)
        return 1;
    for (size_t i = 0; i < body_n; i++)
        body[i] = (char)('a' + i % 26);
    struct sw_err err;
    struct loop *loop = NULL;
    struct http_server *server = NULL;
    struct http_server_config config = {.request = on_request};
    int fd = listen_on((uint16_t)port);
    if (fd < 0 || loop_new(&loop, &err) < 0 || http_server_new(loop, &config, &server, &err) < 0 ||
        http_server_listen(server, fd, &err) < 0 || loop_run(loop, &err) < 0) {
        (void)fprintf(stderr, "bench_http: cannot serve\n");
        return 1;
    }
    return 0;
}
