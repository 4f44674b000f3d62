/* logs.c - where components' output and the access log go: stderr, files.  Room: trigger.
 *
 *   line ──► stderr's queue, unless the component is not followed
 *       `──► the files' queue ──► <component>_stdout.txt or _stderr.txt
 *   request's end ──► the files' queue ──► the access log
 *
 * The files have a queue and a writer of their own, so that a terminal that was stopped does not stop them. Each is opened for appending,
 * and several workers write whole lines to it. They are opened again when the application is reloaded, by the workers that are started
 * for it: so logs can be moved away. */
#include "trigger/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "trigger/access.h"
#include "trigger/limits.h"
#include "trigger/output.h"

struct component_log {
    struct trigger_output_source terminal;
    struct trigger_output_source files[2]; /* stdout, stderr; fd -1: there is none */
    char *prefix;
    bool shown;
};

struct trigger_logs {
    const struct trigger_settings *settings;
    struct trigger_output *terminal; /* the caller's */
    struct trigger_output *files;
    struct component_log *components; /* by index in the application */
    uint32_t component_count;
    struct trigger_output_source access; /* fd -1: nobody wants one */
    bool access_is_stdout;
    struct sw_buf line; /* of the access log */
};

/* ---- files ---- */

int trigger_log_name(struct sw_str component, bool is_stderr, struct sw_buf *ret, struct sw_err *err)
{
    size_t before = ret->n;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < component.n; i++) {
        unsigned char c = (unsigned char)component.p[i];
        bool dot = c == '.' && ret->n == before; /* no hidden file, no ".." */
        if (c >= 0x20 && c != 0x7f && !dot && !strchr("/?<>\\:*|\"", c))
            rc = sw_buf_add_byte(ret, c, err);
    }
    if (rc == 0 && ret->n == before)
        rc = sw_buf_add(ret, SW_LIT("component"), err);
    return rc < 0 ? rc : sw_buf_add(ret, is_stderr ? SW_LIT("_stderr.txt") : SW_LIT("_stdout.txt"), err);
}

/* flags: what is refused of it. Reading is nobody's business here; a FIFO without a reader must not hold us. */
static int open_file(const char *path, int flags, int *ret_fd, struct sw_err *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | flags, 0666);
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "open the log file '%s'", path);
    *ret_fd = fd;
    return 0;
}

static int open_component(struct trigger_logs *logs, struct component_log *log, struct sw_str id,
                          struct sw_err *err)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < 2; i++) {
        sw_auto_buf path = SW_BUF(TRIGGER_SETTINGS_BYTES_MAX);
        rc = sw_buf_printf(&path, err, SW_FMT "/", SW_ARG(logs->settings->log_dir));
        if (rc == 0)
            rc = trigger_log_name(id, i == 1, &path, err);
        if (rc == 0)
            rc = sw_buf_add_byte(&path, '\0', err);
        if (rc == 0) /* the folder may be one that components write to: no links */
            rc = open_file(path.p, O_NOFOLLOW, &log->files[i].fd, err);
    }
    return rc;
}

static void component_init(struct component_log *log, struct sw_str id)
{
    trigger_output_source_init(&log->terminal, id, STDERR_FILENO);
    for (int i = 0; i < 2; i++)
        trigger_output_source_init(&log->files[i], id, -1);
}

static int component_new(struct trigger_logs *logs, uint32_t index, struct sw_str id, struct sw_err *err)
{
    struct component_log *log = &logs->components[index];
    log->shown = logs->terminal && trigger_settings_shows(logs->settings, id);
    if (logs->settings->prefix) {
        log->prefix = sw_try_alloc(id.n + 3);
        if (!log->prefix)
            return sw_fail(err, SW_ENOMEM, "no memory for a component's name");
        memcpy(log->prefix, id.p, id.n); /* an id is never empty */
        memcpy(log->prefix + id.n, " | ", 3);
        log->terminal.prefix = sw_str(log->prefix, id.n + 3);
    }
    return logs->settings->log_dir.n ? open_component(logs, log, id, err) : 0;
}

static int open_access(struct trigger_logs *logs, struct sw_err *err)
{
    struct sw_str path = logs->settings->access_log;
    logs->access_is_stdout = sw_str_eq(path, SW_LIT("-"));
    if (logs->access_is_stdout)
        logs->access.fd = STDOUT_FILENO;
    return path.n == 0 || logs->access_is_stdout ? 0 : open_file(path.p, 0, &logs->access.fd, err);
}

/* ---- life ---- */

static int open_all(struct trigger_logs *logs, const struct app *app, struct sw_err *err)
{
    logs->components = sw_try_alloc_array(app->component_count, sizeof *logs->components);
    if (!logs->components)
        return sw_fail(err, SW_ENOMEM, "no memory for the logs of %u components", app->component_count);
    logs->component_count = app->component_count;
    for (uint32_t i = 0; i < app->component_count; i++)
        component_init(&logs->components[i], app->components[i].id);
    int rc = open_access(logs, err);
    for (uint32_t i = 0; rc == 0 && i < app->component_count; i++)
        if (!app->components[i].is_library) /* what it prints is its component's */
            rc = component_new(logs, i, app->components[i].id, err);
    if (rc == 0 && (logs->settings->log_dir.n || logs->settings->access_log.n))
        rc = trigger_output_new(TRIGGER_OUTPUT_GATHER_MS, &logs->files, err);
    return rc;
}

int trigger_logs_new(const struct trigger_settings *settings, const struct app *app,
                     struct trigger_output *terminal, struct trigger_logs **ret, struct sw_err *err)
{
    struct trigger_logs *logs = sw_try_alloc(sizeof *logs);
    if (!logs)
        return sw_fail(err, SW_ENOMEM, "no memory for the logs");
    logs->settings = settings;
    logs->terminal = terminal;
    logs->line = SW_BUF(TRIGGER_ACCESS_LINE_BYTES_MAX);
    trigger_output_source_init(&logs->access, SW_LIT("access log"), -1);
    int rc = open_all(logs, app, err);
    if (rc < 0) {
        trigger_logs_free(logs, 0);
        return rc;
    }
    *ret = logs;
    return 0;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        (void)close(fd); /* what was not written was told */
}

void trigger_logs_free(struct trigger_logs *logs, uint32_t limit_ms)
{
    if (!logs)
        return;
    (void)trigger_output_free(logs->files, limit_ms);
    for (uint32_t i = 0; i < logs->component_count; i++) {
        close_fd(logs->components[i].files[0].fd);
        close_fd(logs->components[i].files[1].fd);
        sw_free(logs->components[i].prefix);
    }
    if (!logs->access_is_stdout)
        close_fd(logs->access.fd);
    sw_free(logs->components);
    sw_buf_deinit(&logs->line);
    sw_free(logs);
}

/* ---- lines ---- */

void trigger_logs_line(struct trigger_logs *logs, uint32_t component, bool is_stderr, struct sw_str line)
{
    struct component_log *log = &logs->components[component];
    if (log->shown)
        trigger_output_line(logs->terminal, &log->terminal, line);
    if (log->files[is_stderr].fd >= 0)
        trigger_output_line(logs->files, &log->files[is_stderr], line);
}

bool trigger_logs_wants_access(const struct trigger_logs *logs)
{
    return logs->access.fd >= 0;
}

void trigger_logs_access(void *arg, const struct http_ended *ended)
{
    struct trigger_logs *logs = arg;
    struct sw_err err;
    sw_buf_clear(&logs->line);
    if (trigger_access_line(logs->settings->access_format, ended, sw_clock_wall_ns() / 1000000, &logs->line,
                            &err) == 0)
        trigger_output_line(logs->files, &logs->access, sw_buf_str(&logs->line));
    else /* no memory: a line less must not stop a request */
        sw_log_warn("trigger", "access.line", "%s", err.text);
}
