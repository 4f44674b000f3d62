/* listen.c - the listening socket.  Room: cli. */
#include "cli/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"

struct host_port {
    char host[CLI_ADDRESS_BYTES_MAX];
    char port[8];
};

static int split(const char *text, struct host_port *ret, struct sw_err *err)
{
    struct sw_str whole = sw_str_of(text);
    size_t colon = sw_str_rfind(whole, ':');
    struct sw_str host = sw_str_head(whole, colon == SW_NPOS ? 0 : colon);
    struct sw_str port = colon == SW_NPOS ? sw_str("", 0) : sw_str_from(whole, colon + 1);
    uint64_t number = 0;
    if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = sw_str(host.p + 1, host.n - 2);
    else if (sw_str_find(host, ':') != SW_NPOS)
        host.n = 0; /* an IPv6 address without brackets */
    if (host.n == 0 || host.n >= sizeof ret->host || !sw_str_to_u64(port, UINT16_MAX, &number))
        return sw_fail(err, SW_EINPUT,
                       "--listen: expected ADDRESS:PORT, got '%.200s'\n"
                       "hint: for example 127.0.0.1:3000, localhost:3000 or [::1]:3000",
                       text);
    memcpy(ret->host, host.p, host.n);
    ret->host[host.n] = '\0';
    (void)snprintf(ret->port, sizeof ret->port, "%u", (unsigned)number); /* fits */
    return 0;
}

static struct addrinfo *choose(struct addrinfo *list)
{
    for (struct addrinfo *a = list; a; a = a->ai_next) {
        if (a->ai_family != AF_INET)
            continue;
        struct sockaddr_in in;
        memcpy(&in, a->ai_addr, sizeof in);
        if (in.sin_addr.s_addr == htonl(INADDR_LOOPBACK))
            return a;
    }
    return list;
}

static int bind_failed(int number, const char *address, struct sw_err *err)
{
    if (number == EADDRINUSE)
        return sw_fail(
            err, SW_EINPUT,
            "cannot listen on %s: another program uses this port\n"
            "hint: choose another one with --listen, port 0 for any that is free, or --find-free-port",
            address);
    if (number == EACCES)
        return sw_fail(err, SW_EINPUT,
                       "cannot listen on %s: not permitted\nhint: choose a port from 1024 on with --listen",
                       address);
    return sw_fail_errno(err, SW_EINPUT, number, "cannot listen on %s", address);
}

static void describe(const struct sockaddr *address, socklen_t n, char ret[CLI_ADDRESS_BYTES_MAX])
{
    char host[64];
    char port[8];
    if (getnameinfo(address, n, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        (void)snprintf(ret, CLI_ADDRESS_BYTES_MAX, "?");
    else
        (void)snprintf(ret, CLI_ADDRESS_BYTES_MAX, address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
                       port);
}

/* *ret_in_use: that is why it failed. */
static int open_socket(const struct addrinfo *a, bool *ret_in_use, int *ret_fd,
                       char ret_address[CLI_ADDRESS_BYTES_MAX], struct sw_err *err)
{
    const int on = 1;
    describe(a->ai_addr, a->ai_addrlen, ret_address);
    *ret_in_use = false;
    sw_auto_close int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "make a socket for %s", ret_address);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "set up the socket for %s", ret_address);
    if (bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, CLI_LISTEN_BACKLOG) != 0) {
        *ret_in_use = errno == EADDRINUSE;
        return bind_failed(errno, ret_address, err);
    }
    struct sockaddr_storage bound = {0};
    socklen_t n = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &n) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "ask for the address of %s", ret_address);
    describe((const struct sockaddr *)&bound, n, ret_address);
    *ret_fd = fd;
    fd = -1; /* taken by the caller */
    return 0;
}

/* ret_list: the caller's to free when 0 is returned. */
static int look_up(const char *text, struct addrinfo **ret_list, struct sw_err *err)
{
    struct host_port where;
    int rc = split(text, &where, err);
    if (rc < 0)
        return rc;
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    int failure = getaddrinfo(where.host, where.port, &hints, ret_list);
    if (failure != 0)
        return sw_fail(err, SW_EINPUT, "--listen: cannot find the address of '%s': %s", where.host,
                       gai_strerror(failure));
    return 0;
}

/* False: there is none. */
static bool next_port(struct addrinfo *a)
{
    struct sockaddr_in6 in6;
    struct sockaddr_in in;
    bool is_6 = a->ai_family == AF_INET6;
    memcpy(is_6 ? (void *)&in6 : (void *)&in, a->ai_addr, is_6 ? sizeof in6 : sizeof in);
    in_port_t *port = is_6 ? &in6.sin6_port : &in.sin_port;
    if (*port == 0 || ntohs(*port) == UINT16_MAX)
        return false;
    *port = htons((uint16_t)(ntohs(*port) + 1));
    memcpy(a->ai_addr, is_6 ? (const void *)&in6 : (const void *)&in, is_6 ? sizeof in6 : sizeof in);
    return true;
}

int cli_listen(const char *text, unsigned tries, int *ret_fd, char ret_address[CLI_ADDRESS_BYTES_MAX],
               struct sw_err *err)
{
    struct addrinfo *list = NULL;
    int rc = look_up(text, &list, err);
    if (rc < 0)
        return rc;
    struct addrinfo *chosen = choose(list);
    bool in_use = false;
    unsigned tried = 1;
    rc = open_socket(chosen, &in_use, ret_fd, ret_address, err);
    for (; rc < 0 && in_use && tried < tries && next_port(chosen); tried++)
        rc = open_socket(chosen, &in_use, ret_fd, ret_address, err);
    if (rc < 0 && in_use && tries > 1)
        rc = sw_fail(err, SW_EINPUT, "no free port: '%s' and the next %u are in use", text, tried - 1);
    freeaddrinfo(list);
    return rc;
}

int cli_listen_address(const char *text, char ret_address[CLI_ADDRESS_BYTES_MAX], struct sw_err *err)
{
    struct addrinfo *list = NULL;
    int rc = look_up(text, &list, err);
    if (rc < 0)
        return rc;
    const struct addrinfo *chosen = choose(list);
    describe(chosen->ai_addr, chosen->ai_addrlen, ret_address);
    freeaddrinfo(list);
    return 0;
}
