/* sandbox.c - entering the sandbox: modes, order, limits, descriptors.  Room: node.
 *
 *   worker    begin -- application received -- load ---------------- engine and its threads, components ---- enter ---- first request
 *             descriptors,                     Landlock: /proc, code,                                       Landlock: mounts; rlimits;
 *             privileges                       mounts; no TCP, or no but                                    seccomp on all threads
 *                                              connecting where a host was granted
 *   compiler  ---- enter ---- component or module read from a descriptor, compiled, written to others
 *                  Landlock: reading what control groups say; rlimits; seccomp
 *
 * Invariants
 *  1. Landlock holds for the thread that asks and those it makes later: "load" is entered before there is a second one. Older threads keep
 *     what it left (/proc, this worker's own code, the mounts) when the worker's own thread gives up the rest.
 *  2. seccomp comes last: it forbids what the other steps do.
 *  3. A library that opens a file at its first use is used once before (warm_up). */
#include "node/sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "app/outbound.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "codec/digest.h"
#include "node/limits.h"
#include "node/node.h"
#include "node/sandbox_internal.h"

#define VARIABLE "SWELL_SANDBOX"

enum mode { MODE_ON, MODE_INSPECT, MODE_OFF };

static int mode_read(enum mode *ret, struct sw_err *err)
{
    struct sw_str word = sw_str_of(getenv(VARIABLE));
#ifdef NODE_SANDBOX_OFF /* sanitizers and coverage open files and start threads of their own */
    enum mode unset = MODE_OFF;
#else
    enum mode unset = MODE_ON;
#endif
    if (word.n == 0)
        *ret = unset;
    else if (sw_str_eq(word, SW_LIT("on")))
        *ret = MODE_ON;
    else if (sw_str_eq(word, SW_LIT("inspect")))
        *ret = MODE_INSPECT;
    else if (sw_str_eq(word, SW_LIT("off")))
        *ret = MODE_OFF;
    else
        return sw_fail(err, SW_EINPUT, VARIABLE ": expected 'on', 'inspect' or 'off', got '" SW_FMT "'",
                       SW_ARG(sw_str_head(word, 40)));
    return 0;
}

int node_sandbox_check(struct sw_err *err)
{
    enum mode mode = MODE_ON;
    int rc = mode_read(&mode, err);
    if (rc < 0)
        return rc;
    if (mode == MODE_OFF) {
        if (getenv(VARIABLE)) /* somebody's wish, not a build's */
            sw_log_warn("node", "sandbox.off", VARIABLE "=off: workers and compilers run without a sandbox");
        return 0;
    }
    if (!node__calls_supported())
        return sw_fail(
            err, SW_EDENIED,
            "this kernel does not let processes filter their system calls (seccomp), which keeps a broken "
            "worker harmless\nhint: " VARIABLE "=off runs without a sandbox");
    if (node__paths_abi() == 0)
        sw_log_warn("node", "sandbox.landlock",
                    "this kernel has no Landlock: a compiler, and a worker of an application that has files, "
                    "could open others by name");
    return 0;
}

/* ---- steps ---- */

/* What has to be given up at once, or not at all: a program that is started would else get more than this process has. */
static int no_new_privileges(struct sw_err *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "give up new privileges");
    return 0;
}

static void close_from(unsigned first, unsigned last)
{
    if (first <= last)
        (void)close_range(first, last, 0); /* Linux 5.9; before, the supervisor's close-on-exec has to do */
}

static int set_limit(int which, rlim_t most, const char *what, struct sw_err *err)
{
    struct rlimit limit;
    if (getrlimit((enum __rlimit_resource)which, &limit) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "read the limit of %s", what);
    limit.rlim_max = limit.rlim_max < most ? limit.rlim_max : most;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit((enum __rlimit_resource)which, &limit) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "limit %s", what);
    return 0;
}

/* Memory of all guests is in a core dump, and what others of this user could read. */
static int be_private(enum mode mode, struct sw_err *err)
{
    if (mode == MODE_INSPECT)
        return 0;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "hide this process's memory");
    return set_limit(RLIMIT_CORE, 0, "core dumps", err);
}

/* OpenSSL reads its configuration and the C library the time zone when they are first used. */
static int warm_up(struct sw_err *err)
{
    uint8_t digest[CODEC_SHA256_BYTES];
    tzset();
    return codec_sha256(NULL, 0, digest, err);
}

/* ---- worker ---- */

/* Where a worker may leave a core: in the folder it runs in, when somebody wants to look. It can open nothing itself. */
static const struct node__path core_path = {.path = ".", .optional = true, .core = true};

static int begin_worker(struct sw_err *err)
{
    close_from(NODE_CHANNEL_FD + 1, ~0U);
    /* A ring is a way to make calls that no filter sees. */
    if (setenv("UV_USE_IO_URING", "0", 1) != 0)
        return sw_fail_errno(err, SW_ENOMEM, errno, "set a variable");
    return no_new_privileges(err);
}

int node_sandbox_worker_begin(struct sw_err *err)
{
    enum mode mode = MODE_ON;
    int rc = mode_read(&mode, err);
    if (rc == 0 && mode != MODE_OFF)
        rc = begin_worker(err);
    return rc < 0 ? sw_wrap(err, "prepare the sandbox") : 0;
}

struct paths {
    struct node__path *items;
    uint32_t count;
};

static void add_mounts(struct paths *paths, const struct app *app)
{
    for (uint32_t i = 0; i < app->component_count; i++)
        for (uint32_t k = 0; k < app->components[i].mount_count; k++)
            paths->items[paths->count++] =
                (struct node__path){.path = app->components[i].mounts[k].folder.p,
                                    .writable = app->components[i].mounts[k].is_writable};
}

static void add_static(struct paths *paths, const struct app *app)
{
    for (uint32_t i = 0; i < app->http_count; i++)
        if (app->http[i].static_folder)
            paths->items[paths->count++] = (struct node__path){.path = app->http[i].static_folder->folder.p};
}

static void add_code(struct paths *paths, const struct node_serving *serving)
{
    for (uint32_t i = 0; i < serving->app->component_count; i++)
        for (uint32_t k = 0; k < serving->components[i].artifact_count; k++)
            if (serving->components[i].artifacts[k].cwasm_fd >= 0)
                paths->items[paths->count++] =
                    (struct node__path){.fd = serving->components[i].artifacts[k].cwasm_fd};
}

#define TRUST_PATHS 6

static uint32_t paths_most(const struct node_serving *serving)
{
    uint32_t most = 2 + TRUST_PATHS; /* the core's and /proc */
    for (uint32_t i = 0; serving && i < serving->app->component_count; i++)
        most += serving->app->components[i].mount_count + serving->components[i].artifact_count;
    return most + (serving ? serving->app->http_count : 0);
}

/* Certificates that outgoing requests trust (http/client_trust.c). */
static void add_trust(struct paths *paths)
{
    static const char *const usual[TRUST_PATHS - 1] = {"/etc/ssl/certs", "/etc/ssl/cert.pem",
                                                       "/etc/ssl/ca-bundle.pem", "/etc/pki/tls/certs",
                                                       "/etc/pki/ca-trust"};
    const char *said = getenv("SSL_CERT_FILE");
    for (size_t i = 0; i < TRUST_PATHS - 1; i++)
        paths->items[paths->count++] = (struct node__path){.path = usual[i], .optional = true};
    if (said && *said)
        paths->items[paths->count++] = (struct node__path){.path = said, .optional = true};
}

static struct node__needs needs_of(const struct node_serving *serving)
{
    struct node__needs needs = {.connects = serving && app_reaches_out(serving->app),
                                .sockets = serving && app_uses_sockets(serving->app)};
    for (uint32_t i = 0; serving && i < serving->app->component_count; i++) {
        const struct app_component *component = &serving->app->components[i];
        needs.files |= component->mount_count > 0;
        needs.listens |= component->may_listen;
        for (uint32_t k = 0; k < component->mount_count; k++)
            needs.writes |= component->mounts[k].is_writable;
    }
    for (uint32_t i = 0; serving && i < serving->app->http_count; i++)
        needs.files |= serving->app->http[i].static_folder != NULL;
    return needs;
}

/* loads: what only loading needs, too. */
static int limit_worker_paths(enum mode mode, const struct node_serving *serving, bool loads,
                              struct sw_err *err)
{
    uint32_t most = paths_most(serving);
    sw_auto_free struct node__path *items = sw_try_alloc_array(most, sizeof *items);
    struct paths paths = {.items = items};
    if (!items)
        return sw_fail(err, SW_ENOMEM, "no memory for %u paths", most);
    if (mode == MODE_INSPECT)
        paths.items[paths.count++] = core_path;
    if (loads) /* maps and limits of this process; Wasmtime opens code by the name of its descriptor */
        paths.items[paths.count++] = (struct node__path){.path = "/proc"};
    if (loads && serving)
        add_code(&paths, serving);
    const struct node__needs needs = needs_of(serving);
    if (loads && needs.connects)
        add_trust(&paths);
    if (serving)
        add_mounts(&paths, serving->app);
    if (serving)
        add_static(&paths, serving->app);
    return node__paths_limit(paths.items, paths.count, &needs, err);
}

int node_sandbox_worker_load(const struct node_serving *serving, struct sw_err *err)
{
    enum mode mode = MODE_ON;
    int rc = mode_read(&mode, err);
    if (rc == 0 && mode != MODE_OFF)
        rc = warm_up(err);
    if (rc == 0 && mode != MODE_OFF)
        rc = limit_worker_paths(mode, serving, true, err);
    return rc < 0 ? sw_wrap(err, "prepare the sandbox") : 0;
}

static void close_loaded(struct node_serving *serving)
{
    for (uint32_t i = 0; i < serving->app->component_count; i++) {
        struct node_served_component *component = &serving->components[i];
        int *fds[] = {&component->wasm_fd, NULL, NULL};
        for (uint32_t k = 0; k <= component->artifact_count; k++) {
            for (size_t f = 0; f < sizeof fds / sizeof *fds; f++) {
                if (fds[f] && *fds[f] >= 0)
                    (void)close(*fds[f]); /* only read */
                if (fds[f])
                    *fds[f] = -1;
            }
            if (k < component->artifact_count) {
                fds[0] = NULL;
                fds[1] = &component->artifacts[k].cwasm_fd;
                fds[2] = &component->artifacts[k].image_fd;
            }
        }
    }
}

static int enter_worker(enum mode mode, const struct node_serving *serving, struct sw_err *err)
{
    const struct node__needs needs = needs_of(serving);
    int rc = warm_up(err);
    if (rc == 0)
        rc = no_new_privileges(err);
    if (rc == 0)
        rc = be_private(mode, err);
    if (rc == 0)
        rc = set_limit(RLIMIT_NPROC, 0, "processes", err);
    if (rc == 0)
        rc = limit_worker_paths(mode, serving, false, err);
    return rc < 0 ? rc : node__calls_limit(NODE__WORKER, &needs, err);
}

int node_sandbox_worker(struct node_serving *serving, struct sw_err *err)
{
    enum mode mode = MODE_ON;
    int rc = mode_read(&mode, err);
    if (serving)
        close_loaded(serving);
    if (rc == 0 && mode != MODE_OFF)
        rc = enter_worker(mode, serving, err);
    return rc < 0 ? sw_wrap(err, "enter the sandbox") : 0;
}

/* ---- compiler ---- */

static int limit_compiler(struct sw_err *err)
{
    int rc = set_limit(RLIMIT_CPU, NODE_COMPILE_CPU_S_MAX, "CPU time", err);
    if (rc == 0)
        rc = set_limit(RLIMIT_FSIZE, NODE_COMPILE_FILE_BYTES_MAX, "file sizes", err);
    if (rc == 0)
        rc = set_limit(RLIMIT_NOFILE, NODE_COMPILE_FDS_MAX, "descriptors", err);
    return rc;
}

static int enter_compiler(enum mode mode, int last_fd, struct sw_err *err)
{
    static const struct node__path paths[] = {/* the Rust library asks how many processors it may use */
                                              {.path = "/proc/self/cgroup", .optional = true},
                                              {.path = "/sys/fs/cgroup", .optional = true}};
    static const struct node__needs nothing;
    close_from((unsigned)last_fd + 1, ~0U);
    int rc = warm_up(err);
    if (rc == 0)
        rc = no_new_privileges(err);
    if (rc == 0)
        rc = be_private(mode, err);
    if (rc == 0)
        rc = limit_compiler(err);
    if (rc == 0)
        rc = node__paths_limit(paths, sizeof paths / sizeof *paths, &nothing, err);
    return rc < 0 ? rc : node__calls_limit(NODE__COMPILER, &nothing, err);
}

int node_sandbox_compiler(int last_fd, struct sw_err *err)
{
    enum mode mode = MODE_ON;
    int rc = mode_read(&mode, err);
    if (rc == 0 && mode != MODE_OFF)
        rc = enter_compiler(mode, last_fd, err);
    return rc < 0 ? sw_wrap(err, "enter the sandbox") : 0;
}
