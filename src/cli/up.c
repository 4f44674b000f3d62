/* up.c - `swell up`.  Room: cli.
 *
 * source: spin.md 1.15, 2.10, 6.2 */
#include "cli/up.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
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
    {"follow", 0, CLI_LIST, "ID", offsetof(struct cli_up, logs.follow), 0,
     "Show what this component prints, not what others do"},
    {"log-prefix", 0, CLI_FLAG, NULL, offsetof(struct cli_up, logs.prefix), 0,
     "Begin each line that is shown with its component's id"},
    {"log-dir", 'L', CLI_TEXT, "DIR", offsetof(struct cli_up, logs.log_dir), 0,
     "Where the files of what components print are, \"\": nowhere [logs/ of the state]"},
    {"state-dir", 0, CLI_TEXT, "DIR", offsetof(struct cli_up, logs.state_dir), 0,
     "Where the application's state is, \"\": nowhere [.spin beside the manifest]"},
    {"truncate-logs", 0, CLI_FLAG, NULL, offsetof(struct cli_up, logs.truncate), 0,
     "Empty the log files at the start"},
    {"access-log", 0, CLI_TEXT, "FILE", offsetof(struct cli_up, logs.access_log), 0,
     "A line for each request; -: to stdout"},
    {"access-log-format", 0, CLI_TEXT, "WORD", offsetof(struct cli_up, logs.access_format), 0,
     "combined, common or json [combined]"},
    {"log-format", 0, CLI_TEXT, "WORD", offsetof(struct cli_up, logs.log_format), 0,
     "Swell's own log: text or json [text]"},
    {"find-free-port", 0, CLI_FLAG, NULL, offsetof(struct cli_up, find_free_port), 0,
     "Take one of the ten ports from --listen's on"},
    {"format", 0, CLI_TEXT, "WORD", offsetof(struct cli_up, format), 0,
     "How the routes are printed: plain or json [plain]"},
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
    {"http1-max-buf-size", 0, CLI_TEXT, "SIZE", offsetof(struct cli_up, http.head), 0,
     "Head of a request, from 8KiB [16KiB]"},
    {"http-max-fields", 0, CLI_NUMBER, "N", offsetof(struct cli_up, http.fields), CLI_HTTP_FIELDS_MAX,
     "Header fields of a request [100]"},
    {"http-head-timeout", 0, CLI_TEXT, "TIME", offsetof(struct cli_up, http.head_timeout), 0,
     "From the first byte of a head to its last [10s]"},
    {"http-body-timeout", 0, CLI_TEXT, "TIME", offsetof(struct cli_up, http.body_timeout), 0,
     "Without a byte of a body that is waited for [30s]"},
    {"http-write-timeout", 0, CLI_TEXT, "TIME", offsetof(struct cli_up, http.write_timeout), 0,
     "Without a client's taking a byte of its answer [30s]"},
    {"http-idle-timeout", 0, CLI_TEXT, "TIME", offsetof(struct cli_up, http.idle_timeout), 0,
     "Of a connection between requests [60s]"},
    {"max-connections", 0, CLI_NUMBER, "N", offsetof(struct cli_up, http.connections), CLI_CONNECTIONS_MAX,
     "Connections of a worker [what its descriptors allow]"},
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
    LATER("disable-cache"),
    LATER("cache"),
    LATER("disable-pooling"),
    LATER("debug-info"),
    LATER("key-value"),
    LATER("sqlite"),
    LATER("tls-cert"),
    LATER("tls-key"),
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

int cli_up_config_home(const char *xdg_config_home, const char *home, struct sw_buf *ret, struct sw_err *err)
{
    int rc = 0;
    if (xdg_config_home && xdg_config_home[0] == '/')
        rc = sw_buf_printf(ret, err, "%s", xdg_config_home);
    else if (home && home[0] == '/')
        rc = sw_buf_printf(ret, err, "%s/.config", home);
    return rc < 0 || ret->n == 0 ? rc : sw_buf_add_byte(ret, '\0', err); /* used as a C string */
}

/* ---- running ---- */

struct up {
    const struct cli_io *io;
    const struct cli_up *options;
    const struct app *app;
    char address[CLI_ADDRESS_BYTES_MAX];
    FILE *screen; /* stderr, if it is a terminal */
    bool json;
    struct sw_buf settings; /* for the workers, ended by NUL */
};

static void on_ready(void *arg)
{
    const struct up *up = arg;
    sw_auto_buf json = SW_BUF(CLI_OUTPUT_BYTES_MAX);
    struct sw_err err;
    if (!up->json) {
        cli_up_print_routes(up->app, up->address, up->io->out);
        return;
    }
    if (cli_up_routes_json(up->app, up->address, &json, &err) < 0)
        sw_log_warn("cli", "routes", "%s", err.text); /* it serves all the same */
    (void)fwrite(json.p, 1, json.n, up->io->out);     /* stdout may be gone, here and below */
    (void)fflush(up->io->out);
}

/* One that was stopped (Ctrl-S) does not: what is shown for a moment only must not wait for it. */
static bool takes_text(FILE *screen)
{
    struct pollfd at = {.fd = fileno(screen), .events = POLLOUT};
    return poll(&at, 1, 0) == 1 && (at.revents & POLLOUT);
}

static void on_progress(void *arg, struct sw_str component, uint64_t elapsed_ms, bool done)
{
    const struct up *up = arg;
    FILE *err = up->screen ? up->screen : up->io->err;
    unsigned long long seconds = (unsigned long long)(elapsed_ms / 1000);
    const char *begin = up->screen ? "\r\033[K" : ""; /* over the line before */
    if (up->screen && !takes_text(up->screen))
        return;
    if (done)
        (void)fprintf(err, "%sCompiled component '" SW_FMT "' in %llu s; the next start is quick\n", begin,
                      SW_ARG(component), seconds);
    else if (up->screen)
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

/* dirs: what the runtime configuration says of them; NULL: nobody asks. */
static int load(const struct cli_up *options, FILE *out, struct app **ret, struct cli_up_dirs *dirs,
                struct sw_err *err)
{
    struct app_env env[CLI_LIST_ITEMS_MAX];
    sw_auto_buf cache_root = SW_BUF(PATH_MAX);
    sw_auto_buf config_home = SW_BUF(PATH_MAX);
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
        rc = cli_up_config_home(getenv("XDG_CONFIG_HOME"), getenv("HOME"), &config_home, err);
    if (rc == 0)
        rc = load_config(options, &config, out, err);
    if (rc == 0)
        rc = app_load(&(struct app_load){.path = sw_str_of(options->from),
                                         .extra_env = env,
                                         .extra_env_count = options->env.count,
                                         .profile = sw_str_of(options->profile),
                                         .cache_root = cache_root.n ? cache_root.p : NULL,
                                         .config_home = config_home.n ? config_home.p : NULL,
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
    if (rc == 0 && dirs)
        rc = cli_up_find_dirs(&options->logs, &config, app, dirs, err);
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
        cli__up_warn_shadowed(app, routes, out);
    app_routes_free(routes);
    return rc;
}

static int on_load(void *arg, struct app **ret, struct sw_err *err)
{
    const struct up *up = arg;
    struct app *app = NULL;
    int rc = load(up->options, up->io->err, &app, NULL, err);
    if (rc < 0)
        return rc;
    cli__up_notices(app, false, up->io->err);
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

static int serve(const struct cli_up *options, struct up *up, const struct cli_up_dirs *dirs,
                 struct sw_err *err)
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
        rc = cli_listen(listen_at, options->find_free_port ? CLI_PORTS_TRIED : 1, &listen_fd, up->address,
                        err);
        if (rc < 0 && use_env) /* nobody gave --listen, of which the text speaks */
            rc = sw_wrap(err, "SPIN_HTTP_LISTEN_ADDR is '%.100s'", from_env);
    }
    if (rc == 0)
        rc = cli_up_settings(options, dirs, up->app, up->io->err, &up->settings, err);
    if (rc < 0)
        return rc;
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
                                       .settings = up->settings.p,
                                       .ready = on_ready,
                                       .ready_arg = up,
                                       .progress = on_progress,
                                       .load = on_load,
                                       .reloaded = on_reloaded,
                                       .run_dir = run_dir.p,
                                       .address = up->address};
    return node_supervise(&config, err);
}

static int run(struct up *up, const struct cli_up_dirs *dirs, struct sw_err *err)
{
    const struct cli_up *options = up->options;
    cli__up_notices(up->app, options->from == NULL, up->io->err);
    int rc = check_routes(up->app, up->io->err, err);
    if (rc == 0)
        rc = serve(options, up, dirs, err);
    sw_buf_deinit(&up->settings);
    return rc;
}

/* A reader of stderr that stopped must not stop the supervisor, and workers would wait for the same one: from here on all that is printed
 * there goes through a bounded queue. */
static int run_bounded(struct up *up, const struct cli_up_dirs *dirs, const struct cli_io *io,
                       struct sw_err *err)
{
    struct trigger_output *output = NULL;
    struct cli_io bounded = {.out = io->out};
    int rc = trigger_output_new(0, &output, err);
    if (rc < 0)
        return rc;
    trigger_output_take_log(output, STDERR_FILENO);
    rc = trigger_output_stream(output, &bounded.err, err);
    if (rc == 0) {
        up->io = &bounded;
        rc = run(up, dirs, err);
        (void)fclose(bounded.err); /* never fails: nothing is written here */
    }
    if (!trigger_output_free(output, CLI_LOG_FLUSH_MS) && !freopen("/dev/null", "w", io->err))
        sw_log_debug("cli", "output", "stderr has no reader"); /* an error's message waits for one, then */
    return rc;
}

static int choose_formats(const struct cli_up *options, bool *ret_json, struct sw_err *err)
{
    struct sw_str format = sw_str_of(options->format);
    *ret_json = sw_str_eq(format, SW_LIT("json"));
    if (format.n && !*ret_json && !sw_str_eq(format, SW_LIT("plain")))
        return sw_fail(err, SW_EINPUT, "--format: expected 'plain' or 'json', got '%s'", options->format);
    return cli_up_log_format(options->logs.log_format, err);
}

int cli_up_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    const struct cli_up *options = parsed;
    struct cli_up_dirs dirs = {.explicit_dir = false};
    struct app *app = NULL;
    bool json = false;
    int rc = choose_formats(options, &json, err);
    if (rc < 0)
        return rc;
    sw_log_setup(STDERR_FILENO, SW_LOG_WARN, "supervisor");
    rc = sw_fault_setup("supervisor", getenv("SWELL_FAULT"), err);
    if (rc == 0)
        rc = load(options, io->err, &app, &dirs, err);
    if (rc != 0)
        return rc;
    struct up up = {.options = options,
                    .app = app,
                    .screen = isatty(fileno(io->err)) == 1 ? io->err : NULL,
                    .json = json,
                    .settings = SW_BUF(CLI_SETTINGS_BYTES_MAX)};
    rc = run_bounded(&up, &dirs, io, err);
    app_free(app);
    return rc;
}
