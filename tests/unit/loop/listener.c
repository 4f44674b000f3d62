/* listener.c - tests of listening sockets, alone and shared by processes.  Room: tests. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "loop/descriptors.h"
#include "loop/limits.h"
#include "loop/loop.h"
#include "loop/loop_internal.h"

struct world {
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_listener *listener;
    struct sockaddr_in address;
    int fd;
    int accepted;
    int fds[64];
};

static struct sw_err err;

static void on_timer(void *arg)
{
    struct world *world = arg;
    loop_stop(world->loop);
}

static void on_accept(void *arg, int fd)
{
    struct world *world = arg;
    world->fds[world->accepted++] = fd;
}

static void run_for(struct world *world, uint64_t ms)
{
    loop_timer_start(world->timer, ms);
    CHECK_OK(loop_run(world->loop, &err), &err);
    loop_timer_stop(world->timer);
}

static void listen_on(struct world *world)
{
    memset(world, 0, sizeof *world);
    world->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof world->address;
    world->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(world->fd, (struct sockaddr *)&world->address, n), 0);
    CHECK_INT(listen(world->fd, 64), 0);
    CHECK_INT(getsockname(world->fd, (struct sockaddr *)&world->address, &n), 0);
}

static void begin(struct world *world)
{
    CHECK_OK(loop_new(&world->loop, &err), &err);
    CHECK_OK(loop_timer_new(world->loop, on_timer, world, &world->timer, &err), &err);
    CHECK_OK(loop_listener_new(world->loop, world->fd, on_accept, world, &world->listener, &err), &err);
}

static void finish(struct world *world)
{
    for (int i = 0; i < world->accepted; i++)
        (void)close(world->fds[i]);
    loop_listener_free(world->listener);
    loop_timer_free(world->timer);
    loop_free(world->loop);
    (void)close(world->fd);
}

static int dial(const struct world *world)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(connect(fd, (const struct sockaddr *)&world->address, sizeof world->address), 0);
    return fd;
}

static void connections_arrive_ready_to_use(void **state)
{
    static struct world world;
    int clients[10];
    (void)state;
    listen_on(&world);
    begin(&world);
    run_for(&world, 20);
    for (int i = 0; i < 10; i++)
        clients[i] = dial(&world);
    run_for(&world, 50);
    CHECK_INT(world.accepted, 10);
    for (int i = 0; i < 10; i++) {
        int nodelay = 0;
        socklen_t n = sizeof nodelay;
        CHECK_INT(fcntl(world.fds[i], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
        CHECK_INT(fcntl(world.fds[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        CHECK_INT(getsockopt(world.fds[i], IPPROTO_TCP, TCP_NODELAY, &nodelay, &n), 0);
        CHECK(nodelay);
        (void)close(clients[i]);
    }
    finish(&world);
}

static void a_paused_listener_accepts_nothing_until_it_goes_on(void **state)
{
    static struct world world;
    (void)state;
    listen_on(&world);
    begin(&world);
    for (int i = 1; i <= 3; i++) { /* also: switched within one turn, before and after the poll */
        loop_listener_pause(world.listener, true);
        int client = dial(&world);
        run_for(&world, 20);
        CHECK_INT(world.accepted, i - 1);
        loop_listener_pause(world.listener, false);
        loop_listener_pause(world.listener, true);
        loop_listener_pause(world.listener, false);
        run_for(&world, 20);
        CHECK_INT(world.accepted, i);
        (void)close(client);
    }
    loop_listener_free(NULL);
    finish(&world);
}

static void a_connection_whose_wake_up_was_lost_is_found(void **state)
{
    static struct world world;
    (void)state;
    listen_on(&world);
    begin(&world);
    run_for(&world, 20); /* it is registered by now */
    CHECK_INT(epoll_ctl(uv_backend_fd(&world.loop->uv), EPOLL_CTL_DEL, world.fd, NULL),
              0); /* nothing wakes it */
    int client = dial(&world);
    run_for(&world, 20);
    CHECK_INT(world.accepted, 0);
    for (int i = 0; i < 100 && !world.accepted; i++)
        run_for(&world, 100);
    CHECK_INT(world.accepted, 1);
    loop_listener_pause(world.listener, true); /* then it does not look */
    int other = dial(&world);
    run_for(&world, LOOP_ACCEPT_LOOK_MS + 100);
    CHECK_INT(world.accepted, 1);
    (void)close(client);
    (void)close(other);
    finish(&world);
}

static void without_descriptors_accepting_rests_and_goes_on_later(void **state)
{
    static struct world world;
    struct rlimit old;
    (void)state;
    listen_on(&world);
    begin(&world);
    run_for(&world, 10);
    int client = dial(&world);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), 0);
    struct rlimit none = {3, old.rlim_max};
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct timespec before;
    struct timespec after;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    run_for(&world, 150);
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &old), 0);
    CHECK_INT(world.accepted, 0);
    CHECK((after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec - before.tv_nsec < 75 * 1000 * 1000);
    run_for(&world, 250);
    CHECK_INT(world.accepted, 1);
    (void)close(client);
    finish(&world);
}

/* ---- shared by processes ---- */

static void accept_and_tell(void *arg, int fd)
{
    (void)arg;
    char pid[16];
    int n = snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (write(fd, pid, (size_t)n) != n)
        _exit(3);
    (void)close(fd);
}

/* How often this process has been put to sleep and woken: each wake-up of an idle loop adds one. */
static long sleeps(pid_t pid)
{
    char path[64];
    char line[256];
    long n = -1;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "voluntary_ctxt_switches:", 24) == 0)
            n = strtol(line + 24, NULL, 10);
    }
    if (file)
        (void)fclose(file);
    return n;
}

static pid_t start_server(struct world *world)
{
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failing test leaves nobody behind */
    struct loop *loop = NULL;
    struct loop_listener *listener = NULL;
    if (loop_new(&loop, &err) < 0 ||
        loop_listener_new(loop, world->fd, accept_and_tell, NULL, &listener, &err) < 0 ||
        loop_run(loop, &err) < 0)
        _exit(2);
    _exit(1);
}

static pid_t ask(const struct world *world)
{
    char text[16] = "";
    int fd = dial(world);
    ssize_t n = read(fd, text, sizeof text - 1);
    (void)close(fd);
    return n > 0 ? (pid_t)strtol(text, NULL, 10) : -1;
}

static void a_connection_wakes_one_of_the_processes_that_share_the_listener(void **state)
{
    static struct world world;
    enum { PROCESSES = 4, ROUNDS = 40 };
    pid_t pids[PROCESSES];
    long before[PROCESSES];
    (void)state;
    listen_on(&world);
    for (int i = 0; i < PROCESSES; i++)
        pids[i] = start_server(&world);
    (void)usleep(100000); /* until all of them sleep */
    for (int i = 0; i < PROCESSES; i++)
        before[i] = sleeps(pids[i]);
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(ask(&world) > 0);
        (void)usleep(2000);
    }
    long woken = 0;
    for (int i = 0; i < PROCESSES; i++)
        woken += sleeps(pids[i]) - before[i];
    CHECK(woken >= ROUNDS);
    CHECK(woken < ROUNDS * 2); /* all woken each time would be four times as many */
    for (int i = 0; i < PROCESSES; i++) {
        CHECK_INT(kill(pids[i], SIGKILL), 0);
        CHECK_INT(waitpid(pids[i], NULL, 0), pids[i]);
    }
    (void)close(world.fd);
}

static void when_one_of_two_processes_dies_or_stops_the_other_takes_all(void **state)
{
    static struct world world;
    (void)state;
    listen_on(&world);
    pid_t first = start_server(&world);
    pid_t second = start_server(&world);
    (void)usleep(50000);
    CHECK_INT(kill(first, SIGKILL), 0);
    CHECK_INT(waitpid(first, NULL, 0), first);
    for (int i = 0; i < 20; i++)
        CHECK_INT(ask(&world), second);
    pid_t third = start_server(&world);
    (void)usleep(50000);
    CHECK_INT(kill(second, SIGSTOP), 0); /* busy for ever */
    (void)usleep(10000);
    for (int i = 0; i < 20; i++)
        CHECK_INT(ask(&world), third);
    CHECK_INT(kill(second, SIGKILL), 0);
    CHECK_INT(kill(third, SIGKILL), 0);
    CHECK_INT(waitpid(second, NULL, 0), second);
    CHECK_INT(waitpid(third, NULL, 0), third);
    (void)close(world.fd);
}

static void every_allocation_may_fail(void **state)
{
    static struct world world;
    struct loop_listener *listener = NULL;
    (void)state;
    listen_on(&world);
    CHECK_OK(loop_new(&world.loop, &err), &err);
    sw_mem_fail_after(0);
    int rc = loop_listener_new(world.loop, world.fd, on_accept, &world, &listener, &err);
    sw_mem_fail_after(-1);
    CHECK_INT(rc, -SW_ENOMEM);
    CHECK_INT(loop_listener_new(world.loop, 999, on_accept, &world, &listener, &err), -SW_EIO);
    CHECK_HAS(err.text, "watch listening descriptor 999");
    loop_free(world.loop);
    (void)close(world.fd);
}

static void no_descriptor_is_left(void **state)
{
    (void)state;
    int before = descriptors();
    for (int i = 0; i < 5; i++)
        connections_arrive_ready_to_use(NULL);
    CHECK_INT(descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_arrive_ready_to_use),
        cmocka_unit_test(a_paused_listener_accepts_nothing_until_it_goes_on),
        cmocka_unit_test(a_connection_whose_wake_up_was_lost_is_found),
        cmocka_unit_test(without_descriptors_accepting_rests_and_goes_on_later),
        cmocka_unit_test(a_connection_wakes_one_of_the_processes_that_share_the_listener),
        cmocka_unit_test(when_one_of_two_processes_dies_or_stops_the_other_takes_all),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(no_descriptor_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
