/* sandbox_sockets.c - tests: what a sandboxed worker can do with sockets, by what its application was granted.  Room: node.
 *
 * Each row forks a child that makes a socket of its own, enters as a worker of an application with these hosts, does one thing and ends. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/app.h"
#include "check.h"
#include "node/node.h"
#include "node/sandbox.h"
#include "node/sandbox_internal.h"

enum { DONE = 0, NOT_ENTERED = 99 };
#define KILLED (1000 + SIGSYS) /* else the child's exit status: an errno, or DONE */

static int old_socket = -1; /* for connections; made before the sandbox is entered */

static int failed(long rc)
{
    return rc < 0 ? errno : DONE;
}

static int make(int type, int protocol)
{
    return socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

static int makes_tcp(void)
{
    return failed(make(SOCK_STREAM, IPPROTO_TCP));
}

static int makes_udp(void)
{
    return failed(make(SOCK_DGRAM, IPPROTO_UDP));
}

static int makes_raw(void)
{
    return failed(make(SOCK_RAW, IPPROTO_ICMP));
}

static int makes_blocking(void)
{
    return failed(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static int makes_local(void)
{
    return failed(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

static int binds(int fd)
{
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return fd < 0 ? errno : failed(bind(fd, (const struct sockaddr *)&address, sizeof address));
}

static int binds_udp(void)
{
    return binds(make(SOCK_DGRAM, IPPROTO_UDP));
}

static int binds_tcp(void)
{
    return binds(old_socket);
}

static int listens(void)
{
    return failed(listen(old_socket, 1));
}

static int sets(int level, int name)
{
    int value = 1;
    return failed(setsockopt(old_socket, level, name, &value, sizeof value));
}

static int sets_hops(void)
{
    return sets(IPPROTO_IP, IP_TTL);
}

static int sets_keep_alive(void)
{
    return sets(SOL_SOCKET, SO_KEEPALIVE);
}

static int sets_mark(void)
{
    return sets(SOL_SOCKET, SO_MARK);
}

static int sets_device(void)
{
    return sets(SOL_SOCKET, SO_BINDTODEVICE);
}

struct grant {
    const char *host; /* NULL: none */
    bool may_listen;
};

static int enter(const struct grant *grant, struct sw_err *err)
{
    const struct sw_str host = sw_str_of(grant->host ? grant->host : "");
    const struct app_component component = {
        .outbound_hosts = &host, .outbound_host_count = grant->host != NULL, .may_listen = grant->may_listen};
    struct app app = {.components = &component, .component_count = 1};
    struct node_served_component served = {.wasm_fd = -1};
    struct node_serving serving = {.app = &app, .listen_fd = -1, .components = &served};
    int rc = node_sandbox_worker_load(&serving, err);
    return rc < 0 ? rc : node_sandbox_worker(&serving, err);
}

static int fate_of(const struct grant *grant, int (*act)(void))
{
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit no_core = {0, 0};
        struct sw_err err;
        (void)setrlimit(RLIMIT_CORE, &no_core);
        old_socket = fcntl(make(SOCK_STREAM, 0), F_DUPFD_CLOEXEC, 10); /* above a worker's channel */
        if (old_socket < 0 || enter(grant, &err) < 0)
            _exit(NOT_ENTERED);
        errno = 0;
        _exit(act());
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void a_worker_uses_sockets_as_far_as_they_were_granted(void **state)
{
    static const struct grant grants[] = {
        {NULL, false}, {"http://127.0.0.1:*", false}, {"udp://127.0.0.1:*", false}, {"*://*:*", true}};
    static const struct {
        const char *what;
        int (*act)(void);
        int fates[sizeof grants / sizeof *grants];
    } rows[] = {
        {"makes a TCP socket", makes_tcp, {KILLED, DONE, DONE, DONE}},
        {"makes a UDP socket", makes_udp, {KILLED, KILLED, DONE, DONE}},
        {"binds it", binds_udp, {KILLED, KILLED, DONE, DONE}},
        {"sets how far packets go", sets_hops, {KILLED, KILLED, DONE, DONE}},
        {"keeps a connection alive", sets_keep_alive, {KILLED, KILLED, DONE, DONE}},
        {"listens", listens, {KILLED, KILLED, KILLED, DONE}},
        {"makes a socket that blocks", makes_blocking, {KILLED, KILLED, KILLED, KILLED}},
        {"makes a raw socket", makes_raw, {KILLED, KILLED, KILLED, KILLED}},
        {"makes a local socket", makes_local, {KILLED, KILLED, KILLED, KILLED}},
        {"marks packets", sets_mark, {KILLED, KILLED, KILLED, KILLED}},
        {"picks a device", sets_device, {KILLED, KILLED, KILLED, KILLED}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t g = 0; g < sizeof grants / sizeof *grants; g++) {
            int fate = fate_of(&grants[g], rows[i].act);
            if (fate != rows[i].fates[g])
                fail_msg("%s, granted %s: %d instead of %d", rows[i].what,
                         grants[g].host ? grants[g].host : "nothing", fate, rows[i].fates[g]);
        }
}

static void tcp_is_bound_by_commands_only(void **state)
{
    static const struct grant udp = {"udp://127.0.0.1:*", false}, all = {"*://*:*", true};
    (void)state;
    CHECK_INT(fate_of(&all, binds_tcp), DONE);
    if (node__paths_abi() >= 4) /* Linux 6.7 */
        CHECK_INT(fate_of(&udp, binds_tcp), EACCES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_uses_sockets_as_far_as_they_were_granted),
        cmocka_unit_test(tcp_is_bound_by_commands_only),
    };
    return unsetenv("SWELL_SANDBOX") == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
