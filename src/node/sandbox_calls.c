/* sandbox_calls.c - which system calls a worker and a compiler may make: seccomp by libseccomp.  Room: node.
 *
 * What is on no list ends the process (SIGSYS). Calls are listed by what needs them; a call whose arguments decide what it does is
 * listed with them. The calls of a request are listed without conditions where that gives nothing away: the kernel then answers from a
 * bitmap and does not run the filter. Names beside each other do the same on different C libraries or processors.
 * Sources: seccomp(2), seccomp_rule_add(3); strace of every end-to-end test. */
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/sandbox_internal.h"

#define CHECKS_MAX 3
#define WHOLE UINT64_MAX

struct check { /* (argument & mask) == value */
    unsigned argument;
    uint64_t mask;
    uint64_t value;
};
struct call {
    int number;
    uint32_t action;
    unsigned check_count;
    struct check checks[CHECKS_MAX];
};

/* clang-format off */
#define ALLOW(name) {.number = SCMP_SYS(name), .action = SCMP_ACT_ALLOW}
#define ALLOW_IF(name, argument, mask, value) {SCMP_SYS(name), SCMP_ACT_ALLOW, 1, {{argument, mask, value}}}
#define ALLOW_IF_BOTH(name, argument1, value1, argument2, value2) \
    {SCMP_SYS(name), SCMP_ACT_ALLOW, 2, {{argument1, WHOLE, value1}, {argument2, WHOLE, value2}}}
#define SOCKET(family, type, protocol) \
    {SCMP_SYS(socket), SCMP_ACT_ALLOW, 3, {{0, WHOLE, family}, {1, WHOLE, type}, {2, WHOLE, protocol}}}
#define ANSWER(name, error) {.number = SCMP_SYS(name), .action = SCMP_ACT_ERRNO(error)}
#define ANSWER_IF(name, error, argument, mask, value) {SCMP_SYS(name), SCMP_ACT_ERRNO(error), 1, {{argument, mask, value}}}
/* clang-format on */

/* PAGEMAP_SCAN of Linux 6.7 (its request struct has 96 bytes): engine/reset.c; it reads this process's own page tables. */
#define PAGEMAP_SCAN_REQUEST (((uint64_t)(_IOC_READ | _IOC_WRITE) << 30) | (96u << 16) | ('f' << 8) | 16)
#define SET_VMA 0x53564d41 /* PR_SET_VMA of Linux 5.17: a name for a mapping, by newer C libraries */

/* A new thread of this process and nothing else: no process, no name space. */
#define THREAD_FLAGS ((uint64_t)CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
#define PROCESS_FLAGS                                                                                        \
    ((uint64_t)CLONE_VFORK | CLONE_PTRACE | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |    \
     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static const struct call both[] = {
    /* descriptors that it has */
    ALLOW(read), ALLOW(write), ALLOW(close), ALLOW(pread64), ALLOW(lseek),
    /* memory, never executable again: see each process's own list; and how many pages came in */
    ALLOW_IF(mmap, 2, PROT_EXEC, 0), ALLOW_IF(mprotect, 2, PROT_EXEC, 0), ALLOW(munmap), ALLOW(mremap),
    ALLOW(madvise), ALLOW(brk), ALLOW(getrusage),
    /* time: the first four are calls only where the vDSO has no clock */
    ALLOW(clock_gettime), ALLOW(clock_getres), ALLOW(gettimeofday), ALLOW(time), ALLOW(clock_nanosleep),
    ALLOW(nanosleep), ALLOW(restart_syscall),
    /* Threads that it has. rseq and set_robust_list: a thread's first calls, which may come after this one's entry.
     * sched_getaffinity: malloc counts processors when two threads meet in it. */
    ALLOW(rseq), ALLOW(set_robust_list), ALLOW(futex), ALLOW(sched_yield), ALLOW(sched_getaffinity),
    ALLOW(getpid), ALLOW(gettid),
    /* signals: Wasmtime's trap handlers, and ending by abort() or a fault as any process does (tgkill: add_tgkill) */
    ALLOW(rt_sigaction), ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(sigaltstack),
    /* the rest of libraries: random numbers; isatty() before a first print; names of threads and mappings */
    ALLOW(getrandom), ALLOW_IF(ioctl, 1, WHOLE, TCGETS), ALLOW_IF(prctl, 0, WHOLE, PR_SET_NAME),
    ALLOW_IF(prctl, 0, WHOLE, SET_VMA),
    /* the end */
    ALLOW(exit), ALLOW(exit_group)};

static const struct call worker[] = {
    /* connections of its listener, and the channel to its supervisor */
    ALLOW(accept4), ALLOW(recvfrom), ALLOW(recvmsg), ALLOW(sendto), ALLOW(sendmsg), ALLOW(writev),
    ALLOW(shutdown), ALLOW(getpeername), ALLOW_IF_BOTH(setsockopt, 1, IPPROTO_TCP, 2, TCP_NODELAY),
    ALLOW_IF_BOTH(getsockopt, 1, SOL_SOCKET, 2, SO_ERROR), ALLOW_IF(ioctl, 1, WHOLE, FIONBIO),
    /* libuv's loop */
    ALLOW(epoll_ctl), ALLOW(epoll_wait), ALLOW(epoll_pwait), ALLOW(epoll_pwait2),
    /* resetting guests' memory */
    ALLOW_IF(ioctl, 1, WHOLE, PAGEMAP_SCAN_REQUEST), ALLOW(fstat)};

/* C's streams ask how large a block is and where they are when they are first used, and go on without an answer; newfstatat takes names,
 * too. */
static const struct call worker_without_files[] = {ANSWER(newfstatat, EACCES)};

/* host/files.c: what lies beneath mounts. Which paths is Landlock's business; that none leaves its mount is openat2's, by how the host
 * asks. */
static const struct call files_read[] = {ALLOW(openat2),    ALLOW(newfstatat),
                                         ALLOW(getdents64), ALLOW(readlinkat),
                                         ALLOW(fadvise64),  ALLOW_IF(fcntl, 1, WHOLE, F_DUPFD_CLOEXEC)};
static const struct call files_written[] = {
    ALLOW(pwrite64), ALLOW(pwritev2), ALLOW(ftruncate), ALLOW(fallocate), ALLOW(fsync),     ALLOW(fdatasync),
    ALLOW(mkdirat),  ALLOW(unlinkat), ALLOW(renameat),  ALLOW(linkat),    ALLOW(symlinkat), ALLOW(utimensat)};

/* Where the application was granted a host: http/client_curl.c. Which one it is is not the kernel's to know; the address is compared with the
 * one that was checked when the socket is made. */
#define SOCKET_TYPE ((uint64_t)SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)
static const struct call connects[] = {
    SOCKET(AF_INET, SOCKET_TYPE, IPPROTO_TCP), SOCKET(AF_INET6, SOCKET_TYPE, IPPROTO_TCP),
    /* requests to components of the same application: trigger/chain.c */
    ALLOW_IF_BOTH(socketpair, 0, AF_UNIX, 1, SOCKET_TYPE), ALLOW(connect), ALLOW(getsockname), ALLOW(poll),
    ALLOW(ppoll), ALLOW_IF(fcntl, 1, WHOLE, F_GETFL), ALLOW_IF(fcntl, 1, WHOLE, F_SETFL)};

/* Where it was granted a host for plain TCP or UDP: loop/socket.c. IPv6 sockets carry no IPv4. That nothing but UDP is bound is the host's
 * business and Landlock's; without listen nobody can come in. */
#define DATAGRAM_TYPE ((uint64_t)SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK)
#define OPTION(level, name)                                                                                  \
    ALLOW_IF_BOTH(setsockopt, 1, level, 2, name), ALLOW_IF_BOTH(getsockopt, 1, level, 2, name)
static const struct call sockets[] = {SOCKET(AF_INET, DATAGRAM_TYPE, IPPROTO_UDP),
                                      SOCKET(AF_INET6, DATAGRAM_TYPE, IPPROTO_UDP),
                                      ALLOW(bind),
                                      OPTION(SOL_SOCKET, SO_KEEPALIVE),
                                      OPTION(SOL_SOCKET, SO_RCVBUF),
                                      OPTION(SOL_SOCKET, SO_SNDBUF),
                                      OPTION(IPPROTO_TCP, TCP_KEEPIDLE),
                                      OPTION(IPPROTO_TCP, TCP_KEEPINTVL),
                                      OPTION(IPPROTO_TCP, TCP_KEEPCNT),
                                      OPTION(IPPROTO_IP, IP_TTL),
                                      OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS),
                                      ALLOW_IF_BOTH(setsockopt, 1, IPPROTO_IPV6, 2, IPV6_V6ONLY)};
/* Commands with --network. */
static const struct call listens[] = {ALLOW(listen),
                                      ALLOW_IF_BOTH(setsockopt, 1, SOL_SOCKET, 2, SO_REUSEADDR)};

static const struct call compiler[] = {
    /* writing what it compiled, and reading the few files that say how many processors there are: which paths is Landlock's business,
     * that nothing is made or written by name is ours, too */
    ALLOW_IF(openat, 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY), ALLOW(fstat), ALLOW(newfstatat),
    ALLOW(statx), ALLOW(fsync),
    /* Cranelift's threads. clone3 hides its flags from filters; the C library falls back to clone when there is none. */
    ALLOW_IF(clone, 0, THREAD_FLAGS | PROCESS_FLAGS, THREAD_FLAGS), ANSWER(clone3, ENOSYS),
    ALLOW_IF(prlimit64, 2, WHOLE, 0),
    /* Wasmtime makes what it compiled executable, although nothing here runs it: the call succeeds and does nothing. */
    ANSWER_IF(mprotect, 0, 2, PROT_EXEC, PROT_EXEC)};

static int add(scmp_filter_ctx filter, const struct call *call)
{
    struct scmp_arg_cmp checks[CHECKS_MAX];
    if (call->number < 0)
        return 0; /* this processor has no such call */
    for (unsigned i = 0; i < call->check_count; i++)
        checks[i] = (struct scmp_arg_cmp){.arg = call->checks[i].argument,
                                          .op = SCMP_CMP_MASKED_EQ,
                                          .datum_a = call->checks[i].mask,
                                          .datum_b = call->checks[i].value};
    return seccomp_rule_add_array(filter, call->action, call->number, call->check_count, checks);
}

static int add_list(scmp_filter_ctx filter, const struct call *calls, size_t count)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = add(filter, &calls[i]);
    return rc;
}

static int add_tgkill(scmp_filter_ctx filter)
{
    const struct call own = ALLOW_IF(tgkill, 0, WHOLE, (uint64_t)getpid());
    return add(filter, &own);
}

#define ADD_LIST(filter, list) add_list((filter), (list), sizeof(list) / sizeof *(list))

static int add_worker(scmp_filter_ctx filter, const struct node__needs *needs)
{
    int rc = ADD_LIST(filter, worker);
    if (rc == 0)
        rc = needs->files ? ADD_LIST(filter, files_read) : ADD_LIST(filter, worker_without_files);
    if (rc == 0 && needs->writes)
        rc = ADD_LIST(filter, files_written);
    if (rc == 0 && needs->connects)
        rc = ADD_LIST(filter, connects);
    if (rc == 0 && needs->sockets)
        rc = ADD_LIST(filter, sockets);
    if (rc == 0 && needs->listens)
        rc = ADD_LIST(filter, listens);
    return rc;
}

static int fill(scmp_filter_ctx filter, enum node__profile profile, const struct node__needs *needs)
{
    int rc =
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); /* every thread, those that run already too */
    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS); /* 32-bit entries */
    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree instead of a chain */
    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1); /* the kernel's own errno */
    if (rc == 0)
        rc = ADD_LIST(filter, both);
    if (rc == 0)
        rc = add_tgkill(filter);
    if (rc == 0)
        rc = profile == NODE__WORKER ? add_worker(filter, needs) : ADD_LIST(filter, compiler);
    return rc;
}

bool node__calls_supported(void)
{
    /* Without a filter it fails in any case: with EFAULT where there are filters. */
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) != 0 && errno == EFAULT;
}

const char *node__signal_text(int number)
{
    if (number == SIGSYS)
        return "it made a system call that its sandbox forbids";
    const char *text = sigdescr_np(number);
    return text ? text : "unknown";
}

int node__calls_limit(enum node__profile profile, const struct node__needs *needs, struct sw_err *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return sw_fail(err, SW_ENOMEM, "no memory for a system call filter");
    int rc = fill(filter, profile, needs);
    if (rc < 0)
        rc = sw_fail_errno(err, SW_EBUG, -rc, "make a system call filter");
    else if ((rc = seccomp_load(filter)) < 0)
        rc = sw_fail_errno(err, SW_EDENIED, -rc, "limit this process's system calls");
    seccomp_release(filter);
    return rc;
}
