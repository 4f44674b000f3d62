/* up.c - `swell up`.  Room: cli.
 *
 * source: spin.md 1.15, 2.10, 6.2 */
#include "cli/up.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/files.h"
#include "app/limits.h"
#include "app/outbound.h"
#include "app/runtime_config.h"
#include "app/variables.h"
#include "base/alloc.h"
#include "base/fault.h"
#include "base/log.h"
#include "cli/listen.h"
#include "cli/reload.h"
#include "node/node.h"
#include "trigger/compile.h"
#include "trigger/output.h"

#define DEFAULT_LISTEN "127.0.0.1:3000"
#define WORKERS_MAX 256

#define LATER(option)                                                                                        \
    {                                                                                                        \
        .name = option, .kind = CLI_LATER                                                                    \
    }

const struct cli_option cli_up_options[] = {
    {"from", 'f', CLI_TEXT, "PATH", offsetof(struct cli_up, from), 0,
     "Manifest, folder of one, or a .wasm; else spin.toml here or above"},
    {"listen", 0, CLI_TEXT, "ADDR", offsetof(struct cli_up, listen), 0,
     "Where to listen [" DEFAULT_LISTEN "]"},
    {"env", 'e', CLI_LIST, "KEY=VALUE", offsetof(struct cli_up, env), 0,
     "Environment variable for every component"},
    {"variable", 0, CLI_LIST, "NAME=VALUE", offsetof(struct cli_up, variables), 0,
     "Value of an application variable; also NAME=@FILE, @FILE.json or @FILE.toml"},
    {"runtime-config-file", 0, CLI_TEXT, "FILE", offsetof(struct cli_up, runtime_config), 0,
     "What the operator adds to the application"},
    {"profile", 0, CLI_TEXT, "NAME", offsetof(struct cli_up, profile), 0,
     "Which profile of the components to run"},
    {"cache-dir", 0, CLI_TEXT, "DIR", offsetof(struct cli_up, cache_root), 0,
     "Where downloaded components are kept [~/.cache]"},
    {"quiet", 'q', CLI_FLAG, NULL, offsetof(struct cli_up, quiet), 0, "Do not show what components print"},
    {"workers", 0, CLI_NUMBER, "N", offsetof(struct cli_up, workers), WORKERS_MAX,
     "Worker processes [one per CPU]"},
    {"request-timeout", 0, CLI_TEXT, "TIME", offsetof(struct cli_up, request_timeout), 0,
     "Wall-clock time of one request, as in 30s [60s]"},
    {"max-cpu-time", 0, CLI_TEXT, "TIME", offsetof(struct cli_up, cpu_time), 0,
     "CPU time of one request [10s]"},
    {"max-instance-memory", 0, CLI_TEXT, "SIZE", offsetof(struct cli_up, memory), 0,
     "Memory of one instance, as in 256MiB [1GiB]"},
    {"max-worker-memory", 0, CLI_TEXT, "SIZE", offsetof(struct cli_up, worker_memory), 0,
     "Memory of all instances of a worker together [its share of 75%]"},
    {"max-request-body", 0, CLI_TEXT, "SIZE", offsetof(struct cli_up, request_body), 0,
     "Body of one request [no limit]"},
    {"max-response-body", 0, CLI_TEXT, "SIZE", offsetof(struct cli_up, response_body), 0,
     "Body of one response [no limit]"},
    {"max-concurrency", 0, CLI_NUMBER, "N", offsetof(struct cli_up, concurrency), APP_CONCURRENCY_MAX,
     "Requests of a component at once, in a worker [4096]"},
    {"max-queue", 0, CLI_NUMBER, "N", offsetof(struct cli_up, queue), APP_QUEUE_MAX,
     "Requests of a component that wait, in a worker [1024]"},
    {"direct-mounts", 0, CLI_FLAG, NULL, offsetof(struct cli_up, direct_mounts), 0,
     "Mount folders of 'files' themselves instead of copies"},
    {"allow-transient-write", 0, CLI_FLAG, NULL, offsetof(struct cli_up, transient_write), 0,
     "Let components change their files for as long as this runs"},
    LATER("from-file"),
    LATER("from-registry"),
    LATER("insecure"),
    LATER("temp"),
    LATER("build"),
    LATER("component-id"),
    LATER("log-dir"),
    LATER("truncate-logs"),
    LATER("disable-cache"),
    LATER("cache"),
    LATER("disable-pooling"),
    LATER("debug-info"),
    LATER("follow"),
    LATER("state-dir"),
    LATER("key-value"),
    LATER("sqlite"),
    LATER("tls-cert"),
    LATER("tls-key"),
    LATER("http1-max-buf-size"),
    LATER("find-free-port"),
    LATER("format"),
    LATER("max-instance-reuse-count"),
    LATER("max-instance-concurrent-reuse-count"),
    LATER("idle-instance-timeout"),
    {0},
};
_Static_assert(sizeof cli_up_options / sizeof cli_up_options[0] <= 64, "the parser keeps a bit per option");

int cli_up_env(const char *text, struct app_env *ret, struct sw_err *err)
{
    struct sw_str whole = sw_str_of(text);
    size_t equals = sw_str_find(whole, '=');
    if (equals == SW_NPOS || equals == 0)
        return sw_fail(err, SW_EINPUT, "Environment variable must be of the form `key=value`");
    ret->name = sw_str_head(whole, equals);
    ret->value = equals + 1 < whole.n ? sw_str_from(whole, equals + 1) : sw_str("", 0);
    if (!sw_utf8_valid(whole))
        return sw_fail(err, SW_EINPUT, "--env: expected UTF-8 in the value of '" SW_FMT "'",
                       SW_ARG(ret->name));
    return 0;
}

static int limit_time(const char *option, const char *text, uint64_t *ret, struct sw_err *err)
{
    if (!text || app_time_parse(sw_str_of(text), ret))
        return 0;
    return sw_fail(err, SW_EINPUT,
                   "--%s: expected a time from 1ms to 24h, got '%s'\n"
                   "hint: it is a whole number and its unit, ms, s, m or h, as in 30s",
                   option, text);
}

static int limit_size(const char *option, const char *text, uint64_t *ret, struct sw_err *err)
{
    if (!text || app_size_parse(sw_str_of(text), ret))
        return 0;
    return sw_fail(err, SW_EINPUT,
                   "--%s: expected a size from 1B to 1024GiB, got '%s'\n"
                   "hint: it is a whole number and its unit, B, KiB, MiB or GiB, as in 10MiB",
                   option, text);
}

/* Spin's option is a number of bytes; that is taken, too. */
static int limit_memory(const char *text, uint64_t *ret, struct sw_err *err)
{
    uint64_t bytes = 0;
    if (!text)
        return 0;
    bool valid =
        app_size_parse(sw_str_of(text), &bytes) || sw_str_to_u64(sw_str_of(text), UINT64_MAX, &bytes);
    if (!valid || bytes < APP_MEMORY_BYTES_MIN || bytes > APP_MEMORY_BYTES_MAX)
        return sw_fail(err, SW_EINPUT,
                       "--max-instance-memory: expected a size from 64KiB to 64GiB, got '%s'\n"
                       "hint: it is a number of bytes, or one with a unit, as in 256MiB",
                       text);
    *ret = bytes;
    return 0;
}

int cli_up_worker_memory(const struct cli_up *options, uint32_t workers, uint64_t *ret, struct sw_err *err)
{
    uint64_t bytes = 0;
    const char *text = options->worker_memory;
    if (!text) {
        *ret = node_memory_default(workers);
        return 0;
    }
    if (!app_size_parse(sw_str_of(text), &bytes) || bytes < CLI_WORKER_MEMORY_BYTES_MIN)
        return sw_fail(err, SW_EINPUT,
                       "--max-worker-memory: expected a size from 16MiB to 1024GiB, got '%s'\n"
                       "hint: it is a whole number and its unit, MiB or GiB, as in 2GiB",
                       text);
    *ret = bytes;
    return 0;
}

int cli_up_limits(const struct cli_up *options, struct app_limits *ret, struct sw_err *err)
{
    struct app_limits limits = {.concurrency = options->concurrency, .queue = options->queue};
    int rc = limit_time("request-timeout", options->request_timeout, &limits.time_ms, err);
    if (rc == 0)
        rc = limit_time("max-cpu-time", options->cpu_time, &limits.cpu_time_ms, err);
    if (rc == 0)
        rc = limit_memory(options->memory, &limits.memory_bytes, err);
    if (rc == 0)
        rc = limit_size("max-request-body", options->request_body, &limits.request_body_bytes, err);
    if (rc == 0)
        rc = limit_size("max-response-body", options->response_body, &limits.response_body_bytes, err);
    if (rc == 0)
        *ret = limits;
    return rc;
}

int cli_up_cache_dir(const char *xdg_cache_home, const char *home, struct sw_buf *ret, struct sw_err *err)
{
    bool xdg = xdg_cache_home &&
               xdg_cache_home[0] == '/'; /* a relative one is to be ignored, says the specification */
    if (!xdg && !(home && home[0] == '/'))
        return sw_fail(err, SW_EINPUT,
                       "no folder for compiled code: neither XDG_CACHE_HOME nor HOME is set\n"
                       "hint: set XDG_CACHE_HOME to a folder of yours");
    int rc = xdg ? sw_buf_printf(ret, err, "%s/swell/aot", xdg_cache_home)
                 : sw_buf_printf(ret, err, "%s/.cache/swell/aot", home);
    return rc < 0 ? rc : sw_buf_add_byte(ret, '\0', err); /* used as a C string */
}

int cli_up_cache_root(const char *given, const char *xdg_cache_home, const char *home, struct sw_buf *ret,
                      struct sw_err *err)
{
    bool xdg = xdg_cache_home && xdg_cache_home[0] == '/';
    int rc = 0;
    if (given && given[0])
        rc = sw_buf_printf(ret, err, "%s", given);
    else if (xdg)
        rc = sw_buf_printf(ret, err, "%s", xdg_cache_home);
    else if (home && home[0] == '/')
        rc = sw_buf_printf(ret, err, "%s/.cache", home);
    return rc < 0 || ret->n == 0 ? rc : sw_buf_add_byte(ret, '\0', err); /* used as a C string */
}

/* ---- what it prints ---- */

static void print_description(struct sw_str text, FILE *out)
{
    while (text.n) {
        size_t end = sw_str_find(text, '\n');
        struct sw_str line = sw_str_head(text, end);
        (void)fputs("    ", out); /* stdout may be gone: not a reason to stop serving, here and below */
        cli_print_safe(out, line);
        (void)fputc('\n', out);
        text = end == SW_NPOS ? sw_str("", 0) : sw_str_from(text, end + 1);
    }
}

/* Not in the list: nobody can call it from outside. */
static bool is_hidden(const struct app *app, uint32_t index)
{
    for (uint32_t i = index + 1; i < app->http_count; i++)
        if (!app->http[i].is_private && sw_str_eq(app->http[i].route, app->http[index].route))
            return true; /* a later one has its route */
    return app->http[index].is_private;
}

/* Of the component, or of the trigger that needs none. */
static struct sw_str trigger_name(const struct app *app, const struct app_http_trigger *trigger)
{
    return !app_http_has_component(trigger) ? trigger->id : app->components[trigger->component].id;
}

void cli_up_print_routes(const struct app *app, const char *address, FILE *out)
{
    (void)fprintf(out, "\nServing http://%s\nAvailable Routes:\n", address);
    for (uint32_t i = 0; i < app->http_count; i++) {
        const struct app_http_trigger *trigger = &app->http[i];
        struct sw_str route = trigger->route;
        bool wildcard = app_route_is_wildcard(route);
        if (is_hidden(app, i))
            continue;
        if (route.n && route.p[route.n - 1] == '/')
            route.n--;
        if (wildcard) /* the wildcard and the slash in front of it */
            route.n = sw_str_rfind(route, '/') == SW_NPOS ? 0 : sw_str_rfind(route, '/');
        (void)fputs("  ", out);
        cli_print_safe(out, trigger_name(app, trigger));
        (void)fprintf(out, ": http://%s%s", address, route.n && route.p[0] != '/' ? "/" : "");
        cli_print_safe(out, route);
        (void)fputs(wildcard ? " (wildcard)\n" : "\n", out);
        if (app_http_has_component(trigger))
            print_description(app->components[trigger->component].description, out);
    }
    (void)fflush(out);
}

static void warn_shadowed(const struct app *app, const struct app_routes *routes, FILE *err)
{
    for (uint32_t i = 0; i < app_routes_shadowed_count(routes); i++) {
        const struct app_http_trigger *loser = &app->http[app_routes_shadowed(routes, i)];
        (void)fputs("warning: route '", err);
        cli_print_safe(err, loser->route);
        (void)fputs(!app_http_has_component(loser) ? "' of trigger '" : "' of component '", err);
        cli_print_safe(err, trigger_name(app, loser));
        (void)fputs("' is not served: a later trigger has the same route\n", err);
    }
}

static void print_notices(const struct app *app, bool searched, FILE *err)
{
    char here[PATH_MAX];
    struct sw_str dir = sw_str_head(app->origin, sw_str_rfind(app->origin, '/'));
    if (searched && getcwd(here, sizeof here) && !sw_str_eq(sw_str_of(here), dir)) {
        (void)fputs("Using '", err);
        cli_print_safe(err, app->origin);
        (void)fputs("', found in a folder above this one\n", err);
    }
    for (uint32_t i = 0; i < app->warning_count; i++) {
        (void)fputs("warning: ", err);
        cli_print_safe(err, app->warnings[i]);
        (void)fputc('\n', err);
    }
}

/* ---- running ---- */

struct up {
    const struct cli_io *io;
    const struct cli_up *options;
    const struct app *app;
    char address[CLI_ADDRESS_BYTES_MAX];
    bool terminal;
};

static void on_ready(void *arg)
{
    const struct up *up = arg;
    cli_up_print_routes(up->app, up->address, up->io->out);
}

static void on_progress(void *arg, struct sw_str component, uint64_t elapsed_ms, bool done)
{
    const struct up *up = arg;
    FILE *err = up->io->err;
    unsigned long long seconds = (unsigned long long)(elapsed_ms / 1000);
    const char *begin = up->terminal ? "\r\033[K" : ""; /* over the line before */
    if (done)
        (void)fprintf(err, "%sCompiled component '" SW_FMT "' in %llu s; the next start is quick\n", begin,
                      SW_ARG(component), seconds);
    else if (up->terminal)
        (void)fprintf(err, "%sCompiling component '" SW_FMT "' (%llu s)", begin, SW_ARG(component), seconds);
    else if (seconds < 2) /* once is enough for a log */
        (void)fprintf(err, "Compiling component '" SW_FMT "'\n", SW_ARG(component));
    (void)fflush(err);
}

static uint32_t cpu_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count > WORKERS_MAX ? WORKERS_MAX : (uint32_t)count;
}

static int own_path(char ret[PATH_MAX], struct sw_err *err)
{
    ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);
    if (n < 0)
        return sw_fail_errno(err, SW_EIO, errno, "find this program's file");
    ret[n] = '\0';
    return 0;
}

/* What the operator adds: limits and values. config: as read; its own limits are under those of the options. */
static int add_config(const struct cli_up *options, const struct app_runtime_config *config, struct app *app,
                      struct sw_err *err)
{
    struct app_limits limits;
    int rc = cli_up_limits(options, &limits, err);
    if (rc < 0)
        return rc;
    if (!limits.memory_bytes)
        limits.memory_bytes = config->memory_bytes;
    app_limits_cap(app, &limits);
    rc = app_block_networks(app, config->blocked_networks, config->blocked_network_count, err);
    return rc < 0
               ? rc
               : app_variables_resolve(app,
                                       &(struct app_variable_sources){.given = options->variables.items,
                                                                      .given_count = options->variables.count,
                                                                      .config = config,
                                                                      .dotenv = ".env"},
                                       err);
}

static int load_config(const struct cli_up *options, struct app_runtime_config *ret, FILE *out,
                       struct sw_err *err)
{
    const char *path = options->runtime_config ? options->runtime_config : getenv("RUNTIME_CONFIG_FILE");
    if (!path || !path[0])
        return 0;
    int rc = app_runtime_config_load(path, ret, err);
    if (rc < 0)
        return rc;
    (void)fputs("Using runtime config ", out); /* stderr may be gone: no reason to stop, here and below */
    for (uint32_t i = 0; i < ret->used_count; i++)
        (void)fprintf(out, "%s[" SW_FMT "]", i ? ", " : "", SW_ARG(ret->used[i]));
    (void)fputs(" from \"", out);
    cli_print_safe(out, sw_str_of(path));
    (void)fputs("\"\n", out);
    return 0;
}

static void on_download(void *arg, struct sw_str url, uint64_t bytes, bool done)
{
    FILE *err = arg;
    bool terminal = isatty(fileno(err)) == 1;
    (void)fputs(terminal ? "\r\033[K" : "", err); /* over the line before */
    if (done || terminal || bytes == 0) {         /* once is enough for a log */
        (void)fputs(done ? "Downloaded " : "Downloading ", err);
        cli_print_safe(err, url);
        (void)fprintf(err, " (%llu KiB)%s", (unsigned long long)(bytes / 1024),
                      done || !terminal ? "\n" : "");
    }
    (void)fflush(err);
}

static int load(const struct cli_up *options, FILE *out, struct app **ret, struct sw_err *err)
{
    struct app_env env[CLI_LIST_ITEMS_MAX];
    sw_auto_buf cache_root = SW_BUF(PATH_MAX);
    struct app_runtime_config config = {0};
    struct app *app = NULL;
    for (uint32_t i = 0; i < options->env.count; i++) {
        int rc = cli_up_env(options->env.items[i], &env[i], err);
        if (rc < 0)
            return rc;
    }
    int rc =
        cli_up_cache_root(options->cache_root, getenv("XDG_CACHE_HOME"), getenv("HOME"), &cache_root, err);
    if (rc == 0)
        rc = load_config(options, &config, out, err);
    if (rc == 0)
        rc = app_load(&(struct app_load){.path = sw_str_of(options->from),
                                         .extra_env = env,
                                         .extra_env_count = options->env.count,
                                         .profile = sw_str_of(options->profile),
                                         .cache_root = cache_root.n ? cache_root.p : NULL,
                                         .progress = on_download,
                                         .progress_arg = out},
                      &app, err);
    if (rc == 0)
        rc = add_config(options, &config, app, err);
    if (rc == 0)
        rc = app_files_prepare(app,
                               &(struct app_files_config){.direct = options->direct_mounts,
                                                          .writable = options->transient_write},
                               err);
    app_runtime_config_deinit(&config);
    if (rc < 0) {
        app_free(app);
        return rc;
    }
    *ret = app;
    return 0;
}

static int check_routes(const struct app *app, FILE *out, struct sw_err *err)
{
    struct app_routes *routes = NULL;
    int rc = app_routes_new(app, &routes, err);
    if (rc == 0)
        warn_shadowed(app, routes, out);
    app_routes_free(routes);
    return rc;
}

static int on_load(void *arg, struct app **ret, struct sw_err *err)
{
    const struct up *up = arg;
    struct app *app = NULL;
    int rc = load(up->options, up->io->err, &app, err);
    if (rc < 0)
        return rc;
    print_notices(app, false, up->io->err);
    rc = check_routes(app, up->io->err, err);
    if (rc < 0) {
        app_free(app);
        return rc;
    }
    *ret = app;
    return 0;
}

static void on_reloaded(void *arg, const struct app *app)
{
    const struct up *up = arg;
    (void)fputs("Reloaded '", up->io->err); /* stderr may be gone: no reason to stop */
    cli_print_safe(up->io->err, app->name);
    (void)fputs("'\n", up->io->err);
    (void)fflush(up->io->err);
}

static int serve(const struct cli_up *options, struct up *up, struct sw_err *err)
{
    const char *from_env = options->listen ? NULL : getenv("SPIN_HTTP_LISTEN_ADDR");
    bool use_env = from_env && from_env[0];
    const char *listen_at = options->listen ? options->listen : use_env ? from_env : DEFAULT_LISTEN;
    sw_auto_buf cache_dir = SW_BUF(PATH_MAX);
    sw_auto_buf run_dir = SW_BUF(PATH_MAX);
    sw_auto_close int listen_fd = -1;
    char program[PATH_MAX];
    char library[TRIGGER_LIBRARY_BYTES_MAX];
    const char *cache_home = getenv("XDG_CACHE_HOME");
    int rc = cli_up_cache_dir(cache_home, getenv("HOME"), &cache_dir, err);
    uint32_t workers = options->workers ? options->workers : cpu_count();
    uint64_t memory_bytes = 0;
    if (rc == 0)
        rc = cli_up_worker_memory(options, workers, &memory_bytes, err);
    if (rc == 0)
        rc = cli_run_dir(getenv("XDG_RUNTIME_DIR"), cache_home, getenv("HOME"), &run_dir, err);
    if (rc == 0)
        rc = own_path(program, err);
    if (rc == 0) {
        rc = cli_listen(listen_at, &listen_fd, up->address, err);
        if (rc < 0 && use_env) /* nobody gave --listen, of which the text speaks */
            rc = sw_wrap(err, "SPIN_HTTP_LISTEN_ADDR is '%.100s'", from_env);
    }
    if (rc < 0)
        return rc;
    if (options->quiet && setenv("SWELL_QUIET", "1", 1) != 0) /* workers inherit it */
        return sw_fail_errno(err, SW_ENOMEM, errno, "set SWELL_QUIET");
    trigger_library(library);
    const struct node_config config = {.app = up->app,
                                       .program = program,
                                       .program_file = "/proc/self/exe",
                                       .cache_dir = cache_dir.p,
                                       .library = library,
                                       .artifact_key = trigger_artifact_key,
                                       .listen_fd = listen_fd,
                                       .workers = workers,
                                       .memory_bytes = memory_bytes,
                                       .ready = on_ready,
                                       .ready_arg = up,
                                       .progress = on_progress,
                                       .load = on_load,
                                       .reloaded = on_reloaded,
                                       .run_dir = run_dir.p,
                                       .address = up->address};
    return node_supervise(&config, err);
}

int cli_up_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    const struct cli_up *options = parsed;
    struct app *app = NULL;
    sw_log_setup(STDERR_FILENO, SW_LOG_WARN, "supervisor");
    int rc = sw_fault_setup("supervisor", getenv("SWELL_FAULT"), err);
    if (rc == 0)
        rc = load(options, io->err, &app, err);
    if (rc != 0)
        return rc;
    struct trigger_output *output = NULL;
    rc = trigger_output_new(STDERR_FILENO, &output, err);
    if (rc < 0) {
        app_free(app);
        return rc;
    }
    trigger_output_take_log(output); /* a reader of stderr that stopped must not stop the supervisor */
    struct up up = {.io = io, .options = options, .app = app, .terminal = isatty(fileno(io->err)) == 1};
    print_notices(app, options->from == NULL, io->err);
    rc = check_routes(app, io->err, err);
    if (rc == 0)
        rc = serve(options, &up, err);
    trigger_output_free(output, CLI_LOG_FLUSH_MS);
    app_free(app);
    return rc;
}
