/* sandbox.c - tests: what a sandboxed worker and compiler can do, what they are refused, and what ends them.  Room: node.
 *
 * Each row forks a child that enters a sandbox, does one thing and ends; the row says how. Longer than other files: nearly every row has
 * a function of its own, and all need the same helpers. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "node/node.h"
#include "node/sandbox.h"
#include "node/sandbox_internal.h"

enum { DONE = 0, NOT_ENTERED = 99, SURVIVED = 98 };
#define SIGNAL(number) (1000 + (number)) /* a fate: ended by this signal; below: exit status */
#define KILLED SIGNAL(SIGSYS)

static char cache_dir[] = "/tmp/swell-sandbox-XXXXXX";
static char mounted_file[sizeof cache_dir + 8]; /* in it */
static int plain_socket = -1;                   /* made before the sandbox is entered */
static FILE *sink;                              /* a pipe nobody reads */
static int kept_file = -1;                      /* the compiler's component */
static char *page;                              /* one page, readable and writable */
static pid_t parent;

/* ---- what a child does: returns its exit status, mostly an errno ---- */

static int failed(long rc)
{
    return rc < 0 ? errno : DONE;
}

static int run_program(void)
{
    char *argv[] = {NULL};
    return failed(execve("/bin/true", argv, argv));
}

static int read_passwd(void)
{
    return failed(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int read_passwd_old(void)
{
    return failed(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
}

static int write_file(void)
{
    return failed(open("/tmp/swell-sandbox-test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int look_at_file(void)
{
    struct stat st;
    return failed(stat("/etc/passwd", &st));
}

static int read_own_limits(void)
{
    return failed(open("/proc/self/limits", O_RDONLY | O_CLOEXEC));
}

static int open_beneath(const char *path, uint64_t flags)
{
    const struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
    return failed(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
}

static int open_mounted(void)
{
    return open_beneath(mounted_file, O_RDONLY);
}

static int open_mounted_for_writing(void)
{
    return open_beneath(mounted_file, O_RDWR);
}

static int list_mounted(void)
{
    static char entries[4096];
    const struct open_how how = {.flags = O_DIRECTORY | O_CLOEXEC};
    long fd = syscall(SYS_openat2, AT_FDCWD, cache_dir, &how, sizeof how);
    return fd < 0 ? errno : failed(syscall(SYS_getdents64, fd, entries, sizeof entries));
}

static int look_at_mounted(void)
{
    struct stat st;
    return failed(stat(mounted_file, &st));
}

static int open_elsewhere(void)
{
    return open_beneath("/etc/passwd", O_RDONLY);
}

static int open_own_limits(void)
{
    return open_beneath("/proc/self/limits", O_RDONLY);
}

static int make_folder(void)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/made", cache_dir);
    return failed(mkdirat(AT_FDCWD, path, 0755));
}

static int make_folder_elsewhere(void)
{
    return failed(mkdirat(AT_FDCWD, "/tmp/swell-sandbox-made", 0755));
}

static int remove_mounted(void)
{
    return failed(unlinkat(AT_FDCWD, mounted_file, 0));
}

static int make_device(void)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/device", cache_dir);
    return failed(mknodat(AT_FDCWD, path, S_IFIFO | 0644, 0));
}

/* Of MPTCP and SCTP Landlock knows nothing, and the kernel loads their modules when somebody asks. */
#define OUTGOING (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)
#define MAKES_SOCKET(name, ...)                                                                              \
    static int name(void)                                                                                    \
    {                                                                                                        \
        return failed(socket(__VA_ARGS__));                                                                  \
    }
MAKES_SOCKET(make_socket, AF_INET, SOCK_STREAM, 0)
MAKES_SOCKET(make_outgoing_socket, AF_INET, OUTGOING, IPPROTO_TCP)
MAKES_SOCKET(make_outgoing_socket_v6, AF_INET6, OUTGOING, IPPROTO_TCP)
MAKES_SOCKET(make_multipath_socket, AF_INET, OUTGOING, IPPROTO_MPTCP)
MAKES_SOCKET(make_socket_of_any_protocol, AF_INET6, OUTGOING, IPPROTO_SCTP)
MAKES_SOCKET(make_packet_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
MAKES_SOCKET(make_local_socket, AF_UNIX, OUTGOING, 0)

static int connect_socket(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(1)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return failed(connect(plain_socket, (struct sockaddr *)&address, sizeof address));
}

static int bind_socket(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    return failed(bind(plain_socket, (struct sockaddr *)&address, sizeof address));
}

static int option_of_socket(void)
{
    int mark = 1;
    return failed(setsockopt(plain_socket, SOL_SOCKET, SO_MARK, &mark, sizeof mark));
}

static int no_delay(void)
{
    int on = 1;
    return failed(setsockopt(plain_socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

static int trace_parent(void)
{
    return failed(ptrace(PTRACE_ATTACH, parent, NULL, NULL));
}

static int read_parent(void)
{
    char byte;
    struct iovec local = {&byte, 1};
    struct iovec remote = {page, 1};
    return failed(process_vm_readv(parent, &local, 1, &remote, 1, 0));
}

static int kill_parent(void)
{
    return failed(kill(parent, 0));
}

static int kill_parents_thread(void)
{
    return failed(syscall(SYS_tgkill, parent, parent, 0));
}

static int fork_process(void)
{
    return failed(fork());
}

static int new_name_space(void)
{
    return failed(unshare(CLONE_NEWUSER));
}

static int be_visible(void)
{
    return failed(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int raise_limit(void)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    return failed(setrlimit(RLIMIT_CORE, &limit));
}

static int type_for_user(void)
{
    char byte = '\n';
    return failed(ioctl(STDERR_FILENO, TIOCSTI, &byte));
}

static int make_ring(void)
{
    char params[256] = {0};
    return failed(syscall(425, 1, params)); /* io_uring_setup, on every processor */
}

static int protect_executable(void)
{
    return failed(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int run_page(void)
{
    static const unsigned char ret[] = {
        0xc3}; /* "ret" on x86-64; any other processor ends in a signal, too */
    memcpy(page, ret, sizeof ret);
    if (mprotect(page, 4096, PROT_READ | PROT_EXEC) != 0)
        return errno;
    union { /* ISO C has no cast from data to code */
        void *data;
        void (*code)(void);
    } jump = {page};
    jump.code();
    return SURVIVED;
}

static int map_executable(void)
{
    return failed(
        mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

static int memory(void)
{
    char *map = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED || mprotect(map, 1 << 16, PROT_READ | PROT_WRITE) != 0)
        return errno;
    map[0] = 1;
    if (madvise(map, 1 << 16, MADV_DONTNEED) != 0 || map[0] != 0 || munmap(map, 1 << 20) != 0)
        return errno ? errno : SURVIVED;
    char *large = malloc(1 << 20);
    char *larger = large ? realloc(large, 8 << 20) : NULL; /* by mremap */
    free(larger);
    return larger && getrusage(RUSAGE_THREAD, &(struct rusage){.ru_minflt = 0}) == 0 ? DONE : ENOMEM;
}

static int time_and_chance(void)
{
    struct timespec now;
    struct tm tm;
    char bytes[8];
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0 || clock_gettime(CLOCK_REALTIME, &now) != 0 ||
        !gmtime_r(&now.tv_sec, &tm) || getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return errno ? errno : SURVIVED;
    now = (struct timespec){.tv_nsec = 1000};
    return failed(nanosleep(&now, NULL));
}

static int print(void)
{
    return fprintf(stderr, "%s", "") < 0 || isatty(STDERR_FILENO) < 0 ? SURVIVED : DONE;
}

static int print_on_a_new_stream(void)
{
    return fputc('x', sink) == 'x' && fflush(sink) == 0 ? DONE : SURVIVED;
}

static int give_up(void)
{
    abort();
}

static int touch_nothing(void)
{
    volatile char *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return nowhere[0];
}

static void *return_null(void *arg)
{
    return arg;
}

static int start_thread(void)
{
    pthread_t thread;
    int rc = pthread_create(&thread, NULL, return_null, NULL);
    return rc ? rc : pthread_join(thread, NULL);
}

static int start_process_by_clone3(void)
{
    return failed(syscall(SYS_clone3, NULL, (size_t)0));
}

static int make_in_cache(void)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/new", cache_dir);
    return failed(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

static int open_for_writing(void)
{
    return failed(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

static int truncate_by_open(void)
{
    return failed(open("/dev/null", O_RDONLY | O_TRUNC | O_CLOEXEC));
}

static int list_cache(void)
{
    return failed(open(cache_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int rename_in_cache(void)
{
    return failed(rename(cache_dir, "x"));
}

static int remove_in_cache(void)
{
    return failed(unlinkat(AT_FDCWD, "x", 0));
}

static int change_mode(void)
{
    return failed(fchmod(kept_file, 0666));
}

static int link_into_cache(void)
{
    char to[64];
    (void)snprintf(to, sizeof to, "%s/link", cache_dir);
    return failed(symlink("/etc/passwd", to));
}

static int sync_product(void)
{
    return failed(fsync(kept_file));
}

static int read_component(void)
{
    char byte;
    return failed(pread(kept_file, &byte, 1, 0));
}

static int use_other_descriptor(void)
{
    return failed(fcntl(plain_socket, F_GETFD)) == DONE ? SURVIVED : errno;
}

static int read_other_descriptor(void)
{
    char byte;
    return failed(read(plain_socket, &byte, 1));
}

static int read_processor(void)
{
    return failed(open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC));
}

static int read_own_memory(void)
{
    return failed(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
}

#if defined(__x86_64__)
static int old_entry(void)
{
    long rc;
    __asm__ volatile("int $0x80" : "=a"(rc) : "a"(20) : "memory"); /* getpid of 32-bit programs */
    return rc < 0 ? ENOSYS : SURVIVED;
}

static int other_numbers(void)
{
    return failed(syscall(0x40000000 + SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY)); /* x32 */
}
#endif

/* ---- rows ---- */

struct row {
    const char *what;
    int (*act)(void);
    int fate;
};

static const struct row worker_rows[] = {
    {"runs a program", run_program, KILLED},
    {"opens a file", read_passwd, KILLED},
    {"opens a file by the raw call", read_passwd_old, KILLED},
    {"makes a file", write_file, KILLED},
    {"looks at a file", look_at_file, EACCES},
    {"makes a socket", make_socket, KILLED},
    {"connects a socket it had", connect_socket, KILLED},
    {"binds a socket it had", bind_socket, KILLED},
    {"sets an option it has no use for", option_of_socket, KILLED},
    {"traces its parent", trace_parent, KILLED},
    {"reads its parent's memory", read_parent, KILLED},
    {"signals its parent", kill_parent, KILLED},
    {"signals its parent's thread", kill_parents_thread, KILLED},
    {"forks", fork_process, KILLED},
    {"starts a thread", start_thread, KILLED},
    {"starts a process by clone3", start_process_by_clone3, KILLED},
    {"makes a name space", new_name_space, KILLED},
    {"becomes visible", be_visible, KILLED},
    {"raises a limit", raise_limit, KILLED},
    {"types for the user", type_for_user, KILLED},
    {"makes a ring", make_ring, KILLED},
    {"makes memory executable", protect_executable, KILLED},
    {"maps executable memory", map_executable, KILLED},
#if defined(__x86_64__)
    {"takes the 32-bit entry", old_entry, KILLED},
    {"takes the x32 numbers", other_numbers, KILLED},
#endif
    {"uses memory", memory, DONE},
    {"uses clocks and random numbers", time_and_chance, DONE},
    {"prints", print, DONE},
    {"prints on a new stream", print_on_a_new_stream, DONE},
    {"sets the option of its connections", no_delay, DONE},
    {"aborts", give_up, SIGNAL(SIGABRT)},
    {"touches a guard", touch_nothing, SIGNAL(SIGSEGV)},
};

static const struct row compiler_rows[] = {
    {"runs a program", run_program, KILLED},
    {"makes a socket", make_socket, KILLED},
    {"connects", connect_socket, KILLED},
    {"traces its parent", trace_parent, KILLED},
    {"signals its parent", kill_parent, KILLED},
    {"forks", fork_process, KILLED},
    {"makes a ring", make_ring, KILLED},
    {"raises a limit", raise_limit, KILLED},
    {"links into the cache", link_into_cache, KILLED},
    {"makes a file in the cache", make_in_cache, KILLED},
    {"renames", rename_in_cache, KILLED},
    {"removes", remove_in_cache, KILLED},
    {"makes a file writable", change_mode, KILLED},
    {"opens a file for writing", open_for_writing, KILLED},
    {"truncates a file by opening it", truncate_by_open, KILLED},
    {"maps executable memory", map_executable, KILLED},
    {"is told that memory is executable", protect_executable, DONE},
    {"runs memory that is not", run_page, SIGNAL(SIGSEGV)},
    {"starts a process by clone3", start_process_by_clone3, ENOSYS},
    {"starts a thread", start_thread, DONE},
    {"uses memory", memory, DONE},
    {"uses clocks and random numbers", time_and_chance, DONE},
    {"prints", print, DONE},
    {"reads its component", read_component, DONE},
    {"syncs what it wrote", sync_product, DONE},
    {"uses a descriptor that was not given", read_other_descriptor, EBADF},
};

static const struct row landlocked_compiler_rows[] = {
    {"opens a file", read_passwd, EACCES},
    {"looks into the cache", list_cache, EACCES},
    {"reads what the processor can do", read_processor, EACCES},
    {"opens its own memory", read_own_memory, KILLED}, /* for writing, too */
};

static const struct row begun_worker_rows[] = {
    /* loading: nothing is killed, and what Landlock takes fails */
    {"looks at a file", look_at_file, DONE},
    {"makes a socket", make_socket, DONE},
    {"starts a thread", start_thread, DONE},
    {"makes memory executable", protect_executable, DONE},
    {"uses a descriptor that was not given", use_other_descriptor, EBADF},
};

static const struct row landlocked_begun_worker_rows[] = {
    {"opens a file", read_passwd, EACCES},
    {"reads its own limits", read_own_limits, DONE},
    {"makes a file", write_file, EACCES},
    {"runs a program", run_program, EACCES},
    {"opens its own memory", read_own_memory, EACCES},
};

/* A worker whose application has a mount: the cache's folder here. */
static const struct row mounted_worker_rows[] = {
    {"opens a file of the mount", open_mounted, DONE},
    {"lists the mount", list_mounted, DONE},
    {"looks at a file of the mount", look_at_mounted, DONE},
    {"opens a file of the mount the old way", read_passwd_old, KILLED},
    {"makes a folder in the mount", make_folder, KILLED},
    {"removes a file of the mount", remove_mounted, KILLED},
    {"runs a program", run_program, KILLED},
    {"makes a socket", make_socket, KILLED},
};
static const struct row landlocked_mounted_worker_rows[] = {
    {"opens a file elsewhere", open_elsewhere, EACCES},
    {"opens a file of the mount for writing", open_mounted_for_writing, EACCES},
    {"opens its own limits", open_own_limits, EACCES},
};
static const struct row writing_worker_rows[] = {
    {"opens a file of the mount for writing", open_mounted_for_writing, DONE},
    {"makes a folder in the mount", make_folder, DONE},
    {"makes a device in the mount", make_device, KILLED},
    {"runs a program", run_program, KILLED},
};
static const struct row landlocked_writing_worker_rows[] = {
    {"opens a file elsewhere", open_elsewhere, EACCES},
    {"makes a folder elsewhere", make_folder_elsewhere, EACCES},
};

/* One whose application may connect to a host. */
static const struct row connecting_worker_rows[] = {
    {"makes a socket for an outgoing request", make_outgoing_socket, DONE},
    {"makes one of IPv6", make_outgoing_socket_v6, DONE},
    {"connects", connect_socket, ECONNREFUSED},
    {"makes a socket that blocks", make_socket, KILLED},
    {"makes a socket for packets", make_packet_socket, KILLED},
    {"makes a socket of another protocol", make_multipath_socket, KILLED},
    {"makes one of IPv6 of another protocol", make_socket_of_any_protocol, KILLED},
    {"makes a local socket", make_local_socket, KILLED},
    {"binds a socket it had", bind_socket, KILLED},
    {"sets an option it has no use for", option_of_socket, KILLED},
    {"reads a file", read_passwd, KILLED},
};
static const struct row worker_without_hosts_rows[] = {
    {"makes a socket for an outgoing request", make_outgoing_socket, KILLED},
};

/* ---- children ---- */

static int enter_worker(struct sw_err *err)
{
    return node_sandbox_worker(NULL, err);
}

static int begin_worker(struct sw_err *err)
{
    int rc = node_sandbox_worker_begin(err);
    return rc < 0 ? rc : node_sandbox_worker_load(NULL, err);
}

static int enter_mounted(bool writable, struct sw_err *err)
{
    const struct app_mount mount = {
        .folder = {cache_dir, strlen(cache_dir)}, .guest = SW_LIT_INIT("/"), .is_writable = writable};
    const struct app_component component = {.mounts = &mount, .mount_count = 1};
    struct app app = {.components = &component, .component_count = 1};
    struct node_served_component served = {.wasm_fd = -1};
    struct node_serving serving = {.app = &app, .listen_fd = -1, .components = &served};
    int rc = node_sandbox_worker_load(&serving, err);
    return rc < 0 ? rc : node_sandbox_worker(&serving, err);
}

static int enter_mounted_worker(struct sw_err *err)
{
    return enter_mounted(false, err);
}

static int enter_writing_worker(struct sw_err *err)
{
    return enter_mounted(true, err);
}

static int enter_with_hosts(uint32_t count, struct sw_err *err)
{
    const struct sw_str host = SW_LIT_INIT("http://127.0.0.1:*");
    const struct app_component component = {.outbound_hosts = &host, .outbound_host_count = count};
    struct app app = {.components = &component, .component_count = 1};
    struct node_served_component served = {.wasm_fd = -1};
    struct node_serving serving = {.app = &app, .listen_fd = -1, .components = &served};
    int rc = node_sandbox_worker_load(&serving, err);
    return rc < 0 ? rc : node_sandbox_worker(&serving, err);
}

static int enter_connecting_worker(struct sw_err *err)
{
    return enter_with_hosts(1, err);
}

static int enter_worker_without_hosts(struct sw_err *err)
{
    return enter_with_hosts(0, err);
}

static int enter_compiler(struct sw_err *err)
{
    return node_sandbox_compiler(kept_file, err);
}

typedef int enter_fn(struct sw_err *err);

static int fate_of(enter_fn *enter, int (*act)(void))
{
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit no_core = {0, 0};
        struct sw_err err;
        (void)signal(SIGABRT, SIG_DFL); /* cmocka's */
        (void)signal(SIGSEGV, SIG_DFL);
        (void)setrlimit(RLIMIT_CORE, &no_core);
        if (enter(&err) < 0) {
            (void)fprintf(stderr, "%s\n", err.text);
            _exit(NOT_ENTERED);
        }
        errno = 0;
        _exit(act());
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? SIGNAL(WTERMSIG(status)) : WEXITSTATUS(status);
}

static void run_rows(enter_fn *enter, const struct row *rows, size_t count)
{
    int wrong = 0;
    for (size_t i = 0; i < count; i++) {
        int fate = fate_of(enter, rows[i].act);
        if (fate == rows[i].fate)
            continue;
        print_error("%s: ended with %d, expected %d (1000 and more: by that signal)\n", rows[i].what, fate,
                    rows[i].fate);
        wrong++;
    }
    CHECK_INT(wrong, 0);
}
#define RUN_ROWS(enter, rows) run_rows(enter, rows, sizeof(rows) / sizeof *(rows))

/* In builds with sanitizers nothing is entered; their library cannot live in it. */
static void skip_without(void)
{
#ifdef NODE_SANDBOX_OFF
    skip();
#endif
}

static void skip_without_landlock(void)
{
    skip_without();
    if (node__paths_abi() == 0)
        skip();
}

/* ---- tests ---- */

static void a_worker_is_ended_by_what_it_has_no_use_for(void **state)
{
    (void)state;
    skip_without();
    RUN_ROWS(enter_worker, worker_rows);
}

static void a_compiler_is_ended_by_what_it_has_no_use_for(void **state)
{
    (void)state;
    skip_without();
    RUN_ROWS(enter_compiler, compiler_rows);
}

static void a_compiler_reaches_no_file_but_its_own(void **state)
{
    (void)state;
    skip_without_landlock();
    RUN_ROWS(enter_compiler, landlocked_compiler_rows);
}

static void a_worker_can_load_after_its_first_step(void **state)
{
    (void)state;
    skip_without();
    RUN_ROWS(begin_worker, begun_worker_rows);
}

static void a_worker_with_a_mount_reads_it_and_nothing_else(void **state)
{
    (void)state;
    skip_without();
    RUN_ROWS(enter_mounted_worker, mounted_worker_rows);
    skip_without_landlock();
    RUN_ROWS(enter_mounted_worker, landlocked_mounted_worker_rows);
}

static void a_worker_with_a_writable_mount_changes_it_and_nothing_else(void **state)
{
    (void)state;
    skip_without();
    RUN_ROWS(enter_writing_worker, writing_worker_rows);
    skip_without_landlock();
    RUN_ROWS(enter_writing_worker, landlocked_writing_worker_rows);
}

static void a_worker_connects_only_where_a_host_was_granted(void **state)
{
    (void)state;
    skip_without();
    RUN_ROWS(enter_connecting_worker, connecting_worker_rows);
    RUN_ROWS(enter_worker_without_hosts, worker_without_hosts_rows);
}

static void a_loading_worker_writes_and_runs_nothing(void **state)
{
    (void)state;
    skip_without_landlock();
    RUN_ROWS(begin_worker, landlocked_begun_worker_rows);
}

static int go[2];

static void *open_when_told(void *arg)
{
    char byte;
    if (read(go[0], &byte, 1) == 1)
        _exit(read_passwd());
    return arg;
}

static int enter_with_a_thread(struct sw_err *err)
{
    pthread_t thread;
    if (pipe2(go, O_CLOEXEC) != 0 || pthread_create(&thread, NULL, open_when_told, NULL) != 0)
        return sw_fail(err, SW_EIO, "no thread");
    return node_sandbox_worker(NULL, err);
}

static int tell_thread(void)
{
    if (write(go[1], "x", 1) != 1)
        return errno;
    for (;;)
        (void)sched_yield(); /* the thread's end is the process's */
}

static void a_thread_that_ran_before_is_in_the_sandbox_too(void **state)
{
    (void)state;
    skip_without();
    CHECK_INT(fate_of(enter_with_a_thread, tell_thread), KILLED);
}

/* ---- what others see ---- */

struct seen {
    char status[4096];
    struct rlimit core;
};

/* Looks at a child that has entered and waits. */
static void look(enter_fn *enter, struct seen *ret)
{
    int entered[2];
    int leave[2];
    assert_int_equal(pipe2(entered, O_CLOEXEC), 0);
    assert_int_equal(pipe2(leave, O_CLOEXEC), 0);
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct sw_err err;
        char byte = enter(&err) < 0 ? '-' : '+';
        if (write(entered[1], &byte, 1) != 1 || close(leave[1]) != 0)
            _exit(NOT_ENTERED);
        _exit(read(leave[0], &byte, 1) == 0 ? DONE : SURVIVED); /* until the test closes its end */
    }
    char byte = 0;
    char path[64];
    assert_int_equal(read(entered[0], &byte, 1), 1);
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(ret->status, 1, sizeof ret->status - 1, file) : 0;
    ret->status[n] = '\0';
    if (file)
        (void)fclose(file);
    int rc = prlimit(pid, RLIMIT_CORE, NULL, &ret->core);
    for (int i = 0; i < 2; i++) {
        (void)close(entered[i]);
        (void)close(leave[i]);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    CHECK_INT(byte, '+');
    CHECK_INT(rc, 0);
    CHECK_INT(status, 0);
}

static void others_see_that_it_is_sandboxed(void **state)
{
    (void)state;
    skip_without();
    struct seen seen;
    look(enter_worker, &seen);
    CHECK_HAS(seen.status, "NoNewPrivs:\t1\n");
    CHECK_HAS(seen.status, "Seccomp:\t2\n");
    CHECK_INT(seen.core.rlim_max, 0);
}

static void the_variable_decides(void **state)
{
    (void)state;
    struct sw_err err;
    struct seen seen;
    struct rlimit core;
    assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
    assert_int_equal(setenv("SWELL_SANDBOX", "off", 1), 0);
    CHECK_INT(fate_of(enter_worker, read_passwd), DONE);
    CHECK_INT(fate_of(enter_compiler, read_passwd), DONE);
    CHECK_INT(fate_of(begin_worker, make_socket), DONE);
    CHECK_OK(node_sandbox_check(&err), &err);
    assert_int_equal(setenv("SWELL_SANDBOX", "half", 1), 0);
    CHECK_INT(node_sandbox_check(&err), -SW_EINPUT);
    CHECK_HAS(err.text, "expected 'on', 'inspect' or 'off', got 'half'");
    CHECK_INT(node_sandbox_worker(NULL, &err), -SW_EINPUT); /* never taken for "off" */
    CHECK_INT(node_sandbox_worker_begin(&err), -SW_EINPUT);
    CHECK_INT(node_sandbox_worker_load(NULL, &err), -SW_EINPUT);
    CHECK_INT(node_sandbox_compiler(kept_file, &err), -SW_EINPUT);
#ifndef NODE_SANDBOX_OFF
    assert_int_equal(setenv("SWELL_SANDBOX", "inspect", 1), 0);
    look(enter_worker, &seen);
    CHECK_HAS(seen.status, "Seccomp:\t2\n");
    CHECK(seen.core.rlim_max == core.rlim_max);
#else
    (void)seen;
#endif
    assert_int_equal(unsetenv("SWELL_SANDBOX"), 0);
    CHECK_OK(node_sandbox_check(&err), &err);
}

/* ---- kernels that lack something ---- */

/* From here on this process's kernel answers the call with an error. */
static int take_call(int number, int error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)
                                                       : -1;
}

static int enter_worker_without_landlock(struct sw_err *err)
{
    if (take_call(SYS_landlock_create_ruleset, ENOSYS) != 0)
        return sw_fail(err, SW_EIO, "no filter");
    int rc = node_sandbox_check(err); /* says so, and goes on */
    return rc < 0 ? rc : enter_worker(err);
}

static int enter_compiler_without_landlock(struct sw_err *err)
{
    if (take_call(SYS_landlock_create_ruleset, EOPNOTSUPP) != 0) /* built in, but not switched on */
        return sw_fail(err, SW_EIO, "no filter");
    return enter_compiler(err);
}

static int enter_nothing(struct sw_err *err)
{
    (void)err;
    return 0;
}

static int check_without_seccomp(void)
{
    struct sw_err err = {0};
    if (take_call(SYS_prctl, EINVAL) != 0)
        return NOT_ENTERED;
    int rc = node_sandbox_check(&err);
    return rc == -SW_EDENIED && strstr(err.text, "hint: SWELL_SANDBOX=off runs without a sandbox") ? DONE
                                                                                                   : SURVIVED;
}

static int enter_without_seccomp(void)
{
    struct sw_err err = {0};
    if (take_call(SYS_seccomp, ENOSYS) != 0 || take_call(SYS_prctl, EINVAL) != 0)
        return NOT_ENTERED;
    return node_sandbox_worker(NULL, &err) < 0 ? DONE : SURVIVED;
}

static void without_landlock_the_rest_holds(void **state)
{
    (void)state;
    skip_without();
    CHECK_INT(fate_of(enter_worker_without_landlock, read_passwd), KILLED);
    CHECK_INT(fate_of(enter_worker_without_landlock, memory), DONE);
    CHECK_INT(fate_of(enter_compiler_without_landlock, read_passwd), DONE);
    CHECK_INT(fate_of(enter_compiler_without_landlock, make_in_cache), KILLED);
    CHECK_INT(fate_of(enter_compiler_without_landlock, run_program), KILLED);
}

static void without_seccomp_nothing_starts(void **state)
{
    (void)state;
    skip_without();
    CHECK_INT(fate_of(enter_nothing, check_without_seccomp), DONE);
    CHECK_INT(fate_of(enter_nothing, enter_without_seccomp), DONE);
}

static int set_up(void **state)
{
    (void)state;
    parent = getpid();
    int first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    plain_socket = fcntl(first, F_DUPFD_CLOEXEC, 10); /* above a worker's channel */
    int pipe_fds[2];                                  /* its other end stays open, too */
    sink = pipe2(pipe_fds, O_CLOEXEC) == 0 ? fdopen(pipe_fds[1], "w") : NULL;
    kept_file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool good =
        plain_socket >= 0 && sink && kept_file >= 0 && page != MAP_FAILED && unsetenv("SWELL_SANDBOX") == 0;
    if (close(first) != 0 || !good || !mkdtemp(cache_dir))
        return -1;
    (void)snprintf(mounted_file, sizeof mounted_file, "%s/file", cache_dir);
    int file = open(mounted_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    return file >= 0 ? close(file) : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char made[sizeof cache_dir + 8];
    (void)snprintf(made, sizeof made, "%s/made", cache_dir);
    (void)rmdir(made); /* the rows that may make it */
    return unlink(mounted_file) == 0 ? rmdir(cache_dir) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_is_ended_by_what_it_has_no_use_for),
        cmocka_unit_test(a_compiler_is_ended_by_what_it_has_no_use_for),
        cmocka_unit_test(a_compiler_reaches_no_file_but_its_own),
        cmocka_unit_test(a_worker_can_load_after_its_first_step),
        cmocka_unit_test(a_loading_worker_writes_and_runs_nothing),
        cmocka_unit_test(a_worker_with_a_mount_reads_it_and_nothing_else),
        cmocka_unit_test(a_worker_with_a_writable_mount_changes_it_and_nothing_else),
        cmocka_unit_test(a_worker_connects_only_where_a_host_was_granted),
        cmocka_unit_test(a_thread_that_ran_before_is_in_the_sandbox_too),
        cmocka_unit_test(others_see_that_it_is_sandboxed),
        cmocka_unit_test(the_variable_decides),
        cmocka_unit_test(without_landlock_the_rest_holds),
        cmocka_unit_test(without_seccomp_nothing_starts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
