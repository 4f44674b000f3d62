/* run.c - swell run: a command on the command line.  Room: cli.
 *
 * SIGINT is left as it is: a terminal's Ctrl-C reaches both processes and ends them. The one with the guest also ends with this one. */
#include "cli/run.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "app/limits.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/log.h"
#include "cli/single.h"
#include "cli/up.h"
#include "node/node.h"
#include "trigger/compile.h"
#include "trigger/run.h"

const struct cli_option cli_run_options[] = {
    {"FILE", 0, CLI_OPERAND, NULL, offsetof(struct cli_run_options, file), 0,
     "A component that exports wasi:cli/run, or a core module of WASI 0.1"},
    {"[ARGS]...", 0, CLI_REST, NULL, offsetof(struct cli_run_options, args), 0,
     "Everything behind FILE is the command's"},
    {"dir", 0, CLI_LIST, "HOST[::GUEST[::ro]]", offsetof(struct cli_run_options, dirs), 0,
     "A folder that it finds as GUEST"},
    {"env", 'e', CLI_LIST, "NAME[=VALUE]", offsetof(struct cli_run_options, env), 0,
     "An environment variable; without a value, this one's"},
    {"network", 0, CLI_FLAG, NULL, offsetof(struct cli_run_options, network), 0,
     "Let it use the network: connect, listen, look names up"},
    {"time-limit", 0, CLI_TEXT, "TIME", offsetof(struct cli_run_options, time_limit), 0,
     "How long it may run, as in 5s [no limit]"},
    {"memory-limit", 0, CLI_TEXT, "SIZE", offsetof(struct cli_run_options, memory_limit), 0,
     "Its memory, as in 64MiB [4GiB]"},
    {0},
};

/* ---- options ---- */

static int read_limits(const struct cli_run_options *options, struct app_limits *ret, struct sw_err *err)
{
    const char *time = options->time_limit, *memory = options->memory_limit;
    if (time && !app_time_parse(sw_str_of(time), &ret->time_ms))
        return sw_fail(err, SW_EINPUT,
                       "--time-limit: expected a time from 1ms to 24h, got '%s'\n"
                       "hint: it is a whole number and its unit, ms, s, m or h, as in 5s",
                       time);
    bool valid =
        !memory || (app_size_parse(sw_str_of(memory), &ret->memory_bytes) &&
                    ret->memory_bytes >= APP_MEMORY_BYTES_MIN && ret->memory_bytes <= APP_MEMORY_BYTES_MAX);
    if (!valid)
        return sw_fail(err, SW_EINPUT,
                       "--memory-limit: expected a size from 64KiB to 64GiB, got '%s'\n"
                       "hint: it is a whole number and its unit, KiB, MiB or GiB, as in 64MiB",
                       memory);
    return 0;
}

/* "NAME=VALUE", or "NAME" with the value that this process has. */
static int read_variable(const char *text, struct app_env *ret, struct sw_err *err)
{
    struct sw_str whole = sw_str_of(text);
    size_t equals = sw_str_find(whole, '=');
    ret->name = sw_str_head(whole, equals);
    const char *value = equals == SW_NPOS ? getenv(text) : text + equals + 1;
    if (ret->name.n == 0)
        return sw_fail(err, SW_EINPUT, "--env: expected NAME=VALUE or NAME, got '%s'", text);
    if (!value)
        return sw_fail(err, SW_EINPUT, "--env: '%s' is not set here\nhint: --env %s=VALUE gives it a value",
                       text, text);
    ret->value = sw_str_of(value);
    if (!sw_utf8_valid(ret->name) || !sw_utf8_valid(ret->value))
        return sw_fail(err, SW_EINPUT, "--env: expected UTF-8 in the value of '" SW_FMT "'",
                       SW_ARG(ret->name));
    return 0;
}

/* The last one of a name counts. */
static int read_env(const struct cli_run_options *options, struct app_env *env, uint32_t *ret_count,
                    struct sw_err *err)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < options->env.count; i++) {
        struct app_env one;
        uint32_t at = 0;
        int rc = read_variable(options->env.items[i], &one, err);
        if (rc < 0)
            return rc;
        while (at < count && !sw_str_eq(env[at].name, one.name))
            at++;
        env[at] = one;
        count += at == count;
    }
    *ret_count = count;
    return 0;
}

/* "HOST", "HOST::GUEST" or "HOST::GUEST::ro". */
static int read_dir(struct sw_arena *arena, const char *text, struct app_mount *ret, struct sw_err *err)
{
    char path[PATH_MAX];
    struct stat st;
    const char *colons = strstr(text, "::");
    struct sw_str host = colons ? sw_str(text, (size_t)(colons - text)) : sw_str_of(text);
    struct sw_str guest = colons ? sw_str_of(colons + 2) : host;
    const char *mode = colons ? strstr(colons + 2, "::") : NULL;
    if (mode)
        guest = sw_str_head(guest, (size_t)(mode - guest.p));
    if (!host.n || !guest.n || (mode && strcmp(mode, "::ro") != 0))
        return sw_fail(err, SW_EINPUT, "--dir: expected HOST, HOST::GUEST or HOST::GUEST::ro, got '%s'",
                       text);
    if (!sw_utf8_valid(guest))
        return sw_fail(err, SW_EINPUT, "--dir: expected UTF-8 in the guest's name of '" SW_FMT "'",
                       SW_ARG(host));
    int rc = sw_arena_copy(arena, host, &host, err); /* NUL-terminated */
    if (rc < 0)
        return rc;
    if (!realpath(host.p, path) || stat(path, &st) != 0)
        return sw_fail_errno(err, errno == ENOENT ? SW_EINPUT : SW_EIO, errno, "--dir: open '%s'", host.p);
    if (!S_ISDIR(st.st_mode))
        return sw_fail(err, SW_EINPUT, "--dir: expected a folder, got the file '%s'", host.p);
    ret->guest = guest;
    ret->is_writable = !mode;
    return sw_arena_copy(arena, sw_str_of(path), &ret->folder, err);
}

/* ---- this process: has the component compiled, parses nothing of it ---- */

#define ID "run" /* what the parts below call the component */

/* "swell internal-run FILE ARGV0 ARGS...": the name as it was given is argv[0], as in a shell. */
static const char **child_argv(const struct cli_run_options *options)
{
    uint32_t n = 0;
    const char **argv = sw_alloc((options->args.count + 5) * sizeof *argv);
    argv[n++] = "swell";
    argv[n++] = "internal-run";
    argv[n++] = options->file;
    argv[n++] = options->file;
    for (uint32_t i = 0; i < options->args.count; i++)
        argv[n++] = options->args.items[i];
    return argv; /* zeroed: ended by NULL */
}

static int start(const struct cli_run_options *options, struct app_component *component, int *ret_status,
                 struct sw_err *err)
{
    char path[PATH_MAX];
    char library[TRIGGER_LIBRARY_BYTES_MAX];
    sw_auto_buf cache_dir = SW_BUF(PATH_MAX);
    if (!realpath(options->file, path))
        return sw_fail_errno(err, errno == ENOENT ? SW_EINPUT : SW_EIO, errno, "open '%s'", options->file);
    int rc = cli_up_cache_dir(getenv("XDG_CACHE_HOME"), getenv("HOME"), &cache_dir, err);
    if (rc < 0)
        return rc;
    trigger_library(library);
    component->id = SW_LIT(ID);
    component->source = sw_str_of(path);
    const struct app app = {
        .name = SW_LIT(ID), .origin = sw_str_of(path), .components = component, .component_count = 1};
    const struct node_config config = {.app = &app,
                                       .program = "/proc/self/exe",
                                       .cache_dir = cache_dir.p,
                                       .library = library,
                                       .takes_input = true,
                                       .artifact_key = trigger_artifact_key};
    sw_auto_free const char **argv = child_argv(options);
    rc = node_run_once(&config, argv, ret_status, err);
    return rc < 0 ? cli_single_fail(rc, ID, err) : 0;
}

int cli_run_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    static const struct sw_str everywhere = SW_LIT_INIT("*://*:*");
    const struct cli_run_options *options = parsed;
    struct app_env env[CLI_LIST_ITEMS_MAX];
    struct app_mount mounts[CLI_LIST_ITEMS_MAX];
    sw_auto_arena arena = SW_ARENA((size_t)CLI_LIST_ITEMS_MAX * 2 * PATH_MAX);
    struct app_component component = {.env = env, .mounts = mounts, .mount_count = options->dirs.count};
    int status = 0;
    sw_log_setup(STDERR_FILENO, SW_LOG_WARN, "run");
    int rc = read_limits(options, &component.limits, err);
    if (rc == 0)
        rc = read_env(options, env, &component.env_count, err);
    for (uint32_t i = 0; rc == 0 && i < options->dirs.count; i++)
        rc = read_dir(&arena, options->dirs.items[i], &mounts[i], err);
    if (options->network) {
        component.outbound_hosts = &everywhere;
        component.outbound_host_count = 1;
        component.may_listen = true;
    }
    (void)fflush(io->out);
    if (rc == 0)
        rc = start(options, &component, &status, err);
    if (rc == 0 && status)
        _exit(status); /* the command's own, or it has said why */
    return rc;
}

/* ---- the process of the command ---- */

const struct cli_option cli_internal_run_options[] = {
    {"NAME", 0, CLI_OPERAND, NULL, offsetof(struct cli_internal_run, component), 0,
     "What messages call the component"},
    {"[ARGS]...", 0, CLI_REST, NULL, offsetof(struct cli_internal_run, args), 0, "The command's arguments"},
    {0},
};

int cli_internal_run_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    const struct cli_internal_run *options = parsed;
    int status = 0;
    const struct trigger_run job = {.name = options->component,
                                    .channel_fd = NODE_CHANNEL_FD,
                                    .fds = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO},
                                    .args = (const char *const *)options->args.items,
                                    .arg_count = options->args.count};
    sw_log_setup(STDERR_FILENO, SW_LOG_WARN, "run");
    int rc = cli_single_begin("swell run", err);
    if (rc < 0)
        return rc;
    rc = trigger_run_command(&job, &status, err);
    if (rc < 0 && (err->code == SW_EGUEST || err->code == SW_ETIMEOUT)) {
        cli_print_error(io, err);
        status = err->code == SW_EGUEST ? CLI_RUN_TRAP_STATUS : CLI_RUN_LATE_STATUS;
        rc = 0;
    }
    if (rc == 0 && status) {
        (void)fflush(io->err); /* nobody else to tell */
        _exit(status);
    }
    return rc;
}
