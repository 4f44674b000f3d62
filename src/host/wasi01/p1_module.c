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

static const struct component_host_core_func funcs[] = {
    {"args_get", "ii:i", args_get},
    {"args_sizes_get", "ii:i", args_sizes_get},
    {"clock_res_get", "ii:i", clock_res_get},
    {"clock_time_get", "iIi:i", clock_time_get},
    {"environ_get", "ii:i", environ_get},
    {"environ_sizes_get", "ii:i", environ_sizes_get},
    {"fd_advise", "iIIi:i", p1_fd_advise},
    {"fd_allocate", "iII:i", p1_fd_allocate},
    {"fd_close", "i:i", p1_fd_close},
    {"fd_datasync", "i:i", p1_fd_datasync},
    {"fd_fdstat_get", "ii:i", p1_fd_fdstat_get},
    {"fd_fdstat_set_flags", "ii:i", p1_fd_fdstat_set_flags},
    {"fd_fdstat_set_rights", "iII:i", p1_fd_fdstat_set_rights},
    {"fd_filestat_get", "ii:i", p1_fd_filestat_get},
    {"fd_filestat_set_size", "iI:i", p1_fd_filestat_set_size},
    {"fd_filestat_set_times", "iIIi:i", p1_fd_filestat_set_times},
    {"fd_pread", "iiiIi:i", p1_fd_pread},
    {"fd_prestat_dir_name", "iii:i", p1_fd_prestat_dir_name},
    {"fd_prestat_get", "ii:i", p1_fd_prestat_get},
    {"fd_pwrite", "iiiIi:i", p1_fd_pwrite},
    {"fd_read", "iiii:i", p1_fd_read_wait},
    {"fd_readdir", "iiiIi:i", p1_fd_readdir},
    {"fd_renumber", "ii:i", p1_fd_renumber},
    {"fd_seek", "iIii:i", p1_fd_seek},
    {"fd_sync", "i:i", p1_fd_sync},
    {"fd_tell", "ii:i", p1_fd_tell},
    {"fd_write", "iiii:i", p1_fd_write_wait},
    {"path_create_directory", "iii:i", p1_path_create_directory},
    {"path_filestat_get", "iiiii:i", p1_path_filestat_get},
    {"path_filestat_set_times", "iiiiIIi:i", p1_path_filestat_set_times},
    {"path_link", "iiiiiii:i", p1_path_link},
    {"path_open", "iiiiiIIii:i", p1_path_open},
    {"path_readlink", "iiiiii:i", p1_path_readlink},
    {"path_remove_directory", "iii:i", p1_path_remove_directory},
    {"path_rename", "iiiiii:i", p1_path_rename},
    {"path_symlink", "iiiii:i", p1_path_symlink},
    {"path_unlink_file", "iii:i", p1_path_unlink_file},
    {"poll_oneoff", "iiii:i", p1_poll_oneoff_wait},
    {"proc_exit", "i:", proc_exit},
    {"proc_raise", "i:i", proc_raise},
    {"random_get", "ii:i", random_get},
    {"sched_yield", ":i", sched_yield_},
    {"sock_accept", "iii:i", sock_any},
    {"sock_recv", "iiiiii:i", sock_any},
    {"sock_send", "iiiii:i", sock_any},
    {"sock_shutdown", "ii:i", sock_any},
};

const struct component_host_module host_p1_module = {"wasi_snapshot_preview1", funcs,
                                                     sizeof funcs / sizeof *funcs};
