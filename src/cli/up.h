/* up.h - `swell up`: run an application here.  Room: cli. */
#ifndef SW_CLI_UP_H
#define SW_CLI_UP_H

#include <limits.h>

#include "app/app.h"
#include "base/buf.h"
#include "cli/command.h"

struct app_runtime_config;

struct cli_up_logs {       /* options: what is kept of output and requests */
    const char *log_dir;   /* NULL: not given, here and below; "": none */
    const char *state_dir; /* the same */
    const char *access_log;
    const char *access_format;
    const char *log_format;
    struct cli_list follow;
    bool truncate;
    bool prefix;
};
struct cli_up_http { /* options: limits of connections; texts as in the manifest */
    const char *head;
    const char *head_timeout;
    const char *body_timeout;
    const char *write_timeout;
    const char *idle_timeout;
    uint32_t fields;
    uint32_t connections;
};
struct cli_up { /* the options of `swell up` */
    const char *from;
    const char *listen;
    struct cli_list env;
    struct cli_list variables;
    const char *runtime_config;
    const char *profile;
    const char *cache_root;
    bool quiet;
    bool direct_mounts;
    bool transient_write;
    uint32_t workers;
    const char *request_timeout; /* times and sizes as in the manifest */
    const char *cpu_time;
    const char *memory;
    const char *worker_memory;
    const char *request_body;
    const char *response_body;
    uint32_t concurrency;
    uint32_t queue;
    bool find_free_port;
    const char *format;
    struct cli_up_logs logs;
    struct cli_up_http http;
};

struct cli_up_dirs {        /* where files are kept; absolute, UTF-8 */
    char log_dir[PATH_MAX]; /* empty: none */
    bool explicit_dir;      /* somebody asked for it: no way around it */
};

extern const struct cli_option cli_up_options[];
int cli_up_run(const void *parsed, const struct cli_io *io, struct sw_err *err) SW_MUST_CHECK;

/* "K=V" to an entry that views it; SW_EINPUT with Spin's sentence. */
int cli_up_env(const char *text, struct app_env *ret, struct sw_err *err) SW_MUST_CHECK;
/* The operator's limits; zeros where no option says anything. SW_EINPUT names the option. */
int cli_up_limits(const struct cli_up *options, struct app_limits *ret, struct sw_err *err) SW_MUST_CHECK;
/* What the guests of one of so many workers may hold together: the option's, else the system's share. SW_EINPUT names the option. */
int cli_up_worker_memory(const struct cli_up *options, uint32_t workers, uint64_t *ret,
                         struct sw_err *err) SW_MUST_CHECK;
/* What options, environment (SPIN_LOG_DIR) and runtime configuration say, in this order, else ".spin" beside the manifest; spin.md 5.9.
 * fails: SW_EINPUT */
int cli_up_find_dirs(const struct cli_up_logs *options, const struct app_runtime_config *config,
                     const struct app *app, struct cli_up_dirs *ret, struct sw_err *err) SW_MUST_CHECK;
/* Makes the folder of the logs, empties its files when that was asked for, says where they are on `out`, and writes the settings of the
 * workers (trigger/settings.h), ended by NUL. fails: SW_EINPUT with the option's name, SW_EIO */
int cli_up_settings(const struct cli_up *options, const struct cli_up_dirs *dirs, const struct app *app,
                    FILE *out, struct sw_buf *ret, struct sw_err *err) SW_MUST_CHECK;
/* --log-format and SWELL_LOG: checked, and put where workers find them. word may be NULL. */
int cli_up_log_format(const char *word, struct sw_err *err) SW_MUST_CHECK;

/* The start-up output, spin.md 2.10. */
void cli_up_print_routes(const struct app *app, const char *address, FILE *out);
int cli_up_routes_json(const struct app *app, const char *address, struct sw_buf *out,
                       struct sw_err *err) SW_MUST_CHECK;
void cli__up_warn_shadowed(const struct app *app, const struct app_routes *routes, FILE *err);
void cli__up_notices(const struct app *app, bool searched, FILE *err);
/* The folder of compiled code: $XDG_CACHE_HOME or ~/.cache, then "swell/aot". */
int cli_up_cache_dir(const char *xdg_cache_home, const char *home, struct sw_buf *ret,
                     struct sw_err *err) SW_MUST_CHECK;
/* The folder of configurations: $XDG_CONFIG_HOME or ~/.config; empty when there is none. */
int cli_up_config_home(const char *xdg_config_home, const char *home, struct sw_buf *ret,
                       struct sw_err *err) SW_MUST_CHECK;
/* The folder below which Spin keeps what it downloads: --cache-dir, $XDG_CACHE_HOME or ~/.cache; empty when there is none. */
int cli_up_cache_root(const char *given, const char *xdg_cache_home, const char *home, struct sw_buf *ret,
                      struct sw_err *err) SW_MUST_CHECK;

#endif
