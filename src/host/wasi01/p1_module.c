/* p1_module.c - WASI 0.1's table of functions, and those that need no file: arguments, environment, clocks, random numbers, exit.  Room: host. */
#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "host/bindings/clocks_monotonic_clock.h"
#include "host/wasi/cli.h"
#include "host/wasi01/p1.h"

/* ---- arguments and environment: an array of pointers, and the texts with a NUL behind each ---- */

struct texts {
    struct component_call *call;
    uint32_t pointers, bytes; /* where the next goes */
};

static int put_text(struct texts *texts, struct sw_str name, struct sw_str value, bool pair)
{
    size_t n = name.n + (pair ? 1 + value.n : 0) + 1;
    uint8_t *pointer, *to;
    int rc = component_mem_range(texts->call, texts->pointers, 4, 4, &pointer);
    if (rc == 0)
        rc = component_mem_range(texts->call, texts->bytes, n, 1, &to);
    if (rc != 0)
        return rc;
    component_store_u32(pointer, texts->bytes);
    memcpy(to, name.p ? name.p : "", name.n);
    if (pair) {
        to[name.n] = '=';
        memcpy(to + name.n + 1, value.p ? value.p : "", value.n);
    }
    to[n - 1] = '\0';
    texts->pointers += 4;
    texts->bytes += (uint32_t)n; /* fits: it was inside the memory */
    return 0;
}

static int put_sizes(struct component_call *call, union engine_val *vals, uint64_t count, uint64_t bytes)
{
    uint8_t *to_count, *to_bytes;
    int rc = component_mem_range(call, vals[0].u32, 4, 4, &to_count);
    if (rc == 0)
        rc = component_mem_range(call, vals[1].u32, 4, 4, &to_bytes);
    if (rc != 0 || bytes > UINT32_MAX)
        return p1_give(vals, rc != 0 ? rc : P1_OVERFLOW);
    component_store_u32(to_count, (uint32_t)count);
    component_store_u32(to_bytes, (uint32_t)bytes);
    return p1_give(vals, P1_SUCCESS);
}

static int args_sizes_get(struct component_call *call, union engine_val *vals)
{
    const struct host_command *command = &host_of(call)->command;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < command->arg_count; i++)
        bytes += command->args[i].n + 1;
    return put_sizes(call, vals, command->arg_count, bytes);
}

static int args_get(struct component_call *call, union engine_val *vals)
{
    const struct host_command *command = &host_of(call)->command;
    struct texts texts = {call, vals[0].u32, vals[1].u32};
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < command->arg_count; i++)
        rc = put_text(&texts, command->args[i], SW_LIT(""), false);
    return p1_give(vals, rc);
}

static const struct host_env_var *environment(struct component_call *call, uint32_t *ret_count)
{
    const struct host *host = host_of(call);
    const struct host_grants *grants = host_grants_of(call);
    *ret_count = host->command.env ? host->command.env_count : grants->env_count;
    return host->command.env ? host->command.env : grants->env;
}

static int environ_sizes_get(struct component_call *call, union engine_val *vals)
{
    uint32_t count;
    const struct host_env_var *env = environment(call, &count);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        bytes += env[i].name.n + env[i].value.n + 2;
    return put_sizes(call, vals, count, bytes);
}

static int environ_get(struct component_call *call, union engine_val *vals)
{
    uint32_t count;
    const struct host_env_var *env = environment(call, &count);
    struct texts texts = {call, vals[0].u32, vals[1].u32};
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = put_text(&texts, env[i].name, env[i].value, true);
    return p1_give(vals, rc);
}

/* ---- clocks ---- */

enum { CLOCK_ID_REALTIME, CLOCK_ID_MONOTONIC, CLOCK_ID_PROCESS_CPU, CLOCK_ID_THREAD_CPU };

static int put_time(struct component_call *call, union engine_val *vals, uint32_t ptr, uint64_t ns)
{
    uint8_t *to;
    int rc = component_mem_range(call, ptr, 8, 8, &to);
    if (rc == 0)
        component_store_u64(to, ns);
    return p1_give(vals, rc);
}

static int clock_res_get(struct component_call *call, union engine_val *vals)
{
    uint64_t ns = 1;
    if (vals[0].u32 > CLOCK_ID_MONOTONIC) /* how long this process ran is no guest's business */
        return p1_give(vals, vals[0].u32 <= CLOCK_ID_THREAD_CPU ? P1_NOTSUP : P1_INVAL);
    int rc = host_clocks_monotonic_clock_resolution(call, &ns);
    return rc < 0 ? rc : put_time(call, vals, vals[1].u32, ns);
}

static int clock_time_get(struct component_call *call, union engine_val *vals)
{
    uint64_t ns = sw_clock_wall_ns();
    int rc = 0;
    if (vals[0].u32 > CLOCK_ID_MONOTONIC)
        return p1_give(vals, vals[0].u32 <= CLOCK_ID_THREAD_CPU ? P1_NOTSUP : P1_INVAL);
    if (vals[0].u32 == CLOCK_ID_MONOTONIC)
        rc = host_clocks_monotonic_clock_now(call, &ns);
    return rc < 0 ? rc : put_time(call, vals, vals[2].u32, ns);
}

/* ---- the rest ---- */

static int random_get(struct component_call *call, union engine_val *vals)
{
    uint8_t *to;
    uint32_t left = vals[1].u32;
    if (left > HOST_RANDOM_BYTES_MAX)
        return host_trap(call, "%u random bytes at once are over the limit of %u", left,
                         HOST_RANDOM_BYTES_MAX);
    int rc = component_mem_range(call, vals[0].u32, left, 1, &to);
    while (rc == 0 && left) {
        ssize_t got = getrandom(to, left, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return p1_give(vals, P1_IO);
        to += got;
        left -= (uint32_t)got;
    }
    return p1_give(vals, rc);
}

static int proc_exit(struct component_call *call, union engine_val *vals)
{
    uint32_t code = vals[0].u32;
    return host_exit(call, code > 255 ? 255 : (uint8_t)code);
}

static int proc_raise(struct component_call *call, union engine_val *vals)
{
    return host_trap(call, "the guest raised signal %u", vals[0].u32);
}

static int sched_yield_(struct component_call *call, union engine_val *vals)
{
    (void)call; /* computing guests are sliced anyway */
    return p1_give(vals, P1_SUCCESS);
}

/* No socket is ever given out: a number that is open is a file. */
static int sock_any(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    int rc = p1_fd_find(call, vals[0].u32, &fd);
    return p1_give(vals, rc ? rc : P1_NOTSOCK);
}

/* Each function twice: as a core module imports it, and as the component that such a module is made into does (interface swell:wasi01/preview1,
 * host/adapt.c). The core types are the same; values that are pointers are plain numbers in both. W, L: an i32, an i64. */
#define LETTERS(letters, func) letters
#define FUNC(letters, func) func
#define OF_NONE_W(as) as(":i", "func() -> u32")
#define OF_W(as) as("i:", "func(a: u32)")
#define OF_W_W(as) as("i:i", "func(a: u32) -> u32")
#define OF_WL_W(as) as("iI:i", "func(a: u32, b: u64) -> u32")
#define OF_WW_W(as) as("ii:i", "func(a: u32, b: u32) -> u32")
#define OF_WLL_W(as) as("iII:i", "func(a: u32, b: u64, c: u64) -> u32")
#define OF_WLW_W(as) as("iIi:i", "func(a: u32, b: u64, c: u32) -> u32")
#define OF_WWW_W(as) as("iii:i", "func(a: u32, b: u32, c: u32) -> u32")
#define OF_WLLW_W(as) as("iIIi:i", "func(a: u32, b: u64, c: u64, d: u32) -> u32")
#define OF_WLWW_W(as) as("iIii:i", "func(a: u32, b: u64, c: u32, d: u32) -> u32")
#define OF_WWWW_W(as) as("iiii:i", "func(a: u32, b: u32, c: u32, d: u32) -> u32")
#define OF_WWWLW_W(as) as("iiiIi:i", "func(a: u32, b: u32, c: u32, d: u64, e: u32) -> u32")
#define OF_WWWWW_W(as) as("iiiii:i", "func(a: u32, b: u32, c: u32, d: u32, e: u32) -> u32")
#define OF_WWWWWW_W(as) as("iiiiii:i", "func(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32) -> u32")
#define OF_WWWWLLW_W(as)                                                                                     \
    as("iiiiIIi:i", "func(a: u32, b: u32, c: u32, d: u32, e: u64, f: u64, g: u32) -> u32")
#define OF_WWWWWWW_W(as)                                                                                     \
    as("iiiiiii:i", "func(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32) -> u32")
#define OF_WWWWWLLWW_W(as)                                                                                   \
    as("iiiiiIIii:i", "func(a: u32, b: u32, c: u32, d: u32, e: u32, f: u64, g: u64, h: u32, i: u32) -> u32")

#define FUNCS(ROW, WAITS)                                                                                    \
    ROW("args_get", "args-get", OF_WW_W, args_get)                                                           \
    ROW("args_sizes_get", "args-sizes-get", OF_WW_W, args_sizes_get)                                         \
    ROW("clock_res_get", "clock-res-get", OF_WW_W, clock_res_get)                                            \
    ROW("clock_time_get", "clock-time-get", OF_WLW_W, clock_time_get)                                        \
    ROW("environ_get", "environ-get", OF_WW_W, environ_get)                                                  \
    ROW("environ_sizes_get", "environ-sizes-get", OF_WW_W, environ_sizes_get)                                \
    ROW("fd_advise", "fd-advise", OF_WLLW_W, p1_fd_advise)                                                   \
    ROW("fd_allocate", "fd-allocate", OF_WLL_W, p1_fd_allocate)                                              \
    ROW("fd_close", "fd-close", OF_W_W, p1_fd_close)                                                         \
    ROW("fd_datasync", "fd-datasync", OF_W_W, p1_fd_datasync)                                                \
    ROW("fd_fdstat_get", "fd-fdstat-get", OF_WW_W, p1_fd_fdstat_get)                                         \
    ROW("fd_fdstat_set_flags", "fd-fdstat-set-flags", OF_WW_W, p1_fd_fdstat_set_flags)                       \
    ROW("fd_fdstat_set_rights", "fd-fdstat-set-rights", OF_WLL_W, p1_fd_fdstat_set_rights)                   \
    ROW("fd_filestat_get", "fd-filestat-get", OF_WW_W, p1_fd_filestat_get)                                   \
    ROW("fd_filestat_set_size", "fd-filestat-set-size", OF_WL_W, p1_fd_filestat_set_size)                    \
    ROW("fd_filestat_set_times", "fd-filestat-set-times", OF_WLLW_W, p1_fd_filestat_set_times)               \
    ROW("fd_pread", "fd-pread", OF_WWWLW_W, p1_fd_pread)                                                     \
    ROW("fd_prestat_dir_name", "fd-prestat-dir-name", OF_WWW_W, p1_fd_prestat_dir_name)                      \
    ROW("fd_prestat_get", "fd-prestat-get", OF_WW_W, p1_fd_prestat_get)                                      \
    ROW("fd_pwrite", "fd-pwrite", OF_WWWLW_W, p1_fd_pwrite)                                                  \
    WAITS("fd_read", "fd-read", OF_WWWW_W, p1_fd_read_wait)                                                  \
    ROW("fd_readdir", "fd-readdir", OF_WWWLW_W, p1_fd_readdir)                                               \
    ROW("fd_renumber", "fd-renumber", OF_WW_W, p1_fd_renumber)                                               \
    ROW("fd_seek", "fd-seek", OF_WLWW_W, p1_fd_seek)                                                         \
    ROW("fd_sync", "fd-sync", OF_W_W, p1_fd_sync)                                                            \
    ROW("fd_tell", "fd-tell", OF_WW_W, p1_fd_tell)                                                           \
    WAITS("fd_write", "fd-write", OF_WWWW_W, p1_fd_write_wait)                                               \
    ROW("path_create_directory", "path-create-directory", OF_WWW_W, p1_path_create_directory)                \
    ROW("path_filestat_get", "path-filestat-get", OF_WWWWW_W, p1_path_filestat_get)                          \
    ROW("path_filestat_set_times", "path-filestat-set-times", OF_WWWWLLW_W, p1_path_filestat_set_times)      \
    ROW("path_link", "path-link", OF_WWWWWWW_W, p1_path_link)                                                \
    ROW("path_open", "path-open", OF_WWWWWLLWW_W, p1_path_open)                                              \
    ROW("path_readlink", "path-readlink", OF_WWWWWW_W, p1_path_readlink)                                     \
    ROW("path_remove_directory", "path-remove-directory", OF_WWW_W, p1_path_remove_directory)                \
    ROW("path_rename", "path-rename", OF_WWWWWW_W, p1_path_rename)                                           \
    ROW("path_symlink", "path-symlink", OF_WWWWW_W, p1_path_symlink)                                         \
    ROW("path_unlink_file", "path-unlink-file", OF_WWW_W, p1_path_unlink_file)                               \
    WAITS("poll_oneoff", "poll-oneoff", OF_WWWW_W, p1_poll_oneoff_wait)                                      \
    ROW("proc_exit", "proc-exit", OF_W, proc_exit)                                                           \
    ROW("proc_raise", "proc-raise", OF_W_W, proc_raise)                                                      \
    ROW("random_get", "random-get", OF_WW_W, random_get)                                                     \
    ROW("sched_yield", "sched-yield", OF_NONE_W, sched_yield_)                                               \
    ROW("sock_accept", "sock-accept", OF_WWW_W, sock_any)                                                    \
    ROW("sock_recv", "sock-recv", OF_WWWWWW_W, sock_any)                                                     \
    ROW("sock_send", "sock-send", OF_WWWWW_W, sock_any)                                                      \
    ROW("sock_shutdown", "sock-shutdown", OF_WW_W, sock_any)

#define CORE_ROW(core_name, name, type, fn) {core_name, type(LETTERS), fn},
#define ROW(core_name, name, type, fn) {name, type(FUNC), fn, NULL},
static const struct component_host_core_func core_funcs[] = {FUNCS(CORE_ROW, CORE_ROW)};
static const struct component_host_func funcs[] = {FUNCS(ROW, ROW)};

/* A C library asks for the environment and the mounts whenever the host calls into a module that has no _initialize, to allocate, too. */
#define ANYTIME_ROW(core_name, name, type, fn) fn,
#define NOTHING(core_name, name, type, fn)
#define ONE(core_name, name, type, fn) +1
component_host_fn *const host_p1_anytime[HOST_P1_ANYTIME_COUNT] = {FUNCS(ANYTIME_ROW, NOTHING)};
_Static_assert(0 FUNCS(ONE, NOTHING) == HOST_P1_ANYTIME_COUNT, "all of them");

const struct component_host_module host_p1_module = {HOST_P1_MODULE, core_funcs,
                                                     sizeof core_funcs / sizeof *core_funcs};
const struct component_host_interface host_p1_interface = {
    HOST_P1_INTERFACE, "", funcs, sizeof funcs / sizeof *funcs, NULL, 0};
