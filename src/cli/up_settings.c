/* up_settings.c - what `swell up` says to its workers: logs and the limits of connections.  Room: cli.
 *
 * source: spin.md 2.10, 5.1, 5.9, 6.2 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/runtime_config.h"
#include "base/alloc.h"
#include "base/log.h"
#include "cli/up.h"
#include "trigger/logs.h"
#include "trigger/settings.h"

/* ---- folders ---- */

/* *ret: absolute; "" stays so. option: for messages. */
static int absolute(const char *option, struct sw_str dir, const char *below, char ret[PATH_MAX],
                    struct sw_err *err)
{
    char here[PATH_MAX] = "";
    bool relative = dir.n && dir.p[0] != '/';
    if (dir.n == 0) {
        ret[0] = '\0';
        return 0;
    }
    if (relative && !getcwd(here, sizeof here))
        return sw_fail_errno(err, SW_EIO, errno, "ask for the current folder");
    int n = snprintf(ret, PATH_MAX, "%s%s" SW_FMT "%s", here, relative ? "/" : "", SW_ARG(dir), below);
    if (n < 0 || n >= PATH_MAX)
        return sw_fail(err, SW_EINPUT, "%s: a path of more than %d bytes", option, PATH_MAX - 1);
    if (!sw_utf8_valid(sw_str_of(ret)))
        return sw_fail(err, SW_EINPUT, "%s: expected a path in UTF-8", option);
    return 0;
}

int cli_up_find_dirs(const struct cli_up_logs *options, const struct app_runtime_config *config,
                     const struct app *app, struct cli_up_dirs *ret, struct sw_err *err)
{
    const char *log_dir = options->log_dir;
    const char *state_dir = options->state_dir ? options->state_dir : config->state_dir;
    if (!log_dir)
        log_dir = getenv("SPIN_LOG_DIR");
    if (!log_dir)
        log_dir = config->log_dir;
    ret->explicit_dir = log_dir || state_dir;
    if (log_dir)
        return absolute("--log-dir", sw_str_of(log_dir), "", ret->log_dir, err);
    if (state_dir)
        return absolute("--state-dir", sw_str_of(state_dir), "/logs", ret->log_dir, err);
    size_t slash = sw_str_rfind(app->origin, '/');
    struct sw_str beside = sw_str_head(app->origin, slash == SW_NPOS ? 0 : slash);
    return absolute("the manifest", slash == SW_NPOS ? SW_LIT(".") : beside, "/.spin/logs", ret->log_dir,
                    err);
}

/* With what is above it. */
static int make_dir(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int rc = mkdir(path, 0755);
        int number = errno;
        *slash = '/';
        if (rc != 0 && number != EEXIST && number != EROFS && number != EACCES) /* it may be there */
            return number;
    }
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        return errno;
    return access(path, W_OK | X_OK) == 0 ? 0 : errno;
}

static int truncate_file(const char *dir, struct sw_str component, bool is_stderr, struct sw_err *err)
{
    sw_auto_buf path = SW_BUF(CLI_SETTINGS_BYTES_MAX);
    int rc = sw_buf_printf(&path, err, "%s/", dir);
    if (rc == 0)
        rc = trigger_log_name(component, is_stderr, &path, err);
    if (rc == 0)
        rc = sw_buf_add_byte(&path, '\0', err);
    if (rc < 0)
        return rc;
    sw_auto_close int fd = open(path.p, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    return fd >= 0 || errno == ENOENT ? 0
                                      : sw_fail_errno(err, SW_EIO, errno, "--truncate-logs: '%s'", path.p);
}

static bool has_components(const struct app *app)
{
    bool any = false;
    for (uint32_t i = 0; i < app->component_count; i++)
        any |= !app->components[i].is_library;
    return any;
}

/* As seen from the current folder, where that is above it. */
static const char *shown_dir(const char *path)
{
    char here[PATH_MAX];
    size_t n = getcwd(here, sizeof here) ? strlen(here) : 0;
    return n > 1 && strncmp(path, here, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

/* *ret_dir: where the logs are; "" when there are none. */
static int begin_logs(const struct cli_up *options, struct cli_up_dirs *dirs, const struct app *app,
                      FILE *out, struct sw_err *err)
{
    if (!dirs->log_dir[0] || !has_components(app)) {
        dirs->log_dir[0] = '\0';
        return 0;
    }
    int number = make_dir(dirs->log_dir);
    if (number != 0) {
        int rc = sw_fail_errno(err, SW_EINPUT, number, "the log folder '%s'", dirs->log_dir);
        if (dirs->explicit_dir)
            return rc;
        (void)fputs("warning: no log files: ",
                    out); /* stderr may be gone: no reason to stop, here and below */
        cli_print_safe(out, sw_str_of(err->text));
        (void)fputs("\nhint: --log-dir DIR puts them elsewhere, --log-dir \"\" switches them off\n", out);
        dirs->log_dir[0] = '\0';
        return 0;
    }
    for (uint32_t i = 0; options->logs.truncate && i < app->component_count; i++)
        for (int k = 0; k < 2; k++) {
            int rc = truncate_file(dirs->log_dir, app->components[i].id, k == 1, err);
            if (rc < 0)
                return rc;
        }
    (void)fputs("Logging component stdio to \"", out);
    cli_print_safe(out, sw_str_of(shown_dir(dirs->log_dir)));
    (void)fputs("/\"\n", out);
    return 0;
}

/* ---- words ---- */

static int read_follow(const struct cli_list *list, const struct app *app, struct sw_str *ids,
                       struct sw_err *err)
{
    for (uint32_t i = 0; i < list->count; i++) {
        bool found = false;
        ids[i] = sw_str_of(list->items[i]);
        for (uint32_t k = 0; k < app->component_count && !found; k++)
            found = !app->components[k].is_library && sw_str_eq(app->components[k].id, ids[i]);
        if (!found)
            return sw_fail(err, SW_EINPUT,
                           "--follow: the application has no component '%.100s'\n"
                           "hint: an id is what is in brackets behind 'component.' in the manifest",
                           list->items[i]);
    }
    return 0;
}

static int read_access(const struct cli_up_logs *options, char path[PATH_MAX],
                       struct trigger_settings *settings, struct sw_err *err)
{
    static const char *const words[] = {"combined", "common", "json"}; /* in the order of their numbers */
    const char *word = options->access_format ? options->access_format : words[TRIGGER_ACCESS_COMBINED];
    unsigned at = 0;
    while (at < sizeof words / sizeof *words && strcmp(word, words[at]) != 0)
        at++;
    if (at == sizeof words / sizeof *words)
        return sw_fail(err, SW_EINPUT,
                       "--access-log-format: expected 'combined', 'common' or 'json', got '%s'", word);
    settings->access_format = (enum trigger_access_format)at;
    struct sw_str given = sw_str_of(options->access_log);
    if (options->access_log && given.n == 0)
        return sw_fail(err, SW_EINPUT, "--access-log: expected a file or '-', got nothing");
    if (!options->access_log && options->access_format)
        return sw_fail(err, SW_EINPUT, "--access-log-format without --access-log");
    if (sw_str_eq(given, SW_LIT("-"))) {
        settings->access_log = given;
        return 0;
    }
    int rc = absolute("--access-log", given, "", path, err);
    settings->access_log = sw_str_of(path);
    return rc;
}

static int read_head(const char *option, const char *given, uint32_t *ret, struct sw_err *err)
{
    uint64_t bytes = 0;
    const char *text = given ? given : getenv("SPIN_HTTP1_MAX_BUF_SIZE");
    if (!text || !text[0])
        return 0;
    bool valid = app_size_parse(sw_str_of(text), &bytes) ||
                 sw_str_to_u64(sw_str_of(text), UINT64_MAX, &bytes); /* Spin's form */
    if (!valid || bytes < CLI_HTTP_HEAD_BYTES_MIN || bytes > CLI_HTTP_HEAD_BYTES_MAX)
        return sw_fail(err, SW_EINPUT,
                       "%s: expected a size from 8KiB to 1MiB, got '%s'\n"
                       "hint: it is a number of bytes, or one with a unit, as in 32KiB",
                       given ? option : "SPIN_HTTP1_MAX_BUF_SIZE", text);
    *ret = (uint32_t)bytes;
    return 0;
}

static int read_time(const char *option, const char *text, uint32_t *ret, struct sw_err *err)
{
    uint64_t ms = 0;
    if (!text)
        return 0;
    if (!app_time_parse(sw_str_of(text), &ms) || ms > UINT32_MAX)
        return sw_fail(err, SW_EINPUT,
                       "%s: expected a time from 1ms to 24h, got '%s'\n"
                       "hint: it is a whole number and its unit, ms, s, m or h, as in 30s",
                       option, text);
    *ret = (uint32_t)ms;
    return 0;
}

static int read_http(const struct cli_up_http *options, struct trigger_settings *settings, struct sw_err *err)
{
    settings->http.fields_max = options->fields;
    settings->http.connections_max = options->connections;
    int rc = read_head("--http1-max-buf-size", options->head, &settings->http.head_bytes_max, err);
    if (rc == 0)
        rc = read_time("--http-head-timeout", options->head_timeout, &settings->http.head_timeout_ms, err);
    if (rc == 0)
        rc = read_time("--http-body-timeout", options->body_timeout, &settings->http.body_timeout_ms, err);
    if (rc == 0)
        rc = read_time("--http-write-timeout", options->write_timeout, &settings->http.write_timeout_ms, err);
    return rc < 0 ? rc
                  : read_time("--http-idle-timeout", options->idle_timeout, &settings->http.idle_timeout_ms,
                              err);
}

int cli_up_settings(const struct cli_up *options, const struct cli_up_dirs *dirs, const struct app *app,
                    FILE *out, struct sw_buf *ret, struct sw_err *err)
{
    struct trigger_settings settings = {.quiet = options->quiet, .prefix = options->logs.prefix};
    struct cli_up_dirs own = *dirs;
    struct sw_str follow[CLI_LIST_ITEMS_MAX];
    char access_path[PATH_MAX];
    int rc = read_follow(&options->logs.follow, app, follow, err);
    settings.follow = follow;
    settings.follow_count = options->logs.follow.count;
    if (rc == 0)
        rc = read_access(&options->logs, access_path, &settings, err);
    if (rc == 0)
        rc = read_http(&options->http, &settings, err);
    if (rc == 0)
        rc = begin_logs(options, &own, app, out, err);
    settings.log_dir = sw_str_of(own.log_dir);
    if (rc == 0)
        rc = trigger_settings_write(&settings, ret, err);
    return rc < 0 ? rc : sw_buf_add_byte(ret, '\0', err);
}

int cli_up_log_format(const char *word, struct sw_err *err)
{
    const char *spec = getenv("SWELL_LOG");
    if (word && strcmp(word, "text") != 0 && strcmp(word, "json") != 0)
        return sw_fail(err, SW_EINPUT, "--log-format: expected 'text' or 'json', got '%s'", word);
    if (spec && !sw_log_levels_valid(spec))
        return sw_fail(
            err, SW_EINPUT,
            "SWELL_LOG: expected levels, as in 'info' or 'warn,trigger=debug', got '%.100s'\n"
            "hint: levels are error, warn, info and debug; a room's name and '=' may stand in front",
            spec);
    if (word && setenv("SWELL_LOG_FORMAT", word, 1) != 0) /* workers inherit it */
        return sw_fail_errno(err, SW_ENOMEM, errno, "set SWELL_LOG_FORMAT");
    return 0;
}
